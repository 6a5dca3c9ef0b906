//! The memory of a tracee that sleeps.
//!
//! # Kernel
//! process_vm_readv(2) is missing where `CONFIG_CROSS_MEMORY_ATTACH` is off, and some sandboxes refuse it; then
//! `/proc/PID/mem` (proc_pid_mem(5)) does the same for the price of opening it, but heeds no protection of a mapping. Both
//! stop at the first page that cannot be had and say how far they came (`process_vm_rw_core` in `mm/process_vm_access.c`,
//! `mem_rw` in `fs/proc/base.c`).

use model::{Poke, Tid};
use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv, process_vm_writev};
use nix::unistd::Pid;
use std::fs::OpenOptions;
use std::io::{self, IoSlice, IoSliceMut};
use std::os::unix::fs::FileExt;

/// Reads what lies at an address, as far as it can be read; gives how much that was.
pub fn read(tid: Tid, address: u64, buffer: &mut [u8]) -> usize {
    transfer(address, buffer.len(), |there, done| {
        let rest = &mut buffer[done..];
        match process_vm_readv(Pid::from_raw(tid.0), &mut [IoSliceMut::new(rest)], &[there]) {
            Err(Errno::ENOSYS | Errno::EPERM) => {
                let memory = OpenOptions::new().read(true).open(format!("/proc/{tid}/mem"))?;
                memory.read_at(rest, there.base as u64)
            }
            other => Ok(other?),
        }
    })
}

/// Fills every buffer from its address on, in one go; whether it could.
pub fn gather(tid: Tid, parts: &mut [(u64, &mut [u8])]) -> bool {
    let wanted: usize = parts.iter().map(|(_, buffer)| buffer.len()).sum();
    let there: Option<Vec<RemoteIoVec>> = parts
        .iter()
        .map(|(address, buffer)| {
            Some(RemoteIoVec { base: usize::try_from(*address).ok()?, len: buffer.len() })
        })
        .collect();
    let Some(there) = there else { return false };
    let mut here: Vec<IoSliceMut<'_>> = parts.iter_mut().map(|(_, buffer)| IoSliceMut::new(buffer)).collect();
    match process_vm_readv(Pid::from_raw(tid.0), &mut here, &there) {
        Err(Errno::ENOSYS | Errno::EPERM) => {
            parts.iter_mut().all(|(address, buffer)| read(tid, *address, buffer) == buffer.len())
        }
        got => got == Ok(wanted),
    }
}

/// Writes to an address, as far as it can be written, read-only mappings included; gives how much that was.
///
/// strace(1) changes a constant that a call points to as well: its PTRACE_POKEDATA, and `/proc/PID/mem`, heed no
/// protection (`FOLL_FORCE`; a kernel can be told to: `proc_mem.force_override=` since Linux 6.12).
fn write(tid: Tid, address: u64, bytes: &[u8]) -> usize {
    transfer(address, bytes.len(), |there, done| {
        let rest = &bytes[done..];
        match process_vm_writev(Pid::from_raw(tid.0), &[IoSlice::new(rest)], &[there]) {
            Err(Errno::ENOSYS | Errno::EPERM | Errno::EFAULT) => {
                let memory = OpenOptions::new().write(true).open(format!("/proc/{tid}/mem"))?;
                memory.write_at(rest, there.base as u64)
            }
            other => Ok(other?),
        }
    })
}

/// Calls for what is left until there is nothing, or nothing more can be had.
fn transfer(
    address: u64,
    length: usize,
    mut part: impl FnMut(RemoteIoVec, usize) -> io::Result<usize>,
) -> usize {
    let Ok(address) = usize::try_from(address) else { return 0 };
    if address.checked_add(length).is_none() {
        return 0;
    }
    let mut done = 0;
    while done < length {
        match part(RemoteIoVec { base: address + done, len: length - done }, done) {
            Ok(0) | Err(_) => break,
            Ok(count) => done += count,
        }
    }
    done
}

/// How many of several pokes were done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poked {
    /// All of them; there may have been none.
    All,
    /// Not all.
    Some,
    /// None of those that there were.
    None,
}

/// Writes where arguments point; of each poke everything or nothing.
pub(crate) fn poke<'a>(tid: Tid, args: &[u64; 6], pokes: impl IntoIterator<Item = &'a Poke>) -> Poked {
    let (mut asked, mut done) = (0, 0);
    for poke in pokes {
        asked += 1;
        let address = args.get(usize::from(poke.arg));
        done += usize::from(address.is_some_and(|address| replace(tid, *address, &poke.bytes)));
    }
    match (asked, done) {
        (asked, done) if asked == done => Poked::All,
        (_, 0) => Poked::None,
        _ => Poked::Some,
    }
}

/// Writes these bytes, or leaves everything as it was.
fn replace(tid: Tid, address: u64, bytes: &[u8]) -> bool {
    /// No page of any architecture is smaller.
    const PAGE: u64 = 4096;
    if address % PAGE + bytes.len() as u64 <= PAGE {
        // What is in one page is written whole or not at all.
        return write(tid, address, bytes) == bytes.len();
    }
    let mut old = vec![0; bytes.len()];
    if read(tid, address, &mut old) < old.len() {
        return false;
    }
    let written = write(tid, address, bytes);
    if written < bytes.len() {
        write(tid, address, &old[..written]);
    }
    written == bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::Filter;
    use crate::sys::guarded::Guarded;
    use crate::sys::seccomp;
    use model::{Answer, Interest, Quiet, Sieve, Sysno};
    use proptest::prelude::*;

    fn me() -> Tid {
        Tid(nix::unistd::gettid().as_raw())
    }

    #[test]
    fn reading_ends_where_the_mapping_ends() {
        let pages = Guarded::new(2);
        let mut buffer = [1; 100];
        assert_eq!(read(me(), pages.end() - 40, &mut buffer), 40);
        assert_eq!(buffer[..41], [[0; 40].as_slice(), &[1]].concat());
        assert_eq!(read(me(), pages.end(), &mut buffer), 0);
        assert_eq!(read(me(), 0, &mut buffer), 0);
        assert_eq!(read(me(), u64::MAX - 5, &mut buffer), 0);
        assert_eq!(read(Tid(i32::MAX), pages.end() - 40, &mut buffer), 0);
    }

    #[test]
    fn several_places_are_read_at_once_or_not_at_all() {
        let pages = Guarded::new(1);
        let (mut here, mut there) = ([1; 4], [1; 8]);
        assert!(gather(me(), &mut [(pages.end() - 4, &mut here), (pages.end() - 100, &mut there)]));
        assert_eq!((here, there), ([0; 4], [0; 8]));
        assert!(!gather(me(), &mut [(pages.end() - 4, &mut here), (pages.end() - 4, &mut there)]));
        assert!(!gather(Tid(i32::MAX), &mut [(pages.end() - 4, &mut here)]));
        assert!(!gather(me(), &mut [(u64::MAX, &mut here)]));
    }

    #[test]
    fn a_poke_is_written_whole_or_not_at_all() {
        let pages = Guarded::new(2);
        let (inside, at_the_end) = (pages.end() - 5000, pages.end() - 2);
        let args = [inside, at_the_end, 0, 0, 0, 0];
        let poke = |arg, bytes: &[u8]| Poke { arg, bytes: bytes.to_vec() };
        let text = || {
            let mut bytes = [0; 5000];
            assert_eq!(read(me(), inside, &mut bytes), 5000);
            [&bytes[..3], &bytes[4998..]].concat()
        };
        assert_eq!(poke_all(&args, &[poke(0, b"abc"), poke(1, b"de")]), Poked::All);
        assert_eq!(text(), b"abcde");
        for unwritable in [poke(1, b"xyz"), poke(2, b"x"), poke(6, b"x")] {
            assert_eq!(poke_all(&args, std::slice::from_ref(&unwritable)), Poked::None);
            assert_eq!(text(), b"abcde", "all is as it was");
            assert_eq!(poke_all(&args, &[poke(0, b"abc"), unwritable]), Poked::Some);
        }
        assert_eq!(poke_all(&args, &[]), Poked::All);
    }

    #[test]
    fn a_constant_can_be_changed() {
        // Not static: a string of its own, in a page of this test's data that nobody else reads.
        let constant: &[u8] = b"a constant that only this test has";
        let args = [constant.as_ptr() as u64, 0, 0, 0, 0, 0];
        assert_eq!(poke_all(&args, &[Poke { arg: 0, bytes: b"A".to_vec() }]), Poked::All);
        let mut now = [0; 10];
        assert_eq!(read(me(), args[0], &mut now), 10);
        assert_eq!(&now, b"A constant");
    }

    fn poke_all(args: &[u64; 6], pokes: &[Poke]) -> Poked {
        poke(me(), args, pokes)
    }

    #[test]
    fn memory_is_reached_where_its_own_calls_are_forbidden() {
        let calls = ["process_vm_readv", "process_vm_writev"].map(|name| Sysno::from_name(name).unwrap());
        for errno in [model::Errno::ENOSYS, model::Errno::EPERM] {
            let calls = calls.map(|sysno| (sysno, Sieve::always())).into();
            let mut interest = Interest::default();
            interest.answer_quietly(Quiet { answer: Answer::Fail(errno), calls });
            let program = Filter::compile(&interest).unwrap().raw();
            let caller = std::thread::spawn(move || {
                seccomp::no_new_privs().unwrap();
                seccomp::put_on(&program).unwrap();
                let pages = Guarded::new(1);
                let args = [pages.end() - 9, 0, 0, 0, 0, 0];
                assert_eq!(poke_all(&args, &[Poke { arg: 0, bytes: b"abc".to_vec() }]), Poked::All);
                let mut buffer = [0; 5];
                assert_eq!(read(me(), args[0], &mut buffer), 5);
                assert_eq!(&buffer, b"abc\0\0");
                assert_eq!(read(me(), 0, &mut buffer), 0);
                assert_eq!(poke_all(&[0; 6], &[Poke { arg: 0, bytes: b"abc".to_vec() }]), Poked::None);
            });
            caller.join().unwrap();
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_what_is_there(text in prop::collection::vec(any::<u8>(), 0..20_000), from in 0..20_000_usize) {
            let from = from.min(text.len());
            let mut buffer = vec![0; text.len() - from];
            let address = text.as_ptr() as u64 + from as u64;
            prop_assert_eq!(read(me(), address, &mut buffer), buffer.len());
            prop_assert_eq!(&buffer, &text[from..]);
        }
    }
}
