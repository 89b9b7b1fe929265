//! How far a call is.

use std::time::Duration;

/// How far a call is. Times since are in [`super::Output::since`].
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Run was pressed; nothing has been heard.
    Asked,
    /// It waits for its turn.
    Queued,
    /// A limit holds it back until then, on the monotonic clock.
    Held {
        until: Duration,
        /// Whose limit it is, safe to draw.
        provider: String,
        /// Whether it is the server's, and not one of the settings.
        can_skip: bool,
    },
    Connecting {
        number: u32,
        of: u32,
    },
    /// The request is written; the server has not answered.
    Waiting,
    /// Response headers came.
    Accepted,
    /// Reasoning comes.
    Thinking,
    /// Text comes.
    Writing,
    /// The attempt failed; the next begins at `until` on the monotonic clock.
    Retrying {
        until: Duration,
        number: u32,
        of: u32,
        /// Why, safe to draw.
        error: String,
    },
    Done,
    /// Failed, or never sent; why stands below the text.
    Failed,
    Cancelled,
    /// The answer broke off; its text is kept.
    Interrupted,
}

impl Phase {
    /// Whether the call still runs.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        !matches!(self, Self::Done | Self::Failed | Self::Cancelled | Self::Interrupted)
    }

    /// Whether it runs and there are no words to read yet.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(
            self,
            Self::Asked
                | Self::Queued
                | Self::Connecting { .. }
                | Self::Waiting
                | Self::Accepted
                | Self::Thinking
        )
    }

    /// Whether the answer is there whole.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        matches!(self, Self::Done)
    }

    /// The word in the live line.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Asked => "starting",
            Self::Queued => "queued",
            Self::Held { .. } => "held",
            Self::Connecting { .. } => "connecting",
            Self::Waiting | Self::Accepted => "waiting",
            Self::Thinking => "thinking",
            Self::Writing => "writing",
            Self::Retrying { .. } => "retrying",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
        }
    }
}
