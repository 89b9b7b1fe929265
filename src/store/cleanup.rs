//! Forgetting for good: executions of long ago, the trash, and the space they leave.

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;

use super::{
    Store, StoreError,
    executions::unindex,
    fault::{Fault, Outcome},
    time,
    writer::Session,
};

/// How many executions are forgotten in one transaction: few enough that others who write
/// hardly notice.
const BATCH: u32 = 200;

/// What a cleanup would forget, and what the file has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanupPlan {
    /// Executions that began before the time that was asked about and are not in the trash.
    pub executions: u64,
    /// Executions in the trash.
    pub trashed: u64,
    /// The size of the database.
    pub bytes: u64,
    /// How much of it holds nothing.
    pub free_bytes: u64,
}

/// Which executions are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forget {
    /// Those that began before a time and are not in the trash: what is there is counted and asked
    /// about by itself.
    Before(Timestamp),
    /// Those in the trash.
    Trash,
}

impl Store {
    /// What there would be to forget. Changes nothing.
    pub async fn cleanup_plan(&self, before: Option<Timestamp>) -> Result<CleanupPlan, StoreError> {
        let before = before.map(time::to_stored);
        self.read(move |connection| {
            let executions = match before {
                None => 0,
                Some(before) => count(
                    connection,
                    "SELECT count(*) FROM executions
                     WHERE started_ns < ? AND status <> 'running' AND deleted_ns IS NULL",
                    &[&before],
                )?,
            };
            let trashed = count(
                connection,
                "SELECT count(*) FROM executions WHERE deleted_ns IS NOT NULL",
                &[],
            )?;
            let (bytes, free_bytes) = sizes(connection)?;
            Ok(CleanupPlan { executions, trashed, bytes, free_bytes })
        })
        .await
    }

    /// Deletes executions for good, a few at a time. What they cost stays spent, and the sums
    /// that charts show of them stay: only their texts are gone. Those that run are passed over.
    pub async fn forget(&self, which: Forget) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let count = self.write(true, move |session| forget_some(session, which)).await?;
            forgotten += count;
            if count < u64::from(BATCH) {
                return Ok(forgotten);
            }
        }
    }

    /// Gives the space that nothing is in back to the disk, if it is worth it, and writes the log
    /// into the file. Needs as much room as what is left takes, and keeps writers waiting. Answers
    /// the size of the database before and after, in bytes.
    pub async fn compact(&self) -> Result<(u64, u64), StoreError> {
        if self.is_read_only() {
            return Err(self.unwritable());
        }
        let (path, busy) = (self.path().to_path_buf(), self.busy());
        let work = move || {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX
                | OpenFlags::SQLITE_OPEN_NOFOLLOW;
            let rewrite = || -> Outcome<(u64, u64)> {
                let connection = Connection::open_with_flags(&path, flags)?;
                connection.busy_timeout(busy)?;
                connection.pragma_update(None, "trusted_schema", false)?;
                let (before, free) = sizes(&connection)?;
                if free > before / 8 {
                    connection.execute_batch("VACUUM")?;
                }
                // Somebody who reads may keep a part of the log; the next one to close takes it.
                connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
                Ok((before, sizes(&connection)?.0))
            };
            rewrite().map_err(|fault| fault.at(&path).waited(busy))
        };
        tokio::task::spawn_blocking(work).await.unwrap_or(Err(StoreError::Closed))
    }
}

fn forget_some(session: &mut Session<'_>, which: Forget) -> Outcome<u64> {
    let (condition, before) = match which {
        Forget::Before(before) => {
            ("started_ns < ?1 AND deleted_ns IS NULL", time::to_stored(before))
        }
        Forget::Trash => ("deleted_ns > ?1", i64::MIN),
    };
    let sequences: Vec<i64> = session
        .connection
        .prepare_cached(&format!(
            "SELECT sequence FROM executions
             WHERE {condition} AND status <> 'running' ORDER BY sequence LIMIT ?2"
        ))?
        .query_map(params![before, BATCH], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for &sequence in &sequences {
        unindex(session, sequence)?;
        session
            .connection
            .prepare_cached("DELETE FROM executions WHERE sequence = ?")?
            .execute([sequence])?;
    }
    Ok(sequences.len() as u64)
}

fn count(
    connection: &Connection,
    sql: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<u64, Fault> {
    Ok(connection.query_row(sql, values, |row| row.get::<_, i64>(0))?.unsigned_abs())
}

/// The size of the database and of what holds nothing, in bytes.
fn sizes(connection: &Connection) -> Outcome<(u64, u64)> {
    let number =
        |pragma: &str| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let page = number("page_size")?.unsigned_abs();
    Ok((
        number("page_count")?.unsigned_abs() * page,
        number("freelist_count")?.unsigned_abs() * page,
    ))
}
