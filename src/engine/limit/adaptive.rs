//! How many calls at once a server stands: halved when it says that it is too much, one more
//! after every full round that went well.

use tokio::time::Instant;

/// Additive increase, multiplicative decrease, between one and what the settings allow.
#[derive(Debug)]
pub(super) struct Adaptive {
    most: usize,
    allowed: usize,
    /// Successes since the last change.
    successes: usize,
    lowered_at: Option<Instant>,
}

impl Adaptive {
    pub fn new(most: usize) -> Self {
        let most = most.max(1);
        Self { most, allowed: most, successes: 0, lowered_at: None }
    }

    /// Calls that may be under way now.
    pub const fn allowed(&self) -> usize {
        self.allowed
    }

    /// More may be allowed from now on: another entry of the settings leads here too.
    pub fn may_reach(&mut self, most: usize) {
        if most > self.most {
            // What was learned to be too much stays learned.
            let lowered = self.allowed < self.most;
            self.most = most;
            self.allowed = if lowered { self.allowed } else { most };
        }
    }

    /// A call sent at `sent` succeeded. One that left before the server said that it is too much
    /// says nothing against that.
    pub fn went_well(&mut self, sent: Instant) {
        if self.lowered_at.is_some_and(|at| sent < at) {
            return;
        }
        self.successes += 1;
        if self.successes >= self.allowed && self.allowed < self.most {
            self.allowed += 1;
            self.successes = 0;
        }
    }

    /// The server turned away a call sent at `sent`. Of calls that were under way together only
    /// the first counts: they all speak of the same moment.
    pub fn was_too_much(&mut self, sent: Instant, now: Instant) {
        if self.lowered_at.is_some_and(|at| sent <= at) {
            return;
        }
        self.allowed = (self.allowed / 2).max(1);
        self.successes = 0;
        self.lowered_at = Some(now);
    }
}
