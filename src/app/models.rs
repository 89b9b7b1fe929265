//! Which models can be named, and whether they can be called now.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use url::Url;

use super::{App, endpoints::same_server};
use crate::{
    config::{KeySource, ProviderKind, ProviderSettings},
    model::{ModelRef, Price},
    provider::{ListedModel, demo::DemoModel, discover},
};

/// How long servers on this machine may take to answer before they count as absent.
const DISCOVERY: Duration = Duration::from_millis(200);

/// A model that can be picked.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelChoice {
    pub model: ModelRef,
    /// Where it is known from.
    pub origin: ModelOrigin,
    /// In tokens.
    pub context_window: Option<u64>,
    pub price: Option<Price>,
    /// Why it cannot be called now (`no key: set OPENAI_API_KEY`), if it cannot.
    pub unavailable: Option<String>,
}

/// Where a model is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ModelOrigin {
    Demo,
    Configured,
    Discovered,
    Catalogue,
}

impl ModelOrigin {
    /// The word on screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Demo => "simulated",
            Self::Configured => "configured",
            Self::Discovered => "found here",
            Self::Catalogue => "catalogue",
        }
    }
}

impl App {
    /// Every model that can be named: simulated, configured, found on this machine, catalogued
    /// for a known provider. Those that can be called now come first.
    #[must_use]
    pub fn models(&self) -> Vec<ModelChoice> {
        let providers = self.endpoints.all();
        let mut seen = BTreeSet::new();
        let mut choices = Vec::new();
        let mut add = |model: ModelRef, origin, listed_window: Option<u64>| {
            if !seen.insert(model.clone()) {
                return;
            }
            let Some(provider) = providers.get(&model.provider) else { return };
            let facts = self.endpoints.catalog().lookup(&model);
            choices.push(ModelChoice {
                origin,
                context_window: listed_window
                    .or_else(|| facts.as_ref().and_then(|facts| facts.context_window)),
                price: facts.and_then(|facts| facts.price),
                unavailable: self.endpoints.unavailable(provider),
                model,
            });
        };
        for (name, settings) in &providers {
            if settings.kind == ProviderKind::Demo {
                for model in DemoModel::LISTED {
                    let reference = ModelRef::new(name, model.id());
                    add(reference, ModelOrigin::Demo, Some(model.context_window()));
                }
            }
        }
        for model in self.settings.default_model.iter().chain(self.settings.models.keys()) {
            add(model.clone(), ModelOrigin::Configured, None);
        }
        for (provider, models) in self.endpoints.listed() {
            for model in models {
                let reference = ModelRef::new(&provider, &model.id);
                add(reference, ModelOrigin::Discovered, model.context_window);
            }
        }
        for model in self.endpoints.catalog().all() {
            add(model, ModelOrigin::Catalogue, None);
        }
        choices.sort_by(|a, b| {
            let key = |choice: &ModelChoice| (choice.unavailable.is_some(), choice.origin);
            key(a).cmp(&key(b)).then_with(|| a.model.cmp(&b.model))
        });
        choices
    }

    /// The tokens that prompt and answer may have together, where known.
    #[must_use]
    pub fn context_window(&self, model: &ModelRef) -> Option<u64> {
        let listed = self.endpoints.listed();
        let listed = listed
            .get(&model.provider)
            .and_then(|models| models.iter().find(|known| known.id == model.model)?.context_window);
        listed.or_else(|| self.endpoints.catalog().lookup(model)?.context_window)
    }

    /// Looks for model servers on this machine, at the ports they usually have, and takes them
    /// in. Whether anything is new.
    pub async fn discover(&self) -> bool {
        self.take_in(discover::servers_at(discover::usual_places(), DISCOVERY).await)
    }

    /// Looks for models where somebody is about to pick one: at the usual places, and at the
    /// servers of this machine that the settings name.
    pub async fn look_for_models(&self) {
        let places = places(&self.endpoints.all());
        self.take_in(discover::servers_at(places, DISCOVERY).await);
    }

    fn take_in(&self, servers: Vec<discover::Found>) -> bool {
        let mut new = false;
        for found in servers {
            let settings = ProviderSettings::new(found.kind, found.base_url, KeySource::None);
            new |= self.endpoints.take_in(&found.name, settings, found.models);
        }
        new
    }

    /// The models a provider lists, asked now.
    ///
    /// # Errors
    /// Where it cannot be asked.
    pub async fn list_models(
        &self,
        provider: &str,
    ) -> Result<Vec<ListedModel>, crate::model::CallError> {
        use crate::engine::Providers as _;
        self.endpoints.provider(provider).await?.models().await
    }
}

/// Where models are looked for on this machine. A usual place at which the settings name a server
/// is that server's, and is asked once, as they say.
fn places(settings: &BTreeMap<String, ProviderSettings>) -> Vec<(String, ProviderKind, Url)> {
    let own = settings.iter().filter(|(_, it)| {
        matches!(it.kind, ProviderKind::OpenAi | ProviderKind::Ollama) && it.is_local()
    });
    let mut places: Vec<_> =
        own.map(|(name, it)| (name.clone(), it.kind, it.base_url.clone())).collect();
    let named = places.len();
    for usual in discover::usual_places() {
        if !places[..named].iter().any(|(_, _, own)| same_server(own, &usual.2)) {
            places.push(usual);
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{app::open_below, config::Overrides};

    fn settings(kind: ProviderKind, address: &str) -> ProviderSettings {
        ProviderSettings::new(kind, Url::parse(address).expect("an address"), KeySource::None)
    }

    #[test]
    fn a_usual_place_that_the_settings_name_is_asked_once_and_as_they_say() {
        let named = BTreeMap::from([
            ("big".to_owned(), settings(ProviderKind::OpenAi, "http://localhost:8000/other/v1")),
            ("far".to_owned(), settings(ProviderKind::OpenAi, "https://example.com:1234/v1")),
            ("mine".to_owned(), settings(ProviderKind::Ollama, "http://127.0.0.1:4000")),
            ("told".to_owned(), settings(ProviderKind::Anthropic, "http://127.0.0.1:8080")),
        ]);
        let places = places(&named);
        let asked: Vec<_> =
            places.iter().map(|(name, _, url)| (name.as_str(), url.as_str())).collect();
        assert_eq!(
            asked,
            [
                ("big", "http://localhost:8000/other/v1"),
                ("mine", "http://127.0.0.1:4000/"),
                ("ollama", "http://127.0.0.1:11434/"),
                ("llamacpp", "http://127.0.0.1:8080/v1"),
                ("lmstudio", "http://127.0.0.1:1234/v1"),
            ]
        );
    }

    #[tokio::test]
    async fn models_are_taken_in_under_the_name_they_were_asked_by() {
        let folder = tempfile::tempdir().expect("a folder");
        let config = folder.path().join("config.toml");
        let both = "[providers.first]\nkind = \"openai\"\nbase_url = \"http://localhost:4000/v1\"\n\
                    [providers.second]\nkind = \"ollama\"\nbase_url = \"http://127.0.0.1:4000\"\n";
        std::fs::write(&config, both).expect("written");
        std::fs::create_dir(folder.path().join("prompts")).expect("made");
        let workspace = Some(folder.path().to_path_buf());
        let overrides = Overrides { config: Some(config), workspace, ..Overrides::default() };
        let app = open_below(folder.path(), overrides, &[]);
        let found = settings(ProviderKind::Ollama, "http://127.0.0.1:4000");
        let listed = |name: &str, id: &str| {
            let model = ListedModel { id: id.to_owned(), context_window: None };
            assert!(app.endpoints.take_in(name, found.clone(), vec![model]));
            let listed = app.endpoints.listed().into_iter();
            listed.map(|(name, it)| format!("{name}/{}", it[0].id)).collect::<Vec<_>>()
        };
        assert_eq!(listed("second", "a"), ["second/a"]);
        // A name that nobody gave, at a place that has one.
        assert_eq!(listed("usual", "b"), ["first/b", "second/a"]);
    }
}
