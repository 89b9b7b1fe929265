//! The text being edited: lines, cursor, selection, undo.
//!
//! Positions are bytes on grapheme boundaries. Line ends and a byte-order mark are kept as the
//! file had them, so that what the user did not touch is saved as it was.

use std::ops::Range;

use unicode_segmentation::{GraphemeCursor, UnicodeSegmentation};

use super::Command;
use crate::tui::text::find;

/// A place in the text: a line and a byte in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub line: usize,
    pub byte: usize,
}

impl Position {
    /// A place in the text.
    #[must_use]
    pub const fn new(line: usize, byte: usize) -> Self {
        Self { line, byte }
    }
}

/// A text that was copied, cut or deleted by the line, to be pasted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clipping {
    pub text: String,
    /// Whether it is lines, each with its end, which are pasted between lines.
    pub whole_lines: bool,
}

/// Where the cursor may be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Motion {
    Left,
    Right,
    WordLeft,
    WordRight,
    /// First character that is not a space, or the very start when already there.
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    ParagraphUp,
    ParagraphDown,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    text: String,
    /// Whether the line ended with CR LF rather than LF.
    carriage_return: bool,
}

/// A stretch of text as lines, the last of which has no line end: at least one line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Fragment(Vec<Line>);

/// One undoable change: `removed` stood at `at` and `inserted` stands there now.
#[derive(Clone, Debug)]
struct Edit {
    at: Position,
    removed: Fragment,
    inserted: Fragment,
    before: Position,
    after: Position,
    kind: EditKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EditKind {
    Typing,
    Erasing,
    Other,
}

/// What changed in the last edits, for caches kept by line: the lines `range` were replaced by
/// `now` lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineChange {
    pub range: Range<usize>,
    pub now: usize,
}

/// Undo steps kept. A step is a word typed, so this is hours of work.
const HISTORY: usize = 2_000;

/// A text buffer.
#[derive(Clone, Debug)]
pub struct Buffer {
    lines: Vec<Line>,
    byte_order_mark: bool,
    cursor: Position,
    anchor: Option<Position>,
    done: Vec<Edit>,
    undone: Vec<Edit>,
    /// Whether the next keystroke may join the last step.
    joinable: bool,
    revision: u64,
    changes: Vec<LineChange>,
}

impl Default for Buffer {
    fn default() -> Self {
        Self::new("")
    }
}

impl Buffer {
    /// A buffer holding a text, cursor at its start.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let (byte_order_mark, text) =
            text.strip_prefix('\u{feff}').map_or((false, text), |rest| (true, rest));
        let Fragment(lines) = Fragment::of(text);
        let now = lines.len();
        Self {
            lines,
            byte_order_mark,
            cursor: Position::default(),
            anchor: None,
            done: Vec::new(),
            undone: Vec::new(),
            joinable: false,
            revision: 0,
            changes: vec![LineChange { range: 0..0, now }],
        }
    }

    /// The whole text, byte for byte as it would be saved.
    #[must_use]
    pub fn text(&self) -> String {
        let text = join(&self.lines);
        if self.byte_order_mark { format!("\u{feff}{text}") } else { text }
    }

    /// Grows by one with every change of the text.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// Lines, at least one.
    #[must_use]
    pub const fn line_count(&self) -> usize {
        self.lines.len()
    }

    /// A line without its end, or an empty one past the last.
    #[must_use]
    pub fn line(&self, index: usize) -> &str {
        self.lines.get(index).map_or("", |line| line.text.as_str())
    }

    /// Whether there is no text at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.len() == 1 && self.line(0).is_empty()
    }

    /// Where the cursor is.
    #[must_use]
    pub const fn cursor(&self) -> Position {
        self.cursor
    }

    /// The selected stretch, first place first; none when nothing is selected.
    #[must_use]
    pub fn selection(&self) -> Option<(Position, Position)> {
        let anchor = self.anchor?;
        (anchor != self.cursor).then(|| (anchor.min(self.cursor), anchor.max(self.cursor)))
    }

    /// The selected text.
    #[must_use]
    pub fn selected_text(&self) -> Option<String> {
        self.selection().map(|(from, to)| self.slice(from, to).text())
    }

    /// The byte a position has in [`Self::text`] without its byte-order mark, counting line ends
    /// as they are.
    #[must_use]
    pub fn offset(&self, position: Position) -> usize {
        self.lines
            .iter()
            .take(position.line)
            .map(|line| line.text.len() + 1 + usize::from(line.carriage_return))
            .sum::<usize>()
            + position.byte
    }

    /// The changes of lines since the last call, oldest first.
    pub fn take_changes(&mut self) -> Vec<LineChange> {
        std::mem::take(&mut self.changes)
    }

    /// What a deletion takes out that is worth keeping to be pasted: whole lines, or what is
    /// left of one.
    #[must_use]
    pub fn taken_by(&self, command: &Command) -> Option<Clipping> {
        match command {
            Command::DeleteLines => Some(self.whole_lines()),
            Command::Delete(Motion::LineEnd) if self.selection().is_none() => {
                let (from, to) = self.reach(Motion::LineEnd);
                (from != to)
                    .then(|| Clipping { text: self.slice(from, to).text(), whole_lines: false })
            }
            _ => None,
        }
    }

    /// The selected text, or the line the cursor stands in where nothing is selected.
    #[must_use]
    pub fn selection_or_line(&self) -> Clipping {
        self.selected_text()
            .map_or_else(|| self.whole_lines(), |text| Clipping { text, whole_lines: false })
    }

    /// The lines the selection or the cursor stands in, each with an end.
    fn whole_lines(&self) -> Clipping {
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        let end = Position::new(to.line, self.line(to.line).len());
        let text = self.slice(Position::new(from.line, 0), end).text();
        Clipping { text: text + "\n", whole_lines: true }
    }

    // ---- moving -------------------------------------------------------------------------------

    /// Moves the cursor; with `select` the selection grows from where it began.
    pub fn go(&mut self, motion: Motion, select: bool) {
        if !select && let Some((from, to)) = self.selection() {
            match motion {
                Motion::Left => return self.place(from, false),
                Motion::Right => return self.place(to, false),
                _ => {}
            }
        }
        let target = self.target(motion);
        self.place(target, select);
    }

    /// Puts the cursor at a place, moved to the nearest one that exists.
    pub fn place(&mut self, position: Position, select: bool) {
        self.joinable = false;
        if select {
            self.anchor.get_or_insert(self.cursor);
        } else {
            self.anchor = None;
        }
        self.cursor = self.clamp(position);
    }

    /// Selects everything.
    pub fn select_all(&mut self) {
        self.joinable = false;
        self.anchor = Some(Position::default());
        self.cursor = self.end();
    }

    /// Drops the selection.
    pub const fn unselect(&mut self) {
        self.anchor = None;
    }

    /// The last place of the text.
    #[must_use]
    pub fn end(&self) -> Position {
        let line = self.lines.len() - 1;
        Position::new(line, self.line(line).len())
    }

    fn clamp(&self, position: Position) -> Position {
        let line = position.line.min(self.lines.len() - 1);
        let text = self.line(line);
        let mut byte = text.floor_char_boundary(position.byte);
        // A place inside a grapheme moves to its start.
        if byte < text.len() && !is_grapheme_boundary(text, byte) {
            byte = previous_grapheme(text, byte);
        }
        Position::new(line, byte)
    }

    fn target(&self, motion: Motion) -> Position {
        let Position { line, byte } = self.cursor;
        let text = self.line(line);
        match motion {
            Motion::Left if byte > 0 => Position::new(line, previous_grapheme(text, byte)),
            Motion::Right if byte < text.len() => Position::new(line, next_grapheme(text, byte)),
            Motion::WordLeft if byte > 0 => Position::new(line, previous_word(text, byte)),
            Motion::Left | Motion::WordLeft if line > 0 => {
                Position::new(line - 1, self.line(line - 1).len())
            }
            Motion::WordRight if byte < text.len() => Position::new(line, next_word(text, byte)),
            Motion::Right | Motion::WordRight if line + 1 < self.lines.len() => {
                Position::new(line + 1, 0)
            }
            Motion::Left | Motion::Right | Motion::WordLeft | Motion::WordRight => self.cursor,
            Motion::LineStart => {
                let indent = text.len() - text.trim_start().len();
                Position::new(line, if byte == indent { 0 } else { indent })
            }
            Motion::LineEnd => Position::new(line, text.len()),
            Motion::TextStart => Position::default(),
            Motion::TextEnd => self.end(),
            Motion::ParagraphUp => {
                let above = (0..line).rev().skip_while(|&at| self.line(at).trim().is_empty());
                let line = above.into_iter().find(|&at| self.line(at).trim().is_empty());
                Position::new(line.unwrap_or(0), 0)
            }
            Motion::ParagraphDown => {
                let mut below =
                    (line + 1..self.lines.len()).skip_while(|&at| self.line(at).trim().is_empty());
                below
                    .find(|&at| self.line(at).trim().is_empty())
                    .map_or_else(|| self.end(), |line| Position::new(line, 0))
            }
        }
    }

    // ---- changing -----------------------------------------------------------------------------

    /// Types a text at the cursor, replacing the selection. Line ends of any sort become lines,
    /// ended as the lines around them are.
    pub fn insert(&mut self, text: &str) {
        let text = &text.replace("\r\n", "\n").replace('\r', "\n");
        let typed = text.graphemes(true).nth(1).is_none() && text != "\n";
        let kind = if typed { EditKind::Typing } else { EditKind::Other };
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        self.replace(from, to, self.as_lines_here(from, text), kind);
    }

    /// A typed text with line ends like those of the line it is typed into.
    fn as_lines_here(&self, at: Position, text: &str) -> Fragment {
        let mut fragment = Fragment::of(text);
        let carriage_return = self.lines.get(at.line).is_some_and(|line| line.carriage_return);
        let inner = fragment.0.len() - 1;
        for line in fragment.0.iter_mut().take(inner) {
            line.carriage_return = carriage_return;
        }
        fragment
    }

    /// Pastes at the cursor; whole lines above the line it stands in.
    pub fn paste(&mut self, clipping: &Clipping) {
        if clipping.whole_lines && self.selection().is_none() {
            self.place(Position::new(self.cursor.line, 0), false);
        }
        self.insert(&clipping.text);
    }

    /// What a deletion as far as a motion leads takes: first place, last place.
    fn reach(&self, motion: Motion) -> (Position, Position) {
        // Backspace in the indentation takes what a Tab gave only where it is all spaces; one
        // grapheme at a time is what everybody expects elsewhere.
        let target = match motion {
            Motion::LineStart => Position::new(self.cursor.line, 0),
            motion => self.target(motion),
        };
        (target.min(self.cursor), target.max(self.cursor))
    }

    /// Deletes the selection, or from the cursor to where a motion leads.
    pub fn delete(&mut self, motion: Motion) {
        let (from, to) = self.selection().unwrap_or_else(|| self.reach(motion));
        if from != to {
            let kind = match motion {
                Motion::Left | Motion::Right => EditKind::Erasing,
                _ => EditKind::Other,
            };
            self.replace(from, to, Fragment::of(""), kind);
        }
    }

    /// Starts a new line with the indentation of this one.
    pub fn new_line(&mut self) {
        let text = self.line(self.cursor.line);
        let indent = text.len() - text.trim_start_matches([' ', '\t']).len();
        let indent = text.get(..indent.min(self.cursor.byte)).unwrap_or("");
        let inserted = format!("\n{indent}");
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        self.replace(from, to, self.as_lines_here(from, &inserted), EditKind::Other);
    }

    /// Deletes the whole lines the selection or the cursor stands in.
    pub fn delete_lines(&mut self) {
        let (from, to) = self.selection().unwrap_or((self.cursor, self.cursor));
        let (start, end) = if to.line + 1 < self.lines.len() {
            (Position::new(from.line, 0), Position::new(to.line + 1, 0))
        } else if from.line > 0 {
            let above = from.line - 1;
            (Position::new(above, self.line(above).len()), self.end())
        } else {
            (Position::default(), self.end())
        };
        self.replace(start, end, Fragment::of(""), EditKind::Other);
    }

    /// Replaces the whole text in one undo step, keeping the cursor near where it was.
    pub fn set_text(&mut self, text: &str) {
        let cursor = self.cursor;
        let (mark, text) = text.strip_prefix('\u{feff}').map_or((false, text), |rest| (true, rest));
        self.byte_order_mark = mark;
        self.replace(Position::default(), self.end(), Fragment::of(text), EditKind::Other);
        self.cursor = self.clamp(cursor);
        if let Some(edit) = self.done.last_mut() {
            edit.after = self.cursor;
        }
    }

    /// Takes the last step back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(edit) = self.done.pop() else { return false };
        self.splice(edit.at, edit.inserted.end_from(edit.at), edit.removed.clone());
        self.settle(edit.before);
        self.undone.push(edit);
        true
    }

    /// Does the last step taken back again; false when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(edit) = self.undone.pop() else { return false };
        self.splice(edit.at, edit.removed.end_from(edit.at), edit.inserted.clone());
        self.settle(edit.after);
        self.done.push(edit);
        true
    }

    fn settle(&mut self, cursor: Position) {
        self.cursor = self.clamp(cursor);
        self.anchor = None;
        self.joinable = false;
    }

    fn replace(&mut self, from: Position, to: Position, inserted: Fragment, kind: EditKind) {
        let before = self.cursor;
        let removed = self.slice(from, to);
        if removed.is_empty() && inserted.is_empty() {
            return;
        }
        let after = self.splice(from, to, inserted.clone());
        self.cursor = after;
        self.anchor = None;
        self.undone.clear();
        self.remember(Edit { at: from, removed, inserted, before, after, kind });
    }

    /// Joins keystrokes into one step: a run of typing up to the end of a word, a run of erasing.
    fn remember(&mut self, edit: Edit) {
        let joinable = std::mem::replace(&mut self.joinable, edit.kind != EditKind::Other);
        if joinable && let Some(last) = self.done.last_mut().filter(|last| last.kind == edit.kind) {
            match edit.kind {
                EditKind::Typing
                    if edit.removed.is_empty()
                        && edit.at == last.after
                        && (!edit.inserted.first().starts_with(char::is_whitespace)
                            || last.inserted.last().ends_with(char::is_whitespace)) =>
                {
                    last.inserted.append(edit.inserted);
                    last.after = edit.after;
                    return;
                }
                EditKind::Erasing if edit.at < edit.before && edit.before == last.at => {
                    let mut removed = edit.removed;
                    removed.append(std::mem::replace(&mut last.removed, Fragment::of("")));
                    last.removed = removed;
                    last.at = edit.at;
                    last.after = edit.after;
                    return;
                }
                EditKind::Erasing if edit.at == edit.before && edit.at == last.at => {
                    last.removed.append(edit.removed);
                    return;
                }
                _ => {}
            }
        }
        if self.done.len() >= HISTORY {
            self.done.drain(..HISTORY / 10);
        }
        self.done.push(edit);
    }

    fn slice(&self, from: Position, to: Position) -> Fragment {
        let lines = self.lines.get(from.line..=to.line).unwrap_or(&[]);
        let last = lines.len().saturating_sub(1);
        let part = |(index, line): (usize, &Line)| {
            let start = if index == 0 { from.byte } else { 0 };
            let end = if index == last { to.byte } else { line.text.len() };
            Line {
                text: line.text.get(start..end).unwrap_or("").to_owned(),
                carriage_return: index != last && line.carriage_return,
            }
        };
        Fragment(lines.iter().enumerate().map(part).collect())
    }

    /// Replaces a stretch; answers the place after what stands there now. The only place where
    /// lines change.
    fn splice(&mut self, from: Position, to: Position, fragment: Fragment) -> Position {
        self.revision += 1;
        let end = fragment.end_from(from);
        let Fragment(mut pieces) = fragment;
        let now = pieces.len();
        if from.line == to.line && now == 1 {
            if let (Some(line), Some(piece)) = (self.lines.get_mut(from.line), pieces.first()) {
                line.text.replace_range(from.byte..to.byte, &piece.text);
            }
        } else {
            let head = self.line(from.line).get(..from.byte).unwrap_or("").to_owned();
            if let (Some(last), Some(line)) = (pieces.last_mut(), self.lines.get(to.line)) {
                last.text.push_str(line.text.get(to.byte..).unwrap_or(""));
                last.carriage_return = line.carriage_return;
            }
            if let Some(first) = pieces.first_mut() {
                first.text.insert_str(0, &head);
            }
            self.lines.splice(from.line..=to.line, pieces);
        }
        self.changes.push(LineChange { range: from.line..to.line + 1, now });
        end
    }

    // ---- searching ----------------------------------------------------------------------------

    /// Selects the next (or previous) place of words, going round the end. Capitals matter only
    /// where the words have some.
    pub fn find(&mut self, words: &str, backwards: bool) -> bool {
        let count = self.lines.len();
        let here = self.selection().map_or(self.cursor, |(from, _)| from);
        let first = if self.selection().is_some() { here.byte + 1 } else { here.byte };
        for step in 0..=count {
            let index = if backwards { here.line + count - step } else { here.line + step } % count;
            let mut places = find(self.line(index), words).into_iter();
            let hit = match (step, backwards) {
                (0, false) => places.find(|place| place.start >= first),
                (0, true) => places.rfind(|place| place.end <= here.byte),
                (_, false) => places.next(),
                (_, true) => places.next_back(),
            };
            if let Some(place) = hit {
                self.place(Position::new(index, place.start), false);
                self.place(Position::new(index, place.end), true);
                return true;
            }
        }
        false
    }

    /// How many places words have, and the number of the selected one, from 1; 0 where none is.
    #[must_use]
    pub fn count(&self, words: &str) -> (usize, usize) {
        let selected = self.selection();
        let (mut number, mut count) = (0, 0);
        for line in 0..self.lines.len() {
            for place in find(self.line(line), words) {
                count += 1;
                let range = (Position::new(line, place.start), Position::new(line, place.end));
                if selected == Some(range) {
                    number = count;
                }
            }
        }
        (number, count)
    }
}

impl Fragment {
    fn of(text: &str) -> Self {
        let mut lines: Vec<Line> = text
            .split('\n')
            .map(|piece| match piece.strip_suffix('\r') {
                Some(line) => Line { text: line.to_owned(), carriage_return: true },
                None => Line { text: piece.to_owned(), carriage_return: false },
            })
            .collect();
        // A last piece that ends with a lone CR keeps it as text: no line feed came after it.
        if let Some(last) = lines.last_mut().filter(|last| last.carriage_return) {
            last.text.push('\r');
            last.carriage_return = false;
        }
        Self(lines)
    }

    fn text(&self) -> String {
        join(&self.0)
    }

    fn first(&self) -> &str {
        self.0.first().map_or("", |line| line.text.as_str())
    }

    fn last(&self) -> &str {
        self.0.last().map_or("", |line| line.text.as_str())
    }

    fn is_empty(&self) -> bool {
        self.0.len() <= 1 && self.first().is_empty()
    }

    /// The place after this fragment when it stands at `from`.
    fn end_from(&self, from: Position) -> Position {
        match self.0.len() {
            0 | 1 => Position::new(from.line, from.byte + self.first().len()),
            lines => Position::new(from.line + lines - 1, self.last().len()),
        }
    }

    fn append(&mut self, other: Self) {
        let mut lines = other.0.into_iter();
        if let (Some(last), Some(first)) = (self.0.last_mut(), lines.next()) {
            last.text.push_str(&first.text);
            last.carriage_return = first.carriage_return;
        }
        self.0.extend(lines);
    }
}

fn join(lines: &[Line]) -> String {
    let size: usize = lines.iter().map(|line| line.text.len() + 2).sum();
    let mut text = String::with_capacity(size + 3);
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&line.text);
        if index + 1 < lines.len() {
            text.push_str(if line.carriage_return { "\r\n" } else { "\n" });
        }
    }
    text
}

fn is_grapheme_boundary(text: &str, byte: usize) -> bool {
    GraphemeCursor::new(byte, text.len(), true).is_boundary(text, 0).unwrap_or(true)
}

/// The grapheme boundary before a byte.
fn previous_grapheme(text: &str, byte: usize) -> usize {
    let mut cursor = GraphemeCursor::new(byte, text.len(), true);
    cursor.prev_boundary(text, 0).ok().flatten().unwrap_or(0)
}

/// The grapheme boundary after a byte.
fn next_grapheme(text: &str, byte: usize) -> usize {
    let mut cursor = GraphemeCursor::new(byte, text.len(), true);
    cursor.next_boundary(text, 0).ok().flatten().unwrap_or(text.len())
}

#[derive(PartialEq, Eq, Clone, Copy)]
enum Class {
    Space,
    Word,
    Sign,
}

fn class(character: char) -> Class {
    if character.is_whitespace() {
        Class::Space
    } else if character.is_alphanumeric() || character == '_' {
        Class::Word
    } else {
        Class::Sign
    }
}

/// The start of the word before a byte, spaces skipped.
fn previous_word(text: &str, byte: usize) -> usize {
    let head = text.get(..byte).unwrap_or("");
    let trimmed = head.trim_end();
    let Some(last) = trimmed.chars().next_back().map(class) else { return 0 };
    trimmed
        .char_indices()
        .rev()
        .find(|&(_, character)| class(character) != last)
        .map_or(0, |(at, character)| at + character.len_utf8())
}

/// The end of the word after a byte, spaces skipped.
fn next_word(text: &str, byte: usize) -> usize {
    let tail = text.get(byte..).unwrap_or("");
    let skipped = tail.len() - tail.trim_start().len();
    let rest = tail.trim_start();
    let Some(first) = rest.chars().next().map(class) else { return text.len() };
    let length = rest
        .char_indices()
        .find(|&(_, character)| class(character) != first)
        .map_or(rest.len(), |(at, _)| at);
    byte + skipped + length
}

#[cfg(test)]
mod tests;
