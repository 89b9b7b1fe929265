//! The full-screen face.

pub mod effect;
mod exec;
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
    process::ExitCode,
    sync::Arc,
    time::Instant,
};

use crate::{
    app::{App, AppOptions},
    config::Umask,
    model::{ModelRef, TemplateId, VariantName},
};
use exec::Exec;
use keymap::Keymap;
use msg::{Msg, Notice, Severity};
use runtime::{Ended, Runtime};
use state::{Pane, State, StateOptions};
use surface::{Keys, Surface, TerminalKeys};
use term::{Capabilities, FrameClock, Screen};
use theme::{DEFAULT_THEME, Glyphs, Theme};
use view::Look;

/// Opens the workbench and stays until the user leaves. Says on standard error what keeps it
/// from opening.
#[must_use]
pub fn run(options: AppOptions) -> ExitCode {
    let origin = Instant::now();
    match open(options, origin) {
        Ok(code) => code,
        Err(message) => {
            // Nobody is left to tell where standard error cannot be written.
            let _ = writeln!(io::stderr(), "lathe: {message}");
            ExitCode::from(2)
        }
    }
}

fn open(options: AppOptions, origin: Instant) -> Result<ExitCode, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let capabilities = Capabilities::of(&options.environment).map_err(|error| said(&error))?;
    let umask = Umask::restrict();
    let (app, notices) = App::open(options).map_err(|error| said(&error))?;
    crate::app::start_log(&app.paths);
    let settings = Arc::clone(&app.settings);
    let keymap = Keymap::new(&settings.keys).map_err(|error| said(&error))?;
    let theme = settings.theme.as_deref().unwrap_or(DEFAULT_THEME);
    let theme = Theme::load(theme, &app.environment, &app.paths.themes_dir)
        .map_err(|error| said(&error))?;
    let glyphs = Glyphs::choose(settings.interface.glyphs, &app.environment);
    let look = Look { theme, glyphs };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| said(&error))?;
    let outcome = runtime.block_on(async {
        let mut signals = term::listen().map_err(|error| said(&error))?;
        term::install_panic_hook();
        let surface =
            Screen::enter(capabilities, settings.interface.mouse).map_err(|error| said(&error))?;
        let place = Place { app, notices, keymap, look, capabilities, umask, origin };
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
    notices: Vec<crate::config::Notice>,
    keymap: Keymap,
    look: Look,
    capabilities: Capabilities,
    umask: Umask,
    origin: Instant,
}

impl Place {
    /// The loop over a terminal, or a test's stand-in for one.
    async fn furnish<S: Surface, K: Keys>(self, surface: S, keys: K) -> io::Result<Runtime<S, K>> {
        let Self { app, notices, keymap, look, capabilities, umask, origin } = self;
        let mut state = State::new(StateOptions {
            workspace: app.workspace.name(),
            marks: look.glyphs.marks(),
            size: surface.size()?,
            mouse: app.settings.interface.mouse,
            default_model: app.settings.default_model.clone(),
            template: last_template(&app).await,
            keymap: Arc::new(keymap),
            zone: jiff::tz::TimeZone::system(),
        });
        welcome(&app, &mut state, last_panes(&app).await);
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

/// The template that was open when the program last ended.
async fn last_template(app: &App) -> Option<TemplateId> {
    let kept = app.store.setting(update::LAST_TEMPLATE).await.ok()??;
    TemplateId::new(kept.as_str()?).ok()
}

/// The variants there were when the program last ended.
async fn last_panes(app: &App) -> Option<Vec<Pane>> {
    let kept = app.store.setting(update::PANES).await.ok()??;
    let panes: Vec<Pane> = kept.as_array()?.iter().filter_map(Pane::from_setting).collect();
    let in_order = panes.is_sorted_by(|a, b| a.variant < b.variant);
    (!panes.is_empty() && in_order).then_some(panes)
}

/// Sets the variants up as they were left, and the built-in sample so that the first key shows two models at work on one prompt.
fn welcome(app: &App, state: &mut State, kept: Option<Vec<Pane>>) {
    if let Some(panes) = kept {
        state.panes = panes;
        return;
    }
    if !app.workspace.is_embedded() {
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
