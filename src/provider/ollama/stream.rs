//! Answers in Ollama's protocol: lines of a stream, and whole replies, which are one such line.

use serde_json::Value;

use super::{SERVER, reported};
use crate::model::{CallError, FinishReason, ProviderEvent, ToolCall, Usage};
use crate::provider::{
    failure,
    lenient::{self, count, text, words},
    protocol::Decoder,
};

/// Where events are handed.
type Events<'e> = &'e mut dyn FnMut(ProviderEvent);

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct ChatStream {
    lines: u64,
    named: bool,
    tools: u32,
    complete: bool,
}

impl Decoder for ChatStream {
    fn frame(&mut self, _name: &[u8], data: &[u8], events: Events<'_>) -> Result<bool, CallError> {
        if self.complete {
            return Ok(true);
        }
        self.lines += 1;
        let Some(value) = lenient::parse(data).filter(Value::is_object) else {
            // A line is a frame only when it is whole, and the last one may have been cut.
            return if lenient::is_cut(data) {
                self.end(events).map(|()| false)
            } else {
                Err(failure::broken_frame(SERVER, self.lines))
            };
        };
        self.line(&value, events)?;
        Ok(self.complete)
    }

    fn end(&mut self, _events: Events<'_>) -> Result<(), CallError> {
        if self.complete {
            Ok(())
        } else {
            Err(failure::interrupted(SERVER, "its line with `done: true`"))
        }
    }
}

impl ChatStream {
    fn line(&mut self, value: &Value, events: Events<'_>) -> Result<(), CallError> {
        if value.get("error").is_some_and(|error| !error.is_null()) {
            return Err(reported(value, None));
        }
        let mut said = false;
        let mut say = |event| {
            said = true;
            events(event);
        };
        if !self.named
            && let Some(model) = words(value, "model")
        {
            self.named = true;
            say(ProviderEvent::Model(model.to_owned()));
        }
        let message = value.get("message").unwrap_or(&Value::Null);
        if let Some(thinking) = words(message, "thinking") {
            say(ProviderEvent::Reasoning(thinking.to_owned()));
        }
        if let Some(content) = words(message, "content") {
            say(ProviderEvent::Text(content.to_owned()));
        }
        for call in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten() {
            say(ProviderEvent::ToolCall(tool_call(call, self.tools)));
            self.tools += 1;
        }
        if value.get("done").and_then(Value::as_bool) == Some(true) {
            let usage = usage(value);
            if usage.is_known() {
                say(ProviderEvent::Usage(usage));
            }
            say(self.finish(value));
            self.complete = true;
        }
        if !said {
            events(ProviderEvent::Heartbeat);
        }
        Ok(())
    }

    fn finish(&self, value: &Value) -> ProviderEvent {
        let raw = text(value, "done_reason").unwrap_or_default();
        let reason = match raw {
            // Ollama says `stop` also where the model stopped to have its tools called, and its
            // older versions say nothing.
            "stop" | "" if self.tools > 0 => FinishReason::ToolUse,
            "stop" | "" => FinishReason::Stop,
            "length" => FinishReason::Length,
            // `load` and `unload` answer a request without messages.
            _ => FinishReason::Unknown,
        };
        ProviderEvent::Finish { reason, raw: raw.to_owned() }
    }
}

/// Reads a reply that came in one piece.
pub(super) fn whole(body: &[u8], events: Events<'_>) -> Result<(), CallError> {
    let Some(value) = lenient::parse(body) else {
        return Err(if lenient::is_cut_document(body) {
            failure::interrupted(SERVER, "its reply was whole")
        } else {
            failure::foreign(SERVER, body)
        });
    };
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return Err(reported(&value, Some(200)));
    }
    if value.get("message").is_none() {
        return Err(failure::foreign(SERVER, body));
    }
    let mut reader = ChatStream::default();
    reader.line(&value, events)?;
    reader.end(events)
}

/// A tool call, which comes whole; the arguments are an object, and text at imitations.
fn tool_call(call: &Value, number: u32) -> ToolCall {
    let function = call.get("function").unwrap_or(&Value::Null);
    let id = words(call, "id").map_or_else(|| format!("call_{number}"), str::to_owned);
    let name = text(function, "name").unwrap_or_default().to_owned();
    match function.get("arguments") {
        Some(Value::String(raw)) => ToolCall {
            id,
            name,
            arguments: lenient::parse(raw.as_bytes()),
            arguments_raw: raw.clone(),
        },
        Some(arguments) if !arguments.is_null() => {
            let arguments_raw = arguments.to_string();
            ToolCall { id, name, arguments: Some(arguments.clone()), arguments_raw }
        }
        _ => ToolCall {
            id,
            name,
            arguments: Some(Value::Object(serde_json::Map::new())),
            arguments_raw: "{}".to_owned(),
        },
    }
}

/// A count that is missing is unknown: it is left out when it is 0, and also when the prompt was
/// still in the server's memory.
fn usage(value: &Value) -> Usage {
    Usage {
        input_tokens: count(value, "prompt_eval_count"),
        output_tokens: count(value, "eval_count"),
        ..Usage::default()
    }
}
