//! What reaches a recorder, and what does not.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::*;
use crate::{
    config::RedactWhen::{BeforeExport, BeforeStorage, Never},
    engine::{CallSpec, Played, Recorder, forward},
    model::{
        Attempt, CallError, Check, ChunkKind, ChunkLog, ErrorKind, Execution, ExecutionId,
        ModelRef, ProviderEvent, Role, RunId, SentParameters, Status, TemplateStamp, ToolCall,
        VariantName,
    },
    store::{Checkpoint, StoreError},
};

const KEY: &str = "planted/key+0001==";

/// A made-up token, put together so that nobody takes this file for a leak.
fn token() -> String {
    ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6"].concat()
}

fn redaction(settings: RedactionSettings) -> Arc<Redaction> {
    let environment = Environment::from_pairs([("OPENAI_API_KEY", KEY)]);
    let mut all = Settings::built_in(&environment).expect("valid");
    all.redaction = settings;
    Arc::new(Redaction::new(&all, &environment).expect("valid"))
}

/// A record of an answer in these pieces.
pub(in crate::app) fn record(prompt: &str, pieces: &[&str]) -> (Execution, ChunkLog) {
    let spec = CallSpec {
        execution_id: ExecutionId(uuid::Uuid::from_u128(1)),
        variant: VariantName::A,
        stamp: TemplateStamp::default(),
        model: ModelRef::new("openai", "m"),
        messages: vec![Message { role: Role::User, content: prompt.to_owned() }],
        parameters: crate::model::GenerationParameters::default(),
        inputs: BTreeMap::from([("text".to_owned(), json!(prompt))]),
        tags: BTreeMap::new(),
        stream: true,
        cache: crate::model::CacheUse::default(),
        fallback: Vec::new(),
        safeguards: crate::engine::Safeguards::off(),
        expectations: crate::engine::Expectations::default(),
        without: Vec::new(),
        remarks: Vec::new(),
    };
    let after = |index: usize| std::time::Duration::from_millis(index as u64);
    let events = pieces
        .iter()
        .enumerate()
        .map(|(index, piece)| (after(index), ProviderEvent::Text((*piece).to_owned())));
    let played = Played {
        parameters: SentParameters::default(),
        events: events.collect(),
        ended: after(pieces.len()),
        outcome: Ok(()),
    };
    forward(RunId(uuid::Uuid::from_u128(2)), spec, Timestamp::UNIX_EPOCH, played, None)
}

fn sizes(log: &ChunkLog) -> Vec<(ChunkKind, usize)> {
    log.iter().map(|(_, kind, size)| (kind, size)).collect()
}

#[test]
fn whatever_text_of_a_record_holds_a_secret_loses_it() {
    let redaction = redaction(RedactionSettings::default());
    let secret = format!("{KEY} and {}", token());
    let (mut execution, chunks) = record(&secret, &[&secret]);
    let error = CallError::new(ErrorKind::Server, &*secret).hint(&*secret);
    execution.reasoning.clone_from(&secret);
    execution.refusal.clone_from(&secret);
    execution.tool_calls = vec![ToolCall {
        id: "1".to_owned(),
        name: "look".to_owned(),
        arguments: Some(json!({ "of": [secret] })),
        arguments_raw: json!({ "of": [secret] }).to_string(),
    }];
    execution.attempts = vec![Attempt {
        messages: vec![Message { role: Role::User, content: secret.clone() }],
        text: Some(secret.clone()),
        ..Attempt::new(&ModelRef::new("openai", "m"), Timestamp::UNIX_EPOCH, 1, &Err(error.clone()))
    }];
    execution.error = Some(error);
    execution.checks = vec![Check {
        kind: "contains".to_owned(),
        name: "it".to_owned(),
        passed: false,
        score: None,
        reason: secret.clone(),
    }];
    execution.tags.insert("note".to_owned(), secret.clone());
    execution.finish_reason_raw = Some(secret.clone());
    execution.response_model = Some(secret.clone());
    execution.parameters.sent.insert(secret.clone(), json!([{ "deep": secret }]));
    let (redacted, _) = redacted(&redaction.before_storage(), &execution, &chunks).expect("found");
    let written = serde_json::to_string(&redacted).expect("JSON");
    assert!(!written.contains("planted"), "{written}");
    assert!(!written.contains(&token()), "{written}");
    // Messages and inputs, the two forms of arguments: counted once. Of the error and the attempts,
    // whichever hold more.
    let places = 15;
    let counts: BTreeMap<&str, u64> = redacted.redactions.iter().collect();
    assert_eq!(counts, BTreeMap::from([("github-token", places), ("openai-key", places)]));
    assert_eq!(redacted.status, execution.status);
    assert_eq!(redacted.text, "[redacted:openai-key] and [redacted:github-token]");
}

/// A record in which nothing is left out.
fn complete() -> Execution {
    let (mut execution, _) = record("a question", &["an answer"]);
    let usage = crate::model::Usage {
        input_tokens: Some(1),
        output_tokens: Some(1),
        cached_input_tokens: Some(1),
        cache_write_tokens: Some(1),
        cache_write_hour_tokens: Some(1),
        reasoning_tokens: Some(1),
        estimated: false,
    };
    let mut error = CallError::new(ErrorKind::Server, "it failed").hint("try again");
    (error.http_status, error.retry_after_ms) = (Some(500), Some(1));
    (error.provider_code, error.request_id) = (Some("code".into()), Some("req".into()));
    error.parameter = Some(crate::model::Parameter::TopK);
    execution.template = Some(crate::model::TemplateId::new("a/template").expect("an id"));
    execution.version = Some(semver::Version::new(1, 0, 0));
    execution.content_hash = Some(crate::model::ContentHash::of(b"x"));
    execution.response_model = Some("m-2".into());
    execution.reasoning = "because".into();
    execution.refusal = "no".into();
    execution.tool_calls = vec![ToolCall {
        id: "call-1".into(),
        name: "look".into(),
        arguments: Some(json!({ "of": ["it", { "deep": "er" }] })),
        arguments_raw: r#"{"of":["it",{"deep":"er"}]}"#.into(),
    }];
    execution.finish_reason = Some(crate::model::FinishReason::Stop);
    execution.finish_reason_raw = Some("stop".into());
    let map = |json: Value| json.as_object().cloned().expect("a map");
    execution.parameters = SentParameters {
        requested: map(json!({ "stop": ["#"] })),
        sent: map(json!({ "stop_sequences": ["#"] })),
        dropped: vec![crate::model::DroppedParameter { name: "seed".into(), reason: "no".into() }],
    };
    execution.usage = usage;
    execution.cost_usd = Some(0.1);
    execution.spend = Some(crate::model::Spend {
        input: 0.1,
        cached_input: 0.1,
        cache_write: 0.1,
        visible: 0.1,
        reasoning: 0.1,
        retry: 0.1,
    });
    let timing = &mut execution.timing;
    (timing.headers_ms, timing.first_event_ms, timing.ttft_ms) = (Some(1), Some(1), Some(1));
    (timing.total_ms, timing.tokens_per_second) = (Some(1), Some(1.0));
    execution.attempts = vec![Attempt {
        strategy: Some(crate::model::Strategy::FormatFix),
        messages: vec![Message { role: Role::User, content: "again".into() }],
        request_id: Some("req-1".into()),
        error_body: Some("a body".into()),
        text: Some("another".into()),
        usage: Some(usage),
        cost_usd: Some(0.1),
        ..Attempt::new(&ModelRef::new("openai", "m"), Timestamp::UNIX_EPOCH, 1, &Err(error.clone()))
    }];
    execution.reused = Some(crate::model::Reused {
        execution: execution.id,
        answered_at: Timestamp::UNIX_EPOCH,
        similarity: 1.0,
        saved_usage: usage,
        saved_usd: Some(0.1),
    });
    execution.checks = vec![Check {
        kind: "guard".into(),
        name: "output".into(),
        passed: true,
        score: Some(1.0),
        reason: "fine".into(),
    }];
    execution.quality = crate::model::Quality {
        overall: Some(1.0),
        dimensions: BTreeMap::from([("tone".into(), 1.0)]),
        measured: vec!["tone".into()],
    };
    execution.tags = BTreeMap::from([("ticket".into(), "412".into())]);
    execution.rating = Some(5);
    execution.error = Some(error);
    execution.redactions.add("a-rule");
    execution
}

/// Every place of a JSON value at which a word stands: a text, or the name of a field.
fn places(value: &Value, path: &[String], out: &mut Vec<(Vec<String>, bool)>) {
    let below = |step: &str| [path, &[step.to_owned()]].concat();
    match value {
        Value::String(_) => out.push((path.to_vec(), false)),
        Value::Array(items) => {
            assert!(!items.is_empty(), "{path:?} holds nothing");
            for (at, item) in items.iter().enumerate() {
                places(item, &below(&at.to_string()), out);
            }
        }
        Value::Object(fields) => {
            assert!(!fields.is_empty(), "{path:?} holds nothing");
            for (name, field) in fields {
                out.push((below(name), true));
                places(field, &below(name), out);
            }
        }
        Value::Null => panic!("{path:?} holds nothing"),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

fn at<'a>(value: &'a mut Value, path: &[String]) -> &'a mut Value {
    path.iter().fold(value, |value, step| match value {
        Value::Array(items) => &mut items[step.parse::<usize>().expect("a place")],
        other => &mut other[step.as_str()],
    })
}

#[test]
fn a_key_is_kept_in_no_field_there_is() {
    let redaction = redaction(RedactionSettings { secrets: Never, ..RedactionSettings::default() });
    let redactor = redaction.before_storage();
    let whole = serde_json::to_value(complete()).expect("JSON");
    let mut all = Vec::new();
    places(&whole, &[], &mut all);
    let mut planted: Vec<String> = Vec::new();
    for (path, is_name) in all {
        let mut value = whole.clone();
        if is_name {
            let (name, around) = path.split_last().expect("a name");
            let fields = at(&mut value, around).as_object_mut().expect("fields");
            let field = fields.remove(name).expect("the field");
            fields.insert(format!("a {KEY}"), field);
        } else {
            *at(&mut value, &path) = Value::from(format!("it/{KEY}"));
        }
        // What takes no other word than its own, such as a status, cannot hold a key.
        let Ok(execution) = serde_json::from_value::<Execution>(value) else { continue };
        if !serde_json::to_string(&execution).expect("JSON").contains("planted") {
            continue;
        }
        let place = path.join(".");
        // The names of rules are the program's own and the settings'.
        if place.starts_with("redactions.") {
            continue;
        }
        let kept = redacted(&redactor, &execution, &ChunkLog::default());
        let (kept, _) = kept.unwrap_or_else(|| panic!("{place} keeps it"));
        let written = serde_json::to_string(&kept).expect("JSON");
        assert!(!written.contains("planted"), "{place}: {written}");
        assert_eq!(kept.status, execution.status);
        planted.push(place);
    }
    for place in [
        "template",
        "provider",
        "model",
        "response_model",
        "inputs.text",
        "messages.0.content",
        "text",
        "reasoning",
        "refusal",
        "tool_calls.0.id",
        "tool_calls.0.name",
        "tool_calls.0.arguments.of.1.deep",
        "tool_calls.0.arguments_raw",
        "finish_reason_raw",
        "parameters.requested.stop",
        "parameters.sent.stop_sequences.0",
        "parameters.dropped.0.name",
        "parameters.dropped.0.reason",
        "attempts.0.provider",
        "attempts.0.model",
        "attempts.0.error.message",
        "attempts.0.messages.0.content",
        "attempts.0.text",
        "checks.0.kind",
        "checks.0.name",
        "checks.0.reason",
        "quality.dimensions.tone",
        "quality.measured.0",
        "tags.ticket",
        "error.message",
        "error.hint",
        "error.provider_code",
        "error.request_id",
    ] {
        assert!(planted.iter().any(|it| it == place), "{place} was not looked at: {planted:?}");
    }
}

#[test]
fn a_version_that_is_a_key_is_not_named_and_two_names_stay_two() {
    let environment = Environment::from_pairs([("OPENAI_API_KEY", "sk-planted-0001")]);
    let settings = Settings::built_in(&environment).expect("valid");
    let redaction = Redaction::new(&settings, &environment).expect("valid");
    let mut execution = complete();
    execution.version = Some("1.0.0-sk-planted-0001".parse().expect("a version"));
    for (name, value) in [("sk-planted-0001", "one"), ("[redacted:openai-key]", "other")] {
        execution.tags.insert(name.to_owned(), value.to_owned());
        execution.inputs.insert(name.to_owned(), json!(value));
    }
    let (kept, _) =
        redacted(&redaction.before_storage(), &execution, &ChunkLog::default()).expect("found");
    assert_eq!((kept.version, kept.template.is_some()), (None, true));
    assert_eq!((kept.tags.len(), kept.inputs.len()), (3, 3));
}

#[test]
fn arguments_are_freed_of_a_key_however_it_is_written() {
    let redaction = redaction(RedactionSettings { secrets: Never, ..RedactionSettings::default() });
    for written in ["planted\\/key+0001==", "\\u0070lanted\\u002fkey\\u002B0001\\u003d="] {
        let (mut execution, chunks) = record("x", &[&format!("say \"{written}\"")]);
        let raw = format!(r#"{{"k":"{written}"}}"#);
        execution.tool_calls = vec![ToolCall {
            id: "1".to_owned(),
            name: "look".to_owned(),
            arguments: serde_json::from_str(&raw).ok(),
            arguments_raw: raw,
        }];
        let (kept, _) = redacted(&redaction.before_storage(), &execution, &chunks).expect("found");
        assert_eq!(kept.tool_calls[0].arguments_raw, r#"{"k":"[redacted:openai-key]"}"#);
        assert_eq!(kept.tool_calls[0].arguments, Some(json!({"k": "[redacted:openai-key]"})));
        assert_eq!(kept.text, "say \"[redacted:openai-key]\"");
    }
}

#[test]
fn nothing_is_copied_where_nothing_is_found() {
    let redaction = redaction(RedactionSettings::default());
    let (execution, chunks) = record("a question", &["an ", "answer"]);
    assert_eq!(redacted(&redaction.before_storage(), &execution, &chunks), None);
}

#[test]
fn the_log_of_chunks_fits_the_text_that_is_kept() {
    let redaction = redaction(RedactionSettings::default());
    let token = token();
    let (execution, chunks) =
        record("x", &["it is ", &token[..10], &token[10..], " or ", "so", &token]);
    let (redacted, log) =
        redacted(&redaction.before_storage(), &execution, &chunks).expect("found");
    assert_eq!(log.len(), chunks.len());
    let total: usize = sizes(&log).iter().map(|(_, size)| size).sum();
    assert_eq!(total, redacted.text.len());
    let mut rest = redacted.text.as_str();
    for (_, size) in sizes(&log) {
        rest = rest.split_at_checked(size).expect("between characters").1;
    }
    assert_eq!(
        log.iter().map(|it| it.0).collect::<Vec<_>>(),
        chunks.iter().map(|it| it.0).collect::<Vec<_>>()
    );
}

/// Keeps what reaches it.
#[derive(Default)]
struct Kept {
    begun: Mutex<Vec<Execution>>,
    text: Mutex<String>,
    finished: Mutex<Vec<Execution>>,
    attempts: Mutex<Vec<Attempt>>,
    checkpoints: Mutex<Vec<Checkpoint>>,
    /// How many checkpoints are still to fail.
    failing: AtomicUsize,
}

#[async_trait]
impl Recorder for Kept {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        self.begun.lock().unwrap().push(execution.clone());
        Ok(())
    }

    async fn checkpoint(&self, _: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let failing = self.failing.load(Ordering::SeqCst);
        if failing > 0 {
            self.failing.store(failing - 1, Ordering::SeqCst);
            return Err(StoreError::Closed);
        }
        self.text.lock().unwrap().push_str(&checkpoint.text_delta);
        self.checkpoints.lock().unwrap().push(checkpoint.clone());
        self.attempts.lock().unwrap().extend(checkpoint.attempts.unwrap_or_default());
        Ok(())
    }

    async fn finish(&self, execution: &Execution, _: &ChunkLog) -> Result<Redactions, StoreError> {
        self.finished.lock().unwrap().push(execution.clone());
        Ok(Redactions::default())
    }
}

async fn through(
    settings: RedactionSettings,
    prompt: &str,
    pieces: &[&str],
) -> (Arc<Kept>, Redactions) {
    let kept = Arc::new(Kept::default());
    let recorder =
        RedactingRecorder::new(Arc::clone(&kept) as Arc<dyn Recorder>, redaction(settings));
    let (execution, chunks) = record(prompt, pieces);
    let begun = Execution { status: Status::Running, text: String::new(), ..execution.clone() };
    recorder.begin(&begun).await.expect("begun");
    for piece in pieces {
        let checkpoint = Checkpoint { text_delta: (*piece).to_owned(), ..Checkpoint::default() };
        recorder.checkpoint(execution.id, checkpoint).await.expect("kept");
    }
    let found = recorder.finish(&execution, &chunks).await.expect("finished");
    assert!(recorder.coming().is_empty(), "what has ended is forgotten");
    (kept, found)
}

#[tokio::test]
async fn a_secret_that_a_checkpoint_cuts_in_two_is_kept_by_neither() {
    let token = token();
    let text = format!("so it is {token} and {KEY} that were asked for");
    for at in (0..text.len()).step_by(3) {
        let pieces = [&text[..at], &text[at..]];
        let (kept, found) = through(RedactionSettings::default(), &token, &pieces).await;
        let so_far = kept.text.lock().unwrap().clone();
        assert!(!so_far.contains("planted") && !so_far.contains(&token[..12]), "{at}: {so_far}");
        assert!(so_far.starts_with("so it is [redacted:github-token] and "), "{at}: {so_far}");
        assert_eq!(kept.begun.lock().unwrap()[0].messages[0].content, "[redacted:github-token]");
        let finished = kept.finished.lock().unwrap();
        assert_eq!(
            finished[0].text,
            "so it is [redacted:github-token] and [redacted:openai-key] that were asked for"
        );
        assert_eq!(finished[0].redactions, found);
        assert_eq!(found.describe(), "github-token 2, openai-key 1");
    }
}

/// What a failed checkpoint held comes again, and the pieces of a secret are still found.
#[tokio::test]
async fn a_checkpoint_that_fails_neither_loses_nor_doubles_what_is_held_back() {
    let token = token();
    let kept = Arc::new(Kept { failing: AtomicUsize::new(2), ..Kept::default() });
    let inner = Arc::clone(&kept) as Arc<dyn Recorder>;
    let recorder = RedactingRecorder::new(inner, redaction(RedactionSettings::default()));
    let id = ExecutionId(uuid::Uuid::from_u128(1));
    let checkpoint =
        |text: &str| Checkpoint { text_delta: text.to_owned(), ..Checkpoint::default() };
    let (one, other) = token.split_at(12);
    for _ in 0..2 {
        let refused = recorder.checkpoint(id, checkpoint(&format!("it is {one}"))).await;
        assert_eq!(refused, Err(StoreError::Closed));
    }
    recorder.checkpoint(id, checkpoint(&format!("it is {one}"))).await.expect("kept");
    recorder.checkpoint(id, checkpoint(&format!("{other} and so on. "))).await.expect("kept");
    let so_far = kept.text.lock().unwrap().clone();
    assert!(so_far.starts_with("it is [redacted:github-token] and so"), "{so_far}");
}

/// The next answer is a text of its own, and the one put aside is kept without its secrets.
#[tokio::test]
async fn what_is_held_back_of_one_answer_is_not_put_before_the_next() {
    let token = token();
    let kept = Arc::new(Kept::default());
    let inner = Arc::clone(&kept) as Arc<dyn Recorder>;
    let recorder = RedactingRecorder::new(inner, redaction(RedactionSettings::default()));
    let (execution, _) = record("hello", &["a"]);
    let first = format!("first {}", &token[..12]);
    let checkpoint = Checkpoint { text_delta: first, ..Checkpoint::default() };
    recorder.checkpoint(execution.id, checkpoint).await.expect("kept");
    let mut aside = execution.attempts.clone();
    aside[0].text = Some(format!("first {token}"));
    let next = Checkpoint {
        answer: 1,
        attempts: Some(aside),
        text_delta: "second answer. ".to_owned(),
        ..Checkpoint::default()
    };
    recorder.checkpoint(execution.id, next).await.expect("kept");
    let so_far = kept.text.lock().unwrap().clone();
    assert!(so_far.starts_with("first second answer"), "{so_far}");
    let attempts = kept.attempts.lock().unwrap().clone();
    assert_eq!(attempts[0].text.as_deref(), Some("first [redacted:github-token]"));
    recorder.abandon(execution.id);
    assert!(recorder.coming().is_empty(), "a call that fell is forgotten");
}

/// A process that is killed leaves its checkpoints behind, and nothing ever overwrites them.
#[tokio::test]
async fn no_text_of_a_checkpoint_keeps_a_key() {
    let never = RedactionSettings { secrets: Never, ..RedactionSettings::default() };
    for settings in [RedactionSettings::default(), never] {
        let kept = Arc::new(Kept::default());
        let inner = Arc::clone(&kept) as Arc<dyn Recorder>;
        let recorder = RedactingRecorder::new(inner, redaction(settings));
        let (execution, _) = record("hello", &["a"]);
        let told = || format!("it is {KEY} ");
        let mut attempts = execution.attempts.clone();
        attempts[0].request_id = Some(told());
        attempts[0].model = told();
        let checkpoint = Checkpoint {
            answer: 0,
            text_delta: told(),
            reasoning_delta: told(),
            refusal_delta: told(),
            timing: Some(execution.timing.clone()),
            usage: Some(execution.usage),
            response_model: Some(told()),
            attempts: Some(attempts),
            model: Some(ModelRef::new(told(), told())),
        };
        recorder.checkpoint(execution.id, checkpoint).await.expect("kept");
        let checkpoints = format!("{:?}", kept.checkpoints.lock().unwrap());
        assert!(!checkpoints.contains(KEY), "{checkpoints}");
        assert!(checkpoints.contains("it is [redacted:openai-key]"), "{checkpoints}");
    }
}

#[tokio::test]
async fn keys_in_use_are_taken_out_whatever_the_settings_say() {
    let never = RedactionSettings { secrets: Never, ..RedactionSettings::default() };
    let prompt = format!("{KEY} {}", token());
    let (kept, found) = through(never, &prompt, &[&prompt]).await;
    let wanted = format!("[redacted:openai-key] {}", token());
    assert_eq!(kept.finished.lock().unwrap()[0].text, wanted);
    assert_eq!(found.describe(), "openai-key 2");
}

#[test]
fn what_is_taken_out_when_is_as_the_settings_say() {
    let text = format!("{} jane@host.test", token());
    let moments = |secrets, personal| {
        let redaction =
            redaction(RedactionSettings { secrets, personal, ..RedactionSettings::default() });
        let names = |redactor: Redactor| redactor.redact(&text).found.describe();
        (names(redaction.before_storage()), names(redaction.before_export()))
    };
    let (token, mail) = ("github-token 1", "email-address 1");
    let both = format!("{mail}, {token}");
    for (secrets, personal, storage, export) in [
        (BeforeStorage, Never, token, token),
        (BeforeExport, Never, "", token),
        (Never, Never, "", ""),
        (BeforeStorage, BeforeExport, token, &*both),
        (Never, BeforeStorage, mail, mail),
    ] {
        assert_eq!(moments(secrets, personal), (storage.to_owned(), export.to_owned()));
    }
}

#[test]
fn the_secrets_of_a_prompt_are_told_by_kind_and_place_and_never_shown() {
    let redaction = redaction(RedactionSettings::default());
    let message = |role, content: String| Message { role, content };
    let messages = [
        message(Role::System, "You help.".to_owned()),
        message(Role::User, format!("first\n\nit is {} or {KEY}", token())),
    ];
    let found = redaction.secrets_in(&messages);
    assert_eq!(
        found.describe(),
        "the prompt holds what looks like a GitHub token (user message, line 3), \
         a key that is in use (user message, line 3)"
    );
    let shown = format!("{found:?}");
    assert!(!shown.contains(&token()) && !shown.contains("planted"), "{shown}");
    let mut asked = SecretsFound::default();
    assert!(!found.is_within(&asked));
    asked.join(found.clone());
    assert!(found.is_within(&asked));
    let quiet = RedactionSettings { warn: SecretWarning::Never, ..RedactionSettings::default() };
    assert!(self::redaction(quiet).secrets_in(&messages).is_empty());
}

#[test]
fn a_key_that_is_no_longer_than_a_word_is_told() {
    let environment = Environment::from_pairs([("OPENAI_API_KEY", "abc1234"), ("LOCAL", "none")]);
    let mut settings = Settings::built_in(&environment).expect("valid");
    let told = Redaction::too_short(&settings, &environment);
    assert_eq!(told.len(), 1);
    assert!(told[0].starts_with("the key of openai has 7 bytes"), "{told:?}");
    assert!(!told[0].contains("abc1234"), "{told:?}");
    let openai = settings.providers.get_mut("openai").expect("there");
    openai.headers.insert("x-api-key".to_owned(), "word".to_owned());
    let told = Redaction::too_short(&settings, &environment);
    assert_eq!(told.len(), 2);
    assert!(told[1].starts_with("the header `x-api-key` of openai has 4 bytes"), "{told:?}");
    // As it is when a key is fetched.
    let openai = settings.providers.get_mut("openai").expect("there");
    assert!(told_if_short("the key of openai", openai, "word").is_some());
    openai.base_url = url::Url::parse("http://127.0.0.1:1/v1").expect("an address");
    assert_eq!(told_if_short("the key of openai", openai, "word"), None);
    assert_eq!(Redaction::too_short(&settings, &environment), Vec::<String>::new());
}

#[test]
fn a_key_is_called_after_who_takes_it() {
    for (variable, name) in [
        ("OPENAI_API_KEY", "openai"),
        ("ANTHROPIC_AUTH_TOKEN", "anthropic"),
        ("MY_COMPANY_KEY", "my-company"),
    ] {
        assert_eq!(owner(variable), name);
    }
}
