//! How tests and processes end, and what in their output says so.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A test's result as `go test -json` reports it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestResult {
    /// It passed.
    Pass,
    /// It failed.
    Fail,
    /// It skipped itself.
    Skip,
}

/// A line of output that names a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Symptom {
    /// `panic: …`: a Go panic that nobody recovered.
    Panic,
    /// `fatal error: …`: the Go runtime gave up (deadlock, out of memory, concurrent map writes, futex failure).
    Fatal,
    /// `SIGSEGV: segmentation violation`, `signal: killed`: a signal ended the process.
    Signal,
    /// `WARNING: DATA RACE`: the race detector reported.
    Race,
    /// `panic: test timed out after …`: go test's own `-timeout` struck.
    TestTimeout,
    /// The package did not compile or could not be set up.
    Build,
    /// A failed test said why (its log line at the failure).
    Message,
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ending {
    /// exit(2) with this status, 0 to 255.
    Exited(i32),
    /// A signal of this number ended it.
    Signaled(i32),
}

impl Ending {
    /// Whether it is the ending of a success.
    pub fn is_success(self) -> bool {
        self == Ending::Exited(0)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ending::Exited(status) => write!(f, "exit status {status}"),
            Ending::Signaled(signal) => write!(f, "ended by signal {signal}"),
        }
    }
}
