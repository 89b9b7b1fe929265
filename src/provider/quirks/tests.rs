use std::{collections::BTreeSet, fs, path::Path};

use super::*;
use crate::config::ProviderKind;

#[test]
fn every_server_has_one_row_in_the_order_of_the_words() {
    assert_eq!(ROWS.each_ref().map(|row| row.server), Server::ALL);
    let hosts: Vec<_> = ROWS.iter().flat_map(|row| row.hosts).collect();
    assert_eq!(hosts.iter().collect::<BTreeSet<_>>().len(), hosts.len(), "{hosts:?}");
    for row in &ROWS {
        assert_eq!(Server::from_word(row.server.as_str()), Some(row.server));
        assert!(!row.title.is_empty() && !row.usage.is_empty() && !row.errors.is_empty());
    }
}

#[test]
fn a_host_tells_the_server_and_a_person_may_say_otherwise() {
    for (address, server) in [
        ("https://api.openai.com/v1", Server::OpenAi),
        ("https://us.api.openai.com/v1", Server::Other),
        ("https://team.openai.azure.com", Server::Azure),
        ("https://openai.azure.com", Server::Other),
        ("https://openai.azure.com.example.org", Server::Other),
        ("https://api.groq.com/openai/v1", Server::Groq),
        ("http://127.0.0.1:1234/v1", Server::Other),
    ] {
        let url = Url::parse(address).expect("an address");
        assert_eq!(Quirks::choose(None, &url).server, server, "{address}");
        assert_eq!(Quirks::choose(Some(Server::Vllm), &url).server, Server::Vllm);
    }
}

#[test]
fn a_text_that_stands_in_two_places_is_read_once_and_from_the_rows_own_first() {
    let delta = serde_json::json!({ "reasoning": "new", "reasoning_content": "old" });
    assert_eq!(Quirks::of(Server::Vllm).reasoning_in(&delta).as_deref(), Some("new"));
    assert_eq!(Quirks::of(Server::DeepSeek).reasoning_in(&delta).as_deref(), Some("old"));
}

/// The transcripts of a server, by what they show.
fn transcript(server: Server, shows: &str) -> Option<(String, String)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(format!("tests/wire/transcripts/servers/{}-{shows}.txt", server.as_str()));
    let text = fs::read_to_string(path).ok()?;
    let (head, body) = text.split_once("\nbody:\n").expect("a body");
    Some((head.to_owned(), body.to_owned()))
}

/// The documents of a body: one, or one an event.
fn documents(body: &str) -> Vec<Value> {
    match serde_json::from_str(body) {
        Ok(whole) => vec![whole],
        Err(_) => body
            .lines()
            .filter_map(|line| serde_json::from_str(line.strip_prefix("data: ")?).ok())
            .collect(),
    }
}

fn studied() -> impl Iterator<Item = &'static Quirks> {
    ROWS.iter().filter(|row| row.server != Server::Other && !row.remark.starts_with("not studied"))
}

/// What a row says of a server is what the server's transcripts show.
#[test]
fn every_row_is_shown_by_transcripts() {
    assert!(studied().count() >= 9);
    for row in studied() {
        let show = |what: &str| {
            transcript(row.server, what).unwrap_or_else(|| panic!("{}: no {what}", row.title))
        };
        let answer = if row.reasoning.is_empty() { "answer" } else { "reasoning" };
        let (head, body) = show(answer);
        assert!(head.ends_with("\"complete\""), "{}: {head}", row.title);
        assert_eq!(head.contains("{\"reasoning\":"), answer == "reasoning", "{}", row.title);
        if let Some(first) = row.reasoning.first() {
            let field = format!("\"{}\":", first.field().split('[').next().unwrap_or_default());
            assert!(body.contains(&field), "{}: {field}", row.title);
        }

        let (head, body) = show("usage");
        assert!(head.contains("{\"usage\":"), "{}: {head}", row.title);
        let places: Vec<_> = documents(&body)
            .iter()
            .flat_map(|value| UsagePlace::ALL.into_iter().filter(|it| it.find(value).is_some()))
            .collect();
        assert!(places.iter().all(|place| row.usage.contains(place)), "{}: {places:?}", row.title);
        let counts_cache = head.contains("\"cached_input_tokens\"");
        assert!(row.cached.is_empty() || counts_cache, "{}: {head}", row.title);

        let (head, _) = show("tool-call");
        assert!(head.contains("\"arguments\":{\"number\":\"A-17\"}"), "{}: {head}", row.title);
        assert!(head.contains("\"finish\":\"tool_use\""), "{}: {head}", row.title);

        let (head, body) = show("error");
        let shape = documents(&body).first().and_then(ErrorShape::of).expect("an error");
        assert!(row.errors.contains(&shape), "{}: {shape:?}", row.title);
        assert!(head.contains("{\"error\":{\"kind\":"), "{}: {head}", row.title);

        let (head, body) = show("error-inside");
        assert!(!head.ends_with("\"complete\""), "{}: {head}", row.title);
        for word in row.broken_off {
            assert!(body.contains(&format!("\"finish_reason\":\"{word}\"")), "{}", row.title);
        }

        if !row.windows.is_empty() {
            let (head, _) = show("models");
            assert!(head.contains("\"context_window\":"), "{}: {head}", row.title);
        }
    }
}

#[test]
fn the_documentation_has_the_same_table() {
    const BEGIN: &str = "<!-- servers -->\n";
    const END: &str = "<!-- end of servers -->";
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/providers.md");
    let page = fs::read_to_string(&path).expect("the page");
    let begin = page.find(BEGIN).expect("its beginning") + BEGIN.len();
    let end = page.find(END).expect("its end");
    let wanted = reference();
    if std::env::var_os("LATHE_REWRITE_README").is_some() {
        let mended = format!("{}{wanted}{}", &page[..begin], &page[end..]);
        fs::write(&path, mended).expect("written");
        return;
    }
    assert_eq!(&page[begin..end], wanted, "run with LATHE_REWRITE_README=1 once");
    for kind in ProviderKind::ALL {
        assert!(page.contains(&format!("`{}`", kind.as_str())), "{}", kind.as_str());
    }
}
