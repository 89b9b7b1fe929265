//! What the screens show: plain data, changed only by [`crate::tui::update`], read by the view.
//!
//! Text that came from outside is made safe where it enters ([`GrowingText`](super::text) and
//! labels); the few exact texts kept for saving, copying and sending say so.

mod answer;
mod beside;
mod charts;
mod circuits;
mod comparison;
mod diff;
mod document;
mod facts;
mod filtering;
mod fronts;
mod help;
mod history;
mod inputs;
mod jump;
mod layout;
mod library;
mod line_input;
mod list;
mod notices;
mod output;
mod overlay;
mod pane;
mod pending;
mod phase;
mod place;
mod shelf;
mod spending;
mod tabs;
mod tour;
mod undo;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

pub use answer::Answer;
pub use beside::Beside;
pub use charts::{Chart, ChartFocus, ChartScreen};
pub use circuits::OpenCircuit;
pub use diff::{DiffLine, DiffOf, DiffView, Sign};
pub use document::{Document, SCRATCH};
pub use facts::{cached, cached_mark};
pub use fronts::{FrontArea, front_area, overlay_area};
pub use help::Help;
pub use history::{Detail, DetailTab, History, PAGE};
pub use inputs::{FIELD_ROWS, Field, FormRow, InputsForm, shown};
pub use jump::{JumpLabel, JumpTo, jump_labels};
pub use layout::{
    Areas, DetailArea, EditorArea, ListArea, PaneArea, SMALLEST, WIDE, areas, centred,
    editor_cells, form_slots, inner, roomy,
};
pub use library::{Library, LibraryRow};
pub use line_input::LineInput;
pub use list::{Lead, ListDialog, ListKind, ListRow};
pub use notices::{Log, LoggedNotice, Notices};
pub use output::{Figures, Origin, Output, RowKind, STALLED_AFTER};
pub use overlay::{
    Confirm, Conflict, ConflictChoice, LineDialog, LineIntent, ModelPicker, Overlay, Palette,
    ParameterForm, ParameterRow, Picker, Reading, SaveDialog, SaveIntent, SecretQuestion,
    ThemePicker, VersionList, VersionRow,
};
pub use pane::{Pane, Recorded};
pub use pending::{EDIT_REST, FILTER_REST, Pending, Purpose, TICK, TURN, Wake};
pub use phase::Phase;
pub use place::{Focus, Mode, Screen};
pub use shelf::Shelved;
pub use spending::{SpendQuestion, Spending};
pub use tabs::{TAB_GAP, Tab};
pub use tour::{TOUR, Tour, TourDeed, TourStop};
pub use undo::{PaneSetting, Removed, SetChanges, Undos};

use super::{
    keymap::{Action, Context, Keymap},
    msg::{ModelChoice, ParameterPlan},
    theme::Theme,
    widgets::editor::{Clipping, Position},
};
use crate::{
    model::{
        ExecutionId, GenerationParameters, ModelRef, Price, TemplateId, VariantName, VariantSource,
    },
    safety::MarkStyle,
    store::Moment,
};

/// A past execution to run again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rerun {
    pub execution: ExecutionId,
    /// On this model instead of its own.
    pub model: Option<ModelRef>,
}

/// Calls that were cancelled at once, to be told of as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    /// How many have not ended.
    pub left: usize,
    /// How many ended because of it, rather than by themselves.
    pub cancelled: usize,
}

/// What the state begins with.
#[derive(Clone, Debug)]
pub struct StateOptions {
    /// The workspace's name in the title line.
    pub workspace: String,
    pub marks: MarkStyle,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub mouse: bool,
    /// Columns that indenting goes on to.
    pub tab_width: u8,
    /// The name of the theme in use.
    pub theme: String,
    /// Used where neither pane nor template names a model.
    pub default_model: Option<ModelRef>,
    /// The template that was open when the program last ended.
    pub template: Option<TemplateId>,
    pub keymap: Arc<Keymap>,
    /// The zone that times of day are shown in.
    pub zone: TimeZone,
}

/// The values of a template's inputs under each name they were kept under.
pub type InputSets = BTreeMap<String, BTreeMap<String, Value>>;

/// Everything the screens show.
#[derive(Clone, Debug)]
pub struct State {
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    pub screen: Screen,
    pub focus: Focus,
    /// Which of library, editor and inputs is in sight where they share one place.
    pub tab: Focus,
    /// The output pane that had the focus last: what "run" runs from anywhere.
    variant: VariantName,
    pub mode: Mode,
    /// Whether the focused pane has the whole screen.
    pub zoom: bool,
    /// Whether answers are shown as they came rather than as the Markdown they are.
    pub raw: bool,
    /// Words to look for in the answer in sight.
    pub find: LineInput,
    /// Where the cursor of the editor was when they began to be typed there.
    pub find_from: Option<Position>,
    /// What was last copied, cut or deleted by the line, to be pasted.
    pub clipping: Clipping,
    /// Which of how many places in the editor is selected, as far as they were looked for there.
    pub found_in_text: Option<(usize, usize)>,
    /// Whether those words are being typed.
    pub finding: bool,
    /// Where each variant stands while it is hidden which is which, first to last.
    pub blind: Option<Vec<VariantName>>,
    /// Whether the answers scroll together.
    pub scrolls_together: bool,
    pub library: Library,
    pub document: Option<Document>,
    /// One to four, A first.
    pub panes: Vec<Pane>,
    /// What was deleted, removed or replaced, until it is brought back.
    pub undos: Undos,
    /// What is known of the templates that panes run beside the open one.
    pub beside: BTreeMap<TemplateId, Beside>,
    /// Templates that were open before, as they were left; their calls go on.
    pub shelf: BTreeMap<TemplateId, Shelved>,
    pub history: History,
    pub charts: ChartScreen,
    /// What stands in front, the last on top.
    pub overlays: Vec<Overlay>,
    pub notices: Notices,
    /// Every model that can be named.
    pub models: Vec<ModelChoice>,
    /// Which parameters a model refuses, as far as was asked.
    pub plans: BTreeMap<ModelRef, ParameterPlan>,
    pub default_model: Option<ModelRef>,
    /// Providers that are left alone after failures, by name.
    pub circuits: Vec<OpenCircuit>,
    /// US dollars since midnight, where known.
    pub spend_today: Option<f64>,
    pub spending: Spending,
    /// The workspace's name, safe to draw.
    pub workspace: String,
    pub marks: MarkStyle,
    pub mouse: bool,
    /// Columns that indenting goes on to.
    pub tab_width: u8,
    /// Every theme that can be used, once they were asked for.
    pub themes: Vec<Theme>,
    /// The name of the theme in use.
    pub theme: String,
    /// Whether nothing moves by itself but figures.
    pub still: bool,
    /// The calls that were cancelled together and have not all ended.
    pub ending: Option<Ending>,
    /// How many executions the export under way has written.
    pub exported: Option<usize>,
    /// Whether the terminal window has the focus.
    pub focused: bool,
    /// The monotonic clock when the last message came: what counters count to.
    pub now: Duration,
    /// The time of day when the last message came: what dates are shown against.
    pub wall: Timestamp,
    /// The template to open once the library is known.
    pub opening: Option<TemplateId>,
    /// The line to show once its template is open.
    pub opening_line: Option<(TemplateId, usize)>,
    /// The templates that were open last, the last one first.
    pub recent: Vec<TemplateId>,
    /// The variants as they were kept last.
    pub panes_kept: Value,
    /// The named values of a template's inputs, as they were last listed.
    pub input_sets: Option<(TemplateId, InputSets)>,
    /// Whether the database can only be read.
    pub read_only: bool,
    /// Whether calls may leave although nothing can be saved.
    pub unsaved: bool,
    /// The variants to run once that is agreed to.
    pub run_unsaved: Vec<VariantName>,
    /// The variants to run once their template was read for the first time.
    pub run_when_read: Option<(TemplateId, Vec<VariantName>)>,
    /// The run that was asked for while the first template was still being opened.
    pub run_when_open: Option<Action>,
    /// The past execution to run again once the workbench is set up as it was.
    pub rerun: Option<Rerun>,
    /// The moment in what other processes wrote into the database, as far as is known.
    pub moment: Option<Moment>,
    /// When that was last asked.
    pub looked_for_others: Duration,
    /// Whether somebody has gone to another screen since the last order whose answer would bring
    /// something else into sight. That answer then moves nobody.
    pub gone_elsewhere: bool,
    /// Whether the card for the first start is in sight: until the first key.
    pub welcome: bool,
    /// Whether all this is the demonstration: every file a copy, every model simulated.
    pub is_demo: bool,
    /// The walk through the program, while it is under way.
    pub tour: Option<Tour>,
    /// Whether the end was asked for; nothing is taken any more.
    pub quitting: bool,
    pub pending: Pending,
    /// Which key does what.
    pub keymap: Arc<Keymap>,
    /// The zone that times of day are shown in.
    pub zone: TimeZone,
}

impl State {
    /// The screens before anything is known.
    #[must_use]
    pub fn new(options: StateOptions) -> Self {
        let marks = options.marks;
        Self {
            size: options.size,
            screen: Screen::Workbench,
            focus: Focus::Library,
            tab: Focus::Editor,
            variant: VariantName::A,
            mode: Mode::Act,
            zoom: false,
            raw: false,
            find: LineInput::default(),
            find_from: None,
            clipping: Clipping::default(),
            found_in_text: None,
            finding: false,
            scrolls_together: false,
            blind: None,
            library: Library::new(marks),
            document: None,
            panes: vec![Pane::new(VariantName::A)],
            undos: Undos::default(),
            beside: BTreeMap::new(),
            shelf: BTreeMap::new(),
            history: History::new(marks),
            charts: ChartScreen::default(),
            overlays: Vec::new(),
            notices: Notices::new(marks),
            models: Vec::new(),
            plans: BTreeMap::new(),
            default_model: options.default_model,
            circuits: Vec::new(),
            spend_today: None,
            spending: Spending::default(),
            workspace: crate::safety::display_line_with(&options.workspace, marks).into_owned(),
            marks,
            mouse: options.mouse,
            tab_width: options.tab_width,
            themes: Vec::new(),
            theme: options.theme,
            still: false,
            ending: None,
            exported: None,
            focused: true,
            now: Duration::ZERO,
            wall: Timestamp::UNIX_EPOCH,
            opening: options.template,
            opening_line: None,
            recent: Vec::new(),
            panes_kept: Value::Array(vec![Pane::new(VariantName::A).to_setting()]),
            input_sets: None,
            read_only: false,
            unsaved: false,
            run_unsaved: Vec::new(),
            run_when_read: None,
            run_when_open: None,
            rerun: None,
            moment: None,
            looked_for_others: Duration::ZERO,
            gone_elsewhere: false,
            welcome: false,
            is_demo: false,
            tour: None,
            quitting: false,
            pending: Pending::default(),
            keymap: options.keymap,
            zone: options.zone,
        }
    }

    /// The variant that "run" runs: the output pane in focus, or the last that was.
    #[must_use]
    pub const fn variant(&self) -> VariantName {
        self.variant
    }

    /// Moves the focus; tabs and the variant follow.
    pub fn set_focus(&mut self, focus: Focus) {
        self.focus = focus;
        self.mode = Mode::Act;
        self.finding = false;
        match focus {
            Focus::Output(variant) => self.variant = variant,
            Focus::Library | Focus::Editor | Focus::Inputs => self.tab = focus,
        }
    }

    /// Every place the focus can be, in the order Tab goes.
    #[must_use]
    pub fn focus_order(&self) -> Vec<Focus> {
        [Focus::Library, Focus::Editor, Focus::Inputs]
            .into_iter()
            .chain(self.panes_in_order().into_iter().map(|pane| Focus::Output(pane.variant)))
            .collect()
    }

    /// The panes as they stand on screen, first to last: by their letters, or mixed.
    #[must_use]
    pub fn panes_in_order(&self) -> Vec<&Pane> {
        let mut panes: Vec<&Pane> = self.panes.iter().collect();
        if let Some(order) = &self.blind {
            let place = |pane: &&Pane| order.iter().position(|name| *name == pane.variant);
            panes.sort_by_key(|pane| place(pane).unwrap_or(usize::MAX));
        }
        panes
    }

    /// What a variant is called: its letter, or its place while it is hidden which is which.
    #[must_use]
    pub fn name_of(&self, variant: VariantName) -> String {
        let place = self.panes_in_order().iter().position(|pane| pane.variant == variant);
        match (&self.blind, place) {
            (Some(_), Some(place)) => format!("answer {}", place + 1),
            _ => variant.to_string(),
        }
    }

    /// The named sets of inputs of a template, as far as they are known.
    #[must_use]
    pub fn sets_of(&self, template: &TemplateId) -> Option<&InputSets> {
        self.input_sets.as_ref().filter(|(known, _)| known == template).map(|(_, sets)| sets)
    }

    /// Whether an execution is one of those of which it is hidden which is which.
    #[must_use]
    pub fn is_hidden(&self, id: ExecutionId) -> bool {
        let mut answers = self.panes.iter().flat_map(Pane::outputs);
        self.blind.is_some()
            && answers.any(|it| it.execution.as_ref().is_some_and(|record| record.id == id))
    }

    /// The pane of a variant.
    #[must_use]
    pub fn pane(&self, variant: VariantName) -> Option<&Pane> {
        self.panes.iter().find(|pane| pane.variant == variant)
    }

    /// The pane of a variant, to change.
    pub fn pane_mut(&mut self, variant: VariantName) -> Option<&mut Pane> {
        self.panes.iter_mut().find(|pane| pane.variant == variant)
    }

    /// The model a pane would call: its own, the template's, the default.
    #[must_use]
    pub fn model_of<'a>(&'a self, pane: &'a Pane) -> Option<&'a ModelRef> {
        pane.model
            .as_ref()
            .or_else(|| {
                self.document.as_ref().and_then(|document| document.analysis.model.as_ref())
            })
            .or(self.default_model.as_ref())
    }

    /// How many tokens the prompt of a pane has as far as it was counted here.
    #[must_use]
    pub fn counted_input(&self, pane: &Pane) -> Option<u64> {
        let analysis = match &pane.source {
            VariantSource::Draft => self.document.as_ref().map(|it| &it.analysis),
            VariantSource::Template(id) => self.beside.get(id)?.analysis.as_ref(),
            VariantSource::Version(_) | VariantSource::Recorded(_) => None,
        };
        u64::try_from(analysis?.tokens?.tokens).ok()
    }

    /// Whether the open text has no file.
    #[must_use]
    pub fn is_scratch(&self) -> bool {
        self.document.as_ref().is_some_and(|document| {
            document.id.as_str() == SCRATCH && self.library.entry(&document.id).is_none()
        })
    }

    /// The model the variant in focus would call.
    #[must_use]
    pub fn model_in_focus(&self) -> Option<&ModelRef> {
        self.pane(self.variant()).and_then(|pane| self.model_of(pane))
    }

    /// The parameters a pane would ask for: the template's with the pane's own over them.
    #[must_use]
    pub fn parameters_of(&self, pane: &Pane) -> GenerationParameters {
        let own = matches!(pane.source, VariantSource::Draft | VariantSource::Version(_));
        match &self.document {
            _ if !own => {
                let beside = pane.other_template().and_then(|id| self.beside.get(id));
                let analysis = beside.and_then(|beside| beside.analysis.as_ref());
                analysis.map_or_else(
                    || pane.parameters.clone(),
                    |analysis| analysis.generation.overlaid(&pane.parameters),
                )
            }
            Some(document) => document.analysis.generation.overlaid(&pane.parameters),
            None => pane.parameters.clone(),
        }
    }

    /// What is known of a model.
    #[must_use]
    pub fn model_choice(&self, model: &ModelRef) -> Option<&ModelChoice> {
        self.models.iter().find(|choice| choice.model == *model)
    }

    /// The price of a model, where known.
    #[must_use]
    pub fn price_of(&self, model: Option<&ModelRef>) -> Option<&Price> {
        self.model_choice(model?)?.price.as_ref()
    }

    /// The figures of a pane's answer in sight, as of the last message.
    #[must_use]
    pub fn figures_of(&self, pane: &Pane) -> Option<Figures> {
        let output = pane.shown()?;
        Some(output.figures(self.now, self.price_of(output.origin.model.as_ref())))
    }

    /// The panes in sight and those of templates that were open before.
    pub fn all_panes(&self) -> impl Iterator<Item = &Pane> {
        self.panes.iter().chain(self.shelf.values().flat_map(|shelved| &shelved.panes))
    }

    /// The same, to change.
    pub fn all_panes_mut(&mut self) -> impl Iterator<Item = &mut Pane> {
        let shelved = self.shelf.values_mut().flat_map(|shelved| &mut shelved.panes);
        self.panes.iter_mut().chain(shelved)
    }

    /// How many calls run.
    #[must_use]
    pub fn running(&self) -> usize {
        self.all_panes().flat_map(Pane::outputs).filter(|output| output.phase.is_running()).count()
    }

    /// The key and the action that help the variant in focus on, where its last call was stopped,
    /// refused, or waits for another attempt.
    #[must_use]
    pub fn way_on(&self) -> Option<(String, Action)> {
        let output = self.pane(self.variant)?.latest()?;
        let action = if !output.stopped_by().is_empty() {
            Action::RunAnyway
        } else if output.refused_parameter().is_some() {
            Action::DropParameter
        } else if matches!(output.phase, Phase::Retrying { .. }) {
            Action::SkipWait
        } else {
            return None;
        };
        Some((self.keymap.shown_key(Context::Output, action)?.to_string(), action))
    }

    /// Whether a sign turns somewhere in sight: while something is waited for that has no words
    /// yet, and never while it is hidden which answer is whose.
    #[must_use]
    pub fn turns(&self) -> bool {
        let waits = |pane: &Pane| pane.shown().is_some_and(|output| output.phase.waits());
        let calls = self.screen == Screen::Workbench && self.blind.is_none();
        !self.still && (self.exported.is_some() || (calls && self.panes.iter().any(waits)))
    }

    /// Which of so many forms the turning sign has now.
    #[must_use]
    pub fn turn(&self, forms: usize) -> usize {
        let turns = self.now.as_millis() / TURN.as_millis().max(1);
        usize::try_from(turns % (forms.max(1) as u128)).unwrap_or(0)
    }

    /// What is on top of the screen.
    #[must_use]
    pub fn overlay(&self) -> Option<&Overlay> {
        self.overlays.last()
    }

    /// Where keys go now: what the registry of actions is asked with.
    #[must_use]
    pub fn context(&self) -> Context {
        match self.overlays.last() {
            Some(
                Overlay::Palette(_)
                | Overlay::Models(_)
                | Overlay::Themes(_)
                | Overlay::List(_)
                | Overlay::Jump(_),
            ) => Context::Picker,
            Some(Overlay::Parameters(_) | Overlay::Save(_) | Overlay::Line(_)) => Context::Form,
            Some(Overlay::Versions(_)) => Context::Versions,
            Some(Overlay::Diff(_)) => Context::Diff,
            Some(Overlay::Preview(_) | Overlay::Help(_) | Overlay::Log(_)) => Context::Reading,
            Some(
                Overlay::Conflict(_)
                | Overlay::Confirm(_)
                | Overlay::Secrets(_)
                | Overlay::Spend(_),
            ) => Context::Question,
            None if self.is_typing() => match (self.screen, self.focus) {
                (Screen::Workbench, Focus::Editor) if self.finding => Context::Line,
                (Screen::Workbench, Focus::Editor | Focus::Inputs) => Context::Text,
                _ => Context::Line,
            },
            None => self.screen_context(),
        }
    }

    /// Where keys would act if nothing stood in front and nothing were typed into: what help and
    /// palette speak of.
    #[must_use]
    pub const fn screen_context(&self) -> Context {
        match (self.screen, self.focus) {
            (Screen::History, _) if self.history.in_detail => Context::Detail,
            (Screen::History, _) => Context::History,
            (Screen::Charts, _) => match self.charts.focus {
                ChartFocus::Chart(_) => Context::Chart,
                ChartFocus::Table => Context::ChartTable,
            },
            (Screen::Workbench, Focus::Library) => Context::Library,
            (Screen::Workbench, Focus::Editor) => Context::Editor,
            (Screen::Workbench, Focus::Inputs) => Context::Inputs,
            (Screen::Workbench, Focus::Output(_)) => Context::Output,
        }
    }

    /// The actions the palette lists, with their keys: all of them.
    #[must_use]
    pub fn palette_entries(&self) -> Vec<(String, Action)> {
        self.keymap.all()
    }

    /// Whether plain characters are typed into something now.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        match self.overlays.last() {
            Some(
                Overlay::Palette(_)
                | Overlay::Models(_)
                | Overlay::Themes(_)
                | Overlay::List(_)
                | Overlay::Jump(_)
                | Overlay::Parameters(_)
                | Overlay::Save(_)
                | Overlay::Line(_),
            ) => true,
            Some(_) => false,
            None => match self.screen {
                Screen::History => {
                    self.history.filtering || (self.history.in_detail && self.finding)
                }
                Screen::Charts => self.charts.filtering,
                Screen::Workbench if self.focus == Focus::Library => self.library.filtering,
                Screen::Workbench if matches!(self.focus, Focus::Output(_)) => self.finding,
                Screen::Workbench => {
                    self.mode == Mode::Type || (self.focus == Focus::Editor && self.finding)
                }
            },
        }
    }

    /// Wraps every text in sight at the size of its place. Cheap when nothing moved.
    pub fn fit(&mut self) {
        if let Some(document) = &mut self.document {
            document.follow_highlights();
        }
        let (areas, raw) = (areas(self), self.raw);
        for area in &areas.panes {
            if let Some(pane) = self.pane_mut(area.variant) {
                pane.resize(usize::from(area.text.width), usize::from(area.text.height));
                if let Some(output) = pane.shown_mut() {
                    output.text.set_raw(raw);
                }
            }
        }
        if let Some(area) = &areas.editor {
            let (width, height) = editor_cells(self, area);
            if let Some(document) = &mut self.document {
                document.fit_editor(width, height);
            }
        }
        if let Some(outer) = areas.inputs {
            for (row, place) in form_slots(self, outer) {
                if let FormRow::Field(index) = row
                    && let Some(document) = &mut self.document
                    && let Some(field) = document.inputs.field_mut(index)
                {
                    let height = usize::from(place.height.saturating_sub(1));
                    field.fit(usize::from(place.width.saturating_sub(1)), height);
                }
            }
        }
        if let Some(area) = areas.history {
            self.history.set_height(usize::from(area.rows.height));
        }
        if let Some(area) = areas.detail {
            self.history.fit_detail(area.outer, &self.zone, raw);
        }
        if let Some(area) = areas.chart_table {
            self.charts.set_height(usize::from(area.rows.height));
        }
        if let Some(area) = areas.library {
            self.library.set_height(usize::from(area.rows.height));
        }
        let rows = front_area(self).rows;
        let (width, height) = (usize::from(rows.width), usize::from(rows.height));
        match self.overlays.last_mut() {
            Some(Overlay::Palette(palette)) => palette.picker.reveal(height),
            Some(Overlay::Models(models)) => models.picker.reveal(height),
            Some(Overlay::Themes(themes)) => themes.picker.reveal(height),
            Some(Overlay::List(list)) => list.picker.reveal(height),
            Some(Overlay::Versions(list)) => {
                let versions = self.document.as_ref().map_or(0, |it| it.versions.len());
                list.scroll.reveal(list.selected, list.rows(versions), height);
            }
            // Signs stand before the lines of a difference.
            Some(Overlay::Diff(view)) => view.set_width(width.saturating_sub(2)),
            Some(Overlay::Preview(reading)) => reading.text.set_width(width),
            Some(Overlay::Help(help)) => help.fit(&self.keymap, width, height),
            Some(Overlay::Log(log)) => log.fit(&self.notices, self.wall, &self.zone, width),
            _ => {}
        }
    }
}
