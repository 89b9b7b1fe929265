//! The one retry loop: nothing below it tries anything twice.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::{
    attempt::{Ended, Head, Sending},
    backoff::{Backoff, NextAttempt},
    breaker::Breaker,
    call::Call,
    endpoint::Endpoint,
    limit::{Caller, HeldBy, Hold, Permit, Turn},
    patience::Patience,
    run::{RunEventKind, cancelled},
};
use crate::{
    config::EngineSettings,
    model::{CallError, ErrorKind, Fallback, ModelRef, Timing},
    provider::Provider,
};

/// Tokens an answer is thought to have where nobody says how many it may have.
const USUAL_ANSWER: u64 = 500;

/// What follows a failed attempt.
enum Then {
    Again(Turn),
    End(CallError),
}

impl Call<'_> {
    /// Finds the model's provider and sends to it until an answer came or no attempt is left.
    pub(super) async fn send_to(&mut self, candidate: &Fallback) -> Result<(), CallError> {
        self.ask(&candidate.model);
        let provider = self.provider().await?;
        self.plan(provider.as_ref()).await;
        let endpoint = self.endpoint();
        let backoff = Backoff::new(&self.shared.parts.settings, self.mode);
        let mut turn = Turn::InLine;
        let mut made = 0;
        let mut last: Option<CallError> = None;
        loop {
            made += 1;
            let number = (made, backoff.attempts);
            let ended = self.attempt(provider.as_ref(), &endpoint, turn, candidate, number).await;
            let ended = match (ended, last.take()) {
                (Ok(ended), _) => ended,
                // What happened to this call says more than that it happened to others as well.
                (Err(refused), Some(last)) if refused.kind == ErrorKind::CircuitOpen => {
                    return Err(last.hint(refused.message));
                }
                (Err(error), _) => return Err(error),
            };
            let began = ended.assembly.began();
            let Err(error) = self.came_back(ended).await else { return Ok(()) };
            self.learn(&error).await;
            match self.after(&error, began, made, &backoff, &endpoint).await {
                Then::Again(next) => turn = next,
                Then::End(error) => return Err(error),
            }
            last = Some(error);
        }
    }

    /// Sets money aside for one more attempt where the last one was paid for: what was set aside
    /// for that is spent.
    async fn reserve_again(&mut self, error: &CallError) -> Result<(), CallError> {
        if self.last_paid_usd() <= 0.0 {
            return Ok(());
        }
        let Err(mut refused) = self.reserve().await else { return Ok(()) };
        let model = self.execution.model_ref();
        self.not_even_tried(&model, &refused);
        refused.message = format!(
            "{model} is not asked again: {}; before it: {}",
            refused.message, error.message
        );
        Err(refused)
    }

    async fn provider(&mut self) -> Result<Arc<dyn Provider>, CallError> {
        tokio::select! {
            biased;
            () = self.orders.cancelled() => Err(cancelled()),
            provider = self.shared.parts.providers.provider(&self.execution.provider) => provider,
        }
    }

    /// How long an attempt may take that begins now.
    fn patience(&self) -> Patience {
        let parts = &self.shared.parts;
        let EngineSettings { idle_timeout, total_timeout, .. } = parts.settings;
        // A reply that comes whole is silent until it does.
        let idle = if self.request.stream { idle_timeout } else { total_timeout };
        Patience::new(parts.with_sleep, idle, total_timeout)
    }

    fn endpoint(&self) -> Arc<Endpoint> {
        let parts = &self.shared.parts;
        let name = &self.execution.provider;
        let limits =
            || parts.providers.limits(name).unwrap_or_else(|| parts.settings.limits_of(None));
        self.shared.endpoints.of(name, &parts.settings, || parts.providers.server(name), limits)
    }

    /// Waits for its turn and for the breaker, then sends once. An error means that nothing was
    /// sent.
    async fn attempt(
        &mut self,
        provider: &dyn Provider,
        endpoint: &Endpoint,
        turn: Turn,
        candidate: &Fallback,
        (number, of): (u32, u32),
    ) -> Result<Ended, CallError> {
        let permit = self.turn(endpoint, turn).await?;
        let passage = tokio::select! {
            biased;
            () = self.orders.cancelled() => Err(cancelled()),
            passage = endpoint.breaker.pass() => {
                passage.map_err(|left| {
                    circuit_open(&self.execution.provider, &endpoint.breaker, left)
                })
            }
        };
        let mut passage = match passage {
            Ok(passage) => passage,
            Err(error) => {
                permit.unused();
                return Err(error);
            }
        };
        self.begin().await;
        self.emitter.emit(RunEventKind::Attempt { number, of });
        let mut heard = |head| match head {
            Head::Limits(limits) => permit.learn(limits),
            Head::Success => passage.answered(),
        };
        let timing = Timing::started((self.shared.parts.wall)());
        let sending = Sending {
            provider,
            request: &self.request,
            timeout: candidate.timeout,
            patience: self.patience(),
            meter: self.meter.clone(),
        };
        let ended = self.keeper.attempt(sending, timing, &mut heard, &mut self.orders).await;
        passage.report(ended.verdict());
        match &ended.outcome {
            Ok(()) => permit.went_well(ended.assembly.tokens()),
            Err(error) if is_too_much(error.kind) => permit.was_too_much(),
            Err(_) => {}
        }
        self.execution.attempts.push(ended.attempt(&candidate.model));
        Ok(ended)
    }

    /// Waits for its turn, and tells what holds it back. A person may cut short what the server
    /// asks for, and not what the settings say.
    async fn turn<'e>(
        &mut self,
        endpoint: &'e Endpoint,
        mut turn: Turn,
    ) -> Result<Permit<'e>, CallError> {
        let model = self.execution.model_ref();
        let gate = &endpoint.gate;
        let tokens = if gate.counts_tokens(&model.provider, &model.model) {
            self.expected_tokens(&model).await
        } else {
            0
        };
        let caller = Caller { provider: &model.provider, model: &model.model, tokens };
        let by_server = AtomicBool::new(false);
        let mut told = |hold: Hold| {
            by_server.store(hold.by == HeldBy::Server, Ordering::Relaxed);
            self.emitter.emit(RunEventKind::Held {
                provider: model.provider.clone(),
                for_ms: millis(hold.until.saturating_duration_since(Instant::now())),
                by: hold.by,
            });
        };
        let mut skip = self.orders.another();
        loop {
            let mut permit = std::pin::pin!(gate.pass(turn, caller, &mut told));
            turn = loop {
                tokio::select! {
                    biased;
                    () = self.orders.cancelled() => return Err(cancelled()),
                    () = skip.skipped(), if turn != Turn::Now => {
                        if by_server.load(Ordering::Relaxed) {
                            break Turn::Now;
                        }
                    }
                    permit = &mut permit => return Ok(permit),
                }
            };
        }
    }

    /// What this call is thought to take of a minute's tokens.
    async fn expected_tokens(&self, model: &ModelRef) -> u64 {
        let (messages, parameters) = (&self.request.messages, &self.request.parameters);
        let prompt = self.shared.count_prompt(model, messages, parameters).await.tokens as u64;
        prompt.saturating_add(parameters.max_tokens.map_or(USUAL_ANSWER, u64::from))
    }

    /// Decides what follows a failed attempt, and where that is another one, sets the money for it
    /// aside and waits.
    async fn after(
        &mut self,
        error: &CallError,
        began: bool,
        made: u32,
        backoff: &Backoff,
        endpoint: &Endpoint,
    ) -> Then {
        let chance = (self.shared.parts.chance)();
        // Everybody keeps the wait that one was asked for, even if that one does not go on.
        let paused = backoff.for_all(made, error, chance).map(|wait| endpoint.gate.pause(wait));
        match backoff.next(made, error, began, chance) {
            NextAttempt::None => Then::End(error.clone()),
            NextAttempt::TooLong(asked) => {
                Then::End(too_long(error.clone(), asked, backoff.longest_asked))
            }
            NextAttempt::After(wait) => {
                if let Some(left) = endpoint.breaker.open_for() {
                    let refused = circuit_open(&self.execution.provider, &endpoint.breaker, left);
                    return Then::End(error.clone().hint(refused.message));
                }
                // Whatever the reason, each of those who try again does so at a time of its own.
                let until = paused.unwrap_or_else(|| endpoint.gate.turn_after(wait));
                // Before the wait: nobody is to wait for what is refused then.
                if let Err(refused) = self.reserve_again(error).await {
                    return Then::End(refused);
                }
                self.wait(until, made + 1, backoff.attempts, error).await
            }
        }
    }

    /// Waits for the next attempt.
    async fn wait(&mut self, until: Instant, number: u32, of: u32, error: &CallError) -> Then {
        let wait = until.saturating_duration_since(Instant::now());
        let model = self.execution.model_ref();
        self.keeper.note(&self.execution.attempts, model);
        if wait.is_zero() {
            return Then::Again(Turn::Again);
        }
        self.emitter.emit(RunEventKind::Waiting {
            retry_in_ms: millis(wait),
            number,
            of,
            error: error.clone(),
        });
        let mut skip = self.orders.another();
        // Waiting for the next attempt and writing of the last one go on side by side.
        let writing = async {
            self.keeper.settle().await;
            std::future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            () = self.orders.cancelled() => Then::End(cancelled()),
            () = skip.skipped() => Then::Again(Turn::Now),
            () = tokio::time::sleep_until(until) => Then::Again(Turn::Again),
            () = writing => Then::Again(Turn::Again),
        }
    }
}

/// Whether a server says that it is asked for too much.
const fn is_too_much(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::RateLimit | ErrorKind::Overloaded)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Says in an error that the server asks for more patience than there is.
fn too_long(mut error: CallError, asked: Duration, longest: Duration) -> CallError {
    error.message = format!("{} (it asks to wait {} s)", error.message, asked.as_secs());
    error.hint(format!(
        "that is longer than the {} s waited for; run again later",
        longest.as_secs()
    ))
}

/// The error of a call that the breaker did not let through.
fn circuit_open(provider: &str, breaker: &Breaker, left: Duration) -> CallError {
    let seconds = left.as_millis().div_ceil(1000);
    let how = if breaker.opens_at_once() { "failed" } else { "failed several times in a row" };
    let mut error = CallError::new(
        ErrorKind::CircuitOpen,
        format!("{provider} {how} and is left alone for another {seconds} s"),
    )
    .hint("run again then, or choose another provider");
    error.retry_after_ms = u64::try_from(left.as_millis()).ok();
    error
}
