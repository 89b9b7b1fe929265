//! The form of a template's variables.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    model::TemplateId,
    safety::MarkStyle,
    tui::{
        msg::InputField,
        widgets::editor::{Command, Editor, Motion},
    },
};

/// Rows a field takes at most while it is not typed into.
pub const FIELD_ROWS: usize = 4;

/// Where typing goes on in a value that is there already.
const TO_END: Command = Command::Go { motion: Motion::TextEnd, select: false };

/// One variable's field.
#[derive(Clone, Debug)]
pub struct Field {
    /// What is known of the variable. Its texts come from the file: draw them through
    /// [`crate::safety`].
    pub spec: InputField,
    /// Whether the open template has it; else only others that run beside it do.
    pub own: bool,
    /// The other templates that need a value here and have none of their own.
    pub needed_by: Vec<TemplateId>,
    /// What is typed; empty means that no value is given.
    pub editor: Editor,
    /// Whether the text of the default was put in to be changed, and nobody has left it since.
    offered: bool,
    /// The size the editor was last given.
    cells: (usize, usize),
}

impl Field {
    /// Puts the text of the default into an empty field, all of it selected: it can be changed, and
    /// whoever types at once replaces it.
    pub fn offer_default(&mut self) {
        if let Some(default) = self.spec.default.as_ref().map(shown)
            && self.editor.buffer().is_empty()
        {
            self.editor.replace_all(&default);
            self.editor.apply(&Command::SelectAll);
            self.offered = true;
        }
    }

    /// Gives the editor its size; nothing happens when it is the same.
    pub fn fit(&mut self, width: usize, height: usize) {
        if self.cells != (width, height) {
            self.cells = (width, height);
            self.editor.resize(width, height);
        }
    }

    /// The value that would be sent, `None` when nothing is typed.
    ///
    /// # Errors
    /// A sentence saying why the text is not a value of the declared kind.
    pub fn value(&self) -> Result<Option<Value>, String> {
        parse_value(&self.spec, &self.editor.text())
    }

    /// Whether some run needs a value here and has none, or has one that cannot be read.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.is_missing_to(None) || self.needed_by.iter().any(|id| self.is_missing_to(Some(id)))
    }

    /// Whether a run of the open template needs a value here and has none, or has one that cannot
    /// be read; with a name, whether a run of that other template does.
    #[must_use]
    pub fn is_missing_to(&self, other: Option<&TemplateId>) -> bool {
        let needs = match other {
            None => self.own && self.spec.required && self.spec.default.is_none(),
            Some(id) => self.needed_by.contains(id),
        };
        match self.value() {
            Ok(None) => needs,
            Ok(Some(_)) => false,
            Err(_) => self.own || needs,
        }
    }

    /// A word on the right of the label: `required`, `default`, how many rows a list has.
    #[must_use]
    pub fn note(&self) -> String {
        match self.value() {
            Err(reason) => reason,
            Ok(Some(Value::Array(items))) => {
                format!("{} {}", items.len(), if items.len() == 1 { "row" } else { "rows" })
            }
            Ok(None) if self.spec.default.is_some() => "default".to_owned(),
            Ok(_) if !self.own => match self.needed_by.as_slice() {
                [] => "required".to_owned(),
                [one] => format!("required by {}", one.name()),
                [one, others @ ..] => {
                    format!("required by {} and {} more", one.name(), others.len())
                }
            },
            Ok(_) if !self.spec.used => "not used".to_owned(),
            Ok(_) if self.spec.required => "required".to_owned(),
            Ok(_) => "optional".to_owned(),
        }
    }
}

/// Reads what was typed as a value of the kind the template declares.
///
/// Text stays text, exactly. A number, a boolean, a list or an object is read as YAML, of which
/// JSON is a part. Where no kind is declared, text that begins like a list or an object and reads
/// as one is one.
fn parse_value(spec: &InputField, text: &str) -> Result<Option<Value>, String> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if let Some(choice) = spec.choices.iter().find(|choice| shown(choice) == text.trim()) {
        return Ok(Some(choice.clone()));
    }
    let kind = spec.kind.as_deref().unwrap_or("");
    let yaml = || serde_saphyr::from_str::<Value>(text).ok();
    let value = match kind {
        "text" | "string" => Some(Value::from(text)),
        "number" | "float" => yaml().filter(Value::is_number),
        "integer" | "int" => yaml().filter(|value| value.is_i64() || value.is_u64()),
        "boolean" | "bool" => yaml().filter(Value::is_boolean),
        "list" | "array" => yaml().filter(Value::is_array),
        "object" | "map" => yaml().filter(Value::is_object),
        _ if text.trim_start().starts_with(['[', '{']) => {
            let collection = yaml().filter(|value| value.is_array() || value.is_object());
            Some(collection.unwrap_or_else(|| Value::from(text)))
        }
        _ => Some(Value::from(text)),
    };
    match value {
        Some(value) if spec.choices.is_empty() || spec.choices.contains(&value) => Ok(Some(value)),
        Some(_) => {
            let choices: Vec<String> = spec.choices.iter().map(shown).collect();
            Err(format!("one of {}", choices.join(", ")))
        }
        None => Err(format!("not a {kind}")),
    }
}

/// A value as it stands in a field: text as it is, the rest as JSON.
#[must_use]
pub fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            serde_json::to_string_pretty(value).unwrap_or_default()
        }
        other => other.to_string(),
    }
}

/// A row of the inputs pane that can be selected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormRow {
    Field(usize),
    /// The model of the focused variant.
    Model,
    /// The generation parameters of the focused variant.
    Parameters,
}

/// All fields of the open template, then its model and parameters.
#[derive(Clone, Debug, Default)]
pub struct InputsForm {
    fields: Vec<Field>,
    selected: usize,
    /// Values of variables that have no field now: what was remembered, and what was typed into
    /// fields that went away while the text was edited.
    aside: BTreeMap<String, String>,
    marks: MarkStyle,
}

impl InputsForm {
    /// A form with no fields yet and the values used last.
    #[must_use]
    pub fn new(remembered: &BTreeMap<String, Value>, marks: MarkStyle) -> Self {
        let aside = remembered.iter().map(|(name, value)| (name.clone(), shown(value))).collect();
        Self { aside, marks, ..Self::default() }
    }

    /// The fields, in the order of the template.
    #[must_use]
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// A field to type into.
    pub fn field_mut(&mut self, index: usize) -> Option<&mut Field> {
        self.fields.get_mut(index)
    }

    /// A default that was offered and stands as it was is the template's again, and follows it.
    pub fn take_offers_back(&mut self) {
        for field in self.fields.iter_mut().filter(|field| field.offered) {
            field.offered = false;
            if field.spec.default.as_ref().is_some_and(|it| shown(it) == field.editor.text()) {
                field.editor.replace_all("");
            }
        }
    }

    /// Takes the fields the template has now. Fields that stay keep what was typed; others come
    /// with what was typed or remembered before.
    pub fn set_fields(&mut self, specs: &[InputField]) {
        self.set_fields_beside(specs, &[]);
    }

    /// The same, with what other templates need that run beside it.
    pub fn set_fields_beside(
        &mut self,
        own: &[InputField],
        others: &[(&TemplateId, &[InputField])],
    ) {
        let mut specs: Vec<(InputField, bool, Vec<TemplateId>)> =
            own.iter().map(|spec| (spec.clone(), true, Vec::new())).collect();
        for (id, fields) in others {
            for field in *fields {
                let needs = field.required && field.default.is_none();
                match specs.iter_mut().find(|(spec, ..)| spec.name == field.name) {
                    Some((_, _, needed_by)) if needs => needed_by.push((*id).clone()),
                    None if needs => specs.push((field.clone(), false, vec![(*id).clone()])),
                    // What has a default there is left to it.
                    Some(_) | None => {}
                }
            }
        }
        let kept = match self.row() {
            FormRow::Field(index) => self.fields.get(index).map(|field| field.spec.name.clone()),
            FormRow::Model | FormRow::Parameters => None,
        };
        let below =
            self.selected.checked_sub(self.fields.len()).filter(|_| !self.fields.is_empty());
        let mut old: BTreeMap<String, Field> = std::mem::take(&mut self.fields)
            .into_iter()
            .map(|field| (field.spec.name.clone(), field))
            .collect();
        for (spec, own, needed_by) in specs {
            self.fields.push(if let Some(field) = old.remove(&spec.name) {
                Field { spec, own, needed_by, ..field }
            } else {
                let typed = self.aside.remove(&spec.name).unwrap_or_default();
                let mut editor = Editor::new(&typed);
                editor.set_marks(self.marks);
                editor.apply(&TO_END);
                Field { spec, own, needed_by, editor, offered: false, cells: (0, 0) }
            });
        }
        self.aside.extend(old.into_iter().map(|(name, field)| (name, field.editor.text())));
        self.selected = match (kept, below) {
            (Some(name), _) => {
                self.fields.iter().position(|field| field.spec.name == name).unwrap_or(0)
            }
            (None, Some(below)) => self.fields.len() + below,
            (None, None) => 0,
        };
    }

    /// Puts values into the fields, those of a past execution or of a set, each in a step that
    /// can be undone. Fields without a value among them are emptied: what stood there is no part
    /// of it.
    pub fn fill(&mut self, values: &BTreeMap<String, Value>) {
        for field in &mut self.fields {
            let text = values.get(&field.spec.name).map(shown).unwrap_or_default();
            if field.editor.text() != text {
                field.editor.replace_all(&text);
                field.editor.apply(&TO_END);
            }
        }
        let is_field = |name: &String| self.fields.iter().any(|field| field.spec.name == *name);
        self.aside = values
            .iter()
            .filter(|(name, _)| !is_field(name))
            .map(|(name, value)| (name.clone(), shown(value)))
            .collect();
    }

    /// Values to begin with where a field comes that has none yet.
    pub fn suggest(&mut self, values: &BTreeMap<String, Value>) {
        for (name, value) in values {
            let known = self.fields.iter().any(|field| field.spec.name == *name);
            if !known {
                self.aside.entry(name.clone()).or_insert_with(|| shown(value));
            }
        }
    }

    /// The selected row.
    #[must_use]
    pub fn row(&self) -> FormRow {
        match self.selected.checked_sub(self.fields.len()) {
            None => FormRow::Field(self.selected),
            Some(0) => FormRow::Model,
            Some(_) => FormRow::Parameters,
        }
    }

    /// Every row, top first.
    pub fn rows(&self) -> impl Iterator<Item = FormRow> {
        (0..self.fields.len()).map(FormRow::Field).chain([FormRow::Model, FormRow::Parameters])
    }

    /// Moves the selection by rows, stopping at both ends.
    pub fn move_by(&mut self, by: isize) {
        self.selected = self.selected.saturating_add_signed(by).min(self.fields.len() + 1);
    }

    /// Selects a row.
    pub fn select(&mut self, row: FormRow) {
        self.selected = match row {
            FormRow::Field(index) => index.min(self.fields.len().saturating_sub(1)),
            FormRow::Model => self.fields.len(),
            FormRow::Parameters => self.fields.len() + 1,
        };
    }

    /// The values of the open template that would be sent; unreadable ones are left out.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, Value> {
        self.values_of(|field| field.own)
    }

    /// The values for variables of these names.
    #[must_use]
    pub fn values_named(&self, names: &[InputField]) -> BTreeMap<String, Value> {
        self.values_of(|field| names.iter().any(|named| named.name == field.spec.name))
    }

    fn values_of(&self, wanted: impl Fn(&Field) -> bool) -> BTreeMap<String, Value> {
        self.fields
            .iter()
            .filter(|field| wanted(field))
            .filter_map(|field| Some((field.spec.name.clone(), field.value().ok()??)))
            .collect()
    }

    /// The first field that keeps a run of the open template from starting; with a name, one of
    /// that other template.
    #[must_use]
    pub fn first_missing(&self, other: Option<&TemplateId>) -> Option<usize> {
        self.fields.iter().position(|field| field.is_missing_to(other))
    }

    /// How many fields keep a run from starting.
    #[must_use]
    pub fn missing(&self) -> usize {
        self.fields.iter().filter(|field| field.is_missing()).count()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn spec(name: &str, kind: Option<&str>) -> InputField {
        InputField {
            name: name.to_owned(),
            required: true,
            default: None,
            description: None,
            choices: Vec::new(),
            kind: kind.map(str::to_owned),
            declared: true,
            used: true,
        }
    }

    #[test]
    fn kinds_decide_how_text_is_read() {
        let read = |kind, text| parse_value(&spec("x", kind), text);
        assert_eq!(read(Some("text"), "3"), Ok(Some(json!("3"))));
        assert_eq!(read(Some("number"), "3"), Ok(Some(json!(3))));
        assert_eq!(read(Some("list"), "- a\n- b"), Ok(Some(json!(["a", "b"]))));
        assert_eq!(read(Some("list"), "a"), Err("not a list".to_owned()));
        assert_eq!(read(None, "[1, 2]"), Ok(Some(json!([1, 2]))));
        assert_eq!(read(None, "[not json"), Ok(Some(json!("[not json"))));
        assert_eq!(read(None, " \n"), Ok(None));
        let mut choice = spec("x", None);
        choice.choices = vec![json!("a"), json!(2)];
        assert_eq!(parse_value(&choice, "2"), Ok(Some(json!(2))));
        assert!(parse_value(&choice, "b").is_err());
    }

    #[test]
    fn a_field_that_comes_back_has_its_text_again() {
        let remembered = BTreeMap::from([("b".to_owned(), json!("kept"))]);
        let mut form = InputsForm::new(&remembered, MarkStyle::Unicode);
        form.set_fields(&[spec("a", None), spec("b", None)]);
        assert_eq!(form.values(), BTreeMap::from([("b".to_owned(), json!("kept"))]));
        assert_eq!((form.missing(), form.first_missing(None)), (1, Some(0)));
        form.select(FormRow::Field(1));
        form.set_fields(&[spec("a", None)]);
        form.set_fields(&[spec("b", None), spec("a", None)]);
        assert_eq!(form.values(), BTreeMap::from([("b".to_owned(), json!("kept"))]));
    }

    #[test]
    fn what_is_filled_in_leaves_nothing_of_what_stood_there() {
        let remembered =
            BTreeMap::from([("a".to_owned(), json!("1")), ("c".to_owned(), json!("3"))]);
        let mut form = InputsForm::new(&remembered, MarkStyle::Unicode);
        form.set_fields(&[spec("a", None), spec("b", None)]);
        form.fill(&BTreeMap::from([("b".to_owned(), json!("2")), ("d".to_owned(), json!("4"))]));
        assert_eq!(form.values(), BTreeMap::from([("b".to_owned(), json!("2"))]));
        form.set_fields(&[spec("a", None), spec("c", None), spec("d", None)]);
        assert_eq!(form.values(), BTreeMap::from([("d".to_owned(), json!("4"))]));
        form.field_mut(0).expect("a field").editor.apply(&Command::Undo);
        assert_eq!(form.values().get("a"), Some(&json!("1")), "undo brings it back");
    }

    #[test]
    fn what_others_need_has_a_field_and_keeps_only_them_from_running() {
        let other = TemplateId::new("x/other").expect("an id");
        let mut form = InputsForm::new(&BTreeMap::new(), MarkStyle::Unicode);
        let has_default = InputField { default: Some(json!(1)), ..spec("c", None) };
        let needs = [spec("a", None), spec("b", None), has_default];
        form.suggest(&BTreeMap::from([("b".to_owned(), json!("as last time"))]));
        form.set_fields_beside(&[spec("a", None)], &[(&other, &needs)]);
        let names: Vec<&str> = form.fields().iter().map(|it| it.spec.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        assert_eq!(
            (form.first_missing(None), form.first_missing(Some(&other))),
            (Some(0), Some(0))
        );
        form.field_mut(0).expect("a").editor.replace_all("given");
        assert_eq!(form.first_missing(Some(&other)), None);
        form.field_mut(1).expect("b").editor.replace_all("");
        assert_eq!((form.first_missing(None), form.first_missing(Some(&other))), (None, Some(1)));
        assert_eq!(form.fields()[1].note(), "required by other");
        assert_eq!(form.values().len(), 1, "the open template is not sent the others' values");
        form.set_fields(&[spec("a", None)]);
        assert_eq!(form.fields().len(), 1);
    }

    #[test]
    fn who_needs_a_value_is_said_only_where_it_is_wanted() {
        let other = TemplateId::new("x/other").expect("an id");
        let mut form = InputsForm::new(&BTreeMap::new(), MarkStyle::Unicode);
        form.set_fields_beside(&[], &[(&other, &[spec("a", Some("list"))])]);
        for (text, note) in [("", "required by other"), ("x", "not a list"), ("- x", "1 row")] {
            form.field_mut(0).expect("a").editor.replace_all(text);
            assert_eq!(form.fields()[0].note(), note);
        }
    }

    #[test]
    fn the_selection_follows_its_field() {
        let mut form = InputsForm::new(&BTreeMap::new(), MarkStyle::Unicode);
        form.set_fields(&[spec("a", None), spec("b", None)]);
        form.select(FormRow::Field(1));
        form.set_fields(&[spec("b", None), spec("a", None)]);
        assert_eq!(form.row(), FormRow::Field(0));
        form.select(FormRow::Parameters);
        form.set_fields(&[spec("b", None)]);
        assert_eq!(form.row(), FormRow::Parameters);
        form.move_by(9);
        assert_eq!(form.row(), FormRow::Parameters);
    }
}
