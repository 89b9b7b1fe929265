use serde_json::json;

use super::*;
use crate::model::{GenerationParameters, Message, Parameter, Role};

fn request(parameters: GenerationParameters) -> ChatRequest {
    ChatRequest {
        model: "gemini-3-pro".to_owned(),
        messages: vec![
            Message::new(Role::System, "Be short."),
            Message::new(Role::User, "One"),
            Message::new(Role::User, "Two"),
            Message::new(Role::Assistant, "Three"),
            Message::new(Role::User, ""),
            Message::new(Role::User, "Four"),
        ],
        parameters,
        stream: true,
    }
}

#[test]
fn turns_alternate_and_the_system_text_stands_beside_them() {
    let (body, parameters) = Gemini.request(&request(GenerationParameters::default()), None);
    assert_eq!(
        body,
        json!({
            "systemInstruction": { "parts": [{ "text": "Be short." }] },
            "contents": [
                { "role": "user", "parts": [{ "text": "One" }, { "text": "Two" }] },
                { "role": "model", "parts": [{ "text": "Three" }] },
                { "role": "user", "parts": [{ "text": "Four" }] },
            ],
        })
    );
    assert!(parameters.sent.is_empty() && parameters.dropped.is_empty());
}

#[test]
fn parameters_go_under_their_names_and_what_has_none_is_told() {
    let mut asked = GenerationParameters::default();
    for (parameter, value) in [
        (Parameter::Temperature, json!(0.5)),
        (Parameter::TopP, json!(0.9)),
        (Parameter::TopK, json!(40)),
        (Parameter::MaxTokens, json!(64)),
        (Parameter::Stop, json!(["###"])),
        (Parameter::Seed, json!(7)),
        (Parameter::FrequencyPenalty, json!(0.1)),
        (Parameter::PresencePenalty, json!(0.2)),
        (Parameter::RepetitionPenalty, json!(1.1)),
        (Parameter::ResponseFormat, json!({ "schema": { "type": "object" } })),
        (Parameter::ReasoningEffort, json!("low")),
    ] {
        asked.set(parameter, &value).expect("a good value");
    }
    let (body, parameters) = Gemini.request(&request(asked.clone()), None);
    assert_eq!(
        body["generationConfig"],
        json!({
            "temperature": 0.5, "topP": 0.9, "topK": 40, "maxOutputTokens": 64,
            "stopSequences": ["###"], "seed": 7, "frequencyPenalty": 0.1, "presencePenalty": 0.2,
            "responseMimeType": "application/json", "responseJsonSchema": { "type": "object" },
            "thinkingConfig": { "thinkingLevel": "low", "includeThoughts": true },
        })
    );
    let dropped: Vec<&str> = parameters.dropped.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(dropped, ["repetition_penalty"]);
    asked.set(Parameter::ReasoningEffort, &json!("max")).expect("an effort");
    let (_, parameters) = Gemini.request(&request(asked.clone()), None);
    assert!(parameters.dropped.iter().any(|it| it.name == "reasoning_effort"));
    let older = ChatRequest { model: "gemini-2.5-flash".to_owned(), ..request(asked) };
    let none = ChatRequest {
        parameters: GenerationParameters {
            reasoning_effort: Some(crate::model::ReasoningEffort::None),
            ..GenerationParameters::default()
        },
        ..older
    };
    let (body, _) = Gemini.request(&none, None);
    assert_eq!(body["generationConfig"]["thinkingConfig"], json!({ "thinkingBudget": 0 }));
}

#[test]
fn a_models_name_cannot_lead_elsewhere() {
    let path = |model: &str, stream| {
        let request = ChatRequest {
            model: model.to_owned(),
            stream,
            ..request(GenerationParameters::default())
        };
        Gemini.path(&request).into_owned()
    };
    assert_eq!(
        path("models/gemini-3-pro", true),
        "/v1beta/models/gemini-3-pro:streamGenerateContent?alt=sse"
    );
    assert_eq!(path("gemini-2.5-flash", false), "/v1beta/models/gemini-2.5-flash:generateContent");
    assert_eq!(
        path("../x?key=1#", false),
        "/v1beta/models/%2E%2E%2Fx%3Fkey%3D1%23:generateContent"
    );
}

#[test]
fn what_the_server_asks_to_wait_is_read() {
    let error = |delay: &str| {
        let body = json!({ "error": { "code": 429, "status": "RESOURCE_EXHAUSTED", "message": "slow",
            "details": [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay }] } });
        Gemini.error(429, body.to_string().as_bytes())
    };
    assert_eq!(error("46s").retry_after_ms, Some(46_000));
    assert_eq!(error("1.5s").retry_after_ms, Some(1_500));
    for odd in ["soon", "-3s", "NaNs", "infs", "46"] {
        assert_eq!(error(odd).retry_after_ms, None, "{odd}");
    }
}
