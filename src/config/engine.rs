//! How calls are made: bounds, retries, how many at once.

use std::time::Duration;

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
    /// Largest whole response, in bytes after decompression.
    pub max_response: u64,
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
            max_response: 64 << 20,
            max_event: 8 << 20,
        }
    }
}
