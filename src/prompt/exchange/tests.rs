use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    super::{Limits, NoSources, render},
    draft::Draft,
    *,
};
use crate::model::{Message, Role};

fn template(source: &str) -> Template {
    let id = TemplateId::new("review").expect("an id");
    let template = parse(&id, Form::Prompty, source).expect(source);
    template.check_body().expect(source);
    template
}

fn imported(format: Format, text: &str) -> Imported {
    let mut all = import(format, "file", text).expect(text);
    assert_eq!(all.len(), 1);
    let one = all.remove(0);
    template(&one.template_source);
    one
}

const REVIEW: &str = "---\n\
name: Review\n\
version: 1.2.0\n\
category: development\n\
description: Finds defects\n\
model: openai/gpt-4o\n\
tags: [\"code\"]\n\
generation: {\"temperature\":0.2,\"max_tokens\":800,\"stop\":[\"###\"]}\n\
parameters:\n  \
  language: required\n  \
  focus: {\"description\":\"first\",\"enum\":[\"security\",\"speed\"],\"default\":\"speed\"}\n  \
  notes: optional\n\
---\n\
system:\n\
You know {{ language }}.\n\
{{include:house-style}}\n\
\n\
user:\n\
Look at {{ focus }}.\n\
{% if notes %}\n\
Notes: {{ notes | tojson }}\n\
{% endif %}\n";

#[test]
fn dotprompt_is_read() {
    let text = "# Copyright\n\n---\nmodel: googleai/gemini-2.5-flash\nversion: abc\nconfig:\n  \
                temperature: 0.4\n  maxOutputTokens: 200\n  safety: off\ninput:\n  schema:\n    \
                name: string, who\n    items?(array): string\n  default:\n    name: Ada\noutput:\n  \
                format: json\n  schema:\n    answer: string\nacme.flag: 1\n---\n{{role \"system\"}}\n\
                Be {{{tone}}}. {% raw words\n{{role \"user\"}}\n{{#each items}}\n- {{this}} of \
                {{../name}} at {{@index}}{{#unless @last}},{{/unless}}\n{{else}}\nnone\n{{/each}}\n\
                {{>sign-off}} {{media url=photo}} {{json items indent=2}} \\{{kept}}\n\
                {{!-- for later --}}";
    let found = imported(Format::Dotprompt, text);
    assert_eq!(
        found.template_source,
        "---\nname: file\nmodel: gemini/gemini-2.5-flash\n\
         generation: {\"temperature\":0.4,\"max_tokens\":200}\n\
         response_format: {\"schema\":{\"type\":\"object\",\"properties\":{\"answer\":{\"type\":\
         \"string\"}},\"additionalProperties\":false,\"required\":[\"answer\"]}}\n\
         parameters:\n  name: {\"type\":\"string\",\"description\":\"who\",\"default\":\"Ada\"}\n  \
         items: {\"type\":\"array\",\"required\":false}\n---\n\
         system:\nBe {{ tone }}. {{ \"{%\" }} raw words\n\n\
         user:\n{% for item in items %}\n- {{ item }} of {{ name }} at {{ loop.index0 }}\
         {% if not loop.last %},{% endif %}\n{% else %}\nnone\n{% endfor %}\n\
         {{include:sign-off}} {{ \"{{\" }}media url=photo}} {{ items | tojson(indent=2) }} \
         {{ \"{{\" }}kept}}\n{# for later #}\n"
    );
    assert_eq!(
        found.not_carried,
        [
            "the version `abc`, which is not a semantic one",
            "the setting `safety` has no counterpart",
            "`acme.flag` has no counterpart",
            "`{{media url=photo}}` stays as plain text",
        ]
    );
}

#[test]
fn dotprompt_names_belong_to_their_block() {
    let body = |text: &str| {
        let source = imported(Format::Dotprompt, text).template_source;
        source.split_once("user:\n").expect("one message").1.trim_end().to_owned()
    };
    assert_eq!(
        body(
            "{{#each teams}}{{#each members}}{{name}} {{../name}} {{../../name}}{{/each}}{{/each}}"
        ),
        "{% for item in teams %}{% for item_2 in item.members %}{{ item_2.name }} \
         {{ item.name }} {{ name }}{% endfor %}{% endfor %}"
    );
    assert_eq!(body("{{#with a.b}}{{c}} {{this}}{{/with}} {{c}}"), "{{ a.b.c }} {{ a.b }} {{ c }}");
    assert_eq!(
        body("{{#each a as |x|}}{{x.y}}{{z}}{{/each}}"),
        "{% for x in a %}{{ x.y }}{{ x.z }}{% endfor %}"
    );
    assert_eq!(
        body("{{#ifEquals a \"b c\"}}1{{else}}2{{/ifEquals}}{{~#if x~}} y {{~/if~}}"),
        "{% if a == \"b c\" %}1{% else %}2{% endif %}{%- if x -%} y {%- endif -%}"
    );
    assert_eq!(body("{{#custom x}}a{{/custom}}"), "{{ \"{{\" }}#custom x}}a{{ \"{{\" }}/custom}}");
}

#[test]
fn dotprompt_is_written() {
    let written = export(Format::Dotprompt, &template(REVIEW));
    assert_eq!(written.not_carried, [""; 0]);
    let (front, body) = written.text.split_once("\n---\n").expect("front matter");
    assert_eq!(
        body,
        "{{role \"system\"}}\nYou know {{language}}.\n{{>house-style}}\n{{role \"user\"}}\n\
         Look at {{focus}}.\n{{#if notes}}\nNotes: {{json notes}}\n{{/if}}\n"
    );
    let front = document::read(front.trim_start_matches("---\n")).expect("yaml");
    assert_eq!(
        front["input"]["schema"],
        json!({
            "language": "any", "focus?(enum, first)": ["security", "speed"], "notes?": "any",
        })
    );
    assert_eq!(front["config"]["maxOutputTokens"], json!(800));
    assert_eq!(front["lathe.version"], json!("1.2.0"));
}

#[test]
fn dotprompt_keeps_what_handlebars_cannot_say_as_words() {
    let source = "---\nname: x\n---\n{% for row in rows %}{{ row.a }}{{ outer }}{% if row.b == 1 %}!\
                  {% elif c %}?{% endif %}{% endfor %}{{ x | upper }}{% set y = 1 %}{{ loop }}\n";
    let written = export(Format::Dotprompt, &template(source));
    let body = written.text.split_once("\n---\n").expect("front matter").1;
    assert_eq!(
        body,
        "{{#each rows}}{{this.a}}{{../outer}}{{#ifEquals this.b 1}}!{% elif c %}?{{/ifEquals}}\
         {{/each}}\\{{ x | upper }}{% set y = 1 %}{{loop}}\n"
    );
    assert_eq!(written.not_carried.len(), 3);
}

#[test]
fn prompty_files_come_as_they_are() {
    let text = "---\nname: Basic\nauthors: [ada]\nmodel:\n  api: chat\n  configuration:\n    type: \
                azure_openai\n    azure_endpoint: ${env:ENDPOINT}\n  parameters:\n    max_tokens: 9\n\
                tools: []\nsample:\n  question: why\n---\nsystem:\nYou.\nuser:\n{{question}}\n";
    let found = imported(Format::Prompty, text);
    assert_eq!(found.template_source, text);
    assert_eq!(found.name, "Basic");
    assert_eq!(found.not_carried.len(), 3, "{:?}", found.not_carried);
    let again = export(Format::Prompty, &template(text));
    assert_eq!((again.text.as_str(), again.not_carried.len()), (text, 0));
}

#[test]
fn prompty_is_written() {
    let written = export(Format::Prompty, &template(REVIEW));
    assert_eq!(
        written.not_carried,
        [
            "the values allowed for `focus`",
            "`category` has no counterpart",
            "the include of `house-style`, which Prompty cannot resolve",
        ]
    );
    let again = template(&written.text);
    assert_eq!(again.front.shape, Shape::PromptyV1);
    let before = template(REVIEW);
    assert_eq!(again.front.generation, before.front.generation);
    assert_eq!(again.front.model, before.front.model);
    assert_eq!(again.front.version, before.front.version);
    assert_eq!(again.front.parameter("focus").expect("kept").default, Some(json!("speed")));
    assert_eq!(Draft::of_template(&again).messages, Draft::of_template(&before).messages);
}

#[test]
fn promptfoo_prompts_are_read() {
    let texts =
        import(Format::Promptfoo, "file", "First {{ a | dump }}\n---\n\nSecond\n").expect("two");
    assert_eq!(texts.len(), 2);
    assert!(texts[0].template_source.ends_with("user:\nFirst {{ a | tojson }}\n"));
    let chat = "[{\"role\": \"system\", \"content\": \"Be {{ tone }}.\\nuser:\"},\n \
                {\"role\": \"user\", \"content\": {{ question | dump }}}]";
    let found = imported(Format::Promptfoo, chat);
    assert!(
        found
            .template_source
            .ends_with("---\nsystem:\nBe {{ tone }}.\n\\user:\n\nuser:\n{{ question }}\n"),
        "{}",
        found.template_source
    );
    let yaml = "- role: user\n  content: Hi\n";
    assert!(imported(Format::Promptfoo, yaml).template_source.ends_with("user:\nHi\n"));
    assert!(import(Format::Promptfoo, "file", "[1, 2]").is_err());
    assert!(import(Format::Promptfoo, "file", "  \n").is_err());
}

#[test]
fn promptfoo_configurations_are_read_without_opening_anything() {
    let text = "description: Compare\nprompts:\n  - file://a.txt\n  - label: Second\n    raw: Say {{ x }}\n\
                providers:\n  - id: openai:chat:gpt-4o\n    config: {temperature: 0, apiKey: k}\n  - \
                anthropic:messages:claude-x\ndefaultTest:\n  vars: {x: hello, y: file://y.md}\n  assert: []\n\
                tests: []\n";
    let found = imported(Format::Promptfoo, text);
    assert_eq!(
        found.template_source,
        "---\nname: Second\ndescription: Compare\nmodel: openai/gpt-4o\n\
         generation: {\"temperature\":0.0}\nparameters:\n  x: {\"default\":\"hello\"}\n---\n\
         user:\nSay {{ x }}\n"
    );
    assert_eq!(
        found.not_carried,
        [
            "the setting `apiKey` has no counterpart",
            "the provider `anthropic:messages:claude-x`: choose it as another variant",
            "what `defaultTest` says besides `vars` belongs in a suite",
            "the value of `y` is in a file, which is not read",
            "`tests` has no counterpart",
            "`file://a.txt` is in another place and has to be imported by itself",
        ]
    );
}

#[test]
fn promptfoo_is_written() {
    let written = export(Format::Promptfoo, &template(REVIEW));
    let value = document::read(&written.text).expect("yaml");
    assert_eq!(value["providers"][0]["id"], json!("openai:chat:gpt-4o"));
    assert_eq!(value["providers"][0]["config"]["max_tokens"], json!(800));
    assert_eq!(value["defaultTest"]["vars"], json!({ "focus": "speed" }));
    let chat: Value =
        serde_json::from_str(value["prompts"][0]["raw"].as_str().expect("text")).expect("json");
    assert_eq!(
        chat[1]["content"],
        json!("Look at {{ focus }}.\n{% if notes %}\nNotes: {{ notes | dump }}\n{% endif %}")
    );
    assert!(written.not_carried.iter().any(|what| what.contains("house-style")));
    assert!(written.not_carried.iter().any(|what| what.contains("`version`")));
}

#[test]
fn llm_templates_are_read() {
    let text = "system: You pay $$5 to ${who}.\nprompt: 'Sum up: $input {{ as it is }} $ 3'\nmodel: gpt-4o\n\
                options: {temperature: 1.5, json_object: true}\ndefaults: {who: me}\nfunctions: |\n  import os\n\
                schema_object: {type: object}\n";
    let found = imported(Format::Llm, text);
    assert_eq!(
        found.template_source,
        "---\nname: file\nmodel: openai/gpt-4o\ngeneration: {\"temperature\":1.5}\n\
         response_format: {\"schema\":{\"type\":\"object\"}}\nparameters:\n  \
         who: {\"default\":\"me\"}\n  input: required\n---\n\
         system:\nYou pay $5 to {{ who }}.\n\n\
         user:\nSum up: {{ input }} {{ \"{{\" }} as it is }} $ 3\n"
    );
    assert_eq!(
        found.not_carried,
        [
            "the setting `json_object` has no counterpart",
            "`functions`: it is Python code, which is never run",
        ]
    );
    let plain = imported(Format::Llm, "Translate $input");
    assert!(plain.template_source.ends_with("user:\nTranslate {{ input }}\n"));
    let system = imported(Format::Llm, "system: Be brief");
    assert!(system.template_source.ends_with("user:\n{{ input }}\n"));
    assert!(import(Format::Llm, "file", "model: x").is_err());
}

#[test]
fn llm_templates_are_written() {
    let source = "---\nname: N\nmodel: anthropic/claude-x\n---\nsystem:\nS\nuser:\nCosts $5, \
                  {{ x }}{{ y | upper }}\nassistant:\nA\n";
    let written = export(Format::Llm, &template(source));
    let value = document::read(&written.text).expect("yaml");
    assert_eq!(
        value,
        json!({
            "name": "N", "system": "S", "prompt": "Costs $$5, ${x}{{ y | upper }}",
            "model": "anthropic/claude-x",
        })
    );
    assert_eq!(
        written.not_carried,
        [
            "`{{ y | upper }}` stays as plain text",
            "message 3 (assistant): there is room for one system and one user message",
        ]
    );
}

#[test]
fn langfuse_prompts_are_read() {
    let text = json!({ "data": [
        { "name": "chat", "type": "chat", "version": 4, "labels": ["production"], "tags": ["a"],
          "config": { "model": "gpt-4o", "temperature": 0.5, "other": 1 },
          "prompt": [
              { "role": "system", "content": "You {{name}}. {% if %} {{ a b }}" },
              { "type": "placeholder", "name": "history" },
          ] },
        { "name": "text", "prompt": "Hi" },
    ] });
    let found = import(Format::Langfuse, "file", &text.to_string()).expect("two");
    assert_eq!(
        found[0].template_source,
        "---\nname: chat\nmodel: openai/gpt-4o\ntags: [\"a\"]\ngeneration: {\"temperature\":0.5}\n\
         parameters:\n  name: required\n---\n\
         system:\nYou {{ name }}. {{ \"{%\" }} if %} {{ \"{{\" }} a b }}\n"
    );
    assert_eq!(found[0].not_carried.len(), 4, "{:?}", found[0].not_carried);
    assert_eq!((found[1].name.as_str(), found[1].not_carried.len()), ("text", 0));
    for text in ["", "{}", "[]", "{\"prompt\": 1}", "[{\"prompt\": [1]}]"] {
        assert!(import(Format::Langfuse, "file", text).is_err(), "{text}");
    }
}

#[test]
fn messages_made_by_a_loop_stay_together_where_a_format_lists_them() {
    let source = "---\nname: x\n---\n{% for e in examples %}\nuser:\n{{ e }}\n{% endfor %}\n";
    let written = export(Format::Langfuse, &template(source));
    let value: Value = serde_json::from_str(&written.text).expect("json");
    assert_eq!(value["type"], json!("text"));
    assert!(written.not_carried[0].contains("spans messages"));
    let dotprompt = export(Format::Dotprompt, &template(source));
    assert!(dotprompt.text.contains("{{#each examples}}"), "{}", dotprompt.text);
    assert_eq!(dotprompt.not_carried, [""; 0]);
}

/// The messages as a model gets them.
fn rendered(template: &Template) -> Vec<Message> {
    let inputs = ["a", "b", "c"].map(|name| (name.to_owned(), json!(format!("‹{name}›"))));
    render(template, &NoSources, &inputs.into(), &Limits::default()).expect("renders").to_messages()
}

fn content() -> impl Strategy<Value = String> {
    let part = prop_oneof![
        "[ -~é字\n]{1,12}".prop_map(|words| jinja::escaped(&words)),
        Just(jinja::escaped("{{ {% \\{{ $$ ${x} \\\\ {{{ {# ")),
        Just("\nuser:\n".to_owned()),
        Just(jinja::escaped("\\")),
        Just(jinja::escaped("{")),
        "[a-c]".prop_map(|name| format!("{{{{ {name} }}}}")),
    ];
    prop::collection::vec(part, 0..6).prop_map(|parts| format!("x{}x", parts.concat()))
}

proptest! {
    #[test]
    fn words_and_variables_survive_every_format_and_back(system in content(), user in content()) {
        let messages = vec![Message::new(Role::System, system), Message::new(Role::User, user)];
        let draft = Draft { messages, ..Draft::default() };
        let template = template(&draft.to_source());
        for format in Format::ALL {
            let written = export(format, &template);
            let back = import(format, "file", &written.text).expect("reads what it wrote");
            let back = parse(&template.id, Form::Prompty, &back[0].template_source).expect("parses");
            prop_assert_eq!(rendered(&template), rendered(&back), "{:?}: {}", format, written.text);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn no_text_breaks_an_import(
        format in prop::sample::select(&Format::ALL[..]),
        front in any::<bool>(),
        text in "\\PC{0,60}|([{}#%/~>^! a-c.\n\"$|=-]|\\{\\{|\\}\\}|#each |#if |/if|/each|role){0,40}",
    ) {
        let text = if front { format!("---\nname: x\n---\n{text}") } else { text };
        for found in import(format, "file", &text).into_iter().flatten() {
            prop_assert!(!found.template_source.is_empty());
        }
    }
}
