//! What is true of rules that count by key: in whatever order the keys' calls come, the same of them are hit.

use super::properties::{decide, hits};
use super::*;
use crate::sample::{self, any_question_who};
use model::{Sysno, Tid};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use std::collections::BTreeSet;

/// What was decided of a call: who counted it, and what happened to it.
type Decided = (Vec<RuleId>, Decision);

/// A call of this thread, which stands for a test and a site.
fn call((tid, sysno): (i32, Sysno), count: u64) -> Call {
    Call { tid: Tid(tid), sysno, args: [3, 0, count, 0, 0, 0], pc: 0 }
}

/// Calls of some twenty keys, by test, site and system call; a few keys have calls of two threads.
fn any_calls() -> impl Strategy<Value = Vec<Call>> {
    let key = (0..13_i32, select(vec![Sysno::read, Sysno::write]));
    vec((key, 0..3_u64).prop_map(|(key, count)| call(key, count)), 0..150)
}

/// Two orders of the same calls; each key's own are in the same order in both.
fn any_interleavings() -> impl Strategy<Value = [Vec<Call>; 2]> {
    any_calls().prop_flat_map(|calls| {
        let keys: Vec<OccurrenceKey> = calls.iter().map(key).collect();
        (Just(calls), Just(keys).prop_shuffle()).prop_map(|(calls, turns)| {
            let other = turns.iter().enumerate().filter_map(|(at, turn)| {
                let before = turns[..at].iter().filter(|one| *one == turn).count();
                calls.iter().filter(|call| key(call) == *turn).nth(before).copied()
            });
            let other = other.collect();
            [calls, other]
        })
    })
}

fn key(call: &Call) -> OccurrenceKey {
    OccurrenceKey::of(sample::caller(call.tid.0).as_ref(), call.sysno)
}

/// Which of them are hit, with numbers small enough for the calls there are; without what is the whole rule's.
fn any_rhythm() -> impl Strategy<Value = String> {
    (
        option::of((1..4_u64, 1..4_u64).prop_map(|(first, step)| format!(":when={first}+{step}"))),
        option::of(select(vec![":rate=0.3", ":rate=0.7"])),
        option::of((1..3_u64, 1..3_u64).prop_map(|(hits, pause)| format!(":burst={hits}/{pause}"))),
    )
        .prop_map(|(when, rate, burst)| {
            [when.as_deref(), rate, burst.as_deref()].into_iter().flatten().collect()
        })
}

fn any_deed() -> impl Strategy<Value = &'static str> {
    select(vec![
        "error=EIO",
        "error=legal",
        "short=1",
        "delay_enter=uniform(1ms,9ms):delay_exit=exponential(1ms)",
    ])
}

/// A rule that counts by key of its own accord.
fn any_asking_spec() -> impl Strategy<Value = String> {
    let condition = (select(vec!["", "!"]), any_question_who(), select(vec!["", " & arg(3 > 0)"]));
    (any_deed(), any_rhythm(), condition).prop_map(|(deed, rhythm, (not, question, more))| {
        format!("read,write:{deed}{rhythm}:where={not}{question}{more}")
    })
}

/// A rule that does so only where all do.
fn any_plain_spec() -> impl Strategy<Value = String> {
    (any_deed(), any_rhythm(), select(vec!["", ":where=arg(3 > 0)"]))
        .prop_map(|(deed, rhythm, condition)| format!("read,write:{deed}{rhythm}{condition}"))
}

/// What was decided, key by key.
fn by_key(engine: Engine, calls: &[Call]) -> BTreeMap<OccurrenceKey, Vec<Decided>> {
    let mut by_key: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (call, decided) in calls.iter().zip(decide(engine, &timed(calls))) {
        by_key.entry(key(call)).or_default().push(decided);
    }
    by_key
}

fn timed(calls: &[Call]) -> Vec<(Call, Nanos)> {
    (0..).map(Nanos).zip(calls).map(|(now, call)| (*call, now)).collect()
}

fn check(
    specs: &[String],
    [one, other]: [Vec<Call>; 2],
    seed: u64,
    counting: Counting,
) -> Result<(), TestCaseError> {
    let plan = sample::plan(specs);
    let planned = |calls: &[Call]| by_key(Engine::new(&plan, seed, "s", counting), calls);
    prop_assert_eq!(planned(&one), planned(&other));
    let recorded = decide(Engine::new(&plan, seed, "s", counting), &timed(&one));
    let recorded = hits(&recorded, &timed(&one));
    // A replay goes by what was recorded, not by chance.
    let replay = Engine::replaying(&plan, seed + 1, "s", recorded.clone(), counting);
    let again = decide(replay, &timed(&other));
    let set =
        |hits: Vec<Hit>| hits.iter().map(|hit| (hit.rule, hit.key, hit.occurrence)).collect::<BTreeSet<_>>();
    prop_assert_eq!(set(hits(&again, &timed(&other))), set(recorded));
    Ok(())
}

proptest! {
    #[test]
    fn rules_that_ask_who_calls_hit_the_same_in_any_order(
        specs in vec(any_asking_spec(), 1..4),
        orders in any_interleavings(),
        seed in 0..u64::MAX,
    ) {
        check(&specs, orders, seed, Counting::AsAsked)?;
    }

    #[test]
    fn by_site_all_rules_hit_the_same_in_any_order(
        specs in vec(prop_oneof![any_asking_spec(), any_plain_spec()], 1..4),
        orders in any_interleavings(),
        seed in 0..u64::MAX,
    ) {
        check(&specs, orders, seed, Counting::BySite)?;
    }

    #[test]
    fn a_rule_that_does_not_ask_decides_as_if_nobody_did(
        plain in any_plain_spec(),
        asking in any_asking_spec(),
        calls in any_calls(),
        seed: u64,
    ) {
        let [alone, beside] = [vec![format!("{plain}")], vec![plain, asking]].map(|specs| sample::plan(&specs));
        let decided = |plan: &Plan| decide(Engine::new(plan, seed, "s", Counting::AsAsked), &timed(&calls));
        let (mut number, is_first) = (0, |decision: &Decision| matches!(decision, Decision::Inject { rule: RuleId(0), .. }));
        for ((alone, one), (_, beside)) in decided(&alone).into_iter().zip(decided(&beside)) {
            number += u64::from(!alone.is_empty());
            if let Decision::Inject { occurrence, .. } = one {
                prop_assert_eq!(occurrence, number, "all calls are counted together");
            }
            prop_assert_eq!(one != Decision::Pass, is_first(&beside));
            prop_assert!(one == Decision::Pass || one == beside);
        }
    }
}

fn numbers(specs: &[&str], counting: Counting, calls: &[Call]) -> Vec<u64> {
    let decided = decide(Engine::new(&sample::plan(specs), 1, "s", counting), &timed(calls));
    let number = |decision: &Decision| match decision {
        Decision::Pass => 0,
        Decision::Inject { occurrence, .. } => *occurrence,
    };
    decided.iter().map(|(_, decision)| number(decision)).collect()
}

#[test]
fn the_third_time_is_that_of_each_test_site_and_system_call() {
    let (a, b) = ((1, Sysno::read), (5, Sysno::read));
    let calls = [a, b, a, a, b, (1, Sysno::write), b, a].map(|key| call(key, 1));
    let asking = ["read,write:error=EIO:when=3:where=site(**)"];
    assert_eq!(numbers(&asking, Counting::AsAsked, &calls), [0, 0, 0, 3, 0, 0, 3, 0]);
    let once = ["read,write:error=EIO:where=once-per(site,arg3)"];
    assert_eq!(numbers(&once, Counting::AsAsked, &calls), [1, 1, 0, 0, 0, 0, 0, 0]);
    let plain = ["read,write:error=EIO:when=3"];
    assert_eq!(numbers(&plain, Counting::AsAsked, &calls), [0, 0, 3, 0, 0, 0, 0, 0]);
    assert_eq!(numbers(&plain, Counting::BySite, &calls), [0, 0, 0, 3, 0, 0, 3, 0]);
}

#[test]
fn a_limit_is_the_whole_rules() {
    let calls = [1, 5, 9, 1, 5, 9].map(|tid| call((tid, Sysno::read), 1));
    let limited = ["read:error=EIO:limit=4:where=site(**)"];
    assert_eq!(numbers(&limited, Counting::AsAsked, &calls), [1, 1, 1, 2, 0, 0]);
}

#[test]
fn chance_is_another_for_each_key() {
    let hit = |tid| {
        numbers(
            &["read:error=EIO:rate=0.5:where=site(**)"],
            Counting::AsAsked,
            &[call((tid, Sysno::read), 1); 64],
        )
    };
    assert_ne!(hit(1), hit(5));
    assert_eq!(hit(1), hit(1));
}

#[test]
fn callers_that_are_not_known_are_one_key_for_each_system_call() {
    let calls = [Sysno::read, Sysno::write, Sysno::read].map(|sysno| call((0, sysno), 1));
    assert_eq!(numbers(&["read,write:error=EIO"], Counting::BySite, &calls), [1, 1, 2]);
}

#[test]
fn an_engine_says_which_rules_count_by_key() {
    let plan = sample::plan(&["read:error=EIO", "read:error=EIO:where=test(TestA)"]);
    let counts = |counting| {
        let engine = Engine::new(&plan, 1, "s", counting);
        [0, 1, 2].map(|rule| engine.counts_by_key(RuleId(rule)))
    };
    assert_eq!(counts(Counting::AsAsked), [false, true, false]);
    assert_eq!(counts(Counting::BySite), [true, true, false]);
    assert!(plan.asks_who() && !plan.rules[0].asks_who());
}

#[test]
fn a_recorded_hit_without_a_key_is_none_where_keys_count() {
    let plan = sample::plan(&["read:error=EIO:where=site(**)"]);
    let recorded = [Hit { rule: RuleId(0), occurrence: 1, key: None }];
    let engine = Engine::replaying(&plan, 1, "s", recorded, Counting::AsAsked);
    let decided = decide(engine, &timed(&[call((1, Sysno::read), 1)]));
    assert_eq!(decided, [(vec![RuleId(0)], Decision::Pass)]);
}
