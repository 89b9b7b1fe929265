//! One file a wire protocol, and what they share.

use async_trait::async_trait;

use crate::model::{CallError, ChatRequest, ProviderEvent, SentParameters};

pub mod demo;
pub mod ndjson;
pub mod sse;

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

#[cfg(test)]
mod framing_tests;
