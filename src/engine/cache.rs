//! Giving an answer a second time. An answer that was given before is marked as such wherever it
//! is shown, costs nothing, and counts in no figure of how fast a model is.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::{
    Shared,
    call::Call,
    guard::Safeguards,
    run::{CallSpec, RunEventKind},
};
use crate::{
    config::CacheSettings,
    model::{
        CacheMode, CacheState, CacheUse, Execution, FinishReason, GenerationParameters, Reused,
        Status, Untrusted, Usage,
    },
    prompt::similar::Shape,
    store::{CacheEntry, CacheKin, CachedAnswer, CallHash, Store, StoreError},
};

/// How many calls a prompt is compared with at most: those whose answers were used last.
const COMPARED: usize = 64;

/// Part of every hash, so that a change in what is hashed finds none of the old answers.
const EDITION: u32 = 4;

/// Where answers are kept. The database in the program.
#[async_trait]
pub trait Answers: Send + Sync {
    /// The answer to this very call, if one was kept since a time.
    async fn find(
        &self,
        call: CallHash,
        since: Timestamp,
    ) -> Result<Option<CachedAnswer>, StoreError>;
    /// Calls that differ in their words alone, those used last first.
    async fn kin(
        &self,
        kin: CallHash,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<CacheKin>, StoreError>;
    /// An answer was given again.
    fn used(&self, call: CallHash);
    /// Keeps an answer as of `now`, and forgets those older than `since` and those used least
    /// lately that there is no room for.
    async fn keep(
        &self,
        entry: CacheEntry,
        now: Timestamp,
        since: Timestamp,
        max_size: u64,
    ) -> Result<(), StoreError>;
}

#[async_trait]
impl Answers for Store {
    async fn find(
        &self,
        call: CallHash,
        since: Timestamp,
    ) -> Result<Option<CachedAnswer>, StoreError> {
        self.cached(call, since).await
    }

    async fn kin(
        &self,
        kin: CallHash,
        since: Timestamp,
        most: usize,
    ) -> Result<Vec<CacheKin>, StoreError> {
        self.cached_kin(kin, since, most).await
    }

    fn used(&self, call: CallHash) {
        self.answer_used(call);
    }

    async fn keep(
        &self,
        entry: CacheEntry,
        now: Timestamp,
        since: Timestamp,
        max_size: u64,
    ) -> Result<(), StoreError> {
        self.keep_answer(entry, now, since, max_size).await
    }
}

/// The step that asks for answers given before, and keeps new ones.
#[derive(Clone)]
pub(super) struct Cache {
    pub answers: Arc<dyn Answers>,
    pub settings: CacheSettings,
    pub wall: fn() -> Timestamp,
}

/// A call as the cache knows it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    call: CallHash,
    kin: CallHash,
    shape: Option<Shape>,
    mode: CacheMode,
}

/// An answer that was given before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Hit {
    call: CallHash,
    similarity: f64,
    answer: CachedAnswer,
}

impl Cache {
    /// Settings hold only for calls that mean to get the same answer every time; whoever asks
    /// for the cache gets it.
    pub fn mode(&self, asked: CacheUse, parameters: &GenerationParameters) -> CacheMode {
        match asked {
            CacheUse::Asked(mode) => mode,
            CacheUse::Settings => {
                let steady = parameters.temperature.is_some_and(|temperature| temperature <= 0.0);
                if steady || self.settings.any_temperature {
                    self.settings.mode
                } else {
                    CacheMode::Off
                }
            }
        }
    }

    /// The answer that can be given again. A cache that cannot be read has none.
    pub async fn find(&self, question: &Question) -> Option<Hit> {
        let found = self.look(question).await;
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "the cache cannot be read");
            None
        })
    }

    async fn look(&self, question: &Question) -> Result<Option<Hit>, StoreError> {
        let since = self.oldest();
        if let Some(answer) = self.answers.find(question.call, since).await? {
            return Ok(Some(Hit { call: question.call, similarity: 1.0, answer }));
        }
        let (CacheMode::Similar, Some(shape)) = (question.mode, &question.shape) else {
            return Ok(None);
        };
        let kin = self.answers.kin(question.kin, since, COMPARED).await?;
        let threshold = self.settings.similarity;
        let compared = tokio::task::spawn_blocking({
            let shape = shape.clone();
            move || nearest(&shape, kin, threshold)
        });
        let Some((call, similarity)) = compared.await.ok().flatten() else { return Ok(None) };
        let answer = self.answers.find(call, since).await?;
        Ok(answer.map(|answer| Hit { call, similarity, answer }))
    }

    /// Gives an answer again: writes it into the record of the call.
    pub fn give(&self, hit: Hit, question: &Question, execution: &mut Execution) {
        self.answers.used(hit.call);
        execution.cache =
            if hit.call == question.call { CacheState::Exact } else { CacheState::Similar };
        let answer = hit.answer;
        execution.reused = Some(Reused {
            execution: answer.execution,
            answered_at: answer.answered_at,
            similarity: hit.similarity,
            saved_usage: answer.usage,
            saved_usd: answer.cost_usd,
        });
        execution.text = answer.text;
        execution.reasoning = answer.reasoning;
        execution.refusal = answer.refusal;
        execution.tool_calls = answer.tool_calls;
        execution.finish_reason = Some(answer.finish_reason);
        execution.finish_reason_raw = answer.finish_reason_raw;
        execution.response_model = answer.response_model;
        execution.usage = Usage::default();
        execution.cost_usd = Some(0.0);
        execution.status = Status::Ok;
    }

    /// Keeps the answer of an execution that has ended, if it is a complete one. What cannot be
    /// kept is asked for again next time.
    pub async fn keep(&self, question: &Question, execution: &Execution) {
        let Some(answer) = complete(execution) else { return };
        let shape = question.shape.as_ref().map(Shape::to_bytes);
        let entry = CacheEntry { call: question.call, kin: question.kin, shape, answer };
        let now = (self.wall)();
        let kept = self.answers.keep(entry, now, self.oldest(), self.settings.max_size).await;
        if let Err(error) = kept {
            tracing::warn!(%error, "an answer was not kept in the cache");
        }
    }

    /// The time before which answers are too old.
    fn oldest(&self) -> Timestamp {
        (self.wall)().checked_sub(self.settings.ttl).unwrap_or(Timestamp::MIN)
    }
}

impl Call<'_> {
    /// Gives an answer that was given before, if there is one; `true` then.
    pub(super) async fn reuse(&mut self) -> bool {
        let Some(question) = &self.question else { return false };
        self.execution.cache = CacheState::Miss;
        let began = Instant::now();
        let Some(hit) = self.shared.cache.find(question).await else { return false };
        self.shared.cache.give(hit, question, &mut self.execution);
        let took = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.execution.timing.total_ms = Some(took);
        let Execution { text, reasoning, refusal, .. } = &self.execution;
        self.emitter.emit(RunEventKind::Delta {
            text: text.clone(),
            reasoning: reasoning.clone(),
            refusal: refusal.clone(),
            at_ms: took,
        });
        true
    }

    /// Keeps the answer that has just been recorded, if it is one to keep.
    pub(super) async fn keep_answer(&self) {
        if let Some(question) = &self.question
            && self.execution.cache == CacheState::Miss
            // The answer of another model is no answer to the question as it was put.
            && self.execution.asked_first().is_none()
        {
            self.shared.cache.keep(question, &self.execution).await;
        }
    }
}

impl Shared {
    /// A call as the cache knows it; `None` where it has no part in it. `repeat` is which of
    /// several calls of a run that are otherwise the same it is.
    pub(super) async fn question(&self, spec: &CallSpec, repeat: u32) -> Option<Question> {
        let mode = self.cache.mode(spec.cache, &spec.parameters);
        if mode == CacheMode::Off {
            return None;
        }
        let sent = self.parameters_sent(&spec.model, &spec.parameters, &spec.without).await;
        let parameters = sent.to_map();
        let address = self.parts.providers.address(&spec.model.provider);
        Some(Question::of(spec, &parameters, repeat, &address, mode))
    }
}

/// Which of the calls before it that are the same in everything each call follows, so that each
/// of them gets an answer of its own.
pub(super) fn repeats(calls: &[CallSpec]) -> Vec<u32> {
    let is_same = |one: &CallSpec, other: &CallSpec| {
        one.model == other.model
            && one.parameters == other.parameters
            && one.without == other.without
            && one.messages == other.messages
    };
    let before = |at: usize| calls.get(..at).unwrap_or_default();
    let count = |(at, call)| before(at).iter().filter(|other| is_same(call, other)).count();
    calls.iter().enumerate().map(count).map(|count| u32::try_from(count).unwrap_or(0)).collect()
}

impl Question {
    /// Hashes a call. All that can change an answer is in it: who is asked and where, the words,
    /// every parameter that is sent with the form the answer must have, what guards put around the
    /// words, and which repeat it is.
    /// For its kin the words are left out, and only in which order who speaks, and what the
    /// values are called, count.
    fn of(
        spec: &CallSpec,
        parameters: &Map<String, Value>,
        repeat: u32,
        address: &str,
        mode: CacheMode,
    ) -> Self {
        let (provider, model) = (&spec.model.provider, &spec.model.model);
        let asked = json!([EDITION, provider, address, model, fences(&spec.safeguards)]);
        let call = json!([asked, spec.messages, places(&spec.safeguards), parameters, repeat]);
        let roles: Vec<_> = spec.messages.iter().map(|message| message.role).collect();
        let names: Vec<_> = spec.inputs.keys().collect();
        let kin = json!([asked, roles, names, parameters, repeat]);
        let values: Vec<String> = spec.inputs.values().map(as_text).collect();
        let words = spec.messages.iter().map(|message| message.content.as_str());
        let shape = (mode == CacheMode::Similar)
            .then(|| Shape::of(words.chain(values.iter().map(String::as_str))))
            .flatten();
        Self { call: hash(&call), kin: hash(&kin), shape, mode }
    }
}

/// What guards do to the words before they are sent. An answer to a prompt without it is no answer
/// to the prompt with it, least of all where the guard was switched on because of that answer.
fn fences(Safeguards { guards, untrusted, .. }: &Safeguards) -> [bool; 4] {
    let of_values = [guards.sanitise, guards.delimiters].map(|does| does && !untrusted.is_empty());
    [of_values[0], of_values[1], guards.hierarchy.looks(), guards.canary.looks()]
}

/// Where the values stand that guards fence, where they do.
fn places(safeguards: &Safeguards) -> Option<Vec<(usize, usize, usize)>> {
    let [sanitises, delimits, ..] = fences(safeguards);
    let place = |value: &Untrusted| (value.message, value.range.start, value.range.end);
    (sanitises || delimits).then(|| safeguards.untrusted.iter().map(place).collect())
}

fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn hash(value: &Value) -> CallHash {
    Sha256::digest(value.to_string().as_bytes()).into()
}

/// The call whose words are nearest, if they are near enough.
fn nearest(shape: &Shape, kin: Vec<CacheKin>, threshold: f64) -> Option<(CallHash, f64)> {
    kin.into_iter()
        .filter_map(|other| {
            let similarity = Shape::from_bytes(&other.shape)?.similarity(shape);
            (similarity >= threshold).then_some((other.call, similarity))
        })
        .max_by(|one, other| one.1.total_cmp(&other.1))
}

/// The answer of an execution, if it is whole: an answer that was cut off, held back or
/// refused is worth asking for again.
fn complete(execution: &Execution) -> Option<CachedAnswer> {
    let finish_reason = execution.finish_reason.filter(|reason| {
        execution.status == Status::Ok
            && matches!(reason, FinishReason::Stop | FinishReason::ToolUse)
    })?;
    Some(CachedAnswer {
        execution: execution.id,
        answered_at: execution.timing.started_at,
        text: execution.text.clone(),
        reasoning: execution.reasoning.clone(),
        refusal: execution.refusal.clone(),
        tool_calls: execution.tool_calls.clone(),
        finish_reason,
        finish_reason_raw: execution.finish_reason_raw.clone(),
        response_model: execution.response_model.clone(),
        usage: execution.usage,
        cost_usd: execution.cost_usd,
    })
}
