//! What a program made of an execve in it that failed.

use super::arm::Arm;
use serde::{Serialize, Serializer};
use std::fmt;

/// What the program did. The words are stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conduct {
    /// Nothing inside of it fails.
    Unaffected,
    /// Its output names the cause.
    Told,
    /// It did as if nothing had happened.
    Swallowed,
    /// It did otherwise, and its output names no cause.
    Silent,
    /// It did not end.
    Hung,
}

impl Conduct {
    /// Whether something is wrong with it.
    pub(crate) fn is_finding(self) -> bool {
        match self {
            Conduct::Unaffected | Conduct::Told => false,
            Conduct::Swallowed | Conduct::Silent | Conduct::Hung => true,
        }
    }
}

impl fmt::Display for Conduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Conduct::Unaffected => "unaffected",
            Conduct::Told => "told",
            Conduct::Swallowed => "swallowed",
            Conduct::Silent => "silent",
            Conduct::Hung => "hung",
        })
    }
}

impl Serialize for Conduct {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// How much of a line is shown, in characters: a program may print its whole environment.
const SHOWN: usize = 200;

/// Judges a run by the one without added strings; with the decisive line, or words where there is none.
pub(crate) fn judge(arm: &Arm, baseline: &Arm) -> (Conduct, String) {
    if arm.summary.is_timed_out {
        let limit = arm.summary.header.timeout_s.unwrap_or_default();
        let who = arm.summary.findings.first().and_then(|finding| last_line(&finding.evidence));
        let line =
            format!("no end within {limit} s; {}", who.unwrap_or_else(|| "nothing was printed".to_owned()));
        return (Conduct::Hung, line);
    }
    if let Some(line) = arm.output.lines().find(|line| names_the_limit(line)) {
        return (Conduct::Told, shown(line));
    }
    let is_same = arm.ending() == baseline.ending();
    if is_same && timeless(&arm.output) == timeless(&baseline.output) {
        let ended = arm.summary.command_ending.map_or("it ended".to_owned(), |ending| ending.to_string());
        return (Conduct::Swallowed, format!("{ended}, and the same output as without added strings"));
    }
    // In other words: something that it says only now, and that names a cause.
    let reason = arm.summary.findings.iter().find(|finding| {
        finding.kind != report::FindingKind::Silent
            && !finding.evidence.is_empty()
            && !baseline.output.contains(&finding.evidence)
    });
    if let Some(finding) = reason.filter(|_| !is_same) {
        return (Conduct::Told, last_line(&finding.evidence).unwrap_or_default());
    }
    let ended = arm.summary.command_ending.map_or("it ended".to_owned(), |ending| ending.to_string());
    let said = last_line(&arm.output)
        .map_or("it printed nothing".to_owned(), |line| format!("the last line: {line}"));
    (Conduct::Silent, format!("{ended}, and nothing names the cause; {said}"))
}

fn names_the_limit(line: &str) -> bool {
    let line = line.to_lowercase();
    line.contains("argument list too long") || line.contains("e2big")
}

fn last_line(text: &str) -> Option<String> {
    text.lines().rev().find(|line| !line.trim().is_empty()).map(shown)
}

fn shown(line: &str) -> String {
    let line = line.trim();
    match line.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line.to_owned(),
    }
}

/// Without digits: times, process numbers and temporary folders differ in every run.
fn timeless(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for c in text.chars() {
        if !c.is_ascii_digit() {
            kept.push(c);
        } else if !kept.ends_with('#') {
            kept.push('#');
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_the_limit_in_the_words_of_go_c_and_shells() {
        for line in
            ["fork/exec /bin/true: argument list too long", "sh: 1: x: Argument list too long", "E2BIG"]
        {
            assert!(names_the_limit(line), "{line}");
        }
        assert!(!names_the_limit("line too long"));
    }

    #[test]
    fn output_is_compared_without_numbers() {
        assert_eq!(timeless("ok x 0.013s"), timeless("ok x 12.5s"));
        assert_ne!(timeless("3 of 4 done"), timeless("none of 4 done"));
    }

    #[test]
    fn a_long_line_is_cut() {
        assert_eq!(shown(&"é".repeat(300)).chars().count(), SHOWN + 1);
        assert_eq!(last_line("a\n b \n\n").as_deref(), Some("b"));
    }
}
