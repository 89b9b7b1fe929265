//! The text and the inputs: what follows a change, undo, the outside editor, the clipboard.

use super::{keys::Target, step::Step};
use crate::{
    model::TemplateId,
    tui::{
        effect::{Effect, Keep, Question},
        msg::{Analysis, Fault},
        state::{
            Confirm, DetailTab, EDIT_REST, Field, Focus, FormRow, Overlay, Purpose, Screen, Wake,
        },
        widgets::editor::{Buffer, Clipping, Command, Motion},
    },
};

impl Step<'_> {
    /// After every change of the template's text: once it rests, it is analysed and kept.
    pub fn text_changed(&mut self) {
        let Some(document) = &mut self.state.document else { return };
        let was_draft = document.is_draft();
        document.note_change();
        if document.is_draft() != was_draft {
            let (id, draft) = (document.id.clone(), document.is_draft());
            self.state.library.mark_draft(&id, draft);
        }
        self.wake(Wake::Analyse, EDIT_REST);
    }

    /// After every change of an input: tokens and remarks depend on it.
    pub fn inputs_changed(&mut self) {
        self.wake(Wake::Analyse, EDIT_REST);
    }

    /// The text has rested.
    pub fn settle_text(&mut self) {
        self.keep_draft();
        self.keep_inputs();
        self.analyse();
        self.analyse_all_beside();
    }

    fn keep_draft(&mut self) {
        if let Some(document) = &self.state.document {
            let text = document.is_draft().then(|| document.editor.text());
            self.keep(Keep::Draft { template: document.id.clone(), text });
        }
    }

    /// Keeps at once what would be kept once it rests: the template is left.
    pub fn keep_now(&mut self) {
        if self.state.pending.is_waking(Wake::Analyse) {
            self.state.pending.forget(Wake::Analyse);
            self.keep_draft();
            self.keep_inputs();
        }
    }

    /// Keeps the inputs, if they are not those that were kept last.
    pub fn keep_inputs(&mut self) {
        if let Some(document) = &mut self.state.document
            && document.analysed.is_some()
        {
            let inputs = document.inputs.values();
            if inputs != document.inputs_kept {
                document.inputs_kept.clone_from(&inputs);
                let template = document.id.clone();
                self.keep(Keep::Inputs { template, inputs });
            }
        }
    }

    /// Asks what the text is as a template, with the inputs as they are.
    pub fn analyse(&mut self) {
        let model = self.state.model_in_focus().cloned();
        let Some(document) = &mut self.state.document else { return };
        document.counted_for.clone_from(&model);
        let template = document.id.clone();
        let question = Question::Analyse {
            template: template.clone(),
            text: document.editor.text(),
            inputs: document.inputs.values(),
            model,
        };
        let revision = document.editor.revision();
        self.ask(Purpose::Analyse { template, revision }, question);
    }

    /// Counts, window and price are those of the variant in focus: where another one came into
    /// focus that calls another model, they are asked for again.
    pub fn count_for_focus(&mut self) {
        let Some(document) = &self.state.document else { return };
        if document.analysed.is_some()
            && document.counted_for.as_ref() != self.state.model_in_focus()
        {
            self.analyse();
        }
    }

    pub fn take_analysis(&mut self, template: &TemplateId, revision: u64, analysis: Analysis) {
        let Some(document) = self.state.document.as_mut().filter(|it| it.id == *template) else {
            return;
        };
        let first = document.analysed.is_none();
        let had_values = !document.inputs.values().is_empty();
        document.analysis = analysis;
        document.analysed = Some(revision);
        // Where no model was named before it was read, it is the template's own or the usual one.
        if document.counted_for.is_none() {
            let model = self.state.model_in_focus().cloned();
            if let Some(document) = &mut self.state.document {
                document.counted_for = model;
            }
        }
        self.renew_findings();
        self.state.fit_inputs();
        let Some(document) = &mut self.state.document else { return };
        // The first reading names the fields that remembered values belong to: what was counted
        // without them is counted again.
        if first {
            document.inputs_kept = document.inputs.values();
            if !had_values && !document.inputs_kept.is_empty() {
                self.analyse();
            }
        }
        if let Some((_, variants)) =
            self.state.run_when_read.take().filter(|(waiting, _)| waiting == template)
        {
            self.run(&variants);
        }
    }

    pub fn undo(&mut self) {
        self.undo_or_redo(&Command::Undo, "Nothing to undo");
    }

    pub fn redo(&mut self) {
        self.undo_or_redo(&Command::Redo, "Nothing to redo");
    }

    fn undo_or_redo(&mut self, command: &Command, nothing: &str) {
        let undoes = *command == Command::Undo;
        match self.state.screen {
            Screen::History if undoes => return self.undo_in_history(),
            Screen::Workbench if matches!(self.state.focus, Focus::Output(_)) && undoes => {
                return self.undo_of_panes();
            }
            Screen::Workbench if !matches!(self.state.focus, Focus::Output(_)) => {}
            _ => {
                return self
                    .tell("Changes of a text can be done again, in the editor and in a field");
            }
        }
        let in_inputs = self.state.focus == Focus::Inputs;
        let Some(document) = &mut self.state.document else { return };
        if in_inputs {
            let field = match document.inputs.row() {
                FormRow::Field(index) => document.inputs.field_mut(index),
                FormRow::Model | FormRow::Parameters => None,
            };
            if field.is_some_and(|field| field.editor.apply(command)) {
                self.inputs_changed();
            } else {
                self.warn(nothing);
            }
        } else if document.editor.apply(command) {
            self.text_changed();
        } else {
            self.warn(nothing);
        }
    }

    pub fn ask_discard(&mut self) {
        match &self.state.document {
            Some(document) if document.is_draft() => {
                self.put_in_front(Overlay::Confirm(Confirm::DiscardDraft));
            }
            Some(_) => self.tell("The text is the file's; there is no draft to discard"),
            None => {}
        }
    }

    pub fn discard_draft(&mut self) {
        if let Some(document) = &mut self.state.document {
            let text = document.file_text.clone();
            document.editor.replace_all(&text);
            self.text_changed();
            self.tell("The file's text is back; undo brings the draft back");
            // While there was a draft, what changed outside was only told of.
            self.refresh_document();
        }
    }

    /// Hands the focused text over to the user's editor.
    pub fn edit_outside(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let template = document.id.clone();
        let field = match (self.state.focus, document.inputs.row()) {
            (Focus::Inputs, FormRow::Field(index)) => document.inputs.fields().get(index),
            _ => None,
        };
        let (purpose, text, extension) = match field {
            Some(Field { spec, editor, .. }) => {
                (Purpose::EditField { template, name: spec.name.clone() }, editor.text(), "txt")
            }
            // Front matter over text with headings is what editors call Markdown.
            None => (Purpose::EditTemplate(template), document.editor.text(), "md"),
        };
        self.ask(purpose, Question::Edit { text, extension });
    }

    pub fn take_edited(
        &mut self,
        template: &TemplateId,
        field: Option<&str>,
        edited: Result<Option<String>, Fault>,
    ) {
        // What the editor left on the terminal is painted over.
        self.effects.push(Effect::Repaint);
        let text = match edited {
            Ok(Some(text)) => text,
            Ok(None) => return self.tell("The editor left the text as it was"),
            Err(fault) => return self.fail(&fault),
        };
        let Some(document) = self.state.document.as_mut().filter(|it| it.id == *template) else {
            return self.warn(format!("{template} is no longer open; the edited text was dropped"));
        };
        match field {
            None => {
                document.editor.replace_all(&text);
                self.text_changed();
            }
            Some(name) => {
                let place = document.inputs.fields().iter().position(|it| it.spec.name == name);
                if let Some(field) = place.and_then(|index| document.inputs.field_mut(index)) {
                    // Editors end a file with a line end that nobody typed.
                    field.editor.replace_all(text.strip_suffix('\n').unwrap_or(&text));
                    self.inputs_changed();
                }
            }
        }
    }

    /// Copies what is in focus: exact text, never what is drawn.
    pub fn copy(&mut self) {
        if self.state.screen == Screen::Charts && self.state.overlay().is_none() {
            return self.copy_charts();
        }
        match self.copied() {
            Some(text) if !text.is_empty() => self.clip(Clipping { text, whole_lines: false }),
            _ => self.warn("There is nothing to copy here"),
        }
    }

    /// Copies the selected text or the line of what is typed into; with `cut`, deletes it there.
    pub fn copy_typed(&mut self, cut: bool) {
        let Some((target, buffer)) = self.typed_into() else {
            return self.warn("This is for texts; focus the editor or a field first");
        };
        let clipping = buffer.selection_or_line();
        if cut {
            let deletion = if clipping.whole_lines {
                Command::DeleteLines
            } else {
                Command::Delete(Motion::Right)
            };
            self.type_into(target, &deletion);
        }
        self.clip(clipping);
    }

    /// Copies a text, and keeps it to be pasted: what the clipboard holds cannot be asked over
    /// every connection.
    pub fn clip(&mut self, clipping: Clipping) {
        self.ask(Purpose::Copy, Question::Copy(clipping.text.clone()));
        self.state.clipping = clipping;
    }

    /// The editor or the field that keys type into.
    fn typed_into(&self) -> Option<(Target, &Buffer)> {
        let document = self.state.document.as_ref()?;
        let target = self.target().or_else(|| self.pasteable())?;
        let editor = match target {
            Target::Editor => &document.editor,
            Target::Field(index) => &document.inputs.fields().get(index)?.editor,
            _ => return None,
        };
        Some((target, editor.buffer()))
    }

    fn copied(&self) -> Option<String> {
        let state = &*self.state;
        match state.overlay() {
            Some(Overlay::Preview(reading)) => return Some(reading.exact.clone()),
            Some(Overlay::Diff(view)) => return Some(view.as_text()),
            Some(Overlay::Help(help)) => return Some(help.as_text(&state.keymap)),
            Some(Overlay::Log(_)) => return Some(state.notices.as_text(state.wall, &state.zone)),
            _ => {}
        }
        if state.screen == Screen::History {
            let detail = state.history.detail.as_ref()?;
            let execution = detail.execution()?;
            return Some(match detail.showing {
                DetailTab::Answer if execution.text.is_empty() => execution.refusal.clone(),
                DetailTab::Answer => execution.text.clone(),
                DetailTab::Prompt => super::reading::as_text(&execution.messages),
                DetailTab::Record => detail.facts_as_text(),
            });
        }
        match state.focus {
            Focus::Library => state.library.selected_entry().map(|entry| entry.id.to_string()),
            Focus::Editor => {
                let editor = &state.document.as_ref()?.editor;
                Some(editor.buffer().selected_text().unwrap_or_else(|| editor.text()))
            }
            Focus::Inputs => {
                let inputs = &state.document.as_ref()?.inputs;
                match inputs.row() {
                    FormRow::Field(index) => Some(inputs.fields().get(index)?.editor.text()),
                    FormRow::Model | FormRow::Parameters => None,
                }
            }
            Focus::Output(variant) => {
                state.pane(variant)?.shown().map(|output| output.exact_text().to_owned())
            }
        }
    }
}
