//! Plots in cells: lines in braille dots, bars in eighths, both in plain ASCII where nothing else
//! can be shown. Every figure stands there as a number too: on the axis, at a line's end, or at
//! the step that is read.

use ratatui::{layout::Rect, style::Style};

use super::paint::Paint;
use crate::tui::{text::cell_width, theme::Role};

/// One line of a plot.
pub(super) struct Line<'a> {
    /// Written at the line's end.
    pub name: &'a str,
    pub role: Role,
    /// One value a step, from the left; `None` where nothing was measured.
    pub values: Vec<Option<f64>>,
    pub stroke: Stroke,
}

/// How a line is drawn, so that lines are told apart without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stroke {
    Solid,
    Dashed,
    Dotted,
}

impl Stroke {
    /// Whether the dot is set that lies so far along the line.
    const fn sets(self, at: u32) -> bool {
        match self {
            Self::Solid => true,
            Self::Dashed => at % 8 < 4,
            Self::Dotted => at.is_multiple_of(4),
        }
    }

    /// The sign of it beside its name; in ASCII the one it is drawn with.
    pub const fn sign(self, unicode: bool) -> &'static str {
        match (self, unicode) {
            (Self::Solid, true) => "\u{2501}",
            (Self::Dashed, true) => "\u{254d}",
            (Self::Dotted, true) => "\u{2508}",
            (Self::Solid, false) => "*",
            (Self::Dashed, false) => "o",
            (Self::Dotted, false) => ".",
        }
    }
}

/// The bars of a plot: a height for each step and how much of it is marked as bad.
pub(super) struct Bar {
    pub value: f64,
    pub bad: f64,
}

/// Where a plot's axes stand and what they mean.
pub(super) struct Frame<'a> {
    /// Words below the axis, each with the step it stands at.
    pub marks: &'a [(usize, String)],
    /// Steps from left to right.
    pub steps: usize,
    /// The step that is read, if one is.
    pub cursor: Option<usize>,
}

/// A place to plot in, with its scale.
struct Field {
    area: Rect,
    top: f64,
    steps: usize,
}

/// The smallest round number that is not below a value.
pub(super) fn round_up(value: f64) -> f64 {
    if !value.is_finite() || value <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .into_iter()
        .map(|step| step * power)
        .find(|step| *step >= value * 0.999_999)
        .unwrap_or(value)
}

/// The whole cells below a value; a value beyond every screen is cut.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a cast from a float saturates, and what is cut is beyond the screen"
)]
fn whole(value: f64) -> u16 {
    value.max(0.0).floor() as u16
}

/// A step's place as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "there are at most some dozens of steps")]
const fn float(count: usize) -> f64 {
    count as f64
}

impl Field {
    /// Draws axis, scale and marks; what is left is the field itself. At the right of it so many
    /// cells stay free.
    fn new(
        paint: &mut Paint<'_, '_, '_>,
        area: Rect,
        margin: u16,
        most: f64,
        frame: &Frame<'_>,
        label: &dyn Fn(f64) -> String,
    ) -> Option<Self> {
        if area.width < 16 || area.height < 3 {
            return None;
        }
        let top = round_up(most);
        let (high, half, low) = (label(top), label(top / 2.0), label(0.0));
        let widest = [&high, &half, &low].map(|label| cell_width(label)).into_iter().max();
        let widest = u16::try_from(widest.unwrap_or(0)).unwrap_or(u16::MAX);
        // A figure that is cut is another figure: where there is no room, the axis has none.
        let gutter = if widest <= area.width / 2 { widest } else { 0 };
        let field = Rect {
            x: area.x + gutter + 1,
            y: area.y,
            width: (area.width - gutter - 1).saturating_sub(margin).max(1),
            height: area.height - 1,
        };
        let dim = paint.style(Role::Dim);
        let mut write = |y: u16, text: &str| {
            let width = u16::try_from(cell_width(text)).unwrap_or(u16::MAX);
            if let Some(before) = gutter.checked_sub(width) {
                paint.text(area.x + before, y, width, text, dim);
            }
        };
        write(field.y, &high);
        if field.height >= 6 {
            write(field.y + field.height / 2, &half);
        }
        write(field.bottom() - 1, &low);
        let border = paint.style(Role::Border);
        let upright = if paint.glyphs().unicode { "│" } else { "|" };
        for y in field.top()..field.bottom() {
            paint.text(field.x - 1, y, 1, upright, border);
        }
        let this = Self { area: field, top, steps: frame.steps.max(1) };
        let cursor = frame.cursor.map(|step| this.middle(step));
        for (x, text) in this.labels(frame.marks, area.right()) {
            let width = u16::try_from(cell_width(text)).unwrap_or(u16::MAX);
            // Half a label is not left beside the sign of the step that is read.
            if !cursor.is_some_and(|cursor| (x..x.saturating_add(width)).contains(&cursor)) {
                paint.text(x, area.bottom() - 1, width, text, dim);
            }
        }
        if let Some(column) = cursor {
            let style = paint.style(Role::CursorLineNumber);
            let sign = paint.glyphs().up;
            paint.text(column, area.bottom() - 1, 1, sign, style);
        }
        Some(this)
    }

    /// The labels there is room for, each with its column: every one, or every second, and so on,
    /// so that they stand at even distances. A label begins at its step, or ends at the edge with
    /// its step above it; elsewhere it would name another one.
    fn labels<'m>(&self, marks: &'m [(usize, String)], edge: u16) -> Vec<(u16, &'m str)> {
        let width = |text: &str| u16::try_from(cell_width(text)).unwrap_or(u16::MAX);
        let columns: Vec<_> = marks
            .iter()
            .map(|(step, text)| (self.middle(*step), width(text), text.as_str()))
            .collect();
        let fits = |every: &usize| {
            let kept: Vec<_> = columns.iter().step_by(*every).collect();
            let apart = |two: &[&(u16, u16, _)]| matches!(two, [a, b] if a.0 + a.1 < b.0);
            kept.windows(2).all(apart)
        };
        let every = (1..columns.len()).find(fits).unwrap_or(columns.len().max(1));
        let mut free = self.area.x;
        let mut labels = Vec::new();
        for &(column, width, text) in columns.iter().step_by(every) {
            let x = column.min(edge.saturating_sub(width));
            if x >= free {
                free = x + width + 1;
                labels.push((x, text));
            }
        }
        labels
    }

    /// The column of a step's middle.
    fn middle(&self, step: usize) -> u16 {
        let share = (float(step) + 0.5) / float(self.steps);
        let column = whole(share * f64::from(self.area.width)).min(self.area.width - 1);
        self.area.x + column
    }
}

/// Dots two to a column and four to a row.
struct Dots {
    width: usize,
    height: usize,
    bits: Vec<u8>,
}

impl Dots {
    fn new(area: Rect) -> Self {
        let (width, height) = (usize::from(area.width), usize::from(area.height));
        Self { width, height, bits: vec![0; width * height] }
    }

    /// Sets a dot, counted from the upper left.
    fn set(&mut self, x: usize, y: usize) {
        const BITS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];
        let (column, row) = (x / 2, y / 4);
        if column >= self.width || row >= self.height {
            return;
        }
        let bit = BITS.get(x % 2).and_then(|bits| bits.get(y % 4)).copied().unwrap_or(0);
        if let Some(cell) = self.bits.get_mut(row * self.width + column) {
            *cell |= bit;
        }
    }

    /// Sets every dot of the cell that a dot is in.
    fn set_cell(&mut self, x: usize, y: usize) {
        for (right, down) in (0..8).map(|dot| (dot % 2, dot / 2)) {
            self.set(x / 2 * 2 + right, y / 4 * 4 + down);
        }
    }

    fn draw(&self, paint: &mut Paint<'_, '_, '_>, area: Rect, style: Style, ascii: &str) {
        for (row, y) in (area.top()..area.bottom()).enumerate() {
            for (column, x) in (area.left()..area.right()).enumerate() {
                let bits = self.bits.get(row * self.width + column).copied().unwrap_or(0);
                if bits == 0 {
                    continue;
                }
                if paint.glyphs().unicode {
                    let sign = char::from_u32(0x2800 + u32::from(bits)).unwrap_or('.');
                    paint.text(x, y, 1, sign.encode_utf8(&mut [0; 4]), style);
                } else {
                    paint.text(x, y, 1, ascii, style);
                }
            }
        }
    }
}

/// Lines over time. The last of them is drawn on top.
pub(super) fn lines(
    paint: &mut Paint<'_, '_, '_>,
    area: Rect,
    lines: &[Line<'_>],
    frame: &Frame<'_>,
    label: &dyn Fn(f64) -> String,
) {
    let values = lines.iter().flat_map(|line| line.values.iter().flatten());
    let most = values.fold(0.0_f64, |most, value| most.max(*value));
    // The newest steps are what one looks for: names stand beside them where there is room.
    let name = lines.iter().map(|line| cell_width(line.name)).max().unwrap_or(0);
    let margin = u16::try_from(name + 2).unwrap_or(u16::MAX);
    let margin = if margin <= area.width / 4 { margin } else { 0 };
    let Some(field) = Field::new(paint, area, margin, most, frame, label) else { return };
    let mut ends: Vec<(u16, u16, &str, Role)> = Vec::new();
    for line in lines {
        let mut dots = Dots::new(field.area);
        let place = |step: usize, value: f64| {
            let share = (float(step) + 0.5) / float(field.steps);
            let x = share * f64::from(field.area.width) * 2.0;
            let rows = f64::from(field.area.height) * 4.0 - 1.0;
            (x, rows - (value / field.top).clamp(0.0, 1.0) * rows)
        };
        let mut before: Option<(f64, f64)> = None;
        // How far along the line the next dot lies.
        let mut along = 0_u32;
        // Nothing was measured between this point and the one before.
        let mut gap = false;
        let mut end = None;
        let alone = line.values.iter().flatten().count() == 1;
        for (step, value) in line.values.iter().enumerate() {
            let Some(value) = value else {
                gap = true;
                continue;
            };
            let (x, y) = place(step, *value);
            let (from_x, from_y) = before.unwrap_or((x, y));
            let count = whole((x - from_x).abs().max((y - from_y).abs())).max(1);
            for at in 0..=count {
                along = along.wrapping_add(1);
                // What was measured is always there; where nothing was, the stroke is thinner and
                // still its own, since most of a line may be of that.
                let set = line.stroke.sets(along) && !(gap && along % 2 == 1);
                if !set && at != count {
                    continue;
                }
                let share = f64::from(at) / f64::from(count);
                let (x, y) = (from_x + (x - from_x) * share, from_y + (y - from_y) * share);
                dots.set(usize::from(whole(x)), usize::from(whole(y)));
            }
            if alone {
                // One dot is easily overlooked.
                dots.set_cell(usize::from(whole(x)), usize::from(whole(y)));
            }
            before = Some((x, y));
            gap = false;
            end = Some((whole(x / 2.0), whole(y / 4.0)));
        }
        let style = paint.style(line.role);
        dots.draw(paint, field.area, style, line.stroke.sign(false));
        if let Some((column, row)) = end {
            // At the edge a name stands over its line, and before what would be lost below it.
            let width = u16::try_from(cell_width(line.name)).unwrap_or(0);
            let hides = alone && column + 2 + width > field.area.width + margin;
            let column = if hides { column.saturating_sub(width + 3) } else { column };
            ends.push((column, row, line.name, line.role));
        }
    }
    let whole = Rect { width: field.area.width + margin, ..field.area };
    names(paint, whole, ends);
}

/// The lines' names at their ends, none over another.
fn names(paint: &mut Paint<'_, '_, '_>, area: Rect, mut ends: Vec<(u16, u16, &str, Role)>) {
    // Where there are fewer rows than lines, the names of the lowest go.
    ends.drain(..ends.len().saturating_sub(usize::from(area.height)));
    // From the foot upwards: where lines meet, they meet near zero, and the lowest is given first.
    ends.sort_by_key(|(_, row, ..)| std::cmp::Reverse(*row));
    let count = u16::try_from(ends.len()).unwrap_or(u16::MAX);
    let mut free = area.height;
    for ((column, row, name, role), above) in ends.into_iter().zip((0..count).rev()) {
        let width = u16::try_from(cell_width(name)).unwrap_or(0);
        let Some(last) = free.checked_sub(1) else { return };
        // Those above keep their room.
        let row = row.max(above).min(last);
        if width >= area.width {
            continue;
        }
        let column = (column + 2).min(area.width - width);
        let style = paint.style(role);
        paint.text(area.x + column, area.y + row, width, name, style);
        free = row;
    }
}

/// One of the signs that stand where two figures meet.
pub(super) struct Dot<'a> {
    /// How far to the right, in \[0, 1\].
    pub x: f64,
    pub y: f64,
    pub sign: &'a str,
    pub role: Role,
}

/// Signs where two figures meet, the first of them on top.
pub(super) fn dots(
    paint: &mut Paint<'_, '_, '_>,
    area: Rect,
    dots: &[Dot<'_>],
    most: f64,
    frame: &Frame<'_>,
    label: &dyn Fn(f64) -> String,
) {
    let Some(Field { area, top, .. }) = Field::new(paint, area, 0, most, frame, label) else {
        return;
    };
    let last = f64::from(area.height.saturating_sub(1));
    for dot in dots.iter().rev() {
        let width = u16::try_from(cell_width(dot.sign)).unwrap_or(1);
        let room = area.width.saturating_sub(width);
        let column = whole(dot.x.clamp(0.0, 1.0) * f64::from(room) + 0.5).min(room);
        let row = whole((1.0 - dot.y / top).clamp(0.0, 1.0) * last + 0.5);
        let style = paint.style(dot.role);
        paint.text(area.x + column, area.y + row, width, dot.sign, style);
    }
}

/// A bar for each step, its bad part at the foot.
pub(super) fn bars(
    paint: &mut Paint<'_, '_, '_>,
    area: Rect,
    bars: &[Bar],
    role: Role,
    frame: &Frame<'_>,
    label: &dyn Fn(f64) -> String,
) {
    let most = bars.iter().fold(0.0_f64, |most, bar| most.max(bar.value));
    let Some(field) = Field::new(paint, area, 0, most, frame, label) else { return };
    let steps = u16::try_from(field.steps).unwrap_or(u16::MAX);
    let (good, bad) = (paint.style(role), paint.style(Role::Bad));
    for (step, bar) in bars.iter().enumerate() {
        let step = u16::try_from(step).unwrap_or(u16::MAX);
        let edge = |step: u16| {
            let share = f64::from(step) / f64::from(steps);
            field.area.x + whole(share * f64::from(field.area.width)).min(field.area.width)
        };
        let (left, right) = (edge(step), edge(step.saturating_add(1)));
        // A gap between bars, where there is room for one.
        let width = if right - left >= 3 { right - left - 1 } else { (right - left).max(1) };
        let cells = bar.value / field.top * f64::from(field.area.height);
        let bad_cells = bar.bad / field.top * f64::from(field.area.height);
        for row in 0..field.area.height {
            let filled = (cells - f64::from(row)).clamp(0.0, 1.0);
            // What is there at all is seen.
            let least = if row == 0 && bar.value > 0.0 { 0.125 } else { 0.0 };
            let sign = eighth(filled.max(least), paint.glyphs().unicode);
            let is_bad = f64::from(row) < bad_cells;
            let sign = match (is_bad, paint.glyphs().unicode) {
                (true, true) => "▒",
                (true, false) => "x",
                (false, _) => sign,
            };
            let y = field.area.bottom() - 1 - row;
            for x in left..(left + width).min(field.area.right()) {
                paint.text(x, y, 1, sign, if is_bad { bad } else { good });
            }
        }
    }
}

/// The part of a cell that a bar fills, from below.
fn eighth(filled: f64, unicode: bool) -> &'static str {
    const EIGHTHS: [&str; 9] = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
    if !unicode {
        return if filled >= 0.5 {
            "#"
        } else if filled > 0.0 {
            "."
        } else {
            " "
        };
    }
    EIGHTHS.get(usize::from(whole((filled * 8.0).round()))).copied().unwrap_or("█")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_end_at_round_numbers() {
        for (value, top) in
            [(0.0, 1.0), (0.7, 0.8), (1.0, 1.0), (1.1, 1.5), (37.0, 40.0), (900.0, 1000.0)]
        {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}");
        }
        assert!((round_up(f64::NAN) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn parts_of_a_cell_are_rounded() {
        assert_eq!(eighth(0.0, true), " ");
        assert_eq!(eighth(0.5, true), "▄");
        assert_eq!(eighth(1.0, true), "█");
        assert_eq!(eighth(0.2, false), ".");
        assert_eq!(eighth(0.9, false), "#");
    }

    #[test]
    fn strokes_are_unlike_with_and_without_unicode() {
        let strokes = [Stroke::Solid, Stroke::Dashed, Stroke::Dotted];
        let set = |stroke: Stroke| (0..64).filter(|at| stroke.sets(*at)).count();
        assert_eq!(strokes.map(set), [64, 32, 16]);
        for unicode in [true, false] {
            let signs = strokes.map(|stroke| stroke.sign(unicode));
            assert!(signs[0] != signs[1] && signs[1] != signs[2] && signs[0] != signs[2]);
        }
    }

    /// What a plot of lines looks like in a place of so many cells, row by row.
    fn plotted(size: (u16, u16), values: Vec<Option<f64>>, label: &str) -> Vec<String> {
        plotted_with(size, values, label, &[], None)
    }

    fn plotted_with(
        size: (u16, u16),
        values: Vec<Option<f64>>,
        label: &str,
        marks: &[(usize, String)],
        cursor: Option<usize>,
    ) -> Vec<String> {
        let state = crate::tui::state::State::new(crate::tui::state::StateOptions {
            workspace: String::new(),
            marks: crate::safety::MarkStyle::Unicode,
            size,
            mouse: false,
            tab_width: 2,
            theme: String::new(),
            default_model: None,
            template: None,
            keymap: std::sync::Arc::default(),
            zone: jiff::tz::TimeZone::UTC,
        });
        let look = crate::tui::view::Look {
            theme: crate::tui::theme::Theme::mono(),
            glyphs: crate::tui::theme::Glyphs::UNICODE,
        };
        let backend = ratatui::backend::TestBackend::new(size.0, size.1);
        let mut terminal = ratatui::Terminal::new(backend).expect("a terminal in memory");
        let draw = |frame: &mut ratatui::Frame<'_>| {
            let area = frame.area();
            let mut paint = Paint::new(&state, &look, frame);
            let steps = values.len();
            let line = Line { name: "p95", role: Role::Good, values, stroke: Stroke::Solid };
            let frame = Frame { marks, steps, cursor };
            lines(&mut paint, area, &[line], &frame, &|_| label.to_owned());
        };
        terminal.draw(draw).expect("drawn");
        let buffer = terminal.backend().buffer();
        let row = |y| (0..size.0).map(|x| buffer[(x, y)].symbol()).collect::<String>();
        (0..size.1).map(row).collect()
    }

    #[test]
    fn a_label_below_the_axis_covers_its_step_or_is_left_out() {
        let marks: Vec<_> = (0..30).step_by(5).map(|step| (step, format!("day {step}"))).collect();
        for width in 16..80 {
            for cursor in [None, Some(3), Some(17)] {
                let rows = plotted_with((width, 6), vec![Some(1.0); 30], "1", &marks, cursor);
                let axis = rows.last().expect("an axis");
                // The scale takes two cells, and the name four and two of air.
                let name = if width >= 20 { 5 } else { 0 };
                let field = f64::from(width - 2 - name);
                let column =
                    |step: usize| 2 + usize::from(whole((float(step) + 0.5) / 30.0 * field));
                for (step, label) in &marks {
                    // A label stands alone: `day 1` is none of `day 10`.
                    let mut found = axis.match_indices(label.as_str());
                    let found = found.find(|(at, _)| {
                        !axis[at + label.len()..].starts_with(|next: char| next.is_ascii_digit())
                    });
                    if let Some((at, _)) = found {
                        let cells = cell_width(&axis[..at]);
                        let covers = cells..cells + label.len();
                        assert!(covers.contains(&column(*step)), "{width}: {axis:?} {label}");
                    }
                }
                let sign = axis.chars().position(|sign| sign == '\u{25b2}');
                assert_eq!(sign, cursor.map(column), "{width}: {axis:?}");
            }
        }
    }

    #[test]
    fn names_stand_beside_the_newest_steps_where_there_is_room() {
        let rows = plotted((30, 8), vec![Some(3.0); 10], "3");
        let end = rows[0].find("p95").expect("its name");
        assert!(
            rows[0][..end].trim_end().ends_with(|sign| ('\u{2801}'..='\u{28ff}').contains(&sign))
        );
    }

    #[test]
    fn a_value_that_stands_alone_is_seen() {
        let rows = plotted((30, 8), vec![None, None, Some(3.0), None], "3");
        assert!(rows.concat().contains('\u{28ff}'), "{rows:#?}");
        let rows = plotted((30, 8), vec![None, None, None, Some(3.0)], "3");
        let row = rows.concat();
        assert!(row.contains('\u{28ff}') && row.contains("p95"), "{rows:#?}");
        let rows = plotted((30, 8), vec![None, Some(2.0), Some(3.0), None], "3");
        assert!(!rows.concat().contains('\u{28ff}'), "{rows:#?}");
    }

    #[test]
    fn figures_of_an_axis_stand_whole_or_not_at_all() {
        let values = || vec![Some(1.0), Some(2.0)];
        for width in 16..40 {
            let rows = plotted((width, 8), values(), "$1,234.50");
            let whole = rows[0].starts_with("$1,234.50│");
            assert_eq!(whole, width >= 18, "{width}: {rows:#?}");
            assert!(whole || rows[0].starts_with('│'), "{width}: {rows:#?}");
            assert!(!rows.concat().contains('…'), "{width}: {rows:#?}");
        }
    }

    #[test]
    fn dots_stay_in_their_cells() {
        let mut dots = Dots::new(Rect::new(0, 0, 2, 1));
        dots.set(0, 0);
        dots.set(3, 3);
        dots.set(99, 99);
        assert_eq!(dots.bits, [0x01, 0x80]);
    }
}
