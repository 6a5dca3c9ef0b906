//! Resources that run out: exhaustion as a state of the target, not as a single error.

use crate::piece::Piece;
use model::{Call, Diagnostic, Errno, Facts, Sysno};
use std::fmt;

/// A resource with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource {
    /// Open descriptors of a process: `EMFILE` until some are closed.
    Descriptors,
    /// Bytes that the subject writes: a short write, then `ENOSPC`.
    Disk,
    /// Mapped bytes of a process: `ENOMEM` until some are unmapped.
    Memory,
    /// Threads of a process: `EAGAIN` until some end.
    Threads,
}

/// What a call finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Supply {
    /// Enough is left.
    Enough,
    /// Nothing is left.
    Exhausted,
    /// So many bytes are left, fewer than asked for.
    Rest {
        /// The argument that says how many are asked for.
        count: u8,
        /// How many are left.
        bytes: u64,
    },
}

impl Resource {
    /// Every resource with its key.
    pub(crate) const ALL: [(&str, Resource); 4] = [
        ("max_descriptors", Resource::Descriptors),
        ("max_disk", Resource::Disk),
        ("max_memory", Resource::Memory),
        ("max_threads", Resource::Threads),
    ];

    /// Its key in a rule.
    pub(crate) fn key(self) -> &'static str {
        Resource::ALL.iter().find(|(_, one)| *one == self).map_or("", |(key, _)| key)
    }

    /// What a call fails with that asks for more.
    pub fn errno(self) -> Errno {
        match self {
            // open(2), EMFILE: the per-process limit.
            Resource::Descriptors => Errno::EMFILE,
            Resource::Disk => Errno::ENOSPC,
            Resource::Memory => Errno::ENOMEM,
            // clone(2), EAGAIN: too many processes are already running.
            Resource::Threads => Errno::EAGAIN,
        }
    }

    /// The calls that use it.
    ///
    /// brk(2) is no user of memory here: the system call has no error, it answers with the old end.
    pub(crate) fn users(self) -> &'static [&'static str] {
        match self {
            Resource::Descriptors => &[
                "open",
                "openat",
                "openat2",
                "creat",
                "socket",
                "accept",
                "accept4",
                "pipe",
                "pipe2",
                "socketpair",
                "dup",
                "epoll_create",
                "epoll_create1",
                "eventfd",
                "eventfd2",
                "timerfd_create",
                "signalfd",
                "signalfd4",
                "inotify_init",
                "inotify_init1",
                "memfd_create",
                "pidfd_open",
                "perf_event_open",
            ],
            Resource::Disk => &["write", "pwrite64", "writev", "pwritev", "pwritev2", "fallocate"],
            Resource::Memory => &["mmap"],
            Resource::Threads => &["clone", "clone3"],
        }
    }

    /// Whether bytes of it are counted.
    fn is_bytes(self) -> bool {
        matches!(self, Resource::Disk | Resource::Memory)
    }

    /// Reads a limit: a number, or a number of bytes with a unit.
    pub(crate) fn limit(self, piece: &Piece<'_>) -> Result<u64, Diagnostic> {
        let text = piece.text();
        let units: &[(&str, u64)] = if self.is_bytes() {
            &[
                ("KiB", 1 << 10),
                ("MiB", 1 << 20),
                ("GiB", 1 << 30),
                ("kB", 1_000),
                ("MB", 1_000_000),
                ("GB", 1_000_000_000),
                ("B", 1),
            ]
        } else {
            &[]
        };
        let (digits, unit) = units
            .iter()
            .find_map(|(unit, length)| text.strip_suffix(unit).map(|digits| (digits.trim_end(), *length)))
            .unwrap_or((text, 1));
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|_| plain).and_then(|number| number.checked_mul(unit));
        number.ok_or_else(|| {
            let help = if self.is_bytes() {
                "write a number of bytes, such as `512KiB`, `64MiB` or `4096`"
            } else {
                "write how many there may be, such as `64`"
            };
            piece.error(format!("`{}` is not a limit", piece.shown())).help(help)
        })
    }

    /// Adds what a call takes to what was used, where the kernel does not account for it.
    pub(crate) fn take(self, call: &Call, used: &mut u64, facts: &mut dyn Facts) {
        match self {
            Resource::Disk => *used = used.saturating_add(written(call, facts).bytes),
            Resource::Descriptors | Resource::Memory | Resource::Threads => {}
        }
    }

    /// What a call finds that would use it. `used` counts what the subject took, where the kernel does not.
    pub(crate) fn supply(self, call: &Call, limit: u64, used: &mut u64, facts: &mut dyn Facts) -> Supply {
        let over = |is_over: bool| if is_over { Supply::Exhausted } else { Supply::Enough };
        match self {
            Resource::Descriptors => over(facts.open_descriptors().is_some_and(|open| open >= limit)),
            Resource::Memory => {
                let asked = call.args[1];
                over(facts.mapped_bytes().is_some_and(|mapped| mapped.saturating_add(asked) > limit))
            }
            Resource::Threads => {
                over(makes_thread(call, facts) && facts.threads().is_some_and(|threads| threads >= limit))
            }
            Resource::Disk => {
                let left = limit.saturating_sub(*used);
                let asked = written(call, facts);
                *used = used.saturating_add(asked.bytes);
                if asked.bytes <= left {
                    Supply::Enough
                } else if let Some(count) = asked.count.filter(|_| left > 0) {
                    Supply::Rest { count, bytes: left }
                } else {
                    Supply::Exhausted
                }
            }
        }
    }
}

/// How much a call wants to write.
struct Asked {
    bytes: u64,
    /// The argument that can be made smaller, where one can.
    count: Option<u8>,
}

fn written(call: &Call, facts: &mut dyn Facts) -> Asked {
    match call.sysno {
        Sysno::write | Sysno::pwrite64 => Asked { bytes: call.args[2], count: Some(2) },
        // fallocate(2): fd, mode, offset, length.
        Sysno::fallocate => Asked { bytes: call.args[3], count: None },
        // writev(2) and its kin: a list of (pointer, length).
        _ => {
            let parts = usize::try_from(call.args[2].min(1024)).unwrap_or(0);
            let list = facts.bytes(call.args[1], parts * 16).unwrap_or_default();
            let lengths = list.chunks_exact(16).filter_map(|part| part[8..].try_into().ok());
            Asked { bytes: lengths.map(u64::from_ne_bytes).fold(0, u64::saturating_add), count: None }
        }
    }
}

/// Whether a clone makes a thread; clone3(2) says so in memory.
fn makes_thread(call: &Call, facts: &mut dyn Facts) -> bool {
    /// `CLONE_THREAD` of `include/uapi/linux/sched.h`.
    const THREAD: u64 = 0x0001_0000;
    let flags = if call.sysno == Sysno::clone3 {
        facts.bytes(call.args[0], 8).and_then(|bytes| Some(u64::from_ne_bytes(bytes.try_into().ok()?)))
    } else {
        Some(call.args[0])
    };
    flags.is_some_and(|flags| flags & THREAD != 0)
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Resource::Descriptors => "descriptors",
            Resource::Disk => "bytes written",
            Resource::Memory => "mapped bytes",
            Resource::Threads => "threads",
        })
    }
}
