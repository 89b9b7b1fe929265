//! Answers that may be given again: found by the whole call, or by its kin where alike is enough.
//!
//! An entry lives as long as the execution that paid for it, at most its time to live, and while
//! there is room: what was not used for longest goes first. Use is counted, not timed, so that a
//! clock that jumps evicts nothing. The time comes from the caller.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError, fault::Outcome, record, time, writer::Session};
use crate::model::{ExecutionId, FinishReason, ToolCall, Usage};

/// What an entry takes besides its texts: its row and its places in four indexes.
const ROW: usize = 256;

/// SHA-256 of a call, or of all of it but its words.
pub type CallHash = [u8; 32];

/// An answer as it was given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CachedAnswer {
    /// The execution that paid for it.
    pub execution: ExecutionId,
    pub answered_at: Timestamp,
    pub text: String,
    #[serde(default)]
    pub reasoning: String,
    #[serde(default)]
    pub refusal: String,
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    pub finish_reason: FinishReason,
    #[serde(default)]
    pub finish_reason_raw: Option<String>,
    #[serde(default)]
    pub response_model: Option<String>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
}

/// An answer to keep.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheEntry {
    pub call: CallHash,
    /// The same for every call that may share an answer if its words are alike.
    pub kin: CallHash,
    /// What its words are compared by; `None` for a call that is like no other.
    pub shape: Option<Vec<u8>>,
    pub answer: CachedAnswer,
}

/// A call that may be alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CacheKin {
    pub call: CallHash,
    pub shape: Vec<u8>,
}

/// What the cache holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CacheStats {
    pub entries: u64,
    pub bytes: u64,
    /// How often its entries were given again.
    pub hits: u64,
    /// When the oldest entry was answered.
    pub oldest: Option<Timestamp>,
}

impl Store {
    /// The answer to this very call, if one was kept since a time.
    pub async fn cached(
        &self,
        call: CallHash,
        since: Timestamp,
    ) -> Result<Option<CachedAnswer>, StoreError> {
        let since = time::to_stored(since);
        self.read(move |connection| find(connection, &call, since)).await
    }

    /// Counts an answer as used. Nobody waits for it.
    pub fn answer_used(&self, call: CallHash) {
        self.write_unwatched(move |session| touch(session, &call));
    }

    /// Calls whose answers were kept since a time and that differ from this one in their words
    /// alone, those used last first.
    pub async fn cached_kin(
        &self,
        kin: CallHash,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<CacheKin>, StoreError> {
        let since = time::to_stored(since);
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT c.call, c.shape FROM cache AS c
                 JOIN executions AS e USING (sequence)
                 WHERE c.kin = ? AND c.stored_ns >= ? AND c.shape IS NOT NULL
                     AND e.deleted_ns IS NULL
                 ORDER BY c.used DESC LIMIT ?",
            )?;
            let rows = statement.query_map(params![kin, since, most], |row| {
                Ok(CacheKin { call: row.get(0)?, shape: row.get(1)? })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Keeps an answer as of `now`, in place of one to the same call. What is older than `since`
    /// goes, and what was not used for longest until all of it takes at most `max_size` bytes.
    /// An answer larger than that, or whose execution is not stored, is not kept.
    pub async fn keep_answer(
        &self,
        entry: CacheEntry,
        now: Timestamp,
        since: Timestamp,
        max_size: u64,
    ) -> Result<(), StoreError> {
        let answer = record::json(&entry.answer).map_err(|fault| fault.at(self.path()))?;
        let bytes = answer.len() + entry.shape.as_ref().map_or(0, Vec::len) + ROW;
        let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
        let max_size = i64::try_from(max_size).unwrap_or(i64::MAX);
        let (now, since) = (time::to_stored(now), time::to_stored(since));
        self.write(false, move |session| {
            let connection = session.connection;
            connection
                .prepare_cached("DELETE FROM cache WHERE stored_ns < ? OR call = ?")?
                .execute(params![since, entry.call])?;
            if bytes <= max_size {
                insert(connection, &entry, &answer, bytes, now)?;
            }
            while size(connection)? > max_size {
                connection
                    .prepare_cached("DELETE FROM cache WHERE used = (SELECT min(used) FROM cache)")?
                    .execute([])?;
            }
            Ok(())
        })
        .await
    }

    /// Forgets every answer. Says what there was.
    pub async fn clear_cache(&self) -> Result<CacheStats, StoreError> {
        self.write(true, |session| {
            let had = stats(session.connection)?;
            session.connection.execute("DELETE FROM cache", [])?;
            Ok(had)
        })
        .await
    }

    /// What the cache holds.
    pub async fn cache_stats(&self) -> Result<CacheStats, StoreError> {
        self.read(stats).await
    }
}

fn find(connection: &Connection, call: &CallHash, since: i64) -> Outcome<Option<CachedAnswer>> {
    let answer: Option<String> = connection
        .prepare_cached(
            "SELECT c.answer FROM cache AS c JOIN executions AS e USING (sequence)
             WHERE c.call = ? AND c.stored_ns >= ? AND e.deleted_ns IS NULL",
        )?
        .query_row(params![call, since], |row| row.get(0))
        .optional()?;
    answer.as_deref().map(record::from_json).transpose()
}

fn touch(session: &Session<'_>, call: &CallHash) -> Outcome<()> {
    session
        .connection
        .prepare_cached(
            "UPDATE cache SET used = (SELECT max(used) + 1 FROM cache), hits = hits + 1
             WHERE call = ?",
        )?
        .execute([call])?;
    Ok(())
}

fn insert(
    connection: &Connection,
    entry: &CacheEntry,
    answer: &str,
    bytes: i64,
    now: i64,
) -> Outcome<()> {
    connection
        .prepare_cached(
            "INSERT INTO cache (call, kin, shape, sequence, stored_ns, used, hits, bytes, answer)
             SELECT ?, ?, ?, sequence, ?, (SELECT coalesce(max(used), 0) + 1 FROM cache), 0, ?, ?
             FROM executions WHERE id = ?",
        )?
        .execute(params![
            entry.call,
            entry.kin,
            entry.shape,
            now,
            bytes,
            answer,
            entry.answer.execution.0.as_bytes()
        ])?;
    Ok(())
}

fn size(connection: &Connection) -> Outcome<i64> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM cache_size")?
        .query_row([], |row| row.get(0))?)
}

fn stats(connection: &Connection) -> Outcome<CacheStats> {
    let count = |value: i64| u64::try_from(value).unwrap_or(0);
    let (entries, bytes) =
        connection.query_row("SELECT entries, bytes FROM cache_size", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let (hits, oldest): (i64, Option<i64>) = connection.query_row(
        "SELECT coalesce(sum(hits), 0), min(stored_ns) FROM cache",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(CacheStats {
        entries: count(entries),
        bytes: count(bytes),
        hits: count(hits),
        oldest: oldest.map(time::from_stored),
    })
}
