use promptlathe::{
    model::{ErrorKind, Execution, Message, ModelRef, Role, Status},
    store::{HistoryQuery, Scope, Store, StoreOptions, TagFilter},
};

use crate::support::{execution, folder, full, keep, open};

async fn texts(store: &Store, query: HistoryQuery) -> Vec<String> {
    let page = store.history(query).await.expect("listed");
    page.rows.into_iter().map(|row| row.excerpt).collect()
}

fn holding(text: &str) -> HistoryQuery {
    HistoryQuery { text: Some(text.to_owned()), ..HistoryQuery::default() }
}

#[tokio::test]
async fn pages_follow_one_another_even_where_times_are_equal() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let at = jiff::Timestamp::UNIX_EPOCH;
    for number in 0..25 {
        let mut record = execution("one", &format!("answer {number}"));
        record.timing.started_at = at;
        keep(&store, &record).await;
    }
    let mut seen = Vec::new();
    let mut before = None;
    let mut pages = 0;
    loop {
        let query = HistoryQuery { before, limit: 10, ..HistoryQuery::default() };
        let page = store.history(query).await.expect("listed");
        seen.extend(page.rows.into_iter().map(|row| row.excerpt));
        pages += 1;
        // What is new does not shift the pages that follow.
        keep(&store, &execution("one", "new")).await;
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(pages, 3);
    let expected: Vec<String> = (0..25).rev().map(|number| format!("answer {number}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn every_filter_narrows() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let plain = execution("one", "plain");
    let dear =
        Execution { cost_usd: Some(2.0), model: "careful".to_owned(), ..execution("two", "dear") };
    let failed = full();
    for record in [&plain, &dear, &failed] {
        keep(&store, record).await;
    }
    let all = HistoryQuery::default;
    let failed_line = "first line".to_owned();
    for (query, expected) in [
        (HistoryQuery { template: plain.template.clone(), ..all() }, vec!["plain".to_owned()]),
        (HistoryQuery { min_cost: Some(1.0), ..all() }, vec!["dear".to_owned()]),
        (
            HistoryQuery { max_cost: Some(1.0), status: Some(Status::Ok), ..all() },
            vec!["plain".to_owned()],
        ),
        (HistoryQuery { version: Some(semver::Version::new(9, 9, 9)), ..all() }, Vec::new()),
        (HistoryQuery { provider: Some("openai".to_owned()), ..all() }, Vec::new()),
        (
            HistoryQuery { model: Some(ModelRef::new("demo", "careful")), ..all() },
            vec!["dear".to_owned()],
        ),
        (HistoryQuery { status: Some(Status::Error), ..all() }, vec![failed_line.clone()]),
        (
            HistoryQuery { error_kind: Some(ErrorKind::RateLimit), ..all() },
            vec![failed_line.clone()],
        ),
        (HistoryQuery { rating: Some(4), ..all() }, vec![failed_line.clone()]),
        (
            HistoryQuery {
                tag: Some(TagFilter { key: "suite".to_owned(), value: Some("smoke".to_owned()) }),
                ..all()
            },
            vec![failed_line.clone()],
        ),
        (HistoryQuery { run: Some(dear.run_id), ..all() }, vec!["dear".to_owned()]),
        (
            HistoryQuery { template: plain.template.clone(), status: Some(Status::Error), ..all() },
            Vec::new(),
        ),
    ] {
        assert_eq!(texts(&store, query.clone()).await, expected, "{query:?}");
    }
    let found = store.find_by_prefix(&plain.id.to_string()[..30]).await.expect("looked");
    assert_eq!(found, [plain.id]);
}

#[tokio::test]
async fn a_span_of_time_holds_what_began_in_it() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let noon = jiff::Timestamp::from_second(1_800_000_000).expect("a time");
    let minutes = |count: i64| noon + jiff::SignedDuration::from_mins(count);
    // The clock jumped back between the third and the fourth.
    for (number, at) in [0, 30, 90, 20, 300].into_iter().enumerate() {
        let mut record = execution("one", &format!("answer {number}"));
        record.timing.started_at = minutes(at);
        keep(&store, &record).await;
    }
    let span = |since: Option<i64>, until: Option<i64>| HistoryQuery {
        since: since.map(minutes),
        until: until.map(minutes),
        ..HistoryQuery::default()
    };
    for (query, expected) in [
        (span(Some(20), Some(90)), vec!["answer 3", "answer 1"]),
        (span(Some(90), None), vec!["answer 4", "answer 2"]),
        (span(None, Some(21)), vec!["answer 3", "answer 0"]),
        (span(Some(400), None), vec![]),
        (span(None, Some(-1)), vec![]),
        (
            HistoryQuery { text: Some("answer".to_owned()), ..span(Some(90), Some(300)) },
            vec!["answer 2"],
        ),
    ] {
        assert_eq!(texts(&store, query.clone()).await, expected, "{query:?}");
    }
}

#[tokio::test]
async fn each_workspace_has_its_own_history_and_all_can_be_asked_for() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let here = open(&path);
    let (there, _) =
        Store::open(&StoreOptions::file(&path).workspace("there")).expect("it opens twice");
    keep(&here, &execution("one", "common here")).await;
    keep(&there, &execution("one", "common there")).await;
    for text in [None, Some("common".to_owned())] {
        let query = HistoryQuery { text, ..HistoryQuery::default() };
        assert_eq!(texts(&here, query.clone()).await, ["common here"]);
        assert_eq!(texts(&there, query.clone()).await, ["common there"]);
        let all = HistoryQuery { workspace: Scope::All, ..query };
        assert_eq!(texts(&here, all).await, ["common there", "common here"]);
    }
}

#[tokio::test]
async fn tags_page_like_everything_else() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    for number in 0..12 {
        let mut record = execution("one", &format!("answer {number}"));
        if number % 2 == 0 {
            record.tags.insert("suite".to_owned(), "smoke".to_owned());
        }
        keep(&store, &record).await;
    }
    let tag = |value: Option<&str>| {
        Some(TagFilter { key: "suite".to_owned(), value: value.map(str::to_owned) })
    };
    let first = HistoryQuery { tag: tag(Some("smoke")), limit: 4, ..HistoryQuery::default() };
    let page = store.history(first.clone()).await.expect("listed");
    assert_eq!(page.rows.len(), 4);
    let rest = HistoryQuery { before: page.next, ..first };
    assert_eq!(texts(&store, rest).await, ["answer 2", "answer 0"]);
    for (value, expected) in [(Some("other"), 0), (None, 6)] {
        let query = HistoryQuery { tag: tag(value), ..HistoryQuery::default() };
        assert_eq!(texts(&store, query).await.len(), expected, "{value:?}");
    }
}

#[tokio::test]
async fn search_takes_every_text_as_words() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    keep(&store, &execution("one", "the quick brown fox")).await;
    keep(&store, &execution("one", "the slow brown bear, 猫は好き")).await;
    keep(&store, &execution("two", "nothing of the sort")).await;
    assert_eq!(texts(&store, holding("brown")).await.len(), 2);
    assert_eq!(texts(&store, holding("brown qui")).await, ["the quick brown fox"], "a beginning");
    assert_eq!(texts(&store, holding("\"slow brown\"")).await.len(), 1);
    assert_eq!(texts(&store, holding("\"brown slow\"")).await.len(), 0);
    assert_eq!(texts(&store, holding("猫")).await.len(), 1);
    assert_eq!(texts(&store, holding("say something")).await.len(), 3, "prompts are searched too");
    for hostile in [
        "\"",
        "*",
        "AND",
        "OR NOT",
        "NEAR(a b)",
        "text:fox",
        "a^2",
        "'; DROP TABLE executions; --",
        "\0",
        "(((",
        "{a b}",
        "-fox",
        "\u{e000}sok",
    ] {
        // It must neither fail nor mean anything but words.
        let _ = texts(&store, holding(hostile)).await;
    }
    assert_eq!(texts(&store, HistoryQuery::default()).await.len(), 3);
    let query = HistoryQuery {
        template: Some(promptlathe::model::TemplateId::new("two").expect("an id")),
        ..holding("the")
    };
    assert_eq!(texts(&store, query).await, ["nothing of the sort"]);
}

/// A clock that jumps back, to 1970 and far ahead: the order is that of the calls.
#[tokio::test]
async fn no_jump_of_the_clock_changes_the_order() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    let moments = ["2026-11-21T12:00:00Z", "2026-11-21T11:00:00Z", "1970-01-01T00:00:00Z"];
    let more = ["2262-01-01T00:00:00Z", "2026-10-25T01:30:00Z", "2026-10-25T00:30:00Z"];
    let times: Vec<jiff::Timestamp> =
        moments.iter().chain(&more).map(|time| time.parse().expect("a time")).collect();
    for (number, time) in times.iter().enumerate() {
        let mut record = execution("one", &format!("answer {number}"));
        record.timing.started_at = *time;
        keep(&store, &record).await;
    }
    let expected: Vec<String> = (0..6).rev().map(|number| format!("answer {number}")).collect();
    assert_eq!(texts(&store, HistoryQuery::default()).await, expected);
    let mut paged = Vec::new();
    let mut query = HistoryQuery { limit: 1, ..HistoryQuery::default() };
    loop {
        let page = store.history(query.clone()).await.expect("listed");
        paged.extend(page.rows.into_iter().map(|row| row.excerpt));
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    assert_eq!(paged, expected, "page by page too");
}

/// A list shows what an answer says, and not how it is to be drawn.
#[tokio::test]
async fn a_row_tells_an_answer_in_plain_words() {
    let folder = folder();
    let store = open(&folder.path().join("lathe.db"));
    for (prompt, answer, excerpt) in [
        ("p", "## **Verdict:** `sound`\n\n- one", "Verdict: sound"),
        ("p", "```json\n{\"a\": \"**b**\"}\n```", "{\"a\": \"**b**\"}"),
        ("- *Summarise* this", "", "Summarise this"),
    ] {
        let mut record = execution("one", answer);
        record.messages = vec![Message::new(Role::User, prompt)];
        keep(&store, &record).await;
        let page = store.history(HistoryQuery { limit: 1, ..HistoryQuery::default() }).await;
        assert_eq!(page.expect("listed").rows[0].excerpt, excerpt);
        let whole = store.get(record.id).await.expect("read").expect("there");
        assert_eq!(whole.text, answer, "the record is as it was");
    }
}

/// Words of which many begin alike, so that most records hold one, and some that few hold.
const WORDS: [&str; 9] =
    ["words", "wordy", "world", "wor", "sword", "late", "later", "refund", "seldom"];

/// Whether a record holds all of these words; the last of them may go on.
fn holds(record: &Execution, words: &[&str]) -> bool {
    let tags = record.tags.iter().flat_map(|(key, value)| [key.as_str(), value]);
    let texts = record.messages.iter().map(|message| message.content.as_str());
    let texts: Vec<&str> = texts.chain([record.text.as_str()]).chain(tags).collect();
    let mut held = texts.iter().flat_map(|text| text.split(' '));
    let (last, whole) = words.split_last().expect("a word");
    let any = |is: &dyn Fn(&str) -> bool| held.clone().any(is);
    whole.iter().all(|word| any(&|it| it == *word))
        && held.any(|it| if last.len() < 3 { it == *last } else { it.starts_with(last) })
}

/// Most are found among the newest, few by the index, and no page tells which.
#[tokio::test]
async fn words_that_begin_so_are_found_wherever_they_are_looked_for() {
    let folder = folder();
    let path = folder.path().join("lathe.db");
    let store = open(&path);
    let (other, _) =
        Store::open(&StoreOptions::file(&path).workspace("another")).expect("it opens");
    let mut number = 5_u64;
    let mut below = |end: u64| {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (number >> 33) % end
    };
    let mut kept = Vec::new();
    for at in 0..400_u64 {
        let mut some = |most| {
            let words = (0..=below(most)).map(|_| {
                let word = if below(60) == 0 { 8 } else { below(8) };
                WORDS[usize::try_from(word).expect("a place")]
            });
            words.collect::<Vec<_>>().join(" ")
        };
        let mut record = execution("one", &some(3));
        record.messages[0].content = some(2);
        if at % 3 == 0 {
            record.template = "two".parse().ok();
        }
        let store = if at % 5 == 0 { &other } else { &store };
        if at % 11 == 0 {
            // It has not ended, and is not searched.
            record.status = Status::Running;
            store.begin(&record).await.expect("begun");
            continue;
        }
        keep(store, &record).await;
        if at % 7 == 0 {
            store.tag(record.id, "about", Some("worlds")).await.expect("tagged");
            record.tags.insert("about".to_owned(), "worlds".to_owned());
        }
        let deleted = at % 13 == 0;
        if deleted || at % 17 == 0 {
            let trash = store.delete(vec![record.id]).await.expect("deleted");
            if !deleted {
                store.restore(&trash).await.expect("taken back");
            }
        }
        if !deleted {
            kept.push((record, at % 5 != 0));
        }
    }
    kept.reverse();
    for words in [
        &["wor"][..],
        &["word"],
        &["late", "wor"],
        &["seldom"],
        &["sel"],
        &["wo"],
        &["refund", "seld"],
    ] {
        for (scope, template) in [
            (Scope::This, None),
            (Scope::All, None),
            (Scope::This, Some("two")),
            (Scope::All, Some("one")),
        ] {
            for limit in [1, 7, 50, 300] {
                let mut query = HistoryQuery {
                    workspace: scope,
                    template: template.and_then(|name| name.parse().ok()),
                    limit,
                    ..holding(&words.join(" "))
                };
                let expected: Vec<_> = kept
                    .iter()
                    .filter(|(record, own)| {
                        let of =
                            record.template.as_ref().map(promptlathe::model::TemplateId::as_str);
                        (*own || scope == Scope::All)
                            && template.is_none_or(|name| of == Some(name))
                            && holds(record, words)
                    })
                    .map(|(record, _)| record.id)
                    .collect();
                let mut found = Vec::new();
                loop {
                    let page = store.history(query.clone()).await.expect("listed");
                    assert!(page.next.is_none() || page.rows.len() == limit);
                    for row in &page.rows {
                        let (record, _) =
                            kept.iter().find(|(it, _)| it.id == row.id).expect("kept");
                        assert_eq!(record.tags, row.tags);
                        found.push(row.id);
                    }
                    query.before = page.next;
                    if page.next.is_none() {
                        break;
                    }
                }
                assert_eq!(found, expected, "{words:?} {scope:?} {template:?} {limit}");
            }
        }
    }
    other.close().await.expect("closed");
}

/// A word-beginning that very many hold costs no way through all of them: without the index the
/// page is there, while what few hold, or what is too long to be read in passing, needs it.
#[tokio::test]
async fn what_most_hold_is_found_among_the_newest() {
    for (length, among_the_newest) in [(10, true), (20_000, false)] {
        let folder = folder();
        let path = folder.path().join("lathe.db");
        let store = open(&path);
        for number in 0..150 {
            let few = if number == 3 { "seldom" } else { "" };
            let text = format!("words {few} {}", "x".repeat(length));
            keep(&store, &execution("one", &text)).await;
        }
        let connection = rusqlite::Connection::open(&path).expect("opens");
        connection
            .execute("INSERT INTO search (search) VALUES ('delete-all')", [])
            .expect("emptied");
        drop(connection);
        let found = async |text: &str| texts(&store, holding(text)).await.len();
        assert_eq!(found("wor").await, if among_the_newest { 50 } else { 0 });
        assert_eq!(found("word").await, if among_the_newest { 50 } else { 0 });
        assert_eq!((found("seldo").await, found("words ").await), (0, 0));
    }
}
