//! The screen of charts: what is summed, which chart has the focus, which step is read.

use jiff::Zoned;

use super::{filtering::hint, line_input::LineInput};
use crate::{
    app::{
        ChartQuery, ChartSpan, Charts,
        filter::{CHART_CONDITIONS, CONDITIONS},
    },
    tui::text::Scroll,
};

/// One chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Chart {
    #[default]
    Latency,
    Volume,
    Cost,
    Tokens,
    Errors,
    Ratings,
    Histogram,
    Cache,
    /// Rating against cost and time.
    Frontier,
}

impl Chart {
    /// Every chart, in the order Tab goes.
    pub const ALL: [Self; 9] = [
        Self::Latency,
        Self::Volume,
        Self::Cost,
        Self::Tokens,
        Self::Errors,
        Self::Ratings,
        Self::Histogram,
        Self::Cache,
        Self::Frontier,
    ];

    /// The name in the chart's frame.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Latency => "Latency",
            Self::Volume => "Runs",
            Self::Cost => "Cost",
            Self::Tokens => "Tokens",
            Self::Errors => "Errors",
            Self::Ratings => "Ratings",
            Self::Histogram => "Latency histogram",
            Self::Cache => "Cache",
            Self::Frontier => "Rating, cost and time",
        }
    }

    /// Whether it goes from step to step in time.
    #[must_use]
    pub const fn is_over_time(self) -> bool {
        !matches!(self, Self::Errors | Self::Histogram | Self::Frontier)
    }
}

/// What has the focus on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChartFocus {
    Chart(Chart),
    Table,
}

/// The screen's state.
#[derive(Clone, Debug)]
pub struct ChartScreen {
    /// The range, the grouping and what the filter narrows to, as it was last understood.
    pub query: ChartQuery,
    /// The stretch of time that was chosen in place of the range.
    pub chosen: Option<ChartSpan>,
    /// What is typed to narrow it.
    pub filter: LineInput,
    /// Whether the filter takes the keys.
    pub filtering: bool,
    /// Why the filter is none (yet).
    pub problem: Option<String>,
    pub focus: ChartFocus,
    /// The step that is read; `None` reads nothing.
    pub cursor: Option<usize>,
    /// What was summed last.
    pub data: Option<Box<Charts>>,
    /// Whether sums were asked for and have not come.
    pub loading: bool,
    /// Whether executions ended since.
    pub stale: bool,
    /// Why sums could not be read.
    pub error: Option<String>,
    selected: usize,
    pub scroll: Scroll,
    height: usize,
}

impl Default for ChartScreen {
    fn default() -> Self {
        Self {
            query: ChartQuery::default(),
            chosen: None,
            filter: LineInput::default(),
            filtering: false,
            problem: None,
            focus: ChartFocus::Chart(Chart::default()),
            cursor: None,
            data: None,
            loading: false,
            stale: true,
            error: None,
            selected: 0,
            scroll: Scroll::at_top(),
            height: 1,
        }
    }
}

impl ChartScreen {
    /// What stands below the filter: why it is none (then true), or what it can say; `None` while
    /// nothing is typed.
    #[must_use]
    pub fn filter_note(&self) -> Option<(String, bool)> {
        if let Some(problem) = &self.problem {
            return Some((problem.clone(), true));
        }
        let known = CONDITIONS.into_iter().filter(|(name, _)| CHART_CONDITIONS.contains(name));
        let known: Vec<(&str, &str)> = known.collect();
        self.filtering.then(|| (hint(&self.filter, &known, false), false))
    }

    /// The stretch of time in sight in place of the range: the filter's, or what was chosen.
    #[must_use]
    pub fn span(&self) -> Option<ChartSpan> {
        self.query.span.or(self.chosen)
    }

    /// What is to be summed.
    #[must_use]
    pub fn asked(&self) -> ChartQuery {
        ChartQuery { span: self.span(), ..self.query.clone() }
    }

    /// The range in words.
    #[must_use]
    pub fn range_words(&self, now: &Zoned) -> String {
        match self.span() {
            Some(span) => span.describe(now),
            None => self.query.range.as_str().to_owned(),
        }
    }

    /// The chart that has the focus, or had it last: what is in sight where only one fits.
    #[must_use]
    pub const fn chart(&self) -> Option<Chart> {
        match self.focus {
            ChartFocus::Chart(chart) => Some(chart),
            ChartFocus::Table => None,
        }
    }

    /// Rows of the table.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.groups.len())
    }

    /// The selected row's place.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// Rows of the table in sight.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The first row of the table in sight.
    #[must_use]
    pub fn first_row(&self) -> usize {
        self.scroll.first(self.rows(), self.height)
    }

    /// Takes the rows that are in sight; the selected one stays among them.
    pub fn set_height(&mut self, height: usize) {
        if self.height != height {
            self.height = height;
            self.move_by(0);
        }
    }

    /// Moves the selection of the table by rows, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        let rows = self.rows();
        self.selected = self.selected.saturating_add_signed(by).min(rows.saturating_sub(1));
        self.scroll.reveal(self.selected, rows, self.height);
    }

    /// Reads the step before or after; beginning with the last.
    pub fn read_by(&mut self, by: isize) {
        let Some(data) = &self.data else { return };
        let Some(last) = data.steps.len().checked_sub(1) else { return };
        self.cursor = Some(match self.cursor {
            Some(step) => step.saturating_add_signed(by).min(last),
            // The hour has hardly begun where nothing ran in it yet.
            None => data.steps.iter().rposition(|step| step.sum.rollup.runs > 0).unwrap_or(last),
        });
    }

    /// The focus after this one, or before it, going round.
    pub fn turn(&mut self, by: isize) {
        let order: Vec<ChartFocus> =
            Chart::ALL.into_iter().map(ChartFocus::Chart).chain([ChartFocus::Table]).collect();
        let place = order.iter().position(|focus| *focus == self.focus).unwrap_or(0);
        let next = (place + order.len()).saturating_add_signed(by) % order.len();
        self.focus = order.get(next).copied().unwrap_or(ChartFocus::Table);
    }

    /// Takes new sums; the selection stays where it is, as far as there are rows.
    pub fn take(&mut self, data: Box<Charts>) {
        let steps = data.steps.len();
        self.loading = false;
        self.error = None;
        self.cursor = self.cursor.filter(|step| *step < steps);
        self.data = Some(data);
        self.move_by(0);
    }
}
