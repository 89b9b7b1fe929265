//! What stands before the database: records pass it on their way in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{Redaction, record::redacted};
use crate::{
    engine::Recorder,
    model::{ChunkLog, Execution, ExecutionId, Redactions},
    safety::redact::Stream,
    store::{Checkpoint, StoreError},
};

/// Hands records on with secrets taken out of them. The engine, and so the screen, keeps the
/// original.
pub struct RedactingRecorder {
    inner: Arc<dyn Recorder>,
    redaction: Arc<Redaction>,
    /// The answers that are coming: a secret may be cut in two by a checkpoint.
    coming: Mutex<HashMap<ExecutionId, [Stream; 3]>>,
}

impl RedactingRecorder {
    /// A recorder before another.
    #[must_use]
    pub fn new(inner: Arc<dyn Recorder>, redaction: Arc<Redaction>) -> Self {
        Self { inner, redaction, coming: Mutex::default() }
    }

    pub(super) fn coming(&self) -> MutexGuard<'_, HashMap<ExecutionId, [Stream; 3]>> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of a checkpoint that is settled; the rest comes with the next, or at the end.
    fn settled(&self, id: ExecutionId, mut checkpoint: Checkpoint) -> Checkpoint {
        let mut coming = self.coming();
        let streams = coming.entry(id).or_insert_with(|| {
            let redactor = self.redaction.before_storage();
            std::array::from_fn(|_| redactor.stream())
        });
        let deltas = [
            &mut checkpoint.text_delta,
            &mut checkpoint.reasoning_delta,
            &mut checkpoint.refusal_delta,
        ];
        for (stream, delta) in streams.iter_mut().zip(deltas) {
            let mut out = String::with_capacity(delta.len());
            stream.push(delta, &mut out);
            *delta = out;
        }
        checkpoint
    }
}

#[async_trait]
impl Recorder for RedactingRecorder {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        let redactor = self.redaction.before_storage();
        match redacted(&redactor, execution, &ChunkLog::default()) {
            Some((record, _)) => self.inner.begin(&record).await,
            None => self.inner.begin(execution).await,
        }
    }

    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let settled = self.settled(id, checkpoint);
        self.inner.checkpoint(id, settled).await
    }

    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError> {
        self.coming().remove(&execution.id);
        let redactor = self.redaction.before_storage();
        match redacted(&redactor, execution, chunks) {
            Some((record, chunks)) => {
                self.inner.finish(&record, &chunks).await?;
                Ok(record.redactions)
            }
            None => self.inner.finish(execution, chunks).await,
        }
    }
}
