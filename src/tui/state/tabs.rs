//! Library, editor and inputs as tabs, where they share one place.

use super::{Focus, State};

/// Cells between two tabs.
pub const TAB_GAP: u16 = 2;

/// The name of a place that shares its room with others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tab {
    pub focus: Focus,
    pub name: &'static str,
    /// How many values are missing there, in words; empty where none is.
    pub missing: String,
}

impl State {
    /// The tabs of library, editor and inputs, where they share one place.
    #[must_use]
    pub fn tabs(&self) -> [Tab; 3] {
        let missing = self.document.as_ref().map_or(0, |document| document.inputs.missing());
        let missing = if missing > 0 { format!(" {missing} missing") } else { String::new() };
        let tab = |focus, name, missing| Tab { focus, name, missing };
        [
            tab(Focus::Editor, "Editor", String::new()),
            tab(Focus::Inputs, "Inputs", missing),
            tab(Focus::Library, "Prompts", String::new()),
        ]
    }
}
