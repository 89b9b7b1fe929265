//! Every place that can be seen: the parts of the screens, what can stand in front of them, the
//! captions and the card. What is added to the face has no name here until its way is given, and
//! nothing compiles before; with it come its pictures, its looks and its part in the sweep.

use promptlathe::{
    model::{CallError, ErrorKind, VariantName as V},
    tui::{
        keymap::Action,
        msg::{CallEvent, Severity},
        state::{
            Chart, ChartFocus, Confirm, Conflict, DetailTab, Focus, LineDialog, LineIntent,
            ListDialog, ListKind, Overlay, SaveIntent, Screen, State, TOUR, VersionList,
        },
    },
};

use crate::stage::Stage;

macro_rules! places {
    (
        $(#[doc = $doc:literal])+
        $kind:ident of $seen:ty { $($name:ident $word:literal: $pattern:pat,)+ }
    ) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $kind { $($name,)+ }

        impl $kind {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// What its pictures are called.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            fn of(seen: $seen) -> Self {
                match seen { $($pattern => Self::$name,)+ }
            }
        }
    };
}

places! {
    /// What stands in front of a screen.
    Front of &Overlay {
        Palette "palette": Overlay::Palette(_),
        Help "help": Overlay::Help(_),
        Models "models": Overlay::Models(_),
        Themes "themes": Overlay::Themes(_),
        Templates "list_templates":
            Overlay::List(ListDialog { kind: ListKind::Templates, .. }),
        RunTemplates "list_run_templates":
            Overlay::List(ListDialog { kind: ListKind::RunTemplates, .. }),
        Places "list_places": Overlay::List(ListDialog { kind: ListKind::Places, .. }),
        InputSets "list_input_sets": Overlay::List(ListDialog { kind: ListKind::InputSets, .. }),
        Presets "list_presets": Overlay::List(ListDialog { kind: ListKind::Presets, .. }),
        Findings "list_finding": Overlay::List(ListDialog { kind: ListKind::Findings, .. }),
        Jump "jump": Overlay::Jump(_),
        Parameters "parameters": Overlay::Parameters(_),
        Save "save": Overlay::Save(_),
        Versions "versions": Overlay::Versions(VersionList { pick: None, .. }),
        PickVersion "pick_version": Overlay::Versions(VersionList { pick: Some(_), .. }),
        Label "label": Overlay::Line(LineDialog { intent: LineIntent::Label(_), .. }),
        Tag "line_tag": Overlay::Line(LineDialog { intent: LineIntent::Tag(_), .. }),
        Export "line_export": Overlay::Line(LineDialog { intent: LineIntent::Export, .. }),
        SaveAnswer "line_save_answer":
            Overlay::Line(LineDialog { intent: LineIntent::SaveAnswer(_), .. }),
        InputSet "line_input_set":
            Overlay::Line(LineDialog { intent: LineIntent::InputSet, .. }),
        RenameSet "line_rename_set":
            Overlay::Line(LineDialog { intent: LineIntent::RenameSet(_), .. }),
        ChartRange "line_chart_range":
            Overlay::Line(LineDialog { intent: LineIntent::ChartRange, .. }),
        LoadFile "line_load_file":
            Overlay::Line(LineDialog { intent: LineIntent::LoadFile, .. }),
        NewTemplate "line_new_template":
            Overlay::Line(LineDialog { intent: LineIntent::NewTemplate, .. }),
        Diff "diff": Overlay::Diff(_),
        Preview "preview": Overlay::Preview(_),
        Log "log": Overlay::Log(_),
        SaveConflict "conflict":
            Overlay::Conflict(Conflict { intent: SaveIntent::Save { .. }, .. }),
        RollBackConflict "conflict_roll_back":
            Overlay::Conflict(Conflict { intent: SaveIntent::RollBack { .. }, .. }),
        Quit "confirm": Overlay::Confirm(Confirm::Quit { .. }),
        DiscardDraft "confirm_discard": Overlay::Confirm(Confirm::DiscardDraft),
        RunUnsaved "confirm_run_unsaved": Overlay::Confirm(Confirm::RunUnsaved),
        TrustWorkspace "confirm_trust": Overlay::Confirm(Confirm::TrustWorkspace),
        Spend "spend": Overlay::Spend(_),
        Secrets "secrets": Overlay::Secrets(_),
    }
}

impl Front {
    /// Brings it to the front, from wherever a template is open.
    fn go(self, stage: &mut Stage) {
        match self {
            Self::Palette => stage.press(":"),
            Self::Help => stage.act(Action::GoToWorkbench).press("?"),
            Self::Models => stage.press("m"),
            Self::Themes => stage.press("alt-t"),
            Self::Templates => stage.press("ctrl-o"),
            Self::RunTemplates => stage.press("alt-C tab tab"),
            Self::Places => stage.press("S m o o d").wait(1_000),
            Self::InputSets => stage.press("I"),
            Self::Presets => stage.press("P"),
            Self::Findings => stage.press("f8"),
            Self::Jump => stage.press(";"),
            Self::Parameters => stage.press("t"),
            Self::Save => draft(stage).press("s tab").typed("the labels are given"),
            Self::Versions => stage.press("v"),
            Self::PickVersion => stage.press("V"),
            Self::Label => stage.press("v L"),
            Self::Tag => stage.press("2 #"),
            Self::Export => stage.press("2 E"),
            Self::SaveAnswer => answered(stage).act(Action::SaveAnswerAs),
            Self::InputSet => stage.press("I down down enter"),
            Self::RenameSet => stage.press("I alt-n"),
            Self::ChartRange => stage.press("3 f"),
            Self::LoadFile => {
                stage.state.set_focus(Focus::Inputs);
                stage.act(Action::LoadFile)
            }
            Self::NewTemplate => stage.press("alt-n s"),
            Self::Diff => answered(stage).press("d"),
            Self::Preview => stage.press("p"),
            Self::Log => told(stage).press("!"),
            Self::SaveConflict => {
                stage.world.changed_outside = true;
                draft(stage).press("s enter down")
            }
            Self::RollBackConflict => {
                stage.world.changed_outside = true;
                stage.press("v down b")
            }
            Self::Quit => stage.press("f R").accepted(V::A).press("q"),
            Self::DiscardDraft => draft(stage).act(Action::DiscardDraft),
            Self::RunUnsaved => {
                stage.state.read_only = true;
                stage.press("R")
            }
            Self::TrustWorkspace => stage.press("alt-s"),
            Self::Spend => {
                stage.state.spending.confirm_above = Some(0.10);
                stage.press("f");
                if let Some(choice) = stage.state.models.get(1) {
                    let model = Some(choice.model.clone());
                    stage.state.panes.last_mut().expect("a pane").model = model;
                }
                stage.press("R")
            }
            Self::Secrets => {
                let key = "the prompt holds what looks like an OpenAI key (user message, line 3)";
                let found = stage.world.told(key);
                stage.press("R").secrets(V::A, &found)
            }
        };
    }
}

/// What decides which part of a screen keys go to.
#[derive(Clone, Copy, Debug)]
struct Seen {
    screen: Screen,
    focus: Focus,
    typing: bool,
    finding: bool,
    detail: Option<DetailTab>,
    chart: ChartFocus,
    zoom: bool,
}

impl Seen {
    fn of(state: &State) -> Self {
        let history = &state.history;
        Self {
            screen: state.screen,
            focus: state.focus,
            typing: state.is_typing(),
            finding: state.finding,
            detail: history
                .detail
                .as_ref()
                .filter(|_| history.in_detail)
                .map(|detail| detail.showing),
            chart: state.charts.focus,
            zoom: state.zoom,
        }
    }
}

const WORK: Screen = Screen::Workbench;
const CHARTS: Screen = Screen::Charts;

places! {
    /// A part of a screen that keys go to.
    Part of Seen {
        Library "library": Seen { screen: WORK, focus: Focus::Library, typing: false, .. },
        LibraryFilter "library_filter": Seen { screen: WORK, focus: Focus::Library, .. },
        Editor "editor": Seen { screen: WORK, focus: Focus::Editor, typing: false, .. },
        EditorSearch "editor_search":
            Seen { screen: WORK, focus: Focus::Editor, finding: true, .. },
        Typing "typing": Seen { screen: WORK, focus: Focus::Editor, .. },
        Inputs "inputs": Seen { screen: WORK, focus: Focus::Inputs, typing: false, .. },
        Field "typing_field": Seen { screen: WORK, focus: Focus::Inputs, .. },
        Output "streaming": Seen { screen: WORK, focus: Focus::Output(_), typing: false, .. },
        OutputSearch "output_search": Seen { screen: WORK, focus: Focus::Output(_), .. },
        HistoryList "history":
            Seen { screen: Screen::History, detail: None, typing: false, .. },
        HistoryFilter "history_filter": Seen { screen: Screen::History, detail: None, .. },
        DetailSearch "history_search":
            Seen { screen: Screen::History, detail: Some(_), typing: true, .. },
        DetailAnswer "history_answer":
            Seen { screen: Screen::History, detail: Some(DetailTab::Answer), .. },
        DetailPrompt "history_prompt":
            Seen { screen: Screen::History, detail: Some(DetailTab::Prompt), .. },
        DetailRecord "history_record":
            Seen { screen: Screen::History, detail: Some(DetailTab::Record), .. },
        ChartsFilter "charts_filter": Seen { screen: CHARTS, typing: true, .. },
        Charts "charts":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(_), zoom: false, .. },
        ChartsTable "charts_table":
            Seen { screen: CHARTS, chart: ChartFocus::Table, zoom: false, .. },
        Latency "chart_latency":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Latency), .. },
        Volume "chart_runs":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Volume), .. },
        Cost "chart_cost": Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Cost), .. },
        Tokens "chart_tokens":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Tokens), .. },
        Errors "chart_errors":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Errors), .. },
        Ratings "chart_ratings":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Ratings), .. },
        Histogram "chart_histogram":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Histogram), .. },
        Cache "chart_cache": Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Cache), .. },
        Frontier "chart_frontier":
            Seen { screen: CHARTS, chart: ChartFocus::Chart(Chart::Frontier), .. },
        Table "chart_table": Seen { screen: CHARTS, chart: ChartFocus::Table, .. },
    }
}

impl Part {
    fn go(self, stage: &mut Stage) {
        let mut to = |focus| {
            stage.state.zoom = false;
            stage.act(Action::GoToWorkbench);
            stage.state.set_focus(focus);
        };
        match self {
            Self::Library | Self::LibraryFilter => to(Focus::Library),
            Self::Editor | Self::EditorSearch | Self::Typing => to(Focus::Editor),
            Self::Inputs | Self::Field => to(Focus::Inputs),
            _ => {}
        }
        match self {
            Self::Library | Self::Editor => &mut *stage,
            // One of them is missing.
            Self::Inputs => stage.press("enter alt-a backspace esc"),
            Self::LibraryFilter => stage.press("/ r e"),
            Self::EditorSearch => stage.press("/ m e s s a g e"),
            Self::Typing => {
                stage.press("G i enter").typed("{{include:house-style}}").press("enter");
                stage.typed("Answer {{ politely }}, {{ in one")
            }
            Self::Field => stage.press("enter").typed("one\ntwo").press("enter").typed("three"),
            Self::Output => at_work(stage),
            Self::OutputSearch => at_work(stage).press("/ i t"),
            Self::HistoryList => stage.press("2 down"),
            Self::HistoryFilter => stage.press("2 /").typed("defect"),
            Self::DetailAnswer => stage.press("2 enter"),
            Self::DetailPrompt => stage.press("2 enter right"),
            Self::DetailRecord => stage.press("2 enter right right"),
            Self::DetailSearch => stage.press("2 enter / s e n t"),
            Self::Charts => stage.press("3"),
            Self::ChartsTable => stage.press("3 shift-tab"),
            Self::ChartsFilter => stage.press("3 /").typed("modle:demo/fast"),
            Self::Latency => zoomed(stage, Chart::Latency),
            Self::Volume => zoomed(stage, Chart::Volume),
            Self::Cost => zoomed(stage, Chart::Cost),
            Self::Tokens => zoomed(stage, Chart::Tokens),
            Self::Errors => zoomed(stage, Chart::Errors),
            Self::Ratings => zoomed(stage, Chart::Ratings),
            Self::Histogram => zoomed(stage, Chart::Histogram),
            Self::Frontier => zoomed(stage, Chart::Frontier),
            Self::Cache => zoomed(stage, Chart::Cache),
            Self::Table => stage.press("3 shift-tab z"),
        };
        stage.wait(1_000);
    }
}

/// Something that can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Part(Part),
    Front(Front),
    /// A stop of the tour, counted from 0.
    Stop(usize),
    /// The card of the first start.
    Welcome,
}

impl Place {
    pub fn all() -> impl Iterator<Item = Self> {
        let parts = Part::ALL.iter().copied().map(Self::Part);
        let fronts = Front::ALL.iter().copied().map(Self::Front);
        parts.chain(fronts).chain((0..TOUR.len()).map(Self::Stop)).chain([Self::Welcome])
    }

    /// What its pictures are called.
    pub fn name(self) -> String {
        match self {
            Self::Part(part) => part.name().to_owned(),
            Self::Front(front) => front.name().to_owned(),
            Self::Stop(stop) => format!("tour_stop_{}", stop + 1),
            Self::Welcome => "welcome".to_owned(),
        }
    }

    /// Goes there, from a stage on which a template is open; it is seen then.
    pub fn go(self, stage: &mut Stage) {
        match self {
            Self::Part(part) => part.go(stage),
            Self::Front(front) => front.go(stage),
            Self::Stop(stop) => {
                stage.state.is_demo = true;
                for at in 0..=stop {
                    stage.act(Action::Tour);
                    if at == 3 {
                        // What the tour has run there is what it compares later.
                        let running: Vec<V> =
                            stage.state.panes.iter().map(|it| it.variant).collect();
                        for variant in running {
                            stage.accepted(variant).ended(variant, "negative", |_| {});
                        }
                    }
                }
            }
            Self::Welcome => stage.state.welcome = true,
        }
        assert!(self.is_seen(&stage.state), "{self:?} is not there:\n{}", stage.picture());
    }

    fn is_seen(self, state: &State) -> bool {
        match self {
            Self::Part(part) => state.overlay().is_none() && Part::of(Seen::of(state)) == part,
            Self::Front(front) => state.overlay().map(Front::of) == Some(front),
            Self::Stop(stop) => state
                .tour
                .is_some_and(|tour| tour.place() == format!("{} of {}", stop + 1, TOUR.len())),
            Self::Welcome => state.welcome,
        }
    }
}

/// A text that is not the file's.
fn draft(stage: &mut Stage) -> &mut Stage {
    stage.act(Action::GoToWorkbench);
    stage.state.set_focus(Focus::Editor);
    stage.press("i x esc").wait(1_000)
}

/// Two answers that differ, the first in focus.
fn answered(stage: &mut Stage) -> &mut Stage {
    if stage.state.panes.len() < 2 {
        stage.press("f");
    }
    stage.press("R").accepted(V::A).accepted(V::B);
    let same = "A line that both have.\n".repeat(12);
    let end = stage.world.told("The end of");
    let first = format!("The sentiment is clearly negative.\n{same}{end} A.\n");
    let second = format!("The mood is negative.\n{same}One more line.\n{end} B.\n");
    stage.ended(V::A, &first, |_| {}).ended(V::B, &second, |_| {});
    stage.state.set_focus(Focus::Output(V::A));
    stage
}

/// Four variants: one thinks, one writes what can be marked up, one waits to be tried again, one
/// was refused.
fn at_work(stage: &mut Stage) -> &mut Stage {
    while stage.state.panes.len() < 4 {
        stage.press("f");
    }
    let said = stage.world.told(
        "# What it says\n\nIt is **negative**: the words `broke` and \"nobody\"\u{200b} speak for \
         it.\n\n- no thanks\n",
    );
    let thought = stage.world.told("Look at the words.");
    let limited = stage.world.told("60 requests a minute are allowed");
    let refused = stage.world.told("I cannot help with words of that kind.");
    stage.press("R").accepted(V::A).text(V::A, &said).accepted(V::B).thought(V::B, &thought);
    let error = CallError::new(ErrorKind::RateLimit, limited).hint("Wait, or pick another model.");
    let retry_in = std::time::Duration::from_secs(4);
    stage.call(V::C, CallEvent::Waiting { retry_in, number: 2, of: 3, error });
    stage.ended(V::D, "", |ended| (ended.refusal, ended.rating) = (refused, Some(2)));
    stage.state.set_focus(Focus::Output(V::A));
    stage
}

/// Something in the log, where nothing is yet.
fn told(stage: &mut Stage) -> &mut Stage {
    if stage.state.notices.log().next().is_none() {
        stage.notice(Severity::Information, "Saved analysis/sentiment as 1.2.1", None);
        for _ in 0..3 {
            stage.notice(Severity::Warning, "the disk is nearly full", Some("Make room."));
        }
        stage.notice(
            Severity::Error,
            "A context_length: this model's maximum context length is 8192 tokens, however you \
             requested 9311 tokens (9295 in the messages, 16 in the completion)",
            Some("Shorten the inputs, or pick a model with a larger window."),
        );
    }
    stage
}

fn zoomed(stage: &mut Stage, chart: Chart) -> &mut Stage {
    stage.press("3");
    stage.state.charts.focus = ChartFocus::Chart(chart);
    stage.press("enter")
}
