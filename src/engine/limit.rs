//! How many calls one provider gets at once.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One queue a provider, made when it is first called.
pub(super) struct Limits {
    at_once: usize,
    providers: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Limits {
    pub fn new(at_once: usize) -> Self {
        Self { at_once: at_once.max(1), providers: Mutex::default() }
    }

    /// Waits for a turn at a provider; it ends when the permit is dropped.
    pub async fn turn(&self, provider: &str) -> Option<OwnedSemaphorePermit> {
        let semaphore = {
            let mut providers = self.providers.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(
                providers
                    .entry(provider.to_owned())
                    .or_insert_with(|| Arc::new(Semaphore::new(self.at_once))),
            )
        };
        // `None` only for a closed semaphore, and nobody closes it.
        semaphore.acquire_owned().await.ok()
    }
}
