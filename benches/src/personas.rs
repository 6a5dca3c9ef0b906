//! What calls cost on the host that a persona stands for.

use crate::group::Measured;
use crate::sys::{BareFilter, Trivial};
use crate::tracee::{Ends, Task};
use crate::way::{Way, table, take_turns};
use crate::{Claim, Effort, Error, Programs, Target};
use std::path::Path;

pub(crate) const CLAIMS: [Claim; 5] = [
    claim("a call that Docker's profile allows, against native", 1.1),
    claim("… whose arguments a rule beside the profile asks about", 1.1),
    claim("… that is denied", 1.1),
    claim("that, against the smallest filter that denies it", 1.1),
    claim("opening a file that a persona with another file does not name (root)", 1.1),
];

const fn claim(what: &'static str, most: f64) -> Claim {
    Claim { what, unit: "x", target: Target::AtMost(most) }
}

/// Calls under Docker's profile, whose filter names some three hundred calls.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let task = Task::new(Trivial::Getppid, effort.unmatched);
    let filtered = |filter| Task { filter: Some(filter), ..task };
    let random = Task::new(Trivial::Getrandom, effort.unmatched);
    let open = Task::new(Trivial::Openat, effort.unmatched / 4);
    let native = |task: &Task, result: &Path| programs.native(task, result);
    let duress = |name: &str, task, ends, options: &'static [&'static str]| {
        Way::new(name, task, ends, move |task: &Task, result: &Path| programs.duress(options, task, result))
    };
    let (passes, fails) = (Ends::Succeeding, Ends::Failing);
    const DOCKER: [&str; 2] = ["--persona", "seccomp=docker"];
    const ASKED: &[&str] = &[DOCKER[0], DOCKER[1], "-e", "getrandom:error=EPERM:quiet:where=arg(3 == 77777)"];
    const DENIED: &[&str] = &[DOCKER[0], DOCKER[1], "-e", "getppid:error=EPERM:quiet"];
    let mut ways = [
        Way::new("native", task, passes, native),
        Way::new("filter that allows", filtered(BareFilter::Allowing), passes, native),
        Way::new("filter that refuses", filtered(BareFilter::Refusing), fails, native),
        duress("seccomp=docker, allowed", task, passes, &DOCKER),
        duress("…, denied", task, fails, DENIED),
        Way::new("native, getrandom", random, passes, native),
        duress("seccomp=docker, its arguments asked about", random, passes, ASKED),
    ];
    let mut opening = [
        Way::new("native", open, passes, native),
        duress("files=/etc/hosts:/etc/hosts", open, passes, &["--persona", "files=/etc/hosts:/etc/hosts"]),
        duress(
            "readonly=/nowhere, which asks about openings for writing",
            open,
            passes,
            &["--persona", "readonly=/nowhere"],
        ),
    ];
    // A tenth shows only in many turns.
    take_turns(&mut ways, programs, 3 * effort.rounds)?;
    take_turns(&mut opening, programs, effort.rounds)?;
    let [native, _, refusing, allowed, denied, random, asked] = &ways;
    let [plain, files, _] = &opening;
    Ok(Measured {
        tables: vec![
            table("Calls under Docker's profile (getppid)", &ways, native),
            table("Opening a file that no persona names (openat of /dev/null)", &opening, plain),
        ],
        found: vec![
            allowed.over(native),
            asked.over(random),
            denied.over(native),
            denied.over(refusing),
            files.over(plain),
        ],
    })
}
