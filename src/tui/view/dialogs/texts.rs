//! Texts in front: help, the messages, a preview, a difference.

use ratatui::layout::Rect;

use super::titled;
use crate::{
    prompt::diff::SegmentKind,
    tui::{
        keymap::Context,
        state::{DiffView, FrontArea, Help, Log, Reading, Sign},
        text::{Scroll, TableRow},
        theme::Role,
        view::{paint::Paint, readings},
    },
};

pub(super) fn help(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, help: &Help) {
    let mut frills = titled(paint, format!("Help: {}", help.context().as_str()));
    frills.right = vec![paint.piece(help.place(), Role::Dim)];
    let ways = paint.spell(Context::Reading, "{next-pane} goes to the next place, {escape} closes");
    frills.bottom = vec![paint.piece(ways, Role::Dim)];
    paint.dialog(area.outer, &frills);
    table(paint, area, help.rows(), help.scroll);
}

pub(super) fn log(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, log: &Log) {
    let frills = titled(paint, "Messages");
    paint.dialog(area.outer, &frills);
    if log.rows().is_empty() {
        readings::note(paint, area.rows, "Nothing was told yet.");
        return;
    }
    table(paint, area, log.rows(), log.scroll);
}

fn table(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, rows: &[TableRow], scroll: Scroll) {
    let first = scroll.first(rows.len(), usize::from(area.rows.height));
    readings::table(paint, area.rows, rows, first);
    readings::thumb(paint, area.rows, first, rows.len());
}

pub(super) fn diff(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, view: &DiffView) {
    let (old, new) = &view.titles;
    let arrow = paint.glyphs().arrow;
    let mut frills = titled(paint, format!("{old} {arrow} {new}"));
    let (removed, added) = view.counts;
    frills.right = vec![
        paint.piece(format!("-{removed} "), Role::DiffRemoved),
        paint.piece(format!("+{added}"), Role::DiffAdded),
    ];
    paint.dialog(area.outer, &frills);
    let inner = area.rows;
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
        paint.stretches(body, &pieces);
    }
    readings::thumb(paint, inner, first, count);
}

pub(super) fn preview(paint: &mut Paint<'_, '_, '_>, area: &FrontArea, reading: &Reading) {
    let mut frills = titled(paint, "As it would be sent");
    if paint.state.blind.is_none() {
        frills.right = vec![paint.piece(reading.about.as_str(), Role::Dim)];
    }
    paint.dialog(area.outer, &frills);
    readings::text(paint, area.rows, &reading.text, reading.scroll, Role::Text);
}
