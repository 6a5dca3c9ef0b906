//! What is done to a call.

use crate::{Capability, Errno};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What a rule does to a call that it hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fault {
    /// How long the caller is held before anything else happens.
    pub delay_enter: Duration,
    /// The answer given instead of executing the call; without one the call is executed.
    pub result: Option<ForcedResult>,
    /// How long the caller is held after the call, or after the forced answer is settled upon.
    pub delay_exit: Duration,
}

/// An answer given without executing the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForcedResult {
    /// The call fails with this error.
    Error(Errno),
    /// The call returns this value; zero or positive, for negative results are errors.
    Value(i64),
}

impl Fault {
    /// What a mechanism must be able to do to honour this fault exactly.
    pub fn needs(&self) -> Vec<Capability> {
        let mut needs = Vec::new();
        if self.result.is_some() {
            needs.push(Capability::ForceResult);
        }
        if !self.delay_enter.is_zero() {
            needs.push(Capability::HoldBefore);
        }
        if !self.delay_exit.is_zero() {
            // A call that is never executed has no "after": holding its caller before the answer is the same thing
            // to every observer. Only a call that really runs needs a stop behind it.
            needs.push(if self.result.is_some() { Capability::HoldBefore } else { Capability::HoldAfter });
        }
        needs.dedup();
        needs
    }

    /// How long the caller is held in all.
    pub fn hold(&self) -> Duration {
        self.delay_enter.saturating_add(self.delay_exit)
    }
}

impl fmt::Display for ForcedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForcedResult::Error(errno) => errno.fmt(f),
            ForcedResult::Value(value) => write!(f, "= {value}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.delay_enter.is_zero() {
            parts.push(format!("delayed {:?}", self.delay_enter));
        }
        if let Some(result) = self.result {
            parts.push(result.to_string());
        }
        if !self.delay_exit.is_zero() {
            parts.push(format!("delayed {:?} after", self.delay_exit));
        }
        f.write_str(&parts.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_after_a_forced_result_needs_no_stop_after_the_call() {
        let exit = Duration::from_millis(5);
        let alone = Fault { delay_exit: exit, ..Fault::default() };
        let forced = Fault { result: Some(ForcedResult::Error(Errno::ENOSPC)), ..alone };
        assert_eq!(alone.needs(), [Capability::HoldAfter]);
        assert_eq!(forced.needs(), [Capability::ForceResult, Capability::HoldBefore]);
        assert_eq!(forced.to_string(), "ENOSPC, delayed 5ms after");
    }
}
