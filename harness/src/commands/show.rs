//! `duress show`: a run's report again, from its journal; or its call paths.

use super::run::{code_of, draw, summary};
use super::{Screen, print, print_bytes, say};
use crate::cli::{FoldedValue, Format, ShowArgs};
use crate::exit::{Code, Failure};
use crate::run_dir;
use journal::Attribution;
use report::Summary;
use report::folded::Value;
use std::io::{self, IsTerminal};

pub(super) fn run(args: &ShowArgs, screen: Screen) -> Result<Code, Failure> {
    let summary = summary(&run_dir::find(&args.run)?)?;
    if args.site || args.folded || args.pprof {
        paths(args, &summary, screen)?;
    } else {
        whole(args, &summary, screen)?;
    }
    // Showing succeeded, whatever is shown.
    Ok(Code::Clean)
}

fn whole(args: &ShowArgs, summary: &Summary, screen: Screen) -> Result<(), Failure> {
    // What the run itself exited with, but for its --allow-vacuous, which no journal knows.
    let signal = summary.interrupted.and_then(|signal| u8::try_from(signal).ok());
    let code = match (&summary.aborted, signal) {
        // A command that the kernel could not execute (2) looks the same here.
        (Some(_), _) => Code::Theirs,
        (None, Some(signal)) => Code::Interrupted(signal),
        (None, None) => code_of(summary.verdict, false),
    };
    draw(summary, args.format, code, screen)
}

/// One of the drawings of call paths.
fn paths(args: &ShowArgs, summary: &Summary, screen: Screen) -> Result<(), Failure> {
    if args.pprof && io::stdout().is_terminal() {
        return Err(Failure::yours("a profile is nothing to read on a terminal")
            .help(format!("duress show {} --pprof > faults.pb.gz", args.run)));
    }
    if !summary.profile.has_sites() {
        if summary.header.attribution == Attribution::Never {
            return Err(Failure::yours("this run knows no sites").help(
                "run it again with `--sites fired`, or with `--sites all` for the calls that no rule hits",
            ));
        }
        say(why_there_are_none(summary));
    }
    if args.site {
        return match args.format {
            Format::Human => print(&report::sites::draw(summary, screen.out)),
            Format::Json => print(&report::sites::json(summary)),
            Format::Junit => Err(Failure::yours("sites are no test cases: there is no JUnit of them").help(
                "use `--format json`, or leave `--site` away: the report names the lines of each test",
            )),
        };
    }
    if args.pprof {
        return print_bytes(&report::pprof::draw(summary));
    }
    let value = match args.value {
        Some(FoldedValue::Calls) => Value::Calls,
        Some(FoldedValue::Faults) => Value::Faults,
        Some(FoldedValue::Latency) => Value::Latency,
        None => Value::of(summary.header.attribution),
    };
    print(&report::folded::draw(summary, value))
}

/// Why no site is known though they were asked for.
fn why_there_are_none(summary: &Summary) -> &'static str {
    if summary.profile.is_empty() {
        "note: no fault hit a call, so no site was asked for; `duress run --sites all` asks for that of every trapped call\n"
    } else {
        "note: of no call in this run the site could be found out\n"
    }
}
