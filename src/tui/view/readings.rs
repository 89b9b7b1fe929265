//! Texts to read: wrapped rows with a mark of how far one is, and short notes in empty places.

use ratatui::layout::Rect;

use super::paint::{Paint, Piece};
use crate::{
    safety::MarkStyle,
    tui::{
        text::{GrowingText, Scroll, TableRow, Tone},
        theme::Role,
    },
};

/// One dim sentence in an empty place.
pub(super) fn note(paint: &mut Paint<'_, '_, '_>, area: Rect, text: &str) {
    if area.width < 4 || area.height == 0 {
        return;
    }
    paragraph(paint, area, text, Role::Placeholder);
}

/// A short text wrapped into a place, a column of air at both sides; what has no room is cut with
/// a mark.
pub(super) fn paragraph(paint: &mut Paint<'_, '_, '_>, area: Rect, text: &str, role: Role) {
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let wrapped = wrapped(text, paint.state.marks, area.width);
    let style = paint.style(role);
    for (offset, row) in (0..area.height).zip(0..wrapped.row_count()) {
        let place = Rect { y: area.y + offset, height: 1, ..area };
        if offset + 1 == area.height && row + 1 < wrapped.row_count() {
            let rest = wrapped.shown().get(wrapped.row_range(row).start..).unwrap_or("");
            paint.text(place.x, place.y, place.width, rest, style);
        } else {
            paint.row(place, wrapped.row(row), style);
        }
    }
}

/// A short text wrapped for one drawing.
pub(super) fn wrapped(text: &str, marks: MarkStyle, width: u16) -> GrowingText {
    GrowingText::of(text, marks, usize::from(width.max(1)))
}

/// The rows of a text in sight.
pub(super) fn text(
    paint: &mut Paint<'_, '_, '_>,
    area: Rect,
    text: &GrowingText,
    scroll: Scroll,
    role: Role,
) {
    let rows = text.row_count();
    let first = scroll.first(rows, usize::from(area.height));
    let style = paint.style(role);
    for (offset, row) in (0..area.height).zip(first..rows) {
        paint.row(Rect { y: area.y + offset, height: 1, ..area }, text.row(row), style);
    }
    thumb(paint, area, first, rows);
}

/// Rows of a table from one on, as many as there is room for.
pub(super) fn table(paint: &mut Paint<'_, '_, '_>, area: Rect, rows: &[TableRow], first: usize) {
    for (y, row) in (area.top()..area.bottom()).zip(rows.iter().skip(first)) {
        let pieces: Vec<Piece<'_>> = row
            .iter()
            .map(|(words, tone)| {
                let role = match tone {
                    Tone::Name | Tone::Aside => Role::Dim,
                    Tone::Key => Role::FooterKey,
                    Tone::Heading => Role::Title,
                    Tone::Plain => Role::Text,
                    Tone::Simulated => Role::Simulated,
                    Tone::Warning => Role::Warning,
                    Tone::Bad => Role::Bad,
                    Tone::Rating => Role::Accent,
                };
                paint.piece(words.as_str(), role)
            })
            .collect();
        paint.pieces(Rect { y, height: 1, ..area }, &pieces);
    }
}

/// Where one is in a text that is taller than its place, on the frame at its right.
pub(super) fn thumb(paint: &mut Paint<'_, '_, '_>, area: Rect, first: usize, rows: usize) {
    let height = usize::from(area.height);
    if rows <= height || height < 3 {
        return;
    }
    let place = first * (height - 1) / (rows - height).max(1);
    let y = area.y + u16::try_from(place.min(height - 1)).unwrap_or(0);
    let sign = paint.glyphs().thumb;
    paint.text(area.right(), y, 1, sign, paint.style(Role::Border));
}
