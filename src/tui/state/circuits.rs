//! Providers that are left alone after failures, as the status line tells of them.

use std::time::Duration;

use crate::safety::{MarkStyle, display_line_with};

/// One provider that is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCircuit {
    /// Safe to draw.
    pub provider: String,
    /// When it is tried again, on the monotonic clock; `None` while a call finds out how it is.
    pub until: Option<Duration>,
}

impl OpenCircuit {
    /// A provider that is tried again after a time, counted from now; `None` while a call does.
    #[must_use]
    pub fn new(
        provider: &str,
        again_in: Option<Duration>,
        now: Duration,
        marks: MarkStyle,
    ) -> Self {
        Self {
            provider: display_line_with(provider, marks).into_owned(),
            until: again_in.map(|again_in| now + again_in),
        }
    }

    /// Whether its time to be tried again lies ahead.
    #[must_use]
    pub fn counts_down(&self, now: Duration) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// What the status line says of it.
    #[must_use]
    pub fn words(&self, now: Duration) -> String {
        let provider = &self.provider;
        match self.until {
            None => format!("{provider}: open, being tried"),
            Some(until) => match until.saturating_sub(now).as_millis().div_ceil(1_000) {
                0 => format!("{provider}: open, the next call tries it"),
                left => format!("{provider}: open, tries again in {left} s"),
            },
        }
    }
}
