//! The folder and the file of a database: made private, and refused where they are not.
//!
//! Files are looked at by name only (`stat`), never opened: closing any descriptor of a database
//! file drops the locks SQLite holds on it for the whole process.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::ErrorKind,
    path::{Path, PathBuf},
};

use super::error::StoreError;
use crate::config::check_owner_above;

/// A database file whose folder and neighbours were checked.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The file, with its folder made absolute and free of links.
    pub(super) path: PathBuf,
    /// Whether folder and file can be written.
    pub(super) writable: bool,
    /// The name of the network file system below, if it is one.
    pub(super) network: Option<&'static str>,
    /// Whether the log beside the file was taken away: its index, which goes with it whenever
    /// SQLite removes them, is still there.
    pub(super) lost_log: bool,
    /// A log beside the file that the file cannot have written.
    pub(super) foreign_log: Option<PathBuf>,
}

/// What SQLite keeps beside a file while it is at work, and reads back into it.
pub(super) const LOGS: [&str; 2] = ["-wal", "-journal"];

/// A file beside the database: `-wal`, `-shm`, a lock, a backup.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Checks the folder and the file, and makes them private when they are absent.
pub(super) fn prepare(path: &Path, read_only: bool) -> Result<Place, StoreError> {
    let name = path.file_name().ok_or_else(|| StoreError::CannotOpen {
        path: path.to_path_buf(),
        reason: "it names no file".to_owned(),
        hint: "give the path of a file".to_owned(),
    })?;
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !read_only {
        make_folder(folder)?;
    }
    let folder = folder.canonicalize().map_err(|error| cannot_open(path, &error))?;
    let path = folder.join(name);
    check_folder(&folder)?;

    // Before the file itself: a log never comes before its file.
    let logs = logs(&path);
    let exists = check_file(&path)?;
    for suffix in ["-wal", "-shm", "-journal"] {
        check_file(&beside(&path, suffix))?;
    }
    let writable =
        !read_only && platform::writable(&folder) && (!exists || platform::writable(&path));
    if !exists {
        if !writable {
            return Err(StoreError::CannotOpen {
                path,
                reason: "it does not exist and its folder cannot be written".to_owned(),
                hint: "make the folder writable or choose another file with --db".to_owned(),
            });
        }
        make_private(&path)?;
    }
    let there = |suffix| fs::metadata(beside(&path, suffix)).is_ok_and(|file| file.len() > 0);
    let log = beside(&path, "-wal").symlink_metadata().is_ok();
    let lost_log = exists && there("-shm") && !log;
    let foreign_log = logs.into_iter().find(|log| !exists || !may_have_written(&path, log));
    Ok(Place { network: platform::network(&folder), path, writable, lost_log, foreign_log })
}

impl Place {
    /// Refuses a file beside which another one's log lies: reading that back would damage it.
    pub(super) fn check_log(&self) -> Result<(), StoreError> {
        match &self.foreign_log {
            Some(log) => Err(StoreError::ForeignLog { path: self.path.clone(), log: log.clone() }),
            None => Ok(()),
        }
    }
}

/// The logs beside a file that hold something.
pub(super) fn logs(path: &Path) -> Vec<PathBuf> {
    LOGS.into_iter()
        .map(|suffix| beside(path, suffix))
        .filter(|log| fs::symlink_metadata(log).is_ok_and(|file| file.len() > 0))
        .collect()
}

/// Whether a log can be this file's own: a write-ahead log belongs to a file that says it has
/// one. Every backup says that it has none, so one that was laid beside the log of the database
/// before it is told; a copy that `cp` made of a database in use says what its original said.
fn may_have_written(path: &Path, log: &Path) -> bool {
    use std::io::Read as _;
    /// Where the header says how the file is to be read: 1 without a write-ahead log, 2 with one.
    const READ_VERSION: usize = 19;
    if log != beside(path, LOGS[0]) {
        return true;
    }
    let mut header = [0; READ_VERSION + 1];
    let Ok(mut file) = fs::File::open(path) else { return true };
    let read = file.read_exact(&mut header);
    // Never closed: that would drop the locks that this process may hold on the file. There is
    // a log at a start only after a crash, or beside another process.
    std::mem::forget(file);
    match read {
        Ok(()) => header[READ_VERSION] != 1,
        Err(error) => error.kind() != ErrorKind::UnexpectedEof,
    }
}

/// Makes an empty file that only its owner can read and write. An existing one is left alone.
pub(super) fn make_private(path: &Path) -> Result<bool, StoreError> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    platform::private_file(&mut options);
    match options.open(path) {
        Ok(_) => Ok(true),
        // Another process was quicker; what it made is checked like any other.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            check_file(path)?;
            Ok(false)
        }
        Err(error) => Err(cannot_open(path, &error)),
    }
}

fn make_folder(folder: &Path) -> Result<(), StoreError> {
    check_owner_above(folder).map_err(|error| StoreError::CannotOpen {
        path: folder.to_path_buf(),
        reason: error.to_string(),
        hint: "nothing was made".to_owned(),
    })?;
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    platform::private_folder(&mut builder);
    builder.create(folder).map_err(|error| cannot_open(folder, &error))
}

fn check_folder(folder: &Path) -> Result<(), StoreError> {
    let metadata = fs::metadata(folder).map_err(|error| cannot_open(folder, &error))?;
    if !metadata.is_dir() {
        return Err(refused(folder, "it is not a folder", "choose another path with --db"));
    }
    platform::check_owner(folder, &metadata)
}

/// Whether the file is there; an error if it is no plain private file.
fn check_file(path: &Path) -> Result<bool, StoreError> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(cannot_open(path, &error)),
    };
    if metadata.is_symlink() {
        return Err(refused(path, "it is a symbolic link", "name the file itself with --db"));
    }
    if !metadata.is_file() {
        return Err(refused(path, "it is not a regular file", "choose another path with --db"));
    }
    platform::check_owner(path, &metadata)?;
    platform::check_links(path, &metadata)?;
    Ok(true)
}

fn refused(path: &Path, reason: &str, hint: &str) -> StoreError {
    StoreError::Refused {
        path: path.to_path_buf(),
        reason: reason.to_owned(),
        hint: hint.to_owned(),
    }
}

pub(super) fn cannot_open(path: &Path, error: &std::io::Error) -> StoreError {
    if error.kind() == ErrorKind::StorageFull || error.kind() == ErrorKind::QuotaExceeded {
        return StoreError::Full { path: path.to_path_buf(), detail: error.to_string() };
    }
    StoreError::CannotOpen {
        path: path.to_path_buf(),
        reason: error.to_string(),
        hint: "check that its folder exists and is yours, or choose another file with --db"
            .to_owned(),
    }
}

#[cfg(unix)]
mod platform {
    use std::{
        fs::{DirBuilder, Metadata, OpenOptions},
        os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
        path::Path,
    };

    use super::{StoreError, refused};

    pub(super) fn private_file(options: &mut OpenOptions) {
        options.mode(0o600);
    }

    pub(super) fn private_folder(builder: &mut DirBuilder) {
        builder.mode(0o700);
    }

    pub(super) fn writable(path: &Path) -> bool {
        rustix::fs::access(path, rustix::fs::Access::WRITE_OK).is_ok()
    }

    pub(super) fn check_owner(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
        let me = rustix::process::geteuid().as_raw();
        if metadata.uid() != me {
            let reason =
                format!("it belongs to user {}, and this program runs as {me}", metadata.uid());
            let hint = "choose a file in a folder of yours with --db; `sudo -H` does so by itself";
            return Err(refused(path, &reason, hint));
        }
        if metadata.mode() & 0o022 != 0 {
            let reason = format!("others may write to it (mode {:03o})", metadata.mode() & 0o777);
            let hint = format!("run: chmod go-w '{}'", path.display());
            return Err(refused(path, &reason, &hint));
        }
        Ok(())
    }

    pub(super) fn check_links(path: &Path, metadata: &Metadata) -> Result<(), StoreError> {
        if metadata.nlink() > 1 {
            return Err(refused(
                path,
                "it has a second name (a hard link)",
                "remove the other name, or choose another file with --db",
            ));
        }
        Ok(())
    }

    /// Whether locks and shared memory of several machines may meet here.
    #[cfg(target_os = "linux")]
    pub(super) fn network(folder: &Path) -> Option<&'static str> {
        let kind = rustix::fs::statfs(folder).ok()?.f_type;
        // Sign extension on 32-bit machines is cut off.
        network_of(u64::try_from(kind).unwrap_or_default() & 0xffff_ffff)
    }

    /// The network file system that a magic number of statfs(2) stands for, if it is one. An
    /// overlay, as containers have it, is none: what is written lies on this machine, and locks
    /// and shared memory are those of the file system below.
    #[cfg(target_os = "linux")]
    pub(super) fn network_of(kind: u64) -> Option<&'static str> {
        match kind {
            0x6969 => Some("NFS"),
            0x517b | 0xfe53_4d42 | 0xff53_4d42 => Some("SMB"),
            0x0102_1997 => Some("9p"),
            0x6573_5546 => Some("FUSE"),
            0x5346_414f | 0x6b41_4653 => Some("AFS"),
            0x7375_7245 => Some("Coda"),
            0x0bd0_0bd0 => Some("Lustre"),
            0x4750_4653 => Some("GPFS"),
            0x00c3_6400 => Some("Ceph"),
            0x0116_1970 => Some("GFS2"),
            0x7461_636f => Some("OCFS2"),
            0x1983_0326 => Some("BeeGFS"),
            0xaad7_aaea => Some("PanFS"),
            0x2003_0528 => Some("OrangeFS"),
            0x786f_4256 | 0xbaca_bacc | 0x7c7c_6673 => Some("a shared folder of a virtual machine"),
            _ => None,
        }
    }

    /// Whether locks and shared memory of several machines may meet here.
    #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
    pub(super) fn network(folder: &Path) -> Option<&'static str> {
        let facts = rustix::fs::statfs(folder).ok()?;
        let name: Vec<u8> = facts
            .f_fstypename
            .iter()
            .map(|&letter| u8::from_ne_bytes(letter.to_ne_bytes()))
            .take_while(|&letter| letter != 0)
            .collect();
        match name.as_slice() {
            b"nfs" => Some("NFS"),
            b"smbfs" | b"cifs" => Some("SMB"),
            b"afpfs" => Some("AFP"),
            b"webdav" => Some("WebDAV"),
            b"macfuse" | b"osxfuse" | b"fusefs" => Some("FUSE"),
            _ => None,
        }
    }

    #[cfg(not(any(
        target_os = "linux",
        target_os = "macos",
        target_os = "ios",
        target_os = "freebsd"
    )))]
    pub(super) fn network(_folder: &Path) -> Option<&'static str> {
        None
    }
}

#[cfg(not(unix))]
mod platform {
    use std::{
        fs::{DirBuilder, Metadata, OpenOptions},
        path::Path,
    };

    use super::StoreError;

    // Elsewhere the profile folder's own access list keeps others out.
    pub(super) fn private_file(_options: &mut OpenOptions) {}

    pub(super) fn private_folder(_builder: &mut DirBuilder) {}

    pub(super) fn writable(path: &Path) -> bool {
        std::fs::metadata(path).is_ok_and(|metadata| !metadata.permissions().readonly())
    }

    pub(super) fn check_owner(_path: &Path, _metadata: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn check_links(_path: &Path, _metadata: &Metadata) -> Result<(), StoreError> {
        Ok(())
    }

    pub(super) fn network(_folder: &Path) -> Option<&'static str> {
        None
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// The numbers are those of linux/magic.h and of the file systems' own headers.
    #[test]
    fn network_file_systems_are_told_by_their_numbers() {
        for (kind, name) in [
            (0x6969, "NFS"),
            (0x517b, "SMB"),
            (0xff53_4d42, "SMB"),
            (0xfe53_4d42, "SMB"),
            (0x0102_1997, "9p"),
            (0x6573_5546, "FUSE"),
            (0x5346_414f, "AFS"),
            (0x0bd0_0bd0, "Lustre"),
            (0x4750_4653, "GPFS"),
            (0x00c3_6400, "Ceph"),
            (0x786f_4256, "a shared folder of a virtual machine"),
        ] {
            assert_eq!(platform::network_of(kind), Some(name), "{kind:x}");
        }
        // ext4, xfs, btrfs, tmpfs, overlay, zfs, f2fs.
        for kind in
            [0xef53, 0x5846_5342, 0x9123_683e, 0x0102_1994, 0x794c_7630, 0x2fc1_2fc1, 0xf2f5_2010]
        {
            assert_eq!(platform::network_of(kind), None, "{kind:x}");
        }
    }

    #[test]
    fn a_folder_in_memory_is_no_network() {
        assert_eq!(platform::network(Path::new("/dev/shm")), None);
    }
}
