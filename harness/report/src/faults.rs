//! Faults, as reports count and list them.

use crate::Caller;
use model::{CallSeq, Nanos, SubjectId, Sysno, Tgid, Tid};

/// What became of faults. `fired`, `vanished` and `undelivered` exclude each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// Calls that were among a rule's calls. A call that two rules name counts once here, and once with each rule.
    pub matched: u64,
    /// Faults that reached their caller, as far as the journal knows.
    pub fired: u64,
    /// Faults whose caller was gone, or interrupted, before it got them.
    pub vanished: u64,
    /// Faults that the kernel refused to deliver, or whose call was let go after all.
    pub undelivered: u64,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleCount {
    /// Its name.
    pub name: String,
    /// What it does to which calls, as `-e` would say it.
    pub spec: String,
    /// The kernel's filter does it alone, so its counts say nothing.
    pub is_quiet: bool,
    /// The persona that it is a part of.
    pub persona: Option<String>,
    /// Its condition looks at memory that the target can change meanwhile.
    pub is_racy: bool,
    /// Its occurrences are counted by test, site and system call.
    pub counts_by_site: bool,
    /// Its counts.
    pub faults: Faults,
}

/// One fault that was decided upon.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fired {
    /// The call's place within its subject.
    pub seq: CallSeq,
    /// Whose call.
    pub subject: SubjectId,
    /// The rule's name.
    pub rule: String,
    /// Which of the rule's occurrences it was, from 1.
    pub occurrence: u64,
    /// Which call.
    pub sysno: Sysno,
    /// What was done (`ENOSPC`, `delayed 5ms`), or `vanished`.
    pub outcome: String,
    /// The process, where it was looked up.
    pub pid: Option<Tgid>,
    /// The thread.
    pub tid: Tid,
    /// Who made the call inside of a Go program, where that was found out.
    pub caller: Option<Caller>,
    /// When it was decided.
    pub at: Nanos,
}
