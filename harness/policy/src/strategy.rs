//! Who among the calls that a rule counts is hit.

use crate::rhythm::{Burst, Ration};
use crate::tally::Occurrence;
use crate::{Rate, Rule, When};
use model::{Nanos, OccurrenceKey, RuleId};
use std::collections::HashMap;

/// What a recorded run hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// By this rule.
    pub rule: RuleId,
    /// Which occurrence, as the decision had it.
    pub occurrence: u64,
    /// Of which key; asked for only where the rule counts by key. Without one, nothing is hit there.
    pub key: Option<OccurrenceKey>,
}

/// How one rule picks, within one subject.
#[derive(Debug)]
pub(crate) enum Picks {
    /// As the plan says: all that is given must agree.
    Planned(Planned),
    /// As a recorded run did.
    Recorded(Row),
    /// As a recorded run did, where occurrences are counted by key.
    RecordedByKey(HashMap<OccurrenceKey, Row>),
}

/// Occurrences that are to be hit.
#[derive(Debug, Default)]
pub(crate) struct Row {
    /// Rising.
    hits: Vec<u64>,
    /// How many of them have passed.
    passed: usize,
}

/// What a plan says about who is hit.
#[derive(Debug)]
pub(crate) struct Planned {
    when: When,
    rate: Option<Rate>,
    burst: Option<Burst>,
    ration: Option<Ration>,
}

impl Picks {
    /// As this rule says.
    pub(crate) fn planned(rule: &Rule) -> Picks {
        Picks::Planned(Planned {
            when: rule.when,
            rate: rule.rate,
            burst: rule.burst,
            ration: rule.limit.map(Ration::new),
        })
    }

    /// What a recorded run hit by one rule, in any order.
    pub(crate) fn recorded(hits: &[Hit], is_by_key: bool) -> Picks {
        if !is_by_key {
            return Picks::Recorded(Row::new(hits.iter().map(|hit| hit.occurrence).collect()));
        }
        let mut by_key: HashMap<OccurrenceKey, Vec<u64>> = HashMap::new();
        for hit in hits {
            if let Some(key) = hit.key {
                by_key.entry(key).or_default().push(hit.occurrence);
            }
        }
        Picks::RecordedByKey(by_key.into_iter().map(|(key, hits)| (key, Row::new(hits))).collect())
    }

    /// Whether this call is to be hit; to be asked once for each, in the order in which they are counted.
    pub(crate) fn wants(&mut self, occurrence: Occurrence, now: Nanos) -> bool {
        let Occurrence { number, key, stream } = occurrence;
        match self {
            Picks::Planned(planned) => {
                planned.when.hits(number)
                    && planned.rate.is_none_or(|rate| rate.hits(stream, number))
                    && planned.burst.is_none_or(|burst| burst.hits(number - planned.when.first()))
                    && planned.ration.as_mut().is_none_or(|ration| ration.allows(now))
            }
            Picks::Recorded(row) => row.has(number),
            Picks::RecordedByKey(rows) => {
                key.and_then(|key| rows.get_mut(&key)).is_some_and(|row| row.has(number))
            }
        }
    }

    /// Notes that the call was hit that it wanted.
    pub(crate) fn took(&mut self, now: Nanos) {
        match self {
            Picks::Planned(Planned { ration: Some(ration), .. }) => ration.take(now),
            Picks::Planned(_) | Picks::Recorded(_) | Picks::RecordedByKey(_) => {}
        }
    }

    /// Whether a run is played again, in which what was hit is hit, whatever the state of the target.
    pub(crate) fn is_recorded(&self) -> bool {
        match self {
            Picks::Recorded(_) | Picks::RecordedByKey(_) => true,
            Picks::Planned(_) => false,
        }
    }
}

impl Row {
    fn new(mut hits: Vec<u64>) -> Row {
        hits.sort_unstable();
        hits.dedup();
        Row { hits, passed: 0 }
    }

    /// Whether this occurrence is one of them; to be asked with rising ones.
    fn has(&mut self, occurrence: u64) -> bool {
        while self.hits.get(self.passed).is_some_and(|hit| *hit < occurrence) {
            self.passed += 1;
        }
        self.hits.get(self.passed) == Some(&occurrence)
    }
}
