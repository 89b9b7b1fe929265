//! Processes that are killed while they write.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Condvar, Mutex, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use promptlathe::{
    model::{ChunkLog, ExecutionId, Status},
    store::{Checkpoint, HistoryQuery, Scope, Store, StoreOptions},
};

use crate::support::{execution, folder, integrity, open, open_reported};

const DATABASE: &str = "LATHE_TEST_WRITES_INTO";
/// How many executions a process is to make; without end where it is not set.
const COUNT: &str = "LATHE_TEST_WRITES_SO_MANY";
/// What a test waits for before it gives up.
const PATIENCE: Duration = Duration::from_mins(2);

/// Not a test of its own: the process that the other tests start and kill. It writes records
/// without end and prints each id once the store has answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writer_process() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    // What the test runner wrote before is a line of its own.
    println!();
    if let Some(count) = std::env::var(COUNT).ok().and_then(|count| count.parse().ok()) {
        return write_so_many(Path::new(&path), count).await;
    }
    let (store, _) =
        Store::open(&StoreOptions::file(Path::new(&path)).workspace("test")).expect("opens");
    for number in 0..4 {
        let store = store.clone();
        tokio::spawn(async move {
            loop {
                let mut record = execution("one", "");
                record.status = Status::Running;
                store.begin(&record).await.expect("begun");
                println!("begun {}", record.id);
                for piece in 0..3 {
                    let text_delta = format!("{number}.{piece} ");
                    record.text.push_str(&text_delta);
                    let checkpoint = Checkpoint { text_delta, ..Checkpoint::default() };
                    store.checkpoint(record.id, checkpoint).await.expect("kept");
                    println!("kept {} {}", record.id, record.text.len());
                }
                record.status = Status::Ok;
                store.finish(&record, &ChunkLog::default()).await.expect("finished");
                println!("done {}", record.id);
            }
        });
    }
    // They end with the process.
    std::future::pending::<()>().await;
}

/// Makes executions, sixteen at a time, as a workbench at work does, with the patience it has.
async fn write_so_many(path: &Path, count: usize) {
    let (store, _) = Store::open(&StoreOptions::file(path).workspace("test")).expect("opens");
    let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let tasks: Vec<_> = (0..16)
        .map(|_| {
            let (store, next) = (store.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                while next.fetch_add(1, std::sync::atomic::Ordering::SeqCst) < count {
                    let mut record = execution("one", "");
                    record.status = Status::Running;
                    store.begin(&record).await.expect("begun");
                    record.status = Status::Ok;
                    "an answer".clone_into(&mut record.text);
                    store.finish(&record, &ChunkLog::default()).await.expect("finished");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("it wrote");
    }
    store.close().await.expect("closed");
}

fn writer(path: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this program"));
    command
        .args(["--exact", "kill::writer_process", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stderr(Stdio::null());
    command
}

const HOLDS: &str = "LATHE_TEST_HOLDS";

/// Not a test of its own: the process that has a database open until its input ends: `idle`, or
/// in the middle of a write that it does not end.
#[tokio::test]
async fn holding_process() {
    let (Some(path), Ok(how)) = (std::env::var_os(DATABASE), std::env::var(HOLDS)) else { return };
    let path = Path::new(&path);
    let (store, _) = Store::open(&StoreOptions::file(path).workspace("test")).expect("opens");
    let held = (how == "writes").then(|| rusqlite::Connection::open(path).expect("opens"));
    if let Some(held) = &held {
        let mut record = execution("one", "");
        record.status = Status::Running;
        store.begin(&record).await.expect("begun");
        held.execute_batch("BEGIN IMMEDIATE").expect("held");
    }
    println!("\nholding");
    std::io::stdin().read_line(&mut String::new()).expect("its input ends");
    drop(held);
    drop(store.close().await);
}

/// Another process that has a database open.
pub struct Holder(Child);

impl Holder {
    /// Starts one, `idle` or one that `writes`, and waits until it has the database.
    pub fn start(path: &Path, how: &str) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "kill::holding_process", "--nocapture", "--test-threads=1"])
            .env(DATABASE, path)
            .env(HOLDS, how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let mut lines = output.lines().map_while(Result::ok);
        assert!(lines.any(|line| line == "holding"), "it never had it");
        // Kept open, so that what it writes at its end goes somewhere.
        std::thread::spawn(move || lines.for_each(drop));
        Self(child)
    }

    pub fn id(&self) -> u32 {
        self.0.id()
    }

    /// Lets it end in order.
    pub fn end(mut self) {
        drop(self.0.stdin.take());
        self.0.wait().expect("it ends");
    }
}

/// Processes that write without end, and what they have acknowledged.
pub struct Writers {
    children: Vec<Child>,
    readers: Vec<JoinHandle<()>>,
    told: Arc<(Mutex<Vec<String>>, Condvar)>,
}

impl Writers {
    pub fn start(path: &Path, count: usize) -> Self {
        Self::of((0..count).map(|_| writer(path)))
    }

    /// Those that these commands start.
    pub fn of(commands: impl IntoIterator<Item = Command>) -> Self {
        let told = Arc::new((Mutex::new(Vec::new()), Condvar::new()));
        let mut children = Vec::new();
        let mut readers = Vec::new();
        for mut command in commands {
            let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
            let output = BufReader::new(child.stdout.take().expect("piped"));
            let told = Arc::clone(&told);
            readers.push(std::thread::spawn(move || {
                for line in output.lines().map_while(Result::ok) {
                    told.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                    told.1.notify_all();
                }
            }));
            children.push(child);
        }
        Self { children, readers, told }
    }

    /// Waits until so many lines have come, of all of them together.
    pub fn until_acknowledged(&self, lines: usize) {
        let told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (told, _) = self
            .told
            .1
            .wait_timeout_while(told, PATIENCE, |told| told.len() < lines)
            .expect("waited");
        assert!(told.len() >= lines, "only {} lines came", told.len());
    }

    /// How many executions are acknowledged as begun.
    pub fn begun(&self) -> u64 {
        let told = self.told.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.iter().filter(|line| line.starts_with("begun ")).count() as u64
    }

    /// Kills all of them; everything they had acknowledged.
    pub fn kill(mut self) -> Vec<String> {
        for child in &mut self.children {
            child.kill().expect("killed");
        }
        for child in &mut self.children {
            child.wait().expect("gone");
        }
        for reader in self.readers.drain(..) {
            reader.join().expect("read to the end");
        }
        std::mem::take(&mut self.told.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A hundred times four processes that stream into one database are killed wherever they are.
/// What they had acknowledged is there, running executions are ended with the text they had,
/// and the file is sound each time.
#[tokio::test]
async fn nothing_acknowledged_is_lost_when_four_processes_are_killed() {
    let mut place = folder();
    let mut acknowledged = 0;
    for round in 0..100 {
        if round % 10 == 0 {
            // Looking at every page of a database that only grows would be most of the time.
            place = folder();
            open(&place.path().join("lathe.db")).close().await.expect("made");
        }
        let path = place.path().join("lathe.db");
        let writers = Writers::start(&path, 4);
        writers.until_acknowledged(8 + round * 13 % 90);
        let seen = writers.kill();
        acknowledged += seen.len();
        let (store, report) = open_reported(&path);
        assert!(report.interrupted <= 16, "round {round}: {}", report.interrupted);
        for (id, (begun, length, done)) in by_execution(&seen) {
            let record = store.get(id).await.expect("read");
            let record = record.unwrap_or_else(|| panic!("round {round}: {id} is lost"));
            assert!(begun, "round {round}: {id}");
            assert!(record.text.len() >= length, "round {round}: {id}: {record:?}");
            let expected = if done { Status::Ok } else { record.status };
            assert_eq!(record.status, expected, "round {round}: {id}");
            assert_ne!(record.status, Status::Running, "round {round}: {id}");
        }
        store.close().await.expect("closed");
        assert_eq!(integrity(&path), "ok", "round {round}");
    }
    assert!(acknowledged > 100 * 8, "{acknowledged}");
}

/// What was acknowledged of each execution: that it began, how much text was kept, that it ended.
fn by_execution(lines: &[String]) -> BTreeMap<ExecutionId, (bool, usize, bool)> {
    let mut found: BTreeMap<ExecutionId, (bool, usize, bool)> = BTreeMap::new();
    for line in lines {
        // The last line of a process may be cut short.
        let mut words = line.split(' ');
        let word = words.next().unwrap_or_default();
        if !["begun", "kept", "done"].contains(&word) {
            continue;
        }
        let Some(id) = words.next().and_then(|id| id.parse::<ExecutionId>().ok()) else { continue };
        let entry = found.entry(id).or_default();
        match word {
            "begun" => entry.0 = true,
            "kept" => entry.1 = words.next().and_then(|length| length.parse().ok()).unwrap_or(0),
            _ => entry.2 = true,
        }
    }
    found
}

/// Eight processes make a thousand executions each in one database; each of them is there and
/// nobody was told that the database is locked, which would have ended its process.
#[tokio::test]
async fn eight_processes_write_a_thousand_executions_each() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("made");
    let children: Vec<Child> = (0..8)
        .map(|_| writer(&path).env(COUNT, "1000").stdout(Stdio::null()).spawn().expect("it starts"))
        .collect();
    for mut child in children {
        assert!(child.wait().expect("it ends").success(), "every write was answered");
    }
    let store = open(&path);
    let mut query = HistoryQuery { workspace: Scope::All, limit: 500, ..HistoryQuery::default() };
    let mut count = 0;
    loop {
        let page = store.history(query.clone()).await.expect("listed");
        assert!(page.rows.iter().all(|row| row.status == Status::Ok));
        count += page.rows.len();
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    assert_eq!(count, 8_000);
    store.close().await.expect("closed");
    assert_eq!(integrity(&path), "ok");
}
