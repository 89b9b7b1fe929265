//! Bringing a database to this program's schema: numbered steps, each in one transaction,
//! each with a checksum that is recorded and compared ever after.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};
use tempfile::TempPath;

use super::{
    backup::{folder_of, sync_folder},
    error::StoreError,
    place::{beside, cannot_open, make_private},
    rollup,
};

/// `Lath` in ASCII: tells our files from those of other programs.
const APPLICATION_ID: i64 = 0x4c61_7468;

/// One step from a schema to the next.
#[derive(Clone, Copy, Debug)]
pub(super) struct Migration {
    pub(super) number: i64,
    pub(super) name: &'static str,
    pub(super) sql: &'static str,
}

/// Every step, oldest first. A released step is never edited; a change is a new one.
pub(super) const MIGRATIONS: &[Migration] = &[
    Migration { number: 1, name: "initial", sql: include_str!("schema/0001_initial.sql") },
    Migration { number: 2, name: "cache", sql: include_str!("schema/0002_cache.sql") },
    Migration { number: 3, name: "refusals", sql: include_str!("schema/0003_refusals.sql") },
    Migration { number: 4, name: "answers", sql: include_str!("schema/0004_answers.sql") },
    Migration { number: 5, name: "bookings", sql: include_str!("schema/0005_bookings.sql") },
    Migration { number: 6, name: "totals", sql: include_str!("schema/0006_totals.sql") },
];

const BOOK: &str = "CREATE TABLE IF NOT EXISTS migrations (
    number     INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_ns INTEGER NOT NULL
) STRICT";

impl Migration {
    /// SHA-256 of the step's text, in hexadecimal.
    pub(super) fn checksum(&self) -> String {
        use std::fmt::Write as _;
        Sha256::digest(self.sql.as_bytes()).iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// What a database file says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Nothing in it yet.
    Empty,
    /// Ours, at this schema.
    Schema(i64),
}

/// Reads whose file this is and its schema, changing nothing. Refuses a file of another program,
/// a newer schema, and one whose steps were not ours.
pub(super) fn inspect(
    connection: &Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<Found, StoreError> {
    let sqlite = |error| StoreError::from_sqlite(path, &error);
    let number = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
    let found = number("user_version").map_err(sqlite)?;
    let application = number("application_id").map_err(sqlite)?;
    let tables: i64 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(sqlite)?;
    if tables == 0 && found == 0 {
        return Ok(Found::Empty);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::Foreign { path: path.to_path_buf() });
    }
    let supported = migrations.last().map_or(0, |last| last.number);
    if found > supported {
        return Err(StoreError::NewerSchema { path: path.to_path_buf(), found, supported });
    }
    let mut statement =
        connection.prepare("SELECT number, checksum FROM migrations").map_err(sqlite)?;
    let recorded = statement
        .query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .map_err(sqlite)?;
    for entry in recorded {
        let (number, checksum) = entry.map_err(sqlite)?;
        let known = migrations.iter().find(|migration| migration.number == number);
        if known.is_none_or(|migration| migration.checksum() != checksum) {
            return Err(StoreError::ChangedMigration { path: path.to_path_buf(), number });
        }
    }
    Ok(Found::Schema(found))
}

/// Brings the database to the newest schema. An existing one is copied first; the copy's path
/// is answered. Several processes may do this at once: each step looks again inside its
/// transaction whether it is still to be done.
pub(super) fn migrate(
    connection: &mut Connection,
    path: &Path,
    migrations: &[Migration],
) -> Result<Option<PathBuf>, StoreError> {
    let found = inspect(connection, path, migrations)?;
    let supported = migrations.last().map_or(0, |last| last.number);
    let (_turn, backup) = match found {
        Found::Schema(found) if found >= supported => return Ok(None),
        Found::Schema(_) => {
            let turn = Turn::wait(path)?;
            // Whoever had the turn before may have done all of it.
            match inspect(connection, path, migrations)? {
                Found::Schema(found) if found < supported => {
                    (Some(turn), Some(back_up(connection, path, found)?))
                }
                _ => return Ok(None),
            }
        }
        Found::Empty => (None, None),
    };
    for migration in migrations {
        apply(connection, migration).map_err(|error| match &backup {
            Some(backup) => StoreError::MigrationFailed {
                path: path.to_path_buf(),
                number: migration.number,
                detail: error.to_string(),
                backup: backup.display().to_string(),
            },
            None => StoreError::from_sqlite(path, &error),
        })?;
    }
    Ok(backup)
}

fn apply(connection: &mut Connection, migration: &Migration) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let at = transaction.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0))?;
    if at >= migration.number {
        return Ok(());
    }
    transaction.execute_batch(BOOK)?;
    rollup::add_functions(&transaction)?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO migrations (number, name, checksum, applied_ns) VALUES (?, ?, ?, ?)",
        params![
            migration.number,
            migration.name,
            migration.checksum(),
            super::time::to_stored(jiff::Timestamp::now())
        ],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", migration.number)?;
    transaction.commit()
}

/// How long a process waits for another one that brings the database up to date.
const PATIENCE: Duration = Duration::from_secs(30);
/// Held by the one process that brings a database up to date.
const TURN: &str = ".migrating";
/// A copy that is being made.
const PART: &str = ".schema-backup.part";

/// The right to bring a database up to date, which one process has at a time. The system lets go
/// of it when the process ends, however it ends.
struct Turn {
    path: PathBuf,
    lock: Option<File>,
}

impl Turn {
    fn wait(database: &Path) -> Result<Self, StoreError> {
        let path = beside(database, TURN);
        let began = Instant::now();
        loop {
            make_private(&path)?;
            let open = OpenOptions::new().read(true).write(true).open(&path);
            let file = match open {
                // Whoever had it took it away just now.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                open => open.map_err(|error| cannot_open(&path, &error))?,
            };
            match file.try_lock() {
                Ok(()) if is_at(&file, &path) => return Ok(Self { path, lock: Some(file) }),
                // The name is another file's by now.
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if began.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(5));
                }
                Err(TryLockError::WouldBlock) => {
                    let holder = "a process that brings it up to date".to_owned();
                    return Err(StoreError::Busy {
                        path: database.to_path_buf(),
                        holder,
                        waited_ms: 0,
                    }
                    .waited(PATIENCE));
                }
                // A file system without locks: each step looks for itself whether it is done.
                Err(TryLockError::Error(_)) => return Ok(Self { path, lock: None }),
            }
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(std::fs::remove_file(&self.path));
        if let Some(lock) = self.lock.take() {
            drop(lock.unlock());
        }
    }
}

/// Whether a file still has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::symlink_metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_at(_file: &File, path: &Path) -> bool {
    path.exists()
}

/// A whole and consistent copy beside the database, private like it. It gets its name when it is
/// whole, and goes away where it never is. Called by whoever has the turn: a part that lies there
/// was left by a process that ended in the middle of one.
fn back_up(connection: &Connection, path: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let part = beside(path, PART);
    match std::fs::remove_file(&part) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(cannot_open(&part, &error));
        }
        _ => {}
    }
    let target = part.to_str().ok_or_else(|| StoreError::CannotOpen {
        path: part.clone(),
        reason: "its name is not UTF-8".to_owned(),
        hint: "choose another file with --db".to_owned(),
    })?;
    make_private(&part)?;
    let made = TempPath::try_from_path(&part).map_err(|error| cannot_open(&part, &error))?;
    connection
        .execute("VACUUM INTO ?", [target])
        .map_err(|error| StoreError::from_sqlite(&part, &error))?;
    File::open(&made)
        .and_then(|copy| copy.sync_all())
        .map_err(|error| cannot_open(&part, &error))?;
    name_part(path, made, schema)
}

/// Gives a copy the first name that is free.
fn name_part(path: &Path, mut part: TempPath, schema: i64) -> Result<PathBuf, StoreError> {
    let stamp = jiff::Timestamp::now().as_second();
    let mut number = 1;
    loop {
        let again = if number == 1 { String::new() } else { format!("-{number}") };
        let copy = beside(path, &format!(".schema-{schema}.{stamp}{again}.backup"));
        match part.persist_noclobber(&copy) {
            Ok(()) => {
                sync_folder(folder_of(&copy));
                return Ok(copy);
            }
            Err(failed) if failed.error.kind() == io::ErrorKind::AlreadyExists => {
                part = failed.path;
                number += 1;
            }
            Err(failed) => return Err(cannot_open(&copy, &failed.error)),
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod killed;

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: Migration =
        Migration { number: 1, name: "first", sql: "CREATE TABLE a (x INTEGER) STRICT" };
    const SECOND: Migration =
        Migration { number: 2, name: "second", sql: "ALTER TABLE a ADD COLUMN y INTEGER" };
    const BROKEN: Migration = Migration {
        number: 2,
        name: "broken",
        sql: "ALTER TABLE a ADD COLUMN y INTEGER; INSERT INTO absent VALUES (1)",
    };

    fn database() -> (tempfile::TempDir, PathBuf, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let mut connection = Connection::open(&path).expect("opens");
        assert_eq!(migrate(&mut connection, &path, &[FIRST]), Ok(None), "nothing to copy yet");
        connection.execute("INSERT INTO a VALUES (7)", []).expect("inserted");
        (folder, path, connection)
    }

    fn columns(connection: &Connection) -> usize {
        connection.prepare("SELECT * FROM a").expect("it is there").column_count()
    }

    #[test]
    fn a_step_is_done_once_and_after_a_copy() {
        let (_folder, path, mut connection) = database();
        let steps = [FIRST, SECOND];
        let backup = migrate(&mut connection, &path, &steps).expect("migrated").expect("copied");
        assert_eq!(inspect(&connection, &path, &steps), Ok(Found::Schema(2)));
        let copy = Connection::open(backup).expect("opens");
        assert_eq!((columns(&connection), columns(&copy)), (2, 1));
        assert_eq!(inspect(&copy, &path, &[FIRST]), Ok(Found::Schema(1)));
        let kept: i64 = copy.query_row("SELECT x FROM a", [], |row| row.get(0)).expect("read");
        assert_eq!(kept, 7);
        assert_eq!(migrate(&mut connection, &path, &steps), Ok(None), "nothing left to do");
    }

    #[test]
    fn a_step_that_fails_leaves_everything_as_it_was() {
        let (_folder, path, mut connection) = database();
        let failed = migrate(&mut connection, &path, &[FIRST, BROKEN]);
        match &failed {
            Err(StoreError::MigrationFailed { number: 2, backup, .. }) => {
                assert!(Path::new(backup).exists(), "{backup}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(inspect(&connection, &path, &[FIRST]), Ok(Found::Schema(1)));
        assert_eq!(columns(&connection), 1);
    }

    #[test]
    fn two_processes_may_do_the_same_step() {
        let (_folder, path, mut connection) = database();
        let mut other = Connection::open(&path).expect("opens");
        let steps = [FIRST, SECOND];
        for connection in [&mut connection, &mut other] {
            for step in &steps {
                apply(connection, step).expect("done, or done already");
            }
        }
        assert_eq!((columns(&connection), columns(&other)), (2, 2));
    }

    /// Where the file system has no locks, too.
    #[test]
    fn whoever_had_the_turn_leaves_no_sign_of_it() {
        let (folder, path, _connection) = database();
        let sign = beside(&path, TURN);
        let turn = Turn::wait(&path).expect("a turn");
        assert!(sign.exists() && turn.lock.is_some());
        drop(turn);
        assert!(!sign.exists());
        make_private(&sign).expect("made");
        drop(Turn { path: sign, lock: None });
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("listed").flatten().collect();
        assert_eq!(names.len(), 1, "{names:?}");
    }

    /// Names that are taken, and a part that was left, are in nobody's way.
    #[test]
    fn a_copy_gets_a_name_of_its_own_and_leaves_no_part() {
        let (folder, path, connection) = database();
        std::fs::write(beside(&path, PART), "left by another").expect("written");
        let copies: Vec<_> =
            (0..3).map(|_| back_up(&connection, &path, 1).expect("copied")).collect();
        for copy in &copies {
            assert_eq!(columns(&Connection::open(copy).expect("opens")), 1);
        }
        let broken = Connection::open_in_memory().expect("opens");
        broken.execute_batch("BEGIN").expect("begun");
        assert!(back_up(&broken, &path, 1).is_err(), "nothing is copied within a transaction");
        let names: Vec<_> = std::fs::read_dir(folder.path()).expect("listed").flatten().collect();
        assert_eq!(names.len(), 1 + copies.len(), "{names:?}");
    }

    #[test]
    fn other_builds_and_other_programs_are_told_apart() {
        let (_folder, path, connection) = database();
        let edited = Migration { sql: "CREATE TABLE a (z INTEGER) STRICT", ..FIRST };
        assert_eq!(
            inspect(&connection, &path, &[edited]),
            Err(StoreError::ChangedMigration { path: path.clone(), number: 1 })
        );
        let foreign = Connection::open_in_memory().expect("opens");
        foreign.execute_batch("CREATE TABLE bookmarks (url TEXT)").expect("made");
        assert_eq!(
            inspect(&foreign, &path, &[FIRST]),
            Err(StoreError::Foreign { path: path.clone() })
        );
        let empty = Connection::open_in_memory().expect("opens");
        assert_eq!(inspect(&empty, &path, &[FIRST]), Ok(Found::Empty));
    }
}
