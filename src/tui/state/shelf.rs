//! Templates that were open and are not in sight.

use super::{document::Document, pane::Pane};

/// A template as it was left: its text with all that can be undone, its panes with their answers.
#[derive(Clone, Debug)]
pub struct Shelved {
    pub document: Document,
    pub panes: Vec<Pane>,
}
