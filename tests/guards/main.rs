//! The injection detector against labelled texts and against anything at all.

mod answers;
mod detector;
#[path = "../support/labelled.rs"]
mod labelled;
