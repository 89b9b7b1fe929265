//! The list of saved versions: compare, roll back, name, run.

use semver::Version;

use super::{motion, step::Step};
use crate::{
    model::{TemplateId, VariantName, VariantSource, VersionRecord},
    tui::{
        effect::Question,
        keymap::Action,
        msg::Fault,
        state::{
            LineDialog, LineInput, LineIntent, Overlay, Purpose, VersionList, VersionRow,
            front_area,
        },
        text::Scroll,
        widgets::editor::Clipping,
    },
};

impl Step<'_> {
    /// Lists the versions, to look through or (with `pick`) to choose what the variant runs.
    pub fn open_versions(&mut self, pick: bool) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        let id = document.id.clone();
        let pick = pick.then(|| self.state.variant());
        self.put_in_front(Overlay::Versions(VersionList {
            marked: Vec::new(),
            pick,
            selected: 0,
            scroll: Scroll::at_top(),
            loading: true,
        }));
        self.ask(Purpose::Versions(id.clone()), Question::Versions(id));
    }

    pub fn take_versions(
        &mut self,
        template: &TemplateId,
        versions: Result<Vec<VersionRecord>, Fault>,
    ) {
        if let Some(Overlay::Versions(list)) = self.version_list() {
            list.loading = false;
        }
        let before = self.known_versions();
        match versions {
            Ok(versions) => {
                if let Some(document) = self.state.document.as_mut().filter(|it| it.id == *template)
                {
                    document.versions = versions;
                    self.keep_version_selected(&before);
                }
            }
            Err(fault) => self.fail(&fault),
        }
    }

    /// The versions of the open template that are known.
    pub fn known_versions(&self) -> Vec<Version> {
        let records = self.state.document.iter().flat_map(|document| &document.versions);
        records.map(|record| record.version.clone()).collect()
    }

    /// The row that was selected in a list in front stays so where the versions were others.
    pub fn keep_version_selected(&mut self, before: &[Version]) {
        let after = self.known_versions();
        let Some(Overlay::Versions(list)) = self.version_list() else { return };
        let last = list.rows(after.len()).saturating_sub(1);
        let place = match list.row(list.selected, before.len()) {
            VersionRow::Draft => Some(0),
            VersionRow::AnotherTemplate => Some(last),
            VersionRow::Version(place) => before
                .get(place)
                .and_then(|chosen| after.iter().position(|version| version == chosen))
                .map(|place| place + usize::from(list.pick.is_some())),
        };
        list.selected = place.unwrap_or(list.selected).min(last);
    }

    fn version_list(&mut self) -> Option<&mut Overlay> {
        self.state.overlays.iter_mut().find(|overlay| matches!(overlay, Overlay::Versions(_)))
    }

    pub fn act_in_versions(&mut self, action: Action) {
        let height = usize::from(front_area(self.state).rows.height);
        let count = self.state.document.as_ref().map_or(0, |document| document.versions.len());
        let Some(Overlay::Versions(list)) = self.state.overlays.last_mut() else { return };
        let rows = list.rows(count);
        if let Some(by) = motion::rows(action, height) {
            let last = rows.saturating_sub(1);
            list.selected = list.selected.saturating_add_signed(by).min(last);
            return;
        }
        let (pick, row) = (list.pick, list.row(list.selected, count));
        let place = match row {
            VersionRow::Version(place) => Some(place),
            VersionRow::Draft | VersionRow::AnotherTemplate => None,
        };
        let record = place.and_then(|place| {
            self.state.document.as_ref().and_then(|document| document.versions.get(place).cloned())
        });
        match (action, pick, record) {
            (Action::MarkVersion, _, Some(record)) => self.mark_version(record.version),
            (Action::Accept, _, _) if self.marked_versions() > 0 => self.run_marked_versions(),
            (Action::Accept, Some(variant), None) if row == VersionRow::AnotherTemplate => {
                self.state.overlays.pop();
                self.open_run_templates(variant);
            }
            (Action::Accept, Some(variant), record) => {
                let source =
                    record.map_or(VariantSource::Draft, |it| VariantSource::Version(it.version));
                self.state.overlays.pop();
                self.set_source(variant, source);
            }
            (Action::Accept | Action::Diff, _, Some(record)) => self.diff_version(&record),
            (Action::RollBack, _, Some(record)) => self.roll_back_to(record),
            (Action::Undo, ..) => self.undo_of_labels(),
            (Action::LabelVersion, _, Some(record)) => {
                let input = LineInput::new(record.label.as_deref().unwrap_or_default());
                let intent = LineIntent::Label(record.version);
                self.put_in_front(Overlay::Line(LineDialog { intent, input, error: None }));
            }
            (Action::Copy, _, Some(record)) => {
                self.clip(Clipping { text: record.content, whole_lines: false });
            }
            _ => {}
        }
    }

    fn marked_versions(&self) -> usize {
        match self.state.overlays.last() {
            Some(Overlay::Versions(list)) => list.marked.len(),
            _ => 0,
        }
    }

    /// Marks a version, or takes the mark away, and goes on to the next.
    fn mark_version(&mut self, version: Version) {
        let Some(Overlay::Versions(list)) = self.state.overlays.last_mut() else { return };
        if let Some(place) = list.marked.iter().position(|marked| *marked == version) {
            list.marked.remove(place);
        } else if list.marked.len() < VariantName::ALL.len() {
            list.marked.push(version);
        } else {
            return self.warn("Four versions run side by side at most; take a mark away first");
        }
        self.act_in_versions(Action::MoveDown);
    }

    /// Gives every marked version a pane, all with the model and parameters of the focused one.
    fn run_marked_versions(&mut self) {
        let Some(Overlay::Versions(list)) = self.state.overlays.pop() else { return };
        let sources = list.marked.into_iter().map(VariantSource::Version).collect();
        self.fill_panes_with(self.state.variant(), sources, |pane, source| pane.source = source);
    }

    fn diff_version(&mut self, record: &VersionRecord) {
        let Some(document) = &self.state.document else { return };
        let name = if document.is_draft() { "draft" } else { "file" };
        let new = document.editor.text();
        self.show_diff((record.version.to_string(), name.to_owned()), &record.content, &new);
    }

    fn roll_back_to(&mut self, record: VersionRecord) {
        let Some(document) = &self.state.document else { return };
        if !document.writable {
            return self.warn("Built-in samples cannot be changed; `lathe init` makes a workspace");
        }
        if document.saving {
            return self.tell("A save is under way");
        }
        if document.file_text == record.content {
            return self.tell(format!("The file already is version {}", record.version));
        }
        let base = Some(document.base.clone());
        self.roll_back(record.version, base);
    }

    /// Enter in a line to fill in; what cannot be taken says so and stays.
    pub fn act_in_line(&mut self, action: Action) {
        if action != Action::Accept {
            return;
        }
        let Some(Overlay::Line(dialog)) = self.state.overlays.last() else { return };
        let (intent, text) = (dialog.intent.clone(), dialog.input.text().trim().to_owned());
        let taken = match intent {
            LineIntent::Label(version) => {
                self.label_version(version, &text);
                Ok(())
            }
            LineIntent::Tag(execution) => self.tag_execution(execution, &text),
            LineIntent::Export => self.export_to(&text),
            LineIntent::SaveAnswer(variant) => self.save_answer(variant, &text),
            LineIntent::InputSet => self.name_inputs(&text),
            LineIntent::RenameSet(name) => self.rename_set(&name, &text),
            LineIntent::ChartRange => self.choose_range(&text),
            LineIntent::LoadFile => self.load_file(&text),
            LineIntent::NewTemplate => self.keep_scratch(&text),
        };
        match taken {
            Ok(()) => self.state.overlays.retain(|overlay| !matches!(overlay, Overlay::Line(_))),
            Err(error) => {
                if let Some(Overlay::Line(dialog)) = self.state.overlays.last_mut() {
                    dialog.error = Some(error);
                }
            }
        }
    }

    fn label_version(&mut self, version: Version, text: &str) {
        let Some(document) = &self.state.document else { return };
        let label = Some(text.to_owned()).filter(|label| !label.is_empty());
        let template = document.id.clone();
        let before = document.version_record(&version).and_then(|record| record.label.clone());
        let before = before.filter(|before| label.as_ref() != Some(before));
        let question = Question::Label {
            template: template.clone(),
            version: version.clone(),
            label: label.clone(),
        };
        self.ask(Purpose::Label { template, version, label, before, undo: None }, question);
    }

    /// A version got a name, or none.
    pub fn take_labelled(
        &mut self,
        template: &TemplateId,
        version: &Version,
        label: Option<String>,
    ) {
        let text = match &label {
            Some(label) => format!("Version {version} is called {label}"),
            None => {
                self.spelled(&format!("Version {version} has no name now; {{undo}} brings it back"))
            }
        };
        if let Some(document) = self.state.document.as_mut().filter(|it| it.id == *template)
            && let Some(record) = document.versions.iter_mut().find(|it| it.version == *version)
        {
            record.label = label;
        }
        self.tell(text);
    }
}
