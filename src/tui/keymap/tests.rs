use std::collections::BTreeSet;

use crossterm::event::{KeyCode, KeyModifiers};

use super::*;

fn overrides(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
    pairs
        .iter()
        .map(|(name, keys)| {
            ((*name).to_owned(), keys.iter().map(|key| (*key).to_owned()).collect())
        })
        .collect()
}

fn press(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
    KeyEvent::new(code, modifiers)
}

fn letter(letter: char) -> KeyEvent {
    press(KeyCode::Char(letter), KeyModifiers::NONE)
}

#[test]
fn every_action_is_whole_and_named_once() {
    let mut names = BTreeSet::new();
    for action in Action::ALL {
        let name = action.as_str();
        assert!(names.insert(name), "{name} twice");
        assert!(name.chars().all(|c| c.is_ascii_lowercase() || c == '-' || c.is_ascii_digit()));
        assert_eq!(Action::named(name), Some(*action));
        assert!(action.contexts().iter().count() > 0, "{name} works nowhere");
        assert!(action.sentence().ends_with('.'), "{name}: {}", action.sentence());
        assert!(!action.label().is_empty() && action.label().len() <= 16, "{name}");
    }
}

#[test]
fn the_defaults_parse_and_do_not_conflict() {
    let keymap = Keymap::new(KeySet::Default, &BTreeMap::new()).expect("the defaults agree");
    for action in Action::ALL {
        assert_eq!(
            keymap.keys_of(*action).len(),
            action.default_keys().len(),
            "a key of {} is no key",
            action.as_str()
        );
    }
}

#[test]
fn a_plain_terminal_reaches_every_action_by_key_in_every_set() {
    for set in KeySet::ALL {
        let keymap = Keymap::new(set, &BTreeMap::new()).expect("it agrees with itself");
        for action in Action::ALL {
            let reachable = action.contexts().iter().any(|context| {
                let works = |key: &&Key| keymap.actions.get(&(context, **key)) == Some(action);
                keymap.keys_of(*action).iter().filter(works).any(|key| key.is_plain())
            });
            assert!(reachable, "{} has no key of a plain terminal in {set:?}", action.as_str());
        }
    }
}

#[test]
fn footers_show_only_what_works_there() {
    let keymap = Keymap::default();
    for context in Context::ALL {
        let listed = action::footer(context);
        assert_eq!(keymap.hints(context).len(), listed.len(), "{context:?}");
        for action in listed {
            assert!(action.contexts().contains(context), "{} in {context:?}", action.as_str());
        }
        assert!(keymap.shown_key(context, Action::Escape).is_some(), "{context:?}");
    }
}

#[test]
fn run_is_reached_from_everywhere_in_the_workbench() {
    let keymap = Keymap::default();
    for context in Contexts::WORKBENCH.iter() {
        assert_eq!(keymap.resolve(context, &letter('r')), Some(Action::Run));
    }
    for context in [Context::Text, Context::Output] {
        for key in [
            press(KeyCode::Char('r'), KeyModifiers::CONTROL),
            press(KeyCode::F(5), KeyModifiers::NONE),
            press(KeyCode::Enter, KeyModifiers::ALT),
            press(KeyCode::Enter, KeyModifiers::CONTROL),
        ] {
            assert_eq!(keymap.resolve(context, &key), Some(Action::Run), "{key:?}");
        }
    }
    assert_eq!(
        keymap.shown_key(Context::Text, Action::Run).map(|key| key.to_string()),
        Some("Ctrl-R".to_owned()),
        "where keys type the footer must not advise `r`"
    );
}

#[test]
fn where_keys_type_no_character_acts() {
    let keymap = Keymap::default();
    for context in Context::ALL.into_iter().filter(|context| context.types()) {
        for character in ' '..='~' {
            assert_eq!(keymap.resolve(context, &letter(character)), None, "{character}");
        }
    }
}

#[test]
fn shift_makes_moves_select_and_nothing_else() {
    let keymap = Keymap::default();
    let shift = |code| press(code, KeyModifiers::SHIFT);
    assert_eq!(keymap.resolve(Context::Text, &shift(KeyCode::Left)), Some(Action::MoveLeft));
    assert_eq!(keymap.resolve(Context::Text, &shift(KeyCode::End)), Some(Action::LineEnd));
    assert_eq!(keymap.resolve(Context::Text, &press(KeyCode::BackTab, KeyModifiers::SHIFT)), None);
    assert_eq!(keymap.resolve(Context::Text, &shift(KeyCode::Enter)), None);
    assert_eq!(keymap.resolve(Context::Library, &shift(KeyCode::Left)), None);
}

#[test]
fn settings_replace_and_unbind() {
    let keymap = Keymap::new(KeySet::Default, &overrides(&[("run", &["ctrl-g"]), ("zoom", &[])]))
        .expect("agrees");
    let control_g = press(KeyCode::Char('g'), KeyModifiers::CONTROL);
    assert_eq!(keymap.resolve(Context::Text, &control_g), Some(Action::Run));
    assert_eq!(keymap.resolve(Context::Editor, &letter('r')), None);
    assert_eq!(keymap.resolve(Context::Editor, &letter('z')), None);
    assert!(keymap.hints(Context::Output).iter().all(|(_, action)| *action != Action::Zoom));
}

#[test]
fn mistakes_in_settings_say_what_to_write() {
    let told =
        |pairs| Keymap::new(KeySet::Default, &overrides(pairs)).expect_err("refused").to_string();
    assert_eq!(
        told(&[("run-al", &["r"])]),
        "[keys] there is no action `run-al`; did you mean `run-all`?; the palette lists them all"
    );
    assert!(told(&[("run", &["hyper-r"])]).contains("`hyper-r` is no key"));
    let conflict = told(&[("zoom", &["r"])]);
    assert!(conflict.contains("`run`") && conflict.contains("`zoom`"), "{conflict}");
    assert!(told(&[("escape", &[])]).contains("escape"));
    assert!(told(&[("escape", &["e"]), ("open-editor", &[])]).contains("types no character"));
}

#[test]
fn one_key_twice_for_one_action_is_no_conflict() {
    assert!(
        Keymap::new(KeySet::Default, &overrides(&[("run", &["r", "r", "Ctrl+R", "ctrl-r"])]))
            .is_ok()
    );
}

#[test]
fn actions_with_one_key_in_different_places_do_not_conflict() {
    let keymap = Keymap::default();
    assert_eq!(keymap.resolve(Context::History, &letter('r')), Some(Action::Rerun));
    assert_eq!(keymap.resolve(Context::Output, &letter('D')), Some(Action::RemovePane));
    assert_eq!(keymap.resolve(Context::Detail, &letter('D')), Some(Action::Delete));
}

#[test]
fn the_table_has_every_action_once() {
    let table = markdown_table();
    assert_eq!(table.lines().count(), Action::ALL.len() + 2);
    for line in table.lines() {
        assert_eq!(line.matches('|').count() - line.matches("\\|").count(), 5, "{line}");
    }
    assert!(table.contains("| `r` `Ctrl-R` `F5` `Alt-Enter`"), "{table}");
}

#[test]
fn every_set_agrees_with_itself_and_keeps_what_it_does_not_name() {
    for set in KeySet::ALL {
        let keymap = Keymap::new(set, &BTreeMap::new()).expect("it agrees with itself");
        for action in Action::ALL {
            assert_eq!(keymap.keys_of(*action).len(), keys_in(set, *action).len(), "{action:?}");
        }
        assert_eq!(keymap.resolve(Context::Editor, &letter('r')), Some(Action::Run));
    }
}

#[test]
fn sets_follow_the_habits_they_are_named_for() {
    let emacs = Keymap::new(KeySet::Emacs, &BTreeMap::new()).expect("emacs");
    let control = |letter| press(KeyCode::Char(letter), KeyModifiers::CONTROL);
    assert_eq!(emacs.resolve(Context::Text, &control('p')), Some(Action::MoveUp));
    assert_eq!(emacs.resolve(Context::Text, &control('a')), Some(Action::LineStart));
    assert_eq!(emacs.resolve(Context::History, &control('g')), Some(Action::Escape));
    assert_eq!(emacs.resolve(Context::Text, &control('y')), Some(Action::Paste));
    assert_eq!(emacs.resolve(Context::Output, &control('v')), Some(Action::PageDown));
    let vi = Keymap::new(KeySet::Vi, &BTreeMap::new()).expect("vi");
    assert_eq!(vi.resolve(Context::Editor, &letter('w')), Some(Action::WordRight));
    assert_eq!(vi.resolve(Context::Editor, &letter('x')), Some(Action::DeleteForward));
    assert_eq!(vi.resolve(Context::Editor, &letter('o')), Some(Action::OpenLine));
    assert_eq!(vi.resolve(Context::Editor, &letter('p')), Some(Action::Paste));
    assert_eq!(vi.resolve(Context::Text, &letter('w')), None, "where keys type, letters are text");
}
