//! seccomp(2) and the ioctls of its listener, seccomp_unotify(2).

use super::SysError;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Wake the supervisor on the tracee's CPU, without a reschedule in between.
///
/// # Kernel
/// `SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP`, `include/uapi/linux/seccomp.h`, since Linux 6.6. The libc crate lacks it.
const SYNC_WAKE_UP: u64 = 1;

/// What one notification says, in our own layout-checked copy of `struct seccomp_notif`.
pub(crate) type RawNotification = libc::seccomp_notif;
/// What we answer.
pub(crate) type RawResponse = libc::seccomp_notif_resp;

// The sizes of Linux 5.0, when notifications came. A kernel with larger structures is met by `Buffer`.
const _: () = assert!(mem::size_of::<RawNotification>() == 80);
const _: () = assert!(mem::size_of::<RawResponse>() == 24);

/// The sizes of a notification and a response, in bytes, on this kernel.
///
/// # Errors
/// `ENOSYS` before Linux 3.17, `EINVAL` before 5.0.
pub(crate) fn notification_sizes() -> Result<(usize, usize), SysError> {
    let mut sizes = libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    // JUSTIFICATION: neither libc nor nix wraps seccomp(2).
    // SAFETY: `sizes` is the structure that this operation fills, and outlives the call.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) };
    if result < 0 {
        return Err(SysError::last());
    }
    Ok((sizes.seccomp_notif.into(), sizes.seccomp_notif_resp.into()))
}

/// Whether the kernel knows these `SECCOMP_FILTER_FLAG_*`, without putting on a filter.
///
/// # Kernel
/// seccomp(2): unknown flags end in `EINVAL` before the filter is looked at, known ones reach the null pointer and end in
/// `EFAULT`.
pub(crate) fn knows_flags(flags: libc::c_ulong) -> bool {
    // SAFETY: the null pointer is the point: the kernel answers EFAULT and puts on nothing.
    let result = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            std::ptr::null::<libc::sock_fprog>(),
        )
    };
    result < 0 && SysError::last() == SysError(libc::EFAULT)
}

/// Gives up the chance of new privileges, for the calling thread.
///
/// # Errors
/// None known; `EINVAL` before Linux 3.5.
pub(crate) fn no_new_privs() -> Result<(), SysError> {
    // SAFETY: this prctl(2) takes no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) } < 0 {
        Err(SysError::last())
    } else {
        Ok(())
    }
}

/// Puts a filter on the calling thread and gives its listener. For threads that end soon: it cannot be taken off.
///
/// # Errors
/// `EBUSY` where a listener is there already, `EACCES` without privilege or [`no_new_privs`], `EINVAL` for unknown flags.
pub(crate) fn install(flags: libc::c_ulong, program: &[libc::sock_filter]) -> Result<OwnedFd, SysError> {
    let Ok(len) = libc::c_ushort::try_from(program.len()) else { return Err(SysError(libc::EINVAL)) };
    let fprog = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: `fprog` names the live slice `program`; the kernel only reads both.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const fprog) };
    match i32::try_from(result) {
        // SAFETY: with NEW_LISTENER the result is a descriptor that nobody else knows yet.
        Ok(raw) if raw >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(raw) }),
        _ => Err(SysError::last()),
    }
}

/// Puts a filter without a listener on the calling thread, for good.
///
/// # Errors
/// As of [`install`].
#[cfg(test)]
pub(crate) fn put_on(program: &[libc::sock_filter]) -> Result<(), SysError> {
    let Ok(len) = libc::c_ushort::try_from(program.len()) else { return Err(SysError(libc::EINVAL)) };
    let fprog = libc::sock_fprog { len, filter: program.as_ptr().cast_mut() };
    // SAFETY: `fprog` names the live slice `program`; the kernel only reads both.
    let result =
        unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, 0, &raw const fprog) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// getppid(2) with argument registers of our choice, which it ignores and filters see.
///
/// # Errors
/// What a filter says.
#[cfg(test)]
pub(crate) fn getppid(args: &[u64; 6]) -> Result<i64, SysError> {
    // SAFETY: the call takes no arguments.
    let result =
        unsafe { libc::syscall(libc::SYS_getppid, args[0], args[1], args[2], args[3], args[4], args[5]) };
    if result < 0 { Err(SysError::last()) } else { Ok(result) }
}

/// Asks for [`SYNC_WAKE_UP`] on a listener; tells whether the kernel has it.
pub(crate) fn set_sync_wake_up(listener: BorrowedFd<'_>) -> bool {
    // SAFETY: this ioctl takes the flags by value.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) };
    result == 0
}

/// Room for one notification of whatever size this kernel has.
#[derive(Debug)]
pub(crate) struct Buffer(Vec<u64>);

impl Buffer {
    /// Room for `bytes`, and never less than we know of.
    pub(crate) fn for_size(bytes: usize) -> Buffer {
        Buffer(vec![0; bytes.max(mem::size_of::<RawNotification>()).div_ceil(8)])
    }

    /// Receives the next notification; waits for one if none is there.
    ///
    /// # Errors
    /// `ENOENT` where the tracee vanished in between or the last one is gone, `EINTR` on a signal.
    pub(crate) fn receive(&mut self, listener: BorrowedFd<'_>) -> Result<RawNotification, SysError> {
        // seccomp_unotify(2): the buffer must be zeroed, else EINVAL.
        self.0.fill(0);
        // SAFETY: the buffer is at least as large as the kernel's structure and exclusively ours.
        let result =
            unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, self.0.as_mut_ptr()) };
        if result < 0 {
            return Err(SysError::last());
        }
        // SAFETY: the buffer holds at least a RawNotification, is aligned for it (u64), and any bytes are a valid one.
        Ok(unsafe { self.0.as_ptr().cast::<RawNotification>().read() })
    }
}

/// Answers a notification.
///
/// # Errors
/// `ENOENT` where the call is gone, `EINPROGRESS` where it was answered before.
pub(crate) fn send(listener: BorrowedFd<'_>, response: &RawResponse) -> Result<(), SysError> {
    // A kernel with a larger response reads its own size; none exists yet, and `Notify::new` refuses one.
    // SAFETY: `response` outlives the call, which only reads it.
    let result = unsafe {
        libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, std::ptr::from_ref(response))
    };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Whether a notified call still waits: its thread has neither died nor been interrupted.
///
/// # Kernel
/// The ioctl's number was another before Linux 5.9 (`SECCOMP_IOCTL_NOTIF_ID_VALID_WRONG_DIR`); there nothing is known, which
/// is no "no".
pub(crate) fn waits(listener: BorrowedFd<'_>, id: u64) -> bool {
    // SAFETY: the ioctl reads `id`, which outlives the call.
    let result =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) };
    result == 0 || SysError::last() != SysError(libc::ENOENT)
}

/// Opens a file of ours in the tracee, and answers the call with its number there if `is_answer`; gives that number.
///
/// # Errors
/// `EINVAL` where this kernel cannot do that (it can since Linux 5.9, and answer too since 5.14), `ENOENT` where the call is
/// gone, `EMFILE` where the tracee has no number free.
pub(crate) fn add_descriptor(
    listener: BorrowedFd<'_>,
    id: u64,
    file: BorrowedFd<'_>,
    is_cloexec: bool,
    is_answer: bool,
) -> Result<i32, SysError> {
    let request = libc::seccomp_notif_addfd {
        id,
        flags: if is_answer { ADDFD_SEND } else { 0 },
        srcfd: file.as_raw_fd().cast_unsigned(),
        newfd: 0,
        newfd_flags: if is_cloexec { libc::O_CLOEXEC.cast_unsigned() } else { 0 },
    };
    // SAFETY: the ioctl reads `request`, whose size its number carries, and which outlives the call.
    let number =
        unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ADDFD, &raw const request) };
    if number < 0 { Err(SysError::last()) } else { Ok(number) }
}

/// `SECCOMP_ADDFD_FLAG_SEND` in the type of the field it goes into.
#[expect(clippy::cast_possible_truncation, reason = "the flag is 2")]
const ADDFD_SEND: u32 = libc::SECCOMP_ADDFD_FLAG_SEND as u32;

/// Catches a signal without restarting the call that it interrupts; for tests of interrupted calls.
#[cfg(test)]
pub(crate) fn catch_signal(signal: libc::c_int) {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: all bytes zero is a valid sigaction: no flags (so no SA_RESTART), an empty mask.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    action.sa_sigaction = nothing as extern "C" fn(libc::c_int) as usize;
    // SAFETY: `action` is initialised, its handler does nothing, and the old one is not asked for.
    unsafe { libc::sigaction(signal, &raw const action, std::ptr::null_mut()) };
}
