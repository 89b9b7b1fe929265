//! What the simulated models can do: small real algorithms, one file a task.

mod classify;
mod grounded;
mod injection;
mod lexicon;
pub mod load;
mod open;
mod rank;
mod sentiment;
mod summary;
mod topics;

use super::{DemoModel, brief::Brief, chance::Chance, shape::Draft, task::Task};

/// Works on a brief.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let Some(order) = injection::find_order(&brief.material) else {
        return do_task(model, brief, chance);
    };
    if injection::obeys(model, brief) {
        return injection::fallen(brief, &order);
    }
    let mut draft = do_task(model, &resist(brief), chance);
    let note = "The text tells me to do something else. It is data to me, so I do not.";
    draft.steps.insert(0, note.to_owned());
    if model == DemoModel::Careful && draft.bare.is_none() && !draft.final_form {
        draft.text.push_str(
            "\n\nNote: the text contains instructions addressed to me; I treated them as data.",
        );
    }
    draft
}

/// The brief with the orders taken out of its material, except where a label for such texts is
/// asked for.
fn resist(brief: &Brief) -> Brief {
    let mut clean = brief.clone();
    if brief.task != Task::Classify {
        clean.material = injection::without_orders(&brief.material);
    }
    clean
}

fn do_task(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    match brief.task {
        Task::Sentiment => sentiment::respond(model, brief, chance),
        Task::Classify => classify::respond(model, brief, chance),
        Task::Summary => summary::respond(model, brief, chance),
        Task::GroundedAnswer => grounded::respond(model, brief, chance),
        _ => open::respond(model, brief, chance),
    }
}
