//! A stopped thread's registers, by what they mean to a system call. The only file of this mechanism that knows the
//! architecture.
//!
//! # Kernel
//! syscall(2); `arch/x86/entry/common.c`: the number is taken from `orig_rax` after all tracers had their say, and a
//! call with the number -1 is not executed and leaves `rax` as it is.

use crate::sys::SysError;
use crate::sys::ptrace::{self, RawRegisters};
use model::{Errno, Sysno, Tid};

/// `AUDIT_ARCH_X86_64` of `include/uapi/linux/audit.h`: a call of this machine's own kind.
pub(super) const NATIVE: u32 = 0xc000_003e;

/// No call.
const NONE: u64 = u64::MAX;

/// What the kernel answers itself where a call is to be made again (`include/linux/errno.h`): `ERESTARTSYS`,
/// `ERESTARTNOINTR`, `ERESTARTNOHAND`, `ERESTART_RESTARTBLOCK`.
const RESTARTS: [i64; 4] = [-512, -513, -514, -516];

/// The registers of a stopped thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Registers(RawRegisters);

impl Registers {
    /// Takes them.
    pub(super) fn of(tid: Tid) -> Result<Registers, SysError> {
        ptrace::registers(tid).map(Registers)
    }

    /// Gives them.
    pub(super) fn put(&self, tid: Tid) -> Result<(), SysError> {
        ptrace::set_registers(tid, &self.0)
    }

    /// Which call, before it; nothing where there is none.
    pub(super) fn sysno(&self) -> Option<Sysno> {
        u32::try_from(self.0.orig_rax).ok().map(Sysno)
    }

    /// The instruction behind the one that made the call.
    pub(super) fn pc(&self) -> u64 {
        self.0.rip
    }

    pub(super) fn args(&self) -> [u64; 6] {
        let Registers(raw) = self;
        [raw.rdi, raw.rsi, raw.rdx, raw.r10, raw.r8, raw.r9]
    }

    /// Changes one argument, 0 to 5.
    pub(super) fn set_arg(&mut self, arg: u8, value: u64) {
        let Registers(raw) = self;
        let args = [&mut raw.rdi, &mut raw.rsi, &mut raw.rdx, &mut raw.r10, &mut raw.r8, &mut raw.r9];
        if let Some(register) = args.into_iter().nth(arg.into()) {
            *register = value;
        }
    }

    /// Before a call: makes it another. Behind it: the one that is made again, should the kernel think that one must be.
    pub(super) fn set_sysno(&mut self, sysno: Sysno) {
        self.0.orig_rax = sysno.0.into();
    }

    /// Before a call: nothing is executed, and this is the result.
    pub(super) fn skip(&mut self, result: i64) {
        self.0.orig_rax = NONE;
        self.set_told(result);
    }

    /// Behind a call: what it returned, where a call that will be made again counts as interrupted.
    pub(super) fn result(&self) -> i64 {
        let raw = self.0.rax.cast_signed();
        if RESTARTS.contains(&raw) { -i64::from(Errno::EINTR.raw()) } else { raw }
    }

    /// Behind a call: what the caller is told.
    pub(super) fn set_told(&mut self, told: i64) {
        self.0.rax = told.cast_unsigned();
    }

    /// Puts back what a caller can see of a call that was changed.
    pub(super) fn restore_call(&mut self, made: &Registers) {
        for (arg, value) in (0..).zip(made.args()) {
            self.set_arg(arg, value);
        }
        self.0.orig_rax = made.0.orig_rax;
    }

    /// Where in its code and on its stack the thread is; it is there again when a call has returned.
    pub(super) fn place(&self) -> (u64, u64) {
        (self.0.rip, self.0.rsp)
    }

    /// As the kernel leaves a call that a signal interrupted: whether it is made again is up to the handler.
    pub(super) fn interrupt(&mut self, sysno: Sysno) {
        self.set_sysno(sysno);
        self.set_told(RESTARTS[0]);
    }

    /// As seccomp leaves a call that it trapped: the number is where the result would be.
    pub(super) fn trap(&mut self, sysno: Sysno) {
        self.set_sysno(sysno);
        self.0.rax = self.0.orig_rax;
    }
}
