//! An interest, compiled into the program that the kernel runs on every system call of a subject.
//!
//! seccompiler makes the program. It knows no notification, so the matching returns are compiled as
//! `SECCOMP_RET_TRACE` with a mark and rewritten; and it kills processes of another architecture, which we let run
//! untouched instead: a test that starts a 32-bit program is not to die of being watched.

use crate::Error;
use model::Interest;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};

/// The data of the `TRACE` returns that become notifications. Any value does; no other return carries it.
const MARK: u16 = 0xd0d0;

/// `BPF_RET | BPF_K` of `include/uapi/linux/bpf_common.h`: return the constant `k`.
const RETURN_CONSTANT: u16 = 0x06;

/// A compiled filter.
#[derive(Debug, Clone)]
pub struct Filter {
    program: BpfProgram,
}

/// This machine's architecture, as seccompiler names it.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

impl Filter {
    /// Compiles a filter that notifies of these calls and allows all others.
    ///
    /// # Errors
    /// [`Error::CompileFilter`] where the program gets too long (more than 818 calls; no architecture has as many).
    pub fn compile(interest: &Interest) -> Result<Filter, Error> {
        let failed = |error: seccompiler::BackendError| Error::CompileFilter {
            calls: interest.len(),
            reason: error.to_string(),
        };
        let rules = interest.iter().map(|sysno| (i64::from(sysno.0), Vec::new())).collect();
        let filter =
            SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Trace(MARK.into()), ARCHITECTURE)
                .map_err(failed)?;
        let mut program: BpfProgram = filter.try_into().map_err(failed)?;
        for instruction in program.iter_mut().filter(|instruction| instruction.code == RETURN_CONSTANT) {
            if instruction.k == libc::SECCOMP_RET_TRACE | u32::from(MARK) {
                instruction.k = libc::SECCOMP_RET_USER_NOTIF;
            } else if instruction.k == libc::SECCOMP_RET_KILL_PROCESS {
                instruction.k = libc::SECCOMP_RET_ALLOW;
            }
        }
        Ok(Filter { program })
    }

    /// The instructions as the shim passes them to the kernel: `struct sock_filter` after `struct sock_filter`.
    pub fn instructions(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.program.len() * 8);
        for instruction in &self.program {
            bytes.extend_from_slice(&instruction.code.to_ne_bytes());
            bytes.push(instruction.jt);
            bytes.push(instruction.jf);
            bytes.extend_from_slice(&instruction.k.to_ne_bytes());
        }
        bytes
    }

    /// The program as this process would put it on itself.
    #[cfg(test)]
    pub(crate) fn raw(&self) -> Vec<libc::sock_filter> {
        let convert = |one: &seccompiler::sock_filter| libc::sock_filter {
            code: one.code,
            jt: one.jt,
            jf: one.jf,
            k: one.k,
        };
        self.program.iter().map(convert).collect()
    }

    /// How many instructions it has.
    pub fn len(&self) -> usize {
        self.program.len()
    }

    /// Whether it has no instruction; none that was compiled has.
    pub fn is_empty(&self) -> bool {
        self.program.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interp::{Data, run};
    use model::Sysno;
    use proptest::prelude::*;

    /// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_I386` of `include/uapi/linux/audit.h`.
    const X86_64: u32 = 0xc000_003e;
    const I386: u32 = 0x4000_0003;

    fn decide(filter: &Filter, arch: u32, nr: u32) -> u32 {
        run(&filter.instructions(), &Data { nr, arch, ..Data::default() })
            .expect("a compiled program is sound")
    }

    #[test]
    fn other_architectures_run_untouched() {
        let filter = Filter::compile(&Interest::from_iter([Sysno::openat])).unwrap();
        assert_eq!(decide(&filter, X86_64, Sysno::openat.0), libc::SECCOMP_RET_USER_NOTIF);
        assert_eq!(decide(&filter, I386, Sysno::openat.0), libc::SECCOMP_RET_ALLOW);
        // x32 calls have bit 30 set; they are others by number.
        assert_eq!(decide(&filter, X86_64, Sysno::openat.0 | 1 << 30), libc::SECCOMP_RET_ALLOW);
    }

    #[test]
    fn every_call_of_the_machine_fits_one_filter() {
        let filter = Filter::compile(&Sysno::all().collect()).unwrap();
        assert!(filter.len() <= 4096, "{}", filter.len());
        for sysno in Sysno::all() {
            assert_eq!(decide(&filter, X86_64, sysno.0), libc::SECCOMP_RET_USER_NOTIF, "{sysno}");
        }
    }

    proptest! {
        #[test]
        fn a_filter_notifies_of_its_interest_and_nothing_else(
            numbers in proptest::collection::btree_set(0_u32..470, 0..80), nr in 0_u32..1000
        ) {
            let interest: Interest = numbers.iter().copied().map(Sysno).collect();
            let filter = Filter::compile(&interest).unwrap();
            let expected =
                if numbers.contains(&nr) { libc::SECCOMP_RET_USER_NOTIF } else { libc::SECCOMP_RET_ALLOW };
            prop_assert_eq!(decide(&filter, X86_64, nr), expected);
        }
    }
}
