//! How a model is asked again.

use crate::model::{Message, ResponseFormat, Role, Strategy};

use super::faults::{Fault, FaultKind, has};

/// The first strategy of these, in their order, that can do something about these faults and has
/// not been tried; where all have been, the last one again.
#[must_use]
pub fn choose(strategies: &[Strategy], tried: &[Strategy], faults: &[Fault]) -> Option<Strategy> {
    let mut fitting = strategies.iter().copied().filter(|strategy| fits(*strategy, faults));
    fitting
        .clone()
        .find(|strategy| !tried.contains(strategy))
        .or_else(|| fitting.rfind(|strategy| tried.contains(strategy)))
}

fn fits(strategy: Strategy, faults: &[Fault]) -> bool {
    match strategy {
        // There must be an answer whose form can be mended.
        Strategy::FormatFix => {
            has(faults, &[FaultKind::Format], &[])
                && !has(
                    faults,
                    &[FaultKind::Safety],
                    &["empty", "refusal", "truncated", "repetition"],
                )
        }
        Strategy::Enhance => has(
            faults,
            &[FaultKind::Format, FaultKind::Safety, FaultKind::Confidence],
            &["truncated", "empty"],
        ),
        Strategy::Simplify => {
            has(faults, &[FaultKind::Content, FaultKind::Confidence], &["json", "schema", "length"])
        }
    }
}

/// The messages of the next attempt. `messages` are those of the first, `answer` what came.
#[must_use]
pub fn ask_again(
    strategy: Strategy,
    messages: &[Message],
    answer: &str,
    faults: &[Fault],
    format: Option<&ResponseFormat>,
) -> Vec<Message> {
    let wrong: Vec<String> = faults.iter().map(|fault| format!("- {}", fault.reason)).collect();
    let wrong = wrong.join("\n");
    match strategy {
        Strategy::FormatFix => {
            let mut next = messages.to_vec();
            next.push(Message::new(Role::Assistant, answer));
            let ask = format!(
                "Your answer cannot be used as it is:\n{wrong}\n\nGive the same answer again in the \
                 right form, and nothing else.{}",
                form(format)
            );
            next.push(Message::new(Role::User, ask));
            next
        }
        Strategy::Enhance => {
            let wish = format!(
                "\n\nAn earlier answer was turned down:\n{wrong}\n\nSee to it that this is not so \
                 in yours.{}",
                form(format)
            );
            with_last_user(messages, |content| format!("{content}{wish}"))
        }
        Strategy::Simplify => {
            // Without the examples and turns before it, and without blank lines.
            let system = messages.iter().filter(|message| message.role == Role::System);
            let last = messages.iter().rfind(|message| message.role == Role::User);
            let short: Vec<Message> = system.chain(last).cloned().collect();
            with_last_user(&short, |content| {
                let lines: Vec<&str> =
                    content.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
                format!(
                    "{}\n\nAnswer in plain words, directly and as briefly as the task allows. Where a \
                     part cannot be answered, say so in one sentence and answer the rest.{}",
                    lines.join("\n"),
                    form(format)
                )
            })
        }
    }
}

fn with_last_user(messages: &[Message], change: impl FnOnce(&str) -> String) -> Vec<Message> {
    let mut next = messages.to_vec();
    match next.iter_mut().rfind(|message| message.role == Role::User) {
        Some(message) => message.content = change(&message.content),
        None => next.push(Message::new(Role::User, change("").trim_start())),
    }
    next
}

/// What form is asked for, as a sentence.
fn form(format: Option<&ResponseFormat>) -> String {
    match format {
        Some(ResponseFormat::Json) => {
            " Write one JSON value, without a fence and without words around it.".to_owned()
        }
        Some(ResponseFormat::Schema(schema)) => format!(
            " Write one JSON value, without a fence and without words around it, that follows this \
             JSON Schema:\n{schema}"
        ),
        Some(ResponseFormat::Text) | None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(kind: FaultKind, name: &'static str) -> Fault {
        Fault { kind, name, reason: format!("{name} is wrong") }
    }

    fn messages() -> Vec<Message> {
        vec![
            Message::new(Role::System, "Be exact."),
            Message::new(Role::User, "An example"),
            Message::new(Role::Assistant, "An answer"),
            Message::new(Role::User, "The\n\n\ntask"),
        ]
    }

    #[test]
    fn strategies_are_tried_in_their_order_where_they_fit() {
        let format = [fault(FaultKind::Format, "json")];
        let empty = [fault(FaultKind::Content, "empty"), fault(FaultKind::Format, "json")];
        let all = Strategy::ALL;
        assert_eq!(choose(&all, &[], &format), Some(Strategy::FormatFix));
        assert_eq!(choose(&all, &[Strategy::FormatFix], &format), Some(Strategy::Enhance));
        assert_eq!(choose(&all, &[], &empty), Some(Strategy::Enhance));
        assert_eq!(choose(&all, &all, &format), Some(Strategy::Simplify));
        let only = [Strategy::FormatFix];
        assert_eq!(choose(&only, &only, &format), Some(Strategy::FormatFix));
        assert_eq!(choose(&only, &[], &empty), None);
        assert_eq!(choose(&all, &[], &[]), None);
    }

    #[test]
    fn each_way_of_asking_says_what_was_wrong_or_asks_for_less() {
        let faults = [fault(FaultKind::Format, "json")];
        let again = |strategy| {
            ask_again(strategy, &messages(), "bad", &faults, Some(&ResponseFormat::Json))
        };
        let fixed = again(Strategy::FormatFix);
        assert_eq!(fixed.len(), 6);
        assert_eq!((fixed[4].role, fixed[4].content.as_str()), (Role::Assistant, "bad"));
        assert!(
            fixed[5].content.contains("json is wrong")
                && fixed[5].content.contains("one JSON value")
        );
        let enhanced = again(Strategy::Enhance);
        assert_eq!(enhanced.len(), 4);
        assert!(enhanced[3].content.starts_with("The\n\n\ntask\n\nAn earlier answer"));
        let simple = again(Strategy::Simplify);
        assert_eq!(simple.len(), 2);
        assert!(simple[1].content.starts_with("The\ntask\n\nAnswer in plain words"));
    }
}
