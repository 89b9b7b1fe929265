//! Filters on texts.

use super::{
    super::{
        budget::{Budget, Outcome, Trouble},
        machine::Arguments,
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
    let mut out = String::with_capacity(text.len());
    match name {
        "upper" => out = text.to_uppercase(),
        "lower" => out = text.to_lowercase(),
        _ => {
            let mut start = true;
            for c in text.chars() {
                if start && c.is_alphabetic() {
                    out.extend(c.to_uppercase());
                } else {
                    out.extend(c.to_lowercase());
                }
                let word = c.is_alphanumeric() || matches!(c, '\'' | '’');
                start = if name == "title" { !word } else { start && !word };
            }
        }
    }
    Value::text(budget, out)
}

fn trim(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    budget.scan(text.len())?;
    match arguments.text("chars", budget)? {
        Some(chars) => {
            budget.steps(chars.len().saturating_mul(text.len()) / 16)?;
            Value::text(budget, text.trim_matches(|c| chars.contains(c)))
        }
        None => Value::text(budget, text.trim()),
    }
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
    Ok(Value::Text(text.replacen(&*old, &new, most).into()))
}

fn indent(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let unit = match arguments.take("width") {
        Some(Value::Text(text)) => text.to_string(),
        Some(Value::Int(width)) => " ".repeat(usize::try_from(width).unwrap_or(0).min(1024)),
        None => " ".repeat(4),
        Some(other) => {
            return Err(Trouble::wrong(format!("{} is no width", other.kind())));
        }
    };
    let (first, blank) = (arguments.truth("first")?, arguments.truth("blank")?);
    budget.scan(text.len())?;
    let count = text.matches('\n').count() + 1;
    budget.make(text.len().saturating_add(unit.len().saturating_mul(count)))?;
    let mut out = String::new();
    for (at, line) in text.split('\n').enumerate() {
        if at > 0 {
            out.push('\n');
        }
        let wanted = if at == 0 { first } else { blank || !line.trim().is_empty() };
        if wanted {
            out.push_str(&unit);
        }
        out.push_str(line);
    }
    Ok(Value::Text(out.into()))
}

fn truncate(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let most = arguments.count("length")?.unwrap_or(255);
    let inside_words = arguments.truth("killwords")?;
    let end = arguments.text("end", budget)?.unwrap_or_else(|| "...".into());
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
    Value::text(budget, [head, &end].concat())
}

fn escape(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    budget.size(text.len().saturating_mul(6))?;
    budget.scan(text.len())?;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    Value::text(budget, out)
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
                items.push(Value::text(budget, part)?);
            }
        }
        None => {
            for part in text.split_whitespace() {
                items.push(Value::text(budget, part)?);
            }
        }
    }
    Value::list(budget, items)
}

fn lines(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    let mut items = Vec::new();
    for line in text.lines() {
        items.push(Value::text(budget, line)?);
    }
    Value::list(budget, items)
}

fn to_json(value: &Value, arguments: &mut Arguments, budget: &mut Budget) -> Outcome<Value> {
    let indent = match arguments.take("indent") {
        Some(Value::Bool(truth)) => truth.then_some(2),
        Some(Value::Int(width)) => Some(usize::try_from(width).unwrap_or(0).min(16)),
        _ => None,
    };
    // As Python's writer has them: sorting is for `dictsort`, and characters stay themselves.
    arguments.take("ensure_ascii");
    let mut out = String::new();
    value.write_json(&mut out, budget, indent, 0)?;
    Ok(Value::Text(out.into()))
}

fn from_json(value: &Value, budget: &mut Budget) -> Outcome<Value> {
    let text = value.to_text(budget)?;
    // Four bytes of text (`[],`) can become a value with its own allocation.
    budget.make(text.len().saturating_mul(48))?;
    let json: serde_json::Value = serde_json::from_str(&text)
        .map_err(|error| Trouble::wrong(format!("the text is not JSON: {error}")))?;
    Value::from_json(&json).ok_or_else(|| Trouble::wrong("the JSON is nested too deep"))
}
