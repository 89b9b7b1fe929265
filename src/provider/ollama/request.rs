//! A chat request in Ollama's words.

use serde_json::{Map, Value, json};

use crate::model::{
    ChatRequest, DroppedParameter, Parameter, ReasoningEffort, ResponseFormat, SentParameters,
};
use crate::provider::catalog::{ModelFacts, Thinking};

/// The request's body, and what became of its parameters.
pub(super) fn build(request: &ChatRequest, facts: Option<&ModelFacts>) -> (Value, SentParameters) {
    let asked = &request.parameters;
    let mut parameters = SentParameters { requested: asked.to_map(), ..SentParameters::default() };
    let options = options(request);
    parameters.sent.clone_from(&options);

    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({ "role": message.role.as_str(), "content": message.content }))
        .collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), Value::from(request.model.as_str()));
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert("stream".to_owned(), Value::from(request.stream));
    // Without this a prompt longer than the context is cut at its beginning, and nothing says so.
    body.insert("truncate".to_owned(), Value::from(false));
    if !options.is_empty() {
        body.insert("options".to_owned(), Value::Object(options));
    }
    let format = match &asked.response_format {
        None | Some(ResponseFormat::Text) => None,
        Some(ResponseFormat::Json) => Some(Value::from("json")),
        Some(ResponseFormat::Schema(schema)) => Some(schema.clone()),
    };
    let mut beside = |name: &str, value: Value| {
        parameters.sent.insert(name.to_owned(), value.clone());
        body.insert(name.to_owned(), value);
    };
    if let Some(format) = format {
        beside("format", format);
    }
    match asked.reasoning_effort {
        None => {}
        Some(_) if facts.is_some_and(|facts| facts.capabilities.thinking == Thinking::None) => {
            parameters.dropped.push(DroppedParameter {
                name: Parameter::ReasoningEffort.as_str().to_owned(),
                reason: "this model does not think before it answers".to_owned(),
            });
        }
        Some(effort) => beside("think", think(effort)),
    }
    (Value::Object(body), parameters)
}

/// What goes under `options`, under Ollama's names.
fn options(request: &ChatRequest) -> Map<String, Value> {
    let asked = &request.parameters;
    let named = [
        ("temperature", Parameter::Temperature),
        ("top_p", Parameter::TopP),
        ("top_k", Parameter::TopK),
        ("frequency_penalty", Parameter::FrequencyPenalty),
        ("presence_penalty", Parameter::PresencePenalty),
        ("repeat_penalty", Parameter::RepetitionPenalty),
        ("num_predict", Parameter::MaxTokens),
        ("seed", Parameter::Seed),
    ];
    let mut options: Map<String, Value> = named
        .into_iter()
        .filter_map(|(name, parameter)| Some((name.to_owned(), asked.get(parameter)?)))
        .collect();
    if !asked.stop.is_empty() {
        options.insert("stop".to_owned(), json!(asked.stop));
    }
    options
}

/// Ollama knows four levels and off; the efforts between go to the nearest.
fn think(effort: ReasoningEffort) -> Value {
    match effort {
        ReasoningEffort::None => Value::from(false),
        ReasoningEffort::Minimal | ReasoningEffort::Low => Value::from("low"),
        ReasoningEffort::Medium => Value::from("medium"),
        ReasoningEffort::High | ReasoningEffort::Xhigh => Value::from("high"),
        ReasoningEffort::Max => Value::from("max"),
    }
}
