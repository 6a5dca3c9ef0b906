//! What should happen to this call: the only question that is asked while a target runs.

use crate::effect::{Deed, Effect, Failure, Lie};
use crate::expr::{Memory, Where};
use crate::resource::Supply;
use crate::seed::Stream;
use crate::strategy::{Hit, Picks};
use crate::tables::Shape;
use crate::tally::{Counting, Occurrence, Tally};
use crate::{Plan, Resource, Rule, tables};
use model::{Call, Decision, Errno, Execution, Facts, Fault, ForcedResult, Nanos, OccurrenceKey, RuleId};
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// Decides for the calls of one subject, in the order in which they come.
///
/// Every rule counts the calls that are among its own and for which its condition holds, whether it hits them or not.
/// The first rule in plan order that wants to hit a call does. Same plan, seed, subject key and calls (and, for what asks
/// beyond a call's registers, same facts): same decisions.
///
/// A rule that counts by key counts, draws and pauses for each test, site and system call by itself, so that it hits the
/// same calls in whatever order goroutines make them. Only `limit`, resources that are used up, and conditions on what
/// was before (`after`, `exec`, `once-per`) are the whole rule's, and of them the order is a part.
#[derive(Debug)]
pub struct Engine {
    /// For each system call number, where in `counted_by` its rules are. Dense, for this is read for every call.
    by_sysno: Vec<Range<usize>>,
    /// The rules that count a call, call after call, each list in plan order.
    counted_by: Vec<RuleId>,
    /// The rules, by their place in the plan.
    counters: Vec<Counter>,
    /// The rules that counted the last call.
    matched: Vec<RuleId>,
    /// The places of the rules that conditions ask for, by the name that they use.
    named: BTreeMap<String, Vec<usize>>,
}

/// One rule at work.
#[derive(Debug)]
struct Counter {
    condition: Option<(Where, Memory)>,
    tally: Tally,
    picks: Picks,
    effect: Effect,
    /// The fault, where it is the same for every call.
    fixed: Option<Fault>,
    stream: Stream,
    /// What was used of a resource that the kernel does not account for.
    used: u64,
    has_fired: bool,
}

impl Engine {
    /// An engine that decides as the plan says. The `subject_key` is the same in every run of the same command, so that
    /// a seed means the same there; a rule's own random numbers hang on its name.
    pub fn new(plan: &Plan, seed: u64, subject_key: &str, counting: Counting) -> Engine {
        Engine::with_picks(plan, seed, subject_key, counting, |_, rule, _| Picks::planned(rule))
    }

    /// An engine that hits what a recorded run of the same plan hit in this subject: these occurrences of these rules,
    /// in any order, and no others. The `counting` must be the recorded run's.
    pub fn replaying(
        plan: &Plan,
        seed: u64,
        subject_key: &str,
        recorded: impl IntoIterator<Item = Hit>,
        counting: Counting,
    ) -> Engine {
        let mut hits = vec![Vec::new(); plan.rules.len()];
        for hit in recorded {
            if let Some(hits) = usize::try_from(hit.rule.0).ok().and_then(|rule| hits.get_mut(rule)) {
                hits.push(hit);
            }
        }
        Engine::with_picks(plan, seed, subject_key, counting, |index, _, tally| {
            Picks::recorded(&hits[index], tally.is_by_key())
        })
    }

    fn with_picks(
        plan: &Plan,
        seed: u64,
        subject_key: &str,
        counting: Counting,
        picks: impl Fn(usize, &Rule, &Tally) -> Picks,
    ) -> Engine {
        // What the filter does alone never comes here.
        let asked = |rule: &&Rule| !rule.is_quiet;
        let numbers = plan.rules.iter().filter(asked).flat_map(|rule| &rule.calls).map(|sysno| sysno.0);
        let beyond = numbers.max().map_or(0, |highest| highest.saturating_add(1));
        let mut by_sysno = Vec::new();
        let mut counted_by = Vec::new();
        for number in 0..beyond {
            let start = counted_by.len();
            let ids = (0..).map(RuleId).zip(&plan.rules).filter(|(_, rule)| asked(rule));
            counted_by.extend(
                ids.filter(|(_, rule)| rule.calls.iter().any(|sysno| sysno.0 == number)).map(|(id, _)| id),
            );
            by_sysno.push(start..counted_by.len());
        }
        let counters = plan.rules.iter().enumerate().map(|(index, rule)| {
            let tally = Tally::new(match counting {
                Counting::AsAsked => rule.asks_who(),
                Counting::BySite => true,
            });
            Counter {
                condition: rule.condition.clone().map(|condition| (condition, Memory::default())),
                picks: picks(index, rule, &tally),
                tally,
                effect: rule.effect.clone(),
                fixed: fixed(&rule.effect),
                stream: Stream::new(seed, subject_key, &rule.name),
                used: 0,
                has_fired: false,
            }
        });
        let conditions = plan.rules.iter().filter_map(|rule| rule.condition.as_ref());
        let named = conditions
            .flat_map(|condition| condition.rules_named())
            .map(|(name, _)| {
                let meant = plan.rules.iter().enumerate().filter(|(_, rule)| rule.is_called(name));
                (name.to_owned(), meant.map(|(index, _)| index).collect())
            })
            .collect();
        Engine {
            by_sysno,
            counted_by,
            counters: counters.collect(),
            matched: Vec::with_capacity(plan.rules.len()),
            named,
        }
    }

    /// What should happen to the next call, which is made now.
    pub fn decide(&mut self, call: &Call, now: Nanos, facts: &mut dyn Facts) -> Decision {
        self.matched.clear();
        let rules = usize::try_from(call.sysno.0).ok().and_then(|number| self.by_sysno.get(number));
        let mut decision = Decision::Pass;
        // Asked for by the first rule that needs it, and the same for all.
        let mut key = None;
        for rule in &self.counted_by[rules.cloned().unwrap_or_default()] {
            let Some(place) = usize::try_from(rule.0).ok().filter(|place| *place < self.counters.len())
            else {
                continue;
            };
            if !matches(&mut self.counters, place, &self.named, call, facts) {
                continue;
            }
            let counter = &mut self.counters[place];
            self.matched.push(*rule);
            let occurrence = counter.tally.count(counter.stream, || {
                *key.get_or_insert_with(|| OccurrenceKey::of(facts.caller().as_ref(), call.sysno))
            });
            let is_wanted = counter.picks.wants(occurrence, now);
            if decision != Decision::Pass {
                continue;
            }
            if !is_wanted {
                counter.let_through(call, facts);
            } else if let Some(fault) = counter.fault(occurrence, call, facts) {
                counter.picks.took(now);
                counter.has_fired = true;
                decision = Decision::Inject { rule: *rule, occurrence: occurrence.number, fault };
            }
        }
        decision
    }

    /// Whether the rule counts each test, site and system call by itself.
    pub fn counts_by_key(&self, rule: RuleId) -> bool {
        let counter = usize::try_from(rule.0).ok().and_then(|place| self.counters.get(place));
        counter.is_some_and(|counter| counter.tally.is_by_key())
    }

    /// The rules that counted the call of the last [`Engine::decide`], in plan order.
    pub fn matched(&self) -> &[RuleId] {
        &self.matched
    }
}

/// Whether the rule at this place counts the call.
fn matches(
    counters: &mut [Counter],
    place: usize,
    named: &BTreeMap<String, Vec<usize>>,
    call: &Call,
    facts: &mut dyn Facts,
) -> bool {
    let Some((condition, mut memory)) = counters[place].condition.take() else { return true };
    let fired =
        |name: &str| named.get(name).is_some_and(|rules| rules.iter().any(|rule| counters[*rule].has_fired));
    let holds = condition.holds(call, facts, &mut memory, &fired);
    counters[place].condition = Some((condition, memory));
    holds
}

/// The fault of an effect that is the same for every call.
fn fixed(effect: &Effect) -> Option<Fault> {
    let held = |delay: Option<crate::Delay>| match delay {
        None => Some(Duration::ZERO),
        Some(crate::Delay::Fixed(length)) => Some(length),
        Some(_) => None,
    };
    let executed = || match (effect.substitute, effect.arguments.as_slice()) {
        (Some(sysno), _) => Execution::Other(sysno),
        (None, []) => Execution::AsMade,
        (None, changes) => Execution::Changed(changes.to_vec()),
    };
    let skipped = || effect.substitute.map_or(Execution::Skipped, Execution::Other);
    let (execution, result) = match &effect.deed {
        Deed::Execute => (executed(), None),
        Deed::Fail(Failure::With(errno)) => (skipped(), Some(ForcedResult::Error(*errno))),
        Deed::Return(value) => (skipped(), Some(ForcedResult::Value(*value))),
        Deed::Lie(Lie::Failed(Failure::With(errno))) => (executed(), Some(ForcedResult::Error(*errno))),
        Deed::Lie(Lie::Returned(value)) => (executed(), Some(ForcedResult::Value(*value))),
        Deed::Lie(Lie::More(more)) => (executed(), Some(ForcedResult::More(*more))),
        Deed::Kill(victim) => (Execution::Killed(*victim), None),
        Deed::Content(content) => (Execution::Content(content.clone()), None),
        Deed::Interrupt(_) => (Execution::Skipped, Some(ForcedResult::Interrupted)),
        Deed::NotReady => (Execution::Skipped, Some(ForcedResult::NotReady)),
        Deed::Fail(Failure::Legal)
        | Deed::Lie(Lie::Failed(Failure::Legal))
        | Deed::Short(_)
        | Deed::Exhaust(..) => {
            return None;
        }
    };
    Some(Fault {
        delay_enter: held(effect.delay_enter)?,
        signal: match effect.deed {
            Deed::Interrupt(signal) => Some(signal),
            _ => effect.signal,
        },
        poke_enter: effect.poke_enter.clone(),
        execution,
        result,
        poke_exit: effect.poke_exit.clone(),
        delay_exit: held(effect.delay_exit)?,
    })
}

/// How many bytes an argument asks for; nothing where the kernel sees a negative number, which it refuses.
fn size(arg: u8, shape: &Shape, args: &[u64; 6]) -> Option<u64> {
    let register = *args.get(usize::from(arg))?;
    let is = |bits: u8| bits & (1 << arg) != 0;
    let value = if is(shape.narrow) { register & u64::from(u32::MAX) } else { register };
    (!is(shape.signed) || i32::try_from(value).is_ok()).then_some(value)
}

/// One of the errors that the call's manual page names.
fn legal(occurrence: Occurrence, call: &Call) -> Option<Failure> {
    let errors = tables::legal(call.sysno).filter(|errors| !errors.is_empty())?;
    let drawn = occurrence.stream.aside("error").at(occurrence.number) % errors.len() as u64;
    usize::try_from(drawn).ok().and_then(|place| errors.get(place)).map(|errno| Failure::With(*errno))
}

impl Counter {
    /// What the rule does to this call; nothing where it finds nothing to do.
    fn fault(&mut self, occurrence: Occurrence, call: &Call, facts: &mut dyn Facts) -> Option<Fault> {
        if let Some(fault) = &self.fixed {
            return Some(fault.clone());
        }
        let (deed, arguments) = match &self.effect.deed {
            Deed::Fail(Failure::Legal) => (Deed::Fail(legal(occurrence, call)?), Vec::new()),
            Deed::Lie(Lie::Failed(Failure::Legal)) => {
                (Deed::Lie(Lie::Failed(legal(occurrence, call)?)), Vec::new())
            }
            Deed::Short(most) => {
                let shape = tables::shape(call.sysno);
                let count = shape.buffer?.count;
                let asked = size(count, shape, &call.args)?;
                (asked > *most).then(|| (Deed::Execute, vec![(count, *most)]))?
            }
            Deed::Exhaust(resource, limit) => {
                let (resource, limit) = (*resource, *limit);
                self.exhausted(resource, limit, call, facts)?
            }
            fixed => (fixed.clone(), self.effect.arguments.clone()),
        };
        let Occurrence { number, key: _, stream } = occurrence;
        let drawn = |delay: Option<crate::Delay>, purpose| {
            delay.map(|delay| crate::Delay::Fixed(delay.draw(stream.aside(purpose), number)))
        };
        fixed(&Effect {
            delay_enter: drawn(self.effect.delay_enter, "delay_enter"),
            signal: self.effect.signal,
            poke_enter: self.effect.poke_enter.clone(),
            arguments,
            substitute: self.effect.substitute,
            deed,
            poke_exit: self.effect.poke_exit.clone(),
            delay_exit: drawn(self.effect.delay_exit, "delay_exit"),
        })
    }

    /// Notes what a call takes that is let through, so that a replay, which knows only who was hit, counts alike.
    fn let_through(&mut self, call: &Call, facts: &mut dyn Facts) {
        if let Deed::Exhaust(resource, _) = self.effect.deed {
            resource.take(call, &mut self.used, facts);
        }
    }

    /// What a call gets that uses up a resource; nothing while enough is left.
    fn exhausted(
        &mut self,
        resource: Resource,
        limit: u64,
        call: &Call,
        facts: &mut dyn Facts,
    ) -> Option<(Deed, Vec<(u8, u64)>)> {
        let failure: Errno = resource.errno();
        match resource.supply(call, limit, &mut self.used, facts) {
            Supply::Rest { count, bytes } => Some((Deed::Execute, vec![(count, bytes)])),
            Supply::Exhausted => Some((Deed::Fail(Failure::With(failure)), Vec::new())),
            // A replay does what was done, even where the target has come to use less.
            Supply::Enough if self.picks.is_recorded() => {
                Some((Deed::Fail(Failure::With(failure)), Vec::new()))
            }
            Supply::Enough => None,
        }
    }
}

#[cfg(test)]
mod interleavings;
#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::When;
    use model::{Diagnostic, NoFacts, Source, Sysno, Tid};
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
        Call { tid: Tid(1), sysno, args: [0; 6], pc: 0 }
    }

    /// Which rule hits each of these calls, with which of its occurrences.
    fn hits(engine: &mut Engine, calls: &[Sysno]) -> Vec<Option<(u32, u64)>> {
        let hit = |decision| match decision {
            Decision::Pass => None,
            Decision::Inject { rule, occurrence, .. } => Some((rule.0, occurrence)),
        };
        calls.iter().map(|sysno| hit(engine.decide(&call(*sysno), Nanos(0), &mut NoFacts))).collect()
    }

    const READ: Sysno = Sysno::read;
    const WRITE: Sysno = Sysno::write;

    #[test]
    fn the_first_rule_that_wants_to_hit_does_and_all_count() {
        let plan = plan(&["read:error=EIO:when=2", "read,write:error=ENOSPC:when=2..4", "close:error=EIO"]);
        let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
        let seen = hits(&mut engine, &[WRITE, READ, READ, READ, WRITE, Sysno::getpid]);
        assert_eq!(seen, [None, Some((1, 2)), Some((0, 2)), Some((1, 4)), None, None]);
        assert_eq!(engine.matched(), []);
        engine.decide(&call(READ), Nanos(0), &mut NoFacts);
        assert_eq!(engine.matched(), [RuleId(0), RuleId(1)]);
    }

    #[test]
    fn when_and_rate_must_both_agree() {
        let plan = plan(&["read:error=EIO:when=3+2:rate=0.5:name=a", "write:error=EIO:rate=0.5:name=a2"]);
        let mut engine = Engine::new(&plan, 7, "s", Counting::AsAsked);
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
            let seen = hits(&mut Engine::new(plan, seed, key, Counting::AsAsked), calls);
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
            let mut engine = Engine::new(&plan, seed, "subject", Counting::AsAsked);
            let mut counts = vec![0; rules.len()];
            let mut recorded = Vec::new();
            let calls: Vec<Sysno> =
                calls.iter().map(|n| [READ, WRITE, Sysno::openat, Sysno::close, Sysno::getpid][*n]).collect();
            for sysno in &calls {
                let decision = engine.decide(&call(*sysno), Nanos(0), &mut NoFacts);
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
            let foreign = [(RuleId(99), 1)];
            let recorded = recorded.iter().rev().copied().chain(foreign);
            let recorded = recorded.map(|(rule, occurrence)| Hit { rule, occurrence, key: None });
            let mut replay = Engine::replaying(&plan, seed, "subject", recorded, Counting::AsAsked);
            let mut original = Engine::new(&plan, seed, "subject", Counting::AsAsked);
            prop_assert_eq!(hits(&mut replay, &calls), hits(&mut original, &calls));
        }
    }
}
