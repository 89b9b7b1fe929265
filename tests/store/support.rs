//! Records to keep and databases to keep them in.

use std::{collections::BTreeMap, path::Path, time::Duration};

use jiff::Timestamp;
use promptlathe::{
    model::{
        Attempt, CacheState, CallError, Check, ChunkKind, ChunkLog, ContentHash, ErrorKind,
        Execution, ExecutionId, FinishReason, Message, ModelRef, Quality, Role, RunId,
        SentParameters, Status, Strategy, TemplateId, Timing, ToolCall, Usage, VariantName,
    },
    store::{OpenReport, Store, StoreError, StoreOptions},
};
use serde_json::json;
use uuid::Uuid;

pub fn open(path: &Path) -> Store {
    open_reported(path).0
}

pub fn open_reported(path: &Path) -> (Store, OpenReport) {
    try_open(path).expect("the database opens")
}

pub fn try_open(path: &Path) -> Result<(Store, OpenReport), StoreError> {
    Store::open(
        &StoreOptions::file(path).workspace("test").busy_timeout(Duration::from_millis(200)),
    )
}

/// A folder that is as private as the store wants it.
pub fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

/// What SQLite says of the whole file: `ok`, or what is wrong.
pub fn integrity(path: &Path) -> String {
    let connection = rusqlite::Connection::open(path).expect("opens");
    let words = "INSERT INTO search (search) VALUES ('integrity-check')";
    if let Err(error) = connection.execute(words, []) {
        return format!("the search: {error}");
    }
    connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked")
}

pub fn execution(template: &str, text: &str) -> Execution {
    Execution {
        id: ExecutionId(Uuid::now_v7()),
        run_id: RunId(Uuid::now_v7()),
        template: Some(TemplateId::new(template).expect("an id")),
        version: Some(semver::Version::new(1, 2, 3)),
        content_hash: Some(ContentHash::of(b"content")),
        variant: VariantName::A,
        provider: "demo".to_owned(),
        model: "fast".to_owned(),
        response_model: None,
        status: Status::Ok,
        inputs: BTreeMap::from([("message".to_owned(), json!("hello"))]),
        messages: vec![Message { role: Role::User, content: "Say something.".to_owned() }],
        text: text.to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: Some(FinishReason::Stop),
        finish_reason_raw: Some("stop".to_owned()),
        parameters: SentParameters::default(),
        usage: Usage { input_tokens: Some(10), output_tokens: Some(20), ..Usage::default() },
        cost_usd: Some(0.001),
        spend: None,
        timing: Timing {
            total_ms: Some(500),
            ttft_ms: Some(100),
            ..Timing::started(Timestamp::now())
        },
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: BTreeMap::new(),
        rating: None,
        error: None,
        redactions: promptlathe::model::Redactions::default(),
    }
}

/// A record in which everything that can be there is there.
pub fn full() -> Execution {
    let error = CallError {
        hint: Some("wait".to_owned()),
        http_status: Some(429),
        provider_code: Some("slow_down".to_owned()),
        retry_after_ms: Some(1500),
        request_id: Some("req_1".to_owned()),
        ..CallError::new(ErrorKind::RateLimit, "too fast\u{1b}[31m")
    };
    Execution {
        response_model: Some("fast-2026".to_owned()),
        reasoning: "hm \0 hm".to_owned(),
        refusal: "no".to_owned(),
        tool_calls: vec![ToolCall {
            id: "call_1".to_owned(),
            name: "look".to_owned(),
            arguments: None,
            arguments_raw: "{broken".to_owned(),
        }],
        parameters: SentParameters {
            requested: json!({"temperature": 0.1}).as_object().cloned().unwrap_or_default(),
            sent: json!({"temperature": 0.1, "max_completion_tokens": 5})
                .as_object()
                .cloned()
                .unwrap_or_default(),
            dropped: vec![promptlathe::model::DroppedParameter {
                name: "top_k".to_owned(),
                reason: "not known there".to_owned(),
            }],
        },
        usage: Usage {
            input_tokens: Some(7),
            output_tokens: None,
            cached_input_tokens: Some(3),
            cache_write_tokens: Some(1),
            cache_write_hour_tokens: Some(1),
            reasoning_tokens: Some(0),
            estimated: true,
        },
        attempts: vec![Attempt {
            strategy: Some(Strategy::FormatFix),
            messages: vec![Message::new(Role::User, "again")],
            text: Some("not kept".to_owned()),
            usage: Some(Usage { output_tokens: Some(2), ..Usage::default() }),
            request_id: Some("req-1".to_owned()),
            error_body: Some("{\"error\":\u{1b}}".to_owned()),
            ..Attempt::new(
                &ModelRef::new("demo", "fast"),
                Timestamp::UNIX_EPOCH,
                12,
                &Err(error.clone()),
            )
        }],
        checks: vec![Check {
            kind: "contains".to_owned(),
            name: "has a word".to_owned(),
            passed: false,
            score: Some(0.1 + 0.2),
            reason: "it has not".to_owned(),
        }],
        quality: Quality {
            overall: Some(1.0 / 3.0),
            dimensions: BTreeMap::from([("clarity".to_owned(), 0.7)]),
            measured: vec!["clarity".to_owned()],
        },
        tags: BTreeMap::from([("suite".to_owned(), "smoke".to_owned())]),
        rating: Some(4),
        status: Status::Error,
        error: Some(error),
        ..execution("folder/one", "first line\nsecond \u{202e}line")
    }
}

pub fn chunks() -> ChunkLog {
    let mut log = ChunkLog::default();
    log.push(100_000, ChunkKind::Text, 5);
    log.push(160_000, ChunkKind::Text, 7);
    log
}

pub async fn keep(store: &Store, execution: &Execution) {
    store.finish(execution, &ChunkLog::default()).await.expect("kept");
}
