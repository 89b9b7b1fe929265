//! The screen of past executions: search, read, open again, delete and take back.

use std::sync::Arc;

use serde_json::Value;

use super::step::Step;
use crate::{
    app::Filter,
    model::{
        ContentHash, Execution, ExecutionId, GenerationParameters, ModelRef, Parameter,
        VariantSource,
    },
    safety::redact::marker,
    tui::{
        effect::Question,
        msg::{DeletedExecutions, Fault, HistoryPage},
        state::{
            Detail, Document, FILTER_REST, Output, PAGE, Purpose, Recorded, Removed, Rerun, Screen,
            Wake,
        },
        text::figures,
    },
};

impl Step<'_> {
    /// The screen came into sight: rows are asked for, if they are not those there are.
    pub fn history_shown(&mut self) {
        if !self.state.history.loaded || self.state.history.stale {
            self.refresh_history();
        }
    }

    /// Reads the rows again, down to where the selection is and a page further or as many as are
    /// read at once, so that nobody is moved. A filter that is still being typed is looked for once it rests.
    pub fn refresh_history(&mut self) {
        if !self.state.pending.is_waking(Wake::HistoryFilter) {
            self.search_rows(self.state.history.selected() + PAGE);
        }
    }

    pub fn history_filter_changed(&mut self) {
        self.wake(Wake::HistoryFilter, FILTER_REST);
    }

    pub fn clear_history_filter(&mut self) {
        self.state.history.filter.clear();
        self.search_history();
    }

    /// Asks for the first page of what the filter says.
    pub fn search_history(&mut self) {
        self.search_rows(PAGE);
    }

    fn search_rows(&mut self, limit: usize) {
        self.state.pending.forget(Wake::HistoryFilter);
        let text = self.state.history.filter.text().trim().to_owned();
        let filter = match self.read_filter(&text) {
            Ok(filter) => Box::new(filter),
            // The rows that were found before stay until it is one.
            Err(problem) => {
                self.state.history.problem = Some(problem);
                return;
            }
        };
        let history = &mut self.state.history;
        history.problem = None;
        history.loading = true;
        history.stale = false;
        let question = Question::History { filter: filter.clone(), before: None, limit };
        self.ask(Purpose::History { text, filter }, question);
    }

    /// Takes a first page with what it was asked with, or a further one.
    pub fn take_history(
        &mut self,
        first: Option<(String, Filter)>,
        page: Result<HistoryPage, Fault>,
    ) {
        let history = &mut self.state.history;
        match (page, first) {
            (Ok(page), Some((text, filter))) => history.replace(page, text, filter),
            (Ok(page), None) => history.append(page),
            (Err(fault), _) => {
                history.loading = false;
                let message = crate::tui::text::one_line(&fault.message, self.state.marks);
                history.error = Some(message.into_owned());
                self.fail(&fault);
            }
        }
    }

    /// Moves the selection; the next page is asked for before the end is reached, and what is read
    /// follows.
    pub fn move_history(&mut self, by: isize) {
        let history = &mut self.state.history;
        let before = history.selected();
        history.move_by(by);
        let follows = history.detail.is_some() && history.selected() != before;
        if let Some(cursor) = history.wants_more() {
            history.loading = true;
            let filter = Box::new(history.query.clone());
            let question = Question::History { filter, before: Some(cursor), limit: PAGE };
            self.ask(Purpose::MoreHistory, question);
        }
        if follows {
            self.ask_detail();
        }
    }

    /// Opens the selected execution to be read.
    pub fn open_detail(&mut self) {
        if self.selected_is_hidden() {
            return;
        }
        if self.state.history.selected_row().is_some() {
            self.state.history.in_detail = true;
            self.ask_detail();
        } else {
            self.tell("There is no execution here to read");
        }
    }

    /// Opens an execution to be read, wherever it is in the list.
    pub fn read_execution(&mut self, id: ExecutionId) {
        let history = &mut self.state.history;
        if let Some(row) = history.rows().iter().position(|row| row.id == id) {
            history.select(row);
        }
        history.in_detail = true;
        self.ask_detail_of(id);
    }

    /// Whether it is hidden which answer the selected execution is; then it says so.
    pub fn selected_is_hidden(&mut self) -> bool {
        let hidden =
            self.state.history.selected_row().is_some_and(|row| self.state.is_hidden(row.id));
        hidden && self.would_unveil()
    }

    fn ask_detail(&mut self) {
        if self.selected_is_hidden() {
            self.state.history.detail = None;
            self.state.history.in_detail = false;
            return;
        }
        if let Some(row) = self.state.history.selected_row() {
            self.ask_detail_of(row.id);
        }
    }

    fn ask_detail_of(&mut self, id: ExecutionId) {
        if self.state.history.detail.as_ref().is_some_and(|it| it.id == id && it.error.is_none()) {
            return;
        }
        let showing = self.state.history.detail.as_ref().map(|detail| detail.showing);
        let mut detail = Detail::asked(id);
        detail.showing = showing.unwrap_or_default();
        self.state.history.detail = Some(detail);
        self.ask(Purpose::Detail(id), Question::Execution(id));
    }

    pub fn take_detail(
        &mut self,
        id: ExecutionId,
        execution: Result<Option<Box<Execution>>, Fault>,
    ) {
        let (marks, now) = (self.state.marks, self.now.monotonic);
        let looked_for = self.state.history.query.text().map(str::to_owned);
        let Some(detail) = self.state.history.detail.as_mut().filter(|detail| detail.id == id)
        else {
            return;
        };
        match execution {
            Ok(Some(execution)) => {
                let is_new = detail.output.is_none();
                detail.show(execution, marks, now);
                if let Some(words) = looked_for.filter(|_| is_new) {
                    detail.lead_to(&words);
                }
            }
            Ok(None) => detail.error = Some("This execution is no longer stored".to_owned()),
            Err(fault) => {
                let message = crate::tui::text::one_line(&fault.message, marks);
                detail.error = Some(message.into_owned());
                self.fail(&fault);
            }
        }
    }

    /// Opens the selected execution in the workbench.
    pub fn open_in_workbench(&mut self) {
        if self.state.screen != Screen::History {
            return self.warn("Executions are opened from the history, where they are seen");
        }
        self.state.rerun = None;
        self.recall_selected();
    }

    fn recall_selected(&mut self) {
        if self.would_unveil() {
            return;
        }
        let Some(row) = self.state.history.selected_row() else {
            return self.warn("The history has no executions yet; run something first");
        };
        let id = row.id;
        let known = self.state.history.detail.as_ref().and_then(|detail| detail.execution());
        match known.filter(|execution| execution.id == id).cloned() {
            Some(execution) => self.recall(Box::new(execution)),
            None => self.ask(Purpose::Recall(id), Question::Execution(id)),
        }
    }

    /// Opens the selected execution in the workbench and runs it again once it is set up.
    pub fn rerun_selected(&mut self) {
        if self.state.screen != Screen::History {
            return self.run_focused();
        }
        self.rerun_on(None);
    }

    /// Opens the selected execution in the workbench and runs it, on a model of its own choice.
    pub fn rerun_on(&mut self, model: Option<ModelRef>) {
        self.state.gone_elsewhere = false;
        let row = self.state.history.selected_row();
        self.state.rerun = row.map(|row| Rerun { execution: row.id, model });
        self.recall_selected();
    }

    pub fn take_recalled(&mut self, execution: Result<Option<Box<Execution>>, Fault>) {
        match execution {
            Ok(Some(execution)) => self.recall(execution),
            Ok(None) => self.warn("This execution is no longer stored"),
            Err(fault) => self.fail(&fault),
        }
    }

    fn recall(&mut self, execution: Box<Execution>) {
        let reruns = self.state.rerun.as_ref().is_some_and(|it| it.execution == execution.id);
        if !reruns {
            self.state.rerun = None;
        } else if let Some(rule) = redacted_prompt(&execution) {
            self.state.rerun = None;
            let way = self.spelled("{open-in-workbench} opens it with the text of today");
            return self.warn(format!(
                "Its prompt holds marks in place of what was redacted ({rule}), so it cannot be \
                 sent again as it was; {way}"
            ));
        }
        let template = execution.template.clone();
        let known = template.filter(|id| self.state.library.entry(id).is_some());
        let open = self.state.document.as_ref().map(|document| &document.id);
        match (known, &execution.template) {
            (Some(template), _) if open == Some(&template) => self.recall_here(execution),
            (Some(template), _) => self.open(template, Some(execution)),
            // What is sent again word for word needs no template.
            (None, _) if reruns && open.is_some() => self.recall_here(execution),
            (None, Some(template)) => {
                self.state.rerun = None;
                self.warn(format!("{template} is not in this workspace"));
            }
            (None, None) => {
                self.state.rerun = None;
                self.warn("This prompt came from elsewhere: there is no template to open");
            }
        }
    }

    /// Sets the focused pane up as an execution was: version, model, parameters, inputs, answer.
    /// One that is to run again sends its messages word for word, whatever became of its template.
    pub fn recall_here(&mut self, execution: Box<Execution>) {
        let variant = self.state.variant();
        let id = execution.id;
        let rerun = self.state.rerun.take().filter(|rerun| rerun.execution == id);
        let Some(document) = &mut self.state.document else { return };
        let is_its_own = execution.template.as_ref() == Some(&document.id);
        if is_its_own {
            document.inputs.fill(&execution.inputs);
        }
        let (text_source, is_exact) = text_of(document, &execution);
        let recorded = rerun.as_ref().map(|_| Arc::new(Recorded::of(&execution)));
        let at = figures::when(execution.timing.started_at, self.state.wall, &self.state.zone);
        let (marks, now) = (self.state.marks, self.now.monotonic);
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.source = match rerun {
                Some(_) => VariantSource::Recorded(id),
                None => text_source,
            };
            pane.recorded = recorded;
            pane.model = Some(execution.model_ref());
            pane.parameters = requested(&execution);
            pane.add(Output::recorded(execution, now, marks, 80));
        }
        if !self.state.gone_elsewhere {
            self.show(Screen::Workbench);
            self.focus_variant(variant);
        }
        self.read_beside();
        self.inputs_changed();
        if let Some(rerun) = rerun {
            if let (Some(model), Some(pane)) = (rerun.model, self.state.pane_mut(variant)) {
                pane.model = Some(model);
            }
            self.guard_again();
            self.run(&[variant]);
            if self.state.screen == Screen::Workbench {
                let told = format!(
                    "{variant} sends what was sent at {at}, word for word; {{pick-version}} has it \
                     run the text again"
                );
                self.tell(self.spelled(&told));
            }
        } else if is_exact {
            self.tell(format!("{variant} is set up as that execution was"));
        } else {
            let told = format!(
                "{variant} has its model and inputs, and runs the text of today: what it ran was a \
                 draft and is not kept; {{rerun}} in the history sends its messages word for word"
            );
            self.warn(self.spelled(&told));
        }
    }

    pub fn delete_selected(&mut self) {
        if self.state.screen != Screen::History {
            return self.warn("Executions are deleted in the history, where they are seen");
        }
        match self.state.history.selected_row() {
            Some(row) => {
                let ids = vec![row.id];
                self.ask(Purpose::Delete(ids.clone()), Question::Delete(ids));
            }
            None => self.tell("There is nothing to delete"),
        }
    }

    pub fn take_deleted(&mut self, ids: &[ExecutionId], deleted: Result<DeletedExecutions, Fault>) {
        match deleted {
            Ok(deleted) => {
                let count = deleted.count;
                self.state.history.remove(ids);
                self.state.undos.push(Removed::Executions(deleted));
                self.tell(self.spelled(&format!("{count} deleted; {{undo}} brings it back")));
            }
            Err(fault) => self.fail(&fault),
        }
    }
}

/// What of the open template an execution ran, and whether that is exactly what it ran: a draft is
/// known again by its content, where that was saved since or still stands there.
fn text_of(document: &Document, execution: &Execution) -> (VariantSource, bool) {
    let text = document.editor.text();
    let is_present = execution
        .content_hash
        .as_ref()
        .is_some_and(|hash| *hash == ContentHash::of(text.as_bytes()));
    let by_number = execution.version.as_ref().filter(|it| document.version_record(it).is_some());
    let by_content = || {
        let hash = execution.content_hash.as_ref()?;
        let record = document.versions.iter().find(|record| record.content_hash == *hash)?;
        Some(&record.version)
    };
    match by_number.or_else(by_content) {
        _ if is_present => (VariantSource::Draft, true),
        Some(version) if document.saved_as() == Some(version) => (VariantSource::Draft, true),
        Some(version) => (VariantSource::Version(version.clone()), true),
        None => (VariantSource::Draft, false),
    }
}

/// A rule that took something out of the messages of an execution before they were kept.
fn redacted_prompt(execution: &Execution) -> Option<String> {
    let rules = execution.redactions.iter().map(|(rule, _)| rule);
    let mut marked = rules.filter(|rule| {
        let mark = marker(rule);
        execution.messages.iter().any(|message| message.content.contains(&mark))
    });
    marked.next().map(str::to_owned)
}

/// The parameters an execution asked for; what no longer is a parameter is left out.
fn requested(execution: &Execution) -> GenerationParameters {
    let mut parameters = GenerationParameters::default();
    for (name, value) in &execution.parameters.requested {
        if let Some(parameter) = Parameter::from_word(name)
            && *value != Value::Null
        {
            // A value that was accepted when it ran and is not now falls back to the template's.
            let _ = parameters.set(parameter, value);
        }
    }
    parameters
}
