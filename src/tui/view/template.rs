//! The editor with its remarks.

use std::{ops::Range, slice};

use ratatui::{layout::Rect, style::Style};

use super::{
    library,
    paint::{Frills, Paint, Piece, cells},
    readings, spending,
};
use crate::{
    prompt::{Severity, highlight::SpanKind},
    tui::{
        keymap::Context,
        state::{Areas, Document, EditorArea, Focus, Mode},
        text::{ellipsis_before, figures},
        theme::Role,
        theme::Theme,
        widgets::editor::{EditorStyles, EditorView, StyledRange},
    },
};

/// The finding that a parameter is declared and not used.
const UNUSED: &str = "unused-parameter";

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, areas: &Areas, area: &EditorArea) {
    let state = paint.state;
    let focused = state.focus == Focus::Editor && state.overlays.is_empty();
    let Some(document) = &state.document else {
        let title = if areas.tabs { library::tabs(paint) } else { Vec::new() };
        let inner = paint.panel(area.outer, &Frills { title, focused, ..Frills::default() });
        let none = state.library.entries().is_empty() && !state.library.loading;
        let some = "Choose a template in Prompts; {accept} opens it.";
        let way = if none { library::NO_TEMPLATES } else { some };
        readings::note(paint, inner, &paint.spell(Context::Library, way));
        return;
    };
    let name = title(paint, document, focused);
    let (title, right) = if areas.tabs { (library::tabs(paint), name) } else { (name, Vec::new()) };
    let bottom = position(paint, document, area.outer.width);
    paint.panel(area.outer, &Frills { title, right, bottom, focused, ..Frills::default() });

    let styles = EditorStyles {
        text: paint.style(Role::Text),
        line_number: paint.style(Role::LineNumber),
        cursor_line: if focused { paint.style(Role::CursorLine) } else { Style::default() },
        cursor_line_number: paint.style(Role::CursorLineNumber),
        selection: paint.style(Role::Selection),
    };
    let theme = &paint.look.theme;
    let spans = |line: usize| line_styles(document, line, theme);
    let view = EditorView::new(&document.editor, styles, &spans).line_numbers();
    let cursor = view.cursor(area.text);
    paint.widget(view, area.text);
    if focused
        && state.mode == Mode::Type
        && let Some((x, y)) = cursor
    {
        paint.cursor(x, y);
    }
    remarks(paint, document, area.findings);
}

fn title<'d>(paint: &Paint<'_, '_, '_>, document: &'d Document, focused: bool) -> Vec<Piece<'d>> {
    let role = if focused { Role::TitleFocused } else { Role::Title };
    let name = paint.safe(document.id.as_str()).into_owned();
    let mut pieces = vec![paint.piece(name, role)];
    if let Some(version) = document.version() {
        pieces.push(paint.piece(format!("  {version}"), Role::Dim));
    }
    if paint.state.is_scratch() {
        // It is kept as it is typed, and there is no file that could be another text.
        pieces.push(paint.piece("  no file yet", Role::Dim));
        return pieces;
    }
    if document.is_draft() {
        pieces.push(paint.piece(" + draft", Role::Warning));
    } else if document.is_past_version() {
        pieces.push(paint.piece(" + changes", Role::Warning));
    }
    if document.saving {
        pieces.push(paint.piece(" saving", Role::Information));
    }
    if !document.writable {
        pieces.push(paint.piece(" read-only", Role::Warning));
    }
    pieces
}

/// Mode, cursor, tokens and the share of the model's window, as much as fits on a frame of this
/// width. What is typed into and where one is stands longest.
fn position(paint: &Paint<'_, '_, '_>, document: &Document, width: u16) -> Vec<Piece<'static>> {
    // Corners, a line between, and the air around the words.
    let room = width.saturating_sub(5);
    let cursor = document.editor.buffer().cursor();
    let column =
        document.editor.buffer().line(cursor.line).get(..cursor.byte).map_or(0, |before| {
            unicode_segmentation::UnicodeSegmentation::graphemes(before, true).count()
        });
    let place = paint.piece(format!("{}:{}", cursor.line + 1, column + 1), Role::Dim);
    let doing = doing(paint, document, room.saturating_sub(cells(slice::from_ref(&place))));
    let mut counted = counted(paint, document);
    counted.push(Vec::new());
    let mut forms = counted.into_iter().map(|counted| {
        let doing = doing.iter().cloned();
        doing.chain([place.clone()]).chain(counted).collect::<Vec<_>>()
    });
    forms.find(|pieces| cells(pieces) <= room).unwrap_or_default()
}

/// What is being done in the editor beside moving about: looked for, found or typed.
fn doing(paint: &Paint<'_, '_, '_>, document: &Document, room: u16) -> Vec<Piece<'static>> {
    let state = paint.state;
    if state.focus != Focus::Editor {
        return Vec::new();
    }
    let selected = document.editor.buffer().selection().is_some();
    if state.finding || (selected && state.mode == Mode::Act && state.found_in_text.is_some()) {
        let cursor = state.finding.then(|| paint.piece(paint.glyphs().cursor, Role::Text));
        let mut after: Vec<_> = cursor.into_iter().chain(found(paint)).collect();
        after.push(paint.piece(format!(" {} ", paint.glyphs().separator), Role::Dim));
        let words = paint.safe(state.find.text()).into_owned();
        let room = usize::from(room.saturating_sub(1 + cells(&after)));
        // Of a long word the end is seen, where it is typed.
        let words = ellipsis_before(&words, room, paint.glyphs().ellipsis).into_owned();
        let mut pieces = vec![paint.piece("/", Role::FooterKey), paint.piece(words, Role::Text)];
        pieces.append(&mut after);
        return pieces;
    }
    if state.mode == Mode::Type {
        return vec![paint.piece("INSERT", Role::ModeInsert), paint.piece(" ", Role::Dim)];
    }
    Vec::new()
}

/// Tokens, the share of the window and the price, of the variant in focus, in full and in ever
/// shorter forms.
fn counted(paint: &Paint<'_, '_, '_>, document: &Document) -> Vec<Vec<Piece<'static>>> {
    let Some(count) = document.analysis.tokens.filter(|_| paint.state.blind.is_none()) else {
        return Vec::new();
    };
    let separator = || paint.piece(format!(" {} ", paint.glyphs().separator), Role::Dim);
    let about = if count.exact { "" } else { "~" };
    let tokens = vec![separator(), paint.piece(format!("{about}{} tok", count.tokens), Role::Dim)];
    let price = spending::forecast(paint, document)
        .map(|forecast| vec![separator(), paint.piece(forecast, Role::Dim)])
        .unwrap_or_default();
    let Some(window) = document.analysis.context_window.filter(|window| *window > 0) else {
        return vec![[tokens.clone(), price].concat(), tokens];
    };
    #[expect(clippy::cast_precision_loss, reason = "token counts are far below 2^52")]
    let share = count.tokens as f64 / window as f64;
    let role = match share {
        share if share >= 1.0 => Role::Bad,
        share if share >= 0.8 => Role::Warning,
        _ => Role::Gauge,
    };
    let (left, right) = paint.glyphs().bar_ends;
    let bar = vec![
        paint.piece(format!(" {left}"), Role::GaugeRest),
        paint.piece(paint.glyphs().bar(share, 8), role),
        paint.piece(right, Role::GaugeRest),
    ];
    let role = if share >= 0.8 { role } else { Role::Dim };
    let told = paint.piece(format!("{:.1}% of {}", share * 100.0, figures::window(window)), role);
    let share_after = vec![paint.piece(" ", Role::Dim), told.clone()];
    vec![
        [tokens.clone(), bar, share_after.clone(), price.clone()].concat(),
        [tokens.clone(), share_after.clone(), price].concat(),
        [tokens, share_after].concat(),
        vec![separator(), told],
    ]
}

/// Which of how many places found is selected.
fn found(paint: &Paint<'_, '_, '_>) -> Option<Piece<'static>> {
    let (number, count) = paint.state.found_in_text?;
    let role = if count == 0 { Role::Warning } else { Role::Dim };
    Some(paint.piece(format!("  {number} of {count}"), role))
}

/// The remarks nearest to the cursor, the gravest first.
fn remarks(paint: &mut Paint<'_, '_, '_>, document: &Document, area: Rect) {
    let line = document.editor.buffer().cursor().line + 1;
    let mut findings: Vec<_> = document.analysis.findings.iter().collect();
    findings.sort_by_key(|finding| {
        // A line of another file is near to nothing here.
        let distance = finding.file.is_none().then(|| finding.line.abs_diff(line));
        (finding.severity, distance.unwrap_or(usize::MAX))
    });
    let more = findings.len().saturating_sub(usize::from(area.height));
    for (offset, finding) in (0..area.height).zip(findings) {
        let row = Rect { y: area.y + offset, height: 1, ..area };
        let (sign, role) = sign_of(paint, finding.severity);
        let message = paint.safe(&finding.message).into_owned();
        let place = match &finding.file {
            Some(file) => paint.safe(&format!("{file}:{}", finding.line)).into_owned(),
            None => finding.line.to_string(),
        };
        let mut pieces = vec![
            paint.piece(format!("{sign} {place}"), role),
            paint.piece("  ", Role::Dim),
            paint.piece(message, Role::Text),
        ];
        if offset + 1 == area.height && more > 0 {
            let way = paint.spell(Context::Editor, "{findings}");
            pieces.insert(2, paint.piece(format!("(+{more}, {way}) "), Role::Dim));
        }
        paint.pieces(row, &pieces);
    }
}

/// The sign that stands before something found.
pub(super) fn sign_of(paint: &Paint<'_, '_, '_>, severity: Severity) -> (&'static str, Role) {
    match severity {
        Severity::Error => (paint.glyphs().cross, Role::Bad),
        Severity::Warning => (paint.glyphs().warning, Role::Warning),
        Severity::Hint => (paint.glyphs().separator, Role::Dim),
    }
}

/// How the parts of a line look. Variables are coloured by whether they have a value.
fn line_styles(document: &Document, line: usize, theme: &Theme) -> Vec<StyledRange> {
    let text = document.editor.buffer().line(line);
    let styles = document
        .line_spans(line)
        .into_iter()
        .filter_map(|span| {
            let role = match span.kind {
                SpanKind::Text => return None,
                SpanKind::FrontMatterFence | SpanKind::Comment => Role::Comment,
                SpanKind::FrontMatterKey => Role::FrontMatterKey,
                SpanKind::FrontMatterValue => Role::FrontMatterValue,
                SpanKind::Role => Role::RoleLine,
                SpanKind::Tag => Role::Tag,
                SpanKind::Include => Role::Include,
                SpanKind::Variable => variable(document, text.get(span.range.clone())?),
            };
            Some((span.range, theme.style(role)))
        })
        .collect();
    unused(document, line, text)
        .fold(styles, |styles, range| marked(styles, range, theme.style(Role::VariableUnused)))
}

/// Where a line declares parameters that the body uses nowhere.
fn unused<'d>(
    document: &'d Document,
    line: usize,
    text: &'d str,
) -> impl Iterator<Item = Range<usize>> + 'd {
    let fields = &document.analysis.fields;
    document
        .analysis
        .findings
        .iter()
        .filter(move |it| it.code == UNUSED && it.file.is_none() && it.line == line + 1)
        .filter_map(move |finding| {
            let (start, _) = text.char_indices().nth(finding.column.checked_sub(1)?)?;
            let rest = text.get(start..)?.trim_start_matches(['"', '\'']);
            let start = text.len() - rest.len();
            // A text that was edited since may have something else there.
            let field = fields.iter().find(|field| !field.used && rest.starts_with(&field.name))?;
            Some(start..start + field.name.len())
        })
}

/// Lays a style over a stretch of a line.
fn marked(styles: Vec<StyledRange>, over: Range<usize>, style: Style) -> Vec<StyledRange> {
    let mut all = Vec::with_capacity(styles.len() + 2);
    for (range, own) in styles {
        all.push((range.start..range.end.min(over.start), own));
        all.push((range.start.max(over.end)..range.end, own));
    }
    all.push((over, style));
    all.retain(|(range, _)| range.start < range.end);
    all.sort_by_key(|(range, _)| range.start);
    all
}

/// A name without a field of its own is bound by the template itself (a loop's variable).
fn variable(document: &Document, name: &str) -> Role {
    let field = document.inputs.fields().iter().find(|field| field.spec.name == name);
    match field {
        Some(field) if field.is_missing() => Role::VariableMissing,
        Some(_) => Role::VariableKnown,
        None => Role::Tag,
    }
}
