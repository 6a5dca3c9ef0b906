//! The nouns every part of duress shares: calls, faults, decisions, outcomes.
//!
//! ```text
//! kernel ──Call──► policy ──Decision──► kernel ──Outcome──► journal ──► report
//! ```
//!
//! **Invariants.** No input or output, no clock, no unsafe, no knowledge of who uses a noun. Numbers that the kernel
//! hands out are newtypes here; a bare integer never stands for an errno or a system call outside `kernel::sys`.
//!
//! It deliberately does not decide, print or read anything.

mod call;
mod caller;
mod capability;
mod civil;
mod decision;
mod diagnostic;
mod errno;
mod errno_table;
mod exec_room;
mod facts;
mod fault;
mod ids;
mod interest;
mod nearest;
mod outcome;
mod plain;
mod sieve;
mod signal;
mod site;
mod symptom;
mod sysno;

pub use call::Call;
pub use caller::{Caller, Goroutine, OccurrenceKey};
pub use capability::{Capabilities, Capability};
pub use civil::Civil;
pub use decision::Decision;
pub use diagnostic::{Diagnostic, Severity, Source};
pub use errno::Errno;
pub use exec_room::{ExecLimits, ExecRoom, ExecString, ExecStrings, Interpreter, ROOM_CAP, ROOM_FLOOR};
pub use facts::{Callers, Descriptor, Facts, FdKind, NoFacts, SocketEnds};
pub use fault::{Content, Execution, Fault, ForcedResult, Poke, Victim};
pub use ids::{CallSeq, GoroutineNumber, Nanos, RuleId, RunId, SiteNumber, SubjectId, Tgid, Tid};
pub use interest::{Answer, Interest, Quiet, Trap, Via};
pub use nearest::nearest;
pub use outcome::{Outcome, Unfit};
pub use plain::plain;
pub use sieve::{ArgOp, ArgTest, Sieve, Width};
pub use signal::Signal;
pub use site::{Code, Frame, Site, SiteKey};
pub use symptom::{Ending, Symptom, TestResult};
pub use sysno::Sysno;
