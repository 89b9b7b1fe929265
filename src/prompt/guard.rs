//! A look at a body's tokens before the parser sees them.
//!
//! The parser recurses over nested expressions, chains and tags without a limit of its own on all
//! of them, and its tree is dropped recursively. Counting first keeps both far from the stack's
//! end and bounds the tree's memory. The same pass says which tag is not closed, in better words
//! than a parser that only knows it ran out of text.

use minijinja::{
    machinery::{Span, Token, tokenize},
    syntax::SyntaxConfig,
};

use crate::model::nearest;

/// Tokens inside tags, over a template and everything it includes.
pub(super) const MAX_TOKENS: usize = 200_000;
/// Brackets inside brackets in one expression.
const MAX_BRACKETS: usize = 40;
/// Operators, filters, attributes and calls that hang on one another in one expression.
const MAX_CHAIN: usize = 200;
/// Tags inside tags, each `elif` counting as one more.
const MAX_TAGS: usize = 100;

/// Why a body was refused, at a byte of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct BodyError {
    pub offset: usize,
    pub message: String,
    pub hint: Option<String>,
}

impl BodyError {
    pub(super) fn new(offset: usize, message: impl Into<String>) -> Self {
        Self { offset, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// A file named by an `include`, `import` or `from` tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    pub offset: usize,
    pub name: String,
    /// `ignore missing` was said.
    pub optional: bool,
}

/// The syntax every template is read with: a tag alone on its line leaves no line behind.
pub(super) fn syntax() -> SyntaxConfig {
    SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .keep_trailing_newline(true)
        .build()
        .unwrap_or_default()
}

/// Checks a body's tokens, taking them off `tokens_left`, and finds what its tags refer to.
pub(super) fn check(text: &str, tokens_left: &mut usize) -> Result<Vec<Reference>, BodyError> {
    let mut guard = Guard::default();
    let mut last = 0;
    for token in tokenize(text, false, syntax()) {
        let (token, span) = token.map_err(|error| lexer_error(&error, text, last))?;
        last = span.end_offset as usize;
        if !matches!(token, Token::TemplateData(_)) {
            *tokens_left = tokens_left.checked_sub(1).ok_or_else(|| {
                let message = format!("the template has more than {MAX_TOKENS} words inside tags");
                BodyError::new(last, message).hint("give the data as an input and loop over it")
            })?;
        }
        guard.token(&token, span)?;
    }
    guard.finish()
}

fn lexer_error(error: &minijinja::Error, text: &str, last: usize) -> BodyError {
    let offset = error.range().map_or(last, |range| range.start).min(text.len());
    let detail = error.detail().unwrap_or("not understood");
    match detail {
        "unexpected end of comment" => {
            BodyError::new(last, "a comment `{#` is never closed by `#}`")
        }
        "unexpected end of raw block" => {
            BodyError::new(last, "`{% raw %}` is never closed by `{% endraw %}`")
        }
        "unexpected end of string" => BodyError::new(last, "a text in quotes is never closed"),
        "unexpected character" => {
            let character = text.get(offset..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            BodyError::new(offset, format!("`{character}` cannot stand inside a tag"))
                .hint("if these braces are meant as text, write {% raw %}…{% endraw %} around them")
        }
        other => BodyError::new(offset, other.to_owned()),
    }
}

#[derive(Default)]
struct Guard {
    tags: Vec<OpenTag>,
    /// The depth of the tags, each `elif` counted.
    tag_depth: usize,
    /// One count of chained operators for each open bracket, the first for none.
    chains: Vec<usize>,
    state: TagState,
    references: Vec<Reference>,
}

struct OpenTag {
    word: String,
    offset: usize,
    elifs: usize,
}

#[derive(Default, PartialEq)]
enum TagState {
    #[default]
    Outside,
    /// `{%` was read, its keyword is next.
    Keyword,
    /// In a `set` that may turn out to open a block.
    Set(usize),
    /// The name of a file is next.
    Name(usize),
    /// In an include whose name has been read.
    Named,
    Inside,
}

const OPENERS: [&str; 8] = ["for", "if", "with", "filter", "macro", "call", "block", "autoescape"];
const SINGLES: [&str; 7] = ["include", "import", "from", "do", "set", "extends", "raw"];

impl Guard {
    fn token(&mut self, token: &Token<'_>, span: Span) -> Result<(), BodyError> {
        let at = span.start_offset as usize;
        match token {
            Token::TemplateData(_) => return Ok(()),
            Token::VariableStart => {
                self.begin();
                self.state = TagState::Inside;
                return Ok(());
            }
            Token::BlockStart => {
                self.begin();
                self.state = TagState::Keyword;
                return Ok(());
            }
            Token::VariableEnd | Token::BlockEnd => {
                if let TagState::Set(offset) = self.state {
                    self.open("set", offset)?;
                }
                self.state = TagState::Outside;
                return Ok(());
            }
            _ => {}
        }
        match (&self.state, token) {
            (TagState::Keyword, Token::Ident(word)) => return self.keyword(word, at),
            (TagState::Set(_), Token::Assign) if self.chains.len() == 1 => {
                self.state = TagState::Inside;
            }
            (TagState::Name(offset), _) => return self.name(*offset, token),
            (TagState::Named, Token::Ident("ignore")) => {
                if let Some(reference) = self.references.last_mut() {
                    reference.optional = true;
                }
            }
            _ => {}
        }
        self.measure(token, at)
    }

    fn begin(&mut self) {
        self.chains.clear();
        self.chains.push(0);
    }

    fn measure(&mut self, token: &Token<'_>, at: usize) -> Result<(), BodyError> {
        match token {
            Token::ParenOpen | Token::BracketOpen | Token::BraceOpen => {
                self.link();
                self.chains.push(0);
                if self.chains.len() > MAX_BRACKETS {
                    let message = format!("more than {MAX_BRACKETS} brackets inside one another");
                    return Err(BodyError::new(at, message));
                }
            }
            Token::ParenClose | Token::BracketClose | Token::BraceClose => {
                if self.chains.len() > 1 {
                    self.chains.pop();
                }
            }
            Token::Comma | Token::Colon => {
                if let Some(chain) = self.chains.last_mut() {
                    *chain = 0;
                }
            }
            Token::Str(_)
            | Token::String(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Float(_) => {}
            Token::Ident(word) => {
                if matches!(*word, "not" | "and" | "or" | "in" | "is" | "if" | "else") {
                    self.link();
                }
            }
            _ => self.link(),
        }
        if self.chains.iter().sum::<usize>() > MAX_CHAIN {
            let message = format!("one expression chains more than {MAX_CHAIN} operators");
            return Err(BodyError::new(at, message).hint("split it with {% set %}"));
        }
        Ok(())
    }

    fn link(&mut self) {
        if let Some(chain) = self.chains.last_mut() {
            *chain += 1;
        }
    }

    fn keyword(&mut self, word: &str, at: usize) -> Result<(), BodyError> {
        self.state = TagState::Inside;
        match word {
            "set" => self.state = TagState::Set(at),
            "include" | "import" | "from" => self.state = TagState::Name(at),
            "extends" => {
                return Err(BodyError::new(at, "`extends` is not supported")
                    .hint("compose with {{include:name}} instead"));
            }
            _ if OPENERS.contains(&word) => self.open(word, at)?,
            "do" => {}
            "else" | "elif" => self.branch(word, at)?,
            _ if word.starts_with("end") => self.close(word, at)?,
            "elseif" => return Err(BodyError::new(at, "write `elif` for `elseif`")),
            _ => {
                let error = BodyError::new(at, format!("`{word}` is not a tag"));
                let known = OPENERS.into_iter().chain(SINGLES).chain(["else", "elif"]);
                return Err(match nearest(word, known) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error,
                });
            }
        }
        Ok(())
    }

    fn open(&mut self, word: &str, offset: usize) -> Result<(), BodyError> {
        self.tags.push(OpenTag { word: word.to_owned(), offset, elifs: 0 });
        self.deepen(offset)
    }

    fn deepen(&mut self, offset: usize) -> Result<(), BodyError> {
        self.tag_depth += 1;
        if self.tag_depth > MAX_TAGS {
            let message = format!("tags are nested more than {MAX_TAGS} deep");
            return Err(BodyError::new(offset, message));
        }
        Ok(())
    }

    fn branch(&mut self, word: &str, at: usize) -> Result<(), BodyError> {
        match self.tags.last_mut() {
            Some(tag) if tag.word == "if" || (tag.word == "for" && word == "else") => {
                if word == "elif" {
                    tag.elifs += 1;
                    return self.deepen(at);
                }
                Ok(())
            }
            _ => Err(BodyError::new(at, format!("`{word}` stands outside of an `if`"))),
        }
    }

    fn close(&mut self, word: &str, at: usize) -> Result<(), BodyError> {
        let opener = word.trim_start_matches("end");
        match self.tags.pop() {
            Some(tag) if tag.word == opener => {
                self.tag_depth = self.tag_depth.saturating_sub(1 + tag.elifs);
                Ok(())
            }
            Some(tag) => Err(BodyError::new(
                at,
                format!("`{word}` closes nothing: the open tag is `{}`", tag.word),
            )
            .hint(format!("close it with {{% end{} %}} first", tag.word))),
            None => Err(BodyError::new(at, format!("`{word}` closes nothing: no tag is open"))),
        }
    }

    fn name(&mut self, offset: usize, token: &Token<'_>) -> Result<(), BodyError> {
        self.state = TagState::Named;
        let name = match token {
            Token::Str(name) => (*name).to_owned(),
            Token::String(name) => name.to_string(),
            _ => {
                return Err(BodyError::new(offset, "the name of a file must be a text in quotes")
                    .hint("a file cannot be chosen by a value; use {% if %} around two includes"));
            }
        };
        self.references.push(Reference { offset, name, optional: false });
        Ok(())
    }

    fn finish(self) -> Result<Vec<Reference>, BodyError> {
        match self.tags.last() {
            Some(tag) => Err(BodyError::new(
                tag.offset,
                format!("`{}` is never closed by `{{% end{} %}}`", tag.word, tag.word),
            )),
            None => Ok(self.references),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> BodyError {
        check(text, &mut MAX_TOKENS.clone()).expect_err(text)
    }

    #[test]
    fn open_and_crossed_tags_are_named_where_they_stand() {
        assert_eq!(refused("ab {% for x in y %}c").offset, 6);
        let crossed = refused("{% if a %}{% for x in y %}{% endif %}{% endfor %}");
        assert!(crossed.message.contains("endif") && crossed.message.contains("for"));
        assert_eq!(refused("{% fro x in y %}").hint.as_deref(), Some("did you mean `from`?"));
        assert!(refused("{% else %}").message.contains("outside"));
        assert!(refused("{{ a ? b }}").message.contains('?'));
        assert!(refused("{% include name %}").message.contains("quotes"));
    }

    #[test]
    fn whatever_nests_is_counted_before_it_is_parsed() {
        for text in [
            format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)),
            format!("{{{{ 1{} }}}}", "+1".repeat(5000)),
            format!("{{{{ {}1 }}}}", "not ".repeat(5000)),
            format!("{{{{ {}1 }}}}", "-".repeat(5000)),
            format!("{{{{ a{} }}}}", ".b".repeat(5000)),
            format!("{{{{ a{} }}}}", "|upper".repeat(5000)),
            format!("{{{{ a{} }}}}", " if b else c".repeat(5000)),
            format!("{{{{ {}1{} }}}}", "[".repeat(5000), "]".repeat(5000)),
            "{% if a %}".repeat(5000),
            format!("{{% if a %}}{}{{% endif %}}", "{% elif b %}".repeat(5000)),
            "{{1}}".repeat(200_000),
        ] {
            check(&text, &mut MAX_TOKENS.clone()).expect_err("too deep");
        }
    }

    #[test]
    fn ordinary_templates_pass_and_name_their_files() {
        let text = "{% set a = 1 %}{% set b %}x{% endset %}{% include \"p\" ignore missing %}\
                    {% from 'q' import f %}{% if a %}{% elif b %}{% else %}{% endif %}\
                    {% for x in [1, 2] %}{{ x + 1 }}{% else %}{% endfor %}";
        let references = check(text, &mut MAX_TOKENS.clone()).expect("fine");
        let names: Vec<_> = references.iter().map(|r| (r.name.as_str(), r.optional)).collect();
        assert_eq!(names, [("p", true), ("q", false)]);
    }
}
