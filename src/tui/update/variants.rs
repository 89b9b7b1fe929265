//! Panes: more of them, fewer, what they run, what was answered before, what it is worth.

use super::step::Step;
use crate::{
    model::{ExecutionId, VariantName, VariantSource},
    tui::{
        effect::Keep,
        state::{DetailTab, Output, Pane, Removed, Screen},
    },
};

impl Step<'_> {
    /// Another pane that runs what the focused one runs.
    pub fn fork(&mut self) {
        let from = self.state.variant();
        let Some(variant) = self.free_variant() else { return };
        let Some(pane) = self.state.pane(from).map(|pane| pane.fork(variant)) else { return };
        self.insert_pane(pane);
        self.read_beside();
        self.tell(format!("{variant} runs what {from} runs; change its model, text or parameters"));
    }

    /// Another pane that runs the draft as the template says.
    pub fn add_pane(&mut self) {
        if let Some(variant) = self.free_variant() {
            self.insert_pane(Pane::new(variant));
            self.read_beside();
            self.tell(format!("{variant} runs the draft with the template's own model"));
        }
    }

    fn free_variant(&mut self) -> Option<VariantName> {
        let free = VariantName::ALL.into_iter().find(|name| self.state.pane(*name).is_none());
        if free.is_none() {
            self.warn("All four variants are in use; remove one first");
        }
        free
    }

    /// Puts a pane among the others; what it runs beside the open template is still to be read.
    pub fn insert_pane(&mut self, pane: Pane) {
        let variant = pane.variant;
        self.state.panes.push(pane);
        self.state.panes.sort_by_key(|pane| pane.variant);
        self.state.zoom = false;
        self.focus_variant(variant);
    }

    /// Takes the focused pane away; what runs in it is cancelled.
    pub fn remove_pane(&mut self) {
        if self.state.panes.len() == 1 {
            return self.warn("The last pane stays");
        }
        let variant = self.state.variant();
        self.cancel_in(variant);
        let place = self.state.panes.iter().position(|pane| pane.variant == variant);
        if let Some(place) = place {
            let pane = self.state.panes.remove(place);
            self.note_panes(vec![pane], None);
            let way = format!("{variant} is removed; {{bring-back}} brings it back");
            self.tell(self.spelled(&way));
        }
        let next = self
            .state
            .panes
            .iter()
            .rev()
            .map(|pane| pane.variant)
            .find(|other| *other < variant)
            .or_else(|| self.state.panes.first().map(|pane| pane.variant));
        if let Some(next) = next {
            self.state.zoom = false;
            self.focus_variant(next);
        }
        self.read_beside();
    }

    /// Has a variant run the draft, a saved version, or another template.
    pub fn set_source(&mut self, variant: VariantName, source: VariantSource) {
        if matches!(source, VariantSource::Template(_)) {
            self.keep_model(variant);
        }
        let mut text = format!("{variant} runs {}", self.state.source_words(&source));
        if let VariantSource::Template(_) = &source
            && let Some(model) = self.state.pane(variant).and_then(|pane| pane.model.as_ref())
        {
            text = format!("{text} on {model}, with the inputs of the same names");
        }
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.source = source;
            pane.recorded = None;
            self.tell(text);
        }
        self.read_beside();
    }

    pub fn step_output(&mut self, older: bool) {
        let variant = self.state.variant();
        let Some(pane) = self.state.pane_mut(variant) else { return };
        if !pane.step_back(older) {
            self.tell(if older {
                "This is the oldest answer here; the history has all"
            } else {
                "This is the newest answer"
            });
        }
    }

    /// The answer in sight: the one read in the history, or the focused pane's.
    pub fn answer_in_sight(&mut self) -> Option<&mut Output> {
        match self.state.screen {
            Screen::History => self.state.history.detail.as_mut()?.output.as_deref_mut(),
            Screen::Charts => None,
            Screen::Workbench => {
                let variant = self.state.variant();
                self.state.pane_mut(variant)?.shown_mut()
            }
        }
    }

    pub fn toggle_reasoning(&mut self) {
        match self.answer_in_sight() {
            Some(output) if !output.reasoning.is_empty() => {
                output.reasoning_folded = !output.reasoning_folded;
            }
            _ => self.tell("There is no reasoning here"),
        }
    }

    pub fn follow(&mut self) {
        if let Some(detail) = &mut self.state.history.detail
            && self.state.screen == Screen::History
            && detail.showing != DetailTab::Answer
        {
            return detail.follow();
        }
        match self.answer_in_sight() {
            Some(output) if output.scroll.follows() => self.tell("The end is followed already"),
            Some(output) => output.scroll.to_end(),
            None => self.tell("There is no answer here to follow"),
        }
    }

    /// Rates the answer in sight; the same rating again takes it back.
    pub fn rate(&mut self, rating: u8) {
        if self.state.screen == Screen::History && !self.state.history.in_detail {
            return self.rate_selected(rating);
        }
        let execution = match self.answer_in_sight() {
            Some(output) => output.execution.as_deref_mut(),
            None => None,
        };
        let Some(execution) = execution else {
            return self.warn("There is no finished answer here to rate");
        };
        let before = execution.rating;
        let id = execution.id;
        self.note_rating(id, before, rating);
    }

    /// Rates an execution that was rated otherwise before; the same rating again takes it back.
    pub fn note_rating(&mut self, id: ExecutionId, before: Option<u8>, rating: u8) {
        let rating = (before != Some(rating)).then_some(rating);
        self.set_rating(id, rating);
        self.state.undos.push(Removed::Rating { execution: id, before });
        // An Esc and a digit after it may reach the program as the one key that rates.
        let text = match (rating, before) {
            (Some(rating), Some(before)) => {
                format!("Rated {rating} of 5, {before} before; {{bring-back}} takes it back")
            }
            (Some(rating), None) => format!("Rated {rating} of 5; {{bring-back}} takes it back"),
            (None, _) => "Rating taken back".to_owned(),
        };
        self.tell(self.spelled(&text));
    }

    /// Keeps a rating and shows it wherever the execution is.
    pub fn set_rating(&mut self, id: ExecutionId, rating: Option<u8>) {
        self.state.history.rate(id, rating);
        self.state
            .all_panes_mut()
            .flat_map(Pane::outputs_mut)
            .filter_map(|output| output.execution.as_deref_mut())
            .filter(|execution| execution.id == id)
            .for_each(|execution| execution.rating = rating);
        self.keep(Keep::Rating { execution: id, rating });
    }
}
