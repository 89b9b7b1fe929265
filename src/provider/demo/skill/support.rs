//! Replies to customers, put together from what the message says. The fast model thanks and
//! promises; the balanced one names the matter and apologises where there is reason; the careful
//! one also repeats the facts, answers from the policy it was given, and says what comes next.

use serde_json::json;

use super::{rank::overlap, sentiment, topics::TOPICS};
use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    chance::Chance,
    shape::Draft,
    text::{Word, find, lower_words, sentences, strip_list_mark, topic_stems, words},
};

/// Writes a reply to the material.
pub fn respond(model: DemoModel, brief: &Brief, chance: &mut Chance) -> Draft {
    let message = &brief.material;
    let name = brief
        .block(&["customer", "customer name", "name"])
        .map(str::to_owned)
        .or_else(|| (model != DemoModel::Fast).then(|| signed_name(message)).flatten());
    let greeting = match &name {
        Some(name) => format!("Hello {name},"),
        None => "Hello,".to_owned(),
    };
    let topic = (model != DemoModel::Fast).then(|| topic_of(message)).flatten();
    let unhappy = sentiment::is_unhappy(message);
    let mut lines = vec![opening(model, topic, unhappy, chance)];
    let facts = facts_of(message);
    if model == DemoModel::Careful && !facts.is_empty() {
        lines.push(format!("I have your details here: {}.", facts.join(", ")));
    }
    let policy = brief.block(&["policy", "policies", "rules", "guidelines"]).unwrap_or_default();
    let rule = best_rule(policy, message).filter(|_| model != DemoModel::Fast);
    if let Some(rule) = rule {
        lines.push(rule.to_owned());
    }
    lines.push(next_step(model, topic).to_owned());
    let body = lines.join(" ");
    let sign = brief.block(&["signature", "agent", "company"]).unwrap_or("The support team");
    let closing = if model == DemoModel::Fast { "Best" } else { "Kind regards" };
    let reply = format!("{greeting}\n\n{body}\n\n{closing},\n{sign}");
    Draft {
        facts: json!({
            "reply": reply, "topic": topic, "apology": unhappy && model != DemoModel::Fast,
            "details": facts,
        }),
        parts: vec![(&["reply", "message", "answer", "email"], reply.clone())],
        steps: vec![
            format!("It is about {}.", topic.unwrap_or("something I cannot place")),
            (if unhappy { "The customer is unhappy." } else { "The customer is not upset." })
                .to_owned(),
            rule.map_or("No rule of the policy fits.".to_owned(), |rule| {
                format!("This rule fits: {rule}")
            }),
        ],
        final_form: brief.format.max_words.is_none(),
        ..Draft::prose(reply)
    }
}

fn opening(model: DemoModel, topic: Option<&str>, unhappy: bool, chance: &mut Chance) -> String {
    if model == DemoModel::Fast {
        return chance
            .pick(&["Thank you for your message.", "Thanks for getting in touch."])
            .to_owned();
    }
    let about = topic.map_or(String::new(), |topic| match topic {
        "technical" => " about the technical problem".to_owned(),
        topic => format!(" about the {topic}"),
    });
    if unhappy {
        let sorry = chance.pick(&["I am sorry for the trouble", "I apologise for the trouble"]);
        let with = about.replacen(" about", " with", 1);
        format!("{sorry}{with}, and thank you for telling us.")
    } else {
        format!("Thank you for writing to us{about}.")
    }
}

/// What customers write about; the other topics are of other texts.
const MATTERS: &[&str] = &["billing", "refund", "technical", "account", "shipping", "cancellation"];

/// The matter of a message, by its commonest signs.
fn topic_of(message: &str) -> Option<&'static str> {
    let all = lower_words(message);
    TOPICS
        .iter()
        .map(|topic| {
            let signs = topic.strong.iter().filter(|sign| find(&all, sign).is_some()).count();
            (signs, topic.names.first().copied().unwrap_or_default())
        })
        .filter(|(signs, name)| *signs > 0 && MATTERS.contains(name))
        // The earlier of two equals.
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, name)| name)
}

/// Order numbers, sums and dates, as the customer wrote them.
fn facts_of(message: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for token in message.split_whitespace() {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric() && !"#€$£".contains(c));
        let digits = token.chars().filter(char::is_ascii_digit).count();
        let marked = token.starts_with(['#', '€', '$', '£']) && digits > 0;
        let reference = digits >= 4 && token.len() <= 20;
        if (marked || reference) && !found.iter().any(|known| known == token) {
            found.push(token.to_owned());
        }
    }
    found.truncate(4);
    found
}

/// The name below the message: a last line of one or two capitalised words.
fn signed_name(message: &str) -> Option<String> {
    let last = message.trim().lines().next_back()?.trim();
    let all = words(last);
    let name = (1..=2).contains(&all.len())
        && all.iter().all(Word::is_capitalised)
        && !last.ends_with(['.', '!', '?'])
        && message.trim().lines().count() > 1;
    name.then(|| all[0].text.to_owned())
}

/// The rule of the policy that shares most with the message.
fn best_rule<'a>(policy: &'a str, message: &str) -> Option<&'a str> {
    let wanted = topic_stems(message).into_iter().collect();
    sentences(policy)
        .into_iter()
        .map(|rule| (overlap(&topic_stems(rule).into_iter().collect(), &wanted), rule))
        .filter(|(shared, _)| *shared > 0.1)
        .reduce(|best, next| if next.0 > best.0 { next } else { best })
        .map(|(_, rule)| strip_list_mark(rule))
}

/// What happens now. No time is named: only a policy may promise one.
fn next_step(model: DemoModel, topic: Option<&str>) -> &'static str {
    if model != DemoModel::Careful {
        return "We will look into it and come back to you soon.";
    }
    match topic {
        Some("billing" | "refund") => {
            "I have passed this to billing, and you need not do anything until you hear from us."
        }
        Some("technical") => {
            "If it happens again, please send us the time and what you saw on the screen, so that \
             we can find it in our logs."
        }
        _ => "I will write to you with what I find; just reply here if anything changes.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    fn reply(model: DemoModel) -> String {
        let messages = [
            Message::new(
                Role::System,
                "You are a support agent. Write a reply to the customer.\n\nPolicy: Duplicate charges are refunded within five days.",
            ),
            Message::new(
                Role::User,
                "<message>\nI was charged twice for order #4711, this is terrible!\nMarta\n</message>",
            ),
        ];
        let parameters =
            GenerationParameters { temperature: Some(0.0), ..GenerationParameters::default() };
        let mut chance = Chance::new(model, &messages, &parameters);
        respond(model, &Brief::read(&messages, &parameters), &mut chance).text
    }

    #[test]
    fn the_careful_reply_has_the_facts_and_the_policy() {
        let careful = reply(DemoModel::Careful);
        for part in ["Hello Marta,", "sorry", "#4711", "refunded within five days"] {
            assert!(careful.contains(part), "no {part} in {careful}");
        }
        let balanced = reply(DemoModel::Balanced);
        assert!(balanced.contains("sorry") && !balanced.contains("#4711"), "{balanced}");
        assert!(!reply(DemoModel::Fast).contains("sorry"));
    }
}
