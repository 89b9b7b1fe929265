//! Where keys go: what has the focus, and whether keys type there.

use std::ops::BitOr;

macro_rules! contexts {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// What has the focus when a key is pressed.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Context {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Context {
            /// Every context.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The words in help and errors.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }
        }
    };
}

contexts! {
    /// The tree of templates.
    Library = "library",
    /// The editor, while keys act.
    Editor = "editor",
    /// The inputs form, while keys act.
    Inputs = "inputs",
    /// An output pane.
    Output = "output",
    /// The list of executions.
    History = "history",
    /// One execution in full.
    HistoryDetail = "execution",
    /// Keys type into the editor, a field or a filter.
    Typing = "typing",
    /// Every action by name, filtered by what is typed.
    Palette = "palette",
    /// The models, filtered by what is typed.
    ModelPicker = "models",
    /// The generation parameters, typed into.
    ParameterForm = "parameters",
    /// Saving a version, or naming one; a line is typed into.
    SaveDialog = "save",
    /// The list of saved versions.
    Versions = "versions",
    /// A difference.
    DiffView = "difference",
    /// The messages as they would be sent.
    PreviewView = "preview",
    /// The keys that work here.
    HelpView = "help",
    /// What was told in the status line.
    LogView = "messages",
    /// The file changed outside: what to do.
    Conflict = "conflict",
    /// A question with yes or no.
    Confirm = "question",
}

impl Context {
    /// Whether a plain character is typed here and therefore never acts.
    #[must_use]
    pub const fn types(self) -> bool {
        matches!(
            self,
            Self::Typing
                | Self::Palette
                | Self::ModelPicker
                | Self::ParameterForm
                | Self::SaveDialog
        )
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
    pub const HISTORY: Self = Self::of(&[Context::History, Context::HistoryDetail]);
    /// Every pane of every screen, while keys act.
    pub const PANES: Self = Self::WORKBENCH.and(Self::HISTORY);
    /// What stands in front with a list or form that is typed into.
    pub const FORMS: Self = Self::of(&[
        Context::Palette,
        Context::ModelPicker,
        Context::ParameterForm,
        Context::SaveDialog,
    ]);
    /// Texts in front that are read.
    pub const READING: Self =
        Self::of(&[Context::DiffView, Context::PreviewView, Context::HelpView, Context::LogView]);
    /// Everything in front.
    pub const FRONT: Self = Self::FORMS.and(Self::READING).and(Self::of(&[
        Context::Versions,
        Context::Conflict,
        Context::Confirm,
    ]));
    /// Everywhere.
    pub const ALL: Self = Self::PANES.and(Self::FRONT).and(Self::of(&[Context::Typing]));

    /// These contexts.
    #[must_use]
    pub const fn of(contexts: &[Context]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < contexts.len() {
            #[expect(clippy::indexing_slicing, reason = "iterators do not work in constants")]
            {
                bits |= 1 << contexts[index] as u16;
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
        self.0 & (1 << context as u16) != 0
    }

    /// The contexts, one by one.
    pub fn iter(self) -> impl Iterator<Item = Context> {
        Context::ALL.iter().copied().filter(move |context| self.contains(*context))
    }

    /// The contexts in words.
    #[must_use]
    pub fn describe(self) -> String {
        if self == Self::ALL {
            return "everywhere".to_owned();
        }
        let groups = [
            (Self::PANES, "all panes"),
            (Self::WORKBENCH, "workbench"),
            (Self::READING, "texts in front"),
        ];
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
