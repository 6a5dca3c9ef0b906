//! What one run's calls did, by what is the same in another run of the same plan.

use crate::callers::{Caller, Callers};
use crate::place;
use journal::{Attribution, CallerNumbers, Entry, Header};
use model::{Decision, GoroutineNumber, OccurrenceKey, RuleId, SiteNumber, SubjectId, Sysno};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How many calls of the old run are remembered, over all subjects and rules; four bytes each.
const REMEMBERED: usize = 1 << 20;

/// How many hits are, and how many occurrence keys: these take more memory than a call, and there are far fewer.
const KEPT: usize = REMEMBERED / 16;

/// One hit of a rule: the occurrence that it was, and of what. Without a key where the caller is not known, and occurrences
/// are counted by rule alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hit {
    pub(crate) occurrence: u64,
    pub(crate) key: Option<OccurrenceKey>,
}

/// One rule's calls in one subject.
#[derive(Debug, Default)]
pub(crate) struct Track {
    calls: Vec<Sysno>,
    pub(crate) matched: u64,
    /// How many calls of each key matched, where every call's caller is asked for.
    pub(crate) by_place: BTreeMap<OccurrenceKey, u64>,
    pub(crate) fired: BTreeSet<Hit>,
    /// Hits that were not kept one by one.
    pub(crate) fired_more: u64,
    /// The first occurrence that was another call in the new run: which, then, now.
    pub(crate) differs: Option<(u64, Sysno, Sysno)>,
}

impl Track {
    /// Whether one occurrence was hit at several places: then occurrences are counted by place.
    pub(crate) fn has_repeats(&self) -> bool {
        self.fired.iter().zip(self.fired.iter().skip(1)).any(|(one, next)| one.occurrence == next.occurrence)
    }
}

/// What one journal holds.
#[derive(Debug)]
pub(crate) struct Tracks {
    attribution: Attribution,
    cwd: String,
    pub(crate) keys: BTreeMap<SubjectId, String>,
    pub(crate) by_key: BTreeMap<(String, RuleId), Track>,
    /// What a key is of, in words: `renameat at store.Save (store.go:31) in TestSave`.
    pub(crate) places: BTreeMap<OccurrenceKey, String>,
    callers: Callers,
    known: BTreeMap<(SiteNumber, Option<GoroutineNumber>, Sysno), OccurrenceKey>,
    kept: usize,
    fired_kept: usize,
    counted: usize,
}

impl Tracks {
    /// Nothing yet.
    pub(crate) fn new(header: &Header) -> Tracks {
        Tracks {
            attribution: header.attribution,
            cwd: header.cwd.clone(),
            keys: BTreeMap::new(),
            by_key: BTreeMap::new(),
            places: BTreeMap::new(),
            callers: Callers::default(),
            known: BTreeMap::new(),
            kept: 0,
            fired_kept: 0,
            counted: 0,
        }
    }

    /// Whether the caller of every call is asked for, and occurrences are counted by it.
    pub(crate) fn is_by_place(&self) -> bool {
        self.attribution == Attribution::All
    }

    /// Takes one entry in; the old run is remembered, and a new one compared with it as it passes.
    pub(crate) fn take(&mut self, entry: &Entry<'_>, old: Option<&Tracks>) {
        match entry {
            Entry::Subject { subject, key, .. } => {
                self.keys.insert(*subject, key.to_string());
            }
            Entry::Decided { subject, sysno, matched, decision, caller, .. } => {
                let key = self.key_of(*caller, *sysno);
                for rule in matched.iter() {
                    self.matched(*subject, *rule, *sysno, key, old);
                }
                if let Decision::Inject { rule, occurrence, fault: _ } = decision {
                    self.fired(*subject, *rule, Hit { occurrence: *occurrence, key });
                }
            }
            Entry::Site { number, site, .. } => self.callers.site(*number, site),
            Entry::Goroutine { number, goroutine, .. } => self.callers.goroutine(*number, goroutine),
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
            | Entry::Closed { .. } => {}
        }
    }

    /// What a call's occurrences are counted by.
    fn key_of(&mut self, numbers: Option<CallerNumbers>, sysno: Sysno) -> Option<OccurrenceKey> {
        let place = numbers.map(|numbers| (numbers.site, numbers.goroutine, sysno));
        if let Some(known) = place.and_then(|place| self.known.get(&place)) {
            return Some(*known);
        }
        let caller = numbers.map(|numbers| self.callers.of(numbers));
        let Some((caller, site)) = caller.as_ref().and_then(|caller| Some((caller, caller.site.clone()?)))
        else {
            return self.is_by_place().then(|| OccurrenceKey::of(None, sysno));
        };
        let goroutine = caller.goroutine().cloned().map(Arc::new);
        let key = OccurrenceKey::of(Some(&model::Caller { site, goroutine }), sysno);
        if let Some(place) = place.filter(|_| self.known.len() < KEPT) {
            self.known.insert(place, key);
            self.places.entry(key).or_insert_with(|| words(caller, sysno, &self.cwd));
        }
        Some(key)
    }

    /// What a track goes by.
    fn name(&self, subject: SubjectId, rule: RuleId) -> (String, RuleId) {
        let key = self.keys.get(&subject).cloned();
        (key.unwrap_or_else(|| format!("subject {subject}")), rule)
    }

    fn matched(
        &mut self,
        subject: SubjectId,
        rule: RuleId,
        sysno: Sysno,
        key: Option<OccurrenceKey>,
        old: Option<&Tracks>,
    ) {
        let of = self.name(subject, rule);
        let is_by_place = self.is_by_place();
        let then = old.and_then(|old| old.by_key.get(&of));
        let track = self.by_key.entry(of).or_default();
        track.matched += 1;
        if let Some(key) = key.filter(|_| is_by_place) {
            if let Some(count) = track.by_place.get_mut(&key) {
                *count += 1;
            } else if self.counted < KEPT {
                self.counted += 1;
                track.by_place.insert(key, 1);
            }
        }
        match old {
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

    fn fired(&mut self, subject: SubjectId, rule: RuleId, hit: Hit) {
        let of = self.name(subject, rule);
        let track = self.by_key.entry(of).or_default();
        if self.fired_kept < KEPT {
            self.fired_kept += usize::from(track.fired.insert(hit));
        } else {
            track.fired_more += 1;
        }
    }
}

/// A call in words: `renameat at store.Save (store.go:31) in TestSave`.
fn words(caller: &Caller, sysno: Sysno, cwd: &str) -> String {
    let lead = caller.site.as_deref().and_then(place::lead);
    let lead = lead.map_or("an unknown place".to_owned(), |frame| place::located(frame, cwd));
    let test = caller.test().map_or(String::new(), |test| format!(" in {test}"));
    format!("{sysno} at {lead}{test}")
}
