//! The supervisor's end of the protocol that shim and guard speak.

use crate::Error;
use crate::subject_process::ending_of;
use crate::sys::{SysError, socket};
use model::{Ending, Tgid};
use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, Backlog, MsgFlags, SockFlag, SockType, UnixAddr, accept4, bind, getsockopt, listen, send,
    sockopt,
};
use nix::unistd::geteuid;
use shim::wire::MAX_FRAME;
pub use shim::wire::{Frame, Role, Step};
use std::io::Read;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The control socket. Its name is abstract: it leaves no file behind, whatever becomes of us.
#[derive(Debug)]
pub struct Door {
    socket: OwnedFd,
    name: String,
}

impl Door {
    /// Opens a control socket under a name that nobody can guess.
    ///
    /// # Errors
    /// [`Error::OpenDoor`].
    pub fn open() -> Result<Door, Error> {
        let name = format!("duress-{}", token().map_err(Error::OpenDoor)?);
        let socket = nix::sys::socket::socket(
            AddressFamily::Unix,
            SockType::SeqPacket,
            SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK,
            None,
        )
        .map_err(Error::OpenDoor)?;
        let address = UnixAddr::new_abstract(name.as_bytes()).map_err(Error::OpenDoor)?;
        bind(socket.as_raw_fd(), &address).map_err(Error::OpenDoor)?;
        listen(&socket, Backlog::MAXCONN).map_err(Error::OpenDoor)?;
        Ok(Door { socket, name })
    }

    /// The name that shim and guard are to be told.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Readable while somebody waits to be let in.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Lets the next visitor in, if one waits. Users other than ours and root are turned away.
    ///
    /// # Errors
    /// [`Error::Accept`].
    pub fn admit(&self) -> Result<Option<Visitor>, Error> {
        loop {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let raw = match accept4(self.socket.as_raw_fd(), flags) {
                Ok(raw) => raw,
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR | Errno::ECONNABORTED) => continue,
                Err(errno) => return Err(Error::Accept(errno)),
            };
            let socket = socket::own(raw);
            let Ok(peer) = getsockopt(&socket, sockopt::PeerCredentials) else { continue };
            if peer.uid() == geteuid().as_raw() || peer.uid() == 0 {
                return Ok(Some(Visitor { socket, pid: Tgid(peer.pid()) }));
            }
        }
    }
}

/// 16 random bytes, in hexadecimal.
fn token() -> Result<String, Errno> {
    let mut bytes = [0_u8; 16];
    let from_io = |error: std::io::Error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO));
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).map_err(from_io)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A shim or guard at the control socket.
#[derive(Debug)]
pub struct Visitor {
    socket: OwnedFd,
    /// Its process, as our pid namespace numbers it.
    pub pid: Tgid,
}

/// What a visitor said.
#[derive(Debug)]
pub enum Word {
    /// A frame, and the descriptor that came with it.
    Frame(Frame, Option<OwnedFd>),
    /// Nothing yet.
    Silence,
    /// It is gone.
    Closed,
}

impl Visitor {
    /// Readable while a word waits, or the visitor is gone.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }

    /// Hears the next word, without waiting for it.
    ///
    /// # Errors
    /// [`Error::Protocol`] for what is no frame, [`Error::Talk`] where the socket fails.
    pub fn hear(&self) -> Result<Word, Error> {
        let mut packet = vec![0; MAX_FRAME];
        match socket::receive(self.socket.as_fd(), &mut packet) {
            Ok((0, _)) | Err(SysError(libc::ECONNRESET)) => Ok(Word::Closed),
            Ok((length, descriptor)) => {
                let frame = Frame::decode(&packet[..length]).map_err(|_| Error::Protocol)?;
                Ok(Word::Frame(frame, descriptor))
            }
            Err(SysError(libc::EAGAIN | libc::EINTR)) => Ok(Word::Silence),
            Err(SysError(errno)) => Err(Error::Talk(Errno::from_raw(errno))),
        }
    }

    /// Says something. A visitor that is gone does not hear it; that is noticed by listening.
    ///
    /// # Errors
    /// [`Error::Talk`] where the socket fails for another reason.
    pub fn say(&self, frame: &Frame) -> Result<(), Error> {
        match send(self.socket.as_raw_fd(), &frame.encode(), MsgFlags::MSG_NOSIGNAL) {
            Ok(_) | Err(Errno::EPIPE | Errno::ECONNRESET) => Ok(()),
            Err(errno) => Err(Error::Talk(errno)),
        }
    }
}

/// How the command ended that the guard started, from the status in its `Ended` frame.
pub fn command_ending(status: i32) -> Ending {
    ending_of(status)
}
