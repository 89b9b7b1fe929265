//! Brush and paper: text put into rows, panels with titles, all clipped to their places.

use std::borrow::Cow;

use ratatui::{
    Frame,
    buffer::Buffer,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    widgets::{Block, Clear, Widget},
};

use super::Look;
use crate::tui::{
    keymap::Context,
    state::State,
    text::{cell_width, ellipsis, fit, one_line},
    theme::{Glyphs, Role},
};

/// A stretch of text in one style. The text is safe to draw.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub text: Cow<'a, str>,
    pub style: Style,
}

impl<'a> Piece<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

/// Cells that pieces take.
pub(super) fn cells(pieces: &[Piece<'_>]) -> u16 {
    pieces
        .iter()
        .map(|piece| u16::try_from(cell_width(&piece.text)).unwrap_or(u16::MAX))
        .fold(0, u16::saturating_add)
}

/// What stands on a panel's frame.
#[derive(Default)]
pub(super) struct Frills<'a> {
    pub title: Vec<Piece<'a>>,
    /// At the right of the upper edge; left out where it does not fit beside the title.
    pub right: Vec<Piece<'a>>,
    /// At the left of the lower edge.
    pub below: Vec<Piece<'a>>,
    /// At the right of the lower edge; left out where it does not fit beside what is at its left.
    pub bottom: Vec<Piece<'a>>,
    pub focused: bool,
}

/// The frame being drawn, and what it is drawn from.
pub(super) struct Paint<'a, 'f, 'b> {
    pub state: &'a State,
    pub look: &'a Look,
    frame: &'f mut Frame<'b>,
}

impl<'a, 'f, 'b> Paint<'a, 'f, 'b> {
    pub fn new(state: &'a State, look: &'a Look, frame: &'f mut Frame<'b>) -> Self {
        Self { state, look, frame }
    }

    pub const fn area(&self) -> Rect {
        self.frame.area()
    }

    pub fn style(&self, role: Role) -> Style {
        self.look.theme.style(role)
    }

    pub const fn glyphs(&self) -> &'a Glyphs {
        &self.look.glyphs
    }

    pub fn widget(&mut self, widget: impl Widget, area: Rect) {
        let area = area.intersection(self.area());
        widget.render(area, self.buffer());
    }

    pub fn buffer(&mut self) -> &mut Buffer {
        self.frame.buffer_mut()
    }

    /// Puts the terminal's cursor somewhere; the last one who does so has it.
    pub fn cursor(&mut self, x: u16, y: u16) {
        self.frame.set_cursor_position(Position { x, y });
    }

    /// Text that came from outside, safe to draw in one row.
    pub fn safe<'t>(&self, text: &'t str) -> Cow<'t, str> {
        one_line(text, self.state.marks)
    }

    /// A text with actions in braces, as their keys are in a context.
    pub fn spell(&self, context: Context, text: &str) -> String {
        self.state.keymap.spell(context, text)
    }

    pub fn piece<'t>(&self, text: impl Into<Cow<'t, str>>, role: Role) -> Piece<'t> {
        Piece::new(text, self.style(role))
    }

    /// Puts text at a place, cut with an ellipsis where it does not fit. Cells taken.
    pub fn text(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let shown = ellipsis(text, usize::from(width), self.glyphs().ellipsis);
        let taken = u16::try_from(cell_width(&shown)).unwrap_or(width);
        if width > 0 && self.inside(x, y) {
            self.buffer().set_stringn(x, y, &*shown, usize::from(width), style);
        }
        taken
    }

    /// Puts text at a place, cut without a mark: for rows that were wrapped to fit.
    pub fn row(&mut self, area: Rect, text: &str, style: Style) {
        if area.width > 0 && self.inside(area.x, area.y) {
            let (shown, _) = fit(text, usize::from(area.width));
            self.buffer().set_stringn(area.x, area.y, shown, usize::from(area.width), style);
        }
    }

    /// Puts a stretch of a row at a place, cut without a mark. Cells taken.
    pub fn stretch(&mut self, x: u16, y: u16, width: u16, text: &str, style: Style) -> u16 {
        let (shown, cells) = fit(text, usize::from(width));
        if width > 0 && self.inside(x, y) {
            self.buffer().set_stringn(x, y, shown, usize::from(width), style);
        }
        u16::try_from(cells).unwrap_or(width)
    }

    /// Puts pieces one after the other, cut where they do not fit. Cells taken.
    pub fn pieces(&mut self, area: Rect, pieces: &[Piece<'_>]) -> u16 {
        let mut taken = 0;
        for piece in pieces {
            let left = area.width.saturating_sub(taken);
            if left == 0 {
                break;
            }
            taken += self.text(area.x + taken, area.y, left, &piece.text, piece.style);
        }
        taken
    }

    /// Puts the pieces of a row that was wrapped to fit, cut without a mark: a space may hang over
    /// its end.
    pub fn stretches(&mut self, area: Rect, pieces: &[Piece<'_>]) {
        let mut taken = 0;
        for piece in pieces {
            let left = area.width.saturating_sub(taken);
            taken += self.stretch(area.x + taken, area.y, left, &piece.text, piece.style);
        }
    }

    /// Puts pieces at the right end of a row, if they fit into it whole.
    pub fn pieces_right(&mut self, area: Rect, pieces: &[Piece<'_>]) -> bool {
        let width = cells(pieces);
        let fits = width <= area.width;
        if fits {
            let x = area.x + area.width - width;
            self.pieces(Rect { x, width, ..area }, pieces);
        }
        fits
    }

    /// One style over a whole place. A reversed one is one band, whatever colours it lies over.
    pub fn fill(&mut self, area: Rect, style: Style) {
        let style = if style.fg.is_none() && style.add_modifier.contains(Modifier::REVERSED) {
            style.fg(Color::Reset).remove_modifier(Modifier::DIM)
        } else {
            style
        };
        let area = area.intersection(self.area());
        self.buffer().set_style(area, style);
    }

    /// A frame with what stands on it; the place inside comes back.
    pub fn panel(&mut self, outer: Rect, frills: &Frills<'_>) -> Rect {
        let role = if frills.focused { Role::BorderFocused } else { Role::Border };
        let block =
            Block::bordered().border_set(self.glyphs().border).border_style(self.style(role));
        let inner = block.inner(outer);
        block.render(outer.intersection(self.area()), self.buffer());
        let edge = |y| Rect { x: outer.x + 1, y, width: outer.width.saturating_sub(2), height: 1 };
        if outer.height == 0 {
            return inner;
        }
        let title = spaced(&frills.title);
        let taken = self.pieces(edge(outer.y), &title);
        let rest = edge(outer.y);
        if !frills.right.is_empty() {
            let rest =
                Rect { x: rest.x + taken, width: rest.width.saturating_sub(taken + 1), ..rest };
            self.pieces_right(rest, &spaced(&frills.right));
        }
        let lower = edge(outer.y + outer.height - 1);
        let taken = self.pieces(lower, &spaced(&frills.below));
        if !frills.bottom.is_empty() {
            let width = lower.width.saturating_sub(taken + 1);
            self.pieces_right(Rect { x: lower.x + taken, width, ..lower }, &spaced(&frills.bottom));
        }
        inner
    }

    /// A frame in front of everything, over a place wiped clean.
    pub fn dialog(&mut self, outer: Rect, frills: &Frills<'_>) -> Rect {
        let outer = outer.intersection(self.area());
        Clear.render(outer, self.buffer());
        // Half a wide character cannot be shown, and would hide the frame beside it.
        if let Some(left) = outer.x.checked_sub(1) {
            for y in outer.top()..outer.bottom() {
                if let Some(cell) = self.buffer().cell_mut((left, y))
                    && cell_width(cell.symbol()) > 1
                {
                    cell.set_char(' ');
                }
            }
        }
        self.fill(outer, self.style(Role::Dialog));
        self.panel(outer, frills)
    }

    /// One line of typed text with its cursor in sight; `typing` shows the cursor.
    pub fn input(&mut self, area: Rect, text: &str, cursor: usize, typing: bool) {
        let style = self.style(Role::Input);
        self.fill(area, style);
        let before = self.safe(text.get(..cursor).unwrap_or(text)).into_owned();
        let shown = self.safe(text).into_owned();
        let width = usize::from(area.width);
        // The cursor takes a cell of its own at the end.
        let skip = (cell_width(&before) + 1).saturating_sub(width);
        let (hidden, hidden_cells) = fit(&shown, skip);
        let start = hidden.len();
        let rest = shown.get(start..).unwrap_or("");
        self.row(area, rest, style);
        if typing && area.width > 0 {
            let column = cell_width(&before).saturating_sub(hidden_cells).min(width - 1);
            self.cursor(area.x + u16::try_from(column).unwrap_or(0), area.y);
        }
    }

    fn inside(&self, x: u16, y: u16) -> bool {
        let area = self.area();
        x < area.right() && y < area.bottom()
    }
}

/// Pieces with a space before and after, as they stand on a frame. The frame's colour and dimness
/// are not theirs.
fn spaced<'p>(pieces: &[Piece<'p>]) -> Vec<Piece<'p>> {
    let own = |style: Style| {
        let dim = style.add_modifier.contains(Modifier::DIM);
        let style = Style { fg: style.fg.or(Some(Color::Reset)), ..style };
        if dim { style } else { style.remove_modifier(Modifier::DIM) }
    };
    let (Some(first), Some(last)) = (pieces.first(), pieces.last()) else { return Vec::new() };
    let mut spaced = Vec::with_capacity(pieces.len() + 2);
    spaced.push(Piece::new(" ", first.style));
    spaced.extend(pieces.iter().map(|piece| Piece { style: own(piece.style), ..piece.clone() }));
    spaced.push(Piece::new(" ", last.style));
    spaced
}
