//! Bringing back what was deleted, removed or replaced. What fails to come back stays within reach.

use std::collections::BTreeMap;

use semver::Version;
use serde_json::Value;

use super::step::Step;
use crate::{
    model::{ExecutionId, TemplateId, VariantName},
    tui::{
        effect::{Keep, Question},
        msg::Fault,
        state::{Pane, PaneSetting, Purpose, Removed},
    },
};

impl Step<'_> {
    /// Brings back what went last, whatever it was.
    pub fn bring_back(&mut self) {
        self.bring_back_of(|_| true, "Nothing was deleted or replaced that could come back");
    }

    /// Brings back the last execution that was deleted, or tag that was taken away.
    pub fn undo_in_history(&mut self) {
        self.bring_back_of(
            |removed| matches!(removed, Removed::Executions(_) | Removed::Tag { .. }),
            "There is no deletion to take back",
        );
    }

    /// Brings back the pane that was removed last.
    pub fn undo_of_panes(&mut self) {
        self.bring_back_of(
            |removed| matches!(removed, Removed::Panes { .. }),
            "There is no removed pane to bring back",
        );
    }

    /// Brings back the name that a version had last.
    pub fn undo_of_labels(&mut self) {
        self.bring_back_of(
            |removed| matches!(removed, Removed::Label { .. }),
            "No version lost a name that could come back",
        );
    }

    fn bring_back_of(&mut self, fits: impl Fn(&Removed) -> bool, nothing: &str) {
        let state = &*self.state;
        let open = state.document.as_ref().map(|document| &document.id);
        // What belongs to a template waits until that is open again; what is on its way comes once.
        let is_here = |removed: &Removed| match removed {
            Removed::Panes { template, .. } | Removed::Label { template, .. } => {
                open == Some(template)
            }
            Removed::Executions(_) | Removed::Tag { .. } | Removed::InputSets { .. } => true,
        };
        let comes = |id| state.pending.is_asked(|it| *it == Purpose::Restore(id));
        let latest = state
            .undos
            .latest(|id, removed| fits(removed) && is_here(removed) && !comes(id))
            .map(|(id, removed)| (id, removed.clone()));
        let Some((id, removed)) = latest else { return self.tell(nothing) };
        match removed {
            Removed::Executions(deleted) => {
                return self.ask(Purpose::Restore(id), Question::Restore(deleted));
            }
            Removed::Panes { gone, before, .. } => {
                if !self.bring_back_panes(gone, before) {
                    return;
                }
            }
            Removed::Tag { execution, key, value } => {
                self.tag(execution, &key, value.as_deref());
                self.tell(match value {
                    Some(value) => format!("The tag {key}={value} is back"),
                    None => format!("The tag {key} is taken away again"),
                });
            }
            Removed::Label { template, version, label } => {
                self.ask_label(template, version, Some(label));
            }
            Removed::InputSets { template, before } => self.bring_back_sets(template, before),
        }
        self.state.undos.take(id);
    }

    pub fn take_restored(&mut self, id: u64, restored: Result<usize, Fault>) {
        match restored {
            Ok(count) => {
                self.state.undos.take(id);
                self.tell(format!("{count} brought back"));
                self.search_history();
            }
            // It can be tried again.
            Err(fault) => self.fail(&fault),
        }
    }

    /// Notes panes that went, and what those ran before that stay and run something else now.
    pub fn note_panes(&mut self, mut gone: Vec<Pane>, before: Option<Vec<PaneSetting>>) {
        let Some(document) = &self.state.document else { return };
        let template = document.id.clone();
        let now = self.now.monotonic;
        for output in gone.iter_mut().flat_map(Pane::outputs_mut) {
            output.abandon(now);
        }
        self.state.undos.push(Removed::Panes { template, gone, before });
    }

    /// Puts removed panes back, under other letters where theirs are in use; false where there is
    /// no room.
    fn bring_back_panes(&mut self, gone: Vec<Pane>, before: Option<Vec<PaneSetting>>) -> bool {
        // What was put beside those that stayed goes again, unless it has answered since.
        let stays = |pane: &Pane| {
            before.as_ref().is_none_or(|it| it.iter().any(|it| it.variant == pane.variant))
                || !pane.outputs().is_empty()
        };
        let kept = self.state.panes.iter().filter(|pane| stays(pane)).count();
        if kept + gone.len() > VariantName::ALL.len() {
            let count = kept + gone.len() - VariantName::ALL.len();
            let panes = if count == 1 { "a pane".to_owned() } else { format!("{count} panes") };
            self.warn(format!("There is no room: remove {panes}, then bring back what went"));
            return false;
        }
        self.state.panes.retain(stays);
        for setting in before.into_iter().flatten() {
            if let Some(pane) = self.state.pane_mut(setting.variant) {
                pane.source = setting.source;
                pane.recorded = setting.recorded;
                pane.model = setting.model;
                pane.parameters = setting.parameters;
            }
        }
        let mut names = Vec::new();
        for mut pane in gone {
            let is_free = |name: &VariantName| self.state.pane(*name).is_none();
            let own = Some(pane.variant).filter(is_free);
            let Some(variant) = own.or_else(|| VariantName::ALL.into_iter().find(is_free)) else {
                continue;
            };
            names.push(if own.is_some() {
                variant.to_string()
            } else {
                format!("{} as {variant}", pane.variant)
            });
            pane.variant = variant;
            self.insert_pane(pane);
        }
        if names.is_empty() {
            self.read_beside();
            self.tell("The panes run again what they ran before");
        } else {
            let are = if names.len() == 1 { "is back as it was" } else { "are back as they were" };
            self.tell(format!("{} {are}", names.join(", ")));
        }
        true
    }

    fn bring_back_sets(
        &mut self,
        template: TemplateId,
        before: BTreeMap<String, Option<BTreeMap<String, Value>>>,
    ) {
        let mut sets = match &self.state.input_sets {
            Some((known, sets)) if *known == template => sets.clone(),
            // They are not listed any more: what is kept is read first.
            _ => {
                let purpose = Purpose::ChangeSets { template: template.clone(), changes: before };
                return self.ask(purpose, Question::InputSets(template));
            }
        };
        change_sets(&mut sets, before);
        self.keep_sets(template, sets);
        self.tell("The sets of inputs are as they were");
    }

    /// The sets of a template were read, to be changed.
    pub fn take_sets_to_change(
        &mut self,
        template: TemplateId,
        changes: BTreeMap<String, Option<BTreeMap<String, Value>>>,
        sets: Result<BTreeMap<String, BTreeMap<String, Value>>, Fault>,
    ) {
        match sets {
            Ok(mut sets) => {
                change_sets(&mut sets, changes);
                self.keep_sets(template, sets);
                self.tell("The sets of inputs are as they were");
            }
            Err(fault) => self.fail(&fault),
        }
    }

    /// Keeps the sets of a template, and lists them where they are listed.
    pub fn keep_sets(
        &mut self,
        template: TemplateId,
        sets: BTreeMap<String, BTreeMap<String, Value>>,
    ) {
        let is_open = self.state.document.as_ref().is_some_and(|it| it.id == template);
        if is_open {
            self.show_input_sets(&sets);
            self.state.input_sets = Some((template.clone(), sets.clone()));
        }
        self.keep(Keep::InputSets { template, sets });
    }

    /// Notes a tag as it was before it is changed.
    pub fn note_tag(&mut self, execution: ExecutionId, key: &str, value: Option<String>) {
        self.state.undos.push(Removed::Tag { execution, key: key.to_owned(), value });
    }

    /// Notes the name that a version had before it got another or none.
    pub fn note_label(&mut self, template: TemplateId, version: Version, label: String) {
        self.state.undos.push(Removed::Label { template, version, label });
    }
}

/// Puts sets back as they were.
fn change_sets(
    sets: &mut BTreeMap<String, BTreeMap<String, Value>>,
    changes: BTreeMap<String, Option<BTreeMap<String, Value>>>,
) {
    for (name, values) in changes {
        match values {
            Some(values) => sets.insert(name, values),
            None => sets.remove(&name),
        };
    }
}
