//! The table for people to read.

use std::fmt::Write as _;

use super::{ROWS, Schemas};

fn list(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    if words.is_empty() { "–".to_owned() } else { words.join(", ") }
}

fn code(word: &str) -> String {
    format!("`{word}`")
}

/// The table of servers as the documentation prints it, in Markdown.
#[must_use]
pub fn reference() -> String {
    let mut page = String::from(
        "| `quirks` | server | told by the host | reasoning is in | counts are in | its errors | remarks |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for row in &ROWS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} | {} |",
            row.server.as_str(),
            row.title,
            list(row.hosts.iter().map(|host| match host.strip_prefix('.') {
                Some(domain) => format!("`*.{domain}`"),
                None => code(host),
            })),
            list(row.reasoning.iter().map(|place| code(place.field()))),
            list(row.usage.iter().map(|place| code(place.field()))),
            list(row.errors.iter().map(|shape| shape.form().to_owned())),
            row.remark,
        );
    }
    page.push_str(
        "\n| `quirks` | usage in streams | JSON mode | JSON Schema | other names | not sent |\n\
         |---|---|---|---|---|---|\n",
    );
    for row in &ROWS {
        let renamed = row.renamed.iter().map(|(parameter, names)| {
            let names: Vec<_> = names.iter().map(|name| code(name)).collect();
            format!("`{parameter}` as {}", names.join(" and "))
        });
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} | {} |",
            row.server.as_str(),
            if row.asks_for_usage { "asked for" } else { "comes unasked" },
            if row.json { "yes" } else { "no" },
            match row.schemas {
                Schemas::None => "no",
                Schemas::Plain => "yes",
                Schemas::Strict => "yes, to the letter where it leaves nothing open",
            },
            list(renamed),
            list(row.refused.iter().map(|(parameter, _)| code(parameter.as_str()))),
        );
    }
    page
}
