//! The registry: everything that can be done, in one table.

use super::context::{Context, Contexts};

macro_rules! actions {
    ($($variant:ident, $name:literal, $label:literal, $sentence:literal, $contexts:expr, [$($key:literal),*];)+) => {
        /// Something that can be done, by a key, the palette or the mouse.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $sentence] $variant,)+
        }

        impl Action {
            /// Every action, in the order of help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The name in settings and in the palette.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The word or two in the footer.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            /// The sentence in help.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$variant => $sentence,)+ }
            }

            /// Where it works.
            #[must_use]
            pub const fn contexts(self) -> Contexts {
                match self { $(Self::$variant => $contexts,)+ }
            }

            /// The keys it has unless settings say otherwise, the one to show first.
            #[must_use]
            pub const fn default_keys(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($key),*],)+ }
            }
        }
    };
}

const fn of(contexts: &[Context]) -> Contexts {
    Contexts::of(contexts)
}

/// The workbench, whether keys act or type.
const WORK: Contexts = Contexts::WORKBENCH.and(of(&[Context::Typing]));
/// Every pane, whether keys act or type.
const SCREENS: Contexts = Contexts::PANES.and(of(&[Context::Typing]));
/// Where there are rows to go through or text to scroll. Where keys type into a text, its own
/// cursor moves instead.
const ROWS: Contexts = Contexts::PANES.and(Contexts::FRONT);
/// The same without the fields, whose cursor these keys move.
const FREE_ROWS: Contexts = Contexts::PANES.and(Contexts::READING).and(of(&[
    Context::Versions,
    Context::Conflict,
    Context::Confirm,
]));
/// Where an answer's text is read.
const ANSWERS: Contexts = of(&[Context::Output, Context::HistoryDetail]);

actions! {
    // The program.
    Help, "help", "help", "Show every key that works here.", SCREENS, ["?", "f1"];
    Palette, "palette", "commands", "Find every action by name.", SCREENS, [":", "ctrl-p"];
    ShowWorkbench, "show-workbench", "workbench", "Go to the workbench.", Contexts::PANES, ["1"];
    ShowHistory, "show-history", "history", "Go to the history.", Contexts::PANES, ["2"];
    MessageLog, "message-log", "messages", "Show what was told in the status line.",
        Contexts::PANES, ["!"];
    ToggleMouse, "toggle-mouse", "mouse", "Listen to the mouse, or leave it to the terminal.",
        Contexts::PANES, ["alt-m"];
    Redraw, "redraw", "redraw", "Draw the whole screen anew.", Contexts::ALL, ["ctrl-l"];
    Suspend, "suspend", "suspend", "Go back to the shell until `fg`.", Contexts::ALL, ["ctrl-z"];
    Quit, "quit", "quit", "Quit; asks only if something is running.",
        Contexts::PANES.and(of(&[Context::Confirm])), ["q"];

    // Going about.
    NextPane, "next-pane", "next", "Go to the next pane or choice.", ROWS, ["tab"];
    PreviousPane, "previous-pane", "previous", "Go to the previous pane or choice.", ROWS,
        ["shift-tab"];
    FocusA, "focus-a", "A", "Go to variant A.", Contexts::WORKBENCH, ["alt-a"];
    FocusB, "focus-b", "B", "Go to variant B.", Contexts::WORKBENCH, ["alt-b"];
    FocusC, "focus-c", "C", "Go to variant C.", Contexts::WORKBENCH, ["alt-c"];
    FocusD, "focus-d", "D", "Go to variant D.", Contexts::WORKBENCH, ["alt-d"];
    Zoom, "zoom", "zoom", "Give the focused pane the whole screen, and back.", Contexts::PANES,
        ["z"];
    Open, "open", "open", "Open, choose or accept; in the editor and the form, begin to type.",
        ROWS, ["enter"];
    Type, "type", "type", "Begin to type into the focused editor or field.",
        of(&[Context::Editor, Context::Inputs]), ["i"];
    Back, "back", "back", "Go one step back: stop typing, close what is in front.",
        Contexts::ALL, ["esc"];
    Filter, "filter", "filter", "Filter the templates, or search the history.", Contexts::PANES,
        ["/"];
    Up, "up", "up", "Go up one row.", ROWS, ["up", "k"];
    Down, "down", "down", "Go down one row.", ROWS, ["down", "j"];
    Left, "left", "left", "Go left, fold the group, or turn to what is before.", FREE_ROWS,
        ["left", "h"];
    Right, "right", "right", "Go right, unfold the group, or turn to what is after.", FREE_ROWS,
        ["right", "l"];
    PageUp, "page-up", "page up", "Go up one page.", ROWS, ["page-up"];
    PageDown, "page-down", "page down", "Go down one page.", ROWS, ["page-down", "space"];
    Top, "top", "top", "Go to the first row.", FREE_ROWS, ["g", "home"];
    Bottom, "bottom", "bottom", "Go to the last row; a text that grows is followed.", FREE_ROWS,
        ["G", "end"];

    // Running.
    Run, "run", "run", "Run the variant of the focused output, or of the last that was.", WORK,
        ["r", "ctrl-r", "f5", "alt-enter", "alt-r", "ctrl-enter"];
    RunAll, "run-all", "run all", "Run all variants side by side.", WORK, ["R", "f6", "alt-R"];
    Cancel, "cancel", "cancel", "Cancel the focused call and keep what it wrote.",
        Contexts::WORKBENCH, ["x"];
    CancelAll, "cancel-all", "cancel all", "Cancel every running call and keep what they wrote.",
        Contexts::ALL, ["X", "ctrl-c"];
    SkipWait, "skip-wait", "retry now", "Do not wait for the next attempt; send it now.",
        Contexts::WORKBENCH, ["w"];

    // Variants.
    Fork, "fork", "fork", "Fork: open another variant that runs the same, to change it.",
        Contexts::WORKBENCH, ["f"];
    ClosePane, "close-pane", "close", "Close the variant's pane; its executions stay in the history.",
        of(&[Context::Output]), ["D", "delete"];
    PickModel, "pick-model", "model", "Pick the model of the variant.", Contexts::WORKBENCH, ["m"];
    Parameters, "parameters", "parameters", "Edit the generation parameters of the variant.",
        Contexts::WORKBENCH, ["t"];
    UseDraft, "use-draft", "use draft", "Let the variant run the draft again, and not a saved version.",
        of(&[Context::Output, Context::Versions]), ["V"];
    OlderOutput, "older-output", "older", "Step back to the output before, in this pane.",
        of(&[Context::Output]), ["["];
    NewerOutput, "newer-output", "newer", "Step forward to the output after, in this pane.",
        of(&[Context::Output]), ["]"];
    ToggleReasoning, "toggle-reasoning", "reasoning", "Fold or unfold what the model thought before it answered.",
        ANSWERS, ["T"];
    Diff, "diff", "diff", "Compare word by word: outputs, the draft and its file, or a version and the text.",
        Contexts::PANES.and(of(&[Context::Versions])), ["d"];
    Copy, "copy", "copy", "Copy: the whole answer, the selected text, or what is shown.",
        Contexts::PANES
            .and(of(&[Context::Versions, Context::DiffView, Context::PreviewView])), ["y"];
    Rate1, "rate-1", "rate 1", "Rate the answer 1 of 5.", ANSWERS, ["alt-1"];
    Rate2, "rate-2", "rate 2", "Rate the answer 2 of 5.", ANSWERS, ["alt-2"];
    Rate3, "rate-3", "rate 3", "Rate the answer 3 of 5.", ANSWERS, ["alt-3"];
    Rate4, "rate-4", "rate 4", "Rate the answer 4 of 5.", ANSWERS, ["alt-4"];
    Rate5, "rate-5", "rate 5", "Rate the answer 5 of 5.", ANSWERS, ["alt-5"];
    ClearRating, "clear-rating", "no rating", "Take the rating back.", ANSWERS, ["alt-0"];

    // The template.
    Save, "save", "save", "Save the text as a new version.", WORK, ["s", "f2"];
    Versions, "versions", "versions", "List the saved versions of the template.",
        Contexts::WORKBENCH, ["v"];
    RunVersion, "run-version", "run this", "Let the variant run the selected version.",
        of(&[Context::Versions]), ["r"];
    RollBack, "roll-back", "roll back", "Make a new version whose content is the selected one's.",
        of(&[Context::Versions]), ["b"];
    Label, "label", "label", "Give the selected version a name.", of(&[Context::Versions]), ["L"];
    Preview, "preview", "preview", "Show the messages as they would be sent.",
        Contexts::WORKBENCH, ["p"];
    EditOutside, "edit-outside", "$EDITOR", "Edit the text in $VISUAL or $EDITOR.",
        Contexts::WORKBENCH, ["e"];
    Undo, "undo", "undo", "Undo the last change of the text, or the last deletion.",
        Contexts::PANES, ["u"];
    Redo, "redo", "redo", "Take the last undo back.", Contexts::WORKBENCH, ["U"];
    DiscardDraft, "discard-draft", "discard", "Put the file's text back in place of the draft.",
        Contexts::WORKBENCH, [];
    ReloadLibrary, "reload-library", "reload", "Read the workspace's templates again.",
        Contexts::WORKBENCH, ["f9"];
    KeepMine, "keep-mine", "keep mine", "Overwrite the file that changed outside.",
        of(&[Context::Conflict]), ["m"];
    TakeTheirs, "take-theirs", "take theirs", "Take the text of the file that changed outside.",
        of(&[Context::Conflict]), ["t"];

    // History.
    OpenInWorkbench, "open-in-workbench", "to workbench", "Open the execution in the workbench, with its text, inputs, model and parameters.",
        Contexts::HISTORY, ["o"];
    Delete, "delete", "delete", "Delete the execution; undo brings it back.",
        Contexts::HISTORY, ["D", "delete"];
    Confirm, "confirm", "yes", "Answer the question with yes.", of(&[Context::Confirm]), ["y"];
}

impl Action {
    /// The action with a name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name)
    }
}

/// What the footer shows in a context, what matters most first.
pub(super) const fn footer(context: Context) -> &'static [Action] {
    use Action as A;
    match context {
        Context::Library => &[
            A::Open,
            A::Filter,
            A::RunAll,
            A::EditOutside,
            A::Versions,
            A::NextPane,
            A::Palette,
            A::Help,
            A::ShowHistory,
            A::Quit,
        ],
        Context::Editor => &[
            A::Type,
            A::Run,
            A::RunAll,
            A::Save,
            A::Versions,
            A::Preview,
            A::Undo,
            A::Palette,
            A::Help,
            A::EditOutside,
            A::NextPane,
            A::Quit,
        ],
        Context::Inputs => &[
            A::Open,
            A::Run,
            A::RunAll,
            A::PickModel,
            A::Parameters,
            A::Preview,
            A::Palette,
            A::Help,
            A::NextPane,
            A::Quit,
        ],
        Context::Output => &[
            A::Run,
            A::RunAll,
            A::Cancel,
            A::Fork,
            A::Diff,
            A::PickModel,
            A::Parameters,
            A::Save,
            A::Palette,
            A::Help,
            A::Copy,
            A::Zoom,
            A::Versions,
            A::Quit,
        ],
        Context::History => &[
            A::Open,
            A::Filter,
            A::OpenInWorkbench,
            A::Delete,
            A::Undo,
            A::ShowWorkbench,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::HistoryDetail => &[
            A::Back,
            A::OpenInWorkbench,
            A::Right,
            A::Copy,
            A::Zoom,
            A::Diff,
            A::Delete,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Typing => &[A::Back, A::Run, A::RunAll, A::Save, A::Palette, A::Help],
        Context::Palette | Context::ModelPicker | Context::ParameterForm => {
            &[A::Open, A::Up, A::Down, A::Back]
        }
        Context::SaveDialog => &[A::Open, A::NextPane, A::Back],
        Context::Versions => {
            &[A::RunVersion, A::UseDraft, A::Diff, A::RollBack, A::Label, A::Copy, A::Back]
        }
        Context::DiffView | Context::PreviewView => {
            &[A::Up, A::Down, A::PageDown, A::Copy, A::Back]
        }
        Context::HelpView | Context::LogView => &[A::Up, A::Down, A::PageDown, A::Back],
        Context::Conflict => &[A::Open, A::KeepMine, A::TakeTheirs, A::Up, A::Down, A::Back],
        Context::Confirm => &[A::Confirm, A::Back],
    }
}
