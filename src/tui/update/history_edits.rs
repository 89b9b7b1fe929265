//! What is done with past executions: compared, tagged, rated, written to a file.

use super::step::Step;
use crate::{
    model::{Execution, ExecutionId},
    tui::{
        effect::Question,
        msg::Fault,
        state::{Detail, LineDialog, LineInput, LineIntent, Overlay, Purpose, Screen},
    },
};

/// Longer words cannot be a tag.
const LONGEST_TAG: usize = 200;

impl Step<'_> {
    /// Marks the selected execution, or compares it with the one that was marked before.
    pub fn compare_executions(&mut self) {
        if self.state.screen != Screen::History {
            return self.warn("Executions are compared in the history");
        }
        if self.selected_is_hidden() {
            return;
        }
        let history = &mut self.state.history;
        let Some(selected) = history.selected_row().map(|row| row.id) else {
            return self.warn("The history has no executions to compare");
        };
        match history.marked.take() {
            None => {
                history.marked = Some(selected);
                self.tell("Marked; go to another execution and press the key again");
            }
            Some(marked) if marked == selected => self.tell("The mark is taken away"),
            Some(marked) => self.ask(Purpose::Pair, Question::Pair(marked, selected)),
        }
    }

    pub fn take_pair(&mut self, pair: Result<Box<(Execution, Execution)>, Fault>) {
        match pair {
            Ok(_) if self.state.gone_elsewhere => {}
            Ok(pair) => {
                let (one, other) = *pair;
                let (left, right) = (self.titled(&one), self.titled(&other));
                self.show_diff((left, right), &one.text, &other.text);
            }
            Err(fault) => self.fail(&fault),
        }
    }

    fn titled(&self, execution: &Execution) -> String {
        let at = execution.timing.started_at.to_zoned(self.state.zone.clone());
        let text = format!("{} {}", at.strftime("%d %b %H:%M"), execution.model_ref());
        crate::safety::display_line_with(&text, self.state.marks).into_owned()
    }

    /// Asks for a tag on the selected execution.
    pub fn open_tag(&mut self) {
        let selected = self.state.history.selected_row().map(|row| row.id);
        match selected.filter(|_| self.state.screen == Screen::History) {
            Some(id) => self.put_in_front(Overlay::Line(LineDialog {
                intent: LineIntent::Tag(id),
                input: LineInput::default(),
                error: None,
            })),
            None => self.warn("Select an execution in the history first"),
        }
    }

    pub fn tag_execution(&mut self, execution: ExecutionId, text: &str) -> Result<(), String> {
        let (key, value) = match text.split_once('=') {
            Some((key, value)) => (key.trim(), value.trim()),
            None => (text, "yes"),
        };
        if key.is_empty() || key.chars().any(char::is_whitespace) {
            return Err("a tag is one word, or key=value".to_owned());
        }
        if text.len() > LONGEST_TAG {
            return Err(format!("a tag has at most {LONGEST_TAG} bytes"));
        }
        let value = (!value.is_empty()).then(|| value.to_owned());
        let read = self.state.history.detail.as_ref().and_then(Detail::execution);
        let tags = read.filter(|record| record.id == execution).map(|record| record.tags.clone());
        if let Some(tags) = tags {
            self.set_tag(execution, key, value.as_deref(), tags.get(key).cloned());
        } else {
            // What it had is read first, so that it can come back.
            let purpose = Purpose::Tag { execution, key: key.to_owned(), value };
            self.ask(purpose, Question::Execution(execution));
        }
        Ok(())
    }

    pub fn take_known_tags(
        &mut self,
        execution: ExecutionId,
        key: &str,
        value: Option<&str>,
        known: Result<Option<Box<Execution>>, Fault>,
    ) {
        match known {
            Ok(Some(record)) => {
                self.set_tag(execution, key, value, record.tags.get(key).cloned());
            }
            Ok(None) => self.warn("This execution is no longer stored"),
            Err(fault) => self.fail(&fault),
        }
    }

    fn set_tag(
        &mut self,
        execution: ExecutionId,
        key: &str,
        value: Option<&str>,
        before: Option<String>,
    ) {
        if before.as_deref() == value {
            return self.tell(match value {
                Some(value) => format!("It is tagged {key}={value} already"),
                None => format!("It has no tag {key}"),
            });
        }
        self.note_tag(execution, key, before);
        self.tell(if let Some(value) = value {
            format!("Tagged {key}={value}; the filter tag:{key} finds it")
        } else {
            let way = self.spelled("{undo} brings it back");
            format!("The tag {key} is taken away; {way}")
        });
        self.tag(execution, key, value);
    }

    /// Rates the selected execution of the list; the same rating again takes it back.
    pub fn rate_selected(&mut self, rating: u8) {
        let Some(row) = self.state.history.selected_row() else {
            return self.warn("The history has no executions to rate");
        };
        let (id, before) = (row.id, row.rating);
        self.note_rating(id, before, rating);
    }

    /// Asks for the file that the listed executions are written to.
    pub fn open_export(&mut self) {
        if self.state.screen != Screen::History {
            return self.warn("Executions are written to a file from the history");
        }
        let date = self.state.wall.to_zoned(self.state.zone.clone()).strftime("%Y-%m-%d-%H%M");
        self.put_in_front(Overlay::Line(LineDialog {
            intent: LineIntent::Export,
            input: LineInput::new(&format!("lathe-history-{date}.jsonl")),
            error: None,
        }));
    }

    pub fn export_to(&mut self, path: &str) -> Result<(), String> {
        let ending = std::path::Path::new(path);
        if crate::app::ExportFormat::of_path(ending).is_none() {
            return Err("the file's ending says the form: .jsonl, .csv or .md".to_owned());
        }
        let filter = Box::new(self.state.history.query.clone());
        self.ask(Purpose::Export, Question::Export { filter, path: path.to_owned() });
        self.state.exported = Some(0);
        self.tick();
        Ok(())
    }

    pub fn take_exported(&mut self, exported: Result<(usize, String), Fault>) {
        self.state.exported = None;
        match exported {
            Ok((1, path)) => self.tell(format!("One execution written to {path}")),
            Ok((count, path)) => self.tell(format!("{count} executions written to {path}")),
            Err(fault) => self.fail(&fault),
        }
    }
}
