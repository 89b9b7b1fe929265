//! Texts in front: help, the message log, the rendered prompt, differences.

use super::{findings::whereabouts, motion, step::Step};
use crate::{
    model::{Message, Status, VariantSource},
    prompt::Severity,
    tui::{
        keymap::Action,
        msg::Analysis,
        state::{
            DiffOf, DiffView, Document, Focus, Help, Log, Output, Overlay, Palette, Pane, Picker,
            Reading, Screen, front_area,
        },
        text::{GrowingText, Scroll},
    },
};

/// Messages as one text, a role line before each.
pub(super) fn as_text(messages: &[Message]) -> String {
    let parts: Vec<String> =
        messages.iter().map(|message| format!("{}:\n{}", message.role, message.content)).collect();
    parts.join("\n\n")
}

/// The messages of an analysis as one text.
pub(super) fn rendered(analysis: &Analysis) -> String {
    as_text(&analysis.messages)
}

/// Messages ready to be read.
struct Previewed {
    exact: String,
    /// The same with tokens beside each role.
    shown: String,
    /// How many, in words.
    about: String,
}

impl Previewed {
    /// The messages of an analysis.
    ///
    /// # Errors
    /// Why there are none.
    fn of(analysis: &Analysis) -> Result<Self, String> {
        if analysis.messages.is_empty() {
            let error = analysis.findings.iter().find(|it| it.severity == Severity::Error);
            return Err(error.map_or_else(
                || "it is still being read".to_owned(),
                |finding| format!("{}: {}", whereabouts(finding), finding.message),
            ));
        }
        let parts: Vec<String> = analysis
            .messages
            .iter()
            .enumerate()
            .map(|(index, message)| {
                let tokens = analysis.message_tokens.get(index).map_or_else(String::new, |count| {
                    let about = if count.exact { "" } else { "~" };
                    format!("  {about}{} tok", count.tokens)
                });
                format!("{}:{tokens}\n{}", message.role, message.content)
            })
            .collect();
        let mut about = match analysis.messages.len() {
            1 => "1 message".to_owned(),
            count => format!("{count} messages"),
        };
        if let Some(tokens) = analysis.tokens {
            let sign = if tokens.exact { "" } else { "~" };
            about = format!("{about}, {sign}{} tok", tokens.tokens);
        }
        Ok(Self { exact: rendered(analysis), shown: parts.join("\n\n"), about })
    }
}

impl Step<'_> {
    pub fn open_reading(&mut self, action: Action) {
        let overlay = match action {
            Action::Help => Overlay::Help(Help::of(self.state.context())),
            Action::Messages => Overlay::Log(Log::default()),
            _ => Overlay::Palette(Palette { picker: Picker::over(0) }),
        };
        self.put_in_front(overlay);
        if action == Action::Palette {
            self.match_actions();
        }
    }

    /// Help of what stands in front, over it; asked for in help itself, it goes again.
    pub fn help_in_front(&mut self) {
        if matches!(self.state.overlay(), Some(Overlay::Help(_))) {
            self.state.overlays.pop();
        } else {
            self.open_reading(Action::Help);
        }
    }

    /// Shows the messages as they would be sent: those of the variant in focus, where it is an
    /// answer's pane that has the focus.
    pub fn open_preview(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let pane = match self.state.focus {
            // Which template an answer is of would tell which is which.
            Focus::Output(_) if self.state.blind.is_some() => None,
            Focus::Output(variant) => self.state.pane(variant),
            Focus::Library | Focus::Editor | Focus::Inputs => None,
        };
        let nothing_yet = Analysis::default();
        let shown = match pane.map(|pane| (&pane.source, &pane.recorded)) {
            Some((VariantSource::Recorded(_), Some(recorded))) => {
                let of = Analysis { messages: recorded.messages.clone(), ..Analysis::default() };
                Previewed::of(&of)
            }
            Some((VariantSource::Template(id), _)) => {
                let beside = self.state.beside.get(id);
                Previewed::of(beside.and_then(|it| it.analysis.as_ref()).unwrap_or(&nothing_yet))
            }
            _ => Previewed::of(&document.analysis),
        };
        let Previewed { exact, shown, about } = match shown {
            Ok(previewed) => previewed,
            Err(reason) => return self.warn(format!("The prompt does not render: {reason}")),
        };
        let text = GrowingText::of(&shown, self.state.marks, 80);
        let scroll = Scroll::at_top();
        self.put_in_front(Overlay::Preview(Box::new(Reading { exact, about, text, scroll })));
    }

    /// Keys in a text to read: scroll it, copy it, fold a difference.
    pub fn act_in_reading(&mut self, action: Action) {
        if action == Action::Copy {
            return self.copy();
        }
        let height = usize::from(front_area(self.state).rows.height);
        let Some(overlay) = self.state.overlays.last_mut() else { return };
        let (scroll, rows) = match overlay {
            Overlay::Diff(view) => {
                if matches!(action, Action::Accept | Action::MoveLeft | Action::MoveRight) {
                    return view.toggle_fold();
                }
                let rows = view.row_count();
                (&mut view.scroll, rows)
            }
            Overlay::Preview(reading) => {
                let rows = reading.text.row_count();
                (&mut reading.scroll, rows)
            }
            Overlay::Help(help) => {
                match action {
                    Action::NextPane | Action::MoveRight => return help.turn(1),
                    Action::PreviousPane | Action::MoveLeft => return help.turn(-1),
                    _ => {}
                }
                let rows = help.rows().len();
                (&mut help.scroll, rows)
            }
            Overlay::Log(log) => {
                let rows = log.rows().len();
                (&mut log.scroll, rows)
            }
            _ => return,
        };
        match action {
            Action::MoveToTop => scroll.to_top(),
            Action::MoveToBottom => scroll.to_end(),
            _ => {
                if let Some(by) = motion::rows(action, height) {
                    scroll.by(by, rows, height);
                }
            }
        }
    }

    /// The difference that is nearest to what is in focus.
    pub fn open_diff(&mut self) {
        if self.state.screen == Screen::History {
            return self.diff_execution();
        }
        match self.state.focus {
            Focus::Output(_) => self.diff_answers(),
            Focus::Library | Focus::Editor | Focus::Inputs => self.diff_draft(),
        }
    }

    fn diff_draft(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        if document.is_draft() {
            let titles = ("file".to_owned(), "draft".to_owned());
            let (old, new) = (document.file_text.clone(), document.editor.text());
            self.show_diff_of(DiffOf::Draft, titles, &old, &new);
        } else {
            self.diff_answers();
        }
    }

    /// The pane in focus against the next one with an answer, else against its own answer before.
    fn diff_answers(&mut self) {
        if let Some(view) = self.answers_to_compare() {
            self.show_diff_view(view);
        }
    }

    /// After a call has ended: a difference with what it had written so far is made anew.
    pub fn follow_diff(&mut self) {
        let old = self
            .state
            .overlays
            .iter()
            .position(|overlay| matches!(overlay, Overlay::Diff(view) if view.is_so_far));
        if let Some(at) = old
            && let Some(mut view) = self.answers_to_compare()
            && let Some(Overlay::Diff(old)) = self.state.overlays.get_mut(at)
        {
            if view.is_folded != old.is_folded {
                view.toggle_fold();
            }
            view.scroll = old.scroll;
            **old = view;
        }
    }

    /// `None`, and said why, where there are no two of them.
    fn answers_to_compare(&mut self) -> Option<DiffView> {
        let state = &*self.state;
        // A call that failed has no answer that could be held against another.
        let text =
            |output: &Output| Some(output.exact_text().to_owned()).filter(|it| !it.is_empty());
        let answer = |pane: &Pane| pane.shown().and_then(text);
        let mine = state.pane(state.variant());
        if let Some(pane) = mine.filter(|pane| pane.shown().is_some() && answer(pane).is_none()) {
            let name = state.name_of(pane.variant);
            self.warn(format!("{name} has no answer to compare"));
            return None;
        }
        let runs = |pane: &Pane| pane.shown().is_some_and(|output| output.phase.is_running());
        let called = |pane: &Pane| {
            let name = state.name_of(pane.variant);
            if runs(pane) { format!("{name} so far") } else { name }
        };
        let other = state
            .panes
            .iter()
            .filter(|pane| pane.variant != state.variant() && answer(pane).is_some())
            .min_by_key(|pane| (pane.variant < state.variant(), pane.variant));
        let pair = match (mine.and_then(|pane| Some((pane, answer(pane)?))), other) {
            (Some((pane, text)), Some(other)) => {
                let so_far = runs(pane) || runs(other);
                let titles = (called(pane), called(other));
                Some((titles, text, answer(other).unwrap_or_default(), so_far))
            }
            (Some((pane, text)), None) => {
                let (back, count) = pane.place();
                let before = (count - back).checked_sub(2).and_then(|at| pane.outputs().get(at));
                before.map(|before| {
                    let titles = (format!("{} before", state.name_of(pane.variant)), called(pane));
                    (titles, before.exact_text().to_owned(), text, runs(pane))
                })
            }
            (None, _) => None,
        };
        let Some((titles, old, new, is_so_far)) = pair else {
            self.warn("Two answers make a difference: run a second variant, or run again");
            return None;
        };
        let mut view = DiffView::new(titles, &old, &new, self.state.marks);
        (view.of, view.is_so_far) = (DiffOf::Answers, is_so_far);
        Some(view)
    }

    /// The answer that is read in the history against the one of the focused pane.
    fn diff_execution(&mut self) {
        let detail = self.state.history.detail.as_ref().and_then(|detail| detail.execution());
        let Some(execution) = detail.filter(|execution| execution.status != Status::Running) else {
            return self.warn(self.spelled("Open an execution first ({accept}), then compare it"));
        };
        let pane = self.state.pane(self.state.variant());
        let Some(output) = pane.and_then(Pane::shown) else {
            return self.warn("The workbench has no answer to compare with");
        };
        let name = self.name(self.state.variant());
        let titles = ("this execution".to_owned(), format!("workbench {name}"));
        let (old, new) = (execution.text.clone(), output.exact_text().to_owned());
        self.show_diff(titles, &old, &new);
    }

    /// From the difference of the draft to that of the answers, and back.
    pub fn turn_diff(&mut self) {
        let Some(Overlay::Diff(view)) = self.state.overlays.pop() else { return };
        let draft = self.state.document.as_ref().is_some_and(Document::is_draft);
        match view.of {
            DiffOf::Draft => self.diff_answers(),
            DiffOf::Answers if draft => self.diff_draft(),
            DiffOf::Answers | DiffOf::Other => self.tell("There is no other difference here"),
        }
        if !matches!(self.state.overlay(), Some(Overlay::Diff(_))) {
            self.state.overlays.push(Overlay::Diff(view));
        }
    }

    pub fn show_diff(&mut self, titles: (String, String), old: &str, new: &str) {
        self.show_diff_of(DiffOf::Other, titles, old, new);
    }

    fn show_diff_of(&mut self, of: DiffOf, titles: (String, String), old: &str, new: &str) {
        let mut view = DiffView::new(titles, old, new, self.state.marks);
        view.of = of;
        self.show_diff_view(view);
    }

    fn show_diff_view(&mut self, view: DiffView) {
        if view.is_same() {
            let (left, right) = &view.titles;
            let text = format!("{left} and {right} are the same");
            return self.tell(text);
        }
        self.put_in_front(Overlay::Diff(Box::new(view)));
    }
}
