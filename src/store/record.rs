//! Executions as rows and back. What is slow about it (JSON, words) is done on the caller's
//! thread, so that the one writer only binds and steps.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use rusqlite::{Connection, OptionalExtension, params};
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    facts::{self, COLUMNS, Facts, word},
    fault::{Fault, Outcome},
    search::SearchWords,
    time,
};
use crate::model::{
    Attempt, CallError, Check, ChunkLog, ContentHash, Execution, ExecutionId, Message, ModelRef,
    Quality, Redactions, Reused, SentParameters, Spend, TemplateId, Timing, ToolCall, Usage,
    VariantName,
};

/// What of an answer has no column of its own. What can be as large as an answer is borrowed
/// where it is written.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Details<'a> {
    tool_calls: Cow<'a, [ToolCall]>,
    finish_reason_raw: Option<String>,
    parameters: SentParameters,
    attempts: Cow<'a, [Attempt]>,
    checks: Cow<'a, [Check]>,
    quality: Quality,
    error: Option<CallError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spend: Option<Spend>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_write_hour_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reused: Option<Reused>,
    #[serde(skip_serializing_if = "Redactions::is_empty")]
    redactions: Redactions,
}

/// What is known of timing and usage while an answer comes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct FactsSoFar {
    pub(super) timing: Option<Timing>,
    pub(super) usage: Option<Usage>,
    pub(super) response_model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) attempts: Option<Vec<Attempt>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) model: Option<ModelRef>,
}

/// What was asked, ready to be bound.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) messages: String,
    pub(super) inputs: String,
    pub(super) parameters: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Tells a request that changed between begin and finish from one that did not.
    pub(super) fingerprint: u64,
}

/// What came back, ready to be bound.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) reasoning: String,
    pub(super) refusal: String,
    pub(super) details: String,
    pub(super) chunks: Vec<u8>,
    pub(super) words: SearchWords,
}

impl Request {
    pub(super) fn of(execution: &Execution) -> Outcome<Self> {
        let messages = json(&execution.messages)?;
        let inputs = json(&execution.inputs)?;
        let mut hasher = DefaultHasher::new();
        (&messages, &inputs, &execution.tags).hash(&mut hasher);
        Ok(Self {
            messages,
            inputs,
            parameters: json(&execution.parameters)?,
            tags: execution.tags.clone(),
            fingerprint: hasher.finish(),
        })
    }

    /// Writes or overwrites the request of an execution.
    pub(super) fn write(&self, connection: &Connection, sequence: i64) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO requests (sequence, messages, inputs, parameters)
                 VALUES (?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET messages = excluded.messages,
                     inputs = excluded.inputs, parameters = excluded.parameters",
            )?
            .execute(params![sequence, self.messages, self.inputs, self.parameters])?;
        for (key, value) in &self.tags {
            connection
                .prepare_cached(
                    "INSERT INTO tags (sequence, key, value) VALUES (?, ?, ?)
                     ON CONFLICT DO UPDATE SET value = excluded.value",
                )?
                .execute(params![sequence, key, value])?;
        }
        Ok(())
    }
}

impl Answer {
    pub(super) fn of(execution: &Execution, chunks: &ChunkLog) -> Outcome<Self> {
        let details = Details {
            tool_calls: Cow::Borrowed(&execution.tool_calls),
            finish_reason_raw: execution.finish_reason_raw.clone(),
            parameters: execution.parameters.clone(),
            attempts: Cow::Borrowed(&execution.attempts),
            checks: Cow::Borrowed(&execution.checks),
            quality: execution.quality.clone(),
            error: execution.error.clone(),
            spend: execution.spend,
            cache_write_hour_tokens: execution.usage.cache_write_hour_tokens,
            reused: execution.reused.clone(),
            redactions: execution.redactions.clone(),
        };
        Ok(Self {
            text: execution.text.clone(),
            reasoning: execution.reasoning.clone(),
            refusal: execution.refusal.clone(),
            details: json(&details)?,
            chunks: chunks.as_bytes().to_vec(),
            words: SearchWords::of(execution),
        })
    }

    /// Writes or overwrites the answer of an execution.
    pub(super) fn write(&self, connection: &Connection, sequence: i64) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO answers
                 (sequence, text, reasoning, refusal, details, chunks) VALUES (?, ?, ?, ?, ?, ?)
                 ON CONFLICT DO UPDATE SET text = excluded.text, reasoning = excluded.reasoning,
                     refusal = excluded.refusal, details = excluded.details,
                     chunks = excluded.chunks",
            )?
            .execute(params![
                sequence,
                self.text,
                self.reasoning,
                self.refusal,
                self.details,
                self.chunks
            ])?;
        Ok(())
    }
}

/// The JSON of a value.
pub(super) fn json<T: Serialize>(value: &T) -> Outcome<String> {
    serde_json::to_string(value).map_err(Fault::damaged)
}

/// The value of a stored JSON.
pub(super) fn from_json<'de, T: Deserialize<'de>>(text: &'de str) -> Outcome<T> {
    serde_json::from_str(text).map_err(Fault::damaged)
}

/// A row's number and the rest that is not part of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) sequence: i64,
    pub(super) workspace: i64,
    pub(super) deleted: bool,
}

/// The small row of an execution, in the trash or not.
pub(super) fn find(connection: &Connection, id: ExecutionId) -> Outcome<Option<(Facts, Standing)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, sequence, workspace, deleted_ns IS NOT NULL
         FROM executions WHERE id = ?"
    ))?;
    let mut rows = statement.query([id.0.as_bytes()])?;
    match rows.next()? {
        Some(row) => Ok(Some((Facts::read(row)?, standing(row, facts::COLUMN_COUNT)?))),
        None => Ok(None),
    }
}

/// The small row with a sequence.
pub(super) fn find_sequence(
    connection: &Connection,
    sequence: i64,
) -> Outcome<Option<(Facts, Standing)>> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS}, sequence, workspace, deleted_ns IS NOT NULL
         FROM executions WHERE sequence = ?"
    ))?;
    let mut rows = statement.query([sequence])?;
    match rows.next()? {
        Some(row) => Ok(Some((Facts::read(row)?, standing(row, facts::COLUMN_COUNT)?))),
        None => Ok(None),
    }
}

fn standing(row: &rusqlite::Row<'_>, at: usize) -> rusqlite::Result<Standing> {
    Ok(Standing { sequence: row.get(at)?, workspace: row.get(at + 1)?, deleted: row.get(at + 2)? })
}

/// The tags of an execution.
pub(super) fn tags(connection: &Connection, sequence: i64) -> Outcome<BTreeMap<String, String>> {
    let mut statement =
        connection.prepare_cached("SELECT key, value FROM tags WHERE sequence = ?")?;
    let rows = statement.query_map([sequence], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The whole record of a small row: what was asked, what came back or had come so far.
pub(super) fn load(connection: &Connection, facts: &Facts, sequence: i64) -> Outcome<Execution> {
    let (messages, inputs, asked) = connection
        .prepare_cached("SELECT messages, inputs, parameters FROM requests WHERE sequence = ?")?
        .query_row([sequence], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, String>(2)?))
        })?;
    let messages: Vec<Message> = from_json(&messages)?;
    let inputs: BTreeMap<String, Value> = from_json(&inputs)?;
    let mut execution = skeleton(facts, messages, inputs)?;
    execution.tags = tags(connection, sequence)?;
    let answer = connection
        .prepare_cached("SELECT text, reasoning, refusal, details FROM answers WHERE sequence = ?")?
        .query_row([sequence], |row| {
            execution.text = row.get(0)?;
            execution.reasoning = row.get(1)?;
            execution.refusal = row.get(2)?;
            row.get::<_, String>(3)
        })
        .optional()?;
    let Some(details) = answer else {
        execution.parameters = from_json(&asked)?;
        so_far(connection, sequence, &mut execution)?;
        return Ok(execution);
    };
    let details: Details<'_> = from_json(&details)?;
    execution.tool_calls = details.tool_calls.into_owned();
    execution.finish_reason_raw = details.finish_reason_raw;
    execution.parameters = details.parameters;
    execution.attempts = details.attempts.into_owned();
    execution.checks = details.checks.into_owned();
    execution.quality = details.quality;
    // The column is the exact number; JSON may round its last digit.
    execution.quality.overall = facts.quality;
    execution.error = details.error;
    execution.spend = details.spend;
    execution.usage.cache_write_hour_tokens = details.cache_write_hour_tokens;
    execution.reused = details.reused;
    execution.redactions = details.redactions;
    Ok(execution)
}

/// A record with all that the small row knows.
fn skeleton(
    facts: &Facts,
    messages: Vec<Message>,
    inputs: BTreeMap<String, Value>,
) -> Outcome<Execution> {
    let template = facts.template.as_deref().map(TemplateId::new).transpose();
    let version = facts.version.as_deref().map(Version::parse).transpose();
    Ok(Execution {
        id: facts.id,
        run_id: facts.run_id,
        template: template.map_err(Fault::damaged)?,
        version: version.map_err(Fault::damaged)?,
        content_hash: facts.content_hash.clone().map(ContentHash::from_stored),
        variant: word::<VariantName>(&facts.variant)?,
        provider: facts.provider.clone(),
        model: facts.model.clone(),
        response_model: facts.response_model.clone(),
        status: facts.status,
        inputs,
        messages,
        text: String::new(),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: facts.finish_reason.as_deref().map(word).transpose()?,
        finish_reason_raw: None,
        parameters: SentParameters::default(),
        usage: facts.usage,
        cost_usd: facts.cost_usd,
        spend: None,
        timing: Timing {
            started_at: time::from_stored(facts.started_ns),
            headers_ms: facts.headers_ms,
            first_event_ms: facts.first_event_ms,
            ttft_ms: facts.ttft_ms,
            total_ms: facts.total_ms,
            tokens_per_second: facts.tokens_per_second,
        },
        attempts: Vec::new(),
        cache: facts.cache,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: BTreeMap::new(),
        rating: facts.rating,
        error: None,
        redactions: Redactions::default(),
    })
}

/// Puts together what checkpoints kept of an answer that has not ended.
fn so_far(connection: &Connection, sequence: i64, execution: &mut Execution) -> Outcome<()> {
    let mut statement = connection.prepare_cached(
        "SELECT text, reasoning, refusal, facts, answer FROM checkpoints
         WHERE sequence = ? ORDER BY number",
    )?;
    let mut rows = statement.query([sequence])?;
    let mut answer = 0_i64;
    while let Some(row) = rows.next()? {
        let of = row.get(4)?;
        if of != answer {
            // The one before stands with its attempt.
            answer = of;
            execution.text.clear();
            execution.reasoning.clear();
            execution.refusal.clear();
            execution.usage = Usage::default();
            execution.response_model = None;
            execution.timing = Timing::started(execution.timing.started_at);
        }
        execution.text.push_str(&row.get::<_, String>(0)?);
        execution.reasoning.push_str(&row.get::<_, String>(1)?);
        execution.refusal.push_str(&row.get::<_, String>(2)?);
        let Some(known) = row.get::<_, Option<String>>(3)? else { continue };
        let known: FactsSoFar = from_json(&known)?;
        if let Some(timing) = known.timing {
            execution.timing = timing;
        }
        execution.usage = known.usage.unwrap_or(execution.usage);
        execution.response_model = known.response_model.or(execution.response_model.take());
        if let Some(attempts) = known.attempts {
            execution.attempts = attempts;
        }
        if let Some(model) = known.model {
            (execution.provider, execution.model) = (model.provider, model.model);
        }
    }
    Ok(())
}
