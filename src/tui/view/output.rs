//! Output panes: the answer, its live line, and the sentence that compares them.

use std::ops::Range;

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use super::{
    inputs,
    paint::{Frills, Paint, Piece, cells},
    readings,
};
use crate::{
    model::{CacheState, Status, VariantSource},
    tui::{
        keymap::{Action, Context},
        state::{Answer, Figures, Focus, Output, Pane, PaneArea, Phase, RowKind, cached_mark},
        text::{
            figures,
            markdown::{Kind, Tone},
        },
        theme::Role,
        update::WINNER,
    },
};

/// One of the panes that are on the screen.
pub(super) fn pane(paint: &mut Paint<'_, '_, '_>, area: &PaneArea, shown: &[PaneArea]) {
    let state = paint.state;
    let Some(pane) = state.pane(area.variant) else { return };
    let focused = state.focus == Focus::Output(area.variant) && state.overlays.is_empty();
    let title = title(paint, pane, focused);
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
            rows(paint, area.text, output, pane.first_row());
            let pieces = meter(paint, pane, output, area.meter.width);
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
    let Some(phase) = pane.shown().map(|output| &output.phase).filter(|_| words) else {
        return pieces;
    };
    let (word, role) = match phase {
        // What it waits for could tell which is which.
        phase if blind && phase.is_running() => ("running", Role::Information),
        Phase::Done => (phase.word(), Role::Good),
        Phase::Failed => (phase.word(), Role::Bad),
        Phase::Cancelled | Phase::Interrupted | Phase::Retrying { .. } => {
            (phase.word(), Role::Warning)
        }
        _ => (phase.word(), Role::Information),
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
fn title<'p>(paint: &Paint<'_, '_, '_>, pane: &'p Pane, focused: bool) -> Vec<Piece<'p>> {
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
            Some(document) if shown.is_none() && !document.is_draft() => {
                document.version().map_or_else(|| "file".to_owned(), ToString::to_string)
            }
            _ => "draft".to_owned(),
        },
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
    if !parameters.to_map().is_empty() {
        pieces.push(separator());
        pieces.push(paint.piece(inputs::parameters(&parameters), Role::Dim));
    }
    pieces
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
            RowKind::Error => Role::Bad,
        };
        if kind == RowKind::Folded && paint.state.blind.is_some() {
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

/// The live line: state first, then figures in falling importance, as many as fit.
fn meter<'p>(
    paint: &Paint<'_, '_, '_>,
    pane: &Pane,
    output: &'p Output,
    width: u16,
) -> Vec<Piece<'p>> {
    let state = paint.state;
    let shown = state.figures_of(pane).unwrap_or_default();
    if state.blind.is_some() {
        // Times and costs would tell which is which.
        let word = if output.phase.is_running() { "running" } else { output.phase.word() };
        let mut pieces = vec![paint.piece(word, Role::Information)];
        if let Some(rating) = output.rating() {
            let (full, _) = paint.glyphs().star;
            pieces.push(Piece::new("  ", paint.style(Role::Dim)));
            pieces.push(paint.piece(full.repeat(usize::from(rating)), Role::Accent));
        }
        return pieces;
    }
    let mut pieces = phase(paint, output, &shown);
    for figure in details(paint, output, &shown) {
        let gap = Piece::new("  ", paint.style(Role::Dim));
        if cells(&pieces) + 2 + cells(&figure) > width {
            break;
        }
        pieces.push(gap);
        pieces.extend(figure);
    }
    pieces
}

/// What it does now and for how long, in a place whose width does not change while it runs.
fn phase<'p>(paint: &Paint<'_, '_, '_>, output: &'p Output, shown: &Figures) -> Vec<Piece<'p>> {
    let now = paint.state.now;
    let elapsed = shown.elapsed.unwrap_or_default();
    match &output.phase {
        Phase::Done => {
            let execution = output.execution.as_ref();
            let cached = execution.and_then(|it| cached_mark(it, paint.glyphs()));
            match cached {
                Some(mark) => vec![paint.piece(mark, Role::Information)],
                None => vec![
                    paint.piece("done", Role::Good),
                    paint.piece(format!(" {}", figures::duration(elapsed)), Role::Text),
                ],
            }
        }
        Phase::Failed => {
            let kind = output
                .execution
                .as_ref()
                .and_then(|execution| execution.error_kind())
                .map_or("failed", |kind| kind.as_str());
            let cross = paint.glyphs().cross;
            vec![paint.piece(format!("{cross} {kind}"), Role::Bad)]
        }
        Phase::Cancelled => vec![
            paint.piece("cancelled", Role::Warning),
            paint.piece(format!(" {}", figures::seconds(elapsed)), Role::Text),
        ],
        Phase::Interrupted => vec![
            paint.piece(format!("{} interrupted", paint.glyphs().warning), Role::Warning),
            paint.piece(format!(" {}", figures::seconds(elapsed)), Role::Text),
        ],
        Phase::Held { until, provider, can_skip } => {
            let left = until.saturating_sub(now).as_millis().div_ceil(1_000);
            let key = paint.state.keymap.shown_key(Context::Output, Action::SkipWait);
            let (whose, key) = match (can_skip, key) {
                (true, Some(key)) => ("the limit", format!(" ({key} now)")),
                (true, None) => ("the limit", String::new()),
                (false, _) => ("your limit", String::new()),
            };
            // The countdown first: a name can be longer than the line.
            vec![
                paint.piece(format!("held {left} s{key}"), Role::Warning),
                paint.piece(format!("  by {whose} of {provider}"), Role::Text),
            ]
        }
        Phase::Retrying { until, number, of, error } => {
            let left = until.saturating_sub(now).as_millis().div_ceil(1_000);
            let cross = paint.glyphs().cross;
            let key = paint.state.keymap.shown_key(Context::Output, Action::SkipWait);
            let key = key.map_or_else(String::new, |key| format!(" ({key} now)"));
            // The countdown first: an error can be longer than the line.
            vec![
                paint.piece(format!("try {number}/{of} in {left} s{key}"), Role::Warning),
                paint.piece(format!("  {cross} {error}"), Role::Bad),
            ]
        }
        running => match output.stalled(now) {
            Some(silent) => vec![paint.piece(
                format!("{} stalled for {} s", running.word(), silent.as_secs()),
                Role::Warning,
            )],
            None => vec![
                paint.piece(running.word(), Role::Information),
                paint.piece(format!(" {:>6}", figures::seconds(elapsed)), Role::Text),
            ],
        },
    }
}

/// Every further figure that is known, in falling importance.
fn details<'p>(
    paint: &Paint<'_, '_, '_>,
    output: &'p Output,
    shown: &Figures,
) -> Vec<Vec<Piece<'p>>> {
    let dim = |text: String| paint.piece(text, Role::Dim);
    let text = |text: String| paint.piece(text, Role::Text);
    let mut details = Vec::new();
    if output.not_saved.is_some() {
        details.push(vec![paint.piece("not saved", Role::Bad)]);
    }
    if let Some(parameter) = output.refused_parameter()
        && let Some(key) = paint.state.keymap.shown_key(Context::Output, Action::DropParameter)
    {
        let words = format!("{key} drops {} and runs again", parameter.as_str());
        details.push(vec![paint.piece(words, Role::Information)]);
    }
    if let Some(model) = &output.fallback {
        let model = paint.safe(&model.to_string()).into_owned();
        details.push(vec![paint.piece(format!("fallback {model}"), Role::Warning)]);
    }
    let tags = output.execution.as_ref().map(|execution| &execution.tags);
    if tags.and_then(|tags| tags.get(WINNER)).is_some_and(|value| value == "yes") {
        details.push(vec![paint.piece("winner", Role::Good)]);
    }
    if let Some(rating) = output.rating() {
        let (full, _) = paint.glyphs().star;
        details.push(vec![paint.piece(full.repeat(usize::from(rating)), Role::Accent)]);
    }
    if let Some(ttft) = shown.ttft {
        details.push(vec![dim("ttft ".to_owned()), text(figures::duration(ttft))]);
    }
    if let Some(rate) = shown.tokens_per_second {
        details.push(vec![text(format!("{:>9}", figures::rate(rate)))]);
    }
    if shown.input_tokens.is_some() || shown.output_tokens.is_some() {
        details.push(vec![text(figures::tokens(
            shown.input_tokens,
            shown.output_tokens,
            shown.estimated,
            paint.glyphs(),
        ))]);
    }
    let reused = output.execution.as_ref().and_then(|execution| execution.reused.as_ref());
    if let Some(saved) = reused.and_then(|reused| reused.saved_usd) {
        details.push(vec![dim("saved ".to_owned()), text(figures::dollars(saved))]);
    } else if let Some(cost) = shown.cost {
        details.push(vec![text(figures::dollars(cost))]);
    }
    if let Some(execution) = &output.execution {
        if let Some(reason) = execution.finish_reason
            && !matches!(reason, crate::model::FinishReason::Stop)
            && execution.status == Status::Ok
        {
            details.push(vec![paint.piece(format!("stopped: {}", reason.as_str()), Role::Warning)]);
        }
        if execution.cache == CacheState::Miss {
            details.push(vec![dim("not cached".to_owned())]);
        }
        if execution.attempts.len() > 1 {
            details.push(vec![dim(format!("{} attempts", execution.attempts.len()))]);
        }
        if !execution.parameters.dropped.is_empty() {
            let names: Vec<&str> =
                execution.parameters.dropped.iter().map(|dropped| dropped.name.as_str()).collect();
            details
                .push(vec![paint.piece(format!("not sent: {}", names.join(", ")), Role::Warning)]);
        }
        if !execution.redactions.is_empty() {
            // The pane shows the answer as it came; the record has marks in these places.
            let count = execution.redactions.total();
            details.push(vec![paint.piece(format!("{count} redacted"), Role::Warning)]);
        }
    }
    details
}
