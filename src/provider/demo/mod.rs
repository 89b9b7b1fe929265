//! The simulated provider: deterministic offline models behind a real loopback HTTP server that
//! speaks the OpenAI chat-completions format.
//!
//! Nothing here is a language model. [`answer`] reads the prompt with plain rules (`brief`),
//! does the task with a small algorithm (`skill`) and puts the result into the form that was
//! asked for (`shape`); `docs/demo.md` says what it can and cannot do. The server exists so
//! that the whole path of a real call (connection, headers, server-sent events, cancellation)
//! is walked without a network and without a key.

mod blocks;
mod brief;
mod call;
mod chance;
mod format;
mod labels;
mod models;
mod play;
mod reply;
mod schema;
mod server;
mod shape;
mod skill;
mod stream;
mod task;
mod text;
mod tokens;
mod wire;

pub use models::{DemoModel, Pace};
pub use play::play;
pub use reply::{DemoReply, Piece, answer};
pub use server::{Access, DemoConfig, DemoServer};
