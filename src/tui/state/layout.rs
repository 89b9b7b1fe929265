//! Where everything stands: one answer for drawing, for wrapping and for the mouse.

use ratatui::layout::Rect;

use super::{
    Chart, ChartFocus, Detail, Focus, Mode, Screen, State,
    inputs::{FIELD_ROWS, FormRow},
};
use crate::{
    model::VariantName,
    tui::{text::wrap_from, widgets::editor::EditorView},
};

/// Below this nothing is drawn but a line that says so.
pub const SMALLEST: (u16, u16) = (40, 12);
/// From this width on library, editor and inputs stand side by side.
pub const WIDE: u16 = 110;
/// An output pane is not made narrower than this; others then wait behind.
const PANE_WIDTH: u16 = 26;

/// An output pane's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaneArea {
    pub variant: VariantName,
    /// With its border.
    pub outer: Rect,
    /// The rows of the answer.
    pub text: Rect,
    /// The live line below them.
    pub meter: Rect,
}

/// The editor's places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditorArea {
    pub outer: Rect,
    /// The text with its line numbers.
    pub text: Rect,
    /// Remarks on the text, below it; may have no rows.
    pub findings: Rect,
}

/// A list's places: drawing, scrolling and the mouse all take its rows from here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ListArea {
    pub outer: Rect,
    /// The row that the filter is typed in; no rows where there is none.
    pub filter: Rect,
    /// What the filter can say, or why it is none; may have no rows.
    pub note: Rect,
    /// The heads of the columns; may have no rows.
    pub heads: Rect,
    /// The rows of the list.
    pub rows: Rect,
}

impl ListArea {
    /// The list's rows in the order of what stands above them, as tall as they are wanted and no
    /// taller than leaves a row for the list.
    fn new(outer: Rect, filter: u16, note: u16, heads: u16) -> Self {
        let mut rest = inner(outer);
        let mut take = |wanted: u16, least: u16| {
            let height = wanted.min(rest.height.saturating_sub(least));
            let taken = Rect { height, ..rest };
            rest = Rect { y: rest.y + height, height: rest.height - height, ..rest };
            taken
        };
        // The field that is typed into is the last to go.
        let filter = take(filter, 1);
        let note = take(note, heads + 1);
        let heads = take(heads, 1);
        Self { outer, filter, note, heads, rows: rest }
    }

    /// Below the filter: where a list without rows says why.
    #[must_use]
    pub const fn below(&self) -> Rect {
        Rect { y: self.heads.y, height: self.heads.height + self.rows.height, ..self.rows }
    }
}

/// The places of an execution that is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DetailArea {
    pub outer: Rect,
    /// What is known of it; may have no rows.
    pub facts: Rect,
    /// The text that is read.
    pub body: Rect,
}

impl DetailArea {
    /// With so many rows of facts over the text, or as many as leave it two thirds of the place.
    #[must_use]
    pub fn new(outer: Rect, facts: usize) -> Self {
        let inside = roomy(outer);
        let height = u16::try_from(facts).unwrap_or(u16::MAX).min(inside.height / 3);
        let gap = u16::from(height > 0 && inside.height > height + 2);
        let body = Rect {
            y: inside.y + height + gap,
            height: inside.height.saturating_sub(height + gap),
            ..inside
        };
        Self { outer, facts: Rect { height, ..inside }, body }
    }
}

/// Where everything stands. What is not shown has no place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// Whether the terminal is too small for anything.
    pub too_small: bool,
    pub title: Rect,
    pub status: Rect,
    pub footer: Rect,
    /// Between title and status.
    pub main: Rect,
    /// Whether library, editor and inputs share one place as tabs.
    pub tabs: bool,
    pub library: Option<ListArea>,
    pub editor: Option<EditorArea>,
    pub inputs: Option<Rect>,
    pub panes: Vec<PaneArea>,
    /// The list of past executions, and the one that is read.
    pub history: Option<ListArea>,
    pub detail: Option<DetailArea>,
    /// Range and filter of the charts, in one row.
    pub chart_strip: Rect,
    /// What the filter can say, or why it is none; may have no rows.
    pub chart_note: Rect,
    /// All that is below it.
    pub chart_body: Rect,
    /// The figures of the whole range.
    pub chart_tiles: Rect,
    pub charts: Vec<(Chart, Rect)>,
    pub chart_table: Option<ListArea>,
}

/// A rectangle without its border.
#[must_use]
pub const fn inner(outer: Rect) -> Rect {
    Rect {
        x: outer.x.saturating_add(1),
        y: outer.y.saturating_add(1),
        width: outer.width.saturating_sub(2),
        height: outer.height.saturating_sub(2),
    }
}

/// A rectangle without its border, with a column of air at both sides where there is room.
#[must_use]
pub const fn roomy(outer: Rect) -> Rect {
    let inside = inner(outer);
    if inside.width < 24 {
        return inside;
    }
    Rect { x: inside.x + 1, width: inside.width - 2, ..inside }
}

/// A place for what stands in front: centred, at most this large, inside the screen's middle.
#[must_use]
pub fn centred(state: &State, width: u16, height: u16) -> Rect {
    let columns = state.size.0;
    // The status line says why something in front was refused.
    let rows = state.size.1.saturating_sub(3);
    let (width, height) = (width.min(columns.saturating_sub(2)), height.min(rows));
    Rect { x: (columns - width) / 2, y: 1 + (rows - height) / 2, width, height }
}

/// Where everything stands now.
#[must_use]
pub fn areas(state: &State) -> Areas {
    let (columns, rows) = state.size;
    if columns < SMALLEST.0 || rows < SMALLEST.1 {
        return Areas { too_small: true, ..Areas::default() };
    }
    let row = |y, height| Rect { x: 0, y, width: columns, height };
    let main = row(1, rows - 3);
    let mut areas = Areas {
        title: row(0, 1),
        status: row(rows - 2, 1),
        footer: row(rows - 1, 1),
        main,
        ..Areas::default()
    };
    match state.screen {
        Screen::Workbench => workbench(state, &mut areas),
        Screen::History => history(state, &mut areas),
        Screen::Charts => charts(state, &mut areas),
    }
    areas
}

fn workbench(state: &State, areas: &mut Areas) {
    let main = areas.main;
    if state.zoom {
        match state.focus {
            Focus::Library => areas.library = Some(library(state, main)),
            Focus::Editor => areas.editor = Some(editor(state, main)),
            Focus::Inputs => areas.inputs = Some(main),
            Focus::Output(variant) => areas.panes = vec![pane(variant, main)],
        }
        return;
    }
    let upper = Rect { height: main.height * 5 / 9, ..main };
    let lower = Rect { y: main.y + upper.height, height: main.height - upper.height, ..main };
    if main.width >= WIDE {
        let side = (main.width / 5).clamp(22, 32);
        let form = (main.width / 4).clamp(28, 44);
        let middle = main.width - side - form;
        areas.library = Some(library(state, Rect { width: side, ..upper }));
        areas.editor = Some(editor(state, Rect { x: side, width: middle, ..upper }));
        areas.inputs = Some(Rect { x: side + middle, width: form, ..upper });
    } else {
        areas.tabs = true;
        match state.tab {
            Focus::Library => areas.library = Some(library(state, upper)),
            Focus::Inputs => areas.inputs = Some(upper),
            Focus::Editor | Focus::Output(_) => areas.editor = Some(editor(state, upper)),
        }
    }
    areas.panes = panes(state, lower);
}

/// As many panes as fit side by side, the one last in focus among them.
fn panes(state: &State, lower: Rect) -> Vec<PaneArea> {
    let count = state.panes.len().max(1);
    let fit = usize::from(lower.width / PANE_WIDTH).clamp(1, count);
    let order = state.panes_in_order();
    let focused = order.iter().position(|pane| pane.variant == state.variant()).unwrap_or(0);
    let first = (focused + 1).saturating_sub(fit).min(count - fit);
    let mut x = lower.x;
    order
        .into_iter()
        .skip(first)
        .take(fit)
        .enumerate()
        .map(|(index, shown)| {
            let left = u16::try_from(fit - index).unwrap_or(1);
            let width = (lower.x + lower.width - x) / left;
            let area = pane(shown.variant, Rect { x, width, ..lower });
            x += width;
            area
        })
        .collect()
}

fn pane(variant: VariantName, outer: Rect) -> PaneArea {
    let inside = roomy(outer);
    // A line between answer and figures is a luxury of taller panes.
    let below = if inside.height >= 6 { 2 } else { 1 };
    let text = Rect { height: inside.height.saturating_sub(below), ..inside };
    let meter = Rect {
        y: inside.y + inside.height.saturating_sub(1),
        height: inside.height.min(1),
        ..inside
    };
    PaneArea { variant, outer, text, meter }
}

fn editor(state: &State, outer: Rect) -> EditorArea {
    let inside = inner(outer);
    let remarks = state.document.as_ref().map_or(0, |document| document.analysis.findings.len());
    let rows =
        u16::try_from(remarks).unwrap_or(u16::MAX).min(if inside.height >= 8 { 2 } else { 1 });
    let rows = if inside.height >= 4 { rows } else { 0 };
    let text = Rect { height: inside.height - rows, ..inside };
    let findings = Rect { y: text.y + text.height, height: rows, ..inside };
    EditorArea { outer, text, findings }
}

fn library(state: &State, outer: Rect) -> ListArea {
    let library = &state.library;
    let filter = u16::from(library.filtering || !library.filter.is_empty());
    ListArea::new(outer, filter, 0, 0)
}

fn history(state: &State, areas: &mut Areas) {
    let main = areas.main;
    let list = |outer: Rect| {
        let history = &state.history;
        let filter = u16::from(history.filtering || !history.filter.is_empty());
        let room = inner(outer);
        let note = history.filter_note().map_or(0, |(text, _)| {
            let rows = wrapped_rows(&text, room.width.saturating_sub(2));
            // What is found matters more than what could be asked.
            rows.min((room.height / 4).max(1))
        });
        ListArea::new(outer, filter, note, 1)
    };
    let detail = |outer: Rect| {
        let facts = state.history.detail.as_ref().map_or(0, Detail::facts_above);
        DetailArea::new(outer, facts)
    };
    match (&state.history.detail, state.zoom) {
        (None, _) => areas.history = Some(list(main)),
        (Some(_), true) => areas.detail = Some(detail(main)),
        (Some(_), false) if main.width >= WIDE => {
            let left = main.width / 2;
            areas.history = Some(list(Rect { width: left, ..main }));
            areas.detail = Some(detail(Rect { x: left, width: main.width - left, ..main }));
        }
        (Some(_), false) => {
            let upper = main.height / 3;
            areas.history = Some(list(Rect { height: upper, ..main }));
            let lower = Rect { y: main.y + upper, height: main.height - upper, ..main };
            areas.detail = Some(detail(lower));
        }
    }
}

/// Rows that a text takes at a width.
fn wrapped_rows(text: &str, width: u16) -> u16 {
    let mut rows = Vec::new();
    wrap_from(text, 0, usize::from(width.max(1)), &mut rows);
    u16::try_from(rows.len()).unwrap_or(u16::MAX)
}

/// A chart is not made narrower or lower than this; others then wait behind.
const CHART: (u16, u16) = (56, 9);

fn charts(state: &State, areas: &mut Areas) {
    let main = areas.main;
    areas.chart_strip = Rect { height: 1, ..main };
    let note = state.charts.filter_note().map_or(0, |(text, _)| {
        wrapped_rows(&text, main.width.saturating_sub(2)).min((main.height / 4).max(1))
    });
    areas.chart_note = Rect { y: main.y + 1, height: note, ..main };
    let above = 1 + note;
    areas.chart_body = Rect { y: main.y + above, height: main.height - above, ..main };
    let body = areas.chart_body;
    if state.zoom {
        match state.charts.focus {
            ChartFocus::Chart(chart) => areas.charts = vec![(chart, body)],
            ChartFocus::Table => areas.chart_table = Some(ListArea::new(body, 0, 0, 1)),
        }
        return;
    }
    let tiles = match body.height {
        26.. => 4,
        14.. => 2,
        _ => 1,
    };
    areas.chart_tiles = Rect { height: tiles, ..body };
    let rest = Rect { y: body.y + tiles, height: body.height - tiles, ..body };
    if rest.height < 14 {
        match state.charts.focus {
            ChartFocus::Chart(chart) => areas.charts = vec![(chart, rest)],
            ChartFocus::Table => areas.chart_table = Some(ListArea::new(rest, 0, 0, 1)),
        }
        return;
    }
    let rows = state.charts.rows();
    let wanted = u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(3);
    let table = wanted.clamp(5, (rest.height * 2 / 5).max(5));
    let lower = Rect { y: rest.bottom() - table, height: table, ..rest };
    areas.chart_table = Some(ListArea::new(lower, 0, 0, 1));
    let upper = Rect { height: rest.height - table, ..rest };
    let down = (upper.height / CHART.1).clamp(1, 2);
    let across = (upper.width / CHART.0).clamp(1, 4);
    let fit = usize::from(down * across).min(Chart::ALL.len());
    // The one in focus is among them; the table's focus leaves them where they begin.
    let focused = state.charts.chart().unwrap_or_default();
    let place = Chart::ALL.iter().position(|chart| *chart == focused).unwrap_or(0);
    let first = (place / fit * fit).min(Chart::ALL.len() - fit);
    let mut shown = Chart::ALL.into_iter().skip(first).take(fit);
    for row in 0..down {
        let (top, end) = (upper.height * row / down, upper.height * (row + 1) / down);
        for column in 0..across {
            let (left, right) =
                (upper.width * column / across, upper.width * (column + 1) / across);
            let Some(chart) = shown.next() else { return };
            let place = Rect {
                x: upper.x + left,
                y: upper.y + top,
                width: right - left,
                height: end - top,
            };
            areas.charts.push((chart, place));
        }
    }
}

/// The rows of the inputs form inside its border: each row with its place, label row first. The
/// selected row is always among them, the one typed into with more rows where there is room.
#[must_use]
pub fn form_slots(state: &State, outer: Rect) -> Vec<(FormRow, Rect)> {
    let area = roomy(outer);
    let Some(document) = &state.document else { return Vec::new() };
    let form = &document.inputs;
    let selected = form.row();
    let typing = state.focus == Focus::Inputs && state.mode == Mode::Type;
    let height = |row: FormRow| match row {
        FormRow::Field(index) => {
            let rows = form.fields().get(index).map_or(1, |field| field.editor.row_total());
            let most = if typing && row == selected {
                usize::from(area.height.saturating_sub(1)).max(1)
            } else {
                FIELD_ROWS
            };
            1 + u16::try_from(rows.clamp(1, most)).unwrap_or(1)
        }
        FormRow::Model | FormRow::Parameters => 1,
    };
    let rows: Vec<(FormRow, u16)> = form.rows().map(|row| (row, height(row))).collect();
    // Skip rows from the top until the selected one fits.
    let place = rows.iter().position(|(row, _)| *row == selected).unwrap_or(0);
    let mut first = 0;
    let reach = |first: usize| -> u32 {
        rows.iter().take(place + 1).skip(first).map(|(_, height)| u32::from(*height)).sum()
    };
    while first < place && reach(first) > u32::from(area.height) {
        first += 1;
    }
    let mut y = area.y;
    let end = area.y + area.height;
    let mut slots = Vec::new();
    for (row, height) in rows.into_iter().skip(first) {
        if y >= end {
            break;
        }
        slots.push((row, Rect { y, height: height.min(end - y), ..area }));
        y += height;
    }
    slots
}

/// Cells the editor's text has beside its line numbers.
#[must_use]
pub fn editor_cells(state: &State, area: &EditorArea) -> (usize, usize) {
    let gutter = state.document.as_ref().map_or(0, |document| EditorView::gutter(&document.editor));
    (usize::from(area.text.width.saturating_sub(gutter)), usize::from(area.text.height))
}
