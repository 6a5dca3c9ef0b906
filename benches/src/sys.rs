//! The few kernel operations that are measured or measured with. All of this crate's unsafe code.
#![expect(unsafe_code, reason = "this is the crate's one place for it")]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, `include/uapi/linux/seccomp.h`, since Linux 6.6. The libc crate lacks it.
const SYNC_WAKE_UP: u64 = 1;

/// A system call that does little or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trivial {
    /// getppid(2): the call that most filters and tracers here are after.
    Getppid,
    /// getpgrp(2): the same work, and nobody is after it.
    Getpgrp,
    /// openat(2) of `/dev/null` with `O_PATH` alone, which nobody else here does; closed again where it succeeds.
    Openat,
    /// getrandom(2) of no bytes, into a buffer that only a tracer writes to.
    Getrandom,
}

impl Trivial {
    /// All of them.
    pub const ALL: [Trivial; 4] = [Trivial::Getppid, Trivial::Getpgrp, Trivial::Openat, Trivial::Getrandom];

    /// The system call's name.
    pub fn name(self) -> &'static str {
        match self {
            Trivial::Getppid => "getppid",
            Trivial::Getpgrp => "getpgrp",
            Trivial::Openat => "openat",
            Trivial::Getrandom => "getrandom",
        }
    }
}

/// Makes the call; says whether a fault shows: it failed, or its buffer was written to. By itself it never does either.
pub fn fails(call: Trivial) -> bool {
    match call {
        // SAFETY: this call takes no arguments and touches no memory.
        Trivial::Getppid => unsafe { libc::syscall(libc::SYS_getppid) < 0 },
        // SAFETY: likewise.
        Trivial::Getpgrp => unsafe { libc::syscall(libc::SYS_getpgrp) < 0 },
        Trivial::Openat => {
            let path = c"/dev/null".as_ptr();
            // SAFETY: the path is static and ends in a zero byte.
            let result = unsafe { libc::syscall(libc::SYS_openat, libc::AT_FDCWD, path, libc::O_PATH) };
            match i32::try_from(result) {
                Ok(raw) if raw >= 0 => {
                    // SAFETY: the kernel just opened it for us.
                    drop(unsafe { OwnedFd::from_raw_fd(raw) });
                    false
                }
                _ => true,
            }
        }
        Trivial::Getrandom => {
            let mut byte = 0_u8;
            // SAFETY: the kernel writes no bytes, and a tracer that pokes at the buffer one at most.
            let result = unsafe { libc::syscall(libc::SYS_getrandom, &raw mut byte, 0_usize, 0_u32) };
            result < 0 || byte != 0
        }
    }
}

/// The smallest filters that do something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BareFilter {
    /// Every call is allowed: one instruction.
    Allowing,
    /// getppid(2) fails with `EPERM`, all else is allowed: four instructions.
    Refusing,
}

/// Puts a filter on this thread.
///
/// # Errors
/// Whatever prctl(2) and seccomp(2) say.
pub fn put_on(filter: BareFilter) -> io::Result<()> {
    // SAFETY: this prctl(2) takes no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // include/uapi/linux/bpf_common.h: BPF_LD | BPF_W | BPF_ABS, BPF_JMP | BPF_JEQ | BPF_K, and BPF_RET | BPF_K.
    let load_number = libc::sock_filter { code: 0x20, jt: 0, jf: 0, k: 0 };
    #[expect(clippy::cast_possible_truncation, reason = "numbers of calls are small")]
    let unless_getppid = libc::sock_filter { code: 0x15, jt: 0, jf: 1, k: libc::SYS_getppid as u32 };
    let give = |k| libc::sock_filter { code: 0x06, jt: 0, jf: 0, k };
    let allow = give(libc::SECCOMP_RET_ALLOW);
    let refuse = give(libc::SECCOMP_RET_ERRNO | libc::EPERM.unsigned_abs());
    let mut instructions = match filter {
        BareFilter::Allowing => vec![allow],
        BareFilter::Refusing => vec![load_number, unless_getppid, refuse, allow],
    };
    let len = instructions.len().try_into().expect("these filters are short");
    let program = libc::sock_fprog { len, filter: instructions.as_mut_ptr() };
    // SAFETY: `program` names as many instructions as there are; they outlive the call, and the kernel only reads them.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const program) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Asks for the wake-up that duress asks for, where the kernel has it.
pub fn set_sync_wake_up(listener: BorrowedFd<'_>) {
    // SAFETY: this ioctl takes the flags by value.
    unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
}

/// Waits for the next notification and gives its id; nothing once the last tracee is gone, or where this call vanished.
///
/// # Errors
/// Whatever the ioctl says beyond that.
pub fn receive(listener: BorrowedFd<'_>) -> io::Result<Option<u64>> {
    // SAFETY: all bytes zero is a valid seccomp_notif, and seccomp_unotify(2) wants it zeroed.
    let mut notification: libc::seccomp_notif = unsafe { mem::zeroed() };
    // SAFETY: `notification` is the structure that this ioctl fills, of the size that kernels have had since 5.0.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut notification) };
    if result == 0 {
        return Ok(Some(notification.id));
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENOENT) { Ok(None) } else { Err(error) }
}

/// How the bare loop answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// The call fails with `EPERM`.
    Refuse,
    /// The call is executed: `CONTINUE`.
    Pass,
}

/// Answers a notification. One whose call is gone by now is answered as well as any.
///
/// # Errors
/// Whatever the ioctl says beyond that.
pub fn answer(listener: BorrowedFd<'_>, id: u64, reply: Reply) -> io::Result<()> {
    #[expect(clippy::cast_possible_truncation, reason = "the flag is 1")]
    let (error, flags) = match reply {
        Reply::Refuse => (-libc::EPERM, 0),
        Reply::Pass => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
    };
    let response = libc::seccomp_notif_resp { id, val: 0, error, flags };
    // SAFETY: `response` outlives the call, which only reads it.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw const response) };
    if result == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    if error.raw_os_error() == Some(libc::ENOENT) { Ok(()) } else { Err(error) }
}

/// A descriptor of a child; readable once it has ended.
///
/// # Errors
/// Whatever `pidfd_open(2)` says.
pub fn open_process(pid: i32) -> io::Result<OwnedFd> {
    // JUSTIFICATION: neither std (stable) nor nix wraps pidfd_open(2).
    // SAFETY: two numbers, no pointers.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    match i32::try_from(result) {
        // SAFETY: the kernel just opened it for us, close-on-exec.
        Ok(raw) if raw >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Collects a child: how it ended, and the largest resident set in KiB of itself, its own collected children, and
/// whatever shared its memory before it became what it is: an upper bound.
///
/// # Kernel
/// `wait_task_zombie` in `kernel/exit.c` fills in `RUSAGE_BOTH`; `exec_mmap` in `fs/exec.c` keeps the peak of the memory
/// that the child shared with its parent before `execve`.
///
/// # Errors
/// Whatever wait4(2) says.
pub fn collect(pid: i32) -> io::Result<(ExitStatus, u64)> {
    let mut status = 0;
    // SAFETY: all bytes zero is a valid rusage to fill.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: `status` and `usage` are ours and outlive the call.
    let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((ExitStatus::from_raw(status), u64::try_from(usage.ru_maxrss).unwrap_or(0)))
}

/// Ends a process at once; one that is gone already is fine.
pub fn kill(process: BorrowedFd<'_>) {
    // SAFETY: numbers and a null pointer, which means: as kill(2) would fill it in.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            libc::SIGKILL,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
}
