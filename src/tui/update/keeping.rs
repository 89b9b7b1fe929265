//! What can be done with an answer that could not be kept: write it to a file, or try again.

use super::step::Step;
use crate::{
    model::VariantName,
    tui::{
        effect::Question,
        keymap::Action,
        msg::{Fault, RunToken},
        state::{LineDialog, LineInput, LineIntent, Overlay, Pane, Purpose},
    },
};

impl Step<'_> {
    /// The keys that help where an answer is not in the history.
    pub fn ways_to_keep(&self) -> String {
        let key = |action| {
            let keys = self.state.keymap.keys_of(action);
            keys.first().map_or_else(|| ":".to_owned(), ToString::to_string)
        };
        format!(
            "{} writes the answer to a file, {} copies it, {} tries again to keep it",
            key(Action::SaveAnswerAs),
            key(Action::Copy),
            key(Action::KeepAgain)
        )
    }

    /// Asks for the file that the focused answer is written to.
    pub fn open_save_answer(&mut self) {
        let variant = self.state.variant();
        if self.answer_of(variant).is_none() {
            return self.tell(format!("{} has no answer yet", self.name(variant)));
        }
        let file = match self.state.blind {
            Some(_) => self.name(variant).replace(' ', "-"),
            None => format!("answer-{variant}"),
        };
        let stamp = self.state.wall.to_zoned(self.state.zone.clone()).strftime("%Y-%m-%d-%H%M");
        self.put_in_front(Overlay::Line(LineDialog {
            intent: LineIntent::SaveAnswer(variant),
            input: LineInput::new(&format!("{file}-{stamp}.txt")),
            error: None,
        }));
    }

    pub fn save_answer(&mut self, variant: VariantName, path: &str) -> Result<(), String> {
        if path.is_empty() {
            return Err("a file needs a name".to_owned());
        }
        let text = self.answer_of(variant).ok_or("the answer is no longer here")?;
        self.ask(Purpose::SaveText, Question::SaveText { text, path: path.to_owned() });
        Ok(())
    }

    /// The exact text of the answer that a variant shows.
    fn answer_of(&self, variant: VariantName) -> Option<String> {
        let output = self.state.pane(variant).and_then(Pane::shown)?;
        let text = match &output.execution {
            Some(execution) => execution.text.clone(),
            None => output.text.text().to_owned(),
        };
        Some(text).filter(|text| !text.is_empty())
    }

    /// Tries again to record what could not be recorded.
    pub fn keep_again(&mut self) {
        let variant = self.state.variant();
        let lost = self
            .state
            .pane(variant)
            .and_then(Pane::shown)
            .filter(|output| output.not_saved.is_some());
        let found = lost.and_then(|output| Some((output.run, output.execution.clone()?)));
        let Some((run, execution)) = found else {
            let name = self.name(variant);
            return self.tell(format!("{name} has no answer that is not in the history"));
        };
        self.ask(Purpose::KeepAgain { run, variant }, Question::KeepAgain(execution));
    }

    pub fn take_kept_again(
        &mut self,
        run: Option<RunToken>,
        variant: VariantName,
        kept: Result<(), Fault>,
    ) {
        if let Err(fault) = kept {
            return self.fail(&fault);
        }
        let output = self
            .state
            .all_panes_mut()
            .filter(|pane| pane.variant == variant)
            .find_map(|pane| run.and_then(|run| pane.output_of(run)));
        if let Some(output) = output {
            output.not_saved = None;
        }
        self.state.history.stale = true;
        self.tell(format!("{} is in the history now", self.name(variant)));
    }

    /// Runs what was asked for, now that somebody agreed to have no record of it.
    pub fn run_without_record(&mut self) {
        self.state.unsaved = true;
        let variants = std::mem::take(&mut self.state.run_unsaved);
        self.run(&variants);
    }
}
