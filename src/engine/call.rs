//! One call from its turn to its record.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

use super::{
    Shared,
    assembly::Assembly,
    backoff::{Backoff, NextAttempt},
    parts::Recorder,
    queue::Emitter,
    run::{CallSpec, Mode, Obey, RunEventKind},
};
use crate::{
    model::{
        Attempt, AttemptStatus, CacheState, CallError, ChatRequest, ChunkLog, ErrorKind, Execution,
        ExecutionId, FinishReason, Price, Quality, RunId, SentParameters, Status, Timing, Usage,
    },
    provider::Provider,
    store::StoreError,
};

/// A call on its way.
struct Call<'a> {
    shared: &'a Shared,
    emitter: &'a Emitter,
    execution: Execution,
}

/// How one attempt ended: what was said, and what came by then.
struct Ended {
    outcome: Result<(), CallError>,
    assembly: Assembly,
    at: Instant,
}

/// Runs one call to its end and tells of it.
pub(super) async fn run(
    shared: &Arc<Shared>,
    run_id: RunId,
    mode: Mode,
    spec: CallSpec,
    emitter: Emitter,
    mut orders: Obey,
) {
    let request = ChatRequest {
        model: spec.model.model.clone(),
        messages: spec.messages.clone(),
        parameters: spec.parameters.clone(),
        stream: spec.stream,
    };
    let execution = running(run_id, spec, (shared.parts.wall)());
    let mut call = Call { shared, emitter: &emitter, execution };
    emitter.emit(RunEventKind::Queued);
    let turn = tokio::select! {
        biased;
        () = orders.cancelled() => None,
        turn = shared.limits.turn(&call.execution.provider) => turn,
    };
    if turn.is_none() {
        return call.end(Err(cancelled()), None, ChunkLog::default()).await;
    }
    let provider = tokio::select! {
        biased;
        () = orders.cancelled() => Err(cancelled()),
        provider = shared.parts.providers.provider(&call.execution.provider) => provider,
    };
    let provider = match provider {
        Ok(provider) => provider,
        Err(error) => return call.end(Err(error), None, ChunkLog::default()).await,
    };
    call.execution.parameters = provider.plan(&request);
    call.begin().await;
    let ended = call.attempts(provider.as_ref(), &request, mode, &mut orders).await;
    let began = ended.assembly.began();
    let chunks = ended.assembly.finish(&mut call.execution, ended.at);
    call.end(ended.outcome, Some(began), chunks).await;
}

impl Call<'_> {
    /// Records that the call is about to leave.
    async fn begin(&self) {
        if let Err(error) = self.shared.parts.recorder.begin(&self.execution).await {
            self.not_saved(&error);
        }
    }

    fn not_saved(&self, error: &StoreError) {
        self.emitter.emit(RunEventKind::NotSaved { reason: error.to_string() });
    }

    /// The one retry loop.
    async fn attempts(
        &mut self,
        provider: &dyn Provider,
        request: &ChatRequest,
        mode: Mode,
        orders: &mut Obey,
    ) -> Ended {
        let backoff = Backoff::new(&self.shared.parts.settings, mode);
        let mut made = 0;
        loop {
            made += 1;
            self.emitter.emit(RunEventKind::Attempt { number: made, of: backoff.attempts });
            let started_at = (self.shared.parts.wall)();
            let started = Instant::now();
            let mut ended =
                self.attempt(provider, request, Timing::started(started_at), started, orders).await;
            self.execution.attempts.push(Attempt {
                provider: self.execution.provider.clone(),
                model: self.execution.model.clone(),
                started_at,
                duration_ms: u64::try_from((ended.at - started).as_millis()).unwrap_or(u64::MAX),
                status: AttemptStatus::of(&ended.outcome),
                error: ended.outcome.as_ref().err().cloned(),
            });
            let Err(error) = &mut ended.outcome else { return ended };
            let chance = (self.shared.parts.chance)();
            match backoff.next(made, error, ended.assembly.began(), chance) {
                NextAttempt::None => return ended,
                NextAttempt::TooLong(asked) => {
                    error.message =
                        format!("{} (it asks to wait {} s)", error.message, asked.as_secs());
                    error.hint = Some(format!(
                        "that is longer than the {} s waited for; run again later",
                        backoff.longest_asked.as_secs()
                    ));
                    return ended;
                }
                NextAttempt::After(wait) => {
                    if !self.wait(wait, made + 1, backoff.attempts, error, orders).await {
                        ended.outcome = Err(cancelled());
                        return ended;
                    }
                }
            }
        }
    }

    /// Waits for the next attempt; `false` when it was cancelled meanwhile.
    async fn wait(
        &self,
        wait: Duration,
        number: u32,
        of: u32,
        error: &CallError,
        orders: &mut Obey,
    ) -> bool {
        self.emitter.emit(RunEventKind::Waiting {
            retry_in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            number,
            of,
            error: error.clone(),
        });
        let mut skip = orders.another();
        tokio::select! {
            biased;
            () = orders.cancelled() => false,
            () = skip.skipped() => true,
            () = tokio::time::sleep(wait) => true,
        }
    }

    /// Sends once, telling what comes and keeping it as it comes. Keeping never holds up the
    /// stream: a slow disk delays checkpoints, not text.
    async fn attempt(
        &self,
        provider: &dyn Provider,
        request: &ChatRequest,
        timing: Timing,
        started: Instant,
        orders: &mut Obey,
    ) -> Ended {
        let assembly = Mutex::new(Assembly::new(started, timing));
        let grown = Notify::new();
        let outcome = {
            let mut receive = |event| {
                let mut assembly = lock(&assembly);
                let due_before = assembly.keep_by();
                let told = assembly.take(event, Instant::now());
                let due = assembly.keep_by();
                drop(assembly);
                if due != due_before {
                    grown.notify_one();
                }
                if let Some(kind) = told {
                    self.emitter.emit(kind);
                }
            };
            let mut answer = provider.call(request, &mut receive);
            let mut keeping = Keeping::default();
            loop {
                let due = lock(&assembly).keep_by().filter(|_| keeping.is_idle());
                tokio::select! {
                    biased;
                    () = orders.cancelled() => break Err(cancelled()),
                    outcome = &mut answer => break outcome,
                    kept = keeping.done() => {
                        if let Err(error) = kept {
                            self.not_saved(&error);
                        }
                    }
                    () = grown.notified() => {}
                    () = until(due) => {
                        let checkpoint = lock(&assembly).checkpoint();
                        let recorder = Arc::clone(&self.shared.parts.recorder);
                        keeping.start(recorder, self.execution.id, checkpoint);
                    }
                }
            }
        };
        let at = Instant::now();
        let assembly = assembly.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ended { outcome, assembly, at }
    }

    /// Records how it ended and tells so. `began` is whether any of the answer came, `None`
    /// where nothing was ever asked.
    async fn end(mut self, outcome: Result<(), CallError>, began: Option<bool>, chunks: ChunkLog) {
        let model = self.execution.model_ref();
        let price = self.shared.parts.providers.price(&model, &self.execution.usage);
        settle(&mut self.execution, outcome, began, price);
        if let Err(error) = self.shared.parts.recorder.finish(&self.execution, &chunks).await {
            self.not_saved(&error);
        }
        self.emitter.emit(RunEventKind::Finished(Box::new(self.execution)));
    }
}

/// A checkpoint being written, if one is.
#[derive(Default)]
struct Keeping(Option<Writing>);

type Writing = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

impl Keeping {
    const fn is_idle(&self) -> bool {
        self.0.is_none()
    }

    fn start(
        &mut self,
        recorder: Arc<dyn Recorder>,
        id: ExecutionId,
        checkpoint: crate::store::Checkpoint,
    ) {
        self.0 = Some(Box::pin(async move { recorder.checkpoint(id, checkpoint).await }));
    }

    /// Resolves when it is written; never while there is none.
    async fn done(&mut self) -> Result<(), StoreError> {
        match &mut self.0 {
            Some(writing) => {
                let result = writing.await;
                self.0 = None;
                result
            }
            None => std::future::pending().await,
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}

fn lock(assembly: &Mutex<Assembly>) -> MutexGuard<'_, Assembly> {
    assembly.lock().unwrap_or_else(PoisonError::into_inner)
}

fn cancelled() -> CallError {
    CallError::new(ErrorKind::Cancelled, "cancelled")
}

/// Writes into a record how its call ended, and what that cost.
pub(super) fn settle(
    execution: &mut Execution,
    outcome: Result<(), CallError>,
    began: Option<bool>,
    price: Option<Price>,
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
    execution.cost_usd = price.and_then(|price| price.cost(&execution.usage));
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
        timing: Timing::started(now),
        attempts: Vec::new(),
        cache: CacheState::Off,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: spec.tags,
        rating: None,
        error: None,
    }
}
