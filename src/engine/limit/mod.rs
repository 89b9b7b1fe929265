//! When a call may leave for its server: calls at once, requests and tokens a minute, what the
//! server says of its own limits, and the pause it asked everybody for. What the settings say
//! holds for each of their entries, what a server is found to stand for all that lead to it, and
//! what its headers say for the model they speak of.

mod adaptive;
mod learned;
mod minute;
mod pace;
mod state;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{OwnedMutexGuard, watch},
    time::Instant,
};

use self::state::{Held, State};
use crate::{config::ProviderLimits, model::ReportedLimits};

/// After a pause calls leave at least this long after one another …
const LEAST_GAP: Duration = Duration::from_millis(50);
/// … and at most this long.
const LONGEST_GAP: Duration = Duration::from_millis(500);
/// A hold is told once it is at least this long, and again when it changes by as much.
const WORTH_TELLING: Duration = Duration::from_millis(500);

/// Who asks to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A call that waits in line.
    InLine,
    /// A call that has waited already and tries again: it does not queue up a second time.
    Again,
    /// A call whose wait a person cut short: nothing that the server said holds it.
    Now,
}

/// Whose limit holds a call back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// The settings': nothing goes past it.
    Settings,
    /// The server's, as far as that is known: a person may try all the same.
    Server,
}

/// What holds a call back for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hold {
    pub until: Instant,
    pub by: HeldBy,
}

/// What a call is limited by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'a> {
    /// The provider's name in the settings.
    pub provider: &'a str,
    pub model: &'a str,
    /// What it is thought to take.
    pub tokens: u64,
}

/// Calls of one entry for one model, in the order of their coming.
type Line = Arc<tokio::sync::Mutex<()>>;

/// The way out to one server. Waits in the order of coming; whoever drops the future leaves
/// the line.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Told whenever somebody who waits should look again.
    changed: watch::Sender<()>,
    /// Held by whoever is first: one model's limit holds up no other model.
    lines: Mutex<HashMap<(String, String), Line>>,
}

impl Gate {
    pub fn new() -> Self {
        let (changed, _) = watch::channel(());
        Self { state: Mutex::new(State::new()), changed, lines: Mutex::default() }
    }

    /// An entry of the settings leads here.
    pub fn admit(&self, provider: &str, limits: ProviderLimits) {
        self.lock().admit(provider, limits);
    }

    /// Waits until a call may leave. `told` hears of what holds it back for a while, also while
    /// others are before it.
    pub async fn pass(
        &self,
        turn: Turn,
        caller: Caller<'_>,
        told: &mut (dyn FnMut(Hold) + Send),
    ) -> Permit<'_> {
        let mut changed = self.changed.subscribe();
        let mut telling = Telling { last: None, told };
        let place = match turn {
            Turn::InLine => {
                Place::InLine { _first: self.first(caller, &mut changed, &mut telling).await }
            }
            Turn::Again | Turn::Now => Place::returning(self, caller),
        };
        loop {
            let held = {
                let now = Instant::now();
                let mut state = self.lock();
                if let Place::Returning { number, .. } = &place
                    && state.look_at(*number, now, turn, caller)
                {
                    self.changed.send_replace(());
                }
                match state.held(now, turn, caller) {
                    None => {
                        let number = state.leave(now, caller);
                        return Permit {
                            gate: self,
                            provider: caller.provider.to_owned(),
                            model: caller.model.to_owned(),
                            number,
                            tokens: caller.tokens,
                            sent: now,
                        };
                    }
                    Some(held) => held,
                }
            };
            let until = match held {
                Held::Until(hold) => {
                    telling.tell(hold);
                    Some(hold.until)
                }
                Held::Others => None,
            };
            tokio::select! {
                // The sender lives in `self`, so this cannot fail.
                _ = changed.changed() => {}
                () = reached(until) => {}
            }
        }
    }

    /// Waits to be the first of its line.
    async fn first(
        &self,
        caller: Caller<'_>,
        changed: &mut watch::Receiver<()>,
        telling: &mut Telling<'_>,
    ) -> OwnedMutexGuard<()> {
        let line = {
            let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
            let key = (caller.provider.to_owned(), caller.model.to_owned());
            Arc::clone(lines.entry(key).or_default())
        };
        let mut first = std::pin::pin!(line.lock_owned());
        loop {
            let hold = self.lock().hold(Instant::now(), Turn::InLine, caller);
            tokio::select! {
                biased;
                first = &mut first => return first,
                // The sender lives in `self`, so this cannot fail.
                _ = changed.changed() => {}
                () = reached(hold.map(|hold| hold.until)) => {}
                () = std::future::ready(()), if telling.would_tell(hold) => {
                    if let Some(hold) = hold {
                        telling.tell(hold);
                    }
                }
            }
        }
    }

    /// The server asks for a wait: everybody keeps it. Answers when the caller may try again;
    /// each caller gets a time of its own, so that they do not come back in step.
    pub fn pause(&self, wait: Duration) -> Instant {
        let at = self.lock().pause(Instant::now(), wait);
        self.changed.send_replace(());
        at
    }

    /// A call waits to try again after a failure that says nothing of the others: it gets a
    /// time of its own, and nobody else waits for it.
    pub fn turn_after(&self, wait: Duration) -> Instant {
        self.lock().turn_after(Instant::now(), wait)
    }

    /// Whether it matters how many tokens a call takes.
    pub fn counts_tokens(&self, provider: &str, model: &str) -> bool {
        self.lock().counts_tokens(provider, model)
    }

    /// How many calls are under way, and how many may be now.
    pub fn figures(&self) -> (usize, usize) {
        self.lock().figures()
    }

    /// Until when no call of an entry leaves, for whichever of the models that were asked, if that
    /// is ahead.
    pub fn held_until(&self, provider: &str) -> Option<Instant> {
        self.lock().held_until(Instant::now(), provider)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was told of a hold.
struct Telling<'a> {
    last: Option<Hold>,
    told: &'a mut (dyn FnMut(Hold) + Send),
}

impl Telling<'_> {
    fn would_tell(&self, hold: Option<Hold>) -> bool {
        let Some(hold) = hold else { return false };
        let long = hold.until.saturating_duration_since(Instant::now()) >= WORTH_TELLING;
        let new = self.last.is_none_or(|last| {
            last.by != hold.by
                || last.until.max(hold.until) - last.until.min(hold.until) >= WORTH_TELLING
        });
        long && new
    }

    fn tell(&mut self, hold: Hold) {
        if self.would_tell(Some(hold)) {
            self.last = Some(hold);
            (self.told)(hold);
        }
    }
}

async fn reached(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Where a call waits.
enum Place<'a> {
    InLine { _first: OwnedMutexGuard<()> },
    Returning { gate: &'a Gate, number: u64 },
}

impl<'a> Place<'a> {
    fn returning(gate: &'a Gate, caller: Caller<'_>) -> Self {
        let number = gate.lock().returns(caller);
        Self::Returning { gate, number }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Self::Returning { gate, number } = self {
            gate.lock().returns_no_more(*number);
            gate.changed.send_replace(());
        }
    }
}

/// The right to one attempt. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    gate: &'a Gate,
    provider: String,
    model: String,
    number: u64,
    tokens: u64,
    sent: Instant,
}

impl Permit<'_> {
    /// What the head of the reply said.
    pub fn learn(&self, said: ReportedLimits) {
        self.gate.lock().learn(Instant::now(), &self.model, said, self.tokens);
        self.gate.changed.send_replace(());
    }

    /// The call went well and took this many tokens, where that is known.
    pub fn went_well(&self, tokens: Option<u64>) {
        let mut state = self.gate.lock();
        state.went_well(self.sent, &self.model);
        if let Some(tokens) = tokens {
            state.settle(Instant::now(), self.number, self.caller(), tokens);
        }
        drop(state);
        self.gate.changed.send_replace(());
    }

    /// The server said that this was too much.
    pub fn was_too_much(&self) {
        self.gate.lock().was_too_much(self.sent, Instant::now(), &self.model);
    }

    /// The call was not sent after all.
    pub fn unused(self) {
        self.gate.lock().refund(self.number, &self.provider);
    }

    fn caller(&self) -> Caller<'_> {
        Caller { provider: &self.provider, model: &self.model, tokens: self.tokens }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.gate.lock().came_back(self.caller());
        self.gate.changed.send_replace(());
    }
}
