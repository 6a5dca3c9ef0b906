//! What really happened to a call.

use crate::Errno;
use serde::{Deserialize, Serialize};

/// How a notification was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// The call went to the kernel untouched, possibly after a delay.
    Passed,
    /// The forced result was delivered.
    Injected,
    /// The tracee died, or its call was interrupted, before the answer; nobody got it.
    Vanished,
    /// The kernel refused our answer with this error.
    Refused(Errno),
}
