//! The full-screen face.

pub mod effect;
mod exec;
mod exec_secrets;
pub mod keymap;
pub mod msg;
mod runtime;
pub mod state;
mod surface;
pub mod term;
#[cfg(test)]
mod tests;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod widgets;

use std::{
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use crate::{
    app::{
        App, AppOptions, TemporaryFolder, report,
        terminal_mark::{ADVICE, LEFT_BEHIND},
        threads, workspace,
    },
    config::{self, NoticeKind, Overrides, Paths, Umask, place_in_settings},
    model::{ModelRef, TemplateId, VariantName},
};
use exec::Exec;
use keymap::Keymap;
use msg::{Msg, Notice, Severity};
use runtime::{Ended, Runtime};
use state::{Pane, Spending, State, StateOptions, Tour};
use surface::{Keys, Surface, TerminalKeys};
use term::{Capabilities, FrameClock, Screen};
use theme::{DEFAULT_THEME, Glyphs, Theme, ThemeError};
use view::Look;

/// Threads that the workbench needs besides those it runs on: for the terminal's keys, the watch
/// on its other end, and the output of a key command.
const THREADS_BESIDES: usize = 3;

/// Opens the workbench and stays until the user leaves. Says on standard error what keeps it
/// from opening.
#[must_use]
pub fn run(options: AppOptions, umask: Umask) -> ExitCode {
    let origin = Instant::now();
    match open(options, origin, umask, false) {
        Ok(code) => code,
        Err(message) => {
            // Nobody is left to tell where standard error cannot be written.
            let _ = writeln!(io::stderr(), "lathe: {message}");
            ExitCode::from(2)
        }
    }
}

/// Opens the workbench on a temporary copy of the sample workspace, with a month of history that
/// the simulated models made and a walk through the program. Nothing of the user's is read or
/// written, and nothing stays behind.
#[must_use]
pub fn demo(options: AppOptions, umask: Umask) -> ExitCode {
    let origin = Instant::now();
    let told = |message: String| {
        // Nobody is left to tell where standard error cannot be written.
        let _ = writeln!(io::stderr(), "lathe: {message}");
        ExitCode::from(2)
    };
    let folder = match demo_folder(&options) {
        Ok(folder) => folder,
        Err(message) => return told(message),
    };
    let path = folder.path().to_path_buf();
    // Ending at once runs nothing that would otherwise be run at the end.
    term::before_sudden_end(move || drop(folder));
    let outcome =
        demo_options(options, &path).and_then(|options| open(options, origin, umask, true));
    term::prepare_to_end();
    outcome.unwrap_or_else(told)
}

/// A folder for everything of a demonstration.
fn demo_folder(options: &AppOptions) -> Result<TemporaryFolder, String> {
    let paths = Paths::resolve(&options.environment, &options.overrides)
        .map_err(|error| error.to_string())?;
    TemporaryFolder::make(&paths).map_err(|error| {
        let folder = paths.state_dir.display();
        format!("cannot make a folder for the demonstration below {folder}: {error}")
    })
}

/// Options whose every path leads into one folder, and an environment without keys.
fn demo_options(options: AppOptions, folder: &Path) -> Result<AppOptions, String> {
    let work = folder.join("demo");
    workspace::init(&work).map_err(|error| error.to_string())?;
    let config = folder.join("config.toml");
    std::fs::write(&config, "").map_err(|error| error.to_string())?;
    let kept = |name: &str| {
        const KEPT: [&str; 18] = [
            "TERM",
            "COLORTERM",
            "NO_COLOR",
            "ACCESSIBLE",
            "LATHE_ASCII",
            "LATHE_THEME",
            "LANG",
            "LC_ALL",
            "LC_CTYPE",
            "TZ",
            "PATH",
            "SHELL",
            "EDITOR",
            "VISUAL",
            "TMUX",
            "STY",
            "TERM_PROGRAM",
            "SSH_TTY",
        ];
        KEPT.contains(&name) || name.starts_with("SSH_")
    };
    let over = ["HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]
        .map(|name| (name.to_owned(), folder.as_os_str().to_owned()));
    Ok(AppOptions {
        environment: options.environment.narrowed(kept, over),
        overrides: Overrides {
            database: Some(folder.join("lathe.db")),
            config: Some(config),
            workspace: Some(work),
        },
        flags: options.flags,
        unsaved: options.unsaved,
        calls: options.calls,
    })
}

/// What is wrong in those settings that nobody but this face can check: its keys and its theme.
#[must_use]
pub fn check_settings(app: &App) -> Vec<String> {
    [keymap(app).err(), named_theme(app).err()].into_iter().flatten().collect()
}

fn keymap(app: &App) -> Result<Keymap, String> {
    let settings = &app.settings;
    Keymap::new(settings.interface.key_set, &settings.keys).map_err(|error| {
        let file = &app.paths.config_file;
        let actions = error.actions();
        let mut places =
            actions.iter().filter_map(|action| place_in_settings(file, "keys", action, None));
        placed(places.next(), &error)
    })
}

/// The theme that settings, environment or command line name, if they do.
fn named_theme(app: &App) -> Result<Option<Theme>, String> {
    let Some(named) = &app.settings.theme else { return Ok(None) };
    match Theme::load(named, &app.environment, &app.paths.themes_dir) {
        Ok(theme) => Ok(Some(theme.named(named))),
        // It names the place in the theme's own file.
        Err(error @ ThemeError::Invalid(_)) => Err(error.to_string()),
        Err(error) => {
            let file = &app.paths.config_file;
            Err(placed(place_in_settings(file, "interface", "theme", Some(named)), &error))
        }
    }
}

fn placed(place: Option<String>, error: &dyn std::fmt::Display) -> String {
    place.map_or_else(|| error.to_string(), |place| format!("{place}: {error}"))
}

fn open(
    options: AppOptions,
    origin: Instant,
    umask: Umask,
    is_demo: bool,
) -> Result<ExitCode, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    term::install_panic_hook();
    let capabilities = Capabilities::of(&options.environment).map_err(|error| said(&error))?;
    let runtime = threads::runtime(THREADS_BESIDES).map_err(|error| said(&error))?;
    let inside = runtime.enter();
    crate::app::outlive_file_size_limits();
    drop(inside);
    let (app, mut notices) = App::open(options).map_err(|error| said(&error))?;
    crate::app::start_log(&app.paths, &app.redaction);
    report::prepare(&app.paths, &app.redaction, &app.environment);
    let settings = Arc::clone(&app.settings);
    let keymap = keymap(&app)?;
    let theme = match named_theme(&app)? {
        Some(theme) => theme,
        None => runtime.block_on(picked_theme(&app)),
    };
    let glyphs = Glyphs::choose(settings.interface.glyphs, &app.environment);
    let look = Look { theme, glyphs };
    let signals = runtime.block_on(async { term::listen(term::GRACE) });
    let mut signals = signals.map_err(|error| said(&error))?;
    if is_demo {
        let filled = runtime.block_on(app.fast_forward_month(jiff::Zoned::now()));
        filled.map_err(|error| said(&error))?;
    }
    let outcome = runtime.block_on(async {
        if term::watch_over(&app.paths.state_dir) {
            let message = format!("{ADVICE}: {LEFT_BEHIND}");
            notices.insert(0, config::Notice { kind: NoticeKind::Workspace, message });
        }
        let surface =
            Screen::enter(capabilities, settings.interface.mouse).map_err(|error| said(&error))?;
        let place = Place { app, notices, keymap, look, capabilities, umask, origin, is_demo };
        let runtime =
            place.furnish(surface, TerminalKeys::default()).await.map_err(|error| said(&error))?;
        runtime.run(async || signals.next().await).await.map_err(|error| said(&error))
    });
    // What is left are tasks that wait for what nobody needs any more.
    runtime.shutdown_background();
    outcome.map(|ended| match ended {
        Ended::Quit => ExitCode::SUCCESS,
        Ended::Told(reason) => ExitCode::from(u8::try_from(reason.exit_code()).unwrap_or(1)),
    })
}

/// What the loop is made of, but for the terminal.
struct Place {
    app: App,
    /// What opening the app had to say.
    notices: Vec<config::Notice>,
    keymap: Keymap,
    look: Look,
    capabilities: Capabilities,
    umask: Umask,
    origin: Instant,
    /// Whether all this is the demonstration: the walk begins by itself.
    is_demo: bool,
}

impl Place {
    /// The loop over a terminal, or a test's stand-in for one.
    async fn furnish<S: Surface, K: Keys>(self, surface: S, keys: K) -> io::Result<Runtime<S, K>> {
        let Self { app, notices, keymap, look, capabilities, umask, origin, is_demo } = self;
        let recent = recent(&app).await;
        let mut state = State::new(StateOptions {
            workspace: app.workspace.name(),
            marks: look.glyphs.marks(),
            size: surface.size()?,
            mouse: app.settings.interface.mouse,
            theme: look.theme.name().to_owned(),
            tab_width: app.settings.interface.tab_width,
            default_model: app.settings.default_model.clone(),
            template: recent.first().cloned(),
            keymap: Arc::new(keymap),
            zone: jiff::tz::TimeZone::system(),
        });
        state.spending = Spending::of(&app.settings);
        welcome(&app, &mut state, last_panes(&app).await, is_demo);
        state.read_only = app.store.is_read_only();
        state.recent = recent;
        let welcomed = app.store.setting(update::WELCOMED).await.ok().flatten().is_some();
        state.welcome = !welcomed && !is_demo && app.workspace.is_embedded();
        state.is_demo = is_demo;
        state.still = app.settings.interface.reduce_motion || app.environment.wants_stillness();
        state.tour = is_demo.then(Tour::begin);
        let (exec, inbox) = Exec::new(app.clone());
        for notice in notices {
            let text = notice.message;
            exec.tell(Msg::Notice(Notice { severity: Severity::Warning, text, hint: None }));
        }
        let clock = FrameClock::for_place(&app.settings.interface, &app.environment);
        Ok(Runtime {
            clock,
            app,
            state,
            look,
            surface,
            keys,
            capabilities,
            exec,
            inbox,
            umask,
            origin: origin.into(),
        })
    }
}

/// The theme that was picked last; the default one where none was, or it is gone.
async fn picked_theme(app: &App) -> Theme {
    let kept = app.store.setting(update::THEME).await.ok().flatten();
    let name = kept.as_ref().and_then(|kept| kept.as_str()).unwrap_or(DEFAULT_THEME);
    let load = |name: &str| {
        let theme = Theme::load(name, &app.environment, &app.paths.themes_dir);
        theme.map(|theme| theme.named(name))
    };
    load(name).or_else(|_| load(DEFAULT_THEME)).unwrap_or_else(|_| Theme::mono())
}

/// The templates that were open last, the last of them first.
async fn recent(app: &App) -> Vec<TemplateId> {
    let kept = app.store.setting(update::RECENT).await.ok().flatten();
    let names = kept.as_ref().and_then(|kept| kept.as_array()).cloned().unwrap_or_default();
    names.iter().filter_map(|name| TemplateId::new(name.as_str()?).ok()).collect()
}

/// The variants there were when the program last ended.
async fn last_panes(app: &App) -> Option<Vec<Pane>> {
    let kept = app.store.setting(update::PANES).await.ok()??;
    let panes: Vec<Pane> = kept.as_array()?.iter().filter_map(Pane::from_setting).collect();
    let in_order = panes.is_sorted_by(|a, b| a.variant < b.variant);
    (!panes.is_empty() && in_order).then_some(panes)
}

/// Sets the variants up as they were left, and the built-in sample so that the first key shows two models at work on one prompt.
fn welcome(app: &App, state: &mut State, kept: Option<Vec<Pane>>, is_demo: bool) {
    if let Some(panes) = kept {
        state.panes = panes;
        state.panes_kept = state.panes.iter().map(Pane::to_setting).collect();
        return;
    }
    if !app.workspace.is_embedded() && !is_demo {
        return;
    }
    if let Some(first) = state.pane_mut(VariantName::A) {
        first.model = Some(ModelRef::new("demo", "fast"));
    }
    let mut second = Pane::new(VariantName::B);
    second.model = Some(ModelRef::new("demo", "careful"));
    state.panes.push(second);
    if state.opening.is_none() {
        state.opening = TemplateId::new("development/code-review").ok();
    }
}
