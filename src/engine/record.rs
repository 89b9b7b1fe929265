//! What is written down of a call: when it leaves, and how it ended.

use crate::model::{
    CacheState, CallError, ErrorKind, Execution, FinishReason, Price, Quality, Redactions, RunId,
    SentParameters, Status, Timing, Usage,
};

use super::run::CallSpec;
use crate::prompt::tokens;

/// What providers say that the answers of one call cost.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ToldCost {
    usd: Option<f64>,
    /// Whether an answer came of which it was not said.
    untold: bool,
}

impl ToldCost {
    /// Takes in what one attempt was said to cost; `began` is whether any of an answer came.
    pub fn take(&mut self, usd: Option<f64>, began: bool) {
        self.untold |= began && usd.is_none();
        self.usd = match (self.usd, usd) {
            (Some(before), Some(now)) => Some(before + now),
            (before, now) => before.or(now),
        };
    }

    /// What all of them cost, in US dollars, where that was said of each.
    pub fn usd(self) -> Option<f64> {
        self.usd.filter(|_| !self.untold)
    }
}

/// Writes into a record how its call ended, and what that cost. `began` is whether any of the
/// answer came, `None` where nothing was ever asked. `told_cost` is what the provider says that it
/// cost, which is truer than what a price makes of it; it has no parts.
pub(super) fn settle(
    execution: &mut Execution,
    outcome: Result<(), CallError>,
    began: Option<bool>,
    price: Option<Price>,
    told_cost: Option<f64>,
) {
    execution.status = match &outcome {
        Ok(()) => Status::Ok,
        Err(error) => match error.kind {
            ErrorKind::Cancelled => Status::Cancelled,
            ErrorKind::Guard | ErrorKind::Budget => Status::Blocked,
            ErrorKind::InterruptedStream => Status::Interrupted,
            _ if began == Some(true) => Status::Interrupted,
            _ => Status::Error,
        },
    };
    execution.error = outcome.err();
    // An answer that was given before has its cost already, which is nothing.
    if !execution.cache.is_hit() {
        let price = price.filter(|_| told_cost.is_none());
        execution.spend = price.and_then(|price| price.spend(&execution.usage));
        execution.cost_usd = told_cost.or_else(|| execution.spend.map(|spend| spend.total()));
    }
    if execution.status == Status::Ok && execution.finish_reason.is_none() {
        execution.finish_reason = Some(FinishReason::Unknown);
    }
}

/// Counts what came of an answer that was not waited for to its end, where the provider did not
/// come to say. What was asked for was read all the same and what came was written, so both are
/// paid for.
pub(super) async fn count_what_came(execution: &mut Execution) {
    let (model, messages) = (execution.model_ref(), execution.messages.clone());
    let mut written = [&*execution.reasoning, &execution.text, &execution.refusal].concat();
    for call in &execution.tool_calls {
        written.push_str(&call.arguments_raw);
    }
    let counted = tokio::task::spawn_blocking(move || {
        let read = tokens::count_messages(&model, &messages).tokens as u64;
        (read, tokens::count(&model, &written).tokens as u64)
    });
    let Ok((read, came)) = counted.await else { return };
    let usage = &mut execution.usage;
    // A provider that tells its count as it goes told it before the last pieces came.
    let output = usage.output_tokens.unwrap_or(0).max(came);
    if usage.input_tokens.is_some() && usage.output_tokens == Some(output) {
        return;
    }
    usage.input_tokens = usage.input_tokens.or(Some(read));
    usage.output_tokens = Some(output);
    usage.estimated = true;
}

/// The record of a call that is about to be sent.
pub(super) fn running(run_id: RunId, spec: CallSpec, now: jiff::Timestamp) -> Execution {
    Execution {
        id: spec.execution_id,
        run_id,
        template: spec.stamp.template,
        version: spec.stamp.version,
        content_hash: spec.stamp.content_hash,
        variant: spec.variant,
        provider: spec.model.provider.clone(),
        model: spec.model.model.clone(),
        response_model: None,
        status: Status::Running,
        inputs: spec.inputs,
        messages: spec.messages,
        text: String::new(),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: None,
        finish_reason_raw: None,
        parameters: SentParameters {
            requested: spec.parameters.to_map(),
            ..SentParameters::default()
        },
        usage: Usage::default(),
        cost_usd: None,
        spend: None,
        timing: Timing::started(now),
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: spec.tags,
        rating: None,
        error: None,
        redactions: Redactions::default(),
    }
}
