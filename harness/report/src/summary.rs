//! Everything that can be said about a run, computed once.

use crate::faults::{Faults, Fired, RuleCount};
use crate::fold::{Facts, SubjectReport};
use crate::verdict::{self, Verdict};
use crate::{Finding, Profile, TestReport};
use journal::{Damage, Header};
use model::Ending;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a run was, what happened in it and what that means. All drawings are made from it.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// What was run, under what.
    pub header: Header,
    /// The run's folder.
    pub dir: PathBuf,
    /// What it means.
    pub verdict: Verdict,
    /// What became of the faults of all rules.
    pub faults: Faults,
    /// The rules, in plan order.
    pub rules: Vec<RuleCount>,
    /// How many trapped calls there were of each kind, by name, those of no rule included.
    pub calls: BTreeMap<String, u64>,
    /// The first 1,000 faults that were decided upon, the vanished ones included.
    pub fired: Vec<Fired>,
    /// How many more there were.
    pub fired_omitted: u64,
    /// All calls whose caller is known, and all that were hit, by who made them.
    pub profile: Profile,
    /// The tests, by package and name. A test with subtests is left out where its subtests say it all.
    pub tests: Vec<TestReport>,
    /// Tests that were still running when the run was ended, or when the record stops.
    pub tests_unfinished: u64,
    /// What went wrong: the gravest first, then in order of time. At most 1,000.
    pub findings: Vec<Finding>,
    /// How many more there were.
    pub findings_omitted: u64,
    /// The launches, in order.
    pub subjects: Vec<SubjectReport>,
    /// What of the journal cannot be read.
    pub damage: Vec<Damage>,
    /// How long the run took, up to its last entry.
    pub wall: Duration,
    /// The journal holds the whole run: its writer closed it. Otherwise it was cut short.
    pub is_complete: bool,
    /// The run's own time limit struck.
    pub is_timed_out: bool,
    /// The signal that told duress to stop, if one did.
    pub interrupted: Option<i32>,
    /// Why the supervisor gave up, if it did.
    pub aborted: Option<String>,
    /// How the command ended, if that was seen.
    pub command_ending: Option<Ending>,
    /// How many processes the command left behind.
    pub stragglers: u32,
}

impl Summary {
    /// Reads a journal to its end.
    ///
    /// # Errors
    /// [`journal::Error::Read`] where the file cannot be read; damage within it is no error.
    pub fn read<R: Read>(reader: &mut journal::Reader<R>, dir: &Path) -> Result<Summary, journal::Error> {
        let header = reader.header().clone();
        let mut facts = Facts::new(&header);
        while let Some(entry) = reader.next_entry()? {
            facts.take(&entry);
        }
        Ok(Summary::of(header, facts, reader.damage(), dir))
    }

    /// The summary of facts that are complete.
    pub(crate) fn of(header: Header, facts: Facts, damage: &[Damage], dir: &Path) -> Summary {
        let judgement = verdict::judge(&header, &facts);
        let mut calls = BTreeMap::new();
        for (sysno, count) in &facts.calls.per_call {
            *calls.entry(sysno.to_string()).or_default() += count;
        }
        Summary {
            header,
            dir: dir.to_owned(),
            verdict: judgement.verdict,
            faults: facts.calls.faults,
            rules: facts.calls.rules,
            calls,
            fired: facts.calls.fired,
            fired_omitted: facts.calls.fired_omitted,
            profile: facts.calls.profile,
            tests: judgement.tests,
            tests_unfinished: judgement.tests_unfinished,
            findings: judgement.findings,
            findings_omitted: judgement.findings_omitted,
            subjects: facts.subjects.into_values().collect(),
            damage: damage.to_vec(),
            wall: facts.last.as_duration(),
            is_complete: facts.is_closed,
            is_timed_out: facts.timed_out.is_some(),
            interrupted: facts.interrupted,
            aborted: facts.aborted,
            command_ending: facts.command,
            stragglers: facts.stragglers,
        }
    }

    /// The journal's path.
    pub fn journal(&self) -> PathBuf {
        self.dir.join("journal.duress")
    }
}
