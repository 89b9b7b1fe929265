//! The form of a template's variables.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
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
    /// What is typed; empty means that no value is given.
    pub editor: Editor,
    /// The size the editor was last given.
    cells: (usize, usize),
}

impl Field {
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

    /// Whether a run needs a value here and has none, or has one that cannot be read.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        match self.value() {
            Ok(None) => self.spec.required && self.spec.default.is_none(),
            Ok(Some(_)) => false,
            Err(_) => true,
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

    /// Takes the fields the template has now. Fields that stay keep what was typed; others come
    /// with what was typed or remembered before.
    pub fn set_fields(&mut self, specs: &[InputField]) {
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
        for spec in specs {
            let field = if let Some(mut field) = old.remove(&spec.name) {
                field.spec = spec.clone();
                field
            } else {
                let mut editor = Editor::new(self.aside.get(&spec.name).map_or("", String::as_str));
                editor.set_marks(self.marks);
                editor.apply(&TO_END);
                Field { spec: spec.clone(), editor, cells: (0, 0) }
            };
            self.aside.remove(&spec.name);
            self.fields.push(field);
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

    /// Puts values into the fields, those of a past execution, each in a step that can be undone.
    pub fn fill(&mut self, values: &BTreeMap<String, Value>) {
        for (name, value) in values {
            match self.fields.iter_mut().find(|field| field.spec.name == *name) {
                Some(field) => {
                    field.editor.replace_all(&shown(value));
                    field.editor.apply(&TO_END);
                }
                None => {
                    self.aside.insert(name.clone(), shown(value));
                }
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

    /// The values that would be sent; unreadable ones are left out.
    #[must_use]
    pub fn values(&self) -> BTreeMap<String, Value> {
        self.fields
            .iter()
            .filter_map(|field| Some((field.spec.name.clone(), field.value().ok()??)))
            .collect()
    }

    /// The first field that keeps a run from starting.
    #[must_use]
    pub fn first_missing(&self) -> Option<usize> {
        self.fields.iter().position(Field::is_missing)
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
        assert_eq!((form.missing(), form.first_missing()), (1, Some(0)));
        form.select(FormRow::Field(1));
        form.set_fields(&[spec("a", None)]);
        form.set_fields(&[spec("b", None), spec("a", None)]);
        assert_eq!(form.values(), BTreeMap::from([("b".to_owned(), json!("kept"))]));
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
