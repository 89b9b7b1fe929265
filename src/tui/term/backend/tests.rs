use std::num::NonZero;

use proptest::prelude::*;
use ratatui::{
    Terminal,
    style::{Color, Modifier, Style},
};

use super::*;

const COLUMNS: u16 = 40;
const ROWS: u16 = 6;

#[expect(clippy::unnecessary_wraps, reason = "a terminal may fail to tell its size")]
fn forty_by_six() -> io::Result<Size> {
    Ok(Size { width: COLUMNS, height: ROWS })
}

fn terminal() -> Terminal<ScreenBackend<Vec<u8>>> {
    Terminal::new(ScreenBackend::new(Vec::new(), forty_by_six)).expect("a terminal")
}

fn written(terminal: &Terminal<ScreenBackend<Vec<u8>>>) -> Vec<u8> {
    terminal.backend().writer().clone()
}

/// A text somewhere with a style.
#[derive(Clone, Debug)]
struct Stroke {
    x: u16,
    y: u16,
    text: String,
    style: Style,
}

fn strokes() -> impl Strategy<Value = Vec<Stroke>> {
    let colour = prop_oneof![
        Just(Color::Reset),
        Just(Color::Cyan),
        Just(Color::LightRed),
        Just(Color::Indexed(130)),
        Just(Color::Rgb(9, 8, 7)),
    ];
    let modifiers = prop_oneof![
        Just(Modifier::empty()),
        Just(Modifier::BOLD),
        Just(Modifier::REVERSED),
        Just(Modifier::UNDERLINED | Modifier::ITALIC),
        Just(Modifier::BOLD | Modifier::REVERSED),
    ];
    let text = prop_oneof!["[a-z ]{1,40}", " {1,40}", "[a-c漢字é ]{1,20}"];
    let stroke = (0..COLUMNS, 0..ROWS, text, colour.clone(), colour, modifiers).prop_map(
        |(x, y, text, foreground, background, modifiers)| Stroke {
            x,
            y,
            text,
            style: Style::new().fg(foreground).bg(background).add_modifier(modifiers),
        },
    );
    proptest::collection::vec(stroke, 0..12)
}

fn shown_colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(6) => Color::Cyan,
        vt100::Color::Idx(9) => Color::LightRed,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever is drawn over whatever, a terminal shows what the buffer holds.
    #[test]
    fn a_terminal_shows_what_was_drawn(frames in proptest::collection::vec(strokes(), 1..5)) {
        // When half of a wide character is written over, what becomes of the other half's style
        // is each terminal's own; so wide characters are drawn plain.
        let wide = frames.iter().flatten().any(|stroke| stroke.text.contains(['漢', '字']));
        let mut terminal = terminal();
        let mut last = None;
        for frame in &frames {
            terminal
                .draw(|area| {
                    for stroke in frame {
                        let style = if wide { Style::new() } else { stroke.style };
                        // Half a wide character cannot be shown; whoever draws over its other
                        // half takes it away.
                        if let Some(left) = stroke.x.checked_sub(1)
                            && let Some(cell) = area.buffer_mut().cell_mut((left, stroke.y))
                            && cell.symbol().width() > 1
                        {
                            cell.set_char(' ');
                        }
                        area.buffer_mut().set_string(stroke.x, stroke.y, &stroke.text, style);
                    }
                    last = Some(area.buffer_mut().clone());
                })
                .expect("drawn");
        }
        let size = |cells| NonZero::new(cells).expect("not zero");
        let mut screen = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
        screen.process(&written(&terminal));
        let buffer = last.expect("a frame");
        for y in 0..ROWS {
            let mut x = 0;
            while x < COLUMNS {
                let cell = buffer.cell((x, y)).expect("inside");
                let shown = screen.screen().cell(y, x).expect("inside");
                let contents = if shown.contents().is_empty() { " " } else { shown.contents() };
                let width = u16::try_from(cell.symbol().width()).expect("small").max(1);
                if x + width <= COLUMNS {
                    prop_assert_eq!(contents, cell.symbol(), "at {} {}", x, y);
                    prop_assert_eq!(shown_colour(shown.bgcolor()), cell.bg, "at {} {}", x, y);
                    prop_assert_eq!(
                        shown.inverse(), cell.modifier.contains(Modifier::REVERSED),
                        "at {} {}", x, y
                    );
                    prop_assert_eq!(
                        shown.underline(), cell.modifier.contains(Modifier::UNDERLINED),
                        "at {} {}", x, y
                    );
                    if cell.symbol() != " " {
                        prop_assert_eq!(shown_colour(shown.fgcolor()), cell.fg);
                        prop_assert_eq!(shown.bold(), cell.modifier.contains(Modifier::BOLD));
                        prop_assert_eq!(shown.italic(), cell.modifier.contains(Modifier::ITALIC));
                    }
                }
                x += width;
            }
        }
    }
}

#[test]
fn a_frame_without_change_writes_nothing() {
    let mut terminal = terminal();
    let draw = |terminal: &mut Terminal<ScreenBackend<Vec<u8>>>| {
        terminal
            .draw(|frame| {
                frame.buffer_mut().set_string(3, 2, "still", Style::new());
                frame.set_cursor_position((5, 2));
            })
            .expect("drawn");
    };
    draw(&mut terminal);
    let first = written(&terminal).len();
    assert!(first > 0);
    draw(&mut terminal);
    draw(&mut terminal);
    assert_eq!(written(&terminal).len(), first);
}

#[test]
fn one_word_more_costs_little_more_than_the_word() {
    let mut terminal = terminal();
    let mut text = "hello".to_owned();
    for word in ["", " world", " again"] {
        text.push_str(word);
        let before = written(&terminal).len();
        terminal
            .draw(|frame| frame.buffer_mut().set_string(1, 1, &text, Style::new()))
            .expect("drawn");
        let cost = written(&terminal).len() - before;
        assert!(word.is_empty() || cost <= word.len() + 2, "{word}: {cost}");
    }
}

#[test]
fn long_frames_are_synchronized_and_short_ones_are_one_small_write() {
    let mut terminal = terminal();
    terminal.draw(|frame| frame.buffer_mut().set_string(0, 0, "x", Style::new())).expect("drawn");
    assert!(!written(&terminal).windows(8).any(|bytes| bytes == BEGIN_SYNCHRONIZED));
    let before = written(&terminal).len();
    terminal
        .draw(|frame| {
            for row in 0..ROWS {
                frame.buffer_mut().set_string(0, row, "y".repeat(40), Style::new());
            }
        })
        .expect("drawn");
    let long = written(&terminal).split_off(before);
    assert!(long.starts_with(BEGIN_SYNCHRONIZED) && long.ends_with(END_SYNCHRONIZED));
}

#[test]
fn no_control_character_passes() {
    let mut backend = ScreenBackend::new(Vec::new(), forty_by_six);
    for hostile in ["\x1b]52;c;aGk=\x07", "\u{9b}2J", "a\nb", "\x7f"] {
        let mut cell = Cell::EMPTY;
        #[expect(
            clippy::disallowed_methods,
            reason = "it is the one way to plant a sequence, which is what is tested"
        )]
        cell.set_symbol(hostile);
        backend.draw([(0, 0, &cell)].into_iter()).expect("drawn");
    }
    backend.flush().expect("written");
    let text = String::from_utf8(backend.writer().clone()).expect("text");
    let shown = text.replace("\x1b[?25l", "").replace("\x1b[H", "").replace(['\x08', '\r'], "");
    assert_eq!(shown, "????", "{text:?}");
}

#[test]
fn sizes_nobody_has_are_made_sensible() {
    for (claimed, sensible_size) in
        [((0, 0), (80, 24)), ((65535, 65535), (1000, 500)), ((1, 1), (1, 1))]
    {
        let size = sensible(Size { width: claimed.0, height: claimed.1 });
        assert_eq!((size.width, size.height), sensible_size);
    }
}

#[test]
fn after_somebody_else_had_the_terminal_nothing_is_taken_for_granted() {
    let mut terminal = terminal();
    let draw = |terminal: &mut Terminal<ScreenBackend<Vec<u8>>>| {
        terminal
            .draw(|frame| {
                frame.buffer_mut().set_string(0, 0, "abc", Style::new().fg(Color::Cyan));
                frame.set_cursor_position((1, 0));
            })
            .expect("drawn");
    };
    draw(&mut terminal);
    let before = written(&terminal).len();
    terminal.backend_mut().forget();
    terminal.clear().expect("cleared");
    draw(&mut terminal);
    let text = String::from_utf8(written(&terminal).split_off(before)).expect("text");
    assert_eq!(text, "\x1b[m\x1b[?25l\x1b[2J\x1b[H\x1b[36mabc\x08\x08\x1b[?25h");
}
