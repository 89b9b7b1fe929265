//! Whole copies of a database: made while others write, checked, and put in a database's place.
//!
//! All of it goes through SQLite. Copying the file of an open database byte by byte would drop
//! the locks this process holds on it, and could catch it in the middle of a write.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::Timestamp;
use rusqlite::{
    Connection, OpenFlags,
    backup::{Backup, StepResult},
};
use serde::Serialize;
use tempfile::TempPath;

use super::{
    alone::HeldBytes,
    connection::{cannot_share, file_uri, is_busy, open_reader, switch_journal},
    error::StoreError,
    fault::{Fault, Outcome},
    migrate::{self, Found, MIGRATIONS},
    place::{self, Place, beside, cannot_open},
    presence, time,
};

/// Pages copied in one go: 4 MiB.
const PAGES: i32 = 1_024;
/// How long a backup waits for somebody who holds the whole file.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a copy of a database holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BackupFacts {
    pub path: PathBuf,
    pub bytes: u64,
    /// The schema it has; an older one is brought up to date when it is opened.
    pub schema: i64,
    pub executions: u64,
    /// Saved versions of templates.
    pub versions: u64,
    /// When the newest execution began.
    pub newest: Option<Timestamp>,
}

/// What putting a backup in a database's place did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Restored {
    pub backup: BackupFacts,
    /// Where the database is that was there before, if one was.
    pub kept: Option<PathBuf>,
}

/// Copies a database as it is at one moment into a new file of mode 0600, whoever writes to it
/// meanwhile, and checks the copy. Blocks.
///
/// # Errors
/// Where the database cannot be read, the file exists already, or there is no room for it.
pub fn back_up(database: &Path, target: &Path) -> Result<BackupFacts, StoreError> {
    let place = place::prepare(database, true)?;
    place.check_log()?;
    no_log_beside(target)?;
    let source = open_to_look(&place.path)?;
    migrate::inspect(&source, &place.path, MIGRATIONS)?;
    let folder = folder_of(target);
    let part = private_part(folder)?;
    copy(&source, &part).map_err(|fault| fault.at(&place.path).waited(PATIENCE))?;
    // The copy is looked at under its own name, so that a bad one never gets the name asked for.
    check(&part)?;
    part.persist_noclobber(target).map_err(|failed| cannot_place(target, &failed.error))?;
    sync_folder(folder);
    check(target)
}

/// Looks at every page of a backup and says what it holds. Changes nothing. Blocks.
///
/// # Errors
/// [`StoreError::BadBackup`] for a file that is damaged, empty or no database, and the errors
/// of opening for one of another program or of a newer schema.
pub fn verify(backup: &Path) -> Result<BackupFacts, StoreError> {
    check(backup)
}

/// Puts a backup in a database's place. What was there before stays beside it, under another
/// name. Blocks.
///
/// # Errors
/// Where the backup is not whole, another process has the database open, or a file cannot be
/// written; the database is then as it was.
pub fn restore(database: &Path, backup: &Path) -> Result<Restored, StoreError> {
    let facts = check(backup)?;
    let before = fs::symlink_metadata(database).is_ok_and(|metadata| metadata.len() > 0);
    let place = place::prepare(database, false)?;
    let same = backup.canonicalize().is_ok_and(|backup| backup == place.path);
    if same || !place.writable {
        let reason =
            if same { "it is the database itself" } else { "nothing can be written there" };
        return Err(StoreError::Refused {
            path: place.path,
            reason: reason.to_owned(),
            hint: "name another file".to_owned(),
        });
    }
    // A copy, since the backup may lie on another disk and must stay where it is.
    let folder = folder_of(&place.path);
    let part = private_part(folder)?;
    let source = open_to_look(backup)?;
    copy(&source, &part).map_err(|fault| fault.at(backup).waited(PATIENCE))?;
    drop(source);
    check(&part)?;

    let alone = hold_alone(&place)?;
    let kept = set_aside(&place.path, before)?;
    // Replaces the old name in one step: whoever looks finds the one database or the other.
    part.persist(&place.path).map_err(|failed| cannot_place(&place.path, &failed.error))?;
    sync_folder(folder);
    drop(alone);
    Ok(Restored { backup: facts, kept })
}

/// A connection that reads and never writes, not even to the log's index where there is none.
fn open_to_look(path: &Path) -> Result<Connection, StoreError> {
    let uri = file_uri(path);
    let attempt = |uri: &str| {
        let connection = open_reader(uri, PATIENCE)?;
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
        Ok::<_, rusqlite::Error>(connection)
    };
    let live = attempt(&format!("{uri}?mode=ro"));
    let opened = match live {
        Err(error) if cannot_share(&error) => attempt(&format!("{uri}?mode=ro&immutable=1")),
        answer => answer,
    };
    opened.map_err(|error| StoreError::from_sqlite(path, &error).waited(PATIENCE))
}

/// Copies one moment of a database over an empty file.
pub(super) fn copy(source: &Connection, target: &Path) -> Outcome<()> {
    let told = |error: rusqlite::Error| Fault::Store(StoreError::from_sqlite(target, &error));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(target, flags).map_err(told)?;
    // One view from the first page to the last: the copy does not begin again at every commit of
    // others, and with a write-ahead log they do not wait for it.
    let view = source.unchecked_transaction()?;
    view.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    {
        let backup = Backup::new(&view, &mut copy).map_err(told)?;
        let began = std::time::Instant::now();
        loop {
            match backup.step(PAGES).map_err(told)? {
                StepResult::Done => break,
                StepResult::More => {}
                _ if began.elapsed() < PATIENCE => std::thread::sleep(Duration::from_millis(2)),
                _ => return Err(busy(target).into()),
            }
        }
    }
    drop(view);
    // One file that needs no neighbours, wherever it is carried.
    let mode: String = copy
        .pragma_update_and_check(None, "journal_mode", "delete", |row| row.get(0))
        .map_err(told)?;
    debug_assert_eq!(mode, "delete");
    copy.close().map_err(|(_, error)| told(error))
}

/// Reads every page of a database that nobody has open, and counts what is in it.
fn check(path: &Path) -> Result<BackupFacts, StoreError> {
    let bad = |detail: String| StoreError::BadBackup { path: path.to_path_buf(), detail };
    let metadata = fs::metadata(path).map_err(|error| cannot_open(path, &error))?;
    if !metadata.is_file() {
        return Err(bad("it is not a regular file".to_owned()));
    }
    let log = fs::metadata(beside(path, "-wal")).map_or(0, |log| log.len());
    let frozen = if log == 0 { "&immutable=1" } else { "" };
    let connection = open_reader(&format!("{}?mode=ro{frozen}", file_uri(path)), PATIENCE)
        .map_err(|error| bad(error.to_string()))?;
    let schema = match migrate::inspect(&connection, path, MIGRATIONS) {
        Ok(Found::Schema(schema)) => schema,
        Ok(Found::Empty) => return Err(bad("there is nothing in it".to_owned())),
        Err(StoreError::Corrupt { detail, .. } | StoreError::Database { detail, .. }) => {
            return Err(bad(detail));
        }
        Err(error) => return Err(error),
    };
    let look = || -> rusqlite::Result<(Option<String>, u64, u64, Option<i64>)> {
        let told: String =
            connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        let executions = count("SELECT count(*) FROM executions")?.unsigned_abs();
        let versions = count("SELECT count(*) FROM versions")?.unsigned_abs();
        let newest =
            connection.query_row("SELECT max(started_ns) FROM executions", [], |row| row.get(0))?;
        Ok(((told != "ok").then_some(told), executions, versions, newest))
    };
    match look() {
        Err(error) => Err(bad(error.to_string())),
        Ok((Some(damage), ..)) => Err(bad(damage)),
        Ok((None, executions, versions, newest)) => Ok(BackupFacts {
            path: path.to_path_buf(),
            bytes: metadata.len(),
            schema,
            executions,
            versions,
            newest: newest.map(time::from_stored),
        }),
    }
}

/// A database that no other process has, and that none can open until this is dropped.
enum Alone {
    /// All of it is in the one file.
    Sqlite(#[expect(dead_code, reason = "it is held")] Connection),
    /// A file that SQLite cannot hold, because it is no sound database or must not read its log.
    Bytes(#[expect(dead_code, reason = "it is held")] HeldBytes),
}

/// Holds a database so that no other process has it.
fn hold_alone(place: &Place) -> Result<Alone, StoreError> {
    let path = &place.path;
    if let Some(holder) = presence::anybody(path) {
        return Err(StoreError::Busy { path: path.clone(), holder, waited_ms: 0 });
    }
    // A log of another database would be read back into the one it lies beside.
    if place.foreign_log.is_some() {
        return HeldBytes::of(path).map(Alone::Bytes);
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let hold = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(Duration::from_secs(1))?;
        connection.pragma_update(None, "locking_mode", "exclusive")?;
        // Leaving the write-ahead log needs the file alone, and leaves nothing beside it.
        switch_journal(&connection, "delete", Duration::from_secs(1))?;
        connection.execute_batch("BEGIN EXCLUSIVE")?;
        Ok::<_, Fault>(connection)
    };
    match hold() {
        Ok(connection) => Ok(Alone::Sqlite(connection)),
        Err(Fault::Sqlite(error)) if is_busy(&error) => Err(busy(path)),
        // What is no database cannot be held by SQLite. Somebody may have opened it before it
        // was damaged.
        Err(fault) => match fault.at(path) {
            StoreError::Corrupt { .. } | StoreError::Damaged { .. } => {
                HeldBytes::of(path).map(Alone::Bytes)
            }
            error => Err(error),
        },
    }
}

/// Gives a database, if there is one, a second name that it keeps when its first is given away;
/// logs that are left beside it go with it.
fn set_aside(path: &Path, exists: bool) -> Result<Option<PathBuf>, StoreError> {
    let stamp = Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut kept = beside(path, &format!(".replaced-{stamp}"));
    let mut number = 1;
    while kept.symlink_metadata().is_ok() {
        number += 1;
        kept = beside(path, &format!(".replaced-{stamp}-{number}"));
    }
    // Only a database that could not be held still has these.
    for suffix in place::LOGS {
        let (from, to) = (beside(path, suffix), beside(&kept, suffix));
        if from.symlink_metadata().is_ok() {
            fs::rename(&from, &to).map_err(|error| cannot_place(&to, &error))?;
        }
    }
    // Its index of the log is made anew by whoever opens it.
    drop(fs::remove_file(beside(path, "-shm")));
    if !exists {
        return Ok(None);
    }
    if fs::hard_link(path, &kept).is_err() {
        // A file system without second names.
        fs::rename(path, &kept).map_err(|error| cannot_place(&kept, &error))?;
    }
    Ok(Some(kept))
}

/// Refuses a name for a new database beside which a log was left: whoever opens the database
/// would read that back into it.
pub(super) fn no_log_beside(target: &Path) -> Result<(), StoreError> {
    match place::logs(target).into_iter().next() {
        Some(log) => Err(StoreError::ForeignLog { path: target.to_path_buf(), log }),
        None => Ok(()),
    }
}

/// An empty file of mode 0600 that goes away unless it gets its name.
pub(super) fn private_part(folder: &Path) -> Result<TempPath, StoreError> {
    tempfile::Builder::new()
        .prefix(".lathe-")
        .suffix(".part")
        .tempfile_in(folder)
        .map(tempfile::NamedTempFile::into_temp_path)
        .map_err(|error| cannot_open(folder, &error))
}

pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

pub(super) fn cannot_place(path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == std::io::ErrorKind::AlreadyExists {
        return StoreError::Refused {
            path: path.to_path_buf(),
            reason: "it exists already".to_owned(),
            hint: "nothing is overwritten: choose another name".to_owned(),
        };
    }
    cannot_open(path, error)
}

/// Makes a new name survive the loss of power, where the system can.
pub(super) fn sync_folder(folder: &Path) {
    if let Ok(folder) = fs::File::open(folder) {
        // Some file systems know no such thing; the file itself is safe.
        drop(folder.sync_all());
    }
}

fn busy(path: &Path) -> StoreError {
    StoreError::Busy {
        path: path.to_path_buf(),
        holder: "another process".to_owned(),
        waited_ms: 0,
    }
    .waited(Duration::from_secs(1))
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    const DATABASE: &str = "LATHE_TEST_WANTS_DATABASE";

    /// Not a test of its own: the other process, which succeeds where it may have the database.
    #[test]
    fn process_that_wants_the_database() {
        let Some(path) = std::env::var_os(DATABASE) else { return };
        assert!(HeldBytes::of(Path::new(&path)).is_ok(), "somebody has it");
    }

    fn another_may_have(path: &Path) -> bool {
        let other = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "store::backup::tests::process_that_wants_the_database"])
            .env(DATABASE, path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        other.expect("it runs").success()
    }

    #[test]
    fn no_other_process_has_a_database_while_another_takes_its_place() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        for kind in ["sound", "garbage", "foreign log"] {
            fs::remove_file(&path).ok();
            if kind == "garbage" {
                fs::write(&path, vec![0xa5; 30_000]).expect("written");
            } else {
                let mut connection = Connection::open(&path).expect("opens");
                migrate::migrate(&mut connection, &path, MIGRATIONS).expect("made");
            }
            if kind == "foreign log" {
                fs::write(beside(&path, "-wal"), vec![0; 40_000]).expect("written");
            }
            fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
                .expect("private");
            let place = place::prepare(&path, false).expect("there");
            assert_eq!(place.foreign_log.is_some(), kind == "foreign log");
            assert!(another_may_have(&path), "{kind}: nobody has it yet");
            let alone = hold_alone(&place).expect("held");
            assert!(!another_may_have(&path), "{kind}: it is held");
            drop(alone);
            assert!(another_may_have(&path), "{kind}: it was let go of");
        }
    }
}
