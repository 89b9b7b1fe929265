//! The screen as it follows from the state. Nothing is changed while drawing.

mod charts;
mod chrome;
mod dialogs;
mod frontier;
mod history;
mod inputs;
mod library;
mod meter;
mod output;
mod paint;
mod plot;
mod readings;
mod spending;
mod template;
mod tour;

use ratatui::Frame;

use super::{
    state::{Overlay, Screen, State, areas},
    theme::{Glyphs, Role, Theme},
};
use paint::Paint;

/// How things look: styles by role, and signs.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    pub theme: Theme,
    pub glyphs: Glyphs,
}

/// Draws the whole screen.
pub fn draw(state: &State, look: &Look, frame: &mut Frame<'_>) {
    let areas = areas(state);
    let mut paint = Paint::new(state, look, frame);
    let ground = paint.style(Role::Screen);
    paint.fill(paint.area(), ground);
    if areas.too_small {
        chrome::too_small(&mut paint);
        return;
    }
    chrome::title(&mut paint, areas.title);
    match state.screen {
        Screen::Workbench => {
            if let Some(area) = areas.library {
                library::draw(&mut paint, &areas, &area);
            }
            if let Some(area) = &areas.editor {
                template::draw(&mut paint, &areas, area);
            }
            if let Some(area) = areas.inputs {
                inputs::draw(&mut paint, &areas, area);
            }
            for pane in &areas.panes {
                output::pane(&mut paint, pane, &areas.panes);
            }
        }
        Screen::Charts => charts::draw(&mut paint, &areas),
        Screen::History => {
            if let Some(area) = areas.history {
                history::list(&mut paint, &area);
            }
            if let Some(area) = areas.detail {
                history::detail(&mut paint, &area);
            }
        }
    }
    chrome::status(&mut paint, areas.status);
    chrome::footer(&mut paint, areas.footer);
    // Only the last one: what stands behind it comes back when it goes.
    if let Some(overlay) = state.overlays.last() {
        dialogs::draw(&mut paint, overlay);
    }
    if matches!(state.overlays.last(), None | Some(Overlay::Diff(_))) {
        tour::caption(&mut paint, &areas);
        tour::welcome(&mut paint, &areas);
    }
}
