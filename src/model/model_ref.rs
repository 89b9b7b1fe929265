//! Which model of which provider.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// `provider/model`, split at the first slash, so that a model's own name may contain slashes
/// (`openrouter/meta-llama/llama-3`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelRef {
    pub provider: String,
    pub model: String,
}

/// Why a text is not a `provider/model` pair.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error(
    "`{text}` does not name a model: write provider/model, for example demo/fast (`lathe models` lists them)"
)]
pub struct ModelRefError {
    pub text: String,
}

impl ModelRef {
    /// A reference from its two parts.
    pub fn new(provider: impl Into<String>, model: impl Into<String>) -> Self {
        Self { provider: provider.into(), model: model.into() }
    }

    /// Whether this is the simulated provider; every screen says so where it is.
    #[must_use]
    pub fn is_simulated(&self) -> bool {
        self.provider == "demo"
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.provider, self.model)
    }
}

impl FromStr for ModelRef {
    type Err = ModelRefError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().split_once('/') {
            Some((provider, model)) if !provider.is_empty() && !model.is_empty() => {
                Ok(Self::new(provider, model))
            }
            _ => Err(ModelRefError { text: text.to_owned() }),
        }
    }
}

impl Serialize for ModelRef {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ModelRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_at_the_first_slash_only() {
        let model: ModelRef = "router/meta/llama-3".parse().expect("a model");
        assert_eq!((model.provider.as_str(), model.model.as_str()), ("router", "meta/llama-3"));
        assert_eq!(model.to_string(), "router/meta/llama-3");
    }

    #[test]
    fn half_a_name_is_refused() {
        for text in ["", "demo", "/fast", "demo/", "  "] {
            assert!(text.parse::<ModelRef>().is_err(), "{text:?} passed");
        }
    }
}
