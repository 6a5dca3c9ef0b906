//! What should happen to this call: the only question that is asked while a target runs.

use crate::seed::Stream;
use crate::strategy::Picks;
use crate::{Plan, Rule};
use model::{Call, Decision, Fault, RuleId};
use std::ops::Range;

/// Decides for the calls of one subject, in the order in which they come.
///
/// Every rule counts the calls that are among its own, whether it hits them or not. The first rule in plan order that
/// wants to hit a call does. Same plan, seed, subject key and calls: same decisions.
#[derive(Debug)]
pub struct Engine {
    /// For each system call number, where in `counting` its rules are. Dense, for this is read for every call.
    by_sysno: Vec<Range<usize>>,
    /// The rules that count a call, call after call, each list in plan order.
    counting: Vec<RuleId>,
    /// The rules, by their place in the plan.
    counters: Vec<Counter>,
    /// The rules that counted the last call.
    matched: Vec<RuleId>,
}

/// One rule at work.
#[derive(Debug)]
struct Counter {
    occurrences: u64,
    picks: Picks,
    fault: Fault,
}

impl Engine {
    /// An engine that decides as the plan says. The `subject_key` is the same in every run of the same command, so that
    /// a seed means the same there; a rule's own random numbers hang on its name.
    pub fn new(plan: &Plan, seed: u64, subject_key: &str) -> Engine {
        Engine::with_picks(plan, |_, rule| Picks::Planned {
            when: rule.when,
            chance: rule.rate.map(|rate| (rate, Stream::new(seed, subject_key, &rule.name))),
        })
    }

    /// An engine that hits what a recorded run of the same plan hit in this subject: these occurrences of these rules,
    /// in any order, and no others.
    pub fn replaying(plan: &Plan, recorded: impl IntoIterator<Item = (RuleId, u64)>) -> Engine {
        let mut hits = vec![Vec::new(); plan.rules.len()];
        for (rule, occurrence) in recorded {
            if let Some(hits) = usize::try_from(rule.0).ok().and_then(|rule| hits.get_mut(rule)) {
                hits.push(occurrence);
            }
        }
        Engine::with_picks(plan, |index, _| Picks::recorded(std::mem::take(&mut hits[index])))
    }

    fn with_picks(plan: &Plan, mut picks: impl FnMut(usize, &Rule) -> Picks) -> Engine {
        let numbers = plan.rules.iter().flat_map(|rule| &rule.calls).map(|sysno| sysno.0);
        let beyond = numbers.max().map_or(0, |highest| highest.saturating_add(1));
        let mut by_sysno = Vec::new();
        let mut counting = Vec::new();
        for number in 0..beyond {
            let start = counting.len();
            let ids = (0..).map(RuleId).zip(&plan.rules);
            counting.extend(
                ids.filter(|(_, rule)| rule.calls.iter().any(|sysno| sysno.0 == number)).map(|(id, _)| id),
            );
            by_sysno.push(start..counting.len());
        }
        let counters = plan
            .rules
            .iter()
            .enumerate()
            .map(|(index, rule)| Counter { occurrences: 0, picks: picks(index, rule), fault: rule.fault })
            .collect();
        Engine { by_sysno, counting, counters, matched: Vec::with_capacity(plan.rules.len()) }
    }

    /// What should happen to the next call.
    pub fn decide(&mut self, call: &Call) -> Decision {
        self.matched.clear();
        let rules = usize::try_from(call.sysno.0).ok().and_then(|number| self.by_sysno.get(number));
        let mut decision = Decision::Pass;
        for rule in &self.counting[rules.cloned().unwrap_or_default()] {
            let Some(counter) = usize::try_from(rule.0).ok().and_then(|rule| self.counters.get_mut(rule))
            else {
                continue;
            };
            self.matched.push(*rule);
            counter.occurrences += 1;
            let occurrence = counter.occurrences;
            if counter.picks.hits(occurrence) && decision == Decision::Pass {
                decision = Decision::Inject { rule: *rule, occurrence, fault: counter.fault };
            }
        }
        decision
    }

    /// The rules that counted the call of the last [`Engine::decide`], in plan order.
    pub fn matched(&self) -> &[RuleId] {
        &self.matched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::When;
    use model::{CallSeq, Diagnostic, Source, Sysno, Tid};
    use proptest::prelude::*;
    use std::sync::Arc;

    fn plan(specs: &[&str]) -> Plan {
        let injects: Vec<_> =
            specs.iter().map(|spec| Arc::new(Source { name: "-e".into(), text: (*spec).into() })).collect();
        let (plan, diagnostics) = Plan::read(None, &injects);
        assert!(!diagnostics.iter().any(Diagnostic::is_error), "{diagnostics:?}");
        plan
    }

    fn call(sysno: Sysno) -> Call {
        Call { seq: CallSeq(1), tid: Tid(1), sysno, args: [0; 6] }
    }

    /// Which rule hits each of these calls, with which of its occurrences.
    fn hits(engine: &mut Engine, calls: &[Sysno]) -> Vec<Option<(u32, u64)>> {
        let hit = |decision| match decision {
            Decision::Pass => None,
            Decision::Inject { rule, occurrence, .. } => Some((rule.0, occurrence)),
        };
        calls.iter().map(|sysno| hit(engine.decide(&call(*sysno)))).collect()
    }

    const READ: Sysno = Sysno::read;
    const WRITE: Sysno = Sysno::write;

    #[test]
    fn the_first_rule_that_wants_to_hit_does_and_all_count() {
        let plan = plan(&["read:error=EIO:when=2", "read,write:error=ENOSPC:when=2..4", "close:error=EIO"]);
        let mut engine = Engine::new(&plan, 0, "");
        let seen = hits(&mut engine, &[WRITE, READ, READ, READ, WRITE, Sysno::getpid]);
        assert_eq!(seen, [None, Some((1, 2)), Some((0, 2)), Some((1, 4)), None, None]);
        assert_eq!(engine.matched(), []);
        engine.decide(&call(READ));
        assert_eq!(engine.matched(), [RuleId(0), RuleId(1)]);
    }

    #[test]
    fn when_and_rate_must_both_agree() {
        let plan = plan(&["read:error=EIO:when=3+2:rate=0.5:name=a", "write:error=EIO:rate=0.5:name=a2"]);
        let mut engine = Engine::new(&plan, 7, "s");
        let seen = hits(&mut engine, &[READ; 400]);
        let numbers: Vec<u64> = seen.into_iter().flatten().map(|(_, occurrence)| occurrence).collect();
        assert!(numbers.iter().all(|n| When::new(3, None, 2).expect("sound").hits(*n)));
        assert!((60..140).contains(&numbers.len()), "{}", numbers.len());
    }

    #[test]
    fn rate_is_the_same_for_the_same_seed_subject_and_name_whatever_else_happens() {
        let alone = plan(&["read:error=EIO:rate=0.3:name=flaky"]);
        let beside = plan(&["write:error=EIO:rate=0.9", "read:error=EIO:rate=0.3:name=flaky"]);
        let picks = |plan: &Plan, seed, key, calls: &[Sysno]| -> Vec<u64> {
            let seen = hits(&mut Engine::new(plan, seed, key), calls);
            seen.into_iter()
                .zip(calls)
                .filter(|(_, sysno)| **sysno == READ)
                .filter_map(|(hit, _)| Some(hit?.1))
                .collect()
        };
        let mixed: Vec<Sysno> = (0..600).map(|n| if n % 3 == 0 { READ } else { WRITE }).collect();
        let expect = picks(&alone, 1, "pkg", &[READ; 200]);
        assert_eq!(picks(&beside, 1, "pkg", &mixed), expect);
        assert_ne!(picks(&alone, 2, "pkg", &[READ; 200]), expect);
        assert_ne!(picks(&alone, 1, "pkg#2", &[READ; 200]), expect);
    }

    fn any_rules() -> impl Strategy<Value = Vec<(Vec<Sysno>, u64, u64, Option<f64>)>> {
        let calls = proptest::sample::subsequence(vec![READ, WRITE, Sysno::openat, Sysno::close], 1..=3);
        proptest::collection::vec((calls, 1..6_u64, 1..4_u64, proptest::option::of(0.1..0.9_f64)), 1..5)
    }

    proptest! {
        #[test]
        fn counts_and_hits_are_those_of_a_naive_model(
            rules in any_rules(),
            calls in proptest::collection::vec(0..5_usize, 0..200),
            seed: u64,
        ) {
            let specs: Vec<String> = rules.iter().map(|(calls, first, step, rate)| {
                let set: Vec<String> = calls.iter().map(Sysno::to_string).collect();
                let rate = rate.map_or(String::new(), |rate| format!(":rate={rate}"));
                format!("{}:error=EIO:when={first}+{step}{rate}", set.join(","))
            }).collect();
            let plan = plan(&specs.iter().map(String::as_str).collect::<Vec<_>>());
            let mut engine = Engine::new(&plan, seed, "subject");
            let mut counts = vec![0; rules.len()];
            let mut recorded = Vec::new();
            let calls: Vec<Sysno> =
                calls.iter().map(|n| [READ, WRITE, Sysno::openat, Sysno::close, Sysno::getpid][*n]).collect();
            for sysno in &calls {
                let decision = engine.decide(&call(*sysno));
                let mut expect = None;
                let mut matched = Vec::new();
                for (index, (members, first, step, rate)) in rules.iter().enumerate() {
                    if !members.contains(sysno) {
                        continue;
                    }
                    let id = RuleId(u32::try_from(index).expect("few"));
                    matched.push(id);
                    counts[index] += 1;
                    let n: u64 = counts[index];
                    let stream = Stream::new(seed, "subject", &format!("rule-{}", index + 1));
                    let lucky = rate.is_none_or(|rate| crate::Rate::new(rate).expect("sound").hits(stream, n));
                    if n >= *first && (n - first).is_multiple_of(*step) && lucky && expect.is_none() {
                        expect = Some((id, n));
                    }
                }
                let hit = match decision {
                    Decision::Pass => None,
                    Decision::Inject { rule, occurrence, .. } => Some((rule, occurrence)),
                };
                prop_assert_eq!(hit, expect);
                prop_assert_eq!(engine.matched(), matched);
                recorded.extend(hit);
            }
            // What was recorded, in any order and with foreign rules among it, makes the same decisions again.
            let mut replay = Engine::replaying(&plan, recorded.iter().rev().copied().chain([(RuleId(99), 1)]));
            let mut original = Engine::new(&plan, seed, "subject");
            prop_assert_eq!(hits(&mut replay, &calls), hits(&mut original, &calls));
        }
    }
}
