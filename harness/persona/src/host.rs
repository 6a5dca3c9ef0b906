//! What is really here, as far as a persona must know it.

use crate::Limit;
use std::collections::{BTreeMap, BTreeSet};

/// This host, and where the target would be started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Host {
    /// The value of `kernel.perf_event_paranoid`; none where the kernel has no perf events.
    pub paranoid: Option<i32>,
    /// Whether the target could open perf events whatever that level is (CAP_PERFMON or CAP_SYS_ADMIN).
    pub may_perf: bool,
    /// What of perf events there is.
    pub perf: Perf,
    /// The kernel's release, as uname(2) says it.
    pub release: String,
    /// Which build of it this is, as uname(2) says it: `#1 SMP …`.
    pub build: String,
    /// The host's name, as uname(2) says it where the target is started.
    pub nodename: String,
    /// The NIS domain's name, as uname(2) says it.
    pub domainname: String,
    /// The hardware's name, as uname(2) says it: `x86_64`.
    pub machine: String,
    /// The CPUs that the target may run on.
    pub cpus: u32,
    /// The hard limits.
    pub limits: BTreeMap<Limit, u64>,
    /// Whether hard limits can be raised (CAP_SYS_RESOURCE).
    pub may_raise: bool,
    /// The limits that the kernel does not apply to the target, for its privileges.
    pub unlimited: BTreeSet<Limit>,
}

/// What of perf events this kernel has. All empty stands for not known: then every type is taken to be there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Perf {
    /// The types of events, as `/sys/bus/event_source/devices/*/type` says them.
    pub types: Vec<u32>,
    /// The one of `kprobe`.
    pub kprobe: Option<u32>,
    /// The one of `uprobe`.
    pub uprobe: Option<u32>,
    /// The tracepoints whose raw samples everyone may take of a task: the numbers in
    /// `/sys/kernel/tracing/events/syscalls/*/id` and in `raw_syscalls`.
    pub open_tracepoints: Vec<u64>,
}
