//! The summary as JUnit XML, in the dialect that CI systems read.
//!
//! One suite per package; findings that belong to no listed test, and a run that says nothing, become a test case named
//! `duress`, so that they are seen.

use crate::finding::{Finding, FindingKind};
use crate::results::{CaseResult, TestReport};
use crate::text::{clip, command_line, plain};
use crate::{Summary, Verdict};
use quick_junit::{NonSuccessKind, Property, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The suite of what belongs to no package, and the case of what belongs to no test.
const OURS: &str = "duress";

/// Draws a summary as a JUnit XML document.
pub fn draw(summary: &Summary) -> String {
    let mut report = Report::new(plain(&format!("duress {}", summary.header.run)));
    report.set_time(summary.wall);
    let mut suites: BTreeMap<&str, TestSuite> = BTreeMap::new();
    let mut told = vec![false; summary.findings.len()];
    for test in &summary.tests {
        let mut findings = Vec::new();
        for (finding, told) in summary.findings.iter().zip(&mut told) {
            if finding.package.as_ref() == Some(&test.package) && finding.test.as_ref() == Some(&test.test) {
                *told = true;
                findings.push(finding);
            }
        }
        suite(&mut suites, &test.package).add_test_case(case(test, &findings));
    }
    let untold = summary.findings.iter().zip(&told).filter(|(_, told)| !**told);
    for (finding, _) in untold {
        let package = finding.package.as_deref().unwrap_or(OURS);
        let mut case = TestCase::new(OURS, status(&[finding], false));
        case.set_classname(plain(package));
        suite(&mut suites, package).add_test_case(case);
    }
    if summary.verdict == Verdict::Vacuous {
        // Not green: nothing was tried. Not red either, for the exit code can be told to allow it.
        let mut skipped = TestCaseStatus::skipped();
        skipped.set_message("no fault fired: this run says nothing about the target under faults");
        suite(&mut suites, OURS).add_test_case(TestCase::new(OURS, skipped));
    }
    let about = properties(summary);
    for (_, mut suite) in suites {
        suite.add_properties(about.clone());
        report.add_test_suite(suite);
    }
    report.to_string().expect("text that was made harmless can be written as XML into memory")
}

fn suite<'s, 'a>(suites: &'s mut BTreeMap<&'a str, TestSuite>, package: &'a str) -> &'s mut TestSuite {
    suites.entry(package).or_insert_with(|| TestSuite::new(plain(package)))
}

fn properties(summary: &Summary) -> Vec<Property> {
    let header = &summary.header;
    let property = |name: &str, value: &str| Property::new(format!("duress.{name}"), plain(value));
    vec![
        property("run", &header.run.0),
        property("verdict", &summary.verdict.to_string()),
        property("command", &command_line(&header.command)),
        property("seed", &header.seed.to_string()),
        property("matched", &summary.faults.matched.to_string()),
        property("fired", &summary.faults.fired.to_string()),
        property("complete", &summary.is_complete.to_string()),
    ]
}

fn case(test: &TestReport, findings: &[&Finding]) -> TestCase {
    let status = match test.result {
        CaseResult::Pass if findings.is_empty() => TestCaseStatus::success(),
        CaseResult::Skip if findings.is_empty() => TestCaseStatus::skipped(),
        CaseResult::Pass | CaseResult::Skip | CaseResult::Fail => status(findings, false),
        CaseResult::Crash | CaseResult::Hang => {
            let mut status = status(findings, true);
            if findings.is_empty() {
                status.set_type(test.result.to_string());
                status.set_message(match test.result {
                    CaseResult::Hang => "it was running when a time limit struck its package",
                    CaseResult::Crash | CaseResult::Pass | CaseResult::Fail | CaseResult::Skip => {
                        "it was running when its package crashed"
                    }
                });
            }
            status
        }
    };
    let mut case = TestCase::new(plain(&test.test), status);
    case.set_classname(plain(&test.package));
    if let Some(elapsed) = test.elapsed {
        case.set_time(elapsed);
    }
    // Where a finding tells it, it is told.
    if findings.is_empty() && !test.met_by.is_empty() {
        case.set_system_out(met(&test.met_by));
    }
    case
}

/// The status that tells these findings: a failure where something failed by its own word, an error otherwise.
fn status(findings: &[&Finding], is_error: bool) -> TestCaseStatus {
    let is_failure = |finding: &Finding| match finding.kind {
        FindingKind::Failure | FindingKind::Race => true,
        FindingKind::Crash
        | FindingKind::Fatal
        | FindingKind::Signal
        | FindingKind::Hang
        | FindingKind::Silent
        | FindingKind::Build => false,
    };
    let is_error = is_error || findings.iter().any(|finding| !is_failure(finding));
    let kind = if is_error { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    if let Some(first) = findings.first() {
        status.set_type(first.kind.to_string());
        status.set_message(plain(&first.message));
        status.set_description(findings.iter().map(|finding| told(finding)).collect::<Vec<_>>().join("\n"));
    }
    status
}

fn told(finding: &Finding) -> String {
    let evidence = finding.evidence.lines().map(|line| format!("  {}\n", plain(line)));
    let met_by = if finding.met_by.is_empty() { String::new() } else { met(&finding.met_by) };
    format!(
        "{}: {}\n{}{met_by}reproduce: {}\n",
        finding.kind,
        plain(&finding.message),
        evidence.collect::<String>(),
        plain(&finding.repro)
    )
}

/// The lines that met faults.
fn met(places: &[String]) -> String {
    format!("faults met by {}\n", plain(&clip(&places.join(", "))))
}
