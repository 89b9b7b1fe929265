//! How the servers that speak OpenAI's chat completions differ from each other.
//!
//! One row a server. A row changes what is sent; what is read stays generous whatever the row
//! says, since servers change: a row's own places are looked at first and every other after them.
//! `docs/providers.md` shows the same table, and a test holds the two together.

mod reference;
mod table;

use serde_json::Value;
use url::Url;

use super::lenient::{count, text, words};
use crate::{config::Server, model::Parameter};
pub use reference::reference;
pub(crate) use table::ROWS;

/// What is particular about one server.
#[derive(Debug)]
pub(crate) struct Quirks {
    pub server: Server,
    /// Its name as it writes it.
    pub title: &'static str,
    /// The hosts it is known by; one that begins with a dot stands for every host below it.
    pub hosts: &'static [&'static str],
    pub address: Address,
    /// The header its key travels in, where that is not `authorization`.
    pub key_header: Option<&'static str>,
    /// Whether usage in streams must be asked for.
    pub asks_for_usage: bool,
    /// Whether it pads streams unless told not to.
    pub pads: bool,
    /// Whether it takes JSON without a schema as a form of answers.
    pub json: bool,
    pub schemas: Schemas,
    /// Parameters it knows under other names; several where its versions differ.
    pub renamed: &'static [(Parameter, &'static [&'static str])],
    /// Parameters it does not take, with the reason.
    pub refused: &'static [(Parameter, &'static str)],
    /// Where reasoning stands in a piece of an answer.
    pub reasoning: &'static [Thoughts],
    /// Where a stream's counts stand.
    pub usage: &'static [UsagePlace],
    /// Where the tokens read from a prompt cache stand in the counts.
    pub cached: &'static [&'static str],
    /// Whether it tells beside the counts, in US dollars, what an answer cost (`cost`).
    pub tells_cost: bool,
    /// The forms of its errors.
    pub errors: &'static [ErrorShape],
    /// Reasons to stop that say the answer was broken off.
    pub broken_off: &'static [&'static str],
    /// Where its list of models tells a context window.
    pub windows: &'static [&'static str],
    /// What else is worth knowing, for the documentation.
    pub remark: &'static str,
}

/// How a request's address is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// Paths below the base URL; the model is named in the request.
    Plain,
    /// The model is a deployment and part of the path, and the version of the interface is part
    /// of the query.
    Deployment,
}

/// Which JSON Schemas a server holds answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Schemas {
    None,
    /// As they are.
    Plain,
    /// As they are, and to the letter where the schema leaves nothing open.
    Strict,
}

/// A place of reasoning in a piece of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Thoughts {
    /// `reasoning_content`
    Content,
    /// `reasoning`
    Plain,
    /// `reasoning_details[].text`
    Details,
    /// `content[].thinking[].text`
    AmongContent,
}

impl Thoughts {
    /// Every place, in the order unknown servers are read.
    pub const ALL: [Self; 4] = [Self::Content, Self::Plain, Self::Details, Self::AmongContent];

    /// The field, as the documentation names it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Content => "reasoning_content",
            Self::Plain => "reasoning",
            Self::Details => "reasoning_details[].text",
            Self::AmongContent => "content[].thinking[].text",
        }
    }

    /// What stands there, if anything does. What stands among the content is read with it, in
    /// its order.
    pub fn read(self, delta: &Value) -> Option<String> {
        match self {
            Self::Content => words(delta, "reasoning_content").map(str::to_owned),
            Self::Plain => words(delta, "reasoning").map(str::to_owned),
            Self::Details => {
                let details = delta.get("reasoning_details")?.as_array()?;
                let all: String =
                    details.iter().filter_map(|detail| text(detail, "text")).collect();
                (!all.is_empty()).then_some(all)
            }
            Self::AmongContent => None,
        }
    }
}

/// A place of the counts in a chunk or a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UsagePlace {
    /// `usage`
    Usage,
    /// `x_groq.usage`
    Groq,
    /// `timings`, beside the times: used where there is no `usage`.
    Timings,
}

impl UsagePlace {
    /// Every place, in the order unknown servers are read.
    pub const ALL: [Self; 3] = [Self::Usage, Self::Groq, Self::Timings];

    /// The field, as the documentation names it.
    pub const fn field(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::Groq => "x_groq.usage",
            Self::Timings => "timings",
        }
    }

    /// The counts that stand there, if any do.
    pub fn find(self, value: &Value) -> Option<&Value> {
        match self {
            Self::Usage => value.get("usage"),
            Self::Groq => value.get("x_groq")?.get("usage"),
            Self::Timings => value.get("timings"),
        }
        .filter(|counts| counts.is_object())
    }
}

/// The form of an error document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorShape {
    /// `{error: {message, type, param, code}}`
    Object,
    /// `{error: {code: NUMBER, message, metadata}}`
    Numbered,
    /// `{error: "text"}`
    Text,
    /// `{object: "error", message, type, param, code}`
    Top,
}

impl ErrorShape {
    /// The form, as the documentation writes it.
    pub const fn form(self) -> &'static str {
        match self {
            Self::Object => "`{error: {message, type, code}}`",
            Self::Numbered => "`{error: {code: NUMBER, message}}`",
            Self::Text => "`{error: \"text\"}`",
            Self::Top => "`{object: \"error\", message, type, code}`",
        }
    }

    /// The form of an error document, if it is one.
    #[cfg(test)]
    pub fn of(value: &Value) -> Option<Self> {
        match value.get("error") {
            Some(Value::String(_)) => Some(Self::Text),
            Some(error @ Value::Object(_)) if error.get("code").is_some_and(Value::is_number) => {
                Some(Self::Numbered)
            }
            Some(Value::Object(_)) => Some(Self::Object),
            _ => (text(value, "object") == Some("error")).then_some(Self::Top),
        }
    }
}

impl Quirks {
    /// The row of a server.
    pub fn of(server: Server) -> &'static Self {
        ROWS.iter().find(|row| row.server == server).unwrap_or(&ROWS[0])
    }

    /// The row a person named, else the one of the host, else that of servers nobody named.
    pub fn choose(named: Option<Server>, base_url: &Url) -> &'static Self {
        named.map_or_else(|| Self::at(base_url.host_str().unwrap_or_default()), Self::of)
    }

    /// The row of a host.
    pub fn at(host: &str) -> &'static Self {
        let is_at = |known: &str| match known.strip_prefix('.') {
            Some(domain) => {
                host.strip_suffix(domain).is_some_and(|below| below.ends_with('.') && below != ".")
            }
            None => host == known,
        };
        ROWS.iter().find(|row| row.hosts.iter().any(|known| is_at(known))).unwrap_or(&ROWS[0])
    }

    /// Why a parameter is not taken, if it is not.
    pub fn refusal(&self, parameter: Parameter) -> Option<&'static str> {
        self.refused.iter().find(|(refused, _)| *refused == parameter).map(|(_, reason)| *reason)
    }

    /// The other names of a parameter, if it has any.
    pub fn names(&self, parameter: Parameter) -> Option<&'static [&'static str]> {
        self.renamed.iter().find(|(renamed, _)| *renamed == parameter).map(|(_, names)| *names)
    }

    /// The reasoning in a piece of an answer. Servers that name one text twice are read once.
    pub fn reasoning_in(&self, delta: &Value) -> Option<String> {
        own_first(self.reasoning, &Thoughts::ALL).find_map(|place| place.read(delta))
    }

    /// The counts of a chunk or a reply, and where they stand.
    pub fn usage_in<'v>(&self, value: &'v Value) -> Option<(UsagePlace, &'v Value)> {
        own_first(self.usage, &UsagePlace::ALL)
            .find_map(|place| place.find(value).map(|counts| (place, counts)))
    }

    /// The tokens read from a prompt cache, of an object of counts.
    pub fn cached_in(&self, counts: &Value) -> Option<u64> {
        own_first(self.cached, ROWS[0].cached).find_map(|path| count_at(counts, path))
    }

    /// What a chunk or reply says that the answer cost, in US dollars. Read only where the server
    /// is known to mean that by it.
    pub fn cost_in(&self, value: &Value) -> Option<f64> {
        let counts = value.get("usage").filter(|_| self.tells_cost)?;
        let dollars = |value: &Value, key: &str| {
            value.get(key)?.as_f64().filter(|cost| cost.is_finite() && *cost >= 0.0)
        };
        let cost = dollars(counts, "cost")?;
        // With a key of one's own at the provider behind it, `cost` is the fee alone.
        let own_key = counts.get("is_byok").and_then(Value::as_bool) == Some(true);
        let behind = counts
            .get("cost_details")
            .filter(|_| own_key)
            .and_then(|details| dollars(details, "upstream_inference_cost"));
        Some(cost + behind.unwrap_or(0.0))
    }

    /// The context window a row of a list of models tells.
    pub fn window_in(&self, model: &Value) -> Option<u64> {
        own_first(self.windows, ROWS[0].windows).find_map(|path| count_at(model, path))
    }

    /// Why a prompt is not asked to be kept for the next call.
    pub fn caching(&self) -> String {
        if self.cached.is_empty() || self.server == Server::Other {
            "this protocol has no such parameter".to_owned()
        } else {
            format!("{} keeps prompts by itself", self.title)
        }
    }

    /// Whether a reason to stop says that the answer was broken off.
    pub fn is_broken_off(&self, reason: &str) -> bool {
        self.broken_off.contains(&reason) || ROWS[0].broken_off.contains(&reason)
    }
}

/// A count at `field` or `object.field`.
fn count_at(value: &Value, path: &str) -> Option<u64> {
    match path.split_once('.') {
        Some((outer, inner)) => count(value.get(outer)?, inner),
        None => count(value, path),
    }
}

/// A row's own entries, and then every other.
fn own_first<T: Copy + PartialEq>(own: &'static [T], all: &'static [T]) -> impl Iterator<Item = T> {
    own.iter().copied().chain(all.iter().copied().filter(move |entry| !own.contains(entry)))
}

#[cfg(test)]
mod tests;
