//! How a command ends that could not do what was asked.

use super::output::Closed;
use crate::app::AppError;

/// Why a command stops.
#[derive(Debug)]
pub enum Failure {
    /// Something to tell, with the exit code that goes with it.
    Told { message: String, code: u8 },
    /// Nobody reads the output any more.
    Closed,
}

impl Failure {
    /// Bad usage, file or settings.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Told { message: message.into(), code: 2 }
    }
}

impl<E: Into<AppError>> From<E> for Failure {
    fn from(error: E) -> Self {
        let error = error.into();
        Self::Told { message: error.to_string(), code: error.exit_code() }
    }
}

impl From<Closed> for Failure {
    fn from(closed: Closed) -> Self {
        match closed {
            Closed::Left => Self::Closed,
            Closed::Failed(kind) => Self::usage(format!(
                "cannot write to standard output ({kind}); what was written of it is not whole"
            )),
        }
    }
}
