//! Clauses that a party should look at twice. The fast model names catchwords; the balanced one
//! quotes the clause and weighs it; the careful one also says why and what to ask for, and what
//! a contract usually has and this one has not.

use serde_json::json;

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    text::{any, find, lower_words, sentences},
};

struct Risk {
    title: &'static str,
    /// 3 is worst.
    severity: u8,
    /// The least skilled model that knows it.
    level: u8,
    signs: &'static [&'static str],
    why: &'static str,
    ask: &'static str,
}

const RISKS: &[Risk] = &[
    Risk {
        title: "Unlimited liability",
        severity: 3,
        level: 0,
        signs: &[
            "unlimited .. liab*",
            "liab* .. unlimited",
            "liab* .. without limit",
            "indemnif* .. all|any",
        ],
        why: "one mistake could cost more than the contract ever earns",
        ask: "a cap, such as the fees of twelve months",
    },
    Risk {
        title: "Automatic renewal",
        severity: 2,
        level: 0,
        signs: &["automatic* renew*", "renew* automatic*"],
        why: "a missed date binds for another term",
        ask: "a reminder, or a renewal from month to month",
    },
    Risk {
        title: "One-sided changes",
        severity: 3,
        level: 1,
        signs: &["sole discretion", "may change|amend|modify .. at any time", "reserves the right"],
        why: "what was agreed can become something else",
        ask: "notice, and a right to leave when it changes",
    },
    Risk {
        title: "Late or no way out",
        severity: 2,
        level: 1,
        signs: &["may not terminate", "no right to terminate", "non-refundable", "non refundable"],
        why: "money and time are bound whatever happens",
        ask: "a right to end it for cause, with a refund of what was not used",
    },
    Risk {
        title: "Penalty",
        severity: 2,
        level: 1,
        signs: &["penalty|penalties", "liquidated damages", "interest .. percent|per"],
        why: "a short delay can cost more than the delay harms",
        ask: "a grace period and a lower rate",
    },
    Risk {
        title: "Loss of rights to the work",
        severity: 3,
        level: 2,
        signs: &["assign* .. intellectual|rights|title", "perpetual .. licence|license", "waive*"],
        why: "what you made before could belong to the other side",
        ask: "a licence for what was made for this contract, and nothing else",
    },
    Risk {
        title: "Tied hands",
        severity: 2,
        level: 2,
        signs: &["exclusiv*", "non-compete", "not .. compete|solicit"],
        why: "other work may be forbidden",
        ask: "a narrow field, a short time, and pay for it",
    },
    Risk {
        title: "Data given away",
        severity: 3,
        level: 2,
        signs: &[
            "share|disclose|transfer .. data|information",
            "data .. third parties",
            "data .. affiliates",
        ],
        why: "you answer for personal data wherever it goes",
        ask: "a list of who gets it, and an agreement on processing",
    },
];

/// What a contract usually has, and the signs that it has it.
const USUAL: &[(&str, &str)] = &[
    ("a limit of liability", "liab* .. limited|cap|exceed"),
    ("a notice period", "days|months|weeks notice|written"),
    ("the law that governs it", "governed|law|courts|jurisdiction"),
    ("confidentiality", "confidential*"),
];

struct Finding<'a> {
    risk: &'static Risk,
    clause: String,
    quote: &'a str,
}

/// Looks for risks in the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let level = match model {
        DemoModel::Fast => 0,
        DemoModel::Balanced => 1,
        _ => 2,
    };
    let mut clause = String::new();
    let mut findings: Vec<Finding<'_>> = Vec::new();
    for line in brief.material.lines() {
        if let Some(number) = clause_number(line) {
            clause = number;
        }
        for quote in sentences(line) {
            let all = lower_words(quote);
            let seen = RISKS.iter().filter(|risk| risk.level <= level && any(&all, risk.signs));
            findings.extend(seen.map(|risk| Finding { risk, clause: clause.clone(), quote }));
        }
    }
    if model == DemoModel::Careful {
        findings.sort_by_key(|found| u8::MAX - found.risk.severity);
    }
    if let Some(most) = brief.format.items {
        findings.truncate(most);
    }
    let all = lower_words(&brief.material);
    let missing: Vec<&str> = USUAL
        .iter()
        .filter(|(_, sign)| model == DemoModel::Careful && find(&all, sign).is_none())
        .map(|(name, _)| *name)
        .collect();
    draft(model, &findings, &missing)
}

/// `4.2 Fees` → 4.2
fn clause_number(line: &str) -> Option<String> {
    let first = line.split_whitespace().next()?;
    let number = first.trim_end_matches(['.', ')', ':']).trim_start_matches('§');
    let numeric = number.starts_with(|c: char| c.is_ascii_digit())
        && number.chars().all(|c| c.is_ascii_digit() || c == '.');
    numeric.then(|| number.to_owned())
}

const fn word(severity: u8) -> &'static str {
    match severity {
        3 => "high",
        2 => "medium",
        _ => "low",
    }
}

fn draft(model: DemoModel, findings: &[Finding<'_>], missing: &[&str]) -> Draft {
    let place = |found: &Finding<'_>| {
        if found.clause.is_empty() { String::new() } else { format!(" (clause {})", found.clause) }
    };
    let items: Vec<String> = findings
        .iter()
        .map(|it| {
            let (title, severity, place) = (it.risk.title, word(it.risk.severity), place(it));
            match model {
                DemoModel::Fast => format!("{title}."),
                DemoModel::Balanced => format!("{title}, {severity}{place}: “{}”", it.quote),
                _ => format!(
                    "**{title}**, {severity}{place}: {}. “{}” Ask for {}.",
                    it.risk.why, it.quote, it.risk.ask
                ),
            }
        })
        .collect();
    let mut text = match items.as_slice() {
        [] => "I see none of the risks I know. A lawyer may see others.".to_owned(),
        items => format!("- {}", items.join("\n- ")),
    };
    let lacks = if missing.is_empty() {
        "Nothing that contracts usually have.".to_owned()
    } else {
        format!("- {}", missing.join("\n- "))
    };
    if !missing.is_empty() {
        text = format!("{text}\n\nNot found in it:\n\n{lacks}");
    }
    let asks: Vec<String> = findings.iter().map(|it| format!("- {}", it.risk.ask)).collect();
    let rows = findings
        .iter()
        .map(|it| {
            let (risk, severity) = (it.risk.title.to_owned(), word(it.risk.severity).to_owned());
            vec![it.clause.clone(), risk, severity, it.risk.ask.to_owned()]
        })
        .collect();
    let facts: Vec<_> = findings
        .iter()
        .map(|it| {
            json!({
                "clause": it.clause, "risk": it.risk.title, "severity": word(it.risk.severity),
                "reason": it.risk.why, "recommendation": it.risk.ask, "quote": it.quote,
            })
        })
        .collect();
    Draft {
        facts: json!({"risks": facts, "missing": missing}),
        parts: vec![
            (&["risk", "finding", "analysis"], text.clone()),
            (&["recommend", "ask", "negotiat"], asks.join("\n")),
            (&["missing", "gap"], lacks),
        ],
        table: Some((vec!["clause", "risk", "severity", "ask for"], rows)),
        steps: findings.iter().map(|it| format!("{}{}.", it.risk.title, place(it))).collect(),
        items,
        ..Draft::prose(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const CONTRACT: &str = "1. Term\nThis agreement renews automatically for two years.\n\
        2. Liability\nThe supplier accepts unlimited liability for every loss.\n\
        3. Fees\nThe customer may change the fees at any time.\n\
        4. Data\nThe customer may share all data with its affiliates.";

    fn facts(model: DemoModel) -> serde_json::Value {
        let messages = [
            Message::new(Role::System, "List the risks in this contract."),
            Message::new(Role::User, format!("<contract>\n{CONTRACT}\n</contract>")),
        ];
        respond(model, &Brief::read(&messages, &GenerationParameters::default())).facts
    }

    #[test]
    fn each_model_sees_more_and_says_where() {
        let count = |model| facts(model)["risks"].as_array().map_or(0, Vec::len);
        assert_eq!(
            DemoModel::LISTED.map(count),
            [2, 3, 4],
            "fast, balanced and careful see more each"
        );
        let careful = facts(DemoModel::Careful);
        assert_eq!(careful["risks"][0]["clause"], "2");
        assert!(
            careful["missing"].as_array().is_some_and(|it| it.contains(&json!("confidentiality")))
        );
    }
}
