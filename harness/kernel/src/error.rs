//! Why the kernel could not be made to do it.

use crate::sys::SysError;

/// Why the kernel could not be made to do it. The cause is the kernel's own error number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The control socket could not be opened.
    #[error("cannot open the control socket")]
    OpenDoor(#[source] nix::Error),
    /// A visitor of the control socket could not be let in.
    #[error("cannot accept a connection on the control socket")]
    Accept(#[source] nix::Error),
    /// Shim or guard did not keep to the protocol.
    #[error("shim and supervisor are of different versions, or something else spoke on the control socket")]
    Protocol,
    /// A frame could not be exchanged.
    #[error("cannot talk to the shim")]
    Talk(#[source] nix::Error),
    /// The interest could not be compiled.
    #[error("cannot compile the filter for {calls} system calls: {reason}")]
    CompileFilter {
        /// How many calls it should trap.
        calls: usize,
        /// What the compiler says.
        reason: String,
    },
    /// The listener could not be set up.
    #[error("cannot take the listener")]
    TakeListener(#[source] SysError),
    /// A notification could not be received.
    #[error("cannot receive a notification")]
    Receive(#[source] SysError),
    /// A process cannot be watched.
    #[error("cannot watch process {pid}")]
    Watch {
        /// Which.
        pid: i32,
        /// Why.
        #[source]
        errno: SysError,
    },
    /// A process cannot be traced.
    #[error("cannot trace process {pid}")]
    Attach {
        /// Which.
        pid: i32,
        /// Why: `EPERM` where that is forbidden, or somebody (a debugger) traces it already.
        #[source]
        errno: SysError,
    },
}
