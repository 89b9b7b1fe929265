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
fn every_link_into_the_project_leads_to_a_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(root.join("README.md")).expect("the README");
    let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    for link in links.filter(|link| !link.starts_with("http")) {
        assert!(root.join(link).is_file(), "{link} is not there");
    }
}
