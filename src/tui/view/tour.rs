//! The caption of the walk through the program, beside the thing it speaks of.

use ratatui::layout::Rect;

use super::{
    paint::{Frills, Paint},
    readings,
};
use crate::tui::{
    keymap::Action,
    state::{Areas, Focus, Screen},
    text::cell_width,
    theme::Role,
};

pub(super) fn caption(paint: &mut Paint<'_, '_, '_>, areas: &Areas) {
    let state = paint.state;
    let Some(tour) = state.tour else { return };
    let stop = tour.stop();
    let width = 58.min(areas.main.width.saturating_sub(4));
    let text = if state.is_demo { stop.text } else { stop.elsewhere };
    let text = state.keymap.spell(state.screen_context(), text);
    let text = readings::wrapped(&text, state.marks, width.saturating_sub(4));
    let rows = u16::try_from(text.row_count()).unwrap_or(4);
    let height = (rows + 2).min(areas.main.height);
    // The caption must not hide what it speaks of: it stands below it or above it where there is
    // room, else at its lower edge.
    let about = match (state.screen, stop.focus) {
        _ if state.overlay().is_some() => areas.main,
        (Screen::Workbench, Focus::Library) => areas.library.map_or(areas.main, |area| area.outer),
        (Screen::Workbench, Focus::Editor) => areas.editor.map_or(areas.main, |area| area.outer),
        (Screen::Workbench, Focus::Inputs) => areas.inputs.unwrap_or(areas.main),
        (Screen::Workbench, Focus::Output(variant)) => areas
            .panes
            .iter()
            .find(|pane| pane.variant == variant)
            .map_or(areas.main, |pane| pane.outer),
        (Screen::History | Screen::Charts, _) => areas.main,
    };
    let x = (about.x + 2).min(areas.main.right().saturating_sub(width + 1));
    let below = areas.main.bottom().saturating_sub(about.bottom());
    let above = about.y.saturating_sub(areas.main.y);
    let (y, sign) = if let (Screen::Charts, Some((_, chart))) = (state.screen, areas.charts.last())
    {
        (chart.y + 1, paint.glyphs().up)
    } else if below >= height {
        (about.bottom(), paint.glyphs().up)
    } else if above >= height {
        (about.y - height, paint.glyphs().down)
    } else {
        (about.bottom().saturating_sub(height + 1), paint.glyphs().up)
    };
    let outer = Rect { x, y: y.max(areas.main.y), width, height };
    let key = |action: Action| state.keymap.way_to(state.screen_context(), action);
    let frills = Frills {
        title: vec![
            paint.piece(format!("{sign} Tour "), Role::TitleFocused),
            paint.piece(tour.place(), Role::Dim),
        ],
        bottom: vec![
            paint.piece(key(Action::Tour), Role::FooterKey),
            paint.piece(" on  ", Role::FooterText),
            paint.piece(key(Action::Escape), Role::FooterKey),
            paint.piece(" ends it", Role::FooterText),
        ],
        focused: true,
        ..Frills::default()
    };
    let inner = paint.dialog(outer, &frills);
    let style = paint.style(Role::Text);
    for (offset, row) in (0..inner.height).zip(0..text.row_count()) {
        let place = Rect {
            x: inner.x + 1,
            y: inner.y + offset,
            width: inner.width.saturating_sub(2),
            height: 1,
        };
        paint.row(place, text.row(row), style);
    }
}

/// The card for the first start. It stands over the empty outputs and goes with the first key,
/// which acts all the same.
pub(super) fn welcome(paint: &mut Paint<'_, '_, '_>, areas: &Areas) {
    let state = paint.state;
    if !state.welcome || state.tour.is_some() || state.overlay().is_some() {
        return;
    }
    // In few words and in more: where there is no room for all, nothing is cut.
    let lines = [
        (Action::RunAll, "runs all variants", " side by side"),
        (
            Action::NextPane,
            "walks the panes",
            "; {accept} or {insert-mode} types, {escape} goes back",
        ),
        (Action::SaveVersion, "saves a version", "; the history ({history}) has every call"),
        (Action::Help, "explains where you are", ""),
        (Action::Palette, "finds every action", " by name"),
        (Action::Quit, "quits", ""),
    ];
    let width = 62.min(areas.main.width.saturating_sub(4));
    let height = 9.min(areas.main.height);
    let below = areas.panes.first().map_or(areas.main, |pane| pane.outer);
    let x = areas.main.x + (areas.main.width - width) / 2;
    let y = below.bottom().saturating_sub(height).max(areas.main.y);
    let frills = Frills {
        title: vec![paint.piece("Welcome to Lathe", Role::TitleFocused)],
        bottom: vec![paint.piece("any key goes on", Role::Dim)],
        focused: true,
        ..Frills::default()
    };
    let inner = paint.dialog(Rect { x, y, width, height }, &frills);
    let context = state.screen_context();
    let rows = (inner.top()..inner.bottom()).zip(lines);
    for (y, (action, few, more)) in rows {
        let key = format!("{:>5}  ", state.keymap.way_to(context, action));
        let row = Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(2), height: 1 };
        let all = state.keymap.spell(context, &format!("{few}{more}"));
        let fits = cell_width(&key) + cell_width(&all) <= usize::from(row.width);
        let words = if fits { all } else { few.to_owned() };
        let pieces = [paint.piece(key, Role::FooterKey), paint.piece(words, Role::Text)];
        paint.pieces(row, &pieces);
    }
    let last = inner.y + 6;
    if last < inner.bottom() {
        let row = Rect { x: inner.x + 1, y: last, width: inner.width.saturating_sub(2), height: 1 };
        let all = "The models here are simulated; `lathe demo` is a tour.";
        let fits = all.len() <= usize::from(row.width);
        let text = if fits { all } else { "The models are simulated." };
        let simulated = paint.piece(text, Role::Dim);
        paint.pieces(row, &[simulated]);
    }
}
