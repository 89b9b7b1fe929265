//! What one types to find executions: words, and conditions such as `model:demo/fast`,
//! `status:error`, `tag:winner=yes`, `since:7d` or `cost:>0.01`. One language for the history,
//! the charts and the command line.

use jiff::{SignedDuration, Span, Timestamp, civil, tz::TimeZone};
use thiserror::Error;

use crate::{
    model::{ErrorKind, ModelRef, Status, TemplateId, did_you_mean, nearest},
    store::{HistoryQuery, TagFilter},
};

/// The conditions there are, each with what follows its colon.
pub const CONDITIONS: [(&str, &str); 11] = [
    ("template", "a template's id or its last part"),
    ("version", "1.2.0"),
    ("model", "provider/model"),
    ("provider", "a provider's name"),
    ("status", "ok, error, cancelled, interrupted, blocked"),
    ("error", "rate_limit, timeout, or another kind"),
    ("tag", "key or key=value"),
    ("rating", "1 to 5"),
    ("since", "2026-11-21, 7d, 12h"),
    ("until", "2026-11-21, 7d, 12h"),
    ("cost", ">0.01, <0.5"),
];

/// The conditions that sums over time know too.
pub const CHART_CONDITIONS: [&str; 8] =
    ["template", "version", "model", "provider", "status", "error", "since", "until"];

/// What a condition's value is understood against.
#[derive(Clone, Copy, Debug)]
pub struct FilterContext<'a> {
    pub now: Timestamp,
    /// The zone that dates without one are in.
    pub zone: &'a TimeZone,
    pub templates: &'a [TemplateId],
    pub models: &'a [ModelRef],
}

/// Why what was typed is no filter (yet).
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FilterError {
    #[error("there is no condition `{word}:`{}; quote it to look for the words", did_you_mean(.near.as_deref()))]
    Unknown { word: String, near: Option<&'static str> },
    #[error("`{condition}:` wants {expects}")]
    Value { condition: &'static str, expects: String },
    #[error("`{condition}:` stands there twice; one of them is enough")]
    Twice { condition: &'static str },
    #[error("a quote is not closed")]
    OpenQuote,
}

/// What executions must be like to be listed. Paging is not part of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    query: HistoryQuery,
}

impl Filter {
    /// Whether it lets everything through.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The words to look for, where there are some.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.query.text.as_deref()
    }

    /// The conditions as the store takes them.
    #[must_use]
    pub fn query(&self) -> HistoryQuery {
        self.query.clone()
    }

    /// Reads what was typed. Every condition that is given must hold, and all words must be found.
    ///
    /// # Errors
    /// What of it is not understood, with what it should look like.
    pub fn parse(text: &str, context: &FilterContext<'_>) -> Result<Self, FilterError> {
        let mut query = HistoryQuery::default();
        let mut words: Vec<String> = Vec::new();
        let mut seen: Vec<&'static str> = Vec::new();
        for token in tokens(text)? {
            let Some((key, value)) = token.condition() else {
                words.push(token.written.to_owned());
                continue;
            };
            let Some((condition, expects)) = CONDITIONS.into_iter().find(|(name, _)| *name == key)
            else {
                match nearest(key, CONDITIONS.iter().map(|(name, _)| *name)) {
                    Some(near) => {
                        return Err(FilterError::Unknown {
                            word: key.to_owned(),
                            near: Some(near),
                        });
                    }
                    // A colon in a text that is looked for, such as a link.
                    None => words.push(token.written.to_owned()),
                }
                continue;
            };
            let twice = condition != "cost" && seen.contains(&condition);
            if twice {
                return Err(FilterError::Twice { condition });
            }
            seen.push(condition);
            set(&mut query, condition, value, context)
                .ok_or_else(|| FilterError::Value { condition, expects: expects.to_owned() })?;
        }
        query.text = (!words.is_empty()).then(|| words.join(" "));
        Ok(Self { query })
    }
}

/// One word of a filter: text up to a space, or to the end of a quote.
struct Token<'t> {
    written: &'t str,
}

impl<'t> Token<'t> {
    /// The condition and its value, quotes taken off.
    fn condition(&self) -> Option<(&'t str, &'t str)> {
        let (key, value) = self.written.split_once(':')?;
        let is_name = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_lowercase());
        is_name.then(|| (key, value.trim_matches('"')))
    }
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, FilterError> {
    let mut tokens = Vec::new();
    let mut start = None;
    let mut quoted = false;
    for (at, character) in text.char_indices() {
        match character {
            '"' => {
                quoted = !quoted;
                start.get_or_insert(at);
            }
            character if character.is_whitespace() && !quoted => {
                if let Some(start) = start.take() {
                    tokens.push(Token { written: text.get(start..at).unwrap_or("") });
                }
            }
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    if quoted {
        return Err(FilterError::OpenQuote);
    }
    if let Some(start) = start {
        tokens.push(Token { written: text.get(start..).unwrap_or("") });
    }
    Ok(tokens)
}

/// Puts a condition into the query; `None` where the value is none of its kind.
fn set(
    query: &mut HistoryQuery,
    condition: &str,
    value: &str,
    context: &FilterContext<'_>,
) -> Option<()> {
    if value.is_empty() {
        return None;
    }
    match condition {
        "template" => query.template = Some(template(value, context.templates)?),
        "version" => query.version = Some(value.parse().ok()?),
        "model" => query.model = Some(model(value, context.models)?),
        "provider" => query.provider = Some(value.to_owned()),
        "status" => query.status = Some(Status::from_word(value)?),
        "error" => query.error_kind = Some(ErrorKind::from_word(value)?),
        "tag" => {
            let (key, value) = match value.split_once('=') {
                Some((key, value)) => (key, Some(value.to_owned())),
                None => (value, None),
            };
            query.tag = Some(TagFilter { key: key.to_owned(), value });
        }
        "rating" => {
            query.rating = Some(value.parse().ok().filter(|rating| (1..=5).contains(rating))?);
        }
        "since" => query.since = Some(time(value, context.now, context.zone)?),
        "until" => query.until = Some(time(value, context.now, context.zone)?),
        _ => cost(query, value)?,
    }
    Some(())
}

/// A template by its id, or by the last part of one that is known.
fn template(value: &str, known: &[TemplateId]) -> Option<TemplateId> {
    let named = |id: &&TemplateId| id.as_str() == value;
    let ends = |id: &&TemplateId| id.name() == value;
    let found = known.iter().find(named).or_else(|| known.iter().find(ends));
    // One that is gone still has a history.
    found.cloned().or_else(|| TemplateId::new(value).ok())
}

/// A model by its full name, or by the part after the provider of one that is known.
fn model(value: &str, known: &[ModelRef]) -> Option<ModelRef> {
    value.parse().ok().or_else(|| known.iter().find(|model| model.model == value).cloned())
}

/// `>0.01` at least so much, `<0.5` at most, `0.01` just so much.
fn cost(query: &mut HistoryQuery, value: &str) -> Option<()> {
    let dollars = |text: &str| {
        let text = text.trim_start_matches('=').trim_start_matches('$');
        text.parse::<f64>().ok().filter(|amount| amount.is_finite() && *amount >= 0.0)
    };
    if let Some(text) = value.strip_prefix('>') {
        query.min_cost = Some(dollars(text)?);
    } else if let Some(text) = value.strip_prefix('<') {
        query.max_cost = Some(dollars(text)?);
    } else {
        let amount = dollars(value)?;
        (query.min_cost, query.max_cost) = (Some(amount), Some(amount));
    }
    Some(())
}

/// A time as people write it: `2026-11-21`, `2026-11-21T08:30`, an exact timestamp, or an age
/// such as `7d`, `12h`, `30m`, `2w`. `None` for anything else.
#[must_use]
pub fn time(text: &str, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
    let local =
        |moment: civil::DateTime| moment.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp());
    let age = || {
        let (last, _) = text.char_indices().next_back()?;
        let (number, unit) = text.split_at(last);
        let number: i64 = number.parse().ok()?;
        let now = now.to_zoned(zone.clone());
        match unit {
            "w" => now.checked_sub(Span::new().try_weeks(number).ok()?).ok(),
            "d" => now.checked_sub(Span::new().try_days(number).ok()?).ok(),
            "h" => now.checked_sub(SignedDuration::try_from_hours(number)?).ok(),
            "m" => now.checked_sub(SignedDuration::try_from_mins(number)?).ok(),
            _ => None,
        }
        .map(|zoned| zoned.timestamp())
    };
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| text.parse::<civil::DateTime>().ok().and_then(local))
        .or_else(|| text.parse::<civil::Date>().ok().and_then(|date| local(date.at(0, 0, 0, 0))))
        .or_else(age)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Filter, FilterError> {
        let templates = [TemplateId::new("development/code-review").expect("an id")];
        let models = ["demo/fast".parse().expect("a model")];
        Filter::parse(
            text,
            &FilterContext {
                now: "2026-11-21T12:00:00Z".parse().expect("a time"),
                zone: &TimeZone::UTC,
                templates: &templates,
                models: &models,
            },
        )
    }

    #[test]
    fn words_and_conditions_are_told_apart() {
        let filter = parse(
            "angry  mail model:fast status:error tag:winner=yes rating:5 \
             since:7d cost:>0.01 cost:<1 \"two words\" template:code-review error:timeout",
        )
        .expect("a filter");
        let query = filter.query();
        assert_eq!(query.text.as_deref(), Some("angry mail \"two words\""));
        assert_eq!(query.model.map(|model| model.to_string()).as_deref(), Some("demo/fast"));
        assert_eq!(query.status, Some(Status::Error));
        assert_eq!(query.error_kind, Some(ErrorKind::Timeout));
        let tag = TagFilter { key: "winner".to_owned(), value: Some("yes".to_owned()) };
        assert_eq!(query.tag, Some(tag));
        assert_eq!(query.rating, Some(5));
        assert_eq!(query.since, "2026-11-14T12:00:00Z".parse().ok());
        assert_eq!((query.min_cost, query.max_cost), (Some(0.01), Some(1.0)));
        let template = query.template.expect("a template");
        assert_eq!(template.as_str(), "development/code-review");
    }

    #[test]
    fn nothing_is_everything() {
        assert!(parse("  ").expect("a filter").is_empty());
    }

    #[test]
    fn a_colon_in_the_text_is_text() {
        let text = "see https://example.org 12:30 Re:";
        assert_eq!(parse(text).expect("a filter").text(), Some(text));
    }

    #[test]
    fn what_is_not_understood_says_what_it_should_be() {
        for (text, told) in [
            ("modle:demo/fast", "did you mean `model`"),
            ("status:fine", "`status:` wants ok, error"),
            ("rating:6", "1 to 5"),
            ("since:yesterday", "7d"),
            ("cost:much", ">0.01"),
            ("version:one", "1.2.0"),
            ("model:", "provider/model"),
            ("\"open", "quote"),
            ("status:ok status:error", "twice"),
        ] {
            let error = parse(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = "2026-11-21T12:00:00Z".parse().expect("a time");
        for text in ["2026-11-21", "2026-11-21T08:30", "2026-11-21T08:30:00Z", "7d", "12h", "2w"] {
            assert!(time(text, now, &TimeZone::UTC).is_some(), "{text}");
        }
        for text in ["", "d", "yesterday", "7", "2026-13-01", "ü", "99999999999999999h"] {
            assert!(time(text, now, &TimeZone::UTC).is_none(), "{text}");
        }
    }
}
