//! Bringing a database to this program's schema: numbered steps, each in one transaction,
//! each with a checksum that is recorded and compared ever after.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior, params};
use sha2::{Digest, Sha256};

use super::{
    error::StoreError,
    place::{beside, make_private},
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
    let backup = match found {
        Found::Schema(found) if found >= supported => return Ok(None),
        Found::Schema(found) => Some(back_up(connection, path, found)?),
        Found::Empty => None,
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

/// A whole and consistent copy beside the database, private like it.
fn back_up(connection: &Connection, path: &Path, schema: i64) -> Result<PathBuf, StoreError> {
    let stamp = jiff::Timestamp::now().as_second();
    let mut copy = beside(path, &format!(".schema-{schema}.{stamp}.backup"));
    let mut number = 1;
    while !make_private(&copy)? {
        number += 1;
        copy = beside(path, &format!(".schema-{schema}.{stamp}-{number}.backup"));
    }
    let target = copy.to_str().ok_or_else(|| StoreError::CannotOpen {
        path: copy.clone(),
        reason: "its name is not UTF-8".to_owned(),
        hint: "choose another file with --db".to_owned(),
    })?;
    connection
        .execute("VACUUM INTO ?", [target])
        .map_err(|error| StoreError::from_sqlite(&copy, &error))?;
    Ok(copy)
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
