//! A chat request in Gemini's words.

use serde_json::{Map, Value, json};

use crate::{
    model::{
        CachePrompt, ChatRequest, Parameter, ReasoningEffort, ResponseFormat, Role, SentParameters,
        Tool, ToolChoice,
    },
    provider::plan::Plan,
};

/// The request's body, and what became of its parameters.
pub(super) fn build(request: &ChatRequest) -> (Value, SentParameters) {
    let mut plan = Plan::new(request);
    for (parameter, name) in [
        (Parameter::Temperature, "temperature"),
        (Parameter::TopP, "topP"),
        (Parameter::TopK, "topK"),
        (Parameter::MaxTokens, "maxOutputTokens"),
        (Parameter::Stop, "stopSequences"),
        (Parameter::Seed, "seed"),
        (Parameter::FrequencyPenalty, "frequencyPenalty"),
        (Parameter::PresencePenalty, "presencePenalty"),
    ] {
        plan.rename(parameter, name);
    }
    plan.never(Parameter::RepetitionPenalty, "Gemini has no repetition penalty");
    match &plan.asked.response_format {
        None | Some(ResponseFormat::Text) => {}
        Some(ResponseFormat::Json) => plan.send("responseMimeType", "application/json"),
        Some(ResponseFormat::Schema(schema)) => {
            plan.send("responseMimeType", "application/json");
            plan.send("responseJsonSchema", schema.clone());
        }
    }
    if let Some(effort) = plan.asked.reasoning_effort {
        match thinking(&request.model, effort) {
            Some(config) => plan.send("thinkingConfig", config),
            None => plan.drop(
                Parameter::ReasoningEffort,
                "Gemini takes the efforts none, minimal, low, medium and high",
            ),
        }
    }

    if plan.asked.cache_prompt.is_some_and(CachePrompt::is_on) {
        plan.drop(Parameter::CachePrompt, "Gemini keeps prompts by itself");
    }

    let (system, contents) = conversation(request);
    let mut body = Map::new();
    if !system.is_empty() {
        body.insert("systemInstruction".to_owned(), json!({ "parts": [{ "text": system }] }));
    }
    body.insert("contents".to_owned(), contents);
    if !plan.sent.is_empty() {
        body.insert("generationConfig".to_owned(), Value::Object(plan.sent.clone()));
    }
    // What stands beside the configuration is also told as sent.
    if let Some(declared) = plan.tools(declaration) {
        let tools = json!([{ "functionDeclarations": declared }]);
        plan.send("tools", tools.clone());
        body.insert("tools".to_owned(), tools);
    }
    if let Some(choice) = plan.tool_choice() {
        let config = json!({ "functionCallingConfig": chosen(choice) });
        plan.send("toolConfig", config.clone());
        body.insert("toolConfig".to_owned(), config);
    }
    (Value::Object(body), plan.finish())
}

fn declaration(tool: &Tool) -> Value {
    let mut declared = json!({ "name": tool.name, "parametersJsonSchema": tool.parameters });
    if let Some(description) = &tool.description {
        declared["description"] = Value::from(description.as_str());
    }
    declared
}

fn chosen(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Auto => json!({ "mode": "AUTO" }),
        ToolChoice::None => json!({ "mode": "NONE" }),
        ToolChoice::Required => json!({ "mode": "ANY" }),
        ToolChoice::Named(name) => json!({ "mode": "ANY", "allowedFunctionNames": [name] }),
    }
}

/// How much thinking: by a budget of tokens up to the models of the second generation, by a level
/// after them. `None` for what the protocol has no word for.
fn thinking(model: &str, effort: ReasoningEffort) -> Option<Value> {
    let by_budget = model.starts_with("gemini-2") || model.starts_with("models/gemini-2");
    let (level, budget) = match effort {
        ReasoningEffort::None => return Some(json!({ "thinkingBudget": 0 })),
        ReasoningEffort::Minimal => ("minimal", 512),
        ReasoningEffort::Low => ("low", 1024),
        ReasoningEffort::Medium => ("medium", 8192),
        ReasoningEffort::High => ("high", 24_576),
        ReasoningEffort::Xhigh | ReasoningEffort::Max => return None,
    };
    Some(if by_budget {
        json!({ "thinkingBudget": budget, "includeThoughts": true })
    } else {
        json!({ "thinkingLevel": level, "includeThoughts": true })
    })
}

/// The system text and the turns; neighbours of one role become parts of one turn. A tool's
/// message goes as a user's: the protocol's own function responses answer a call, which a
/// written prompt has not.
fn conversation(request: &ChatRequest) -> (String, Value) {
    let mut system: Vec<&str> = Vec::new();
    let mut turns: Vec<(&'static str, Vec<Value>)> = Vec::new();
    for message in &request.messages {
        // A part without text is refused by the protocol.
        if message.content.is_empty() {
            continue;
        }
        let role = match message.role {
            Role::System => {
                system.push(&message.content);
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "model",
        };
        let part = json!({ "text": message.content });
        match turns.last_mut() {
            Some((last, parts)) if *last == role => parts.push(part),
            _ => turns.push((role, vec![part])),
        }
    }
    let turns =
        turns.into_iter().map(|(role, parts)| json!({ "role": role, "parts": parts })).collect();
    (system.join("\n\n"), turns)
}
