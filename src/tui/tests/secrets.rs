//! Secrets in prompts, from the key that runs them to the record.

use super::{
    Home, Whole, script,
    server::{STREAM, Say, Server},
};
use crate::tui::runtime::Ended;

/// A made-up token, put together so that nobody takes this file for a leak.
fn token() -> String {
    ["gh", "p_", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7cF0aB3dE6"].concat()
}

/// A workbench whose template holds a secret, and the server it would be sent to.
async fn holding(home: &Home, settings: &str) -> (Whole, Server) {
    let server = Server::start().await;
    home.settings(&format!("{}{settings}", server.settings()));
    home.write("prompts/leak.prompty", &format!("---\nversion: 1.0.0\n---\nHow is {}?\n", token()));
    let whole = Whole::start(home, (120, 36), &[]).await;
    whole.until("How is").await;
    whole.press("R").await;
    (whole, server)
}

#[test]
fn it_is_asked_once_what_is_shown_is_the_original_and_what_is_kept_has_a_mark() {
    script(async || {
        let home = Home::new();
        let (whole, server) = holding(&home, "").await;
        whole.until("what looks like a GitHub token").await;
        assert_eq!(server.requests(), 0, "it waits");
        whole.press("n").await;
        whole.until("not sent").await;
        assert_eq!(server.requests(), 0, "nothing was sent");

        whole.press("R").await;
        whole.until("what looks like a GitHub token").await;
        whole.press("y").await;
        whole.until_that("the request", |_| server.requests() == 1).await;
        server.tell(Say::Bytes(STREAM.to_owned()));
        server.tell(Say::Text(format!("It is {} still", token())));
        server.tell(Say::Done);
        whole.until("2 redacted").await;
        assert!(whole.screen().contains(&format!("It is {} still", token())), "{}", whole.screen());

        // Said once, it is not asked again.
        whole.press("R").await;
        whole.until_that("the request", |_| server.requests() == 2).await;
        whole.press("q").await;
        whole.press("y").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
        let records = home.records().await;
        assert_eq!(records.len(), 2);
        for record in &records {
            let written = serde_json::to_string(record).expect("JSON");
            assert!(!written.contains(&token()) && written.contains("[redacted:github-token]"));
        }
        assert!(records.iter().any(|it| it.text == "It is [redacted:github-token] still"));
    });
}

#[test]
fn where_the_settings_say_so_it_is_only_told() {
    script(async || {
        let home = Home::new();
        let (whole, server) = holding(&home, "[redaction]\nwarn = \"note\"\n").await;
        whole.until_that("the request", |_| server.requests() == 1).await;
        whole.until("Sent: the prompt holds what looks like a GitHub token").await;
        whole.press("q").await;
        whole.press("y").await;
        assert!(matches!(whole.ended().await, Ok(Ended::Quit)));
    });
}
