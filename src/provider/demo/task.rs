//! Which of the known tasks a prompt asks for.

use super::text::find;

/// What the simulated models can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Task {
    Sentiment,
    Entities,
    Summary,
    Arithmetic,
    Review,
    Support,
    Classify,
    Actions,
    Contract,
    GroundedAnswer,
    CommitMessage,
    ReleaseNotes,
    /// Asked for, and declined: it would have to know a language.
    Translate,
    /// Anything else.
    Open,
}

impl Task {
    /// The task as something being done.
    pub const fn gerund(self) -> &'static str {
        match self {
            Self::Sentiment => "judging the sentiment",
            Self::Entities => "extracting entities",
            Self::Summary => "summarising",
            Self::Arithmetic => "solving a word problem",
            Self::Review => "reviewing code",
            Self::Support => "replying to a customer",
            Self::Classify => "choosing a label",
            Self::Actions => "finding actions and decisions",
            Self::Contract => "looking for contract risks",
            Self::GroundedAnswer => "answering from the given text",
            Self::CommitMessage => "describing a change",
            Self::ReleaseNotes => "writing release notes",
            Self::Translate => "translating",
            Self::Open => "none that I know",
        }
    }
}

/// A pattern of [`find`], and how strongly it speaks for a task.
type Sign = (&'static str, f64);

const SIGNS: &[(Task, &[Sign])] = &[
    (
        Task::Sentiment,
        &[("sentiment*", 5.0), ("positive .. negative", 2.0), ("emotion*|mood|feeling", 2.0)],
    ),
    (
        Task::Entities,
        &[
            ("named entities|entity", 4.0),
            ("entities|entity", 3.0),
            ("extract", 1.5),
            ("extract .. people|persons|names|organisations|organizations|dates|amounts", 3.0),
            ("people|persons .. organisations|organizations|companies|places", 2.0),
        ],
    ),
    (
        Task::Summary,
        &[
            ("summari*", 4.0),
            ("summary", 3.0),
            ("tl;dr|tldr", 4.0),
            ("key points", 2.0),
            ("main points|ideas|idea", 2.0),
            ("shorten|condense", 2.5),
        ],
    ),
    (
        Task::Arithmetic,
        &[
            ("word problem*", 5.0),
            ("maths|math|arithmetic|calculate|compute", 3.0),
            ("solve", 2.5),
            ("how many|much", 1.0),
        ],
    ),
    (
        Task::Review,
        &[
            ("code review*", 5.0),
            ("review .. code|function|snippet|this|following|change|pull", 3.5),
            ("review", 1.5),
            ("bugs|defects|vulnerabilit*", 2.0),
            ("find .. bug*|defect*|problem*", 2.0),
            ("code|function", 0.5),
        ],
    ),
    (
        Task::Support,
        &[
            ("support agent|team|reply|replies|assistant|representative", 3.0),
            ("customer support|service|care", 2.5),
            ("reply|respond|answer|response to the|a|this|their customer*", 4.0),
            ("write|draft .. reply|response|answer|email|e-mail", 3.5),
            ("apolog*|empath*", 1.0),
        ],
    ),
    (
        Task::Classify,
        &[
            ("classif*", 2.5),
            ("categori*", 2.0),
            ("category|categories", 1.5),
            ("route|routing|router|triage", 3.0),
            ("queue|queues", 2.0),
            ("label|labels", 1.5),
            ("intent|intents|topic", 1.5),
            ("one of the", 0.5),
        ],
    ),
    (
        Task::Actions,
        &[
            ("action items|item|points", 5.0),
            ("actions", 2.0),
            ("meeting", 2.0),
            ("to-dos|todos|to-do|follow-ups", 3.0),
            ("who .. does|do .. what", 2.0),
            ("decisions", 1.0),
        ],
    ),
    (
        Task::Contract,
        &[
            ("contract*", 3.0),
            ("clause|clauses", 2.5),
            ("risk|risks|risky", 1.5),
            ("contract .. risk*", 2.0),
            ("agreement", 1.5),
            ("legal", 1.0),
            ("lawyer|counsel|paralegal", 1.5),
        ],
    ),
    (
        Task::GroundedAnswer,
        &[
            ("answer .. question*", 2.5),
            ("question .. context|passage|document|text|source|sources|excerpt", 2.5),
            ("only|from|using|in the|this context|passage|document|sources|source|excerpt", 2.0),
            ("context", 1.0),
            ("cite|quote .. sentence|source|passage|evidence", 1.5),
        ],
    ),
    (
        Task::CommitMessage,
        &[("commit message*", 6.0), ("diff", 2.0), ("conventional commits", 2.0)],
    ),
    (
        Task::ReleaseNotes,
        &[("release notes|note", 6.0), ("changelog", 4.0), ("what's|what is new", 2.0)],
    ),
    (Task::Translate, &[("translate|translation|translator", 5.0)]),
];

/// Names of blocks that speak for a task.
const BLOCK_SIGNS: &[(Task, &[&str], f64)] = &[
    (Task::CommitMessage, &["diff", "patch"], 3.0),
    (Task::Contract, &["contract", "clause", "clauses", "agreement"], 2.0),
    (Task::Actions, &["transcript", "minutes", "meeting notes", "meeting"], 1.5),
    (Task::Arithmetic, &["problem", "word problem"], 1.5),
    (Task::Support, &["complaint", "customer message"], 0.5),
    (Task::Classify, &["ticket"], 0.5),
];

/// The task that the instructions speak for most, and how strongly; [`Task::Open`] with 0 when
/// nothing does.
pub fn recognise(words: &[String], block_names: &[&str]) -> (Task, f64) {
    let mut best = (Task::Open, 0.0);
    for (task, signs) in SIGNS {
        // What is said first says most of what is wanted.
        let from_words: f64 = signs
            .iter()
            .filter_map(|(pattern, weight)| {
                let (at, _) = find(words, pattern)?;
                Some(if at < 25 { weight * 1.2 } else { *weight })
            })
            .sum();
        let from_blocks: f64 = BLOCK_SIGNS
            .iter()
            .filter(|(about, names, _)| {
                about == task && block_names.iter().any(|name| names.contains(name))
            })
            .map(|(_, _, weight)| weight)
            .sum();
        let score = from_words + from_blocks;
        if score > best.1 && score >= 1.5 {
            best = (*task, score);
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::demo::text::lower_words;

    fn task(instructions: &str) -> Task {
        recognise(&lower_words(instructions), &[]).0
    }

    #[test]
    fn plain_requests_are_recognised() {
        for (instructions, wanted) in [
            ("Classify the sentiment of a customer message.", Task::Sentiment),
            ("Extract all named entities as JSON.", Task::Entities),
            ("Summarise the article in three bullets.", Task::Summary),
            ("Solve the word problem step by step.", Task::Arithmetic),
            ("You are a senior Rust engineer. Review this code.", Task::Review),
            ("You are a support agent. Write a reply to the customer.", Task::Support),
            ("Route the ticket to one queue.", Task::Classify),
            ("List the action items of this meeting.", Task::Actions),
            ("List the risks in this contract clause by clause.", Task::Contract),
            ("Answer the question from the context only.", Task::GroundedAnswer),
            ("Write a commit message for this diff.", Task::CommitMessage),
            ("Write release notes for these changes.", Task::ReleaseNotes),
            ("Translate the text to German.", Task::Translate),
            ("Hello there", Task::Open),
        ] {
            assert_eq!(task(instructions), wanted, "{instructions}");
        }
    }
}
