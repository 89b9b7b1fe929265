//! Journeys through the whole program in a real pseudo-terminal.
#![cfg(all(unix, feature = "tui"))]
#![expect(clippy::expect_used, reason = "a test says what it expected and stops")]

#[path = "../support/payloads.rs"]
mod payloads;
#[expect(dead_code, reason = "shared with pictures and measurements")]
#[path = "../support/session.rs"]
mod session;

mod budgets;
mod commands;
mod demo;
mod ends;
mod journeys;
mod limits;
mod panics;
mod pipes;
mod place;
mod server;
mod signals;
mod suspend;
mod terminals;
mod walkthrough;
mod ways;
