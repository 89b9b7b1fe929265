//! Records that could not be written when their answers ended, and are written later.

use promptlathe::{
    app::{App, AppOptions, CallOrder, PromptSource},
    config::Environment,
    engine::{Mode, RunEventKind},
    model::{Execution, ModelRef, VariantName},
};

use crate::support::folder;

fn order() -> CallOrder {
    CallOrder {
        model: Some(ModelRef::new("demo", "fast")),
        ..CallOrder::new(VariantName::A, PromptSource::Plain("Classify: I love it".to_owned()))
    }
}

/// Runs to the end; the record, and whether it was kept.
async fn run(app: &App) -> (Execution, bool) {
    let mut handle = app.run(vec![order()], Mode::Interactive).await.expect("started").handle;
    let mut saved = true;
    loop {
        match handle.next().await.expect("a call always ends").kind {
            RunEventKind::NotSaved { .. } => saved = false,
            RunEventKind::Finished(execution) => return (*execution, saved),
            _ => {}
        }
    }
}

/// What is written later has all that would have been written at once, the times of its pieces
/// among it; and to write it once more takes nothing of it away.
#[tokio::test]
async fn a_record_that_is_kept_later_has_the_times_of_its_pieces() {
    let home = folder();
    let options = AppOptions {
        environment: Environment::from_pairs([("HOME", home.path())]),
        ..AppOptions::default()
    };
    let (app, _) = App::open(options).expect("it opens");
    let other = rusqlite::Connection::open(app.store.path()).expect("it opens");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON answers
                  BEGIN SELECT RAISE(ABORT, 'no room left'); END";
    other.execute_batch(refuse).expect("refused from here on");
    let (execution, saved) = run(&app).await;
    assert!(!saved, "it was told");
    assert!(app.keep_again(&execution).await.is_err(), "there is no room yet");

    other.execute_batch("DROP TRIGGER refuse").expect("room again");
    app.keep_again(&execution).await.expect("kept");
    let kept = app.store.get(execution.id).await.expect("read").expect("there");
    assert_eq!((&kept.text, kept.status), (&execution.text, execution.status));
    let chunks = app.store.chunks(execution.id).await.expect("read");
    let bytes: usize = chunks.iter().map(|(_, _, added)| added).sum();
    assert!(chunks.len() > 1 && bytes >= execution.text.len(), "{} pieces", chunks.len());

    app.keep_again(&execution).await.expect("kept once more");
    assert_eq!(app.store.chunks(execution.id).await, Ok(chunks));
}
