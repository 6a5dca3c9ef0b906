//! Where a replay took another way than the run it repeats.
//!
//! Two journals of one plan are laid side by side: subjects by key, calls by (subject, rule) and occurrence, tests by
//! name. Threads race, so *counts* of matched calls differ between good replays; that alone is informational.

use crate::fold::Facts;
use crate::text::plain;
use crate::{CaseResult, Summary};
use journal::{Entry, Header, Reader};
use model::{Decision, RuleId, SubjectId, Sysno};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::Path;

/// How many calls of the old run are remembered, over all subjects and rules; four bytes each.
const REMEMBERED: usize = 1 << 20;

/// One way in which two runs differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Divergence {
    /// The subject's key, or a test's package, where it is about one.
    pub subject: Option<String>,
    /// The rule's name, where it is about one.
    pub rule: Option<String>,
    /// What differs, in words.
    pub what: String,
    /// Whether it makes the new run another one.
    pub weight: Weight,
}

/// Whether a divergence matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// The new run is not a repetition of the old.
    Material,
    /// It differs, as good repetitions do.
    Informational,
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [self.subject.as_deref(), self.rule.as_deref()].into_iter().flatten();
        let place = parts.map(plain).collect::<Vec<_>>().join(", ");
        if !place.is_empty() {
            write!(f, "{place}: ")?;
        }
        f.write_str(&plain(&self.what))
    }
}

/// One rule's calls in one subject.
#[derive(Debug, Default)]
struct Track {
    calls: Vec<Sysno>,
    matched: u64,
    fired: BTreeSet<u64>,
    /// Fired occurrences that were not kept one by one.
    fired_more: u64,
    /// The first occurrence that was another call in the new run: which, then, now.
    differs: Option<(u64, Sysno, Sysno)>,
}

/// What one journal holds, by what is the same in another run of the same plan.
#[derive(Debug, Default)]
struct Tracks {
    keys: BTreeMap<SubjectId, String>,
    by_key: BTreeMap<(String, RuleId), Track>,
    kept: usize,
    fired_kept: usize,
}

/// Lays two journals of the same plan side by side, the old one first. Nothing is returned where the new run is a
/// faithful repetition.
///
/// # Errors
/// Where one of the files cannot be read.
pub fn diverge<A: Read, B: Read>(
    old: &mut Reader<A>,
    new: &mut Reader<B>,
) -> Result<Vec<Divergence>, journal::Error> {
    let (then, then_tracks) = read(old, None)?;
    let (now, now_tracks) = read(new, Some(&then_tracks))?;
    let mut found = Vec::new();
    plans(&then.header, &now.header, &mut found);
    subjects(&then_tracks, &now_tracks, &mut found);
    calls(&then.header, &then_tracks, &now_tracks, &mut found);
    tests(&then, &now, &mut found);
    if then.verdict != now.verdict {
        found.push(material(
            None,
            None,
            format!("the verdict was {} then and is {} now", then.verdict, now.verdict),
        ));
    }
    Ok(found)
}

fn read<R: Read>(reader: &mut Reader<R>, old: Option<&Tracks>) -> Result<(Summary, Tracks), journal::Error> {
    let header = reader.header().clone();
    let mut facts = Facts::new(&header);
    let mut tracks = Tracks::default();
    while let Some(entry) = reader.next_entry()? {
        tracks.take(&entry, old);
        facts.take(&entry);
    }
    Ok((Summary::of(header, facts, reader.damage(), Path::new("")), tracks))
}

impl Tracks {
    fn take(&mut self, entry: &Entry<'_>, old: Option<&Tracks>) {
        match entry {
            Entry::Subject { subject, key, .. } => {
                self.keys.insert(*subject, key.to_string());
            }
            Entry::Decided { subject, sysno, matched, decision, .. } => {
                for rule in matched.iter() {
                    self.matched(*subject, *rule, *sysno, old);
                }
                if let Decision::Inject { rule, occurrence, fault: _ } = decision {
                    self.fired(*subject, *rule, *occurrence);
                }
            }
            Entry::Settled { .. }
            | Entry::SubjectEnded { .. }
            | Entry::Test { .. }
            | Entry::TestStarted { .. }
            | Entry::Output { .. }
            | Entry::Symptom { .. }
            | Entry::TimedOut { .. }
            | Entry::Interrupted { .. }
            | Entry::CommandEnded { .. }
            | Entry::Stragglers { .. }
            | Entry::Aborted { .. }
            | Entry::Closed { .. }
            | Entry::Site { .. }
            | Entry::Goroutine { .. } => {}
        }
    }

    fn key(&self, subject: SubjectId, rule: RuleId) -> (String, RuleId) {
        let key = self.keys.get(&subject).cloned();
        (key.unwrap_or_else(|| format!("subject {subject}")), rule)
    }

    fn matched(&mut self, subject: SubjectId, rule: RuleId, sysno: Sysno, old: Option<&Tracks>) {
        let key = self.key(subject, rule);
        let then = old.and_then(|old| old.by_key.get(&key));
        let track = self.by_key.entry(key).or_default();
        track.matched += 1;
        match old {
            // The old run is remembered, the new one is compared as it passes.
            None if self.kept < REMEMBERED => {
                self.kept += 1;
                track.calls.push(sysno);
            }
            None => {}
            Some(_) => {
                let at = usize::try_from(track.matched - 1).unwrap_or(usize::MAX);
                let then = then.and_then(|then| then.calls.get(at));
                if let Some(then) = then.filter(|then| **then != sysno) {
                    track.differs.get_or_insert((track.matched, *then, sysno));
                }
            }
        }
    }

    fn fired(&mut self, subject: SubjectId, rule: RuleId, occurrence: u64) {
        let key = self.key(subject, rule);
        let track = self.by_key.entry(key).or_default();
        // An occurrence takes more memory than a call, and there are far fewer that fire.
        if self.fired_kept < REMEMBERED / 16 {
            self.fired_kept += usize::from(track.fired.insert(occurrence));
        } else {
            track.fired_more += 1;
        }
    }
}

fn material(subject: Option<&str>, rule: Option<&str>, what: String) -> Divergence {
    let (subject, rule) = (subject.map(str::to_owned), rule.map(str::to_owned));
    Divergence { subject, rule, what, weight: Weight::Material }
}

fn plans(then: &Header, now: &Header, found: &mut Vec<Divergence>) {
    let names =
        |header: &Header| header.rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>().join(", ");
    if then.rules.len() != now.rules.len() || names(then) != names(now) {
        let what = format!("the rules were {} then and are {} now", names(then), names(now));
        found.push(material(None, None, what));
    }
    if then.go != now.go {
        let name = |go: &Option<String>| go.clone().unwrap_or_else(|| "none".to_owned());
        found.push(material(
            None,
            None,
            format!("Go was {} then and is {} now", name(&then.go), name(&now.go)),
        ));
    }
}

fn subjects(then: &Tracks, now: &Tracks, found: &mut Vec<Divergence>) {
    let keys = |tracks: &Tracks| tracks.keys.values().cloned().collect::<BTreeSet<String>>();
    let (then, now) = (keys(then), keys(now));
    for missing in then.difference(&now) {
        found.push(material(Some(missing), None, "was launched then and is not now".to_owned()));
    }
    for added in now.difference(&then) {
        found.push(material(Some(added), None, "is launched now and was not then".to_owned()));
    }
}

fn calls(header: &Header, then: &Tracks, now: &Tracks, found: &mut Vec<Divergence>) {
    let nothing = Track::default();
    let keys: BTreeSet<&(String, RuleId)> = then.by_key.keys().chain(now.by_key.keys()).collect();
    for key in keys {
        let (subject, rule) = key;
        let then = then.by_key.get(key).unwrap_or(&nothing);
        let now = now.by_key.get(key).unwrap_or(&nothing);
        let head = usize::try_from(rule.0).ok().and_then(|at| header.rules.get(at));
        let rule = head.map_or_else(|| format!("rule {rule}"), |head| head.name.clone());
        if let Some((occurrence, then, now)) = now.differs {
            let what = format!("occurrence {occurrence} was {then} then and {now} now");
            found.push(material(Some(subject), Some(&rule), what));
        }
        faults(subject, &rule, then, now, found);
        if then.matched != now.matched {
            let what = format!("matched {} calls then and {} now", then.matched, now.matched);
            let informational = Weight::Informational;
            found.push(Divergence { weight: informational, ..material(Some(subject), Some(&rule), what) });
        }
    }
}

fn faults(subject: &str, rule: &str, then: &Track, now: &Track, found: &mut Vec<Divergence>) {
    let only =
        |some: &Track, other: &Track| some.fired.difference(&other.fired).copied().collect::<Vec<u64>>();
    // Beyond what is remembered one by one, only totals can be compared.
    let is_whole = then.fired_more == 0 && now.fired_more == 0;
    if is_whole {
        if let [first, ..] = only(then, now)[..] {
            let lost = only(then, now).len();
            let why = if now.matched < first {
                format!("only {} calls matched", now.matched)
            } else {
                "the call was made and passed".to_owned()
            };
            let rest = if lost == 1 { String::new() } else { format!(", and {} more", lost - 1) };
            let what = format!("occurrence {first} fired then and not now ({why}){rest}");
            found.push(material(Some(subject), Some(rule), what));
        }
        if let [first, ..] = only(now, then)[..] {
            found.push(material(
                Some(subject),
                Some(rule),
                format!("occurrence {first} fires now and did not then"),
            ));
        }
    } else {
        let total = |track: &Track| track.fired.len() as u64 + track.fired_more;
        if total(then) != total(now) {
            let what = format!("{} faults then and {} now", total(then), total(now));
            found.push(material(Some(subject), Some(rule), what));
        }
    }
}

fn tests(then: &Summary, now: &Summary, found: &mut Vec<Divergence>) {
    let results = |summary: &Summary| -> BTreeMap<(String, String), CaseResult> {
        summary.tests.iter().map(|test| ((test.package.clone(), test.test.clone()), test.result)).collect()
    };
    let (then, now) = (results(then), results(now));
    let names: BTreeSet<&(String, String)> = then.keys().chain(now.keys()).collect();
    for name in names {
        let (was, is) = (then.get(name), now.get(name));
        if was != is {
            let say = |result: Option<&CaseResult>| result.map_or("none".to_owned(), ToString::to_string);
            let what = format!("{} had result {} then and {} now", name.1, say(was), say(is));
            found.push(material(Some(&name.0), None, what));
        }
    }
}
