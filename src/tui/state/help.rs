//! Help: what the place in focus is for, in a sentence and by keys, and the same of every other.

use super::super::{
    keymap::{Action, Context, Keymap},
    text::{Entry, Scroll, TableRow, Tone, table_rows, table_text},
};

/// Help of one place; the others are a key away.
#[derive(Clone, Debug)]
pub struct Help {
    context: Context,
    pub scroll: Scroll,
    rows: Vec<TableRow>,
    /// What the rows were made for: the place, the width, and whether there are few rows.
    fitted: Option<(Context, usize, bool)>,
}

impl Help {
    /// Help of a place.
    #[must_use]
    pub const fn of(context: Context) -> Self {
        Self { context, scroll: Scroll::at_top(), rows: Vec::new(), fitted: None }
    }

    /// The place it speaks of.
    #[must_use]
    pub const fn context(&self) -> Context {
        self.context
    }

    /// Turns to the place after this one, or before it, going round.
    pub fn turn(&mut self, by: isize) {
        let all = Context::ALL;
        let place = all.iter().position(|context| *context == self.context).unwrap_or(0);
        let next = (place + all.len()).saturating_add_signed(by) % all.len();
        self.context = all.get(next).copied().unwrap_or(self.context);
        self.scroll.to_top();
    }

    /// `3 of 16`
    #[must_use]
    pub fn place(&self) -> String {
        let place = Context::ALL.iter().position(|context| *context == self.context).unwrap_or(0);
        format!("{} of {}", place + 1, Context::ALL.len())
    }

    /// The rows at the present width: sentence and keys, one below the other.
    #[must_use]
    pub fn rows(&self) -> &[TableRow] {
        &self.rows
    }

    /// Wraps it at a width. Where few rows are in sight the keys come after the first sentence
    /// and the others at the end. Nothing happens when all is the same.
    pub fn fit(&mut self, keymap: &Keymap, width: usize, height: usize) {
        let fitted = (self.context, width, height < FEW);
        if self.fitted != Some(fitted) {
            self.fitted = Some(fitted);
            let entries = entries(keymap, self.context, height < FEW);
            self.rows = table_rows(&entries, width / 3, width);
        }
    }

    /// The same as text, an action a line.
    #[must_use]
    pub fn as_text(&self, keymap: &Keymap) -> String {
        table_text(&table_rows(&entries(keymap, self.context, false), FAR, FAR))
    }
}

/// With fewer rows than this, sentences would leave no room for keys.
const FEW: usize = 12;

/// An action of so few places is one of their own.
const FEW_PLACES: usize = 3;

/// Wider than any text.
const FAR: usize = usize::MAX / 2;

fn entries(keymap: &Keymap, context: Context, few_rows: bool) -> Vec<Entry> {
    let sentences = keymap.spell(context, context.sentence());
    let (sentence, others) = match sentences.split_once(". ") {
        Some((first, others)) if few_rows => (format!("{first}."), Some(others)),
        _ => (sentences.clone(), None),
    };
    let mut entries =
        vec![Entry::paragraph(sentence, Tone::Plain), Entry::paragraph("", Tone::Plain)];
    let listed = keymap.help(context);
    let (mut with, without): (Vec<_>, Vec<_>) =
        listed.into_iter().partition(|(keys, _)| !keys.is_empty());
    // What this place is for comes before what works nearly everywhere.
    with.sort_by_key(|(_, action)| action.contexts().iter().count() > FEW_PLACES);
    entries.extend(
        with.into_iter().map(|(keys, action)| {
            Entry::new(keys, action.sentence(), Tone::Plain).named(Tone::Key)
        }),
    );
    if !without.is_empty() {
        let heading = keymap.spell(context, "By name, with {palette}:");
        entries.push(Entry::paragraph("", Tone::Plain));
        entries.push(Entry::paragraph(heading, Tone::Heading));
        let named = |action: Action| {
            Entry::new(action.as_str(), action.sentence(), Tone::Plain).named(Tone::Key)
        };
        entries.extend(without.into_iter().map(|(_, action)| named(action)));
    }
    if let Some(others) = others {
        entries.push(Entry::paragraph("", Tone::Plain));
        entries.push(Entry::paragraph(others, Tone::Plain));
    }
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_stands_in_the_help_of_each_place_where_it_works() {
        let keymap = Keymap::default();
        for context in Context::ALL {
            let text = Help::of(context).as_text(&keymap);
            for action in Action::ALL.iter().filter(|it| it.contexts().contains(context)) {
                assert!(text.contains(action.sentence()), "{action:?} in {context:?}: {text}");
            }
            assert!(text.starts_with(&keymap.spell(context, context.sentence())), "{text}");
        }
    }

    #[test]
    fn the_own_actions_of_a_place_come_first() {
        let text = Help::of(Context::Chart).as_text(&Keymap::default());
        let at = |action: Action| text.find(action.sentence()).expect("it is listed");
        assert!(at(Action::ChangeRange) < at(Action::Palette), "{text}");
        assert!(at(Action::ChangeRange) < at(Action::CancelAll), "{text}");
    }

    #[test]
    fn nothing_is_cut_however_narrow_it_is() {
        let keymap = Keymap::default();
        let mut help = Help::of(Context::Output);
        for width in [20, 34, 76, 140] {
            help.fit(&keymap, width, 8);
            let words: String = help.rows().iter().flatten().map(|(it, _)| it.as_str()).collect();
            for action in [Action::Run, Action::Fork, Action::PickWinner] {
                for word in action.sentence().split(' ') {
                    assert!(words.contains(word), "{word} at {width}");
                }
            }
        }
    }

    #[test]
    fn places_go_round() {
        let mut help = Help::of(Context::Library);
        help.turn(-1);
        assert_eq!(help.context(), Context::Question);
        help.turn(1);
        assert_eq!((help.context(), help.place().as_str()), (Context::Library, "1 of 16"));
    }
}
