//! The difference of two texts, word by word in lines, with long unchanged stretches folded.

use std::ops::Range;

use similar::{ChangeTag, DiffTag, TextDiff};

use crate::{
    safety::{MarkStyle, display_with},
    tui::text::{Row, Scroll, wrap_from},
};

/// Unchanged lines kept on either side of a change.
const CONTEXT: usize = 3;

/// What a line of a difference is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sign {
    Same,
    Removed,
    Added,
    /// This many unchanged lines are folded here.
    Folded(usize),
}

/// A line of a difference, safe to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiffLine {
    pub sign: Sign,
    pub text: String,
    /// Bytes of the text that differ from the line it replaces.
    pub changed: Vec<Range<usize>>,
}

/// Two texts against each other.
#[derive(Clone, Debug)]
pub struct DiffView {
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
    /// Lines that went, and lines that came.
    pub counts: (usize, usize),
}

impl DiffView {
    /// The difference from an old text to a new one, both exact.
    #[must_use]
    pub fn new(titles: (String, String), old: &str, new: &str, marks: MarkStyle) -> Self {
        let lines = lines(&display_with(old, marks), &display_with(new, marks));
        let count = |sign| lines.iter().filter(|line| line.sign == sign).count();
        let mut view = Self {
            titles,
            counts: (count(Sign::Removed), count(Sign::Added)),
            folded: fold(&lines),
            lines,
            is_folded: true,
            rows: Vec::new(),
            width: 0,
            scroll: Scroll::at_top(),
        };
        view.set_width(80);
        view
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

fn lines(old: &str, new: &str) -> Vec<DiffLine> {
    let diff = TextDiff::from_lines(old, new);
    let line = |sign, text: &str, changed| DiffLine {
        sign,
        text: text.trim_end_matches('\n').to_owned(),
        changed,
    };
    let mut lines = Vec::new();
    for op in diff.ops() {
        let old_lines: Vec<&str> =
            op.old_range().filter_map(|index| diff.old_slice(index)).collect();
        let new_lines: Vec<&str> =
            op.new_range().filter_map(|index| diff.new_slice(index)).collect();
        match op.tag() {
            DiffTag::Equal => {
                lines.extend(old_lines.iter().map(|text| line(Sign::Same, text, Vec::new())));
            }
            DiffTag::Delete => {
                lines.extend(old_lines.iter().map(|text| line(Sign::Removed, text, Vec::new())));
            }
            DiffTag::Insert => {
                lines.extend(new_lines.iter().map(|text| line(Sign::Added, text, Vec::new())));
            }
            DiffTag::Replace => {
                let (old_text, new_text) = (old_lines.concat(), new_lines.concat());
                let words = TextDiff::from_unicode_words(&old_text, &new_text);
                let changed = |tag| {
                    let mut at = 0;
                    let mut ranges: Vec<Range<usize>> = Vec::new();
                    for change in words.iter_all_changes() {
                        if change.tag() != ChangeTag::Equal && change.tag() != tag {
                            continue;
                        }
                        let end = at + change.value().len();
                        if change.tag() == tag {
                            match ranges.last_mut() {
                                Some(last) if last.end == at => last.end = end,
                                _ => ranges.push(at..end),
                            }
                        }
                        at = end;
                    }
                    ranges
                };
                spread(&mut lines, Sign::Removed, &old_lines, &changed(ChangeTag::Delete));
                spread(&mut lines, Sign::Added, &new_lines, &changed(ChangeTag::Insert));
            }
        }
    }
    lines
}

/// Deals the changed bytes of a stretch of lines out to its lines.
fn spread(lines: &mut Vec<DiffLine>, sign: Sign, texts: &[&str], changed: &[Range<usize>]) {
    let mut start = 0;
    for text in texts {
        let shown = text.trim_end_matches('\n');
        let end = start + shown.len();
        let ranges = changed
            .iter()
            .filter(|range| range.start < end && range.end > start)
            .map(|range| range.start.max(start) - start..range.end.min(end) - start)
            .collect();
        lines.push(DiffLine { sign, text: shown.to_owned(), changed: ranges });
        start += text.len();
    }
}

/// Folds unchanged stretches that are longer than their context by more than one line.
fn fold(lines: &[DiffLine]) -> Vec<DiffLine> {
    let mut folded: Vec<DiffLine> = Vec::new();
    let mut index = 0;
    while let Some(line) = lines.get(index) {
        if line.sign != Sign::Same {
            folded.push(line.clone());
            index += 1;
            continue;
        }
        let rest = lines.get(index..).unwrap_or(&[]);
        let length = rest.iter().take_while(|line| line.sign == Sign::Same).count();
        let before = if index == 0 { 0 } else { CONTEXT };
        let after = if index + length == lines.len() { 0 } else { CONTEXT };
        if length > before + after + 1 {
            let hidden = length - before - after;
            folded.extend(rest.iter().take(before).cloned());
            folded.push(DiffLine {
                sign: Sign::Folded(hidden),
                text: format!("{hidden} unchanged lines"),
                changed: Vec::new(),
            });
            folded.extend(rest.iter().take(length).skip(before + hidden).cloned());
        } else {
            folded.extend(rest.iter().take(length).cloned());
        }
        index += length;
    }
    folded
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
        let lines = view.lines();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1].sign, Sign::Removed);
        assert_eq!(lines[1].changed.first(), Some(&(4..7)));
        assert_eq!(lines[2].text, "the brown fox");
        assert_eq!(lines[2].changed.first(), Some(&(4..9)));
        assert_eq!(view.counts, (1, 1));
    }

    #[test]
    fn long_unchanged_stretches_fold() {
        let numbered: Vec<String> = (0..30).map(|n| format!("line {n}\n")).collect();
        let old = numbered.concat();
        let new = old.replace("line 15", "line fifteen");
        let mut view = view(&old, &new);
        assert_eq!(view.lines().first().map(|line| line.sign), Some(Sign::Folded(12)));
        assert_eq!(view.lines().len(), 1 + 3 + 2 + 3 + 1);
        view.toggle_fold();
        assert_eq!(view.row_count(), 31);
    }

    #[test]
    fn the_same_texts_say_so() {
        let view = view("a\nb", "a\nb");
        assert!(view.is_same());
        assert_eq!(view.row_count(), 1 + usize::from(view.lines().len() > 1));
    }
}
