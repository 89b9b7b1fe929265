//! What stands in front of the screen.

mod forms;
mod pickers;
mod questions;
mod texts;

use super::{
    paint::{Frills, Paint},
    spending,
};
use crate::tui::{
    state::{Overlay, front_area},
    theme::Role,
};

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, overlay: &Overlay) {
    let area = front_area(paint.state);
    match overlay {
        Overlay::Palette(palette) => pickers::actions(paint, &area, palette),
        Overlay::Models(picker) => pickers::models(paint, &area, picker),
        Overlay::Themes(list) => pickers::themes(paint, &area, list),
        Overlay::List(list) => pickers::any_list(paint, &area, list),
        Overlay::Versions(list) => pickers::versions(paint, &area, list),
        Overlay::Jump(typed) => pickers::jump(paint, typed),
        Overlay::Parameters(form) => forms::parameters(paint, &area, form),
        Overlay::Save(dialog) => forms::save(paint, dialog),
        Overlay::Line(dialog) => forms::line(paint, dialog),
        Overlay::Help(help) => texts::help(paint, &area, help),
        Overlay::Log(log) => texts::log(paint, &area, log),
        Overlay::Diff(view) => texts::diff(paint, &area, view),
        Overlay::Preview(reading) => texts::preview(paint, &area, reading),
        Overlay::Conflict(conflict) => questions::changed_outside(paint, conflict),
        Overlay::Confirm(question) => questions::confirm(paint, &question.question()),
        Overlay::Secrets(question) => {
            let text = paint.safe(&question.question()).into_owned();
            questions::confirm(paint, &text);
        }
        Overlay::Spend(question) => spending::question(paint, question),
    }
}

fn titled<'t>(
    paint: &Paint<'_, '_, '_>,
    title: impl Into<std::borrow::Cow<'t, str>>,
) -> Frills<'t> {
    Frills {
        title: vec![paint.piece(title, Role::TitleFocused)],
        focused: true,
        ..Frills::default()
    }
}
