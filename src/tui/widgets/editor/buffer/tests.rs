//! The buffer against scripts of edits.

use proptest::prelude::*;

use super::*;

fn typed(buffer: &mut Buffer, text: &str) {
    for grapheme in text.graphemes(true) {
        if grapheme == "\n" { buffer.new_line() } else { buffer.insert(grapheme) }
    }
}

#[test]
fn undo_goes_back_a_word_at_a_time() {
    let mut buffer = Buffer::default();
    typed(&mut buffer, "hello brave world");
    assert!(buffer.undo());
    assert_eq!(buffer.text(), "hello brave");
    assert!(buffer.undo());
    assert_eq!(buffer.text(), "hello");
    assert!(buffer.redo());
    assert_eq!(buffer.text(), "hello brave");
    typed(&mut buffer, "!");
    assert!(!buffer.redo(), "a new change ends what could be redone");
}

#[test]
fn a_paste_is_one_step_and_keeps_its_lines() {
    let mut buffer = Buffer::new("ab");
    buffer.go(Motion::Right, false);
    buffer.insert("1\r\n2\n3");
    assert_eq!(buffer.line_count(), 3);
    assert_eq!(buffer.cursor(), Position::new(2, 1));
    assert!(buffer.undo());
    assert_eq!(buffer.text(), "ab");
    assert!(!buffer.undo());
}

#[test]
fn line_ends_and_the_byte_order_mark_stay_as_they_were() {
    let source = "\u{feff}one\r\ntwo\nthree\r\n";
    let mut buffer = Buffer::new(source);
    assert_eq!(buffer.text(), source);
    buffer.place(Position::new(0, 3), false);
    buffer.new_line();
    typed(&mut buffer, "x");
    assert_eq!(buffer.text(), "\u{feff}one\r\nx\r\ntwo\nthree\r\n");
    while buffer.undo() {}
    assert_eq!(buffer.text(), source);
}

#[test]
fn graphemes_are_whole() {
    let mut buffer = Buffer::new("a👩‍👩‍👧e\u{301}");
    buffer.go(Motion::Right, false);
    buffer.go(Motion::Right, false);
    assert_eq!(buffer.cursor().byte, "a👩‍👩‍👧".len());
    buffer.delete(Motion::Left);
    assert_eq!(buffer.text(), "ae\u{301}");
    buffer.place(Position::new(0, 2), false);
    assert_eq!(buffer.cursor().byte, 1, "a place inside a grapheme moves to its start");
}

#[test]
fn words_are_walked_and_deleted() {
    let mut buffer = Buffer::new("fn main() {}");
    buffer.go(Motion::WordRight, false);
    assert_eq!(buffer.cursor().byte, 2);
    buffer.go(Motion::WordRight, false);
    assert_eq!(buffer.cursor().byte, 7);
    buffer.go(Motion::WordRight, true);
    assert_eq!(buffer.selected_text().as_deref(), Some("()"));
    buffer.go(Motion::LineEnd, false);
    buffer.delete(Motion::WordLeft);
    assert_eq!(buffer.text(), "fn main() ");
    buffer.delete(Motion::LineStart);
    assert_eq!(buffer.text(), "");
}

#[test]
fn typing_replaces_the_selection_in_one_step() {
    let mut buffer = Buffer::new("one two\nthree");
    buffer.go(Motion::WordRight, false);
    buffer.go(Motion::TextEnd, true);
    buffer.insert("X");
    assert_eq!(buffer.text(), "oneX");
    buffer.undo();
    assert_eq!(buffer.text(), "one two\nthree");
}

#[test]
fn lines_are_deleted_whole() {
    let mut buffer = Buffer::new("a\nb\nc");
    buffer.place(Position::new(1, 0), false);
    buffer.delete_lines();
    assert_eq!(buffer.text(), "a\nc");
    buffer.delete_lines();
    assert_eq!(buffer.text(), "a");
    buffer.delete_lines();
    assert_eq!(buffer.text(), "");
    assert_eq!(buffer.line_count(), 1);
}

#[test]
fn search_goes_round() {
    let mut buffer = Buffer::new("Alpha\nbeta\nalpha");
    assert!(buffer.find("alpha", false));
    assert_eq!(buffer.selection().map(|(from, _)| from), Some(Position::new(0, 0)));
    assert!(buffer.find("alpha", false));
    assert_eq!(buffer.selection().map(|(from, _)| from), Some(Position::new(2, 0)));
    assert!(buffer.find("alpha", false));
    assert_eq!(buffer.selection().map(|(from, _)| from), Some(Position::new(0, 0)));
    assert!(buffer.find("alpha", true));
    assert_eq!(buffer.selection().map(|(from, _)| from), Some(Position::new(2, 0)));
    assert!(!buffer.find("gamma", false));
    assert!(!buffer.find("", false));
    assert_eq!(buffer.count("gamma"), (0, 0));
    assert_eq!(buffer.count("alpha"), (2, 2));
    assert!(buffer.find("Alpha", false), "capitals matter where there are some");
    assert_eq!(buffer.selection().map(|(from, _)| from), Some(Position::new(0, 0)));
    assert_eq!((buffer.count("Alpha"), buffer.count("alpha")), ((1, 1), (1, 2)));
    let mut buffer = Buffer::new("aaaa ä Ä");
    let mut places = Vec::new();
    for _ in 0..3 {
        assert!(buffer.find("aa", false));
        places.extend(buffer.selection().map(|(from, _)| from.byte));
    }
    assert_eq!(places, [0, 2, 0], "without overlaps");
    assert_eq!(buffer.count("ä"), (0, 2));
}

#[derive(Clone, Debug)]
enum Step {
    Insert(String),
    Go(Motion, bool),
    Delete(Motion),
    NewLine,
    Lines,
    Undo,
    Redo,
    Place(usize, usize),
    Set(String),
}

fn motion() -> impl Strategy<Value = Motion> {
    prop_oneof![
        Just(Motion::Left),
        Just(Motion::Right),
        Just(Motion::WordLeft),
        Just(Motion::WordRight),
        Just(Motion::LineStart),
        Just(Motion::LineEnd),
        Just(Motion::TextStart),
        Just(Motion::TextEnd),
        Just(Motion::ParagraphUp),
        Just(Motion::ParagraphDown),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        "[ab é日\u{301}\r\n]{0,6}".prop_map(Step::Insert),
        (motion(), any::<bool>()).prop_map(|(motion, select)| Step::Go(motion, select)),
        motion().prop_map(Step::Delete),
        Just(Step::NewLine),
        Just(Step::Lines),
        Just(Step::Undo),
        Just(Step::Redo),
        (0_usize..6, 0_usize..12).prop_map(|(line, byte)| Step::Place(line, byte)),
        "[ab\n]{0,8}".prop_map(Step::Set),
    ]
}

proptest! {
    #[test]
    fn undoing_everything_gives_the_first_text_back(
        start in "[ab é日\r\n]{0,20}",
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut buffer = Buffer::new(&start);
        prop_assert_eq!(buffer.text(), start.clone());
        let mut lines = buffer.line_count();
        buffer.take_changes();
        for step in steps {
            match step {
                Step::Insert(text) => buffer.insert(&text),
                Step::Go(motion, select) => buffer.go(motion, select),
                Step::Delete(motion) => buffer.delete(motion),
                Step::NewLine => buffer.new_line(),
                Step::Lines => buffer.delete_lines(),
                Step::Undo => { buffer.undo(); }
                Step::Redo => { buffer.redo(); }
                Step::Place(line, byte) => buffer.place(Position::new(line, byte), false),
                Step::Set(text) => buffer.set_text(&text),
            }
            for change in buffer.take_changes() {
                prop_assert!(change.range.end <= lines);
                lines = lines - change.range.len() + change.now;
            }
            prop_assert_eq!(lines, buffer.line_count());
            let cursor = buffer.cursor();
            prop_assert!(buffer.line(cursor.line).is_char_boundary(cursor.byte));
        }
        let end = buffer.text();
        let mut undone = 0;
        while buffer.undo() { undone += 1; }
        prop_assert_eq!(buffer.text(), start);
        for _ in 0..undone { buffer.redo(); }
        prop_assert_eq!(buffer.text(), end);
    }
}
