//! Which workspaces the user trusts: a list of hashes.
//!
//! A workspace comes from anywhere, and its settings could send a key to any address. So its
//! providers count only when the user has said so for exactly this content; a changed file is a
//! new question. Its templates, which change with every edit, are trusted by the folder they are
//! in: what one of them says may be milder than the user's settings only there.

use std::{
    fs::OpenOptions,
    io::{self, Read, Write},
    path::Path,
};

use super::{Environment, Paths, create_private_dir, file};
use crate::model::ContentHash;

/// Fewest digits of a hash that `LATHE_TRUST` may give: 64 bits, too many to search through.
const FEWEST_DIGITS: usize = 16;
/// Most bytes of the list that are read; ten thousand workspaces need fewer.
const LIMIT: u64 = 1 << 20;

/// What stands for the templates of a folder in the list.
#[must_use]
pub fn templates_hash(folder: &Path) -> ContentHash {
    let mut of = b"templates of ".to_vec();
    of.extend_from_slice(folder.as_os_str().as_encoded_bytes());
    ContentHash::of(&of)
}

/// Whether what this hash stands for counts in full: confirmed earlier, or named now by
/// `LATHE_TRUST` (hashes or their first 16 digits and more, separated by commas).
#[must_use]
pub fn is_trusted(paths: &Paths, environment: &Environment, hash: &ContentHash) -> bool {
    let named = environment.get("LATHE_TRUST").unwrap_or_default();
    let named = named.split(',').map(str::trim).any(|digits| {
        digits.len() >= FEWEST_DIGITS && hash.as_str().starts_with(&digits.to_ascii_lowercase())
    });
    named || listed(paths).is_some_and(|list| list.lines().any(|line| line.trim() == hash.as_str()))
}

/// The list, when it can be read and nobody else can have written it.
fn listed(paths: &Paths) -> Option<String> {
    let path = paths.trust_file();
    let list = file::open(&path).ok()?;
    let metadata = list.metadata().ok()?;
    if !metadata.is_file() {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.mode() & 0o022 != 0 || super::private::foreign_owner(&metadata).is_some() {
            return None;
        }
    }
    let mut text = String::new();
    list.take(LIMIT).read_to_string(&mut text).ok()?;
    Some(text)
}

/// Remembers that the user trusts what this hash stands for: settings of this content, from the
/// next time they are loaded, or the templates of a folder.
///
/// # Errors
/// What the system said about the data folder or the list in it.
pub fn trust_workspace(paths: &Paths, hash: &ContentHash) -> io::Result<()> {
    create_private_dir(&paths.data_dir)?;
    if listed(paths).is_some_and(|list| list.lines().any(|line| line.trim() == hash.as_str())) {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    }
    // One write a line, so that two processes at once cannot mix their lines.
    options.open(paths.trust_file())?.write_all(format!("{hash}\n").as_bytes())
}
