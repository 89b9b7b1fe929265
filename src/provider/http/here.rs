//! What ends a call on this side, before any server had a part in it.

use std::io;

use crate::model::{CallError, ErrorKind};

/// The error of a call for which the system gave no file; `None` where it failed otherwise. Files
/// are given back as other calls end, so it is worth sending again.
#[must_use]
pub fn out_of_files(error: &io::Error) -> Option<CallError> {
    is_out_of_files(error).then(|| {
        CallError::new(
            ErrorKind::Connect,
            "this program may open no more files (Too many open files)",
        )
        .of_this_side()
        .retryable()
        .hint("let other calls end, or start it with a higher limit: `ulimit -n 1024`")
    })
}

#[cfg(unix)]
fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let code = error.raw_os_error();
    [Errno::MFILE, Errno::NFILE].iter().any(|errno| code == Some(errno.raw_os_error()))
}

/// Elsewhere nobody counts them.
#[cfg(not(unix))]
const fn is_out_of_files(_error: &io::Error) -> bool {
    false
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn too_many_open_files_are_nobody_elses_fault() {
        for code in [rustix::io::Errno::MFILE, rustix::io::Errno::NFILE] {
            let error = io::Error::from_raw_os_error(code.raw_os_error());
            let error = out_of_files(&error).expect("known");
            assert!(error.of_this_side && error.retryable, "{error:?}");
            assert!(error.to_string().contains("ulimit -n"), "{error}");
        }
        let refused = io::Error::from_raw_os_error(rustix::io::Errno::CONNREFUSED.raw_os_error());
        assert_eq!(out_of_files(&refused), None);
    }
}
