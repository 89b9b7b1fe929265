//! The terminal: entered, drawn on, lent out and left in order, whatever happens.

mod backend;
mod capabilities;
mod clipboard;
mod clock;
mod external;
mod mark;
mod modes;
mod pen;
mod screen;
mod signals;

pub use self::{
    backend::ScreenBackend,
    capabilities::{Capabilities, NoScreen},
    clipboard::{Copied, CopyError, Route, copy},
    clock::FrameClock,
    external::{EditError, ExternalEditor},
    mark::watch_over,
    modes::{install_panic_hook, restore},
    screen::{Screen, Suspended},
    signals::{EndReason, GRACE, Signal, Signals, before_sudden_end, listen, prepare_to_end},
};
