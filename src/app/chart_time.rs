//! The stretch of time that charts show, and the steps it falls into.

use jiff::{SignedDuration, Span, Timestamp, Zoned, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::filter;

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

    /// How much time one of its steps is.
    pub(super) const fn scale(self) -> ChartScale {
        match self {
            Self::Day => ChartScale::Hours,
            Self::Week => ChartScale::QuarterDays,
            Self::Month => ChartScale::Days,
            Self::Quarter => ChartScale::Weeks,
            Self::Year => ChartScale::Months,
        }
    }

    /// When it begins: so that the step that holds now is its last.
    pub(super) fn since(self, now: &Zoned) -> Timestamp {
        let today = now.date();
        let day = |date: Date| midnight(date, now.time_zone());
        let since = match self {
            Self::Day => hour_of(now.timestamp())
                .and_then(|hour| hour.checked_sub(SignedDuration::from_hours(23)).ok()),
            Self::Week => today.checked_sub(Span::new().days(6)).ok().and_then(day),
            Self::Month => today.checked_sub(Span::new().days(29)).ok().and_then(day),
            Self::Quarter => today.checked_sub(Span::new().days(13 * 7 - 1)).ok().and_then(day),
            Self::Year => {
                today.first_of_month().checked_sub(Span::new().months(11)).ok().and_then(day)
            }
        };
        since.unwrap_or(now.timestamp())
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
        } else if let Ok(day) = Date::strptime("%Y-%m-%d", to) {
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
    pub(super) fn length(self, now: Timestamp) -> SignedDuration {
        self.until.unwrap_or(now).duration_since(self.since)
    }

    /// As a filter of the history says it.
    #[must_use]
    pub fn conditions(self, zone: &TimeZone) -> String {
        let written = |at: Timestamp| {
            let at = at.to_zoned(zone.clone());
            at.strftime(if begins_day(&at) { "%Y-%m-%d" } else { "%Y-%m-%dT%H:%M" }).to_string()
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
            let format = match (begins_day(&at), at.year() == now.year()) {
                (true, true) => "%d %b",
                (true, false) => "%d %b %Y",
                (false, true) => "%d %b %H:%M",
                (false, false) => "%d %b %Y %H:%M",
            };
            at.strftime(format).to_string()
        };
        let Some(until) = self.until else { return format!("since {}", written(self.since)) };
        let end = until.to_zoned(zone.clone());
        // The midnight after a day ends that day.
        let day = end.date().yesterday().ok().filter(|_| begins_day(&end));
        let last = day.and_then(|day| midnight(day, zone)).unwrap_or(until);
        format!("{} to {}", written(self.since), written(last))
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
    pub(super) fn of(length: SignedDuration) -> Self {
        match length.as_hours() {
            ..=48 => Self::Hours,
            49..=400 => Self::QuarterDays,
            401..=2_400 => Self::Days,
            2_401..=12_000 => Self::Weeks,
            _ => Self::Months,
        }
    }

    /// The beginnings of the steps from the one that holds a time to the one that another ends,
    /// or that holds now, in order. Hours are those that sums are kept of, which are of UTC; all
    /// others begin where the clocks of the zone say so, whatever its days are long.
    pub(super) fn starts(self, span: ChartSpan, now: &Zoned) -> Vec<Timestamp> {
        let zone = now.time_zone();
        let before = |until: Timestamp| until.checked_sub(SignedDuration::from_nanos(1)).ok();
        let last = span.until.map_or(Some(now.timestamp()), before).unwrap_or(span.since);
        let first = span.since.to_zoned(zone.clone()).date();
        let begin = if self == Self::Months { first.first_of_month() } else { first };
        let start = |number: i64| match self {
            Self::Hours => {
                hour_of(span.since)?.checked_add(SignedDuration::from_hours(number)).ok()
            }
            Self::QuarterDays => {
                let day = begin.checked_add(Span::new().days(number / 4)).ok()?;
                let hour = i8::try_from(number % 4 * 6).ok()?;
                Some(zone.to_zoned(day.at(hour, 0, 0, 0)).ok()?.timestamp())
            }
            Self::Days => midnight(begin.checked_add(Span::new().days(number)).ok()?, zone),
            Self::Weeks => midnight(begin.checked_add(Span::new().weeks(number)).ok()?, zone),
            Self::Months => midnight(begin.checked_add(Span::new().months(number)).ok()?, zone),
        };
        let mut starts: Vec<Timestamp> =
            (0..).map_while(start).take_while(|start| *start <= last).collect();
        // Nothing is seen of steps that end before the stretch begins.
        let skipped = starts.partition_point(|start| *start <= span.since).saturating_sub(1);
        // What was last is what is looked for.
        starts.split_off(skipped.max(starts.len().saturating_sub(MOST)))
    }
}

/// When a day begins; not at midnight where the clocks skip that.
fn midnight(date: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(date.to_zoned(zone.clone()).ok()?.start_of_day().ok()?.timestamp())
}

/// Whether a day begins then.
fn begins_day(at: &Zoned) -> bool {
    at.start_of_day().is_ok_and(|start| start == *at)
}

/// When the hour of UTC began that holds a time.
fn hour_of(at: Timestamp) -> Option<Timestamp> {
    Timestamp::from_second(at.as_second().div_euclid(3_600) * 3_600).ok()
}

/// More steps than a screen could show.
const MOST: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;

    fn of_range(range: ChartRange, now: &Zoned) -> Vec<Timestamp> {
        range.scale().starts(ChartSpan { since: range.since(now), until: None }, now)
    }

    /// The wall clock at each step, of those on one day.
    fn clocks(starts: &[Timestamp], zone: &TimeZone, day: &str) -> Vec<String> {
        let zoned = starts.iter().map(|start| start.to_zoned(zone.clone()));
        let there = zoned.filter(|start| start.date().to_string() == day);
        there.map(|start| start.strftime("%H:%M").to_string()).collect()
    }

    #[test]
    fn quarters_of_a_day_begin_by_the_clock_when_the_clock_is_changed() {
        let now: Zoned = "2026-10-27T13:45:00+01:00[Europe/Berlin]".parse().expect("a time");
        let chosen = ChartSpan::parse("2026-10-21..2026-10-27", &now).expect("a stretch");
        for starts in [
            of_range(ChartRange::Week, &now),
            ChartScale::of(chosen.length(now.timestamp())).starts(chosen, &now),
        ] {
            // The 25th has 25 hours.
            for day in ["2026-10-24", "2026-10-25", "2026-10-26"] {
                let clocks = clocks(&starts, now.time_zone(), day);
                assert_eq!(clocks, ["00:00", "06:00", "12:00", "18:00"], "{day}");
            }
        }
    }

    /// What is summed is summed by hours of UTC.
    #[test]
    fn hours_are_those_that_sums_are_kept_of() {
        let now: Zoned = "2026-11-21T13:45:00+05:30[Asia/Kolkata]".parse().expect("a time");
        let chosen = ChartSpan::parse("24h", &now).expect("a stretch");
        let range = of_range(ChartRange::Day, &now);
        let chosen = ChartScale::of(chosen.length(now.timestamp())).starts(chosen, &now);
        assert_eq!((range.len(), chosen.len()), (24, 25));
        assert_eq!(range, chosen[1..], "whichever way it was asked for");
        assert_eq!(range.last().map(ToString::to_string).as_deref(), Some("2026-11-21T08:00:00Z"));
    }

    #[test]
    fn the_first_step_holds_the_beginning_and_the_last_one_now() {
        let now: Zoned = "2026-11-21T12:00:00+01:00[Europe/Berlin]".parse().expect("a time");
        assert_eq!(of_range(ChartRange::Day, &now).len(), 24);
        assert_eq!(of_range(ChartRange::Day, &now).last(), Some(&now.timestamp()));
        let chosen = ChartSpan::parse("2026-11-17T15:00..", &now).expect("a stretch");
        let starts = ChartScale::QuarterDays.starts(chosen, &now);
        let (first, zone) = (clocks(&starts, now.time_zone(), "2026-11-17"), now.time_zone());
        assert_eq!(first, ["12:00", "18:00"]);
        assert_eq!(clocks(&starts, zone, "2026-11-21"), ["00:00", "06:00", "12:00"]);
    }

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
            let starts = of_range(range, &now);
            assert_eq!(starts.len(), count, "{range:?}");
            assert!(starts.is_sorted());
            assert!(starts.last().is_some_and(|last| *last <= now.timestamp()));
            assert_eq!(ChartRange::from_word(range.age()), Some(range));
        }
        let week = of_range(ChartRange::Week, &now);
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
        let into_a_day = span("2025-11-01T08:30..2026-11-14T12:00").expect("a stretch");
        assert_eq!(into_a_day.describe(&now), "01 Nov 2025 08:30 to 14 Nov 12:00");
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
            assert_eq!(ChartScale::of(span.length(now.timestamp())), scale, "{text}");
            let starts = scale.starts(span, &now);
            assert_eq!(starts.len(), count, "{text}");
            assert!(starts.is_sorted() && starts[0] <= span.since);
        }
    }

    #[test]
    fn of_too_many_steps_the_last_ones_are_shown() {
        let now: Zoned = "2026-11-21T13:45:00+01:00[Europe/Berlin]".parse().expect("a time");
        let span = ChartSpan::parse("0001-01-01..", &now).expect("a stretch");
        let starts = ChartScale::Months.starts(span, &now);
        assert_eq!(starts.len(), MOST);
        let ends = [starts.first(), starts.last()].map(|it| it.expect("a step").to_string());
        assert_eq!(ends, ["1985-03-31T22:00:00Z", "2026-10-31T23:00:00Z"]);
    }
}
