//! A walk through the program: one caption at a time, beside the thing it speaks of.

use super::{Focus, Screen};

/// What happens when the walk goes on from a stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TourDeed {
    Nothing,
    /// All variants run.
    RunAll,
    /// The difference between the answers comes in front.
    Diff,
    /// What stands in front goes.
    Close,
}

/// One stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TourStop {
    pub screen: Screen,
    /// The pane of the workbench it speaks of.
    pub focus: Focus,
    pub text: &'static str,
    /// What is done on arrival.
    pub deed: TourDeed,
}

const fn at(focus: Focus, text: &'static str, deed: TourDeed) -> TourStop {
    TourStop { screen: Screen::Workbench, focus, text, deed }
}

const A: Focus = Focus::Output(crate::model::VariantName::A);

/// The stops, in order.
pub const TOUR: [TourStop; 9] = [
    at(
        Focus::Library,
        "These are the prompts of a workspace: plain text files that git can compare. Everything \
         here is a temporary copy, and every model is simulated.",
        TourDeed::Nothing,
    ),
    at(
        Focus::Editor,
        "A prompt has front matter and messages; variables are coloured by whether they have a \
         value. Enter types, Esc goes back to keys that act.",
        TourDeed::Nothing,
    ),
    at(
        Focus::Inputs,
        "One field for each variable, with the values used last. Below them the model and its \
         parameters.",
        TourDeed::Nothing,
    ),
    at(
        A,
        "R has run both variants side by side on two models. Watch time to first token, speed \
         and cost; the line below says what differs.",
        TourDeed::RunAll,
    ),
    at(
        A,
        "d compares two answers word by word. Alt-1 to Alt-5 rate one, W picks the winner, b \
         hides which is which.",
        TourDeed::Diff,
    ),
    at(
        Focus::Editor,
        "s saves the text as a version, v lists the versions with their differences, and rolls \
         back. Drafts are kept by themselves.",
        TourDeed::Close,
    ),
    TourStop {
        screen: Screen::History,
        focus: Focus::Editor,
        text: "Every call is kept, a month of them here: / searches words, model:, status:, \
               rating:, since: and more. Enter reads one, o opens it in the workbench.",
        deed: TourDeed::Nothing,
    },
    TourStop {
        screen: Screen::Charts,
        focus: Focus::Editor,
        text: "Latency, cost, errors and ratings over time, against the time before. t changes \
               the range, b what the table tells apart.",
        deed: TourDeed::Nothing,
    },
    at(
        Focus::Editor,
        "That was all. ? explains the pane you are in, : finds every action by name. \
         `lathe init DIR` writes these prompts into a folder of yours.",
        TourDeed::Nothing,
    ),
];

/// Where the walk is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tour {
    stop: usize,
}

impl Tour {
    /// The walk at its first stop.
    #[must_use]
    pub const fn begin() -> Self {
        Self { stop: 0 }
    }

    /// The stop it is at.
    #[must_use]
    pub fn stop(&self) -> &'static TourStop {
        TOUR.get(self.stop).unwrap_or(&TOUR[0])
    }

    /// `2 of 9`
    #[must_use]
    pub fn place(&self) -> String {
        format!("{} of {}", self.stop + 1, TOUR.len())
    }

    /// Goes on; `None` after the last stop.
    #[must_use]
    pub const fn next(self) -> Option<Self> {
        let stop = self.stop + 1;
        if stop < TOUR.len() { Some(Self { stop }) } else { None }
    }
}
