//! The whole program measured from outside, in a pseudo-terminal and through pipes, against a
//! server that streams tokens at a set rate. Prints a Markdown table.
//!
//! `cargo build --release && cargo bench --bench program`

#![expect(
    clippy::print_stdout,
    clippy::cast_precision_loss,
    reason = "it prints its measurements, which are small numbers"
)]

#[expect(dead_code, reason = "shared with tests and pictures")]
#[path = "../tests/support/session.rs"]
mod session;

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use promptlathe::{
    model::{
        CacheState, ChunkLog, Execution, ExecutionId, Message, Quality, Role, RunId,
        SentParameters, Status, TemplateId, Timing, Usage, VariantName,
    },
    store::{Store, StoreOptions},
};
use session::{Fallible, Session, Start};
use uuid::Uuid;

/// One token on the wire and on the screen.
const TOKEN: &str = "word ";
const LONG: usize = 50_000;

fn main() -> Fallible<()> {
    // `cargo test --benches` passes this; there is nothing to test here.
    if std::env::args().any(|argument| argument == "--test") {
        return Ok(());
    }
    let port = serve()?;
    let place = Place::new(port)?;
    println!("{} cores, {}\n", cores(), std::env::consts::ARCH);
    println!("| what | measured |\n|---|---|");
    let row = |what: &str, measured: String| println!("| {what} | {measured} |");

    let (first, memory) = start(&place)?;
    row("start to first full frame, empty database", milliseconds(first));
    row("resident memory after it", format!("{memory} MiB"));
    seed(&place, 100_000)?;
    let (first, memory) = start(&place)?;
    row("start to first full frame, 100,000 executions", milliseconds(first));
    row("resident memory after it", format!("{memory} MiB"));

    let (bytes, wake_ups) = idle(&place)?;
    row("idle for 10 s: bytes to the terminal", bytes.to_string());
    row("idle for 10 s: voluntary context switches", wake_ups.to_string());

    let (median, worst) = keys(&place, 0)?;
    row("key to first byte, idle: median, p99", format!("{median:.2} ms, {worst:.2} ms"));
    // Variants are kept from one start to the next: what counts panes begins in a new place.
    let (median, worst) = keys(&Place::new(port)?, 4)?;
    row(
        "key to first byte, four streams at 200 tokens/s: median, p99",
        format!("{median:.2} ms, {worst:.2} ms"),
    );

    let ratio = streaming(&Place::new(port)?)?;
    row("bytes to the terminal, two panes at 60 tokens/s", format!("{ratio:.2} × visible bytes"));

    let (took, bytes, memory) = flood(&Place::new(port)?, 1)?;
    row("one answer of 50,000 tokens in the workbench", milliseconds(took));
    row("bytes to the terminal for it", format!("{:.2} MB", bytes as f64 / 1e6));
    row("resident memory after it", format!("{memory} MiB"));
    let (took, _, memory) = flood(&Place::new(port)?, 4)?;
    row("four such answers side by side", milliseconds(took));
    row("resident memory after them", format!("{memory} MiB"));

    let (ours, curl) = headless(&place)?;
    row("the same headless to a pipe", milliseconds(ours));
    if let Some(curl) = curl {
        row("curl for the same stream", milliseconds(curl));
    }
    Ok(())
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// A home and a workspace whose templates ask the server at a rate, or as fast as can be.
struct Place {
    home: tempfile::TempDir,
    port: u16,
}

impl Place {
    fn new(port: u16) -> Fallible<Self> {
        let home = tempfile::TempDir::new()?;
        let config = home.path().join(".config/lathe");
        fs::create_dir_all(&config)?;
        fs::write(
            config.join("config.toml"),
            format!(
                "[providers.bench]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:{port}/v1\"\n"
            ),
        )?;
        let prompts = home.path().join("work/prompts");
        fs::create_dir_all(&prompts)?;
        for model in ["rate60", "rate200", "flood"] {
            fs::write(
                prompts.join(format!("{model}.prompty")),
                format!("---\nversion: 1.0.0\nmodel: bench/{model}\n---\nuser:\nGo on.\n"),
            )?;
        }
        Ok(Self { home, port })
    }

    fn start(&self, template: &str) -> Fallible<Session> {
        let mut session = Session::start(Start {
            home: Some(self.home.path().to_owned()),
            arguments: vec!["--workspace".to_owned(), self.work().to_string_lossy().into_owned()],
            ..Start::default()
        })?;
        session.until("Prompts")?;
        // Filter the library down to the template and open it.
        session.settle(Duration::from_millis(150))?;
        session.keys("\x1b[Z")?;
        session.settle(Duration::from_millis(50))?;
        session.keys(&format!("/{template}\r"))?;
        session.until_that(template, |screen| screen.contains(&format!("{template}  1.0.0")))?;
        session.settle(Duration::from_millis(200))?;
        Ok(session)
    }

    fn work(&self) -> PathBuf {
        self.home.path().join("work")
    }
}

/// From the start of the program to a screen that holds everything: median of 15.
fn start(place: &Place) -> Fallible<(Duration, u64)> {
    let mut times = Vec::new();
    let mut memory = 0;
    for _ in 0..15 {
        let mut session = Session::start(Start {
            home: Some(place.home.path().to_owned()),
            arguments: vec!["--workspace".to_owned(), place.work().to_string_lossy().into_owned()],
            ..Start::default()
        })?;
        session.until("Inputs")?;
        times.push(session.since_start());
        session.settle(Duration::from_millis(300))?;
        memory = session.process().and_then(|id| session::status_of(id, "VmRSS")).unwrap_or(0);
        session.end()?;
    }
    times.sort();
    Ok((times[times.len() / 2], memory / 1024))
}

fn idle(place: &Place) -> Fallible<(u64, u64)> {
    let mut session = place.start("flood")?;
    // Threads that helped at the start go to rest after ten seconds.
    session.settle(Duration::from_secs(12))?;
    let process = session.process().ok_or("a process")?;
    let (bytes, wake_ups) = (session.bytes(), session::wake_ups(process));
    session.settle(Duration::from_secs(10))?;
    let outcome = (session.bytes() - bytes, session::wake_ups(process) - wake_ups);
    session.end()?;
    Ok(outcome)
}

/// From a key press to the first byte it causes, in milliseconds: median and 99th percentile.
fn keys(place: &Place, streams: usize) -> Fallible<(f64, f64)> {
    let mut session = place.start("rate200")?;
    for _ in 1..streams {
        session.keys("f")?;
        session.settle(Duration::from_millis(60))?;
    }
    if streams > 0 {
        session.keys("R")?;
        session.until_that("streams", |screen| screen.matches("writing").count() >= streams)?;
    }
    // The output pane has the focus after forking: its keys move it, each press changes the
    // screen.
    let mut times = Vec::new();
    for index in 0..200 {
        if streams == 0 {
            session.settle(Duration::from_millis(30))?;
        }
        let pressed = Instant::now();
        session.keys(if index % 2 == 0 { "\t" } else { "\x1b[Z" })?;
        let before = session.bytes();
        while session.bytes() == before {
            if !session.take(Duration::from_millis(500))? {
                return Err(format!("a key did nothing:\n{}", session.screen().contents()).into());
            }
        }
        let first = session.last_output().saturating_duration_since(pressed);
        times.push(first.as_secs_f64() * 1000.0);
        // Presses come at a person's pace, and not in step with frames.
        let pause = Instant::now() + Duration::from_millis(23 + (index % 7) * 5);
        while Instant::now() < pause {
            session.take(Duration::from_millis(2))?;
        }
    }
    session.end()?;
    times.sort_by(f64::total_cmp);
    Ok((times[times.len() / 2], times[times.len() * 99 / 100]))
}

/// Bytes to the terminal for each byte of text shown.
fn streaming(place: &Place) -> Fallible<f64> {
    let mut session = place.start("rate60")?;
    session.keys("f")?;
    session.settle(Duration::from_millis(200))?;
    session.keys("R")?;
    session.until_that("streams", |screen| screen.matches("writing").count() >= 2)?;
    session.settle(Duration::from_millis(1))?;
    let (began, bytes) = (Instant::now(), session.bytes());
    while began.elapsed() < Duration::from_secs(20) {
        session.take(Duration::from_millis(50))?;
    }
    let visible = began.elapsed().as_secs_f64() * 2.0 * 60.0 * TOKEN.len() as f64;
    let sent = (session.bytes() - bytes) as f64;
    session.end()?;
    Ok(sent / visible)
}

/// A long answer as fast as possible, in so many panes.
fn flood(place: &Place, panes: usize) -> Fallible<(Duration, u64, u64)> {
    let mut session = place.start("flood")?;
    for _ in 1..panes {
        session.keys("f")?;
        session.settle(Duration::from_millis(100))?;
    }
    let (began, bytes) = (Instant::now(), session.bytes());
    session.keys("R")?;
    session.until_that("done", |screen| screen.matches("done ").count() >= panes)?;
    let took = session.last_output() - began;
    session.settle(Duration::from_millis(300))?;
    let memory = session.process().and_then(|id| session::status_of(id, "VmRSS")).unwrap_or(0);
    let sent = session.bytes() - bytes;
    session.end()?;
    Ok((took, sent, memory / 1024))
}

/// The long answer through pipes: ours and curl's, medians of 5.
fn headless(place: &Place) -> Fallible<(Duration, Option<Duration>)> {
    let median = |mut run: Box<dyn FnMut() -> Fallible<Duration>>| -> Fallible<Duration> {
        let mut times = (0..5).map(|_| run()).collect::<Fallible<Vec<_>>>()?;
        times.sort();
        Ok(times[2])
    };
    let program = session::program()?;
    let (home, work) = (place.home.path().to_owned(), place.work());
    let ours = median(Box::new(move || {
        timed(
            Command::new(&program)
                .args(["--workspace", &work.to_string_lossy(), "run", "flood"])
                .env_clear()
                .envs(session::environment(&home)),
        )
    }))?;
    let port = place.port;
    let curl = median(Box::new(move || {
        timed(
            Command::new("curl")
                .args(["-sN", "-d", "{\"model\":\"flood\",\"stream\":true}"])
                .args(["-H", "content-type: application/json"])
                .arg(format!("http://127.0.0.1:{port}/v1/chat/completions")),
        )
    }));
    Ok((ours, curl.ok()))
}

fn timed(command: &mut Command) -> Fallible<Duration> {
    let began = Instant::now();
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let mut received = Vec::new();
    child.stdout.take().ok_or("a pipe")?.read_to_end(&mut received)?;
    child.wait()?;
    if received.len() < LONG * TOKEN.len() {
        return Err(format!("only {} bytes came", received.len()).into());
    }
    Ok(began.elapsed())
}

/// Fills the database of a place.
fn seed(place: &Place, count: usize) -> Fallible<()> {
    let path = place.home.path().join(".local/share/lathe/lathe.db");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (store, _) = Store::open(&StoreOptions::file(&path).workspace("work"))?;
        for batch in 0..count.div_ceil(500) {
            let mut writes = tokio::task::JoinSet::new();
            for number in 0..500 {
                let store = store.clone();
                let execution = execution(batch * 500 + number)?;
                writes.spawn(async move { store.finish(&execution, &ChunkLog::default()).await });
            }
            for written in writes.join_all().await {
                written?;
            }
        }
        store.close().await?;
        Ok(())
    })
}

fn execution(number: usize) -> Fallible<Execution> {
    let text = format!("Answer {number}: {}", "plain words of an answer ".repeat(20));
    Ok(Execution {
        id: ExecutionId(Uuid::now_v7()),
        run_id: RunId(Uuid::now_v7()),
        template: Some(TemplateId::new("flood")?),
        version: None,
        content_hash: None,
        variant: VariantName::A,
        provider: "bench".to_owned(),
        model: "flood".to_owned(),
        response_model: None,
        status: Status::Ok,
        inputs: BTreeMap::new(),
        messages: vec![Message { role: Role::User, content: "Go on.".to_owned() }],
        text,
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: None,
        finish_reason_raw: None,
        parameters: SentParameters::default(),
        usage: Usage::default(),
        cost_usd: None,
        spend: None,
        timing: Timing { total_ms: Some(900), ..Timing::started(Timestamp::now()) },
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: BTreeMap::new(),
        rating: None,
        error: None,
        redactions: promptlathe::model::Redactions::default(),
    })
}

/// A server of tokens: model `rateN` streams N tokens a second without end, `flood` streams
/// 50,000 as fast as the connection takes them.
fn serve() -> Fallible<u16> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A caller that goes away ends its answer.
            thread::spawn(move || drop(answer(stream)));
        }
    });
    Ok(port)
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let body = String::from_utf8_lossy(&body).into_owned();
    stream.write_all(
        b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n",
    )?;
    let frame = format!(
        "data: {{\"id\":\"x\",\"object\":\"chat.completion.chunk\",\"model\":\"m\",\"choices\":\
         [{{\"index\":0,\"delta\":{{\"content\":\"{TOKEN}\"}},\"finish_reason\":null}}]}}\n\n"
    );
    let end = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n\
               data: [DONE]\n\n";
    let rate: Option<u64> = body
        .split_once("\"rate")
        .and_then(|(_, rest)| rest.split('"').next())
        .and_then(|number| number.parse().ok());
    if let Some(rate) = rate {
        let began = Instant::now();
        for number in 0.. {
            let due = Duration::from_micros(1_000_000 * number / rate.max(1));
            thread::sleep(due.saturating_sub(began.elapsed()));
            stream.write_all(frame.as_bytes())?;
        }
    } else {
        let lot = frame.repeat(100);
        for _ in 0..LONG / 100 {
            stream.write_all(lot.as_bytes())?;
        }
    }
    stream.write_all(end.as_bytes())
}
