//! What Go 1.26 on Linux does with results of its own system calls, as far as a plan's author should know it.
//!
//! Every row was read in the file that it names, below `GOROOT/src` of go1.26.8.

use model::Errno;

/// A call whose failure Go's runtime answers by ending the process.
pub(crate) struct Fatal {
    /// The call.
    pub(crate) call: &'static str,
    /// Errors that it does survive.
    pub(crate) spared: &'static [Errno],
    /// What happens instead of an error that a program could handle.
    pub(crate) consequence: &'static str,
}

const fn fatal(call: &'static str, consequence: &'static str) -> Fatal {
    Fatal { call, spared: &[], consequence }
}

/// The calls whose failure ends a Go process.
pub(crate) const FATAL: &[Fatal] = &[
    // runtime/os_linux.go, futexwakeup: any negative result of FUTEX_WAKE; results of FUTEX_WAIT are ignored.
    fatal("futex", "a failed FUTEX_WAKE makes the runtime crash itself at address 0x1006"),
    // runtime/mem_linux.go: sysMap throws, sysAlloc ends the process on EACCES and EAGAIN; with any other error the
    // heap cannot grow.
    fatal("mmap", "the heap cannot grow: \"fatal error: runtime: out of memory\", or exit status 2"),
    // runtime/sys_linux_amd64.s: each of these four writes to address 0xf1 when the call fails.
    fatal("munmap", "the runtime crashes itself at address 0xf1"),
    fatal("rt_sigprocmask", "the runtime crashes itself at address 0xf1"),
    fatal("sigaltstack", "the runtime crashes itself at address 0xf1"),
    fatal("arch_prctl", "the runtime crashes itself at address 0xf1"),
    // runtime/os_linux.go, sysSigaction.
    fatal("rt_sigaction", "\"fatal error: sigaction failed\""),
    // runtime/os_linux.go, newosproc; EAGAIN is tried 20 times (runtime/retry.go). Only os/exec returns the error.
    fatal(
        "clone",
        "\"fatal error: newosproc\" where the runtime wants a thread; only os/exec returns the error",
    ),
    // runtime/netpoll_epoll.go.
    Fatal {
        call: "epoll_pwait",
        spared: &[Errno::EINTR],
        consequence: "\"fatal error: runtime: netpoll failed\"",
    },
    fatal("epoll_create1", "\"fatal error: runtime: netpollinit failed\""),
    fatal("eventfd2", "\"fatal error: runtime: eventfd failed\""),
    // runtime/os_linux.go, setThreadCPUProfiler.
    fatal("timer_settime", "\"fatal error: timer_settime\" when the CPU is profiled"),
    fatal("timer_delete", "\"fatal error: timer_delete\" when the CPU is profiled"),
];

/// Calls after which EAGAIN means "wait until the descriptor is ready" on sockets and pipes.
///
/// internal/poll/fd_unix.go, writev.go, sendfile_unix.go, splice_linux.go.
pub(crate) const POLLED: &[&str] =
    &["read", "write", "recvfrom", "recvmsg", "sendto", "sendmsg", "accept4", "writev", "sendfile", "splice"];

/// Calls that are made again at once, without limit, when they fail with EINTR.
///
/// os/file_unix.go, os/file_posix.go, os/stat_unix.go, os/pidfd_linux.go, internal/poll/fd_unix.go, fd_posix.go:
/// `ignoringEINTR` and its like.
pub(crate) const RETRIED: &[&str] = &[
    "openat",
    "read",
    "write",
    "pread64",
    "pwrite64",
    "recvfrom",
    "recvmsg",
    "sendto",
    "sendmsg",
    "accept4",
    "writev",
    "fsync",
    "ftruncate",
    "fchmod",
    "fchown",
    "newfstatat",
    "unlinkat",
    "linkat",
    "symlinkat",
    "waitid",
];
