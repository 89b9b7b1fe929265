//! Who can be called, and where.

use std::{collections::BTreeMap, fmt, path::PathBuf};

use url::Url;

use super::{ConfigError, Environment, KeySource, Proxy, Server};

/// Which wire protocol a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProviderKind {
    /// OpenAI's chat completions, and every server compatible with them.
    OpenAi,
    /// OpenAI's Responses.
    Responses,
    /// Anthropic's messages.
    Anthropic,
    /// Ollama's own chat protocol.
    Ollama,
    /// Google's Gemini (`generateContent`).
    Gemini,
    /// The offline model inside this program, behind a loopback server.
    Demo,
}

impl ProviderKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::OpenAi, Self::Responses, Self::Anthropic, Self::Ollama, Self::Gemini, Self::Demo];

    /// The word in settings.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Responses => "openai-responses",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
            Self::Gemini => "gemini",
            Self::Demo => "demo",
        }
    }

    /// The kind a word names, if it names one.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// How a key is presented to a server of this kind, unless settings say otherwise.
    #[must_use]
    pub fn authentication(self) -> Authentication {
        match self {
            Self::Anthropic => Authentication::Header("x-api-key".to_owned()),
            Self::Gemini => Authentication::Header("x-goog-api-key".to_owned()),
            _ => Authentication::Bearer,
        }
    }
}

/// How a key is presented.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// `Authorization: Bearer KEY`
    Bearer,
    /// `NAME: KEY`; the name is in lower case.
    Header(String),
}

/// One provider as configured. `Debug` prints the names of its headers and never their values,
/// which may be secret.
#[derive(Clone, PartialEq, Eq)]
pub struct ProviderSettings {
    pub kind: ProviderKind,
    /// The address that a protocol's own paths are appended to, without a trailing slash in the
    /// sense of the providers' own libraries: with `/v1` for OpenAI, without it for Anthropic.
    /// The demo has no address of its own until it runs: that of its running server is put here.
    pub base_url: Url,
    /// Whether somebody set it up, by a settings file or a variable: those that are there of
    /// themselves may not run at all.
    pub configured: bool,
    pub key: KeySource,
    /// How the key is presented.
    pub authentication: Authentication,
    /// Whether a settings file says how, so that nothing else has a say in it.
    pub authentication_is_stated: bool,
    /// Which server it is that speaks OpenAI's protocol; `None`: as its address tells.
    pub quirks: Option<Server>,
    /// The version of the interface that is asked for in the query of every address.
    pub api_version: Option<String>,
    /// Sent with every request; names in lower case.
    pub headers: BTreeMap<String, String>,
    /// Whether a key, or a header that carries a secret, may travel over plain http to another
    /// machine than this one.
    pub allow_plain_http: bool,
    /// Certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// Limits of its own, in the place of `[engine]`'s.
    pub limits: StatedLimits,
    /// What its requests go through, as the environment says of its address.
    pub proxy: Option<Proxy>,
}

/// The limits that a provider's table states.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatedLimits {
    /// Calls at once.
    pub concurrency: Option<usize>,
    /// Requests a minute; 0 sets no limit.
    pub requests_per_minute: Option<u64>,
    /// Tokens a minute; 0 sets no limit.
    pub tokens_per_minute: Option<u64>,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderSettings")
            .field("kind", &self.kind)
            .field("base_url", &self.base_url.as_str())
            .field("configured", &self.configured)
            .field("key", &self.key.describe())
            .field("authentication", &self.authentication)
            .field("authentication_is_stated", &self.authentication_is_stated)
            .field("quirks", &self.quirks)
            .field("api_version", &self.api_version)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("allow_plain_http", &self.allow_plain_http)
            .field("ca_file", &self.ca_file)
            .field("limits", &self.limits)
            .field("proxy", &self.proxy)
            .finish()
    }
}

impl ProviderSettings {
    /// A provider of a kind at an address, with its kind's way of presenting a key.
    #[must_use]
    pub fn new(kind: ProviderKind, base_url: Url, key: KeySource) -> Self {
        Self {
            kind,
            base_url,
            configured: false,
            key,
            authentication: kind.authentication(),
            authentication_is_stated: false,
            quirks: None,
            api_version: None,
            headers: BTreeMap::new(),
            allow_plain_http: false,
            ca_file: None,
            limits: StatedLimits::default(),
            proxy: None,
        }
    }

    /// The names and values of headers that carry a secret, as their names say.
    pub fn secret_headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let secret = self.headers.iter().filter(|(name, _)| is_secret_header(name));
        secret.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether its server runs on this machine: `localhost`, or a loopback address.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self.base_url.host() {
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }
}

/// A provider the program knows without being told.
pub(super) struct Known {
    pub name: &'static str,
    pub kind: ProviderKind,
    pub base_url: &'static str,
    /// The variable its key is usually kept in; empty when it needs none.
    pub key: &'static str,
    /// Whether it is listed even while no key is set.
    pub always: bool,
}

/// Providers and the variables their own libraries read. The last six speak OpenAI's protocol
/// and are listed once their key is set, so that the list shows what can be called.
pub(super) const KNOWN: [Known; 11] = [
    known("openai", ProviderKind::OpenAi, "https://api.openai.com/v1", "OPENAI_API_KEY", true),
    known(
        "anthropic",
        ProviderKind::Anthropic,
        "https://api.anthropic.com",
        "ANTHROPIC_API_KEY",
        true,
    ),
    known("ollama", ProviderKind::Ollama, "http://127.0.0.1:11434", "", true),
    known(
        "gemini",
        ProviderKind::Gemini,
        "https://generativelanguage.googleapis.com",
        "GEMINI_API_KEY",
        true,
    ),
    known("demo", ProviderKind::Demo, "http://127.0.0.1/v1", "", true),
    known(
        "deepseek",
        ProviderKind::OpenAi,
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        false,
    ),
    known("groq", ProviderKind::OpenAi, "https://api.groq.com/openai/v1", "GROQ_API_KEY", false),
    known("mistral", ProviderKind::OpenAi, "https://api.mistral.ai/v1", "MISTRAL_API_KEY", false),
    known(
        "openrouter",
        ProviderKind::OpenAi,
        "https://openrouter.ai/api/v1",
        "OPENROUTER_API_KEY",
        false,
    ),
    known(
        "together",
        ProviderKind::OpenAi,
        "https://api.together.xyz/v1",
        "TOGETHER_API_KEY",
        false,
    ),
    known("xai", ProviderKind::OpenAi, "https://api.x.ai/v1", "XAI_API_KEY", false),
];

const fn known(
    name: &'static str,
    kind: ProviderKind,
    base_url: &'static str,
    key: &'static str,
    always: bool,
) -> Known {
    Known { name, kind, base_url, key, always }
}

impl Known {
    pub fn find(name: &str) -> Option<&'static Self> {
        KNOWN.iter().find(|known| known.name == name)
    }

    /// Its settings before anyone said anything. `None` never happens: the table's addresses
    /// are tested.
    pub fn settings(&self) -> Option<ProviderSettings> {
        let key =
            if self.key.is_empty() { KeySource::None } else { KeySource::Env(self.key.to_owned()) };
        Url::parse(self.base_url).ok().map(|url| ProviderSettings::new(self.kind, url, key))
    }
}

/// The variable with the address of an Azure resource. There is no usual one: each has its own.
const AZURE_ENDPOINT: &str = "AZURE_OPENAI_ENDPOINT";
/// The variable its key is kept in.
pub(super) const AZURE_KEY: &str = "AZURE_OPENAI_API_KEY";

/// The providers that are there without any settings file.
pub(super) fn built_in(environment: &Environment) -> BTreeMap<String, ProviderSettings> {
    let known = KNOWN
        .iter()
        .filter(|known| known.always || environment.filled(known.key).is_some())
        .filter_map(|known| Some((known.name.to_owned(), known.settings()?)));
    // An address that is none is told of when the variables are applied.
    let azure = environment.filled(AZURE_ENDPOINT).map(|text| {
        let nowhere = Url::parse("https://azure.invalid").ok();
        let address = parse_base_url(text).ok().or(nowhere)?;
        let key = KeySource::Env(AZURE_KEY.to_owned());
        let settings = ProviderSettings::new(ProviderKind::OpenAi, address, key);
        let settings = ProviderSettings { quirks: Some(Server::Azure), ..settings };
        Some(("azure".to_owned(), settings))
    });
    known.chain(azure.flatten()).collect()
}

/// Puts what the providers' own variables say over the settings: addresses, organisations, the
/// other ways of naming a key. `key_named` tells whether a settings file named a provider's key;
/// then its variables have no say in that.
pub(super) fn apply_variables(
    providers: &mut BTreeMap<String, ProviderSettings>,
    environment: &Environment,
    key_named: &dyn Fn(&str) -> bool,
) -> Result<(), ConfigError> {
    for (name, variable) in [
        ("openai", "OPENAI_BASE_URL"),
        ("anthropic", "ANTHROPIC_BASE_URL"),
        ("gemini", "GOOGLE_GEMINI_BASE_URL"),
        ("azure", AZURE_ENDPOINT),
    ] {
        if let (Some(provider), Some(text)) =
            (providers.get_mut(name), environment.filled(variable))
        {
            provider.base_url = parse_base_url(text).map_err(|message| ConfigError::Variable {
                variable: variable.to_owned(),
                message,
            })?;
            provider.configured = true;
        }
    }
    if let (Some(azure), Some(version)) =
        (providers.get_mut("azure"), environment.filled("OPENAI_API_VERSION"))
    {
        if !is_plain_word(version) {
            return Err(ConfigError::Variable {
                variable: "OPENAI_API_VERSION".to_owned(),
                message: "a version is letters, digits, `-`, `_` and `.`, such as 2024-10-21"
                    .to_owned(),
            });
        }
        azure.api_version = Some(version.to_owned());
    }
    if let Some(openai) = providers.get_mut("openai") {
        for (variable, header) in
            [("OPENAI_ORG_ID", "openai-organization"), ("OPENAI_PROJECT_ID", "openai-project")]
        {
            if let Some(value) = environment.filled(variable)
                && is_header_value(value)
            {
                openai.headers.entry(header.to_owned()).or_insert_with(|| value.to_owned());
            }
        }
    }
    if let Some(anthropic) = providers.get_mut("anthropic")
        && !key_named("anthropic")
        && environment.filled("ANTHROPIC_API_KEY").is_none()
        && environment.filled("ANTHROPIC_AUTH_TOKEN").is_some()
    {
        anthropic.key = KeySource::Env("ANTHROPIC_AUTH_TOKEN".to_owned());
        // A header that the settings name is for whichever key is sent.
        if !anthropic.authentication_is_stated {
            anthropic.authentication = Authentication::Bearer;
        }
    }
    // As Google's own libraries have it, the first of the two wins.
    if let Some(gemini) = providers.get_mut("gemini")
        && !key_named("gemini")
        && environment.filled("GOOGLE_API_KEY").is_some()
    {
        gemini.key = KeySource::Env("GOOGLE_API_KEY".to_owned());
    }
    if let Some(ollama) = providers.get_mut("ollama") {
        if let Some(text) = environment.filled("OLLAMA_HOST") {
            ollama.base_url = parse_ollama_host(text).map_err(|message| ConfigError::Variable {
                variable: "OLLAMA_HOST".to_owned(),
                message,
            })?;
            ollama.configured = true;
        }
        if !key_named("ollama") && environment.filled("OLLAMA_API_KEY").is_some() {
            ollama.key = KeySource::Env("OLLAMA_API_KEY".to_owned());
            ollama.configured = true;
        }
    }
    Ok(())
}

/// Reads a provider's address. The message never repeats the text, which may hold a password.
pub(super) fn parse_base_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text.trim()).map_err(|error| {
        format!("not an address ({error}); write for example http://127.0.0.1:8080/v1")
    })?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!(
            "an address must begin with http:// or https://, not {}:",
            url.scheme()
        ));
    }
    if !url.has_host() {
        return Err("an address needs a host".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address must not hold a user name or password; name the key with api_key_env"
                .to_owned(),
        );
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err("an address must not hold a query (`?…`) or a fragment (`#…`)".to_owned());
    }
    Ok(url)
}

/// Reads `OLLAMA_HOST` as Ollama does: the scheme may be missing (http), the port may be missing
/// (11434; 80 or 443 where a scheme is given), and an address to listen on (`0.0.0.0`, `[::]`)
/// means this machine.
pub(super) fn parse_ollama_host(text: &str) -> Result<Url, String> {
    let text = text.trim().trim_matches(['"', '\'']).trim();
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let has_scheme = text.contains("://");
    let (authority, path) = match rest.find('/') {
        Some(slash) => rest.split_at(slash),
        None => (rest, ""),
    };
    // A bare IPv6 address has more than one colon and no brackets.
    let authority = match authority {
        "" => "127.0.0.1".to_owned(),
        bare if bare.matches(':').count() > 1 && !bare.starts_with('[') => format!("[{bare}]"),
        port if port.starts_with(':') => format!("127.0.0.1{port}"),
        other => other.to_owned(),
    };
    let mut url = parse_base_url(&format!("{scheme}://{authority}{path}"))?;
    let port_given = authority.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
    }) && !authority.ends_with(']');
    if !port_given && !has_scheme {
        url.set_port(Some(11434)).map_err(|()| "cannot hold a port".to_owned())?;
    }
    let unspecified = match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_unspecified(),
        Some(url::Host::Ipv6(address)) => address.is_unspecified(),
        _ => false,
    };
    if unspecified {
        url.set_host(Some("127.0.0.1")).map_err(|error| error.to_string())?;
    }
    Ok(url)
}

/// Whether a text can name a provider or a version: it goes into addresses as it is.
pub(super) fn is_plain_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// Whether a header of this name usually carries a secret.
pub(super) fn is_secret_header(name: &str) -> bool {
    ["auth", "cookie", "key", "password", "secret", "token"].iter().any(|word| name.contains(word))
}

/// Whether a text can be a header's value: visible ASCII, spaces and tabs.
pub(super) fn is_header_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (0x20..0x7f).contains(&byte))
}

/// Whether a text can be a header's name (a token of RFC 9110).
pub(super) fn is_header_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_provider_has_a_valid_address() {
        for known in &KNOWN {
            let settings = known.settings().expect(known.name);
            assert!(parse_base_url(settings.base_url.as_str()).is_ok(), "{}", known.name);
        }
    }

    #[test]
    fn compatible_services_appear_with_their_key() {
        let none = built_in(&Environment::default());
        assert_eq!(
            none.keys().collect::<Vec<_>>(),
            ["anthropic", "demo", "gemini", "ollama", "openai"]
        );
        let some = built_in(&Environment::from_pairs([("GROQ_API_KEY", "k"), ("XAI_API_KEY", "")]));
        assert!(some.contains_key("groq") && !some.contains_key("xai"));
        assert_eq!(some["groq"].base_url.as_str(), "https://api.groq.com/openai/v1");
    }

    #[test]
    fn azure_is_there_with_the_variables_of_its_own_tools() {
        let settings = |pairs: &[(&str, &str)]| {
            let environment = Environment::from_pairs(pairs.iter().copied());
            let mut providers = built_in(&environment);
            apply_variables(&mut providers, &environment, &|_| false).map(|()| providers)
        };
        let endpoint = ("AZURE_OPENAI_ENDPOINT", "https://example.openai.azure.com/");
        let key = ("AZURE_OPENAI_API_KEY", "k");
        let without = settings(&[key]).expect("good");
        assert!(!without.contains_key("azure"), "without an address there is nobody to ask");
        let providers =
            settings(&[endpoint, key, ("OPENAI_API_VERSION", "2025-01-01")]).expect("good");
        let azure = &providers["azure"];
        assert_eq!(azure.kind, ProviderKind::OpenAi);
        assert_eq!(azure.quirks, Some(Server::Azure));
        assert_eq!(azure.base_url.as_str(), "https://example.openai.azure.com/");
        assert_eq!(azure.key, KeySource::Env("AZURE_OPENAI_API_KEY".to_owned()));
        assert_eq!(azure.api_version.as_deref(), Some("2025-01-01"));
        assert!(settings(&[endpoint]).expect("good")["azure"].api_version.is_none());
        for (bad, named) in [
            (("AZURE_OPENAI_ENDPOINT", "nowhere planted"), "AZURE_OPENAI_ENDPOINT: "),
            (("OPENAI_API_VERSION", "1&planted"), "OPENAI_API_VERSION: "),
        ] {
            let error = settings(&[endpoint, bad]).expect_err("refused").to_string();
            assert!(error.starts_with(named) && !error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn of_googles_two_variables_the_first_wins() {
        let settings = |pairs: &[(&str, &str)]| {
            let environment = Environment::from_pairs(pairs.iter().copied());
            let mut providers = built_in(&environment);
            apply_variables(&mut providers, &environment, &|_| false).expect("good");
            providers["gemini"].clone()
        };
        let both = settings(&[("GEMINI_API_KEY", "a"), ("GOOGLE_API_KEY", "b")]);
        assert_eq!(both.key, KeySource::Env("GOOGLE_API_KEY".to_owned()));
        let one = settings(&[
            ("GEMINI_API_KEY", "a"),
            ("GOOGLE_GEMINI_BASE_URL", "http://127.0.0.1:9/x"),
        ]);
        assert_eq!(one.key, KeySource::Env("GEMINI_API_KEY".to_owned()));
        assert_eq!(one.base_url.as_str(), "http://127.0.0.1:9/x");
    }

    #[test]
    fn the_ollama_host_is_read_as_ollama_reads_it() {
        for (text, expected) in [
            ("127.0.0.1", "http://127.0.0.1:11434/"),
            ("127.0.0.1:5000", "http://127.0.0.1:5000/"),
            ("0.0.0.0", "http://127.0.0.1:11434/"),
            ("0.0.0.0:1234", "http://127.0.0.1:1234/"),
            ("http://0.0.0.0:1234", "http://127.0.0.1:1234/"),
            (":8080", "http://127.0.0.1:8080/"),
            ("box", "http://box:11434/"),
            ("box:80", "http://box/"),
            ("https://ollama.example.com", "https://ollama.example.com/"),
            ("http://box", "http://box/"),
            ("https://box:8443/api", "https://box:8443/api"),
            ("box/base", "http://box:11434/base"),
            ("::1", "http://[::1]:11434/"),
            ("[::1]", "http://[::1]:11434/"),
            ("[::]:99", "http://127.0.0.1:99/"),
            ("\"box\"", "http://box:11434/"),
            (" box ", "http://box:11434/"),
        ] {
            assert_eq!(
                parse_ollama_host(text).map(String::from),
                Ok(expected.to_owned()),
                "{text:?}"
            );
        }
        for bad in ["box:port", "ftp://box", "box:99999", "a b"] {
            assert!(parse_ollama_host(bad).is_err(), "{bad:?} passed");
        }
    }

    #[test]
    fn addresses_that_could_mislead_are_refused_without_repeating_them() {
        for bad in [
            "file:///etc/passwd",
            "unix:/run/x",
            "https://user:planted@host/v1",
            "https://host/v1?key=planted",
            "https://host/v1#planted",
            "host:8080",
            "nonsense planted",
            "",
        ] {
            let error = parse_base_url(bad).expect_err(bad);
            assert!(!error.contains("planted"), "{error}");
        }
    }

    #[test]
    fn the_providers_own_variables_count() {
        let environment = Environment::from_pairs([
            ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
            ("OPENAI_ORG_ID", "org-1"),
            ("ANTHROPIC_AUTH_TOKEN", "t"),
            ("OLLAMA_HOST", "box"),
            ("OLLAMA_API_KEY", "k"),
        ]);
        let mut providers = built_in(&environment);
        apply_variables(&mut providers, &environment, &|_| false).expect("good variables");
        assert_eq!(providers["openai"].base_url.as_str(), "http://127.0.0.1:9/v1");
        assert_eq!(providers["openai"].headers["openai-organization"], "org-1");
        assert_eq!(providers["anthropic"].key, KeySource::Env("ANTHROPIC_AUTH_TOKEN".to_owned()));
        assert_eq!(providers["anthropic"].authentication, Authentication::Bearer);
        assert_eq!(providers["ollama"].base_url.as_str(), "http://box:11434/");
        assert_eq!(providers["ollama"].key, KeySource::Env("OLLAMA_API_KEY".to_owned()));
    }

    #[test]
    fn a_bad_variable_is_named() {
        let environment = Environment::from_pairs([("OPENAI_BASE_URL", "nowhere planted")]);
        let error = apply_variables(&mut built_in(&environment), &environment, &|_| false)
            .expect_err("refused")
            .to_string();
        assert!(error.starts_with("OPENAI_BASE_URL: ") && !error.contains("planted"), "{error}");
    }

    #[test]
    fn debug_hides_header_values() {
        let mut settings = Known::find("openai").and_then(Known::settings).expect("known");
        settings.headers.insert("x-token".to_owned(), "planted".to_owned());
        let text = format!("{settings:?}");
        assert!(text.contains("x-token") && !text.contains("planted"), "{text}");
    }
}
