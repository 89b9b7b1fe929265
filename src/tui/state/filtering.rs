//! What can be typed into a filter, said while one types.

use super::LineInput;

/// All conditions there are, those that begin like the word at the cursor, or what the condition
/// there wants; with `words`, that words can be looked for too.
pub(super) fn hint(input: &LineInput, conditions: &[(&str, &str)], words: bool) -> String {
    let before = input.text().get(..input.cursor()).unwrap_or("");
    let word = before.rsplit(char::is_whitespace).next().unwrap_or("");
    let begun = word.split_once(':').map(|(key, _)| key);
    if let Some((name, expects)) = conditions.iter().find(|(name, _)| Some(*name) == begun) {
        return format!("{name}: {expects}");
    }
    let names = |begin: &str| -> String {
        let fits = conditions.iter().filter(|(name, _)| name.starts_with(begin));
        fits.map(|(name, _)| format!("{name}:")).collect::<Vec<_>>().join(" ")
    };
    match names(word) {
        fitting if !word.is_empty() && !fitting.is_empty() => fitting,
        _ if words => format!("words, \"a phrase\", {}", names("")),
        _ => names(""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hint_follows_the_word_at_the_cursor() {
        let conditions = [("status", "ok, error"), ("since", "7d"), ("model", "provider/model")];
        let said = |text: &str| hint(&LineInput::new(text), &conditions, true);
        assert_eq!(said(""), "words, \"a phrase\", status: since: model:");
        assert_eq!(said("angry s"), "status: since:");
        assert_eq!(said("angry status:"), "status: ok, error");
        assert_eq!(said("zzz"), "words, \"a phrase\", status: since: model:");
        assert_eq!(hint(&LineInput::new(""), &conditions[..1], false), "status:");
    }
}
