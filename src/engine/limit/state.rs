//! What a gate knows: who is under way, what may go, and since when what is held back.

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use tokio::time::Instant;

use super::{
    Caller, HeldBy, Hold, LEAST_GAP, LONGEST_GAP, Turn, adaptive::Adaptive, learned::Learned,
    minute::Minute, pace::Pace,
};
use crate::{config::ProviderLimits, model::ReportedLimits};

/// Everything known of one server's limits.
#[derive(Debug)]
pub(super) struct State {
    under_way: usize,
    /// Calls that wait to try again, by their number. They go before those in line.
    returning: BTreeMap<u64, Returning>,
    /// Counts the calls that waited to try again.
    returned: u64,
    /// Calls at once that the server stands, whoever makes them.
    adaptive: Adaptive,
    /// What all entries together may send: as much as the one that may send the most.
    minute: Minute,
    /// By the name of the entry in the settings.
    entries: HashMap<String, Entry>,
    /// By model.
    models: HashMap<String, OfModel>,
    pause: Option<Pause>,
    /// The next time to promise to a call that waits to try again.
    promised: Option<Instant>,
    /// Counts the calls that left.
    number: u64,
}

/// What the settings allow one of their entries.
#[derive(Debug)]
struct Entry {
    limits: ProviderLimits,
    under_way: usize,
    minute: Minute,
}

/// What is known of one model's limits.
#[derive(Debug)]
struct OfModel {
    under_way: usize,
    /// What those under way are thought to take.
    tokens_under_way: u64,
    learned: Learned,
    requests: Pace,
    tokens: Pace,
}

/// A call that waits to try again, and what of its own holds it: it goes first only among those
/// who could take its place.
#[derive(Debug)]
struct Returning {
    provider: String,
    model: String,
    by: Own,
}

/// Whether the limits of its entry or of its model hold a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Own {
    entry: bool,
    model: bool,
}

impl Returning {
    fn goes_before(&self, caller: Caller<'_>) -> bool {
        let Own { entry, model } = self.by;
        (!entry && !model)
            || (entry && self.provider == caller.provider)
            || (model && self.model == caller.model)
    }
}

/// A wait that the server asked one caller for, kept by all of them.
#[derive(Clone, Copy, Debug)]
struct Pause {
    /// When it was asked for last.
    asked_at: Instant,
    until: Instant,
    /// Between two calls once it is over, until one of them succeeds.
    gap: Duration,
    /// When the next call may leave.
    next: Instant,
}

/// What keeps a call from leaving.
pub(super) enum Held {
    /// Others go first: too many are under way, or one tries again.
    Others,
    Until(Hold),
}

impl State {
    pub fn new() -> Self {
        Self {
            under_way: 0,
            returning: BTreeMap::new(),
            returned: 0,
            adaptive: Adaptive::new(1),
            minute: Minute::new(None, None),
            entries: HashMap::new(),
            models: HashMap::new(),
            pause: None,
            promised: None,
            number: 0,
        }
    }

    pub fn admit(&mut self, provider: &str, limits: ProviderLimits) {
        let (requests, tokens) = (limits.requests_per_minute, limits.tokens_per_minute);
        let entry = Entry { limits, under_way: 0, minute: Minute::new(requests, tokens) };
        self.entries.insert(provider.to_owned(), entry);
        self.adaptive.may_reach(limits.concurrency);
        // Without a limit of one there is none of all.
        let most = |of: fn(&ProviderLimits) -> Option<u64>| -> Option<u64> {
            self.entries
                .values()
                .map(|entry| of(&entry.limits))
                .reduce(|one, other| Some(one?.max(other?)))
                .flatten()
        };
        let requests = most(|limits| limits.requests_per_minute);
        let tokens = most(|limits| limits.tokens_per_minute);
        self.minute.allow(requests, tokens);
    }

    fn of_model(&mut self, model: &str) -> &mut OfModel {
        self.models.entry(model.to_owned()).or_insert_with(|| OfModel {
            under_way: 0,
            tokens_under_way: 0,
            learned: Learned::default(),
            requests: Pace::new(Instant::now()),
            tokens: Pace::new(Instant::now()),
        })
    }

    /// A call waits from now on to try again. Its number among those.
    pub fn returns(&mut self, caller: Caller<'_>) -> u64 {
        self.returned += 1;
        let (provider, model) = (caller.provider.to_owned(), caller.model.to_owned());
        self.returning.insert(self.returned, Returning { provider, model, by: Own::default() });
        self.returned
    }

    /// A call waits no longer to try again.
    pub fn returns_no_more(&mut self, number: u64) {
        self.returning.remove(&number);
    }

    /// Looks which of its own limits hold a call that waits to try again. Whether that changed,
    /// so that others may go which could not, or the other way round.
    pub fn look_at(&mut self, number: u64, now: Instant, turn: Turn, caller: Caller<'_>) -> bool {
        let tokens = caller.tokens;
        let late = |until: Option<Instant>| until.is_some_and(|until| until > now);
        let entry = self.entries.get_mut(caller.provider).is_some_and(|entry| {
            entry.under_way >= entry.limits.concurrency.max(1)
                || late(entry.minute.not_before(now, tokens))
        });
        let model =
            turn != Turn::Now && late(self.of_model(caller.model).learned.not_before(now, tokens));
        let by = Own { entry, model };
        self.returning
            .get_mut(&number)
            .is_some_and(|returning| std::mem::replace(&mut returning.by, by) != by)
    }

    /// What keeps a call from leaving now.
    pub fn held(&mut self, now: Instant, turn: Turn, caller: Caller<'_>) -> Option<Held> {
        let entry = self.entries.get(caller.provider);
        let full = entry.is_some_and(|entry| entry.under_way >= entry.limits.concurrency.max(1));
        if full
            || self.under_way >= self.adaptive.allowed()
            || (turn == Turn::InLine && self.returning.values().any(|it| it.goes_before(caller)))
        {
            return Some(Held::Others);
        }
        self.hold(now, turn, caller).map(Held::Until)
    }

    /// What holds a call back for some time, calls under way aside.
    pub fn hold(&mut self, now: Instant, turn: Turn, caller: Caller<'_>) -> Option<Hold> {
        let tokens = caller.tokens;
        let own = self.entries.get_mut(caller.provider);
        let own = own.and_then(|entry| entry.minute.not_before(now, tokens));
        let settings = own.max(self.minute.not_before(now, tokens));
        let server = match turn {
            Turn::Now => None,
            Turn::InLine | Turn::Again => {
                let paused = self.pause.map(|pause| pause.next.max(pause.until));
                let model = self.of_model(caller.model);
                let said = paused.max(model.learned.not_before(now, tokens));
                // One that tries again has kept a distance of its own already.
                let paced = (turn == Turn::InLine)
                    .then(|| model.requests.not_before(now).max(model.tokens.not_before(now)));
                said.max(paced.flatten())
            }
        };
        let by = if settings >= server { HeldBy::Settings } else { HeldBy::Server };
        let until = settings.max(server).filter(|&until| until > now)?;
        Some(Hold { until, by })
    }

    /// A call leaves now. Its number.
    pub fn leave(&mut self, now: Instant, caller: Caller<'_>) -> u64 {
        self.number += 1;
        let (number, tokens) = (self.number, caller.tokens);
        self.under_way += 1;
        self.minute.enter(number, now, tokens);
        if let Some(entry) = self.entries.get_mut(caller.provider) {
            entry.under_way += 1;
            entry.minute.enter(number, now, tokens);
        }
        let model = self.of_model(caller.model);
        model.under_way += 1;
        model.tokens_under_way = model.tokens_under_way.saturating_add(tokens);
        model.learned.enter(tokens);
        model.requests.enter(now, 1);
        model.tokens.enter(now, tokens);
        if let Some(pause) = &mut self.pause {
            pause.next = now.max(pause.next) + pause.gap;
        }
        number
    }

    /// A call that had left is under way no more.
    pub fn came_back(&mut self, caller: Caller<'_>) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(entry) = self.entries.get_mut(caller.provider) {
            entry.under_way = entry.under_way.saturating_sub(1);
        }
        let model = self.of_model(caller.model);
        model.under_way = model.under_way.saturating_sub(1);
        model.tokens_under_way = model.tokens_under_way.saturating_sub(caller.tokens);
    }

    /// A call that had left was not sent after all.
    pub fn refund(&mut self, number: u64, provider: &str) {
        self.minute.refund(number);
        if let Some(entry) = self.entries.get_mut(provider) {
            entry.minute.refund(number);
        }
    }

    /// What the head of a reply to a call of so many tokens said.
    pub fn learn(&mut self, now: Instant, model: &str, said: ReportedLimits, tokens: u64) {
        let model = self.of_model(model);
        // This call is in the server's count; the others may not be.
        let others = model.under_way.saturating_sub(1) as u64;
        let of_others = model.tokens_under_way.saturating_sub(tokens);
        model.learned.take_in(now, said, others, of_others);
        if let Some(ceiling) = said.requests.and_then(Learned::a_minute) {
            model.requests.know(ceiling);
        }
        if let Some(ceiling) = said.tokens.and_then(Learned::a_minute) {
            model.tokens.know(ceiling);
        }
    }

    /// A call sent at `sent` went well.
    pub fn went_well(&mut self, sent: Instant, model: &str) {
        self.adaptive.went_well(sent);
        let model = self.of_model(model);
        model.requests.went_well(sent);
        model.tokens.went_well(sent);
        // One that had left before the server asked for the pause says nothing against it.
        if self.pause.is_some_and(|pause| sent > pause.asked_at) {
            self.pause = None;
        }
    }

    /// Puts what a call really took in the place of what was thought.
    pub fn settle(&mut self, now: Instant, number: u64, caller: Caller<'_>, tokens: u64) {
        self.minute.settle(number, tokens);
        if let Some(entry) = self.entries.get_mut(caller.provider) {
            entry.minute.settle(number, tokens);
        }
        let more = tokens.saturating_sub(caller.tokens);
        self.of_model(caller.model).tokens.correct(now, more);
    }

    /// The server said that a call sent at `sent` was too much.
    pub fn was_too_much(&mut self, sent: Instant, now: Instant, model: &str) {
        self.adaptive.was_too_much(sent, now);
        let model = self.of_model(model);
        model.requests.was_too_much(sent, now);
        model.tokens.was_too_much(sent, now);
    }

    /// Everybody waits this long. When the one who was asked may try again.
    pub fn pause(&mut self, now: Instant, wait: Duration) -> Instant {
        let (until, gap) = (now + wait, gap(wait));
        let new = Pause { asked_at: now, until, gap, next: until };
        let pause = self.pause.get_or_insert(new);
        pause.asked_at = now;
        pause.until = pause.until.max(until);
        pause.gap = pause.gap.max(gap);
        pause.next = pause.next.max(until);
        let (until, gap) = (pause.until, pause.gap);
        self.promise(until, gap)
    }

    /// When a call that alone waits this long may try again.
    pub fn turn_after(&mut self, now: Instant, wait: Duration) -> Instant {
        self.promise(now + wait, gap(wait))
    }

    /// The first time from one on that no other call was promised.
    fn promise(&mut self, from: Instant, gap: Duration) -> Instant {
        let at = self.promised.map_or(from, |next| next.max(from));
        self.promised = Some(at + gap);
        at
    }

    pub fn counts_tokens(&self, provider: &str, model: &str) -> bool {
        self.entries.get(provider).is_some_and(|entry| entry.minute.counts_tokens())
            || self
                .models
                .get(model)
                .is_some_and(|model| model.learned.counts_tokens() || model.tokens.is_kept())
    }

    pub const fn figures(&self) -> (usize, usize) {
        (self.under_way, self.adaptive.allowed())
    }

    pub fn held_until(&mut self, now: Instant, provider: &str) -> Option<Instant> {
        let own = self.entries.get_mut(provider);
        let own = own.and_then(|entry| entry.minute.not_before(now, 0));
        let paused = self.pause.map(|pause| pause.next.max(pause.until));
        let of_models = self
            .models
            .values_mut()
            .map(|model| model.learned.not_before(now, 0).max(model.requests.not_before(now)));
        // One that nothing holds is enough for a call to leave.
        let learned = of_models.min().flatten();
        own.max(self.minute.not_before(now, 0))
            .max(paused)
            .max(learned)
            .filter(|&until| until > now)
    }
}

/// How far apart calls leave that were asked to wait this long.
fn gap(wait: Duration) -> Duration {
    (wait / 8).clamp(LEAST_GAP, LONGEST_GAP)
}
