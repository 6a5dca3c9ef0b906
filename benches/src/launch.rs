//! What the start of a test binary costs, and what a whole run costs beside its target.
//!
//! `duress run` is given a `go` that is not Go's: the starter, which answers questions with the real one, and plays
//! `go test` by starting one test binary again and again, in turns by itself and through the words that duress put
//! behind `-exec`. So the supervisor, the shim and the binary are the real ones, and the noise of building is left out.

use crate::group::Measured;
use crate::module::Module;
use crate::process::{self, Memory};
use crate::programs::has;
use crate::sys::Trivial;
use crate::tracee::{self, Ends, Task};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};
use std::os::unix::fs::symlink;
use std::path::PathBuf;

pub(crate) const CLAIMS: [Claim; 1] = [Claim {
    what: "the start of a test binary under duress, more than without",
    unit: "ms",
    target: Target::AtMost(5.0),
}];

/// A rule of the usual kind that never fires: what the start of a Go program reads is trapped and passed.
const RULE: &str = "openat:error=ENOSPC:when=1000000000";

/// What the starter is told, in variables.
#[derive(Debug)]
pub struct Starts {
    /// The test binary.
    pub binary: PathBuf,
    /// How many pairs of starts.
    pub pairs: u32,
    /// Where it leaves, line by line, the milliseconds of a start without and with duress.
    pub result: PathBuf,
}

impl Starts {
    /// The names of its variables.
    const NAMES: [&str; 3] = ["BENCH_BINARY", "BENCH_PAIRS", "BENCH_RESULT"];

    /// What the variables say.
    pub fn from_variables() -> Option<Starts> {
        let [binary, pairs, result] = Starts::NAMES.map(std::env::var_os);
        let pairs = pairs?.to_str()?.parse().ok()?;
        Some(Starts { binary: binary?.into(), pairs, result: result?.into() })
    }

    fn variables(&self) -> impl Iterator<Item = (&str, std::ffi::OsString)> {
        let values = [self.binary.clone().into(), self.pairs.to_string().into(), self.result.clone().into()];
        Starts::NAMES.into_iter().zip(values)
    }
}

/// Starts of a test binary, and runs of a program that does nothing.
///
/// # Errors
/// Go is missing, something cannot be built or started.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let (alone, under) = starts(programs, effort)?;
    let (program, run) = runs(programs, effort)?;
    let mut table = Table::new(
        "Starts (ms, from the start to the end of what does nothing)",
        &["what", "ms", "min..max"],
    );
    let rows = [
        ("test binary by itself", &alone),
        ("test binary under duress", &under),
        ("the difference, pair by pair", &under.minus(&alone)),
        ("small program by itself", &program),
        ("duress run of it, with report", &run),
        ("the difference, pair by pair", &run.minus(&program)),
    ];
    for (what, series) in rows {
        table.row(vec![what.to_owned(), format!("{:.2}", series.median()), format!("{series:.2}")]);
    }
    Ok(Measured { tables: vec![table], found: vec![Ok(under.minus(&alone))] })
}

fn starts(programs: &Programs, effort: &Effort) -> Result<(Series, Series), Error> {
    has("go", "version")?;
    let (module, binary) = Module::of_nothing()?;
    let go = module.path().join("go");
    symlink(programs.starter(), &go).map_err(Error::file("name the starter `go`"))?;
    let starts = Starts { binary, pairs: effort.starts, result: module.path().join("starts") };
    let mut command = programs.duress_run(["-e", RULE]);
    command.arg(go).args(["test", "."]).current_dir(module.path()).envs(starts.variables());
    process::run(&mut command, Memory::Unwatched)?;
    let text = std::fs::read_to_string(&starts.result).map_err(Error::file("read the starter's times"))?;
    pairs_in(&text).ok_or_else(|| Error::Wrong {
        line: process::line_of(&command),
        what: format!("the starter left no times but `{text}`"),
    })
}

fn pairs_in(text: &str) -> Option<(Series, Series)> {
    let (mut alone, mut under) = (Series::default(), Series::default());
    for line in text.lines() {
        let (first, second) = line.split_once(' ')?;
        alone.push(first.parse().ok()?);
        under.push(second.parse().ok()?);
    }
    Some((alone, under))
}

fn runs(programs: &Programs, effort: &Effort) -> Result<(Series, Series), Error> {
    let task = Task { parts: 1, ..Task::new(Trivial::Getpgrp, 1) };
    let (mut alone, mut under) = (Series::default(), Series::default());
    for _ in 0..effort.runs {
        let (_, account) =
            tracee::run(&task, Ends::Succeeding, Memory::Unwatched, |result| programs.native(&task, result))?;
        alone.push(account.wall.as_secs_f64() * 1e3);
        let (_, account) = tracee::run(&task, Ends::Succeeding, Memory::Unwatched, |result| {
            programs.duress(["-e", RULE], &task, result)
        })?;
        under.push(account.wall.as_secs_f64() * 1e3);
    }
    programs.forget_runs()?;
    Ok((alone, under))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_line_by_line() {
        let (alone, under) = pairs_in("1.5 3\n2 4.5\n").unwrap();
        assert_eq!((alone, under), ([1.5, 2.0].into_iter().collect(), [3.0, 4.5].into_iter().collect()));
        assert!(pairs_in("1.5\n").is_none());
    }
}
