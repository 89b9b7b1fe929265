//! What other processes write comes into sight where somebody looks, and nothing is asked while
//! nothing happens.

use std::cell::Cell;

use super::*;
use crate::{
    store::Moment,
    tui::{
        msg::{HistoryLine, HistoryPage},
        state::Screen,
    },
};

/// The moments that a database tells, between which somebody else has written or not.
struct Moments(Cell<Moment>);

impl Moments {
    fn new() -> Self {
        Self(Cell::new(Moment::first()))
    }

    fn now(&self) -> Moment {
        self.0.get()
    }

    fn later(&self) -> Moment {
        self.0.set(self.0.get().next());
        self.now()
    }
}

fn asks_moment(question: &Question) -> bool {
    matches!(question, Question::Moment)
}

fn asks_rows(question: &Question) -> bool {
    matches!(question, Question::History { before: None, .. })
}

fn line(number: u128) -> HistoryLine {
    HistoryLine {
        id: ExecutionId(Uuid::from_u128(number)),
        at: Timestamp::UNIX_EPOCH,
        template: None,
        version: None,
        variant: VariantName::A,
        model: model("demo/fast"),
        status: Status::Ok,
        error_kind: None,
        excerpt: String::new(),
        total_ms: None,
        ttft_ms: None,
        usage: Usage::default(),
        cost_usd: None,
        rating: None,
        cache: CacheState::Off,
    }
}

fn page(numbers: std::ops::Range<u128>) -> Answer {
    Answer::History(Ok(HistoryPage { rows: numbers.map(line).collect(), next: None }))
}

/// The history in sight, its rows and the moment known.
fn shown(moments: &Moments) -> Script {
    let mut script = Script::open();
    script.press("2");
    script.answer(asks_rows, page(100..300));
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.now()))));
    script.effects.clear();
    script
}

#[test]
fn what_others_wrote_is_read_when_a_key_is_pressed_after_a_second() {
    let moments = Moments::new();
    let mut script = shown(&moments);
    script.press("down");
    assert!(script.effects.is_empty(), "it was asked just now");
    script.clock += Duration::from_secs(1);
    script.press("down");
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.now()))));
    assert!(script.question(asks_rows).is_none(), "nobody has written");

    script.clock += Duration::from_secs(1);
    script.press("down");
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    script.answer(asks_rows, page(90..300));
    assert_eq!(script.state.history.rows().len(), 210);
    let selected = script.state.history.selected_row().map(|row| row.id);
    assert_eq!(selected, Some(line(103).id), "the selection stays on its execution");
    assert!(script.question(|it| matches!(it, Question::Spend)).is_some());
}

#[test]
fn a_selection_far_down_is_read_again_as_far() {
    let moments = Moments::new();
    let mut script = shown(&moments);
    script.press("G");
    script.clock += Duration::from_secs(1);
    script.press("up");
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    let far = |it: &Question| matches!(it, Question::History { limit, .. } if *limit > 198);
    script.answer(far, page(99..300));
    let selected = script.state.history.selected_row().map(|row| row.id);
    assert_eq!(selected, Some(line(298).id));
}

#[test]
fn coming_back_to_the_window_or_the_screen_asks_at_once() {
    let moments = Moments::new();
    let mut script = shown(&moments);
    script.send(Msg::Focused(false));
    script.send(Msg::Focused(true));
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    assert!(script.question(asks_rows).is_some());
    script.press("1");
    script.effects.clear();
    script.press("2");
    assert!(script.question(asks_moment).is_some());
    script.press("3");
    script.effects.clear();
    script.clock += Duration::from_secs(2);
    script.press("down");
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    assert!(script.question(|it| matches!(it, Question::Charts(_))).is_some());
    script.press("1");
    script.effects.clear();
    script.clock += Duration::from_secs(9);
    script.press("down");
    assert!(script.question(asks_moment).is_none(), "the workbench shows nothing of it");
    assert_eq!(script.state.screen, Screen::Workbench);
}

#[test]
fn what_others_wrote_meanwhile_is_read_when_the_screen_comes_into_sight() {
    let moments = Moments::new();
    let mut script = shown(&moments);
    script.press("1");
    script.send(Msg::Focused(false));
    script.send(Msg::Focused(true));
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    assert!(script.question(asks_rows).is_none(), "nobody looks");
    script.press("2");
    assert!(script.question(asks_rows).is_some());
}

#[test]
fn a_filter_that_is_being_typed_is_left_alone() {
    let moments = Moments::new();
    let mut script = shown(&moments);
    script.clock += Duration::from_secs(1);
    script.press("/");
    script.typed("rat");
    script.answer(asks_moment, Answer::Moment(Ok(Some(moments.later()))));
    assert!(script.question(asks_rows).is_none(), "it is looked for once it rests");
    script.wake();
    assert!(script.question(asks_rows).is_some());
}
