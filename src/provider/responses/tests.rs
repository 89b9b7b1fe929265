use serde_json::json;

use super::*;
use crate::{
    config::Server,
    model::{GenerationParameters, Message, Parameter, Role},
};

fn request(parameters: GenerationParameters) -> ChatRequest {
    ChatRequest {
        model: "some-model".to_owned(),
        messages: vec![
            Message::new(Role::System, "Be short."),
            Message::new(Role::User, "Hi"),
            Message::new(Role::Tool, "42"),
        ],
        parameters,
        stream: true,
    }
}

#[test]
fn nothing_is_kept_at_the_server() {
    let protocol = Responses::new(Quirks::of(Server::Other));
    let (body, parameters) = protocol.request(&request(GenerationParameters::default()), None);
    assert_eq!(
        body,
        json!({
            "model": "some-model",
            "input": [
                { "role": "system", "content": "Be short." },
                { "role": "user", "content": "Hi" },
                { "role": "user", "content": "42" },
            ],
            "stream": true,
            "store": false,
        })
    );
    assert!(parameters.dropped.is_empty());
}

#[test]
fn parameters_have_their_own_names_and_what_has_none_is_told() {
    let mut asked = GenerationParameters::default();
    for (parameter, value) in [
        (Parameter::Temperature, json!(0.5)),
        (Parameter::TopP, json!(0.9)),
        (Parameter::TopK, json!(40)),
        (Parameter::MaxTokens, json!(64)),
        (Parameter::Stop, json!(["###"])),
        (Parameter::Seed, json!(7)),
        (Parameter::ResponseFormat, json!({ "schema": { "type": "object" } })),
        (Parameter::ReasoningEffort, json!("low")),
    ] {
        asked.set(parameter, &value).expect("a good value");
    }
    let (body, parameters) =
        Responses::new(Quirks::of(Server::Other)).request(&request(asked), None);
    assert_eq!(body["max_output_tokens"], 64);
    assert_eq!(body["reasoning"], json!({ "effort": "low", "summary": "auto" }));
    assert_eq!(
        body["text"],
        json!({ "format": { "type": "json_schema", "name": "answer", "schema": { "type": "object" } } })
    );
    let dropped: Vec<&str> = parameters.dropped.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(dropped, ["top_k", "stop", "seed"]);
    assert_eq!(parameters.sent.len(), 5);
}
