//! How alike two prompts are, in numbers.
//!
//! A prompt is compared part by part: each message, and each value it was rendered with. The
//! parts matter because a template's own words, the same in every prompt made from it, would
//! drown the few words that differ; so two prompts are as alike as the least alike of their
//! parts. Each part is a vector of how often every run of three characters occurs in it, and two
//! parts are as alike as the cosine of the angle between their vectors, `Σ aᵢbᵢ / (‖a‖·‖b‖)`:
//! the vector space model of Salton, Wong and Yang ("A Vector Space Model for Automatic
//! Indexing", 1975) over the character n-grams of Cavnar and Trenkle ("N-Gram-Based Text
//! Categorization", 1994). Letters count without their case and white space as one space.
//!
//! The measure sees letters and no meaning. Numbers carry more of it than their letters, so
//! parts whose numbers differ are not alike at all.

/// The longest prompt that is compared, in bytes; a longer one is like no other.
pub const LONGEST_COMPARED: usize = 64 << 10;

/// What a prompt is compared by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shape {
    parts: Vec<Part>,
}

/// One message or value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Part {
    /// A hash of its numbers in their order.
    numbers: u64,
    /// How often each run of three characters occurs, by the run's hash, in its order.
    grams: Vec<(u32, u16)>,
}

impl Shape {
    /// The shape of a prompt with these parts; `None` where they are too long together.
    #[must_use]
    pub fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut length = 0;
        let mut shape = Self::default();
        for text in parts {
            length += text.len();
            if length > LONGEST_COMPARED {
                return None;
            }
            shape.parts.push(Part::of(text));
        }
        Some(shape)
    }

    /// How alike two prompts are, in \[0, 1\]: the least of their parts'. 0 where they do not
    /// have the same number of parts.
    #[must_use]
    pub fn similarity(&self, other: &Self) -> f64 {
        if self.parts.len() != other.parts.len() {
            return 0.0;
        }
        let pairs = self.parts.iter().zip(&other.parts);
        pairs.map(|(one, other)| one.similarity(other)).fold(1.0, f64::min)
    }

    /// The shape in bytes, to be kept: for each part the hash of its numbers, how many runs it
    /// has, and each run's hash and count, all little-endian.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        for part in &self.parts {
            bytes.extend(part.numbers.to_le_bytes());
            bytes.extend(u32::try_from(part.grams.len()).unwrap_or(u32::MAX).to_le_bytes());
            for (gram, count) in &part.grams {
                bytes.extend(gram.to_le_bytes());
                bytes.extend(count.to_le_bytes());
            }
        }
        bytes
    }

    /// The shape that was kept; `None` for bytes that are none.
    #[must_use]
    pub fn from_bytes(mut bytes: &[u8]) -> Option<Self> {
        let mut shape = Self::default();
        while !bytes.is_empty() {
            let numbers = u64::from_le_bytes(take(&mut bytes)?);
            let count = u32::from_le_bytes(take(&mut bytes)?) as usize;
            if count > bytes.len() {
                return None;
            }
            let mut grams = Vec::with_capacity(count);
            for _ in 0..count {
                let gram = u32::from_le_bytes(take(&mut bytes)?);
                grams.push((gram, u16::from_le_bytes(take(&mut bytes)?)));
            }
            shape.parts.push(Part { numbers, grams });
        }
        Some(shape)
    }
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*head)
}

impl Part {
    fn of(text: &str) -> Self {
        let mut plain = vec![' '];
        for word in text.split_whitespace() {
            plain.extend(word.chars().flat_map(char::to_lowercase));
            plain.push(' ');
        }
        let mut hashes: Vec<u32> = plain.windows(3).map(gram).collect();
        hashes.sort_unstable();
        let grams = hashes
            .chunk_by(PartialEq::eq)
            .filter_map(|same| {
                Some((*same.first()?, u16::try_from(same.len()).unwrap_or(u16::MAX)))
            })
            .collect();
        Self { numbers: numbers(text), grams }
    }

    fn similarity(&self, other: &Self) -> f64 {
        if self.numbers != other.numbers {
            return 0.0;
        }
        if self.grams == other.grams {
            return 1.0;
        }
        let lengths = self.length() * other.length();
        if lengths > 0.0 { (self.dot(other) / lengths).min(1.0) } else { 0.0 }
    }

    fn length(&self) -> f64 {
        self.grams.iter().map(|(_, count)| f64::from(*count).powi(2)).sum::<f64>().sqrt()
    }

    /// Both lists are in order, so one walk through them meets every common run.
    fn dot(&self, other: &Self) -> f64 {
        let mut theirs = other.grams.iter().peekable();
        let mut sum = 0.0;
        for (gram, count) in &self.grams {
            while theirs.next_if(|(their, _)| their < gram).is_some() {}
            if let Some((_, their_count)) = theirs.next_if(|(their, _)| their == gram) {
                sum += f64::from(*count) * f64::from(*their_count);
            }
        }
        sum
    }
}

/// The FNV-1a hash of a run of characters, 32 bits: the same in every build, since it is kept.
fn gram(run: &[char]) -> u32 {
    run.iter()
        .fold(0x811c_9dc5, |hash, &letter| (hash ^ u32::from(letter)).wrapping_mul(0x0100_0193))
}

/// A hash of the numbers of a text, FNV-1a with 64 bits over their digits.
fn numbers(text: &str) -> u64 {
    let mut in_number = false;
    text.chars().fold(0xcbf2_9ce4_8422_2325, |hash, letter| {
        let was_in_number = std::mem::replace(&mut in_number, letter.is_numeric());
        let mix = |hash: u64, value: u32| (hash ^ u64::from(value)).wrapping_mul(0x0100_0000_01b3);
        match (letter.is_numeric(), was_in_number) {
            (true, _) => mix(hash, u32::from(letter)),
            (false, true) => mix(hash, u32::MAX),
            (false, false) => hash,
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn similarity(one: &[&str], other: &[&str]) -> f64 {
        let shape = |parts: &[&str]| Shape::of(parts.iter().copied()).expect("short");
        shape(one).similarity(&shape(other))
    }

    #[test]
    fn the_figure_is_the_cosine_of_the_runs() {
        // " ab ", " abc ": runs [" ab", "ab "] and [" ab", "abc", "bc "]; one is common.
        let expected = 1.0 / (2.0_f64.sqrt() * 3.0_f64.sqrt());
        assert!((similarity(&["ab"], &["abc"]) - expected).abs() < 1e-12);
        assert!((similarity(&["Ab\n\tCD"], &[" ab cd"]) - 1.0).abs() < f64::EPSILON);
        assert!(similarity(&["abc"], &["xyz"]) < f64::EPSILON);
    }

    #[test]
    fn the_words_that_differ_are_not_drowned_by_those_that_do_not() {
        let system = "You classify messages of customers. Answer with one word. ".repeat(20);
        let love = format!("{system} I love it");
        let hate = format!("{system} I hate it");
        assert!(similarity(&[&love], &[&hate]) > 0.98, "as one text they are all but the same");
        assert!(similarity(&[&love, "I love it"], &[&hate, "I hate it"]) < 0.75);
    }

    #[test]
    fn a_slip_of_the_pen_is_alike_and_another_number_is_not() {
        let one = "Please summarise the meeting of the platform team about the release plan";
        let slip = "Please summarise the meeting of the platform team about the release plans";
        assert!(similarity(&[one], &[slip]) > 0.95);
        assert!(similarity(&["what is 12 and 13 in sum"], &["what is 12 and 14 in sum"]) < 0.01);
        assert!(similarity(&["1 23"], &["12 3"]) < 0.01);
    }

    #[test]
    fn what_is_too_long_or_of_other_parts_is_like_nothing() {
        assert_eq!(Shape::of([&*"x".repeat(LONGEST_COMPARED + 1)]), None);
        assert!(similarity(&["a", "b"], &["a"]) < f64::EPSILON);
        assert!((similarity(&["", "a"], &["", "a"]) - 1.0).abs() < f64::EPSILON);
        assert!(similarity(&["", "a"], &["b", "a"]) < f64::EPSILON);
    }

    proptest! {
        #[test]
        fn it_is_the_same_both_ways_within_bounds_and_survives_being_kept(
            one in prop::collection::vec("\\PC{0,40}", 0..4),
            other in prop::collection::vec("\\PC{0,40}", 0..4),
        ) {
            let shape = |parts: &[String]| {
                Shape::of(parts.iter().map(String::as_str)).expect("short")
            };
            let (one, other) = (shape(&one), shape(&other));
            let there = one.similarity(&other);
            prop_assert!((0.0..=1.0).contains(&there));
            prop_assert!((there - other.similarity(&one)).abs() < 1e-12);
            prop_assert!((one.similarity(&one) - 1.0).abs() < f64::EPSILON);
            prop_assert_eq!(Shape::from_bytes(&one.to_bytes()), Some(one));
        }

        #[test]
        fn bytes_that_are_no_shape_are_told(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(shape) = Shape::from_bytes(&bytes) {
                prop_assert_eq!(shape.to_bytes(), bytes);
            }
        }
    }
}
