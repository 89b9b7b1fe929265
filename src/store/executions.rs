//! The life of an execution in the database: begun, checkpointed, finished, read.

use rusqlite::{OptionalExtension, params};

use super::{
    Store, StoreError, budget,
    facts::{COLUMN_COUNT, COLUMNS, Facts},
    fault::Outcome,
    record::{self, Answer, FactsSoFar, Request, Standing},
    search::{self, SearchWords},
    writer::{Session, Underway},
};
use crate::model::{Attempt, ChunkLog, Execution, ExecutionId, ModelRef, Status, Timing, Usage};

/// What came since the last checkpoint of an execution.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkpoint {
    /// Which of the call's answers this is of, counted from 0. With the first checkpoint of the
    /// next answer, those of the one before no longer stand for what is coming.
    pub answer: u32,
    pub text_delta: String,
    pub reasoning_delta: String,
    pub refusal_delta: String,
    /// Times known so far.
    pub timing: Option<Timing>,
    /// Tokens known so far.
    pub usage: Option<Usage>,
    /// The model the server says it used, if that is known and another name.
    pub response_model: Option<String>,
    /// The attempts that have ended, where there are more than were told before.
    pub attempts: Option<Vec<Attempt>>,
    /// The model that is asked now, where it is not the one the execution was begun with.
    pub model: Option<ModelRef>,
}

impl Store {
    /// Commits an execution that is about to be sent, status running. Once this has answered,
    /// the record survives the end of the process.
    pub async fn begin(&self, execution: &Execution) -> Result<(), StoreError> {
        self.begin_many(std::slice::from_ref(execution)).await
    }

    /// Commits several executions that are about to be sent, all or none.
    pub async fn begin_many(&self, executions: &[Execution]) -> Result<(), StoreError> {
        let prepared = executions
            .iter()
            .map(|execution| Ok((Facts::of(execution), Request::of(execution)?)))
            .collect::<Outcome<Vec<_>>>()
            .map_err(|fault| fault.at(self.path()))?;
        self.write(false, move |session| {
            prepared
                .iter()
                .try_for_each(|(facts, request)| insert(session, facts, request).map(|_| ()))
        })
        .await
    }

    /// Keeps what came since the last checkpoint, at the cost of that alone.
    ///
    /// # Errors
    /// [`StoreError::UnknownExecution`] if it was not begun or has ended.
    pub async fn checkpoint(
        &self,
        id: ExecutionId,
        checkpoint: Checkpoint,
    ) -> Result<(), StoreError> {
        let known = FactsSoFar {
            timing: checkpoint.timing.clone(),
            usage: checkpoint.usage,
            response_model: checkpoint.response_model.clone(),
            attempts: checkpoint.attempts.clone(),
            model: checkpoint.model.clone(),
        };
        let known = record::json(&known).map_err(|fault| fault.at(self.path()))?;
        self.write(false, move |session| append(session, id, &checkpoint, &known)).await
    }

    /// Commits an execution that has ended, however it ended, so that it survives the loss of
    /// power too. One that was never begun (its begin failed) is recorded whole, and one that
    /// was finished before is replaced; tags and a rating given meanwhile stay.
    pub async fn finish(&self, execution: &Execution, chunks: &ChunkLog) -> Result<(), StoreError> {
        let ended = Ended::of(execution, chunks).map_err(|fault| fault.at(self.path()))?;
        self.write(true, move |session| ended.write(session)).await
    }

    /// The whole record, or `None` if there is none or it is in the trash. A running one comes
    /// with what its checkpoints kept so far.
    pub async fn get(&self, id: ExecutionId) -> Result<Option<Execution>, StoreError> {
        self.read(move |connection| match record::find(connection, id)? {
            Some((facts, Standing { sequence, deleted: false, .. })) => {
                record::load(connection, &facts, sequence).map(Some)
            }
            _ => Ok(None),
        })
        .await
    }

    /// When and in what pieces an answer came; empty for one that has not ended.
    pub async fn chunks(&self, id: ExecutionId) -> Result<ChunkLog, StoreError> {
        self.read(move |connection| {
            let bytes: Option<Vec<u8>> = connection
                .prepare_cached(
                    "SELECT chunks FROM answers
                     JOIN executions USING (sequence) WHERE id = ? AND deleted_ns IS NULL",
                )?
                .query_row([id.0.as_bytes()], |row| row.get(0))
                .optional()?;
            Ok(ChunkLog::from_bytes(&bytes.unwrap_or_default()))
        })
        .await
    }
}

/// Inserts a new execution with its request.
fn insert(session: &mut Session<'_>, facts: &Facts, request: &Request) -> Outcome<i64> {
    let workspace = session.workspace()?;
    let process = match facts.status {
        Status::Running => session.process()?,
        _ => None,
    };
    let marks = "?, ".repeat(COLUMN_COUNT);
    let mut statement = session.connection.prepare_cached(&format!(
        "INSERT INTO executions ({COLUMNS}, workspace, process) VALUES ({marks}?, ?)"
    ))?;
    facts.bind(&mut statement)?;
    statement.raw_bind_parameter(COLUMN_COUNT + 1, workspace)?;
    statement.raw_bind_parameter(COLUMN_COUNT + 2, process)?;
    statement.raw_execute()?;
    let sequence = session.connection.last_insert_rowid();
    request.write(session.connection, sequence)?;
    session.deltas.hour(facts.hour(), sequence, 0);
    if facts.status == Status::Running {
        session
            .memory
            .underway
            .insert(facts.id, Underway { fingerprint: request.fingerprint, checkpoints: 0 });
    }
    Ok(sequence)
}

fn append(
    session: &mut Session<'_>,
    id: ExecutionId,
    checkpoint: &Checkpoint,
    known: &str,
) -> Outcome<()> {
    let Some(sequence) = running_sequence(session, id)? else {
        return Err(StoreError::UnknownExecution { id }.into());
    };
    session
        .connection
        .prepare_cached(
            "INSERT INTO checkpoints (sequence, number, text, reasoning, refusal, facts, answer)
             VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM checkpoints WHERE sequence = ?1),
                     ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            sequence,
            checkpoint.text_delta,
            checkpoint.reasoning_delta,
            checkpoint.refusal_delta,
            known,
            checkpoint.answer
        ])?;
    if let Some(underway) = session.memory.underway.get_mut(&id) {
        underway.checkpoints += 1;
    }
    Ok(())
}

fn running_sequence(session: &Session<'_>, id: ExecutionId) -> Outcome<Option<i64>> {
    let sequence = session
        .connection
        .prepare_cached("SELECT sequence FROM executions WHERE id = ? AND status = 'running'")?
        .query_row([id.0.as_bytes()], |row| row.get(0))
        .optional()?;
    Ok(sequence)
}

/// An execution that has ended, ready to be written.
struct Ended {
    facts: Facts,
    request: Request,
    answer: Answer,
}

/// Writes an execution that has ended, prepared here and now.
pub(super) fn end(
    session: &mut Session<'_>,
    execution: &Execution,
    chunks: &ChunkLog,
) -> Outcome<()> {
    Ended::of(execution, chunks)?.write(session)
}

impl Ended {
    fn of(execution: &Execution, chunks: &ChunkLog) -> Outcome<Self> {
        Ok(Self {
            facts: Facts::of(execution),
            request: Request::of(execution)?,
            answer: Answer::of(execution, chunks)?,
        })
    }

    fn write(&self, session: &mut Session<'_>) -> Outcome<()> {
        let underway = session.memory.underway.remove(&self.facts.id);
        // What it cost counts from here on, so nothing needs to be set aside for it any more.
        budget::release(session, self.facts.id)?;
        let Some((before, standing)) = record::find(session.connection, self.facts.id)? else {
            let sequence = insert(session, &self.facts, &self.request)?;
            let workspace = session.workspace()?;
            let standing = Standing { sequence, workspace, deleted: false };
            return self.settle(session, standing, &self.facts, None);
        };
        let mut facts = self.facts.clone();
        facts.rating = facts.rating.or(before.rating);
        update(session, &facts, standing.sequence)?;
        if (&before.provider, &before.model) != (&facts.provider, &facts.model) {
            session
                .connection
                .prepare_cached("UPDATE executions SET provider = ?, model = ? WHERE sequence = ?")?
                .execute(params![facts.provider, facts.model, standing.sequence])?;
        }
        if underway.is_none_or(|known| known.fingerprint != self.request.fingerprint) {
            self.request.write(session.connection, standing.sequence)?;
        }
        if underway.is_none_or(|known| known.checkpoints > 0) {
            session
                .connection
                .prepare_cached("DELETE FROM checkpoints WHERE sequence = ?")?
                .execute([standing.sequence])?;
        }
        self.settle(session, standing, &facts, Some(before))
    }

    /// Writes the answer and lets the execution count in searches and sums, instead of what it
    /// was before.
    fn settle(
        &self,
        session: &mut Session<'_>,
        standing: Standing,
        facts: &Facts,
        before: Option<Facts>,
    ) -> Outcome<()> {
        let Standing { sequence, workspace, deleted } = standing;
        self.answer.write(session.connection, sequence)?;
        let before = before.filter(|before| before.status != Status::Running);
        if let Some(before) = &before {
            let cost = before.cost_nano().unwrap_or(0);
            session.deltas.hour(before.hour(), sequence, -cost);
        }
        session.deltas.hour(facts.hour(), sequence, facts.cost_nano().unwrap_or(0));
        if deleted {
            return Ok(());
        }
        if let Some(before) = &before {
            session.deltas.subtract(before.contribution(workspace));
            unindex(session, sequence)?;
        }
        session.deltas.add(facts.contribution(workspace));
        index(session, standing, facts, &self.answer.words)
    }
}

/// Overwrites the small row, but for what an execution is found by: that never changes, or, as
/// the model does where another one answered, seldom.
fn update(session: &Session<'_>, facts: &Facts, sequence: i64) -> Outcome<()> {
    const FIXED: [&str; 5] = ["id", "run_id", "template", "provider", "model"];
    let settings: Vec<String> = COLUMNS
        .split(',')
        .map(str::trim)
        .enumerate()
        .filter(|(_, column)| !FIXED.contains(column))
        .map(|(index, column)| format!("{column} = ?{}", index + 1))
        .collect();
    let mut statement = session.connection.prepare_cached(&format!(
        "UPDATE executions SET {}, process = NULL WHERE sequence = ?{}",
        settings.join(", "),
        COLUMN_COUNT + 1
    ))?;
    facts.bind(&mut statement)?;
    statement.raw_bind_parameter(COLUMN_COUNT + 1, sequence)?;
    statement.raw_execute()?;
    Ok(())
}

/// Lets a finished execution be found by its words.
pub(super) fn index(
    session: &Session<'_>,
    Standing { sequence, workspace, .. }: Standing,
    facts: &Facts,
    words: &SearchWords,
) -> Outcome<()> {
    let tags = record::tags(session.connection, sequence)?;
    let facets = search::facets(workspace, facts);
    search::put(session.connection, sequence, words, &tags, &facets)?;
    Ok(())
}

/// Takes an execution out of the search.
pub(super) fn unindex(session: &Session<'_>, sequence: i64) -> Outcome<()> {
    session.connection.prepare_cached("DELETE FROM search WHERE rowid = ?")?.execute([sequence])?;
    Ok(())
}
