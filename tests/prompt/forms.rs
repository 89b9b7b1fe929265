//! The forms of templates, as files of others have them.

use std::{collections::BTreeMap, sync::Arc};

use promptlathe::prompt::{
    Form, Limits, NoSources, ParameterKind, Rendered, Shape, lint, parse, render, with_version,
};
use semver::Version;
use serde_json::{Value, json};

use super::{id, inputs, template};

fn shown(rendered: &Rendered) -> Vec<String> {
    rendered.messages.iter().map(|m| format!("{}: {}", m.role, m.content)).collect()
}

const PROMPTY_V1: &str = "---
name: Basic Prompt
description: A basic prompt that uses the chat API to answer questions
authors:
  - author_1
  - author_2
model:
  api: chat
  configuration:
    type: azure_openai
    azure_deployment: gpt-35-turbo
  parameters:
    max_tokens: 128
    temperature: 0.2
inputs:
  question:
    type: string
sample:
  firstName: Jane
  question: What is the meaning of life?
---
system:
You are an AI assistant who helps people find information.
{# The customer #}
You are helping {{firstName}}.

# user:
{{question}}
";

const PROMPTY_V2: &str = "---
name: basic
displayName: Basic
model:
  id: gpt-4o-mini
  provider: openai
  apiType: chat
  options:
    temperature: 0.7
    maxOutputTokens: 200
inputs:
  - name: question
    kind: string
    default: Why?
  - name: count
    kind: integer
    required: false
outputs:
  - name: answer
    kind: string
---
system:
Be helpful.

user[name=\"x\"]:
{{question}}
";

#[test]
fn prompty_v1_files_open_as_they_are() {
    let template = template(PROMPTY_V1);
    assert_eq!(template.front.shape, Shape::PromptyV1);
    assert_eq!(template.front.authors, ["author_1", "author_2"]);
    assert_eq!(template.front.generation.max_tokens, Some(128));
    assert_eq!(template.front.parameter("question").map(|p| p.kind), Some(ParameterKind::Text));
    assert_eq!(
        template.front.parameter("firstName").and_then(|p| p.example.clone()),
        Some(json!("Jane"))
    );
    let given = inputs(json!({"firstName": "Ann", "question": "user:\nhm"}));
    let rendered = render(&template, &NoSources, &given, &Limits::default()).expect("rendered");
    assert_eq!(
        shown(&rendered),
        [
            "system: You are an AI assistant who helps people find information.\nYou are helping Ann.",
            "user: user:\nhm",
        ]
    );
    let saved = with_version(&template, &Version::new(1, 0, 0));
    assert_eq!(saved, PROMPTY_V1.replacen("Basic Prompt\n", "Basic Prompt\nversion: 1.0.0\n", 1));
    let errors = lint(&template, &NoSources, Some(&given));
    assert!(errors.iter().all(|f| f.code == "model-not-taken"), "{errors:?}");
}

#[test]
fn prompty_v2_files_open_as_they_are() {
    let template = template(PROMPTY_V2);
    assert_eq!(template.front.shape, Shape::PromptyV2);
    assert_eq!(
        template.front.model.as_ref().map(ToString::to_string).as_deref(),
        Some("openai/gpt-4o-mini")
    );
    assert_eq!(template.front.generation.max_tokens, Some(200));
    let rendered =
        render(&template, &NoSources, &BTreeMap::new(), &Limits::default()).expect("rendered");
    assert_eq!(shown(&rendered), ["system: Be helpful.", "user: Why?"]);
}

#[test]
fn the_json_form_renders_and_names_its_lines() {
    let source = r#"{
  "id": "qa", "name": "Q and A", "version": "1.0.0", "description": "d", "category": "analysis",
  "template": "system:\nAnswer in {{ language }}.\n\nuser:\n{{ question }}",
  "parameters": {"question": "required", "language": "optional"},
  "metadata": {"created": "2024-01-01", "author": "someone", "tags": ["qa"]}
}"#;
    let template = parse(&id(), Form::Json, source).expect("a template");
    assert_eq!(template.front.tags, ["qa"]);
    let given = inputs(json!({"question": "Why?", "language": "English"}));
    let rendered = render(&template, &NoSources, &given, &Limits::default()).expect("rendered");
    assert_eq!(shown(&rendered), ["system: Answer in English.", "user: Why?"]);
    let broken = source.replace("{{ question }}", "{{ question | uper }}");
    let template = parse(&id(), Form::Json, &broken).expect("a template");
    let error = render(&template, &NoSources, &given, &Limits::default()).expect_err("no filter");
    let place = error.place().expect("a place").clone();
    let line = broken.lines().nth(place.line - 1).expect("the line");
    let rest: String = line.chars().skip(place.column - 1).collect();
    assert!(rest.starts_with("uper }}"), "{error}: {rest}");
}

#[test]
fn a_plain_file_is_one_user_message() {
    let source = "---\nnot: front matter\n---\nsystem:\nHello {{ name }}\n";
    let template = parse(&id(), Form::Plain, source).expect("a template");
    let given = inputs(json!({"name": "you"}));
    let rendered = render(&template, &NoSources, &given, &Limits::default()).expect("rendered");
    assert_eq!(shown(&rendered), ["user: ---\nnot: front matter\n---\nsystem:\nHello you"]);
    assert_eq!(with_version(&template, &Version::new(1, 0, 0)), source);
}

#[test]
fn errors_name_the_file_the_line_and_what_was_meant() {
    let sources: BTreeMap<String, Arc<str>> =
        BTreeMap::from([("house-style".to_owned(), Arc::from("ok\n{{ tone | uper }}"))]);
    let front = "---\nname: x\nparameters:\n  language: required\n---\n";
    let given = inputs(json!({"language": "Rust", "tone": "dry"}));
    for (body, error) in [
        ("user:\n{{ langauge }}", "t:7:4: `langauge` is not defined; did you mean `language`?"),
        (
            "{{include:house-stile}}",
            "t:6:3: no partial or template is called `house-stile`; did you mean `house-style`?",
        ),
        (
            "{{include:house-style}}",
            "house-style:2:11: there is no filter `uper`; did you mean `upper`?",
        ),
        ("a\n{% if language %}", "t:7:4: `if` is never closed by `{% endif %}`"),
        ("{{ language.split( }}", "t:6:20: unexpected `}`"),
        (
            "{% extends 'x' %}",
            "t:6:4: `extends` is not supported; compose with {{include:name}} instead",
        ),
        (
            "{{ {\"a\": 1} + 1 }}",
            "t:6:4: `+` does not work on a map and a number; to join texts, use `~`",
        ),
    ] {
        let template = template(&format!("{front}{body}"));
        let found = render(&template, &sources, &given, &Limits::default()).expect_err(body);
        assert_eq!(found.to_string(), error, "{body}");
    }
    for (source, error) in [
        (
            "---\nname: x\n",
            "t:1:1: the front matter opened here is never closed; end it with a line that is only ---",
        ),
        ("---\nmodel: nothing\n---\n", "t:2:8: "),
        ("---\ngeneration: {temperature: hot}\n---\n", "t:2:27: "),
    ] {
        let found = parse(&id(), Form::Prompty, source).expect_err(source).to_string();
        assert!(found.starts_with(error), "{found}");
    }
}

#[test]
fn names_that_lead_out_of_the_workspace_are_refused() {
    let sources: BTreeMap<String, Arc<str>> = BTreeMap::new();
    for name in
        ["../x", "/etc/passwd", "a/../../b", "%2e%2e/x", "..\\x", "~/x", "con", ".git/config"]
    {
        for body in [
            format!("{{{{include:{name}}}}}"),
            format!("{{% include '{}' %}}", name.replace('\\', "\\\\")),
        ] {
            let error = render(&template(&body), &sources, &BTreeMap::new(), &Limits::default())
                .expect_err(&body)
                .to_string();
            assert!(error.contains("cannot be included"), "{body}: {error}");
        }
    }
    let chosen = template("{% include name %}");
    let given = BTreeMap::from([("name".to_owned(), Value::from("x"))]);
    let error = render(&chosen, &sources, &given, &Limits::default()).expect_err("by value");
    assert!(error.to_string().contains("in quotes"), "{error}");
}
