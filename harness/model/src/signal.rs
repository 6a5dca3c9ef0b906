//! Signal numbers, typed.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A signal's number, 1 to 64.
///
/// # Kernel
/// signal(7); the numbers are those of x86-64 and aarch64, which agree. Real-time signals are written as the kernel
/// numbers them, from 32: what glibc calls `SIGRTMIN` is 34, for it keeps two for itself; Go and strace(1) do not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Signal(u8);

impl TryFrom<u8> for Signal {
    type Error = UnknownSignal;

    fn try_from(raw: u8) -> Result<Signal, UnknownSignal> {
        Signal::from_raw(raw.into()).ok_or(UnknownSignal)
    }
}

impl fmt::Display for UnknownSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no signal has this name or number")
    }
}

/// The first real-time signal, as the kernel numbers them.
const REAL_TIME: u8 = 32;
/// The last signal, `_NSIG`.
const LAST: u8 = 64;

/// The classic signals, from 1.
const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

/// Second names.
const ALIASES: [(&str, u8); 4] = [("SIGIOT", 6), ("SIGCLD", 17), ("SIGPOLL", 29), ("SIGUNUSED", 31)];

impl Signal {
    /// Ends a process, whatever it wants.
    pub const SIGKILL: Signal = Signal(9);
    /// Memory that is not there.
    pub const SIGSEGV: Signal = Signal(11);
    /// Urgent data; Go's runtime preempts with it.
    pub const SIGURG: Signal = Signal(23);
    /// A system call that is forbidden; what a seccomp filter's `TRAP` sends.
    pub const SIGSYS: Signal = Signal(31);

    /// The signal with this number, if there is one.
    pub fn from_raw(raw: i32) -> Option<Signal> {
        u8::try_from(raw).ok().filter(|raw| (1..=LAST).contains(raw)).map(Signal)
    }

    /// The number.
    pub fn raw(self) -> i32 {
        self.0.into()
    }

    /// The names of all classic signals, by number.
    pub fn names() -> impl Iterator<Item = &'static str> {
        NAMES.into_iter()
    }
}

/// The text is no signal's name or number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownSignal;

impl FromStr for Signal {
    type Err = UnknownSignal;

    /// Reads `SIGUSR1`, `USR1`, `10`, `SIGRTMIN+3` or `SIGRT_3` (strace's way of writing it).
    fn from_str(text: &str) -> Result<Signal, UnknownSignal> {
        if let Ok(number) = text.parse::<i32>() {
            return Signal::from_raw(number).ok_or(UnknownSignal);
        }
        let name = text.strip_prefix("SIG").unwrap_or(text);
        let real_time = match name.strip_prefix("RTMIN") {
            Some("") => Some("0"),
            Some(more) => more.strip_prefix('+'),
            None => name.strip_prefix("RT_"),
        };
        if let Some(offset) = real_time {
            let offset: u8 = offset.parse().map_err(|_| UnknownSignal)?;
            return Signal::from_raw(i32::from(REAL_TIME) + i32::from(offset)).ok_or(UnknownSignal);
        }
        let bare = |known: &str| known.strip_prefix("SIG") == Some(name);
        let classic = (1..).zip(NAMES).find(|(_, known)| bare(known)).map(|(number, _)| number);
        let alias = || ALIASES.iter().find(|(known, _)| bare(known)).map(|(_, number)| *number);
        classic.or_else(alias).map(Signal).ok_or(UnknownSignal)
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.get(usize::from(self.0) - 1) {
            Some(name) => f.write_str(name),
            None => write!(f, "SIGRTMIN+{}", self.0 - REAL_TIME),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_are_read_by_name_and_number() {
        for raw in 1..=64 {
            let signal = Signal::from_raw(raw).unwrap();
            assert_eq!(signal.to_string().parse(), Ok(signal));
            assert_eq!(raw.to_string().parse(), Ok(signal));
        }
        assert_eq!("USR1".parse(), Signal::from_raw(10).ok_or(UnknownSignal));
        assert_eq!("SIGRTMIN".parse(), Signal::from_raw(32).ok_or(UnknownSignal));
        assert_eq!("SIGRT_2".parse(), Signal::from_raw(34).ok_or(UnknownSignal));
        assert_eq!("SIGCLD".parse(), Signal::from_raw(17).ok_or(UnknownSignal));
        for none in ["0", "65", "-1", "SIG", "", "SIGRTMIN+33", "SIGRTMIN-1", "sigusr1", "SIGSIGUSR1"] {
            assert_eq!(none.parse::<Signal>(), Err(UnknownSignal), "{none}");
        }
    }
}
