//! Arguments, a face, an exit code.

use std::process::ExitCode;

use promptlathe::{
    cli::{self, Asked},
    config::{Environment, keep_memory_private},
};

fn main() -> ExitCode {
    keep_memory_private();
    match cli::parse(Environment::capture()) {
        Asked::Nothing(code) => code,
        Asked::Command(options, command) => cli::run(*options, *command),
        #[cfg(feature = "tui")]
        Asked::Workbench(options) => promptlathe::tui::run(*options),
        #[cfg(feature = "tui")]
        Asked::Demo(options) => promptlathe::tui::demo(*options),
        #[cfg(not(feature = "tui"))]
        Asked::Workbench(options) | Asked::Demo(options) => cli::no_workbench(&options),
    }
}
