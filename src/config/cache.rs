//! When an answer that was given before is given again.

use std::time::Duration;

use crate::model::CacheMode;

/// The `[cache]` table.
#[derive(Clone, Debug, PartialEq)]
pub struct CacheSettings {
    pub mode: CacheMode,
    /// Whether calls with a temperature above 0, or none named, use the cache too.
    pub any_temperature: bool,
    /// How old an answer may be.
    pub ttl: Duration,
    /// How many bytes answers may take; those not used for longest make room.
    pub max_size: u64,
    /// How alike prompts must be where like ones share an answer, in \[0.5, 1\].
    pub similarity: f64,
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self {
            mode: CacheMode::Off,
            any_temperature: false,
            ttl: Duration::from_hours(7 * 24),
            max_size: 64 << 20,
            similarity: 0.95,
        }
    }
}
