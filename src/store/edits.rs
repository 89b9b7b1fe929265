//! What people do to executions afterwards: tag, rate, delete and take back.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{
    Store, StoreError,
    executions::{index, unindex},
    fault::Outcome,
    record::{self, Standing},
    search::SearchWords,
    time,
    writer::Session,
};
use crate::model::{ExecutionId, Status};

/// What was deleted stays in the trash this long before its space is used again.
const TRASH: Duration = Duration::from_hours(30 * 24);
/// The longest tag key and value, in characters.
const LONGEST_TAG: usize = 200;

/// Executions that were put into the trash, for taking them back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    ids: Vec<ExecutionId>,
}

impl Deleted {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether nothing was deleted.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }
}

impl Store {
    /// Gives an execution a tag, or takes it away where there is no value.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for an empty or over-long key or value.
    pub async fn tag(
        &self,
        id: ExecutionId,
        key: &str,
        value: Option<&str>,
    ) -> Result<(), StoreError> {
        check_tag("a tag's key", key)?;
        if let Some(value) = value {
            check_tag("a tag's value", value)?;
        }
        let (key, value) = (key.to_owned(), value.map(str::to_owned));
        self.write(false, move |session| {
            let Standing { sequence, deleted, .. } = standing(session, id)?;
            match &value {
                Some(value) => session
                    .connection
                    .prepare_cached(
                        "INSERT INTO tags (sequence, key, value) VALUES (?, ?, ?)
                         ON CONFLICT (sequence, key) DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![sequence, key, value])?,
                None => session
                    .connection
                    .prepare_cached("DELETE FROM tags WHERE sequence = ? AND key = ?")?
                    .execute(params![sequence, key])?,
            };
            if deleted { Ok(()) } else { reindex(session, id) }
        })
        .await
    }

    /// Rates an execution from 1 to 5, or takes the rating away.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] for another number.
    pub async fn rate(&self, id: ExecutionId, rating: Option<u8>) -> Result<(), StoreError> {
        if let Some(rating) = rating
            && !(1..=5).contains(&rating)
        {
            let reason = format!("{rating} is not one of 1, 2, 3, 4, 5");
            return Err(StoreError::Invalid { what: "a rating", reason });
        }
        self.write(false, move |session| {
            let Some((before, standing)) = record::find(session.connection, id)? else {
                return Err(StoreError::UnknownExecution { id }.into());
            };
            session
                .connection
                .prepare_cached("UPDATE executions SET rating = ? WHERE sequence = ?")?
                .execute(params![rating, standing.sequence])?;
            if !standing.deleted {
                let mut after = before.clone();
                after.rating = rating;
                session.deltas.subtract(before.contribution(standing.workspace));
                session.deltas.add(after.contribution(standing.workspace));
            }
            Ok(())
        })
        .await
    }

    /// Puts executions into the trash. Those that still run and those that are there already are
    /// passed over. What they cost stays spent.
    pub async fn delete(&self, ids: Vec<ExecutionId>) -> Result<Deleted, StoreError> {
        self.write(true, move |session| {
            let now = time::to_stored(Timestamp::now());
            let mut deleted = Deleted::default();
            for &id in &ids {
                let Some((facts, standing)) = record::find(session.connection, id)? else {
                    continue;
                };
                if standing.deleted || facts.status == Status::Running {
                    continue;
                }
                session
                    .connection
                    .prepare_cached("UPDATE executions SET deleted_ns = ? WHERE sequence = ?")?
                    .execute([now, standing.sequence])?;
                unindex(session, standing.sequence)?;
                session.deltas.subtract(facts.contribution(standing.workspace));
                deleted.ids.push(id);
            }
            Ok(deleted)
        })
        .await
    }

    /// Takes executions back out of the trash; how many came back.
    pub async fn restore(&self, deleted: &Deleted) -> Result<usize, StoreError> {
        let ids = deleted.ids.clone();
        self.write(true, move |session| {
            let mut restored = 0;
            for &id in &ids {
                let Some((facts, standing)) = record::find(session.connection, id)? else {
                    continue;
                };
                if !standing.deleted {
                    continue;
                }
                session
                    .connection
                    .prepare_cached("UPDATE executions SET deleted_ns = NULL WHERE sequence = ?")?
                    .execute([standing.sequence])?;
                session.deltas.add(facts.contribution(standing.workspace));
                let execution = record::load(session.connection, &facts, standing.sequence)?;
                index(session, standing, &facts, &SearchWords::of(&execution))?;
                restored += 1;
            }
            Ok(restored)
        })
        .await
    }

    /// Has the writer throw away what has been in the trash for a month; nobody waits for it.
    pub(super) fn empty_old_trash(&self) {
        let oldest = time::to_stored(Timestamp::now())
            .saturating_sub(i64::try_from(TRASH.as_nanos()).unwrap_or(i64::MAX));
        self.write_unwatched(move |session| {
            let any: Option<i64> = session
                .connection
                .prepare_cached("SELECT 1 FROM executions WHERE deleted_ns < ? LIMIT 1")?
                .query_row([oldest], |row| row.get(0))
                .optional()?;
            if any.is_some() {
                session
                    .connection
                    .execute("DELETE FROM executions WHERE deleted_ns < ?", [oldest])?;
            }
            Ok(())
        });
    }
}

fn check_tag(what: &'static str, text: &str) -> Result<(), StoreError> {
    let reason = if text.trim().is_empty() {
        "it is empty".to_owned()
    } else if text.chars().count() > LONGEST_TAG {
        format!("it is longer than {LONGEST_TAG} characters")
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid { what, reason })
}

fn standing(session: &Session<'_>, id: ExecutionId) -> Outcome<Standing> {
    match record::find(session.connection, id)? {
        Some((_, standing)) => Ok(standing),
        None => Err(StoreError::UnknownExecution { id }.into()),
    }
}

/// Lets the search know an execution's tags as they are now.
fn reindex(session: &Session<'_>, id: ExecutionId) -> Outcome<()> {
    let Some((facts, standing)) = record::find(session.connection, id)? else { return Ok(()) };
    if facts.status == Status::Running {
        return Ok(());
    }
    let execution = record::load(session.connection, &facts, standing.sequence)?;
    unindex(session, standing.sequence)?;
    index(session, standing, &facts, &SearchWords::of(&execution))
}
