//! The headless commands as scripts meet them: exit codes, one clear line, nothing lost.
#![expect(clippy::expect_used, reason = "a test says what it expected and stops")]

mod database;
mod disks;
mod endings;
mod files;
mod guards;
#[cfg(target_os = "linux")]
mod memory;
mod money;
mod recovery;
mod secrets;
mod servers;
mod shared;
mod tools;
mod wires;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

const TEMPLATE: &str = "---\nname: Mood\nversion: 1.0.0\nmodel: demo/fast\nparameters:\n  \
    message: required\n---\nsystem:\nClassify the sentiment as positive, negative or neutral.\n\n\
    user:\nMessage: {{ message }}\n";

struct Place {
    home: TempDir,
}

impl Place {
    fn new() -> Self {
        let home = TempDir::new().expect("a home");
        fs::create_dir_all(home.path().join("prompts")).expect("a workspace");
        let place = Self { home };
        place.write("prompts/mood.prompty", TEMPLATE);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/"))).expect("a folder");
        fs::write(path, text).expect("written");
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_lathe"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", "/usr/bin:/bin")
            .current_dir(self.home.path())
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("it runs")
    }

    /// Runs what must fail with a code and one line that says all of these words.
    fn refused(&self, arguments: &[&str], code: i32, words: &[&str]) {
        let output = self.run(arguments);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {told}");
        assert_eq!(told.lines().count(), 1, "{arguments:?}: {told}");
        for word in words {
            assert!(told.contains(word), "{arguments:?}: no `{word}` in: {told}");
        }
    }
}

/// The newest record of a place.
fn newest(place: &Place) -> Value {
    let listed = text(&place.run(&["history", "list", "--format", "json"]));
    let row: Value =
        serde_json::from_str(listed.lines().next().expect("a row")).expect("a row of JSON");
    json(&place.run(&["history", "show", row["id"].as_str().expect("an id"), "--format", "json"]))
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).expect("JSON")
}

#[test]
fn a_run_prints_the_answer_or_its_record_and_is_found_again() {
    let place = Place::new();
    let plain = place.run(&["run", "mood", "--var", "message=I love it"]);
    assert_eq!((plain.status.code(), plain.stderr.len()), (Some(0), 0));
    assert!(text(&plain).to_lowercase().contains("positive"), "{}", text(&plain));

    let record = json(&place.run(&[
        "run",
        "mood",
        "--var",
        "message=I hate it",
        "--tag",
        "ticket=412",
        "--format",
        "json",
        "--no-stream",
        "--param",
        "temperature=0",
    ]));
    assert_eq!(record["status"], "ok");
    assert_eq!(record["version"], "1.0.0");
    assert_eq!(record["tags"]["ticket"], "412");
    assert_eq!(record["parameters"]["sent"]["temperature"], 0.0);
    assert!(record["usage"]["input_tokens"].is_u64() && record["error"].is_null());

    let id = record["id"].as_str().expect("an id");
    let shown = json(&place.run(&["history", "show", &id[..35], "--format", "json"]));
    assert_eq!(shown, record, "history holds the very record that was printed");
    let found = place.run(&["history", "search", "hate", "--tag", "ticket", "--format", "json"]);
    assert_eq!(text(&found).lines().count(), 1);
    let csv = text(&place.run(&["history", "export", "--format", "csv"]));
    assert!(csv.starts_with("id,") && csv.contains("I hate it"), "{csv}");

    let both = place.run(&[
        "run",
        "mood",
        "--var",
        "message=fine",
        "--model",
        "demo/fast",
        "--model",
        "demo/careful",
        "--format",
        "jsonl",
    ]);
    assert_eq!(text(&both).lines().count(), 2);
    place.run(&["history", "delete", id]);
    let gone = place.run(&["history", "show", id]);
    assert_eq!(gone.status.code(), Some(2));
}

#[test]
fn a_prompt_from_standard_input_needs_no_template() {
    let place = Place::new();
    let mut child = place
        .command(&["run", "-", "--model", "demo/balanced"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut input = child.stdin.take().expect("piped");
    input.write_all(b"Classify the sentiment: I love it.").expect("written");
    drop(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && !output.stdout.is_empty());
}

#[test]
fn versions_are_saved_compared_and_rolled_back() {
    let place = Place::new();
    place.write("prompts/mood.prompty", TEMPLATE);
    assert!(place.run(&["template", "versions", "mood"]).status.success());
    place.write("prompts/mood.prompty", TEMPLATE.replace("Message:", "The message:"));
    let saved = place.run(&["template", "save", "mood", "--bump", "minor", "--note", "clearer"]);
    assert_eq!(text(&saved).trim(), "mood@1.1.0");
    let diff = place.run(&["template", "diff", "mood@1.0.0", "1.1.0"]);
    assert_eq!(diff.status.code(), Some(1));
    assert!(text(&diff).contains("{+"), "{}", text(&diff));
    let back = place.run(&["template", "rollback", "mood@1.0.0"]);
    assert_eq!(text(&back).trim(), "mood@1.1.1");
    let now = fs::read_to_string(place.path("prompts/mood.prompty")).expect("the file");
    assert_eq!(now, TEMPLATE.replace("1.0.0", "1.1.1"));
    let old = place.run(&["run", "mood@1.1.0", "--var", "message=good", "--format", "json"]);
    assert_eq!(json(&old)["version"], "1.1.0");
}

#[test]
fn what_is_written_wrong_is_told_in_one_line() {
    let place = Place::new();
    place.write("prompts/yaml.prompty", "---\nname: x\n  bad: [\n---\nuser:\nhi\n");
    place.write("prompts/loop.prompty", "user:\n{% include \"loop\" %}\n");
    place.write("prompts/out.prompty", "user:\n{% include \"../secret\" %}\n");
    place.write("prompts/bytes.prompty", b"user:\n\xff\xfe\n");
    place.write("prompts/large.prompty", "x".repeat(2 << 20));
    fs::create_dir_all(place.path("prompts/folder.prompty")).expect("a folder");
    let model = ["--model", "demo/fast"];
    for (arguments, words) in [
        (vec!["run", "mod"], vec!["`mod`", "mood"]),
        (vec!["run", "mood"], vec!["message", "missing"]),
        (vec!["run", "mood", "--var", "massage=x"], vec!["massage", "message"]),
        (vec!["run", "mood", "--var", "message"], vec!["name=value"]),
        (vec!["run", "mood@9.9.9", "--var", "message=x"], vec!["9.9.9", "1.0.0"]),
        (vec!["run", "yaml"], vec!["yaml:"]),
        (vec!["run", "loop"], vec!["loop", "include"]),
        (vec!["run", "out"], vec!["secret"]),
        (vec!["run", "bytes"], vec!["UTF-8"]),
        (vec!["run", "large"], vec!["large"]),
        (vec!["run", "mood", "--var", "message=x", "--param", "temprature=1"], vec!["temperature"]),
        (vec!["run", "mood", "--var", "message=@/nowhere/file"], vec!["/nowhere/file"]),
        (vec!["history", "show", "ffffffff"], vec!["history list"]),
        (vec!["history", "list", "--since", "yesterday"], vec!["7d"]),
        (vec!["models", "opnai"], vec!["openai"]),
    ] {
        let arguments: Vec<&str> = match arguments.as_slice() {
            ["run", name] if *name != "mood" => ["run", name].into_iter().chain(model).collect(),
            _ => arguments,
        };
        place.refused(&arguments, 2, &words);
    }
}

#[test]
fn settings_are_checked_with_the_nearest_key() {
    let place = Place::new();
    place.write(".config/lathe/config.toml", "[engine]\nretrys = 3\n");
    let output = place.run(&["providers"]);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2));
    assert!(told.contains("config.toml:2:1") && told.contains("retries"), "{told}");
}

#[test]
fn what_cannot_be_reached_is_told_and_on_record() {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        "[engine]\nretries = 0\n[providers.gone]\nkind = \"openai\"\nbase_url = \
         \"http://127.0.0.1:9/v1\"\n[providers.nowhere]\nkind = \"openai\"\nbase_url = \
         \"http://host.invalid/v1\"\n",
    );
    let var = ["--var", "message=x"];
    for (model, code, words) in [
        ("gone/m", 3, ["127.0.0.1:9", "start the server"]),
        ("nowhere/m", 3, ["host.invalid", "resolved"]),
        ("openai/gpt-4o", 3, ["OPENAI_API_KEY", "not set"]),
        ("demo/fsat", 3, ["fsat", "fast"]),
    ] {
        let arguments = ["run", "mood", var[0], var[1], "--model", model];
        place.refused(&arguments, code, &words);
    }
    let kept = place.run(&["history", "list", "--status", "error", "--format", "json"]);
    assert_eq!(text(&kept).lines().count(), 4);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let place = Place::new();
    let mut child = place
        .command(&["man"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    reader.read_line(&mut first).expect("a line");
    drop(reader);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn no_key_ever_comes_out() {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        "[engine]\nretries = 0\n[providers.gone]\nkind = \"openai\"\nbase_url = \
         \"http://127.0.0.1:9/v1\"\napi_key_env = \"PLANTED\"\n",
    );
    for arguments in [
        vec!["run", "mood", "--var", "message=x", "--model", "gone/m", "--format", "json"],
        vec!["providers"],
        vec!["history", "export"],
    ] {
        let output =
            place.command(&arguments).env("PLANTED", "sk-planted-secret").output().expect("runs");
        let all = [output.stdout, output.stderr].concat();
        assert!(!String::from_utf8_lossy(&all).contains("planted-secret"), "{arguments:?}");
    }
    for entry in ["lathe.db", "lathe.db-wal"] {
        let path = place.path(".local/share/lathe").join(entry);
        let bytes = fs::read(path).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&bytes).contains("planted-secret"), "{entry}");
    }
}

#[test]
fn the_sample_is_written_once_and_lints_clean() {
    let place = Place::new();
    assert!(place.run(&["init", "mine"]).status.success());
    assert_eq!(place.run(&["init", "mine"]).status.code(), Some(2), "nothing is overwritten");
    let lint = place.run(&["--workspace", "mine", "template", "lint"]);
    assert!(lint.status.success(), "{}", text(&lint));
    let list = place.run(&["--workspace", "mine", "template", "list"]);
    assert!(text(&list).lines().count() >= 10);
}

#[test]
fn runs_are_summed_up() {
    let place = Place::new();
    let empty = place.run(&["stats"]);
    assert_eq!(empty.status.code(), Some(0));
    for message in ["I love it", "I hate it", "fine"] {
        place.run(&["run", "mood", "--var", &format!("message={message}")]);
    }
    place.run(&["run", "mood", "--var", "message=x", "--model", "demo/quick"]);
    let table = text(&place.run(&["stats", "--range", "24h"]));
    let rows: Vec<&str> = table.lines().collect();
    assert_eq!(rows.len(), 4, "head, two models, all: {table}");
    assert!(rows[1].starts_with("demo/fast") && rows[1].contains("100.0%"), "{table}");
    let sums = json(&place.run(&["stats", "--by", "version", "--format", "json"]));
    assert_eq!(sums["total"]["runs"], 4);
    assert_eq!(sums["total"]["failed"], 1);
    assert_eq!(sums["errors"]["not_found"], 1);
    assert_eq!(sums["groups"][0]["name"], "mood@1.0.0");
    assert!(sums["total"]["latency_ms"]["p95"].as_f64().expect("known") > 0.0);
    let one = json(&place.run(&["stats", "--model", "demo/quick", "--format", "json"]));
    assert_eq!(one["total"]["runs"], 1);
    place.refused(&["stats", "--range", "soon"], 2, &["soon", "7d"]);
    place.refused(&["stats", "--by", "mood"], 2, &["mood", "template"]);
}

#[test]
fn the_doctor_says_what_it_finds_and_what_to_do() {
    let place = Place::new();
    let output = place.run(&["doctor"]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for area in ["terminal", "clipboard", "files", "settings", "workspace", "database", "providers"]
    {
        assert!(told.contains(&format!("  {area}")), "{area}: {told}");
    }
    assert!(told.contains("1 templates, 0 of them broken") && told.contains("sound"), "{told}");
    place.write("prompts/bad.prompty", "---\nname: [\n---\nuser:\nx\n");
    let output = place.run(&["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output).contains("lathe template lint bad"), "{}", text(&output));
    place.write(".config/lathe/config.toml", "thme = \"moss\"\n");
    let output = place.run(&["doctor", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1), "and broken settings do not stop it");
    let bad = text(&output).lines().any(|line| {
        let found: Value = serde_json::from_str(line).expect("JSON");
        found["area"] == "settings" && found["health"] == "bad"
    });
    assert!(bad, "{}", text(&output));
}

#[cfg(feature = "tui")]
#[test]
fn the_doctor_says_what_keeps_the_workbench_from_starting() {
    let place = Place::new();
    for (written, at, told) in [
        ("[keys]\nrun = [\"z\"]\n", "config.toml:2:7", "run"),
        ("[keys]\nzooom = [\"f9\"]\n", "config.toml:2:9", "zooom"),
        ("[interface]\ntheme = \"default-light\"\n", "config.toml:2:9", "default-light"),
    ] {
        place.write(".config/lathe/config.toml", written);
        let output = place.run(&["doctor"]);
        assert_eq!(output.status.code(), Some(1), "{written}");
        let said = text(&output);
        let line = said.lines().find(|line| line.starts_with("BAD ")).unwrap_or_default();
        assert!(line.contains(at) && line.contains(told), "{said}");
        assert!(!said.contains("they are valid"), "{said}");
        assert_eq!(place.run(&["history", "list"]).status.code(), Some(0), "the commands work");
    }
}

#[test]
fn a_model_of_an_unknown_provider_is_bad_usage() {
    let place = Place::new();
    let run = ["run", "mood", "--var", "message=x", "--model", "demmo/fast"];
    place.refused(&run, 2, &["there is no provider `demmo`", "did you mean `demo`?"]);
    let listed = text(&place.run(&["history", "list", "--format", "json"]));
    assert_eq!(listed, "", "nothing was begun");
}

#[test]
fn providers_are_checked_by_asking_them() {
    let place = Place::new();
    place.write(
        ".config/lathe/config.toml",
        "[providers.gone]\nkind = \"openai\"\nbase_url = \"http://127.0.0.1:1/v1\"\n\
         [providers.ollama]\nkind = \"ollama\"\nbase_url = \"http://127.0.0.1:1\"\n",
    );
    let output = place.run(&["providers", "--check"]);
    let told = text(&output);
    assert_eq!(output.status.code(), Some(3), "{told}");
    let line = |name: &str| {
        let line = told.lines().find(|line| line.contains(&format!("  {name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {told}")).to_owned()
    };
    assert!(line("demo").starts_with("ok") && line("demo").contains("3 models"), "{told}");
    assert!(line("demo").contains("demo/fast answered"), "{told}");
    assert!(line("gone").starts_with("BAD") && line("gone").contains("127.0.0.1:1"), "{told}");
    // One that nobody has set up may as well not be there.
    let output = Place::new().run(&["providers", "--check"]);
    let bare = text(&output);
    assert_eq!(output.status.code(), Some(0), "{bare}");
    let ollama = bare.lines().find(|line| line.contains("  ollama ")).expect("known");
    assert!(ollama.starts_with('-') && ollama.contains("not configured"), "{bare}");
    assert!(line("gemini").starts_with('-') && line("gemini").contains("GEMINI_API_KEY"), "{told}");
}
