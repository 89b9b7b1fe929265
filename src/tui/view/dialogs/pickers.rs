//! Lists to pick from, filtered by what is typed.

use ratatui::{layout::Rect, style::Modifier};

use super::titled;
use crate::{
    model::VariantName,
    tui::{
        keymap::Context,
        msg::ModelChoice,
        state::{
            FrontArea, Lead, ListDialog, ListKind, ModelPicker, Palette, Picker, Screen,
            ThemePicker, VersionList, VersionRow, jump_labels,
        },
        text::{ellipsis_before, figures},
        theme::Role,
        view::{
            paint::{Paint, Piece, cells},
            readings, template,
        },
    },
};

/// The query of a list.
fn query(paint: &mut Paint<'_, '_, '_>, row: Rect, picker: &Picker) {
    let style = paint.style(Role::FooterKey);
    let taken = paint.text(row.x, row.y, row.width, "> ", style);
    let field = Rect { x: row.x + taken, width: row.width.saturating_sub(taken), ..row };
    if row.height > 0 {
        paint.input(field, picker.query.text(), picker.query.cursor(), true);
    }
}

/// The rows of a list in sight, the selected one marked; `draw` puts one entry into its row.
fn rows(
    paint: &mut Paint<'_, '_, '_>,
    area: Rect,
    count: usize,
    selected: usize,
    first: usize,
    mut draw: impl FnMut(&mut Paint<'_, '_, '_>, Rect, usize),
) {
    for (offset, index) in (0..area.height).zip(first..count) {
        let row = Rect { y: area.y + offset, height: 1, ..area };
        draw(paint, row, index);
        if index == selected {
            let style = paint.style(Role::Selection);
            paint.fill(row, style);
        }
    }
    readings::thumb(paint, area, first, count);
}

pub(super) fn actions(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, palette: &Palette) {
    let entries = paint.state.palette_entries();
    let mut frills = titled(paint, "Every action");
    let count = format!("{} of {}", palette.picker.matches.len(), entries.len());
    frills.bottom = vec![paint.piece(count, Role::Dim)];
    paint.dialog(area.outer, &frills);
    query(paint, area.query, &palette.picker);
    let list = area.rows;
    if palette.picker.matches.is_empty() {
        readings::note(paint, list, "No action of this name.");
        return;
    }
    let picker = &palette.picker;
    let first = picker.scroll.first(picker.matches.len(), usize::from(list.height));
    let count = picker.matches.len();
    rows(paint, list, count, picker.selected, first, |paint, row, index| {
        let Some((keys, action)) = picker.matches.get(index).and_then(|at| entries.get(*at)) else {
            return;
        };
        let here = action.contexts().contains(paint.state.screen_context());
        let role = if here { Role::Text } else { Role::Dim };
        let name_width = 18.min(row.width);
        let name = paint.style(role);
        paint.text(row.x + 1, row.y, name_width, action.label(), name);
        let beside = row.width.saturating_sub(name_width + 3);
        // A word of a sentence says nothing: where there is no more room, the keys have it.
        let key_width = if beside < 24 { beside } else { 16.min(row.width / 4) };
        let sentence =
            Rect { x: row.x + name_width + 2, width: beside.saturating_sub(key_width), ..row };
        let dim = paint.style(Role::Dim);
        if sentence.width > 0 {
            paint.text(sentence.x, sentence.y, sentence.width, action.sentence(), dim);
        }
        let keys_at = Rect { x: row.right() - key_width, width: key_width, ..row };
        let pieces = [paint.piece(keys.as_str(), Role::FooterKey)];
        if !paint.pieces_right(keys_at, &pieces) {
            paint.pieces(keys_at, &pieces);
        }
    });
}

pub(super) fn models(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, list: &ModelPicker) {
    let state = paint.state;
    let mut frills = titled(paint, "Model of ");
    if state.screen == Screen::History {
        frills = titled(paint, "Run the execution again on");
    } else if list.compares {
        frills = titled(paint, "Models side by side");
        let way =
            paint.spell(Context::Picker, "{mark} marks up to four, {accept} gives each a pane");
        frills.bottom = vec![paint.piece(way, Role::Dim)];
    } else {
        frills.title.push(paint.piece(list.variant.as_str(), Role::variant(list.variant)));
    }
    paint.dialog(area.outer, &frills);
    query(paint, area.query, &list.picker);
    let area = area.rows;
    if state.models.is_empty() {
        readings::note(paint, area, "No models are known yet.");
        return;
    }
    if list.picker.matches.is_empty() {
        let way = "No known model matches. {accept} takes what you typed, as provider/model.";
        readings::note(paint, area, &paint.spell(Context::Picker, way));
        return;
    }
    let picker = &list.picker;
    let first = picker.scroll.first(picker.matches.len(), usize::from(area.height));
    rows(paint, area, picker.matches.len(), picker.selected, first, |paint, row, index| {
        let Some(choice) = picker.matches.get(index).and_then(|at| state.models.get(*at)) else {
            return;
        };
        let available = choice.unavailable.is_none();
        let role = match (available, choice.model.is_simulated()) {
            (false, _) => Role::Dim,
            (true, true) => Role::Simulated,
            (true, false) => Role::Text,
        };
        let name = paint.safe(&choice.model.to_string()).into_owned();
        let style = paint.style(role);
        // From the richest to the barest: the first that leaves a name half of the row.
        let forms = about_model(paint, choice);
        let most = row.width.saturating_sub(row.width / 2 + 2);
        let fits = forms.iter().position(|form| cells(form) <= most);
        let right = fits.or(forms.len().checked_sub(1)).and_then(|at| forms.into_iter().nth(at));
        let right = right.unwrap_or_default();
        let room = row.width.saturating_sub(cells(&right) + 2);
        let width = room.max(row.width / 2);
        if let Some(place) = list.marked.iter().position(|model| *model == choice.model)
            && let Some(variant) = VariantName::ALL.get(place)
        {
            let style = paint.style(Role::variant(*variant));
            paint.text(row.x, row.y, 1, variant.as_str(), style);
        }
        paint.text(row.x + 2, row.y, width.saturating_sub(1), &name, style);
        let rest = Rect { x: row.x + 1 + width, width: row.width.saturating_sub(width + 1), ..row };
        if !paint.pieces_right(rest, &right) {
            paint.pieces(rest, &right);
        }
    });
}

/// What is known of a model besides its name, in falling length; columns stay in line where there
/// is room for them.
fn about_model<'c>(paint: &Paint<'_, '_, '_>, choice: &'c ModelChoice) -> Vec<Vec<Piece<'c>>> {
    if let Some(reason) = &choice.unavailable {
        return vec![vec![paint.piece(paint.safe(reason).into_owned(), Role::Warning)]];
    }
    let dim = |text: String| paint.piece(text, Role::Dim);
    let window = choice.context_window.map_or_else(String::new, figures::window);
    let window = dim(format!("{window:>5}  "));
    let (long, short) = choice.price.map_or_else(
        || ("price unknown".to_owned(), "price unknown".to_owned()),
        |price| {
            (
                format!("${} in ${} out /M", price.input, price.output),
                format!("${}/{} per M", price.input, price.output),
            )
        },
    );
    let origin = choice.origin.as_str();
    let (wide, narrow) = (dim(format!("{origin:>10}")), dim(format!("{origin:>11}")));
    let long = dim(format!("{long:<22}"));
    let short = dim(format!("{short:<15}"));
    vec![
        vec![window.clone(), long, wide],
        vec![window, short.clone(), narrow.clone()],
        vec![short, narrow],
        vec![dim(origin.to_owned())],
    ]
}

pub(super) fn themes(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, list: &ThemePicker) {
    let state = paint.state;
    let mut frills = titled(paint, "Theme");
    frills.bottom = vec![paint.piece(paint.spell(Context::Picker, "{accept} keeps it"), Role::Dim)];
    paint.dialog(area.outer, &frills);
    query(paint, area.query, &list.picker);
    let area = area.rows;
    if list.picker.matches.is_empty() {
        let text = if state.themes.is_empty() { "Reading the themes" } else { "No such theme." };
        readings::note(paint, area, text);
        return;
    }
    let picker = &list.picker;
    let first = picker.scroll.first(picker.matches.len(), usize::from(area.height));
    rows(paint, area, picker.matches.len(), picker.selected, first, |paint, row, index| {
        let theme = picker.matches.get(index).and_then(|at| state.themes.get(*at));
        let Some(theme) = theme else { return };
        let style = paint.style(Role::Text);
        let name = paint.safe(theme.name()).into_owned();
        paint.text(row.x + 1, row.y, row.width.saturating_sub(2), &name, style);
    });
}

/// Names with what is said beside them.
pub(super) fn any_list(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, list: &ListDialog) {
    let mut frills = titled(paint, list.kind.title());
    if let Some(variant) = list.variant {
        frills.title.push(paint.piece(variant.as_str(), Role::variant(variant)));
    }
    if !list.picker.matches.is_empty() {
        let count = format!("{} of {}", list.picker.selected + 1, list.picker.matches.len());
        frills.bottom = vec![paint.piece(count, Role::Dim)];
    }
    paint.dialog(area.outer, &frills);
    query(paint, area.query, &list.picker);
    let (area, about) = (area.rows, area.about);
    if list.picker.matches.is_empty() {
        let typed = list.kind == ListKind::Places && !list.picker.query.is_empty();
        let text = if typed { "No template holds this." } else { list.kind.nothing() };
        readings::note(paint, area, text);
        return;
    }
    let picker = &list.picker;
    let first = picker.scroll.first(picker.matches.len(), usize::from(area.height));
    let widest = list.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let beside = list.rows.iter().map(|row| row.detail.chars().count()).max().unwrap_or(0);
    // A letter stands before what is marked, and a sign before what was found.
    let signed = list.variant.is_some() || list.kind == ListKind::Findings;
    let indent = if signed { 2 } else { 1 };
    // What is said beside a name may take half; what it leaves is the name's.
    let beside = u16::try_from(beside).unwrap_or(u16::MAX).min(area.width / 2);
    let width =
        u16::try_from(widest).unwrap_or(40).min(area.width.saturating_sub(beside + indent + 3));
    rows(paint, area, picker.matches.len(), picker.selected, first, |paint, place, index| {
        let row = picker.matches.get(index).and_then(|at| list.rows.get(*at));
        let Some(row) = row else { return };
        let role = if row.leads == Lead::NameInputs { Role::Accent } else { Role::Text };
        let name = paint.safe(&row.name).into_owned();
        let mark = list.marked.iter().position(|id| row.leads == Lead::Run(id.clone()));
        if let Some(variant) = mark.and_then(|place| VariantName::ALL.get(place)) {
            let style = paint.style(Role::variant(*variant));
            paint.text(place.x, place.y, 1, variant.as_str(), style);
        }
        if let Lead::Finding(finding) = &row.leads {
            let (sign, role) = template::sign_of(paint, finding.severity);
            let style = paint.style(role);
            paint.text(place.x, place.y, 1, sign, style);
        }
        let style = paint.style(role);
        let room = if row.detail.is_empty() { place.width.saturating_sub(indent) } else { width };
        // Of a place the number of the line says the most, and the beginning of a path the least.
        let is_place = matches!(row.leads, Lead::Finding(_) | Lead::Line(..));
        let mark = paint.glyphs().ellipsis;
        let name = if is_place { ellipsis_before(&name, room.into(), mark) } else { name.into() };
        paint.text(place.x + indent, place.y, room, &name, style);
        let detail = paint.safe(&row.detail).into_owned();
        let style = paint.style(Role::Dim);
        let x = place.x + indent + width + 2;
        paint.text(x, place.y, place.right().saturating_sub(x), &detail, style);
    });
    if let Some(row) = list.chosen().filter(|_| about.height > 0) {
        let detail = paint.safe(&row.detail).into_owned();
        readings::paragraph(paint, about, &detail, Role::Text);
    }
}

pub(super) fn versions(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, list: &VersionList) {
    let state = paint.state;
    let Some(document) = &state.document else { return };
    let count = list.rows(document.versions.len());
    let name = paint.safe(document.id.as_str()).into_owned();
    let mut frills = titled(paint, format!("Versions of {name}"));
    if let Some(variant) = list.pick {
        frills.title = vec![
            paint.piece("Version for ", Role::TitleFocused),
            paint.piece(variant.as_str(), Role::variant(variant)),
        ];
    }
    paint.dialog(area.outer, &frills);
    let inner = area.rows;
    if count == 0 {
        let text = if list.loading { "Reading the versions" } else { "No version is saved yet." };
        readings::note(paint, inner, text);
        return;
    }
    let first = list.scroll.first(count, usize::from(inner.height));
    rows(paint, inner, count, list.selected, first, |paint, row, index| {
        let place = match list.row(index, document.versions.len()) {
            VersionRow::Version(place) => place,
            VersionRow::Draft => {
                let pieces = [
                    paint.piece(format!(" {:<10}", "draft"), Role::Warning),
                    paint.piece("what is in the editor", Role::Dim),
                ];
                paint.pieces(row, &pieces);
                return;
            }
            VersionRow::AnotherTemplate => {
                let pieces = [
                    paint.piece(format!(" {:<10}", "another"), Role::Accent),
                    paint.piece("a template beside this one, with the same inputs", Role::Dim),
                ];
                paint.pieces(row, &pieces);
                return;
            }
        };
        let Some(record) = document.versions.get(place) else { return };
        let mark = list.marked.iter().position(|marked| *marked == record.version);
        let mark = mark.and_then(|place| VariantName::ALL.get(place));
        let mut pieces = vec![
            mark.map_or_else(
                || paint.piece(" ", Role::Text),
                |variant| paint.piece(variant.as_str(), Role::variant(*variant)),
            ),
            paint.piece(format!("{:<10}", record.version), Role::Text),
        ];
        let when = figures::when(record.saved_at, state.wall, &state.zone);
        pieces.push(paint.piece(format!("{when:<14}"), Role::Dim));
        pieces.push(paint.piece(format!("{}  ", record.content_hash.short()), Role::Dim));
        if let Some(label) = &record.label {
            let label = paint.safe(label).into_owned();
            pieces.push(paint.piece(format!("{label}  "), Role::Accent));
        }
        if let Some(from) = &record.rolled_back_from {
            pieces.push(paint.piece(format!("content of {from}  "), Role::Information));
        }
        let note = paint.safe(&record.note).into_owned();
        pieces.push(paint.piece(note, Role::Text));
        paint.pieces(row, &pieces);
    });
}

/// Letters on each place that can still be meant; nothing else is covered.
pub(super) fn jump(paint: &mut Paint<'_, '_, '_>, typed: &str) {
    // What lies below may be dim, and letters are to be read.
    let style = paint.style(Role::ModeInsert).remove_modifier(Modifier::DIM);
    for label in jump_labels(paint.state) {
        let Some(rest) = label.letters.strip_prefix(typed) else { continue };
        let (x, y) = label.at;
        let taken = paint.text(x, y, 4, &format!(" {rest} "), style);
        if let Some(name) = &label.name {
            let style = paint.style(Role::Title).remove_modifier(Modifier::DIM);
            paint.text(x + taken, y, 20, &format!("{name} "), style);
        }
    }
}
