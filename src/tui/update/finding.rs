//! Looking for words in the answer in sight, and the ways it is shown.

use super::step::Step;
use crate::tui::state::{Detail, Document, Focus, Output, Pane, Screen};

impl Step<'_> {
    /// Begins to type words to look for in the editor, from the cursor on.
    pub fn search_text(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        self.state.find_from = Some(document.editor.buffer().cursor());
        self.show(Screen::Workbench);
        self.state.set_focus(Focus::Editor);
        self.state.find.clear();
        self.state.found_in_text = None;
        self.state.finding = true;
    }

    fn is_searching_text(&self) -> bool {
        self.state.screen == Screen::Workbench && self.state.focus == Focus::Editor
    }

    /// Selects the first place of what is typed, from where the search began.
    fn search_from_start(&mut self) {
        let words = self.state.find.text().to_owned();
        let from = self.state.find_from;
        let Some(document) = &mut self.state.document else { return };
        if let Some(from) = from {
            document.editor.go_to(from);
        }
        document.editor.find(&words, false);
        self.state.found_in_text = counted(document, &words);
    }

    /// Begins to type words to look for.
    pub fn start_finding(&mut self) {
        if self.answer_in_sight().is_none() {
            return self.tell("There is no answer here to look through");
        }
        self.state.find.clear();
        self.state.finding = true;
    }

    /// Looks for the words typed so far, from the row in sight on.
    pub fn look_for(&mut self) {
        if self.is_searching_text() {
            return self.search_from_start();
        }
        let words = self.state.find.text().to_owned();
        let height = self.answer_height();
        let Some(output) = self.answer_in_sight() else { return };
        let first = output.scroll.first(output.row_count(), height);
        let from = first.saturating_sub(output.row_of_text(0));
        if let Some(row) = output.text.look_for(&words, from) {
            reveal(output, row, height);
        }
    }

    /// To the next place found, or the one before.
    pub fn step_found(&mut self, forwards: bool) {
        if self.is_searching_text() {
            let words = self.state.find.text().to_owned();
            let Some(document) = &mut self.state.document else { return };
            let found = document.editor.find(&words, !forwards);
            self.state.found_in_text = counted(document, &words);
            return match found {
                true => {}
                false if words.is_empty() => self.tell("Type the words to look for first"),
                false => self.tell("These words are not in this text"),
            };
        }
        let height = self.answer_height();
        let words = self.state.find.text().to_owned();
        let found = self.answer_in_sight().map(|output| {
            // Another answer than the one the words were typed over.
            if output.text.find().is_none() {
                output.text.look_for(&words, 0);
            }
            let row = output.text.step_found(forwards);
            if let Some(row) = row {
                reveal(output, row, height);
            }
            row.is_some()
        });
        match found {
            Some(true) => {}
            _ if words.is_empty() => self.tell("Type the words to look for first"),
            _ => self.tell("These words are not in this answer"),
        }
    }

    /// Ends looking for words; false where nothing was looked for.
    pub fn stop_finding(&mut self) -> bool {
        let typed = std::mem::take(&mut self.state.finding);
        self.state.found_in_text = None;
        if typed && self.is_searching_text() {
            // Esc goes back to where one was.
            if let (Some(from), Some(document)) =
                (self.state.find_from.take(), &mut self.state.document)
            {
                document.editor.go_to(from);
            }
            return true;
        }
        let reads = match self.state.screen {
            Screen::History => self.state.history.in_detail,
            Screen::Workbench => matches!(self.state.focus, Focus::Output(_)),
            Screen::Charts => false,
        };
        if !reads {
            return typed;
        }
        let looked = self.answer_in_sight().is_some_and(|output| {
            let looked = output.text.find().is_some();
            output.text.look_for("", 0);
            looked
        });
        typed || looked
    }

    pub fn toggle_raw(&mut self) {
        self.state.raw = !self.state.raw;
        self.tell(if self.state.raw {
            "Answers are shown as they came"
        } else {
            "Answers are shown as the Markdown they are"
        });
    }

    pub fn scroll_together(&mut self) {
        self.state.scrolls_together = !self.state.scrolls_together;
        self.tell(if self.state.scrolls_together {
            "All answers scroll together"
        } else {
            "Each answer scrolls by itself"
        });
    }

    /// Rows of the answer in sight that are on the screen.
    fn answer_height(&self) -> usize {
        match self.state.screen {
            Screen::History => self.state.history.detail.as_ref().map_or(1, Detail::height),
            Screen::Workbench => self.state.pane(self.state.variant()).map_or(1, Pane::height),
            Screen::Charts => 1,
        }
    }
}

/// Which of how many places of the words is selected; `None` without words.
fn counted(document: &Document, words: &str) -> Option<(usize, usize)> {
    (!words.is_empty()).then(|| document.editor.count(words))
}

/// Brings a row of the answer's text into sight.
fn reveal(output: &mut Output, row: usize, height: usize) {
    let (row, rows) = (output.row_of_text(row), output.row_count());
    output.scroll.reveal(row, rows, height);
}
