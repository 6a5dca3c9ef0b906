//! `duress show`: a run's report again, from its journal.

use super::Screen;
use super::run::{code_of, draw, summary};
use crate::cli::ShowArgs;
use crate::exit::{Code, Failure};
use crate::run_dir;

pub(super) fn run(args: &ShowArgs, screen: Screen) -> Result<Code, Failure> {
    let summary = summary(&run_dir::find(&args.run)?)?;
    // What the run itself exited with, but for its --allow-vacuous, which no journal knows.
    let signal = summary.interrupted.and_then(|signal| u8::try_from(signal).ok());
    let code = match (&summary.aborted, signal) {
        // A command that the kernel could not execute (2) looks the same here.
        (Some(_), _) => Code::Theirs,
        (None, Some(signal)) => Code::Interrupted(signal),
        (None, None) => code_of(summary.verdict, false),
    };
    draw(&summary, args.format, code, screen)?;
    // Showing succeeded, whatever is shown.
    Ok(Code::Clean)
}
