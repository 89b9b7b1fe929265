//! The full-screen face.

pub mod text;
pub mod widgets;
