//! The parts of a prompt: what is marked off by fences, tags, quotes or labels, and the rest.

use super::text::listed;

/// What marked a block off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Three backticks or tildes; the name is the language.
    Fence,
    /// `<name>…</name>`.
    Tag,
    /// Three double quotes.
    Quotes,
    /// `Name:` at the start of a line.
    Label,
}

/// A marked-off part of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    pub mark: Mark,
    /// In lower case; empty where nothing names it.
    pub name: String,
    pub text: String,
}

/// What a labelled block is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Text to work on.
    Input,
    /// Where an answer stands or is expected.
    Answer,
    /// How to work: stays part of the instructions.
    Setting,
}

const INPUTS: &str = "\
    message text input review comment question problem email e-mail mail ticket document \
    article report transcript notes minutes contract clause clauses agreement context \
    passage source code snippet function diff patch data csv table product features feedback \
    sentence paragraph request complaint content post tweet statement excerpt q";

const ANSWERS: &str = "\
    answer output label sentiment category class queue result summary reply response json \
    entities a classification topic intent rewrite";

const SETTINGS: &str = "\
    tone audience length format style rules policy policies guidelines language labels \
    categories queues examples example instructions task role steps customer name agent \
    company signature focus schema";

/// Words that names of labels do not have and sentences do.
const JOINING: &str = "\
    the this that these a an following my your our in of to for it and below above from";

/// What a label (or tag) name is for, judged by its last word.
pub fn slot(name: &str) -> Option<Slot> {
    let last = name.rsplit([' ', '_', '-']).next().unwrap_or(name);
    let is = |names: &str| listed(names, last);
    if is(ANSWERS) {
        Some(Slot::Answer)
    } else if is(SETTINGS) {
        Some(Slot::Setting)
    } else if is(INPUTS) {
        Some(Slot::Input)
    } else {
        None
    }
}

/// A prompt taken apart: what stands outside every block, and the blocks in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    pub loose: String,
    pub blocks: Vec<Block>,
}

/// Takes a message apart. Blocks are not searched for blocks inside them, so that a transcript
/// or code between marks is one text whatever it looks like.
pub fn split(text: &str) -> Parts {
    let mut parts = Parts::default();
    let mut unmarked = String::new();
    let mut rest = text;
    // The label on the line before a fence names what is in it.
    while !rest.is_empty() {
        if let Some((block, after)) = marked_off(rest, &unmarked) {
            split_labels(&std::mem::take(&mut unmarked), Some(&block), &mut parts);
            parts.blocks.push(block);
            rest = after;
            continue;
        }
        // On to where the next mark could start.
        let skip = next_mark(rest);
        unmarked.push_str(&rest[..skip]);
        rest = &rest[skip..];
    }
    split_labels(&unmarked, None, &mut parts);
    parts
}

/// Bytes up to the next place where a block could begin; at least one character.
fn next_mark(text: &str) -> usize {
    let first = text.chars().next().map_or(0, char::len_utf8);
    text[first..].find(['`', '~', '<', '"']).map_or(text.len(), |at| first + at)
}

/// The block that begins right here, and what follows it.
fn marked_off<'a>(text: &'a str, before: &str) -> Option<(Block, &'a str)> {
    let at_line_start = before.is_empty() || before.ends_with('\n');
    match text.as_bytes().first()? {
        b'`' | b'~' if at_line_start => fence(text),
        b'"' => quotes(text),
        b'<' => tag(text),
        _ => None,
    }
}

fn fence(text: &str) -> Option<(Block, &str)> {
    let mark = ["```", "~~~"].into_iter().find(|mark| text.starts_with(mark))?;
    let (head, body) = text.split_once('\n')?;
    let name = head.trim_start_matches(['`', '~']).trim().to_lowercase();
    if name.contains(['`', ' ']) {
        return None;
    }
    let mut end = 0;
    for line in body.split_inclusive('\n') {
        if line.trim_end().len() <= 8 && line.trim_start().starts_with(mark) {
            let block = Block { mark: Mark::Fence, name, text: trim_lines(&body[..end]) };
            return Some((block, &body[end + line.len()..]));
        }
        end += line.len();
    }
    // A fence that is never closed holds all the rest.
    Some((Block { mark: Mark::Fence, name, text: trim_lines(body) }, ""))
}

fn quotes(text: &str) -> Option<(Block, &str)> {
    let body = text.strip_prefix("\"\"\"")?;
    let (inside, after) = body.split_once("\"\"\"")?;
    Some((Block { mark: Mark::Quotes, name: String::new(), text: trim_lines(inside) }, after))
}

fn tag(text: &str) -> Option<(Block, &str)> {
    let inside = text.strip_prefix('<')?;
    let length = inside
        .bytes()
        .take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
        .count();
    let name = &inside[..length];
    if name.is_empty() || !name.as_bytes()[0].is_ascii_alphabetic() {
        return None;
    }
    let (attributes, body) = inside[length..].split_once('>')?;
    if attributes.contains(['<', '\n']) || attributes.ends_with('/') {
        return None;
    }
    let close = format!("</{name}>");
    // The outermost closing tag of a block that quotes its own mark is the last one.
    let end = body.find(&close)?;
    let block =
        Block { mark: Mark::Tag, name: name.to_lowercase(), text: trim_lines(&body[..end]) };
    Some((block, &body[end + close.len()..]))
}

/// Text without blank lines around it and without white space after it; the first line keeps
/// its indentation.
fn trim_lines(text: &str) -> String {
    let start = text
        .split_inclusive('\n')
        .take_while(|line| line.trim().is_empty())
        .map(str::len)
        .sum::<usize>();
    text[start.min(text.len())..].trim_end().to_owned()
}

/// A `Name: rest` line with a name that means something here.
pub fn label_line(line: &str) -> Option<(String, &str)> {
    let line = line.trim_start_matches(['#', '*', ' ', '>']);
    let (name, rest) = line.split_once(':')?;
    let name = name.trim_end_matches('*').trim();
    let plain = name.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    let short = !name.is_empty() && name.split_whitespace().count() <= 3 && name.len() <= 32;
    let named = plain && short && name.starts_with(char::is_alphabetic);
    let lower = name.to_lowercase();
    // A request that ends in a colon (`Review this code:`) is not a label.
    let starts_big = name.starts_with(char::is_uppercase);
    let sentence = lower.split_whitespace().any(|word| listed(JOINING, word));
    (named && starts_big && !sentence && slot(&lower).is_some())
        .then(|| (lower, rest.trim_start_matches('*').trim_start_matches(' ')))
}

/// Cuts unmarked text into labelled blocks and loose text. `next` is the marked block that
/// follows: a label with nothing after it belongs to that block.
fn split_labels(text: &str, next: Option<&Block>, parts: &mut Parts) {
    let mut open: Option<Block> = None;
    for line in text.split_inclusive('\n') {
        if let Some((name, rest)) = label_line(line) {
            close(open.take(), parts);
            open = Some(Block { mark: Mark::Label, name, text: rest.to_owned() });
            continue;
        }
        match &mut open {
            // A blank line ends a setting; an input goes on to the next label.
            Some(block)
                if line.trim().is_empty()
                    && slot(&block.name) == Some(Slot::Setting)
                    && !block.text.trim().is_empty() =>
            {
                close(open.take(), parts);
            }
            Some(block) => block.text.push_str(line),
            None => parts.loose.push_str(line),
        }
    }
    if let (Some(block), Some(next)) = (&open, next)
        && block.text.trim().is_empty()
        && slot(&block.name) != Some(Slot::Setting)
    {
        // `Message:` before a fence or a tag only names what follows; nameless blocks take the
        // name as a heading in the loose text.
        if next.name.is_empty() || next.mark == Mark::Fence {
            parts.loose.push_str(&block.name);
            parts.loose.push_str(":\n");
        }
        return;
    }
    close(open, parts);
}

fn close(block: Option<Block>, parts: &mut Parts) {
    if let Some(mut block) = block {
        block.text = trim_lines(&block.text);
        parts.blocks.push(block);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn named<'a>(parts: &'a Parts, name: &str) -> &'a str {
        parts.blocks.iter().find(|block| block.name == name).map_or("", |block| &block.text)
    }

    #[test]
    fn every_mark_makes_a_block() {
        let parts = split(
            "Review this code:\n```rust\nfn main() {}\n```\nand <email>Ana: hi\n\nBob: yo</email> \
             then \"\"\"quoted\"\"\".\n\nMessage: It broke.\nNobody answers.\nLabel:",
        );
        assert_eq!(named(&parts, "rust"), "fn main() {}");
        assert_eq!(named(&parts, "email"), "Ana: hi\n\nBob: yo");
        assert_eq!(named(&parts, ""), "quoted");
        assert_eq!(named(&parts, "message"), "It broke.\nNobody answers.");
        assert_eq!(parts.blocks.last().map(|block| block.name.as_str()), Some("label"));
        assert!(parts.loose.starts_with("Review this code:\n"));
    }

    #[test]
    fn comparisons_and_html_words_are_no_tags() {
        let parts = split("if a < b and c > d then <br/> or <open only");
        assert!(parts.blocks.is_empty());
        assert_eq!(parts.loose, "if a < b and c > d then <br/> or <open only");
    }

    proptest! {
        #[test]
        fn splitting_never_panics(text in "(?s)([a-zA-Z:<>/`~\" \n]|Message:|</a>|<a>|```|\"\"\"|.){0,60}") {
            let parts = split(&text);
            let total: usize = parts.blocks.iter().map(|block| block.text.len()).sum();
            prop_assert!(total <= text.len());
        }
    }
}
