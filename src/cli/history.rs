//! `lathe history`.

use std::fmt::Write as _;

use jiff::{SignedDuration, Span, Timestamp, Zoned, civil, tz::TimeZone};
use serde_json::json;

use super::{
    arguments::{ExportFormat, Filter, HistoryCommand, TextOrJson},
    error::Failure,
    inputs,
    output::Output,
};
use crate::{
    app::App,
    model::{Execution, ExecutionId, Status},
    store::{HistoryQuery, HistoryRow, Scope, TagFilter},
};

/// Rows a page while everything is gone through.
const PAGE: usize = 500;
/// Rows that are listed where no limit is named.
const USUAL: usize = 50;

/// Carries out a command.
pub async fn run(app: &App, command: HistoryCommand, output: &mut Output) -> Result<u8, Failure> {
    match command {
        HistoryCommand::List { filter, format } => {
            list(app, query(app, &filter, None)?, filter.limit, format, output).await
        }
        HistoryCommand::Search { words, filter, format } => {
            let query = query(app, &filter, Some(words.join(" ")))?;
            list(app, query, filter.limit, format, output).await
        }
        HistoryCommand::Show { id, format } => {
            let execution = find(app, &id).await?;
            match format {
                TextOrJson::Json => output.json(&execution)?,
                TextOrJson::Text => output.text(&markdown(&execution))?,
            }
            Ok(0)
        }
        HistoryCommand::Export { filter, format } => export(app, &filter, format, output).await,
        HistoryCommand::Tag { id, tags } => {
            let id = find(app, &id).await?.id;
            for tag in &tags {
                let (key, value) = inputs::split("tag", tag)?;
                app.store.tag(id, key, (!value.is_empty()).then_some(value)).await?;
            }
            Ok(0)
        }
        HistoryCommand::Delete { ids } => {
            let mut found = Vec::with_capacity(ids.len());
            for id in &ids {
                found.push(find(app, id).await?.id);
            }
            let deleted = app.store.delete(found).await?;
            output.tell(&format!("{} deleted; they stay in the trash for 30 days", deleted.len()));
            Ok(0)
        }
    }
}

fn query(app: &App, filter: &Filter, text: Option<String>) -> Result<HistoryQuery, Failure> {
    let status = filter
        .status
        .as_deref()
        .map(|word| {
            Status::from_word(word).ok_or_else(|| {
                let known: Vec<_> = Status::ALL.iter().map(|status| status.as_str()).collect();
                Failure::usage(format!(
                    "there is no status `{word}`; there are {}",
                    known.join(", ")
                ))
            })
        })
        .transpose()?;
    let template = match &filter.template {
        // A template that is gone still has a history.
        Some(name) => match app.workspace.resolve(name) {
            Ok(resolved) => Some(resolved.id),
            Err(error) => Some(name.parse().map_err(|_| Failure::from(error))?),
        },
        None => None,
    };
    let tag = filter.tag.as_deref().map(|tag| match tag.split_once('=') {
        Some((key, value)) => TagFilter { key: key.to_owned(), value: Some(value.to_owned()) },
        None => TagFilter { key: tag.to_owned(), value: None },
    });
    Ok(HistoryQuery {
        workspace: if filter.all_workspaces { Scope::All } else { Scope::This },
        text,
        template,
        version: filter.version.clone(),
        provider: filter.provider.clone(),
        model: filter.model.clone(),
        status,
        tag,
        rating: filter.rating,
        since: filter.since.as_deref().map(time).transpose()?,
        until: filter.until.as_deref().map(time).transpose()?,
        min_cost: filter.min_cost,
        max_cost: filter.max_cost,
        ..HistoryQuery::default()
    })
}

/// A time as people write it: `2026-11-21`, `2026-11-21T08:30`, an exact timestamp, or an age
/// such as `7d`, `12h`, `30m`.
fn time(text: &str) -> Result<Timestamp, Failure> {
    let local = |moment: civil::DateTime| {
        moment.to_zoned(TimeZone::system()).ok().map(|zoned| zoned.timestamp())
    };
    let age = || {
        let (last, _) = text.char_indices().next_back()?;
        let (number, unit) = text.split_at(last);
        let number: i64 = number.parse().ok()?;
        let now = Zoned::now();
        match unit {
            "w" => now.checked_sub(Span::new().try_weeks(number).ok()?).ok(),
            "d" => now.checked_sub(Span::new().try_days(number).ok()?).ok(),
            "h" => now.checked_sub(SignedDuration::from_hours(number)).ok(),
            "m" => now.checked_sub(SignedDuration::from_mins(number)).ok(),
            _ => None,
        }
        .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<civil::DateTime>().ok().and_then(local))
        .or_else(|| text.parse::<civil::Date>().ok().and_then(|date| local(date.at(0, 0, 0, 0))))
        .or_else(age)
        .ok_or_else(|| {
            Failure::usage(format!(
                "`{text}` is no time; write 2026-11-21, 2026-11-21T08:30 or an age such as 7d or 12h"
            ))
        })
}

async fn list(
    app: &App,
    query: HistoryQuery,
    limit: Option<usize>,
    format: TextOrJson,
    output: &mut Output,
) -> Result<u8, Failure> {
    let limit = limit.unwrap_or(USUAL);
    for row in rows(app, query, limit).await? {
        match format {
            TextOrJson::Json => output.json(&json!({
                "id": row.id, "run_id": row.run_id, "started_at": row.started_at,
                "template": row.template, "version": row.version, "variant": row.variant,
                "provider": row.provider, "model": row.model, "status": row.status,
                "error_kind": row.error_kind, "excerpt": row.excerpt, "usage": row.usage,
                "cost_usd": row.cost_usd, "total_ms": row.total_ms, "ttft_ms": row.ttft_ms,
                "rating": row.rating, "tags": row.tags,
            }))?,
            TextOrJson::Text => output.line(&line(&row))?,
        }
    }
    Ok(0)
}

async fn rows(
    app: &App,
    mut query: HistoryQuery,
    limit: usize,
) -> Result<Vec<HistoryRow>, Failure> {
    let mut rows: Vec<HistoryRow> = Vec::new();
    while rows.len() < limit {
        query.limit = PAGE.min(limit - rows.len());
        let page = app.store.history(query.clone()).await?;
        rows.extend(page.rows);
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    Ok(rows)
}

fn line(row: &HistoryRow) -> String {
    let when = row.started_at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S");
    let template = row.template.as_ref().map_or("-", |id| id.as_str());
    let version = row.version.as_ref().map_or_else(|| "draft".to_owned(), ToString::to_string);
    let status = row.error_kind.map_or(row.status.as_str(), |kind| kind.as_str());
    let id = row.id.to_string();
    format!(
        "{id}  {when}  {status:<12} {template}@{version}  {}/{}  {}",
        row.provider, row.model, row.excerpt
    )
}

/// The execution whose id begins so.
async fn find(app: &App, prefix: &str) -> Result<Execution, Failure> {
    let found: Vec<ExecutionId> = app.store.find_by_prefix(prefix).await?;
    let id = match found.as_slice() {
        [one] => *one,
        [] => {
            return Err(Failure::usage(format!(
                "there is no execution `{prefix}`; `lathe history list` shows what there is"
            )));
        }
        several => {
            let names: Vec<String> = several.iter().take(5).map(ToString::to_string).collect();
            return Err(Failure::usage(format!(
                "`{prefix}` begins several ids ({}); write more of it",
                names.join(", ")
            )));
        }
    };
    let record = app.store.get(id).await?;
    record.ok_or_else(|| Failure::usage(format!("there is no execution `{prefix}`")))
}

async fn export(
    app: &App,
    filter: &Filter,
    format: ExportFormat,
    output: &mut Output,
) -> Result<u8, Failure> {
    let query = query(app, filter, None)?;
    if format == ExportFormat::Csv {
        output.raw(CSV_HEAD.as_bytes())?;
    }
    for row in rows(app, query, filter.limit.unwrap_or(usize::MAX)).await? {
        // One that was deleted meanwhile is left out.
        let Some(execution) = app.store.get(row.id).await? else { continue };
        match format {
            ExportFormat::Jsonl => output.json(&execution)?,
            ExportFormat::Csv => output.raw(csv(&execution).as_bytes())?,
            ExportFormat::Markdown => {
                output.text(&markdown(&execution))?;
                output.raw(b"\n---\n\n")?;
            }
        }
    }
    Ok(0)
}

const CSV_HEAD: &str = "id,started_at,template,version,variant,model,status,error_kind,\
    input_tokens,output_tokens,cost_usd,total_ms,ttft_ms,rating,tags,prompt,text\r\n";

fn csv(execution: &Execution) -> String {
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let prompt: Vec<String> = execution
        .messages
        .iter()
        .map(|message| format!("{}:\n{}", message.role, message.content))
        .collect();
    let tags: Vec<String> =
        execution.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let cells = [
        execution.id.to_string(),
        execution.timing.started_at.to_string(),
        execution.template.as_ref().map_or_else(String::new, ToString::to_string),
        execution.version.as_ref().map_or_else(String::new, ToString::to_string),
        execution.variant.to_string(),
        execution.model_ref().to_string(),
        execution.status.as_str().to_owned(),
        execution.error_kind().map_or_else(String::new, |kind| kind.to_string()),
        number(execution.usage.input_tokens),
        number(execution.usage.output_tokens),
        execution.cost_usd.map_or_else(String::new, |cost| cost.to_string()),
        number(execution.timing.total_ms),
        number(execution.timing.ttft_ms),
        execution.rating.map_or_else(String::new, |rating| rating.to_string()),
        tags.join(" "),
        prompt.join("\n\n"),
        execution.text.clone(),
    ];
    let row: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", row.join(","))
}

/// A cell that no spreadsheet takes for a formula: one that begins like it gets an apostrophe.
fn csv_cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

/// A record as people read it.
fn markdown(execution: &Execution) -> String {
    // Writing to a string cannot fail.
    let mut text = format!("# {}\n\n", execution.id);
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(text, "- {name}: {value}");
        }
    };
    let template = execution.template.as_ref().map_or_else(String::new, |id| {
        let version = execution.version.as_ref();
        version.map_or_else(|| format!("{id} (draft)"), |version| format!("{id}@{version}"))
    });
    fact("template", template);
    fact("variant", execution.variant.to_string());
    fact("model", execution.model_ref().to_string());
    fact("started", execution.timing.started_at.to_string());
    fact("status", execution.status.as_str().to_owned());
    if let Some(error) = &execution.error {
        fact("error", error.to_string());
    }
    let milliseconds = |value: Option<u64>| value.map_or_else(String::new, |ms| format!("{ms} ms"));
    fact("took", milliseconds(execution.timing.total_ms));
    fact("first token after", milliseconds(execution.timing.ttft_ms));
    let number = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |it| it.to_string());
    if execution.usage.is_known() {
        let usage = &execution.usage;
        fact(
            "tokens",
            format!("{} in, {} out", number(usage.input_tokens), number(usage.output_tokens)),
        );
    }
    fact(
        "cost",
        execution.cost_usd.map_or_else(|| "unknown".to_owned(), |cost| format!("${cost}")),
    );
    for dropped in &execution.parameters.dropped {
        fact("not sent", format!("{}: {}", dropped.name, dropped.reason));
    }
    for message in &execution.messages {
        let _ = write!(text, "\n## {}\n\n{}\n", message.role, message.content);
    }
    if !execution.reasoning.is_empty() {
        let _ = write!(text, "\n## reasoning\n\n{}\n", execution.reasoning);
    }
    let _ = write!(text, "\n## answer\n\n{}\n", execution.text);
    if !execution.refusal.is_empty() {
        let _ = write!(text, "\n## refusal\n\n{}\n", execution.refusal);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("-2", "'-2"),
            ("\tx", "'\tx"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        for text in ["2026-11-21", "2026-11-21T08:30", "2026-11-21T08:30:00Z", "7d", "12h", "2w"] {
            assert!(time(text).is_ok(), "{text}");
        }
        for text in ["", "d", "yesterday", "7", "2026-13-01", "ü"] {
            assert!(time(text).is_err(), "{text}");
        }
    }
}
