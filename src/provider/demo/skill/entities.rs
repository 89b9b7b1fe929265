//! Names, places, dates and sums. The fast model takes every run of capital letters for a name;
//! the balanced one knows titles, company endings and places after prepositions; the careful one
//! also tells who speaks, knows short forms of names it has seen, and finds dates in words.

use serde_json::json;

use crate::provider::demo::{
    DemoModel,
    brief::Brief,
    shape::Draft,
    text::{Word, is_stop_word, join_and, listed, sentences, words},
};

const TITLES: &str = "mr mrs ms dr prof professor judge captain sir dame";
const COMPANIES: &str = "ltd inc gmbh ag plc llc corp corporation company group bank university \
    institute ministry council agency foundation hospital college school logistics partners labs \
    systems airlines authority association union museum committee";
const PLACES: &str = "street road avenue square park bridge valley river lake bay island harbour \
    london paris berlin lisbon porto madrid rome vienna dublin oslo nairobi lagos tokyo osaka \
    delhi mumbai sydney toronto boston chicago rotterdam hamburg munich zurich geneva warsaw \
    france germany portugal spain italy japan india kenya nigeria canada england scotland \
    ireland norway europe africa asia";
const BEFORE_PLACES: &str = "in at from near to via outside";
const SAYING: &str = "said says told wrote asked replied signed agreed joined added explained \
    confirmed announced met visited thanked noted";
/// Words that open a sentence and are no part of a name after them.
const OPENERS: &str = "yesterday today tomorrow then however meanwhile dear hello hi thanks \
    please write call ask since last next";
const MONTHS: &str = "january february march april may june july august september october \
    november december";
const WEEKDAYS: &str = "monday tuesday wednesday thursday friday saturday sunday";
const CURRENCIES: &str = "euros euro eur dollars dollar usd pounds pound gbp francs chf yen";

#[derive(Debug, Default)]
struct Found {
    people: Vec<String>,
    organisations: Vec<String>,
    places: Vec<String>,
    dates: Vec<String>,
    money: Vec<String>,
    emails: Vec<String>,
}

/// Extracts the entities of the material.
pub fn respond(model: DemoModel, brief: &Brief) -> Draft {
    let text = &brief.material;
    let mut found = Found::default();
    for sentence in sentences(text) {
        let all = words(sentence);
        dates(model, sentence, &all, &mut found.dates);
        money(model, sentence, &all, &mut found.money);
        names(model, sentence, &all, &mut found);
    }
    for token in text.split_whitespace() {
        let token = token.trim_matches(|c: char| !c.is_alphanumeric());
        if token.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'))
        {
            add(&mut found.emails, token);
        }
    }
    if model == DemoModel::Careful {
        drop_short_forms(&mut found.people);
    }
    draft(&found)
}

fn draft(found: &Found) -> Draft {
    let groups = [
        ("People", &found.people),
        ("Organisations", &found.organisations),
        ("Places", &found.places),
        ("Dates", &found.dates),
        ("Money", &found.money),
        ("E-mail addresses", &found.emails),
    ];
    let filled = || groups.iter().filter(|(_, names)| !names.is_empty());
    let items: Vec<String> =
        filled().map(|(group, names)| format!("{group}: {}", names.join(", "))).collect();
    let steps = filled().map(|(group, names)| format!("{group}: {}.", join_and(names))).collect();
    let rows = filled()
        .flat_map(|(group, names)| names.iter().map(|name| vec![name.clone(), (*group).to_owned()]))
        .collect();
    let text = if items.is_empty() {
        "I found no names, dates or sums in the text.".to_owned()
    } else {
        format!("- {}", items.join("\n- "))
    };
    Draft {
        facts: json!({
            "people": found.people, "organisations": found.organisations, "places": found.places,
            "dates": found.dates, "money": found.money, "emails": found.emails,
        }),
        table: Some((vec!["entity", "kind"], rows)),
        items,
        steps,
        ..Draft::prose(text)
    }
}

fn opens(lower: &str) -> bool {
    is_stop_word(lower) || listed(OPENERS, lower)
}

fn add(names: &mut Vec<String>, name: &str) {
    let name = name.trim();
    if !name.is_empty() && names.iter().all(|known| known != name) {
        names.push(name.to_owned());
    }
}

/// Sorts the runs of capitalised words of a sentence.
fn names(model: DemoModel, sentence: &str, all: &[Word<'_>], found: &mut Found) {
    let mut at = 0;
    while at < all.len() {
        let end = run_end(sentence, all, at);
        if end == at {
            at += 1;
            continue;
        }
        let mut from = at;
        at = end;
        // A sentence begins with a capital whatever its first word is.
        if from == 0 && model != DemoModel::Fast && opens(&all[0].lower) {
            from += 1;
        }
        let lone = from == 0 && end == 1;
        let calendar =
            |word: &Word<'_>| listed(MONTHS, &word.lower) || listed(WEEKDAYS, &word.lower);
        if from >= end || (model != DemoModel::Fast && all[from..end].iter().all(calendar)) {
            continue;
        }
        let name = &sentence[all[from].start..all[end - 1].end()];
        let list = match model {
            DemoModel::Fast if end - from > 1 => &mut found.people,
            DemoModel::Fast => &mut found.organisations,
            _ => match kind(model, all, from, end, lone) {
                Some(Kind::Person) => &mut found.people,
                Some(Kind::Organisation) => &mut found.organisations,
                Some(Kind::Place) => &mut found.places,
                None => continue,
            },
        };
        let titled = model != DemoModel::Fast && listed(TITLES, &all[from].lower);
        let name = if titled && end - from > 1 {
            &sentence[all[from + 1].start..all[end - 1].end()]
        } else {
            name
        };
        add(list, name);
    }
}

/// Where the run of capitalised words that begins here ends; here when none does.
fn run_end(sentence: &str, all: &[Word<'_>], from: usize) -> usize {
    let mut end = from;
    while let Some(word) = all.get(end).filter(|word| word.is_capitalised()) {
        let apart = end > from && {
            let between = &sentence[all[end - 1].end()..word.start];
            let abbreviated = between == ". " && listed(TITLES, &all[end - 1].lower);
            !matches!(between, " " | " & ") && !abbreviated
        };
        if apart {
            break;
        }
        end += 1;
        // What belongs to a name ends it: `Ada's office`.
        if word.lower.ends_with("'s") {
            break;
        }
    }
    end
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Person,
    Organisation,
    Place,
}

fn kind(model: DemoModel, all: &[Word<'_>], from: usize, end: usize, lone: bool) -> Option<Kind> {
    let run = &all[from..end];
    let before = from.checked_sub(1).map_or("", |at| all[at].lower.as_str());
    let after = all.get(end).map_or("", |word| word.lower.as_str());
    if run.iter().any(|word| listed(COMPANIES, &word.lower)) {
        return Some(Kind::Organisation);
    }
    if listed(TITLES, &run[0].lower) {
        return Some(Kind::Person);
    }
    let knows_places = model == DemoModel::Careful;
    if knows_places && run.iter().any(|word| listed(PLACES, &word.lower)) {
        return Some(Kind::Place);
    }
    if model == DemoModel::Careful && listed(SAYING, after) {
        return Some(Kind::Person);
    }
    if lone {
        return None;
    }
    let shouted = run.len() == 1
        && run[0].text.len() >= 2
        && run[0].text.chars().all(|c| c.is_uppercase() || c.is_ascii_digit());
    if shouted {
        return (model == DemoModel::Careful).then_some(Kind::Organisation);
    }
    if run.len() >= 2 {
        return Some(Kind::Person);
    }
    if listed(BEFORE_PLACES, before) && !(model == DemoModel::Careful && before == "from") {
        return Some(Kind::Place);
    }
    Some(if model == DemoModel::Careful { Kind::Person } else { Kind::Organisation })
}

/// Removes `Okafor` where `Amara Okafor` is known.
fn drop_short_forms(people: &mut Vec<String>) {
    let whole = people.clone();
    people.retain(|name| {
        let short = name.strip_suffix("'s").or(name.strip_suffix("’s")).unwrap_or(name);
        !whole.iter().any(|other| other != name && other.split(' ').any(|part| part == short))
    });
}

fn dates(model: DemoModel, sentence: &str, all: &[Word<'_>], dates: &mut Vec<String>) {
    for token in sentence.split_whitespace() {
        let token = token.trim_matches(|c: char| !c.is_ascii_digit());
        let parts: Vec<&str> = token.split('-').collect();
        let digits = |part: &&str| part.chars().all(|c| c.is_ascii_digit());
        if let [year, month, day] = parts.as_slice()
            && (year.len(), month.len(), day.len()) == (4, 2, 2)
            && parts.iter().all(digits)
        {
            add(dates, token);
        }
    }
    if model == DemoModel::Fast {
        return;
    }
    let number = |at: usize| {
        all.get(at).is_some_and(|word| word.text.starts_with(|c: char| c.is_ascii_digit()))
    };
    for (at, word) in all.iter().enumerate().filter(|(_, word)| word.is_capitalised()) {
        if listed(MONTHS, &word.lower) {
            let from = if at > 0 && number(at - 1) { at - 1 } else { at };
            let mut to = at;
            while to < at + 2 && number(to + 1) {
                to += 1;
            }
            // `May` alone may be anything.
            if from < to {
                add(dates, &sentence[all[from].start..all[to].end()]);
            }
        } else if model == DemoModel::Careful && listed(WEEKDAYS, &word.lower) {
            let next = at > 0 && matches!(all[at - 1].lower.as_str(), "next" | "last" | "this");
            let from = if next { at - 1 } else { at };
            add(dates, &sentence[all[from].start..word.end()]);
        }
    }
}

fn money(model: DemoModel, sentence: &str, all: &[Word<'_>], money: &mut Vec<String>) {
    for (at, word) in all.iter().enumerate() {
        if !word.text.starts_with(|c: char| c.is_ascii_digit()) {
            continue;
        }
        let sign = sentence[..word.start].chars().next_back().filter(|c| "$€£¥".contains(*c));
        let next = |at: usize| all.get(at).map_or("", |word| word.lower.as_str());
        let scaled =
            model != DemoModel::Fast && matches!(next(at + 1), "million" | "billion" | "thousand");
        let mut end = at + usize::from(scaled);
        let named = model != DemoModel::Fast && listed(CURRENCIES, next(end + 1));
        end += usize::from(named);
        if sign.is_some() || named {
            let start = word.start - sign.map_or(0, char::len_utf8);
            add(money, &sentence[start..all[end].end()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GenerationParameters, Message, Role};

    const NOTE: &str = "Yesterday Amara Okafor told Dr. Lena Vogt that Northwind Logistics will \
        pay €2.4 million by 14 March 2025. Okafor flies to Lisbon next Friday. \
        Write to amara@northwind.example.";

    fn facts(model: DemoModel) -> serde_json::Value {
        let messages = [
            Message::new(Role::System, "Extract all named entities."),
            Message::new(Role::User, format!("<note>\n{NOTE}\n</note>")),
        ];
        let brief = Brief::read(&messages, &GenerationParameters::default());
        respond(model, &brief).facts
    }

    #[test]
    fn the_careful_model_finds_what_is_there_and_nothing_else() {
        assert_eq!(
            facts(DemoModel::Careful),
            json!({
                "people": ["Amara Okafor", "Lena Vogt"],
                "organisations": ["Northwind Logistics"],
                "places": ["Lisbon"],
                "dates": ["14 March 2025", "next Friday"],
                "money": ["€2.4 million"],
                "emails": ["amara@northwind.example"],
            })
        );
    }

    #[test]
    fn the_others_miss_and_mistake() {
        let balanced = facts(DemoModel::Balanced);
        assert_eq!(balanced["dates"], json!(["14 March 2025"]));
        assert_eq!(balanced["organisations"], json!(["Northwind Logistics"]));
        let fast = facts(DemoModel::Fast);
        assert_eq!(fast["places"], json!([]));
        assert_eq!(fast["money"], json!(["€2.4"]));
    }
}
