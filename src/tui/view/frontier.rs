//! Rating against cost, and time beside them: what is worth its price. What no other beats in all
//! three is marked.

use ratatui::layout::Rect;

use super::{
    charts::{milliseconds, name_of},
    paint::{Paint, cells},
    plot::{self, Dot, Frame},
    readings,
};
use crate::{
    app::Charts,
    tui::{keymap::Context, text::figures, theme::Role},
};

/// So many are told apart by a digit.
const NUMBERED: usize = 9;

/// Cells of the list beside the plot.
const LIST: u16 = 58;

/// Steps of the scale of costs.
const STEPS: usize = 400;

/// The rating that the scale ends at.
const BEST: f64 = 5.0;

/// What is known of one group: its mean rating, dollars a run, milliseconds of half its runs.
#[derive(Clone, Debug, PartialEq)]
struct Point {
    name: String,
    rating: f64,
    cost: f64,
    time: f64,
}

impl Point {
    /// Whether it is as good in everything and better in something.
    fn beats(&self, other: &Self) -> bool {
        let as_good =
            self.rating >= other.rating && self.cost <= other.cost && self.time <= other.time;
        as_good && (self.rating > other.rating || self.cost < other.cost || self.time < other.time)
    }
}

/// Those that no other beats.
fn efficient(points: &[Point]) -> Vec<bool> {
    points.iter().map(|point| !points.iter().any(|other| other.beats(point))).collect()
}

/// The groups of which all three are known, the cheapest first.
fn points(data: &Charts) -> Vec<Point> {
    let known = data.groups.iter().filter_map(|group| {
        Some(Point {
            name: name_of(group, data),
            rating: group.sum.rollup.rating()?,
            cost: group.sum.cost_a_run()?,
            time: group.sum.latency(0.5)?,
        })
    });
    let mut points: Vec<Point> = known.collect();
    points.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    points
}

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, inner: Rect, data: &Charts) {
    let points = points(data);
    if points.is_empty() {
        let way = "What is rated, priced and timed stands here: each row of the table by what it \
                   costs and how good it is. {rate-1} to {rate-5} rate an answer.";
        return readings::note(paint, inner, &paint.spell(Context::Output, way));
    }
    let marked = efficient(&points);
    let rows = u16::try_from(points.len().min(NUMBERED)).unwrap_or(1);
    let (plot, list) = if inner.width >= 2 * LIST {
        let list = Rect { x: inner.right() - LIST, width: LIST, ..inner };
        (Rect { width: inner.width - LIST - 2, ..inner }, list)
    } else {
        let height = (rows + 1).min(inner.height / 2);
        let list = Rect { y: inner.bottom() - height, height, ..inner };
        (Rect { height: inner.height - height, ..inner }, list)
    };
    scatter(paint, plot, &points, &marked);
    table(paint, list, &points, &marked);
}

fn scatter(paint: &mut Paint<'_, '_, '_>, area: Rect, points: &[Point], marked: &[bool]) {
    let bullet = paint.glyphs().bullet;
    let most = plot::round_up(points.iter().fold(0.0, |most, point| point.cost.max(most)));
    let sign = |place: usize| match (marked.get(place), place < NUMBERED) {
        (Some(true), true) => format!("{bullet}{}", place + 1),
        (Some(true), false) => bullet.to_owned(),
        (_, true) => (place + 1).to_string(),
        (_, false) => paint.glyphs().separator.to_owned(),
    };
    let signs: Vec<String> = (0..points.len()).map(sign).collect();
    let mut dots: Vec<Dot<'_>> = points
        .iter()
        .zip(&signs)
        .zip(marked)
        .map(|((point, sign), marked)| Dot {
            x: point.cost / most,
            y: point.rating,
            sign,
            role: if *marked { Role::Good } else { Role::Dim },
        })
        .collect();
    let marks = [0.0, 0.25, 0.5, 0.75].map(|share| figures::dollars(most * share));
    // Where two meet, the one that is marked is seen.
    dots.sort_by_key(|dot| dot.role != Role::Good);
    let quarters = (0..STEPS).step_by(STEPS / 4);
    let marks: Vec<(usize, String)> = quarters.zip(marks).collect();
    let frame = Frame { marks: &marks, steps: STEPS, cursor: None };
    plot::dots(paint, area, &dots, BEST, &frame, &|value| format!("{value:.1}"));
}

fn table(paint: &mut Paint<'_, '_, '_>, area: Rect, points: &[Point], marked: &[bool]) {
    let told = |rating: &str, cost: &str, time: &str| format!("{rating:>6} {cost:>9} {time:>9} ");
    let head = Rect { height: area.height.min(1), ..area };
    let heads = [paint.piece(told("rating", "cost/run", "p50"), Role::Dim)];
    paint.pieces_right(head, &heads);
    let rows = (area.top() + 1..area.bottom()).zip(points.iter().zip(marked)).take(NUMBERED);
    for (place, (y, (point, marked))) in rows.enumerate() {
        let row = Rect { y, height: 1, ..area };
        let known = told(
            &format!("{:.1}", point.rating),
            &figures::dollars(point.cost),
            &milliseconds(point.time),
        );
        let known = [paint.piece(known, Role::Text)];
        let sign = if *marked { paint.glyphs().bullet } else { " " };
        let role = if *marked { Role::Good } else { Role::Dim };
        let name = paint.safe(&point.name).into_owned();
        let name =
            [paint.piece(format!(" {sign}{} ", place + 1), role), paint.piece(name, Role::Text)];
        let width = row.width.saturating_sub(cells(&known));
        paint.pieces(Rect { width, ..row }, &name);
        paint.pieces_right(row, &known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_other_beats_is_efficient() {
        let point = |rating, cost, time| Point { name: String::new(), rating, cost, time };
        let points = [
            point(1.6, 0.000_1, 210.0),
            point(4.6, 0.000_2, 332.0),
            // As good as the one before, and dearer.
            point(4.6, 0.000_3, 332.0),
            // Better, however dear and slow.
            point(5.0, 0.001_9, 1_800.0),
            // Neither good nor cheap, but the quickest.
            point(1.0, 0.01, 90.0),
        ];
        assert_eq!(efficient(&points), [true, true, false, true, true]);
        let same = [point(3.0, 0.1, 10.0), point(3.0, 0.1, 10.0)];
        assert_eq!(efficient(&same), [true, true], "none of two alike beats the other");
        assert!(efficient(&[]).is_empty());
    }
}
