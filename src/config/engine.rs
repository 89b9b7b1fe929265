//! How calls are made: bounds, retries, limits, what is done when a provider fails.

use std::time::Duration;

use super::ProviderSettings;
use crate::model::Fallback;

/// The `[engine]` table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineSettings {
    /// Until a connection stands, name resolution included.
    pub connect_timeout: Duration,
    /// Longest silence of a server that has been asked, heartbeats counted as sound.
    pub idle_timeout: Duration,
    /// Longest whole call, from the request to the protocol's own end.
    pub total_timeout: Duration,
    /// Attempts after the first, when a person waits.
    pub retries: u32,
    /// Attempts after the first, in a suite.
    pub suite_retries: u32,
    /// Calls at once to one provider.
    pub concurrency: usize,
    /// Requests a minute to one provider; 0 sets no limit.
    pub requests_per_minute: u64,
    /// Tokens a minute, of prompts and answers, to one provider; 0 sets no limit.
    pub tokens_per_minute: u64,
    /// Failures in a row after which a provider is left alone; 0 never does.
    pub breaker_failures: u32,
    /// How long it is left alone.
    pub breaker_rest: Duration,
    /// Models to ask, in this order, where the one asked for does not answer.
    pub fallback: Vec<Fallback>,
    /// Largest whole response, in bytes after decompression.
    pub max_response: u64,
    /// Largest answer, text, reasoning and arguments of tools together, in bytes.
    pub max_answer: u64,
    /// Largest single event of a stream, in bytes after decompression.
    pub max_event: u64,
}

impl Default for EngineSettings {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_mins(1),
            total_timeout: Duration::from_mins(10),
            retries: 2,
            suite_retries: 4,
            concurrency: 8,
            requests_per_minute: 0,
            tokens_per_minute: 0,
            breaker_failures: 5,
            breaker_rest: Duration::from_mins(1),
            fallback: Vec::new(),
            max_response: 64 << 20,
            max_answer: 4 << 20,
            max_event: 2 << 20,
        }
    }
}

/// How much one provider gets. `None` is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderLimits {
    /// Calls at once.
    pub concurrency: usize,
    pub requests_per_minute: Option<u64>,
    pub tokens_per_minute: Option<u64>,
}

impl EngineSettings {
    /// The limits of a provider: its own where it states them, else those for all.
    #[must_use]
    pub fn limits_of(&self, provider: Option<&ProviderSettings>) -> ProviderLimits {
        let own = provider.map(|provider| provider.limits).unwrap_or_default();
        let some = |limit: u64| (limit > 0).then_some(limit);
        ProviderLimits {
            concurrency: own.concurrency.unwrap_or(self.concurrency),
            requests_per_minute: some(own.requests_per_minute.unwrap_or(self.requests_per_minute)),
            tokens_per_minute: some(own.tokens_per_minute.unwrap_or(self.tokens_per_minute)),
        }
    }
}
