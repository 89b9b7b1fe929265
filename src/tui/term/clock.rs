//! When to draw.

use std::time::{Duration, Instant};

use crate::config::{Environment, InterfaceSettings};

/// Least time between two frames here: the rate of most displays.
const LOCAL: Duration = Duration::from_millis(16);
/// Least time between two frames over SSH, where bytes cost more than smoothness gives.
const OVER_SSH: Duration = Duration::from_millis(33);

/// Least time between two frames that only show how text goes on.
const STREAM: Duration = Duration::from_millis(50);

/// Decides when the next frame is due: never without a request, at once after a rest, and never
/// two frames closer together than the gap. It reads no clock; time is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameClock {
    gap: Duration,
    requested: Option<Instant>,
    drawn: Option<Instant>,
}

impl FrameClock {
    /// A clock with this least time between two frames.
    #[must_use]
    pub const fn new(gap: Duration) -> Self {
        Self { gap, requested: None, drawn: None }
    }

    /// The clock for a place: the rate in the settings, else 16 ms here and 33 ms over SSH.
    #[must_use]
    pub fn for_place(settings: &InterfaceSettings, environment: &Environment) -> Self {
        let gap = match settings.fps {
            Some(fps) => Duration::from_secs(1) / fps.max(1),
            None if environment.over_ssh() => OVER_SSH,
            None => LOCAL,
        };
        Self::new(gap)
    }

    /// Something changed that is on screen. Asking again before the frame changes nothing.
    pub fn request(&mut self, now: Instant) {
        let soonest = self.requested.map_or(now, |requested| requested.min(now));
        self.requested = Some(soonest);
    }

    /// Something changed that may be seen a little later, such as text that streams: no sooner
    /// after the last frame than 50 ms, so that a frame carries several pieces. A frame that
    /// is wanted sooner shows it too.
    pub fn request_lazily(&mut self, now: Instant) {
        let wanted = self.drawn.map_or(now, |drawn| now.max(drawn + STREAM.max(self.gap)));
        let soonest = self.requested.map_or(wanted, |requested| requested.min(wanted));
        self.requested = Some(soonest);
    }

    /// When to draw; `None` while nothing was asked for.
    #[must_use]
    pub fn due(&self) -> Option<Instant> {
        let requested = self.requested?;
        Some(self.drawn.map_or(requested, |drawn| requested.max(drawn + self.gap)))
    }

    /// Whether a frame is due now.
    #[must_use]
    pub fn is_due(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// A frame was drawn. `now` is when it was finished, so that a slow terminal gets as much
    /// rest as a quick one.
    pub fn drawn(&mut self, now: Instant) {
        self.requested = None;
        self.drawn = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GAP: Duration = Duration::from_millis(16);

    #[test]
    fn nothing_is_due_without_a_request() {
        let now = Instant::now();
        let mut clock = FrameClock::new(GAP);
        assert_eq!(clock.due(), None);
        clock.request(now);
        clock.drawn(now);
        assert_eq!(clock.due(), None);
        assert!(!clock.is_due(now + Duration::from_mins(1)));
    }

    #[test]
    fn the_first_frame_after_a_rest_comes_at_once_and_the_next_after_the_gap() {
        let start = Instant::now();
        let mut clock = FrameClock::new(GAP);
        clock.request(start);
        assert!(clock.is_due(start));
        clock.drawn(start);
        let soon = start + Duration::from_millis(1);
        clock.request(soon);
        assert_eq!(clock.due(), Some(start + GAP));
        assert!(!clock.is_due(soon));
        clock.drawn(start + GAP);
        let late = start + Duration::from_secs(5);
        clock.request(late);
        assert_eq!(clock.due(), Some(late));
    }

    #[test]
    fn many_requests_make_no_more_frames_than_the_gap_allows() {
        let start = Instant::now();
        let mut clock = FrameClock::new(GAP);
        let mut frames = 0;
        for millisecond in 0..1000 {
            let now = start + Duration::from_millis(millisecond);
            clock.request(now);
            if clock.is_due(now) {
                frames += 1;
                clock.drawn(now);
            }
        }
        assert_eq!(frames, 1000_u64.div_ceil(16));
    }

    #[test]
    fn the_place_and_the_settings_choose_the_gap() {
        let here = Environment::from_pairs([("TERM", "xterm")]);
        let far = Environment::from_pairs([("SSH_TTY", "/dev/pts/1")]);
        let default = InterfaceSettings::default();
        assert_eq!(FrameClock::for_place(&default, &here), FrameClock::new(LOCAL));
        assert_eq!(FrameClock::for_place(&default, &far), FrameClock::new(OVER_SSH));
        let slow = InterfaceSettings { fps: Some(10), ..default };
        let gap = Duration::from_millis(100);
        assert_eq!(FrameClock::for_place(&slow, &far), FrameClock::new(gap));
    }
}
