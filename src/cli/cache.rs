//! `lathe cache`: what is kept to be given again.

use jiff::tz::TimeZone;
use serde_json::json;

use super::{
    arguments::{CacheCommand, TextOrJson},
    error::Failure,
    output::Output,
};
use crate::{app::App, store::CacheStats};

/// Carries out the command.
pub async fn run(app: &App, command: CacheCommand, output: &mut Output) -> Result<u8, Failure> {
    match command {
        CacheCommand::Stats { format } => {
            let stats = app.store.cache_stats().await?;
            match format {
                TextOrJson::Json => output.json(&value(app, &stats))?,
                TextOrJson::Text => {
                    for (name, figure) in lines(app, &stats) {
                        output.line(&format!("{name:<8} {figure}"))?;
                    }
                }
            }
        }
        CacheCommand::Clear { format } => {
            let had = app.store.clear_cache().await?;
            match format {
                TextOrJson::Json => {
                    output.json(&json!({"entries": had.entries, "bytes": had.bytes}))?;
                }
                TextOrJson::Text => {
                    output.tell(&format!("{} answers forgotten", had.entries));
                }
            }
        }
    }
    Ok(0)
}

fn value(app: &App, stats: &CacheStats) -> serde_json::Value {
    let settings = &app.settings.cache;
    json!({
        "mode": settings.mode.as_str(), "entries": stats.entries, "bytes": stats.bytes,
        "max_bytes": settings.max_size, "hits": stats.hits, "oldest": stats.oldest,
        "ttl_s": settings.ttl.as_secs(), "any_temperature": settings.any_temperature,
        "similarity": settings.similarity,
    })
}

fn lines(app: &App, stats: &CacheStats) -> [(&'static str, String); 5] {
    let settings = &app.settings.cache;
    let oldest = stats.oldest.map_or_else(
        || "-".to_owned(),
        |at| at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
    );
    let reach = if settings.any_temperature { "" } else { ", for temperature 0" };
    [
        ("mode", format!("{}{reach}", settings.mode.as_str())),
        ("answers", stats.entries.to_string()),
        ("bytes", format!("{} of {}", stats.bytes, settings.max_size)),
        ("hits", stats.hits.to_string()),
        ("oldest", oldest),
    ]
}
