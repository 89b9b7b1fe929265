//! Events on their way to whoever watches a run.
//!
//! The queue never makes a stream wait, and it does not grow with a reader that is late: pieces
//! of text that nobody has taken yet join, so that what lies here is bounded by the answers
//! themselves and a reader that catches up takes them in one go.

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

/// Adds a piece to one of the same answer that still waits, and gives back what did not join.
fn join(events: &mut VecDeque<RunEvent>, event: RunEvent) -> Option<RunEvent> {
    let RunEventKind::Delta { text, reasoning, refusal, at_ms } = &event.kind else {
        return Some(event);
    };
    let waiting = events
        .iter_mut()
        .rev()
        .take(LOOK_BACK)
        .find(|waiting| waiting.execution_id == event.execution_id);
    if let Some(waiting) = waiting
        && let RunEventKind::Delta {
            text: all_text,
            reasoning: all_reasoning,
            refusal: all_refusal,
            at_ms: last_at,
        } = &mut waiting.kind
    {
        all_text.push_str(text);
        all_reasoning.push_str(reasoning);
        all_refusal.push_str(refusal);
        *last_at = *at_ms;
        return None;
    }
    Some(event)
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
