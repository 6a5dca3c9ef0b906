//! Receiving a packet with a descriptor in it.

use super::SysError;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// Receives one packet and the first descriptor that came with it, if one did.
///
/// # Errors
/// `EAGAIN` where no packet is there.
pub(crate) fn receive(
    socket: BorrowedFd<'_>,
    packet: &mut [u8],
) -> Result<(usize, Option<OwnedFd>), SysError> {
    let mut control = nix::cmsg_space!([RawFd; 4]);
    let mut parts = [IoSliceMut::new(packet)];
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut parts, Some(&mut control), flags)
        .map_err(|errno| SysError(errno as i32))?;
    let mut descriptors = Vec::new();
    if let Ok(controls) = message.cmsgs() {
        for control in controls {
            if let ControlMessageOwned::ScmRights(raw) = control {
                // JUSTIFICATION: nix hands out received descriptors as numbers.
                // SAFETY: the kernel just opened them for us; each number is taken once. Surplus ones are closed here.
                descriptors.extend(raw.into_iter().map(|raw| unsafe { OwnedFd::from_raw_fd(raw) }));
            }
        }
    }
    Ok((message.bytes, descriptors.into_iter().next()))
}

/// Takes ownership of a descriptor that accept4(2) just gave.
pub(crate) fn own(accepted: RawFd) -> OwnedFd {
    // JUSTIFICATION: nix hands out accepted connections as numbers.
    // SAFETY: called once, with a number that the kernel just opened for the one caller.
    unsafe { OwnedFd::from_raw_fd(accepted) }
}

/// The address that a socket is bound to, as the kernel writes it.
///
/// # Errors
/// `ENOTSOCK`.
pub(crate) fn local(socket: BorrowedFd<'_>) -> Result<Vec<u8>, SysError> {
    // SAFETY: getsockname(2) has just the signature that `address` takes, and keeps to its contract.
    unsafe { address(socket, libc::getsockname) }
}

/// The address that a socket is connected to, as the kernel writes it.
///
/// # Errors
/// `ENOTSOCK`, `ENOTCONN`.
pub(crate) fn peer(socket: BorrowedFd<'_>) -> Result<Vec<u8>, SysError> {
    // SAFETY: as for `local`.
    unsafe { address(socket, libc::getpeername) }
}

/// JUSTIFICATION: nix gives addresses by family, and none of families that it does not know.
///
/// # Safety
/// `of` must write no more bytes than the number that it is given, and write the address's length there.
unsafe fn address(
    socket: BorrowedFd<'_>,
    of: unsafe extern "C" fn(libc::c_int, *mut libc::sockaddr, *mut libc::socklen_t) -> libc::c_int,
) -> Result<Vec<u8>, SysError> {
    let mut bytes = vec![0; size_of::<libc::sockaddr_storage>()];
    let mut length = libc::socklen_t::try_from(bytes.len()).map_err(|_| SysError(libc::EINVAL))?;
    // SAFETY: `bytes` has `length` bytes, exclusively ours; they are bytes, so no alignment is asked for.
    let result = unsafe { of(socket.as_raw_fd(), bytes.as_mut_ptr().cast(), &raw mut length) };
    if result < 0 {
        return Err(SysError::last());
    }
    bytes.truncate(usize::try_from(length).map_err(|_| SysError(libc::EINVAL))?);
    Ok(bytes)
}
