//! What is kept of a call on its way, when writing fails and when an answer is put aside.

use std::path::Path;

use pretty_assertions::assert_eq;

use super::*;
use crate::model::{Recovery, ResponseFormat};

/// A piece every fifth of a second.
fn pieces(count: usize) -> Vec<Step> {
    (0..count).flat_map(|number| [say(&format!("{number:03} ")), Step::Sleep(200)]).collect()
}

fn text(kept: &[Checkpoint]) -> String {
    kept.iter().map(|checkpoint| checkpoint.text_delta.as_str()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_checkpoint_held_goes_with_the_next() {
    let memory = Memory { failing: 1..4, ..Memory::default() };
    let bench = bench(vec![[answer(&pieces(40)), vec![Step::Sleep(1)]].concat()], memory);
    let mut handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    let told = words(&all(&mut handle).await);
    let record = bench.memory.finished.lock().unwrap()[0].0.clone();
    let kept = bench.memory.kept.lock().unwrap().clone();
    assert!(kept.len() > 8, "{}", kept.len());
    // Nothing is missing in the middle: what is kept is the beginning of the answer.
    let kept = text(&kept);
    assert!(record.text.starts_with(&kept), "{kept}");
    assert!(record.text.len() - kept.len() <= 3 * 4, "half a second is three pieces: {kept}");
    let of_saving: Vec<_> = told.iter().filter(|word| word.contains("saved")).collect();
    assert_eq!(of_saving, ["not saved", "saved"], "told once, and once that it is over");
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_stays_full_is_not_asked_without_end() {
    let memory = Memory { failing: 0..usize::MAX, ..Memory::default() };
    // Far more than waits for half a second.
    let steps = [say(&"x".repeat(64 << 10)), Step::Sleep(10_000)];
    let bench = bench(vec![answer(&steps)], memory);
    bench.one().await;
    let asked = bench.memory.asked.load(Ordering::SeqCst);
    assert!((15..=22).contains(&asked), "twice a second: {asked}");
}

/// When its pieces came is not lost with the record, so that it can be written with it later.
#[tokio::test(start_paused = true)]
async fn the_times_of_an_answer_that_was_not_kept_are_held() {
    let bench = bench(vec![answer(&pieces(3))], Memory { broken: true, ..Memory::default() });
    let spec = call(VariantName::A, "scripted");
    let id = spec.execution_id;
    all(&mut bench.engine.start(run(vec![spec]))).await;
    let chunks = bench.memory.finished.lock().unwrap()[0].1.clone();
    assert_eq!(chunks.iter().count(), 3);
    assert_eq!(bench.engine.unkept_chunks(id), Some(chunks));
    assert_eq!(bench.engine.unkept_chunks(ExecutionId(Uuid::now_v7())), None);
}

/// A database whose disk is full when a call begins and is not later.
struct FullAtFirst {
    store: Store,
    refusals: AtomicUsize,
}

#[async_trait]
impl Recorder for FullAtFirst {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        if self.refusals.fetch_add(1, Ordering::SeqCst) == 0 {
            return Err(StoreError::Closed);
        }
        self.store.begin(execution).await
    }

    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        self.store.checkpoint(id, checkpoint).await
    }

    async fn finish(&self, _: &Execution, _: &ChunkLog) -> Result<Redactions, StoreError> {
        panic!("the program is gone before");
    }
}

fn engine_over(recorder: Arc<dyn Recorder>, scripts: Vec<Vec<Step>>) -> Engine {
    let scripted = Scripted::new("scripted", scripts);
    Engine::new(EngineParts { recorder, ..parts(vec![scripted], &Arc::new(Memory::default())) })
}

/// Runs a call until its text holds some words, and gives back what the database has of it once
/// it has a part of that text: how much does not matter.
async fn read_at(engine: &Engine, store: &Store, spec: CallSpec, words: &str) -> Execution {
    let id = spec.execution_id;
    let mut handle = engine.start(run(vec![spec]));
    while let Some(event) = handle.next().await {
        if matches!(&event.kind, RunEventKind::Delta { text, .. } if text.contains(words)) {
            break;
        }
    }
    // As at the end of a process: nobody hears of it any more.
    std::mem::forget(handle);
    for _ in 0..10_000 {
        match store.get(id).await.expect("read") {
            Some(record) if !record.text.is_empty() => return record,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
    panic!("nothing was kept");
}

#[tokio::test(start_paused = true)]
async fn a_call_that_could_not_be_begun_is_begun_as_soon_as_there_is_room() {
    let store = Store::open(&StoreOptions::in_memory()).expect("it opens").0;
    let recorder = FullAtFirst { store: store.clone(), refusals: AtomicUsize::new(0) };
    let steps = [say("first"), Step::Sleep(900), say("last"), Step::Hang];
    let engine = engine_over(Arc::new(recorder), vec![answer(&steps)]);
    let record = read_at(&engine, &store, call(VariantName::A, "scripted"), "last").await;
    assert_eq!(record.status, Status::Running);
    assert!(record.text.starts_with("first"), "{}", record.text);
}

/// A call that wants JSON and is asked again for it: the first answer is none.
fn asking_again() -> (CallSpec, Vec<Vec<Step>>) {
    let mut spec = call(VariantName::A, "scripted");
    spec.parameters.response_format = Some(ResponseFormat::Json);
    spec.expectations.recovery = Recovery { on: true, ..Recovery::default() };
    let second = [say("{\"half"), Step::Sleep(900), say("way"), Step::Hang];
    (spec, vec![answer(&[say("first answer")]), answer(&second)])
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_put_aside_is_not_the_beginning_of_the_next() {
    let store = Store::open(&StoreOptions::in_memory()).expect("it opens").0;
    let (spec, scripts) = asking_again();
    let engine = engine_over(Arc::new(store.clone()), scripts);
    let record = read_at(&engine, &store, spec, "way").await;
    assert!(["{\"half", "{\"halfway"].contains(&record.text.as_str()), "{}", record.text);
    assert_eq!(record.attempts.len(), 1, "the first stands with its attempt");
    assert_eq!(record.attempts[0].text.as_deref(), Some("first answer"));
}

#[tokio::test(start_paused = true)]
async fn the_program_that_ends_while_asking_again_leaves_two_answers() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lathe.db");
    let store = Store::open(&StoreOptions::file(&path)).expect("it opens").0;
    let (spec, scripts) = asking_again();
    let id = spec.execution_id;
    let engine = engine_over(Arc::new(store.clone()), scripts);
    read_at(&engine, &store, spec, "way").await;
    // Closing ends what runs as a start after a kill does.
    store.close().await.expect("closed");
    let record = reopened(&path, id).await;
    assert_eq!(record.status, Status::Interrupted);
    // Its last piece may or may not have been written by then.
    assert!(["{\"half", "{\"halfway"].contains(&record.text.as_str()), "{}", record.text);
    assert_eq!(record.attempts[0].text.as_deref(), Some("first answer"));
}

async fn reopened(path: &Path, id: ExecutionId) -> Execution {
    let store = Store::open(&StoreOptions::file(path)).expect("it opens").0;
    store.get(id).await.expect("read").expect("there")
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_kept_while_the_next_is_waited_for() {
    let mut asked = failing(ErrorKind::RateLimit);
    asked.retry_after_ms = Some(30_000);
    let bench = bench(vec![vec![Step::Fail(asked)], answer(&[])], Memory::default());
    let handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_secs(1)).await;
    let kept = bench.memory.kept.lock().unwrap().clone();
    let attempts = kept[0].attempts.as_ref().expect("told");
    assert_eq!(attempts[0].error.as_ref().map(|error| error.kind), Some(ErrorKind::RateLimit));
    drop(handle);
    bench.engine.idle().await;
}

/// What came is priced by the model that wrote it, also after a kill.
#[tokio::test(start_paused = true)]
async fn the_program_that_ends_while_another_model_answers_leaves_its_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("lathe.db");
    let store = Store::open(&StoreOptions::file(&path)).expect("it opens").0;
    let mut spec = call(VariantName::A, "scripted");
    spec.fallback = vec![ModelRef::new("scripted", "n").into()];
    let id = spec.execution_id;
    let failed = vec![Step::Fail(CallError::new(ErrorKind::Quota, "it is spent"))];
    let second = [say("half"), Step::Sleep(900), say("way"), Step::Hang];
    let engine = engine_over(Arc::new(store.clone()), vec![failed, answer(&second)]);
    read_at(&engine, &store, spec, "way").await;
    store.close().await.expect("closed");
    let record = reopened(&path, id).await;
    assert_eq!(record.status, Status::Interrupted);
    assert!(["half", "halfway"].contains(&record.text.as_str()), "{}", record.text);
    assert_eq!(record.model_ref(), ModelRef::new("scripted", "n"));
    assert_eq!(record.attempts[0].model, "m", "the one that failed stands before it");
}

#[tokio::test(start_paused = true)]
async fn failed_attempts_are_kept_where_nothing_is_waited_for() {
    let mut asked = failing(ErrorKind::RateLimit);
    asked.retry_after_ms = Some(0);
    let hangs = answer(&[say("x"), Step::Sleep(900), Step::Hang]);
    let bench = bench(vec![vec![Step::Fail(asked)], hangs], Memory::default());
    let handle = bench.engine.start(run(vec![call(VariantName::A, "scripted")]));
    tokio::time::sleep(Duration::from_secs(2)).await;
    let kept = bench.memory.kept.lock().unwrap().clone();
    assert!(kept.iter().any(|checkpoint| checkpoint.attempts.is_some()), "{kept:?}");
    drop(handle);
    bench.engine.idle().await;
}
