//! The shape of each system call's arguments: which are descriptors, pathnames, addresses and buffers, and how wide.
//!
//! Source of the widths: the prototypes that Linux 6.18 itself prints for x86-64 (tracefs,
//! `events/syscalls/sys_enter_*/format`); a few calls that it does not print, from the kernel's `syscalls.h`. What the
//! arguments mean is from the manual pages of section 2. Arguments are counted from 0.
//!
//! Longer than the rest: a table with a line or two for every call.

use model::Sysno;

/// What a call's arguments are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    /// How many arguments the call takes.
    pub(crate) count: u8,
    /// Bit n: argument n is 32 bits wide, so the kernel ignores the upper half of its register.
    pub(crate) narrow: u8,
    /// Bit n: argument n is a signed int; always narrow. Widened with its sign, `AT_FDCWD` is -100.
    pub(crate) signed: u8,
    /// Arguments that are descriptors of the caller, also those that a relative path starts from. They are signed
    /// ints here whatever the prototype says (`unsigned int` in read(2), `unsigned long` in mmap(2)): the kernel looks
    /// up 32 bits.
    pub(crate) fds: &'static [u8],
    /// Arguments that point to pathnames. A symbolic link's text and a mount's source are not looked up: left out.
    pub(crate) paths: &'static [PathArgument],
    /// The pointer and the length of a socket address that the caller gives.
    pub(crate) address: Option<(u8, u8)>,
    /// The one buffer of which the call says in its result how many bytes it transferred.
    pub(crate) buffer: Option<Buffer>,
    /// Where a new descriptor comes out of a call that is there to make one. (signalfd(2) also takes one that exists,
    /// and returns it.)
    pub(crate) opens: Opens,
}

/// An argument that points to a pathname.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathArgument {
    /// The pointer.
    pub(crate) pointer: u8,
    /// The descriptor that a relative path starts from; the working folder where there is none.
    pub(crate) dirfd: Option<u8>,
}

/// A buffer of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Buffer {
    /// The pointer.
    pub(crate) pointer: u8,
    /// How many bytes it has.
    pub(crate) count: u8,
    /// Who writes to it.
    pub(crate) direction: Direction,
}

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The kernel writes to the caller's memory, as in read(2).
    In,
    /// The kernel reads the caller's memory, as in write(2).
    Out,
}

/// Where a call's new descriptor comes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opens {
    /// The call makes none, or only with some arguments (`F_DUPFD` of fcntl(2), `CLONE_PIDFD` of clone(2)).
    No,
    /// It is the result.
    Result,
    /// The call makes two and writes them to memory.
    Memory,
}

/// The shape of a call; six wide arguments and nothing else for a call that the table does not have.
pub(crate) fn shape(sysno: Sysno) -> &'static Shape {
    let index = sysno.name().and_then(|name| SHAPES.binary_search_by_key(&name, |(call, _)| call).ok());
    index.map_or(&UNKNOWN, |index| &SHAPES[index].1)
}

static UNKNOWN: Shape = of("llllll");

/// Arguments by their widths: `i` for an int, `u` for an unsigned int or shorter, `l` for a long, a pointer or whatever
/// else fills a register.
const fn of(widths: &str) -> Shape {
    let widths = widths.as_bytes();
    let (mut count, mut narrow, mut signed) = (0_u8, 0, 0);
    while (count as usize) < widths.len() {
        match widths[count as usize] {
            b'i' => {
                narrow |= 1 << count;
                signed |= 1 << count;
            }
            b'u' => narrow |= 1 << count,
            b'l' => {}
            _ => panic!("a width is i, u or l"),
        }
        count += 1;
    }
    Shape { count, narrow, signed, fds: &[], paths: &[], address: None, buffer: None, opens: Opens::No }
}

/// A path that may start from a descriptor.
const fn at(dirfd: u8, pointer: u8) -> PathArgument {
    PathArgument { pointer, dirfd: Some(dirfd) }
}

/// A path that may start from the working folder.
const fn cwd(pointer: u8) -> PathArgument {
    PathArgument { pointer, dirfd: None }
}

const fn filled(pointer: u8, count: u8) -> Option<Buffer> {
    Some(Buffer { pointer, count, direction: Direction::In })
}

const fn sent(pointer: u8, count: u8) -> Option<Buffer> {
    Some(Buffer { pointer, count, direction: Direction::Out })
}

/// Calls by name.
static SHAPES: &[(&str, Shape)] = &[
    ("accept", Shape { fds: &[0], opens: Opens::Result, ..of("ill") }),
    ("accept4", Shape { fds: &[0], opens: Opens::Result, ..of("illi") }),
    ("access", Shape { paths: &[cwd(0)], ..of("li") }),
    ("acct", Shape { paths: &[cwd(0)], ..of("l") }),
    ("add_key", of("lllli")),
    ("adjtimex", of("l")),
    ("alarm", of("u")),
    ("arch_prctl", of("il")),
    ("bind", Shape { fds: &[0], address: Some((1, 2)), ..of("ili") }),
    ("bpf", of("ilu")),
    ("brk", of("l")),
    ("cachestat", Shape { fds: &[0], ..of("illu") }),
    ("capget", of("ll")),
    ("capset", of("ll")),
    ("chdir", Shape { paths: &[cwd(0)], ..of("l") }),
    ("chmod", Shape { paths: &[cwd(0)], ..of("lu") }),
    ("chown", Shape { paths: &[cwd(0)], ..of("luu") }),
    ("chroot", Shape { paths: &[cwd(0)], ..of("l") }),
    ("clock_adjtime", of("il")),
    ("clock_getres", of("il")),
    ("clock_gettime", of("il")),
    ("clock_nanosleep", of("iill")),
    ("clock_settime", of("il")),
    ("clone", of("lllll")),
    ("clone3", of("ll")),
    ("close", Shape { fds: &[0], ..of("i") }),
    ("close_range", of("uuu")),
    ("connect", Shape { fds: &[0], address: Some((1, 2)), ..of("ili") }),
    ("copy_file_range", Shape { fds: &[0, 2], ..of("ilillu") }),
    ("creat", Shape { paths: &[cwd(0)], opens: Opens::Result, ..of("lu") }),
    ("delete_module", of("lu")),
    ("dup", Shape { fds: &[0], opens: Opens::Result, ..of("i") }),
    ("dup2", Shape { fds: &[0, 1], opens: Opens::Result, ..of("ii") }),
    ("dup3", Shape { fds: &[0, 1], opens: Opens::Result, ..of("iii") }),
    ("epoll_create", Shape { opens: Opens::Result, ..of("i") }),
    ("epoll_create1", Shape { opens: Opens::Result, ..of("i") }),
    ("epoll_ctl", Shape { fds: &[0, 2], ..of("iiil") }),
    ("epoll_pwait", Shape { fds: &[0], ..of("iliill") }),
    ("epoll_pwait2", Shape { fds: &[0], ..of("ililll") }),
    ("epoll_wait", Shape { fds: &[0], ..of("ilii") }),
    ("eventfd", Shape { opens: Opens::Result, ..of("u") }),
    ("eventfd2", Shape { opens: Opens::Result, ..of("ui") }),
    ("execve", Shape { paths: &[cwd(0)], ..of("lll") }),
    ("execveat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illli") }),
    ("exit", of("i")),
    ("exit_group", of("i")),
    ("faccessat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ili") }),
    ("faccessat2", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilii") }),
    ("fadvise64", Shape { fds: &[0], ..of("illi") }),
    ("fallocate", Shape { fds: &[0], ..of("iill") }),
    ("fanotify_init", Shape { opens: Opens::Result, ..of("uu") }),
    ("fanotify_mark", Shape { fds: &[0, 3], paths: &[at(3, 4)], ..of("iulil") }),
    ("fchdir", Shape { fds: &[0], ..of("i") }),
    ("fchmod", Shape { fds: &[0], ..of("iu") }),
    ("fchmodat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilu") }),
    ("fchmodat2", Shape { fds: &[0], paths: &[at(0, 1)], ..of("iluu") }),
    ("fchown", Shape { fds: &[0], ..of("iuu") }),
    ("fchownat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("iluui") }),
    ("fcntl", Shape { fds: &[0], ..of("iul") }),
    ("fdatasync", Shape { fds: &[0], ..of("i") }),
    ("fgetxattr", Shape { fds: &[0], buffer: filled(2, 3), ..of("illl") }),
    ("file_getattr", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illlu") }),
    ("file_setattr", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illlu") }),
    ("finit_module", Shape { fds: &[0], ..of("ili") }),
    ("flistxattr", Shape { fds: &[0], buffer: filled(1, 2), ..of("ill") }),
    ("flock", Shape { fds: &[0], ..of("iu") }),
    ("fork", of("")),
    ("fremovexattr", Shape { fds: &[0], ..of("il") }),
    ("fsconfig", Shape { fds: &[0], ..of("iulli") }),
    ("fsetxattr", Shape { fds: &[0], ..of("illli") }),
    ("fsmount", Shape { fds: &[0], opens: Opens::Result, ..of("iuu") }),
    ("fsopen", Shape { opens: Opens::Result, ..of("lu") }),
    ("fspick", Shape { fds: &[0], paths: &[at(0, 1)], opens: Opens::Result, ..of("ilu") }),
    ("fstat", Shape { fds: &[0], ..of("il") }),
    ("fstatfs", Shape { fds: &[0], ..of("il") }),
    ("fsync", Shape { fds: &[0], ..of("i") }),
    ("ftruncate", Shape { fds: &[0], ..of("il") }),
    ("futex", of("liullu")),
    ("futex_requeue", of("luii")),
    ("futex_wait", of("llluli")),
    ("futex_waitv", of("luuli")),
    ("futex_wake", of("lliu")),
    ("futimesat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ill") }),
    ("get_mempolicy", of("lllll")),
    ("get_robust_list", of("ill")),
    ("get_thread_area", of("l")),
    ("getcpu", of("lll")),
    ("getcwd", Shape { buffer: filled(0, 1), ..of("ll") }),
    ("getdents", Shape { fds: &[0], buffer: filled(1, 2), ..of("ilu") }),
    ("getdents64", Shape { fds: &[0], buffer: filled(1, 2), ..of("ilu") }),
    ("getegid", of("")),
    ("geteuid", of("")),
    ("getgid", of("")),
    ("getgroups", of("il")),
    ("getitimer", of("il")),
    ("getpeername", Shape { fds: &[0], ..of("ill") }),
    ("getpgid", of("i")),
    ("getpgrp", of("")),
    ("getpid", of("")),
    ("getppid", of("")),
    ("getpriority", of("ii")),
    ("getrandom", Shape { buffer: filled(0, 1), ..of("llu") }),
    ("getresgid", of("lll")),
    ("getresuid", of("lll")),
    ("getrlimit", of("ul")),
    ("getrusage", of("il")),
    ("getsid", of("i")),
    ("getsockname", Shape { fds: &[0], ..of("ill") }),
    ("getsockopt", Shape { fds: &[0], ..of("iiill") }),
    ("gettid", of("")),
    ("gettimeofday", of("ll")),
    ("getuid", of("")),
    ("getxattr", Shape { paths: &[cwd(0)], buffer: filled(2, 3), ..of("llll") }),
    ("getxattrat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilulll") }),
    ("init_module", of("lll")),
    ("inotify_add_watch", Shape { fds: &[0], paths: &[cwd(1)], ..of("ilu") }),
    ("inotify_init", Shape { opens: Opens::Result, ..of("") }),
    ("inotify_init1", Shape { opens: Opens::Result, ..of("i") }),
    ("inotify_rm_watch", Shape { fds: &[0], ..of("ii") }),
    ("io_cancel", of("lll")),
    ("io_destroy", of("l")),
    ("io_getevents", of("lllll")),
    ("io_pgetevents", of("llllll")),
    ("io_setup", of("ul")),
    ("io_submit", of("lll")),
    ("io_uring_enter", Shape { fds: &[0], ..of("iuuull") }),
    ("io_uring_register", Shape { fds: &[0], ..of("iulu") }),
    ("io_uring_setup", Shape { opens: Opens::Result, ..of("ul") }),
    ("ioctl", Shape { fds: &[0], ..of("iul") }),
    ("ioperm", of("lli")),
    ("iopl", of("u")),
    ("ioprio_get", of("ii")),
    ("ioprio_set", of("iii")),
    ("kcmp", of("iiill")),
    ("kexec_file_load", Shape { fds: &[0, 1], ..of("iilll") }),
    ("kexec_load", of("llll")),
    ("keyctl", of("illll")),
    ("kill", of("ii")),
    ("landlock_add_rule", Shape { fds: &[0], ..of("iulu") }),
    ("landlock_create_ruleset", Shape { opens: Opens::Result, ..of("llu") }),
    ("landlock_restrict_self", Shape { fds: &[0], ..of("iu") }),
    ("lchown", Shape { paths: &[cwd(0)], ..of("luu") }),
    ("lgetxattr", Shape { paths: &[cwd(0)], buffer: filled(2, 3), ..of("llll") }),
    ("link", Shape { paths: &[cwd(0), cwd(1)], ..of("ll") }),
    ("linkat", Shape { fds: &[0, 2], paths: &[at(0, 1), at(2, 3)], ..of("ilili") }),
    ("listen", Shape { fds: &[0], ..of("ii") }),
    ("listmount", of("lllu")),
    ("listxattr", Shape { paths: &[cwd(0)], buffer: filled(1, 2), ..of("lll") }),
    ("listxattrat", Shape { fds: &[0], paths: &[at(0, 1)], buffer: filled(3, 4), ..of("ilull") }),
    ("llistxattr", Shape { paths: &[cwd(0)], buffer: filled(1, 2), ..of("lll") }),
    ("lookup_dcookie", Shape { buffer: filled(1, 2), ..of("lll") }),
    ("lremovexattr", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("lseek", Shape { fds: &[0], ..of("ilu") }),
    ("lsetxattr", Shape { paths: &[cwd(0)], ..of("lllli") }),
    ("lsm_get_self_attr", of("ullu")),
    ("lsm_list_modules", of("llu")),
    ("lsm_set_self_attr", of("uluu")),
    ("lstat", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("madvise", of("lli")),
    ("map_shadow_stack", of("llu")),
    ("mbind", of("lllllu")),
    ("membarrier", of("iui")),
    ("memfd_create", Shape { opens: Opens::Result, ..of("lu") }),
    ("memfd_secret", Shape { opens: Opens::Result, ..of("u") }),
    ("migrate_pages", of("illl")),
    ("mincore", of("lll")),
    ("mkdir", Shape { paths: &[cwd(0)], ..of("lu") }),
    ("mkdirat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilu") }),
    ("mknod", Shape { paths: &[cwd(0)], ..of("luu") }),
    ("mknodat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("iluu") }),
    ("mlock", of("ll")),
    ("mlock2", of("lli")),
    ("mlockall", of("i")),
    ("mmap", Shape { fds: &[4], ..of("llllil") }),
    ("modify_ldt", of("ill")),
    ("mount", Shape { paths: &[cwd(1)], ..of("lllll") }),
    ("mount_setattr", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilull") }),
    ("move_mount", Shape { fds: &[0, 2], paths: &[at(0, 1), at(2, 3)], ..of("ililu") }),
    ("move_pages", of("illlli")),
    ("mprotect", of("lll")),
    ("mq_getsetattr", Shape { fds: &[0], ..of("ill") }),
    ("mq_notify", Shape { fds: &[0], ..of("il") }),
    ("mq_open", Shape { opens: Opens::Result, ..of("liul") }),
    ("mq_timedreceive", Shape { fds: &[0], buffer: filled(1, 2), ..of("illll") }),
    ("mq_timedsend", Shape { fds: &[0], ..of("illul") }),
    ("mq_unlink", of("l")),
    ("mremap", of("lllll")),
    ("mseal", of("lll")),
    ("msgctl", of("iil")),
    ("msgget", of("ii")),
    ("msgrcv", of("illli")),
    ("msgsnd", of("illi")),
    ("msync", of("lli")),
    ("munlock", of("ll")),
    ("munlockall", of("")),
    ("munmap", of("ll")),
    ("name_to_handle_at", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illli") }),
    ("nanosleep", of("ll")),
    ("newfstatat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illi") }),
    ("open", Shape { paths: &[cwd(0)], opens: Opens::Result, ..of("liu") }),
    ("open_by_handle_at", Shape { fds: &[0], opens: Opens::Result, ..of("ili") }),
    ("open_tree", Shape { fds: &[0], paths: &[at(0, 1)], opens: Opens::Result, ..of("ilu") }),
    ("open_tree_attr", Shape { fds: &[0], paths: &[at(0, 1)], opens: Opens::Result, ..of("ilull") }),
    ("openat", Shape { fds: &[0], paths: &[at(0, 1)], opens: Opens::Result, ..of("iliu") }),
    ("openat2", Shape { fds: &[0], paths: &[at(0, 1)], opens: Opens::Result, ..of("illl") }),
    ("pause", of("")),
    ("perf_event_open", Shape { fds: &[3], opens: Opens::Result, ..of("liiil") }),
    ("personality", of("u")),
    ("pidfd_getfd", Shape { fds: &[0], opens: Opens::Result, ..of("iiu") }),
    ("pidfd_open", Shape { opens: Opens::Result, ..of("iu") }),
    ("pidfd_send_signal", Shape { fds: &[0], ..of("iilu") }),
    ("pipe", Shape { opens: Opens::Memory, ..of("l") }),
    ("pipe2", Shape { opens: Opens::Memory, ..of("li") }),
    ("pivot_root", Shape { paths: &[cwd(0), cwd(1)], ..of("ll") }),
    ("pkey_alloc", of("ll")),
    ("pkey_free", of("i")),
    ("pkey_mprotect", of("llli")),
    ("poll", of("lui")),
    ("ppoll", of("lulll")),
    ("prctl", of("illll")),
    ("pread64", Shape { fds: &[0], buffer: filled(1, 2), ..of("illl") }),
    ("preadv", Shape { fds: &[0], ..of("illll") }),
    ("preadv2", Shape { fds: &[0], ..of("illlli") }),
    ("prlimit64", of("iull")),
    ("process_madvise", Shape { fds: &[0], ..of("illiu") }),
    ("process_mrelease", Shape { fds: &[0], ..of("iu") }),
    ("process_vm_readv", of("illlll")),
    ("process_vm_writev", of("illlll")),
    ("pselect6", of("illlll")),
    ("ptrace", of("llll")),
    ("pwrite64", Shape { fds: &[0], buffer: sent(1, 2), ..of("illl") }),
    ("pwritev", Shape { fds: &[0], ..of("illll") }),
    ("pwritev2", Shape { fds: &[0], ..of("illlli") }),
    ("quotactl", Shape { paths: &[cwd(1)], ..of("ulul") }),
    ("quotactl_fd", Shape { fds: &[0], ..of("iuul") }),
    ("read", Shape { fds: &[0], buffer: filled(1, 2), ..of("ill") }),
    ("readahead", Shape { fds: &[0], ..of("ill") }),
    ("readlink", Shape { paths: &[cwd(0)], buffer: filled(1, 2), ..of("lli") }),
    ("readlinkat", Shape { fds: &[0], paths: &[at(0, 1)], buffer: filled(2, 3), ..of("illi") }),
    ("readv", Shape { fds: &[0], ..of("ill") }),
    ("reboot", of("iiul")),
    ("recvfrom", Shape { fds: &[0], buffer: filled(1, 2), ..of("illull") }),
    ("recvmmsg", Shape { fds: &[0], ..of("iluul") }),
    ("recvmsg", Shape { fds: &[0], ..of("ilu") }),
    ("remap_file_pages", of("lllll")),
    ("removexattr", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("removexattrat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilul") }),
    ("rename", Shape { paths: &[cwd(0), cwd(1)], ..of("ll") }),
    ("renameat", Shape { fds: &[0, 2], paths: &[at(0, 1), at(2, 3)], ..of("ilil") }),
    ("renameat2", Shape { fds: &[0, 2], paths: &[at(0, 1), at(2, 3)], ..of("ililu") }),
    ("request_key", of("llli")),
    ("restart_syscall", of("")),
    ("rmdir", Shape { paths: &[cwd(0)], ..of("l") }),
    ("rseq", of("luiu")),
    ("rt_sigaction", of("illl")),
    ("rt_sigpending", of("ll")),
    ("rt_sigprocmask", of("illl")),
    ("rt_sigqueueinfo", of("iil")),
    ("rt_sigreturn", of("")),
    ("rt_sigsuspend", of("ll")),
    ("rt_sigtimedwait", of("llll")),
    ("rt_tgsigqueueinfo", of("iiil")),
    ("sched_get_priority_max", of("i")),
    ("sched_get_priority_min", of("i")),
    ("sched_getaffinity", of("iul")),
    ("sched_getattr", of("iluu")),
    ("sched_getparam", of("il")),
    ("sched_getscheduler", of("i")),
    ("sched_rr_get_interval", of("il")),
    ("sched_setaffinity", of("iul")),
    ("sched_setattr", of("ilu")),
    ("sched_setparam", of("il")),
    ("sched_setscheduler", of("iil")),
    ("sched_yield", of("")),
    ("seccomp", of("uul")),
    ("select", of("illll")),
    ("semctl", of("iiil")),
    ("semget", of("iii")),
    ("semop", of("ilu")),
    ("semtimedop", of("ilul")),
    ("sendfile", Shape { fds: &[0, 1], ..of("iill") }),
    ("sendmmsg", Shape { fds: &[0], ..of("iluu") }),
    ("sendmsg", Shape { fds: &[0], ..of("ilu") }),
    ("sendto", Shape { fds: &[0], address: Some((4, 5)), buffer: sent(1, 2), ..of("illuli") }),
    ("set_mempolicy", of("ill")),
    ("set_mempolicy_home_node", of("llll")),
    ("set_robust_list", of("ll")),
    ("set_thread_area", of("l")),
    ("set_tid_address", of("l")),
    ("setdomainname", of("li")),
    ("setfsgid", of("u")),
    ("setfsuid", of("u")),
    ("setgid", of("u")),
    ("setgroups", of("il")),
    ("sethostname", of("li")),
    ("setitimer", of("ill")),
    ("setns", Shape { fds: &[0], ..of("ii") }),
    ("setpgid", of("ii")),
    ("setpriority", of("iii")),
    ("setregid", of("uu")),
    ("setresgid", of("uuu")),
    ("setresuid", of("uuu")),
    ("setreuid", of("uu")),
    ("setrlimit", of("ul")),
    ("setsid", of("")),
    ("setsockopt", Shape { fds: &[0], ..of("iiili") }),
    ("settimeofday", of("ll")),
    ("setuid", of("u")),
    ("setxattr", Shape { paths: &[cwd(0)], ..of("lllli") }),
    ("setxattrat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ilulll") }),
    ("shmat", of("ili")),
    ("shmctl", of("iil")),
    ("shmdt", of("l")),
    ("shmget", of("ili")),
    ("shutdown", Shape { fds: &[0], ..of("ii") }),
    ("sigaltstack", of("ll")),
    ("signalfd", Shape { fds: &[0], opens: Opens::Result, ..of("ill") }),
    ("signalfd4", Shape { fds: &[0], opens: Opens::Result, ..of("illi") }),
    ("socket", Shape { opens: Opens::Result, ..of("iii") }),
    ("socketpair", Shape { opens: Opens::Memory, ..of("iiil") }),
    ("splice", Shape { fds: &[0, 2], ..of("ilillu") }),
    ("stat", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("statfs", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("statmount", of("lllu")),
    ("statx", Shape { fds: &[0], paths: &[at(0, 1)], ..of("iluul") }),
    ("swapoff", Shape { paths: &[cwd(0)], ..of("l") }),
    ("swapon", Shape { paths: &[cwd(0)], ..of("li") }),
    ("symlink", Shape { paths: &[cwd(1)], ..of("ll") }),
    ("symlinkat", Shape { fds: &[1], paths: &[at(1, 2)], ..of("lil") }),
    ("sync", of("")),
    ("sync_file_range", Shape { fds: &[0], ..of("illu") }),
    ("syncfs", Shape { fds: &[0], ..of("i") }),
    ("sysfs", of("ill")),
    ("sysinfo", of("l")),
    ("syslog", of("ili")),
    ("tee", Shape { fds: &[0, 1], ..of("iilu") }),
    ("tgkill", of("iii")),
    ("time", of("l")),
    ("timer_create", of("ill")),
    ("timer_delete", of("i")),
    ("timer_getoverrun", of("i")),
    ("timer_gettime", of("il")),
    ("timer_settime", of("iill")),
    ("timerfd_create", Shape { opens: Opens::Result, ..of("ii") }),
    ("timerfd_gettime", Shape { fds: &[0], ..of("il") }),
    ("timerfd_settime", Shape { fds: &[0], ..of("iill") }),
    ("times", of("l")),
    ("tkill", of("ii")),
    ("truncate", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("umask", of("i")),
    ("umount2", Shape { paths: &[cwd(0)], ..of("li") }),
    ("uname", of("l")),
    ("unlink", Shape { paths: &[cwd(0)], ..of("l") }),
    ("unlinkat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("ili") }),
    ("unshare", of("l")),
    ("uprobe", of("")),
    ("uretprobe", of("")),
    ("uselib", Shape { paths: &[cwd(0)], ..of("l") }),
    ("userfaultfd", Shape { opens: Opens::Result, ..of("i") }),
    ("ustat", of("ul")),
    ("utime", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("utimensat", Shape { fds: &[0], paths: &[at(0, 1)], ..of("illi") }),
    ("utimes", Shape { paths: &[cwd(0)], ..of("ll") }),
    ("vfork", of("")),
    ("vhangup", of("")),
    ("vmsplice", Shape { fds: &[0], ..of("illu") }),
    ("wait4", of("ilil")),
    ("waitid", of("iilil")),
    ("write", Shape { fds: &[0], buffer: sent(1, 2), ..of("ill") }),
    ("writev", Shape { fds: &[0], ..of("ill") }),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn of_call(call: &str) -> &'static Shape {
        assert!(SHAPES.iter().any(|(known, _)| *known == call), "{call} is not in the table");
        shape(Sysno::from_name(call).expect("a system call"))
    }

    #[test]
    fn every_call_exists_and_calls_are_sorted_and_unique() {
        for (call, _) in SHAPES {
            assert!(Sysno::from_name(call).is_some(), "{call}");
        }
        assert!(SHAPES.is_sorted_by(|(one, _), (next, _)| one < next));
    }

    #[test]
    fn only_calls_that_no_kernel_of_today_has_lack_a_shape() {
        let missing: Vec<_> = Sysno::all()
            .filter_map(Sysno::name)
            .filter(|name| !SHAPES.iter().any(|(call, _)| call == name))
            .collect();
        assert_eq!(
            missing.join(" "),
            "_sysctl create_module get_kernel_syms query_module nfsservctl getpmsg putpmsg afs_syscall tuxcall \
             security epoll_ctl_old epoll_wait_old vserver"
        );
    }

    #[test]
    fn every_shape_holds_together() {
        for (call, shape) in SHAPES {
            assert!(shape.count <= 6, "{call}");
            let wide = |argument: u8| argument < shape.count && shape.narrow & (1 << argument) == 0;
            assert_eq!(shape.narrow >> shape.count, 0, "{call}");
            assert_eq!(shape.signed & !shape.narrow, 0, "{call}");
            for fd in shape.fds {
                assert_ne!(shape.signed & (1 << fd), 0, "{call}");
            }
            for path in shape.paths {
                assert!(wide(path.pointer), "{call}");
                assert!(path.dirfd.is_none_or(|dirfd| shape.fds.contains(&dirfd)), "{call}");
            }
            for pointer in
                shape.address.map(|(pointer, _)| pointer).into_iter().chain(shape.buffer.map(|b| b.pointer))
            {
                assert!(wide(pointer), "{call}");
            }
        }
    }

    #[test]
    fn descriptors_are_where_the_manual_pages_have_them() {
        for (call, fds) in [
            ("read", &[0][..]),
            ("close", &[0]),
            ("mmap", &[4]),
            ("openat", &[0]),
            ("open", &[]),
            ("dup3", &[0, 1]),
            ("epoll_ctl", &[0, 2]),
            ("epoll_pwait", &[0]),
            ("sendfile", &[0, 1]),
            ("splice", &[0, 2]),
            ("copy_file_range", &[0, 2]),
            ("renameat2", &[0, 2]),
            ("symlinkat", &[1]),
            ("fanotify_mark", &[0, 3]),
            ("perf_event_open", &[3]),
            ("pidfd_getfd", &[0]),
            ("close_range", &[]),
            ("writev", &[0]),
            ("fsync", &[0]),
            ("accept4", &[0]),
            ("mq_timedsend", &[0]),
        ] {
            assert_eq!(of_call(call).fds, fds, "{call}");
        }
    }

    #[test]
    fn paths_are_where_the_manual_pages_have_them() {
        for (call, paths) in [
            ("open", &[cwd(0)][..]),
            ("openat", &[at(0, 1)]),
            ("execve", &[cwd(0)]),
            ("execveat", &[at(0, 1)]),
            ("rename", &[cwd(0), cwd(1)]),
            ("renameat2", &[at(0, 1), at(2, 3)]),
            ("linkat", &[at(0, 1), at(2, 3)]),
            ("symlink", &[cwd(1)]),
            ("symlinkat", &[at(1, 2)]),
            ("unlinkat", &[at(0, 1)]),
            ("mkdirat", &[at(0, 1)]),
            ("statx", &[at(0, 1)]),
            ("mount", &[cwd(1)]),
            ("inotify_add_watch", &[cwd(1)]),
            ("fanotify_mark", &[at(3, 4)]),
            ("read", &[]),
            ("fsync", &[]),
            ("memfd_create", &[]),
        ] {
            assert_eq!(of_call(call).paths, paths, "{call}");
        }
    }

    #[test]
    fn buffers_and_addresses_are_where_the_manual_pages_have_them() {
        for (call, buffer) in [
            ("read", filled(1, 2)),
            ("pread64", filled(1, 2)),
            ("recvfrom", filled(1, 2)),
            ("getrandom", filled(0, 1)),
            ("getdents64", filled(1, 2)),
            ("readlinkat", filled(2, 3)),
            ("write", sent(1, 2)),
            ("pwrite64", sent(1, 2)),
            ("sendto", sent(1, 2)),
            ("readv", None),
            ("sendfile", None),
            ("setxattr", None),
        ] {
            assert_eq!(of_call(call).buffer, buffer, "{call}");
        }
        for (call, address) in [
            ("connect", Some((1, 2))),
            ("bind", Some((1, 2))),
            ("sendto", Some((4, 5))),
            ("accept4", None),
            ("recvfrom", None),
        ] {
            assert_eq!(of_call(call).address, address, "{call}");
        }
    }

    #[test]
    fn new_descriptors_come_out_where_the_manual_pages_say() {
        for call in ["openat", "socket", "accept4", "epoll_create1", "dup", "dup3", "eventfd2", "pidfd_open"]
        {
            assert_eq!(of_call(call).opens, Opens::Result, "{call}");
        }
        for call in ["pipe2", "socketpair"] {
            assert_eq!(of_call(call).opens, Opens::Memory, "{call}");
        }
        for call in ["fcntl", "clone3", "read", "connect"] {
            assert_eq!(of_call(call).opens, Opens::No, "{call}");
        }
    }

    #[test]
    fn widths_are_those_of_the_prototypes() {
        for (call, widths) in [
            ("read", "ill"),
            ("openat", "iliu"),
            ("lseek", "ilu"),
            ("mmap", "llllil"),
            ("futex", "liullu"),
            ("clone", "lllll"),
            ("clone3", "ll"),
            ("execve", "lll"),
            ("exit_group", "i"),
            ("getpid", ""),
            ("kill", "ii"),
            ("ioctl", "iul"),
            ("fcntl", "iul"),
            ("fallocate", "iill"),
            ("epoll_ctl", "iiil"),
            ("prctl", "illll"),
            ("fchownat", "iluui"),
            ("perf_event_open", "liiil"),
            ("madvise", "lli"),
            ("socket", "iii"),
        ] {
            let (found, expected) = (of_call(call), of(widths));
            assert_eq!(
                (found.count, found.narrow, found.signed),
                (expected.count, expected.narrow, expected.signed),
                "{call}"
            );
        }
    }

    #[test]
    fn an_unknown_call_has_six_wide_arguments_and_nothing_else() {
        let unknown = shape(Sysno(100_000));
        assert_eq!((unknown.count, unknown.narrow, unknown.signed), (6, 0, 0));
        assert_eq!((unknown.fds, unknown.paths, unknown.opens), (&[][..], &[][..], Opens::No));
    }
}
