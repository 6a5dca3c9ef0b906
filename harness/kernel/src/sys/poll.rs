//! ppoll(2) on descriptors by number.

use super::SysError;
use std::time::Duration;

/// Waits until one of these is ready, or so long; gives how many are.
///
/// JUSTIFICATION: nix's `PollFd` borrows its descriptor, so a list of them has to be built again for every wait.
///
/// # Errors
/// `EINTR` on a signal.
pub(crate) fn wait(entries: &mut [libc::pollfd], timeout: Option<Duration>) -> Result<usize, SysError> {
    let timeout = timeout.map(|timeout| libc::timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    let pointer = timeout.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    let count = libc::nfds_t::try_from(entries.len()).map_err(|_| SysError(libc::EINVAL))?;
    // SAFETY: `entries` has `count` elements and is exclusively ours, `timeout` lives until the call returns, and no
    // signal mask is given. A number that is no open descriptor is reported, not followed.
    let ready = unsafe { libc::ppoll(entries.as_mut_ptr(), count, pointer, std::ptr::null()) };
    usize::try_from(ready).map_err(|_| SysError::last())
}
