//! A record with secrets taken out, whichever of its texts they stand in.

use serde_json::{Map, Value};

use crate::{
    model::{Attempt, CallError, ChunkKind, ChunkLog, Execution, Redactions, ToolCall},
    safety::redact::Redactor,
};

/// The record as it may be written, and what was taken out; the log of its chunks fitted to
/// texts that became shorter or longer. `None` where there is nothing to take out.
///
/// What stands in the inputs stands in the messages again, and the error of the last attempt is
/// the call's: each is counted once.
#[must_use]
pub fn redacted(
    redactor: &Redactor,
    execution: &Execution,
    chunks: &ChunkLog,
) -> Option<(Execution, ChunkLog)> {
    if redactor.is_idle() {
        return None;
    }
    let mut record = execution.clone();
    let mut asked = Redactions::default();
    for message in &mut record.messages {
        text(redactor, &mut message.content, &mut asked);
    }
    let mut given = Redactions::default();
    for input in record.inputs.values_mut() {
        value(redactor, input, &mut given);
    }
    let mut found = asked.larger(&given);

    let mut changed = Vec::new();
    for (kind, field) in [
        (ChunkKind::Text, &mut record.text),
        (ChunkKind::Reasoning, &mut record.reasoning),
        (ChunkKind::Refusal, &mut record.refusal),
    ] {
        if text(redactor, field, &mut found) {
            changed.push(kind);
        }
    }
    for call in &mut record.tool_calls {
        tool_call(redactor, call, &mut found);
    }
    let mut last = Redactions::default();
    if let Some(error) = &mut record.error {
        call_error(redactor, error, &mut last);
    }
    let mut all = Redactions::default();
    for one in &mut record.attempts {
        attempt(redactor, one, &mut all);
    }
    found.join(&last.larger(&all));
    for check in &mut record.checks {
        text(redactor, &mut check.reason, &mut found);
    }
    for field in record.tags.values_mut() {
        text(redactor, field, &mut found);
    }
    let mut sent = Redactions::default();
    let mut requested = Redactions::default();
    object(redactor, &mut record.parameters.requested, &mut requested);
    object(redactor, &mut record.parameters.sent, &mut sent);
    found.join(&requested.larger(&sent));
    for field in record.finish_reason_raw.iter_mut().chain(&mut record.response_model) {
        text(redactor, field, &mut found);
    }

    if found.is_empty() {
        return None;
    }
    record.redactions.join(&found);
    let chunks =
        if changed.is_empty() { chunks.clone() } else { fitted(redactor, execution, chunks) };
    Some((record, chunks))
}

/// Takes out what is found in a text; whether anything was.
fn text(redactor: &Redactor, field: &mut String, found: &mut Redactions) -> bool {
    if field.is_empty() {
        return false;
    }
    // A stream breaks off anywhere and a server's words are cut where they are long: in the
    // middle of a key, perhaps.
    let redacted = redactor.redact_cut(field);
    if redacted.found.is_empty() {
        return false;
    }
    found.join(&redacted.found);
    let new = redacted.text.into_owned();
    *field = new;
    true
}

/// Takes out what is found in the texts of a JSON value, names of fields included.
pub(super) fn value(redactor: &Redactor, field: &mut Value, found: &mut Redactions) {
    match field {
        Value::String(field) => {
            text(redactor, field, found);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| value(redactor, item, found)),
        Value::Object(fields) => object(redactor, fields, found),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn object(redactor: &Redactor, fields: &mut Map<String, Value>, found: &mut Redactions) {
    let names = |name: &String| !redactor.redact(name).found.is_empty();
    if fields.keys().any(names) {
        for (mut name, field) in std::mem::take(fields) {
            text(redactor, &mut name, found);
            fields.insert(name, field);
        }
    }
    fields.values_mut().for_each(|field| value(redactor, field, found));
}

/// The arguments as text and as JSON say the same thing and are counted once.
fn tool_call(redactor: &Redactor, call: &mut ToolCall, found: &mut Redactions) {
    let mut raw = Redactions::default();
    text(redactor, &mut call.arguments_raw, &mut raw);
    let mut parsed = Redactions::default();
    if let Some(arguments) = &mut call.arguments {
        // Beside a name that only the text shows, more may be found in it than in the values.
        match serde_json::from_str(&call.arguments_raw) {
            Ok(again) if !raw.is_empty() => *arguments = again,
            _ => value(redactor, arguments, &mut parsed),
        }
    }
    found.join(&raw.larger(&parsed));
}

/// Takes out what is found in what an attempt was told, was asked and answered.
pub(super) fn attempt(redactor: &Redactor, attempt: &mut Attempt, found: &mut Redactions) {
    if let Some(error) = &mut attempt.error {
        call_error(redactor, error, found);
    }
    for message in &mut attempt.messages {
        text(redactor, &mut message.content, found);
    }
    let more = [&mut attempt.text, &mut attempt.request_id, &mut attempt.error_body];
    for other in more.into_iter().flatten() {
        text(redactor, other, found);
    }
}

pub(super) fn call_error(redactor: &Redactor, error: &mut CallError, found: &mut Redactions) {
    text(redactor, &mut error.message, found);
    let rest = error.hint.iter_mut().chain(&mut error.provider_code).chain(&mut error.request_id);
    for field in rest {
        text(redactor, field, found);
    }
}

/// The log with the sizes that the pieces have once what was found in them is replaced.
fn fitted(redactor: &Redactor, execution: &Execution, chunks: &ChunkLog) -> ChunkLog {
    let fields = [
        (ChunkKind::Text, &execution.text),
        (ChunkKind::Reasoning, &execution.reasoning),
        (ChunkKind::Refusal, &execution.refusal),
    ];
    let mut rest = fields.map(|(kind, field)| (kind, field.as_str(), redactor.stream()));
    let last = fields.map(|(kind, _)| chunks.iter().filter(|chunk| chunk.1 == kind).count());
    let mut seen = [0; 3];
    let mut log = ChunkLog::default();
    for (at, kind, added) in chunks.iter() {
        let Some(index) = rest.iter().position(|(of, ..)| *of == kind) else {
            log.push(at, kind, added);
            continue;
        };
        let (_, text, stream) = &mut rest[index];
        let (piece, after) = text.split_at_checked(added).unwrap_or((*text, ""));
        *text = after;
        let mut out = String::new();
        stream.push(piece, &mut out);
        seen[index] += 1;
        if seen[index] == last[index] {
            stream.push(after, &mut out);
            stream.finish(&mut out);
        }
        log.push(at, kind, out.len());
    }
    log
}
