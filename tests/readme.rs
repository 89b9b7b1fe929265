//! The README tells the truth: its key table is the registry's, its links lead somewhere.
#![cfg(feature = "tui")]

use std::{fs, path::Path};

use promptlathe::tui::keymap;

const BEGIN: &str = "<!-- keys:";
const END: &str = "<!-- end of keys -->";

#[test]
fn the_key_table_is_the_registrys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).expect("the README");
    let begin = text.find(BEGIN).expect("the table's beginning");
    let begin = begin + text[begin..].find('\n').expect("a line") + 1;
    let end = text.find(END).expect("the table's end");
    let table = format!("\n{}\n", keymap::markdown_table());
    if std::env::var_os("LATHE_REWRITE_README").is_some() {
        let mended = format!("{}{table}{}", &text[..begin], &text[end..]);
        fs::write(&path, mended).expect("written");
        return;
    }
    assert_eq!(&text[begin..end], table, "run with LATHE_REWRITE_README=1 once");
}

#[test]
fn the_page_of_keys_is_the_registrys() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keys.md");
    let page = format!("{KEYS_HEAD}{}", keymap::sets_table());
    if std::env::var_os("LATHE_REWRITE_README").is_some() {
        fs::write(&path, page).expect("written");
        return;
    }
    let text = fs::read_to_string(&path).expect("the page");
    assert_eq!(text, page, "run with LATHE_REWRITE_README=1 once");
}

const KEYS_HEAD: &str = "\
# Keys

Every action with its keys in each of the three sets. `key_set` in the `[interface]` table of
`config.toml` chooses one; the `[keys]` table gives any action other keys, by its name:

```toml
[interface]
key_set = \"emacs\"        # default, emacs or vi

[keys]
run = [\"r\", \"ctrl-t\"]   # instead of the set's
zoom = []                # only from the palette
```

Two actions on one key where both work are refused at the start, by name. Where keys type, plain
characters are text and never act; with Shift held, moves select. The vi set has no keys of two
strokes: `d` deletes the line, `g` and `G` go to the two ends.

";

#[test]
fn every_link_into_the_project_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("README.md")).expect("the README");
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root.join(link).is_file(), "{link} is not there");
    }
}
