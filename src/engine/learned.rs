//! What models have been found not to take: it is left out, and the record says so.

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::Value;

use super::call::Call;
use crate::{
    model::{CallError, DroppedParameter, ModelRef, Parameter},
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
        self.request.parameters = self.asked.clone();
        let mut dropped = Vec::new();
        for refusal in learned {
            self.leave_out(refusal.parameter, refusal.reason(&model), &mut dropped);
        }
        for parameter in self.without.clone() {
            self.leave_out(parameter, "it was to be left out".to_owned(), &mut dropped);
        }
        let mut plan = provider.plan(&self.request);
        plan.requested = self.asked.to_map();
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

    fn leave_out(
        &mut self,
        parameter: Parameter,
        reason: String,
        dropped: &mut Vec<DroppedParameter>,
    ) {
        let asked = self.request.parameters.to_map().contains_key(parameter.as_str());
        if asked {
            // Nothing is a value of every parameter, so this cannot fail.
            let _ = self.request.parameters.set(parameter, &Value::Null);
            dropped.push(DroppedParameter { name: parameter.as_str().to_owned(), reason });
        }
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
