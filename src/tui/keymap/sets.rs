//! Sets of keys for hands that learned elsewhere. A set replaces the keys of the actions it names
//! and leaves the others alone.

use super::action::Action;
use crate::config::KeySet;

/// The keys a set gives instead of the default ones.
pub(super) const fn replaced(set: KeySet) -> &'static [(Action, &'static [&'static str])] {
    use Action as A;
    match set {
        KeySet::Default => &[],
        KeySet::Emacs => &[
            (A::Escape, &["esc", "ctrl-g"]),
            (A::Palette, &["alt-x", ":"]),
            (A::MoveUp, &["up", "ctrl-p", "k"]),
            (A::MoveDown, &["down", "ctrl-n", "j"]),
            (A::MoveLeft, &["left", "ctrl-b", "h"]),
            (A::MoveRight, &["right", "ctrl-f", "l"]),
            (A::LineStart, &["home", "ctrl-a"]),
            (A::LineEnd, &["end", "ctrl-e"]),
            (A::SearchText, &["ctrl-s", "/"]),
            (A::Undo, &["u", "ctrl-/", "ctrl-7", "alt-u"]),
            (A::Redo, &["U", "alt-/"]),
            (A::PageUp, &["page-up", "alt-v"]),
            (A::PageDown, &["page-down", "ctrl-v"]),
            (A::CopySelection, &["alt-w"]),
            (A::CutSelection, &["ctrl-w"]),
            (A::Paste, &["ctrl-y", "alt-y"]),
            (A::DeleteWordBack, &["alt-backspace", "ctrl-backspace"]),
        ],
        KeySet::Vi => &[
            (A::WordLeft, &["b", "ctrl-left", "alt-left", "alt-b"]),
            (A::WordRight, &["w", "e", "ctrl-right", "alt-right", "alt-f"]),
            (A::Append, &["a"]),
            (A::Paste, &["p", "ctrl-v", "alt-y"]),
            (A::Preview, &["alt-p"]),
            (A::DiscardDraft, &["alt-x"]),
            (A::DeleteForward, &["x", "delete", "ctrl-d"]),
            (A::DeleteLine, &["d", "alt-k"]),
            (A::DeleteToLineEnd, &["D", "ctrl-k"]),
            (A::Redo, &["U", "ctrl-y"]),
            (A::Blind, &["B"]),
            (A::SkipWait, &["W"]),
            (A::PickWinner, &["alt-w"]),
            (A::OpenEditor, &["E"]),
            (A::AddPane, &["+"]),
            (A::Cancel, &["ctrl-x"]),
            (A::Diff, &["="]),
        ],
    }
}
