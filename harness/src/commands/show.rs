//! `duress show`: a run's report again, from its journal.

use super::Screen;
use super::run::{code_of, draw, summary};
use crate::cli::ShowArgs;
use crate::exit::{Code, Failure};
use crate::run_dir;

pub(super) fn run(args: &ShowArgs, screen: Screen) -> Result<Code, Failure> {
    let summary = summary(&run_dir::find(&args.run)?)?;
    let code = code_of(summary.verdict, false);
    draw(&summary, args.format, code, screen)?;
    // Showing succeeded, whatever is shown.
    Ok(Code::Clean)
}
