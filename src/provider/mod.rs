//! One file a wire protocol, and what they share.

pub mod demo;
