//! Answers given a second time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ExecutionId, Usage};

/// Whether an answer that was given before may be given again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CacheMode {
    /// Every call is sent.
    #[default]
    Off,
    /// For the very same call.
    Exact,
    /// For the same call, or one whose prompt is nearly the same.
    Similar,
}

impl CacheMode {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Off, Self::Exact, Self::Similar];

    /// The word in settings and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Exact => "exact",
            Self::Similar => "similar",
        }
    }

    /// The mode a word names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == word)
    }

    /// The next one, going round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Off => Self::Exact,
            Self::Exact => Self::Similar,
            Self::Similar => Self::Off,
        }
    }
}

/// What one call says about the cache.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CacheUse {
    /// As the settings say, and only where the answer is meant to be the same every time.
    #[default]
    Settings,
    /// This, whatever the settings and the temperature.
    Asked(CacheMode),
}

/// Where the answer of an execution came from that was answered from the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reused {
    /// The execution that paid for the answer.
    pub execution: ExecutionId,
    /// When that one was answered.
    pub answered_at: Timestamp,
    /// How alike the prompts are, in \[0, 1\]; 1 for the very same call.
    pub similarity: f64,
    /// The tokens that were not used again.
    pub saved_usage: Usage,
    /// US dollars that were not spent again; `None` where the first cost is not known.
    pub saved_usd: Option<f64>,
}
