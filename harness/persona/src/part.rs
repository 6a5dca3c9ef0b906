//! What one persona comes down to.

use crate::{Rule, Surroundings};

/// What one word adds to a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Part {
    /// What becomes of system calls, the first that wants a call first.
    pub rules: Vec<Rule>,
    /// What the target is started with.
    pub surroundings: Surroundings,
    /// Where it differs from the real thing, for `duress persona show`; full sentences without a full stop.
    pub remarks: Vec<String>,
}
