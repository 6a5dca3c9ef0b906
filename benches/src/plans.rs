//! What a matched call costs under plans of many rules.

use crate::bare::{Manner, Sleep};
use crate::calls::FAIL;
use crate::group::Measured;
use crate::sys::{Reply, Trivial};
use crate::tracee::{Ends, Task};
use crate::way::{Way, table, take_turns};
use crate::{Claim, Effort, Error, Programs, Target};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use tempfile::NamedTempFile;

pub(crate) const CLAIMS: [Claim; 4] = [
    claim("a matched call under a plan of 1 rule, against the bare loop"),
    claim("… of 10 rules"),
    claim("… of 100 rules"),
    claim("… of 1,000 rules"),
];

const fn claim(what: &'static str) -> Claim {
    Claim { what, unit: "x", target: Target::AtMost(1.5) }
}

/// Calls that real plans are after, and the tracee does not make while it is timed.
const OTHERS: [&str; 25] = [
    "accept4",
    "bind",
    "close",
    "connect",
    "epoll_ctl",
    "fcntl",
    "fstat",
    "fsync",
    "ftruncate",
    "futex",
    "getdents64",
    "lseek",
    "mkdirat",
    "mmap",
    "munmap",
    "newfstatat",
    "openat",
    "pipe2",
    "pread64",
    "read",
    "recvfrom",
    "renameat",
    "sendto",
    "socket",
    "write",
];

/// A plan file of so many rules that never fire, on these calls in turn.
///
/// # Errors
/// It cannot be written.
pub(crate) fn idle(rules: usize, calls: &[&str]) -> Result<NamedTempFile, Error> {
    let mut text = String::new();
    for (number, call) in calls.iter().cycle().take(rules).enumerate() {
        // Each has its own occurrence: of two rules with the same one, the second could be thrown away.
        let when = 1_000_000_000 + number;
        writeln!(text, "[[rule]]\ncalls = \"{call}\"\nwhen = \"{when}\"\nfault = \"EIO\"")
            .expect("it is text");
    }
    let written = tempfile::Builder::new().prefix("duress-benches-").suffix(".toml").tempfile();
    let failed = || Error::file("write a plan");
    let mut file = written.map_err(failed())?;
    file.write_all(text.as_bytes()).map_err(failed())?;
    Ok(file)
}

/// As [`idle`], on calls that the tracee does not make.
///
/// # Errors
/// Likewise.
pub(crate) fn beside(rules: usize) -> Result<NamedTempFile, Error> {
    idle(rules, &OTHERS)
}

/// Calls that the last rule of a plan hits.
///
/// # Errors
/// Scratch files cannot be handled; a way that cannot be measured is a row that says so.
pub(crate) fn measure(programs: &Programs, effort: &Effort) -> Result<Measured, Error> {
    let task = Task::new(Trivial::Getppid, effort.matched);
    let bare = Manner { sleep: Sleep::InReceive, reply: Reply::Refuse };
    let duress = |name: &str, plan: NamedTempFile| {
        Way::new(name, task, Ends::Failing, move |task: &Task, result: &Path| {
            let plan = plan.path().as_os_str();
            programs.duress(["--plan".as_ref(), plan, "-e".as_ref(), FAIL.as_ref()], task, result)
        })
    };
    let same = |rules| idle(rules, &[Trivial::Getppid.name()]);
    let mut ways = [
        Way::new("bare loop", task, Ends::Failing, |task, result| programs.bare(bare, task, result)),
        Way::new("duress, 1 rule", task, Ends::Failing, |task, result| {
            programs.duress(["-e", FAIL], task, result)
        }),
        duress("10 rules, 9 on other calls", beside(9)?),
        duress("100 rules, 99 on other calls", beside(99)?),
        duress("1,000 rules, 999 on other calls", beside(999)?),
        duress("10 rules, 9 on this call that never fire", same(9)?),
        duress("100 rules, 99 on this call that never fire", same(99)?),
        duress("1,000 rules, 999 on this call that never fire", same(999)?),
    ];
    take_turns(&mut ways, programs, effort.rounds)?;
    let [bare, one, ten, hundred, thousand, ..] = &ways;
    Ok(Measured {
        tables: vec![table("Plans of many rules (getppid, EPERM injected by the last one)", &ways, bare)],
        found: [one, ten, hundred, thousand].map(|plan| plan.over(bare)).into(),
    })
}
