//! Why something could not be measured.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

/// Why something could not be measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The host lacks a program.
    #[error("needs {0}")]
    Needs(&'static str),
    /// A program could not be started.
    #[error("cannot start `{line}`: {source}")]
    Start {
        /// Its command line.
        line: String,
        /// Why.
        source: io::Error,
    },
    /// A program went on for too long and was ended.
    #[error("`{line}` was ended after {limit:?}")]
    TooLong {
        /// Its command line.
        line: String,
        /// How long it had.
        limit: Duration,
    },
    /// A program failed.
    #[error("`{line}` ended with {status}: {stderr}")]
    Failed {
        /// Its command line.
        line: String,
        /// How it ended.
        status: ExitStatus,
        /// What it said.
        stderr: String,
    },
    /// A program did something else than what was to be measured.
    #[error("`{line}` did not do what was to be measured: {what}")]
    Wrong {
        /// Its command line.
        line: String,
        /// What it did.
        what: String,
    },
    /// A scratch file or the process's own account could not be read or written.
    #[error("cannot {what}: {source}")]
    File {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Who made a call cannot be told.
    #[error("cannot {what}: {reason}")]
    Go {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        reason: String,
    },
    /// The bare loop failed.
    #[error("the bare loop cannot {what}: {reason}")]
    Bare {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        reason: String,
    },
}

impl Error {
    /// For `map_err` on what is done with files.
    pub(crate) fn file(what: &'static str) -> impl FnOnce(io::Error) -> Error {
        move |source| Error::File { what, source }
    }
}
