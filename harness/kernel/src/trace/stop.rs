//! What wait(2) says of a traced thread.

use model::Signal;

/// One thing that happened to a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    /// It ended.
    Ended,
    /// The filter says that its call is ours.
    Seccomp,
    /// It is at the entry or the exit of a call.
    Syscall,
    /// It made a thread or process.
    Cloned,
    /// It became another program.
    Execed,
    /// It is new, or was interrupted by us, or a stop of its whole process ended.
    Trapped,
    /// Its whole process is stopped, as by SIGSTOP.
    Group,
    /// A signal is to be delivered.
    Signal(Signal),
}

/// `include/uapi/linux/ptrace.h`; the libc crate has it for some C libraries only.
const PTRACE_EVENT_STOP: i32 = 128;

impl Stop {
    /// Reads a status.
    ///
    /// # Kernel
    /// ptrace(2), "Stopped states": the event is in the third byte, bit 7 of the signal marks a stop at a call.
    pub(super) fn from_status(status: i32) -> Stop {
        if !libc::WIFSTOPPED(status) {
            return Stop::Ended;
        }
        let signal = libc::WSTOPSIG(status);
        match status >> 16 {
            libc::PTRACE_EVENT_SECCOMP => Stop::Seccomp,
            libc::PTRACE_EVENT_CLONE | libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK => Stop::Cloned,
            libc::PTRACE_EVENT_EXEC => Stop::Execed,
            PTRACE_EVENT_STOP if signal != libc::SIGTRAP => Stop::Group,
            0 if signal == libc::SIGTRAP | 0x80 => Stop::Syscall,
            0 => Signal::from_raw(signal).map_or(Stop::Trapped, Stop::Signal),
            _ => Stop::Trapped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_as_ptrace_defines_them() {
        let stopped = |event: i32, signal: i32| Stop::from_status(event << 16 | signal << 8 | 0x7f);
        assert_eq!(Stop::from_status(0), Stop::Ended);
        assert_eq!(Stop::from_status(9), Stop::Ended);
        assert_eq!(Stop::from_status(3 << 8), Stop::Ended);
        assert_eq!(stopped(0, 10), Stop::Signal(Signal::from_raw(10).unwrap()));
        assert_eq!(stopped(0, 5), Stop::Signal(Signal::from_raw(5).unwrap()), "a breakpoint of its own");
        assert_eq!(stopped(0, 64), Stop::Signal(Signal::from_raw(64).unwrap()), "the last real-time signal");
        assert_eq!(stopped(0, 0x85), Stop::Syscall);
        assert_eq!(stopped(7, 5), Stop::Seccomp);
        assert_eq!([1, 2, 3].map(|event| stopped(event, 5)), [Stop::Cloned; 3]);
        assert_eq!(stopped(4, 5), Stop::Execed);
        assert_eq!(stopped(128, 5), Stop::Trapped);
        assert_eq!([19, 20, 21, 22].map(|signal| stopped(128, signal)), [Stop::Group; 4]);
    }
}
