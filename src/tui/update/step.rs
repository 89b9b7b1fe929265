//! One message being handled: the state, the time, and what is to be done.

use std::time::Duration;

use crate::model::VariantName;
use crate::tui::{
    effect::{Effect, Keep, Question},
    msg::{Fault, Now},
    state::{Focus, Mode, Purpose, State, Wake},
};

/// What to do next where nothing better is known.
const ANY_HINT: &str = "{reload} tries again; `lathe doctor` says what is wrong";

/// The state under change and the effects so far.
pub(super) struct Step<'a> {
    pub state: &'a mut State,
    pub now: Now,
    pub effects: Vec<Effect>,
    /// How often anything had been told before.
    told: u64,
}

impl<'a> Step<'a> {
    pub fn new(state: &'a mut State, now: Now) -> Self {
        state.now = now.monotonic;
        state.wall = now.wall;
        let told = state.notices.told();
        Self { state, now, effects: Vec::new(), told }
    }

    /// Wraps what is in sight and hands the effects over.
    pub fn end(mut self) -> Vec<Effect> {
        self.time_notice();
        self.count_for_focus();
        if let Some(document) = &mut self.state.document
            && (self.state.mode == Mode::Act || self.state.focus != Focus::Inputs)
        {
            document.inputs.take_offers_back();
        }
        self.state.fit();
        self.effects
    }

    /// What was told goes by itself after a time: one wake-up for one message, and none for what
    /// has to be put away.
    fn time_notice(&mut self) {
        if self.state.notices.told() == self.told {
            return;
        }
        match self.state.notices.stays_for() {
            Some(after) => self.wake(Wake::Notice, after),
            None => self.state.pending.forget(Wake::Notice),
        }
    }

    /// Asks a question, its answer to be used for `purpose`.
    pub fn ask(&mut self, purpose: Purpose, question: Question) {
        let id = self.state.pending.ask(purpose);
        self.effects.push(Effect::Ask { id, question });
    }

    pub fn keep(&mut self, keep: Keep) {
        self.effects.push(Effect::Keep(keep));
    }

    /// Schedules a wake-up; one for the same reason before it no longer counts.
    pub fn wake(&mut self, reason: Wake, after: Duration) {
        let id = self.state.pending.wake(reason);
        self.effects.push(Effect::Schedule { id, after });
    }

    /// What a variant is called: its letter, unless it is hidden which is which.
    pub fn name(&self, variant: VariantName) -> String {
        self.state.name_of(variant)
    }

    /// A text with actions in braces, as their keys are here.
    pub fn spelled(&self, text: &str) -> String {
        self.state.keymap.spell(self.state.context(), text)
    }

    /// Something was done as asked.
    pub fn tell(&mut self, text: impl AsRef<str>) {
        self.state.notices.tell(text.as_ref(), self.now);
    }

    /// Something cannot be done as asked.
    pub fn warn(&mut self, text: impl AsRef<str>) {
        self.state.notices.warn(text.as_ref(), self.now);
    }

    /// Something failed. Every failure says what to do next.
    pub fn fail(&mut self, fault: &Fault) {
        let hint = fault.hint.as_deref().unwrap_or(ANY_HINT);
        let hint = Some(self.spelled(hint));
        self.state.notices.fail(&Fault { message: fault.message.clone(), hint }, self.now);
    }
}
