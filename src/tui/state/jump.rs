//! Jumping: every place that can have the focus gets a letter, and the letter goes there.

use ratatui::layout::Rect;

use super::{ChartFocus, Focus, FormRow, Screen, State, areas, form_slots};
use crate::tui::text::cell_width;

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

/// A letter or two, where they lead, and where they stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JumpLabel {
    pub letters: String,
    pub to: JumpTo,
    /// The cell of the first letter.
    pub at: (u16, u16),
    /// What the place is called, where it is not in sight itself.
    pub name: Option<String>,
}

/// Every place of the screen with its letter; screens have their digits. What is not in sight is
/// named on the lower frame of what is.
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
    let hidden = hidden(state, &places);
    let frame = places.first().map(|(_, place)| *place).unwrap_or_default();
    let mut letters = letters(places.len() + hidden.len()).into_iter();
    let mut labels: Vec<JumpLabel> = letters
        .by_ref()
        .zip(places)
        .map(|(letters, (to, place))| JumpLabel {
            letters,
            to,
            at: (place.x + 1, place.y),
            name: None,
        })
        .collect();
    let mut x = frame.x + 1;
    for (letters, (focus, name)) in letters.zip(hidden) {
        let cells = u16::try_from(letters.len() + cell_width(&name) + 4).unwrap_or(u16::MAX);
        if x.saturating_add(cells) > frame.right() {
            break;
        }
        let at = (x, frame.bottom().saturating_sub(1));
        labels.push(JumpLabel { letters, to: JumpTo::Pane(focus), at, name: Some(name) });
        x += cells;
    }
    labels
}

/// The panes of the workbench that are not among the places in sight, and what they are called.
fn hidden(state: &State, places: &[(JumpTo, Rect)]) -> Vec<(Focus, String)> {
    if state.screen != Screen::Workbench {
        return Vec::new();
    }
    let parts = [(Focus::Editor, "Editor"), (Focus::Inputs, "Inputs"), (Focus::Library, "Prompts")];
    let parts = parts.into_iter().map(|(focus, name)| (focus, name.to_owned()));
    let panes = state.panes.iter().map(|pane| pane.variant);
    let panes = panes.map(|variant| (Focus::Output(variant), state.name_of(variant)));
    let in_sight = |focus| places.iter().any(|(to, _)| *to == JumpTo::Pane(focus));
    parts.chain(panes).filter(|(focus, _)| !in_sight(*focus)).collect()
}

/// Letters for so many places, a single one each as long as they last. Where they do not, the
/// last of them begin pairs, so that no letter that leads somewhere begins a pair.
fn letters(count: usize) -> Vec<String> {
    let all = LETTERS.len();
    // Giving one letter up for pairs brings as many as there are letters.
    let pairs = count.saturating_sub(all).div_ceil(all - 1).min(all);
    let (single, first) = LETTERS.split_at(all - pairs);
    let pairs = first
        .chars()
        .flat_map(|first| LETTERS.chars().map(move |second| String::from_iter([first, second])));
    single.chars().map(String::from).chain(pairs).take(count).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_has_letters_that_begin_no_others() {
        for count in [0, 1, 26, 27, 51, 52, 200, 676] {
            let letters = letters(count);
            assert_eq!(letters.len(), count);
            for (place, one) in letters.iter().enumerate() {
                let others = letters.iter().enumerate().filter(|(other, _)| *other != place);
                assert!(!others.into_iter().any(|(_, other)| other.starts_with(one)), "{one}");
            }
        }
        assert!(letters(26).iter().all(|letters| letters.len() == 1));
        assert_eq!(letters(27).iter().filter(|letters| letters.len() == 2).count(), 2);
    }
}
