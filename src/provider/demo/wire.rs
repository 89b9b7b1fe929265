//! The OpenAI chat-completions wire format, server side: requests read, replies and errors
//! written.

use axum::{
    body::Body,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{DemoModel, reply::DemoReply, tokens};
use crate::model::{
    FinishReason, GenerationParameters, Message, Parameter, ResponseFormat, Role, Tool, ToolChoice,
    did_you_mean, nearest,
};

/// A request, checked.
#[derive(Clone, Debug)]
pub struct ChatCall {
    pub model: DemoModel,
    pub messages: Vec<Message>,
    pub parameters: GenerationParameters,
    pub stream: bool,
    pub include_usage: bool,
}

/// A refusal in OpenAI's error shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: StatusCode,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
}

impl Refused {
    fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "invalid_request_error",
            code: None,
            param: (!param.is_empty()).then(|| param.to_owned()),
            message: message.into(),
        }
    }

    fn code(mut self, status: StatusCode, code: &'static str) -> Self {
        self.status = status;
        self.code = Some(code);
        self
    }

    /// No token, or the wrong one.
    pub fn authentication(given: bool) -> Self {
        let message = if given {
            "Incorrect API key provided for the simulated provider."
        } else {
            "You didn't provide an API key: send it as `Authorization: Bearer KEY`."
        };
        Self::invalid("", message).code(StatusCode::UNAUTHORIZED, "invalid_api_key")
    }

    /// A model that is not simulated here.
    pub fn unknown_model(name: &str) -> Self {
        let shown: String = name.chars().take(120).collect();
        let names = DemoModel::LISTED.map(DemoModel::id);
        let hint = did_you_mean(nearest(name, names));
        Self::invalid("model", format!("The model `{shown}` does not exist{hint}."))
            .code(StatusCode::NOT_FOUND, "model_not_found")
    }

    /// A path that is not served.
    pub fn unknown_path() -> Self {
        Self::invalid(
            "",
            "Unknown request URL: this server has /v1/models and /v1/chat/completions.",
        )
        .code(StatusCode::NOT_FOUND, "unknown_url")
    }

    /// A method that the path does not take.
    pub fn method() -> Self {
        Self::invalid("", "Not allowed: GET /v1/models, POST /v1/chat/completions.")
            .code(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed")
    }

    /// A body past the limit.
    pub fn too_large(limit: usize) -> Self {
        Self::invalid("", format!("The request is larger than {limit} bytes."))
            .code(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large")
    }

    /// The server stops, or a skill failed.
    pub fn server(message: &str) -> Self {
        let refused = Self::invalid("", message);
        Self { status: StatusCode::INTERNAL_SERVER_ERROR, kind: "server_error", ..refused }
    }

    /// A body that could not be read.
    pub fn unreadable() -> Self {
        Self::invalid("", "The request body broke off.")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = json!({"error": {
            "message": self.message, "type": self.kind, "param": self.param, "code": self.code,
        }});
        json_response(self.status, &body)
    }
}

/// A JSON response with a status.
pub fn json_response(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], Body::from(body.to_string()))
        .into_response()
}

#[derive(Deserialize)]
struct WireCall {
    model: String,
    messages: Vec<WireMessage>,
    #[serde(default)]
    stream: Option<bool>,
    stream_options: Option<StreamOptions>,
    n: Option<u64>,
    tools: Option<Vec<WireTool>>,
    tool_choice: Option<WireChoice>,
    temperature: Option<Value>,
    top_p: Option<Value>,
    top_k: Option<Value>,
    frequency_penalty: Option<Value>,
    presence_penalty: Option<Value>,
    repetition_penalty: Option<Value>,
    max_tokens: Option<Value>,
    max_completion_tokens: Option<Value>,
    stop: Option<Value>,
    seed: Option<Value>,
    reasoning_effort: Option<Value>,
    response_format: Option<WireFormat>,
}

#[derive(Deserialize)]
struct WireTool {
    function: Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireChoice {
    Word(String),
    Named { function: WireName },
}

#[derive(Deserialize)]
struct WireName {
    name: String,
}

#[derive(Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

#[derive(Deserialize)]
struct WireMessage {
    role: String,
    #[serde(default)]
    content: Option<WireContent>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WireContent {
    Text(String),
    Parts(Vec<Value>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum WireFormat {
    Text,
    JsonObject,
    JsonSchema { json_schema: WireSchema },
}

#[derive(Deserialize)]
struct WireSchema {
    schema: Value,
}

impl ChatCall {
    /// Reads and checks a request body.
    ///
    /// # Errors
    /// [`Refused`] with status 400 for a malformed or unsupported request, 404 for an unknown
    /// model.
    pub fn read(body: &[u8]) -> Result<Self, Refused> {
        let wire: WireCall = serde_json::from_slice(body).map_err(|error| {
            Refused::invalid("", format!("The body is not a request: {error}."))
        })?;
        let model =
            DemoModel::from_id(&wire.model).ok_or_else(|| Refused::unknown_model(&wire.model))?;
        if wire.n.is_some_and(|n| n != 1) {
            return Err(Refused::invalid("n", "Only one choice a call is simulated: n must be 1."));
        }
        let messages = read_messages(&wire.messages)?;
        let parameters = read_parameters(&wire)?;
        let used = tokens::count_messages(&messages);
        if used > model.context_window() {
            let message = format!(
                "This model's maximum context length is {} tokens; your messages have {used}.",
                model.context_window()
            );
            return Err(Refused::invalid("messages", message)
                .code(StatusCode::BAD_REQUEST, "context_length_exceeded"));
        }
        Ok(Self {
            model,
            messages,
            parameters,
            stream: wire.stream.unwrap_or(false),
            include_usage: wire.stream_options.is_some_and(|options| options.include_usage),
        })
    }
}

fn read_messages(wire: &[WireMessage]) -> Result<Vec<Message>, Refused> {
    if wire.is_empty() {
        return Err(Refused::invalid("messages", "messages must have at least one message."));
    }
    wire.iter()
        .enumerate()
        .map(|(index, message)| {
            let role = match message.role.as_str() {
                "developer" => Some(Role::System),
                word => Role::from_word(word),
            };
            let role = role.ok_or_else(|| {
                Refused::invalid(
                    &format!("messages[{index}].role"),
                    "A role is one of system, developer, user, assistant, tool.",
                )
            })?;
            let content = match &message.content {
                None => String::new(),
                Some(WireContent::Text(text)) => text.clone(),
                Some(WireContent::Parts(parts)) => join_parts(index, parts)?,
            };
            Ok(Message { role, content })
        })
        .collect()
}

fn join_parts(index: usize, parts: &[Value]) -> Result<String, Refused> {
    parts
        .iter()
        .map(|part| match (&part["type"], part["text"].as_str()) {
            (Value::String(kind), Some(text)) if kind == "text" => Ok(text),
            _ => Err(Refused::invalid(
                &format!("messages[{index}].content"),
                "The simulated models read text only.",
            )),
        })
        .collect()
}

fn read_parameters(wire: &WireCall) -> Result<GenerationParameters, Refused> {
    let mut parameters = GenerationParameters::default();
    let given = [
        (Parameter::Temperature, "temperature", &wire.temperature),
        (Parameter::TopP, "top_p", &wire.top_p),
        (Parameter::TopK, "top_k", &wire.top_k),
        (Parameter::FrequencyPenalty, "frequency_penalty", &wire.frequency_penalty),
        (Parameter::PresencePenalty, "presence_penalty", &wire.presence_penalty),
        (Parameter::RepetitionPenalty, "repetition_penalty", &wire.repetition_penalty),
        (Parameter::MaxTokens, "max_tokens", &wire.max_tokens),
        (Parameter::MaxTokens, "max_completion_tokens", &wire.max_completion_tokens),
        (Parameter::Stop, "stop", &wire.stop),
        (Parameter::Seed, "seed", &wire.seed),
        (Parameter::ReasoningEffort, "reasoning_effort", &wire.reasoning_effort),
    ];
    for (parameter, name, value) in given {
        if let Some(value) = value.as_ref().filter(|value| !value.is_null()) {
            parameters
                .set(parameter, value)
                .map_err(|error| Refused::invalid(name, format!("Invalid value: {error}.")))?;
        }
    }
    parameters.response_format = match &wire.response_format {
        None => None,
        Some(WireFormat::Text) => Some(ResponseFormat::Text),
        Some(WireFormat::JsonObject) => Some(ResponseFormat::Json),
        Some(WireFormat::JsonSchema { json_schema }) => {
            if !json_schema.schema.is_object() {
                return Err(Refused::invalid(
                    "response_format.json_schema.schema",
                    "A JSON Schema is an object.",
                ));
            }
            Some(ResponseFormat::Schema(json_schema.schema.clone()))
        }
    };
    read_tools(wire, &mut parameters)?;
    Ok(parameters)
}

fn read_tools(wire: &WireCall, parameters: &mut GenerationParameters) -> Result<(), Refused> {
    for (index, tool) in wire.tools.iter().flatten().enumerate() {
        let mut function = tool.function.clone();
        if let Some(fields) = function.as_object_mut() {
            fields.entry("parameters").or_insert_with(|| json!({ "type": "object" }));
        }
        let tool = Tool::from_value(&function).ok_or_else(|| {
            Refused::invalid(
                &format!("tools[{index}].function"),
                "A tool is a function with a name and a JSON Schema of its parameters.",
            )
        })?;
        parameters.tools.push(tool);
    }
    let word = match &wire.tool_choice {
        None => return Ok(()),
        Some(WireChoice::Word(word)) => word,
        Some(WireChoice::Named { function }) => &function.name,
    };
    let choice = ToolChoice::from_word(word);
    let offered = |name: &str| parameters.tools.iter().any(|tool| tool.name == name);
    match &choice {
        Some(ToolChoice::Named(name)) if !offered(name) => {
            return Err(Refused::invalid(
                "tool_choice",
                format!("The tool `{name}` is not offered."),
            ));
        }
        Some(ToolChoice::Required) if parameters.tools.is_empty() => {
            return Err(Refused::invalid("tool_choice", "No tool is offered."));
        }
        None => return Err(Refused::invalid("tool_choice", "It names no choice and no tool.")),
        Some(_) => {}
    }
    parameters.tool_choice = choice;
    Ok(())
}

/// The entry of a model list.
pub fn model_entry(model: DemoModel) -> Value {
    let price = model.price();
    json!({
        "id": model.id(),
        "object": "model",
        "created": 0,
        "owned_by": "lathe (simulated)",
        "name": format!("demo/{} (simulated)", model.id()),
        "description": model.description(),
        "context_length": model.context_window(),
        "max_output_tokens": model.max_output(),
        "simulated_price_per_million": price.map(|p| json!({"input": p.input, "output": p.output})),
    })
}

/// The word the wire format has for why a reply ended.
pub const fn finish_word(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Length => "length",
        FinishReason::ToolUse => "tool_calls",
        _ => "stop",
    }
}

/// A whole reply.
pub fn completion(id: &str, created: u64, reply: &DemoReply) -> Value {
    let mut message = json!({"role": "assistant", "content": reply.text, "refusal": null});
    if !reply.reasoning.is_empty() {
        message["reasoning_content"] = Value::from(reply.reasoning.as_str());
    }
    if !reply.tool_calls.is_empty() {
        message["tool_calls"] = reply
            .tool_calls
            .iter()
            .map(|call| {
                json!({
                    "id": call.id,
                    "type": "function",
                    "function": { "name": call.name, "arguments": call.arguments_raw },
                })
            })
            .collect();
    }
    json!({
        "id": id,
        "object": "chat.completion",
        "created": created,
        "model": reply.model.id(),
        "system_fingerprint": "simulated",
        "choices": [{
            "index": 0,
            "message": message,
            "logprobs": null,
            "finish_reason": finish_word(reply.finish_reason),
        }],
        "usage": usage(reply),
    })
}

/// The usage object.
pub fn usage(reply: &DemoReply) -> Value {
    let input = reply.usage.input_tokens.unwrap_or(0);
    let output = reply.usage.output_tokens.unwrap_or(0);
    json!({
        "prompt_tokens": input,
        "completion_tokens": output,
        "total_tokens": input + output,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": reply.usage.reasoning_tokens.unwrap_or(0)},
    })
}
