//! An answer against what its template asks for: JSON found and repaired, held against a schema,
//! sections and lengths, and how a model is asked again where it falls short.

mod faults;
mod json;
mod schema;
mod strategy;

pub use faults::{AS_ASKED, Answer, Fault, FaultKind, Wish, hedging, troubles, wishes};
pub use json::{Extracted, NoJson, Repair, Whence, extract};
pub use schema::{MOST_MISMATCHES, Mismatch, mismatches};
pub use strategy::{ask_again, choose};
