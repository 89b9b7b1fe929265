//! Which names a template uses that it does not give a value itself.

use std::collections::HashSet;

use minijinja::machinery::ast::{self, CallArg, Expr, Stmt};

use super::{
    library::{File, Program},
    render::{FUNCTION_NAMES, span_of},
};

/// One use of a name that an input must give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use<'p> {
    pub name: &'p str,
    /// A number in the program's files.
    pub file: usize,
    /// Where the name stands in the file's body.
    pub offset: usize,
    /// It may be missing here: `x is defined`, `x | default(…)`.
    pub guarded: bool,
}

/// A filter or a test that is named somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Called<'p> {
    Filter { name: &'p str, file: usize, offset: usize },
    Test { name: &'p str, file: usize, offset: usize },
}

impl Called<'_> {
    /// A number in the program's files.
    pub const fn file(&self) -> usize {
        match self {
            Self::Filter { file, .. } | Self::Test { file, .. } => *file,
        }
    }

    /// Where the name stands in the file's body.
    pub const fn offset(&self) -> usize {
        match self {
            Self::Filter { offset, .. } | Self::Test { offset, .. } => *offset,
        }
    }
}

/// What a walk over a program finds.
#[derive(Debug, Default)]
pub(super) struct Found<'p> {
    pub uses: Vec<Use<'p>>,
    pub called: Vec<Called<'p>>,
}

/// Everything used, in the order of running; a file included twice is walked once.
pub(super) fn free<'p>(program: &'p Program<'p>) -> Found<'p> {
    let mut walk = Walk {
        files: program.files,
        trees: &program.trees,
        file: 0,
        scopes: vec![HashSet::new()],
        walked: HashSet::from([0]),
        found: Found::default(),
    };
    walk.tree(0);
    walk.found
}

struct Walk<'p> {
    files: &'p [File<'p>],
    trees: &'p [Stmt<'p>],
    file: usize,
    scopes: Vec<HashSet<&'p str>>,
    walked: HashSet<usize>,
    found: Found<'p>,
}

impl<'p> Walk<'p> {
    fn tree(&mut self, file: usize) {
        if let Some(Stmt::Template(template)) = self.trees.get(file) {
            self.block(&template.children);
        }
    }

    fn block(&mut self, body: &'p [Stmt<'p>]) {
        for statement in body {
            self.statement(statement);
        }
    }

    fn scoped(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(HashSet::new());
        walk(self);
        self.scopes.pop();
    }

    fn bind(&mut self, name: &'p str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    fn target(&mut self, target: &'p Expr<'p>) {
        match target {
            Expr::Var(var) => self.bind(var.id),
            Expr::List(list) => list.items.iter().for_each(|item| self.target(item)),
            other => self.expr(other),
        }
    }

    fn other_file(&mut self, target: Option<usize>) {
        let Some(target) = target.filter(|target| self.walked.insert(*target)) else { return };
        let from = std::mem::replace(&mut self.file, target);
        self.scoped(|walk| walk.tree(target));
        self.file = from;
    }

    fn reference(&mut self, statement: &'p Stmt<'p>) {
        let offset = span_of(statement).start_offset as usize;
        self.other_file(self.files.get(self.file).and_then(|file| file.target(offset)));
    }

    fn statement(&mut self, statement: &'p Stmt<'p>) {
        match statement {
            Stmt::Template(template) => self.block(&template.children),
            Stmt::EmitRaw(_) | Stmt::Extends(_) => {}
            Stmt::EmitExpr(emit) => self.emit(&emit.expr),
            Stmt::ForLoop(each) => {
                self.expr(&each.iter);
                self.scoped(|walk| {
                    walk.bind("loop");
                    walk.target(&each.target);
                    each.filter_expr.iter().for_each(|filter| walk.expr(filter));
                    walk.block(&each.body);
                });
                self.block(&each.else_body);
            }
            Stmt::IfCond(condition) => {
                self.expr(&condition.expr);
                self.block(&condition.true_body);
                self.block(&condition.false_body);
            }
            Stmt::WithBlock(with) => self.scoped(|walk| {
                for (target, value) in &with.assignments {
                    walk.expr(value);
                    walk.target(target);
                }
                walk.block(&with.body);
            }),
            Stmt::Set(set) => {
                self.expr(&set.expr);
                self.target(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.scoped(|walk| walk.block(&set.body));
                set.filter.iter().for_each(|filter| self.expr(filter));
                self.target(&set.target);
            }
            Stmt::AutoEscape(block) => self.block(&block.body),
            Stmt::FilterBlock(filter) => {
                self.expr(&filter.filter);
                self.block(&filter.body);
            }
            Stmt::Block(block) => self.block(&block.body),
            Stmt::Include(_) => self.reference(statement),
            Stmt::Import(import) => {
                self.reference(statement);
                self.target(&import.name);
            }
            Stmt::FromImport(from) => {
                self.reference(statement);
                for (name, alias) in &from.names {
                    self.target(alias.as_ref().unwrap_or(name));
                }
            }
            Stmt::Macro(node) => {
                self.bind(node.name);
                self.macro_body(node);
            }
            Stmt::CallBlock(block) => {
                self.call(&block.call);
                self.macro_body(&block.macro_decl);
            }
            Stmt::Do(node) => self.call(&node.call),
        }
    }

    fn macro_body(&mut self, node: &'p ast::Macro<'p>) {
        node.defaults.iter().for_each(|default| self.expr(default));
        self.scoped(|walk| {
            walk.bind("caller");
            node.args.iter().for_each(|argument| walk.target(argument));
            walk.block(&node.body);
        });
    }

    fn emit(&mut self, expr: &'p Expr<'p>) {
        if let Expr::Var(var) = expr {
            let offset = var.span().start_offset as usize;
            let target = self.files.get(self.file).and_then(|file| file.targets.get(&offset));
            if let Some(&target) = target {
                return self.other_file(target);
            }
        }
        self.expr(expr);
    }

    fn name(&mut self, var: &'p ast::Spanned<ast::Var<'p>>, guarded: bool) {
        if !self.scopes.iter().any(|scope| scope.contains(var.id)) {
            let offset = var.span().start_offset as usize;
            self.found.uses.push(Use { name: var.id, file: self.file, offset, guarded });
        }
    }

    /// An expression whose being missing is looked after.
    fn guarded(&mut self, expr: &'p Expr<'p>) {
        match expr {
            Expr::Var(var) => self.name(var, true),
            other => self.expr(other),
        }
    }

    fn expr(&mut self, expr: &'p Expr<'p>) {
        match expr {
            Expr::Var(var) => self.name(var, false),
            Expr::Const(_) => {}
            Expr::Slice(slice) => {
                self.expr(&slice.expr);
                let bounds = [&slice.start, &slice.stop, &slice.step];
                bounds.into_iter().flatten().for_each(|bound| self.expr(bound));
            }
            Expr::UnaryOp(unary) => self.expr(&unary.expr),
            Expr::BinOp(binary) => {
                self.expr(&binary.left);
                self.expr(&binary.right);
            }
            Expr::Compare(compare) => {
                self.expr(&compare.expr);
                compare.ops.iter().for_each(|operand| self.expr(&operand.expr));
            }
            Expr::IfExpr(choice) => {
                self.expr(&choice.test_expr);
                self.expr(&choice.true_expr);
                choice.false_expr.iter().for_each(|other| self.expr(other));
            }
            Expr::Filter(filter) => {
                let (name, offset) = (filter.name, filter.span().start_offset as usize);
                self.found.called.push(Called::Filter { name, file: self.file, offset });
                match &filter.expr {
                    Some(value) if matches!(filter.name, "default" | "d") => self.guarded(value),
                    Some(value) => self.expr(value),
                    None => {}
                }
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                let (name, offset) = (test.name, test.span().start_offset as usize);
                self.found.called.push(Called::Test { name, file: self.file, offset });
                if matches!(test.name, "defined" | "undefined") {
                    self.guarded(&test.expr);
                } else {
                    self.expr(&test.expr);
                }
                self.arguments(&test.args);
            }
            Expr::GetAttr(get) => self.expr(&get.expr),
            Expr::GetItem(get) => {
                self.expr(&get.expr);
                self.expr(&get.subscript_expr);
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => list.items.iter().for_each(|item| self.expr(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expr(item)),
            Expr::Map(map) => {
                map.keys.iter().chain(&map.values).for_each(|part| self.expr(part));
            }
        }
    }

    fn call(&mut self, call: &'p ast::Call<'p>) {
        match &call.expr {
            Expr::Var(var) if FUNCTION_NAMES.contains(&var.id) => {}
            other => self.expr(other),
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &'p [CallArg<'p>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(expr)
                | CallArg::Kwarg(_, expr)
                | CallArg::PosSplat(expr)
                | CallArg::KwargSplat(expr) => self.expr(expr),
            }
        }
    }
}
