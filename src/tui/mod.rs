//! The full-screen face.

pub mod effect;
pub mod keymap;
pub mod msg;
pub mod state;
pub mod term;
pub mod text;
pub mod theme;
pub mod update;
pub mod widgets;
