//! Past executions: the list, and the one that is read.

use jiff::{Timestamp, tz::TimeZone};
use ratatui::layout::Rect;

use super::{
    figures, output,
    paint::{Frills, Paint, Piece},
    readings, spending,
};
use crate::{
    app::filter::CONDITIONS,
    model::{Execution, Status},
    tui::{
        msg::HistoryLine,
        state::{Detail, DetailTab, History, roomy},
        text::Scroll,
        theme::Role,
    },
};

/// Widths of the columns before the excerpt, and the least width of the list each needs.
const COLUMNS: [(Column, u16, u16); 7] = [
    (Column::Time, 13, 0),
    (Column::Status, 11, 0),
    (Column::Template, 22, 60),
    (Column::Model, 18, 76),
    (Column::Took, 8, 92),
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

pub(super) fn list(paint: &mut Paint<'_, '_, '_>, outer: Rect) {
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
    let mut inner =
        paint.panel(outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    if (history.filtering || !history.filter.is_empty()) && inner.height > 2 {
        let row = Rect { height: 1, ..inner };
        let style = paint.style(Role::FooterKey);
        let taken = paint.text(row.x, row.y, row.width, "/", style);
        let field = Rect { x: row.x + taken, width: row.width.saturating_sub(taken), ..row };
        paint.input(field, history.filter.text(), history.filter.cursor(), history.filtering);
        inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        if inner.height > 2 && (history.filtering || history.problem.is_some()) {
            let row = Rect { height: 1, ..inner };
            let (text, role) = match &history.problem {
                Some(problem) => (problem.clone(), Role::Warning),
                None => (hint(&state.history), Role::Dim),
            };
            let style = paint.style(role);
            paint.text(row.x + 1, row.y, row.width.saturating_sub(1), &text, style);
            inner = Rect { y: inner.y + 1, height: inner.height - 1, ..inner };
        }
    }
    if history.rows().is_empty() {
        let text = if let Some(error) = &history.error {
            error.clone()
        } else if history.loading || !history.loaded {
            "Reading the history".to_owned()
        } else if history.applied.is_empty() {
            "Every call is kept here, newest first. Run something in the workbench (1, then r)."
                .to_owned()
        } else {
            "Nothing fits this filter. Esc clears it.".to_owned()
        };
        readings::note(paint, inner, &text);
        return;
    }
    let columns: Vec<(Column, u16)> = COLUMNS
        .into_iter()
        .filter(|(_, _, least)| inner.width >= *least)
        .map(|(column, width, _)| (column, width))
        .collect();
    heads(paint, Rect { height: 1, ..inner }, &columns);
    let body = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
    let rows = history.rows();
    let first = history.scroll.first(rows.len(), usize::from(body.height));
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

/// What a filter can say: all conditions, or what the one being typed wants.
fn hint(history: &History) -> String {
    let before = history.filter.text().get(..history.filter.cursor()).unwrap_or("");
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    let begun = word.split_once(':').map(|(key, _)| key);
    if let Some((name, expects)) = CONDITIONS.iter().find(|(name, _)| Some(*name) == begun) {
        return format!("{name}: {expects}");
    }
    let names: Vec<String> = CONDITIONS.iter().map(|(name, _)| format!("{name}:")).collect();
    format!("words, \"a phrase\", {}", names.join(" "))
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
    let mut x = area.x + 1;
    for (column, width) in columns {
        let room = width.saturating_sub(1);
        let (text, role) = cell(paint, row, *column, now);
        let used = u16::try_from(crate::tui::text::cell_width(&text)).unwrap_or(room).min(room);
        let shift = if column.is_figure() { room - used } else { 0 };
        let style = paint.style(role);
        paint.text(x + shift, area.y, room, &text, style);
        x += width;
    }
    let mut pieces = vec![
        paint.piece(row.variant.as_str(), Role::variant(row.variant)),
        paint.piece(" ", Role::Dim),
    ];
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
        Column::Time => (when(row.at, now, &paint.state.zone), Role::Dim),
        Column::Status => match spending::cached(row.cache, None, paint.glyphs()) {
            Some(mark) => (mark, Role::Information),
            None => status(row),
        },
        Column::Template => {
            let name = row.template.as_ref().map_or("no template", |id| id.name());
            let version = row.version.as_ref().map_or_else(
                || if row.template.is_some() { " draft".to_owned() } else { String::new() },
                |version| format!(" {version}"),
            );
            (format!("{}{version}", paint.safe(name)), Role::Text)
        }
        Column::Model => {
            let role = if row.model.is_simulated() { Role::Simulated } else { Role::Text };
            (paint.safe(&row.model.to_string()).into_owned(), role)
        }
        Column::Took => (
            row.total_ms.map_or_else(String::new, |ms| {
                figures::duration(std::time::Duration::from_millis(ms))
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

/// A moment as one reads it today: the time today, the day this year, else the date.
pub(super) fn when(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() {
        "%H:%M:%S"
    } else if at.year() == now.year() {
        "%d %b %H:%M"
    } else {
        "%Y-%m-%d"
    };
    at.strftime(format).to_string()
}

pub(super) fn detail(paint: &mut Paint<'_, '_, '_>, outer: Rect) {
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
        bottom = vec![paint.piece("left and right: answer, prompt", Role::Dim)];
    }
    paint.panel(outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    let inner = roomy(outer);
    if let Some(error) = &detail.error {
        readings::note(paint, inner, error);
        return;
    }
    let (Some(output), Some(execution)) = (&detail.output, execution) else {
        readings::note(paint, inner, "Reading the record");
        return;
    };
    let facts = facts(paint, execution);
    let height = u16::try_from(facts.len()).unwrap_or(0).min(inner.height / 2);
    for (offset, pieces) in (0..height).zip(&facts) {
        paint.pieces(Rect { y: inner.y + offset, height: 1, ..inner }, pieces);
    }
    let gap = u16::from(inner.height > height + 2);
    let body = Rect {
        y: inner.y + height + gap,
        height: inner.height.saturating_sub(height + gap),
        ..inner
    };
    match (detail.showing, &detail.prompt) {
        (DetailTab::Prompt, Some(prompt)) => {
            readings::text(paint, body, prompt, detail.prompt_scroll, Role::Text);
        }
        _ => {
            if output.is_blank() {
                readings::note(paint, body, "The answer is empty.");
            } else {
                let scroll: Scroll = output.scroll;
                let first = scroll.first(output.row_count(), usize::from(body.height));
                output::rows(paint, body, output, first);
            }
        }
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
    for (tab, name) in [(DetailTab::Answer, "Answer"), (DetailTab::Prompt, "Prompt")] {
        let role = match (detail.showing == tab, focused) {
            (true, true) => Role::TitleFocused,
            (true, false) => Role::Title,
            (false, _) => Role::Dim,
        };
        pieces.push(paint.piece(name, role));
        if tab == DetailTab::Answer {
            pieces.push(paint.piece("  ", Role::Border));
        }
    }
    pieces
}

/// What is known of an execution, a row for each matter.
fn facts(paint: &Paint<'_, '_, '_>, execution: &Execution) -> Vec<Vec<Piece<'static>>> {
    let label = |text: &str| paint.piece(format!("{text:<9}"), Role::Dim);
    let text = |text: String| paint.piece(paint.safe(&text).into_owned(), Role::Text);
    let mut facts = Vec::new();
    let template = match (&execution.template, &execution.version) {
        (Some(id), Some(version)) => format!("{id} {version}"),
        (Some(id), None) => format!("{id} draft"),
        (None, _) => "none".to_owned(),
    };
    facts.push(vec![label("template"), text(template)]);
    let model = execution.model_ref();
    let mut pieces = vec![label("model"), text(model.to_string())];
    if model.is_simulated() {
        pieces.push(paint.piece("  simulated", Role::Simulated));
    }
    if let Some(asked) = execution.asked_first() {
        let asked = asked.to_string();
        pieces.push(paint.piece(format!("  fallback for {}", paint.safe(&asked)), Role::Warning));
    }
    if let Some(answered) = &execution.response_model {
        pieces.push(paint.piece(format!("  answered by {}", paint.safe(answered)), Role::Dim));
    }
    facts.push(pieces);
    let started = execution.timing.started_at.to_zoned(paint.state.zone.clone());
    facts.push(vec![label("started"), text(started.strftime("%Y-%m-%d %H:%M:%S %Z").to_string())]);
    facts.push(measures(paint, execution));
    if let Some(spared) = spending::spared(paint, execution) {
        facts.push(vec![label("cache"), text(spared)]);
    }
    if let Some(parts) = execution.spend.as_ref().and_then(spending::parts) {
        facts.push(vec![label("spend"), text(parts)]);
    }
    if !execution.parameters.requested.is_empty() {
        let sent: Vec<String> = execution
            .parameters
            .sent
            .iter()
            .map(|(name, value)| match name.as_str() {
                "tools" => format!("tools {}", tool_names(execution)),
                _ => format!("{name} {value}"),
            })
            .collect();
        facts.push(vec![label("sent"), text(sent.join("  "))]);
    }
    for dropped in &execution.parameters.dropped {
        facts.push(vec![
            label("not sent"),
            paint.piece(
                paint.safe(&format!("{}: {}", dropped.name, dropped.reason)).into_owned(),
                Role::Warning,
            ),
        ]);
    }
    if !execution.redactions.is_empty() {
        let rules = paint.safe(&execution.redactions.describe()).into_owned();
        facts.push(vec![label("redacted"), paint.piece(rules, Role::Warning)]);
    }
    if execution.attempts.len() > 1 {
        let tries: Vec<String> = execution
            .attempts
            .iter()
            .map(|attempt| {
                let outcome = attempt.error.as_ref().map_or("ok", |error| error.kind.as_str());
                format!("{outcome} {} ms", attempt.duration_ms)
            })
            .collect();
        facts.push(vec![label("attempts"), text(tries.join(", then "))]);
    }
    for check in &execution.checks {
        let role = if check.passed { Role::Text } else { Role::Warning };
        let verdict = if check.passed { "passed" } else { "failed" };
        let told = format!("{} {} {verdict}: {}", check.kind, check.name, check.reason);
        facts.push(vec![label("check"), paint.piece(paint.safe(&told).into_owned(), role)]);
    }
    if !execution.tags.is_empty() {
        let tags: Vec<String> =
            execution.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        facts.push(vec![label("tags"), text(tags.join("  "))]);
    }
    facts
}

/// The tools that were offered, by name: each provider describes them in its own way.
fn tool_names(execution: &Execution) -> String {
    let tools = execution.parameters.requested.get("tools").and_then(|tools| tools.as_array());
    let names = tools.into_iter().flatten().filter_map(|tool| tool.get("name")?.as_str());
    names.collect::<Vec<_>>().join(", ")
}

fn measures(paint: &Paint<'_, '_, '_>, execution: &Execution) -> Vec<Piece<'static>> {
    let millis = |ms: u64| figures::duration(std::time::Duration::from_millis(ms));
    let timing = &execution.timing;
    let mut words = Vec::new();
    words.extend(timing.total_ms.map(millis));
    words.extend(timing.ttft_ms.map(|ms| format!("ttft {}", millis(ms))));
    words.extend(timing.tokens_per_second.map(figures::rate));
    if execution.usage.is_known() {
        let usage = &execution.usage;
        words.push(figures::tokens(
            usage.input_tokens,
            usage.output_tokens,
            usage.estimated,
            paint.glyphs(),
        ));
        words.extend(usage.cached_input_tokens.map(|count| format!("{count} cached")));
        words.extend(usage.cache_write_tokens.map(|count| format!("{count} kept")));
        words.extend(usage.reasoning_tokens.map(|count| format!("{count} reasoning")));
    }
    words.push(execution.cost_usd.map_or_else(|| "cost unknown".to_owned(), figures::dollars));
    let status = match &execution.error {
        Some(error) => error.kind.as_str(),
        None => execution.status.as_str(),
    };
    let mut pieces = vec![
        paint.piece(format!("{status:<9}"), Role::Dim),
        paint.piece(words.join("  "), Role::Text),
    ];
    if let Some(rating) = execution.rating {
        let (full, empty) = paint.glyphs().star;
        let stars = format!(
            "  {}{}",
            full.repeat(usize::from(rating)),
            empty.repeat(usize::from(5 - rating.min(5)))
        );
        pieces.push(paint.piece(stars, Role::Accent));
    }
    pieces
}
