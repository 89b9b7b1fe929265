//! The history: search, pages, reading, opening again.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::{
    model::{Attempt, GuardName, VariantSource},
    tui::{
        effect::CallSource,
        msg::{HistoryCursor, HistoryLine, HistoryPage},
        state::{DetailTab, Screen, areas},
    },
};

pub(super) fn line(number: u128) -> HistoryLine {
    HistoryLine {
        id: ExecutionId(Uuid::from_u128(number)),
        at: Timestamp::UNIX_EPOCH,
        template: Some(id("a/first")),
        version: None,
        variant: VariantName::A,
        model: model("demo/fast"),
        status: Status::Ok,
        error_kind: None,
        excerpt: format!("answer {number}\u{1b}[2J"),
        total_ms: Some(10),
        ttft_ms: Some(5),
        usage: Usage::default(),
        cost_usd: None,
        rating: None,
        cache: CacheState::Off,
    }
}

pub(super) fn page(numbers: std::ops::Range<u128>, more: bool) -> Answer {
    let next = more.then(|| HistoryCursor(Arc::new(())));
    Answer::History(Ok(HistoryPage { rows: numbers.map(line).collect(), next }))
}

pub(super) fn is_first_page(question: &Question) -> bool {
    matches!(question, Question::History { before: None, .. })
}

pub(super) fn is_execution(question: &Question) -> bool {
    matches!(question, Question::Execution(_))
}

/// The history in sight with some rows.
pub(super) fn shown(count: u128) -> Script {
    let mut script = Script::open();
    script.press("2");
    script.answer(is_first_page, page(0..count, false));
    script.effects.clear();
    script
}

#[test]
fn rows_are_asked_for_when_they_come_into_sight() {
    let mut script = shown(3);
    assert_eq!(script.state.history.rows().len(), 3);
    assert!(script.state.history.rows().iter().all(|row| !row.excerpt.contains('\u{1b}')));
    script.press("1 2");
    assert!(script.question(is_first_page).is_none(), "they are still those");
    script.press("1 r");
    let (run, _) = script.run();
    script.call(run, VariantName::A, CallEvent::Finished(Box::new(execution(9, ""))));
    script.press("2");
    assert!(script.question(is_first_page).is_some(), "something ended since");
}

#[test]
fn the_next_page_is_asked_for_before_the_end_and_once() {
    let mut script = Script::open();
    script.press("2");
    script.answer(is_first_page, page(0..100, true));
    script.effects.clear();
    script.press("down");
    assert!(script.effects.is_empty());
    script.press("G up down");
    let more = |it: &Question| matches!(it, Question::History { before: Some(_), .. });
    let asked = script
        .effects
        .iter()
        .filter(|it| matches!(it, Effect::Ask { question, .. } if more(question)))
        .count();
    assert_eq!(asked, 1);
    script.answer(more, page(100..150, false));
    assert_eq!(script.state.history.rows().len(), 150);
    assert_eq!(script.state.history.selected(), 99, "the selection stays");
}

/// The history with more rows than are read at once, the selection near their end.
fn long() -> Script {
    let mut script = Script::open();
    script.press("2");
    script.answer(is_first_page, page(0..1_200, true));
    script.press("G");
    script.effects.clear();
    script
}

fn selected(script: &Script) -> ExecutionId {
    script.state.history.selected_row().expect("a row").id
}

#[test]
fn reading_again_moves_nobody_beyond_what_is_read_at_once() {
    for (first, rows) in [(1, 1_199), (5, 1_195), (2_000, 1_200)] {
        let mut script = long();
        let before = selected(&script);
        script.act(Action::Reload);
        let limit = script.effects.iter().find_map(|effect| match effect {
            Effect::Ask { question: Question::History { before: None, limit, .. }, .. } => {
                Some(*limit)
            }
            _ => None,
        });
        assert_eq!(limit, Some(1_299), "down to the selection and a page further");
        script.answer(is_first_page, page(first..first + 1_000, true));
        assert_eq!(selected(&script), before);
        assert!(in_sight(&script).contains(&script.state.history.selected()));
        assert_eq!(script.state.history.rows().len(), rows, "none is there twice");
        assert!(script.state.history.has_more());
    }
}

#[test]
fn another_search_begins_at_the_top() {
    let mut script = long();
    script.press("/");
    script.typed("word");
    script.press("enter");
    script.answer(is_first_page, page(2_000..2_100, true));
    assert_eq!((script.state.history.selected(), script.state.history.rows().len()), (0, 100));
}

#[test]
fn an_execution_that_others_deleted_leaves_the_selection_where_it_is() {
    let mut script = shown(90);
    script.press("G up");
    script.act(Action::Reload);
    script.answer(is_first_page, page(0..60, false));
    assert_eq!(script.state.history.selected(), 59);
}

/// The rows of the list that are drawn.
fn in_sight(script: &Script) -> std::ops::Range<usize> {
    let rows = areas(&script.state).history.expect("in sight").rows;
    let first = script.state.history.first_row();
    first..first + usize::from(rows.height)
}

#[test]
fn the_selected_row_stays_in_sight_wherever_one_goes() {
    for size in [(40, 12), (80, 24), (120, 36), (200, 50)] {
        for filter in ["", "/", "/ m o d l e : x esc", "enter", "/ w enter enter"] {
            let mut script = shown(90);
            script.send(Msg::Resized { columns: size.0, rows: size.1 });
            script.state.history.filter.set(if filter.is_empty() { "" } else { "word" });
            if !filter.is_empty() {
                script.press(filter);
            }
            script.state.history.in_detail = false;
            for action in [
                Action::MoveToBottom,
                Action::PageUp,
                Action::MoveUp,
                Action::PageDown,
                Action::MoveToTop,
            ] {
                for _ in 0..3 {
                    script.act(action);
                    let selected = script.state.history.selected();
                    let rows = in_sight(&script);
                    assert!(
                        rows.contains(&selected),
                        "{selected} in {rows:?} at {size:?} {filter:?}"
                    );
                }
            }
            for _ in 0..40 {
                script.act(Action::MoveDown);
                let selected = script.state.history.selected();
                assert!(in_sight(&script).contains(&selected), "{selected} at {size:?} {filter:?}");
            }
            script.send(Msg::Resized { columns: 80, rows: 15 });
            assert!(in_sight(&script).contains(&script.state.history.selected()));
        }
    }
}

#[test]
fn an_execution_that_is_gone_to_is_in_sight() {
    let mut script = shown(90);
    let now = script.now();
    let mut step = crate::tui::update::Step::new(&mut script.state, now);
    step.read_execution(line(70).id);
    step.end();
    assert_eq!(script.state.history.selected(), 70);
    assert!(in_sight(&script).contains(&70));
}

#[test]
fn pages_of_a_long_answer_skip_no_row_and_reach_the_last() {
    for size in [(40, 12), (80, 24), (120, 36)] {
        for tab in DetailTab::ALL {
            let mut script = shown(1);
            script.send(Msg::Resized { columns: size.0, rows: size.1 });
            script.press("enter");
            let text =
                (0..200).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
            let mut past = execution(0, &text);
            past.messages = vec![Message::new(Role::User, text)];
            past.parameters.requested.insert("seed".to_owned(), json!(1));
            let many = (0..60).map(|number| (format!("tag{number}"), "word".repeat(9)));
            past.tags = many.collect();
            script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
            script.state.history.detail.as_mut().expect("open").showing = tab;
            script.act(Action::MoveToTop);
            let mut seen = 0;
            loop {
                let detail = script.state.history.detail.as_ref().expect("open");
                let rows = usize::from(areas(&script.state).detail.expect("in sight").body.height);
                let first = detail.first_row();
                assert!(rows > 0 && first <= seen, "rows {seen} to {first} are skipped, {size:?}");
                if first + rows <= seen {
                    break;
                }
                seen = first + rows;
                script.act(Action::PageDown);
            }
            let detail = script.state.history.detail.as_ref().expect("open");
            let all = match tab {
                DetailTab::Answer => detail.output.as_ref().expect("there").row_count(),
                DetailTab::Prompt => detail.prompt.as_ref().expect("there").row_count(),
                DetailTab::Record => detail.facts().len(),
            };
            assert!(seen >= all && all > 20, "{seen} of {all} rows are seen, {tab:?} {size:?}");
        }
    }
}

#[test]
fn an_attempt_of_another_model_names_it() {
    let mut script = shown(1);
    script.press("enter");
    let mut past = execution(0, "x");
    let attempt = |model| Attempt::new(&model, Timestamp::UNIX_EPOCH, 300, &Ok(()));
    let mut first = attempt(ModelRef::new("it", "other"));
    first.text = Some("no json".to_owned());
    past.attempts = vec![first, attempt(past.model_ref())];
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
    let detail = script.state.history.detail.as_ref().expect("open");
    let facts = detail.facts_as_text();
    assert!(facts.contains("it/other ok 300 ms, then ok 300 ms"), "{facts}");
    let prompt = detail.prompt.as_ref().expect("there").shown();
    assert!(prompt.contains("attempt 1: it/other ok 300 ms"), "{prompt}");
}

#[test]
fn words_that_are_found_are_brought_into_sight() {
    let mut script = shown(1);
    script.send(Msg::Resized { columns: 80, rows: 24 });
    script.press("enter");
    let text = (0..200).map(|number| format!("line {number}\n")).collect::<Vec<_>>().concat();
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, &text))))));
    for number in [9, 13, 17, 150, 199] {
        script.press("/");
        script.typed(&format!("line {number}"));
        script.press("enter");
        let rows = usize::from(areas(&script.state).detail.expect("in sight").body.height);
        let first = script.state.history.detail.as_ref().expect("open").first_row();
        assert!((first..first + rows).contains(&number), "{number} in {first} + {rows}");
    }
}

#[test]
fn a_filter_is_looked_for_once_it_rests() {
    let mut script = shown(3);
    script.press("/");
    script.typed("defect");
    assert!(script.question(is_first_page).is_none());
    script.wake();
    let fits = |it: &Question| matches!(it, Question::History { filter, .. } if filter.text() == Some("defect"));
    script.answer(fits, page(1..2, false));
    assert_eq!(script.state.history.applied, "defect");
    assert_eq!(script.state.history.rows().len(), 1);
    script.press("esc");
    assert!(
        script
            .question(|it| matches!(it, Question::History { filter, .. } if filter.is_empty()))
            .is_some()
    );
}

#[test]
fn an_execution_is_read_and_reading_follows_the_selection() {
    let mut script = shown(3);
    script.press("enter");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "the answer"))))));
    let detail = script.state.history.detail.as_ref().expect("read");
    assert_eq!(detail.output.as_ref().expect("there").text.shown(), "the answer");
    assert_eq!(detail.prompt.as_ref().expect("there").shown(), "user:\nSay hello");
    script.press("right");
    assert_eq!(script.state.history.detail.as_ref().map(|it| it.showing), Some(DetailTab::Prompt));
    script.press("tab down");
    assert!(
        script.question(|it| matches!(it, Question::Execution(it) if *it == line(1).id)).is_some()
    );
    script.press("esc");
    assert!(script.state.history.detail.is_none());
    script.press("esc");
    assert_eq!(script.state.screen, Screen::Workbench);
}

#[test]
fn an_execution_that_is_gone_says_so() {
    let mut script = shown(1);
    script.press("enter");
    script.answer(is_execution, Answer::Execution(Ok(None)));
    assert!(script.state.history.detail.as_ref().expect("open").error.is_some());
}

fn recalled(version: Option<&str>) -> Execution {
    let mut past = execution(0, "the answer");
    past.template = Some(id("a/first"));
    past.version = version.map(super::version);
    past.model = "careful".to_owned();
    past.parameters.requested.insert("temperature".to_owned(), json!(0.25));
    past
}

#[test]
fn opening_again_brings_inputs_model_parameters_and_answer() {
    let mut script = shown(1);
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert_eq!(script.state.screen, Screen::Workbench);
    assert_eq!(script.input("message"), Some(json!("from the past")));
    let pane = &script.state.panes[0];
    assert_eq!(pane.model, Some(model("demo/careful")));
    assert_eq!(pane.parameters.temperature, Some(0.25));
    assert_eq!(pane.source, VariantSource::Draft, "the text is that version");
    assert_eq!(script.shown(VariantName::A), "the answer");
}

#[test]
fn opening_again_runs_that_version_where_the_text_is_another() {
    let mut script = Script::open();
    script.press("i");
    script.typed("X");
    script.press("esc 2");
    script.answer(is_first_page, page(0..1, false));
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert_eq!(script.state.panes[0].source, VariantSource::Version(version("1.0.0")));
    assert!(script.text().starts_with('X'), "the draft is left alone");
}

#[test]
fn a_draft_of_the_past_is_said_to_be_one() {
    let mut script = shown(1);
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(None))))));
    assert!(script.status().contains("was a draft"));
}

#[test]
fn an_execution_of_another_template_opens_that_first() {
    let mut script = shown(1);
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "other"))))));
    script.answer_open(opened("b/second"));
    script.answer_analysis(analysis());
    assert_eq!(script.input("message"), Some(json!("from the past")));
    assert_eq!(script.shown(VariantName::A), "other");
}

#[test]
fn running_again_runs_as_soon_as_it_is_set_up() {
    let mut script = shown(1);
    script.press("r");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    let (_, calls) = script.run();
    assert_eq!(calls[0].model, Some(model("demo/careful")));
    assert_eq!(calls[0].inputs.get("message"), Some(&json!("from the past")));
    assert!(script.status().contains("word for word"), "{}", script.status());
    script.effects.clear();
    script.press("2 o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })), "only then");
}

#[test]
fn running_again_in_another_template_opens_it_and_needs_no_reading_of_it() {
    let mut script = shown(1);
    script.press("r");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "other"))))));
    script.answer_open(opened("b/second"));
    let (_, calls) = script.run();
    assert_eq!(calls[0].template, id("b/second"));
    assert_eq!(calls[0].inputs.get("message"), Some(&json!("from the past")));
}

#[test]
fn running_again_sends_what_was_sent_and_not_the_text_of_today() {
    let mut script = Script::open();
    script.press("i");
    script.typed("Another text. ");
    script.press("esc 2");
    script.answer(is_first_page, page(0..1, false));
    script.press("r");
    let mut past = recalled(None);
    past.messages = vec![Message::new(Role::User, "What was a draft then")];
    past.content_hash = Some(ContentHash::of(b"a draft that nobody kept"));
    let sent = past.messages.clone();
    let hash = past.content_hash.clone();
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
    let (run, calls) = script.run();
    let CallSource::Messages { messages, stamp } = &calls[0].source else { panic!("{calls:?}") };
    assert_eq!((messages, &stamp.content_hash), (&sent, &hash));
    assert_eq!((&stamp.template, &stamp.version), (&Some(id("a/first")), &None));
    assert_eq!(calls[0].parameters.temperature, Some(0.25));
    script.call(run, VariantName::A, CallEvent::Finished(Box::new(execution(5, "again"))));
    script.effects.clear();
    script.press("r");
    let (_, calls) = script.run();
    assert!(matches!(calls[0].source, CallSource::Messages { .. }), "and so does the next press");
    script.press("V enter r");
    let (_, calls) = script.run();
    assert!(
        matches!(&calls[0].source, CallSource::Text { text, .. } if text.starts_with("Another"))
    );
}

#[test]
fn what_was_redacted_is_not_sent_as_if_it_were_what_was_sent() {
    let mut script = shown(1);
    script.press("r");
    let mut past = recalled(Some("1.0.0"));
    past.messages = vec![Message::new(Role::User, "key [redacted:openai-key] it is")];
    past.redactions.add("openai-key");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past.clone())))));
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
    assert!(script.status().contains("cannot be sent again as it was; o opens it"));
    // An answer that was redacted says nothing about the prompt.
    past.messages = vec![Message::new(Role::User, "no key here")];
    script.press("r");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
    assert!(script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
}

#[test]
fn what_has_no_template_here_is_still_sent_again() {
    let mut script = shown(1);
    script.press("r");
    let mut past = execution(0, "x");
    past.template = None;
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
    let (_, calls) = script.run();
    let CallSource::Messages { stamp, .. } = &calls[0].source else { panic!("{calls:?}") };
    assert_eq!(stamp.template, None);
    assert_eq!(script.input("message"), Some(json!("hello")), "the inputs are the template's own");
}

#[test]
fn opening_again_empties_what_had_no_value_then() {
    let mut script = shown(1);
    let document = script.state.document.as_mut().expect("open");
    document.inputs.field_mut(1).expect("tone").editor.replace_all("angry");
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert_eq!(script.input("message"), Some(json!("from the past")));
    assert_eq!(script.input("tone"), None, "it was left open then");
}

#[test]
fn a_draft_is_known_again_by_its_content() {
    let mut script = shown(1);
    script.press("o");
    let mut past = recalled(None);
    past.content_hash = Some(ContentHash::of(TEXT.as_bytes()));
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(past)))));
    assert!(script.status().contains("set up as that execution was"), "{}", script.status());
}

#[test]
fn running_again_what_cannot_be_opened_leaves_nothing_behind() {
    let mut script = shown(1);
    script.press("r");
    let mut gone = execution(0, "x");
    gone.template = Some(id("gone"));
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(gone)))));
    assert!(script.status().contains("not in this workspace"));
    script.press("o");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert!(!script.effects.iter().any(|it| matches!(it, Effect::StartRun { .. })));
}

#[test]
fn conditions_are_understood_and_mistakes_are_told() {
    let mut script = shown(3);
    script.act(Action::Filter);
    script.typed("angry status:error");
    script.wake();
    let fits = |it: &Question| {
        matches!(it, Question::History { filter, .. }
            if filter.text() == Some("angry") && filter.query().status == Some(Status::Error))
    };
    assert!(script.question(fits).is_some());
    let rows = script.state.history.rows().len();
    script.typed(" ratng:3");
    script.wake();
    let problem = script.state.history.problem.clone().expect("told");
    assert!(problem.contains("rating"), "{problem}");
    assert_eq!(script.state.history.rows().len(), rows, "the rows before stay");
}

#[test]
fn an_execution_found_by_its_prompt_opens_there() {
    for (looked_for, tab) in [
        ("answer", DetailTab::Answer),
        ("HELLO", DetailTab::Prompt),
        ("hello answer", DetailTab::Answer),
        ("elsewhere", DetailTab::Answer),
    ] {
        let mut script = shown(3);
        script.press("/");
        script.typed(looked_for);
        script.press("enter");
        script.answer(is_first_page, page(0..3, false));
        script.press("enter");
        let mut found = execution(0, "the answer");
        found.id = script.state.history.rows()[0].id;
        script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(found)))));
        let showing = script.state.history.detail.as_ref().map(|detail| detail.showing);
        assert_eq!(showing, Some(tab), "{looked_for}");
    }
}

#[test]
fn an_execution_runs_again_on_another_model() {
    let mut script = shown(3);
    script.answer_models(&["demo/fast", "demo/careful"]);
    script.act(Action::PickModel);
    script.typed("careful");
    script.press("enter");
    let recalled = |it: &Question| matches!(it, Question::Execution(_));
    let id = script.state.history.rows()[0].id;
    let mut past = execution(1, "before");
    past.id = id;
    script.answer(recalled, Answer::Execution(Ok(Some(Box::new(past)))));
    script.answer_open(opened("b/second"));
    script.answer_analysis(analysis());
    let (_, orders) = script.run();
    assert_eq!(orders[0].model, Some(model("demo/careful")));
}

/// Somebody asks for an execution to be run again and goes on to the charts before it was read.
#[test]
fn an_answer_that_comes_late_moves_nobody_who_has_gone_elsewhere() {
    let mut script = shown(1);
    script.press("r 3");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "other"))))));
    script.answer_open(opened("b/second"));
    script.answer_analysis(analysis());
    let (_, calls) = script.run();
    assert_eq!(calls[0].template, id("b/second"), "what was asked for is done");
    assert_eq!(script.state.screen, Screen::Charts);
    assert!(script.status().contains("runs in the workbench"), "{}", script.status());
    // Back in the history, the next order leads to the workbench again.
    script.press("2 r");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "other"))))));
    assert_eq!(script.state.screen, Screen::Workbench);
}

#[test]
fn an_answer_that_comes_late_takes_nobody_out_of_typing() {
    let mut script = shown(1);
    script.press("o 1");
    script.focus(Focus::Editor);
    script.press("i");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(recalled(Some("1.0.0")))))));
    assert_eq!(script.state.panes[0].model, Some(model("demo/careful")), "it is set up");
    script.typed("X");
    assert!(script.text().starts_with('X'), "keys still type");
}

#[test]
fn a_comparison_that_comes_late_is_not_put_in_front() {
    let mut script = shown(3);
    script.act(Action::Compare);
    script.act(Action::MoveDown);
    script.act(Action::Compare);
    script.press("3");
    let two = (execution(1, "one word"), execution(2, "two words"));
    let pair = |it: &Question| matches!(it, Question::Pair(..));
    script.answer(pair, Answer::Pair(Ok(Box::new(two))));
    assert!(script.state.overlay().is_none());
}

#[test]
fn a_run_that_waited_for_its_template_moves_nobody_who_has_gone_elsewhere() {
    let mut script = Script::started();
    script.answer_library(&["a/first", "b/second"]);
    script.answer_open(opened("a/first"));
    script.press("r 2");
    script.answer(is_first_page, page(0..3, false));
    script.answer_analysis(Analysis { fields: Vec::new(), ..analysis() });
    script.run();
    assert_eq!(script.state.screen, Screen::History);
}

/// What a guard was to let pass for a run that was called off is not let pass for another one
/// that is run again from here.
#[test]
fn a_rerun_lets_no_guard_be_passed() {
    let mut script = shown(2);
    let allowed = BTreeSet::from([GuardName::Injection]);
    script.state.pane_mut(VariantName::A).expect("a pane").allow = allowed;
    script.act(Action::Rerun);
    let mut record = execution(0, "text");
    record.template = Some(id("a/first"));
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(record)))));
    let (_, orders) = script.run();
    assert!(orders[0].allow.is_empty(), "its guards hold");
}
