//! Which templates a workspace has.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use super::{FORMS, folder::Folder, sample};
use crate::{
    config::{Notice, NoticeKind},
    model::TemplateId,
};

/// Deepest folder below `prompts/`.
const DEEPEST: usize = 32;
/// Most templates that are listed.
const MOST: usize = 100_000;

/// One template as listed: nothing of it has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TemplateEntry {
    pub id: TemplateId,
    /// Relative to the workspace: `prompts/analysis/sentiment.prompty`.
    pub path: PathBuf,
    /// One of [`FORMS`].
    pub extension: &'static str,
}

/// All templates of a workspace, sorted by id folder by folder, and what was left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    pub entries: Vec<TemplateEntry>,
    pub notices: Vec<Notice>,
}

impl Listing {
    fn note(&mut self, message: String) {
        self.notices.push(Notice { kind: NoticeKind::Workspace, message });
    }

    /// Takes a file of a folder of the workspace by its path below that folder.
    fn add(&mut self, root: &str, below: &str) {
        let Some((name, extension)) = split_extension(below) else { return };
        match TemplateId::new(name) {
            Ok(id) => self.entries.push(TemplateEntry {
                id,
                path: Path::new(root).join(below),
                extension,
            }),
            Err(error) => self.note(format!("{root}/{below} is left out: {error}")),
        }
    }

    /// Sorts, and leaves out what another file of the same id hides.
    fn finish(mut self) -> Self {
        self.entries.sort_by(|a, b| by_folder(&a.id, &b.id).then(rank(a).cmp(&rank(b))));
        let mut kept: Vec<TemplateEntry> = Vec::with_capacity(self.entries.len());
        for entry in std::mem::take(&mut self.entries) {
            match kept.last() {
                Some(before) if before.id == entry.id => self.note(format!(
                    "{} is left out: {} has the same id `{}`; rename one",
                    entry.path.display(),
                    before.path.display(),
                    entry.id
                )),
                _ => kept.push(entry),
            }
        }
        self.entries = kept;
        self
    }
}

fn rank(entry: &TemplateEntry) -> usize {
    FORMS.iter().position(|form| *form == entry.extension).unwrap_or(FORMS.len())
}

/// The order in which a tree shows ids: part by part, so that a folder stays together.
fn by_folder(a: &TemplateId, b: &TemplateId) -> Ordering {
    a.as_str().split('/').cmp(b.as_str().split('/'))
}

/// A path without its extension, and the extension if templates may have it.
pub(super) fn split_extension(path: &str) -> Option<(&str, &'static str)> {
    let (name, extension) = path.rsplit_once('.')?;
    let form = FORMS.iter().find(|form| form.eq_ignore_ascii_case(extension))?;
    (!name.is_empty() && !name.ends_with('/')).then_some((name, *form))
}

/// The templates below a folder (`prompts`, `partials`) of the sample that is part of the
/// program.
pub(super) fn of_sample(root: &'static str) -> Listing {
    let mut listing = Listing::default();
    for (name, _) in sample::FILES {
        let Some(below) = name.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')) else {
            continue;
        };
        if !below.split('/').any(|part| part.starts_with('.')) {
            listing.add(root, below);
        }
    }
    listing.finish()
}

/// The templates below a folder's `prompts/` or `partials/`. Hidden files and folders are passed over; links
/// are followed as long as they stay inside the workspace.
pub(super) fn of_folder(folder: &Folder, root: &'static str) -> Listing {
    let mut walk = Walk { folder, root, listing: Listing::default(), visited: BTreeSet::new() };
    match folder.locate(Path::new(root)) {
        Ok(real) => walk.folder(&real, "", 0),
        Err(super::FileError::Missing(_)) => {}
        Err(error) => walk.listing.note(error.to_string()),
    }
    walk.listing.finish()
}

struct Walk<'a> {
    folder: &'a Folder,
    /// The folder of the workspace that is walked.
    root: &'static str,
    listing: Listing,
    /// Real paths of the folders on the way here, against links that lead in a circle.
    visited: BTreeSet<PathBuf>,
}

impl Walk<'_> {
    /// Takes everything below one folder; `below` is its path below the root with a slash at
    /// the end, or nothing.
    fn folder(&mut self, real: &Path, below: &str, depth: usize) {
        let root = self.root;
        if depth > DEEPEST {
            self.listing.note(format!(
                "{root}/{below} is left out: it is more than {DEEPEST} folders deep"
            ));
            return;
        }
        if !self.visited.insert(real.to_path_buf()) {
            self.listing
                .note(format!("{root}/{below} is left out: it leads back to a folder above it"));
            return;
        }
        match fs::read_dir(real) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    self.entry(&entry, below, depth);
                }
            }
            Err(error) => self.listing.note(format!("{root}/{below} cannot be listed: {error}")),
        }
        self.visited.remove(real);
    }

    fn entry(&mut self, entry: &fs::DirEntry, below: &str, depth: usize) {
        let root = self.root;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            let name = name.to_string_lossy();
            self.listing.note(format!("{root}/{below}{name} is left out: its name is not UTF-8"));
            return;
        };
        if name.starts_with('.') || self.listing.entries.len() >= MOST {
            return;
        }
        let path = format!("{below}{name}");
        let Ok(kind) = entry.file_type() else { return };
        if kind.is_dir() {
            self.folder(&entry.path(), &format!("{path}/"), depth + 1);
        } else if kind.is_file() {
            self.listing.add(root, &path);
        } else if kind.is_symlink() {
            self.link(&path, depth);
        } else if split_extension(&path).is_some() {
            self.listing.note(format!("{root}/{path} is left out: it is not a regular file"));
        }
    }

    fn link(&mut self, path: &str, depth: usize) {
        let root = self.root;
        match self.folder.locate(&Path::new(root).join(path)) {
            Ok(real) if real.is_dir() => self.folder(&real, &format!("{path}/"), depth + 1),
            Ok(real) if real.is_file() => self.listing.add(root, path),
            Ok(_) => {
                self.listing.note(format!("{root}/{path} is left out: it is not a regular file"));
            }
            Err(error) => self.listing.note(error.to_string()),
        }
    }
}
