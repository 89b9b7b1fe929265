//! Evaluates expressions.

use std::{collections::HashMap, sync::Arc};

use minijinja::{
    machinery::ast::{self, BinOpKind, CallArg, CompareOpKind, Expr, UnaryOpKind},
    value::ValueKind,
};

use super::{
    budget::{Outcome, Trouble},
    conditions, filters, functions,
    machine::{Arguments, Machine},
    operators,
    text::Text,
    value::{Turn, Value, equal},
};
use crate::model::nearest;

impl<'p> Machine<'p> {
    pub fn eval(&mut self, expr: &'p Expr<'p>) -> Outcome<Value> {
        let value = self.budget.step().and_then(|()| self.budget.enter()).and_then(|()| {
            let value = self.expression(expr);
            self.budget.leave();
            value
        });
        value.map_err(|trouble| self.placed(trouble, expr.span()))
    }

    fn expression(&mut self, expr: &'p Expr<'p>) -> Outcome<Value> {
        match expr {
            Expr::Var(var) => Ok(self.lookup(var.id)),
            Expr::Const(constant) => self.constant(&constant.value),
            Expr::Slice(slice) => self.slice(slice),
            Expr::UnaryOp(unary) => {
                let value = self.eval(&unary.expr)?;
                match unary.op {
                    UnaryOpKind::Not => Ok(Value::Bool(!value.is_true()?)),
                    UnaryOpKind::Neg => operators::negate(&value.defined()?),
                }
            }
            Expr::BinOp(binary) => self.binary(binary),
            Expr::Compare(compare) => self.compare(compare),
            Expr::IfExpr(choice) => {
                if self.eval(&choice.test_expr)?.is_true()? {
                    self.eval(&choice.true_expr)
                } else {
                    match &choice.false_expr {
                        Some(other) => self.eval(other),
                        None => Ok(Value::missing("", true)),
                    }
                }
            }
            Expr::Filter(filter) => {
                let Some(expr) = &filter.expr else {
                    return Err(Trouble::wrong("a filter needs something before it"));
                };
                let value = self.eval(expr)?;
                let arguments = self.arguments(&filter.args)?;
                filters::apply(filter.name, value, arguments, &mut self.budget)
            }
            Expr::Test(test) => {
                let value = self.eval(&test.expr)?;
                let arguments = self.arguments(&test.args)?;
                let holds = conditions::holds(test.name, value, arguments, &mut self.budget)?;
                Ok(Value::Bool(holds))
            }
            Expr::GetAttr(get) => {
                let value = self.eval(&get.expr)?;
                self.attribute(&value, get.name).map(|found| named(found, expr))
            }
            Expr::GetItem(get) => {
                let value = self.eval(&get.expr)?;
                let key = self.eval(&get.subscript_expr)?.defined()?;
                self.item(&value, &key).map(|found| named(found, expr))
            }
            Expr::Call(call) => self.call(call),
            Expr::List(list) => self.items(&list.items),
            Expr::Tuple(tuple) => self.items(&tuple.items),
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.keys.len());
                for (key, value) in map.keys.iter().zip(&map.values) {
                    let key = self.eval(key)?.defined()?.to_key(&mut self.budget)?;
                    entries.push((key, self.eval(value)?.defined()?));
                }
                Value::map(&mut self.budget, entries)
            }
        }
    }

    fn items(&mut self, items: &'p [Expr<'p>]) -> Outcome<Value> {
        let mut values = Vec::with_capacity(items.len());
        for item in items {
            values.push(self.eval(item)?.defined()?);
        }
        Value::list(&mut self.budget, values)
    }

    /// A constant as the parser read it: a scalar.
    fn constant(&mut self, value: &minijinja::Value) -> Outcome<Value> {
        Ok(match value.kind() {
            ValueKind::Bool => Value::Bool(value.is_true()),
            ValueKind::Number if value.is_integer() => match i128::try_from(value.clone()) {
                Ok(number) => Value::own_int(number),
                Err(_) => return Err(Trouble::wrong("the number is too large")),
            },
            ValueKind::Number => Value::Float(f64::try_from(value.clone()).unwrap_or(0.0), None),
            ValueKind::String => {
                Value::text(&mut self.budget, Text::own(value.as_str().unwrap_or("")))?
            }
            _ => Value::None,
        })
    }

    fn binary(&mut self, binary: &'p ast::BinOp<'p>) -> Outcome<Value> {
        let left = self.eval(&binary.left)?;
        match binary.op {
            BinOpKind::ScAnd if !left.is_true()? => return Ok(left),
            BinOpKind::ScOr if left.is_true()? => return Ok(left),
            BinOpKind::ScAnd | BinOpKind::ScOr => return self.eval(&binary.right),
            _ => {}
        }
        let left = left.defined()?;
        let right = self.eval(&binary.right)?.defined()?;
        let budget = &mut self.budget;
        match binary.op {
            BinOpKind::Eq => equal(&left, &right, budget).map(Value::Bool),
            BinOpKind::Ne => equal(&left, &right, budget).map(|same| Value::Bool(!same)),
            BinOpKind::Lt => self.compared(CompareOpKind::Lt, &left, &right),
            BinOpKind::Lte => self.compared(CompareOpKind::Lte, &left, &right),
            BinOpKind::Gt => self.compared(CompareOpKind::Gt, &left, &right),
            BinOpKind::Gte => self.compared(CompareOpKind::Gte, &left, &right),
            BinOpKind::In => operators::contains(&right, &left, budget).map(Value::Bool),
            BinOpKind::Concat => operators::concatenate(&left, &right, budget),
            op => operators::arithmetic(op, &left, &right, budget),
        }
    }

    fn compared(&mut self, op: CompareOpKind, left: &Value, right: &Value) -> Outcome<Value> {
        operators::compare(op, left, right, &mut self.budget).map(Value::Bool)
    }

    fn compare(&mut self, compare: &'p ast::Compare<'p>) -> Outcome<Value> {
        let mut left = self.eval(&compare.expr)?.defined()?;
        for operand in &compare.ops {
            let right = self.eval(&operand.expr)?.defined()?;
            if !operators::compare(operand.op, &left, &right, &mut self.budget)? {
                return Ok(Value::Bool(false));
            }
            left = right;
        }
        Ok(Value::Bool(true))
    }

    fn slice(&mut self, slice: &'p ast::Slice<'p>) -> Outcome<Value> {
        let value = self.eval(&slice.expr)?.defined()?;
        let mut bounds = [None; 3];
        for (bound, expr) in bounds.iter_mut().zip([&slice.start, &slice.stop, &slice.step]) {
            *bound = match expr {
                None => None,
                Some(expr) => match self.eval(expr)?.defined()? {
                    Value::Int(number, _) => Some(number),
                    Value::None => None,
                    other => {
                        let message = format!("{} cannot bound a slice", other.kind());
                        return Err(Trouble::wrong(message));
                    }
                },
            };
        }
        operators::slice(&value, bounds, &mut self.budget)
    }

    fn attribute(&self, value: &Value, name: &str) -> Outcome<Value> {
        let missing = || Value::missing(name, false);
        Ok(match value {
            Value::Undefined(of) if of.optional => Value::missing(of.name.clone(), true),
            Value::Undefined(of) => return Err(Trouble::Undefined(Arc::clone(of))),
            Value::Map(map) => map.get(name).cloned().unwrap_or_else(missing),
            Value::Namespace(number) => self
                .namespaces
                .get(*number)
                .and_then(|space| space.get(name))
                .cloned()
                .unwrap_or_else(missing),
            Value::Loop(turn) => loop_attribute(turn, name).unwrap_or_else(missing),
            _ => missing(),
        })
    }

    fn item(&mut self, value: &Value, key: &Value) -> Outcome<Value> {
        match (value, key) {
            (Value::List(list), Value::Int(at, _)) => {
                let found = operators::index(*at, list.items.len());
                let item = found.and_then(|at| list.items.get(at)).cloned();
                Ok(item.unwrap_or_else(|| Value::missing(format!("[{at}]"), false)))
            }
            (Value::Text(_), Value::Int(at, _)) => {
                let end = if *at == -1 { None } else { Some(at + 1) };
                operators::slice(value, [Some(*at), end, None], &mut self.budget)
            }
            _ => {
                let key = key.to_key(&mut self.budget)?;
                self.attribute(value, &key)
            }
        }
    }

    pub fn arguments(&mut self, given: &'p [CallArg<'p>]) -> Outcome<Arguments> {
        let mut arguments = Arguments::default();
        for argument in given {
            match argument {
                CallArg::Pos(expr) => arguments.positional.push(self.eval(expr)?),
                CallArg::Kwarg(name, expr) => {
                    let value = self.eval(expr)?;
                    arguments.named.push((Text::own(*name), value));
                }
                CallArg::PosSplat(expr) => {
                    let items = self.eval(expr)?.items(&mut self.budget)?;
                    self.budget.make_items(items.items.len(), size_of::<Value>())?;
                    arguments.positional.extend(items.items.iter().cloned());
                }
                CallArg::KwargSplat(expr) => {
                    let Value::Map(map) = self.eval(expr)?.defined()? else {
                        return Err(Trouble::wrong("`**` needs a map"));
                    };
                    self.budget.make_items(map.entries().len(), 128)?;
                    arguments.named.extend(map.entries().iter().cloned());
                }
            }
        }
        Ok(arguments)
    }

    pub fn call(&mut self, call: &'p ast::Call<'p>) -> Outcome<Value> {
        if let Expr::Var(_) | Expr::GetAttr(_) = &call.expr
            && let Some(callee) = self.runnable(&call.expr)?
        {
            let arguments = self.arguments(&call.args)?;
            return self.caught(|machine| machine.run_callee(&callee, arguments, None));
        }
        match &call.expr {
            Expr::Var(var) => {
                let arguments = self.arguments(&call.args)?;
                self.function(var.id, arguments)
            }
            Expr::GetAttr(get) => {
                let value = self.eval(&get.expr)?.defined()?;
                let arguments = self.arguments(&call.args)?;
                functions::method(&value, get.name, arguments, &mut self.budget)
            }
            other => Err(Trouble::wrong(format!("a {} cannot be called", other.description()))),
        }
    }

    fn function(&mut self, name: &str, mut arguments: Arguments) -> Outcome<Value> {
        match name {
            "range" => functions::range(&arguments, &mut self.budget),
            "dict" => {
                let mut entries = Vec::new();
                if let Some(value) = arguments.next() {
                    match value.defined()? {
                        Value::Map(map) => entries.extend(map.entries().iter().cloned()),
                        other => {
                            let message = format!("`dict` needs a map, not {}", other.kind());
                            return Err(Trouble::wrong(message));
                        }
                    }
                }
                entries.append(&mut arguments.named);
                arguments.end("dict")?;
                Value::map(&mut self.budget, entries)
            }
            "namespace" => {
                let mut space = HashMap::new();
                for (name, value) in std::mem::take(&mut arguments.named) {
                    self.budget.make(name.len() + 128)?;
                    space.insert(name.shared(), value.defined()?);
                }
                arguments.end("namespace")?;
                self.budget.make(128)?;
                self.namespaces.push(space);
                Ok(Value::Namespace(self.namespaces.len() - 1))
            }
            "raise_exception" => {
                let message = arguments.next().unwrap_or(Value::None).to_text(&mut self.budget)?;
                Err(Trouble::wrong(message.chars().take(500).collect::<String>()))
            }
            _ => match self.lookup(name) {
                Value::Undefined(_) => {
                    let hint = nearest(name, functions::NAMES);
                    Err(Trouble::Wrong {
                        message: format!("there is no function or macro `{name}`"),
                        hint: hint.map(|near| format!("did you mean `{near}`?")),
                    })
                }
                other => Err(Trouble::wrong(format!("`{name}` is {}, no macro", other.kind()))),
            },
        }
    }

    /// Applies the filters of a `filter` or `set` block to its text.
    pub fn filter_chain(&mut self, expr: &'p Expr<'p>, text: Value) -> Outcome<Value> {
        let Expr::Filter(filter) = expr else {
            return Err(Trouble::wrong("a filter is expected here"));
        };
        self.budget.enter()?;
        let value = match &filter.expr {
            Some(before) => self.filter_chain(before, text),
            None => Ok(text),
        };
        self.budget.leave();
        let value = value?;
        let arguments = self.arguments(&filter.args)?;
        filters::apply(filter.name, value, arguments, &mut self.budget)
            .map_err(|trouble| self.placed(trouble, expr.span()))
    }
}

/// A missing value under the name the template calls it by: `user.name`.
fn named(value: Value, expr: &Expr<'_>) -> Value {
    match value {
        Value::Undefined(missing) if !missing.optional => Value::missing(path_of(expr), false),
        other => other,
    }
}

fn path_of(expr: &Expr<'_>) -> String {
    match expr {
        Expr::Var(var) => var.id.to_owned(),
        Expr::GetAttr(get) => format!("{}.{}", path_of(&get.expr), get.name),
        Expr::GetItem(get) => match &get.subscript_expr {
            Expr::Const(key) => format!("{}[{:?}]", path_of(&get.expr), key.value),
            _ => format!("{}[…]", path_of(&get.expr)),
        },
        _ => "(…)".to_owned(),
    }
}

fn loop_attribute(turn: &Turn, name: &str) -> Option<Value> {
    let length = turn.items.items.len();
    let item = |at: Option<usize>| {
        let item = at.and_then(|at| turn.items.items.get(at)).cloned();
        item.unwrap_or_else(|| Value::missing(format!("loop.{name}"), true))
    };
    Some(match name {
        "index" => Value::int(turn.index + 1),
        "index0" => Value::int(turn.index),
        "revindex" => Value::int(length - turn.index),
        "revindex0" => Value::int(length - turn.index - 1),
        "first" => Value::Bool(turn.index == 0),
        "last" => Value::Bool(turn.index + 1 == length),
        "length" => Value::int(length),
        "depth" => Value::int(turn.depth + 1),
        "depth0" => Value::int(turn.depth),
        "previtem" => item(turn.index.checked_sub(1)),
        "nextitem" => item(Some(turn.index + 1)),
        _ => return None,
    })
}
