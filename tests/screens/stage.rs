//! The face without a terminal: messages in, effects answered by a world, pictures out.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
    time::Duration,
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use promptlathe::{
    model::{Execution, ModelRef, VariantName},
    safety::MarkStyle,
    tui::{
        effect::Effect,
        keymap::{Action, Keymap},
        msg::{CallEvent, Msg, Notice, Now, RunToken, Severity, TimerId},
        state::{State, StateOptions},
        theme::{Glyphs, Theme},
        update,
        view::{self, Look},
    },
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    buffer::{Buffer, Cell},
    style::Style,
};

use crate::world::{NOW, World, execution};

/// Made once: thousands of scripts begin with it.
static KEYMAP: LazyLock<Arc<Keymap>> = LazyLock::new(|| Arc::new(Keymap::default()));

/// A script: the state, the time, and the world that answers.
#[derive(Clone)]
pub struct Stage {
    pub state: State,
    pub world: World,
    pub clock: Duration,
    /// Which run each variant was started in last.
    runs: BTreeMap<VariantName, RunToken>,
    /// What is to be woken, and when.
    timers: Vec<(Duration, TimerId)>,
}

impl Stage {
    /// Just started; everything asked for is answered.
    pub fn new(size: (u16, u16), world: World) -> Self {
        Self::with_marks(size, world, MarkStyle::Unicode)
    }

    /// The same with the given marks for what would not be seen.
    pub fn with_marks(size: (u16, u16), world: World, marks: MarkStyle) -> Self {
        let state = State::new(StateOptions {
            workspace: world.workspace.clone(),
            marks,
            size,
            mouse: false,
            theme: "default".to_owned(),
            tab_width: 2,
            default_model: Some(ModelRef::new("demo", "fast")),
            template: None,
            keymap: Arc::clone(&KEYMAP),
            zone: jiff::tz::TimeZone::UTC,
        });
        let mut stage =
            Self { state, world, clock: Duration::ZERO, runs: BTreeMap::new(), timers: Vec::new() };
        let now = stage.now();
        let effects = update::start(&mut stage.state, now);
        stage.carry_out(effects);
        stage
    }

    fn now(&self) -> Now {
        Now { monotonic: self.clock, wall: NOW }
    }

    /// Takes a message, and answers what comes of it.
    pub fn tell(&mut self, message: Msg) {
        let now = self.now();
        let effects = update::update(&mut self.state, message, now);
        self.carry_out(effects);
    }

    /// Carries out an action, as the palette would.
    pub fn act(&mut self, action: Action) -> &mut Self {
        let now = self.now();
        let effects = update::act(&mut self.state, action, now);
        self.carry_out(effects);
        self
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Ask { id, question } => {
                    if let Some(answer) = self.world.answer(&question) {
                        self.tell(Msg::Answered { id, answer });
                    }
                }
                Effect::StartRun { run, calls } => {
                    self.runs.extend(calls.iter().map(|call| (call.variant, run)));
                }
                Effect::Schedule { id, after } => self.timers.push((self.clock + after, id)),
                _ => {}
            }
        }
    }

    /// Presses keys one by one, named as in the settings, with spaces between them.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for key in keys.split_whitespace() {
            self.tell(Msg::Key(key_event(key)));
        }
        self
    }

    /// Types a text.
    pub fn typed(&mut self, text: &str) -> &mut Self {
        for character in text.chars() {
            self.tell(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
        self
    }

    /// The clock goes on, and what waited for it wakes up.
    pub fn wait(&mut self, millis: u64) -> &mut Self {
        self.clock += Duration::from_millis(millis);
        let clock = self.clock;
        let (due, later) = self.timers.iter().partition(|(at, _)| *at <= clock);
        self.timers = later;
        let due: Vec<(Duration, TimerId)> = due;
        for (_, id) in due {
            self.tell(Msg::Timer(id));
        }
        self
    }

    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.tell(Msg::Resized { columns, rows });
    }

    pub fn notice(&mut self, severity: Severity, text: &str, hint: Option<&str>) -> &mut Self {
        let hint = hint.map(str::to_owned);
        self.tell(Msg::Notice(Notice { severity, text: text.to_owned(), hint }));
        self
    }

    /// Something of the call that a variant runs.
    pub fn call(&mut self, variant: VariantName, event: CallEvent) -> &mut Self {
        let run = *self.runs.get(&variant).expect("the variant runs");
        self.tell(Msg::Run { run, variant, event });
        self
    }

    /// Providers are left alone for a time.
    pub fn left_alone(&mut self, provider: &str, again_in: Duration) -> &mut Self {
        self.tell(Msg::Circuits(vec![(provider.to_owned(), Some(again_in))]));
        self
    }

    /// The run of a variant waits: its prompt holds a secret.
    pub fn secrets(&mut self, variant: VariantName, text: &str) -> &mut Self {
        let run = *self.runs.get(&variant).expect("the variant runs");
        self.tell(Msg::SecretsFound { run, text: text.to_owned() });
        self
    }

    /// A call up to the point where the server has accepted it.
    pub fn accepted(&mut self, variant: VariantName) -> &mut Self {
        self.call(variant, CallEvent::Queued)
            .call(variant, CallEvent::Attempt { number: 1, of: 3 })
            .call(variant, CallEvent::Sent)
            .call(variant, CallEvent::Headers)
    }

    /// Text comes, 121 ms after the start of the call.
    pub fn text(&mut self, variant: VariantName, text: &str) -> &mut Self {
        self.delta(variant, text, "")
    }

    /// Reasoning comes.
    pub fn thought(&mut self, variant: VariantName, reasoning: &str) -> &mut Self {
        self.delta(variant, "", reasoning)
    }

    fn delta(&mut self, variant: VariantName, text: &str, reasoning: &str) -> &mut Self {
        let event = CallEvent::Delta {
            text: text.to_owned(),
            reasoning: reasoning.to_owned(),
            refusal: String::new(),
            at: Duration::from_millis(121),
        };
        self.call(variant, event)
    }

    /// The call ends with this text, and whatever else the record says.
    pub fn ended(
        &mut self,
        variant: VariantName,
        text: &str,
        change: impl FnOnce(&mut Execution),
    ) -> &mut Self {
        let pane = self.state.pane(variant).expect("a pane");
        let model = self.state.model_of(pane).cloned().expect("a model");
        let mut ended = execution(variant, &model.provider, &model.model, text);
        change(&mut ended);
        self.call(variant, CallEvent::Finished(Box::new(ended)))
    }

    /// The screen as it is drawn now.
    pub fn draw(&self, look: &Look) -> Buffer {
        draw(&self.state, look)
    }

    /// The screen as rows of text.
    pub fn picture(&self) -> String {
        rows(&self.draw(&unicode()))
    }
}

/// A state as it is drawn.
pub fn draw(state: &State, look: &Look) -> Buffer {
    let (columns, rows) = state.size;
    let mut terminal =
        Terminal::new(TestBackend::new(columns, rows)).expect("a terminal in memory");
    terminal.draw(|frame| view::draw(state, look, frame)).expect("drawn");
    terminal.backend().buffer().clone()
}

/// The default look of a terminal that shows Unicode.
pub fn unicode() -> Look {
    Look { theme: Theme::terminal(), glyphs: Glyphs::UNICODE }
}

/// The look of a terminal without colour that shows Unicode.
pub fn mono() -> Look {
    Look { theme: Theme::mono(), glyphs: Glyphs::UNICODE }
}

/// The look of a terminal with neither colour nor Unicode.
pub fn ascii() -> Look {
    Look { theme: Theme::mono(), glyphs: Glyphs::ASCII }
}

/// The cells of each row that are seen: a wide character hides the cell beside it.
pub fn seen(buffer: &Buffer) -> impl Iterator<Item = Vec<(u16, &Cell)>> {
    let area = buffer.area;
    (area.top()..area.bottom()).map(move |y| {
        let mut x = area.left();
        let mut cells = Vec::with_capacity(usize::from(area.width));
        while x < area.right() {
            let cell = &buffer[(x, y)];
            cells.push((x, cell));
            x += u16::try_from(promptlathe::tui::text::cell_width(cell.symbol()).max(1))
                .expect("a cell's width");
        }
        cells
    })
}

/// A picture as text, a row a line.
pub fn rows(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in seen(buffer) {
        let row: String = row.iter().map(|(_, cell)| cell.symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

/// A picture as text in which every stretch of another style than the plain one is marked:
/// `[style]text[]`. A style is said as its letters: `b`old, `d`im, `i`talic, `u`nderlined,
/// `r`eversed, then its colours.
pub fn styled(buffer: &Buffer) -> String {
    let mut text = String::new();
    for row in seen(buffer) {
        let mut line = String::new();
        let mut current = String::new();
        for (_, cell) in row {
            let style = letters(cell);
            // The style of an empty cell is seen only where it is not just an ink.
            let unseen = cell.symbol() == " " && !style.contains(['r', 'u', '/']);
            if style != current && !(unseen && current.is_empty()) {
                if !current.is_empty() {
                    line.push_str("[]");
                }
                current = if unseen { String::new() } else { style };
                if !current.is_empty() {
                    let _ = write!(line, "[{current}]");
                }
            }
            line.push_str(cell.symbol());
        }
        if !current.is_empty() {
            line.push_str("[]");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn letters(cell: &Cell) -> String {
    use ratatui::style::{Color, Modifier};
    let style: Style = cell.style();
    let mut letters = String::new();
    for (modifier, letter) in [
        (Modifier::BOLD, 'b'),
        (Modifier::DIM, 'd'),
        (Modifier::ITALIC, 'i'),
        (Modifier::UNDERLINED, 'u'),
        (Modifier::REVERSED, 'r'),
    ] {
        if cell.modifier.contains(modifier) {
            letters.push(letter);
        }
    }
    if let Some(ink) = style.fg.filter(|ink| *ink != Color::Reset) {
        let _ = write!(letters, " {ink}");
    }
    if let Some(paper) = style.bg.filter(|paper| *paper != Color::Reset) {
        let _ = write!(letters, "/{paper}");
    }
    letters.trim().to_owned()
}

/// The event of a key by its name, with `ctrl-`, `alt-` or `shift-` before it.
fn key_event(name: &str) -> KeyEvent {
    let held = [
        ("ctrl-", KeyModifiers::CONTROL),
        ("alt-", KeyModifiers::ALT),
        ("shift-", KeyModifiers::SHIFT),
    ];
    let found =
        held.into_iter().find_map(|(prefix, held)| Some((held, name.strip_prefix(prefix)?)));
    let (modifiers, name) = found.unwrap_or((KeyModifiers::NONE, name));
    let code = match name {
        "enter" => KeyCode::Enter,
        "esc" => KeyCode::Esc,
        "tab" if modifiers == KeyModifiers::SHIFT => KeyCode::BackTab,
        "tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "backspace" => KeyCode::Backspace,
        "space" => KeyCode::Char(' '),
        key if key.len() > 1 && key.starts_with('f') => {
            KeyCode::F(key[1..].parse().expect("the number of a key"))
        }
        letter => {
            assert_eq!(letter.chars().count(), 1, "no such key: {letter}");
            KeyCode::Char(letter.chars().next().expect("a key"))
        }
    };
    KeyEvent::new(code, modifiers)
}
