//! What one call costs, and what a call costs that nobody is after.

use crate::bare::{Manner, Sleep};
use crate::claim::Found;
use crate::group::Measured;
use crate::process::Memory;
use crate::programs::has;
use crate::sys::{Reply, Trivial};
use crate::tracee::{self, Ends, SelfFilter, Task};
use crate::{Claim, Effort, Error, Programs, Series, Table, Target};
use std::path::Path;
use std::process::Command;

/// A rule that makes every getppid(2) fail.
pub(crate) const FAIL: &str = "getppid:error=EPERM";
/// A rule that counts every getppid(2) and never fires.
const NEVER: &str = "getppid:error=EPERM:when=1000000000";

/// What [`matched`] is for.
pub(crate) const MATCHED: [Claim; 2] = [
    Claim {
        what: "a matched call, decided and journalled, against the bare loop",
        unit: "x",
        target: Target::AtMost(1.5),
    },
    Claim {
        what: "how much faster that is than strace -f --seccomp-bpf",
        unit: "x",
        target: Target::AtLeast(3.0),
    },
];

/// What [`unmatched`] is for.
pub(crate) const UNMATCHED: [Claim; 1] = [Claim {
    what: "a call that does not match, against a filter that allows",
    unit: "x",
    target: Target::AtMost(1.05),
}];

/// The command that runs a tracee on a task, with its times left in a file.
type Build<'a> = Box<dyn Fn(&Task, &Path) -> Command + 'a>;

/// One way to make a call.
struct Way<'a> {
    name: &'static str,
    task: Task,
    ends: Ends,
    command: Build<'a>,
    found: Result<Series, Error>,
}

impl<'a> Way<'a> {
    fn new(
        name: &'static str,
        task: Task,
        ends: Ends,
        command: impl Fn(&Task, &Path) -> Command + 'a,
    ) -> Way<'a> {
        Way { name, task, ends, command: Box::new(command), found: Ok(Series::default()) }
    }

    /// Not to be measured unless this program is there.
    fn needs(mut self, program: &'static str, argument: &str) -> Way<'a> {
        if let Err(error) = has(program, argument) {
            self.found = Err(error);
        }
        self
    }

    /// Measures once more. A way that failed is not tried again.
    fn turn(&mut self) {
        let Ok(series) = &mut self.found else { return };
        let measured = tracee::run(&self.task, self.ends, Memory::Unwatched, |result| {
            (self.command)(&self.task, result)
        });
        match measured {
            Ok((times, _)) => series.push(times.typical()),
            Err(error) => self.found = Err(error),
        }
    }

    /// Turn by turn, this way's cost over another's.
    fn over(&self, other: &Way<'_>) -> Found {
        match (&self.found, &other.found) {
            (Ok(mine), Ok(theirs)) => Ok(mine.over(theirs)),
            (Err(error), _) | (_, Err(error)) => Err(error.to_string()),
        }
    }
}

/// Measures every way in turns.
fn take_turns(ways: &mut [Way<'_>], programs: &Programs, rounds: u32) -> Result<(), Error> {
    for _ in 0..rounds {
        for way in ways.iter_mut() {
            way.turn();
        }
        programs.forget_runs()?;
    }
    Ok(())
}

fn table(title: &str, ways: &[Way<'_>], base: &Way<'_>) -> Table {
    let mut table =
        Table::new(title, &["way", "ns/call", "min..max", &format!("x {}", base.name), "min..max"]);
    for way in ways {
        let cells = match (&way.found, way.over(base)) {
            (Ok(found), Ok(ratio)) => vec![
                format!("{:.0}", found.median()),
                format!("{found:.0}"),
                format!("{:.2}", ratio.median()),
                format!("{ratio:.2}"),
            ],
            (Ok(found), Err(_)) => vec![format!("{:.0}", found.median()), format!("{found:.0}")],
            (Err(error), _) => vec![format!("skipped: {error}")],
        };
        table.row([way.name.to_owned()].into_iter().chain(cells).collect());
    }
    table
}

/// Calls that are trapped.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn matched(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let quick = Task::new(Trivial::Getppid, effort.unmatched);
    let task = Task::new(Trivial::Getppid, effort.matched);
    let traced = Task::new(Trivial::Getppid, effort.traced);
    let filtered = Task { filter: SelfFilter::Allowing, ..quick };
    let bare =
        |sleep, reply| move |task: &Task, result: &Path| programs.bare(Manner { sleep, reply }, task, result);
    let duress = |rule| move |task: &Task, result: &Path| programs.duress(rule, task, result);
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let strace = |task: &Task, result: &Path| programs.strace(task, result);
    let mut ways = [
        Way::new("native", quick, Ends::Succeeding, native),
        Way::new("filter that allows", filtered, Ends::Succeeding, native),
        Way::new("bare loop", task, Ends::Failing, bare(Sleep::InReceive, Reply::Refuse)),
        Way::new("bare loop that polls first", task, Ends::Failing, bare(Sleep::InPoll, Reply::Refuse)),
        Way::new("bare loop, call passed on", task, Ends::Succeeding, bare(Sleep::InReceive, Reply::Pass)),
        Way::new("duress", task, Ends::Failing, duress(FAIL)),
        Way::new("duress, call passed on", task, Ends::Succeeding, duress(NEVER)),
        Way::new("strace -f --seccomp-bpf", traced, Ends::Failing, strace).needs("strace", "-V"),
    ];
    take_turns(&mut ways, programs, effort.rounds)?;
    let [_, _, bare, _, _, duress, _, strace] = &ways;
    Ok(Measured {
        tables: vec![table("Calls that match (getppid, EPERM injected)", &ways, bare)],
        found: vec![duress.over(bare), strace.over(duress)],
    })
}

/// Calls that nobody is after, while another call is trapped.
///
/// # Errors
/// As [`matched`].
pub(crate) fn unmatched(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let task = Task::new(Trivial::Getpgrp, effort.unmatched);
    let filtered = Task { filter: SelfFilter::Allowing, ..task };
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let bare = Manner { sleep: Sleep::InReceive, reply: Reply::Refuse };
    let mut ways = [
        Way::new("native", task, Ends::Succeeding, native),
        Way::new("filter that allows", filtered, Ends::Succeeding, native),
        Way::new("bare loop", task, Ends::Succeeding, |task, result| programs.bare(bare, task, result)),
        Way::new("duress", task, Ends::Succeeding, |task, result| programs.duress(FAIL, task, result)),
        Way::new("strace -f --seccomp-bpf", task, Ends::Succeeding, |task, result| {
            programs.strace(task, result)
        })
        .needs("strace", "-V"),
    ];
    // A difference of a twentieth shows only in many turns: where a process lies in memory makes as much.
    take_turns(&mut ways, programs, 3 * effort.rounds)?;
    let [_, filtered, _, duress, _] = &ways;
    Ok(Measured {
        tables: vec![table("Calls that do not match (getpgrp, while getppid is trapped)", &ways, filtered)],
        found: vec![duress.over(filtered)],
    })
}
