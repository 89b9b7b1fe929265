//! How long an attempt may take by a clock that goes on while the machine sleeps. Timers stand
//! still then, so that a connection that died meanwhile would be waited for as if nothing had
//! happened.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use crate::model::{CallError, ErrorKind};

/// How often it is looked at the clock, while a call is under way and not otherwise.
pub(super) const LOOK: Duration = Duration::from_secs(5);
/// A difference between the clocks that is a sleep and no inaccuracy.
const SLEPT: Duration = Duration::from_secs(1);
/// How long a server may take to be heard again after the machine woke up.
const GRACE: Duration = Duration::from_secs(10);

/// Watches one attempt.
pub(super) struct Patience {
    clock: fn() -> Duration,
    began: Duration,
    began_awake: Instant,
    heard: Ear,
    /// Longest silence.
    idle: Duration,
    /// Longest whole attempt.
    total: Duration,
    asleep: Duration,
    woke: Option<Instant>,
}

/// Takes note of when anything was heard, by the clock that never stands still.
#[derive(Clone)]
pub(super) struct Ear {
    clock: fn() -> Duration,
    /// In milliseconds.
    last: Arc<AtomicU64>,
}

impl Ear {
    pub fn hears(&self) {
        let now = u64::try_from((self.clock)().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    fn last(&self) -> Duration {
        Duration::from_millis(self.last.load(Ordering::Relaxed))
    }
}

impl Patience {
    /// For an attempt that begins now.
    pub fn new(clock: fn() -> Duration, idle: Duration, total: Duration) -> Self {
        let heard = Ear { clock, last: Arc::default() };
        heard.hears();
        Self {
            clock,
            began: clock(),
            began_awake: Instant::now(),
            heard,
            idle,
            total,
            asleep: Duration::ZERO,
            woke: None,
        }
    }

    pub fn ear(&self) -> Ear {
        self.heard.clone()
    }

    /// Whether the machine slept and the attempt's time ran out over that; how long it was then.
    /// While the machine is awake the provider's own timers say so.
    pub fn over(&mut self, now: Instant) -> Option<Duration> {
        let clock = (self.clock)();
        let took = clock.saturating_sub(self.began);
        let asleep = took.saturating_sub(now.saturating_duration_since(self.began_awake));
        if asleep >= self.asleep + SLEPT {
            self.asleep = asleep;
            self.woke = Some(now);
        }
        let woke = self.woke?;
        if took >= self.total {
            return Some(took);
        }
        let silent = clock.saturating_sub(self.heard.last());
        let waited = now.saturating_duration_since(woke) >= GRACE;
        (waited && silent >= self.idle).then_some(silent)
    }
}

/// The error of an attempt whose time ran out while the machine slept.
pub(super) fn overslept(provider: &str, took: Duration, accepted: bool) -> CallError {
    let error = CallError::new(
        ErrorKind::Timeout,
        format!(
            "the machine slept while {provider} answered: {} s passed, and the connection is given up",
            took.as_secs()
        ),
    )
    .hint("what came is kept; run again");
    // A request that nobody is known to have taken may be sent again.
    if accepted { error } else { error.retryable() }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static NOW: Cell<Duration> = const { Cell::new(Duration::from_secs(1_000)) };
    }

    fn clock() -> Duration {
        NOW.get()
    }

    /// Both clocks go on by so much, and the one that knows of sleep by more.
    async fn pass(awake: u64, asleep: u64) {
        NOW.set(NOW.get() + Duration::from_secs(awake + asleep));
        tokio::time::advance(Duration::from_secs(awake)).await;
    }

    fn patience() -> Patience {
        Patience::new(clock, Duration::from_mins(1), Duration::from_mins(10))
    }

    #[tokio::test(start_paused = true)]
    async fn while_the_machine_is_awake_it_says_nothing() {
        let mut patience = patience();
        for _ in 0..300 {
            pass(5, 0).await;
            assert_eq!(patience.over(Instant::now()), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_sleep_ends_the_whole_of_it() {
        let mut patience = patience();
        pass(5, 0).await;
        assert_eq!(patience.over(Instant::now()), None);
        pass(5, 3_600).await;
        assert_eq!(patience.over(Instant::now()), Some(Duration::from_secs(3_610)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_sleep_ends_it_where_nothing_is_heard_any_more() {
        for heard in [false, true] {
            let mut patience = patience();
            let ear = patience.ear();
            pass(5, 90).await;
            assert_eq!(patience.over(Instant::now()), None, "it may still be heard");
            pass(5, 0).await;
            if heard {
                ear.hears();
            }
            assert_eq!(patience.over(Instant::now()), None);
            pass(5, 0).await;
            assert_eq!(patience.over(Instant::now()).is_some(), !heard);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_nap_is_no_reason() {
        let mut patience = patience();
        for _ in 0..6 {
            pass(5, 2).await;
            assert_eq!(patience.over(Instant::now()), None);
            patience.ear().hears();
        }
    }
}
