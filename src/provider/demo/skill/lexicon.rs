//! Words and phrases that carry a feeling, written for customer messages and reviews.

use std::{collections::HashMap, sync::LazyLock};

use crate::provider::demo::text::stem;

const STRONG_POSITIVE: &str = "\
    love loved loves amazing excellent outstanding fantastic wonderful brilliant perfect perfectly \
    superb delighted thrilled awesome exceptional flawless best incredible incredibly ecstatic \
    magnificent beautiful beautifully impressed";

const POSITIVE: &str = "\
    good great nice happy pleased glad enjoy enjoyed enjoyable helpful friendly quick quickly fast \
    easy easily smooth smoothly reliable recommend recommended thank thanks thankful grateful \
    satisfied useful clean comfortable polite patient works solid kind fun fresh delicious cheap \
    affordable improved improvement better convenient pleasant intuitive sturdy durable responsive \
    welcome liked like likes generous accurate professional bargain worth gem lifesaver relief \
    appreciate appreciated resolved stunning cosy tasty charming";

const NEGATIVE: &str = "\
    bad poor slow slowly late broken broke breaks break disappointed disappointing disappointment \
    difficult hard confusing confused annoying annoyed expensive overpriced problem problems issue \
    issues fault faulty defect defective wrong missing damaged damage dirty rude noisy loud cold \
    unhappy unreliable unhelpful fail fails failed failure error errors crash crashes crashed \
    complaint complain refund useless flimsy scratched scratches leak leaks leaking stuck delayed \
    delay ignored cancel cancelled waiting lost sorry worse ugly bland stale cramped clunky buggy \
    laggy cheaply misleading uncomfortable tired frustrating frustrated frustration mess";

const STRONG_NEGATIVE: &str = "\
    hate hated terrible horrible awful worst disgusting unacceptable furious scam fraud garbage \
    nightmare pathetic disgrace disgraceful appalling atrocious outrageous dreadful ruined rubbish \
    rip-off ripoff dangerous infuriating shameful useless";

/// Words with a feeling that the plainest lexicon has not got.
const FINER: &[(&str, f64)] = &[
    ("exceeded", 2.0),
    ("exceeds", 2.0),
    ("spotless", 2.0),
    ("effortless", 1.5),
    ("thoughtful", 1.5),
    ("seamless", 1.5),
    ("stellar", 2.5),
    ("top-notch", 2.5),
    ("lukewarm", -1.0),
    ("meh", -1.0),
    ("mediocre", -1.5),
    ("underwhelming", -1.5),
    ("unusable", -2.5),
    ("sloppy", -1.5),
    ("tedious", -1.0),
    ("regret", -2.0),
    ("avoid", -1.5),
    ("lacks", -1.0),
    ("lacking", -1.0),
    ("dead", -1.5),
    ("fell", -0.5),
    ("overcharged", -2.0),
    ("nobody", -0.7),
    ("twice", -0.3),
];

/// Phrases (patterns of `text::find`) whose feeling is not that of their words. What a phrase
/// covers is not counted again word by word.
pub const PHRASES: &[(&str, f64)] = &[
    ("thanks for nothing", -3.0),
    ("no thanks to", -1.5),
    ("waste of money|time|space", -3.0),
    ("nobody|no-one .. answer*|replie*|respond*|help*|call*", -2.0),
    ("no one .. answer*|replie*|respond*|help*|call*", -2.0),
    ("still waiting|broken|no", -2.0),
    ("still .. not|hasn't|haven't|nothing", -1.5),
    ("stopped working|charging|responding", -2.5),
    ("fell|falls|falling|came apart|off", -2.0),
    ("never again", -3.0),
    ("never buy|order|use|come|return", -2.5),
    ("not bad", 1.0),
    ("no complaint*|problem*|issue*|regret*|trouble", 2.0),
    ("without a|any problem*|issue*|hitch|trouble|hassle", 1.5),
    ("can't|cannot complain|fault", 2.0),
    ("can't wait", 2.0),
    ("could not|couldn't be|ask better|happier|easier|more|for", 2.5),
    ("could be|have been better|faster|clearer|cheaper", -1.2),
    ("nothing special", -0.3),
    ("as expected|described|advertised", 0.6),
    ("like|as new", 1.0),
    ("works like a charm", 3.0),
    ("looks like|feels like|seems like|sounds like", 0.0),
    ("would like|i'd like|we'd like", 0.0),
    ("too expensive|slow|small|loud|late|hard|much|long|tight|big|complicated", -2.0),
    ("worth every|the penny|cent|money|price|wait", 2.5),
    ("not worth", -2.0),
    ("last straw", -3.0),
    ("at least", 0.3),
    ("so much for", -2.0),
    ("saved my|our|me|us", 2.0),
    ("five|5 stars", 3.0),
    ("one|1|zero star|stars", -3.0),
    ("money back", -1.0),
    ("let down|me down|us down", -2.0),
    ("fed up", -2.5),
    ("exactly what i|we needed|wanted", 2.5),
    ("just what i|we needed|wanted", 2.0),
    ("problem|issue .. solved|fixed|resolved|sorted", 2.0),
    ("solved|fixed|resolved|sorted .. problem|issue", 2.0),
    ("hard to beat", 2.0),
    ("quick|short question", 0.0),
    ("best .. to|way to|time to", 0.0),
    ("good morning|afternoon|evening|day", 0.0),
    ("thanks|thank you .. advance", 0.2),
    ("kind regards|regards", 0.0),
    ("pretty please", 0.0),
];

/// Signs that praise is not meant.
pub const SARCASM: &[&str] = &[
    "oh great|wonderful|fantastic|joy|perfect|brilliant",
    "great another|again|job|work losing|breaking|ignoring",
    "great another",
    "yeah right",
    "what a joke|surprise",
    "just great|brilliant|perfect|wonderful",
    "how lovely|wonderful|nice that",
    "brilliant idea",
    "love how|waiting|paying|being",
    "nice touch",
    "thanks a lot for|so",
    "well done .. broke*|lost|late|wrong",
];

/// Words that turn the next few around.
pub const NEGATIONS: &str = "\
    not no never isn't wasn't aren't weren't don't doesn't didn't can't cannot couldn't \
    won't wouldn't shouldn't hasn't haven't hadn't without hardly barely neither nor nothing \
    ain't far";

/// Words that make the next one stronger or weaker.
pub const DEGREES: &[(&str, f64)] = &[
    ("very", 1.5),
    ("really", 1.4),
    ("extremely", 1.8),
    ("so", 1.3),
    ("absolutely", 1.6),
    ("totally", 1.5),
    ("completely", 1.6),
    ("incredibly", 1.7),
    ("too", 1.2),
    ("super", 1.5),
    ("slightly", 0.5),
    ("somewhat", 0.6),
    ("bit", 0.6),
    ("little", 0.6),
    ("fairly", 0.8),
    ("quite", 1.1),
    ("rather", 0.9),
    ("pretty", 1.0),
    ("mildly", 0.5),
    ("kinda", 0.6),
];

/// Emoji and emoticons.
pub const SIGNS: &[(&str, f64)] = &[
    ("😀", 1.5),
    ("😊", 1.5),
    ("😍", 2.5),
    ("❤", 2.0),
    ("👍", 1.5),
    ("🎉", 1.5),
    (":)", 1.0),
    (":-)", 1.0),
    (":D", 1.5),
    ("😡", -2.5),
    ("😠", -2.0),
    ("👎", -2.0),
    ("😞", -1.5),
    ("😢", -1.5),
    ("🤬", -3.0),
    (":(", -1.0),
    (":-(", -1.0),
    ("🙄", -1.5),
];

static PLAIN: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    let groups =
        [(STRONG_POSITIVE, 2.0), (POSITIVE, 1.0), (NEGATIVE, -1.0), (STRONG_NEGATIVE, -2.0)];
    groups
        .into_iter()
        .flat_map(|(words, weight)| words.split_whitespace().map(move |word| (word, weight)))
        .collect()
});

static STEMS: LazyLock<HashMap<&'static str, f64>> = LazyLock::new(|| {
    let mut stems: HashMap<&'static str, f64> = HashMap::new();
    for (word, weight) in PLAIN.iter() {
        stems.entry(stem(word)).or_insert(*weight);
    }
    // Of words with one stem the plainest sense wins, whatever order the map has.
    for (word, weight) in FINER {
        stems.insert(stem(word), *weight);
    }
    stems
});

/// The weight of a word as written in the plain lexicon.
pub fn plain(lower: &str) -> Option<f64> {
    PLAIN.get(lower).copied()
}

/// The weight of a word in any of its forms, in the finer lexicon.
pub fn finer(lower: &str) -> Option<f64> {
    PLAIN.get(lower).copied().or_else(|| STEMS.get(stem(lower)).copied())
}
