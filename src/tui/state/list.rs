//! Lists in front that lead somewhere: templates, places in their texts, sets of inputs.

use std::collections::BTreeMap;

use serde_json::Value;

use super::overlay::Picker;
use crate::{
    model::{Preset, TemplateId, VariantName},
    prompt::Finding,
};

/// What a list is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Every template, those that were open last first.
    Templates,
    /// The same, to choose what variants run.
    RunTemplates,
    /// Places in the texts of all templates that hold what is typed.
    Places,
    /// Named values of the inputs of the open template.
    InputSets,
    /// Generation parameters that suit a task.
    Presets,
    /// What is wrong or odd in the open template.
    Findings,
}

impl ListKind {
    /// The words on the frame.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Templates => "Go to a template",
            Self::RunTemplates => "Template for ",
            Self::Places => "Search all templates",
            Self::InputSets => "Sets of inputs",
            Self::Presets => "Parameters for a task",
            Self::Findings => "Findings",
        }
    }

    /// What an empty list says.
    #[must_use]
    pub const fn nothing(self) -> &'static str {
        match self {
            Self::Templates | Self::RunTemplates => "No template has a name like that.",
            Self::Places => "Type what the text must hold; case does not matter.",
            Self::InputSets => "No set has a name like that.",
            Self::Presets => "No task has a name like that.",
            Self::Findings => "Nothing that was found says this.",
        }
    }
}

/// One row of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct ListRow {
    pub name: String,
    /// Said beside it.
    pub detail: String,
    pub leads: Lead,
}

/// Where a row leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Lead {
    Template(TemplateId),
    /// A variant runs this template.
    Run(TemplateId),
    /// A line of a template, counted from 0.
    Line(TemplateId, usize),
    /// These values into the inputs.
    Inputs(BTreeMap<String, Value>),
    /// The parameters of a preset, for the focused variant.
    Preset(Preset),
    /// The place of something found.
    Finding(Finding),
    /// A name is asked for, to keep the present values under.
    NameInputs,
}

/// A list in front.
#[derive(Clone, Debug)]
pub struct ListDialog {
    pub kind: ListKind,
    /// The variant it is for, where it is for one.
    pub variant: Option<VariantName>,
    /// Templates that are to run side by side, in the order they were marked.
    pub marked: Vec<TemplateId>,
    pub picker: Picker,
    pub rows: Vec<ListRow>,
}

impl ListDialog {
    /// A list with these rows, the first selected.
    #[must_use]
    pub fn new(kind: ListKind, rows: Vec<ListRow>) -> Self {
        Self { kind, variant: None, marked: Vec::new(), picker: Picker::over(rows.len()), rows }
    }

    /// What is looked for in a row by what is typed.
    #[must_use]
    pub fn words(&self, row: &ListRow) -> String {
        match self.kind {
            // One looks for what is said, and not for its line.
            ListKind::Findings => format!("{} {}", row.name, row.detail),
            _ => row.name.clone(),
        }
    }

    /// The selected row.
    #[must_use]
    pub fn chosen(&self) -> Option<&ListRow> {
        self.rows.get(self.picker.chosen()?)
    }
}
