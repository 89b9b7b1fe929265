//! Lists of executions, newest first, page by page.

mod newest;

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, types::Value};
use semver::Version;
use uuid::Uuid;

use super::{
    Store, StoreError,
    facts::word,
    fault::{Fault, Outcome},
    record,
    search::{self, Search, SearchWords},
    time,
};
use crate::model::{
    CacheState, ErrorKind, ExecutionId, ModelRef, RunId, Status, TemplateId, Usage, VariantName,
};

/// The most rows of one page.
const MOST: usize = 1_000;

/// Whose executions are looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Those of the store's own workspace.
    #[default]
    This,
    /// Those of every workspace.
    All,
}

/// A tag that executions must have; any value where none is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    pub key: String,
    pub value: Option<String>,
}

/// What to list. Every condition that is given must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HistoryQuery {
    pub workspace: Scope,
    /// Words of the prompt, the answer, its reasoning, its error or its tags; words in double
    /// quotes must follow one another.
    pub text: Option<String>,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub provider: Option<String>,
    pub model: Option<ModelRef>,
    pub status: Option<Status>,
    pub error_kind: Option<ErrorKind>,
    pub tag: Option<TagFilter>,
    /// 1 to 5.
    pub rating: Option<u8>,
    pub run: Option<RunId>,
    /// Started at this time or later.
    pub since: Option<Timestamp>,
    /// Started before this time.
    pub until: Option<Timestamp>,
    /// US dollars, at least.
    pub min_cost: Option<f64>,
    /// US dollars, at most.
    pub max_cost: Option<f64>,
    /// Where the page before ended; `None` for the first.
    pub before: Option<Cursor>,
    /// Rows a page, at most 1,000; 0 means 50.
    pub limit: usize,
}

/// Where a page ended. New executions do not move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(i64);

/// A page of a list.
#[derive(Clone, Debug, Default)]
pub struct HistoryPage {
    /// Newest first.
    pub rows: Vec<HistoryRow>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

/// One execution as a list shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct HistoryRow {
    pub id: ExecutionId,
    pub run_id: RunId,
    pub started_at: Timestamp,
    pub template: Option<TemplateId>,
    pub version: Option<Version>,
    pub variant: VariantName,
    pub provider: String,
    pub model: String,
    pub status: Status,
    pub error_kind: Option<ErrorKind>,
    /// The answer's first line in plain words, else the error's message, else the prompt's first
    /// line in plain words.
    pub excerpt: String,
    pub usage: Usage,
    pub cost_usd: Option<f64>,
    pub total_ms: Option<u64>,
    pub ttft_ms: Option<u64>,
    /// 1 to 5.
    pub rating: Option<u8>,
    pub cache: CacheState,
    /// How alike the prompts are, for an answer from the cache.
    pub similarity: Option<f64>,
    pub tags: BTreeMap<String, String>,
}

const ROW: &str = "e.sequence, e.id, e.run_id, e.started_ns, e.template, e.version, e.variant, \
    e.provider, e.model, e.status, e.error_kind, e.answer_line, e.error_line, e.prompt_line, \
    e.input_tokens, e.output_tokens, e.cached_input_tokens, e.cache_write_tokens, \
    e.reasoning_tokens, e.usage_estimated, e.cost_usd, e.total_ms, e.ttft_ms, e.rating, e.cache, e.similarity";

impl Store {
    /// What is damaged in the database, as SQLite tells it; nothing where it is sound.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.read(|connection| {
            let mut statement = connection.prepare("PRAGMA quick_check(10)")?;
            let told = statement.query_map([], |row| row.get::<_, String>(0))?;
            let told: Vec<String> = told.collect::<Result<_, _>>()?;
            Ok(told.into_iter().filter(|line| line != "ok").collect())
        })
        .await
    }

    /// A page of executions that are not in the trash, newest first.
    pub async fn history(&self, query: HistoryQuery) -> Result<HistoryPage, StoreError> {
        let name = self.workspace_name();
        self.read(move |connection| {
            if query.workspace == Scope::All {
                return page(connection, &query, None);
            }
            match workspace_id(connection, &name)? {
                Some(id) => page(connection, &query, Some(id)),
                None => Ok(HistoryPage::default()),
            }
        })
        .await
    }

    /// The executions whose id begins with a text as ids are written, newest first, at most 20.
    pub async fn find_by_prefix(&self, prefix: &str) -> Result<Vec<ExecutionId>, StoreError> {
        let Some((low, high)) = id_range(prefix) else { return Ok(Vec::new()) };
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT id FROM executions
                 WHERE id >= ? AND id <= ? AND deleted_ns IS NULL
                 ORDER BY sequence DESC LIMIT 20",
            )?;
            let rows = statement.query_map([&low[..], &high[..]], |row| {
                Ok(ExecutionId(Uuid::from_bytes(row.get(0)?)))
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// US dollars spent since a time, in every workspace, deleted executions too. Hours are
    /// counted whole: the hour the time lies in is included.
    pub async fn spend_since(&self, since: Timestamp) -> Result<f64, StoreError> {
        let hour = time::hour_of(time::to_stored(since));
        self.read(move |connection| {
            let nano: i64 = connection
                .prepare_cached("SELECT coalesce(sum(spent_nano), 0) FROM hours WHERE hour >= ?")?
                .query_row([hour], |row| row.get(0))?;
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52 nano-dollars")]
            Ok(nano as f64 / 1e9)
        })
        .await
    }
}

/// The least and greatest id whose written form begins with a text; `None` where none can.
fn id_range(prefix: &str) -> Option<([u8; 16], [u8; 16])> {
    let digits: Vec<u8> = prefix
        .chars()
        .filter(|letter| *letter != '-')
        .map(|letter| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    if digits.is_empty() || digits.len() > 32 {
        return None;
    }
    let fill = |rest: u8| {
        let mut bytes = [0_u8; 16];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digit = |at: usize| digits.get(at).copied().unwrap_or(rest);
            *byte = digit(index * 2) << 4 | digit(index * 2 + 1);
        }
        bytes
    };
    Some((fill(0), fill(15)))
}

/// Conditions of a query with the values they are bound to.
#[derive(Default)]
struct Conditions {
    sql: Vec<String>,
    values: Vec<Value>,
}

impl Conditions {
    fn add(&mut self, sql: impl Into<String>, value: impl Into<Value>) {
        self.sql.push(sql.into());
        self.values.push(value.into());
    }
}

/// What leads the way through the executions; all else only narrows.
struct Lead {
    tables: &'static str,
    /// The column that holds the sequence, in whose order rows come without being sorted.
    sequence: &'static str,
    /// Whether the rows it gives are few already, or in the order of the sequence.
    narrow: bool,
}

/// Finds the cheapest way to the newest rows, with the conditions it needs.
fn lead(query: &HistoryQuery, workspace: Option<i64>, conditions: &mut Conditions) -> Option<Lead> {
    match search::parse(query.text.as_deref().unwrap_or_default()) {
        Search::Nothing => return None,
        Search::Everything => {}
        Search::Words(words) => {
            // The index gives row numbers newest first, so that a page of a common word is found
            // without sorting all that hold it; narrowing by facets keeps a rare one fast too.
            conditions.add("search MATCH ?", format!("({words}){}", narrowed(query, workspace)));
            return Some(Lead {
                tables: "search AS s CROSS JOIN executions AS e ON e.sequence = s.rowid",
                sequence: "s.rowid",
                narrow: true,
            });
        }
    }
    let indexed = query.template.is_some()
        || query.model.is_some()
        || query.run.is_some()
        || query.rating.is_some()
        || query.error_kind.is_some()
        || query.status.is_some_and(|status| status != Status::Ok);
    if let Some(TagFilter { key, value: Some(value) }) = &query.tag
        && !indexed
    {
        conditions.add("t.key = ?", key.clone());
        conditions.add("t.value = ?", value.clone());
        return Some(Lead {
            tables: "tags AS t CROSS JOIN executions AS e ON e.sequence = t.sequence",
            sequence: "t.sequence",
            narrow: true,
        });
    }
    Some(Lead { tables: "executions AS e", sequence: "e.sequence", narrow: indexed })
}

/// The number of a workspace, from its first execution on.
pub(super) fn workspace_id(connection: &Connection, name: &str) -> Outcome<Option<i64>> {
    Ok(connection
        .prepare_cached("SELECT id FROM workspaces WHERE name = ?")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

/// A page of one workspace, or of all.
fn page(
    connection: &Connection,
    query: &HistoryQuery,
    workspace: Option<i64>,
) -> Outcome<HistoryPage> {
    let limit = if query.limit == 0 { 50 } else { query.limit.min(MOST) };
    if let Search::Words(words) = search::parse(query.text.as_deref().unwrap_or_default())
        && search::goes_on(&words)
        && let Some(page) = newest::page(connection, query, workspace, limit, &words)?
    {
        return Ok(page);
    }
    indexed_page(connection, query, workspace, limit)
}

/// A page as the indexes of the database find it.
fn indexed_page(
    connection: &Connection,
    query: &HistoryQuery,
    workspace: Option<i64>,
    limit: usize,
) -> Outcome<HistoryPage> {
    let Some((sql, values)) = statement(query, workspace, limit, None) else {
        return Ok(HistoryPage::default());
    };
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found = statement.query(rusqlite::params_from_iter(values))?;
    let mut page = HistoryPage::default();
    let mut last = None;
    while let Some(row) = found.next()? {
        if page.rows.len() == limit {
            page.next = last.map(Cursor);
            break;
        }
        let sequence: i64 = row.get(0)?;
        let mut listed = read_row(row)?;
        listed.tags = record::tags(connection, sequence)?;
        page.rows.push(listed);
        last = Some(sequence);
    }
    Ok(page)
}

/// The statement for a page and one row more, with what is bound to it; `None` where nothing can
/// match. With a sequence it looks only at those beyond it, and at those that have ended.
fn statement(
    query: &HistoryQuery,
    workspace: Option<i64>,
    limit: usize,
    beyond: Option<i64>,
) -> Option<(String, Vec<Value>)> {
    let mut conditions = Conditions::default();
    let Lead { tables, sequence, narrow: narrowed } = lead(query, workspace, &mut conditions)?;
    conditions.sql.push("e.deleted_ns IS NULL".to_owned());
    if let Some(workspace) = workspace {
        // The plus keeps the workspace's index from being taken where another leads to fewer rows.
        let plus = if narrowed { "+" } else { "" };
        conditions.add(format!("{plus}e.workspace = ?"), workspace);
    }
    narrow(&mut conditions, query);
    within_hours(&mut conditions, query, sequence);
    if let Some(Cursor(before)) = query.before {
        conditions.add(format!("{sequence} < ?"), before);
    }
    if let Some(beyond) = beyond {
        conditions.add(format!("{sequence} > ?"), beyond);
        conditions.sql.push("e.status <> 'running'".to_owned());
    }
    let sql = format!(
        "SELECT {ROW} FROM {tables} WHERE {} ORDER BY {sequence} DESC LIMIT {}",
        conditions.sql.join(" AND "),
        i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
    );
    Some((sql, conditions.values))
}

/// Bounds the sequence by what the hours of a span of time hold, so that an old day is found
/// without walking through all that came after it.
fn within_hours(conditions: &mut Conditions, query: &HistoryQuery, sequence: &str) {
    let hour = |at: Timestamp| time::hour_of(time::to_stored(at));
    if let Some(since) = query.since {
        conditions.add(
            format!(
                "{sequence} >= (SELECT coalesce(min(first_sequence), {}) FROM hours WHERE hour >= ?)",
                i64::MAX
            ),
            hour(since),
        );
    }
    if let Some(until) = query.until {
        conditions.add(
            format!(
                "{sequence} <= (SELECT coalesce(max(last_sequence), 0) FROM hours WHERE hour <= ?)"
            ),
            hour(until),
        );
    }
}

/// The facets that narrow a search in the index itself.
fn narrowed(query: &HistoryQuery, workspace: Option<i64>) -> String {
    let mut facets = Vec::new();
    facets.extend(workspace.map(search::workspace_facet));
    facets.extend(query.template.as_ref().map(|id| search::template_facet(id.as_str())));
    facets.extend(query.model.as_ref().map(|model| search::model_facet(&model.model)));
    let provider = query.provider.as_deref();
    let provider = provider.or(query.model.as_ref().map(|model| model.provider.as_str()));
    facets.extend(provider.map(search::provider_facet));
    facets.extend(query.status.map(search::status_facet));
    facets.iter().fold(String::new(), |mut all, facet| {
        all.push_str(" AND facets : \"");
        all.push_str(facet);
        all.push('"');
        all
    })
}

fn narrow(conditions: &mut Conditions, query: &HistoryQuery) {
    if let Some(template) = &query.template {
        conditions.add("e.template = ?", template.as_str().to_owned());
    }
    if let Some(version) = &query.version {
        conditions.add("e.version = ?", version.to_string());
    }
    if let Some(provider) = &query.provider {
        conditions.add("e.provider = ?", provider.clone());
    }
    if let Some(model) = &query.model {
        conditions.add("e.provider = ?", model.provider.clone());
        conditions.add("e.model = ?", model.model.clone());
    }
    if let Some(status) = query.status {
        conditions.add("e.status = ?", status.as_str().to_owned());
        if status != Status::Ok {
            // Lets SQLite use the index of what did not end well.
            conditions.sql.push("e.status <> 'ok'".to_owned());
        }
    }
    if let Some(kind) = query.error_kind {
        conditions.add("e.error_kind = ?", kind.as_str().to_owned());
    }
    if let Some(rating) = query.rating {
        conditions.add("e.rating = ?", i64::from(rating));
    }
    if let Some(run) = query.run {
        conditions.add("e.run_id = ?", run.0.as_bytes().to_vec());
    }
    if let Some(since) = query.since {
        conditions.add("e.started_ns >= ?", time::to_stored(since));
    }
    if let Some(until) = query.until {
        conditions.add("e.started_ns < ?", time::to_stored(until));
    }
    if let Some(cost) = query.min_cost {
        conditions.add("e.cost_usd >= ?", cost);
    }
    if let Some(cost) = query.max_cost {
        conditions.add("e.cost_usd <= ?", cost);
    }
    if let Some(TagFilter { key, value }) = &query.tag {
        let tagged = "EXISTS (SELECT 1 FROM tags AS t WHERE t.sequence = e.sequence AND t.key = ?";
        match value {
            None => conditions.add(format!("{tagged})"), key.clone()),
            Some(value) => {
                conditions.add(format!("{tagged} AND t.value = ?)"), key.clone());
                conditions.values.push(value.clone().into());
            }
        }
    }
}

fn read_row(row: &Row<'_>) -> Outcome<HistoryRow> {
    let text = |index| row.get::<_, Option<String>>(index);
    let number = |index| {
        let value: Option<i64> = row.get(index)?;
        Ok::<_, rusqlite::Error>(value.map(|value| u64::try_from(value).unwrap_or(0)))
    };
    let template = text(4)?.as_deref().map(TemplateId::new).transpose();
    let version = text(5)?.as_deref().map(Version::parse).transpose();
    let answer: String = row.get(11)?;
    let excerpt = match (answer.is_empty(), text(12)?) {
        (false, _) => answer,
        (true, Some(error)) => error,
        (true, None) => row.get(13)?,
    };
    Ok(HistoryRow {
        id: ExecutionId(Uuid::from_bytes(row.get(1)?)),
        run_id: RunId(Uuid::from_bytes(row.get(2)?)),
        started_at: time::from_stored(row.get(3)?),
        template: template.map_err(Fault::damaged)?,
        version: version.map_err(Fault::damaged)?,
        variant: word(&row.get::<_, String>(6)?)?,
        provider: row.get(7)?,
        model: row.get(8)?,
        status: word(&row.get::<_, String>(9)?)?,
        error_kind: text(10)?.as_deref().map(word).transpose()?,
        excerpt,
        usage: Usage {
            input_tokens: number(14)?,
            output_tokens: number(15)?,
            cached_input_tokens: number(16)?,
            cache_write_tokens: number(17)?,
            cache_write_hour_tokens: None,
            reasoning_tokens: number(18)?,
            estimated: row.get(19)?,
        },
        cost_usd: row.get(20)?,
        total_ms: number(21)?,
        ttft_ms: number(22)?,
        rating: row.get(23)?,
        cache: word(&row.get::<_, String>(24)?)?,
        similarity: row.get(25)?,
        tags: BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::store::migrate::{self, MIGRATIONS};

    /// How SQLite would find a page, step by step.
    fn plan(query: &HistoryQuery) -> String {
        let mut connection = Connection::open_in_memory().expect("opens");
        migrate::migrate(&mut connection, Path::new(":memory:"), MIGRATIONS).expect("migrated");
        let workspace = (query.workspace == Scope::This).then_some(1);
        let (sql, values) = statement(query, workspace, 50, None).expect("something can match");
        let mut explained =
            connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("it is SQL");
        let steps = explained
            .query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3))
            .expect("explained");
        steps.collect::<Result<Vec<_>, _>>().expect("explained").join("; ")
    }

    #[test]
    fn no_page_sorts_and_none_walks_through_everything() {
        let all = HistoryQuery::default;
        let template = TemplateId::new("one").ok();
        let day = Some(Timestamp::UNIX_EPOCH);
        for (query, way) in [
            (all(), "SEARCH e USING INDEX executions_workspace (workspace=?)"),
            (HistoryQuery { before: Some(Cursor(9)), ..all() }, "(workspace=? AND rowid<?)"),
            (
                HistoryQuery { since: day, until: day, ..all() },
                "(workspace=? AND rowid>? AND rowid<?)",
            ),
            (
                HistoryQuery { workspace: Scope::All, until: day, ..all() },
                "INTEGER PRIMARY KEY (rowid<?)",
            ),
            (
                HistoryQuery { template: template.clone(), ..all() },
                "executions_template (template=?)",
            ),
            (
                HistoryQuery { model: Some(ModelRef::new("demo", "fast")), ..all() },
                "executions_model (model=? AND provider=?)",
            ),
            (HistoryQuery { status: Some(Status::Error), ..all() }, "executions_status (status=?)"),
            (
                HistoryQuery { error_kind: Some(ErrorKind::Timeout), ..all() },
                "executions_error (error_kind=?)",
            ),
            (HistoryQuery { rating: Some(1), ..all() }, "executions_rating (rating=?)"),
            (HistoryQuery { run: Some(RunId(Uuid::nil())), ..all() }, "executions_run (run_id=?)"),
            (
                HistoryQuery {
                    tag: Some(TagFilter { key: "a".to_owned(), value: Some("b".to_owned()) }),
                    ..all()
                },
                "SEARCH t USING COVERING INDEX tags_key (key=? AND value=?)",
            ),
            (
                HistoryQuery { text: Some("word".to_owned()), template, ..all() },
                "SCAN s VIRTUAL TABLE",
            ),
        ] {
            let plan = plan(&query);
            assert!(plan.contains(way), "{query:?}: {plan}");
            assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN e"), "{query:?}: {plan}");
        }
    }

    #[test]
    fn an_id_is_found_by_its_beginning() {
        let (low, high) = id_range("019A-f").expect("hexadecimal");
        assert_eq!(
            (low[..3].to_vec(), high[..3].to_vec()),
            (vec![1, 0x9a, 0xf0], vec![1, 0x9a, 0xff])
        );
        assert_eq!((low[15], high[15]), (0, 255));
        for bad in ["", "xyz", "-", &"0".repeat(33)] {
            assert_eq!(id_range(bad), None, "{bad:?}");
        }
    }
}
