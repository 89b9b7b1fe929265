//! The step that holds an answer against what its template asks for and, where that is wanted,
//! asks again.

use super::{call::Call, run::RunEventKind};
use crate::{
    model::{
        Check, ChunkLog, Execution, FinishReason, ModelRef, Recovery, ResponseFormat,
        SentParameters, Strategy, Timing, ToolCall, Usage,
    },
    prompt::{
        Validation,
        answer::{Answer, Fault, FaultKind, ask_again, choose, troubles, wishes},
        tokens,
    },
    safety::guard::GUARD,
};

/// What an answer should be, and what is done where it is not.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expectations {
    pub validation: Option<Validation>,
    pub recovery: Recovery,
}

/// An answer put aside while the model is asked again.
struct Kept {
    text: String,
    reasoning: String,
    refusal: String,
    tool_calls: Vec<ToolCall>,
    finish: (Option<FinishReason>, Option<String>),
    usage: Usage,
    timing: Timing,
    checks: Vec<Check>,
    model: ModelRef,
    response_model: Option<String>,
    parameters: SentParameters,
    chunks: ChunkLog,
    /// Which of the attempts brought it.
    place: Option<usize>,
    faults: Vec<Fault>,
}

impl Call<'_> {
    /// Records whether the answer is what was asked for, and asks again as often as it may. The
    /// answer with the fewest faults is kept; each other one stands with its attempt.
    pub(super) async fn validate(&mut self) {
        let guarded = self.execution.checks.len();
        let mut faults = self.judge();
        let mut tried: Vec<Strategy> = Vec::new();
        let Recovery { on, max, ref strategies } = self.expectations.recovery.clone();
        let first = self.request.messages.clone();
        while on && self.execution.reused.is_none() && tried.len() < max as usize {
            let Some(strategy) = choose(strategies, &tried, &faults) else { break };
            let format = self.request.parameters.response_format.clone();
            let text = &self.execution.text;
            let messages = ask_again(strategy, &first, text, &faults, format.as_ref());
            tried.push(strategy);
            let kept = self.put_aside(faults, guarded);
            self.emitter.emit(RunEventKind::Recovering {
                strategy,
                number: u32::try_from(tried.len()).unwrap_or(u32::MAX),
                of: max,
                reasons: kept.faults.iter().map(|fault| fault.reason.clone()).collect(),
            });
            let attempts = self.execution.attempts.len();
            self.request.messages = messages;
            self.keep_what_was_put_aside(&kept).await;
            let came = self.again().await;
            self.note_attempts(attempts, strategy);
            let found = if came { self.judge() } else { Vec::new() };
            if came && found.len() < kept.faults.len() {
                self.leave_with_attempt(attempts, kept.text);
                faults = found;
            } else {
                let other = std::mem::take(&mut self.execution.text);
                faults = self.put_back(kept);
                self.leave_with_attempt(self.execution.attempts.len(), other);
                if !came {
                    break;
                }
            }
        }
        // What was sent in the end is the first prompt; the others stand with their attempts.
        self.request.messages = first;
    }

    /// Has the answer that was put aside written with its attempt before the next one comes, so
    /// that whatever ends the program then leaves two answers and not one mixed from both.
    async fn keep_what_was_put_aside(&mut self, kept: &Kept) {
        let mut attempts = self.execution.attempts.clone();
        if let Some(last) = attempts.last_mut() {
            last.text = Some(kept.text.clone());
        }
        self.keeper.next_answer();
        self.keeper.note(&attempts, self.execution.model_ref());
        self.keeper.settle().await;
    }

    /// Sends once more; whether an answer came that no guard stops.
    async fn again(&mut self) -> bool {
        if let Err(refused) = self.reserve().await {
            let model = self.execution.model_ref();
            self.not_even_tried(&model, &refused);
            return false;
        }
        self.send().await.is_ok() && self.guard_reply().is_ok()
    }

    /// Holds the answer against its template's wishes, records the outcome, and says what is
    /// wrong with it.
    fn judge(&mut self) -> Vec<Fault> {
        let validation = self.expectations.validation.as_ref();
        let format: Option<&ResponseFormat> = self.request.parameters.response_format.as_ref();
        let counts =
            validation.is_some_and(|it| it.min_tokens.is_some() || it.max_tokens.is_some());
        let execution = &self.execution;
        let answer = Answer {
            text: &execution.text,
            refusal: &execution.refusal,
            finish: execution.finish_reason,
            calls_tools: !execution.tool_calls.is_empty(),
            tokens: if counts {
                tokens::count(&execution.model_ref(), &execution.text).tokens as u64
            } else {
                0
            },
        };
        let mut faults = Vec::new();
        let mut checks = Vec::new();
        for (name, fault) in wishes(&answer, format, validation) {
            let reason = fault.as_ref().map_or("as asked for", |fault| fault.reason.as_str());
            checks.push(check(FaultKind::Format.as_str(), name, fault.is_none(), reason));
            faults.extend(fault);
        }
        // Signs, not wishes: looked for where somebody wants something done about them.
        if self.expectations.recovery.on {
            for fault in troubles(&answer) {
                checks.push(check(fault.kind.as_str(), fault.name, false, &fault.reason));
                faults.push(fault);
            }
            let output =
                execution.checks.iter().rfind(|it| it.kind == GUARD && it.name == "output");
            if let Some(found) = output.filter(|check| !check.passed) {
                let (kind, name) = (FaultKind::Safety, "output");
                faults.push(Fault { kind, name, reason: found.reason.clone() });
            }
        }
        self.execution.checks.extend(checks);
        faults
    }

    /// Takes the answer out of the record, but for what guards found before it came: that is
    /// true whatever comes next.
    fn put_aside(&mut self, faults: Vec<Fault>, guarded: usize) -> Kept {
        let execution: &mut Execution = &mut self.execution;
        let before = execution.checks[..guarded].iter().filter(|it| is_of_values(it)).cloned();
        let before: Vec<Check> = before.collect();
        Kept {
            text: std::mem::take(&mut execution.text),
            reasoning: std::mem::take(&mut execution.reasoning),
            refusal: std::mem::take(&mut execution.refusal),
            tool_calls: std::mem::take(&mut execution.tool_calls),
            finish: (execution.finish_reason.take(), execution.finish_reason_raw.take()),
            usage: std::mem::take(&mut execution.usage),
            timing: execution.timing.clone(),
            checks: std::mem::replace(&mut execution.checks, before),
            model: execution.model_ref(),
            response_model: execution.response_model.take(),
            parameters: execution.parameters.clone(),
            chunks: std::mem::take(&mut self.chunks),
            place: self.place,
            faults,
        }
    }

    fn put_back(&mut self, kept: Kept) -> Vec<Fault> {
        // Another model may have been asked meanwhile.
        self.ask(&kept.model);
        let execution = &mut self.execution;
        execution.parameters = kept.parameters;
        execution.text = kept.text;
        execution.reasoning = kept.reasoning;
        execution.refusal = kept.refusal;
        execution.tool_calls = kept.tool_calls;
        (execution.finish_reason, execution.finish_reason_raw) = kept.finish;
        execution.usage = kept.usage;
        execution.timing = kept.timing;
        execution.checks = kept.checks;
        execution.response_model = kept.response_model;
        self.chunks = kept.chunks;
        self.place = kept.place;
        kept.faults
    }

    /// Says of the attempts from one on what they were for, and what was sent.
    fn note_attempts(&mut self, from: usize, strategy: Strategy) {
        let messages = &self.request.messages;
        for attempt in self.execution.attempts.iter_mut().skip(from) {
            attempt.strategy = Some(strategy);
            attempt.messages.clone_from(messages);
        }
    }

    /// Leaves an answer that is not kept with the attempt before a place.
    fn leave_with_attempt(&mut self, before: usize, text: String) {
        let attempt = before.checked_sub(1).and_then(|at| self.execution.attempts.get_mut(at));
        if let Some(attempt) = attempt.filter(|_| !text.is_empty()) {
            attempt.text = Some(text);
        }
    }
}

/// Guards of values look before anything is sent; their names are theirs alone.
fn is_of_values(check: &Check) -> bool {
    check.kind == GUARD && matches!(check.name.as_str(), "injection" | "hidden")
}

fn check(kind: &str, name: &str, passed: bool, reason: &str) -> Check {
    let (kind, name, reason) = (kind.to_owned(), name.to_owned(), reason.to_owned());
    Check { kind, name, passed, score: None, reason }
}
