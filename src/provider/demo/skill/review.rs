//! Code review by a list of well-known mistakes, line by line. Nothing is parsed or understood.
//! The fast model knows the loudest ones and names no lines; the balanced one knows more and
//! says where; the careful one knows all, puts what was asked for first, and says how to mend it.

use serde_json::json;

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    text::{capitalise, join_and},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    Security,
    Correctness,
    Speed,
    Clarity,
}

impl About {
    const fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Correctness => "correctness",
            Self::Speed => "speed",
            Self::Clarity => "clarity",
        }
    }
}

/// A mistake that a line can be seen to have.
struct Rule {
    about: About,
    /// 3 is worst.
    severity: u8,
    /// The least skilled model that knows it: 0 fast, 1 balanced, 2 careful.
    level: u8,
    title: &'static str,
    fix: &'static str,
    seen: fn(&str) -> bool,
}

const fn rule(
    about: About,
    severity: u8,
    level: u8,
    title: &'static str,
    fix: &'static str,
    seen: fn(&str) -> bool,
) -> Rule {
    Rule { about, severity, level, title, fix, seen }
}

fn has(line: &str, any: &[&str]) -> bool {
    any.iter().any(|text| line.contains(text))
}

/// `line` is in lower case.
const RULES: &[Rule] = &[
    rule(
        About::Security,
        3,
        0,
        "Runs text as code",
        "parse the input, or look it up in a table of what is allowed",
        |line| has(line, &["eval(", "exec("]) && !line.contains(".exec("),
    ),
    rule(
        About::Security,
        3,
        1,
        "Builds SQL out of input",
        "pass the values as parameters of the query",
        |line| {
            has(line, &["select ", "insert into", "update ", "delete from"])
                && has(line, &["\" +", "' +", "f\"", "f'", "format(", "format!(", "${", "% ("])
        },
    ),
    rule(
        About::Security,
        3,
        1,
        "Holds a secret in the source",
        "read it from the environment or a secret store, and replace the leaked one",
        |line| {
            has(line, &["password", "secret", "api_key", "apikey", "token"])
                && has(line, &["= \"", "= '", "=\"", "='"])
                && !has(line, &["= \"\"", "= ''"])
        },
    ),
    rule(
        About::Security,
        3,
        1,
        "Gives input to a shell",
        "start the program with a list of arguments and no shell",
        |line| has(line, &["shell=true", "os.system(", "child_process.exec("]),
    ),
    rule(
        About::Security,
        2,
        2,
        "Switches off the check of certificates",
        "trust the one certificate that is meant",
        |line| {
            has(line, &["verify=false", "rejectunauthorized: false", "accept_invalid_certs(true"])
        },
    ),
    rule(
        About::Security,
        2,
        2,
        "Uses a broken hash",
        "use SHA-256, and for passwords Argon2 or bcrypt",
        |line| has(line, &["md5", "sha1"]),
    ),
    rule(
        About::Security,
        3,
        2,
        "Unpacks data that can carry code",
        "use a format of plain data, such as JSON",
        |line| has(line, &["pickle.load", "yaml.load(", "unserialize("]),
    ),
    rule(
        About::Correctness,
        2,
        0,
        "Swallows every error",
        "catch what is expected and let the rest be seen",
        |line| {
            let line = line.trim();
            line == "except:" || line.starts_with("except exception:") || has(line, &["catch {}"])
        },
    ),
    rule(
        About::Correctness,
        2,
        1,
        "Shares a mutable default between calls",
        "take None as the default and make the value inside",
        |line| line.trim_start().starts_with("def ") && has(line, &["=[]", "={}", "= []", "= {}"]),
    ),
    rule(
        About::Correctness,
        2,
        1,
        "Panics when something is missing",
        "return the error to the caller",
        |line| has(line, &[".unwrap()", ".expect("]),
    ),
    rule(
        About::Correctness,
        2,
        2,
        "Divides by a count that may be zero",
        "say what an empty list should give",
        |line| has(line, &["/ len(", "/len(", "/ count", ".length;"]) && line.contains('/'),
    ),
    rule(About::Correctness, 1, 2, "Compares with None by ==", "use `is None`", |line| {
        has(line, &["== none", "!= none"])
    }),
    rule(
        About::Correctness,
        2,
        2,
        "Opens a file that may never be closed",
        "open it in a `with` block",
        |line| line.contains("= open("),
    ),
    rule(
        About::Speed,
        2,
        2,
        "Counts positions to walk a list",
        "walk the list itself, or use enumerate",
        |line| has(line, &["range(len(", "i < array.length"]),
    ),
    rule(
        About::Speed,
        2,
        1,
        "Asks the database without a limit",
        "name the columns and set a limit",
        |line| line.contains("select *"),
    ),
    rule(
        About::Clarity,
        1,
        0,
        "Leaves a note for later in the code",
        "do it, or write it where work is tracked",
        |line| has(line, &["todo", "fixme", "xxx"]),
    ),
    rule(
        About::Clarity,
        1,
        2,
        "Prints instead of logging or returning",
        "log it with a level, or return it",
        |line| has(line, &["print(", "console.log(", "println!("]),
    ),
];

struct Finding {
    rule: &'static Rule,
    /// From 1.
    line: usize,
    code: String,
}

/// Reviews the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let level = match model {
        DemoModel::Fast => 0,
        DemoModel::Balanced => 1,
        _ => 2,
    };
    let mut findings: Vec<Finding> = Vec::new();
    for (at, line) in brief.material.lines().enumerate() {
        let lower = line.to_lowercase();
        let seen = RULES.iter().filter(|rule| rule.level <= level && (rule.seen)(&lower));
        findings.extend(seen.map(|rule| Finding {
            rule,
            line: at + 1,
            code: line.trim().to_owned(),
        }));
    }
    let focus = focus(brief);
    if model != DemoModel::Fast {
        // What was asked for first, then the worst, then the order of the code.
        findings.sort_by_key(|found| {
            (Some(found.rule.about) != focus, u8::MAX - found.rule.severity, found.line)
        });
    }
    if let Some(most) = brief.format.items {
        findings.truncate(most);
    }
    draft(model, &findings, brief.material.lines().count(), focus)
}

/// What the prompt tells to look at first.
fn focus(brief: &Brief) -> Option<About> {
    let first = |names: &[&str]| brief.words.iter().position(|word| names.contains(&word.as_str()));
    [
        (About::Security, first(&["security", "secure", "vulnerabilities"])),
        (About::Speed, first(&["speed", "performance", "fast"])),
        (About::Clarity, first(&["clarity", "readability", "style"])),
        (About::Correctness, first(&["correctness", "bugs"])),
    ]
    .into_iter()
    .filter_map(|(about, at)| Some((at?, about)))
    .min_by_key(|(at, _)| *at)
    .map(|(_, about)| about)
}

fn draft(model: DemoModel, findings: &[Finding], lines: usize, focus: Option<About>) -> Draft {
    let severity = |found: &Finding| match found.rule.severity {
        3 => "high",
        2 => "medium",
        _ => "low",
    };
    let says = |found: &Finding| match model {
        DemoModel::Fast => format!("{}.", found.rule.title),
        DemoModel::Balanced => {
            format!("Line {}: {} ({}).", found.line, found.rule.title, severity(found))
        }
        _ => format!(
            "**{}** · line {} · {}: {}.\n  `{}`",
            severity(found),
            found.line,
            found.rule.about.name(),
            found.rule.title,
            found.code
        ),
    };
    let fixes = |found: &Finding| match model {
        DemoModel::Fast => format!("{}.", capitalise(found.rule.fix)),
        _ => format!("Line {}: {}.", found.line, found.rule.fix),
    };
    let found: Vec<String> = findings.iter().map(says).collect();
    let mended: Vec<String> = findings.iter().map(fixes).collect();
    let analysis = if found.is_empty() {
        "I see none of the mistakes I know. That is no proof that there are none.".to_owned()
    } else {
        format!("- {}", found.join("\n- "))
    };
    let advice = if mended.is_empty() {
        "Nothing to mend.".to_owned()
    } else {
        format!("- {}", mended.join("\n- "))
    };
    let text = match model {
        DemoModel::Fast => analysis.clone(),
        _ => format!("{analysis}\n\nWhat to do:\n\n{advice}"),
    };
    let mut steps = vec![format!("{lines} lines, {} findings.", findings.len())];
    if let Some(focus) = focus {
        steps.push(format!("Asked to look at {} first.", focus.name()));
    }
    steps.extend(findings.iter().map(|it| format!("Line {}: {}.", it.line, it.rule.title)));
    let facts: Vec<_> = findings
        .iter()
        .map(|it| {
            json!({
                "line": it.line, "severity": severity(it), "kind": it.rule.about.name(),
                "title": it.rule.title, "fix": it.rule.fix, "quote": it.code,
            })
        })
        .collect();
    let rows = findings
        .iter()
        .map(|it| {
            vec![
                it.line.to_string(),
                severity(it).to_owned(),
                it.rule.title.to_owned(),
                it.rule.fix.to_owned(),
            ]
        })
        .collect();
    let titles: Vec<&str> = findings.iter().map(|it| it.rule.title).collect();
    Draft {
        facts: json!({"findings": facts, "summary": join_and(&titles)}),
        parts: vec![
            (&["analysis", "finding", "issue", "problem", "risk"], analysis),
            (&["recommend", "fix", "next", "what to do"], advice),
        ],
        table: Some((vec!["line", "severity", "finding", "fix"], rows)),
        items: found,
        steps,
        ..Draft::prose(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const CODE: &str = "def find(db, name, seen=[]):\n    sql = \"SELECT id FROM users WHERE name = '\" + name + \"'\"\n    try:\n        return db.run(sql)\n    except:\n        print('no')";

    fn titles(model: DemoModel, focus: &str) -> Vec<String> {
        let messages = [
            Message::new(Role::System, format!("Review this code, {focus} first.")),
            Message::new(Role::User, format!("```python\n{CODE}\n```")),
        ];
        let brief = Brief::read(&messages, &GenerationParameters::default());
        let facts = respond(model, &brief).facts;
        let list = facts["findings"].as_array().cloned().unwrap_or_default();
        list.iter().map(|found| format!("{} {}", found["line"], found["title"])).collect()
    }

    #[test]
    fn each_model_sees_more_than_the_one_before() {
        assert_eq!(titles(DemoModel::Fast, "security"), ["5 \"Swallows every error\""]);
        assert_eq!(
            titles(DemoModel::Balanced, "security"),
            [
                "2 \"Builds SQL out of input\"",
                "1 \"Shares a mutable default between calls\"",
                "5 \"Swallows every error\"",
            ]
        );
        assert_eq!(titles(DemoModel::Careful, "security").len(), 4);
    }

    #[test]
    fn what_was_asked_for_comes_first() {
        let found = titles(DemoModel::Careful, "clarity");
        assert_eq!(found[0], "6 \"Prints instead of logging or returning\"");
    }

    #[test]
    fn clean_code_gets_no_invented_finding() {
        let messages = [Message::new(
            Role::User,
            "Review this code:\n```rust\nfn one() -> u8 {\n    1\n}\n```",
        )];
        let brief = Brief::read(&messages, &GenerationParameters::default());
        for model in DemoModel::LISTED {
            assert_eq!(respond(model, &brief).facts["findings"], json!([]));
        }
    }
}
