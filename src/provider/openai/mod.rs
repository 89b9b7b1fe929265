//! OpenAI's chat completions, as the many servers that imitate them understand them too.

mod plain;
mod request;
mod stream;
#[cfg(test)]
mod tests;

pub(super) use request::{function, refusal};

use std::borrow::Cow;

use serde_json::Value;

use super::{
    ListedModel,
    advice::advised,
    catalog::ModelFacts,
    failure,
    lenient::{self, text, words},
    protocol::{Decoder, Endpoint, Framing, Protocol, in_path},
    quirks::Quirks,
};
use crate::model::{CallError, ChatRequest, ErrorKind, ProviderEvent, SentParameters};

/// Azure's code where nothing is deployed under the name that was asked for.
pub(super) const DEPLOYMENT_NOT_FOUND: &str = "DeploymentNotFound";

/// What the server is called in errors.
const SERVER: &str = "the server";

/// What every request has in common.
static ENDPOINT: Endpoint = Endpoint { headers: &[], framing: Framing::Sse, models: "/models" };

/// What every request has in common where the model is a deployment.
static DEPLOYMENTS: Endpoint =
    Endpoint { headers: &[], framing: Framing::Sse, models: "/openai/models" };

/// The protocol, with what is particular about the server it is spoken to.
#[derive(Clone, Copy)]
pub(crate) struct OpenAi {
    pub quirks: &'static Quirks,
    /// Whether the model is a deployment and part of the path.
    pub deployments: bool,
}

impl OpenAi {
    /// The protocol as a server speaks it, its paths below the base URL.
    pub(crate) const fn new(quirks: &'static Quirks) -> Self {
        Self { quirks, deployments: false }
    }
}

impl Protocol for OpenAi {
    fn endpoint(&self) -> &'static Endpoint {
        if self.deployments { &DEPLOYMENTS } else { &ENDPOINT }
    }

    fn path(&self, request: &ChatRequest) -> Cow<'static, str> {
        if self.deployments {
            let name = in_path(&request.model);
            return Cow::Owned(format!("/openai/deployments/{name}/chat/completions"));
        }
        Cow::Borrowed("/chat/completions")
    }

    fn request(
        &self,
        request: &ChatRequest,
        facts: Option<&ModelFacts>,
    ) -> (Value, SentParameters) {
        request::build(request, facts, self)
    }

    fn decoder(&self) -> Box<dyn Decoder> {
        Box::new(stream::Reader::new(self.quirks))
    }

    fn whole(&self, body: &[u8], events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError> {
        stream::whole(body, self.quirks, events)
    }

    fn error(&self, status: u16, body: &[u8]) -> CallError {
        // Gemini wraps its error in a list.
        let document = lenient::parse(body).map(|value| match value {
            Value::Array(mut list) if list.len() == 1 => list.swap_remove(0),
            value => value,
        });
        match document {
            Some(value) if error_in(&value).is_some() || text(&value, "detail").is_some() => {
                reported(&value, Some(status))
            }
            _ => failure::unreadable(SERVER, status, body),
        }
    }

    fn models(&self, body: &[u8]) -> Result<Vec<ListedModel>, CallError> {
        let value = lenient::parse(body).ok_or_else(|| failure::foreign(SERVER, body))?;
        if error_in(&value).is_some() {
            return Err(reported(&value, None));
        }
        let rows = value.get("data").or_else(|| value.get("models")).unwrap_or(&value);
        let Some(rows) = rows.as_array() else { return Err(failure::foreign(SERVER, body)) };
        Ok(rows
            .iter()
            .filter_map(|row| {
                let id = words(row, "id").or_else(|| words(row, "name"))?.to_owned();
                Some(ListedModel { id, context_window: self.quirks.window_in(row) })
            })
            .collect())
    }
}

/// The error a document is or holds: OpenAI's object, an imitation's text, or the older form
/// whose fields lie at the top.
fn error_in(value: &Value) -> Option<&Value> {
    match value.get("error") {
        None | Some(Value::Null) => {}
        Some(error) => return Some(error),
    }
    let top = text(value, "object") == Some("error") || text(value, "type") == Some("error");
    top.then_some(value)
}

/// The error a server reported, with the status it came with, if it came with one.
pub(super) fn reported(value: &Value, status: Option<u16>) -> CallError {
    let inner = error_in(value).unwrap_or(value);
    let said = match inner.get("message") {
        Some(Value::String(message)) => message.clone(),
        Some(message @ Value::Object(_)) => message.to_string(),
        _ => inner.as_str().or_else(|| text(inner, "detail")).unwrap_or_default().to_owned(),
    };
    let number = inner.get("code").and_then(Value::as_u64).and_then(|code| code.try_into().ok());
    let status = status.or(number);
    let code = words(inner, "code").or_else(|| words(inner, "type"));
    let (kind, retryable) = kind(inner, &said, status);
    let message = failure::told(SERVER, status, None, &said);
    let mut error = CallError::new(kind, message);
    error.http_status = status;
    error.retryable = retryable;
    error.provider_code = code.map(failure::quoted);
    error.hint = match kind {
        ErrorKind::InvalidRequest => words(inner, "param")
            .map(|name| format!("the server names `{}`: unset it", failure::quoted(name))),
        ErrorKind::Quota if is_limit_of_key(&said) => Some(
            "the limit of this key itself is used up: raise it where the key was made, or take \
             another key"
                .to_owned(),
        ),
        ErrorKind::Quota if limit(&said).0 == kind => {
            Some("the day's limit is used up: run again later, or raise it".to_owned())
        }
        _ => None,
    };
    advised(error)
}

fn kind(error: &Value, said: &str, status: Option<u16>) -> (ErrorKind, bool) {
    for word in [words(error, "code"), words(error, "type")].into_iter().flatten() {
        match word {
            "insufficient_quota"
            | "credit_balance_exhausted"
            | "organization_spend_limit_exceeded"
            | "project_spend_limit_exceeded"
            | "organization_usage_limit_exceeded"
            | "billing_hard_limit_reached" => return (ErrorKind::Quota, false),
            "context_length_exceeded" | "exceed_context_size_error" => {
                return (ErrorKind::ContextLength, false);
            }
            "content_filter" | "content_policy_violation" => {
                return (ErrorKind::ContentFilter, false);
            }
            "invalid_api_key" | "authentication_error" => {
                return (ErrorKind::Authentication, false);
            }
            "model_not_found" | DEPLOYMENT_NOT_FOUND => return (ErrorKind::NotFound, false),
            "rate_limit_exceeded" | "slow_down" => return limit(said),
            "server_is_overloaded" | "overloaded_error" => return (ErrorKind::Overloaded, true),
            _ => {}
        }
    }
    let bad_request = status.is_none_or(|status| status == 400 || status == 413 || status == 422);
    if bad_request && failure::speaks_of_context(said) {
        return (ErrorKind::ContextLength, false);
    }
    match status {
        Some(400) if failure::refuses_the_key(error, said) => (ErrorKind::Authentication, false),
        Some(403) if is_limit_of_key(said) => (ErrorKind::Quota, false),
        Some(429) => limit(said),
        Some(status) if status >= 300 => failure::by_status(status),
        _ => (ErrorKind::Server, true),
    }
}

/// Whether what is used up is a limit that was set for the key: `OpenRouter` says so with a 403.
fn is_limit_of_key(said: &str) -> bool {
    said.to_ascii_lowercase().contains("key limit exceeded")
}

/// Which limit it is, by the words: one of a day is not waited for, and a call that is larger than
/// the limit never passes.
fn limit(said: &str) -> (ErrorKind, bool) {
    let words = said.to_ascii_lowercase();
    let says = |phrases: &[&str]| phrases.iter().any(|phrase| words.contains(phrase));
    if says(&["request too large"]) {
        (ErrorKind::RequestTooLarge, false)
    } else if says(&["per day", "per-day", "(rpd)", "(tpd)"]) {
        (ErrorKind::Quota, false)
    } else {
        (ErrorKind::RateLimit, true)
    }
}
