//! Other templates than the one in the editor: run by variants, side by side on one model.

use super::step::Step;
use crate::{
    model::{TemplateId, VariantName, VariantSource},
    tui::{
        effect::Question,
        msg::{Analysis, Fault, OpenedTemplate},
        state::{Beside, Lead, ListDialog, ListKind, Overlay, Purpose},
    },
};

impl Step<'_> {
    /// Lists the templates, to mark those that are to run side by side.
    pub fn compare_templates(&mut self) {
        self.open_run_templates(self.state.variant());
        let way = "Mark up to four templates with {mark}; {accept} gives each a pane, on one model";
        self.tell(self.spelled(way));
    }

    /// Lists the templates, to pick what a variant runs.
    pub fn open_run_templates(&mut self, variant: VariantName) {
        if self.state.document.is_none() {
            return self.warn("No template is open; pick one in the library");
        }
        let present = match self.state.beside_of(variant) {
            Some((id, _)) => Some(id.clone()),
            None => self.state.library.selected_entry().map(|entry| entry.id.clone()),
        };
        let rows = self.template_rows(true, Lead::Run);
        let leads = present.map(Lead::Run);
        let place = rows.iter().position(|row| Some(&row.leads) == leads.as_ref());
        let mut list = ListDialog::new(ListKind::RunTemplates, rows);
        list.variant = Some(variant);
        list.picker.selected = place.unwrap_or(0);
        self.put_in_front(Overlay::List(list));
    }

    /// Marks the selected template, or takes the mark away, and goes on to the next.
    pub fn mark_template(&mut self) {
        let Some(Overlay::List(list)) = self.state.overlays.last_mut() else { return };
        let Some(Lead::Run(id)) = list.chosen().map(|row| row.leads.clone()) else { return };
        if let Some(place) = list.marked.iter().position(|marked| *marked == id) {
            list.marked.remove(place);
        } else if list.marked.len() < VariantName::ALL.len() {
            list.marked.push(id);
        } else {
            return self.warn("Four templates run side by side at most; take a mark away first");
        }
        self.move_in_picker(crate::tui::keymap::Action::MoveDown);
    }

    /// Gives every marked template a pane, all on the model of the focused one.
    pub fn run_marked_templates(&mut self, variant: VariantName, marked: Vec<TemplateId>) {
        self.keep_model(variant);
        let sources = marked.into_iter().map(|id| self.source_of(id)).collect();
        self.fill_panes_with(variant, sources, |pane, source| pane.source = source);
        self.read_beside();
    }

    /// The open template is run as it stands in the editor; any other as it is when it is opened.
    pub fn source_of(&self, id: TemplateId) -> VariantSource {
        let is_open = self.state.document.as_ref().is_some_and(|document| document.id == id);
        if is_open { VariantSource::Draft } else { VariantSource::Template(id) }
    }

    /// Has a variant name the model it runs on, so that another template runs on the same.
    pub fn keep_model(&mut self, variant: VariantName) {
        let model = self.state.pane(variant).and_then(|pane| self.state.model_of(pane)).cloned();
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.model = model;
        }
    }

    /// Reads the templates that run beside the open one, and forgets those that no longer do.
    pub fn read_beside(&mut self) {
        let used = self.state.templates_beside();
        self.state.beside.retain(|id, _| used.contains(id));
        for id in used {
            self.ask(Purpose::Beside(id.clone()), Question::Open(id));
        }
        self.state.fit_inputs();
    }

    pub fn take_beside(&mut self, id: &TemplateId, opened: Result<Box<OpenedTemplate>, Fault>) {
        let opened = match opened {
            Ok(opened) => *opened,
            Err(fault) => return self.fail(&fault),
        };
        if !self.state.templates_beside().contains(id) {
            return;
        }
        // What was left in the editor is what one sees on going back to it.
        let left = self.state.shelf.get(id).map(|shelved| shelved.document.editor.text());
        let text = left.or(opened.draft).unwrap_or(opened.text);
        let analysis = self.state.beside.remove(id).and_then(|beside| beside.analysis);
        let beside = Beside { text, inputs: opened.inputs, analysis };
        self.state.beside.insert(id.clone(), beside);
        self.analyse_beside(id);
    }

    /// Asks what other templates that run here are with the inputs as they are.
    pub fn analyse_all_beside(&mut self) {
        for id in self.state.templates_beside() {
            self.analyse_beside(&id);
        }
    }

    fn analyse_beside(&mut self, id: &TemplateId) {
        let Some(beside) = self.state.beside.get(id) else { return };
        let (text, remembered) = (beside.text.clone(), beside.inputs.clone());
        let Some(document) = &self.state.document else { return };
        let mut inputs = match &beside.analysis {
            Some(analysis) => document.inputs.values_named(&analysis.fields),
            None => document.inputs.values(),
        };
        for (name, value) in remembered {
            inputs.entry(name).or_insert(value);
        }
        let pane = self.state.panes.iter().find(|pane| pane.other_template() == Some(id));
        let model = pane.and_then(|pane| self.state.model_of(pane)).cloned();
        let template = id.clone();
        let question = Question::Analyse { template: template.clone(), text, inputs, model };
        self.ask(Purpose::AnalyseBeside(template), question);
    }

    pub fn take_beside_analysed(&mut self, id: &TemplateId, analysis: Analysis) {
        let Some(beside) = self.state.beside.get_mut(id) else { return };
        let is_first = beside.analysis.is_none();
        beside.analysis = Some(analysis);
        self.state.fit_inputs();
        let Some(document) = self.state.document.as_ref().filter(|_| is_first) else { return };
        let missing: Vec<&str> = document
            .inputs
            .fields()
            .iter()
            .filter(|field| !field.own && field.is_missing_to(Some(id)))
            .map(|field| field.spec.name.as_str())
            .collect();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            self.tell(format!("{id} also needs {missing}; the inputs have a field for it now"));
        }
    }
}
