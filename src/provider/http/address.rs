//! Where requests go.

use url::Url;

/// A protocol's path, and its query if it has one, under a base URL.
///
/// People write a base URL with and without the version a protocol's paths begin with, so the
/// version is not doubled. A query of the base URL is kept: some services demand one.
pub(super) fn joined(base: &Url, path: &str) -> Url {
    let (path, query) = match path.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (path, None),
    };
    let root = base.path().trim_end_matches('/');
    let root =
        if path.starts_with("/v1/") { root.strip_suffix("/v1").unwrap_or(root) } else { root };
    let mut url = base.clone();
    url.set_path(&format!("{root}{path}"));
    match (base.query().filter(|query| !query.is_empty()), query) {
        (Some(ours), Some(theirs)) => url.set_query(Some(&format!("{ours}&{theirs}"))),
        (None, Some(theirs)) => url.set_query(Some(theirs)),
        (_, None) => {}
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries_are_joined_once() {
        for (base, path, expected) in [
            ("https://a.example", "/v1/messages", "https://a.example/v1/messages"),
            ("https://a.example/v1", "/v1/messages", "https://a.example/v1/messages"),
            ("https://a.example/v1/", "/chat/completions", "https://a.example/v1/chat/completions"),
            ("https://a.example/x/", "/v1/models?limit=9", "https://a.example/x/v1/models?limit=9"),
            ("https://a.example/d?api=2", "/models", "https://a.example/d/models?api=2"),
            (
                "https://a.example/?api=2",
                "/v1/models?limit=9",
                "https://a.example/v1/models?api=2&limit=9",
            ),
        ] {
            let base = Url::parse(base).expect("an address");
            assert_eq!(joined(&base, path).as_str(), expected);
        }
    }
}
