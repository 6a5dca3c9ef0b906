//! The few kernel operations of shim and guard that std does not offer. All of this crate's unsafe code.
//!
//! Nothing here allocates, so that everything may be called by a thread that must not; only [`fork_with`] does,
//! which no such thread calls.
#![expect(unsafe_code, reason = "this is the crate's one place for it")]

use std::ffi::{CStr, CString};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// The error number that the last failed call of this thread left.
fn last_errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or(0)
}

/// Connects to the abstract socket of this name.
///
/// # Errors
/// Whatever socket(2) or connect(2) say; `ECONNREFUSED` where the supervisor is gone.
pub(crate) fn connect(name: &[u8]) -> io::Result<OwnedFd> {
    // SAFETY: socket(2) takes no pointers.
    let raw = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_SEQPACKET | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and nobody else knows it.
    let socket = unsafe { OwnedFd::from_raw_fd(raw) };
    // SAFETY: all bytes zero is a valid sockaddr_un.
    let mut address: libc::sockaddr_un = unsafe { mem::zeroed() };
    address.sun_family = libc::sa_family_t::try_from(libc::AF_UNIX).expect("AF_UNIX is 1");
    // unix(7): an abstract name follows a first zero byte and ends where the length says.
    let room = &mut address.sun_path[1..];
    if name.len() > room.len() {
        return Err(io::Error::from_raw_os_error(libc::ENAMETOOLONG));
    }
    for (to, from) in room.iter_mut().zip(name) {
        *to = libc::c_char::from_ne_bytes([*from]);
    }
    let length = mem::offset_of!(libc::sockaddr_un, sun_path) + 1 + name.len();
    let length = libc::socklen_t::try_from(length).expect("a sockaddr_un is short");
    // SAFETY: `address` outlives the call, and `length` lies within it by the check above.
    let result = unsafe { libc::connect(socket.as_raw_fd(), (&raw const address).cast(), length) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

/// Sends one packet.
///
/// # Errors
/// Whatever send(2) says; `EPIPE` where the supervisor is gone.
pub(crate) fn send(socket: BorrowedFd<'_>, packet: &[u8]) -> io::Result<()> {
    // SAFETY: pointer and length are those of one live slice.
    let sent =
        unsafe { libc::send(socket.as_raw_fd(), packet.as_ptr().cast(), packet.len(), libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Receives one packet; zero bytes mean that the other end is closed.
///
/// # Errors
/// Whatever recv(2) says, except `EINTR`, which is tried again.
pub(crate) fn receive(socket: BorrowedFd<'_>, packet: &mut [u8]) -> io::Result<usize> {
    loop {
        // SAFETY: pointer and length are those of one live, exclusively borrowed slice.
        let got = unsafe { libc::recv(socket.as_raw_fd(), packet.as_mut_ptr().cast(), packet.len(), 0) };
        match usize::try_from(got) {
            Ok(got) => return Ok(got),
            Err(_) if last_errno() == libc::EINTR => {}
            Err(_) => return Err(io::Error::last_os_error()),
        }
    }
}

/// Sends one packet and a copy of a descriptor with it.
///
/// # Errors
/// Whatever sendmsg(2) says.
pub(crate) fn send_with_descriptor(
    socket: BorrowedFd<'_>,
    packet: &[u8],
    descriptor: RawFd,
) -> io::Result<()> {
    /// Room for one descriptor, aligned as cmsg(3) wants it.
    #[repr(C, align(8))]
    struct Control([u8; 24]);
    const _: () = assert!(mem::size_of::<Control>() >= mem::size_of::<libc::cmsghdr>() + 8);

    let mut part = libc::iovec { iov_base: packet.as_ptr().cast_mut().cast(), iov_len: packet.len() };
    let mut control = Control([0; 24]);
    // SAFETY: all bytes zero is a valid msghdr.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_iov = &raw mut part;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: CMSG_SPACE and CMSG_LEN only calculate.
    message.msg_controllen = unsafe { libc::CMSG_SPACE(4) } as _;
    // SAFETY: `message` names a control buffer of at least one header.
    let header = unsafe { libc::CMSG_FIRSTHDR(&raw const message) };
    // SAFETY: as above, CMSG_LEN only calculates.
    let length = unsafe { libc::CMSG_LEN(4) };
    // SAFETY: `header` points into `control`, which is large and aligned enough for it (asserted above).
    unsafe {
        (*header) = libc::cmsghdr {
            cmsg_len: length as _,
            cmsg_level: libc::SOL_SOCKET,
            cmsg_type: libc::SCM_RIGHTS,
        };
    }
    // SAFETY: the data of the first header lies within `control`: CMSG_SPACE(4) bytes are there.
    let data = unsafe { libc::CMSG_DATA(header) };
    // SAFETY: four bytes are there for the descriptor; they need not be aligned for it.
    unsafe { data.cast::<RawFd>().write_unaligned(descriptor) };
    // SAFETY: everything `message` points to lives until the call returns.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Gives up the chance of new privileges, for this thread and what it becomes.
pub(crate) fn no_new_privs() -> Result<(), i32> {
    // SAFETY: this prctl(2) takes no pointers.
    let result = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Puts a filter on this thread and gives its listener, if the flags ask for one.
///
/// `instructions` are whole `struct sock_filter`s. After success every further system call of this thread may be
/// trapped.
pub(crate) fn install_filter(flags: u32, instructions: &[u8]) -> Result<Option<RawFd>, i32> {
    let count = instructions.len() / mem::size_of::<libc::sock_filter>();
    let Ok(len) = libc::c_ushort::try_from(count) else { return Err(libc::EINVAL) };
    // The kernel copies the program byte by byte (copy_from_user), so its alignment does not matter.
    let program = libc::sock_fprog { len, filter: instructions.as_ptr().cast_mut().cast() };
    // JUSTIFICATION: neither libc nor std wraps seccomp(2).
    // SAFETY: `program` names `len` whole instructions within `instructions`; the kernel only reads them.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program) };
    let listener = i32::try_from(result).ok().filter(|listener| *listener >= 0).ok_or_else(last_errno)?;
    // seccomp(2): without the flag, success is 0.
    Ok((u64::from(flags) & libc::SECCOMP_FILTER_FLAG_NEW_LISTENER != 0).then_some(listener))
}

/// Becomes another program with our environment, or with another; comes back only with the error.
///
/// `argv` and `envp` end with a null pointer and their strings outlive the call.
pub(crate) fn exec(
    program: &CStr,
    argv: &[*const libc::c_char],
    envp: Option<&[*const libc::c_char]>,
) -> i32 {
    debug_assert!(argv.last().is_some_and(|last| last.is_null()));
    debug_assert!(envp.is_none_or(|envp| envp.last().is_some_and(|last| last.is_null())));
    let environment = match envp {
        Some(envp) => envp.as_ptr(),
        // SAFETY: `environ` is read while no other thread of the shim changes it: nothing here sets variables.
        None => unsafe { environ },
    };
    // SAFETY: program and arguments are zero-terminated strings, `argv` ends with null (the caller's promise), and so
    // does the environment, whether it is the caller's or the one that the kernel gave us.
    unsafe { libc::execve(program.as_ptr(), argv.as_ptr(), environment) };
    last_errno()
}

/// This process's variables, in order, with whatever no variable is.
pub(crate) fn variables() -> Vec<CString> {
    // SAFETY: as in `exec`, nothing changes it.
    let mut next = unsafe { environ };
    let mut variables = Vec::new();
    while !next.is_null() {
        // SAFETY: `next` points into the list that the kernel gave us, not beyond its null pointer.
        let string = unsafe { *next };
        if string.is_null() {
            break;
        }
        // SAFETY: every other pointer of the list is a zero-terminated string that lives as long as the process.
        variables.push(unsafe { CStr::from_ptr(string) }.to_owned());
        // SAFETY: the list goes on up to its null pointer, which this was not.
        next = unsafe { next.add(1) };
    }
    variables
}

/// Sets the soft limit of the stack, for this process and what it becomes.
///
/// # Errors
/// The error number: `EINVAL` where the hard limit is lower.
pub(crate) fn limit_stack(bytes: u64) -> Result<(), i32> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is ours to be filled.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return Err(last_errno());
    }
    limit.rlim_cur = bytes;
    // SAFETY: `limit` outlives the call, which only reads it.
    let result = unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const limit) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Sets a soft and a hard limit of this process.
///
/// # Errors
/// The error number: `EPERM` where the hard limit was lower and may not be raised.
pub(crate) fn limit(resource: u32, soft: u64, hard: u64) -> Result<(), i32> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` outlives the call, which only reads it; a number that is no resource is an error.
    let result = unsafe { libc::setrlimit(resource, &raw const limit) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Lets this thread, and what it becomes, run on only the first so many of its CPUs.
///
/// # Errors
/// The error number; `EINVAL` where it has fewer.
pub(crate) fn run_on(cpus: u32) -> Result<(), i32> {
    // 8,192 CPUs: NR_CPUS is at most that on x86 (arch/x86/Kconfig).
    let mut mask = [0_u64; 128];
    // SAFETY: `mask` is ours to be filled, and the length is its own.
    let result =
        unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, size_of_val(&mask), mask.as_mut_ptr()) };
    if result < 0 {
        return Err(last_errno());
    }
    let mut left = cpus;
    for word in &mut mask {
        for bit in 0..64 {
            if *word >> bit & 1 == 1 {
                if left == 0 {
                    *word &= !(1 << bit);
                } else {
                    left -= 1;
                }
            }
        }
    }
    if left > 0 {
        return Err(libc::EINVAL);
    }
    // SAFETY: `mask` outlives the call, which only reads it; the length is its own.
    let result = unsafe { libc::syscall(libc::SYS_sched_setaffinity, 0, size_of_val(&mask), mask.as_ptr()) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Gives this thread, and what it becomes, mounts of its own: what is mounted there is seen nowhere else.
///
/// # Errors
/// The error number: `EPERM` without CAP_SYS_ADMIN.
pub(crate) fn own_mounts() -> Result<(), i32> {
    // SAFETY: it takes a number, and changes nothing but what this process sees.
    let result = unsafe { libc::unshare(libc::CLONE_NEWNS) };
    if result < 0 {
        return Err(last_errno());
    }
    let flags = libc::MS_REC | libc::MS_PRIVATE;
    // SAFETY: the path is a zero-terminated constant; the kernel ignores the null pointers for this kind of change
    // (mount(2), "Changing the propagation type of an existing mount").
    let result =
        unsafe { libc::mount(std::ptr::null(), c"/".as_ptr(), std::ptr::null(), flags, std::ptr::null()) };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

/// Lets a path be another file. Only after [`own_mounts`].
///
/// # Errors
/// The error number.
pub(crate) fn mount_over(file: &CStr, path: &CStr) -> Result<(), i32> {
    // SAFETY: both are zero-terminated strings that outlive the call; a bind mount ignores the null pointers (mount(2)).
    let result = unsafe {
        libc::mount(file.as_ptr(), path.as_ptr(), std::ptr::null(), libc::MS_BIND, std::ptr::null())
    };
    if result < 0 { Err(last_errno()) } else { Ok(()) }
}

unsafe extern "C" {
    /// environ(7).
    static environ: *const *const libc::c_char;
}

/// Undoes what Rust's start-up did to SIGPIPE, so that the target finds it as `go` and the shell left it.
pub(crate) fn default_sigpipe() {
    // SAFETY: SIG_DFL is no handler; setting it runs no code of ours.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
}

/// Lets another thread of this process run.
pub(crate) fn yield_now() {
    // SAFETY: sched_yield(2) takes nothing.
    unsafe { libc::sched_yield() };
}

/// Ends this process at once, all threads with it, without running anything of ours.
pub(crate) fn exit_now(code: u8) -> ! {
    // SAFETY: _exit(2) takes a number and does not return.
    unsafe { libc::_exit(code.into()) }
}

/// Makes this process the one that orphans of its descendants become children of (prctl(2), since Linux 3.4).
pub(crate) fn become_subreaper() {
    // SAFETY: this prctl(2) takes no pointers. It fails on no kernel that has seccomp notifications.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
}

/// The signals that a thread keeps from being delivered.
#[derive(Clone, Copy)]
pub(crate) struct SignalMask(libc::sigset_t);

/// Keeps all signals that can be kept from ending this process, and gives a descriptor that is readable while a child's
/// end is to be collected, and the mask that was there before.
///
/// # Errors
/// Whatever signalfd(2) says.
pub(crate) fn block_signals() -> io::Result<(OwnedFd, SignalMask)> {
    // SAFETY: all bytes zero is a valid sigset_t to fill.
    let mut all: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: `all` is ours.
    unsafe { libc::sigfillset(&raw mut all) };
    // SAFETY: all bytes zero is a valid sigset_t to fill.
    let mut before: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: `all` is initialised, and `before` is ours to be filled.
    unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const all, &raw mut before) };
    // SAFETY: all bytes zero is a valid sigset_t to fill.
    let mut children: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: `children` is ours.
    unsafe { libc::sigemptyset(&raw mut children) };
    // SAFETY: `children` is initialised and SIGCHLD is a signal.
    unsafe { libc::sigaddset(&raw mut children, libc::SIGCHLD) };
    // SAFETY: `children` outlives the call.
    let raw = unsafe { libc::signalfd(-1, &raw const children, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was just opened and nobody else knows it.
    Ok((unsafe { OwnedFd::from_raw_fd(raw) }, SignalMask(before)))
}

/// Makes the command start by fork and exec, with this signal mask, or with ours.
///
/// # Kernel
/// std starts commands by posix_spawn(3) where it can, and glibc's leaves its two internal signals (32 and 33) ignored in
/// what it starts (`__spawni_child` in `sysdeps/unix/sysv/linux/spawni.c`, glibc 2.36); and since Rust 1.66 a command
/// inherits the mask. Both would show in the target.
pub(crate) fn fork_with(command: &mut Command, mask: Option<SignalMask>) {
    let set = move || {
        if let Some(mask) = mask {
            // SAFETY: the mask was filled by sigprocmask(2), and the old one is not asked for.
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const mask.0, std::ptr::null_mut()) };
        }
        Ok(())
    };
    // JUSTIFICATION: std has no other way to say with which mask a command starts.
    // SAFETY: between fork and exec the closure makes at most one system call, and touches nothing but its own copy of
    // the mask.
    unsafe { command.pre_exec(set) };
}

/// Waits for the end of a process, whoever started it.
///
/// # Kernel
/// pidfd_open(2), Linux 5.3: the descriptor is readable once the process has ended.
///
/// # Errors
/// `ESRCH` where there is no such process.
pub(crate) fn await_end(process: i32) -> io::Result<()> {
    // SAFETY: two numbers, no pointers.
    let raw = unsafe { libc::syscall(libc::SYS_pidfd_open, process, 0) };
    let raw = i32::try_from(raw).ok().filter(|raw| *raw >= 0).ok_or_else(io::Error::last_os_error)?;
    // SAFETY: the descriptor was just opened and nobody else knows it.
    let descriptor = unsafe { OwnedFd::from_raw_fd(raw) };
    let mut entry = libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: `entry` is one element and outlives the call. A signal that we survive is none to end for.
    while unsafe { libc::poll(&raw mut entry, 1, -1) } < 0 {}
    Ok(())
}

/// Forgets the signals that made this descriptor readable.
pub(crate) fn drain(signals: BorrowedFd<'_>) {
    let mut buffer = [0_u8; 1024];
    loop {
        // SAFETY: pointer and length are those of one live, exclusively borrowed array.
        let got = unsafe { libc::read(signals.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if got <= 0 {
            return;
        }
    }
}

/// Collects one child that has ended: its process id and what wait(2) said of it.
pub(crate) fn reap() -> Option<(i32, i32)> {
    let mut status = 0;
    // SAFETY: `status` is ours.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG | libc::__WALL) };
    (pid > 0).then_some((pid, status))
}

/// Sends a signal to a process; one that is gone already is none of our business.
pub(crate) fn kill(pid: i32, signal: i32) {
    // SAFETY: kill(2) takes two numbers.
    unsafe { libc::kill(pid, signal) };
}

/// Waits until one of two descriptors is readable (or closed), and tells which.
pub(crate) fn wait_for_either(a: BorrowedFd<'_>, b: BorrowedFd<'_>, timeout_ms: i32) -> (bool, bool) {
    let entry = |fd: BorrowedFd<'_>| libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let mut entries = [entry(a), entry(b)];
    // SAFETY: `entries` has two elements and outlives the call.
    unsafe { libc::poll(entries.as_mut_ptr(), 2, timeout_ms) };
    (entries[0].revents != 0, entries[1].revents != 0)
}

/// Puts one descriptor in the place of standard input, output and error.
pub(crate) fn replace_standard_streams(by: BorrowedFd<'_>) {
    for stream in 0..3 {
        // SAFETY: dup2(2) takes two numbers; the three streams belong to the process, and nothing of ours writes to
        // them any more.
        unsafe { libc::dup2(by.as_raw_fd(), stream) };
    }
}

/// One page that userfaultfd(2) holds back: who touches it sleeps until it is released.
pub(crate) struct HeldPage {
    faults: OwnedFd,
    page: usize,
}

/// The ioctls of `include/uapi/linux/userfaultfd.h`, which the libc crate lacks, and the structures they take.
mod uffd {
    pub(super) const USER_MODE_ONLY: libc::c_int = 1;
    pub(super) const API_VERSION: u64 = 0xaa;
    pub(super) const MODE_MISSING: u64 = 1;
    /// `_IOWR(0xaa, 0x3f, struct uffdio_api)`: api, features, ioctls.
    pub(super) const API: u64 = 0xc018_aa3f;
    /// `_IOWR(0xaa, 0x00, struct uffdio_register)`: start, length, mode, ioctls.
    pub(super) const REGISTER: u64 = 0xc020_aa00;
    /// `_IOWR(0xaa, 0x04, struct uffdio_zeropage)`: start, length, mode, result.
    pub(super) const ZEROPAGE: u64 = 0xc020_aa04;
    /// The largest page of any kernel that we run on; a whole number of smaller ones.
    pub(super) const PAGE: usize = 64 << 10;
}

impl HeldPage {
    /// Holds back a page; nothing where the kernel refuses.
    ///
    /// # Kernel
    /// userfaultfd(2): since Linux 5.11 anybody may hold back faults of user mode, which ours are.
    pub(crate) fn new() -> Option<HeldPage> {
        // SAFETY: userfaultfd(2) takes flags and nothing else.
        let raw = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | uffd::USER_MODE_ONLY) };
        let raw = i32::try_from(raw).ok().filter(|raw| *raw >= 0)?;
        // SAFETY: the descriptor was just opened and nobody else knows it.
        let faults = unsafe { OwnedFd::from_raw_fd(raw) };
        let mut api = [uffd::API_VERSION, 0, 0];
        // SAFETY: `api` is as large as the structure, 24 bytes, and outlives the call.
        if unsafe { libc::ioctl(raw, uffd::API as _, api.as_mut_ptr()) } < 0 {
            return None;
        }
        let (access, kind) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS);
        // SAFETY: a new mapping at an address of the kernel's choice; nothing existing is touched.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), uffd::PAGE, access, kind, -1, 0) };
        if address == libc::MAP_FAILED {
            return None;
        }
        let mut register = [address as u64, uffd::PAGE as u64, uffd::MODE_MISSING, 0];
        // SAFETY: `register` is as large as the structure, 32 bytes, and names the mapping just made.
        if unsafe { libc::ioctl(raw, uffd::REGISTER as _, register.as_mut_ptr()) } < 0 {
            return None;
        }
        Some(HeldPage { faults, page: address as usize })
    }

    /// Touches the page, and sleeps until it is released.
    pub(crate) fn touch(&self) {
        // SAFETY: the page is mapped, readable, and never unmapped: it goes with the process, or by execve.
        unsafe { std::ptr::read_volatile(self.page as *const u8) };
    }

    /// Waits until somebody touches the page.
    pub(crate) fn await_touch(&self) {
        // A struct uffd_msg has 32 bytes; what it says is known.
        let mut message = [0_u8; 32];
        // SAFETY: pointer and length are those of one live, exclusively borrowed array.
        unsafe { libc::read(self.faults.as_raw_fd(), message.as_mut_ptr().cast(), message.len()) };
    }

    /// Puts the page there; who sleeps goes on.
    pub(crate) fn release(&self) {
        let mut zero = [self.page as u64, uffd::PAGE as u64, 0, 0];
        // SAFETY: `zero` is as large as the structure, 32 bytes, and names the registered mapping.
        unsafe { libc::ioctl(self.faults.as_raw_fd(), uffd::ZEROPAGE as _, zero.as_mut_ptr()) };
    }
}
