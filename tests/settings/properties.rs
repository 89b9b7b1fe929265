//! What holds for every settings file.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::{Home, write};
use promptlathe::config::WorkspaceToml;

/// Pieces that settings are made of, so that random texts get past the first line.
const PIECES: [&str; 48] = [
    "[engine]\n",
    "[interface]\n",
    "[providers.local]\n",
    "[providers.\"a b\"]\n",
    "[keys]\n",
    "[budget]\n",
    "[cache]\n",
    "[models.\"demo/fast\"]\n",
    "[[providers]]\n",
    "retries = ",
    "concurrency = ",
    "connect_timeout = ",
    "max_response = ",
    "kind = ",
    "base_url = ",
    "api_key_env = ",
    "api_key_command = ",
    "headers = ",
    "default_model = ",
    "theme = ",
    "key_set = ",
    "fps = ",
    "run = ",
    "\"openai\"\n",
    "\"http://127.0.0.1:8080/v1\"\n",
    "\"http://user:secret@host/\"\n",
    "\"10s\"\n",
    "\"64MiB\"\n",
    "\"99999999999999999999h\"\n",
    "-1\n",
    "0\n",
    "1e400\n",
    "nan\n",
    "9223372036854775808\n",
    "true\n",
    "[\"a\", \"b\"]\n",
    "[[[[[[[[",
    "{ \"X\" = \"y\" }\n",
    "{}\n",
    "1979-05-27T07:32:00Z\n",
    "\"\"\"\n",
    "'''",
    "\\u{110000}",
    "\u{feff}",
    "\r\n",
    "\0",
    "# words\n",
    "=",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => prop::sample::select(&PIECES[..]).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    prop::collection::vec(piece, 0..16).prop_map(|pieces| pieces.concat())
}

/// Lines that are whole by themselves, so that it is their values that may be wrong.
fn lines() -> impl Strategy<Value = String> {
    let among = |end: &'static str, starts: fn(&str) -> bool| {
        let pieces = PIECES.into_iter().filter(|piece| piece.ends_with(end) && starts(piece));
        prop::sample::select(pieces.collect::<Vec<_>>())
    };
    let key = among(" = ", |_| true);
    let value = prop_oneof![
        8 => among("\n", |piece| !piece.starts_with('[') || piece.starts_with("[\"")).prop_map(str::to_owned),
        1 => any::<i64>().prop_map(|number| format!("{number}\n")),
    ];
    let line = (key, value).prop_map(|(key, value)| format!("{key}{value}"));
    let table = (among("]\n", |piece| piece.starts_with('[')), prop::collection::vec(line, 0..4))
        .prop_map(|(table, lines)| format!("{table}{}", lines.concat()));
    prop::collection::vec(table, 0..4).prop_map(|tables| tables.concat())
}

/// One for all: nothing is written there.
static HOME: LazyLock<Home> = LazyLock::new(Home::new);
/// One for all: each text takes the place of the one before.
static OWN: LazyLock<Home> = LazyLock::new(|| Home::with_config(""));

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    /// Whatever is in the file, it is settings or an error that says where.
    #[test]
    fn any_text_is_settings_or_an_error_with_its_place(text in text()) {
        let home = &*HOME;
        let path = home.folder.path().join("lathe.toml");
        let workspace = WorkspaceToml { path, text, built_in: false };
        if let Err(error) = home.load_with(Some(&workspace), &[]) {
            let told = error.to_string();
            prop_assert!(told.contains("lathe.toml"), "{told}");
            prop_assert!(!told.contains("secret@"), "{told}");
        }
    }

    /// The same of the file that is one's own, which may say more than a workspace's.
    #[test]
    fn any_text_is_ones_own_settings_or_an_error_with_its_place(
        text in prop_oneof![text(), lines()],
    ) {
        let home = &*OWN;
        write(&home.paths.config_file, &text);
        if let Err(error) = home.load(&[]) {
            let told = error.to_string();
            prop_assert!(told.contains("config.toml"), "{told}");
            prop_assert!(!told.contains("secret@"), "{told}");
            prop_assert!(!told.contains('\u{1b}'), "{told}");
        }
    }
}
