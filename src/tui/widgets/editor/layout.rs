//! How a line of the buffer falls into screen rows.
//!
//! The buffer holds exact text; what is drawn is its display form, where a tab is spaces up to
//! the next stop and a control or hidden character is a visible mark. Layout and drawing share
//! [`pieces`], so that what is measured is what is drawn.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;

use crate::{
    safety::{MarkStyle, display_line_with},
    tui::text::{Row, cell_width, grapheme_cells},
};

/// Cells between tab stops.
pub const TAB: usize = 4;

/// One grapheme of a line as it is drawn.
pub struct Piece<'a> {
    /// Its first byte in the line.
    pub byte: usize,
    /// Its bytes in the line.
    pub len: usize,
    pub shown: Cow<'a, str>,
    pub cells: usize,
}

/// The graphemes of a line with their display forms, left to right. `column` is the cell the
/// first of them stands in, which tab stops count from.
pub fn pieces(line: &str, column: usize, marks: MarkStyle) -> impl Iterator<Item = Piece<'_>> {
    let mut column = column;
    line.grapheme_indices(true).map(move |(byte, grapheme)| {
        let (shown, cells) = match grapheme.as_bytes() {
            [b'\t'] => {
                let cells = TAB - column % TAB;
                (Cow::Borrowed(SPACES.get(..cells).unwrap_or(" ")), cells)
            }
            [0x20..=0x7e] => (Cow::Borrowed(grapheme), 1),
            _ => {
                let shown = display_line_with(grapheme, marks);
                let cells = cell_width(&shown).max(usize::from(grapheme_cells(grapheme) > 0));
                (shown, cells)
            }
        };
        column += cells;
        Piece { byte, len: grapheme.len(), shown, cells }
    })
}

const SPACES: &str = "    ";

/// The screen rows of one line at `width` cells: at least one.
#[must_use]
pub fn rows(line: &str, width: usize, marks: MarkStyle) -> Vec<Row> {
    let width = width.max(1);
    if is_plain(line) && line.len() <= width {
        return vec![Row { start: 0, end: line.len() }];
    }
    let mut rows = Vec::new();
    let (mut start, mut cells) = (0, 0);
    let mut break_at: Option<(usize, usize)> = None;
    for piece in pieces(line, 0, marks) {
        let space = piece.shown.trim_start_matches(' ').is_empty();
        while cells + piece.cells > width && !space && piece.byte > start {
            let (cut, before) = match break_at {
                Some((cut, before)) if cut > start => (cut, before),
                _ => (piece.byte, cells),
            };
            rows.push(Row { start, end: cut });
            start = cut;
            cells = cells.saturating_sub(before);
            break_at = None;
        }
        cells += piece.cells;
        if space || piece.cells == 2 {
            break_at = Some((piece.byte + piece.len, cells));
        }
    }
    rows.push(Row { start, end: line.len() });
    rows
}

/// How many screen rows a line takes, without making them where it is short.
#[must_use]
pub fn row_count(line: &str, width: usize, marks: MarkStyle) -> usize {
    if is_plain(line) && line.len() <= width.max(1) { 1 } else { rows(line, width, marks).len() }
}

fn is_plain(line: &str) -> bool {
    line.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// The cell a byte of a row stands in, counted from the row's left edge.
#[must_use]
pub fn column_of(line: &str, row: Row, byte: usize, marks: MarkStyle) -> usize {
    let text = line.get(row.start..row.end).unwrap_or("");
    let inside = byte.saturating_sub(row.start);
    pieces(text, 0, marks).take_while(|piece| piece.byte < inside).map(|piece| piece.cells).sum()
}

/// The byte of a row whose cell is at or before a column.
#[must_use]
pub fn byte_at(line: &str, row: Row, column: usize, marks: MarkStyle) -> usize {
    let text = line.get(row.start..row.end).unwrap_or("");
    let mut cells = 0;
    for piece in pieces(text, 0, marks) {
        if cells + piece.cells > column {
            return row.start + piece.byte;
        }
        cells += piece.cells;
    }
    row.end
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MARKS: MarkStyle = MarkStyle::Unicode;

    #[test]
    fn tabs_and_hidden_characters_are_measured_as_drawn() {
        let line = "a\tb\u{1b}c";
        let shown: String = pieces(line, 0, MARKS).map(|piece| piece.shown.into_owned()).collect();
        assert!(shown.starts_with("a   b"), "{shown:?}");
        assert!(!shown.contains('\u{1b}'));
        let row = rows(line, 80, MARKS)[0];
        assert_eq!(column_of(line, row, 2, MARKS), 4);
        assert_eq!(byte_at(line, row, 4, MARKS), 2);
        assert_eq!(byte_at(line, row, 2, MARKS), 1, "inside a tab is the tab");
    }

    proptest! {
        #[test]
        fn rows_cover_the_line_and_columns_find_their_bytes(line in "[ a-z\t日é\u{301}\u{200b}]{0,60}", width in 1_usize..20) {
            let rows = rows(&line, width, MARKS);
            prop_assert_eq!(row_count(&line, width, MARKS), rows.len());
            prop_assert_eq!(rows[0].start, 0);
            prop_assert_eq!(rows[rows.len() - 1].end, line.len());
            for pair in rows.windows(2) {
                prop_assert_eq!(pair[0].end, pair[1].start);
            }
            for row in rows {
                for (byte, grapheme) in line[row.start..row.end].grapheme_indices(true) {
                    let byte = row.start + byte;
                    let column = column_of(&line, row, byte, MARKS);
                    if pieces(grapheme, 0, MARKS).all(|piece| piece.cells > 0) && !grapheme.contains('\t') {
                        prop_assert_eq!(byte_at(&line, row, column, MARKS), byte);
                    }
                }
            }
        }
    }
}
