//! Who among the calls that a rule counts is hit.

use crate::rhythm::{Burst, Ration};
use crate::seed::Stream;
use crate::{Rate, Rule, When};
use model::Nanos;

/// How one rule picks, within one subject.
#[derive(Debug)]
pub(crate) enum Picks {
    /// As the plan says: all that is given must agree.
    Planned(Planned),
    /// As a recorded run did.
    Recorded {
        /// The occurrences that were hit, rising.
        hits: Vec<u64>,
        /// How many of them have passed.
        passed: usize,
    },
}

/// What a plan says about who is hit.
#[derive(Debug)]
pub(crate) struct Planned {
    when: When,
    chance: Option<(Rate, Stream)>,
    burst: Option<Burst>,
    ration: Option<Ration>,
}

impl Picks {
    /// As this rule says, with its own random numbers.
    pub(crate) fn planned(rule: &Rule, stream: Stream) -> Picks {
        Picks::Planned(Planned {
            when: rule.when,
            chance: rule.rate.map(|rate| (rate, stream)),
            burst: rule.burst,
            ration: rule.limit.map(Ration::new),
        })
    }

    /// The occurrences of a recorded run, in any order.
    pub(crate) fn recorded(mut hits: Vec<u64>) -> Picks {
        hits.sort_unstable();
        hits.dedup();
        Picks::Recorded { hits, passed: 0 }
    }

    /// Whether the `occurrence`-th call is to be hit; to be asked once for each occurrence, in order.
    pub(crate) fn wants(&mut self, occurrence: u64, now: Nanos) -> bool {
        match self {
            Picks::Planned(planned) => {
                planned.when.hits(occurrence)
                    && planned.chance.is_none_or(|(rate, stream)| rate.hits(stream, occurrence))
                    && planned.burst.is_none_or(|burst| burst.hits(occurrence - planned.when.first()))
                    && planned.ration.as_mut().is_none_or(|ration| ration.allows(now))
            }
            Picks::Recorded { hits, passed } => {
                while hits.get(*passed).is_some_and(|hit| *hit < occurrence) {
                    *passed += 1;
                }
                hits.get(*passed) == Some(&occurrence)
            }
        }
    }

    /// Notes that the call was hit that it wanted.
    pub(crate) fn took(&mut self, now: Nanos) {
        match self {
            Picks::Planned(Planned { ration: Some(ration), .. }) => ration.take(now),
            Picks::Planned(_) | Picks::Recorded { .. } => {}
        }
    }

    /// Whether a run is played again, in which what was hit is hit, whatever the state of the target.
    pub(crate) fn is_recorded(&self) -> bool {
        matches!(self, Picks::Recorded { .. })
    }
}
