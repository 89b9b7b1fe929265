//! One line of typed text: a filter, a query, a reason.

use crate::tui::widgets::editor::{Buffer, Command, Motion};

/// A text of one line with its cursor, selection and undo.
#[derive(Clone, Debug)]
pub struct LineInput {
    buffer: Buffer,
}

impl Default for LineInput {
    fn default() -> Self {
        Self::new("")
    }
}

impl LineInput {
    /// A line holding a text, cursor at its end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut input = Self { buffer: Buffer::new(&one_line(text)) };
        input.buffer.go(Motion::TextEnd, false);
        input
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        self.buffer.line(0)
    }

    /// Whether nothing is typed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text().is_empty()
    }

    /// The byte the cursor stands before.
    #[must_use]
    pub const fn cursor(&self) -> usize {
        self.buffer.cursor().byte
    }

    /// Another text, cursor at its end, in one step that can be undone.
    pub fn set(&mut self, text: &str) {
        self.buffer.set_text(&one_line(text));
        self.buffer.go(Motion::TextEnd, false);
    }

    /// Empties the line.
    pub fn clear(&mut self) {
        self.set("");
    }

    /// Carries out a command; true when the text changed. Commands about lines do nothing.
    pub fn apply(&mut self, command: &Command) -> bool {
        let before = self.buffer.revision();
        match command {
            Command::Insert(text) => self.buffer.insert(&one_line(text)),
            Command::Paste(clipping) => {
                self.buffer.insert(&one_line(clipping.text.trim_end_matches(['\n', '\r'])));
            }
            Command::Delete(motion) => self.buffer.delete(*motion),
            Command::DeleteLines => self.buffer.set_text(""),
            Command::Go { motion, select } => self.buffer.go(*motion, *select),
            Command::SelectAll => self.buffer.select_all(),
            Command::Unselect => self.buffer.unselect(),
            Command::Undo => {
                self.buffer.undo();
            }
            Command::Redo => {
                self.buffer.redo();
            }
            Command::NewLine | Command::Indent | Command::Rows { .. } | Command::Pages { .. } => {}
        }
        self.buffer.take_changes();
        self.buffer.revision() != before
    }
}

/// A pasted text with its line breaks as spaces.
fn one_line(text: &str) -> String {
    text.replace("\r\n", " ").replace(['\n', '\r', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paste_of_lines_stays_one_line() {
        let mut input = LineInput::new("a");
        assert!(input.apply(&Command::Insert("b\r\nc\nd".to_owned())));
        assert_eq!((input.text(), input.cursor()), ("ab c d", 6));
        assert!(!input.apply(&Command::NewLine));
        assert!(input.apply(&Command::DeleteLines));
        assert!(input.is_empty());
        assert!(input.apply(&Command::Undo));
        assert_eq!(input.text(), "ab c d");
    }
}
