//! What one call costs, and what a call costs that nobody is after.

use crate::bare::{Manner, Sleep};
use crate::group::Measured;
use crate::sys::{BareFilter, Reply, Trivial};
use crate::tracee::{Ends, Task};
use crate::way::{Way, table, take_turns};
use crate::{Claim, Effort, Error, Programs, Target};
use std::path::Path;

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

/// Calls that are trapped.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn matched(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let quick = Task::new(Trivial::Getppid, effort.unmatched);
    let task = Task::new(Trivial::Getppid, effort.matched);
    let traced = Task::new(Trivial::Getppid, effort.traced);
    let filtered = Task { filter: Some(BareFilter::Allowing), ..quick };
    let bare =
        |sleep, reply| move |task: &Task, result: &Path| programs.bare(Manner { sleep, reply }, task, result);
    let duress = |rule| move |task: &Task, result: &Path| programs.duress(["-e", rule], task, result);
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let strace = |task: &Task, result: &Path| programs.strace(FAIL, task, result);
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
    let filtered = Task { filter: Some(BareFilter::Allowing), ..task };
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let bare = Manner { sleep: Sleep::InReceive, reply: Reply::Refuse };
    let mut ways = [
        Way::new("native", task, Ends::Succeeding, native),
        Way::new("filter that allows", filtered, Ends::Succeeding, native),
        Way::new("bare loop", task, Ends::Succeeding, |task, result| programs.bare(bare, task, result)),
        Way::new("duress", task, Ends::Succeeding, |task, result| {
            programs.duress(["-e", FAIL], task, result)
        }),
        Way::new("strace -f --seccomp-bpf", task, Ends::Succeeding, |task, result| {
            programs.strace(FAIL, task, result)
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
