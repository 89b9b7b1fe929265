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
    /// Those of `cache_write_tokens` that are kept for an hour, which costs more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cache_write_hour_tokens: Option<u64>,
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

    /// Both together. What only one of them says is what is known.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        let sum = |a: Option<u64>, b: Option<u64>| match (a, b) {
            (Some(a), Some(b)) => Some(a.saturating_add(b)),
            (one, other) => one.or(other),
        };
        Self {
            input_tokens: sum(self.input_tokens, other.input_tokens),
            output_tokens: sum(self.output_tokens, other.output_tokens),
            cached_input_tokens: sum(self.cached_input_tokens, other.cached_input_tokens),
            cache_write_tokens: sum(self.cache_write_tokens, other.cache_write_tokens),
            cache_write_hour_tokens: sum(
                self.cache_write_hour_tokens,
                other.cache_write_hour_tokens,
            ),
            reasoning_tokens: sum(self.reasoning_tokens, other.reasoning_tokens),
            estimated: self.estimated || other.estimated,
        }
    }
}

/// What writing to a provider's cache costs at most, by the price of other input: Anthropic asks
/// for so much where it is for an hour.
const DEAREST_WRITE: f64 = 2.0;

/// Prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Price {
    pub input: f64,
    pub output: f64,
    /// Reading from the provider's prompt cache.
    #[serde(default)]
    pub cached_input: Option<f64>,
    /// Writing to the provider's prompt cache, for as long as it keeps prompts by itself.
    #[serde(default)]
    pub cache_write: Option<f64>,
    /// Writing to it for an hour.
    #[serde(default)]
    pub cache_write_hour: Option<f64>,
}

impl Price {
    /// What a call cost in US dollars: the sum of its [`Spend`].
    #[must_use]
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        self.spend(usage).map(|spend| spend.total())
    }

    /// US dollars that a call cost at most: what a part costs whose price is not known is counted
    /// as the dearest that is asked for such. `None` when input or output tokens are unknown.
    ///
    /// What is read from a provider's cache is nowhere dearer than other input, and what is
    /// written to one nowhere dearer than twice that.
    #[must_use]
    pub fn at_most(&self, usage: &Usage) -> Option<f64> {
        let written = [self.cache_write, self.cache_write_hour];
        let dearest = written.into_iter().flatten().fold(self.input * DEAREST_WRITE, f64::max);
        let whole = Self {
            cached_input: self.cached_input.or(Some(self.input)),
            cache_write: self.cache_write.or(Some(dearest)),
            cache_write_hour: self.cache_write_hour.or(Some(dearest)),
            ..*self
        };
        whole.cost(usage)
    }

    /// What each part of a call cost. `None` when input or output tokens are unknown, and when a
    /// part that was used has no known price: cached input is cheaper than other input and
    /// writing dearer, so no other price stands for theirs. Only a free input is free throughout.
    ///
    /// `(input − cached − written)·p_in`, `cached·p_cached`, `written·p_write` (those kept for an
    /// hour at their own price), `(output − reasoning)·p_out` and `reasoning·p_out`, each price
    /// per million.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    pub fn spend(&self, usage: &Usage) -> Option<Spend> {
        let input = usage.input_tokens?;
        let output = usage.output_tokens?;
        let cached = usage.cached_input_tokens.unwrap_or(0).min(input);
        let written = usage.cache_write_tokens.unwrap_or(0).min(input - cached);
        let for_an_hour = usage.cache_write_hour_tokens.unwrap_or(0).min(written);
        let reasoning = usage.reasoning_tokens.unwrap_or(0).min(output);
        let dollars = |tokens: u64, price: f64| tokens as f64 * price / 1e6;
        let part = |tokens: u64, price: Option<f64>| match price {
            Some(price) => Some(dollars(tokens, price)),
            None => (tokens == 0 || self.input == 0.0).then_some(0.0),
        };
        Some(Spend {
            input: dollars(input - cached - written, self.input),
            cached_input: part(cached, self.cached_input)?,
            cache_write: part(written - for_an_hour, self.cache_write)?
                + part(for_an_hour, self.cache_write_hour)?,
            visible: dollars(output - reasoning, self.output),
            reasoning: dollars(reasoning, self.output),
            retry: 0.0,
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
    /// All that the other attempts of the call cost: those that broke off, and answers that were
    /// asked for again.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub retry: f64,
}

/// Whether an amount is not worth a field of its own.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature a field's rule must have")]
fn is_nothing(amount: &f64) -> bool {
    *amount <= 0.0
}

impl Spend {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> f64 {
        let parts = [self.input, self.cached_input, self.cache_write, self.visible, self.reasoning];
        parts.iter().sum::<f64>() + self.retry
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 2.0,
        output: 10.0,
        cached_input: None,
        cache_write: None,
        cache_write_hour: None,
    };

    #[test]
    fn cached_tokens_are_inside_the_input() {
        let price = Price { cached_input: Some(0.5), ..PRICE };
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
        let price = Price { cache_write: Some(3.0), ..PRICE };
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
    fn what_is_kept_for_an_hour_has_a_price_of_its_own() {
        let price = Price { cache_write: Some(2.5), cache_write_hour: Some(4.0), ..PRICE };
        let usage = Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(0),
            cache_write_tokens: Some(1_000_000),
            cache_write_hour_tokens: Some(400_000),
            ..Usage::default()
        };
        let cost = price.cost(&usage).expect("known");
        assert!((cost - (0.6 * 2.5 + 0.4 * 4.0)).abs() < 1e-9, "{cost}");
    }

    #[test]
    fn an_unknown_count_has_no_cost() {
        assert_eq!(PRICE.cost(&Usage { input_tokens: Some(5), ..Usage::default() }), None);
    }

    #[test]
    fn a_part_without_a_price_costs_at_most_what_the_dearest_asks() {
        let usage = Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(100_000),
            cached_input_tokens: Some(500_000),
            cache_write_tokens: Some(250_000),
            cache_write_hour_tokens: Some(50_000),
            ..Usage::default()
        };
        let close = |price: Price, dollars: f64| {
            let most = price.at_most(&usage).expect("known");
            assert!((most - dollars).abs() < 1e-9, "{most}");
            assert!(price.cost(&usage).is_none_or(|cost| cost <= most));
        };
        close(PRICE, 0.75 * 2.0 + 0.25 * 4.0 + 1.0);
        close(Price { cached_input: Some(0.2), ..PRICE }, 0.25 * 2.0 + 0.5 * 0.2 + 1.0 + 1.0);
        let dear = Price { cache_write: Some(5.0), ..PRICE };
        close(dear, 0.75 * 2.0 + 0.25 * 5.0 + 1.0);
        let known = Price { cached_input: Some(0.2), cache_write_hour: Some(4.0), ..dear };
        assert_eq!(known.at_most(&usage), known.cost(&usage));
        let unknown = Usage { output_tokens: None, ..usage };
        assert_eq!(PRICE.at_most(&unknown), None);
    }

    #[test]
    fn a_part_without_a_price_has_no_cost_unless_nothing_of_it_was_used() {
        let plain = Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(0),
            cached_input_tokens: Some(0),
            cache_write_tokens: Some(0),
            ..Usage::default()
        };
        let read = Usage { cached_input_tokens: Some(1), ..plain };
        let written = Usage { cache_write_tokens: Some(1), ..plain };
        let hour = Usage { cache_write_hour_tokens: Some(1), ..written };
        assert_eq!(PRICE.cost(&plain), Some(2.0));
        assert_eq!((PRICE.cost(&read), PRICE.cost(&written)), (None, None));
        let short = Price { cache_write: Some(2.5), ..PRICE };
        assert!(short.cost(&written).is_some() && short.cost(&hour).is_none());
        // What one's own machine reads from its memory is as free as the rest of it.
        let free = Price { input: 0.0, output: 0.0, ..PRICE };
        for usage in [read, written, hour] {
            assert_eq!(free.cost(&usage), Some(0.0), "{usage:?}");
        }
    }
}
