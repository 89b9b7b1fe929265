//! What an output pane runs.

use std::fmt;

use semver::Version;
use serde::{Deserialize, Serialize};

use super::{ExecutionId, TemplateId};

/// One of the four variants that can stand side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum VariantName {
    A,
    B,
    C,
    D,
}

impl VariantName {
    /// All four, in order.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    /// The letter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
        }
    }

    /// 0 for A to 3 for D.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for VariantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a variant runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VariantSource {
    /// What is in the editor now.
    #[default]
    Draft,
    /// A saved version.
    Version(Version),
    /// Another template than the one in the editor, as it is when it is opened.
    Template(TemplateId),
    /// The messages of an execution, as they were sent.
    Recorded(ExecutionId),
}

impl fmt::Display for VariantSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Draft => f.write_str("draft"),
            Self::Version(version) => version.fmt(f),
            Self::Template(id) => id.fmt(f),
            Self::Recorded(_) => f.write_str("as sent"),
        }
    }
}
