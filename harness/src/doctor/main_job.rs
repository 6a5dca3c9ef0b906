//! What the main job takes: kernel, notifications, Go, call sites, perf events, ptrace.

use super::check::{Check, State};
use super::host::{Host, Live};
use crate::exit::chain;
use crate::orders::against_tracing;
use golang::{Support, Toolchain};
use kernel::probe::{Obstacle, Probe, TraceObstacle};

/// The checks of a live host, or what files say of the same.
pub(super) fn checks(host: &Host) -> Vec<Check> {
    let Some(Live { probe, trace, go, .. }) = &host.live else { return from_files(host) };
    vec![
        machine(probe),
        notifications(probe),
        super::security::privileges(host),
        toolchain(go),
        compiler(go),
        call_sites(go, trace),
        perf_events(host, probe.perf_event_paranoid, Some(probe.uid)),
        ptrace(host, probe, trace),
    ]
}

/// Of a tree, nothing is tried.
fn from_files(host: &Host) -> Vec<Check> {
    const NOT_TRIED: &str = "a tree has no kernel to try it on";
    let found = host.kernel().map_or_else(
        || format!("/proc/sys/kernel/osrelease is {}", host.root.nowhere()),
        |release| format!("Linux {release}"),
    );
    let scope = host.key("kernel.yama.ptrace_scope");
    let said = scope.live.clone().unwrap_or_else(|| host.root.nowhere().to_owned());
    vec![
        Check::new(
            "machine",
            State::Unknown,
            found,
            "the release that the tree names; not asked of a kernel",
        ),
        Check::new("seccomp", State::Unknown, "not tried", NOT_TRIED),
        super::security::privileges(host),
        super::toolchains::in_tree(host),
        super::toolchains::compiler_in_tree(host),
        perf_events(host, host.key("kernel.perf_event_paranoid").number(), host.uid()),
        Check::new("ptrace_scope", State::Unknown, said, NOT_TRIED).details(origin(&scope)),
    ]
}

/// What came of a try.
pub(super) fn said<E: std::fmt::Display>(result: Result<(), E>) -> String {
    result.map_or_else(|error| error.to_string(), |()| "opens".to_owned())
}

fn origin(key: &super::sysctl::Key) -> Vec<String> {
    if key.is_set() { key.origin() } else { Vec::new() }
}

fn machine(probe: &Probe) -> Check {
    let found = format!("Linux {} on {}", probe.kernel, probe.machine);
    if probe.machine == std::env::consts::ARCH {
        Check::new("machine", State::Ok, found, "calls are named by this architecture's table")
    } else {
        Check::new(
            "machine",
            State::No,
            found,
            format!("this duress was built for {}", std::env::consts::ARCH),
        )
    }
}

fn notifications(probe: &Probe) -> Check {
    match probe.notify {
        Ok(features) => {
            let yes = |is: bool| if is { "yes" } else { "no" };
            let found = format!(
                "user notification yes, WAIT_KILLABLE_RECV {}, SYNC_WAKE_UP {}",
                yes(features.wait_killable),
                yes(features.sync_wake_up)
            );
            if features.wait_killable {
                Check::new("seccomp", State::Ok, found, "errors, values and latency can be injected")
            } else {
                Check::new("seccomp", State::Limited, found, "a signal (Go preempts by SIGURG) may restart a trapped call, which is then counted twice")
                    .help("use Linux 5.19 or newer where exact occurrences matter")
            }
        }
        Err(Obstacle::Missing(errno)) => Check::new(
            "seccomp",
            State::No,
            format!("no user notification: {errno}"),
            "nothing can be injected",
        )
        .help("it is complete since Linux 5.5; a container's seccomp profile may hide it"),
        Err(Obstacle::Busy) => Check::new(
            "seccomp",
            State::No,
            "another supervisor listens already (EBUSY)",
            "nothing can be injected",
        )
        .help("run duress outside of the other tool"),
        Err(Obstacle::Refused(errno)) => Check::new(
            "seccomp",
            State::No,
            format!("a filter is refused: {errno}"),
            "nothing can be injected",
        ),
    }
}

fn toolchain(go: &Result<Toolchain, golang::Error>) -> Check {
    match go {
        Ok(go) => Check::new(
            "go",
            State::Ok,
            format!("{} in {}", go.version, go.goroot.display()),
            "`go test` and `go run` can be put under duress",
        ),
        Err(error) => {
            Check::new("go", State::No, chain(error), "only other commands can be put under duress")
        }
    }
}

fn compiler(go: &Result<Toolchain, golang::Error>) -> Check {
    match go.as_ref().map(|go| (go, go.race_problem())) {
        Ok((go, None)) => Check::new("cc", State::Ok, go.cc.clone(), "`go test -race` and cgo work"),
        Ok((_, Some(problem))) => {
            Check::new("cc", State::Limited, chain(&problem), "`go test -race` and cgo do not work")
        }
        Err(_) => Check::new(
            "cc",
            State::Limited,
            "not looked for without Go",
            "`go test -race` and cgo do not work",
        ),
    }
}

fn call_sites(go: &Result<Toolchain, golang::Error>, trace: &Result<(), TraceObstacle>) -> Check {
    const NAME: &str = "call_sites";
    if let Err(obstacle @ (TraceObstacle::Forbidden | TraceObstacle::Privileged)) = trace {
        let (why, help) = against_tracing(*obstacle);
        return Check::new(
            NAME,
            State::Limited,
            why,
            "the memory of the target cannot be read: no call sites, goroutines, tests",
        )
        .help(help);
    }
    let found = format!("verified for Go {}", Support::verified().join(", "));
    match go.as_ref().map(|go| (go, Support::of(&go.version))) {
        Ok((_, Support::Verified)) | Err(_) => Check::new(
            NAME,
            State::Ok,
            found,
            "site, caller, test, goroutine and pkg can be asked for; reports name source lines",
        ),
        Ok((go, Support::Checked)) => Check::new(
            NAME,
            State::Limited,
            found,
            format!(
                "{} is not among them: call sites are told if the target passes every check, and refused else",
                go.version
            ),
        ),
        Ok((go, Support::TooOld)) => Check::new(
            NAME,
            State::Limited,
            found,
            format!("{} is older: no call sites, goroutines, tests", go.version),
        ),
    }
}

fn perf_events(host: &Host, level: Option<i32>, uid: Option<u32>) -> Check {
    let name = "perf_event_paranoid";
    let key = host.key("kernel.perf_event_paranoid");
    let check = match level {
        None if !host.root.is_live() => {
            Check::new(name, State::Unknown, host.root.nowhere(), "the level is not known")
        }
        None => Check::new(
            name,
            State::Limited,
            "no perf events in this kernel",
            "perf_event_open answers ENOSYS without our doing",
        ),
        Some(level) => {
            let meaning = if uid == Some(0) {
                "root may open any perf event; others as the level says"
            } else if level >= 3 {
                "perf_event_open answers EACCES or EPERM without our doing (a patched kernel's level)"
            } else if level >= 2 {
                "a process may count itself in user space only"
            } else {
                "a process may count itself, in user space and kernel"
            };
            Check::new(name, State::Ok, level.to_string(), meaning)
        }
    };
    let tried = host.live.as_ref().map(|live| {
        format!(
            "tried: a software counter: {}; a hardware counter: {}",
            said(live.perf.software),
            said(live.perf.hardware)
        )
    });
    check.details(tried).details(key.origin())
}

fn ptrace(host: &Host, probe: &Probe, trace: &Result<(), TraceObstacle>) -> Check {
    let found = probe.ptrace_scope.map_or("no Yama in this kernel".to_owned(), |scope| scope.to_string());
    let check = match trace {
        Ok(()) => Check::new(
            "ptrace_scope",
            State::Ok,
            found,
            "signals, lies, short transfers, changed calls and -p work: ptrace is allowed",
        ),
        Err(obstacle) => {
            let (why, help) = against_tracing(*obstacle);
            let meaning = format!("signal, lie, short, arg, kill, interrupt and -p do not work: {why}");
            Check::new("ptrace_scope", State::Limited, found, meaning).help(help)
        }
    };
    check.details(origin(&host.key("kernel.yama.ptrace_scope")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_no_is_enough_to_keep_the_main_job_from_running() {
        let no = Probe { notify: Err(Obstacle::Busy), ..Probe::take() };
        assert_eq!(notifications(&no).state, State::No);
        let elsewhere = Probe { machine: "vax".to_owned(), ..Probe::take() };
        assert_eq!(machine(&elsewhere).state, State::No);
    }
}
