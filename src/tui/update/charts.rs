//! The screen of charts: what is summed, which chart is read, what stands behind a row.

use super::{motion, step::Step};
use crate::{
    app::{Charts, Filter, FilterContext, markdown_table},
    model::{ModelRef, TemplateId},
    tui::{
        effect::Question,
        keymap::Action,
        msg::Fault,
        state::{ChartFocus, FILTER_REST, Purpose, Screen, Wake},
    },
};

impl Step<'_> {
    /// The screen came into sight: sums are asked for, if they are not those there are.
    pub fn charts_shown(&mut self) {
        if self.state.charts.data.is_none() || self.state.charts.stale {
            self.ask_charts();
        }
    }

    fn ask_charts(&mut self) {
        self.state.pending.forget(Wake::ChartFilter);
        let charts = &mut self.state.charts;
        charts.loading = true;
        charts.stale = false;
        let query = charts.query();
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
        let understood = self.read_filter(self.state.charts.filter.text()).and_then(|filter| {
            let query = filter.query();
            let known = crate::store::HistoryQuery {
                template: query.template.clone(),
                model: query.model.clone(),
                ..crate::store::HistoryQuery::default()
            };
            if query == known {
                Ok((query.template, query.model))
            } else {
                Err("charts are narrowed by template: and model: alone".to_owned())
            }
        });
        match understood {
            Ok((template, model)) => {
                let charts = &mut self.state.charts;
                charts.problem = None;
                charts.template = template;
                charts.model = model;
                self.ask_charts();
            }
            Err(problem) => self.state.charts.problem = Some(problem),
        }
    }

    pub fn clear_chart_filter(&mut self) {
        self.state.charts.filter.clear();
        self.apply_chart_filter();
    }

    pub fn change_range(&mut self) {
        self.state.charts.range = self.state.charts.range.next();
        self.state.charts.cursor = None;
        self.ask_charts();
    }

    pub fn change_grouping(&mut self) {
        self.state.charts.by = self.state.charts.by.next();
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
        let mut words = vec![group.conditions(charts.by)];
        if let Some(template) = charts.template.as_ref().filter(|_| group.group.template.is_none())
        {
            words.push(format!("template:{template}"));
        }
        if let Some(model) = charts.model.as_ref().filter(|_| group.group.model.is_none()) {
            words.push(format!("model:{model}"));
        }
        words.push(format!("since:{}", charts.range.age()));
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
        self.ask(Purpose::Copy, Question::Copy(text));
    }
}
