//! Templates: parse, render, compose, lint, count. Pure: no IO, no clock, no async.

pub mod diff;
pub mod highlight;
pub mod tokens;
