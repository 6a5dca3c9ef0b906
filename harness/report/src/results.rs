//! The result of every test, crashes and hangs included.

use crate::finding::{Finding, FindingKind};
use crate::fold::Facts;
use crate::packages::{Package, Test};
use model::TestResult;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

/// One test and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// The import path.
    pub package: String,
    /// The test or subtest.
    pub test: String,
    /// What became of it.
    pub result: CaseResult,
    /// How long go test says it took.
    pub elapsed: Option<Duration>,
    /// Where the faults that fired in it were met, as [`Finding::met_by`] has it.
    pub met_by: Vec<String>,
}

/// What became of a test. Its `Display` words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CaseResult {
    /// It passed.
    Pass,
    /// It failed, or ended without a result in a package that neither crashed nor hung.
    Fail,
    /// It skipped itself.
    Skip,
    /// It crashed, or was running when its package crashed.
    Crash,
    /// It was running when a time limit struck its package.
    Hang,
}

impl fmt::Display for CaseResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            CaseResult::Pass => "pass",
            CaseResult::Fail => "fail",
            CaseResult::Skip => "skip",
            CaseResult::Crash => "crash",
            CaseResult::Hang => "hang",
        })
    }
}

/// What is known to have struck a package.
#[derive(Debug, Default)]
struct Struck<'a> {
    has_crashed: bool,
    has_nameless_crash: bool,
    has_hung: bool,
    crashed: BTreeSet<&'a str>,
    hung: BTreeSet<&'a str>,
    named: BTreeSet<&'a str>,
}

/// Every test that stands for itself, by package and name, and how many others were still running when the record, or
/// the run, was ended.
///
/// A test with subtests stands for itself only if a finding names it, or if it failed or got lost and no subtest did:
/// otherwise its subtests are listed in its place.
pub(crate) fn results(facts: &Facts, findings: &[Finding]) -> (Vec<TestReport>, u64) {
    let mut struck: BTreeMap<&str, Struck<'_>> = BTreeMap::new();
    for finding in findings {
        if let Some(package) = &finding.package {
            struck.entry(package).or_default().add(finding);
        }
    }
    let nothing = Struck::default();
    let mut reports = Vec::new();
    let mut unfinished = 0;
    for (name, package) in &facts.packages.named {
        let struck = struck.get(name.as_str()).unwrap_or(&nothing);
        for (test_name, test) in &package.tests {
            if !stands_for_itself(package, test_name, test, struck) {
                continue;
            }
            match result(facts, package, test_name, test, struck) {
                Some(result) => reports.push(TestReport {
                    package: name.clone(),
                    test: test_name.clone(),
                    result,
                    elapsed: test.elapsed_s.and_then(|s| Duration::try_from_secs_f64(s).ok()),
                    met_by: Vec::new(),
                }),
                None => unfinished += u64::from(!test_name.starts_with("Benchmark")),
            }
        }
    }
    (reports, unfinished)
}

impl<'a> Struck<'a> {
    fn add(&mut self, finding: &'a Finding) {
        let test = finding.test.as_deref();
        self.named.extend(test);
        match finding.kind {
            FindingKind::Crash | FindingKind::Fatal | FindingKind::Signal => {
                self.has_crashed = true;
                self.has_nameless_crash |= test.is_none();
                self.crashed.extend(test);
            }
            FindingKind::Hang => {
                self.has_hung = true;
                self.hung.extend(test);
            }
            FindingKind::Race | FindingKind::Failure | FindingKind::Silent | FindingKind::Build => {}
        }
    }
}

fn stands_for_itself(package: &Package, name: &str, test: &Test, struck: &Struck<'_>) -> bool {
    let is_good = matches!(test.result, Some(TestResult::Pass | TestResult::Skip));
    !package.is_parent(name)
        || struck.named.contains(name)
        || (!is_good && !package.is_explained_by_subtest(name))
}

fn result(
    facts: &Facts,
    package: &Package,
    name: &str,
    test: &Test,
    struck: &Struck<'_>,
) -> Option<CaseResult> {
    match test.result {
        Some(TestResult::Pass) => Some(CaseResult::Pass),
        Some(TestResult::Skip) => Some(CaseResult::Skip),
        Some(TestResult::Fail) if struck.hung.contains(name) => Some(CaseResult::Hang),
        Some(TestResult::Fail) if struck.crashed.contains(name) => Some(CaseResult::Crash),
        // go test fails a test whose binary crashed under it; what it printed last is the crash's.
        Some(TestResult::Fail)
            if struck.has_nameless_crash && test.message.is_none() && !struck.named.contains(name) =>
        {
            Some(CaseResult::Crash)
        }
        Some(TestResult::Fail) => Some(CaseResult::Fail),
        None if struck.has_hung => Some(CaseResult::Hang),
        None if struck.has_crashed => Some(CaseResult::Crash),
        None if has_lost_its_tests(facts, package) && !name.starts_with("Benchmark") => {
            Some(CaseResult::Fail)
        }
        None => None,
    }
}

/// Whether a package that is over owes results: it ended by itself, so a test without a result got lost.
pub(crate) fn has_lost_its_tests(facts: &Facts, package: &Package) -> bool {
    match package.result {
        Some(_) => !package.is_result_ours,
        None => facts.is_closed && !facts.is_ended_by_us(),
    }
}
