//! A chat request in the messages protocol's words.

use serde_json::{Value, json};

use crate::{
    model::{
        CachePrompt, ChatRequest, Parameter, ReasoningEffort, ResponseFormat, Role, SentParameters,
        ToolChoice,
    },
    provider::{
        catalog::{Capabilities, ModelFacts, Sampling, Thinking, ThinkingOff},
        plan::{Plan, opening},
        schema,
    },
};

/// The limit on the answer where neither the user nor the catalogue names one. The protocol
/// demands one, and every model takes this.
pub const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The least tokens of thinking the protocol takes where it takes a budget.
const LEAST_BUDGET: u64 = 1024;

/// The request's body, and what became of its parameters.
pub(super) fn build(request: &ChatRequest, facts: Option<&ModelFacts>) -> (Value, SentParameters) {
    let mut plan =
        Wording { plan: Plan::new(request), capabilities: facts.map(|facts| &facts.capabilities) };
    let max_tokens = request
        .parameters
        .max_tokens
        .or_else(|| facts.and_then(|facts| facts.max_output))
        .unwrap_or(DEFAULT_MAX_TOKENS);
    plan.plan.send("max_tokens", max_tokens);
    let thinking = plan.reasoning(max_tokens);
    plan.sampling(thinking);
    plan.stop();
    plan.format();
    plan.tools(thinking);
    plan.plan.never(Parameter::FrequencyPenalty, "Anthropic has no frequency penalty");
    plan.plan.never(Parameter::PresencePenalty, "Anthropic has no presence penalty");
    plan.plan.never(Parameter::RepetitionPenalty, "Anthropic has no repetition penalty");
    plan.plan.never(Parameter::Seed, "Anthropic has no seed");

    let (system, mut messages) = conversation(request);
    let mut body = opening(request);
    let mark = request.parameters.cache_prompt.and_then(mark);
    if let Some(mark) = &mark {
        keep_last_turn(&mut messages, mark);
    }
    if !system.is_empty() {
        let system = match &mark {
            Some(mark) => json!([{ "type": "text", "text": system, "cache_control": mark }]),
            None => Value::from(system),
        };
        body.insert("system".to_owned(), system);
    }
    body.insert("messages".to_owned(), messages);
    let (body, mut parameters) = plan.plan.into_body(body);
    if let Some(mark) = mark {
        parameters.sent.insert("cache_control".to_owned(), mark);
    }
    (body, parameters)
}

/// Whether the last turn is the beginning of the answer.
pub(super) fn ends_in_an_answer(request: &ChatRequest) -> bool {
    let last = request
        .messages
        .iter()
        .rfind(|message| message.role != Role::System && !message.content.trim().is_empty());
    last.is_some_and(|message| message.role == Role::Assistant)
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

/// The mark of a block up to which a prompt is kept. Without a time it is kept for five minutes.
fn mark(asked: CachePrompt) -> Option<Value> {
    match asked {
        CachePrompt::Off => None,
        CachePrompt::Short => Some(json!({ "type": "ephemeral" })),
        CachePrompt::Hour => Some(json!({ "type": "ephemeral", "ttl": "1h" })),
    }
}

/// Marks the last block of the last turn. The system text has a mark of its own: what comes
/// before it (the tools too) is then kept also for a prompt that only begins the same.
fn keep_last_turn(messages: &mut Value, mark: &Value) {
    let Some(turn) = messages.as_array_mut().and_then(|turns| turns.last_mut()) else { return };
    let content = turn.get_mut("content").map(Value::take);
    turn["content"] = match content {
        Some(Value::Array(mut blocks)) => {
            if let Some(last) = blocks.last_mut() {
                last["cache_control"] = mark.clone();
            }
            Value::Array(blocks)
        }
        Some(text) => json!([{ "type": "text", "text": text, "cache_control": mark }]),
        None => return,
    };
}

/// The parameters in the protocol's words.
struct Wording<'r> {
    plan: Plan<'r>,
    /// `None` for a model nothing is known of: everything asked for is tried.
    capabilities: Option<&'r Capabilities>,
}

impl Wording<'_> {
    /// Thinking, by effort or by budget. Says whether the answer will be thought about on request.
    fn reasoning(&mut self, max_tokens: u64) -> bool {
        let Some(effort) = self.plan.asked.reasoning_effort else { return false };
        let thinking = self.capabilities.map_or(Thinking::Adaptive, |known| known.thinking);
        if thinking == Thinking::None {
            self.plan
                .drop(Parameter::ReasoningEffort, "this model does not think before it answers");
            return false;
        }
        if let Some(efforts) = self.capabilities.and_then(|known| known.efforts.as_deref())
            && !efforts.contains(&effort)
        {
            let known: Vec<_> = efforts.iter().map(|effort| effort.as_str()).collect();
            self.plan.drop(
                Parameter::ReasoningEffort,
                format!("this model takes the efforts {}", known.join(", ")),
            );
            return false;
        }
        if effort == ReasoningEffort::None {
            let off =
                self.capabilities.map_or_else(ThinkingOff::default, |known| known.thinking_off);
            self.plan.send("thinking", json!({ "type": off.as_str() }));
            return false;
        }
        if thinking == Thinking::Adaptive {
            self.plan.send("thinking", json!({ "type": "adaptive", "display": "summarized" }));
            self.plan.send("output_config", json!({ "effort": effort.as_str() }));
            return true;
        }
        // Thinking counts as output and must leave room for the answer.
        let budget = budget(effort).min(max_tokens / 2);
        if budget < LEAST_BUDGET {
            self.plan.drop(
                Parameter::ReasoningEffort,
                format!(
                    "thinking takes {LEAST_BUDGET} tokens at least: set max_tokens to {} or more",
                    2 * LEAST_BUDGET
                ),
            );
            return false;
        }
        self.plan.send("thinking", json!({ "type": "enabled", "budget_tokens": budget }));
        true
    }

    /// Temperature, top-p and top-k, which a thinking model does not take and new models never.
    fn sampling(&mut self, thinking: bool) {
        if self.capabilities.is_some_and(|known| known.sampling == Sampling::Never) {
            for parameter in [Parameter::Temperature, Parameter::TopP, Parameter::TopK] {
                self.plan.never(parameter, "this model takes no temperature, top_p or top_k");
            }
            return;
        }
        let either = self.capabilities.is_some_and(|known| known.temperature_or_top_p);
        let mut has_temperature = false;
        if let Some(temperature) = self.plan.asked.temperature {
            if thinking {
                self.plan.drop(Parameter::Temperature, "thinking takes no temperature");
            } else if temperature > 1.0 {
                self.plan.drop(Parameter::Temperature, "Anthropic takes temperatures from 0 to 1");
            } else {
                has_temperature = true;
                self.plan.send("temperature", temperature);
            }
        }
        if let Some(top_p) = self.plan.asked.top_p {
            if thinking && top_p < 0.95 {
                self.plan.drop(Parameter::TopP, "thinking takes a top_p from 0.95 to 1");
            } else if either && has_temperature {
                self.plan.drop(Parameter::TopP, "this model takes temperature or top_p, not both");
            } else {
                self.plan.send("top_p", top_p);
            }
        }
        if let Some(top_k) = self.plan.asked.top_k {
            if thinking {
                self.plan.drop(Parameter::TopK, "thinking takes no top_k");
            } else {
                self.plan.send("top_k", top_k);
            }
        }
    }

    fn stop(&mut self) {
        let (kept, blank): (Vec<_>, Vec<_>) =
            self.plan.asked.stop.iter().partition(|sequence| !sequence.trim().is_empty());
        if !kept.is_empty() {
            self.plan.send("stop_sequences", json!(kept));
        }
        if !blank.is_empty() {
            self.plan
                .drop(Parameter::Stop, "Anthropic takes no stop sequence of white space alone");
        }
    }

    fn tools(&mut self, thinking: bool) {
        let tools = self.plan.tools(|tool| {
            let mut described = json!({ "name": tool.name, "input_schema": tool.parameters });
            if let Some(description) = &tool.description {
                described["description"] = Value::from(description.as_str());
            }
            described
        });
        if let Some(tools) = tools {
            self.plan.send("tools", tools);
        }
        let Some(choice) = self.plan.tool_choice() else { return };
        let forced = matches!(choice, ToolChoice::Required | ToolChoice::Named(_));
        if forced && thinking {
            self.plan.drop(
                Parameter::ToolChoice,
                "a model that thinks chooses by itself; set reasoning_effort none to force a call",
            );
            return;
        }
        let chosen = match choice {
            ToolChoice::Auto => json!({ "type": "auto" }),
            ToolChoice::None => json!({ "type": "none" }),
            ToolChoice::Required => json!({ "type": "any" }),
            ToolChoice::Named(name) => json!({ "type": "tool", "name": name }),
        };
        self.plan.send("tool_choice", chosen);
    }

    fn format(&mut self) {
        match &self.plan.asked.response_format {
            None | Some(ResponseFormat::Text) => {}
            Some(ResponseFormat::Json) => self.plan.drop(
                Parameter::ResponseFormat,
                "Anthropic has no JSON mode without a schema; ask for JSON in the prompt or give a schema",
            ),
            Some(ResponseFormat::Schema(_))
                if self.capabilities.is_some_and(|known| !known.schema) =>
            {
                self.plan.drop(Parameter::ResponseFormat, "this model takes no schema");
            }
            Some(ResponseFormat::Schema(schema)) => {
                let mut closed = schema.clone();
                schema::close(&mut closed);
                let config = self.plan.sent.entry("output_config").or_insert_with(|| json!({}));
                if let Value::Object(config) = config {
                    config.insert(
                        "format".to_owned(),
                        json!({ "type": "json_schema", "schema": closed }),
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
