//! A folder's files, read and written so that nothing outside it is ever touched.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::error::{FileError, SaveError};
use crate::model::ContentHash;

/// Largest template, partial or settings file, in bytes.
pub const FILE_LIMIT: u64 = 1 << 20;

/// What a file was when it was last read or written: enough to notice that someone else changed
/// it. Two stamps of one content are the same file to us, whenever it was written.
#[derive(Clone, Debug, Eq)]
pub struct Stamp {
    pub hash: ContentHash,
    /// Bytes.
    pub length: u64,
    /// When the file was last written, where the system says.
    pub modified: Option<SystemTime>,
}

impl PartialEq for Stamp {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && self.hash == other.hash
    }
}

impl Stamp {
    pub(super) fn of(text: &str, modified: Option<SystemTime>) -> Self {
        Self { hash: ContentHash::of(text.as_bytes()), length: text.len() as u64, modified }
    }
}

/// A file as read.
pub(super) struct Contents {
    pub text: String,
    pub modified: Option<SystemTime>,
}

/// A folder that files are read from and written to by paths relative to it.
#[derive(Clone, Debug)]
pub(super) struct Folder {
    /// With no link and no `..` in it.
    root: PathBuf,
}

impl Folder {
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { root: fs::canonicalize(path)? })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Where a relative path really leads, if that is inside the folder.
    pub fn locate(&self, relative: &Path) -> Result<PathBuf, FileError> {
        let full = self.root.join(relative);
        let real = fs::canonicalize(&full).map_err(|error| file_error(relative, error, "read"))?;
        if real.starts_with(&self.root) {
            Ok(real)
        } else {
            Err(FileError::Outside { path: relative.to_path_buf(), target: real })
        }
    }

    /// Reads a regular file of at most [`FILE_LIMIT`] bytes of UTF-8.
    pub fn read(&self, relative: &Path) -> Result<Contents, FileError> {
        let real = self.locate(relative)?;
        let failed = |error| file_error(relative, error, "read");
        let file = open_inside(&self.root, &real).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        check_regular(relative, &metadata)?;
        let too_large = || FileError::TooLarge { path: relative.to_path_buf(), limit: FILE_LIMIT };
        if metadata.len() > FILE_LIMIT {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
        file.take(FILE_LIMIT + 1).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > FILE_LIMIT {
            return Err(too_large());
        }
        let text = into_text(relative, bytes)?;
        Ok(Contents { text, modified: metadata.modified().ok() })
    }

    /// Replaces an existing file by a text, whole or not at all: the text is written beside it,
    /// made durable, given the file's mode, and renamed over it. A link is kept; what it leads
    /// to is replaced. `unchanged` is asked last of all whether to go on.
    pub fn replace(
        &self,
        relative: &Path,
        text: &str,
        unchanged: impl FnOnce() -> Result<(), SaveError>,
    ) -> Result<Stamp, SaveError> {
        let real = self.locate(relative)?;
        let failed = |error| file_error(relative, error, "write");
        let metadata = fs::symlink_metadata(&real).map_err(failed)?;
        check_regular(relative, &metadata)?;
        if metadata.permissions().readonly() {
            return Err(SaveError::ReadOnly(relative.to_path_buf()));
        }
        let (temporary, parent) = write_beside(&real, text).map_err(failed)?;
        temporary.as_file().set_permissions(metadata.permissions()).map_err(failed)?;
        keep_group(temporary.as_file(), &metadata);
        unchanged()?;
        let file = temporary.persist(&real).map_err(|error| failed(error.error))?;
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok();
        sync_folder(&parent).map_err(failed)?;
        Ok(Stamp::of(text, modified))
    }

    /// Writes a file that must not exist yet, 0600, with its folders, 0700.
    pub fn create(&self, relative: &Path, text: &str) -> Result<Stamp, FileError> {
        let failed = |error| file_error(relative, error, "write");
        let folder = relative.parent().unwrap_or(Path::new(""));
        self.create_folders(folder)?;
        let real = self.locate(folder)?.join(relative.file_name().unwrap_or_default());
        let (temporary, parent) = write_beside(&real, text).map_err(failed)?;
        let file = temporary.persist_noclobber(&real).map_err(|error| failed(error.error))?;
        let modified = file.metadata().and_then(|metadata| metadata.modified()).ok();
        sync_folder(&parent).map_err(failed)?;
        Ok(Stamp::of(text, modified))
    }

    /// Creates missing folders one by one, so that none is made through a link that leads out.
    fn create_folders(&self, relative: &Path) -> Result<(), FileError> {
        let mut so_far = PathBuf::new();
        for part in relative.components() {
            so_far.push(part);
            match create_dir(&self.root.join(&so_far)) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(file_error(&so_far, error, "create")),
            }
            let real = self.locate(&so_far)?;
            if !real.is_dir() {
                return Err(FileError::NotAFolder(so_far));
            }
        }
        Ok(())
    }
}

fn create_dir(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Opens a path without links in it, below a root without links in it, following no link that
/// may have been put there meanwhile and waiting for nobody.
#[cfg(unix)]
fn open_inside(root: &Path, real: &Path) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    let folder_flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file_flags =
        OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let relative = real.strip_prefix(root).map_err(io::Error::other)?;
    let mut here = open(root, folder_flags, Mode::empty())?;
    let mut parts = relative.components().peekable();
    while let Some(part) = parts.next() {
        let flags = if parts.peek().is_some() { folder_flags } else { file_flags };
        here = openat(&here, part.as_os_str(), flags, Mode::empty())?;
    }
    Ok(File::from(here))
}

#[cfg(not(unix))]
fn open_inside(_root: &Path, real: &Path) -> io::Result<File> {
    File::open(real)
}

fn check_regular(relative: &Path, metadata: &Metadata) -> Result<(), FileError> {
    if metadata.is_file() {
        return Ok(());
    }
    Err(FileError::NotAFile { path: relative.to_path_buf(), what: what_is(metadata) })
}

#[cfg(unix)]
fn what_is(metadata: &Metadata) -> &'static str {
    use std::os::unix::fs::FileTypeExt;
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a folder"
    } else if kind.is_fifo() {
        "a FIFO"
    } else if kind.is_socket() {
        "a socket"
    } else if kind.is_block_device() || kind.is_char_device() {
        "a device"
    } else {
        "something else"
    }
}

#[cfg(not(unix))]
fn what_is(metadata: &Metadata) -> &'static str {
    if metadata.is_dir() { "a folder" } else { "something else" }
}

fn into_text(relative: &Path, bytes: Vec<u8>) -> Result<String, FileError> {
    String::from_utf8(bytes).map_err(|error| {
        let byte = error.utf8_error().valid_up_to();
        let bytes = error.as_bytes();
        let hint = match bytes.get(..2) {
            Some([0xFF, 0xFE] | [0xFE, 0xFF]) => "; it looks like UTF-16, save it as UTF-8",
            _ => "; save it as UTF-8",
        };
        let line = bytes.iter().take(byte).filter(|&&byte| byte == b'\n').count() + 1;
        FileError::NotText { path: relative.to_path_buf(), line, byte: byte + 1, hint }
    })
}

/// Says what an error of the system means for a file of the workspace.
pub(super) fn file_error(relative: &Path, error: io::Error, action: &'static str) -> FileError {
    let path = relative.to_path_buf();
    match error.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path),
        io::ErrorKind::PermissionDenied => FileError::Denied { path, action },
        _ => FileError::Io { path, error },
    }
}

/// Writes a durable file of a random hidden name beside `real`.
fn write_beside(real: &Path, text: &str) -> io::Result<(tempfile::NamedTempFile, PathBuf)> {
    let parent = real.parent().unwrap_or(Path::new("/")).to_path_buf();
    // 0600 and O_EXCL are the crate's own ways.
    let mut temporary =
        tempfile::Builder::new().prefix(".lathe-").suffix(".tmp").tempfile_in(&parent)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_all()?;
    Ok((temporary, parent))
}

/// Gives a new file the group of the one it replaces, where that is allowed.
fn keep_group(file: &File, metadata: &Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let group = rustix::fs::Gid::from_raw(metadata.gid());
        if file.metadata().is_ok_and(|new| new.gid() != metadata.gid()) {
            // Not being a member of the group is no reason not to save.
            let _ = rustix::fs::fchown(file, None, Some(group));
        }
    }
    #[cfg(not(unix))]
    let _ = (file, metadata);
}

/// Makes a rename durable.
fn sync_folder(folder: &Path) -> io::Result<()> {
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("listed")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_change_while_the_new_text_is_being_written_wins() {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join("x.md");
        fs::write(&file, "old").expect("written");
        let folder = Folder::open(place.path()).expect("opened");
        let relative = Path::new("x.md");
        let result = folder.replace(relative, "mine", || {
            // By now the new text is on the disk beside the file.
            assert_eq!(names(place.path()).len(), 2);
            fs::write(&file, "theirs").expect("written");
            Err(SaveError::ChangedOutside { path: relative.to_path_buf(), theirs: None })
        });
        assert!(matches!(result, Err(SaveError::ChangedOutside { .. })));
        assert_eq!(fs::read_to_string(&file).expect("there"), "theirs");
        assert_eq!(names(place.path()), ["x.md"], "the unused text was left behind");
    }
}
