//! Lists that lead somewhere: any template, any place in their texts, a set of inputs; and what
//! is filled in from elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{palette, step::Step};
use crate::{
    model::{Preset, TemplateId},
    prompt::tool_file,
    tui::{
        effect::{Keep, Question},
        keymap::Action,
        msg::{Fault, FoundLine, LibraryEntry},
        state::{
            Document, FILTER_REST, Focus, FormRow, InputSets, JumpTo, Lead, LineDialog, LineInput,
            LineIntent, ListDialog, ListKind, ListRow, Overlay, Pane, Purpose, SCRATCH, Screen,
            Wake, jump_labels,
        },
        widgets::editor::Position,
    },
};

/// The setting that names the templates that were open last.
pub const RECENT: &str = "workbench.recent";

/// So many of them are kept.
const MOST_RECENT: usize = 20;

impl Step<'_> {
    /// Lists every template, those that were open last first.
    pub fn go_to_template(&mut self) {
        let rows = self.template_rows(false, Lead::Template);
        self.put_in_front(Overlay::List(ListDialog::new(ListKind::Templates, rows)));
    }

    /// A row for every template, those that were open last first; the open one at the top or
    /// where its name puts it.
    pub fn template_rows(
        &self,
        open_first: bool,
        leads: impl Fn(TemplateId) -> Lead,
    ) -> Vec<ListRow> {
        let entries: BTreeMap<&TemplateId, &LibraryEntry> =
            self.state.library.entries().iter().map(|entry| (&entry.id, entry)).collect();
        let open = self.state.document.as_ref().map(|document| &document.id);
        let first = self.state.recent.iter().filter(|id| open_first || Some(*id) != open);
        let first: Vec<&TemplateId> = first.filter(|id| entries.contains_key(id)).collect();
        let taken: BTreeSet<&TemplateId> = first.iter().copied().collect();
        let others = self.state.library.ids().filter(|id| !taken.contains(id));
        let row = |id: &TemplateId| {
            let entry = entries.get(id);
            let version = entry.and_then(|entry| entry.version.as_ref());
            let mut detail = version.map_or_else(String::new, ToString::to_string);
            if entry.is_some_and(|entry| entry.draft) {
                detail.push_str(" draft");
            }
            ListRow { name: id.to_string(), detail, leads: leads(id.clone()) }
        };
        first.iter().copied().chain(others).map(row).collect()
    }

    /// Lists the tasks that parameters are known to suit.
    pub fn open_presets(&mut self) {
        let rows = Preset::ALL
            .into_iter()
            .map(|preset| {
                let values = preset.parameters().to_map();
                let values: Vec<String> =
                    values.iter().map(|(name, value)| format!("{name} {value}")).collect();
                ListRow {
                    name: preset.as_str().to_owned(),
                    detail: values.join("  "),
                    leads: Lead::Preset(preset),
                }
            })
            .collect();
        self.put_in_front(Overlay::List(ListDialog::new(ListKind::Presets, rows)));
    }

    /// Gives the focused variant the parameters of a preset; what it leaves open stays.
    fn apply_preset(&mut self, preset: Preset) {
        let variant = self.state.variant();
        if let Some(pane) = self.state.pane_mut(variant) {
            pane.parameters = pane.parameters.overlaid(&preset.parameters());
            self.tell(format!("{variant} has the parameters for {}", preset.as_str()));
        }
    }

    /// Searches the texts of all templates for what is typed.
    pub fn search_templates(&mut self) {
        self.put_in_front(Overlay::List(ListDialog::new(ListKind::Places, Vec::new())));
    }

    /// Lists the named sets of inputs of the open template.
    pub fn open_input_sets(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let template = document.id.clone();
        self.put_in_front(Overlay::List(ListDialog::new(ListKind::InputSets, Vec::new())));
        self.state.input_sets = None;
        self.show_input_sets(&BTreeMap::new());
        self.ask(Purpose::InputSets(template.clone()), Question::InputSets(template));
    }

    pub fn take_input_sets(&mut self, template: &TemplateId, sets: Result<InputSets, Fault>) {
        if self.state.document.as_ref().is_none_or(|document| document.id != *template) {
            return;
        }
        match sets {
            Ok(sets) => {
                self.show_input_sets(&sets);
                self.state.input_sets = Some((template.clone(), sets));
            }
            Err(fault) => self.fail(&fault),
        }
    }

    pub fn show_input_sets(&mut self, sets: &InputSets) {
        let mut rows: Vec<ListRow> = sets
            .iter()
            .map(|(name, values)| {
                let values_in_words: Vec<String> = values
                    .iter()
                    .map(|(key, value)| format!("{key}={}", crate::tui::state::shown(value)))
                    .collect();
                ListRow {
                    name: name.clone(),
                    detail: values_in_words.join("  "),
                    leads: Lead::Inputs(values.clone()),
                }
            })
            .collect();
        rows.push(ListRow {
            name: "keep the present values as a set".to_owned(),
            detail: String::new(),
            leads: Lead::NameInputs,
        });
        let list = self.state.overlays.iter_mut().rev().find_map(|overlay| match overlay {
            Overlay::List(list) if list.kind == ListKind::InputSets => Some(list),
            _ => None,
        });
        if let Some(list) = list {
            renew(list, rows);
        }
    }

    /// After what is typed over a list changed, or its rows did.
    pub fn list_query_changed(&mut self) {
        let Some(Overlay::List(list)) = self.state.overlays.last() else { return };
        if list.kind == ListKind::Places {
            self.wake(Wake::SearchTemplates, FILTER_REST);
        } else {
            self.match_list();
        }
    }

    fn match_list(&mut self) {
        if let Some(Overlay::List(list)) = self.state.overlays.last_mut() {
            matched(list);
        }
    }

    /// What is typed has rested: the texts are searched.
    pub fn search_texts(&mut self) {
        let Some(Overlay::List(list)) = self.state.overlays.last() else { return };
        if list.kind != ListKind::Places {
            return;
        }
        let text = list.picker.query.text().trim().to_owned();
        if text.is_empty() {
            return self.take_places(Ok(Vec::new()));
        }
        self.ask(Purpose::Places, Question::Places(text));
    }

    pub fn take_places(&mut self, places: Result<Vec<FoundLine>, Fault>) {
        let places = match places {
            Ok(places) => places,
            Err(fault) => return self.fail(&fault),
        };
        let Some(Overlay::List(list)) = self.state.overlays.last() else { return };
        if list.kind != ListKind::Places {
            return;
        }
        let rows = self.places(&places, &list.picker.query.text().trim().to_lowercase());
        if let Some(Overlay::List(list)) = self.state.overlays.last_mut() {
            list.rows = rows;
        }
        self.match_list();
    }

    /// Places in files and drafts, and in place of those of a text that was changed here and not
    /// saved, the places in that.
    fn places(&self, places: &[FoundLine], wanted: &str) -> Vec<ListRow> {
        let row = |template: &TemplateId, line: usize, text: &str, of: &str| ListRow {
            name: format!("{template}:{}", line + 1),
            detail: format!("{of}{}", text.trim()),
            leads: Lead::Line(template.clone(), line),
        };
        let shelved = self.state.shelf.values().map(|shelved| &shelved.document);
        let known = self.state.document.iter().chain(shelved);
        let drafts: BTreeMap<&TemplateId, &Document> =
            known.filter(|it| it.is_draft()).map(|document| (&document.id, document)).collect();
        let mut rows = Vec::new();
        for (id, document) in drafts.iter().filter(|_| !wanted.is_empty()) {
            let text = document.editor.text();
            let lines = text.lines().enumerate();
            let found = lines.filter(|(_, text)| text.to_lowercase().contains(wanted));
            rows.extend(found.map(|(line, text)| row(id, line, text, "draft: ")));
        }
        for place in places.iter().filter(|place| !drafts.contains_key(&place.template)) {
            let of = if place.in_draft { "draft: " } else { "" };
            rows.push(row(&place.template, place.line, &place.text, of));
        }
        rows
    }

    pub fn act_in_list(&mut self, action: Action) {
        let marks = matches!(self.state.overlays.last(),
            Some(Overlay::List(list)) if list.kind == ListKind::RunTemplates);
        if marks && action == Action::Mark {
            return self.mark_template();
        }
        if self.move_in_picker(action) || action != Action::Accept {
            return;
        }
        let Some(Overlay::List(list)) = self.state.overlays.last() else { return };
        let (variant, marked) = (list.variant, list.marked.clone());
        if let Some(variant) = variant.filter(|_| !marked.is_empty()) {
            self.state.overlays.pop();
            return self.run_marked_templates(variant, marked);
        }
        let Some(row) = list.chosen().cloned() else {
            return self.tell("There is nothing here to go to");
        };
        self.state.overlays.pop();
        match row.leads {
            Lead::Run(id) => {
                let source = self.source_of(id);
                self.set_source(variant.unwrap_or(self.state.variant()), source);
            }
            Lead::Template(id) => self.go_to(id, None),
            Lead::Line(id, line) => self.go_to(id, Some(line)),
            Lead::Inputs(values) => {
                if let Some(document) = &mut self.state.document {
                    document.inputs.fill(&values);
                }
                self.inputs_changed();
                self.tell(format!("The inputs are those of the set {}", row.name));
            }
            Lead::Preset(preset) => self.apply_preset(preset),
            Lead::Finding(finding) => self.go_to_finding(&finding),
            Lead::NameInputs => self.put_in_front(Overlay::Line(LineDialog {
                intent: LineIntent::InputSet,
                input: LineInput::default(),
                error: None,
            })),
        }
    }

    pub fn go_to(&mut self, id: TemplateId, line: Option<usize>) {
        self.show(Screen::Workbench);
        self.state.opening_line = line.map(|line| (id.clone(), line));
        if self.state.document.as_ref().is_some_and(|document| document.id == id) {
            self.state.set_focus(Focus::Editor);
            self.show_opening_line();
        } else {
            self.open(id, None);
        }
    }

    /// Puts the cursor at the line that was to be opened, once its template is in sight.
    pub fn show_opening_line(&mut self) {
        let Some((id, line)) = self.state.opening_line.take() else { return };
        // The editor has its size first, so that the line comes into sight.
        self.state.fit();
        if let Some(document) = self.state.document.as_mut().filter(|it| it.id == id) {
            document.editor.go_to(Position::new(line, 0));
        }
    }

    /// Notes that a template was opened.
    pub fn note_recent(&mut self) {
        let Some(id) = self.state.document.as_ref().map(|document| document.id.clone()) else {
            return;
        };
        self.state.recent.retain(|known| *known != id);
        self.state.recent.insert(0, id);
        self.state.recent.truncate(MOST_RECENT);
        let value = self.state.recent.iter().map(|id| Value::from(id.as_str())).collect();
        self.keep(Keep::Setting { name: RECENT, value: Value::Array(value) });
    }

    /// Asks for a file whose text goes into the selected field.
    pub fn open_load_file(&mut self) {
        let field = self.state.document.as_ref().map(|document| document.inputs.row());
        match field {
            Some(FormRow::Field(_)) => self.put_in_front(Overlay::Line(LineDialog {
                intent: LineIntent::LoadFile,
                input: LineInput::default(),
                error: None,
            })),
            _ => self.warn("Select a field of the inputs first"),
        }
    }

    pub fn load_file(&mut self, path: &str) -> Result<(), String> {
        let path = path.trim_start_matches('@');
        if path.is_empty() {
            return Err("name a file".to_owned());
        }
        let Some(document) = &self.state.document else { return Ok(()) };
        let FormRow::Field(index) = document.inputs.row() else { return Ok(()) };
        let Some(field) = document.inputs.fields().get(index) else { return Ok(()) };
        let purpose =
            Purpose::LoadFile { template: document.id.clone(), name: field.spec.name.clone() };
        self.ask(purpose, Question::ReadFile(path.to_owned()));
        Ok(())
    }

    pub fn take_file(&mut self, template: &TemplateId, name: &str, read: Result<String, Fault>) {
        let text = match read {
            Ok(text) => text,
            Err(fault) => return self.fail(&fault),
        };
        let bytes = text.len();
        let name_owned = name.to_owned();
        let open = self.state.document.as_mut().filter(|document| document.id == *template);
        let Some(document) = open else { return };
        let index = document.inputs.fields().iter().position(|field| field.spec.name == name);
        let Some(field) = index.and_then(|index| document.inputs.field_mut(index)) else { return };
        field.editor.replace_all(&text);
        self.inputs_changed();
        self.tell(format!("{name_owned} holds the file, {bytes} bytes"));
    }

    /// Goes to what is under the cursor: the execution of the answer in sight, or the template
    /// that the editor's line includes.
    pub fn go_to_source(&mut self) {
        match self.state.focus {
            Focus::Output(variant) => {
                if self.would_unveil() {
                    return;
                }
                let output = self.state.pane(variant).and_then(Pane::shown);
                let execution = output.and_then(|output| output.execution.as_ref());
                let Some(id) = execution.map(|execution| execution.id) else {
                    return self.warn("There is no finished answer here to go to");
                };
                self.show(Screen::History);
                self.read_execution(id);
            }
            Focus::Editor => self.go_to_include(),
            Focus::Library | Focus::Inputs => {
                self.tell(
                    "Under the cursor of the editor or in an answer there is something to go to",
                );
            }
        }
    }

    fn go_to_include(&mut self) {
        let Some(document) = &self.state.document else { return };
        let buffer = document.editor.buffer();
        let line = buffer.line(buffer.cursor().line);
        let name = line
            .split_once("{{include:")
            .and_then(|(_, rest)| rest.split_once("}}"))
            .map(|(name, _)| name.trim().to_owned())
            .or_else(|| {
                let (_, rest) = line.split_once("{% include ")?;
                rest.split(['"', '\'']).nth(1).map(str::to_owned)
            });
        let Some(name) = name else {
            let told = offered(document, line, buffer.cursor().byte);
            return self.tell(
                told.unwrap_or_else(|| "There is no include and no tool in this line".to_owned()),
            );
        };
        let id = self.state.library.ids().find(|id| id.as_str() == name || id.name() == name);
        if let Some(id) = id.cloned() {
            return self.go_to(id, None);
        }
        let reload = self.spelled("{reload} reads it");
        self.tell(format!(
            "{name} is a file in partials/: change it with an editor of your own, then {reload}"
        ));
    }

    /// Puts a letter on every place that can have the focus.
    pub fn start_jump(&mut self) {
        self.put_in_front(Overlay::Jump(String::new()));
    }

    /// Goes where the letters typed so far lead, or waits for the second one; any other goes
    /// nowhere.
    pub fn jump(&mut self, letter: &str) {
        let Some(Overlay::Jump(typed)) = self.state.overlays.pop() else { return };
        let typed = typed + letter;
        let labels = jump_labels(self.state);
        let Some(label) = labels.iter().find(|label| label.letters == typed) else {
            if labels.iter().any(|label| label.letters.starts_with(&typed)) {
                self.state.overlays.push(Overlay::Jump(typed));
            }
            return;
        };
        match label.to {
            JumpTo::Pane(focus) => self.state.set_focus(focus),
            JumpTo::Field(row) => {
                self.state.set_focus(Focus::Inputs);
                if let Some(document) = &mut self.state.document {
                    document.inputs.select(row);
                }
                if matches!(row, FormRow::Field(_)) {
                    self.start_typing();
                }
            }
            JumpTo::HistoryList => self.state.history.in_detail = false,
            JumpTo::HistoryDetail => self.state.history.in_detail = true,
            JumpTo::Chart(focus) => self.state.charts.focus = focus,
        }
    }

    /// Opens the prompt that has no file.
    pub fn open_scratch(&mut self) {
        if let Ok(id) = TemplateId::new(SCRATCH) {
            self.go_to(id, None);
        }
    }

    /// Asks for the name that the prompt without a file is to be kept under.
    pub fn open_keep_scratch(&mut self) {
        self.put_in_front(Overlay::Line(LineDialog {
            intent: LineIntent::NewTemplate,
            input: LineInput::default(),
            error: None,
        }));
    }

    pub fn keep_scratch(&mut self, name: &str) -> Result<(), String> {
        let id = TemplateId::new(name).map_err(|error| error.to_string())?;
        if self.state.library.entry(&id).is_some() {
            return Err(format!("{id} is there already"));
        }
        let Some(document) = &self.state.document else { return Ok(()) };
        let text = document.editor.text();
        self.ask(Purpose::Create(id.clone()), Question::Create { template: id, text });
        Ok(())
    }

    pub fn take_created(&mut self, id: TemplateId, created: Result<(), Fault>) {
        match created {
            Ok(()) => {
                self.tell(format!("Kept as {id}"));
                self.state.opening = Some(id.clone());
                self.ask(Purpose::Library, Question::Library);
                self.open(id, None);
            }
            Err(fault) => self.fail(&fault),
        }
    }
}

/// Has a list show the rows that fit what is typed.
fn matched(list: &mut ListDialog) {
    let found = found(list);
    list.picker.set_matches(found);
}

/// Has a list show other rows; the one that was selected stays so.
pub(super) fn renew(list: &mut ListDialog, rows: Vec<ListRow>) {
    // Where the values can be kept is the first of all only until the others are read.
    let chosen = list.chosen().filter(|row| row.leads != Lead::NameInputs);
    let chosen = chosen.map(|row| row.name.clone());
    list.rows = rows;
    let kept = match chosen {
        Some(name) => list.rows.iter().position(|row| row.name == name),
        None => Some(0),
    };
    let found = found(list);
    list.picker.renew(found, kept);
}

/// The places of the rows that fit what is typed, best first.
fn found(list: &ListDialog) -> Vec<usize> {
    if list.kind == ListKind::Places {
        (0..list.rows.len()).collect()
    } else {
        let words = list.rows.iter().map(|row| list.words(row));
        palette::matches(list.picker.query.text(), words)
    }
}

/// What the tool is that a line names, the one under the cursor before others: tools are files
/// that the editor outside opens.
fn offered(document: &Document, line: &str, cursor: usize) -> Option<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut words = Vec::new();
    let mut at = 0;
    for word in line.split(|c: char| !is_part(c)) {
        words.push((at, word));
        at += word.len() + line.get(at + word.len()..)?.chars().next().map_or(0, char::len_utf8);
    }
    let under = |&&(start, word): &&(usize, &str)| (start..=start + word.len()).contains(&cursor);
    let tools = &document.analysis.generation.tools;
    let tool = words
        .iter()
        .find(under)
        .into_iter()
        .chain(&words)
        .find_map(|(_, word)| tools.iter().find(|tool| tool.name == *word))?;
    let about = tool.description.as_deref().unwrap_or("a tool without a description");
    Some(format!("{}: {about}", tool_file(&tool.name)))
}
