//! One model call as recorded: the one record every face, export and script sees.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{
    CallError, ContentHash, ErrorKind, ExecutionId, FinishReason, GuardName, Message, ModelRef,
    Redactions, Reused, RunId, SentParameters, Spend, Strategy, TemplateId, Timing, ToolCall,
    Usage, VariantName,
};

/// How an execution stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Committed before the request leaves; only a crash leaves it so, and the next start turns
    /// it into [`Status::Interrupted`].
    Running,
    Ok,
    Error,
    Cancelled,
    /// The answer broke off, by the server or by the end of the process; its text is kept.
    Interrupted,
    /// A guard or a budget kept it from being sent.
    Blocked,
}

impl Status {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Running, Self::Ok, Self::Error, Self::Cancelled, Self::Interrupted, Self::Blocked];

    /// The word in records and on screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Error => "error",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Blocked => "blocked",
        }
    }

    /// The status a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// Whether and how a stored answer was used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CacheState {
    #[default]
    Off,
    Miss,
    Exact,
    Similar,
}

impl CacheState {
    /// Whether the answer is one that was given before.
    #[must_use]
    pub const fn is_hit(self) -> bool {
        matches!(self, Self::Exact | Self::Similar)
    }

    /// The word a record has for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Miss => "miss",
            Self::Exact => "exact",
            Self::Similar => "similar",
        }
    }
}

/// How one attempt at sending ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttemptStatus {
    Ok,
    Error,
    Cancelled,
}

impl AttemptStatus {
    /// How an attempt with this outcome ended.
    #[must_use]
    pub fn of(outcome: &Result<(), CallError>) -> Self {
        match outcome {
            Ok(()) => Self::Ok,
            Err(error) if error.kind == ErrorKind::Cancelled => Self::Cancelled,
            Err(_) => Self::Error,
        }
    }
}

/// One attempt at sending a call. The engine's one retry loop makes one of these each time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attempt {
    pub provider: String,
    pub model: String,
    pub started_at: Timestamp,
    pub duration_ms: u64,
    pub status: AttemptStatus,
    pub error: Option<CallError>,
    /// The name the server gave the request, for asking its makers about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The body of an error status as it came, bounded. Meant for machines: no text shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_body: Option<String>,
    /// Why the model was asked again; `None` for the prompt itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    /// What was wrong with the answer before, where that is why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What was sent, where that is not the prompt itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Message>,
    /// What came, where another answer was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it took, where that is known: an attempt that never reached a model took nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// US dollars; `None` where its usage or its price is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_usd: Option<f64>,
}

impl Attempt {
    /// An attempt at sending the prompt itself.
    #[must_use]
    pub fn new(
        model: &ModelRef,
        started_at: Timestamp,
        duration_ms: u64,
        outcome: &Result<(), CallError>,
    ) -> Self {
        Self {
            provider: model.provider.clone(),
            model: model.model.clone(),
            started_at,
            duration_ms,
            status: AttemptStatus::of(outcome),
            error: outcome.as_ref().err().cloned(),
            request_id: outcome.as_ref().err().and_then(|error| error.request_id.clone()),
            error_body: None,
            strategy: None,
            reason: None,
            messages: Vec::new(),
            text: None,
            usage: None,
            cost_usd: None,
        }
    }

    /// What it was for and how it ended, in a few words: `rate_limit 12 ms`,
    /// `format-fix ok 300 ms`.
    #[must_use]
    pub fn summary(&self) -> String {
        let outcome = self.error.as_ref().map_or("ok", |error| error.kind.as_str());
        let ended = format!("{outcome} {} ms", self.duration_ms);
        self.strategy.map_or_else(|| ended.clone(), |strategy| format!("{strategy} {ended}"))
    }

    /// The same beside a record that names a model: where another one was asked, it comes first.
    #[must_use]
    pub fn summary_beside(&self, named: &ModelRef) -> String {
        let asked = ModelRef::new(&self.provider, &self.model);
        let summary = self.summary();
        if asked == *named { summary } else { format!("{asked} {summary}") }
    }

    /// Whether it has a prompt or an answer of its own to be read.
    #[must_use]
    pub const fn has_texts(&self) -> bool {
        self.strategy.is_some() || self.text.is_some()
    }
}

/// The recorded outcome of an assertion or guard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub kind: String,
    pub name: String,
    pub passed: bool,
    /// In \[0, 1\]; higher is better.
    pub score: Option<f64>,
    pub reason: String,
}

/// Scores by dimension; `measured` names those that were really measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    pub overall: Option<f64>,
    pub dimensions: BTreeMap<String, f64>,
    pub measured: Vec<String>,
}

/// Which content of which template was run. All `None` for a prompt that came from elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TemplateStamp {
    pub template: Option<TemplateId>,
    /// The saved version whose content this is; `None` for a draft.
    pub version: Option<Version>,
    pub content_hash: Option<ContentHash>,
}

/// One model call as recorded. The JSON form of this type is the record that `lathe run
/// --format json`, `lathe history` and every export print.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Execution {
    pub id: ExecutionId,
    pub run_id: RunId,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub content_hash: Option<ContentHash>,
    pub variant: VariantName,
    pub provider: String,
    /// The model that was asked last: the one that answered, where one did. The attempts name
    /// those asked before it.
    pub model: String,
    /// The model the server says it used, when it says another name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_model: Option<String>,
    pub status: Status,
    /// The variables' values, as given.
    #[serde(default)]
    pub inputs: BTreeMap<String, serde_json::Value>,
    /// The messages exactly as sent.
    pub messages: Vec<Message>,
    pub text: String,
    pub reasoning: String,
    pub refusal: String,
    pub tool_calls: Vec<ToolCall>,
    pub finish_reason: Option<FinishReason>,
    pub finish_reason_raw: Option<String>,
    pub parameters: SentParameters,
    /// Of all its attempts together.
    pub usage: Usage,
    /// US dollars, of all its attempts together; `None` when a price or the usage is unknown.
    pub cost_usd: Option<f64>,
    /// What the parts of it cost, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<Spend>,
    pub timing: Timing,
    pub attempts: Vec<Attempt>,
    pub cache: CacheState,
    /// Where the answer came from that was not asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reused: Option<Reused>,
    pub checks: Vec<Check>,
    pub quality: Quality,
    pub tags: BTreeMap<String, String>,
    /// 1 to 5, given by a person.
    #[serde(default)]
    pub rating: Option<u8>,
    pub error: Option<CallError>,
    /// What was taken out of this record before it was kept.
    #[serde(default, skip_serializing_if = "Redactions::is_empty")]
    pub redactions: Redactions,
}

impl Execution {
    /// The model that was asked last, with its provider.
    #[must_use]
    pub fn model_ref(&self) -> ModelRef {
        ModelRef::new(&self.provider, &self.model)
    }

    /// The model that was asked first, where another one answered in its place.
    #[must_use]
    pub fn asked_first(&self) -> Option<ModelRef> {
        let first = self.attempts.first()?;
        let asked = ModelRef::new(&first.provider, &first.model);
        (asked != self.model_ref()).then_some(asked)
    }

    /// Whether it has a price, known or not. A call that failed before a word of the answer is not
    /// charged for unless the record says so.
    #[must_use]
    pub fn has_price(&self) -> bool {
        let answered = matches!(self.status, Status::Ok | Status::Cancelled | Status::Interrupted);
        let begun = self.status != Status::Running && !self.text.is_empty();
        answered || begun || self.cost_usd.is_some()
    }

    /// The guards that stopped the call, if any did.
    #[must_use]
    pub fn stopped_by(&self) -> BTreeSet<GuardName> {
        if self.error_kind() != Some(ErrorKind::Guard) {
            return BTreeSet::new();
        }
        let failed = self.checks.iter().filter(|check| !check.passed);
        failed.filter_map(|check| GuardName::from_word(&check.name)).collect()
    }

    /// Writes what the whole call took and cost: `answer` is the usage of what it holds, `cost`
    /// what that cost in US dollars, `spend` the parts of it where they are known, and `place`
    /// where its attempt stands among all, if it does.
    pub fn sum_up(
        &mut self,
        answer: Usage,
        cost: Option<f64>,
        spend: Option<Spend>,
        place: Option<usize>,
    ) {
        let others: Vec<&Attempt> = self
            .attempts
            .iter()
            .enumerate()
            .filter(|(at, attempt)| Some(*at) != place && attempt.usage.is_some())
            .map(|(_, attempt)| attempt)
            .collect();
        let usage = others.iter().filter_map(|attempt| attempt.usage).fold(answer, Usage::plus);
        // One that is not known leaves the sum unknown: a cost that is too low misleads.
        let retry: Option<f64> = others.iter().map(|attempt| attempt.cost_usd).sum();
        self.spend = match (spend, retry) {
            (Some(spend), Some(retry)) => Some(Spend { retry, ..spend }),
            // What failed and took nothing leaves what the others cost.
            (None, Some(retry))
                if cost.is_none()
                    && !answer.is_known()
                    && self.status != Status::Ok
                    && !others.is_empty() =>
            {
                Some(Spend { retry, ..Spend::default() })
            }
            _ => None,
        };
        self.usage = usage;
        self.cost_usd = match (self.spend, cost, retry) {
            (Some(spend), ..) => Some(spend.total()),
            (None, Some(cost), Some(retry)) => Some(cost + retry),
            _ => None,
        };
    }

    /// The kind of its error, if it has one.
    #[must_use]
    pub fn error_kind(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(|error| error.kind)
    }
}
