//! Brings in other files: for their text, or for what they define.

use minijinja::machinery::ast::{self, Expr};

use super::{
    super::{
        budget::{Outcome, Trouble},
        text::Text,
        value::Value,
    },
    Machine,
};
use crate::model::nearest;

impl<'p> Machine<'p> {
    pub(super) fn include_tag(
        &mut self,
        include: &'p ast::Spanned<ast::Include<'p>>,
    ) -> Outcome<()> {
        let span = include.span();
        let Some(file) = self.files.get(self.file) else { return Ok(()) };
        self.include(file.target(span.start_offset as usize))?;
        // The newline after a tag goes with the tag. Here it belongs to the included text, as if
        // that stood there itself.
        let after = file.masked.get(span.end_offset as usize..).unwrap_or("").trim_start();
        let alone = after.strip_prefix("%}").is_some_and(|a| a.starts_with(['\n', '\r']));
        if alone { self.output.raw("\n", &mut self.budget) } else { Ok(()) }
    }

    /// Writes another file's text where we are; its last newline is the file's, not the text's.
    pub(super) fn include(&mut self, target: Option<usize>) -> Outcome<()> {
        let Some(target) = target else { return Ok(()) };
        let mark = self.output.mark();
        let from = std::mem::replace(&mut self.file, target);
        let back = self.scopes.open_inner();
        let done = self.tree(target);
        self.scopes.close(back);
        self.file = from;
        self.output.chomp(mark);
        done
    }

    /// Runs a file for what it defines.
    pub(super) fn import(&mut self, offset: usize, expr: &'p Expr<'p>) -> Outcome<Value> {
        let target = self.files.get(self.file).and_then(|file| file.target(offset));
        let Some(target) = target else {
            let error = Trouble::wrong("the file cannot be had");
            return Err(self.placed(error, expr.span()));
        };
        let from = std::mem::replace(&mut self.file, target);
        let back = self.scopes.open_inner();
        let done = self.caught(|machine| machine.tree(target));
        let exports: Vec<_> =
            self.scopes.own_names().map(|(name, value)| (Text::own(name), value.clone())).collect();
        self.scopes.close(back);
        self.file = from;
        done?;
        Value::map(&mut self.budget, exports)
    }

    pub(super) fn import_names(
        &mut self,
        offset: usize,
        from: &'p ast::FromImport<'p>,
    ) -> Outcome<()> {
        let Value::Map(exports) = self.import(offset, &from.expr)? else { return Ok(()) };
        for (name, alias) in &from.names {
            let Expr::Var(var) = name else { continue };
            let value = exports.get(var.id).cloned().ok_or_else(|| {
                let names = exports.entries().iter().map(|(name, _)| &**name);
                let message = format!("the file defines no `{}`", var.id);
                let hint = nearest(var.id, names).map(|near| format!("did you mean `{near}`?"));
                let trouble = Trouble::Wrong { message, hint };
                self.placed(trouble, var.span())
            })?;
            self.assign(alias.as_ref().unwrap_or(name), value)?;
        }
        Ok(())
    }
}
