//! Every file of `invalid/` is wrong, and says so itself: each problem stands in `expected.txt`
//! as `FILE LINE:COLUMN MESSAGE`, in the order of the files and of the problems in them.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use promptlathe::config::ConfigError;

use super::Home;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/settings/invalid")
}

fn problems(name: &str) -> Vec<String> {
    let home = Home::new();
    let text = fs::read(folder().join(name)).expect("the file");
    fs::create_dir_all(home.paths.config_file.parent().expect("parent")).expect("folders");
    fs::write(&home.paths.config_file, text).expect("written");
    match home.load(&[]) {
        Ok(_) => vec!["no problem was found".to_owned()],
        Err(ConfigError::Invalid(problems)) => {
            assert!(problems.iter().all(|problem| problem.file == home.paths.config_file));
            problems
                .iter()
                .map(|problem| format!("{}:{} {}", problem.line, problem.column, problem.message))
                .collect()
        }
        Err(other) => vec![format!("another error: {other}")],
    }
}

#[test]
fn every_bad_file_is_told_what_is_wrong_and_where() {
    let names: Vec<String> = fs::read_dir(folder())
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "toml"))
        .collect();
    assert!(names.len() >= 40, "only {} files", names.len());
    let found: BTreeMap<String, Vec<String>> =
        names.into_iter().map(|name| (name.clone(), problems(&name))).collect();
    let lines: Vec<String> = found
        .iter()
        .flat_map(|(name, problems)| problems.iter().map(move |it| format!("{name} {it}\n")))
        .collect();
    let text = lines.concat();
    let expected = fs::read_to_string(folder().join("expected.txt")).expect("expected.txt");
    pretty_assertions::assert_eq!(text, expected);
}

#[test]
fn no_message_repeats_a_secret() {
    let expected = fs::read_to_string(folder().join("expected.txt")).expect("expected.txt");
    assert!(!expected.contains("planted"));
}

#[test]
fn the_error_in_one_line_names_the_first_problem_and_counts_the_rest() {
    let home = Home::with_config("[engine]\nretry = 1\nconcurency = 2\nidle = 3\n");
    let error = home.load(&[]).expect_err("invalid").to_string();
    let start = format!("{}:2:1: unknown key `retry`", home.paths.config_file.display());
    assert!(error.starts_with(&start), "{error}");
    assert!(error.ends_with("(and 2 more problems, in lines 3, 4)"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}
