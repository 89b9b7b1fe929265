//! `lathe cleanup`.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::json;

use super::{
    arguments::{CleanupArguments, TextOrJson},
    error::Failure,
    inputs,
    output::Output,
};
use crate::{
    app::{App, filter},
    store::Forget,
};

/// Forgets what is old, empties the trash, and gives the space back.
pub async fn run(
    app: &App,
    arguments: CleanupArguments,
    output: &mut Output,
) -> Result<u8, Failure> {
    let before = arguments.older_than.as_deref().map(before).transpose()?;
    let plan = app.store.cleanup_plan(before).await?;
    let trash = if arguments.trash { plan.trashed } else { 0 };
    let many = plan.executions + trash;
    let what = format!("{} executions and {trash} in the trash", plan.executions);
    let as_json = arguments.format == TextOrJson::Json;
    if arguments.dry_run {
        if as_json {
            output.json(&json!({
                "executions": plan.executions, "trashed": trash,
                "bytes": plan.bytes, "free_bytes": plan.free_bytes,
            }))?;
        } else {
            output.line(&format!(
                "would be deleted for good: {what}; the database has {} bytes, {} of them unused",
                plan.bytes, plan.free_bytes
            ))?;
        }
        return Ok(0);
    }
    let asks = app.environment.stdin_is_terminal && !arguments.yes && many > 0;
    if asks && !inputs::agreed(&format!("Delete {what} for good? [y/N] ")) {
        output.line("nothing was deleted")?;
        return Ok(0);
    }
    let mut deleted = 0;
    if arguments.trash {
        deleted += app.store.forget(Forget::Trash).await?;
    }
    if let Some(before) = before {
        deleted += app.store.forget(Forget::Before(before)).await?;
    }
    let (had, has) = app.store.compact().await?;
    if as_json {
        output.json(&json!({"deleted": deleted, "bytes_before": had, "bytes": has}))?;
    } else {
        output.line(&format!(
            "{deleted} executions deleted; the database had {had} bytes and has {has}"
        ))?;
    }
    Ok(0)
}

fn before(age: &str) -> Result<Timestamp, Failure> {
    filter::time(age, Timestamp::now(), &TimeZone::system()).ok_or_else(|| {
        Failure::usage(format!(
            "--older-than {age}: an age such as 90d, or a date such as 2026-05-01"
        ))
    })
}
