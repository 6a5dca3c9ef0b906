//! What gVisor answers where it is not like a Linux.
//!
//! Source: google/gvisor, `pkg/sentry/syscalls/linux/linux64.go` (table `AMD64`, 2026), `pkg/sentry/kernel/version`,
//! and `versionData` in `pkg/sentry/fsimpl/proc/tasks_files.go`.

/// What uname(2) says; `4.4.0` in older ones.
pub(super) const RELEASE: &str = "4.19.0-gvisor";
/// The same, of its build.
pub(super) const VERSION: &str = "#1 SMP Sun Jan 10 15:06:54 PST 2016";

/// The last number in its table; later ones are ENOSYS by its `Missing`.
pub(super) const LAST: u32 = 441;

/// Calls up to [`LAST`] that fail with ENOSYS. io_uring is in its table, but off unless asked for (`IOUringSetup` in
/// `sys_iouring.go`).
pub(super) static MISSING: &[&str] = &[
    "setfsuid",
    "setfsgid",
    "uselib",
    "ustat",
    "sysfs",
    "get_kernel_syms",
    "query_module",
    "nfsservctl",
    "getpmsg",
    "putpmsg",
    "tuxcall",
    "security",
    "set_thread_area",
    "get_thread_area",
    "epoll_ctl_old",
    "epoll_wait_old",
    "remap_file_pages",
    "vserver",
    "mq_timedsend",
    "mq_timedreceive",
    "mq_notify",
    "mq_getsetattr",
    "vmsplice",
    "fanotify_init",
    "fanotify_mark",
    "userfaultfd",
    "copy_file_range",
    "pkey_mprotect",
    "pkey_alloc",
    "pkey_free",
    "io_pgetevents",
    "uretprobe",
    "uprobe",
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "fspick",
    "process_madvise",
];

/// Calls that fail with EPERM for everybody (`Error`), or for whoever has not the capability (`CapError`; with it, with
/// ENOSYS).
pub(super) static FORBIDDEN: &[&str] = &[
    "sched_rr_get_interval",
    "modify_ldt",
    "_sysctl",
    "sched_setparam",
    "vhangup",
    "adjtimex",
    "acct",
    "settimeofday",
    "swapon",
    "swapoff",
    "reboot",
    "iopl",
    "ioperm",
    "create_module",
    "init_module",
    "delete_module",
    "quotactl",
    "lookup_dcookie",
    "kexec_load",
    "migrate_pages",
    "move_pages",
    "clock_adjtime",
    "kcmp",
    "finit_module",
    "kexec_file_load",
];

/// Calls that fail with another error.
pub(super) static OTHERS: &[(&str, &[&str], &str)] = &[
    // "Not available to user."
    ("no-keys", &["add_key", "request_key"], "EACCES"),
    ("no-perf-events", &["perf_event_open"], "ENODEV"),
    ("no-handles", &["name_to_handle_at", "open_by_handle_at"], "EOPNOTSUPP"),
];
