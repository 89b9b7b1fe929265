use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE},
};

use super::super::*;

const KEY: &str = "Xq7/vB2+nM4=tR9$wE6";

fn redactor() -> Redactor {
    let mut keys = KnownKeys::default();
    keys.add("work", KEY).expect("added");
    Redactor::default().with_keys(&keys)
}

#[test]
fn a_key_is_found_as_it_is_in_percent_encoding_and_in_base64() {
    let redactor = redactor();
    for text in [
        format!("the key is {KEY}."),
        "?key=Xq7%2FvB2%2BnM4%3DtR9%24wE6&x".to_owned(),
        "?key=Xq7%2fvB2%2bnM4%3dtR9%24wE6&x".to_owned(),
        STANDARD.encode(KEY),
        STANDARD.encode(format!("u:{KEY}")),
        STANDARD.encode(format!("user:{KEY} and more")),
        STANDARD.encode(format!("me:{KEY}!")),
        URL_SAFE.encode(format!("names:{KEY}")),
    ] {
        let redacted = redactor.redact(&text);
        assert_eq!(redacted.found.describe(), "work-key 1", "{text} → {}", redacted.text);
        // At most the characters that hold bits of its neighbours are left of it.
        let left = redacted.text.replace(&marker("work-key"), "");
        assert!(text.len() - left.len() >= 20.min(KEY.len()), "{left}");
    }
    assert_eq!(redactor.redact("the key is mine").text, "the key is mine");
}

/// Every character by its number, as no writer of JSON has to and every one may.
fn by_number(text: &str, backslashes: &str) -> String {
    let numbers: Vec<String> = text.encode_utf16().map(|unit| format!("u{unit:04x}")).collect();
    numbers.iter().flat_map(|number| [backslashes, number.as_str()]).collect()
}

#[test]
fn a_key_is_found_however_json_escapes_it() {
    let redactor = redactor();
    let slashed = KEY.replace('/', "\\/");
    let quoted = serde_json::to_string(&serde_json::json!({ "a": slashed })).expect("JSON");
    for text in [
        slashed.clone(),
        slashed.replace('+', "\\u002B").replace('=', "\\u003d"),
        KEY.replace('/', "\\u002f").replace('$', "\\u0024"),
        KEY.replace('/', "\\u002F").replace('+', "%2b"),
        by_number(KEY, "\\"),
        by_number(KEY, "\\\\").to_uppercase().replace('U', "u"),
        STANDARD.encode(format!("{KEY}??")).replace('/', "\\/").replace('+', "\\u002b"),
    ] {
        let redacted = redactor.redact(&text);
        assert_eq!(redacted.found.describe(), "work-key 1", "{text} → {}", redacted.text);
    }
    assert_eq!(redactor.redact(&quoted).text, r#"{"a":"[redacted:work-key]"}"#);
    // In pieces too, wherever they are cut.
    let text = format!("x {} y", by_number(KEY, "\\"));
    for at in 0..text.len() {
        let (mut stream, mut out) = (redactor.stream(), String::new());
        stream.push(&text[..at], &mut out);
        stream.push(&text[at..], &mut out);
        stream.finish(&mut out);
        assert_eq!(out, "x [redacted:work-key] y", "cut at {at}");
    }
}

#[test]
fn a_key_of_thousands_of_characters_is_found_whole_and_in_pieces() {
    let key: String =
        (0..6_000_u32).map(|number| char::from(b'a' + (number * 7 % 26) as u8)).collect();
    let mut keys = KnownKeys::default();
    keys.add("long", &key).expect("added");
    let redactor = Redactor::default().with_keys(&keys);
    let text = format!("<{key}>");
    assert_eq!(redactor.redact(&text).text, "<[redacted:long-key]>");
    let (mut stream, mut out) = (redactor.stream(), String::new());
    for piece in [&text[..3_000], &text[3_000..]] {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    assert_eq!(out, "<[redacted:long-key]>");
}

#[test]
fn a_word_given_to_a_server_without_keys_is_no_key() {
    let mut keys = KnownKeys::default();
    for word in ["ollama", "none", "", "  x  "] {
        keys.add("local", word).expect("nothing to add");
    }
    assert!(Redactor::default().with_keys(&keys).is_idle());
}

#[test]
fn hundreds_of_keys_are_all_found_and_more_are_refused() {
    let mut keys = KnownKeys::default();
    let key = |number: usize| format!("{number:04}-planted/key+{number:04}");
    for number in 0..500 {
        keys.add("many", &key(number)).expect("added");
    }
    assert!(keys.add("many", &key(500)).is_err());
    let redactor = Redactor::default().with_keys(&keys);
    for number in [0, 250, 499] {
        assert_eq!(redactor.redact(&key(number)).text, "[redacted:many-key]");
    }
}

#[test]
fn of_two_keys_that_begin_alike_the_longer_goes_whole() {
    let mut keys = KnownKeys::default();
    keys.add("one", "abcdefgh").expect("added");
    keys.add("two", "abcdefgh12345678").expect("added");
    let redactor = Redactor::default().with_keys(&keys);
    let redacted = redactor.redact("abcdefgh12345678 abcdefgh");
    assert_eq!(redacted.text, "[redacted:two-key] [redacted:one-key]");
}

#[test]
fn what_is_left_of_a_key_at_the_end_of_a_cut_text_goes_too() {
    let redactor = redactor();
    for (text, redacted) in [
        ("it said Xq7/vB2+nM4=t…", "it said [redacted:cut-key]…"),
        ("it said Xq7/vB2+nM4=t", "it said [redacted:cut-key]"),
        ("?key=Xq7%2FvB2%2Bn", "?key=[redacted:cut-key]"),
        ("500 (Xq7/vB2+nM4…): Xq7/vB2+nM4=t…", "500 ([redacted:cut-key]…): [redacted:cut-key]…"),
        ("it said Xq7…", "it said Xq7…"),
        ("it said Xq7/vB2+nM4=t and more", "it said Xq7/vB2+nM4=t and more"),
    ] {
        assert_eq!(redactor.redact_cut(text).text, redacted);
    }
    assert_eq!(Redactor::default().redact_cut("x").text, "x");
    let mut keys = KnownKeys::default();
    keys.add("work", "sk-proj-abcdefgh").expect("added");
    let redactor = Redactor::default().with_keys(&keys);
    assert_eq!(redactor.redact_cut("they begin with sk-proj-").text, "they begin with sk-proj-");
}

#[test]
fn nothing_shows_a_key() {
    let mut keys = KnownKeys::default();
    keys.add("work", KEY).expect("added");
    let shown = format!("{keys:?} {:?} {:?}", redactor(), redactor().stream());
    assert!(!shown.contains("Xq7"), "{shown}");
}
