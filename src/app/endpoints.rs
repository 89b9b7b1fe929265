//! The providers as they can be called now: configured or found, made ready when first asked.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use async_trait::async_trait;
use tokio::sync::OnceCell;
use url::Url;

use super::redaction::{DiscreetProvider, Redaction};
use crate::{
    config::{
        Authentication, EngineSettings, Environment, KeySource, ProviderKind, ProviderLimits,
        ProviderSettings, Proxy, Secret, Settings,
    },
    engine::{AnswerFacts, Providers},
    model::{CallError, ErrorKind, GenerationParameters, ModelRef, Price, Usage, nearest},
    provider::{
        Catalog, DEFAULT_MAX_TOKENS, ListedModel, Provider, build,
        demo::{DemoConfig, DemoServer, Pace},
        out_of_files,
    },
};

/// The most tokens of one answer, thinking included, that any model of Gemini's gives …
const MOST_OF_GEMINI: u64 = 65_536;
/// … and any of those that think unseen elsewhere. Models that give more are to be in the catalogue.
const MOST_UNSEEN: u64 = 128_000;

/// Providers that were made ready, by name; each is made once, whoever asks first.
type Ready = HashMap<String, Arc<OnceCell<Arc<dyn Provider>>>>;

/// Every provider by name. Providers found on this machine join the configured ones.
pub struct Endpoints {
    environment: Environment,
    /// Variables that no key command gets.
    hidden: BTreeSet<String>,
    limits: EngineSettings,
    catalog: Arc<Catalog>,
    /// Learns every key as it is fetched.
    redaction: Arc<Redaction>,
    settings: RwLock<BTreeMap<String, ProviderSettings>>,
    listed: RwLock<BTreeMap<String, Vec<ListedModel>>>,
    ready: Mutex<Ready>,
    /// Runs from the first call of a simulated model to the end of the program.
    demo: OnceCell<DemoServer>,
    pace: Pace,
}

impl Endpoints {
    /// The configured providers. Nothing is started or asked yet.
    #[must_use]
    pub fn new(
        settings: &Settings,
        environment: &Environment,
        catalog: Arc<Catalog>,
        redaction: Arc<Redaction>,
    ) -> Self {
        Self {
            environment: environment.clone(),
            hidden: settings.secret_variables(),
            limits: settings.engine.clone(),
            catalog,
            redaction,
            settings: RwLock::new(settings.providers.clone()),
            listed: RwLock::default(),
            ready: Mutex::default(),
            demo: OnceCell::new(),
            pace: Pace::default(),
        }
    }

    /// What is known of models.
    #[must_use]
    pub const fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// Every provider's name and settings.
    #[must_use]
    pub fn all(&self) -> BTreeMap<String, ProviderSettings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes in a server that was found, with the models it lists. One at an address that is
    /// configured gives its models to that provider, and where several are, to the one it was
    /// asked as. Whether any of it is new.
    pub fn take_in(&self, name: &str, found: ProviderSettings, models: Vec<ListedModel>) -> bool {
        let mut settings = self.settings.write().unwrap_or_else(PoisonError::into_inner);
        let is_there = |known: &ProviderSettings| same_server(&known.base_url, &found.base_url);
        let known = match settings.get(name) {
            Some(asked) if is_there(asked) => Some(name.to_owned()),
            _ => settings.iter().find(|(_, known)| is_there(known)).map(|(known, _)| known.clone()),
        };
        let name = match known {
            Some(known) => known,
            // The name is taken by a server elsewhere, which the user meant.
            None if settings.contains_key(name) => return false,
            None => {
                settings.insert(name.to_owned(), found);
                name.to_owned()
            }
        };
        drop(settings);
        let mut listed = self.listed.write().unwrap_or_else(PoisonError::into_inner);
        let new = listed.get(&name) != Some(&models);
        listed.insert(name, models);
        new
    }

    /// The models that found servers list, by provider.
    #[must_use]
    pub fn listed(&self) -> BTreeMap<String, Vec<ListedModel>> {
        self.listed.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Why a provider cannot be called now, as far as that can be said without trying.
    #[must_use]
    pub fn unavailable(&self, settings: &ProviderSettings) -> Option<String> {
        match &settings.key {
            KeySource::Env(variable) if !settings.key.is_available(&self.environment) => {
                Some(format!("no key: set {variable}"))
            }
            _ => None,
        }
    }

    async fn make_ready(&self, name: &str) -> Result<Arc<dyn Provider>, CallError> {
        let mut settings = self.find(name)?;
        settings.proxy = Proxy::of(&self.environment, &settings.base_url);
        if settings.kind == ProviderKind::Demo {
            return self.demo(name, &settings).await;
        }
        let source = settings.key.clone();
        let (environment, hidden) = (self.environment.clone(), self.hidden.clone());
        let key = tokio::task::spawn_blocking(move || source.resolve(&environment, &hidden))
            .await
            .map_err(|error| {
                CallError::new(ErrorKind::Authentication, format!("no key for {name}: {error}"))
                    .hint("run again; the log says more")
            })?
            .map_err(|error| {
                CallError::new(ErrorKind::Authentication, format!("{name}: {error}")).hint(format!(
                    "set it, or name another source under [providers.{name}] in config.toml"
                ))
            })?;
        if let Some(key) = &key {
            self.redaction.learn_key(name, &settings, key);
        }
        self.build(name, &settings, key.as_ref())
    }

    /// The simulated models, behind a real server of this program on a port of its own.
    async fn demo(
        &self,
        name: &str,
        settings: &ProviderSettings,
    ) -> Result<Arc<dyn Provider>, CallError> {
        let server = self
            .demo
            .get_or_try_init(|| {
                DemoServer::start(DemoConfig { pace: self.pace, ..DemoConfig::default() })
            })
            .await
            .map_err(|error| {
                let told = format!("the simulated models cannot listen on this machine: {error}");
                out_of_files(&error).unwrap_or_else(|| {
                    CallError::new(ErrorKind::Connect, told)
                        .hint("see that 127.0.0.1 can be used and has ports left")
                })
            })?;
        let settings = ProviderSettings {
            base_url: server.base_url.clone(),
            authentication: Authentication::Bearer,
            ..settings.clone()
        };
        if let Some(token) = server.token() {
            self.redaction.learn_key(name, &settings, token);
        }
        self.build(name, &settings, server.token())
    }

    fn build(
        &self,
        name: &str,
        settings: &ProviderSettings,
        key: Option<&Secret>,
    ) -> Result<Arc<dyn Provider>, CallError> {
        let provider = build(name, settings, &self.limits, key, &self.catalog)?;
        Ok(Arc::new(DiscreetProvider::new(provider, Arc::clone(&self.redaction))))
    }

    /// Whether there is a provider of a name.
    pub(super) fn check(&self, name: &str) -> Result<(), CallError> {
        self.find(name).map(drop)
    }

    fn find(&self, name: &str) -> Result<ProviderSettings, CallError> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        settings.get(name).cloned().ok_or_else(|| {
            let error =
                CallError::new(ErrorKind::NotFound, format!("there is no provider `{name}`"));
            match nearest(name, settings.keys().map(String::as_str)) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint(format!(
                    "`lathe providers` lists them; [providers.{name}] in config.toml adds one"
                )),
            }
        })
    }

    fn cells(&self) -> MutexGuard<'_, Ready> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Providers for Endpoints {
    async fn provider(&self, name: &str) -> Result<Arc<dyn Provider>, CallError> {
        let cell = Arc::clone(self.cells().entry(name.to_owned()).or_default());
        // A failure is not kept: a key may be set and a server started meanwhile.
        cell.get_or_try_init(|| self.make_ready(name)).await.cloned()
    }

    fn server(&self, name: &str) -> String {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        match settings.get(name) {
            // All simulated models are answered by the one server of this program.
            Some(provider) if provider.kind == ProviderKind::Demo => "simulated".to_owned(),
            Some(provider) => origin(&provider.base_url),
            None => name.to_owned(),
        }
    }

    fn address(&self, name: &str) -> String {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        settings.get(name).map_or_else(String::new, |provider| {
            let version = provider.api_version.as_deref().unwrap_or_default();
            format!("{} {} {version}", provider.kind.as_str(), provider.base_url)
        })
    }

    fn limits(&self, name: &str) -> Option<ProviderLimits> {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        Some(self.limits.limits_of(settings.get(name)))
    }

    fn answers(&self, model: &ModelRef, parameters: &GenerationParameters) -> AnswerFacts {
        let settings = self.settings.read().unwrap_or_else(PoisonError::into_inner);
        let Some(kind) = settings.get(&model.provider).map(|provider| provider.kind) else {
            return AnswerFacts::default();
        };
        let facts = self.catalog.facts(kind, model).unwrap_or_default();
        let thinks_unseen = facts.capabilities.may_think_unseen(kind, parameters.reasoning_effort);
        let most_tokens = facts.max_output.or(match kind {
            // It is sent where nobody names another.
            ProviderKind::Anthropic => Some(DEFAULT_MAX_TOKENS),
            // Where nothing can be seen something must be set aside.
            ProviderKind::Gemini => thinks_unseen.then_some(MOST_OF_GEMINI),
            _ => thinks_unseen.then_some(MOST_UNSEEN),
        });
        AnswerFacts { most_tokens, thinks_unseen }
    }

    fn price(&self, model: &ModelRef, usage: &Usage) -> Option<Price> {
        self.catalog.price(model, usage)
    }
}

/// Whether two addresses lead to one server: host and port, with `localhost` for 127.0.0.1.
pub(super) fn same_server(a: &Url, b: &Url) -> bool {
    host(a) == host(b) && a.port_or_known_default() == b.port_or_known_default()
}

fn host(url: &Url) -> Option<&str> {
    match url.host_str() {
        Some("localhost" | "[::1]") => Some("127.0.0.1"),
        other => other,
    }
}

/// What tells one server from another: scheme, host and port.
fn origin(url: &Url) -> String {
    let port = url.port_or_known_default().map_or_else(String::new, |port| format!(":{port}"));
    format!("{}://{}{port}", url.scheme(), host(url).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::open_below, config::Overrides};

    /// What nobody can stop must have an end, or no budget holds.
    #[tokio::test]
    async fn an_answer_that_is_thought_about_unseen_has_a_most() {
        let folder = tempfile::tempdir().expect("a folder");
        let app = open_below(folder.path(), Overrides::default(), &[]);
        let known = |provider: &str, model: &str| {
            let parameters = GenerationParameters::default();
            let facts = app.endpoints.answers(&ModelRef::new(provider, model), &parameters);
            (facts.most_tokens, facts.thinks_unseen)
        };
        assert_eq!(known("anthropic", "claude-opus-5"), (Some(128_000), true));
        assert_eq!(known("anthropic", "of-another-house"), (Some(DEFAULT_MAX_TOKENS), true));
        assert_eq!(known("gemini", "gemini-3-pro"), (Some(MOST_OF_GEMINI), true));
        assert_eq!(known("openai", "o1-pro"), (Some(MOST_UNSEEN), true));
        assert_eq!(known("openai", "llama-3"), (None, false));
    }
}
