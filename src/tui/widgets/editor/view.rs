//! Drawing an editor.

use std::ops::Range;

use ratatui::{buffer::Buffer as Screen, layout::Rect, style::Style, widgets::Widget};

use super::{Editor, Position, VisibleRow, layout};

/// A stretch of a line with the style it is drawn in.
pub type StyledRange = (Range<usize>, Style);

/// How the parts of an editor look.
#[derive(Clone, Copy, Debug, Default)]
pub struct EditorStyles {
    pub text: Style,
    pub line_number: Style,
    /// Below the line that the cursor is in.
    pub cursor_line: Style,
    pub cursor_line_number: Style,
    pub selection: Style,
}

/// An editor ready to be drawn into an area.
pub struct EditorView<'a> {
    editor: &'a Editor,
    styles: EditorStyles,
    spans: &'a dyn Fn(usize) -> Vec<StyledRange>,
    line_numbers: bool,
}

impl<'a> EditorView<'a> {
    /// A view without line numbers; `spans` gives the coloured stretches of a line by its index.
    #[must_use]
    pub fn new(
        editor: &'a Editor,
        styles: EditorStyles,
        spans: &'a dyn Fn(usize) -> Vec<StyledRange>,
    ) -> Self {
        Self { editor, styles, spans, line_numbers: false }
    }

    /// The same view with line numbers at its left.
    #[must_use]
    pub const fn line_numbers(mut self) -> Self {
        self.line_numbers = true;
        self
    }

    /// Cells the line numbers of an editor take, with the space after them.
    #[must_use]
    pub fn gutter(editor: &Editor) -> u16 {
        let digits = editor.buffer().line_count().max(10).ilog10() + 1;
        u16::try_from(digits + 1).unwrap_or(8)
    }

    /// Where the terminal's cursor belongs when this view is drawn into `area`.
    #[must_use]
    pub fn cursor(&self, area: Rect) -> Option<(u16, u16)> {
        let (column, row) = self.editor.cursor_cell()?;
        let gutter = if self.line_numbers { Self::gutter(self.editor) } else { 0 };
        let x = u16::try_from(column).ok()?.checked_add(gutter)?;
        let y = u16::try_from(row).ok()?;
        (x < area.width && y < area.height).then_some((area.x + x, area.y + y))
    }

    fn draw_number(&self, row: VisibleRow, area: Rect, y: u16, gutter: u16, screen: &mut Screen) {
        if !row.first || gutter < 2 {
            return;
        }
        let width = usize::from(gutter - 1);
        let style = if row.line == self.editor.buffer().cursor().line {
            self.styles.cursor_line_number
        } else {
            self.styles.line_number
        };
        screen.set_stringn(area.x, y, format!("{:>width$}", row.line + 1), width, style);
    }

    fn draw_row(&self, visible: VisibleRow, x: u16, y: u16, width: u16, screen: &mut Screen) {
        let buffer = self.editor.buffer();
        let line = buffer.line(visible.line);
        let Some(text) = line.get(visible.row.start..visible.row.end) else { return };
        let spans = (self.spans)(visible.line);
        let selected = buffer.selection();
        let is_selected = |byte: usize| {
            selected.is_some_and(|(from, to)| {
                let here = Position::new(visible.line, byte);
                from <= here && here < to
            })
        };
        let style_at = |byte: usize| {
            let style = spans
                .iter()
                .filter(|(range, _)| range.contains(&byte))
                .fold(self.styles.text, |style, (_, span)| style.patch(*span));
            if is_selected(byte) { style.patch(self.styles.selection) } else { style }
        };
        let mut run = String::new();
        let mut run_style = self.styles.text;
        let (mut run_x, mut cells) = (0_usize, 0_usize);
        let width = usize::from(width);
        let mut flush = |run: &mut String, at: usize, style: Style| {
            if !run.is_empty()
                && let Ok(offset) = u16::try_from(at)
                && at < width
            {
                screen.set_stringn(x + offset, y, &run, width - at, style);
            }
            run.clear();
        };
        for piece in layout::pieces(text, 0, self.editor.marks()) {
            if cells >= width {
                break;
            }
            let style = style_at(visible.row.start + piece.byte);
            if style != run_style {
                flush(&mut run, run_x, run_style);
                run_style = style;
                run_x = cells;
            }
            if run.is_empty() {
                run_x = cells;
            }
            run.push_str(&piece.shown);
            cells += piece.cells;
        }
        flush(&mut run, run_x, run_style);
        // A selected line end shows as one selected cell, or an empty line could not be seen.
        if visible.row.end == line.len() && is_selected(line.len()) && cells < width {
            flush(&mut String::from(" "), cells, self.styles.text.patch(self.styles.selection));
        }
    }
}

impl Widget for EditorView<'_> {
    fn render(self, area: Rect, screen: &mut Screen) {
        let area = area.intersection(screen.area);
        if area.is_empty() {
            return;
        }
        let gutter = if self.line_numbers { Self::gutter(self.editor).min(area.width) } else { 0 };
        let width = area.width - gutter;
        for (y, row) in (area.y..area.bottom()).zip(self.editor.visible()) {
            self.draw_number(row, area, y, gutter, screen);
            if width > 0 {
                if row.line == self.editor.buffer().cursor().line {
                    let below = Rect { x: area.x + gutter, y, width, height: 1 };
                    screen.set_style(below, self.styles.cursor_line);
                }
                self.draw_row(row, area.x + gutter, y, width, screen);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::style::Modifier;

    use super::*;
    use crate::tui::widgets::editor::{Command, Motion};

    fn plain(_: usize) -> Vec<StyledRange> {
        Vec::new()
    }

    fn rows(screen: &Screen) -> Vec<String> {
        let area = screen.area;
        (0..area.height)
            .map(|y| (0..area.width).map(|x| screen[(x, y)].symbol()).collect::<String>())
            .collect()
    }

    #[test]
    fn wrapped_lines_have_one_number_and_marks_for_what_is_hidden() {
        let mut editor = Editor::new("system:\nalpha beta\u{200b}gamma\n\tx");
        editor.resize(12, 6);
        let area = Rect::new(0, 0, 15, 6);
        let mut screen = Screen::empty(area);
        EditorView::new(&editor, EditorStyles::default(), &plain)
            .line_numbers()
            .render(area, &mut screen);
        let rows = rows(&screen);
        assert!(rows[0].starts_with(" 1 system:"), "{rows:?}");
        assert!(rows[1].starts_with(" 2 alpha"), "{rows:?}");
        assert!(rows[2].starts_with("   "), "{rows:?}");
        assert!(rows.iter().any(|row| row.contains("    x")), "{rows:?}");
        assert!(rows.iter().all(|row| !row.contains('\u{200b}')), "{rows:?}");
    }

    #[test]
    fn the_line_of_the_cursor_is_told_apart_as_far_as_it_goes() {
        let mut editor = Editor::new("a long line\nb");
        editor.resize(5, 4);
        let below = Style::new().bg(ratatui::style::Color::Blue);
        let styles = EditorStyles { cursor_line: below, ..EditorStyles::default() };
        let area = Rect::new(0, 0, 5, 4);
        let mut screen = Screen::empty(area);
        EditorView::new(&editor, styles, &|_| Vec::new()).render(area, &mut screen);
        let told: Vec<bool> = (0..4)
            .map(|y| (0..5).all(|x| screen[(x, y)].bg == ratatui::style::Color::Blue))
            .collect();
        let rows = editor.visible().iter().filter(|row| row.line == 0).count();
        assert_eq!(told, (0..4).map(|row| row < rows).collect::<Vec<_>>());
    }

    #[test]
    fn the_selection_is_drawn_and_the_cursor_found() {
        let mut editor = Editor::new("ab\n\ncd");
        editor.resize(10, 3);
        editor.apply(&Command::Go { motion: Motion::TextEnd, select: true });
        let styles = EditorStyles {
            selection: Style::new().add_modifier(Modifier::REVERSED),
            ..EditorStyles::default()
        };
        let area = Rect::new(0, 0, 10, 3);
        let mut screen = Screen::empty(area);
        let view = EditorView::new(&editor, styles, &plain);
        assert_eq!(view.cursor(area), Some((2, 2)));
        view.render(area, &mut screen);
        for (x, y, selected) in
            [(0, 0, true), (1, 0, true), (0, 1, true), (1, 2, true), (2, 2, false)]
        {
            let reversed = screen[(x, y)].modifier.contains(Modifier::REVERSED);
            assert_eq!(reversed, selected, "cell {x},{y}");
        }
    }

    #[test]
    fn no_size_panics() {
        let mut editor = Editor::new("日本語 \t\u{1b}[2J text\n\nمرحبا");
        editor.apply(&Command::SelectAll);
        for width in 0..12 {
            for height in 0..6 {
                editor.resize(usize::from(width), usize::from(height));
                let area = Rect::new(0, 0, width, height);
                let mut screen = Screen::empty(area);
                let view = EditorView::new(&editor, EditorStyles::default(), &plain).line_numbers();
                let _ = view.cursor(area);
                view.render(area, &mut screen);
            }
        }
    }
}
