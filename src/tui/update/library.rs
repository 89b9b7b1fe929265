//! The list of templates and opening one.

use super::step::Step;
use crate::{
    model::{Execution, TemplateId, VariantSource},
    tui::{
        effect::Question,
        msg::{Fault, LibraryEntry, OpenedTemplate},
        state::{Document, Focus, Pane, Purpose, SCRATCH, Screen, Shelved},
    },
};

impl Step<'_> {
    /// Reads again what the screen shows.
    pub fn reload(&mut self) {
        match self.state.screen {
            Screen::Workbench => {
                self.reload_library();
                self.tell("The workspace is read again");
            }
            Screen::History => self.refresh_history(),
            Screen::Charts => self.ask_charts(),
        }
    }

    pub fn reload_library(&mut self) {
        self.state.library.loading = true;
        self.ask(Purpose::Library, Question::Library);
        self.refresh_document();
    }

    /// Back in the window: files may have changed meanwhile.
    pub fn window_focus(&mut self, focused: bool) {
        let came_back = focused && !self.state.focused;
        self.state.focused = focused;
        if came_back {
            self.reload_library();
            self.look_for_others();
        }
    }

    pub fn refresh_document(&mut self) {
        if let Some(document) = &self.state.document {
            let id = document.id.clone();
            self.ask(Purpose::Refresh(id.clone()), Question::Open(id));
        }
        self.read_beside();
    }

    pub fn take_library(&mut self, entries: Result<Vec<LibraryEntry>, Fault>) {
        let entries = match entries {
            Ok(entries) => entries,
            Err(fault) => {
                self.state.library.loading = false;
                self.state.run_when_open = None;
                let message = crate::tui::text::one_line(&fault.message, self.state.marks);
                self.state.library.error = Some(message.into_owned());
                self.fail(&fault);
                return;
            }
        };
        self.state.library.set_entries(entries);
        if let Some(document) = &self.state.document {
            let (id, draft) = (document.id.clone(), document.is_draft());
            self.state.library.mark_draft(&id, draft);
            return;
        }
        let wanted = self.state.opening.take();
        let first = {
            let library = &self.state.library;
            wanted
                .filter(|id| library.entry(id).is_some() || id.as_str() == SCRATCH)
                .or_else(|| library.selected_entry().map(|entry| entry.id.clone()))
        };
        if let Some(id) = first {
            return self.open(id, None);
        }
        // There is none to open: what to do then stands where it would be listed, and a run that
        // waited for it says so.
        if self.state.focus == Focus::Library {
            self.state.set_focus(Focus::Library);
        }
        self.run_what_waited();
    }

    pub fn open_selected_template(&mut self) {
        let Some(entry) = self.state.library.selected_entry() else { return };
        let (id, broken) = (entry.id.clone(), entry.broken.clone());
        if let Some(reason) = broken {
            self.warn(format!("{id} does not read as a template: {reason}"));
        }
        if self.state.document.as_ref().is_some_and(|document| document.id == id) {
            self.state.set_focus(self.state.tour.map_or(Focus::Editor, |tour| tour.stop().focus));
        } else {
            self.open(id, None);
        }
    }

    /// Opens a template. One that was open before is in sight at once, as it was left, and its
    /// file is looked at again.
    pub fn open(&mut self, id: TemplateId, recall: Option<Box<Execution>>) {
        self.state.library.select_template(&id);
        if self.state.shelf.contains_key(&id) {
            self.put_on_shelf();
            if let Some(shelved) = self.state.shelf.remove(&id) {
                self.state.document = Some(shelved.document);
                self.state.panes = shelved.panes;
                self.after_opening(recall);
                self.refresh_document();
            }
            return;
        }
        self.ask(Purpose::Open { template: id.clone(), recall }, Question::Open(id));
    }

    fn put_on_shelf(&mut self) {
        self.keep_now();
        if let Some(document) = self.state.document.take() {
            let panes = std::mem::take(&mut self.state.panes);
            self.state.panes.extend(panes.iter().map(|pane| {
                let mut fresh = Pane::new(pane.variant);
                fresh.model.clone_from(&pane.model);
                fresh.parameters = pane.parameters.clone();
                fresh
            }));
            self.state.shelf.insert(document.id.clone(), Shelved { document, panes });
        }
    }

    pub fn take_opened(
        &mut self,
        opened: Result<Box<OpenedTemplate>, Fault>,
        recall: Option<Box<Execution>>,
    ) {
        let opened = match opened {
            Ok(opened) => *opened,
            Err(fault) => {
                self.state.run_when_open = None;
                return self.fail(&fault);
            }
        };
        self.put_on_shelf();
        let had_draft = opened.draft.is_some();
        let mut document = Document::new(opened, self.state.marks);
        document.editor.set_indent(self.state.tab_width);
        self.state.document = Some(document);
        if had_draft {
            self.tell(
                self.spelled("Your draft is back as you left it; {discard-draft} gives the file"),
            );
        }
        self.after_opening(recall);
    }

    fn after_opening(&mut self, recall: Option<Box<Execution>>) {
        if let Some(document) = &self.state.document {
            let (id, draft) = (document.id.clone(), document.is_draft());
            // What a pane was kept with may be the template that is in the editor now.
            for pane in &mut self.state.panes {
                if pane.other_template() == Some(&id) {
                    pane.source = VariantSource::Draft;
                }
            }
            self.state.library.select_template(&id);
            self.state.library.mark_draft(&id, draft);
        }
        if self.state.screen == Screen::Workbench {
            self.state.zoom = false;
        }
        self.state.set_focus(self.state.tour.map_or(Focus::Editor, |tour| tour.stop().focus));
        self.analyse();
        self.read_beside();
        self.note_recent();
        self.show_opening_line();
        if let Some(execution) = recall {
            self.recall_here(execution);
        }
        self.run_what_waited();
    }

    /// The file was looked at again. An untouched text follows it; a draft stays, and saving it
    /// will meet the conflict.
    pub fn take_refreshed(&mut self, id: &TemplateId, opened: Result<Box<OpenedTemplate>, Fault>) {
        let before = self.known_versions();
        let Some(document) = self.state.document.as_mut().filter(|document| document.id == *id)
        else {
            return;
        };
        let opened = match opened {
            Ok(opened) => *opened,
            Err(fault) => return self.fail(&fault),
        };
        document.versions = opened.versions;
        document.writable = opened.writable;
        self.keep_version_selected(&before);
        let Some(document) = self.state.document.as_mut() else { return };
        if opened.base == document.base {
            return;
        }
        if document.is_draft() {
            self.warn(format!("{id} changed outside; saving will show the difference"));
            return;
        }
        document.editor.replace_all(&opened.text);
        document.set_file(opened.text, opened.base);
        self.tell(format!("{id} changed outside and was read again; undo brings back what it was"));
        self.analyse();
    }
}
