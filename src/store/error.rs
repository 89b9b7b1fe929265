//! What can go wrong with the database: what, where, and what to do next.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use rusqlite::ErrorCode;
use semver::Version;
use thiserror::Error;

use crate::model::{ExecutionId, TemplateId};

/// Why the store could not do what was asked. Nothing was changed where an error is answered:
/// what the caller holds is still only with the caller.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StoreError {
    /// The folder or the file is not safe to keep records in.
    #[error("{}: {reason}; {hint}", path.display())]
    Refused { path: PathBuf, reason: String, hint: String },
    /// The file cannot be made, opened or reached.
    #[error("cannot open the database {}: {reason}; {hint}", path.display())]
    CannotOpen { path: PathBuf, reason: String, hint: String },
    /// The file is no database, or its structure is damaged.
    #[error(
        "{} is not a readable database ({detail}); it was left as it is: move it aside to start a new one, restore a backup, or take what can be read out of it with `lathe doctor --salvage FILE`",
        path.display()
    )]
    Corrupt { path: PathBuf, detail: String },
    /// A damaged database out of which nothing can be taken.
    #[error(
        "nothing can be read out of {} ({detail}); it was left as it is: restore a backup with `lathe backup restore FILE`, or move it aside to start a new one",
        path.display()
    )]
    BeyondSalvage { path: PathBuf, detail: String },
    /// A statement met damage in the open database, so nothing more is written to it.
    #[error(
        "not saved: {} is damaged ({detail}), and nothing more is written to it: end all programs that use it, then take what can be read out of it with `lathe doctor --salvage FILE`, or restore a backup",
        path.display()
    )]
    Harmed { path: PathBuf, detail: String },
    /// A copy of a database that is damaged, cut short, or none.
    #[error(
        "{} is not a whole backup ({detail}); nothing was changed: choose another one",
        path.display()
    )]
    BadBackup { path: PathBuf, detail: String },
    /// A log beside the file was left by another database.
    #[error(
        "{} was left by the database that was here before {}, which would be damaged by it; nothing was changed: move it away, or put the database back that it belongs to",
        log.display(), path.display()
    )]
    ForeignLog { path: PathBuf, log: PathBuf },
    /// The file is a database of another program.
    #[error("{} is a database of another program; choose another file with --db", path.display())]
    Foreign { path: PathBuf },
    /// A later version of the program made this database.
    #[error(
        "{} has schema {found}, this program knows up to {supported}; it was left as it is: use a newer version of the program, or another file with --db",
        path.display()
    )]
    NewerSchema { path: PathBuf, found: i64, supported: i64 },
    /// The database is older and may not be written, so it cannot be brought up to date.
    #[error(
        "{} has schema {found} and must be brought to {supported}, but it cannot be written here; open it once where it can",
        path.display()
    )]
    OlderSchema { path: PathBuf, found: i64, supported: i64 },
    /// The recorded checksum of a migration is not the one this program has.
    #[error(
        "{}: migration {number} was made by a different build of the program; use the build that made it, or another file with --db",
        path.display()
    )]
    ChangedMigration { path: PathBuf, number: i64 },
    /// A step of a migration failed; the database is as it was before the step.
    #[error(
        "{}: migration {number} failed ({detail}) and was undone; the copy made before is {backup}",
        path.display()
    )]
    MigrationFailed { path: PathBuf, number: i64, detail: String, backup: String },
    /// The linked SQLite is too old to be safe with several processes at once.
    #[error(
        "SQLite {found} can damage a database in use by several processes; {needed} or later is needed: build with the bundled SQLite"
    )]
    OldSqlite { found: String, needed: String },
    /// The database may only be read here.
    #[error("not saved: {} can only be read here; make its folder writable or choose another file with --db", path.display())]
    ReadOnly { path: PathBuf },
    /// No room on the disk, a quota, or the set limit of the database.
    #[error("not saved: no room left for {} ({detail}); free some space and save again", path.display())]
    Full { path: PathBuf, detail: String },
    /// Another process has held the database too long.
    #[error(
        "{} is held by {holder}, {waited_ms} ms were waited for it; nothing was saved: try again, or end that process",
        path.display()
    )]
    Busy { path: PathBuf, holder: String, waited_ms: u64 },
    /// Reading or writing the file failed.
    #[error("{}: {detail}; check the disk, then try again", path.display())]
    Io { path: PathBuf, detail: String },
    /// A stored row cannot be understood.
    #[error("a record in the database cannot be read: {detail}; it was left as it is")]
    Damaged { detail: String },
    /// A version was saved before with another content.
    #[error(
        "{template}@{version} is already saved with another content and never changes; save as another version"
    )]
    VersionExists { template: TemplateId, version: Version },
    #[error(
        "{template} has no saved version {version}; `lathe template versions {template}` lists them"
    )]
    UnknownVersion { template: TemplateId, version: Version },
    #[error("no execution {id} in the database; `lathe history list` shows what there is")]
    UnknownExecution { id: ExecutionId },
    /// A value outside what a field may hold.
    #[error("{what}: {reason}")]
    Invalid { what: &'static str, reason: String },
    /// The store was closed before.
    #[error("the database is already closed; nothing more is saved")]
    Closed,
    /// Anything else SQLite says.
    #[error("{}: {detail}; run `lathe doctor`", path.display())]
    Database { path: PathBuf, detail: String },
}

impl StoreError {
    /// Puts an error of SQLite into this vocabulary.
    pub(super) fn from_sqlite(path: &Path, error: &rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        let detail = error.to_string();
        match error {
            rusqlite::Error::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DiskFull => Self::Full { path, detail },
                // A write that stops short at a file-size limit or quota is an IO error to SQLite.
                ErrorCode::SystemIoFailure if is_write_failure(failure.extended_code) => {
                    Self::Full { path, detail }
                }
                ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed => {
                    Self::Io { path, detail }
                }
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => {
                    Self::Busy { path, holder: "another process".to_owned(), waited_ms: 0 }
                }
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                    Self::Corrupt { path, detail }
                }
                ErrorCode::ReadOnly => Self::ReadOnly { path },
                ErrorCode::CannotOpen | ErrorCode::PermissionDenied => Self::CannotOpen {
                    path,
                    reason: detail,
                    hint: "check that its folder exists and is yours".to_owned(),
                },
                _ => Self::Database { path, detail },
            },
            rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::IntegralValueOutOfRange(..)
            | rusqlite::Error::Utf8Error(..) => Self::Damaged { detail },
            _ => Self::Database { path, detail },
        }
    }

    /// The same error with how long was really waited, which SQLite does not say.
    pub(super) fn waited(self, patience: Duration) -> Self {
        match self {
            Self::Busy { path, holder, .. } => {
                let waited_ms = u64::try_from(patience.as_millis()).unwrap_or(u64::MAX);
                Self::Busy { path, holder, waited_ms }
            }
            other => other,
        }
    }

    /// A row that cannot be understood.
    pub(super) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Damaged { detail: what.to_string() }
    }
}

/// Whether an IO error of SQLite happened while making a file larger or safe on disk.
fn is_write_failure(extended_code: i32) -> bool {
    matches!(
        extended_code,
        rusqlite::ffi::SQLITE_IOERR_WRITE
            | rusqlite::ffi::SQLITE_IOERR_FSYNC
            | rusqlite::ffi::SQLITE_IOERR_TRUNCATE
            | rusqlite::ffi::SQLITE_IOERR_SHMSIZE
    )
}
