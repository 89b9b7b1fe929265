//! Use cases both faces share: open a workspace, run variants, search history.

pub mod workspace;
