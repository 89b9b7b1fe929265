//! What the screens ask to be done. An effect is an order in plain data; carrying it out is
//! somebody else's work, and what comes of it returns as a [`super::msg::Msg`].

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use semver::Version;
use serde_json::Value;

use super::msg::{DeletedExecutions, HistoryCursor, RequestId, RunToken, TimerId};
use super::theme::Theme;
use crate::app::{ChartQuery, Filter};
use crate::model::{
    Bump, CacheUse, ContentHash, Execution, ExecutionId, GenerationParameters, GuardName, Message,
    ModelRef, Parameter, TemplateId, TemplateStamp, VariantName,
};

/// Something to do.
#[derive(Debug)]
pub enum Effect {
    /// Render and send these calls; what becomes of each returns as
    /// [`super::msg::Msg::Run`] with this token. The handle is kept until its last call ends.
    StartRun { run: RunToken, calls: Vec<CallOrder> },
    /// Cancel one call of a run.
    Cancel { run: RunToken, variant: VariantName },
    /// Do not wait for the next attempt of this call; send it now.
    SkipWait { run: RunToken, variant: VariantName },
    /// Send the calls of a run although their prompt holds a secret.
    SendAnyway { run: RunToken },
    /// A question; exactly one [`super::msg::Msg::Answered`] with this id comes back.
    Ask { id: RequestId, question: Question },
    /// Keep something; only a failure is told, as a notice.
    Keep(Keep),
    /// Send [`super::msg::Msg::Timer`] once, after this long.
    Schedule { id: TimerId, after: Duration },
    /// Draw with this theme from now on.
    Wear(Box<Theme>),
    /// Turn mouse reporting on or off.
    Mouse(bool),
    /// Draw every cell again.
    Repaint,
    /// Give the terminal back to the shell until `fg`.
    Suspend,
    /// Leave: running calls are cancelled with what they have, writes are drained.
    Quit,
}

/// What a variant runs.
#[derive(Clone, Debug, PartialEq)]
pub enum CallSource {
    /// This text, as it stands in the editor. `saved` is the version whose content it is, if any.
    Text { text: String, saved: Option<Version> },
    /// A saved version, by number.
    Version(Version),
    /// The template as it is when it is opened: its draft, else its file.
    Opened,
    /// Messages that were sent before, as they were.
    Messages { messages: Vec<Message>, stamp: TemplateStamp },
}

/// One call to make.
#[derive(Clone, Debug, PartialEq)]
pub struct CallOrder {
    pub variant: VariantName,
    pub template: TemplateId,
    pub source: CallSource,
    /// `None`: the template's own model, else the default.
    pub model: Option<ModelRef>,
    /// Laid over the template's own parameters.
    pub parameters: GenerationParameters,
    pub inputs: BTreeMap<String, Value>,
    /// Parameters to leave out, and to go on leaving out where the model has refused them.
    pub without: Vec<Parameter>,
    /// Whether an answer that was given before will do.
    pub cache: CacheUse,
    /// Guards that may stop nothing, this once.
    pub allow: BTreeSet<GuardName>,
}

/// A question, with its answer in [`super::msg::Answer`].
#[derive(Debug)]
pub enum Question {
    /// The templates of the workspace → `Answer::Library`.
    Library,
    /// → `Answer::Opened`.
    Open(TemplateId),
    /// Read a text as a template, with these inputs, for this model → `Answer::Analysed`.
    Analyse {
        template: TemplateId,
        text: String,
        inputs: BTreeMap<String, Value>,
        model: Option<ModelRef>,
    },
    /// Save a text as the next version: the file first, then the store → `Answer::Saved`.
    Save {
        template: TemplateId,
        text: String,
        bump: Bump,
        note: String,
        /// What the file is expected to hold; `None` overwrites whatever is there.
        base: Option<ContentHash>,
    },
    /// → `Answer::Versions`, newest first.
    Versions(TemplateId),
    /// A new version whose content is the old one's, in file and store → `Answer::RolledBack`.
    RollBack { template: TemplateId, to: Version, base: Option<ContentHash> },
    /// → `Answer::Labelled`.
    Label { template: TemplateId, version: Version, label: Option<String> },
    /// Every model that can be named: catalogue, configured, found → `Answer::Models`.
    Models,
    /// The same, after a look at what the servers of this machine have now.
    LookForModels,
    /// What this model would refuse of all parameters → `Answer::Planned`.
    Plan { model: ModelRef },
    /// A page of executions, newest first → `Answer::History`.
    History { filter: Box<Filter>, before: Option<HistoryCursor>, limit: usize },
    /// Whether other processes have written since → `Answer::Moment`.
    Moment,
    /// → `Answer::Execution`.
    Execution(ExecutionId),
    /// Lines of all templates that hold a text → `Answer::Places`.
    Places(String),
    /// The named sets of inputs of a template → `Answer::InputSets`.
    InputSets(TemplateId),
    /// The text of a small file → `Answer::FileRead`.
    ReadFile(String),
    /// Write a new template's file → `Answer::Created`.
    Create { template: TemplateId, text: String },
    /// Trust the workspace's settings as they are now → `Answer::Trusted`.
    Trust,
    /// Every theme that can be used → `Answer::Themes`.
    Themes,
    /// Two executions to compare → `Answer::Pair`.
    Pair(ExecutionId, ExecutionId),
    /// Write what a filter lists to a file that is not there yet → `Answer::Exported`.
    Export { filter: Box<Filter>, path: String },
    /// Write a text to a file that is not there yet → `Answer::TextSaved`.
    SaveText { text: String, path: String },
    /// Record an execution that could not be recorded → `Answer::KeptAgain`.
    KeepAgain(Box<Execution>),
    /// → `Answer::Deleted`.
    Delete(Vec<ExecutionId>),
    /// Take a deletion back → `Answer::Restored` with how many came back.
    Restore(DeletedExecutions),
    /// US dollars spent since midnight, local time → `Answer::Spend`.
    Spend,
    /// What these calls would cost → `Answer::Estimated`.
    Estimate(Vec<CallOrder>),
    /// Sums for the charts, as of now → `Answer::Charts`.
    Charts(ChartQuery),
    /// Edit a text in `$EDITOR`, with the terminal handed over → `Answer::Edited`.
    Edit { text: String, extension: &'static str },
    /// Copy to the clipboard by whatever way works → `Answer::Copied`.
    Copy(String),
}

/// Something to keep between sessions.
#[derive(Clone, Debug, PartialEq)]
pub enum Keep {
    /// The values used last.
    Inputs { template: TemplateId, inputs: BTreeMap<String, Value> },
    /// The named sets of inputs of a template.
    InputSets { template: TemplateId, sets: BTreeMap<String, BTreeMap<String, Value>> },
    /// Text that is not saved as a version yet; `None` when it is the same as the file again.
    Draft { template: TemplateId, text: Option<String> },
    /// What a person thinks of an answer, 1 to 5; `None` takes it back.
    Rating { execution: ExecutionId, rating: Option<u8> },
    /// A word on an execution; `None` takes it away.
    Tag { execution: ExecutionId, key: String, value: Option<String> },
    /// Where the user was: a JSON value under a name.
    Setting { name: &'static str, value: Value },
}
