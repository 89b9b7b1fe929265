//! Secrets kept out of what is written: the redactors that the settings ask for, with the keys
//! of the providers, and the places they are put before.

mod provider;
mod record;
mod recorder;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};

use serde_json::Value;

pub(super) use provider::DiscreetProvider;
pub(super) use record::redacted;
pub use recorder::RedactingRecorder;

use crate::{
    config::{Environment, ProviderSettings, RedactionSettings, Secret, SecretWarning, Settings},
    model::{Message, Redactions},
    safety::redact::{Finding, KnownKeys, Redactor, SHORTEST_KEY, Selection},
};

/// What is taken out of texts, and when. The keys in use always are; what else, the settings say.
#[derive(Debug)]
pub struct Redaction {
    storage: Arc<Rules>,
    export: Arc<Rules>,
    sending: Arc<Rules>,
    warn: SecretWarning,
    keys: RwLock<KnownKeys>,
}

/// Rules made ready when they are first needed, since that takes some milliseconds.
#[derive(Debug)]
struct Rules {
    selection: Selection,
    ready: OnceLock<Redactor>,
}

impl Rules {
    fn new(selection: Selection) -> Result<Self, String> {
        let rules = Self { selection, ready: OnceLock::new() };
        // The built-in patterns are valid; a user's may be too much together.
        if !rules.selection.patterns.is_empty() {
            let redactor = Redactor::new(&rules.selection)?;
            drop(rules.ready.set(redactor));
        }
        Ok(rules)
    }

    fn get(&self) -> &Redactor {
        self.ready.get_or_init(|| {
            Redactor::new(&self.selection).unwrap_or_else(|error| {
                tracing::error!(%error, "the rules of redaction are not valid");
                Redactor::default()
            })
        })
    }
}

impl Redaction {
    /// The redaction that settings ask for. It knows the keys that stand in the environment and
    /// in headers; others are added as they are fetched.
    ///
    /// # Errors
    /// Own patterns that are too much together.
    pub fn new(settings: &Settings, environment: &Environment) -> Result<Self, String> {
        let redaction = Self::of(&settings.redaction)?;
        let named = settings.secret_variables();
        for (name, provider) in &settings.providers {
            if let crate::config::KeySource::Env(variable) = &provider.key
                && let Some(key) = environment.get(variable)
            {
                redaction.learn(name, key);
            }
            for (_, value) in provider.secret_headers() {
                redaction.learn(name, value);
                // What stands behind `Bearer` or `Basic` is the secret, wherever else it stands.
                if let Some((_, secret)) = value.trim().rsplit_once(' ') {
                    redaction.learn(name, secret);
                }
            }
        }
        for variable in named {
            if let Some(key) = environment.get(&variable) {
                redaction.learn(&owner(&variable), key);
            }
        }
        Ok(redaction)
    }

    /// Keys of providers elsewhere that are too short to be told from a word, and so stay where
    /// they turn up: one sentence for each.
    #[must_use]
    pub fn too_short(settings: &Settings, environment: &Environment) -> Vec<String> {
        let mut told = Vec::new();
        for (name, provider) in &settings.providers {
            if let crate::config::KeySource::Env(variable) = &provider.key
                && let Some(key) = environment.get(variable)
            {
                told.extend(told_if_short(&format!("the key of {name}"), provider, key));
            }
            for (header, value) in provider.secret_headers() {
                let header = format!("the header `{header}` of {name}");
                told.extend(told_if_short(&header, provider, value));
            }
        }
        told
    }

    fn of(settings: &RedactionSettings) -> Result<Self, String> {
        let mut made: Vec<Arc<Rules>> = Vec::new();
        // What is looked for is mostly the same, and is made ready once.
        let mut rules = |selection: Selection| -> Result<Arc<Rules>, String> {
            if let Some(same) = made.iter().find(|rules| rules.selection == selection) {
                return Ok(Arc::clone(same));
            }
            let rules = Arc::new(Rules::new(selection)?);
            made.push(Arc::clone(&rules));
            Ok(rules)
        };
        Ok(Self {
            storage: rules(settings.before_storage())?,
            export: rules(settings.before_export())?,
            sending: rules(settings.before_sending())?,
            warn: settings.warn,
            keys: RwLock::default(),
        })
    }

    /// Takes in the key of a provider, so that it is found wherever it turns up.
    pub fn learn_key(&self, owner: &str, provider: &ProviderSettings, key: &Secret) {
        let told = told_if_short(&format!("the key of {owner}"), provider, key.expose());
        if let Some(told) = told {
            tracing::warn!("{told}");
        }
        self.learn(owner, key.expose());
    }

    fn learn(&self, owner: &str, key: &str) {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = keys.add(owner, key) {
            tracing::error!(%error, owner, "a key cannot be looked for");
        }
    }

    fn with_keys(&self, rules: &Redactor) -> Redactor {
        rules.with_keys(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Makes ready what a call needs, which takes some milliseconds: for a thread that has nothing
    /// else to do.
    pub fn make_ready(&self) {
        self.sending.get();
        self.storage.get();
    }

    /// What everything passes before it is stored.
    #[must_use]
    pub fn before_storage(&self) -> Redactor {
        self.with_keys(self.storage.get())
    }

    /// What everything passes before it leaves the database for a file or another program.
    #[must_use]
    pub fn before_export(&self) -> Redactor {
        self.with_keys(self.export.get())
    }

    /// The keys alone: for what must stay as it is but for them, and for what no person reads.
    #[must_use]
    pub fn keys_alone(&self) -> Redactor {
        self.with_keys(&Redactor::default())
    }

    /// The keys and all that the built-in rules and the user's own know, whatever the settings
    /// say: for what others may be given to read.
    #[must_use]
    pub fn everything(&self) -> Redactor {
        let patterns = self.export.selection.patterns.clone();
        let all = Selection { secrets: true, personal: true, off: BTreeSet::new(), patterns };
        // The user's own were found to be too much together.
        let rules = Redactor::new(&all)
            .or_else(|_| Redactor::new(&Selection { patterns: Vec::new(), ..all }))
            .unwrap_or_default();
        self.with_keys(&rules)
    }

    /// The secrets in messages that are about to be sent; nothing where no warning is wanted.
    #[must_use]
    pub fn secrets_in(&self, messages: &[Message]) -> SecretsFound {
        if self.warn == SecretWarning::Never {
            return SecretsFound::default();
        }
        let redactor = self.with_keys(self.sending.get());
        let mut found = SecretsFound::default();
        for message in messages {
            for Finding { label, range, rule } in redactor.findings(&message.content) {
                let line = message.content[..range.start].matches('\n').count() + 1;
                found.rules.insert(rule);
                found.places.push(format!("{label} ({} message, line {line})", message.role));
                found.texts.insert(message.content[range].to_owned());
            }
        }
        found
    }

    /// What happens when a prompt holds a secret.
    #[must_use]
    pub const fn warning(&self) -> SecretWarning {
        self.warn
    }

    /// A value as it may be stored.
    #[must_use]
    pub fn value(&self, value: &Value) -> Value {
        let mut value = value.clone();
        record::value(&self.before_storage(), &mut value, &mut Redactions::default());
        value
    }

    /// Values as they may be stored.
    #[must_use]
    pub fn inputs(&self, inputs: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
        let redactor = self.before_storage();
        let mut inputs = inputs.clone();
        let mut found = Redactions::default();
        record::named(&redactor, &mut inputs, &mut found, record::value);
        inputs
    }
}

/// Secrets in messages that are about to be sent. Shows nothing of them.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SecretsFound {
    rules: BTreeSet<String>,
    /// What and where, in words: `an OpenAI key (user message, line 3)`.
    pub places: Vec<String>,
    texts: BTreeSet<String>,
}

impl SecretsFound {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// One sentence that says what and where.
    #[must_use]
    pub fn describe(&self) -> String {
        let more = self.places.len().saturating_sub(3);
        let first: Vec<&str> = self.places.iter().take(3).map(String::as_str).collect();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!("the prompt holds what looks like {}{more}", first.join(", "))
    }

    /// Takes in those of other messages.
    pub fn join(&mut self, other: Self) {
        self.rules.extend(other.rules);
        let known = |place: &String| self.places.contains(place);
        let new: Vec<String> = other.places.into_iter().filter(|place| !known(place)).collect();
        self.places.extend(new);
        self.texts.extend(other.texts);
    }

    /// Whether all of these are among others.
    #[must_use]
    pub fn is_within(&self, others: &Self) -> bool {
        self.texts.is_subset(&others.texts)
    }
}

impl std::fmt::Debug for SecretsFound {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("SecretsFound").field("places", &self.places).finish_non_exhaustive()
    }
}

/// What is told of a secret that is too short to be told from a word; nothing for a server of this
/// machine, which is mostly given a word because something must be.
fn told_if_short(what: &str, provider: &ProviderSettings, secret: &str) -> Option<String> {
    let length = secret.trim().len();
    ((1..SHORTEST_KEY).contains(&length) && !provider.is_local()).then(|| {
        format!(
            "{what} has {length} bytes, fewer than {SHORTEST_KEY}: too few to be told \
             from a word, so it is not taken out of what is kept"
        )
    })
}

/// The word for a key from its variable: `openai` for `OPENAI_API_KEY`.
fn owner(variable: &str) -> String {
    let word = variable.to_ascii_lowercase();
    let word = word.trim_end_matches("_key").trim_end_matches("_token").trim_end_matches("_api");
    word.trim_end_matches("_auth").replace('_', "-")
}

#[cfg(test)]
mod tests;
#[cfg(test)]
pub(super) use tests::record as record_for_tests;
