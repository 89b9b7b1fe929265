//! What is written down of a call: when it leaves, and how it ended.

use crate::model::{
    CacheState, CallError, ErrorKind, Execution, FinishReason, Quality, Redactions, RunId,
    SentParameters, Status, Timing, Usage,
};

use super::run::CallSpec;

/// Writes into a record how its call ended. `began` is whether any of the answer came, `None`
/// where nothing was ever asked.
pub(super) fn settle(
    execution: &mut Execution,
    outcome: Result<(), CallError>,
    began: Option<bool>,
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
    if execution.status == Status::Ok && execution.finish_reason.is_none() {
        execution.finish_reason = Some(FinishReason::Unknown);
    }
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
