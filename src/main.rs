//! Arguments, a face, an exit code.

use std::process::ExitCode;

use promptlathe::{
    cli::{self, Asked},
    config::{Environment, Umask, keep_memory_private},
};

fn main() -> ExitCode {
    let umask = Umask::restrict();
    #[cfg(not(feature = "tui"))]
    let _ = umask;
    keep_memory_private();
    match cli::parse(Environment::capture()) {
        Asked::Nothing(code) => code,
        #[cfg(feature = "tui")]
        Asked::Command(options, command) => {
            cli::run(*options, *command, promptlathe::tui::check_settings)
        }
        #[cfg(not(feature = "tui"))]
        Asked::Command(options, command) => cli::run(*options, *command, |_| Vec::new()),
        #[cfg(feature = "tui")]
        Asked::Workbench(options) => promptlathe::tui::run(*options, umask),
        #[cfg(feature = "tui")]
        Asked::Demo(options) => promptlathe::tui::demo(*options, umask),
        #[cfg(not(feature = "tui"))]
        Asked::Workbench(options) | Asked::Demo(options) => cli::no_workbench(&options),
    }
}
