//! Replies of chat completions, streamed or whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{SERVER, error_in, plain, reported};
use crate::{
    model::{CallError, ErrorKind, FinishReason, ProviderEvent, ToolCall, ToolPiece, Usage},
    provider::{
        failure,
        form::Form,
        lenient::{self, count, words},
        protocol::Decoder,
        quirks::{Quirks, UsagePlace},
    },
};

/// Reads one streamed answer.
pub(super) struct Reader {
    quirks: &'static Quirks,
    frames: u64,
    /// Of the last frame, where it was a piece of text and nothing else.
    form: Form,
    model: Option<String>,
    tools: Tools,
    refused: bool,
    /// Whether a reason to stop was given.
    finished: bool,
    done: bool,
}

impl Decoder for Reader {
    fn frame(
        &mut self,
        name: &[u8],
        data: &[u8],
        events: &mut dyn FnMut(ProviderEvent),
    ) -> Result<bool, CallError> {
        if data.trim_ascii().is_empty() {
            return Ok(false);
        }
        self.frames += 1;
        // To the byte: a model could be made to say something that only looks like it.
        if data == b"[DONE]" {
            self.done = true;
            self.tools.deliver(events);
            return Ok(true);
        }
        if name.is_empty() {
            if let Some(piece) = self.form.piece(data) {
                events(ProviderEvent::Text(piece.to_owned()));
                return Ok(false);
            }
            if let Some((model, piece)) = plain::read(data) {
                self.form.learn(data, &piece);
                self.named(model.filter(|model| !model.is_empty()), events);
                events(ProviderEvent::Text(piece.into_owned()));
                return Ok(false);
            }
        }
        // It may name another model, after which the next text is of that one.
        self.form.forget();
        if name == b"error" {
            let payload =
                lenient::parse(data).unwrap_or_else(|| Value::from(String::from_utf8_lossy(data)));
            return Err(reported(&payload, None));
        }
        let Some(value) = lenient::parse(data).filter(Value::is_object) else {
            // The last event of a body may lack its last lines.
            return if lenient::is_cut(data) {
                self.end(events).map(|()| false)
            } else {
                Err(failure::broken_frame(SERVER, self.frames))
            };
        };
        if error_in(&value).is_some() {
            return Err(reported(&value, None));
        }
        let mut said = false;
        let mut tell = |event| {
            said = true;
            events(event);
        };
        self.named(words(&value, "model"), &mut tell);
        let choices = value.get("choices").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let first = choices.iter().find(|choice| count(choice, "index").unwrap_or(0) == 0);
        if let Some(choice) = first {
            if error_in(choice).is_some() {
                return Err(reported(choice, None));
            }
            let delta = choice.get("delta").or_else(|| choice.get("message"));
            if let Some(delta) = delta {
                self.refused |= content(delta, self.quirks, &mut tell);
                self.tools.take(delta, &mut tell);
            }
            if let Some(raw) = words(choice, "finish_reason") {
                if self.quirks.is_broken_off(raw) {
                    return Err(broken_off(raw));
                }
                self.finished = true;
                self.tools.deliver(&mut tell);
                tell(finish(raw, self.refused));
            }
        }
        spent(&value, self.quirks, &mut tell);
        if !said {
            events(ProviderEvent::Heartbeat);
        }
        Ok(false)
    }

    fn end(&mut self, events: &mut dyn FnMut(ProviderEvent)) -> Result<(), CallError> {
        if !self.finished && !self.done {
            // What there is of a tool call was told in pieces and is never told as a call: cut
            // short, its arguments may still read as whole ones.
            return Err(failure::interrupted(SERVER, "its finish reason"));
        }
        self.tools.deliver(events);
        Ok(())
    }
}

impl Reader {
    /// A reader of an answer of a server.
    pub(super) fn new(quirks: &'static Quirks) -> Self {
        Self {
            quirks,
            frames: 0,
            form: Form::default(),
            model: None,
            tools: Tools::default(),
            refused: false,
            finished: false,
            done: false,
        }
    }

    /// Tells the model that answers, when it is first named and when it changes.
    fn named(&mut self, model: Option<&str>, events: &mut dyn FnMut(ProviderEvent)) {
        if let Some(model) = model.filter(|model| self.model.as_deref() != Some(model)) {
            self.model = Some(model.to_owned());
            events(ProviderEvent::Model(model.to_owned()));
        }
    }
}

/// Reads an answer that came whole.
pub(super) fn whole(
    body: &[u8],
    quirks: &Quirks,
    events: &mut dyn FnMut(ProviderEvent),
) -> Result<(), CallError> {
    let Some(value) = lenient::parse(body) else {
        return Err(if lenient::is_cut_document(body) {
            failure::interrupted(SERVER, "the end of its document")
        } else {
            failure::foreign(SERVER, body)
        });
    };
    if error_in(&value).is_some() {
        return Err(reported(&value, None));
    }
    let choice = value
        .get("choices")
        .and_then(Value::as_array)
        .and_then(|choices| choices.first())
        .ok_or_else(|| failure::foreign(SERVER, body))?;
    if let Some(model) = words(&value, "model") {
        events(ProviderEvent::Model(model.to_owned()));
    }
    let mut refused = false;
    let mut tools = Tools::default();
    if let Some(message) = choice.get("message").or_else(|| choice.get("delta")) {
        refused = content(message, quirks, events);
        tools.take(message, &mut |_| {});
    }
    tools.deliver(events);
    spent(&value, quirks, events);
    match words(choice, "finish_reason") {
        Some(raw) if quirks.is_broken_off(raw) => Err(broken_off(raw)),
        Some(raw) => {
            events(finish(raw, refused));
            Ok(())
        }
        None => Err(failure::interrupted(SERVER, "its finish reason")),
    }
}

/// Delivers reasoning, text and refusal of a delta or message; whether there was a refusal.
fn content(delta: &Value, quirks: &Quirks, events: &mut dyn FnMut(ProviderEvent)) -> bool {
    let reasoning = quirks.reasoning_in(delta);
    if let Some(reasoning) = reasoning {
        events(ProviderEvent::Reasoning(reasoning));
    }
    match delta.get("content") {
        Some(Value::String(piece)) if !piece.is_empty() => {
            events(ProviderEvent::Text(piece.clone()));
        }
        Some(Value::Array(parts)) => {
            for part in parts {
                if let Some(thinking) = part.get("thinking") {
                    for thought in thinking.as_array().into_iter().flatten() {
                        if let Some(piece) = words(thought, "text") {
                            events(ProviderEvent::Reasoning(piece.to_owned()));
                        }
                    }
                } else if let Some(piece) = words(part, "text") {
                    events(ProviderEvent::Text(piece.to_owned()));
                } else if let Some(piece) = words(part, "refusal") {
                    events(ProviderEvent::Refusal(piece.to_owned()));
                }
            }
        }
        _ => {}
    }
    match words(delta, "refusal") {
        Some(refusal) => {
            events(ProviderEvent::Refusal(refusal.to_owned()));
            true
        }
        None => false,
    }
}

fn finish(raw: &str, refused: bool) -> ProviderEvent {
    let reason = match raw {
        "stop" | "eos" | "end_turn" if refused => FinishReason::Refusal,
        "stop" | "eos" | "end_turn" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" => FinishReason::ToolUse,
        "content_filter" => FinishReason::ContentFilter,
        _ => FinishReason::Unknown,
    };
    ProviderEvent::Finish { reason, raw: failure::quoted(raw) }
}

/// The error of an answer whose reason to stop is that the server broke it off.
fn broken_off(raw: &str) -> CallError {
    let overloaded = raw == "insufficient_system_resource";
    let kind = if overloaded { ErrorKind::Overloaded } else { ErrorKind::Server };
    let mut error = CallError::new(kind, format!("{SERVER} broke off the answer: {raw}"))
        .hint("what arrived is kept; send again for a whole answer")
        .retryable();
    error.provider_code = Some(raw.to_owned());
    error
}

/// Tells what a chunk or reply says of its usage and of what it cost.
fn spent(value: &Value, quirks: &Quirks, events: &mut dyn FnMut(ProviderEvent)) {
    if let Some(usage) = usage(value, quirks) {
        events(ProviderEvent::Usage(usage));
    }
    if let Some(cost) = quirks.cost_in(value) {
        events(ProviderEvent::Cost(cost));
    }
}

/// What a chunk or reply says of its usage, wherever the server puts it.
fn usage(value: &Value, quirks: &Quirks) -> Option<Usage> {
    let (place, counts) = quirks.usage_in(value)?;
    let read = if place == UsagePlace::Timings {
        let cached = count(counts, "cache_n");
        Usage {
            input_tokens: Some(count(counts, "prompt_n")? + cached.unwrap_or(0)),
            output_tokens: Some(count(counts, "predicted_n")?),
            cached_input_tokens: cached,
            ..Usage::default()
        }
    } else {
        let within = |outer, name| counts.get(outer).and_then(|details| count(details, name));
        Usage {
            input_tokens: count(counts, "prompt_tokens"),
            output_tokens: count(counts, "completion_tokens"),
            cached_input_tokens: quirks.cached_in(counts),
            cache_write_tokens: within("prompt_tokens_details", "cache_write_tokens"),
            reasoning_tokens: within("completion_tokens_details", "reasoning_tokens"),
            ..Usage::default()
        }
    };
    read.is_known().then_some(read)
}

/// Tool calls as they come in pieces, by their index.
#[derive(Default)]
struct Tools {
    calls: BTreeMap<u64, Partial>,
    last: u64,
    /// Whether any came as `tool_calls` and not in the form before it.
    told_as_calls: bool,
}

#[derive(Default)]
struct Partial {
    id: String,
    name: String,
    arguments: String,
}

impl Tools {
    /// Takes in the pieces of a delta and tells each of them.
    fn take(&mut self, delta: &Value, events: &mut dyn FnMut(ProviderEvent)) {
        let pieces =
            delta.get("tool_calls").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for piece in pieces {
            let index = count(piece, "index").unwrap_or_else(|| {
                // Without an index, a piece with an id begins a call and one without goes on.
                match words(piece, "id") {
                    Some(id) if self.calls.get(&self.last).is_some_and(|call| call.id != id) => {
                        self.last + 1
                    }
                    _ => self.last,
                }
            });
            self.last = index;
            let function = piece.get("function").unwrap_or(&Value::Null);
            self.add(index, words(piece, "id"), function, events);
        }
        // Some servers tell a call in its old form too, beside the new one.
        self.told_as_calls |= !pieces.is_empty();
        let old = delta.get("function_call").filter(|call| call.is_object());
        if let Some(function) = old.filter(|_| !self.told_as_calls) {
            self.add(0, None, function, events);
        }
    }

    fn add(
        &mut self,
        index: u64,
        id: Option<&str>,
        function: &Value,
        events: &mut dyn FnMut(ProviderEvent),
    ) {
        let mut piece = ToolPiece { index, ..ToolPiece::default() };
        let call = self.calls.entry(index).or_default();
        if let Some(id) = id
            && call.id.is_empty()
        {
            id.clone_into(&mut call.id);
            id.clone_into(&mut piece.id);
        }
        if let Some(name) = words(function, "name")
            && call.name.is_empty()
        {
            name.clone_into(&mut call.name);
            name.clone_into(&mut piece.name);
        }
        match function.get("arguments") {
            Some(Value::String(text)) => piece.arguments.clone_from(text),
            Some(whole @ Value::Object(_)) => piece.arguments = whole.to_string(),
            _ => {}
        }
        call.arguments.push_str(&piece.arguments);
        if !(piece.id.is_empty() && piece.name.is_empty() && piece.arguments.is_empty()) {
            events(ProviderEvent::ToolPiece(piece));
        }
    }

    fn deliver(&mut self, events: &mut dyn FnMut(ProviderEvent)) {
        for (_, call) in std::mem::take(&mut self.calls) {
            // A call without arguments is a call with none.
            let raw = call.arguments;
            let arguments = match raw.trim() {
                "" => Some(Value::Object(serde_json::Map::new())),
                text => lenient::parse(text.as_bytes()),
            };
            events(ProviderEvent::ToolCall(ToolCall {
                id: call.id,
                name: call.name,
                arguments,
                arguments_raw: raw,
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};
    use serde_json::json;

    use super::*;

    /// Chunks that are mostly alike, as those of a stream are.
    fn chunk() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![4 => "[a-c ]{1,3}", 1 => "\\PC{0,3}", 1 => "[\"\\\\\n\u{e9}]{1,2}"];
        let model = prop_oneof![6 => Just(Some("m")), 1 => Just(Some("other")), 1 => Just(None)];
        let more = prop_oneof![
            8 => Just(json!({})),
            1 => Just(json!({"usage": {"prompt_tokens": 3, "completion_tokens": 1}})),
            1 => Just(json!({"usage": null})),
        ];
        let also = select(vec!["content", "content", "content", "reasoning_content", "refusal"]);
        (piece, model, more, also).prop_map(|(piece, model, mut more, also)| {
            more["model"] = model.into();
            more["choices"] = json!([{"index": 0, "delta": {also: piece}}]);
            more.to_string().into_bytes()
        })
    }

    fn read(chunks: &[Vec<u8>], remember: bool) -> Vec<ProviderEvent> {
        let mut reader = Reader::new(Quirks::at("example.com"));
        let mut events = Vec::new();
        for chunk in chunks {
            if !remember {
                reader.form.forget();
            }
            reader.frame(b"", chunk, &mut |event| events.push(event)).expect("it is read");
        }
        events
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        #[test]
        fn what_was_read_before_changes_nothing(chunks in vec(chunk(), 1..8)) {
            prop_assert_eq!(read(&chunks, true), read(&chunks, false));
        }
    }
}
