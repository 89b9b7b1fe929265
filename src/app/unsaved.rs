//! Where records go that are not to be kept.

use async_trait::async_trait;

use crate::{
    engine::Recorder,
    model::{ChunkLog, Execution, ExecutionId, Redactions},
    store::{Booking, Checkpoint, Store, StoreError},
};

/// Keeps records for as long as the program lives, and what they cost where budgets are counted:
/// money is spent whether or not somebody wants a record of it.
pub(super) struct UnsavedRecorder {
    pub records: Store,
    pub ledger: Store,
}

#[async_trait]
impl Recorder for UnsavedRecorder {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        self.records.begin(execution).await
    }

    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.records.checkpoint(id, checkpoint).await
    }

    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError> {
        self.records.finish(execution, chunks).await?;
        let counted = match execution.cost_usd {
            // Where nothing can be written no budget let the call leave.
            _ if self.ledger.is_read_only() => Ok(()),
            Some(amount_usd) if amount_usd > 0.0 => {
                let (execution, started_at) = (execution.id, execution.timing.started_at);
                self.ledger.book(Booking { execution, started_at, amount_usd }).await
            }
            _ => self.ledger.release(execution.id).await,
        };
        if let Err(error) = counted {
            tracing::warn!(%error, cost = execution.cost_usd, "no budget counts what a call cost");
        }
        Ok(Redactions::default())
    }
}
