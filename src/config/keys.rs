//! The reference of every key a settings file may have. Reading checks files against it, and
//! `docs/configuration.md` is checked to list exactly these.

/// Which settings files may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// Only the user's own `config.toml`.
    User,
    /// The user's file and a workspace's `lathe.toml`.
    Both,
    /// Both; in a workspace's file it counts only once the user trusts that file.
    Trusted,
}

/// One key of the settings files.
#[derive(Clone, Copy, Debug)]
pub struct SettingKey {
    /// The table it stands in, empty at the top of the file. `NAME`, `PROVIDER/MODEL` and
    /// `ACTION` stand for words of the user's choosing.
    pub table: &'static str,
    pub name: &'static str,
    /// The value that holds without it, as it would be written.
    pub default: &'static str,
    pub meaning: &'static str,
    pub place: Where,
}

const PROVIDER: &str = "providers.NAME";
const MODEL: &str = "models.\"PROVIDER/MODEL\"";

/// Every key, in the order of the documentation.
pub const SETTING_KEYS: &[SettingKey] = &[
    key(
        "",
        "default_model",
        "none",
        "The model used where a template names none, as `provider/model`.",
        Where::Both,
    ),
    key("", "providers", "see below", "Tables of providers, by name.", Where::Both),
    key(
        "",
        "models",
        "see below",
        "Tables of facts about models, by `provider/model`.",
        Where::Trusted,
    ),
    key("", "engine", "see below", "How calls are made.", Where::Both),
    key(
        "",
        "cache",
        "see below",
        "When an answer that was given before is given again.",
        Where::Trusted,
    ),
    key(
        "",
        "guards",
        "see below",
        "What is looked for in values and replies, and what is done about it.",
        Where::Both,
    ),
    key(
        "",
        "recovery",
        "see below",
        "Asking again when an answer is not what was asked for.",
        Where::Both,
    ),
    key("", "budget", "see below", "What may be spent, in US dollars.", Where::Both),
    key(
        "",
        "redaction",
        "see below",
        "What is taken out of texts before they are kept or handed on.",
        Where::Both,
    ),
    key("", "interface", "see below", "How the full-screen face looks and behaves.", Where::User),
    key(
        "",
        "keys",
        "none",
        "Key bindings: an action's name and a list of keys, `run = [\"r\", \"ctrl-r\"]`; an empty list unbinds it.",
        Where::User,
    ),
    key(
        PROVIDER,
        "kind",
        "required for a new name",
        "The protocol: `\"openai\"` (chat completions and everything compatible), `\"openai-responses\"`, `\"anthropic\"`, `\"gemini\"`, `\"ollama\"` or `\"demo\"`.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "base_url",
        "the kind's own",
        "The address the protocol's paths are appended to: with `/v1` for `openai`, without it for `anthropic`.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "api_key_env",
        "the kind's own",
        "The environment variable that holds the key. The key itself never stands in a settings file.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "api_key_command",
        "none",
        "A program and its arguments, whose first line of output is the key. Run without a shell, for at most ten seconds. Never taken from a workspace.",
        Where::User,
    ),
    key(
        PROVIDER,
        "api_key_header",
        "the kind's own",
        "The header the key travels in; `\"authorization\"` sends it as a bearer token.",
        Where::Trusted,
    ),
    key(PROVIDER, "headers", "{}", "Headers sent with every request.", Where::Trusted),
    key(
        PROVIDER,
        "allow_plain_http",
        "false",
        "Whether a key, or a header whose name says that it is secret, may travel over plain http to another machine.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "ca_file",
        "none",
        "A file of certificates (PEM) to trust beside the system's; relative to the settings file.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "quirks",
        "as the address tells",
        "Which server it is that speaks OpenAI's protocol, such as `\"vllm\"` or `\"llama.cpp\"`; [every word](providers.md).",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "api_version",
        "none; for Azure's deployments `\"2024-10-21\"`",
        "The version of the interface, sent as `api-version` in the query of every address.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "concurrency",
        "that of `[engine]`",
        "Calls at once to this provider.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "requests_per_minute",
        "that of `[engine]`",
        "Requests a minute to this provider; 0 sets no limit.",
        Where::Trusted,
    ),
    key(
        PROVIDER,
        "tokens_per_minute",
        "that of `[engine]`",
        "Tokens a minute to this provider; 0 sets no limit.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "price_input",
        "the catalogue's",
        "US dollars per million input tokens.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "price_output",
        "the catalogue's",
        "US dollars per million output tokens.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "price_cached_input",
        "the catalogue's",
        "US dollars per million input tokens read from the provider's prompt cache.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "price_cache_write",
        "the catalogue's",
        "US dollars per million input tokens written to the provider's prompt cache.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "price_cache_write_hour",
        "the catalogue's",
        "US dollars per million input tokens written to it for an hour.",
        Where::Trusted,
    ),
    key(
        MODEL,
        "context_window",
        "the catalogue's",
        "Tokens that prompt and answer may have together.",
        Where::Trusted,
    ),
    key(MODEL, "max_output", "the catalogue's", "Most tokens of one answer.", Where::Trusted),
    key(
        "engine",
        "connect_timeout",
        "\"10s\"",
        "Until a connection stands, name resolution included.",
        Where::Both,
    ),
    key(
        "engine",
        "idle_timeout",
        "\"60s\"",
        "Longest silence of a server that has been asked.",
        Where::Both,
    ),
    key("engine", "total_timeout", "\"600s\"", "Longest whole call.", Where::Both),
    key("engine", "retries", "2", "Attempts after the first, when a person waits.", Where::Both),
    key("engine", "suite_retries", "4", "Attempts after the first, in a suite.", Where::Both),
    key("engine", "concurrency", "8", "Calls at once to one provider.", Where::Both),
    key(
        "engine",
        "requests_per_minute",
        "0",
        "Requests a minute to one provider; 0 sets no limit.",
        Where::Both,
    ),
    key(
        "engine",
        "tokens_per_minute",
        "0",
        "Tokens a minute, of prompts and answers, to one provider; 0 sets no limit.",
        Where::Both,
    ),
    key(
        "engine",
        "breaker_failures",
        "5",
        "Failures in a row after which a provider is left alone for a while; 0 never does.",
        Where::Trusted,
    ),
    key("engine", "breaker_rest", "\"60s\"", "How long it is left alone.", Where::Trusted),
    key(
        "engine",
        "fallback",
        "[]",
        "Models to ask, in this order, where the one asked for does not answer: `\"provider/model\"` or `{ model = \"provider/model\", timeout = \"20s\" }`.",
        Where::Trusted,
    ),
    key(
        "engine",
        "max_response",
        "\"64MiB\"",
        "Largest whole response, with all that is around the answer, after decompression.",
        Where::Both,
    ),
    key(
        "engine",
        "max_answer",
        "\"4MiB\"",
        "Largest answer: text, reasoning and arguments of tools together. No model writes a quarter of it.",
        Where::Both,
    ),
    key(
        "engine",
        "max_event",
        "\"2MiB\"",
        "Largest single event of a stream, and largest reply that comes whole, after decompression.",
        Where::Both,
    ),
    key(
        "cache",
        "mode",
        "\"off\"",
        "Whether the answer to the very same call (`\"exact\"`), or also to one with nearly the same prompt (`\"similar\"`), is given again.",
        Where::Trusted,
    ),
    key(
        "cache",
        "any_temperature",
        "false",
        "Whether calls use the cache whose temperature is not 0; without, only those with `temperature = 0` do.",
        Where::Trusted,
    ),
    key("cache", "ttl", "\"7d\"", "How old an answer may be that is given again.", Where::Trusted),
    key(
        "cache",
        "max_size",
        "\"64MiB\"",
        "How many bytes the answers may take; those not used for longest make room.",
        Where::Trusted,
    ),
    key(
        "cache",
        "similarity",
        "0.95",
        "How alike prompts must be to share an answer, from 0.5 to 1.",
        Where::Trusted,
    ),
    key(
        "budget",
        "per_run",
        "none",
        "Most of the calls that one press or command starts.",
        Where::Both,
    ),
    key("budget", "hour", "none", "Most in an hour, counted from its beginning.", Where::Both),
    key("budget", "day", "none", "Most in a day, from midnight, local time.", Where::Both),
    key("budget", "month", "none", "Most in a month, from its first day, local time.", Where::Both),
    key(
        "budget",
        "confirm_above",
        "none",
        "Before a run that may cost more than this at most, or of which that is not known, the workbench and `lathe run` ask; without a terminal `lathe run` needs `--yes`.",
        Where::Both,
    ),
    key(
        "budget",
        "unknown_price",
        "\"allow\"",
        "Whether a call whose price is not known is made while a budget is set: `\"allow\"` or `\"block\"`.",
        Where::Both,
    ),
    key(
        "guards",
        "injection",
        "\"observe\"",
        "What is done about attempts to take over the prompt in the values of variables: `\"off\"`, `\"observe\"` (record), `\"warn\"` (record as failed) or `\"block\"`.",
        Where::Both,
    ),
    key(
        "guards",
        "threshold",
        "0.5",
        "The risk, from 0 to 1, from which `injection` acts.",
        Where::Both,
    ),
    key(
        "guards",
        "hidden",
        "\"observe\"",
        "What is done about characters in values that nobody sees.",
        Where::Both,
    ),
    key(
        "guards",
        "sanitise",
        "false",
        "Whether hidden characters are taken out of values and role markers in them made harmless.",
        Where::Both,
    ),
    key(
        "guards",
        "delimiters",
        "false",
        "Whether values are sent between random markers, with a sentence that calls them data.",
        Where::Both,
    ),
    key(
        "guards",
        "hierarchy",
        "\"off\"",
        "Whether the system message says that it ranks above all others, and what is done where a value stands in it.",
        Where::Both,
    ),
    key(
        "guards",
        "canary",
        "\"off\"",
        "Whether a random token is put into the system message, and what is done when it stands in the reply.",
        Where::Both,
    ),
    key(
        "guards",
        "output",
        "\"observe\"",
        "What is done about replies with secrets, links that lead away, or words that are forbidden or missing.",
        Where::Both,
    ),
    key(
        "guards",
        "allowed_hosts",
        "any",
        "The hosts, with what lies below them, that links of a reply may lead to.",
        Where::Both,
    ),
    key(
        "guards",
        "forbidden",
        "[]",
        "Regular expressions that a reply must not match.",
        Where::Both,
    ),
    key("guards", "required", "[]", "Regular expressions that a reply must match.", Where::Both),
    key(
        "recovery",
        "mode",
        "\"off\"",
        "Whether a model is asked again when its answer is not what was asked for: `\"off\"` or `\"on\"`.",
        Where::Both,
    ),
    key("recovery", "max", "2", "Most extra answers a call may ask for, from 0 to 5.", Where::Both),
    key(
        "recovery",
        "strategies",
        "[\"format-fix\", \"enhance\", \"simplify\"]",
        "The ways to ask again, in the order they are tried.",
        Where::Both,
    ),
    key(
        "interface",
        "theme",
        "the terminal's colours",
        "The name of a theme, built in or from the `themes` folder beside `config.toml`.",
        Where::User,
    ),
    key("interface", "fps", "62, over SSH 30", "Most frames a second, from 1 to 120.", Where::User),
    key(
        "interface",
        "mouse",
        "false",
        "Whether the mouse is listened to from the start.",
        Where::User,
    ),
    key(
        "interface",
        "glyphs",
        "\"auto\"",
        "Borders, bars and signs: `\"auto\"` (by the locale), `\"unicode\"` or `\"ascii\"`.",
        Where::User,
    ),
    key(
        "interface",
        "key_set",
        "\"default\"",
        "Whose habits the keys follow: `\"default\"`, `\"emacs\"` or `\"vi\"`; `[keys]` goes over it.",
        Where::User,
    ),
    key(
        "interface",
        "tab_width",
        "2",
        "Columns the Tab key indents by in the editor, from 1 to 8.",
        Where::User,
    ),
    key(
        "interface",
        "reduce_motion",
        "false",
        "Whether no sign turns while a call is waited for; `ACCESSIBLE` in the environment turns it on too.",
        Where::User,
    ),
    key(
        "redaction",
        "secrets",
        "\"before_storage\"",
        "When keys, tokens and passwords that the rules know are taken out, and what your own patterns find: `\"before_storage\"`, `\"before_export\"` or `\"never\"`.",
        Where::Both,
    ),
    key(
        "redaction",
        "personal",
        "\"never\"",
        "When addresses and numbers of persons are taken out, in the same words.",
        Where::Both,
    ),
    key(
        "redaction",
        "warn",
        "\"confirm\"",
        "When a prompt about to be sent holds a secret: `\"confirm\"` (the workbench asks, a command says so), `\"note\"` (it is said) or `\"never\"`.",
        Where::Both,
    ),
    key("redaction", "off", "`[]`", "Rules that are left out, by name.", Where::Trusted),
    key(
        "redaction",
        "patterns",
        "none",
        "Your own rules: a name and a regular expression that matches at most 1,024 bytes; its first group is what is taken out, where it has one.",
        Where::Trusted,
    ),
];

const fn key(
    table: &'static str,
    name: &'static str,
    default: &'static str,
    meaning: &'static str,
    place: Where,
) -> SettingKey {
    SettingKey { table, name, default, meaning, place }
}

/// The names of the keys a table may have.
pub(super) fn in_table(table: &str) -> Vec<&'static str> {
    SETTING_KEYS.iter().filter(|key| key.table == table).map(|key| key.name).collect()
}

/// The tables that have a key of this name.
pub(super) fn tables_with(name: &str) -> Vec<&'static str> {
    SETTING_KEYS.iter().filter(|key| key.name == name).map(|key| key.table).collect()
}
