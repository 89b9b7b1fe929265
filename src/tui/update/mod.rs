//! What a message changes: pure, no IO, no clock, no terminal.
//!
//! [`update`] takes one past fact and the time it is handled at, changes the state, and says what
//! is to be done. Answers and wake-ups that are no longer wanted change nothing.

mod act;
mod answers;
mod beside;
mod charts;
mod editing;
mod finding;
mod findings;
mod forms;
mod history;
mod history_edits;
mod judging;
mod keeping;
mod keys;
mod library;
mod lists;
mod motion;
mod mouse;
mod others;
mod palette;
mod reading;
mod running;
mod saving;
mod sets;
mod spending;
mod step;
#[cfg(test)]
mod tests;
mod themes;
mod tour;
mod undo;
mod variants;
mod versions;

use step::Step;

pub use act::{PANES, WELCOMED};
pub use judging::WINNER;
pub use lists::RECENT;
pub use themes::THEME;

use super::{
    effect::{Effect, Question},
    keymap::Action,
    msg::{Msg, Now},
    state::{Purpose, State, Wake},
};

/// What is asked for before anything is known.
pub fn start(state: &mut State, now: Now) -> Vec<Effect> {
    let mut step = Step::new(state, now);
    step.state.library.loading = true;
    step.ask(Purpose::Library, Question::Library);
    step.ask(Purpose::Models, Question::Models);
    step.ask(Purpose::Spend, Question::Spend);
    step.look_for_others();
    if step.state.mouse {
        step.effects.push(Effect::Mouse(true));
    }
    step.end()
}

/// Takes one message.
pub fn update(state: &mut State, message: Msg, now: Now) -> Vec<Effect> {
    if state.quitting {
        return Vec::new();
    }
    let mut step = Step::new(state, now);
    match message {
        Msg::Key(key) => {
            step.key(key);
            step.keep_panes();
            step.look_for_others_again();
        }
        Msg::Paste(text) => step.paste(text),
        Msg::Mouse(event) => step.mouse(event),
        Msg::Resized { columns, rows } => step.state.size = (columns, rows),
        Msg::Focused(focused) => step.window_focus(focused),
        Msg::Timer(id) => match step.state.pending.woken(id) {
            Some(Wake::Analyse) => step.settle_text(),
            Some(Wake::HistoryFilter) => step.search_history(),
            Some(Wake::ChartFilter) => step.apply_chart_filter(),
            Some(Wake::SearchTemplates) => step.search_texts(),
            Some(Wake::Tick) => step.tick(),
            Some(Wake::Notice) => step.state.notices.clear_current(),
            None => {}
        },
        Msg::Run { run, variant, event } => step.call_event(run, variant, event),
        Msg::Answered { id, answer } => {
            if let Some(purpose) = step.state.pending.answered(id) {
                step.answer(purpose, answer);
            }
        }
        Msg::Progress { id, done } => step.take_progress(id, done),
        Msg::SecretsFound { run, text } => step.ask_about_secrets(run, text),
        Msg::Notice(notice) => {
            let hint = notice.hint.map(|hint| step.spelled(&hint));
            step.state.notices.add(notice.severity, &notice.text, hint.as_deref(), now);
        }
        Msg::ModelsChanged(models) => step.take_models(models),
        Msg::Circuits(circuits) => step.take_circuits(&circuits),
        Msg::EndRequested => step.leave(),
    }
    step.end()
}

/// Carries out one action, as if its key had been pressed.
pub fn act(state: &mut State, action: Action, now: Now) -> Vec<Effect> {
    let mut step = Step::new(state, now);
    step.act(action);
    step.end()
}
