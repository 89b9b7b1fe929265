//! Where included text comes from. Whoever has files implements [`Sources`]; this room only asks.

use std::{collections::BTreeMap, sync::Arc};

use super::{Form, SourceError};
use crate::model::{TemplateId, nearest};

/// Partials and other templates by name.
///
/// A name has already been checked to stay inside the workspace ([`check_name`]) when
/// [`Sources::source`] is asked; whoever opens files still has to mind symbolic links.
pub trait Sources {
    /// The text of a partial or template.
    ///
    /// # Errors
    /// [`SourceError`] when there is none of this name (with the nearest one), or it cannot be
    /// read.
    fn source(&self, name: &str) -> Result<Arc<str>, SourceError>;

    /// How that text is written. Its own front matter is left out when it is included.
    fn form(&self, _name: &str) -> Form {
        Form::Prompty
    }

    /// The text of a tool's file.
    ///
    /// # Errors
    /// As [`Self::source`].
    fn tool(&self, name: &str) -> Result<Arc<str>, SourceError> {
        Err(SourceError::Unknown { name: name.to_owned(), nearest: None })
    }
}

/// No partials at all: for a prompt that came from somewhere else than a workspace.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoSources;

impl Sources for NoSources {
    fn source(&self, name: &str) -> Result<Arc<str>, SourceError> {
        Err(SourceError::Unknown { name: name.to_owned(), nearest: None })
    }
}

impl Sources for BTreeMap<String, Arc<str>> {
    fn source(&self, name: &str) -> Result<Arc<str>, SourceError> {
        self.get(name).cloned().ok_or_else(|| SourceError::Unknown {
            name: name.to_owned(),
            nearest: nearest(name, self.keys().map(String::as_str)).map(str::to_owned),
        })
    }
}

/// Checks that a name can only mean a file inside the workspace: relative, without `..`, `%`
/// escapes, backslashes or control characters, and no name a system reserves.
///
/// # Errors
/// [`SourceError::Refused`] with the reason.
pub fn check_name(name: &str) -> Result<(), SourceError> {
    let refuse = |reason: &str| {
        let name = name.chars().take(80).collect();
        Err(SourceError::Refused { name, reason: reason.to_owned() })
    };
    if name.len() > 250 {
        return refuse("the name is longer than 250 bytes");
    }
    if name.contains('%') {
        return refuse("a name is written as it is, without % escapes");
    }
    if let Err(error) = TemplateId::new(name) {
        return refuse(error.reason);
    }
    for part in name.split('/') {
        let stem = part.split('.').next().unwrap_or(part).to_ascii_lowercase();
        let numbered = |word: &str| {
            stem.strip_prefix(word)
                .is_some_and(|rest| rest.len() == 1 && rest.bytes().all(|b| b.is_ascii_digit()))
        };
        if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul" | "")
            || numbered("com")
            || numbered("lpt")
        {
            return refuse("a part is a hidden or reserved file name");
        }
        if part.starts_with('~') || part.ends_with(['.', ' ']) || part.starts_with(' ') {
            return refuse("a part begins or ends with a character that file systems change");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_leave_the_workspace_are_refused() {
        for name in [
            "../secret",
            "a/../../b",
            "/etc/passwd",
            "..\\x",
            "a\\b",
            "%2e%2e/x",
            "a\0b",
            "file:///etc/passwd",
            "C:\\x",
            "~/x",
            "con",
            "a/NUL.txt",
            "com1",
            ".git/config",
            "-rf",
            "a//b",
            "",
            "x.",
            &"x".repeat(300),
        ] {
            assert!(check_name(name).is_err(), "{name:?} passed");
        }
        for name in ["house-style", "shared/tone.md", "v1.2/x", "compass", "console"] {
            assert!(check_name(name).is_ok(), "{name:?} refused");
        }
    }
}
