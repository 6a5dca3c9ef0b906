//! `duress run`: a command under a plan.

use super::{Screen, print, say};
use crate::cli::{Format, RunArgs};
use crate::exit::{Code, Failure, chain};
use crate::relay::Audience;
use crate::run_dir::JOURNAL;
use crate::session::Session;
use crate::{session, settings};
use journal::Reader;
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use report::{Summary, Verdict};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub(super) fn run(args: &RunArgs, screen: Screen) -> Result<Code, Failure> {
    if args.tied {
        // Not to be had is no failure: then who started us has to end us.
        let _ = set_pdeathsig(Signal::SIGTERM);
    }
    let (orders, warnings) = settings::orders(args, audience(args.format))?;
    say(&report::diagnostics::draw(&warnings, screen.err));
    let session = session::run(orders)?;
    warn(&session);
    let summary = summary(&session.dir.path)?;
    let code = code(&summary, &session, args.allow_vacuous);
    draw(&summary, args.format, code, screen)?;
    Ok(code)
}

/// Says what the report will lack.
pub(super) fn warn(session: &Session) {
    if let Some(refusal) = &session.unattributed {
        say(&refusal.warning());
    }
}

/// What the target prints goes where the format leaves room for it.
pub(super) fn audience(format: Format) -> Audience {
    match format {
        Format::Human => Audience::Direct,
        Format::Json | Format::Junit => Audience::Aside,
    }
}

/// Reads a run's journal.
pub(crate) fn open(dir: &Path) -> Result<Reader<BufReader<File>>, Failure> {
    let path = dir.join(JOURNAL);
    let file = File::open(&path)
        .map_err(|error| Failure::yours(format!("cannot open the journal `{}`: {error}", path.display())))?;
    Reader::open(BufReader::with_capacity(256 << 10, file)).map_err(|error| damaged(&path, &error))
}

/// What a run's journal says of it.
pub(crate) fn summary(dir: &Path) -> Result<Summary, Failure> {
    Summary::read(&mut open(dir)?, dir).map_err(|error| damaged(&dir.join(JOURNAL), &error))
}

fn damaged(path: &Path, error: &journal::Error) -> Failure {
    Failure::yours(format!("`{}`: {}", path.display(), chain(error)))
}

/// The exit code that a run's verdict means.
pub(super) fn code(summary: &Summary, session: &Session, allow_vacuous: bool) -> Code {
    match session.interrupted {
        Some(signal) => Code::Interrupted(signal),
        None => code_of(summary.verdict, allow_vacuous),
    }
}

/// The exit code of a verdict.
pub(super) fn code_of(verdict: Verdict, allow_vacuous: bool) -> Code {
    match verdict {
        Verdict::Vacuous if allow_vacuous => Code::Clean,
        Verdict::Vacuous => Code::Vacuous,
        Verdict::Unaffected | Verdict::Survived => Code::Clean,
        Verdict::Failed | Verdict::Crashed | Verdict::Hung | Verdict::Silent => Code::Findings,
    }
}

pub(super) fn draw(summary: &Summary, format: Format, code: Code, screen: Screen) -> Result<(), Failure> {
    print(&match format {
        Format::Human => report::human::draw(summary, screen.out),
        Format::Json => report::json::draw(summary, code.number().into()),
        Format::Junit => report::junit::draw(summary),
    })
}
