//! What is found damaged is not written to any more: what is still whole must stay so.

use std::{
    path::Path,
    sync::{Arc, OnceLock},
};

use super::error::StoreError;

/// The first damage that a statement met. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Harm(Arc<OnceLock<String>>);

impl Harm {
    /// Remembers an error that says that the file is damaged.
    pub(super) fn note(&self, error: &StoreError) {
        if let StoreError::Corrupt { path, detail } = error
            && self.0.set(detail.clone()).is_ok()
        {
            tracing::error!(path = %path.display(), detail, "the database is damaged");
        }
    }

    /// Whether damage was met.
    pub(super) fn is_known(&self) -> bool {
        self.0.get().is_some()
    }

    /// Refuses to go on where damage was met.
    pub(super) fn check(&self, path: &Path) -> Result<(), StoreError> {
        match self.0.get() {
            Some(detail) => {
                Err(StoreError::Harmed { path: path.to_path_buf(), detail: detail.clone() })
            }
            None => Ok(()),
        }
    }
}
