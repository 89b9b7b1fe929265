//! What to do next, where more is known of the endpoint than its protocol knows.

use std::time::Duration;

use tokio::{sync::Mutex, time::Instant};

use super::HttpProvider;
use crate::{
    config::{ProviderKind, Server},
    model::{CallError, ErrorKind, likely},
    provider::{advice::advised, openai::DEPLOYMENT_NOT_FOUND},
};

/// How long a list of models, or the lack of one, is good for.
const FRESH: Duration = Duration::from_mins(1);
/// How long an error waits for the names of models that could have been meant.
const PATIENCE: Duration = Duration::from_secs(3);
/// How many names an error tells.
const NAMES: usize = 3;

/// The names of an endpoint's models when it was last asked for them.
#[derive(Debug, Default)]
pub(in crate::provider) struct Listing(Mutex<Option<(Instant, Option<Vec<String>>)>>);

impl Listing {
    /// Keeps what the endpoint listed.
    pub async fn keep(&self, names: Option<Vec<String>>) {
        *self.0.lock().await = Some((Instant::now(), names));
    }
}

impl HttpProvider {
    /// An error with what to do next. `asked` is the model that was asked, where one was.
    pub(super) async fn told(&self, mut error: CallError, asked: Option<&str>) -> CallError {
        let table = format!("[providers.{}] in config.toml", self.name);
        let source = self.connection.key_source.as_deref();
        let of_server = error.http_status.is_some_and(|status| status != 407);
        match (error.kind, asked) {
            (ErrorKind::Authentication, _) if of_server => {
                error.hint = Some(match source {
                    Some(source) => format!(
                        "key rejected (from {source}): set a valid one, or name another source \
                         under {table}"
                    ),
                    None => format!("no key was sent: api_key_env under {table} names one"),
                });
            }
            (ErrorKind::Permission | ErrorKind::Quota, _) => {
                let hint = advised(error.clone()).hint.unwrap_or_default();
                error.hint = Some(match source {
                    Some(source) => format!("{hint} (the key is from {source})"),
                    None => hint,
                });
            }
            (ErrorKind::NotFound, Some(asked)) if self.lacks_deployment(&error) => {
                error.hint = Some(format!(
                    "the name to ask {} for is that of a deployment: create one called `{asked}`, \
                     or name another; a new one takes some minutes",
                    self.name
                ));
            }
            (ErrorKind::NotFound, Some(asked)) if self.deployments => {
                error.hint = Some(format!(
                    "check that `{asked}` is the name of a deployment of {}, and base_url and \
                     api_version under {table}",
                    self.name
                ));
            }
            (ErrorKind::NotFound, Some(asked)) => {
                let meant = self.meant(asked, &table).await;
                // Ollama's own says how to fetch the model.
                error.hint = Some(match error.hint.filter(|_| self.kind == ProviderKind::Ollama) {
                    Some(own) => format!("{own}; {meant}"),
                    None => meant,
                });
            }
            _ => {}
        }
        advised(error)
    }

    /// Whether it says that nothing is deployed under a name. Its newer interface, which is asked
    /// like every other server, says so too.
    fn lacks_deployment(&self, error: &CallError) -> bool {
        self.server == Server::Azure && error.provider_code.as_deref() == Some(DEPLOYMENT_NOT_FOUND)
    }

    /// Which models could have been meant: those the endpoint lists now, else those known of it.
    async fn meant(&self, asked: &str, table: &str) -> String {
        let (name, all) = (&self.name, format!("`lathe models {}` lists them all", self.name));
        let named = |models: &[&str]| {
            let names: Vec<String> = models.iter().map(|model| format!("{name}/{model}")).collect();
            match names.as_slice() {
                [first @ .., last] if !first.is_empty() => {
                    format!("{} or {last}", first.join(", "))
                }
                names => names.concat(),
            }
        };
        let Some(listed) = self.listed().await else {
            let known = self.catalog.names(self.catalogued_as());
            let near = likely(asked, known, NAMES);
            return if near.is_empty() {
                format!(
                    "check the model's name, and base_url under {table}: no list of models is \
                         to be had there"
                )
            } else {
                format!("did you mean {}? `lathe models` lists more", named(&near))
            };
        };
        let models = listed.iter().map(String::as_str);
        if listed.iter().any(|model| model == asked) {
            return format!(
                "{name} lists {asked} all the same: this key, or this kind of call, may \
                            not use it"
            );
        }
        let near = likely(asked, models.clone(), NAMES);
        if !near.is_empty() {
            return format!("did you mean {}? {all}", named(&near));
        }
        match listed.len() {
            0 => format!("{name} lists no model at all"),
            1..=NAMES => format!("it has {}", named(&models.collect::<Vec<_>>())),
            count => format!("it has {count} models, none of such a name; {all}"),
        }
    }

    /// The names of the endpoint's models, asked for where that was not done lately.
    async fn listed(&self) -> Option<Vec<String>> {
        let mut kept = self.listing.0.lock().await;
        if let Some((at, names)) = kept.as_ref()
            && at.elapsed() < FRESH
        {
            return names.clone();
        }
        let asked = tokio::time::timeout(PATIENCE, self.list()).await;
        let names = asked.ok().and_then(Result::ok).map(|models| {
            // A list may hold anything, and its names go into an error.
            models.into_iter().map(|model| self.connection.masked_text(&model.id)).collect()
        });
        *kept = Some((Instant::now(), names));
        kept.as_ref().and_then(|(_, names)| names.clone())
    }

    /// The provider whose models the catalogue has for this endpoint.
    fn catalogued_as(&self) -> &str {
        match (self.kind, self.server) {
            _ if self.catalog.names(&self.name).next().is_some() => &self.name,
            (ProviderKind::Anthropic, _) => "anthropic",
            (ProviderKind::Demo, _) => "demo",
            (ProviderKind::OpenAi | ProviderKind::Responses, Server::OpenAi) => "openai",
            (ProviderKind::OpenAi | ProviderKind::Responses, server) => server.as_str(),
            _ => &self.name,
        }
    }
}
