//! Descriptors of other processes, and a table of our own that is nobody else's.

use super::SysError;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A second descriptor of what another process has open under this number.
///
/// # Errors
/// `EBADF` where it has nothing open there, `ESRCH` where it is gone, `EPERM` where we may not trace it, `ENOSYS` before
/// Linux 5.6.
pub(crate) fn take(process: BorrowedFd<'_>, number: RawFd) -> Result<OwnedFd, SysError> {
    // JUSTIFICATION: neither std nor nix wraps pidfd_getfd(2).
    // SAFETY: three numbers, no pointers.
    let result = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.as_raw_fd(), number, 0) };
    match i32::try_from(result) {
        // SAFETY: the kernel just opened it for us, close-on-exec.
        Ok(raw) if raw >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        _ => Err(SysError::last()),
    }
}

/// Gives the calling thread a descriptor table of its own, with all that is open now.
///
/// For threads that end soon and then close it all: numbers that others own must not be closed for them, and are not.
///
/// # Errors
/// `ENOMEM`.
pub(crate) fn leave_table() -> Result<(), SysError> {
    // SAFETY: a flag, no pointers; CLONE_FILES affects this thread alone.
    if unsafe { libc::unshare(libc::CLONE_FILES) } < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Puts a second descriptor at this number or at the next free one above it, for a table that [`leave_table`] made: there it
/// is closed with the table.
///
/// # Errors
/// `EINVAL` where the number is beyond the limit, `EMFILE` where none is free.
pub(crate) fn put_above(file: RawFd, number: RawFd) -> Result<RawFd, SysError> {
    // SAFETY: numbers only; one that is not open is an error.
    let raw = unsafe { libc::fcntl(file, libc::F_DUPFD_CLOEXEC, number) };
    if raw < 0 { Err(SysError::last()) } else { Ok(raw) }
}

/// Puts a second descriptor at exactly this number, for a table that [`leave_table`] made: what was there is closed in that
/// table alone, and nobody of this thread may own it.
///
/// # Errors
/// `EBADF` where the number is beyond the limit.
pub(crate) fn put_at(file: RawFd, number: RawFd) -> Result<(), SysError> {
    if file == number {
        return Ok(());
    }
    // SAFETY: numbers only; the caller says that the table is the thread's own.
    if unsafe { libc::dup3(file, number, libc::O_CLOEXEC) } < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Watches anew what an epoll set watches already, so that it reports at once what is ready.
///
/// # Errors
/// `ENOENT` where the set does not watch this file by this number, `EINVAL` where the watch is exclusive.
pub(crate) fn watch_again(set: RawFd, number: RawFd, events: u32, data: u64) -> Result<(), SysError> {
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: the kernel reads `event`, which outlives the call.
    let result = unsafe { libc::epoll_ctl(set, libc::EPOLL_CTL_MOD, number, &raw mut event) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}
