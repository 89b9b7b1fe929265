//! From a conversation to a whole reply: understand, answer, shape, cut.

use serde_json::Value;

use super::{
    DemoModel,
    brief::Brief,
    call,
    chance::Chance,
    shape, skill,
    tokens::{self, Pieces},
};
use crate::model::{FinishReason, GenerationParameters, Message, ReasoningEffort, ToolCall, Usage};

/// What a simulated model says to a conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoReply {
    pub model: DemoModel,
    /// What it thought before it answered; empty for models that do not think.
    pub reasoning: String,
    pub text: String,
    /// The calls of tools it asks for, instead of a text.
    pub tool_calls: Vec<ToolCall>,
    pub finish_reason: FinishReason,
    /// Exact, in the unit of `tokens`; never an estimate.
    pub usage: Usage,
    /// Tokens a second that a load prompt asked for.
    pub rate: Option<u32>,
}

/// A token of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    Reasoning(&'a str),
    Text(&'a str),
}

impl DemoReply {
    /// The tokens in the order they are streamed.
    pub fn pieces(&self) -> impl Iterator<Item = Piece<'_>> {
        self.reasoning_pieces()
            .map(Piece::Reasoning)
            .chain(tokens::pieces(&self.text).map(Piece::Text))
    }

    fn reasoning_pieces(&self) -> Pieces<'_> {
        tokens::pieces(&self.reasoning)
    }
}

/// Answers a conversation. A pure function: the same model, messages and parameters (the seed is
/// one of them) give the same reply, on every machine.
///
/// `max_tokens` limits the answer, not the thinking before it. `stop` sequences are left out of
/// the text. Parameters the simulation has no use for (`top_p`, `top_k` and the penalties) have
/// no effect.
#[must_use]
pub fn answer(
    model: DemoModel,
    messages: &[Message],
    parameters: &GenerationParameters,
) -> DemoReply {
    let input_tokens = tokens::count_messages(messages);
    if model == DemoModel::Load {
        return skill::load::reply(messages, parameters, input_tokens);
    }
    let mut chance = Chance::new(model, messages, parameters);
    let brief = Brief::read(messages, parameters);
    let call = call::choose(model, messages, parameters);
    let thinks = model.thinks()
        && !matches!(
            parameters.reasoning_effort,
            Some(ReasoningEffort::None | ReasoningEffort::Minimal)
        );
    if let Some(call) = call {
        let reasoning = if thinks {
            format!("The words fit the tool {}. I ask for it.\n", call.name)
        } else {
            String::new()
        };
        return asking(model, reasoning, call, input_tokens);
    }
    let draft = skill::respond(model, &brief, &mut chance);
    let text = shape::shape(model, &brief, &draft);
    let reasoning = if thinks { draft.thoughts(&brief) } else { String::new() };
    finish(model, reasoning, text, parameters, input_tokens, None)
}

/// A reply that asks for a tool and says nothing else.
fn asking(model: DemoModel, reasoning: String, call: ToolCall, input_tokens: u64) -> DemoReply {
    let mut reply = finish(
        model,
        reasoning,
        String::new(),
        &GenerationParameters::default(),
        input_tokens,
        None,
    );
    let written = tokens::count(&call.name) + tokens::count(&call.arguments_raw);
    reply.usage.output_tokens = reply.usage.output_tokens.map(|tokens| tokens + written);
    reply.finish_reason = FinishReason::ToolUse;
    reply.tool_calls = vec![call];
    reply
}

/// Applies stop sequences and the token limit, and counts.
pub(super) fn finish(
    model: DemoModel,
    reasoning: String,
    mut text: String,
    parameters: &GenerationParameters,
    input_tokens: u64,
    rate: Option<u32>,
) -> DemoReply {
    let first_stop = parameters
        .stop
        .iter()
        .filter(|stop| !stop.is_empty())
        .filter_map(|stop| text.find(stop.as_str()))
        .min();
    if let Some(at) = first_stop {
        text.truncate(at);
    }
    let limit = parameters.max_tokens.unwrap_or(u64::MAX).min(model.max_output());
    let keep = usize::try_from(limit).unwrap_or(usize::MAX);
    let (mut kept, mut bytes) = (0_u64, 0);
    for piece in tokens::pieces(&text).take(keep) {
        kept += 1;
        bytes += piece.len();
    }
    let finish_reason = if bytes < text.len() { FinishReason::Length } else { FinishReason::Stop };
    text.truncate(bytes);
    let reasoning_tokens = tokens::count(&reasoning);
    DemoReply {
        model,
        reasoning,
        text,
        tool_calls: Vec::new(),
        finish_reason,
        usage: Usage {
            input_tokens: Some(input_tokens),
            output_tokens: Some(kept + reasoning_tokens),
            cached_input_tokens: Some(0),
            reasoning_tokens: Some(reasoning_tokens),
            ..Usage::default()
        },
        rate,
    }
}

/// The JSON a value has on the wire, as the simulated models write it: two spaces deep.
pub(super) fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
