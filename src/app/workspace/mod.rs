//! A workspace: a folder of templates, or the sample that is part of the program.
//!
//! Nothing outside the folder is ever read or written through it: every path is checked where it
//! really leads, only regular files of at most 1 MiB are read, and a save replaces a file whole
//! or not at all and never over somebody else's change.
//!
//! **The sample.** Without a folder the sample workspace opens from memory. It becomes files on
//! the first save or new template: the whole of it is then kept in the user's data folder
//! (`sample-workspace/`, private), and from then on that copy opens, so that saving, versions
//! and drafts work as in any workspace. `lathe init DIR` writes a fresh sample to a folder of
//! the user's own.

mod error;
mod folder;
mod listing;
mod resolve;
mod sample;
mod tools;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub use error::{FileError, InitError, OpenError, ResolveError, SaveError};
pub use folder::{FILE_LIMIT, Stamp};
pub use listing::{Listing, TemplateEntry};
pub use resolve::{Resolved, VersionSelector};
pub use sample::init;
#[cfg(test)]
pub(crate) use sample::text as sample_text;

use crate::{config::WorkspaceToml, model::TemplateId};
use folder::Folder;

/// The extensions of template files. Where two files have the same id, the first one counts.
pub const FORMS: [&str; 4] = ["prompty", "json", "md", "txt"];

/// An open workspace.
#[derive(Debug)]
pub struct Workspace {
    /// The folder; empty while the sample lives in memory only.
    folder: OnceLock<Folder>,
    /// Where the sample is to be kept, when this is the sample.
    keep: Option<PathBuf>,
}

/// A template's file as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    pub id: TemplateId,
    /// Relative to the workspace.
    pub path: PathBuf,
    /// One of [`FORMS`].
    pub extension: &'static str,
    /// The file's exact text, with whatever line ends and byte order mark it has.
    pub source: String,
    pub stamp: Stamp,
}

impl Workspace {
    /// Opens a folder.
    ///
    /// # Errors
    /// [`OpenError`] when it is not there or not a workspace.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        match fs::metadata(path) {
            Ok(metadata) if !metadata.is_dir() => {
                return Err(OpenError::NotAFolder(path.to_path_buf()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(OpenError::Missing(path.to_path_buf()));
            }
            Err(error) => return Err(OpenError::Io { path: path.to_path_buf(), error }),
        }
        if !looks_like_one(path) {
            return Err(OpenError::NotAWorkspace(path.to_path_buf()));
        }
        let folder = Folder::open(path)
            .map_err(|error| OpenError::Io { path: path.to_path_buf(), error })?;
        Ok(Self { folder: OnceLock::from(folder), keep: None })
    }

    /// Opens the sample: the copy kept in `keep` (see [`crate::config::Paths::sample_workspace`])
    /// if there is one, else the files that are part of the program.
    #[must_use]
    pub fn sample(keep: PathBuf) -> Self {
        let kept = Folder::open(&keep).ok().filter(|folder| looks_like_one(folder.root()));
        let folder = OnceLock::new();
        if let Some(kept) = kept {
            // The lock is new, so nothing can be in it.
            let _ = folder.set(kept);
        }
        Self { folder, keep: Some(keep) }
    }

    /// The workspace around a folder, as `git` finds a repository: the folder itself when it has
    /// `prompts/` or `lathe.toml`, else the nearest one above it with `lathe.toml`. A folder of
    /// another user is not taken, so that nobody can plant settings in a shared place.
    #[must_use]
    pub fn find(start: &Path) -> Option<PathBuf> {
        let start = fs::canonicalize(start).ok()?;
        if looks_like_one(&start) && is_ours(&start) {
            return Some(start);
        }
        start
            .ancestors()
            .skip(1)
            .find(|folder| folder.join("lathe.toml").is_file() && is_ours(folder))
            .map(Path::to_path_buf)
    }

    /// Whether this is the sample workspace, kept on disk or not.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.keep.is_some()
    }

    /// The folder; `None` while the sample lives in memory only.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        self.folder.get().map(Folder::root)
    }

    /// A name for titles: the folder's, or `sample`.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.keep, self.folder()) {
            (None, Some(folder)) => {
                folder.file_name().unwrap_or(folder.as_os_str()).to_string_lossy().into_owned()
            }
            _ => "sample".to_owned(),
        }
    }

    /// What to tell someone who works in the sample, and nothing in any other workspace.
    #[must_use]
    pub fn sample_hint(&self) -> Option<String> {
        self.is_embedded().then(|| match self.folder() {
            Some(folder) => format!(
                "this is the sample workspace, kept in {}; `lathe init DIR` makes one of your own",
                folder.display()
            ),
            None => "this is the built-in sample workspace; `lathe init DIR` makes one of your own"
                .to_owned(),
        })
    }

    /// The workspace's `lathe.toml`, if it has one.
    ///
    /// # Errors
    /// [`FileError`] when it is there and cannot be read.
    pub fn settings(&self) -> Result<Option<WorkspaceToml>, FileError> {
        const NAME: &str = "lathe.toml";
        let built_in = sample::text(NAME);
        let Some(folder) = self.folder.get() else {
            return Ok(built_in.map(|text| WorkspaceToml {
                path: PathBuf::from(NAME),
                text: text.to_owned(),
                built_in: true,
            }));
        };
        match folder.read(Path::new(NAME)) {
            Ok(contents) => Ok(Some(WorkspaceToml {
                path: folder.root().join(NAME),
                // A kept copy that nobody changed is still the program's own.
                built_in: self.is_embedded() && Some(contents.text.as_str()) == built_in,
                text: contents.text,
            })),
            Err(FileError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// All templates. Nothing of them is read; 5,000 files take a few milliseconds.
    #[must_use]
    pub fn list(&self) -> Listing {
        self.list_in("prompts")
    }

    fn list_in(&self, root: &'static str) -> Listing {
        self.folder
            .get()
            .map_or_else(|| listing::of_sample(root), |folder| listing::of_folder(folder, root))
    }

    /// The template that a text names (see [`Resolved`]).
    ///
    /// # Errors
    /// [`ResolveError`] with the nearest names, or with all that are meant.
    pub fn resolve(&self, text: &str) -> Result<Resolved, ResolveError> {
        let ids: Vec<TemplateId> = self.list().entries.into_iter().map(|entry| entry.id).collect();
        resolve::resolve(text, &ids)
    }

    /// Reads a template's file.
    ///
    /// # Errors
    /// [`FileError`] naming the file when it is not there, not a regular file, too large, not
    /// UTF-8, not readable, or leads out of the workspace.
    pub fn load(&self, id: &TemplateId) -> Result<Loaded, FileError> {
        for extension in FORMS {
            let path = path_of(id, extension);
            match self.read(&path) {
                Ok(contents) => {
                    let stamp = Stamp::of(&contents.text, contents.modified);
                    return Ok(Loaded {
                        id: id.clone(),
                        path,
                        extension,
                        source: contents.text,
                        stamp,
                    });
                }
                Err(FileError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Err(FileError::Missing(Path::new("prompts").join(id.as_str())))
    }

    /// Reads the file an include means: a partial of this name, else a template.
    ///
    /// # Errors
    /// [`FileError::Missing`] when there is neither; otherwise as [`Self::load`].
    pub fn included(&self, name: &str) -> Result<Loaded, FileError> {
        // Before anything is looked for: a name with `..` in it is nobody's file.
        let id = TemplateId::new(name)?;
        for folder in ["partials", "prompts"] {
            for extension in FORMS {
                let path = PathBuf::from(format!("{folder}/{name}.{extension}"));
                match self.read(&path) {
                    Ok(contents) => {
                        return Ok(Loaded {
                            id,
                            path,
                            extension,
                            stamp: Stamp::of(&contents.text, contents.modified),
                            source: contents.text,
                        });
                    }
                    Err(FileError::Missing(_)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Err(FileError::Missing(Path::new("partials").join(name)))
    }

    /// The names that an include can mean.
    #[must_use]
    pub fn includable(&self) -> Vec<String> {
        ["partials", "prompts"]
            .into_iter()
            .flat_map(|root| self.list_in(root).entries)
            .map(|entry| entry.id.to_string())
            .collect()
    }

    /// Whether a file, by its path in the workspace, may be written over. The built-in sample
    /// may: its first save keeps it as files.
    #[must_use]
    pub fn is_writable(&self, path: &Path) -> bool {
        let Some(folder) = self.folder.get() else { return true };
        folder
            .locate(path)
            .is_ok_and(|real| real.metadata().is_ok_and(|facts| !facts.permissions().readonly()))
    }

    /// Reads any file of the workspace by its relative path.
    fn read(&self, path: &Path) -> Result<folder::Contents, FileError> {
        if let Some(folder) = self.folder.get() {
            return folder.read(path);
        }
        path.to_str()
            .and_then(sample::text)
            .map(|text| folder::Contents { text: text.to_owned(), modified: None })
            .ok_or_else(|| FileError::Missing(path.to_path_buf()))
    }

    /// Whether a template's file is no longer what it was: `None` when it is unchanged,
    /// otherwise what it is now, or [`FileError::Missing`] when it is gone.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn check_changed(
        &self,
        id: &TemplateId,
        stamp: &Stamp,
    ) -> Result<Option<Loaded>, FileError> {
        self.load(id).map(|now| (now.stamp != *stamp).then_some(now))
    }

    /// Saves a template over the file it was loaded from, atomically. The file's mode, group and
    /// the link it may be are kept. In the sample that lives in memory, the first save keeps the
    /// whole sample in the user's data folder.
    ///
    /// # Errors
    /// [`SaveError::ChangedOutside`] when the file is no longer what `expected` says.
    pub fn save(&self, id: &TemplateId, text: &str, expected: &Stamp) -> Result<Stamp, SaveError> {
        let folder = self.on_disk()?;
        let path = match self.unchanged(id, expected)? {
            Some(now) => now.path,
            None => {
                // Which extension it had is not known any more.
                return Err(SaveError::ChangedOutside {
                    path: Path::new("prompts").join(id.as_str()),
                    theirs: None,
                });
            }
        };
        check_length(&path, text)?;
        // Asked again after the new text is on the disk, when only the rename is left.
        folder.replace(&path, text, || match self.unchanged(id, expected)? {
            Some(_) => Ok(()),
            None => Err(SaveError::ChangedOutside { path: path.clone(), theirs: None }),
        })
    }

    /// The file as it is now, if it is still what `expected` says; `None` when it is gone.
    fn unchanged(&self, id: &TemplateId, expected: &Stamp) -> Result<Option<Loaded>, SaveError> {
        match self.load(id) {
            Ok(now) if now.stamp == *expected => Ok(Some(now)),
            Ok(now) => Err(SaveError::ChangedOutside {
                path: now.path.clone(),
                theirs: Some(Box::new(now)),
            }),
            Err(FileError::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Writes a new template with one of [`FORMS`] as its extension.
    ///
    /// # Errors
    /// [`SaveError::Exists`] when the id is taken, whichever extension that file has.
    pub fn create(
        &self,
        id: &TemplateId,
        extension: &'static str,
        text: &str,
    ) -> Result<Loaded, SaveError> {
        check_new_name(id, &self.list())?;
        let path = path_of(id, extension);
        check_length(&path, text)?;
        let folder = self.on_disk()?;
        let stamp = folder.create(&path, text).map_err(|error| match error {
            FileError::Io { error, .. } if error.kind() == io::ErrorKind::AlreadyExists => {
                SaveError::Exists(id.clone())
            }
            error => error.into(),
        })?;
        Ok(Loaded { id: id.clone(), path, extension, source: text.to_owned(), stamp })
    }

    /// The folder to write to; keeps the sample first where it lives in memory only.
    fn on_disk(&self) -> Result<&Folder, SaveError> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder);
        }
        let keep = self.keep.as_deref().unwrap_or(Path::new(""));
        let failed = |error| SaveError::Sample { path: keep.to_path_buf(), error };
        sample::keep(keep).map_err(failed)?;
        let folder = Folder::open(keep).map_err(failed)?;
        Ok(self.folder.get_or_init(|| folder))
    }
}

fn path_of(id: &TemplateId, extension: &str) -> PathBuf {
    PathBuf::from(format!("prompts/{id}.{extension}"))
}

fn check_length(path: &Path, text: &str) -> Result<(), FileError> {
    if text.len() as u64 > FILE_LIMIT {
        return Err(FileError::TooLarge { path: path.to_path_buf(), limit: FILE_LIMIT });
    }
    Ok(())
}

/// Names that some systems keep for devices, whatever their extension.
const RESERVED: [&str; 22] = [
    "aux", "com1", "com2", "com3", "com4", "com5", "com6", "com7", "com8", "com9", "con", "lpt1",
    "lpt2", "lpt3", "lpt4", "lpt5", "lpt6", "lpt7", "lpt8", "lpt9", "nul", "prn",
];

/// Refuses names that would be hidden, that a colleague's system cannot hold, or that are taken.
fn check_new_name(id: &TemplateId, existing: &Listing) -> Result<(), SaveError> {
    let refuse = |reason: String| Err(SaveError::Name { id: id.clone(), reason });
    for part in id.as_str().split('/') {
        let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
        if part.starts_with('.') {
            return refuse("a part begins with a dot, so it would be hidden".to_owned());
        }
        if RESERVED.contains(&stem.as_str()) {
            return refuse(format!("`{part}` is the name of a device on Windows"));
        }
        if part.ends_with([' ', '.'])
            || part.starts_with(' ')
            || part.contains(['<', '>', '"', '|', '?', '*'])
        {
            return refuse(format!("`{part}` cannot be a file name on every system"));
        }
    }
    let lower = id.as_str().to_lowercase();
    match existing.entries.iter().find(|entry| entry.id.as_str().to_lowercase() == lower) {
        Some(entry) if entry.id == *id => Err(SaveError::Exists(id.clone())),
        Some(entry) => refuse(format!("`{}` differs only in capitals", entry.id)),
        None => Ok(()),
    }
}

fn looks_like_one(folder: &Path) -> bool {
    folder.join("prompts").is_dir() || folder.join("lathe.toml").is_file()
}

/// Whether a folder belongs to this user or to root.
fn is_ours(folder: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let me = rustix::process::geteuid().as_raw();
        fs::metadata(folder).is_ok_and(|metadata| metadata.uid() == me || metadata.uid() == 0)
    }
    #[cfg(not(unix))]
    {
        let _ = folder;
        true
    }
}
