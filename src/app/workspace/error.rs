//! What can be wrong with a workspace and its files: each says what, where and what next.

use std::{io, path::PathBuf};

use thiserror::Error;

use super::Loaded;
use crate::{
    config::reason,
    model::{TemplateId, TemplateIdError},
};

/// Why a folder cannot be opened as a workspace.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error("there is no folder {}; `lathe init {}` makes a workspace there", .0.display(), .0.display())]
    Missing(PathBuf),
    #[error("{} is not a folder; name the folder that holds `prompts/`", .0.display())]
    NotAFolder(PathBuf),
    #[error(
        "{} is not a workspace: it has neither `prompts/` nor `lathe.toml`; `lathe init {}` makes it one",
        .0.display(), .0.display()
    )]
    NotAWorkspace(PathBuf),
    #[error("cannot open {}: {}", .path.display(), reason(.error))]
    Io { path: PathBuf, error: io::Error },
}

/// Why a file of the workspace cannot be read or written. Paths are relative to the workspace.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("{}: there is no such file; `lathe template list` shows the templates there are", .0.display())]
    Missing(PathBuf),
    #[error("{}: it is {what}, not a regular file; remove it or rename it", .path.display())]
    NotAFile { path: PathBuf, what: &'static str },
    #[error("{}: it is a file where a folder is needed; choose another name", .0.display())]
    NotAFolder(PathBuf),
    #[error("{}: it is larger than {} KiB, the most a template may have; give long text as an input, or include it in parts", .path.display(), .limit >> 10)]
    TooLarge { path: PathBuf, limit: u64 },
    #[error("{}:{line}: it is not UTF-8 (byte {byte} of the file){hint}", .path.display())]
    NotText { path: PathBuf, line: usize, byte: usize, hint: &'static str },
    #[error("{}: it leads out of the workspace (to {}) and is not followed; copy the file into the workspace", .path.display(), .target.display())]
    Outside { path: PathBuf, target: PathBuf },
    #[error("{}: you may not {action} it (permission denied); check the permissions of the file and its folder", .path.display())]
    Denied { path: PathBuf, action: &'static str },
    #[error("{}: {}", .path.display(), reason(.error))]
    Io { path: PathBuf, error: io::Error },
    #[error(transparent)]
    Name(#[from] TemplateIdError),
}

/// Why a template was not saved. The text is still the caller's; nothing was changed.
#[derive(Debug, Error)]
pub enum SaveError {
    /// Someone else changed the file since it was loaded. `theirs` is what it is now, `None`
    /// when it is gone.
    #[error(
        "{}: it was {}", .path.display(),
        if .theirs.is_some() {
            "changed by another program since you opened it; nothing was saved, open it again to see the change"
        } else {
            "removed by another program since you opened it; nothing was saved, save your text under a new name"
        }
    )]
    ChangedOutside { path: PathBuf, theirs: Option<Box<Loaded>> },
    #[error("{}: it is read-only; `chmod u+w` makes it writable", .0.display())]
    ReadOnly(PathBuf),
    #[error("there is already a template `{0}`; choose another name")]
    Exists(TemplateId),
    #[error("`{id}` cannot be a new template: {reason}; choose another name")]
    Name { id: TemplateId, reason: String },
    #[error("the sample workspace cannot be kept in {}: {}", .path.display(), reason(.error))]
    Sample { path: PathBuf, error: io::Error },
    #[error(transparent)]
    File(#[from] FileError),
}

/// Why a name does not lead to one template.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ResolveError {
    #[error("there is no template `{name}`{}", nearest_of(.nearest))]
    Unknown { name: String, nearest: Vec<TemplateId> },
    #[error("`{name}` may be {}; write more of it", all_of(.candidates))]
    Ambiguous { name: String, candidates: Vec<TemplateId> },
    #[error("`{text}`: nothing stands after the @; write a version (`@1.2.0`) or a label")]
    EmptyVersion { text: String },
}

fn nearest_of(names: &[TemplateId]) -> String {
    match names {
        [] => "; `lathe template list` shows all".to_owned(),
        names => format!("; did you mean {}?", all_of(names)),
    }
}

fn all_of(names: &[TemplateId]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" or ")
}

/// Why a sample workspace was not written.
#[derive(Debug, Error)]
pub enum InitError {
    #[error("{} already has {}; nothing was written, name another folder", .folder.display(), .files.join(", "))]
    Exists { folder: PathBuf, files: Vec<String> },
    #[error("{} is not a folder; name one, or a place where one can be made", .0.display())]
    NotAFolder(PathBuf),
    #[error("cannot write {}: {}", .path.display(), reason(.error))]
    Io { path: PathBuf, error: io::Error },
}
