//! The injection detector against labelled texts and against anything at all.

mod detector;
#[path = "../support/labelled.rs"]
mod labelled;
