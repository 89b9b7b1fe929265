//! The engine against a provider and a recorder that do as they are told, in paused time.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use tokio::time::Instant;
use uuid::Uuid;

mod account;
mod breaker;
mod cache;
mod calls;
mod fallback;
mod guard;
mod keeping;
mod learned;
mod limits;
mod money;
mod pieces;
mod recover;
mod retries;
mod sleep;

use super::*;
use crate::{
    config::{BudgetSettings, CacheSettings, EngineSettings, ProviderLimits},
    model::{
        AttemptStatus, CacheMode, CacheUse, CallError, ChatRequest, ChunkKind, ChunkLog, ErrorKind,
        Execution, ExecutionId, FinishReason, GenerationParameters, Message, ModelRef, Parameter,
        Price, ProviderEvent, Redactions, Role, RunId, SentParameters, Status, TemplateStamp,
        Usage, VariantName,
    },
    provider::{EventSink, ListedModel, Provider},
    store::{Checkpoint, LearnedRefusal, Store, StoreError, StoreOptions},
};

/// One step of a scripted answer.
#[derive(Clone)]
enum Step {
    Say(ProviderEvent),
    Sleep(u64),
    Fail(CallError),
    Hang,
    /// A fault of the program itself.
    Panic,
}

/// Answers each attempt by the next script.
struct Scripted {
    name: &'static str,
    attempts: Mutex<VecDeque<Vec<Step>>>,
    /// When each attempt came, counted from the making, and the model it asked for.
    came: Mutex<Vec<(u128, String)>>,
    origin: Instant,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[async_trait]
impl Provider for Scripted {
    fn name(&self) -> &str {
        self.name
    }

    async fn call(&self, request: &ChatRequest, events: EventSink<'_>) -> Result<(), CallError> {
        let at = self.origin.elapsed().as_millis();
        self.came.lock().unwrap().push((at, request.model.clone()));
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let _leave = Leave(&self.at_once);
        let steps = self.attempts.lock().unwrap().pop_front().expect("a script for this attempt");
        for step in steps {
            match step {
                Step::Say(event) => events(event),
                Step::Sleep(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Step::Fail(error) => return Err(error),
                Step::Hang => std::future::pending().await,
                Step::Panic => panic!("a fault"),
            }
        }
        Ok(())
    }

    fn plan(&self, request: &ChatRequest) -> SentParameters {
        let requested = request.parameters.to_map();
        SentParameters { sent: requested.clone(), requested, dropped: Vec::new() }
    }

    async fn models(&self) -> Result<Vec<ListedModel>, CallError> {
        Ok(Vec::new())
    }
}

struct Leave<'a>(&'a AtomicUsize);

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Scripted {
    fn new(name: &'static str, scripts: Vec<Vec<Step>>) -> Arc<Self> {
        Arc::new(Self {
            name,
            attempts: Mutex::new(scripts.into()),
            came: Mutex::default(),
            origin: Instant::now(),
            at_once: AtomicUsize::default(),
            most_at_once: AtomicUsize::default(),
        })
    }

    /// When attempts came, in milliseconds.
    fn times(&self) -> Vec<u128> {
        self.came.lock().unwrap().iter().map(|(at, _)| *at).collect()
    }
}

struct Known(Vec<Arc<Scripted>>);

#[async_trait]
impl Providers for Known {
    async fn provider(&self, name: &str) -> Result<Arc<dyn Provider>, CallError> {
        let known = self.0.iter().find(|known| known.name == name);
        known
            .map(|known| Arc::clone(known) as Arc<dyn Provider>)
            .ok_or_else(|| CallError::new(ErrorKind::NotFound, format!("no provider `{name}`")))
    }

    /// Names that differ after a dash alone lead to one server.
    fn server(&self, name: &str) -> String {
        name.split('-').next().unwrap_or(name).to_owned()
    }

    /// A name that ends in digits may have so many requests a minute.
    fn limits(&self, name: &str) -> Option<ProviderLimits> {
        let limit = name.split_once('-')?.1.parse().ok()?;
        Some(ProviderLimits {
            concurrency: 8,
            requests_per_minute: Some(limit),
            tokens_per_minute: None,
        })
    }

    fn price(&self, model: &ModelRef, usage: &Usage) -> Option<Price> {
        let known = match model.model.as_str() {
            "unpriced" => false,
            // As models whose long prompts have another price.
            "tiered" => usage.input_tokens <= Some(1_500_000),
            _ => true,
        };
        known.then_some(Price {
            input: 1.0,
            output: 2.0,
            cached_input: None,
            cache_write: None,
            cache_write_hour: None,
        })
    }
}

/// What was recorded, in order, and when.
#[derive(Default)]
struct Memory {
    log: Mutex<Vec<(Duration, String)>>,
    finished: Mutex<Vec<(Execution, ChunkLog)>>,
    broken: bool,
    /// Checkpoints that fail, by their place among all.
    failing: std::ops::Range<usize>,
    /// What checkpoints brought that did not fail.
    kept: Mutex<Vec<Checkpoint>>,
    asked: AtomicUsize,
    slow: Option<Duration>,
    origin: Mutex<Option<Instant>>,
}

impl Memory {
    fn note(&self, what: String) {
        let origin = *self.origin.lock().unwrap().get_or_insert_with(Instant::now);
        self.log.lock().unwrap().push((origin.elapsed(), what));
    }

    fn answer(&self) -> Result<(), StoreError> {
        if self.broken { Err(StoreError::Closed) } else { Ok(()) }
    }
}

#[async_trait]
impl Recorder for Memory {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        self.note(format!("begin {}", execution.status.as_str()));
        self.answer()
    }

    async fn checkpoint(&self, _: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.note(format!("checkpoint {}", checkpoint.text_delta.len()));
        if let Some(slow) = self.slow {
            tokio::time::sleep(slow).await;
        }
        if self.failing.contains(&self.asked.fetch_add(1, Ordering::SeqCst)) {
            return Err(StoreError::Closed);
        }
        self.kept.lock().unwrap().push(checkpoint);
        self.answer()
    }

    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError> {
        self.note(format!("finish {}", execution.status.as_str()));
        self.finished.lock().unwrap().push((execution.clone(), chunks.clone()));
        self.answer().map(|()| Redactions::default())
    }
}

/// Knows of no refusals. It answers at once: waiting for a thread would let paused time run on.
struct Untaught;

#[async_trait]
impl Capabilities for Untaught {
    async fn dropped(&self, _: &ModelRef) -> Result<Vec<LearnedRefusal>, StoreError> {
        Ok(Vec::new())
    }

    async fn leave_out(&self, _: &ModelRef, _: Parameter) -> Result<(), StoreError> {
        Ok(())
    }

    async fn refused(&self, _: &ModelRef, _: Parameter, _: Timestamp) -> Result<(), StoreError> {
        Ok(())
    }
}

struct Bench {
    engine: Engine,
    scripted: Arc<Scripted>,
    memory: Arc<Memory>,
}

fn bench(scripts: Vec<Vec<Step>>, memory: Memory) -> Bench {
    let settings = EngineSettings { concurrency: 2, ..EngineSettings::default() };
    bench_with(settings, vec![Scripted::new("scripted", scripts)], memory)
}

fn bench_with(settings: EngineSettings, known: Vec<Arc<Scripted>>, memory: Memory) -> Bench {
    let memory = Arc::new(memory);
    let scripted = Arc::clone(&known[0]);
    let engine = Engine::new(EngineParts { settings, ..parts(known, &memory) });
    Bench { engine, scripted, memory }
}

/// What an engine needs, with nothing to spend money or keep answers by.
fn parts(known: Vec<Arc<Scripted>>, memory: &Arc<Memory>) -> EngineParts {
    let (store, _) = Store::open(&StoreOptions::in_memory()).expect("it opens");
    EngineParts {
        providers: Arc::new(Known(known)),
        recorder: Arc::clone(memory) as Arc<dyn Recorder>,
        settings: EngineSettings { concurrency: 2, ..EngineSettings::default() },
        money: Money {
            ledger: Arc::new(store.clone()),
            budget: BudgetSettings::default(),
            zone: || TimeZone::UTC,
        },
        capabilities: Arc::new(Untaught),
        answers: Arc::new(store),
        cache: CacheSettings::default(),
        wall: || Timestamp::UNIX_EPOCH,
        with_sleep: sleep::clock,
        chance: || 0.0,
    }
}

impl Bench {
    /// Runs one call of the first provider to its end and gives back its record.
    async fn one(&self) -> Execution {
        self.one_of(call(VariantName::A, "scripted")).await
    }

    async fn one_of(&self, spec: CallSpec) -> Execution {
        let id = spec.execution_id;
        let mut handle = self.engine.start(run(vec![spec]));
        all(&mut handle).await;
        let finished = self.memory.finished.lock().unwrap();
        let record = finished.iter().find(|(record, _)| record.id == id);
        record.expect("recorded").0.clone()
    }

    /// Starts this many calls at once and waits for all of them.
    async fn many(&self, count: usize) {
        let calls = (0..count).map(|_| call(VariantName::A, "scripted")).collect();
        let mut handle = self.engine.start(run(calls));
        all(&mut handle).await;
    }

    fn circuit(&self) -> Circuit {
        self.engine.endpoints()[0].circuit
    }
}

fn call(variant: VariantName, provider: &str) -> CallSpec {
    CallSpec {
        execution_id: ExecutionId(Uuid::now_v7()),
        variant,
        stamp: TemplateStamp::default(),
        model: ModelRef::new(provider, "m"),
        messages: vec![Message { role: Role::User, content: "hello".to_owned() }],
        parameters: GenerationParameters { temperature: Some(0.5), ..Default::default() },
        inputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        stream: true,
        cache: CacheUse::Settings,
        safeguards: Safeguards::off(),
        expectations: Expectations::default(),
        fallback: Vec::new(),
        without: Vec::new(),
        remarks: Vec::new(),
    }
}

fn run(calls: Vec<CallSpec>) -> RunSpec {
    RunSpec { run_id: RunId(Uuid::now_v7()), calls, mode: Mode::Interactive }
}

fn say(text: &str) -> Step {
    Step::Say(ProviderEvent::Text(text.to_owned()))
}

fn opening() -> Vec<Step> {
    vec![
        Step::Say(ProviderEvent::Sent),
        Step::Sleep(100),
        Step::Say(ProviderEvent::Headers { http_status: 200, request_id: None }),
    ]
}

fn ending() -> Vec<Step> {
    vec![
        Step::Say(ProviderEvent::Finish { reason: FinishReason::Stop, raw: "stop".to_owned() }),
        Step::Say(ProviderEvent::Usage(Usage {
            input_tokens: Some(1_000_000),
            output_tokens: Some(20),
            ..Usage::default()
        })),
    ]
}

fn answer(steps: &[Step]) -> Vec<Step> {
    [opening(), steps.to_vec(), ending()].concat()
}

fn failing(kind: ErrorKind) -> CallError {
    CallError::new(kind, "it did not work").retryable()
}

async fn all(handle: &mut RunHandle) -> Vec<RunEvent> {
    let mut events = Vec::new();
    while let Some(event) = handle.next().await {
        events.push(event);
    }
    events
}

fn word(event: &RunEvent) -> String {
    match &event.kind {
        RunEventKind::Queued => "queued".to_owned(),
        RunEventKind::Attempt { number, of } => format!("attempt {number}/{of}"),
        RunEventKind::Waiting { retry_in_ms, number, .. } => format!("wait {retry_in_ms} {number}"),
        RunEventKind::Held { provider, for_ms, by } => format!("held {provider} {for_ms} {by:?}"),
        RunEventKind::FellBack { to, .. } => format!("fallback {to}"),
        RunEventKind::Sent => "sent".to_owned(),
        RunEventKind::Headers => "headers".to_owned(),
        RunEventKind::Heartbeat => "heartbeat".to_owned(),
        RunEventKind::Delta { text, reasoning, refusal, at_ms } => {
            format!("delta {text}|{reasoning}|{refusal} {at_ms}")
        }
        RunEventKind::Unpriced => "unpriced".to_owned(),
        RunEventKind::Recovering { strategy, .. } => format!("recovering {strategy}"),
        RunEventKind::Usage(_) => "usage".to_owned(),
        RunEventKind::NotSaved { .. } => "not saved".to_owned(),
        RunEventKind::Saved => "saved".to_owned(),
        RunEventKind::Finished(execution) => format!("finished {}", execution.status.as_str()),
    }
}

fn words(events: &[RunEvent]) -> Vec<String> {
    events.iter().map(word).collect()
}

/// An engine that keeps everything in a database.
struct Counter {
    engine: Engine,
    scripted: Arc<Scripted>,
    store: Store,
}

fn store() -> Store {
    Store::open(&StoreOptions::in_memory()).expect("it opens").0
}

fn counter(scripts: Vec<Vec<Step>>, cache: CacheSettings, budget: BudgetSettings) -> Counter {
    counter_over(store(), scripts, cache, budget)
}

fn counter_over(
    store: Store,
    scripts: Vec<Vec<Step>>,
    cache: CacheSettings,
    budget: BudgetSettings,
) -> Counter {
    let scripted = Scripted::new("scripted", scripts);
    let engine = Engine::new(EngineParts {
        recorder: Arc::new(store.clone()),
        money: Money { ledger: Arc::new(store.clone()), budget, zone: || TimeZone::UTC },
        answers: Arc::new(store.clone()),
        cache,
        ..parts(vec![Arc::clone(&scripted)], &Arc::new(Memory::default()))
    });
    Counter { engine, scripted, store }
}

fn exact() -> CacheSettings {
    CacheSettings { mode: CacheMode::Exact, ..CacheSettings::default() }
}

fn steady() -> CallSpec {
    let mut spec = call(VariantName::A, "scripted");
    spec.parameters.temperature = Some(0.0);
    spec
}

impl Counter {
    async fn run(&self, specs: Vec<CallSpec>) -> Vec<Execution> {
        let mut handle = self.engine.start(run(specs));
        let mut ended = Vec::new();
        while let Some(event) = handle.next().await {
            if let RunEventKind::Finished(execution) = event.kind {
                ended.push(*execution);
            }
        }
        ended
    }

    async fn one(&self, spec: CallSpec) -> Execution {
        self.run(vec![spec]).await.pop().expect("one ended")
    }

    async fn estimate(&self, spec: &CallSpec) -> Estimate {
        let estimates = self.engine.estimates(std::slice::from_ref(spec)).await;
        estimates.into_iter().next().expect("of one")
    }

    /// Calls that reached the provider and took a script.
    fn left(&self) -> usize {
        self.scripted.attempts.lock().unwrap().len()
    }
}

async fn ended(engine: &Engine, spec: CallSpec) -> Execution {
    let mut handle = engine.start(run(vec![spec]));
    while let Some(event) = handle.next().await {
        if let RunEventKind::Finished(execution) = event.kind {
            return *execution;
        }
    }
    panic!("a call always ends");
}
