//! Telling the living from the dead: a process that has begun executions holds a lock on a small
//! file beside the database for as long as it lives. The system lets go of it when the process
//! ends, however it ends, so that no process number that was given again, no restart of the
//! machine and no container's own numbering can mislead.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use uuid::Uuid;

use super::{
    error::StoreError,
    place::{beside, cannot_open, make_private},
};

/// A file held for its lock.
#[derive(Debug)]
struct Held(File);

impl Drop for Held {
    /// A child process that is just being started shares the lock for a moment; letting go of it
    /// by word ends it there too.
    fn drop(&mut self) {
        drop(self.0.unlock());
    }
}

/// This store's sign of life.
#[derive(Debug)]
pub(super) struct Presence {
    name: String,
    path: PathBuf,
    _lock: Held,
}

impl Presence {
    /// Makes and locks a file of a name nobody had before.
    pub(super) fn announce(database: &Path) -> Result<Self, StoreError> {
        let name = format!(".process-{}", Uuid::now_v7().simple());
        let path = beside(database, &name);
        make_private(&path)?;
        let file = open(&path).map_err(|error| cannot_open(&path, &error))?;
        // Where the file system knows no locks, others judge by the process number alone.
        drop(file.try_lock());
        Ok(Self { name, path, _lock: Held(file) })
    }

    /// The part of the file's name after the database's.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Ends the sign of life and removes its file.
    pub(super) fn withdraw(self) {
        drop(std::fs::remove_file(&self.path));
    }
}

/// A process of the past, held so that nobody else takes care of it at the same time.
#[derive(Debug)]
pub(super) struct Remains {
    path: PathBuf,
    _lock: Option<Held>,
}

impl Remains {
    /// Removes what it left.
    pub(super) fn clear(self) {
        drop(std::fs::remove_file(&self.path));
    }
}

/// What is left of a process, or `None` while it lives.
pub(super) fn remains(database: &Path, name: &str, pid: i64) -> Option<Remains> {
    // The name comes from the database; anything but our own form could point elsewhere.
    let plain = name
        .strip_prefix(".process-")
        .is_some_and(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !plain {
        return Some(Remains { path: PathBuf::new(), _lock: None });
    }
    let path = beside(database, name);
    match open(&path) {
        Ok(file) => match file.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) if process_exists(pid) => None,
            Ok(()) | Err(TryLockError::Error(_)) => Some(Remains { path, _lock: Some(Held(file)) }),
        },
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Some(Remains { path, _lock: None })
        }
        Err(_) if process_exists(pid) => None,
        Err(_) => Some(Remains { path, _lock: None }),
    }
}

/// Somebody who has begun executions in a database and lives, in words.
pub(super) fn anybody(database: &Path) -> Option<String> {
    let folder = database.parent()?;
    let base = database.file_name()?.to_string_lossy().into_owned();
    let entries = std::fs::read_dir(folder).ok()?;
    let lives = entries.flatten().any(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        name.strip_prefix(&base).is_some_and(|suffix| {
            suffix.starts_with(".process-") && remains(database, suffix, 0).is_none()
        })
    });
    lives.then(|| "a process that is running".to_owned())
}

fn open(path: &Path) -> std::io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

#[cfg(unix)]
fn process_exists(pid: i64) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else {
        return false;
    };
    !matches!(rustix::process::test_kill_process(pid), Err(rustix::io::Errno::SRCH))
}

#[cfg(not(unix))]
fn process_exists(_pid: i64) -> bool {
    true
}
