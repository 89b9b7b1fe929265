//! Answers in Gemini's protocol: documents of one shape, one by one or alone.

use serde_json::{Map, Value};

use super::{SERVER, reported};
use crate::{
    model::{CallError, FinishReason, ProviderEvent, ToolCall, Usage},
    provider::{
        failure,
        lenient::{self, count, words},
        protocol::Decoder,
    },
};

/// Where events are handed.
type Events<'e> = &'e mut dyn FnMut(ProviderEvent);

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct ContentStream {
    frames: u64,
    model_told: bool,
    /// Function calls seen so far.
    calls: usize,
    finished: bool,
}

impl Decoder for ContentStream {
    fn frame(&mut self, _name: &[u8], data: &[u8], events: Events<'_>) -> Result<bool, CallError> {
        self.frames += 1;
        let Some(value) = lenient::parse(data) else {
            return match (self.finished, lenient::is_cut(data)) {
                // Whatever follows the end, it is not the answer.
                (true, _) => Ok(false),
                (false, true) => self.end(events).map(|()| false),
                (false, false) => Err(failure::broken_frame(SERVER, self.frames)),
            };
        };
        if self.finished {
            // The counts may come in a document of their own.
            if let Some(usage) = usage(&value) {
                events(ProviderEvent::Usage(usage));
            }
            return Ok(false);
        }
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(reported(&value, None));
        }
        self.document(&value, events);
        Ok(false)
    }

    fn end(&mut self, _events: Events<'_>) -> Result<(), CallError> {
        if self.finished { Ok(()) } else { Err(failure::interrupted(SERVER, "a finish reason")) }
    }
}

impl ContentStream {
    fn document(&mut self, value: &Value, events: Events<'_>) {
        let mut told = false;
        let mut tell = |event| {
            told = true;
            events(event);
        };
        if let Some(model) = words(value, "modelVersion").filter(|_| !self.model_told) {
            self.model_told = true;
            tell(ProviderEvent::Model(model.to_owned()));
        }
        // One answer is asked for; others would be other answers.
        let candidate = value
            .get("candidates")
            .and_then(Value::as_array)
            .and_then(|candidates| {
                candidates.iter().find(|candidate| count(candidate, "index").unwrap_or(0) == 0)
            })
            .unwrap_or(&Value::Null);
        let parts = candidate.get("content").and_then(|content| content.get("parts"));
        for part in parts.and_then(Value::as_array).into_iter().flatten() {
            if let Some(call) = part.get("functionCall") {
                self.calls += 1;
                tell(ProviderEvent::ToolCall(tool_call(call, self.calls)));
            } else if let Some(text) = words(part, "text") {
                let thought = part.get("thought").and_then(Value::as_bool).unwrap_or(false);
                let text = text.to_owned();
                tell(if thought {
                    ProviderEvent::Reasoning(text)
                } else {
                    ProviderEvent::Text(text)
                });
            }
        }
        if let Some(usage) = usage(value) {
            tell(ProviderEvent::Usage(usage));
        }
        let blocked = value.get("promptFeedback").and_then(|it| words(it, "blockReason"));
        if let Some(raw) = blocked.filter(|_| candidate.is_null()) {
            let why = words(value.get("promptFeedback").unwrap_or(value), "blockReasonMessage");
            tell(ProviderEvent::Refusal(why.unwrap_or("the prompt was blocked").to_owned()));
            tell(ProviderEvent::Finish {
                reason: FinishReason::ContentFilter,
                raw: raw.to_owned(),
            });
            self.finished = true;
        }
        let stopped = words(candidate, "finishReason");
        if let Some(raw) = stopped.filter(|raw| *raw != "FINISH_REASON_UNSPECIFIED") {
            let reason = reason(raw, self.calls > 0);
            if reason == FinishReason::ContentFilter
                && let Some(why) = words(candidate, "finishMessage")
            {
                tell(ProviderEvent::Refusal(why.to_owned()));
            }
            tell(ProviderEvent::Finish { reason, raw: raw.to_owned() });
            self.finished = true;
        }
        if !told {
            events(ProviderEvent::Heartbeat);
        }
    }
}

fn tool_call(call: &Value, number: usize) -> ToolCall {
    let arguments = call.get("args").cloned().unwrap_or_else(|| Value::Object(Map::default()));
    ToolCall {
        // A call may come without an id; its number tells it from the others.
        id: words(call, "id").map_or_else(|| format!("call-{number}"), str::to_owned),
        name: words(call, "name").unwrap_or_default().to_owned(),
        arguments_raw: arguments.to_string(),
        arguments: Some(arguments),
    }
}

fn reason(raw: &str, called: bool) -> FinishReason {
    match raw {
        "STOP" if called => FinishReason::ToolUse,
        "STOP" => FinishReason::Stop,
        "MAX_TOKENS" => FinishReason::Length,
        "SAFETY" | "RECITATION" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" | "IMAGE_SAFETY" => {
            FinishReason::ContentFilter
        }
        _ => FinishReason::Unknown,
    }
}

/// The counts. Thoughts are beside the candidates' tokens here, and what was cached is inside the
/// prompt's.
fn usage(value: &Value) -> Option<Usage> {
    let counts = value.get("usageMetadata").filter(|counts| counts.is_object())?;
    let of = |name| count(counts, name);
    let added = |one: Option<u64>, other: Option<u64>| match (one, other) {
        (None, None) => None,
        (one, other) => Some(one.unwrap_or(0).saturating_add(other.unwrap_or(0))),
    };
    let usage = Usage {
        input_tokens: of("promptTokenCount")
            .map(|prompt| prompt.saturating_add(of("toolUsePromptTokenCount").unwrap_or(0))),
        output_tokens: added(of("candidatesTokenCount"), of("thoughtsTokenCount")),
        cached_input_tokens: of("cachedContentTokenCount"),
        reasoning_tokens: of("thoughtsTokenCount"),
        ..Usage::default()
    };
    usage.is_known().then_some(usage)
}

/// Reads an answer that came in one piece.
pub(super) fn whole(body: &[u8], events: Events<'_>) -> Result<(), CallError> {
    let Some(value) = lenient::parse(body) else {
        return Err(if lenient::is_cut_document(body) {
            failure::interrupted(SERVER, "its answer was whole")
        } else {
            failure::foreign(SERVER, body)
        });
    };
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return Err(reported(&value, Some(200)));
    }
    if value.get("candidates").is_none() && value.get("promptFeedback").is_none() {
        return Err(failure::foreign(SERVER, body));
    }
    let mut stream = ContentStream::default();
    stream.document(&value, events);
    stream.end(events)
}
