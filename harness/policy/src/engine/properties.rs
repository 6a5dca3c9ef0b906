//! What is true of the decisions of every plan.

use super::*;
use crate::sample::{self, Tracee, any_call, any_rhythm, any_sifted_spec, any_spec};
use crate::{Burst, Limit, Rate, When};
use model::{NoFacts, Sysno, Tid};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

fn call(name: &str, args: [u64; 6]) -> Call {
    Call { tid: Tid(1), sysno: Sysno::from_name(name).expect(name), args, pc: 0 }
}

/// What is decided of these calls, and who counted them.
pub(super) fn decide(mut engine: Engine, calls: &[(Call, Nanos)]) -> Vec<(Vec<RuleId>, Decision)> {
    let mut one = |(call, now): &(Call, Nanos)| {
        let mut tracee = Tracee { tid: call.tid.0, descriptors: 9, mapped: 1 << 20, threads: 3 };
        let decision = engine.decide(call, *now, &mut tracee);
        (engine.matched().to_vec(), decision)
    };
    calls.iter().map(&mut one).collect()
}

/// What these decisions hit, as a journal would tell it.
pub(super) fn hits(decided: &[(Vec<RuleId>, Decision)], calls: &[(Call, Nanos)]) -> Vec<Hit> {
    let hit = |((_, decision), (call, _)): (&(Vec<RuleId>, Decision), &(Call, Nanos))| match decision {
        Decision::Pass => None,
        Decision::Inject { rule, occurrence, fault: _ } => {
            let key = OccurrenceKey::of(sample::caller(call.tid.0).as_ref(), call.sysno);
            Some(Hit { rule: *rule, occurrence: *occurrence, key: Some(key) })
        }
    };
    decided.iter().zip(calls).filter_map(hit).collect()
}

/// Calls, and after how many nanoseconds each is made.
fn any_calls() -> impl Strategy<Value = Vec<(Call, Nanos)>> {
    vec((any_call(), 0..1000_u64), 0..120).prop_map(|calls| {
        let mut now = 0;
        let mut at = |pause| {
            now += pause;
            Nanos(now)
        };
        calls.into_iter().map(|(call, pause)| (call, at(pause))).collect()
    })
}

/// The fault that a call gets, with nothing to ask.
fn fault(engine: &mut Engine, call: &Call, facts: &mut dyn Facts) -> Option<Fault> {
    match engine.decide(call, Nanos(0), facts) {
        Decision::Pass => None,
        Decision::Inject { rule: _, occurrence: _, fault } => Some(fault),
    }
}

proptest! {
    #[test]
    fn the_same_is_decided_again_and_in_a_replay(
        specs in vec(prop_oneof![any_spec(), any_sifted_spec()], 1..5),
        calls in any_calls(),
        counting in select(vec![Counting::AsAsked, Counting::BySite]),
        seed: u64,
    ) {
        let plan = sample::plan(&specs);
        let decided = decide(Engine::new(&plan, seed, "s", counting), &calls);
        prop_assert_eq!(&decide(Engine::new(&plan, seed, "s", counting), &calls), &decided);
        // A replay takes its own time.
        let slower: Vec<_> = calls.iter().map(|(call, now)| (*call, Nanos(now.0 * 7 + 5))).collect();
        let replay = Engine::replaying(&plan, seed, "s", hits(&decided, &calls), counting);
        prop_assert_eq!(&decide(replay, &slower), &decided);
        for (matched, decision) in &decided {
            if let Decision::Inject { rule, .. } = decision {
                prop_assert!(matched.contains(rule));
            }
        }
    }

    #[test]
    fn when_and_rate_and_burst_and_limit_hit_what_a_naive_model_hits(
        (first, more, step) in (1..9_u64, option::of(0..60_u64), 1..4_u64),
        rate in option::of(0.2..=1.0_f64),
        burst in option::of((1..4_u64, 1..6_u64)),
        limit in option::of((1..6_u64, option::of(1..3000_u64))),
        pauses in vec(0..1000_u64, 0..100),
        seed: u64,
    ) {
        let last = more.map(|more| first + more);
        let mut plan = sample::plan(&["read:error=EIO:name=a"]);
        let rule = &mut plan.rules[0];
        rule.when = When::new(first, last, step).expect("sound");
        rule.rate = rate.and_then(Rate::new);
        rule.burst = burst.and_then(|(hits, pause)| Burst::new(hits, pause));
        rule.limit = limit.and_then(|(hits, ns)| Limit::new(hits, ns.map(Duration::from_nanos)));
        let (mut engine, stream) = (Engine::new(&plan, seed, "s", Counting::AsAsked), Stream::new(seed, "s", "a"));
        let (mut now, mut hit_at) = (0, Vec::new());
        for (n, pause) in (1..).zip(pauses) {
            now += pause;
            let is_listed = n >= first && last.is_none_or(|last| n <= last) && (n - first) % step == 0;
            let is_lucky = rate.is_none_or(|rate| stream.unit(n) < rate);
            let row = burst.is_none_or(|(hits, pause)| {
                let cycle = std::iter::repeat_n(true, usize::try_from(hits).expect("few"))
                    .chain(std::iter::repeat_n(false, usize::try_from(pause).expect("few")));
                n >= first && cycle.collect::<Vec<_>>().iter().cycle().nth(usize::try_from(n - first).expect("few")) == Some(&true)
            });
            let is_allowed = limit.is_none_or(|(hits, within)| {
                let recent = hit_at.iter().filter(|at| within.is_none_or(|within| now - **at < within));
                recent.count() < usize::try_from(hits).expect("few")
            });
            let expect = is_listed && is_lucky && row && is_allowed;
            let decision = engine.decide(&call("read", [0; 6]), Nanos(now), &mut NoFacts);
            prop_assert_eq!(decision != Decision::Pass, expect, "occurrence {}", n);
            if expect {
                hit_at.push(now);
            }
        }
    }

    #[test]
    fn each_is_a_rule_of_its_own_for_every_call(rhythm in any_rhythm(), calls in any_calls(), seed: u64) {
        let each = sample::plan(&[format!("read,write,close:error=EIO{rhythm}:each:name=a")]);
        let alone = |name| format!("{name}:error=EIO{rhythm}:name=a/{name}");
        let apart = sample::plan(&["read", "write", "close"].map(alone));
        prop_assert_eq!(&each, &apart);
        let decided = decide(Engine::new(&each, seed, "s", Counting::AsAsked), &calls);
        prop_assert_eq!(decided, decide(Engine::new(&apart, seed, "s", Counting::AsAsked), &calls));
    }

    #[test]
    fn short_makes_counts_smaller_and_leaves_small_ones_alone(
        name in select(vec!["read", "write", "pwrite64", "getdents64", "sendto", "readlink"]),
        most in 1..100_u64,
        asked in prop_oneof![0..200_u32, any::<u32>()],
        garbage: u32,
    ) {
        let (call_shape, mut args) = (tables::shape(Sysno::from_name(name).expect(name)), [7; 6]);
        let count = call_shape.buffer.expect("a buffer").count;
        let is = |bits: u8| bits & (1 << count) != 0;
        args[usize::from(count)] = u64::from(garbage) << 32 | u64::from(asked);
        // What the kernel sees: of an int the lower half.
        let seen = if is(call_shape.narrow) { u64::from(asked) } else { args[usize::from(count)] };
        let is_negative = is(call_shape.signed) && asked.cast_signed() < 0;
        let plan = sample::plan(&[format!("{name}:short={most}")]);
        let fault = fault(&mut Engine::new(&plan, 0, "", Counting::AsAsked), &call(name, args), &mut NoFacts);
        let expect = (seen > most && !is_negative)
            .then(|| Fault { execution: Execution::Changed(vec![(count, most)]), ..Fault::default() });
        prop_assert_eq!(fault, expect);
    }

    #[test]
    fn a_full_disk_takes_no_byte_too_many_and_stays_full(
        limit in 0..500_u64,
        writes in vec((select(vec!["write", "pwrite64", "fallocate"]), 0..200_u64), 0..30),
        others in option::of(1..4_u64),
    ) {
        let mut specs = vec![format!("write,pwrite64,fallocate:max_disk={limit}")];
        specs.extend(others.map(|step| format!("write:error=EIO:when=1+{step}")));
        specs.reverse();
        let plan = sample::plan(&specs);
        let disk = RuleId(u32::try_from(plan.rules.len() - 1).expect("few"));
        let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
        let (mut taken, mut is_full) = (0, false);
        for (name, bytes) in writes {
            let count = if name == "fallocate" { 3 } else { 2 };
            let mut args = [0; 6];
            args[count] = bytes;
            match engine.decide(&call(name, args), Nanos(0), &mut NoFacts) {
                Decision::Pass => {
                    prop_assert!(!is_full || bytes == 0, "{} after the disk was full", bytes);
                    taken += bytes;
                }
                Decision::Inject { rule, .. } if rule != disk => {}
                Decision::Inject { fault, .. } => {
                    let left = limit - taken;
                    prop_assert!(bytes > left || is_full && bytes > 0);
                    if !is_full && left > 0 && count == 2 {
                        prop_assert_eq!(fault.execution, Execution::Changed(vec![(2, left)]));
                        taken += left;
                    } else {
                        prop_assert_eq!(fault, Fault::forced(ForcedResult::Error(Errno::ENOSPC)));
                    }
                    is_full = true;
                }
            }
            prop_assert!(taken <= limit);
        }
    }

    #[test]
    fn a_process_that_has_too_much_gets_no_more_until_it_gives_back(
        limit in 0..20_u64,
        states in vec((0..25_u64, 0..10_u64), 1..30),
    ) {
        const THREAD: u64 = 0x0001_0000;
        let plan = sample::plan(&[
            format!("openat:max_descriptors={limit}"),
            format!("mmap:max_memory={limit}"),
            format!("clone:max_threads={limit}"),
        ]);
        let error = |errno| Some(Fault::forced(ForcedResult::Error(errno)));
        let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
        for (has, asked) in states {
            let mut tracee = Tracee { tid: 1, descriptors: has, mapped: has, threads: has };
            let mut ask = |name, args| fault(&mut engine, &call(name, args), &mut tracee);
            prop_assert_eq!(ask("openat", [0; 6]), error(Errno::EMFILE).filter(|_| has >= limit));
            prop_assert_eq!(ask("mmap", [0, asked, 0, 0, 0, 0]), error(Errno::ENOMEM).filter(|_| has + asked > limit));
            prop_assert_eq!(ask("clone", [THREAD, 0, 0, 0, 0, 0]), error(Errno::EAGAIN).filter(|_| has >= limit));
            prop_assert_eq!(ask("clone", [0; 6]), None, "a process is no thread");
        }
        // A replay does what was done, whatever the process has now.
        let hit = |rule, occurrence| Hit { rule: RuleId(rule), occurrence, key: None };
        let mut replay = Engine::replaying(&plan, 0, "", [hit(0, 1), hit(1, 2)], Counting::AsAsked);
        let mut ask = |name| fault(&mut replay, &call(name, [0; 6]), &mut NoFacts);
        prop_assert_eq!(ask("openat"), error(Errno::EMFILE));
        prop_assert_eq!(ask("openat"), None);
        prop_assert_eq!(ask("mmap"), None);
        prop_assert_eq!(ask("mmap"), error(Errno::ENOMEM));
    }

    #[test]
    fn a_legal_error_is_one_of_the_calls_own_and_each_of_them_comes(
        name in select(vec!["read", "write", "openat", "connect", "close", "fsync", "mmap", "renameat2"]),
        key in select(vec!["error", "lie"]),
        seed: u64,
    ) {
        let legal = tables::legal(Sysno::from_name(name).expect(name)).expect("a page");
        let mut engine = Engine::new(&sample::plan(&[format!("{name}:{key}=legal")]), seed, "s", Counting::AsAsked);
        let mut drawn = BTreeSet::new();
        // The chance that one of 40 does not come in 40 * 40 draws is below 10^-15.
        for _ in 0..legal.len() * 40 {
            let fault = fault(&mut engine, &call(name, [0; 6]), &mut NoFacts).expect("every call is hit");
            prop_assert_eq!(fault.is_executed(), key == "lie");
            let Some(ForcedResult::Error(errno)) = fault.result else { panic!("{fault:?}") };
            drawn.insert(errno);
        }
        prop_assert_eq!(drawn, legal.iter().copied().collect::<BTreeSet<_>>());
    }

    #[test]
    fn what_is_drawn_lies_in_its_range_and_differs_from_call_to_call(seed: u64) {
        let plan = sample::plan(&["read:delay_enter=uniform(2ms,9ms):delay_exit=pareto(3ms,1.5)"]);
        let mut engine = Engine::new(&plan, seed, "s", Counting::AsAsked);
        let mut drawn = |_| fault(&mut engine, &call("read", [0; 6]), &mut NoFacts).expect("every call is hit");
        let faults: Vec<Fault> = (0..20).map(&mut drawn).collect();
        let ms = Duration::from_millis;
        prop_assert!(faults.iter().all(|fault| (ms(2)..=ms(9)).contains(&fault.delay_enter)));
        prop_assert!(faults.iter().all(|fault| fault.delay_exit >= ms(3) && fault.delay_exit <= crate::delay::LONGEST));
        let lengths: BTreeSet<[Duration; 2]> = faults.iter().map(|one| [one.delay_enter, one.delay_exit]).collect();
        prop_assert_eq!(lengths.len(), faults.len());
        // Otherwise a long wait before would always be a long wait after.
        let share = |length: Duration, least: Duration| length.as_secs_f64() / least.as_secs_f64();
        prop_assert!(faults.iter().any(|one| (share(one.delay_enter, ms(2)) > 2.0) != (share(one.delay_exit, ms(3)) > 1.6)));
    }

    #[test]
    fn a_rule_after_another_waits_until_that_one_has_fired(
        n in 1..6_u64,
        calls in vec(select(vec!["read", "write", "close"]), 0..40),
    ) {
        let plan = sample::plan(&[
            format!("read,close:error=EIO:each:when={n}:name=a"),
            "write:error=ENOSPC:where=after(a)".to_owned(),
            "write:delay_enter=1:where=!after(a)".to_owned(),
        ]);
        let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
        let mut made = [0; 2];
        for name in calls {
            let decision = engine.decide(&call(name, [0; 6]), Nanos(0), &mut NoFacts);
            let hit = match decision {
                Decision::Pass => None,
                Decision::Inject { rule, .. } => Some(rule.0),
            };
            if let Some(place) = ["read", "close"].iter().position(|one| *one == name) {
                made[place] += 1;
                prop_assert_eq!(hit.is_some(), made[place] == n);
                continue;
            }
            let has_fired = |place: usize| made[place] >= n;
            prop_assert_eq!(hit, Some(if has_fired(0) || has_fired(1) { 2 } else { 3 }));
        }
    }

    #[test]
    fn once_per_counts_the_first_call_for_each_value(fds in vec((0..4_u64, 0..3_u64), 0..40)) {
        let plan = sample::plan(&["read:error=EIO:where=once-per(fd)", "read:delay_enter=1:where=!fd(0) & once-per(fd,arg3)"]);
        let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
        let (mut fd_seen, mut both_seen) = (BTreeSet::new(), BTreeSet::new());
        for (fd, count) in fds {
            engine.decide(&call("read", [fd, 0, count, 0, 0, 0]), Nanos(0), &mut NoFacts);
            let mut expect = Vec::new();
            expect.extend(fd_seen.insert(fd).then_some(RuleId(0)));
            expect.extend((fd != 0 && both_seen.insert((fd, count))).then_some(RuleId(1)));
            prop_assert_eq!(engine.matched(), expect);
        }
    }
}
