//! The models that are asked where the first one does not answer.

use std::time::Duration;

use super::ModelRef;

/// One of the models to ask next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fallback {
    pub model: ModelRef,
    /// Longest whole attempt with this model; `None` for the engine's own.
    pub timeout: Option<Duration>,
}

impl From<ModelRef> for Fallback {
    fn from(model: ModelRef) -> Self {
        Self { model, timeout: None }
    }
}
