//! Whether others have written: what a screen shows may be older than what is there.

use tokio::sync::oneshot;

use super::{Store, StoreError, writer::Message};

/// A moment in what other processes wrote into the database. Two that differ have a write of
/// somebody else between them; this store's own writes make no difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment(i64);

#[cfg(test)]
impl Moment {
    /// The next one: somebody else has written.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// One in a database that nobody else has written into yet.
    #[must_use]
    pub fn first() -> Self {
        Self(1)
    }
}

impl Store {
    /// The moment it is now. Costs no look at any row. `None` where the database can only be
    /// read, or is in memory: there is nobody then whose writes could be seen.
    pub async fn moment(&self) -> Result<Option<Moment>, StoreError> {
        // Only the connection that does all the writing of this process can tell who wrote.
        let (Some(writer), Some(_)) = (&self.shared.writer, &self.shared.readers) else {
            return Ok(None);
        };
        let (reply, answer) = oneshot::channel();
        let look = move |connection: &rusqlite::Connection| {
            let version = connection
                .prepare_cached("PRAGMA data_version")
                .and_then(|mut statement| statement.query_row([], |row| row.get(0)));
            // A caller that no longer waits needs no answer.
            drop(reply.send(version));
        };
        writer.send(Message::Read(Box::new(look))).map_err(|_| StoreError::Closed)?;
        match answer.await {
            Ok(Ok(version)) => Ok(Some(Moment(version))),
            Ok(Err(error)) => Err(StoreError::from_sqlite(self.path(), &error).waited(self.busy())),
            Err(_) => Err(StoreError::Closed),
        }
    }
}
