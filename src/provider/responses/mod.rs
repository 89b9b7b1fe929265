//! OpenAI's Responses protocol: events with a type each, and one last event with the whole answer.
//!
//! New types of events come every month: an unknown one is a sign of life and nothing more. An
//! answer is complete when its last event was seen, and nothing counts after it.

mod request;
mod stream;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use serde_json::Value;

use super::{
    ListedModel,
    catalog::ModelFacts,
    openai::OpenAi,
    protocol::{Decoder, Endpoint, Framing, Protocol},
    quirks::Quirks,
};
use crate::model::{CallError, ChatRequest, ProviderEvent, SentParameters};

/// What the server is called in errors.
const SERVER: &str = "the server";

/// What every request has in common.
static ENDPOINT: Endpoint = Endpoint { headers: &[], framing: Framing::Sse, models: "/models" };

/// The protocol. Errors and the list of models are those of chat completions.
pub(crate) struct Responses {
    errors: OpenAi,
}

impl Responses {
    /// The protocol as a server speaks it.
    pub(crate) const fn new(quirks: &'static Quirks) -> Self {
        Self { errors: OpenAi::new(quirks) }
    }
}

impl Protocol for Responses {
    fn endpoint(&self) -> &'static Endpoint {
        &ENDPOINT
    }

    fn path(&self, _request: &ChatRequest) -> Cow<'static, str> {
        Cow::Borrowed("/responses")
    }

    fn request(
        &self,
        request: &ChatRequest,
        facts: Option<&ModelFacts>,
    ) -> (Value, SentParameters) {
        request::build(request, facts, self.errors.quirks)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::ResponseStream::default())
    }

    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError> {
        stream::whole(body, events)
    }

    fn error(&self, status: u16, body: &[u8]) -> CallError {
        self.errors.error(status, body)
    }

    fn models(&self, body: &[u8]) -> Result<Vec<ListedModel>, CallError> {
        self.errors.models(body)
    }
}
