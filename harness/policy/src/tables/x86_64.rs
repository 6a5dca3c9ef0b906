//! What is particular to x86-64: which calls strace's classes hold, and which calls Go makes instead of older ones.

/// The classes of strace 6.1 and their calls, by number.
///
/// Asked of strace 6.1 itself: a program made every call of the table up to number 450 under `strace -n -e
/// trace=%class`, with a filter of its own that answered each of them at once. Calls that are newer than that strace
/// (from 451, `cachestat`, on) are in no class; they can be named one by one.
pub(crate) const CLASSES: &[(&str, &str)] = &[
    (
        "%file",
        "open stat lstat access execve truncate getcwd chdir rename mkdir rmdir creat link unlink symlink \
         readlink chmod chown lchown utime mknod uselib statfs pivot_root chroot acct mount umount2 \
         swapon swapoff quotactl setxattr lsetxattr getxattr lgetxattr listxattr llistxattr removexattr \
         lremovexattr utimes inotify_add_watch openat mkdirat mknodat fchownat futimesat newfstatat \
         unlinkat renameat linkat symlinkat readlinkat fchmodat faccessat utimensat fanotify_mark \
         name_to_handle_at renameat2 execveat statx open_tree move_mount fsconfig fspick openat2 \
         faccessat2 mount_setattr",
    ),
    (
        "%desc",
        "read write open close fstat poll lseek mmap ioctl pread64 pwrite64 readv writev pipe select dup \
         dup2 sendfile fcntl flock fsync fdatasync ftruncate getdents fchdir creat fchmod fchown fstatfs \
         readahead fsetxattr fgetxattr flistxattr fremovexattr epoll_create getdents64 fadvise64 \
         epoll_wait epoll_ctl mq_open mq_timedsend mq_timedreceive mq_notify mq_getsetattr inotify_init \
         inotify_add_watch inotify_rm_watch openat mkdirat mknodat fchownat futimesat newfstatat unlinkat \
         renameat linkat symlinkat readlinkat fchmodat faccessat pselect6 ppoll splice tee \
         sync_file_range vmsplice utimensat epoll_pwait signalfd timerfd_create eventfd fallocate \
         timerfd_settime timerfd_gettime signalfd4 eventfd2 epoll_create1 dup3 pipe2 inotify_init1 preadv \
         pwritev perf_event_open fanotify_init fanotify_mark name_to_handle_at open_by_handle_at syncfs \
         setns finit_module renameat2 memfd_create kexec_file_load bpf execveat userfaultfd \
         copy_file_range preadv2 pwritev2 statx pidfd_send_signal io_uring_setup io_uring_enter \
         io_uring_register open_tree move_mount fsopen fsconfig fsmount fspick pidfd_open openat2 \
         pidfd_getfd faccessat2 process_madvise epoll_pwait2 mount_setattr quotactl_fd \
         landlock_create_ruleset landlock_add_rule landlock_restrict_self memfd_secret process_mrelease",
    ),
    (
        "%network",
        "sendfile socket connect accept sendto recvfrom sendmsg recvmsg shutdown bind listen getsockname \
         getpeername socketpair setsockopt getsockopt getpmsg putpmsg accept4 recvmmsg sendmmsg",
    ),
    (
        "%process",
        "clone fork vfork execve exit wait4 kill rt_sigqueueinfo tkill exit_group tgkill waitid \
         rt_tgsigqueueinfo execveat pidfd_send_signal clone3",
    ),
    (
        "%memory",
        "mmap mprotect munmap brk mremap msync mincore madvise shmat shmdt mlock munlock mlockall \
         munlockall io_setup io_destroy remap_file_pages mbind set_mempolicy get_mempolicy migrate_pages \
         move_pages mlock2 pkey_mprotect io_uring_register set_mempolicy_home_node",
    ),
    (
        "%signal",
        "rt_sigaction rt_sigprocmask rt_sigreturn pause kill rt_sigpending rt_sigtimedwait \
         rt_sigqueueinfo rt_sigsuspend sigaltstack tkill tgkill signalfd signalfd4 rt_tgsigqueueinfo \
         pidfd_send_signal io_uring_enter",
    ),
    ("%ipc", "shmget shmat shmctl semget semop semctl shmdt msgget msgsnd msgrcv msgctl semtimedop"),
    ("%stat", "stat"),
    ("%lstat", "lstat"),
    ("%fstat", "fstat newfstatat statx"),
    ("%%stat", "stat fstat lstat newfstatat statx"),
    ("%statfs", "statfs"),
    ("%fstatfs", "fstatfs"),
    ("%%statfs", "ustat statfs fstatfs"),
    (
        "%clock",
        "gettimeofday adjtimex settimeofday time clock_settime clock_gettime clock_getres clock_adjtime",
    ),
    (
        "%creds",
        "getuid getgid setuid setgid geteuid getegid setreuid setregid getgroups setgroups setresuid \
         getresuid setresgid getresgid setfsuid setfsgid capget capset prctl",
    ),
    ("%pure", "getpid getuid getgid geteuid getegid getppid getpgrp gettid"),
];

/// Calls that Go does not make, and the one that it makes for the same purpose.
///
/// # Go
/// 1.26 on amd64: `syscall/syscall_linux.go`, `syscall/syscall_linux_amd64.go`, `syscall/exec_linux.go` (clone) and
/// `internal/runtime/syscall/linux` (epoll). Calls that its `syscall` package still offers under their own name for
/// direct use, but that nothing in the standard library makes (`dup2`, `utimes`), are here for the second reason.
pub(crate) const GO_MAKES: &[(&str, &str, &str)] = &[
    ("open", "openat", "os.Open"),
    ("creat", "openat", "os.Create"),
    ("stat", "newfstatat", "os.Stat"),
    ("lstat", "newfstatat", "os.Lstat"),
    ("access", "faccessat", "syscall.Access"),
    ("mkdir", "mkdirat", "os.Mkdir"),
    ("rmdir", "unlinkat", "os.Remove"),
    ("unlink", "unlinkat", "os.Remove"),
    ("rename", "renameat", "os.Rename"),
    ("link", "linkat", "os.Link"),
    ("symlink", "symlinkat", "os.Symlink"),
    ("readlink", "readlinkat", "os.Readlink"),
    ("chmod", "fchmodat", "os.Chmod"),
    ("chown", "fchownat", "os.Chown"),
    ("lchown", "fchownat", "os.Lchown"),
    ("mknod", "mknodat", "syscall.Mknod"),
    ("utimes", "utimensat", "os.Chtimes"),
    ("getdents", "getdents64", "os.ReadDir"),
    ("pipe", "pipe2", "os.Pipe"),
    ("dup2", "dup3", "the files of os/exec"),
    ("accept", "accept4", "net.Listener.Accept"),
    ("fork", "clone", "os/exec and for new threads"),
    ("vfork", "clone", "os/exec and for new threads"),
    ("poll", "epoll_pwait", "its network poller"),
    ("epoll_wait", "epoll_pwait", "its network poller"),
    ("epoll_create", "epoll_create1", "its network poller"),
    ("eventfd", "eventfd2", "its network poller"),
];

/// Calls that are answered in the process's own memory, so that the kernel seldom sees them.
///
/// # Kernel
/// vdso(7), "x86-64 functions"; `__vdso_getrandom` since 6.11, which Go uses since 1.24
/// (`runtime/vdso_linux_amd64.go`).
pub(crate) const IN_VDSO: &[&str] = &["clock_gettime", "gettimeofday", "time", "getcpu", "getrandom"];
