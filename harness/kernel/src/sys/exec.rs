//! Trying execve(2) without running anything.

use super::SysError;
use super::ptrace::await_status_of;
use model::Tid;
use std::ffi::{CStr, CString};
use std::ptr;

/// The exit code of the child where it may not be traced; no errno of execve(2) is so high.
const UNTRACEABLE: i32 = 254;
/// Its exit code where the stack limit cannot be set.
const UNLIMITED: i32 = 253;

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The program was there, ready for its first instruction, and was ended.
    Started,
    /// execve(2) failed with this number.
    Failed(i32),
    /// The kernel ended the process when it was too late for an error.
    Killed,
    /// The child may not be traced.
    Untraceable,
    /// The stack limit cannot be set.
    NoLimit,
}

/// Starts a program by execve(2) in a child with this soft stack limit, and ends it before its first instruction.
///
/// # Errors
/// Whatever fork(2) and waitpid(2) say.
///
/// # Kernel
/// ptrace(2): a traced thread stops (SIGTRAP) when execve(2) has succeeded, before it runs anything of the new program.
pub(crate) fn attempt(
    path: &CStr,
    arguments: &[CString],
    variables: &[CString],
    stack: libc::rlim_t,
) -> Result<Tried, SysError> {
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
    };
    let (argv, envp) = (pointers(arguments), pointers(variables));
    // SAFETY: all bytes zero is a valid rlimit.
    let mut limit: libc::rlimit = unsafe { std::mem::zeroed() };
    // SAFETY: `limit` is ours to be filled.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return Err(SysError::last());
    }
    limit.rlim_cur = stack;
    // JUSTIFICATION: std's Command neither keeps the order and the duplicates of an environment nor tells its limits apart.
    // SAFETY: the child makes only the calls below, which signal-safety(7) allows in a copy of a process with threads; they
    // allocate nothing.
    let child = match unsafe { libc::fork() } {
        0 => {
            // SAFETY: this ptrace(2) request takes no pointers.
            let traced = unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) };
            // SAFETY: `limit` is the child's copy of ours.
            let limited = unsafe { libc::setrlimit(libc::RLIMIT_STACK, &raw const limit) };
            let code = if traced != 0 {
                UNTRACEABLE
            } else if limited != 0 {
                UNLIMITED
            } else {
                // SAFETY: both lists end with null, and their strings with zero; all live in the child's copy.
                unsafe { libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr()) };
                SysError::last().0
            };
            // SAFETY: ends the child without running anything of the parent's.
            unsafe { libc::_exit(code) }
        }
        child if child > 0 => Tid(child),
        _ => return Err(SysError::last()),
    };
    let status = await_status_of(child)?;
    if libc::WIFSTOPPED(status) {
        // SAFETY: numbers only; the child is ours and not collected, so its number means no other.
        unsafe { libc::kill(child.0, libc::SIGKILL) };
        while libc::WIFSTOPPED(await_status_of(child)?) {}
        return Ok(Tried::Started);
    }
    if libc::WIFSIGNALED(status) {
        return Ok(Tried::Killed);
    }
    Ok(match libc::WEXITSTATUS(status) {
        UNTRACEABLE => Tried::Untraceable,
        UNLIMITED => Tried::NoLimit,
        errno => Tried::Failed(errno),
    })
}

/// The soft and the hard limit of this process's stack; none where there is no limit.
pub(crate) fn stack_limits() -> Result<(Option<u64>, Option<u64>), SysError> {
    // SAFETY: all bytes zero is a valid rlimit.
    let mut limit: libc::rlimit = unsafe { std::mem::zeroed() };
    // SAFETY: `limit` is ours to be filled.
    if unsafe { libc::getrlimit(libc::RLIMIT_STACK, &raw mut limit) } != 0 {
        return Err(SysError::last());
    }
    let finite = |bytes| (bytes != libc::RLIM_INFINITY).then_some(bytes);
    Ok((finite(limit.rlim_cur), finite(limit.rlim_max)))
}

/// Bytes of a page.
pub(crate) fn page_bytes() -> u64 {
    // SAFETY: sysconf(3) takes a number.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).expect("every machine has pages")
}
