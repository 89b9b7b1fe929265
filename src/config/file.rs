//! Reading a settings file with its dangers in mind.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    path::Path,
};

use super::{ConfigError, Notice, NoticeKind};

/// Largest settings file.
const LIMIT: u64 = 1 << 20;

/// Opens a file for reading without waiting for a pipe's other end.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    options.open(path)
}

/// Reads a settings file. `None` when there is none.
///
/// # Errors
/// A file that is not regular, is larger than 1 MiB, is not UTF-8, or may have been written by
/// another user.
pub(super) fn read_settings(path: &Path) -> Result<Option<(String, Metadata)>, ConfigError> {
    let unreadable = |error| ConfigError::Unreadable { path: path.to_path_buf(), error };
    let refused = |reason: String| ConfigError::Refused { path: path.to_path_buf(), reason };
    let file = match open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(error)),
    };
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a folder" } else { "not a regular file" };
        return Err(refused(format!("a settings file is expected here, this is {what}")));
    }
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LIMIT {
        return Err(refused(format!("it is larger than {} MiB; no settings are", LIMIT >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        refused(format!(
            "it is not UTF-8 (byte {} is wrong); save it as UTF-8",
            error.utf8_error().valid_up_to() + 1
        ))
    })?;
    Ok(Some((text, metadata)))
}

/// Refuses the user's settings when another user may have written them: they name programs to
/// run and addresses to send keys to.
pub(super) fn check_written_by_us(
    path: &Path,
    metadata: &Metadata,
) -> Result<Option<Notice>, ConfigError> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if let Some(reason) = super::private::foreign_owner(metadata) {
            return Err(ConfigError::Refused { path: path.to_path_buf(), reason });
        }
        if metadata.mode() & 0o002 != 0 {
            let reason = format!(
                "every user may write to it, so it may hold anybody's settings; run `chmod go-w {}`",
                path.display()
            );
            return Err(ConfigError::Refused { path: path.to_path_buf(), reason });
        }
        if metadata.mode() & 0o020 != 0 {
            return Ok(Some(Notice {
                kind: NoticeKind::Permissions,
                message: format!(
                    "{} can be written by its group; if others are in it, run `chmod g-w {}`",
                    path.display(),
                    path.display()
                ),
            }));
        }
    }
    Ok(None)
}

/// A notice when a file that holds secrets can be read by others.
pub(super) fn check_kept_secret(path: &Path, metadata: &Metadata) -> Option<Notice> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.mode() & 0o044 != 0 {
            return Some(Notice {
                kind: NoticeKind::Permissions,
                message: format!(
                    "{} holds a secret header and can be read by others; run `chmod 600 {}`, or name the key with api_key_env",
                    path.display(),
                    path.display()
                ),
            });
        }
    }
    let _ = (path, metadata);
    None
}
