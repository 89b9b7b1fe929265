//! What the engine is made of: who answers, who records, and the clock.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::{budget::Money, cache::Answers, learned::Capabilities};
use crate::{
    config::{CacheSettings, EngineSettings, ProviderLimits},
    model::{
        CallError, ChunkLog, Execution, ExecutionId, GenerationParameters, ModelRef, Price,
        Redactions, Usage,
    },
    provider::Provider,
    store::{Checkpoint, Store, StoreError},
};

/// Finds the endpoint a model is asked at, and what it costs.
#[async_trait]
pub trait Providers: Send + Sync {
    /// The provider configured under a name, made ready: its key found, its server started.
    ///
    /// # Errors
    /// Where there is none of that name, or it cannot be made ready.
    async fn provider(&self, name: &str) -> Result<Arc<dyn Provider>, CallError>;

    /// The server that the provider of a name leads to: providers of one server share what is
    /// found out about it.
    fn server(&self, name: &str) -> String {
        name.to_owned()
    }

    /// Where the provider of a name is asked and in which protocol: whoever answers there instead
    /// of another gives other answers.
    fn address(&self, name: &str) -> String {
        self.server(name)
    }

    /// How much the provider of a name gets; `None` for what every provider gets.
    fn limits(&self, name: &str) -> Option<ProviderLimits> {
        let _ = name;
        None
    }

    /// What is known of how long an answer of a model can be, and of how it is seen.
    fn answers(&self, model: &ModelRef, parameters: &GenerationParameters) -> AnswerFacts {
        let _ = (model, parameters);
        AnswerFacts::default()
    }

    /// The price of a model for a call of this size; `None` when it is not known.
    fn price(&self, model: &ModelRef, usage: &Usage) -> Option<Price>;
}

/// What is known of a model's answers before they come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnswerFacts {
    /// The most tokens of one answer.
    pub most_tokens: Option<u64>,
    /// Whether it thinks without showing that, so that nobody can see how much it has written.
    pub thinks_unseen: bool,
}

/// Keeps executions. The database in the program; something simpler in tests.
#[async_trait]
pub trait Recorder: Send + Sync {
    /// Keeps an execution that is about to be sent. Once answered, it survives the process.
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError>;
    /// Keeps what came since the last checkpoint.
    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError>;
    /// Nothing more will be told of an execution that has not ended; what is kept of it stays.
    fn abandon(&self, id: ExecutionId) {
        let _ = id;
    }
    /// Keeps how an execution ended, begun or not; what was taken out of it before.
    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError>;
}

#[async_trait]
impl Recorder for Store {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        Self::begin(self, execution).await
    }

    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        Self::checkpoint(self, id, checkpoint).await
    }

    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError> {
        Self::finish(self, execution, chunks).await?;
        Ok(Redactions::default())
    }
}

/// Everything the engine needs from outside.
#[derive(Clone)]
pub struct EngineParts {
    pub providers: Arc<dyn Providers>,
    pub recorder: Arc<dyn Recorder>,
    /// What models were found to refuse.
    pub capabilities: Arc<dyn Capabilities>,
    pub settings: EngineSettings,
    /// What may be spent.
    pub money: Money,
    /// Where answers are kept that may be given again, and when they are.
    pub answers: Arc<dyn Answers>,
    pub cache: CacheSettings,
    /// The time of day. Durations are measured by tokio's clock, never by this one.
    pub wall: fn() -> Timestamp,
    /// The time since some moment, the machine's sleep with it. Timers stand still in its sleep,
    /// so that a call's limits are held against this one as well.
    pub with_sleep: fn() -> Duration,
    /// A random number in \[0, 1), so that several callers do not try again in step.
    pub chance: fn() -> f64,
}
