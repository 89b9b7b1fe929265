//! The threads that everything runs on, had before anything begins: a runtime that finds none in
//! the middle of its work has no way to say so.

use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::Duration,
};

use thiserror::Error;

use crate::config::reason;
use tokio::runtime::{Builder, Runtime};

/// How many tasks run at the same moment.
const WORKERS: usize = 2;
/// The runtime's own, one where waiting harms nobody, and the store's three.
const ALWAYS: usize = WORKERS + 1 + 3;
/// A program is not kept waiting for a thread that it once had.
const FOR_EVER: Duration = Duration::from_hours(24 * 365);

/// The system gives the program too few threads. A usage error (exit code 2).
#[derive(Debug, Error)]
#[error(
    "the system gives this program too few threads (it needs {needed}): {}; end other \
     programs of yours, or raise the limit with `ulimit -u`",
    reason(.error)
)]
pub struct TooFewThreads {
    needed: usize,
    error: io::Error,
}

/// A runtime, once it is known that there are threads for it and `more` besides.
///
/// # Errors
/// [`TooFewThreads`], and nothing was begun.
pub fn runtime(more: usize) -> Result<Runtime, TooFewThreads> {
    let needed = ALWAYS + more;
    let failed = |error| TooFewThreads { needed, error };
    try_to_have(needed).map_err(failed)?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .thread_keep_alive(FOR_EVER)
        .enable_all()
        .build()
        .map_err(failed)?;
    // One is there from now on, and where the system gives no second one, it does everything.
    drop(runtime.spawn_blocking(|| ()));
    Ok(runtime)
}

/// Starts so many threads at once, and ends them.
fn try_to_have(count: usize) -> io::Result<()> {
    let gate = Arc::new(RwLock::new(()));
    let closed = gate.write().unwrap_or_else(PoisonError::into_inner);
    let wait = || {
        let gate = Arc::clone(&gate);
        thread::Builder::new().stack_size(64 << 10).spawn(move || drop(gate.read()))
    };
    let started: Vec<io::Result<thread::JoinHandle<()>>> = (0..count).map(|_| wait()).collect();
    drop(closed);
    let mut result = Ok(());
    for thread in started {
        match thread {
            // It does nothing that could fail.
            Ok(thread) => drop(thread.join()),
            Err(error) => result = Err(error),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_thread_to_wait_on() {
        let runtime = runtime(1).expect("threads");
        let done = runtime.block_on(async { tokio::task::spawn_blocking(|| 7).await });
        assert_eq!(done.expect("done"), 7);
    }

    #[test]
    fn too_few_are_told_with_what_helps() {
        let error = TooFewThreads { needed: 9, error: io::ErrorKind::WouldBlock.into() };
        let told = error.to_string();
        assert!(told.contains("needs 9") && told.contains("ulimit -u"), "{told}");
    }
}
