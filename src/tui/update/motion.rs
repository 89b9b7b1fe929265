//! Moving, opening and typing inside the focused pane.

use super::{keys::Target, step::Step};
use crate::tui::{
    keymap::Action,
    state::{Focus, FormRow, LibraryRow, Mode, Pane, Screen},
    widgets::editor::{Command, Motion},
};

/// Rows a move goes, given the rows in sight; `None` for the two ends, which are told apart by
/// the caller.
pub(super) fn rows(action: Action, height: usize) -> Option<isize> {
    let page = isize::try_from(height.saturating_sub(1).max(1)).unwrap_or(1);
    match action {
        Action::MoveUp => Some(-1),
        Action::MoveDown => Some(1),
        Action::PageUp => Some(-page),
        Action::PageDown => Some(page),
        Action::MoveToTop => Some(-FAR),
        Action::MoveToBottom => Some(FAR),
        _ => None,
    }
}

/// Further than any list is long.
const FAR: isize = isize::MAX / 4;

fn scroll(pane: &mut Pane, action: Action) {
    let Some(by) = rows(action, pane.height()) else { return };
    match (action, pane.shown_mut()) {
        (Action::MoveToTop, Some(output)) => output.scroll.to_top(),
        (Action::MoveToBottom, Some(output)) => output.scroll.to_end(),
        _ => pane.scroll_by(by),
    }
}

impl Step<'_> {
    pub fn move_here(&mut self, action: Action) {
        match self.state.screen {
            Screen::History => return self.move_in_history(action),
            Screen::Charts => return self.move_in_charts(action),
            Screen::Workbench => {}
        }
        match self.state.focus {
            Focus::Library => self.move_in_library(action),
            Focus::Editor => self.move_in_editor(action),
            Focus::Inputs => {
                if let (Some(by), Some(document)) = (rows(action, 5), &mut self.state.document) {
                    document.inputs.move_by(by);
                }
            }
            Focus::Output(variant) => match action {
                Action::MoveLeft => self.step_output(true),
                Action::MoveRight => self.step_output(false),
                _ => {
                    let together = self.state.scrolls_together;
                    for pane in &mut self.state.panes {
                        if together || pane.variant == variant {
                            scroll(pane, action);
                        }
                    }
                }
            },
        }
    }

    fn move_in_library(&mut self, action: Action) {
        let library = &mut self.state.library;
        match action {
            Action::MoveLeft => library.fold(Some(true)),
            Action::MoveRight => library.fold(Some(false)),
            _ => {
                if let Some(by) = rows(action, library.height()) {
                    library.move_by(by);
                }
            }
        }
    }

    fn move_in_editor(&mut self, action: Action) {
        let go = |motion| Command::Go { motion, select: false };
        let command = match action {
            Action::MoveUp => Command::Rows { by: -1, select: false },
            Action::MoveDown => Command::Rows { by: 1, select: false },
            Action::PageUp => Command::Pages { by: -1, select: false },
            Action::PageDown => Command::Pages { by: 1, select: false },
            Action::MoveLeft => go(Motion::Left),
            Action::MoveRight => go(Motion::Right),
            Action::MoveToTop => go(Motion::TextStart),
            _ => go(Motion::TextEnd),
        };
        self.type_into(Target::Editor, &command);
    }

    /// Moves and changes in the editor while keys act.
    pub fn edit_in_place(&mut self, action: Action) {
        if self.state.focus != Focus::Editor || self.state.screen != Screen::Workbench {
            return self.warn("This changes a text; focus the editor first");
        }
        let go = |motion| Command::Go { motion, select: false };
        let commands: &[Command] = match action {
            Action::WordLeft => &[go(Motion::WordLeft)],
            Action::WordRight => &[go(Motion::WordRight)],
            Action::RowStart => &[go(Motion::LineStart)],
            Action::RowEnd => &[go(Motion::LineEnd)],
            Action::DeleteForward => &[Command::Delete(Motion::Right)],
            Action::DeleteLine => &[Command::DeleteLines],
            Action::DeleteToLineEnd => &[Command::Delete(Motion::LineEnd)],
            Action::Paste => &[Command::Paste(self.state.clipping.clone())],
            // Behind the last character is the end of its line, and not the next one.
            Action::Append if self.is_at_line_end() => &[],
            Action::Append => &[go(Motion::Right)],
            _ => &[go(Motion::LineEnd), Command::NewLine],
        };
        for command in commands {
            self.type_into(Target::Editor, command);
        }
        if matches!(action, Action::Append | Action::OpenLine) {
            self.start_typing();
        }
    }

    fn is_at_line_end(&self) -> bool {
        self.state.document.as_ref().is_some_and(|document| {
            let buffer = document.editor.buffer();
            buffer.cursor().byte >= buffer.line(buffer.cursor().line).len()
        })
    }

    fn move_in_history(&mut self, action: Action) {
        let history = &mut self.state.history;
        if !history.in_detail {
            if let Some(by) = rows(action, history.height()) {
                self.move_history(by);
            }
            return;
        }
        let Some(detail) = &mut history.detail else { return };
        match action {
            Action::MoveLeft => detail.turn(-1),
            Action::MoveRight => detail.turn(1),
            _ => {
                if let Some(by) = rows(action, detail.height()) {
                    detail.scroll_by(by);
                }
            }
        }
    }

    /// Enter: into what is selected.
    pub fn open_here(&mut self) {
        if std::mem::take(&mut self.state.finding) {
            self.state.find_from = None;
            return;
        }
        if self.state.screen == Screen::History {
            if self.state.history.filtering {
                self.state.history.filtering = false;
                self.search_history();
            } else {
                self.open_detail();
            }
            return;
        }
        if self.state.screen == Screen::Charts {
            if std::mem::take(&mut self.state.charts.filtering) {
                self.apply_chart_filter();
            } else if self.state.charts.chart().is_some() {
                self.state.zoom = !self.state.zoom;
            } else {
                self.open_behind();
            }
            return;
        }
        match self.state.focus {
            Focus::Library => self.open_selected_row(),
            Focus::Editor | Focus::Inputs => self.start_typing(),
            Focus::Output(_) => self.state.zoom = !self.state.zoom,
        }
    }

    fn open_selected_row(&mut self) {
        let library = &mut self.state.library;
        let was_filtering = std::mem::take(&mut library.filtering);
        match library.rows().get(library.selected()) {
            Some(LibraryRow::Category { .. }) if !was_filtering => library.fold(None),
            Some(LibraryRow::Template { .. }) => self.open_selected_template(),
            Some(LibraryRow::Category { .. }) | None => {}
        }
    }

    pub fn start_typing(&mut self) {
        if self.state.screen != Screen::Workbench {
            return self.warn("The editor and the inputs are typed into, in the workbench");
        }
        match self.state.focus {
            Focus::Library => self.open_selected_row(),
            Focus::Editor if self.state.document.is_some() => self.state.mode = Mode::Type,
            Focus::Editor => self.warn("No template is open; pick one in the library"),
            Focus::Inputs => match self.state.document.as_ref().map(|it| it.inputs.row()) {
                Some(FormRow::Field(index)) => {
                    self.state.mode = Mode::Type;
                    let document = self.state.document.as_mut();
                    if let Some(field) = document.and_then(|it| it.inputs.field_mut(index)) {
                        field.offer_default();
                    }
                }
                Some(FormRow::Model) => self.open_models(),
                Some(FormRow::Parameters) => self.open_parameters(),
                None => self.warn("No template is open; pick one in the library"),
            },
            Focus::Output(_) => self.warn("An answer cannot be typed into; copy it instead"),
        }
    }
}
