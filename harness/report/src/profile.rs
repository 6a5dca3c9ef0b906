//! Calls by who made them: what `show --site`, `--folded` and `--pprof` draw, and findings ask.

use crate::callers::{Caller, Callers, Runner};
use crate::calls::Decided;
use journal::CallerNumbers;
use model::{Execution, Fault, GoroutineNumber, RuleId, SiteNumber, SubjectId, Sysno};
use std::collections::BTreeMap;
use std::time::Duration;

/// How many kinds of calls are told apart down to the goroutine.
const KEPT: usize = 64 << 10;

/// How many more are told apart down to the test. What is beyond that is only counted.
const SPARE: usize = 64 << 10;

/// The calls whose caller is known, and all that a fault hit, folded.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Profile {
    pub(crate) callers: Callers,
    samples: BTreeMap<Key, Tally>,
    /// What was too much to be told apart.
    pub omitted: Tally,
}

/// How much of something there was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Calls.
    pub calls: u64,
    /// Faults among them that reached their caller.
    pub faults: u64,
    /// Faults among those that did more than to hold their caller, or to send it a signal.
    pub errors: u64,
    /// How long faults held their callers.
    pub latency: Duration,
}

/// What one fault adds to a tally.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    is_error: bool,
    latency: Duration,
}

/// What makes two calls the same to a profile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// None for all that the journal names nowhere.
    site: Option<SiteNumber>,
    who: Who,
    subject: SubjectId,
    sysno: Sysno,
    rule: Option<RuleId>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Goroutine(GoroutineNumber),
    /// Some goroutine of this test.
    Test(String),
    Thread,
    Unknown,
}

/// Calls of one kind.
#[derive(Debug)]
pub(crate) struct Sample<'a> {
    pub(crate) caller: Caller,
    /// The test, also where there are too many goroutines to say which one it was.
    pub(crate) test: Option<&'a str>,
    /// The site's number; none for an unknown one.
    pub(crate) site: Option<SiteNumber>,
    pub(crate) subject: SubjectId,
    pub(crate) sysno: Sysno,
    pub(crate) rule: Option<RuleId>,
    pub(crate) tally: Tally,
}

impl Hit {
    /// What this fault adds.
    pub(crate) fn of(fault: &Fault) -> Hit {
        let is_error = fault.result.is_some()
            || fault.execution != Execution::AsMade
            || !fault.poke_enter.is_empty()
            || !fault.poke_exit.is_empty();
        Hit { is_error, latency: fault.hold() }
    }
}

impl Tally {
    /// Adds another one.
    pub(crate) fn add(&mut self, other: Tally) {
        self.calls = self.calls.saturating_add(other.calls);
        self.faults = self.faults.saturating_add(other.faults);
        self.errors = self.errors.saturating_add(other.errors);
        self.latency = self.latency.saturating_add(other.latency);
    }

    fn take_back(&mut self, hit: Hit) {
        self.faults = self.faults.saturating_sub(1);
        self.errors = self.errors.saturating_sub(u64::from(hit.is_error));
        self.latency = self.latency.saturating_sub(hit.latency);
    }
}

impl Profile {
    /// How many calls came from a place of which this holds.
    pub fn calls_from(&self, holds: impl Fn(&model::Site) -> bool) -> u64 {
        let sites =
            self.samples.iter().filter_map(|(key, tally)| Some((self.callers.site_of(key.site?)?, tally)));
        sites.filter(|(site, _)| holds(site)).map(|(_, tally)| tally.calls).sum()
    }

    /// A call was let through.
    pub(crate) fn passed(&mut self, call: &Decided<'_>) {
        if let Some(numbers) = call.caller {
            let key = self.key(call, Some(numbers), None);
            self.add(key, Tally { calls: 1, ..Tally::default() });
        }
    }

    /// A fault hit a call. Hands out what to take back if it never reached its caller; nothing where it was not told
    /// apart.
    pub(crate) fn hit(&mut self, call: &Decided<'_>, rule: RuleId, hit: Hit) -> Option<Key> {
        let errors = u64::from(hit.is_error);
        let tally = Tally { calls: 1, faults: 1, errors, latency: hit.latency };
        let key = self.key(call, call.caller, Some(rule));
        self.add(key, tally)
    }

    /// A fault that was counted did not reach its caller.
    pub(crate) fn missed(&mut self, key: &Key, hit: Hit) {
        if let Some(tally) = self.samples.get_mut(key) {
            tally.take_back(hit);
        }
    }

    /// Whether the site of any call is known.
    pub fn has_sites(&self) -> bool {
        self.samples.keys().any(|key| key.site.is_some())
    }

    /// All of it, what was too much to be told apart included.
    pub fn total(&self) -> Tally {
        let mut total = self.omitted;
        self.samples.values().for_each(|tally| total.add(*tally));
        total
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// All kinds of calls.
    pub(crate) fn samples(&self) -> impl Iterator<Item = Sample<'_>> {
        self.samples.iter().map(|(key, tally)| {
            let runner = match &key.who {
                Who::Goroutine(number) => {
                    self.callers.goroutine_of(*number).cloned().map_or(Runner::Unknown, Runner::Goroutine)
                }
                Who::Thread => Runner::Thread,
                Who::Test(_) | Who::Unknown => Runner::Unknown,
            };
            let site = key.site.and_then(|number| self.callers.site_of(number)).cloned();
            Sample {
                caller: Caller { site, runner },
                test: self.test_of(&key.who),
                site: key.site,
                subject: key.subject,
                sysno: key.sysno,
                rule: key.rule,
                tally: *tally,
            }
        })
    }

    fn test_of<'a>(&'a self, who: &'a Who) -> Option<&'a str> {
        match who {
            Who::Goroutine(number) => self.callers.goroutine_of(*number)?.test.as_deref(),
            Who::Test(test) => Some(test),
            Who::Thread | Who::Unknown => None,
        }
    }

    fn key(&self, call: &Decided<'_>, numbers: Option<CallerNumbers>, rule: Option<RuleId>) -> Key {
        let site = numbers.map(|numbers| numbers.site).filter(|site| self.callers.site_of(*site).is_some());
        let who = match numbers.map(|numbers| numbers.goroutine) {
            Some(Some(number)) if self.callers.goroutine_of(number).is_some() => Who::Goroutine(number),
            Some(Some(_)) | None => Who::Unknown,
            Some(None) => Who::Thread,
        };
        Key { site, who, subject: call.subject, sysno: call.sysno, rule }
    }

    fn add(&mut self, mut key: Key, tally: Tally) -> Option<Key> {
        if let Some(known) = self.samples.get_mut(&key) {
            known.add(tally);
            return Some(key);
        }
        if self.samples.len() >= KEPT {
            key.who = self.test_of(&key.who).map_or(Who::Unknown, |test| Who::Test(test.to_owned()));
        }
        if self.samples.len() >= KEPT + SPARE && !self.samples.contains_key(&key) {
            self.omitted.add(tally);
            return None;
        }
        self.samples.entry(key.clone()).or_default().add(tally);
        Some(key)
    }
}
