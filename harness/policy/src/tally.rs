//! What "the third time" counts.

use crate::seed::Stream;
use model::OccurrenceKey;
use std::collections::HashMap;

/// What the occurrences of rules are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counting {
    /// A rule that asks who makes a call counts by test, site and system call; any other counts all its calls.
    #[default]
    AsAsked,
    /// Every rule counts by test, site and system call.
    BySite,
}

/// How many keys a rule keeps apart in a subject. Later ones share one counter and one stream: what they get hangs on
/// the order in which they come, which is better than memory without bound.
pub(crate) const MOST_KEYS: usize = 16_384;

/// The key of what is beyond [`MOST_KEYS`], for random numbers only.
const SHARED: OccurrenceKey = OccurrenceKey(0);

/// Counts the calls of one rule in one subject.
#[derive(Debug)]
pub(crate) enum Tally {
    /// All of them together.
    Whole(u64),
    /// For each key by itself. Boxed, so that counters of rules without keys stay close together.
    ByKey(Box<ByKey>),
}

/// Counters by key.
#[derive(Debug, Default)]
pub(crate) struct ByKey {
    counts: HashMap<OccurrenceKey, u64>,
    shared: u64,
}

/// A call that a rule counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Occurrence {
    /// The how-manieth it is, from 1.
    pub(crate) number: u64,
    /// Of which key; none where all are counted together.
    pub(crate) key: Option<OccurrenceKey>,
    /// Where its random numbers come from: the `number`-th ones.
    pub(crate) stream: Stream,
}

impl Tally {
    pub(crate) fn new(is_by_key: bool) -> Tally {
        if is_by_key { Tally::ByKey(Box::default()) } else { Tally::Whole(0) }
    }

    pub(crate) fn is_by_key(&self) -> bool {
        matches!(self, Tally::ByKey(_))
    }

    // Inlined, for without keys there is next to nothing to it.
    /// Counts a call; its key is asked for only where it counts. The stream is the rule's.
    #[inline]
    pub(crate) fn count(&mut self, stream: Stream, key: impl FnOnce() -> OccurrenceKey) -> Occurrence {
        match self {
            Tally::Whole(number) => {
                *number += 1;
                Occurrence { number: *number, key: None, stream }
            }
            Tally::ByKey(by_key) => by_key.count(stream, key()),
        }
    }
}

impl ByKey {
    #[inline(never)]
    fn count(&mut self, stream: Stream, key: OccurrenceKey) -> Occurrence {
        let has_room = self.counts.len() < MOST_KEYS;
        let (number, drawn) = match self.counts.get_mut(&key) {
            Some(number) => (number, key),
            None if has_room => (self.counts.entry(key).or_default(), key),
            None => (&mut self.shared, SHARED),
        };
        *number += 1;
        Occurrence { number: *number, key: Some(key), stream: stream.keyed(drawn.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_counts_for_itself_whatever_the_others_do() {
        let stream = Stream::new(1, "s", "r");
        let mut tally = Tally::new(true);
        let mut count = |key| tally.count(stream, || OccurrenceKey(key));
        let numbers = [7, 8, 7, 7, 8].map(|key| count(key).number);
        assert_eq!(numbers, [1, 1, 2, 3, 2]);
        assert_eq!(count(7).stream, count(7).stream);
        assert_ne!(count(7).stream, count(8).stream);
        assert_ne!(count(7).stream, stream);
    }

    #[test]
    fn without_keys_none_is_asked_for() {
        let stream = Stream::new(1, "s", "r");
        let mut tally = Tally::new(false);
        let mut count = || tally.count(stream, || panic!("nobody needs it"));
        assert_eq!([count(), count()].map(|one| (one.number, one.key)), [(1, None), (2, None)]);
        assert_eq!(count().stream, stream);
    }

    #[test]
    fn keys_beyond_the_most_share_a_counter_and_take_no_memory() {
        let stream = Stream::new(1, "s", "r");
        let mut tally = Tally::new(true);
        let mut count = |key| tally.count(stream, || OccurrenceKey(key));
        let most = MOST_KEYS as u64;
        assert!((1..=most).all(|key| count(key).number == 1));
        let beyond = [most + 1, most + 2, most + 1].map(&mut count);
        assert_eq!(beyond.map(|one| one.number), [1, 2, 3]);
        assert_eq!(beyond.map(|one| one.key.map(|key| key.0)), [most + 1, most + 2, most + 1].map(Some));
        assert_eq!(beyond[0].stream, beyond[1].stream);
        assert_eq!(count(1).number, 2, "those that came in time go on");
        let Tally::ByKey(by_key) = &tally else { panic!("it counts by key") };
        assert_eq!(by_key.counts.len(), MOST_KEYS);
    }
}
