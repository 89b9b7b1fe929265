//! One registry of actions. Keys, palette, help, footer and the documentation's table of keys are
//! all made from it, so that they cannot disagree.

mod action;
mod context;
mod key;
mod sets;
mod spell;

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Write as _,
};

use crossterm::event::KeyEvent;
use thiserror::Error;

pub use self::{
    action::Action,
    context::{Context, Contexts},
    key::Key,
};
use crate::{
    config::KeySet,
    model::{did_you_mean, nearest},
};

/// Why the bindings in the settings cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeymapError {
    #[error("[keys] there is no action `{name}`{}; the palette lists them all", did_you_mean(.near.as_deref()))]
    UnknownAction { name: String, near: Option<&'static str> },
    #[error(
        "[keys] {action}: `{key}` is no key; write for example \"r\", \"R\", \"ctrl-r\", \"alt-enter\", \"shift-tab\", \"f5\" or \"page-up\""
    )]
    UnknownKey { action: &'static str, key: String },
    #[error("[keys] {key} would be both `{one}` and `{other}` ({context}); give one of them another key", one = .actions.0, other = .actions.1)]
    Conflict { key: String, actions: (&'static str, &'static str), context: &'static str },
    /// Without it what is typed into could not be left.
    #[error("[keys] escape: it needs a key that types no character, such as \"esc\"")]
    NoWayBack,
}

impl KeymapError {
    /// The actions it is about, by the names they have in the settings.
    #[must_use]
    pub fn actions(&self) -> Vec<&str> {
        match self {
            Self::UnknownAction { name, .. } => vec![name],
            Self::UnknownKey { action, .. } => vec![action],
            Self::Conflict { actions: (one, other), .. } => vec![one, other],
            Self::NoWayBack => vec!["escape"],
        }
    }
}

/// Which key does what, where.
#[derive(Clone, Debug)]
pub struct Keymap {
    keys: BTreeMap<Action, Vec<Key>>,
    actions: HashMap<(Context, Key), Action>,
}

impl Keymap {
    /// The keys of a set with the settings' over them, by the action's name: a list replaces the
    /// defaults of its action, an empty one leaves it to the palette.
    ///
    /// # Errors
    /// [`KeymapError`]: an action or key that does not exist, or two actions on one key where
    /// both work.
    pub fn new(
        set: KeySet,
        overrides: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, KeymapError> {
        let mut keys: BTreeMap<Action, Vec<Key>> =
            Action::ALL.iter().map(|action| (*action, parsed(keys_in(set, *action)))).collect();
        for (name, written) in overrides {
            let action = Action::named(name).ok_or_else(|| KeymapError::UnknownAction {
                name: name.clone(),
                near: nearest(name, Action::ALL.iter().map(|action| action.as_str())),
            })?;
            let parse = |key: &String| {
                Key::parse(key).ok_or_else(|| KeymapError::UnknownKey {
                    action: action.as_str(),
                    key: key.clone(),
                })
            };
            keys.insert(action, written.iter().map(parse).collect::<Result<_, _>>()?);
        }
        let actions = index(&keys)?;
        let keymap = Self { keys, actions };
        let leaves = |context| keymap.shown_key(context, Action::Escape).is_some();
        if Context::ALL.into_iter().all(leaves) { Ok(keymap) } else { Err(KeymapError::NoWayBack) }
    }

    /// What a key does here. `None` where it does nothing or types a character. Where keys type,
    /// moves are found with Shift held too: then they select.
    #[must_use]
    pub fn resolve(&self, context: Context, event: &KeyEvent) -> Option<Action> {
        let key = Key::of(event)?;
        if let Some(action) = self.actions.get(&(context, key)) {
            return Some(*action);
        }
        let plain = key.without_shift().filter(|_| context.types())?;
        self.actions.get(&(context, plain)).copied().filter(|action| action.moves())
    }

    /// The keys of an action, the one to show first.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> &[Key] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action in a context: the first of its keys that works there.
    #[must_use]
    pub fn shown_key(&self, context: Context, action: Action) -> Option<Key> {
        self.keys_of(action)
            .iter()
            .copied()
            .find(|key| self.actions.get(&(context, *key)) == Some(&action))
    }

    /// What the footer tells in a context, what matters most first: the key and the action, whose
    /// words are [`Action::label`]. Actions without a key there are left out.
    #[must_use]
    pub fn hints(&self, context: Context) -> Vec<(String, Action)> {
        action::footer(context)
            .iter()
            .filter_map(|action| Some((self.shown_key(context, *action)?.to_string(), *action)))
            .collect()
    }

    /// Every action that works in a context, in the order of help, with the keys that reach it
    /// there; there may be none.
    #[must_use]
    pub fn help(&self, context: Context) -> Vec<(String, Action)> {
        Action::ALL
            .iter()
            .filter(|action| action.contexts().contains(context))
            .map(|action| {
                let keys: Vec<String> = self
                    .keys_of(*action)
                    .iter()
                    .filter(|key| self.actions.get(&(context, **key)) == Some(action))
                    .map(Key::to_string)
                    .collect();
                (keys.join(" "), *action)
            })
            .collect()
    }

    /// Every action with all its keys, for the palette.
    #[must_use]
    pub fn all(&self) -> Vec<(String, Action)> {
        Action::ALL
            .iter()
            .map(|action| {
                let keys: Vec<String> = self.keys_of(*action).iter().map(Key::to_string).collect();
                (keys.join(" "), *action)
            })
            .collect()
    }
}

/// The keys as nobody has changed them.
impl Default for Keymap {
    fn default() -> Self {
        Self::new(KeySet::Default, &BTreeMap::new())
            .unwrap_or_else(|_| Self { keys: BTreeMap::new(), actions: HashMap::new() })
    }
}

fn index(
    keys: &BTreeMap<Action, Vec<Key>>,
) -> Result<HashMap<(Context, Key), Action>, KeymapError> {
    let mut actions = HashMap::new();
    for (action, keys) in keys {
        for key in keys {
            let typed = |context: Context| context.types() && key.types();
            for context in action.contexts().iter().filter(|context| !typed(*context)) {
                let other = actions.insert((context, *key), *action);
                if let Some(other) = other.filter(|other| other != action) {
                    return Err(KeymapError::Conflict {
                        key: key.to_string(),
                        actions: (other.as_str(), action.as_str()),
                        context: context.as_str(),
                    });
                }
            }
        }
    }
    Ok(actions)
}

/// The keys an action has in a set.
fn keys_in(set: KeySet, action: Action) -> &'static [&'static str] {
    let replaced = sets::replaced(set).iter().find(|(replaced, _)| *replaced == action);
    replaced.map_or(action.default_keys(), |(_, keys)| keys)
}

fn parsed(keys: &[&str]) -> Vec<Key> {
    keys.iter().filter_map(|key| Key::parse(key)).collect()
}

/// Keys as they stand in a table's cell.
fn in_cell(keys: &[Key]) -> String {
    let keys: Vec<String> = keys.iter().map(|key| format!("`{key}`").replace('|', "\\|")).collect();
    keys.join(" ")
}

/// Every action with its keys in each set as a Markdown table, for the documentation.
#[must_use]
pub fn sets_table() -> String {
    let mut table = String::from(
        "| action | default | emacs | vi | where | what |\n|---|---|---|---|---|---|\n",
    );
    for action in Action::ALL {
        let cells = KeySet::ALL.map(|set| {
            let same = set != KeySet::Default
                && keys_in(set, *action) == keys_in(KeySet::Default, *action);
            if same { "the same".to_owned() } else { in_cell(&parsed(keys_in(set, *action))) }
        });
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| `{}` | {} | {} | {} |",
            action.as_str(),
            cells.join(" | "),
            action.contexts().describe(),
            action.sentence()
        );
    }
    table
}

/// The default keys as a Markdown table, for the documentation.
#[must_use]
pub fn markdown_table() -> String {
    let mut table = String::from("| keys | action | where | what |\n|---|---|---|---|\n");
    for (_, action) in Keymap::default().all() {
        let keys = in_cell(&parsed(action.default_keys()));
        let place = action.contexts().describe();
        // Writing to a string cannot fail.
        let _ =
            writeln!(table, "| {keys} | `{}` | {place} | {} |", action.as_str(), action.sentence());
    }
    table
}

#[cfg(test)]
mod tests;
