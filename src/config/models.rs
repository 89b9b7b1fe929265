//! What the user knows better about a model than the built-in catalogue.

use crate::model::Price;

/// One `[models."provider/model"]` table: facts that replace the catalogue's. What is `None`
/// is not replaced.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ModelOverride {
    /// US dollars per million input tokens.
    pub price_input: Option<f64>,
    /// US dollars per million output tokens.
    pub price_output: Option<f64>,
    /// US dollars per million input tokens read from the provider's prompt cache.
    pub price_cached_input: Option<f64>,
    /// US dollars per million input tokens written to the provider's prompt cache.
    pub price_cache_write: Option<f64>,
    /// US dollars per million input tokens written to it for an hour.
    pub price_cache_write_hour: Option<f64>,
    /// Tokens that prompt and answer may have together.
    pub context_window: Option<u64>,
    /// Most tokens of one answer.
    pub max_output: Option<u64>,
}

impl ModelOverride {
    /// Puts another layer's figures over these.
    pub(super) fn overlay(&mut self, over: &Self) {
        *self = Self {
            price_input: over.price_input.or(self.price_input),
            price_output: over.price_output.or(self.price_output),
            price_cached_input: over.price_cached_input.or(self.price_cached_input),
            price_cache_write: over.price_cache_write.or(self.price_cache_write),
            price_cache_write_hour: over.price_cache_write_hour.or(self.price_cache_write_hour),
            context_window: over.context_window.or(self.context_window),
            max_output: over.max_output.or(self.max_output),
        };
    }

    /// The catalogue's price with these figures put over it. `None` when neither side knows
    /// both the input's and the output's price.
    #[must_use]
    pub fn price(&self, known: Option<Price>) -> Option<Price> {
        Some(Price {
            input: self.price_input.or(known.map(|price| price.input))?,
            output: self.price_output.or(known.map(|price| price.output))?,
            cached_input: self.price_cached_input.or(known.and_then(|price| price.cached_input)),
            cache_write: self.price_cache_write.or(known.and_then(|price| price.cache_write)),
            cache_write_hour: self
                .price_cache_write_hour
                .or(known.and_then(|price| price.cache_write_hour)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_known_only_when_both_sides_are() {
        let half = ModelOverride { price_input: Some(1.0), ..ModelOverride::default() };
        assert_eq!(half.price(None), None);
        let known = Price {
            input: 2.0,
            output: 8.0,
            cached_input: Some(0.5),
            cache_write: None,
            cache_write_hour: None,
        };
        assert_eq!(half.price(Some(known)), Some(Price { input: 1.0, ..known }));
    }
}
