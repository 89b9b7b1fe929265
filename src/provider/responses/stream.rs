//! Answers in the Responses protocol: streams of events, and whole responses.

use serde_json::{Value, json};

use super::SERVER;
use crate::{
    model::{CallError, FinishReason, ProviderEvent, ToolCall, ToolPiece, Usage},
    provider::{
        failure,
        lenient::{self, count, text, words},
        openai::reported,
        protocol::Decoder,
    },
};

/// Where events are handed.
type Events<'e> = &'e mut dyn FnMut(ProviderEvent);

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct ResponseStream {
    frames: u64,
    model_told: bool,
    seen: Seen,
    complete: bool,
}

/// What of an answer came in pieces. What did not is taken from the last event.
#[derive(Debug, Default)]
struct Seen {
    text: bool,
    reasoning: bool,
    refusal: bool,
    calls: usize,
}

impl Decoder for ResponseStream {
    fn frame(&mut self, name: &[u8], data: &[u8], events: Events<'_>) -> Result<bool, CallError> {
        if self.complete {
            return Ok(true);
        }
        self.frames += 1;
        let Some(value) = lenient::parse(data) else {
            if data == b"[DONE]" {
                events(ProviderEvent::Heartbeat);
                return Ok(false);
            }
            return if lenient::is_cut(data) {
                self.end(events).map(|()| false)
            } else {
                Err(failure::broken_frame(SERVER, self.frames))
            };
        };
        let by_name = std::str::from_utf8(name).unwrap_or_default();
        let kind = words(&value, "type").unwrap_or(by_name);
        let piece = || words(&value, "delta").map(str::to_owned);
        let said = match kind {
            "response.output_text.delta" => {
                self.seen.text = true;
                piece().map(ProviderEvent::Text)
            }
            "response.refusal.delta" => {
                self.seen.refusal = true;
                piece().map(ProviderEvent::Refusal)
            }
            "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
                self.seen.reasoning = true;
                piece().map(ProviderEvent::Reasoning)
            }
            "response.reasoning_summary_part.added" => {
                let later = count(&value, "summary_index").unwrap_or(0) > 0;
                later.then(|| ProviderEvent::Reasoning("\n\n".to_owned()))
            }
            "response.output_item.added" => value.get("item").and_then(|item| begun(&value, item)),
            "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta" => {
                piece().map(|arguments| {
                    let index = count(&value, "output_index").unwrap_or(0);
                    ProviderEvent::ToolPiece(ToolPiece { index, arguments, ..ToolPiece::default() })
                })
            }
            "response.output_item.done" => {
                let call = value.get("item").and_then(tool_call);
                self.seen.calls += usize::from(call.is_some());
                call.map(ProviderEvent::ToolCall)
            }
            "response.completed" | "response.incomplete" => {
                let response = value.get("response").unwrap_or(&Value::Null);
                self.model(response, events);
                last(response, &self.seen, events);
                self.complete = true;
                return Ok(true);
            }
            "response.failed" => {
                let response = value.get("response").unwrap_or(&Value::Null);
                return Err(failed(response, events));
            }
            "error" => return Err(reported(&value, None)),
            _ if value.get("error").is_some_and(|error| !error.is_null()) => {
                return Err(reported(&value, None));
            }
            _ => {
                let response = value.get("response").unwrap_or(&Value::Null);
                if self.model(response, events) {
                    return Ok(false);
                }
                None
            }
        };
        events(said.unwrap_or(ProviderEvent::Heartbeat));
        Ok(false)
    }

    fn end(&mut self, _events: Events<'_>) -> Result<(), CallError> {
        if self.complete {
            Ok(())
        } else {
            Err(failure::interrupted(SERVER, "its `response.completed`"))
        }
    }
}

impl ResponseStream {
    /// Tells the model that answers, once; whether it did.
    fn model(&mut self, response: &Value, events: Events<'_>) -> bool {
        let Some(model) = words(response, "model").filter(|_| !self.model_told) else {
            return false;
        };
        self.model_told = true;
        events(ProviderEvent::Model(model.to_owned()));
        true
    }
}

/// The beginning of a tool call, of which no argument has come.
fn begun(event: &Value, item: &Value) -> Option<ProviderEvent> {
    let ToolCall { id, name, .. } = tool_call(item)?;
    let index = count(event, "output_index").unwrap_or(0);
    Some(ProviderEvent::ToolPiece(ToolPiece { index, id, name, arguments: String::new() }))
}

fn tool_call(item: &Value) -> Option<ToolCall> {
    let raw = match text(item, "type")? {
        "function_call" => text(item, "arguments"),
        "custom_tool_call" => text(item, "input"),
        _ => return None,
    };
    let raw = raw.unwrap_or_default();
    let id = words(item, "call_id").or_else(|| words(item, "id")).unwrap_or_default();
    Some(ToolCall {
        id: id.to_owned(),
        name: words(item, "name").unwrap_or_default().to_owned(),
        arguments: lenient::parse(raw.as_bytes()),
        arguments_raw: raw.to_owned(),
    })
}

/// Reads the last event's response: what did not come in pieces, the counts, why it ended.
fn last(response: &Value, seen: &Seen, events: Events<'_>) {
    let mut refused = seen.refusal;
    let mut calls = seen.calls;
    for item in response.get("output").and_then(Value::as_array).into_iter().flatten() {
        if let Some(call) = tool_call(item).filter(|_| seen.calls == 0) {
            calls += 1;
            events(ProviderEvent::ToolCall(call));
        }
        let parts = |name| item.get(name).and_then(Value::as_array).into_iter().flatten();
        for part in parts("content").chain(parts("summary")) {
            let words = |name| words(part, name).map(str::to_owned);
            let said = match text(part, "type") {
                Some("output_text") if !seen.text => words("text").map(ProviderEvent::Text),
                Some("refusal") if !seen.refusal => {
                    refused = true;
                    words("refusal").map(ProviderEvent::Refusal)
                }
                Some("reasoning_text" | "summary_text") if !seen.reasoning => {
                    words("text").map(ProviderEvent::Reasoning)
                }
                _ => None,
            };
            said.into_iter().for_each(&mut *events);
        }
    }
    counted(response, events);
    let why = response.get("incomplete_details").and_then(|details| words(details, "reason"));
    let (reason, raw) = match (words(response, "status"), why) {
        (_, Some("max_output_tokens")) => (FinishReason::Length, "max_output_tokens"),
        (_, Some("content_filter")) => (FinishReason::ContentFilter, "content_filter"),
        (Some("incomplete"), other) => (FinishReason::Unknown, other.unwrap_or("incomplete")),
        (status, _) => {
            let reason = if refused {
                FinishReason::Refusal
            } else if calls > 0 {
                FinishReason::ToolUse
            } else {
                FinishReason::Stop
            };
            (reason, status.unwrap_or("completed"))
        }
    };
    events(ProviderEvent::Finish { reason, raw: raw.to_owned() });
}

/// The error of a response that failed. What it took by then is paid for.
fn failed(response: &Value, events: Events<'_>) -> CallError {
    counted(response, events);
    let error = response.get("error").filter(|error| !error.is_null());
    let error = error.cloned().unwrap_or_else(|| json!({ "message": "the response failed" }));
    reported(&json!({ "error": error }), None)
}

/// Tells the counts, where there are any.
fn counted(response: &Value, events: Events<'_>) {
    let usage = usage(response.get("usage").unwrap_or(&Value::Null));
    if usage.is_known() {
        events(ProviderEvent::Usage(usage));
    }
}

/// The counts. What was cached is inside the input, and reasoning inside the output.
fn usage(counts: &Value) -> Usage {
    let within = |outer: &str, name| counts.get(outer).and_then(|details| count(details, name));
    Usage {
        input_tokens: count(counts, "input_tokens"),
        output_tokens: count(counts, "output_tokens"),
        cached_input_tokens: within("input_tokens_details", "cached_tokens"),
        cache_write_tokens: within("input_tokens_details", "cache_write_tokens"),
        reasoning_tokens: within("output_tokens_details", "reasoning_tokens"),
        ..Usage::default()
    }
}

/// Reads a response that came in one piece.
pub(super) fn whole(body: &[u8], events: Events<'_>) -> Result<(), CallError> {
    let Some(value) = lenient::parse(body) else {
        return Err(if lenient::is_cut_document(body) {
            failure::interrupted(SERVER, "its response was whole")
        } else {
            failure::foreign(SERVER, body)
        });
    };
    match words(&value, "status") {
        Some("failed") => return Err(failed(&value, events)),
        _ if value.get("error").is_some_and(|error| !error.is_null()) => {
            return Err(reported(&value, Some(200)));
        }
        _ if !value.get("output").is_some_and(Value::is_array) => {
            return Err(failure::foreign(SERVER, body));
        }
        Some("completed" | "incomplete") => {}
        _ => return Err(failure::interrupted(SERVER, "its response was completed")),
    }
    if let Some(model) = words(&value, "model") {
        events(ProviderEvent::Model(model.to_owned()));
    }
    last(&value, &Seen::default(), events);
    Ok(())
}
