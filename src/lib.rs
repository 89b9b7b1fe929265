//! Lathe, a workbench for prompts in the terminal: the engine and its two faces.
//!
//! The rooms and the floors they stand on are drawn in `ARCHITECTURE.md`; a room may use the
//! rooms below it and never one above, which `tests/architecture.rs` checks import by import.

pub mod app;
pub mod cli;
pub mod config;
pub mod engine;
pub mod model;
pub mod prompt;
pub mod provider;
pub mod safety;
pub mod store;
#[cfg(feature = "tui")]
pub mod tui;

/// What texts from elsewhere may try on a terminal.
#[cfg(test)]
#[path = "../tests/support/payloads.rs"]
mod payloads;
