//! What changed between two texts, word by word and in place.
//!
//! Lines are compared first, then the words inside each stretch of lines that changed, so that a
//! reworded sentence is one line with a few marked words and not two whole lines. Nothing is
//! approximated: what is `Same` or `Removed` joins to the old text, what is `Same` or `Added` to
//! the new one, every byte of both.
//!
//! Time is bounded by size, not by a clock: above [`WORD_LIMIT`] a changed stretch stays at whole
//! lines, above [`LINE_LIMIT`] everything between the common beginning and end does.

use similar::{Algorithm, DiffOp, capture_diff_slices};
use unicode_segmentation::UnicodeSegmentation as _;

/// The most words (with the blanks and marks between them) of one side of a changed stretch that
/// are compared one by one.
pub const WORD_LIMIT: usize = 30_000;

/// The most lines of one side that are compared one by one.
pub const LINE_LIMIT: usize = 100_000;

/// Below this share of common words (in percent of the longer side's bytes) two stretches are
/// different texts that happen to share a few words; marking those would only confuse.
const LEAST_COMMON_PERCENT: usize = 20;

/// What became of a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SegmentKind {
    Same,
    Removed,
    Added,
}

/// A piece of one line. Its text is exact, never sanitised; only the last segment of a line holds
/// a newline, as its last byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    pub kind: SegmentKind,
    pub text: String,
}

/// One line of a diff, ending where a line of either text does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffLine {
    /// In reading order, never empty; neighbours differ in kind.
    pub segments: Vec<Segment>,
}

impl DiffLine {
    /// Whether both texts have this line.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.is_all(SegmentKind::Same)
    }

    /// Whether the whole line is of one kind.
    #[must_use]
    pub fn is_all(&self, kind: SegmentKind) -> bool {
        self.segments.iter().all(|segment| segment.kind == kind)
    }
}

/// One row of a folded diff.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row<'d> {
    Line(&'d DiffLine),
    /// This many unchanged lines, from the line `first` of the diff on.
    Fold {
        first: usize,
        lines: usize,
    },
}

/// Compares two texts.
#[must_use]
pub fn words(old: &str, new: &str) -> Vec<DiffLine> {
    let mut lines = Lines::default();
    if old == new {
        lines.push(SegmentKind::Same, old);
        return lines.finish();
    }
    let old_lines = lines_of(old);
    let new_lines = lines_of(new);
    for op in line_operations(&old_lines, &new_lines) {
        let removed = old_lines.get(op.old_range()).unwrap_or_default();
        let added = new_lines.get(op.new_range()).unwrap_or_default();
        match op {
            DiffOp::Equal { .. } => {
                for line in removed {
                    lines.push(SegmentKind::Same, line);
                }
            }
            DiffOp::Replace { .. } => changed(&mut lines, &removed.concat(), &added.concat()),
            DiffOp::Delete { .. } | DiffOp::Insert { .. } => {
                lines.replace(&removed.concat(), &added.concat());
            }
        }
    }
    lines.finish()
}

/// Folds the unchanged stretches of a diff, leaving `context` lines of each beside what changed.
/// A fold stands for two lines at least: one line takes no more room than its fold.
#[must_use]
pub fn fold(diff: &[DiffLine], context: usize) -> Vec<Row<'_>> {
    let mut rows = Vec::new();
    let mut at = 0;
    for stretch in diff.chunk_by(|a, b| a.is_same() == b.is_same()) {
        let before = if at == 0 { 0 } else { context };
        let after = if at + stretch.len() == diff.len() { 0 } else { context };
        let hidden = stretch.len().saturating_sub(before + after);
        if stretch.first().is_some_and(DiffLine::is_same) && hidden >= 2 {
            let (head, rest) = stretch.split_at(before);
            let (_, tail) = rest.split_at(hidden);
            rows.extend(head.iter().map(Row::Line));
            rows.push(Row::Fold { first: at + before, lines: hidden });
            rows.extend(tail.iter().map(Row::Line));
        } else {
            rows.extend(stretch.iter().map(Row::Line));
        }
        at += stretch.len();
    }
    rows
}

fn lines_of(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// How the old lines become the new ones.
fn line_operations(old: &[&str], new: &[&str]) -> Vec<DiffOp> {
    if old.len() <= LINE_LIMIT && new.len() <= LINE_LIMIT {
        return capture_diff_slices(Algorithm::Myers, old, new);
    }
    let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let room = old.len().min(new.len()) - start;
    let end = old.iter().rev().zip(new.iter().rev()).take(room).take_while(|(a, b)| a == b).count();
    let (old_len, new_len) = (old.len() - start - end, new.len() - start - end);
    vec![
        DiffOp::Equal { old_index: 0, new_index: 0, len: start },
        // Both sides at once, also when one of them is empty: it is written as it is.
        DiffOp::Replace { old_index: start, old_len, new_index: start, new_len },
        DiffOp::Equal { old_index: start + old_len, new_index: start + new_len, len: end },
    ]
}

/// Compares a stretch of changed lines word by word where that says more than the whole lines.
fn changed(lines: &mut Lines, old: &str, new: &str) {
    let too_many = |text: &str| text.split_word_bounds().nth(WORD_LIMIT).is_some();
    if too_many(old) || too_many(new) {
        lines.replace(old, new);
        return;
    }
    let old_words: Vec<&str> = old.split_word_bounds().collect();
    let new_words: Vec<&str> = new.split_word_bounds().collect();
    let operations = capture_diff_slices(Algorithm::Myers, &old_words, &new_words);
    let common: usize = operations
        .iter()
        .filter(|op| matches!(op, DiffOp::Equal { .. }))
        .flat_map(|op| old_words.get(op.old_range()).unwrap_or_default())
        .map(|word| word.trim().len())
        .sum();
    let longer = solid_len(&old_words).max(solid_len(&new_words));
    if common * 100 < longer * LEAST_COMMON_PERCENT {
        lines.replace(old, new);
        return;
    }
    // What was removed and added since the last text that both share.
    let (mut removed, mut added) = (String::new(), String::new());
    for (index, op) in operations.iter().enumerate() {
        let old_text = old_words.get(op.old_range()).unwrap_or_default().concat();
        let new_text = new_words.get(op.new_range()).unwrap_or_default().concat();
        let is_last = index + 1 == operations.len();
        let is_equal = matches!(op, DiffOp::Equal { .. });
        // A blank between two changed words is part of the change: three marked pieces read
        // worse than one.
        let joins = !removed.is_empty() && !added.is_empty() && !is_last && is_blank(&old_text);
        if is_equal && !joins {
            lines.change(&removed, &added);
            removed.clear();
            added.clear();
            lines.push(SegmentKind::Same, &old_text);
        } else {
            removed.push_str(&old_text);
            added.push_str(&new_text);
        }
    }
    lines.change(&removed, &added);
}

/// Bytes of all words without blanks.
fn solid_len(words: &[&str]) -> usize {
    words.iter().map(|word| word.trim().len()).sum()
}

fn is_blank(text: &str) -> bool {
    text.chars().all(|character| character == ' ' || character == '\t')
}

/// Gathers segments into lines.
#[derive(Default)]
struct Lines {
    done: Vec<DiffLine>,
    open: DiffLine,
}

impl Lines {
    fn change(&mut self, removed: &str, added: &str) {
        self.push(SegmentKind::Removed, removed);
        self.push(SegmentKind::Added, added);
    }

    /// Whole lines for whole lines. A last line that no newline ends keeps a line of its own:
    /// what came in its place has nothing to do with it.
    fn replace(&mut self, removed: &str, added: &str) {
        self.push(SegmentKind::Removed, removed);
        if !self.open.segments.is_empty() {
            self.done.push(std::mem::take(&mut self.open));
        }
        self.push(SegmentKind::Added, added);
    }

    fn push(&mut self, kind: SegmentKind, text: &str) {
        for piece in text.split_inclusive('\n') {
            match self.open.segments.last_mut() {
                Some(last) if last.kind == kind => last.text.push_str(piece),
                _ => self.open.segments.push(Segment { kind, text: piece.to_owned() }),
            }
            if piece.ends_with('\n') {
                self.done.push(std::mem::take(&mut self.open));
            }
        }
    }

    fn finish(mut self) -> Vec<DiffLine> {
        if !self.open.segments.is_empty() {
            self.done.push(self.open);
        }
        self.done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `[-removed-]` and `{+added+}` in the text itself.
    fn marked(diff: &[DiffLine]) -> String {
        diff.iter()
            .flat_map(|line| &line.segments)
            .map(|segment| match segment.kind {
                SegmentKind::Same => segment.text.clone(),
                SegmentKind::Removed => format!("[-{}-]", segment.text),
                SegmentKind::Added => format!("{{+{}+}}", segment.text),
            })
            .collect()
    }

    fn side(diff: &[DiffLine], kind: SegmentKind) -> String {
        diff.iter()
            .flat_map(|line| &line.segments)
            .filter(|segment| segment.kind == kind || segment.kind == SegmentKind::Same)
            .map(|segment| segment.text.as_str())
            .collect()
    }

    fn check(old: &str, new: &str) -> Vec<DiffLine> {
        let diff = words(old, new);
        assert_eq!(side(&diff, SegmentKind::Removed), old);
        assert_eq!(side(&diff, SegmentKind::Added), new);
        for line in &diff {
            assert!(!line.segments.is_empty());
            for (index, segment) in line.segments.iter().enumerate() {
                let inner = segment.text.strip_suffix('\n').unwrap_or(&segment.text);
                assert!(!inner.contains('\n') && !segment.text.is_empty());
                let is_last = index + 1 == line.segments.len();
                assert!(is_last || !segment.text.ends_with('\n'));
            }
            assert!(line.segments.windows(2).all(|pair| pair[0].kind != pair[1].kind));
        }
        diff
    }

    #[test]
    fn a_changed_word_is_marked_in_its_line() {
        let diff = check(
            "You are a careful engineer.\nBe brief.\n",
            "You are a senior engineer.\nBe brief.\n",
        );
        assert_eq!(marked(&diff), "You are a [-careful-]{+senior+} engineer.\nBe brief.\n");
        assert!(!diff[0].is_same() && diff[1].is_same());
    }

    #[test]
    fn neighbouring_changed_words_are_one_change() {
        let diff = check("say the quick word to all of them", "say a slow word to all of them");
        assert_eq!(marked(&diff), "say [-the quick-]{+a slow+} word to all of them");
    }

    #[test]
    fn different_texts_are_not_interleaved() {
        let diff = check("The sun is hot.\n", "Paris, in spring: a city of lights\n");
        assert_eq!(diff.len(), 2);
        assert!(diff[0].is_all(SegmentKind::Removed) && diff[1].is_all(SegmentKind::Added));

        // Nor is a last line without an end and what stands in its place.
        let diff = check("The sun is hot.", "Paris, in spring:\n- a city of lights\n");
        assert_eq!(diff.len(), 3);
        assert!(diff[0].is_all(SegmentKind::Removed) && diff[1].is_all(SegmentKind::Added));
    }

    #[test]
    fn the_end_of_the_last_line_counts() {
        assert_eq!(marked(&check("a b c\n", "a b c")), "a b c[-\n-]");
        assert_eq!(marked(&check("", "a\nb")), "{+a\n+}{+b+}");
        assert_eq!(marked(&check("a\r\n", "a\n")), "a[-\r\n-]{+\n+}");
        assert!(check("", "").is_empty());
    }

    #[test]
    fn unchanged_stretches_fold_around_what_changed() {
        let text = |middle: &str| {
            let lines = |from: usize, to: usize| {
                (from..to).map(|n| format!("line {n}\n")).collect::<Vec<_>>().concat()
            };
            format!("{}{middle}{}", lines(0, 10), lines(10, 13))
        };
        let diff = check(&text("one two three\n"), &text("one two four\n"));
        let rows = fold(&diff, 2);
        assert_eq!(rows[0], Row::Fold { first: 0, lines: 8 });
        assert_eq!(rows[1], Row::Line(&diff[8]));
        assert_eq!(rows[3], Row::Line(&diff[10]));
        assert_eq!(rows.len(), 1 + 2 + 1 + 3, "three lines at the end: one would fold, so none");
        assert_eq!(fold(&diff, 100).len(), diff.len());
        assert!(fold(&[], 2).is_empty());
    }

    #[test]
    fn big_texts_fall_back_to_lines_and_stay_exact() {
        let old = (0..WORD_LIMIT).map(|n| format!("w{n} ")).collect::<Vec<_>>().concat();
        let new = old.replace("w7 ", "seven ");
        let diff = check(&old, &new);
        assert_eq!(diff.len(), 2);
        assert!(diff[0].is_all(SegmentKind::Removed) && diff[1].is_all(SegmentKind::Added));

        let old = format!("same\n{}end\n", "a\n".repeat(LINE_LIMIT));
        let new = format!("same\n{}end\n", "b\n".repeat(LINE_LIMIT / 2));
        let diff = check(&old, &new);
        assert!(diff[0].is_same() && diff[diff.len() - 1].is_same());
        check(&old, &format!("{old}more\n"));
    }

    proptest! {
        #[test]
        fn both_texts_can_be_put_together_again(
            old in "([ab é字]{0,3}[ \n.]){0,30}",
            new in "([ab é字]{0,3}[ \n.]){0,30}",
        ) {
            check(&old, &new);
        }

        #[test]
        fn any_texts_can_be_compared(old in any::<String>(), new in any::<String>()) {
            check(&old, &new);
        }

        #[test]
        fn a_folded_diff_hides_only_what_is_the_same(
            old in "([abc]\n){0,30}", new in "([abc]\n){0,30}", context in 0_usize..4,
        ) {
            let diff = words(&old, &new);
            let mut at = 0;
            for row in fold(&diff, context) {
                match row {
                    Row::Line(line) => {
                        prop_assert_eq!(line, &diff[at]);
                        at += 1;
                    }
                    Row::Fold { first, lines } => {
                        prop_assert_eq!(first, at);
                        prop_assert!(lines >= 2);
                        prop_assert!(diff[at..at + lines].iter().all(DiffLine::is_same));
                        at += lines;
                    }
                }
            }
            prop_assert_eq!(at, diff.len());
        }
    }
}
