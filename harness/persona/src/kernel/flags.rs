//! What a call that was there already did not know yet: flags, options, commands.
//!
//! Only what the older kernel refused is here; what it ignored (clone(2)'s and openat(2)'s flags) needs no rule. What lies
//! in memory (clone3, openat2, io_uring, bpf) is not here: it is in the remarks.
//!
//! Versions that man-pages 6.03 names were compared with it. The others (6.2 and later, `PR_SET_VMA`, UDP's and some
//! `SO_*` options) are those of the commits, and were not looked up again at the tags. Numbers stand where the names are
//! newer than the plan language's table (Linux 6.1).
//!
//! Longer than the rest: a table.

use super::release::Version;

/// Something that a kernel refuses until it learns it.
pub(super) struct Flag {
    /// The rule's name.
    pub(super) name: &'static str,
    /// The first version that refuses it so; none for every one before `known`.
    pub(super) since: Option<Version>,
    /// The first version that knows it.
    pub(super) known: Version,
    /// Where it is given, by name.
    pub(super) calls: &'static [&'static str],
    /// How the kernel's filter tells it.
    pub(super) condition: &'static str,
    /// The error.
    pub(super) errno: &'static str,
}

/// Every call that a kernel before `known` refuses.
const fn flag(
    name: &'static str,
    known: Version,
    calls: &'static [&'static str],
    condition: &'static str,
    errno: &'static str,
) -> Flag {
    Flag { name, since: None, known, calls, condition, errno }
}

impl Flag {
    /// Whether a kernel of this version refuses it.
    pub(super) fn is_refused_by(&self, version: Version) -> bool {
        version < self.known && self.since.is_none_or(|since| since <= version)
    }
}

/// All of them, by what they are about.
pub(super) static FLAGS: &[Flag] = &[
    // memfd_create(2); mm/shmem.c, `flags & ~MFD_ALL_FLAGS`.
    flag("memfd-hugetlb", Version(4, 14, 0), &["memfd_create"], "arg(2 & MFD_HUGETLB)", "EINVAL"),
    // memfd_create(2): MFD_NOEXEC_SEAL 8, MFD_EXEC 16; mm/memfd.c.
    flag("memfd-exec", Version(6, 3, 0), &["memfd_create"], "arg(2 & 0x18)", "EINVAL"),
    // pidfd_open(2); kernel/pid.c, `if (flags)`.
    flag("pidfd-nonblock", Version(5, 10, 0), &["pidfd_open"], "arg(2 & PIDFD_NONBLOCK)", "EINVAL"),
    // pidfd_open(2): PIDFD_THREAD is O_EXCL; kernel/pid.c.
    flag("pidfd-thread", Version(6, 9, 0), &["pidfd_open"], "arg(2 & 0x80)", "EINVAL"),
    // pidfd_send_signal(2): PIDFD_SIGNAL_*; kernel/signal.c, `if (flags)`.
    flag("pidfd-signal-flags", Version(6, 9, 0), &["pidfd_send_signal"], "arg(4 & 0x7)", "EINVAL"),
    // getrandom(2); drivers/char/random.c, unknown flags.
    flag("getrandom-insecure", Version(5, 6, 0), &["getrandom"], "arg(3 & GRND_INSECURE)", "EINVAL"),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-hugepage",
        Version(2, 6, 38),
        &["madvise"],
        "arg(3 == MADV_HUGEPAGE) | arg(3 == MADV_NOHUGEPAGE)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-dump",
        Version(3, 4, 0),
        &["madvise"],
        "arg(3 == MADV_DONTDUMP) | arg(3 == MADV_DODUMP)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag("madvise-free", Version(4, 5, 0), &["madvise"], "arg(3 == MADV_FREE)", "EINVAL"),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-wipe-on-fork",
        Version(4, 14, 0),
        &["madvise"],
        "arg(3 == MADV_WIPEONFORK) | arg(3 == MADV_KEEPONFORK)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-cold",
        Version(5, 4, 0),
        &["madvise"],
        "arg(3 == MADV_COLD) | arg(3 == MADV_PAGEOUT)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-populate",
        Version(5, 14, 0),
        &["madvise"],
        "arg(3 == MADV_POPULATE_READ) | arg(3 == MADV_POPULATE_WRITE)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag(
        "madvise-dontneed-locked",
        Version(5, 18, 0),
        &["madvise"],
        "arg(3 == MADV_DONTNEED_LOCKED)",
        "EINVAL",
    ),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag("madvise-collapse", Version(6, 1, 0), &["madvise"], "arg(3 == MADV_COLLAPSE)", "EINVAL"),
    // madvise(2); mm/madvise.c, `madvise_behavior_valid`.
    flag("madvise-guard", Version(6, 13, 0), &["madvise"], "arg(3 == 102) | arg(3 == 103)", "EINVAL"),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-child-subreaper",
        Version(3, 4, 0),
        &["prctl"],
        "arg(1 == PR_SET_CHILD_SUBREAPER) | arg(1 == PR_GET_CHILD_SUBREAPER)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-no-new-privs",
        Version(3, 5, 0),
        &["prctl"],
        "arg(1 == PR_SET_NO_NEW_PRIVS) | arg(1 == PR_GET_NO_NEW_PRIVS)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-thp-disable",
        Version(3, 15, 0),
        &["prctl"],
        "arg(1 == PR_SET_THP_DISABLE) | arg(1 == PR_GET_THP_DISABLE)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag("prctl-cap-ambient", Version(4, 3, 0), &["prctl"], "arg(1 == PR_CAP_AMBIENT)", "EINVAL"),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-speculation",
        Version(4, 17, 0),
        &["prctl"],
        "arg(1 == PR_GET_SPECULATION_CTRL) | arg(1 == PR_SET_SPECULATION_CTRL)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-io-flusher",
        Version(5, 6, 0),
        &["prctl"],
        "arg(1 == PR_SET_IO_FLUSHER) | arg(1 == PR_GET_IO_FLUSHER)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag(
        "prctl-syscall-user-dispatch",
        Version(5, 11, 0),
        &["prctl"],
        "arg(1 == PR_SET_SYSCALL_USER_DISPATCH)",
        "EINVAL",
    ),
    // prctl(2); kernel/sys.c, unknown options.
    flag("prctl-sched-core", Version(5, 14, 0), &["prctl"], "arg(1 == PR_SCHED_CORE)", "EINVAL"),
    // prctl(2), which Go 1.25 names its memory with; kernel/sys.c, unknown options.
    flag("prctl-set-vma", Version(5, 17, 0), &["prctl"], "arg(1 == PR_SET_VMA)", "EINVAL"),
    // prctl(2): PR_SET_MDWE, PR_GET_MDWE; kernel/sys.c, unknown options.
    flag("prctl-mdwe", Version(6, 3, 0), &["prctl"], "arg(1 == 65) | arg(1 == 66)", "EINVAL"),
    // mremap(2); mm/mremap.c, unknown flags.
    flag("mremap-dontunmap", Version(5, 7, 0), &["mremap"], "arg(4 & MREMAP_DONTUNMAP)", "EINVAL"),
    // mmap(2): MAP_SHARED_VALIDATE; mm/mmap.c, `switch (flags & MAP_TYPE)`.
    flag("mmap-shared-validate", Version(4, 15, 0), &["mmap"], "arg(4 & 0xf == 3)", "EINVAL"),
    // MAP_DROPPABLE; mm/mmap.c, `switch (flags & MAP_TYPE)`.
    flag("mmap-droppable", Version(6, 11, 0), &["mmap"], "arg(4 & 0xf == 8)", "EINVAL"),
    // mlockall(2); mm/mlock.c, unknown flags.
    flag("mlockall-onfault", Version(4, 4, 0), &["mlockall"], "arg(1 & MCL_ONFAULT)", "EINVAL"),
    // rename(2); fs/namei.c, unknown flags.
    flag("rename-whiteout", Version(3, 18, 0), &["renameat2"], "arg(5 & RENAME_WHITEOUT)", "EINVAL"),
    // waitid(2), which Go's os package asks; kernel/exit.c, `switch (which)`.
    flag("waitid-pidfd", Version(5, 4, 0), &["waitid"], "arg(1 == P_PIDFD)", "EINVAL"),
    // seccomp(2), include/uapi/linux/seccomp.h; kernel/seccomp.c, `SECCOMP_FILTER_FLAG_MASK`.
    flag(
        "seccomp-log",
        Version(4, 14, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_SET_MODE_FILTER) & arg(2 & SECCOMP_FILTER_FLAG_LOG)",
        "EINVAL",
    ),
    // seccomp(2), include/uapi/linux/seccomp.h; kernel/seccomp.c, `SECCOMP_FILTER_FLAG_MASK`.
    flag(
        "seccomp-spec-allow",
        Version(4, 17, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_SET_MODE_FILTER) & arg(2 & SECCOMP_FILTER_FLAG_SPEC_ALLOW)",
        "EINVAL",
    ),
    // seccomp(2), include/uapi/linux/seccomp.h; kernel/seccomp.c, `SECCOMP_FILTER_FLAG_MASK`.
    flag(
        "seccomp-new-listener",
        Version(5, 0, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_SET_MODE_FILTER) & arg(2 & SECCOMP_FILTER_FLAG_NEW_LISTENER)",
        "EINVAL",
    ),
    // seccomp(2), include/uapi/linux/seccomp.h; kernel/seccomp.c, `SECCOMP_FILTER_FLAG_MASK`.
    flag(
        "seccomp-tsync-esrch",
        Version(5, 7, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_SET_MODE_FILTER) & arg(2 & SECCOMP_FILTER_FLAG_TSYNC_ESRCH)",
        "EINVAL",
    ),
    // seccomp(2), include/uapi/linux/seccomp.h; kernel/seccomp.c, `SECCOMP_FILTER_FLAG_MASK`.
    flag(
        "seccomp-wait-killable",
        Version(5, 19, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_SET_MODE_FILTER) & arg(2 & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)",
        "EINVAL",
    ),
    // seccomp(2); kernel/seccomp.c, `switch (op)`.
    flag(
        "seccomp-action-avail",
        Version(4, 14, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_GET_ACTION_AVAIL)",
        "EINVAL",
    ),
    // seccomp(2); kernel/seccomp.c, `switch (op)`.
    flag(
        "seccomp-notif-sizes",
        Version(5, 0, 0),
        &["seccomp"],
        "arg(1 == SECCOMP_GET_NOTIF_SIZES)",
        "EINVAL",
    ),
    // preadv2(2); fs/read_write.c, later `kiocb_set_rw_flags`: unknown flags.
    flag("rwf-sync", Version(4, 7, 0), &["preadv2", "pwritev2"], "arg(6 & 6)", "EOPNOTSUPP"),
    // preadv2(2); fs/read_write.c, later `kiocb_set_rw_flags`: unknown flags.
    flag("rwf-append", Version(4, 16, 0), &["preadv2", "pwritev2"], "arg(6 & RWF_APPEND)", "EOPNOTSUPP"),
    // preadv2(2); fs/read_write.c, later `kiocb_set_rw_flags`: unknown flags.
    flag("rwf-noappend", Version(6, 9, 0), &["preadv2", "pwritev2"], "arg(6 & 0x20)", "EOPNOTSUPP"),
    // preadv2(2); fs/read_write.c, later `kiocb_set_rw_flags`: unknown flags.
    flag("rwf-atomic", Version(6, 11, 0), &["preadv2", "pwritev2"], "arg(6 & 0x40)", "EOPNOTSUPP"),
    // preadv2(2); fs/read_write.c, later `kiocb_set_rw_flags`: unknown flags.
    flag("rwf-dontcache", Version(6, 14, 0), &["preadv2", "pwritev2"], "arg(6 & 0x80)", "EOPNOTSUPP"),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-reuseport",
        Version(3, 9, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_REUSEPORT)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-busy-poll",
        Version(3, 11, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_BUSY_POLL)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-attach-bpf",
        Version(3, 19, 0),
        &["setsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_ATTACH_BPF)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-cookie",
        Version(4, 12, 0),
        &["getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_COOKIE)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-peergroups",
        Version(4, 13, 0),
        &["getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_PEERGROUPS)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-zerocopy",
        Version(4, 14, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_ZEROCOPY)",
        "ENOPROTOOPT",
    ),
    // socket(7); net/core/sock.c, unknown options.
    flag(
        "so-txtime",
        Version(4, 19, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_TXTIME)",
        "ENOPROTOOPT",
    ),
    // include/uapi/asm-generic/socket.h; net/core/sock.c, unknown options.
    flag(
        "so-bindtoifindex",
        Version(5, 1, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_BINDTOIFINDEX)",
        "ENOPROTOOPT",
    ),
    // include/uapi/asm-generic/socket.h; net/core/sock.c, unknown options.
    flag(
        "so-prefer-busy-poll",
        Version(5, 11, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == SO_PREFER_BUSY_POLL)",
        "ENOPROTOOPT",
    ),
    // SO_PEERPIDFD, include/uapi/asm-generic/socket.h; net/core/sock.c, unknown options.
    flag(
        "so-peerpidfd",
        Version(6, 5, 0),
        &["getsockopt"],
        "arg(2 == SOL_SOCKET) & arg(3 == 77)",
        "ENOPROTOOPT",
    ),
    // tcp(7), include/uapi/linux/tcp.h; net/ipv4/tcp.c, unknown options.
    flag(
        "tcp-user-timeout",
        Version(2, 6, 37),
        &["setsockopt", "getsockopt"],
        "arg(2 == IPPROTO_TCP) & arg(3 == TCP_USER_TIMEOUT)",
        "ENOPROTOOPT",
    ),
    // tcp(7), include/uapi/linux/tcp.h; net/ipv4/tcp.c, unknown options.
    flag(
        "tcp-fastopen",
        Version(3, 7, 0),
        &["setsockopt"],
        "arg(2 == IPPROTO_TCP) & arg(3 == TCP_FASTOPEN)",
        "ENOPROTOOPT",
    ),
    // tcp(7), include/uapi/linux/tcp.h; net/ipv4/tcp.c, unknown options.
    flag(
        "tcp-notsent-lowat",
        Version(3, 12, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == IPPROTO_TCP) & arg(3 == TCP_NOTSENT_LOWAT)",
        "ENOPROTOOPT",
    ),
    // tcp(7), include/uapi/linux/tcp.h; net/ipv4/tcp.c, unknown options.
    flag(
        "tcp-fastopen-connect",
        Version(4, 11, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == IPPROTO_TCP) & arg(3 == TCP_FASTOPEN_CONNECT)",
        "ENOPROTOOPT",
    ),
    // tcp(7), include/uapi/linux/tcp.h; net/ipv4/tcp.c, unknown options.
    flag(
        "tcp-ulp",
        Version(4, 13, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == IPPROTO_TCP) & arg(3 == TCP_ULP)",
        "ENOPROTOOPT",
    ),
    // ip(7): IP_BIND_ADDRESS_NO_PORT; net/ipv4/ip_sockglue.c, unknown options.
    flag(
        "ip-bind-address-no-port",
        Version(4, 2, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == 0) & arg(3 == 24)",
        "ENOPROTOOPT",
    ),
    // udp(7): UDP_SEGMENT; net/ipv4/udp.c, unknown options.
    flag(
        "udp-segment",
        Version(4, 18, 0),
        &["setsockopt", "getsockopt"],
        "arg(2 == IPPROTO_UDP) & arg(3 == 103)",
        "ENOPROTOOPT",
    ),
    // udp(7): UDP_GRO; net/ipv4/udp.c, unknown options.
    flag(
        "udp-gro",
        Version(5, 0, 0),
        &["setsockopt"],
        "arg(2 == IPPROTO_UDP) & arg(3 == 104)",
        "ENOPROTOOPT",
    ),
    // futex(2); kernel/futex.c, `do_futex`: unknown operations.
    flag("futex-lock-pi2", Version(5, 14, 0), &["futex"], "arg(2 & 0x7f == FUTEX_LOCK_PI2)", "ENOSYS"),
    // fallocate(2); fs/open.c, unknown modes.
    flag(
        "fallocate-collapse",
        Version(3, 15, 0),
        &["fallocate"],
        "arg(2 & FALLOC_FL_COLLAPSE_RANGE)",
        "EOPNOTSUPP",
    ),
    // fallocate(2); fs/open.c, unknown modes.
    flag("fallocate-zero", Version(3, 15, 0), &["fallocate"], "arg(2 & FALLOC_FL_ZERO_RANGE)", "EOPNOTSUPP"),
    // fallocate(2); fs/open.c, unknown modes.
    flag(
        "fallocate-insert",
        Version(4, 1, 0),
        &["fallocate"],
        "arg(2 & FALLOC_FL_INSERT_RANGE)",
        "EOPNOTSUPP",
    ),
    // fallocate(2); fs/open.c, unknown modes.
    flag("fallocate-write-zeroes", Version(6, 17, 0), &["fallocate"], "arg(2 & 0x80)", "EOPNOTSUPP"),
    // lseek(2); fs/read_write.c, `origin > SEEK_MAX`.
    flag("lseek-data", Version(3, 1, 0), &["lseek"], "arg(3 == SEEK_DATA) | arg(3 == SEEK_HOLE)", "EINVAL"),
    // pipe(2); fs/pipe.c, unknown flags.
    flag("pipe-direct", Version(3, 4, 0), &["pipe2"], "arg(2 & O_DIRECT)", "EINVAL"),
    // pipe(2): O_NOTIFICATION_PIPE is O_EXCL; fs/pipe.c, unknown flags.
    flag("pipe-notification", Version(5, 8, 0), &["pipe2"], "arg(2 & O_EXCL)", "EINVAL"),
    // fcntl(2); fs/fcntl.c, unknown commands.
    flag(
        "fcntl-pipe-size",
        Version(2, 6, 35),
        &["fcntl"],
        "arg(2 == F_SETPIPE_SZ) | arg(2 == F_GETPIPE_SZ)",
        "EINVAL",
    ),
    // fcntl(2); fs/fcntl.c, unknown commands.
    flag(
        "fcntl-ofd-lock",
        Version(3, 15, 0),
        &["fcntl"],
        "arg(2 == F_OFD_GETLK) | arg(2 == F_OFD_SETLK) | arg(2 == F_OFD_SETLKW)",
        "EINVAL",
    ),
    // fcntl(2); fs/fcntl.c, unknown commands.
    flag(
        "fcntl-seals",
        Version(3, 17, 0),
        &["fcntl"],
        "arg(2 == F_ADD_SEALS) | arg(2 == F_GET_SEALS)",
        "EINVAL",
    ),
    // fcntl(2); fs/fcntl.c, unknown commands.
    flag(
        "fcntl-rw-hint",
        Version(4, 13, 0),
        &["fcntl"],
        "arg(2 == F_GET_RW_HINT) | arg(2 == F_SET_RW_HINT) | arg(2 == F_GET_FILE_RW_HINT) | arg(2 == F_SET_FILE_RW_HINT)",
        "EINVAL",
    ),
    // fcntl(2): F_DUPFD_QUERY; fs/fcntl.c, unknown commands.
    flag("fcntl-dupfd-query", Version(6, 10, 0), &["fcntl"], "arg(2 == 1027)", "EINVAL"),
    // fcntl(2): F_CREATED_QUERY; fs/fcntl.c, unknown commands.
    flag("fcntl-created-query", Version(6, 12, 0), &["fcntl"], "arg(2 == 1028)", "EINVAL"),
    // timerfd_create(2); fs/timerfd.c, unknown clocks.
    flag("timerfd-boottime", Version(3, 15, 0), &["timerfd_create"], "arg(1 == CLOCK_BOOTTIME)", "EINVAL"),
    // timerfd_create(2); fs/timerfd.c, unknown clocks.
    flag(
        "timerfd-alarm",
        Version(3, 11, 0),
        &["timerfd_create"],
        "arg(1 == CLOCK_REALTIME_ALARM) | arg(1 == CLOCK_BOOTTIME_ALARM)",
        "EINVAL",
    ),
    // timerfd_create(2); fs/timerfd.c, unknown flags.
    flag(
        "timerfd-cancel",
        Version(3, 0, 0),
        &["timerfd_settime"],
        "arg(2 & TFD_TIMER_CANCEL_ON_SET)",
        "EINVAL",
    ),
    // stat(2); fs/stat.c, unknown flags.
    flag("stat-no-automount", Version(2, 6, 38), &["newfstatat"], "arg(4 & AT_NO_AUTOMOUNT)", "EINVAL"),
    // stat(2); fs/stat.c, unknown flags.
    flag("stat-empty-path", Version(2, 6, 39), &["newfstatat"], "arg(4 & AT_EMPTY_PATH)", "EINVAL"),
    // link(2), chown(2); fs/namei.c, fs/open.c, unknown flags.
    flag("link-empty-path", Version(2, 6, 39), &["linkat", "fchownat"], "arg(5 & AT_EMPTY_PATH)", "EINVAL"),
    // utimensat(2); fs/utimes.c, unknown flags.
    flag("utimens-empty-path", Version(5, 8, 0), &["utimensat"], "arg(4 & AT_EMPTY_PATH)", "EINVAL"),
    // close_range(2); fs/file.c, unknown flags.
    flag(
        "close-range-cloexec",
        Version(5, 11, 0),
        &["close_range"],
        "arg(3 & CLOSE_RANGE_CLOEXEC)",
        "EINVAL",
    ),
    // perf_event_open(2); kernel/events/core.c, `flags & ~PERF_FLAG_ALL`.
    flag("perf-cgroup", Version(2, 6, 39), &["perf_event_open"], "arg(5 & PERF_FLAG_PID_CGROUP)", "EINVAL"),
    // perf_event_open(2); kernel/events/core.c, `flags & ~PERF_FLAG_ALL`.
    flag("perf-cloexec", Version(3, 14, 0), &["perf_event_open"], "arg(5 & PERF_FLAG_FD_CLOEXEC)", "EINVAL"),
    // userfaultfd(2); fs/userfaultfd.c, unknown flags.
    flag(
        "userfaultfd-user-mode",
        Version(5, 11, 0),
        &["userfaultfd"],
        "arg(1 & UFFD_USER_MODE_ONLY)",
        "EINVAL",
    ),
    // membarrier(2): MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED; kernel/sched/membarrier.c.
    flag("membarrier-expedited", Version(4, 14, 0), &["membarrier"], "arg(1 == 8) | arg(1 == 16)", "EINVAL"),
    // membarrier(2): MEMBARRIER_CMD_(REGISTER_)GLOBAL_EXPEDITED, MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED_SYNC_CORE.
    flag(
        "membarrier-global",
        Version(4, 16, 0),
        &["membarrier"],
        "arg(1 == 2) | arg(1 == 4) | arg(1 == 32) | arg(1 == 64)",
        "EINVAL",
    ),
    // membarrier(2): MEMBARRIER_CMD_(REGISTER_)PRIVATE_EXPEDITED_RSEQ.
    flag("membarrier-rseq", Version(5, 10, 0), &["membarrier"], "arg(1 == 128) | arg(1 == 256)", "EINVAL"),
    // unshare(2); kernel/fork.c, `check_unshare_flags`.
    flag(
        "unshare-user-pid",
        Version(3, 8, 0),
        &["unshare"],
        "arg(1 & CLONE_NEWUSER) | arg(1 & CLONE_NEWPID)",
        "EINVAL",
    ),
    // unshare(2); kernel/fork.c, `check_unshare_flags`.
    flag("unshare-cgroup", Version(4, 6, 0), &["unshare"], "arg(1 & CLONE_NEWCGROUP)", "EINVAL"),
    // time_namespaces(7); kernel/fork.c, `check_unshare_flags`.
    flag("unshare-time", Version(5, 6, 0), &["unshare"], "arg(1 & CLONE_NEWTIME)", "EINVAL"),
    // socket(2); net/socket.c, families that nobody registered.
    flag("socket-alg", Version(2, 6, 38), &["socket"], "arg(1 == AF_ALG)", "EAFNOSUPPORT"),
    // vsock(7); net/socket.c, families that nobody registered.
    flag("socket-vsock", Version(3, 9, 0), &["socket"], "arg(1 == AF_VSOCK)", "EAFNOSUPPORT"),
    // Documentation/networking/af_xdp.rst; net/socket.c, families that nobody registered.
    flag("socket-xdp", Version(4, 18, 0), &["socket"], "arg(1 == AF_XDP)", "EAFNOSUPPORT"),
    // Linux 5.6 has MPTCP, which Go 1.24 listens by; net/ipv4/af_inet.c, `inet_create`.
    flag(
        "mptcp-unknown",
        Version(4, 4, 0),
        &["socket"],
        "family(inet,inet6) & arg(3 == IPPROTO_MPTCP)",
        "EPROTONOSUPPORT",
    ),
    // the same: since 4.4 `protocol >= IPPROTO_MAX` is EINVAL (commit 79462ad02e86).
    Flag {
        since: Some(Version(4, 4, 0)),
        ..flag(
            "mptcp-beyond",
            Version(5, 6, 0),
            &["socket"],
            "family(inet,inet6) & arg(3 == IPPROTO_MPTCP)",
            "EINVAL",
        )
    },
];
