//! The screen of past executions.

use std::time::Duration;

use jiff::tz::TimeZone;
use ratatui::layout::Rect;

use super::{
    facts::{NAMES, facts},
    filtering::hint,
    layout::{DetailArea, roomy},
    line_input::LineInput,
    output::Output,
};
use crate::{
    app::{Filter, filter::CONDITIONS},
    model::{Attempt, Execution, ExecutionId},
    safety::{MarkStyle, display_line_with},
    tui::{
        msg::{HistoryCursor, HistoryLine, HistoryPage},
        text::{GrowingText, Scroll, TableRow, table_rows, table_text},
    },
};

/// Rows asked for at a time.
pub const PAGE: usize = 100;

/// The list, newest first, and the execution that is read.
#[derive(Clone, Debug, Default)]
pub struct History {
    rows: Vec<HistoryLine>,
    next: Option<HistoryCursor>,
    selected: usize,
    pub scroll: Scroll,
    /// Text the answers and inputs must hold.
    pub filter: LineInput,
    /// Whether the filter takes the keys.
    pub filtering: bool,
    /// The filter the rows were found with, as it was typed and as it is understood.
    pub applied: String,
    pub query: Filter,
    /// Why what is typed is no filter (yet).
    pub problem: Option<String>,
    /// The execution that another one is to be compared with.
    pub marked: Option<ExecutionId>,
    /// Whether rows were asked for and have not come.
    pub loading: bool,
    /// Whether a first page came.
    pub loaded: bool,
    /// Why rows could not be read.
    pub error: Option<String>,
    /// The execution that is read.
    pub detail: Option<Detail>,
    /// Whether keys go to it rather than to the list.
    pub in_detail: bool,
    /// Whether executions ended since the rows were read.
    pub stale: bool,
    height: usize,
    marks: MarkStyle,
}

/// One execution in full.
#[derive(Clone, Debug)]
pub struct Detail {
    pub id: ExecutionId,
    /// `None` while it is fetched.
    pub output: Option<Box<Output>>,
    /// Its messages as sent.
    pub prompt: Option<Box<GrowingText>>,
    /// Which of them is in sight.
    pub showing: DetailTab,
    pub prompt_scroll: Scroll,
    record_scroll: Scroll,
    /// What is known of it, wrapped.
    facts: Vec<TableRow>,
    /// Rows of it in sight.
    height: usize,
    /// Why it could not be read, or that it is gone.
    pub error: Option<String>,
}

/// What of an execution is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DetailTab {
    #[default]
    Answer,
    Prompt,
    /// All that is known besides, in full.
    Record,
}

impl DetailTab {
    /// Every one, from left to right.
    pub const ALL: [Self; 3] = [Self::Answer, Self::Prompt, Self::Record];

    /// The name on the frame.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "Answer",
            Self::Prompt => "Prompt",
            Self::Record => "Record",
        }
    }
}

impl Detail {
    /// An execution that is being fetched.
    #[must_use]
    pub const fn asked(id: ExecutionId) -> Self {
        Self {
            id,
            output: None,
            prompt: None,
            showing: DetailTab::Answer,
            prompt_scroll: Scroll::at_top(),
            record_scroll: Scroll::at_top(),
            facts: Vec::new(),
            height: 1,
            error: None,
        }
    }
}

impl Detail {
    /// Takes the record: its answer, and its messages as one text.
    pub fn show(&mut self, execution: Box<Execution>, marks: MarkStyle, now: Duration) {
        let mut prompt = GrowingText::new(marks, 80);
        for (index, message) in execution.messages.iter().enumerate() {
            if index > 0 {
                prompt.push("\n\n");
            }
            prompt.push(message.role.as_str());
            prompt.push(":\n");
            prompt.push(&message.content);
        }
        for (place, attempt) in execution.attempts.iter().enumerate() {
            if attempt.has_texts() {
                let summary = attempt.summary_beside(&execution.model_ref());
                prompt.push(&extra(place + 1, &summary, attempt));
            }
        }
        prompt.finish();
        self.prompt = Some(Box::new(prompt));
        self.output = Some(Box::new(Output::recorded(execution, now, marks, 80)));
    }

    /// Turns to the prompt where that has words that were looked for and the answer has none.
    pub fn lead_to(&mut self, looked_for: &str) {
        let Some(execution) = self.execution().filter(|_| self.showing == DetailTab::Answer) else {
            return;
        };
        let words: Vec<String> = looked_for
            .split(|character: char| !character.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_lowercase)
            .collect();
        let has = |text: &str| {
            let text = text.to_lowercase();
            words.iter().any(|word| text.contains(word))
        };
        let answered = [&execution.text, &execution.refusal, &execution.reasoning];
        let is_led = !answered.into_iter().any(|text| has(text))
            && execution.messages.iter().any(|message| has(&message.content));
        if is_led {
            self.showing = DetailTab::Prompt;
        }
    }

    /// The record, once it was fetched.
    #[must_use]
    pub fn execution(&self) -> Option<&Execution> {
        self.output.as_ref().and_then(|output| output.execution.as_deref())
    }

    /// Turns to what is beside the part in sight, stopping at both ends.
    pub fn turn(&mut self, by: isize) {
        let place = DetailTab::ALL.iter().position(|tab| *tab == self.showing).unwrap_or(0);
        let to = place.saturating_add_signed(by).min(DetailTab::ALL.len() - 1);
        self.showing = DetailTab::ALL.get(to).copied().unwrap_or_default();
    }

    /// What is known of it, wrapped to the rows that are drawn.
    #[must_use]
    pub fn facts(&self) -> &[TableRow] {
        &self.facts
    }

    /// The same as text, a row a line.
    #[must_use]
    pub fn facts_as_text(&self) -> String {
        table_text(&self.facts)
    }

    /// How many rows of facts are wanted over the text that is read.
    #[must_use]
    pub const fn facts_above(&self) -> usize {
        match self.showing {
            DetailTab::Answer | DetailTab::Prompt => self.facts.len(),
            DetailTab::Record => 0,
        }
    }

    /// Rows of the text in sight.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// The first row in sight of what is read.
    #[must_use]
    pub fn first_row(&self) -> usize {
        match (self.showing, &self.output, &self.prompt) {
            (DetailTab::Record, ..) => self.record_scroll.first(self.facts.len(), self.height),
            (DetailTab::Prompt, _, Some(prompt)) => {
                self.prompt_scroll.first(prompt.row_count(), self.height)
            }
            (DetailTab::Answer, Some(output), _) => {
                output.scroll.first(output.row_count(), self.height)
            }
            _ => 0,
        }
    }

    /// Scrolls what is in sight by rows; negative is up.
    pub fn scroll_by(&mut self, by: isize) {
        let (height, facts) = (self.height, self.facts.len());
        if let Some((scroll, rows)) = self.scroll(facts) {
            scroll.by(by, rows, height);
        }
    }

    /// To the last row of what is in sight.
    pub fn follow(&mut self) {
        let facts = self.facts.len();
        if let Some((scroll, _)) = self.scroll(facts) {
            scroll.to_end();
        }
    }

    fn scroll(&mut self, facts: usize) -> Option<(&mut Scroll, usize)> {
        match (self.showing, &mut self.output, &self.prompt) {
            (DetailTab::Answer, Some(output), _) => {
                let rows = output.row_count();
                Some((&mut output.scroll, rows))
            }
            (DetailTab::Prompt, _, Some(prompt)) => {
                Some((&mut self.prompt_scroll, prompt.row_count()))
            }
            (DetailTab::Record, ..) => Some((&mut self.record_scroll, facts)),
            _ => None,
        }
    }

    /// Wraps all of it for a place. Texts that have their width already are left alone.
    fn fit(&mut self, outer: Rect, zone: &TimeZone, raw: bool, marks: MarkStyle) {
        let width = usize::from(roomy(outer).width);
        if let Some(output) = &mut self.output {
            output.set_width(width);
            output.text.set_raw(raw);
        }
        if let Some(prompt) = &mut self.prompt {
            prompt.set_width(width);
        }
        self.facts = self.execution().map_or_else(Vec::new, |execution| {
            table_rows(&facts(execution, zone, marks), NAMES, width)
        });
        self.height = usize::from(DetailArea::new(outer, self.facts_above()).body.height);
    }
}

/// An attempt with a prompt or an answer of its own, below the prompt.
fn extra(number: usize, summary: &str, attempt: &Attempt) -> String {
    let mut text = format!("\n\nattempt {number}: {summary}");
    if let Some(reason) = &attempt.reason {
        text.push_str("\nasked again: ");
        text.push_str(reason);
    }
    for message in &attempt.messages {
        text.push_str("\n\n");
        text.push_str(message.role.as_str());
        text.push_str(":\n");
        text.push_str(&message.content);
    }
    if let Some(aside) = &attempt.text {
        text.push_str("\n\nanswer put aside:\n");
        text.push_str(aside);
    }
    text
}

impl History {
    /// An empty list that shows texts with the given marks.
    #[must_use]
    pub fn new(marks: MarkStyle) -> Self {
        Self { marks, scroll: Scroll::at_top(), ..Self::default() }
    }

    /// The rows so far. Excerpts are safe to draw; names pass [`crate::safety`] where drawn.
    #[must_use]
    pub fn rows(&self) -> &[HistoryLine] {
        &self.rows
    }

    /// The selected row's place.
    #[must_use]
    pub const fn selected(&self) -> usize {
        self.selected
    }

    /// The selected row.
    #[must_use]
    pub fn selected_row(&self) -> Option<&HistoryLine> {
        self.rows.get(self.selected)
    }

    /// Rows of the list in sight.
    #[must_use]
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Takes the rows that are in sight; the selected one stays among them.
    pub fn set_height(&mut self, height: usize) {
        if self.height != height {
            self.height = height;
            self.reveal();
        }
    }

    /// The first row in sight.
    #[must_use]
    pub const fn first_row(&self) -> usize {
        self.scroll.first(self.rows.len(), self.height)
    }

    /// Brings the selected row into sight.
    const fn reveal(&mut self) {
        self.scroll.reveal(self.selected, self.rows.len(), self.height);
    }

    /// Moves the selection by rows, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
        self.reveal();
    }

    /// Selects a row, if there is such a row.
    pub const fn select(&mut self, row: usize) {
        if row < self.rows.len() {
            self.selected = row;
            self.reveal();
        }
    }

    /// What stands below the filter: why it is none (then true), or what it can say; `None` while
    /// nothing is typed.
    #[must_use]
    pub fn filter_note(&self) -> Option<(String, bool)> {
        match &self.problem {
            Some(problem) => Some((problem.clone(), true)),
            None => self.filtering.then(|| (hint(&self.filter, &CONDITIONS, true), false)),
        }
    }

    /// Whether there are more executions than were read.
    #[must_use]
    pub const fn has_more(&self) -> bool {
        self.next.is_some()
    }

    /// Where the next page begins, when it should be asked for: the selection comes near the end.
    #[must_use]
    pub fn wants_more(&self) -> Option<HistoryCursor> {
        let near = self.selected + PAGE / 4 >= self.rows.len();
        if near && !self.loading { self.next.clone() } else { None }
    }

    /// Takes the first page of a search; the selection stays on its execution if that is in it.
    /// The same search as before moves nobody: what lies beyond the page is not read again.
    pub fn replace(&mut self, page: HistoryPage, text: String, query: Filter) {
        let is_same = self.loaded && self.applied == text;
        let kept = self.selected_row().map(|row| row.id);
        let before = (std::mem::take(&mut self.rows), self.next.take());
        self.applied = text;
        self.query = query;
        self.loaded = true;
        self.append(page);
        let mut place = kept.and_then(|id| self.place_of(id));
        if is_same && place.is_none() {
            if self.has_more() {
                self.go_on_with(before);
            }
            place = kept.and_then(|id| self.place_of(id)).or(Some(self.selected));
        }
        self.selected = place.unwrap_or(0);
        self.move_by(0);
    }

    fn place_of(&self, id: ExecutionId) -> Option<usize> {
        self.rows.iter().position(|row| row.id == id)
    }

    /// Has the rows that were read before follow those that are there now.
    fn go_on_with(&mut self, (before, next): (Vec<HistoryLine>, Option<HistoryCursor>)) {
        let place = |row: &HistoryLine| before.iter().position(|it| it.id == row.id);
        match self.rows.iter().rev().find_map(place) {
            Some(last) => self.rows.extend(before.into_iter().skip(last + 1)),
            // So much has come since that they do not meet.
            None => self.rows = before,
        }
        self.next = next;
    }

    /// Takes a further page.
    pub fn append(&mut self, page: HistoryPage) {
        self.loading = false;
        self.error = None;
        self.next = page.next;
        let marks = self.marks;
        self.rows.extend(page.rows.into_iter().map(|mut row| {
            row.excerpt = display_line_with(&row.excerpt, marks).into_owned();
            row
        }));
    }

    /// Takes rows out that were deleted.
    pub fn remove(&mut self, ids: &[ExecutionId]) {
        self.rows.retain(|row| !ids.contains(&row.id));
        self.move_by(0);
        if self.detail.as_ref().is_some_and(|detail| ids.contains(&detail.id)) {
            self.detail = None;
            self.in_detail = false;
        }
    }

    /// Wraps the execution that is read for its place.
    pub fn fit_detail(&mut self, outer: Rect, zone: &TimeZone, raw: bool) {
        let marks = self.marks;
        if let Some(detail) = &mut self.detail {
            detail.fit(outer, zone, raw, marks);
        }
    }

    /// Notes a tag where the execution is read.
    pub fn tag(&mut self, id: ExecutionId, key: &str, value: Option<&str>) {
        let read = self.detail.as_mut().and_then(|detail| detail.output.as_mut());
        let execution = read.and_then(|output| output.execution.as_deref_mut());
        if let Some(execution) = execution.filter(|execution| execution.id == id) {
            match value {
                Some(value) => execution.tags.insert(key.to_owned(), value.to_owned()),
                None => execution.tags.remove(key),
            };
        }
    }

    /// Notes a rating where the execution is listed.
    pub fn rate(&mut self, id: ExecutionId, rating: Option<u8>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.rating = rating;
        }
        if let Some(execution) = self
            .detail
            .as_mut()
            .and_then(|detail| detail.output.as_mut())
            .and_then(|output| output.execution.as_mut())
            .filter(|execution| execution.id == id)
        {
            execution.rating = rating;
        }
    }
}
