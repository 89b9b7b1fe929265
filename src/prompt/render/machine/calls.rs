//! Runs macros and recursive loops.

use minijinja::machinery::ast::{self, Expr};

use super::{
    super::{
        budget::{Outcome, Trouble},
        value::Value,
    },
    Arguments, Machine, Written, argument_name, root_name,
};

impl<'p> Machine<'p> {
    /// Writes what a call gives. Macros write straight into the messages, so that their role
    /// lines and values stay what they are.
    pub(super) fn emit_call(
        &mut self,
        call: &'p ast::Call<'p>,
        caller: Option<Value>,
    ) -> Outcome<()> {
        if let Expr::Var(_) | Expr::GetAttr(_) = &call.expr
            && let Some(callee) = self.runnable(&call.expr)?
        {
            let arguments = self.arguments(&call.args)?;
            return self.run_callee(&callee, arguments, caller);
        }
        if caller.is_some() {
            return Err(Trouble::wrong("only a macro can be used with `call`"));
        }
        let value = self.call(call)?;
        let name = call.args.iter().find_map(argument_name).or_else(|| root_name(&call.expr));
        self.emit_value(&value, name)
    }

    /// A macro or a recursive loop, if the expression of a call is one.
    pub fn runnable(&mut self, expr: &'p Expr<'p>) -> Outcome<Option<Value>> {
        let value = match expr {
            Expr::Var(var) => self.lookup(var.id),
            Expr::GetAttr(get) => match &get.expr {
                // A module's macro: the module itself is looked up, nothing is computed.
                Expr::Var(var) => match self.lookup(var.id) {
                    Value::Map(map) => map.get(get.name).cloned().unwrap_or(Value::None),
                    _ => return Ok(None),
                },
                _ => return Ok(None),
            },
            other => self.eval(other)?,
        };
        Ok(matches!(value, Value::Macro(_) | Value::Loop(_)).then_some(value))
    }

    /// Runs a macro or a recursive loop; what it writes goes to the output.
    pub fn run_callee(
        &mut self,
        callee: &Value,
        arguments: Arguments,
        caller: Option<Value>,
    ) -> Outcome<()> {
        match callee {
            Value::Macro(number) => match self.macros.get(*number).copied() {
                Some(written) => self.run_macro(written, arguments, caller),
                None => Ok(()),
            },
            Value::Loop(turn) => {
                let each = turn.recursive.and_then(|number| self.loops.get(number)).copied();
                let each = each.ok_or_else(|| {
                    Trouble::hinted("this loop cannot be called", "add `recursive` to its tag")
                })?;
                let items = arguments.positional.into_iter().next().unwrap_or(Value::None);
                self.elsewhere(each.file, each.scope, |machine| {
                    machine.for_loop(each.node, Some(items))
                })
            }
            other => Err(Trouble::wrong(format!("{} cannot be called", other.kind()))),
        }
    }

    /// Runs something that was written in another file or scope.
    fn elsewhere(
        &mut self,
        file: usize,
        scope: usize,
        run: impl FnOnce(&mut Self) -> Outcome<()>,
    ) -> Outcome<()> {
        self.budget.enter()?;
        let from = std::mem::replace(&mut self.file, file);
        let back = self.scopes.open(Some(scope));
        let done = run(self);
        self.scopes.close(back);
        self.file = from;
        self.budget.leave();
        done
    }

    pub(super) fn write_macro(&mut self, node: &'p ast::Macro<'p>) -> Outcome<Value> {
        self.budget.make(size_of::<Written<'_, ()>>() + 128)?;
        let written = Written { node, file: self.file, scope: self.scopes.keep() };
        self.macros.push(written);
        Ok(Value::Macro(self.macros.len() - 1))
    }

    fn run_macro(
        &mut self,
        written: Written<'p, ast::Macro<'p>>,
        arguments: Arguments,
        caller: Option<Value>,
    ) -> Outcome<()> {
        let node = written.node;
        self.elsewhere(written.file, written.scope, |machine| {
            machine.bind(node, arguments)?;
            if let Some(caller) = caller {
                machine.scopes.set("caller", caller);
            }
            machine.block(&node.body)
        })
    }

    fn bind(&mut self, node: &'p ast::Macro<'p>, arguments: Arguments) -> Outcome<()> {
        let Arguments { positional, mut named } = arguments;
        if positional.len() > node.args.len() {
            let (name, takes) = (node.name, node.args.len());
            return Err(Trouble::wrong(format!(
                "`{name}` takes {takes} arguments, not {}",
                positional.len()
            )));
        }
        let without_default = node.args.len().saturating_sub(node.defaults.len());
        let mut positional = positional.into_iter();
        for (at, argument) in node.args.iter().enumerate() {
            let Expr::Var(var) = argument else { continue };
            let by_name = named.iter().position(|(name, _)| **name == *var.id);
            let value = match (positional.next(), by_name) {
                (Some(value), _) => value,
                (None, Some(found)) => named.swap_remove(found).1,
                (None, None) => {
                    let default =
                        at.checked_sub(without_default).and_then(|at| node.defaults.get(at));
                    match default {
                        Some(default) => self.eval(default)?,
                        None => Value::missing(var.id, false),
                    }
                }
            };
            self.scopes.set(var.id, value);
        }
        match named.first() {
            Some((name, _)) => {
                let message = format!("`{}` has no argument `{}`", node.name, &**name);
                Err(Trouble::wrong(message))
            }
            None => Ok(()),
        }
    }
}
