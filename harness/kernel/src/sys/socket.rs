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
