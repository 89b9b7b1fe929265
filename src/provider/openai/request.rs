//! A chat request in the words of chat completions.

use serde_json::{Map, Value, json};

use crate::{
    model::{
        ChatRequest, DroppedParameter, Parameter, ReasoningEffort, ResponseFormat, SentParameters,
    },
    provider::catalog::{Capabilities, ModelFacts, Sampling, Service},
};

/// The request's body, and what became of its parameters.
pub(super) fn build(
    request: &ChatRequest,
    facts: Option<&ModelFacts>,
    service: &Service,
) -> (Value, SentParameters) {
    let mut parameters =
        SentParameters { requested: request.parameters.to_map(), ..SentParameters::default() };
    let unknown = Capabilities::default();
    let known = facts.map_or(&unknown, |facts| &facts.capabilities);
    for parameter in Parameter::ALL {
        let Some(value) = request.parameters.get(parameter) else { continue };
        let refusal = service
            .refuses
            .get(parameter.as_str())
            .cloned()
            .or_else(|| refusal(parameter, request, known));
        if let Some(reason) = refusal {
            let name = parameter.as_str().to_owned();
            parameters.dropped.push(DroppedParameter { name, reason });
            continue;
        }
        if parameter == Parameter::ResponseFormat {
            format(request, known.schema && service.json_schema, &mut parameters);
            continue;
        }
        if let Some(names) = service.names.get(parameter.as_str()) {
            for name in names {
                parameters.sent.insert(name.clone(), value.clone());
            }
        } else {
            let name = match (&known.max_tokens, parameter) {
                (Some(name), Parameter::MaxTokens) => name.clone(),
                _ => parameter.as_str().to_owned(),
            };
            parameters.sent.insert(name, value);
        }
    }

    let messages: Vec<Value> = request
        .messages
        .iter()
        .map(|message| json!({ "role": message.role.as_str(), "content": message.content }))
        .collect();
    let mut body = Map::new();
    body.insert("model".to_owned(), Value::from(request.model.as_str()));
    body.insert("messages".to_owned(), Value::Array(messages));
    body.insert("stream".to_owned(), Value::from(request.stream));
    if request.stream && service.stream_usage {
        let mut options = json!({ "include_usage": true });
        if service.obfuscation {
            // Padding against eavesdroppers who count bytes; over a slow link it costs more than
            // it is worth here.
            options["include_obfuscation"] = Value::from(false);
        }
        body.insert("stream_options".to_owned(), options);
    }
    body.extend(parameters.sent.clone());
    (Value::Object(body), parameters)
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

fn format(request: &ChatRequest, schemas: bool, parameters: &mut SentParameters) {
    let value = match &request.parameters.response_format {
        None | Some(ResponseFormat::Text) => json!({ "type": "text" }),
        Some(ResponseFormat::Json) => json!({ "type": "json_object" }),
        Some(ResponseFormat::Schema(schema)) if schemas => json!({
            "type": "json_schema",
            "json_schema": { "name": "answer", "schema": schema },
        }),
        Some(ResponseFormat::Schema(_)) => {
            parameters.dropped.push(DroppedParameter {
                name: Parameter::ResponseFormat.as_str().to_owned(),
                reason: "schemas are not taken here; JSON without one was asked for".to_owned(),
            });
            json!({ "type": "json_object" })
        }
    };
    parameters.sent.insert(Parameter::ResponseFormat.as_str().to_owned(), value);
}
