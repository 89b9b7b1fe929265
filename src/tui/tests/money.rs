//! What a run costs, from the key that starts it to the record.

use super::{Home, Whole, script};
use crate::{model::CacheState, tui::runtime::Ended};

#[test]
fn a_dear_run_is_asked_about_and_an_answer_given_again_is_free() {
    script(async || {
        let home = Home::new();
        home.settings("[budget]\nconfirm_above = 0.000000001\nday = 5\n");
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("It broke").await;
        whole.press("K").await;
        whole.until("Cache on").await;
        whole.press("R").await;
        whole.until("Spend this?").await;
        assert!(whole.screen().contains("a guess"), "{}", whole.screen());
        whole.press("esc").await;
        whole.until_that("the question gone", |screen| !screen.contains("Spend this?")).await;

        whole.press("R").await;
        whole.until("Spend this?").await;
        whole.press("enter").await;
        whole.until("done").await;
        // Nothing is spent a second time, so nothing is asked.
        whole.press("R").await;
        whole.until("cached  saved").await;
        // Past the cache it costs again, as much as the answer before.
        whole.press("alt-K").await;
        whole.until("as before").await;
        whole.press("esc q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));

        let records = home.records().await;
        let states: Vec<_> = records.iter().map(|record| record.cache).collect();
        assert_eq!(states, [CacheState::Exact, CacheState::Miss]);
        assert_eq!(records[0].text, records[1].text);
        assert_eq!(records[0].cost_usd, Some(0.0));
        assert!(records[1].cost_usd > Some(0.0), "{:?}", records[1].cost_usd);
    });
}

#[test]
fn a_budget_that_is_used_up_is_told_in_the_pane() {
    script(async || {
        let home = Home::new();
        home.settings("[budget]\nday = 0.0000001\n");
        let whole = Whole::start(&home, (120, 36), &[]).await;
        whole.until("It broke").await;
        whole.press("R").await;
        whole.until("the day's budget of $0.000000 would be passed").await;
        whole.press("q").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let records = home.records().await;
        assert_eq!(records[0].status, crate::model::Status::Blocked);
        assert!(records[0].attempts.is_empty());
    });
}
