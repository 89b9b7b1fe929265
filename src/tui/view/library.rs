//! The tree of templates.

use ratatui::layout::Rect;

use super::paint::{Frills, Paint, Piece};
use crate::tui::{
    keymap::Context,
    state::{Areas, Focus, LibraryRow, ListArea, TAB_GAP, Tab},
    theme::Role,
};

/// What to do in a workspace without templates.
pub(super) const NO_TEMPLATES: &str = "No templates yet. Put a file into prompts/, and {reload} \
    reads it; {scratch} begins a prompt without a file.";

/// The names of the tabs where library, editor and inputs share one place.
pub(super) fn tabs(paint: &Paint<'_, '_, '_>) -> Vec<Piece<'static>> {
    let state = paint.state;
    let mut pieces = Vec::new();
    for Tab { focus, name, missing } in state.tabs() {
        if !pieces.is_empty() {
            pieces.push(paint.piece(" ".repeat(TAB_GAP.into()), Role::Border));
        }
        let here = state.tab == focus;
        let role = match (here, state.focus == focus) {
            (true, true) => Role::TitleFocused,
            (true, false) => Role::Title,
            (false, _) => Role::Dim,
        };
        pieces.push(paint.piece(name, role));
        if !missing.is_empty() {
            pieces.push(paint.piece(missing, Role::VariableMissing));
        }
    }
    pieces
}

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, areas: &Areas, place: &ListArea) {
    let state = paint.state;
    let library = &state.library;
    let focused = state.focus == Focus::Library && state.overlays.is_empty();
    let title = if areas.tabs {
        tabs(paint)
    } else {
        let role = if focused { Role::TitleFocused } else { Role::Title };
        vec![paint.piece("Prompts", role)]
    };
    let count = library.entries().len();
    let bottom =
        if count == 0 { Vec::new() } else { vec![paint.piece(count.to_string(), Role::Dim)] };
    paint.panel(place.outer, &Frills { title, bottom, focused, ..Frills::default() });
    let row = place.filter;
    if row.height > 0 {
        let taken = paint.text(row.x, row.y, row.width, "/", paint.style(Role::FooterKey));
        let field = Rect { x: row.x + taken, width: row.width.saturating_sub(taken), ..row };
        paint.input(field, library.filter.text(), library.filter.cursor(), library.filtering);
    }
    let inner = place.rows;
    if library.rows().is_empty() {
        let text = if let Some(error) = &library.error {
            error.clone()
        } else if library.loading {
            "Reading the workspace".to_owned()
        } else if library.filter.is_empty() {
            paint.spell(Context::Library, NO_TEMPLATES)
        } else {
            paint.spell(Context::Library, "Nothing matches. {escape} clears the filter.")
        };
        super::readings::note(paint, inner, &text);
        return;
    }
    let open = state.document.as_ref().map(|document| &document.id);
    let rows = library.rows();
    let height = usize::from(inner.height);
    let first = library.first_row();
    for (offset, (place, row)) in
        (0..inner.height).zip(rows.iter().enumerate().skip(first).take(height))
    {
        let area = Rect { y: inner.y + offset, height: 1, ..inner };
        let selected = place == library.selected();
        match row {
            LibraryRow::Category { label, count, collapsed, .. } => {
                let glyphs = paint.glyphs();
                let fold = if *collapsed { glyphs.fold_closed } else { glyphs.fold_open };
                let pieces = [
                    paint.piece(format!(" {fold} "), Role::Dim),
                    paint.piece(label.as_str(), Role::Title),
                    paint.piece(
                        if *collapsed { format!(" {count}") } else { String::new() },
                        Role::Dim,
                    ),
                ];
                paint.pieces(area, &pieces);
            }
            LibraryRow::Template { entry, label } => {
                let Some(entry) = library.entries().get(*entry) else { continue };
                let is_open = open == Some(&entry.id);
                let pointer = if is_open { paint.glyphs().pointer } else { " " };
                let role = match (&entry.broken, is_open) {
                    (Some(_), _) => Role::Bad,
                    (None, true) => Role::TitleFocused,
                    (None, false) => Role::Text,
                };
                paint.text(area.x, area.y, 1, pointer, paint.style(Role::Accent));
                let sign = match (&entry.broken, entry.draft) {
                    (Some(_), _) => Some((paint.glyphs().cross, Role::Bad)),
                    (None, true) => Some((paint.glyphs().bullet, Role::Warning)),
                    (None, false) => None,
                };
                let room = area.width.saturating_sub(if sign.is_some() { 7 } else { 5 });
                paint.text(area.x + 4, area.y, room, label, paint.style(role));
                if let Some((sign, role)) = sign
                    && area.width > 6
                {
                    paint.text(area.right() - 2, area.y, 1, sign, paint.style(role));
                }
            }
        }
        if selected {
            let role = if focused { Role::Selection } else { Role::SelectionInactive };
            paint.fill(area, paint.style(role));
        }
    }
}
