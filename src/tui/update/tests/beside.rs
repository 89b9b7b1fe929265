//! Other templates beside the one in the editor: picked, read, given inputs, run, compared.

use super::*;
use crate::{
    model::VariantSource,
    tui::{
        effect::CallSource,
        state::{FormRow, Overlay, Pane},
    },
};

const A: VariantName = VariantName::A;
const B: VariantName = VariantName::B;

fn is_open_of(name: &str) -> impl Fn(&Question) -> bool {
    let wanted = id(name);
    move |question| matches!(question, Question::Open(id) if *id == wanted)
}

fn is_analysis_of(name: &str) -> impl Fn(&Question) -> bool {
    let wanted = id(name);
    move |question| matches!(question, Question::Analyse { template, .. } if *template == wanted)
}

/// `b/second` needs a language besides the message, and has a default for the tone.
fn second() -> Analysis {
    let tone = InputField { default: Some(json!("plain")), ..field("tone", false) };
    Analysis {
        version: Some(version("2.0.0")),
        fields: vec![field("message", true), field("language", true), tone],
        messages: vec![Message::new(Role::User, "Translate hello")],
        ..Analysis::default()
    }
}

/// A variant runs `b/second`, which was read.
fn beside() -> Script {
    let mut script = Script::open();
    script.focus(Focus::Output(A));
    script.press("V");
    script.answer(
        |it| matches!(it, Question::Versions(_)),
        Answer::Versions(Ok(vec![record("a/first", "1.0.0", TEXT)])),
    );
    script.act(Action::MoveToBottom);
    script.press("enter");
    script.typed("second");
    script.press("enter");
    let mut other = opened("b/second");
    other.inputs = BTreeMap::from([("language".to_owned(), json!("French"))]);
    script.answer(is_open_of("b/second"), Answer::Opened(Ok(Box::new(other))));
    script.answer(is_analysis_of("b/second"), Answer::Analysed(Box::new(second())));
    script
}

#[test]
fn a_variant_runs_another_template_with_the_inputs_of_the_same_names() {
    let mut script = beside();
    assert_eq!(script.state.panes[0].source, VariantSource::Template(id("b/second")));
    assert_eq!(script.state.panes[0].model, Some(model("demo/fast")), "on the model it had");
    let document = script.state.document.as_ref().expect("open");
    assert_eq!(document.id, id("a/first"), "the editor stays where it is");
    let names: Vec<&str> =
        document.inputs.fields().iter().map(|field| field.spec.name.as_str()).collect();
    assert_eq!(names, ["message", "tone", "language"], "what it needs besides has a field");
    script.press("r");
    let (_, calls) = script.run();
    assert_eq!(
        (calls[0].template.clone(), &calls[0].source),
        (id("b/second"), &CallSource::Opened)
    );
    assert_eq!(
        calls[0].inputs,
        BTreeMap::from([
            ("message".to_owned(), json!("hello")),
            ("language".to_owned(), json!("French")),
        ]),
        "the value of last time is there"
    );
    let kept = script.kept();
    let inputs = kept.iter().find_map(|keep| match keep {
        Keep::Inputs { inputs, .. } => Some(inputs.clone()),
        _ => None,
    });
    assert!(inputs.is_none_or(|it| !it.contains_key("language")), "it is no input of this one");
}

#[test]
fn what_another_template_needs_is_asked_for_and_keeps_only_it_from_running() {
    let mut script = beside();
    script.act(Action::AddPane);
    let document = script.state.document.as_mut().expect("open");
    document.inputs.field_mut(2).expect("language").editor.replace_all("");
    script.effects.clear();
    script.focus(Focus::Output(B));
    script.press("r");
    assert_eq!(script.run().1.len(), 1, "the open template has all it needs");
    script.effects.clear();
    script.press("R");
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
    assert_eq!(script.state.focus, Focus::Inputs);
    assert_eq!(script.state.document.as_ref().expect("open").inputs.row(), FormRow::Field(2));
    assert!(script.status().contains("language is required by second"), "{}", script.status());
    script.press("enter");
    script.typed("German");
    script.press("esc R");
    let (_, calls) = script.run();
    assert_eq!(calls[0].inputs.get("language"), Some(&json!("German")));
    assert_eq!(calls[1].inputs.get("language"), None, "the open template gets its own alone");
}

#[test]
fn marked_templates_run_side_by_side_on_one_model() {
    let mut script = Script::started();
    script.answer_library(&["a/first", "b/second", "c/third", "d/fourth", "e/fifth"]);
    script.answer_open(opened("a/first"));
    script.answer_analysis(analysis());
    let document = script.state.document.as_mut().expect("open");
    document.inputs.fill(&BTreeMap::from([("message".to_owned(), json!("hello"))]));
    script.state.panes[0].model = Some(model("demo/careful"));
    script.focus(Focus::Library);
    script.press("alt-C");
    let Some(Overlay::List(list)) = script.state.overlay() else { panic!("no list") };
    assert_eq!(list.picker.selected, 0, "it begins with the one selected in the library");
    script.press("tab tab tab tab tab");
    assert!(script.status().contains("Four templates"), "{}", script.status());
    script.press("enter");
    let sources: Vec<VariantSource> =
        script.state.panes.iter().map(|it| it.source.clone()).collect();
    let other = |name| VariantSource::Template(id(name));
    assert_eq!(
        sources,
        [VariantSource::Draft, other("b/second"), other("c/third"), other("d/fourth")],
        "the open one as it stands in the editor"
    );
    assert!(script.state.panes.iter().all(|it| it.model == Some(model("demo/careful"))));
    script.press("R");
    let templates: Vec<String> = script.run().1.iter().map(|it| it.template.to_string()).collect();
    assert_eq!(templates, ["a/first", "b/second", "c/third", "d/fourth"]);
}

#[test]
fn answers_of_two_templates_are_compared_judged_and_found_again() {
    let mut script = beside();
    script.act(Action::AddPane);
    script.press("R");
    let (run, _) = script.run();
    for (variant, template, number, text) in
        [(A, "b/second", 7, "one word"), (B, "a/first", 8, "two words")]
    {
        let record = Execution { variant, template: Some(id(template)), ..execution(number, text) };
        script.call(run, variant, CallEvent::Finished(Box::new(record)));
    }
    script.focus(Focus::Output(A));
    script.press("d");
    assert!(matches!(script.state.overlay(), Some(Overlay::Diff(_))));
    script.press("esc W");
    assert!(script.status().contains("A (demo/fast) wins over B"), "{}", script.status());
    let shown = script.state.pane(A).and_then(Pane::shown).and_then(|it| it.execution.as_ref());
    assert_eq!(shown.and_then(|it| it.template.clone()), Some(id("b/second")));
    script.press(".");
    assert!(script.question(|it| matches!(it, Question::Execution(_))).is_some());
}

#[test]
fn its_preview_is_that_of_the_other_template() {
    let mut script = beside();
    script.press("p");
    let Some(Overlay::Preview(reading)) = script.state.overlay() else { panic!("no preview") };
    assert_eq!(reading.exact, "user:\nTranslate hello");
    script.press("esc");
    script.focus(Focus::Editor);
    script.press("p");
    let Some(Overlay::Preview(reading)) = script.state.overlay() else { panic!("no preview") };
    assert_eq!(reading.exact, "user:\nSay hello");
}

#[test]
fn going_back_to_the_draft_takes_the_others_fields_away() {
    let mut script = beside();
    script.focus(Focus::Output(A));
    script.press("V");
    script.act(Action::MoveToTop);
    script.press("enter");
    assert_eq!(script.state.panes[0].source, VariantSource::Draft);
    assert!(script.state.beside.is_empty());
    assert_eq!(script.state.document.as_ref().expect("open").inputs.fields().len(), 2);
}

#[test]
fn a_text_that_was_left_in_the_editor_is_what_runs_beside() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc ctrl-o");
    script.typed("second");
    script.press("enter");
    script.answer(is_open_of("b/second"), Answer::Opened(Ok(Box::new(opened("b/second")))));
    script.answer_analysis(second());
    let document = script.state.document.as_mut().expect("open");
    let values = BTreeMap::from([
        ("message".to_owned(), json!("hello")),
        ("language".to_owned(), json!("French")),
    ]);
    document.inputs.fill(&values);
    script.act(Action::CompareTemplates);
    script.typed("first");
    script.press("enter");
    script.answer(is_open_of("a/first"), Answer::Opened(Ok(Box::new(opened("a/first")))));
    script.answer(is_analysis_of("a/first"), Answer::Analysed(Box::new(analysis())));
    script.press("r");
    let (_, calls) = script.run();
    let CallSource::Text { text, .. } = &calls[0].source else { panic!("{calls:?}") };
    assert!(text.starts_with('X'));
    assert_eq!(calls[0].template, id("a/first"));
}

#[test]
fn what_a_pane_runs_is_kept_between_two_starts() {
    let script = beside();
    let kept = script.state.panes[0].to_setting();
    let back = Pane::from_setting(&kept).expect("it says which pane it is");
    assert_eq!(back.source, VariantSource::Template(id("b/second")));
    assert_eq!(back.model, Some(model("demo/fast")));
}

#[test]
fn a_pane_that_was_kept_with_the_template_that_is_opened_runs_its_draft() {
    let mut script = Script::started();
    script.state.panes[0].source = VariantSource::Template(id("a/first"));
    script.answer_library(&["a/first", "b/second"]);
    script.answer_open(opened("a/first"));
    script.answer_analysis(analysis());
    assert_eq!(script.state.panes[0].source, VariantSource::Draft);
    assert!(script.state.templates_beside().is_empty());
}
