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

            /// The word or two in the footer of a context, where it means something of its own there.
            #[must_use]
            pub const fn label_in(self, context: Context) -> &'static str {
                match (self, context) {
                    (Self::Accept, Context::Inputs) => "type",
                    (Self::Accept, Context::History) => "read",
                    (Self::Accept, Context::ChartTable) => "runs behind it",
                    (Self::Accept, Context::Line) => "done",
                    (Self::Accept, Context::Picker) => "take",
                    (Self::Accept, Context::Form) => "apply",
                    (Self::Accept, Context::Versions) => "choose",
                    (Self::Accept, Context::Diff) => "fold",
                    (Self::Diff, Context::Diff) => "draft or answers",
                    (Self::Accept, Context::Question) => "choose",
                    (action, _) => action.label(),
                }
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
const WORK: Contexts = Contexts::WORKBENCH.and(of(&[Context::Text, Context::Line]));
/// Every pane, whether keys act or type.
const SCREENS: Contexts = Contexts::PANES.and(of(&[Context::Text, Context::Line]));
/// Where there are rows to go through, or text to scroll.
const ROWS: Contexts = Contexts::PANES.and(Contexts::FRONT);
/// The editor, whether keys act or type.
const EDITING: Contexts = of(&[Context::Editor, Context::Text]);
/// Where keys type, and the editor while keys act.
const MOVING: Contexts = Contexts::TYPING.and(of(&[Context::Editor]));
/// Where an answer can be rated.
const RATED: Contexts = of(&[Context::Output, Context::Detail, Context::History]);
/// Where an output's text is read.
const ANSWERS: Contexts = of(&[Context::Output, Context::Detail]);

actions! {
    // Running.
    Run, "run", "run", "Run the variant of the focused output, or of the last that was.", WORK,
        ["r", "ctrl-r", "f5", "alt-enter", "alt-r", "ctrl-enter"];
    RunAll, "run-all", "run all", "Run all variants side by side.", WORK, ["R", "alt-R", "f6"];
    Cancel, "cancel", "cancel", "Cancel the focused call and keep what it wrote.",
        Contexts::WORKBENCH, ["x"];
    CancelAll, "cancel-all", "cancel all", "Cancel every running call and keep what they wrote.",
        Contexts::ALL, ["X", "ctrl-c"];
    RunAnew, "run-anew", "run anew", "Run the variant past the cache, even if its answer was given before.",
        Contexts::WORKBENCH, ["alt-K"];
    ToggleCache, "toggle-cache", "cache", "Give answers again that were given before, to the same call or to one alike, until the program ends.",
        Contexts::WORKBENCH, ["K"];
    SkipWait, "skip-wait", "retry now", "Wait no longer: send the call now.",
        Contexts::WORKBENCH, ["w"];
    RunAnyway, "run-anyway", "run anyway", "Run what a guard stopped once more and let it pass this time.",
        of(&[Context::Output]), ["O"];
    DropParameter, "drop-parameter-and-run", "drop parameter",
        "Run again without the parameter that the model refused, now and from then on.",
        of(&[Context::Output]), ["Y"];

    // Variants.
    Fork, "fork", "fork", "Fork: open another variant that runs the same, to change it.",
        Contexts::WORKBENCH, ["f"];
    AddPane, "add-pane", "add", "Add a variant that runs the draft.", Contexts::WORKBENCH, ["a"];
    RemovePane, "remove-pane", "remove", "Remove the focused variant's pane; its executions stay in the history.",
        of(&[Context::Output]), ["D", "delete"];
    PickModel, "pick-model", "model", "Pick the model of the variant; in the history, the one to run the execution on.",
        Contexts::WORKBENCH.and(Contexts::HISTORY), ["m"];
    EditParameters, "edit-parameters", "parameters", "Edit the generation parameters of the variant.",
        Contexts::WORKBENCH, ["t"];
    PickPreset, "pick-preset", "preset", "Give the variant the generation parameters that suit a task.",
        Contexts::WORKBENCH, ["P"];
    PickVersion, "pick-version", "version", "Pick what the variant runs: the draft or a saved version.",
        Contexts::WORKBENCH, ["V"];
    OlderOutput, "older-output", "older", "Step back to the output before, in this pane.",
        of(&[Context::Output]), ["["];
    NewerOutput, "newer-output", "newer", "Step forward to the output after, in this pane.",
        of(&[Context::Output]), ["]"];
    Diff, "diff", "diff", "Compare, word by word: two outputs, or the selected version with the text being edited.",
        Contexts::WORKBENCH.and(of(&[Context::Versions, Context::Diff])), ["d"];
    PickWinner, "pick-winner", "winner", "Pick the answer as the best of its run, or take that back.",
        of(&[Context::Output]), ["W"];
    SaveAnswerAs, "save-answer-as", "save as", "Write the answer's text to a file of its own.",
        of(&[Context::Output]), ["E"];
    KeepAgain, "keep-again", "keep", "Try again to keep the answer in the history, where that failed.",
        of(&[Context::Output]), ["H"];
    Blind, "blind", "blind", "Judge blind: hide which variant is which and mix their places.",
        Contexts::WORKBENCH, ["b"];
    CompareModels, "compare-models", "models", "Run one template on up to four models: mark them, a pane each.",
        Contexts::WORKBENCH, ["C"];
    CompareTemplates, "compare-templates", "run templates",
        "Run up to four templates on one model: mark them, a pane each.",
        Contexts::WORKBENCH, ["alt-C"];
    Rate1, "rate-1", "rate 1", "Rate the answer 1 of 5.", RATED, ["alt-1"];
    Rate2, "rate-2", "rate 2", "Rate the answer 2 of 5.", RATED, ["alt-2"];
    Rate3, "rate-3", "rate 3", "Rate the answer 3 of 5.", RATED, ["alt-3"];
    Rate4, "rate-4", "rate 4", "Rate the answer 4 of 5.", RATED, ["alt-4"];
    Rate5, "rate-5", "rate 5", "Rate the answer 5 of 5.", RATED, ["alt-5"];

    // The template.
    SaveVersion, "save-version", "save", "Save the text as a new version.", WORK, ["s", "f2"];
    Versions, "versions", "versions", "List the saved versions of the template.",
        Contexts::WORKBENCH, ["v"];
    MarkVersion, "mark-version", "mark", "Mark the version, to run it beside the others that are marked.",
        of(&[Context::Versions]), ["space"];
    RollBack, "roll-back", "roll back", "Make a new version whose content is the selected one's.",
        of(&[Context::Versions]), ["b"];
    LabelVersion, "label-version", "label", "Give the selected version a name.",
        of(&[Context::Versions]), ["L"];
    DiscardDraft, "discard-draft", "discard", "Put the file's text back in place of the draft.",
        of(&[Context::Library, Context::Editor]), ["D"];
    OpenEditor, "open-editor", "$EDITOR", "Edit the text in $VISUAL or $EDITOR.",
        of(&[Context::Library, Context::Editor, Context::Inputs]), ["e"];
    Preview, "preview", "preview", "Show the messages as they would be sent.",
        Contexts::WORKBENCH, ["p"];
    Findings, "findings", "findings", "List what is wrong or odd in the template, and go to its place.",
        WORK, ["alt-e", "f8"];

    // Reading.
    Copy, "copy", "copy", "Copy: the whole answer, the selected text, or the prompt.",
        Contexts::PANES.and(of(&[Context::Versions, Context::Diff, Context::Reading])), ["y"];
    Zoom, "zoom", "zoom", "Give the focused pane the whole screen, and back.", Contexts::PANES, ["z"];
    Follow, "follow", "follow", "Follow the end of the text while it is being written.",
        ANSWERS, ["F"];
    ToggleReasoning, "toggle-reasoning", "reasoning", "Fold or unfold what the model thought before it answered.",
        ANSWERS, ["T"];
    ToggleRaw, "toggle-raw", "raw", "Show answers as they came, or as the Markdown they are.",
        ANSWERS, ["M"];
    Find, "find", "find", "Find words in the answer.", ANSWERS, ["/"];
    FindNext, "find-next", "next found", "Go to the next place where the words stand.",
        ANSWERS.and(of(&[Context::Editor])), ["n"];
    FindPrevious, "find-previous", "previous found", "Go to the place before where the words stand.",
        ANSWERS.and(of(&[Context::Editor])), ["N"];
    SearchText, "search-text", "search", "Search the text in the editor.", EDITING, ["/", "ctrl-f"];
    ScrollTogether, "scroll-together", "scroll together", "Scroll all answers together, or each by itself.",
        of(&[Context::Output]), ["L"];
    Filter, "filter", "filter", "Filter the list.",
        of(&[Context::Library, Context::History]).and(Contexts::CHARTS), ["/"];

    // History.
    OpenInWorkbench, "open-in-workbench", "to workbench", "Open the execution in the workbench: its text, inputs, model and parameters.",
        Contexts::HISTORY, ["o"];
    Rerun, "rerun", "run again", "Run the execution again in the workbench.",
        Contexts::HISTORY, ["r", "ctrl-r", "f5"];
    Compare, "compare", "compare", "Compare two executions: mark the first, then press again on the other.",
        Contexts::HISTORY, ["c"];
    AddTag, "tag", "tag", "Tag the execution with a word or key=value.", Contexts::HISTORY, ["#"];
    Export, "export", "export", "Write the listed executions to a file: JSON lines, CSV or Markdown.",
        Contexts::HISTORY, ["E"];
    Delete, "delete", "delete", "Delete the execution; undo brings it back.",
        Contexts::HISTORY, ["D", "delete"];
    BringBack, "bring-back", "bring back",
        "Bring back what was deleted, removed or replaced last, wherever that was.",
        Contexts::ALL, ["alt-z"];
    DeleteRow, "delete-row", "delete", "Delete the selected set of inputs; it can be brought back.",
        of(&[Context::Picker]), ["ctrl-x"];
    RenameRow, "rename-row", "rename", "Give the selected set of inputs another name.",
        of(&[Context::Picker]), ["alt-n"];
    Undo, "undo", "undo", "Undo the last change of the text, the last deletion, or the removal of a pane.",
        EDITING.and(Contexts::HISTORY).and(of(&[
            Context::Inputs,
            Context::Output,
            Context::Versions,
            Context::Line,
            Context::Picker,
            Context::Form,
        ])),
        ["u", "alt-u", "ctrl-7", "ctrl-/"];
    Redo, "redo", "redo", "Take the last undo back.",
        EDITING.and(of(&[Context::Inputs, Context::Line, Context::Picker, Context::Form])),
        ["U", "ctrl-y"];

    // Going about.
    GoToWorkbench, "workbench", "workbench", "Go to the workbench.", Contexts::PANES, ["1"];
    GoToHistory, "history", "history", "Go to the history.", Contexts::PANES, ["2"];
    GoToCharts, "charts", "charts", "Go to the charts.", Contexts::PANES, ["3"];
    ChangeRange, "change-range", "range", "Change how far back the charts look.",
        Contexts::CHARTS, ["t"];
    ChooseRange, "choose-range", "from when", "Choose from when to when the charts look.",
        Contexts::CHARTS, ["f"];
    ChangeGrouping, "change-grouping", "by", "Tell the table apart by model, template, version or tag.",
        Contexts::CHARTS, ["b"];
    Mark, "mark", "mark", "Mark the model or the template, to run it beside the others that are marked.",
        of(&[Context::Picker]), ["tab"];
    NextPane, "next-pane", "next", "Go to the next pane or field.",
        ROWS.and(of(&[Context::Line, Context::Form])), ["tab"];
    PreviousPane, "previous-pane", "previous", "Go to the previous pane or field.",
        ROWS.and(of(&[Context::Line, Context::Picker, Context::Form])), ["shift-tab"];
    InsertMode, "insert-mode", "type", "Begin to type into the focused editor or field.",
        of(&[Context::Editor, Context::Inputs]), ["i"];
    RowStart, "row-start", "line start", "Go to the start of the line while keys act.",
        of(&[Context::Editor]), ["0"];
    RowEnd, "row-end", "line end", "Go to the end of the line while keys act.",
        of(&[Context::Editor]), ["$"];
    Append, "append", "append", "Begin to type after the cursor.", of(&[Context::Editor]), ["A"];
    OpenLine, "open-line", "open line", "Begin a new line below and type there.",
        of(&[Context::Editor]), ["o"];
    Accept, "accept", "open", "Open, choose or accept; in the editor and the form, begin to type.",
        ROWS.and(of(&[Context::Line, Context::Picker, Context::Form])), ["enter"];
    Escape, "escape", "back", "Go one step back: stop typing, close what is in front.",
        Contexts::ALL, ["esc"];
    Yes, "yes", "yes", "Answer the question with yes.", of(&[Context::Question]), ["y"];
    No, "no", "no", "Answer the question with no.", of(&[Context::Question]), ["n"];
    MoveUp, "move-up", "up", "Go up one row.", ROWS.and(Contexts::TYPING), ["up", "k"];
    MoveDown, "move-down", "down", "Go down one row.", ROWS.and(Contexts::TYPING), ["down", "j"];
    MoveLeft, "move-left", "left", "Go left, fold the group, or turn to what is before.",
        ROWS.and(Contexts::TYPING), ["left", "h"];
    MoveRight, "move-right", "right", "Go right, unfold the group, or turn to what is after.",
        ROWS.and(Contexts::TYPING), ["right", "l"];
    PageUp, "page-up", "page up", "Go up one page.", ROWS.and(Contexts::TYPING), ["page-up"];
    PageDown, "page-down", "page down", "Go down one page.", ROWS.and(Contexts::TYPING),
        ["page-down"];
    MoveToTop, "move-to-top", "top", "Go to the first row.", ROWS, ["g", "home", "ctrl-home"];
    MoveToBottom, "move-to-bottom", "bottom", "Go to the last row, and follow it.",
        ROWS, ["G", "end", "ctrl-end"];

    // Typing. With Shift held, the moves above and below select.
    WordLeft, "word-left", "word left", "Go to the start of the word.",
        MOVING, ["ctrl-left", "alt-left", "alt-b"];
    WordRight, "word-right", "word right", "Go to the end of the word.",
        MOVING, ["ctrl-right", "alt-right", "alt-f"];
    LineStart, "line-start", "line start", "Go to the start of the line.",
        Contexts::TYPING, ["home"];
    LineEnd, "line-end", "line end", "Go to the end of the line.",
        Contexts::TYPING, ["end", "ctrl-e"];
    TextStart, "text-start", "text start", "Go to the start of the text.",
        Contexts::TYPING, ["ctrl-home", "alt-<"];
    TextEnd, "text-end", "text end", "Go to the end of the text.",
        Contexts::TYPING, ["ctrl-end", "alt->"];
    SelectAll, "select-all", "select all", "Select the whole text.", Contexts::TYPING, ["alt-a"];
    NewLine, "new-line", "new line", "Begin a new line.", of(&[Context::Text]), ["enter", "ctrl-j"];
    Indent, "indent", "indent", "Indent to the next stop.", of(&[Context::Text]), ["tab"];
    DeleteBack, "delete-back", "delete back", "Delete the character before the cursor, or the selection.",
        Contexts::TYPING, ["backspace", "ctrl-h"];
    DeleteForward, "delete-forward", "delete", "Delete the character after the cursor, or the selection.",
        MOVING, ["delete", "ctrl-d"];
    DeleteWordBack, "delete-word-back", "delete word", "Delete to the start of the word.",
        Contexts::TYPING, ["alt-backspace", "ctrl-w", "ctrl-backspace"];
    DeleteWordForward, "delete-word-forward", "delete word", "Delete to the end of the word.",
        Contexts::TYPING, ["alt-d", "ctrl-delete"];
    DeleteToLineStart, "delete-to-line-start", "delete to start", "Delete to the start of the line.",
        Contexts::TYPING, ["ctrl-u"];
    DeleteToLineEnd, "delete-to-line-end", "delete to end", "Delete to the end of the line.",
        MOVING, ["ctrl-k"];
    CopySelection, "copy-selection", "copy", "Copy the selected text, or the line.",
        of(&[Context::Text]), ["alt-w", "alt-c"];
    CutSelection, "cut-selection", "cut", "Cut the selected text, or the line: copied, and deleted here.",
        of(&[Context::Text]), ["ctrl-x"];
    Paste, "paste", "paste", "Paste what Lathe copied, cut or deleted by the line; of other programs, paste by the terminal's key.",
        MOVING, ["ctrl-v", "alt-y"];
    DeleteLine, "delete-line", "delete line", "Delete the lines the selection touches.",
        EDITING, ["alt-k"];

    // The program.
    Palette, "palette", "commands", "Find every action by name.", SCREENS, [":", "ctrl-p"];
    Help, "help", "help", "Say what this place is for, and show every key that works here.",
        Contexts::ALL, ["?", "f1"];
    Messages, "messages", "messages", "Show what was told in the status line.",
        Contexts::PANES, ["!"];
    ToggleMouse, "toggle-mouse", "mouse", "Listen to the mouse, or leave it to the terminal.",
        Contexts::PANES, ["alt-m"];
    GoToSource, "go-to-source", "go to", "Go to what is under the cursor: the answer's execution, or the included template.",
        of(&[Context::Output, Context::Editor]), ["."];
    Jump, "jump", "jump", "Jump: put a letter on every pane and field, and go to one.",
        Contexts::PANES, [";"];
    GoToTemplate, "go-to-template", "templates", "Go to any template, those that were open last first.",
        WORK, ["ctrl-o"];
    SearchTemplates, "search-templates", "search all", "Search the texts of all templates.",
        Contexts::WORKBENCH, ["S"];
    Scratch, "scratch", "scratch", "Open the scratch prompt, which has no file; saving it makes one.",
        Contexts::WORKBENCH, ["alt-n"];
    InputSets, "input-sets", "input sets", "Fill the inputs from a named set, or keep them as one.",
        Contexts::WORKBENCH, ["I"];
    LoadFile, "load-file", "from file", "Put the text of a file into the selected field.",
        of(&[Context::Inputs]), ["@"];
    TrustWorkspace, "trust-workspace", "trust", "Trust this workspace: its settings file as it is now, and templates milder than your settings.",
        Contexts::PANES, ["alt-s"];
    PickTheme, "pick-theme", "theme", "Pick a theme; each is seen while one goes through them.",
        Contexts::PANES, ["alt-t"];
    Tour, "tour", "tour", "Walk through the program: begin, or go on to the next stop.",
        Contexts::PANES.and(of(&[Context::Diff])), ["space"];
    Reload, "reload", "reload", "Read again what is shown: the workspace's files, the history, the charts.",
        Contexts::PANES, ["alt-l", "f9"];
    Redraw, "redraw", "redraw", "Draw the whole screen anew.", Contexts::ALL, ["ctrl-l"];
    Suspend, "suspend", "suspend", "Go back to the shell until `fg`.", Contexts::ALL, ["ctrl-z"];
    Quit, "quit", "quit", "Quit; asks only if something is running.",
        Contexts::PANES.and(of(&[Context::Question])), ["q"];
}

impl Action {
    /// The action with a name, if there is one.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == name)
    }

    /// Whether it only moves, so that with Shift held it selects where keys type.
    #[must_use]
    pub const fn moves(self) -> bool {
        matches!(
            self,
            Self::MoveUp
                | Self::MoveDown
                | Self::MoveLeft
                | Self::MoveRight
                | Self::PageUp
                | Self::PageDown
                | Self::WordLeft
                | Self::WordRight
                | Self::LineStart
                | Self::LineEnd
                | Self::TextStart
                | Self::TextEnd
        )
    }

    /// The rating it gives, 1 to 5, if it is one that rates.
    #[must_use]
    pub const fn rating(self) -> Option<u8> {
        match self {
            Self::Rate1 => Some(1),
            Self::Rate2 => Some(2),
            Self::Rate3 => Some(3),
            Self::Rate4 => Some(4),
            Self::Rate5 => Some(5),
            _ => None,
        }
    }
}

/// What the footer shows in a context, what matters most first.
pub(super) const fn footer(context: Context) -> &'static [Action] {
    use Action as A;
    match context {
        Context::Library => &[
            A::Accept,
            A::Filter,
            A::RunAll,
            A::OpenEditor,
            A::Versions,
            A::SaveVersion,
            A::GoToHistory,
            A::NextPane,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Editor => &[
            A::InsertMode,
            A::Run,
            A::RunAll,
            A::SaveVersion,
            A::Versions,
            A::Preview,
            A::Undo,
            A::OpenEditor,
            A::NextPane,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Inputs => &[
            A::Accept,
            A::Run,
            A::RunAll,
            A::InputSets,
            A::LoadFile,
            A::PickModel,
            A::EditParameters,
            A::Preview,
            A::NextPane,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Output => &[
            A::Run,
            A::RunAll,
            A::Cancel,
            A::Fork,
            A::Diff,
            A::PickWinner,
            A::Blind,
            A::PickModel,
            A::EditParameters,
            A::PickVersion,
            A::SaveVersion,
            A::Copy,
            A::Zoom,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::History => &[
            A::Accept,
            A::Filter,
            A::OpenInWorkbench,
            A::Rerun,
            A::PickModel,
            A::Compare,
            A::Delete,
            A::Undo,
            A::Export,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Detail => &[
            A::Escape,
            A::OpenInWorkbench,
            A::Rerun,
            A::PickModel,
            A::AddTag,
            A::Compare,
            A::Copy,
            A::Zoom,
            A::Delete,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Chart => &[
            A::ChangeRange,
            A::ChooseRange,
            A::Filter,
            A::ChangeGrouping,
            A::NextPane,
            A::Zoom,
            A::Copy,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::ChartTable => &[
            A::Accept,
            A::ChangeRange,
            A::ChooseRange,
            A::Filter,
            A::ChangeGrouping,
            A::NextPane,
            A::Copy,
            A::Palette,
            A::Help,
            A::Quit,
        ],
        Context::Text => {
            &[A::Escape, A::Run, A::RunAll, A::SaveVersion, A::Undo, A::Redo, A::Palette, A::Help]
        }
        Context::Line => &[A::Accept, A::Escape, A::Help],
        Context::Picker => &[
            A::Accept,
            A::Mark,
            A::DeleteRow,
            A::RenameRow,
            A::Escape,
            A::MoveUp,
            A::MoveDown,
            A::Help,
        ],
        Context::Form => &[A::Accept, A::Escape, A::MoveUp, A::MoveDown, A::Help],
        Context::Versions => &[
            A::Accept,
            A::Diff,
            A::RollBack,
            A::MarkVersion,
            A::LabelVersion,
            A::Copy,
            A::Escape,
            A::Help,
        ],
        Context::Diff => {
            &[A::MoveUp, A::MoveDown, A::Accept, A::Diff, A::PageDown, A::Copy, A::Escape, A::Help]
        }
        Context::Reading => &[A::MoveUp, A::MoveDown, A::PageDown, A::Copy, A::Escape, A::Help],
        Context::Question => {
            &[A::Yes, A::No, A::Accept, A::MoveUp, A::MoveDown, A::Escape, A::Help]
        }
    }
}
