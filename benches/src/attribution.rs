//! What a matched call costs when it is told who made it: from which stack, on which goroutine.

use crate::caller::{Depths, GoPrograms, Stacks, Via, under};
use crate::calls::FAIL;
use crate::group::Measured;
use crate::programs::{has, strace_of};
use crate::sys::Trivial;
use crate::tracee::{Ends, Task};
use crate::way::{Way, table, take_turns};
use crate::{Claim, Effort, Error, Programs, Target, process};
use std::path::Path;

/// What [`measure`] is for.
pub(crate) const CLAIMS: [Claim; 5] = [
    attributed("a matched call told with its Go call path, 15 frames, against one without"),
    attributed("… from 50 frames down"),
    attributed("… by syscall.RawSyscall"),
    attributed("… from 8 goroutines at the same time"),
    attributed("… by a rule that asks for the call path"),
];

const fn attributed(what: &'static str) -> Claim {
    Claim { what, unit: "x", target: Target::AtMost(3.0) }
}

/// A rule that every call path satisfies, and that must look at it.
const ASKS: &str = "getppid:error=EPERM:where=site(**)";

const NEVER: [&str; 4] = ["--sites", "never", "-e", FAIL];
const FIRED: [&str; 4] = ["--sites", "fired", "-e", FAIL];

/// Calls of Go programs, told with and without who made them.
///
/// # Errors
/// Go is missing or does not build; scratch files cannot be handled. A way that cannot be measured is a row that says so.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let go = &GoPrograms::build()?;
    let symbols = &go.caller_with_symbols()?;
    let task = Task::new(Trivial::Getppid, effort.attributed);
    let native = Task::new(Trivial::Getppid, effort.unmatched);
    let traced = Task::new(Trivial::Getppid, effort.traced);
    // A stack takes strace the time of a hundred calls.
    let unwound = Task::new(Trivial::Getppid, effort.traced / 10);
    let shallow = Depths::new(Via::Syscall, 15);
    let deep = Depths { frames: 50, ..shallow };
    let raw = Depths { via: Via::RawSyscall, ..shallow };
    let crowd = Depths { goroutines: 8, ..shallow };
    let different = Depths { stacks: Stacks::Different, ..deep };
    let duress = |name: &str, options: [&'static str; 4], depths| {
        Way::new(name, task, Ends::Failing, move |task: &Task, result: &Path| {
            go.duress(programs, options, depths, task, result)
        })
    };
    let pair = |depths| [duress("without", NEVER, depths), duress("with its call path", FIRED, depths)];
    let strace = |name: &str, task, options: &'static [&'static str]| {
        Way::new(name, task, Ends::Failing, move |task: &Task, result: &Path| {
            let mut tool = strace_of("getppid");
            tool.args(["-e", &format!("inject={FAIL}")]).args(options);
            under(tool, symbols, shallow, task, result)
        })
        .needs("strace", "-V")
    };
    let [without, with] = pair(shallow);
    let mut ways = [
        without,
        with,
        duress("with its call path, which a rule asks for", ["--sites", "never", "-e", ASKS], shallow)
            .only_if(knows(programs, ASKS)),
        Way::new("native", native, Ends::Succeeding, |task, result| go.native(shallow, task, result)),
        strace("strace -f --seccomp-bpf", traced, &[]),
        // Signals, which Go sends itself, are not to be told with a stack each as well.
        strace("strace -f --seccomp-bpf -k", unwound, &["-k", "-e", "signal=none"]).only_if(unwinds()),
    ]
    .into_iter()
    .chain(pair(deep))
    .chain(pair(raw))
    .chain(pair(crowd))
    .chain(pair(different))
    .collect::<Vec<_>>();
    take_turns(&mut ways, programs, effort.rounds)?;
    let (first, rest) = ways.split_at(6);
    let title = |depths: Depths| {
        format!("Calls told with who made them ({}; getppid, EPERM injected)", depths.name())
    };
    let mut tables = vec![table(&title(shallow), first, &first[0])];
    for (pair, depths) in rest.chunks(2).zip([deep, raw, crowd, different]) {
        tables.push(table(&title(depths), pair, &pair[0]));
    }
    // Of calls that come each from another stack nothing is claimed: what they are told with is not kept for so many.
    let [deep, raw, crowd] = [0, 2, 4].map(|at| rest[at + 1].over(&rest[at]));
    Ok(Measured { tables, found: vec![first[1].over(&first[0]), deep, raw, crowd, first[2].over(&first[0])] })
}

/// Whether this duress knows what a rule asks for.
fn knows(programs: &Programs, rule: &str) -> Result<(), Error> {
    let mut command = programs.duress_run(["-e", rule]);
    command.arg("true");
    process::run(&mut command, process::Memory::Unwatched)
        .map(drop)
        .map_err(|_| Error::Needs("a duress that knows where=site(…)"))
}

/// Whether this strace prints stacks.
fn unwinds() -> Result<(), Error> {
    has("strace", "-kV").map_err(|_| Error::Needs("a strace that was built with -k"))
}
