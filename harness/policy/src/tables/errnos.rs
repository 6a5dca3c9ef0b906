//! The errors that each system call can return, as its manual page lists them.
//!
//! Source: the ERRORS sections of Linux man-pages 6.03 (Debian manpages-dev 6.03-2), read by a program and corrected by
//! hand where a page says in prose which of its calls an error belongs to. An error that a page borrows from another
//! ("any error specified for read(2)") is listed with the borrower. Left out: what a page ascribes to the C library
//! alone, what it says only a tracer sees (`ERESTARTSYS`), and utimensat(2)'s `ESRCH`, which is a slip for `EACCES`.
//!
//! Longer than the rest: a table with a line or two for every call.

use model::{Errno, Sysno};

/// The errors that the call's manual page lists, by number; empty for a call that cannot fail.
///
/// Nothing is known (`None`) about calls that have no page in man-pages 6.03 (`io_uring_enter`), and about the two
/// whose page names no errors although they fail (`restart_syscall`, `nfsservctl`).
///
/// The pages list what a call itself can say. File systems, drivers and protocols may add to it ("other errors may
/// occur, depending on the object connected to fd", read(2)), and every call fails with `ENOSYS` on a kernel without
/// it; `ENOSYS` is here only where the page names it, and so is `EINTR`.
pub(crate) fn legal(sysno: Sysno) -> Option<&'static [Errno]> {
    find(sysno).map(|(.., errors)| *errors)
}

/// The manual page that lists them, as one would write it: `open(2)` for `openat`.
pub(crate) fn page(sysno: Sysno) -> Option<&'static str> {
    find(sysno).map(|(_, page, _)| *page)
}

type Entry = (&'static str, &'static str, &'static [Errno]);

fn find(sysno: Sysno) -> Option<&'static Entry> {
    let name = sysno.name()?;
    PAGES.binary_search_by_key(&name, |(call, ..)| call).ok().map(|index| &PAGES[index])
}

macro_rules! errors {
    ($($name:ident = $number:literal,)*) => {
        $(const $name: Errno = Errno::from_raw($number).expect("1 to 4095");)*

        #[cfg(test)]
        const NAMED: &[(&str, Errno)] = &[$((stringify!($name), $name)),*];
    };
}

macro_rules! pages {
    ($($call:ident $page:literal: $($errno:ident)*;)*) => {
        /// Calls by name, each with its page and its errors.
        const PAGES: &[Entry] = &[$((stringify!($call), $page, &[$($errno),*])),*];
    };
}

errors! {
    EPERM = 1,
    ENOENT = 2,
    ESRCH = 3,
    EINTR = 4,
    EIO = 5,
    ENXIO = 6,
    E2BIG = 7,
    ENOEXEC = 8,
    EBADF = 9,
    ECHILD = 10,
    EAGAIN = 11,
    ENOMEM = 12,
    EACCES = 13,
    EFAULT = 14,
    ENOTBLK = 15,
    EBUSY = 16,
    EEXIST = 17,
    EXDEV = 18,
    ENODEV = 19,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    ENFILE = 23,
    EMFILE = 24,
    ENOTTY = 25,
    ETXTBSY = 26,
    EFBIG = 27,
    ENOSPC = 28,
    ESPIPE = 29,
    EROFS = 30,
    EMLINK = 31,
    EPIPE = 32,
    ERANGE = 34,
    EDEADLK = 35,
    ENAMETOOLONG = 36,
    ENOLCK = 37,
    ENOSYS = 38,
    ENOTEMPTY = 39,
    ELOOP = 40,
    ENOMSG = 42,
    EIDRM = 43,
    ENODATA = 61,
    ENOSR = 63,
    ENONET = 64,
    ENOPKG = 65,
    EPROTO = 71,
    EBADMSG = 74,
    EOVERFLOW = 75,
    EBADFD = 77,
    ELIBBAD = 80,
    EUSERS = 87,
    ENOTSOCK = 88,
    EDESTADDRREQ = 89,
    EMSGSIZE = 90,
    EPROTOTYPE = 91,
    ENOPROTOOPT = 92,
    EPROTONOSUPPORT = 93,
    ESOCKTNOSUPPORT = 94,
    EOPNOTSUPP = 95,
    EAFNOSUPPORT = 97,
    EADDRINUSE = 98,
    EADDRNOTAVAIL = 99,
    ENETDOWN = 100,
    ENETUNREACH = 101,
    ECONNABORTED = 103,
    ECONNRESET = 104,
    ENOBUFS = 105,
    EISCONN = 106,
    ENOTCONN = 107,
    ETIMEDOUT = 110,
    ECONNREFUSED = 111,
    EHOSTDOWN = 112,
    EHOSTUNREACH = 113,
    EALREADY = 114,
    EINPROGRESS = 115,
    ESTALE = 116,
    EDQUOT = 122,
    ECANCELED = 125,
    ENOKEY = 126,
    EKEYEXPIRED = 127,
    EKEYREVOKED = 128,
    EKEYREJECTED = 129,
    EHWPOISON = 133,
}

pages! {
    _sysctl "sysctl(2)": EPERM EACCES EFAULT ENOTDIR;
    accept "accept(2)": EPERM EINTR EBADF EAGAIN ENOMEM EFAULT EINVAL ENFILE EMFILE ENOSR ENONET EPROTO
        ENOTSOCK ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP ENETDOWN ENETUNREACH ECONNABORTED
        ENOBUFS ETIMEDOUT EHOSTDOWN EHOSTUNREACH;
    accept4 "accept(2)": EPERM EINTR EBADF EAGAIN ENOMEM EFAULT EINVAL ENFILE EMFILE ENOSR ENONET EPROTO
        ENOTSOCK ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP ENETDOWN ENETUNREACH ECONNABORTED
        ENOBUFS ETIMEDOUT EHOSTDOWN EHOSTUNREACH;
    access "access(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR EINVAL ETXTBSY EROFS ENAMETOOLONG
        ELOOP;
    acct "acct(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR EISDIR ENFILE EROFS ENAMETOOLONG ENOSYS
        ELOOP EUSERS;
    add_key "add_key(2)": EPERM ENOMEM EACCES EFAULT EINVAL EDQUOT ENOKEY EKEYEXPIRED EKEYREVOKED;
    adjtimex "adjtimex(2)": EPERM EFAULT EINVAL;
    afs_syscall "unimplemented(2)": ENOSYS;
    alarm "alarm(2)":;
    arch_prctl "arch_prctl(2)": EPERM EFAULT ENODEV EINVAL;
    bind "bind(2)": ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL EROFS ENAMETOOLONG ELOOP ENOTSOCK
        EADDRINUSE EADDRNOTAVAIL;
    bpf "bpf(2)": EPERM ENOENT E2BIG EBADF ENOMEM EACCES EFAULT EINVAL;
    brk "brk(2)":;
    capget "capget(2)": ESRCH EFAULT EINVAL;
    capset "capget(2)": EPERM ESRCH EFAULT EINVAL;
    chdir "chdir(2)": ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP;
    chmod "chmod(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR EROFS ENAMETOOLONG ELOOP;
    chown "chown(2)": EPERM ENOENT ENOMEM EACCES EFAULT ENOTDIR EROFS ENAMETOOLONG ELOOP;
    chroot "chroot(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP;
    clock_adjtime "adjtimex(2)": EPERM EFAULT ENODEV EINVAL EOPNOTSUPP;
    clock_getres "clock_getres(2)": EFAULT ENODEV EINVAL EOPNOTSUPP;
    clock_gettime "clock_getres(2)": EFAULT ENODEV EINVAL EOPNOTSUPP;
    clock_nanosleep "clock_nanosleep(2)": EINTR EFAULT EINVAL EOPNOTSUPP;
    clock_settime "clock_getres(2)": EPERM EACCES EFAULT ENODEV EINVAL EOPNOTSUPP;
    clone "clone(2)": EPERM EAGAIN ENOMEM EINVAL ENOSPC EUSERS;
    clone3 "clone(2)": EPERM EAGAIN ENOMEM EACCES EBUSY EEXIST EINVAL ENOSPC EUSERS EOPNOTSUPP;
    close "close(2)": EINTR EIO EBADF ENOSPC EDQUOT;
    close_range "close_range(2)": ENOMEM EINVAL EMFILE;
    connect "connect(2)": EPERM EINTR EBADF EAGAIN EACCES EFAULT ENOTSOCK EPROTOTYPE EAFNOSUPPORT EADDRINUSE
        EADDRNOTAVAIL ENETUNREACH EISCONN ETIMEDOUT ECONNREFUSED EALREADY EINPROGRESS;
    copy_file_range "copy_file_range(2)": EPERM EIO EBADF ENOMEM EXDEV EISDIR EINVAL ETXTBSY EFBIG ENOSPC
        EOVERFLOW EOPNOTSUPP;
    creat "open(2)": EPERM ENOENT EINTR ENXIO EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR EISDIR
        EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP EOVERFLOW EOPNOTSUPP EDQUOT;
    create_module "create_module(2)": EPERM ENOMEM EFAULT EEXIST EINVAL ENOSYS;
    delete_module "delete_module(2)": EPERM ENOENT EAGAIN EFAULT EBUSY;
    dup "dup(2)": EBADF EMFILE;
    dup2 "dup(2)": EINTR EBADF EBUSY EMFILE;
    dup3 "dup(2)": EINTR EBADF EBUSY EINVAL EMFILE;
    epoll_create "epoll_create(2)": ENOMEM EINVAL ENFILE EMFILE;
    epoll_create1 "epoll_create(2)": ENOMEM EINVAL ENFILE EMFILE;
    epoll_ctl "epoll_ctl(2)": EPERM ENOENT EBADF ENOMEM EEXIST EINVAL ENOSPC ELOOP;
    epoll_pwait "epoll_wait(2)": EINTR EBADF EFAULT EINVAL;
    epoll_pwait2 "epoll_wait(2)": EINTR EBADF EFAULT EINVAL;
    epoll_wait "epoll_wait(2)": EINTR EBADF EFAULT EINVAL;
    eventfd "eventfd(2)": ENOMEM ENODEV ENFILE EMFILE;
    eventfd2 "eventfd(2)": ENOMEM ENODEV EINVAL ENFILE EMFILE;
    execve "execve(2)": EPERM ENOENT EIO E2BIG ENOEXEC EAGAIN ENOMEM EACCES EFAULT ENOTDIR EISDIR EINVAL
        ENFILE EMFILE ETXTBSY ENAMETOOLONG ELOOP ELIBBAD;
    execveat "execveat(2)": EPERM ENOENT EIO E2BIG ENOEXEC EBADF EAGAIN ENOMEM EACCES EFAULT ENOTDIR EISDIR
        EINVAL ENFILE EMFILE ETXTBSY ENAMETOOLONG ELOOP ELIBBAD;
    exit "_exit(2)":;
    exit_group "exit_group(2)":;
    faccessat "access(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ETXTBSY EROFS
        ENAMETOOLONG ELOOP;
    faccessat2 "access(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ETXTBSY EROFS
        ENAMETOOLONG ELOOP;
    fadvise64 "posix_fadvise(2)": EBADF EINVAL ESPIPE;
    fallocate "fallocate(2)": EPERM EINTR EIO EBADF ENODEV EINVAL ETXTBSY EFBIG ENOSPC ESPIPE ENOSYS
        EOPNOTSUPP;
    fanotify_init "fanotify_init(2)": EPERM ENOMEM EINVAL EMFILE ENOSYS;
    fanotify_mark "fanotify_mark(2)": EPERM ENOENT EBADF ENOMEM EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL
        ENOSPC ENOSYS EOPNOTSUPP;
    fchdir "chdir(2)": EBADF EACCES ENOTDIR;
    fchmod "chmod(2)": EPERM EIO EBADF ENOMEM EROFS;
    fchmodat "chmod(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT ENOTDIR EROFS ENAMETOOLONG ELOOP;
    fchown "chown(2)": EPERM EIO EBADF ENOMEM EROFS;
    fchownat "chown(2)": EPERM ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL EROFS ENAMETOOLONG ELOOP;
    fcntl "fcntl(2)": EPERM EINTR EBADF EAGAIN EACCES EFAULT EBUSY ENOTDIR EINVAL EMFILE EDEADLK ENOLCK;
    fdatasync "fsync(2)": EINTR EIO EBADF EINVAL ENOSPC EROFS EDQUOT;
    fgetxattr "getxattr(2)": E2BIG EBADF ENOMEM EFAULT ERANGE ENODATA EOVERFLOW EOPNOTSUPP;
    finit_module "init_module(2)": EPERM ENOEXEC EBADF ENOMEM EFAULT EBUSY EINVAL ETXTBSY EFBIG EBADMSG
        ENOKEY;
    flistxattr "listxattr(2)": E2BIG EBADF ENOMEM EFAULT ERANGE EOVERFLOW EOPNOTSUPP;
    flock "flock(2)": EINTR EBADF EAGAIN EINVAL ENOLCK;
    fork "fork(2)": EAGAIN ENOMEM ENOSYS;
    fremovexattr "removexattr(2)": EBADF ENOMEM EFAULT ENODATA EOVERFLOW EOPNOTSUPP;
    fsetxattr "setxattr(2)": EPERM EBADF ENOMEM EFAULT EEXIST ENOSPC ERANGE ENODATA EOVERFLOW EOPNOTSUPP
        EDQUOT;
    fstat "stat(2)": EBADF ENOMEM EFAULT EOVERFLOW;
    fstatfs "statfs(2)": EINTR EIO EBADF ENOMEM EFAULT ENOSYS EOVERFLOW;
    fsync "fsync(2)": EINTR EIO EBADF EINVAL ENOSPC EROFS EDQUOT;
    ftruncate "truncate(2)": EPERM EINTR EIO EBADF EINVAL ETXTBSY EFBIG EROFS;
    futex "futex(2)": EPERM ESRCH EINTR EAGAIN ENOMEM EACCES EFAULT EINVAL ENFILE EDEADLK ENOSYS ETIMEDOUT;
    futimesat "futimesat(2)": EPERM ENOENT EBADF EACCES ENOTDIR EROFS;
    get_kernel_syms "get_kernel_syms(2)": ENOSYS;
    get_mempolicy "get_mempolicy(2)": EFAULT EINVAL;
    get_robust_list "get_robust_list(2)": EPERM ESRCH EFAULT;
    get_thread_area "set_thread_area(2)": EFAULT EINVAL ENOSYS;
    getcpu "getcpu(2)": EFAULT;
    getcwd "getcwd(3)": ENOENT ENOMEM EACCES EFAULT ERANGE;
    getdents "getdents(2)": ENOENT EBADF EFAULT ENOTDIR EINVAL;
    getdents64 "getdents(2)": ENOENT EBADF EFAULT ENOTDIR EINVAL;
    getegid "getgid(2)":;
    geteuid "getuid(2)":;
    getgid "getgid(2)":;
    getgroups "getgroups(2)": EFAULT EINVAL;
    getitimer "getitimer(2)": EFAULT EINVAL;
    getpeername "getpeername(2)": EBADF EFAULT EINVAL ENOTSOCK ENOBUFS ENOTCONN;
    getpgid "setpgid(2)": ESRCH;
    getpgrp "setpgid(2)":;
    getpid "getpid(2)":;
    getpmsg "unimplemented(2)": ENOSYS;
    getppid "getpid(2)":;
    getpriority "getpriority(2)": ESRCH EINVAL;
    getrandom "getrandom(2)": EINTR EAGAIN EFAULT EINVAL ENOSYS;
    getresgid "getresuid(2)": EFAULT;
    getresuid "getresuid(2)": EFAULT;
    getrlimit "getrlimit(2)": EFAULT EINVAL;
    getrusage "getrusage(2)": EFAULT EINVAL;
    getsid "getsid(2)": EPERM ESRCH;
    getsockname "getsockname(2)": EBADF EFAULT EINVAL ENOTSOCK ENOBUFS;
    getsockopt "getsockopt(2)": EBADF EFAULT EINVAL ENOTSOCK ENOPROTOOPT;
    gettid "gettid(2)":;
    gettimeofday "gettimeofday(2)": EFAULT;
    getuid "getuid(2)":;
    getxattr "getxattr(2)": ENOENT E2BIG ENOMEM EACCES EFAULT ENOTDIR ERANGE ENAMETOOLONG ELOOP ENODATA
        EOVERFLOW EOPNOTSUPP;
    init_module "init_module(2)": EPERM ENOEXEC ENOMEM EFAULT EBUSY EEXIST EINVAL EBADMSG ENOKEY;
    inotify_add_watch "inotify_add_watch(2)": ENOENT EBADF ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC
        ENAMETOOLONG;
    inotify_init "inotify_init(2)": ENOMEM ENFILE EMFILE;
    inotify_init1 "inotify_init(2)": ENOMEM EINVAL ENFILE EMFILE;
    inotify_rm_watch "inotify_rm_watch(2)": EBADF EINVAL;
    io_cancel "io_cancel(2)": EAGAIN EFAULT EINVAL ENOSYS;
    io_destroy "io_destroy(2)": EFAULT EINVAL ENOSYS;
    io_getevents "io_getevents(2)": EINTR EFAULT EINVAL ENOSYS;
    io_setup "io_setup(2)": EAGAIN ENOMEM EFAULT EINVAL ENOSYS;
    io_submit "io_submit(2)": EPERM EBADF EAGAIN EFAULT EINVAL ENOSYS;
    ioctl "ioctl(2)": EBADF EFAULT EINVAL ENOTTY;
    ioperm "ioperm(2)": EPERM EIO ENOMEM EINVAL;
    iopl "iopl(2)": EPERM EINVAL ENOSYS;
    ioprio_get "ioprio_set(2)": EPERM ESRCH EINVAL;
    ioprio_set "ioprio_set(2)": EPERM ESRCH EINVAL;
    kcmp "kcmp(2)": EPERM ENOENT ESRCH EBADF EFAULT EINVAL;
    kexec_file_load "kexec_load(2)": EPERM ENOEXEC EBADF ENOMEM EBUSY EINVAL EADDRNOTAVAIL;
    kexec_load "kexec_load(2)": EPERM ENOEXEC EBADF ENOMEM EBUSY EINVAL EADDRNOTAVAIL;
    keyctl "keyctl(2)": EPERM ENOENT EAGAIN ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENFILE EDEADLK ELOOP
        EMSGSIZE EOPNOTSUPP ETIMEDOUT EDQUOT ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED;
    kill "kill(2)": EPERM ESRCH EINVAL;
    landlock_add_rule "landlock_add_rule(2)": EPERM EBADF EFAULT EINVAL ENOMSG EBADFD EOPNOTSUPP;
    landlock_create_ruleset "landlock_create_ruleset(2)": E2BIG EFAULT EINVAL ENOMSG EOPNOTSUPP;
    landlock_restrict_self "landlock_restrict_self(2)": EPERM E2BIG EBADF EINVAL EBADFD EOPNOTSUPP;
    lchown "chown(2)": EPERM ENOENT ENOMEM EACCES EFAULT ENOTDIR EROFS ENAMETOOLONG ELOOP;
    lgetxattr "getxattr(2)": ENOENT E2BIG ENOMEM EACCES EFAULT ENOTDIR ERANGE ENAMETOOLONG ELOOP ENODATA
        EOVERFLOW EOPNOTSUPP;
    link "link(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT EEXIST EXDEV ENOTDIR ENOSPC EROFS EMLINK
        ENAMETOOLONG ELOOP EDQUOT;
    linkat "link(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT EEXIST EXDEV ENOTDIR EINVAL ENOSPC EROFS
        EMLINK ENAMETOOLONG ELOOP EDQUOT;
    listen "listen(2)": EBADF ENOTSOCK EOPNOTSUPP EADDRINUSE;
    listxattr "listxattr(2)": ENOENT E2BIG ENOMEM EACCES EFAULT ENOTDIR ERANGE ENAMETOOLONG ELOOP EOVERFLOW
        EOPNOTSUPP;
    llistxattr "listxattr(2)": ENOENT E2BIG ENOMEM EACCES EFAULT ENOTDIR ERANGE ENAMETOOLONG ELOOP EOVERFLOW
        EOPNOTSUPP;
    lookup_dcookie "lookup_dcookie(2)": EPERM ENOMEM EFAULT EINVAL ERANGE ENAMETOOLONG;
    lremovexattr "removexattr(2)": ENOENT ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP ENODATA EOVERFLOW
        EOPNOTSUPP;
    lseek "lseek(2)": ENXIO EBADF EINVAL ESPIPE EOVERFLOW;
    lsetxattr "setxattr(2)": EPERM ENOENT ENOMEM EACCES EFAULT EEXIST ENOTDIR ENOSPC ERANGE ENAMETOOLONG
        ELOOP ENODATA EOVERFLOW EOPNOTSUPP EDQUOT;
    lstat "stat(2)": ENOENT ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP EOVERFLOW;
    madvise "madvise(2)": EPERM EIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EINVAL EHWPOISON;
    mbind "mbind(2)": EPERM EIO ENOMEM EFAULT EINVAL;
    membarrier "membarrier(2)": EPERM EINVAL ENOSYS;
    memfd_create "memfd_create(2)": ENOMEM EFAULT EINVAL ENFILE EMFILE;
    memfd_secret "memfd_secret(2)": ENOMEM EINVAL EMFILE ENOSYS;
    migrate_pages "migrate_pages(2)": EPERM ESRCH EFAULT EINVAL;
    mincore "mincore(2)": EAGAIN ENOMEM EFAULT EINVAL;
    mkdir "mkdir(2)": EPERM ENOENT ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC EROFS EMLINK
        ENAMETOOLONG ELOOP EDQUOT;
    mkdirat "mkdir(2)": EPERM ENOENT EBADF ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC EROFS EMLINK
        ENAMETOOLONG ELOOP EDQUOT;
    mknod "mknod(2)": EPERM ENOENT ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC EROFS ENAMETOOLONG
        ELOOP EDQUOT;
    mknodat "mknod(2)": EPERM ENOENT EBADF ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC EROFS
        ENAMETOOLONG ELOOP EDQUOT;
    mlock "mlock(2)": EPERM EAGAIN ENOMEM EINVAL;
    mlock2 "mlock(2)": EPERM EAGAIN ENOMEM EINVAL;
    mlockall "mlock(2)": EPERM ENOMEM EINVAL;
    mmap "mmap(2)": EPERM EBADF EAGAIN ENOMEM EACCES EEXIST ENODEV EINVAL ENFILE ETXTBSY EOVERFLOW;
    modify_ldt "modify_ldt(2)": EFAULT EINVAL ENOSYS;
    mount "mount(2)": EPERM ENOENT ENXIO ENOMEM EACCES EFAULT ENOTBLK EBUSY ENODEV ENOTDIR EINVAL EMFILE
        EROFS ENAMETOOLONG ELOOP;
    mount_setattr "mount_setattr(2)": EPERM ENOENT EBADF ENOMEM EBUSY EINVAL ENOSPC;
    move_pages "move_pages(2)": EPERM ESRCH E2BIG EACCES EFAULT ENODEV EINVAL;
    mprotect "mprotect(2)": ENOMEM EACCES EINVAL;
    mq_getsetattr "mq_getsetattr(2)": EBADF EINVAL;
    mq_notify "mq_notify(3)": EBADF ENOMEM EBUSY EINVAL;
    mq_open "mq_open(3)": ENOENT ENOMEM EACCES EEXIST EINVAL ENFILE EMFILE ENOSPC ENAMETOOLONG;
    mq_timedreceive "mq_receive(3)": EINTR EBADF EAGAIN EINVAL EMSGSIZE ETIMEDOUT;
    mq_timedsend "mq_send(3)": EINTR EBADF EAGAIN EINVAL EMSGSIZE ETIMEDOUT;
    mq_unlink "mq_unlink(3)": ENOENT EACCES ENAMETOOLONG;
    mremap "mremap(2)": EAGAIN ENOMEM EFAULT EINVAL;
    msgctl "msgctl(2)": EPERM EACCES EFAULT EINVAL EIDRM;
    msgget "msgget(2)": ENOENT ENOMEM EACCES EEXIST ENOSPC;
    msgrcv "msgop(2)": EINTR E2BIG EACCES EFAULT EINVAL ENOSYS ENOMSG EIDRM;
    msgsnd "msgop(2)": EINTR EAGAIN ENOMEM EACCES EFAULT EINVAL EIDRM;
    msync "msync(2)": ENOMEM EBUSY EINVAL;
    munlock "mlock(2)": EPERM EAGAIN ENOMEM EINVAL;
    munlockall "mlock(2)": EPERM;
    munmap "mmap(2)": ENOMEM EINVAL;
    name_to_handle_at "open_by_handle_at(2)": EPERM ENOENT EINTR ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT
        EBUSY EEXIST ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG
        ELOOP EOVERFLOW EOPNOTSUPP EDQUOT;
    nanosleep "nanosleep(2)": EINTR EFAULT EINVAL;
    newfstatat "stat(2)": ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP EOVERFLOW;
    open "open(2)": EPERM ENOENT EINTR ENXIO EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR EISDIR
        EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP EOVERFLOW EOPNOTSUPP EDQUOT;
    open_by_handle_at "open_by_handle_at(2)": EPERM ENOENT EINTR ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT
        EBUSY EEXIST ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG
        ELOOP EOVERFLOW EOPNOTSUPP ESTALE EDQUOT;
    openat "open(2)": EPERM ENOENT EINTR ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR
        EISDIR EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP EOVERFLOW EOPNOTSUPP
        EDQUOT;
    openat2 "openat2(2)": EPERM ENOENT EINTR ENXIO E2BIG EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST
        EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP
        EOVERFLOW EOPNOTSUPP EDQUOT;
    pause "pause(2)": EINTR;
    perf_event_open "perf_event_open(2)": EPERM ENOENT ESRCH EINTR E2BIG EBADF EACCES EFAULT EBUSY ENODEV
        EINVAL EMFILE ENOSPC ENOSYS EOVERFLOW EOPNOTSUPP;
    personality "personality(2)": EINVAL;
    pidfd_getfd "pidfd_getfd(2)": EPERM ESRCH EBADF EINVAL ENFILE EMFILE;
    pidfd_open "pidfd_open(2)": ESRCH ENOMEM ENODEV EINVAL ENFILE EMFILE;
    pidfd_send_signal "pidfd_send_signal(2)": EPERM ESRCH EBADF EINVAL;
    pipe "pipe(2)": EFAULT ENFILE EMFILE;
    pipe2 "pipe(2)": EFAULT EINVAL ENFILE EMFILE ENOPKG;
    pivot_root "pivot_root(2)": EPERM ENOENT ENOMEM EACCES EFAULT EBUSY ENOTDIR EINVAL ENAMETOOLONG ELOOP
        EOVERFLOW;
    pkey_alloc "pkey_alloc(2)": EINVAL ENOSPC;
    pkey_free "pkey_alloc(2)": EINVAL;
    pkey_mprotect "mprotect(2)": ENOMEM EACCES EINVAL;
    poll "poll(2)": EINTR ENOMEM EFAULT EINVAL;
    ppoll "poll(2)": EINTR ENOMEM EFAULT EINVAL;
    prctl "prctl(2)": EPERM ENXIO EBADF EACCES EFAULT EBUSY ENODEV EINVAL ERANGE EOPNOTSUPP;
    pread64 "pread(2)": EINTR EIO ENXIO EBADF EAGAIN EFAULT EISDIR EINVAL ESPIPE EOVERFLOW;
    preadv "readv(2)": EINTR EIO ENXIO EBADF EAGAIN EFAULT EISDIR EINVAL ESPIPE EOVERFLOW;
    preadv2 "readv(2)": EINTR EIO ENXIO EBADF EAGAIN EFAULT EISDIR EINVAL ESPIPE EOVERFLOW EOPNOTSUPP;
    prlimit64 "getrlimit(2)": EPERM ESRCH EFAULT EINVAL;
    process_madvise "process_madvise(2)": EPERM ESRCH EIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EINVAL
        EHWPOISON;
    process_vm_readv "process_vm_readv(2)": EPERM ESRCH ENOMEM EFAULT EINVAL;
    process_vm_writev "process_vm_readv(2)": EPERM ESRCH ENOMEM EFAULT EINVAL;
    pselect6 "select(2)": EINTR EBADF ENOMEM EINVAL;
    ptrace "ptrace(2)": EPERM ESRCH EIO EFAULT EINVAL;
    putpmsg "unimplemented(2)": ENOSYS;
    pwrite64 "pread(2)": EPERM EINTR EIO ENXIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC ESPIPE EPIPE
        EOVERFLOW EDESTADDRREQ EDQUOT;
    pwritev "readv(2)": EPERM EINTR EIO ENXIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC ESPIPE EPIPE EOVERFLOW
        EDESTADDRREQ EDQUOT;
    pwritev2 "readv(2)": EPERM EINTR EIO ENXIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC ESPIPE EPIPE
        EOVERFLOW EDESTADDRREQ EOPNOTSUPP EDQUOT;
    query_module "query_module(2)": ENOENT EFAULT EINVAL ENOSPC ENOSYS;
    quotactl "quotactl(2)": EPERM ENOENT ESRCH EACCES EFAULT ENOTBLK EBUSY EINVAL ERANGE ENOSYS;
    read "read(2)": EINTR EIO EBADF EAGAIN EFAULT EISDIR EINVAL;
    readahead "readahead(2)": EBADF EINVAL;
    readlink "readlink(2)": ENOENT EIO ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP;
    readlinkat "readlink(2)": ENOENT EIO EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP;
    readv "readv(2)": EINTR EIO EBADF EAGAIN EFAULT EISDIR EINVAL;
    reboot "reboot(2)": EPERM EFAULT EINVAL;
    recvfrom "recv(2)": EINTR EBADF EAGAIN EFAULT EINVAL ENOTSOCK ENOTCONN ECONNREFUSED;
    recvmmsg "recvmmsg(2)": EINTR EBADF EAGAIN ENOMEM EFAULT EINVAL ENOTSOCK ENOTCONN ECONNREFUSED;
    recvmsg "recv(2)": EINTR EBADF EAGAIN ENOMEM EFAULT EINVAL ENOTSOCK ENOTCONN ECONNREFUSED;
    remap_file_pages "remap_file_pages(2)": EINVAL;
    removexattr "removexattr(2)": ENOENT ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP ENODATA EOVERFLOW
        EOPNOTSUPP;
    rename "rename(2)": EPERM ENOENT ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV ENOTDIR EISDIR EINVAL ENOSPC
        EROFS EMLINK ENAMETOOLONG ENOTEMPTY ELOOP EDQUOT;
    renameat "rename(2)": EPERM ENOENT EBADF ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV ENOTDIR EISDIR EINVAL
        ENOSPC EROFS EMLINK ENAMETOOLONG ENOTEMPTY ELOOP EDQUOT;
    renameat2 "rename(2)": EPERM ENOENT EBADF ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV ENOTDIR EISDIR EINVAL
        ENOSPC EROFS EMLINK ENAMETOOLONG ENOTEMPTY ELOOP EDQUOT;
    request_key "request_key(2)": EPERM EINTR ENOMEM EACCES EFAULT EINVAL EDQUOT ENOKEY EKEYEXPIRED
        EKEYREVOKED EKEYREJECTED;
    rmdir "rmdir(2)": EPERM ENOENT ENOMEM EACCES EFAULT EBUSY ENOTDIR EINVAL EROFS ENAMETOOLONG ENOTEMPTY
        ELOOP;
    rt_sigaction "sigaction(2)": EFAULT EINVAL;
    rt_sigpending "sigpending(2)": EFAULT;
    rt_sigprocmask "sigprocmask(2)": EFAULT EINVAL;
    rt_sigqueueinfo "rt_sigqueueinfo(2)": EPERM ESRCH EAGAIN EINVAL;
    rt_sigreturn "sigreturn(2)":;
    rt_sigsuspend "sigsuspend(2)": EINTR EFAULT;
    rt_sigtimedwait "sigwaitinfo(2)": EINTR EAGAIN EINVAL;
    rt_tgsigqueueinfo "rt_sigqueueinfo(2)": EPERM ESRCH EAGAIN EINVAL;
    sched_get_priority_max "sched_get_priority_max(2)": EINVAL;
    sched_get_priority_min "sched_get_priority_max(2)": EINVAL;
    sched_getaffinity "sched_setaffinity(2)": ESRCH EFAULT EINVAL;
    sched_getattr "sched_setattr(2)": ESRCH E2BIG EINVAL;
    sched_getparam "sched_setparam(2)": ESRCH EINVAL;
    sched_getscheduler "sched_setscheduler(2)": ESRCH EINVAL;
    sched_rr_get_interval "sched_rr_get_interval(2)": ESRCH EFAULT EINVAL ENOSYS;
    sched_setaffinity "sched_setaffinity(2)": EPERM ESRCH EFAULT EINVAL;
    sched_setattr "sched_setattr(2)": EPERM ESRCH E2BIG EBUSY EINVAL;
    sched_setparam "sched_setparam(2)": EPERM ESRCH EINVAL;
    sched_setscheduler "sched_setscheduler(2)": EPERM ESRCH EINVAL;
    sched_yield "sched_yield(2)":;
    seccomp "seccomp(2)": ESRCH ENOMEM EACCES EFAULT EBUSY EINVAL EOPNOTSUPP;
    security "unimplemented(2)": ENOSYS;
    select "select(2)": EINTR EBADF ENOMEM EINVAL;
    semctl "semctl(2)": EPERM EACCES EFAULT EINVAL ERANGE EIDRM;
    semget "semget(2)": ENOENT ENOMEM EACCES EEXIST EINVAL ENOSPC;
    semop "semop(2)": EINTR E2BIG EAGAIN ENOMEM EACCES EFAULT EINVAL EFBIG ERANGE EIDRM;
    semtimedop "semop(2)": EINTR E2BIG EAGAIN ENOMEM EACCES EFAULT EINVAL EFBIG ERANGE EIDRM;
    sendfile "sendfile(2)": EIO EBADF EAGAIN ENOMEM EFAULT EINVAL ESPIPE EOVERFLOW;
    sendmmsg "sendmmsg(2)": EINTR EBADF EAGAIN ENOMEM EACCES EFAULT EINVAL EPIPE ENOTSOCK EDESTADDRREQ
        EMSGSIZE EOPNOTSUPP ECONNRESET ENOBUFS EISCONN ENOTCONN EALREADY;
    sendmsg "send(2)": EINTR EBADF EAGAIN ENOMEM EACCES EFAULT EINVAL EPIPE ENOTSOCK EDESTADDRREQ EMSGSIZE
        EOPNOTSUPP ECONNRESET ENOBUFS EISCONN ENOTCONN EALREADY;
    sendto "send(2)": EINTR EBADF EAGAIN ENOMEM EACCES EFAULT EINVAL EPIPE ENOTSOCK EDESTADDRREQ EMSGSIZE
        EOPNOTSUPP ECONNRESET ENOBUFS EISCONN ENOTCONN EALREADY;
    set_mempolicy "set_mempolicy(2)": ENOMEM EFAULT EINVAL;
    set_robust_list "get_robust_list(2)": EINVAL;
    set_thread_area "set_thread_area(2)": ESRCH EFAULT EINVAL ENOSYS;
    set_tid_address "set_tid_address(2)":;
    setdomainname "getdomainname(2)": EPERM EFAULT EINVAL;
    setfsgid "setfsgid(2)":;
    setfsuid "setfsuid(2)":;
    setgid "setgid(2)": EPERM EINVAL;
    setgroups "getgroups(2)": EPERM ENOMEM EFAULT EINVAL;
    sethostname "gethostname(2)": EPERM EFAULT EINVAL;
    setitimer "getitimer(2)": EFAULT EINVAL;
    setns "setns(2)": EPERM ESRCH EBADF ENOMEM EINVAL;
    setpgid "setpgid(2)": EPERM ESRCH EACCES EINVAL;
    setpriority "getpriority(2)": EPERM ESRCH EACCES EINVAL;
    setregid "setreuid(2)": EPERM EINVAL;
    setresgid "setresuid(2)": EPERM EINVAL;
    setresuid "setresuid(2)": EPERM EAGAIN EINVAL;
    setreuid "setreuid(2)": EPERM EAGAIN EINVAL;
    setrlimit "getrlimit(2)": EPERM EFAULT EINVAL;
    setsid "setsid(2)": EPERM;
    setsockopt "getsockopt(2)": EBADF EFAULT EINVAL ENOTSOCK ENOPROTOOPT;
    settimeofday "gettimeofday(2)": EPERM EFAULT EINVAL;
    setuid "setuid(2)": EPERM EAGAIN EINVAL;
    setxattr "setxattr(2)": EPERM ENOENT ENOMEM EACCES EFAULT EEXIST ENOTDIR ENOSPC ERANGE ENAMETOOLONG
        ELOOP ENODATA EOVERFLOW EOPNOTSUPP EDQUOT;
    shmat "shmop(2)": ENOMEM EACCES EINVAL EIDRM;
    shmctl "shmctl(2)": EPERM ENOMEM EACCES EFAULT EINVAL EIDRM EOVERFLOW;
    shmdt "shmop(2)": EINVAL;
    shmget "shmget(2)": EPERM ENOENT ENOMEM EACCES EEXIST EINVAL ENFILE ENOSPC;
    shutdown "shutdown(2)": EBADF EINVAL ENOTSOCK ENOTCONN;
    sigaltstack "sigaltstack(2)": EPERM ENOMEM EFAULT EINVAL;
    signalfd "signalfd(2)": EBADF ENOMEM ENODEV EINVAL ENFILE EMFILE;
    signalfd4 "signalfd(2)": EBADF ENOMEM ENODEV EINVAL ENFILE EMFILE;
    socket "socket(2)": ENOMEM EACCES EINVAL ENFILE EMFILE EPROTONOSUPPORT EAFNOSUPPORT ENOBUFS;
    socketpair "socketpair(2)": EFAULT ENFILE EMFILE EPROTONOSUPPORT EOPNOTSUPP EAFNOSUPPORT;
    splice "splice(2)": EBADF EAGAIN ENOMEM EINVAL ESPIPE;
    stat "stat(2)": ENOENT ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ELOOP EOVERFLOW;
    statfs "statfs(2)": ENOENT EINTR EIO ENOMEM EACCES EFAULT ENOTDIR ENAMETOOLONG ENOSYS ELOOP EOVERFLOW;
    statx "statx(2)": ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP;
    swapoff "swapon(2)": EPERM ENOENT ENOMEM EINVAL ENFILE;
    swapon "swapon(2)": EPERM ENOENT ENOMEM EBUSY EINVAL ENFILE;
    symlink "symlink(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT EEXIST ENOTDIR ENOSPC EROFS ENAMETOOLONG
        ELOOP EDQUOT;
    symlinkat "symlink(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT EEXIST ENOTDIR ENOSPC EROFS
        ENAMETOOLONG ELOOP EDQUOT;
    sync "sync(2)":;
    sync_file_range "sync_file_range(2)": EIO EBADF ENOMEM EINVAL ENOSPC ESPIPE;
    syncfs "sync(2)": EIO EBADF ENOSPC EDQUOT;
    sysfs "sysfs(2)": EFAULT EINVAL;
    sysinfo "sysinfo(2)": EFAULT;
    syslog "syslog(2)": EPERM EINVAL ENOSYS;
    tee "tee(2)": EAGAIN ENOMEM EINVAL;
    tgkill "tkill(2)": EPERM ESRCH EAGAIN EINVAL;
    time "time(2)": EFAULT;
    timer_create "timer_create(2)": EPERM EAGAIN ENOMEM EINVAL EOPNOTSUPP;
    timer_delete "timer_delete(2)": EINVAL;
    timer_getoverrun "timer_getoverrun(2)": EINVAL;
    timer_gettime "timer_settime(2)": EFAULT EINVAL;
    timer_settime "timer_settime(2)": EFAULT EINVAL;
    timerfd_create "timerfd_create(2)": EPERM ENOMEM ENODEV EINVAL ENFILE EMFILE;
    timerfd_gettime "timerfd_create(2)": EBADF EFAULT EINVAL;
    timerfd_settime "timerfd_create(2)": EBADF EFAULT EINVAL ECANCELED;
    times "times(2)": EFAULT;
    tkill "tkill(2)": EPERM ESRCH EAGAIN EINVAL;
    truncate "truncate(2)": EPERM ENOENT EINTR EIO EACCES EFAULT ENOTDIR EISDIR EINVAL ETXTBSY EFBIG EROFS
        ENAMETOOLONG ELOOP;
    tuxcall "unimplemented(2)": ENOSYS;
    umask "umask(2)":;
    umount2 "umount(2)": EPERM ENOENT EAGAIN ENOMEM EFAULT EBUSY EINVAL ENAMETOOLONG;
    uname "uname(2)": EFAULT;
    unlink "unlink(2)": EPERM ENOENT EIO ENOMEM EACCES EFAULT EBUSY ENOTDIR EISDIR EROFS ENAMETOOLONG ELOOP;
    unlinkat "unlink(2)": EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT EBUSY ENOTDIR EISDIR EINVAL EROFS
        ENAMETOOLONG ENOTEMPTY ELOOP;
    unshare "unshare(2)": EPERM ENOMEM EINVAL ENOSPC EUSERS;
    uselib "uselib(2)": EPERM ENOENT EINTR ENXIO ENOEXEC EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST
        ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP EOVERFLOW
        EOPNOTSUPP EDQUOT;
    userfaultfd "userfaultfd(2)": EPERM ENOMEM EINVAL ENFILE EMFILE;
    ustat "ustat(2)": EFAULT EINVAL ENOSYS;
    utime "utime(2)": EPERM ENOENT EACCES EROFS;
    utimensat "utimensat(2)": EPERM ENOENT EBADF EACCES EFAULT ENOTDIR EINVAL EROFS ENAMETOOLONG ELOOP;
    utimes "utime(2)": EPERM ENOENT EACCES EROFS;
    vfork "vfork(2)": EAGAIN ENOMEM;
    vhangup "vhangup(2)": EPERM;
    vmsplice "vmsplice(2)": EBADF EAGAIN ENOMEM EINVAL;
    vserver "unimplemented(2)": ENOSYS;
    wait4 "wait4(2)": ESRCH EINTR ECHILD EINVAL;
    waitid "wait(2)": EINTR ECHILD EAGAIN EINVAL;
    write "write(2)": EPERM EINTR EIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC EPIPE EDESTADDRREQ EDQUOT;
    writev "readv(2)": EPERM EINTR EIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC EPIPE EDESTADDRREQ EDQUOT;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn errors(call: &str) -> Vec<String> {
        let sysno = Sysno::from_name(call).expect("a system call");
        let known = legal(sysno).unwrap_or_else(|| panic!("{call} is not in the table"));
        known.iter().map(ToString::to_string).collect()
    }

    #[track_caller]
    fn check(call: &str, expected: &str) {
        assert_eq!(errors(call).join(" "), expected, "{call}");
    }

    #[track_caller]
    fn lacks(call: &str, absent: &[&str]) {
        let errors = errors(call);
        for errno in absent {
            assert!(!errors.iter().any(|known| known == errno), "{call} lists {errno}");
        }
    }

    #[test]
    fn every_call_exists_and_calls_are_sorted_and_unique() {
        for (call, ..) in PAGES {
            assert!(Sysno::from_name(call).is_some(), "{call}");
        }
        assert!(PAGES.is_sorted_by(|(one, ..), (next, ..)| one < next));
    }

    #[test]
    fn errors_are_sorted_and_unique_and_have_their_own_numbers() {
        for (name, errno) in NAMED {
            assert_eq!(errno.name(), Some(*name));
        }
        for (call, _, errors) in PAGES {
            assert!(errors.is_sorted_by(|one, next| one < next), "{call}");
        }
    }

    #[test]
    fn every_page_is_a_name_and_a_section() {
        for (call, page, _) in PAGES {
            let name = page.strip_suffix("(2)").or_else(|| page.strip_suffix("(3)"));
            assert!(name.is_some_and(|name| !name.is_empty()), "{call}: {page}");
        }
    }

    #[test]
    fn calls_that_share_a_page_have_their_own_errors() {
        let at = |call: &str| page(Sysno::from_name(call).unwrap());
        assert_eq!([at("open"), at("creat"), at("openat")], [Some("open(2)"); 3]);
        lacks("open", &["EBADF"]);
        check(
            "openat",
            "EPERM ENOENT EINTR ENXIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EEXIST ENODEV ENOTDIR EISDIR EINVAL \
             ENFILE EMFILE ETXTBSY EFBIG ENOSPC EROFS ENAMETOOLONG ELOOP EOVERFLOW EOPNOTSUPP EDQUOT",
        );
        check("munmap", "ENOMEM EINVAL");
        check("mmap", "EPERM EBADF EAGAIN ENOMEM EACCES EEXIST ENODEV EINVAL ENFILE ETXTBSY EOVERFLOW");
        check("pipe", "EFAULT ENFILE EMFILE");
        check("pipe2", "EFAULT EINVAL ENFILE EMFILE ENOPKG");
        check("fstat", "EBADF ENOMEM EFAULT EOVERFLOW");
        check("newfstatat", "ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP EOVERFLOW");
        check("clone", "EPERM EAGAIN ENOMEM EINVAL ENOSPC EUSERS");
        check("clone3", "EPERM EAGAIN ENOMEM EACCES EBUSY EEXIST EINVAL ENOSPC EUSERS EOPNOTSUPP");
        check("getrlimit", "EFAULT EINVAL");
        check("prlimit64", "EPERM ESRCH EFAULT EINVAL");
        check("timerfd_settime", "EBADF EFAULT EINVAL ECANCELED");
    }

    #[test]
    fn errors_borrowed_from_another_page_are_listed() {
        check("lseek", "ENXIO EBADF EINVAL ESPIPE EOVERFLOW");
        check("read", "EINTR EIO EBADF EAGAIN EFAULT EISDIR EINVAL");
        check("pread64", "EINTR EIO ENXIO EBADF EAGAIN EFAULT EISDIR EINVAL ESPIPE EOVERFLOW");
        check("write", "EPERM EINTR EIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC EPIPE EDESTADDRREQ EDQUOT");
        check(
            "pwrite64",
            "EPERM EINTR EIO ENXIO EBADF EAGAIN EFAULT EINVAL EFBIG ENOSPC ESPIPE EPIPE EOVERFLOW \
             EDESTADDRREQ EDQUOT",
        );
        assert_eq!(errors("sendmmsg"), errors("sendmsg"));
        assert!(errors("execveat").contains(&"E2BIG".to_owned()));
        assert!(errors("unlinkat").contains(&"ENOTEMPTY".to_owned()));
        assert!(errors("openat2").contains(&"ENOSPC".to_owned()));
    }

    #[test]
    fn a_newer_call_knows_every_error_of_the_one_it_extends() {
        for (old, new) in [
            ("rename", "renameat"),
            ("renameat", "renameat2"),
            ("unlink", "unlinkat"),
            ("mkdir", "mkdirat"),
            ("stat", "newfstatat"),
            ("dup2", "dup3"),
        ] {
            let known = errors(new);
            let lost: Vec<_> = errors(old).into_iter().filter(|errno| !known.contains(errno)).collect();
            assert_eq!(lost, [""; 0], "{new}");
        }
        lacks("rename", &["EBADF"]);
        check(
            "renameat2",
            "EPERM ENOENT EBADF ENOMEM EACCES EFAULT EBUSY EEXIST EXDEV ENOTDIR EISDIR EINVAL ENOSPC EROFS EMLINK \
             ENAMETOOLONG ENOTEMPTY ELOOP EDQUOT",
        );
    }

    #[test]
    fn files_and_directories_fail_as_their_pages_say() {
        check("close", "EINTR EIO EBADF ENOSPC EDQUOT");
        check("fsync", "EINTR EIO EBADF EINVAL ENOSPC EROFS EDQUOT");
        check("fdatasync", "EINTR EIO EBADF EINVAL ENOSPC EROFS EDQUOT");
        check(
            "fallocate",
            "EPERM EINTR EIO EBADF ENODEV EINVAL ETXTBSY EFBIG ENOSPC ESPIPE ENOSYS EOPNOTSUPP",
        );
        check(
            "mkdirat",
            "EPERM ENOENT EBADF ENOMEM EACCES EFAULT EEXIST ENOTDIR EINVAL ENOSPC EROFS EMLINK ENAMETOOLONG ELOOP \
             EDQUOT",
        );
        check(
            "unlinkat",
            "EPERM ENOENT EIO EBADF ENOMEM EACCES EFAULT EBUSY ENOTDIR EISDIR EINVAL EROFS ENAMETOOLONG \
             ENOTEMPTY ELOOP",
        );
        check("statx", "ENOENT EBADF ENOMEM EACCES EFAULT ENOTDIR EINVAL ENAMETOOLONG ELOOP");
        check("getdents64", "ENOENT EBADF EFAULT ENOTDIR EINVAL");
    }

    #[test]
    fn sockets_fail_as_their_pages_say() {
        check("socket", "ENOMEM EACCES EINVAL ENFILE EMFILE EPROTONOSUPPORT EAFNOSUPPORT ENOBUFS");
        check(
            "connect",
            "EPERM EINTR EBADF EAGAIN EACCES EFAULT ENOTSOCK EPROTOTYPE EAFNOSUPPORT EADDRINUSE EADDRNOTAVAIL \
             ENETUNREACH EISCONN ETIMEDOUT ECONNREFUSED EALREADY EINPROGRESS",
        );
        check(
            "sendto",
            "EINTR EBADF EAGAIN ENOMEM EACCES EFAULT EINVAL EPIPE ENOTSOCK EDESTADDRREQ EMSGSIZE EOPNOTSUPP \
             ECONNRESET ENOBUFS EISCONN ENOTCONN EALREADY",
        );
        check("recvfrom", "EINTR EBADF EAGAIN EFAULT EINVAL ENOTSOCK ENOTCONN ECONNREFUSED");
        // accept(2), "Error handling": errors that are already pending on the new connection.
        for errno in ["EMFILE", "ECONNABORTED", "EHOSTUNREACH"] {
            assert!(errors("accept4").contains(&errno.to_owned()), "{errno}");
        }
    }

    #[test]
    fn what_the_runtime_waits_with_fails_as_its_pages_say() {
        check(
            "futex",
            "EPERM ESRCH EINTR EAGAIN ENOMEM EACCES EFAULT EINVAL ENFILE EDEADLK ENOSYS ETIMEDOUT",
        );
        check("epoll_ctl", "EPERM ENOENT EBADF ENOMEM EEXIST EINVAL ENOSPC ELOOP");
        check("epoll_pwait", "EINTR EBADF EFAULT EINVAL");
        check("nanosleep", "EINTR EFAULT EINVAL");
        check("madvise", "EPERM EIO EBADF EAGAIN ENOMEM EACCES EFAULT EBUSY EINVAL EHWPOISON");
        check("getrandom", "EINTR EAGAIN EFAULT EINVAL ENOSYS");
        check(
            "execve",
            "EPERM ENOENT EIO E2BIG ENOEXEC EAGAIN ENOMEM EACCES EFAULT ENOTDIR EISDIR EINVAL ENFILE EMFILE ETXTBSY \
             ENAMETOOLONG ELOOP ELIBBAD",
        );
        check(
            "perf_event_open",
            "EPERM ENOENT ESRCH EINTR E2BIG EBADF EACCES EFAULT EBUSY ENODEV EINVAL EMFILE ENOSPC ENOSYS EOVERFLOW \
             EOPNOTSUPP",
        );
    }

    #[test]
    fn calls_that_cannot_fail_have_no_errors() {
        for call in ["getpid", "getppid", "gettid", "getuid", "sched_yield", "exit_group", "umask", "sync"] {
            check(call, "");
        }
    }

    #[test]
    fn calls_without_a_page_are_unknown() {
        for call in ["io_uring_enter", "futex_waitv", "cachestat", "restart_syscall"] {
            let sysno = Sysno::from_name(call).unwrap();
            assert_eq!((legal(sysno), page(sysno)), (None, None), "{call}");
        }
        assert_eq!(legal(Sysno(100_000)), None);
    }
}
