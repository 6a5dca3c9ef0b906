//! What the database of results is told of a report: a verdict on each switch.

use super::report::{Report, Tried};
use crate::campaign::Verdict;
use report::command_line;

/// The verdicts of a report, on a scenario or on a command.
pub(crate) fn verdicts(report: &Report) -> Vec<Verdict> {
    let about = report.scenario.clone().unwrap_or_else(|| command_line(&report.command));
    let again = |switch: &str| {
        let switch = ["--switch".to_owned(), switch.to_owned()];
        command_line(&[&report.again[..], &switch[..], &report.rest[..]].concat())
    };
    let one = |tried: &Tried| Verdict {
        go: Some(report.go.clone()),
        scenario: about.clone(),
        switch: Some(tried.switch.clone()),
        word: tried.effect.to_string(),
        reason: None,
        evidence: vec![tried.evidence.clone()],
        fired: report.base.fired,
        wall_s: tried.wall_s,
        repro: again(&tried.switch),
    };
    report.switches.iter().map(one).collect()
}
