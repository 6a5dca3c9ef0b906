//! What a run means. The only place that decides what counts as a finding.
//!
//! The findings, and what they rest on:
//!
//! | finding | rests on |
//! |---|---|
//! | crash, fatal, signal | the line that says so; for the command itself, a signal duress did not send |
//! | hang | the run's time limit, or go test's own |
//! | race, build | the line that says so |
//! | failure | a failed test with words of its own; or a wrong ending, and a line of output that names a cause |
//! | silent | a wrong ending and no such line |
//!
//! A wrong ending is a package that failed, or lost tests, without any of the other findings; and a command that ended
//! with an error without any finding at all. What happens after duress has begun to end the run is its own doing.

use crate::cause::Cause;
use crate::finding::{Finding, FindingKind};
use crate::fold::{Facts, SubjectReport};
use crate::met::Met;
use crate::packages::Package;
use crate::results::{CaseResult, TestReport, has_lost_its_tests, results};
use crate::text::count;
use journal::{Header, Mode};
use model::{Ending, Symptom, TestResult};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;

/// How many findings are kept.
const KEPT: usize = 1000;

/// What a run means. Its `Display` words are stable: they are in the JSON that users keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// There were rules and none fired: the run says nothing.
    Vacuous,
    /// The target did as without faults.
    Unaffected,
    /// The target noticed a fault (its output names it, or it tried again) and nothing went wrong.
    Survived,
    /// Something failed and said why.
    Failed,
    /// Something panicked, was given up by the Go runtime, or died of a signal.
    Crashed,
    /// Something did not end.
    Hung,
    /// Something ended wrongly and said nothing.
    Silent,
}

impl Verdict {
    /// Whether something went wrong.
    pub fn is_finding(self) -> bool {
        match self {
            Verdict::Vacuous | Verdict::Unaffected | Verdict::Survived => false,
            Verdict::Failed | Verdict::Crashed | Verdict::Hung | Verdict::Silent => true,
        }
    }

    /// Which of several findings gives the run its verdict: the one with the highest.
    fn gravity(self) -> u8 {
        match self {
            Verdict::Vacuous | Verdict::Unaffected | Verdict::Survived => 0,
            Verdict::Failed => 1,
            Verdict::Silent => 2,
            Verdict::Crashed => 3,
            Verdict::Hung => 4,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Vacuous => "vacuous",
            Verdict::Unaffected => "unaffected",
            Verdict::Survived => "survived",
            Verdict::Failed => "failed",
            Verdict::Crashed => "crashed",
            Verdict::Hung => "hung",
            Verdict::Silent => "silent",
        })
    }
}

/// The verdict and all it rests on.
pub(crate) struct Judgement {
    pub(crate) verdict: Verdict,
    pub(crate) findings: Vec<Finding>,
    pub(crate) findings_omitted: u64,
    pub(crate) tests: Vec<TestReport>,
    pub(crate) tests_unfinished: u64,
}

/// Judges a run.
pub(crate) fn judge(header: &Header, facts: &Facts) -> Judgement {
    let met = Met::of(&facts.calls.profile, &facts.subjects, &header.cwd);
    let mut bench = Bench { header, facts, met, findings: Vec::new() };
    bench.symptoms();
    bench.time_limit();
    let (mut tests, tests_unfinished) = results(facts, &bench.findings);
    for test in &mut tests {
        test.met_by = bench.met.by(bench.met_in(Some(&test.package)), Some(&test.test));
    }
    bench.failed_tests(&tests);
    bench.wrong_endings();
    bench.command();
    let mut findings = bench.findings;
    findings.sort_by_key(|finding| Reverse(finding.kind.verdict().gravity()));
    let verdict = match findings.first() {
        Some(gravest) => gravest.kind.verdict(),
        None => without_findings(facts),
    };
    let dropped = findings.len().saturating_sub(KEPT) as u64;
    findings.truncate(KEPT);
    let findings_omitted = facts.symptoms.races_omitted + dropped;
    Judgement { verdict, findings, findings_omitted, tests, tests_unfinished }
}

fn without_findings(facts: &Facts) -> Verdict {
    // How a host is, is no fault that the run is about: whether a persona met a call says nothing of the plan.
    let mut planned = facts.calls.rules.iter().filter(|rule| rule.persona.is_none()).peekable();
    // Without rules there was nothing to fire, and quiet ones do not say whether they did: the run is what it is.
    let is_vacuous = planned.peek().is_some() && planned.all(|rule| !rule.is_quiet && rule.faults.fired == 0);
    if is_vacuous {
        return Verdict::Vacuous;
    }
    if facts.calls.faults.fired == 0 {
        return Verdict::Unaffected;
    }
    if facts.is_visible || facts.calls.is_retried { Verdict::Survived } else { Verdict::Unaffected }
}

struct Bench<'a> {
    header: &'a Header,
    facts: &'a Facts,
    met: Met,
    findings: Vec<Finding>,
}

impl<'a> Bench<'a> {
    fn find(&mut self, kind: FindingKind, package: Option<&str>, test: Option<&str>, said: (String, &str)) {
        let (message, evidence) = said;
        // What did not build ran into nothing.
        let met_by = match kind {
            FindingKind::Build => Vec::new(),
            FindingKind::Crash
            | FindingKind::Fatal
            | FindingKind::Signal
            | FindingKind::Race
            | FindingKind::Hang
            | FindingKind::Failure
            | FindingKind::Silent => self.met.by(self.met_in(package), test),
        };
        self.findings.push(Finding {
            kind,
            message,
            evidence: evidence.trim_end().to_owned(),
            package: package.map(str::to_owned),
            test: test.map(str::to_owned),
            met_by,
            repro: format!("duress replay {}", self.header.run),
        });
    }

    /// The package to ask [`Met`] of: with the whole tree under duress, the subject is `go`, and may be any.
    fn met_in<'p>(&self, package: Option<&'p str>) -> Option<&'p str> {
        package.filter(|_| !self.header.whole_tree)
    }

    fn has_finding(&self, kind: FindingKind, package: Option<&str>) -> bool {
        self.findings.iter().any(|finding| finding.kind == kind && finding.package.as_deref() == package)
    }

    fn symptoms(&mut self) {
        for seen in &self.facts.symptoms.seen {
            let (package, test) = (seen.package.as_deref(), seen.test.as_deref());
            let place = place(package, test);
            let (kind, message) = match seen.symptom {
                Symptom::Panic => (FindingKind::Crash, format!("{place} panicked, and nothing recovered it")),
                Symptom::Fatal => (FindingKind::Fatal, format!("the Go runtime gave up in {place}")),
                Symptom::Signal => (FindingKind::Signal, format!("a signal ended {place}")),
                Symptom::Race => (FindingKind::Race, format!("the race detector reported on {place}")),
                Symptom::TestTimeout => {
                    (FindingKind::Hang, format!("{place} ran into go test's own -timeout"))
                }
                Symptom::Build => (FindingKind::Build, format!("{place} did not build")),
                // Kept with its test, see Facts::symptom.
                Symptom::Message => continue,
            };
            self.find(kind, package, test, (message, &seen.evidence));
        }
    }

    fn time_limit(&mut self) {
        let Some(subjects) = &self.facts.timed_out else {
            return;
        };
        let limit = match self.header.timeout_s {
            Some(seconds) => format!("the time limit of {seconds} s"),
            None => "the time limit".to_owned(),
        };
        let packages: BTreeSet<&str> = match (self.header.mode, self.header.whole_tree) {
            (Mode::GoTest, false) => {
                let known = subjects.iter().filter_map(|subject| self.facts.subjects.get(subject));
                known.map(SubjectReport::package).collect()
            }
            // The subject is `go` itself: the packages are those that owe results.
            (Mode::GoTest, true) => {
                let owes = |package: &Package| package.result.is_none() && package.lost().next().is_some();
                let named = self.facts.packages.named.iter();
                named.filter(|(_, package)| owes(package)).map(|(name, _)| name.as_str()).collect()
            }
            (Mode::GoRun | Mode::Program | Mode::Attached, _) => BTreeSet::new(),
        };
        if packages.is_empty() {
            let names: Vec<&str> = subjects
                .iter()
                .filter_map(|subject| Some(self.facts.subjects.get(subject)?.key.as_str()))
                .collect();
            let still =
                if names.is_empty() { String::new() } else { format!("still running: {}", names.join(", ")) };
            self.find(
                FindingKind::Hang,
                None,
                None,
                (format!("the command did not end within {limit}"), &still),
            );
        }
        for package in packages {
            if self.has_finding(FindingKind::Hang, Some(package)) {
                continue;
            }
            let running: Vec<&str> =
                self.facts.packages.named.get(package).map_or(vec![], |p| p.lost().collect());
            let test = if let [only] = running[..] { Some(only) } else { None };
            let shown = running.iter().take(5).copied().collect::<Vec<_>>().join(", ");
            let evidence = match running.len() {
                0 => String::new(),
                shown_all @ 1..=5 => format!("{} still running: {shown}", count(shown_all as u64, "test")),
                more => format!("{} still running: {shown} …", count(more as u64, "test")),
            };
            let message = format!("{} did not end within {limit}", place(Some(package), test));
            self.find(FindingKind::Hang, Some(package), test, (message, &evidence));
        }
    }

    fn failed_tests(&mut self, tests: &[TestReport]) {
        for report in tests.iter().filter(|report| report.result == CaseResult::Fail) {
            let (package, name) = (report.package.as_str(), report.test.as_str());
            let facts = &self.facts.packages.named[package];
            let test = &facts.tests[name];
            if test.result != Some(TestResult::Fail) || facts.is_explained_by_subtest(name) {
                continue;
            }
            let message = test.message.as_deref();
            let is_racy = self.findings.iter().any(|finding| {
                finding.kind == FindingKind::Race
                    && finding.package.as_deref() == Some(package)
                    && finding.test.as_deref() == Some(name)
            });
            // The race detector fails the test it reports on: one fact, one finding. What such a test printed last is
            // the report.
            if is_racy && message.is_none_or(|line| line.contains("race detected during execution of test")) {
                continue;
            }
            let place = place(Some(package), Some(name));
            match message.or(test.last_line.as_deref()) {
                Some(line) => {
                    self.find(
                        FindingKind::Failure,
                        Some(package),
                        Some(name),
                        (format!("{place} failed"), line),
                    );
                }
                None => {
                    let message = format!("{place} failed and did not say why");
                    self.find(FindingKind::Silent, Some(package), Some(name), (message, ""));
                }
            }
        }
    }

    fn wrong_endings(&mut self) {
        // A finding that belongs to no package (a build that failed, say) may be the reason of any.
        let is_explained =
            |finding: &Finding, name: &str| finding.package.as_deref().is_none_or(|p| p == name);
        for (name, package) in &self.facts.packages.named {
            let lost: Vec<&str> =
                if has_lost_its_tests(self.facts, package) { package.lost().collect() } else { vec![] };
            let is_failed = package.result == Some(TestResult::Fail) && !package.is_result_ours;
            let is_wrong = is_failed || !lost.is_empty();
            if is_wrong && !self.findings.iter().any(|finding| is_explained(finding, name)) {
                self.wrong_ending(name, package, &lost);
            }
        }
    }

    fn wrong_ending(&mut self, name: &str, package: &Package, lost: &[&str]) {
        let test = if let [only] = lost { Some(*only) } else { None };
        let place = place(Some(name), test);
        let how = match (test, lost.len()) {
            (Some(_), _) => format!("{place} ended without a result"),
            (None, 0) => format!("{place} failed, and none of its tests did"),
            (None, lost) => format!("{place} ended and {} had no result", count(lost as u64, "test")),
        };
        match package.cause.line() {
            Some(line) => self.find(FindingKind::Failure, Some(name), test, (how, line)),
            None => {
                let message = format!("{how}; nothing it printed names a cause");
                self.find(
                    FindingKind::Silent,
                    Some(name),
                    test,
                    (message, package.exit.as_deref().unwrap_or("")),
                );
            }
        }
    }

    fn command(&mut self) {
        if self.facts.is_ended_by_us() {
            return;
        }
        match self.facts.command {
            None | Some(Ending::Exited(0)) => {}
            Some(Ending::Signaled(signal)) => {
                let is_known = [FindingKind::Crash, FindingKind::Fatal, FindingKind::Signal]
                    .iter()
                    .any(|kind| self.has_finding(*kind, None));
                if !is_known {
                    let message = format!("signal {signal} ended the command");
                    self.find(FindingKind::Signal, None, None, (message, ""));
                }
            }
            Some(ending @ Ending::Exited(_)) if self.findings.is_empty() => {
                let facts = self.facts;
                match best_cause(facts) {
                    Some(line) => {
                        self.find(
                            FindingKind::Failure,
                            None,
                            None,
                            (format!("the command failed: {ending}"), line),
                        );
                    }
                    None => {
                        let message =
                            format!("the command failed ({ending}); nothing it printed names a cause");
                        self.find(FindingKind::Silent, None, None, (message, ""));
                    }
                }
            }
            Some(Ending::Exited(_)) => {}
        }
    }
}

/// The best reason in all output: an injected error before a mere word, the command's own lines before its packages'.
fn best_cause(facts: &Facts) -> Option<&str> {
    let causes = || {
        let packages = facts.packages.named.values().map(|package| &package.cause);
        std::iter::once(&facts.packages.command.cause).chain(packages)
    };
    causes().find(|cause| cause.is_named()).and_then(Cause::line).or_else(|| causes().find_map(Cause::line))
}

/// Where something happened, in words.
fn place(package: Option<&str>, test: Option<&str>) -> String {
    match (package, test) {
        (Some(package), Some(test)) => format!("{test} of {package}"),
        (Some(package), None) => package.to_owned(),
        (None, Some(test)) => test.to_owned(),
        (None, None) => "the command".to_owned(),
    }
}
