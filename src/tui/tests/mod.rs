//! The whole program but for the terminal: the real loop over real rooms — settings, workspace,
//! database, engine, providers over real sockets — with scripted keys, and with a clock that
//! stands still until a script moves it.

mod conduct;
mod journeys;
mod money;
mod secrets;
mod server;

use std::{
    cell::RefCell, collections::BTreeMap, fs, future::pending, io, path::Path, rc::Rc,
    sync::mpsc::channel, time::Duration,
};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use ratatui::{Frame, Terminal, backend::TestBackend};
use tempfile::TempDir;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, spawn_local},
};

use super::{
    Place,
    keymap::Keymap,
    runtime::Ended,
    surface::{Keys, Surface},
    term::{Capabilities, Signal, Suspended},
    theme::{Glyphs, Theme},
    view::Look,
};
use crate::{
    app::{App, AppOptions},
    config::{Environment, Overrides, Umask},
    model::Execution,
    store::{HistoryQuery, Scope, Store},
};

/// How far the clock goes on while a script waits for something. Shorter than a frame.
const STEP: Duration = Duration::from_millis(5);

/// How long a script waits for anything, by its own clock.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a stand-in for a terminal saw.
#[derive(Default)]
struct Seen {
    rows: Vec<String>,
    frames: usize,
    repaints: usize,
    lent: usize,
    suspended: usize,
    taken_back: usize,
    size: (u16, u16),
    written: Vec<u8>,
    /// Whether the terminal is gone: drawing fails.
    dead: bool,
}

struct Glass {
    terminal: Terminal<TestBackend>,
    seen: Rc<RefCell<Seen>>,
}

impl Surface for Glass {
    fn draw(&mut self, view: &mut dyn FnMut(&mut Frame<'_>)) -> io::Result<()> {
        let (columns, rows) = self.size()?;
        self.terminal.backend_mut().resize(columns, rows);
        let Ok(drawn) = self.terminal.draw(view);
        let buffer = drawn.buffer;
        let rows = (buffer.area.top()..buffer.area.bottom())
            .map(|y| {
                (buffer.area.left()..buffer.area.right())
                    .map(|x| buffer[(x, y)].symbol())
                    .collect::<String>()
            })
            .collect();
        let mut seen = self.seen.borrow_mut();
        seen.rows = rows;
        seen.frames += 1;
        Ok(())
    }

    fn size(&self) -> io::Result<(u16, u16)> {
        let seen = self.seen.borrow();
        if seen.dead { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(seen.size) }
    }

    fn repaint(&mut self) -> io::Result<()> {
        self.seen.borrow_mut().repaints += 1;
        Ok(())
    }

    fn set_mouse(&mut self, _: bool) -> io::Result<()> {
        Ok(())
    }

    fn write_through(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.seen.borrow_mut().written.extend_from_slice(bytes);
        Ok(())
    }

    fn lend(&mut self, work: &mut dyn FnMut()) -> io::Result<()> {
        self.seen.borrow_mut().lent += 1;
        work();
        Ok(())
    }

    fn can_suspend(&self) -> bool {
        true
    }

    fn suspend(&mut self) -> io::Result<Suspended> {
        self.seen.borrow_mut().suspended += 1;
        Ok(Suspended::Refused)
    }

    fn take_back(&mut self) -> io::Result<()> {
        self.seen.borrow_mut().taken_back += 1;
        Ok(())
    }
}

struct Script {
    events: mpsc::UnboundedReceiver<Event>,
}

impl Keys for Script {
    async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await.map(Ok)
    }

    fn pause(&mut self) {}
}

/// A home with a workspace, kept over several starts.
struct Home {
    folder: TempDir,
}

impl Home {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(folder.path().join("work/prompts")).expect("a workspace");
        let home = Self { folder };
        home.write(
            "prompts/mood.prompty",
            "---\nname: Mood\nversion: 1.0.0\nmodel: demo/fast\n---\nsystem:\nClassify the \
             sentiment as positive, negative or neutral.\n\nuser:\nIt broke after one day.\n",
        );
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file of the workspace.
    fn write(&self, name: &str, text: &str) {
        let path = self.path().join("work").join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join("work").join(name)).expect("read")
    }

    /// Writes the user's settings.
    fn settings(&self, text: &str) {
        let folder = self.path().join(".config/lathe");
        crate::config::create_private_dir(&folder).expect("a folder");
        fs::write(folder.join("config.toml"), text).expect("written");
    }

    fn open(&self, more: &[(&str, &str)]) -> (App, Vec<crate::config::Notice>) {
        let mut environment: BTreeMap<String, String> =
            more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        environment.insert("HOME".to_owned(), self.path().to_string_lossy().into_owned());
        environment.insert("TERM".to_owned(), "xterm-256color".to_owned());
        let overrides =
            Overrides { workspace: Some(self.path().join("work")), ..Overrides::default() };
        let environment = Environment::from_pairs(environment);
        App::open(AppOptions { environment, overrides, ..AppOptions::default() }).expect("it opens")
    }

    /// Every execution on record, newest first, as a later start finds them.
    async fn records(&self) -> Vec<Execution> {
        let (app, _) = self.open(&[]);
        let query = HistoryQuery { workspace: Scope::All, ..HistoryQuery::default() };
        let page = app.store.history(query).await.expect("listed");
        let mut records = Vec::new();
        for row in page.rows {
            records.push(app.store.get(row.id).await.expect("read").expect("there"));
        }
        records
    }
}

/// The running program.
struct Whole {
    seen: Rc<RefCell<Seen>>,
    keys: Option<mpsc::UnboundedSender<Event>>,
    signals: mpsc::UnboundedSender<Signal>,
    store: Store,
    ended: JoinHandle<io::Result<Ended>>,
}

impl Whole {
    /// Starts the program. Within a `LocalSet` of a runtime whose time is paused.
    async fn start(home: &Home, size: (u16, u16), environment: &[(&str, &str)]) -> Self {
        let (app, notices) = home.open(environment);
        let seen = Rc::new(RefCell::new(Seen { size, ..Seen::default() }));
        let backend = TestBackend::new(size.0, size.1);
        let Ok(terminal) = Terminal::new(backend);
        let surface = Glass { terminal, seen: Rc::clone(&seen) };
        let (keys, events) = mpsc::unbounded_channel();
        let (signals, mut told) = mpsc::unbounded_channel();
        let store = app.store.clone();
        let place = Place {
            keymap: Keymap::new(app.settings.interface.key_set, &app.settings.keys).expect("keys"),
            app,
            notices,
            look: Look { theme: Theme::terminal(), glyphs: Glyphs::UNICODE },
            capabilities: Capabilities { keyboard: false, clipboard: true },
            umask: Umask::restrict(),
            origin: tokio::time::Instant::now().into_std(),
            is_demo: false,
        };
        let runtime = place.furnish(surface, Script { events }).await.expect("it starts");
        let ended = spawn_local(runtime.run(async move || match told.recv().await {
            Some(signal) => Some(signal),
            None => pending().await,
        }));
        Self { seen, keys: Some(keys), signals, store, ended }
    }

    /// Lets everything happen that needs no time: tasks, sockets, files, the database.
    async fn settle(&self) {
        for _ in 0..4 {
            for _ in 0..16 {
                tokio::task::yield_now().await;
            }
            // The database's threads answer in turn; what was asked before is answered. It may
            // be closed by now.
            let _ = self.store.setting("nothing").await;
            // So does the one thread for files: on a busy machine the clock would leave it behind.
            let _ = tokio::task::spawn_blocking(|| ()).await;
        }
    }

    /// Moves the clock.
    async fn pass(&self, time: Duration) {
        let end = tokio::time::Instant::now() + time;
        self.settle().await;
        while let Some(left) =
            end.checked_duration_since(tokio::time::Instant::now()).filter(|left| !left.is_zero())
        {
            tokio::time::advance(left.min(STEP)).await;
            self.settle().await;
        }
    }

    fn screen(&self) -> String {
        self.seen.borrow().rows.join("\n")
    }

    /// Waits until the screen is as wanted; the clock goes on meanwhile.
    async fn until_that(&self, wanted: &str, is: impl Fn(&str) -> bool) {
        let begin = tokio::time::Instant::now();
        self.settle().await;
        while !is(&self.screen()) {
            assert!(begin.elapsed() < PATIENCE, "no {wanted} on\n{}", self.screen());
            tokio::time::advance(STEP).await;
            self.settle().await;
        }
    }

    async fn until(&self, text: &str) {
        self.until_that(text, |screen| screen.contains(text)).await;
    }

    /// Presses keys, one after the other, named as in the settings, with spaces between them.
    async fn press(&self, keys: &str) {
        for name in keys.split(' ') {
            self.event(Event::Key(key(name)));
            self.settle().await;
        }
    }

    /// Goes from pane to pane until the footer offers this.
    async fn focus_where(&self, footer: &str) {
        for _ in 0..8 {
            if self.screen().lines().last().is_some_and(|row| row.contains(footer)) {
                return;
            }
            self.press("tab").await;
            // Longer than a frame, over SSH too.
            self.pass(Duration::from_millis(40)).await;
        }
        panic!("no pane offers {footer} on\n{}", self.screen());
    }

    async fn type_text(&self, text: &str) {
        for character in text.chars() {
            self.event(Event::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self.settle().await;
    }

    fn event(&self, event: Event) {
        let keys = self.keys.as_ref().expect("the terminal is there");
        assert!(keys.send(event).is_ok(), "the program reads no more");
    }

    fn resize(&self, columns: u16, rows: u16) {
        self.seen.borrow_mut().size = (columns, rows);
        self.event(Event::Resize(columns, rows));
    }

    fn signal(&self, signal: Signal) {
        assert!(self.signals.send(signal).is_ok(), "the program hears no more");
    }

    /// Nobody types any more, and nothing can be shown: the line was cut.
    fn cut(&mut self) {
        self.seen.borrow_mut().dead = true;
        self.keys = None;
    }

    /// How it ended.
    async fn ended(self) -> io::Result<Ended> {
        let Self { ended, store, .. } = self;
        drop(store);
        ended.await.expect("no panic")
    }
}

fn key(name: &str) -> KeyEvent {
    let (modifiers, name) = match (name.strip_prefix("ctrl-"), name.strip_prefix("alt-")) {
        (Some(rest), _) => (KeyModifiers::CONTROL, rest),
        (None, Some(rest)) => (KeyModifiers::ALT, rest),
        (None, None) => (KeyModifiers::NONE, name),
    };
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "end" => KeyCode::End,
        other => KeyCode::Char(other.chars().next().expect("a key")),
    };
    KeyEvent::new(code, modifiers)
}

/// Runs a script with a clock that stands still.
fn script(work: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(2)
        .start_paused(true)
        .build()
        .expect("a runtime");
    // As long as this thread works, the clock does not run off by itself; the other one is for files.
    let (still, held) = channel::<()>();
    runtime.spawn_blocking(move || held.recv());
    tokio::task::LocalSet::new().block_on(&runtime, work());
    drop(still);
}
