//! A call's way: wait for a turn, record that it runs, send with retries, stream, record how it
//! ended. Every step is in a file of its own; `call` reads like this line.

mod account;
mod assembly;
mod attempt;
mod backoff;
mod breaker;
mod budget;
mod cache;
mod call;
mod endpoint;
mod estimate;
mod fallback;
mod forward;
mod guard;
mod keeping;
mod learned;
mod limit;
mod meter;
mod parts;
mod patience;
mod queue;
mod record;
mod recover;
mod retry;
mod run;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use tokio::sync::watch;

pub use account::count_cut_off;
pub use backoff::{Backoff, NextAttempt};
pub use breaker::Circuit;
pub use budget::{Ledger, Money};
pub use cache::Answers;
pub use endpoint::EndpointStatus;
pub use estimate::{Estimate, Expected, OutputFrom, estimate};
pub use forward::{Played, forward};
pub use guard::Safeguards;
pub use learned::Capabilities;
pub use limit::HeldBy;
pub use parts::{AnswerFacts, EngineParts, Providers, Recorder};
pub use recover::Expectations;
pub use run::{CallSpec, Mode, RunEvent, RunEventKind, RunHandle, RunSpec};

use crate::model::{ChunkLog, ExecutionId, ModelRef};
use budget::Asked;
use cache::Cache;
use endpoint::Endpoints;
use keeping::Unkept;

/// Runs calls. Cheap to clone; all clones share their limits.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    parts: EngineParts,
    cache: Cache,
    endpoints: Endpoints,
    /// How many calls have not been recorded to their end.
    active: watch::Sender<usize>,
    unkept: Unkept,
}

impl Engine {
    /// An engine over these parts.
    #[must_use]
    pub fn new(parts: EngineParts) -> Self {
        let cache = Cache {
            answers: Arc::clone(&parts.answers),
            settings: parts.cache.clone(),
            wall: parts.wall,
        };
        let (active, _) = watch::channel(0);
        let endpoints = Endpoints::new();
        let unkept = Unkept::default();
        Self { shared: Arc::new(Shared { parts, cache, endpoints, active, unkept }) }
    }

    /// When the pieces of an answer came whose record could not be written at its end.
    #[must_use]
    pub fn unkept_chunks(&self, execution: ExecutionId) -> Option<ChunkLog> {
        self.shared.unkept.chunks(execution)
    }

    /// Starts the calls of a run, all at once as far as the limits allow. Dropping the handle
    /// cancels what has not ended; what was received by then is still recorded.
    #[must_use]
    pub fn start(&self, run: RunSpec) -> RunHandle {
        let asks_again = run.calls.iter().any(|call| call.expectations.recovery.on);
        let queue = Arc::new(queue::Queue::default());
        let mut controls = Vec::with_capacity(run.calls.len());
        let repeats = cache::repeats(&run.calls);
        for (spec, repeat) in run.calls.into_iter().zip(repeats) {
            let (control, orders) = run::control(spec.execution_id);
            controls.push(control);
            let emitter = queue::Emitter::new(&queue, run.run_id, &spec);
            let guard = ActiveGuard::new(&self.shared.active);
            let shared = Arc::clone(&self.shared);
            let mode = run.mode;
            tokio::spawn(async move {
                call::run(&shared, run.run_id, mode, spec, repeat, emitter, orders).await;
                drop(guard);
            });
        }
        RunHandle::new(run.run_id, queue, controls, asks_again)
    }

    /// What the calls of a run that a person waits for will cost, as far as that is known before
    /// they are sent; at most with all their attempts, the models they may turn to, and what
    /// recovery may ask.
    pub async fn estimates(&self, calls: &[CallSpec]) -> Vec<Estimate> {
        let mut estimates = Vec::with_capacity(calls.len());
        for (spec, repeat) in calls.iter().zip(cache::repeats(calls)) {
            estimates.push(self.estimate(spec, repeat).await);
        }
        estimates
    }

    async fn estimate(&self, spec: &CallSpec, repeat: u32) -> Estimate {
        let estimate = self.estimate_with(spec, &spec.model).await;
        if let Some(question) = self.shared.question(spec, repeat).await
            && self.shared.cache.find(&question).await.is_some()
        {
            return estimate.from_cache();
        }
        let mut fallback = Vec::with_capacity(spec.fallback.len());
        for next in &spec.fallback {
            fallback.push(self.estimate_with(spec, &next.model).await);
        }
        let attempts = Backoff::new(&self.shared.parts.settings, Mode::Interactive).attempts;
        let recovery = &spec.expectations.recovery;
        let recoveries = if recovery.on { recovery.max } else { 0 };
        estimate.with_all_that_may_follow(&fallback, attempts, recoveries)
    }

    /// What a call will cost with a model that it is for or may turn to.
    async fn estimate_with(&self, spec: &CallSpec, model: &ModelRef) -> Estimate {
        let shared = &self.shared;
        let parameters = shared.parameters_sent(model, &spec.parameters, &spec.without).await;
        let asked = Asked {
            model,
            template: spec.stamp.template.as_ref(),
            messages: &spec.messages,
            parameters: &parameters,
            stream: spec.stream,
        };
        shared.estimate(asked).await
    }

    /// How every provider that was called stands, by name.
    #[must_use]
    pub fn endpoints(&self) -> Vec<EndpointStatus> {
        self.shared.endpoints.statuses()
    }

    /// Told whenever a provider's circuit opens, is probed or closes.
    #[must_use]
    pub fn endpoint_changes(&self) -> watch::Receiver<u64> {
        self.shared.endpoints.changes()
    }

    /// How many calls have not ended yet.
    #[must_use]
    pub fn active(&self) -> usize {
        *self.shared.active.borrow()
    }

    /// Waits until no call is left whose end is not recorded.
    pub async fn idle(&self) {
        // The sender lives in `self`, so this cannot fail.
        let _ = self.shared.active.subscribe().wait_for(|active| *active == 0).await;
    }
}

/// Counts one call for as long as it lives, even if its task is dropped half-way.
struct ActiveGuard {
    active: watch::Sender<usize>,
}

impl ActiveGuard {
    fn new(active: &watch::Sender<usize>) -> Self {
        active.send_modify(|count| *count += 1);
        Self { active: active.clone() }
    }
}

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        self.active.send_modify(|count| *count -= 1);
    }
}
