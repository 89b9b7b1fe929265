//! Where the system gives the program few files to open, or few threads.
#![cfg(target_os = "linux")]

use std::{
    fs,
    io::Write as _,
    net::TcpStream,
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use promptlathe::model::Status;
use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::{
    place::{Place, WIDE},
    server::{Request, STREAM, reply, serve},
    session::Session,
};

/// A model server that begins every answer and holds it until it is let go.
struct Holding {
    port: u16,
    now: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
    free: Arc<(Mutex<bool>, Condvar)>,
}

const BEGIN: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"So far\"}}]}\n\n";
const END: &str = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\" and whole\"},\
    \"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

impl Holding {
    fn new() -> Self {
        let (now, most, free) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default(), Arc::default());
        let of = (Arc::clone(&now), Arc::clone(&most), Arc::clone(&free));
        let port = serve(move |request, stream| answer(request, stream, &of.0, &of.1, &of.2));
        Self { port, now, most, free }
    }

    /// Lets everything go that is held, and holds nothing any more.
    fn let_go(&self) {
        *self.free.0.lock().expect("whole") = true;
        self.free.1.notify_all();
    }

    fn held(&self) -> usize {
        self.now.load(Ordering::SeqCst)
    }

    fn most(&self) -> usize {
        self.most.load(Ordering::SeqCst)
    }
}

fn answer(
    request: &Request,
    stream: &mut TcpStream,
    now: &AtomicUsize,
    most: &AtomicUsize,
    free: &(Mutex<bool>, Condvar),
) {
    if !request.line.starts_with("POST") {
        // What is looked for at the start is not here.
        return reply(stream, "404 Not Found", "text/plain", "");
    }
    most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
    let _ = stream.write_all(STREAM.as_bytes()).and_then(|()| stream.write_all(BEGIN.as_bytes()));
    let mut is_free = free.0.lock().expect("whole");
    while !*is_free {
        is_free = free.1.wait(is_free).expect("whole");
    }
    drop(is_free);
    now.fetch_sub(1, Ordering::SeqCst);
    let _ = stream.write_all(END.as_bytes());
}

/// A workbench with four panes on a model of that server.
fn place_for(server: &Holding) -> Place {
    let place = Place::new();
    place.settings(&format!(
        "default_model = \"held/m\"\n[engine]\nretries = 0\nidle_timeout = \"600s\"\n\
         [providers.held]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:{}/v1\"\n",
        server.port
    ));
    place.write("---\nversion: 1.0.0\n---\nuser:\nClassify this.\n");
    place
}

fn four_panes(session: &mut Session) {
    for name in ["B ", "C ", "D "] {
        session.keys("f").expect("fork");
        session.until(name).expect("another pane");
    }
}

/// The number that the next file of a process would be given. Those that are open need not be
/// numbered without gaps.
fn next_file(process: u32) -> u64 {
    let is_open = |number: &u64| fs::read_link(format!("/proc/{process}/fd/{number}")).is_ok();
    (0..1 << 20).find(|number| !is_open(number)).expect("one is free")
}

fn limit_files(process: u32, files: u64) {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw).expect("an id");
    let before = rustix::process::getrlimit(Resource::Nofile);
    let limit = Rlimit { current: Some(files), ..before };
    prlimit(Some(process), Resource::Nofile, limit).expect("limited");
}

#[test]
fn few_files_mean_fewer_calls_at_once_and_the_others_wait() {
    let server = Holding::new();
    let place = place_for(&server);
    let few = ["/bin/sh", "-c", "ulimit -n 48; exec \"$0\" \"$@\""];
    let mut session = place.start_under(&few, 160, 40, &[]);
    session.until("48 files").expect("it is told");
    session.until("2 calls at once").expect("and what comes of it");
    four_panes(&mut session);
    session.keys("R").expect("run all");
    session
        .until_that("two answers and two that wait", |screen| {
            screen.matches("So far").count() == 2 && screen.matches("queued").count() == 2
        })
        .expect("two at once");
    assert_eq!(server.held(), 2);
    session.keys("2").expect("history");
    session.until("Enter read").expect("keys are answered");
    session.keys("1").expect("back");
    server.let_go();
    session
        .until_that("four answers", |screen| {
            screen.matches("So far and whole").count() == 4 && screen.matches("done ").count() == 4
        })
        .expect("all of them come");
    assert_eq!(server.most(), 2, "never more than two at once");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    assert!(place.records().iter().all(|record| record.status == Status::Ok));
}

#[test]
fn a_call_for_which_there_is_no_file_says_so_and_the_others_go_on() {
    let server = Holding::new();
    let place = place_for(&server);
    let mut session = place.start(160, 40);
    four_panes(&mut session);
    // The database is read and written once, so that its files are open.
    session.keys("2").expect("history");
    session.until("Every call is kept here").expect("it was read");
    session.keys("1").expect("back");
    session.until("W winner").expect("the workbench");
    session.keys("r").expect("run one");
    session.until("So far").expect("it is held");
    let process = session.process().expect("a process");
    // Not one more file: no other connection can be made.
    limit_files(process, next_file(process));
    session.keys("R").expect("run the others");
    session
        .until_that("what was refused", |screen| {
            // Cut where the pane ends.
            screen.matches("this program may open no").count() >= 3 && screen.contains("ulimit -n")
        })
        .expect("it is said");
    let screen = session.screen().contents();
    assert!(!screen.contains("left alone"), "the server has no part in it: {screen}");
    session.keys("2").expect("history");
    session.until("Enter read").expect("keys are answered");
    session.keys("1").expect("back");

    // With files again, the same runs again.
    limit_files(process, 1_024);
    server.let_go();
    session.until("So far and whole").expect("what was held goes on");
    session.keys("R").expect("run all");
    session
        .until_that("four answers", |screen| {
            screen.matches("So far and whole").count() == 4 && screen.matches("done ").count() == 4
        })
        .expect("all of them come");
    session.keys("q").expect("quit");
    assert_eq!(session.ended().expect("it ends"), 0);
    let records = place.records();
    assert_eq!(records.iter().filter(|record| record.status == Status::Ok).count(), 5);
    assert!(records.iter().any(|record| {
        record.error.as_ref().is_some_and(|error| error.message.contains("no more files"))
    }));
}

/// Somebody who has nothing else running: the system counts threads for each user, and none for
/// the one who may do everything.
const NOBODY: u32 = 65_534;

#[test]
#[expect(clippy::print_stderr, reason = "whoever runs the tests learns what was left out")]
fn with_few_threads_it_works_or_says_so_in_one_line() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("left out: only root can have a user without any other thread");
        return;
    }
    let mut refused = 0;
    let mut worked = 0;
    for threads in 1..=14_u32 {
        let place = Place::new();
        give_to_nobody(place.home());
        let script = format!(
            "exec setpriv --reuid {NOBODY} --regid {NOBODY} --clear-groups \
             prlimit --nproc={threads}:{threads} \"$0\" \"$@\""
        );
        let mut session = place.begin_at(&WIDE, &["/bin/sh", "-c", &script]);
        session
            .until_that("the workbench or a line", |screen| {
                screen.contains("Classify") || screen.contains("lathe:")
            })
            .expect("one of the two");
        if session.screen().contents().contains("lathe:") {
            refused += 1;
            let code = session.ended().expect("it ends");
            let screen = session.screen().contents();
            assert_eq!(code, 2, "{threads}: {screen}");
            assert!(screen.contains("too few threads") && screen.contains("ulimit -u"), "{screen}");
            assert!(!session.screen().alternate_screen());
            continue;
        }
        worked += 1;
        session.keys("R").expect("run");
        session.until("done ").expect("it works");
        session.keys("q").expect("quit");
        assert_eq!(session.ended().expect("it ends"), 0, "{threads}");
    }
    assert!(refused > 0 && worked > 0, "{refused} refused, {worked} worked");
}

/// Everything of a place belongs to somebody else, who can also reach the program.
fn give_to_nobody(folder: &std::path::Path) {
    std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).expect("given");
    for entry in fs::read_dir(folder).expect("listed").flatten() {
        let path = entry.path();
        if path.is_dir() {
            give_to_nobody(&path);
        } else {
            std::os::unix::fs::chown(&path, Some(NOBODY), Some(NOBODY)).expect("given");
        }
    }
}
