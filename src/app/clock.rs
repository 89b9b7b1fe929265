//! The clock that goes on while the machine sleeps.

use std::time::Duration;

/// The time since some moment in the past, the machine's sleep with it.
#[cfg(unix)]
pub(super) fn with_sleep() -> Duration {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Boottime;
    // Elsewhere this one goes on.
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    const CLOCK: rustix::time::ClockId = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(CLOCK);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or(0))
}

/// The time since the first call, the machine's sleep with it.
#[cfg(not(unix))]
pub(super) fn with_sleep() -> Duration {
    use std::{sync::OnceLock, time::Instant};
    static FIRST: OnceLock<Instant> = OnceLock::new();
    FIRST.get_or_init(Instant::now).elapsed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_goes_back() {
        let mut last = with_sleep();
        for _ in 0..1_000 {
            let now = with_sleep();
            assert!(now >= last);
            last = now;
        }
        assert!(last > Duration::ZERO || cfg!(not(unix)));
    }
}
