//! What stands in front of the screen: lists to pick from, forms, texts to read, questions.

use semver::Version;

use super::{
    diff::DiffView, help::Help, line_input::LineInput, list::ListDialog, notices::Log,
    spending::SpendQuestion,
};
use crate::{
    model::{
        Bump, ContentHash, ExecutionId, GenerationParameters, ModelRef, Parameter, TemplateId,
        VariantName,
    },
    tui::{
        msg::RunToken,
        text::{GrowingText, Scroll},
    },
};

/// One thing in front. They stack: a diff over a list of versions goes back to the list.
#[derive(Clone, Debug)]
pub enum Overlay {
    Palette(Palette),
    Help(Help),
    Models(ModelPicker),
    Themes(ThemePicker),
    List(ListDialog),
    /// Letters on every place that can have the focus, and what was typed of them.
    Jump(String),
    Parameters(ParameterForm),
    Save(SaveDialog),
    Versions(VersionList),
    Line(LineDialog),
    Diff(Box<DiffView>),
    /// The messages as they would be sent.
    Preview(Box<Reading>),
    Log(Log),
    Conflict(Conflict),
    Confirm(Confirm),
    /// What a press is estimated to cost, and whether it is to run.
    Spend(SpendQuestion),
    /// A run waits, since its prompt holds a secret.
    Secrets(SecretQuestion),
}

/// A list filtered by what is typed: which entries match, best first, and which is selected.
#[derive(Clone, Debug, Default)]
pub struct Picker {
    pub query: LineInput,
    /// Places in the whole list.
    pub matches: Vec<usize>,
    pub selected: usize,
    pub scroll: Scroll,
}

impl Picker {
    /// A picker over a whole list.
    #[must_use]
    pub fn over(len: usize) -> Self {
        Self { matches: (0..len).collect(), scroll: Scroll::at_top(), ..Self::default() }
    }

    /// The place of the selected entry in the whole list.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        self.matches.get(self.selected).copied()
    }

    /// Moves the selection, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        let last = self.matches.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    /// Brings the selected entry into sight among so many rows.
    pub(super) const fn reveal(&mut self, height: usize) {
        self.scroll.reveal(self.selected, self.matches.len(), height);
    }

    /// Takes new matches; the best is selected.
    pub fn set_matches(&mut self, matches: Vec<usize>) {
        self.matches = matches;
        self.selected = 0;
        self.scroll.to_top();
    }

    /// Takes the matches of a list that changed under one's hands; the entry that was selected
    /// stays so, by its place in the list as it is now.
    pub fn renew(&mut self, matches: Vec<usize>, kept: Option<usize>) {
        let last = matches.len().saturating_sub(1);
        let place = matches.iter().position(|place| Some(*place) == kept);
        self.selected = place.unwrap_or_else(|| self.selected.min(last));
        self.matches = matches;
    }
}

/// Every action by name. The whole list is [`super::State::palette_entries`].
#[derive(Clone, Debug, Default)]
pub struct Palette {
    pub picker: Picker,
}

/// A text to read.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What is copied.
    pub exact: String,
    /// How much it is, in words.
    pub about: String,
    pub text: GrowingText,
    pub scroll: Scroll,
}

/// Every model that can be named, for one variant. The whole list is
/// [`super::State::models`].
#[derive(Clone, Debug)]
pub struct ModelPicker {
    pub variant: VariantName,
    pub picker: Picker,
    /// Models that are to run side by side, in the order they were marked.
    pub marked: Vec<ModelRef>,
    /// Whether it was opened to mark some; else one is picked.
    pub compares: bool,
}

/// Every theme, the selected one in sight behind the list. The whole list is
/// [`super::State::themes`].
#[derive(Clone, Debug)]
pub struct ThemePicker {
    pub picker: Picker,
    /// The theme that comes back with Esc.
    pub before: String,
}

/// The generation parameters of one variant, one row each in the order of [`Parameter::ALL`]; tools
/// are not typed.
#[derive(Clone, Debug)]
pub struct ParameterForm {
    pub variant: VariantName,
    pub model: Option<ModelRef>,
    pub rows: Vec<ParameterRow>,
    pub selected: usize,
}

/// One parameter in the form.
#[derive(Clone, Debug)]
pub struct ParameterRow {
    pub parameter: Parameter,
    /// What is typed: JSON or a word; empty takes the template's.
    pub input: LineInput,
    /// The template's own value, shown while nothing is typed.
    pub inherited: Option<String>,
    /// Why the model refuses it, if it does; the row is then shown dim.
    pub refused: Option<String>,
    /// Why what is typed is not a value, if it is not.
    pub error: Option<String>,
}

impl ParameterForm {
    /// The form of a variant: its overlay typed in, the template's values behind.
    #[must_use]
    pub fn new(
        variant: VariantName,
        model: Option<ModelRef>,
        overlay: &GenerationParameters,
        inherited: &GenerationParameters,
    ) -> Self {
        let word = |parameters: &GenerationParameters, parameter| {
            parameters.get(parameter).map(|value| super::inputs::shown(&value))
        };
        // Tools are files, and a template names them.
        let rows = Parameter::ALL
            .into_iter()
            .filter(|parameter| *parameter != Parameter::Tools)
            .map(|parameter| ParameterRow {
                parameter,
                input: LineInput::new(&word(overlay, parameter).unwrap_or_default()),
                inherited: word(inherited, parameter),
                refused: None,
                error: None,
            })
            .collect();
        Self { variant, model, rows, selected: 0 }
    }

    /// What is typed, as parameters; rows that are no value are marked and `None` comes back.
    pub fn read(&mut self) -> Option<GenerationParameters> {
        let mut parameters = GenerationParameters::default();
        for row in &mut self.rows {
            row.error = parameters
                .set_text(row.parameter, row.input.text())
                .err()
                .map(|_| row.parameter.expects().to_owned());
        }
        self.rows.iter().all(|row| row.error.is_none()).then_some(parameters)
    }

    /// The selected row.
    pub fn selected_mut(&mut self) -> Option<&mut ParameterRow> {
        self.rows.get_mut(self.selected)
    }

    /// Moves the selection, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        let last = self.rows.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }
}

/// Saving the text as a version: which part of the number rises, and why.
#[derive(Clone, Debug)]
pub struct SaveDialog {
    /// The version the new one follows.
    pub from: Version,
    pub bump: Bump,
    pub note: LineInput,
}

impl SaveDialog {
    /// The version that would be saved.
    #[must_use]
    pub const fn next(&self) -> Version {
        self.bump.apply(&self.from)
    }

    /// The bump after (or before) this one, going round.
    pub fn turn(&mut self, forwards: bool) {
        self.bump = match (self.bump, forwards) {
            (Bump::Patch, true) | (Bump::Major, false) => Bump::Minor,
            (Bump::Minor, true) | (Bump::Patch, false) => Bump::Major,
            (Bump::Major, true) | (Bump::Minor, false) => Bump::Patch,
        };
    }
}

/// The saved versions of the open template, [`super::Document::versions`], to look through or to
/// pick what a variant runs.
#[derive(Clone, Debug)]
pub struct VersionList {
    /// The variant that runs what is picked; the first row is then the draft, and the last leads to
    /// other templates.
    pub pick: Option<VariantName>,
    /// Versions that are to run side by side, in the order they were marked.
    pub marked: Vec<Version>,
    pub selected: usize,
    pub scroll: Scroll,
    pub loading: bool,
}

/// What a row of the list stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionRow {
    /// What is in the editor.
    Draft,
    /// A saved version, by its place.
    Version(usize),
    /// Not this template: a list of the others.
    AnotherTemplate,
}

impl VersionList {
    /// What a row stands for, over this many versions.
    #[must_use]
    pub const fn row(&self, index: usize, versions: usize) -> VersionRow {
        match (self.pick, index.checked_sub(1)) {
            (None, _) => VersionRow::Version(index),
            (Some(_), None) => VersionRow::Draft,
            (Some(_), Some(place)) if place < versions => VersionRow::Version(place),
            (Some(_), Some(_)) => VersionRow::AnotherTemplate,
        }
    }

    /// Rows over this many versions.
    #[must_use]
    pub const fn rows(&self, versions: usize) -> usize {
        if self.pick.is_some() { versions + 2 } else { versions }
    }
}

/// One line to fill in.
#[derive(Clone, Debug)]
pub struct LineDialog {
    pub intent: LineIntent,
    pub input: LineInput,
    /// Why what is typed cannot be taken.
    pub error: Option<String>,
}

/// What a line is filled in for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LineIntent {
    /// A name for a version.
    Label(Version),
    /// A tag on an execution, as `key=value`.
    Tag(ExecutionId),
    /// The file that the listed executions are written to.
    Export,
    /// The file that the answer of a variant is written to.
    SaveAnswer(VariantName),
    /// A name for the present values of the inputs.
    InputSet,
    /// Another name for a set of inputs.
    RenameSet(String),
    /// From when to when the charts look.
    ChartRange,
    /// The file whose text goes into the selected field.
    LoadFile,
    /// The id that the prompt without a file is kept under.
    NewTemplate,
}

impl LineIntent {
    /// The words on the frame; `name` says what a variant is called.
    #[must_use]
    pub fn title(&self, name: impl Fn(VariantName) -> String) -> String {
        match self {
            Self::Label(version) => format!("A name for {version}"),
            Self::Tag(_) => "Tag this execution".to_owned(),
            Self::Export => "Export the listed executions".to_owned(),
            Self::SaveAnswer(variant) => format!("Write what {} says to a file", name(*variant)),
            Self::InputSet => "A name for these inputs".to_owned(),
            Self::RenameSet(name) => format!("Another name for the set {name}"),
            Self::ChartRange => "From when to when".to_owned(),
            Self::LoadFile => "Put a file's text into the field".to_owned(),
            Self::NewTemplate => "Keep this prompt as a template".to_owned(),
        }
    }

    /// What Enter does, and what an empty line means.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Label(_) => "{accept} names it, empty takes the name away",
            Self::Tag(_) => "key=value, or a word; key= takes the tag away",
            Self::InputSet => {
                "{accept} keeps them; a set of that name is replaced, {bring-back} undoes that"
            }
            Self::RenameSet(_) => "{accept} renames it",
            Self::ChartRange => {
                "2026-11-01..2026-11-14, 2026-11-01.. up to now, or an age: 36h, 10d, 3w"
            }
            Self::LoadFile => "a path; what is in the field is replaced, undo brings it back",
            Self::NewTemplate => "its id below prompts/, such as analysis/mood",
            Self::SaveAnswer(_) => "a path; ~/ is your home, and nothing is overwritten",
            Self::Export => "ending: .jsonl for programs, .csv for spreadsheets, .md to read",
        }
    }
}

/// The file is not what was opened, and a save was asked for.
#[derive(Clone, Debug)]
pub struct Conflict {
    pub template: TemplateId,
    /// What the file holds now.
    pub theirs: String,
    pub base: ContentHash,
    /// What was to be done: saved with this bump and reason, or rolled back to a version.
    pub intent: SaveIntent,
    pub selected: ConflictChoice,
}

/// A save that met a changed file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SaveIntent {
    Save { bump: Bump, note: String },
    RollBack { to: Version },
}

/// What to do about a file that changed outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictChoice {
    SeeDiff,
    KeepMine,
    TakeTheirs,
}

impl ConflictChoice {
    /// Every choice, the harmless one first.
    pub const ALL: [Self; 3] = [Self::SeeDiff, Self::KeepMine, Self::TakeTheirs];

    /// The words on screen, for what was to be done.
    #[must_use]
    pub fn words(self, intent: &SaveIntent) -> String {
        match (self, intent) {
            (Self::SeeDiff, _) => "see the difference".to_owned(),
            (Self::KeepMine, SaveIntent::Save { .. }) => {
                "keep mine and overwrite the file".to_owned()
            }
            (Self::KeepMine, SaveIntent::RollBack { to }) => {
                format!("roll back to {to} and overwrite the file")
            }
            (Self::TakeTheirs, _) => "take the file's text (undo brings mine back)".to_owned(),
        }
    }
}

/// Whether a run may go whose prompt holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretQuestion {
    pub run: RunToken,
    /// What it holds and where, in words.
    pub found: String,
}

impl SecretQuestion {
    /// The question on screen.
    #[must_use]
    pub fn question(&self) -> String {
        let mut letters = self.found.chars();
        let first = letters.next().map_or_else(String::new, |first| first.to_uppercase().collect());
        format!("{first}{}. Send it all the same?", letters.as_str())
    }
}

/// A question with yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Confirm {
    /// Calls run: leaving cancels them.
    Quit { running: usize },
    /// The draft goes back to the file's text.
    DiscardDraft,
    /// Nothing can be saved: calls would leave no record.
    RunUnsaved,
    /// The workspace's settings may name servers, headers and key commands.
    TrustWorkspace,
}

impl Confirm {
    /// The question on screen.
    #[must_use]
    pub fn question(self) -> String {
        match self {
            Self::Quit { running: 1 } => {
                "One call is running. Cancel it, keep what it wrote, and quit?".to_owned()
            }
            Self::Quit { running } => {
                format!("{running} calls are running. Cancel them, keep what they wrote, and quit?")
            }
            Self::TrustWorkspace => {
                "Trust this workspace? Its settings file as it is now may then name servers and \
                 send headers, and its templates may switch guards off and ask other models."
                    .to_owned()
            }
            Self::RunUnsaved => {
                "Nothing can be saved here: the database can only be read. Send it all the same, \
                 without a record?"
                    .to_owned()
            }
            Self::DiscardDraft => {
                "Put the file's text back? Undo brings the draft back.".to_owned()
            }
        }
    }
}
