//! The form of a template's variables, with the model and parameters of the focused variant.

use ratatui::layout::Rect;

use super::{
    library,
    paint::{Frills, Paint, Piece, cells},
    readings,
};
use crate::{
    model::GenerationParameters,
    tui::{
        keymap::Context,
        state::{Areas, Field, Focus, FormRow, Mode, form_slots, shown},
        theme::Role,
        widgets::editor::{EditorStyles, EditorView, StyledRange},
    },
};

pub(super) fn draw(paint: &mut Paint<'_, '_, '_>, areas: &Areas, outer: Rect) {
    let state = paint.state;
    let focused = state.focus == Focus::Inputs && state.overlays.is_empty();
    let title = if areas.tabs {
        library::tabs(paint)
    } else {
        let role = if focused { Role::TitleFocused } else { Role::Title };
        vec![paint.piece("Inputs", role)]
    };
    let missing = state.document.as_ref().map_or(0, |document| document.inputs.missing());
    let right = if missing > 0 && !areas.tabs {
        vec![paint.piece(format!("{missing} missing"), Role::VariableMissing)]
    } else {
        Vec::new()
    };
    let bottom = if focused && state.mode == Mode::Type {
        vec![paint.piece("INSERT", Role::ModeInsert)]
    } else {
        Vec::new()
    };
    let inner = paint.panel(outer, &Frills { title, right, bottom, focused, ..Frills::default() });
    let Some(document) = &state.document else {
        readings::note(
            paint,
            inner,
            "The variables of the open template stand here, a field each.",
        );
        return;
    };
    let selected = document.inputs.row();
    for (row, area) in form_slots(state, outer) {
        let here = row == selected;
        match row {
            FormRow::Field(index) => {
                if let Some(field) = document.inputs.fields().get(index) {
                    draw_field(paint, field, area, here, focused);
                }
            }
            FormRow::Model => {
                let model = state.pane(state.variant()).and_then(|pane| state.model_of(pane));
                let text = model.map_or_else(
                    || "none named".to_owned(),
                    |model| paint.safe(&model.to_string()).into_owned(),
                );
                setting(paint, area, "model", &text, here && focused);
            }
            FormRow::Parameters => {
                let text = state
                    .pane(state.variant())
                    .map(|pane| parameters(&state.parameters_of(pane)))
                    .unwrap_or_default();
                setting(paint, area, "set", &text, here && focused);
            }
        }
    }
}

/// Parameters in few words: `t 0.2  max 800`; what is not set is the model's own choice.
fn parameters(parameters: &GenerationParameters) -> String {
    let words = parameter_words(parameters);
    if words.is_empty() { "the model's own".to_owned() } else { words.join("  ") }
}

/// Each parameter that is set, in a word or two: `t 0.2`, `max 800`.
pub(super) fn parameter_words(parameters: &GenerationParameters) -> Vec<String> {
    parameters
        .to_map()
        .iter()
        .map(|(name, value)| {
            let name = match name.as_str() {
                "temperature" => "t",
                "max_tokens" => "max",
                "frequency_penalty" => "freq",
                "presence_penalty" => "pres",
                "repetition_penalty" => "rep",
                "response_format" => "format",
                "reasoning_effort" => "effort",
                other => other,
            };
            let value = match value {
                serde_json::Value::Object(_) => "schema".to_owned(),
                serde_json::Value::Array(tools) if name == "tools" => {
                    let names = tools.iter().filter_map(|tool| tool.get("name")?.as_str());
                    names.collect::<Vec<_>>().join(", ")
                }
                other => shown(other).replace('\n', " "),
            };
            format!("{name} {value}")
        })
        .collect()
}

fn draw_field(
    paint: &mut Paint<'_, '_, '_>,
    field: &Field,
    area: Rect,
    selected: bool,
    focused: bool,
) {
    let typing = selected && focused && paint.state.mode == Mode::Type;
    let label = Rect { height: 1, ..area };
    let missing = field.is_missing();
    let note = paint.safe(&field.note()).into_owned();
    let note_role = if missing { Role::VariableMissing } else { Role::Dim };
    let note = [paint.piece(note, note_role)];
    let name_role = match (missing, field.spec.used) {
        (true, _) => Role::VariableMissing,
        (false, true) => Role::VariableKnown,
        (false, false) => Role::VariableUnused,
    };
    let name = paint.safe(&field.spec.name).into_owned();
    let room = label.width.saturating_sub(cells(&note) + 1);
    let name_style = paint.style(name_role);
    paint.text(label.x, label.y, room, &name, name_style);
    paint.pieces_right(label, &note);
    if selected && focused && !typing {
        let style = paint.style(Role::Selection);
        paint.fill(label, style);
    }
    let body = Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(1),
        height: area.height.saturating_sub(1),
    };
    if body.height == 0 || body.width == 0 {
        return;
    }
    let empty = field.editor.buffer().is_empty();
    let styles = EditorStyles {
        text: paint.style(if typing { Role::Input } else { Role::Text }),
        selection: paint.style(Role::Selection),
        ..EditorStyles::default()
    };
    let plain = |_: usize| -> Vec<StyledRange> { Vec::new() };
    let view = EditorView::new(&field.editor, styles, &plain);
    let cursor = view.cursor(body);
    paint.widget(view, body);
    if empty && !typing {
        let text = match (&field.spec.default, &field.spec.description) {
            (Some(default), _) => shown(default).replace('\n', " "),
            (None, Some(description)) => description.clone(),
            (None, None) => paint.spell(Context::Inputs, "{accept} types here"),
        };
        let text = paint.safe(&text).into_owned();
        let style = paint.style(Role::Placeholder);
        paint.text(body.x, body.y, body.width, &text, style);
    }
    if typing && let Some((x, y)) = cursor {
        paint.cursor(x, y);
    }
}

fn setting(paint: &mut Paint<'_, '_, '_>, area: Rect, name: &str, value: &str, selected: bool) {
    let blind = paint.state.blind.is_some();
    let value = if blind { "hidden while blind" } else { value };
    let variant = paint.state.variant();
    let (mark, mark_role) = if blind {
        (String::new(), Role::Dim)
    } else {
        (format!("  {variant}"), Role::variant(variant))
    };
    let pieces: [Piece<'_>; 3] = [
        paint.piece(format!("{name:<6}"), Role::Dim),
        paint.piece(value, Role::Text),
        paint.piece(mark, mark_role),
    ];
    let mark = cells(&pieces[2..]);
    let room = Rect { width: area.width.saturating_sub(mark), ..area };
    paint.pieces(room, &pieces[..2]);
    paint.pieces_right(area, &pieces[2..]);
    if selected {
        let style = paint.style(Role::Selection);
        paint.fill(Rect { height: 1, ..area }, style);
    }
}
