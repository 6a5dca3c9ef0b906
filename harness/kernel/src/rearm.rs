//! The event that has to follow an honest `EAGAIN`.
//!
//! Who is told that a descriptor is not ready waits for the event that says that it is. If it was ready all along, an
//! edge-triggered watch has reported that already and will not do so again, unless it is made anew. So it is, and before the
//! answer: who made the call is asleep in it and will find the event when it waits, and so will Go's poller, which
//! remembers one that comes early.
//!
//! # Go
//! `internal/poll/fd_unix.go`: `prepareRead` forgets old events, then comes the call, then `waitRead`.
//!
//! # Kernel
//! `ep_modify` in `fs/eventpoll.c` asks the file again whether it is ready. A watch is known by file *and* number
//! (`struct epoll_filefd`), so it can only be touched from a descriptor table in which the file has the tracee's number: that
//! of a thread of ours that lives just so long.

use crate::sys::SysError;
use crate::sys::descriptor::{leave_table, put_above, put_at, watch_again};
use crate::tracee::take_descriptors;
use model::Tid;
use std::fs;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::thread;

/// One descriptor in one epoll set.
#[derive(Debug, PartialEq, Eq)]
struct Watch {
    /// The set's number in the tracee.
    set: RawFd,
    events: u32,
    data: u64,
}

/// `EPOLLET` and `EPOLLONESHOT` of epoll_ctl(2).
const EDGE: u32 = libc::EPOLLET.cast_unsigned();
const ONCE: u32 = libc::EPOLLONESHOT.cast_unsigned();

impl Watch {
    /// Whether a descriptor that stays ready is reported only once. A watch for one event is renewed by whoever wants more.
    fn needs_renewal(&self) -> bool {
        self.events & EDGE != 0 && self.events & ONCE == 0
    }
}

/// Makes the epoll sets of a tracee that watch this descriptor report again that it is ready, if it is; whether any does
/// watch it.
pub(crate) fn rearm(tid: Tid, fd: RawFd) -> bool {
    let watches = watches(tid, fd);
    if watches.is_empty() {
        return false;
    }
    let edges: Vec<Watch> = watches.into_iter().filter(Watch::needs_renewal).collect();
    edges.is_empty() || renew(tid, fd, &edges).is_some()
}

/// The watches of a descriptor.
fn watches(tid: Tid, fd: RawFd) -> Vec<Watch> {
    let Ok(open) = fs::read_dir(format!("/proc/{tid}/fd")) else { return Vec::new() };
    let sets = open.flatten().filter(|entry| {
        fs::read_link(entry.path()).is_ok_and(|name| name.as_os_str() == "anon_inode:[eventpoll]")
    });
    let number = |entry: fs::DirEntry| entry.file_name().to_str().and_then(|name| name.parse().ok());
    let watch = |set| {
        let info = fs::read_to_string(format!("/proc/{tid}/fdinfo/{set}")).ok()?;
        let (_, events, data) = info.lines().filter_map(parse).find(|(of, ..)| *of == fd)?;
        Some(Watch { set, events, data })
    };
    sets.filter_map(number).filter_map(watch).collect()
}

/// A line of an epoll set's fdinfo: the watched number, its events, its data.
///
/// # Kernel
/// proc_pid_fdinfo(5): `tfd:        5 events:       1d data: ffffffffffffffff  pos:0 ino:61af sdev:7`
fn parse(line: &str) -> Option<(RawFd, u32, u64)> {
    let mut words = line.strip_prefix("tfd:")?.split_whitespace();
    let fd = words.next()?.parse().ok()?;
    let events = u32::from_str_radix(words.nth(1)?, 16).ok()?;
    let data = u64::from_str_radix(words.nth(1)?, 16).ok()?;
    Some((fd, events, data))
}

/// Makes watches anew; nothing where none could be.
fn renew(tid: Tid, fd: RawFd, watches: &[Watch]) -> Option<()> {
    let take = take_descriptors(tid)?;
    let file = take(fd)?;
    let sets: Vec<(OwnedFd, &Watch)> =
        watches.iter().filter_map(|watch| Some((take(watch.set)?, watch))).collect();
    let renew = || {
        leave_table()?;
        // Out of the way of the number that the file needs.
        let aside: Result<Vec<_>, SysError> =
            sets.iter().map(|(set, watch)| Ok((put_above(set.as_raw_fd(), fd + 1)?, *watch))).collect();
        put_at(file.as_raw_fd(), fd)?;
        // A set can know the number from before the file was replaced: that is another file.
        let renewed =
            aside?.into_iter().filter(|(set, watch)| watch_again(*set, fd, watch.events, watch.data).is_ok());
        if renewed.count() > 0 { Ok(()) } else { Err(SysError(libc::ENOENT)) }
    };
    thread::scope(|scope| {
        let thread = thread::Builder::new().name("rearm".to_owned()).spawn_scoped(scope, renew).ok()?;
        thread.join().ok()?.ok()
    })
}
