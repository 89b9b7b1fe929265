//! A chat request in the words of the Responses protocol.

use serde_json::{Value, json};

use crate::{
    model::{
        CachePrompt, ChatRequest, Parameter, ResponseFormat, Role, SentParameters, Tool, ToolChoice,
    },
    provider::{
        catalog::{Capabilities, ModelFacts},
        openai::refusal,
        plan::{Plan, opening},
        quirks::{Quirks, Schemas},
        schema,
    },
};

/// The request's body, and what became of its parameters. Nothing is kept at the server: the
/// history is here.
pub(super) fn build(
    request: &ChatRequest,
    facts: Option<&ModelFacts>,
    quirks: &Quirks,
) -> (Value, SentParameters) {
    let unknown = Capabilities::default();
    let known = facts.map_or(&unknown, |facts| &facts.capabilities);
    let mut plan = Plan::new(request);
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
        let reason = refusal(parameter, request, known).or_else(|| {
            unnamed(parameter).then(|| "this protocol has no such parameter".to_owned())
        });
        if let Some(reason) = reason {
            plan.drop(parameter, reason);
            continue;
        }
        let (name, value) = match parameter {
            Parameter::MaxTokens => ("max_output_tokens", value),
            Parameter::ReasoningEffort => {
                ("reasoning", json!({ "effort": value, "summary": "auto" }))
            }
            Parameter::ResponseFormat => ("text", json!({ "format": format(request, quirks) })),
            other => (other.as_str(), value),
        };
        plan.send(name, value);
    }
    let input: Vec<Value> = request
        .messages
        .iter()
        .map(|message| {
            // What the protocol calls a tool's output answers a call, which a written prompt has
            // not.
            let role = match message.role {
                Role::Tool => Role::User,
                role => role,
            };
            json!({ "role": role.as_str(), "content": message.content })
        })
        .collect();
    let mut body = opening(request);
    body.insert("input".to_owned(), Value::Array(input));
    body.insert("store".to_owned(), Value::from(false));
    plan.into_body(body)
}

const fn unnamed(parameter: Parameter) -> bool {
    !matches!(
        parameter,
        Parameter::Temperature
            | Parameter::TopP
            | Parameter::MaxTokens
            | Parameter::ReasoningEffort
            | Parameter::ResponseFormat
    )
}

/// A tool, flat: the protocol has many kinds of them and names each by its type.
fn function(tool: &Tool, quirks: &Quirks) -> Value {
    let mut function = tool.to_value();
    function["type"] = Value::from("function");
    // Without a word the protocol holds arguments to the letter, which an open schema cannot be.
    let strict = quirks.schemas == Schemas::Strict && schema::is_closed(&tool.parameters);
    function["strict"] = Value::from(strict);
    function
}

fn chosen(choice: &ToolChoice) -> Value {
    match choice {
        ToolChoice::Named(name) => json!({ "type": "function", "name": name }),
        word => Value::from(word.as_str()),
    }
}

fn format(request: &ChatRequest, quirks: &Quirks) -> Value {
    match &request.parameters.response_format {
        None | Some(ResponseFormat::Text) => json!({ "type": "text" }),
        Some(ResponseFormat::Json) => json!({ "type": "json_object" }),
        Some(ResponseFormat::Schema(schema)) => {
            let mut format = json!({ "type": "json_schema", "name": "answer", "schema": schema });
            if quirks.schemas == Schemas::Strict && schema::is_closed(schema) {
                format["strict"] = Value::from(true);
            }
            format
        }
    }
}
