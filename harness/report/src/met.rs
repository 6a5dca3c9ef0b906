//! Which lines of the target met injected faults, by test.

use crate::SubjectReport;
use crate::place::{lead, located};
use crate::profile::Profile;
use crate::text::count;
use model::SubjectId;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// How many places are named one by one.
const NAMED: usize = 3;

/// What one place met.
#[derive(Debug, Default, Clone, Copy)]
struct Count {
    faults: u64,
    errors: u64,
}

/// Places, in words, with what they met.
type Places = BTreeMap<String, Count>;

/// Which places met faults, by package and test. What belongs to no test has an empty name.
#[derive(Debug, Default)]
pub(crate) struct Met {
    by_package: BTreeMap<String, BTreeMap<String, Places>>,
}

impl Met {
    /// What this profile knows.
    pub(crate) fn of(profile: &Profile, subjects: &BTreeMap<SubjectId, SubjectReport>, cwd: &str) -> Met {
        let mut met = Met::default();
        for sample in profile.samples().filter(|sample| sample.tally.faults > 0) {
            let Some(lead) = sample.caller.site.as_deref().and_then(lead) else { continue };
            let package = subjects.get(&sample.subject).map_or("", SubjectReport::package);
            let tests = met.by_package.entry(package.to_owned()).or_default();
            let places = tests.entry(sample.test.unwrap_or_default().to_owned()).or_default();
            let count = Count { faults: sample.tally.faults, errors: sample.tally.errors };
            add(places, located(lead, cwd), count);
        }
        met
    }

    /// The places of a test, a package or the whole run, those that met most first, and words for how many more there are.
    ///
    /// What subtests met belongs to a test; where that is nothing, what its parents met. Where anything was met that is more
    /// than a delay, delays are left out: there may be hundreds of them beside one error.
    pub(crate) fn by(&self, package: Option<&str>, test: Option<&str>) -> Vec<String> {
        let mut places = self.within(package, test, Subtests::Counted);
        let mut inner = test;
        while let Some((outer, _)) =
            inner.filter(|_| places.is_empty()).and_then(|name| name.rsplit_once('/'))
        {
            places = self.within(package, Some(outer), Subtests::LeftOut);
            inner = Some(outer);
        }
        if places.values().any(|count| count.errors > 0) {
            places.retain(|_, count| count.errors > 0);
        }
        let mut places: Vec<(String, Count)> = places.into_iter().collect();
        places.sort_by_key(|(_, count)| Reverse((count.errors, count.faults)));
        let more = places.len().saturating_sub(NAMED);
        let mut named: Vec<String> = places.into_iter().take(NAMED).map(|(place, _)| place).collect();
        if more > 0 {
            named.push(count(more as u64, "more place"));
        }
        named
    }

    fn within(&self, package: Option<&str>, test: Option<&str>, subtests: Subtests) -> Places {
        let mut places = Places::new();
        let is_meant = |name: &str| match (test, subtests) {
            (None, _) => true,
            (Some(test), Subtests::LeftOut) => name == test,
            (Some(test), Subtests::Counted) => {
                name.strip_prefix(test).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        };
        let packages = self.by_package.iter().filter(|(name, _)| package.is_none_or(|p| p == *name));
        for (_, some) in packages.flat_map(|(_, tests)| tests).filter(|(name, _)| is_meant(name)) {
            for (place, count) in some {
                add(&mut places, place.clone(), *count);
            }
        }
        places
    }
}

/// Whether what subtests met belongs to a test.
#[derive(Debug, Clone, Copy)]
enum Subtests {
    Counted,
    LeftOut,
}

fn add(places: &mut Places, place: String, more: Count) {
    let count = places.entry(place).or_default();
    count.faults = count.faults.saturating_add(more.faults);
    count.errors = count.errors.saturating_add(more.errors);
}
