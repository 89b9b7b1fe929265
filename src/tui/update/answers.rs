//! Answers, each to the place its question was asked for.

use super::step::Step;
use crate::{
    app::Trusted,
    tui::{
        msg::Answer,
        state::{Purpose, SaveIntent},
    },
};

impl Step<'_> {
    /// Takes an answer that is still wanted. One of another kind than its question is dropped:
    /// there is nothing it could be used for.
    pub fn answer(&mut self, purpose: Purpose, answer: Answer) {
        match (purpose, answer) {
            (Purpose::Library, Answer::Library(entries)) => self.take_library(entries),
            (Purpose::Open { recall, .. }, Answer::Opened(opened)) => {
                self.take_opened(opened, recall);
            }
            (Purpose::Refresh(id), Answer::Opened(opened)) => self.take_refreshed(&id, opened),
            (Purpose::Beside(id), Answer::Opened(opened)) => self.take_beside(&id, opened),
            (Purpose::AnalyseBeside(id), Answer::Analysed(analysis)) => {
                self.take_beside_analysed(&id, *analysis);
            }
            (Purpose::Analyse { template, revision }, Answer::Analysed(analysis)) => {
                self.take_analysis(&template, revision, *analysis);
            }
            (Purpose::Save { template, bump, note, sent }, Answer::Saved(saved)) => {
                self.take_saved(&template, Some(&sent), SaveIntent::Save { bump, note }, saved);
            }
            (Purpose::RollBack { template, to }, Answer::RolledBack(saved)) => {
                self.take_saved(&template, None, SaveIntent::RollBack { to }, saved);
            }
            (Purpose::Versions(template), Answer::Versions(versions)) => {
                self.take_versions(&template, versions);
            }
            (
                Purpose::Label { template, version, label, before, undo },
                Answer::Labelled(labelled),
            ) => match labelled {
                Ok(()) => {
                    self.label_changed(&template, &version, before, undo);
                    self.take_labelled(&template, &version, label);
                }
                Err(fault) => self.fail(&fault),
            },
            (Purpose::Models, Answer::Models(models)) => self.take_models(models),
            (Purpose::Plan(model), Answer::Planned(plan)) => self.take_plan(model, plan),
            (Purpose::History { text, filter }, Answer::History(page)) => {
                self.take_history(Some((text, *filter)), page);
            }
            (Purpose::Moment, Answer::Moment(moment)) => self.take_moment(&moment),
            (Purpose::MoreHistory, Answer::History(page)) => self.take_history(None, page),
            (Purpose::Themes, Answer::Themes(themes, broken)) => self.take_themes(themes, &broken),
            (Purpose::Places, Answer::Places(places)) => self.take_places(places),
            (Purpose::InputSets(template), Answer::InputSets(sets)) => {
                self.take_input_sets(&template, sets);
            }
            (Purpose::LoadFile { template, name }, Answer::FileRead(read)) => {
                self.take_file(&template, &name, read);
            }
            (Purpose::Create(id), Answer::Created(created)) => self.take_created(id, created),
            (Purpose::Trust, Answer::Trusted(Ok(trusted))) => self.tell(trust_told(&trusted)),
            (Purpose::Pair, Answer::Pair(pair)) => self.take_pair(pair),
            (Purpose::Export, Answer::Exported(exported)) => self.take_exported(exported),
            (Purpose::SaveText, Answer::TextSaved(Ok(path))) => {
                self.tell(format!("The answer is in {path}"));
            }
            (Purpose::KeepAgain { run, variant }, Answer::KeptAgain(kept)) => {
                self.take_kept_again(run, variant, kept);
            }
            (Purpose::Detail(id), Answer::Execution(execution)) => self.take_detail(id, execution),
            (Purpose::Recall(_), Answer::Execution(execution)) => self.take_recalled(execution),
            (Purpose::Delete(ids), Answer::Deleted(deleted)) => self.take_deleted(&ids, deleted),
            (Purpose::Restore(id), Answer::Restored(restored)) => self.take_restored(id, restored),
            (Purpose::NameInputs { template, name, values }, Answer::InputSets(sets)) => {
                self.take_sets_to_name(template, &name, values, sets);
            }
            (Purpose::BringBackSets(id), Answer::InputSets(sets)) => {
                self.take_sets_to_change(id, sets);
            }
            (Purpose::Tag { execution, key, value }, Answer::Execution(known)) => {
                self.take_known_tags(execution, &key, value.as_deref(), known);
            }
            (Purpose::Spend, Answer::Spend(spend)) => self.state.spend_today = spend,
            (Purpose::Estimate(variants), Answer::Estimated(estimates)) => {
                self.take_estimates(variants, estimates);
            }
            (Purpose::Charts, Answer::Charts(charts)) => self.take_charts(charts),
            (Purpose::EditTemplate(template), Answer::Edited(edited)) => {
                self.take_edited(&template, None, edited);
            }
            (Purpose::EditField { template, name }, Answer::Edited(edited)) => {
                self.take_edited(&template, Some(&name), edited);
            }
            (Purpose::Copy, Answer::Copied(Ok(way))) => self.tell(format!("Copied to {way}")),
            (Purpose::Copy, Answer::Copied(Err(fault)))
            | (Purpose::SaveText, Answer::TextSaved(Err(fault)))
            | (Purpose::Trust, Answer::Trusted(Err(fault))) => self.fail(&fault),
            _ => {}
        }
    }
}

/// What it means that a workspace is trusted.
fn trust_told(trusted: &Trusted) -> String {
    let templates = "its templates may be milder than your settings now";
    let settings = || format!("from the next start: {}", trusted.settings.join(", "));
    match (trusted.templates, trusted.settings.is_empty()) {
        (false, true) => {
            "There is nothing to trust: nothing of this workspace was left out".to_owned()
        }
        (true, true) => format!("Trusted: {templates}"),
        (false, false) => format!("Trusted as it is now; {}", settings()),
        (true, false) => format!("Trusted as it is now: {templates}; {}", settings()),
    }
}
