//! What stands in front of the screen.

use ratatui::layout::Rect;

use super::{
    history,
    paint::{Frills, Paint, Piece},
    readings, spending,
};
use crate::{
    model::{Bump, VariantName},
    prompt::diff::SegmentKind,
    tui::{
        keymap::{Action, Context},
        msg::Severity,
        state::{
            Conflict, ConflictChoice, DiffView, Lead, LineDialog, ListDialog, ListKind,
            ModelPicker, Overlay, Palette, ParameterForm, Picker, Reading, SaveDialog, Screen,
            Sign, ThemePicker, VersionList, centred, jump_labels, overlay_area,
        },
        text::figures,
        theme::Role,
    },
};

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, overlay: &Overlay) {
    match overlay {
        Overlay::Palette(palette) => actions(paint, palette),
        Overlay::Help(reading) => help(paint, reading),
        Overlay::Models(picker) => models(paint, picker),
        Overlay::Themes(list) => themes(paint, list),
        Overlay::List(list) => any_list(paint, list),
        Overlay::Jump => jump(paint),
        Overlay::Parameters(form) => parameters(paint, form),
        Overlay::Save(dialog) => save(paint, dialog),
        Overlay::Versions(list) => versions(paint, list),
        Overlay::Line(dialog) => line(paint, dialog),
        Overlay::Diff(view) => diff(paint, view),
        Overlay::Preview(reading) => preview(paint, reading),
        Overlay::Log(reading) => log(paint, reading),
        Overlay::Conflict(conflict) => changed_outside(paint, conflict),
        Overlay::Confirm(question) => confirm(paint, &question.question()),
        Overlay::Secrets(question) => {
            let text = paint.safe(&question.question()).into_owned();
            confirm(paint, &text);
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

/// The query of a list in the first row, and a rule's worth of room below; what is left comes
/// back.
fn query(paint: &mut Paint<'_, '_, '_>, inner: Rect, picker: &Picker) -> Rect {
    let row = Rect { height: inner.height.min(1), ..inner };
    let style = paint.style(Role::FooterKey);
    let taken = paint.text(row.x, row.y, row.width, "> ", style);
    let field = Rect { x: row.x + taken, width: row.width.saturating_sub(taken), ..row };
    paint.input(field, picker.query.text(), picker.query.cursor(), true);
    Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner }
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
    // The selected row stays in sight whatever the scroll says.
    let height = usize::from(area.height);
    let first = first.min(selected).max((selected + 1).saturating_sub(height));
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

fn actions(paint: &mut Paint<'_, '_, '_>, palette: &Palette) {
    let entries = paint.state.palette_entries();
    let rows_wanted = u16::try_from(entries.len()).unwrap_or(u16::MAX).saturating_add(3);
    let outer = centred(paint.state, 96, rows_wanted.min(paint.area().height * 3 / 4));
    let mut frills = titled(paint, "Every action");
    let count = format!("{} of {}", palette.picker.matches.len(), entries.len());
    frills.bottom = vec![paint.piece(count, Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    let list = query(paint, inner, &palette.picker);
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
        let key_width = 16.min(row.width / 4);
        let sentence = Rect {
            x: row.x + name_width + 2,
            width: row.width.saturating_sub(name_width + key_width + 3),
            ..row
        };
        let dim = paint.style(Role::Dim);
        paint.text(sentence.x, sentence.y, sentence.width, action.sentence(), dim);
        let keys_at = Rect { x: row.right() - key_width, width: key_width, ..row };
        let pieces = [paint.piece(keys.as_str(), Role::FooterKey)];
        if !paint.pieces_right(keys_at, &pieces) {
            paint.pieces(keys_at, &pieces);
        }
    });
}

fn help(paint: &mut Paint<'_, '_, '_>, reading: &Reading) {
    let context = paint.state.screen_context();
    let outer = overlay_area(paint.state);
    let mut frills = titled(paint, format!("Help: {}", context.as_str()));
    let ways = paint.spell(Context::Reading, "{escape} closes");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    let sentence = paint.spell(context, context.sentence());
    let about = readings::wrapped(&sentence, paint.state.marks, inner.width);
    let mut y = inner.y;
    let text = paint.style(Role::Text);
    for row in 0..about.row_count() {
        if y < inner.bottom() {
            paint.row(Rect { y, height: 1, ..inner }, about.row(row), text);
            y += 1;
        }
    }
    y = (y + 1).min(inner.bottom());
    let list = Rect { y, height: inner.bottom() - y, ..inner };
    let entries = paint.state.keymap.help(context);
    let first = reading.scroll.first(entries.len(), usize::from(list.height));
    let widest = entries.iter().map(|(keys, _)| keys.chars().count()).max().unwrap_or(0);
    let key_width = u16::try_from(widest).unwrap_or(12).min(inner.width / 3);
    for (offset, (keys, action)) in (0..list.height).zip(entries.iter().skip(first)) {
        let row = Rect { y: list.y + offset, height: 1, ..list };
        let style = paint.style(Role::FooterKey);
        paint.text(row.x, row.y, key_width, keys, style);
        let style = paint.style(Role::Text);
        let x = row.x + key_width + 2;
        paint.text(x, row.y, row.right().saturating_sub(x), action.sentence(), style);
    }
    readings::thumb(paint, list, first, entries.len());
}

fn models(paint: &mut Paint<'_, '_, '_>, list: &ModelPicker) {
    let state = paint.state;
    let outer = centred(state, 90, 24);
    let mut frills = titled(paint, "Model of ");
    if state.screen == Screen::History {
        frills = titled(paint, "Run the execution again on");
    } else {
        frills.title.push(paint.piece(list.variant.as_str(), Role::variant(list.variant)));
    }
    let inner = paint.dialog(outer, &frills);
    let area = query(paint, inner, &list.picker);
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
        let mut right: Vec<Piece<'_>> = Vec::new();
        if let Some(reason) = &choice.unavailable {
            right.push(paint.piece(paint.safe(reason).into_owned(), Role::Warning));
        } else {
            if let Some(window) = choice.context_window {
                let text = format!("{:>5}  ", figures::window(window));
                right.push(paint.piece(text, Role::Dim));
            }
            let price = choice.price.map_or_else(
                || "price unknown".to_owned(),
                |price| format!("${} in ${} out /M", price.input, price.output),
            );
            right.push(paint.piece(format!("{price:<22}"), Role::Dim));
            right.push(paint.piece(format!("{:>10}", choice.origin.as_str()), Role::Dim));
        }
        let style = paint.style(role);
        let room = row.width.saturating_sub(super::paint::cells(&right) + 2);
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

/// A letter on each place; nothing else is covered.
fn jump(paint: &mut Paint<'_, '_, '_>) {
    let style = paint.style(Role::ModeInsert);
    for label in jump_labels(paint.state) {
        let (x, y) = label.at;
        paint.text(x, y, 3, &format!(" {} ", label.letter), style);
    }
}

/// Names with what is said beside them.
fn any_list(paint: &mut Paint<'_, '_, '_>, list: &ListDialog) {
    let outer = centred(paint.state, 96, 20);
    let mut frills = titled(paint, list.kind.title());
    if !list.picker.matches.is_empty() {
        let count = format!("{} of {}", list.picker.selected + 1, list.picker.matches.len());
        frills.bottom = vec![paint.piece(count, Role::Dim)];
    }
    let inner = paint.dialog(outer, &frills);
    let area = query(paint, inner, &list.picker);
    if list.picker.matches.is_empty() {
        let typed = list.kind == ListKind::Places && !list.picker.query.is_empty();
        let text = if typed { "No template holds this." } else { list.kind.nothing() };
        readings::note(paint, area, text);
        return;
    }
    let picker = &list.picker;
    let first = picker.scroll.first(picker.matches.len(), usize::from(area.height));
    let widest = list.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let width = u16::try_from(widest).unwrap_or(40).min(area.width / 2);
    rows(paint, area, picker.matches.len(), picker.selected, first, |paint, place, index| {
        let row = picker.matches.get(index).and_then(|at| list.rows.get(*at));
        let Some(row) = row else { return };
        let role = if row.leads == Lead::NameInputs { Role::Accent } else { Role::Text };
        let name = paint.safe(&row.name).into_owned();
        let style = paint.style(role);
        let room = if row.detail.is_empty() { place.width } else { width + 1 };
        paint.text(place.x + 1, place.y, room.saturating_sub(1), &name, style);
        let detail = paint.safe(&row.detail).into_owned();
        let style = paint.style(Role::Dim);
        let x = place.x + width + 3;
        paint.text(x, place.y, place.right().saturating_sub(x), &detail, style);
    });
}

/// Narrow and at the right, so that the theme is seen beside it.
fn themes(paint: &mut Paint<'_, '_, '_>, list: &ThemePicker) {
    let state = paint.state;
    let wanted = u16::try_from(state.themes.len()).unwrap_or(u16::MAX).saturating_add(3);
    let place = centred(state, 30, wanted.clamp(5, 20));
    let outer = Rect { x: state.size.0.saturating_sub(place.width + 2), ..place };
    let mut frills = titled(paint, "Theme");
    frills.bottom = vec![paint.piece(paint.spell(Context::Picker, "{accept} keeps it"), Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    let area = query(paint, inner, &list.picker);
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

fn parameters(paint: &mut Paint<'_, '_, '_>, form: &ParameterForm) {
    let height = u16::try_from(form.rows.len()).unwrap_or(12) + 3;
    let outer = centred(paint.state, 84, height);
    let mut frills = titled(paint, "Parameters of ");
    frills.title.push(paint.piece(form.variant.as_str(), Role::variant(form.variant)));
    if let Some(model) = &form.model {
        let name = paint.safe(&model.to_string()).into_owned();
        frills.right = vec![paint.piece(name, Role::Dim)];
    }
    let ways = paint.spell(Context::Form, "{accept} applies, empty takes the template's own");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    for (offset, (index, row)) in (0..inner.height).zip(form.rows.iter().enumerate()) {
        let area = Rect { y: inner.y + offset, height: 1, ..inner };
        let selected = index == form.selected;
        let name_role = match (&row.refused, selected) {
            (Some(_), _) => Role::Dim,
            (None, true) => Role::Accent,
            (None, false) => Role::Text,
        };
        let style = paint.style(name_role);
        paint.text(area.x + 1, area.y, 19, row.parameter.as_str(), style);
        let field = Rect { x: area.x + 21, width: 20.min(area.width.saturating_sub(21)), ..area };
        if selected || !row.input.is_empty() {
            paint.input(field, row.input.text(), row.input.cursor(), selected);
        } else if let Some(inherited) = &row.inherited {
            let shown = paint.safe(&inherited.replace('\n', " ")).into_owned();
            let style = paint.style(Role::Placeholder);
            paint.text(field.x, field.y, field.width, &shown, style);
        }
        let x = field.right() + 2;
        let (note, role) = match (&row.error, &row.refused) {
            (Some(error), _) => (error.clone(), Role::Bad),
            (None, Some(reason)) => (format!("not sent: {reason}"), Role::Warning),
            (None, None) if selected => (row.parameter.expects().to_owned(), Role::Dim),
            (None, None) => (String::new(), Role::Dim),
        };
        let style = paint.style(role);
        paint.text(x, area.y, area.right().saturating_sub(x), &note, style);
    }
}

fn save(paint: &mut Paint<'_, '_, '_>, dialog: &SaveDialog) {
    let outer = centred(paint.state, 64, 9);
    let mut frills = titled(paint, "Save as a version");
    let ways = paint.spell(Context::Form, "{accept} saves, {escape} goes back");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    let inner = paint.dialog(outer, &frills);
    let row = |offset: u16| Rect { y: inner.y + offset, height: 1, ..inner };
    let mut pieces = vec![paint.piece(" ", Role::Text)];
    for (bump, word) in [(Bump::Patch, "patch"), (Bump::Minor, "minor"), (Bump::Major, "major")] {
        let version = bump.apply(&dialog.from);
        let chosen = bump == dialog.bump;
        let role = if chosen { Role::Selection } else { Role::Dim };
        pieces.push(paint.piece(format!(" {word} {version} "), role));
        pieces.push(paint.piece("  ", Role::Text));
    }
    if inner.height < 5 {
        return;
    }
    paint.pieces(row(1), &pieces);
    let ways = " {move-up}, {move-down} or {next-pane} choose; it follows ";
    let arrows = paint.piece(paint.spell(Context::Form, ways), Role::Dim);
    let from = paint.piece(dialog.from.to_string(), Role::Dim);
    paint.pieces(row(2), &[arrows, from]);
    let label = paint.style(Role::Text);
    let taken = paint.text(inner.x + 1, row(4).y, inner.width, "why  ", label);
    let field =
        Rect { x: inner.x + 1 + taken, width: inner.width.saturating_sub(taken + 2), ..row(4) };
    paint.input(field, dialog.note.text(), dialog.note.cursor(), true);
}

fn versions(paint: &mut Paint<'_, '_, '_>, list: &VersionList) {
    let state = paint.state;
    let Some(document) = &state.document else { return };
    let count = list.rows(document.versions.len());
    let height = u16::try_from(count).unwrap_or(u16::MAX).saturating_add(2).max(5);
    let outer = centred(state, 100, height.min(state.size.1.saturating_sub(4)));
    let name = paint.safe(document.id.as_str()).into_owned();
    let mut frills = titled(paint, format!("Versions of {name}"));
    if let Some(variant) = list.pick {
        frills.title = vec![
            paint.piece("Version for ", Role::TitleFocused),
            paint.piece(variant.as_str(), Role::variant(variant)),
        ];
    }
    let inner = paint.dialog(outer, &frills);
    if count == 0 {
        let text = if list.loading { "Reading the versions" } else { "No version is saved yet." };
        readings::note(paint, inner, text);
        return;
    }
    let first = list.scroll.first(count, usize::from(inner.height));
    rows(paint, inner, count, list.selected, first, |paint, row, index| {
        let place = if list.pick.is_some() { index.checked_sub(1) } else { Some(index) };
        let Some(record) = place.and_then(|place| document.versions.get(place)) else {
            let pieces = [
                paint.piece(format!(" {:<10}", "draft"), Role::Warning),
                paint.piece("what is in the editor", Role::Dim),
            ];
            paint.pieces(row, &pieces);
            return;
        };
        let mark = list.marked.iter().position(|marked| *marked == record.version);
        let mark = mark.and_then(|place| VariantName::ALL.get(place));
        let mut pieces = vec![
            mark.map_or_else(
                || paint.piece(" ", Role::Text),
                |variant| paint.piece(variant.as_str(), Role::variant(*variant)),
            ),
            paint.piece(format!("{:<10}", record.version), Role::Text),
        ];
        let when = history::when(record.saved_at, state.wall, &state.zone);
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

fn line(paint: &mut Paint<'_, '_, '_>, dialog: &LineDialog) {
    let outer = centred(paint.state, 76, 5);
    let mut frills = titled(paint, dialog.intent.title());
    frills.bottom = match &dialog.error {
        Some(error) => vec![paint.piece(paint.safe(error).into_owned(), Role::Bad)],
        None => vec![paint.piece(paint.spell(Context::Form, dialog.intent.hint()), Role::Dim)],
    };
    let inner = paint.dialog(outer, &frills);
    let field = Rect {
        x: inner.x + 1,
        y: inner.y + inner.height / 2,
        width: inner.width.saturating_sub(2),
        height: 1,
    };
    paint.input(field, dialog.input.text(), dialog.input.cursor(), true);
}

fn diff(paint: &mut Paint<'_, '_, '_>, view: &DiffView) {
    let outer = overlay_area(paint.state);
    let (old, new) = &view.titles;
    let arrow = paint.glyphs().arrow;
    let mut frills = titled(paint, format!("{old} {arrow} {new}"));
    let (removed, added) = view.counts;
    frills.right = vec![
        paint.piece(format!("-{removed} "), Role::DiffRemoved),
        paint.piece(format!("+{added}"), Role::DiffAdded),
    ];
    let inner = paint.dialog(outer, &frills);
    if view.is_same() {
        readings::note(paint, inner, "The texts are the same.");
        return;
    }
    let count = view.row_count();
    let first = view.scroll.first(count, usize::from(inner.height));
    for (offset, index) in (0..inner.height).zip(first..count) {
        let Some((line, row)) = view.row(index) else { break };
        let area = Rect { y: inner.y + offset, height: 1, ..inner };
        let (sign, role) = match line.sign {
            Sign::Same => (" ", Role::Dim),
            Sign::Changed => ("~", Role::Information),
            Sign::Removed => ("-", Role::DiffRemoved),
            Sign::Added => ("+", Role::DiffAdded),
            Sign::Folded(_) => (paint.glyphs().ellipsis, Role::DiffFold),
        };
        let style = paint.style(role);
        paint.text(area.x, area.y, 1, sign, style);
        let body = Rect { x: area.x + 2, width: area.width.saturating_sub(2), ..area };
        if matches!(line.sign, Sign::Folded(_)) {
            paint.text(body.x, body.y, body.width, &line.text, style);
            continue;
        }
        let mut pieces = Vec::new();
        let mut at = row.start;
        for (range, kind) in &line.changed {
            let (start, end) = (range.start.max(row.start), range.end.min(row.end));
            if start >= end {
                continue;
            }
            let role = match kind {
                SegmentKind::Removed => Role::DiffRemoved,
                SegmentKind::Added => Role::DiffAdded,
                SegmentKind::Same => Role::Text,
            };
            pieces.push(paint.piece(line.text.get(at..start).unwrap_or(""), Role::Text));
            pieces.push(paint.piece(line.text.get(start..end).unwrap_or(""), role));
            at = end;
        }
        pieces.push(paint.piece(line.text.get(at..row.end).unwrap_or(""), Role::Text));
        paint.pieces(body, &pieces);
    }
    readings::thumb(paint, inner, first, count);
}

fn preview(paint: &mut Paint<'_, '_, '_>, reading: &Reading) {
    let outer = overlay_area(paint.state);
    let mut frills = titled(paint, "As it would be sent");
    if let Some(document) = &paint.state.document
        && let Some(tokens) = document.analysis.tokens
    {
        let about = if tokens.exact { "" } else { "~" };
        let text =
            format!("{} messages, {about}{} tok", document.analysis.messages.len(), tokens.tokens);
        frills.right = vec![paint.piece(text, Role::Dim)];
    }
    let inner = paint.dialog(outer, &frills);
    let inner = Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner };
    readings::text(paint, inner, &reading.text, reading.scroll, Role::Text);
}

fn log(paint: &mut Paint<'_, '_, '_>, reading: &Reading) {
    let outer = overlay_area(paint.state);
    let frills = titled(paint, "Messages");
    let inner = paint.dialog(outer, &frills);
    let count = paint.state.notices.log().len();
    if count == 0 {
        readings::note(paint, inner, "Nothing was told yet.");
        return;
    }
    let first = reading.scroll.first(count, usize::from(inner.height));
    let state = paint.state;
    for (offset, logged) in (0..inner.height).zip(state.notices.log().skip(first)) {
        let row = Rect { y: inner.y + offset, height: 1, ..inner };
        let role = match logged.notice.severity {
            Severity::Information => Role::Text,
            Severity::Warning => Role::Warning,
            Severity::Error => Role::Bad,
        };
        let when = history::when(logged.at, state.wall, &state.zone);
        let mut pieces = vec![
            paint.piece(format!("{when}  "), Role::Dim),
            paint.piece(logged.notice.text.as_str(), role),
        ];
        if logged.count > 1 {
            let times = paint.glyphs().times;
            pieces.push(paint.piece(format!(" ({}{times})", logged.count), Role::Dim));
        }
        if let Some(hint) = &logged.notice.hint {
            let separator = paint.glyphs().separator;
            pieces.push(paint.piece(format!(" {separator} {hint}"), Role::Dim));
        }
        paint.pieces(row, &pieces);
    }
    readings::thumb(paint, inner, first, count);
}

fn changed_outside(paint: &mut Paint<'_, '_, '_>, conflict: &Conflict) {
    let outer = centred(paint.state, 70, 8);
    let name = paint.safe(conflict.template.as_str()).into_owned();
    let inner = {
        let frills = titled(paint, format!("{name} was changed outside"));
        paint.dialog(outer, &frills)
    };
    let style = paint.style(Role::Text);
    let text = "Another program wrote this file since you opened it. Nothing was saved.";
    paint.text(inner.x + 1, inner.y, inner.width.saturating_sub(2), text, style);
    for (offset, choice) in (2..inner.height).zip(ConflictChoice::ALL) {
        let row = Rect { y: inner.y + offset, height: 1, ..inner };
        let selected = choice == conflict.selected;
        let pointer = if selected { paint.glyphs().pointer } else { " " };
        let pieces = [
            paint.piece(format!(" {pointer} "), Role::Accent),
            paint.piece(choice.as_str(), Role::Text),
        ];
        paint.pieces(row, &pieces);
        if selected {
            let style = paint.style(Role::Selection);
            paint.fill(row, style);
        }
    }
}

fn confirm(paint: &mut Paint<'_, '_, '_>, text: &str) {
    let width = 64.min(paint.state.size.0.saturating_sub(4));
    let body = readings::wrapped(text, paint.state.marks, width.saturating_sub(4));
    let rows = u16::try_from(body.row_count()).unwrap_or(3);
    let outer = centred(paint.state, width, rows + 4);
    let inner = {
        let frills = titled(paint, "Sure?");
        paint.dialog(outer, &frills)
    };
    let style = paint.style(Role::Text);
    for (offset, row) in (0..inner.height).zip(0..body.row_count()) {
        let place = Rect { x: inner.x + 1, y: inner.y + offset, height: 1, ..inner };
        paint.row(place, body.row(row), style);
    }
    let last = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let way = |action| paint.state.keymap.way_to(Context::Question, action);
    let pieces = [
        paint.piece(format!(" {}", way(Action::Yes)), Role::FooterKey),
        paint.piece(" yes   ", Role::FooterText),
        paint.piece(way(Action::No), Role::FooterKey),
        paint.piece(" no", Role::FooterText),
    ];
    paint.pieces(last, &pieces);
}
