//! `lathe stats`.

use jiff::Zoned;
use serde_json::{Value, json};

use super::{
    arguments::{StatsArguments, TextOrJson},
    error::Failure,
    output::Output,
};
use crate::{
    app::{App, ChartBy, ChartQuery, ChartRange, Charts, Sum, workspace::ResolveError},
    model::TemplateId,
};

/// Carries out the command.
pub async fn run(app: &App, arguments: StatsArguments, output: &mut Output) -> Result<u8, Failure> {
    let range = ChartRange::from_word(&arguments.range).ok_or_else(|| {
        let known: Vec<_> = ChartRange::ALL.iter().map(|range| range.age()).collect();
        Failure::usage(format!(
            "there is no range `{}`; there are {}",
            arguments.range,
            known.join(", ")
        ))
    })?;
    let by = ChartBy::ALL.into_iter().find(|by| by.as_str() == arguments.by).ok_or_else(|| {
        Failure::usage(format!(
            "there is no `{}` to tell apart; there are model, template, version, tag",
            arguments.by
        ))
    })?;
    let template = match &arguments.template {
        // A template that is gone still has a history.
        Some(name) => Some(match app.workspace.resolve(name) {
            Ok(resolved) => resolved.id,
            Err(error @ ResolveError::Unknown { .. }) => {
                TemplateId::new(name).map_err(|_| Failure::from(error))?
            }
            Err(error) => return Err(error.into()),
        }),
        None => None,
    };
    let model = arguments.model;
    let query = ChartQuery { range, by, template, model, ..ChartQuery::default() };
    let charts = app.charts(query, Zoned::now()).await?;
    match arguments.format {
        TextOrJson::Json => output.json(&value(&charts))?,
        TextOrJson::Text => {
            output.remark(&format!("{}:", range.as_str()));
            for line in lines(&charts) {
                output.line(&line)?;
            }
        }
    }
    Ok(0)
}

fn figures(sum: &Sum) -> Value {
    json!({
        "runs": sum.rollup.runs, "ok": sum.ok, "failed": sum.failed, "success": sum.success(),
        "latency_ms": {"p50": sum.latency(0.5), "p95": sum.latency(0.95)},
        "ttft_ms": sum.ttft(), "cost_usd": sum.rollup.cost_usd(),
        "unpriced": sum.unpriced,
        "input_tokens": sum.tokens().map(|(input, _)| input),
        "output_tokens": sum.tokens().map(|(_, output)| output),
        "attempts": sum.rollup.attempts, "cache_hits": sum.rollup.cache_hits,
        "cache_hit_rate": sum.rollup.hit_rate(), "saved_usd": sum.rollup.saved_usd(),
        "reasoning_tokens": sum.tokens().map(|_| sum.rollup.reasoning_tokens),
        "cached_input_tokens": sum.tokens().map(|_| sum.rollup.cached_input_tokens),
        "rating": sum.rollup.rating(), "rated": sum.rollup.rated_runs,
    })
}

fn value(charts: &Charts) -> Value {
    let groups: Vec<Value> = charts
        .groups
        .iter()
        .map(|group| {
            let mut value = figures(&group.sum);
            value["name"] = Value::from(group.name(charts.query.by));
            value
        })
        .collect();
    let steps: Vec<Value> = charts
        .steps
        .iter()
        .map(|step| {
            let mut value = figures(&step.sum);
            value["start"] = Value::from(step.start.to_string());
            value
        })
        .collect();
    let errors: serde_json::Map<String, Value> =
        charts.errors.iter().map(|(kind, count)| ((*kind).to_owned(), json!(count))).collect();
    json!({
        "range": charts.query.range, "by": charts.query.by, "total": figures(&charts.total),
        "before": figures(&charts.before), "errors": errors, "groups": groups, "steps": steps,
    })
}

/// A table whose columns line up, its total last.
fn lines(charts: &Charts) -> Vec<String> {
    let cells = |name: String, sum: &Sum| {
        let milliseconds =
            |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |ms| format!("{ms:.0} ms"));
        let percent = |share: f64| format!("{:.1}%", share * 100.0);
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        [
            name,
            sum.rollup.runs.to_string(),
            or_none(sum.success().map(percent)),
            or_none(sum.rollup.hit_rate().map(percent)),
            milliseconds(sum.latency(0.5)),
            milliseconds(sum.latency(0.95)),
            milliseconds(sum.ttft()),
            or_none(sum.cost(|cost| format!("${cost:.4}"))),
            or_none(sum.rollup.rating().map(|rating| format!("{rating:.1}"))),
        ]
    };
    let head = [
        charts.query.by.as_str(),
        "runs",
        "success",
        "cached",
        "p50",
        "p95",
        "first token",
        "cost",
        "rating",
    ]
    .map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(charts.groups.iter().map(|group| cells(group.name(charts.query.by), &group.sum)));
    rows.push(cells("all".to_owned(), &charts.total));
    let widths: Vec<usize> = (0..9)
        .map(|column| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .zip(&widths)
                .enumerate()
                .map(|(column, (cell, width))| match column {
                    0 => format!("{cell:<width$}"),
                    _ => format!("{cell:>width$}"),
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect()
}
