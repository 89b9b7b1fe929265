//! Named sets of inputs: kept, replaced, renamed, deleted, and all of that taken back.

use std::collections::BTreeMap;

use serde_json::Value;

use super::step::Step;
use crate::{
    model::TemplateId,
    tui::{
        effect::Question,
        keymap::Action,
        msg::Fault,
        state::{
            InputSets, Lead, LineDialog, LineInput, LineIntent, ListKind, Overlay, Purpose, Removed,
        },
    },
};

impl Step<'_> {
    /// Keeps the present values of the inputs under a name.
    pub fn name_inputs(&mut self, name: &str) -> Result<(), String> {
        named(name)?;
        let Some(document) = &self.state.document else { return Ok(()) };
        let template = document.id.clone();
        let values = document.inputs.values();
        if let Some(sets) = self.state.sets_of(&template).cloned() {
            self.put_set(template, name, values, sets);
        } else {
            // Which sets there are is not known (yet): keeping this one must lose no other.
            let name = name.to_owned();
            let purpose = Purpose::NameInputs { template: template.clone(), name, values };
            self.ask(purpose, Question::InputSets(template));
        }
        Ok(())
    }

    pub fn take_sets_to_name(
        &mut self,
        template: TemplateId,
        name: &str,
        values: BTreeMap<String, Value>,
        sets: Result<InputSets, Fault>,
    ) {
        match sets {
            Ok(sets) => self.put_set(template, name, values, sets),
            Err(fault) => {
                let message = format!("The set {name} was not kept: {}", fault.message);
                self.fail(&Fault { message, ..fault });
            }
        }
    }

    fn put_set(
        &mut self,
        template: TemplateId,
        name: &str,
        values: BTreeMap<String, Value>,
        mut sets: InputSets,
    ) {
        let before = sets.insert(name.to_owned(), values);
        let replaced = before.is_some();
        let before = BTreeMap::from([(name.to_owned(), before)]);
        self.state.undos.push(Removed::InputSets { template: template.clone(), before });
        self.keep_sets(template, sets);
        self.tell(if replaced {
            let way = self.spelled("{bring-back} brings those before back");
            format!("The set {name} has these values now; {way}")
        } else {
            format!("Kept as the set {name}")
        });
    }

    /// Deletes the selected set, or asks for another name for it.
    pub fn change_set(&mut self, action: Action) {
        let list = match self.state.overlays.last() {
            Some(Overlay::List(list)) if list.kind == ListKind::InputSets => list,
            _ => {
                let way = "Sets of inputs are renamed and deleted in their list: {input-sets}";
                return self.tell(self.spelled(way));
            }
        };
        let chosen = list.chosen().filter(|row| matches!(row.leads, Lead::Inputs(_)));
        let Some(name) = chosen.map(|row| row.name.clone()) else {
            return self.warn("Select a set first");
        };
        if action == Action::RenameRow {
            let (intent, input) = (LineIntent::RenameSet(name.clone()), LineInput::new(&name));
            return self.put_in_front(Overlay::Line(LineDialog { intent, input, error: None }));
        }
        let Some((template, mut sets)) = self.state.input_sets.clone() else { return };
        let Some(values) = sets.remove(&name) else { return };
        let before = BTreeMap::from([(name.clone(), Some(values))]);
        self.state.undos.push(Removed::InputSets { template: template.clone(), before });
        self.keep_sets(template, sets);
        let way = self.spelled("{bring-back} brings it back");
        self.tell(format!("The set {name} is deleted; {way}"));
    }

    pub fn rename_set(&mut self, from: &str, to: &str) -> Result<(), String> {
        named(to)?;
        let Some((template, mut sets)) = self.state.input_sets.clone() else { return Ok(()) };
        if from == to {
            return Ok(());
        }
        if sets.contains_key(to) {
            return Err(format!("there is a set {to} already"));
        }
        let Some(values) = sets.remove(from) else { return Ok(()) };
        sets.insert(to.to_owned(), values.clone());
        let before = BTreeMap::from([(from.to_owned(), Some(values)), (to.to_owned(), None)]);
        self.state.undos.push(Removed::InputSets { template: template.clone(), before });
        self.keep_sets(template, sets);
        self.tell(format!("The set {from} is called {to} now"));
        Ok(())
    }
}

fn named(name: &str) -> Result<(), String> {
    if name.is_empty() || name.len() > 60 {
        return Err("a set needs a name of 1 to 60 bytes".to_owned());
    }
    Ok(())
}
