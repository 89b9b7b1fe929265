//! Holding the bytes of a database that SQLite may not be able to open: by the very locks that
//! SQLite itself uses, so that whoever has it open is met, idle or not, and nobody opens it
//! meanwhile.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use super::{
    error::StoreError,
    place::{beside, cannot_open},
};

/// A database file that no other process has open. This process must not have it open through
/// SQLite: letting go of these files would let go of SQLite's locks with them.
pub(super) struct HeldBytes {
    /// The file, open for reading. Closing another descriptor of it would let go of it.
    pub(super) file: File,
    /// The index of its write-ahead log, which every connection holds a lock on.
    _index: Option<File>,
}

impl HeldBytes {
    /// Holds a file and the index of its log.
    ///
    /// # Errors
    /// [`StoreError::Busy`] where another process has it open; what the system said.
    pub(super) fn of(database: &Path) -> Result<Self, StoreError> {
        let file = hold(database, database)?;
        let index = beside(database, "-shm");
        let index = if index.is_file() { Some(hold(&index, database)?) } else { None };
        Ok(Self { file, _index: index })
    }
}

fn hold(path: &Path, database: &Path) -> Result<File, StoreError> {
    let options = |write: bool| File::options().read(true).write(write).open(path);
    let file = match options(true) {
        Ok(file) => file,
        // What cannot be written here cannot be locked either.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            return options(false).map_err(|error| cannot_open(path, &error));
        }
        Err(error) => return Err(cannot_open(path, &error)),
    };
    if lock(&file) { Ok(file) } else { Err(in_use(database.to_path_buf())) }
}

/// Whether all of a file could be locked, or nobody can say.
#[cfg(unix)]
fn lock(file: &File) -> bool {
    use rustix::{
        fs::{FlockOperation, fcntl_lock},
        io::Errno,
    };
    let locked = fcntl_lock(file, FlockOperation::NonBlockingLockExclusive);
    !matches!(locked, Err(Errno::AGAIN | Errno::ACCESS))
}

/// Elsewhere opening it is what tells: SQLite keeps others from an open file there.
#[cfg(not(unix))]
fn lock(_file: &File) -> bool {
    true
}

fn in_use(path: PathBuf) -> StoreError {
    StoreError::Busy { path, holder: "a process that has it open".to_owned(), waited_ms: 0 }
}
