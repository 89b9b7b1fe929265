//! Jumping: every place that can have the focus gets a letter, and the letter goes there.

use ratatui::layout::Rect;

use super::{ChartFocus, Focus, FormRow, State, areas, form_slots};

/// The letters, the easiest to reach first.
const LETTERS: &str = "asdfghjklqwertyuiopzxcvbnm";

/// A place to jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JumpTo {
    Pane(Focus),
    Field(FormRow),
    HistoryList,
    HistoryDetail,
    Chart(ChartFocus),
}

/// A letter, where it leads, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JumpLabel {
    pub letter: char,
    pub to: JumpTo,
    /// The cell of the letter.
    pub at: (u16, u16),
}

/// Every place in sight with its letter; screens have their digits.
#[must_use]
pub fn jump_labels(state: &State) -> Vec<JumpLabel> {
    let areas = areas(state);
    let mut places: Vec<(JumpTo, Rect)> = Vec::new();
    let pane = |focus| JumpTo::Pane(focus);
    if let Some(area) = areas.library {
        places.push((pane(Focus::Library), area.outer));
    }
    if let Some(area) = &areas.editor {
        places.push((pane(Focus::Editor), area.outer));
    }
    for area in &areas.panes {
        places.push((pane(Focus::Output(area.variant)), area.outer));
    }
    if let Some(outer) = areas.inputs {
        places.push((pane(Focus::Inputs), outer));
        for (row, place) in form_slots(state, outer) {
            // On the row itself and not on the frame.
            let at = Rect { x: place.x.saturating_sub(1), ..place };
            places.push((JumpTo::Field(row), at));
        }
    }
    if let Some(area) = areas.history {
        places.push((JumpTo::HistoryList, area.outer));
    }
    if let Some(area) = areas.detail {
        places.push((JumpTo::HistoryDetail, area.outer));
    }
    for (chart, outer) in &areas.charts {
        places.push((JumpTo::Chart(ChartFocus::Chart(*chart)), *outer));
    }
    if let Some(area) = areas.chart_table {
        places.push((JumpTo::Chart(ChartFocus::Table), area.outer));
    }
    LETTERS
        .chars()
        .zip(places)
        .map(|(letter, (to, place))| JumpLabel { letter, to, at: (place.x + 1, place.y) })
        .collect()
}
