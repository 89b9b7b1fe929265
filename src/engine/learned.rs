//! What models have been found not to take: it is left out, and the record says so.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::{Shared, call::Call};
use crate::{
    model::{CallError, DroppedParameter, GenerationParameters, ModelRef, Parameter},
    provider::Provider,
    store::{LearnedRefusal, Store, StoreError},
};

/// Remembers what models refuse. The database in the program.
#[async_trait]
pub trait Capabilities: Send + Sync {
    /// The parameters that are left out of calls to a model.
    async fn dropped(&self, model: &ModelRef) -> Result<Vec<LearnedRefusal>, StoreError>;
    /// Leaves a parameter out from now on, if the model has refused it.
    async fn leave_out(&self, model: &ModelRef, parameter: Parameter) -> Result<(), StoreError>;
    /// Notes that a model refused a parameter.
    async fn refused(
        &self,
        model: &ModelRef,
        parameter: Parameter,
        at: Timestamp,
    ) -> Result<(), StoreError>;
}

#[async_trait]
impl Capabilities for Store {
    async fn dropped(&self, model: &ModelRef) -> Result<Vec<LearnedRefusal>, StoreError> {
        self.dropped_parameters(model).await
    }

    async fn leave_out(&self, model: &ModelRef, parameter: Parameter) -> Result<(), StoreError> {
        self.drop_parameter(model, parameter).await.map(|_| ())
    }

    async fn refused(
        &self,
        model: &ModelRef,
        parameter: Parameter,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        self.parameter_refused(model, parameter, at).await
    }
}

impl Call<'_> {
    /// Plans what is sent to the model that is asked now: without what it was found to refuse,
    /// and without what this one call is to go without.
    pub(super) async fn plan(&mut self, provider: &dyn Provider) {
        let model = self.execution.model_ref();
        let learned = self.learned(&model).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what the model refuses cannot be read or kept");
            Vec::new()
        });
        let asked = self.asked.to_map();
        let mut dropped: Vec<DroppedParameter> = Vec::new();
        let reasons = learned.iter().map(|refusal| (refusal.parameter, refusal.reason(&model)));
        let by_order = |parameter: &Parameter| (*parameter, "it was to be left out".to_owned());
        for (parameter, reason) in reasons.chain(self.without.iter().map(by_order)) {
            let name = parameter.as_str();
            if asked.contains_key(name) && !dropped.iter().any(|it| it.name == name) {
                dropped.push(DroppedParameter { name: name.to_owned(), reason });
            }
        }
        self.request.parameters = left(&self.asked, &learned, &self.without);
        let mut plan = provider.plan(&self.request);
        plan.requested = asked;
        plan.dropped.extend(dropped);
        self.execution.parameters = plan;
    }

    /// What is left out of calls to a model, that of this call with it.
    async fn learned(&self, model: &ModelRef) -> Result<Vec<LearnedRefusal>, StoreError> {
        let capabilities = &self.shared.parts.capabilities;
        for parameter in &self.without {
            capabilities.leave_out(model, *parameter).await?;
        }
        capabilities.dropped(model).await
    }

    /// Notes what an error says that the model does not take.
    pub(super) async fn learn(&self, error: &CallError) {
        let Some(parameter) = error.parameter else { return };
        let (model, now) = (self.execution.model_ref(), (self.shared.parts.wall)());
        if let Err(error) = self.shared.parts.capabilities.refused(&model, parameter, now).await {
            tracing::warn!(%error, "what the model refuses cannot be kept");
        }
    }
}

impl Shared {
    /// The parameters that will be sent to a model: those that are asked for, without what it was
    /// found to refuse and without what this one call is to go without. What a call may cost and
    /// what it asks follow these, as a limit that is not sent limits nothing.
    pub(super) async fn parameters_sent(
        &self,
        model: &ModelRef,
        asked: &GenerationParameters,
        without: &[Parameter],
    ) -> GenerationParameters {
        let learned = self.parts.capabilities.dropped(model).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "what the model refuses cannot be read");
            Vec::new()
        });
        left(asked, &learned, without)
    }
}

/// What is left of parameters.
fn left(
    asked: &GenerationParameters,
    learned: &[LearnedRefusal],
    without: &[Parameter],
) -> GenerationParameters {
    let mut left = asked.clone();
    for parameter in learned.iter().map(|refusal| refusal.parameter).chain(without.iter().copied())
    {
        // Nothing is a value of every parameter, so this cannot fail.
        let _ = left.set(parameter, &Value::Null);
    }
    left
}
