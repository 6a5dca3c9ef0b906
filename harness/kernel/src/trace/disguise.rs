//! Signals of ours that look like the kernel's.
//!
//! A signal that one process sends another names its sender. Ours are stopped on their way, and their `siginfo_t` is
//! rewritten: a handler sees what strace(1) shows it, for the kernel itself sends strace's. One that the thread blocks is not
//! delivered but fetched, by sigtimedwait(2) or a signalfd(2); the kernel itself sends that, when the call has returned.

use super::registers::NATIVE;
use crate::sys::ptrace::RawSiginfo;
use model::{Signal, Sysno};

/// `include/uapi/asm-generic/siginfo.h`.
const SYS_SECCOMP: i32 = 1;

/// A view of a `siginfo_t`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Siginfo(pub(super) RawSiginfo);

impl Siginfo {
    /// As of a signal that the kernel sends.
    pub(super) fn of_kernel(signal: Signal) -> Siginfo {
        let mut info = Siginfo([0; 16]);
        info.set_words(0, signal.raw(), 0);
        info.set_words(1, libc::SI_KERNEL, 0);
        info
    }

    /// As of the SIGSYS that seccomp sends for a call made here.
    ///
    /// # Kernel
    /// `force_sig_seccomp` in `kernel/signal.c`; the address is the one behind the instruction, as
    /// `KSTK_EIP` has it. `si_errno` carries the filter's data, of which ours has none.
    pub(super) fn of_seccomp(sysno: Sysno, address: u64) -> Siginfo {
        let mut info = Siginfo([0; 16]);
        info.set_words(0, libc::SIGSYS, 0);
        info.set_words(1, SYS_SECCOMP, 0);
        info.0[2] = address;
        info.set_words(3, sysno.0.cast_signed(), NATIVE.cast_signed());
        info
    }

    pub(super) fn signal(&self) -> i32 {
        self.words(0)[0]
    }

    /// Whether tkill(2) sent it, from this process. A sender that the receiver's pid namespace does not know is 0.
    pub(super) fn is_sent_by(&self, process: i32) -> bool {
        let sender = self.words(2)[0];
        self.words(1)[0] == libc::SI_TKILL && (sender == process || sender == 0)
    }

    /// Whether seccomp sent it, and for which number.
    pub(super) fn trapped(&self) -> Option<u32> {
        let is_trap = self.signal() == libc::SIGSYS && self.words(1)[0] == SYS_SECCOMP;
        is_trap.then(|| self.words(3)[0].cast_unsigned())
    }

    fn words(&self, at: usize) -> [i32; 2] {
        let [a, b, c, d, e, f, g, h] = self.0[at].to_ne_bytes();
        [i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h])]
    }

    fn set_words(&mut self, at: usize, low: i32, high: i32) {
        let ([a, b, c, d], [e, f, g, h]) = (low.to_ne_bytes(), high.to_ne_bytes());
        self.0[at] = u64::from_ne_bytes([a, b, c, d, e, f, g, h]);
    }
}
