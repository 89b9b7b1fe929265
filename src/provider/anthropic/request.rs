//! A chat request in the messages protocol's words.

use serde_json::{Map, Value, json};

use crate::model::{
    ChatRequest, DroppedParameter, GenerationParameters, Parameter, ReasoningEffort,
    ResponseFormat, Role, SentParameters,
};
use crate::provider::catalog::{Capabilities, ModelFacts, Sampling, Thinking, ThinkingOff};

/// The limit on the answer where neither the user nor the catalogue names one. The protocol
/// demands one, and every model takes this.
const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The least tokens of thinking the protocol takes where it takes a budget.
const LEAST_BUDGET: u64 = 1024;

/// The request's body, and what became of its parameters.
pub(super) fn build(request: &ChatRequest, facts: Option<&ModelFacts>) -> (Value, SentParameters) {
    let mut plan = Plan {
        asked: &request.parameters,
        capabilities: facts.map(|facts| &facts.capabilities),
        sent: Map::new(),
        dropped: Vec::new(),
    };
    let max_tokens = request
        .parameters
        .max_tokens
        .or_else(|| facts.and_then(|facts| facts.max_output))
        .unwrap_or(DEFAULT_MAX_TOKENS);
    plan.send("max_tokens", max_tokens);
    let thinking = plan.reasoning(max_tokens);
    plan.sampling(thinking);
    plan.stop();
    plan.format();
    plan.never(Parameter::FrequencyPenalty, "Anthropic has no frequency penalty");
    plan.never(Parameter::PresencePenalty, "Anthropic has no presence penalty");
    plan.never(Parameter::RepetitionPenalty, "Anthropic has no repetition penalty");
    plan.never(Parameter::Seed, "Anthropic has no seed");

    let (system, messages) = conversation(request);
    let mut body = Map::new();
    body.insert("model".to_owned(), Value::from(request.model.as_str()));
    if !system.is_empty() {
        body.insert("system".to_owned(), Value::from(system));
    }
    body.insert("messages".to_owned(), messages);
    body.insert("stream".to_owned(), Value::from(request.stream));
    body.extend(plan.sent.clone());
    let parameters = SentParameters {
        requested: request.parameters.to_map(),
        sent: plan.sent,
        dropped: plan.dropped,
    };
    (Value::Object(body), parameters)
}

/// The system text and the turns. The protocol has one system text beside the turns, and its
/// imitations want the turns to alternate, so system messages are lifted out wherever they stand
/// and neighbours of one role become pieces of one turn. A tool's message goes as a user's: what
/// the protocol calls a tool result answers a call by its id, which a written prompt has not.
fn conversation(request: &ChatRequest) -> (String, Value) {
    let mut system = String::new();
    let mut turns: Vec<(&'static str, Vec<&str>)> = Vec::new();
    for message in &request.messages {
        // A text without anything to read is refused by the protocol.
        if message.content.trim().is_empty() {
            continue;
        }
        let role = match message.role {
            Role::System => {
                if !system.is_empty() {
                    system.push_str("\n\n");
                }
                system.push_str(&message.content);
                continue;
            }
            Role::User | Role::Tool => "user",
            Role::Assistant => "assistant",
        };
        match turns.last_mut() {
            Some((last, pieces)) if *last == role => pieces.push(&message.content),
            _ => turns.push((role, vec![&message.content])),
        }
    }
    // A begun answer may not end in white space: the protocol refuses it.
    if let Some(("assistant", pieces)) = turns.last_mut()
        && let Some(last) = pieces.last_mut()
    {
        *last = last.trim_end();
    }
    let turns = turns.into_iter().map(|(role, pieces)| match pieces.as_slice() {
        [one] => json!({ "role": role, "content": one }),
        several => {
            let blocks: Vec<Value> =
                several.iter().map(|text| json!({ "type": "text", "text": text })).collect();
            json!({ "role": role, "content": blocks })
        }
    });
    (system, turns.collect())
}

/// Which parameters go under which names.
struct Plan<'r> {
    asked: &'r GenerationParameters,
    /// `None` for a model nothing is known of: everything asked for is tried.
    capabilities: Option<&'r Capabilities>,
    sent: Map<String, Value>,
    dropped: Vec<DroppedParameter>,
}

impl Plan<'_> {
    fn send(&mut self, name: &str, value: impl Into<Value>) {
        self.sent.insert(name.to_owned(), value.into());
    }

    fn drop(&mut self, parameter: Parameter, reason: impl Into<String>) {
        self.dropped
            .push(DroppedParameter { name: parameter.as_str().to_owned(), reason: reason.into() });
    }

    fn never(&mut self, parameter: Parameter, reason: &str) {
        if self.asked.get(parameter).is_some() {
            self.drop(parameter, reason);
        }
    }

    /// Thinking, by effort or by budget. Says whether the answer will be thought about on request.
    fn reasoning(&mut self, max_tokens: u64) -> bool {
        let Some(effort) = self.asked.reasoning_effort else { return false };
        let thinking = self.capabilities.map_or(Thinking::Adaptive, |known| known.thinking);
        if thinking == Thinking::None {
            self.drop(Parameter::ReasoningEffort, "this model does not think before it answers");
            return false;
        }
        if let Some(efforts) = self.capabilities.and_then(|known| known.efforts.as_deref())
            && !efforts.contains(&effort)
        {
            let known: Vec<_> = efforts.iter().map(|effort| effort.as_str()).collect();
            self.drop(
                Parameter::ReasoningEffort,
                format!("this model takes the efforts {}", known.join(", ")),
            );
            return false;
        }
        if effort == ReasoningEffort::None {
            let off =
                self.capabilities.map_or_else(ThinkingOff::default, |known| known.thinking_off);
            self.send("thinking", json!({ "type": off.as_str() }));
            return false;
        }
        if thinking == Thinking::Adaptive {
            self.send("thinking", json!({ "type": "adaptive", "display": "summarized" }));
            self.send("output_config", json!({ "effort": effort.as_str() }));
            return true;
        }
        // Thinking counts as output and must leave room for the answer.
        let budget = budget(effort).min(max_tokens / 2);
        if budget < LEAST_BUDGET {
            self.drop(
                Parameter::ReasoningEffort,
                format!(
                    "thinking takes {LEAST_BUDGET} tokens at least: set max_tokens to {} or more",
                    2 * LEAST_BUDGET
                ),
            );
            return false;
        }
        self.send("thinking", json!({ "type": "enabled", "budget_tokens": budget }));
        true
    }

    /// Temperature, top-p and top-k, which a thinking model does not take and new models never.
    fn sampling(&mut self, thinking: bool) {
        if self.capabilities.is_some_and(|known| known.sampling == Sampling::Never) {
            for parameter in [Parameter::Temperature, Parameter::TopP, Parameter::TopK] {
                self.never(parameter, "this model takes no temperature, top_p or top_k");
            }
            return;
        }
        let either = self.capabilities.is_some_and(|known| known.temperature_or_top_p);
        let mut has_temperature = false;
        if let Some(temperature) = self.asked.temperature {
            if thinking {
                self.drop(Parameter::Temperature, "thinking takes no temperature");
            } else if temperature > 1.0 {
                self.drop(Parameter::Temperature, "Anthropic takes temperatures from 0 to 1");
            } else {
                has_temperature = true;
                self.send("temperature", temperature);
            }
        }
        if let Some(top_p) = self.asked.top_p {
            if thinking && top_p < 0.95 {
                self.drop(Parameter::TopP, "thinking takes a top_p from 0.95 to 1");
            } else if either && has_temperature {
                self.drop(Parameter::TopP, "this model takes temperature or top_p, not both");
            } else {
                self.send("top_p", top_p);
            }
        }
        if let Some(top_k) = self.asked.top_k {
            if thinking {
                self.drop(Parameter::TopK, "thinking takes no top_k");
            } else {
                self.send("top_k", top_k);
            }
        }
    }

    fn stop(&mut self) {
        let (kept, blank): (Vec<_>, Vec<_>) =
            self.asked.stop.iter().partition(|sequence| !sequence.trim().is_empty());
        if !kept.is_empty() {
            self.send("stop_sequences", json!(kept));
        }
        if !blank.is_empty() {
            self.drop(Parameter::Stop, "Anthropic takes no stop sequence of white space alone");
        }
    }

    fn format(&mut self) {
        match &self.asked.response_format {
            None | Some(ResponseFormat::Text) => {}
            Some(ResponseFormat::Json) => self.drop(
                Parameter::ResponseFormat,
                "Anthropic has no JSON mode without a schema; ask for JSON in the prompt or give a schema",
            ),
            Some(ResponseFormat::Schema(_))
                if self.capabilities.is_some_and(|known| !known.schema) =>
            {
                self.drop(Parameter::ResponseFormat, "this model takes no schema");
            }
            Some(ResponseFormat::Schema(schema)) => {
                let mut schema = schema.clone();
                close_objects(&mut schema);
                let config = self.sent.entry("output_config").or_insert_with(|| json!({}));
                if let Value::Object(config) = config {
                    config.insert(
                        "format".to_owned(),
                        json!({ "type": "json_schema", "schema": schema }),
                    );
                }
            }
        }
    }
}

/// The tokens of thinking an effort stands for where the protocol takes a budget. The steps are
/// the ones its own guide works with.
const fn budget(effort: ReasoningEffort) -> u64 {
    match effort {
        ReasoningEffort::None | ReasoningEffort::Minimal => LEAST_BUDGET,
        ReasoningEffort::Low => 4 * LEAST_BUDGET,
        ReasoningEffort::Medium => 10 * LEAST_BUDGET,
        ReasoningEffort::High => 16 * LEAST_BUDGET,
        ReasoningEffort::Xhigh | ReasoningEffort::Max => 32 * LEAST_BUDGET,
    }
}

/// Says of every object in a schema that says nothing about it that it has no other properties:
/// the protocol refuses a schema that leaves it open.
fn close_objects(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            let is_object = map.get("type").is_some_and(|kind| match kind {
                Value::String(word) => word == "object",
                Value::Array(words) => words.iter().any(|word| word == "object"),
                _ => false,
            });
            // A property may itself be called `type`: then its value is a schema, not a word.
            if is_object && !map.contains_key("additionalProperties") {
                map.insert("additionalProperties".to_owned(), Value::Bool(false));
            }
            for (key, value) in map.iter_mut() {
                if !matches!(key.as_str(), "enum" | "const" | "default" | "examples") {
                    close_objects(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close_objects),
        _ => {}
    }
}
