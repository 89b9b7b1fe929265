//! Themes: seen while one goes through them, kept with Enter, taken back with Esc.

use serde_json::Value;

use super::step::Step;
use crate::tui::{
    effect::{Effect, Keep, Question},
    keymap::Action,
    state::{Overlay, Picker, Purpose, ThemePicker},
    theme::Theme,
};

/// The setting that says which theme was picked last.
pub const THEME: &str = "interface.theme";

impl Step<'_> {
    pub fn open_themes(&mut self) {
        let before = self.state.theme.clone();
        let picker = Picker::over(self.state.themes.len());
        self.put_in_front(Overlay::Themes(ThemePicker { picker, before }));
        self.select_theme_in_use();
        // Asked each time: files may have come or changed.
        self.ask(Purpose::Themes, Question::Themes);
    }

    pub fn take_themes(&mut self, themes: Vec<Theme>, broken: &[String]) {
        self.state.themes = themes;
        let (names, worn) = (self.theme_names(), self.state.theme.clone());
        let list = self.state.overlays.iter_mut().find_map(|overlay| match overlay {
            Overlay::Themes(list) => Some(list),
            _ => None,
        });
        if let Some(list) = list {
            let kept = names.iter().position(|name| *name == worn);
            let found = super::palette::matches(list.picker.query.text(), names.into_iter());
            list.picker.renew(found, kept);
        }
        if let Some(broken) = broken.first() {
            self.warn(broken);
        }
    }

    fn select_theme_in_use(&mut self) {
        let place = self.state.themes.iter().position(|theme| theme.name() == self.state.theme);
        if let Some(Overlay::Themes(list)) = self.state.overlays.last_mut()
            && list.picker.query.is_empty()
        {
            list.picker.selected = place.unwrap_or(0);
        }
    }

    fn theme_names(&self) -> Vec<String> {
        self.state.themes.iter().map(|theme| theme.name().to_owned()).collect()
    }

    /// After the list's query changed.
    pub fn match_themes(&mut self) {
        let names = self.theme_names();
        if let Some(Overlay::Themes(list)) = self.state.overlays.last_mut() {
            let found = super::palette::matches(list.picker.query.text(), names.into_iter());
            list.picker.set_matches(found);
        }
    }

    /// Puts the selected theme on.
    pub fn wear_selected(&mut self) {
        let Some(Overlay::Themes(list)) = self.state.overlays.last() else { return };
        let chosen = list.picker.chosen().and_then(|place| self.state.themes.get(place)).cloned();
        if let Some(theme) = chosen {
            self.wear(theme);
        }
    }

    fn wear(&mut self, theme: Theme) {
        if self.state.theme != theme.name() {
            theme.name().clone_into(&mut self.state.theme);
            self.effects.push(Effect::Wear(Box::new(theme)));
        }
    }

    pub fn act_in_themes(&mut self, action: Action) {
        if self.move_in_picker(action) {
            return self.wear_selected();
        }
        if action != Action::Accept {
            return;
        }
        self.wear_selected();
        self.state.overlays.pop();
        let name = self.state.theme.clone();
        self.tell(format!("The theme is {name}; `theme` in config.toml would win over it"));
        self.keep(Keep::Setting { name: THEME, value: Value::from(name) });
    }

    /// Esc in the list of themes: the one before comes back.
    pub fn undo_theme(&mut self, before: &str) {
        let theme = self.state.themes.iter().find(|theme| theme.name() == before).cloned();
        if let Some(theme) = theme {
            self.wear(theme);
        }
    }
}
