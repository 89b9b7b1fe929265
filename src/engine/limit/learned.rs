//! What the server itself says of its limits, as advice for the calls to come.

use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Allowance, ReportedLimits};

/// The longest that calls are held back on a header's word; after it the server itself may say
/// no.
const LONGEST: Duration = Duration::from_mins(1);

/// The latest word on requests and tokens.
#[derive(Debug, Default)]
pub(super) struct Learned {
    requests: Option<Left>,
    tokens: Option<Left>,
}

/// What is left of one allowance, counted down by the calls sent since the server spoke.
#[derive(Clone, Copy, Debug)]
struct Left {
    said_at: Instant,
    /// Left at that moment.
    then: u64,
    /// Sent since.
    taken: u64,
    /// How many come back in `within`.
    used: u64,
    /// Until all of `used` is back.
    within: Duration,
}

impl Learned {
    /// Takes in what a reply said now. Calls that were under way when it was written are not in
    /// its count for sure, so that they are taken off.
    pub fn take_in(&mut self, now: Instant, said: ReportedLimits, under_way: u64, tokens: u64) {
        if let Some(requests) = said.requests {
            self.requests = Left::of(now, requests, under_way);
        }
        if let Some(allowance) = said.tokens {
            self.tokens = Left::of(now, allowance, tokens);
        }
    }

    /// What an allowance is a minute. The server does not say for how long it is meant; where it
    /// comes back faster than by the whole of it in a minute, that is what it is.
    #[expect(clippy::cast_precision_loss, reason = "counts of a minute, far below 2^52")]
    pub fn a_minute(said: Allowance) -> Option<f64> {
        let limit = said.limit?;
        let used = limit.saturating_sub(said.remaining) as f64;
        let back = said.reset_ms.filter(|&ms| ms > 0).map_or(0.0, |ms| used * 60_000.0 / ms as f64);
        Some(back.max(limit as f64))
    }

    /// Whether the server limits tokens.
    pub const fn counts_tokens(&self) -> bool {
        self.tokens.is_some()
    }

    /// When a call of this many tokens may go; `None` for now.
    pub fn not_before(&mut self, now: Instant, tokens: u64) -> Option<Instant> {
        for left in [&mut self.requests, &mut self.tokens] {
            if left.is_some_and(|left| now >= left.said_at + left.within.min(LONGEST)) {
                *left = None;
            }
        }
        let requests = self.requests.and_then(|left| left.enough_at(1));
        let tokens = self.tokens.and_then(|left| left.enough_at(tokens));
        requests.max(tokens).filter(|&at| at > now)
    }

    /// Notes a call that goes now.
    pub fn enter(&mut self, tokens: u64) {
        for (left, amount) in [(&mut self.requests, 1), (&mut self.tokens, tokens)] {
            if let Some(left) = left {
                left.taken = left.taken.saturating_add(amount);
            }
        }
    }
}

impl Left {
    /// Nothing where the server does not say when more comes: then there is nothing to wait for.
    fn of(now: Instant, said: Allowance, taken: u64) -> Option<Self> {
        let within = Duration::from_millis(said.reset_ms.filter(|&ms| ms > 0)?);
        let used = match said.limit {
            Some(limit) => limit.saturating_sub(said.remaining),
            None => 0,
        };
        Some(Self { said_at: now, then: said.remaining, taken, used, within })
    }

    /// When this much is there: it comes back evenly until the reset. Where the server did not
    /// say how much comes back, all of it does at the reset.
    fn enough_at(self, amount: u64) -> Option<Instant> {
        let lacking = self.taken.saturating_add(amount).saturating_sub(self.then);
        if lacking == 0 {
            return None;
        }
        let whole = self.within.min(LONGEST);
        if lacking >= self.used {
            return Some(self.said_at + whole);
        }
        #[expect(
            clippy::cast_precision_loss,
            reason = "counts of a minute's tokens, far below 2^52"
        )]
        let share = lacking as f64 / self.used as f64;
        Some(self.said_at + self.within.mul_f64(share).min(whole))
    }
}
