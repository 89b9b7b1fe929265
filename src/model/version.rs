//! Templates' identities and their versions.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use thiserror::Error;

/// A template's id: its path below `prompts/` without the extension, with `/` between folders.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TemplateId(String);

/// Why a text cannot be a template's id.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{text}` cannot name a template: {reason}")]
pub struct TemplateIdError {
    pub text: String,
    pub reason: &'static str,
}

impl TemplateId {
    /// Checks that a text stays inside the workspace and is portable as a file name.
    ///
    /// # Errors
    /// [`TemplateIdError`] for an empty or absolute path, `.` or `..`, a backslash, a control
    /// character, a leading dash, or a part longer than 200 bytes.
    pub fn new(text: &str) -> Result<Self, TemplateIdError> {
        let refuse = |reason| Err(TemplateIdError { text: text.to_owned(), reason });
        if text.is_empty() {
            return refuse("it is empty");
        }
        for part in text.split('/') {
            match part {
                "" => return refuse("it has an empty part (a leading, trailing or double slash)"),
                "." | ".." => return refuse("`.` and `..` would leave its folder"),
                _ => {}
            }
            if part.len() > 200 {
                return refuse("a part is longer than 200 bytes");
            }
            if part.starts_with('-') {
                return refuse("a part begins with a dash");
            }
            if part.contains(['\\', '\0', ':', '@']) || part.chars().any(char::is_control) {
                return refuse("it holds a backslash, a colon, an @ or a control character");
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part after the last slash.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The folders before the name, if any.
    #[must_use]
    pub fn folder(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(folder, _)| folder)
    }
}

impl fmt::Display for TemplateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TemplateId {
    type Err = TemplateIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl TryFrom<String> for TemplateId {
    type Error = TemplateIdError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text)
    }
}

impl From<TemplateId> for String {
    fn from(id: TemplateId) -> Self {
        id.0
    }
}

/// SHA-256 of a template file's exact bytes, as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(String);

impl ContentHash {
    /// The hash of a content.
    #[must_use]
    pub fn of(content: &[u8]) -> Self {
        let digest = Sha256::digest(content);
        let mut hex = String::with_capacity(64);
        for byte in digest {
            hex.push(char::from_digit(u32::from(byte >> 4), 16).unwrap_or('0'));
            hex.push(char::from_digit(u32::from(byte & 15), 16).unwrap_or('0'));
        }
        Self(hex)
    }

    /// A hash as it was stored.
    #[must_use]
    pub fn from_stored(hex: String) -> Self {
        Self(hex)
    }

    /// All 64 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first eight digits, as shown to people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One saved content of a template. Never changed once saved; a rollback is a new version whose
/// content is the old one's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRecord {
    pub template: TemplateId,
    pub version: Version,
    pub content_hash: ContentHash,
    /// The whole file, byte for byte.
    pub content: String,
    /// Why it was saved, in the author's words; may be empty.
    pub note: String,
    /// A name given to this version (`production`), if any.
    pub label: Option<String>,
    pub saved_at: Timestamp,
    /// The version a rollback took its content from.
    pub rolled_back_from: Option<Version>,
}

/// Which part of a semantic version a save raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    Patch,
    Minor,
    Major,
}

impl Bump {
    /// The next version. Pre-release and build parts are dropped.
    #[must_use]
    pub const fn apply(self, from: &Version) -> Version {
        match self {
            Self::Patch => Version::new(from.major, from.minor, from.patch + 1),
            Self::Minor => Version::new(from.major, from.minor + 1, 0),
            Self::Major => Version::new(from.major + 1, 0, 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_the_workspace() {
        for bad in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "a\\b", "a\0b", "-rf", "a/", "C:x", "x@1"]
        {
            assert!(TemplateId::new(bad).is_err(), "{bad:?} passed");
        }
        let id = TemplateId::new("analysis/sentiment").expect("an id");
        assert_eq!((id.folder(), id.name()), (Some("analysis"), "sentiment"));
    }

    #[test]
    fn bumps_follow_semver() {
        let version = Version::new(1, 2, 3);
        assert_eq!(Bump::Patch.apply(&version), Version::new(1, 2, 4));
        assert_eq!(Bump::Minor.apply(&version), Version::new(1, 3, 0));
        assert_eq!(Bump::Major.apply(&version), Version::new(2, 0, 0));
    }

    #[test]
    fn the_hash_is_sha256_in_hex() {
        assert_eq!(
            ContentHash::of(b"abc").as_str(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
