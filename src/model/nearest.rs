//! The nearest valid name, for errors that say what was probably meant.

/// The least likeness of a name that is worth suggesting.
const LIKE_ENOUGH: f64 = 0.72;

/// The candidate most like `word`, if any is like enough to be worth suggesting.
///
/// Likeness is the Jaro–Winkler similarity of the lower-case forms (`strsim`), at least 0.72.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    likely(word, candidates, 1).pop()
}

/// The candidates most like `word`, as [`nearest`] measures it, the likest first.
#[must_use]
pub fn likely<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    most: usize,
) -> Vec<&'a str> {
    let word = word.to_lowercase();
    let mut like: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= LIKE_ENOUGH)
        .collect();
    like.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    like.truncate(most);
    like.into_iter().map(|(_, candidate)| candidate).collect()
}

/// The words an error ends with when a nearest name is known, and nothing otherwise.
#[must_use]
pub fn did_you_mean(name: Option<&str>) -> String {
    name.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_the_likely_name_and_nothing_far_fetched() {
        assert_eq!(nearest("temprature", ["top_p", "temperature"]), Some("temperature"));
        assert_eq!(nearest("zzz", ["top_p", "temperature"]), None);
    }

    #[test]
    fn several_are_told_the_likest_first() {
        let models = ["gpt-4o", "llama3.2", "gpt-4o-mini", "mistral"];
        assert_eq!(likely("gpt-4o-minni", models, 2), ["gpt-4o-mini", "gpt-4o"]);
        assert!(likely("zzz", models, 2).is_empty());
    }
}
