//! A call whose events are known beforehand, put into the record it would have left.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    assembly::Assembly,
    record::{running, settle},
    run::CallSpec,
};
use crate::model::{
    Attempt, CallError, ChunkLog, Execution, Price, ProviderEvent, RunId, SentParameters, Timing,
};

/// What came of a call, and when, counted from its start.
#[derive(Clone, Debug)]
pub struct Played {
    pub parameters: SentParameters,
    pub events: Vec<(Duration, ProviderEvent)>,
    pub ended: Duration,
    pub outcome: Result<(), CallError>,
}

/// The record of a call made at some time in the past: every event goes the way it goes in a
/// call that is waited for, only nobody waits.
#[must_use]
pub fn forward(
    run_id: RunId,
    spec: CallSpec,
    started_at: Timestamp,
    played: Played,
    price: Option<Price>,
) -> (Execution, ChunkLog) {
    let started = Instant::now();
    let mut assembly = Assembly::new(&spec.model.model, started, Timing::started(started_at));
    let mut execution = running(run_id, spec, started_at);
    execution.parameters = played.parameters;
    for (at, event) in played.events {
        if at <= played.ended {
            // What would be told is told to nobody.
            let _ = assembly.take(event, started + at);
        }
    }
    let (began, told) = (assembly.began(), assembly.told_cost());
    let chunks = assembly.finish(&mut execution, started + played.ended);
    let took = u64::try_from(played.ended.as_millis()).unwrap_or(u64::MAX);
    let (model, usage) = (execution.model_ref(), execution.usage);
    let spend = price.filter(|_| told.is_none()).and_then(|price| price.spend(&usage));
    let cost = told.or_else(|| spend.map(|spend| spend.total()));
    execution.attempts.push(Attempt {
        usage: usage.is_known().then_some(usage),
        cost_usd: cost,
        ..Attempt::new(&model, started_at, took, &played.outcome)
    });
    settle(&mut execution, played.outcome, Some(began));
    execution.sum_up(usage, cost, spend, Some(0));
    (execution, chunks)
}
