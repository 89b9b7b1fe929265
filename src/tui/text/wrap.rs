//! Soft wrap by words, measured in terminal cells.
//!
//! Everything here works on text that already passed the sanitiser: no control characters, no
//! tabs. Widths are those of `unicode-width`, the table ratatui draws by, so that what is
//! measured is what is drawn.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// One screen row of a longer text: a byte range without its line break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub start: usize,
    pub end: usize,
}

/// Cells one grapheme takes on screen.
#[must_use]
pub fn grapheme_cells(grapheme: &str) -> usize {
    match grapheme.as_bytes() {
        [byte] if *byte >= 0x20 => 1,
        _ => UnicodeWidthStr::width(grapheme),
    }
}

/// Cells a line takes on screen.
#[must_use]
pub fn cell_width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(grapheme_cells).sum() }
}

/// Wraps `text[from..]` at `width` cells and appends the rows. `from` must be the start of a row.
///
/// Breaks after spaces where there is one in the row, else inside the word; an indentation of up to
/// half the width is not left alone on its row. Spaces at a break stay at the end of the row they follow, so that every byte belongs to exactly one row.
pub fn wrap_from(text: &str, from: usize, width: usize, rows: &mut Vec<Row>) {
    let width = width.max(1);
    let mut start = from;
    while let Some(rest) = text.get(start..) {
        let line_end = rest.find('\n').map_or(text.len(), |at| start + at);
        wrap_line(text, start, line_end, width, rows);
        if line_end == text.len() {
            break;
        }
        start = line_end + 1;
    }
}

fn wrap_line(text: &str, from: usize, end: usize, width: usize, rows: &mut Vec<Row>) {
    let Some(line) = text.get(from..end) else { return };
    if line.len() <= width && line.is_ascii() {
        rows.push(Row { start: from, end });
        return;
    }
    let mut row = RowInProgress { start: from, cells: 0, break_at: None, has_words: false };
    if line.is_ascii() {
        for (offset, byte) in line.bytes().enumerate() {
            row.step(from + offset, 1, 1, byte == b' ', width, rows);
        }
    } else {
        for (offset, grapheme) in line.grapheme_indices(true) {
            let cells = grapheme_cells(grapheme);
            // Ideographs may break on either side, as they are written without spaces.
            let breaks = grapheme == " " || (cells == 2 && !grapheme.contains('\u{200d}'));
            row.step(from + offset, grapheme.len(), cells, breaks, width, rows);
        }
    }
    rows.push(Row { start: row.start, end });
}

struct RowInProgress {
    start: usize,
    cells: usize,
    /// The byte after the last place to break, and the cells up to it.
    break_at: Option<(usize, usize)>,
    /// Whether there is more in the row than an indentation.
    has_words: bool,
}

impl RowInProgress {
    fn step(
        &mut self,
        at: usize,
        len: usize,
        cells: usize,
        breaks: bool,
        width: usize,
        rows: &mut Vec<Row>,
    ) {
        let is_space = breaks && len == 1;
        // A space that does not fit hangs over the edge: it is not drawn, and moves no word. A
        // wide character may need two cuts: at the last space, and again before itself.
        while self.cells + cells > width && !is_space && at > self.start {
            let (cut, cells_before) = match self.break_at {
                Some((cut, before)) if cut > self.start && cut <= at => (cut, before),
                _ => (at, self.cells),
            };
            rows.push(Row { start: self.start, end: cut });
            self.start = cut;
            self.cells = self.cells.saturating_sub(cells_before);
            self.break_at = None;
        }
        self.cells += cells;
        self.has_words |= !is_space;
        if breaks && (self.has_words || 2 * self.cells > width) {
            self.break_at = Some((at + len, self.cells));
        }
    }
}

/// The longest prefix that fits into `width` cells, and its cells.
#[must_use]
pub fn fit(text: &str, width: usize) -> (&str, usize) {
    if text.is_ascii() {
        let len = text.len().min(width);
        return (text.get(..len).unwrap_or(text), len);
    }
    let mut cells = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        let next = cells + grapheme_cells(grapheme);
        if next > width {
            return (text.get(..at).unwrap_or(""), cells);
        }
        cells = next;
    }
    (text, cells)
}

/// The text cut to `width` cells, with `mark` (`…`, or `~` where only ASCII may be drawn) at the
/// end when something was cut.
#[must_use]
pub fn ellipsis<'a>(text: &'a str, width: usize, mark: &str) -> Cow<'a, str> {
    if cell_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(cell_width(mark));
    let (head, _) = fit(text, room);
    if width == 0 { Cow::Borrowed("") } else { Cow::Owned(format!("{head}{mark}")) }
}

/// The same with the end kept: for places, where that says the most.
#[must_use]
pub fn ellipsis_before<'a>(text: &'a str, width: usize, mark: &str) -> Cow<'a, str> {
    if cell_width(text) <= width {
        return Cow::Borrowed(text);
    }
    let room = width.saturating_sub(cell_width(mark));
    let mut cells = 0;
    let tail = text.grapheme_indices(true).rev().take_while(|(_, grapheme)| {
        cells += grapheme_cells(grapheme);
        cells <= room
    });
    let tail = tail.last().and_then(|(at, _)| text.get(at..)).unwrap_or("");
    if width == 0 { Cow::Borrowed("") } else { Cow::Owned(format!("{mark}{tail}")) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wrapped(text: &str, width: usize) -> Vec<&str> {
        let mut rows = Vec::new();
        wrap_from(text, 0, width, &mut rows);
        rows.into_iter().map(|row| &text[row.start..row.end]).collect()
    }

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped("the quick brown fox", 10), ["the quick ", "brown fox"]);
        assert_eq!(wrapped("one\n\ntwo\n", 10), ["one", "", "two", ""]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("ab abcdefgh", 4), ["ab ", "abcd", "efgh"]);
        assert_eq!(wrapped("exactly te", 10), ["exactly te"]);
        assert_eq!(wrapped("    call(it)[0] now", 10), ["    call(i", "t)[0] now"]);
        assert_eq!(wrapped("        call(it)", 10), ["        ", "call(it)"]);
        assert_eq!(wrapped("exactly10! next", 10), ["exactly10! ", "next"]);
    }

    #[test]
    fn wide_characters_count_two_cells() {
        assert_eq!(wrapped("日本語テキスト", 6), ["日本語", "テキス", "ト"]);
        assert_eq!(wrapped("日本語", 1), ["日", "本", "語"]);
    }

    #[test]
    fn cutting_says_so() {
        assert_eq!(ellipsis("abcdef", 4, "…"), "abc…");
        assert_eq!(ellipsis("abc", 4, "…"), "abc");
        assert_eq!(ellipsis("日本語", 4, "…"), "日…");
        assert_eq!(ellipsis("abc", 0, "…"), "");
        assert_eq!(ellipsis_before("shared/rules:12:3", 9, "…"), "…les:12:3");
        assert_eq!(ellipsis_before("12:3", 4, "…"), "12:3");
        assert_eq!(ellipsis_before("日本語", 4, "…"), "…語");
        assert_eq!(ellipsis_before("abc", 1, "…"), "…");
        assert_eq!(ellipsis_before("abc", 0, "…"), "");
    }

    proptest! {
        #[test]
        fn every_byte_is_in_exactly_one_row(text in "[ a-z日é\u{301}👩‍👩‍👧\n]{0,80}", width in 1_usize..12) {
            let mut rows = Vec::new();
            wrap_from(&text, 0, width, &mut rows);
            let mut at = 0;
            for row in &rows {
                prop_assert!(row.start == at || (row.start == at + 1 && text.as_bytes()[at] == b'\n'));
                prop_assert!(row.end >= row.start);
                let shown = text[row.start..row.end].trim_end_matches(' ');
                let cells = cell_width(shown);
                let one = shown.graphemes(true).count() <= 1;
                prop_assert!(cells <= width || one, "{shown:?} is {cells} cells of {width}");
                at = row.end;
            }
            prop_assert_eq!(at, text.len());
        }

        #[test]
        fn wrapping_goes_on_from_the_last_row(text in "[ a-z日\n]{0,80}", more in "[ a-z日\n]{0,40}", width in 1_usize..12) {
            let mut rows = Vec::new();
            wrap_from(&text, 0, width, &mut rows);
            let whole = format!("{text}{more}");
            let last = rows.pop().map_or(0, |row| row.start);
            wrap_from(&whole, last, width, &mut rows);
            let mut at_once = Vec::new();
            wrap_from(&whole, 0, width, &mut at_once);
            prop_assert_eq!(rows, at_once);
        }
    }
}
