//! Whether the providers work, found out by asking each of them the cheapest thing it answers.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use super::App;
use crate::{
    config::{ProviderKind, ProviderSettings},
    engine::Providers as _,
    model::{
        CallError, ChatRequest, ErrorKind, GenerationParameters, Message, ModelRef, ProviderEvent,
        Role, Usage,
    },
    provider::{ListedModel, Provider, asks_deployments},
};

/// How long a list of models is waited for.
const LIST: Duration = Duration::from_secs(10);
/// How long an answer is waited for.
const ANSWER: Duration = Duration::from_secs(30);

/// Words in the names of models that do not chat.
const NO_CHAT: [&str; 14] = [
    "audio",
    "dall-e",
    "embed",
    "imagen",
    "image",
    "live",
    "moderation",
    "ocr",
    "realtime",
    "rerank",
    "sora",
    "transcribe",
    "tts",
    "whisper",
];
/// Words in the names of small models, which cost little.
const SMALL: [&str; 7] = ["nano", "mini", "lite", "flash", "haiku", "small", "tiny"];

/// What became of asking one provider.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProviderCheck {
    pub name: String,
    /// Where its key comes from; `None` where it needs none.
    pub key: Option<String>,
    /// Why it was not asked, since no call could work.
    pub skipped: Option<String>,
    /// How many models it lists, where it was asked.
    pub listed: Option<Result<usize, CallError>>,
    /// Whether it is asked for deployments: the models it lists are none of them.
    pub deployments: bool,
    /// The call that was made, where a model was known to ask.
    pub call: Option<TestCall>,
}

/// The call of a check.
#[derive(Clone, Debug, PartialEq)]
pub struct TestCall {
    pub model: ModelRef,
    pub outcome: Result<(), CallError>,
    pub took: Duration,
    /// US dollars; `None` where that is not known.
    pub cost_usd: Option<f64>,
}

impl ProviderCheck {
    /// Whether a model answered; `None` where none was asked, for want of a key or of a name to
    /// ask by.
    #[must_use]
    pub fn works(&self) -> Option<bool> {
        // Without a deployment's name the list is all there is to ask for, and it came.
        if self.lacks_name() && self.listed.as_ref().is_some_and(Result::is_ok) {
            return None;
        }
        let answered = self.call.as_ref().is_some_and(|call| call.outcome.is_ok());
        self.skipped.is_none().then_some(answered)
    }

    /// Whether no name is known that it could be asked by.
    const fn lacks_name(&self) -> bool {
        self.deployments && self.call.is_none()
    }

    /// Whether anything came back from where it is.
    #[must_use]
    pub fn is_reachable(&self) -> Option<bool> {
        let replied = |error: &CallError| error.http_status.is_some();
        let listed = self.listed.as_ref()?.as_ref().map_or_else(replied, |_| true);
        let call = self.call.as_ref();
        let answered = |call: &TestCall| call.outcome.as_ref().map_or_else(replied, |()| true);
        Some(listed || call.is_some_and(answered))
    }

    /// Whether its key is good; `None` where it needs none, or nothing says so. A list alone does
    /// not: some show theirs to anyone.
    #[must_use]
    pub fn key_is_accepted(&self) -> Option<bool> {
        self.key.as_ref()?;
        let listed = self.listed.iter().filter_map(|listed| listed.as_ref().err());
        let called = self.call.iter().filter_map(|call| call.outcome.as_ref().err());
        if listed.chain(called).any(|error| error.kind == ErrorKind::Authentication) {
            return Some(false);
        }
        self.works().filter(|works| *works)
    }

    /// The error that keeps it from working, if one does.
    #[must_use]
    pub fn error(&self) -> Option<&CallError> {
        match &self.call {
            Some(call) => call.outcome.as_ref().err(),
            None => self.listed.as_ref()?.as_ref().err(),
        }
    }

    /// All of it in a line.
    #[must_use]
    pub fn describe(&self) -> String {
        let Some(listed) = &self.listed else { return self.skipped.clone().unwrap_or_default() };
        let mut parts = Vec::new();
        if let (Some(key), Some(true)) = (&self.key, self.key_is_accepted()) {
            parts.push(format!("key accepted ({key})"));
        }
        match (listed, &self.call) {
            (Ok(1), _) => parts.push("lists 1 model".to_owned()),
            (Ok(count), _) => parts.push(format!("lists {count} models")),
            (Err(error), Some(_)) => parts.push(format!("lists no models: {}", error.message)),
            (Err(error), None) => parts.push(full(error)),
        }
        match &self.call {
            Some(TestCall { model, outcome: Ok(()), took, .. }) => {
                parts.push(format!("{model} answered in {:.1} s", took.as_secs_f64()));
            }
            Some(TestCall { model, outcome: Err(error), .. }) => {
                parts.push(format!("{model} did not answer: {}", full(error)));
            }
            None if listed.is_ok() && self.deployments => parts.push(format!(
                "no deployment is known, and a listed model is none: default_model = \
                 \"{}/DEPLOYMENT\" in config.toml names one to call",
                self.name
            )),
            None if listed.is_ok() => parts.push("none that could be asked".to_owned()),
            None => {}
        }
        parts.join("; ")
    }
}

/// An error with what to do next.
fn full(error: &CallError) -> String {
    let hint = error.hint.as_ref().map_or_else(String::new, |hint| format!("; {hint}"));
    format!("{}{hint}", error.message)
}

impl App {
    /// Asks a provider for its models and one of them for a few tokens, and says what became of
    /// it. The call is not recorded. It ends within 40 seconds.
    pub async fn check_provider(&self, name: &str, settings: &ProviderSettings) -> ProviderCheck {
        let key = match settings.key {
            crate::config::KeySource::None => None,
            ref source => Some(source.describe()),
        };
        let skipped = self.endpoints.unavailable(settings);
        let name = name.to_owned();
        if skipped.is_some() {
            return ProviderCheck { name, key, skipped, ..ProviderCheck::default() };
        }
        let (listed, call) = self.ask(&name, settings).await;
        let absent = listed.as_ref().is_err_and(|error| error.kind == ErrorKind::Connect);
        if absent && settings.is_local() && !settings.configured {
            let skipped = Some("not running, and not configured".to_owned());
            return ProviderCheck { name, key, skipped, ..ProviderCheck::default() };
        }
        let deployments = asks_deployments(settings);
        ProviderCheck { name, key, skipped, listed: Some(listed), deployments, call }
    }

    async fn ask(
        &self,
        name: &str,
        settings: &ProviderSettings,
    ) -> (Result<usize, CallError>, Option<TestCall>) {
        let late = |what: &str, limit: Duration| {
            CallError::new(
                ErrorKind::Timeout,
                format!("{name} {what} within {} s", limit.as_secs()),
            )
            .hint("it may be loading a model: ask again, or with `lathe run`")
        };
        let provider = match timeout(LIST, self.endpoints.provider(name)).await {
            Ok(Ok(provider)) => provider,
            Ok(Err(error)) => return (Err(error), None),
            Err(_) => return (Err(late("was not made ready", LIST)), None),
        };
        let listed = match timeout(LIST, provider.models()).await {
            Ok(listed) => listed,
            Err(_) => Err(late("told no models", LIST)),
        };
        let hopeless = listed.as_ref().is_err_and(|error| error.http_status.is_none());
        let model = self.cheapest(name, settings, listed.as_deref().ok()).filter(|_| !hopeless);
        let call = match model {
            Some(model) => {
                let call = self.call_once(&*provider, model.clone(), settings.kind);
                Some(timeout(ANSWER, call).await.unwrap_or_else(|_| TestCall {
                    model,
                    outcome: Err(late("gave no answer", ANSWER)),
                    took: ANSWER,
                    cost_usd: None,
                }))
            }
            None => None,
        };
        (listed.map(|models| models.len()), call)
    }

    /// Asks for as few tokens as the protocol takes.
    async fn call_once(
        &self,
        provider: &dyn Provider,
        model: ModelRef,
        kind: ProviderKind,
    ) -> TestCall {
        let request = ChatRequest {
            model: model.model.clone(),
            messages: vec![Message::new(Role::User, "Say yes.")],
            parameters: GenerationParameters {
                max_tokens: Some(least_tokens(kind)),
                ..GenerationParameters::default()
            },
            stream: true,
        };
        let (mut usage, mut told) = (Usage::default(), None);
        let started = Instant::now();
        let mut receive = |event| match event {
            ProviderEvent::Usage(so_far) => usage = so_far,
            ProviderEvent::Cost(cost) => told = Some(cost),
            _ => {}
        };
        let outcome = provider.call(&request, &mut receive).await;
        let outcome = outcome.or_else(|error| if ran_out(&error) { Ok(()) } else { Err(error) });
        let price = self.endpoints.price(&model, &usage);
        let cost_usd = told.or_else(|| price.and_then(|price| price.cost(&usage)));
        TestCall { model, outcome, took: started.elapsed(), cost_usd }
    }

    /// The model to ask: the default one if it is this provider's, else the cheapest that is
    /// known there, else the first that looks small, or like one that chats. Only the default one
    /// where deployments are asked for.
    fn cheapest(
        &self,
        name: &str,
        settings: &ProviderSettings,
        listed: Option<&[ListedModel]>,
    ) -> Option<ModelRef> {
        if let Some(model) = &self.settings.default_model
            && model.provider == name
        {
            return Some(model.clone());
        }
        // What a resource could deploy is listed, and no deployment.
        if asks_deployments(settings) {
            return None;
        }
        let of_this = |model: &str| ModelRef::new(name, model);
        let catalog = self.endpoints.catalog();
        let names: Vec<&str> = match listed {
            Some(listed) => listed.iter().map(|model| model.id.as_str()).collect(),
            None => catalog.names(name).collect(),
        };
        // A provider under a name of one's own may have the models of the usual one.
        let price = |model: &str| {
            let known = [name, settings.kind.as_str()].map(|at| ModelRef::new(at, model));
            let price = known.iter().find_map(|model| catalog.lookup(model)?.price)?;
            Some((price.output, price.input))
        };
        let priced = names.iter().filter_map(|model| Some((price(model)?, *model)));
        let cheapest =
            priced.min_by(|((a, x), _), ((b, y), _)| a.total_cmp(b).then(x.total_cmp(y)));
        if let Some((_, model)) = cheapest {
            return Some(of_this(model));
        }
        let has = |model: &str, words: &[&str]| {
            let model = model.to_ascii_lowercase();
            words.iter().any(|word| model.contains(word))
        };
        let chats = || names.iter().filter(|model| !has(model, &NO_CHAT));
        chats().find(|model| has(model, &SMALL)).or_else(|| chats().next()).map(|it| of_this(it))
    }
}

/// The fewest tokens an answer may be limited to: OpenAI's protocols take no less than 16, and
/// models that reason need some before they can stop.
const fn least_tokens(kind: ProviderKind) -> u64 {
    match kind {
        ProviderKind::OpenAi | ProviderKind::Responses => 16,
        _ => 1,
    }
}

/// Whether a refusal says that the model did run and came to no end within the limit.
fn ran_out(error: &CallError) -> bool {
    error.kind == ErrorKind::InvalidRequest
        && error.message.contains("max_tokens or model output limit was reached")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::open_below, config::Overrides};

    #[tokio::test]
    async fn a_local_server_that_does_not_run_is_a_failure_where_it_was_set_up() {
        let folder = tempfile::tempdir().expect("a folder");
        // A port that no server is given.
        let host = [("OLLAMA_HOST", "127.0.0.1:9")];
        let app = open_below(folder.path(), Overrides::default(), &host);
        for configured in [true, false] {
            let settings = app.settings.providers["ollama"].clone();
            let settings = ProviderSettings { configured, ..settings };
            let check = app.check_provider("ollama", &settings).await;
            assert_eq!(check.skipped.is_some(), !configured, "{check:?}");
            assert_eq!(check.listed.is_some(), configured, "{check:?}");
        }
    }
}
