//! The title line, the status line and the footer.

use ratatui::layout::Rect;

use super::{
    meter,
    paint::{Paint, Piece, cells},
};
use crate::tui::{
    keymap::{Action, Context},
    msg::{Notice, Severity},
    state::{Document, Lead, ListKind, Overlay, SMALLEST, Screen},
    text::figures,
    theme::Role,
};

/// What is shown where nothing else fits.
pub(super) fn too_small(paint: &mut Paint<'_, '_, '_>) {
    let area = paint.area();
    let key = paint.state.keymap.way_to(paint.state.screen_context(), Action::Quit);
    let wanted = format!("Lathe needs {}x{} ({key} quits)", SMALLEST.0, SMALLEST.1);
    let style = paint.style(Role::Text);
    paint.row(Rect { height: area.height.min(1), ..area }, &wanted, style);
}

/// Screens at the left; workspace, model and spend at the right.
pub(super) fn title(paint: &mut Paint<'_, '_, '_>, area: Rect) {
    let header = paint.style(Role::Header);
    paint.fill(area, header);
    let short = area.width < 100;
    // The screens are what one needs to know where there is least room.
    let (name, air) = if area.width < 48 { (" ", "") } else { (" Lathe ", " ") };
    let mut left = vec![paint.piece(name, Role::Header)];
    for screen in Screen::ALL {
        let here = screen == paint.state.screen;
        let name = if short && !here { abbreviated(screen) } else { screen.as_str() };
        let key = paint.state.keymap.shown_key(paint.state.screen_context(), way_to(screen));
        let name = key.map_or_else(|| name.to_owned(), |key| format!("{key} {name}"));
        if screen == paint.state.screen {
            let (open, close) = paint.glyphs().tab;
            left.push(paint.piece(format!("{air}{open}{name}{close}{air}"), Role::TabActive));
        } else {
            left.push(paint.piece(format!("{air} {name} {air}"), Role::Tab));
        }
    }
    let taken = paint.pieces(area, &left);
    let room = area.width.saturating_sub(taken);
    let rest = Rect { x: area.x + taken, width: room, ..area };
    // From the richest to the barest: the first that fits is shown.
    for pieces in facts(paint) {
        if cells(&pieces) <= room && paint.pieces_right(rest, &pieces) {
            return;
        }
    }
}

const fn way_to(screen: Screen) -> Action {
    match screen {
        Screen::Workbench => Action::GoToWorkbench,
        Screen::History => Action::GoToHistory,
        Screen::Charts => Action::GoToCharts,
    }
}

const fn abbreviated(screen: Screen) -> &'static str {
    match screen {
        Screen::Workbench => "Work",
        Screen::History => "Hist",
        Screen::Charts => "Chart",
    }
}

/// Workspace, model and spend in falling length.
fn facts(paint: &Paint<'_, '_, '_>) -> Vec<Vec<Piece<'static>>> {
    let state = paint.state;
    let separator = || paint.piece(format!(" {} ", paint.glyphs().separator), Role::Dim);
    let workspace = paint.piece(state.workspace.clone(), Role::Header);
    let pane = state.pane(state.variant()).filter(|_| state.blind.is_none());
    let model = pane.and_then(|pane| state.model_of(pane)).map(|model| {
        let name = paint.safe(&model.to_string()).into_owned();
        let mut pieces = vec![paint.piece(name, Role::Dim)];
        if model.is_simulated() {
            pieces.push(paint.piece(" simulated", Role::Simulated));
        }
        pieces
    });
    let spend = state
        .spend_today
        .map(|spend| paint.piece(format!("{} today ", figures::dollars(spend)), Role::Dim));
    let join = |parts: Vec<Vec<Piece<'static>>>| {
        let mut joined = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if !joined.is_empty() {
                joined.push(separator());
            }
            joined.extend(part);
        }
        joined.push(paint.piece(" ", Role::Header));
        joined
    };
    let model = model.unwrap_or_default();
    let spend: Vec<_> = spend.into_iter().collect();
    vec![
        join(vec![vec![workspace.clone()], model.clone(), spend.clone()]),
        join(vec![vec![workspace.clone()], model.clone()]),
        join(vec![model.clone()]),
        join(vec![vec![workspace]]),
    ]
}

/// The last message, else what the variants say to each other.
pub(super) fn status(paint: &mut Paint<'_, '_, '_>, area: Rect) {
    let right = resting(paint);
    // The message is in the log, whole; that a provider is left alone is nowhere else.
    let room = area.width.saturating_sub(cells(&right));
    let room = if room >= area.width / 2 { room } else { area.width };
    let taken = match paint.state.notices.current() {
        Some(told) => notice(paint, Rect { width: room, ..area }, told),
        None if paint.state.screen == Screen::Workbench => {
            let pieces = workbench(paint);
            paint.pieces(area, &pieces)
        }
        None => 0,
    };
    if let Some(done) = paint.state.exported {
        let sign = meter::turning(paint).unwrap_or_default();
        let count = figures::grouped(done as u64);
        let words = format!("{sign}{count} executions written ");
        let rest = Rect { x: area.x + taken, width: area.width.saturating_sub(taken), ..area };
        if paint.pieces_right(rest, &[paint.piece(words, Role::Information)]) {
            return;
        }
    }
    let rest = Rect { x: area.x + taken, width: area.width.saturating_sub(taken), ..area };
    let modes = modes(paint);
    if !modes.is_empty() {
        let mut all = right.clone();
        all.push(paint.piece(format!(" {} ", modes.join("  ")), Role::Information));
        if paint.pieces_right(rest, &all) {
            return;
        }
    }
    paint.pieces_right(rest, &right);
}

/// What was turned on and lasts, as far as it means something on this screen.
fn modes(paint: &Paint<'_, '_, '_>) -> Vec<&'static str> {
    let state = paint.state;
    let answers = match state.screen {
        Screen::Workbench => true,
        Screen::History => state.history.detail.is_some(),
        Screen::Charts => false,
    };
    [
        (state.raw && answers, "raw"),
        (state.scrolls_together && state.screen == Screen::Workbench, "scrolls together"),
        (state.mouse, "mouse"),
    ]
    .into_iter()
    .filter_map(|(on, word)| on.then_some(word))
    .collect()
}

/// A hint is not begun where it would be cut after a word or two.
const WORTH_BEGINNING: u16 = 12;

/// The providers that are left alone for a while.
fn resting(paint: &Paint<'_, '_, '_>) -> Vec<Piece<'static>> {
    // Which provider fails would tell which answer is whose.
    if paint.state.circuits.is_empty() || paint.state.blind.is_some() {
        return Vec::new();
    }
    let now = paint.state.now;
    let circuits: Vec<_> = paint.state.circuits.iter().map(|it| it.words(now)).collect();
    let sign = paint.glyphs().warning;
    vec![paint.piece(format!(" {sign} {} ", circuits.join("  ")), Role::Warning)]
}

/// A message with its hint. Where not all of it fits, the key that shows the rest stands at the
/// end. Cells taken.
fn notice(paint: &mut Paint<'_, '_, '_>, area: Rect, told: &Notice) -> u16 {
    let (role, sign) = match told.severity {
        Severity::Information => (Role::Information, String::new()),
        Severity::Warning => (Role::Warning, format!("{} ", paint.glyphs().warning)),
        Severity::Error => (Role::Bad, format!("{} ", paint.glyphs().cross)),
    };
    let mut pieces =
        vec![paint.piece(format!(" {sign}"), role), paint.piece(told.text.as_str(), role)];
    let hint = told.hint.as_ref().map(|hint| {
        let separator = format!(" {} ", paint.glyphs().separator);
        [paint.piece(separator, Role::Dim), paint.piece(hint.as_str(), Role::Text)]
    });
    let all = cells(&pieces) + hint.as_ref().map_or(0, |hint| cells(hint));
    if all <= area.width {
        pieces.extend(hint.into_iter().flatten());
        return paint.pieces(area, &pieces);
    }
    let key = paint.state.keymap.way_to(paint.state.screen_context(), Action::Messages);
    let rest =
        [paint.piece(format!(" {key}"), Role::FooterKey), paint.piece(" all", Role::FooterText)];
    let room = Rect { width: area.width.saturating_sub(cells(&rest)), ..area };
    if let Some(hint) = hint.filter(|_| cells(&pieces) + WORTH_BEGINNING <= room.width) {
        pieces.extend(hint);
    }
    let taken = paint.pieces(room, &pieces);
    let after = Rect { x: area.x + taken, width: area.width.saturating_sub(taken), ..area };
    taken + paint.pieces(after, &rest)
}

/// What is worth saying of the workbench while nothing else is told.
fn workbench(paint: &Paint<'_, '_, '_>) -> Vec<Piece<'static>> {
    let state = paint.state;
    let mut words = Vec::new();
    if state.document.as_ref().is_some_and(Document::is_draft) {
        words.push("draft kept, not saved as a version".to_owned());
    }
    words.extend(state.comparison());
    let separator = format!(" {} ", paint.glyphs().separator);
    vec![paint.piece(format!(" {}", words.join(&separator)), Role::Dim)]
}

/// Whether an action of the context means something to what is in front.
fn does_something(overlay: Option<&Overlay>, action: Action) -> bool {
    match (overlay, action) {
        (Some(Overlay::List(list)), Action::DeleteRow | Action::RenameRow) => {
            let chosen = list.chosen().map(|row| &row.leads);
            list.kind == ListKind::InputSets && matches!(chosen, Some(Lead::Inputs(_)))
        }
        (Some(Overlay::Models(_)), Action::Mark) => true,
        (Some(Overlay::List(list)), Action::Mark) => matches!(list.kind, ListKind::RunTemplates),
        // One line has nothing above it and nothing below; a question has two answers, and a
        // conflict is a choice of three.
        (_, Action::DeleteRow | Action::RenameRow | Action::Mark)
        | (Some(Overlay::Line(_)), Action::MoveUp | Action::MoveDown)
        | (Some(Overlay::Conflict(_)), Action::Yes | Action::No)
        | (
            Some(Overlay::Confirm(_) | Overlay::Secrets(_) | Overlay::Spend(_)),
            Action::Accept | Action::MoveUp | Action::MoveDown,
        ) => false,
        _ => true,
    }
}

/// The keys that matter here and now, as many as fit; palette and help always.
pub(super) fn footer(paint: &mut Paint<'_, '_, '_>, area: Rect) {
    let state = paint.state;
    let context = state.context();
    let lasting = |action: &Action| matches!(action, Action::Palette | Action::Help);
    if matches!(state.overlay(), Some(Overlay::Jump(_))) {
        let words = paint.spell(context, " a letter goes to its place, {escape} goes back");
        let words = [paint.piece(words, Role::FooterText)];
        paint.pieces(area, &words);
        return;
    }
    let mut hints = state.keymap.hints(context);
    hints.retain(|(_, action)| does_something(state.overlay(), *action));
    // What helps now comes before what always does.
    if let Some((key, action)) = state.way_on()
        && context == Context::Output
    {
        hints.retain(|(_, other)| *other != action);
        hints.insert(0, (key, action));
    }
    // Up and down are one thing to know.
    if let Some(up) = hints.iter().position(|(_, action)| *action == Action::MoveUp)
        && hints.get(up + 1).is_some_and(|(_, action)| *action == Action::MoveDown)
    {
        let (down, _) = hints.remove(up + 1);
        if let Some((key, _)) = hints.get_mut(up) {
            *key = format!("{key} {down}");
        }
    }
    let is_save = matches!(state.overlay(), Some(Overlay::Save(_)));
    let show = |(key, action): &(String, Action)| {
        let label = match (action, context) {
            (Action::MoveUp, Context::Reading | Context::Diff) => "scroll",
            (Action::MoveUp, _) => "select",
            (Action::Accept, Context::Form) if is_save => "save",
            _ => action.label_in(context),
        };
        vec![
            paint.piece(format!(" {key}"), Role::FooterKey),
            paint.piece(format!(" {label} "), Role::FooterText),
        ]
    };
    let right: Vec<Piece<'_>> =
        hints.iter().filter(|(_, action)| lasting(action)).flat_map(show).collect();
    let room = area.width.saturating_sub(cells(&right));
    let mut left = Vec::new();
    for hint in hints.iter().filter(|(_, action)| !lasting(action)) {
        let pieces = show(hint);
        if cells(&left) + cells(&pieces) > room {
            break;
        }
        left.extend(pieces);
    }
    paint.pieces(Rect { width: room, ..area }, &left);
    paint.pieces_right(area, &right);
}
