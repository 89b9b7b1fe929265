//! What runs cost: estimated, saved by the cache, stopped by a budget.

use super::{Place, json, newest, text};

const CALL: [&str; 7] =
    ["run", "mood", "--var", "message=I love it", "--param", "temperature=0", "--no-stream"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    CALL.iter().chain(more).copied().collect()
}

fn told(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn the_same_model_twice_has_two_answers() {
    let place = Place::new();
    let mut run = with(&["--cache", "exact", "--format", "json"]);
    run.extend(["--model", "demo/fast", "--model", "demo/fast"]);
    let of = |key: &str, records: &serde_json::Value| -> Vec<String> {
        let records = records.as_array().expect("two records").iter();
        records.map(|record| record.pointer(key).expect("a value").to_string()).collect()
    };
    let first = json(&place.run(&run));
    assert_eq!(of("/cache", &first), [r#""miss""#, r#""miss""#]);
    let again = json(&place.run(&run));
    assert_eq!(of("/cache", &again), [r#""exact""#, r#""exact""#]);
    let mut given = of("/reused/execution", &again);
    let mut paid = of("/id", &first);
    given.sort();
    paid.sort();
    assert_eq!(given, paid, "each its own");
}

#[test]
fn an_answer_is_given_again_and_says_so() {
    let place = Place::new();
    place.write(".config/lathe/config.toml", "[cache]\nmode = \"exact\"\n");
    let first = place.run(&CALL);
    assert_eq!((first.status.code(), told(&first).as_str()), (Some(0), ""));
    let paid = newest(&place);
    assert_eq!(paid["cache"], "miss");

    let again = place.run(&CALL);
    assert_eq!(text(&again), text(&first));
    let line = told(&again);
    assert!(
        line.contains("cached") && line.contains(paid["id"].as_str().expect("an id")),
        "{line}"
    );
    let record = newest(&place);
    assert_eq!((record["cache"].as_str(), record["cost_usd"].as_f64()), (Some("exact"), Some(0.0)));
    assert_eq!(record["reused"]["execution"], paid["id"]);
    assert_eq!(record["reused"]["saved_usage"], paid["usage"]);
    assert!(record["usage"]["input_tokens"].is_null() && record["timing"]["ttft_ms"].is_null());
    let listed = text(&place.run(&["history", "list"]));
    assert!(listed.lines().next().is_some_and(|row| row.contains("cached")), "{listed}");
    let (id, payer) = (record["id"].as_str().expect("an id"), paid["id"].as_str().expect("one"));
    let shown = text(&place.run(&["history", "show", id]));
    assert!(shown.contains(&format!("cached: exact: the answer of {payer}, saved $")), "{shown}");
    let rows = text(&place.run(&["history", "export", "--format", "csv"]));
    assert!(rows.lines().next().is_some_and(|head| head.ends_with("asked_model,cache,similarity")));
    assert!(rows.contains(",exact,1\r\n") && rows.contains(",miss,\r\n"), "{rows}");

    let past = json(&place.run(&with(&["--no-cache", "--format", "json"])));
    assert_eq!(past["cache"], "off");
    let warm = place.run(&with(&["--param", "temperature=0.9", "--format", "json"]));
    assert_eq!(json(&warm)["cache"], "off", "not for answers that are meant to differ");
    let asked = ["--param", "temperature=0.9", "--cache", "exact", "--format", "json"];
    assert_eq!(json(&place.run(&with(&asked)))["cache"], "miss");
    assert_eq!(json(&place.run(&with(&asked)))["cache"], "exact");

    let sums = json(&place.run(&["stats", "--format", "json"]));
    assert_eq!(sums["total"]["cache_hits"], 2);
    assert_eq!(sums["total"]["cache_hit_rate"], 0.5);
    assert!(sums["total"]["saved_usd"].as_f64().is_some_and(|saved| saved > 0.0));

    let stats = json(&place.run(&["cache", "stats", "--format", "json"]));
    assert_eq!((stats["entries"].as_u64(), stats["hits"].as_u64()), (Some(2), Some(2)));
    let lines = text(&place.run(&["cache", "stats"]));
    assert!(lines.contains("exact, for temperature 0"), "{lines}");
    let cleared = place.run(&["cache", "clear"]);
    assert!(told(&cleared).contains("2 answers forgotten"), "{}", told(&cleared));
    assert_eq!(json(&place.run(&with(&["--format", "json"])))["cache"], "miss");
    let wrong = place.run(&with(&["--cache", "always"]));
    assert_eq!(wrong.status.code(), Some(2));
    assert!(told(&wrong).contains("off, exact, similar"), "{}", told(&wrong));
}

/// Who reads a record is told that another model answered than the one that was asked.
#[test]
fn another_model_that_answered_is_told_of_in_every_form() {
    let place = Place::new();
    let run = ["run", "mood", "--var", "message=x", "--model", "demo/nobody"];
    let run: Vec<&str> = run.into_iter().chain(["--fallback", "demo/fast"]).collect();
    assert_eq!(place.run(&run).status.code(), Some(0));
    let record = newest(&place);
    assert_eq!(record["model"], "fast", "{record}");
    let shown = text(&place.run(&["history", "show", record["id"].as_str().expect("an id")]));
    assert!(shown.contains("asked for: demo/nobody"), "{shown}");
    assert!(shown.contains("attempts: demo/nobody not_found"), "{shown}");
    let rows = text(&place.run(&["history", "export", "--format", "csv"]));
    assert!(rows.contains(",demo/nobody,off,\r\n"), "{rows}");
}

#[test]
fn nearly_the_same_question_shares_an_answer_where_that_is_asked_for() {
    let place = Place::new();
    let ask = |message: &str| {
        let message = format!("message={message}");
        let arguments = ["run", "mood", "--var", &message, "--cache", "similar"];
        place.run(&arguments)
    };
    let first = ask("The parcel came late and the box was wet, I want my money back");
    assert_eq!(first.status.code(), Some(0));
    let near = ask("The parcel came late and the box was wet, I want my money back!");
    assert_eq!(text(&near), text(&first));
    assert!(told(&near).contains("cached, similar 0.9"), "{}", told(&near));
    let record = newest(&place);
    assert_eq!(record["cache"], "similar");
    assert!(record["reused"]["similarity"].as_f64().is_some_and(|it| it > 0.95 && it < 1.0));
    ask("Thank you, everything is fine");
    assert_eq!(newest(&place)["cache"], "miss");
}

#[test]
fn an_estimate_costs_nothing_and_runs_nothing() {
    let place = Place::new();
    let arguments = ["run", "mood", "--var", "message=x", "--param", "max_tokens=100"];
    let estimate = |more: &[&str]| {
        let all: Vec<&str> =
            arguments.iter().chain(["--estimate"].iter()).chain(more).copied().collect();
        place.run(&all)
    };
    let first = json(&estimate(&["--format", "json"]));
    assert_eq!(
        (first["output_from"].as_str(), first["output_tokens"].as_u64()),
        (Some("max_tokens"), Some(100))
    );
    let (likely, most) = (first["cost_usd"].as_f64(), first["most_usd"].as_f64());
    assert!(likely.is_some_and(|cost| cost > 0.0) && most >= likely, "{first}");
    assert_eq!(text(&place.run(&["history", "list"])), "");
    place.run(&arguments);
    let after = json(&estimate(&["--format", "json"]));
    assert_eq!(
        (after["output_from"].as_str(), after["answers"].as_u64()),
        (Some("history"), Some(1))
    );
    let both = estimate(&["--model", "demo/fast", "--model", "openai/no-such-model"]);
    let lines = text(&both);
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("likely") && lines.contains("unknown"), "{lines}");
}

#[test]
fn a_budget_that_would_be_passed_ends_with_code_four() {
    let place = Place::new();
    place.write(".config/lathe/config.toml", "[budget]\nday = 0.00001\n");
    let arguments = ["run", "mood", "--var", "message=x", "--param", "max_tokens=5000"];
    place.refused(
        &arguments,
        4,
        &["budget", "the day's budget of $0.000010", "$0.00 spent", "[budget]"],
    );
    let record = newest(&place);
    assert_eq!(
        (record["status"].as_str(), record["error"]["kind"].as_str()),
        (Some("blocked"), Some("budget"))
    );
    assert_eq!(record["attempts"].as_array().map(Vec::len), Some(0));

    place.write(".config/lathe/config.toml", "[budget]\nday = 5\n");
    let output = place.run(&arguments);
    assert_eq!((output.status.code(), told(&output).as_str()), (Some(0), ""));
    assert!(newest(&place)["spend"]["visible"].as_f64().is_some_and(|cost| cost > 0.0));
}

/// That no record is wanted makes nothing cheaper.
#[test]
fn budgets_count_what_is_not_saved() {
    let place = Place::new();
    let arguments =
        ["run", "mood", "--var", "message=x", "--no-save", "--format", "json", "--no-stream"];
    let cost = json(&place.run(&arguments))["cost_usd"].as_f64().expect("a cost");
    assert_eq!(text(&place.run(&["history", "list"])), "", "there is no record");
    let limited = format!("[budget]\nday = {:.9}\n", cost / 2.0);
    place.write(".config/lathe/config.toml", &limited);
    let spent = format!("${cost:.6} spent");
    let arguments = ["run", "mood", "--var", "message=x", "--no-save"];
    place.refused(&arguments, 4, &["the day's budget", &spent]);
    // Without the accounts there is no telling what was spent.
    let nowhere = ["--db", "/proc/self/fdinfo/lathe/lathe.db"];
    let words = ["counted in the database", "cannot open the database", "--db"];
    place.refused(&[&nowhere[..], &arguments].concat(), 2, &words);
}

#[test]
fn costs_are_told_apart_by_tag() {
    let place = Place::new();
    for (message, tag) in [("a", "team=red"), ("b", "team=red"), ("c", "team=blue")] {
        place.run(&["run", "mood", "--var", &format!("message={message}"), "--tag", tag]);
    }
    place.run(&["run", "mood", "--var", "message=d"]);
    let sums = json(&place.run(&["stats", "--by", "tag", "--format", "json"]));
    let groups = sums["groups"].as_array().expect("groups");
    let names: Vec<_> =
        groups.iter().map(|group| group["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["team=red", "no tag", "team=blue"]);
    assert_eq!(groups[0]["runs"], 2);
    assert!(groups[0]["cost_usd"].as_f64().is_some_and(|cost| cost > 0.0));
    assert_eq!(sums["total"]["runs"], 4);
}

/// What may be sent beside the first attempt may be paid for, too.
#[test]
fn at_most_counts_fallbacks_recovery_and_attempts() {
    let place = Place::new();
    let most = |more: &[&str]| {
        let estimate = with(&["--param", "max_tokens=100", "--estimate", "--format", "json"]);
        let estimate = json(&place.run(&[&estimate[..], more].concat()));
        (estimate["cost_usd"].as_f64(), estimate["most_usd"].as_f64().expect("a price"))
    };
    let (likely, alone) = most(&[]);
    let (same, dearer) = most(&["--fallback", "demo/careful"]);
    assert!(same == likely && dearer > 5.0 * alone, "{alone} {dearer}");
    place.write(".config/lathe/config.toml", "[recovery]\nmode = \"on\"\n");
    let recovering = most(&[]).1;
    assert!(recovering > 3.0 * alone, "{alone} {recovering}");
    let limit = format!("[engine]\nretries = 0\n[budget]\nconfirm_above = {:.9}\n", alone / 2.0);
    place.write(".config/lathe/config.toml", limit);
    let once = most(&[]).1;
    assert!((alone - 3.0 * once).abs() < 1e-12, "{alone} {once}");
    let run = with(&["--param", "max_tokens=100", "--fallback", "demo/careful"]);
    let line = told(&place.run(&run));
    assert!(line.contains("at most") && line.contains("nobody to ask"), "{line}");
    assert_eq!(place.run(&with(&["--param", "max_tokens=100"])).status.code(), Some(0));
}

/// Without a terminal nobody is asked: what may cost more than is let pass does not run.
#[test]
fn what_may_cost_too_much_does_not_run_where_nobody_can_be_asked() {
    let place = Place::new();
    let settings = |limit: &str| {
        place.write(
            ".config/lathe/config.toml",
            format!(
                "[budget]\nconfirm_above = {limit}\n[providers.local]\nkind = \"openai\"\n\
                     base_url = \"http://127.0.0.1:9/v1\"\n"
            ),
        );
    };
    settings("0.000000001");
    let refused = place.run(&CALL);
    let line = told(&refused);
    assert_eq!((refused.status.code(), text(&refused).as_str()), (Some(4), ""));
    for part in ["likely", "at most", "confirm_above", "--yes"] {
        assert!(line.contains(part), "no {part}: {line}");
    }
    assert_eq!(text(&place.run(&["history", "list"])), "", "nothing was sent");
    let agreed = place.run(&with(&["--yes"]));
    assert_eq!((agreed.status.code(), told(&agreed).as_str()), (Some(0), ""));

    settings("5");
    assert_eq!(place.run(&CALL).status.code(), Some(0), "what costs less is not asked about");
    let unknown = place.run(&with(&["--model", "local/anything"]));
    assert_eq!(unknown.status.code(), Some(4));
    let line = told(&unknown);
    assert!(line.contains("an unknown amount for local/anything"), "{line}");
    let turned = place.run(&with(&["--fallback", "local/anything"]));
    assert_eq!(turned.status.code(), Some(4), "it may come to be asked");
    let line = told(&turned);
    assert!(line.contains("an unknown amount for a fallback of demo/"), "{line}");
}
