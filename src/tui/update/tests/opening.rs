//! Start, library, opening, coming back.

use serde_json::json;

use super::*;

#[test]
fn what_is_shown_is_read_again_when_it_is_asked_for() {
    let mut script = Script::open();
    script.press("alt-l");
    assert!(script.question(|it| matches!(it, Question::Library)).is_some());
    assert!(script.question(|it| matches!(it, Question::Open(_))).is_some(), "and its file");
    script.press("2");
    script.effects.clear();
    script.press("alt-l");
    assert!(script.question(|it| matches!(it, Question::History { .. })).is_some());
    script.press("3");
    script.effects.clear();
    script.press("alt-l");
    assert!(script.question(|it| matches!(it, Question::Charts(_))).is_some());
}

use crate::tui::{msg::Fault, state::Pane, update::PANES};

#[test]
fn the_start_asks_for_what_is_shown_first() {
    let script = Script::started();
    for fits in [
        |it: &Question| matches!(it, Question::Library),
        |it: &Question| matches!(it, Question::Models),
        |it: &Question| matches!(it, Question::Spend),
    ] {
        assert!(script.question(fits).is_some());
    }
    assert!(script.question(|it| matches!(it, Question::History { .. })).is_none(), "lazily");
}

#[test]
fn the_first_template_opens_by_itself_and_is_analysed() {
    let mut script = Script::started();
    script.answer_library(&["b/second", "a/first"]);
    script.answer_open(opened("a/first"));
    assert_eq!(script.state.focus, Focus::Editor);
    assert_eq!(script.text(), TEXT);
    script.answer_analysis(analysis());
    let document = script.state.document.as_ref().expect("open");
    assert!(document.is_analysed());
    assert_eq!(document.inputs.missing(), 1);
}

#[test]
fn counts_are_those_of_the_variant_in_focus() {
    let mut script = Script::open();
    let mut other = Pane::new(VariantName::B);
    other.model = Some(ModelRef::new("demo", "careful"));
    script.state.panes.push(other);
    let counted = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask { question: Question::Analyse { model, .. }, .. } => Some(model.clone()),
            _ => None,
        })
    };
    script.state.set_focus(Focus::Output(VariantName::B));
    script.press("z");
    let careful = Some(ModelRef::new("demo", "careful"));
    assert_eq!(counted(&script), Some(careful), "another model came into focus");
    script.effects.clear();
    script.press("z");
    assert_eq!(counted(&script), None, "once");
    script.state.set_focus(Focus::Output(VariantName::A));
    script.press("z");
    let own = script.state.model_in_focus().cloned();
    assert_eq!(counted(&script), Some(own), "and back");
}

#[test]
fn the_prompt_without_a_file_opens_again_too() {
    let mut script = Script::started();
    script.state.opening = Some(id(crate::tui::state::SCRATCH));
    script.answer_library(&["a/first"]);
    let scratch = |it: &Question| matches!(it, Question::Open(it) if it.as_str() == "scratch");
    assert!(script.question(scratch).is_some());
}

#[test]
fn variants_are_kept_as_soon_as_they_change() {
    let mut script = Script::open();
    let kept = |script: &Script| {
        let panes = |keep: &&Keep| matches!(keep, Keep::Setting { name: PANES, .. });
        script.kept().into_iter().filter(panes).count()
    };
    script.press("z");
    assert_eq!(kept(&script), 0, "they are those of before");
    script.act(Action::AddPane);
    script.press("z");
    assert_eq!(kept(&script), 1);
    script.press("z");
    assert_eq!(kept(&script), 1, "once");
}

#[test]
fn a_file_that_is_no_longer_its_version_says_so() {
    let mut script = Script::open();
    let changed = |script: &Script| script.state.document.as_ref().expect("open").is_past_version();
    assert!(!changed(&script));
    script.act(Action::Reload);
    let text = format!("{TEXT}more\n");
    let base = ContentHash::of(text.as_bytes());
    script.answer_open(OpenedTemplate { text, base, ..opened("a/first") });
    assert!(changed(&script));
}

#[test]
fn a_discarded_draft_gives_way_to_what_the_file_is_now() {
    let mut script = Script::open();
    script.press("enter");
    script.typed("mine");
    script.press("esc");
    script.act(Action::DiscardDraft);
    script.effects.clear();
    script.press("y");
    let text = format!("{TEXT}theirs\n");
    let base = ContentHash::of(text.as_bytes());
    script.answer_open(OpenedTemplate { text: text.clone(), base, ..opened("a/first") });
    assert_eq!(script.text(), text);
}

#[test]
fn the_template_of_the_last_time_opens_again() {
    let mut script = Script::started();
    script.state.opening = Some(id("b/second"));
    script.answer_library(&["a/first", "b/second"]);
    assert!(
        script.question(|it| matches!(it, Question::Open(it) if *it == id("b/second"))).is_some()
    );
}

#[test]
fn a_template_that_is_gone_gives_way_to_the_first() {
    let mut script = Script::started();
    script.state.opening = Some(id("gone"));
    script.answer_library(&["a/first"]);
    assert!(
        script.question(|it| matches!(it, Question::Open(it) if *it == id("a/first"))).is_some()
    );
}

#[test]
fn a_run_asked_for_before_the_template_is_open_begins_when_it_is() {
    for (key, variants) in [("r", 1), ("R", 2)] {
        let mut script = Script::started();
        script.state.panes.push(Pane::new(VariantName::B));
        script.press(key);
        script.answer_library(&["a/first"]);
        script.answer_open(opened("a/first"));
        script.answer_analysis(Analysis { fields: Vec::new(), ..analysis() });
        let (_, calls) = script.run();
        assert_eq!(calls.len(), variants, "{key}");
    }
}

#[test]
fn a_run_asked_for_where_no_template_is_found_says_so() {
    let mut script = Script::started();
    script.press("r");
    script.answer_library(&[]);
    assert!(script.status().contains("No template is open"));
    assert!(!script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
}

#[test]
fn a_draft_comes_back_and_the_library_marks_it() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    script.answer_open(OpenedTemplate { draft: Some("mine".to_owned()), ..opened("a/first") });
    assert_eq!(script.text(), "mine");
    assert!(script.state.library.entry(&id("a/first")).expect("listed").draft);
    assert!(script.status().contains("draft is back"));
}

#[test]
fn remembered_inputs_are_in_their_fields_and_counted_again() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    let inputs = BTreeMap::from([("message".to_owned(), json!("remembered"))]);
    script.answer_open(OpenedTemplate { inputs, ..opened("a/first") });
    script.answer_analysis(analysis());
    assert_eq!(script.input("message"), Some(json!("remembered")));
    let again = script.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { question: Question::Analyse { inputs, .. }, .. } => Some(inputs.clone()),
        _ => None,
    });
    assert_eq!(again.expect("asked").get("message"), Some(&json!("remembered")));
}

#[test]
fn enter_opens_the_selected_template_and_the_other_is_kept_as_it_was() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc");
    script.focus(Focus::Library);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    let is_kept = |keep: &&Keep| matches!(keep, Keep::Draft { template, text: Some(_) } if *template == id("a/first"));
    assert!(script.kept().iter().any(is_kept), "what had not rested yet is kept");
    assert_eq!(script.text(), TEXT);
    script.focus(Focus::Library);
    script.press("up up enter");
    assert_eq!(script.text(), format!("X{TEXT}"), "at once, before any answer");
    script.press("u");
    assert_eq!(script.text(), TEXT, "with what can be undone");
}

#[test]
fn a_library_that_cannot_be_read_says_why() {
    let mut script = Script::started();
    let fault = Fault::new("prompts/ is not a folder").hint("name another with --workspace");
    script.answer(|it| matches!(it, Question::Library), Answer::Library(Err(fault)));
    assert_eq!(script.state.library.error.as_deref(), Some("prompts/ is not a folder"));
    assert!(!script.state.library.loading);
    script.press("r");
    assert!(script.status().contains("No template is open"));
}

#[test]
fn filtering_takes_characters_and_escape_clears_it() {
    let mut script = Script::open();
    script.focus(Focus::Library);
    script.press("/");
    script.typed("second");
    assert_eq!(script.state.library.rows().len(), 2);
    script.press("enter");
    assert!(
        script.question(|it| matches!(it, Question::Open(it) if *it == id("b/second"))).is_some()
    );
    assert!(!script.state.library.filtering);
    script.press("/ esc");
    assert!(script.state.library.filter.is_empty());
    assert_eq!(script.state.library.rows().len(), 4);
}

#[test]
fn coming_back_to_the_window_reads_a_changed_file_again() {
    let mut script = Script::open();
    script.send(Msg::Focused(false));
    script.send(Msg::Focused(true));
    let other = OpenedTemplate {
        text: "other".to_owned(),
        base: ContentHash::of(b"other"),
        ..opened("a/first")
    };
    script.answer_open(other.clone());
    assert_eq!(script.text(), "other");
    assert!(!script.state.document.as_ref().expect("open").is_draft());

    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.send(Msg::Focused(false));
    script.send(Msg::Focused(true));
    script.answer_open(other);
    assert_eq!(script.text(), format!("X{TEXT}"), "a draft stays");
    let base = &script.state.document.as_ref().expect("open").base;
    assert_eq!(*base, ContentHash::of(TEXT.as_bytes()), "and saving it will meet the conflict");
}

#[test]
fn the_body_is_in_sight_first_however_long_the_front_matter_is() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    let front = "tag: x\n".repeat(60);
    let body = "user:\nSay {{ message }}\n".repeat(30);
    let text = format!("---\n{front}---\n\n{body}");
    script.answer_open(OpenedTemplate { text, ..opened("a/first") });
    let editor = &script.state.document.as_ref().expect("open").editor;
    assert_eq!(editor.buffer().cursor().line, 64, "the first line that is for the model");
    assert_eq!(editor.top(), 63, "with its role line above it");
    script.act(Action::MoveToTop);
    let editor = &script.state.document.as_ref().expect("open").editor;
    assert_eq!(editor.top(), 0, "the front matter is above it");
}

/// A role line that is written into is one no longer, and the prompt another one.
#[test]
fn what_is_typed_first_stands_in_a_message() {
    for (before, after) in [
        (TEXT, "---\nversion: 1.0.0\n---\nuser:\nBe brief. Say {{ message }}\n"),
        ("system:\n\n\nuser:\n", "system:\n\n\nuser:\nBe brief. "),
        ("system:\n\nJudge.\nuser:\nIt.\n", "system:\n\nBe brief. Judge.\nuser:\nIt.\n"),
        ("user:", "Be brief. user:"),
        ("", "Be brief. "),
    ] {
        let mut script = Script::started();
        script.answer_library(&["a/first"]);
        script.answer_open(OpenedTemplate { text: before.to_owned(), ..opened("a/first") });
        script.press("i");
        script.typed("Be brief. ");
        assert_eq!(script.text(), after);
    }
}

#[test]
fn a_text_without_front_matter_opens_at_its_first_words() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    script.answer_open(OpenedTemplate { text: "\nwords\n".to_owned(), ..opened("a/first") });
    let editor = &script.state.document.as_ref().expect("open").editor;
    assert_eq!(editor.buffer().cursor().line, 1);
}
