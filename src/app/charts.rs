//! What charts and statistics are drawn from: sums over a stretch of time, by step and by group,
//! with those of the stretch before it.

use std::{collections::BTreeMap, fmt::Write as _};

use jiff::{Timestamp, Zoned, tz::TimeZone};
use semver::Version;
use serde::Serialize;

use super::{
    App,
    chart_time::{ChartRange, ChartScale, ChartSpan},
    export::cell,
};
use crate::{
    model::{ErrorKind, ModelRef, Status, TemplateId},
    store::{Rollup, RollupBy, RollupGroup, RollupQuery, RollupRow, StoreError},
};

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
        self.span.map_or_else(|| self.range.scale(), |span| ChartScale::of(span.length(now)))
    }

    /// Whether it is narrowed to calls that did not end well.
    fn asks_for_failures(&self) -> bool {
        self.error_kind.is_some() || self.status.is_some_and(|status| status != Status::Ok)
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
    /// Adds a row. How long a call took that was refused at once, or that somebody cancelled, says
    /// nothing of how fast a model answers, so only that of answers counts; `all` is for where
    /// failures are what is asked for.
    fn add(&mut self, row: &RollupRow, all: bool) {
        let status = row.group.status.and_then(Status::from_word);
        if all || status == Some(Status::Ok) {
            self.rollup.merge(&row.rollup);
        } else {
            self.rollup.merge_but_durations(&row.rollup);
        }
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

    /// A quantile of the whole durations of answers in milliseconds.
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
        let range = || ChartSpan { since: query.range.since(&now), until: None };
        let span = query.span.unwrap_or_else(range);
        let starts = scale.starts(span, &now);
        // What was chosen begins where it was said to begin, and not with its first step.
        let since = starts.first().map_or(span.since, |first| span.since.max(*first));
        let until = span.until;
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

/// The table as Markdown, its totals in the last row. Nothing of a name is Markdown itself.
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
        .map(|group| (cell(&group.name(charts.query.by)), &group.sum))
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
    let all = query.asks_for_failures();
    let mut steps: Vec<ChartStep> =
        starts.iter().map(|start| ChartStep { start: *start, sum: Sum::default() }).collect();
    let mut total = Sum::default();
    let mut errors: BTreeMap<&'static str, i64> = BTreeMap::new();
    for row in in_time {
        let step = starts.partition_point(|start| *start <= row.start).saturating_sub(1);
        if let Some(step) = steps.get_mut(step) {
            step.sum.add(row, all);
        }
        total.add(row, all);
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
        groups.entry(key).or_default().add(row, all);
    }
    let mut groups: Vec<ChartGroup> =
        groups.into_iter().map(|(group, sum)| ChartGroup { group, sum }).collect();
    groups.sort_by_key(|group| std::cmp::Reverse(group.sum.rollup.runs));
    let mut earlier = Sum::default();
    for row in before {
        earlier.add(row, all);
    }
    Charts { query, scale, steps, total, before: earlier, errors, groups }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn nothing_of_a_name_is_markdown_in_the_table() {
        for (name, written) in [
            ("demo/fast", "| demo/fast | 5 |"),
            ("it/a|b", "| ` it/a\\|b ` | 5 |"),
            ("it/![x](https://evil.example/a.png)", "| ` it/![x](https://evil.example/a.png) ` |"),
            ("it/<img src=x>", "| ` it/<img src=x> ` |"),
            // A backslash before a bar would make a border of it again.
            ("it/a\\|![x](y)", "| ` it/a\\¦![x](y) ` |"),
            ("it/two\nlines", "| ` it/two␊lines ` |"),
        ] {
            let rows = [row("2026-11-20T05:00:00Z", name, "ok", 5)];
            let asked = (ChartQuery::default(), ChartScale::default());
            let table = markdown_table(&assemble(asked, &[], &rows, &rows, &[]));
            assert!(table.contains(written), "no {written} in {table}");
            assert_eq!(table.lines().count(), 4, "{table}");
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
            sum.add(row, false);
        }
        let dollars = |cost: f64| format!("${cost:.2}");
        assert_eq!(sum.cost(dollars).as_deref(), Some("$4.18 + 5 unpriced"));
        let mut unknown = Sum::default();
        unknown.add(&row("2026-11-20T05:00:00Z", "demo/fast", "ok", 2), false);
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
    fn only_answers_say_how_long_answers_take() {
        let took = |status, durations: &[u64]| {
            let mut row = row("2026-11-20T05:00:00Z", "demo/fast", status, 1);
            for duration in durations {
                row.rollup.total.push(*duration);
                row.rollup.ttft.push(60);
            }
            row
        };
        let rows = [took("ok", &[800]), took("error", &[0, 0]), took("cancelled", &[90_000])];
        let sums =
            |query: ChartQuery| assemble((query, ChartScale::default()), &[], &rows, &rows, &rows);
        let charts = sums(ChartQuery::default());
        for sum in [&charts.total, &charts.before, &charts.groups[0].sum] {
            // The sketch knows them within a few parts of a hundred.
            let near = |value: Option<f64>| value.is_some_and(|it| (750.0..850.0).contains(&it));
            assert!(near(sum.latency(0.01)) && near(sum.latency(0.99)), "{:?}", sum.latency(0.01));
            assert!(sum.ttft().is_some());
        }
        let failures = sums(ChartQuery { status: Some(Status::Error), ..ChartQuery::default() });
        assert_eq!(failures.total.latency(0.01), Some(0.0), "where they are asked for");
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
