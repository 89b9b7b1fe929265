//! The simulated models: what each is called, how fast it speaks, how much it takes.

use std::time::Duration;

use crate::model::Price;

/// A simulated model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DemoModel {
    /// Quick, with the plainest rules.
    Fast,
    /// The middle way.
    Balanced,
    /// Thinks first, knows every rule.
    Careful,
    /// Not a model of anything: writes as many tokens as the prompt asks for, for load tests.
    /// It is not listed.
    Load,
}

impl DemoModel {
    /// The models that are listed, least skilled first.
    pub const LISTED: [Self; 3] = [Self::Fast, Self::Balanced, Self::Careful];

    /// The name on the wire; `demo/` and this is the name in Lathe.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Fast => "fast",
            Self::Balanced => "balanced",
            Self::Careful => "careful",
            Self::Load => "load",
        }
    }

    /// The model a name means, with or without `demo/` before it.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        let id = id.strip_prefix("demo/").unwrap_or(id);
        [Self::Fast, Self::Balanced, Self::Careful, Self::Load]
            .into_iter()
            .find(|model| model.id() == id)
    }

    /// What it is, in one line, for lists.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Fast => "simulated: quick, plain rules, takes instructions lightly",
            Self::Balanced => "simulated: more rules, knows negation and formats",
            Self::Careful => "simulated: thinks first, every rule, checks its answer",
            Self::Load => "simulated: writes filler at a given rate, for load tests",
        }
    }

    /// Tokens of prompt and answer together that it takes.
    #[must_use]
    pub const fn context_window(self) -> u64 {
        match self {
            Self::Fast => 8_192,
            Self::Balanced => 32_768,
            Self::Careful => 131_072,
            Self::Load => 1_048_576,
        }
    }

    /// The most tokens it writes.
    #[must_use]
    pub const fn max_output(self) -> u64 {
        match self {
            Self::Fast => 2_048,
            Self::Balanced => 4_096,
            Self::Careful => 8_192,
            Self::Load => 1_000_000,
        }
    }

    /// The price it pretends to have, so that cost can be tried out. No money is ever charged.
    #[must_use]
    pub const fn price(self) -> Option<Price> {
        let (input, output) = match self {
            Self::Fast => (0.2, 0.8),
            Self::Balanced => (1.0, 4.0),
            Self::Careful => (3.0, 15.0),
            Self::Load => return None,
        };
        Some(Price { input, output, cached_input: None, cache_write: None, cache_write_hour: None })
    }

    /// Whether it thinks before it answers.
    #[must_use]
    pub const fn thinks(self) -> bool {
        matches!(self, Self::Careful)
    }

    /// Time to the first token, thinking included, when it runs at its own pace.
    #[must_use]
    pub const fn first_token(self) -> Duration {
        Duration::from_millis(match self {
            Self::Fast => 60,
            Self::Balanced => 150,
            Self::Careful => 400,
            Self::Load => 0,
        })
    }

    /// Tokens a second when it runs at its own pace.
    #[must_use]
    pub const fn tokens_per_second(self) -> u32 {
        match self {
            Self::Fast => 180,
            Self::Balanced => 90,
            Self::Careful => 45,
            Self::Load => 0,
        }
    }
}

/// How fast replies are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pace {
    /// Each model's own pace.
    #[default]
    Real,
    /// As fast as the connection takes them.
    Instant,
    /// A fixed rate, without a wait before the first token; 0 is as [`Pace::Instant`].
    TokensPerSecond(u32),
}

/// When the tokens of one reply are due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: Duration,
    tokens_per_second: u32,
}

impl Schedule {
    /// The schedule of a model at a pace. `rate` is what a load prompt asked for.
    pub fn new(model: DemoModel, pace: Pace, rate: Option<u32>) -> Self {
        let at = |first, tokens_per_second| Self { first, tokens_per_second };
        match (pace, rate) {
            (_, Some(rate)) | (Pace::TokensPerSecond(rate), None) => at(Duration::ZERO, rate),
            (Pace::Instant, None) => at(Duration::ZERO, 0),
            (Pace::Real, None) => at(model.first_token(), model.tokens_per_second()),
        }
    }

    /// How long after the request token number `index` (from 0) is due.
    pub fn due(self, index: u64) -> Duration {
        match self.tokens_per_second {
            0 => self.first,
            rate => {
                let micros = index.saturating_mul(1_000_000) / u64::from(rate);
                self.first.saturating_add(Duration::from_micros(micros))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for model in DemoModel::LISTED {
            assert_eq!(DemoModel::from_id(model.id()), Some(model));
            assert_eq!(DemoModel::from_id(&format!("demo/{}", model.id())), Some(model));
            assert!(model.description().starts_with("simulated"));
        }
        assert_eq!(DemoModel::from_id("gpt-4"), None);
    }

    #[test]
    fn tokens_are_due_at_their_rate() {
        let schedule = Schedule::new(DemoModel::Balanced, Pace::Real, None);
        assert_eq!(schedule.due(0), Duration::from_millis(150));
        assert_eq!(schedule.due(90), Duration::from_millis(1_150));
        let instant = Schedule::new(DemoModel::Careful, Pace::Instant, None);
        assert_eq!(instant.due(1_000_000), Duration::ZERO);
        let asked = Schedule::new(DemoModel::Load, Pace::Real, Some(1_000));
        assert_eq!(asked.due(500), Duration::from_millis(500));
    }
}
