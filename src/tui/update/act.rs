//! Actions: what each one does where it is asked for.

use serde_json::Value;

use super::step::Step;
use crate::tui::{
    effect::{Effect, Keep, Question},
    keymap::Action,
    state::{Confirm, Focus, Mode, Overlay, Pane, Purpose, Screen},
};

impl Step<'_> {
    pub fn act(&mut self, action: Action) {
        if self.act_in_front(action) {
            return;
        }
        if let Some(rating) = action.rating() {
            return self.rate(rating);
        }
        if leads_on(action) {
            self.state.gone_elsewhere = false;
        }
        if tells_apart(action) && self.would_unveil() {
            return;
        }
        match action {
            Action::Quit => self.quit(),
            Action::Help | Action::Palette | Action::Messages => self.open_reading(action),
            Action::GoToWorkbench => self.show(Screen::Workbench),
            Action::GoToHistory => self.show(Screen::History),
            Action::GoToCharts => self.show(Screen::Charts),
            Action::ChangeRange | Action::ChangeGrouping if self.state.screen != Screen::Charts => {
                self.show(Screen::Charts);
            }
            Action::ChooseRange => self.open_range(),
            Action::ChangeRange => self.change_range(),
            Action::ChangeGrouping => self.change_grouping(),
            Action::NextPane => self.next_pane(1),
            Action::PreviousPane => self.next_pane(-1),
            Action::Zoom => self.state.zoom = !self.state.zoom,
            Action::Escape => self.back(),
            Action::Filter => self.start_filter(),
            Action::InsertMode => self.start_typing(),
            Action::Accept => self.open_here(),
            Action::MoveUp
            | Action::MoveDown
            | Action::MoveLeft
            | Action::MoveRight
            | Action::PageUp
            | Action::PageDown
            | Action::MoveToTop
            | Action::MoveToBottom => self.move_here(action),
            Action::ToggleMouse => self.toggle_mouse(),
            Action::Jump => self.start_jump(),
            Action::GoToSource => self.go_to_source(),
            Action::GoToTemplate => self.go_to_template(),
            Action::SearchTemplates => self.search_templates(),
            Action::InputSets => self.open_input_sets(),
            Action::LoadFile => self.open_load_file(),
            Action::Scratch => self.open_scratch(),
            Action::TrustWorkspace => {
                self.put_in_front(Overlay::Confirm(Confirm::TrustWorkspace));
            }
            Action::PickTheme => self.open_themes(),
            Action::Tour => self.tour_on(),
            Action::Reload => self.reload(),
            Action::Redraw => self.effects.push(Effect::Repaint),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Run => self.run_focused(),
            Action::RunAll => self.run_all(),
            Action::RunAnew => self.run_anew(),
            Action::ToggleCache => self.toggle_cache(),
            Action::Rerun => self.rerun_selected(),
            Action::Cancel => self.cancel_focused(),
            Action::CancelAll => self.cancel_all(),
            Action::SkipWait => self.skip_wait(),
            Action::RunAnyway => self.run_anyway(),
            Action::DropParameter => self.drop_parameter_and_run(),
            Action::Fork => self.fork(),
            Action::AddPane => self.add_pane(),
            Action::RemovePane => self.remove_pane(),
            Action::PickModel => self.open_models(),
            Action::EditParameters => self.open_parameters(),
            Action::PickPreset => self.open_presets(),
            Action::PickVersion => self.open_versions(true),
            Action::OlderOutput => self.step_output(true),
            Action::NewerOutput => self.step_output(false),
            Action::ToggleReasoning => self.toggle_reasoning(),
            Action::ToggleRaw => self.toggle_raw(),
            Action::Find => self.start_finding(),
            Action::SearchText => self.search_text(),
            Action::WordLeft
            | Action::WordRight
            | Action::RowStart
            | Action::RowEnd
            | Action::DeleteForward
            | Action::DeleteLine
            | Action::DeleteToLineEnd
            | Action::Paste
            | Action::Append
            | Action::OpenLine => self.edit_in_place(action),
            Action::FindNext => self.step_found(true),
            Action::FindPrevious => self.step_found(false),
            Action::ScrollTogether => self.scroll_together(),
            Action::Blind => self.toggle_blind(),
            Action::PickWinner => self.pick_winner(),
            Action::CompareModels => self.compare_models(),
            Action::CompareTemplates => self.compare_templates(),
            Action::Follow => self.follow(),
            Action::SaveVersion => self.open_save(),
            Action::Versions => self.open_versions(false),
            Action::Preview => self.open_preview(),
            Action::Findings => self.open_findings(),
            Action::Diff => self.open_diff(),
            Action::OpenEditor => self.edit_outside(),
            Action::BringBack => self.bring_back(),
            Action::Undo => self.undo(),
            Action::Redo => self.redo(),
            Action::DiscardDraft => self.ask_discard(),
            Action::Copy => self.copy(),
            Action::CopySelection => self.copy_typed(false),
            Action::CutSelection => self.copy_typed(true),
            Action::Compare => self.compare_executions(),
            Action::AddTag => self.open_tag(),
            Action::SaveAnswerAs => self.open_save_answer(),
            Action::KeepAgain => self.keep_again(),
            Action::Export => self.open_export(),
            Action::OpenInWorkbench => self.open_in_workbench(),
            Action::Delete => self.delete_selected(),
            Action::RollBack | Action::LabelVersion => {
                self.warn(
                    self.spelled("{versions} lists the versions; pick the one to change there"),
                );
            }
            // What only answers a question or changes a text has nothing to do here.
            _ => {}
        }
    }

    /// Lets what stands in front have the action; true when it took it. Actions that mean the
    /// same everywhere pass on.
    fn act_in_front(&mut self, action: Action) -> bool {
        if matches!(
            action,
            Action::Quit
                | Action::Tour
                | Action::Redraw
                | Action::Suspend
                | Action::ToggleMouse
                | Action::CancelAll
                | Action::BringBack
        ) {
            return false;
        }
        if action == Action::Help && self.state.overlay().is_some() {
            self.help_in_front();
            return true;
        }
        if action == Action::Escape && matches!(self.state.overlay(), Some(Overlay::Diff(_))) {
            self.end_tour();
        }
        if action == Action::Diff && matches!(self.state.overlay(), Some(Overlay::Diff(_))) {
            self.turn_diff();
            return true;
        }
        if matches!(action, Action::DeleteRow | Action::RenameRow) {
            self.change_set(action);
            return true;
        }
        let Some(overlay) = self.state.overlays.last() else { return false };
        if matches!(action, Action::Escape | Action::No) {
            match self.state.overlays.pop() {
                Some(Overlay::Themes(list)) => self.undo_theme(&list.before),
                Some(Overlay::Secrets(question)) => self.hold_back(&question),
                _ => {}
            }
            return true;
        }
        match overlay {
            Overlay::Palette(_) => self.act_in_palette(action),
            Overlay::Models(_) => self.act_in_models(action),
            Overlay::Themes(_) => self.act_in_themes(action),
            Overlay::List(_) => self.act_in_list(action),
            Overlay::Jump(_) => {
                self.state.overlays.pop();
            }
            Overlay::Parameters(_) => self.act_in_parameters(action),
            Overlay::Save(_) => self.act_in_save(action),
            Overlay::Line(_) => self.act_in_line(action),
            Overlay::Versions(_) => self.act_in_versions(action),
            Overlay::Conflict(_) => self.act_in_conflict(action),
            Overlay::Spend(_) => self.act_in_spend(action),
            Overlay::Confirm(confirm) => {
                let confirm = *confirm;
                if matches!(action, Action::Yes | Action::Accept) {
                    self.state.overlays.pop();
                    match confirm {
                        Confirm::Quit { .. } => self.leave(),
                        Confirm::RunUnsaved => self.run_without_record(),
                        Confirm::DiscardDraft => self.discard_draft(),
                        Confirm::TrustWorkspace => self.ask(Purpose::Trust, Question::Trust),
                    }
                }
            }
            Overlay::Secrets(question) => {
                let run = question.run;
                if matches!(action, Action::Yes | Action::Accept) {
                    self.state.overlays.pop();
                    self.effects.push(Effect::SendAnyway { run });
                }
            }
            Overlay::Help(_) | Overlay::Preview(_) | Overlay::Log(_) | Overlay::Diff(_) => {
                self.act_in_reading(action);
            }
        }
        true
    }

    /// Puts something in front.
    pub fn put_in_front(&mut self, overlay: Overlay) {
        self.state.overlays.push(overlay);
    }

    fn toggle_mouse(&mut self) {
        self.state.mouse = !self.state.mouse;
        let on = self.state.mouse;
        self.effects.push(Effect::Mouse(on));
        self.tell(if on { "Mouse on" } else { "Mouse off: select text as usual" });
    }

    pub fn show(&mut self, screen: Screen) {
        self.state.mode = Mode::Act;
        if self.state.screen != screen {
            self.state.gone_elsewhere = true;
            self.state.screen = screen;
            self.state.zoom = false;
            self.state.finding = false;
        }
        match screen {
            Screen::History => self.history_shown(),
            Screen::Charts => self.charts_shown(),
            Screen::Workbench => return,
        }
        self.look_for_others();
    }

    fn next_pane(&mut self, by: isize) {
        if self.state.screen == Screen::History {
            let history = &mut self.state.history;
            history.in_detail = history.detail.is_some() && !history.in_detail;
            history.filtering = false;
            return;
        }
        if self.state.screen == Screen::Charts {
            self.state.charts.filtering = false;
            self.state.charts.turn(by);
            return;
        }
        self.state.library.filtering = false;
        let order = self.state.focus_order();
        let place = order.iter().position(|focus| *focus == self.state.focus).unwrap_or(0);
        let next = (place + order.len()).saturating_add_signed(by) % order.len();
        if let Some(&focus) = order.get(next) {
            self.state.set_focus(focus);
        }
    }

    /// One step back: out of typing, of a filter, of the zoom, of what is read.
    fn back(&mut self) {
        if self.stop_finding() || (!self.state.is_typing() && self.end_tour()) {
            return;
        }
        let state = &mut *self.state;
        match state.screen {
            Screen::Workbench if state.mode == Mode::Type => {
                state.mode = Mode::Act;
                return;
            }
            Screen::Workbench if state.library.filtering || state.focus == Focus::Library => {
                state.library.filtering = false;
                if !state.library.filter.is_empty() {
                    state.library.filter.clear();
                    state.library.refilter();
                    return;
                }
            }
            Screen::History if state.history.filtering => {
                state.history.filtering = false;
                if !state.history.filter.is_empty() {
                    self.clear_history_filter();
                }
                return;
            }
            Screen::History if state.history.detail.is_some() => {
                state.history.detail = None;
                state.history.in_detail = false;
                state.zoom = false;
                return;
            }
            Screen::History if !state.history.filter.is_empty() => {
                self.clear_history_filter();
                return;
            }
            Screen::Charts if state.zoom => {}
            Screen::Charts if state.charts.filtering || !state.charts.filter.is_empty() => {
                state.charts.filtering = false;
                if !state.charts.filter.is_empty() {
                    self.clear_chart_filter();
                }
                return;
            }
            Screen::Charts if state.charts.cursor.is_some() => {
                state.charts.cursor = None;
                return;
            }
            Screen::History | Screen::Charts => {
                self.show(Screen::Workbench);
                return;
            }
            Screen::Workbench => {}
        }
        if self.state.zoom {
            self.state.zoom = false;
        } else {
            self.state.notices.clear_current();
        }
    }

    fn start_filter(&mut self) {
        match self.state.screen {
            Screen::History => {
                self.state.history.in_detail = false;
                self.state.history.filtering = true;
            }
            Screen::Charts => self.state.charts.filtering = true,
            Screen::Workbench => {
                if self.state.zoom && self.state.focus != Focus::Library {
                    self.state.zoom = false;
                }
                self.state.set_focus(Focus::Library);
                self.state.library.filtering = true;
            }
        }
    }

    fn quit(&mut self) {
        match self.state.running() {
            0 => self.leave(),
            // Asked a second time, the question is answered.
            _ if matches!(self.state.overlay(), Some(Overlay::Confirm(Confirm::Quit { .. }))) => {
                self.leave();
            }
            running => self.put_in_front(Overlay::Confirm(Confirm::Quit { running })),
        }
    }

    /// Ends: what is typed is kept first.
    pub fn leave(&mut self) {
        self.keep_now();
        self.keep_panes();
        self.state.quitting = true;
        self.effects.push(Effect::Quit);
    }

    /// Keeps which variants there are, if they are not those that were kept last: the next start
    /// finds them, however this one ends.
    pub fn keep_panes(&mut self) {
        let panes = Value::Array(self.state.panes.iter().map(Pane::to_setting).collect());
        if panes != self.state.panes_kept {
            self.state.panes_kept.clone_from(&panes);
            self.keep(Keep::Setting { name: PANES, value: panes });
        }
    }
}

/// Whether what comes of an action, perhaps only after an answer, brings something else into sight.
const fn leads_on(action: Action) -> bool {
    matches!(
        action,
        Action::Run
            | Action::RunAll
            | Action::RunAnew
            | Action::RunAnyway
            | Action::DropParameter
            | Action::Rerun
            | Action::OpenInWorkbench
            | Action::Compare
    )
}

/// Whether an action names a variant, its model or its parameters, or needs to know which it is.
const fn tells_apart(action: Action) -> bool {
    matches!(
        action,
        Action::Fork
            | Action::AddPane
            | Action::RemovePane
            | Action::PickModel
            | Action::EditParameters
            | Action::PickPreset
            | Action::PickVersion
            | Action::CompareModels
            | Action::CompareTemplates
    )
}

/// The setting that says that the card for the first start was seen.
pub const WELCOMED: &str = "workbench.welcomed";

/// The setting that says which variants there are, with their models and parameters.
pub const PANES: &str = "workbench.panes";
