//! One call from its turn to its record. [`Call::answer`] is the list of the steps; each step is
//! in a file of its own.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::{
    Shared,
    attempt::Ended,
    cache::Question,
    guard::Guarding,
    keeping::Keeper,
    meter::Meter,
    queue::Emitter,
    record::{running, settle},
    recover::Expectations,
    run::{CallSpec, Mode, Obey, RunEventKind},
};
use crate::model::{
    CallError, ChatRequest, ChunkLog, ErrorKind, Execution, Fallback, GenerationParameters,
    ModelRef, Parameter, RunId,
};

/// A call on its way.
pub(super) struct Call<'a> {
    pub shared: &'a Shared,
    pub emitter: &'a Emitter,
    pub mode: Mode,
    pub orders: Obey,
    /// What is to be sent.
    pub request: ChatRequest,
    /// The record so far.
    pub execution: Execution,
    /// The call as the cache knows it; `None` where the cache has no part in it.
    pub question: Option<Question>,
    /// Models to turn to, in their order.
    pub fallback: Vec<Fallback>,
    /// The parameters as they were asked for.
    pub asked: GenerationParameters,
    /// Parameters to leave out.
    pub without: Vec<Parameter>,
    /// What is written of it on its way.
    pub keeper: Keeper<'a>,
    /// What is set aside for the answer, where more may be while it comes.
    pub meter: Option<Meter<'a>>,
    pub guarding: Guarding,
    /// How many of the record's checks are of the values; they come first, and hold whatever is
    /// answered.
    pub of_values: usize,
    pub expectations: Expectations,
    /// Whether any of the answer came; `None` while nothing was asked.
    began: Option<bool>,
    /// Which of the attempts brought what the record holds.
    pub place: Option<usize>,
    pub chunks: ChunkLog,
}

/// Runs one call to its end and tells of it.
pub(super) async fn run(
    shared: &Shared,
    run_id: RunId,
    mode: Mode,
    spec: CallSpec,
    repeat: u32,
    emitter: Emitter,
    orders: Obey,
) {
    emitter.emit(RunEventKind::Queued);
    let request = ChatRequest {
        model: spec.model.model.clone(),
        messages: spec.messages.clone(),
        parameters: spec.parameters.clone(),
        stream: spec.stream,
    };
    let question = shared.question(&spec, repeat).await;
    let fallback = spec.fallback.clone();
    let guarding = Guarding::new(spec.safeguards.clone());
    let expectations = spec.expectations.clone();
    let (asked, without) = (spec.parameters.clone(), spec.without.clone());
    let execution = running(run_id, spec, (shared.parts.wall)());
    let keeper = Keeper::new(&emitter, &shared.parts.recorder, execution.id);
    let mut call = Call {
        shared,
        emitter: &emitter,
        mode,
        orders,
        request,
        execution,
        question,
        fallback,
        asked,
        without,
        keeper,
        meter: None,
        guarding,
        of_values: 0,
        expectations,
        began: None,
        place: None,
        chunks: ChunkLog::default(),
    };
    match AssertUnwindSafe(call.answer()).catch_unwind().await {
        Ok(outcome) => call.record(outcome).await,
        Err(_) => call.fell(),
    }
}

impl Call<'_> {
    /// The steps, in their order. A step that fails ends the call, and what it failed with is
    /// what is recorded.
    async fn answer(&mut self) -> Result<(), CallError> {
        let passed = self.guard_values().await;
        self.of_values = self.execution.checks.len();
        passed?;
        // An answer that was given before costs nothing, so it is looked for before money is set
        // aside: a budget that is used up must not stop it.
        if !self.reuse().await {
            self.reserve().await?;
            self.fence_values();
            self.send().await?;
        }
        let stopped = self.guard_reply().await?;
        self.validate(stopped).await
    }

    /// Makes a model the one that is asked. The record names it from then on.
    pub fn ask(&mut self, model: &ModelRef) {
        self.execution.provider.clone_from(&model.provider);
        self.execution.model.clone_from(&model.model);
        self.request.model.clone_from(&model.model);
    }

    /// Whether any of an answer has come.
    pub fn has_begun(&self) -> bool {
        self.began == Some(true)
    }

    /// Records that the call is about to leave, unless an earlier attempt has.
    pub async fn begin(&mut self) {
        self.keeper.begin(&self.execution).await;
    }

    /// Takes what the last attempt brought into the record, and counts what it took.
    pub async fn came_back(&mut self, ended: Ended) -> Result<(), CallError> {
        let (reach, told) = (ended.assembly.reach(), ended.assembly.told_cost());
        self.began = Some(reach.began);
        self.chunks = ended.assembly.finish(&mut self.execution, ended.at);
        self.count(reach, told, &ended.outcome).await;
        self.place = self.execution.attempts.len().checked_sub(1);
        ended.outcome
    }

    /// Tells that a fault of ours ended it, so that nobody waits for ever. The record stays open
    /// with the text that was checkpointed, which is more than is known here; closing or opening
    /// the database ends it as interrupted.
    fn fell(mut self) {
        let error = CallError::new(
            ErrorKind::InterruptedStream,
            "a fault of this program ended the call; what had come is kept",
        );
        let hint = "the log says more; history has the text after the next start";
        settle(&mut self.execution, Err(error.hint(hint)), self.began);
        self.shared.parts.recorder.abandon(self.execution.id);
        self.emitter.emit(RunEventKind::Finished(Box::new(self.execution)));
    }

    /// Records how it ended and tells so.
    async fn record(mut self, outcome: Result<(), CallError>) {
        settle(&mut self.execution, outcome, self.began);
        self.sum_up();
        self.book().await;
        let kept = self.shared.parts.recorder.finish(&self.execution, &self.chunks).await;
        self.keeper.ended(kept.as_ref().map(|_| ()));
        if let Ok(redactions) = kept {
            self.execution.redactions = redactions;
            // Neither may an answer be given again in which something stands for what it said,
            // nor may what was taken out of the record be kept beside it.
            if self.execution.redactions.is_empty() {
                self.keep_answer().await;
            }
        } else {
            let chunks = std::mem::take(&mut self.chunks);
            self.shared.unkept.add(self.execution.id, chunks);
        }
        self.emitter.emit(RunEventKind::Finished(Box::new(self.execution)));
    }
}
