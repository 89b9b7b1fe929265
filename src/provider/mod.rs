//! One file a wire protocol, and what they share.

mod advice;
mod anthropic;
pub mod catalog;
pub mod demo;
pub mod discover;
mod failure;
mod form;
mod gemini;
mod http;
mod lenient;
pub mod ndjson;
mod ollama;
mod openai;
mod plan;
mod protocol;
mod quirks;
mod refusal;
mod responses;
mod schema;
pub mod sse;

use std::sync::{Arc, atomic::AtomicBool};

use async_trait::async_trait;

pub use anthropic::DEFAULT_MAX_TOKENS;
pub use catalog::{Catalog, ModelFacts};
pub use http::out_of_files;
pub use quirks::reference as servers_reference;

use crate::{
    config::{Authentication, EngineSettings, ProviderKind, ProviderSettings, Secret},
    model::{CallError, ChatRequest, ProviderEvent, SentParameters},
};
use protocol::Protocol;
use quirks::{Address, Quirks};

/// Receives what a provider says, in order, where its bytes are parsed.
pub type EventSink<'a> = &'a mut (dyn FnMut(ProviderEvent) + Send);

/// One endpoint that answers chat requests. One call is one attempt: trying again, waiting and
/// recording are the engine's.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The name it is configured under.
    fn name(&self) -> &str;

    /// Calls the model. Every event goes to `events` where its bytes are parsed; dropping the
    /// future ends the connection.
    ///
    /// # Errors
    /// Whatever kept the protocol's own end from being seen; what came before it was delivered.
    async fn call(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError>;

    /// Which parameters of a request would be sent, under which names, and which left out and
    /// why. No IO.
    fn plan(&self, request: &ChatRequest) -> SentParameters;

    /// The models the endpoint lists.
    ///
    /// # Errors
    /// As for a call.
    async fn models(&self) -> Result<Vec<ListedModel>, CallError>;
}

/// One model as an endpoint lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedModel {
    /// The name to ask for it by.
    pub id: String,
    /// Tokens of prompt and answer together, where the endpoint says.
    pub context_window: Option<u64>,
}

/// Makes a provider ready from its settings. Nothing is sent.
///
/// # Errors
/// Where a key must not travel as configured, a certificate cannot be read, or a header is none.
pub fn build(
    name: &str,
    settings: &ProviderSettings,
    limits: &EngineSettings,
    key: Option<&Secret>,
    catalog: &Arc<Catalog>,
) -> Result<Arc<dyn Provider>, CallError> {
    let quirks = Quirks::choose(settings.quirks, &settings.base_url);
    let deployments = asks_deployments(settings);
    let settings = &reached(settings, quirks);
    let protocol: Box<dyn Protocol> = match settings.kind {
        ProviderKind::OpenAi | ProviderKind::Demo => {
            Box::new(openai::OpenAi { quirks, deployments })
        }
        ProviderKind::Responses => Box::new(responses::Responses::new(quirks)),
        ProviderKind::Anthropic => Box::new(anthropic::Anthropic),
        ProviderKind::Ollama => Box::new(ollama::Ollama),
        ProviderKind::Gemini => Box::new(gemini::Gemini),
    };
    Ok(Arc::new(http::HttpProvider {
        name: name.to_owned(),
        kind: settings.kind,
        server: quirks.server,
        deployments,
        connection: http::connect(name, settings, limits, key)?,
        protocol,
        catalog: Arc::clone(catalog),
        limits: limits.clone(),
        listing: http::Listing::default(),
        rested: AtomicBool::new(false),
    }))
}

/// Whether what a provider is asked for are deployments, under names that someone gave them, and
/// no models: so it is with Azure's interface of versions, whose list of models holds what could
/// be deployed and names nothing that can be asked.
#[must_use]
pub fn asks_deployments(settings: &ProviderSettings) -> bool {
    let quirks = Quirks::choose(settings.quirks, &settings.base_url);
    settings.kind == ProviderKind::OpenAi
        && quirks.address == Address::Deployment
        && matches!(settings.base_url.path().trim_end_matches('/'), "" | "/openai")
}

/// The version of Azure's interface that is asked for where settings name none.
const AZURE_VERSION: &str = "2024-10-21";

/// Settings with what the server's row says about its address and its key. What a person set
/// themselves stays: a key's header, an address with a path.
fn reached(settings: &ProviderSettings, quirks: &Quirks) -> ProviderSettings {
    let mut settings = settings.clone();
    if !matches!(settings.kind, ProviderKind::OpenAi | ProviderKind::Responses) {
        return settings;
    }
    if let (Some(header), false) = (quirks.key_header, settings.authentication_is_stated) {
        settings.authentication = Authentication::Header(header.to_owned());
    }
    let mut version = settings.api_version.clone();
    if asks_deployments(&settings) {
        settings.base_url.set_path("");
        version.get_or_insert_with(|| AZURE_VERSION.to_owned());
    }
    if let Some(version) = version {
        settings.base_url.query_pairs_mut().append_pair("api-version", &version);
    }
    settings
}

#[cfg(test)]
mod framing_tests;
#[cfg(test)]
mod mutation_tests;
#[cfg(test)]
mod tools_tests;
#[cfg(test)]
mod transcripts_tests;
