//! A chat request in the words of chat completions.

use serde_json::{Value, json};

use super::OpenAi;
use crate::{
    model::{
        CachePrompt, ChatRequest, Parameter, ReasoningEffort, ResponseFormat, SentParameters, Tool,
        ToolChoice,
    },
    provider::{
        catalog::{Capabilities, ModelFacts, Sampling},
        plan::{Plan, opening},
        quirks::{Quirks, Schemas},
        schema,
    },
};

/// The request's body, and what became of its parameters.
pub(super) fn build(
    request: &ChatRequest,
    facts: Option<&ModelFacts>,
    protocol: &OpenAi,
) -> (Value, SentParameters) {
    let quirks = protocol.quirks;
    let mut plan = Plan::new(request);
    let unknown = Capabilities::default();
    let known = facts.map_or(&unknown, |facts| &facts.capabilities);
    for parameter in Parameter::ALL {
        let Some(value) = request.parameters.get(parameter) else { continue };
        match parameter {
            Parameter::Tools => {
                if let Some(tools) = plan.tools(|tool| function(tool, quirks)) {
                    plan.send("tools", tools);
                }
                continue;
            }
            Parameter::ToolChoice => {
                if let Some(choice) = plan.tool_choice() {
                    plan.send("tool_choice", chosen(choice));
                }
                continue;
            }
            Parameter::CachePrompt => {
                if request.parameters.cache_prompt.is_some_and(CachePrompt::is_on) {
                    plan.drop(parameter, quirks.caching());
                }
                continue;
            }
            _ => {}
        }
        let refusal = quirks
            .refusal(parameter)
            .map(str::to_owned)
            .or_else(|| refusal(parameter, request, known));
        if let Some(reason) = refusal {
            plan.drop(parameter, reason);
        } else if parameter == Parameter::ResponseFormat {
            format(&mut plan, known.schema, quirks);
        } else if let Some(names) = quirks.names(parameter) {
            for name in names {
                plan.send(name, value.clone());
            }
        } else {
            match (&known.max_tokens, parameter) {
                (Some(name), Parameter::MaxTokens) => plan.send(name, value),
                _ => plan.send(parameter.as_str(), value),
            }
        }
    }

    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({ "role": message.role.as_str(), "content": message.content }))
        .collect();
    let mut body = opening(request);
    if protocol.deployments {
        // The path names it.
        body.remove("model");
    }
    body.insert("messages".to_owned(), Value::Array(messages));
    if request.stream && quirks.asks_for_usage {
        let mut options = json!({ "include_usage": true });
        if quirks.pads {
            // Padding against eavesdroppers who count bytes; over a slow link it costs more than
            // it is worth here.
            options["include_obfuscation"] = Value::from(false);
        }
        body.insert("stream_options".to_owned(), options);
    }
    plan.into_body(body)
}

/// Why the model does not take a parameter, if it does not.
pub(in crate::provider) fn refusal(
    parameter: Parameter,
    request: &ChatRequest,
    known: &Capabilities,
) -> Option<String> {
    match parameter {
        Parameter::Temperature | Parameter::TopP | Parameter::TopK => match known.sampling {
            Sampling::Always => None,
            Sampling::Never => {
                Some("this model reasons and chooses its sampling itself".to_owned())
            }
            Sampling::WithoutReasoning => {
                let effort = request.parameters.reasoning_effort.or(known.default_effort);
                (effort != Some(ReasoningEffort::None))
                    .then(|| "this model takes it only with reasoning_effort none".to_owned())
            }
        },
        Parameter::FrequencyPenalty | Parameter::PresencePenalty if !known.penalties => {
            Some("this model takes no penalties".to_owned())
        }
        Parameter::Stop if !known.stop => Some("this model takes no stop texts".to_owned()),
        Parameter::ReasoningEffort => {
            let (efforts, asked) = (known.efforts.as_ref()?, request.parameters.reasoning_effort?);
            if efforts.is_empty() {
                Some("this model does not reason before it answers".to_owned())
            } else if efforts.contains(&asked) {
                None
            } else {
                let names: Vec<&str> = efforts.iter().map(|effort| effort.as_str()).collect();
                Some(format!("this model knows {}", names.join(", ")))
            }
        }
        _ => None,
    }
}

/// A tool as chat completions describe it, and Ollama after them.
pub(in crate::provider) fn function(tool: &Tool, quirks: &Quirks) -> Value {
    let mut function = tool.to_value();
    if quirks.schemas == Schemas::Strict && schema::is_closed(&tool.parameters) {
        function["strict"] = Value::from(true);
    }
    json!({ "type": "function", "function": function })
}

fn chosen(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Named(name) => json!({ "type": "function", "function": { "name": name } }),
        word => Value::from(word.as_str()),
    }
}

/// The form of the answer: the nearest the server has to the one asked for.
fn format(plan: &mut Plan<'_>, schemas: bool, quirks: &Quirks) {
    const NAME: &str = "response_format";
    let schemas = if schemas { quirks.schemas } else { Schemas::None };
    match (&plan.asked.response_format, schemas) {
        (None, _) => {}
        (Some(ResponseFormat::Text), _) => plan.send(NAME, json!({ "type": "text" })),
        (Some(ResponseFormat::Json), _) if quirks.json => {
            plan.send(NAME, json!({ "type": "json_object" }));
        }
        (Some(ResponseFormat::Json), _) => plan.drop(
            Parameter::ResponseFormat,
            format!("{} has no JSON mode without a schema; give a schema", quirks.title),
        ),
        (Some(ResponseFormat::Schema(schema)), Schemas::Plain | Schemas::Strict) => {
            let mut described = json!({ "name": "answer", "schema": schema });
            if schemas == Schemas::Strict && schema::is_closed(schema) {
                described["strict"] = Value::from(true);
            }
            plan.send(NAME, json!({ "type": "json_schema", "json_schema": described }));
        }
        (Some(ResponseFormat::Schema(_)), Schemas::None) => {
            plan.drop(
                Parameter::ResponseFormat,
                "schemas are not taken here; JSON without one was asked for",
            );
            plan.send(NAME, json!({ "type": "json_object" }));
        }
    }
}
