mod keys;
mod personal;
mod secrets;
mod streams;

use super::{Redactor, Selection};

fn everything() -> Redactor {
    let selection = Selection { secrets: true, personal: true, ..Selection::default() };
    Redactor::new(&selection).expect("the built-in patterns are valid")
}

/// A made-up secret, put together here so that nobody takes this file for a leak.
fn made(parts: &[&str]) -> String {
    parts.concat()
}
