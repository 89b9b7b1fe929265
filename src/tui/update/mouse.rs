//! The mouse, where it is listened to: a click focuses and selects, the wheel scrolls what is
//! under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::step::Step;
use crate::tui::{
    keymap::Action,
    state::{Areas, ChartFocus, Focus, Screen, TAB_GAP, areas, form_slots},
};

/// Rows one step of the wheel scrolls.
const WHEEL: isize = 3;

impl Step<'_> {
    pub fn mouse(&mut self, event: MouseEvent) {
        let at = Position { x: event.column, y: event.row };
        match event.kind {
            MouseEventKind::Down(MouseButton::Left) => self.click(at),
            MouseEventKind::ScrollUp => self.wheel(at, -WHEEL),
            MouseEventKind::ScrollDown => self.wheel(at, WHEEL),
            _ => {}
        }
    }

    fn click(&mut self, at: Position) {
        if self.state.overlay().is_some() {
            return;
        }
        let areas = areas(self.state);
        if let Some(focus) = self.tab_under(at, &areas) {
            return self.state.set_focus(focus);
        }
        match self.state.screen {
            Screen::History => return self.click_in_history(at, &areas),
            Screen::Charts => return self.click_in_charts(at, &areas),
            Screen::Workbench => {}
        }
        if let Some(pane) = areas.panes.iter().find(|pane| pane.outer.contains(at)) {
            self.state.set_focus(Focus::Output(pane.variant));
        } else if let Some(area) = areas.library.filter(|area| area.outer.contains(at)) {
            self.state.set_focus(Focus::Library);
            let library = &mut self.state.library;
            library.filtering = area.filter.contains(at);
            if let Some(row) = row_under(area.rows, at) {
                library.select(library.first_row() + row);
            }
        } else if let Some(editor) = areas.editor.filter(|area| area.outer.contains(at)) {
            let typing = self.state.focus == Focus::Editor && self.state.is_typing();
            if !typing {
                self.state.set_focus(Focus::Editor);
            }
            let (width, _) = crate::tui::state::editor_cells(self.state, &editor);
            let gutter = usize::from(editor.text.width).saturating_sub(width);
            if let (Some(document), Some(row)) =
                (&mut self.state.document, row_under(editor.text, at))
            {
                let column = usize::from(at.x.saturating_sub(editor.text.x));
                document.editor.go_to_cell(column.saturating_sub(gutter), row, false);
            }
        } else if let Some(outer) = areas.inputs.filter(|outer| outer.contains(at)) {
            self.state.set_focus(Focus::Inputs);
            let slot =
                form_slots(self.state, outer).into_iter().find(|(_, place)| place.contains(at));
            if let (Some((row, _)), Some(document)) = (slot, &mut self.state.document) {
                document.inputs.select(row);
            }
        }
    }

    /// The place whose name is under the mouse, where several share one.
    fn tab_under(&self, at: Position, areas: &Areas) -> Option<Focus> {
        let list = areas.library.map(|area| area.outer);
        let outer = list.or(areas.editor.map(|area| area.outer)).or(areas.inputs)?;
        if !areas.tabs || at.y != outer.y {
            return None;
        }
        // The corner, and air before the first.
        let mut x = outer.x + 2;
        self.state.tabs().into_iter().find_map(|tab| {
            let width = u16::try_from(tab.name.len() + tab.missing.len()).unwrap_or(0);
            let here = (x..x + width).contains(&at.x);
            x += width + TAB_GAP;
            here.then_some(tab.focus)
        })
    }

    fn click_in_history(&mut self, at: Position, areas: &Areas) {
        let history = &mut self.state.history;
        if let Some(area) = areas.history.filter(|area| area.outer.contains(at)) {
            history.in_detail = false;
            history.filtering = area.filter.contains(at);
            let row = row_under(area.rows, at).map(|row| history.first_row() + row);
            if let Some(row) = row.filter(|row| *row < history.rows().len()) {
                let by = row.cast_signed() - history.selected().cast_signed();
                self.move_history(by);
            }
        } else if areas.detail.is_some_and(|area| area.outer.contains(at)) {
            history.in_detail = true;
            history.filtering = false;
        }
    }

    fn click_in_charts(&mut self, at: Position, areas: &Areas) {
        let charts = &mut self.state.charts;
        if let Some((chart, _)) = areas.charts.iter().find(|(_, outer)| outer.contains(at)) {
            charts.focus = ChartFocus::Chart(*chart);
        } else if let Some(area) = areas.chart_table.filter(|area| area.outer.contains(at)) {
            charts.focus = ChartFocus::Table;
            let row = row_under(area.rows, at).map(|row| charts.first_row() + row);
            if let Some(row) = row.filter(|row| *row < charts.rows()) {
                charts.move_by(row.cast_signed() - charts.selected().cast_signed());
            }
        }
    }

    fn wheel(&mut self, at: Position, by: isize) {
        if self.state.overlay().is_some() {
            let action = if by < 0 { Action::MoveUp } else { Action::MoveDown };
            for _ in 0..by.unsigned_abs() {
                self.act(action);
            }
            return;
        }
        let areas = areas(self.state);
        if let Some(area) = areas.panes.iter().find(|pane| pane.outer.contains(at)) {
            let together = self.state.scrolls_together;
            let panes = self.state.panes.iter_mut();
            for pane in panes.filter(|pane| together || pane.variant == area.variant) {
                pane.scroll_by(by);
            }
        } else if areas.editor.is_some_and(|area| area.outer.contains(at)) {
            if let Some(document) = &mut self.state.document {
                document.editor.scroll(by);
            }
        } else if areas.library.is_some_and(|area| area.outer.contains(at)) {
            let library = &mut self.state.library;
            library.scroll.by(by, library.rows().len(), library.height());
        } else if areas.chart_table.is_some_and(|area| area.outer.contains(at)) {
            self.state.charts.move_by(by);
        } else if areas.history.is_some_and(|area| area.outer.contains(at)) {
            self.move_history(by);
        } else if areas.detail.is_some_and(|area| area.outer.contains(at))
            && let Some(detail) = &mut self.state.history.detail
        {
            detail.scroll_by(by);
        }
    }
}

fn row_under(inside: Rect, at: Position) -> Option<usize> {
    inside.contains(at).then(|| usize::from(at.y - inside.y))
}
