//! The text editor: a buffer, its soft-wrapped layout, and drawing.
//!
//! Ours rather than a crate's, because the template editor has to colour variables as one types,
//! stay quick at 10,000 wrapped lines, undo by words, and give back untouched bytes untouched.

mod buffer;
mod layout;
mod view;

pub use buffer::{Buffer, Clipping, LineChange, Motion, Position};
pub use layout::TAB;
pub use view::{EditorStyles, EditorView, StyledRange};

use crate::{safety::MarkStyle, tui::text::Row};

/// One thing to do in an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Types a text (a key or a paste), replacing the selection.
    Insert(String),
    Paste(Clipping),
    NewLine,
    /// Spaces up to the next tab stop.
    Indent,
    Delete(Motion),
    DeleteLines,
    Go {
        motion: Motion,
        select: bool,
    },
    /// Up or down by screen rows; negative is up.
    Rows {
        by: isize,
        select: bool,
    },
    /// Up or down by the height of the pane.
    Pages {
        by: isize,
        select: bool,
    },
    SelectAll,
    Unselect,
    Undo,
    Redo,
}

/// A screen row in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VisibleRow {
    pub line: usize,
    pub row: Row,
    /// Whether it is the first row of its line.
    pub first: bool,
}

/// A text editor's state: what is edited, how it is wrapped, what of it is in sight.
#[derive(Clone, Debug)]
pub struct Editor {
    buffer: Buffer,
    width: usize,
    height: usize,
    marks: MarkStyle,
    /// Screen rows of every line at the present width.
    counts: Vec<usize>,
    /// The first screen row in sight.
    top: usize,
    /// The column that going up and down keeps to.
    goal: Option<usize>,
    /// Columns that indenting goes on to.
    indent: usize,
}

impl Default for Editor {
    fn default() -> Self {
        Self::new("")
    }
}

impl Editor {
    /// An editor on a text, cursor at its start.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut editor = Self {
            buffer: Buffer::new(text),
            width: 80,
            height: 1,
            marks: MarkStyle::Unicode,
            counts: Vec::new(),
            top: 0,
            goal: None,
            indent: 2,
        };
        editor.measure_all();
        editor
    }

    /// Chooses how hidden characters are made visible: by signs, or in ASCII.
    pub fn set_marks(&mut self, marks: MarkStyle) {
        self.marks = marks;
        self.measure_all();
    }

    /// Chooses the columns that indenting goes on to.
    pub fn set_indent(&mut self, columns: u8) {
        self.indent = usize::from(columns.max(1));
    }

    /// How hidden characters are made visible.
    #[must_use]
    pub const fn marks(&self) -> MarkStyle {
        self.marks
    }

    /// The text as it would be saved.
    #[must_use]
    pub fn text(&self) -> String {
        self.buffer.text()
    }

    /// The buffer, to read.
    #[must_use]
    pub const fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// Grows by one with every change of the text.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.buffer.revision()
    }

    /// Starts over with another text, forgetting what could be undone.
    pub fn load(&mut self, text: &str) {
        self.buffer = Buffer::new(text);
        self.top = 0;
        self.goal = None;
        self.measure_all();
    }

    /// Replaces the text in one step that can be undone.
    pub fn replace_all(&mut self, text: &str) {
        self.buffer.set_text(text);
        self.settle();
    }

    /// Takes the size of the text area in cells (without line numbers). Lines are wrapped again
    /// only when the width is another.
    pub fn resize(&mut self, width: usize, height: usize) {
        self.height = height.max(1);
        if width.max(1) != self.width {
            // What was at the top stays at the top.
            let (line, _) = self.line_of_row(self.top);
            self.width = width.max(1);
            self.measure_all();
            self.top = self.row_of_line(line);
        }
        self.reveal_cursor();
    }

    /// Carries out a command; true when the text changed.
    pub fn apply(&mut self, command: &Command) -> bool {
        let before = self.buffer.revision();
        if !matches!(command, Command::Rows { .. } | Command::Pages { .. }) {
            self.goal = None;
        }
        match command {
            Command::Insert(text) => self.buffer.insert(text),
            Command::Paste(clipping) => self.buffer.paste(clipping),
            Command::NewLine => self.buffer.new_line(),
            Command::Indent => {
                let cursor = self.buffer.cursor();
                let head = self.buffer.line(cursor.line).get(..cursor.byte).unwrap_or("");
                let column: usize =
                    layout::pieces(head, 0, self.marks).map(|piece| piece.cells).sum();
                self.buffer.insert(&" ".repeat(self.indent - column % self.indent));
            }
            Command::Delete(motion) => self.buffer.delete(*motion),
            Command::DeleteLines => self.buffer.delete_lines(),
            Command::Go { motion, select } => self.buffer.go(*motion, *select),
            Command::Rows { by, select } => self.move_rows(*by, *select),
            Command::Pages { by, select } => {
                let page = isize::try_from(self.height.saturating_sub(1).max(1)).unwrap_or(1);
                self.move_rows(by.saturating_mul(page), *select);
            }
            Command::SelectAll => self.buffer.select_all(),
            Command::Unselect => self.buffer.unselect(),
            Command::Undo => {
                self.buffer.undo();
            }
            Command::Redo => {
                self.buffer.redo();
            }
        }
        self.settle();
        self.buffer.revision() != before
    }

    /// Selects the next (or previous) place of a text; false when there is none.
    pub fn find(&mut self, needle: &str, backwards: bool) -> bool {
        let found = self.buffer.find(needle, backwards);
        self.settle();
        found
    }

    /// How many places words have, and the number of the selected one, from 1.
    #[must_use]
    pub fn count(&self, words: &str) -> (usize, usize) {
        self.buffer.count(words)
    }

    /// Puts the cursor at a line and byte, as near as there is such a place.
    pub fn go_to(&mut self, position: Position) {
        self.goal = None;
        self.buffer.place(position, false);
        self.settle();
    }

    /// Puts the cursor where a screen cell of the pane is (a mouse click).
    pub fn go_to_cell(&mut self, column: usize, row: usize, select: bool) {
        let (line, within) = self.line_of_row(self.top + row);
        let text = self.buffer.line(line);
        let rows = layout::rows(text, self.width, self.marks);
        let byte = rows
            .get(within)
            .map_or(text.len(), |&row| layout::byte_at(text, row, column, self.marks));
        self.goal = None;
        self.buffer.place(Position::new(line, byte), select);
        self.settle();
    }

    /// Scrolls without moving the cursor further than it must.
    pub fn scroll(&mut self, by: isize) {
        let last = self.row_total().saturating_sub(self.height);
        self.top = self.top.saturating_add_signed(by).min(last);
    }

    /// Puts a line at the top, as far as the text reaches below it; the cursor stays where it is.
    pub fn show_from(&mut self, line: usize) {
        let last = self.row_total().saturating_sub(self.height);
        self.top = self.row_of_line(line).min(last);
    }

    /// All screen rows at the present width.
    #[must_use]
    pub fn row_total(&self) -> usize {
        self.counts.iter().sum()
    }

    /// The first screen row in sight.
    #[must_use]
    pub const fn top(&self) -> usize {
        self.top
    }

    /// The rows in sight, top first.
    #[must_use]
    pub fn visible(&self) -> Vec<VisibleRow> {
        let mut visible = Vec::with_capacity(self.height);
        let (mut line, mut skip) = self.line_of_row(self.top);
        while visible.len() < self.height && line < self.buffer.line_count() {
            let rows = layout::rows(self.buffer.line(line), self.width, self.marks);
            for (index, row) in rows.into_iter().enumerate().skip(skip) {
                if visible.len() < self.height {
                    visible.push(VisibleRow { line, row, first: index == 0 });
                }
            }
            skip = 0;
            line += 1;
        }
        visible
    }

    /// The cursor's cell in the pane, column and row, when it is in sight.
    #[must_use]
    pub fn cursor_cell(&self) -> Option<(usize, usize)> {
        let (row, column) = self.cursor_row();
        let y = row.checked_sub(self.top)?;
        (y < self.height).then_some((column.min(self.width.saturating_sub(1)), y))
    }

    /// The cursor's screen row and column.
    fn cursor_row(&self) -> (usize, usize) {
        let Position { line, byte } = self.buffer.cursor();
        let text = self.buffer.line(line);
        let rows = layout::rows(text, self.width, self.marks);
        let within = rows.partition_point(|row| row.start <= byte).saturating_sub(1);
        let column =
            rows.get(within).map_or(0, |&row| layout::column_of(text, row, byte, self.marks));
        (self.row_of_line(line) + within, column)
    }

    fn move_rows(&mut self, by: isize, select: bool) {
        let (row, column) = self.cursor_row();
        let goal = *self.goal.get_or_insert(column);
        let last = self.row_total().saturating_sub(1);
        let target = row.saturating_add_signed(by);
        let position = if target > last && by > 0 {
            self.buffer.end()
        } else if by < 0 && row == 0 {
            Position::default()
        } else {
            let (line, within) = self.line_of_row(target.min(last));
            let text = self.buffer.line(line);
            let rows = layout::rows(text, self.width, self.marks);
            let byte = rows.get(within).map_or(0, |&row| {
                let byte = layout::byte_at(text, row, goal, self.marks);
                // The end of a wrapped row is the start of the next: stay on this one.
                if byte == row.end && within + 1 < rows.len() {
                    {
                        let column = layout::column_of(text, row, byte, self.marks);
                        layout::byte_at(text, row, column.saturating_sub(1), self.marks)
                    }
                } else {
                    byte
                }
            });
            Position::new(line, byte)
        };
        self.buffer.place(position, select);
        self.goal = Some(goal);
    }

    /// After every change: rows of changed lines counted again, cursor in sight.
    fn settle(&mut self) {
        match self.buffer.take_changes().as_slice() {
            [] => {}
            [change] => {
                let start = change.range.start;
                let counted = (start..start + change.now)
                    .map(|line| layout::row_count(self.buffer.line(line), self.width, self.marks));
                self.counts.splice(start..change.range.end, counted);
            }
            _ => self.measure_all(),
        }
        debug_assert_eq!(self.counts.len(), self.buffer.line_count());
        self.reveal_cursor();
    }

    fn measure_all(&mut self) {
        self.buffer.take_changes();
        self.counts = (0..self.buffer.line_count())
            .map(|line| layout::row_count(self.buffer.line(line), self.width, self.marks))
            .collect();
    }

    fn reveal_cursor(&mut self) {
        let (row, _) = self.cursor_row();
        if row < self.top {
            self.top = row;
        } else if row >= self.top + self.height {
            self.top = row + 1 - self.height;
        }
        let last = self.row_total().saturating_sub(self.height);
        self.top = self.top.min(last.max(row.saturating_sub(self.height.saturating_sub(1))));
    }

    fn row_of_line(&self, line: usize) -> usize {
        self.counts.iter().take(line).sum()
    }

    /// The line a screen row belongs to, and which of its rows it is.
    fn line_of_row(&self, row: usize) -> (usize, usize) {
        let mut before = 0;
        for (line, &count) in self.counts.iter().enumerate() {
            if row < before + count {
                return (line, row - before);
            }
            before += count;
        }
        let last = self.counts.len().saturating_sub(1);
        (last, self.counts.last().map_or(0, |count| count.saturating_sub(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(editor: &mut Editor, by: isize) {
        editor.apply(&Command::Rows { by, select: false });
    }

    #[test]
    fn up_and_down_follow_screen_rows_and_keep_their_column() {
        let mut editor = Editor::new("one two three four\nx\nlast line here");
        editor.resize(10, 5);
        editor.apply(&Command::Go { motion: Motion::LineEnd, select: false });
        assert_eq!(editor.cursor_cell(), Some((10 - 1, 1)), "the wrapped row `three four`");
        go(&mut editor, 1);
        assert_eq!(editor.cursor_cell(), Some((1, 2)));
        go(&mut editor, 1);
        assert_eq!(editor.cursor_cell().map(|(_, y)| y), Some(3));
        go(&mut editor, -1);
        go(&mut editor, -1);
        assert_eq!(editor.buffer().cursor().line, 0);
        go(&mut editor, -1);
        go(&mut editor, -1);
        assert_eq!(editor.buffer().cursor(), Position::new(0, 0));
    }

    #[test]
    fn the_cursor_stays_in_sight() {
        let text: String = "a line\n".repeat(100);
        let mut editor = Editor::new(&text);
        editor.resize(20, 10);
        editor.apply(&Command::Go { motion: Motion::TextEnd, select: false });
        assert_eq!(editor.top(), 91);
        editor.apply(&Command::Pages { by: -1, select: false });
        assert!(editor.cursor_cell().is_some());
        editor.resize(20, 3);
        assert!(editor.cursor_cell().is_some());
        editor.apply(&Command::Go { motion: Motion::TextStart, select: false });
        assert_eq!(editor.top(), 0);
    }

    #[test]
    fn row_counts_follow_every_change() {
        let mut editor = Editor::new("a\nb\nc");
        editor.resize(5, 10);
        editor.apply(&Command::Insert("long words wrap\nhere".to_owned()));
        let fresh = {
            let mut fresh = Editor::new(&editor.text());
            fresh.resize(5, 10);
            fresh.row_total()
        };
        assert_eq!(editor.row_total(), fresh);
        editor.apply(&Command::SelectAll);
        editor.apply(&Command::Delete(Motion::Left));
        assert_eq!((editor.row_total(), editor.text().as_str()), (1, ""));
        editor.apply(&Command::Undo);
        assert_eq!(editor.row_total(), fresh);
    }

    #[test]
    fn replacing_everything_can_be_undone() {
        let mut editor = Editor::new("before");
        editor.replace_all("after\nit");
        assert_eq!(editor.text(), "after\nit");
        editor.apply(&Command::Undo);
        assert_eq!(editor.text(), "before");
    }
}
