//! What a wire protocol is: how a request is written and how replies are read. Pure; the bytes
//! travel in [`super::http`].

use std::borrow::Cow;

use serde_json::Value;

use super::{ListedModel, catalog::ModelFacts};
use crate::model::{CallError, ChatRequest, ProviderEvent, SentParameters};

/// How a streamed body is cut into messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Server-sent events.
    Sse,
    /// One JSON document a line.
    Ndjson,
}

/// One wire protocol.
pub(crate) trait Protocol: Send + Sync {
    /// Appended to the base URL to ask for this answer.
    fn path(&self, request: &ChatRequest) -> Cow<'static, str>;

    /// Headers the protocol demands beside authentication.
    fn headers(&self) -> &'static [(&'static str, &'static str)];

    /// The request's JSON body, and what became of its parameters.
    fn request(&self, request: &ChatRequest, facts: Option<&ModelFacts>)
    -> (Value, SentParameters);

    /// How a streamed answer is framed.
    fn framing(&self) -> Framing;

    /// A reader for one streamed answer.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// Reads an answer that came whole.
    ///
    /// # Errors
    /// Where the body is an error after all, or not the protocol's, or lacks its end.
    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError>;

    /// What an error status with this body means.
    fn error(&self, status: u16, body: &[u8]) -> CallError;

    /// Appended to the base URL to list models.
    fn models_path(&self) -> &'static str;

    /// Reads the list of models.
    ///
    /// # Errors
    /// Where the body is no list of the protocol's.
    fn models(&self, body: &[u8]) -> Result<Vec<ListedModel>, CallError>;
}

/// Reads one streamed answer, frame by frame.
pub(crate) trait Decoder: Send {
    /// Takes one server-sent event (its name may be empty) or one line (its name is empty).
    /// True once the protocol's own end was seen and nothing more can follow.
    ///
    /// # Errors
    /// Where the frame is an error the server sent, or not the protocol's.
    fn frame(
        &mut self,
        name: &[u8],
        data: &[u8],
        events: &mut dyn FnMut(ProviderEvent),
    ) -> Result<bool, CallError>;

    /// The body has ended; what was held back is delivered.
    ///
    /// # Errors
    /// An interrupted stream where the protocol's own end was not seen.
    fn end(&mut self, events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError>;
}
