//! Addresses in a reply: where they lead, and whether they look made to carry data away.

use std::ops::Range;

/// An address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub range: Range<usize>,
    /// In the case it is written in; without user, port and path.
    pub host: &'a str,
    /// What comes behind the host: path, query, fragment.
    rest: &'a str,
    /// Whether it is shown unasked, as images are.
    pub image: bool,
}

/// Every address with a scheme of the web, and every Markdown image that leaves the scheme out.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let mut links = Vec::new();
    let mut from = 0;
    let at = |from: usize| memchr::memmem::find(text.as_bytes().get(from..)?, b"//");
    while let Some(found) = at(from) {
        let slashes = from + found;
        from = slashes + 2;
        if let Some(link) = link(text, slashes) {
            from = link.range.end.max(from);
            links.push(link);
        }
    }
    links
}

fn link(text: &str, slashes: usize) -> Option<Link<'_>> {
    let before = text.get(..slashes)?;
    let tail = before.get(floor(before, before.len().saturating_sub(8))..)?.to_ascii_lowercase();
    let scheme =
        ["https:", "http:", "ftp:", "wss:", "ws:"].into_iter().find(|it| tail.ends_with(it));
    let start = slashes - scheme.map_or(0, str::len);
    let opened = text.get(..start)?.trim_end_matches([' ', '<']);
    let bracketed = opened.ends_with("](");
    if scheme.is_none() && !bracketed {
        return None;
    }
    let image =
        (bracketed && is_image(opened)) || opened.ends_with("src=\"") || opened.ends_with("src=");
    let after = text.get(slashes + 2..)?;
    let end = after
        .find(|character: char| character.is_whitespace() || "<>\"')]`".contains(character))
        .unwrap_or(after.len());
    let address = after.get(..end)?;
    let authority_end = address.find(['/', '?', '#', '\\']).unwrap_or(address.len());
    let (authority, rest) = address.split_at(authority_end);
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    let host = host.trim_end_matches(['.', ',', ';', '!', '*', '_']);
    (!host.is_empty()).then(|| Link { range: start..slashes + 2 + end, host, rest, image })
}

/// Whether the `](` at the end of a text belongs to `![`.
fn is_image(text: &str) -> bool {
    const LONGEST: usize = 512;
    let from = floor(text, text.len().saturating_sub(LONGEST));
    let near = text.get(from..).unwrap_or_default();
    near.rfind('[').is_some_and(|at| near.get(..at).is_some_and(|head| head.ends_with('!')))
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Link<'_> {
    /// Whether its host is one of these or lies below one.
    pub fn is_of(&self, hosts: &[String]) -> bool {
        hosts.iter().any(|allowed| {
            let allowed = allowed.trim_start_matches("*.").trim_start_matches('.');
            let host = self.host;
            let Some(head) = host.len().checked_sub(allowed.len()) else { return false };
            let ends = host.get(head..).is_some_and(|tail| tail.eq_ignore_ascii_case(allowed));
            !allowed.is_empty()
                && ends
                && (head == 0 || host.as_bytes().get(head - 1) == Some(&b'.'))
        })
    }

    /// Whether it is fetched unasked and has room for data: an image with a query that says
    /// something, or with a long word in its path.
    pub fn carries(&self) -> bool {
        const WORD: usize = 40;
        let query = self.rest.split_once('?').map_or("", |(_, query)| query);
        let value = query.split('&').filter_map(|pair| pair.split_once('='));
        let says =
            value.map(|(_, value)| value.len()).max().unwrap_or(0) >= 8 || query.len() >= WORD;
        let packed = self.rest.split(['/', '?', '&', '=']).any(|word| {
            word.len() >= WORD
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+%".contains(&byte))
        });
        self.image && (says || packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(text: &str) -> Vec<(&str, bool, bool)> {
        links(text).into_iter().map(|link| (link.host, link.image, link.carries())).collect()
    }

    #[test]
    fn addresses_are_found_and_their_hosts_read() {
        assert_eq!(
            hosts(
                "see https://a.example/x, (http://user:pw@b.example:8080/), ![i](//c.example/p.png) // no"
            ),
            [("a.example", false, false), ("b.example", false, false), ("c.example", true, false)]
        );
        assert_eq!(
            hosts("HTTPS://D.example. and http://[::1]:80/"),
            [("D.example", false, false), ("::1", false, false)]
        );
        assert_eq!(hosts("a // b and file:///etc/passwd"), []);
    }

    #[test]
    fn an_image_that_carries_data_is_known() {
        assert!(hosts("![x](https://e.example/p.png?d=c2VjcmV0IGRhdGE)")[0].2);
        assert!(
            hosts(
                "<img src=\"https://e.example/aGVsbG8gd29ybGQgaGVsbG8gd29ybGQgaGVsbG8gd29ybGQ/x\">"
            )[0]
            .2
        );
        assert!(
            !hosts("[x](https://e.example/p?d=c2VjcmV0IGRhdGE)")[0].2,
            "nobody fetches it unasked"
        );
        assert!(!hosts("![x](https://e.example/logo.png?v=2)")[0].2);
    }

    #[test]
    fn a_host_is_allowed_with_what_lies_below_it_and_nothing_beside_it() {
        let allowed = ["example.com".to_owned()];
        for (text, is) in [
            ("https://example.com/x", true),
            ("https://docs.EXAMPLE.com", true),
            ("https://example.com.evil.test", false),
            ("https://notexample.com", false),
            ("https://example.com@evil.test/", false),
        ] {
            assert_eq!(links(text)[0].is_of(&allowed), is, "{text}");
        }
    }
}
