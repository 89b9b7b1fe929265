//! What stands in front: palette, models, parameters, texts to read.

use super::*;
use crate::{
    model::{GenerationParameters, Parameter},
    tui::{
        msg::{Finding, Notice, ParameterPlan, Severity},
        state::Overlay,
    },
};

const A: VariantName = VariantName::A;

#[test]
fn the_palette_finds_and_runs_any_action() {
    let mut script = Script::open();
    script.press(":");
    let Some(Overlay::Palette(palette)) = script.state.overlay() else { panic!("no palette") };
    assert_eq!(palette.picker.matches.len(), Action::ALL.len());
    script.typed("run-all");
    script.press("enter");
    assert!(script.state.overlay().is_none());
    assert_eq!(script.run().1.len(), 1);
}

/// Picks an action in the palette.
fn pick(script: &mut Script, action: Action) {
    script.act(Action::Palette);
    let place = Action::ALL.iter().position(|it| *it == action).expect("listed");
    let Some(Overlay::Palette(palette)) = script.state.overlays.last_mut() else {
        panic!("no palette")
    };
    palette.picker.selected = place;
    script.press("enter");
}

/// The state but for what a look at the palette leaves behind.
fn without_time(state: &State) -> String {
    let mut state = state.clone();
    state.pending = crate::tui::state::Pending::default();
    format!("{state:?}")
}

#[test]
fn every_action_is_reached_by_the_palette_and_does_something_or_says_where_it_does() {
    // Where there is nowhere further to go, and one is there already.
    let idle_there = |action: Action, screen: Action| {
        action == screen
            || action.moves()
            || matches!(
                action,
                Action::MoveToTop
                    | Action::MoveToBottom
                    | Action::Escape
                    | Action::RowStart
                    | Action::RowEnd
                    | Action::NextPane
                    | Action::PreviousPane
            )
    };
    let mut silent = Vec::new();
    for screen in [Action::GoToWorkbench, Action::GoToHistory, Action::GoToCharts] {
        for focus in [Focus::Library, Focus::Editor, Focus::Inputs, Focus::Output(A)] {
            let mut open = Script::open();
            open.press("f r");
            let (run, _) = open.run();
            open.call(run, VariantName::B, CallEvent::Finished(Box::new(execution(3, "one"))));
            let document = open.state.document.as_mut().expect("open");
            let left = Command::Go { motion: Motion::Left, select: false };
            document.editor.apply(&Command::Rows { by: 1, select: false });
            document.editor.apply(&Command::Go { motion: Motion::Right, select: false });
            document.inputs.field_mut(0).expect("a field").editor.apply(&left);
            open.focus(focus);
            open.act(screen);
            for action in Action::ALL {
                let mut script = open.fork();
                let before = without_time(&script.state);
                pick(&mut script, *action);
                let answered = !script.deeds().is_empty() || without_time(&script.state) != before;
                if !answered && !idle_there(*action, screen) {
                    silent.push((*action, screen, focus));
                }
            }
        }
    }
    assert_eq!(silent, [], "these do nothing and say nothing");
}

#[test]
fn what_changes_a_text_is_picked_for_the_text_in_focus() {
    let mut script = Script::open();
    pick(&mut script, Action::DeleteWordForward);
    assert!(!script.text().starts_with("---\n"), "{}", script.text());
    let mut script = Script::open();
    script.focus(Focus::Inputs);
    pick(&mut script, Action::SelectAll);
    pick(&mut script, Action::DeleteBack);
    assert_eq!(script.input("message"), None);
    let mut script = Script::open();
    script.focus(Focus::Output(A));
    pick(&mut script, Action::DeleteBack);
    assert!(script.status().contains("works in: typing, filter"), "{}", script.status());
    pick(&mut script, Action::MarkVersion);
    assert!(script.status().contains("works in: versions"), "{}", script.status());
}

#[test]
fn what_deletes_by_name_deletes_only_what_is_seen() {
    let mut script = Script::open();
    script.press("2");
    let first = |it: &Question| matches!(it, Question::History { .. });
    script.answer(first, history::page(0..3, false));
    script.press("1");
    script.effects.clear();
    pick(&mut script, Action::Delete);
    assert!(script.question(|it| matches!(it, Question::Delete(_))).is_none());
    assert!(script.status().contains("in the history"), "{}", script.status());
}

#[test]
fn the_palette_says_when_nothing_matches_and_closes() {
    let mut script = Script::open();
    script.press(":");
    script.typed("zzzzzz");
    script.press("enter");
    assert!(script.status().contains("No action"));
    script.press("esc");
    assert!(script.state.overlay().is_none());
}

#[test]
fn every_action_can_be_asked_for_anywhere() {
    // Whatever is in front or in focus, nothing breaks and the state stays drawable.
    let openings: [&[Action]; 12] = [
        &[],
        &[Action::GoToHistory],
        &[Action::Palette],
        &[Action::Help],
        &[Action::Messages],
        &[Action::PickModel],
        &[Action::EditParameters],
        &[Action::Versions],
        &[Action::PickVersion],
        &[Action::Preview],
        &[Action::Filter],
        &[Action::InsertMode],
    ];
    for opening in openings {
        for focus in [Focus::Library, Focus::Editor, Focus::Inputs, Focus::Output(A)] {
            for action in Action::ALL {
                let mut script = Script::open();
                script.focus(focus);
                for action in opening {
                    script.act(*action);
                }
                script.act(*action);
                script.send(Msg::Resized { columns: 80, rows: 24 });
                assert!(script.state.pane(script.state.variant()).is_some(), "{action:?}");
            }
        }
    }
}

#[test]
fn a_model_is_picked_and_picking_it_again_takes_it_back() {
    let mut script = Script::open();
    script.answer_models(&["demo/fast", "demo/careful", "openai/gpt-5"]);
    script.press("m");
    script.typed("care");
    script.press("enter");
    let picked = |script: &Script| script.state.panes[0].model.clone();
    assert_eq!(picked(&script), Some(model("demo/careful")));
    assert!(script.question(|it| matches!(it, Question::Plan { .. })).is_some());
    assert!(script.question(|it| matches!(it, Question::Analyse { model: Some(it), .. } if *it == model("demo/careful"))).is_some());
    script.press("m enter");
    assert_eq!(picked(&script), None, "the list opens on the present model");
}

#[test]
fn the_list_looks_for_models_again_and_keeps_what_is_selected() {
    let mut script = Script::open();
    script.answer_models(&["demo/fast", "demo/careful"]);
    script.press("m down");
    let more = ["local/new", "demo/fast", "demo/careful"].map(choice).to_vec();
    script.answer(|it| matches!(it, Question::LookForModels), Answer::Models(more));
    let Some(Overlay::Models(list)) = script.state.overlay() else { panic!("a list") };
    let chosen = list.picker.chosen().and_then(|place| script.state.models.get(place));
    assert_eq!(chosen.map(|it| &it.model), Some(&model("demo/careful")));
    assert_eq!(list.picker.matches.len(), 3);
}

#[test]
fn a_model_no_list_knows_can_be_named_in_full() {
    let mut script = Script::open();
    script.answer_models(&["demo/fast"]);
    script.press("m");
    script.typed("router/meta/llama");
    script.press("enter");
    assert_eq!(script.state.panes[0].model, Some(model("router/meta/llama")));
    script.press("m");
    script.typed("xyzzy");
    script.press("enter");
    assert!(matches!(script.state.overlay(), Some(Overlay::Models(_))), "still open");
    assert!(script.status().contains("does not name a model"));
}

#[test]
fn parameters_are_checked_as_they_are_typed_and_refused_ones_say_why() {
    let mut script = Script::open();
    script.press("t");
    script.typed("9");
    let form = |script: &Script| match script.state.overlay() {
        Some(Overlay::Parameters(form)) => form.clone(),
        other => panic!("{other:?}"),
    };
    assert!(form(&script).rows[0].error.is_some(), "0 to 2");
    script.press("enter");
    assert!(script.state.overlay().is_some(), "not taken");
    script.press("backspace");
    script.typed("0.3");
    script.press("tab");
    let plan = ParameterPlan { refused: vec![(Parameter::TopP, "fixed at 1".to_owned())] };
    script.answer(|it| matches!(it, Question::Plan { .. }), Answer::Planned(Ok(plan)));
    assert_eq!(form(&script).rows[1].refused.as_deref(), Some("fixed at 1"));
    script.press("enter");
    let expected =
        GenerationParameters { temperature: Some(0.3), ..GenerationParameters::default() };
    assert_eq!(script.state.panes[0].parameters, expected);
    assert!(script.state.overlay().is_none());
}

#[test]
fn the_form_shows_what_the_template_says() {
    let mut script = Script::open();
    let mut analysed = analysis();
    analysed.generation.temperature = Some(0.7);
    script.press("i");
    script.typed(" ");
    script.press("esc");
    script.wake();
    script.answer_analysis(analysed);
    script.press("t");
    let Some(Overlay::Parameters(form)) = script.state.overlay() else { panic!("no form") };
    assert_eq!(form.rows[0].inherited.as_deref(), Some("0.7"));
    assert!(form.rows[0].input.is_empty());
}

#[test]
fn the_preview_shows_and_copies_the_rendered_messages() {
    let mut script = Script::open();
    script.press("p");
    let Some(Overlay::Preview(reading)) = script.state.overlay() else { panic!("no preview") };
    assert_eq!(reading.text.shown(), "user:\nSay hello");
    script.press("y");
    assert!(
        script
            .question(|it| matches!(it, Question::Copy(text) if text == "user:\nSay hello"))
            .is_some()
    );
}

#[test]
fn what_is_read_in_front_is_what_is_copied() {
    let copied = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Ask { question: Question::Copy(text), .. } => Some(text.clone()),
            _ => None,
        })
    };
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc d y");
    let text = copied(&script).expect("the difference");
    assert!(text.starts_with("--- file\n+++ draft\n"), "{text}");
    script.press("esc ? y");
    let text = copied(&script).expect("the help");
    assert!(text.contains("Run all variants side by side."), "{text}");
    script.press("esc");
    script.send(Msg::Notice(Notice {
        severity: Severity::Error,
        text: "the disk is full".to_owned(),
        hint: Some("make room".to_owned()),
    }));
    script.press("! y");
    let text = copied(&script).expect("the messages");
    assert!(text.contains("the disk is full") && text.contains("make room"), "{text}");
}

#[test]
fn help_is_of_what_has_the_keys() {
    use crate::tui::keymap::Context;
    let of = |script: &Script| match script.state.overlay() {
        Some(Overlay::Help(help)) => help.context(),
        other => panic!("{other:?}"),
    };
    // Keys, and the one that asks for help there: a letter where letters act.
    for (keys, ask, context) in [
        ("", "?", Context::Editor),
        ("i", "f1", Context::Text),
        ("/", "f1", Context::Line),
        (":", "f1", Context::Picker),
        ("m", "f1", Context::Picker),
        ("t", "f1", Context::Form),
        ("v", "?", Context::Versions),
        ("p", "?", Context::Reading),
        ("2", "?", Context::History),
        ("3 shift-tab", "?", Context::ChartTable),
    ] {
        let mut script = Script::open();
        if !keys.is_empty() {
            script.press(keys);
        }
        let before = script.state.overlays.len();
        script.press(ask);
        assert_eq!(of(&script), context, "{keys}");
        script.press("tab");
        assert_ne!(of(&script), context, "the next place");
        script.press("esc");
        assert_eq!(script.state.overlays.len(), before, "{keys}: back to what was there");
    }
    let mut script = Script::open();
    script.act(Action::TrustWorkspace);
    script.press("?");
    assert_eq!(of(&script), Context::Question);
    script.press("? n");
    assert!(script.state.overlay().is_none(), "the question is still answered");
}

#[test]
fn a_prompt_that_does_not_render_says_where() {
    let mut script = Script::open();
    script.press("i");
    script.typed("{{");
    script.press("esc");
    script.wake();
    let finding = Finding {
        severity: crate::prompt::Severity::Error,
        file: None,
        code: "syntax",
        line: 4,
        column: 1,
        message: "unclosed".to_owned(),
    };
    script.answer_analysis(Analysis { findings: vec![finding], ..Analysis::default() });
    script.press("p");
    assert!(script.state.overlay().is_none());
    assert!(script.status().contains("line 4: unclosed"));
}

#[test]
fn two_answers_are_compared_and_one_with_the_one_before() {
    let mut script = Script::open();
    script.focus(Focus::Output(A));
    script.press("d");
    assert!(script.status().contains("Two answers"));
    for (number, text) in [(1, "one two"), (2, "one three")] {
        script.press("r");
        let (run, _) = script.run();
        script.call(run, A, CallEvent::Finished(Box::new(execution(number, text))));
    }
    script.press("d");
    let Some(Overlay::Diff(view)) = script.state.overlay() else { panic!("no difference") };
    assert_eq!(view.titles, ("A before".to_owned(), "A".to_owned()));
    script.press("esc f r");
    let (run, _) = script.run();
    script.call(run, VariantName::B, CallEvent::Finished(Box::new(execution(3, "other"))));
    script.press("d");
    let Some(Overlay::Diff(view)) = script.state.overlay() else { panic!("no difference") };
    assert_eq!(view.titles, ("B".to_owned(), "A".to_owned()));
}

/// What is still being written is called so, and the difference is made anew once it is whole.
#[test]
fn a_difference_follows_an_answer_to_its_end() {
    let mut script = Script::open();
    script.press("f");
    let mut runs = Vec::new();
    for variant in [A, VariantName::B] {
        script.focus(Focus::Output(variant));
        script.press("r");
        runs.push(script.run().0);
    }
    script.call(runs[0], A, CallEvent::Finished(Box::new(execution(1, "one two"))));
    let delta = CallEvent::Delta {
        text: "one".to_owned(),
        reasoning: String::new(),
        refusal: String::new(),
        at: Duration::from_millis(1),
    };
    script.call(runs[1], VariantName::B, delta);
    script.focus(Focus::Output(A));
    script.press("d");
    let seen = |script: &Script| match script.state.overlay() {
        Some(Overlay::Diff(view)) => (view.titles.1.clone(), view.as_text()),
        other => panic!("no difference: {other:?}"),
    };
    assert_eq!(seen(&script).0, "B so far");
    script.call(runs[1], VariantName::B, CallEvent::Finished(Box::new(execution(2, "one three"))));
    let (name, text) = seen(&script);
    assert_eq!(name, "B");
    assert!(text.contains("{+three+}"), "{text}");
}

#[test]
fn the_draft_is_compared_with_the_file() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc d");
    let Some(Overlay::Diff(view)) = script.state.overlay() else { panic!("no difference") };
    assert_eq!(view.titles, ("file".to_owned(), "draft".to_owned()));
}

#[test]
fn one_key_goes_from_the_draft_to_the_answers_and_back() {
    let mut script = Script::open();
    let titles = |script: &Script| match script.state.overlay() {
        Some(Overlay::Diff(view)) => view.titles.clone(),
        other => panic!("no difference: {other:?}"),
    };
    script.press("i");
    script.typed("X");
    script.press("esc d d");
    assert_eq!(titles(&script).1, "draft", "there are no answers yet");
    script.press("esc f");
    for (number, variant, text) in [(1, A, "one two"), (2, VariantName::B, "one three")] {
        script.focus(Focus::Output(variant));
        script.press("r");
        let (run, _) = script.run();
        script.call(run, variant, CallEvent::Finished(Box::new(execution(number, text))));
    }
    script.focus(Focus::Editor);
    script.press("d");
    assert_eq!(titles(&script), ("file".to_owned(), "draft".to_owned()));
    script.press("d");
    assert_eq!(titles(&script), ("B".to_owned(), "A".to_owned()));
    script.press("d");
    assert_eq!(titles(&script), ("file".to_owned(), "draft".to_owned()));
    script.press("esc");
    assert!(script.state.overlay().is_none(), "there is one difference at a time");
}

#[test]
fn a_call_that_failed_is_no_answer_to_compare() {
    let mut script = Script::open();
    script.press("f");
    for variant in [A, VariantName::B] {
        script.focus(Focus::Output(variant));
        script.press("r");
        let (run, _) = script.run();
        let text = if variant == A { "" } else { "one" };
        script.call(run, variant, CallEvent::Finished(Box::new(execution(1, text))));
    }
    script.focus(Focus::Output(A));
    script.press("d");
    assert!(script.state.overlay().is_none());
    assert_eq!(script.status(), "A has no answer to compare");
}

#[test]
fn notices_reach_status_and_log_without_escapes() {
    let mut script = Script::open();
    script.send(Msg::Notice(Notice {
        severity: Severity::Warning,
        text: "bad \u{1b}]0;title\u{7} name".to_owned(),
        hint: None,
    }));
    assert!(!script.status().contains('\u{1b}') && script.status().contains("bad"));
    assert_eq!(script.state.notices.log().count(), 1);
    script.press("!");
    assert!(matches!(script.state.overlay(), Some(Overlay::Log(_))));
}

type Asks = fn(&Question) -> bool;

/// Whatever fails, and however little it says of it: what to do next stands beside it.
#[test]
fn every_failure_says_what_to_do_next() {
    use crate::{
        model::ErrorKind,
        tui::msg::{Fault, SaveFault},
    };
    let hint = |script: &Script, what: &str| {
        let notice = script.state.notices.current().unwrap_or_else(|| panic!("{what} is not told"));
        assert_eq!(notice.severity, Severity::Error, "{what}");
        let hint = notice.hint.clone().unwrap_or_else(|| panic!("{what} has no hint"));
        assert!(!hint.contains('{'), "{what}: {hint}");
    };
    let fault = || Fault::new("it broke");
    let asks: [(&str, Asks, Answer); 12] = [
        ("alt-l", |it| matches!(it, Question::Library), Answer::Library(Err(fault()))),
        ("alt-l", |it| matches!(it, Question::Open(_)), Answer::Opened(Err(fault()))),
        ("v", |it| matches!(it, Question::Versions(_)), Answer::Versions(Err(fault()))),
        ("2", |it| matches!(it, Question::History { .. }), Answer::History(Err(fault()))),
        ("3", |it| matches!(it, Question::Charts(_)), Answer::Charts(Err(fault()))),
        ("I", |it| matches!(it, Question::InputSets(_)), Answer::InputSets(Err(fault()))),
        ("y", |it| matches!(it, Question::Copy(_)), Answer::Copied(Err(fault()))),
        ("e", |it| matches!(it, Question::Edit { .. }), Answer::Edited(Err(fault()))),
        ("t", |it| matches!(it, Question::Plan { .. }), Answer::Planned(Err(fault()))),
        ("alt-s y", |it| matches!(it, Question::Trust), Answer::Trusted(Err(fault()))),
        (
            "i X esc s enter",
            |it| matches!(it, Question::Save { .. }),
            Answer::Saved(Err(SaveFault::Failed(fault()))),
        ),
        ("v b", |it| matches!(it, Question::Versions(_)), Answer::Versions(Err(fault()))),
    ];
    for (keys, fits, answer) in asks {
        let mut script = Script::open();
        script.press(keys);
        script.answer(fits, answer);
        hint(&script, keys);
    }
    for kind in ErrorKind::ALL.iter().filter(|kind| **kind != ErrorKind::Cancelled) {
        let mut script = Script::open();
        script.press("r");
        let (run, _) = script.run();
        let error = crate::model::CallError::new(*kind, "it broke");
        script.call(run, A, CallEvent::Refused(error));
        hint(&script, kind.as_str());
        let pane = script.state.pane(A).and_then(crate::tui::state::Pane::shown).expect("there");
        assert!(pane.error.shown().contains('\n'), "the pane says it too: {}", pane.error.shown());
    }
    let told = Fault::told(&"the folder is not writable; choose another one");
    assert_eq!(told.hint.as_deref(), Some("choose another one"));
}

#[test]
fn what_is_told_goes_by_itself_and_what_failed_stays() {
    let notice =
        |severity, text: &str| Msg::Notice(Notice { severity, text: text.to_owned(), hint: None });
    let mut script = Script::open();
    script.send(notice(Severity::Information, "saved"));
    script.outlast_notice();
    assert_eq!(script.status(), "");
    assert_eq!(script.state.notices.log().count(), 1, "the log has it");
    script.effects.clear();
    script.send(Msg::Focused(true));
    assert!(script.deeds().is_empty() && script.effects.is_empty(), "nothing wakes up any more");
    script.send(notice(Severity::Information, "one"));
    let first = script.scheduled(|_| true).expect("it goes by itself");
    script.send(notice(Severity::Warning, "two"));
    script.send(Msg::Timer(first));
    assert_eq!(script.status(), "two", "the time of the one before is not that of the next");
    script.outlast_notice();
    assert_eq!(script.status(), "");
    script.effects.clear();
    script.send(notice(Severity::Warning, "three"));
    script.send(notice(Severity::Error, "broken"));
    script.outlast_notice();
    assert_eq!(script.status(), "broken", "it is put away by hand");
    script.press("esc");
    assert_eq!(script.status(), "");
    script.send(notice(Severity::Error, "broken"));
    script.press("r");
    assert_eq!(script.status(), "", "a new run is past it");
}

#[test]
fn the_mouse_is_listened_to_only_when_asked_for() {
    let mut script = Script::open();
    script.press("alt-m");
    assert!(matches!(script.deeds().as_slice(), [Effect::Mouse(true)]));
    script.press("alt-m ctrl-l ctrl-z");
    assert!(matches!(
        script.deeds().as_slice(),
        [_, Effect::Mouse(false), Effect::Repaint, Effect::Suspend]
    ));
}

#[test]
fn themes_are_seen_while_one_goes_through_them() {
    use crate::tui::theme::Theme;
    let mut script = Script::open();
    script.act(Action::PickTheme);
    let asked = |it: &Question| matches!(it, Question::Themes);
    let themes = ["default", "moss", "paper"].map(|name| Theme::mono().named(name));
    script.answer(asked, Answer::Themes(themes.to_vec(), vec!["broken.toml: 1:1".to_owned()]));
    assert!(script.status().contains("broken.toml"));
    let worn = |script: &Script| {
        script.effects.iter().rev().find_map(|effect| match effect {
            Effect::Wear(theme) => Some(theme.name().to_owned()),
            _ => None,
        })
    };
    script.act(Action::MoveDown);
    assert_eq!(worn(&script).as_deref(), Some("moss"));
    script.act(Action::Escape);
    assert_eq!(worn(&script).as_deref(), Some("default"), "Esc takes it back");
    script.act(Action::PickTheme);
    script.typed("paper");
    script.press("enter");
    assert_eq!(worn(&script).as_deref(), Some("paper"));
    let kept = Keep::Setting { name: crate::tui::update::THEME, value: json!("paper") };
    assert!(script.kept().contains(&&kept));
}

#[test]
fn the_card_goes_with_the_first_key_which_acts() {
    let mut script = Script::open();
    script.state.welcome = true;
    script.press("R");
    assert!(!script.state.welcome);
    let kept = Keep::Setting { name: crate::tui::update::WELCOMED, value: json!(true) };
    assert!(script.kept().contains(&&kept));
    assert!(script.effects.iter().any(|effect| matches!(effect, Effect::StartRun { .. })));
}

/// Every action changes what is shown, asks something, or says why it does not, in at least one
/// of the places where it works.
#[test]
fn every_action_answers_somewhere() {
    let openings: [&[Action]; 9] = [
        &[],
        &[Action::InsertMode],
        &[Action::TrustWorkspace],
        &[Action::GoToHistory],
        &[Action::GoToHistory, Action::Accept],
        &[Action::GoToCharts],
        &[Action::Versions],
        &[Action::Palette],
        &[Action::Preview],
    ];
    let mut silent = Vec::new();
    for action in Action::ALL {
        let answers = openings.iter().any(|opening| {
            [Focus::Library, Focus::Editor, Focus::Inputs, Focus::Output(A)].into_iter().any(
                |focus| {
                    let mut script = Script::open();
                    script.act(Action::Fork);
                    script.focus(focus);
                    for action in *opening {
                        script.act(*action);
                    }
                    let down = Command::Rows { by: 3, select: false };
                    if let Some(document) = &mut script.state.document {
                        document.editor.apply(&down);
                    }
                    let now = script.now();
                    script.effects.clear();
                    let before = format!("{:?}", script.state);
                    let effects = act_as_key(&mut script.state, *action, now);
                    !effects.is_empty() || format!("{:?}", script.state) != before
                },
            )
        });
        if !answers {
            silent.push(action.as_str());
        }
    }
    assert_eq!(silent, Vec::<&str>::new(), "these do nothing anywhere");
}

/// As if the action's key had been pressed: into the text where it types.
fn act_as_key(state: &mut State, action: Action, now: Now) -> Vec<Effect> {
    let mut step = crate::tui::update::Step::new(state, now);
    step.act_selecting(action, false);
    step.end()
}

#[test]
fn the_selected_row_of_a_list_stays_in_sight_in_a_terminal_that_changes() {
    let in_sight = |script: &Script| {
        let height = usize::from(crate::tui::state::front_area(&script.state).rows.height);
        let Some(Overlay::Palette(palette)) = script.state.overlay() else { panic!("gone") };
        let picker = &palette.picker;
        let first = picker.scroll.first(picker.matches.len(), height);
        (first..first + height).contains(&picker.selected)
    };
    let mut script = Script::open();
    script.press(":");
    for size in [(120, 36), (40, 12), (200, 50), (80, 24), (40, 12)] {
        script.send(Msg::Resized { columns: size.0, rows: size.1 });
        assert!(in_sight(&script), "{size:?}");
        for action in [Action::MoveToBottom, Action::PageUp, Action::MoveUp, Action::PageDown] {
            script.act(action);
            assert!(in_sight(&script), "{action:?} at {size:?}");
        }
    }
}
