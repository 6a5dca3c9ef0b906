//! An interest, compiled into the program that the kernel runs on every system call of a subject.
//!
//! A tree of comparisons finds the call's number, in so many steps as the logarithm of the calls; behind a leaf those who
//! want the call are asked in turn, and the first of them decides. What tests arguments is compiled by seccompiler, which
//! knows no notification and spells what it does know differently; so it compiles for one marked return, which is
//! rewritten. Processes of another architecture run untouched: a test that starts a 32-bit program is not to die of being
//! watched.
//!
//! # Kernel
//! `seccomp_cache_prepare` in `kernel/seccomp.c`, since 5.11: a call that is allowed whatever its arguments is looked up in
//! a bitmap and runs no program. The kernel finds out by emulating the program, and knows every instruction of the tree.
//! In hand-written programs of these shapes for 300 calls, with native getppid at 74 ns: a call that is not named takes 82 ns (bitmap), one whose conditions
//! do not hold 99 ns and a refused one 89 ns; asked one behind another it was 215 and 120 ns (Linux 6.18, x86-64).

use crate::Error;
use model::{Answer, ArgOp, ArgTest, Interest, Sieve, Sysno, Via, Victim, Width};
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

/// `BPF_JMP | BPF_JEQ | BPF_K` and `BPF_JMP | BPF_JGE | BPF_K`.
const JUMP_IF_EQUAL: u16 = 0x15;
const JUMP_IF_AT_LEAST: u16 = 0x35;
/// `BPF_LD | BPF_W | BPF_ABS`, and where `struct seccomp_data` has what we load.
const LOAD: u16 = 0x20;
const NUMBER_AT: u32 = 0;
const ARCHITECTURE_AT: u32 = 4;

/// How long a program may be: `BPF_MAXINSNS` of `include/uapi/linux/bpf_common.h`.
const LONGEST: usize = 4096;

/// This machine's architecture, as seccompiler names it.
#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: TargetArch = TargetArch::aarch64;

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_AARCH64` of `include/uapi/linux/audit.h`.
#[cfg(target_arch = "x86_64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCHITECTURE: u32 = 0xc000_00b7;

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
    /// [`Error::CompileFilter`] where the program gets longer than the kernel takes: about four instructions a call, and up to six
    /// for every test of an argument.
    pub fn compile(interest: &Interest) -> Result<Filter, Error> {
        let mut asked: BTreeMap<u32, Vec<(u32, &Sieve)>> = BTreeMap::new();
        let always = Sieve::always();
        let quiet = interest.quiet().iter().flat_map(|quiet| {
            let action = match quiet.answer {
                Answer::Fail(errno) => libc::SECCOMP_RET_ERRNO | errno.raw().unsigned_abs(),
                Answer::Kill(victim) => ending(victim),
            };
            quiet.calls.iter().map(move |(sysno, sieve)| (*sysno, action, sieve))
        });
        let traps = interest.traps().map(|(sysno, trap)| {
            let action = match trap.via {
                Via::Notify => libc::SECCOMP_RET_USER_NOTIF,
                Via::Trace => libc::SECCOMP_RET_TRACE | u32::from(MARK),
            };
            (sysno, action, &trap.sieve)
        });
        let ends = [Victim::Trapped, Victim::Thread, Victim::Process]
            .into_iter()
            .filter(|_| interest.can_kill())
            .map(|victim| (ending_number(victim), ending(victim), &always));
        for (sysno, action, sieve) in quiet.chain(traps).chain(ends) {
            asked.entry(sysno.0).or_default().push((action, sieve));
        }
        match link(&asked) {
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

/// One program that finds the number of a call in a tree and does what the first that wants the call says.
fn link(asked: &BTreeMap<u32, Vec<(u32, &Sieve)>>) -> Result<BpfProgram, BackendError> {
    let allow = vec![stmt(RETURN_CONSTANT, libc::SECCOMP_RET_ALLOW)];
    // Each leaf is what is done from a number on, up to the next leaf's.
    let mut leaves = vec![(0, allow.clone())];
    for (&number, answers) in asked {
        put(&mut leaves, number, leaf(number, answers)?);
        put(&mut leaves, number + 1, allow.clone());
    }
    let mut program = vec![
        stmt(LOAD, ARCHITECTURE_AT),
        sock_filter { code: JUMP_IF_EQUAL, jt: 1, jf: 0, k: AUDIT_ARCHITECTURE },
        stmt(RETURN_CONSTANT, libc::SECCOMP_RET_ALLOW),
        stmt(LOAD, NUMBER_AT),
    ];
    program.extend(tree(&leaves));
    if program.len() > LONGEST { Err(BackendError::FilterTooLarge(program.len())) } else { Ok(program) }
}

/// Lets something else be done from this number on, where it is something else.
fn put(leaves: &mut Vec<(u32, BpfProgram)>, number: u32, program: BpfProgram) {
    leaves.pop_if(|(from, _)| *from == number);
    if leaves.last().is_none_or(|(_, last)| *last != program) {
        leaves.push((number, program));
    }
}

/// Finds the leaf of the number that is loaded, by halving.
fn tree(leaves: &[(u32, BpfProgram)]) -> BpfProgram {
    if let [(_, program)] = leaves {
        return program.clone();
    }
    let (low, high) = leaves.split_at(leaves.len() / 2);
    let (from, low, high) = (high[0].0, tree(low), tree(high));
    let mut program = match u8::try_from(low.len()) {
        Ok(over) => vec![sock_filter { code: JUMP_IF_AT_LEAST, jt: over, jf: 0, k: from }],
        // A condition jumps no farther than 255.
        Err(_) => {
            let over = u32::try_from(low.len()).unwrap_or(u32::MAX);
            vec![sock_filter { code: JUMP_IF_AT_LEAST, jt: 0, jf: 1, k: from }, stmt(JUMP, over)]
        }
    };
    program.extend(low);
    program.extend(high);
    program
}

/// What is done to the call with this number.
fn leaf(number: u32, answers: &[(u32, &Sieve)]) -> Result<BpfProgram, BackendError> {
    let mut program = BpfProgram::new();
    for (action, sieve) in answers {
        if sieve.is_always() {
            program.push(stmt(RETURN_CONSTANT, *action));
            return Ok(program);
        }
        // What can never pass has no alternative, which seccompiler would take for "always".
        if !sieve.is_never() {
            let alternatives =
                sieve.alternatives().iter().map(|tests| rule(tests)).collect::<Result<_, _>>()?;
            program.extend(part([(i64::from(number), alternatives)].into(), *action)?);
        }
    }
    program.push(stmt(RETURN_CONSTANT, libc::SECCOMP_RET_ALLOW));
    Ok(program)
}

/// A program that does this to these calls and goes on behind its own end for all others.
fn part(rules: Rules, action: u32) -> Result<BpfProgram, BackendError> {
    let marked = SeccompAction::Trace(MARK.into());
    let mut program: BpfProgram =
        SeccompFilter::new(rules, SeccompAction::Allow, marked, ARCHITECTURE)?.try_into()?;
    // The check of the architecture, which is behind us; the number is loaded again, for tests load arguments.
    program.drain(..3);
    let length = u32::try_from(program.len()).map_err(|_| BackendError::FilterTooLarge(program.len()))?;
    let returns = (0..length).zip(&mut program).filter(|(_, one)| one.code == RETURN_CONSTANT);
    for (place, instruction) in returns {
        *instruction = match instruction.k {
            libc::SECCOMP_RET_ALLOW => stmt(JUMP, length - place - 1),
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
