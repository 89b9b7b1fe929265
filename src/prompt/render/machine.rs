//! Runs the statements of a template.

mod calls;
mod includes;

use std::{collections::HashMap, sync::Arc};

use minijinja::machinery::{
    Span,
    ast::{self, Expr, Stmt},
};

use super::{
    super::{
        Place, RenderError, TemplateError,
        body::Marker,
        library::{File, Program},
    },
    budget::{Budget, Limits, Outcome, Trouble},
    output::Output,
    scope::Scopes,
    text::Text,
    value::{List, Turn, Value},
};
use crate::model::nearest;

/// Runs one template. `'p` is the parsed program.
pub(super) struct Machine<'p> {
    files: &'p [File<'p>],
    trees: &'p [Stmt<'p>],
    /// The file whose text is being run.
    file: usize,
    pub budget: Budget,
    pub output: Output,
    pub scopes: Scopes,
    inputs: HashMap<String, Value>,
    /// Declared names that need no value.
    optional: Vec<String>,
    macros: Vec<Written<'p, ast::Macro<'p>>>,
    loops: Vec<Written<'p, ast::ForLoop<'p>>>,
    pub namespaces: Vec<HashMap<Arc<str>, Value>>,
    /// Loops around the place being run.
    loop_depth: usize,
}

/// Something that can be run again from elsewhere, and where it was written.
struct Written<'p, T> {
    node: &'p T,
    file: usize,
    scope: usize,
}

impl<T> Clone for Written<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Written<'_, T> {}

/// The arguments of a call, evaluated.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    pub positional: Vec<Value>,
    pub named: Vec<(Text, Value)>,
}

impl<'p> Machine<'p> {
    pub fn new(
        program: &'p Program<'p>,
        limits: Limits,
        inputs: HashMap<String, Value>,
        optional: Vec<String>,
    ) -> Self {
        Self {
            files: program.files,
            trees: &program.trees,
            file: 0,
            budget: Budget::new(limits),
            output: Output::new(),
            scopes: Scopes::new(),
            inputs,
            optional,
            macros: Vec::new(),
            loops: Vec::new(),
            namespaces: Vec::new(),
            loop_depth: 0,
        }
    }

    /// Runs the template's own file.
    pub fn run(&mut self) -> Result<(), RenderError> {
        self.tree(0).map_err(|trouble| self.render_error(trouble, 0))
    }

    fn tree(&mut self, file: usize) -> Outcome<()> {
        match self.trees.get(file) {
            Some(Stmt::Template(template)) => self.block(&template.children),
            _ => Ok(()),
        }
    }

    /// A trouble with the place it happened at.
    pub fn placed(&self, trouble: Trouble, span: Span) -> Trouble {
        match trouble {
            placed @ Trouble::Placed(_) => placed,
            other => {
                Trouble::Placed(Box::new(self.render_error(other, span.start_offset as usize)))
            }
        }
    }

    fn place(&self, offset: usize) -> Place {
        self.files.get(self.file).map_or_else(
            || Place { file: String::new(), line: 1, column: 1 },
            |file| file.place(offset),
        )
    }

    fn render_error(&self, trouble: Trouble, offset: usize) -> RenderError {
        match trouble {
            Trouble::Placed(error) => *error,
            Trouble::Wrong { message, hint } => {
                TemplateError { place: self.place(offset), message, hint }.into()
            }
            Trouble::Limit(limit) => RenderError::Limit { place: self.place(offset), limit },
            Trouble::Undefined(missing) => {
                let known = self.inputs.keys().chain(&self.optional).map(String::as_str);
                // What an input has inside is not among the inputs.
                let known = known.filter(|_| !missing.name.contains(['.', '[', ' ']));
                RenderError::Undefined {
                    place: self.place(offset),
                    name: missing.name.clone(),
                    nearest: nearest(&missing.name, known).map(str::to_owned),
                    others: Vec::new(),
                }
            }
        }
    }

    /// What a name means here.
    pub fn lookup(&self, name: &str) -> Value {
        self.scopes.get(name).or_else(|| self.inputs.get(name)).cloned().unwrap_or_else(|| {
            Value::missing(name, self.optional.iter().any(|known| known == name))
        })
    }

    pub fn block(&mut self, body: &'p [Stmt<'p>]) -> Outcome<()> {
        body.iter().try_for_each(|statement| self.statement(statement))
    }

    fn statement(&mut self, statement: &'p Stmt<'p>) -> Outcome<()> {
        let span = span_of(statement);
        let done = self.budget.step().and_then(|()| self.budget.enter()).and_then(|()| {
            let done = self.dispatch(statement);
            self.budget.leave();
            done
        });
        done.map_err(|trouble| self.placed(trouble, span))
    }

    fn dispatch(&mut self, statement: &'p Stmt<'p>) -> Outcome<()> {
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitRaw(raw) => self.raw(raw.raw),
            Stmt::EmitExpr(emit) => self.emit(&emit.expr),
            Stmt::ForLoop(each) => self.for_loop(each, None),
            Stmt::IfCond(condition) => {
                if self.eval(&condition.expr)?.is_true()? {
                    self.block(&condition.true_body)
                } else {
                    self.block(&condition.false_body)
                }
            }
            Stmt::WithBlock(with) => self.with(with),
            Stmt::Set(set) => {
                let value = self.eval(&set.expr)?.defined()?;
                self.assign(&set.target, value)
            }
            Stmt::SetBlock(set) => self.set_block(set),
            Stmt::AutoEscape(block) => self.block(&block.body),
            Stmt::FilterBlock(filter) => {
                let text = self.caught(|machine| machine.block(&filter.body))?;
                let value = self.filter_chain(&filter.filter, text)?;
                self.emit_value(&value, None)
            }
            Stmt::Block(block) => self.block(&block.body),
            Stmt::Include(include) => self.include_tag(include),
            Stmt::Import(import) => {
                let exports = self.import(import_offset(statement), &import.expr)?;
                self.assign(&import.name, exports)
            }
            Stmt::FromImport(from) => self.import_names(import_offset(statement), from),
            Stmt::Macro(node) => {
                let value = self.write_macro(node)?;
                self.scopes.set(node.name, value);
                Ok(())
            }
            Stmt::CallBlock(block) => {
                let caller = self.write_macro(&block.macro_decl)?;
                self.emit_call(&block.call, Some(caller))
            }
            Stmt::Extends(_) => Err(Trouble::wrong("`extends` is not supported")),
            Stmt::Do(node) => {
                self.call(&node.call)?;
                Ok(())
            }
        }
    }

    /// Runs something and gives what it wrote as a text value.
    pub fn caught(&mut self, run: impl FnOnce(&mut Self) -> Outcome<()>) -> Outcome<Value> {
        self.output.capture();
        let done = run(self);
        let text = self.output.captured();
        done?;
        Value::text(&mut self.budget, text)
    }

    /// Text of the source. Role lines in it, and only these, open messages.
    fn raw(&mut self, text: &'p str) -> Outcome<()> {
        let Some(file) = self.files.get(self.file) else { return Ok(()) };
        let start = file.offset_of(text);
        let end = start + text.len();
        let mut at = start;
        let first = file.roles.partition_point(|line| line.line.end <= start);
        for line in file.roles.get(first..).unwrap_or_default() {
            if line.line.start >= end {
                break;
            }
            let (from, to) = (line.line.start.max(start), line.line.end.min(end));
            let words = file.masked.get(from..to).unwrap_or("");
            if words.trim().is_empty() {
                continue;
            }
            self.output.raw(file.masked.get(at..from).unwrap_or(""), &mut self.budget)?;
            at = to;
            let budget = &mut self.budget;
            let done = match line.marker {
                Marker::Opens(role) => self.output.open(role, budget),
                Marker::Literal => self.output.raw(&words.replacen('\\', "", 1), budget),
            };
            done.map_err(|trouble| match trouble {
                placed @ Trouble::Placed(_) => placed,
                other => Trouble::Placed(Box::new(self.render_error(other, from))),
            })?;
        }
        self.output.raw(file.masked.get(at..end).unwrap_or(""), &mut self.budget)
    }

    fn emit(&mut self, expr: &'p Expr<'p>) -> Outcome<()> {
        match expr {
            Expr::Var(var) => {
                let offset = var.span().start_offset as usize;
                let target = self.files.get(self.file).and_then(|file| file.targets.get(&offset));
                if let Some(&target) = target {
                    return self.include(target);
                }
            }
            Expr::Call(call) => {
                return self
                    .emit_call(call, None)
                    .map_err(|trouble| self.placed(trouble, call.span()));
            }
            _ => {}
        }
        let value = self.eval(expr)?;
        self.emit_value(&value, root_name(expr))
            .map_err(|trouble| self.placed(trouble, expr.span()))
    }

    fn emit_value(&mut self, value: &Value, variable: Option<&str>) -> Outcome<()> {
        let text = value.to_text(&mut self.budget)?;
        self.output.value(&text, variable, &mut self.budget)
    }

    fn with(&mut self, with: &'p ast::WithBlock<'p>) -> Outcome<()> {
        let back = self.scopes.open_inner();
        let mut done = Ok(());
        for (target, expr) in &with.assignments {
            done = self.eval(expr).and_then(|value| self.assign(target, value));
            if done.is_err() {
                break;
            }
        }
        let done = done.and_then(|()| self.block(&with.body));
        self.scopes.close(back);
        done
    }

    fn set_block(&mut self, set: &'p ast::SetBlock<'p>) -> Outcome<()> {
        let back = self.scopes.open_inner();
        let text = self.caught(|machine| machine.block(&set.body));
        self.scopes.close(back);
        let value = match &set.filter {
            Some(filter) => self.filter_chain(filter, text?)?,
            None => text?,
        };
        self.assign(&set.target, value)
    }

    /// Gives a name, a list of names or a namespace's attribute its value.
    fn assign(&mut self, target: &'p Expr<'p>, value: Value) -> Outcome<()> {
        match target {
            Expr::Var(var) => {
                self.scopes.set(var.id, value);
                Ok(())
            }
            Expr::List(names) => {
                let items = value.items(&mut self.budget)?;
                if items.items.len() != names.items.len() {
                    let (want, have) = (names.items.len(), items.items.len());
                    return Err(Trouble::wrong(format!("{want} names for {have} values")));
                }
                let mut pairs = names.items.iter().zip(&items.items);
                pairs.try_for_each(|(name, item)| self.assign(name, item.clone()))
            }
            Expr::GetAttr(get) => {
                let Value::Namespace(number) = self.eval(&get.expr)? else {
                    return Err(Trouble::hinted(
                        "only a namespace's attributes can be set",
                        "make one first: {% set ns = namespace(count=0) %}",
                    ));
                };
                self.budget.make(get.name.len() + 128)?;
                if let Some(space) = self.namespaces.get_mut(number) {
                    space.insert(get.name.into(), value);
                }
                Ok(())
            }
            other => Err(Trouble::wrong(format!("a {} cannot be set", other.description()))),
        }
    }

    fn for_loop(&mut self, each: &'p ast::ForLoop<'p>, items: Option<Value>) -> Outcome<()> {
        let value = match items {
            Some(value) => value,
            None => self.eval(&each.iter)?,
        };
        let items = value
            .items(&mut self.budget)
            .map_err(|trouble| self.placed(trouble, each.iter.span()))?;
        let items = match &each.filter_expr {
            Some(filter) => self.chosen(each, filter, &items)?,
            None => items,
        };
        if items.items.is_empty() {
            return self.block(&each.else_body);
        }
        let recursive = if each.recursive {
            self.budget.make(size_of::<Written<'_, ()>>())?;
            let written = Written { node: each, file: self.file, scope: self.scopes.keep() };
            self.loops.push(written);
            Some(self.loops.len() - 1)
        } else {
            None
        };
        self.loop_depth += 1;
        let mut done = Ok(());
        for index in 0..items.items.len() {
            done = self.turn(each, &items, index, recursive);
            if done.is_err() {
                break;
            }
        }
        self.loop_depth -= 1;
        done
    }

    fn turn(
        &mut self,
        each: &'p ast::ForLoop<'p>,
        items: &Arc<List>,
        index: usize,
        recursive: Option<usize>,
    ) -> Outcome<()> {
        self.budget.step()?;
        let depth = self.loop_depth - 1;
        let turn = Turn { index, items: Arc::clone(items), depth, recursive };
        let back = self.scopes.open_inner();
        self.scopes.set("loop", Value::Loop(Arc::new(turn)));
        let item = items.items.get(index).cloned().unwrap_or(Value::None);
        let done = self.assign(&each.target, item).and_then(|()| self.block(&each.body));
        self.scopes.close(back);
        done
    }

    /// The items a loop's own `if` lets through.
    fn chosen(
        &mut self,
        each: &'p ast::ForLoop<'p>,
        filter: &'p Expr<'p>,
        items: &Arc<List>,
    ) -> Outcome<Arc<List>> {
        let mut chosen = Vec::new();
        for item in &items.items {
            self.budget.step()?;
            let back = self.scopes.open_inner();
            let kept = self
                .assign(&each.target, item.clone())
                .and_then(|()| self.eval(filter))
                .and_then(|value| value.is_true());
            self.scopes.close(back);
            if kept? {
                chosen.push(item.clone());
            }
        }
        Value::list(&mut self.budget, chosen)?.items(&mut self.budget)
    }
}

fn import_offset(statement: &Stmt<'_>) -> usize {
    span_of(statement).start_offset as usize
}

fn argument_name<'a>(argument: &'a ast::CallArg<'a>) -> Option<&'a str> {
    match argument {
        ast::CallArg::Pos(expr)
        | ast::CallArg::Kwarg(_, expr)
        | ast::CallArg::PosSplat(expr)
        | ast::CallArg::KwargSplat(expr) => root_name(expr),
    }
}

/// The variable a written value mainly comes from; none for constants.
fn root_name<'a>(expr: &'a Expr<'a>) -> Option<&'a str> {
    match expr {
        Expr::Var(var) => Some(var.id),
        Expr::Const(_) => None,
        Expr::Slice(slice) => root_name(&slice.expr),
        Expr::UnaryOp(unary) => root_name(&unary.expr),
        Expr::BinOp(binary) => root_name(&binary.left).or_else(|| root_name(&binary.right)),
        Expr::Compare(compare) => root_name(&compare.expr),
        Expr::IfExpr(choice) => root_name(&choice.true_expr)
            .or_else(|| choice.false_expr.as_ref().and_then(|expr| root_name(expr))),
        Expr::Filter(filter) => filter.expr.as_ref().and_then(|expr| root_name(expr)),
        Expr::Test(test) => root_name(&test.expr),
        Expr::GetAttr(get) => root_name(&get.expr),
        Expr::GetItem(get) => root_name(&get.expr),
        Expr::Call(call) => {
            call.args.iter().find_map(argument_name).or_else(|| root_name(&call.expr))
        }
        Expr::List(list) => list.items.iter().find_map(|item| root_name(item)),
        Expr::Tuple(tuple) => tuple.items.iter().find_map(|item| root_name(item)),
        Expr::Map(map) => map.values.iter().find_map(|value| root_name(value)),
    }
}

/// Where a statement stands.
pub(in super::super) fn span_of(statement: &Stmt<'_>) -> Span {
    match statement {
        Stmt::Template(node) => node.span(),
        Stmt::EmitExpr(node) => node.span(),
        Stmt::EmitRaw(node) => node.span(),
        Stmt::ForLoop(node) => node.span(),
        Stmt::IfCond(node) => node.span(),
        Stmt::WithBlock(node) => node.span(),
        Stmt::Set(node) => node.span(),
        Stmt::SetBlock(node) => node.span(),
        Stmt::AutoEscape(node) => node.span(),
        Stmt::FilterBlock(node) => node.span(),
        Stmt::Block(node) => node.span(),
        Stmt::Import(node) => node.span(),
        Stmt::FromImport(node) => node.span(),
        Stmt::Extends(node) => node.span(),
        Stmt::Include(node) => node.span(),
        Stmt::Macro(node) => node.span(),
        Stmt::CallBlock(node) => node.span(),
        Stmt::Do(node) => node.span(),
    }
}
