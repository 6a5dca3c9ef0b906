//! System call numbers, typed.

use serde::{Deserialize, Serialize};
use std::fmt;
use syscalls::Sysno as Table;

/// A system call's number on this machine's architecture.
///
/// Names and numbers come from the `syscalls` crate, which has one table per architecture; this is the only file that
/// knows which.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sysno(pub u32);

macro_rules! named {
    ($($name:ident),*) => {
        #[expect(non_upper_case_globals, reason = "a system call is written as its manual page writes it")]
        #[expect(missing_docs, reason = "the manual page of section 2 by that name")]
        impl Sysno {
            $(pub const $name: Sysno = Sysno(Table::$name as u32);)*
        }
    };
}
named!(read, write, openat, close, futex, execve, execveat, clone, clone3, exit, exit_group, rt_sigreturn);
named!(getppid, getpid, mmap, perf_event_open, epoll_pwait, seccomp, pwrite64, fallocate);

impl Sysno {
    /// The call by this name, if this architecture has it.
    pub fn from_name(name: &str) -> Option<Sysno> {
        name.parse::<Table>().ok().and_then(|known| u32::try_from(known.id()).ok()).map(Sysno)
    }

    /// Its name, or nothing for a number that is newer than the table.
    pub fn name(self) -> Option<&'static str> {
        Table::new(self.0 as usize).map(|known| known.name())
    }

    /// Every call this architecture has, by number.
    pub fn all() -> impl Iterator<Item = Sysno> {
        // The table's own iterator leaves out the last one (syscalls 0.8.1).
        let numbers = Table::first().id()..=Table::last().id();
        numbers.filter_map(|id| u32::try_from(id).ok()).map(Sysno).filter(|sysno| sysno.name().is_some())
    }
}

impl fmt::Display for Sysno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "syscall_{}", self.0),
        }
    }
}

impl fmt::Debug for Sysno {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_read_back() {
        assert!(Sysno::all().count() > 300);
        let last = Sysno::all().last().map(|sysno| sysno.to_string());
        assert_eq!(last.as_deref(), Some(Table::last().name()));
        for sysno in Sysno::all() {
            assert_eq!(Sysno::from_name(&sysno.to_string()), Some(sysno));
        }
        assert_eq!(Sysno::from_name("opneat"), None);
        assert_eq!(Sysno(100_000).to_string(), "syscall_100000");
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn numbers_are_those_of_x86_64() {
        // Linux arch/x86/entry/syscalls/syscall_64.tbl.
        assert_eq!((Sysno::futex.0, Sysno::openat.0, Sysno::perf_event_open.0), (202, 257, 298));
    }
}
