//! What a wire protocol is: how a request is written and how replies are read. Pure; the bytes
//! travel in [`super::http`].

use std::{borrow::Cow, fmt::Write as _};

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

/// What is the same for every request of a protocol.
#[derive(Debug)]
pub(crate) struct Endpoint {
    /// Headers the protocol demands beside authentication.
    pub headers: &'static [(&'static str, &'static str)],
    /// How a streamed answer is framed.
    pub framing: Framing,
    /// Appended to the base URL to list models.
    pub models: &'static str,
}

/// One wire protocol.
pub(crate) trait Protocol: Send + Sync {
    /// What is the same for every request.
    fn endpoint(&self) -> &'static Endpoint;

    /// Appended to the base URL to ask for this answer.
    fn path(&self, request: &ChatRequest) -> Cow<'static, str>;

    /// The request's JSON body, and what became of its parameters.
    fn request(&self, request: &ChatRequest, facts: Option<&ModelFacts>)
    -> (Value, SentParameters);

    /// Why a request would be refused, where that is known of the model beforehand.
    fn objection(&self, request: &ChatRequest, facts: Option<&ModelFacts>) -> Option<CallError> {
        let _ = (request, facts);
        None
    }

    /// A reader for one streamed answer.
    fn decoder(&self) -> Box<dyn Decoder>;

    /// Reads an answer that came whole.
    ///
    /// # Errors
    /// Where the body is an error after all, or not the protocol's, or lacks its end.
    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError>;

    /// What an error status with this body means.
    fn error(&self, status: u16, body: &[u8]) -> CallError;

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

/// A model's name as a part of a path: whatever is not plainly a name is escaped, so that it
/// cannot lead elsewhere.
pub(crate) fn in_path(model: &str) -> String {
    let mut escaped = String::with_capacity(model.len());
    for byte in model.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~') {
            escaped.push(char::from(byte));
        } else if byte == b'.' && !model.starts_with('.') {
            escaped.push('.');
        } else {
            // Writing to a string cannot fail.
            let _ = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}
