//! `lathe serve-demo`: the simulated models for other programs.

use super::{error::Failure, output::Output};
use crate::provider::demo::{Access, DemoConfig, DemoServer};

/// Serves until the program is told to end.
pub async fn demo(port: Option<u16>, output: &mut Output) -> Result<u8, Failure> {
    let config = DemoConfig { port, access: Access::Open, ..DemoConfig::default() };
    let server = DemoServer::start(config).await.map_err(|error| {
        let place = port.map_or_else(|| "this machine".to_owned(), |port| format!("port {port}"));
        Failure::usage(format!("cannot listen on {place}: {error}"))
    })?;
    output.line(server.base_url.as_str())?;
    output.remark(
        "simulated models demo/fast, demo/balanced and demo/careful in OpenAI's protocol, open \
         to programs of this machine without a key; Ctrl-C ends it",
    );
    super::run::interrupted().await;
    drop(server);
    Ok(0)
}
