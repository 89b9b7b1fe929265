//! What outside text passes before it is shown. Pure: no IO, no clock, no async.
//!
//! Text of a model, a provider, a file or the database may drive a terminal (escape sequences),
//! lie about its order (bidirectional controls), hide words (zero-width and tag characters) or
//! smear over its neighbours (piles of combining marks). [`display`] turns all of that into
//! visible marks and leaves every other character as it is. The stored bytes are never changed.

mod classify;
mod expression;
pub mod guard;
mod machine;
pub mod redact;

use std::borrow::Cow;

pub use expression::{Expression, TooLong};
use machine::{Machine, Output};

/// How what was hidden is made visible.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MarkStyle {
    /// `␛` for control characters, `⟨U+202E⟩` for others.
    #[default]
    Unicode,
    /// `^[` for control characters, `<U+202E>` for others.
    Ascii,
}

/// Columns between tab stops.
pub const TAB_WIDTH: usize = 4;
/// Most combining marks, joiners and variation selectors that one cell keeps.
pub const MARKS_A_CELL: usize = 8;

/// Text of several lines, safe to show: keeps line feeds, makes CRLF one line feed, expands tabs
/// and makes every hidden or controlling character a visible mark. Plain text is borrowed.
#[must_use]
pub fn display(text: &str) -> Cow<'_, str> {
    display_with(text, MarkStyle::Unicode)
}

/// Text for one line: as [`display`], and line feeds are marks as well.
#[must_use]
pub fn display_line(text: &str) -> Cow<'_, str> {
    display_line_with(text, MarkStyle::Unicode)
}

/// As [`display`], with a choice of marks.
#[must_use]
pub fn display_with(text: &str, style: MarkStyle) -> Cow<'_, str> {
    convert(text, style, false)
}

/// As [`display_line`], with a choice of marks.
#[must_use]
pub fn display_line_with(text: &str, style: MarkStyle) -> Cow<'_, str> {
    convert(text, style, true)
}

fn convert(text: &str, style: MarkStyle, one_line: bool) -> Cow<'_, str> {
    if classify::is_plain(text, !one_line) {
        return Cow::Borrowed(text);
    }
    let mut sanitiser = Sanitiser { machine: Machine::new(one_line), style, marked: 0 };
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    sanitiser.push(text, &mut out);
    sanitiser.finish(&mut out);
    Cow::Owned(out)
}

/// How many characters [`display`] makes visible in a text. Tabs and line ends do not count.
#[must_use]
pub fn has_hidden(text: &str) -> usize {
    if classify::is_plain(text, true) {
        return 0;
    }
    let mut count = Counting(0);
    let mut machine = Machine::new(false);
    machine.feed(text, &mut count);
    machine.finish(&mut count);
    count.0
}

/// A character that [`display`] makes visible, for findings and lists of what was hidden.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hidden {
    /// The byte of the text it begins at.
    pub offset: usize,
    pub character: char,
    /// What it is: `right-to-left override`, `tag character`, `control character`.
    pub name: &'static str,
}

/// Every character that [`display`] makes visible, in the order of the text.
#[must_use]
pub fn hidden(text: &str) -> Vec<Hidden> {
    let mut found = Finding(Vec::new());
    if !classify::is_plain(text, true) {
        let mut machine = Machine::new(false);
        machine.feed(text, &mut found);
        machine.finish(&mut found);
    }
    found.0
}

/// [`display`] for text that comes in pieces. However the pieces are cut, the result is the
/// same as for the whole; each piece costs its own length.
#[derive(Clone, Debug)]
pub struct Sanitiser {
    machine: Machine,
    style: MarkStyle,
    marked: usize,
}

impl Sanitiser {
    /// A sanitiser at the start of a text of several lines.
    #[must_use]
    pub fn new(style: MarkStyle) -> Self {
        Self { machine: Machine::new(false), style, marked: 0 }
    }

    /// Appends what a piece shows as. A character whose meaning depends on the next one (a
    /// carriage return, a joiner) is held back until the next piece or [`Self::finish`].
    pub fn push(&mut self, text: &str, out: &mut String) {
        let mut showing = Showing { out, style: self.style, marked: &mut self.marked };
        self.machine.feed(text, &mut showing);
    }

    /// Appends what was held back and begins a new text.
    pub fn finish(&mut self, out: &mut String) {
        let mut showing = Showing { out, style: self.style, marked: &mut self.marked };
        self.machine.finish(&mut showing);
    }

    /// How many characters were made visible so far, in all texts.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.marked
    }
}

struct Showing<'a> {
    out: &'a mut String,
    style: MarkStyle,
    marked: &'a mut usize,
}

impl Output for Showing<'_> {
    fn text(&mut self, text: &str) {
        self.out.push_str(text);
    }

    fn mark(&mut self, _offset: usize, character: char) -> usize {
        *self.marked += 1;
        classify::write_mark(character, self.style, self.out)
    }

    fn pile(&mut self, _offset: usize, _character: char, first: bool) -> usize {
        *self.marked += 1;
        if first { classify::write_pile(self.style, self.out) } else { 0 }
    }
}

struct Counting(usize);

impl Output for Counting {
    fn text(&mut self, _text: &str) {}

    fn mark(&mut self, _offset: usize, _character: char) -> usize {
        self.0 += 1;
        0
    }

    fn pile(&mut self, _offset: usize, _character: char, _first: bool) -> usize {
        self.0 += 1;
        0
    }
}

struct Finding(Vec<Hidden>);

impl Output for Finding {
    fn text(&mut self, _text: &str) {}

    fn mark(&mut self, offset: usize, character: char) -> usize {
        self.0.push(Hidden { offset, character, name: classify::name(character) });
        0
    }

    fn pile(&mut self, offset: usize, character: char, _first: bool) -> usize {
        self.0.push(Hidden { offset, character, name: "combining mark beyond the eighth" });
        0
    }
}

#[cfg(test)]
mod tests;
