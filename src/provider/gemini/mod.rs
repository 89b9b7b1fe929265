//! Google's Gemini protocol (`generateContent` and `streamGenerateContent`).
//!
//! A stream is a row of documents of one shape, without names and without a mark of its end: an
//! answer is complete when a candidate gave the reason why it stopped, or the prompt was blocked.
//! The key travels in a header and never in the address, which ends up in logs.

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
    protocol::{Decoder, Endpoint, Framing, Protocol, in_path},
};
use crate::model::{CallError, ChatRequest, ErrorKind, ProviderEvent, SentParameters};

/// The name in messages.
const SERVER: &str = "Gemini";

/// What every request has in common.
static ENDPOINT: Endpoint =
    Endpoint { headers: &[], framing: Framing::Sse, models: "/v1beta/models?pageSize=1000" };

/// The protocol.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Gemini;

impl Protocol for Gemini {
    fn endpoint(&self) -> &'static Endpoint {
        &ENDPOINT
    }

    fn path(&self, request: &ChatRequest) -> Cow<'static, str> {
        let model = request.model.strip_prefix("models/").unwrap_or(&request.model);
        let model = in_path(model);
        Cow::Owned(if request.stream {
            format!("/v1beta/models/{model}:streamGenerateContent?alt=sse")
        } else {
            format!("/v1beta/models/{model}:generateContent")
        })
    }

    fn request(
        &self,
        request: &ChatRequest,
        _facts: Option<&ModelFacts>,
    ) -> (Value, SentParameters) {
        request::build(request)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::ContentStream::default())
    }

    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError> {
        stream::whole(body, events)
    }

    fn error(&self, status: u16, body: &[u8]) -> CallError {
        // Some gateways wrap the error in a list.
        let read = lenient::parse(body).map(|value| match value {
            Value::Array(mut list) if !list.is_empty() => list.remove(0),
            value => value,
        });
        match read.filter(|value| value.get("error").is_some()) {
            Some(value) => reported(&value, Some(status)),
            None => failure::unreadable(SERVER, status, body),
        }
    }

    fn models(&self, body: &[u8]) -> Result<Vec<ListedModel>, CallError> {
        let value = lenient::parse(body).unwrap_or_default();
        let Some(list) = value.get("models").and_then(Value::as_array) else {
            return Err(failure::foreign(SERVER, body));
        };
        let answers = |model: &&Value| {
            let methods = model.get("supportedGenerationMethods").and_then(Value::as_array);
            methods.is_none_or(|methods| methods.iter().any(|it| it == "generateContent"))
        };
        Ok(list
            .iter()
            .filter(answers)
            .filter_map(|model| {
                let name = words(model, "name")?;
                Some(ListedModel {
                    id: name.strip_prefix("models/").unwrap_or(name).to_owned(),
                    context_window: count(model, "inputTokenLimit").filter(|&tokens| tokens > 0),
                })
            })
            .collect())
    }
}

/// The error a document reports: `{error: {code, message, status, details}}`.
fn reported(value: &Value, status: Option<u16>) -> CallError {
    let inner = value.get("error").unwrap_or(value);
    let code = words(inner, "status");
    let said = words(inner, "message").or_else(|| inner.as_str()).unwrap_or_default();
    let own = count(inner, "code").and_then(|code| u16::try_from(code).ok());
    let (kind, retryable) = kind(inner, code, said, status.or(own));
    let message = failure::told(SERVER, status, code, said);
    let mut error = CallError::new(kind, message);
    error.http_status = status;
    error.retryable = retryable;
    error.retry_after_ms = retry_delay(inner);
    error.provider_code = code.map(failure::quoted);
    error.hint = hint(kind).map(str::to_owned);
    advised(error)
}

fn kind(inner: &Value, code: Option<&str>, said: &str, status: Option<u16>) -> (ErrorKind, bool) {
    match code {
        Some("INVALID_ARGUMENT")
            if said.contains("API key") || failure::refuses_the_key(inner, said) =>
        {
            (ErrorKind::Authentication, false)
        }
        Some("INVALID_ARGUMENT") if failure::speaks_of_context(said) => {
            (ErrorKind::ContextLength, false)
        }
        Some("INVALID_ARGUMENT" | "OUT_OF_RANGE") => (ErrorKind::InvalidRequest, false),
        // The service is not offered where the caller is.
        Some("FAILED_PRECONDITION" | "PERMISSION_DENIED") => (ErrorKind::Permission, false),
        Some("UNAUTHENTICATED") => (ErrorKind::Authentication, false),
        Some("NOT_FOUND") => (ErrorKind::NotFound, false),
        Some("RESOURCE_EXHAUSTED") if is_used_up(inner) => (ErrorKind::Quota, false),
        Some("RESOURCE_EXHAUSTED") => (ErrorKind::RateLimit, true),
        Some("DEADLINE_EXCEEDED") => (ErrorKind::Timeout, true),
        Some("UNAVAILABLE") => (ErrorKind::Overloaded, true),
        Some("INTERNAL" | "UNKNOWN") => (ErrorKind::Server, true),
        // A word of tomorrow: an error status knows enough. Inside a stream there may be none.
        _ => match status {
            Some(status) if status >= 300 => failure::by_status(status),
            _ => (ErrorKind::Server, false),
        },
    }
}

fn details(inner: &Value) -> impl Iterator<Item = &Value> {
    inner.get("details").and_then(Value::as_array).into_iter().flatten()
}

/// Whether the limit is one of a day or of nothing at all, which no wait of seconds passes.
fn is_used_up(inner: &Value) -> bool {
    details(inner).filter_map(|detail| detail.get("violations")?.as_array()).flatten().any(
        |violation| {
            let of_a_day = words(violation, "quotaId").is_some_and(|id| id.contains("PerDay"));
            of_a_day || words(violation, "quotaValue") == Some("0")
        },
    )
}

/// What `RetryInfo` asks for: `"46s"`, `"1.5s"`.
fn retry_delay(inner: &Value) -> Option<u64> {
    let delay = details(inner).find_map(|detail| words(detail, "retryDelay"))?;
    let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
    let sensible = seconds.is_finite() && (0.0..1e9).contains(&seconds);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 0 and 1e12"
    )]
    sensible.then_some((seconds * 1000.0).ceil() as u64)
}

/// What is particular about Gemini's refusals.
const fn hint(kind: ErrorKind) -> Option<&'static str> {
    match kind {
        ErrorKind::Permission => {
            Some("the key, or the place it is used from, may not use this model")
        }
        ErrorKind::Quota => {
            Some("the day's limit of this key is used up, or it has none: try tomorrow or pay")
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
