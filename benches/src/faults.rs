//! What faults cost that the kernel's filter, a look into the target, or ptrace takes.

use crate::calls::FAIL;
use crate::group::Measured;
use crate::plans;
use crate::sys::{BareFilter, Trivial};
use crate::tracee::{Ends, Task};
use crate::way::{Way, table, take_turns};
use crate::{Claim, Effort, Error, Programs, Target};
use std::path::Path;

/// What [`quiet`] is for.
pub(crate) const QUIET: [Claim; 3] = [
    free("a quiet error, which the kernel's filter injects, against native"),
    free("… against a filter that allows"),
    free("… against the smallest filter that injects it"),
];

const fn free(what: &'static str) -> Claim {
    Claim { what, unit: "x", target: Target::AtMost(1.1) }
}

/// What [`predicate`] is for.
pub(crate) const PREDICATE: [Claim; 1] = [Claim {
    what: "a matched call with a path predicate, against one without",
    unit: "x",
    target: Target::AtMost(2.0),
}];

/// What [`traced`] is for.
pub(crate) const TRACED: [Claim; 3] = [
    faster("how much faster an error by ptrace is than strace -f --seccomp-bpf"),
    faster("… with all processes on one CPU"),
    faster("how much faster bytes are poked after a call than by strace"),
];

const fn faster(what: &'static str) -> Claim {
    Claim { what, unit: "x", target: Target::AtLeast(1.0) }
}

/// Errors that the filter injects by itself.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn quiet(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    const RULE: [&str; 2] = ["-e", "getppid:error=EPERM:quiet"];
    let task = Task::new(Trivial::Getppid, effort.unmatched);
    let filtered = |filter| Task { filter: Some(filter), ..task };
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let others = plans::beside(99)?;
    let mut ways = [
        Way::new("native", task, Ends::Succeeding, native),
        Way::new("filter that allows", filtered(BareFilter::Allowing), Ends::Succeeding, native),
        Way::new("filter that refuses", filtered(BareFilter::Refusing), Ends::Failing, native),
        Way::new("duress, quiet error", task, Ends::Failing, |task, result| {
            programs.duress(RULE, task, result)
        }),
        Way::new("… beside 99 rules on other calls", task, Ends::Failing, |task, result| {
            let plan = ["--plan".as_ref(), others.path().as_os_str()];
            programs.duress(RULE.map(AsRef::as_ref).into_iter().chain(plan), task, result)
        }),
    ];
    // As with calls that do not match: a tenth shows only in many turns.
    take_turns(&mut ways, programs, 3 * effort.rounds)?;
    let [native, allowing, refusing, quiet, _] = &ways;
    Ok(Measured {
        tables: vec![table("Errors that the kernel's filter injects (getppid, EPERM)", &ways, native)],
        found: [native, allowing, refusing].map(|base| quiet.over(base)).into(),
    })
}

/// Calls that are hit, or not, for the path that they name.
///
/// The filter singles out the tracee's own calls by their flags in all ways alike: what the loader opens must not fail.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn predicate(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let task = Task::new(Trivial::Openat, effort.matched);
    let duress = |name, ends, rest: &str| {
        let rule = format!("openat:error=ENOENT{rest}");
        Way::new(name, task, ends, move |task: &Task, result: &Path| {
            programs.duress(["-e", rule.as_str()], task, result)
        })
    };
    let (hit, passed) = (Ends::Failing, Ends::Succeeding);
    let mut ways = [
        duress("without", hit, ":where=arg(3 == O_PATH)"),
        duress("path(/dev/null)", hit, ":where=arg(3 == O_PATH) & path(/dev/null)"),
        duress("path(/dev/**)", hit, ":where=arg(3 == O_PATH) & path(/dev/**)"),
        duress("without, passed on", passed, ":when=1000000000:where=arg(3 == O_PATH)"),
        duress("path(/dev/zero), passed on", passed, ":where=arg(3 == O_PATH) & path(/dev/zero)"),
    ];
    take_turns(&mut ways, programs, effort.rounds)?;
    let [without, with, ..] = &ways;
    let title = "Predicates on paths (openat of /dev/null, ENOENT injected; closed again where passed on)";
    Ok(Measured { tables: vec![table(title, &ways, without)], found: vec![with.over(without)] })
}

/// Faults that take ptrace, by duress and by strace.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn traced(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    const POKE: &str = "getrandom:poke_exit=@arg1=01";
    let getppid = Task::new(Trivial::Getppid, effort.traced);
    let getrandom = Task::new(Trivial::Getrandom, effort.traced);
    let duress = |name: &str, task, options: &'static [&'static str]| {
        Way::new(name, task, Ends::Failing, move |task: &Task, result: &Path| {
            programs.duress(options, task, result)
        })
    };
    let strace = |name: &str, task, injection: &'static str| {
        Way::new(name, task, Ends::Failing, move |task: &Task, result: &Path| {
            programs.strace(injection, task, result)
        })
        .needs("strace", "-V")
    };
    let error: &[&str] = &["--mechanism", "trace", "-e", FAIL];
    let mut ways = [
        strace("strace, error", getppid, FAIL),
        duress("duress, error", getppid, error),
        strace("strace, error, on one CPU", getppid, FAIL).on_one_cpu(),
        duress("duress, error, on one CPU", getppid, error).on_one_cpu(),
        strace("strace, poke_exit", getrandom, POKE),
        duress("duress, poke_exit", getrandom, &["-e", POKE]),
        duress("duress, lie", getppid, &["-e", "getppid:lie=EPERM"]),
    ];
    take_turns(&mut ways, programs, effort.rounds)?;
    let [strace, duress, strace_pinned, duress_pinned, strace_poke, duress_poke, _] = &ways;
    let pairs = [(strace, duress), (strace_pinned, duress_pinned), (strace_poke, duress_poke)];
    Ok(Measured {
        tables: vec![table("Faults that take ptrace (getppid; poke_exit: getrandom)", &ways, strace)],
        found: pairs.map(|(strace, duress)| strace.over(duress)).into(),
    })
}
