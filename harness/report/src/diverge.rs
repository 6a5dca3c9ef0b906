//! Where a replay took another way than the run it repeats.
//!
//! Two journals of one plan are laid side by side: subjects by key, calls by (subject, rule) and occurrence, where callers
//! are known also by (test, site, system call), tests by name. Threads race, so *counts* of matched calls differ between
//! good replays, and so does the place of an occurrence that is counted over all places; that alone is informational.

use crate::fold::Facts;
use crate::text::{count, plain};
use crate::tracks::{Hit, Track, Tracks};
use crate::{CaseResult, Summary};
use journal::{Header, Reader};
use model::{OccurrenceKey, RuleId};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::Read;
use std::path::Path;

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
    let mut tracks = Tracks::new(&header);
    while let Some(entry) = reader.next_entry()? {
        tracks.take(&entry, old);
        facts.take(&entry);
    }
    Ok((Summary::of(header, facts, reader.damage(), Path::new("")), tracks))
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
        let head = usize::try_from(rule.0).ok().and_then(|at| header.rules.get(at));
        let rule = head.map_or_else(|| format!("rule {rule}"), |head| head.name.clone());
        let (was, is) = (then.by_key.get(key).unwrap_or(&nothing), now.by_key.get(key).unwrap_or(&nothing));
        let pair = Pair {
            subject,
            rule: &rule,
            then: was,
            now: is,
            places: [&then.places, &now.places],
            // Where occurrences are counted by place, the third of a rule is the third of many.
            is_by_place: then.is_by_place()
                || head.is_some_and(|head| head.counts_by_site)
                || was.has_repeats()
                || is.has_repeats(),
            are_places_counted: now.is_by_place(),
        };
        pair.compare(found);
    }
}

/// One rule's calls in one subject, in both runs.
struct Pair<'a> {
    subject: &'a str,
    rule: &'a str,
    then: &'a Track,
    now: &'a Track,
    places: [&'a BTreeMap<OccurrenceKey, String>; 2],
    is_by_place: bool,
    are_places_counted: bool,
}

impl Pair<'_> {
    fn compare(&self, found: &mut Vec<Divergence>) {
        let (then, now) = (self.then, self.now);
        if let Some((occurrence, then, now)) = now.differs.filter(|_| !self.is_by_place) {
            found.push(self.material(format!("occurrence {occurrence} was {then} then and {now} now")));
        }
        // Beyond what is remembered one by one, only totals can be compared.
        if then.fired_more == 0 && now.fired_more == 0 {
            self.faults(found);
        } else {
            let total = |track: &Track| track.fired.len() as u64 + track.fired_more;
            if total(then) != total(now) {
                found.push(self.material(format!("{} faults then and {} now", total(then), total(now))));
            }
        }
        if then.matched != now.matched {
            let what = format!("matched {} calls then and {} now", then.matched, now.matched);
            found.push(self.informational(what));
        }
    }

    fn faults(&self, found: &mut Vec<Divergence>) {
        let only = |some: &Track, other: &Track| some.fired.difference(&other.fired).copied().collect();
        let (mut lost, mut added): (Vec<Hit>, Vec<Hit>) =
            (only(self.then, self.now), only(self.now, self.then));
        if !self.is_by_place {
            // The same occurrence at another place: threads race for numbers that are counted over all places.
            let moved = moved(&mut lost, &mut added);
            if let [(was, is), ..] = moved[..] {
                let what = format!(
                    "occurrence {} was {} then and is {} now{}",
                    was.occurrence,
                    self.place(was).unwrap_or("at an unknown place"),
                    self.place(is).unwrap_or("at an unknown place"),
                    and_more(moved.len()),
                );
                found.push(self.informational(what));
            }
        }
        if let [first, ..] = lost[..] {
            let (hit, more) = (self.hit(first), and_more(lost.len()));
            let why = self.why(first).map_or(String::new(), |why| format!(" ({why})"));
            found.push(self.material(format!("{hit} fired then and not now{why}{more}")));
        }
        if let [first, ..] = added[..] {
            found.push(self.material(format!("{} fires now and did not then", self.hit(first))));
        }
    }

    /// Why a hit of the old run is none in the new one, where that can be said.
    fn why(&self, hit: Hit) -> Option<String> {
        let matched = match hit.key {
            Some(key) if self.is_by_place && self.are_places_counted => {
                self.now.by_place.get(&key).copied().unwrap_or(0)
            }
            // Which number a call would have had is not known of calls that passed.
            _ if self.is_by_place => return None,
            _ => self.now.matched,
        };
        Some(if matched < hit.occurrence {
            let there = if self.is_by_place { " there" } else { "" };
            format!("only {} matched{there}", count(matched, "call"))
        } else {
            "the call was made and passed".to_owned()
        })
    }

    /// A hit in words: its place before its number.
    fn hit(&self, hit: Hit) -> String {
        match self.place(hit) {
            Some(place) => format!("{place}, occurrence {},", hit.occurrence),
            None => format!("occurrence {}", hit.occurrence),
        }
    }

    fn place(&self, hit: Hit) -> Option<&str> {
        let key = hit.key?;
        self.places.iter().find_map(|places| places.get(&key)).map(String::as_str)
    }

    fn material(&self, what: String) -> Divergence {
        material(Some(self.subject), Some(self.rule), what)
    }

    fn informational(&self, what: String) -> Divergence {
        Divergence { weight: Weight::Informational, ..self.material(what) }
    }
}

/// Takes out of both lists the hits whose occurrence is in the other; those of two known places are handed out.
fn moved(lost: &mut Vec<Hit>, added: &mut Vec<Hit>) -> Vec<(Hit, Hit)> {
    let new: BTreeMap<u64, Hit> = added.iter().map(|hit| (hit.occurrence, *hit)).collect();
    let both = |was: &Hit| new.get(&was.occurrence).map(|is| (*was, *is));
    let pairs: Vec<(Hit, Hit)> = lost.iter().filter_map(both).collect();
    let numbers: BTreeSet<u64> = pairs.iter().map(|(was, _)| was.occurrence).collect();
    for list in [lost, added] {
        list.retain(|hit| !numbers.contains(&hit.occurrence));
    }
    pairs.into_iter().filter(|(was, is)| was.key.is_some() && is.key.is_some()).collect()
}

/// How many others there are beside the one that is told.
fn and_more(all: usize) -> String {
    if all == 1 { String::new() } else { format!(", and {} more", all - 1) }
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
