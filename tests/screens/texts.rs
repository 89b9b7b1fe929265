//! What small places say: modes that last, places counted, and keys that settings moved.

use std::{collections::BTreeMap, sync::Arc};

use promptlathe::{
    config::KeySet,
    tui::keymap::{Action, Keymap},
};

use crate::{stage::Stage, world::World};

fn text(stage: &Stage) -> String {
    stage.picture()
}

#[test]
fn what_was_turned_on_is_told_as_long_as_it_lasts() {
    for size in [(80, 24), (40, 12)] {
        let mut stage = Stage::new(size, World::plain());
        for action in [Action::ToggleRaw, Action::ScrollTogether, Action::ToggleMouse] {
            stage.act(action);
        }
        stage.wait(60_000);
        assert!(text(&stage).contains("raw  scrolls together  mouse"), "{}", text(&stage));
        stage.press("3");
        assert!(!text(&stage).contains("scrolls together"), "{}", text(&stage));
        stage.press("1");
        for action in [Action::ToggleRaw, Action::ScrollTogether, Action::ToggleMouse] {
            stage.act(action);
        }
        stage.wait(60_000);
        assert!(!text(&stage).contains("scrolls together"), "{}", text(&stage));
        assert!(!text(&stage).contains("mouse"), "{}", text(&stage));
    }
}

#[test]
fn places_found_in_the_editor_are_counted() {
    let mut stage = Stage::new((80, 24), World::plain());
    stage.press("/");
    stage.typed("message");
    // The first place is in the front matter, above the cursor.
    assert!(text(&stage).contains("2 of "), "{}", text(&stage));
    stage.press("enter n");
    assert!(text(&stage).contains("/message  3 of "), "{}", text(&stage));
    stage.press("down");
    assert!(!text(&stage).contains("/message"), "{}", text(&stage));
}

/// The keys that are told are those of the settings, wherever keys are told.
#[test]
fn keys_that_settings_moved_are_told_where_they_went() {
    let moved = [
        ("accept", "f3"),
        ("escape", "f4"),
        ("run", "f7"),
        ("run-all", "f10"),
        ("quit", "f11"),
        ("help", "f12"),
        ("workbench", "alt-7"),
        ("history", "alt-8"),
        ("charts", "alt-9"),
        ("tour", "alt-0"),
        ("filter", "alt-6"),
        ("toggle-cache", "alt-j"),
        ("rate-1", "alt-y"),
    ];
    let moved: BTreeMap<String, Vec<String>> =
        moved.into_iter().map(|(name, key)| (name.to_owned(), vec![key.to_owned()])).collect();
    let keymap = Arc::new(Keymap::new(KeySet::Default, &moved).expect("keys that agree"));
    let at = |size, world: World, keys: &[Action]| {
        let mut stage = Stage::new(size, world);
        stage.state.keymap = Arc::clone(&keymap);
        for action in keys {
            stage.act(*action);
        }
        text(&stage)
    };
    let told = at((39, 12), World::plain(), &[]);
    assert!(told.contains("(F11 quits)"), "{told}");
    let told = at((120, 36), World::plain(), &[]);
    for key in ["Alt-7 Workbench", "Alt-8 History", "Alt-9 Charts", "F7 runs this variant", "F12"] {
        assert!(told.contains(key), "no {key}\n{told}");
    }
    let told = at((120, 36), World::empty(), &[Action::GoToHistory]);
    assert!(told.contains("(Alt-7, then F7)"), "{told}");
    let told = at((120, 36), World::plain(), &[Action::Tour]);
    assert!(told.contains("Alt-0 on  F4 ends it"), "{told}");
    let told = at((120, 36), World::plain(), &[Action::Tour, Action::Tour]);
    assert!(told.contains("F3 types, F4"), "{told}");
}

/// What the walk says of the pane it stands at is what the keys of that set do there.
#[test]
fn the_walk_tells_the_keys_of_another_set() {
    let keymap = Arc::new(Keymap::new(KeySet::Vi, &BTreeMap::new()).expect("keys that agree"));
    let mut stage = Stage::new((120, 36), World::plain());
    stage.state.keymap = keymap;
    stage.act(Action::Tour);
    for _ in 0..4 {
        stage.act(Action::Tour);
    }
    let told = text(&stage);
    for words in ["= compares two answers", "Alt-w picks", "B hides"] {
        let told = told.replace('\n', " ");
        assert!(told.contains(words), "no {words:?}\n{told}");
    }
}
