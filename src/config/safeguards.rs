//! Reading the `[guards]` and `[recovery]` tables.

use super::document::Section;
use crate::{
    model::{GuardAction, GuardName, Guards, Recovery, Strategy, did_you_mean, nearest},
    safety::guard::check_expression,
};

/// The `[guards]` table. A file that is not trusted may make guards stricter, and nothing else.
pub(super) fn guards(
    guards: &mut Guards,
    section: &Section<'_, '_>,
    full: bool,
    untrusted: &mut Vec<String>,
) {
    let mut take = |name: &str, stricter: bool| {
        if !full && !stricter {
            untrusted.push(format!("guards.{name}"));
        }
        full || stricter
    };
    let words = GuardAction::ALL.map(|action| (action.as_str(), action));
    for guard in GuardName::ALL {
        let field = guards.action_mut(guard);
        if let Some(action) = section.word(guard.as_str(), &words)
            && take(guard.as_str(), action >= *field)
        {
            *field = action;
        }
    }
    for (name, field) in
        [("sanitise", &mut guards.sanitise), ("delimiters", &mut guards.delimiters)]
    {
        if let Some(on) = section.boolean(name)
            && take(name, on || !*field)
        {
            *field = on;
        }
    }
    if let Some(threshold) = section.amount("threshold") {
        if threshold > 1.0 {
            if let Some(at) = section.place("threshold") {
                section.note(at, "`threshold` must be a number from 0 to 1");
            }
        } else if take("threshold", threshold <= guards.threshold) {
            guards.threshold = threshold;
        }
    }
    if let Some(hosts) = section.texts("allowed_hosts")
        && take("allowed_hosts", guards.allowed_hosts.is_none())
    {
        guards.allowed_hosts = Some(hosts.value);
    }
    for (name, field) in [("forbidden", &mut guards.forbidden), ("required", &mut guards.required)]
    {
        let Some(expressions) = section.texts(name) else { continue };
        for expression in &expressions.value {
            if let Err(error) = check_expression(expression) {
                let message = format!("`{name}`: `{expression}` is no regular expression: {error}");
                section.note(expressions.at, message);
            }
        }
        if take(name, field.is_empty()) {
            *field = expressions.value;
        }
    }
}

/// The `[recovery]` table. Asking again costs money, so a file that is not trusted may only make
/// it happen less.
pub(super) fn recovery(
    recovery: &mut Recovery,
    section: &Section<'_, '_>,
    full: bool,
    untrusted: &mut Vec<String>,
) {
    let mut take = |name: &str, less: bool| {
        if !full && !less {
            untrusted.push(format!("recovery.{name}"));
        }
        full || less
    };
    if let Some(on) = section.word("mode", &[("off", false), ("on", true)])
        && take("mode", !on || recovery.on)
    {
        recovery.on = on;
    }
    if let Some(max) = section.integer("max", 0..=u64::from(Recovery::LIMIT)) {
        let max = u32::try_from(max).unwrap_or(Recovery::LIMIT);
        if take("max", max <= recovery.max) {
            recovery.max = max;
        }
    }
    if let Some(words) = section.texts("strategies") {
        let known = Strategy::ALL.map(Strategy::as_str);
        let mut strategies = Vec::new();
        for word in &words.value {
            let Some(strategy) = Strategy::from_word(word) else {
                let near = did_you_mean(nearest(word, known));
                let all = known.join(", ");
                section.note(
                    words.at,
                    format!("`strategies`: there is no `{word}`; there are {all}{near}"),
                );
                continue;
            };
            strategies.push(strategy);
        }
        if take("strategies", strategies.iter().all(|it| recovery.strategies.contains(it))) {
            recovery.strategies = strategies;
        }
    }
}
