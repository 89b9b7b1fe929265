//! Calls through the engine over real sockets: what is tried again, and what is recorded.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::tz::TimeZone;
use promptlathe::{
    config::{BudgetSettings, CacheSettings},
    engine::{
        CallSpec, Engine, EngineParts, Expectations, Mode, Money, Providers, RunEventKind,
        RunHandle, RunSpec, Safeguards,
    },
    model::{
        CacheUse, Execution, ExecutionId, ModelRef, Price, RunId, TemplateStamp, Usage, VariantName,
    },
    store::{Store, StoreOptions},
};
use uuid::Uuid;

use super::*;

struct OneProvider(Arc<dyn Provider>);

#[async_trait]
impl Providers for OneProvider {
    async fn provider(&self, _: &str) -> Result<Arc<dyn Provider>, CallError> {
        Ok(Arc::clone(&self.0))
    }

    fn price(&self, _: &ModelRef, _: &Usage) -> Option<Price> {
        None
    }
}

/// An engine whose only provider is of a kind and at an address.
pub fn engine(kind: ProviderKind, base: &Url) -> Engine {
    engine_with(provider_at(kind, base, &limits()), limits())
}

pub fn engine_with(provider: Arc<dyn Provider>, settings: EngineSettings) -> Engine {
    let (store, _) = Store::open(&StoreOptions::in_memory()).expect("it opens");
    Engine::new(EngineParts {
        providers: Arc::new(OneProvider(provider)),
        recorder: Arc::new(store.clone()),
        money: Money {
            ledger: Arc::new(store.clone()),
            budget: BudgetSettings::default(),
            zone: || TimeZone::UTC,
        },
        capabilities: Arc::new(store.clone()),
        answers: Arc::new(store),
        cache: CacheSettings::default(),
        settings,
        wall: jiff::Timestamp::now,
        with_sleep: || Duration::ZERO,
        // The longest waits there are, less than a quarter: the same every time.
        chance: || 0.0,
    })
}

/// Starts one call.
pub fn start(engine: &Engine, stream: bool) -> RunHandle {
    let call = CallSpec {
        execution_id: ExecutionId(Uuid::now_v7()),
        variant: VariantName::A,
        stamp: TemplateStamp::default(),
        model: ModelRef::new("test", "m"),
        messages: vec![Message::new(Role::User, "Hi")],
        parameters: GenerationParameters::default(),
        inputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        stream,
        cache: CacheUse::Settings,
        safeguards: Safeguards::off(),
        expectations: Expectations::default(),
        fallback: Vec::new(),
        without: Vec::new(),
        remarks: Vec::new(),
    };
    engine.start(RunSpec {
        run_id: RunId(Uuid::now_v7()),
        calls: vec![call],
        mode: Mode::Interactive,
    })
}

/// Runs one call to its end.
pub async fn run(engine: &Engine, stream: bool) -> Execution {
    told(engine, stream).await.0
}

/// Runs one call to its end; the record, and the waits that were told.
pub async fn told(engine: &Engine, stream: bool) -> (Execution, usize) {
    let mut handle = start(engine, stream);
    let mut waits = 0;
    loop {
        match handle.next().await.expect("an end").kind {
            RunEventKind::Finished(execution) => return (*execution, waits),
            RunEventKind::Waiting { .. } => waits += 1,
            _ => {}
        }
    }
}
