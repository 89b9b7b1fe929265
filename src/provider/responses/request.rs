//! A chat request in the words of the Responses protocol.

use serde_json::{Value, json};

use crate::{
    model::{ChatRequest, Parameter, ResponseFormat, Role, SentParameters},
    provider::{
        catalog::{Capabilities, ModelFacts},
        openai::refusal,
        plan::{Plan, opening},
    },
};

/// The request's body, and what became of its parameters. Nothing is kept at the server: the
/// history is here.
pub(super) fn build(request: &ChatRequest, facts: Option<&ModelFacts>) -> (Value, SentParameters) {
    let unknown = Capabilities::default();
    let known = facts.map_or(&unknown, |facts| &facts.capabilities);
    let mut plan = Plan::new(request);
    for parameter in Parameter::ALL {
        let Some(value) = request.parameters.get(parameter) else { continue };
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
            Parameter::ResponseFormat => ("text", json!({ "format": format(request) })),
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

fn format(request: &ChatRequest) -> Value {
    match &request.parameters.response_format {
        None | Some(ResponseFormat::Text) => json!({ "type": "text" }),
        Some(ResponseFormat::Json) => json!({ "type": "json_object" }),
        Some(ResponseFormat::Schema(schema)) => {
            json!({ "type": "json_schema", "name": "answer", "schema": schema })
        }
    }
}
