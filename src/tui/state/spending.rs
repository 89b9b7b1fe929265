//! What of the settings about money and answers given before matters to a press of "run".

use crate::{
    config::Settings,
    model::{CacheMode, CacheUse},
};

/// When to ask before a run, and whether an answer that was given before will do.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spending {
    /// A press whose estimate is above these US dollars is asked about first.
    pub confirm_above: Option<f64>,
    /// What the settings say about the cache.
    pub settled: CacheMode,
    /// What was chosen since the program started, whatever the settings say.
    pub chosen: Option<CacheMode>,
}

impl Spending {
    /// What the settings say.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            confirm_above: settings.budget.confirm_above,
            settled: settings.cache.mode,
            chosen: None,
        }
    }

    /// What the next call says about the cache.
    #[must_use]
    pub fn cache_use(&self) -> CacheUse {
        self.chosen.map_or(CacheUse::Settings, CacheUse::Asked)
    }

    /// Chooses the next mode, and says which.
    pub fn next_cache(&mut self) -> CacheMode {
        let next = self.chosen.unwrap_or(self.settled).next();
        self.chosen = Some(next);
        next
    }
}
