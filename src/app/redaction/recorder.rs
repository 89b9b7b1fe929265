//! What stands before the database: records pass it on their way in.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;

use super::{
    Redaction,
    record::{self, redacted},
};
use crate::{
    engine::Recorder,
    model::{ChunkLog, Execution, ExecutionId, ModelRef, Redactions},
    safety::redact::Stream,
    store::{Checkpoint, StoreError},
};

/// Hands records on with secrets taken out of them. The engine, and so the screen, keeps the
/// original.
pub struct RedactingRecorder {
    inner: Arc<dyn Recorder>,
    redaction: Arc<Redaction>,
    /// The answers that are coming: a secret may be cut in two by a checkpoint.
    coming: Mutex<HashMap<ExecutionId, Coming>>,
}

/// How far the texts of one answer are: text, reasoning and refusal.
#[derive(Clone)]
pub(super) struct Coming {
    answer: u32,
    streams: [Stream; 3],
}

impl RedactingRecorder {
    /// A recorder before another.
    #[must_use]
    pub fn new(inner: Arc<dyn Recorder>, redaction: Arc<Redaction>) -> Self {
        Self { inner, redaction, coming: Mutex::default() }
    }

    pub(super) fn coming(&self) -> MutexGuard<'_, HashMap<ExecutionId, Coming>> {
        self.coming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The part of a checkpoint that is settled, and how far the texts are with it; the rest
    /// comes with the next checkpoint, or at the end.
    fn settled(&self, id: ExecutionId, mut checkpoint: Checkpoint) -> (Checkpoint, Coming) {
        let redactor = self.redaction.before_storage();
        // Named one by one, so that no field can be added and forgotten here.
        let Checkpoint {
            answer,
            text_delta,
            reasoning_delta,
            refusal_delta,
            timing: _,
            usage: _,
            response_model,
            attempts,
            model,
        } = &mut checkpoint;
        let known = self.coming().get(&id).filter(|it| it.answer == *answer).cloned();
        let mut coming = known.unwrap_or_else(|| Coming {
            answer: *answer,
            streams: std::array::from_fn(|_| redactor.stream()),
        });
        let deltas = [text_delta, reasoning_delta, refusal_delta];
        for (stream, delta) in coming.streams.iter_mut().zip(deltas) {
            let mut out = String::with_capacity(delta.len());
            stream.push(delta, &mut out);
            *delta = out;
        }
        // What was taken out is counted when the record is finished.
        let mut found = Redactions::default();
        let mut names = Redactions::default();
        for attempt in attempts.iter_mut().flatten() {
            record::attempt(&redactor, attempt, &mut found, &mut names);
        }
        if let Some(response_model) = response_model {
            record::text(&redactor, response_model, &mut found);
        }
        if let Some(ModelRef { provider, model }) = model {
            record::names(&redactor, [provider, model], &mut names);
        }
        (checkpoint, coming)
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
        let (settled, coming) = self.settled(id, checkpoint);
        self.inner.checkpoint(id, settled).await?;
        // What could not be written comes again with the next checkpoint.
        self.coming().insert(id, coming);
        Ok(())
    }

    fn abandon(&self, id: ExecutionId) {
        self.coming().remove(&id);
        self.inner.abandon(id);
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
