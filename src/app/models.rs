//! Which models can be named, and whether they can be called now.

use std::{collections::BTreeSet, time::Duration};

use super::App;
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
        self.take_in(discover::local_servers(DISCOVERY).await)
    }

    /// Looks for models where somebody is about to pick one: at the usual places, and at the
    /// servers of this machine that the settings name. Whether anything is new.
    pub async fn look_for_models(&self) -> bool {
        let own = self.endpoints.all().into_iter().filter_map(|(name, settings)| {
            let asked = matches!(settings.kind, ProviderKind::OpenAi | ProviderKind::Ollama);
            (asked && settings.is_local()).then_some((name, settings.kind, settings.base_url))
        });
        let (own, usual) =
            tokio::join!(discover::servers_at(own, DISCOVERY), discover::local_servers(DISCOVERY));
        // What is named comes first: a usual place that has a name is known by that.
        let own = self.take_in(own);
        self.take_in(usual) || own
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
