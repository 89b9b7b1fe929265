//! What went out in the last minute, against what may.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// How far back it is remembered.
const MINUTE: Duration = Duration::from_mins(1);

/// The calls of the last minute. However one cuts sixty seconds out of time, no more of them
/// fall into it than are allowed.
#[derive(Debug, Default)]
pub(super) struct Minute {
    requests: Option<u64>,
    tokens: Option<u64>,
    entries: VecDeque<Entry>,
}

#[derive(Debug)]
struct Entry {
    number: u64,
    at: Instant,
    tokens: u64,
}

impl Minute {
    /// Limits per minute; `None` is no limit.
    pub fn new(requests: Option<u64>, tokens: Option<u64>) -> Self {
        Self { requests, tokens, ..Self::default() }
    }

    /// Other limits hold from now on.
    pub const fn allow(&mut self, requests: Option<u64>, tokens: Option<u64>) {
        self.requests = requests;
        self.tokens = tokens;
    }

    /// Whether tokens are limited.
    pub const fn counts_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// When a call of this many tokens may go; `None` for now. A call that is larger than a whole
    /// minute's tokens goes once nothing else is in the minute.
    pub fn not_before(&mut self, now: Instant, tokens: u64) -> Option<Instant> {
        while self.entries.front().is_some_and(|entry| now >= entry.at + MINUTE) {
            self.entries.pop_front();
        }
        self.by_requests().max(self.by_tokens(tokens))
    }

    fn by_requests(&self) -> Option<Instant> {
        let most = usize::try_from(self.requests?).unwrap_or(usize::MAX);
        let over = (self.entries.len() + 1).checked_sub(most).filter(|&over| over > 0)?;
        // Once the first `over` have left the minute there is room for one.
        self.entries.get(over - 1).map(|entry| entry.at + MINUTE)
    }

    fn by_tokens(&self, tokens: u64) -> Option<Instant> {
        let most = self.tokens?;
        let each = self.entries.iter().map(|entry| entry.tokens);
        let mut used = each.fold(0, u64::saturating_add);
        let mut last = None;
        for entry in &self.entries {
            if used.saturating_add(tokens) <= most {
                break;
            }
            used = used.saturating_sub(entry.tokens);
            last = Some(entry.at + MINUTE);
        }
        last
    }

    /// Notes a call that goes now under a number, with as many tokens as it is thought to take.
    pub fn enter(&mut self, number: u64, now: Instant, tokens: u64) {
        if self.requests.is_some() || self.tokens.is_some() {
            self.entries.push_back(Entry { number, at: now, tokens });
        }
    }

    /// Puts what a call really took in the place of what was thought.
    pub fn settle(&mut self, number: u64, tokens: u64) {
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number) {
            entry.tokens = tokens;
        }
    }

    /// Forgets a call that was not sent after all.
    pub fn refund(&mut self, number: u64) {
        self.entries.retain(|entry| entry.number != number);
    }
}
