//! One thing that is wrong, with the line that shows it.

use crate::Verdict;
use std::fmt;

/// One thing that went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which kind.
    pub kind: FindingKind,
    /// What happened, as a sentence without a full stop.
    pub message: String,
    /// The decisive line of output, or lines; empty where there is none.
    pub evidence: String,
    /// The package, where known.
    pub package: Option<String>,
    /// The test, where known.
    pub test: Option<String>,
    /// Where the faults that fired in it were met: places (`store.Save (store.go:31)`), the likeliest first, and perhaps how
    /// many more there are. Empty where the journal does not know.
    pub met_by: Vec<String>,
    /// The command that shows it again.
    pub repro: String,
}

/// What went wrong. Its `Display` words are stable: they are in the JSON that users keep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// A Go panic that nothing recovered.
    Crash,
    /// The Go runtime gave up (`fatal error:`).
    Fatal,
    /// A signal that duress did not send ended a process.
    Signal,
    /// The race detector reported.
    Race,
    /// No end within a time limit.
    Hang,
    /// A test or the command failed and said why.
    Failure,
    /// Something ended wrongly and said nothing.
    Silent,
    /// A package did not build.
    Build,
}

impl FindingKind {
    /// The verdict on a run with such a finding and no graver one.
    pub fn verdict(self) -> Verdict {
        match self {
            FindingKind::Crash | FindingKind::Fatal | FindingKind::Signal => Verdict::Crashed,
            FindingKind::Race | FindingKind::Failure | FindingKind::Build => Verdict::Failed,
            FindingKind::Hang => Verdict::Hung,
            FindingKind::Silent => Verdict::Silent,
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            FindingKind::Crash => "crash",
            FindingKind::Fatal => "fatal",
            FindingKind::Signal => "signal",
            FindingKind::Race => "race",
            FindingKind::Hang => "hang",
            FindingKind::Failure => "failure",
            FindingKind::Silent => "silent",
            FindingKind::Build => "build",
        })
    }
}
