//! Outcomes, drawn: for people, for CI systems, for GitHub.

use super::{Judgement, Outcome, Scenario};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use report::Color;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// One outcome, as it is printed when it is there.
pub(crate) fn human(outcome: &Outcome, is_checked: bool, color: Color) -> String {
    let word = format!("{:10}", outcome.verdict.word());
    let code = match outcome.verdict {
        Judgement::Reproduced => 32,
        Judgement::Refuted => 36,
        Judgement::Partly => 33,
        Judgement::Skipped => 2,
    };
    let shown = match color {
        Color::Always => format!("\x1b[{code}m{word}\x1b[0m"),
        Color::Never => word,
    };
    let go = outcome.go.as_deref().unwrap_or("no Go");
    let mut text = format!("{shown} {}  {}  ({go}, {:.1} s)\n", outcome.id, outcome.title, outcome.wall_s);
    let _ = writeln!(text, "  claim: {}", outcome.claim);
    if is_checked && outcome.differs() {
        let _ = writeln!(text, "  DIFFERS from what was recorded: {}", recorded(outcome));
    }
    for line in outcome.reason.iter().flat_map(|reason| reason.lines()) {
        let _ = writeln!(text, "  {line}");
    }
    for line in &outcome.evidence {
        let _ = writeln!(text, "  - {line}");
    }
    for exposed in &outcome.exposed_by {
        let _ = writeln!(text, "  {} {}: {}", exposed.switch, exposed.effect, exposed.evidence);
    }
    if outcome.verdict != Judgement::Skipped {
        let _ = writeln!(text, "  by hand: duress scenario show {}", outcome.id);
    }
    text
}

/// What was recorded: of the whole, and of arms that look otherwise.
fn recorded(outcome: &Outcome) -> String {
    let mut words = vec![outcome.expected.map_or("nothing", Judgement::word).to_owned()];
    let others = outcome.arms.iter().filter_map(|arm| Some((arm, arm.expected?)));
    words.extend(
        others
            .filter(|(arm, expected)| arm.verdict != *expected)
            .map(|(arm, expected)| format!("`{}` as {}", arm.name, expected.word())),
    );
    if outcome.unreal {
        words.push("a real attempt".to_owned());
    }
    words.join(", ")
}

/// The last line: how many came out how.
pub(crate) fn totals(outcomes: &[Outcome], planned: usize, is_checked: bool, wall: Duration) -> String {
    let count = |judgement| outcomes.iter().filter(|outcome| outcome.verdict == judgement).count();
    let mut text = format!(
        "{planned} attempts: {} reproduced, {} refuted, {} partly, {} skipped; {:.1} s\n",
        count(Judgement::Reproduced),
        count(Judgement::Refuted),
        count(Judgement::Partly),
        count(Judgement::Skipped),
        wall.as_secs_f64()
    );
    let unfinished = planned - outcomes.len();
    if unfinished > 0 {
        let _ = writeln!(text, "{unfinished} were not finished");
    }
    let broken: Vec<&str> = outcomes.iter().filter(|one| one.broken).map(|one| one.id.as_str()).collect();
    if !broken.is_empty() {
        let _ = writeln!(
            text,
            "{} could not be tried for mistakes of their own: {}",
            broken.len(),
            broken.join(", ")
        );
    }
    let differing: Vec<&str> =
        outcomes.iter().filter(|one| one.differs()).map(|one| one.id.as_str()).collect();
    if is_checked && !differing.is_empty() {
        let _ = writeln!(
            text,
            "{} of {planned} scenarios came out otherwise than recorded: {}",
            differing.len(),
            differing.join(", ")
        );
    }
    text
}

/// A JUnit report: a suite for each toolchain, a case for each scenario. Only what differs from what was recorded fails.
pub(crate) fn junit(outcomes: &[Outcome], is_checked: bool) -> String {
    let mut report = Report::new("duress scenarios");
    let mut versions: Vec<&str> = outcomes.iter().map(|one| one.go.as_deref().unwrap_or("no Go")).collect();
    versions.dedup();
    for version in versions {
        let mut suite = TestSuite::new(version);
        for outcome in outcomes.iter().filter(|one| one.go.as_deref().unwrap_or("no Go") == version) {
            let mut status = if outcome.verdict == Judgement::Skipped {
                TestCaseStatus::skipped()
            } else if outcome.broken || is_checked && outcome.differs() {
                TestCaseStatus::non_success(NonSuccessKind::Failure)
            } else {
                TestCaseStatus::success()
            };
            let recorded = recorded(outcome);
            let mut message = format!("{}; recorded: {recorded}", outcome.verdict.word());
            if let Some(reason) = &outcome.reason {
                let _ = write!(message, "; {reason}");
            }
            let is_success = matches!(status, TestCaseStatus::Success { .. });
            if !is_success {
                status.set_message(message.clone());
            }
            let mut case = TestCase::new(outcome.id.clone(), status);
            case.set_classname(outcome.document.clone().unwrap_or_else(|| "scenarios".to_owned()));
            case.set_time(Duration::from_secs_f64(outcome.wall_s));
            let text =
                [&[message], outcome.evidence.as_slice(), std::slice::from_ref(&outcome.repro)].concat();
            case.set_system_out(text.join("\n"));
            suite.add_test_case(case);
        }
        report.add_test_suite(suite);
    }
    report.to_string().unwrap_or_default() + "\n"
}

/// Annotations for GitHub's view of a change: what differs, at the scenario's file.
///
/// # Formats
/// Workflow commands, <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>; the runner reads
/// them on standard error, too.
pub(crate) fn annotations(
    outcomes: &[Outcome],
    selected: &[(PathBuf, Scenario)],
    is_checked: bool,
) -> String {
    let mut text = String::new();
    for outcome in outcomes.iter().filter(|one| one.broken || is_checked && one.differs()) {
        let folder =
            selected.iter().find(|(_, scenario)| scenario.id == outcome.id).map(|(folder, _)| folder);
        let here = std::env::current_dir().unwrap_or_default();
        let file = folder.map(|folder| folder.join("scenario.toml")).unwrap_or_default();
        let file = file.strip_prefix(&here).or_else(|_| file.strip_prefix(".")).unwrap_or(&file);
        let file = file.display().to_string();
        let recorded = recorded(outcome);
        let reason = outcome.reason.as_deref().unwrap_or("the evidence is in the log");
        let message = format!(
            "{}: {} where {recorded} was recorded ({}): {reason}",
            outcome.id,
            outcome.verdict.word(),
            outcome.go.as_deref().unwrap_or("no Go")
        );
        let _ = writeln!(text, "::error file={},line=1,title=duress::{}", property(&file), data(&message));
    }
    text
}

/// Escapes the text of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// … and a property of it.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
