//! Anthropic's messages protocol, which other servers speak too.
//!
//! Event and block types grow with every release: an unknown one is a sign of life and nothing
//! more. An answer is complete when `message_stop` was seen, and nothing counts after it.

mod request;
mod stream;

pub use request::DEFAULT_MAX_TOKENS;

use std::borrow::Cow;

use serde_json::Value;

use super::{
    ListedModel,
    advice::advised,
    catalog::ModelFacts,
    failure,
    lenient::{self, count, words},
    protocol::{Decoder, Endpoint, Framing, Protocol},
};
use crate::model::{CallError, ChatRequest, ErrorKind, ProviderEvent, SentParameters};

/// The name in messages.
const SERVER: &str = "Anthropic";

/// What to do where a model takes no beginning of its answer.
const NO_BEGUN_ANSWER: &str = "end the prompt with a user message: this model takes no begun \
                               answer; response_format or the system text can ask for its form";

/// What every request has in common.
static ENDPOINT: Endpoint = Endpoint {
    headers: &[("anthropic-version", "2023-06-01")],
    framing: Framing::Sse,
    models: "/v1/models?limit=1000",
};

/// The messages protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Anthropic;

impl Protocol for Anthropic {
    fn endpoint(&self) -> &'static Endpoint {
        &ENDPOINT
    }

    fn path(&self, _request: &ChatRequest) -> Cow<'static, str> {
        Cow::Borrowed("/v1/messages")
    }

    fn request(
        &self,
        request: &ChatRequest,
        facts: Option<&ModelFacts>,
    ) -> (Value, SentParameters) {
        request::build(request, facts)
    }

    fn objection(&self, request: &ChatRequest, facts: Option<&ModelFacts>) -> Option<CallError> {
        let takes_one = facts.is_none_or(|facts| facts.capabilities.prefill);
        (!takes_one && request::ends_in_an_answer(request)).then(|| {
            CallError::new(
                ErrorKind::InvalidRequest,
                format!(
                    "the prompt ends with an assistant message, and {} takes no begun answer: \
                     nothing was sent",
                    request.model
                ),
            )
            .hint(NO_BEGUN_ANSWER)
        })
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::MessageStream::default())
    }

    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError> {
        stream::whole(body, events)
    }

    fn error(&self, status: u16, body: &[u8]) -> CallError {
        let read = lenient::parse(body).filter(|value| value.get("error").is_some());
        match read {
            Some(value) => reported(&value, Some(status)),
            None => failure::unreadable(SERVER, status, body),
        }
    }

    fn models(&self, body: &[u8]) -> Result<Vec<ListedModel>, CallError> {
        let value = lenient::parse(body).unwrap_or_default();
        let Some(list) = value.get("data").and_then(Value::as_array) else {
            return Err(failure::foreign(SERVER, body));
        };
        Ok(list
            .iter()
            // The list remembers models that answer no more.
            .filter(|model| words(model, "lifecycle") != Some("retired"))
            .filter_map(|model| {
                Some(ListedModel {
                    id: words(model, "id")?.to_owned(),
                    context_window: count(model, "max_input_tokens").filter(|&tokens| tokens > 0),
                })
            })
            .collect())
    }
}

/// The error a document reports: `{type: "error", error: {type, message, details}, request_id}`.
/// `error` may be a text or nothing at servers that only imitate the protocol.
fn reported(value: &Value, status: Option<u16>) -> CallError {
    let inner = value.get("error").unwrap_or(value);
    let code = words(inner, "type");
    let said = words(inner, "message").or_else(|| inner.as_str()).unwrap_or_default();
    let (kind, retryable) = kind(inner, code, said, status);
    let message = failure::told(SERVER, status, code, said);
    let mut error = CallError::new(kind, message);
    error.http_status = status;
    error.retryable = retryable;
    error.provider_code = spend_limit(inner).or(code).map(failure::quoted);
    error.request_id = words(value, "request_id").map(failure::quoted);
    error.hint = hint(kind, said).map(str::to_owned);
    advised(error)
}

fn kind(inner: &Value, code: Option<&str>, said: &str, status: Option<u16>) -> (ErrorKind, bool) {
    if spend_limit(inner).is_some() || said.contains("credit balance is too low") {
        return (ErrorKind::Quota, false);
    }
    match code {
        Some("invalid_request_error") if failure::speaks_of_context(said) => {
            (ErrorKind::ContextLength, false)
        }
        Some("invalid_request_error") => match status.map(failure::by_status) {
            Some(by_status @ (ErrorKind::RequestTooLarge, _)) => by_status,
            _ => (ErrorKind::InvalidRequest, false),
        },
        Some("authentication_error") => (ErrorKind::Authentication, false),
        Some("billing_error") => (ErrorKind::Quota, false),
        Some("permission_error") => (ErrorKind::Permission, false),
        Some("not_found_error") => (ErrorKind::NotFound, false),
        Some("request_too_large") => (ErrorKind::RequestTooLarge, false),
        Some("rate_limit_error") => (ErrorKind::RateLimit, true),
        Some("timeout_error") => (ErrorKind::Timeout, true),
        Some("overloaded_error") => (ErrorKind::Overloaded, true),
        Some("api_error") => (ErrorKind::Server, true),
        // A type of tomorrow: an error status knows enough. Inside a stream there is none.
        _ => match status {
            Some(status) if status >= 300 => failure::by_status(status),
            _ => (ErrorKind::Server, false),
        },
    }
}

/// The code of a limit on spending, which looks like a rate limit and does not pass by waiting.
fn spend_limit(inner: &Value) -> Option<&str> {
    inner
        .get("details")
        .and_then(|details| words(details, "error_code"))
        .filter(|&code| code == "enforced_spend_limit_reached")
}

/// What to change, where the words of a refusal say more than its kind.
fn hint(kind: ErrorKind, said: &str) -> Option<&'static str> {
    if kind != ErrorKind::InvalidRequest {
        return None;
    }
    let lower = said.to_ascii_lowercase();
    if lower.contains("prefill") {
        Some(NO_BEGUN_ANSWER)
    } else if lower.contains("at least one message") {
        Some("add a user message: a system prompt alone is no request here")
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
