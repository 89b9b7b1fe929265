//! The one retry loop: nothing below it tries anything twice.

use std::{sync::Arc, time::Duration};

use super::{
    attempt::Ended,
    backoff::{Backoff, NextAttempt},
    call::Call,
    run::{RunEventKind, cancelled},
};
use crate::{
    model::{CallError, Timing},
    provider::Provider,
};

impl Call<'_> {
    /// Finds the model's provider and sends to it until an answer came or no attempt is left.
    pub(super) async fn send(&mut self) -> Result<(), CallError> {
        let Some(_turn) = self.turn().await else { return Err(cancelled()) };
        let provider = self.provider().await?;
        self.execution.parameters = provider.plan(&self.request);
        self.begin().await;
        let ended = self.attempts(provider.as_ref()).await;
        self.came_back(ended)
    }

    async fn turn(&mut self) -> Option<tokio::sync::OwnedSemaphorePermit> {
        tokio::select! {
            biased;
            () = self.orders.cancelled() => None,
            turn = self.shared.limits.turn(&self.execution.provider) => turn,
        }
    }

    async fn provider(&mut self) -> Result<Arc<dyn Provider>, CallError> {
        tokio::select! {
            biased;
            () = self.orders.cancelled() => Err(cancelled()),
            provider = self.shared.parts.providers.provider(&self.execution.provider) => provider,
        }
    }

    async fn attempts(&mut self, provider: &dyn Provider) -> Ended {
        let backoff = Backoff::new(&self.shared.parts.settings, self.mode);
        let mut made = 0;
        loop {
            made += 1;
            self.emitter.emit(RunEventKind::Attempt { number: made, of: backoff.attempts });
            let timing = Timing::started((self.shared.parts.wall)());
            let sink = self.sink();
            let mut ended = sink.attempt(provider, &self.request, timing, &mut self.orders).await;
            self.execution.attempts.push(ended.attempt(&self.execution.model_ref()));
            let Err(error) = &mut ended.outcome else { return ended };
            let chance = (self.shared.parts.chance)();
            match backoff.next(made, error, ended.assembly.began(), chance) {
                NextAttempt::None => return ended,
                NextAttempt::TooLong(asked) => {
                    too_long(error, asked, backoff.longest_asked);
                    return ended;
                }
                NextAttempt::After(wait) => {
                    if !self.wait(wait, made + 1, backoff.attempts, error).await {
                        ended.outcome = Err(cancelled());
                        return ended;
                    }
                }
            }
        }
    }

    /// Waits for the next attempt; `false` when it was cancelled meanwhile.
    async fn wait(&mut self, wait: Duration, number: u32, of: u32, error: &CallError) -> bool {
        self.emitter.emit(RunEventKind::Waiting {
            retry_in_ms: u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
            number,
            of,
            error: error.clone(),
        });
        let mut skip = self.orders.another();
        tokio::select! {
            biased;
            () = self.orders.cancelled() => false,
            () = skip.skipped() => true,
            () = tokio::time::sleep(wait) => true,
        }
    }
}

/// Says in an error that the server asks for more patience than there is.
fn too_long(error: &mut CallError, asked: Duration, longest: Duration) {
    error.message = format!("{} (it asks to wait {} s)", error.message, asked.as_secs());
    error.hint = Some(format!(
        "that is longer than the {} s waited for; run again later",
        longest.as_secs()
    ));
}
