//! What the simulated models can do: small real algorithms, one file a task.

mod actions;
mod arithmetic;
mod classify;
mod contract;
mod entities;
mod grounded;
mod injection;
mod lexicon;
pub mod load;
mod open;
mod rank;
mod release;
mod review;
mod sentiment;
mod summary;
mod support;
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

/// The entities of the material, as facts.
pub fn entities(model: DemoModel, brief: &Brief) -> serde_json::Value {
    entities::respond(model, brief).facts
}

fn do_task(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    match brief.task {
        Task::Sentiment => sentiment::respond(model, brief, chance),
        Task::Classify => classify::respond(model, brief, chance),
        Task::Summary => summary::respond(model, brief, chance),
        Task::GroundedAnswer => grounded::respond(model, brief, chance),
        Task::Entities => entities::respond(model, brief),
        Task::Arithmetic => arithmetic::respond(model, brief),
        Task::Review => review::respond(model, brief),
        Task::Support => support::respond(model, brief, chance),
        Task::Actions => actions::respond(model, brief),
        Task::Contract => contract::respond(model, brief),
        Task::CommitMessage | Task::ReleaseNotes => release::respond(model, brief),
        Task::Translate | Task::Open => open::respond(model, brief, chance),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const ASKED: &[(&str, Task)] = &[
        ("Classify the sentiment as positive or negative.", Task::Sentiment),
        ("Extract all named entities.", Task::Entities),
        ("Summarise the text.", Task::Summary),
        ("Solve the word problem.", Task::Arithmetic),
        ("You do code review.", Task::Review),
        ("You are a support agent. Write a reply to the customer.", Task::Support),
        ("Route the ticket to one queue: billing or bug.", Task::Classify),
        ("List the action items.", Task::Actions),
        ("List the contract risks.", Task::Contract),
        ("Answer the question from the context only.", Task::GroundedAnswer),
        ("Write a commit message.", Task::CommitMessage),
        ("Write release notes.", Task::ReleaseNotes),
        ("Translate it.", Task::Translate),
    ];

    /// Words that the skills look for, so that random texts reach their inner parts.
    const PIECES: &str = "(I'll|Ben, can you|by Friday|€2.4 million|14 March|Dr\\.|Acme Ltd|50%|of|\
        each|half|12|3 \\* 4|unwrap\\(\\)|eval\\(|feat: |fix!: |unlimited liability|1\\.2|#4711|\
        a@b\\.c|é|\u{1f600}|ß|’s|:|,|\\.|\\?|\n| ){0,40}";

    fn answer(model: DemoModel, instructions: &str, text: &str) -> (Task, Draft) {
        let messages = [
            Message::new(Role::System, instructions),
            Message::new(Role::User, format!("<text>\n{text}\n</text>")),
        ];
        let parameters = GenerationParameters::default();
        let brief = Brief::read(&messages, &parameters);
        let mut chance = Chance::new(model, &messages, &parameters);
        (brief.task, do_task(model, &brief, &mut chance))
    }

    proptest! {
        #[test]
        fn every_task_answers_every_text(
            text in prop_oneof!["(?s).{0,200}", PIECES],
            which in 0..ASKED.len(),
        ) {
            let (instructions, wanted) = ASKED[which];
            for model in DemoModel::LISTED {
                let (task, draft) = answer(model, instructions, &text);
                prop_assert_eq!(task, wanted, "{}", instructions);
                prop_assert!(!draft.text.trim().is_empty(), "{}", instructions);
            }
        }
    }
}
