//! `duress doctor`: what this host allows, and what therefore works.

use super::{Screen, print};
use crate::cli::{DoctorArgs, ListFormat};
use crate::exit::{Code, Failure, chain};
use crate::orders::against_tracing;
use golang::{Support, Toolchain};
use kernel::probe::{Obstacle, Probe, TraceObstacle};
use nix::sys::resource::{RLIM_INFINITY, Resource, getrlimit};
use report::Color;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;

/// What was looked at, and what it means for the user.
#[derive(Debug, Serialize)]
struct Check {
    /// A stable name.
    name: &'static str,
    state: State,
    /// What was found.
    found: String,
    /// What follows from it.
    meaning: String,
    /// What to do about it, where something can be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// It works.
    Ok,
    /// It works with a limit, or something that few need does not.
    Limited,
    /// The main job cannot run.
    No,
}

/// The whole finding; its keys are stable.
#[derive(Debug, Serialize)]
struct Diagnosis {
    duress: &'static str,
    kernel: String,
    machine: String,
    /// Whether `duress run -- go test` can work here.
    main_job: bool,
    notify: bool,
    wait_killable: bool,
    sync_wake_up: bool,
    trace: bool,
    uid: u32,
    capabilities: String,
    ptrace_scope: Option<i32>,
    perf_event_paranoid: Option<i32>,
    go: Option<String>,
    /// The lines of Go releases for which call sites were verified.
    call_sites: Vec<String>,
    cc: Option<String>,
    /// Soft limits; null is unlimited.
    limits: Limits,
    checks: Vec<Check>,
}

#[derive(Debug, Serialize)]
struct Limits {
    core: Option<u64>,
    nofile: Option<u64>,
    nproc: Option<u64>,
    stack: Option<u64>,
    #[serde(rename = "as")]
    address_space: Option<u64>,
}

pub(super) fn run(args: &DoctorArgs, screen: Screen) -> Result<Code, Failure> {
    let diagnosis = diagnose(&std::env::current_dir().unwrap_or_else(|_| "/".into()));
    print(&match args.format {
        ListFormat::Human => human(&diagnosis, screen.out),
        ListFormat::Json => {
            let text = serde_json::to_string_pretty(&diagnosis);
            format!("{}\n", text.map_err(|error| Failure::ours(chain(&error)))?)
        }
    })?;
    Ok(if diagnosis.main_job { Code::Clean } else { Code::Theirs })
}

fn diagnose(cwd: &Path) -> Diagnosis {
    let probe = Probe::take();
    let go = Toolchain::find("go", cwd, &[]);
    let trace = probe.trace();
    let checks = vec![
        machine(&probe),
        notifications(&probe),
        privileges(&probe),
        toolchain(&go),
        compiler(&go),
        call_sites(&go, &trace),
        perf_events(&probe),
        ptrace(&probe, &trace),
        core_dumps(),
        limits(),
    ];
    let features = probe.notify.ok();
    Diagnosis {
        duress: env!("CARGO_PKG_VERSION"),
        main_job: checks.iter().all(|check| check.state != State::No),
        notify: features.is_some(),
        wait_killable: features.is_some_and(|features| features.wait_killable),
        sync_wake_up: features.is_some_and(|features| features.sync_wake_up),
        trace: trace.is_ok(),
        uid: probe.uid,
        capabilities: format!("{:#018x}", probe.capabilities),
        ptrace_scope: probe.ptrace_scope,
        perf_event_paranoid: probe.perf_event_paranoid,
        go: go.as_ref().ok().map(|go| go.version.to_string()),
        call_sites: Support::verified().split(", ").map(str::to_owned).collect(),
        cc: go.as_ref().ok().filter(|go| go.race_problem().is_none()).map(|go| go.cc.clone()),
        limits: Limits {
            core: soft(Resource::RLIMIT_CORE),
            nofile: soft(Resource::RLIMIT_NOFILE),
            nproc: soft(Resource::RLIMIT_NPROC),
            stack: soft(Resource::RLIMIT_STACK),
            address_space: soft(Resource::RLIMIT_AS),
        },
        kernel: probe.kernel,
        machine: probe.machine,
        checks,
    }
}

fn check(name: &'static str, state: State, found: impl Into<String>, meaning: impl Into<String>) -> Check {
    Check { name, state, found: found.into(), meaning: meaning.into(), help: None }
}

impl Check {
    fn help(mut self, help: impl Into<String>) -> Check {
        self.help = Some(help.into());
        self
    }
}

fn machine(probe: &Probe) -> Check {
    let found = format!("Linux {} on {}", probe.kernel, probe.machine);
    if probe.machine == std::env::consts::ARCH {
        check("machine", State::Ok, found, "calls are named by this architecture's table")
    } else {
        check("machine", State::No, found, format!("this duress was built for {}", std::env::consts::ARCH))
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
                check("seccomp", State::Ok, found, "errors, values and latency can be injected")
            } else {
                check("seccomp", State::Limited, found, "a signal (Go preempts by SIGURG) may restart a trapped call, which is then counted twice")
                    .help("use Linux 5.19 or newer where exact occurrences matter")
            }
        }
        Err(Obstacle::Missing(errno)) => {
            check("seccomp", State::No, format!("no user notification: {errno}"), "nothing can be injected")
                .help("it is complete since Linux 5.5; a container's seccomp profile may hide it")
        }
        Err(Obstacle::Busy) => check(
            "seccomp",
            State::No,
            "another supervisor listens already (EBUSY)",
            "nothing can be injected",
        )
        .help("run duress outside of the other tool"),
        Err(Obstacle::Refused(errno)) => {
            check("seccomp", State::No, format!("a filter is refused: {errno}"), "nothing can be injected")
        }
    }
}

fn privileges(probe: &Probe) -> Check {
    /// CAP_SYS_ADMIN's number, `include/uapi/linux/capability.h`.
    const SYS_ADMIN: u64 = 1 << 21;
    let found = format!("uid {}, capabilities {:#x}", probe.uid, probe.capabilities);
    if probe.capabilities & SYS_ADMIN != 0 {
        check("privileges", State::Ok, found, "set-user-id programs that a test starts keep their effect")
    } else {
        check(
            "privileges",
            State::Ok,
            found,
            "enough; the target runs with no_new_privs, so set-user-id programs that a test starts have no effect",
        )
    }
}

fn toolchain(go: &Result<Toolchain, golang::Error>) -> Check {
    match go {
        Ok(go) => check(
            "go",
            State::Ok,
            format!("{} in {}", go.version, go.goroot.display()),
            "`go test` and `go run` can be put under duress",
        ),
        Err(error) => check("go", State::No, chain(error), "only other commands can be put under duress"),
    }
}

fn compiler(go: &Result<Toolchain, golang::Error>) -> Check {
    match go.as_ref().map(|go| (go, go.race_problem())) {
        Ok((go, None)) => check("cc", State::Ok, go.cc.clone(), "`go test -race` and cgo work"),
        Ok((_, Some(problem))) => {
            check("cc", State::Limited, chain(&problem), "`go test -race` and cgo do not work")
        }
        Err(_) => {
            check("cc", State::Limited, "not looked for without Go", "`go test -race` and cgo do not work")
        }
    }
}

fn call_sites(go: &Result<Toolchain, golang::Error>, trace: &Result<(), TraceObstacle>) -> Check {
    const NAME: &str = "call_sites";
    if let Err(obstacle @ (TraceObstacle::Forbidden | TraceObstacle::Privileged)) = trace {
        let (why, help) = against_tracing(*obstacle);
        return check(
            NAME,
            State::Limited,
            why,
            "the memory of the target cannot be read: no call sites, goroutines, tests",
        )
        .help(help);
    }
    let found = format!("verified for Go {}", Support::verified());
    match go.as_ref().map(|go| (go, Support::of(&go.version))) {
        Ok((_, Support::Verified)) | Err(_) => check(
            NAME,
            State::Ok,
            found,
            "site, caller, test, goroutine and pkg can be asked for; reports name source lines",
        ),
        Ok((go, Support::Checked)) => check(
            NAME,
            State::Limited,
            found,
            format!(
                "{} is not among them: call sites are told if the target passes every check, and refused else",
                go.version
            ),
        ),
        Ok((go, Support::TooOld)) => check(
            NAME,
            State::Limited,
            found,
            format!("{} is older: no call sites, goroutines, tests", go.version),
        ),
    }
}

fn perf_events(probe: &Probe) -> Check {
    let name = "perf_event_paranoid";
    match probe.perf_event_paranoid {
        None => check(
            name,
            State::Limited,
            "no perf events in this kernel",
            "perf_event_open answers ENOSYS without our doing",
        ),
        Some(level) => {
            let meaning = if probe.uid == 0 {
                "root may open any perf event; others as the level says"
            } else if level >= 3 {
                "perf_event_open answers EACCES or EPERM without our doing (a patched kernel's level)"
            } else if level >= 2 {
                "a process may count itself in user space only"
            } else {
                "a process may count itself, in user space and kernel"
            };
            check(name, State::Ok, level.to_string(), meaning)
        }
    }
}

fn ptrace(probe: &Probe, trace: &Result<(), TraceObstacle>) -> Check {
    let found = probe.ptrace_scope.map_or("no Yama in this kernel".to_owned(), |scope| scope.to_string());
    match trace {
        Ok(()) => check(
            "ptrace_scope",
            State::Ok,
            found,
            "signals, lies, short transfers, changed calls and -p work: ptrace is allowed",
        ),
        Err(obstacle) => {
            let (why, help) = against_tracing(*obstacle);
            let meaning = format!("signal, lie, short, arg, kill, interrupt and -p do not work: {why}");
            check("ptrace_scope", State::Limited, found, meaning).help(help)
        }
    }
}

fn core_dumps() -> Check {
    match soft(Resource::RLIMIT_CORE) {
        Some(0) => check("core", State::Ok, "limit 0", "a crashing target leaves no core file"),
        limit => check(
            "core",
            State::Limited,
            format!("limit {}", limit.map_or("unlimited".to_owned(), |bytes| format!("{bytes} bytes"))),
            "a target that crashes with GOTRACEBACK=crash leaves a core file where kernel.core_pattern says",
        )
        .help("`ulimit -c 0` before the run keeps it from that"),
    }
}

fn limits() -> Check {
    let shown = |name: &str, resource| {
        format!("{name} {}", soft(resource).map_or("unlimited".to_owned(), |limit| limit.to_string()))
    };
    let found = [
        shown("nofile", Resource::RLIMIT_NOFILE),
        shown("nproc", Resource::RLIMIT_NPROC),
        shown("stack", Resource::RLIMIT_STACK),
        shown("as", Resource::RLIMIT_AS),
    ];
    check("limits", State::Ok, found.join(", "), "soft limits; the target inherits them unchanged")
}

/// A soft limit, or nothing where it is unlimited.
fn soft(resource: Resource) -> Option<u64> {
    getrlimit(resource).ok().map(|(soft, _)| soft).filter(|soft| *soft != RLIM_INFINITY)
}

fn human(diagnosis: &Diagnosis, color: Color) -> String {
    let mut text = format!("duress {}\n\n", diagnosis.duress);
    for check in &diagnosis.checks {
        let (word, code) = match check.state {
            State::Ok => ("ok", "32"),
            State::Limited => ("limited", "33"),
            State::No => ("no", "31"),
        };
        let padded = format!("{word:8}");
        let shown = match color {
            Color::Always => format!("\x1b[{code}m{padded}\x1b[0m"),
            Color::Never => padded,
        };
        let _ = writeln!(text, " {shown} {:20} {}", check.name, check.found);
        let _ = writeln!(text, " {:8} {:20} {}", "", "", check.meaning);
        if let Some(help) = &check.help {
            let _ = writeln!(text, " {:8} {:20} help: {help}", "", "");
        }
    }
    let _ = writeln!(
        text,
        "\n{}",
        if diagnosis.main_job {
            "The main job works here: duress run -e SPEC -- go test ./..."
        } else {
            "The main job cannot run here; see `no` above."
        }
    );
    text
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
