//! What was asked and not answered yet, so that an answer finds its place or is dropped.

use std::{collections::BTreeMap, time::Duration};

use semver::Version;
use serde_json::Value;

use crate::{
    app::Filter,
    model::{Bump, Execution, ExecutionId, ModelRef, TemplateId, VariantName},
    tui::msg::{RequestId, RunToken, TimerId},
};

/// Why a question was asked: what its answer is for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    Library,
    Open {
        template: TemplateId,
        /// The past execution to set the focused pane up with, once the template is open.
        recall: Option<Box<Execution>>,
    },
    /// The open template's file is looked at again: it may have changed outside.
    Refresh(TemplateId),
    /// `revision` is the editor's at the time.
    Analyse {
        template: TemplateId,
        revision: u64,
    },
    /// A template that runs beside the open one.
    Beside(TemplateId),
    AnalyseBeside(TemplateId),
    Save {
        template: TemplateId,
        bump: Bump,
        note: String,
        /// The text that was to be saved.
        sent: String,
    },
    RollBack {
        template: TemplateId,
        to: Version,
    },
    Versions(TemplateId),
    Label {
        template: TemplateId,
        version: Version,
        label: Option<String>,
        /// The name it had, which goes with this.
        before: Option<String>,
        /// The number of what this brings back.
        undo: Option<u64>,
    },
    Models,
    Plan(ModelRef),
    /// The first page of what this filter lists.
    History {
        text: String,
        filter: Box<Filter>,
    },
    /// A further page of the same.
    MoreHistory,
    /// Whether other processes have written.
    Moment,
    /// Two executions to compare.
    Pair,
    Places,
    InputSets(TemplateId),
    LoadFile {
        template: TemplateId,
        name: String,
    },
    Create(TemplateId),
    Trust,
    Themes,
    Export,
    SaveText,
    /// The answer of this run and variant is recorded after all.
    KeepAgain {
        run: Option<RunToken>,
        variant: VariantName,
    },
    /// An execution to read.
    Detail(ExecutionId),
    /// An execution to open in the workbench.
    Recall(ExecutionId),
    Delete(Vec<ExecutionId>),
    /// The deletion of this number is taken back.
    Restore(u64),
    /// The present values are kept as a set of this name, once it is known which there are.
    NameInputs {
        template: TemplateId,
        name: String,
        values: BTreeMap<String, Value>,
    },
    /// The sets of inputs that went under this number come back, once it is known which there are.
    BringBackSets(u64),
    /// An execution gets a tag (or loses it), once it is known which it has.
    Tag {
        execution: ExecutionId,
        key: String,
        value: Option<String>,
    },
    Spend,
    /// What running these variants costs, before they run.
    Estimate(Vec<VariantName>),
    Charts,
    /// The template's text, in the user's editor.
    EditTemplate(TemplateId),
    /// The value of a variable, in the user's editor.
    EditField {
        template: TemplateId,
        name: String,
    },
    Copy,
}

impl Purpose {
    /// The number of what comes back with the answer.
    #[must_use]
    pub const fn brings_back(&self) -> Option<u64> {
        match self {
            Self::Restore(id) | Self::BringBackSets(id) => Some(*id),
            Self::Label { undo, .. } => *undo,
            _ => None,
        }
    }
}

/// Why a wake-up was scheduled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wake {
    /// The text has rested: analyse it and keep the draft.
    Analyse,
    /// The filter of the history has rested.
    HistoryFilter,
    /// What the templates are searched for has rested.
    SearchTemplates,
    /// The filter of the charts has rested.
    ChartFilter,
    /// Counters of running calls move on.
    Tick,
    /// What the status line tells has been there long enough.
    Notice,
}

/// Questions and wake-ups under way.
#[derive(Clone, Debug, Default)]
pub struct Pending {
    last_id: u64,
    questions: BTreeMap<RequestId, Purpose>,
    wakes: Vec<(TimerId, Wake)>,
}

impl Pending {
    fn fresh(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    /// A run's new id.
    pub fn run(&mut self) -> RunToken {
        RunToken(self.fresh())
    }

    /// Notes a question. A question of the same kind before it is forgotten, where only the last
    /// one counts: its answer will be dropped.
    pub fn ask(&mut self, purpose: Purpose) -> RequestId {
        let id = RequestId(self.fresh());
        self.questions.retain(|_, asked| !supersedes(&purpose, asked));
        self.questions.insert(id, purpose);
        id
    }

    /// What an answer is for; `None` for one that is no longer wanted.
    pub fn answered(&mut self, id: RequestId) -> Option<Purpose> {
        self.questions.remove(&id)
    }

    /// Whether a question of this kind is under way.
    #[must_use]
    pub fn is_asked(&self, purpose: impl Fn(&Purpose) -> bool) -> bool {
        self.questions.values().any(purpose)
    }

    /// What a question that is under way was asked for.
    #[must_use]
    pub fn asked_for(&self, id: RequestId) -> Option<&Purpose> {
        self.questions.get(&id)
    }

    /// Notes a wake-up. One for the same reason before it is forgotten.
    pub fn wake(&mut self, reason: Wake) -> TimerId {
        let id = TimerId(self.fresh());
        self.wakes.retain(|(_, other)| *other != reason);
        self.wakes.push((id, reason));
        id
    }

    /// Why a wake-up came; `None` for one that is no longer wanted.
    pub fn woken(&mut self, id: TimerId) -> Option<Wake> {
        let place = self.wakes.iter().position(|(wake, _)| *wake == id)?;
        Some(self.wakes.swap_remove(place).1)
    }

    /// Whether a wake-up for this reason is under way.
    #[must_use]
    pub fn is_waking(&self, reason: Wake) -> bool {
        self.wakes.iter().any(|(_, other)| *other == reason)
    }

    /// Forgets a wake-up.
    pub fn forget(&mut self, reason: Wake) {
        self.wakes.retain(|(_, other)| *other != reason);
    }
}

/// Whether a new question makes an older one pointless.
fn supersedes(new: &Purpose, old: &Purpose) -> bool {
    use Purpose as P;
    match (new, old) {
        (P::Open { .. }, P::Open { .. })
        | (P::Analyse { .. }, P::Analyse { .. })
        | (P::History { .. }, P::History { .. } | P::MoreHistory)
        | (P::Detail(_), P::Detail(_))
        | (P::Estimate(_), P::Estimate(_))
        | (P::Recall(_), P::Recall(_)) => true,
        _ => new == old,
    }
}

/// How long a text rests before it is analysed and kept.
pub const EDIT_REST: Duration = Duration::from_millis(150);
/// How long a filter rests before it is looked for.
pub const FILTER_REST: Duration = Duration::from_millis(120);
/// How often counters of running calls move on.
pub const TICK: Duration = Duration::from_secs(1);
/// How often the sign turns that says that something is waited for.
pub const TURN: Duration = Duration::from_millis(250);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_question_of_a_kind_is_wanted() {
        let mut pending = Pending::default();
        let template = TemplateId::new("a").expect("an id");
        let first = pending.ask(Purpose::Analyse { template: template.clone(), revision: 1 });
        let second = pending.ask(Purpose::Analyse { template, revision: 2 });
        let models = pending.ask(Purpose::Models);
        assert_eq!(pending.answered(first), None);
        assert!(pending.answered(second).is_some());
        assert_eq!(pending.answered(second), None, "an answer comes once");
        assert_eq!(pending.answered(models), Some(Purpose::Models));
    }

    #[test]
    fn only_the_last_wake_up_for_a_reason_is_wanted() {
        let mut pending = Pending::default();
        let first = pending.wake(Wake::Analyse);
        let second = pending.wake(Wake::Analyse);
        assert_eq!(pending.woken(first), None);
        assert!(pending.is_waking(Wake::Analyse));
        assert_eq!(pending.woken(second), Some(Wake::Analyse));
        assert!(!pending.is_waking(Wake::Analyse));
    }
}
