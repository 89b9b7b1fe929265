//! A template together with everything it includes, loaded and checked before anything is
//! rendered: names stay inside the workspace, nothing goes in circles, sizes are bounded.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use minijinja::machinery::{Span, ast, parse};

use super::{
    Form, LineIndex, MAX_TEMPLATE_BYTES, Place, RenderError, SourceError, Sources, Template,
    TemplateError,
    body::{Directive, RoleLine, RoleStyle, scan},
    guard::{self, BodyError, MAX_TOKENS, Reference},
    sources::check_name,
    template::included_body,
};

/// How deep includes may lead.
pub(super) const MAX_INCLUDE_DEPTH: usize = 64;
/// Different files one template may pull in.
const MAX_FILES: usize = 512;
/// Bytes of all files together.
const MAX_TOTAL_BYTES: usize = 4 * MAX_TEMPLATE_BYTES;

/// One text with its own places.
#[derive(Debug)]
pub(super) struct File<'t> {
    /// How errors call it: the template's id, or the name it was included by.
    pub name: String,
    /// Jinja text; offsets are those of the body.
    pub masked: String,
    pub roles: Vec<RoleLine>,
    pub includes: Vec<Directive>,
    /// The included names by where the directive or tag stands.
    pub targets: HashMap<usize, Option<usize>>,
    places: Places<'t>,
}

/// How a body's offsets become places in its file.
#[derive(Debug)]
enum Places<'t> {
    /// The template itself, which knows its own source.
    Root(&'t Template),
    /// An included file (in the JSON form: its decoded body) whose body begins at `start`.
    Included { source: Arc<str>, start: usize, lines: LineIndex },
}

impl File<'_> {
    /// The byte of the file for a byte of the body.
    pub fn source_offset(&self, offset: usize) -> usize {
        match &self.places {
            Places::Root(template) => template.source_offset(offset),
            Places::Included { start, .. } => start + offset,
        }
    }

    /// Where a piece of raw text stands in the body. The parser hands out slices of the file's
    /// text, so their distance is the offset.
    pub fn offset_of(&self, raw: &str) -> usize {
        raw.as_ptr().addr().saturating_sub(self.masked.as_ptr().addr())
    }

    /// The place of a byte of the body.
    pub fn place(&self, offset: usize) -> Place {
        let at = self.source_offset(offset);
        let (line, column) = match &self.places {
            Places::Root(template) => template.locate(at),
            Places::Included { source, lines, .. } => lines.locate(source, at),
        };
        Place { file: self.name.clone(), line, column }
    }

    fn error(&self, error: BodyError) -> TemplateError {
        let BodyError { offset, message, hint } = error;
        TemplateError { place: self.place(offset), message, hint }
    }

    /// The file an include at this offset leads to; `None` when it is missing and may be.
    pub fn target(&self, offset: usize) -> Option<usize> {
        self.targets.get(&offset).copied().flatten()
    }
}

/// Every file of one template; the template itself is the first.
#[derive(Debug)]
pub(super) struct Library<'t> {
    pub files: Vec<File<'t>>,
}

/// The parsed files of a library, in the same order.
pub(super) struct Program<'l> {
    pub files: &'l [File<'l>],
    pub trees: Vec<ast::Stmt<'l>>,
}

impl<'t> Library<'t> {
    /// Loads a template and all it includes.
    pub fn load(template: &'t Template, sources: &dyn Sources) -> Result<Self, RenderError> {
        let mut loader = Loader::new(template, sources);
        loader.root(template)?;
        Ok(Self { files: loader.files })
    }

    /// As [`Self::load`], for looking instead of rendering: an include that cannot be had is
    /// handed to `problem` and left out.
    pub fn load_leniently(
        template: &'t Template,
        sources: &dyn Sources,
        mut problem: impl FnMut(RenderError),
    ) -> Result<Self, RenderError> {
        let mut loader = Loader::new(template, sources);
        loader.problems = Some(Vec::new());
        let loaded = loader.root(template);
        loader.problems.take().into_iter().flatten().for_each(&mut problem);
        loaded?;
        Ok(Self { files: loader.files })
    }

    /// Parses every file; an included one that cannot be parsed is handed to `problem` and left
    /// empty.
    pub fn parse_leniently(
        &self,
        mut problem: impl FnMut(TemplateError),
    ) -> Result<Program<'_>, TemplateError> {
        let mut trees = Vec::with_capacity(self.files.len());
        for (number, file) in self.files.iter().enumerate() {
            match parse_file(file) {
                Ok(tree) => trees.push(tree),
                Err(error) if number == 0 => return Err(error),
                Err(error) => {
                    problem(error);
                    trees.push(ast::Stmt::Template(ast::Spanned::new(
                        ast::Template { children: Vec::new() },
                        Span::default(),
                    )));
                }
            }
        }
        Ok(Program { files: &self.files, trees })
    }

    /// Parses every file.
    pub fn parse(&self) -> Result<Program<'_>, TemplateError> {
        let trees = self.files.iter().map(parse_file).collect::<Result<_, _>>()?;
        Ok(Program { files: &self.files, trees })
    }
}

/// Checks and parses a template's own body.
pub(super) fn check(template: &Template) -> Result<(), TemplateError> {
    let mut file = open_root(template);
    let mut tokens = MAX_TOKENS;
    guard::check(&file.masked, &mut tokens).map_err(|error| file.error(error))?;
    file.targets.clear();
    parse_file(&file).map(|_| ())
}

fn open_root(template: &Template) -> File<'_> {
    let style = match (template.has_roles(), template.has_lenient_roles()) {
        (false, _) => RoleStyle::None,
        (true, false) => RoleStyle::Exact,
        (true, true) => RoleStyle::Lenient,
    };
    let scanned = scan(template.body_text(), style);
    File {
        name: template.id.to_string(),
        masked: scanned.masked.into_owned(),
        roles: scanned.roles,
        includes: scanned.includes,
        targets: HashMap::new(),
        places: Places::Root(template),
    }
}

fn parse_file<'f>(file: &'f File<'_>) -> Result<ast::Stmt<'f>, TemplateError> {
    parse(&file.masked, &file.name, guard::syntax()).map_err(|error| {
        let offset = error.range().map_or(0, |range| range.start);
        let detail = error.detail().unwrap_or("the template cannot be parsed").to_owned();
        let body_error = BodyError::new(offset, detail);
        file.error(if starts_like_json(&file.masked, offset) {
            body_error
                .hint("if these braces are meant as text, write {% raw %}…{% endraw %} around them")
        } else {
            body_error
        })
    })
}

/// Whether the tag around an offset looks like text with braces: `{{"key": …` or `{{ key: …`.
fn starts_like_json(text: &str, offset: usize) -> bool {
    let before = text.get(..offset).unwrap_or("");
    let Some(open) = before.rfind("{{") else { return false };
    let inner = text.get(open + 2..).unwrap_or("").trim_start();
    let inner = inner.get(..inner.find(['\n', '}']).unwrap_or(inner.len())).unwrap_or("");
    inner.is_empty() || (inner.contains(':') && !inner.contains('['))
}

struct Loader<'t, 's> {
    sources: &'s dyn Sources,
    files: Vec<File<'t>>,
    /// Files whose own includes are loaded, and how deep those go.
    done: HashMap<String, (usize, usize)>,
    /// The names that lead to where we are.
    chain: Vec<String>,
    bytes: usize,
    tokens: usize,
    style: RoleStyle,
    problems: Option<Vec<RenderError>>,
}

/// An include as found: where its name was said, the name, and whether it may be missing.
struct Wanted {
    offset: usize,
    name: String,
    optional: bool,
}

impl<'t, 's> Loader<'t, 's> {
    fn new(template: &'t Template, sources: &'s dyn Sources) -> Self {
        Self {
            sources,
            files: Vec::new(),
            done: HashMap::new(),
            chain: vec![template.id.to_string()],
            bytes: template.source.len(),
            tokens: MAX_TOKENS,
            style: if template.has_roles() { RoleStyle::Exact } else { RoleStyle::None },
            problems: None,
        }
    }

    fn root(&mut self, template: &'t Template) -> Result<(), RenderError> {
        self.add(open_root(template)).map(|_| ())
    }

    /// Adds a file and what it includes; gives its number and how deep it leads.
    fn add(&mut self, file: File<'t>) -> Result<(usize, usize), RenderError> {
        let references = guard::check(&file.masked, &mut self.tokens)
            .map_err(|error| RenderError::Template(file.error(error)))?;
        let wanted = wanted(&file, references);
        let number = self.files.len();
        self.files.push(file);
        let mut depth = 0;
        for want in wanted {
            match self.want(number, &want) {
                Ok((target, below)) => {
                    depth = depth.max(below + 1);
                    self.aim(number, want.offset, Some(target));
                }
                Err(error) => {
                    let missing = matches!(
                        error,
                        RenderError::Include { error: SourceError::Unknown { .. }, .. }
                    );
                    self.aim(number, want.offset, None);
                    match &mut self.problems {
                        _ if missing && want.optional => {}
                        Some(problems) => problems.push(error),
                        None => return Err(error),
                    }
                }
            }
        }
        if depth + self.chain.len() > MAX_INCLUDE_DEPTH + 1 {
            return Err(self.too_much(number, 0, format!("{MAX_INCLUDE_DEPTH} includes deep")));
        }
        Ok((number, depth))
    }

    fn aim(&mut self, number: usize, offset: usize, target: Option<usize>) {
        if let Some(file) = self.files.get_mut(number) {
            file.targets.insert(offset, target);
        }
    }

    fn want(&mut self, from: usize, want: &Wanted) -> Result<(usize, usize), RenderError> {
        let place = self.place(from, want.offset);
        if let Some(&done) = self.done.get(&want.name) {
            return Ok(done);
        }
        // The chain's first name is the template's own, which a partial may bear too.
        if let Some(start) = self.chain.iter().skip(1).position(|name| *name == want.name) {
            let start = start + 1;
            let mut chain = self.chain.get(start..).unwrap_or_default().to_vec();
            chain.push(want.name.clone());
            return Err(RenderError::Cycle { place, chain });
        }
        if self.chain.len() > MAX_INCLUDE_DEPTH {
            let limit = format!("{MAX_INCLUDE_DEPTH} includes deep ({} …)", self.shown_chain());
            return Err(self.too_much(from, want.offset, limit));
        }
        let source = check_name(&want.name)
            .and_then(|()| self.sources.source(&want.name))
            .map_err(|error| RenderError::Include { place: place.clone(), error })?;
        if self.chain.first() == Some(&want.name) && self.root_source() == Some(&*source) {
            let chain = vec![want.name.clone(), want.name.clone()];
            return Err(RenderError::Cycle { place, chain });
        }
        self.bytes += source.len();
        if source.len() > MAX_TEMPLATE_BYTES || self.bytes > MAX_TOTAL_BYTES {
            return Err(self.too_much(from, want.offset, "1 MiB a file, 4 MiB together".into()));
        }
        if self.files.len() >= MAX_FILES {
            return Err(self.too_much(from, want.offset, format!("{MAX_FILES} files")));
        }
        let file = open_included(&want.name, self.sources.form(&want.name), &source, self.style);
        self.chain.push(want.name.clone());
        let added = self.add(file);
        self.chain.pop();
        let added = added?;
        self.done.insert(want.name.clone(), added);
        Ok(added)
    }

    fn root_source(&self) -> Option<&str> {
        match &self.files.first()?.places {
            Places::Root(template) => Some(&template.source),
            Places::Included { .. } => None,
        }
    }

    fn shown_chain(&self) -> String {
        self.chain.iter().take(4).cloned().collect::<Vec<_>>().join(" → ")
    }

    fn place(&self, file: usize, offset: usize) -> Place {
        self.files.get(file).map_or_else(
            || Place { file: String::new(), line: 1, column: 1 },
            |file| file.place(offset),
        )
    }

    fn too_much(&self, file: usize, offset: usize, limit: String) -> RenderError {
        RenderError::Limit { place: self.place(file, offset), limit }
    }
}

fn wanted(file: &File<'_>, references: Vec<Reference>) -> Vec<Wanted> {
    // The masked directive stands as a variable; its name is read from the file's own text.
    let directives = file.includes.iter().map(|directive| {
        let name = file.directive_name(directive);
        Wanted { offset: directive.offset, name, optional: false }
    });
    let tags = references.into_iter().map(|Reference { offset, name, optional }| Wanted {
        offset,
        name,
        optional,
    });
    directives.chain(tags).collect()
}

impl File<'_> {
    fn directive_name(&self, directive: &Directive) -> String {
        let text = match &self.places {
            Places::Root(template) => template.body_text(),
            Places::Included { source, start, .. } => source.get(*start..).unwrap_or(""),
        };
        let name = text.get(directive.name.clone()).unwrap_or("").trim();
        let quoted = |quote: char| name.strip_prefix(quote).and_then(|n| n.strip_suffix(quote));
        quoted('"').or_else(|| quoted('\'')).unwrap_or(name).to_owned()
    }
}

fn open_included(name: &str, form: Form, source: &Arc<str>, style: RoleStyle) -> File<'static> {
    let (body, start) = included_body(form, source);
    let scanned = scan(&body, style);
    let masked = scanned.masked.into_owned();
    let (roles, includes) = (scanned.roles, scanned.includes);
    let (source, start) = match body {
        Cow::Borrowed(_) => (Arc::clone(source), start),
        Cow::Owned(decoded) => (Arc::from(decoded), 0),
    };
    let lines = LineIndex::new(&source);
    File {
        name: name.to_owned(),
        masked,
        roles,
        includes,
        targets: HashMap::new(),
        places: Places::Included { source, start, lines },
    }
}
