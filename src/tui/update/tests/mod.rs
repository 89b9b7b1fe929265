//! Scripts of events: what was pressed and answered, and what came of it.

mod answers;
mod beside;
mod charts;
mod findings;
mod history;
mod history_edits;
mod judging;
mod keeping;
mod lists;
mod mouse;
mod opening;
mod others;
mod overlays;
mod running;
mod saving;
mod secrets;
mod spending;
mod stale;
mod typing;
mod undo;

use std::{
    collections::BTreeMap,
    sync::{Arc, LazyLock},
    time::Duration,
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use semver::Version;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    model::{
        CacheState, ContentHash, Execution, ExecutionId, Message, ModelRef, Quality, Role, RunId,
        SentParameters, Status, TemplateId, Timing, Usage, VariantName, VersionRecord,
    },
    safety::MarkStyle,
    tui::{
        effect::{CallOrder, Effect, Keep, Question},
        keymap::{Action, Keymap},
        msg::{
            Analysis, Answer, CallEvent, InputField, LibraryEntry, ModelChoice, ModelOrigin, Msg,
            Now, OpenedTemplate, RequestId, RunToken, TimerId,
        },
        state::{Focus, State, StateOptions},
        widgets::editor::{Command, Motion},
    },
};

/// Only what is told waits so long.
const LONG: Duration = Duration::from_secs(5);

/// Made once: thousands of scripts begin with it.
static KEYMAP: LazyLock<Arc<Keymap>> = LazyLock::new(|| Arc::new(Keymap::default()));

pub(super) const TEXT: &str = "---\nversion: 1.0.0\n---\nuser:\nSay {{ message }}\n";

pub(super) fn id(text: &str) -> TemplateId {
    TemplateId::new(text).expect("an id")
}

pub(super) fn version(text: &str) -> Version {
    text.parse().expect("a version")
}

fn choice(name: &str) -> ModelChoice {
    ModelChoice {
        model: model(name),
        origin: ModelOrigin::Demo,
        context_window: None,
        price: None,
        unavailable: None,
    }
}

pub(super) fn model(text: &str) -> ModelRef {
    text.parse().expect("a model")
}

pub(super) fn entry(name: &str) -> LibraryEntry {
    let id = id(name);
    LibraryEntry {
        category: id.folder().unwrap_or("").to_owned(),
        id,
        name: None,
        version: None,
        draft: false,
        broken: None,
    }
}

pub(super) fn opened(name: &str) -> OpenedTemplate {
    OpenedTemplate {
        form: crate::prompt::Form::Prompty,
        id: id(name),
        text: TEXT.to_owned(),
        base: ContentHash::of(TEXT.as_bytes()),
        draft: None,
        inputs: BTreeMap::new(),
        versions: vec![record(name, "1.0.0", TEXT)],
        writable: true,
    }
}

pub(super) fn record(name: &str, number: &str, content: &str) -> VersionRecord {
    VersionRecord {
        template: id(name),
        version: version(number),
        content_hash: ContentHash::of(content.as_bytes()),
        content: content.to_owned(),
        note: String::new(),
        label: None,
        saved_at: Timestamp::UNIX_EPOCH,
        rolled_back_from: None,
    }
}

pub(super) fn field(name: &str, required: bool) -> InputField {
    InputField {
        name: name.to_owned(),
        required,
        default: None,
        description: None,
        choices: Vec::new(),
        kind: None,
        declared: true,
        used: true,
    }
}

pub(super) fn analysis() -> Analysis {
    Analysis {
        version: Some(version("1.0.0")),
        fields: vec![field("message", true), field("tone", false)],
        messages: vec![Message::new(Role::User, "Say hello")],
        ..Analysis::default()
    }
}

pub(super) fn execution(number: u128, text: &str) -> Execution {
    Execution {
        id: ExecutionId(Uuid::from_u128(number)),
        run_id: RunId(Uuid::from_u128(1)),
        template: Some(id("b/second")),
        version: None,
        content_hash: None,
        variant: VariantName::A,
        provider: "demo".to_owned(),
        model: "fast".to_owned(),
        response_model: None,
        status: Status::Ok,
        inputs: BTreeMap::from([("message".to_owned(), json!("from the past"))]),
        messages: vec![Message::new(Role::User, "Say hello")],
        text: text.to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: None,
        finish_reason_raw: None,
        parameters: SentParameters::default(),
        usage: Usage::default(),
        cost_usd: None,
        spend: None,
        timing: Timing::started(Timestamp::UNIX_EPOCH),
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: BTreeMap::new(),
        rating: None,
        error: None,
        redactions: crate::model::Redactions::default(),
    }
}

/// The screens under a script: every effect is collected until it is looked at.
pub(super) struct Script {
    pub state: State,
    pub clock: Duration,
    pub effects: Vec<Effect>,
}

impl Script {
    /// Just started, nothing answered.
    pub fn started() -> Self {
        let mut state = State::new(StateOptions {
            workspace: "my-prompts".to_owned(),
            marks: MarkStyle::Unicode,
            size: (120, 36),
            mouse: false,
            theme: "default".to_owned(),
            tab_width: 2,
            default_model: Some(model("demo/fast")),
            template: None,
            keymap: KEYMAP.clone(),
            zone: jiff::tz::TimeZone::UTC,
        });
        let now = Now { monotonic: Duration::ZERO, wall: Timestamp::UNIX_EPOCH };
        let effects = super::start(&mut state, now);
        Self { state, clock: Duration::ZERO, effects }
    }

    /// With the template `a/first` open, analysed, and an input typed; effects so far dropped.
    pub fn open() -> Self {
        let mut script = Self::started();
        script.answer_library(&["a/first", "b/second"]);
        script.answer_open(opened("a/first"));
        script.answer_analysis(analysis());
        let inputs = BTreeMap::from([("message".to_owned(), json!("hello"))]);
        let document = script.state.document.as_mut().expect("open");
        document.inputs.fill(&inputs);
        document.inputs_kept = inputs;
        // Scripts type at the very beginning.
        let start = Command::Go { motion: Motion::TextStart, select: false };
        document.editor.apply(&start);
        script.effects.clear();
        script
    }

    /// Another script that goes on from here, its effects dropped.
    pub fn fork(&self) -> Self {
        Self { state: self.state.clone(), clock: self.clock, effects: Vec::new() }
    }

    pub fn now(&self) -> Now {
        Now { monotonic: self.clock, wall: Timestamp::UNIX_EPOCH }
    }

    pub fn send(&mut self, message: Msg) {
        let now = self.now();
        self.effects.extend(super::update(&mut self.state, message, now));
    }

    pub fn act(&mut self, action: Action) {
        let now = self.now();
        self.effects.extend(super::act(&mut self.state, action, now));
    }

    /// Presses keys, named as in the settings, with spaces between them.
    pub fn press(&mut self, keys: &str) {
        for key in keys.split(' ') {
            self.send(Msg::Key(key_event(key)));
        }
    }

    /// Types characters one by one.
    pub fn typed(&mut self, text: &str) {
        for character in text.chars() {
            self.send(Msg::Key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE)));
        }
    }

    /// The last question that fits, with its id.
    pub fn question(&self, fits: impl Fn(&Question) -> bool) -> Option<RequestId> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask { id, question } if fits(question) => Some(*id),
            _ => None,
        })
    }

    /// Answers the last question that fits.
    pub fn answer(&mut self, fits: impl Fn(&Question) -> bool, answer: Answer) {
        let id = self.question(fits).expect("it was asked");
        self.send(Msg::Answered { id, answer });
    }

    pub fn answer_library(&mut self, names: &[&str]) {
        let entries = names.iter().map(|name| entry(name)).collect();
        self.answer(|it| matches!(it, Question::Library), Answer::Library(Ok(entries)));
    }

    pub fn answer_open(&mut self, template: OpenedTemplate) {
        self.answer(|it| matches!(it, Question::Open(_)), Answer::Opened(Ok(Box::new(template))));
    }

    pub fn answer_analysis(&mut self, analysis: Analysis) {
        let answer = Answer::Analysed(Box::new(analysis));
        self.answer(|it| matches!(it, Question::Analyse { .. }), answer);
    }

    pub fn answer_models(&mut self, names: &[&str]) {
        self.send(Msg::ModelsChanged(names.iter().map(|name| choice(name)).collect()));
    }

    /// The timer scheduled last comes, that of the status line left aside.
    pub fn wake(&mut self) {
        let id = self.scheduled(|after| after < LONG);
        self.send(Msg::Timer(id.expect("a wake-up was scheduled")));
    }

    /// What the status line tells has been there long enough.
    pub fn outlast_notice(&mut self) {
        let id = self.scheduled(|after| after >= LONG);
        self.send(Msg::Timer(id.expect("the notice goes by itself")));
    }

    fn scheduled(&self, fits: impl Fn(Duration) -> bool) -> Option<TimerId> {
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::Schedule { id, after } if fits(*after) => Some(*id),
            _ => None,
        })
    }

    /// The effects but for the wake-up that empties the status line.
    pub fn deeds(&self) -> Vec<&Effect> {
        let times = |it: &&Effect| matches!(it, Effect::Schedule { after, .. } if *after >= LONG);
        self.effects.iter().filter(|effect| !times(effect)).collect()
    }

    /// The run started last.
    pub fn run(&self) -> (RunToken, Vec<CallOrder>) {
        self.effects
            .iter()
            .rev()
            .find_map(|effect| match effect {
                Effect::StartRun { run, calls } => Some((*run, calls.clone())),
                _ => None,
            })
            .expect("a run was started")
    }

    pub fn call(&mut self, run: RunToken, variant: VariantName, event: CallEvent) {
        self.send(Msg::Run { run, variant, event });
    }

    pub fn kept(&self) -> Vec<&Keep> {
        self.effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Keep(keep) => Some(keep),
                _ => None,
            })
            .collect()
    }

    pub fn text(&self) -> String {
        self.state.document.as_ref().expect("open").editor.text()
    }

    pub fn input(&self, name: &str) -> Option<Value> {
        self.state.document.as_ref().expect("open").inputs.values().get(name).cloned()
    }

    pub fn status(&self) -> String {
        self.state.notices.current().map(|notice| notice.text.clone()).unwrap_or_default()
    }

    pub fn shown(&self, variant: VariantName) -> String {
        let pane = self.state.pane(variant).expect("a pane");
        pane.shown().map(|output| output.text.shown().to_owned()).unwrap_or_default()
    }

    pub fn word(&self, variant: VariantName) -> &'static str {
        let pane = self.state.pane(variant).expect("a pane");
        pane.shown().expect("an answer").word(self.clock)
    }

    pub fn focus(&mut self, focus: Focus) {
        self.state.set_focus(focus);
    }

    pub fn quits(&self) -> bool {
        self.effects.iter().any(|effect| matches!(effect, Effect::Quit))
    }
}

pub(super) fn delta(text: &str) -> CallEvent {
    CallEvent::Delta {
        text: text.to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        at: Duration::from_millis(100),
    }
}

fn key_event(name: &str) -> KeyEvent {
    let (modifiers, name) = match name.split_once('-') {
        Some(("ctrl", rest)) => (KeyModifiers::CONTROL, rest),
        Some(("alt", rest)) => (KeyModifiers::ALT, rest),
        Some(("shift", rest)) => (KeyModifiers::SHIFT, rest),
        _ => (KeyModifiers::NONE, name),
    };
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
        "f5" => KeyCode::F(5),
        "f1" => KeyCode::F(1),
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        name => KeyCode::Char(name.parse().expect("a key")),
    };
    KeyEvent::new(code, modifiers)
}
