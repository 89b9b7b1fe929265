//! Charts: what is asked, what is read, what stands behind a row. And the walk.

use super::*;
use crate::{
    app::{ChartBy, ChartGroup, ChartQuery, ChartRange, ChartStep, Charts, Sum},
    store::RollupGroup,
    tui::{
        msg::Fault,
        state::{Chart, ChartFocus, Overlay, Screen, TOUR, TourDeed},
    },
};

fn asked(question: &Question) -> bool {
    matches!(question, Question::Charts(_))
}

fn last_query(script: &Script) -> ChartQuery {
    let found = script.effects.iter().rev().find_map(|effect| match effect {
        Effect::Ask { question: Question::Charts(query), .. } => Some(query.clone()),
        _ => None,
    });
    found.expect("charts were asked for")
}

fn charts(script: &Script) -> Box<Charts> {
    let group = RollupGroup { model: Some("demo/fast".to_owned()), ..RollupGroup::default() };
    let step = |hour: i64| ChartStep {
        start: Timestamp::from_second(hour * 3_600).expect("a time"),
        sum: Sum::default(),
    };
    Box::new(Charts {
        query: last_query(script),
        steps: (0..3).map(step).collect(),
        groups: vec![ChartGroup { group, sum: Sum::default() }],
        ..Charts::default()
    })
}

fn shown() -> Script {
    let mut script = Script::open();
    script.act(Action::GoToCharts);
    let data = charts(&script);
    script.answer(asked, Answer::Charts(Ok(data)));
    script
}

#[test]
fn sums_are_asked_for_when_the_screen_comes_into_sight_and_not_again() {
    let mut script = Script::open();
    assert!(script.question(asked).is_none(), "lazily");
    script.act(Action::GoToCharts);
    let data = charts(&script);
    script.answer(asked, Answer::Charts(Ok(data)));
    script.act(Action::GoToWorkbench);
    script.effects.clear();
    script.act(Action::GoToCharts);
    assert!(script.question(asked).is_none(), "nothing happened since");
}

#[test]
fn range_and_grouping_go_round() {
    let mut script = shown();
    script.act(Action::ChangeRange);
    assert_eq!(last_query(&script).range, ChartRange::Month);
    script.act(Action::ChangeGrouping);
    assert_eq!(last_query(&script).by, ChartBy::Template);
    script.act(Action::ChangeGrouping);
    script.act(Action::ChangeGrouping);
    assert_eq!(last_query(&script).by, ChartBy::Tag);
    script.act(Action::ChangeGrouping);
    assert_eq!(last_query(&script).by, ChartBy::Model);
}

#[test]
fn a_filter_narrows_and_says_what_it_cannot() {
    let mut script = shown();
    script.act(Action::Filter);
    script.typed("model:demo/fast version:1.2.0 status:error error:timeout provider:demo");
    script.press("enter");
    let query = last_query(&script);
    assert_eq!(query.model, Some(model("demo/fast")));
    assert_eq!(query.version, Some(version("1.2.0")));
    assert_eq!((query.status, query.provider.as_deref()), (Some(Status::Error), Some("demo")));
    assert_eq!(query.error_kind, Some(crate::model::ErrorKind::Timeout));
    for (typed, named) in
        [("tag:case", "by tag:,"), ("rating:5 cost:>1 angry", "words and rating: and cost:,")]
    {
        script.act(Action::Filter);
        script.press("ctrl-u");
        script.typed(typed);
        script.effects.clear();
        script.press("enter");
        let problem = script.state.charts.problem.clone().expect("told");
        assert!(problem.contains(named) && problem.contains("template: version:"), "{problem}");
        assert!(script.question(asked).is_none(), "what is there stays");
    }
    script.act(Action::Escape);
    assert_eq!(last_query(&script).model, None);
    assert_eq!(script.state.charts.problem, None);
}

#[test]
fn a_stretch_of_time_is_chosen() {
    let mut script = shown();
    script.press("f");
    script.typed("1970-01-01..");
    script.press("enter");
    assert!(script.state.overlay().is_some(), "it has not begun yet at the beginning of time");
    script.press("ctrl-u");
    script.typed("36h");
    script.press("enter");
    let span = last_query(&script).span.expect("chosen");
    assert_eq!(span.since.as_second(), -36 * 3_600);
    script.press("t");
    assert_eq!((last_query(&script).span, last_query(&script).range), (None, ChartRange::Week));
    script.press("t");
    assert_eq!(last_query(&script).range, ChartRange::Month);
    script.press("/");
    script.typed("since:1969-12-01 until:1969-12-15");
    script.press("enter");
    let span = last_query(&script).span.expect("by the filter");
    assert_eq!(
        (span.since.as_second(), span.until.map(Timestamp::as_second)),
        (-31 * 86_400, Some(-17 * 86_400))
    );
}

#[test]
fn a_time_that_the_filter_says_ends_with_the_filter() {
    let mut script = shown();
    script.press("f");
    script.typed("36h");
    script.press("enter");
    let chosen = last_query(&script).span;
    script.press("/");
    script.typed("since:1969-12-01");
    script.press("enter");
    let filtered = last_query(&script).span;
    assert_ne!(filtered, chosen);
    script.effects.clear();
    script.press("t");
    assert!(script.question(asked).is_none() && script.status().contains("since when"));
    script.press("f");
    assert!(script.state.overlay().is_none(), "no range would be seen");
    script.act(Action::Escape);
    assert_eq!(script.state.charts.filter.text(), "");
    assert_eq!(last_query(&script).span, chosen, "what was chosen counts again");
    script.press("t");
    assert_eq!(last_query(&script).span, None);
}

#[test]
fn the_runs_behind_a_row_are_those_that_were_summed() {
    let mut script = shown();
    script.press("/");
    script.typed("status:ok provider:demo since:1969-12-01 until:1969-12-15");
    script.press("enter");
    let data = charts(&script);
    script.answer(asked, Answer::Charts(Ok(data)));
    script.act(Action::PreviousPane);
    script.act(Action::Accept);
    assert_eq!(
        script.state.history.filter.text(),
        "model:demo/fast status:ok since:1969-12-01 until:1969-12-15"
    );
}

#[test]
fn values_are_read_from_the_last_one_back() {
    let mut script = shown();
    script.act(Action::MoveLeft);
    assert_eq!(script.state.charts.cursor, Some(2));
    script.act(Action::MoveLeft);
    assert_eq!(script.state.charts.cursor, Some(1));
    script.act(Action::Escape);
    assert_eq!(script.state.charts.cursor, None);
    let data = script.state.charts.data.as_mut().expect("shown");
    data.steps[1].sum.rollup.runs = 3;
    script.act(Action::MoveRight);
    assert_eq!(script.state.charts.cursor, Some(1), "the last one that something ran in");
    script.act(Action::Escape);
    script.act(Action::Escape);
    assert_eq!(script.state.screen, Screen::Workbench);
}

#[test]
fn tab_goes_round_all_charts_and_the_table() {
    let mut script = shown();
    for chart in Chart::ALL.into_iter().skip(1) {
        script.act(Action::NextPane);
        assert_eq!(script.state.charts.focus, ChartFocus::Chart(chart));
    }
    script.act(Action::NextPane);
    assert_eq!(script.state.charts.focus, ChartFocus::Table);
    script.act(Action::PreviousPane);
    script.act(Action::Accept);
    assert!(script.state.zoom, "Enter gives a chart the whole screen");
}

#[test]
fn the_runs_behind_a_row_are_listed() {
    let mut script = shown();
    script.act(Action::PreviousPane);
    script.act(Action::Accept);
    assert_eq!(script.state.screen, Screen::History);
    assert_eq!(script.state.history.filter.text(), "model:demo/fast since:7d");
    assert!(script.question(|it| matches!(it, Question::History { .. })).is_some());
}

#[test]
fn the_table_is_copied() {
    let mut script = shown();
    script.act(Action::Copy);
    let copied = |it: &Question| matches!(it, Question::Copy(text) if text.contains("demo/fast"));
    assert!(script.question(copied).is_some());
}

#[test]
fn a_failure_is_shown_where_the_charts_would_be() {
    let mut script = Script::open();
    script.act(Action::GoToCharts);
    script.answer(asked, Answer::Charts(Err(Fault::new("the database is locked"))));
    assert_eq!(script.state.charts.error.as_deref(), Some("the database is locked"));
    assert!(script.status().contains("locked"));
}

#[test]
fn the_walk_visits_every_stop_and_ends() {
    let mut script = Script::open();
    script.state.is_demo = true;
    script.press("space");
    let mut seen = 1;
    while script.state.tour.is_some() {
        let stop = script.state.tour.expect("on the walk").stop();
        assert_eq!(script.state.screen, stop.screen);
        script.act(Action::Tour);
        seen += 1;
    }
    assert_eq!(seen, TOUR.len() + 1);
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    script.act(Action::Tour);
    script.act(Action::Escape);
    assert_eq!(script.state.tour, None, "Esc leaves it");
}

/// Who goes on before both answers are there sees their difference once they are.
#[test]
fn the_walk_compares_whole_answers() {
    let mut script = Script::open();
    script.press("f");
    script.state.is_demo = true;
    script.act(Action::Tour);
    while script.state.tour.expect("on the walk").stop().deed != TourDeed::RunAll {
        script.act(Action::Tour);
    }
    let (run, _) = script.run();
    let ended = |number, text| CallEvent::Finished(Box::new(execution(number, text)));
    script.call(run, VariantName::A, ended(1, "one two"));
    script.act(Action::Tour);
    assert!(script.state.overlay().is_none());
    assert!(script.status().contains("B is still writing"), "{}", script.status());
    script.call(run, VariantName::B, ended(2, "one three"));
    assert!(matches!(script.state.overlay(), Some(Overlay::Diff(_))));
}

#[test]
fn in_a_workspace_of_ones_own_the_walk_begins_from_the_palette_and_sends_nothing() {
    for screen in ["1", "2", "3"] {
        let mut script = Script::open();
        script.press(screen);
        script.press("space");
        assert_eq!(script.state.tour, None, "a key pressed by mistake leads nowhere");
        assert!(script.status().contains("`tour` in :"), "{}", script.status());
    }
    let mut script = Script::open();
    script.press(":");
    script.typed("tour");
    script.press("enter");
    assert!(script.state.tour.is_some());
    for _ in 0..TOUR.len() {
        script.press("space");
    }
    assert_eq!(script.state.tour, None);
    assert!(!script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    assert!(
        !script.effects.iter().any(|effect| {
            matches!(effect, Effect::Ask { question: Question::Save { .. }, .. })
        })
    );
    for stop in TOUR {
        assert!(!stop.elsewhere.contains("copy") && !stop.elsewhere.contains("has run"));
    }
}
