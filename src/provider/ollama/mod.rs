//! Ollama's own chat protocol: one JSON document a line.
//!
//! Its native protocol is spoken and not the OpenAI one it also serves, because only here are
//! thinking, JSON Schema, `top_k` and the repeat penalty to be had. An answer is complete when a
//! line said `done: true`.

mod request;
mod stream;

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
const SERVER: &str = "Ollama";

/// What every request has in common.
static ENDPOINT: Endpoint =
    Endpoint { headers: &[], framing: Framing::Ndjson, models: "/api/tags" };

/// Ollama's chat protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ollama;

impl Protocol for Ollama {
    fn endpoint(&self) -> &'static Endpoint {
        &ENDPOINT
    }

    fn path(&self, _request: &ChatRequest) -> Cow<'static, str> {
        Cow::Borrowed("/api/chat")
    }

    fn request(
        &self,
        request: &ChatRequest,
        facts: Option<&ModelFacts>,
    ) -> (Value, SentParameters) {
        request::build(request, facts)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::ChatStream::default())
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
        let Some(list) = value.get("models").and_then(Value::as_array) else {
            return Err(failure::foreign(SERVER, body));
        };
        Ok(list
            .iter()
            .filter_map(|model| {
                let details = model.get("details").unwrap_or(&Value::Null);
                Some(ListedModel {
                    id: words(model, "name").or_else(|| words(model, "model"))?.to_owned(),
                    context_window: count(details, "context_length").filter(|&tokens| tokens > 0),
                })
            })
            .collect())
    }
}

/// The error a document reports: `{error: "text"}`, or in front of other servers an object.
/// Ollama gives no codes, so its words are read.
fn reported(value: &Value, status: Option<u16>) -> CallError {
    let mut inner = value.get("error").unwrap_or(&Value::Null);
    // The error of the runner below it comes as a document inside the text.
    let nested = inner.as_str().and_then(|text| lenient::parse(text.as_bytes()));
    if let Some(nested) = nested.as_ref().filter(|nested| nested.is_object()) {
        inner = nested.get("error").unwrap_or(nested);
    }
    let said = inner.as_str().or_else(|| words(inner, "message")).unwrap_or_default();
    let status = status.or_else(|| {
        // A line in a stream may carry the status the answer would have had.
        count(value, "status_code")
            .or_else(|| count(value, "status"))
            .and_then(|s| s.try_into().ok())
    });
    let (kind, retryable) = kind(said, status);
    let message = failure::told(SERVER, status, None, said);
    let mut error = CallError::new(kind, message);
    error.http_status = status;
    error.retryable = retryable;
    error.provider_code = words(inner, "code").map(failure::quoted);
    error.hint = hint(kind, said);
    advised(error)
}

fn kind(said: &str, status: Option<u16>) -> (ErrorKind, bool) {
    let lower = said.to_ascii_lowercase();
    if failure::speaks_of_context(said) {
        return (ErrorKind::ContextLength, false);
    }
    if lower.contains("not found") && lower.contains("model") {
        return (ErrorKind::NotFound, false);
    }
    if lower.contains("server busy") || lower.contains("maximum pending requests") {
        return (ErrorKind::Overloaded, true);
    }
    // Memory does not grow back by asking again.
    if lower.contains("more system memory") || lower.contains("out of memory") {
        return (ErrorKind::Server, false);
    }
    if lower.contains("does not support") {
        return (ErrorKind::InvalidRequest, false);
    }
    match status {
        Some(status) if status >= 300 => failure::by_status(status),
        _ => (ErrorKind::Server, true),
    }
}

fn hint(kind: ErrorKind, said: &str) -> Option<String> {
    let lower = said.to_ascii_lowercase();
    let hint = match kind {
        ErrorKind::NotFound => match quoted_name(said) {
            Some(name) => return Some(format!("fetch it with `ollama pull {name}`")),
            None => "fetch the model with `ollama pull`, or choose one that is listed",
        },
        ErrorKind::ContextLength => {
            "shorten the prompt, or give the model a larger num_ctx in Ollama"
        }
        ErrorKind::InvalidRequest if lower.contains("does not support thinking") => {
            "unset reasoning_effort: this model does not think before it answers"
        }
        ErrorKind::Server if lower.contains("memory") => {
            "choose a smaller model, or free memory on the machine that runs Ollama"
        }
        ErrorKind::Overloaded => "wait until the calls before this one are answered",
        _ => return None,
    };
    Some(hint.to_owned())
}

/// The model's name out of `model 'name' not found`.
fn quoted_name(said: &str) -> Option<&str> {
    let mark = said.find(['\'', '"'])?;
    let (_, rest) = said.split_at(mark + 1);
    let name = rest.split(['\'', '"']).next()?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | ':');
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

#[cfg(test)]
mod tests;
