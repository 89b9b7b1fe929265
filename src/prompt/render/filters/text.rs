//! Filters on texts.

use super::{
    super::{
        budget::{Budget, Outcome, Trouble},
        machine::Arguments,
        text::{Text, Written},
        value::Value,
    },
    length,
};

/// Applies a filter on texts; `None` when the name is none of them.
pub(super) fn apply(
    name: &str,
    value: &Value,
    arguments: &mut Arguments,
    budget: &mut Budget,
) -> Option<Outcome<Value>> {
    Some(match name {
        "upper" | "lower" | "title" | "capitalize" => changed_case(name, value, budget),
        "trim" | "strip" => trim(value, arguments, budget),
        "replace" => replace(value, arguments, budget),
        "indent" => indent(value, arguments, budget),
        "truncate" => truncate(value, arguments, budget),
        "escape" | "e" => escape(value, budget),
        "string" => value.to_text(budget).map(Value::Text),
        "safe" => Ok(value.clone()),
        "split" => split(value, arguments, budget),
        "lines" => lines(value, budget),
        "tojson" => to_json(value, arguments, budget),
        "fromjson" => from_json(value, budget),
        "wordcount" => value.to_text(budget).and_then(|text| {
            budget.scan(text.len())?;
            Ok(Value::int(text.split_whitespace().count()))
        }),
        "occurrences" => value.to_text(budget).and_then(|text| {
            let part = arguments.need("text", name)?.to_text(budget)?;
            budget.scan(text.len())?;
            Ok(Value::int(if part.is_empty() { 0 } else { text.matches(&*part).count() }))
        }),
        "length" | "count" => length(value, budget).map(Value::int),
        _ => return None,
    })
}

fn changed_case(name: &str, value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    // Some characters become three in the other case.
    budget.size(text.len().saturating_mul(3))?;
    budget.scan(text.len())?;
    let mut start = true;
    let changed = text.rewritten(budget, |piece, out| match name {
        "upper" => out.push_str(&piece.to_uppercase()),
        "lower" => out.push_str(&piece.to_lowercase()),
        _ => {
            for c in piece.chars() {
                if start && c.is_alphabetic() {
                    out.extend(c.to_uppercase());
                } else {
                    out.extend(c.to_lowercase());
                }
                let word = c.is_alphanumeric() || matches!(c, '\'' | '’');
                start = if name == "title" { !word } else { start && !word };
            }
        }
    })?;
    Value::text(budget, changed)
}

fn trim(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    budget.scan(text.len())?;
    let kept = match arguments.text("chars", budget)? {
        Some(chars) => {
            budget.steps(chars.len().saturating_mul(text.len()) / 16)?;
            text.trim_matches(|c| chars.contains(c))
        }
        None => text.trim(),
    };
    let kept = text.part_of(kept, budget)?;
    Value::text(budget, kept)
}

fn replace(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let old = arguments.need("old", "replace")?.to_text(budget)?;
    let new = arguments.need("new", "replace")?.to_text(budget)?;
    let most = arguments.count("count")?.unwrap_or(usize::MAX);
    budget.scan(text.len())?;
    let found = text.matches(&*old).take(most).count();
    let grown = new.len().saturating_sub(old.len()).saturating_mul(found);
    budget.make(text.len().saturating_add(grown))?;
    let mut out = Written::with_capacity(text.len());
    let mut at = 0;
    for (start, part) in text.match_indices(&*old).take(most) {
        out.push_part(&text, at..start, budget)?;
        out.push(&new, budget)?;
        at = start + part.len();
    }
    out.push_part(&text, at..text.len(), budget)?;
    Ok(Value::Text(out.into_text()))
}

fn indent(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let unit = match arguments.take("width") {
        Some(Value::Text(text)) => text,
        Some(Value::Int(width, _)) => {
            Text::own(" ".repeat(usize::try_from(width).unwrap_or(0).min(1024)))
        }
        None => Text::own(" ".repeat(4)),
        Some(other) => {
            return Err(Trouble::wrong(format!("{} is no width", other.kind())));
        }
    };
    let (first, blank) = (arguments.truth("first")?, arguments.truth("blank")?);
    budget.scan(text.len())?;
    let count = text.matches('\n').count() + 1;
    budget.make(text.len().saturating_add(unit.len().saturating_mul(count)))?;
    let mut out = Written::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let wanted = if at == 0 { first } else { blank || !line.trim().is_empty() };
        if wanted {
            out.push(&unit, budget)?;
        }
        out.push_part(&text, at..at + line.len(), budget)?;
        at += line.len();
    }
    let last_is_blank = text.is_empty() || text.ends_with('\n');
    if last_is_blank && if at == 0 { first } else { blank } {
        out.push(&unit, budget)?;
    }
    Ok(Value::Text(out.into_text()))
}

fn truncate(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let most = arguments.count("length")?.unwrap_or(255);
    let inside_words = arguments.truth("killwords")?;
    let end = arguments.text("end", budget)?.unwrap_or_else(|| Text::own("..."));
    let leeway = arguments.count("leeway")?.unwrap_or(5);
    budget.scan(text.len())?;
    if text.chars().nth(most.saturating_add(leeway)).is_none() {
        return Ok(Value::Text(text));
    }
    let room = most.saturating_sub(end.chars().count());
    let cut = text.char_indices().nth(room).map_or(text.len(), |(at, _)| at);
    let mut head = text.get(..cut).unwrap_or("");
    if !inside_words && let Some(at) = head.rfind(char::is_whitespace) {
        head = head.get(..at).unwrap_or("");
    }
    let mut out = Written::with_capacity(head.len() + end.len());
    out.push_part(&text, 0..head.len(), budget)?;
    out.push(&end, budget)?;
    Value::text(budget, out.into_text())
}

fn escape(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    budget.size(text.len().saturating_mul(6))?;
    budget.scan(text.len())?;
    let escaped = text.rewritten(budget, |piece, out| {
        for c in piece.chars() {
            match c {
                '&' => out.push_str("&amp;"),
                '<' => out.push_str("&lt;"),
                '>' => out.push_str("&gt;"),
                '"' => out.push_str("&#34;"),
                '\'' => out.push_str("&#39;"),
                other => out.push(other),
            }
        }
    })?;
    Value::text(budget, escaped)
}

fn split(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let by = arguments.text("sep", budget)?.filter(|by| !by.is_empty());
    let most = arguments.count("maxsplit")?.map_or(usize::MAX, |most| most.saturating_add(1));
    budget.scan(text.len())?;
    let mut items = Vec::new();
    match by {
        Some(by) => {
            for part in text.splitn(most, &*by) {
                items.push(part_value(&text, part, budget)?);
            }
        }
        None => {
            for part in text.split_whitespace() {
                items.push(part_value(&text, part, budget)?);
            }
        }
    }
    Value::list(budget, items)
}

fn lines(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let mut items = Vec::new();
    for line in text.lines() {
        items.push(part_value(&text, line, budget)?);
    }
    Value::list(budget, items)
}

fn part_value(text: &Text, part: &str, budget: &mut Budget) -> Outcome<Value> {
    let part = text.part_of(part, budget)?;
    Value::text(budget, part)
}

fn to_json(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let indent = match arguments.take("indent") {
        Some(Value::Bool(truth)) => truth.then_some(2),
        Some(Value::Int(width, _)) => Some(usize::try_from(width).unwrap_or(0).min(16)),
        _ => None,
    };
    // As Python's writer has them: sorting is for `dictsort`, and characters stay themselves.
    arguments.take("ensure_ascii");
    let mut out = Written::default();
    value.write_json(&mut out, budget, indent, 0)?;
    Ok(Value::Text(out.into_text()))
}

fn from_json(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    // Four bytes of text (`[],`) can become a value with its own allocation.
    budget.make(text.len().saturating_mul(48))?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Trouble::wrong(format!("the text is not JSON: {error}")))?;
    Value::from_json(&json, text.origin().as_ref())
        .ok_or_else(|| Trouble::wrong("the JSON is nested too deep"))
}
