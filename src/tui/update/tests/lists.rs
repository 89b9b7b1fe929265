//! Lists that lead somewhere, what is filled in from elsewhere, jumping, the prompt without a file.

use serde_json::json;

use super::*;
use crate::{
    app::{FoundLine, Trusted},
    tui::{
        msg::Fault,
        state::{JumpTo, Overlay, Pane, SCRATCH, Screen, jump_labels},
        update::RECENT,
        widgets::editor::Position,
    },
};

fn names(script: &Script) -> Vec<String> {
    match script.state.overlay() {
        Some(Overlay::List(list)) => {
            let rows = list.picker.matches.iter().filter_map(|place| list.rows.get(*place));
            rows.map(|row| row.name.clone()).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn templates_that_were_open_last_come_first() {
    let mut script = Script::open();
    script.state.recent = ["a/first", "b/second", "gone"].map(id).to_vec();
    script.act(Action::GoToTemplate);
    assert_eq!(
        names(&script),
        ["b/second", "a/first"],
        "but the open one, and those that are gone"
    );
    script.typed("sec");
    script.press("enter");
    script.answer_open(opened("b/second"));
    assert_eq!(script.state.document.as_ref().expect("open").id, id("b/second"));
    let kept = Keep::Setting { name: RECENT, value: json!(["b/second", "a/first", "gone"]) };
    assert!(script.kept().contains(&&kept));
}

#[test]
fn a_place_in_a_text_is_found_and_shown() {
    let mut script = Script::open();
    script.act(Action::SearchTemplates);
    script.typed("say");
    script.wake();
    let asked = |it: &Question| matches!(it, Question::Places(text) if text == "say");
    let place = |name: &str, line| FoundLine {
        template: id(name),
        line,
        text: "  Say {{ message }}".to_owned(),
        in_draft: false,
    };
    script.answer(asked, Answer::Places(Ok(vec![place("a/first", 4), place("b/second", 4)])));
    assert_eq!(names(&script), ["a/first:5", "b/second:5"]);
    script.press("enter");
    let line = |script: &Script| {
        script.state.document.as_ref().expect("open").editor.buffer().cursor().line
    };
    assert_eq!(line(&script), 4, "in the open template at once");
    script.act(Action::SearchTemplates);
    script.typed("say");
    script.wake();
    script.answer(asked, Answer::Places(Ok(vec![place("b/second", 3)])));
    script.press("enter");
    script.answer_open(opened("b/second"));
    assert_eq!(line(&script), 3, "in another once it is open");
}

#[test]
fn places_are_those_of_drafts_where_there_are_some() {
    let mut script = Script::open();
    script.press("i");
    script.typed("Say it in a draft");
    script.press("enter esc");
    script.act(Action::SearchTemplates);
    script.typed("say");
    script.wake();
    let asked = |it: &Question| matches!(it, Question::Places(text) if text == "say");
    let place = |name: &str, in_draft| FoundLine {
        template: id(name),
        line: 4,
        text: "Say".to_owned(),
        in_draft,
    };
    let found = vec![place("a/first", true), place("b/second", true), place("c/third", false)];
    script.answer(asked, Answer::Places(Ok(found)));
    let Some(Overlay::List(list)) = script.state.overlay() else { panic!("a list") };
    let rows: Vec<_> = list.rows.iter().map(|row| (&*row.name, &*row.detail)).collect();
    let expected = [
        ("a/first:1", "draft: Say it in a draft"),
        ("a/first:6", "draft: Say {{ message }}"),
        ("b/second:5", "draft: Say"),
        ("c/third:5", "Say"),
    ];
    assert_eq!(rows, expected);
    script.press("enter");
    let cursor = script.state.document.as_ref().expect("open").editor.buffer().cursor();
    assert_eq!(cursor.line, 0);
}

#[test]
fn inputs_are_kept_under_a_name_and_filled_in_again() {
    let mut script = Script::open();
    let asked = |it: &Question| matches!(it, Question::InputSets(_));
    script.act(Action::InputSets);
    script.answer(asked, Answer::InputSets(Ok(BTreeMap::new())));
    assert_eq!(names(&script).len(), 1);
    script.press("enter");
    script.typed("greeting");
    script.press("enter");
    let values = BTreeMap::from([("message".to_owned(), json!("hello"))]);
    let sets = BTreeMap::from([("greeting".to_owned(), values)]);
    let kept = Keep::InputSets { template: id("a/first"), sets: sets.clone() };
    assert!(script.kept().contains(&&kept), "{:?}", script.kept());
    let other = BTreeMap::from([("message".to_owned(), json!("another"))]);
    script.state.document.as_mut().expect("open").inputs.fill(&other);
    script.act(Action::InputSets);
    script.answer(asked, Answer::InputSets(Ok(sets)));
    script.typed("greet");
    script.press("enter");
    assert_eq!(script.input("message"), Some(json!("hello")));
    script.act(Action::InputSets);
    script.answer(asked, Answer::InputSets(Err(Fault::new("the database is locked"))));
    assert!(script.status().contains("locked"));
}

#[test]
fn a_files_text_goes_into_the_selected_field() {
    let mut script = Script::open();
    script.focus(Focus::Inputs);
    script.act(Action::LoadFile);
    script.typed("@notes.txt");
    script.press("enter");
    let asked = |it: &Question| matches!(it, Question::ReadFile(path) if path == "notes.txt");
    script.answer(asked, Answer::FileRead(Ok("from\na file".to_owned())));
    assert_eq!(script.input("message"), Some(json!("from\na file")));
    script.act(Action::LoadFile);
    script.typed("gone.txt");
    script.press("enter");
    let asked = |it: &Question| matches!(it, Question::ReadFile(_));
    script.answer(asked, Answer::FileRead(Err(Fault::new("cannot read gone.txt"))));
    assert!(script.status().contains("gone.txt"));
    assert_eq!(script.input("message"), Some(json!("from\na file")), "nothing is lost");
}

#[test]
fn the_prompt_without_a_file_becomes_one_by_saving() {
    let mut script = Script::open();
    script.act(Action::Scratch);
    script.answer_open(OpenedTemplate { writable: false, versions: Vec::new(), ..opened(SCRATCH) });
    script.act(Action::SaveVersion);
    script.typed("a/first");
    script.press("enter");
    assert!(script.state.overlay().is_some(), "that one is there already");
    script.press("ctrl-u");
    script.typed("c/third");
    script.press("enter");
    let asked = |it: &Question| matches!(it, Question::Create { template, text } if *template == id("c/third") && text == TEXT);
    script.answer(asked, Answer::Created(Ok(())));
    assert!(
        script.question(|it| matches!(it, Question::Open(it) if *it == id("c/third"))).is_some()
    );
    assert!(script.question(|it| matches!(it, Question::Library)).is_some());
}

#[test]
fn a_letter_goes_to_every_place() {
    let mut script = Script::open();
    let labels = jump_labels(&script.state);
    let letters: std::collections::BTreeSet<&str> =
        labels.iter().map(|label| label.letters.as_str()).collect();
    assert_eq!(letters.len(), labels.len(), "no letter twice");
    for label in labels {
        let mut script = Script::open();
        script.act(Action::Jump);
        script.typed(&label.letters);
        match label.to {
            JumpTo::Pane(focus) => assert_eq!(script.state.focus, focus),
            JumpTo::Field(_) => assert_eq!(script.state.focus, Focus::Inputs),
            other => panic!("{other:?} is not in sight"),
        }
        assert!(script.state.overlay().is_none());
    }
    script.act(Action::GoToCharts);
    script.act(Action::Jump);
    script.act(Action::Escape);
    assert_eq!(script.state.screen, Screen::Charts, "Esc goes nowhere");
}

#[test]
fn what_is_not_in_sight_has_a_letter_with_its_name() {
    let mut script = Script::open();
    script.state.panes = VariantName::ALL.map(Pane::new).to_vec();
    let sizes = [(200, 50), (120, 36), (80, 24), (60, 20)];
    for (size, zoomed) in sizes.into_iter().flat_map(|size| [(size, false), (size, true)]) {
        script.state.size = size;
        script.state.zoom = zoomed;
        let labels = jump_labels(&script.state);
        let leads_to = |focus| labels.iter().any(|label| label.to == JumpTo::Pane(focus));
        let parts = [Focus::Library, Focus::Editor, Focus::Inputs];
        let panes = VariantName::ALL.map(Focus::Output);
        for focus in parts.into_iter().chain(panes) {
            assert!(leads_to(focus), "{size:?} {zoomed} {focus:?}");
        }
        let named = labels.iter().filter(|label| label.name.is_some()).count();
        assert_eq!(named > 0, zoomed || size.0 < 120, "{size:?} {zoomed}");
    }
}

#[test]
fn trust_is_asked_for_and_told() {
    let mut script = Script::open();
    script.act(Action::TrustWorkspace);
    assert!(script.question(|it| matches!(it, Question::Trust)).is_none(), "not without a yes");
    script.press("y");
    let asked = |it: &Question| matches!(it, Question::Trust);
    let settings = vec!["providers.work.base_url".to_owned()];
    script.answer(asked, Answer::Trusted(Ok(Trusted { settings, templates: true })));
    assert!(script.status().contains("templates may be milder"));
    assert!(script.status().contains("next start: providers.work.base_url"));
    script.act(Action::TrustWorkspace);
    script.press("y");
    script.answer(asked, Answer::Trusted(Ok(Trusted::default())));
    assert!(script.status().contains("nothing to trust"));
}

#[test]
fn a_preset_gives_the_variant_its_parameters() {
    let mut script = Script::open();
    script.act(Action::PickPreset);
    assert_eq!(names(&script).len(), 8);
    script.typed("creat");
    script.press("enter");
    let pane = script.state.pane(VariantName::A).expect("a pane");
    assert_eq!(pane.parameters, crate::model::Preset::Creative.parameters());
    assert!(script.status().contains("creative"));
}

#[test]
fn a_tool_named_in_the_editors_line_is_told() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    let mut template = opened("a/first");
    template.text = "---\ntools: [now, find_order]\n---\nhi\n".to_owned();
    script.answer_open(template);
    let mut analysed = analysis();
    let tool = |name: &str, about: Option<&str>| crate::model::Tool {
        name: name.to_owned(),
        description: about.map(str::to_owned),
        parameters: serde_json::json!({ "type": "object" }),
    };
    analysed.generation.tools =
        vec![tool("find_order", Some("Looks an order up.")), tool("now", None)];
    script.answer_analysis(analysed);
    script.focus(Focus::Editor);
    let at = |script: &mut Script, line: usize, byte: usize| {
        let document = script.state.document.as_mut().expect("open");
        document.editor.go_to(Position { line, byte });
        script.act(Action::GoToSource);
        script.status()
    };
    assert_eq!(at(&mut script, 1, 16), "tools/find_order.yaml: Looks an order up.");
    assert_eq!(at(&mut script, 1, 9), "tools/now.yaml: a tool without a description");
    assert_eq!(at(&mut script, 1, 0), "tools/now.yaml: a tool without a description");
    assert_eq!(at(&mut script, 3, 0), "There is no include and no tool in this line");
}

#[test]
fn what_is_selected_stays_so_when_a_list_changes_under_it() {
    let selected = |script: &Script| match script.state.overlay() {
        Some(Overlay::Models(list)) => {
            let choice = list.picker.chosen().and_then(|place| script.state.models.get(place));
            choice.expect("one is selected").model.to_string()
        }
        _ => panic!("no list of models"),
    };
    let mut script = Script::open();
    script.answer_models(&["demo/fast", "demo/careful", "demo/slow"]);
    script.act(Action::PickModel);
    script.press("down down");
    assert_eq!(selected(&script), "demo/slow");
    script.answer_models(&["cloud/new", "demo/fast", "demo/careful", "demo/slow"]);
    assert_eq!(selected(&script), "demo/slow");
    script.typed("demo");
    script.press("down");
    let under = selected(&script);
    // With help in front of the list.
    script.press("f1");
    script.answer_models(&["demo/careful", "cloud/new", "demo/other", "demo/slow", "demo/fast"]);
    script.press("esc");
    assert_eq!(selected(&script), under);
    script.answer_models(&["cloud/new", "demo/only"]);
    assert_eq!(selected(&script), "demo/only", "what is gone is selected no more");
}

#[test]
fn the_selected_version_stays_so_when_another_is_saved() {
    let records = |numbers: &[&str]| -> Vec<VersionRecord> {
        numbers.iter().map(|number| record("a/first", number, number)).collect()
    };
    let versions = |it: &Question| matches!(it, Question::Versions(_));
    for action in [Action::Versions, Action::PickVersion] {
        let mut script = Script::open();
        script.act(action);
        let answer = Answer::Versions(Ok(records(&["1.1.0", "1.0.0"])));
        script.answer(versions, answer);
        script.press("down");
        let Some(Overlay::Versions(list)) = script.state.overlay() else { panic!("no versions") };
        assert_eq!(list.selected, 1);
        let mut again = opened("a/first");
        again.versions = records(&["1.2.0", "1.1.0", "1.0.0"]);
        script.send(Msg::Focused(false));
        script.send(Msg::Focused(true));
        script.answer_open(again);
        let Some(Overlay::Versions(list)) = script.state.overlay() else { panic!("no versions") };
        assert_eq!(list.selected, 2, "{action:?}: one row further down");
    }
    let mut script = Script::open();
    script.state.document.as_mut().expect("open").versions.clear();
    script.act(Action::PickVersion);
    script.press("down");
    script.answer(versions, Answer::Versions(Ok(records(&["1.1.0", "1.0.0"]))));
    let Some(Overlay::Versions(list)) = script.state.overlay() else { panic!("no versions") };
    assert_eq!(list.selected, 3, "the way to other templates is the last row");
}
