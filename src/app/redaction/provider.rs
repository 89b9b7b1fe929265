//! A provider whose errors repeat no key, whosever it is.

use std::sync::Arc;

use async_trait::async_trait;

use super::{Redaction, record};
use crate::{
    model::{CallError, ChatRequest, ProviderEvent, Redactions, SentParameters},
    provider::{EventSink, ListedModel, Provider},
};

/// Passes calls on, and takes the keys in use out of what a server says when it refuses: a proxy
/// knows the keys of several, and some servers repeat what they were asked.
pub struct DiscreetProvider {
    inner: Arc<dyn Provider>,
    redaction: Arc<Redaction>,
}

impl DiscreetProvider {
    /// A provider around another.
    #[must_use]
    pub fn new(inner: Arc<dyn Provider>, redaction: Arc<Redaction>) -> Self {
        Self { inner, redaction }
    }

    fn discreet(&self, mut error: CallError) -> CallError {
        let keys = self.redaction.keys_alone();
        record::call_error(&keys, &mut error, &mut Redactions::default());
        error
    }
}

#[async_trait]
impl Provider for DiscreetProvider {
    fn name(&self) -> &str {
        self.inner.name()
    }

    async fn call(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        let mut discreet = |event| {
            events(match event {
                ProviderEvent::ErrorBody(body) => ProviderEvent::ErrorBody(
                    self.redaction.keys_alone().redact_cut(&body).text.into_owned(),
                ),
                other => other,
            });
        };
        self.inner.call(request, &mut discreet).await.map_err(|error| self.discreet(error))
    }

    fn plan(&self, request: &ChatRequest) -> SentParameters {
        self.inner.plan(request)
    }

    async fn models(&self) -> Result<Vec<ListedModel>, CallError> {
        self.inner.models().await.map_err(|error| self.discreet(error))
    }
}
