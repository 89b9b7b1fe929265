//! When a call may leave for its provider: calls at once, requests and tokens a minute, what the
//! server says of its own limits, and the pause it asked everybody for.

mod adaptive;
mod learned;
mod minute;

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use self::{adaptive::Adaptive, learned::Learned, minute::Minute};
use crate::{config::ProviderLimits, model::ReportedLimits};

/// After a pause calls leave at least this long after one another …
const LEAST_GAP: Duration = Duration::from_millis(50);
/// … and at most this long.
const LONGEST_GAP: Duration = Duration::from_millis(500);

/// Who asks to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// A call that waits in line.
    InLine,
    /// A call that has waited already and tries again: it does not queue up a second time.
    Again,
    /// A call whose wait a person cut short: no pause holds it.
    Now,
}

/// The way out to one provider. Waits in the order of coming; whoever drops the future leaves
/// the line.
#[derive(Debug)]
pub(super) struct Gate {
    state: Mutex<State>,
    /// Told whenever somebody who waits should look again.
    changed: watch::Sender<()>,
    /// Held by whoever is first in line.
    first: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct State {
    under_way: usize,
    /// Calls that wait to try again. They go before those in line.
    returning: usize,
    /// What those under way are thought to take.
    tokens_under_way: u64,
    adaptive: Adaptive,
    minute: Minute,
    learned: Learned,
    pause: Option<Pause>,
}

/// A wait that the server asked one caller for, kept by all of them.
#[derive(Clone, Copy, Debug)]
struct Pause {
    until: Instant,
    /// Between two calls once it is over, until one of them succeeds.
    gap: Duration,
    /// When the next call may leave.
    next: Instant,
    /// The next time to promise to a call that waits to try again.
    promised: Instant,
}

/// What keeps a call from leaving.
enum Held {
    /// Others go first: too many are under way, or one tries again.
    Others,
    Until(Instant),
}

impl Gate {
    pub fn new(limits: ProviderLimits) -> Self {
        let (changed, _) = watch::channel(());
        Self {
            state: Mutex::new(State {
                under_way: 0,
                returning: 0,
                tokens_under_way: 0,
                adaptive: Adaptive::new(limits.concurrency),
                minute: Minute::new(limits.requests_per_minute, limits.tokens_per_minute),
                learned: Learned::default(),
                pause: None,
            }),
            changed,
            first: tokio::sync::Mutex::default(),
        }
    }

    /// Waits until a call that is thought to take this many tokens may leave.
    pub async fn pass(&self, turn: Turn, tokens: u64) -> Permit<'_> {
        let mut changed = self.changed.subscribe();
        let _place = match turn {
            Turn::InLine => Place::InLine { _first: self.first.lock().await },
            Turn::Again | Turn::Now => Place::returning(self),
        };
        loop {
            let held = {
                let now = Instant::now();
                let mut state = self.lock();
                match state.held(now, turn, tokens) {
                    None => {
                        let number = state.leave(now, tokens);
                        return Permit { gate: self, number, tokens, sent: now };
                    }
                    Some(held) => held,
                }
            };
            let timer = async {
                match held {
                    Held::Until(at) => tokio::time::sleep_until(at).await,
                    Held::Others => std::future::pending().await,
                }
            };
            tokio::select! {
                // The sender lives in `self`, so this cannot fail.
                _ = changed.changed() => {}
                () = timer => {}
            }
        }
    }

    /// The server asks for a wait: everybody keeps it. Answers when the caller may try again;
    /// each caller gets a time of its own, so that they do not come back in step.
    pub fn pause(&self, wait: Duration) -> Instant {
        let now = Instant::now();
        let mut state = self.lock();
        let asked = now + wait;
        let gap = (wait / 8).clamp(LEAST_GAP, LONGEST_GAP);
        let pause =
            state.pause.get_or_insert(Pause { until: asked, gap, next: asked, promised: asked });
        pause.until = pause.until.max(asked);
        pause.gap = pause.gap.max(gap);
        pause.next = pause.next.max(asked);
        let at = pause.promised.max(pause.until);
        pause.promised = at + pause.gap;
        drop(state);
        self.changed.send_replace(());
        at
    }

    /// Whether it matters how many tokens a call takes.
    pub fn counts_tokens(&self) -> bool {
        let state = self.lock();
        state.minute.counts_tokens() || state.learned.counts_tokens()
    }

    /// How many calls are under way, and how many may be now.
    pub fn figures(&self) -> (usize, usize) {
        let state = self.lock();
        (state.under_way, state.adaptive.allowed())
    }

    /// Until when no call leaves, if that is ahead.
    pub fn held_until(&self) -> Option<Instant> {
        let now = Instant::now();
        self.lock().free_at(now, 0).filter(|until| *until > now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn held(&mut self, now: Instant, turn: Turn, tokens: u64) -> Option<Held> {
        if self.under_way >= self.adaptive.allowed() || (turn == Turn::InLine && self.returning > 0)
        {
            return Some(Held::Others);
        }
        let until = match turn {
            Turn::Now => None,
            Turn::InLine | Turn::Again => self.free_at(now, tokens),
        };
        until.filter(|&until| until > now).map(Held::Until)
    }

    /// When a call of this many tokens may leave, calls under way aside.
    fn free_at(&mut self, now: Instant, tokens: u64) -> Option<Instant> {
        let paused = self.pause.map(|pause| pause.next.max(pause.until));
        paused.max(self.learned.not_before(now, tokens)).max(self.minute.not_before(now, tokens))
    }

    fn leave(&mut self, now: Instant, tokens: u64) -> u64 {
        self.under_way += 1;
        self.tokens_under_way = self.tokens_under_way.saturating_add(tokens);
        self.learned.enter(tokens);
        if let Some(pause) = &mut self.pause {
            pause.next = now.max(pause.next) + pause.gap;
        }
        self.minute.enter(now, tokens)
    }
}

/// Where a call waits.
enum Place<'a> {
    InLine { _first: tokio::sync::MutexGuard<'a, ()> },
    Returning(&'a Gate),
}

impl<'a> Place<'a> {
    fn returning(gate: &'a Gate) -> Self {
        gate.lock().returning += 1;
        Self::Returning(gate)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if let Self::Returning(gate) = self {
            gate.lock().returning -= 1;
            gate.changed.send_replace(());
        }
    }
}

/// The right to one attempt. It ends when it is dropped.
#[derive(Debug)]
pub(super) struct Permit<'a> {
    gate: &'a Gate,
    number: u64,
    tokens: u64,
    sent: Instant,
}

impl Permit<'_> {
    /// What the head of the reply said.
    pub fn learn(&self, said: ReportedLimits) {
        let mut state = self.gate.lock();
        // This call is in the server's count; the others may not be.
        let others = state.under_way.saturating_sub(1) as u64;
        let tokens = state.tokens_under_way.saturating_sub(self.tokens);
        state.learned.take_in(Instant::now(), said, others, tokens);
        drop(state);
        self.gate.changed.send_replace(());
    }

    /// The call went well and took this many tokens, where that is known.
    pub fn went_well(&self, tokens: Option<u64>) {
        let mut state = self.gate.lock();
        state.adaptive.went_well();
        state.pause = None;
        if let Some(tokens) = tokens {
            state.minute.settle(self.number, tokens);
        }
    }

    /// The server said that this was too much.
    pub fn was_too_much(&self) {
        self.gate.lock().adaptive.was_too_much(self.sent, Instant::now());
    }

    /// The call was not sent after all.
    pub fn unused(self) {
        self.gate.lock().minute.refund(self.number);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        state.under_way -= 1;
        state.tokens_under_way = state.tokens_under_way.saturating_sub(self.tokens);
        drop(state);
        self.gate.changed.send_replace(());
    }
}
