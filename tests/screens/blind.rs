//! While it is hidden which answer is whose, nothing on any screen tells.

use promptlathe::{
    model::{CallError, ErrorKind, ExecutionId, ModelRef, Status, VariantName as V},
    tui::{
        keymap::Action,
        msg::{CallEvent, HistoryLine},
        state::{Focus, Overlay},
    },
};
use uuid::Uuid;

use crate::{SIZES, SMALLEST, picture, stage::Stage, world::World};

/// Names that stand nowhere but in the two variants.
const NAMES: [(&str, &str); 2] = [("zebra", "onager"), ("yak", "tarpan")];

fn id(variant: V) -> ExecutionId {
    ExecutionId(Uuid::from_u128(0xb11d_0000 + variant.index() as u128))
}

/// Two variants on two models that both answered, or of which the second failed.
fn judged(size: (u16, u16), fails: bool) -> Stage {
    let mut world = World::plain();
    let pattern = world.history[0].clone();
    world.history = vec![HistoryLine { variant: V::C, ..world.history[6].clone() }];
    world.execution.variant = V::C;
    for (variant, (provider, model)) in [V::A, V::B].into_iter().zip(NAMES) {
        let row = HistoryLine {
            id: id(variant),
            variant,
            model: ModelRef::new(provider, model),
            ..pattern.clone()
        };
        world.history.push(row);
    }
    let mut stage = Stage::new(size, world);
    stage.press("f");
    for (pane, (provider, model)) in stage.state.panes.iter_mut().zip(NAMES) {
        pane.model = Some(ModelRef::new(provider, model));
    }
    stage.press("R").act(Action::Blind);
    stage.accepted(V::A).accepted(V::B);
    stage.ended(V::A, "negative", |ended| ended.id = id(V::A));
    if fails {
        let error = CallError::new(ErrorKind::RateLimit, "yak asks for fewer calls of tarpan")
            .hint("wait, or ask another model than tarpan");
        stage.ended(V::B, "", |ended| {
            ended.id = id(V::B);
            ended.status = Status::Error;
            ended.error = Some(error);
        });
    } else {
        stage.ended(V::B, "negative, clearly", |ended| ended.id = id(V::B));
        stage.call(V::B, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
    }
    stage
}

/// The real names on the screen and in what was told, and letters that stand for a variant.
fn telling(stage: &Stage) -> Vec<String> {
    let mut text = stage.picture();
    for logged in stage.state.notices.log() {
        text.push_str(&logged.notice.text);
        text.push('\n');
        text.push_str(logged.notice.hint.as_deref().unwrap_or(""));
        text.push('\n');
    }
    let words = text.split(|c: char| !c.is_alphanumeric());
    // In running text "A" is a word.
    let reads = matches!(stage.state.overlay(), Some(Overlay::Help(_) | Overlay::Palette(_)));
    let is_letter = |word: &str| !reads && ["A", "B"].contains(&word);
    let names: Vec<&str> = NAMES.iter().flat_map(|(provider, model)| [*provider, *model]).collect();
    words.filter(|word| names.contains(word) || is_letter(word)).map(str::to_owned).collect()
}

/// Carries out an action in a place, and what follows from taking what is offered then.
fn look_after(stage: &Stage, action: Action, screen: Action, focus: Focus) {
    let mut stage = stage.clone();
    let focus = match focus {
        Focus::Output(_) => Focus::Output(stage.state.variant()),
        focus => focus,
    };
    stage.state.set_focus(focus);
    stage.act(screen).act(action);
    for keys in ["", "enter", "esc down", "enter"] {
        stage.press(keys).wait(1_000);
        let told = telling(&stage);
        assert!(
            told.is_empty(),
            "{told:?} after {action:?} {keys:?} on {screen:?} in {focus:?}:\n{}",
            stage.picture()
        );
    }
}

#[test]
fn nothing_that_can_be_asked_for_names_a_variant_or_its_model() {
    let shows = [Action::Blind, Action::PickWinner, Action::Quit];
    for fails in [false, true] {
        let stage = judged((110, 24), fails);
        for action in Action::ALL.iter().filter(|action| !shows.contains(action)) {
            for focus in [Focus::Library, Focus::Editor, Focus::Inputs, Focus::Output(V::A)] {
                look_after(&stage, *action, Action::GoToWorkbench, focus);
            }
            for screen in [Action::GoToHistory, Action::GoToCharts] {
                look_after(&stage, *action, screen, Focus::Editor);
            }
        }
    }
}

#[test]
fn the_names_come_back_with_the_winner() {
    let mut stage = judged((120, 36), false);
    assert_eq!(telling(&stage), Vec::<String>::new());
    stage.act(Action::PickWinner);
    let told = telling(&stage);
    assert!(told.iter().any(|word| word == "onager") && told.iter().any(|word| word == "A"));
}

#[test]
fn blind_judging_looks_like_this() {
    picture("blind", &[SMALLEST, SIZES[0], SIZES[1]], |size| judged(size, true));
    picture("blind_history", &[SIZES[0]], |size| {
        let mut stage = judged(size, false);
        stage.press("2");
        stage
    });
}
