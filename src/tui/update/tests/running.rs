//! Running, cancelling, variants, what becomes of calls.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{
    model::{CallError, Check, ErrorKind, GuardName, Parameter, Strategy, VariantSource},
    tui::{
        effect::CallSource,
        state::{Pane, Phase},
    },
};

const A: VariantName = VariantName::A;
const B: VariantName = VariantName::B;

#[test]
fn run_sends_the_draft_with_the_inputs_and_clears_the_pane_at_once() {
    let mut script = Script::open();
    script.press("r");
    let (_, calls) = script.run();
    let [order] = calls.as_slice() else { panic!("{calls:?}") };
    assert_eq!(order.variant, A);
    assert_eq!(
        order.source,
        CallSource::Text { text: TEXT.to_owned(), saved: Some(version("1.0.0")) }
    );
    assert_eq!(order.inputs.get("message"), Some(&json!("hello")));
    assert_eq!(order.model, None, "the template's own, else the default");
    assert_eq!(script.word(A), "starting");
}

#[test]
fn inputs_are_kept_when_they_rest_or_run_and_only_when_they_changed() {
    let mut script = Script::open();
    script.press("r r");
    assert!(script.kept().is_empty(), "they are those that were kept");
    script.focus(Focus::Inputs);
    script.press("enter");
    script.typed("!");
    script.wake();
    script.press("ctrl-r");
    let kept: Vec<&Keep> =
        script.kept().into_iter().filter(|keep| matches!(keep, Keep::Inputs { .. })).collect();
    let [Keep::Inputs { inputs, .. }] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(inputs.get("message"), Some(&json!("hello!")));
}

#[test]
fn a_run_pressed_before_the_template_was_read_waits_for_its_inputs() {
    let mut script = Script::started();
    script.answer_library(&["a/first"]);
    let inputs = BTreeMap::from([("message".to_owned(), json!("remembered"))]);
    script.answer_open(OpenedTemplate { inputs, ..opened("a/first") });
    script.press("r");
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
    script.answer_analysis(analysis());
    let (_, calls) = script.run();
    assert_eq!(calls[0].inputs.get("message"), Some(&json!("remembered")));
}

#[test]
fn run_works_while_typing() {
    let mut script = Script::open();
    script.press("i");
    script.typed("r");
    script.press("ctrl-r");
    let (_, calls) = script.run();
    let CallSource::Text { text, saved } = &calls[0].source else { panic!("{calls:?}") };
    assert!(text.starts_with('r') && saved.is_none(), "{text}");
}

#[test]
fn a_missing_input_stops_the_run_and_takes_the_focus() {
    let mut script = Script::open();
    script.focus(Focus::Inputs);
    script.press("enter ctrl-u");
    script.press("esc r");
    assert!(!script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    assert_eq!(script.state.focus, Focus::Inputs);
    assert!(script.status().contains("message is required"), "{}", script.status());
}

#[test]
fn a_call_goes_through_its_states() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let error = CallError::new(ErrorKind::RateLimit, "slow down").retryable();
    let waiting = CallEvent::Waiting { retry_in: Duration::from_secs(4), number: 2, of: 3, error };
    for (event, word) in [
        (CallEvent::Queued, "queued"),
        (CallEvent::Attempt { number: 1, of: 3 }, "connecting"),
        (waiting, "retrying"),
        (CallEvent::Attempt { number: 2, of: 3 }, "connecting"),
        (CallEvent::Sent, "waiting"),
        (CallEvent::Headers, "waiting"),
        (CallEvent::Heartbeat, "heartbeat"),
        (delta("Hel"), "writing"),
        (CallEvent::Heartbeat, "writing"),
        (delta("lo"), "writing"),
        (CallEvent::Finished(Box::new(execution(7, "Hello"))), "done"),
    ] {
        script.call(run, A, event);
        assert_eq!(script.word(A), word);
    }
    assert_eq!(script.shown(A), "Hello");
    assert!(script.question(|it| matches!(it, Question::Spend)).is_some());
    assert_eq!(script.state.running(), 0);
}

#[test]
fn a_sign_turns_only_while_something_is_waited_for() {
    use crate::tui::state::{TICK, TURN};
    let after = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Schedule { after, .. } if *after <= TICK => Some(*after),
            _ => None,
        })
    };
    let mut script = Script::open();
    assert_eq!(after(&script), None, "nothing runs");
    script.press("r");
    let (run, _) = script.run();
    assert_eq!(after(&script), Some(TURN), "it waits");
    script.call(run, A, delta("a"));
    script.wake();
    assert_eq!(after(&script), Some(TICK), "there is something to read");
    script.call(run, A, CallEvent::Finished(Box::new(execution(3, "a"))));
    script.effects.clear();
    script.send(Msg::Focused(true));
    assert_eq!(after(&script), None, "nothing runs any more");
    let mut script = Script::open();
    script.state.still = true;
    script.press("r");
    assert_eq!(after(&script), Some(TICK), "nothing is to move but figures");
    let mut script = Script::open();
    script.press("f b R");
    assert_eq!(after(&script), Some(TICK), "which one waits is not to be told");
}

#[test]
fn signs_of_life_are_told_from_words_and_from_silence() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let stalled = |script: &Script| {
        let output = script.state.pane(A).and_then(Pane::shown).expect("an answer");
        output.stalled(script.clock)
    };
    for event in [CallEvent::Attempt { number: 1, of: 1 }, CallEvent::Sent, delta("Hel")] {
        script.call(run, A, event);
    }
    script.clock += Duration::from_secs(2);
    script.call(run, A, CallEvent::Heartbeat);
    script.clock += Duration::from_secs(2);
    assert_eq!((script.word(A), stalled(&script)), ("heartbeat", None));
    script.call(run, A, delta("lo"));
    assert_eq!(script.word(A), "writing");
    script.clock += Duration::from_secs(4);
    assert_eq!(script.word(A), "writing");
    assert_eq!(stalled(&script), Some(Duration::from_secs(4)), "not even a sign of life");
}

#[test]
fn an_attempt_that_failed_leaves_no_text_behind() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.call(run, A, delta("half an ans"));
    let error = CallError::new(ErrorKind::Server, "broke");
    let wait = CallEvent::Waiting { retry_in: Duration::from_secs(1), number: 2, of: 3, error };
    script.call(run, A, wait);
    assert_eq!(script.shown(A), "");
    script.press("w");
    assert!(script.effects.iter().any(|it| matches!(it, Effect::SkipWait { variant: A, .. })));
}

#[test]
fn a_refused_call_says_why_in_pane_and_status() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let error = CallError::new(ErrorKind::Authentication, "no key").hint("set OPENAI_API_KEY");
    script.call(run, A, CallEvent::Refused(error));
    assert_eq!(script.word(A), "failed");
    let output = script.state.pane(A).and_then(|pane| pane.shown()).expect("an answer");
    assert_eq!(output.error.shown(), "authentication: no key\nset OPENAI_API_KEY");
    assert!(script.status().contains("no key"));
}

#[test]
fn counters_tick_only_while_something_runs() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.clock = Duration::from_secs(1);
    script.effects.retain(|effect| !matches!(effect, Effect::StartRun { .. }));
    script.wake();
    assert_eq!(script.state.now, Duration::from_secs(1));
    let ticks = |script: &Script| {
        script.effects.iter().filter(|it| matches!(it, Effect::Schedule { .. })).count()
    };
    assert_eq!(ticks(&script), 2, "the next second");
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, ""))));
    script.wake();
    assert_eq!(ticks(&script), 2, "and none after the end");
}

#[test]
fn a_provider_that_is_left_alone_is_counted_down_and_then_rests() {
    let mut script = Script::open();
    let ticks = |script: &Script| {
        script.effects.iter().filter(|it| matches!(it, Effect::Schedule { .. })).count()
    };
    let words = |script: &Script| {
        let state = &script.state;
        state.circuits.iter().map(|circuit| circuit.words(state.now)).collect::<Vec<_>>()
    };
    let before = ticks(&script);
    let open = vec![("de\u{1b}mo".to_owned(), Some(Duration::from_millis(1_500)))];
    script.send(Msg::Circuits(open));
    assert_eq!(words(&script), ["de␛mo: open, tries again in 2 s"]);
    assert_eq!(ticks(&script), before + 1);
    script.clock = Duration::from_secs(1);
    script.wake();
    assert_eq!(words(&script), ["de␛mo: open, tries again in 1 s"]);
    assert_eq!(ticks(&script), before + 2);
    script.clock = Duration::from_secs(2);
    script.wake();
    assert_eq!(words(&script), ["de␛mo: open, the next call tries it"]);
    assert_eq!(ticks(&script), before + 2, "nothing changes by itself any more");
    script.send(Msg::Circuits(vec![("demo".to_owned(), None)]));
    assert_eq!(words(&script), ["demo: open, being tried"]);
    script.send(Msg::Circuits(Vec::new()));
    assert!(words(&script).is_empty());
    assert_eq!(ticks(&script), before + 2);
}

#[test]
fn a_refused_parameter_is_dropped_by_one_key_and_the_variant_runs_again() {
    let mut script = Script::open();
    script.focus(Focus::Output(A));
    script.press("Y");
    assert!(!script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
    assert!(script.status().contains("was not refused"), "{}", script.status());
    script.press("r");
    let (run, _) = script.run();
    let mut error = CallError::new(ErrorKind::InvalidRequest, "temperature is not supported");
    error.parameter = Some(Parameter::Temperature);
    let mut ended = execution(7, "");
    ended.status = Status::Error;
    ended.error = Some(error);
    script.call(run, A, CallEvent::Finished(Box::new(ended)));
    let output = script.state.pane(A).and_then(|pane| pane.shown()).expect("an answer");
    assert_eq!(output.refused_parameter(), Some(Parameter::Temperature));
    script.effects.clear();
    script.press("Y");
    let (_, orders) = script.run();
    assert_eq!(orders.len(), 1);
    assert_eq!(orders[0].without, [Parameter::Temperature]);
    script.press("r");
}

#[test]
fn a_model_that_was_turned_to_is_named() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let error = CallError::new(ErrorKind::Overloaded, "busy");
    script.call(run, A, CallEvent::FellBack { to: model("demo/careful"), error });
    assert_eq!(script.word(A), "queued");
    let fallback = |script: &Script| {
        let output = script.state.pane(A).and_then(|pane| pane.shown()).expect("an answer");
        output.fallback.clone()
    };
    assert_eq!(fallback(&script), Some(model("demo/careful")));
    script.call(run, A, delta("Hello"));
    assert_eq!(fallback(&script), Some(model("demo/careful")));
}

#[test]
fn fork_copies_what_a_variant_runs_and_all_run_side_by_side() {
    let mut script = Script::open();
    let pane = script.state.pane_mut(A).expect("a pane");
    pane.model = Some(model("demo/careful"));
    pane.parameters.temperature = Some(0.5);
    pane.source = VariantSource::Version(version("1.0.0"));
    script.press("f");
    assert_eq!(script.state.focus, Focus::Output(B));
    script.press("R");
    let (_, calls) = script.run();
    assert_eq!(calls.iter().map(|order| order.variant).collect::<Vec<_>>(), [A, B]);
    assert_eq!(calls[1].model, Some(model("demo/careful")));
    assert_eq!(calls[1].parameters.temperature, Some(0.5));
    assert_eq!(calls[1].source, CallSource::Version(version("1.0.0")));
    script.press("f a f");
    assert_eq!(script.state.panes.len(), 4);
    assert!(script.status().contains("All four"));
}

#[test]
fn cancelling_names_the_call_and_keeps_its_text() {
    let mut script = Script::open();
    script.press("f R x");
    let (run, _) = script.run();
    let cancelled: Vec<VariantName> = script
        .effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Cancel { run: token, variant } if *token == run => Some(*variant),
            _ => None,
        })
        .collect();
    assert_eq!(cancelled, [B], "the focused one");
    script.call(run, B, delta("so far"));
    let mut ended = execution(8, "so far");
    ended.status = Status::Cancelled;
    script.call(run, B, CallEvent::Finished(Box::new(ended)));
    assert_eq!((script.word(B), script.shown(B).as_str()), ("cancelled", "so far"));
    script.effects.clear();
    script.press("X");
    assert!(matches!(script.effects.as_slice(), [Effect::Cancel { variant: A, .. }]));
    script.state.panes.clear();
    script.effects.clear();
    script.press("X");
    assert!(script.status().contains("Nothing is running"));
}

#[test]
fn calls_that_are_cancelled_together_are_told_of_as_one() {
    let end = |script: &mut Script, run, variant, status| {
        let mut ended = execution(8, "so far");
        ended.status = status;
        script.call(run, variant, CallEvent::Finished(Box::new(ended)));
    };
    let mut script = Script::open();
    script.press("f f R X");
    let (run, _) = script.run();
    let before = script.status();
    for variant in [A, B] {
        end(&mut script, run, variant, Status::Cancelled);
        assert_eq!(script.status(), before, "the others have not ended");
    }
    end(&mut script, run, VariantName::C, Status::Cancelled);
    assert_eq!(script.status(), "3 calls cancelled; their texts are kept");
    script.press("R X");
    let (run, _) = script.run();
    for (variant, status) in [(A, Status::Cancelled), (B, Status::Ok), (VariantName::C, Status::Ok)]
    {
        end(&mut script, run, variant, status);
    }
    assert_eq!(script.status(), "One call cancelled; its text is kept");
    script.press("R X");
    let (run, _) = script.run();
    for (variant, status) in [(A, Status::Ok), (B, Status::Ok), (VariantName::C, Status::Cancelled)]
    {
        end(&mut script, run, variant, status);
    }
    assert_eq!(script.status(), "C cancelled; its text is kept");
}

#[test]
fn running_again_cancels_what_runs_and_keeps_what_was_answered() {
    let mut script = Script::open();
    script.press("r");
    let (first, _) = script.run();
    script.call(first, A, delta("old"));
    script.press("r");
    let (second, _) = script.run();
    assert!(
        script.effects.iter().any(|it| matches!(it, Effect::Cancel { run, .. } if *run == first))
    );
    script.call(first, A, delta(" text"));
    script.call(second, A, delta("new"));
    assert_eq!(script.shown(A), "new");
    script.focus(Focus::Output(A));
    script.press("[");
    assert_eq!(script.shown(A), "old text");
    script.press("[");
    assert!(script.status().contains("oldest"));
    script.press("]");
    assert_eq!(script.shown(A), "new");
}

#[test]
fn removing_a_pane_cancels_it_and_the_last_one_stays() {
    let mut script = Script::open();
    script.press("f r");
    script.focus(Focus::Output(B));
    script.press("D");
    assert!(script.effects.iter().any(|it| matches!(it, Effect::Cancel { variant: B, .. })));
    assert_eq!((script.state.panes.len(), script.state.focus), (1, Focus::Output(A)));
    script.press("D");
    assert_eq!(script.state.panes.len(), 1);
}

#[test]
fn calls_of_a_template_that_is_left_go_on() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    script.focus(Focus::Library);
    script.press("down down enter");
    script.answer_open(opened("b/second"));
    assert_eq!(script.state.running(), 1);
    assert!(script.state.pane(A).expect("a pane").shown().is_none());
    script.call(run, A, delta("meanwhile"));
    script.focus(Focus::Library);
    script.press("up up enter");
    assert_eq!(script.shown(A), "meanwhile");
}

#[test]
fn quitting_asks_only_while_something_runs() {
    let mut script = Script::open();
    script.press("q");
    assert!(script.quits());

    let mut script = Script::open();
    script.press("r");
    script.press("q");
    assert!(!script.quits());
    script.press("n q y");
    assert!(script.quits());
    script.effects.clear();
    script.press("r");
    assert!(script.effects.is_empty(), "after the end nothing is taken");
}

#[test]
fn an_end_from_outside_asks_nothing_and_keeps_the_draft() {
    let mut script = Script::open();
    script.press("r i");
    script.typed("X");
    script.state.panes.push(Pane::new(VariantName::B));
    script.send(Msg::EndRequested);
    assert!(script.quits());
    assert!(script.kept().iter().any(|it| matches!(it, Keep::Draft { text: Some(_), .. })));
    assert!(script.kept().iter().any(|it| matches!(it, Keep::Setting { .. })));
}

#[test]
fn asking_again_says_how_and_why_while_it_lasts() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let text = |text: &str| CallEvent::Delta {
        text: text.to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        at: Duration::from_millis(5),
    };
    script.call(run, A, text("no json"));
    let again = CallEvent::Recovering {
        strategy: Strategy::FormatFix,
        number: 1,
        of: 2,
        reasons: vec!["no valid JSON\u{1b}[2J".to_owned()],
    };
    script.call(run, A, again);
    let output = script.state.pane(A).and_then(|it| it.shown()).expect("an answer");
    let (which, why) = output.again.clone().expect("told");
    assert_eq!(which, "format-fix 1/2");
    assert!(why.starts_with("no valid JSON") && !why.contains('\u{1b}'), "{why}");
    assert_eq!(script.shown(A), "", "the first answer is put aside");
    for event in [CallEvent::Attempt { number: 1, of: 3 }, CallEvent::Headers, text("{}")] {
        script.call(run, A, event);
        let output = script.state.pane(A).and_then(|it| it.shown()).expect("an answer");
        assert!(output.again.is_some());
    }
    script.call(run, A, CallEvent::Finished(Box::new(execution(7, "{}"))));
    let output = script.state.pane(A).and_then(|it| it.shown()).expect("an answer");
    assert_eq!(output.again, None, "it is over");
}

#[test]
fn a_retry_says_when_it_comes() {
    let mut script = Script::open();
    script.clock = Duration::from_secs(10);
    script.press("r");
    let (run, _) = script.run();
    let error = CallError::new(ErrorKind::Overloaded, "busy\u{1b}[2J");
    let wait = CallEvent::Waiting { retry_in: Duration::from_secs(4), number: 2, of: 3, error };
    script.call(run, A, wait);
    let phase = &script.state.pane(A).and_then(|it| it.shown()).expect("an answer").phase;
    let Phase::Retrying { until, number: 2, of: 3, error } = phase else { panic!("{phase:?}") };
    assert_eq!(*until, Duration::from_secs(14));
    assert!(!error.contains('\u{1b}'), "{error}");
}

#[test]
fn what_a_server_asks_for_is_skipped_and_what_the_settings_say_is_not() {
    let mut script = Script::open();
    script.clock = Duration::from_secs(10);
    script.press("r");
    let (run, _) = script.run();
    script.focus(Focus::Output(A));
    let held = |can_skip| CallEvent::Held {
        provider: "openai\u{1b}[2J".to_owned(),
        held_for: Duration::from_secs(20),
        can_skip,
    };
    let skips = |script: &Script| {
        script.effects.iter().any(|it| matches!(it, Effect::SkipWait { variant: A, .. }))
    };
    script.call(run, A, held(false));
    assert_eq!(script.word(A), "held");
    script.press("w");
    assert!(!skips(&script));
    assert!(script.status().contains("a limit of your settings"), "{}", script.status());
    script.call(run, A, held(true));
    let phase = script.state.pane(A).and_then(|it| it.shown()).expect("an answer").phase.clone();
    let Phase::Held { until, provider, can_skip: true } = phase else { panic!("{phase:?}") };
    assert_eq!(until, Duration::from_secs(30));
    assert!(!provider.contains('\u{1b}'), "{provider}");
    script.press("w");
    assert!(skips(&script));
    script.call(run, A, CallEvent::Attempt { number: 1, of: 3 });
    assert_eq!(script.word(A), "connecting");
}

#[test]
fn a_removed_pane_comes_back_as_it_was() {
    let mut script = Script::open();
    script.act(Action::Fork);
    script.state.pane_mut(VariantName::B).expect("forked").model = Some(model("demo/careful"));
    script.focus(Focus::Output(VariantName::B));
    script.act(Action::RemovePane);
    assert!(script.state.pane(VariantName::B).is_none());
    script.press("u");
    let pane = script.state.pane(VariantName::B).expect("back");
    assert_eq!(pane.model, Some(model("demo/careful")));
    script.press("u");
    assert!(script.status().contains("no removed pane"));
}

/// A call that the injection guard stopped.
fn stopped() -> Execution {
    let check = |name: &str, passed: bool| Check {
        kind: "guard".to_owned(),
        name: name.to_owned(),
        passed,
        score: Some(0.2),
        reason: "risk 0.80 in `text`".to_owned(),
    };
    let mut execution = execution(7, "");
    execution.status = Status::Blocked;
    execution.error = Some(
        CallError::new(ErrorKind::Guard, "the injection guard stopped this call")
            .hint("run anyway"),
    );
    execution.checks = vec![check("injection", false), check("hidden", true)];
    execution
}

#[test]
fn what_a_guard_stopped_runs_anyway_once() {
    let mut script = Script::open();
    script.press("r");
    let (run, orders) = script.run();
    assert!(orders[0].allow.is_empty());
    script.call(run, A, CallEvent::Finished(Box::new(stopped())));
    assert_eq!(script.word(A), "failed");
    let output = script.state.pane(A).and_then(Pane::latest).expect("an output");
    assert!(output.error.shown().contains("the injection guard stopped"));

    script.focus(Focus::Output(A));
    script.press("O");
    let (again, orders) = script.run();
    assert_ne!(again, run);
    assert_eq!(orders[0].allow, BTreeSet::from([GuardName::Injection]));
    script.call(again, A, CallEvent::Finished(Box::new(execution(8, "fine"))));

    script.effects.clear();
    script.press("O");
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
    script.press("r");
    assert!(script.run().1[0].allow.is_empty(), "once is once");
}

#[test]
fn a_check_that_failed_is_told_below_the_answer() {
    let mut script = Script::open();
    script.press("r");
    let (run, _) = script.run();
    let mut execution = execution(7, "An answer");
    execution.checks = stopped().checks;
    script.call(run, A, CallEvent::Finished(Box::new(execution)));
    assert_eq!((script.word(A), script.shown(A)), ("done", "An answer".to_owned()));
    let output = script.state.pane(A).and_then(Pane::latest).expect("an output");
    assert_eq!(output.error.shown().trim_end(), "guard injection: risk 0.80 in `text`");
}
