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
                Ok(text) => nested(text.chars().map(character).collect()),
                Err(_) => optional(hir.clone()),
            }
        }
        HirKind::Class(class) => optional(Hir::class(class.clone())),
        HirKind::Capture(capture) => prefix(&capture.sub),
        HirKind::Alternation(choices) => Hir::alternation(choices.iter().map(prefix).collect()),
        HirKind::Concat(parts) => parts.iter().rev().fold(Hir::empty(), |rest, part| {
            Hir::alternation(vec![Hir::concat(vec![loose(part), rest]), prefix(part)])
        }),
        HirKind::Repetition(repetition) => {
            Hir::concat(vec![any_number(repetition), prefix(&repetition.sub)])
        }
    }
}

/// A sequence of which any number of first parts may be there.
fn nested(parts: Vec<Hir>) -> Hir {
    parts.into_iter().rev().fold(Hir::empty(), |rest, part| optional(Hir::concat(vec![part, rest])))
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
