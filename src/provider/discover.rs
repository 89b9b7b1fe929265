//! Model servers on this machine, found without being asked for.

use std::time::Duration;

use tokio::task::JoinSet;
use url::Url;

use super::{ListedModel, ollama::Ollama, openai::OpenAi, protocol::Protocol, quirks::Quirks};
use crate::config::{ProviderKind, Server};

/// A list of models is not larger.
const MOST: usize = 4 << 20;

/// A server that answered with a list of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The name it goes by: `ollama`, `llamacpp`, `lmstudio`, `vllm`, or that of the settings.
    pub name: String,
    pub kind: ProviderKind,
    /// What the protocol's paths are appended to.
    pub base_url: Url,
    pub models: Vec<ListedModel>,
}

/// Where the usual servers listen unless told otherwise.
const USUAL: [(&str, ProviderKind, &str); 4] = [
    ("ollama", ProviderKind::Ollama, "http://127.0.0.1:11434"),
    ("llamacpp", ProviderKind::OpenAi, "http://127.0.0.1:8080/v1"),
    ("lmstudio", ProviderKind::OpenAi, "http://127.0.0.1:1234/v1"),
    ("vllm", ProviderKind::OpenAi, "http://127.0.0.1:8000/v1"),
];

/// The usual places on this machine, with the names that servers there go by.
#[must_use]
pub fn usual_places() -> Vec<(String, ProviderKind, Url)> {
    let places = USUAL.iter().filter_map(|(name, kind, address)| {
        Some(((*name).to_owned(), *kind, Url::parse(address).ok()?))
    });
    places.collect()
}

/// Asks places on this machine for their models, all at once and for no longer than `deadline`.
/// No key is sent. Whoever does not answer with a list in time is not there.
pub async fn servers_at(
    places: impl IntoIterator<Item = (String, ProviderKind, Url)>,
    deadline: Duration,
) -> Vec<Found> {
    let client = reqwest::Client::builder()
        .no_proxy()
        // All of them speak plain http; the system's certificates are many files.
        .tls_certs_only(std::iter::empty())
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(deadline)
        .build();
    let Ok(client) = client else { return Vec::new() };
    let mut asked = JoinSet::new();
    for (name, kind, base_url) in places {
        let client = client.clone();
        asked.spawn(async move {
            let ask = ask(&client, &name, kind, base_url);
            tokio::time::timeout(deadline, ask).await.ok().flatten()
        });
    }
    let mut found: Vec<Found> = asked.join_all().await.into_iter().flatten().collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

async fn ask(
    client: &reqwest::Client,
    name: &str,
    kind: ProviderKind,
    base_url: Url,
) -> Option<Found> {
    let protocol: Box<dyn Protocol> = match kind {
        ProviderKind::Ollama => Box::new(Ollama),
        _ => Box::new(OpenAi::new(Quirks::of(Server::Other))),
    };
    let mut url = base_url.clone();
    let path = format!("{}{}", url.path().trim_end_matches('/'), protocol.endpoint().models);
    url.set_path(&path);
    let mut response = client.get(url).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        body.extend_from_slice(&chunk);
        if body.len() > MOST {
            return None;
        }
    }
    let models = protocol.models(&body).ok()?;
    (!models.is_empty()).then(|| Found { name: name.to_owned(), kind, base_url, models })
}
