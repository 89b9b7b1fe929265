//! Answers in the messages protocol: streams of events, and whole messages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SERVER, reported};
use crate::model::{CallError, FinishReason, ProviderEvent, ToolCall, ToolPiece, Usage};
use crate::provider::{
    failure,
    lenient::{self, count, text, words},
    protocol::Decoder,
};

/// Where events are handed.
type Events<'e> = &'e mut dyn FnMut(ProviderEvent);

/// A stream being read.
#[derive(Debug, Default)]
pub(super) struct MessageStream {
    frames: u64,
    /// Tool calls whose blocks are open, by the index of the block.
    tools: BTreeMap<u64, OpenTool>,
    usage: Reported,
    finished: bool,
    complete: bool,
}

/// A tool call whose arguments are still arriving.
#[derive(Debug)]
struct OpenTool {
    id: String,
    name: String,
    /// The arguments given with the block's beginning: empty where they come in pieces.
    input: Value,
    pieces: String,
}

impl Decoder for MessageStream {
    fn frame(&mut self, name: &[u8], data: &[u8], events: Events<'_>) -> Result<bool, CallError> {
        if self.complete {
            return Ok(true);
        }
        self.frames += 1;
        let Some(value) = lenient::parse(data) else {
            if name == b"error" {
                return Err(reported(&Value::from(String::from_utf8_lossy(data)), None));
            }
            // A vendor's own event may hold anything.
            if known(name) || name.is_empty() && data != b"[DONE]" {
                // The last event of a body may lack its last lines.
                return if lenient::is_cut(data) {
                    self.end(events).map(|()| false)
                } else {
                    Err(failure::broken_frame(SERVER, self.frames))
                };
            }
            events(ProviderEvent::Heartbeat);
            return Ok(false);
        };
        let by_name = std::str::from_utf8(name).unwrap_or_default();
        match words(&value, "type").unwrap_or(by_name) {
            "message_start" => self.start(&value, events),
            "content_block_start" => self.block_start(&value, events),
            "content_block_delta" => self.delta(&value, events),
            "content_block_stop" => match index(&value).and_then(|at| self.tools.remove(&at)) {
                Some(tool) => events(ProviderEvent::ToolCall(tool.finish())),
                None => events(ProviderEvent::Heartbeat),
            },
            "message_delta" => self.message_delta(&value, events),
            "message_stop" => {
                self.close_tools(events);
                if self.usage.take_unsaid_output() {
                    events(ProviderEvent::Usage(self.usage.usage()));
                }
                if !self.finished {
                    events(ProviderEvent::Finish {
                        reason: FinishReason::Unknown,
                        raw: String::new(),
                    });
                }
                self.complete = true;
            }
            // Some imitations send a bare error, or name only the event.
            kind if kind == "error"
                || by_name == "error"
                || value.get("error").is_some_and(|error| !error.is_null()) =>
            {
                return Err(reported(&value, None));
            }
            _ => events(ProviderEvent::Heartbeat),
        }
        Ok(self.complete)
    }

    fn end(&mut self, _events: Events<'_>) -> Result<(), CallError> {
        if self.complete { Ok(()) } else { Err(failure::interrupted(SERVER, "its `message_stop`")) }
    }
}

impl MessageStream {
    fn start(&mut self, value: &Value, events: Events<'_>) {
        let message = value.get("message").unwrap_or(&Value::Null);
        let model = words(message, "model");
        if let Some(model) = model {
            events(ProviderEvent::Model(model.to_owned()));
        }
        if let Some(usage) = message.get("usage") {
            self.usage.read(usage);
            // What has been put out when the answer begins is no count yet, mostly 1: kept back
            // unless nothing better follows.
            self.usage.keep_back_output();
        }
        if self.usage.usage().is_known() {
            events(ProviderEvent::Usage(self.usage.usage()));
        } else if model.is_none() {
            events(ProviderEvent::Heartbeat);
        }
    }

    fn block_start(&mut self, value: &Value, events: Events<'_>) {
        let block = value.get("content_block").unwrap_or(&Value::Null);
        if text(block, "type") == Some("tool_use")
            && let Some(at) = index(value)
        {
            let tool = OpenTool::new(block);
            events(ProviderEvent::ToolPiece(ToolPiece {
                index: at,
                id: tool.id.clone(),
                name: tool.name.clone(),
                arguments: String::new(),
            }));
            self.tools.insert(at, tool);
        } else {
            let said = block_text(block);
            events(said.unwrap_or(ProviderEvent::Heartbeat));
        }
    }

    fn delta(&mut self, value: &Value, events: Events<'_>) {
        let delta = value.get("delta").unwrap_or(&Value::Null);
        let said = match text(delta, "type") {
            Some("text_delta") => {
                words(delta, "text").map(|text| ProviderEvent::Text(text.to_owned()))
            }
            Some("thinking_delta") => {
                words(delta, "thinking").map(|text| ProviderEvent::Reasoning(text.to_owned()))
            }
            Some("input_json_delta") => index(value).and_then(|at| {
                let (tool, piece) = (self.tools.get_mut(&at)?, words(delta, "partial_json")?);
                tool.pieces.push_str(piece);
                Some(ProviderEvent::ToolPiece(ToolPiece {
                    index: at,
                    arguments: piece.to_owned(),
                    ..ToolPiece::default()
                }))
            }),
            // Signatures, citations and what comes after them carry nothing that is shown.
            _ => None,
        };
        events(said.unwrap_or(ProviderEvent::Heartbeat));
    }

    fn message_delta(&mut self, value: &Value, events: Events<'_>) {
        let delta = value.get("delta").unwrap_or(&Value::Null);
        let mut said = false;
        if let Some(usage) = value.get("usage").filter(|usage| usage.is_object()) {
            self.usage.read(usage);
            if self.usage.usage().is_known() {
                events(ProviderEvent::Usage(self.usage.usage()));
                said = true;
            }
        }
        if let Some(raw) = words(delta, "stop_reason") {
            self.close_tools(events);
            finish(delta, raw, events);
            self.finished = true;
            said = true;
        }
        if !said {
            events(ProviderEvent::Heartbeat);
        }
    }

    /// Hands out the tool calls whose blocks were never closed.
    fn close_tools(&mut self, events: Events<'_>) {
        for tool in std::mem::take(&mut self.tools).into_values() {
            events(ProviderEvent::ToolCall(tool.finish()));
        }
    }
}

impl OpenTool {
    fn new(block: &Value) -> Self {
        Self {
            id: text(block, "id").unwrap_or_default().to_owned(),
            name: text(block, "name").unwrap_or_default().to_owned(),
            input: block.get("input").cloned().unwrap_or(Value::Null),
            pieces: String::new(),
        }
    }

    fn finish(self) -> ToolCall {
        let Self { id, name, input, pieces } = self;
        if pieces.is_empty() {
            // A tool without arguments is called without pieces.
            let input = if input.is_null() { Value::Object(serde_json::Map::new()) } else { input };
            let arguments_raw = input.to_string();
            return ToolCall { id, name, arguments: Some(input), arguments_raw };
        }
        let arguments = lenient::parse(pieces.as_bytes());
        ToolCall { id, name, arguments, arguments_raw: pieces }
    }
}

/// Reads a message that came in one piece.
pub(super) fn whole(body: &[u8], events: Events<'_>) -> Result<(), CallError> {
    let Some(value) = lenient::parse(body) else {
        return Err(if lenient::is_cut_document(body) {
            failure::interrupted(SERVER, "its message was whole")
        } else {
            failure::foreign(SERVER, body)
        });
    };
    if value.get("error").is_some_and(|error| !error.is_null()) {
        return Err(reported(&value, Some(200)));
    }
    let Some(blocks) = value.get("content").and_then(Value::as_array) else {
        return Err(failure::foreign(SERVER, body));
    };
    if let Some(model) = words(&value, "model") {
        events(ProviderEvent::Model(model.to_owned()));
    }
    for block in blocks {
        if text(block, "type") == Some("tool_use") {
            events(ProviderEvent::ToolCall(OpenTool::new(block).finish()));
        } else if let Some(said) = block_text(block) {
            events(said);
        }
    }
    let mut usage = Reported::default();
    usage.read(value.get("usage").unwrap_or(&Value::Null));
    if usage.usage().is_known() {
        events(ProviderEvent::Usage(usage.usage()));
    }
    let Some(raw) = words(&value, "stop_reason") else {
        return Err(failure::interrupted(SERVER, "its `stop_reason`"));
    };
    finish(&value, raw, events);
    Ok(())
}

/// What a block says by itself.
fn block_text(block: &Value) -> Option<ProviderEvent> {
    match text(block, "type") {
        Some("text") => words(block, "text").map(|text| ProviderEvent::Text(text.to_owned())),
        Some("thinking") => {
            words(block, "thinking").map(|text| ProviderEvent::Reasoning(text.to_owned()))
        }
        _ => None,
    }
}

/// Why the model stopped; a refusal's explanation stands beside the reason.
fn finish(holder: &Value, raw: &str, events: Events<'_>) {
    let reason = match raw {
        "end_turn" | "stop_sequence" => FinishReason::Stop,
        "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
        "tool_use" => FinishReason::ToolUse,
        "pause_turn" => FinishReason::Pause,
        "refusal" => FinishReason::Refusal,
        _ => FinishReason::Unknown,
    };
    if reason == FinishReason::Refusal
        && let Some(details) = holder.get("stop_details")
        && let Some(why) = words(details, "explanation").or_else(|| words(details, "category"))
    {
        events(ProviderEvent::Refusal(why.to_owned()));
    }
    events(ProviderEvent::Finish { reason, raw: raw.to_owned() });
}

/// The counts as reported so far. The input's three parts lie beside each other here.
#[derive(Clone, Copy, Debug, Default)]
struct Reported {
    fresh: Option<u64>,
    read: Option<u64>,
    written: Option<u64>,
    /// Of what was written, what is kept for an hour.
    written_for_an_hour: Option<u64>,
    output: Option<u64>,
    /// The output count of the answer's beginning.
    first: Option<u64>,
    thinking: Option<u64>,
}

impl Reported {
    /// Later counts replace earlier ones, each by itself: they are sums, and a report may leave
    /// out what it does not change.
    fn read(&mut self, usage: &Value) {
        let details = usage.get("output_tokens_details").unwrap_or(&Value::Null);
        let written = usage.get("cache_creation").unwrap_or(&Value::Null);
        for (kept, now) in [
            (&mut self.fresh, count(usage, "input_tokens")),
            (&mut self.read, count(usage, "cache_read_input_tokens")),
            (&mut self.written, count(usage, "cache_creation_input_tokens")),
            (&mut self.written_for_an_hour, count(written, "ephemeral_1h_input_tokens")),
            (&mut self.output, count(usage, "output_tokens")),
            (&mut self.thinking, count(details, "thinking_tokens")),
        ] {
            *kept = now.or(*kept);
        }
    }

    fn keep_back_output(&mut self) {
        self.first = self.output.take();
    }

    /// Whether the first figure has just become the count, as nothing better came.
    fn take_unsaid_output(&mut self) -> bool {
        let unsaid = self.output.is_none() && self.first.is_some();
        self.output = self.output.or(self.first);
        unsaid
    }

    fn usage(&self) -> Usage {
        let beside = self.read.unwrap_or(0).saturating_add(self.written.unwrap_or(0));
        Usage {
            input_tokens: self.fresh.map(|fresh| fresh.saturating_add(beside)),
            output_tokens: self.output,
            cached_input_tokens: self.read,
            cache_write_tokens: self.written,
            cache_write_hour_tokens: self.written_for_an_hour,
            reasoning_tokens: self.thinking,
            estimated: false,
        }
    }
}

fn index(value: &Value) -> Option<u64> {
    count(value, "index")
}

/// Whether an event's name is one of the protocol's own.
fn known(name: &[u8]) -> bool {
    matches!(
        name,
        b"message_start"
            | b"message_delta"
            | b"message_stop"
            | b"content_block_start"
            | b"content_block_delta"
            | b"content_block_stop"
            | b"ping"
    )
}
