//! What the system lets this process do, and what the process lets others see of it.

/// Files that are open whatever runs: the database with its log, the terminal, the program's own
/// log, the runtime.
const ALWAYS_OPEN: u64 = 40;
/// Files a call needs: its connection, a look at who its server is, and the other end of the
/// connection where the server is the program's own.
const OPEN_FOR_A_CALL: u64 = 3;
/// More open files than this are never needed.
const ENOUGH: u64 = 4096;

/// Keeps what this process holds in memory (prompts, answers, keys) from being written to a core
/// file and from being read by other processes of the user. Called first of all in `main`.
pub fn keep_memory_private() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = Rlimit { current: Some(0), ..getrlimit(Resource::Core) };
        // A limit can always be lowered; where it cannot, there are no core files.
        let _ = setrlimit(Resource::Core, limit);
    }
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

/// How many calls there can be at once for the files that this process may open, `None` where
/// that is no question. The soft limit is first raised as far as the user may.
///
/// Programs that are started inherit it. That takes nothing from them: an editor that opens more
/// files than the lower limit allowed would have failed by it, one that does not sees no
/// difference, and the number is small enough for those that go through every file they could have.
#[must_use]
pub fn most_calls_at_once() -> Option<(usize, u64)> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let wanted = limit.maximum.map_or(ENOUGH, |most| most.min(ENOUGH));
        let raised = limit.current.is_some_and(|now| now < wanted)
            && setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..limit }).is_ok();
        let files = if raised { wanted } else { limit.current? };
        Some((calls_for(files), files))
    }
    #[cfg(not(unix))]
    None
}

/// How many calls fit into a number of open files; one in any case.
#[cfg(unix)]
fn calls_for(files: u64) -> usize {
    let calls = files.saturating_sub(ALWAYS_OPEN) / OPEN_FOR_A_CALL;
    usize::try_from(calls).unwrap_or(usize::MAX).max(1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    const PRIVATE: &str = "LATHE_TEST_KEEPS_ITS_MEMORY";

    /// Not a test of its own: the process that the next one starts, so that this one stays as it
    /// is.
    #[test]
    #[cfg(target_os = "linux")]
    fn private_process() {
        use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
        if std::env::var_os(PRIVATE).is_none() {
            return;
        }
        keep_memory_private();
        assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable));
        assert_eq!(getrlimit(Resource::Core).current, Some(0));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn no_core_is_written_and_no_other_program_reads_the_memory() {
        let output = std::process::Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "config::limits::tests::private_process"])
            .env(PRIVATE, "1")
            .output()
            .expect("it runs");
        assert!(output.status.success(), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "{output:?}");
    }

    #[test]
    fn few_files_mean_few_calls_and_never_none() {
        assert_eq!([0, 40, 43, 64, 1024].map(calls_for), [1, 1, 1, 8, 328]);
    }
}
