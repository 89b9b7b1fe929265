//! Where keys go: what has the focus, and whether keys type there.

use std::ops::BitOr;

/// What has the focus when a key is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// The tree of templates.
    Library,
    /// The editor, while keys act.
    Editor,
    /// The inputs form, while keys act.
    Inputs,
    /// An output pane.
    Output,
    /// The list of executions.
    History,
    /// One execution in full.
    Detail,
    /// A chart.
    Chart,
    /// The table below the charts.
    ChartTable,
    /// Keys type into a text of many lines: the editor, a field.
    Text,
    /// Keys type into one line over a list: a filter, a search.
    Line,
    /// A list in front, filtered by what is typed: the palette, the models.
    Picker,
    /// Fields in front that keys type into: parameters, saving, a name.
    Form,
    /// The list of saved versions.
    Versions,
    /// A difference.
    Diff,
    /// A text in front that is read: help, a preview, the messages.
    Reading,
    /// A question with a few answers.
    Question,
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 16] = [
        Self::Library,
        Self::Editor,
        Self::Inputs,
        Self::Output,
        Self::History,
        Self::Detail,
        Self::Chart,
        Self::ChartTable,
        Self::Text,
        Self::Line,
        Self::Picker,
        Self::Form,
        Self::Versions,
        Self::Diff,
        Self::Reading,
        Self::Question,
    ];

    /// The words in help and errors.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Library => "library",
            Self::Editor => "editor",
            Self::Inputs => "inputs",
            Self::Output => "output",
            Self::History => "history",
            Self::Detail => "execution",
            Self::Chart => "chart",
            Self::ChartTable => "chart table",
            Self::Text => "typing",
            Self::Line => "filter",
            Self::Picker => "picker",
            Self::Form => "form",
            Self::Versions => "versions",
            Self::Diff => "difference",
            Self::Reading => "reading",
            Self::Question => "question",
        }
    }

    /// What the place is for, in a sentence or two, at the head of its help.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Library => {
                "The templates of the workspace by category. {accept} opens one; a dot marks a draft \
                 that is not saved as a version."
            }
            Self::Editor => {
                "The open template: front matter between two --- lines, then messages under lines \
                 like `system:` and `user:`. {accept} or {insert-mode} types, {escape} goes back \
                 to keys that act. \
                 Drafts are kept by themselves."
            }
            Self::Inputs => {
                "A field for each variable of the template, then the model and the parameters of \
                 the focused variant. {accept} types into the selected one. Values are remembered."
            }
            Self::Output => {
                "The answer of one variant as it streams in. It follows the end until you scroll \
                 up. Forking it makes the next variant, to run with another model or text."
            }
            Self::History => {
                "Every call that was ever made here, newest first, with its words searchable. \
                 {accept} reads one; {open-in-workbench} opens it in the workbench as it was."
            }
            Self::Detail => {
                "One call with its answer, its prompt and all that is recorded of it; \
                 {move-left} and {move-right} turn from one to the next."
            }
            Self::Chart => {
                "What happened over time, against the time before. {move-left} and {move-right} \
                 read a value, {next-pane} goes to the next chart and to the table, {accept} gives \
                 one the whole screen. Latency is that of answers; failures have a chart of their \
                 own."
            }
            Self::ChartTable => {
                "The same figures by model, template, version or tag. {accept} lists the \
                 executions behind the selected row."
            }
            Self::Text => {
                "Keys type here, into the editor or a field. With Shift held, moves select. \
                 {escape} goes back to keys that act; {run} runs from here."
            }
            Self::Line => {
                "Keys type here, into one line: a filter, or words to look for. What it is about \
                 follows as you type; {accept} keeps it, {escape} takes it back."
            }
            Self::Picker => {
                "Type to narrow the list; letters may be left out. {move-up} and {move-down} \
                 select, {accept} takes the selected row, {escape} leaves things as they are."
            }
            Self::Form => {
                "Fields to fill in. {move-up} and {move-down} go from one to the next, {accept} \
                 applies, {escape} leaves things as they are."
            }
            Self::Versions => {
                "The saved versions of the template, newest first. A version never changes; \
                 rolling back makes a new one of an old content."
            }
            Self::Diff => {
                "What changed, word by word: - went, + came, ~ changed in part. Long unchanged \
                 stretches are folded; {accept} unfolds them and folds them again. Where a draft and \
                 two answers can be compared, {diff} goes from one to the other."
            }
            Self::Reading => {
                "A text to read: {move-up} and {move-down} scroll it, {copy} copies it, {escape} \
                 goes back to what is behind it."
            }
            Self::Question => {
                "A question that waits for an answer: {yes} or {no}, or where there is a choice \
                 {move-up}, {move-down} and {accept}. {escape} leaves things as they are."
            }
        }
    }

    /// Whether a plain character is typed here and therefore never acts.
    #[must_use]
    pub const fn types(self) -> bool {
        matches!(self, Self::Text | Self::Line | Self::Picker | Self::Form)
    }
}

/// A set of contexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contexts(u32);

impl Contexts {
    /// The four kinds of pane of the workbench, while keys act.
    pub const WORKBENCH: Self =
        Self::of(&[Context::Library, Context::Editor, Context::Inputs, Context::Output]);
    /// The history screen.
    pub const HISTORY: Self = Self::of(&[Context::History, Context::Detail]);
    /// The screen of charts.
    pub const CHARTS: Self = Self::of(&[Context::Chart, Context::ChartTable]);
    /// Every pane of every screen, while keys act.
    pub const PANES: Self = Self::WORKBENCH.and(Self::HISTORY).and(Self::CHARTS);
    /// Where keys type.
    pub const TYPING: Self =
        Self::of(&[Context::Text, Context::Line, Context::Picker, Context::Form]);
    /// What stands in front and is not typed into.
    pub const FRONT: Self =
        Self::of(&[Context::Versions, Context::Diff, Context::Reading, Context::Question]);
    /// Everywhere.
    pub const ALL: Self = Self::PANES.and(Self::TYPING).and(Self::FRONT);

    /// These contexts.
    #[must_use]
    pub const fn of(contexts: &[Context]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < contexts.len() {
            #[expect(clippy::indexing_slicing, reason = "iterators do not work in constants")]
            {
                bits |= 1 << contexts[index] as u32;
            }
            index += 1;
        }
        Self(bits)
    }

    /// These and those.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a context is among them.
    #[must_use]
    pub const fn contains(self, context: Context) -> bool {
        self.0 & (1 << context as u32) != 0
    }

    /// The contexts, one by one.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL.into_iter().filter(move |context| self.contains(*context))
    }

    /// The contexts in words.
    #[must_use]
    pub fn describe(self) -> String {
        if self == Self::ALL {
            return "everywhere".to_owned();
        }
        let groups = [(Self::PANES, "all panes"), (Self::WORKBENCH, "workbench")];
        let mut rest = self;
        let mut words = Vec::new();
        for (group, name) in groups {
            if rest.0 & group.0 == group.0 {
                words.push(name);
                rest = Self(rest.0 & !group.0);
            }
        }
        words.extend(rest.iter().map(Context::as_str));
        words.join(", ")
    }
}

impl BitOr for Contexts {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}
