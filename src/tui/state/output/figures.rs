//! What the live line tells of an answer: whether it lives, how fast it comes, what it costs.

use std::time::Duration;

use super::{Output, Phase};
use crate::model::{Price, Usage};

/// Silence after which a call that streams is called stalled.
pub const STALLED_AFTER: Duration = Duration::from_secs(3);

/// Figures of a running call are counted anew this often: what changes with every token cannot
/// be read, and is most of what a slow line would have to carry.
pub(super) const COUNT_EVERY: Duration = Duration::from_millis(500);

/// The figures of the live line. What is not known is `None`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Figures {
    /// From the press to now, or to the end.
    pub elapsed: Option<Duration>,
    /// Time to first token.
    pub ttft: Option<Duration>,
    pub tokens_per_second: Option<f64>,
    pub input_tokens: Option<u64>,
    /// Whether the input tokens are counted here and not by the provider.
    pub input_estimated: bool,
    pub output_tokens: Option<u64>,
    /// Whether the output tokens and their rate are counted by length and not by the provider.
    pub estimated: bool,
    /// US dollars.
    pub cost: Option<f64>,
}

impl Output {
    /// How long nothing was heard of a call that should stream, when that is long.
    #[must_use]
    pub fn stalled(&self, now: Duration) -> Option<Duration> {
        let silent = now.saturating_sub(self.heard);
        (matches!(self.phase, Phase::Thinking | Phase::Writing | Phase::Accepted | Phase::Waiting)
            && silent >= STALLED_AFTER)
            .then_some(silent)
    }

    /// The server says that it lives, and nothing else.
    pub const fn beat(&mut self, now: Duration) {
        self.heard = now;
        self.beat = Some(now);
    }

    /// Whether a sign of life is all that was heard lately: at once while the first word is
    /// waited for, after a silence once words came.
    #[must_use]
    pub fn only_beats(&self, now: Duration) -> bool {
        let last = self.beat.is_some_and(|beat| beat >= self.spoke);
        last && match self.phase {
            Phase::Waiting | Phase::Accepted => true,
            Phase::Thinking | Phase::Writing => now.saturating_sub(self.spoke) >= STALLED_AFTER,
            _ => false,
        }
    }

    /// What it does, in a word.
    #[must_use]
    pub fn word(&self, now: Duration) -> &'static str {
        if self.only_beats(now) { "heartbeat" } else { self.phase.word() }
    }

    /// The figures of the live line; `price` is the model's, to estimate before the end.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn figures(&self, now: Duration, price: Option<&Price>) -> Figures {
        let (counted, written) = self.counted;
        let now = if now.saturating_sub(counted) < COUNT_EVERY { counted } else { now };
        let elapsed = self.took.unwrap_or_else(|| now.saturating_sub(self.asked));
        if let Some(execution) = &self.execution {
            return Figures {
                elapsed: Some(elapsed),
                ttft: self.ttft,
                tokens_per_second: execution.timing.tokens_per_second,
                input_tokens: self.usage.input_tokens,
                input_estimated: false,
                output_tokens: self.usage.output_tokens,
                estimated: self.usage.estimated,
                cost: execution.cost_usd,
            };
        }
        let (output_tokens, estimated) = match self.usage.output_tokens {
            Some(tokens) => (Some(tokens), self.usage.estimated),
            // Four bytes a token is the usual rule of thumb for running text.
            None if written > 0 => (Some((written as u64).div_ceil(4)), true),
            None => (None, false),
        };
        // Reasoning counts as output, so its time counts, too.
        let writing_for = self.first_words.map(|at| elapsed.saturating_sub(at).as_secs_f64());
        // Our own count of the prompt stands for the provider's once there is an answer to it.
        let counted_here = self.origin.input_tokens.filter(|_| output_tokens.is_some());
        let input_tokens = self.usage.input_tokens.or(counted_here);
        let usage = Usage { input_tokens, output_tokens, ..self.usage };
        Figures {
            elapsed: Some(elapsed),
            ttft: self.ttft,
            tokens_per_second: match (output_tokens, writing_for) {
                (Some(tokens), Some(seconds)) if seconds >= 0.2 => Some(tokens as f64 / seconds),
                _ => None,
            },
            input_tokens,
            input_estimated: self.usage.input_tokens.is_none() && input_tokens.is_some(),
            output_tokens,
            estimated,
            cost: price.and_then(|price| price.cost(&usage)),
        }
    }
}
