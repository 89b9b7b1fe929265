//! What attempts took and what that cost. Each is counted and priced by itself: a price may hold
//! up to a length of the prompt, and what one attempt reported must not hide what another took.

use super::{Shared, call::Call};
use crate::{
    model::{
        Attempt, CallError, ErrorKind, Execution, GenerationParameters, Message, ModelRef, Price,
        ResponseFormat, Spend, Usage,
    },
    prompt::tokens::{self, TokenCount},
};

/// How far an attempt came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// The whole request was handed to the connection.
    pub sent: bool,
    /// The head of a success came.
    pub accepted: bool,
    /// Any of an answer came.
    pub began: bool,
}

impl Reach {
    /// Whether what was asked for was read and is paid for although the provider did not come to
    /// say so: the answer was cut off, by whomever, or could not be read. An error status is no
    /// such end.
    fn is_paid_for(self, error: &CallError) -> bool {
        let cut = matches!(
            error.kind,
            ErrorKind::Cancelled | ErrorKind::Timeout | ErrorKind::InterruptedStream
        );
        let unread = matches!(error.kind, ErrorKind::Protocol | ErrorKind::ResponseTooLarge);
        self.began || (self.sent && cut && error.http_status.is_none()) || (self.accepted && unread)
    }
}

impl Call<'_> {
    /// Counts what the attempt that has just ended took, and writes it to it.
    /// `told` is what the provider says that it cost, which is truer than what a price makes of it.
    pub(super) async fn count(
        &mut self,
        reach: Reach,
        told: Option<f64>,
        outcome: &Result<(), CallError>,
    ) {
        let model = self.execution.model_ref();
        let usage = self.execution.usage;
        let lacking = match outcome {
            Err(error) => reach.is_paid_for(error),
            // A budget must count something; without one, what was not reported stays unknown.
            Ok(()) => {
                (usage.input_tokens.is_none() || usage.output_tokens.is_none())
                    && self.shared.parts.money.budget.is_set()
                    && self.shared.parts.providers.price(&model, &usage).is_some()
            }
        };
        if lacking {
            self.execution.usage = self.counted(&model, usage).await;
        }
        let usage = self.execution.usage;
        let cost = told.or_else(|| self.priced(&model, usage).map(|spend| spend.total()));
        if let Some(attempt) = self.execution.attempts.last_mut() {
            attempt.usage = usage.is_known().then_some(usage);
            attempt.cost_usd = cost;
        }
    }

    /// What the parts of an attempt cost; `None` where that is not known.
    pub(super) fn priced(&self, model: &ModelRef, usage: Usage) -> Option<Spend> {
        self.shared.parts.providers.price(model, &usage)?.spend(&usage)
    }

    /// Writes what the whole call took and cost.
    pub(super) fn sum_up(&mut self) {
        // An answer that was given before has its cost already, which is nothing.
        if self.execution.cache.is_hit() {
            return;
        }
        let attempt = self.place.and_then(|place| self.execution.attempts.get(place));
        let usage = attempt.and_then(|attempt| attempt.usage).unwrap_or_default();
        // The record names the model that was asked for where none answered.
        let model = attempt.map(|attempt| ModelRef::new(&attempt.provider, &attempt.model));
        let cost = attempt.and_then(|attempt| attempt.cost_usd);
        // What a provider says that an answer cost has no parts.
        let spend = model
            .and_then(|model| self.priced(&model, usage))
            .filter(|spend| Some(spend.total()) == cost);
        self.execution.sum_up(usage, cost, spend, self.place);
    }

    /// US dollars that the attempts so far cost, as far as that is known; at most so many where a
    /// part of it has no price.
    pub(super) fn spent_usd(&self) -> f64 {
        self.execution.attempts.iter().filter_map(|attempt| self.paid_at_most(attempt)).sum()
    }

    /// US dollars that the last attempt cost at most, as far as that is known.
    pub(super) fn last_paid_usd(&self) -> f64 {
        let last = self.execution.attempts.last();
        last.and_then(|attempt| self.paid_at_most(attempt)).unwrap_or(0.0)
    }

    fn paid_at_most(&self, attempt: &Attempt) -> Option<f64> {
        paid_at_most(attempt, |model, usage| self.shared.parts.providers.price(model, usage))
    }

    /// A usage with what came put in where the provider did not come to say.
    async fn counted(&self, model: &ModelRef, mut usage: Usage) -> Usage {
        let execution = &self.execution;
        let mut written = [&*execution.reasoning, &execution.text, &execution.refusal].concat();
        for call in &execution.tool_calls {
            written.push_str(&call.arguments_raw);
        }
        let (messages, parameters) = (&self.request.messages, &self.request.parameters);
        let read = self.shared.count_prompt(model, messages, parameters).await;
        let came = self.shared.count_text(model, written).await;
        // A provider that tells its count as it goes told it before the last pieces came.
        let output = usage.output_tokens.unwrap_or(0).max(came);
        if usage.input_tokens.is_none() || usage.output_tokens != Some(output) {
            usage.input_tokens = usage.input_tokens.or(Some(read.tokens as u64));
            usage.output_tokens = Some(output);
            usage.estimated = true;
        }
        usage
    }
}

impl Shared {
    /// The tokens of a prompt: its messages, and the tools and the form that go with them.
    /// Counted where waiting harms nobody: the first count for a model may read a large table.
    pub(super) async fn count_prompt(
        &self,
        model: &ModelRef,
        messages: &[Message],
        parameters: &GenerationParameters,
    ) -> TokenCount {
        let (of, messages, beside) = (model.clone(), messages.to_vec(), beside(parameters));
        let counted = tokio::task::spawn_blocking(move || {
            let mut count = tokens::count_messages(&of, &messages);
            if let Some(beside) = beside {
                count.tokens += tokens::count(&of, &beside).tokens;
                // In which words a provider puts them before the model is its own affair.
                count.exact = false;
            }
            count
        });
        counted.await.unwrap_or(TokenCount { tokens: 0, exact: false })
    }

    /// The tokens of a text.
    async fn count_text(&self, model: &ModelRef, text: String) -> u64 {
        let model = model.clone();
        let counted = tokio::task::spawn_blocking(move || tokens::count(&model, &text).tokens);
        counted.await.map_or(0, |tokens| tokens as u64)
    }
}

/// Counts what a call took that was cut off with its process, of which only what was kept on the
/// way is known. One that no server had accepted took nothing that is known of. Answers the US
/// dollars that budgets count for it although its record cannot say what it cost.
pub fn count_cut_off(
    execution: &mut Execution,
    price: impl Fn(&ModelRef, &Usage) -> Option<Price>,
) -> f64 {
    let written = [&*execution.reasoning, &execution.text, &execution.refusal].concat();
    let mut usage = execution.usage;
    if execution.timing.headers_ms.is_some() || !written.is_empty() {
        let input = tokens::estimated_messages(&execution.messages) as u64;
        let output = usage.output_tokens.unwrap_or(0).max(tokens::estimated(&written) as u64);
        usage.input_tokens = usage.input_tokens.or(Some(input));
        usage.output_tokens = Some(output);
        usage.estimated = true;
    }
    let known = price(&execution.model_ref(), &usage);
    let spend = known.and_then(|price| price.spend(&usage));
    execution.sum_up(usage, spend.map(|spend| spend.total()), spend, None);
    if execution.cost_usd.is_some() {
        return 0.0;
    }
    let before = execution.attempts.iter().filter_map(|attempt| paid_at_most(attempt, &price));
    before.chain(known.and_then(|price| price.at_most(&usage))).sum()
}

/// US dollars that an attempt cost; at most so many where a part of it has no price. `None` where
/// neither is known.
fn paid_at_most(
    attempt: &Attempt,
    price: impl Fn(&ModelRef, &Usage) -> Option<Price>,
) -> Option<f64> {
    attempt.cost_usd.or_else(|| {
        let usage = attempt.usage?;
        price(&ModelRef::new(&attempt.provider, &attempt.model), &usage)?.at_most(&usage)
    })
}

/// What is sent to be read beside the messages, as JSON.
fn beside(parameters: &GenerationParameters) -> Option<String> {
    let tools = (!parameters.tools.is_empty())
        .then(|| serde_json::to_string(&parameters.tools).unwrap_or_default());
    let form = match &parameters.response_format {
        Some(ResponseFormat::Schema(schema)) => Some(schema.to_string()),
        _ => None,
    };
    let parts: Vec<String> = tools.into_iter().chain(form).collect();
    (!parts.is_empty()).then(|| parts.concat())
}
