//! What a call will cost, before it is sent.

use crate::{
    model::{GenerationParameters, Price, Usage},
    prompt::tokens::TokenCount,
    store::TypicalOutput,
};

/// The tokens of an answer of which nothing is known: some paragraphs.
const UNKNOWN_OUTPUT: u64 = 500;
/// The tokens such an answer may have, for setting money aside.
const UNKNOWN_MOST: u64 = 2_000;

/// Where the length of an answer is taken from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputFrom {
    /// The last answers of this model.
    History { answers: usize },
    /// The limit that is asked for.
    MaxTokens,
    /// Nothing is known.
    Guess,
}

/// What a call will cost as far as that can be known beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub input: TokenCount,
    /// The tokens of the answer that are likely.
    pub output_tokens: u64,
    /// The tokens of the answer that money is set aside for: the limit that is asked for, else
    /// the longest of the last answers.
    pub most_output_tokens: u64,
    pub output_from: OutputFrom,
    /// US dollars that are likely; `None` where the price is not known.
    pub cost_usd: Option<f64>,
    /// US dollars that are set aside; `None` where the price is not known.
    pub most_usd: Option<f64>,
    /// Whether an answer that was given before will be given again, for nothing.
    pub cached: bool,
}

/// Estimates a call from its counted prompt, its parameters and the answers before it.
#[must_use]
pub fn estimate(
    input: TokenCount,
    parameters: &GenerationParameters,
    typical: Option<TypicalOutput>,
    price: Option<Price>,
) -> Estimate {
    let limit = parameters.max_tokens;
    let limited = |tokens: u64| limit.map_or(tokens, |limit| tokens.min(limit));
    let (output_tokens, output_from) = match (typical, limit) {
        (Some(typical), _) => {
            (limited(typical.median), OutputFrom::History { answers: typical.answers })
        }
        (None, Some(limit)) => (limit, OutputFrom::MaxTokens),
        (None, None) => (UNKNOWN_OUTPUT, OutputFrom::Guess),
    };
    let longest = typical.map_or(0, |typical| typical.longest);
    let most_output_tokens = limit.unwrap_or_else(|| longest.max(UNKNOWN_MOST));
    let tokens = input.tokens as u64;
    // An estimated count may be too low; a quarter more covers what estimates are off by.
    let most_input = if input.exact { tokens } else { tokens + tokens.div_ceil(4) };
    let cost = |input, output| {
        price?.cost(&Usage {
            input_tokens: Some(input),
            output_tokens: Some(output),
            ..Usage::default()
        })
    };
    Estimate {
        input,
        output_tokens,
        most_output_tokens,
        output_from,
        cost_usd: cost(tokens, output_tokens),
        most_usd: cost(most_input, most_output_tokens),
        cached: false,
    }
}

impl Estimate {
    /// The estimate of a call whose answer is given again.
    #[must_use]
    pub fn from_cache(self) -> Self {
        Self { cached: true, cost_usd: Some(0.0), most_usd: Some(0.0), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRICE: Price = Price {
        input: 1.0,
        output: 10.0,
        cached_input: None,
        cache_write: None,
        cache_write_hour: None,
    };
    const INPUT: TokenCount = TokenCount { tokens: 1_000, exact: true };

    fn with_limit(max_tokens: Option<u64>) -> GenerationParameters {
        GenerationParameters { max_tokens, ..GenerationParameters::default() }
    }

    #[test]
    fn history_says_what_is_likely_and_the_limit_what_is_possible() {
        let typical = TypicalOutput { median: 100, longest: 5_000, answers: 7 };
        let close = |one: Option<f64>, other: f64| one.is_some_and(|it| (it - other).abs() < 1e-12);
        let free = estimate(INPUT, &with_limit(None), Some(typical), Some(PRICE));
        assert_eq!((free.output_tokens, free.most_output_tokens), (100, 5_000));
        assert_eq!(free.output_from, OutputFrom::History { answers: 7 });
        assert!(close(free.cost_usd, 0.002) && close(free.most_usd, 0.051), "{free:?}");
        let held = estimate(INPUT, &with_limit(Some(50)), Some(typical), Some(PRICE));
        assert_eq!((held.output_tokens, held.most_output_tokens), (50, 50));
        let first = estimate(INPUT, &with_limit(Some(300)), None, Some(PRICE));
        assert_eq!((first.output_tokens, first.output_from), (300, OutputFrom::MaxTokens));
        let nothing = estimate(INPUT, &with_limit(None), None, Some(PRICE));
        assert_eq!(nothing.output_from, OutputFrom::Guess);
        assert!(nothing.most_usd > nothing.cost_usd);
    }

    #[test]
    fn more_is_set_aside_for_what_is_only_estimated() {
        let guessed = TokenCount { exact: false, ..INPUT };
        let estimate = estimate(guessed, &with_limit(Some(0)), None, Some(PRICE));
        assert!((estimate.most_usd.expect("known") - 0.001_25).abs() < 1e-12);
        assert!((estimate.cost_usd.expect("known") - 0.001).abs() < 1e-12);
    }

    #[test]
    fn an_unknown_price_stays_unknown() {
        let estimate = estimate(INPUT, &with_limit(Some(5)), None, None);
        assert_eq!((estimate.cost_usd, estimate.most_usd), (None, None));
        assert_eq!(estimate.from_cache().cost_usd, Some(0.0));
    }
}
