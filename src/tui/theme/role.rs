//! What a stretch of the screen is, which decides how it looks.

use crate::model::VariantName;

macro_rules! roles {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal,)+) => {
        /// A part of the screen that themes give a look. Code names roles and never colours.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Role {
            /// Every role, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The key in a theme's `[styles]` table.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }
    };
}

roles! {
    /// The ground of the whole screen.
    Screen = "screen",
    /// What the user and the models wrote; the brightest thing on the screen.
    Text = "text",
    /// Chrome, units, explanations, whatever is not the matter itself.
    Dim = "dim",
    /// The name of a pane.
    Title = "title",
    /// The name of the pane that has the focus.
    TitleFocused = "title_focused",
    /// The frame of a pane.
    Border = "border",
    /// The frame of the pane that has the focus.
    BorderFocused = "border_focused",
    /// The one accent: focus, keys, and nothing else.
    Accent = "accent",
    /// The title line at the top.
    Header = "header",
    /// The name of a screen that is not shown, in the title line.
    Tab = "tab",
    /// The name of the screen that is shown.
    TabActive = "tab_active",
    /// The selected row of the focused list, and selected text.
    Selection = "selection",
    /// The selected row of a list without the focus.
    SelectionInactive = "selection_inactive",
    /// The line the cursor stands in.
    CursorLine = "cursor_line",
    /// Line numbers.
    LineNumber = "line_number",
    /// The number of the line the cursor stands in.
    CursorLineNumber = "cursor_line_number",
    /// The field that takes what is typed.
    Input = "input",
    /// What stands in an empty field or pane.
    Placeholder = "placeholder",
    /// A key in the footer and in help.
    FooterKey = "footer_key",
    /// The words beside a key.
    FooterText = "footer_text",
    /// The word that says that keys type.
    ModeInsert = "mode_insert",
    /// Variant A.
    VariantA = "variant_a",
    /// Variant B.
    VariantB = "variant_b",
    /// Variant C.
    VariantC = "variant_c",
    /// Variant D.
    VariantD = "variant_d",
    /// It went well.
    Good = "good",
    /// Worth a look.
    Warning = "warning",
    /// It went wrong.
    Bad = "bad",
    /// Neither good nor bad: worth knowing.
    Information = "information",
    /// The mark of answers from the offline demo.
    Simulated = "simulated",
    /// What a model thought before it answered.
    Reasoning = "reasoning",
    /// What a model said instead of answering.
    Refusal = "refusal",
    /// A variable that has a value.
    VariableKnown = "variable_known",
    /// A variable that has no value and no default.
    VariableMissing = "variable_missing",
    /// A parameter that the body does not use.
    VariableUnused = "variable_unused",
    /// A line that opens a message.
    RoleLine = "role_line",
    /// An include.
    Include = "include",
    /// A key of the front matter.
    FrontMatterKey = "front_matter_key",
    /// A value of the front matter.
    FrontMatterValue = "front_matter_value",
    /// A comment.
    Comment = "comment",
    /// A template's tag, such as a loop.
    Tag = "tag",
    /// Words that were added.
    DiffAdded = "diff_added",
    /// Words that were removed.
    DiffRemoved = "diff_removed",
    /// The fold that stands for unchanged lines.
    DiffFold = "diff_fold",
    /// Letters that a search or filter matched.
    MatchHighlight = "match_highlight",
    /// The filled part of a bar.
    Gauge = "gauge",
    /// The ends that show how long a bar could be.
    GaugeRest = "gauge_rest",
    /// A heading in a Markdown answer.
    Heading = "heading",
    /// Code in a Markdown answer.
    Code = "code",
    /// Stressed words in a Markdown answer.
    Emphasis = "emphasis",
    /// A dialog over the screen.
    Dialog = "dialog",
}

impl Role {
    /// The role of a variant, whose hue and letter stay the same everywhere.
    #[must_use]
    pub const fn variant(name: VariantName) -> Self {
        match name {
            VariantName::A => Self::VariantA,
            VariantName::B => Self::VariantB,
            VariantName::C => Self::VariantC,
            VariantName::D => Self::VariantD,
        }
    }

    /// The role with a name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|role| role.as_str() == name)
    }
}
