//! `docs/configuration.md` lists every key with what the program itself says of it, no other
//! keys, and examples that load.

use std::{collections::BTreeSet, fs, path::PathBuf};

use promptlathe::{
    config::{BudgetSettings, CacheSettings, EngineSettings, SETTING_KEYS, SettingKey, Where},
    model::ErrorKind,
    provider::demo::DemoModel,
    safety::redact::{self, Kind},
};

use super::Home;

fn page() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md");
    fs::read_to_string(path).expect("the page")
}

/// A key's row, as the page must have it.
fn row(key: &SettingKey) -> String {
    let place = match key.place {
        Where::User => "yours only",
        Where::Both => "both",
        Where::Trusted => "yours, or a trusted workspace",
    };
    format!("| `{}` | {} | {} | {place} |", key.name, shown(key.default), key.meaning)
}

/// A default that is written in a file stands in code marks; the others are words.
fn shown(default: &str) -> String {
    let literal = default.starts_with(['"', '{', '['])
        || default.parse::<f64>().is_ok()
        || matches!(default, "true" | "false");
    if literal { format!("`{default}`") } else { default.to_owned() }
}

/// The heading of the section that documents a table.
fn heading(table: &str) -> String {
    if table.is_empty() { "### Top of the file".to_owned() } else { format!("### `[{table}]`") }
}

/// The rows below a heading, up to the next one.
fn rows_below<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    page.lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| !line.starts_with('#'))
        .filter(|line| line.starts_with("| `"))
        .collect()
}

#[test]
fn every_key_is_documented_where_it_belongs_and_no_other_is() {
    let page = page();
    let tables: BTreeSet<&str> = SETTING_KEYS.iter().map(|key| key.table).collect();
    let mut documented = 0;
    for table in tables {
        let known: Vec<String> =
            SETTING_KEYS.iter().filter(|key| key.table == table).map(row).collect();
        pretty_assertions::assert_eq!(rows_below(&page, &heading(table)), known, "{table}");
        documented += known.len();
    }
    // A key in a section of its own would be compared with nothing.
    let reference = page.split("## Every key").nth(1).expect("the reference");
    let reference = reference.split("\n## ").next().unwrap_or_default();
    let all = reference.lines().filter(|line| line.starts_with("| `")).count();
    assert_eq!(all, documented);
    assert_eq!(documented, SETTING_KEYS.len());
}

#[test]
fn the_defaults_are_the_programs_own() {
    let written: Vec<String> = SETTING_KEYS
        .iter()
        .filter(|key| key.table == "engine")
        .map(|key| format!("{} = {}\n", key.name, key.default))
        .collect();
    // Everything else first, so that a default that is not read would show.
    let (settings, _) =
        Home::with_config(&format!("[engine]\n{}", written.concat())).load(&[]).expect("valid");
    assert_eq!(settings.engine, EngineSettings::default());

    let cache: Vec<String> = SETTING_KEYS
        .iter()
        .filter(|key| key.table == "cache")
        .map(|key| format!("{} = {}\n", key.name, key.default))
        .collect();
    let (settings, _) =
        Home::with_config(&format!("[cache]\n{}", cache.concat())).load(&[]).expect("valid");
    assert_eq!(settings.cache, CacheSettings::default());
    assert_eq!(settings.budget, BudgetSettings::default());

    let interface: Vec<String> = SETTING_KEYS
        .iter()
        .filter(|key| key.table == "interface" && shown(key.default).starts_with('`'))
        .map(|key| format!("{} = {}\n", key.name, key.default))
        .collect();
    let utf8 = [("LANG", "en_US.UTF-8")];
    let (stated, _) = Home::with_config(&format!("[interface]\n{}", interface.concat()))
        .load(&utf8)
        .expect("valid");
    let (unstated, _) = Home::new().load(&utf8).expect("valid");
    assert_eq!(stated.interface, unstated.interface);
}

#[test]
fn every_example_loads() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs");
    let mut examples = 0;
    for name in ["configuration.md", "local-server.md", "safety.md"] {
        let text = fs::read_to_string(folder.join(name)).expect(name);
        for example in text.split("```toml\n").skip(1) {
            let example = example.split("```").next().unwrap_or_default();
            let loaded = Home::with_config(example).load(&[("HOME", "/home/ada")]);
            assert!(loaded.is_ok(), "{name}: {:?}\n{example}", loaded.err());
            examples += 1;
        }
    }
    assert!(examples >= 8, "only {examples} examples were found");
}

#[test]
fn what_the_page_on_local_servers_says_lathe_says_it_can_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/local-server.md");
    let page = fs::read_to_string(path).expect("the page");
    let rows = rows_below(&page, "## When it does not answer");
    assert!(rows.len() >= 5, "{rows:?}");
    for row in rows {
        let word = row.split('`').nth(1).unwrap_or_default();
        assert!(ErrorKind::from_word(word).is_some(), "`{word}` is no kind of error");
    }
}

#[test]
fn the_figures_of_the_simulated_models_are_their_own() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/demo.md");
    let page = fs::read_to_string(path).expect("the page");
    let row = |name: &str, cell: fn(DemoModel) -> String| {
        let cells = DemoModel::LISTED.map(cell).join(" | ");
        let line = format!("| {name} | {cells}");
        assert!(page.contains(&line), "docs/demo.md does not have `{line}`");
    };
    let grouped = |number: u64| format!("{},{:03}", number / 1_000, number % 1_000);
    row("first token after", |model| format!("{} ms", model.first_token().as_millis()));
    row("tokens a second", |model| model.tokens_per_second().to_string());
    for (name, of) in [
        ("context window", DemoModel::context_window as fn(DemoModel) -> u64),
        ("most tokens of an answer", DemoModel::max_output),
    ] {
        let cells = DemoModel::LISTED.map(|model| grouped(of(model))).join(" | ");
        assert!(page.contains(&format!("| {name} | {cells} |")), "{name}: {cells}");
    }
    for model in DemoModel::LISTED {
        let price = model.price().expect("a price");
        let shown = |amount: f64| {
            if amount.fract() == 0.0 { format!("${amount}") } else { format!("${amount:.2}") }
        };
        let cell = format!("| {}, {} |", shown(price.input), shown(price.output));
        assert!(page.contains(&cell), "{cell}");
    }
}

#[test]
fn the_page_on_safety_lists_every_rule_and_no_other() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/safety.md");
    let page = fs::read_to_string(path).expect("the page");
    for (heading, kind) in [
        ("### The rules for secrets", Kind::Secret),
        ("### The rules for personal data", Kind::Personal),
    ] {
        let mut rules: Vec<String> = Vec::new();
        for rule in redact::rules().filter(|rule| rule.kind == kind) {
            let row = format!("| `{}` | {} |", rule.name, rule.label);
            if !rules.contains(&row) {
                rules.push(row);
            }
        }
        pretty_assertions::assert_eq!(rows_below(&page, heading), rules);
    }
}
