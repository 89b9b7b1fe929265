//! Texts that speak of keys name actions; which key that is, the registry says when they are
//! shown. So no text goes on advising a key that settings or another set gave away.

use super::{Action, Context, Key, Keymap};

/// The parts of a text: words, and the names of actions in braces.
enum Part<'t> {
    Words(&'t str),
    Action(&'t str),
}

fn parts(text: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some(after) = rest.strip_prefix('{')
            && let Some((name, behind)) = after.split_once('}')
        {
            rest = behind;
            return Some(Part::Action(name));
        }
        let end = rest.char_indices().skip(1).find(|(_, it)| *it == '{').map(|(at, _)| at);
        let (words, behind) = rest.split_at(end.unwrap_or(rest.len()));
        rest = behind;
        Some(Part::Words(words))
    })
}

impl Keymap {
    /// How an action is asked for in a context: its key there, else any key it has, else its name
    /// in the palette.
    #[must_use]
    pub fn way_to(&self, context: Context, action: Action) -> String {
        let key = self.shown_key(context, action).or_else(|| self.keys_of(action).first().copied());
        match (key, self.keys_of(Action::Palette).first()) {
            (Some(key), _) => key.to_string(),
            (None, Some(palette)) => format!("{palette} {}", action.as_str()),
            (None, None) => action.as_str().to_owned(),
        }
    }

    /// A text with `{action-name}` for keys, as it reads in a context.
    #[must_use]
    pub fn spell(&self, context: Context, text: &str) -> String {
        parts(text)
            .map(|part| match part {
                Part::Words(words) => words.to_owned(),
                Part::Action(name) => match Action::named(name) {
                    Some(action) => self.way_to(context, action),
                    None => format!("{{{name}}}"),
                },
            })
            .collect()
    }

    /// The first key of an action, or nothing.
    #[must_use]
    pub fn any_key(&self, action: Action) -> Option<Key> {
        self.keys_of(action).first().copied()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::KeySet;

    #[test]
    fn keys_are_those_of_the_settings() {
        let keymap = Keymap::default();
        let text = "{run-all} runs all, {escape} goes back";
        assert_eq!(keymap.spell(Context::Output, text), "R runs all, Esc goes back");
        assert_eq!(keymap.spell(Context::Text, text), "Alt-R runs all, Esc goes back");
        let other = BTreeMap::from([
            ("run-all".to_owned(), vec!["ctrl-g".to_owned()]),
            ("zoom".to_owned(), Vec::new()),
        ]);
        let keymap = Keymap::new(KeySet::Default, &other).expect("it agrees");
        assert_eq!(keymap.spell(Context::Output, "{run-all}"), "Ctrl-G");
        assert_eq!(keymap.spell(Context::Output, "{zoom}"), ": zoom", "by the palette");
        assert_eq!(keymap.spell(Context::Output, "a {no such} b { c"), "a {no such} b { c");
    }

    /// Whatever is written in braces in a text that is spelled is an action.
    pub(in crate::tui) fn names_actions(text: &str) {
        for part in parts(text) {
            if let Part::Action(name) = part {
                assert!(Action::named(name).is_some(), "no action {name} in {text:?}");
            }
        }
    }

    #[test]
    fn sentences_of_places_name_actions() {
        for context in Context::ALL {
            names_actions(context.sentence());
        }
        for stop in crate::tui::state::TOUR {
            names_actions(stop.text);
            names_actions(stop.elsewhere);
        }
    }
}
