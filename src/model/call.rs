//! A call on its way: what is asked, and what comes back piece by piece.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{DroppedParameter, GenerationParameters, Message, ReportedLimits, Usage};

/// The form an answer must have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ResponseFormat {
    Text,
    Json,
    /// A JSON Schema the answer must follow.
    Schema(Value),
}

impl ResponseFormat {
    /// Reads the form used in templates: `text`, `json` or `{schema: …}`.
    #[must_use]
    pub fn from_value(value: &Value) -> Option<Self> {
        match value {
            Value::String(word) if word == "text" => Some(Self::Text),
            Value::String(word) if word == "json" => Some(Self::Json),
            Value::Object(map) if map.len() == 1 => map.get("schema").cloned().map(Self::Schema),
            _ => None,
        }
    }

    /// The form used in templates.
    #[must_use]
    pub fn to_value(&self) -> Value {
        match self {
            Self::Text => Value::from("text"),
            Self::Json => Value::from("json"),
            Self::Schema(schema) => serde_json::json!({ "schema": schema }),
        }
    }
}

/// What is asked of a provider.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// The model's name as the provider knows it, without the provider's own name.
    pub model: String,
    pub messages: Vec<Message>,
    pub parameters: GenerationParameters,
    /// Whether to ask for a stream (the default everywhere) or for one whole reply.
    pub stream: bool,
}

/// What became of the generation parameters: asked for, sent (under the provider's names), and
/// left out with the reason.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SentParameters {
    pub requested: Map<String, Value>,
    pub sent: Map<String, Value>,
    pub dropped: Vec<DroppedParameter>,
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    Stop,
    Length,
    ToolUse,
    ContentFilter,
    Refusal,
    Pause,
    Unknown,
}

impl FinishReason {
    /// The word in records and on screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stop => "stop",
            Self::Length => "length",
            Self::ToolUse => "tool_use",
            Self::ContentFilter => "content_filter",
            Self::Refusal => "refusal",
            Self::Pause => "pause",
            Self::Unknown => "unknown",
        }
    }

    /// How an answer ended that did not simply end: a part of it may be missing, or all of it.
    #[must_use]
    pub const fn told(self) -> Option<&'static str> {
        match self {
            Self::Stop | Self::ToolUse => None,
            Self::Length => Some(
                "the answer is cut off at a limit on its length; a larger max_tokens may allow more",
            ),
            Self::ContentFilter => Some("the provider's filter stopped the answer"),
            Self::Refusal => Some("the model refused"),
            Self::Pause => Some("the model paused, and would go on in a further turn"),
            Self::Unknown => Some("the answer ended for a reason that is not known"),
        }
    }
}

/// A tool call the model asked for. `arguments` is null when the raw text is not JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    pub id: String,
    pub name: String,
    pub arguments: Option<Value>,
    pub arguments_raw: String,
}

impl ToolCall {
    /// The call as it is read: a line that names the tool, and its arguments below.
    #[must_use]
    pub fn described(&self) -> String {
        let name = if self.name.is_empty() { "a tool without a name" } else { &self.name };
        match &self.arguments {
            Some(arguments) => format!("asks for {name}\n{arguments:#}"),
            None => {
                format!("asks for {name}; its arguments are not JSON:\n{}", self.arguments_raw)
            }
        }
    }
}

/// A piece of a tool call that is still coming.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolPiece {
    /// Tells the calls of one answer apart.
    pub index: u64,
    /// Empty where this piece does not say it.
    pub id: String,
    /// Empty where this piece does not say it.
    pub name: String,
    /// What it adds to the arguments' text.
    pub arguments: String,
}

/// One thing a provider said, in the order it was said. Emitted where bytes are parsed, so the
/// receiver may take the time. Pieces of text are exact; tool calls come whole, assembled by the
/// adapter, after the pieces they came in.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderEvent {
    /// The connection stands and the request has been written.
    Sent,
    /// The head of a reply, whatever its status, told of the server's limits.
    Limits(ReportedLimits),
    /// Response headers arrived, with a success status.
    Headers {
        http_status: u16,
        request_id: Option<String>,
    },
    /// The server said that it lives: a comment, a ping, an event without content.
    Heartbeat,
    /// The model the server says it used.
    Model(String),
    Text(String),
    Reasoning(String),
    Refusal(String),
    /// Part of a tool call. The whole call follows, unless the answer breaks off before.
    ToolPiece(ToolPiece),
    ToolCall(ToolCall),
    /// What is known of the usage so far; later ones replace earlier ones.
    Usage(Usage),
    /// What the provider says that the answer cost, in US dollars.
    Cost(f64),
    /// The body of an error status as it came, bounded; the error itself follows.
    ErrorBody(String),
    /// The model stopped; `raw` is the provider's own word.
    Finish {
        reason: FinishReason,
        raw: String,
    },
}
