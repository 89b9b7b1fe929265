//! Reading, comparing and judging answers.

use super::*;
use crate::tui::{
    state::{Output, Overlay, Pane},
    text::Find,
};

const A: VariantName = VariantName::A;
const B: VariantName = VariantName::B;

/// Two answers of one run, both finished.
fn two_answers(first: &str, second: &str) -> Script {
    let mut script = Script::open();
    script.press("f R");
    let (run, _) = script.run();
    for (variant, number, text) in [(A, 7, first), (B, 8, second)] {
        let record = Execution { variant, ..execution(number, text) };
        script.call(run, variant, CallEvent::Finished(Box::new(record)));
    }
    script.focus(Focus::Output(A));
    script.effects.clear();
    script
}

fn shown(script: &Script, variant: VariantName) -> &Output {
    script.state.pane(variant).and_then(Pane::shown).expect("an answer")
}

fn first_row(script: &Script, variant: VariantName) -> usize {
    script.state.pane(variant).expect("a pane").first_row()
}

#[test]
fn an_answer_is_rendered_until_it_is_wanted_as_it_came() {
    let mut script = two_answers("# One\n**two**", "b");
    assert_eq!(shown(&script, A).row(0).1, "One");
    script.press("M");
    assert_eq!(shown(&script, A).row(0).1, "# One");
    assert!(shown(&script, B).text.is_raw(), "all answers are shown alike");
    script.press("M");
    assert_eq!(shown(&script, A).row(1).1, "two");
}

#[test]
fn words_are_found_step_by_step_and_around_the_end() {
    let text = format!("needle{}\nNEEDLE\n\nend", "\n\nhay".repeat(60));
    let mut script = two_answers(&text, "b");
    script.press("/");
    script.typed("needle");
    let number = |script: &Script| shown(script, A).text.find().map(Find::number);
    assert_eq!(number(&script), Some(2), "the end is in sight, so it begins there");
    script.press("enter n");
    assert_eq!((number(&script), first_row(&script, A)), (Some(1), 0));
    script.press("N");
    assert_eq!(number(&script), Some(2));
    assert!(first_row(&script, A) > 50);
    script.press("esc");
    assert_eq!(number(&script), None);
    script.press("/");
    script.typed("nowhere");
    assert_eq!(number(&script), Some(0));
    script.press("enter n");
    assert_eq!(script.status(), "These words are not in this answer");
    script.press("/ esc");
    assert_eq!(number(&script), None);
    script.press("n");
    assert_eq!(script.status(), "Type the words to look for first");
}

#[test]
fn answers_scroll_each_by_itself_or_together() {
    let long = "row\n\n".repeat(80);
    let mut script = two_answers(&long, &long);
    let end = first_row(&script, B);
    script.press("k");
    assert_eq!((first_row(&script, A), first_row(&script, B)), (end - 1, end));
    script.press("L k");
    assert_eq!((first_row(&script, A), first_row(&script, B)), (end - 2, end - 1));
    script.press("g");
    assert_eq!((first_row(&script, A), first_row(&script, B)), (0, 0));
    script.press("L G");
    assert_eq!((first_row(&script, A), first_row(&script, B)), (end, 0));
}

#[test]
fn a_winner_is_kept_with_its_losers_and_can_be_taken_back() {
    let mut script = two_answers("a", "b");
    script.press("W");
    let tags = |script: &Script| -> Vec<(u128, Option<String>)> {
        script
            .kept()
            .iter()
            .filter_map(|keep| match keep {
                Keep::Tag { execution, key, value } if key == "winner" => {
                    Some((execution.0.as_u128(), value.clone()))
                }
                _ => None,
            })
            .collect()
    };
    assert_eq!(tags(&script), [(7, Some("yes".to_owned())), (8, Some("no".to_owned()))]);
    assert_eq!(script.status(), "A (demo/fast) wins over B (demo/fast)");
    script.effects.clear();
    script.press("W");
    assert_eq!(tags(&script), [(7, None), (8, None)]);
}

#[test]
fn an_answer_without_another_beside_it_cannot_win() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.focus(Focus::Output(A));
    script.press("W");
    assert!(script.status().contains("no finished answer"), "{}", script.status());
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, "a"))));
    script.press("W");
    assert!(script.status().contains("another answer"), "{}", script.status());
}

#[test]
fn judging_blind_hides_names_until_a_winner_is_picked() {
    let mut script = two_answers("a", "b");
    script.press("b");
    let order = script.state.blind.clone().expect("it is blind");
    assert_eq!(order.len(), 2);
    assert!(order.contains(&A) && order.contains(&B));
    assert_eq!(script.state.focus, Focus::Output(order[0]));
    assert_eq!(script.state.name_of(order[1]), "answer 2");
    assert_eq!(script.state.comparison(), None);
    script.press("tab W");
    assert!(script.state.blind.is_none());
    assert!(script.status().contains("judged blind"), "{}", script.status());
    assert!(script.status().starts_with(order[1].as_str()), "{}", script.status());
}

#[test]
fn places_are_mixed_both_ways_over_time() {
    let mut seen = std::collections::BTreeSet::new();
    for second in 0..40 {
        let mut script = two_answers("a", "b");
        script.clock = Duration::from_millis(second * 977);
        script.press("b");
        seen.insert(script.state.blind.clone().expect("blind")[0]);
        script.press("b");
        assert!(script.state.blind.is_none());
    }
    assert_eq!(seen.len(), 2);
    let mut alone = Script::open();
    alone.press("b");
    assert!(alone.state.blind.is_none(), "one answer needs no judging");
}

#[test]
fn marked_models_each_get_a_pane() {
    let mut script = Script::open();
    let names = ["demo/fast", "demo/balanced", "demo/careful", "x/y", "x/z"];
    let choices = names.map(|name| ModelChoice {
        model: model(name),
        origin: ModelOrigin::Catalogue,
        context_window: None,
        price: None,
        unavailable: None,
    });
    script.send(Msg::ModelsChanged(choices.to_vec()));
    script.press("C tab tab tab tab tab");
    assert!(script.status().contains("Four models"), "{}", script.status());
    let Some(Overlay::Models(list)) = script.state.overlay() else { panic!("the list") };
    assert_eq!(list.marked.len(), 4);
    script.press("enter");
    let models: Vec<String> = script
        .state
        .panes
        .iter()
        .map(|pane| format!("{} {}", pane.variant, pane.model.as_ref().expect("a model")))
        .collect();
    assert_eq!(models, ["A demo/fast", "B demo/balanced", "C demo/careful", "D x/y"]);
    assert!(script.status().contains("4 variants side by side; R runs"), "{}", script.status());

    // Fewer models take the panes away that are no longer needed.
    script.press("C up up up up tab tab enter");
    assert_eq!(script.state.panes.len(), 2);
}

#[test]
fn panes_are_found_again_at_the_next_start() {
    let mut script = two_answers("a", "b");
    script.state.panes[1].model = Some(model("x/y"));
    script.press("q");
    let kept = script.kept().into_iter().find_map(|keep| match keep {
        Keep::Setting { name: super::super::PANES, value } => Some(value.clone()),
        _ => None,
    });
    let kept = kept.expect("the panes are kept");
    let panes: Vec<Pane> =
        kept.as_array().expect("a list").iter().filter_map(Pane::from_setting).collect();
    assert_eq!(panes.len(), 2);
    assert_eq!((panes[1].variant, panes[1].model.clone()), (B, Some(model("x/y"))));
    assert!(Pane::from_setting(&json!({"variant": "Z"})).is_none());
    assert!(Pane::from_setting(&json!({})).is_none());
}

#[test]
fn what_becomes_of_a_record_does_not_tell_which_answer_is_which() {
    let mut script = Script::open();
    script.press("f R");
    let (run, _) = script.run();
    for (variant, number) in [(A, 7), (B, 8)] {
        let record = Execution { variant, ..execution(number, "x") };
        script.call(run, variant, CallEvent::Finished(Box::new(record)));
    }
    script.act(Action::Blind);
    for variant in [A, B] {
        let name = script.state.name_of(variant);
        script.call(run, variant, CallEvent::NotSaved { reason: "the disk is full".to_owned() });
        assert!(script.status().starts_with(&format!("{name} is not")), "{}", script.status());
        script.call(run, variant, CallEvent::Saved);
        assert_eq!(script.status(), format!("{name} is saved after all"));
    }
}
