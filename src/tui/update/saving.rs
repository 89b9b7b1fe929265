//! Saving a version, and the file that changed outside meanwhile.

use semver::Version;

use super::step::Step;
use crate::{
    model::{Bump, ContentHash, TemplateId, VersionRecord},
    tui::{
        effect::{Keep, Question},
        keymap::Action,
        msg::{SaveFault, SavedVersion},
        state::{Conflict, ConflictChoice, LineInput, Overlay, Purpose, SaveDialog, SaveIntent},
    },
};

impl Step<'_> {
    pub fn open_save(&mut self) {
        let Some(document) = &self.state.document else {
            return self.warn("No template is open; pick one in the library");
        };
        if self.state.is_scratch() {
            return self.open_keep_scratch();
        }
        if !document.writable {
            return self.warn("Built-in samples cannot be changed; `lathe init` makes a workspace");
        }
        if document.saving {
            return self.tell("A save is under way");
        }
        if let Some(version) = document.saved_as().filter(|_| !document.is_draft()) {
            let text = format!("There is nothing to save: the text is version {version}");
            return self.tell(text);
        }
        let from = document.newest_version().cloned().unwrap_or(Version::new(0, 0, 0));
        let bump = Bump::Patch;
        self.put_in_front(Overlay::Save(SaveDialog { from, bump, note: LineInput::default() }));
    }

    pub fn act_in_save(&mut self, action: Action) {
        let Some(Overlay::Save(dialog)) = self.state.overlays.last_mut() else { return };
        match action {
            Action::MoveDown | Action::NextPane => dialog.turn(true),
            Action::MoveUp | Action::PreviousPane => dialog.turn(false),
            Action::Accept | Action::SaveVersion => {
                let (bump, note) = (dialog.bump, dialog.note.text().trim().to_owned());
                self.state.overlays.pop();
                let base = self.state.document.as_ref().map(|document| document.base.clone());
                self.save(bump, note, base);
            }
            _ => {}
        }
    }

    fn save(&mut self, bump: Bump, note: String, base: Option<ContentHash>) {
        let Some(document) = &mut self.state.document else { return };
        document.saving = true;
        let (template, text) = (document.id.clone(), document.editor.text());
        let purpose = Purpose::Save {
            template: template.clone(),
            bump,
            note: note.clone(),
            sent: text.clone(),
        };
        self.ask(purpose, Question::Save { template, text, bump, note, base });
    }

    pub fn roll_back(&mut self, to: Version, base: Option<ContentHash>) {
        let Some(document) = &mut self.state.document else { return };
        document.saving = true;
        let template = document.id.clone();
        let purpose = Purpose::RollBack { template: template.clone(), to: to.clone() };
        self.ask(purpose, Question::RollBack { template, to, base });
    }

    /// A save (or a rollback, which sent no text) is over.
    pub fn take_saved(
        &mut self,
        template: &TemplateId,
        sent: Option<&str>,
        intent: SaveIntent,
        saved: Result<Box<SavedVersion>, SaveFault>,
    ) {
        if let Some(document) = self.state.document.as_mut().filter(|it| it.id == *template) {
            document.saving = false;
        } else if let Some(shelved) = self.state.shelf.get_mut(template) {
            shelved.document.saving = false;
        }
        match saved {
            Ok(saved) => {
                self.version_saved(template, sent, *saved);
                // A list that was asked for before the save was recorded would lack it.
                let asked =
                    |purpose: &Purpose| matches!(purpose, Purpose::Versions(id) if id == template);
                if self.state.pending.is_asked(asked) {
                    self.ask(
                        Purpose::Versions(template.clone()),
                        Question::Versions(template.clone()),
                    );
                }
            }
            Err(SaveFault::Failed(fault)) => self.fail(&fault),
            Err(SaveFault::ChangedOutside { text, base }) => {
                self.warn(format!("{template} changed outside since it was opened"));
                if self.state.document.as_ref().is_some_and(|it| it.id == *template) {
                    self.put_in_front(Overlay::Conflict(Conflict {
                        template: template.clone(),
                        theirs: text,
                        base,
                        intent,
                        selected: ConflictChoice::SeeDiff,
                    }));
                }
            }
        }
    }

    fn version_saved(&mut self, template: &TemplateId, sent: Option<&str>, saved: SavedVersion) {
        let version = saved.record.version.clone();
        let text = match &saved.record.rolled_back_from {
            Some(from) => format!("Version {version} has the content of {from}"),
            None => format!("Saved {template} as {version}"),
        };
        self.tell(text);
        self.state.library.mark_version(template, &version);
        let before = self.known_versions();
        let is_open = self.state.document.as_ref().is_some_and(|it| it.id == *template);
        let shelved = self.state.shelf.get_mut(template).map(|shelved| &mut shelved.document);
        let document = if is_open { self.state.document.as_mut() } else { shelved };
        let Some(document) = document else { return };
        add_version(&mut document.versions, saved.record);
        // What was typed while the save was under way stays, as a draft of the new version.
        if sent.is_none_or(|sent| document.editor.text() == sent) {
            document.editor.replace_all(&saved.text);
        }
        document.set_file(saved.text, saved.base);
        let draft = document.is_draft();
        let text = draft.then(|| document.editor.text());
        self.state.library.mark_draft(template, draft);
        self.keep(Keep::Draft { template: template.clone(), text });
        if is_open {
            self.keep_version_selected(&before);
            self.analyse();
        }
    }

    pub fn act_in_conflict(&mut self, action: Action) {
        let Some(Overlay::Conflict(conflict)) = self.state.overlays.last_mut() else { return };
        let choices = ConflictChoice::ALL;
        let place = choices.iter().position(|choice| *choice == conflict.selected).unwrap_or(0);
        let to = match action {
            Action::MoveUp | Action::PreviousPane => place.checked_sub(1),
            Action::MoveDown | Action::NextPane => Some(place + 1),
            Action::Accept => return self.settle_conflict(),
            _ => None,
        };
        if let Some(choice) = to.and_then(|to| choices.get(to)) {
            conflict.selected = *choice;
        }
    }

    fn settle_conflict(&mut self) {
        let Some(Overlay::Conflict(conflict)) = self.state.overlays.last() else { return };
        let conflict = conflict.clone();
        let is_open = self.state.document.as_ref().is_some_and(|it| it.id == conflict.template);
        if !is_open {
            self.state.overlays.pop();
            return;
        }
        match conflict.selected {
            ConflictChoice::SeeDiff => {
                let Some(document) = &self.state.document else { return };
                let mine = document.editor.text();
                let titles = ("the file now".to_owned(), "mine".to_owned());
                self.show_diff(titles, &conflict.theirs, &mine);
            }
            ConflictChoice::KeepMine => {
                self.state.overlays.pop();
                // Only what was shown is overwritten: a file that changed once more asks again.
                match conflict.intent {
                    SaveIntent::Save { bump, note } => self.save(bump, note, Some(conflict.base)),
                    SaveIntent::RollBack { to } => self.roll_back(to, Some(conflict.base)),
                }
            }
            ConflictChoice::TakeTheirs => {
                self.state.overlays.pop();
                if let Some(document) = &mut self.state.document {
                    document.editor.replace_all(&conflict.theirs);
                    document.set_file(conflict.theirs, conflict.base);
                }
                self.text_changed();
                self.tell("The file's text is here; undo brings yours back");
            }
        }
    }
}

/// Adds a version where it belongs, newest first.
fn add_version(versions: &mut Vec<VersionRecord>, record: VersionRecord) {
    versions.retain(|other| other.version != record.version);
    versions.insert(0, record);
}
