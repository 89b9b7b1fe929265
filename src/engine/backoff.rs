//! How long to wait before trying again, and whether to.

use std::time::Duration;

use super::Mode;
use crate::{
    config::EngineSettings,
    model::{CallError, ErrorKind},
};

/// The first wait; each further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);
/// No wait of our own choosing is longer.
const LONGEST: Duration = Duration::from_secs(8);

/// The rules of one call's retries. The engine's is the only loop that counts attempts.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// Attempts in all, the first included.
    pub attempts: u32,
    /// The longest wait a server may ask for; beyond it the call fails.
    pub longest_asked: Duration,
}

/// What follows a failed attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum NextAttempt {
    /// Try again after this long.
    After(Duration),
    /// Do not: it would not help, or there are no attempts left.
    None,
    /// Do not: the server asks for a longer wait than anyone would sit through.
    TooLong(Duration),
}

impl Backoff {
    /// The rules for a person who waits, or for a suite that may take its time.
    #[must_use]
    pub fn new(settings: &EngineSettings, mode: Mode) -> Self {
        match mode {
            Mode::Interactive => {
                Self { attempts: settings.retries + 1, longest_asked: Duration::from_mins(1) }
            }
            Mode::Suite => {
                Self { attempts: settings.suite_retries + 1, longest_asked: Duration::from_mins(2) }
            }
        }
    }

    /// What follows after `made` attempts of which the last failed with `error`. `began` is
    /// whether any of the answer had arrived: then it is never asked for a second time.
    /// `chance` is a random number in \[0, 1).
    ///
    /// Without a wish of the server: 0.5 s doubling to 8 s, less up to a quarter by chance.
    #[must_use]
    pub fn next(&self, made: u32, error: &CallError, began: bool, chance: f64) -> NextAttempt {
        if began || !error.retryable || made >= self.attempts {
            return NextAttempt::None;
        }
        if let Some(asked) = error.retry_after_ms.map(Duration::from_millis) {
            return if asked > self.longest_asked {
                NextAttempt::TooLong(asked)
            } else {
                NextAttempt::After(asked)
            };
        }
        NextAttempt::After(own(made, chance))
    }

    /// How long everybody who calls this server waits after such an error: one that says it is
    /// too much means all of them. `None` where the error speaks of one call alone, or asks for
    /// more than is waited for.
    #[must_use]
    pub fn for_all(&self, made: u32, error: &CallError, chance: f64) -> Option<Duration> {
        let asked = error.retry_after_ms.map(Duration::from_millis);
        let means_all = matches!(error.kind, ErrorKind::RateLimit | ErrorKind::Overloaded);
        means_all
            .then(|| asked.unwrap_or_else(|| own(made, chance)))
            .filter(|wait| *wait <= self.longest_asked)
    }
}

/// The wait of our own choosing after `made` attempts.
fn own(made: u32, chance: f64) -> Duration {
    let doubled = FIRST.saturating_mul(1 << made.saturating_sub(1).min(10)).min(LONGEST);
    doubled.mul_f64(1.0 - 0.25 * chance.clamp(0.0, 1.0))
}
