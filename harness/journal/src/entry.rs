//! One fact of a run.

use model::{
    CallSeq, Decision, Ending, Errno, Goroutine, GoroutineNumber, Nanos, Outcome, RuleId, Site, SiteNumber,
    SubjectId, Symptom, Sysno, TestResult, Tgid, Tid,
};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// One fact, in the order in which it became true.
///
/// Variants are numbered by position in the file: new ones are added at the end, and a changed one is a new
/// [`crate::FORMAT`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Entry<'a> {
    /// A test binary (or program) was taken under duress.
    Subject {
        /// Its number within the run.
        subject: SubjectId,
        /// Its name, the same in every run of the same command: the import path of the package under test, or the
        /// program's file name; `#2` and so on where one name is launched again.
        key: Cow<'a, str>,
        /// Its first process.
        pid: Tgid,
        /// The path of its executable.
        program: Cow<'a, str>,
        /// The Go version that built it (`go1.26.8`), if it is a Go program.
        go: Option<Cow<'a, str>>,
        /// When.
        at: Nanos,
    },
    /// A call was received and judged. It is settled after this entry, never before.
    Decided {
        /// Whose call.
        subject: SubjectId,
        /// The call's place within the subject.
        seq: CallSeq,
        /// The process that made it, where that had to be looked up (it is, for calls that a rule hits).
        pid: Option<Tgid>,
        /// The thread that made it.
        tid: Tid,
        /// Which call.
        sysno: Sysno,
        /// Its arguments, kept for calls that a rule hits; empty otherwise.
        args: Cow<'a, [u64]>,
        /// The rules whose calls this is one of, in plan order; each has counted it.
        matched: Cow<'a, [RuleId]>,
        /// What should happen.
        decision: Decision,
        /// Who made it, where that was asked for and could be found out.
        caller: Option<CallerNumbers>,
        /// When.
        at: Nanos,
    },
    /// What really happened to a decided call. A call to which at once, without a delay or an execution in between, happened
    /// just what was decided has no such entry: `Decided` says it all.
    Settled {
        /// Whose call.
        subject: SubjectId,
        /// Which one.
        seq: CallSeq,
        /// What happened.
        outcome: Outcome,
        /// When.
        at: Nanos,
    },
    /// The last process of a subject is gone.
    SubjectEnded {
        /// Which.
        subject: SubjectId,
        /// How its first process ended, where the kernel told us.
        ending: Option<Ending>,
        /// When.
        at: Nanos,
    },
    /// A test (or, without a name, a whole package) came to a result.
    Test {
        /// The import path.
        package: Cow<'a, str>,
        /// The test or subtest (`TestServer/reuse`); none for the package as a whole.
        test: Option<Cow<'a, str>>,
        /// The result.
        result: TestResult,
        /// How long go test says it took, in seconds.
        elapsed_s: f64,
        /// When.
        at: Nanos,
    },
    /// A test began.
    TestStarted {
        /// The import path.
        package: Cow<'a, str>,
        /// The test or subtest.
        test: Cow<'a, str>,
        /// When.
        at: Nanos,
    },
    /// The target wrote a piece of output, usually a line.
    Output {
        /// Where to.
        stream: Stream,
        /// The package it is from, where go test says so.
        package: Option<Cow<'a, str>>,
        /// The test it is from, where go test says so.
        test: Option<Cow<'a, str>>,
        /// The text, with its line end.
        text: Cow<'a, str>,
        /// When.
        at: Nanos,
    },
    /// A line of output names a cause.
    Symptom {
        /// Which kind.
        symptom: Symptom,
        /// The package, where known.
        package: Option<Cow<'a, str>>,
        /// The test, where known.
        test: Option<Cow<'a, str>>,
        /// The decisive line, without its line end.
        line: Cow<'a, str>,
        /// When.
        at: Nanos,
    },
    /// The run's own time limit struck; living Go subjects are asked for their goroutines by SIGQUIT.
    TimedOut {
        /// The subjects that were still alive.
        subjects: Cow<'a, [SubjectId]>,
        /// When.
        at: Nanos,
    },
    /// A signal told duress to stop.
    Interrupted {
        /// Its number.
        signal: i32,
        /// When.
        at: Nanos,
    },
    /// The command itself ended.
    CommandEnded {
        /// How.
        ending: Ending,
        /// When.
        at: Nanos,
    },
    /// Processes that the command left behind were ended.
    Stragglers {
        /// How many.
        count: u32,
        /// When.
        at: Nanos,
    },
    /// The supervisor could not go on and ended the run.
    Aborted {
        /// Why, in words.
        reason: Cow<'a, str>,
        /// The error, where the kernel gave one.
        errno: Option<Errno>,
        /// When.
        at: Nanos,
    },
    /// The run is over and everything is in the journal. A journal without it was cut short.
    Closed {
        /// When.
        at: Nanos,
    },
    /// A call is about to be told of that was made from here; its number stands for it from now on.
    Site {
        /// Its number.
        number: SiteNumber,
        /// The call path.
        site: Cow<'a, Site>,
        /// When.
        at: Nanos,
    },
    /// A call is about to be told of that this goroutine made; its number stands for it from now on.
    Goroutine {
        /// Its number.
        number: GoroutineNumber,
        /// The subject that it belongs to.
        subject: SubjectId,
        /// What is known of it.
        goroutine: Cow<'a, Goroutine>,
        /// When.
        at: Nanos,
    },
}

/// Who made a call, by the numbers of entries before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallerNumbers {
    /// Of the [`Entry::Site`].
    pub site: SiteNumber,
    /// Of the [`Entry::Goroutine`]; none for a thread that ran no goroutine.
    pub goroutine: Option<GoroutineNumber>,
}

/// Where output went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}
