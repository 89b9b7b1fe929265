//! The text of an answer as it is shown: rendered Markdown, or as it came.

use std::ops::Range;

use crate::{
    safety::MarkStyle,
    tui::text::{
        Find, GrowingText,
        markdown::{Markdown, Tone},
    },
};

/// An answer's text, ready to draw in either form while it grows.
#[derive(Clone, Debug)]
pub struct Answer {
    plain: GrowingText,
    /// Follows `plain` while it is what is shown.
    rendered: Markdown,
    raw: bool,
    find: Option<Find>,
}

impl Answer {
    /// An empty one, rendered, to be wrapped at `width` cells.
    #[must_use]
    pub fn new(style: MarkStyle, width: usize) -> Self {
        Self {
            plain: GrowingText::new(style, width),
            rendered: Markdown::new(style, width),
            raw: false,
            find: None,
        }
    }

    /// Appends a piece, exactly as it came.
    pub fn push(&mut self, piece: &str) {
        if !piece.is_empty() {
            let same = self.settled();
            self.plain.push(piece);
            self.follow(same);
        }
    }

    /// Says that no more will come.
    pub fn finish(&mut self) {
        let same = self.settled();
        self.plain.finish();
        self.follow(same);
    }

    /// The bytes of what is shown that stay as they are, whatever comes.
    fn settled(&self) -> usize {
        if self.raw { self.plain.shown().len() } else { self.rendered.settled() }
    }

    /// Starts over, empty; what was looked for is looked for again.
    pub fn clear(&mut self, style: MarkStyle, width: usize) {
        self.plain = GrowingText::new(style, width);
        self.rendered = Markdown::new(style, width);
        self.follow(0);
    }

    /// What is shown follows what came; its first `same` bytes are as they were. The bytes that
    /// were looked through for words come back.
    fn follow(&mut self, same: usize) -> usize {
        if !self.raw {
            self.rendered.read(self.plain.shown());
        }
        self.look_again(same)
    }

    fn look_again(&mut self, same: usize) -> usize {
        let text = if self.raw { self.plain.shown() } else { self.rendered.text() };
        self.find.as_mut().map_or(0, |find| find.refresh(text, same))
    }

    /// Wraps at another width. Nothing happens when it is the same.
    pub fn set_width(&mut self, width: usize) {
        self.plain.set_width(width);
        if self.rendered.set_width(width, self.plain.shown()) && !self.raw {
            // Rules are as long as the width: what stands behind one has moved.
            self.look_again(0);
        }
    }

    /// Whether it is shown as it came.
    #[must_use]
    pub const fn is_raw(&self) -> bool {
        self.raw
    }

    /// Shows it as it came, or rendered.
    pub fn set_raw(&mut self, raw: bool) {
        if self.raw != raw {
            self.raw = raw;
            self.follow(0);
        }
    }

    /// Whether nothing has come.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.plain.is_empty()
    }

    /// The text as it came, safe to draw.
    #[must_use]
    pub fn shown(&self) -> &str {
        self.plain.shown()
    }

    /// The text that stands in the rows.
    #[must_use]
    pub fn text(&self) -> &str {
        if self.raw { self.plain.shown() } else { self.rendered.text() }
    }

    /// Screen rows at the present width.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        if self.raw { self.plain.row_count() } else { self.rendered.row_count() }
    }

    /// Where a row stands in [`Self::text`], and how many cells it hangs in.
    #[must_use]
    pub fn row(&self, index: usize) -> (Range<usize>, usize) {
        if self.raw {
            (self.plain.row_range(index), 0)
        } else {
            let row = self.rendered.row(index);
            (row.start..row.end, row.indent)
        }
    }

    /// The row that holds a byte of [`Self::text`].
    #[must_use]
    pub fn row_of(&self, byte: usize) -> usize {
        if self.raw { self.plain.row_of(byte) } else { self.rendered.row_of(byte) }
    }

    /// The stretches of a row with their tones, in order.
    #[must_use]
    pub fn stretches(&self, index: usize) -> Vec<(&str, Tone)> {
        if self.raw {
            vec![(self.plain.row(index), Tone::default())]
        } else {
            self.rendered.stretches(self.rendered.row(index)).collect()
        }
    }

    /// What is looked for in it.
    #[must_use]
    pub const fn find(&self) -> Option<&Find> {
        self.find.as_ref()
    }

    /// Looks for words, beginning at a row; nothing is looked for when there are none. The row
    /// of the present place comes back.
    pub fn look_for(&mut self, words: &str, from_row: usize) -> Option<usize> {
        let from = self.row(from_row).0.start;
        self.find = (!words.is_empty()).then(|| Find::new(self.text(), words, from));
        self.found_row()
    }

    /// Goes to the next place found, or the one before; its row comes back.
    pub fn step_found(&mut self, forwards: bool) -> Option<usize> {
        self.find.as_mut()?.step(forwards);
        self.found_row()
    }

    fn found_row(&self) -> Option<usize> {
        Some(self.row_of(self.find.as_ref()?.present()?.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_in_what_is_shown() {
        let mut answer = Answer::new(MarkStyle::Unicode, 20);
        answer.push("# One\n\nof **two** words\n- and");
        assert_eq!(answer.look_for("two w", 0), Some(2));
        assert_eq!(answer.find().map(Find::number), Some(1));
        answer.set_raw(true);
        assert_eq!(answer.find().map(Find::number), Some(0), "it holds signs now");
        answer.look_for("AND", 0);
        assert_eq!(answer.find().map(Find::number), Some(0), "capitals matter");
        assert_eq!(answer.look_for("and", 0), Some(3));
        answer.push(" more\nand on");
        assert_eq!(answer.find().map(|find| find.found().len()), Some(2));
        assert_eq!(answer.step_found(true), Some(4));
        answer.look_for("", 0);
        assert!(answer.find().is_none());
    }

    #[test]
    fn looking_for_words_costs_what_comes_and_not_what_is_there() {
        let looked_through = |lines: usize, raw: bool| {
            let mut answer = Answer::new(MarkStyle::Unicode, 40);
            answer.set_raw(raw);
            answer.look_for("seven", 0);
            let mut bytes = 0;
            for _ in 0..lines {
                for piece in ["it is **se", "ven** o'", "clock\n"] {
                    let same = answer.settled();
                    answer.plain.push(piece);
                    bytes += answer.follow(same);
                }
            }
            let found = answer.find().map(|find| find.found().len());
            assert_eq!(found, Some(lines), "raw: {raw}");
            bytes
        };
        for raw in [false, true] {
            let (once, twice) = (looked_through(500, raw), looked_through(1_000, raw));
            // The first pieces have little before them to look through again.
            assert!(twice <= 2 * once + 100, "{once} bytes, then {twice}");
        }
    }

    #[test]
    fn places_found_move_with_what_is_as_wide_as_the_pane() {
        let mut answer = Answer::new(MarkStyle::Unicode, 40);
        answer.push("one\n\n---\n\ntwo");
        assert_eq!(answer.look_for("two", 0), Some(4));
        answer.set_width(20);
        let place = answer.find().and_then(|find| find.present()).cloned().expect("a place");
        assert_eq!(answer.text().get(place), Some("two"));
    }

    #[test]
    fn both_forms_follow_what_comes() {
        let mut answer = Answer::new(MarkStyle::Ascii, 40);
        answer.push("**bo");
        answer.set_raw(true);
        answer.push("ld**");
        assert_eq!(answer.text(), "**bold**");
        answer.set_raw(false);
        assert_eq!(answer.text(), "bold");
        assert_eq!(answer.shown(), "**bold**");
        answer.clear(MarkStyle::Ascii, 40);
        assert!(answer.is_empty() && answer.text().is_empty() && answer.row_count() == 0);
    }
}
