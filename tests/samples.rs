//! Every sample template is one, and runs without anything being typed.

use std::{collections::BTreeMap, path::PathBuf};

use promptlathe::{
    app::workspace::Workspace,
    model::{GenerationParameters, Message},
    prompt::{Form, Limits, Severity, lint, parse, render},
    provider::demo::{DemoModel, answer},
};

fn messages(workspace: &Workspace, id: &promptlathe::model::TemplateId) -> Vec<Message> {
    let loaded = workspace.load(id).expect("it loads");
    let form = Form::of_extension(loaded.extension).expect("a form");
    let template = parse(id, form, &loaded.source).expect("it parses");
    assert!(template.front.version.is_some(), "{id} names no version");
    assert!(template.front.model.as_ref().is_some_and(promptlathe::model::ModelRef::is_simulated));
    let findings = lint(&template, workspace, None);
    let bad: Vec<_> =
        findings.iter().filter(|finding| finding.severity != Severity::Hint).collect();
    assert!(bad.is_empty(), "{id}: {bad:?}");
    let rendered = render(&template, workspace, &BTreeMap::new(), &Limits::default());
    rendered.expect("it renders with its defaults").to_messages()
}

#[test]
fn every_sample_runs_as_it_is_and_the_models_differ() {
    let workspace = Workspace::sample(PathBuf::from("/nowhere"));
    let listing = workspace.list();
    assert!(listing.entries.len() >= 10 && listing.notices.is_empty(), "{:?}", listing.notices);
    let mut different = 0;
    for entry in &listing.entries {
        let messages = messages(&workspace, &entry.id);
        let answers: Vec<String> = DemoModel::LISTED
            .into_iter()
            .map(|model| answer(model, &messages, &GenerationParameters::default()).text)
            .collect();
        assert!(answers.iter().all(|answer| !answer.trim().is_empty()), "{}", entry.id);
        different += usize::from(answers.first() != answers.last());
    }
    assert!(different * 10 >= listing.entries.len() * 8, "only {different} differ");
}
