//! What charts and statistics are drawn from: sums over a stretch of time, by step and by group,
//! with those of the stretch before it.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{SignedDuration, Span, Timestamp, Zoned, tz::TimeZone};
use semver::Version;
use serde::Serialize;

use super::{App, filter};
use crate::{
    model::{ErrorKind, ModelRef, Status, TemplateId},
    store::{Rollup, RollupBy, RollupGroup, RollupQuery, RollupRow, StoreError},
};

/// How far back one looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartRange {
    /// 24 hours, hour by hour.
    Day,
    /// 7 days in steps of 6 hours.
    #[default]
    Week,
    /// 30 days, day by day.
    Month,
    /// 13 weeks.
    Quarter,
    /// 12 months.
    Year,
}

impl ChartRange {
    /// Every range, the shortest first.
    pub const ALL: [Self; 5] = [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::Year];

    /// The words on screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "last 24 hours",
            Self::Week => "last 7 days",
            Self::Month => "last 30 days",
            Self::Quarter => "last 13 weeks",
            Self::Year => "last 12 months",
        }
    }

    /// The age in a filter of the history that reaches as far back.
    #[must_use]
    pub const fn age(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "13w",
            Self::Year => "365d",
        }
    }

    /// The range that an age or a word names: `24h`, `7d`, `month`.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let named = |range: &Self| match range {
            Self::Day => word == "day" || word == "1d",
            Self::Week => word == "week" || word == "1w",
            Self::Month => word == "month",
            Self::Quarter => word == "quarter" || word == "90d",
            Self::Year => word == "year" || word == "1y",
        };
        Self::ALL.into_iter().find(|range| range.age() == word || named(range))
    }

    /// The next longer range, going round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Day => Self::Week,
            Self::Week => Self::Month,
            Self::Month => Self::Quarter,
            Self::Quarter => Self::Year,
            Self::Year => Self::Day,
        }
    }

    /// The beginnings of its steps up to now, in order.
    fn starts(self, now: &Zoned) -> Vec<Timestamp> {
        let back = |zoned: &Zoned, span: Span| zoned.checked_sub(span).ok();
        let starts: Option<Vec<Timestamp>> = match self {
            Self::Day => {
                let hour = now.timestamp().as_second().div_euclid(3_600) * 3_600;
                (0..24).rev().map(|ago| Timestamp::from_second(hour - ago * 3_600).ok()).collect()
            }
            Self::Week => now.start_of_day().ok().and_then(|midnight| {
                let mut starts = Vec::with_capacity(28);
                for ago in (0..7).rev() {
                    let day = back(&midnight, Span::new().days(ago))?.timestamp();
                    for quarter in 0..4 {
                        let start = day + SignedDuration::from_hours(6 * quarter);
                        if start <= now.timestamp() {
                            starts.push(start);
                        }
                    }
                }
                Some(starts)
            }),
            Self::Month => now.start_of_day().ok().and_then(|midnight| {
                (0..30)
                    .rev()
                    .map(|ago| Some(back(&midnight, Span::new().days(ago))?.timestamp()))
                    .collect()
            }),
            Self::Quarter => now.start_of_day().ok().and_then(|midnight| {
                (1..=13)
                    .rev()
                    .map(|ago| {
                        let start = back(&midnight, Span::new().weeks(ago))?;
                        Some(start.checked_add(Span::new().days(1)).ok()?.timestamp())
                    })
                    .collect()
            }),
            Self::Year => now.first_of_month().ok().and_then(|first| {
                let first = first.start_of_day().ok()?;
                (0..12)
                    .rev()
                    .map(|ago| Some(back(&first, Span::new().months(ago))?.timestamp()))
                    .collect()
            }),
        };
        starts.unwrap_or_default()
    }
}

/// A stretch of time that was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChartSpan {
    pub since: Timestamp,
    /// `None`: up to now.
    pub until: Option<Timestamp>,
}

/// What separates the two ends of a stretch of time.
const TO: &str = "..";

impl ChartSpan {
    /// Reads `2026-11-01..2026-11-14`, `2026-11-01..`, or an age such as `36h`. A date at the end
    /// counts whole.
    ///
    /// # Errors
    /// What it should look like, or that it ends before it begins.
    pub fn parse(text: &str, now: &Zoned) -> Result<Self, String> {
        let wanted = || "write 2026-11-01..2026-11-14, 2026-11-01.., or an age: 36h, 10d, 3w";
        let (from, to) = text.split_once(TO).map_or((text, ""), |(from, to)| (from, to));
        let (from, to) = (from.trim(), to.trim());
        let zone = now.time_zone();
        let at = |text: &str| filter::time(text, now.timestamp(), zone);
        let since = at(from).ok_or_else(wanted)?;
        let until = if to.is_empty() {
            None
        } else if let Ok(day) = to.parse::<jiff::civil::Date>() {
            // Up to and with that day.
            let next = day.tomorrow().ok().and_then(|next| next.to_zoned(zone.clone()).ok());
            Some(next.ok_or_else(wanted)?.timestamp())
        } else {
            Some(at(to).ok_or_else(wanted)?)
        };
        let end = until.unwrap_or(now.timestamp());
        if since >= end {
            return Err("it must begin before it ends, and before now".to_owned());
        }
        Ok(Self { since, until })
    }

    /// The length of time, up to now where it has no end.
    fn length(self, now: Timestamp) -> SignedDuration {
        self.until.unwrap_or(now).duration_since(self.since)
    }

    /// As a filter of the history says it.
    #[must_use]
    pub fn conditions(self, zone: &TimeZone) -> String {
        let written = |at: Timestamp| {
            let at = at.to_zoned(zone.clone());
            let midnight = at.start_of_day().is_ok_and(|start| start == at);
            at.strftime(if midnight { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M" }).to_string()
        };
        let until = self.until.map(|until| format!(" until:{}", written(until)));
        format!("since:{}{}", written(self.since), until.unwrap_or_default())
    }

    /// The words on screen.
    #[must_use]
    pub fn describe(self, now: &Zoned) -> String {
        let zone = now.time_zone();
        let written = |at: Timestamp| {
            let at = at.to_zoned(zone.clone());
            let midnight = at.start_of_day().is_ok_and(|start| start == at);
            let format = match (midnight, at.year() == now.year()) {
                (true, true) => "%d %b",
                (true, false) => "%d %b %Y",
                (false, true) => "%d %b %H:%M",
                (false, false) => "%d %b %Y %H:%M",
            };
            at.strftime(format).to_string()
        };
        match self.until {
            Some(until) => {
                // The midnight after a day ends that day.
                let ends = until.to_zoned(zone.clone());
                let last = match ends.start_of_day() {
                    Ok(start) if start == ends => {
                        until.checked_sub(SignedDuration::from_hours(12)).unwrap_or(until)
                    }
                    _ => until,
                };
                let day = last.to_zoned(zone.clone()).start_of_day();
                let last = match day {
                    Ok(day) if last != until => day.timestamp(),
                    _ => until,
                };
                format!("{} to {}", written(self.since), written(last))
            }
            None => format!("since {}", written(self.since)),
        }
    }
}

/// How much time one step of a chart is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ChartScale {
    Hours,
    #[default]
    QuarterDays,
    Days,
    Weeks,
    Months,
}

impl ChartScale {
    /// The scale that a length of time can be seen at.
    fn of(length: SignedDuration) -> Self {
        match length.as_hours() {
            ..=48 => Self::Hours,
            49..=400 => Self::QuarterDays,
            401..=2_400 => Self::Days,
            2_401..=12_000 => Self::Weeks,
            _ => Self::Months,
        }
    }

    /// The beginnings of the steps from one time up to another, in order.
    fn starts(self, since: Timestamp, until: Timestamp, zone: &TimeZone) -> Vec<Timestamp> {
        let first = since.to_zoned(zone.clone());
        let begin = match self {
            Self::Hours => first.round(
                jiff::ZonedRound::new().smallest(jiff::Unit::Hour).mode(jiff::RoundMode::Trunc),
            ),
            Self::QuarterDays | Self::Days | Self::Weeks => first.start_of_day(),
            Self::Months => first.first_of_month().and_then(|first| first.start_of_day()),
        };
        let step = match self {
            Self::Hours => Span::new().hours(1),
            Self::QuarterDays => Span::new().hours(6),
            Self::Days => Span::new().days(1),
            Self::Weeks => Span::new().weeks(1),
            Self::Months => Span::new().months(1),
        };
        let mut starts = Vec::new();
        let mut next = begin.ok();
        while let Some(start) = next.filter(|it| it.timestamp() < until && starts.len() < MOST) {
            starts.push(start.timestamp());
            next = start.checked_add(step).ok();
        }
        starts
    }
}

/// More steps than a screen could show.
const MOST: usize = 500;

/// By what the table is told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChartBy {
    #[default]
    Model,
    Template,
    Version,
    Tag,
}

impl ChartBy {
    /// Every way.
    pub const ALL: [Self; 4] = [Self::Model, Self::Template, Self::Version, Self::Tag];

    /// The word on screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Template => "template",
            Self::Version => "version",
            Self::Tag => "tag",
        }
    }

    /// The next one, going round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Model => Self::Template,
            Self::Template => Self::Version,
            Self::Version => Self::Tag,
            Self::Tag => Self::Model,
        }
    }
}

/// Which executions are summed, and how.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChartQuery {
    pub range: ChartRange,
    /// In place of the range, where one was chosen.
    pub span: Option<ChartSpan>,
    pub by: ChartBy,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub model: Option<ModelRef>,
    pub provider: Option<String>,
    pub status: Option<Status>,
    pub error_kind: Option<ErrorKind>,
}

impl ChartQuery {
    /// How much time one step is.
    fn scale(&self, now: Timestamp) -> ChartScale {
        match (self.span, self.range) {
            (Some(span), _) => ChartScale::of(span.length(now)),
            (None, ChartRange::Day) => ChartScale::Hours,
            (None, ChartRange::Week) => ChartScale::QuarterDays,
            (None, ChartRange::Month) => ChartScale::Days,
            (None, ChartRange::Quarter) => ChartScale::Weeks,
            (None, ChartRange::Year) => ChartScale::Months,
        }
    }

    /// The conditions of a history filter that list what is summed, but for the time.
    #[must_use]
    pub fn conditions(&self) -> Vec<(&'static str, String)> {
        [
            ("template", self.template.as_ref().map(ToString::to_string)),
            ("version", self.version.as_ref().map(ToString::to_string)),
            ("model", self.model.as_ref().map(ToString::to_string)),
            ("provider", self.provider.clone()),
            ("status", self.status.map(|status| status.as_str().to_owned())),
            ("error", self.error_kind.map(|kind| kind.as_str().to_owned())),
        ]
        .into_iter()
        .filter_map(|(condition, value)| Some((condition, value?)))
        .collect()
    }

    /// The sums of all that is wanted, from one time to another.
    fn sums(
        &self,
        since: Timestamp,
        until: Option<Timestamp>,
        hours: u32,
        by: RollupBy,
    ) -> RollupQuery {
        RollupQuery {
            template: self.template.clone(),
            version: self.version.clone(),
            model: self.model.clone(),
            provider: self.provider.clone(),
            status: self.status,
            error_kind: self.error_kind,
            since: Some(since),
            until,
            hours,
            by,
            ..RollupQuery::default()
        }
    }
}

/// Executions summed up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sum {
    pub rollup: Rollup,
    /// Answered in full.
    pub ok: i64,
    /// Failed, broken off or blocked; what a person cancelled is neither.
    pub failed: i64,
    /// Answered, or known to have taken tokens, at a cost that is not known.
    pub unpriced: i64,
}

impl Sum {
    fn add(&mut self, row: &RollupRow) {
        self.rollup.merge(&row.rollup);
        let status = row.group.status.and_then(Status::from_word);
        // What failed and took nothing that is known of has no price to be missed.
        let took =
            if status == Some(Status::Ok) { row.rollup.runs } else { row.rollup.counted_runs };
        self.unpriced += (took - row.rollup.costed_runs).max(0);
        match status {
            Some(Status::Ok) => self.ok += row.rollup.runs,
            Some(Status::Error | Status::Interrupted | Status::Blocked) => {
                self.failed += row.rollup.runs;
            }
            Some(Status::Running | Status::Cancelled) | None => {}
        }
    }

    /// The share of answers among what was answered or failed, in \[0, 1\].
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn success(&self) -> Option<f64> {
        let all = self.ok + self.failed;
        (all > 0).then(|| self.ok as f64 / all as f64)
    }

    /// What the runs cost, and how many of them are not in it; `None` where there is nothing to
    /// say.
    #[must_use]
    pub fn cost(&self, dollars: impl Fn(f64) -> String) -> Option<String> {
        match (self.rollup.cost_usd(), self.unpriced) {
            (Some(cost), 0) => Some(dollars(cost)),
            (Some(cost), unpriced) => Some(format!("{} + {unpriced} unpriced", dollars(cost))),
            (None, 0) => None,
            (None, unpriced) => Some(format!("{unpriced} unpriced")),
        }
    }

    /// Dollars a run, over those whose cost is known.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    pub fn cost_a_run(&self) -> Option<f64> {
        Some(self.rollup.cost_usd()? / self.rollup.costed_runs.max(1) as f64)
    }

    /// A quantile of the whole durations in milliseconds.
    #[must_use]
    pub fn latency(&self, share: f64) -> Option<f64> {
        self.rollup.total.quantile(share)
    }

    /// The median time to the first token in milliseconds.
    #[must_use]
    pub fn ttft(&self) -> Option<f64> {
        self.rollup.ttft.quantile(0.5)
    }

    /// Tokens in and out; `None` where no run's are known.
    #[must_use]
    pub fn tokens(&self) -> Option<(i64, i64)> {
        (self.rollup.counted_runs > 0)
            .then_some((self.rollup.input_tokens, self.rollup.output_tokens))
    }
}

/// One step of time.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartStep {
    pub start: Timestamp,
    pub sum: Sum,
}

/// One row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct ChartGroup {
    /// What it is of; what the table does not tell apart is `None`.
    pub group: RollupGroup,
    pub sum: Sum,
}

impl ChartGroup {
    /// What it is of in words, and as one finds it in the history.
    #[must_use]
    pub fn name(&self, by: ChartBy) -> String {
        let template = self.group.template.as_deref().unwrap_or("no template");
        match by {
            ChartBy::Model => self.group.model.clone().unwrap_or_default(),
            ChartBy::Template => template.to_owned(),
            ChartBy::Version => match &self.group.version {
                Some(version) => format!("{template}@{version}"),
                None => format!("{template} draft"),
            },
            ChartBy::Tag => self.group.tag.clone().unwrap_or_else(|| "no tag".to_owned()),
        }
    }

    /// The conditions of a history filter that list its executions.
    #[must_use]
    pub fn conditions(&self, by: ChartBy) -> String {
        let mut words = Vec::new();
        if let (ChartBy::Model, Some(model)) = (by, &self.group.model) {
            words.push(format!("model:{model}"));
        }
        if let (ChartBy::Template | ChartBy::Version, Some(template)) = (by, &self.group.template) {
            words.push(format!("template:{template}"));
        }
        if let (ChartBy::Version, Some(version)) = (by, &self.group.version) {
            words.push(format!("version:{version}"));
        }
        if let (ChartBy::Tag, Some(tag)) = (by, &self.group.tag) {
            words.push(format!("tag:{tag}"));
        }
        words.join(" ")
    }
}

/// Everything the charts show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charts {
    pub query: ChartQuery,
    /// How much time one step is.
    pub scale: ChartScale,
    /// Every step of the range, those without executions too.
    pub steps: Vec<ChartStep>,
    pub total: Sum,
    /// The same length of time before.
    pub before: Sum,
    /// How often each kind of error came, the most frequent first.
    pub errors: Vec<(&'static str, i64)>,
    /// By the query's grouping, the most runs first.
    pub groups: Vec<ChartGroup>,
}

impl App {
    /// Sums up what a query asks for, as of now.
    ///
    /// # Errors
    /// A database that cannot be read.
    pub async fn charts(&self, query: ChartQuery, now: Zoned) -> Result<Charts, StoreError> {
        let scale = query.scale(now.timestamp());
        // Sums of whole days are of days in UTC.
        let days = matches!(scale, ChartScale::Weeks | ChartScale::Months);
        let now = if days { now.with_time_zone(TimeZone::UTC) } else { now };
        let (starts, until) = match query.span {
            Some(span) => {
                let end = span.until.unwrap_or(now.timestamp());
                (scale.starts(span.since, end, now.time_zone()), span.until)
            }
            None => (query.range.starts(&now), None),
        };
        let first = starts.first().copied().unwrap_or(now.timestamp());
        // What was chosen begins where it was said to begin, and not with its first step.
        let since = query.span.map_or(first, |span| span.since.max(first));
        let outcome = RollupBy { status: true, error_kind: true, ..RollupBy::default() };
        let hours = if days { 24 } else { 1 };
        let in_time = query.sums(since, until, hours, outcome);
        let group = RollupBy {
            status: true,
            model: query.by == ChartBy::Model,
            template: matches!(query.by, ChartBy::Template | ChartBy::Version),
            version: query.by == ChartBy::Version,
            error_kind: false,
        };
        let grouped = query.sums(since, until, 0, group);
        let length = until.unwrap_or(now.timestamp()).duration_since(since);
        let earlier = since.checked_sub(length).unwrap_or(since);
        let before = query.sums(earlier, Some(since), 0, outcome);
        let (in_time, grouped, before) = if query.by == ChartBy::Tag {
            let [in_time, before] = self.store.rollups_of([in_time, before]).await?;
            (in_time, self.store.tag_sums(grouped).await?, before)
        } else {
            let [in_time, grouped, before] =
                self.store.rollups_of([in_time, grouped, before]).await?;
            (in_time, grouped, before)
        };
        Ok(assemble((query, scale), &starts, &in_time, &grouped, &before))
    }
}

/// The table as Markdown, its totals in the last row.
#[must_use]
pub fn markdown_table(charts: &Charts) -> String {
    let mut table = format!(
        "| {} | runs | success | p50 | p95 | first token | cost | rating |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
        charts.query.by.as_str()
    );
    let rows = charts
        .groups
        .iter()
        .map(|group| (group.name(charts.query.by).replace('|', "\\|"), &group.sum))
        .chain([("all".to_owned(), &charts.total)]);
    for (name, sum) in rows {
        let milliseconds =
            |value: Option<f64>| value.map_or_else(String::new, |ms| format!("{ms:.0} ms"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            table,
            "| {name} | {} | {} | {} | {} | {} | {} | {} |",
            sum.rollup.runs,
            sum.success().map_or_else(String::new, |share| format!("{:.1}%", share * 100.0)),
            milliseconds(sum.latency(0.5)),
            milliseconds(sum.latency(0.95)),
            milliseconds(sum.ttft()),
            sum.cost(|cost| format!("${cost:.4}")).unwrap_or_default(),
            sum.rollup.rating().map_or_else(String::new, |rating| format!("{rating:.1}")),
        );
    }
    table
}

fn assemble(
    (query, scale): (ChartQuery, ChartScale),
    starts: &[Timestamp],
    in_time: &[RollupRow],
    grouped: &[RollupRow],
    before: &[RollupRow],
) -> Charts {
    let mut steps: Vec<ChartStep> =
        starts.iter().map(|start| ChartStep { start: *start, sum: Sum::default() }).collect();
    let mut total = Sum::default();
    let mut errors: BTreeMap<&'static str, i64> = BTreeMap::new();
    for row in in_time {
        let step = starts.partition_point(|start| *start <= row.start).saturating_sub(1);
        if let Some(step) = steps.get_mut(step) {
            step.sum.add(row);
        }
        total.add(row);
        // What a person cancelled is no error.
        let kind = row.group.error_kind.filter(|kind| *kind != ErrorKind::Cancelled.as_str());
        if let Some(kind) = kind {
            *errors.entry(kind).or_default() += row.rollup.runs;
        }
    }
    let mut errors: Vec<_> = errors.into_iter().collect();
    errors.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let mut groups: BTreeMap<RollupGroup, Sum> = BTreeMap::new();
    for row in grouped {
        let key = RollupGroup { status: None, error_kind: None, ..row.group.clone() };
        groups.entry(key).or_default().add(row);
    }
    let mut groups: Vec<ChartGroup> =
        groups.into_iter().map(|(group, sum)| ChartGroup { group, sum }).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.sum.rollup.runs));
    let mut earlier = Sum::default();
    for row in before {
        earlier.add(row);
    }
    Charts { query, scale, steps, total, before: earlier, errors, groups }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_in_order_and_end_with_now() {
        let now: Zoned = "2026-11-21T13:45:00+01:00[Europe/Berlin]".parse().expect("a time");
        for (range, count) in [
            (ChartRange::Day, 24),
            (ChartRange::Week, 27),
            (ChartRange::Month, 30),
            (ChartRange::Quarter, 13),
            (ChartRange::Year, 12),
        ] {
            let starts = range.starts(&now);
            assert_eq!(starts.len(), count, "{range:?}");
            assert!(starts.is_sorted());
            assert!(starts.last().is_some_and(|last| *last <= now.timestamp()));
            assert_eq!(ChartRange::from_word(range.age()), Some(range));
        }
        let week = ChartRange::Week.starts(&now);
        assert_eq!(week.first().map(ToString::to_string).as_deref(), Some("2026-11-14T23:00:00Z"));
    }

    #[test]
    fn a_stretch_of_time_is_chosen_by_its_ends_or_its_age() {
        let now: Zoned = "2026-11-21T13:45:00+01:00[Europe/Berlin]".parse().expect("a time");
        let span = |text: &str| ChartSpan::parse(text, &now);
        let at = |text: &str| Some(text.parse::<Timestamp>().expect("a time"));
        let two_weeks = span("2026-11-01..2026-11-14").expect("a stretch");
        assert_eq!(Some(two_weeks.since), at("2026-10-31T23:00:00Z"));
        assert_eq!(two_weeks.until, at("2026-11-14T23:00:00Z"), "the last day counts whole");
        assert_eq!(two_weeks.describe(&now), "01 Nov to 14 Nov");
        let zone = now.time_zone();
        assert_eq!(two_weeks.conditions(zone), "since:2026-11-01 until:2026-11-15");
        let age = span("36h").expect("an age");
        assert_eq!((Some(age.since), age.until), (at("2026-11-20T00:45:00Z"), None));
        assert_eq!(age.describe(&now), "since 20 Nov 01:45");
        assert!(span("2026-11-01..").is_ok_and(|span| span.until.is_none()));
        for wrong in ["", "..", "soon", "2026-11-14..2026-11-01", "2027-01-01", "1..2"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_chosen_stretch_has_steps_that_can_be_seen() {
        let now: Zoned = "2026-11-21T13:45:00+01:00[Europe/Berlin]".parse().expect("a time");
        for (text, scale, count) in [
            ("36h", ChartScale::Hours, 37),
            ("2026-11-01..2026-11-14", ChartScale::QuarterDays, 56),
            ("2026-09-01..2026-10-31", ChartScale::Days, 61),
            ("2026-01-01..2026-06-30", ChartScale::Weeks, 26),
            ("2020-01-01..2025-12-31", ChartScale::Months, 72),
        ] {
            let span = ChartSpan::parse(text, &now).expect("a stretch");
            let query = ChartQuery { span: Some(span), ..ChartQuery::default() };
            assert_eq!(query.scale(now.timestamp()), scale, "{text}");
            let end = span.until.unwrap_or(now.timestamp());
            let starts = scale.starts(span.since, end, now.time_zone());
            assert_eq!(starts.len(), count, "{text}");
            assert!(starts.is_sorted() && starts[0] <= span.since);
        }
    }

    fn row(start: &str, model: &str, status: &'static str, runs: i64) -> RollupRow {
        let error_kind = (status == "error").then_some("timeout");
        RollupRow {
            start: start.parse().expect("a time"),
            group: RollupGroup {
                model: Some(model.to_owned()),
                status: Some(status),
                error_kind,
                ..RollupGroup::default()
            },
            rollup: Rollup { runs, ..Rollup::default() },
        }
    }

    /// A sum that leaves something out says so.
    #[test]
    fn what_has_no_price_is_counted_beside_the_cost() {
        let mut priced = row("2026-11-20T05:00:00Z", "demo/fast", "ok", 5);
        priced.rollup.costed_runs = 3;
        priced.rollup.cost_nano = 4_180_000_000;
        let mut cut = row("2026-11-20T05:00:00Z", "demo/fast", "cancelled", 9);
        cut.rollup.counted_runs = 4;
        cut.rollup.costed_runs = 1;
        let refused = row("2026-11-20T05:00:00Z", "demo/fast", "error", 7);
        let mut sum = Sum::default();
        for row in [&priced, &cut, &refused] {
            sum.add(row);
        }
        let dollars = |cost: f64| format!("${cost:.2}");
        assert_eq!(sum.cost(dollars).as_deref(), Some("$4.18 + 5 unpriced"));
        let mut unknown = Sum::default();
        unknown.add(&row("2026-11-20T05:00:00Z", "demo/fast", "ok", 2));
        assert_eq!(unknown.cost(dollars).as_deref(), Some("2 unpriced"));
        assert_eq!(Sum::default().cost(dollars), None);
    }

    #[test]
    fn sums_fall_into_their_steps_and_groups() {
        let starts: Vec<Timestamp> = ["2026-11-20T00:00:00Z", "2026-11-20T06:00:00Z"]
            .iter()
            .map(|start| start.parse().expect("a time"))
            .collect();
        let rows = [
            row("2026-11-20T05:00:00Z", "demo/fast", "ok", 3),
            row("2026-11-20T06:00:00Z", "demo/fast", "error", 1),
            row("2026-11-20T09:00:00Z", "demo/careful", "ok", 5),
            row("2026-11-20T09:00:00Z", "demo/careful", "cancelled", 2),
        ];
        let asked = (ChartQuery::default(), ChartScale::default());
        let charts = assemble(asked, &starts, &rows, &rows, &rows[..1]);
        let runs: Vec<i64> = charts.steps.iter().map(|step| step.sum.rollup.runs).collect();
        assert_eq!(runs, [3, 8]);
        assert_eq!((charts.total.ok, charts.total.failed), (8, 1));
        assert_eq!(charts.before.ok, 3);
        assert_eq!(charts.total.unpriced, 8, "answers alone, as nothing is known of the others");
        assert_eq!(charts.errors, [("timeout", 1)]);
        let names: Vec<String> =
            charts.groups.iter().map(|group| group.name(ChartBy::Model)).collect();
        assert_eq!(names, ["demo/careful", "demo/fast"]);
        let first = charts.groups.first().expect("a group");
        assert_eq!(first.conditions(ChartBy::Model), "model:demo/careful");
    }

    #[test]
    fn of_nothing_every_figure_is_unknown() {
        let nothing = Sum::default();
        assert_eq!((nothing.success(), nothing.latency(0.95), nothing.ttft()), (None, None, None));
        assert_eq!((nothing.tokens(), nothing.rollup.cost_usd()), (None, None));
        assert_eq!((nothing.rollup.rating(), nothing.rollup.hit_rate()), (None, None));
        let asked = (ChartQuery::default(), ChartScale::default());
        // What a person cancelled is neither a success nor a failure.
        let rows = [row("2026-11-20T05:00:00Z", "demo/fast", "cancelled", 1)];
        let charts = assemble(asked.clone(), &[], &rows, &rows, &[]);
        assert_eq!((charts.total.success(), charts.before.success()), (None, None));
        let one = [row("2026-11-20T05:00:00Z", "demo/fast", "ok", 1)];
        let charts = assemble(asked.clone(), &[], &one, &one, &[]);
        assert_eq!(charts.total.success(), Some(1.0));
        // Groups with as many runs as one another stand in an order that does not change.
        let ties =
            ["demo/b", "demo/a", "demo/c"].map(|it| row("2026-11-20T05:00:00Z", it, "ok", 2));
        let charts = assemble(asked.clone(), &[], &ties, &ties, &[]);
        let names: Vec<_> = charts.groups.iter().map(|it| it.name(ChartBy::Model)).collect();
        assert_eq!(names, ["demo/a", "demo/b", "demo/c"]);
    }
}
