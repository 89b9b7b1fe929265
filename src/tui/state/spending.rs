//! What of the settings about money and answers given before matters to a press of "run".

use crate::{
    config::Settings,
    model::{CacheMode, CacheUse, VariantName},
    tui::msg::CallEstimate,
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
    /// Whether the run that is about to start goes past the cache.
    pub anew: bool,
}

impl Spending {
    /// What the settings say.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            confirm_above: settings.budget.confirm_above,
            settled: settings.cache.mode,
            chosen: None,
            anew: false,
        }
    }

    /// What the next call says about the cache.
    #[must_use]
    pub fn cache_use(&self) -> CacheUse {
        if self.anew {
            return CacheUse::Asked(CacheMode::Off);
        }
        self.chosen.map_or(CacheUse::Settings, CacheUse::Asked)
    }

    /// Chooses the next mode, and says which.
    pub fn next_cache(&mut self) -> CacheMode {
        let next = self.chosen.unwrap_or(self.settled).next();
        self.chosen = Some(next);
        next
    }
}

/// What a press is estimated to cost, to be agreed to.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendQuestion {
    pub variants: Vec<VariantName>,
    pub estimates: Vec<CallEstimate>,
    /// US dollars above which it is asked.
    pub limit: f64,
    /// Whether it runs past the cache.
    pub anew: bool,
}

impl SpendQuestion {
    /// US dollars that are likely, over the calls of which it is known what they cost at most.
    #[must_use]
    pub fn likely(&self) -> f64 {
        let known = self.estimates.iter().filter(|it| it.estimate.most_usd.is_some());
        known.filter_map(|it| it.estimate.cost_usd).sum()
    }

    /// US dollars that it costs at most, over the calls of which that is known.
    #[must_use]
    pub fn most(&self) -> f64 {
        self.estimates.iter().filter_map(|it| it.estimate.most_usd).sum()
    }

    /// Whether it may cost more than is spent without a question, or nobody knows what.
    #[must_use]
    pub fn is_to_be_asked(&self) -> bool {
        self.most() > self.limit || self.unknown() > 0
    }

    /// Of how many calls it is not known what they cost at most: a price of theirs, or of a model
    /// they may turn to, is not known.
    #[must_use]
    pub fn unknown(&self) -> usize {
        self.estimates.iter().filter(|it| it.estimate.most_usd.is_none()).count()
    }
}
