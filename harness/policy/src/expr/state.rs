//! What a condition must remember of a subject.

use std::collections::HashSet;

/// What one rule's condition remembers of one subject, from call to call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// How many executions there were so far.
    pub(super) executions: u64,
    /// The values that `once-per` has had.
    seen: HashSet<Vec<Vec<u8>>>,
}

impl Memory {
    /// Whether these values were never seen before; they are from now on.
    pub(super) fn is_first(&mut self, values: Vec<Vec<u8>>) -> bool {
        self.seen.insert(values)
    }
}
