//! Errors inside this room, before the path of the database is known.

use std::path::Path;

use super::error::StoreError;

/// An error of SQLite, or one that is already in the store's own words.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

/// What statements inside this room answer.
pub(super) type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A row that cannot be understood.
    pub(super) fn damaged(what: impl std::fmt::Display) -> Self {
        Self::Store(StoreError::damaged(what))
    }

    /// The error as the caller gets it.
    pub(super) fn at(self, path: &Path) -> StoreError {
        match self {
            Self::Sqlite(error) => StoreError::from_sqlite(path, &error),
            Self::Store(error) => error,
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
