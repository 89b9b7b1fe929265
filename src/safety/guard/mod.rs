//! Guards: what is looked for in the values of variables before a call leaves, and in what a
//! model says. Pure: random numbers come in, findings go out, and the engine acts on them.

mod detect;
mod encoded;
mod languages;
mod normal;
mod patterns;

pub use detect::{Finding, MOST_FINDINGS, Risk, detect};
