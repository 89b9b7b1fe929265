//! Reading the `[cache]` and `[budget]` tables.

use std::time::Duration;

use super::{BudgetSettings, CacheSettings, UnknownPrice, document::Section};
use crate::model::CacheMode;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(365 * 24);

/// The `[cache]` table. A file that is not trusted has no say in it: another mode may bring an
/// old answer where a new one is expected.
pub(super) fn cache(
    settings: &mut CacheSettings,
    section: &Section<'_, '_>,
    full: bool,
    untrusted: &mut Vec<String>,
) {
    let mut read = settings.clone();
    if let Some(mode) = section.word("mode", &CacheMode::ALL.map(|mode| (mode.as_str(), mode))) {
        read.mode = mode;
    }
    if let Some(any) = section.boolean("any_temperature") {
        read.any_temperature = any;
    }
    if let Some(ttl) = section.duration("ttl", SHORTEST..=LONGEST) {
        read.ttl = ttl.value;
    }
    if let Some(size) = section.size("max_size", 1024..=1 << 40) {
        read.max_size = size;
    }
    if let Some(similarity) = section.amount("similarity") {
        if (0.5..=1.0).contains(&similarity) {
            read.similarity = similarity;
        } else if let Some(at) = section.place("similarity") {
            section.note(at, "`similarity` must be a number from 0.5 to 1");
        }
    }
    if full {
        *settings = read;
    } else {
        untrusted.extend(section.names().map(|name| format!("cache.{name}")));
    }
}

/// The `[budget]` table. A file that is not trusted may make budgets smaller, and nothing else.
pub(super) fn budget(
    settings: &mut BudgetSettings,
    section: &Section<'_, '_>,
    full: bool,
    untrusted: &mut Vec<String>,
) {
    let mut limit = |name: &str, field: &mut Option<f64>| {
        let Some(amount) = section.amount(name) else { return };
        if full || field.is_none_or(|known| amount <= known) {
            *field = Some(amount);
        } else {
            untrusted.push(format!("budget.{name}"));
        }
    };
    limit("per_run", &mut settings.per_run);
    limit("hour", &mut settings.hour);
    limit("day", &mut settings.day);
    limit("month", &mut settings.month);
    limit("confirm_above", &mut settings.confirm_above);
    let words = UnknownPrice::ALL.map(|choice| (choice.as_str(), choice));
    if let Some(choice) = section.word("unknown_price", &words) {
        if full || choice == UnknownPrice::Block {
            settings.unknown_price = choice;
        } else {
            untrusted.push("budget.unknown_price".to_owned());
        }
    }
}
