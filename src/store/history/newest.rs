//! Looking for words among the newest executions themselves.
//!
//! The index keeps every word in its place, so a word-beginning makes it gather all executions
//! that hold any of the words that begin so before it can give the newest: seconds, where nearly
//! all of a million hold one. But where so many do, those of a page are among the newest few
//! hundred. They are put into a small index of their own, which reads words as the large one
//! does, and that one is asked.

use rusqlite::Connection;

use super::{
    Cursor, HistoryPage, HistoryQuery, Outcome, SearchWords, read_row, record, search, statement,
    time,
};

/// How far back it is looked, in executions of any kind.
const FARTHEST: i64 = 4_096;
/// How many are looked at before it is judged how many more it would take.
const FIRST: usize = 16;
/// The most that is read for a page, in bytes as they are stored. More takes longer than the
/// large index takes where it matters.
const MOST_BYTES: i64 = 256 * 1_024;
/// How the large index tells words apart.
const TOKENIZER: &str = "tokenize = 'unicode61 remove_diacritics 2'";

/// The page of a search, where the newest executions fill it; `None` where it would take too many
/// of them, or where one of them cannot be read, so that the large index has to be asked.
pub(super) fn page(
    connection: &Connection,
    query: &HistoryQuery,
    workspace: Option<i64>,
    limit: usize,
    words: &str,
) -> Outcome<Option<HistoryPage>> {
    let wordless = HistoryQuery { text: None, ..query.clone() };
    let beyond = newest(connection, query)?.saturating_sub(FARTHEST);
    let Some((sql, values)) = statement(&wordless, workspace, usize::MAX, Some(beyond)) else {
        return Ok(None);
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let small = SmallIndex::new()?;
    let mut seen = Vec::new();
    let mut bytes = 0;
    let mut more = FIRST;
    loop {
        for _ in 0..more {
            let Some(row) = rows.next()? else { return Ok(None) };
            let sequence = row.get(0)?;
            bytes += size(connection, sequence)?;
            if bytes > MOST_BYTES {
                return Ok(None);
            }
            let Ok(listed) = read_row(row) else { return Ok(None) };
            if small.add(connection, sequence).is_err() {
                return Ok(None);
            }
            seen.push((sequence, listed));
        }
        let found = small.matching(words)?;
        if let Some(last) = found.get(limit.saturating_sub(1)).filter(|_| found.len() > limit) {
            let mut page = HistoryPage { next: Some(Cursor(*last)), ..HistoryPage::default() };
            let matching = |(sequence, _): &mut (i64, _)| {
                found.binary_search_by(|it| (*sequence).cmp(it)).is_ok()
            };
            for (sequence, mut listed) in seen.extract_if(.., matching).take(limit) {
                listed.tags = record::tags(connection, sequence)?;
                page.rows.push(listed);
            }
            return Ok(Some(page));
        }
        // As many more as it takes if they hold the words as often as these.
        let wanted = (seen.len() * (limit + 1)).checked_div(found.len());
        let bytes_wanted = |wanted| {
            let each = bytes / i64::try_from(seen.len()).unwrap_or(i64::MAX).max(1);
            each.saturating_mul(i64::try_from(wanted).unwrap_or(i64::MAX))
        };
        match wanted {
            Some(wanted) if bytes_wanted(wanted) <= MOST_BYTES => {
                more = wanted.saturating_sub(seen.len()).max(FIRST);
            }
            _ => return Ok(None),
        }
    }
}

/// The newest sequence that can be on the page.
fn newest(connection: &Connection, query: &HistoryQuery) -> Outcome<i64> {
    let mut newest: i64 = connection
        .prepare_cached("SELECT coalesce(max(sequence), 0) FROM executions")?
        .query_row([], |row| row.get(0))?;
    if let Some(until) = query.until {
        let last: i64 = connection
            .prepare_cached("SELECT coalesce(max(last_sequence), 0) FROM hours WHERE hour <= ?")?
            .query_row([time::hour_of(time::to_stored(until))], |row| row.get(0))?;
        newest = newest.min(last);
    }
    Ok(query.before.map_or(newest, |Cursor(before)| newest.min(before - 1)))
}

/// How many bytes of an execution would have to be read. It reads none of them.
fn size(connection: &Connection, sequence: i64) -> Outcome<i64> {
    Ok(connection
        .prepare_cached(
            "SELECT coalesce((SELECT octet_length(messages) + octet_length(inputs)
                     FROM requests WHERE sequence = ?1), 0)
                 + coalesce((SELECT octet_length(text) + octet_length(reasoning)
                     + octet_length(refusal) + octet_length(details)
                     FROM answers WHERE sequence = ?1), 0)",
        )?
        .query_row([sequence], |row| row.get(0))?)
}

/// An index of a few executions, in memory.
struct SmallIndex(Connection);

impl SmallIndex {
    fn new() -> Outcome<Self> {
        let connection = Connection::open_in_memory()?;
        connection.execute_batch(&format!(
            "CREATE VIRTUAL TABLE search USING fts5 (
                 prompt, response, reasoning, notes, errors, facets, content = '', {TOKENIZER}
             );
             BEGIN"
        ))?;
        Ok(Self(connection))
    }

    /// Adds the words of an execution as it is stored, those that the large index has of it.
    fn add(&self, stored: &Connection, sequence: i64) -> Outcome<()> {
        let Some((facts, _)) = record::find_sequence(stored, sequence)? else { return Ok(()) };
        let execution = record::load(stored, &facts, sequence)?;
        // What facets narrow is narrowed before, by the rows themselves.
        search::put(&self.0, sequence, &SearchWords::of(&execution), &execution.tags, "")?;
        Ok(())
    }

    /// The sequences of those that match, newest first.
    fn matching(&self, words: &str) -> Outcome<Vec<i64>> {
        let mut statement = self
            .0
            .prepare_cached("SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC")?;
        let found = statement.query_map([words], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_indexes_tell_words_apart_alike() {
        assert!(include_str!("../schema/0001_initial.sql").contains(TOKENIZER));
    }
}
