//! The open template.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use semver::Version;
use serde_json::Value;

use super::inputs::InputsForm;
use crate::{
    model::{ContentHash, ModelRef, TemplateId, VersionRecord},
    prompt::{
        Form,
        highlight::{self, LineState, Span, SpanKind},
    },
    safety::MarkStyle,
    tui::{
        msg::{Analysis, OpenedTemplate},
        widgets::editor::{Buffer, Editor, Position},
    },
};

/// The id of the prompt that has no file.
pub const SCRATCH: &str = "scratch";

/// A template in the editor, with what is known of its text.
#[derive(Clone, Debug)]
pub struct Document {
    pub id: TemplateId,
    pub editor: Editor,
    /// What the file holds, as far as is known.
    pub file_text: String,
    /// The hash of what the file holds: what a save expects to find.
    pub base: ContentHash,
    /// Whether the file can be written.
    pub writable: bool,
    /// Newest first.
    pub versions: Vec<VersionRecord>,
    /// What is known of the text; of an earlier text while `analysed` is behind the editor.
    pub analysis: Analysis,
    /// The editor's revision that `analysis` is of; `None` before the first.
    pub analysed: Option<u64>,
    /// The model whose tokens, window and price `analysis` holds, or was asked for.
    pub counted_for: Option<ModelRef>,
    pub inputs: InputsForm,
    /// The values that were kept last.
    pub inputs_kept: BTreeMap<String, Value>,
    /// Whether a save is under way.
    pub saving: bool,
    /// Whether the text differs from the file.
    draft: bool,
    /// The size the editor was last given.
    cells: (usize, usize),
    highlights: Highlights,
}

impl Document {
    /// A template as it was opened; an unsaved draft of it comes back as it was, and undoing it
    /// gives the file's text.
    #[must_use]
    pub fn new(opened: OpenedTemplate, marks: MarkStyle) -> Self {
        let mut editor = Editor::new(&opened.text);
        editor.set_marks(marks);
        if let Some(draft) = &opened.draft {
            editor.replace_all(draft);
        }
        let mut document = Self {
            id: opened.id,
            editor,
            file_text: opened.text,
            base: opened.base,
            writable: opened.writable,
            versions: opened.versions,
            analysis: Analysis::default(),
            analysed: None,
            counted_for: None,
            inputs: InputsForm::new(&opened.inputs, marks),
            inputs_kept: BTreeMap::new(),
            saving: false,
            draft: false,
            cells: (0, 0),
            highlights: Highlights::new(opened.form),
        };
        document.note_change();
        document
    }

    /// Brings what each line's beginning is inside of up to the text.
    pub fn follow_highlights(&mut self) {
        self.highlights.follow(self.editor.buffer(), self.editor.revision());
    }

    /// What the parts of a line are, for colouring; empty for a line there is not.
    #[must_use]
    pub fn line_spans(&self, line: usize) -> Vec<Span> {
        match self.highlights.before(line) {
            Some(state) => highlight::spans(self.editor.buffer().line(line), state).0,
            None => Vec::new(),
        }
    }

    /// Gives the editor its size. Nothing happens when it is the same, so that a text scrolled
    /// away from its cursor stays where it is.
    pub fn fit_editor(&mut self, width: usize, height: usize) {
        if self.cells == (width, height) {
            return;
        }
        let is_first = self.cells == (0, 0);
        self.cells = (width, height);
        self.editor.resize(width, height);
        if is_first {
            let body = self.body_line();
            let words = self.first_words(body);
            self.editor.go_to(Position::new(words, 0));
            self.editor.show_from(body);
        }
    }

    /// The first line with text below the front matter: what one opens a template for.
    fn body_line(&self) -> usize {
        let buffer = self.editor.buffer();
        let in_front =
            |line: usize| self.highlights.before(line).is_some_and(LineState::in_front_matter);
        let Some(end) = (1..buffer.line_count()).find(|line| !in_front(*line)) else { return 0 };
        let begin = if in_front(1) { end } else { 0 };
        (begin..buffer.line_count()).find(|line| !buffer.line(*line).trim().is_empty()).unwrap_or(0)
    }

    /// The first line from there on that is for the model; below the last role line where every
    /// message is empty. What is typed into a role line makes it one no longer.
    fn first_words(&self, body: usize) -> usize {
        let count = self.editor.buffer().line_count();
        let opens = |line: &usize| {
            self.line_spans(*line).first().is_some_and(|span| span.kind == SpanKind::Role)
        };
        let says = |line: &usize| !self.editor.buffer().line(*line).trim().is_empty();
        let below_roles = || (body..count).rev().find(opens).map(|line| (line + 1).min(count - 1));
        (body..count).find(|line| says(line) && !opens(line)).or_else(below_roles).unwrap_or(body)
    }

    /// After every change of the text: whether it is a draft.
    pub fn note_change(&mut self) {
        self.draft = self.editor.text() != self.file_text;
    }

    /// Whether the text differs from the file.
    #[must_use]
    pub const fn is_draft(&self) -> bool {
        self.draft
    }

    /// The version named in the text, once it was read.
    #[must_use]
    pub const fn version(&self) -> Option<&Version> {
        self.analysis.version.as_ref()
    }

    /// Whether the file is another text than what was saved as the version it names: it was
    /// changed outside.
    #[must_use]
    pub fn is_past_version(&self) -> bool {
        let named = self.version().and_then(|version| self.version_record(version));
        named.is_some_and(|record| record.content != self.file_text)
    }

    /// The saved version whose content the text is, exactly.
    #[must_use]
    pub fn saved_as(&self) -> Option<&Version> {
        let text = self.editor.text();
        self.versions.iter().find(|record| record.content == text).map(|record| &record.version)
    }

    /// A saved version.
    #[must_use]
    pub fn version_record(&self, version: &Version) -> Option<&VersionRecord> {
        self.versions.iter().find(|record| record.version == *version)
    }

    /// The newest version known: the greatest of the saved ones and the text's own.
    #[must_use]
    pub fn newest_version(&self) -> Option<&Version> {
        self.versions.iter().map(|record| &record.version).chain(self.version()).max()
    }

    /// Whether the analysis is of the text as it stands.
    #[must_use]
    pub fn is_analysed(&self) -> bool {
        self.analysed == Some(self.editor.revision())
    }

    /// The file holds this now (it was saved, or changed outside and taken over).
    pub fn set_file(&mut self, text: String, base: ContentHash) {
        self.file_text = text;
        self.base = base;
        self.note_change();
    }
}

/// What the beginning of each line is inside of. Lines that did not change are not read again.
#[derive(Clone, Debug)]
struct Highlights {
    first: LineState,
    /// For each line, a hash of its text and the state after it.
    lines: Vec<(u64, LineState)>,
    revision: Option<u64>,
}

impl Highlights {
    fn new(form: Form) -> Self {
        let first = LineState::start(form, false);
        Self { first, lines: Vec::new(), revision: None }
    }

    fn follow(&mut self, buffer: &Buffer, revision: u64) {
        if self.revision == Some(revision) {
            return;
        }
        self.revision = Some(revision);
        let mut before = self.first;
        let mut old_before = self.first;
        for index in 0..buffer.line_count() {
            let line = buffer.line(index);
            let mut hasher = DefaultHasher::new();
            line.hash(&mut hasher);
            let hash = hasher.finish();
            let old = self.lines.get(index).copied();
            let after = match old {
                Some((known, after)) if known == hash && before == old_before => after,
                _ => highlight::spans(line, before).1,
            };
            old_before = old.map_or(after, |(_, after)| after);
            match self.lines.get_mut(index) {
                Some(slot) => *slot = (hash, after),
                None => self.lines.push((hash, after)),
            }
            before = after;
        }
        self.lines.truncate(buffer.line_count());
    }

    fn before(&self, line: usize) -> Option<LineState> {
        match line.checked_sub(1) {
            None => Some(self.first),
            Some(above) => self.lines.get(above).map(|(_, after)| *after),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::widgets::editor::Command;

    #[test]
    fn a_draft_comes_back_and_undo_gives_the_file() {
        let mut document = Document::new(
            OpenedTemplate {
                id: TemplateId::new("a").expect("an id"),
                text: "file".to_owned(),
                base: ContentHash::of(b"file"),
                draft: Some("draft".to_owned()),
                form: Form::Prompty,
                inputs: BTreeMap::new(),
                versions: Vec::new(),
                writable: true,
            },
            MarkStyle::Unicode,
        );
        assert!(document.is_draft());
        assert_eq!(document.editor.text(), "draft");
        document.editor.apply(&Command::Undo);
        document.note_change();
        assert!(!document.is_draft());
    }
}
