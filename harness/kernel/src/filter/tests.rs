//! Filters against what they were compiled from: by interpreting them, and on the real kernel.

use super::*;
use crate::interp::{Data, run};
use crate::sys::seccomp;
use model::{Answer, Errno, Quiet};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// `AUDIT_ARCH_X86_64` and `AUDIT_ARCH_I386` of `include/uapi/linux/audit.h`.
const X86_64: u32 = 0xc000_003e;
const I386: u32 = 0x4000_0003;

fn decide(filter: &Filter, arch: u32, nr: u32, args: [u64; 6]) -> u32 {
    run(&filter.instructions(), &Data { nr, arch, args, ..Data::default() })
        .expect("a compiled program is sound")
}

/// What the interest says of a call, in the kernel's words.
fn expected(interest: &Interest, nr: u32, args: &[u64; 6]) -> u32 {
    let sysno = Sysno(nr);
    let quiet = interest.quiet().iter().find(|quiet| {
        let sieve = quiet.calls.get(&sysno);
        sieve.is_some_and(|sieve| sieve.passes(args))
    });
    if let Some(quiet) = quiet {
        return match quiet.answer {
            Answer::Fail(errno) => libc::SECCOMP_RET_ERRNO | errno.raw().cast_unsigned(),
            Answer::Kill(Victim::Thread) => libc::SECCOMP_RET_KILL_THREAD,
            Answer::Kill(Victim::Process) => libc::SECCOMP_RET_KILL_PROCESS,
            Answer::Kill(Victim::Trapped) => libc::SECCOMP_RET_TRAP,
        };
    }
    match interest.traps().find(|(trapped, trap)| *trapped == sysno && trap.sieve.passes(args)) {
        Some((_, trap)) if trap.via == Via::Notify => libc::SECCOMP_RET_USER_NOTIF,
        Some(_) => libc::SECCOMP_RET_TRACE | u32::from(MARK),
        None => libc::SECCOMP_RET_ALLOW,
    }
}

/// Numbers around which comparisons of halves go wrong.
fn word() -> impl Strategy<Value = u64> {
    const EDGES: [u64; 6] = [0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 1 << 32, 1 << 63, u64::MAX];
    prop_oneof![
        4 => (prop::sample::select(&EDGES[..]), 0..3_u64).prop_map(|(edge, more)| edge.wrapping_add(more)),
        1 => any::<u64>(),
        4 => 0..4_u64,
    ]
}

fn args() -> impl Strategy<Value = [u64; 6]> {
    vec(word(), 6).prop_map(|args| args.try_into().unwrap())
}

fn test() -> impl Strategy<Value = ArgTest> {
    let op = prop_oneof![
        Just(ArgOp::Eq),
        Just(ArgOp::Ne),
        Just(ArgOp::Lt),
        Just(ArgOp::Le),
        Just(ArgOp::Gt),
        Just(ArgOp::Ge),
        word().prop_map(ArgOp::Masked),
    ];
    let width = prop_oneof![Just(Width::Narrow), Just(Width::Wide)];
    (0..6_u8, width, op, word()).prop_map(|(arg, width, op, value)| ArgTest { arg, width, op, value })
}

fn sieve() -> impl Strategy<Value = Sieve> {
    prop_oneof![
        6 => vec(vec(test(), 1..4), 0..5).prop_map(Sieve::of),
        // So many tests that one jump does not reach over them.
        1 => vec(test(), 40..120).prop_map(|tests| Sieve::of(vec![tests])),
        1 => Just(Sieve::always()),
    ]
}

fn interest() -> impl Strategy<Value = Interest> {
    let via = prop_oneof![Just(Via::Notify), Just(Via::Trace)];
    let answer = prop_oneof![
        Just(Answer::Fail(Errno::EPERM)),
        Just(Answer::Fail(Errno::ENOSPC)),
        prop::sample::select(&[Victim::Trapped, Victim::Thread, Victim::Process][..]).prop_map(Answer::Kill),
    ];
    let quiet = (answer, btree_map(0..8_u32, sieve(), 1..4));
    (btree_map(0..8_u32, (via, sieve()), 0..6), vec(quiet, 0..3)).prop_map(|(traps, quiet)| {
        let mut interest = Interest::default();
        for (nr, (via, sieve)) in traps {
            interest.trap(Sysno(nr), via, sieve);
        }
        for (answer, calls) in quiet {
            let calls = calls.into_iter().map(|(nr, sieve)| (Sysno(nr), sieve)).collect();
            interest.answer_quietly(Quiet { answer, calls });
        }
        interest
    })
}

#[test]
fn other_architectures_run_untouched() {
    let mut interest = Interest::from_iter([Sysno::openat]);
    interest.trap(Sysno::read, Via::Trace, Sieve::always());
    interest.answer_quietly(Quiet {
        answer: Answer::Fail(Errno::EPERM),
        calls: [(Sysno::write, Sieve::always())].into(),
    });
    interest.let_kill();
    let filter = Filter::compile(&interest).unwrap();
    let killer = ending_number(Victim::Process);
    for sysno in [Sysno::openat, Sysno::read, Sysno::write, killer] {
        assert_ne!(decide(&filter, X86_64, sysno.0, [0; 6]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(decide(&filter, I386, sysno.0, [0; 6]), libc::SECCOMP_RET_ALLOW);
        // x32 calls have bit 30 set; they are others by number.
        assert_eq!(decide(&filter, X86_64, sysno.0 | 1 << 30, [0; 6]), libc::SECCOMP_RET_ALLOW);
    }
}

#[test]
fn every_call_of_the_machine_fits_one_filter() {
    let filter = Filter::compile(&Sysno::all().collect()).unwrap();
    for sysno in Sysno::all() {
        assert_eq!(decide(&filter, X86_64, sysno.0, [0; 6]), libc::SECCOMP_RET_USER_NOTIF, "{sysno}");
    }
}

#[test]
fn many_quiet_calls_take_few_instructions() {
    let mut interest = Interest::default();
    // Every other call, so that no two of them share a leaf.
    let calls: BTreeMap<_, _> = (0..300).map(|nr| (Sysno(nr * 2), Sieve::always())).collect();
    interest.answer_quietly(Quiet { answer: Answer::Fail(Errno::EPERM), calls });
    let filter = Filter::compile(&interest).unwrap();
    assert!(filter.len() < 300 * 5, "{}", filter.len());
    for nr in 0..700 {
        assert_eq!(decide(&filter, X86_64, nr, [0; 6]), expected(&interest, nr, &[0; 6]), "{nr}");
    }
}

#[test]
fn a_program_that_the_kernel_would_not_take_is_an_error_that_says_so() {
    let test = |value| vec![ArgTest { arg: 0, width: Width::Wide, op: ArgOp::Eq, value }];
    let mut interest = Interest::default();
    for nr in 0..3 {
        interest.trap(Sysno(nr), Via::Notify, Sieve::of((0..300).map(test).collect()));
        interest.trap(Sysno(nr + 9), Via::Trace, Sieve::of((0..100).map(test).collect()));
    }
    let error = Filter::compile(&interest).unwrap_err().to_string();
    assert!(error.contains("instructions, and the kernel takes 4096"), "{error}");
}

#[test]
fn a_listener_is_needed_for_notifications_alone() {
    let mut interest = Interest::default();
    interest.trap(Sysno::read, Via::Trace, Sieve::always());
    interest.answer_quietly(Quiet {
        answer: Answer::Fail(Errno::EPERM),
        calls: [(Sysno::write, Sieve::always())].into(),
    });
    assert!(!Filter::compile(&interest).unwrap().needs_listener());
    interest.trap(Sysno::write, Via::Notify, Sieve::always());
    assert!(Filter::compile(&interest).unwrap().needs_listener());
}

#[test]
fn the_filter_ends_threads_only_if_it_may_have_to() {
    let mut interest = Interest::from_iter([Sysno::read]);
    let ends = |interest: &Interest| {
        let filter = Filter::compile(interest).unwrap();
        [Victim::Trapped, Victim::Thread, Victim::Process]
            .map(|victim| decide(&filter, X86_64, ending_number(victim).0, [0; 6]))
    };
    assert_eq!(ends(&interest), [libc::SECCOMP_RET_ALLOW; 3]);
    interest.let_kill();
    assert_eq!(
        ends(&interest),
        [libc::SECCOMP_RET_TRAP, libc::SECCOMP_RET_KILL_THREAD, libc::SECCOMP_RET_KILL_PROCESS]
    );
}

/// Which of these calls a thread under this filter is refused.
fn refused_by_the_kernel(filter: &Filter, calls: &[[u64; 6]]) -> Vec<bool> {
    let program = filter.raw();
    std::thread::scope(|scope| {
        let caller = scope.spawn(|| {
            seccomp::no_new_privs().unwrap();
            seccomp::put_on(&program).unwrap();
            calls
                .iter()
                .map(|args| seccomp::getppid(args) == Err(crate::sys::SysError(libc::ENOSPC)))
                .collect()
        });
        caller.join().unwrap()
    })
}

proptest! {
    #[test]
    fn a_filter_does_what_its_interest_says(
        interest in interest(), calls in vec((0..9_u32, args()), 1..60)
    ) {
        let filter = Filter::compile(&interest).unwrap();
        for (nr, args) in calls {
            prop_assert_eq!(decide(&filter, X86_64, nr, args), expected(&interest, nr, &args), "{} {:?}", nr, args);
        }
    }

    #[test]
    fn the_kernel_agrees_on_what_passes_a_sieve(sieve in sieve(), calls in vec(args(), 1..40)) {
        let mut interest = Interest::default();
        interest.answer_quietly(Quiet { answer: Answer::Fail(Errno::ENOSPC), calls: [(Sysno::getppid, sieve.clone())].into() });
        let filter = Filter::compile(&interest).unwrap();
        let passes: Vec<bool> = calls.iter().map(|args| sieve.passes(args)).collect();
        prop_assert_eq!(refused_by_the_kernel(&filter, &calls), passes);
    }
}
