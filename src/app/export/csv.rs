//! A row for each execution, for spreadsheets.

use crate::model::Execution;

pub(super) const HEAD: &str = "id,started_at,template,version,variant,model,status,error_kind,\
    input_tokens,output_tokens,cost_usd,total_ms,ttft_ms,rating,tags,prompt,text,asked_model,\
    cache,similarity\r\n";

/// A row with a cell for each fact, without its head.
#[must_use]
pub(super) fn csv(execution: &Execution) -> String {
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let prompt: Vec<String> = execution
        .messages
        .iter()
        .map(|message| format!("{}:\n{}", message.role, message.content))
        .collect();
    let tags: Vec<String> =
        execution.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let cells = [
        execution.id.to_string(),
        execution.timing.started_at.to_string(),
        execution.template.as_ref().map_or_else(String::new, ToString::to_string),
        execution.version.as_ref().map_or_else(String::new, ToString::to_string),
        execution.variant.to_string(),
        execution.model_ref().to_string(),
        execution.status.as_str().to_owned(),
        execution.error_kind().map_or_else(String::new, |kind| kind.to_string()),
        number(execution.usage.input_tokens),
        number(execution.usage.output_tokens),
        execution.cost_usd.map_or_else(String::new, |cost| cost.to_string()),
        number(execution.timing.total_ms),
        number(execution.timing.ttft_ms),
        execution.rating.map_or_else(String::new, |rating| rating.to_string()),
        tags.join(" "),
        prompt.join("\n\n"),
        execution.text.clone(),
        execution.asked_first().map_or_else(String::new, |model| model.to_string()),
        execution.cache.as_str().to_owned(),
        execution.reused.as_ref().map_or_else(String::new, |it| it.similarity.to_string()),
    ];
    let row: Vec<String> = cells.iter().map(|cell| csv_cell(cell)).collect();
    format!("{}\r\n", row.join(","))
}

/// What a spreadsheet takes for the beginning of a formula, where a cell begins with it: also in
/// the wide forms of East Asian keyboards, and after a tab or a line end.
const FORMULAS: [char; 12] =
    ['=', '+', '-', '@', '|', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A cell that no spreadsheet takes for a formula: one that begins like it, also behind blanks and
/// what nobody sees, gets an apostrophe.
fn csv_cell(text: &str) -> String {
    let unseen = |c: char| {
        (c.is_whitespace() && !FORMULAS.contains(&c))
            || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\0')
    };
    let formula = text.trim_start_matches(unseen).starts_with(FORMULAS);
    let guarded = if formula { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("plain", "plain"),
            ("1+1", "1+1"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("say \"hi\"\n", "\"say \"\"hi\"\"\n\""),
            ("=cmd,\"x\"", "\"'=cmd,\"\"x\"\"\""),
        ] {
            assert_eq!(csv_cell(text), cell);
        }
        for prefix in FORMULAS {
            for before in ["", " ", "\u{a0}", "\u{feff}", "\u{200b} "] {
                let cell = csv_cell(&format!("{before}{prefix}1+1"));
                let bare = cell.trim_start_matches('"');
                assert!(bare.starts_with('\''), "{prefix:?} behind {before:?}: {cell}");
            }
        }
    }
}
