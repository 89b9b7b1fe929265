//! Where what stands in front has its place: for drawing, for scrolling and for the mouse.

use ratatui::layout::Rect;

use super::{ListKind, Overlay, State, centred, inner};

/// The places of something in front that has rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FrontArea {
    pub outer: Rect,
    /// Where the query is typed; no rows where there is none.
    pub query: Rect,
    /// The rows that are scrolled through.
    pub rows: Rect,
    /// What is said of the selected row, whole; no rows where a row says all.
    pub about: Rect,
}

impl FrontArea {
    fn new(outer: Rect, query: u16) -> Self {
        let inside = inner(outer);
        let height = query.min(inside.height);
        let query = Rect { height, ..inside };
        let rows = Rect { y: inside.y + height, height: inside.height - height, ..inside };
        Self { outer, query, rows, about: Rect::default() }
    }

    /// With rows at the end for what is said of the selected one, below an empty one where there
    /// is room.
    fn telling(mut self, rows: u16) -> Self {
        let about = rows.min(self.rows.height / 3);
        let air = u16::from(self.rows.height > about + 4);
        self.about = Rect { y: self.rows.bottom() - about, height: about, ..self.rows };
        self.rows.height -= about + air;
        self
    }
}

/// The place of a large overlay: a diff, a preview, help, the log. On a small screen it takes all
/// that is not needed to see where one is.
#[must_use]
pub fn overlay_area(state: &State) -> Rect {
    let (columns, rows) = state.size;
    let (beside, above) = if rows < 20 || columns < 60 { (2, 3) } else { (4, 4) };
    centred(state, columns.saturating_sub(beside).min(140), rows.saturating_sub(above))
}

/// The place of what is on top; empty where it has no rows of its own.
#[must_use]
pub fn front_area(state: &State) -> FrontArea {
    let rows = |count: usize| u16::try_from(count).unwrap_or(u16::MAX);
    match state.overlay() {
        Some(Overlay::Palette(_)) => {
            let wanted = rows(state.palette_entries().len()).saturating_add(3);
            let most = (state.size.1 * 3 / 4).max(9);
            FrontArea::new(centred(state, 96, wanted.min(most)), 1)
        }
        Some(Overlay::Models(_)) => FrontArea::new(centred(state, 90, 24), 1),
        // Narrow and at the right, so that the theme is seen beside it.
        Some(Overlay::Themes(_)) => {
            let wanted = rows(state.themes.len()).saturating_add(3);
            let place = centred(state, 30, wanted.clamp(5, 20));
            let x = state.size.0.saturating_sub(place.width + 2);
            FrontArea::new(Rect { x, ..place }, 1)
        }
        Some(Overlay::List(list)) => {
            let area = FrontArea::new(centred(state, 96, 20), 1);
            if list.kind == ListKind::Findings { area.telling(3) } else { area }
        }
        Some(Overlay::Parameters(form)) => {
            FrontArea::new(centred(state, 84, rows(form.rows.len()).saturating_add(2)), 0)
        }
        Some(Overlay::Versions(list)) => {
            let versions = state.document.as_ref().map_or(0, |it| it.versions.len());
            let wanted = rows(list.rows(versions)).saturating_add(2).max(5);
            FrontArea::new(centred(state, 100, wanted.min(state.size.1.saturating_sub(4))), 0)
        }
        Some(Overlay::Help(_) | Overlay::Log(_) | Overlay::Diff(_)) => {
            FrontArea::new(overlay_area(state), 0)
        }
        Some(Overlay::Preview(_)) => {
            let mut area = FrontArea::new(overlay_area(state), 0);
            let width = area.rows.width.saturating_sub(2);
            area.rows = Rect { x: area.rows.x + 1, width, ..area.rows };
            area
        }
        _ => FrontArea::default(),
    }
}
