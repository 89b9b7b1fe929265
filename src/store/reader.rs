//! The threads that look things up, each with a connection of its own, so that a long search
//! never keeps a short one waiting alone.

use std::sync::{
    Arc, Mutex, PoisonError,
    mpsc::{self, Receiver, RecvError, Sender},
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{connection::Access, error::StoreError};

/// How many look at the same time.
pub(super) const READERS: usize = 2;

/// A look into the database, or word that it cannot be had.
pub(super) type Look = Box<dyn FnOnce(Result<&Connection, StoreError>) + Send>;

/// What the readers are asked.
pub(super) enum Question {
    Look(Look),
    /// One of them closes its connection, tells so, and ends.
    Close(oneshot::Sender<()>),
}

/// Starts the readers. They end when they are told to, or when nobody can ask any more.
pub(super) fn start(access: &Access) -> std::io::Result<Sender<Question>> {
    let (sender, receiver) = mpsc::channel();
    let receiver = Arc::new(Mutex::new(receiver));
    for number in 1..=READERS {
        let access = access.clone();
        let receiver = Arc::clone(&receiver);
        std::thread::Builder::new()
            .name(format!("store-reader-{number}"))
            .spawn(move || serve(&access, &receiver))?;
    }
    Ok(sender)
}

fn serve(access: &Access, receiver: &Mutex<Receiver<Question>>) {
    // Opened at the first look, which keeps it out of the time to start.
    let mut connection: Option<Connection> = None;
    loop {
        let next = receiver.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let look = match next {
            Ok(Question::Look(look)) => look,
            Ok(Question::Close(done)) => {
                drop(connection);
                // A caller that no longer waits needs no answer.
                let _ = done.send(());
                return;
            }
            Err(RecvError) => return,
        };
        if connection.is_none() {
            match access.reader() {
                Ok(opened) => connection = Some(opened),
                Err(error) => {
                    look(Err(error));
                    continue;
                }
            }
        }
        look(connection.as_ref().ok_or(StoreError::Closed));
    }
}
