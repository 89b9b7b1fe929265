//! Addresses in a reply: where they lead, and whether they look made to carry data away.

use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

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

/// Every address with a scheme of the web, and every one in Markdown or HTML that leaves the
/// scheme out.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let references = references(text);
    let mut links = Vec::new();
    let mut from = 0;
    let at = |from: usize| memchr::memmem::find(text.as_bytes().get(from..)?, b"//");
    while let Some(found) = at(from) {
        let slashes = from + found;
        from = slashes + 2;
        if let Some(link) = link(text, slashes, &references) {
            from = link.range.end.max(from);
            links.push(link);
        }
    }
    links
}

/// A bracket that was opened, and what stands behind it.
struct Opened {
    inside: usize,
    image: bool,
    /// Whether others were opened and closed in it: then it is no label.
    holds_others: bool,
}

/// The labels that images of a text refer to, in lower case: `b` for `![a][b]`, `a` for `![a][]`
/// and `![a]`. Each byte is looked at a few times at most, whatever the text.
fn references(text: &str) -> BTreeSet<String> {
    /// More brackets than this inside of one another are no address.
    const DEEPEST: usize = 1_024;
    let bytes = text.as_bytes();
    let mut labels = BTreeSet::new();
    let mut open: VecDeque<Opened> = VecDeque::new();
    let mut from = 0;
    while let Some(found) =
        memchr::memchr3(b'[', b']', b'\\', bytes.get(from..).unwrap_or_default())
    {
        let at = from + found;
        from = at + 1;
        match bytes.get(at) {
            Some(b'[') => {
                if open.len() == DEEPEST {
                    open.pop_front();
                }
                let image = at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'!');
                open.push_back(Opened { inside: at + 1, image, holds_others: false });
            }
            Some(b']') => {
                let Some(closed) = open.pop_back() else { continue };
                if let Some(around) = open.back_mut() {
                    around.holds_others = true;
                }
                if !closed.image {
                    continue;
                }
                let own = text.get(closed.inside..at).filter(|_| !closed.holds_others);
                let named = text.get(from..).and_then(label).filter(|name| !name.is_empty());
                labels.extend(named.or(own).map(folded));
            }
            // What is escaped is no bracket.
            _ => from += 1,
        }
    }
    labels
}

/// The label in brackets that a text begins with.
fn label(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let (label, end) = inside.split_at_checked(inside.find(['[', ']'])?)?;
    end.starts_with(']').then_some(label)
}

fn folded(label: &str) -> String {
    label.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The label that an address is said to stand for: `[label]: address`, at the start of a line.
fn defined(opened: &str) -> Option<String> {
    let line = opened.rsplit('\n').next()?.trim_start();
    let label = line.strip_prefix('[')?.strip_suffix("]:")?;
    Some(folded(label))
}

/// What is fetched unasked, by the name of its attribute.
const FETCHED: [&str; 6] = ["src", "srcset", "poster", "background", "data", "xlink:href"];

/// Whether an address stands in something of HTML or CSS that is fetched unasked.
fn is_fetched(opened: &str) -> bool {
    let bare = opened.trim_end_matches([' ', '"', '\'', '\t', '\n']);
    if bare.to_ascii_lowercase().ends_with("url(") {
        return true;
    }
    let Some(name) = bare.strip_suffix('=') else { return false };
    let name = name.trim_end();
    let name = name.rsplit([' ', '\t', '\n', '"', '\'', '<', '/']).next().unwrap_or_default();
    FETCHED.iter().any(|fetched| name.eq_ignore_ascii_case(fetched))
}

fn link<'t>(text: &'t str, slashes: usize, references: &BTreeSet<String>) -> Option<Link<'t>> {
    let before = text.get(..slashes)?;
    let tail = before
        .get(before.floor_char_boundary(before.len().saturating_sub(8))..)?
        .to_ascii_lowercase();
    let scheme =
        ["https:", "http:", "ftp:", "wss:", "ws:"].into_iter().find(|it| tail.ends_with(it));
    let start = slashes - scheme.map_or(0, str::len);
    // Only what is near says what it is.
    let near = text.get(text.floor_char_boundary(start.saturating_sub(NEAR))..start)?;
    let opened = near.trim_end_matches([' ', '<']);
    let bracketed = opened.ends_with("](");
    let fetched = is_fetched(opened);
    let label = defined(opened);
    if scheme.is_none() && !bracketed && !fetched && label.is_none() {
        return None;
    }
    let image = fetched
        || (bracketed && is_image(opened))
        || label.is_some_and(|label| references.contains(&label));
    let after = text.get(slashes + 2..)?;
    let ends = |character: char| character.is_whitespace() || "<>\"')]`".contains(character);
    // An address without a host is none, and how far it would reach is not looked for: a text of
    // nothing else would be read from each of them to its end.
    let authority_end = after
        .find(|character| ends(character) || "/?#\\".contains(character))
        .unwrap_or(after.len());
    let (authority, behind) = after.split_at(authority_end);
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    let host = host.trim_end_matches(['.', ',', ';', '!', '*', '_']);
    if host.is_empty() {
        return None;
    }
    let rest = behind.get(..behind.find(ends).unwrap_or(behind.len()))?;
    let end = slashes + 2 + authority.len() + rest.len();
    Some(Link { range: start..end, host, rest, image })
}

/// Whether the `](` at the end of a text belongs to `![`.
fn is_image(near: &str) -> bool {
    near.rfind('[').is_some_and(|at| near.get(..at).is_some_and(|head| head.ends_with('!')))
}

/// How far before an address is looked for what it is.
const NEAR: usize = 512;

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
    /// something, with a long word in its path, with much of a path, or with a name of a host that
    /// no person gave it.
    pub fn carries(&self) -> bool {
        const WORD: usize = 40;
        const PATH: usize = 200;
        let query = self.rest.split_once('?').map_or("", |(_, query)| query);
        let value = query.split('&').filter_map(|pair| pair.split_once('='));
        let says =
            value.map(|(_, value)| value.len()).max().unwrap_or(0) >= 8 || query.len() >= WORD;
        let packed = self.rest.split(['/', '?', '&', '=']).any(|word| {
            word.len() >= WORD
                && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+%".contains(&byte))
        });
        self.image && (says || packed || self.rest.len() >= PATH || self.host_carries())
    }

    /// Whether the names below the host's own hold more than a name does: each of them reaches
    /// whoever owns the host, when the address is merely looked up.
    fn host_carries(&self) -> bool {
        const LABEL: usize = 25;
        const ALL: usize = 48;
        if self.host.contains(':') {
            return false;
        }
        let labels: Vec<&str> = self.host.split('.').collect();
        let below = labels.get(..labels.len().saturating_sub(2)).unwrap_or_default();
        // Names of several words are joined by hyphens; what was packed is one word with digits.
        let packed = |label: &&str| {
            label.len() >= LABEL
                && label.bytes().all(|byte| byte.is_ascii_alphanumeric())
                && label.bytes().any(|byte| byte.is_ascii_digit())
        };
        below.iter().any(packed) || below.iter().map(|label| label.len()).sum::<usize>() >= ALL
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
    fn whatever_is_fetched_unasked_is_known_as_that() {
        const DATA: &str = "e.example/p?d=c2VjcmV0IGRhdGE";
        for text in [
            format!("<img src='https://{DATA}'>"),
            format!("<IMG SRC = \"https://{DATA}\">"),
            format!("<img src=\"//{DATA}\">"),
            format!("<img alt=x src=//{DATA}>"),
            format!("<video poster='//{DATA}'></video>"),
            format!("<source srcset=\"https://{DATA} 2x\">"),
            format!("<div style=\"background: url(https://{DATA})\">"),
            format!("<div style='background:URL(\"//{DATA}\")'>"),
            format!("<svg><image xlink:href='//{DATA}'/></svg>"),
            format!("![a][b]\n\n[b]: https://{DATA}"),
            format!("![A b][]\n[a  B]: <https://{DATA}>"),
            format!("see ![b]\n\n  [b]: //{DATA} \"title\""),
            format!("![a [c] d][b]\n\n[b]: https://{DATA}"),
            format!("![a \\] d][b]\n\n[b]: https://{DATA}"),
            format!("![x]( <//{DATA}> )"),
            "![x](https://mfrggzdfmztwq2lknnwg23tpobyxe43u.e.example/a.png)".to_owned(),
            "![x](//aGVsbG8gd29y.bGQgaGVsbG8g.d29ybGQgaGVs.bG8gd29ybGQx.e.example)".to_owned(),
            format!("![x](https://e.example/{})", "abcdefghij/".repeat(20)),
        ] {
            let found = links(&text);
            assert!(found.len() == 1 && found[0].carries(), "{text}: {found:?}");
        }
        for text in [
            format!("[b]: https://{DATA}\n\n[text][b] is a link"),
            format!("<a href='https://{DATA}'>asked for</a>"),
            format!("the source = https://{DATA}"),
            "![x](https://user-images.githubusercontent.com/1/logo.png)".to_owned(),
            "![x](https://d111111abcdef8.cloudfront.net/logo.png)".to_owned(),
            "![x](https://my-company-production-assets.s3.eu-central-1.amazonaws.com/a.png)"
                .to_owned(),
            "<img src='logo.png'> // https is a scheme".to_owned(),
        ] {
            assert!(links(&text).iter().all(|link| !link.carries()), "{text}");
        }
    }

    #[test]
    fn what_opens_again_and_again_is_read_once() {
        // What takes the square of so many bytes takes hours, or more memory than there is.
        const TIMES: usize = 1 << 18;
        for piece in ["![", "![a]", "![a][", "![![a]", "[", "\\![", "https:///", "//", "https://@"]
        {
            let text = piece.repeat(TIMES);
            assert!(links(&text).iter().all(|link| !link.carries()), "{piece}");
        }
        let nested = format!("{}{}{}", "![".repeat(TIMES), "a".repeat(TIMES), "]".repeat(TIMES));
        assert_eq!(references(&nested).len(), 1);
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
