//! An interest, compiled into the program that the kernel runs on every system call of a subject.
//!
//! seccompiler makes one program for each thing that is done, and they are linked one behind another: where one would let
//! a call through, the next is asked, and the last lets it through. seccompiler knows no notification, and what it does
//! know it spells differently; so all of them are compiled for one marked return, which is rewritten. It also kills
//! processes of another architecture, which we let run untouched: a test that starts a 32-bit program is not to die of
//! being watched.

use crate::Error;
use model::{ArgOp, ArgTest, Interest, Sieve, Sysno, Via, Victim, Width};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// What a tracer finds in the message of a stop that our filter asked for. Any value does.
pub(crate) const MARK: u16 = 0xd0d0;

/// `BPF_RET | BPF_K` of `include/uapi/linux/bpf_common.h`: return the constant `k`.
const RETURN_CONSTANT: u16 = 0x06;
/// `BPF_JMP | BPF_JA`: skip `k` instructions.
const JUMP: u16 = 0x05;

/// How long a program may be: `BPF_MAXINSNS` of `include/uapi/linux/bpf_common.h`.
const LONGEST: usize = 4096;

/// This machine's architecture, as seccompiler names it.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

/// A compiled filter.
#[derive(Debug, Clone)]
pub struct Filter {
    program: BpfProgram,
    needs_listener: bool,
}

/// The calls that something is done to, each with the alternatives of its sieve; none means always.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;

impl Filter {
    /// Compiles a filter that does what the interest says, and allows all other calls.
    ///
    /// # Errors
    /// [`Error::CompileFilter`] where the program gets longer than the kernel takes: five instructions a call, and up to six
    /// for every test of an argument.
    pub fn compile(interest: &Interest) -> Result<Filter, Error> {
        let traps = |via| {
            let trapped = interest.traps().filter(move |(_, trap)| trap.via == via);
            rules(trapped.map(|(sysno, trap)| (sysno, &trap.sieve)))
        };
        let quiet = interest.quiet().iter().map(|quiet| {
            let errno = libc::SECCOMP_RET_ERRNO | quiet.errno.raw().unsigned_abs();
            (errno, rules(quiet.calls.iter().map(|(sysno, sieve)| (*sysno, sieve))))
        });
        let ends = [Victim::Trapped, Victim::Thread, Victim::Process]
            .map(|victim| (ending(victim), rules([(ending_number(victim), &Sieve::always())])));
        let parts = quiet
            .chain([
                (libc::SECCOMP_RET_USER_NOTIF, traps(Via::Notify)),
                (libc::SECCOMP_RET_TRACE | u32::from(MARK), traps(Via::Trace)),
            ])
            .chain(ends.into_iter().filter(|_| interest.can_kill()));
        match link(parts) {
            Ok(program) => Ok(Filter { program, needs_listener: interest.needs(Via::Notify) }),
            Err(error) => {
                let quiet: usize = interest.quiet().iter().map(|quiet| quiet.calls.len()).sum();
                Err(Error::CompileFilter { calls: interest.len() + quiet, reason: reason(&error) })
            }
        }
    }

    /// Whether it notifies of anything, so that it must be put on with a listener.
    pub fn needs_listener(&self) -> bool {
        self.needs_listener
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
        let convert =
            |one: &sock_filter| libc::sock_filter { code: one.code, jt: one.jt, jf: one.jf, k: one.k };
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

/// The number that a tracer puts in the place of a call's, so that the filter ends its caller.
///
/// No architecture has calls with such numbers, and they have no bit that means something else (bit 30 is x32's).
///
/// # Kernel
/// `seccomp_run_filters` runs again behind a tracer's stop, on what the tracer left (`recheck_after_trace` in
/// `kernel/seccomp.c`, since 4.8).
pub(crate) fn ending_number(victim: Victim) -> Sysno {
    Sysno(match victim {
        Victim::Trapped => 0x2d0d_0001,
        Victim::Thread => 0x2d0d_0002,
        Victim::Process => 0x2d0d_0003,
    })
}

/// What the filter answers to that number.
fn ending(victim: Victim) -> u32 {
    match victim {
        Victim::Trapped => libc::SECCOMP_RET_TRAP,
        Victim::Thread => libc::SECCOMP_RET_KILL_THREAD,
        Victim::Process => libc::SECCOMP_RET_KILL_PROCESS,
    }
}

fn rules<'a>(calls: impl IntoIterator<Item = (Sysno, &'a Sieve)>) -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    // What can never pass has no alternative, which seccompiler would take for "always".
    for (sysno, sieve) in calls.into_iter().filter(|(_, sieve)| !sieve.is_never()) {
        let alternatives = if sieve.is_always() {
            Vec::new()
        } else {
            sieve.alternatives().iter().map(|tests| rule(tests)).collect::<Result<_, _>>()?
        };
        rules.insert(i64::from(sysno.0), alternatives);
    }
    Ok(rules)
}

fn rule(tests: &[ArgTest]) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(tests.iter().map(condition).collect::<Result<_, _>>()?)
}

fn condition(test: &ArgTest) -> Result<SeccompCondition, BackendError> {
    let width = match test.width {
        Width::Narrow => SeccompCmpArgLen::Dword,
        Width::Wide => SeccompCmpArgLen::Qword,
    };
    let op = match test.op {
        ArgOp::Eq => SeccompCmpOp::Eq,
        ArgOp::Ne => SeccompCmpOp::Ne,
        ArgOp::Lt => SeccompCmpOp::Lt,
        ArgOp::Le => SeccompCmpOp::Le,
        ArgOp::Gt => SeccompCmpOp::Gt,
        ArgOp::Ge => SeccompCmpOp::Ge,
        ArgOp::Masked(mask) => SeccompCmpOp::MaskedEq(mask),
    };
    SeccompCondition::new(test.arg, width, op, test.value)
}

/// One program that asks each of these in turn, and allows what none of them wants.
fn link(parts: impl Iterator<Item = (u32, Result<Rules, BackendError>)>) -> Result<BpfProgram, BackendError> {
    let mut program = BpfProgram::new();
    for (action, rules) in parts {
        program.extend(part(rules?, action)?);
    }
    program.push(stmt(RETURN_CONSTANT, libc::SECCOMP_RET_ALLOW));
    if program.len() > LONGEST { Err(BackendError::FilterTooLarge(program.len())) } else { Ok(program) }
}

/// A program that does this to these calls and goes on behind its own end for all others.
fn part(rules: Rules, action: u32) -> Result<BpfProgram, BackendError> {
    if rules.is_empty() {
        return Ok(BpfProgram::new());
    }
    let marked = SeccompAction::Trace(MARK.into());
    let mut program: BpfProgram =
        SeccompFilter::new(rules, SeccompAction::Allow, marked, ARCHITECTURE)?.try_into()?;
    let length = u32::try_from(program.len()).map_err(|_| BackendError::FilterTooLarge(program.len()))?;
    let returns = (0..length).zip(&mut program).filter(|(_, one)| one.code == RETURN_CONSTANT);
    for (place, instruction) in returns {
        *instruction = match instruction.k {
            libc::SECCOMP_RET_ALLOW => stmt(JUMP, length - place - 1),
            // The check of the architecture.
            libc::SECCOMP_RET_KILL_PROCESS => stmt(RETURN_CONSTANT, libc::SECCOMP_RET_ALLOW),
            _ => stmt(RETURN_CONSTANT, action),
        };
    }
    Ok(program)
}

fn stmt(code: u16, k: u32) -> sock_filter {
    sock_filter { code, jt: 0, jf: 0, k }
}

fn reason(error: &BackendError) -> String {
    match error {
        BackendError::FilterTooLarge(length) => {
            format!("they take {length} instructions, and the kernel takes {LONGEST}")
        }
        other => other.to_string(),
    }
}
