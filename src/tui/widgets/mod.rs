//! Pieces of the screen that know nothing of the rooms around them.

pub mod editor;
