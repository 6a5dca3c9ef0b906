//! Lines that name a cause, each kept once.

use crate::text::clip;
use model::Symptom;
use std::collections::{BTreeMap, BTreeSet};

/// How many race reports are kept: the only symptom that one test can have without end.
const RACES: usize = 1000;

/// How many lines after `WARNING: DATA RACE` are kept with it: the access, its function, its place.
const RACE_LINES: usize = 3;

/// A symptom and where it was seen.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) symptom: Symptom,
    pub(crate) package: Option<String>,
    pub(crate) test: Option<String>,
    pub(crate) evidence: String,
}

/// A race report whose lines are still to come.
#[derive(Debug)]
struct OpenRace {
    at: usize,
    missing: usize,
}

/// A package and a test, as far as they are known.
type Place = (Option<String>, Option<String>);

/// What a process can die of only once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Once {
    Crash,
    Timeout,
    Build,
}

/// The symptoms, folded.
#[derive(Debug, Default)]
pub(crate) struct Symptoms {
    pub(crate) seen: Vec<Seen>,
    pub(crate) races_omitted: u64,
    races: usize,
    once: BTreeSet<(Once, Option<String>, Option<String>)>,
    crashed: BTreeSet<Option<String>>,
    open: BTreeMap<Place, OpenRace>,
}

impl Symptoms {
    /// Takes a symptom in. [`Symptom::Message`] is no symptom of its own: it belongs to its test.
    pub(crate) fn note(&mut self, symptom: Symptom, package: Option<&str>, test: Option<&str>, line: &str) {
        let package = package.map(str::to_owned);
        let test = test.map(str::to_owned);
        let is_new = match symptom {
            Symptom::Message => false,
            Symptom::Race => self.has_room_for_race(),
            // A panic is followed by "[signal SIGSEGV…", an abort by go test's "signal: aborted": same death, said again.
            Symptom::Signal => {
                !self.crashed.contains(&package) && self.is_first(Once::Crash, &package, &test)
            }
            Symptom::Panic | Symptom::Fatal => self.is_first(Once::Crash, &package, &test),
            Symptom::TestTimeout => self.is_first(Once::Timeout, &package, &None),
            Symptom::Build => self.is_first(Once::Build, &package, &None),
        };
        if !is_new {
            return;
        }
        match symptom {
            Symptom::Panic | Symptom::Fatal | Symptom::Signal => {
                self.crashed.insert(package.clone());
            }
            Symptom::Race => {
                self.open.insert(
                    (package.clone(), test.clone()),
                    OpenRace { at: self.seen.len(), missing: RACE_LINES },
                );
            }
            Symptom::TestTimeout | Symptom::Build | Symptom::Message => {}
        }
        self.seen.push(Seen { symptom, package, test, evidence: clip(line) });
    }

    /// Looks at a line of output for what belongs to a race report that has begun.
    pub(crate) fn look(&mut self, package: Option<&str>, test: Option<&str>, line: &str) {
        if self.open.is_empty() || line.contains("WARNING: DATA RACE") {
            return;
        }
        let place = (package.map(str::to_owned), test.map(str::to_owned));
        let Some(race) = self.open.get_mut(&place) else {
            return;
        };
        let is_over = line.trim().is_empty() || line.starts_with("====");
        if !is_over {
            let evidence = &mut self.seen[race.at].evidence;
            evidence.push('\n');
            evidence.push_str(&clip(line));
            race.missing -= 1;
        }
        if is_over || race.missing == 0 {
            self.open.remove(&place);
        }
    }

    fn is_first(&mut self, once: Once, package: &Option<String>, test: &Option<String>) -> bool {
        self.once.insert((once, package.clone(), test.clone()))
    }

    fn has_room_for_race(&mut self) -> bool {
        let has_room = self.races < RACES;
        if has_room {
            self.races += 1;
        } else {
            self.races_omitted += 1;
        }
        has_room
    }
}
