//! What this kernel and these privileges allow, found out by trying.

use crate::sys::{SysError, perf, ptrace, seccomp};
use model::{Signal, Tid};
use nix::fcntl::OFlag;
use nix::sys::utsname::uname;
use nix::unistd::pipe2;
use std::fs;
use std::thread;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The kernel's release, as `uname -r` says it.
    pub kernel: String,
    /// The machine, as `uname -m` says it.
    pub machine: String,
    /// Whether calls can be interposed on by notification, and if not, what the kernel answered.
    pub notify: Result<NotifyFeatures, Obstacle>,
    /// `kernel.perf_event_paranoid`, if this kernel has perf events.
    pub perf_event_paranoid: Option<i32>,
    /// `kernel.yama.ptrace_scope`, if this kernel has Yama; without it ptrace is limited by user ids alone.
    pub ptrace_scope: Option<i32>,
    /// The effective user.
    pub uid: u32,
    /// The effective capabilities, as the mask that `/proc/self/status` shows.
    pub capabilities: u64,
    /// The signals that whoever started us wants ignored (nohup(1), a shell's `&`): bit 0 is signal 1.
    pub ignored_signals: u64,
}

/// What notifications can do here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotifyFeatures {
    /// Received calls are not restarted by signals (`WAIT_KILLABLE_RECV`, Linux 5.19).
    pub wait_killable: bool,
    /// The supervisor is woken on the tracee's CPU (`SYNC_WAKE_UP`, Linux 6.6).
    pub sync_wake_up: bool,
}

/// What perf_event_open(2) answers to a process that wants to count itself, in user space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerfEvents {
    /// For a counter that the kernel keeps (`PERF_COUNT_SW_TASK_CLOCK`).
    pub software: Result<(), SysError>,
    /// For one that the processor keeps (`PERF_COUNT_HW_CPU_CYCLES`); many virtual machines have none (`ENOENT`).
    pub hardware: Result<(), SysError>,
}

impl PerfEvents {
    /// Opens one of each and closes it; nothing is counted.
    pub fn take() -> PerfEvents {
        const HARDWARE: (u32, u64) = (0, 0);
        const SOFTWARE: (u32, u64) = (1, 1);
        let attempt = |(kind, config)| perf::open(kind, config).map(drop);
        PerfEvents { software: attempt(SOFTWARE), hardware: attempt(HARDWARE) }
    }
}

/// Why calls cannot be interposed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// The kernel has no seccomp notifications (before 5.0, or built without), or a filter hides them.
    Missing(SysError),
    /// A supervisor is there already: this process was itself started under notifications.
    Busy,
    /// The kernel refuses to put on a filter.
    Refused(SysError),
}

/// Why processes cannot be traced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TraceObstacle {
    /// Yama forbids it to everybody (`kernel.yama.ptrace_scope` = 3) until the next boot.
    Forbidden,
    /// Yama keeps it for `CAP_SYS_PTRACE` (`kernel.yama.ptrace_scope` = 2); 0 and 1 would do.
    Privileged,
    /// The kernel is older than 5.3, or does not have it.
    Missing(SysError),
    /// Something else forbids it: the profile of a container (Docker's own allows it since Linux 4.8), a security module, or a
    /// sandbox that is itself made with ptrace(2).
    Refused(SysError),
}

impl NotifyFeatures {
    /// The flags to put on a filter with, `SECCOMP_FILTER_FLAG_*`.
    pub fn flags(self) -> u32 {
        let killable = if self.wait_killable { libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV } else { 0 };
        u32::try_from(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | killable).expect("flags are small")
    }
}

impl Probe {
    /// Tries everything, on a thread that ends; nothing is changed.
    pub fn take() -> Probe {
        let (kernel, machine) = uname().map_or_else(
            |_| (String::new(), String::new()),
            |names| {
                let text = |part: &std::ffi::OsStr| part.to_string_lossy().into_owned();
                (text(names.release()), text(names.machine()))
            },
        );
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let field = |name: &str| {
            status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
        };
        let mask = |name| field(name).and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
        let scope = number_in("/proc/sys/kernel/yama/ptrace_scope");
        Probe {
            kernel,
            machine,
            notify: thread::spawn(try_notify)
                .join()
                .unwrap_or(Err(Obstacle::Missing(SysError(libc::ENOSYS)))),
            perf_event_paranoid: number_in("/proc/sys/kernel/perf_event_paranoid"),
            ptrace_scope: scope,
            uid: nix::unistd::geteuid().as_raw(),
            capabilities: mask("CapEff"),
            ignored_signals: mask("SigIgn"),
        }
    }

    /// Whether calls can be interposed on by ptrace, and if not, why; tried on a process of our own, which ends.
    ///
    /// # Errors
    /// What stands in the way.
    pub fn trace(&self) -> Result<(), TraceObstacle> {
        try_trace(self.ptrace_scope)
    }
}

/// Puts a filter that allows everything on this thread, which ends right after.
fn try_notify() -> Result<NotifyFeatures, Obstacle> {
    seccomp::notification_sizes().map_err(Obstacle::Missing)?;
    let listener = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER;
    if !seccomp::knows_flags(listener) {
        return Err(Obstacle::Missing(SysError(libc::EINVAL)));
    }
    let killable = libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let wait_killable = seccomp::knows_flags(listener | killable);
    let flags = if wait_killable { listener | killable } else { listener };
    let allow = [libc::sock_filter { code: 0x06, jt: 0, jf: 0, k: libc::SECCOMP_RET_ALLOW }];
    let attempt = match seccomp::install(flags, &allow) {
        Err(SysError(libc::EACCES)) => seccomp::no_new_privs().and_then(|()| seccomp::install(flags, &allow)),
        other => other,
    };
    match attempt {
        Ok(descriptor) => {
            let sync_wake_up = seccomp::set_sync_wake_up(std::os::fd::AsFd::as_fd(&descriptor));
            Ok(NotifyFeatures { wait_killable, sync_wake_up })
        }
        Err(SysError(libc::EBUSY)) => Err(Obstacle::Busy),
        Err(errno @ SysError(libc::ENOSYS | libc::EINVAL)) => Err(Obstacle::Missing(errno)),
        Err(errno) => Err(Obstacle::Refused(errno)),
    }
}

/// Traces a process that does nothing and is ended at once.
///
/// # Kernel
/// ptrace(2), "Ptrace access mode checking" and `/proc/sys/kernel/yama/ptrace_scope`. Descendants, which all subjects are, may
/// be traced under scope 1.
fn try_trace(scope: Option<i32>) -> Result<(), TraceObstacle> {
    let lifeline = pipe2(OFlag::O_CLOEXEC).map_err(|errno| SysError(errno as i32));
    let attempt = lifeline.and_then(ptrace::start_idle).and_then(|(process, lifeline)| {
        let attempt = trace_idle(process);
        // Whatever came of it: it ends, and is collected.
        drop(lifeline);
        ptrace::send(process, Signal::SIGKILL)?;
        while libc::WIFSTOPPED(ptrace::await_status_of(process)?) {}
        attempt
    });
    attempt.map_err(|errno| match (scope, errno) {
        (Some(3), _) => TraceObstacle::Forbidden,
        (Some(2), _) => TraceObstacle::Privileged,
        (_, SysError(libc::ENOSYS | libc::EIO | libc::EINVAL)) => TraceObstacle::Missing(errno),
        (_, errno) => TraceObstacle::Refused(errno),
    })
}

/// Asks of a process all that the mechanism asks.
fn trace_idle(process: Tid) -> Result<(), SysError> {
    ptrace::seize(process, libc::PTRACE_O_TRACESECCOMP | libc::PTRACE_O_EXITKILL)?;
    ptrace::interrupt(process)?;
    ptrace::await_status_of(process)?;
    let registers = ptrace::registers(process)?;
    ptrace::set_registers(process, &registers)?;
    ptrace::side(process).map(|_| ())
}

fn number_in(path: &str) -> Option<i32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probing_changes_nothing_for_this_thread() {
        let seccomp_mode = || {
            let status = fs::read_to_string("/proc/thread-self/status").unwrap();
            status.lines().find(|line| line.starts_with("Seccomp:")).map(str::to_owned)
        };
        let before = seccomp_mode();
        let probe = Probe::take();
        assert_eq!(seccomp_mode(), before);
        assert!(!probe.kernel.is_empty());
    }

    #[test]
    fn a_counter_is_there_or_the_reason_is_known() {
        let events = PerfEvents::take();
        let paranoid = number_in("/proc/sys/kernel/perf_event_paranoid");
        match events.software {
            Ok(()) => assert!(paranoid.is_some()),
            Err(errno) => assert!(matches!(errno.0, libc::EACCES | libc::EPERM | libc::ENOSYS), "{errno}"),
        }
    }

    #[test]
    fn a_child_of_ours_can_be_traced_or_the_reason_is_known() {
        let scope = number_in("/proc/sys/kernel/yama/ptrace_scope");
        match try_trace(scope) {
            Ok(()) => assert_ne!(scope, Some(3)),
            Err(TraceObstacle::Forbidden) => assert_eq!(scope, Some(3)),
            Err(TraceObstacle::Privileged) => assert_eq!(scope, Some(2)),
            Err(TraceObstacle::Missing(errno) | TraceObstacle::Refused(errno)) => assert_ne!(errno.0, 0),
        }
        assert!(ptrace::next_status().is_none(), "the child is collected");
    }
}
