//! Executions whose process is gone: marked interrupted, with what had come until then.

use std::path::Path;

use rusqlite::Connection;

use super::{
    budget, executions, facts,
    fault::Outcome,
    presence::{self, Remains},
    record,
    writer::Session,
};
use crate::model::{CallError, ChunkLog, ErrorKind, Status};

/// The processes in the database that live no more.
pub(super) fn dead(connection: &Connection, path: &Path) -> Outcome<Vec<(i64, Remains)>> {
    Ok(processes(connection)?
        .into_iter()
        .filter_map(|(id, name, pid)| Some((id, presence::remains(path, &name, pid)?)))
        .collect())
}

fn processes(connection: &Connection) -> Outcome<Vec<(i64, String, i64)>> {
    let mut statement = connection.prepare("SELECT id, lock_name, pid FROM processes")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The other processes that have the database open for writing, in words.
pub(super) fn living(connection: &Connection, path: &Path) -> String {
    let me = i64::from(std::process::id());
    let pids: Vec<String> = processes(connection)
        .unwrap_or_default()
        .into_iter()
        .filter(|&(_, ref name, pid)| pid != me && presence::remains(path, name, pid).is_none())
        .map(|(_, _, pid)| pid.to_string())
        .collect();
    match pids.as_slice() {
        [] => "another process".to_owned(),
        [pid] => format!("process {pid}"),
        _ => format!("one of the processes {}", pids.join(", ")),
    }
}

/// What a process has begun and not ended.
const RUNNING: &str =
    "SELECT sequence FROM executions WHERE process = ? AND status = 'running' ORDER BY sequence";

/// Marks what a process left running as interrupted. Answers how many there were.
pub(super) fn interrupt(session: &mut Session<'_>, process: i64) -> Outcome<usize> {
    let mut statement = session.connection.prepare(RUNNING)?;
    let sequences: Vec<i64> =
        statement.query_map([process], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for &sequence in &sequences {
        let Some((facts, _)) = record::find_sequence(session.connection, sequence)? else {
            continue;
        };
        let mut execution = record::load(session.connection, &facts, sequence)?;
        execution.status = Status::Interrupted;
        execution.error = Some(
            CallError::new(
                ErrorKind::InterruptedStream,
                "the program ended before the answer was complete; what had come until then is kept",
            )
            .hint("run it again"),
        );
        if let Some(counting) = session.counting {
            let beyond = facts::nano((counting.0)(&mut execution));
            // The program may have booked it and ended before it could say so in the record.
            let booked = budget::booked(session.connection, execution.id)?;
            let cost = execution.cost_usd.map_or(0, facts::nano);
            let counted = cost.saturating_add(beyond).min(booked);
            session.deltas.spent(facts.hour(), beyond.saturating_sub(counted));
        }
        executions::end(session, &execution, &ChunkLog::default())?;
    }
    Ok(sequences.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::migrate::{self, MIGRATIONS};

    #[test]
    fn what_a_process_left_is_found_without_a_walk_through_everything() {
        let mut connection = Connection::open_in_memory().expect("opens");
        migrate::migrate(&mut connection, Path::new(":memory:"), MIGRATIONS).expect("migrated");
        let plan: String = connection
            .query_row(&format!("EXPLAIN QUERY PLAN {RUNNING}"), [1], |row| row.get(3))
            .expect("explained");
        assert!(plan.contains("USING INDEX executions_process (process=?)"), "{plan}");
    }
}
