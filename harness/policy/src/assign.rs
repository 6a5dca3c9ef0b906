//! Which mechanism traps which call, and which calls the kernel's filter answers alone.

use crate::draft::{Span, whereabouts};
use crate::{Plan, Rule};
use model::{Capabilities, Capability, Diagnostic, Interest, Quiet, Sieve, Sysno, Via};
use std::collections::{BTreeMap, BTreeSet};

/// What each mechanism can do; nothing for one that must not be used.
type Able<'a> = &'a dyn Fn(Via) -> Option<Capabilities>;

/// See [`Plan::assign`].
pub(crate) fn plan(plan: &Plan, able: Able<'_>) -> (Interest, Vec<Diagnostic>) {
    let mut interest = Interest::default();
    let mut diagnostics = Vec::new();
    let mut by_sysno: BTreeMap<Sysno, Vec<&Rule>> = BTreeMap::new();
    for (index, rule) in plan.rules.iter().enumerate() {
        if rule.is_quiet {
            match quiet(rule, &plan.rules[..index]) {
                Ok(quiet) => interest.answer_quietly(quiet),
                Err(mistake) => diagnostics.push(mistake),
            }
            continue;
        }
        if let Some(mistake) = unable(rule, able) {
            diagnostics.push(mistake);
            continue;
        }
        if rule.effect.needs().contains(&Capability::Kill) {
            interest.let_kill();
        }
        for sysno in &rule.calls {
            by_sysno.entry(*sysno).or_default().push(rule);
        }
    }
    let mut quarrels = BTreeSet::new();
    for (sysno, rules) in by_sysno {
        let serves_all = |via: &Via| rules.iter().all(|rule| serves(rule, *via, able));
        let Some(via) = [Via::Notify, Via::Trace].into_iter().find(serves_all) else {
            let (one, other) = quarrel(&rules, able);
            if quarrels.insert((one.name.clone(), other.name.clone())) {
                diagnostics.push(contradiction(one, other, sysno));
            }
            continue;
        };
        for rule in rules {
            let sieve = rule.condition.as_ref().map_or_else(Sieve::always, |one| one.sieve(sysno).sieve);
            if !sieve.is_never() {
                interest.trap(sysno, via, sieve);
            }
        }
    }
    for rule in &plan.rules {
        diagnostics.extend(substituted(rule, plan, able, &mut interest));
    }
    (interest, diagnostics)
}

/// Lets what is executed in another call's place pass.
///
/// # Kernel
/// `__seccomp_filter` in `kernel/seccomp.c`: the filter judges a call that a tracer changed once more; a `TRACE` then lets
/// it pass, a notification or an errno does not.
fn substituted(rule: &Rule, plan: &Plan, able: Able<'_>, interest: &mut Interest) -> Option<Diagnostic> {
    let sysno = rule.effect.substitute?;
    if interest.contains(sysno) {
        let asked = |one: &&Rule| !one.is_quiet && one.calls.contains(&sysno);
        if let Some(other) = plan.rules.iter().filter(asked).find(|one| !serves(one, Via::Trace, able)) {
            return Some(contradiction(other, rule, sysno));
        }
        interest.trap(sysno, Via::Trace, Sieve::never());
    }
    interest.quiet().iter().any(|quiet| quiet.calls.contains_key(&sysno)).then(|| {
        rule.error(rule.origin.deed.as_ref(), format!("`{sysno}` cannot be executed in another's place"))
            .label("a quiet rule answers it in the kernel's filter")
            .help("drop `quiet` there, or execute another call")
    })
}

/// Whether a mechanism can do all that a rule says.
fn serves(rule: &Rule, via: Via, able: Able<'_>) -> bool {
    able(via).is_some_and(|able| rule.effect.needs().into_iter().all(|need| able.has(need)))
}

/// What no mechanism can do, at the word that asks for it.
fn unable(rule: &Rule, able: Able<'_>) -> Option<Diagnostic> {
    if serves(rule, Via::Notify, able) || serves(rule, Via::Trace, able) {
        return None;
    }
    let can = |need: &Capability| {
        [Via::Notify, Via::Trace].into_iter().any(|via| able(via).is_some_and(|able| able.has(*need)))
    };
    let needs = rule.effect.needs();
    let Some(need) = needs.iter().find(|need| !can(need)) else {
        // Each part can be done, but by different mechanisms.
        return Some(
            rule.error(
                rule.origin.deed.as_ref(),
                format!("no mechanism can do all that rule `{}` says", rule.name),
            )
            .label(format!("{} do not go together", together(&needs)))
            .help("write two rules for different calls, or leave one of the parts out"),
        );
    };
    Some(
        rule.error(part(rule, *need), format!("rule `{}` needs {need}", rule.name))
            .label("no mechanism that may be used here can do this")
            .help(instead(*need)),
    )
}

fn together(needs: &[Capability]) -> String {
    needs.iter().map(Capability::to_string).collect::<Vec<_>>().join(" and ")
}

/// The words of a rule that need this.
fn part(rule: &Rule, need: Capability) -> Option<&Span> {
    let origin = &rule.origin;
    match need {
        Capability::HoldBefore => origin.delay_enter.as_ref().or(origin.delay_exit.as_ref()),
        Capability::HoldAfter => origin.delay_exit.as_ref(),
        Capability::PokeBefore => origin.poke_enter.as_ref().or(origin.poke_exit.as_ref()),
        Capability::PokeAfter => origin.poke_exit.as_ref(),
        Capability::Signal => origin.signal.as_ref().or(origin.deed.as_ref()),
        Capability::ForceResult
        | Capability::ReplaceResult
        | Capability::ChangeCall
        | Capability::Kill
        | Capability::AddDescriptor => origin.deed.as_ref(),
    }
}

/// What may serve as well.
fn instead(need: Capability) -> &'static str {
    match need {
        Capability::ForceResult => "use `delay_enter`, if a delay serves as well",
        Capability::HoldBefore => "use `error` or `retval` without a delay",
        Capability::HoldAfter => {
            "use `delay_enter`: the caller waits as long, but before the call and not after it"
        }
        Capability::ReplaceResult | Capability::ChangeCall => {
            "use `error` or `retval`, which do not execute the call"
        }
        Capability::PokeBefore | Capability::PokeAfter => {
            "use `error`, or let the target read another file with `content`"
        }
        Capability::Signal => "send the signal yourself with kill(1), or use `error=EINTR`",
        Capability::Kill => "use `error=EPERM`, if a refusal serves as well",
        Capability::AddDescriptor => "use `error=ENOENT`, or run the target with another file in place",
    }
}

/// Two rules on one call that no mechanism serves both.
fn quarrel<'r>(rules: &[&'r Rule], able: Able<'_>) -> (&'r Rule, &'r Rule) {
    for (index, rule) in rules.iter().enumerate() {
        for earlier in &rules[..index] {
            let both = |via| serves(rule, via, able) && serves(earlier, via, able);
            if !both(Via::Notify) && !both(Via::Trace) {
                return (earlier, rule);
            }
        }
    }
    // With two mechanisms there is always such a pair: one rule bars the first mechanism, one the second.
    (rules[0], rules[rules.len() - 1])
}

fn contradiction(one: &Rule, other: &Rule, sysno: Sysno) -> Diagnostic {
    let needs = |rule: &Rule| together(&rule.effect.needs());
    other
        .error(
            other.origin.deed.as_ref(),
            format!("rules `{}` and `{}` contradict each other", one.name, other.name),
        )
        .label(format!(
            "on `{sysno}` this needs {}, and the rule {} needs {}",
            needs(other),
            whereabouts(&one.origin.source, &one.origin.calls),
            needs(one)
        ))
        .help("a call belongs to one mechanism; let the rules name different calls, or run the target twice")
}

/// What the filter does for a quiet rule.
fn quiet(rule: &Rule, earlier: &[Rule]) -> Result<Quiet, Diagnostic> {
    let place = rule.origin.quiet.as_ref();
    let seen = |one: &&Rule| !one.is_quiet && one.calls.iter().any(|sysno| rule.calls.contains(sysno));
    if let Some(first) = earlier.iter().find(seen) {
        return Err(rule
            .error(place, format!("rule `{}` would come first and can not", first.name))
            .label(format!(
                "the kernel answers these calls before rule `{}` {} sees them",
                first.name,
                whereabouts(&first.origin.source, &first.origin.calls)
            ))
            .help("put the quiet rule first, or drop `quiet`"));
    }
    if rule.calls.contains(&Sysno::execve) {
        return Err(rule
            .error(place, "`execve` cannot be answered quietly")
            .label("the target itself is started by `execve`, under this filter")
            .help("drop `quiet`: the start is then told from the target's own calls"));
    }
    let answer = rule.effect.quiet_answer().ok_or_else(|| {
        rule.error(place, "a quiet rule can do nothing but fail its calls with one error, or `kill`")
            .help("write it as `SYSCALL:error=EPERM:quiet`, or drop `quiet`")
    })?;
    let mut calls = BTreeMap::new();
    for sysno in &rule.calls {
        let sieve = match &rule.condition {
            None => Sieve::always(),
            Some(condition) => {
                let sieved = condition.sieve(*sysno);
                if !sieved.is_exact {
                    return Err(rule
                        .error(rule.origin.condition.as_ref(), "this condition is too much for a quiet rule")
                        .label(format!("on `{sysno}` the kernel's filter cannot decide it alone"))
                        .help("`fd(…)` and `arg(…)` with numbers can be decided there; or drop `quiet`"));
                }
                sieved.sieve
            }
        };
        if !sieve.is_never() {
            calls.insert(*sysno, sieve);
        }
    }
    Ok(Quiet { answer, calls })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{self, Tracee, any_call, any_sifted_spec, any_spec};
    use crate::{Counting, Engine};
    use model::{Answer, Nanos, Source, Victim};
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::subsequence;
    use std::sync::Arc;

    const NOTIFY: &[Capability] =
        &[Capability::ForceResult, Capability::HoldBefore, Capability::PokeBefore, Capability::AddDescriptor];

    fn trace() -> Vec<Capability> {
        Capability::ALL.into_iter().filter(|one| *one != Capability::AddDescriptor).collect()
    }

    fn assign(specs: &[&str], may_trace: bool) -> (Interest, Vec<Diagnostic>) {
        let specs: Vec<_> =
            specs.iter().map(|spec| Arc::new(Source { name: "-e".into(), text: (*spec).into() })).collect();
        let (plan, found) = Plan::read(None, &specs);
        assert!(!found.iter().any(Diagnostic::is_error), "{found:?}");
        plan.assign(&|via| match via {
            Via::Notify => Some(Capabilities::of(NOTIFY)),
            Via::Trace => may_trace.then(|| Capabilities::of(&trace())),
        })
    }

    fn vias(specs: &[&str]) -> Vec<(String, Via)> {
        let (interest, found) = assign(specs, true);
        assert_eq!(found, [], "{specs:?}");
        interest.traps().map(|(sysno, trap)| (sysno.to_string(), trap.via)).collect()
    }

    #[test]
    fn a_call_is_notified_unless_one_of_its_rules_needs_more() {
        let (notify, trace) = (Via::Notify, Via::Trace);
        assert_eq!(
            vias(&["read,write:error=EIO:when=2", "write:lie=EIO", "close:delay_enter=5"]),
            [("read".into(), notify), ("write".into(), trace), ("close".into(), notify)]
        );
        for spec in [
            "read:short=1",
            "read:signal=SIGUSR1",
            "read:poke_exit=@arg2=00",
            "read:delay_exit=5",
            "read:syscall=getpid",
            "read:arg3=1",
            "read:kill=thread",
            "read:interrupt=SIGURG",
            "write:max_disk=1MiB",
        ] {
            assert_eq!(vias(&[spec])[0].1, trace, "{spec}");
        }
        for spec in [
            "read:poke_enter=@arg2=00",
            "read:error=EIO:delay_exit=5",
            "openat:text=x",
            "openat:max_descriptors=9",
            "read:not_ready",
        ] {
            assert_eq!(vias(&[spec])[0].1, notify, "{spec}");
        }
    }

    /// The words that the one mistake is about, and what is said.
    fn mistake(specs: &[&str], may_trace: bool) -> (String, String) {
        let (_, found) = assign(specs, may_trace);
        let [mistake] = &found[..] else { panic!("{specs:?}: {found:?}") };
        let (source, span) = mistake.place.clone().expect("a place");
        (source.text[span].to_owned(), mistake.message.clone())
    }

    #[test]
    fn what_cannot_be_done_is_refused_at_the_word_that_asks_for_it() {
        let said = |at: &str, message: &str| (at.to_owned(), message.to_owned());
        assert_eq!(
            mistake(&["close:delay_enter=5:delay_exit=7"], false),
            said("delay_exit=7", "rule `rule-1` needs holding a call after it was executed")
        );
        assert_eq!(
            mistake(&["read:lie=EIO"], false),
            said("lie=EIO", "rule `rule-1` needs replacing the result of a call that was executed")
        );
        assert_eq!(
            mistake(&["openat:text=x", "openat:lie=EIO:name=b"], true),
            said("lie=EIO", "rules `rule-1` and `b` contradict each other")
        );
        assert_eq!(
            mistake(&["creat:text=x", "read:syscall=creat:name=b"], true),
            said("read", "rules `rule-1` and `b` contradict each other")
        );
        assert_eq!(
            mistake(&["openat:text=x:signal=SIGUSR1"], true),
            said("text=x", "no mechanism can do all that rule `rule-1` says")
        );
    }

    #[test]
    fn a_quiet_rule_is_the_filters_alone() {
        let (interest, found) =
            assign(&["read:error=EIO:quiet:where=fd(3)", "read,close:error=ENOENT"], false);
        assert_eq!(found, []);
        let [quiet] = interest.quiet() else { panic!("{interest:?}") };
        let sieve = &quiet.calls[&Sysno::read];
        assert!(sieve.passes(&[3, 0, 0, 0, 0, 0]) && !sieve.passes(&[4, 0, 0, 0, 0, 0]));
        assert_eq!(interest.len(), 2);
        for (word, victim) in
            [("thread", Victim::Thread), ("process", Victim::Process), ("trap", Victim::Trapped)]
        {
            let (interest, found) = assign(&[&format!("read:kill={word}:quiet")], false);
            assert_eq!(found, []);
            let [quiet] = interest.quiet() else { panic!("{interest:?}") };
            assert_eq!((quiet.answer, interest.len()), (Answer::Kill(victim), 0), "{word}");
        }
        let said = |at: &str, message: &str| (at.to_owned(), message.to_owned());
        assert_eq!(
            mistake(&["read:error=EIO:when=3", "read:error=ENOENT:quiet"], false),
            said("quiet", "rule `rule-1` would come first and can not")
        );
        assert_eq!(
            mistake(&["openat:error=EIO:quiet:where=path(/x)"], false),
            said("where=path(/x)", "this condition is too much for a quiet rule")
        );
        for asks_who in ["site(x.F)", "fd(3) & !test(TestA)", "once-per(goroutine)"] {
            assert_eq!(
                mistake(&[&format!("read:error=EIO:quiet:where={asks_who}")], false),
                said(&format!("where={asks_who}"), "this condition is too much for a quiet rule")
            );
        }
        assert_eq!(
            mistake(&["execve:error=EIO:quiet"], false),
            said("quiet", "`execve` cannot be answered quietly")
        );
    }

    proptest! {
        #[test]
        fn what_a_rule_counts_is_trapped_by_what_can_serve_it(
            specs in vec(prop_oneof![any_spec(), any_sifted_spec()], 1..5),
            calls in vec(any_call(), 1..30),
            able in [option::of(subsequence(Capability::ALL.to_vec(), 0..=10)), option::of(subsequence(Capability::ALL.to_vec(), 0..=10))],
        ) {
            let plan = sample::plan(&specs);
            let can = |via: Via, need: Capability| {
                able[usize::from(via == Via::Trace)].as_ref().is_some_and(|able| able.contains(&need))
            };
            let known = |via: Via| able[usize::from(via == Via::Trace)].as_ref().map(|able| Capabilities::of(able));
            let (interest, found) = plan.assign(&known);
            if found.iter().any(Diagnostic::is_error) {
                // What is refused cannot be done, or not together.
                return Ok(());
            }
            for rule in plan.rules.iter().filter(|rule| !rule.is_quiet) {
                for (_, trap) in interest.traps().filter(|(sysno, _)| rule.calls.contains(sysno)) {
                    for need in rule.effect.needs() {
                        prop_assert!(can(trap.via, need), "{need} by {:?} for {}", trap.via, rule.spec());
                    }
                }
            }
            let mut engine = Engine::new(&plan, 0, "", Counting::AsAsked);
            for call in &calls {
                engine.decide(call, Nanos(0), &mut Tracee { tid: call.tid.0, ..Tracee::default() });
                let mut traps = interest.traps();
                let is_trapped = traps.any(|(sysno, trap)| sysno == call.sysno && trap.sieve.passes(&call.args));
                prop_assert!(engine.matched().is_empty() || is_trapped, "{call:?}");
            }
        }
    }
}
