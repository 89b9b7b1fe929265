//! The screens as they are drawn: snapshots at three sizes, and a sweep over all sizes with text
//! that means harm.
#![cfg(feature = "tui")]
#![expect(clippy::expect_used, reason = "a test says what it expected and stops")]

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use promptlathe::{
    model::{ContentHash, Message, ModelRef, Role, TemplateId, VariantName, VersionRecord},
    prompt::{Finding, Form, Severity, tokens::TokenCount},
    safety::MarkStyle,
    tui::{
        effect::{Effect, Question},
        keymap::Keymap,
        msg::{
            Analysis, Answer, CallEvent, HistoryLine, HistoryPage, InputField, LibraryEntry, Msg,
            Now, OpenedTemplate, RunToken,
        },
        state::{State, StateOptions},
        theme::{Glyphs, Theme},
        update,
        view::{self, Look},
    },
};
use ratatui::{Terminal, backend::TestBackend, buffer::Buffer};
use semver::Version;

/// What everything outside is called and says.
#[derive(Clone, Copy)]
struct Words {
    name: &'static str,
    text: &'static str,
}

const PLAIN: Words = Words {
    name: "sentiment",
    text: "The customer reports a defect after one day and an unanswered complaint, so the \
           sentiment is clearly negative.",
};

/// Escape sequences, overstriking, direction, invisible and combining characters.
const HOSTILE: Words = Words {
    name: "\u{1b}[2J\u{9b}31mна\u{202e}ме\u{200b}",
    text: "a\u{1b}]0;title\u{7}b\u{8}c\rd\n\u{202e}right\u{202c} \u{200b}\u{feff}\u{e0041} \u{85}\
           e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}\u{301} 漢字 👩‍👩‍👧 \u{0}\tend \
           \u{1b}P+q\u{1b}\\ ﷽ \u{1b}[?1049l",
};

/// The face without a terminal: messages in, effects answered by what a test knows.
struct Stage {
    state: State,
    words: Words,
    millis: u64,
}

impl Stage {
    fn new(size: (u16, u16), words: Words) -> Self {
        let state = State::new(StateOptions {
            workspace: words.name.to_owned(),
            marks: MarkStyle::Unicode,
            size,
            mouse: false,
            default_model: Some(ModelRef::new("demo", "fast")),
            template: None,
            keymap: Arc::new(Keymap::default()),
        });
        let mut stage = Self { state, words, millis: 0 };
        let now = stage.now();
        let effects = update::start(&mut stage.state, now);
        stage.answer(effects);
        stage
    }

    fn now(&self) -> Now {
        Now { monotonic: Duration::from_millis(self.millis), wall: Timestamp::UNIX_EPOCH }
    }

    fn send(&mut self, message: Msg) -> Vec<Effect> {
        self.millis += 20;
        let now = self.now();
        update::update(&mut self.state, message, now)
    }

    fn tell(&mut self, message: Msg) {
        let effects = self.send(message);
        self.answer(effects);
    }

    fn answer(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            if let Effect::Ask { id, question } = effect
                && let Some(answer) = self.known(&question)
            {
                self.tell(Msg::Answered { id, answer });
            }
        }
    }

    fn known(&self, question: &Question) -> Option<Answer> {
        let words = self.words;
        Some(match question {
            Question::Library => Answer::Library(Ok(vec![LibraryEntry {
                id: TemplateId::new("analysis/one").ok()?,
                category: words.name.to_owned(),
                name: Some(words.name.to_owned()),
                version: Some(Version::new(1, 2, 0)),
                draft: true,
                broken: None,
            }])),
            Question::Open(id) => Answer::Opened(Ok(Box::new(OpenedTemplate {
                id: id.clone(),
                form: Form::Prompty,
                text: format!(
                    "---\nname: x\n---\nsystem:\n{}\n\nuser:\n{{{{ message }}}}\n",
                    words.text
                ),
                base: ContentHash::of(b"x"),
                draft: None,
                inputs: BTreeMap::new(),
                versions: vec![VersionRecord {
                    template: id.clone(),
                    version: Version::new(1, 2, 0),
                    content_hash: ContentHash::of(b"x"),
                    content: "old".to_owned(),
                    note: words.text.to_owned(),
                    label: Some(words.name.to_owned()),
                    saved_at: Timestamp::UNIX_EPOCH,
                    rolled_back_from: None,
                }],
                writable: true,
            }))),
            Question::Analyse { .. } => Answer::Analysed(Box::new(Analysis {
                version: Some(Version::new(1, 2, 0)),
                model: Some(ModelRef::new("demo", words.name)),
                fields: vec![InputField {
                    name: words.name.to_owned(),
                    required: false,
                    default: Some(words.text.into()),
                    description: Some(words.text.to_owned()),
                    choices: Vec::new(),
                    kind: None,
                    declared: true,
                    used: true,
                }],
                findings: vec![Finding {
                    severity: Severity::Warning,
                    file: None,
                    line: 3,
                    column: 1,
                    code: "unused",
                    message: words.text.to_owned(),
                }],
                tokens: Some(TokenCount { tokens: 118, exact: true }),
                context_window: Some(8192),
                messages: vec![Message::new(Role::User, words.text.to_owned())],
                ..Analysis::default()
            })),
            Question::Spend => Answer::Spend(Some(0.0041)),
            Question::History { .. } => {
                Answer::History(Ok(HistoryPage { rows: vec![self.row()], next: None }))
            }
            _ => return None,
        })
    }

    fn row(&self) -> HistoryLine {
        HistoryLine {
            id: promptlathe::model::ExecutionId(uuid::Uuid::from_u128(7)),
            at: Timestamp::UNIX_EPOCH,
            template: TemplateId::new("analysis/one").ok(),
            version: Some(Version::new(1, 2, 0)),
            variant: VariantName::A,
            model: ModelRef::new("demo", self.words.name),
            status: promptlathe::model::Status::Ok,
            error_kind: None,
            excerpt: self.words.text.to_owned(),
            total_ms: Some(412),
            ttft_ms: Some(121),
            usage: promptlathe::model::Usage::default(),
            cost_usd: Some(0.0001),
            rating: Some(4),
        }
    }

    fn keys(&mut self, keys: &str) -> Vec<Effect> {
        let mut all = Vec::new();
        for key in keys.chars() {
            let code = match key {
                '\n' => KeyCode::Enter,
                '\u{1b}' => KeyCode::Esc,
                '\t' => KeyCode::Tab,
                other => KeyCode::Char(other),
            };
            let effects = self.send(Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)));
            let runs = effects.iter().any(|it| matches!(it, Effect::StartRun { .. }));
            if runs { all.extend(effects) } else { self.answer(effects) }
        }
        all
    }

    /// Forks a second variant, runs both, and lets text arrive.
    fn stream(&mut self) {
        self.keys("f");
        let effects = self.keys("R");
        let run = effects.iter().find_map(|effect| match effect {
            Effect::StartRun { run, .. } => Some(*run),
            _ => None,
        });
        let run: RunToken = run.expect("a run began");
        for (variant, pieces) in [(VariantName::A, 1), (VariantName::B, 3)] {
            for event in
                [CallEvent::Queued, CallEvent::Attempt { number: 1, of: 3 }, CallEvent::Sent]
            {
                self.tell(Msg::Run { run, variant, event });
            }
            for _ in 0..pieces {
                let event = CallEvent::Delta {
                    text: format!("{}\n", self.words.text),
                    reasoning: self.words.text.to_owned(),
                    refusal: String::new(),
                    at: Duration::from_millis(121),
                };
                self.tell(Msg::Run { run, variant, event });
            }
        }
    }

    fn draw(&self, look: &Look) -> Buffer {
        let (columns, rows) = self.state.size;
        let mut terminal =
            Terminal::new(TestBackend::new(columns, rows)).expect("a terminal in memory");
        terminal.draw(|frame| view::draw(&self.state, look, frame)).expect("drawn");
        terminal.backend().buffer().clone()
    }
}

fn look() -> Look {
    Look { theme: Theme::terminal(), glyphs: Glyphs::UNICODE }
}

fn rows(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut text = String::new();
    for y in area.top()..area.bottom() {
        let row: String = (area.left()..area.right()).map(|x| buffer[(x, y)].symbol()).collect();
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}

#[test]
fn the_workbench_streaming_at_three_sizes() {
    for size in [(80, 24), (120, 36), (200, 50)] {
        let mut stage = Stage::new(size, PLAIN);
        stage.stream();
        insta::assert_snapshot!(
            format!("streaming_{}x{}", size.0, size.1),
            rows(&stage.draw(&look()))
        );
    }
}

#[test]
fn what_stands_in_front_at_two_sizes() {
    for size in [(80, 24), (120, 36)] {
        for (name, keys) in [
            ("palette", ":"),
            ("help", "?"),
            ("versions", "v"),
            ("preview", "p"),
            ("parameters", "t"),
            ("history", "2"),
        ] {
            let mut stage = Stage::new(size, PLAIN);
            stage.keys(keys);
            insta::assert_snapshot!(
                format!("{name}_{}x{}", size.0, size.1),
                rows(&stage.draw(&look()))
            );
        }
    }
}

#[test]
fn without_unicode_every_cell_is_ascii() {
    let look = Look { theme: Theme::mono(), glyphs: Glyphs::ASCII };
    let mut stage = Stage::new((120, 36), PLAIN);
    stage.stream();
    for keys in ["", ":", "\u{1b}?", "\u{1b}v", "\u{1b}2"] {
        stage.keys(keys);
        assert!(rows(&stage.draw(&look)).is_ascii(), "after {keys:?}");
    }
}

#[test]
fn no_size_and_no_text_breaks_a_screen() {
    let look = look();
    let mut stage = Stage::new((120, 36), HOSTILE);
    stage.stream();
    let widths = [0, 1, 2, 20, 39, 40, 41, 60, 79, 80, 81, 100, 109, 110, 120, 140];
    let heights = [0, 1, 2, 5, 11, 12, 13, 20, 23, 24, 25, 36, 50];
    for keys in
        ["", ":", "\u{1b}?", "\u{1b}m", "\u{1b}t", "\u{1b}v", "\u{1b}p", "\u{1b}2", "\n", "1z"]
    {
        stage.keys(keys);
        for columns in widths {
            for height in heights {
                stage.tell(Msg::Resized { columns, rows: height });
                let buffer = stage.draw(&look);
                for cell in &buffer.content {
                    let bad = cell.symbol().chars().find(|c| {
                        c.is_control()
                            || matches!(*c, '\u{200b}' | '\u{202a}'..='\u{202e}' | '\u{feff}'
                                | '\u{2066}'..='\u{2069}' | '\u{e0000}'..='\u{e007f}')
                    });
                    assert_eq!(bad, None, "{columns}x{height} after {keys:?}");
                }
            }
        }
        stage.tell(Msg::Resized { columns: 120, rows: 36 });
    }
}
