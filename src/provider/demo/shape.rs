//! From what a skill found to the text that the prompt asked for.

use serde_json::Value;

use super::{
    DemoModel,
    brief::Brief,
    reply::pretty,
    schema,
    text::{capitalise, sentences, word_count},
};

/// What a skill found, in every form that a prompt may ask for.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// The answer in prose, as it is when nothing else is asked.
    pub text: String,
    /// The answer alone: a label, a number.
    pub bare: Option<String>,
    /// The findings as a JSON object.
    pub facts: Value,
    /// The answer as items of a list.
    pub items: Vec<String>,
    /// The answer as a table: headings and rows.
    pub table: Option<(Vec<&'static str>, Vec<Vec<String>>)>,
    /// Parts for wanted headings: words that a heading for it has, and the text.
    pub parts: Vec<(&'static [&'static str], String)>,
    /// How the answer came about.
    pub steps: Vec<String>,
    /// The text is already in the wanted form.
    pub final_form: bool,
}

impl Draft {
    /// A draft of prose alone.
    pub fn prose(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// What a thinking model thinks before it says this.
    pub fn thoughts(&self, brief: &Brief) -> String {
        let mut thoughts = format!("Task: {}.\n", brief.task.gerund());
        for step in &self.steps {
            thoughts.push_str(step);
            thoughts.push('\n');
        }
        thoughts
    }
}

/// The text in the wanted form.
pub fn shape(model: DemoModel, brief: &Brief, draft: &Draft) -> String {
    let format = &brief.format;
    if format.json {
        return json(brief, draft);
    }
    if draft.final_form {
        return draft.text.clone();
    }
    if let Some(bare) = draft.bare.as_ref().filter(|_| format.bare && !format.steps) {
        return bare.clone();
    }
    let body = if let Some(table) = draft.table.as_ref().filter(|_| format.table) {
        markdown_table(table)
    } else if !format.sections.is_empty() && !draft.parts.is_empty() {
        headed(&format.sections, draft)
    } else if (format.bullets || format.numbered) && !draft.items.is_empty() {
        list(&draft.items, format.items, format.numbered)
    } else {
        plain(brief, draft)
    };
    match format.max_words {
        Some(limit) => within(model, &body, limit),
        None => body,
    }
}

fn plain(brief: &Brief, draft: &Draft) -> String {
    if brief.format.steps && !draft.steps.is_empty() {
        let mut text = list(&draft.steps, None, true);
        text.push_str("\n\n");
        text.push_str(&draft.text);
        return text;
    }
    match brief.format.sentences {
        Some(most) => {
            let found = sentences(&draft.text);
            if found.len() > most { found[..most].join(" ") } else { draft.text.clone() }
        }
        None => draft.text.clone(),
    }
}

fn json(brief: &Brief, draft: &Draft) -> String {
    let format = &brief.format;
    let facts = if draft.facts.is_object() {
        draft.facts.clone()
    } else {
        serde_json::json!({"answer": draft.bare.as_ref().unwrap_or(&draft.text)})
    };
    let value = if let Some(wanted) = &format.schema {
        schema::fit(wanted, &facts)
    } else if let Some(sample) = &format.skeleton {
        schema::fit_like(sample, &facts)
    } else if !format.keys.is_empty() {
        schema::fit_keys(&format.keys, &facts)
    } else {
        facts
    };
    pretty(&value)
}

fn list(items: &[String], most: Option<usize>, numbered: bool) -> String {
    let lines: Vec<String> = items
        .iter()
        .take(most.unwrap_or(usize::MAX))
        .enumerate()
        .map(
            |(at, item)| if numbered { format!("{}. {item}", at + 1) } else { format!("- {item}") },
        )
        .collect();
    lines.join("\n")
}

/// A Markdown table; bars and line breaks in cells are escaped.
pub fn markdown_table((headings, rows): &(Vec<&'static str>, Vec<Vec<String>>)) -> String {
    let mut text = format!("| {} |\n|{}\n", headings.join(" | "), "---|".repeat(headings.len()));
    for row in rows {
        let cells: Vec<String> =
            row.iter().map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect();
        text.push_str("| ");
        text.push_str(&cells.join(" | "));
        text.push_str(" |\n");
    }
    text.trim_end().to_owned()
}

/// The draft's parts under the wanted headings; a heading that nothing fits takes the prose.
fn headed(wanted: &[String], draft: &Draft) -> String {
    let mut unused = Some(draft.text.as_str());
    let sections: Vec<String> = wanted
        .iter()
        .map(|heading| {
            let lower = heading.to_lowercase();
            let part = draft
                .parts
                .iter()
                .find(|(words, _)| words.iter().any(|word| lower.contains(word)))
                .map(|(_, text)| text.as_str());
            let body = part.or_else(|| unused.take()).unwrap_or("Nothing to add.");
            format!("## {}\n\n{}", capitalise(heading), body.trim())
        })
        .collect();
    sections.join("\n\n")
}

/// A text within a limit of words. The careful model drops whole sentences from the end, the
/// balanced one cuts where the limit is, and the fast one finishes the sentence in which it went
/// past the limit.
pub fn within(model: DemoModel, text: &str, limit: usize) -> String {
    if word_count(text) <= limit {
        return text.to_owned();
    }
    let cut = || {
        let kept: Vec<&str> = text.split_whitespace().take(limit).collect();
        format!("{}…", kept.join(" ").trim_end_matches([',', ';', ':', '.', '-']))
    };
    if model == DemoModel::Balanced {
        return cut();
    }
    let mut end = 0;
    for sentence in sentences(text) {
        // Slices of the text, so their place is found without searching.
        let start = sentence.as_ptr() as usize - text.as_ptr() as usize;
        let next = start + sentence.len();
        if word_count(&text[..next]) > limit {
            if model == DemoModel::Fast {
                end = next;
            }
            break;
        }
        end = next;
    }
    if end == 0 { cut() } else { text[..end].trim_end().to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_kept_as_each_model_keeps_them() {
        let text = "One two three four. Five six seven eight. Nine ten.";
        assert_eq!(within(DemoModel::Careful, text, 6), "One two three four.");
        assert_eq!(within(DemoModel::Balanced, text, 6), "One two three four. Five six…");
        assert_eq!(within(DemoModel::Fast, text, 6), "One two three four. Five six seven eight.");
        assert_eq!(within(DemoModel::Careful, text, 2), "One two…");
        assert_eq!(within(DemoModel::Careful, text, 99), text);
    }

    #[test]
    fn tables_escape_their_bars() {
        let table = (vec!["a", "b"], vec![vec!["x|y".to_owned(), "z".to_owned()]]);
        assert_eq!(markdown_table(&table), "| a | b |\n|---|---|\n| x\\|y | z |");
    }
}
