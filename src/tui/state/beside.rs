//! Templates that run beside the one in the editor.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Pane, State};
use crate::{
    model::{TemplateId, VariantName, VariantSource},
    tui::msg::{Analysis, InputField},
};

/// What is known of a template that runs beside the open one.
#[derive(Clone, Debug)]
pub struct Beside {
    /// Its text as it is when it is opened.
    pub text: String,
    /// The values last used with it.
    pub inputs: BTreeMap<String, Value>,
    /// `None` while it is read.
    pub analysis: Option<Analysis>,
}

impl State {
    /// The other templates that panes run.
    #[must_use]
    pub fn templates_beside(&self) -> BTreeSet<TemplateId> {
        self.panes.iter().filter_map(Pane::other_template).cloned().collect()
    }

    /// Gives the inputs a field for whatever a template needs that runs here.
    pub fn fit_inputs(&mut self) {
        let used = self.templates_beside();
        let Some(document) = &mut self.document else { return };
        if document.analysed.is_none() {
            return;
        }
        let mut others: Vec<(&TemplateId, &[InputField])> = Vec::new();
        for id in &used {
            if let Some(beside) = self.beside.get(id)
                && let Some(analysis) = &beside.analysis
            {
                document.inputs.suggest(&beside.inputs);
                others.push((id, &analysis.fields));
            }
        }
        document.inputs.set_fields_beside(&document.analysis.fields, &others);
    }

    /// What is known of the template that a variant runs, where it is another than the open one.
    #[must_use]
    pub fn beside_of(&self, variant: VariantName) -> Option<(&TemplateId, Option<&Beside>)> {
        let id = self.pane(variant)?.other_template()?;
        Some((id, self.beside.get(id)))
    }

    /// What a variant runs, in a word or two.
    #[must_use]
    pub fn source_words(&self, source: &VariantSource) -> String {
        match source {
            VariantSource::Draft => "the draft".to_owned(),
            VariantSource::Version(version) => format!("version {version}"),
            VariantSource::Template(id) => {
                crate::safety::display_line_with(id.as_str(), self.marks).into_owned()
            }
            VariantSource::Recorded(_) => "what was sent before".to_owned(),
        }
    }
}
