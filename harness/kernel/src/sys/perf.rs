//! perf_event_open(2), as far as asking whether it is allowed.

use super::SysError;
use std::mem;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

/// The first published `struct perf_event_attr` (`PERF_ATTR_SIZE_VER0`), which every later kernel takes; the libc crate lacks it.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    kind: u32,
    size: u32,
    config: u64,
    sample_period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint: u32,
    config1: u64,
}

const _: () = assert!(mem::size_of::<Attributes>() == 64);

/// `disabled`, `exclude_kernel` and `exclude_hv`, as bits of the flags.
const QUIET: u64 = 1 | 1 << 5 | 1 << 6;

/// Opens a counter of this thread in user space, which never counts. `kind` is `PERF_TYPE_*`, `config` what of it.
///
/// # Errors
/// `EACCES` or `EPERM` where the level or a security module forbids it, `ENOENT` where the machine has no such counter, `ENOSYS`
/// without perf events.
pub(crate) fn open(kind: u32, config: u64) -> Result<OwnedFd, SysError> {
    /// `PERF_FLAG_FD_CLOEXEC`.
    const CLOSE_ON_EXEC: libc::c_ulong = 8;
    let attributes = Attributes { kind, size: 64, config, flags: QUIET, ..Attributes::default() };
    let (this_thread, any_cpu, no_group) = (0, -1, -1);
    // JUSTIFICATION: neither libc nor nix wraps perf_event_open(2).
    // SAFETY: `attributes` is repr(C) of the size that it says, and outlives the call, which only reads it.
    let result = unsafe {
        libc::syscall(
            libc::SYS_perf_event_open,
            &raw const attributes,
            this_thread,
            any_cpu,
            no_group,
            CLOSE_ON_EXEC,
        )
    };
    if result < 0 {
        return Err(SysError::last());
    }
    let descriptor = RawFd::try_from(result).expect("descriptors are small");
    // SAFETY: the kernel just made this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}
