//! A record with secrets taken out, whichever of its texts they stand in.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::{Map, Value};

use crate::{
    model::{
        Attempt, CallError, Check, ChunkKind, ChunkLog, ContentHash, DroppedParameter, Execution,
        Message, Quality, Redactions, SentParameters, TemplateId, ToolCall,
    },
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
    let mut found = Redactions::default();
    let mut changed = Vec::new();
    // Named one by one, so that no field can be added and forgotten here.
    let Execution {
        id: _,
        run_id: _,
        template: id,
        version,
        content_hash,
        variant: _,
        provider,
        model,
        response_model,
        status: _,
        inputs,
        messages,
        text: answer,
        reasoning,
        refusal,
        tool_calls,
        finish_reason: _,
        finish_reason_raw,
        parameters,
        usage: _,
        cost_usd: _,
        spend: _,
        timing: _,
        attempts,
        cache: _,
        reused: _,
        checks,
        quality,
        tags,
        rating: _,
        error,
        redactions: _,
    } = &mut record;

    let mut asked = Redactions::default();
    for message in messages {
        self::message(redactor, message, &mut asked);
    }
    let mut given = Redactions::default();
    named(redactor, inputs, &mut given, value);
    found.join(&asked.larger(&given));
    for (kind, field) in [
        (ChunkKind::Text, answer),
        (ChunkKind::Reasoning, reasoning),
        (ChunkKind::Refusal, refusal),
    ] {
        if text(redactor, field, &mut found) {
            changed.push(kind);
        }
    }
    for call in tool_calls {
        tool_call(redactor, call, &mut found);
    }
    let mut last = Redactions::default();
    if let Some(error) = error {
        call_error(redactor, error, &mut last);
    }
    let mut all = Redactions::default();
    let mut asked_of = Redactions::default();
    for attempt in attempts {
        self::attempt(redactor, attempt, &mut all, &mut asked_of);
    }
    found.join(&last.larger(&all));
    for check in checks {
        self::check(redactor, check, &mut found);
    }
    let Quality { overall: _, dimensions, measured } = quality;
    named(redactor, dimensions, &mut found, |_, _, _| {});
    for dimension in measured {
        text(redactor, dimension, &mut found);
    }
    named(redactor, tags, &mut found, |redactor, tag, found| {
        text(redactor, tag, found);
    });
    sent(redactor, parameters, &mut found);
    for field in finish_reason_raw.iter_mut().chain(response_model) {
        text(redactor, field, &mut found);
    }
    let mut names = Redactions::default();
    self::names(redactor, [provider, model], &mut names);
    found.join(&names.larger(&asked_of));
    stamp(&redactor.keys_alone(), id, version, content_hash, &mut found);

    if found.is_empty() {
        return None;
    }
    record.redactions.join(&found);
    let chunks =
        if changed.is_empty() { chunks.clone() } else { fitted(redactor, execution, chunks) };
    Some((record, chunks))
}

/// A template, or a version, whose name holds a key is not named: nothing else could be.
fn stamp(
    keys: &Redactor,
    id: &mut Option<TemplateId>,
    version: &mut Option<Version>,
    content_hash: &mut Option<ContentHash>,
    found: &mut Redactions,
) {
    let mut holds_key = |name: Option<String>| {
        let redacted = keys.redact(name.as_deref().unwrap_or_default()).found;
        found.join(&redacted);
        !redacted.is_empty()
    };
    if holds_key(id.as_ref().map(ToString::to_string)) {
        (*id, *version, *content_hash) = (None, None, None);
    }
    if holds_key(version.as_ref().map(ToString::to_string)) {
        *version = None;
    }
    if holds_key(content_hash.as_ref().map(ToString::to_string)) {
        *content_hash = None;
    }
}

fn message(redactor: &Redactor, message: &mut Message, found: &mut Redactions) {
    let Message { role: _, content } = message;
    text(redactor, content, found);
}

/// Takes out what is found in what an attempt was told, was asked and answered.
pub(super) fn attempt(
    redactor: &Redactor,
    attempt: &mut Attempt,
    found: &mut Redactions,
    asked_of: &mut Redactions,
) {
    let Attempt {
        provider,
        model,
        started_at: _,
        duration_ms: _,
        status: _,
        error,
        request_id,
        error_body,
        strategy: _,
        messages,
        text: answer,
        reason,
        usage: _,
        cost_usd: _,
    } = attempt;
    if let Some(error) = error {
        call_error(redactor, error, found);
    }
    for message in messages {
        self::message(redactor, message, found);
    }
    for other in answer.iter_mut().chain(reason).chain(request_id).chain(error_body) {
        text(redactor, other, found);
    }
    names(redactor, [provider, model], asked_of);
}

/// Takes keys out of the names of a provider and its model, which stay as they are but for them.
pub(super) fn names(redactor: &Redactor, names: [&mut String; 2], found: &mut Redactions) {
    let keys = redactor.keys_alone();
    for name in names {
        text(&keys, name, found);
    }
}

fn check(redactor: &Redactor, check: &mut Check, found: &mut Redactions) {
    let Check { kind, name, passed: _, score: _, reason } = check;
    for field in [kind, name, reason] {
        text(redactor, field, found);
    }
}

/// What is asked for and what is sent say the same thing and are counted once.
fn sent(redactor: &Redactor, parameters: &mut SentParameters, found: &mut Redactions) {
    let SentParameters { requested, sent, dropped } = parameters;
    let mut asked = Redactions::default();
    object(redactor, requested, &mut asked);
    let mut given = Redactions::default();
    object(redactor, sent, &mut given);
    found.join(&asked.larger(&given));
    for DroppedParameter { name, reason } in dropped {
        text(redactor, name, found);
        text(redactor, reason, found);
    }
}

/// Takes out what is found in the names of a map, and in its values as `each` does.
pub(super) fn named<T>(
    redactor: &Redactor,
    map: &mut BTreeMap<String, T>,
    found: &mut Redactions,
    each: impl Fn(&Redactor, &mut T, &mut Redactions),
) {
    for field in map.values_mut() {
        each(redactor, field, found);
    }
    if map.keys().any(|name| holds_something(redactor, name)) {
        let fields = std::mem::take(map);
        for (mut name, field) in fields {
            text(redactor, &mut name, found);
            map.insert(free(name, |name| map.contains_key(name)), field);
        }
    }
}

fn holds_something(redactor: &Redactor, text: &str) -> bool {
    !redactor.redact_cut(text).found.is_empty()
}

/// A name that is not taken: two that differ in what was taken out of them stay two.
fn free(name: String, taken: impl Fn(&str) -> bool) -> String {
    if !taken(&name) {
        return name;
    }
    let numbered = (2_u32..).map(|number| format!("{name} {number}"));
    numbered.into_iter().find(|name| !taken(name)).unwrap_or(name)
}

/// Takes out what is found in a text; whether anything was.
pub(super) fn text(redactor: &Redactor, field: &mut String, found: &mut Redactions) -> bool {
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
    if fields.keys().any(|name| holds_something(redactor, name)) {
        for (mut name, field) in std::mem::take(fields) {
            text(redactor, &mut name, found);
            fields.insert(free(name, |name| fields.contains_key(name)), field);
        }
    }
    fields.values_mut().for_each(|field| value(redactor, field, found));
}

/// The arguments as text and as JSON say the same thing and are counted once.
fn tool_call(redactor: &Redactor, call: &mut ToolCall, found: &mut Redactions) {
    let ToolCall { id, name, arguments, arguments_raw } = call;
    // What an id looks like says nothing; that it is a key says all.
    text(&redactor.keys_alone(), id, found);
    text(redactor, name, found);
    let mut raw = Redactions::default();
    text(redactor, arguments_raw, &mut raw);
    let mut parsed = Redactions::default();
    if let Some(arguments) = arguments {
        // Beside a name that only the text shows, more may be found in it than in the values; and
        // in the values what the text writes in another way.
        match serde_json::from_str(arguments_raw) {
            Ok(again) if !raw.is_empty() => *arguments = again,
            _ => {}
        }
        value(redactor, arguments, &mut parsed);
    }
    found.join(&raw.larger(&parsed));
}

pub(super) fn call_error(redactor: &Redactor, error: &mut CallError, found: &mut Redactions) {
    let CallError {
        kind: _,
        message,
        hint,
        http_status: _,
        provider_code,
        retryable: _,
        retry_after_ms: _,
        request_id,
        parameter: _,
        of_this_side: _,
    } = error;
    text(redactor, message, found);
    for field in hint.iter_mut().chain(provider_code).chain(request_id) {
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
