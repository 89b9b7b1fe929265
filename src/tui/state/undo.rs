//! What was deleted, removed or replaced, until it is brought back.

use std::{collections::BTreeMap, sync::Arc};

use semver::Version;
use serde_json::Value;

use super::{Pane, Recorded};
use crate::{
    model::{ExecutionId, GenerationParameters, ModelRef, TemplateId, VariantName, VariantSource},
    tui::msg::DeletedExecutions,
};

/// So many deletions can be taken back.
const KEPT: usize = 50;

/// Named sets of inputs as they were; `None` for one that was not there.
pub type SetChanges = BTreeMap<String, Option<BTreeMap<String, Value>>>;

/// What a pane ran before something else was put into it.
#[derive(Clone, Debug, PartialEq)]
pub struct PaneSetting {
    pub variant: VariantName,
    pub source: VariantSource,
    pub recorded: Option<Arc<Recorded>>,
    pub model: Option<ModelRef>,
    pub parameters: GenerationParameters,
}

impl PaneSetting {
    /// What a pane runs.
    #[must_use]
    pub fn of(pane: &Pane) -> Self {
        Self {
            variant: pane.variant,
            source: pane.source.clone(),
            recorded: pane.recorded.clone(),
            model: pane.model.clone(),
            parameters: pane.parameters.clone(),
        }
    }

    /// Has a pane run this.
    pub fn put(self, pane: &mut Pane) {
        pane.source = self.source;
        pane.recorded = self.recorded;
        pane.model = self.model;
        pane.parameters = self.parameters;
    }
}

/// Something that went, with what it takes to bring it back.
#[derive(Clone, Debug)]
pub enum Removed {
    Executions(DeletedExecutions),
    /// Panes of a template that went, and what those ran that stayed where something else was put
    /// into them; `None` where nothing was.
    Panes {
        template: TemplateId,
        gone: Vec<Pane>,
        before: Option<Vec<PaneSetting>>,
    },
    /// A tag as it was before it was taken away or given another value.
    Tag {
        execution: ExecutionId,
        key: String,
        value: Option<String>,
    },
    /// How an execution was rated before it was rated otherwise.
    Rating {
        execution: ExecutionId,
        before: Option<u8>,
    },
    /// The name a version had.
    Label {
        template: TemplateId,
        version: Version,
        label: String,
    },
    InputSets {
        template: TemplateId,
        before: SetChanges,
    },
}

/// Everything that can be brought back, the last deletion last.
#[derive(Clone, Debug, Default)]
pub struct Undos {
    entries: Vec<(u64, Removed)>,
    last: u64,
}

impl Undos {
    /// Notes that something went.
    pub fn push(&mut self, removed: Removed) {
        self.last += 1;
        self.entries.push((self.last, removed));
        if self.entries.len() > KEPT {
            self.entries.remove(0);
        }
    }

    /// The last deletion of a kind, with the number it has.
    #[must_use]
    pub fn latest(&self, fits: impl Fn(u64, &Removed) -> bool) -> Option<(u64, &Removed)> {
        let found = self.entries.iter().rev().find(|(id, removed)| fits(*id, removed));
        found.map(|(id, removed)| (*id, removed))
    }

    /// Takes out what is brought back.
    pub fn take(&mut self, id: u64) -> Option<Removed> {
        let place = self.entries.iter().position(|(other, _)| *other == id)?;
        Some(self.entries.remove(place).1)
    }
}
