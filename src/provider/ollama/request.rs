//! A chat request in Ollama's words.

use serde_json::{Value, json};

use crate::{
    config::Server,
    model::{
        CachePrompt, ChatRequest, Parameter, ReasoningEffort, ResponseFormat, SentParameters,
        ToolChoice,
    },
    provider::{
        catalog::{ModelFacts, Thinking},
        openai::function,
        plan::{Plan, opening},
        quirks::Quirks,
    },
};

/// The request's body, and what became of its parameters.
pub(super) fn build(request: &ChatRequest, facts: Option<&ModelFacts>) -> (Value, SentParameters) {
    let mut plan = Plan::new(request);
    for (parameter, name) in [
        (Parameter::Temperature, "temperature"),
        (Parameter::TopP, "top_p"),
        (Parameter::TopK, "top_k"),
        (Parameter::FrequencyPenalty, "frequency_penalty"),
        (Parameter::PresencePenalty, "presence_penalty"),
        (Parameter::RepetitionPenalty, "repeat_penalty"),
        (Parameter::MaxTokens, "num_predict"),
        (Parameter::Seed, "seed"),
        (Parameter::Stop, "stop"),
    ] {
        plan.rename(parameter, name);
    }
    let options = plan.sent.clone();

    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({ "role": message.role.as_str(), "content": message.content }))
        .collect();
    let mut body = opening(request);
    body.insert("messages".to_owned(), Value::Array(messages));
    // Without this a prompt longer than the context is cut at its beginning, and nothing says so.
    body.insert("truncate".to_owned(), Value::from(false));
    if !options.is_empty() {
        body.insert("options".to_owned(), Value::Object(options));
    }
    // What stands beside the options is also told as sent.
    let mut beside = |plan: &mut Plan<'_>, name: &str, value: Value| {
        plan.send(name, value.clone());
        body.insert(name.to_owned(), value);
    };
    match &plan.asked.response_format {
        None | Some(ResponseFormat::Text) => {}
        Some(ResponseFormat::Json) => beside(&mut plan, "format", Value::from("json")),
        Some(ResponseFormat::Schema(schema)) => beside(&mut plan, "format", schema.clone()),
    }
    let choice = plan.tool_choice();
    if choice == Some(&ToolChoice::None) {
        plan.drop(
            Parameter::Tools,
            "tool_choice none: Ollama has no such choice, so no tool is offered",
        );
    } else if let Some(tools) = plan.tools(|tool| function(tool, Quirks::of(Server::Other))) {
        beside(&mut plan, "tools", tools);
    }
    if matches!(choice, Some(ToolChoice::Required | ToolChoice::Named(_))) {
        plan.drop(Parameter::ToolChoice, "Ollama lets the model choose");
    }
    if plan.asked.cache_prompt.is_some_and(CachePrompt::is_on) {
        plan.drop(Parameter::CachePrompt, "Ollama keeps the last prompt by itself");
    }
    match plan.asked.reasoning_effort {
        None => {}
        Some(_) if facts.is_some_and(|facts| facts.capabilities.thinking == Thinking::None) => {
            plan.drop(Parameter::ReasoningEffort, "this model does not think before it answers");
        }
        Some(effort) => beside(&mut plan, "think", think(effort)),
    }
    (Value::Object(body), plan.finish())
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
