//! What can be learned of a tracee from outside.

use crate::memory;
use crate::sys::{SysError, descriptor, pidfd};
use model::{Call, Caller, Callers, Descriptor, Facts, FdKind, SocketEnds, Tgid, Tid};
use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::os::fd::{AsFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

#[cfg(test)]
mod tests;

/// How many threads' processes are remembered. A target may make threads without end; we may not keep them all.
const REMEMBERED: usize = 4096;

/// Which process a thread belongs to, and how far it is from its subject's first. A notification names only the thread.
///
/// Looking it up costs about 10 µs, remembering it nothing; so an answer is kept until there are too many. The kernel
/// gives a number out again only after all others (`kernel.pid_max`), so a kept answer does not go stale within a run.
#[derive(Debug, Default)]
pub struct Processes {
    known: HashMap<Tid, Tgid>,
    /// The last answer: a thread that calls once mostly calls again, and looking here costs no hashing.
    last: Option<(Tid, Tgid)>,
    generations: HashMap<Tgid, u32>,
}

impl Processes {
    /// The process of a thread, or nothing if the thread is gone.
    pub fn of(&mut self, tid: Tid) -> Option<Tgid> {
        if let Some((_, process)) = self.last.filter(|(last, _)| *last == tid) {
            return Some(process);
        }
        let process = match self.known.get(&tid) {
            Some(known) => *known,
            None => {
                let process = process_of(tid)?;
                if self.known.len() >= REMEMBERED {
                    self.known.clear();
                }
                self.known.insert(tid, process);
                process
            }
        };
        self.last = Some((tid, process));
        Some(process)
    }

    /// How many processes lie between the first of a subject and this one. Nothing where one of them is gone and was
    /// never asked about.
    fn generation(&mut self, process: Tgid, first: Tgid) -> Option<u32> {
        if process == first {
            return Some(0);
        }
        if let Some(known) = self.generations.get(&process) {
            return Some(*known);
        }
        let parent = Tgid(status(Tid(process.0), "PPid")?.parse().ok()?);
        let generation = self.generation(parent, first)? + 1;
        if self.generations.len() >= REMEMBERED {
            self.generations.clear();
        }
        self.generations.insert(process, generation);
        Some(generation)
    }
}

/// The process of a thread.
pub(crate) fn process_of(tid: Tid) -> Option<Tgid> {
    status(tid, "Tgid")?.parse().ok().map(Tgid)
}

/// A line of `/proc/PID/status`, proc_pid_status(5).
fn status(tid: Tid, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// A second descriptor of what a tracee has open under this number.
pub(crate) fn take_descriptors(tid: Tid) -> Option<impl Fn(RawFd) -> Option<OwnedFd>> {
    // A process's first thread can be gone before the others, and its descriptors with it.
    let of_process = |_: SysError| pidfd::open(process_of(tid).ok_or(SysError(libc::ESRCH))?.0);
    let tracee = pidfd::open_thread(tid.0).or_else(of_process).ok()?;
    Some(move |fd| descriptor::take(tracee.as_fd(), fd).ok())
}

/// The facts about a tracee that sleeps in a call. Each is looked up when it is asked for, and once.
pub struct Witness<'a> {
    call: Call,
    tid: Tid,
    /// The first process of the tracee's subject.
    first: Tgid,
    processes: &'a mut Processes,
    callers: &'a mut dyn Callers,
    /// What was asked before: several rules ask the same.
    strings: Vec<(u64, Option<Vec<u8>>)>,
    descriptors: Vec<(RawFd, Option<Descriptor>)>,
    sockets: Vec<(RawFd, Option<SocketEnds>)>,
    links: Vec<(&'static str, Option<Vec<u8>>)>,
    caller: Option<Option<Caller>>,
}

impl<'a> Witness<'a> {
    /// The facts about the thread that made this call, of the subject whose first process is `first`.
    pub fn of(
        call: &Call,
        first: Tgid,
        processes: &'a mut Processes,
        callers: &'a mut dyn Callers,
    ) -> Witness<'a> {
        Witness {
            call: *call,
            tid: call.tid,
            first,
            processes,
            callers,
            strings: Vec::new(),
            descriptors: Vec::new(),
            sockets: Vec::new(),
            links: Vec::new(),
            caller: None,
        }
    }

    /// Where a link of `/proc/PID` points.
    fn link(&mut self, file: &'static str) -> Option<Vec<u8>> {
        once(&mut self.links, file, || {
            let target = fs::read_link(format!("/proc/{}/{file}", self.tid)).ok()?;
            Some(target.into_os_string().into_vec())
        })
    }
}

impl fmt::Debug for Witness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

impl Facts for Witness<'_> {
    fn string(&mut self, address: u64) -> Option<Vec<u8>> {
        once(&mut self.strings, address, || string(self.tid, address))
    }

    fn bytes(&mut self, address: u64, length: usize) -> Option<Vec<u8>> {
        // A length of the tracee's may be anything; what can be read is not.
        const STEP: usize = 1 << 20;
        let mut bytes = Vec::new();
        while bytes.len() < length {
            let start = bytes.len();
            bytes.resize(length.min(start + STEP), 0);
            let count = memory::read(self.tid, address.checked_add(start as u64)?, &mut bytes[start..]);
            if start + count < bytes.len() {
                bytes.truncate(start + count);
                break;
            }
        }
        (length == 0 || !bytes.is_empty()).then_some(bytes)
    }

    fn strings(&mut self, address: u64) -> Option<Vec<Vec<u8>>> {
        const MOST: usize = 1024;
        let mut strings = Vec::new();
        while strings.len() < MOST {
            let mut pointer = [0; 8];
            let place = address.checked_add(strings.len() as u64 * 8)?;
            if memory::read(self.tid, place, &mut pointer) < pointer.len() {
                return None;
            }
            match u64::from_ne_bytes(pointer) {
                0 => break,
                pointer => strings.push(string(self.tid, pointer)?),
            }
        }
        Some(strings)
    }

    fn descriptor(&mut self, fd: i32) -> Option<Descriptor> {
        once(&mut self.descriptors, fd, || {
            let path = format!("/proc/{}/fd/{fd}", self.tid);
            let name = fs::read_link(&path).ok()?.into_os_string().into_vec();
            let kind = kind_by_name(&name).or_else(|| kind_by_inode(Path::new(&path)))?;
            Some(Descriptor { kind, name })
        })
    }

    fn socket(&mut self, fd: i32) -> Option<SocketEnds> {
        once(&mut self.sockets, fd, || {
            let socket = take_descriptors(self.tid)?(fd)?;
            let local = crate::sys::socket::local(socket.as_fd()).ok()?;
            Some(SocketEnds { local, peer: crate::sys::socket::peer(socket.as_fd()).unwrap_or_default() })
        })
    }

    fn cwd(&mut self) -> Option<Vec<u8>> {
        self.link("cwd")
    }

    fn exe(&mut self) -> Option<Vec<u8>> {
        self.link("exe")
    }

    fn argv(&mut self) -> Option<Vec<Vec<u8>>> {
        let mut line = fs::read(format!("/proc/{}/cmdline", self.tid)).ok()?;
        // proc_pid_cmdline(5): every argument ends with a NUL.
        if line.last() == Some(&0) {
            line.pop();
        }
        Some(line.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect())
    }

    fn uid(&mut self) -> Option<u32> {
        // Real, effective, saved, file system.
        status(self.tid, "Uid")?.split_whitespace().nth(1)?.parse().ok()
    }

    fn process(&mut self) -> Option<Tgid> {
        self.processes.of(self.tid)
    }

    fn generation(&mut self) -> Option<u32> {
        let process = self.process()?;
        self.processes.generation(process, self.first)
    }

    fn open_descriptors(&mut self) -> Option<u64> {
        let folder = format!("/proc/{}/fd", self.tid);
        // proc_pid_fd(5): since Linux 6.2 the folder's size is their number.
        match fs::metadata(&folder).ok()?.len() {
            0 => Some(fs::read_dir(&folder).ok()?.count() as u64),
            count => Some(count),
        }
    }

    fn mapped_bytes(&mut self) -> Option<u64> {
        // proc_pid_statm(5): the first number is VmSize, in pages.
        let statm = fs::read_to_string(format!("/proc/{}/statm", self.tid)).ok()?;
        let pages: u64 = statm.split(' ').next()?.parse().ok()?;
        Some(pages * page_size())
    }

    fn threads(&mut self) -> Option<u64> {
        // `proc_task_getattr` in `fs/proc/base.c`: a link for each, besides the two that every folder has.
        fs::metadata(format!("/proc/{}/task", self.tid)).ok()?.nlink().checked_sub(2)
    }

    fn caller(&mut self) -> Option<Caller> {
        if self.caller.is_none() {
            let process = self.processes.of(self.tid);
            self.caller = Some(process.and_then(|process| self.callers.caller(&self.call, process)));
        }
        self.caller.clone().flatten()
    }
}

/// The answer that was given to this question, or else is found now.
fn once<Q: PartialEq + Copy, A: Clone>(asked: &mut Vec<(Q, A)>, question: Q, find: impl FnOnce() -> A) -> A {
    if let Some((_, answer)) = asked.iter().find(|(known, _)| *known == question) {
        return answer.clone();
    }
    let answer = find();
    asked.push((question, answer.clone()));
    answer
}

/// The bytes at an address before the first NUL.
fn string(tid: Tid, address: u64) -> Option<Vec<u8>> {
    /// `PATH_MAX` without the NUL.
    const LONGEST: usize = 4095;
    /// What most strings fit into; reading more costs more.
    const MOST: usize = 256;
    let mut buffer = [0; LONGEST];
    let mut known = 0;
    for until in [MOST, LONGEST] {
        let count = memory::read(tid, address.checked_add(known as u64)?, &mut buffer[known..until]);
        if let Some(end) = buffer[known..known + count].iter().position(|byte| *byte == 0) {
            return Some(buffer[..known + end].to_vec());
        }
        if known + count < until {
            // It runs into what is not mapped.
            return None;
        }
        known = until;
    }
    Some(buffer.to_vec())
}

/// What kind of thing has such a name; nothing for a path.
///
/// # Kernel
/// proc_pid_fd(5); pidfds have an inode each since Linux 6.9.
fn kind_by_name(name: &[u8]) -> Option<FdKind> {
    let is = |start: &str| name.starts_with(start.as_bytes());
    if is("/") {
        return None;
    }
    let kinds = [
        ("pipe:", FdKind::Pipe),
        ("socket:", FdKind::Socket),
        ("pidfd:", FdKind::Pid),
        ("anon_inode:[eventpoll]", FdKind::Epoll),
        ("anon_inode:[eventfd]", FdKind::Event),
        ("anon_inode:[timerfd]", FdKind::Timer),
        ("anon_inode:[signalfd]", FdKind::Signal),
        ("anon_inode:inotify", FdKind::Inotify),
        ("anon_inode:[pidfd]", FdKind::Pid),
    ];
    Some(kinds.into_iter().find(|(start, _)| is(start)).map_or(FdKind::Other, |(_, kind)| kind))
}

fn kind_by_inode(path: &Path) -> Option<FdKind> {
    let metadata = fs::metadata(path).ok()?;
    let kind = metadata.file_type();
    Some(if kind.is_file() {
        FdKind::File
    } else if kind.is_dir() {
        FdKind::Dir
    } else if kind.is_fifo() {
        FdKind::Pipe
    } else if kind.is_socket() {
        FdKind::Socket
    } else if kind.is_block_device() {
        FdKind::Block
    } else if kind.is_char_device() && is_terminal(metadata.rdev()) {
        FdKind::Tty
    } else if kind.is_char_device() {
        FdKind::Char
    } else {
        FdKind::Other
    })
}

/// Whether a character device with this number is a terminal.
///
/// # Kernel
/// `Documentation/admin-guide/devices.txt`: 4 and 5 are the terminals of old, 128 to 143 the pseudo-terminals, 166 and 188
/// those behind USB, 204 further serial ports.
fn is_terminal(device: u64) -> bool {
    matches!(libc::major(device), 4 | 5 | 128..=143 | 166 | 188 | 204)
}

fn page_size() -> u64 {
    let size = nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE);
    size.ok().flatten().and_then(|size| u64::try_from(size).ok()).unwrap_or(4096)
}
