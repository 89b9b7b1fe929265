//! What people do, from the first key to the last.

use super::{Home, Whole, script};
use crate::{
    model::{Status, VariantName},
    tui::runtime::Ended,
};

/// Presses `R` and waits until so many answers are there.
async fn run_all(whole: &Whole, count: usize) {
    whole.press("R").await;
    whole.until_that("running", |screen| !screen.contains("done ")).await;
    done(whole, count).await;
}

async fn done(whole: &Whole, count: usize) {
    whole.until_that("answers", |screen| screen.matches("done ").count() == count).await;
}

fn edited_run_saved_and_rolled_back(size: (u16, u16)) {
    script(async || {
        let home = Home::new();
        let whole = Whole::start(&home, size, &[]).await;
        whole.until("Classify the").await;
        whole.press("f").await;
        whole.until(" B ").await;
        run_all(&whole, 2).await;

        // Into the editor, and to the end of its text.
        whole.focus_where("i type").await;
        whole.press("i ctrl-end").await;
        whole.type_text("Answer shortly.").await;
        whole.until("+ draft").await;
        whole.press("esc").await;
        run_all(&whole, 2).await;

        whole.press("s").await;
        whole.until("Save as a version").await;
        whole.press("tab").await;
        whole.type_text("shorter").await;
        whole.press("enter").await;
        whole.until_that("the save", |_| home.read("prompts/mood.prompty").contains("1.1.0")).await;
        assert!(home.read("prompts/mood.prompty").ends_with("Answer shortly."));

        whole.press("v").await;
        whole.until("Versions of").await;
        whole.until("shorter").await;
        whole.press("down b").await;
        whole.until_that("1.1.1", |_| home.read("prompts/mood.prompty").contains("1.1.1")).await;
        assert!(!home.read("prompts/mood.prompty").contains("Answer shortly."));
        whole.press("esc 2").await;
        whole.until_that("four calls", |screen| screen.contains("1 of 4")).await;
        assert!(whole.screen().contains("demo/fast"));
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));

        let records = home.records().await;
        assert_eq!(records.len(), 4);
        assert!(records.iter().all(|record| record.status == Status::Ok));
        for variant in [VariantName::A, VariantName::B] {
            let of = |record: &&crate::model::Execution| record.variant == variant;
            assert_eq!(records.iter().filter(of).count(), 2);
        }
        let edited = |record: &crate::model::Execution| {
            record.messages.iter().any(|message| message.content.contains("Answer shortly."))
        };
        assert_eq!(records.iter().filter(|record| edited(record)).count(), 2);
    });
}

#[test]
fn the_whole_loop_on_a_wide_screen() {
    edited_run_saved_and_rolled_back((120, 36));
}

#[test]
fn the_whole_loop_on_a_small_screen() {
    edited_run_saved_and_rolled_back((80, 24));
}

#[test]
fn a_draft_survives_a_cut_line_and_is_offered_at_the_next_start() {
    script(async || {
        let home = Home::new();
        let mut whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("Classify the").await;
        whole.focus_where("i type").await;
        whole.press("i ctrl-end").await;
        whole.type_text("Unsaved.").await;
        whole.until("+ draft").await;
        whole.cut();
        assert!(whole.ended().await.is_ok_and(|ended| matches!(ended, Ended::Told(_))));

        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("Unsaved.").await;
        whole.until("+ draft").await;
        assert!(!home.read("prompts/mood.prompty").contains("Unsaved."));
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn five_thousand_templates_are_listed_filtered_and_searched() {
    script(async || {
        let home = Home::new();
        for number in 0..5_000 {
            let text = format!("---\nversion: 1.0.0\n---\nuser:\nPrompt number {number}\n");
            home.write(&format!("prompts/many/p{number:04}.prompty"), &text);
        }
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("5001").await;
        whole.press("ctrl-o").await;
        whole.type_text("p4321").await;
        whole.until("many/p4321").await;
        whole.press("enter").await;
        whole.until("Prompt number 4321").await;
        whole.press("S").await;
        whole.type_text("number 4999").await;
        whole.until("many/p4999:5").await;
        whole.press("enter").await;
        whole.until("Prompt number 4999").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn a_template_of_ten_thousand_lines_is_edited_and_searched() {
    script(async || {
        let home = Home::new();
        let lines: Vec<String> =
            (0..10_000).map(|number| format!("line {number} of many")).collect();
        let lines = lines.join("\n");
        home.write("prompts/mood.prompty", &format!("---\nversion: 1.0.0\n---\nuser:\n{lines}\n"));
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("line 0 of many").await;
        whole.press("/").await;
        whole.type_text("line 7777 ").await;
        whole.press("enter").await;
        whole.until("line 7777 of many").await;
        whole.press("i").await;
        whole.type_text("XY").await;
        whole.until("XYof many").await;
        whole.press("ctrl-end").await;
        whole.until("line 9999 of many").await;
        whole.type_text("the end").await;
        whole.press("esc").await;
        whole.until("+ draft").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let again = Whole::start(&home, (80, 24), &[]).await;
        again.until("Your draft is back").await;
        again.press("q").await;
        assert!(matches!(again.ended().await, Ok(Ended::Quit)));
    });
}

#[test]
fn two_templates_run_side_by_side_on_one_model() {
    script(async || {
        let home = Home::new();
        home.write(
            "prompts/reply.prompty",
            "---\nname: Reply\nversion: 2.1.0\nparameters:\n  tone: required\n---\nuser:\nReply in \
             a {{ tone }} tone: it broke after one day.\n",
        );
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("Classify the").await;
        // Its model is known once it is read as a template.
        whole.until(" tok").await;
        whole.press("alt-C").await;
        whole.until("Template for A").await;
        // The open one first, then the other.
        whole.press("tab tab enter").await;
        whole.until("B  reply 2.1.0").await;
        whole.until("by reply").await;
        whole.press("R").await;
        whole.until("tone is required by reply").await;
        whole.press("enter").await;
        whole.type_text("kind").await;
        whole.press("esc").await;
        run_all(&whole, 2).await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let records = home.records().await;
        let of = |variant| {
            let found = records.iter().find(|record| record.variant == variant);
            let record = found.expect("a record");
            let id = record.template.as_ref().expect("a template").as_str().to_owned();
            let version = record.version.as_ref().map(ToString::to_string);
            (id, version, record.model_ref().to_string(), record.inputs.clone())
        };
        let (template, version, model, inputs) = of(VariantName::A);
        assert_eq!((template.as_str(), version.as_deref()), ("mood", Some("1.0.0")));
        assert!(inputs.is_empty(), "{inputs:?}");
        let (template, version, other, inputs) = of(VariantName::B);
        assert_eq!((template.as_str(), version.as_deref()), ("reply", Some("2.1.0")));
        assert_eq!((model.as_str(), other.as_str()), ("demo/fast", "demo/fast"));
        assert_eq!(inputs.get("tone"), Some(&serde_json::json!("kind")));
    });
}

#[test]
fn a_draft_of_the_past_is_sent_again_word_for_word() {
    script(async || {
        let home = Home::new();
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("Classify the").await;
        whole.focus_where("i type").await;
        whole.press("i ctrl-end").await;
        whole.type_text("In one word.").await;
        whole.until("+ draft").await;
        whole.press("esc").await;
        run_all(&whole, 1).await;
        whole.press("i ctrl-end").await;
        whole.type_text(" And why.").await;
        whole.until("And why.").await;
        whole.press("esc 2").await;
        whole.until_that("the call", |screen| screen.contains("1 of 1")).await;
        whole.press("r").await;
        whole.until("as sent").await;
        done(&whole, 1).await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let records = home.records().await;
        let [again, first] = records.as_slice() else { panic!("{} records", records.len()) };
        assert_eq!(again.messages, first.messages);
        assert_eq!(again.content_hash, first.content_hash);
        assert!(first.messages.iter().any(|it| it.content.ends_with("In one word.")));
    });
}
