//! The headless commands.

pub mod arguments;
mod backup;
mod cache;
mod cleanup;
mod doctor;
mod error;
mod estimate;
mod history;
mod inputs;
mod lists;
mod output;
mod run;
mod serve;
mod stats;
mod template;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::{CommandFactory as _, Parser as _};

use crate::{
    app::{self, App, AppOptions, FaceCheck, report, start_log, threads, workspace},
    config::{Environment, Overrides, Paths, SettingsFlags},
    safety::{MarkStyle, display_with},
};
use arguments::{Arguments, Command, Common, ModelsCommand};
use error::Failure;
use output::Output;

/// Threads that a command may need besides those it runs on: for the output of a key command.
const THREADS_BESIDES: usize = 1;

/// What the command line asks for.
#[derive(Debug)]
pub enum Asked {
    /// The workbench.
    Workbench(Box<AppOptions>),
    /// The workbench on a temporary workspace with a month of history.
    Demo(Box<AppOptions>),
    /// A headless command.
    Command(Box<AppOptions>, Box<Command>),
    /// Nothing more: help, a version or an error was printed.
    Nothing(ExitCode),
}

/// Reads the command line.
#[must_use]
pub fn parse(environment: Environment) -> Asked {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            if error.use_stderr() {
                // It repeats words of the command line, and those may come from anywhere.
                let text = error.render().to_string();
                let _ = io::stderr().write_all(display_with(&text, MarkStyle::Ascii).as_bytes());
                return Asked::Nothing(ExitCode::from(2));
            }
            // Help and version; nobody can be told where they cannot be written.
            let _ = error.print();
            return Asked::Nothing(ExitCode::SUCCESS);
        }
    };
    let Common { workspace, db, config, theme } = arguments.common;
    let options = AppOptions {
        environment,
        overrides: Overrides { database: db, config, workspace },
        flags: SettingsFlags { theme, ..SettingsFlags::default() },
        unsaved: matches!(&arguments.command, Some(Command::Run(run)) if run.no_save),
        calls: matches!(&arguments.command, Some(Command::Run(_))),
    };
    match arguments.command {
        None => Asked::Workbench(Box::new(options)),
        Some(Command::Demo) => Asked::Demo(Box::new(options)),
        Some(command) => Asked::Command(Box::new(options), Box::new(command)),
    }
}

/// Carries out a headless command. `face` checks the settings of the full-screen face, where there
/// is one.
#[must_use]
pub fn run(options: AppOptions, command: Command, face: FaceCheck) -> ExitCode {
    let mut output = Output::of(&options.environment);
    report::install();
    let outcome = match threads::runtime(THREADS_BESIDES) {
        Ok(runtime) => {
            let outcome = runtime.block_on(carry_out(options, command, face, &mut output));
            runtime.shutdown_background();
            outcome
        }
        Err(error) => Err(Failure::usage(error.to_string())),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Told { message, code }) => {
            output.fail(&message);
            ExitCode::from(code)
        }
    }
}

async fn carry_out(
    options: AppOptions,
    command: Command,
    face: FaceCheck,
    output: &mut Output,
) -> Result<u8, Failure> {
    app::outlive_file_size_limits();
    match command {
        Command::Init { folder } => return init(&options, &folder, output),
        Command::ServeDemo { port } => return serve::demo(port, output).await,
        Command::Backup(command) => return backup::run(&options, command, output),
        Command::Doctor { salvage: Some(file), format } => {
            return doctor::salvage(&options, &file, format, output);
        }
        Command::Doctor { salvage: None, format } => {
            return doctor::run(options, face, format, output).await;
        }
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "lathe", &mut script);
            output.raw(&script)?;
            return Ok(0);
        }
        Command::Man => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Arguments::command())
                .render(&mut page)
                .map_err(|error| Failure::usage(error.to_string()))?;
            output.raw(&page)?;
            return Ok(0);
        }
        _ => {}
    }
    let (app, notices) = App::open(options)?;
    start_log(&app.paths, &app.redaction);
    report::prepare(&app.paths, &app.redaction, &app.environment);
    for notice in notices {
        output.tell(&format!("note: {}", notice.message));
    }
    let outcome = match command {
        Command::Run(arguments) => run::run(&app, arguments, output).await,
        Command::History(command) => history::run(&app, command, output).await,
        Command::Template(command) => template::run(&app, command, output).await,
        Command::Models { command: Some(ModelsCommand::Forget { model }), .. } => {
            lists::forget(&app, &model, output).await
        }
        Command::Models { command: None, provider, format } => {
            lists::models(&app, provider.as_deref(), format, output).await
        }
        Command::Cleanup(arguments) => cleanup::run(&app, arguments, output).await,
        Command::Cache(command) => cache::run(&app, command, output).await,
        Command::Stats(arguments) => stats::run(&app, arguments, output).await,
        Command::Providers { check: true, format } => {
            lists::check_providers(&app, format, output).await
        }
        Command::Providers { check: false, format } => lists::providers(&app, format, output),
        Command::Init { .. }
        | Command::Backup(_)
        | Command::Demo
        | Command::Doctor { .. }
        | Command::ServeDemo { .. }
        | Command::Completions { .. }
        | Command::Man => Ok(0),
    };
    let closed = app.close().await;
    let code = outcome?;
    closed?;
    Ok(code)
}

fn init(
    options: &AppOptions,
    folder: &std::path::Path,
    output: &mut Output,
) -> Result<u8, Failure> {
    let written = workspace::init(folder)?;
    // Who has it made here trusts it; where that cannot be kept it is asked for later.
    if let Ok(paths) = Paths::resolve(&options.environment, &options.overrides) {
        let _ = app::trust_templates(&paths, folder);
    }
    for path in &written {
        output.line(&path.display().to_string())?;
    }
    output.remark(&format!(
        "{} files written; `lathe --workspace {}` opens them",
        written.len(),
        folder.display()
    ));
    Ok(0)
}

/// What is said where the program was built without the workbench.
#[cfg(not(feature = "tui"))]
#[must_use]
pub fn no_workbench(options: &AppOptions) -> ExitCode {
    Output::of(&options.environment).fail(
        "this program was built without the workbench; `lathe run`, `lathe history` and \
         `lathe --help` need none",
    );
    ExitCode::from(2)
}
