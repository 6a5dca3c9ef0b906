//! `duress fuzz`: searches for the point where something fails.

use super::{Screen, print};
use crate::cli::{FuzzCommand, FuzzEnvArgs, ListFormat};
use crate::exit::{Code, Failure};
use crate::fuzz::{self, Shape, Stopped, Wanted};
use shim::padding::Kind;
use std::io::{self, IsTerminal};

pub(super) fn run(command: &FuzzCommand, screen: Screen) -> Result<Code, Failure> {
    match command {
        FuzzCommand::Env(args) => env(args, screen),
    }
}

fn env(args: &FuzzEnvArgs, screen: Screen) -> Result<Code, Failure> {
    let kind = if args.args { Kind::Arguments } else { Kind::Variables };
    let able = Shape::of(kind);
    if let Some(shape) = args.shapes.iter().find(|shape| !able.contains(shape)) {
        return Err(Failure::yours(format!("arguments have no shape `{shape}`"))
            .help("an argument has no name; `one` is a long one"));
    }
    let shapes = if args.shapes.is_empty() { able } else { args.shapes.clone() };
    let tells = args.format == ListFormat::Human && io::stderr().is_terminal();
    let wanted = Wanted {
        command: args.command.clone(),
        kind,
        shapes,
        stack: args.stack,
        at: args.at,
        timeout: args.timeout,
        budget: args.budget,
        tells,
    };
    let report = match fuzz::search(&wanted) {
        Ok(report) => report,
        Err(Stopped::Failed(failure)) => return Err(failure),
        Err(Stopped::Interrupted(signal)) => return Ok(Code::Interrupted(signal)),
    };
    print(&match args.format {
        ListFormat::Human => fuzz::human(&report, screen.out),
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&report)
                .map_err(|error| Failure::ours(format!("cannot write the report as JSON: {error}")))?;
            text + "\n"
        }
    })?;
    Ok(if report.has_findings() { Code::Findings } else { Code::Clean })
}
