//! Tokens and money.

use serde::{Deserialize, Serialize};

/// Tokens of one call. What a provider did not report is `None`, never 0.
///
/// The parts follow one sum whatever the provider's own: `cached_input_tokens` (read from a
/// provider's prompt cache) and `cache_write_tokens` lie inside `input_tokens`, and
/// `reasoning_tokens` inside `output_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    pub input_tokens: Option<u64>,
    pub output_tokens: Option<u64>,
    pub cached_input_tokens: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_tokens: Option<u64>,
    pub reasoning_tokens: Option<u64>,
    /// True when the figures are our own estimate (an interrupted stream), not the provider's.
    pub estimated: bool,
}

impl Usage {
    /// Whether the provider (or an estimate) said anything at all.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.input_tokens.is_some() || self.output_tokens.is_some()
    }
}

/// Prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// Reading from the provider's prompt cache; the input price where it is not known.
    #[serde(default)]
    pub cached_input: Option<f64>,
    /// Writing to the provider's prompt cache; the input price where it is not known.
    #[serde(default)]
    pub cache_write: Option<f64>,
}

impl Price {
    /// What a call cost in US dollars, or `None` when input or output tokens are unknown: the
    /// sum of its [`Spend`].
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        self.spend(usage).map(|spend| spend.total())
    }

    /// What each part of a call cost, or `None` when input or output tokens are unknown.
    ///
    /// `(input − cached − written)·p_in`, `cached·p_cached`, `written·p_write`,
    /// `(output − reasoning)·p_out` and `reasoning·p_out`, each price per million.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn spend(&self, usage: &Usage) -> Option<Spend> {
        let input = usage.input_tokens?;
        let output = usage.output_tokens?;
        let cached = usage.cached_input_tokens.unwrap_or(0).min(input);
        let written = usage.cache_write_tokens.unwrap_or(0).min(input - cached);
        let reasoning = usage.reasoning_tokens.unwrap_or(0).min(output);
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        Some(Spend {
            input: dollars(input - cached - written, self.input),
            cached_input: dollars(cached, self.cached_input.unwrap_or(self.input)),
            cache_write: dollars(written, self.cache_write.unwrap_or(self.input)),
            visible: dollars(output - reasoning, self.output),
            reasoning: dollars(reasoning, self.output),
        })
    }
}

/// What the parts of one call cost, in US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spend {
    /// Input that the provider read anew.
    pub input: f64,
    /// Input from the provider's prompt cache.
    pub cached_input: f64,
    /// Input written to the provider's prompt cache.
    pub cache_write: f64,
    /// Output that one sees, refusals and tool calls with it.
    pub visible: f64,
    /// Output spent on thinking.
    pub reasoning: f64,
}

impl Spend {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.input + self.cached_input + self.cache_write + self.visible + self.reasoning
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_are_inside_the_input() {
        let price = Price { input: 2.0, output: 10.0, cached_input: Some(0.5), cache_write: None };
        let usage = Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(100_000),
            cached_input_tokens: Some(400_000),
            ..Usage::default()
        };
        let cost = price.cost(&usage).expect("known");
        assert!((cost - (0.6 * 2.0 + 0.4 * 0.5 + 0.1 * 10.0)).abs() < 1e-9, "{cost}");
    }

    #[test]
    fn thinking_is_paid_as_output_and_told_apart() {
        let price = Price { input: 2.0, output: 10.0, cached_input: None, cache_write: Some(3.0) };
        let usage = Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(1_000_000),
            cache_write_tokens: Some(250_000),
            // More than all of the output is a provider's slip, and never a negative amount.
            reasoning_tokens: Some(2_000_000),
            ..Usage::default()
        };
        let spend = price.spend(&usage).expect("known");
        assert_eq!((spend.visible, spend.reasoning), (0.0, 10.0));
        assert_eq!((spend.input, spend.cache_write), (1.5, 0.75));
        assert_eq!(price.cost(&usage), Some(spend.total()));
    }

    #[test]
    fn an_unknown_count_has_no_cost() {
        let price = Price { input: 2.0, output: 10.0, cached_input: None, cache_write: None };
        assert_eq!(price.cost(&Usage { input_tokens: Some(5), ..Usage::default() }), None);
    }
}
