//! What the screens are told: keys, time, and the answers to what they asked for.
//!
//! Messages are past facts in plain data. Every answer carries the id of its question, so that
//! one which comes too late changes nothing. Text that came from outside is exact here; it is
//! made safe where it enters the state.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;
use semver::Version;
use serde_json::Value;

use super::theme::Theme;
use crate::model::{
    CacheState, CallError, ContentHash, Execution, ExecutionId, ModelRef, Parameter, Status,
    Strategy, TemplateId, Usage, VariantName, VersionRecord,
};
pub use crate::{
    app::{
        Analysis, Charts, FoundLine, InputField, ModelChoice, ModelOrigin, OpenedTemplate,
        SavedVersion, VariableUse,
    },
    engine::Estimate,
    prompt::{Finding, tokens::TokenCount},
    store::Moment,
};

/// The two clocks a message is handled under; the screens read no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// Time since the program started; never goes backwards.
    pub monotonic: Duration,
    /// The time of day, for what is shown as a date.
    pub wall: Timestamp,
}

/// The id of a question asked with [`super::effect::Effect::Ask`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

/// One press of "run" as the screens know it; the record's own ids are made outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunToken(pub u64);

/// The id of a scheduled wake-up. Each fires once; one that is no longer wanted is ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerId(pub u64);

/// Something that happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed or repeated (never released).
    Key(KeyEvent),
    /// Text came by bracketed paste, exact.
    Paste(String),
    Mouse(MouseEvent),
    /// The terminal's size, in cells.
    Resized {
        columns: u16,
        rows: u16,
    },
    /// The terminal window gained or lost the focus.
    Focused(bool),
    /// A scheduled time came.
    Timer(TimerId),
    /// Something about one call of a run.
    Run {
        run: RunToken,
        variant: VariantName,
        event: CallEvent,
    },
    /// The prompt of a run holds secrets: it waits for [`super::effect::Effect::SendAnyway`], or
    /// for its calls to be cancelled.
    SecretsFound {
        run: RunToken,
        /// What and where, in words; nothing of the secrets.
        text: String,
    },
    /// The answer to a question.
    Answered {
        id: RequestId,
        answer: Answer,
    },
    /// How far the work on a question is: so many are done.
    Progress {
        id: RequestId,
        done: usize,
    },
    /// Something worth telling that nobody asked for: a warning of the store, a write that failed.
    Notice(Notice),
    /// The models known changed: a local server was found, a key was seen.
    ModelsChanged(Vec<ModelChoice>),
    /// The providers that are left alone after failures, and after how long each is tried again;
    /// `None` while a call finds out.
    Circuits(Vec<(String, Option<Duration>)>),
    /// The program was asked from outside to end in order (a signal); nothing is asked back.
    EndRequested,
}

/// What became of one call, in the order it happened.
#[derive(Debug)]
pub enum CallEvent {
    /// It never became a call: the template did not render, a model is not available.
    Refused(CallError),
    /// It waits for its turn.
    Queued,
    /// A limit holds it back: the server's, which can be skipped, or one of the settings.
    Held { provider: String, held_for: Duration, can_skip: bool },
    /// An attempt begins: the connection is being made.
    Attempt { number: u32, of: u32 },
    /// The attempt failed and another follows.
    Waiting { retry_in: Duration, number: u32, of: u32, error: CallError },
    /// The model asked so far did not answer; this one is asked next.
    FellBack { to: ModelRef, error: CallError },
    /// The answer was not what was asked for; the model is asked again.
    Recovering { strategy: Strategy, number: u32, of: u32, reasons: Vec<String> },
    /// The request has been written.
    Sent,
    /// Response headers arrived.
    Headers,
    /// The server said that it lives, and nothing else.
    Heartbeat,
    /// Text arrived; any of the three may be empty. `at` is measured from the start of the call.
    Delta { text: String, reasoning: String, refusal: String, at: Duration },
    /// What is known of the usage so far.
    Usage(Usage),
    /// A budget counts it only if its provider reports a cost, since its price is not known.
    Unpriced,
    /// The record could not be stored; the answer itself goes on.
    NotSaved { reason: String },
    /// The record could be stored after all.
    Saved,
    /// The end, whatever it was.
    Finished(Box<Execution>),
}

/// A failure as it is told: what happened and where, and what to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    /// A failure with nothing to advise.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None }
    }

    /// An error that says what to do next in its own words, after the last semicolon.
    pub fn told(error: &dyn std::fmt::Display) -> Self {
        let told = error.to_string();
        match told.rsplit_once("; ") {
            Some((message, hint)) => Self::new(message).hint(hint),
            None => Self::new(told),
        }
    }

    /// The same failure with this to do next, unless it says something itself.
    #[must_use]
    pub fn or_hint(mut self, hint: &str) -> Self {
        self.hint.get_or_insert_with(|| hint.to_owned());
        self
    }

    /// The same failure with what to do next; actions in braces stand for their keys.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Information,
    Warning,
    Error,
}

/// Something told in the status line and kept in the message log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    pub severity: Severity,
    pub text: String,
    pub hint: Option<String>,
}

/// The answers, one for each [`super::effect::Question`] and in the same order.
#[derive(Debug)]
pub enum Answer {
    Library(Result<Vec<LibraryEntry>, Fault>),
    Opened(Result<Box<OpenedTemplate>, Fault>),
    Analysed(Box<Analysis>),
    Saved(Result<Box<SavedVersion>, SaveFault>),
    Versions(Result<Vec<VersionRecord>, Fault>),
    RolledBack(Result<Box<SavedVersion>, SaveFault>),
    Labelled(Result<(), Fault>),
    Models(Vec<ModelChoice>),
    Planned(Result<ParameterPlan, Fault>),
    History(Result<HistoryPage, Fault>),
    /// `None` where nobody else's writes can be seen.
    Moment(Result<Option<Moment>, Fault>),
    Execution(Result<Option<Box<Execution>>, Fault>),
    Places(Result<Vec<FoundLine>, Fault>),
    InputSets(Result<BTreeMap<String, BTreeMap<String, Value>>, Fault>),
    FileRead(Result<String, Fault>),
    Created(Result<(), Fault>),
    /// The settings that count from the next start on.
    Trusted(Result<crate::app::Trusted, Fault>),
    /// The themes that can be used, and why others cannot.
    Themes(Vec<Theme>, Vec<String>),
    Pair(Result<Box<(Execution, Execution)>, Fault>),
    /// How many, and where.
    Exported(Result<(usize, String), Fault>),
    /// Where it is.
    TextSaved(Result<String, Fault>),
    KeptAgain(Result<(), Fault>),
    Deleted(Result<DeletedExecutions, Fault>),
    Restored(Result<usize, Fault>),
    Spend(Option<f64>),
    /// Those of the calls that can be prepared.
    Estimated(Vec<CallEstimate>),
    Charts(Result<Box<Charts>, Fault>),
    /// `None`: the editor left the text as it was.
    Edited(Result<Option<String>, Fault>),
    /// By which way the text went, in words: `tmux buffer`, `OSC 52`, a file's name.
    Copied(Result<String, Fault>),
}

/// What one call is estimated to cost.
#[derive(Clone, Debug, PartialEq)]
pub struct CallEstimate {
    pub variant: VariantName,
    pub model: ModelRef,
    pub estimate: Estimate,
}

/// One template of the workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LibraryEntry {
    pub id: TemplateId,
    /// The word it is grouped under; its folder's name where the front matter names none.
    pub category: String,
    /// The name in the front matter, if it has one.
    pub name: Option<String>,
    /// The version in the front matter, if it has one.
    pub version: Option<Version>,
    /// Whether the store holds a draft of it that was not saved as a version.
    pub draft: bool,
    /// Why the file cannot be read, if it cannot; the entry is shown all the same.
    pub broken: Option<String>,
}

/// Why a save did not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveFault {
    /// The file is not what was opened; this is what it holds now.
    ChangedOutside { text: String, base: ContentHash },
    /// Anything else.
    Failed(Fault),
}

/// Which parameters a model refuses, with the reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterPlan {
    pub refused: Vec<(Parameter, String)>,
}

/// A page of the history.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    pub rows: Vec<HistoryLine>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<HistoryCursor>,
}

/// Where a page of the history begins. Opaque to the screens.
#[derive(Clone)]
pub struct HistoryCursor(pub Arc<dyn std::any::Any + Send + Sync>);

impl std::fmt::Debug for HistoryCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HistoryCursor")
    }
}

/// One execution as a row of the list.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryLine {
    pub id: ExecutionId,
    pub at: Timestamp,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub variant: VariantName,
    pub model: ModelRef,
    pub status: Status,
    pub error_kind: Option<crate::model::ErrorKind>,
    /// The beginning of the answer, one line.
    pub excerpt: String,
    pub total_ms: Option<u64>,
    pub ttft_ms: Option<u64>,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub rating: Option<u8>,
    pub cache: CacheState,
}

/// What was deleted, and how to take it back. Opaque to the screens.
#[derive(Clone)]
pub struct DeletedExecutions {
    pub count: usize,
    pub undo: Arc<dyn std::any::Any + Send + Sync>,
}

impl std::fmt::Debug for DeletedExecutions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeletedExecutions").field("count", &self.count).finish_non_exhaustive()
    }
}
