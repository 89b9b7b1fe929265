use proptest::prelude::*;

use super::*;

/// Every piece of a text that is not plain text, as `Kind text`.
fn pieces(text: &str, start: LineState) -> Vec<String> {
    let mut state = start;
    let mut found = Vec::new();
    for line in text.lines() {
        let (spans, next) = spans(line, state);
        found.extend(
            spans
                .into_iter()
                .filter(|span| span.kind != SpanKind::Text)
                .map(|span| format!("{:?} {}", span.kind, &line[span.range])),
        );
        state = next;
    }
    found
}

fn body_pieces(text: &str) -> Vec<String> {
    pieces(text, LineState::start(Form::Plain, false))
}

fn variables(text: &str) -> Vec<String> {
    body_pieces(text)
        .into_iter()
        .filter_map(|piece| piece.strip_prefix("Variable ").map(str::to_owned))
        .collect()
}

#[test]
fn a_template_from_its_front_matter_to_its_end() {
    let text = "---\nname: Review # short\ntags: [a, \"#b\"]\nparameters:\n  - focus: 'x'\n---\n\
                system:\nYou are {{ language }}.\n{{include:house-style}}\nuser: hello\n";
    assert_eq!(
        pieces(text, LineState::start(Form::Prompty, false)),
        [
            "FrontMatterFence ---",
            "FrontMatterKey name:",
            "FrontMatterValue  Review ",
            "Comment # short",
            "FrontMatterKey tags:",
            "FrontMatterValue  [a, \"#b\"]",
            "FrontMatterKey parameters:",
            "FrontMatterValue - ",
            "FrontMatterKey focus:",
            "FrontMatterValue  'x'",
            "FrontMatterFence ---",
            "Role system:",
            "Tag {{ ",
            "Variable language",
            "Tag  }}",
            "Include {{include:house-style}}",
        ]
    );
}

#[test]
fn a_text_over_lines_in_the_front_matter_has_no_keys() {
    let text = "---\ndescription: >-\n  first: line\n\n  # second\nname: x\n---\n";
    assert_eq!(
        pieces(text, LineState::start(Form::Prompty, false)),
        [
            "FrontMatterFence ---",
            "FrontMatterKey description:",
            "FrontMatterValue  >-",
            "FrontMatterValue   first: line",
            "FrontMatterValue   # second",
            "FrontMatterKey name:",
            "FrontMatterValue  x",
            "FrontMatterFence ---",
        ]
    );
}

#[test]
fn front_matter_opens_on_the_first_line_only() {
    assert_eq!(pieces("\n---\nname: x\n---\n", LineState::start(Form::Prompty, false)), [""; 0]);
    assert_eq!(pieces("---\nuser:\n", LineState::start(Form::Plain, false)), [""; 0]);
    assert_eq!(pieces("\u{feff}---\r\n", LineState::start(Form::Prompty, false)).len(), 1);
}

#[test]
fn role_lines_by_the_style_of_the_file() {
    let lines = "user:  \n\\user:\n user:\n# System:\nuser: x\ndeveloper:\n";
    assert_eq!(pieces(lines, LineState::start(Form::Prompty, false)), ["Role user:  "]);
    assert_eq!(
        pieces(lines, LineState::start(Form::Prompty, true)),
        ["Role user:  ", "Role  user:", "Role # System:", "Role developer:"]
    );
    assert_eq!(pieces("{#\nuser:\n#}", LineState::start(Form::Prompty, false)).len(), 3);
    assert!(
        pieces("{% raw %}\nuser:\n{% endraw %}", LineState::start(Form::Prompty, false))
            .iter()
            .all(|piece| !piece.starts_with("Role"))
    );
}

#[test]
fn only_base_names_are_variables() {
    assert_eq!(variables("{{ user.name | default(fallback) | upper }}"), ["user", "fallback"]);
    assert_eq!(
        variables("{{ a if b is defined and not c else \"d\" ~ e[f] }}"),
        ["a", "b", "c", "e", "f"]
    );
    assert_eq!(
        variables("{{ range(count, step=size) }} {{ x == y }}"),
        ["count", "size", "x", "y"]
    );
    assert_eq!(
        variables("{% for key, item in items if item.on %}{{ loop.index }}"),
        ["items", "item"]
    );
    assert_eq!(variables("{% set total = price * 2e3 %}{% endset %}{% macro m(a) %}"), ["price"]);
    assert_eq!(
        variables("{{ größe }} {{ x is not none }} {{ y is not even }}"),
        ["größe", "x", "y"]
    );
    assert_eq!(variables("not {one} or { {two} }"), [""; 0]);
}

#[test]
fn includes_are_whole() {
    assert_eq!(
        body_pieces("{%- include \"a\" ignore missing -%}"),
        ["Include {%- include \"a\" ignore missing -%}"]
    );
    assert_eq!(body_pieces("{{- include : ../x -}}"), ["Include {{- include : ../x -}}"]);
    assert_eq!(variables("{{ include_it }}"), ["include_it"]);
}

#[test]
fn what_is_open_goes_on_in_the_next_line() {
    assert_eq!(
        body_pieces("a {# b\n{{ c }}\n#} {{ d }}"),
        ["Comment {# b", "Comment {{ c }}", "Comment #}", "Tag {{ ", "Variable d", "Tag  }}"]
    );
    assert_eq!(variables("{% for\n x in\n xs %}{{\n y\n}} z"), ["xs", "y"]);
    assert_eq!(variables("{{ \"}} a\nb\" ~ c }} {{ {\"k\": {\"l\": v}} }} w"), ["c", "v"]);
    assert_eq!(variables("{% raw\n%}\n{{ a }} {% if %}\n{%- endraw -%} {{ b }}"), ["b"]);
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "(\\{\\{|\\}\\}|\\{%|%\\}|\\{#|#\\}|raw|endraw|include|:|\"|'|\\\\| |\n|---|key: |é|x|\\(|\\)|user:|\\||#|- ){0,40}",
    ]
}

proptest! {
    #[test]
    fn any_text_is_cut_without_gaps(text in text(), lenient in any::<bool>(), plain in any::<bool>()) {
        let mut state = if plain { LineState::start(Form::Plain, false) } else { LineState::start(Form::Prompty, lenient) };
        for line in text.split_inclusive('\n') {
            let (spans, next) = spans(line, state);
            let mut at = 0;
            for span in &spans {
                prop_assert_eq!(span.range.start, at);
                prop_assert!(line.get(span.range.clone()).is_some_and(|piece| !piece.is_empty()));
                at = span.range.end;
            }
            let content = line.strip_suffix('\n').unwrap_or(line);
            prop_assert_eq!(at, content.strip_suffix('\r').unwrap_or(content).len());
            state = next;
        }
    }
}
