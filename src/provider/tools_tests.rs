//! What each protocol makes of tools, of forms of answers and of a prompt to be kept.

use serde_json::{Value, json};

use super::{
    anthropic::Anthropic, gemini::Gemini, ollama::Ollama, openai::OpenAi, protocol::Protocol,
    quirks::Quirks, responses::Responses,
};
use crate::{
    config::Server,
    model::{
        CachePrompt, ChatRequest, GenerationParameters, Message, Parameter, Role, SentParameters,
    },
};

/// A schema that leaves nothing open, and one that does.
fn schemas() -> (Value, Value) {
    let open = json!({ "type": "object", "properties": { "number": { "type": "string" } } });
    let mut closed = open.clone();
    closed["required"] = json!(["number"]);
    closed["additionalProperties"] = json!(false);
    (closed, open)
}

/// The body of a request with these parameters, and what became of them.
fn asked(protocol: &dyn Protocol, parameters: &Value) -> (Value, SentParameters) {
    let mut asked = GenerationParameters::default();
    for (name, value) in parameters.as_object().expect("an object") {
        asked.set(Parameter::from_word(name).expect("known"), value).expect("in range");
    }
    let request = ChatRequest {
        model: "some-model".to_owned(),
        messages: vec![
            Message::new(Role::System, "Be brief."),
            Message::new(Role::User, "Where is it?"),
        ],
        parameters: asked,
        stream: true,
    };
    protocol.request(&request, None)
}

fn openai(server: Server) -> OpenAi {
    OpenAi::new(Quirks::of(server))
}

fn dropped(parameters: &SentParameters) -> Vec<(&str, &str)> {
    parameters.dropped.iter().map(|it| (it.name.as_str(), it.reason.as_str())).collect()
}

fn offered() -> Value {
    let (closed, open) = schemas();
    json!([
        { "name": "find_order", "description": "Finds it.", "parameters": closed },
        { "name": "now", "parameters": open },
    ])
}

#[test]
fn tools_go_in_each_protocols_own_shape() {
    let (closed, open) = schemas();
    let parameters = json!({ "tools": offered() });

    let (body, told) = asked(&openai(Server::OpenAi), &parameters);
    let strict = json!([
        { "type": "function", "function": { "name": "find_order", "description": "Finds it.",
            "parameters": closed, "strict": true } },
        { "type": "function", "function": { "name": "now", "parameters": open } },
    ]);
    assert_eq!((&body["tools"], body.get("tool_choice")), (&strict, None));
    assert_eq!((&told.sent["tools"], dropped(&told)), (&strict, vec![]));
    assert_eq!(told.requested["tools"], offered());

    let (body, _) = asked(&openai(Server::Vllm), &parameters);
    let plain = json!([
        { "type": "function", "function": { "name": "find_order", "description": "Finds it.",
            "parameters": closed } },
        { "type": "function", "function": { "name": "now", "parameters": open } },
    ]);
    assert_eq!(body["tools"], plain);

    let (body, _) = asked(&Ollama, &parameters);
    assert_eq!(body["tools"], plain);

    let (body, _) = asked(&Responses::new(Quirks::of(Server::OpenAi)), &parameters);
    assert_eq!(
        body["tools"],
        json!([
            { "type": "function", "name": "find_order", "description": "Finds it.",
                "parameters": closed, "strict": true },
            { "type": "function", "name": "now", "parameters": open, "strict": false },
        ])
    );

    let (body, _) = asked(&Anthropic, &parameters);
    assert_eq!(
        body["tools"],
        json!([
            { "name": "find_order", "description": "Finds it.", "input_schema": closed },
            { "name": "now", "input_schema": open },
        ])
    );

    let (body, told) = asked(&Gemini, &parameters);
    let declared = json!([{ "functionDeclarations": [
        { "name": "find_order", "description": "Finds it.", "parametersJsonSchema": closed },
        { "name": "now", "parametersJsonSchema": open },
    ] }]);
    assert_eq!((&body["tools"], &told.sent["tools"]), (&declared, &declared));
    assert_eq!(body.get("generationConfig"), None);
}

#[test]
fn a_choice_goes_in_each_protocols_own_words() {
    let with = |protocol: &dyn Protocol, word: &str, field: &str| {
        let (body, told) = asked(protocol, &json!({ "tools": offered(), "tool_choice": word }));
        assert_eq!(dropped(&told), [], "{word}");
        body[field].clone()
    };
    let named = json!({ "type": "function", "function": { "name": "now" } });
    let words = ["auto", "none", "required", "now"];
    let expected: [(&dyn Protocol, &str, [Value; 4]); 4] = [
        (
            &openai(Server::Other),
            "tool_choice",
            [json!("auto"), json!("none"), json!("required"), named],
        ),
        (
            &Responses::new(Quirks::of(Server::OpenAi)),
            "tool_choice",
            [
                json!("auto"),
                json!("none"),
                json!("required"),
                json!({ "type": "function", "name": "now" }),
            ],
        ),
        (
            &Anthropic,
            "tool_choice",
            [
                json!({ "type": "auto" }),
                json!({ "type": "none" }),
                json!({ "type": "any" }),
                json!({ "type": "tool", "name": "now" }),
            ],
        ),
        (
            &Gemini,
            "toolConfig",
            [
                json!({ "functionCallingConfig": { "mode": "AUTO" } }),
                json!({ "functionCallingConfig": { "mode": "NONE" } }),
                json!({ "functionCallingConfig": { "mode": "ANY" } }),
                json!({ "functionCallingConfig": { "mode": "ANY", "allowedFunctionNames": ["now"] } }),
            ],
        ),
    ];
    for (protocol, field, choices) in expected {
        for (word, choice) in words.into_iter().zip(choices) {
            assert_eq!(with(protocol, word, field), choice, "{word}");
        }
    }
}

#[test]
fn a_choice_that_cannot_be_sent_is_told() {
    let (body, told) = asked(&Ollama, &json!({ "tools": offered(), "tool_choice": "required" }));
    assert_eq!(dropped(&told), [("tool_choice", "Ollama lets the model choose")]);
    assert!(body["tools"].is_array());
    let (body, told) = asked(&Ollama, &json!({ "tools": offered(), "tool_choice": "none" }));
    assert_eq!((body.get("tools"), dropped(&told)[0].0), (None, "tools"));

    let thinking =
        json!({ "tools": offered(), "tool_choice": "required", "reasoning_effort": "high" });
    let (body, told) = asked(&Anthropic, &thinking);
    assert_eq!((body.get("tool_choice"), dropped(&told)[0].0), (None, "tool_choice"));

    let protocols: [&dyn Protocol; 5] = [
        &openai(Server::Other),
        &Responses::new(Quirks::of(Server::Other)),
        &Anthropic,
        &Gemini,
        &Ollama,
    ];
    for protocol in protocols {
        let (body, told) = asked(protocol, &json!({ "tool_choice": "auto" }));
        assert_eq!(dropped(&told), [("tool_choice", "no tool is offered")]);
        assert!(body.get("tool_choice").is_none() && body.get("toolConfig").is_none());
    }
}

#[test]
fn json_is_asked_for_in_each_protocols_own_way() {
    let (closed, open) = schemas();
    let json_mode = json!({ "response_format": "json" });
    let with = |schema: &Value| json!({ "response_format": { "schema": schema } });
    let described = |schema: &Value| json!({ "name": "answer", "schema": schema });

    let (body, _) = asked(&openai(Server::OpenAi), &json_mode);
    assert_eq!(body["response_format"], json!({ "type": "json_object" }));
    let (body, _) = asked(&openai(Server::OpenAi), &with(&open));
    assert_eq!(
        body["response_format"],
        json!({ "type": "json_schema", "json_schema": described(&open) })
    );
    let mut strict = described(&closed);
    strict["strict"] = json!(true);
    let (body, _) = asked(&openai(Server::OpenAi), &with(&closed));
    assert_eq!(body["response_format"], json!({ "type": "json_schema", "json_schema": strict }));
    let (body, _) = asked(&openai(Server::Groq), &with(&closed));
    assert_eq!(
        body["response_format"],
        json!({ "type": "json_schema", "json_schema": described(&closed) })
    );

    let responses = Responses::new(Quirks::of(Server::OpenAi));
    let (body, _) = asked(&responses, &json_mode);
    assert_eq!(body["text"], json!({ "format": { "type": "json_object" } }));
    let (body, _) = asked(&responses, &with(&closed));
    assert_eq!(
        body["text"],
        json!({ "format": { "type": "json_schema", "name": "answer", "schema": closed,
            "strict": true } })
    );
    let (body, _) = asked(&responses, &with(&open));
    assert_eq!(
        body["text"],
        json!({ "format": { "type": "json_schema", "name": "answer", "schema": open } })
    );

    let (body, told) = asked(&Anthropic, &with(&open));
    let mut shut = open.clone();
    shut["additionalProperties"] = json!(false);
    assert_eq!(
        body["output_config"],
        json!({ "format": { "type": "json_schema", "schema": shut } })
    );
    assert_eq!(dropped(&told), []);

    let (body, _) = asked(&Ollama, &json_mode);
    assert_eq!(body["format"], "json");
    let (body, _) = asked(&Ollama, &with(&open));
    assert_eq!(body["format"], open);

    let (body, _) = asked(&Gemini, &json_mode);
    assert_eq!(body["generationConfig"], json!({ "responseMimeType": "application/json" }));
    let (body, _) = asked(&Gemini, &with(&open));
    assert_eq!(
        body["generationConfig"],
        json!({ "responseMimeType": "application/json", "responseJsonSchema": open })
    );
}

#[test]
fn a_form_that_is_not_to_be_had_is_told() {
    let json_mode = json!({ "response_format": "json" });
    let (body, told) = asked(&Anthropic, &json_mode);
    assert_eq!((body.get("output_config"), dropped(&told)[0].0), (None, "response_format"));
    let (body, told) = asked(&openai(Server::LmStudio), &json_mode);
    assert_eq!(
        (body.get("response_format"), dropped(&told)),
        (
            None,
            vec![("response_format", "LM Studio has no JSON mode without a schema; give a schema")]
        )
    );
    let schema = json!({ "response_format": { "schema": { "type": "object" } } });
    let (body, told) = asked(&openai(Server::DeepSeek), &schema);
    assert_eq!(body["response_format"], json!({ "type": "json_object" }));
    assert_eq!(dropped(&told)[0].0, "response_format");
}

#[test]
fn anthropic_is_asked_to_keep_the_prompt_and_others_do_so_unasked() {
    let (body, told) = asked(&Anthropic, &json!({ "cache_prompt": true, "tools": offered() }));
    let mark = json!({ "type": "ephemeral" });
    assert_eq!(
        body["system"],
        json!([{ "type": "text", "text": "Be brief.", "cache_control": mark }])
    );
    assert_eq!(
        body["messages"],
        json!([{ "role": "user", "content": [
            { "type": "text", "text": "Where is it?", "cache_control": mark },
        ] }])
    );
    assert_eq!((body.get("cache_control"), &told.sent["cache_control"]), (None, &mark));
    assert_eq!(told.requested["cache_prompt"], true);

    let hour = json!({ "type": "ephemeral", "ttl": "1h" });
    let (body, told) = asked(&Anthropic, &json!({ "cache_prompt": "1h" }));
    assert_eq!(body["system"][0]["cache_control"], hour);
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], hour);
    assert_eq!(
        (&told.sent["cache_control"], &told.requested["cache_prompt"]),
        (&hour, &json!("1h"))
    );

    for off in [json!({ "cache_prompt": false }), json!({})] {
        let (body, told) = asked(&Anthropic, &off);
        assert_eq!((&body["system"], dropped(&told)), (&json!("Be brief."), vec![]));
        assert!(!body.to_string().contains("cache_control"));
    }
    let protocols: [&dyn Protocol; 5] = [
        &openai(Server::OpenAi),
        &openai(Server::Other),
        &Responses::new(Quirks::of(Server::OpenAi)),
        &Gemini,
        &Ollama,
    ];
    for protocol in protocols {
        let (_, told) = asked(protocol, &json!({ "cache_prompt": "1h" }));
        assert_eq!(dropped(&told)[0].0, "cache_prompt");
        let (body, told) = asked(protocol, &json!({ "cache_prompt": true }));
        assert_eq!(dropped(&told)[0].0, "cache_prompt");
        assert!(body.get("cache_prompt").is_none());
        let (_, told) = asked(protocol, &json!({ "cache_prompt": false }));
        assert_eq!(dropped(&told), []);
    }
}

#[test]
fn several_pieces_of_a_last_turn_are_kept_up_to_its_end() {
    let request = ChatRequest {
        model: "some-model".to_owned(),
        messages: vec![Message::new(Role::User, "One"), Message::new(Role::User, "Two")],
        parameters: GenerationParameters {
            cache_prompt: Some(CachePrompt::Short),
            ..GenerationParameters::default()
        },
        stream: true,
    };
    let (body, _) = Anthropic.request(&request, None);
    assert_eq!(
        body["messages"][0]["content"],
        json!([
            { "type": "text", "text": "One" },
            { "type": "text", "text": "Two", "cache_control": { "type": "ephemeral" } },
        ])
    );
}
