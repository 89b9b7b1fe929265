//! Answers given a second time.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{ExecutionId, Usage};

/// Whether, and how long, a provider is asked to keep a prompt for the next call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Value", into = "Value")]
pub enum CachePrompt {
    /// Not asked.
    Off,
    /// As long as it keeps prompts unless told otherwise: five minutes.
    Short,
    /// For an hour.
    Hour,
}

impl CachePrompt {
    /// The value in templates, records and `--param`: `true` (or `"5m"`), `"1h"`, `false`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(false) => Some(Self::Off),
            Value::Bool(true) => Some(Self::Short),
            Value::String(word) if word == "5m" => Some(Self::Short),
            Value::String(word) if word == "1h" => Some(Self::Hour),
            _ => None,
        }
    }

    /// Whether it is asked to.
    #[must_use]
    pub const fn is_on(self) -> bool {
        !matches!(self, Self::Off)
    }
}

impl From<CachePrompt> for Value {
    fn from(asked: CachePrompt) -> Self {
        match asked {
            CachePrompt::Off => Self::Bool(false),
            CachePrompt::Short => Self::Bool(true),
            CachePrompt::Hour => Self::from("1h"),
        }
    }
}

impl TryFrom<Value> for CachePrompt {
    type Error = &'static str;

    fn try_from(value: Value) -> Result<Self, Self::Error> {
        Self::from_value(&value).ok_or("true, false, 5m or 1h")
    }
}

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
