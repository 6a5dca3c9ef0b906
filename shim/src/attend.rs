//! The command of a run that attaches to a process: it ends when the process does, so that guard and supervisor need know
//! no other kind of run.

use crate::{ORPHANED, sys};
use std::ffi::OsString;
use std::process::ExitCode;

/// Waits for the end of the process with this number.
pub(crate) fn await_end(process: Option<OsString>) -> ExitCode {
    let process = process.and_then(|word| word.to_str()?.parse().ok());
    match process.map(sys::await_end) {
        // One that is gone already has ended too.
        Some(Ok(()) | Err(_)) => ExitCode::SUCCESS,
        None => ExitCode::from(ORPHANED),
    }
}
