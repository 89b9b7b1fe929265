use rstest::rstest;
use serde_json::json;

use super::*;
use crate::config::ProviderKind;
use crate::model::{GenerationParameters, Message, ModelRef, Parameter, Role};
use crate::provider::catalog::{Capabilities, Catalog, ModelFacts, Sampling, Thinking};

fn request(messages: &[(Role, &str)], parameters: &Value) -> ChatRequest {
    let mut asked = GenerationParameters::default();
    for (name, value) in parameters.as_object().expect("an object") {
        asked.set(Parameter::from_word(name).expect("known"), value).expect("in range");
    }
    ChatRequest {
        model: "claude-test".to_owned(),
        messages: messages.iter().map(|&(role, text)| Message::new(role, text)).collect(),
        parameters: asked,
        stream: true,
    }
}

fn facts(change: impl FnOnce(&mut Capabilities)) -> ModelFacts {
    let mut facts = ModelFacts { max_output: Some(64_000), ..ModelFacts::default() };
    change(&mut facts.capabilities);
    facts
}

#[test]
fn system_text_is_lifted_out_and_turns_alternate() {
    let asked = request(
        &[
            (Role::System, "Be brief."),
            (Role::User, "One"),
            (Role::User, "Two "),
            (Role::System, "Be kind."),
            (Role::Tool, "42"),
            (Role::User, " \n"),
            (Role::Assistant, "It is "),
        ],
        &json!({}),
    );
    let (body, _) = Anthropic.request(&asked, None);
    assert_eq!(
        body,
        json!({
            "model": "claude-test",
            "system": "Be brief.\n\nBe kind.",
            "messages": [
                { "role": "user", "content": [
                    { "type": "text", "text": "One" },
                    { "type": "text", "text": "Two " },
                    { "type": "text", "text": "42" },
                ] },
                { "role": "assistant", "content": "It is" },
            ],
            "stream": true,
            "max_tokens": 4096,
        })
    );
}

#[test]
fn the_limit_on_the_answer_is_always_sent_and_told() {
    let plain = request(&[(Role::User, "Hi")], &json!({}));
    let limited = request(&[(Role::User, "Hi")], &json!({ "max_tokens": 7 }));
    let known = facts(|_| {});
    for (asked, facts, expected) in [
        (&plain, None, 4096),
        (&plain, Some(&known), 64_000),
        (&limited, Some(&known), 7),
        (&limited, None, 7),
    ] {
        let (body, told) = Anthropic.request(asked, facts);
        assert_eq!(body["max_tokens"], json!(expected));
        assert_eq!(told.sent["max_tokens"], json!(expected));
    }
}

#[rstest]
#[case::all_of_an_unknown_model(
    None,
    json!({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop": ["###", "\n"]}),
    json!({"temperature": 0.5, "top_p": 0.9, "top_k": 40, "stop_sequences": ["###"]}),
    &["stop"]
)]
#[case::what_the_protocol_lacks(
    None,
    json!({"temperature": 1.5, "seed": 1, "frequency_penalty": 1, "presence_penalty": 1, "repetition_penalty": 1.5, "response_format": "json"}),
    json!({}),
    &["temperature", "response_format", "frequency_penalty", "presence_penalty", "repetition_penalty", "seed"]
)]
#[case::no_sampling(
    Some(facts(|known| known.sampling = Sampling::Never)),
    json!({"temperature": 0.5, "top_p": 0.9, "top_k": 40}),
    json!({}),
    &["temperature", "top_p", "top_k"]
)]
#[case::one_of_two(
    Some(facts(|known| known.temperature_or_top_p = true)),
    json!({"temperature": 0.5, "top_p": 0.9}),
    json!({"temperature": 0.5}),
    &["top_p"]
)]
#[case::adaptive_thinking_and_a_schema(
    Some(facts(|known| { known.thinking = Thinking::Adaptive; known.schema = true; })),
    json!({"temperature": 0.5, "top_p": 0.97, "top_k": 4, "reasoning_effort": "high", "response_format": {"schema": {"type": "object"}}}),
    json!({
        "thinking": {"type": "adaptive", "display": "summarized"},
        "output_config": {
            "effort": "high",
            "format": {"type": "json_schema", "schema": {"type": "object", "additionalProperties": false}},
        },
        "top_p": 0.97,
    }),
    &["temperature", "top_k"]
)]
#[case::thinking_switched_off(
    Some(facts(|known| known.thinking = Thinking::Adaptive)),
    json!({"temperature": 0.5, "reasoning_effort": "none"}),
    json!({"thinking": {"type": "disabled"}, "temperature": 0.5}),
    &[]
)]
#[case::thinking_switched_off_otherwise(
    Catalog::builtin().facts(ProviderKind::Anthropic, &ModelRef::new("anthropic", "claude-sonnet-5-5")),
    json!({"reasoning_effort": "none"}),
    json!({"thinking": {"type": "between_tools"}}),
    &[]
)]
#[case::a_budget_leaves_room_for_the_answer(
    Some(facts(|known| known.thinking = Thinking::Budget)),
    json!({"reasoning_effort": "high", "max_tokens": 4000}),
    json!({"thinking": {"type": "enabled", "budget_tokens": 2000}}),
    &[]
)]
#[case::a_budget_without_room(
    Some(facts(|known| known.thinking = Thinking::Budget)),
    json!({"reasoning_effort": "low", "max_tokens": 2047}),
    json!({}),
    &["reasoning_effort"]
)]
#[case::a_budget_by_effort(
    Some(facts(|known| known.thinking = Thinking::Budget)),
    json!({"reasoning_effort": "medium"}),
    json!({"thinking": {"type": "enabled", "budget_tokens": 10_240}}),
    &[]
)]
#[case::no_thinking(
    Some(facts(|known| known.thinking = Thinking::None)),
    json!({"reasoning_effort": "low", "temperature": 0.1}),
    json!({"temperature": 0.1}),
    &["reasoning_effort"]
)]
#[case::an_effort_the_model_lacks(
    Some(facts(|known| known.efforts = Some(vec![crate::model::ReasoningEffort::Low]))),
    json!({"reasoning_effort": "max"}),
    json!({}),
    &["reasoning_effort"]
)]
#[case::no_schema(
    Some(facts(|known| known.schema = false)),
    json!({"response_format": {"schema": {"type": "object"}}}),
    json!({}),
    &["response_format"]
)]
fn parameters_go_where_they_are_taken(
    #[case] facts: Option<ModelFacts>,
    #[case] asked: Value,
    #[case] expected: Value,
    #[case] dropped: &[&str],
) {
    let asked = request(&[(Role::User, "Hi")], &asked);
    let (body, told) = Anthropic.request(&asked, facts.as_ref());
    let mut sent = told.sent.clone();
    sent.remove("max_tokens");
    assert_eq!(Value::Object(sent), expected);
    for (name, value) in &told.sent {
        assert_eq!(&body[name], value, "{name}");
    }
    let names: Vec<_> = told.dropped.iter().map(|dropped| dropped.name.as_str()).collect();
    assert_eq!(names, dropped);
    assert_eq!(told.requested, asked.parameters.to_map());
}

#[test]
fn every_object_of_a_schema_is_closed_unless_it_says_otherwise() {
    let schema = json!({
        "type": "object",
        "properties": {
            "type": { "type": "string", "enum": [{ "type": "object" }] },
            "open": { "type": ["object", "null"], "additionalProperties": true },
            "list": { "type": "array", "items": { "type": "object", "properties": {} } },
        },
    });
    let asked = request(&[(Role::User, "Hi")], &json!({ "response_format": { "schema": schema } }));
    let (body, _) = Anthropic.request(&asked, None);
    assert_eq!(
        body["output_config"]["format"]["schema"],
        json!({
            "type": "object",
            "properties": {
                "type": { "type": "string", "enum": [{ "type": "object" }] },
                "open": { "type": ["object", "null"], "additionalProperties": true },
                "list": { "type": "array", "items": {
                    "type": "object", "properties": {}, "additionalProperties": false,
                } },
            },
            "additionalProperties": false,
        })
    );
}

#[rstest]
#[case(
    400,
    "invalid_request_error",
    "prompt is too long: 9 tokens > 8 maximum",
    "context_length",
    false
)]
#[case(
    400,
    "invalid_request_error",
    "Your credit balance is too low to access the API",
    "quota",
    false
)]
#[case(400, "invalid_request_error", "temperature: range: 0..1", "invalid_request", false)]
#[case(401, "authentication_error", "invalid x-api-key", "authentication", false)]
#[case(402, "billing_error", "", "quota", false)]
#[case(403, "permission_error", "", "permission", false)]
#[case(404, "not_found_error", "model: claude-9", "not_found", false)]
#[case(413, "request_too_large", "", "request_too_large", false)]
#[case(429, "rate_limit_error", "", "rate_limit", true)]
#[case(500, "api_error", "", "server", true)]
#[case(504, "timeout_error", "", "timeout", true)]
#[case(529, "overloaded_error", "Overloaded", "overloaded", true)]
#[case(501, "tomorrows_error", "", "server", false)]
fn errors_are_told_by_type_and_words(
    #[case] status: u16,
    #[case] code: &str,
    #[case] said: &str,
    #[case] kind: &str,
    #[case] retryable: bool,
) {
    let body = json!({
        "type": "error",
        "error": { "type": code, "message": said, "details": null },
        "request_id": "req_1",
    });
    let error = Anthropic.error(status, body.to_string().as_bytes());
    assert_eq!((error.kind.as_str(), error.retryable), (kind, retryable), "{error}");
    assert_eq!(error.http_status, Some(status));
    assert_eq!(error.provider_code.as_deref(), Some(code));
    assert_eq!(error.request_id.as_deref(), Some("req_1"));
    assert!(error.message.contains(said), "{error}");
}

#[test]
fn a_spending_limit_is_not_waited_for() {
    let body = br#"{"type":"error","error":{"type":"rate_limit_error","message":"Limit reached",
        "details":{"error_code":"enforced_spend_limit_reached"}}}"#;
    let error = Anthropic.error(429, body);
    assert_eq!((error.kind, error.retryable), (ErrorKind::Quota, false));
    assert_eq!(error.provider_code.as_deref(), Some("enforced_spend_limit_reached"));
}
