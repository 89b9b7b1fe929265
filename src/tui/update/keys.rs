//! Keys: an action by the registry, or text into whatever is typed into.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use serde_json::Value;

use super::step::Step;
use crate::tui::{
    effect::Keep,
    keymap::Action,
    state::{Focus, FormRow, Mode, Overlay, Screen},
    widgets::editor::{Clipping, Command, Editor, Motion},
};

/// What is typed into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Editor,
    Field(usize),
    LibraryFilter,
    HistoryFilter,
    ChartFilter,
    /// Words to look for in the answer in sight.
    Find,
    /// The query, note, label or row of the overlay on top.
    Overlay,
}

impl Step<'_> {
    pub fn key(&mut self, key: KeyEvent) {
        if std::mem::take(&mut self.state.welcome) {
            self.keep(Keep::Setting { name: super::WELCOMED, value: Value::Bool(true) });
        }
        let keymap = self.state.keymap.clone();
        match (keymap.resolve(self.state.context(), &key), self.target()) {
            (Some(Action::Tour), _) => self.tour_key(),
            (Some(action), _) => {
                self.act_selecting(action, key.modifiers.contains(KeyModifiers::SHIFT));
            }
            (None, Some(target)) => {
                if let Some(character) = typed(key) {
                    self.type_into(target, &Command::Insert(character.to_string()));
                }
            }
            (None, None) => {}
        }
    }

    /// Carries out an action; with `select`, moves of the cursor take the selection along.
    pub fn act_selecting(&mut self, action: Action, select: bool) {
        match self
            .target()
            .and_then(|target| Some((target, self.command_by(action, target, select)?)))
        {
            Some((Target::Field(_), Command::Indent)) => self.next_field(),
            Some((target, command)) => self.type_into(target, &command),
            None => self.act(action),
        }
    }

    /// What an action does to the text in focus, where keys act and one could type.
    pub fn text_command(&self, action: Action) -> Option<(Target, Command)> {
        let target = self.target().or_else(|| self.pasteable())?;
        Some((target, self.command_by(action, target, false)?))
    }

    /// What an action does to the text that is typed into; `None` where it is about something
    /// else.
    fn command_by(&self, action: Action, target: Target, select: bool) -> Option<Command> {
        match action {
            Action::Paste => Some(Command::Paste(self.state.clipping.clone())),
            action => command(action, target, select),
        }
    }

    pub fn paste(&mut self, text: String) {
        let target = self.target().or_else(|| self.pasteable());
        match target {
            Some(target) => self.type_into(target, &Command::Insert(text)),
            None => {
                self.warn("Nothing here takes text; focus the editor or a field and paste again");
            }
        }
    }

    /// What plain characters go into now.
    pub fn target(&self) -> Option<Target> {
        if !self.state.is_typing() {
            return None;
        }
        if self.state.overlay().is_some() {
            return Some(Target::Overlay);
        }
        match (self.state.screen, self.state.focus) {
            (Screen::History, _) | (Screen::Workbench, Focus::Editor) if self.state.finding => {
                Some(Target::Find)
            }
            (Screen::History, _) => Some(Target::HistoryFilter),
            (Screen::Charts, _) => Some(Target::ChartFilter),
            (Screen::Workbench, Focus::Library) => Some(Target::LibraryFilter),
            (Screen::Workbench, Focus::Editor) => {
                self.state.document.as_ref().map(|_| Target::Editor)
            }
            (Screen::Workbench, Focus::Inputs) => self.selected_field(),
            (Screen::Workbench, Focus::Output(_)) => Some(Target::Find),
        }
    }

    /// What a paste goes into where keys act: it cannot be mistaken for keys.
    pub fn pasteable(&self) -> Option<Target> {
        if self.state.overlay().is_some() || self.state.screen != Screen::Workbench {
            return None;
        }
        match self.state.focus {
            Focus::Editor => self.state.document.as_ref().map(|_| Target::Editor),
            Focus::Inputs => self.selected_field(),
            Focus::Library | Focus::Output(_) => None,
        }
    }

    fn selected_field(&self) -> Option<Target> {
        match self.state.document.as_ref()?.inputs.row() {
            FormRow::Field(index) => Some(Target::Field(index)),
            FormRow::Model | FormRow::Parameters => None,
        }
    }

    /// The next field of the form, still typing; past the last one keys act again.
    fn next_field(&mut self) {
        let Some(document) = &mut self.state.document else { return };
        document.inputs.move_by(1);
        if !matches!(document.inputs.row(), FormRow::Field(_)) {
            self.state.mode = Mode::Act;
        }
    }

    /// Types into a target, and has what depends on it follow.
    pub fn type_into(&mut self, target: Target, command: &Command) {
        if matches!(command, Command::Paste(clipping) if clipping.text.is_empty()) {
            return self
                .warn("Nothing was copied here yet; what is elsewhere, paste by the terminal");
        }
        match target {
            Target::Editor => {
                let state = &mut *self.state;
                if let Some(document) = &mut state.document
                    && change(&mut document.editor, command, &mut state.clipping)
                {
                    self.text_changed();
                }
            }
            Target::Field(index) => {
                let state = &mut *self.state;
                if let Some(document) = &mut state.document
                    && let Some(field) = document.inputs.field_mut(index)
                    && change(&mut field.editor, command, &mut state.clipping)
                {
                    self.inputs_changed();
                }
            }
            Target::LibraryFilter => {
                if self.state.library.filter.apply(command) {
                    self.state.library.refilter();
                }
            }
            Target::HistoryFilter => {
                if self.state.history.filter.apply(command) {
                    self.history_filter_changed();
                }
            }
            Target::ChartFilter => {
                if self.state.charts.filter.apply(command) {
                    self.chart_filter_changed();
                }
            }
            Target::Find => {
                if self.state.find.apply(command) {
                    self.look_for();
                }
            }
            Target::Overlay => self.type_into_overlay(command),
        }
    }

    fn type_into_overlay(&mut self, command: &Command) {
        if let Some(Overlay::Themes(list)) = self.state.overlays.last_mut() {
            if list.picker.query.apply(command) {
                self.match_themes();
                self.wear_selected();
            }
            return;
        }
        if matches!(self.state.overlays.last(), Some(Overlay::Jump(_))) {
            if let Command::Insert(text) = command {
                self.jump(text);
            }
            return;
        }
        if let Some(Overlay::List(list)) = self.state.overlays.last_mut() {
            if list.picker.query.apply(command) {
                self.list_query_changed();
            }
            return;
        }
        let (models, changed) = match self.state.overlays.last_mut() {
            Some(Overlay::Palette(palette)) => (false, palette.picker.query.apply(command)),
            Some(Overlay::Models(models)) => (true, models.picker.query.apply(command)),
            Some(Overlay::Parameters(form)) => {
                let changed = form.selected_mut().is_some_and(|row| row.input.apply(command));
                if changed {
                    form.read();
                }
                return;
            }
            Some(Overlay::Save(dialog)) => {
                dialog.note.apply(command);
                return;
            }
            Some(Overlay::Line(dialog)) => {
                if dialog.input.apply(command) {
                    dialog.error = None;
                }
                return;
            }
            _ => return,
        };
        match (changed, models) {
            (true, true) => self.match_models(),
            (true, false) => self.match_actions(),
            (false, _) => {}
        }
    }
}

/// Carries out a command in a text of many lines, keeping what it takes out by the line; true
/// when the text changed.
fn change(editor: &mut Editor, command: &Command, clipping: &mut Clipping) -> bool {
    if let Some(taken) = editor.buffer().taken_by(command) {
        *clipping = taken;
    }
    editor.apply(command)
}

/// The character a key types, if it types one.
fn typed(key: KeyEvent) -> Option<char> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        // AltGr arrives as both on some terminals; what it types is text.
        KeyCode::Char(character) if control == alt => Some(character),
        _ => None,
    }
}

/// What an action does to the text that is typed into. `None` where it is about something else:
/// in one line, going up and down is about the list below.
fn command(action: Action, target: Target, select: bool) -> Option<Command> {
    let many_lines = matches!(target, Target::Editor | Target::Field(_));
    let go = |motion| Some(Command::Go { motion, select });
    match action {
        Action::MoveLeft => go(Motion::Left),
        Action::MoveRight => go(Motion::Right),
        Action::WordLeft => go(Motion::WordLeft),
        Action::WordRight => go(Motion::WordRight),
        Action::LineStart => go(Motion::LineStart),
        Action::LineEnd => go(Motion::LineEnd),
        Action::TextStart => go(Motion::TextStart),
        Action::TextEnd => go(Motion::TextEnd),
        Action::MoveUp if many_lines => Some(Command::Rows { by: -1, select }),
        Action::MoveDown if many_lines => Some(Command::Rows { by: 1, select }),
        Action::PageUp if many_lines => Some(Command::Pages { by: -1, select }),
        Action::PageDown if many_lines => Some(Command::Pages { by: 1, select }),
        Action::NewLine if many_lines => Some(Command::NewLine),
        Action::Indent if many_lines => Some(Command::Indent),
        Action::SelectAll => Some(Command::SelectAll),
        Action::DeleteBack => Some(Command::Delete(Motion::Left)),
        Action::DeleteForward => Some(Command::Delete(Motion::Right)),
        Action::DeleteWordBack => Some(Command::Delete(Motion::WordLeft)),
        Action::DeleteWordForward => Some(Command::Delete(Motion::WordRight)),
        Action::DeleteToLineStart => Some(Command::Delete(Motion::LineStart)),
        Action::DeleteToLineEnd => Some(Command::Delete(Motion::LineEnd)),
        Action::DeleteLine => Some(Command::DeleteLines),
        Action::Undo => Some(Command::Undo),
        Action::Redo => Some(Command::Redo),
        _ => None,
    }
}
