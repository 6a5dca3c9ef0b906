//! ptrace(2) and wait4(2): stopping threads of other processes, and letting them go.
//!
//! JUSTIFICATION: nix knows no real-time signals, loses the status of a thread that stopped for one, and cannot give a
//! signal other properties than it has.

use super::SysError;
use model::{Signal, Tid};
use std::mem;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;

/// Every register of a stopped thread.
pub(crate) type RawRegisters = libc::user_regs_struct;

/// What is known of a signal that is being delivered: the 128 bytes of a `siginfo_t`.
pub(crate) type RawSiginfo = [u64; 16];
const _: () = assert!(mem::size_of::<RawSiginfo>() == mem::size_of::<libc::siginfo_t>());

/// How far a thread runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// To whatever its options make it stop for.
    Event,
    /// To the entry of its next call, or to the return of the one that it is in.
    Syscall,
}

/// Where in a call a thread is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Before it, on this `AUDIT_ARCH_*`.
    Entry(u32),
    /// Behind it.
    Exit,
}

/// A request whose arguments are numbers.
fn request(request: libc::c_uint, tid: Tid, address: usize, data: usize) -> Result<(), SysError> {
    // SAFETY: the callers' requests take numbers, which the kernel looks at only as such.
    let result = unsafe { libc::ptrace(request, tid.0, address, data) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Begins to trace a thread, which notices nothing.
///
/// # Errors
/// `ESRCH` where it is gone, `EPERM` where tracing it is forbidden, or somebody traces it already.
pub(crate) fn seize(tid: Tid, options: i32) -> Result<(), SysError> {
    request(libc::PTRACE_SEIZE, tid, 0, usize::try_from(options).map_err(|_| SysError(libc::EINVAL))?)
}

/// Makes a running thread stop soon. Aborts the call that it sleeps in.
pub(crate) fn interrupt(tid: Tid) -> Result<(), SysError> {
    request(libc::PTRACE_INTERRUPT, tid, 0, 0)
}

/// Lets a stopped thread run, with this signal where it stopped for the delivery of one, or, as if the kernel sent it, where
/// it stopped behind a call (`ptrace_report_syscall` in `include/linux/ptrace.h`).
///
/// # Errors
/// `ESRCH` where it is not stopped any more: it died.
pub(crate) fn resume(tid: Tid, until: Until, signal: Option<Signal>) -> Result<(), SysError> {
    let how = match until {
        Until::Event => libc::PTRACE_CONT,
        Until::Syscall => libc::PTRACE_SYSCALL,
    };
    request(how, tid, 0, number(signal))
}

/// Leaves a thread in the stop of its whole process, awake only for what ends that.
pub(crate) fn listen(tid: Tid) -> Result<(), SysError> {
    request(libc::PTRACE_LISTEN, tid, 0, 0)
}

/// Ends the tracing of a stopped thread and lets it run.
pub(crate) fn detach(tid: Tid, signal: Option<Signal>) -> Result<(), SysError> {
    request(libc::PTRACE_DETACH, tid, 0, number(signal))
}

fn number(signal: Option<Signal>) -> usize {
    signal.map_or(0, |signal| usize::try_from(signal.raw()).expect("signals are from 1 to 64"))
}

/// A stopped thread's registers.
///
/// # Errors
/// `ESRCH` where it is not stopped any more: it died.
pub(crate) fn registers(tid: Tid) -> Result<RawRegisters, SysError> {
    // SAFETY: all bytes zero are valid registers.
    let mut registers: RawRegisters = unsafe { mem::zeroed() };
    // SAFETY: the kernel fills the structure, which is its own `user_regs_struct`, and the address is ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETREGS, tid.0, ptr::null_mut::<u8>(), &raw mut registers) };
    if result < 0 { Err(SysError::last()) } else { Ok(registers) }
}

/// Changes a stopped thread's registers.
///
/// # Errors
/// `ESRCH` as above; `EIO` for values that no user's registers may have.
pub(crate) fn set_registers(tid: Tid, registers: &RawRegisters) -> Result<(), SysError> {
    // SAFETY: the kernel only reads the structure, which is its own `user_regs_struct`, and the address is ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_SETREGS, tid.0, ptr::null_mut::<u8>(), ptr::from_ref(registers)) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// What belongs to the event that a thread stopped for: its new child, or what its id was before an exec.
pub(crate) fn event_message(tid: Tid) -> Result<u64, SysError> {
    let mut message: libc::c_ulong = 0;
    // SAFETY: the kernel writes one unsigned long, and the address is ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETEVENTMSG, tid.0, ptr::null_mut::<u8>(), &raw mut message) };
    if result < 0 { Err(SysError::last()) } else { Ok(message) }
}

/// What is known of the signal that a thread stopped for.
pub(crate) fn siginfo(tid: Tid) -> Result<RawSiginfo, SysError> {
    let mut info: RawSiginfo = [0; 16];
    // SAFETY: `info` is as large as a siginfo_t (asserted above), and the address is ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETSIGINFO, tid.0, ptr::null_mut::<u8>(), info.as_mut_ptr()) };
    if result < 0 { Err(SysError::last()) } else { Ok(info) }
}

/// Changes what is known of the signal that a thread stopped for.
pub(crate) fn set_siginfo(tid: Tid, info: &RawSiginfo) -> Result<(), SysError> {
    // SAFETY: `info` is as large as a siginfo_t (asserted above) and only read; the address is ignored.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_SETSIGINFO, tid.0, ptr::null_mut::<u8>(), info.as_ptr()) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Whether a stopped thread blocks a signal.
///
/// # Kernel
/// `PTRACE_GETSIGMASK`, since Linux 3.11: the address is the size of the kernel's own signal set, 8 bytes.
pub(crate) fn is_blocked(tid: Tid, signal: Signal) -> Result<bool, SysError> {
    let mut blocked = 0_u64;
    // SAFETY: the kernel writes 8 bytes, which `blocked` has.
    let result =
        unsafe { libc::ptrace(libc::PTRACE_GETSIGMASK, tid.0, mem::size_of_val(&blocked), &raw mut blocked) };
    if result < 0 { Err(SysError::last()) } else { Ok(blocked >> (signal.raw() - 1) & 1 == 1) }
}

/// Which side of a call a thread stopped at.
///
/// # Kernel
/// `PTRACE_GET_SYSCALL_INFO`, since Linux 5.3: `op` is the first byte, `arch` the second word.
pub(crate) fn side(tid: Tid) -> Result<Side, SysError> {
    let mut info = [0_u32; 22];
    let size = mem::size_of_val(&info);
    // SAFETY: the kernel writes at most `size` bytes of its structure to `info`, which has as many.
    let result = unsafe { libc::ptrace(PTRACE_GET_SYSCALL_INFO, tid.0, size, info.as_mut_ptr()) };
    match info[0].to_ne_bytes()[0] {
        _ if result < 0 => Err(SysError::last()),
        PTRACE_SYSCALL_INFO_ENTRY => Ok(Side::Entry(info[1])),
        _ => Ok(Side::Exit),
    }
}

/// `include/uapi/linux/ptrace.h`; the libc crate has them for some C libraries only.
const PTRACE_GET_SYSCALL_INFO: libc::c_uint = 0x420e;
const PTRACE_SYSCALL_INFO_ENTRY: u8 = 1;

/// The next thing that happened to a thread that this thread traces, or to a process that it started: whose, and the
/// status as wait(2) gives it.
///
/// # Kernel
/// wait(2): `__WNOTHREAD` leaves the children of our other threads to those.
pub(crate) fn next_status() -> Option<(Tid, i32)> {
    let mut status = 0;
    let flags = libc::__WALL | libc::__WNOTHREAD | libc::WNOHANG;
    // SAFETY: `status` is ours, and no usage is asked for.
    let tid = unsafe { libc::wait4(-1, &raw mut status, flags, ptr::null_mut()) };
    (tid > 0).then_some((Tid(tid), status))
}

/// Whether this thread traces that one, or started it; also where it has ended and was not yet waited for.
pub(crate) fn is_ours(tid: Tid) -> bool {
    let Ok(id) = libc::id_t::try_from(tid.0) else { return false };
    let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: all bytes zero is a valid siginfo_t.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    // SAFETY: `info` is ours to be filled.
    let result = unsafe { libc::waitid(libc::P_PID, id, &raw mut info, flags) };
    result == 0
}

/// Sends a signal to a thread that we trace, so that its id can mean no other.
pub(crate) fn send(tid: Tid, signal: Signal) -> Result<(), SysError> {
    // SAFETY: numbers only.
    let result = unsafe { libc::syscall(libc::SYS_tkill, tid.0, signal.raw()) };
    if result < 0 { Err(SysError::last()) } else { Ok(()) }
}

/// Starts a process that does nothing and ends when the writer is closed, at the latest with this process; to be collected.
///
/// # Errors
/// Whatever fork(2) says.
pub(crate) fn start_idle(lifeline: (OwnedFd, OwnedFd)) -> Result<(Tid, OwnedFd), SysError> {
    let (reader, writer) = lifeline;
    // SAFETY: the child makes only the three calls below, which signal-safety(7) allows in a copy of a process with
    // threads.
    match unsafe { libc::fork() } {
        0 => {
            // SAFETY: the child's own copy, which nothing of it uses any more; with it open there would be no end of file.
            unsafe { libc::close(writer.as_raw_fd()) };
            let mut byte = 0_u8;
            // SAFETY: one byte of ours is read into.
            unsafe { libc::read(reader.as_raw_fd(), (&raw mut byte).cast(), 1) };
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(0) }
        }
        child if child > 0 => Ok((Tid(child), writer)),
        _ => Err(SysError::last()),
    }
}

/// Waits for the next thing that happens to a process that this thread started or traces; its status as wait(2) gives it.
///
/// # Errors
/// `ECHILD` where it is neither, any more.
pub(crate) fn await_status_of(process: Tid) -> Result<i32, SysError> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is ours.
        if unsafe { libc::waitpid(process.0, &raw mut status, libc::__WALL) } == process.0 {
            return Ok(status);
        }
        if SysError::last() != SysError(libc::EINTR) {
            return Err(SysError::last());
        }
    }
}

/// Sleeps until [`next_status`] has something to give; false if it never will.
#[cfg(test)]
pub(crate) fn await_status() -> bool {
    let flags = libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT | libc::__WALL | libc::__WNOTHREAD;
    // SAFETY: all bytes zero is a valid siginfo_t.
    let mut info: libc::siginfo_t = unsafe { mem::zeroed() };
    loop {
        // SAFETY: `info` is ours to be filled.
        if unsafe { libc::waitid(libc::P_ALL, 0, &raw mut info, flags) } == 0 {
            return true;
        }
        if SysError::last() != SysError(libc::EINTR) {
            return false;
        }
    }
}
