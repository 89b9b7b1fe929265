//! What everything outside the screens holds and says: what their questions are answered with.

use std::{collections::BTreeMap, sync::LazyLock};

use jiff::{SignedDuration, Timestamp};
use promptlathe::{
    app::{self, ChartBy, ChartGroup, ChartQuery, ChartScale, ChartStep, Charts, FoundLine, Sum},
    config::Environment,
    engine::{Estimate, OutputFrom},
    model::{
        CacheState, CallError, ContentHash, ErrorKind, Execution, ExecutionId, FinishReason,
        Message, ModelRef, Parameter, Price, Quality, Role, RunId, SentParameters, Status,
        TemplateId, Timing, Usage, VariantName, VersionRecord,
    },
    prompt::{Finding, Form, NoSources, Severity, tokens::TokenCount},
    store::{Rollup, RollupGroup},
    tui::{
        effect::{CallOrder, Question},
        msg::{
            Analysis, Answer, CallEstimate, DeletedExecutions, Fault, HistoryLine, HistoryPage,
            InputField, LibraryEntry, ModelChoice, ModelOrigin, OpenedTemplate, ParameterPlan,
            SaveFault, SavedVersion,
        },
        theme::Theme,
    },
};
use semver::Version;
use serde_json::{Value, json};
use uuid::Uuid;

/// The time of day in every script.
pub const NOW: Timestamp = Timestamp::constant(1_773_484_200, 0);

/// The template that opens by itself: it renders, and says something about one line.
const TEMPLATE: &str = "\
---
name: sentiment
version: 1.2.0
category: analysis
model: demo/fast
generation: {temperature: 0, max_tokens: 16}
parameters:
  message: {required: true, description: what the customer wrote}
  labels: {required: true, type: array}
  examples: {type: array, default: []}
  tone: {default: plain}
---
system:
Classify the sentiment of a customer message.
Answer with one word: {{ labels | join(\", \") }}.

user:
{% for e in examples %}
Message: {{ e.text }}
Label: {{ e.label }}
{% endfor %}
Message: {{ message }}
Label:
";

/// Everything a hostile sender could put where text enters.
pub static HOSTILE: LazyLock<String> = LazyLock::new(|| {
    let stack = format!("e{}", "\u{301}\u{489}\u{20dd}".repeat(40));
    format!(
        "\u{1b}]0;title\u{7}a\u{8}b\rc\n\u{202e}right\u{202c}\u{2066}\u{200b}\u{200d}\u{feff}\
         \u{e0041}\u{85}\u{9b}31m{stack} 漢字かな 👩\u{200d}👩\u{200d}👧 🇩🇪 \u{0}\u{7f}\tend\
         \u{1b}P+q\u{1b}\\ \u{fdfd} مرحبا שלום \u{1b}[2J\u{1b}[?1049l\u{2028}\u{fffe}\u{ad}\u{fe0f}\
         \u{301}नमस्ते 각\r\n"
    )
});

/// A line of a megabyte without one place to break it.
pub static ENDLESS: LazyLock<String> = LazyLock::new(|| "漢x".repeat(1 << 18));

/// What the questions of a script are answered with.
#[derive(Clone, Debug)]
pub struct World {
    pub workspace: String,
    pub library: Vec<LibraryEntry>,
    pub text: String,
    pub inputs: BTreeMap<String, Value>,
    pub versions: Vec<VersionRecord>,
    pub writable: bool,
    /// What an analysis says in place of what the text says.
    pub analysis: Option<Analysis>,
    pub models: Vec<ModelChoice>,
    pub plan: ParameterPlan,
    pub history: Vec<HistoryLine>,
    pub execution: Execution,
    pub spend: Option<f64>,
    /// Whether a save meets a file that was changed.
    pub changed_outside: bool,
    /// What is said wherever somebody else speaks, in a world that means harm.
    pub harm: Option<String>,
}

impl World {
    /// A workspace at work.
    pub fn plain() -> Self {
        let entries = [
            ("analysis/sentiment", false, None),
            ("analysis/contract-risks", false, None),
            ("development/code-review", true, None),
            ("generation/support-reply", false, None),
            ("transformation/meeting-actions", false, None),
            ("transformation/summarise", false, Some("line 3: `temperture` is no key")),
            ("validation/injection-probe", false, None),
        ];
        let library = entries.into_iter().map(|(name, draft, broken)| LibraryEntry {
            id: template(name),
            category: name.split('/').next().unwrap_or("").to_owned(),
            name: None,
            version: Some(Version::new(1, 2, 0)),
            draft,
            broken: broken.map(str::to_owned),
        });
        let text = "The sentiment is clearly negative: the customer reports a defect after one \
                    day and an unanswered complaint.";
        Self {
            workspace: "my-prompts".to_owned(),
            library: library.collect(),
            text: TEMPLATE.to_owned(),
            inputs: BTreeMap::from([
                (
                    "message".to_owned(),
                    json!("It broke after one day and nobody answers my mails."),
                ),
                ("labels".to_owned(), json!(["positive", "neutral", "negative"])),
            ]),
            versions: vec![
                version("1.2.0", TEMPLATE, "answer with one word", Some("production"), None),
                version("1.1.0", OLDER, "name the labels", None, Some(Version::new(1, 0, 0))),
                version("1.0.0", OLDER, "first that works", None, None),
            ],
            writable: true,
            analysis: None,
            models: models(),
            plan: ParameterPlan {
                refused: vec![(Parameter::TopK, "not one of this model's parameters".to_owned())],
            },
            history: rows(),
            execution: execution(VariantName::A, "demo", "fast", text),
            spend: Some(0.0041),
            changed_outside: false,
            harm: None,
        }
    }

    /// Nothing yet.
    pub fn empty() -> Self {
        Self {
            library: Vec::new(),
            models: Vec::new(),
            history: Vec::new(),
            spend: None,
            ..Self::plain()
        }
    }

    /// A world where every name and every text means harm.
    pub fn hostile() -> Self {
        Self::hostile_with(&HOSTILE)
    }

    /// A world where every name and every text is this one.
    pub fn hostile_with(text: &str) -> Self {
        let bad = || text.to_owned();
        let mut world = Self::plain();
        world.workspace = bad();
        world.harm = Some(bad());
        for (index, entry) in world.library.iter_mut().enumerate() {
            // What an id may hold is less, and bad enough.
            entry.id = hostile_id(index);
            entry.category = bad();
            entry.name = Some(bad());
            entry.broken = (index % 2 == 1).then(bad);
        }
        world.text = format!("---\nname: {0}\n---\nsystem:\n{0}\n{0}", bad());
        for record in &mut world.versions {
            record.note = bad();
            record.label = Some(bad());
            record.content = format!("{}\nold", bad());
        }
        world.analysis = Some(hostile_analysis(text));
        for choice in &mut world.models {
            choice.model = ModelRef::new("demo", bad());
        }
        if let Some(choice) = world.models.first_mut() {
            choice.unavailable = Some(bad());
        }
        world.plan.refused = Parameter::ALL.into_iter().map(|it| (it, bad())).collect();
        for row in &mut world.history {
            row.model = ModelRef::new(bad(), bad());
            row.excerpt = bad();
            row.template = Some(hostile_id(0));
        }
        let mut execution = execution(VariantName::A, &bad(), &bad(), &bad());
        execution.template = Some(hostile_id(0));
        execution.reasoning = bad();
        execution.refusal = bad();
        execution.response_model = Some(bad());
        execution.tool_calls = vec![promptlathe::model::ToolCall {
            id: bad(),
            name: bad(),
            arguments: None,
            arguments_raw: bad(),
        }];
        execution.messages =
            vec![Message::new(Role::System, bad()), Message::new(Role::User, bad())];
        execution.tags = BTreeMap::from([(bad(), bad())]);
        execution.error = Some(CallError::new(ErrorKind::Server, bad()).hint(bad()));
        execution.parameters.requested = serde_json::Map::from_iter([(bad(), json!(bad()))]);
        execution.parameters.sent.clone_from(&execution.parameters.requested);
        execution.parameters.dropped =
            vec![promptlathe::model::DroppedParameter { name: bad(), reason: bad() }];
        world.execution = execution;
        world
    }

    /// A world where the texts have no end.
    pub fn endless() -> Self {
        let mut world = Self::plain();
        let long = || ENDLESS.clone();
        world.text = format!("---\nname: x\n---\nsystem:\n{}\n", *ENDLESS);
        world.inputs.insert("message".to_owned(), json!(long()));
        world.execution.text = long();
        world.execution.messages = vec![Message::new(Role::User, long())];
        for record in &mut world.versions {
            record.note = long();
        }
        for row in &mut world.history {
            row.excerpt = long();
        }
        world
    }

    /// What somebody else says: this, or harm.
    pub fn told(&self, words: &str) -> String {
        self.harm.clone().unwrap_or_else(|| words.to_owned())
    }

    /// Every built-in theme, as if files of these names held them.
    fn themes(&self) -> Vec<Theme> {
        let name = |theme: &Theme| theme.clone().named(&self.told(theme.name()));
        THEMES.iter().map(name).collect()
    }

    /// The answer to a question; `None` for what a script answers itself.
    pub fn answer(&self, question: &Question) -> Option<Answer> {
        Some(match question {
            Question::Library => Answer::Library(Ok(self.library.clone())),
            Question::Open(id) => Answer::Opened(Ok(Box::new(OpenedTemplate {
                id: id.clone(),
                form: Form::Prompty,
                text: self.text.clone(),
                base: ContentHash::of(self.text.as_bytes()),
                draft: None,
                inputs: self.inputs.clone(),
                versions: self.versions.clone(),
                writable: self.writable,
            }))),
            Question::Analyse { template, text, inputs, model } => {
                Answer::Analysed(Box::new(self.analysis.clone().unwrap_or_else(|| {
                    let mut analysis = app::analyse(
                        template,
                        Form::Prompty,
                        text,
                        inputs,
                        model.as_ref(),
                        &NoSources,
                    );
                    analysis.context_window = Some(8_192);
                    analysis
                })))
            }
            Question::Save { text, .. } if self.changed_outside => {
                Answer::Saved(Err(SaveFault::ChangedOutside {
                    text: text.replace("customer", "client"),
                    base: ContentHash::of(b"theirs"),
                }))
            }
            Question::RollBack { .. } if self.changed_outside => {
                Answer::RolledBack(Err(SaveFault::ChangedOutside {
                    text: self.text.replace("customer", "client"),
                    base: ContentHash::of(b"theirs"),
                }))
            }
            Question::Save { text, note, .. } => Answer::Saved(Ok(Box::new(SavedVersion {
                record: version("1.2.1", text, note, None, None),
                text: text.clone(),
                base: ContentHash::of(text.as_bytes()),
            }))),
            Question::Versions(_) => Answer::Versions(Ok(self.versions.clone())),
            Question::Models => Answer::Models(self.models.clone()),
            Question::Plan { .. } => Answer::Planned(Ok(self.plan.clone())),
            Question::History { filter, .. } if filter.text() == Some("nowhere") => {
                Answer::History(Ok(HistoryPage::default()))
            }
            Question::History { filter, .. } if filter.text() == Some("broken") => {
                Answer::History(Err(Fault::new(self.told("the database cannot be read"))))
            }
            Question::History { .. } => {
                Answer::History(Ok(HistoryPage { rows: self.history.clone(), next: None }))
            }
            Question::Execution(id) => Answer::Execution(Ok(Some(Box::new(Execution {
                id: *id,
                ..self.execution.clone()
            })))),
            Question::Delete(ids) => Answer::Deleted(Ok(DeletedExecutions {
                count: ids.len(),
                undo: std::sync::Arc::new(()),
            })),
            Question::Spend => Answer::Spend(self.spend),
            Question::Estimate(orders) => Answer::Estimated(
                orders.iter().enumerate().map(|(place, order)| estimated(place, order)).collect(),
            ),
            Question::Places(text) => Answer::Places(Ok(self
                .library
                .iter()
                .map(|entry| FoundLine {
                    template: entry.id.clone(),
                    line: 4,
                    text: text.clone(),
                    in_draft: entry.draft,
                })
                .collect())),
            Question::InputSets(_) => {
                let set = |name: &str| (self.told(name), self.inputs.clone());
                Answer::InputSets(Ok(BTreeMap::from([set("angry"), set("mild")])))
            }
            Question::ReadFile(path) => Answer::FileRead(Ok(path.clone())),
            Question::Create { .. } => Answer::Created(Ok(())),
            Question::Trust => Answer::Trusted(Ok(app::Trusted {
                settings: vec!["providers.work.base_url".to_owned()],
                templates: false,
            })),
            Question::Themes => Answer::Themes(self.themes(), Vec::new()),
            Question::Charts(query) => Answer::Charts(Ok(Box::new(self.charts(query)))),
            Question::Pair(one, other) => {
                let read = |id| Execution { id, ..self.execution.clone() };
                let other =
                    Execution { text: format!("{} at all", self.execution.text), ..read(*other) };
                Answer::Pair(Ok(Box::new((read(*one), other))))
            }
            Question::Export { path, .. } => Answer::Exported(Ok((3, path.clone()))),
            _ => return None,
        })
    }
}

impl World {
    /// A week of figures that rise and fall, or none where there is no history.
    fn charts(&self, query: &ChartQuery) -> Charts {
        if self.history.is_empty() {
            return Charts { query: query.clone(), ..Charts::default() };
        }
        let steps: Vec<ChartStep> = (0..28_i64)
            .map(|step| {
                let start = NOW - SignedDuration::from_hours(6 * (28 - step));
                let runs = if step % 4 == 0 { 0 } else { (step * 7) % 19 + 1 };
                ChartStep { start, sum: sum(runs, step % 5 / 3) }
            })
            .collect();
        let mut total = sum(0, 0);
        for step in &steps {
            total.rollup.merge(&step.sum.rollup);
            total.ok += step.sum.ok;
            total.failed += step.sum.failed;
        }
        let group = |model: Option<&str>, template: Option<&str>, runs| ChartGroup {
            group: RollupGroup {
                model: model.map(str::to_owned),
                template: template.map(str::to_owned),
                ..RollupGroup::default()
            },
            sum: sum(runs, 1),
        };
        let groups = match query.by {
            ChartBy::Model => vec![
                group(Some("demo/careful"), None, 120),
                group(Some(&self.history[0].model.to_string()), None, 37),
                group(Some("local/llama-3.2-3b"), None, 4),
            ],
            _ => vec![
                group(None, Some("analysis/sentiment"), 120),
                group(None, self.history[0].template.as_ref().map(TemplateId::as_str), 37),
            ],
        };
        let errors = vec![("timeout", 4), ("rate_limit", 2)];
        let scale = ChartScale::QuarterDays;
        Charts { query: query.clone(), scale, steps, total, before: sum(180, 9), errors, groups }
    }
}

/// The first call is known well, the second not at all, a third is answered already.
fn estimated(place: usize, order: &CallOrder) -> CallEstimate {
    let output_from = match place {
        0 => OutputFrom::History { answers: 12 },
        _ => OutputFrom::Guess,
    };
    CallEstimate {
        variant: order.variant,
        model: order.model.clone().unwrap_or_else(|| ModelRef::new("demo", "fast")),
        estimate: Estimate {
            input: TokenCount { tokens: 1_180, exact: place == 0 },
            output_tokens: 420,
            most_output_tokens: 800,
            aside_output_tokens: 500,
            grows_to: None,
            output_from,
            cost_usd: (place != 1).then_some(0.2175),
            most_usd: (place != 1).then_some(0.4),
            again_usd: (place != 1).then_some(0.6),
            aside_usd: (place != 1).then_some(0.4),
            cached: place == 2,
        },
    }
}

fn sum(runs: i64, failed: i64) -> Sum {
    let mut rollup = Rollup {
        runs,
        costed_runs: runs,
        cost_nano: runs * 2_400_000,
        counted_runs: runs,
        input_tokens: runs * 420,
        output_tokens: runs * 95,
        rated_runs: runs / 3,
        rating_sum: runs / 3 * 4,
        cache_hits: runs / 5,
        cache_misses: runs / 2,
        saved_nano: runs / 5 * 2_400_000,
        ..Rollup::default()
    };
    for run in 0..u64::try_from(runs).unwrap_or(0) {
        rollup.total.push(300 + run * 137);
        rollup.ttft.push(90 + run * 11);
    }
    Sum { rollup, ok: runs - failed.min(runs), failed: failed.min(runs), unpriced: 0 }
}

/// Every built-in theme.
static THEMES: LazyLock<Vec<Theme>> = LazyLock::new(|| {
    let folder = std::path::Path::new("/nowhere");
    let environment = Environment::from_pairs([("TERM", "xterm")]);
    let load = |name: String| Theme::load(&name, &environment, folder).map(|it| it.named(&name));
    Theme::names(folder).into_iter().filter_map(|name| load(name).ok()).collect()
});

/// The content of the older versions.
const OLDER: &str = "\
---
name: sentiment
version: 1.0.0
---
system:
Classify the mood of a customer message.

user:
Message: {{ message }}
Label:
";

fn template(name: &str) -> TemplateId {
    TemplateId::new(name).expect("a template's id")
}

/// An id of direction, invisible and combining characters; controls are refused in ids.
fn hostile_id(number: usize) -> TemplateId {
    let stack = "e\u{301}\u{489}".repeat(20);
    template(&format!("\u{202e}na/{number}\u{200b}\u{2066}漢字\u{e0041}{stack}\u{feff}"))
}

fn version(
    number: &str,
    content: &str,
    note: &str,
    label: Option<&str>,
    rolled_back_from: Option<Version>,
) -> VersionRecord {
    VersionRecord {
        template: template("analysis/sentiment"),
        version: number.parse().expect("a version"),
        content_hash: ContentHash::of(content.as_bytes()),
        content: content.to_owned(),
        note: note.to_owned(),
        label: label.map(str::to_owned),
        saved_at: NOW - SignedDuration::from_hours(26),
        rolled_back_from,
    }
}

fn models() -> Vec<ModelChoice> {
    let priced = |input, output| {
        Some(Price { input, output, cached_input: None, cache_write: None, cache_write_hour: None })
    };
    let choice = |name: &str, origin, window, price, unavailable: Option<&str>| ModelChoice {
        model: name.parse().expect("a model"),
        origin,
        context_window: window,
        price,
        unavailable: unavailable.map(str::to_owned),
    };
    vec![
        choice("demo/fast", ModelOrigin::Demo, Some(8_192), priced(0.1, 0.4), None),
        choice("demo/careful", ModelOrigin::Demo, Some(32_768), priced(1.0, 4.0), None),
        choice("ollama/qwen3:8b", ModelOrigin::Discovered, Some(40_960), None, None),
        choice(
            "anthropic/claude-sonnet-4-5",
            ModelOrigin::Catalogue,
            Some(200_000),
            priced(3.0, 15.0),
            Some("no ANTHROPIC_API_KEY"),
        ),
        choice(
            "openai/gpt-5-mini-with-a-name-of-some-length-2025-08-07",
            ModelOrigin::Configured,
            Some(400_000),
            priced(0.25, 2.0),
            None,
        ),
    ]
}

fn rows() -> Vec<HistoryLine> {
    let row = |number: u8, status, model: &str, excerpt: &str| HistoryLine {
        id: ExecutionId(Uuid::from_u128(u128::from(number))),
        at: NOW - SignedDuration::from_mins(i64::from(number) * i64::from(number) * 37),
        template: Some(template("analysis/sentiment")),
        version: (number.is_multiple_of(2)).then(|| Version::new(1, 2, 0)),
        variant: if number.is_multiple_of(2) { VariantName::A } else { VariantName::B },
        model: model.parse().expect("a model"),
        status,
        error_kind: None,
        excerpt: excerpt.to_owned(),
        total_ms: Some(412 * u64::from(number) * u64::from(number)),
        ttft_ms: Some(121),
        usage: Usage {
            input_tokens: Some(118 * u64::from(number)),
            output_tokens: Some(2),
            ..Usage::default()
        },
        cost_usd: Some(0.0001 * f64::from(number) * f64::from(number)),
        rating: None,
        cache: CacheState::Off,
    };
    vec![
        HistoryLine { rating: Some(4), ..row(1, Status::Ok, "demo/fast", "negative") },
        row(2, Status::Running, "demo/careful", "The sentiment is"),
        HistoryLine {
            error_kind: Some(ErrorKind::RateLimit),
            usage: Usage::default(),
            cost_usd: None,
            ttft_ms: None,
            ..row(3, Status::Error, "openai/gpt-5-mini-with-a-name-of-some-length-2025-08-07", "")
        },
        row(
            4,
            Status::Cancelled,
            "demo/careful",
            "The customer reports a defect after one day and an",
        ),
        row(
            5,
            Status::Interrupted,
            "ollama/qwen3:8b",
            "Die Stimmung ist 明らかに否定的です 😠 und zwar",
        ),
        HistoryLine {
            template: None,
            version: None,
            ..row(60, Status::Ok, "anthropic/claude-sonnet-4-5", "A prompt from elsewhere")
        },
        HistoryLine {
            total_ms: None,
            rating: Some(5),
            ..row(200, Status::Ok, "demo/fast", "positive\nsecond line")
        },
    ]
}

/// An execution that went well.
pub fn execution(variant: VariantName, provider: &str, model: &str, text: &str) -> Execution {
    let usage = Usage { input_tokens: Some(118), output_tokens: Some(23), ..Usage::default() };
    Execution {
        id: ExecutionId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_dead_beef)),
        run_id: RunId(Uuid::from_u128(1)),
        template: Some(template("analysis/sentiment")),
        version: Some(Version::new(1, 2, 0)),
        content_hash: None,
        variant,
        provider: provider.to_owned(),
        model: model.to_owned(),
        response_model: None,
        status: Status::Ok,
        inputs: BTreeMap::new(),
        messages: vec![
            Message::new(Role::System, "Classify the sentiment of a customer message."),
            Message::new(Role::User, "Message: It broke after one day.\nLabel:"),
        ],
        text: text.to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        tool_calls: Vec::new(),
        finish_reason: Some(FinishReason::Stop),
        finish_reason_raw: None,
        parameters: SentParameters::default(),
        usage,
        cost_usd: Some(0.0001),
        spend: None,
        timing: Timing {
            ttft_ms: Some(121),
            total_ms: Some(412),
            tokens_per_second: Some(58.2),
            ..Timing::started(NOW)
        },
        attempts: Vec::new(),
        cache: CacheState::Off,
        reused: None,
        checks: Vec::new(),
        quality: Quality::default(),
        tags: BTreeMap::new(),
        rating: None,
        error: None,
        redactions: promptlathe::model::Redactions::default(),
    }
}

fn hostile_analysis(text: &str) -> Analysis {
    let bad = || text.to_owned();
    let field = |number, default: Option<Value>, choices| InputField {
        name: format!("{}{number}", bad()),
        required: false,
        default,
        description: Some(bad()),
        choices,
        kind: Some(bad()),
        declared: true,
        used: true,
    };
    let finding = |severity, line| Finding {
        severity,
        file: Some(bad()),
        line,
        column: 1,
        code: "unused",
        message: bad(),
    };
    Analysis {
        version: Some("1.0.0-rc.1+build.2026".parse().expect("a version")),
        model: Some(ModelRef::new(bad(), bad())),
        fields: vec![
            field(1, Some(json!(bad())), Vec::new()),
            field(2, None, vec![json!(bad()), json!("b")]),
            field(3, Some(json!({ bad(): [bad()] })), Vec::new()),
        ],
        findings: vec![
            finding(Severity::Error, 3),
            finding(Severity::Warning, 1),
            finding(Severity::Hint, usize::MAX),
        ],
        tokens: Some(TokenCount { tokens: usize::MAX >> 12, exact: false }),
        context_window: Some(1),
        messages: vec![Message::new(Role::User, bad())],
        ..Analysis::default()
    }
}
