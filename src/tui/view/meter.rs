//! The live line of an answer: what its call does, then figures, each in its own place. Narrow
//! panes have short forms of the same figures rather than fewer of them; where those do not fit
//! either, what matters least goes first.

use super::paint::{Paint, Piece, cells};
use crate::{
    model::{CacheState, Execution, FinishReason, Status},
    prompt::answer::AS_ASKED,
    tui::{
        keymap::{Action, Context},
        state::{Figures, Output, Pane, Phase, cached_mark},
        text::figures,
        theme::Role,
        update::WINNER,
    },
};

/// From this width on figures have room for their names. It goes by the width alone, so that
/// nothing changes its form while it counts.
const ROOMY: u16 = 54;

/// What a figure has to stand back for, from what is never left out before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// What is wrong, and the key that helps.
    Wrong,
    Cost,
    Checks,
    Tokens,
    First,
    Rate,
    Judged,
    Besides,
}

/// One figure: in full, and for where there is little room.
struct Figure<'p> {
    full: Vec<Piece<'p>>,
    short: Vec<Piece<'p>>,
    rank: Rank,
}

impl<'p> Figure<'p> {
    fn new(full: Piece<'p>, short: Piece<'p>) -> Self {
        Self { full: vec![full], short: vec![short], rank: Rank::Wrong }
    }

    fn same(piece: Piece<'p>) -> Self {
        Self::new(piece.clone(), piece)
    }

    const fn at(mut self, rank: Rank) -> Self {
        self.rank = rank;
        self
    }
}

/// The live line: state first, then as many figures as fit.
pub(super) fn line<'p>(
    paint: &Paint<'_, '_, '_>,
    pane: &Pane,
    output: &'p Output,
    width: u16,
) -> Vec<Piece<'p>> {
    let state = paint.state;
    if state.blind.is_some() {
        return hidden(paint, output);
    }
    let shown = state.figures_of(pane).unwrap_or_default();
    let roomy = width >= ROOMY;
    let chosen = |figure: Figure<'p>| if roomy { figure.full } else { figure.short };
    let gap = Piece::new(if roomy { "  " } else { " " }, paint.style(Role::Dim));
    let mut pieces = chosen(phase(paint, output, &shown));
    if let Some((which, why)) = &output.again {
        // The reason can be longer than the line; the figures stand back for it.
        pieces.push(gap.clone());
        pieces.push(paint.piece(format!("{which}: {why}"), Role::Warning));
    }
    let details: Vec<(Rank, Vec<Piece<'_>>)> = details(paint, output, &shown)
        .into_iter()
        .map(|figure| (figure.rank, chosen(figure)))
        .collect();
    let mut by_rank: Vec<usize> = (0..details.len()).collect();
    by_rank.sort_by_key(|&at| details[at].0);
    let mut left = width.saturating_sub(cells(&pieces));
    let gap_cells = cells(std::slice::from_ref(&gap));
    let mut fits = vec![false; details.len()];
    for at in by_rank {
        let needed = gap_cells + cells(&details[at].1);
        if needed <= left {
            left -= needed;
            fits[at] = true;
        }
    }
    for ((_, figure), _) in details.into_iter().zip(fits).filter(|(_, fits)| *fits) {
        pieces.push(gap.clone());
        pieces.extend(figure);
    }
    pieces
}

/// While it is hidden which is which, times and costs would tell.
fn hidden<'p>(paint: &Paint<'_, '_, '_>, output: &Output) -> Vec<Piece<'p>> {
    let word = if output.phase.is_running() { "running" } else { output.phase.word() };
    let mut pieces = vec![paint.piece(word, Role::Information)];
    if let Some(rating) = output.rating() {
        let (full, _) = paint.glyphs().star;
        pieces.push(Piece::new("  ", paint.style(Role::Dim)));
        pieces.push(paint.piece(full.repeat(usize::from(rating)), Role::Accent));
    }
    pieces
}

/// What it does now and for how long, in a place whose width does not change while it runs.
fn phase<'p>(paint: &Paint<'_, '_, '_>, output: &'p Output, shown: &Figures) -> Figure<'p> {
    let now = paint.state.now;
    let elapsed = shown.elapsed.unwrap_or_default();
    let glyphs = paint.glyphs();
    let timed = |word: &str, role: Role| Figure {
        full: vec![
            paint.piece(word.to_owned(), role),
            paint.piece(format!(" {}", figures::seconds(elapsed)), Role::Text),
        ],
        short: vec![
            paint.piece(word.to_owned(), role),
            paint.piece(format!(" {}", figures::short_seconds(elapsed)), Role::Text),
        ],
        rank: Rank::Wrong,
    };
    match &output.phase {
        Phase::Done => done(paint, output, elapsed),
        Phase::Failed => {
            let kind = output
                .execution
                .as_ref()
                .and_then(|execution| execution.error_kind())
                .map_or("failed", |kind| kind.as_str());
            Figure::same(paint.piece(format!("{} {kind}", glyphs.cross), Role::Bad))
        }
        Phase::Cancelled => timed("cancelled", Role::Warning),
        Phase::Interrupted => timed(&format!("{} interrupted", glyphs.warning), Role::Warning),
        Phase::Held { until, provider, can_skip } => {
            let left = until.saturating_sub(now).as_millis().div_ceil(1_000);
            let key = paint.state.keymap.shown_key(Context::Output, Action::SkipWait);
            let (whose, key) = match (can_skip, key) {
                (true, Some(key)) => ("the limit", format!(" ({key} now)")),
                (true, None) => ("the limit", String::new()),
                (false, _) => ("your limit", String::new()),
            };
            // The countdown first: a name can be longer than the line.
            let pieces = vec![
                paint.piece(format!("held {left} s{key}"), Role::Warning),
                paint.piece(format!("  by {whose} of {provider}"), Role::Text),
            ];
            Figure { full: pieces.clone(), short: pieces, rank: Rank::Wrong }
        }
        Phase::Retrying { until, number, of, error } => {
            let left = until.saturating_sub(now).as_millis().div_ceil(1_000);
            let key = paint.state.keymap.shown_key(Context::Output, Action::SkipWait);
            let key = key.map_or_else(String::new, |key| format!(" ({key} now)"));
            // The countdown first: an error can be longer than the line.
            let pieces = vec![
                paint.piece(format!("try {number}/{of} in {left} s{key}"), Role::Warning),
                paint.piece(format!("  {} {error}", glyphs.cross), Role::Bad),
            ];
            Figure { full: pieces.clone(), short: pieces, rank: Rank::Wrong }
        }
        running => {
            if let Some(silent) = output.stalled(now) {
                let silent = silent.as_secs();
                let word = format!("{} stalled for {silent} s", running.word());
                return Figure::same(paint.piece(word, Role::Warning));
            }
            let turning = if running.waits() { turning(paint) } else { None };
            let word = format!("{}{}", turning.unwrap_or_default(), output.word(now));
            let word = paint.piece(word, Role::Information);
            let figure = |time: String| vec![word.clone(), paint.piece(time, Role::Text)];
            Figure {
                full: figure(format!(" {:>6}", figures::seconds(elapsed))),
                short: figure(format!(" {:>5}", figures::short_seconds(elapsed))),
                rank: Rank::Wrong,
            }
        }
    }
}

/// The sign that turns while there is nothing to read; `None` where nothing is to move.
pub(super) fn turning(paint: &Paint<'_, '_, '_>) -> Option<String> {
    let forms = paint.glyphs().turning;
    let sign = forms.get(paint.state.turn(forms.len()))?;
    (!paint.state.still).then(|| format!("{sign} "))
}

/// An answer that is whole: how it ended, where that was not by itself.
fn done<'p>(
    paint: &Paint<'_, '_, '_>,
    output: &Output,
    elapsed: std::time::Duration,
) -> Figure<'p> {
    let execution = output.execution.as_deref();
    let mark = execution.and_then(|it| cached_mark(it, paint.glyphs()));
    let (full, short, role) = match (execution.and_then(cut_short), mark) {
        (Some(reason), _) => {
            let sign = paint.glyphs().warning;
            let reason = reason.as_str();
            (format!("{sign} stopped: {reason}"), format!("{sign} {reason}"), Role::Warning)
        }
        (None, Some(mark)) => return Figure::same(paint.piece(mark, Role::Information)),
        (None, None) => ("done".to_owned(), "done".to_owned(), Role::Good),
    };
    let time = |time: String| paint.piece(format!(" {time}"), Role::Text);
    Figure {
        full: vec![paint.piece(full, role), time(figures::duration(elapsed))],
        short: vec![paint.piece(short, role), time(figures::short_seconds(elapsed))],
        rank: Rank::Wrong,
    }
}

/// Why an answer ended before its own end.
fn cut_short(execution: &Execution) -> Option<FinishReason> {
    let ended = execution.finish_reason.filter(|_| execution.status == Status::Ok)?;
    (!matches!(ended, FinishReason::Stop | FinishReason::ToolUse)).then_some(ended)
}

/// Every further figure that is known, in its place.
fn details<'p>(paint: &Paint<'_, '_, '_>, output: &'p Output, shown: &Figures) -> Vec<Figure<'p>> {
    let dim = |text: String| paint.piece(text, Role::Dim);
    let text = |text: String| paint.piece(text, Role::Text);
    let mut details = ways_on(paint, output);
    if output.not_saved.is_some() {
        details.push(Figure::same(paint.piece("not saved", Role::Bad)));
        let key = |action| paint.state.keymap.shown_key(Context::Output, action);
        let said = |text: String| paint.piece(text, Role::Information);
        if let Some(key) = key(Action::SaveAnswerAs) {
            let long = format!("{key} writes it to a file");
            details.push(Figure::new(said(long), said(format!("{key} writes it"))));
        }
        if let Some(key) = key(Action::KeepAgain) {
            details.push(Figure::same(said(format!("{key} tries again"))));
        }
    }
    if let Some(model) = &output.fallback {
        let model = paint.safe(&model.to_string()).into_owned();
        let said = |text: String| paint.piece(text, Role::Warning);
        details.push(Figure::new(said(format!("fallback {model}")), said(model)));
    }
    let execution = output.execution.as_deref();
    if let Some((full, short)) = execution.and_then(found_json) {
        let said = |text: &'static str| paint.piece(text, Role::Information);
        details.push(Figure::new(said(full), said(short)));
    }
    let tags = execution.map(|execution| &execution.tags);
    if tags.and_then(|tags| tags.get(WINNER)).is_some_and(|value| value == "yes") {
        details.push(Figure::same(paint.piece("winner", Role::Good)).at(Rank::Judged));
    }
    if let Some(rating) = output.rating() {
        let (full, _) = paint.glyphs().star;
        let stars = paint.piece(full.repeat(usize::from(rating)), Role::Accent);
        let short = paint.piece(format!("{full}{rating}"), Role::Accent);
        details.push(Figure::new(stars, short).at(Rank::Judged));
    }
    if let Some(ttft) = shown.ttft {
        details.push(Figure {
            full: vec![dim("ttft ".to_owned()), text(figures::duration(ttft))],
            short: vec![text(figures::short_duration(ttft))],
            rank: Rank::First,
        });
    }
    if let Some(rate) = shown.tokens_per_second {
        let full = text(format!("{:>9}", figures::rate(rate)));
        let short = text(format!("{:>5}", figures::short_rate(rate)));
        details.push(Figure::new(full, short).at(Rank::Rate));
    }
    if shown.input_tokens.is_some() || shown.output_tokens.is_some() {
        let about = if shown.input_estimated { "~" } else { "" };
        let counts = figures::tokens(
            shown.input_tokens,
            shown.output_tokens,
            shown.estimated,
            paint.glyphs(),
        );
        details.push(Figure::same(text(format!("{about}{counts}"))).at(Rank::Tokens));
    }
    details.extend(cost(paint, output, shown));
    if let Some(execution) = execution {
        details.extend(record(paint, execution));
    }
    details
}

/// How the JSON of an answer was found that is not JSON as it stands, in full and in short.
fn found_json(execution: &Execution) -> Option<(&'static str, &'static str)> {
    let how = execution.checks.iter().find(|check| {
        check.passed && matches!(check.name.as_str(), "json" | "schema") && check.reason != AS_ASKED
    })?;
    Some(if how.reason.contains("fence") {
        ("JSON from a fence", "fenced")
    } else {
        ("JSON from words", "in words")
    })
}

/// The key that helps where a call was stopped or refused.
fn ways_on<'p>(paint: &Paint<'_, '_, '_>, output: &Output) -> Vec<Figure<'p>> {
    let key = |action| paint.state.keymap.shown_key(Context::Output, action);
    let said = |text: String| paint.piece(text, Role::Information);
    let mut ways = Vec::new();
    if let Some(parameter) = output.refused_parameter()
        && let Some(key) = key(Action::DropParameter)
    {
        ways.push(Figure::new(
            said(format!("{key} drops {} and runs again", parameter.as_str())),
            said(format!("{key} drops it")),
        ));
    }
    if !output.stopped_by().is_empty()
        && let Some(key) = key(Action::RunAnyway)
    {
        ways.push(Figure::new(
            said(format!("{key} runs it anyway, this once")),
            said(format!("{key} runs it anyway")),
        ));
    }
    ways
}

fn cost<'p>(paint: &Paint<'_, '_, '_>, output: &Output, shown: &Figures) -> Option<Figure<'p>> {
    let execution = output.execution.as_deref();
    let reused = execution.and_then(|execution| execution.reused.as_ref());
    if let Some(saved) = reused.and_then(|reused| reused.saved_usd) {
        let saved = paint.piece(figures::dollars(saved), Role::Text);
        let pieces = vec![paint.piece("saved ", Role::Dim), saved];
        return Some(Figure { full: pieces.clone(), short: pieces, rank: Rank::Cost });
    }
    if let Some(cost) = shown.cost {
        let cost = paint.piece(figures::dollars(cost), Role::Text);
        return Some(Figure::same(cost).at(Rank::Cost));
    }
    let unknown = execution.is_some_and(Execution::has_price);
    let piece = |text: &'static str| paint.piece(text, Role::Dim);
    unknown.then(|| Figure::new(piece("cost unknown"), piece("$?")).at(Rank::Cost))
}

/// What else the record says.
fn record<'p>(paint: &Paint<'_, '_, '_>, execution: &Execution) -> Vec<Figure<'p>> {
    let said = |text: String, role| Figure::same(paint.piece(text, role)).at(Rank::Besides);
    let mut details = Vec::new();
    let (passed, failed): (Vec<_>, Vec<_>) = execution.checks.iter().partition(|it| it.passed);
    if !failed.is_empty() {
        details.push(
            said(format!("{}{}", paint.glyphs().cross, failed.len()), Role::Bad).at(Rank::Wrong),
        );
    }
    if !passed.is_empty() {
        details.push(
            said(format!("{}{}", paint.glyphs().check, passed.len()), Role::Good).at(Rank::Checks),
        );
    }
    if execution.cache == CacheState::Miss {
        details.push(said("not cached".to_owned(), Role::Dim));
    }
    if execution.attempts.len() > 1 {
        details.push(said(format!("{} attempts", execution.attempts.len()), Role::Dim));
    }
    if !execution.parameters.dropped.is_empty() {
        let names: Vec<&str> =
            execution.parameters.dropped.iter().map(|dropped| dropped.name.as_str()).collect();
        let names = paint.safe(&names.join(", ")).into_owned();
        details.push(said(format!("not sent: {names}"), Role::Warning));
    }
    if !execution.redactions.is_empty() {
        // The pane shows the answer as it came; the record has marks in these places.
        details.push(said(format!("{} redacted", execution.redactions.total()), Role::Warning));
    }
    details
}
