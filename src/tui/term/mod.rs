//! The terminal: entered, drawn on, lent out and left in order, whatever happens.

mod backend;
mod capabilities;
mod clock;
mod modes;
mod pen;
mod screen;
mod signals;

pub use self::{
    backend::ScreenBackend,
    capabilities::{Capabilities, NoScreen},
    clock::FrameClock,
    modes::{install_panic_hook, restore},
    screen::{Screen, Suspended},
    signals::{EndReason, Signal, Signals, listen},
};
