//! What of a call is kept while it is on its way: that it began, what came so far, the attempts
//! behind it. What could not be written is owed, and goes with what is written next.

use std::{
    collections::VecDeque,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use super::{parts::Recorder, queue::Emitter, run::RunEventKind};
use crate::{
    model::{Attempt, ChunkLog, Execution, ExecutionId, ModelRef},
    store::{Checkpoint, StoreError},
};

/// Keeps one call. Nothing here ever makes a stream wait, but for the record of its beginning.
pub(super) struct Keeper<'a> {
    emitter: &'a Emitter,
    recorder: &'a Arc<dyn Recorder>,
    execution: ExecutionId,
    /// Whether a record was to be begun.
    begun: bool,
    /// The record as it is to be begun, where that failed.
    unbegun: Option<Box<Execution>>,
    /// Which of the call's answers comes now, counted from 0.
    answer: u32,
    /// What of the call as a whole is not written yet.
    owed: Owed,
    /// Attempts made so far.
    attempts: u32,
    writing: Option<Writing>,
    /// Whether the last write failed, which was told.
    failing: bool,
}

/// What checkpoints tell of the call as a whole.
#[derive(Clone, Debug, Default)]
struct Owed {
    attempts: Option<Vec<Attempt>>,
    model: Option<ModelRef>,
    /// Whether the answer before is to be no longer the one that comes.
    answer: bool,
}

impl Owed {
    const fn is_nothing(&self) -> bool {
        self.attempts.is_none() && self.model.is_none() && !self.answer
    }
}

type Done = Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send>>;

/// A write on its way.
struct Writing {
    /// The attempt whose text it holds.
    attempt: u32,
    /// Whether the record is begun by now, where that was owed too.
    begun: Arc<AtomicBool>,
    owed: Owed,
    /// In a lock that is never taken: it lets the call be shared between threads, as a future
    /// alone does not.
    done: Mutex<Done>,
}

impl<'a> Keeper<'a> {
    pub fn new(
        emitter: &'a Emitter,
        recorder: &'a Arc<dyn Recorder>,
        execution: ExecutionId,
    ) -> Self {
        Self {
            emitter,
            recorder,
            execution,
            begun: false,
            unbegun: None,
            answer: 0,
            owed: Owed::default(),
            attempts: 0,
            writing: None,
            failing: false,
        }
    }

    /// The number of an attempt that begins now, by which its writes are known.
    pub const fn next_attempt(&mut self) -> u32 {
        self.attempts += 1;
        self.attempts
    }

    /// Where the call's events go.
    pub const fn emitter(&self) -> &'a Emitter {
        self.emitter
    }

    /// Records that the call is about to leave, unless an earlier attempt has. Where that fails
    /// it is tried again with every checkpoint.
    pub async fn begin(&mut self, execution: &Execution) {
        if std::mem::replace(&mut self.begun, true) {
            return;
        }
        let result = self.recorder.begin(execution).await;
        if result.is_err() {
            self.unbegun = Some(Box::new(execution.clone()));
        }
        self.tell(result.as_ref().err());
    }

    /// The next answer comes from here on; the one before stands with its attempt.
    pub fn next_answer(&mut self) {
        self.answer += 1;
        self.owed.answer = true;
    }

    /// These attempts have ended, and this model is asked next.
    pub fn note(&mut self, attempts: &[Attempt], model: ModelRef) {
        self.owed.attempts = Some(attempts.to_vec());
        self.owed.model = Some(model);
    }

    /// Whether something waits to be written that no text has to come for.
    pub const fn owes(&self) -> bool {
        self.begun && !self.owed.is_nothing()
    }

    pub const fn is_idle(&self) -> bool {
        self.writing.is_none()
    }

    /// Begins to write what came of an attempt, with all that is owed.
    pub fn start(&mut self, attempt: u32, mut checkpoint: Checkpoint) {
        let owed = std::mem::take(&mut self.owed);
        checkpoint.answer = self.answer;
        checkpoint.attempts.clone_from(&owed.attempts);
        checkpoint.model.clone_from(&owed.model);
        let (recorder, id) = (Arc::clone(self.recorder), self.execution);
        let unbegun = self.unbegun.clone();
        let begun = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&begun);
        let done: Done = Box::pin(async move {
            if let Some(execution) = unbegun {
                recorder.begin(&execution).await?;
                told.store(true, Ordering::Relaxed);
            }
            recorder.checkpoint(id, checkpoint).await
        });
        self.writing = Some(Writing { attempt, begun, owed, done: Mutex::new(done) });
    }

    /// Resolves when what is being written is, with its attempt and whether it is kept; never
    /// while nothing is. Safe to drop half-way.
    pub async fn done(&mut self) -> (u32, bool) {
        let Some(writing) = &mut self.writing else { return std::future::pending().await };
        let result = writing.done.get_mut().unwrap_or_else(PoisonError::into_inner).as_mut().await;
        let Some(Writing { attempt, begun, owed, .. }) = self.writing.take() else {
            return std::future::pending().await;
        };
        if begun.load(Ordering::Relaxed) {
            self.unbegun = None;
        }
        if result.is_err() {
            // What is newer stays.
            self.owed.attempts = self.owed.attempts.take().or(owed.attempts);
            self.owed.model = self.owed.model.take().or(owed.model);
            self.owed.answer |= owed.answer;
        }
        self.tell(result.as_ref().err());
        (attempt, result.is_ok())
    }

    /// Writes what is owed now and waits for it, so that what follows finds it kept.
    pub async fn settle(&mut self) {
        while !self.is_idle() {
            self.done().await;
        }
        if self.owes() {
            self.start(0, Checkpoint::default());
            self.done().await;
        }
    }

    /// Writes the end of the call.
    pub fn ended(&mut self, result: Result<(), &StoreError>) {
        // A failure at the end is told even where one was told before: this one is final.
        self.failing &= result.is_ok();
        self.tell(result.err());
    }

    /// Tells once that nothing can be kept, and once that it can be again.
    fn tell(&mut self, error: Option<&StoreError>) {
        let was_failing = std::mem::replace(&mut self.failing, error.is_some());
        match error {
            Some(error) if !was_failing => {
                self.emitter.emit(RunEventKind::NotSaved { reason: error.to_string() });
            }
            None if was_failing => self.emitter.emit(RunEventKind::Saved),
            _ => {}
        }
    }
}

/// Most logs of chunks that are held for records which may be written later.
const MOST_UNKEPT: usize = 64;

/// When the pieces of answers came whose records could not be written, the latest last: who
/// tries again to write one of them writes this with it.
#[derive(Debug, Default)]
pub(super) struct Unkept(Mutex<VecDeque<(ExecutionId, ChunkLog)>>);

impl Unkept {
    pub fn add(&self, execution: ExecutionId, chunks: ChunkLog) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_back((execution, chunks));
        if held.len() > MOST_UNKEPT {
            held.pop_front();
        }
    }

    pub fn chunks(&self, execution: ExecutionId) -> Option<ChunkLog> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.iter().find(|(id, _)| *id == execution).map(|(_, chunks)| chunks.clone())
    }
}
