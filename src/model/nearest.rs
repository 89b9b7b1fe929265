//! The nearest valid name, for errors that say what was probably meant.

/// The candidate most like `word`, if any is like enough to be worth suggesting.
///
/// Likeness is the Jaro–Winkler similarity of the lower-case forms (`strsim`), at least 0.72.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(&word, &candidate.to_lowercase()), candidate))
        .filter(|(likeness, _)| *likeness >= 0.72)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate)
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
}
