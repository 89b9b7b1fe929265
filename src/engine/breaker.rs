//! The circuit breaker of one endpoint: after some failures in a row it is left alone for a
//! while, then one call finds out how it is.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::model::{CallError, ErrorKind};

/// How an endpoint stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Circuit {
    /// Calls go through.
    Closed,
    /// No call goes through until then; the first one after it is the probe.
    Open { until: Instant },
    /// One call finds out whether it answers again; others wait for what it finds.
    Probing,
}

/// What an attempt says of the endpoint itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It answered, be it with a refusal.
    Answers,
    /// It is not there, or not well.
    Fails,
    /// Nothing: the attempt ended on this side.
    Unknown,
}

impl Verdict {
    /// Transport errors, server errors and timeouts count against an endpoint. Whatever it
    /// refuses, limits included, it has answered.
    pub fn of(outcome: &Result<(), CallError>) -> Self {
        let Err(error) = outcome else { return Self::Answers };
        if error.of_this_side {
            return Self::Unknown;
        }
        match error.kind {
            // A conflict or a call that came too early: worth another try, and an answer.
            ErrorKind::Server if matches!(error.http_status, Some(400..=499)) => Self::Answers,
            ErrorKind::Connect
            | ErrorKind::Tls
            | ErrorKind::Timeout
            | ErrorKind::Server
            | ErrorKind::Overloaded
            | ErrorKind::InterruptedStream => Self::Fails,
            ErrorKind::Authentication
            | ErrorKind::Permission
            | ErrorKind::NotFound
            | ErrorKind::InvalidRequest
            | ErrorKind::RequestTooLarge
            | ErrorKind::ContextLength
            | ErrorKind::ContentFilter
            | ErrorKind::RateLimit
            | ErrorKind::Quota => Self::Answers,
            ErrorKind::Redirect
            | ErrorKind::Protocol
            | ErrorKind::ResponseTooLarge
            | ErrorKind::CircuitOpen
            | ErrorKind::Budget
            | ErrorKind::Guard
            | ErrorKind::Cancelled => Self::Unknown,
        }
    }
}

/// The breaker. Time is tokio's.
#[derive(Debug)]
pub(super) struct Breaker {
    /// Failures in a row that open it; 0 never does.
    failures: u32,
    rest: Duration,
    state: Mutex<State>,
    /// Told of every change of [`Circuit`].
    changed: watch::Sender<u64>,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Instant },
    Probing,
}

impl Breaker {
    pub fn new(failures: u32, rest: Duration, changed: watch::Sender<u64>) -> Self {
        Self { failures, rest, state: Mutex::new(State::Closed { failures: 0 }), changed }
    }

    /// Lets a call through, or says how long none is. While a probe is out, waits for it.
    pub async fn pass(&self) -> Result<Passage<'_>, Duration> {
        let mut changed = self.changed.subscribe();
        loop {
            let now = Instant::now();
            {
                let mut state = self.lock();
                match *state {
                    State::Closed { .. } => {
                        return Ok(Passage { breaker: self, probe: false, reported: false });
                    }
                    State::Open { until } if now < until => return Err(until - now),
                    State::Open { .. } => {
                        *state = State::Probing;
                        drop(state);
                        self.tell();
                        return Ok(Passage { breaker: self, probe: true, reported: false });
                    }
                    State::Probing => {}
                }
            }
            // The sender lives in `self`, so this cannot fail.
            let _ = changed.changed().await;
        }
    }

    /// How long it stays open, if it is.
    pub fn open_for(&self) -> Option<Duration> {
        match *self.lock() {
            State::Open { until } => {
                until.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
            }
            State::Closed { .. } | State::Probing => None,
        }
    }

    /// Whether a single failure opens it.
    pub const fn opens_at_once(&self) -> bool {
        self.failures == 1
    }

    /// How it stands.
    pub fn circuit(&self) -> Circuit {
        match *self.lock() {
            State::Closed { .. } => Circuit::Closed,
            State::Open { until } => Circuit::Open { until },
            State::Probing => Circuit::Probing,
        }
    }

    fn report(&self, verdict: Verdict, probe: bool) {
        let mut state = self.lock();
        let next = match (*state, verdict) {
            (State::Closed { failures }, Verdict::Fails) => {
                let failures = failures.saturating_add(1);
                if self.failures > 0 && failures >= self.failures {
                    State::Open { until: Instant::now() + self.rest }
                } else {
                    State::Closed { failures }
                }
            }
            (State::Closed { .. }, Verdict::Answers) => State::Closed { failures: 0 },
            (State::Probing, Verdict::Answers) if probe => State::Closed { failures: 0 },
            (State::Probing, Verdict::Fails) if probe => {
                State::Open { until: Instant::now() + self.rest }
            }
            // A probe that was called off has found nothing: the next call is one.
            (State::Probing, Verdict::Unknown) if probe => State::Open { until: Instant::now() },
            // What was sent before it opened says nothing new.
            (same, _) => same,
        };
        let told = std::mem::discriminant(&*state) != std::mem::discriminant(&next);
        *state = next;
        drop(state);
        if told {
            self.tell();
        }
    }

    fn tell(&self) {
        self.changed.send_modify(|changes| *changes += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One attempt let through; it says what it found, or is dropped and found nothing.
#[derive(Debug)]
pub(super) struct Passage<'a> {
    breaker: &'a Breaker,
    probe: bool,
    reported: bool,
}

impl Passage<'_> {
    /// The head of a success has come. Who waits for a probe need not wait for its end as well;
    /// should it fail all the same, that opens the breaker again.
    pub fn answered(&mut self) {
        if self.probe {
            self.probe = false;
            *self.breaker.lock() =
                State::Closed { failures: self.breaker.failures.saturating_sub(1) };
            self.breaker.tell();
        }
    }

    pub fn report(mut self, verdict: Verdict) {
        self.reported = true;
        self.breaker.report(verdict, self.probe);
    }
}

impl Drop for Passage<'_> {
    fn drop(&mut self) {
        if !self.reported {
            self.breaker.report(Verdict::Unknown, self.probe);
        }
    }
}
