//! The whole finding, as `--format json` prints it.

use super::binary::Audit;
use super::check::{Check, State};
use super::gates::{Gate, Gates};
use super::host::{Host, Live};
use super::limits::{self, ArgMax, Limits};
use super::sysctl::Key;
use super::toolchains::Found;
use super::{container, main_job, security, toolchains};
use golang::Support;
use serde::Serialize;
use std::path::PathBuf;

/// The whole finding; its keys are stable. What a tree cannot tell is null.
#[derive(Debug, Serialize)]
pub(crate) struct Diagnosis {
    duress: &'static str,
    /// The tree that was looked at, in the place of this host.
    root: Option<PathBuf>,
    kernel: Option<String>,
    machine: Option<String>,
    /// Whether `duress run -- go test` can work here.
    pub(crate) main_job: Option<bool>,
    notify: Option<bool>,
    wait_killable: Option<bool>,
    sync_wake_up: Option<bool>,
    trace: Option<bool>,
    uid: Option<u32>,
    capabilities: Option<String>,
    ptrace_scope: Option<i32>,
    perf_event_paranoid: Option<i32>,
    go: Option<String>,
    /// The lines of Go releases for which call sites were verified.
    call_sites: Vec<String>,
    cc: Option<String>,
    container: container::Verdict,
    cgo: Option<bool>,
    /// Soft limits; null is unlimited.
    limits: Limits,
    hard_limits: Limits,
    arg_max: Option<ArgMax>,
    toolchains: Vec<Found>,
    sysctl: Vec<Key>,
    pub(crate) checks: Vec<Check>,
    pub(crate) gates: Vec<Gate>,
    pub(crate) binary: Option<Audit>,
}

const KEYS: [&str; 7] = [
    "kernel.perf_event_paranoid",
    "kernel.yama.ptrace_scope",
    "kernel.core_pattern",
    "kernel.unprivileged_userns_clone",
    "kernel.apparmor_restrict_unprivileged_userns",
    "kernel.unprivileged_bpf_disabled",
    "user.max_user_namespaces",
];

impl Diagnosis {
    /// Concludes everything from what is known.
    pub(crate) fn of(host: &Host, root: Option<PathBuf>, gates: &Gates, binary: Option<Audit>) -> Diagnosis {
        let mut checks = main_job::checks(host);
        checks.extend([
            toolchains::toolchains(host),
            toolchains::goroot(host),
            toolchains::cgo_check(host),
            toolchains::path_check(host),
            limits::core_dumps(host),
            limits::resources(host),
            limits::arguments(host),
            limits::control_group(host),
            container::check(host),
            security::filters(host),
            security::modules(host),
            security::user_namespaces(host),
            files(host),
        ]);
        let live = host.live.as_ref();
        let features = live.and_then(|live| live.probe.notify.ok());
        let go = live.and_then(|live| live.go.as_ref().ok());
        let version = |live: &Live| live.go.as_ref().ok().map(|go| go.version.to_string());
        let toolchains = toolchains::all(host);
        let in_path =
            || toolchains.iter().find(|found| found.place == "PATH").map(|found| found.version.clone());
        let limits = limits::read(host);
        let known = |is: bool| live.map(|_| is);
        Diagnosis {
            duress: env!("CARGO_PKG_VERSION"),
            root,
            kernel: host.kernel(),
            machine: live.map(|live| live.probe.machine.clone()),
            main_job: known(checks.iter().all(|check| check.state != State::No)),
            notify: known(features.is_some()),
            wait_killable: known(features.is_some_and(|features| features.wait_killable)),
            sync_wake_up: known(features.is_some_and(|features| features.sync_wake_up)),
            trace: live.map(|live| live.trace.is_ok()),
            uid: host.uid(),
            capabilities: host.capabilities("CapEff").map(|mask| format!("{mask:#018x}")),
            ptrace_scope: host.key("kernel.yama.ptrace_scope").number(),
            perf_event_paranoid: host.key("kernel.perf_event_paranoid").number(),
            go: live.map_or_else(in_path, version),
            call_sites: Support::verified(),
            cc: go.filter(|go| go.race_problem().is_none()).map(|go| go.cc.clone()),
            container: container::judge(host).0,
            cgo: toolchains::cgo(host).0,
            limits: limits.map(|(soft, _)| soft).unwrap_or_default(),
            hard_limits: limits.map(|(_, hard)| hard).unwrap_or_default(),
            arg_max: limits.map(|(soft, _)| limits::arg_max(soft.stack, &host.environment)),
            toolchains,
            sysctl: KEYS.map(|key| host.key(key)).into(),
            checks,
            gates: gates.judge(host),
            binary,
        }
    }

    /// Whether all that was asked for is so: every gate; and of an executable, or else of the main job, that it can run.
    pub(crate) fn is_well(&self) -> bool {
        let runs = match &self.binary {
            Some(audit) => audit.runs,
            None => self.main_job != Some(false),
        };
        runs && self.gates.iter().all(|gate| gate.passed)
    }
}

/// The files of settings as such.
fn files(host: &Host) -> Check {
    const NAME: &str = "sysctl_files";
    let files = &host.files;
    let found =
        format!("{} read, {} masked, {} problems", files.count, files.masks.len(), files.problems.len());
    let masks = files.masks.iter().map(|(path, by)| format!("{path} is masked by {by}"));
    let (state, meaning) = if files.problems.is_empty() {
        (State::Ok, "where settings of the kernel come from at boot")
    } else {
        (State::Limited, "some lines or files have no effect")
    };
    Check::new(NAME, state, found, meaning)
        .details(masks.chain(files.problems.iter().cloned()).collect::<Vec<_>>())
}
