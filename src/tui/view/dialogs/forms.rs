//! Fields to fill in.

use ratatui::layout::Rect;

use super::titled;
use crate::{
    model::Bump,
    tui::{
        keymap::Context,
        state::{FrontArea, LineDialog, ParameterForm, SaveDialog, centred},
        theme::Role,
        view::{paint::Paint, readings},
    },
};

pub(super) fn parameters(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, form: &ParameterForm) {
    let mut frills = titled(paint, "Parameters of ");
    frills.title.push(paint.piece(form.variant.as_str(), Role::variant(form.variant)));
    if let Some(model) = &form.model {
        let name = paint.safe(&model.to_string()).into_owned();
        frills.right = vec![paint.piece(name, Role::Dim)];
    }
    let ways = paint.spell(Context::Form, "{accept} applies, empty takes the template's own");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    paint.dialog(area.outer, &frills);
    let inner = area.rows;
    // The selected row is in sight however few rows there is room for.
    let first = (form.selected + 1).saturating_sub(usize::from(inner.height));
    for (offset, (index, row)) in (0..inner.height).zip(form.rows.iter().enumerate().skip(first)) {
        let area = Rect { y: inner.y + offset, height: 1, ..inner };
        let selected = index == form.selected;
        let name_role = match (&row.refused, selected) {
            (Some(_), _) => Role::Dim,
            (None, true) => Role::Accent,
            (None, false) => Role::Text,
        };
        let style = paint.style(name_role);
        paint.text(area.x + 1, area.y, 19, row.parameter.as_str(), style);
        let field = Rect { x: area.x + 21, width: 20.min(area.width.saturating_sub(21)), ..area };
        if selected || !row.input.is_empty() {
            paint.input(field, row.input.text(), row.input.cursor(), selected);
        }
        // What the template says stands there until something else is written over it.
        if let Some(inherited) = row.inherited.as_ref().filter(|_| row.input.is_empty()) {
            let shown = paint.safe(&inherited.replace('\n', " ")).into_owned();
            let style = paint.style(Role::Placeholder);
            paint.text(field.x, field.y, field.width, &shown, style);
        }
        // Why something is not sent has the room of a value that is not there.
        let is_bare = !selected && row.input.is_empty() && row.inherited.is_none();
        let x = if is_bare { field.x } else { field.right() + 2 };
        let (note, role) = match (&row.error, &row.refused) {
            (Some(error), _) => (error.clone(), Role::Bad),
            (None, Some(reason)) => (format!("not sent: {reason}"), Role::Warning),
            (None, None) if selected => (row.parameter.expects().to_owned(), Role::Dim),
            (None, None) => (String::new(), Role::Dim),
        };
        let style = paint.style(role);
        paint.text(x, area.y, area.right().saturating_sub(x), &note, style);
    }
}

pub(super) fn save(paint: &mut Paint<'_, '_, '_>, dialog: &SaveDialog) {
    let outer = centred(paint.state, 64, 9);
    let mut frills = titled(paint, "Save as a version");
    let ways = paint.spell(Context::Form, "{accept} saves, {escape} goes back");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    let row = |offset: u16| Rect { y: inner.y + offset, height: 1, ..inner };
    let mut pieces = vec![paint.piece(" ", Role::Text)];
    for (bump, word) in [(Bump::Patch, "patch"), (Bump::Minor, "minor"), (Bump::Major, "major")] {
        let version = bump.apply(&dialog.from);
        let chosen = bump == dialog.bump;
        let role = if chosen { Role::Selection } else { Role::Dim };
        pieces.push(paint.piece(format!(" {word} {version} "), role));
        pieces.push(paint.piece("  ", Role::Text));
    }
    if inner.height < 5 {
        return;
    }
    paint.pieces(row(1), &pieces);
    let ways = " {move-up}, {move-down} or {next-pane} choose; it follows ";
    let arrows = paint.piece(paint.spell(Context::Form, ways), Role::Dim);
    let from = paint.piece(dialog.from.to_string(), Role::Dim);
    paint.pieces(row(2), &[arrows, from]);
    let label = paint.style(Role::Text);
    let taken = paint.text(inner.x + 1, row(4).y, inner.width, "why  ", label);
    let field =
        Rect { x: inner.x + 1 + taken, width: inner.width.saturating_sub(taken + 2), ..row(4) };
    paint.input(field, dialog.note.text(), dialog.note.cursor(), true);
}

pub(super) fn line(paint: &mut Paint<'_, '_, '_>, dialog: &LineDialog) {
    let (note, role) = match &dialog.error {
        Some(error) => (error.clone(), Role::Bad),
        None => (paint.spell(Context::Form, dialog.intent.hint()), Role::Dim),
    };
    let width = centred(paint.state, 76, 5).width;
    let rows = readings::wrapped(&note, paint.state.marks, width.saturating_sub(4)).row_count();
    let outer = centred(paint.state, 76, u16::try_from(rows).unwrap_or(1).saturating_add(4));
    let inner = {
        let title = dialog.intent.title(|variant| paint.state.name_of(variant));
        // A set is called what somebody chose.
        let frills = titled(paint, paint.safe(&title));
        paint.dialog(outer, &frills)
    };
    let field = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), height: 1, ..inner };
    paint.input(field, dialog.input.text(), dialog.input.cursor(), true);
    let below = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    readings::paragraph(paint, below, &note, role);
}
