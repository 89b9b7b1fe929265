//! What a call will cost, before it is sent.

use crate::{
    model::{CachePrompt, Price, Usage},
    prompt::tokens::TokenCount,
    store::TypicalOutput,
};

/// The tokens of an answer of which nothing is known: some paragraphs.
const UNKNOWN_OUTPUT: u64 = 500;
/// The tokens that money is set aside for at first, where no limit is asked for and the answers
/// before were no longer.
const UNKNOWN_MOST: u64 = 2_000;

/// The tokens at most of what is said to a model that is asked again, beside its answer and the
/// form that is wished for.
const ASKED_AGAIN: u64 = 1_000;

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

/// What is known of a call before it is sent.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The prompt, with the tools and the form beside it.
    pub input: TokenCount,
    /// The limit on the answer that is asked for.
    pub max_tokens: Option<u64>,
    /// The most tokens of one answer that the model gives.
    pub model_limit: Option<u64>,
    /// The answers before it.
    pub typical: Option<TypicalOutput>,
    pub price: Option<Price>,
    /// How the prompt may be written to the provider's own cache, which costs more.
    pub writes_cache: CachePrompt,
    /// Whether the answer is seen token by token, so that it can be stopped on its way.
    pub seen: bool,
}

/// What a call will cost as far as that can be known beforehand.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub input: TokenCount,
    /// The tokens of the answer that are likely.
    pub output_tokens: u64,
    /// The most tokens the answer can have: the limit that is asked for, else the model's, else
    /// the longest of the last answers.
    pub most_output_tokens: u64,
    /// The tokens of the answer that money is set aside for before it is sent.
    pub aside_output_tokens: u64,
    /// Up to how many more is set aside while the answer comes; `None` where all of it is at
    /// once.
    pub grows_to: Option<u64>,
    pub output_from: OutputFrom,
    /// US dollars that are likely; `None` where the price is not known.
    pub cost_usd: Option<f64>,
    /// US dollars that it costs at most; `None` where the price is not known.
    pub most_usd: Option<f64>,
    /// US dollars that it costs at most to ask the model again because of its answer; `None` where
    /// the price is not known.
    pub again_usd: Option<f64>,
    /// US dollars that are set aside before it is sent; `None` where the price is not known.
    pub aside_usd: Option<f64>,
    /// Whether an answer that was given before will be given again, for nothing.
    pub cached: bool,
}

/// Estimates a call from what is known of it.
#[must_use]
pub fn estimate(expected: &Expected) -> Estimate {
    let &Expected { input, max_tokens, model_limit, typical, price, .. } = expected;
    let limited = |tokens: u64| max_tokens.map_or(tokens, |limit| tokens.min(limit));
    let (output_tokens, output_from) = match (typical, max_tokens) {
        (Some(typical), _) => {
            (limited(typical.median), OutputFrom::History { answers: typical.answers })
        }
        (None, Some(limit)) => (limit, OutputFrom::MaxTokens),
        (None, None) => (UNKNOWN_OUTPUT, OutputFrom::Guess),
    };
    let longest = typical.map_or(0, |typical| typical.longest).max(UNKNOWN_MOST);
    let most_output_tokens = max_tokens.or(model_limit).unwrap_or(longest);
    let grows = max_tokens.is_none() && expected.seen;
    // Where nobody says how long an answer can be there is no end to it.
    let grows_to = grows.then(|| model_limit.unwrap_or(u64::MAX));
    let aside_output_tokens =
        if grows { longest.min(most_output_tokens) } else { most_output_tokens };
    let tokens = input.tokens as u64;
    // An estimated count may be too low; a quarter more covers what estimates are off by.
    let most_input = if input.exact { tokens } else { tokens + tokens.div_ceil(4) };
    let usage = |input, output, written: Option<u64>| Usage {
        input_tokens: Some(input),
        output_tokens: Some(output),
        cache_write_tokens: written,
        cache_write_hour_tokens: written.filter(|_| expected.writes_cache == CachePrompt::Hour),
        ..Usage::default()
    };
    // Writing to a provider's cache may be dearer than reading, and never counts as cheaper.
    let most = |input, output| {
        let written = (expected.writes_cache != CachePrompt::Off).then_some(input);
        let plain = price?.at_most(&usage(input, output, None))?;
        Some(price?.at_most(&usage(input, output, written))?.max(plain))
    };
    // The answer that is not good enough goes with the prompt, and the form stands in it again.
    let again =
        most_input.saturating_mul(2).saturating_add(most_output_tokens).saturating_add(ASKED_AGAIN);
    Estimate {
        input,
        output_tokens,
        most_output_tokens,
        aside_output_tokens,
        grows_to,
        output_from,
        cost_usd: price.and_then(|price| price.cost(&usage(tokens, output_tokens, None))),
        most_usd: most(most_input, most_output_tokens),
        again_usd: most(again, most_output_tokens),
        aside_usd: most(most_input, aside_output_tokens),
        cached: false,
    }
}

impl Estimate {
    /// The estimate of a call whose answer is given again.
    #[must_use]
    pub fn from_cache(self) -> Self {
        let nothing = Some(0.0);
        Self {
            cached: true,
            cost_usd: nothing,
            most_usd: nothing,
            again_usd: nothing,
            aside_usd: nothing,
            ..self
        }
    }

    /// The estimate with all that may be sent for the call counted in what it costs at most: so
    /// many attempts with each model, the models that are turned to where this one does not
    /// answer, and that whoever answered is asked again so many times. A price that is not known
    /// leaves all of it unknown.
    #[must_use]
    pub fn with_all_that_may_follow(
        self,
        fallback: &[Self],
        attempts: u32,
        recoveries: u32,
    ) -> Self {
        let models = || std::iter::once(&self).chain(fallback);
        let each: Option<f64> = models().map(|model| model.most_usd).sum();
        let again = models()
            .map(|model| model.again_usd)
            .try_fold(0.0, |dearest: f64, again| Some(dearest.max(again?)));
        let most_usd = each
            .zip(again)
            .map(|(each, again)| f64::from(attempts) * (each + f64::from(recoveries) * again));
        Self { most_usd, ..self }
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

    fn expected(max_tokens: Option<u64>) -> Expected {
        Expected {
            input: INPUT,
            max_tokens,
            model_limit: None,
            typical: None,
            price: Some(PRICE),
            writes_cache: CachePrompt::Off,
            seen: true,
        }
    }

    fn close(one: Option<f64>, other: f64) -> bool {
        one.is_some_and(|it| (it - other).abs() < 1e-12)
    }

    #[test]
    fn history_says_what_is_likely_and_the_limit_what_is_possible() {
        let typical = Some(TypicalOutput { median: 100, longest: 5_000, answers: 7 });
        let free = estimate(&Expected { typical, ..expected(None) });
        assert_eq!((free.output_tokens, free.most_output_tokens), (100, 5_000));
        assert_eq!(free.output_from, OutputFrom::History { answers: 7 });
        assert!(close(free.cost_usd, 0.002) && close(free.most_usd, 0.051), "{free:?}");
        let held = estimate(&Expected { typical, ..expected(Some(50)) });
        assert_eq!((held.output_tokens, held.most_output_tokens), (50, 50));
        let first = estimate(&expected(Some(300)));
        assert_eq!((first.output_tokens, first.output_from), (300, OutputFrom::MaxTokens));
        let nothing = estimate(&expected(None));
        assert_eq!(nothing.output_from, OutputFrom::Guess);
        assert!(nothing.most_usd > nothing.cost_usd);
    }

    /// What the model may write is what it may cost, and what can be stopped on its way need not
    /// be set aside at once.
    #[test]
    fn without_a_limit_the_models_own_is_the_most() {
        let open = Expected { model_limit: Some(64_000), ..expected(None) };
        let seen = estimate(&open);
        assert_eq!((seen.most_output_tokens, seen.aside_output_tokens), (64_000, 2_000));
        assert_eq!(seen.grows_to, Some(64_000));
        assert!(close(seen.most_usd, 0.641) && close(seen.aside_usd, 0.021), "{seen:?}");
        let hidden = estimate(&Expected { seen: false, ..open });
        assert_eq!(hidden.aside_output_tokens, 64_000, "nothing could stop it");
        assert_eq!(hidden.grows_to, None);
        assert_eq!(estimate(&expected(None)).grows_to, Some(u64::MAX), "nobody knows an end");
        let limited = estimate(&Expected { model_limit: Some(64_000), ..expected(Some(9_000)) });
        assert_eq!((limited.most_output_tokens, limited.aside_output_tokens), (9_000, 9_000));
        assert_eq!(limited.grows_to, None);
    }

    #[test]
    fn more_is_set_aside_for_what_is_only_estimated() {
        let guessed = TokenCount { exact: false, ..INPUT };
        let estimate = estimate(&Expected { input: guessed, ..expected(Some(0)) });
        assert!(close(estimate.most_usd, 0.001_25) && close(estimate.aside_usd, 0.001_25));
        assert!(close(estimate.cost_usd, 0.001));
    }

    #[test]
    fn writing_to_a_providers_cache_is_the_most_it_can_cost() {
        let dear = Price { cache_write: Some(1.25), ..PRICE };
        let written =
            Expected { price: Some(dear), writes_cache: CachePrompt::Short, ..expected(Some(0)) };
        assert!(close(estimate(&written).most_usd, 0.001_25));
        let cheap = Price { cache_write: Some(0.5), ..PRICE };
        assert!(close(estimate(&Expected { price: Some(cheap), ..written }).most_usd, 0.001));
        let unpriced = estimate(&Expected { price: Some(PRICE), ..written });
        assert!(close(unpriced.most_usd, 0.002), "what has no price is no cheaper: {unpriced:?}");
        let unkept = Expected { writes_cache: CachePrompt::Off, ..written };
        assert!(close(estimate(&unkept).most_usd, 0.001));
        let long = Price { cache_write_hour: Some(2.0), ..dear };
        let for_an_hour =
            Expected { price: Some(long), writes_cache: CachePrompt::Hour, ..written };
        assert!(close(estimate(&for_an_hour).most_usd, 0.002));
    }

    #[test]
    fn all_that_may_be_sent_is_in_what_it_costs_at_most() {
        let first = estimate(&expected(Some(100)));
        let dearer = Price { input: 10.0, output: 100.0, ..PRICE };
        let other = estimate(&Expected { price: Some(dearer), ..expected(Some(100)) });
        assert!(close(first.most_usd, 0.002) && close(other.most_usd, 0.02));
        // Twice the prompt, the answer, and what is said of it.
        assert!(close(first.again_usd, 0.001 * 3.1 + 0.001), "{first:?}");
        let all = |fallback: &[Estimate], attempts, recoveries| {
            let all = first.with_all_that_may_follow(fallback, attempts, recoveries);
            assert_eq!((all.cost_usd, all.aside_usd), (first.cost_usd, first.aside_usd));
            all.most_usd
        };
        assert!(close(all(&[], 1, 0), 0.002));
        assert!(close(all(&[], 3, 0), 0.006), "each attempt may be paid for");
        assert!(close(all(&[other], 1, 0), 0.022), "so may a model that did not answer");
        assert!(close(all(&[], 1, 2), 0.002 + 2.0 * 0.0041));
        assert!(close(all(&[other], 3, 2), 3.0 * (0.022 + 2.0 * 0.041)), "the dearest answered");
        let unpriced = estimate(&Expected { price: None, ..expected(Some(100)) });
        assert_eq!(all(&[unpriced], 1, 0), None, "what it can cost is not known");
    }

    #[test]
    fn an_unknown_price_stays_unknown() {
        let estimate = estimate(&Expected { price: None, ..expected(Some(5)) });
        assert_eq!((estimate.cost_usd, estimate.most_usd, estimate.aside_usd), (None, None, None));
        assert_eq!(estimate.from_cache().cost_usd, Some(0.0));
    }
}
