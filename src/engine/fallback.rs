//! The models asked one after another until one answers.

use super::{call::Call, run::RunEventKind};
use crate::model::{Attempt, CallError, ErrorKind, Fallback, ModelRef};

/// Whether another model may do better after such an error. Not where the request itself is at
/// fault, nor where somebody decided that it ends here.
const fn another_may_answer(kind: ErrorKind) -> bool {
    match kind {
        ErrorKind::Authentication
        | ErrorKind::Permission
        | ErrorKind::NotFound
        | ErrorKind::RateLimit
        | ErrorKind::Quota
        | ErrorKind::Overloaded
        | ErrorKind::Server
        | ErrorKind::Timeout
        | ErrorKind::Connect
        | ErrorKind::Tls
        | ErrorKind::Redirect
        | ErrorKind::InterruptedStream
        | ErrorKind::Protocol
        | ErrorKind::CircuitOpen => true,
        ErrorKind::InvalidRequest
        | ErrorKind::RequestTooLarge
        | ErrorKind::ContextLength
        | ErrorKind::ContentFilter
        | ErrorKind::ResponseTooLarge
        | ErrorKind::Budget
        | ErrorKind::Guard
        | ErrorKind::Cancelled => false,
    }
}

impl Call<'_> {
    /// Sends to the model asked for and, where it does not answer, to the next ones in their
    /// order. Once any of an answer has come no other model is asked.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        let asked = self.execution.model_ref();
        let mut rest = std::mem::take(&mut self.fallback).into_iter();
        let mut candidate = Fallback::from(asked.clone());
        let mut first_error = None;
        let mut last = loop {
            let attempts = self.execution.attempts.len();
            let Err(error) = self.send_to(&candidate).await else { return Ok(()) };
            if self.has_begun() || !another_may_answer(error.kind) {
                break error;
            }
            let Some(next) = rest.next() else { break error };
            if self.execution.attempts.len() == attempts {
                self.not_even_tried(&candidate.model, &error);
            }
            self.emitter
                .emit(RunEventKind::FellBack { to: next.model.clone(), error: error.clone() });
            first_error.get_or_insert(error);
            candidate = next;
            // What was set aside was for another model.
            self.ask(&candidate.model);
            // So that what is kept on its way names the model that wrote it, and is priced so.
            self.keeper.note(&self.execution.attempts, candidate.model.clone());
            if let Err(refused) = self.reserve().await {
                self.not_even_tried(&candidate.model, &refused);
                break refused;
            }
        };
        // What was asked for and why it failed comes first, unless the record holds a part of
        // another model's answer, or somebody ended the call.
        if let Some(mut first) = first_error.filter(|_| !self.has_begun())
            && last.kind != ErrorKind::Cancelled
        {
            self.ask(&asked);
            if last.kind == ErrorKind::Budget {
                // The call ended because of the money: that is what it ended with.
                last.message = format!(
                    "{} is not asked: {}; before it, {asked}: {}",
                    candidate.model, last.message, first.message
                );
            } else {
                first.message =
                    format!("{}; then {}: {}", first.message, candidate.model, last.message);
                last = first;
            }
        }
        Err(last)
    }

    /// A model that was passed over leaves its trace among the attempts.
    pub(super) fn not_even_tried(&mut self, model: &ModelRef, error: &CallError) {
        let now = (self.shared.parts.wall)();
        self.execution.attempts.push(Attempt::new(model, now, 0, &Err(error.clone())));
    }
}
