//! What can be asked about a trapped call beyond its registers.

use crate::{Call, Caller, Tgid};

/// Answers questions about the tracee that sleeps in a trapped call.
///
/// Every answer is taken when it is asked for. `None` means that the question has no answer: the address is not mapped, the
/// descriptor is not open, the tracee is gone. What is read from memory can be changed by another thread of the tracee
/// before the kernel reads it again (seccomp_unotify(2), NOTES).
pub trait Facts {
    /// The bytes at an address, up to and without the first NUL; at most 4095 of them (`PATH_MAX`).
    fn string(&mut self, address: u64) -> Option<Vec<u8>>;

    /// This many bytes at an address; fewer where the mapping ends before.
    fn bytes(&mut self, address: u64, length: usize) -> Option<Vec<u8>>;

    /// The strings of a list of pointers that ends with a null pointer (`argv`); at most 1024 of them.
    fn strings(&mut self, address: u64) -> Option<Vec<Vec<u8>>>;

    /// What an open descriptor is.
    fn descriptor(&mut self, fd: i32) -> Option<Descriptor>;

    /// The address that a socket is connected to, and the one that it is bound to, as the kernel writes them
    /// (`sockaddr`).
    fn socket(&mut self, fd: i32) -> Option<SocketEnds>;

    /// The tracee's working folder.
    fn cwd(&mut self) -> Option<Vec<u8>>;

    /// The path of the tracee's executable.
    fn exe(&mut self) -> Option<Vec<u8>>;

    /// The tracee's command line.
    fn argv(&mut self) -> Option<Vec<Vec<u8>>>;

    /// The tracee's effective user.
    fn uid(&mut self) -> Option<u32>;

    /// The tracee's process.
    fn process(&mut self) -> Option<Tgid>;

    /// How many processes lie between the subject's first process and the tracee's: 0 for the first itself, 1 for its
    /// children.
    fn generation(&mut self) -> Option<u32>;

    /// How many descriptors the tracee's process has open.
    fn open_descriptors(&mut self) -> Option<u64>;

    /// How many bytes of address space the tracee's process has mapped (`VmSize`).
    fn mapped_bytes(&mut self) -> Option<u64>;

    /// How many threads the tracee's process has.
    fn threads(&mut self) -> Option<u64>;

    /// Who made the call, in a Go program; nothing where it is none, or its stack cannot be read.
    fn caller(&mut self) -> Option<Caller> {
        None
    }
}

/// Finds out who made a call. It knows Go, which those who look at tracees do not.
pub trait Callers {
    /// Who made this call, whose thread sleeps in it and belongs to this process.
    fn caller(&mut self, call: &Call, process: Tgid) -> Option<Caller>;
}

/// Of no call it is known who made it.
impl Callers for () {
    fn caller(&mut self, _: &Call, _: Tgid) -> Option<Caller> {
        None
    }
}

/// What a descriptor refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What kind of thing.
    pub kind: FdKind,
    /// Its name: a path for what has one, else what `/proc/PID/fd` shows (`pipe:[12345]`).
    pub name: Vec<u8>,
}

/// Kinds of descriptors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FdKind {
    /// A regular file.
    File,
    /// A folder.
    Dir,
    /// A pipe or FIFO.
    Pipe,
    /// A socket of any family.
    Socket,
    /// A terminal.
    Tty,
    /// Another character device.
    Char,
    /// A block device.
    Block,
    /// An epoll(7) set.
    Epoll,
    /// An eventfd(2).
    Event,
    /// A timerfd_create(2) timer.
    Timer,
    /// A signalfd(2).
    Signal,
    /// An inotify(7) instance.
    Inotify,
    /// A pidfd_open(2) process.
    Pid,
    /// Anything else.
    Other,
}

impl FdKind {
    /// Every kind with the name that rules use.
    pub const ALL: [(&str, FdKind); 14] = [
        ("file", FdKind::File),
        ("dir", FdKind::Dir),
        ("pipe", FdKind::Pipe),
        ("socket", FdKind::Socket),
        ("tty", FdKind::Tty),
        ("char", FdKind::Char),
        ("block", FdKind::Block),
        ("epoll", FdKind::Epoll),
        ("event", FdKind::Event),
        ("timer", FdKind::Timer),
        ("signal", FdKind::Signal),
        ("inotify", FdKind::Inotify),
        ("pid", FdKind::Pid),
        ("other", FdKind::Other),
    ];

    /// The kind by its name.
    pub fn from_name(name: &str) -> Option<FdKind> {
        FdKind::ALL.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }
}

/// Both ends of a socket, as `sockaddr` bytes; empty where there is none.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SocketEnds {
    /// What getsockname(2) answers.
    pub local: Vec<u8>,
    /// What getpeername(2) answers.
    pub peer: Vec<u8>,
}

/// Nothing can be asked: for calls that are judged by their registers alone.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoFacts;

impl Facts for NoFacts {
    fn string(&mut self, _: u64) -> Option<Vec<u8>> {
        None
    }
    fn bytes(&mut self, _: u64, _: usize) -> Option<Vec<u8>> {
        None
    }
    fn strings(&mut self, _: u64) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn descriptor(&mut self, _: i32) -> Option<Descriptor> {
        None
    }
    fn socket(&mut self, _: i32) -> Option<SocketEnds> {
        None
    }
    fn cwd(&mut self) -> Option<Vec<u8>> {
        None
    }
    fn exe(&mut self) -> Option<Vec<u8>> {
        None
    }
    fn argv(&mut self) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn uid(&mut self) -> Option<u32> {
        None
    }
    fn process(&mut self) -> Option<Tgid> {
        None
    }
    fn generation(&mut self) -> Option<u32> {
        None
    }
    fn open_descriptors(&mut self) -> Option<u64> {
        None
    }
    fn mapped_bytes(&mut self) -> Option<u64> {
        None
    }
    fn threads(&mut self) -> Option<u64> {
        None
    }
}
