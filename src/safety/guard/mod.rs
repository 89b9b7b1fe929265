//! Guards: what is looked for in the values of variables before a call leaves, and in what a
//! model says. Pure: random numbers come in, findings go out, and the engine acts on them.

mod border;
mod canary;
mod clean;
mod detect;
mod encoded;
mod incoming;
mod languages;
mod links;
mod normal;
mod outgoing;
mod patterns;
mod reading;
mod screen;
mod verdict;

pub use canary::{Canary, CanaryWatch};
pub use clean::clean;
pub use detect::{Finding, MOST_FINDINGS, Risk, detect};
pub use incoming::{Fenced, fence, incoming};
pub use outgoing::{Reply, check_expression, outgoing};
pub use verdict::{Blocked, GUARD, OBSERVED, Verdict};
