//! `lathe history`.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    arguments::{Filter, HistoryCommand, TextOrJson},
    error::Failure,
    inputs,
    output::Output,
};
use crate::{
    app::{App, ExportFormat, WithJson, filter, readable, workspace::ResolveError},
    model::{CacheState, Execution, ExecutionId, Status},
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
                TextOrJson::Json => output.json(&WithJson::of(&execution))?,
                TextOrJson::Text => output.text(&readable(&execution))?,
            }
            Ok(0)
        }
        HistoryCommand::Export { filter, format } => {
            export(app, &filter, format.into(), output).await
        }
        HistoryCommand::Tag { id, tags } => {
            let id = find(app, &id).await?.id;
            for tag in &tags {
                let (key, value) = inputs::split("tag", tag)?;
                app.keep_tag(id, key, (!value.is_empty()).then_some(value)).await?;
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
            Err(error @ ResolveError::Unknown { .. }) => {
                Some(name.parse().map_err(|_| Failure::from(error))?)
            }
            Err(error) => return Err(error.into()),
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

/// A time as people write it.
fn time(text: &str) -> Result<Timestamp, Failure> {
    filter::time(text, Timestamp::now(), &TimeZone::system()).ok_or_else(|| {
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
                "rating": row.rating, "cache": row.cache, "similarity": row.similarity,
                "tags": row.tags,
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
    let status = match row.cache {
        CacheState::Exact => "cached".to_owned(),
        CacheState::Similar => {
            row.similarity.map_or_else(|| "similar".to_owned(), |it| format!("similar {it:.2}"))
        }
        _ => row.error_kind.map_or(row.status.as_str(), |kind| kind.as_str()).to_owned(),
    };
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
    let mut query = query(app, filter, None)?;
    let mut left = filter.limit.unwrap_or(usize::MAX);
    output.text(format.head())?;
    // A page is printed before the next is read: a history may be larger than memory, and who
    // reads it may have enough of it early.
    while left > 0 {
        query.limit = PAGE.min(left);
        let page = app.store.history(query.clone()).await?;
        left -= page.rows.len().min(left);
        for row in page.rows {
            // One that was deleted meanwhile is left out.
            let Some(execution) = app.to_export(row.id).await? else { continue };
            if format == ExportFormat::Jsonl {
                output.json(&execution)?;
            } else {
                output.text(&format.piece(&execution).unwrap_or_default())?;
            }
        }
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    Ok(0)
}
