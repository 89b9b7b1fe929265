//! Processes that are killed while they write.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
};

use promptlathe::{
    model::{ChunkLog, ExecutionId, Status},
    store::{Checkpoint, HistoryQuery},
};

use crate::support::{execution, folder, integrity, open, open_reported};

const DATABASE: &str = "LATHE_TEST_WRITES_INTO";

/// Not a test of its own: the process that the other tests start and kill. It writes records
/// without end and prints each id once the store has answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writer_process() {
    let Some(path) = std::env::var_os(DATABASE) else { return };
    let store = open(Path::new(&path));
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

fn start_writer(path: &Path) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "kill::writer_process", "--nocapture", "--test-threads=1"])
        .env(DATABASE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts")
}

/// Reads acknowledgements, and kills the process after so many of them.
fn kill_after(mut child: Child, lines: usize) -> Vec<String> {
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    let mut seen = Vec::new();
    let mut line = String::new();
    let mut acknowledged = 0;
    loop {
        line.clear();
        if output.read_line(&mut line).expect("read") == 0 {
            break;
        }
        seen.push(line.trim().to_owned());
        acknowledged += 1;
        if acknowledged == lines {
            child.kill().expect("killed");
        }
    }
    child.wait().expect("gone");
    seen
}

#[tokio::test]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("made");
    for round in 0..12 {
        // Two at once; the second outlives the first and is killed somewhere else.
        let writers = [20 + round * 7, 45 + round * 11]
            .map(|lines| (start_writer(&path), lines))
            .map(|(child, lines)| std::thread::spawn(move || kill_after(child, lines)));
        let seen: Vec<String> =
            writers.into_iter().flat_map(|writer| writer.join().expect("read")).collect();
        let (store, report) = open_reported(&path);
        assert!(report.interrupted <= 8, "round {round}: {}", report.interrupted);
        for line in &seen {
            let words: Vec<&str> = line.split(' ').collect();
            let (word, id) = match words.as_slice() {
                [word @ ("begun" | "kept" | "done"), id, ..] => (*word, id),
                _ => continue,
            };
            let Ok(id) = id.parse::<ExecutionId>() else { continue };
            let record = store.get(id).await.expect("read");
            let record = record.unwrap_or_else(|| panic!("round {round}: {line} is lost"));
            assert_ne!(record.status, Status::Running, "round {round}: {line}");
            match word {
                "kept" => {
                    let length: usize = words.get(2).and_then(|w| w.parse().ok()).unwrap_or(0);
                    assert!(record.text.len() >= length, "round {round}: {line}");
                }
                "done" => assert_eq!(record.status, Status::Ok, "round {round}: {line}"),
                _ => {}
            }
        }
        store.close().await.expect("closed");
        assert_eq!(integrity(&path), "ok", "round {round}");
    }
}

#[tokio::test]
async fn several_processes_write_into_one_database() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    open(&path).close().await.expect("made");
    let children: Vec<Child> = (0..2).map(|_| start_writer(&path)).collect();
    let readers: Vec<_> = children
        .into_iter()
        .map(|child| std::thread::spawn(move || kill_after(child, 150)))
        .collect();
    let seen: Vec<Vec<String>> =
        readers.into_iter().map(|reader| reader.join().expect("read")).collect();
    let store = open(&path);
    for lines in &seen {
        let done: Vec<_> = lines.iter().filter_map(|line| line.strip_prefix("done ")).collect();
        assert!(done.len() >= 15, "each got to write: {}", done.len());
        for id in done {
            let id: ExecutionId = id.parse().expect("an id");
            assert!(store.get(id).await.expect("read").is_some());
        }
    }
    let query = HistoryQuery { status: Some(Status::Running), ..HistoryQuery::default() };
    assert_eq!(store.history(query).await.expect("listed").rows.len(), 0);
}
