//! What is run, what is told about it, and the handle that steers it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;
use tokio::sync::watch;

use super::{guard::Safeguards, limit::HeldBy, queue::Queue, recover::Expectations};
use crate::model::{
    CacheUse, CallError, ErrorKind, Execution, ExecutionId, Fallback, GenerationParameters,
    Message, ModelRef, Parameter, RunId, Strategy, TemplateStamp, Usage, VariantName,
};

/// Who waits for the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// A person: few retries, short waits.
    Interactive,
    /// A suite: more of both.
    Suite,
}

/// The calls started by one press or one command.
#[derive(Clone, Debug)]
pub struct RunSpec {
    pub run_id: RunId,
    pub calls: Vec<CallSpec>,
    pub mode: Mode,
}

/// One call to make.
#[derive(Clone, Debug)]
pub struct CallSpec {
    pub execution_id: ExecutionId,
    pub variant: VariantName,
    pub stamp: TemplateStamp,
    pub model: ModelRef,
    /// The messages exactly as they are to be sent.
    pub messages: Vec<Message>,
    pub parameters: GenerationParameters,
    /// What the messages were rendered with.
    pub inputs: BTreeMap<String, Value>,
    pub tags: BTreeMap<String, String>,
    /// Whether to ask for a stream.
    pub stream: bool,
    /// Whether an answer that was given before will do.
    pub cache: CacheUse,
    /// Models to ask, in this order, where this one does not answer.
    pub fallback: Vec<Fallback>,
    pub safeguards: Safeguards,
    pub expectations: Expectations,
    /// Parameters to leave out, and to go on leaving out where the model has refused them.
    pub without: Vec<Parameter>,
    /// What whoever starts the call should be told first; nothing hangs on it here.
    pub remarks: Vec<String>,
}

/// Something that happened to one call of a run.
#[derive(Clone, Debug)]
pub struct RunEvent {
    pub run_id: RunId,
    pub execution_id: ExecutionId,
    pub variant: VariantName,
    /// Counts the events of this call from 1. Pieces that joined on the way leave gaps.
    pub sequence: u32,
    pub kind: RunEventKind,
}

/// What happened, in the order it can happen.
#[derive(Clone, Debug)]
pub enum RunEventKind {
    /// It waits for its turn at the provider.
    Queued,
    /// A limit holds it back for so long. What the server asks for can be skipped, what the
    /// settings say cannot.
    Held { provider: String, for_ms: u64, by: HeldBy },
    /// An attempt begins: the connection is being made.
    Attempt { number: u32, of: u32 },
    /// The attempt failed and attempt `number` follows.
    Waiting { retry_in_ms: u64, number: u32, of: u32, error: CallError },
    /// No answer came from the model asked so far; this one is asked next.
    FellBack { to: ModelRef, error: CallError },
    /// The answer is not what was asked for, and the model is asked again: the text so far is put
    /// aside.
    Recovering { strategy: Strategy, number: u32, of: u32, reasons: Vec<String> },
    /// The request has been written.
    Sent,
    /// Headers of a success arrived.
    Headers,
    /// The server said that it lives, and nothing else.
    Heartbeat,
    /// Pieces of the answer, exact; any may be empty. `at_ms` counts from the attempt's start.
    Delta { text: String, reasoning: String, refusal: String, at_ms: u64 },
    /// What is known of the usage so far.
    Usage(Usage),
    /// No budget counts this call, since its price is not known.
    Unpriced,
    /// The record could not be kept; the answer itself goes on.
    NotSaved { reason: String },
    /// The record can be kept after all; nothing of it is missing.
    Saved,
    /// The end, whatever it was. Always the last event of a call.
    Finished(Box<Execution>),
}

/// Steers a run and hears of it. Dropping it cancels whatever has not ended.
pub struct RunHandle {
    run_id: RunId,
    queue: Arc<Queue>,
    controls: Vec<Control>,
    asks_again: bool,
}

impl RunHandle {
    pub(super) const fn new(
        run_id: RunId,
        queue: Arc<Queue>,
        controls: Vec<Control>,
        asks_again: bool,
    ) -> Self {
        Self { run_id, queue, controls, asks_again }
    }

    /// Whether an answer may be put aside for another one after it was told: who cannot take
    /// back what was written waits for the end.
    #[must_use]
    pub const fn asks_again(&self) -> bool {
        self.asks_again
    }

    /// The run this is.
    #[must_use]
    pub const fn run_id(&self) -> RunId {
        self.run_id
    }

    /// The next event of any of its calls; `None` once all have ended. Safe to drop half-way.
    pub async fn next(&mut self) -> Option<RunEvent> {
        self.queue.next().await
    }

    /// Ends one call; what arrived so far is recorded.
    pub fn cancel(&self, execution: ExecutionId) {
        self.order(execution, |orders| orders.cancelled = true);
    }

    /// Ends every call.
    pub fn cancel_all(&self) {
        for control in &self.controls {
            control.orders.send_modify(|orders| orders.cancelled = true);
        }
    }

    /// Sends a call now that waits for its next attempt, or because of what its server asked for.
    pub fn skip_wait(&self, execution: ExecutionId) {
        self.order(execution, |orders| orders.skips += 1);
    }

    fn order(&self, execution: ExecutionId, change: impl FnOnce(&mut Orders)) {
        if let Some(control) = self.controls.iter().find(|control| control.id == execution) {
            control.orders.send_modify(change);
        }
    }
}

impl Drop for RunHandle {
    fn drop(&mut self) {
        self.cancel_all();
    }
}

/// The steering end of one call.
pub(super) struct Control {
    id: ExecutionId,
    orders: watch::Sender<Orders>,
}

/// What a call was told to do.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Orders {
    cancelled: bool,
    skips: u32,
}

/// The obeying end of one call.
pub(super) struct Obey(watch::Receiver<Orders>);

pub(super) fn control(id: ExecutionId) -> (Control, Obey) {
    let (orders, receiver) = watch::channel(Orders::default());
    (Control { id, orders }, Obey(receiver))
}

/// What a call that was told to end ends with.
pub(super) fn cancelled() -> CallError {
    CallError::new(ErrorKind::Cancelled, "cancelled")
}

impl Obey {
    /// Resolves once the call is to end: told so, or its handle is gone.
    pub async fn cancelled(&mut self) {
        let _ = self.0.wait_for(|orders| orders.cancelled).await;
    }

    /// Resolves when a wait that begins now is to be cut short.
    pub async fn skipped(&mut self) {
        let before = self.0.borrow().skips;
        if self.0.wait_for(|orders| orders.skips > before).await.is_err() {
            // The handle is gone; that is a cancellation, and not for here.
            std::future::pending::<()>().await;
        }
    }

    /// A second end, for waiting on both orders at once.
    pub fn another(&self) -> Self {
        Self(self.0.clone())
    }
}
