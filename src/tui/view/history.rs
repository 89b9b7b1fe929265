//! Past executions: the list, and the one that is read.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{
    output,
    paint::{Frills, Paint, Piece},
    readings,
};
use crate::{
    model::{Execution, Status},
    tui::{
        keymap::Context,
        msg::HistoryLine,
        state::{Detail, DetailArea, DetailTab, ListArea, cached},
        text::{cell_width, ellipsis, figures},
        theme::Role,
    },
};

/// Cells of the column with times, a gap included.
const TOOK: u16 = 8;

/// From this width of the list on, every kind of error is whole, and so are most names.
const ROOMY: u16 = 140;

/// Widths of the columns before the excerpt, and the least width of the list each needs.
const COLUMNS: [(Column, u16, u16); 7] = [
    (Column::Time, 13, 0),
    (Column::Status, 12, 0),
    (Column::Template, 21, 60),
    (Column::Model, 18, 76),
    (Column::Took, TOOK, 92),
    (Column::Tokens, 11, 110),
    (Column::Cost, 9, 100),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Column {
    Time,
    Status,
    Template,
    Model,
    Took,
    Tokens,
    Cost,
}

impl Column {
    const fn head(self) -> &'static str {
        match self {
            Self::Time => "when",
            Self::Status => "status",
            Self::Template => "template",
            Self::Model => "model",
            Self::Took => "took",
            Self::Tokens => "tokens",
            Self::Cost => "cost",
        }
    }

    const fn is_figure(self) -> bool {
        matches!(self, Self::Took | Self::Tokens | Self::Cost)
    }
}

pub(super) fn list(paint: &mut Paint<'_, '_, '_>, place: &ListArea) {
    let state = paint.state;
    let history = &state.history;
    let focused = !history.in_detail && state.overlays.is_empty();
    let role = if focused { Role::TitleFocused } else { Role::Title };
    let title = vec![paint.piece("History", role)];
    let right = if history.applied.is_empty() {
        Vec::new()
    } else {
        vec![paint.piece(paint.safe(&history.applied).into_owned(), Role::Dim)]
    };
    let bottom = if history.rows().is_empty() {
        Vec::new()
    } else {
        let more = if history.has_more() { "+" } else { "" };
        let place = history.selected() + 1;
        vec![paint.piece(format!("{place} of {}{more}", history.rows().len()), Role::Dim)]
    };
    paint.panel(place.outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    if place.filter.height > 0 {
        let row = place.filter;
        let style = paint.style(Role::FooterKey);
        let taken = paint.text(row.x, row.y, row.width, "/", style);
        let field = Rect { x: row.x + taken, width: row.width.saturating_sub(taken), ..row };
        paint.input(field, history.filter.text(), history.filter.cursor(), history.filtering);
    }
    if let Some((text, is_problem)) = history.filter_note() {
        let role = if is_problem { Role::Warning } else { Role::Dim };
        readings::paragraph(paint, place.note, &text, role);
    }
    if history.rows().is_empty() {
        let text = if let Some(error) = &history.error {
            error.clone()
        } else if history.loading || !history.loaded {
            "Reading the history".to_owned()
        } else if history.applied.is_empty() {
            let way = "Every call is kept here, newest first. Run something in the workbench \
                       ({workbench}, then {run}).";
            paint.spell(Context::History, way)
        } else {
            paint.spell(Context::History, "Nothing fits this filter. {escape} clears it.")
        };
        readings::note(paint, place.below(), &text);
        return;
    }
    let body = place.rows;
    let columns: Vec<(Column, u16)> = COLUMNS
        .into_iter()
        .filter(|(_, _, least)| body.width >= *least)
        .map(|(column, width, _)| match column {
            Column::Status if body.width >= ROOMY => (column, 19),
            Column::Template if body.width >= ROOMY => (column, 30),
            Column::Model if body.width >= ROOMY => (column, 32),
            _ => (column, width),
        })
        .collect();
    if place.heads.height > 0 {
        heads(paint, place.heads, &columns);
    }
    let rows = history.rows();
    let first = history.first_row();
    let visible = rows.iter().enumerate().skip(first);
    for (offset, (index, row)) in (0..body.height).zip(visible) {
        let area = Rect { y: body.y + offset, height: 1, ..body };
        line(paint, area, row, &columns);
        if history.marked == Some(row.id) {
            let style = paint.style(Role::Accent);
            let sign = paint.glyphs().bullet;
            paint.text(area.x, area.y, 1, sign, style);
        }
        if index == history.selected() {
            let role = if focused { Role::Selection } else { Role::SelectionInactive };
            let style = paint.style(role);
            paint.fill(area, style);
        }
    }
    readings::thumb(paint, body, first, rows.len());
}

fn heads(paint: &mut Paint<'_, '_, '_>, area: Rect, columns: &[(Column, u16)]) {
    let style = paint.style(Role::Dim);
    let mut x = area.x + 1;
    for (column, width) in columns {
        let head = column.head();
        let room = width.saturating_sub(1);
        let shift = if column.is_figure() {
            room.saturating_sub(u16::try_from(head.len()).unwrap_or(0))
        } else {
            0
        };
        paint.text(x + shift, area.y, room, head, style);
        x += width;
    }
    paint.text(x, area.y, area.right().saturating_sub(x), "answer", style);
}

fn line(paint: &mut Paint<'_, '_, '_>, area: Rect, row: &HistoryLine, columns: &[(Column, u16)]) {
    let now = paint.state.wall;
    let hidden = paint.state.is_hidden(row.id);
    let mut x = area.x + 1;
    for (column, width) in columns {
        let room = width.saturating_sub(1);
        let (text, role) = match column {
            Column::Template => (template(paint, row, room), Role::Text),
            Column::Time | Column::Status => cell(paint, row, *column, now),
            _ if hidden => (String::new(), Role::Dim),
            _ => cell(paint, row, *column, now),
        };
        let used = u16::try_from(cell_width(&text)).unwrap_or(room).min(room);
        let shift = if column.is_figure() { room - used } else { 0 };
        let style = paint.style(role);
        paint.text(x + shift, area.y, room, &text, style);
        x += width;
    }
    let letter = if hidden {
        paint.piece("?", Role::Dim)
    } else {
        paint.piece(row.variant.as_str(), Role::variant(row.variant))
    };
    let mut pieces = vec![letter, paint.piece(" ", Role::Dim)];
    if let Some(rating) = row.rating {
        let (full, _) = paint.glyphs().star;
        pieces.push(paint.piece(format!("{} ", full.repeat(usize::from(rating))), Role::Accent));
    }
    pieces.push(paint.piece(row.excerpt.as_str(), Role::Text));
    let rest = Rect { x, width: area.right().saturating_sub(x), ..area };
    paint.pieces(rest, &pieces);
}

fn cell(
    paint: &Paint<'_, '_, '_>,
    row: &HistoryLine,
    column: Column,
    now: Timestamp,
) -> (String, Role) {
    match column {
        Column::Time => (figures::when(row.at, now, &paint.state.zone), Role::Dim),
        Column::Status => match cached(row.cache, None, paint.glyphs()) {
            Some(mark) => (mark, Role::Information),
            None => status(row),
        },
        Column::Template => (template(paint, row, u16::MAX), Role::Text),
        Column::Model => {
            let role = if row.model.is_simulated() { Role::Simulated } else { Role::Text };
            (paint.safe(&row.model.to_string()).into_owned(), role)
        }
        Column::Took => (
            row.total_ms.map_or_else(String::new, |ms| {
                let took = std::time::Duration::from_millis(ms);
                let full = figures::duration(took);
                let fits = full.len() < usize::from(TOOK);
                if fits { full } else { figures::short_duration(took) }
            }),
            Role::Text,
        ),
        Column::Tokens => {
            let known = row.usage.is_known();
            let text = figures::tokens(
                row.usage.input_tokens,
                row.usage.output_tokens,
                row.usage.estimated,
                paint.glyphs(),
            );
            (if known { text } else { String::new() }, Role::Text)
        }
        Column::Cost => (row.cost_usd.map_or_else(String::new, figures::dollars), Role::Text),
    }
}

/// The template with its version, the name shortened where there is no room for both.
fn template(paint: &Paint<'_, '_, '_>, row: &HistoryLine, room: u16) -> String {
    let name = row.template.as_ref().map_or("no template", |id| id.name());
    let version = match (&row.version, &row.template) {
        (Some(version), _) => format!(" {version}"),
        (None, Some(_)) => " draft".to_owned(),
        (None, None) => String::new(),
    };
    let name = paint.safe(name);
    let left = usize::from(room).saturating_sub(cell_width(&version));
    format!("{}{version}", ellipsis(&name, left.max(4), paint.glyphs().ellipsis))
}

fn status(row: &HistoryLine) -> (String, Role) {
    let word = row.error_kind.map_or(row.status.as_str(), |kind| kind.as_str());
    let role = match row.status {
        Status::Ok => Role::Good,
        Status::Running => Role::Information,
        Status::Cancelled | Status::Interrupted => Role::Warning,
        Status::Error | Status::Blocked => Role::Bad,
    };
    let word = if row.status == Status::Cancelled { "cancelled" } else { word };
    (word.to_owned(), role)
}

pub(super) fn detail(paint: &mut Paint<'_, '_, '_>, area: &DetailArea) {
    let state = paint.state;
    let Some(detail) = &state.history.detail else { return };
    let focused = state.history.in_detail && state.overlays.is_empty();
    let execution = detail.execution();
    let title = heading(paint, detail, execution, focused);
    let right = execution.map_or_else(Vec::new, |execution| {
        let id = execution.id.to_string();
        vec![paint.piece(id.get(id.len() - 8..).unwrap_or(&id).to_owned(), Role::Dim)]
    });
    let mut bottom = match &detail.output {
        Some(output) if detail.showing == DetailTab::Answer => output::looked_for(paint, output),
        _ => Vec::new(),
    };
    if bottom.is_empty() {
        let words = if area.outer.width < 50 {
            "{move-left} {move-right} turn"
        } else {
            "{move-left} and {move-right}: answer, prompt, record"
        };
        bottom = vec![paint.piece(paint.spell(Context::Detail, words), Role::Dim)];
    }
    paint.panel(area.outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    if let Some(error) = &detail.error {
        readings::note(paint, area.body, error);
        return;
    }
    let Some(output) = &detail.output else {
        readings::note(paint, area.body, "Reading the record");
        return;
    };
    readings::table(paint, area.facts, detail.facts(), 0);
    let first = detail.first_row();
    match (detail.showing, &detail.prompt) {
        (DetailTab::Record, _) if detail.facts().is_empty() => {
            readings::note(paint, area.body, "Nothing more is on record.");
        }
        (DetailTab::Record, _) => {
            readings::table(paint, area.body, detail.facts(), first);
            readings::thumb(paint, area.body, first, detail.facts().len());
        }
        (DetailTab::Prompt, Some(prompt)) => {
            readings::text(paint, area.body, prompt, detail.prompt_scroll, Role::Text);
        }
        _ => match output.silence() {
            Some(words) => readings::note(paint, area.body, &words),
            None => output::rows(paint, area.body, output, first),
        },
    }
}

fn heading<'p>(
    paint: &Paint<'_, '_, '_>,
    detail: &Detail,
    execution: Option<&Execution>,
    focused: bool,
) -> Vec<Piece<'p>> {
    let mut pieces = Vec::new();
    if let Some(execution) = execution {
        pieces.push(paint.piece(execution.variant.as_str(), Role::variant(execution.variant)));
        pieces.push(paint.piece("  ", Role::Border));
    }
    for (index, tab) in DetailTab::ALL.into_iter().enumerate() {
        if index > 0 {
            pieces.push(paint.piece("  ", Role::Border));
        }
        let role = match (detail.showing == tab, focused) {
            (true, true) => Role::TitleFocused,
            (true, false) => Role::Title,
            (false, _) => Role::Dim,
        };
        pieces.push(paint.piece(tab.as_str(), role));
    }
    pieces
}
