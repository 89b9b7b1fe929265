//! Events on their way to whoever watches a run.
//!
//! The queue never makes a stream wait, and it does not grow with a reader that is late: pieces
//! of text, signs of life and counts that nobody has taken yet join, so that what lies here is
//! bounded by the answers themselves and a reader that catches up takes them in one go.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::Notify;

use super::run::{CallSpec, RunEvent, RunEventKind};
use crate::model::{ExecutionId, RunId, VariantName};

/// How far back an earlier piece of the same answer is looked for: more than the variants that
/// can stand side by side, and still a bounded cost for each piece.
const LOOK_BACK: usize = 12;

/// The queue of one run: many calls put in, one reader takes out.
#[derive(Default)]
pub(super) struct Queue {
    inside: Mutex<Inside>,
    changed: Notify,
}

#[derive(Default)]
struct Inside {
    events: VecDeque<RunEvent>,
    /// Calls that may still put something in.
    writers: usize,
}

impl Queue {
    /// The next event; `None` once every call has ended and everything was taken.
    pub async fn next(&self) -> Option<RunEvent> {
        loop {
            {
                let mut inside = self.lock();
                if let Some(event) = inside.events.pop_front() {
                    return Some(event);
                }
                if inside.writers == 0 {
                    return None;
                }
            }
            self.changed.notified().await;
        }
    }

    fn put(&self, event: RunEvent) {
        {
            let mut inside = self.lock();
            match join(&mut inside.events, event) {
                None => return,
                Some(event) => inside.events.push_back(event),
            }
        }
        self.changed.notify_one();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inside> {
        self.inside.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it says how an answer goes on. However many of these come, what was said before them
/// and after them of the same call stays in its order.
const fn flows(kind: &RunEventKind) -> bool {
    matches!(kind, RunEventKind::Delta { .. } | RunEventKind::Heartbeat | RunEventKind::Usage(_))
}

/// Adds what says how an answer goes on to what still waits of the same answer, and gives back
/// what did not join: text is added to text, which is a sign of life too, and newer counts take
/// the place of older ones.
fn join(events: &mut VecDeque<RunEvent>, event: RunEvent) -> Option<RunEvent> {
    if !flows(&event.kind) {
        return Some(event);
    }
    let waiting = events
        .iter_mut()
        .rev()
        .take(LOOK_BACK)
        .filter(|waiting| waiting.execution_id == event.execution_id)
        .map(|waiting| &mut waiting.kind)
        .take_while(|kind| flows(kind));
    let RunEvent { kind, .. } = event;
    let left = join_kind(waiting, kind)?;
    Some(RunEvent { kind: left, ..event })
}

fn join_kind<'a>(
    mut waiting: impl Iterator<Item = &'a mut RunEventKind>,
    kind: RunEventKind,
) -> Option<RunEventKind> {
    match kind {
        RunEventKind::Usage(_) => {
            let Some(older) = waiting.find(|it| matches!(it, RunEventKind::Usage(_))) else {
                return Some(kind);
            };
            *older = kind;
            None
        }
        RunEventKind::Heartbeat => {
            let heard = waiting.any(|it| !matches!(it, RunEventKind::Usage(_)));
            (!heard).then_some(kind)
        }
        RunEventKind::Delta { text, reasoning, refusal, at_ms } => {
            match waiting.find(|it| !matches!(it, RunEventKind::Usage(_))) {
                Some(RunEventKind::Delta {
                    text: all_text,
                    reasoning: all_reasoning,
                    refusal: all_refusal,
                    at_ms: last_at,
                }) => {
                    all_text.push_str(&text);
                    all_reasoning.push_str(&reasoning);
                    all_refusal.push_str(&refusal);
                    *last_at = at_ms;
                    None
                }
                Some(beat) => {
                    *beat = RunEventKind::Delta { text, reasoning, refusal, at_ms };
                    None
                }
                None => Some(RunEventKind::Delta { text, reasoning, refusal, at_ms }),
            }
        }
        other => Some(other),
    }
}

/// One call's way into the queue. The queue ends when the last of them is dropped.
pub(super) struct Emitter {
    queue: Arc<Queue>,
    run_id: RunId,
    execution_id: ExecutionId,
    variant: VariantName,
    sequence: Mutex<u32>,
}

impl Emitter {
    pub fn new(queue: &Arc<Queue>, run_id: RunId, spec: &CallSpec) -> Self {
        queue.lock().writers += 1;
        Self {
            queue: Arc::clone(queue),
            run_id,
            execution_id: spec.execution_id,
            variant: spec.variant,
            sequence: Mutex::new(0),
        }
    }

    pub fn emit(&self, kind: RunEventKind) {
        let sequence = {
            let mut next = self.sequence.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next
        };
        self.queue.put(RunEvent {
            run_id: self.run_id,
            execution_id: self.execution_id,
            variant: self.variant,
            sequence,
            kind,
        });
    }
}

impl Drop for Emitter {
    fn drop(&mut self) {
        self.queue.lock().writers -= 1;
        self.queue.changed.notify_one();
    }
}
