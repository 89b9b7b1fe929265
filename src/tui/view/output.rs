//! Output panes: the answer, its live line, and the sentence that compares them.

use std::ops::Range;

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    inputs, meter,
    paint::{Frills, Paint, Piece, cells},
    readings,
};
use crate::{
    model::{GenerationParameters, VariantSource},
    tui::{
        keymap::{Action, Context},
        state::{Answer, Focus, Output, Pane, PaneArea, Phase, RowKind, Screen},
        text::markdown::{Kind, Tone},
        theme::Role,
    },
};

/// One of the panes that are on the screen.
pub(super) fn pane(paint: &mut Paint<'_, '_, '_>, area: &PaneArea, shown: &[PaneArea]) {
    let state = paint.state;
    let Some(pane) = state.pane(area.variant) else { return };
    let focused = state.focus == Focus::Output(area.variant) && state.overlays.is_empty();
    let title = title(paint, pane, focused, area.outer.width);
    let bottom = place(paint, pane);
    let below = hidden(paint, area, shown);
    paint.panel(area.outer, &Frills { title, below, bottom, focused, ..Frills::default() });
    if area.meter.y > area.text.bottom() && area.text.height > 0 {
        rule(paint, area);
    }
    match pane.shown() {
        None => {
            let key = state.keymap.shown_key(Context::Output, Action::Run);
            let key = key.map_or_else(String::new, |key| format!("{key} "));
            readings::note(
                paint,
                area.text,
                &format!("{key}runs this variant. Its answer streams in here."),
            );
        }
        Some(output) => {
            match output.silence() {
                Some(words) => readings::note(paint, area.text, &words),
                None => rows(paint, area.text, output, pane.first_row()),
            }
            let pieces = meter::line(paint, pane, output, area.meter.width);
            paint.pieces(area.meter, &pieces);
        }
    }
}

/// The panes for which the screen has no room: those before the first that is shown are told at
/// its edge, those after the last at the edge of that one. What they do is left out where even
/// that has no room.
fn hidden(paint: &Paint<'_, '_, '_>, area: &PaneArea, shown: &[PaneArea]) -> Vec<Piece<'static>> {
    let order = paint.state.panes_in_order();
    let place = |end: Option<&PaneArea>| {
        end.filter(|end| end.variant == area.variant)
            .and_then(|end| order.iter().position(|pane| pane.variant == end.variant))
    };
    let before = place(shown.first()).map_or(&[][..], |place| &order[..place]);
    let after = place(shown.last()).map_or(&[][..], |place| &order[place + 1..]);
    let told = beside(paint, before, after, true);
    if cells(&told) + 4 > area.outer.width { beside(paint, before, after, false) } else { told }
}

fn beside(
    paint: &Paint<'_, '_, '_>,
    before: &[&Pane],
    after: &[&Pane],
    words: bool,
) -> Vec<Piece<'static>> {
    let (back, forth) = paint.glyphs().beside;
    let mut parts: Vec<Vec<Piece<'static>>> = Vec::new();
    if !before.is_empty() {
        parts.push(vec![paint.piece(back, Role::Accent)]);
        parts.extend(before.iter().map(|pane| hidden_one(paint, pane, words)));
    }
    if !before.is_empty() && !after.is_empty() {
        parts.push(vec![paint.piece(paint.glyphs().separator, Role::Dim)]);
    }
    if !after.is_empty() {
        parts.extend(after.iter().map(|pane| hidden_one(paint, pane, words)));
        parts.push(vec![paint.piece(forth, Role::Accent)]);
    }
    let gap = Piece::new(" ", paint.style(Role::Dim));
    parts.join(&gap)
}

/// What a hidden pane is called, and in a word what it does.
fn hidden_one(paint: &Paint<'_, '_, '_>, pane: &Pane, words: bool) -> Vec<Piece<'static>> {
    let blind = paint.state.blind.is_some();
    let role = if blind { Role::Text } else { Role::variant(pane.variant) };
    let mut pieces = vec![paint.piece(paint.state.name_of(pane.variant), role)];
    let Some(output) = pane.shown().filter(|_| words) else { return pieces };
    let phase = &output.phase;
    let (word, role) = match phase {
        // What it waits for could tell which is which.
        phase if blind && phase.is_running() => ("running", Role::Information),
        Phase::Done => (phase.word(), Role::Good),
        Phase::Failed => (phase.word(), Role::Bad),
        Phase::Cancelled | Phase::Interrupted | Phase::Retrying { .. } | Phase::Held { .. } => {
            (phase.word(), Role::Warning)
        }
        _ => (output.word(paint.state.now), Role::Information),
    };
    pieces.push(paint.piece(format!(" {word}"), role));
    pieces
}

/// The line between answer and figures, joined to the frame.
fn rule(paint: &mut Paint<'_, '_, '_>, area: &PaneArea) {
    let y = area.text.bottom();
    let focused = paint.state.focus == Focus::Output(area.variant);
    let role = if focused { Role::BorderFocused } else { Role::Border };
    let glyphs = paint.glyphs();
    let (left, right) = glyphs.border_join;
    let inside = area.outer.width.saturating_sub(2);
    let line = glyphs.border.horizontal_top.repeat(usize::from(inside));
    let style = paint.style(role);
    paint.text(area.outer.x, y, 1, left, style);
    paint.text(area.outer.x + 1, y, inside, &line, style);
    paint.text(area.outer.right() - 1, y, 1, right, style);
}

/// The letter, what was or will be run, and on which model.
fn title<'p>(
    paint: &Paint<'_, '_, '_>,
    pane: &'p Pane,
    focused: bool,
    width: u16,
) -> Vec<Piece<'p>> {
    let state = paint.state;
    let separator = || paint.piece(format!(" {} ", paint.glyphs().separator), Role::Dim);
    let role = if focused { Role::TitleFocused } else { Role::Title };
    let shown = pane.shown();
    if state.blind.is_some() {
        return vec![paint.piece(state.name_of(pane.variant), role)];
    }
    let (source, saved) = match shown {
        Some(output) => (&output.origin.source, output.origin.saved.as_ref()),
        None => (&pane.source, None),
    };
    let source = match (source, saved) {
        (VariantSource::Draft, Some(version)) | (VariantSource::Version(version), _) => {
            version.to_string()
        }
        (VariantSource::Draft, None) => match &state.document {
            Some(document)
                if shown.is_none() && !document.is_draft() && !document.is_past_version() =>
            {
                let unversioned = if state.is_scratch() { "scratch" } else { "file" };
                document.version().map_or_else(|| unversioned.to_owned(), ToString::to_string)
            }
            _ => "draft".to_owned(),
        },
        (VariantSource::Template(id), _) => {
            let record = shown.and_then(|output| output.execution.as_deref());
            let version = match record {
                Some(record) => {
                    record.version.as_ref().map_or("draft".to_owned(), ToString::to_string)
                }
                None => state
                    .library
                    .entry(id)
                    .and_then(|entry| entry.version.as_ref().filter(|_| !entry.draft))
                    .map_or_else(String::new, ToString::to_string),
            };
            format!("{} {version}", paint.safe(id.name())).trim_end().to_owned()
        }
        (VariantSource::Recorded(_), _) => "as sent".to_owned(),
    };
    let mut pieces = vec![
        paint.piece(pane.variant.as_str(), Role::variant(pane.variant)),
        paint.piece(format!("  {source}"), role),
    ];
    let model = match shown {
        Some(output) => output.origin.model.as_ref(),
        None => state.model_of(pane),
    };
    pieces.push(separator());
    match model {
        Some(model) => {
            let role = if model.is_simulated() { Role::Simulated } else { Role::Text };
            pieces.push(paint.piece(paint.safe(&model.to_string()).into_owned(), role));
        }
        None => pieces.push(paint.piece("no model", Role::Warning)),
    }
    let parameters = match shown {
        Some(output) => output.origin.parameters.clone(),
        None => state.parameters_of(pane),
    };
    // Corners and air take four cells.
    let room = width.saturating_sub(4 + cells(&pieces));
    pieces.extend(set_parameters(paint, &parameters, room));
    pieces
}

/// The parameters that are set, as many as there is room for, and a sign where that is not all:
/// half a figure would be another one.
fn set_parameters(
    paint: &Paint<'_, '_, '_>,
    parameters: &GenerationParameters,
    room: u16,
) -> Vec<Piece<'static>> {
    let words = inputs::parameter_words(parameters);
    let separator = paint.piece(format!(" {} ", paint.glyphs().separator), Role::Dim);
    let told = |count: usize| {
        let mut told = words.get(..count).unwrap_or_default().join("  ");
        if count < words.len() {
            told.push(' ');
            told.push_str(paint.glyphs().ellipsis);
        }
        vec![separator.clone(), paint.piece(told, Role::Dim)]
    };
    let fitting = (1..=words.len()).rev().map(told).find(|pieces| cells(pieces) <= room);
    fitting.unwrap_or_default()
}

/// Whether keys go to a pane.
fn focused(paint: &Paint<'_, '_, '_>, pane: &Pane) -> bool {
    paint.state.focus == Focus::Output(pane.variant)
}

/// Which of the pane's answers is shown, and whether it follows.
fn place(paint: &Paint<'_, '_, '_>, pane: &Pane) -> Vec<Piece<'static>> {
    let mut pieces = Vec::new();
    let (back, count) = pane.place();
    if back > 0 {
        pieces.push(paint.piece(format!("answer {} of {count}", count - back), Role::Information));
    }
    if let Some(output) = pane.shown() {
        let looked_for = looked_for(paint, output);
        if !looked_for.is_empty() && focused(paint, pane) {
            return looked_for;
        }
        let rows = output.row_count();
        let below = rows.saturating_sub(pane.first_row() + pane.height());
        if below > 0 && !output.scroll.follows() {
            let down = paint.glyphs().down;
            let gap = if pieces.is_empty() { "" } else { "  " };
            pieces.push(paint.piece(format!("{gap}{down} {below} more"), Role::Accent));
        }
    }
    pieces
}

/// The rows of an answer from one on.
pub(super) fn rows(paint: &mut Paint<'_, '_, '_>, area: Rect, output: &Output, first: usize) {
    let count = output.row_count();
    let writing = matches!(output.phase, Phase::Writing | Phase::Thinking);
    for (offset, index) in (0..area.height).zip(first..count) {
        let place = Rect { y: area.y + offset, height: 1, ..area };
        let (kind, text) = output.row(index);
        let role = match kind {
            RowKind::Text | RowKind::Gap => Role::Text,
            RowKind::Reasoning | RowKind::Folded => Role::Reasoning,
            RowKind::Refusal => Role::Refusal,
            RowKind::Call => Role::Code,
            RowKind::Error if output.is_advice(output.place(index).1) => Role::Text,
            RowKind::Error => Role::Bad,
        };
        // In the history nothing can be read of which it is hidden whose it is.
        let hidden = paint.state.blind.is_some() && paint.state.screen == Screen::Workbench;
        if matches!(kind, RowKind::Folded | RowKind::Error) && hidden {
            if let (RowKind::Error, 0) = output.place(index) {
                let way = "It failed. {blind} shows names, and why.";
                let words = paint.spell(Context::Output, way);
                let style = paint.style(Role::Bad);
                paint.text(place.x, place.y, place.width, &words, style);
            }
            continue;
        }
        if kind == RowKind::Folded {
            let lines = output.reasoning.row_count();
            let glyphs = paint.glyphs();
            let key = paint.state.keymap.shown_key(Context::Output, Action::ToggleReasoning);
            let key = key.map_or_else(String::new, |key| format!(" ({key} unfolds)"));
            let fold = format!("{} reasoning, {lines} lines{key}", glyphs.fold_closed);
            let style = paint.style(role);
            paint.text(place.x, place.y, place.width, &fold, style);
            continue;
        }
        let style = paint.style(role);
        let end = match output.place(index) {
            (RowKind::Text, row) => answer_row(paint, place, &output.text, row),
            _ => paint.stretch(place.x, place.y, place.width, text, style),
        };
        if writing && index + 1 == count && end < place.width {
            let cursor = paint.glyphs().cursor;
            let style = paint.style(Role::Text);
            paint.text(place.x + end, place.y, 1, cursor, style);
        }
    }
    readings::thumb(paint, area, first, count);
}

/// A row of an answer's text, what was looked for marked in it. Cells taken.
fn answer_row(paint: &mut Paint<'_, '_, '_>, place: Rect, answer: &Answer, row: usize) -> u16 {
    let (range, indent) = answer.row(row);
    let mut taken = u16::try_from(indent).unwrap_or(u16::MAX).min(place.width);
    let mut at = range.start;
    let mut found: Vec<(Range<usize>, bool)> = Vec::new();
    if let Some(find) = answer.find() {
        found.extend(find.within(range).map(|(place, present)| (place.clone(), present)));
    }
    for (stretch, tone) in answer.stretches(row) {
        let style = tone_style(paint, tone);
        for (piece, mark) in marked(stretch, at, &found) {
            let style = match mark {
                None => style,
                Some(true) => paint.style(Role::Selection),
                Some(false) => style.patch(paint.style(Role::MatchHighlight)),
            };
            let width = place.width.saturating_sub(taken);
            taken += paint.stretch(place.x + taken, place.y, width, piece, style);
        }
        at += stretch.len();
    }
    taken
}

/// A stretch that begins at byte `at`, cut where something was found: each piece, and whether it
/// is a place found and the present one.
fn marked<'s>(
    stretch: &'s str,
    at: usize,
    found: &[(Range<usize>, bool)],
) -> Vec<(&'s str, Option<bool>)> {
    let mut pieces = Vec::new();
    let mut from = 0;
    for (place, present) in found {
        let start = place.start.saturating_sub(at).clamp(from, stretch.len());
        let end = place.end.saturating_sub(at).clamp(start, stretch.len());
        pieces.push((stretch.get(from..start).unwrap_or(""), None));
        pieces.push((stretch.get(start..end).unwrap_or(""), Some(*present)));
        from = end;
    }
    pieces.push((stretch.get(from..).unwrap_or(""), None));
    pieces.retain(|(piece, _)| !piece.is_empty());
    pieces
}

fn tone_style(paint: &Paint<'_, '_, '_>, tone: Tone) -> Style {
    let mut style = paint.style(match tone.kind {
        Kind::Text | Kind::Link => Role::Text,
        Kind::Heading => Role::Heading,
        Kind::Code => Role::Code,
        Kind::Sign => Role::Dim,
    });
    if tone.kind == Kind::Link {
        style = style.add_modifier(Modifier::UNDERLINED);
    }
    if tone.strong {
        style = style.patch(paint.style(Role::Emphasis)).add_modifier(Modifier::BOLD);
    }
    if tone.emphasis {
        style = style.add_modifier(Modifier::ITALIC);
    }
    style
}

/// What is looked for in an answer, and which of how many places is the present one.
pub(super) fn looked_for(paint: &Paint<'_, '_, '_>, output: &Output) -> Vec<Piece<'static>> {
    let state = paint.state;
    let typing = state.finding && state.overlays.is_empty();
    let words = match output.text.find() {
        Some(find) => find.words(),
        None if typing => "",
        None => return Vec::new(),
    };
    let mut pieces = vec![
        paint.piece("/", Role::FooterKey),
        paint.piece(paint.safe(words).into_owned(), Role::Text),
    ];
    if typing {
        pieces.push(paint.piece(paint.glyphs().cursor, Role::Text));
    }
    if let Some(find) = output.text.find() {
        let place = format!("  {} of {}", find.number(), find.found().len());
        let role = if find.found().is_empty() { Role::Warning } else { Role::Dim };
        pieces.push(paint.piece(place, role));
    }
    pieces
}
