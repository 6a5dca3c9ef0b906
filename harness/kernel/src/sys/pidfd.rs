//! Processes by descriptor: no signal of ours can hit a stranger that got the same number.

use super::SysError;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// A descriptor of this process; readable once it has ended.
///
/// # Errors
/// `ESRCH` where it is gone, `ENOSYS` before Linux 5.3.
pub(crate) fn open(pid: i32) -> Result<OwnedFd, SysError> {
    open_with(pid, 0)
}

/// A descriptor of this thread, whose descriptors can be taken by it.
///
/// # Errors
/// `ESRCH` where it is gone, `EINVAL` before Linux 6.9.
pub(crate) fn open_thread(tid: i32) -> Result<OwnedFd, SysError> {
    open_with(tid, libc::PIDFD_THREAD)
}

fn open_with(pid: i32, flags: libc::c_uint) -> Result<OwnedFd, SysError> {
    // JUSTIFICATION: neither std (stable) nor nix wraps pidfd_open(2).
    // SAFETY: two numbers, no pointers.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, flags) };
    match i32::try_from(result) {
        // SAFETY: the kernel just opened it for us, close-on-exec.
        Ok(raw) if raw >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        _ => Err(SysError::last()),
    }
}

/// Sends a signal; a process that has ended already is not an error.
pub(crate) fn signal(process: BorrowedFd<'_>, signal: i32) {
    // SAFETY: numbers and a null pointer, which means: as kill(2) would fill it in.
    unsafe {
        libc::syscall(
            libc::SYS_pidfd_send_signal,
            process.as_raw_fd(),
            signal,
            std::ptr::null::<libc::siginfo_t>(),
            0,
        )
    };
}

/// What wait(2) told the parent, once the process was collected; nothing before that, or before Linux 6.15.
pub(crate) fn wait_status(process: BorrowedFd<'_>) -> Option<i32> {
    // SAFETY: all bytes zero is a valid pidfd_info.
    let mut info: libc::pidfd_info = unsafe { mem::zeroed() };
    info.mask = libc::PIDFD_INFO_EXIT.into();
    // SAFETY: the ioctl's number carries the structure's size, and `info` has it.
    let result = unsafe { libc::ioctl(process.as_raw_fd(), libc::PIDFD_GET_INFO, &raw mut info) };
    (result == 0 && info.mask & u64::from(libc::PIDFD_INFO_EXIT) != 0).then_some(info.exit_code)
}
