//! Bringing back what was deleted, removed or replaced. What fails to come back stays within reach.

use semver::Version;

use super::step::Step;
use crate::{
    model::{ExecutionId, TemplateId, VariantName},
    tui::{
        effect::{Keep, Question},
        msg::Fault,
        state::{InputSets, Pane, PaneSetting, Purpose, Removed, SetChanges},
    },
};

impl Step<'_> {
    /// Brings back what went last, whatever it was.
    pub fn bring_back(&mut self) {
        self.bring_back_of(|_| true, "Nothing was deleted or replaced that could come back");
    }

    /// Brings back the last execution that was deleted, or tag or rating that was changed.
    pub fn undo_in_history(&mut self) {
        self.bring_back_of(
            |removed| {
                matches!(
                    removed,
                    Removed::Executions(_) | Removed::Tag { .. } | Removed::Rating { .. }
                )
            },
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
            Removed::Executions(_)
            | Removed::Tag { .. }
            | Removed::Rating { .. }
            | Removed::InputSets { .. } => true,
        };
        let comes = |id| state.pending.is_asked(|it| it.brings_back() == Some(id));
        let latest = state.undos.latest(|id, it| fits(it) && is_here(it) && !comes(id));
        let Some((id, removed)) = latest else { return self.tell(nothing) };
        // What has to be asked for, or has no room, stays within reach until it is back.
        match removed {
            Removed::Executions(deleted) => {
                let question = Question::Restore(deleted.clone());
                return self.ask(Purpose::Restore(id), question);
            }
            Removed::Label { template, version, label } => {
                let (template, version) = (template.clone(), version.clone());
                let label = Some(label.clone());
                let question = Question::Label {
                    template: template.clone(),
                    version: version.clone(),
                    label: label.clone(),
                };
                let undo = Some(id);
                let purpose = Purpose::Label { template, version, label, before: None, undo };
                return self.ask(purpose, question);
            }
            Removed::InputSets { template, .. } if state.sets_of(template).is_none() => {
                // They are not listed any more: what is kept is read first.
                let question = Question::InputSets(template.clone());
                return self.ask(Purpose::BringBackSets(id), question);
            }
            Removed::Panes { gone, before, .. } => {
                let panes = match self.panes_too_many(gone.len(), before.as_deref()) {
                    0 => None,
                    1 => Some("a pane".to_owned()),
                    count => Some(format!("{count} panes")),
                };
                if let Some(panes) = panes {
                    let way =
                        format!("There is no room: remove {panes}, then bring back what went");
                    return self.warn(way);
                }
            }
            Removed::Tag { .. } | Removed::Rating { .. } | Removed::InputSets { .. } => {}
        }
        match self.state.undos.take(id) {
            Some(Removed::Panes { gone, before, .. }) => self.bring_back_panes(gone, before),
            Some(Removed::Tag { execution, key, value }) => {
                self.tag(execution, &key, value.as_deref());
                self.tell(match value {
                    Some(value) => format!("The tag {key}={value} is back"),
                    None => format!("The tag {key} is taken away again"),
                });
            }
            Some(Removed::Rating { execution, before }) => {
                self.set_rating(execution, before);
                self.tell(match before {
                    Some(rating) => format!("Rated {rating} of 5 as before"),
                    None => "The rating is taken back".to_owned(),
                });
            }
            Some(Removed::InputSets { template, before }) => {
                if let Some(sets) = self.state.sets_of(&template).cloned() {
                    self.bring_back_sets(template, sets, before);
                }
            }
            Some(Removed::Executions(_) | Removed::Label { .. }) | None => {}
        }
    }

    pub fn take_restored(&mut self, id: u64, restored: Result<usize, Fault>) {
        match restored {
            Ok(count) => {
                self.state.undos.take(id);
                self.tell(format!("{count} brought back"));
                self.refresh_history();
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

    /// How many panes would be too many if so many came back.
    fn panes_too_many(&self, gone: usize, before: Option<&[PaneSetting]>) -> usize {
        let kept = self.state.panes.iter().filter(|pane| stays(pane, before)).count();
        (kept + gone).saturating_sub(VariantName::ALL.len())
    }

    /// Puts removed panes back, under other letters where theirs are in use.
    fn bring_back_panes(&mut self, gone: Vec<Pane>, before: Option<Vec<PaneSetting>>) {
        self.state.panes.retain(|pane| stays(pane, before.as_deref()));
        for setting in before.into_iter().flatten() {
            if let Some(pane) = self.state.pane_mut(setting.variant) {
                setting.put(pane);
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
        self.read_beside();
        if names.is_empty() {
            self.tell("The panes run again what they ran before");
        } else {
            let are = if names.len() == 1 { "is back as it was" } else { "are back as they were" };
            self.tell(format!("{} {are}", names.join(", ")));
        }
    }

    fn bring_back_sets(&mut self, template: TemplateId, mut sets: InputSets, before: SetChanges) {
        for (name, values) in before {
            match values {
                Some(values) => sets.insert(name, values),
                None => sets.remove(&name),
            };
        }
        self.keep_sets(template, sets);
        self.tell("The sets of inputs are as they were");
    }

    /// The sets of a template were read, to be put back as they were.
    pub fn take_sets_to_change(&mut self, id: u64, sets: Result<InputSets, Fault>) {
        match sets {
            Ok(sets) => {
                if let Some(Removed::InputSets { template, before }) = self.state.undos.take(id) {
                    self.bring_back_sets(template, sets, before);
                }
            }
            // It can be tried again.
            Err(fault) => self.fail(&fault),
        }
    }

    /// Keeps the sets of a template, and lists them where they are listed.
    pub fn keep_sets(&mut self, template: TemplateId, sets: InputSets) {
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

    /// The name of a version has changed: what it was can come back, unless that is what it did.
    pub fn label_changed(
        &mut self,
        template: &TemplateId,
        version: &Version,
        before: Option<String>,
        undo: Option<u64>,
    ) {
        if let Some(id) = undo {
            self.state.undos.take(id);
        }
        if let Some(label) = before {
            let (template, version) = (template.clone(), version.clone());
            self.state.undos.push(Removed::Label { template, version, label });
        }
    }
}

/// Whether a pane stays where what ran before comes back: what was put beside that goes again,
/// unless it has answered since.
fn stays(pane: &Pane, before: Option<&[PaneSetting]>) -> bool {
    before.is_none_or(|before| before.iter().any(|it| it.variant == pane.variant))
        || !pane.outputs().is_empty()
}
