//! What holds for every text.

use std::collections::BTreeMap;

use promptlathe::{
    model::Role,
    prompt::{
        Form, Limits, NoSources, lint, parse, parse_bytes, render, render_measured, variables,
        with_key, with_version,
    },
};
use proptest::prelude::*;
use semver::Version;
use serde_json::{Value, json};

use super::{id, template};

/// Pieces that templates are made of, so that random texts get past the first character.
const PIECES: [&str; 64] = [
    "---\n",
    "---\r\n",
    "\u{feff}",
    "\n",
    "\r\n",
    " ",
    "name: x\n",
    "version: 1.0.0\n",
    "version: '2'\n",
    "parameters:\n",
    "  a: required\n",
    "parameters: {a: {default: 1, enum: [1]}}\n",
    "inputs: [a, b]\n",
    "sample: {a: 1}\n",
    "model: {api: chat, parameters: {temperature: 1}}\n",
    "validation: {min_tokens: 1}\n",
    "{{",
    "}}",
    "{%",
    "%}",
    "{#",
    "#}",
    "{{ a }}",
    "{{ a | ",
    "{{include:",
    "p}}",
    "{% include 'p' %}",
    "{% if a %}",
    "{% elif b %}",
    "{% else %}",
    "{% endif %}",
    "{% for x in a %}",
    "{% endfor %}",
    "{% set x = ",
    "{% macro m(a) %}",
    "{% endmacro %}",
    "{% raw %}",
    "{% endraw %}",
    "m(",
    ")",
    "[",
    "]",
    "'",
    "\"",
    "\\",
    "|upper",
    "~",
    "+",
    "*",
    "range(3)",
    "system:",
    "user:\n",
    "\\user:\n",
    "assistant:\n",
    "ä",
    "\u{1f600}",
    "\0",
    "{\"template\": \"",
    "\"}",
    "1",
    "a",
    ".b",
    "-",
    ":",
];

fn text() -> impl Strategy<Value = String> {
    let pieces = prop::collection::vec(
        prop_oneof![
            4 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
            1 => any::<String>(),
        ],
        0..24,
    );
    pieces.prop_map(|pieces| pieces.concat())
}

/// Values that try to look like a template.
fn value() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "\nsystem:\n",
        "system:\n",
        "\n\nuser:\r\n",
        "{{ code }}",
        "{% endfor %}",
        "\\user:\n",
        "---\n",
        "{{include:p}}",
        " assistant:",
        "x",
        "\n",
        "\r\n",
        "#",
        "\u{2028}user:\u{2028}",
    ]);
    let pieces =
        prop::collection::vec(prop_oneof![piece.prop_map(str::to_owned), any::<String>()], 0..8);
    pieces.prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn nothing_that_reads_a_template_panics(source in text(), bytes in any::<Vec<u8>>()) {
        let limits = Limits { steps: 20_000, ..Limits::default() };
        let inputs = BTreeMap::from([("a".to_owned(), json!({"b": [1, "x"]}))]);
        for form in Form::ALL {
            let _ = parse_bytes(&id(), form, &bytes);
            let Ok(template) = parse(&id(), form, &source) else { continue };
            let (rendered, spent) = render_measured(&template, &NoSources, &inputs, &limits);
            prop_assert!(spent.depth <= limits.depth);
            for message in rendered.iter().flat_map(|rendered| &rendered.messages) {
                let mut end = 0;
                for span in &message.values {
                    prop_assert!(span.range.start >= end, "spans overlap");
                    prop_assert!(message.content.get(span.range.clone()).is_some());
                    end = span.range.end;
                }
            }
            for variable in variables(&template, &NoSources).used {
                for used in variable.uses {
                    prop_assert_eq!(source.get(used.range), Some(variable.name.as_str()));
                }
            }
            for finding in lint(&template, &NoSources, Some(&inputs)) {
                prop_assert!(finding.line >= 1 && finding.column >= 1);
            }
        }
    }

    #[test]
    fn values_never_make_messages(code in value(), name in value(), items in prop::collection::vec(value(), 0..4)) {
        let source = "system:\nFor {{ name }}.\n{% for item in items %}\nuser:\n<{{ item }}>\nassistant:\n\
            ok {{ item | trim }}!\n{% endfor %}\nuser:\n[{{ code }}]{% set kept %}{{ name }}{% endset %}{{ kept }}.";
        let given = BTreeMap::from([
            ("code".to_owned(), Value::from(code.clone())),
            ("name".to_owned(), Value::from(name.clone())),
            ("items".to_owned(), json!(items)),
        ]);
        let rendered = render(&template(source), &NoSources, &given, &Limits::default()).expect("rendered");
        let mut expected = vec![(Role::System, format!("For {name}."))];
        for item in &items {
            expected.push((Role::User, format!("<{item}>")));
            expected.push((Role::Assistant, format!("ok {}!", item.trim())));
        }
        expected.push((Role::User, format!("[{code}]{name}.")));
        let messages: Vec<_> = rendered.messages.iter().map(|m| (m.role, m.content.clone())).collect();
        prop_assert_eq!(messages, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn a_save_keeps_every_other_byte(
        before in prop::collection::vec(front_line(), 0..4),
        version in prop::option::of(prop::sample::select(vec!["1.0.0", "\"1.2.3\"", "'0.1'", "1.10", "7", ""])),
        after in prop::collection::vec(front_line(), 0..4),
        crlf in any::<bool>(),
        bom in any::<bool>(),
        body in text(),
        (major, minor, patch) in (0..99_u64, 0..99_u64, 0..99_u64),
    ) {
        let newline = if crlf { "\r\n" } else { "\n" };
        let mut lines: Vec<String> = Vec::new();
        let mut number = 0;
        for line in &before {
            number += 1;
            lines.push(line.replace("KEY", &format!("k{number}")));
        }
        let version_line = lines.len();
        lines.extend(version.map(|version| format!("version: {version} # the version")));
        for line in &after {
            number += 1;
            lines.push(line.replace("KEY", &format!("k{number}")));
        }
        let bom = if bom { "\u{feff}" } else { "" };
        let write = |lines: &[String]| {
            let front: String = lines.iter().map(|line| line.replace('\n', newline) + newline).collect();
            format!("{bom}---{newline}{front}---{newline}{body}")
        };
        let source = write(&lines);
        let Ok(template) = parse(&id(), Form::Prompty, &source) else { return Ok(()) };
        let wanted = Version::new(major, minor, patch);
        let saved = with_version(&template, &wanted);
        let again = parse(&id(), Form::Prompty, &saved).expect("still a template");
        prop_assert_eq!(again.front.version.as_ref(), Some(&wanted));
        prop_assert_eq!(again.body_text(), template.body_text());
        // Without the version's line, nothing is different.
        let is_version = |line: &&str| line.starts_with("version:");
        let rest = |text: &str| -> String {
            text.split_inclusive('\n').filter(|line| !is_version(line)).collect()
        };
        prop_assert_eq!(rest(&saved), rest(&source));
        if version.is_some() {
            let line = lines.get(version_line).expect("the version's line");
            prop_assert!(saved.contains("# the version"), "{line:?} became {saved:?}");
        }
        // Once more changes nothing at all.
        prop_assert_eq!(with_version(&again, &wanted), saved);
    }

    #[test]
    fn any_text_can_be_a_key_s_value(old in any::<String>(), new in any::<String>()) {
        let source = json!({"name": old, "template": "x {{ y }}", "z": [1, {"a": null}]}).to_string();
        let template = parse(&id(), Form::Json, &source).expect("a template");
        let saved = with_key(&template, "name", &Value::from(new.clone())).expect("JSON holds any text");
        let again = parse(&id(), Form::Json, &saved).expect("still a template");
        prop_assert_eq!(again.front.name.as_deref(), Some(new.as_str()));
        prop_assert_eq!(again.body_text(), template.body_text());
        let front = format!("---\ntags: [a]\n---\n{old}");
        if let Ok(template) = parse(&id(), Form::Prompty, &front)
            && let Some(saved) = with_key(&template, "name", &Value::from(new.clone()))
        {
            let again = parse(&id(), Form::Prompty, &saved).expect("still a template");
            prop_assert_eq!(again.front.name.as_deref(), Some(new.as_str()));
            prop_assert!(saved.ends_with(&front["---\n".len()..]));
        }
    }
}

/// One line (or a few) of front matter; `KEY` becomes a key of its own.
fn front_line() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "# a comment",
        "KEY: plain # with a comment",
        "KEY: \"quoted: \\\"x\\\"\"",
        "KEY: [a, {b: 1}]",
        "KEY:\n  - a\n  - b",
        "KEY: |\n  several\n  lines",
        "KEY: {version: 9}",
        "",
        "name: A name   # of its own",
    ])
    .prop_map(str::to_owned)
}
