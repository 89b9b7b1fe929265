//! The model and the generation parameters of a variant.

use super::{motion, palette, step::Step};
use crate::{
    model::GenerationParameters,
    model::{ModelRef, VariantName},
    tui::{
        effect::Question,
        keymap::{Action, Context},
        msg::{Fault, ModelChoice, ParameterPlan},
        state::{ModelPicker, Overlay, Pane, PaneSetting, ParameterForm, Picker, Purpose, Screen},
    },
};

impl Step<'_> {
    pub fn open_models(&mut self) {
        if self.would_unveil() {
            return;
        }
        if self.state.screen == Screen::History && self.state.history.selected_row().is_none() {
            return self.warn("The history has no executions to run again");
        }
        let variant = self.state.variant();
        let mut picker = Picker::over(self.state.models.len());
        let current = self.state.pane(variant).and_then(|pane| self.state.model_of(pane));
        let place =
            current.and_then(|model| self.state.models.iter().position(|it| it.model == *model));
        picker.selected = place.unwrap_or(0);
        // A server may have been started, or have loaded another model, since.
        self.ask(Purpose::Models, Question::LookForModels);
        let marked = Vec::new();
        self.put_in_front(Overlay::Models(ModelPicker {
            variant,
            picker,
            marked,
            compares: false,
        }));
    }

    /// Opens the list of models to mark those that are to run side by side.
    pub fn compare_models(&mut self) {
        if self.would_unveil() {
            return;
        }
        self.open_models();
        if let Some(Overlay::Models(list)) = self.state.overlays.last_mut() {
            list.compares = true;
        }
        self.tell(self.spelled("Mark up to four models with {mark}; {accept} gives each a pane"));
    }

    /// Marks the selected model, or takes the mark away, and goes on to the next.
    fn mark_model(&mut self) {
        if self.state.screen == Screen::History {
            let told = self.spelled("An execution is run again on one model; {accept} picks it");
            return self.warn(told);
        }
        let Some(Overlay::Models(list)) = self.state.overlays.last_mut() else { return };
        let Some(choice) = list.picker.chosen().and_then(|place| self.state.models.get(place))
        else {
            return;
        };
        if let Some(place) = list.marked.iter().position(|model| *model == choice.model) {
            list.marked.remove(place);
        } else if list.marked.len() < VariantName::ALL.len() {
            list.marked.push(choice.model.clone());
        } else {
            return self.warn("Four models run side by side at most; take a mark away first");
        }
        self.move_in_picker(Action::MoveDown);
    }

    /// Gives every one of these a pane that runs what the pane of `variant` runs, but for what
    /// `set` sets.
    pub fn fill_panes_with<T>(
        &mut self,
        variant: VariantName,
        each: Vec<T>,
        set: impl Fn(&mut Pane, T),
    ) {
        if self.would_unveil() {
            return;
        }
        let Some(pattern) = self.state.pane(variant).cloned() else { return };
        let count = each.len();
        let stays =
            |pane: &&Pane| VariantName::ALL.iter().take(count).any(|it| *it == pane.variant);
        let (stay, gone): (Vec<&Pane>, Vec<&Pane>) = self.state.panes.iter().partition(stays);
        let before = stay.into_iter().map(PaneSetting::of).collect();
        let gone: Vec<Pane> = gone.into_iter().cloned().collect();
        for pane in &gone {
            self.cancel_in(pane.variant);
            self.state.panes.retain(|it| it.variant != pane.variant);
        }
        self.note_panes(gone, Some(before));
        for (variant, one) in VariantName::ALL.into_iter().zip(each) {
            if self.state.pane(variant).is_none() {
                self.state.panes.push(pattern.fork(variant));
            }
            if let Some(pane) = self.state.pane_mut(variant) {
                PaneSetting::of(&pattern).put(pane);
                set(pane, one);
            }
        }
        self.state.panes.sort_by_key(|pane| pane.variant);
        self.state.zoom = false;
        self.focus_variant(VariantName::A);
        self.mix();
        self.analyse();
        let key = self.state.keymap.shown_key(Context::Output, Action::RunAll);
        let key = key.map_or_else(String::new, |key| format!("; {key} runs them all"));
        let back = self.spelled("{bring-back} brings back what was here");
        self.tell(format!("{count} variants side by side{key}; {back}"));
    }

    pub fn take_models(&mut self, models: Vec<ModelChoice>) {
        let before = std::mem::replace(&mut self.state.models, models);
        let models = &self.state.models;
        let list = self.state.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Models(list) => Some(list),
            _ => None,
        });
        let Some(list) = list else { return };
        let chosen = list.picker.chosen().and_then(|place| before.get(place));
        let kept = chosen.and_then(|it| models.iter().position(|now| now.model == it.model));
        let names = models.iter().map(|choice| choice.model.to_string());
        let found = palette::matches(list.picker.query.text(), names);
        list.picker.renew(found, kept);
    }

    pub fn act_in_models(&mut self, action: Action) {
        if action == Action::Mark {
            return self.mark_model();
        }
        if self.move_in_picker(action) || action != Action::Accept {
            return;
        }
        let Some(Overlay::Models(picker)) = self.state.overlays.last_mut() else { return };
        let variant = picker.variant;
        let marked = std::mem::take(&mut picker.marked);
        if !marked.is_empty() {
            self.state.overlays.pop();
            for model in &marked {
                self.plan(model);
            }
            return self.fill_panes_with(variant, marked, |pane, model| pane.model = Some(model));
        }
        let Some(Overlay::Models(picker)) = self.state.overlays.last() else { return };
        let chosen = picker.picker.chosen().and_then(|place| self.state.models.get(place));
        let (model, unavailable) = match chosen {
            Some(choice) => (choice.model.clone(), choice.unavailable.clone()),
            // A model that no list knows can still be named in full.
            None => match picker.picker.query.text().parse::<ModelRef>() {
                Ok(model) => (model, None),
                Err(error) => return self.warn(error.to_string()),
            },
        };
        self.state.overlays.pop();
        if self.state.screen == Screen::History {
            return self.rerun_on(Some(model));
        }
        let Some(pane) = self.state.pane_mut(variant) else { return };
        if pane.model.as_ref() == Some(&model) {
            pane.model = None;
            self.tell(format!("{variant} calls the template's own model again"));
        } else {
            pane.model = Some(model.clone());
            match unavailable {
                Some(reason) => self.warn(format!("{variant} will call {model}, but: {reason}")),
                None => self.tell(format!("{variant} calls {model}")),
            }
        }
        self.plan(&model);
        self.analyse();
    }

    /// Asks which parameters a model refuses, once.
    fn plan(&mut self, model: &ModelRef) {
        if !self.state.plans.contains_key(model) {
            self.ask(Purpose::Plan(model.clone()), Question::Plan { model: model.clone() });
        }
    }

    pub fn open_parameters(&mut self) {
        if self.would_unveil() {
            return;
        }
        let variant = self.state.variant();
        let Some(pane) = self.state.pane(variant) else { return };
        let model = self.state.model_of(pane).cloned();
        let inherited = self
            .state
            .document
            .as_ref()
            .map(|it| it.analysis.generation.clone())
            .unwrap_or_default();
        let form = ParameterForm::new(variant, model.clone(), &pane.parameters, &inherited);
        self.put_in_front(Overlay::Parameters(form));
        if let Some(model) = model {
            self.plan(&model);
            self.grey_refused();
        }
    }

    pub fn take_plan(&mut self, model: ModelRef, plan: Result<ParameterPlan, Fault>) {
        match plan {
            Ok(plan) => {
                self.state.plans.insert(model, plan);
                self.grey_refused();
            }
            Err(fault) => self.fail(&fault),
        }
    }

    /// Marks the rows of an open form that its model refuses.
    fn grey_refused(&mut self) {
        for overlay in &mut self.state.overlays {
            if let Overlay::Parameters(form) = overlay
                && let Some(plan) =
                    form.model.as_ref().and_then(|model| self.state.plans.get(model))
            {
                for row in &mut form.rows {
                    row.refused =
                        plan.refused.iter().find(|(parameter, _)| *parameter == row.parameter).map(
                            |(_, reason)| {
                                crate::tui::text::one_line(reason, self.state.marks).into_owned()
                            },
                        );
                }
            }
        }
    }

    pub fn act_in_parameters(&mut self, action: Action) {
        let Some(Overlay::Parameters(form)) = self.state.overlays.last_mut() else { return };
        let by = match action {
            Action::NextPane => Some(1),
            Action::PreviousPane => Some(-1),
            _ => motion::rows(action, 6),
        };
        if let Some(by) = by {
            return form.move_by(by);
        }
        if action != Action::Accept {
            return;
        }
        let Some(parameters) = form.read() else {
            form.selected = form.rows.iter().position(|row| row.error.is_some()).unwrap_or(0);
            return;
        };
        let variant = form.variant;
        self.state.overlays.pop();
        let count = parameters.to_map().len();
        if let Some(pane) = self.state.pane_mut(variant) {
            // Tools a call of the past offered are not typed and stay.
            let tools = std::mem::take(&mut pane.parameters.tools);
            pane.parameters = GenerationParameters { tools, ..parameters };
        }
        self.tell(match count {
            0 => format!("{variant} takes the template's own parameters"),
            1 => format!("{variant} has one parameter of its own"),
            _ => format!("{variant} has {count} parameters of its own"),
        });
        self.analyse();
    }
}
