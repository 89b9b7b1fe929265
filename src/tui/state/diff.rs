//! The difference of two texts, word by word in lines, with long unchanged stretches folded.

use std::ops::Range;

use crate::{
    prompt::diff::{self, SegmentKind},
    safety::{MarkStyle, display_with},
    tui::text::{Row, Scroll, wrap_from},
};

/// Unchanged lines kept on either side of a change.
const CONTEXT: usize = 3;

/// What a line of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Same,
    /// Words of it went or came; the rest is the same.
    Changed,
    Removed,
    Added,
    /// This many unchanged lines are folded here; the text says so.
    Folded(usize),
}

/// A line of a difference, safe to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub sign: Sign,
    pub text: String,
    /// The bytes of the text that went or came, in order; what lies between them is the same.
    pub changed: Vec<(Range<usize>, SegmentKind)>,
}

impl From<&diff::DiffLine> for DiffLine {
    fn from(line: &diff::DiffLine) -> Self {
        let sign = [
            (SegmentKind::Same, Sign::Same),
            (SegmentKind::Removed, Sign::Removed),
            (SegmentKind::Added, Sign::Added),
        ]
        .into_iter()
        .find_map(|(kind, sign)| line.is_all(kind).then_some(sign))
        .unwrap_or(Sign::Changed);
        let mut shown = Self { sign, text: String::new(), changed: Vec::new() };
        for segment in &line.segments {
            let start = shown.text.len();
            shown.text.push_str(segment.text.trim_end_matches('\n'));
            if segment.kind != SegmentKind::Same {
                shown.changed.push((start..shown.text.len(), segment.kind));
            }
        }
        shown
    }
}

impl DiffLine {
    fn push_marked(&self, text: &mut String) {
        let mut at = 0;
        for (range, kind) in self.changed.iter().filter(|(range, _)| !range.is_empty()) {
            let (open, close) = match kind {
                SegmentKind::Removed => ("[-", "-]"),
                SegmentKind::Added => ("{+", "+}"),
                SegmentKind::Same => ("", ""),
            };
            text.push_str(self.text.get(at..range.start).unwrap_or(""));
            text.push_str(open);
            text.push_str(self.text.get(range.clone()).unwrap_or(""));
            text.push_str(close);
            at = range.end;
        }
        text.push_str(self.text.get(at..).unwrap_or(""));
    }
}

/// What a difference is of, where there is another one that may be meant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DiffOf {
    /// The file and the draft.
    Draft,
    /// Two answers.
    Answers,
    #[default]
    Other,
}

/// Two texts against each other.
#[derive(Clone, Debug)]
pub struct DiffView {
    pub of: DiffOf,
    /// Whether one of the two is still being written.
    pub is_so_far: bool,
    /// What the two are called, as `A` or `1.2.0`; safe to draw.
    pub titles: (String, String),
    lines: Vec<DiffLine>,
    /// The same with long unchanged stretches as one line each.
    folded: Vec<DiffLine>,
    pub is_folded: bool,
    /// For each screen row: the line and its bytes.
    rows: Vec<(usize, Row)>,
    width: usize,
    pub scroll: Scroll,
    /// Lines with something that went, and lines with something that came.
    pub counts: (usize, usize),
}

impl DiffView {
    /// The difference from an old text to a new one, both exact.
    #[must_use]
    pub fn new(titles: (String, String), old: &str, new: &str, marks: MarkStyle) -> Self {
        // Compared as they are shown, so that every piece can be drawn as it is.
        let lines = diff::words(&display_with(old, marks), &display_with(new, marks));
        let folded = diff::fold(&lines, CONTEXT)
            .into_iter()
            .map(|row| match row {
                diff::Row::Line(line) => DiffLine::from(line),
                diff::Row::Fold { lines, .. } => DiffLine {
                    sign: Sign::Folded(lines),
                    text: format!("{lines} unchanged lines"),
                    changed: Vec::new(),
                },
            })
            .collect();
        let with = |kind| {
            let has = |line: &&diff::DiffLine| line.segments.iter().any(|it| it.kind == kind);
            lines.iter().filter(has).count()
        };
        let mut view = Self {
            of: DiffOf::Other,
            is_so_far: false,
            titles,
            counts: (with(SegmentKind::Removed), with(SegmentKind::Added)),
            folded,
            lines: lines.iter().map(DiffLine::from).collect(),
            is_folded: true,
            rows: Vec::new(),
            width: 0,
            scroll: Scroll::at_top(),
        };
        view.set_width(80);
        view
    }

    /// The difference as text, as folded as it is shown: a sign before each line, and what went
    /// and came within one in `[-…-]` and `{+…+}`.
    #[must_use]
    pub fn as_text(&self) -> String {
        let mut text = format!("--- {}\n+++ {}\n", self.titles.0, self.titles.1);
        for line in self.lines() {
            let sign = match line.sign {
                Sign::Same => ' ',
                Sign::Changed => '~',
                Sign::Removed => '-',
                Sign::Added => '+',
                Sign::Folded(_) => '@',
            };
            text.push(sign);
            text.push(' ');
            if line.sign == Sign::Changed {
                line.push_marked(&mut text);
            } else {
                text.push_str(&line.text);
            }
            text.push('\n');
        }
        text
    }

    /// Whether the texts are the same.
    #[must_use]
    pub const fn is_same(&self) -> bool {
        self.counts.0 == 0 && self.counts.1 == 0
    }

    /// The lines, as folded as they are shown.
    #[must_use]
    pub fn lines(&self) -> &[DiffLine] {
        if self.is_folded { &self.folded } else { &self.lines }
    }

    /// Folds or unfolds unchanged stretches.
    pub fn toggle_fold(&mut self) {
        self.is_folded = !self.is_folded;
        let width = self.width;
        self.width = 0;
        self.set_width(width);
    }

    /// Wraps the lines at a width in cells, signs not counted. Nothing happens when it is the same.
    pub fn set_width(&mut self, width: usize) {
        if width == self.width {
            return;
        }
        self.width = width;
        let mut rows = Vec::new();
        let mut wrapped = Vec::new();
        for (index, line) in self.lines().iter().enumerate() {
            wrapped.clear();
            wrap_from(&line.text, 0, width, &mut wrapped);
            rows.extend(wrapped.iter().map(|&row| (index, row)));
        }
        self.rows = rows;
    }

    /// Screen rows at the present width.
    #[must_use]
    pub const fn row_count(&self) -> usize {
        self.rows.len()
    }

    /// One screen row: its line and the bytes of it.
    #[must_use]
    pub fn row(&self, index: usize) -> Option<(&DiffLine, Row)> {
        let &(line, row) = self.rows.get(index)?;
        Some((self.lines().get(line)?, row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(old: &str, new: &str) -> DiffView {
        DiffView::new(("a".to_owned(), "b".to_owned()), old, new, MarkStyle::Unicode)
    }

    #[test]
    fn changed_words_are_marked_in_place() {
        let view = view("keep\nthe red fox\n", "keep\nthe brown fox\n");
        let changed: Vec<&DiffLine> =
            view.lines().iter().filter(|line| line.sign == Sign::Changed).collect();
        let [line] = changed.as_slice() else { panic!("{:?}", view.lines()) };
        let parts: Vec<(&str, SegmentKind)> =
            line.changed.iter().map(|(range, kind)| (&line.text[range.clone()], *kind)).collect();
        assert_eq!(parts, [("red", SegmentKind::Removed), ("brown", SegmentKind::Added)]);
        assert_eq!(view.counts, (1, 1));
    }

    #[test]
    fn a_difference_is_copied_with_its_signs() {
        let view = view("keep\nthe red fox\nend\n", "new\nkeep\nthe brown fox\nend\n");
        assert_eq!(
            view.as_text(),
            "--- a\n+++ b\n+ new\n  keep\n~ the [-red-]{+brown+} fox\n  end\n"
        );
    }

    #[test]
    fn long_unchanged_stretches_fold() {
        let numbered: Vec<String> = (0..30).map(|n| format!("line {n}\n")).collect();
        let old = numbered.concat();
        let new = old.replace("line 15", "line fifteen");
        let mut view = view(&old, &new);
        assert_eq!(view.lines().first().map(|line| line.sign), Some(Sign::Folded(12)));
        let folded = view.row_count();
        view.toggle_fold();
        assert!(view.row_count() >= 30 && folded < 12, "{folded} of {}", view.row_count());
    }

    #[test]
    fn the_same_texts_say_so_and_escapes_do_not_pass() {
        assert!(view("a\nb", "a\nb").is_same());
        let view = view("a\n", "a\u{1b}[2J\n");
        assert!(view.lines().iter().all(|line| !line.text.contains('\u{1b}')));
        assert!(!view.is_same());
    }
}
