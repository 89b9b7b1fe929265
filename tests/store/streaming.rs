//! Processes that are killed while answers stream into them: the whole way, from a socket through
//! the engine and the redaction to the database.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::{Timestamp, tz::TimeZone};
use promptlathe::{
    app::{RedactingRecorder, Redaction},
    config::{
        BudgetSettings, CacheSettings, EngineSettings, Environment, KeySource, ProviderKind,
        ProviderSettings, Settings,
    },
    engine::{
        CallSpec, Engine, EngineParts, Expectations, Mode, Money, Providers, Recorder,
        RunEventKind, RunSpec, Safeguards, count_cut_off,
    },
    model::{
        CacheUse, CallError, ChunkLog, Execution, ExecutionId, GenerationParameters, Message,
        ModelRef, Price, Redactions, Role, RunId, Status, TemplateStamp, Usage, VariantName,
    },
    provider::{Catalog, Provider, build},
    store::{Checkpoint, Store, StoreError, StoreOptions},
};
use uuid::Uuid;

use crate::{
    kill::Writers,
    support::{folder, integrity},
};

const DATABASE: &str = "LATHE_TEST_STREAMS_INTO";
const PORT: &str = "LATHE_TEST_STREAMS_FROM";
/// Between two pieces of an answer.
const PACE: Duration = Duration::from_millis(8);
/// The pieces of a long answer, which takes well over a second, and of a short one.
const LONG: usize = 160;
const SHORT: usize = 6;
/// The longest that text may lie unkept.
const UNKEPT_MS: u64 = 500;

/// A number in letters, which no rule takes for a secret.
fn letters(mut number: usize) -> String {
    let mut word = String::new();
    for _ in 0..4 {
        word.push(char::from(b'a' + u8::try_from(number % 26).unwrap_or(0)));
        number /= 26;
    }
    word
}

fn piece(label: &str, number: usize) -> String {
    format!("{label} said {} again; ", letters(number))
}

fn whole(label: &str, pieces: usize) -> String {
    (0..pieces).map(|number| piece(label, number)).collect()
}

/// Answers every request with as many pieces as its prompt asks for: `label pieces`.
fn server() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that was killed ends its connection, and nothing else.
            std::thread::spawn(move || drop(answer(stream)));
        }
    });
    port
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut read = [0; 4096];
    let prompt = loop {
        let count = stream.read(&mut read)?;
        request.extend_from_slice(&read[..count]);
        let text = String::from_utf8_lossy(&request);
        if let Some((_, rest)) = text.split_once("\"content\":\"")
            && let Some((prompt, _)) = rest.split_once('"')
        {
            break prompt.to_owned();
        }
        if count == 0 {
            return Ok(());
        }
    };
    let (label, pieces) = prompt.split_once(' ').unwrap_or((&prompt, "0"));
    let frame = |delta: &str, reason: &str| {
        format!(
            "data: {{\"choices\":[{{\"index\":0,\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n"
        )
    };
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
    )?;
    for number in 0..pieces.parse().unwrap_or(0) {
        let text = serde_json::Value::from(piece(label, number));
        stream.write_all(frame(&format!("{{\"content\":{text}}}"), "null").as_bytes())?;
        std::thread::sleep(PACE);
    }
    stream.write_all(frame("{}", "\"stop\"").as_bytes())?;
    stream.write_all(b"data: [DONE]\n\n")
}

/// A clock that all processes share, in milliseconds.
fn clock() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    let milliseconds = now.tv_sec * 1_000 + now.tv_nsec / 1_000_000;
    u64::try_from(milliseconds).expect("it counts up")
}

/// Says what the database acknowledged, and when it was asked.
struct Telling(RedactingRecorder, Mutex<BTreeMap<ExecutionId, usize>>);

#[async_trait]
impl Recorder for Telling {
    async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        self.0.begin(execution).await?;
        println!("begun {} {}", execution.id, execution.messages[0].content);
        Ok(())
    }

    async fn checkpoint(&self, id: ExecutionId, checkpoint: Checkpoint) -> Result<(), StoreError> {
        let added = checkpoint.text_delta.len();
        println!("ask {id} {}", clock());
        self.0.checkpoint(id, checkpoint).await?;
        let kept = {
            let mut all = self.1.lock().unwrap_or_else(PoisonError::into_inner);
            let kept = all.entry(id).or_default();
            *kept += added;
            *kept
        };
        println!("kept {id} {kept} {}", clock());
        Ok(())
    }

    async fn finish(
        &self,
        execution: &Execution,
        chunks: &ChunkLog,
    ) -> Result<Redactions, StoreError> {
        println!("ask {} {}", execution.id, clock());
        let redactions = self.0.finish(execution, chunks).await?;
        println!("done {}", execution.id);
        Ok(redactions)
    }
}

struct Local(Arc<dyn Provider>);

#[async_trait]
impl Providers for Local {
    async fn provider(&self, _: &str) -> Result<Arc<dyn Provider>, CallError> {
        Ok(Arc::clone(&self.0))
    }

    fn price(&self, _: &ModelRef, _: &Usage) -> Option<Price> {
        Some(PRICE)
    }
}

const PRICE: Price = Price {
    input: 1.0,
    output: 2.0,
    cached_input: None,
    cache_write: None,
    cache_write_hour: None,
};

fn open(path: &Path) -> Store {
    let options = StoreOptions::file(path)
        .workspace("test")
        .busy_timeout(Duration::from_secs(30))
        .counting(|execution| count_cut_off(execution, |_, _| Some(PRICE)));
    Store::open(&options).expect("it opens").0
}

fn engine(path: &Path, port: u16) -> Engine {
    let base = format!("http://127.0.0.1:{port}/v1").parse().expect("an address");
    let settings = EngineSettings::default();
    let of_provider = ProviderSettings::new(ProviderKind::OpenAi, base, KeySource::None);
    let catalog = Arc::new(Catalog::builtin());
    let provider = build("local", &of_provider, &settings, None, &catalog).expect("built");
    let store = open(path);
    let environment = Environment::default();
    let all = Settings::built_in(&environment).expect("valid");
    let redaction = Arc::new(Redaction::new(&all, &environment).expect("valid"));
    let recorder = RedactingRecorder::new(Arc::new(store.clone()), redaction);
    Engine::new(EngineParts {
        providers: Arc::new(Local(provider)),
        recorder: Arc::new(Telling(recorder, Mutex::default())),
        capabilities: Arc::new(store.clone()),
        settings,
        money: Money {
            ledger: Arc::new(store.clone()),
            budget: BudgetSettings::default(),
            zone: || TimeZone::UTC,
        },
        answers: Arc::new(store),
        cache: CacheSettings::default(),
        wall: Timestamp::now,
        with_sleep: || Duration::ZERO,
        chance: || 0.5,
    })
}

fn spec(prompt: String) -> CallSpec {
    CallSpec {
        execution_id: ExecutionId(Uuid::now_v7()),
        variant: VariantName::A,
        stamp: TemplateStamp::default(),
        model: ModelRef::new("local", "m"),
        messages: vec![Message::new(Role::User, prompt)],
        parameters: GenerationParameters::default(),
        inputs: BTreeMap::new(),
        tags: BTreeMap::new(),
        stream: true,
        cache: CacheUse::default(),
        fallback: Vec::new(),
        remarks: Vec::new(),
        safeguards: Safeguards::off(),
        expectations: Expectations::default(),
        without: Vec::new(),
    }
}

/// Not a test of its own: the process that the other one starts and kills. Four answers stream
/// into it at a time, for ever, and it says what it has received and what was acknowledged. All
/// of it on one thread, so that a time in which the machine does other things is a gap in what it
/// says.
#[tokio::test]
async fn streaming_process() {
    let (Some(path), Some(port)) = (std::env::var_os(DATABASE), std::env::var(PORT).ok()) else {
        return;
    };
    // What the test runner wrote before is a line of its own.
    println!();
    let engine = engine(Path::new(&path), port.parse().expect("a port"));
    for (lane, pieces) in [LONG, LONG, LONG, SHORT].into_iter().enumerate() {
        let engine = engine.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let prompt = format!("w{}{} {pieces}", letters(lane), letters(number));
                stream_one(&engine, spec(prompt)).await;
            }
        });
    }
    // They end with the process.
    std::future::pending::<()>().await;
}

async fn stream_one(engine: &Engine, spec: CallSpec) {
    let (id, mut received) = (spec.execution_id, 0);
    let run = RunSpec { run_id: RunId(Uuid::now_v7()), calls: vec![spec], mode: Mode::Interactive };
    let mut handle = engine.start(run);
    while let Some(event) = handle.next().await {
        match event.kind {
            RunEventKind::Delta { text, .. } => {
                received += text.len();
                println!("got {id} {received} {}", clock());
            }
            RunEventKind::NotSaved { reason } => println!("failed {reason}"),
            _ => {}
        }
    }
}

/// The process that streams.
fn streamer(path: &Path, port: u16) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "streaming::streaming_process", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .env(PORT, port.to_string())
        .stderr(Stdio::null());
    command
}

/// Kills it once it has said so many lines; everything it said.
fn killed_after(process: Writers, lines: usize) -> Vec<String> {
    process.until_acknowledged(lines);
    let mut told = process.kill();
    // The last line may be cut short.
    told.pop();
    told
}

/// What a process said of one answer.
#[derive(Debug, Default)]
struct Said {
    prompt: String,
    /// Bytes received, and when.
    got: Vec<(usize, u64)>,
    /// Bytes acknowledged.
    kept: usize,
    /// When the write on its way was asked for.
    asked: Option<u64>,
    /// The longest a write took.
    slowest: u64,
    done: bool,
}

/// What a process said in all: of each answer, when it said anything last, and the longest it said
/// nothing.
fn said(lines: &[String]) -> (BTreeMap<ExecutionId, Said>, u64, u64) {
    let mut all: BTreeMap<ExecutionId, Said> = BTreeMap::new();
    let (mut last, mut gap) = (0, 0);
    let mut hear = |at: u64| {
        if last > 0 {
            gap = gap.max(at.saturating_sub(last));
        }
        last = last.max(at);
    };
    for line in lines {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |place: usize| words.get(place).and_then(|word| word.parse::<u64>().ok());
        assert_ne!(words[0], "failed", "{line}");
        let Some(id) = words.get(1).and_then(|id| id.parse::<ExecutionId>().ok()) else { continue };
        let of = all.entry(id).or_default();
        match (words[0], number(2), number(3)) {
            ("begun", ..) => of.prompt = words[2..].join(" "),
            ("ask", Some(at), _) => {
                of.asked = Some(at);
                hear(at);
            }
            ("got", Some(bytes), Some(at)) => {
                of.got.push((usize::try_from(bytes).expect("small"), at));
                hear(at);
            }
            ("kept", Some(bytes), Some(at)) => {
                of.kept = usize::try_from(bytes).expect("small");
                let asked = of.asked.take().expect("it was asked");
                of.slowest = of.slowest.max(at - asked);
                hear(at);
            }
            ("done", ..) => of.done = true,
            _ => {}
        }
    }
    (all, last, gap)
}

/// Holds what a process said against what is in the database; how many answers were cut off with
/// some text.
async fn compare(store: &Store, lines: &[String], place: &str) -> usize {
    let (all, last, gap) = said(lines);
    let mut cut_off = 0;
    for (id, said) in all {
        let record = store.get(id).await.expect("read");
        assert!(record.is_some(), "{place}: {id} is lost: {said:?}");
        let record = record.expect("just looked at");
        let (label, pieces) = said.prompt.split_once(' ').expect("a prompt");
        let whole = whole(label, pieces.parse().expect("a number"));
        let text = record.text.as_str();
        assert!(whole.starts_with(text), "{place}: {id} has something else: {text}");
        if said.done {
            assert_eq!((record.status, text), (Status::Ok, whole.as_str()), "{place}: {id}");
            continue;
        }
        // The last moments of a process are not told any more: it may have ended whole.
        if record.status == Status::Ok {
            assert_eq!(text, whole, "{place}: {id}");
            continue;
        }
        assert_eq!(record.status, Status::Interrupted, "{place}: {id}");
        assert!(text.len() >= said.kept, "{place}: {id}: {} of {said:?}", text.len());
        let missing = said.got.iter().find(|(bytes, _)| *bytes > text.len());
        if let Some((_, since)) = missing {
            // What lay unkept for half a second is being written, as fast as this machine can.
            let in_flight = said.asked.map_or(0, |asked| last.saturating_sub(asked));
            let allowed = UNKEPT_MS + said.slowest.max(in_flight) + gap + 50;
            let lost = last - since;
            assert!(
                lost <= allowed,
                "{place}: {id}: {lost} ms lost, {allowed} allowed; since {since}, last {last}, \
                 gap {gap}, {} of {} kept: {said:?}",
                text.len(),
                whole.len()
            );
        }
        if !text.is_empty() {
            cut_off += 1;
            assert!(record.usage.estimated && record.cost_usd > Some(0.0), "{place}: {record:?}");
        }
    }
    cut_off
}

/// Half of the rounds, each with four processes that are killed at moments of their own.
fn rounds(port: u16, numbers: impl Iterator<Item = usize>) -> (usize, usize) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let mut place = folder();
    let (mut done, mut cut_off) = (0, 0);
    for (count, round) in numbers.enumerate() {
        if count % 10 == 0 {
            // Looking at every page of a database that only grows would be most of the time.
            place = folder();
            drop(open(&place.path().join("lathe.db")).close_blocking());
        }
        let path = place.path().join("lathe.db");
        let streamers: Vec<Writers> =
            (0..4).map(|_| Writers::of([streamer(&path, port)])).collect();
        let killers: Vec<_> = streamers
            .into_iter()
            .enumerate()
            .map(|(index, streamer)| {
                // Most are killed soon; some after their first checkpoints.
                let spread = if round % 4 == index { 700 } else { 160 };
                let lines = 8 + (round * 37 + index * 101) % spread;
                std::thread::spawn(move || killed_after(streamer, lines))
            })
            .collect();
        let told: Vec<_> =
            killers.into_iter().map(|killer| killer.join().expect("killed")).collect();
        let store = open(&path);
        for lines in &told {
            done += lines.iter().filter(|line| line.starts_with("done ")).count();
            cut_off += runtime.block_on(compare(&store, lines, &format!("round {round}")));
        }
        store.close_blocking().expect("closed");
        assert_eq!(integrity(&path), "ok", "round {round}");
    }
    (done, cut_off)
}

/// A hundred times four processes with four answers coming each are killed wherever they are.
/// What was acknowledged is there, every text is the exact beginning of what came, and no more of
/// it is missing than came in the last half a second.
#[test]
fn a_killed_stream_loses_half_a_second_at_most() {
    let port = server();
    // Two databases at a time: processes that stream have little to do.
    let halves: Vec<_> = (0..2)
        .map(|half| std::thread::spawn(move || rounds(port, (0..100).filter(|it| it % 2 == half))))
        .collect();
    let counts: Vec<_> = halves.into_iter().map(|half| half.join().expect("it holds")).collect();
    let (done, cut_off) = counts.iter().fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    assert!(done > 100 && cut_off > 100, "{done} were done, {cut_off} cut off");
}

/// What is said of answers is told apart by answer, so that the comparison compares something.
#[test]
fn what_a_process_said_is_read_as_it_was_meant() {
    let id = ExecutionId(Uuid::now_v7());
    let lines = [
        format!("begun {id} label 6"),
        format!("got {id} 10 1000"),
        format!("ask {id} 1500"),
        format!("kept {id} 10 1520"),
        format!("got {id} 30 1530"),
    ];
    let (all, last, gap) = said(&lines);
    assert_eq!((all.len(), last, gap), (1, 1_530, 500));
    let of = &all[&id];
    assert_eq!((of.prompt.as_str(), of.kept, of.slowest, of.done), ("label 6", 10, 20, false));
    assert_eq!(of.got, [(10, 1_000), (30, 1_530)]);
    let labels: BTreeSet<String> = (0..500).map(letters).collect();
    assert_eq!(labels.len(), 500);
}
