//! Who among the calls that a rule counts is hit.

use crate::seed::Stream;
use crate::{Rate, When};

/// How one rule picks, within one subject.
#[derive(Debug)]
pub(crate) enum Picks {
    /// As the plan says: by number, and by chance where a rate is given.
    Planned {
        /// By number.
        when: When,
        /// By chance.
        chance: Option<(Rate, Stream)>,
    },
    /// As a recorded run did.
    Recorded {
        /// The occurrences that were hit, rising.
        hits: Vec<u64>,
        /// How many of them have passed.
        passed: usize,
    },
}

impl Picks {
    /// The occurrences of a recorded run, in any order.
    pub(crate) fn recorded(mut hits: Vec<u64>) -> Picks {
        hits.sort_unstable();
        hits.dedup();
        Picks::Recorded { hits, passed: 0 }
    }

    /// Whether the `occurrence`-th call is hit; to be asked once for each occurrence, in order.
    pub(crate) fn hits(&mut self, occurrence: u64) -> bool {
        match self {
            Picks::Planned { when, chance } => {
                when.hits(occurrence) && chance.is_none_or(|(rate, stream)| rate.hits(stream, occurrence))
            }
            Picks::Recorded { hits, passed } => {
                while hits.get(*passed).is_some_and(|hit| *hit < occurrence) {
                    *passed += 1;
                }
                hits.get(*passed) == Some(&occurrence)
            }
        }
    }
}
