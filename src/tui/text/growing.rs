//! A text that arrives piece by piece and is always ready to be drawn.

use super::{Row, wrap_from};
use crate::safety::{MarkStyle, Sanitiser};

/// An answer while it streams and after: sanitised and wrapped as it arrives.
///
/// Holds the display form only; the exact text is the record's. A new piece costs its own length
/// (the last row is wrapped again), a new width costs the whole text once.
#[derive(Clone)]
pub struct GrowingText {
    shown: String,
    rows: Vec<Row>,
    width: usize,
    sanitiser: Sanitiser,
    style: MarkStyle,
    lines: usize,
    finished: bool,
}

impl std::fmt::Debug for GrowingText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GrowingText")
            .field("bytes", &self.shown.len())
            .field("rows", &self.rows.len())
            .field("width", &self.width)
            .finish_non_exhaustive()
    }
}

impl GrowingText {
    /// An empty text, to be wrapped at `width` cells.
    #[must_use]
    pub fn new(style: MarkStyle, width: usize) -> Self {
        Self {
            shown: String::new(),
            rows: Vec::new(),
            width: width.max(1),
            sanitiser: Sanitiser::new(style),
            style,
            lines: 0,
            finished: false,
        }
    }

    /// A whole text at once.
    #[must_use]
    pub fn of(text: &str, style: MarkStyle, width: usize) -> Self {
        let mut growing = Self::new(style, width);
        growing.push(text);
        growing.finish();
        growing
    }

    /// Appends a piece of outside text, exactly as it came.
    pub fn push(&mut self, piece: &str) {
        let before = self.shown.len();
        self.sanitiser.push(piece, &mut self.shown);
        self.wrap_tail(before);
    }

    /// Says that no more will come: what the sanitiser held back is shown.
    pub fn finish(&mut self) {
        if !self.finished {
            self.finished = true;
            let before = self.shown.len();
            self.sanitiser.finish(&mut self.shown);
            self.wrap_tail(before);
        }
    }

    fn wrap_tail(&mut self, before: usize) {
        if self.shown.len() == before {
            return;
        }
        self.lines += self.shown.get(before..).unwrap_or("").matches('\n').count();
        let from = self.rows.pop().map_or(0, |row| row.start);
        wrap_from(&self.shown, from, self.width, &mut self.rows);
    }

    /// Wraps at another width. Nothing happens when it is the same.
    pub fn set_width(&mut self, width: usize) {
        let width = width.max(1);
        if width != self.width {
            self.width = width;
            self.rows.clear();
            if !self.shown.is_empty() {
                wrap_from(&self.shown, 0, width, &mut self.rows);
            }
        }
    }

    /// Starts over, empty.
    pub fn clear(&mut self) {
        *self = Self::new(self.style, self.width);
    }

    /// Whether nothing has arrived.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    /// Screen rows at the present width.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// Line breaks so far.
    #[must_use]
    pub const fn line_breaks(&self) -> usize {
        self.lines
    }

    /// One screen row, or an empty text past the end.
    #[must_use]
    pub fn row(&self, index: usize) -> &str {
        self.rows.get(index).and_then(|row| self.shown.get(row.start..row.end)).unwrap_or("")
    }

    /// Where a row stands in [`Self::shown`]; an empty range past the end.
    #[must_use]
    pub fn row_range(&self, index: usize) -> std::ops::Range<usize> {
        self.rows.get(index).map_or(0..0, |row| row.start..row.end)
    }

    /// Whether a row begins a line of the text (and is not the continuation of one).
    #[must_use]
    pub fn begins_line(&self, index: usize) -> bool {
        self.rows.get(index).is_some_and(|row| {
            row.start == 0 || self.shown.as_bytes().get(row.start - 1) == Some(&b'\n')
        })
    }

    /// The text as it is shown.
    #[must_use]
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// The row that holds a byte of the shown text.
    #[must_use]
    pub fn row_of(&self, byte: usize) -> usize {
        self.rows.partition_point(|row| row.start <= byte).saturating_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn pieces_and_the_whole_wrap_alike() {
        let text = "The quick brown fox\njumps over the lazy dog. \u{1b}[2J日本語 end";
        let whole = GrowingText::of(text, MarkStyle::Unicode, 12);
        let mut pieces = GrowingText::new(MarkStyle::Unicode, 12);
        for character in text.chars() {
            pieces.push(character.encode_utf8(&mut [0; 4]));
        }
        pieces.finish();
        assert_eq!(pieces.shown(), whole.shown());
        assert_eq!(pieces.rows, whole.rows);
        assert!(!whole.shown().contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn a_change_of_width_is_as_good_as_starting_there(text in "[ a-z日\n\t]{0,60}", first in 1_usize..20, then in 1_usize..20) {
            let mut moved = GrowingText::of(&text, MarkStyle::Ascii, first);
            moved.set_width(then);
            let fresh = GrowingText::of(&text, MarkStyle::Ascii, then);
            prop_assert_eq!(moved.rows, fresh.rows);
        }
    }
}
