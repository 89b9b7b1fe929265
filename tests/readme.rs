//! The README tells the truth: its key table is the registry's, its links lead somewhere. So does the
//! page of faults: each test that it names is there.
#![cfg(feature = "tui")]

use std::{collections::BTreeSet, fs, path::Path};

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

/// What the script of the pictures makes is what lies in their folder, and each is shown somewhere.
#[test]
fn every_picture_is_made_by_the_script_and_shown() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let script = fs::read_to_string(root.join("examples/pictures/main.rs")).expect("the script");
    let made: BTreeSet<String> = script
        .split(".save(\"")
        .skip(1)
        .filter_map(|rest| Some(format!("{}.svg", rest.split('"').next()?)))
        .collect();
    let there: BTreeSet<String> = fs::read_dir(root.join("docs/pictures"))
        .expect("the pictures")
        .map(|entry| entry.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(made, there);
    let pages = ["README.md", "docs/demo.md"]
        .map(|page| fs::read_to_string(root.join(page)).expect("a page"))
        .join("\n");
    for picture in there {
        assert!(pages.contains(&format!("pictures/{picture})")), "{picture} is shown nowhere");
    }
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

/// The rows of the page of faults: how many each table has.
const FAULTS: [(char, usize); 5] = [('N', 24), ('P', 11), ('F', 22), ('T', 15), ('X', 19)];

#[test]
fn every_fault_has_its_row_and_every_proof_is_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("docs/faults.md")).expect("the page");
    let rows: Vec<Vec<&str>> = page
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| |"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect();
    let expected = FAULTS
        .iter()
        .flat_map(|(table, count)| (1..=*count).map(move |number| format!("{table}{number}")));
    let found: Vec<&str> = rows.iter().filter_map(|row| row.first().copied()).collect();
    assert_eq!(found, expected.collect::<Vec<_>>());
    for row in &rows {
        let [id, _, told, proof] = row.as_slice() else { panic!("four columns: {row:?}") };
        let named: Vec<&str> =
            proof.split('`').skip(1).step_by(2).filter(|word| word.contains("::")).collect();
        let reason = proof.split_once("cannot be tested here: ").map_or("", |(_, reason)| reason);
        assert!(
            !named.is_empty() || reason.len() >= "there is none".len(),
            "{id} names no test and does not say why none can be had here"
        );
        assert!(
            !(proof.contains("not yet") || told.contains("not yet")),
            "{id} is not proven, or of something that is not said to be missing"
        );
        for name in named {
            let (file, function) = name.split_once("::").expect("file::function");
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(is_test(&text, function), "{id}: there is no test {name}");
        }
    }
}

/// Cases that are said to be read are read: by a test that is there, in the number that is told.
#[test]
fn what_is_read_at_random_is_read_as_often_as_is_said() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = fs::read_to_string(root.join("ARCHITECTURE.md")).expect("the page");
    let rows: Vec<&str> = page.lines().filter(|line| line.ends_with(" | 10,000 |")).collect();
    assert!(rows.len() >= 20, "only {} rows", rows.len());
    for row in rows {
        let named = row.split('`').skip(1).step_by(2).filter(|word| word.contains("::"));
        let named: Vec<&str> = named.collect();
        assert!(!named.is_empty(), "{row}");
        for name in named {
            let (file, function) = name.split_once("::").expect("file::function");
            let text = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(is_test(&text, function), "there is no test {name}");
            assert_eq!(cases_of(&text, function), Some("10_000"), "{name}");
        }
    }
}

/// How often a test reads: what its own function says, or the last that is said before it.
fn cases_of<'a>(source: &'a str, function: &str) -> Option<&'a str> {
    let number = |text: &'a str| {
        let digits = |at: usize| {
            let rest = &text[at..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '_')?;
            (end > 0).then(|| &rest[..end])
        };
        ["cases: ", "with_cases(", "CASES: u32 = "]
            .into_iter()
            .flat_map(|mark| text.match_indices(mark).map(move |(at, _)| at + mark.len()))
            .filter_map(|at| digits(at).map(|digits| (at, digits)))
            .max()
            .map(|(_, digits)| digits)
    };
    let at = source.find(&format!("fn {function}("))?;
    let own = source[at..].split("\n}\n").next().unwrap_or_default();
    // Within a block of properties what comes after it is another's.
    let own = own.split("\n    #[test]").next().unwrap_or_default();
    let own = own.split("#![").next().unwrap_or_default();
    number(own).or_else(|| number(&source[..at]))
}

/// Whether a source file has a test of that name: a function under a `test` attribute.
fn is_test(source: &str, function: &str) -> bool {
    let head = format!("fn {function}(");
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    lines.iter().enumerate().any(|(number, line)| {
        let is_it = line.strip_prefix("async ").unwrap_or(line).starts_with(&head);
        let attributes = lines[..number]
            .iter()
            .rev()
            .take_while(|line| line.starts_with("#[") || line.starts_with("//"));
        is_it && attributes.into_iter().any(|line| line.contains("test") && line.contains("#["))
    })
}

#[test]
fn the_number_of_cases_is_that_of_the_block_a_test_is_in() {
    let source = "#![proptest_config(with_cases(10_000))]\n    #[test]\n    fn a() {\n    }\n\
        #![proptest_config(P { cases: 200, ..P::default() })]\n    #[test]\n    fn b() {\n    }\n}\n\
        #[test]\nfn c() {\n    const CASES: u32 = 7;\n}\n";
    let cases = ["a", "b", "c"].map(|function| cases_of(source, function));
    assert_eq!(cases, [Some("10_000"), Some("200"), Some("7")]);
}

#[test]
fn only_a_function_under_the_attribute_is_a_test() {
    assert!(is_test("#[test]\nfn a() {", "a"));
    assert!(is_test("#[tokio::test]\n#[cfg(unix)]\nasync fn a() {", "a"));
    assert!(!is_test("fn a() {", "a"));
    assert!(!is_test("#[test]\nfn ab() {", "a"));
}
