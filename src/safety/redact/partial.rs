//! What a pattern may still become: the pattern of everything that a match could begin with.
//!
//! A stream may be cut anywhere. What stands at its end and could be the beginning of a match is
//! held back until more has come; all before it is settled. The pattern of beginnings is derived
//! from the pattern itself, so that nothing has to be kept in step by hand.

use regex_syntax::hir::{Hir, HirKind, Look, Repetition};

/// The pattern that matches whatever a match of one of `patterns` may begin with and that
/// reaches to the end of the text. Leftmost, it begins where the first unsettled match does.
///
/// Counted repetitions are taken for uncounted ones, which holds back more than needed and keeps
/// the automaton small.
pub(super) fn beginnings(patterns: &[Hir]) -> Hir {
    let any = Hir::alternation(patterns.iter().map(prefix).collect());
    Hir::concat(vec![any, Hir::look(Look::End)])
}

/// Everything a match of this may begin with, nothing and the whole included.
fn prefix(hir: &Hir) -> Hir {
    match hir.kind() {
        // Whether an assertion holds at the end of what has come is known only later.
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => {
            // The bytes of one character never come apart.
            match std::str::from_utf8(&literal.0) {
                Ok(text) => {
                    let characters: Vec<Hir> = text.chars().map(character).collect();
                    sequence(&characters)
                }
                Err(_) => optional(hir.clone()),
            }
        }
        HirKind::Class(_) => optional(hir.clone()),
        HirKind::Capture(capture) => prefix(&capture.sub),
        HirKind::Alternation(choices) => Hir::alternation(choices.iter().map(prefix).collect()),
        HirKind::Concat(parts) => sequence(parts),
        HirKind::Repetition(repetition) => {
            Hir::concat(vec![any_number(repetition), prefix(&repetition.sub)])
        }
    }
}

/// What a sequence may begin with: the beginning of its first half, or that half and a beginning
/// of the second. Halves, since whoever compiles it goes as deep as it is nested, and a key may
/// have thousands of characters.
fn sequence(parts: &[Hir]) -> Hir {
    match parts {
        [] => Hir::empty(),
        [one] => match one.kind() {
            HirKind::Literal(literal) if literal.0.len() == 1 || is_one_character(&literal.0) => {
                optional(one.clone())
            }
            _ => prefix(one),
        },
        several => {
            let (first, second) = several.split_at(several.len() / 2);
            let mut whole: Vec<Hir> = first.iter().map(loose).collect();
            whole.push(sequence(second));
            Hir::alternation(vec![Hir::concat(whole), sequence(first)])
        }
    }
}

fn is_one_character(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok_and(|text| text.chars().count() == 1)
}

fn character(character: char) -> Hir {
    let mut bytes = [0; 4];
    Hir::literal(character.encode_utf8(&mut bytes).as_bytes())
}

fn optional(hir: Hir) -> Hir {
    Hir::repetition(Repetition { min: 0, max: Some(1), greedy: true, sub: Box::new(hir) })
}

/// The part as it is, without captures, with counted repetitions uncounted.
fn loose(hir: &Hir) -> Hir {
    match hir.kind() {
        HirKind::Empty => Hir::empty(),
        HirKind::Look(look) => Hir::look(*look),
        HirKind::Literal(literal) => Hir::literal(literal.0.clone()),
        HirKind::Class(class) => Hir::class(class.clone()),
        HirKind::Capture(capture) => loose(&capture.sub),
        HirKind::Alternation(choices) => Hir::alternation(choices.iter().map(loose).collect()),
        HirKind::Concat(parts) => Hir::concat(parts.iter().map(loose).collect()),
        HirKind::Repetition(repetition) => any_number(repetition),
    }
}

fn any_number(repetition: &Repetition) -> Hir {
    Hir::repetition(Repetition {
        min: 0,
        max: repetition.max.filter(|&most| most <= 1),
        greedy: true,
        sub: Box::new(loose(&repetition.sub)),
    })
}

/// Whether a pattern can match at most this many bytes, and never nothing.
pub(super) fn is_bounded(hir: &Hir, most: usize) -> bool {
    let properties = hir.properties();
    properties.maximum_len().is_some_and(|length| length <= most)
        && properties.minimum_len().is_some_and(|length| length > 0)
}
