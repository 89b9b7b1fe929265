//! Asking before money is spent, and answers given again.

use super::*;
use crate::{
    engine::{Estimate, OutputFrom},
    model::{CacheMode, CacheUse},
    prompt::tokens::TokenCount,
    tui::{msg::CallEstimate, state::Overlay},
};

fn estimated(variant: VariantName, cost_usd: Option<f64>) -> CallEstimate {
    CallEstimate {
        variant,
        model: model("openai/gpt-x"),
        estimate: Estimate {
            input: TokenCount { tokens: 1_200, exact: true },
            output_tokens: 300,
            most_output_tokens: 800,
            aside_output_tokens: 500,
            grows_to: None,
            output_from: OutputFrom::MaxTokens,
            cost_usd,
            most_usd: cost_usd,
            again_usd: cost_usd,
            aside_usd: cost_usd,
            cached: false,
        },
    }
}

fn careful() -> Script {
    let mut script = Script::open();
    script.state.spending.confirm_above = Some(0.10);
    script
}

fn answer(script: &mut Script, estimates: Vec<CallEstimate>) {
    script.answer(|it| matches!(it, Question::Estimate(_)), Answer::Estimated(estimates));
}

fn runs(script: &Script) -> usize {
    script.effects.iter().filter(|effect| matches!(effect, Effect::StartRun { .. })).count()
}

#[test]
fn what_costs_less_runs_without_a_question() {
    let mut script = careful();
    script.press("r");
    assert_eq!(runs(&script), 0, "not before it is known");
    answer(&mut script, vec![estimated(VariantName::A, Some(0.09))]);
    assert_eq!((runs(&script), script.state.overlays.len()), (1, 0));

    let mut free = Script::open();
    free.press("r");
    assert_eq!(runs(&free), 1, "and where nothing is to be asked, nothing is estimated");
}

#[test]
fn what_costs_more_is_asked_about_and_runs_on_enter_alone() {
    for (key, started) in [("enter", 1), ("y", 1), ("esc", 0), ("n", 0)] {
        let mut script = careful();
        script.press("f R");
        let together = [Some(0.06), Some(0.05)];
        let estimates = [VariantName::A, VariantName::B].into_iter().zip(together);
        let estimates = estimates.map(|(variant, cost)| estimated(variant, cost)).collect();
        answer(&mut script, estimates);
        let Some(Overlay::Spend(question)) = script.state.overlay() else { panic!("not asked") };
        assert!((question.likely() - 0.11).abs() < 1e-9 && question.unknown() == 0);
        assert_eq!(runs(&script), 0);
        script.press(key);
        assert_eq!((runs(&script), script.state.overlays.len()), (started, 0), "{key}");
        if started == 1 {
            let (_, calls) = script.run();
            let variants: Vec<_> = calls.iter().map(|call| call.variant).collect();
            assert_eq!(variants, [VariantName::A, VariantName::B]);
        }
    }
}

#[test]
fn an_unknown_price_is_asked_about() {
    let mut script = careful();
    script.press("r");
    answer(&mut script, vec![estimated(VariantName::A, None)]);
    let Some(Overlay::Spend(question)) = script.state.overlay() else { panic!("not asked") };
    assert_eq!((question.unknown(), runs(&script)), (1, 0));
    script.press("enter");
    assert_eq!(runs(&script), 1);
    let mut script = careful();
    script.press("r");
    let both = vec![estimated(VariantName::A, Some(1.0)), estimated(VariantName::B, None)];
    answer(&mut script, both);
    let Some(Overlay::Spend(question)) = script.state.overlay() else { panic!("not asked") };
    assert_eq!(question.unknown(), 1);
}

/// The call itself is cheap, and the model it may turn to may cost anything.
#[test]
fn a_fallback_whose_price_is_not_known_is_asked_about() {
    let mut script = careful();
    script.press("r");
    let mut open = estimated(VariantName::A, Some(0.01));
    open.estimate.most_usd = None;
    answer(&mut script, vec![open]);
    let Some(Overlay::Spend(question)) = script.state.overlay() else { panic!("not asked") };
    assert_eq!((question.unknown(), runs(&script)), (1, 0));
}

/// What it is likely to cost may be little where what it can cost is not.
#[test]
fn the_most_it_can_cost_decides() {
    let mut script = careful();
    script.press("r");
    let mut open = estimated(VariantName::A, Some(0.01));
    open.estimate.most_usd = Some(0.90);
    answer(&mut script, vec![open]);
    let Some(Overlay::Spend(question)) = script.state.overlay() else { panic!("not asked") };
    assert!((question.most() - 0.90).abs() < 1e-9 && (question.likely() - 0.01).abs() < 1e-9);
}

#[test]
fn a_second_press_makes_the_first_estimate_pointless() {
    let mut script = careful();
    script.press("r");
    let first = script.question(|it| matches!(it, Question::Estimate(_))).expect("asked");
    script.press("r");
    let late = Answer::Estimated(vec![estimated(VariantName::A, Some(0.01))]);
    script.send(Msg::Answered { id: first, answer: late });
    assert_eq!(runs(&script), 0);
    answer(&mut script, vec![estimated(VariantName::A, Some(0.01))]);
    assert_eq!(runs(&script), 1);
}

#[test]
fn the_cache_goes_round_and_a_run_can_go_past_it() {
    let mut script = Script::open();
    let used = |script: &mut Script, action| {
        script.effects.clear();
        script.act(action);
        script.run().1[0].cache
    };
    assert_eq!(used(&mut script, Action::Run), CacheUse::Settings);
    for mode in [CacheMode::Exact, CacheMode::Similar, CacheMode::Off] {
        script.act(Action::ToggleCache);
        assert_eq!(used(&mut script, Action::Run), CacheUse::Asked(mode));
    }
    script.act(Action::ToggleCache);
    assert_eq!(used(&mut script, Action::RunAnew), CacheUse::Asked(CacheMode::Off));
    assert_eq!(used(&mut script, Action::Run), CacheUse::Asked(CacheMode::Exact), "once");
}

#[test]
fn a_run_past_the_cache_stays_one_through_the_question() {
    let mut script = careful();
    script.act(Action::ToggleCache);
    script.act(Action::RunAnew);
    answer(&mut script, vec![estimated(VariantName::A, Some(1.0))]);
    script.press("enter");
    assert_eq!(script.run().1[0].cache, CacheUse::Asked(CacheMode::Off));
    script.effects.clear();
    script.act(Action::RunAnew);
    answer(&mut script, vec![estimated(VariantName::A, Some(1.0))]);
    script.press("esc r");
    answer(&mut script, vec![estimated(VariantName::A, Some(0.0))]);
    assert_eq!(script.run().1[0].cache, CacheUse::Asked(CacheMode::Exact));
}

#[test]
fn a_call_that_no_budget_counts_is_told() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, VariantName::A, CallEvent::Unpriced);
    let told = script.state.notices.current().map(|notice| notice.text.clone());
    assert!(told.is_some_and(|text| text.contains("budget") && text.contains("price")));
}
