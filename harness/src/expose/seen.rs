//! One run, as it is compared with others.

use crate::output::shape;
use crate::trial::Trial;
use report::{CaseResult, Verdict};
use std::collections::BTreeSet;
use std::time::Duration;

/// No more lines of a run are compared.
const LINES: usize = 20_000;

/// What a run looked like from outside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) verdict: Verdict,
    /// How the command ended, in words.
    pub(crate) ending: String,
    /// The tests that failed, where go test or the binary says which.
    pub(crate) failed: BTreeSet<String>,
    pub(crate) lines: Vec<String>,
    pub(crate) fired: u64,
    /// What the first finding's evidence is.
    pub(crate) evidence: Option<String>,
    pub(crate) wall: Duration,
}

/// What must be the same where a switch did nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ending {
    pub(crate) verdict: &'static str,
    /// Whether a fault fired.
    pub(crate) has_fired: bool,
    pub(crate) ending: String,
    pub(crate) failed: BTreeSet<String>,
    /// Of what it died, without numbers.
    pub(crate) crash: Option<String>,
}

impl Seen {
    /// A run that was made.
    pub(crate) fn of(trial: &Trial) -> Seen {
        let told = trial.summary.tests.iter().filter(|test| test.result != CaseResult::Pass);
        let told = told.filter(|test| test.result != CaseResult::Skip).map(|test| test.test.clone());
        let printed = trial.output.lines().filter_map(|line| line.trim_start().strip_prefix("--- FAIL: "));
        let printed = printed.filter_map(|rest| rest.split(' ').next().map(str::to_owned));
        Seen {
            verdict: trial.summary.verdict,
            ending: trial.ending(),
            failed: told.chain(printed).collect(),
            lines: trial.output.lines().take(LINES).map(str::to_owned).collect(),
            fired: trial.summary.faults.fired,
            evidence: trial
                .summary
                .findings
                .first()
                .map(|finding| finding.evidence.lines().next().unwrap_or_default().to_owned())
                .filter(|evidence| !evidence.is_empty()),
            wall: trial.wall,
        }
    }

    pub(crate) fn ended(&self) -> Ending {
        let failed = if self.verdict == Verdict::Hung { BTreeSet::new() } else { self.failed.clone() };
        // A process that was ended by us may die of one signal or of another.
        let ending = if self.verdict == Verdict::Hung { String::new() } else { self.ending.clone() };
        let crash = self.evidence.as_deref().filter(|_| self.verdict == Verdict::Crashed).map(shape);
        Ending { verdict: word(self.verdict), has_fired: self.fired > 0, ending, failed, crash }
    }

    /// Whether it is a success.
    pub(crate) fn is_passed(&self) -> bool {
        word(self.verdict) == "passed"
    }

    /// The shapes of its lines.
    pub(crate) fn shapes(&self) -> BTreeSet<String> {
        self.lines.iter().map(|line| shape(line)).filter(|line| !line.is_empty()).collect()
    }
}

/// The verdict without what it says of the output: whether that names a fault is asked by other means here.
pub(crate) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Vacuous | Verdict::Unaffected | Verdict::Survived => "passed",
        Verdict::Failed | Verdict::Silent => "failed",
        Verdict::Crashed => "crashed",
        Verdict::Hung => "hung",
    }
}

#[cfg(test)]
pub(super) fn seen(verdict: Verdict, output: &str) -> Seen {
    let is_good = matches!(verdict, Verdict::Unaffected | Verdict::Survived | Verdict::Vacuous);
    Seen {
        verdict,
        ending: if is_good { "exit status 0" } else { "exit status 1" }.to_owned(),
        failed: BTreeSet::new(),
        lines: output.lines().map(str::to_owned).collect(),
        fired: 1,
        evidence: None,
        wall: Duration::from_millis(10),
    }
}
