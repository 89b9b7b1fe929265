//! One settings file put over the settings so far.

use std::{
    collections::BTreeSet,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use url::Url;

use super::{Authentication, provider::KNOWN};
use super::{
    EngineSettings, Environment, Glyphs, KeySet, KeySource, ModelOverride, Notice, NoticeKind,
    Paths, ProviderKind, ProviderSettings, Server, Settings, StatedLimits, WorkspaceToml,
    document::{Located, Section},
    provider::{
        Known, is_header_name, is_header_value, is_plain_word, is_secret_header, parse_base_url,
    },
    safeguards, spending,
};
use crate::model::{ContentHash, ModelRef, did_you_mean, nearest};

/// Whose file is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// The user's own: everything counts.
    User,
    /// A workspace's: it says what is used here, and decides on keys' whereabouts only when the
    /// user trusts it.
    Workspace { trusted: bool },
}

/// What reading a file found besides the settings.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// A header that carries a secret stands in the file.
    pub secret_headers: bool,
    /// Keys that would count if the file were trusted.
    untrusted: Vec<String>,
    /// Keys that never count in a workspace.
    refused: Vec<String>,
}

impl Outcome {
    /// What to tell the user about a workspace's file.
    pub fn notices(self, file: &WorkspaceToml, hash: &ContentHash, paths: &Paths) -> Vec<Notice> {
        let mut notices = Vec::new();
        let place = file.path.display();
        if !self.untrusted.is_empty() {
            let keys = self.untrusted.join(", ");
            let digits = hash.as_str().get(..16).unwrap_or(hash.as_str());
            notices.push(Notice {
                message: format!(
                    "{place} sets {keys}; this is left out until you trust the file as it is now (in the workbench, or with LATHE_TRUST={digits})"
                ),
                kind: NoticeKind::WorkspaceNotTrusted {
                    path: file.path.clone(),
                    hash: hash.clone(),
                    keys: self.untrusted,
                },
            });
        }
        if !self.refused.is_empty() {
            let keys = self.refused.join(", ");
            notices.push(Notice {
                message: format!(
                    "{place} sets {keys}; a workspace may not name programs to run, put it into {}",
                    paths.config_file.display()
                ),
                kind: NoticeKind::WorkspaceMayNot { path: file.path.clone(), keys: self.refused },
            });
        }
        notices
    }
}

/// Reads a whole file over the settings so far. Problems are noted in the document.
pub(super) fn apply(
    settings: &mut Settings,
    root: &Section<'_, '_>,
    layer: Layer,
    folder: &Path,
    environment: &Environment,
    keyed: &mut BTreeSet<String>,
) -> Outcome {
    let mut outcome = Outcome::default();
    let full = layer != Layer::Workspace { trusted: false };
    let mut named = Vec::new();
    for (name, section) in root.sections("providers", "providers.NAME") {
        named.push(name.value.to_owned());
        provider(settings, &name, &section, layer, folder, environment, keyed, &mut outcome);
    }
    if let Some(model) = root.text("default_model") {
        default_model(settings, root, &model, &named);
    }
    if let Some(section) = root.section("engine") {
        engine(&mut settings.engine, &section, full, &mut outcome);
    }
    if let Some(section) = root.section("cache") {
        spending::cache(&mut settings.cache, &section, full, &mut outcome.untrusted);
    }
    if let Some(section) = root.section("guards") {
        safeguards::guards(&mut settings.guards, &section, full, &mut outcome.untrusted);
    }
    if let Some(section) = root.section("recovery") {
        safeguards::recovery(&mut settings.recovery, &section, full, &mut outcome.untrusted);
    }
    if let Some(section) = root.section("budget") {
        spending::budget(&mut settings.budget, &section, full, &mut outcome.untrusted);
    }
    if let Some(section) = root.section("redaction") {
        settings.redaction.apply(&section, full, &mut outcome.untrusted);
    }
    for (name, section) in root.sections("models", "models.\"PROVIDER/MODEL\"") {
        model(settings, &name, &section, full, &mut outcome);
    }
    if layer == Layer::User {
        if let Some(section) = root.section("interface") {
            interface(settings, &section);
        }
        keys(settings, root);
    } else {
        for key in ["interface", "keys"] {
            if let Some(at) = root.place(key) {
                root.note(at, format!("[{key}] is your own business, not a workspace's; put it into your config.toml"));
            }
        }
    }
    outcome
}

fn default_model(
    settings: &mut Settings,
    root: &Section<'_, '_>,
    text: &Located<&str>,
    named: &[String],
) {
    match text.value.parse::<ModelRef>() {
        Ok(model) => {
            let known = KNOWN.iter().map(|known| known.name);
            let all = settings.providers.keys().map(String::as_str).chain(known);
            let all: BTreeSet<&str> = all.chain(named.iter().map(String::as_str)).collect();
            if all.contains(model.provider.as_str()) {
                settings.default_model = Some(model);
            } else {
                let near = did_you_mean(nearest(&model.provider, all));
                root.note(
                    text.at,
                    format!(
                        "`default_model` names the unknown provider `{}`{near}",
                        model.provider
                    ),
                );
            }
        }
        Err(error) => root.note(text.at, format!("`default_model`: {error}")),
    }
}

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(24);
/// What a minute may be limited to; 0 is no limit.
const RATE: RangeInclusive<u64> = 0..=1_000_000_000_000;
/// How many calls may be allowed at once.
const AT_ONCE: RangeInclusive<u64> = 1..=1024;

/// The `[engine]` table. A file that is not trusted may make calls shorter, smaller and fewer,
/// and nothing else.
fn engine(
    engine: &mut EngineSettings,
    section: &Section<'_, '_>,
    full: bool,
    outcome: &mut Outcome,
) {
    let mut take = |name: &str, lower: bool| {
        if !full && !lower {
            outcome.untrusted.push(format!("engine.{name}"));
        }
        full || lower
    };
    let mut time = |name: &str, range: RangeInclusive<Duration>, field: &mut Duration| {
        if let Some(found) = section.duration(name, range)
            && take(name, found.value <= *field)
        {
            *field = found.value;
        }
    };
    time("connect_timeout", MILLISECOND..=600 * SECOND, &mut engine.connect_timeout);
    time("idle_timeout", MILLISECOND..=DAY, &mut engine.idle_timeout);
    time("total_timeout", MILLISECOND..=DAY, &mut engine.total_timeout);
    let mut count = |name: &str, range: RangeInclusive<u64>, field: u64| {
        section.integer(name, range).filter(|&value| take(name, value <= field)).unwrap_or(field)
    };
    let small = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
    engine.retries = small(count("retries", 0..=20, u64::from(engine.retries)));
    engine.suite_retries = small(count("suite_retries", 0..=20, u64::from(engine.suite_retries)));
    let at_once = count("concurrency", AT_ONCE, engine.concurrency as u64);
    engine.concurrency = usize::try_from(at_once).unwrap_or(engine.concurrency);
    let mut size = |name: &str, range: RangeInclusive<u64>, field: &mut u64| {
        if let Some(value) = section.size(name, range)
            && take(name, value <= *field)
        {
            *field = value;
        }
    };
    size("max_response", 1024..=16 << 30, &mut engine.max_response);
    size("max_answer", 1024..=16 << 30, &mut engine.max_answer);
    size("max_event", 1024..=16 << 30, &mut engine.max_event);
    mishaps(engine, section, &mut take);
}

/// The rates of `[engine]`, its breaker, and the models to turn to.
fn mishaps(
    engine: &mut EngineSettings,
    section: &Section<'_, '_>,
    take: &mut dyn FnMut(&str, bool) -> bool,
) {
    for (name, field) in [
        ("requests_per_minute", &mut engine.requests_per_minute),
        ("tokens_per_minute", &mut engine.tokens_per_minute),
    ] {
        if let Some(value) = section.integer(name, RATE)
            // Nought is no limit, which is more than any.
            && take(name, value > 0 && (*field == 0 || value <= *field))
        {
            *field = value;
        }
    }
    if let Some(failures) = section.integer("breaker_failures", 0..=1_000)
        && take("breaker_failures", false)
    {
        engine.breaker_failures = u32::try_from(failures).unwrap_or(engine.breaker_failures);
    }
    if let Some(rest) = section.duration("breaker_rest", SECOND..=DAY)
        && take("breaker_rest", false)
    {
        engine.breaker_rest = rest.value;
    }
    // Other models are other people who read the prompt, and more that is paid for.
    if let Some(models) = section.fallbacks("fallback", MILLISECOND..=DAY)
        && take("fallback", models.is_empty())
    {
        engine.fallback = models;
    }
}

fn interface(settings: &mut Settings, section: &Section<'_, '_>) {
    if let Some(theme) = section.text("theme") {
        settings.theme = Some(theme.value.to_owned());
    }
    let interface = &mut settings.interface;
    if let Some(fps) = section.integer("fps", 1..=120) {
        interface.fps = u32::try_from(fps).ok();
    }
    if let Some(mouse) = section.boolean("mouse") {
        interface.mouse = mouse;
    }
    if let Some(glyphs) =
        section.word("glyphs", &Glyphs::ALL.map(|glyphs| (glyphs.as_str(), glyphs)))
    {
        interface.glyphs = glyphs;
    }
    if let Some(set) = section.word("key_set", &KeySet::ALL.map(|set| (set.as_str(), set))) {
        interface.key_set = set;
    }
    if let Some(width) = section.integer("tab_width", 1..=8) {
        interface.tab_width = u8::try_from(width).unwrap_or(interface.tab_width);
    }
    if let Some(still) = section.boolean("reduce_motion") {
        interface.reduce_motion = still;
    }
}

fn keys(settings: &mut Settings, root: &Section<'_, '_>) {
    for (action, value) in root.entries("keys") {
        let at = value.span().start;
        let keys = match value.get_ref() {
            toml::de::DeValue::String(key) => Some(vec![key.to_string()]),
            toml::de::DeValue::Array(list) => list
                .iter()
                .map(|key| key.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<_>>>(),
            _ => None,
        };
        match keys {
            Some(keys) => {
                settings.keys.insert(action.value.to_owned(), keys);
            }
            None => root.note(
                at,
                format!(
                    "`keys.{}` must be a key or a list of keys, such as [\"r\", \"ctrl-r\"]",
                    action.value
                ),
            ),
        }
    }
}

fn model(
    settings: &mut Settings,
    name: &Located<&str>,
    section: &Section<'_, '_>,
    full: bool,
    outcome: &mut Outcome,
) {
    let facts = ModelOverride {
        price_input: section.amount("price_input"),
        price_output: section.amount("price_output"),
        price_cached_input: section.amount("price_cached_input"),
        price_cache_write: section.amount("price_cache_write"),
        price_cache_write_hour: section.amount("price_cache_write_hour"),
        context_window: section.integer("context_window", 1..=1 << 40),
        max_output: section.integer("max_output", 1..=1 << 40),
    };
    match name.value.parse::<ModelRef>() {
        Err(error) => section.note(name.at, format!("[models.\"{}\"]: {error}", name.value)),
        Ok(_) if !full => outcome.untrusted.push(format!("models.\"{}\"", name.value)),
        Ok(model) => settings.models.entry(model).or_default().overlay(&facts),
    }
}

/// One `[providers.NAME]` table.
#[expect(clippy::too_many_arguments, reason = "the layer's whole context, passed once")]
fn provider(
    settings: &mut Settings,
    name: &Located<&str>,
    section: &Section<'_, '_>,
    layer: Layer,
    folder: &Path,
    environment: &Environment,
    keyed: &mut BTreeSet<String>,
    outcome: &mut Outcome,
) {
    if !is_provider_name(name.value) {
        section.note(
            name.at,
            format!(
                "`{}` cannot name a provider: use letters, digits, `-`, `_` and `.`",
                name.value
            ),
        );
        return;
    }
    let stated = Stated::read(section);
    outcome.secret_headers |=
        stated.headers.iter().flatten().any(|(name, _)| is_secret_header(name));
    let present = || section.names().map(|key| format!("providers.{}.{key}", name.value));
    if let Layer::Workspace { trusted } = layer {
        let (commands, rest): (Vec<_>, Vec<_>) =
            present().partition(|key| key.ends_with(".api_key_command"));
        outcome.refused.extend(commands);
        if !trusted {
            outcome.untrusted.extend(rest);
            return;
        }
    }
    let existing = settings.providers.get(name.value).cloned();
    let base = existing.or_else(|| Known::find(name.value).and_then(Known::settings));
    let Some(mut provider) = stated.base(base, name, section) else { return };
    provider.configured = true;
    let demo = provider.kind == ProviderKind::Demo;
    let of_demo = ["kind", "concurrency", "requests_per_minute", "tokens_per_minute"];
    if demo && section.names().any(|key| !of_demo.contains(&key)) {
        section.note(
            name.at,
            "the demo provider is inside this program: it has a `kind`, limits, and nothing else",
        );
        return;
    }
    if let Some(source) = stated.key(section, layer == Layer::User) {
        provider.key = source;
        keyed.insert(name.value.to_owned());
    }
    if let Some(authentication) = stated.authentication {
        provider.authentication = authentication;
        provider.authentication_is_stated = true;
    }
    if let Some(quirks) = stated.quirks {
        provider.quirks = Some(quirks);
    }
    if let Some(version) = stated.api_version {
        provider.api_version = Some(version);
    }
    if !matches!(provider.kind, ProviderKind::OpenAi | ProviderKind::Responses) {
        for key in ["quirks", "api_version"] {
            if let Some(at) = section.place(key) {
                let kind = provider.kind.as_str();
                section.note(
                    at,
                    format!("`{key}` is for the kinds \"openai\" and \"openai-responses\", not \"{kind}\""),
                );
            }
        }
    }
    for (header, value) in stated.headers.into_iter().flatten() {
        provider.headers.insert(header, value);
    }
    if let Some(allow) = stated.allow_plain_http {
        provider.allow_plain_http = allow;
    }
    if let Some(file) = stated.ca_file {
        provider.ca_file = Some(locate(&file, folder, environment));
    }
    provider.limits = StatedLimits {
        concurrency: stated.limits.concurrency.or(provider.limits.concurrency),
        requests_per_minute: stated
            .limits
            .requests_per_minute
            .or(provider.limits.requests_per_minute),
        tokens_per_minute: stated.limits.tokens_per_minute.or(provider.limits.tokens_per_minute),
    };
    settings.providers.insert(name.value.to_owned(), provider);
}

/// What a provider's table says, each value checked.
struct Stated {
    kind: Option<ProviderKind>,
    base_url: Option<Url>,
    key_env: Option<Located<String>>,
    key_command: Option<Located<Vec<String>>>,
    authentication: Option<Authentication>,
    headers: Option<Vec<(String, String)>>,
    allow_plain_http: Option<bool>,
    ca_file: Option<PathBuf>,
    quirks: Option<Server>,
    api_version: Option<String>,
    limits: StatedLimits,
}

impl Stated {
    fn read(section: &Section<'_, '_>) -> Self {
        let kinds = ProviderKind::ALL.map(|kind| (kind.as_str(), kind));
        Self {
            kind: section.word("kind", &kinds),
            base_url: section.text("base_url").and_then(|text| {
                parse_base_url(text.value)
                    .map_err(|message| section.note(text.at, format!("`base_url`: {message}")))
                    .ok()
            }),
            key_env: section.text("api_key_env").and_then(|text| {
                let fits = is_variable_name(text.value);
                if !fits {
                    // What stands here may be the key itself, so it is not repeated.
                    section.note(text.at, "`api_key_env` must be the name of an environment variable (letters, digits and `_`), not a key");
                }
                fits.then(|| Located { at: text.at, value: text.value.to_owned() })
            }),
            key_command: section.texts("api_key_command").filter(|words| {
                let fits = words.value.first().is_some_and(|program| !program.trim().is_empty());
                if !fits {
                    section.note(words.at, "`api_key_command` must begin with a program, such as [\"pass\", \"show\", \"work\"]");
                }
                fits
            }),
            authentication: section.text("api_key_header").and_then(|text| {
                let fits = is_header_name(text.value);
                if !fits {
                    section.note(text.at, "`api_key_header` must be the name of a header, such as \"api-key\"");
                }
                fits.then(|| match text.value.to_ascii_lowercase() {
                    name if name == "authorization" => Authentication::Bearer,
                    name => Authentication::Header(name),
                })
            }),
            headers: headers(section),
            allow_plain_http: section.boolean("allow_plain_http"),
            ca_file: section.text("ca_file").map(|text| PathBuf::from(text.value)),
            quirks: section.word("quirks", &Server::ALL.map(|server| (server.as_str(), server))),
            api_version: section.text("api_version").and_then(|text| {
                let fits = is_plain_word(text.value);
                if !fits {
                    section.note(text.at, "`api_version` must be letters, digits, `-`, `_` and `.`, such as \"2024-10-21\"");
                }
                fits.then(|| text.value.to_owned())
            }),
            limits: StatedLimits {
                concurrency: section
                    .integer("concurrency", AT_ONCE)
                    .and_then(|calls| usize::try_from(calls).ok()),
                requests_per_minute: section.integer("requests_per_minute", RATE),
                tokens_per_minute: section.integer("tokens_per_minute", RATE),
            },
        }
    }

    /// The settings this table starts from: those so far, or its kind's.
    fn base(
        &self,
        existing: Option<ProviderSettings>,
        name: &Located<&str>,
        section: &Section<'_, '_>,
    ) -> Option<ProviderSettings> {
        if let Some(mut provider) =
            existing.filter(|known| self.kind.is_none_or(|kind| kind == known.kind))
        {
            if let Some(url) = &self.base_url {
                provider.base_url = url.clone();
            }
            return Some(provider);
        }
        let Some(kind) = self.kind else {
            // A `kind` of the wrong type or word has been noted already.
            if section.place("kind").is_none() {
                section.note(
                    name.at,
                    format!(
                        "the provider `{}` needs a kind: \"openai\", \"anthropic\" or \"ollama\"",
                        name.value
                    ),
                );
            }
            return None;
        };
        // Responses are spoken where chat completions are.
        let known = match kind {
            ProviderKind::Responses => ProviderKind::OpenAi,
            kind => kind,
        };
        let mut usual = KNOWN.iter().find(|it| it.kind == known).and_then(Known::settings)?;
        usual.kind = kind;
        Some(match &self.base_url {
            // Another address never gets the key of the usual one, unless the table names it.
            Some(url) => ProviderSettings::new(kind, url.clone(), KeySource::None),
            None => usual,
        })
    }

    /// The key's source, if the table names one.
    fn key(&self, section: &Section<'_, '_>, commands: bool) -> Option<KeySource> {
        // A command that does not count here, which is told elsewhere, excludes nothing.
        match (&self.key_env, self.key_command.as_ref().filter(|_| commands)) {
            (Some(_), Some(command)) => {
                section.note(
                    command.at,
                    "`api_key_env` and `api_key_command` exclude each other; keep one",
                );
                None
            }
            (Some(variable), None) => Some(KeySource::Env(variable.value.clone())),
            (None, Some(command)) => Some(KeySource::Command(command.value.clone())),
            (None, None) => None,
        }
    }
}

/// Headers that belong to the connection and not to settings.
const FRAMING: [&str; 6] =
    ["connection", "content-length", "content-type", "host", "te", "transfer-encoding"];

fn headers(section: &Section<'_, '_>) -> Option<Vec<(String, String)>> {
    let mut headers = Vec::new();
    for (name, value) in section.text_map("headers")? {
        let lower = name.value.to_ascii_lowercase();
        if !is_header_name(name.value) {
            section.note(name.at, format!("`{}` cannot be a header's name", name.value));
        } else if FRAMING.contains(&lower.as_str()) {
            section.note(name.at, format!("the header `{lower}` is set by the connection itself"));
        } else if is_header_value(value.value) {
            headers.push((lower, value.value.to_owned()));
        } else {
            section.note(
                value.at,
                format!(
                    "the value of the header `{lower}` must be plain ASCII without line breaks"
                ),
            );
        }
    }
    Some(headers)
}

fn is_provider_name(name: &str) -> bool {
    is_plain_word(name)
}

fn is_variable_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// A path as written in a settings file: absolute, below `~/`, or relative to the file.
fn locate(path: &Path, folder: &Path, environment: &Environment) -> PathBuf {
    match (path.strip_prefix("~"), environment.path("HOME")) {
        (Ok(below), Some(home)) => home.join(below),
        _ => folder.join(path),
    }
}
