//! Addresses in a reply: where they lead, and whether they look made to carry data away.
//!
//! What follows a scheme is an address wherever it stands. Where Markdown or HTML expects an
//! address, it is read as browsers read it (the WHATWG's URL standard): `\` is as good as `/`, any
//! number of them stands between the scheme and the host, and tabs and line ends are none.

use std::{
    collections::{BTreeSet, VecDeque},
    ops::Range,
};

/// An address in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    pub range: Range<usize>,
    /// In the case it is written in; without user, port and path. Empty where it has no end.
    pub host: String,
    /// What comes behind the host: path, query, fragment.
    rest: &'a str,
    /// Whether it is shown unasked, as images are.
    pub image: bool,
}

/// What an address stands in, which says where it ends.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// Between words.
    Prose,
    /// `[text](here)`.
    Inline,
    /// `[label]: here`.
    Defined,
    /// `[text](<here>)`.
    Angle,
    /// An attribute of HTML in quotation marks.
    Quoted(u8),
    /// An attribute without them, or `<here>`.
    Bare,
    /// `url(here)` of CSS.
    Css,
}

/// Every address with a scheme of the web, and every one in Markdown or HTML that leaves the
/// scheme out. Each byte is looked at a few times at most, whatever the text.
pub(super) fn links(text: &str) -> Vec<Link<'_>> {
    let bytes = text.as_bytes();
    let images = Images::of(text);
    let mut links = Vec::new();
    // The quotation mark that ends the list of addresses one is in.
    let mut list = None;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let mut next = at + 1;
        let found = match byte {
            b'(' => bracketed(text, at, &images),
            b'<' if scheme(text, at + 1).is_some() => address(text, at + 1, Place::Bare, false),
            b'=' => attribute(text, at).and_then(|attribute| {
                if let (true, Place::Quoted(mark)) = (attribute.list, attribute.place) {
                    (list, next) = (Some(mark), attribute.value);
                }
                address(text, attribute.value, attribute.place, attribute.fetched)
            }),
            b',' => list.and_then(|mark| address(text, at + 1, Place::Quoted(mark), true)),
            b':' => defined(text, at, &images).or_else(|| written(text, at)),
            _ => None,
        };
        if list == Some(*byte) && found.is_none() {
            list = None;
        }
        if let Some((link, end)) = found {
            next = end.max(next);
            links.push(link);
        }
        at = next;
    }
    links
}

/// What stands in `(`, if an address may.
fn bracketed<'t>(text: &'t str, at: usize, images: &Images) -> Option<(Link<'t>, usize)> {
    let before = text.as_bytes().get(..at)?;
    if before.ends_with(b"]") {
        return address(text, at + 1, Place::Inline, images.inline.contains(&(at - 1)));
    }
    let name = before.get(at.checked_sub(3)?..)?;
    if !name.eq_ignore_ascii_case(b"url") {
        return None;
    }
    let value = skip_blanks(text, at + 1);
    match text.as_bytes().get(value) {
        Some(mark @ (b'"' | b'\'')) => address(text, value + 1, Place::Quoted(*mark), true),
        _ => address(text, value, Place::Css, true),
    }
}

/// An attribute whose value is an address.
struct Attribute {
    value: usize,
    place: Place,
    /// Whether the address is fetched unasked.
    fetched: bool,
    /// Whether more addresses follow behind commas.
    list: bool,
}

/// What is fetched unasked, by the name of its attribute.
const FETCHED: [&str; 6] = ["src", "srcset", "poster", "background", "data", "xlink:href"];
/// What is gone to when one asks for it.
const FOLLOWED: [&str; 5] = ["href", "action", "formaction", "ping", "cite"];

/// The attribute whose `=` stands there, if its value is an address.
fn attribute(text: &str, equals: usize) -> Option<Attribute> {
    const LONGEST: usize = 12;
    let before = text.get(..equals)?.trim_end_matches(BLANK);
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(LONGEST))..)?;
    let name = near.rsplit([' ', '\t', '\n', '\r', '\u{c}', '"', '\'', '<', '/']).next()?;
    let is_one_of = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
    let fetched = is_one_of(&FETCHED);
    if !fetched && !is_one_of(&FOLLOWED) {
        return None;
    }
    let value = skip_blanks(text, equals + 1);
    let (value, place) = match text.as_bytes().get(value) {
        Some(mark @ (b'"' | b'\'')) => (value + 1, Place::Quoted(*mark)),
        _ => (value, Place::Bare),
    };
    Some(Attribute { value, place, fetched, list: name.eq_ignore_ascii_case("srcset") })
}

/// What browsers take off the ends of an address.
const BLANK: [char; 5] = [' ', '\t', '\n', '\r', '\u{c}'];

fn skip_blanks(text: &str, from: usize) -> usize {
    let bytes = text.as_bytes().get(from..).unwrap_or_default();
    from + bytes.iter().take_while(|byte| **byte <= b' ').count()
}

/// The address of `[label]: address`, whose `:` stands there.
fn defined<'t>(text: &'t str, colon: usize, images: &Images) -> Option<(Link<'t>, usize)> {
    /// No label is longer.
    const LONGEST: usize = 1_024;
    let before = text.get(..colon)?.strip_suffix(']')?;
    let (mut link, next) = address(text, colon + 1, Place::Defined, false)?;
    let near = before.get(before.floor_char_boundary(before.len().saturating_sub(LONGEST))..)?;
    let (head, label) = near.rsplit_once('[')?;
    // It begins a line, in a quotation or a list perhaps.
    let head = head.rsplit('\n').next()?;
    let begins = |byte: u8| byte.is_ascii_whitespace() || b">-*+.)".contains(&byte);
    if !head.bytes().all(|byte| begins(byte) || byte.is_ascii_digit()) {
        return None;
    }
    link.image = images.labels.contains(&folded(label));
    Some((link, next))
}

/// The address whose scheme ends there, between words.
fn written(text: &str, colon: usize) -> Option<(Link<'_>, usize)> {
    if slashes(text, colon + 1, false).1 < 2 {
        return None;
    }
    let before = text.as_bytes().get(..colon)?;
    let is_before = |scheme: &&&str| {
        let tail = before.len().checked_sub(scheme.len()).and_then(|at| before.get(at..));
        tail.is_some_and(|tail| tail.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let scheme = SCHEMES.iter().find(is_before)?;
    address(text, colon - scheme.len(), Place::Prose, false)
}

/// Those that a browser reads in its own lenient way; `https` comes before `http` for its end.
const SCHEMES: [&str; 5] = ["https", "http", "ftp", "wss", "ws"];

/// The scheme that a text has from there on, if it is one of the web's, and where it ends.
fn scheme(text: &str, from: usize) -> Option<usize> {
    const LONGEST: usize = 5;
    let mut name = String::new();
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'\t' | b'\n' | b'\r' => {}
            b':' => return SCHEMES.contains(&name.as_str()).then_some(at + 1),
            _ if byte.is_ascii_alphabetic() && name.len() < LONGEST => {
                name.push(char::from(byte.to_ascii_lowercase()));
            }
            _ => return None,
        }
    }
    None
}

/// Where the slashes of either kind end that stand there, and how many there are.
fn slashes(text: &str, from: usize, lenient: bool) -> (usize, usize) {
    let (mut end, mut count) = (from, 0);
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            b'/' | b'\\' => (end, count) = (at + 1, count + 1),
            b'\t' | b'\n' | b'\r' if lenient => {}
            _ => break,
        }
    }
    (end, count)
}

/// The address that begins there, and where the next may.
fn address(text: &str, from: usize, place: Place, image: bool) -> Option<(Link<'_>, usize)> {
    let mut place = place;
    let mut start = skip_blanks(text, from);
    if matches!(place, Place::Inline | Place::Defined) && text.as_bytes().get(start) == Some(&b'<')
    {
        place = Place::Angle;
        start = skip_blanks(text, start + 1);
    }
    let behind = scheme(text, start);
    let lenient = !matches!(place, Place::Prose);
    let (authority_start, count) = slashes(text, behind.unwrap_or(start), lenient);
    if behind.is_none() && count < 2 {
        return None;
    }
    let ends = |character: char| character.is_whitespace() || "<>\"')]`".contains(character);
    let after = text.get(authority_start..)?;
    let length = authority(after, place);
    let authority = after.get(..length.unwrap_or(0))?;
    let host: String = host(authority)?.chars().filter(|it| !"\t\n\r".contains(*it)).collect();
    if host.is_empty() && length.is_some() {
        return None;
    }
    // One that is put in an unusual way is easily something else: a path, an expression, a name
    // with a prefix.
    let plain = text.get(start..authority_start).is_some_and(|head| head.ends_with("//"))
        && (behind.is_some() || count == 2);
    if !plain && length.is_some() && !is_of_the_web(&host) {
        return None;
    }
    let behind = after.get(authority.len()..)?;
    let rest = behind.get(..behind.find(ends).unwrap_or(behind.len()))?;
    let end = authority_start + authority.len() + rest.len();
    let next = authority.find(ends).map_or(end, |odd| authority_start + odd);
    Some((Link { range: start..end, host, rest, image }, next))
}

/// How long the part of an address is that names its host; `None` for one without end.
fn authority(text: &str, place: Place) -> Option<usize> {
    /// A name of a host has 253 bytes at most, and before it may stand a user.
    const LONGEST: usize = 512;
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        if at > LONGEST {
            return None;
        }
        let ends = match place {
            _ if "/?#\\".contains(character) => true,
            Place::Prose => character.is_whitespace() || "<>\"')]`".contains(character),
            Place::Quoted(mark) => character == char::from(mark),
            Place::Angle => "<>\n".contains(character),
            Place::Bare => character == '>' || character.is_ascii_whitespace(),
            Place::Css => character == ')' || character.is_ascii_whitespace(),
            Place::Defined => character.is_ascii_whitespace(),
            Place::Inline => {
                match character {
                    '(' => depth += 1,
                    ')' if depth == 0 => return Some(at),
                    ')' => depth -= 1,
                    _ => {}
                }
                character.is_ascii_whitespace()
            }
        };
        if ends {
            return Some(at);
        }
    }
    Some(text.len())
}

fn host(authority: &str) -> Option<&str> {
    let host = authority.rsplit('@').next()?;
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next()?,
        None => host.split(':').next()?,
    };
    Some(host.trim_end_matches(['.', ',', ';', '!', '*', '_']))
}

/// Whether a name is more than a word: it has several parts, or is a number.
fn is_of_the_web(host: &str) -> bool {
    host.contains(['.', ':', '%'])
        || !host.is_ascii()
        || host.starts_with(|first: char| first.is_ascii_digit())
}

/// A bracket that was opened, and what stands behind it.
struct Opened {
    inside: usize,
    image: bool,
    /// Whether others were opened and closed in it: then it is no label.
    holds_others: bool,
}

/// The images of a text.
#[derive(Debug, Default)]
struct Images {
    /// The labels they refer to, in lower case: `b` for `![a][b]`, `a` for `![a][]` and `![a]`.
    labels: BTreeSet<String>,
    /// The brackets that close the texts of those with an address of their own: `![a](b)`.
    inline: BTreeSet<usize>,
}

impl Images {
    /// Each byte is looked at a few times at most, whatever the text.
    fn of(text: &str) -> Self {
        /// More brackets than this inside of one another are no address.
        const DEEPEST: usize = 1_024;
        let bytes = text.as_bytes();
        let mut images = Self::default();
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
                    let image =
                        at.checked_sub(1).and_then(|before| bytes.get(before)) == Some(&b'!');
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
                    if bytes.get(from) == Some(&b'(') {
                        images.inline.insert(at);
                    }
                    let own = text.get(closed.inside..at).filter(|_| !closed.holds_others);
                    let named = text.get(from..).and_then(label).filter(|name| !name.is_empty());
                    images.labels.extend(named.or(own).map(folded));
                }
                // What is escaped is no bracket.
                _ => from += 1,
            }
        }
        images
    }
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

impl Link<'_> {
    /// Whether its host is one of these or lies below one.
    pub fn is_of(&self, hosts: &[String]) -> bool {
        hosts.iter().any(|allowed| {
            let allowed = allowed.trim_start_matches("*.").trim_start_matches('.');
            let host = self.host.as_str();
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

    fn hosts(text: &str) -> Vec<(String, bool, bool)> {
        links(text)
            .into_iter()
            .map(|link| (link.host.clone(), link.image, link.carries()))
            .collect()
    }

    #[test]
    fn addresses_are_found_and_their_hosts_read() {
        assert_eq!(
            hosts(
                "see https://a.example/x, (http://user:pw@b.example:8080/), ![i](//c.example/p.png) // no"
            ),
            [
                ("a.example".into(), false, false),
                ("b.example".into(), false, false),
                ("c.example".into(), true, false)
            ]
        );
        assert_eq!(
            hosts("HTTPS://D.example. and http://[::1]:80/"),
            [("D.example".into(), false, false), ("::1".into(), false, false)]
        );
        assert_eq!(hosts("a // b and file:///etc/passwd"), []);
    }

    #[test]
    fn an_address_is_read_as_browsers_read_it() {
        for text in [
            "![x](https:/evil.test/x)",
            "![x](https:evil.test/x)",
            "![x](https:\\evil.test/x)",
            "![x](///evil.test/x)",
            "![x](/\\evil.test/x)",
            "![x](\n  //evil.test/x)",
            "![x](<ht\ttps:/\t/evil.test/x>)",
            "<img src=\"https:\\\\evil.test/x\">",
            "<img src=\"/\\evil.test/x\">",
            "<img src='\\/evil.test/x'>",
            "<img src=\\\\evil.test\\x>",
            "<img src=' \n/\t/evil.test'>",
            "<img src='h\nttps:\n//evil\n.test/x'>",
            "<img srcset='a.png 1x, //evil.test/x 2x'>",
            "<a href='//evil.test/x'>",
            "<form action=//evil.test>",
            "<https:/evil.test/x>",
            "> [b]: https:/evil.test/x",
            "<p style=\"background:url( '/\\evil.test/x')\">",
            "{\"url\": \"https:\\/\\/evil.test\\/x\"}",
        ] {
            let found = links(text);
            assert!(found.len() == 1 && found[0].host == "evil.test", "{text}: {found:?}");
        }
        for text in [
            "<img src=\"https://example.com)@evil.test/x\">",
            "<img src=\"https://example.com'@evil.test/x\">",
            "<img src=\"https://example.com @evil.test/x\">",
            "![x](https://example.com'.evil.test/x)",
            "![x](https://example.com(1)@evil.test/x)",
            "[b]: https://example.com)@evil.test/x",
            "<https://example.com'@evil.test/x>",
        ] {
            let found = links(text);
            assert!(found.len() == 1 && found[0].host.ends_with("evil.test"), "{text}: {found:?}");
        }
        let endless =
            format!("<img src='https://{}example.com{}.evil.test/x'>", "a@".repeat(300), "a");
        assert!(!links(&endless)[0].is_of(&["example.com".to_owned()]), "no end, no host");
    }

    #[test]
    fn what_only_looks_like_an_address_is_none() {
        for text in [
            "and/or, either//or, 1 / 2 // 3",
            "C:\\Users\\me and \\\\server\\share",
            "src = \"\\\\server\\share\"",
            "data = '\\\\d+'",
            "path=\"C:\\\\temp\"",
            "open(\"//server/share\")",
            "[key]: // a comment",
            "let [a, b]: // a comment",
            "see [notes](notes/a.md) and [b](/b/c) and [d](\\d)",
            "http: or https:/ is a scheme, ws:\\ is none",
            "<http:listener-config name='x'/>",
            "case https: // falls through",
            "img.src = \"//cdn\" + name",
        ] {
            assert_eq!(links(text), [], "{text}");
        }
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
            format!("![a [c] d](https://{DATA})"),
            format!("![a][b]\n\n> [b]: https:\\{DATA}"),
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
        for piece in [
            "![",
            "![a]",
            "![a][",
            "![![a]",
            "[",
            "\\![",
            "https:///",
            "//",
            "https://@",
            "](",
            "](h\n",
            "[a]:",
            "]:",
            "]: https:",
            "src=",
            "src='",
            "srcset='a,",
            "/",
            "\t:",
        ] {
            let text = piece.repeat(TIMES);
            std::hint::black_box(links(&text));
        }
        // A host is looked for a little way from each.
        for piece in ["](https:", "<https:", "src=\"https:", "url(https:", "url(https:'"] {
            std::hint::black_box(links(&piece.repeat(TIMES >> 3)));
        }
        let nested = format!("{}{}{}", "![".repeat(TIMES), "a".repeat(TIMES), "]".repeat(TIMES));
        assert_eq!(Images::of(&nested).labels.len(), 1);
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
