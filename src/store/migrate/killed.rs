//! Processes that are killed while they bring a database up to date.

use std::{
    path::Path,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use rusqlite::Connection;

use super::{Found, MIGRATIONS, inspect, migrate};

const DATABASE: &str = "LATHE_TEST_MIGRATES";
const TICKS: &str = "LATHE_TEST_DIES_AFTER";
/// Steps of SQLite's machine between two looks at the clock of death.
const TICK: i32 = 40;
/// Executions in the old database.
const ROWS: i64 = 300;

/// A database of the first schema with something in it, in the journal the program uses.
fn old_database(path: &Path) {
    let mut connection = Connection::open(path).expect("opens");
    connection.pragma_update(None, "journal_mode", "wal").expect("set");
    migrate(&mut connection, path, &MIGRATIONS[..1]).expect("made");
    connection.execute("INSERT INTO workspaces (id, name) VALUES (1, 'w')", []).expect("made");
    for number in 0..ROWS {
        let id = uuid::Uuid::from_u128(number.unsigned_abs().into());
        connection
            .execute(
                "INSERT INTO executions (id, run_id, workspace, started_ns, variant, provider,
                     model, status, usage_estimated, cache, attempts, checks_passed,
                     checks_total, prompt_line, answer_line)
                 VALUES (?1, ?1, 1, ?2, 'A', 'demo', 'fast', 'ok', 0, 'off', 1, 0, 0, 'p', 'a')",
                rusqlite::params![id.as_bytes(), number * 3_600_000_000_000],
            )
            .expect("inserted");
        connection
            .execute(
                "INSERT INTO tags (sequence, key, value) VALUES (?, 'ticket', 'one')",
                [connection.last_insert_rowid()],
            )
            .expect("inserted");
    }
}

/// Brings a database up to date and counts on the way; `each` is told the count.
fn count_ticks(path: &Path, each: impl Fn(u64) + Send + 'static) -> u64 {
    let ticks = Arc::new(AtomicU64::new(0));
    let mut connection = Connection::open(path).expect("opens");
    let counter = Arc::clone(&ticks);
    let count = move || {
        each(counter.fetch_add(1, Ordering::SeqCst) + 1);
        false
    };
    connection.progress_handler(TICK, Some(count)).expect("set");
    migrate(&mut connection, path, MIGRATIONS).expect("migrated");
    ticks.load(Ordering::SeqCst)
}

/// Not a test of its own: the process that the other starts, and that kills itself on the way.
#[test]
fn migrating_process() {
    let (Some(path), Ok(ticks)) = (std::env::var_os(DATABASE), std::env::var(TICKS)) else {
        return;
    };
    let last: u64 = ticks.parse().expect("a number");
    count_ticks(Path::new(&path), move |ticks| {
        if ticks == last {
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::KILL).expect("killed");
        }
    });
}

#[test]
fn a_process_killed_at_any_step_leaves_a_database_that_goes_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = folder.path().join("whole.db");
    old_database(&whole);
    let total = count_ticks(&whole, |_| {});
    assert!(total >= 24, "{total} ticks are too few to die at");
    let newest = MIGRATIONS.last().expect("there are some").number;
    let mut seen = std::collections::BTreeSet::new();
    for point in 0..24 {
        let path = folder.path().join(format!("{point}.db"));
        old_database(&path);
        let killed = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "store::migrate::killed::migrating_process", "--test-threads=1"])
            .env(DATABASE, &path)
            .env(TICKS, (1 + point * (total - 1) / 23).to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .expect("it runs");
        assert!(killed.code().is_none(), "{point}: it was killed: {killed}");
        let mut connection = Connection::open(&path).expect("opens");
        let sound = |connection: &Connection| -> String {
            connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).expect("checked")
        };
        assert_eq!(sound(&connection), "ok", "{point}");
        let Ok(Found::Schema(found)) = inspect(&connection, &path, MIGRATIONS) else {
            panic!("{point}: it is told apart")
        };
        let book: i64 = connection
            .query_row("SELECT max(number) FROM migrations", [], |row| row.get(0))
            .expect("read");
        assert_eq!(book, found, "{point}: whole steps only");
        seen.insert(found);
        // The next start does what is left, after a copy of its own.
        let backup = migrate(&mut connection, &path, MIGRATIONS).expect("goes on");
        assert_eq!(backup.is_some(), found < newest, "{point}");
        assert_eq!(inspect(&connection, &path, MIGRATIONS), Ok(Found::Schema(newest)));
        for table in ["executions", "tags"] {
            let rows: i64 = connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
                .expect("counted");
            assert_eq!(rows, ROWS, "{point}: {table}");
        }
        assert_eq!(sound(&connection), "ok", "{point}");
    }
    assert!(seen.contains(&1), "some died in the first step: {seen:?}");
}
