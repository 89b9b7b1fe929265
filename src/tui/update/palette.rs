//! Lists filtered by what is typed: every action, every model.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};

use super::{motion, step::Step};
use crate::tui::{
    keymap::{Action, Contexts},
    state::{Overlay, Picker, front_area},
};

/// The places of the texts that match a query, best first; all of them, in order, for an empty one.
pub(super) fn matches<'a>(query: &str, texts: impl Iterator<Item = String> + 'a) -> Vec<usize> {
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut characters = Vec::new();
    let mut found: Vec<(u32, usize)> = texts
        .enumerate()
        .filter_map(|(index, text)| {
            let text = Utf32Str::new(&text, &mut characters);
            Some((pattern.score(text, &mut matcher)?, index))
        })
        .collect();
    // Stable, so that what scores alike stays in the order of the list.
    found.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    found.into_iter().map(|(_, index)| index).collect()
}

/// How well the name of an action fits a query, 0 best. A sentence that happens to hold the
/// letters is no better than a name that begins with them.
fn fit(action: Action, query: &str) -> u8 {
    let query = query.trim().to_lowercase();
    let names = [action.label(), action.as_str()].map(str::to_lowercase);
    let words = |name: &String| name.split([' ', '-']).any(|word| word.starts_with(&query));
    if names.contains(&query) {
        0
    } else if names.iter().any(|name| name.starts_with(&query)) {
        1
    } else if names.iter().any(words) {
        2
    } else {
        3
    }
}

impl Step<'_> {
    /// After the palette's query changed.
    pub fn match_actions(&mut self) {
        let entries = self.state.palette_entries();
        if let Some(Overlay::Palette(palette)) = self.state.overlays.last_mut() {
            let texts = entries
                .iter()
                .map(|(_, action)| format!("{} {}", action.as_str(), action.sentence()));
            let query = palette.picker.query.text();
            let mut found = matches(query, texts);
            // Stable: what fits alike stays in the order of the score.
            found.sort_by_key(|at| entries.get(*at).map(|(_, action)| fit(*action, query)));
            palette.picker.set_matches(found);
        }
    }

    /// After the model list's query changed.
    pub fn match_models(&mut self) {
        let texts: Vec<String> =
            self.state.models.iter().map(|choice| choice.model.to_string()).collect();
        if let Some(Overlay::Models(models)) = self.state.overlays.last_mut() {
            let found = matches(models.picker.query.text(), texts.into_iter());
            models.picker.set_matches(found);
        }
    }

    /// Moves the selection of a picker; false for an action that does not move it.
    pub fn move_in_picker(&mut self, action: Action) -> bool {
        let height = usize::from(front_area(self.state).rows.height);
        let picker: Option<&mut Picker> = match self.state.overlays.last_mut() {
            Some(Overlay::Palette(palette)) => Some(&mut palette.picker),
            Some(Overlay::Models(models)) => Some(&mut models.picker),
            Some(Overlay::Themes(themes)) => Some(&mut themes.picker),
            Some(Overlay::List(list)) => Some(&mut list.picker),
            _ => None,
        };
        let by = match action {
            Action::Mark => Some(1),
            Action::PreviousPane => Some(-1),
            _ => motion::rows(action, height),
        };
        let (Some(picker), Some(by)) = (picker, by) else { return false };
        picker.move_by(by);
        true
    }

    /// Carries out an action that was picked by name, wherever one is: what changes a text changes
    /// the one in focus, and what only works elsewhere says where.
    fn act_by_name(&mut self, action: Action) {
        let here = action.contexts().contains(self.state.context());
        if !here && let Some((target, command)) = self.text_command(action) {
            return self.type_into(target, &command);
        }
        if here || action.contexts().iter().any(|it| Contexts::PANES.contains(it)) {
            return self.act_selecting(action, false);
        }
        let name = action.as_str();
        let places = action.contexts().describe();
        self.tell(format!("`{name}` has nothing to do here; it works in: {places}"));
    }

    pub fn act_in_palette(&mut self, action: Action) {
        if self.move_in_picker(action) || action != Action::Accept {
            return;
        }
        let Some(Overlay::Palette(palette)) = self.state.overlays.last() else { return };
        let chosen = palette.picker.chosen();
        let entry = chosen.and_then(|chosen| self.state.palette_entries().into_iter().nth(chosen));
        match entry {
            Some((_, action)) => {
                self.state.overlays.pop();
                self.act_by_name(action);
            }
            None => self.warn("No action has a name like that"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_before_sentences() {
        assert_eq!(fit(Action::PickTheme, "theme"), 0);
        assert_eq!(fit(Action::PickTheme, "Them"), 1);
        assert_eq!(fit(Action::RunAll, "all"), 2);
        assert_eq!(fit(Action::CompareModels, "them"), 3, "in its sentence alone");
    }

    #[test]
    fn queries_match_loosely_and_best_first() {
        let texts = || ["run all", "rerun", "roll back"].into_iter().map(str::to_owned);
        assert_eq!(matches("", texts()), [0, 1, 2]);
        assert_eq!(matches("run", texts()).first(), Some(&0));
        assert_eq!(matches("rlbk", texts()), [2]);
        assert!(matches("zzz", texts()).is_empty());
    }
}
