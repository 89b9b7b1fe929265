//! What is done to executions of the history: deleted, rated, tagged, compared, written to a file.

use super::{
    history::{is_execution, is_first_page, line, shown},
    *,
};
use crate::tui::msg::DeletedExecutions;

#[test]
fn a_deletion_can_be_taken_back() {
    let mut script = shown(3);
    script.press("down D");
    let is_delete = |it: &Question| matches!(it, Question::Delete(ids) if *ids == [line(1).id]);
    let deleted = DeletedExecutions { count: 1, undo: Arc::new(()) };
    script.answer(is_delete, Answer::Deleted(Ok(deleted)));
    assert_eq!(script.state.history.rows().len(), 2);
    script.press("u");
    script.answer(|it| matches!(it, Question::Restore(_)), Answer::Restored(Ok(1)));
    assert!(script.question(is_first_page).is_some(), "and read again");
    script.press("u");
    assert!(script.status().contains("no deletion"));
}

#[test]
fn a_rating_shows_in_the_list() {
    let mut script = shown(1);
    script.press("enter");
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(execution(0, "good"))))));
    script.press("alt-5");
    assert_eq!(script.state.history.rows()[0].rating, Some(5));
}

#[test]
fn two_executions_are_compared() {
    let mut script = shown(3);
    script.act(Action::Compare);
    let first = script.state.history.marked.expect("marked");
    script.act(Action::Compare);
    assert_eq!(script.state.history.marked, None, "the same one again takes the mark away");
    script.act(Action::Compare);
    script.act(Action::MoveDown);
    script.act(Action::Compare);
    let pair =
        |it: &Question| matches!(it, Question::Pair(one, other) if *one == first && other != one);
    assert!(script.question(pair).is_some());
    let two = (execution(1, "one word"), execution(2, "two words"));
    script.answer(pair, Answer::Pair(Ok(Box::new(two))));
    assert!(matches!(script.state.overlay(), Some(crate::tui::state::Overlay::Diff(_))));
}

#[test]
fn tags_are_words_or_pairs() {
    let mut script = shown(3);
    let id = script.state.history.rows()[0].id;
    script.act(Action::AddTag);
    script.typed("two words");
    script.press("enter");
    assert!(script.state.overlay().is_some(), "it stays and says why");
    script.press("ctrl-u");
    script.typed("case=angry");
    script.press("enter");
    assert!(script.state.overlay().is_none());
    let known = Execution { id, ..execution(0, "x") };
    script.answer(is_execution, Answer::Execution(Ok(Some(Box::new(known)))));
    let kept = Keep::Tag { execution: id, key: "case".to_owned(), value: Some("angry".to_owned()) };
    assert!(script.kept().contains(&&kept));
}

#[test]
fn the_list_is_rated_where_it_is_selected() {
    let mut script = shown(3);
    let id = script.state.history.rows()[0].id;
    script.act(Action::Rate4);
    assert!(script.kept().contains(&&Keep::Rating { execution: id, rating: Some(4) }));
    assert_eq!(script.state.history.rows()[0].rating, Some(4));
    script.act(Action::Rate4);
    assert_eq!(script.state.history.rows()[0].rating, None, "again takes it back");
}

/// An Esc and a digit that arrive together are a key that rates.
#[test]
fn a_rating_by_mistake_is_taken_back_step_by_step() {
    let mut script = shown(3);
    script.act(Action::Rate5);
    script.act(Action::Rate3);
    assert!(script.status().contains("5 before"), "{}", script.status());
    let id = script.state.history.rows()[0].id;
    for before in [Some(5), None] {
        script.act(Action::BringBack);
        assert_eq!(script.state.history.rows()[0].rating, before);
        assert!(script.kept().contains(&&Keep::Rating { execution: id, rating: before }));
    }
    script.act(Action::BringBack);
    assert!(script.status().contains("Nothing was deleted"), "{}", script.status());
}

#[test]
fn what_is_listed_is_written_to_a_file() {
    let mut script = shown(3);
    script.act(Action::Export);
    script.press("ctrl-u");
    script.typed("out.txt");
    script.press("enter");
    assert!(script.state.overlay().is_some(), "the ending says no form");
    script.press("ctrl-u");
    script.typed("out.csv");
    script.press("enter");
    let fits = |it: &Question| matches!(it, Question::Export { path, .. } if path == "out.csv");
    let id = script.question(fits).expect("it is written");
    script.send(Msg::Progress { id, done: 500 });
    assert_eq!(script.state.exported, Some(500));
    script.send(Msg::Progress { id: RequestId(9_999), done: 700 });
    assert_eq!(script.state.exported, Some(500), "of another question");
    script.answer(fits, Answer::Exported(Ok((2, "/home/out.csv".to_owned()))));
    assert!(script.status().contains("2 executions written to /home/out.csv"));
    assert_eq!(script.state.exported, None);
}
