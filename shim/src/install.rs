//! Putting on the filter, by the thread that will become the target.

use crate::sys;
use crate::wire::Step;
use std::os::fd::RawFd;

/// Puts the filter on this thread and gives its listener, if the flags ask for one.
///
/// # Kernel
/// seccomp(2): a filter may be put on with `CAP_SYS_ADMIN`, or by a thread that gave up new privileges. The first is
/// tried first, because the second shows: set-user-id programs that a test starts would stay unprivileged.
pub(crate) fn put_on(flags: u32, instructions: &[u8]) -> Result<Option<RawFd>, (Step, i32)> {
    match sys::install_filter(flags, instructions) {
        Err(libc::EACCES) => {
            sys::no_new_privs().map_err(|errno| (Step::NoNewPrivs, errno))?;
            sys::install_filter(flags, instructions)
        }
        other => other,
    }
    .map_err(|errno| (Step::InstallFilter, errno))
}
