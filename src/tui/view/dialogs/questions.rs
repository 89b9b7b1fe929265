//! Questions with a few answers.

use ratatui::layout::Rect;

use super::titled;
use crate::tui::{
    keymap::{Action, Context},
    state::{Conflict, ConflictChoice, centred},
    theme::Role,
    view::{paint::Paint, readings},
};

pub(super) fn changed_outside(paint: &mut Paint<'_, '_, '_>, conflict: &Conflict) {
    let text = "Another program wrote this file since you opened it. Nothing was saved.";
    let width = centred(paint.state, 78, 8).width;
    let about = readings::wrapped(text, paint.state.marks, width.saturating_sub(4)).row_count();
    let about = u16::try_from(about).unwrap_or(1);
    let outer = centred(paint.state, 78, about + 6);
    let name = paint.safe(conflict.template.as_str()).into_owned();
    let inner = {
        let frills = titled(paint, format!("{name} was changed outside"));
        paint.dialog(outer, &frills)
    };
    let above = Rect { height: about.min(inner.height), ..inner };
    readings::paragraph(paint, above, text, Role::Text);
    for (offset, choice) in (about + 1..inner.height).zip(ConflictChoice::ALL) {
        let row = Rect { y: inner.y + offset, height: 1, ..inner };
        let selected = choice == conflict.selected;
        let pointer = if selected { paint.glyphs().pointer } else { " " };
        let pieces = [
            paint.piece(format!(" {pointer} "), Role::Accent),
            paint.piece(choice.words(&conflict.intent), Role::Text),
        ];
        paint.pieces(row, &pieces);
        if selected {
            let style = paint.style(Role::Selection);
            paint.fill(row, style);
        }
    }
}

pub(super) fn confirm(paint: &mut Paint<'_, '_, '_>, text: &str) {
    let width = 64.min(paint.state.size.0.saturating_sub(4));
    let body = readings::wrapped(text, paint.state.marks, width.saturating_sub(4));
    let rows = u16::try_from(body.row_count()).unwrap_or(3);
    let outer = centred(paint.state, width, rows + 4);
    let inner = {
        let frills = titled(paint, "Sure?");
        paint.dialog(outer, &frills)
    };
    let style = paint.style(Role::Text);
    // A row may end in blanks beyond what it was wrapped to; the frame is not theirs.
    let width = inner.width.saturating_sub(2);
    for (offset, row) in (0..inner.height).zip(0..body.row_count()) {
        let place = Rect { x: inner.x + 1, y: inner.y + offset, width, height: 1 };
        paint.row(place, body.row(row), style);
    }
    let last = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let way = |action| paint.state.keymap.way_to(Context::Question, action);
    let pieces = [
        paint.piece(format!(" {}", way(Action::Yes)), Role::FooterKey),
        paint.piece(" yes   ", Role::FooterText),
        paint.piece(way(Action::No), Role::FooterKey),
        paint.piece(" no", Role::FooterText),
    ];
    paint.pieces(last, &pieces);
}
