//! What a switch does: compared with runs without it, and with runs without the faults.

use super::cause::{Cause, Clue};
use super::evidence::{Named, clipped, named};
use super::noise::Noise;
use super::seen::{Seen, word};
use report::Verdict;
use serde::Serialize;
use std::fmt;

/// What a switch does. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Effect {
    /// The output names the cause, and without it does not.
    Exposes,
    /// It ends otherwise than without it.
    Changes,
    /// No difference, or only lines that name nothing of the cause.
    Inert,
    /// The toolchain has no such switch, and ignores it.
    Unknown,
    /// The switch itself kills the program, with faults or without.
    Fatal,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Effect::Exposes => "exposes",
            Effect::Changes => "changes",
            Effect::Inert => "inert",
            Effect::Unknown => "unknown",
            Effect::Fatal => "fatal",
        })
    }
}

/// What is known without the switch.
#[derive(Debug, Clone)]
pub(crate) struct Base {
    pub(crate) noise: Noise,
    pub(crate) cause: Cause,
    /// The clues that the output names without any switch, each with its line.
    pub(crate) named: Vec<Named>,
    /// A run without the faults, where there are faults.
    pub(crate) plain: Option<Seen>,
}

/// The judgement on a switch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Judged {
    pub(crate) effect: Effect,
    pub(crate) evidence: String,
    /// What it names that nothing named before.
    pub(crate) names: Vec<Clue>,
    /// How many lines more the first run printed.
    pub(crate) added: usize,
}

/// Whether runs have to be compared with one that has the switch and not the faults.
pub(crate) fn wants_control(base: &Base, with: &[Seen]) -> bool {
    base.plain.is_some()
        && (!new_names(base, with, None).is_empty() || with.iter().any(|run| !base.noise.ends_so(run)))
}

/// Judges runs with a switch. `control` is one with the switch and without the faults; `limit` is what they were ended after,
/// in seconds.
pub(crate) fn judge(base: &Base, with: &[Seen], control: Option<&Seen>, limit: f64) -> Judged {
    let judged =
        |effect, evidence: String, names| Judged { effect, evidence, names, added: added(base, with) };
    let Some(first) = with.first() else {
        return judged(Effect::Inert, "it was not run".to_owned(), Vec::new());
    };

    // Without faults at all, a run with the switch is its own control.
    let lives = |run: &Option<Seen>| run.as_ref().is_some_and(|plain| plain.verdict != Verdict::Crashed);
    let (alone, lived) = match (&base.plain, control) {
        (Some(_), control) => (control, lives(&base.plain)),
        (None, _) => (Some(first), base.noise.endings.iter().all(|ending| ending.verdict == "passed")),
    };
    if let Some(alone) = alone.filter(|alone| alone.verdict == Verdict::Crashed && lived)
        && with.iter().all(|run| run.verdict == Verdict::Crashed)
    {
        let said = alone.evidence.clone().unwrap_or_else(|| alone.ending.clone());
        return judged(
            Effect::Fatal,
            format!("it dies without the faults, too: {}", clipped(&said)),
            Vec::new(),
        );
    }
    let names = new_names(base, with, control);
    let others: Vec<&Seen> = with.iter().filter(|run| !base.noise.ends_so(run)).collect();
    let change = || {
        let run = others.first()?;
        (2 * others.len() > with.len())
            .then(|| changed(base, run, control, limit) + &share(others.len(), with.len()))
    };
    if let Some((best, count)) = names.first() {
        let mut evidence = best.line.clone() + &share(*count, with.len());
        if let Some(change) = change() {
            evidence = format!("{evidence}; {change}");
        }
        return judged(Effect::Exposes, evidence, names.into_iter().map(|(named, _)| named.clue).collect());
    }
    if let Some(change) = change() {
        return judged(Effect::Changes, change, Vec::new());
    }
    if let Some((was, is)) = base.noise.moved(with) {
        let said = format!("says `{}` where it always said `{}`", clipped(&is), clipped(&was));
        return judged(Effect::Changes, said, Vec::new());
    }
    let evidence = match added(base, with) {
        0 if !others.is_empty() => format!("ended otherwise in {} of {} runs", others.len(), with.len()),
        0 => "no difference".to_owned(),
        1 => "prints 1 line more, which does not name the cause".to_owned(),
        lines => format!("prints {lines} lines more, none names the cause"),
    };
    judged(Effect::Inert, evidence, Vec::new())
}

fn share(count: usize, of: usize) -> String {
    if count == of { String::new() } else { format!(" (in {count} of {of} runs)") }
}

/// The lines that look like none before, in the run that has the fewest of them.
fn added(base: &Base, with: &[Seen]) -> usize {
    with.iter().map(|run| base.noise.added(run)).min().unwrap_or_default()
}

/// The clues that most of these runs name and that nothing named without the switch, each with how many runs do.
///
/// What the switch prints without the faults, too, is not about them; but for what the resolver says: it tells the way of a
/// lookup before it fails.
fn new_names(base: &Base, with: &[Seen], control: Option<&Seen>) -> Vec<(Named, usize)> {
    let none = |_: &str| false;
    let named_in =
        |run: &Seen| named(&base.cause, &run.lines, none).into_iter().map(|one| one.clue).collect::<Vec<_>>();
    let without_faults: Vec<Clue> = control.into_iter().chain(&base.plain).flat_map(named_in).collect();
    let is_old = |clue: &Clue| {
        base.named.iter().any(|named| named.clue == *clue)
            || *clue != Clue::Resolver && without_faults.contains(clue)
    };
    let of_run = |run: &Seen| -> Vec<Named> {
        // We ask for the stacks of what hangs: that is no doing of the switch.
        let is_asked = run.verdict == Verdict::Hung && !base.noise.hangs();
        let is_stack = |clue: &Clue| matches!(clue, Clue::Function(_) | Clue::Line(_) | Clue::AnyStack);
        let named = named(&base.cause, &run.lines, none).into_iter();
        named.filter(|one| !(is_old(&one.clue) || is_asked && is_stack(&one.clue))).collect()
    };
    let found: Vec<Vec<Named>> = with.iter().map(of_run).collect();
    let mut names: Vec<(Named, usize)> = Vec::new();
    for one in found.iter().flatten() {
        if !names.iter().any(|(known, _)| known.clue == one.clue) {
            let count = found.iter().filter(|run| run.iter().any(|other| other.clue == one.clue)).count();
            if 2 * count > with.len() {
                names.push((one.clone(), count));
            }
        }
    }
    names.sort_by(|(one, _), (other, _)| one.clue.cmp(&other.clue));
    names
}

/// How a run ended otherwise, in words.
fn changed(base: &Base, run: &Seen, control: Option<&Seen>, limit: f64) -> String {
    let from = base.noise.verdicts();
    let to = word(run.verdict);
    let is_missed = run.fired == 0 && base.noise.endings.iter().all(|ending| ending.has_fired);
    let mut words = if from == to && is_missed {
        from
    } else if from == to {
        let before = base.noise.endings.first();
        match before {
            Some(before) if before.ending != run.ending => {
                format!("{from}: {} → {}", before.ending, run.ending)
            }
            Some(before) if before.failed == run.failed => format!("{from}, of something else"),
            _ => {
                let failed = run.failed.iter().cloned().collect::<Vec<_>>().join(", ");
                format!("{from}: other tests fail: {failed}")
            }
        }
    } else {
        format!("{from} → {to}")
    };
    match run.verdict {
        Verdict::Hung => words.push_str(&format!(
            ": no end within {limit:.0} s, where it took {:.1} s at most",
            base.noise.slowest.as_secs_f64()
        )),
        Verdict::Vacuous | Verdict::Unaffected | Verdict::Survived => {
            if !base.noise.endings.iter().any(|ending| ending.verdict == "passed") {
                words.push_str(": the failure is gone");
            }
        }
        Verdict::Failed | Verdict::Crashed | Verdict::Silent => {
            if let Some(evidence) = &run.evidence {
                words.push_str(&format!(": {}", clipped(evidence)));
            }
        }
    }
    if is_missed {
        words.push_str("; no fault meets a call any more");
    }
    if control.is_some_and(|control| word(control.verdict) == to && !run.is_passed()) {
        words.push_str("; so it does without the faults");
    }
    words
}

#[cfg(test)]
mod tests {
    use super::super::seen::seen;
    use super::*;

    fn base(output: &str, verdict: Verdict, plain: &str) -> Base {
        let cause = Cause {
            clues: vec![
                Clue::Error { name: "ECONNRESET".into(), words: "connection reset by peer".into() },
                Clue::Call("futex".into()),
                Clue::Resolver,
            ],
            is_known: true,
        };
        let runs = [seen(verdict, output), seen(verdict, output)];
        let named = runs.iter().flat_map(|run| named(&cause, &run.lines, |_| false)).collect();
        Base { noise: Noise::of(&runs), named, cause, plain: Some(seen(Verdict::Unaffected, plain)) }
    }

    fn check(
        base: &Base,
        with: &[(Verdict, &str)],
        control: Option<(Verdict, &str)>,
        expect: (Effect, &str),
    ) {
        let with: Vec<Seen> = with.iter().map(|(verdict, output)| seen(*verdict, output)).collect();
        let control = control.map(|(verdict, output)| seen(verdict, output));
        let judged = judge(base, &with, control.as_ref(), 5.0);
        assert_eq!((judged.effect, judged.evidence.as_str()), expect);
        assert_eq!(judged.effect == Effect::Exposes, !judged.names.is_empty());
    }

    const LOG: &str = "the service is unavailable\n2026/11/25 http2: read: connection reset by peer\n";

    #[test]
    fn a_switch_that_makes_the_output_name_the_error_exposes() {
        let base = base("the service is unavailable\n", Verdict::Failed, "");
        let line = "2026/11/25 http2: read: connection reset by peer";
        let failed = (Verdict::Failed, LOG);
        check(
            &base,
            &[failed, failed],
            Some((Verdict::Unaffected, "http2: all well")),
            (Effect::Exposes, line),
        );
        // Now and then is not enough, most of the time is.
        let quiet = (Verdict::Failed, "the service is unavailable\n");
        check(&base, &[failed, quiet], None, (Effect::Inert, "no difference"));
        check(&base, &[failed, quiet, failed], None, (Effect::Exposes, &format!("{line} (in 2 of 3 runs)")));
    }

    #[test]
    fn what_is_printed_without_the_faults_too_is_not_about_them() {
        let base = base("no luck\n", Verdict::Failed, "");
        let with = (Verdict::Failed, "no luck\nlast time: futex 12\n");
        let inert = (Effect::Inert, "prints 1 line more, which does not name the cause");
        check(&base, &[with, with], Some((Verdict::Unaffected, "last time: futex 7\n")), inert);
        check(&base, &[with, with], None, (Effect::Exposes, "last time: futex 12"));
        // The way of a lookup is told before it fails.
        let order = "go package net: hostLookupOrder(db.test) = dns";
        let with = (Verdict::Failed, "no luck\ngo package net: hostLookupOrder(db.test) = dns\n");
        check(&base, &[with, with], Some((Verdict::Unaffected, order)), (Effect::Exposes, order));
    }

    #[test]
    fn what_is_named_already_is_not_exposed() {
        let base = base(LOG, Verdict::Failed, "");
        assert!(!base.named.is_empty());
        let with = (
            Verdict::Failed,
            "the service is unavailable\n2026/11/25 http2: read: connection reset by peer\nx ECONNRESET\n",
        );
        check(
            &base,
            &[with, with],
            None,
            (Effect::Inert, "prints 1 line more, which does not name the cause"),
        );
    }

    #[test]
    fn stacks_that_we_ask_for_ourselves_are_no_doing_of_the_switch() {
        let mut base = base("no luck\n", Verdict::Failed, "");
        base.cause.clues.push(Clue::Function("x.Save".into()));
        let stack = "goroutine 7 [running]:\nx.Save()\n\t/src/x/x.go:3 +0x1\n";
        let (crashed, hung) = ((Verdict::Crashed, stack), (Verdict::Hung, stack));
        let line = "x.Save(); failed → crashed";
        check(&base, &[crashed, crashed], None, (Effect::Exposes, line));
        let words = "failed → hung: no end within 5 s, where it took 0.0 s at most";
        check(&base, &[hung, hung], None, (Effect::Changes, words));
    }

    #[test]
    fn another_ending_changes() {
        let base = base("no luck\n", Verdict::Failed, "");
        let hung = (Verdict::Hung, "no luck\n");
        let words = "failed → hung: no end within 5 s, where it took 0.0 s at most";
        check(&base, &[hung, hung], None, (Effect::Changes, words));
        check(
            &base,
            &[hung, hung],
            Some(hung),
            (Effect::Changes, &format!("{words}; so it does without the faults")),
        );
        let good = (Verdict::Unaffected, "");
        check(&base, &[good, good], Some(good), (Effect::Changes, "failed → passed: the failure is gone"));
        let mixed = [good, (Verdict::Failed, "no luck")];
        check(&base, &mixed, None, (Effect::Inert, "ended otherwise in 1 of 2 runs"));
    }

    #[test]
    fn dying_of_something_else_and_saying_another_number_changes() {
        let mut base = base("stalled=0\n", Verdict::Crashed, "");
        let of = |evidence: &str| {
            let mut run = seen(Verdict::Crashed, "stalled=0\n");
            run.evidence = Some(evidence.to_owned());
            run
        };
        base.noise = Noise::of(&[of("panic: 1"), of("panic: 2")]);
        let fatal = [of("fatal error: 1"), of("fatal error: 1")];
        let judged = judge(&base, &fatal, None, 5.0);
        let words = "crashed, of something else: fatal error: 1";
        assert_eq!((judged.effect, judged.evidence.as_str()), (Effect::Changes, words));
        assert_eq!(judge(&base, &[of("panic: 3"), of("panic: 3")], None, 5.0).effect, Effect::Inert);

        let run = |output: &str| seen(Verdict::Unaffected, output);
        base.noise = Noise::of(&[run("stalled=0\n"), run("stalled=0\n"), run("stalled=0\n")]);
        let moved = judge(&base, &[run("stalled=1\n"), run("stalled=1\n")], None, 5.0);
        let words = "says `stalled=1` where it always said `stalled=0`";
        assert_eq!((moved.effect, moved.evidence.as_str()), (Effect::Changes, words));
    }

    #[test]
    fn a_switch_that_kills_without_the_faults_is_fatal() {
        let base = base("no luck\n", Verdict::Failed, "");
        let dead = (Verdict::Crashed, "fatal error: cgocheck > 1 mode is no longer supported\n");
        check(
            &base,
            &[dead, dead],
            Some(dead),
            (Effect::Fatal, "it dies without the faults, too: exit status 1"),
        );
        let alive = (Verdict::Unaffected, "");
        check(&base, &[dead, dead], Some(alive), (Effect::Changes, "failed → crashed"));
        assert!(wants_control(&base, &[seen(dead.0, dead.1)]));
        assert!(!wants_control(&base, &[seen(Verdict::Failed, "no luck\n")]));
    }
}
