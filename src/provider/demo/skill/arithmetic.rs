//! Word problems, read from left to right. The fast model adds and takes away whatever numbers
//! it meets; the balanced one also knows groups, shares and percentages; the careful one also
//! halves and doubles, and leaves out numbers that have nothing to do with the question.

use serde_json::json;

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    text::{any, is_stop_word, lower_words, number_word, sentences, words},
};

const LOSSES: &[&str] = &[
    "give|gives|gave|eat|eats|ate|sell|sells|sold|lose|loses|lost|spend|spends|spent",
    "use|uses|used|break|breaks|broke|throw|throws|threw|remove*|take|takes|took|donate*",
    "leave|leaves|spoil*|off|discount*|fewer|less|cancel*|drop|drops",
];
const GAINS: &[&str] = &[
    "buy|buys|bought|get|gets|got|receive*|find|finds|found|add|adds|added|earn*|pick|picks",
    "picked|bake*|make|makes|made|deliver*|arrive*|more|win|wins|won|collect*|grow*|increase*",
];
const STARTS: &[&str] = &["has|have|had|there|start*|begin*|holds|contains|costs|stocks|orders"];
const SHARES: &[&str] = &["share*|split|splits|divide*|equally|evenly"];
const GROUPS: &[&str] = &["each|every|per|apiece"];

/// A number in a text.
#[derive(Clone, Copy, Debug)]
struct Number {
    value: f64,
    percent: bool,
    /// Its place among the words of the clause.
    at: usize,
}

/// What has been worked out so far.
struct Working {
    model: DemoModel,
    total: Option<f64>,
    steps: Vec<String>,
}

/// Solves the problem of the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let material = &brief.material;
    let mut working = Working { model, total: None, steps: Vec::new() };
    if !working.expression(material) {
        for sentence in sentences(material).iter().filter(|sentence| !sentence.ends_with('?')) {
            for clause in clauses(sentence) {
                working.clause(clause);
            }
        }
    }
    let Some(total) = working.total else {
        return Draft::prose("I found no numbers to work with in the problem.");
    };
    let unit = unit(material);
    let number = shown(total);
    let answer = format!("{number} {unit}").trim().to_owned();
    Draft {
        facts: json!({"answer": total, "unit": unit, "steps": working.steps}),
        parts: vec![
            (&["step", "working", "calculation", "reasoning"], working.steps.join("\n")),
            (&["answer", "result", "solution"], answer.clone()),
        ],
        items: working.steps.clone(),
        steps: working.steps,
        bare: Some(number),
        ..Draft::prose(format!("Answer: {answer}"))
    }
}

impl Working {
    /// Reckons a bare expression such as `12 + 3 * 7`, if there is one.
    fn expression(&mut self, text: &str) -> bool {
        let Some(tokens) = expression_of(text) else { return false };
        let written: Vec<&str> = tokens.split_whitespace().collect();
        let mut values: Vec<f64> = Vec::new();
        let mut pending: Vec<&str> = Vec::new();
        for pair in written.chunks(2) {
            let Some(value) = pair.first().and_then(|text| text.replace(',', "").parse().ok())
            else {
                return false;
            };
            // Products first, which the fast model does not know.
            match (pending.last().copied(), values.last_mut()) {
                (Some(sign), Some(last)) if self.quick() || matches!(sign, "*" | "/") => {
                    *last = reckon(*last, sign, value);
                    pending.pop();
                }
                _ => values.push(value),
            }
            pending.extend(pair.get(1));
        }
        let mut rest = values.iter().copied();
        let Some(first) = rest.next() else { return false };
        let total = pending.iter().zip(rest).fold(first, |sum, (sign, n)| reckon(sum, sign, n));
        self.steps.push(format!("{tokens} = {}", shown(total)));
        self.total = Some(total);
        true
    }

    fn quick(&self) -> bool {
        self.model == DemoModel::Fast
    }

    fn clause(&mut self, clause: &str) {
        let all = lower_words(clause);
        let numbers = numbers(clause, self.model);
        let loses = any(&all, LOSSES);
        if self.model == DemoModel::Careful && self.total.is_some() {
            if any(&all, &["half of|the", "half"]) && numbers.is_empty() {
                return self.set("half", "/", 2.0);
            }
            if any(&all, &["double|doubles|doubled|twice"]) && numbers.is_empty() {
                return self.set("double", "*", 2.0);
            }
        }
        let Some(first) = numbers.first().copied() else { return };
        if self.quick() {
            for number in numbers {
                self.move_by(number.value, loses);
            }
            return;
        }
        if first.percent {
            let part = if loses { 1.0 - first.value / 100.0 } else { 1.0 + first.value / 100.0 };
            let side = if loses { "less" } else { "more" };
            return self.set(&format!("{}% {side}", shown(first.value)), "*", part);
        }
        if any(&all, SHARES) && self.total.is_some() {
            return self.set("shared", "/", first.value);
        }
        let grouped = any(&all, GROUPS);
        if let [_, second, ..] = numbers.as_slice()
            && (grouped || joined(&all, first.at, second.at))
        {
            let product = first.value * second.value;
            let sum = format!("{} × {}", shown(first.value), shown(second.value));
            self.steps.push(format!("{sum} = {}", shown(product)));
            return self.move_by(product, loses);
        }
        if grouped && !loses && self.total.is_some() {
            return self.set("for each", "*", first.value);
        }
        let known = loses || any(&all, GAINS) || (self.total.is_none() && any(&all, STARTS));
        let beside = any(&all, &["year|years old", "aged|age", "o'clock", "in 1*|2*"]);
        if self.model == DemoModel::Careful && (beside || (!known && self.total.is_some())) {
            let left = shown(first.value);
            self.steps.push(format!("{left} has nothing to do with the question; left out."));
            return;
        }
        self.move_by(first.value, loses);
    }

    /// Adds or takes away.
    fn move_by(&mut self, value: f64, loses: bool) {
        match self.total {
            None => {
                self.steps.push(format!("Start with {}.", shown(value)));
                self.total = Some(value);
            }
            Some(_) => self.set("", if loses { "-" } else { "+" }, value),
        }
    }

    fn set(&mut self, why: &str, sign: &str, value: f64) {
        let Some(total) = self.total else { return };
        let next = reckon(total, sign, value);
        let sign = match sign {
            "*" => "×",
            "/" => "÷",
            "-" => "−",
            other => other,
        };
        let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
        self.steps.push(format!("{} {sign} {} = {}{why}", shown(total), shown(value), shown(next)));
        self.total = Some(next);
    }
}

fn reckon(left: f64, sign: &str, right: f64) -> f64 {
    match sign {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        _ => left / right,
    }
}

/// The longest run of numbers with signs between them, with one space around each.
fn expression_of(text: &str) -> Option<String> {
    let spaced: String = text
        .chars()
        .flat_map(|c| match c {
            '×' | '*' => vec![' ', '*', ' '],
            '÷' | '/' => vec![' ', '/', ' '],
            '+' => vec![' ', '+', ' '],
            '−' => vec![' ', '-', ' '],
            other => vec![other],
        })
        .collect();
    let mut best: Vec<&str> = Vec::new();
    let mut run: Vec<&str> = Vec::new();
    for token in spaced.split_whitespace() {
        let token = token.trim_end_matches(['?', '=', '.', ',']);
        let is_number = token.starts_with(|c: char| c.is_ascii_digit())
            && token.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','));
        let is_sign = matches!(token, "+" | "-" | "*" | "/");
        if is_number && run.len().is_multiple_of(2) || is_sign && run.len() % 2 == 1 {
            run.push(token);
        } else {
            run = if is_number { vec![token] } else { Vec::new() };
        }
        if run.len() % 2 == 1 && run.len() > best.len() {
            best.clone_from(&run);
        }
    }
    (best.len() >= 3).then(|| best.join(" "))
}

/// The parts of a sentence that each say one thing.
fn clauses(sentence: &str) -> Vec<&str> {
    let mut parts = vec![sentence];
    for mark in [", ", "; ", " and ", " then "] {
        parts = parts.into_iter().flat_map(|part| part.split(mark)).collect();
    }
    parts
}

fn numbers(clause: &str, model: DemoModel) -> Vec<Number> {
    let all = words(clause);
    all.iter()
        .enumerate()
        .filter_map(|(at, word)| {
            let digits = word.text.replace(',', "").parse::<f64>().ok();
            let dozen = model == DemoModel::Careful && word.lower == "dozen";
            let in_words = || {
                (model != DemoModel::Fast)
                    .then(|| number_word(&word.lower).map(f64::from))
                    .flatten()
            };
            let value = digits.or_else(in_words).or_else(|| dozen.then_some(12.0))?;
            let percent = clause[word.end()..].starts_with('%')
                || all.get(at + 1).is_some_and(|next| next.lower == "percent");
            Some(Number { value, percent, at })
        })
        .collect()
}

/// Whether two numbers belong together: `4 boxes of 24 pens`, `3 tickets at 12 euros`.
fn joined(words: &[String], first: usize, second: usize) -> bool {
    let between = words.get(first + 1..second).unwrap_or_default();
    any(between, &["of|with|at|for|times|holding|containing"])
}

/// What is counted: the word after `how many`.
fn unit(material: &str) -> String {
    let all = lower_words(material);
    all.windows(3)
        .find(|three| three[0] == "how" && three[1] == "many" && !is_stop_word(&three[2]))
        .map(|three| three[2].clone())
        .unwrap_or_default()
}

/// A number without needless decimals.
fn shown(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    fn solve(model: DemoModel, problem: &str) -> String {
        let messages = [Message::new(Role::User, format!("Solve the word problem.\n\n{problem}"))];
        let brief = Brief::read(&messages, &GenerationParameters::default());
        respond(model, &brief).bare.unwrap_or_default()
    }

    #[test]
    fn what_each_model_knows() {
        let problem = "A shop has 4 boxes of 24 pens. It sells 37 pens and gives 5 pens away. \
                       The owner is 52 years old. The rest is shared equally among 9 drawers. \
                       How many pens are in each drawer?";
        assert_eq!(solve(DemoModel::Careful, problem), "6");
        assert_ne!(solve(DemoModel::Balanced, problem), "6");
        assert_ne!(solve(DemoModel::Fast, problem), solve(DemoModel::Balanced, problem));
    }

    #[test]
    fn small_problems() {
        for (problem, answer) in [
            ("Ana has 12 apples. She eats 3 and buys 5 more. How many apples?", "14"),
            ("A coat costs 80 euros. It is 25% off. How much is it?", "60"),
            ("There are 3 trays. Each holds 12 eggs. How many eggs?", "36"),
            ("He has 20 cards. He loses half of them. How many cards?", "10"),
            ("Seven friends have 3 tickets each. How many tickets?", "21"),
        ] {
            assert_eq!(solve(DemoModel::Careful, problem), answer, "{problem}");
        }
    }

    #[test]
    fn expressions_put_products_first_except_for_the_fast_model() {
        assert_eq!(solve(DemoModel::Careful, "What is 2 + 3 * 4?"), "14");
        assert_eq!(solve(DemoModel::Fast, "What is 2 + 3 * 4?"), "20");
        assert_eq!(solve(DemoModel::Balanced, "What is 10 - 4 / 2 - 1?"), "7");
    }
}
