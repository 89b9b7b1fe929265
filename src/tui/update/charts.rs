//! The screen of charts: what is summed, which chart is read, what stands behind a row.

use jiff::Zoned;

use super::{motion, step::Step};
use crate::{
    app::{
        ChartQuery, ChartSpan, Charts, Filter, FilterContext, filter::CHART_CONDITIONS,
        markdown_table,
    },
    model::{ModelRef, TemplateId},
    store::HistoryQuery,
    tui::{
        effect::Question,
        keymap::Action,
        msg::Fault,
        state::{
            ChartFocus, FILTER_REST, LineDialog, LineInput, LineIntent, Overlay, Purpose, Screen,
            Wake,
        },
        widgets::editor::Clipping,
    },
};

impl Step<'_> {
    /// The screen came into sight: sums are asked for, if they are not those there are.
    pub fn charts_shown(&mut self) {
        if self.state.charts.data.is_none() || self.state.charts.stale {
            self.ask_charts();
        }
    }

    pub fn ask_charts(&mut self) {
        self.state.pending.forget(Wake::ChartFilter);
        let charts = &mut self.state.charts;
        charts.loading = true;
        charts.stale = false;
        let query = charts.asked();
        self.ask(Purpose::Charts, Question::Charts(query));
    }

    pub fn take_charts(&mut self, data: Result<Box<Charts>, Fault>) {
        match data {
            Ok(data) => self.state.charts.take(data),
            Err(fault) => {
                let message = crate::tui::text::one_line(&fault.message, self.state.marks);
                let charts = &mut self.state.charts;
                charts.loading = false;
                charts.error = Some(message.into_owned());
                self.fail(&fault);
            }
        }
    }

    /// Reads a filter as it is typed, against the templates and models that are known.
    pub fn read_filter(&self, text: &str) -> Result<Filter, String> {
        let templates: Vec<TemplateId> = self.state.library.ids().cloned().collect();
        let models: Vec<ModelRef> =
            self.state.models.iter().map(|choice| choice.model.clone()).collect();
        let context = FilterContext {
            now: self.state.wall,
            zone: &self.state.zone,
            templates: &templates,
            models: &models,
        };
        Filter::parse(text, &context).map_err(|error| {
            crate::tui::text::one_line(&error.to_string(), self.state.marks).into_owned()
        })
    }

    /// After the filter of the charts changed: they follow once it rests.
    pub fn chart_filter_changed(&mut self) {
        self.wake(Wake::ChartFilter, FILTER_REST);
    }

    /// The filter of the charts has rested, or was closed.
    pub fn apply_chart_filter(&mut self) {
        let text = self.state.charts.filter.text().to_owned();
        let now = self.state.wall.to_zoned(self.state.zone.clone());
        let understood = self
            .read_filter(&text)
            .and_then(|filter| narrowed(&self.state.charts.query, &filter.query(), &now));
        match understood {
            Ok(query) => {
                let charts = &mut self.state.charts;
                charts.problem = None;
                charts.query = query;
                charts.cursor = None;
                self.ask_charts();
            }
            Err(problem) => self.state.charts.problem = Some(problem),
        }
    }

    pub fn clear_chart_filter(&mut self) {
        self.state.charts.filter.clear();
        self.apply_chart_filter();
    }

    /// On to the next of the usual ranges; what was chosen instead is left.
    pub fn change_range(&mut self) {
        if self.filter_says_when() {
            return;
        }
        let charts = &mut self.state.charts;
        // The first press after a choice goes back to the range before it.
        if charts.chosen.take().is_none() {
            charts.query.range = charts.query.range.next();
        }
        charts.cursor = None;
        self.ask_charts();
    }

    /// Whether the filter says what time is in sight, so that no range would be seen; then that is
    /// told.
    fn filter_says_when(&mut self) -> bool {
        let says = self.state.charts.query.span.is_some();
        if says {
            self.tell("The filter says since when; take its since: away to change the range");
        }
        says
    }

    /// Asks from when to when the charts look.
    pub fn open_range(&mut self) {
        self.show(Screen::Charts);
        if self.filter_says_when() {
            return;
        }
        self.put_in_front(Overlay::Line(LineDialog {
            intent: LineIntent::ChartRange,
            input: LineInput::default(),
            error: None,
        }));
    }

    pub fn choose_range(&mut self, text: &str) -> Result<(), String> {
        let now = self.state.wall.to_zoned(self.state.zone.clone());
        let span = ChartSpan::parse(text, &now)?;
        let charts = &mut self.state.charts;
        charts.chosen = Some(span);
        charts.cursor = None;
        self.ask_charts();
        Ok(())
    }

    pub fn change_grouping(&mut self) {
        let query = &mut self.state.charts.query;
        query.by = query.by.next();
        self.ask_charts();
    }

    pub fn move_in_charts(&mut self, action: Action) {
        let charts = &mut self.state.charts;
        match (charts.focus, action) {
            (ChartFocus::Chart(chart), Action::MoveLeft) if chart.is_over_time() => {
                charts.read_by(-1);
            }
            (ChartFocus::Chart(chart), Action::MoveRight) if chart.is_over_time() => {
                charts.read_by(1);
            }
            (ChartFocus::Chart(_), Action::MoveUp) => charts.turn(-1),
            (ChartFocus::Chart(_), Action::MoveDown) => charts.turn(1),
            (ChartFocus::Table, _) => {
                if let Some(by) = motion::rows(action, charts.height()) {
                    charts.move_by(by);
                }
            }
            _ => {}
        }
    }

    /// Lists the executions behind the selected row in the history.
    pub fn open_behind(&mut self) {
        let charts = &self.state.charts;
        let selected = charts.data.as_ref().and_then(|data| data.groups.get(charts.selected()));
        let Some(group) = selected else {
            return self.tell("There are no executions behind this yet");
        };
        let query = &charts.query;
        let mut words = vec![group.conditions(query.by)];
        for (condition, value) in query.conditions() {
            let is_said = match condition {
                "template" => group.group.template.is_some(),
                "version" => group.group.version.is_some(),
                "model" | "provider" => group.group.model.is_some(),
                _ => false,
            };
            if !is_said {
                words.push(format!("{condition}:{value}"));
            }
        }
        words.push(match charts.span() {
            Some(span) => span.conditions(&self.state.zone),
            None => format!("since:{}", query.range.age()),
        });
        words.retain(|word| !word.is_empty());
        self.state.history.filter.set(&words.join(" "));
        self.state.history.stale = true;
        self.state.history.detail = None;
        self.state.history.in_detail = false;
        self.show(Screen::History);
    }

    /// Copies the table, as Markdown.
    pub fn copy_charts(&mut self) {
        let Some(data) = &self.state.charts.data else {
            return self.warn("There are no figures to copy yet");
        };
        let text = markdown_table(data);
        self.clip(Clipping { text, whole_lines: false });
    }
}

/// The query of the charts with what a filter says.
///
/// # Errors
/// What of it the sums do not know: they are kept by less than executions are found by.
fn narrowed(charts: &ChartQuery, filter: &HistoryQuery, now: &Zoned) -> Result<ChartQuery, String> {
    let unknown: Vec<&str> = [
        ("words", filter.text.is_some()),
        ("tag:", filter.tag.is_some()),
        ("rating:", filter.rating.is_some()),
        ("cost:", filter.min_cost.is_some() || filter.max_cost.is_some()),
    ]
    .into_iter()
    .filter_map(|(name, given)| given.then_some(name))
    .collect();
    if !unknown.is_empty() {
        let unknown = unknown.join(" and ");
        return Err(format!(
            "charts cannot be narrowed by {unknown}, only by {}:; the history can",
            CHART_CONDITIONS.join(": ")
        ));
    }
    let span = match (filter.since, filter.until) {
        (None, None) => None,
        (Some(since), until) if since < until.unwrap_or(now.timestamp()) => {
            Some(ChartSpan { since, until })
        }
        (Some(_), _) => return Err("since: must lie before until: and before now".to_owned()),
        (None, Some(_)) => return Err("until: needs a since: before it".to_owned()),
    };
    Ok(ChartQuery {
        range: charts.range,
        by: charts.by,
        span,
        template: filter.template.clone(),
        version: filter.version.clone(),
        model: filter.model.clone(),
        provider: filter.provider.clone(),
        status: filter.status,
        error_kind: filter.error_kind,
    })
}
