//! `duress plan check`: every mistake in a plan file, or what it means.

use super::{Screen, print, say};
use crate::cli::PlanCommand;
use crate::exit::{Code, Failure};
use crate::settings;
use model::Diagnostic;
use std::fmt::Write as _;

pub(super) fn run(command: &PlanCommand, screen: Screen) -> Result<Code, Failure> {
    let PlanCommand::Check { file } = command;
    let source = settings::read_plan(file)?;
    let (plan, found) = settings::read(Some(&source), &[]);
    if found.iter().any(Diagnostic::is_error) {
        return Err(Failure::mistakes(found));
    }
    say(&report::diagnostics::draw(&found, screen.err));
    let rules = plan.rules.len();
    let traps = plan.interest().len();
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = format!(
        "{}: {rules} rule{}, {traps} system call{} trapped\n",
        file.display(),
        plural(rules),
        plural(traps)
    );
    for rule in &plan.rules {
        let _ = writeln!(text, "  {:16} {}", rule.name, rule.spec());
    }
    print(&text)?;
    Ok(Code::Clean)
}
