//! However a text is cut, what is found is the same.

use std::sync::LazyLock;

use proptest::{prelude::*, sample::select};

use super::{super::*, everything, made};

/// A text with several of everything, touching, cut off and around characters of many bytes.
fn mixture() -> String {
    let openai = made(&["sk-", "proj-", "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7"]);
    let aws = made(&["AKIA", "QWERTYUIOP234567"]);
    let token = made(&[
        "eyJ",
        "hbGciOiJIUzI1NiJ9",
        ".eyJ",
        "zdWIiOiIxMjM0NTY3ODkwIn0",
        ".dozjgNryP4J3jVmN",
    ]);
    let block = made(&[
        "-----BEGIN RSA ",
        "PRIVATE KEY-----\n",
        "MIIEpAIBAAKCAQEA1b2c3d4e5f6g7h8\nABCDabcd0123==\n",
        "-----END RSA PRIVATE KEY-----",
    ]);
    format!(
        "é{openai} and ({openai}), api_key = \"{openai}\"\nAPI_TOKEN=q8W2e4R6t9Y1u3I5 x {aws}é\n\
         {token}. {block} then mail jane.doe@example.org, DE89 3700 4400 0532 0130 00 AND MORE,\n\
         4111 1111 1111 1111 or +44 20 7946 0958 at 10.1.2.3 and fe80::1:2:3 日本{aws} \
         postgres://user:hunter22x@db/x sk-proj-{}",
        "short"
    )
}

fn cut(redactor: &Redactor, pieces: &[&str]) -> (String, Redactions) {
    let mut stream = redactor.stream();
    let mut out = String::new();
    for piece in pieces {
        stream.push(piece, &mut out);
    }
    stream.finish(&mut out);
    (out, stream.found().clone())
}

/// Made once: in a test's build the automata take a while.
static KEYED: LazyLock<Redactor> = LazyLock::new(|| {
    let mut keys = KnownKeys::default();
    keys.add("local", "qwerty/1234+zx").expect("added");
    keys.add("other", "qwerty/1234+zxcv").expect("added");
    everything().with_keys(&keys)
});

#[test]
fn every_cut_and_every_single_character_give_the_same() {
    let redactor = &*KEYED;
    let text = format!("{} qwerty/1234+zxcqwerty/1234+zxcv", mixture());
    let whole = redactor.redact(&text);
    assert!(whole.found.total() >= 14, "{}\n{}", whole.found.describe(), whole.text);
    let expected = (whole.text.into_owned(), whole.found);
    for at in (0..text.len()).filter(|&at| text.is_char_boundary(at)) {
        assert_eq!(cut(redactor, &[&text[..at], &text[at..]]), expected, "cut at {at}");
    }
    let characters: Vec<String> = text.chars().map(String::from).collect();
    let characters: Vec<&str> = characters.iter().map(String::as_str).collect();
    assert_eq!(cut(redactor, &characters), expected);
}

#[test]
fn no_more_is_held_back_than_the_longest_match() {
    let redactor = everything();
    let mut stream = redactor.stream();
    let (mut given, mut out) = (0, String::new());
    for piece in ["plain words ", "eyJ", &"a".repeat(5000), "@", &"b".repeat(3000), "\n", "sk-"] {
        stream.push(piece, &mut out);
        given += piece.len();
        assert!(given - out.len() <= LONGEST_MATCH, "{given} {}", out.len());
    }
    let mut stream = redactor.stream();
    let mut out = String::new();
    stream.push("An answer of plain words is not held back for long", &mut out);
    assert_eq!(out, "An answer of plain words is not held back for ");
}

#[test]
fn a_key_as_long_as_it_likes_is_swallowed_whole() {
    let redactor = everything();
    let long = made(&["sk-", "ant-", &"aB3-x_Z9".repeat(1000)]);
    let text = format!("<{long}>");
    assert_eq!(redactor.redact(&text).text, "<[redacted:anthropic-key]>");
    let pieces: Vec<&str> = vec![&text[..300], &text[300..5000], &text[5000..]];
    assert_eq!(cut(&redactor, &pieces).0, "<[redacted:anthropic-key]>");
}

fn fragments() -> impl Strategy<Value = String> {
    let pieces = vec![
        "sk-",
        "proj-",
        "ant-",
        "AKIA",
        "QWERTYUIOP234567",
        "eyJhbGciOiJI",
        ".eyJzdWIiOiIx",
        "ghp_",
        "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7aB3dE6gH9jK2mN5pQ",
        "-----BEGIN PRIVATE ",
        "KEY-----\n",
        "MIIEpAIBAAKCAQEA1b2c3d4e5f6g",
        "-----END",
        "-----",
        " ",
        "\n",
        "=",
        "\"",
        "api_key",
        "token: ",
        "Bearer ",
        "4111",
        "1111",
        "-",
        "+44",
        "20",
        "7946",
        ".",
        "@",
        "jane",
        "example.org",
        "::",
        "fe80",
        "10.0.0.1",
        "é",
        "日",
        "GB82",
        "WEST",
        "1234 5698 7654 32",
        "078-05-1121",
        "://u:",
        "p4ssw0rd!",
        "qwerty/1234+zx",
        "cv",
        "qwerty/12",
    ];
    proptest::collection::vec(select(pieces), 0..24).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_cut_anywhere_gives_the_same(
        text in prop_oneof![fragments(), "\\PC{0,200}"],
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..12),
    ) {
        let redactor = &*KEYED;
        let whole = redactor.redact(&text);
        let places: Vec<usize> =
            (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|index| *index.get(&places)).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&str> = cuts.windows(2).map(|pair| &text[pair[0]..pair[1]]).collect();
        let (out, found) = cut(redactor, &pieces);
        prop_assert_eq!(&out, &whole.text);
        prop_assert_eq!(&found, &whole.found);
        // What was found stands where the findings say.
        prop_assert!(redactor.findings(&text).iter().all(|it| text.get(it.range.clone()).is_some()));
    }
}
