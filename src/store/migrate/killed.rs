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

use super::{Found, MIGRATIONS, StoreError, inspect, migrate};

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
        for (step, hour) in [(1, number), (24, number / 24 * 24)] {
            connection
                .execute(
                    "INSERT INTO rollups VALUES (?, ?, 1, '', '', 'demo', 'fast', 'ok', '', 1, 0,
                         0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, x'', x'')
                     ON CONFLICT DO UPDATE SET runs = runs + 1",
                    [step, hour],
                )
                .expect("inserted");
        }
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
    let mut copied = 0;
    for point in 0..24 {
        let path = folder.path().join(format!("{point}.db"));
        old_database(&path);
        let before = rows(&Connection::open(&path).expect("opens"));
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
        for copy in copies(folder.path(), &format!("{point}.db")) {
            copied += 1;
            let copy = Connection::open(copy).expect("opens");
            assert_eq!((sound(&copy), rows(&copy)), ("ok".to_owned(), before.clone()), "{point}");
        }
        assert_eq!(inspect(&connection, &path, MIGRATIONS), Ok(Found::Schema(newest)));
        for table in ["executions", "tags"] {
            let rows: i64 = connection
                .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
                .expect("counted");
            assert_eq!(rows, ROWS, "{point}: {table}");
        }
        for (table, step) in
            [("rollups", 1), ("rollups", 720), ("rollup_totals", 1), ("rollup_totals", 24)]
        {
            let sql = format!("SELECT sum(runs) FROM {table} WHERE step = {step}");
            let runs: i64 = connection.query_row(&sql, [], |row| row.get(0)).expect("counted");
            assert_eq!(runs, ROWS, "{point}: {table} of {step} hours");
        }
        assert_eq!(sound(&connection), "ok", "{point}");
    }
    assert!(seen.contains(&1), "some died in the first step: {seen:?}");
    assert!(copied >= 24, "{copied}");
}

/// What was in the old database, of every row.
fn rows(connection: &Connection) -> Vec<String> {
    let mut all = Vec::new();
    for sql in [
        "SELECT hex(id) || started_ns || prompt_line || answer_line FROM executions ORDER BY id",
        "SELECT sequence || key || value FROM tags ORDER BY sequence",
    ] {
        let mut statement = connection.prepare(sql).expect("prepared");
        let found = statement.query_map([], |row| row.get::<_, String>(0)).expect("read");
        all.extend(found.map(|row| row.expect("a row")));
    }
    assert_eq!(all.len(), 2 * usize::try_from(ROWS).expect("a number"));
    all
}

/// The copies beside a database. Nothing else may be there: no part of one, no sign of a turn.
fn copies(folder: &Path, database: &str) -> Vec<std::path::PathBuf> {
    let names = std::fs::read_dir(folder).expect("listed").flatten();
    let names = names.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut copies = Vec::new();
    for name in names.filter(|name| name.starts_with(database) && name != database) {
        let rest = &name[database.len()..];
        if rest == "-wal" || rest == "-shm" {
            continue;
        }
        assert!(rest.starts_with(".schema-") && rest.ends_with(".backup"), "{name} was left");
        copies.push(folder.join(name));
    }
    copies
}

const ROOM: &str = "LATHE_TEST_MIGRATES_IN_LITTLE_ROOM";

/// Not a test of its own: the process that has too little room.
#[test]
fn migrating_process_without_room() {
    let Some(path) = std::env::var_os(ROOM) else { return };
    let path = Path::new(&path);
    let mut connection = Connection::open(path).expect("opens");
    let told = match migrate(&mut connection, path, MIGRATIONS) {
        Ok(_) => "migrated".to_owned(),
        Err(StoreError::Full { detail, .. } | StoreError::MigrationFailed { detail, .. }) => {
            format!("no room: {detail}")
        }
        Err(other) => panic!("{other:?}"),
    };
    std::fs::write(told_of(path), told).expect("told");
}

/// Where the process says how it went.
fn told_of(database: &Path) -> std::path::PathBuf {
    database.with_extension("told")
}

/// Wherever the room ends, in the copy or in a step: nothing half-made stays, the database is as
/// it was, and with room it goes on.
#[test]
#[cfg(target_os = "linux")]
fn a_migration_without_room_leaves_nothing_half_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut done, mut refused) = (0, 0);
    for step in 0..12 {
        let name = format!("{step}.db");
        let path = folder.path().join(&name);
        old_database(&path);
        let before = rows(&Connection::open(&path).expect("opens"));
        // The index of the log needs 32 KiB in any case.
        let blocks = 80 + std::fs::metadata(&path).expect("there").len() / 512 * step / 6;
        let output = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f \"$1\"; shift; exec \"$@\"", "sh"])
            .arg(blocks.to_string())
            .arg(std::env::current_exe().expect("this program"))
            .args(["--exact", "store::migrate::killed::migrating_process_without_room"])
            .args(["--nocapture", "--test-threads=1"])
            .env(ROOM, &path)
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{step}: {output:?}");
        let told = std::fs::read_to_string(told_of(&path)).expect("it told");
        let connection = Connection::open(&path).expect("opens");
        assert_eq!(rows(&connection), before, "{step}");
        let found = inspect(&connection, &path, MIGRATIONS).expect("it is told apart");
        let newest = Found::Schema(MIGRATIONS.last().expect("there are some").number);
        if told.contains("no room") {
            refused += 1;
            assert_ne!(found, newest, "{step}: {told}");
            // A copy that was made before a step failed stays, and is whole.
            for copy in copies(folder.path(), &name) {
                assert_eq!(rows(&Connection::open(copy).expect("opens")), before, "{step}");
            }
        } else {
            done += 1;
            assert_eq!(found, newest, "{step}: {told}");
        }
        drop(connection);
        let mut connection = Connection::open(&path).expect("opens");
        migrate(&mut connection, &path, MIGRATIONS).expect("with room it goes on");
        copies(folder.path(), &name);
    }
    assert!(done > 0 && refused > 2, "{done} {refused}");
}

/// Two that start at once make one copy, and the second waits for its turn.
#[test]
fn two_that_start_at_once_take_turns() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("old.db");
    old_database(&path);
    let both = [(); 2].map(|()| {
        let path = path.clone();
        std::thread::spawn(move || {
            let mut connection = Connection::open(&path).expect("opens");
            connection.busy_timeout(std::time::Duration::from_secs(30)).expect("set");
            migrate(&mut connection, &path, MIGRATIONS).expect("done, or done already")
        })
    });
    let made: Vec<_> = both.into_iter().filter_map(|it| it.join().expect("it ends")).collect();
    assert_eq!(made.len(), 1);
    assert_eq!(copies(folder.path(), "old.db"), made);
}
