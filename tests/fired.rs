//! The faults that a run's JSON lists, by what is the same in another run of the same plan.

use crate::Outcome;
use serde_json::Value;

/// One fault.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fired {
    /// Whose call: the subject's key.
    pub subject: String,
    /// The rule's name.
    pub rule: String,
    /// Which of the rule's calls in this subject.
    pub occurrence: u64,
    /// The system call.
    pub syscall: String,
    /// What was done.
    pub outcome: String,
}

impl Fired {
    /// The faults of a run with `--format json`, by subject: those of one are in order, and subjects run side by side.
    ///
    /// # Panics
    /// Where that is not what was printed, or faults were left out of it.
    pub fn all(outcome: &Outcome) -> Vec<Fired> {
        let json = outcome.json();
        assert_eq!(json["fired_omitted"], 0, "{outcome:?}");
        let subjects = json["subjects"].as_array().expect("subjects are a list");
        let key = |number: &Value| {
            let of = subjects.iter().find(|subject| subject["subject"] == *number);
            text(&of.expect("a fault is some subject's")["key"])
        };
        let fired = json["fired"].as_array().expect("faults are a list").iter().map(|fired| Fired {
            subject: key(&fired["subject"]),
            rule: text(&fired["rule"]),
            occurrence: fired["occurrence"].as_u64().expect("occurrences are counted"),
            syscall: text(&fired["syscall"]),
            outcome: text(&fired["outcome"]),
        });
        let mut fired: Vec<Fired> = fired.collect();
        fired.sort_by(|a, b| a.subject.cmp(&b.subject));
        fired
    }

    /// The occurrences of one rule that were hit.
    pub fn occurrences(outcome: &Outcome, rule: &str) -> Vec<u64> {
        Fired::all(outcome)
            .into_iter()
            .filter(|fired| fired.rule == rule)
            .map(|fired| fired.occurrence)
            .collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().expect("this is text").to_owned()
}
