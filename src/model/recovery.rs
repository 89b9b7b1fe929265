//! What is done with an answer that is not what was asked for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A way to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Show the model its answer and what is wrong with its form, and ask for the form alone.
    FormatFix,
    /// Ask the same with what was missing said outright.
    Enhance,
    /// Ask the same in fewer and plainer words.
    Simplify,
}

impl Strategy {
    /// Every strategy, in the order they are tried.
    pub const ALL: [Self; 3] = [Self::FormatFix, Self::Enhance, Self::Simplify];

    /// The word in templates, settings and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::FormatFix => "format-fix",
            Self::Enhance => "enhance",
            Self::Simplify => "simplify",
        }
    }

    /// The strategy a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|strategy| strategy.as_str() == word)
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether and how often a model is asked again, every part decided.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    pub on: bool,
    /// Most extra answers a call may ask for.
    pub max: u32,
    /// In the order they are tried.
    pub strategies: Vec<Strategy>,
}

impl Default for Recovery {
    fn default() -> Self {
        Self { on: false, max: 2, strategies: Strategy::ALL.to_vec() }
    }
}

impl Recovery {
    /// Most extra answers anyone may allow a call.
    pub const LIMIT: u32 = 5;

    /// This with everything that `rules` say put over it.
    #[must_use]
    pub fn overlaid(mut self, rules: &RecoveryRules) -> Self {
        self.on = rules.on.unwrap_or(self.on);
        self.max = rules.max.unwrap_or(self.max).min(Self::LIMIT);
        if let Some(strategies) = &rules.strategies {
            self.strategies.clone_from(strategies);
        }
        self
    }

    /// This with what `rules` say that has a model asked less often, and the names of what would
    /// have it asked more often and is left out.
    #[must_use]
    pub fn lessened(mut self, rules: &RecoveryRules) -> (Self, Vec<&'static str>) {
        let mut left_out = Vec::new();
        let mut take = |name, less: bool| {
            if !less {
                left_out.push(name);
            }
            less
        };
        if let Some(on) = rules.on
            && take("mode", on <= self.on)
        {
            self.on = on;
        }
        // How often and how is of no account while it is off.
        if self.on {
            if let Some(max) = rules.max
                && take("max", max <= self.max)
            {
                self.max = max;
            }
            if let Some(strategies) = &rules.strategies
                && take("strategies", strategies.iter().all(|it| self.strategies.contains(it)))
            {
                self.strategies.clone_from(strategies);
            }
        }
        (self, left_out)
    }
}

/// What a template or a settings file says about recovery; `None` is not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryRules {
    pub on: Option<bool>,
    pub max: Option<u32>,
    pub strategies: Option<Vec<Strategy>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_off_until_somebody_says_so_and_never_unbounded() {
        let rules = RecoveryRules { on: Some(true), max: Some(99), strategies: None };
        let recovery = Recovery::default().overlaid(&rules);
        assert!(!Recovery::default().on && recovery.on);
        assert_eq!(recovery.max, Recovery::LIMIT);
        for strategy in Strategy::ALL {
            assert_eq!(Strategy::from_word(strategy.as_str()), Some(strategy));
        }
    }

    #[test]
    fn a_stranger_has_it_happen_less_and_never_more() {
        let more = RecoveryRules { on: Some(true), max: Some(5), strategies: None };
        let off = Recovery::default();
        assert_eq!(off.clone().lessened(&more), (off, vec!["mode"]));
        let on = Recovery { on: true, max: 1, strategies: vec![Strategy::FormatFix] };
        let all = RecoveryRules { strategies: Some(Strategy::ALL.to_vec()), ..more };
        assert_eq!(on.clone().lessened(&all), (on.clone(), vec!["max", "strategies"]));
        let less = RecoveryRules { on: Some(false), max: None, strategies: None };
        assert_eq!(on.clone().lessened(&less), (Recovery { on: false, ..on }, vec![]));
    }
}
