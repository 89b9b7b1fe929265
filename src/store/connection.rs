//! Connections to the database and the settings each of them needs.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use super::{
    error::StoreError,
    fault::{Fault, Outcome},
    migrate::{self, Found, MIGRATIONS},
    options::{Journal, Location, OpenReport, StoreOptions},
    place::{self, Place, beside},
};

/// The first SQLite in which two connections that write and checkpoint at the same moment cannot
/// damage a database with a write-ahead log.
const SAFE_SQLITE: (i32, &str) = (3_051_003, "3.51.3");
/// Pages of 4 KiB kept in memory, in KiB as SQLite wants it: negative.
const CACHE_KIB: i64 = -8_000;
/// A write-ahead log that grew larger, in bytes, is not left so: a reader that stays for long
/// keeps SQLite from beginning it anew. What SQLite begins anew it cuts back to this.
pub(super) const LONGEST_LOG: u32 = 64 << 20;

/// How readers reach the same database.
#[derive(Clone, Debug)]
pub(super) enum Access {
    /// Each reader has a connection of its own.
    File { path: PathBuf, busy: Duration },
    /// Each reader has a connection of its own to a file that nobody can write.
    ReadOnly { uri: String, path: PathBuf, busy: Duration },
    /// There is only the one connection.
    Memory,
}

/// An open database: the connection that writes (or, read-only, the one that looked).
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) access: Access,
    pub(super) path: PathBuf,
    pub(super) report: OpenReport,
}

/// Opens the database, brings its schema up to date, and says what was found.
pub(super) fn open(options: &StoreOptions) -> Result<Opened, StoreError> {
    check_sqlite()?;
    match &options.location {
        Location::Memory => open_memory(options),
        Location::File(path) => {
            let place = place::prepare(path, options.read_only)?;
            place.check_log()?;
            if place.writable { open_file(options, &place) } else { open_read_only(options, place) }
        }
    }
}

fn check_sqlite() -> Result<(), StoreError> {
    if rusqlite::version_number() >= SAFE_SQLITE.0 {
        return Ok(());
    }
    Err(StoreError::OldSqlite {
        found: rusqlite::version().to_owned(),
        needed: SAFE_SQLITE.1.to_owned(),
    })
}

fn open_memory(options: &StoreOptions) -> Result<Opened, StoreError> {
    let path = PathBuf::from(":memory:");
    let prepare = || -> Outcome<Connection> {
        let mut connection = Connection::open_in_memory()?;
        configure(&connection, options)?;
        migrate::migrate(&mut connection, Path::new(":memory:"), MIGRATIONS)?;
        Ok(connection)
    };
    let connection = prepare().map_err(|fault| fault.at(&path))?;
    let report = OpenReport { journal_mode: "memory".to_owned(), ..OpenReport::default() };
    Ok(Opened { connection, access: Access::Memory, path, report })
}

fn open_file(options: &StoreOptions, place: &Place) -> Result<Opened, StoreError> {
    let path = place.path.clone();
    let mut report = OpenReport::default();
    if place.lost_log {
        report.warnings.push(format!(
            "The log beside {} is gone: what was written last may be missing. Where it was moved, \
             put it back and start again; `lathe doctor` checks what is there",
            path.display()
        ));
    }
    let connection = prepare_file(options, place, &mut report)
        .map_err(|fault| fault.at(&path).waited(options.busy))?;
    let access = Access::File { path: path.clone(), busy: options.busy };
    Ok(Opened { connection, access, path, report })
}

fn prepare_file(
    options: &StoreOptions,
    place: &Place,
    report: &mut OpenReport,
) -> Outcome<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let mut connection = Connection::open_with_flags(&place.path, flags)?;
    connection.busy_timeout(options.busy)?;
    // A database that is refused below must keep every byte: closing the connection would
    // otherwise move what the log still holds into the file.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    let found = migrate::inspect(&connection, &place.path, MIGRATIONS)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;

    configure(&connection, options)?;
    report.journal_mode = set_journal(&connection, options, place, report)?;
    report.backup = migrate::migrate(&mut connection, &place.path, MIGRATIONS)?;
    if let (Some(backup), Found::Schema(from)) = (&report.backup, found) {
        report.warnings.push(format!(
            "The database was brought from schema {from} to this program's; a copy from before is {}",
            backup.display()
        ));
    }
    Ok(connection)
}

/// The settings that every connection that writes needs.
fn configure(connection: &Connection, options: &StoreOptions) -> Outcome<()> {
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.pragma_update(None, "secure_delete", "fast")?;
    connection.set_prepared_statement_cache_capacity(64);
    if let Some(bytes) = options.max_size {
        let page: u64 =
            connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?.into();
        let pages = i64::try_from(bytes / page.max(1)).unwrap_or(i64::MAX).max(1);
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}

/// Sets the journal, reads back what it became, and sets how careful commits are.
fn set_journal(
    connection: &Connection,
    options: &StoreOptions,
    place: &Place,
    report: &mut OpenReport,
) -> Outcome<String> {
    let wanted = match (options.journal, place.network) {
        (Journal::Rollback, _) => "truncate",
        (Journal::Detect, Some(kind)) => {
            report.warnings.push(format!(
                "The database lies on {kind}, where a write-ahead log is not safe; it uses a slower journal. Choose a local folder with --db for speed"
            ));
            "truncate"
        }
        (Journal::Detect | Journal::WriteAhead, _) => "wal",
    };
    let mut mode = switch_journal(connection, wanted, options.busy)?;
    if wanted == "wal" && mode != "wal" {
        report.warnings.push(format!(
            "The file system does not carry a write-ahead log (SQLite answered `{mode}`); the database uses a slower journal"
        ));
        mode = switch_journal(connection, "truncate", options.busy)?;
    }
    let synchronous = if mode == "wal" { "normal" } else { "full" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "journal_size_limit", LONGEST_LOG)?;
    Ok(mode)
}

/// Changing the journal needs the file alone, and SQLite does not wait for that by itself.
pub(super) fn switch_journal(
    connection: &Connection,
    wanted: &str,
    patience: Duration,
) -> Outcome<String> {
    let read = |row: &rusqlite::Row<'_>| row.get::<_, String>(0);
    let now: String = connection.pragma_query_value(None, "journal_mode", read)?;
    if now == wanted {
        return Ok(now);
    }
    let began = Instant::now();
    loop {
        match connection.pragma_update_and_check(None, "journal_mode", wanted, read) {
            Err(error) if is_busy(&error) && began.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(2));
            }
            answer => return Ok(answer?),
        }
    }
}

/// Whether another connection was in the way.
pub(super) fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

fn open_read_only(options: &StoreOptions, place: Place) -> Result<Opened, StoreError> {
    let path = place.path;
    let mut report = OpenReport { read_only: true, ..OpenReport::default() };
    if options.full {
        report.warnings.push(format!(
            "There is no room left for {}: history is shown, and nothing new is saved. Free some \
             space and start again",
            path.display()
        ));
    } else if !options.read_only {
        report.warnings.push(format!(
            "{} can only be read here: history is shown, and nothing new is saved",
            path.display()
        ));
    }
    let pending = std::fs::metadata(beside(&path, "-wal")).map_or(0, |log| log.len());
    let uri = file_uri(&path);
    let live = format!("{uri}?mode=ro");
    let frozen = format!("{uri}?mode=ro&immutable=1");
    let attempt = |uri: &str| {
        let connection = open_reader(uri, options.busy)?;
        let found = migrate::inspect(&connection, &path, MIGRATIONS)?;
        Ok::<_, Fault>((connection, found))
    };
    // Where somebody else writes (or a log waits to be read), the log must be heeded, which
    // needs its neighbours; only a folder that cannot be written may be taken as frozen, or one
    // without room where nobody has left a log or has its index.
    let holds = |suffix| std::fs::metadata(beside(&path, suffix)).is_ok_and(|file| file.len() > 0);
    let alone = options.full && !holds("-wal") && !holds("-shm");
    let first = if alone { attempt(&frozen) } else { attempt(&live) };
    let (uri, answer) = match first {
        Err(Fault::Sqlite(error)) if cannot_share(&error) => {
            if pending > 0 {
                report.warnings.push(format!(
                    "The latest {pending} bytes of work wait in {} and are not shown",
                    beside(&path, "-wal").display()
                ));
            }
            let answer = attempt(&frozen);
            (frozen, answer)
        }
        answer => (if alone { frozen } else { live }, answer),
    };
    let (connection, found) = answer.map_err(|fault| fault.at(&path).waited(options.busy))?;
    let supported = MIGRATIONS.last().map_or(0, |last| last.number);
    match found {
        Found::Schema(found) if found == supported => {}
        Found::Schema(found) => return Err(StoreError::OlderSchema { path, found, supported }),
        Found::Empty => return Err(StoreError::OlderSchema { path, found: 0, supported }),
    }
    "off".clone_into(&mut report.journal_mode);
    let access = Access::ReadOnly { uri, path: path.clone(), busy: options.busy };
    Ok(Opened { connection, access, path, report })
}

/// Whether a read-only connection failed because it could not join the write-ahead log.
pub(super) fn cannot_share(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::SystemIoFailure)
    )
}

/// The path as SQLite's `file:` form, with everything that means something there written as hex.
pub(super) fn file_uri(path: &Path) -> String {
    use std::fmt::Write as _;
    let mut uri = "file:".to_owned();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"/-_.~".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}

pub(super) fn open_reader(uri: &str, busy: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    let connection = Connection::open_with_flags(uri, flags)?;
    prepare_reader(&connection, busy)?;
    Ok(connection)
}

fn prepare_reader(connection: &Connection, busy: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "query_only", true)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", CACHE_KIB)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

impl Access {
    /// A connection that only reads, for one reader thread.
    pub(super) fn reader(&self) -> Result<Connection, StoreError> {
        match self {
            Self::File { path, busy } => {
                // Reading beside a write-ahead log writes to its index, so the file is opened
                // for writing and every statement that would change something is refused.
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX
                    | OpenFlags::SQLITE_OPEN_NOFOLLOW;
                Connection::open_with_flags(path, flags)
                    .and_then(|connection| {
                        prepare_reader(&connection, *busy)?;
                        Ok(connection)
                    })
                    .map_err(|error| StoreError::from_sqlite(path, &error))
            }
            Self::ReadOnly { uri, path, busy } => {
                open_reader(uri, *busy).map_err(|error| StoreError::from_sqlite(path, &error))
            }
            Self::Memory => Err(StoreError::Closed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// No network can be mounted in a test; the place says that it is on one.
    #[test]
    fn on_a_network_the_journal_is_the_slow_and_safe_one() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let options = StoreOptions::file(&path);
        let place = place::prepare(&path, false).expect("prepared");
        for (network, mode, synchronous) in [(Some("NFS"), "truncate", 2), (None, "wal", 1)] {
            let place = Place { network, ..place.clone() };
            let mut report = OpenReport::default();
            let connection = prepare_file(&options, &place, &mut report).expect("opens");
            let level: i64 =
                connection.pragma_query_value(None, "synchronous", |row| row.get(0)).expect("read");
            assert_eq!((report.journal_mode.as_str(), level), (mode, synchronous));
            let warned = report.warnings.iter().any(|warning| warning.contains("lies on NFS"));
            assert_eq!(warned, network.is_some(), "{:?}", report.warnings);
            assert_eq!(beside(&path, "-wal").exists(), network.is_none());
        }
    }

    #[test]
    fn a_log_that_is_gone_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("lathe.db");
        let options = StoreOptions::file(&path);
        drop(open(&options).expect("made"));
        // What is left where the log of a killed process was taken away.
        place::make_private(&beside(&path, "-shm")).expect("made");
        std::fs::write(beside(&path, "-shm"), vec![0; 32_768]).expect("written");
        let opened = open(&options).expect("it opens");
        let told = opened.report.warnings.join(" ");
        assert!(told.contains("log beside") && told.contains("is gone"), "{told}");
        drop(opened);
        assert!(open(&options).expect("again").report.warnings.is_empty(), "told once");
    }
}
