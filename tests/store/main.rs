//! The database on real files, with several handles and processes.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test says what it expected and stops; a started process answers by its output"
)]

mod again;
mod backups;
mod edits;
mod faults;
mod history;
mod kill;
mod moment;
mod money;
mod records;
mod salvage;
#[cfg(unix)]
mod streaming;
mod sums;
mod support;
mod versions;
