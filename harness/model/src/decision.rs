//! Policy's answer to a call.

use crate::{Fault, RuleId};
use serde::{Deserialize, Serialize};

/// What should happen to a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Decision {
    /// The call is executed as if nobody watched.
    Pass,
    /// A rule hits the call.
    Inject {
        /// The rule that fired: the first of the plan that wanted to.
        rule: RuleId,
        /// Which of the rule's occurrences this is, from 1; where the rule counts by test, site and system call
        /// ([`crate::OccurrenceKey`]), which of theirs.
        occurrence: u64,
        /// What is done.
        fault: Fault,
    },
}
