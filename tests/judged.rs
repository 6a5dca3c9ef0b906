//! The calls that a run's journal tells of, each with who made it.

use crate::Outcome;
use journal::{Entry, Reader};
use model::{Caller, Decision, Goroutine, GoroutineNumber, Site, SiteNumber, Sysno};
use std::collections::HashMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::Arc;

/// One call that was judged.
#[derive(Debug, Clone)]
pub struct Judged {
    /// Which call.
    pub sysno: Sysno,
    /// Its arguments, where a rule hit it.
    pub args: Vec<u64>,
    /// The process that made it, where a rule hit it.
    pub pid: Option<i32>,
    /// Which of the rule's calls it was, where a rule hit it.
    pub occurrence: Option<u64>,
    /// Who made it, where the journal says so.
    pub caller: Option<Caller>,
}

impl Judged {
    /// The calls that rules matched, in order.
    ///
    /// # Panics
    /// Where the journal cannot be read, or names what it did not tell of before.
    pub fn all(outcome: &Outcome) -> Vec<Judged> {
        Judged::of_run(&outcome.run_dir())
    }

    /// Those of the run that is kept in this folder.
    ///
    /// # Panics
    /// As [`Judged::all`].
    pub fn of_run(folder: &Path) -> Vec<Judged> {
        let file = File::open(folder.join("journal.duress")).expect("a run has a journal");
        let mut reader = Reader::open(BufReader::new(file)).expect("a journal has a header");
        let mut sites: HashMap<SiteNumber, Arc<Site>> = HashMap::new();
        let mut goroutines: HashMap<GoroutineNumber, Arc<Goroutine>> = HashMap::new();
        let mut calls = Vec::new();
        while let Some(entry) = reader.next_entry().expect("a journal can be read") {
            match entry {
                Entry::Site { number, site, .. } => {
                    sites.insert(number, Arc::new(site.into_owned()));
                }
                Entry::Goroutine { number, goroutine, .. } => {
                    goroutines.insert(number, Arc::new(goroutine.into_owned()));
                }
                Entry::Decided { sysno, args, pid, matched, decision, caller, .. } if !matched.is_empty() => {
                    let caller = caller.map(|numbers| Caller {
                        site: Arc::clone(&sites[&numbers.site]),
                        goroutine: numbers.goroutine.map(|number| Arc::clone(&goroutines[&number])),
                    });
                    let occurrence = match decision {
                        Decision::Inject { occurrence, .. } => Some(occurrence),
                        Decision::Pass => None,
                    };
                    let pid = pid.map(|pid| pid.0);
                    calls.push(Judged { sysno, args: args.into_owned(), pid, occurrence, caller });
                }
                _ => {}
            }
        }
        calls
    }

    /// Those that a rule hit.
    ///
    /// # Panics
    /// As [`Judged::all`].
    pub fn hit(outcome: &Outcome) -> Vec<Judged> {
        Judged::all(outcome).into_iter().filter(|call| call.occurrence.is_some()).collect()
    }

    /// The test that made it; empty where none did.
    pub fn test(&self) -> &str {
        self.caller.as_ref().and_then(Caller::test).unwrap_or_default()
    }

    /// The number of the goroutine that made it.
    pub fn goroutine(&self) -> Option<u64> {
        Some(self.caller.as_ref()?.goroutine.as_ref()?.id)
    }

    /// The functions of the call path that people are shown, innermost first; none where it is not known.
    pub fn path(&self) -> Vec<&str> {
        let frames = self.caller.iter().flat_map(|caller| caller.site.shown());
        frames.map(|frame| frame.short()).collect()
    }

    /// Whether this function is on the call path.
    pub fn is_by(&self, function: &str) -> bool {
        self.path().contains(&function)
    }
}
