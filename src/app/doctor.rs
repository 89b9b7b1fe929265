//! What the program finds around itself: terminal, files, database, providers, clipboard. Every
//! finding says what it is, and one that is wrong what to do next.

use std::path::Path;

use serde::Serialize;

#[cfg(unix)]
use super::terminal_mark;
use super::{App, AppError, AppOptions};
use crate::config::{ColourDepth, Environment, Paths};

/// How a finding is to be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Good,
    /// Worth knowing; nothing is wrong.
    Note,
    /// Something does not work because of it.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Checkup {
    /// `terminal`, `files`, `settings`, `workspace`, `database`, `providers`, `clipboard`.
    pub area: &'static str,
    pub health: Health,
    pub text: String,
    /// What to do next, where something is to be done.
    pub hint: Option<String>,
}

/// The findings so far.
#[derive(Default)]
struct Chart(Vec<Checkup>);

impl Chart {
    fn add(&mut self, area: &'static str, health: Health, text: impl Into<String>) {
        self.0.push(Checkup { area, health, text: text.into(), hint: None });
    }

    fn advise(&mut self, hint: impl Into<String>) {
        if let Some(last) = self.0.last_mut() {
            last.hint = Some(hint.into());
        }
    }
}

/// What is wrong in the settings that only a face can check, a sentence each.
pub type FaceCheck = fn(&App) -> Vec<String>;

/// Looks at everything, however much of it is broken: what cannot be opened is a finding.
pub async fn doctor(options: AppOptions, face: FaceCheck) -> Vec<Checkup> {
    let mut chart = Chart::default();
    terminal(&options.environment, &mut chart);
    clipboard(&options.environment, &mut chart);
    match Paths::resolve(&options.environment, &options.overrides) {
        Ok(paths) => {
            files(&paths, &mut chart);
            left_behind(&paths, &mut chart);
        }
        Err(error) => chart.add("files", Health::Bad, error.to_string()),
    }
    match App::open(options) {
        Ok((app, notices)) => {
            for notice in notices {
                chart.add("settings", Health::Note, notice.message);
            }
            let misfits = face(&app);
            if misfits.is_empty() {
                chart.add("settings", Health::Good, "they are valid");
            }
            for text in misfits {
                chart.add("settings", Health::Bad, text);
                chart.advise("the workbench does not start with it, the commands do");
            }
            opened(&app, &mut chart).await;
            if let Err(error) = app.close().await {
                chart.add("database", Health::Bad, error.to_string());
            }
        }
        Err(error) => {
            let area = match &error {
                AppError::Store(_) => "database",
                AppError::Workspace(_) => "workspace",
                _ => "settings",
            };
            chart.add(area, Health::Bad, error.to_string());
        }
    }
    chart.0
}

fn terminal(environment: &Environment, chart: &mut Chart) {
    let term = environment.get("TERM").unwrap_or("not set");
    if environment.stdin_is_terminal && environment.stdout_is_terminal {
        chart.add("terminal", Health::Good, format!("TERM is {term}"));
    } else {
        chart.add("terminal", Health::Note, "input or output is not a terminal");
        chart.advise("the workbench needs one; the commands of `lathe --help` do not");
    }
    if environment.stdout_is_terminal && environment.terminal_is_dumb() {
        chart.add("terminal", Health::Bad, format!("{term} cannot be drawn on"));
        chart.advise("set TERM to what the terminal is, for example xterm-256color");
    }
    let colours = match environment.colour_depth() {
        ColourDepth::True => "all colours",
        ColourDepth::TwoHundredFiftySix => "256 colours",
        ColourDepth::Sixteen => "sixteen colours",
        ColourDepth::Mono => "no colours",
    };
    let why = if environment.no_colour() { " (NO_COLOR is set)" } else { "" };
    chart.add("terminal", Health::Good, format!("{colours}{why}"));
    if environment.speaks_unicode() {
        chart.add("terminal", Health::Good, "signs beyond ASCII");
    } else {
        chart.add("terminal", Health::Note, "only ASCII signs (locale or LATHE_ASCII)");
        chart.advise("a UTF-8 locale brings lines and bars");
    }
    if environment.over_ssh() {
        chart.add("terminal", Health::Note, "over SSH: at most 30 frames a second unless set");
    }
    if environment.in_tmux() {
        chart.add("terminal", Health::Note, "inside tmux");
    }
}

/// What the last session on this terminal left behind.
fn left_behind(paths: &Paths, chart: &mut Chart) {
    let Some(terminal) = terminal_mark::terminal() else { return };
    if terminal_mark::look(&paths.state_dir, &terminal).is_some() {
        chart.add("terminal", Health::Note, terminal_mark::LEFT_BEHIND);
        chart.advise(terminal_mark::ADVICE);
    }
}

fn clipboard(environment: &Environment, chart: &mut Chart) {
    let found = |program: &str| {
        let folders = environment.path("PATH").unwrap_or_default();
        std::env::split_paths(&folders).any(|folder| folder.join(program).is_file())
    };
    if environment.in_tmux() {
        chart.add("clipboard", Health::Good, "the tmux buffer, and the terminal through it");
    }
    // Over SSH this machine's desktop is somebody else's.
    let programs: &[&str] = if environment.over_ssh() {
        &[]
    } else if cfg!(target_os = "macos") {
        &["pbcopy"]
    } else if cfg!(windows) {
        &["clip"]
    } else if environment.filled("WAYLAND_DISPLAY").is_some() {
        &["wl-copy"]
    } else if environment.filled("DISPLAY").is_some() {
        &["xclip", "xsel"]
    } else {
        &[]
    };
    match programs.iter().find(|program| found(program)) {
        Some(program) => chart.add("clipboard", Health::Good, format!("{program} is there")),
        None if programs.is_empty() => {
            chart.add("clipboard", Health::Note, "through the terminal (OSC 52), if it allows it");
            chart.advise("where it does not, a copy is kept in a private file, and its name told");
        }
        None => {
            let names = programs.join(" or ");
            chart.add("clipboard", Health::Note, format!("{names} is not installed"));
            chart.advise("copies go through the terminal (OSC 52), if it allows it");
        }
    }
}

fn files(paths: &Paths, chart: &mut Chart) {
    let told = |path: &Path| path.display().to_string();
    if paths.config_file.is_file() {
        chart.add("files", Health::Good, format!("settings in {}", told(&paths.config_file)));
    } else if paths.config_file_named {
        chart.add("files", Health::Bad, format!("no settings at {}", told(&paths.config_file)));
    } else {
        let place = told(&paths.config_file);
        chart.add("files", Health::Note, format!("no settings of your own ({place} is not there)"));
    }
    chart.add("files", Health::Good, format!("database at {}", told(&paths.database)));
    chart.add("files", Health::Good, format!("logs in {}", told(&paths.state_dir)));
    private(&paths.data_dir, chart);
    private(&paths.state_dir, chart);
}

/// Whether others can look into a folder of ours.
fn private(folder: &Path, chart: &mut Chart) {
    #[cfg(unix)]
    if let Ok(metadata) = std::fs::metadata(folder) {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            let place = folder.display();
            chart.add("files", Health::Bad, format!("others can look into {place} ({mode:03o})"));
            chart.advise(format!("chmod 700 {place}"));
        }
    }
    #[cfg(not(unix))]
    let _ = (folder, chart);
}

async fn opened(app: &App, chart: &mut Chart) {
    let (templates, left_out) = app.templates().await;
    let broken: Vec<_> =
        templates.iter().filter_map(|row| Some((&row.id, row.broken.as_ref()?))).collect();
    let name = app.workspace.name();
    chart.add(
        "workspace",
        Health::Good,
        format!("{name}: {} templates, {} of them broken", templates.len(), broken.len()),
    );
    for (id, reason) in broken {
        chart.add("workspace", Health::Bad, format!("{id}: {reason}"));
        chart.advise(format!("`lathe template lint {id}` says where"));
    }
    for text in left_out {
        chart.add("workspace", Health::Note, text);
    }
    match app.store.check().await {
        Ok(problems) if problems.is_empty() => {
            chart.add("database", Health::Good, "sound");
        }
        Ok(problems) => {
            chart.add("database", Health::Bad, format!("damaged: {}", problems.join("; ")));
            chart
                .advise("`lathe doctor --salvage FILE` takes what can be read into a new database");
        }
        Err(error) => chart.add("database", Health::Bad, error.to_string()),
    }
    if app.store.is_full() {
        chart.add("database", Health::Bad, "no room is left for it, so nothing new is kept");
    } else if app.store.is_read_only() {
        chart.add("database", Health::Bad, "it can only be read, so nothing new is kept");
    }
    app.discover().await;
    for (name, settings) in app.endpoints.all() {
        if let Some(reason) = app.endpoints.unavailable(&settings) {
            chart.add("providers", Health::Note, format!("{name}: {reason}"));
        } else {
            let key = settings.key.describe();
            chart.add("providers", Health::Good, format!("{name}: set up ({key})"));
        }
    }
    chart.advise("`lathe providers --check` calls each one that is set up");
}
