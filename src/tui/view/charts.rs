//! Charts: figures of the whole range with the change against the range before, plots over time,
//! and a table whose rows lead to the executions behind them.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{
    frontier,
    paint::{Frills, Paint, Piece},
    plot::{self, Bar, Frame, Line, Stroke},
    readings,
};
use crate::{
    app::{ChartGroup, ChartScale, ChartStep, Charts, Sum},
    tui::{
        keymap::{Action, Context},
        state::{Areas, Chart, ChartFocus, ListArea},
        text::{cell_width, figures},
        theme::Role,
    },
};

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, areas: &Areas) {
    let state = paint.state;
    strip(paint, areas.chart_strip);
    others(paint, areas);
    if let Some((text, is_problem)) = state.charts.filter_note() {
        let role = if is_problem { Role::Warning } else { Role::Dim };
        readings::paragraph(paint, areas.chart_note, &text, role);
    }
    let Some(data) = &state.charts.data else {
        let text = match (&state.charts.error, state.charts.loading) {
            (Some(error), _) => error.clone(),
            (None, _) => "Summing up".to_owned(),
        };
        readings::note(paint, areas.chart_body, &text);
        return;
    };
    if data.total.rollup.runs == 0 {
        let way = "No executions in this time. {change-range} changes the range, {workbench} and \
                   {run-all} run something, `lathe demo` shows a month of history.";
        readings::note(paint, areas.chart_body, &paint.spell(Context::Chart, way));
        return;
    }
    tiles(paint, areas.chart_tiles, data);
    for (chart, outer) in &areas.charts {
        panel(paint, *outer, *chart, data);
    }
    if let Some(area) = areas.chart_table {
        table(paint, area, data);
    }
}

/// How many charts there is no room for, and how one gets there.
fn others(paint: &mut Paint<'_, '_, '_>, areas: &Areas) {
    let more = Chart::ALL.len().saturating_sub(areas.charts.len());
    let charts = &paint.state.charts;
    let drawn = charts.data.as_ref().is_some_and(|data| data.total.rollup.runs > 0);
    if areas.charts.is_empty() || more == 0 || charts.filtering || !drawn {
        return;
    }
    let Some(key) = paint.state.keymap.shown_key(Context::Chart, Action::NextPane) else { return };
    let words = vec![
        paint.piece(key.to_string(), Role::FooterKey),
        paint.piece(format!(" {more} more charts "), Role::Dim),
    ];
    // Range and filter come first.
    let strip = areas.chart_strip;
    let room = strip.width / 3;
    paint.pieces_right(Rect { x: strip.right() - room, width: room, ..strip }, &words);
}

/// Range, filter and grouping in one row.
fn strip(paint: &mut Paint<'_, '_, '_>, area: Rect) {
    let charts = &paint.state.charts;
    let now = paint.state.wall.to_zoned(paint.state.zone.clone());
    let range = charts.range_words(&now);
    if charts.filtering || !charts.filter.is_empty() {
        let style = paint.style(Role::FooterKey);
        let taken = paint.text(area.x + 1, area.y, area.width, "/", style);
        let room = area.width.saturating_sub(taken + 2);
        let width = u16::try_from(cell_width(&range)).unwrap_or(room).min(room / 2);
        let field = Rect { x: area.x + 1 + taken, width: room - width - 1, ..area };
        paint.input(field, charts.filter.text(), charts.filter.cursor(), charts.filtering);
        let style = paint.style(Role::Dim);
        paint.text(field.right() + 1, area.y, width, &range, style);
        return;
    }
    let separator = format!(" {} ", paint.glyphs().separator);
    let mut pieces = vec![
        paint.piece(format!(" {range}"), Role::Text),
        paint.piece(separator, Role::Dim),
        paint.piece("all templates and models", Role::Dim),
    ];
    if charts.loading && charts.data.is_some() {
        pieces.push(paint.piece("  summing up", Role::Dim));
    }
    paint.pieces(area, &pieces);
}

/// One figure of the whole range.
struct Tile {
    name: &'static str,
    value: String,
    change: Option<Change>,
}

/// How a figure moved against the range before.
struct Change {
    words: String,
    up: bool,
    /// Whether up is what one wants; `None` where it is neither good nor bad.
    wanted: Option<bool>,
}

fn figures_of(data: &Charts) -> Vec<Tile> {
    let (now, before) = (&data.total, &data.before);
    let count = |count: i64| figures::grouped(u64::try_from(count).unwrap_or(0));
    let mut tiles = vec![Tile {
        name: "runs",
        value: count(now.rollup.runs),
        change: relative(float(now.rollup.runs), Some(float(before.rollup.runs)), None),
    }];
    if let Some(share) = now.success() {
        let change = before.success().and_then(|earlier| points(share - earlier));
        tiles.push(Tile { name: "success", value: percent(share), change });
    }
    if let Some(p95) = now.latency(0.95) {
        let change = relative(p95, before.latency(0.95), Some(false));
        tiles.push(Tile { name: "p95 latency", value: milliseconds(p95), change });
    }
    tiles.push(Tile {
        name: "cost",
        value: now.cost(figures::dollars).unwrap_or_else(|| "unknown".to_owned()),
        change: now
            .rollup
            .cost_usd()
            .and_then(|cost| relative(cost, before.rollup.cost_usd(), Some(false))),
    });
    if let Some(ttft) = now.ttft() {
        let change = relative(ttft, before.ttft(), Some(false));
        tiles.push(Tile { name: "first token", value: milliseconds(ttft), change });
    }
    if let Some(rating) = now.rollup.rating() {
        let change = relative(rating, before.rollup.rating(), Some(true));
        let value = format!("{rating:.1} of 5 ({})", count(now.rollup.rated_runs));
        tiles.push(Tile { name: "rating", value, change });
    }
    if let Some(share) = now.rollup.hit_rate() {
        let change = before.rollup.hit_rate().and_then(|earlier| points(share - earlier));
        let value = format!("{} ({})", percent(share), figures::dollars(now.rollup.saved_usd()));
        tiles.push(Tile { name: "cached (saved)", value, change });
    }
    if let Some((input, output)) = now.tokens() {
        let change = before
            .tokens()
            .and_then(|(a, b)| relative(float(input + output), Some(float(a + b)), None));
        tiles.push(Tile { name: "tokens", value: count(input + output), change });
    }
    tiles
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn float(count: i64) -> f64 {
    count as f64
}

fn relative(now: f64, before: Option<f64>, wanted: Option<bool>) -> Option<Change> {
    let before = before.filter(|before| *before > 0.0)?;
    let share = now / before - 1.0;
    let words = if share.abs() >= 9.995 {
        format!("{:.0}-fold", now / before)
    } else {
        format!("{:.0}%", share.abs() * 100.0)
    };
    (share.abs() >= 0.005).then_some(Change { words, up: share > 0.0, wanted })
}

fn points(difference: f64) -> Option<Change> {
    let words = format!("{:.1} pt", difference.abs() * 100.0);
    let change = Change { words, up: difference >= 0.0, wanted: Some(true) };
    (difference.abs() >= 0.000_5).then_some(change)
}

fn percent(share: f64) -> String {
    format!("{:.1}%", share * 100.0)
}

/// A statistic is rounded where a counter is cut, so that screen and command say the same.
pub(super) fn milliseconds(value: f64) -> String {
    let unit = if value < 999.5 { 1.0 } else { 100.0 };
    let rounded = (value / unit).round() * unit;
    figures::duration(Duration::from_secs_f64((rounded / 1000.0).clamp(0.0, 1e9)))
}

fn change_piece<'p>(paint: &Paint<'_, '_, '_>, change: &Change) -> Piece<'p> {
    let sign = if change.up { paint.glyphs().up } else { paint.glyphs().down };
    let role = match change.wanted {
        Some(wanted) if wanted == change.up => Role::Good,
        Some(_) => Role::Warning,
        None => Role::Dim,
    };
    paint.piece(format!("{sign} {}", change.words), role)
}

/// Framed figures where there is room for frames, else a row or two of words.
fn tiles(paint: &mut Paint<'_, '_, '_>, area: Rect, data: &Charts) {
    let tiles = figures_of(data);
    if area.height >= 4 {
        let fit = usize::from(area.width / 20).clamp(1, tiles.len());
        let mut x = area.x;
        for (index, tile) in tiles.iter().take(fit).enumerate() {
            let left = u16::try_from(fit - index).unwrap_or(1);
            let width = (area.right() - x) / left;
            let outer = Rect { x, width, ..area };
            let title = vec![paint.piece(tile.name, Role::Title)];
            let inner = paint.panel(outer, &Frills { title, ..Frills::default() });
            let style = paint.style(Role::Text);
            let room = inner.width.saturating_sub(1);
            paint.text(inner.x + 1, inner.y, room, &tile.value, style);
            if let Some(change) = &tile.change {
                let mut pieces = vec![change_piece(paint, change)];
                let suffix = paint.piece(" vs before", Role::Dim);
                if super::paint::cells(&pieces) + 10 <= room {
                    pieces.push(suffix);
                }
                let row = Rect { x: inner.x + 1, y: inner.y + 1, width: room, height: 1 };
                paint.pieces(row, &pieces);
            }
            x += width;
        }
        return;
    }
    let mut row = Rect { height: 1, ..area };
    let mut taken = 1;
    for tile in &tiles {
        let mut pieces = vec![
            paint.piece(format!("{} ", tile.name), Role::Dim),
            paint.piece(tile.value.clone(), Role::Text),
        ];
        if let Some(change) = &tile.change {
            pieces.push(paint.piece(" ", Role::Dim));
            pieces.push(change_piece(paint, change));
        }
        let wanted = super::paint::cells(&pieces);
        if taken + wanted > area.width {
            row.y += 1;
            taken = 1;
            if row.y >= area.bottom() {
                return;
            }
        }
        let place = Rect { x: area.x + taken, width: area.width.saturating_sub(taken), ..row };
        paint.pieces(place, &pieces);
        taken += wanted + 3;
    }
}

/// The colours a chart's parts have, and the words that name them.
fn panel(paint: &mut Paint<'_, '_, '_>, outer: Rect, chart: Chart, data: &Charts) {
    let charts = &paint.state.charts;
    let focused = charts.focus == ChartFocus::Chart(chart) && paint.state.overlays.is_empty();
    let role = if focused { Role::TitleFocused } else { Role::Title };
    let title = vec![paint.piece(chart.as_str(), role)];
    let step = charts.cursor.filter(|_| chart.is_over_time());
    let read = step.and_then(|step| data.steps.get(step));
    let bottom = match read {
        Some(step) => vec![paint.piece(reading(paint, chart, data.scale, step), Role::Text)],
        None if focused && chart.is_over_time() => {
            let ways = paint.spell(Context::Chart, "{move-left}, {move-right}: read a value");
            vec![paint.piece(ways, Role::Dim)]
        }
        None => Vec::new(),
    };
    let right = legend(paint, chart);
    let inner = paint.panel(outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    let marks = marks(data, &paint.state.zone);
    let frame = Frame { marks: &marks, steps: data.steps.len(), cursor: step };
    let values = |of: &dyn Fn(&Sum) -> Option<f64>| -> Vec<Option<f64>> {
        data.steps.iter().map(|step| of(&step.sum)).collect()
    };
    let heights = |of: &dyn Fn(&Sum) -> f64| -> Vec<Bar> {
        data.steps.iter().map(|step| Bar { value: of(&step.sum), bad: 0.0 }).collect()
    };
    match chart {
        Chart::Latency => {
            let lines = [
                Line {
                    name: "first token",
                    role: Role::Information,
                    values: values(&Sum::ttft),
                    stroke: Stroke::Dotted,
                },
                Line {
                    name: "p50",
                    role: Role::Good,
                    values: values(&|sum| sum.latency(0.5)),
                    stroke: Stroke::Dashed,
                },
                Line {
                    name: "p95",
                    role: Role::Warning,
                    values: values(&|sum| sum.latency(0.95)),
                    stroke: Stroke::Solid,
                },
            ];
            plot::lines(paint, inner, &lines, &frame, &milliseconds);
        }
        Chart::Ratings => {
            if data.total.rollup.rated_runs == 0 {
                let way = "No answer was rated in this time. {rate-1} to {rate-5} rate one.";
                readings::note(paint, inner, &paint.spell(Context::Output, way));
                return;
            }
            let lines = [Line {
                name: "mean",
                role: Role::Good,
                values: values(&|sum| sum.rollup.rating()),
                stroke: Stroke::Solid,
            }];
            plot::lines(paint, inner, &lines, &frame, &|value| format!("{value:.1}"));
        }
        Chart::Volume => {
            let bars: Vec<Bar> = data
                .steps
                .iter()
                .map(|step| Bar { value: float(step.sum.rollup.runs), bad: float(step.sum.failed) })
                .collect();
            plot::bars(paint, inner, &bars, Role::Gauge, &frame, &whole);
        }
        Chart::Cost => {
            let bars = heights(&|sum| sum.rollup.cost_usd().unwrap_or(0.0));
            plot::bars(paint, inner, &bars, Role::Gauge, &frame, &figures::dollars);
        }
        Chart::Tokens => {
            let bars =
                heights(&|sum| sum.tokens().map_or(0.0, |(input, output)| float(input + output)));
            plot::bars(paint, inner, &bars, Role::Gauge, &frame, &whole);
        }
        Chart::Errors => errors(paint, inner, data),
        Chart::Histogram => histogram(paint, inner, data),
        Chart::Frontier => frontier::draw(paint, inner, data),
        Chart::Cache => {
            if data.total.rollup.hit_rate().is_none() {
                let way = "No call asked the cache in this time. {toggle-cache} in the workbench turns it on.";
                readings::note(paint, inner, &paint.spell(Context::Output, way));
                return;
            }
            let lines = [Line {
                name: "answered again",
                role: Role::Good,
                values: values(&|sum| sum.rollup.hit_rate().map(|share| share * 100.0)),
                stroke: Stroke::Solid,
            }];
            plot::lines(paint, inner, &lines, &frame, &|value| format!("{value:.0}%"));
        }
    }
}

/// A count on an axis; nothing where the place means no whole number.
fn whole(value: f64) -> String {
    if value >= 1e6 {
        format!("{:.1}M", value / 1e6)
    } else if value >= 10_000.0 {
        format!("{:.0}k", value / 1e3)
    } else if value < 100.0 && value.fract() > 0.0 {
        String::new()
    } else {
        format!("{value:.0}")
    }
}

fn legend(paint: &Paint<'_, '_, '_>, chart: Chart) -> Vec<Piece<'static>> {
    match chart {
        Chart::Latency => {
            let unicode = paint.glyphs().unicode;
            let named = |stroke: Stroke, name, role| {
                paint.piece(format!("{} {name}", stroke.sign(unicode)), role)
            };
            vec![
                named(Stroke::Solid, "p95  ", Role::Warning),
                named(Stroke::Dashed, "p50  ", Role::Good),
                named(Stroke::Dotted, "first token", Role::Information),
            ]
        }
        Chart::Volume => {
            let sign = if paint.glyphs().unicode { "▒" } else { "x" };
            vec![paint.piece(format!("{sign} failed"), Role::Bad)]
        }
        Chart::Frontier => {
            let sign = paint.glyphs().bullet;
            vec![paint.piece(format!("{sign} beaten by none"), Role::Good)]
        }
        _ => Vec::new(),
    }
}

/// What a step says of a chart, in words.
fn reading(paint: &Paint<'_, '_, '_>, chart: Chart, scale: ChartScale, step: &ChartStep) -> String {
    let when = moment(scale, &step.start.to_zoned(paint.state.zone.clone()));
    let sum = &step.sum;
    let unknown = || "none".to_owned();
    let words = match chart {
        Chart::Latency => match (sum.latency(0.5), sum.latency(0.95)) {
            (Some(p50), Some(p95)) => {
                let first = sum
                    .ttft()
                    .map_or_else(String::new, |ms| format!(" first {}", milliseconds(ms)));
                format!("p50 {} p95 {}{first}", milliseconds(p50), milliseconds(p95))
            }
            _ => unknown(),
        },
        Chart::Volume => format!("{} runs, {} failed", sum.rollup.runs, sum.failed),
        Chart::Cost => sum.cost(figures::dollars).unwrap_or_else(unknown),
        Chart::Tokens => sum.tokens().map_or_else(unknown, |(input, output)| {
            format!("{}{}{}", whole(float(input)), paint.glyphs().arrow, whole(float(output)))
        }),
        Chart::Ratings => sum.rollup.rating().map_or_else(unknown, |rating| {
            format!("{rating:.1} of 5 over {}", sum.rollup.rated_runs)
        }),
        Chart::Cache => sum.rollup.hit_rate().map_or_else(unknown, |share| {
            format!(
                "{} of {} calls answered again, {} saved",
                percent(share),
                sum.rollup.cache_hits + sum.rollup.cache_misses,
                figures::dollars(sum.rollup.saved_usd())
            )
        }),
        Chart::Errors | Chart::Histogram | Chart::Frontier => unknown(),
    };
    format!("{when}  {words}")
}

fn moment(scale: ChartScale, at: &jiff::Zoned) -> String {
    let format = match scale {
        ChartScale::Hours => "%a %H:%M",
        ChartScale::QuarterDays => "%a %d %H:%M",
        ChartScale::Days | ChartScale::Weeks => "%d %b",
        ChartScale::Months => "%b %Y",
    };
    at.strftime(format).to_string()
}

/// Words below the axis: one for every day, week or month, or fewer where there are many.
fn marks(data: &Charts, zone: &TimeZone) -> Vec<(usize, String)> {
    let (every, format) = match data.scale {
        ChartScale::Hours => (4, "%H:%M"),
        ChartScale::QuarterDays => (4, "%a %d"),
        ChartScale::Days => (5, "%d %b"),
        ChartScale::Weeks => (2, "%d %b"),
        ChartScale::Months => (2, "%b"),
    };
    data.steps
        .iter()
        .enumerate()
        .step_by(every)
        .map(|(index, step)| {
            (index, step.start.to_zoned(zone.clone()).strftime(format).to_string())
        })
        .collect()
}

/// A row for each kind of error, with a bar for its share of all runs.
fn errors(paint: &mut Paint<'_, '_, '_>, inner: Rect, data: &Charts) {
    if data.errors.is_empty() {
        readings::note(paint, inner, "No errors in this time.");
        return;
    }
    let most = data.errors.first().map_or(1, |(_, count)| *count).max(1);
    let runs = float(data.total.rollup.runs.max(1));
    for (y, (kind, count)) in (inner.top()..inner.bottom()).zip(&data.errors) {
        let row = Rect { y, height: 1, ..inner };
        let share = percent(float(*count) / runs);
        let figures = format!("{count:>6} {share:>6} ");
        bar_row(paint, row, kind, &figures, float(*count) / float(most), Role::Bad);
    }
}

/// A name, figures, and a bar in what is left.
fn bar_row(
    paint: &mut Paint<'_, '_, '_>,
    row: Rect,
    name: &str,
    figures: &str,
    share: f64,
    role: Role,
) {
    let name_width = 18.min(row.width / 2);
    let style = paint.style(Role::Text);
    paint.text(row.x + 1, row.y, name_width.saturating_sub(1), name, style);
    let at = row.x + name_width;
    let dim = paint.style(Role::Dim);
    let taken = paint.text(at, row.y, row.right().saturating_sub(at), figures, dim);
    let bar = Rect { x: at + taken, width: row.right().saturating_sub(at + taken + 1), ..row };
    let filled = share.clamp(0.0, 1.0) * f64::from(bar.width);
    let style = paint.style(role);
    let signs = paint.glyphs().bar;
    let last = signs.len() - 1;
    for (offset, x) in (bar.left()..bar.right()).enumerate() {
        let offset = u32::try_from(offset).unwrap_or(u32::MAX);
        let part = (filled - f64::from(offset)).clamp(0.0, 1.0);
        // What is there at all is seen.
        let part = if offset == 0 && share > 0.0 { part.max(0.25) } else { part };
        let steps = part * f64::from(u32::try_from(last).unwrap_or(8));
        let index = (0..=last)
            .rev()
            .find(|index| f64::from(u32::try_from(*index).unwrap_or(0)) <= steps + 1e-9);
        if let Some(sign) = index.and_then(|index| signs.get(index)) {
            paint.text(x, row.y, 1, sign, style);
        }
    }
}

/// How many runs took how long, in classes that double.
fn histogram(paint: &mut Paint<'_, '_, '_>, inner: Rect, data: &Charts) {
    let mut classes: Vec<(u64, u64)> = Vec::new();
    for (low, _, count) in data.total.rollup.total.iter() {
        let class = low.max(1).next_power_of_two();
        match classes.last_mut() {
            Some((last, sum)) if *last == class => *sum += count,
            Some(&mut (last, _)) => {
                let between = std::iter::successors(last.checked_mul(2), |it| it.checked_mul(2));
                classes.extend(between.take_while(|it| *it < class).map(|it| (it, 0)));
                classes.push((class, count));
            }
            None => classes.push((class, count)),
        }
    }
    let Some(most) = classes.iter().map(|(_, count)| *count).max() else {
        readings::note(paint, inner, "No run was timed in this time.");
        return;
    };
    // The longest classes are what one looks for: they stay when rows are few.
    let skip = classes.len().saturating_sub(usize::from(inner.height));
    let rows = (inner.top()..inner.bottom()).zip(classes.into_iter().skip(skip));
    for (y, (class, count)) in rows {
        let row = Rect { y, height: 1, ..inner };
        let name = format!("up to {}", figures::duration(Duration::from_millis(class)));
        let share = exact(count) / exact(most);
        bar_row(paint, row, &name, &format!("{count:>6} "), share, Role::Gauge);
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
const fn exact(count: u64) -> f64 {
    count as f64
}

/// The table's columns after the name: head, width, least width of the table.
const COLUMNS: [(&str, u16, u16); 9] = [
    ("runs", 8, 0),
    ("p95", 10, 0),
    ("success", 9, 46),
    ("p50", 10, 58),
    ("first", 10, 96),
    ("cost", 10, 70),
    ("cost/run", 11, 108),
    ("rating", 8, 82),
    ("cached", 8, 118),
];

fn cell(head: &str, sum: &Sum) -> String {
    let or_none = |text: Option<String>| text.unwrap_or_default();
    match head {
        "runs" => figures::grouped(u64::try_from(sum.rollup.runs).unwrap_or(0)),
        "p95" => or_none(sum.latency(0.95).map(milliseconds)),
        "success" => or_none(sum.success().map(percent)),
        "p50" => or_none(sum.latency(0.5).map(milliseconds)),
        "first" => or_none(sum.ttft().map(milliseconds)),
        // In a narrow column what is not known is a mark; the sum above says how much it is.
        "cost" => match (sum.rollup.cost_usd(), sum.unpriced > 0) {
            (Some(cost), false) => figures::dollars(cost),
            (Some(cost), true) => format!("{}+?", figures::dollars(cost)),
            (None, true) => "unpriced".to_owned(),
            (None, false) => String::new(),
        },
        "cached" => or_none(sum.rollup.hit_rate().map(percent)),
        "cost/run" => or_none(sum.cost_a_run().map(figures::dollars)),
        _ => or_none(sum.rollup.rating().map(|rating| format!("{rating:.1}"))),
    }
}

fn table(paint: &mut Paint<'_, '_, '_>, area: ListArea, data: &Charts) {
    let charts = &paint.state.charts;
    let by = data.query.by;
    let focused = charts.focus == ChartFocus::Table && paint.state.overlays.is_empty();
    let role = if focused { Role::TitleFocused } else { Role::Title };
    let title = vec![paint.piece(format!("By {}", by.as_str()), role)];
    let bottom = if focused {
        let way = paint.spell(Context::ChartTable, "{accept}: the runs behind this row");
        vec![paint.piece(way, Role::Dim)]
    } else {
        Vec::new()
    };
    let inner = paint.panel(area.outer, &Frills { title, bottom, focused, ..Frills::default() });
    let columns: Vec<(&str, u16)> = COLUMNS
        .into_iter()
        .filter(|(_, _, least)| inner.width >= *least)
        .map(|(head, width, _)| (head, width))
        .collect();
    let figures_width: u16 = columns.iter().map(|(_, width)| width).sum();
    let bar_width = inner.width.saturating_sub(figures_width + 40).min(30);
    let name_width = inner.width.saturating_sub(figures_width + bar_width + 2);
    let row =
        |paint: &mut Paint<'_, '_, '_>, area: Rect, name: &str, role: Role, sum: Option<&Sum>| {
            let style = paint.style(role);
            paint.text(area.x + 1, area.y, name_width, name, style);
            let mut x = area.x + 1 + name_width;
            for (head, width) in &columns {
                let text = sum.map_or_else(|| (*head).to_owned(), |sum| cell(head, sum));
                let place = Rect { x, width: *width, ..area };
                let role = if sum.is_some() { Role::Text } else { Role::Dim };
                let piece = [paint.piece(text, role)];
                paint.pieces_right(place, &piece);
                x += width;
            }
            x
        };
    if area.heads.height > 0 {
        let x = row(paint, area.heads, by.as_str(), Role::Dim, None);
        if bar_width > 8 {
            let style = paint.style(Role::Dim);
            paint.text(
                x + 2,
                area.heads.y,
                area.heads.right().saturating_sub(x + 2),
                "runs",
                style,
            );
        }
    }
    let body = area.rows;
    let first = charts.first_row();
    let most = data.groups.first().map_or(1, |group| group.sum.rollup.runs).max(1);
    let visible = data.groups.iter().enumerate().skip(first);
    for (y, (index, group)) in (body.top()..body.bottom()).zip(visible) {
        let area = Rect { y, height: 1, ..body };
        let name = paint.safe(&name_of(group, data)).into_owned();
        let role = if is_simulated(group) { Role::Simulated } else { Role::Text };
        let x = row(paint, area, &name, role, Some(&group.sum));
        if bar_width > 8 {
            let width = area.right().saturating_sub(x + 2);
            let share = float(group.sum.rollup.runs) / float(most);
            gauge(paint, Rect { x: x + 2, width, ..area }, share);
        }
        if index == charts.selected() && focused {
            let style = paint.style(Role::Selection);
            paint.fill(area, style);
        }
    }
    readings::thumb(paint, body, first, data.groups.len());
}

fn gauge(paint: &mut Paint<'_, '_, '_>, area: Rect, share: f64) {
    let signs = paint.glyphs().bar;
    let filled = share.clamp(0.0, 1.0) * f64::from(area.width);
    let style = paint.style(Role::Gauge);
    let Some(full) = signs.last() else { return };
    for (offset, x) in (0..area.width).zip(area.left()..) {
        if f64::from(offset) + 0.5 <= filled || (offset == 0 && share > 0.0) {
            paint.text(x, area.y, 1, full, style);
        }
    }
}

pub(super) fn name_of(group: &ChartGroup, data: &Charts) -> String {
    let name = group.name(data.query.by);
    if is_simulated(group) { format!("{name}  simulated") } else { name }
}

/// Answers of the offline demo are marked wherever they are counted.
fn is_simulated(group: &ChartGroup) -> bool {
    group.group.model.as_ref().is_some_and(|model| model.starts_with("demo/"))
}
