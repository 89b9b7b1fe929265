//! The sample workspace that is part of the program.

use std::{
    fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use super::error::InitError;
use crate::config::create_private_file;

/// Every file of the sample: its path with `/`, and its text. Sorted by path.
pub(super) const FILES: &[(&str, &str)] =
    include!(concat!(env!("OUT_DIR"), "/sample_workspace.rs"));

/// The text of one file of the sample.
pub(super) fn text(path: &str) -> Option<&'static str> {
    FILES
        .binary_search_by(|(name, _)| (*name).cmp(path))
        .ok()
        .and_then(|at| FILES.get(at))
        .map(|(_, text)| *text)
}

/// Writes the sample workspace into a folder, which is created if it does not exist, and returns
/// the paths written, relative to it. Files are 0600 and folders 0700.
///
/// # Errors
/// [`InitError::Exists`] when any of the files is there already; then nothing is written.
pub fn init(folder: &Path) -> Result<Vec<PathBuf>, InitError> {
    if folder.exists() && !folder.is_dir() {
        return Err(InitError::NotAFolder(folder.to_path_buf()));
    }
    let in_the_way: Vec<String> = FILES
        .iter()
        .filter(|(name, _)| fs::symlink_metadata(folder.join(name)).is_ok())
        .map(|(name, _)| (*name).to_owned())
        .collect();
    if !in_the_way.is_empty() {
        return Err(InitError::Exists { folder: folder.to_path_buf(), files: in_the_way });
    }
    let mut written = Vec::with_capacity(FILES.len());
    for (name, text) in FILES {
        let path = folder.join(name);
        write(&path, text).map_err(|error| InitError::Io { path: path.clone(), error })?;
        written.push(PathBuf::from(name));
    }
    // A workspace without templates is one as well.
    let prompts = folder.join("prompts");
    create_dirs(&prompts).map_err(|error| InitError::Io { path: prompts, error })?;
    Ok(written)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    create_dirs(path.parent().unwrap_or(path))?;
    let mut file = create_private_file(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn create_dirs(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}

/// Keeps the sample in a folder of the user's data, whole or not at all: it is written beside
/// and renamed. When another process was first, its copy is used.
pub(super) fn keep(folder: &Path) -> io::Result<()> {
    let parent = folder.parent().unwrap_or(folder);
    crate::config::create_private_dir(parent)?;
    let beside = tempfile::Builder::new().prefix(".sample-").tempdir_in(parent)?;
    init(beside.path()).map_err(io::Error::other)?;
    match fs::rename(beside.path(), folder) {
        Ok(()) => {
            // It has moved; there is nothing left to remove under the old name.
            let _ = beside.keep();
            Ok(())
        }
        Err(_) if folder.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}
