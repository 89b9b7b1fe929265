//! The step that holds an answer against what its template asks for and, where that is wanted,
//! asks again.

use super::{call::Call, run::RunEventKind};
use crate::{
    model::{
        CallError, Check, ChunkLog, Execution, FinishReason, ModelRef, Recovery, ResponseFormat,
        SentParameters, Strategy, Timing, ToolCall, Usage,
    },
    prompt::{
        Validation,
        answer::{Answer, Fault, FaultKind, Wish, ask_again, choose, troubles, wishes},
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
    judged: Judged,
}

/// What is wrong with an answer.
struct Judged {
    /// Why a guard stopped it, where one did.
    stopped: Option<CallError>,
    faults: Vec<Fault>,
}

impl Judged {
    /// Whether this answer is to be kept rather than another.
    fn is_better_than(&self, other: &Self) -> bool {
        (self.stopped.is_some(), self.faults.len()) < (other.stopped.is_some(), other.faults.len())
    }
}

/// An answer with what it is held against.
struct LookedAt {
    text: String,
    refusal: String,
    finish: Option<FinishReason>,
    calls_tools: bool,
    model: ModelRef,
    format: Option<ResponseFormat>,
    validation: Option<Validation>,
    /// Whether signs are looked for that nobody wished for: where somebody wants something done
    /// about them.
    looks_for_troubles: bool,
}

impl LookedAt {
    fn judge(&self) -> (Vec<Check>, Vec<Fault>) {
        let validation = self.validation.as_ref();
        let counts =
            validation.is_some_and(|it| it.min_tokens.is_some() || it.max_tokens.is_some());
        let tokens = if counts { tokens::count(&self.model, &self.text).tokens as u64 } else { 0 };
        let answer = Answer {
            text: &self.text,
            refusal: &self.refusal,
            finish: self.finish,
            calls_tools: self.calls_tools,
            tokens,
        };
        let mut faults = Vec::new();
        let mut checks = Vec::new();
        for Wish { name, outcome } in wishes(&answer, self.format.as_ref(), validation) {
            let kind = FaultKind::Format.as_str();
            match outcome {
                Ok(how) => checks.push(check(kind, name, true, how)),
                Err(fault) => {
                    checks.push(check(kind, name, false, &fault.reason));
                    faults.push(fault);
                }
            }
        }
        if self.looks_for_troubles {
            for fault in troubles(&answer) {
                checks.push(check(fault.kind.as_str(), fault.name, false, &fault.reason));
                faults.push(fault);
            }
        }
        (checks, faults)
    }
}

impl Call<'_> {
    /// Records whether the answer is what was asked for, and asks again as often as it may. The
    /// answer with the fewest faults is kept, one that no guard stopped before any that was; each
    /// other one stands with its attempt. `stopped` is what a guard said of the first.
    pub(super) async fn validate(&mut self, stopped: Option<CallError>) -> Result<(), CallError> {
        let Recovery { on, max, ref strategies } = self.expectations.recovery.clone();
        let stopped = match stopped {
            Some(stopped) if !on => return Err(stopped),
            stopped => stopped,
        };
        let mut judged = self.judge(stopped).await;
        let mut tried: Vec<Strategy> = Vec::new();
        let first = self.request.messages.clone();
        while on && self.execution.reused.is_none() && tried.len() < max as usize {
            let Some(strategy) = choose(strategies, &tried, &judged.faults) else { break };
            let format = self.request.parameters.response_format.clone();
            let text = &self.execution.text;
            let faults = &judged.faults;
            let messages = ask_again(strategy, &first, text, faults, format.as_ref());
            let reasons: Vec<String> = faults.iter().map(|it| it.reason.clone()).collect();
            tried.push(strategy);
            let kept = self.put_aside(judged);
            self.emitter.emit(RunEventKind::Recovering {
                strategy,
                number: u32::try_from(tried.len()).unwrap_or(u32::MAX),
                of: max,
                reasons: reasons.clone(),
            });
            let attempts = self.execution.attempts.len();
            self.request.messages = messages;
            self.keep_what_was_put_aside(&kept).await;
            let again = self.again().await;
            self.note_attempts(attempts, strategy, &reasons.join("; "));
            match again {
                Some(again) if again.is_better_than(&kept.judged) => {
                    self.leave_with_attempt(kept.place, kept.text);
                    judged = again;
                }
                again => {
                    let other = std::mem::take(&mut self.execution.text);
                    let place = self.place;
                    judged = self.put_back(kept);
                    self.leave_with_attempt(place, other);
                    if again.is_none() {
                        break;
                    }
                }
            }
        }
        // What was sent in the end is the first prompt; the others stand with their attempts.
        self.request.messages = first;
        judged.stopped.map_or(Ok(()), Err)
    }

    /// Has the answer that was put aside written with its attempt before the next one comes, so
    /// that whatever ends the program then leaves two answers and not one mixed from both.
    async fn keep_what_was_put_aside(&mut self, kept: &Kept) {
        let mut attempts = self.execution.attempts.clone();
        // Not always the last: an older answer stands again after one that was no better.
        if let Some(attempt) = kept.place.and_then(|place| attempts.get_mut(place)) {
            attempt.text = Some(kept.text.clone());
        }
        self.keeper.next_answer();
        self.keeper.note(&attempts, self.execution.model_ref());
        self.keeper.settle().await;
    }

    /// Sends once more, and judges what comes, if anything does.
    async fn again(&mut self) -> Option<Judged> {
        if let Err(refused) = self.reserve().await {
            let model = self.execution.model_ref();
            self.not_even_tried(&model, &refused);
            return None;
        }
        self.send().await.ok()?;
        let stopped = self.guard_reply().await.ok()?;
        Some(self.judge(stopped).await)
    }

    /// Holds the answer against its template's wishes, records the outcome, and says what is
    /// wrong with it. Large answers and schemas take their time, so that is done where waiting
    /// harms nobody.
    async fn judge(&mut self, stopped: Option<CallError>) -> Judged {
        let looks_for_troubles = self.expectations.recovery.on;
        let execution = &self.execution;
        let format = self.request.parameters.response_format.clone();
        let wishes = self.expectations.validation.is_some()
            || matches!(format, Some(ResponseFormat::Json | ResponseFormat::Schema(_)));
        if !wishes && !looks_for_troubles {
            return Judged { stopped, faults: Vec::new() };
        }
        let looked_at = LookedAt {
            text: execution.text.clone(),
            refusal: execution.refusal.clone(),
            finish: execution.finish_reason,
            calls_tools: !execution.tool_calls.is_empty(),
            model: execution.model_ref(),
            format,
            validation: self.expectations.validation.clone(),
            looks_for_troubles,
        };
        let judged = tokio::task::spawn_blocking(move || looked_at.judge()).await;
        let (mut checks, mut faults) = match judged {
            Ok(judged) => judged,
            Err(error) => match error.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                Err(_) => return Judged { stopped, faults: Vec::new() },
            },
        };
        // What guards of replies found is a sign like the others.
        let found = self.execution.checks.iter().filter(|check| check.kind == GUARD);
        for check in found.filter(|check| looks_for_troubles && !check.passed) {
            if let Some(name) = ["output", "canary"].into_iter().find(|name| check.name == *name) {
                faults.push(Fault { kind: FaultKind::Safety, name, reason: check.reason.clone() });
            }
        }
        self.execution.checks.append(&mut checks);
        Judged { stopped, faults }
    }

    /// Takes the answer out of the record, but for what guards found before it came: that is
    /// true whatever comes next.
    fn put_aside(&mut self, judged: Judged) -> Kept {
        let execution: &mut Execution = &mut self.execution;
        let before = execution.checks.iter().take(self.of_values).cloned().collect();
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
            judged,
        }
    }

    fn put_back(&mut self, kept: Kept) -> Judged {
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
        kept.judged
    }

    /// Says of the attempts from one on what they were for and why, and what was sent.
    fn note_attempts(&mut self, from: usize, strategy: Strategy, reason: &str) {
        let messages = &self.request.messages;
        for attempt in self.execution.attempts.iter_mut().skip(from) {
            attempt.strategy = Some(strategy);
            attempt.reason = Some(reason.to_owned());
            attempt.messages.clone_from(messages);
        }
    }

    /// Leaves an answer that is not kept with the attempt that brought it.
    fn leave_with_attempt(&mut self, place: Option<usize>, text: String) {
        let attempt = place.and_then(|place| self.execution.attempts.get_mut(place));
        if let Some(attempt) = attempt.filter(|_| !text.is_empty()) {
            attempt.text = Some(text);
        }
    }
}

fn check(kind: &str, name: &str, passed: bool, reason: &str) -> Check {
    let (kind, name, reason) = (kind.to_owned(), name.to_owned(), reason.to_owned());
    Check { kind, name, passed, score: None, reason }
}
