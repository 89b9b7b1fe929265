//! Included text from the workspace's files.

use std::sync::Arc;

use super::workspace::{FileError, Workspace};
use crate::{
    model::nearest,
    prompt::{Form, SourceError, Sources},
};

impl Sources for Workspace {
    fn source(&self, name: &str) -> Result<Arc<str>, SourceError> {
        match self.included(name) {
            Ok(loaded) => Ok(Arc::from(loaded.source)),
            Err(FileError::Missing(_)) => Err(SourceError::Unknown {
                name: name.to_owned(),
                nearest: nearest(name, self.includable().iter().map(String::as_str))
                    .map(str::to_owned),
            }),
            Err(error @ (FileError::Outside { .. } | FileError::Name(_))) => {
                Err(SourceError::Refused { name: name.to_owned(), reason: error.to_string() })
            }
            Err(error) => {
                Err(SourceError::Unreadable { name: name.to_owned(), reason: error.to_string() })
            }
        }
    }

    fn tool(&self, name: &str) -> Result<Arc<str>, SourceError> {
        match self.tool_source(name) {
            Ok(text) => Ok(Arc::from(text)),
            Err(FileError::Missing(_)) => {
                let names = self.tool_names();
                let nearest = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
                Err(SourceError::Unknown { name: name.to_owned(), nearest })
            }
            Err(error) => {
                Err(SourceError::Unreadable { name: name.to_owned(), reason: error.to_string() })
            }
        }
    }

    fn form(&self, name: &str) -> Form {
        self.included(name)
            .ok()
            .and_then(|loaded| Form::of_extension(loaded.extension))
            .unwrap_or(Form::Prompty)
    }
}
