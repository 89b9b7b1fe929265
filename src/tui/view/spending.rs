//! What a run is estimated to cost.

use ratatui::layout::Rect;

use super::paint::{Frills, Paint, Piece, cells};
use crate::{
    engine::{Expected, OutputFrom, estimate},
    model::CachePrompt,
    tui::{
        keymap::{Action, Context},
        msg::CallEstimate,
        state::{Document, SpendQuestion, centred},
        text::figures,
        theme::{Glyphs, Role},
    },
};

/// The question before a press that costs more than is spent without one: a row a variant.
pub(super) fn question(paint: &mut Paint<'_, '_, '_>, question: &SpendQuestion) {
    let rows = u16::try_from(question.estimates.len()).unwrap_or(4);
    let outer = centred(paint.state, 78, rows + 6);
    let title = vec![paint.piece("Spend this?", Role::TitleFocused)];
    let inner = paint.dialog(outer, &Frills { title, focused: true, ..Frills::default() });
    let mut y = inner.y;
    let mut row = |paint: &mut Paint<'_, '_, '_>, left: &[Piece<'_>], right: &[Piece<'_>]| {
        // The last row is for the keys.
        if y + 1 < inner.bottom() {
            let place = Rect { x: inner.x + 1, y, width: inner.width.saturating_sub(2), height: 1 };
            let room = place.width.saturating_sub(cells(right) + 1);
            paint.pieces(Rect { width: room, ..place }, left);
            paint.pieces_right(place, right);
            y += 1;
        }
    };
    for call in &question.estimates {
        if paint.state.blind.is_some() {
            // Model and cost would tell which is which; the sum below does not.
            continue;
        }
        let left = vec![
            paint.piece(call.variant.as_str(), Role::variant(call.variant)),
            paint.piece(format!("  {}", paint.safe(&call.model.to_string())), Role::Text),
            paint.piece(format!("  {}", tokens(call, paint.glyphs())), Role::Dim),
        ];
        let right = vec![match call.estimate.cost_usd {
            _ if call.estimate.cached => paint.piece("cached", Role::Information),
            Some(_) if call.estimate.most_usd.is_none() => {
                paint.piece("a fallback's price unknown", Role::Warning)
            }
            Some(cost) => paint.piece(about(cost), Role::Text),
            None => paint.piece("price unknown", Role::Warning),
        }];
        row(paint, &left, &right);
    }
    let all = match question.unknown() {
        0 => "together".to_owned(),
        1 => "together, one unknown".to_owned(),
        unknown => format!("together, {unknown} unknown"),
    };
    let known = question.unknown() < question.estimates.len();
    let total = if known {
        let (likely, most) = (about(question.likely()), figures::dollars(question.most()));
        format!("{likely} likely, {most} at most")
    } else {
        "unknown".to_owned()
    };
    row(paint, &[paint.piece(all, Role::Text)], &[paint.piece(total, Role::Warning)]);
    let limit = figures::dollars(question.limit);
    let why = format!("Asked above {limit} at most (confirm_above under [budget])");
    row(paint, &[paint.piece(why, Role::Dim)], &[]);
    let last = Rect { y: inner.bottom().saturating_sub(1), height: 1, ..inner };
    let way = |action| paint.state.keymap.way_to(Context::Question, action);
    let keys = [
        paint.piece(format!(" {}", way(Action::Accept)), Role::FooterKey),
        paint.piece(" runs   ", Role::FooterText),
        paint.piece(way(Action::Escape), Role::FooterKey),
        paint.piece(" does not", Role::FooterText),
    ];
    paint.pieces(last, &keys);
}

/// Tokens in and out, and where the second figure is from.
fn tokens(call: &CallEstimate, glyphs: &Glyphs) -> String {
    let estimate = &call.estimate;
    let about = if estimate.input.exact { "" } else { "~" };
    let from = match estimate.output_from {
        OutputFrom::History { .. } => "as before",
        OutputFrom::MaxTokens => "max_tokens",
        OutputFrom::Guess => "a guess",
    };
    let input = figures::grouped(estimate.input.tokens as u64);
    let output = figures::grouped(estimate.output_tokens);
    format!("{about}{input}{}~{output} {from}", glyphs.arrow)
}

/// What the variant in focus would cost if it ran now: `~$0.0004`.
pub(super) fn forecast(paint: &Paint<'_, '_, '_>, document: &Document) -> Option<String> {
    let state = paint.state;
    let pane = state.pane(state.variant())?;
    let price = state.price_of(state.model_of(pane)).copied()?;
    let parameters = state.parameters_of(pane);
    let analysis = &document.analysis;
    let expected = Expected {
        input: analysis.tokens?,
        max_tokens: parameters.max_tokens,
        model_limit: None,
        typical: analysis.typical,
        price: Some(price),
        writes_cache: CachePrompt::Off,
        seen: true,
    };
    Some(about(estimate(&expected).cost_usd?))
}

/// An amount that is not known exactly.
fn about(amount: f64) -> String {
    let dollars = figures::dollars(amount);
    if dollars.starts_with('<') { dollars } else { format!("~{dollars}") }
}
