//! A walk through the program: one caption at a time, beside the thing it speaks of.

use super::{Focus, Screen};
use crate::model::VariantName;

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
    /// The caption in the demonstration, actions in braces for their keys.
    pub text: &'static str,
    /// The caption in a workspace of somebody's own, where nothing is simulated or run.
    pub elsewhere: &'static str,
    /// What is done on arrival, in the demonstration alone.
    pub deed: TourDeed,
}

const fn at(focus: Focus, text: &'static str, elsewhere: &'static str, deed: TourDeed) -> TourStop {
    TourStop { screen: Screen::Workbench, focus, text, elsewhere, deed }
}

/// A stop that says the same everywhere.
const fn same(focus: Focus, text: &'static str, deed: TourDeed) -> TourStop {
    at(focus, text, text, deed)
}

const A: Focus = Focus::Output(VariantName::A);

/// The stops, in order.
pub const TOUR: [TourStop; 9] = [
    at(
        Focus::Library,
        "These are the prompts of a workspace: plain text files that git can compare. Everything \
         here is a temporary copy, and every model is simulated.",
        "These are the prompts of this workspace: plain text files that git can compare. The \
         tour changes none of them and sends nothing.",
        TourDeed::Nothing,
    ),
    same(
        Focus::Editor,
        "A prompt has front matter and messages; variables are coloured by whether they have a \
         value. {accept} types, {escape} goes back to keys that act.",
        TourDeed::Nothing,
    ),
    same(
        Focus::Inputs,
        "One field for each variable, with the values used last. Below them the model and its \
         parameters.",
        TourDeed::Nothing,
    ),
    at(
        A,
        "{run-all} has run both variants side by side on two models. Watch time to first token, \
         speed and cost; the line below says what differs.",
        "{run-all} runs all variants side by side, each on its model; {fork} adds one, \
         {pick-model} picks its model. The line below the answer has its times and its cost.",
        TourDeed::RunAll,
    ),
    same(
        A,
        "{diff} compares two answers word by word. {rate-1} to {rate-5} rate one, {pick-winner} \
         picks the winner, {blind} hides which is which.",
        TourDeed::Diff,
    ),
    same(
        Focus::Editor,
        "{save-version} saves the text as a version, {versions} lists the versions with their \
         differences, and rolls back. Drafts are kept by themselves.",
        TourDeed::Close,
    ),
    TourStop {
        screen: Screen::History,
        focus: Focus::Editor,
        text: "Every call is kept, a month of them here: {filter} searches words, model:, \
               status:, rating:, since: and more. {accept} reads one, {open-in-workbench} opens \
               it in the workbench.",
        elsewhere: "Every call is kept: {filter} searches words, model:, status:, rating:, since: \
                    and more. {accept} reads one, {open-in-workbench} opens it in the workbench.",
        deed: TourDeed::Nothing,
    },
    TourStop {
        screen: Screen::Charts,
        focus: Focus::Editor,
        text: CHARTS,
        elsewhere: CHARTS,
        deed: TourDeed::Nothing,
    },
    at(
        Focus::Editor,
        "That was all. {help} explains the pane you are in, {palette} finds every action by \
         name. `lathe init DIR` writes these prompts into a folder of yours.",
        "That was all. {help} explains the pane you are in, {palette} finds every action by \
         name. `lathe demo` is the same with simulated models and a month of history.",
        TourDeed::Nothing,
    ),
];

const CHARTS: &str = "Latency, cost, errors and ratings over time, against the time before. \
                      {change-range} changes the range, {change-grouping} what the table tells \
                      apart.";

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
