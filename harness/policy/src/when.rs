//! Which of the calls that a rule counts it hits, as strace's `when=` says it.

use std::fmt;

/// Every `step`-th occurrence from the `first` to the `last`.
///
/// Written `FIRST`, `FIRST+`, `FIRST+STEP`, `FIRST..LAST`, `FIRST..LAST+` or `FIRST..LAST+STEP` (strace(1), "format of
/// the subexpression"). Occurrences are counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct When {
    first: u64,
    last: Option<u64>,
    step: u64,
}

impl When {
    /// Every occurrence: `1+`.
    pub const ALWAYS: When = When { first: 1, last: None, step: 1 };

    /// Nothing where `first` or `step` is zero or `last` comes before `first`: no occurrence would be hit, or all would
    /// be the same one.
    pub fn new(first: u64, last: Option<u64>, step: u64) -> Option<When> {
        let sound = first >= 1 && step >= 1 && last.is_none_or(|last| last >= first);
        sound.then_some(When { first, last, step })
    }

    /// Whether the `occurrence`-th call is hit.
    pub fn hits(&self, occurrence: u64) -> bool {
        occurrence >= self.first
            && self.last.is_none_or(|last| occurrence <= last)
            && (occurrence - self.first).is_multiple_of(self.step)
    }

    /// The first occurrence that can be hit.
    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    /// Whether no call is let through any more once one was hit.
    pub(crate) fn is_unbroken(&self) -> bool {
        self.last.is_none() && self.step == 1
    }

    /// Whether every occurrence that `other` hits is hit.
    pub(crate) fn covers(&self, other: &When) -> bool {
        // The last occurrence that the other one really hits lies on its own steps.
        let end = other.last.map(|last| last - (last - other.first) % other.step);
        let from_the_start = self.hits(other.first);
        if end == Some(other.first) {
            return from_the_start;
        }
        let to_the_end = match (self.last, end) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(end)) => mine >= end,
        };
        from_the_start && to_the_end && other.step.is_multiple_of(self.step)
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.first)?;
        match self.last {
            Some(last) if last == self.first && self.step == 1 => return Ok(()),
            Some(last) => write!(f, "..{last}")?,
            None if self.step == 1 => return f.write_str("+"),
            None => {}
        }
        if self.step == 1 { Ok(()) } else { write!(f, "+{}", self.step) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// strace(1) by the letter: "first, first+step, first+step+step, and so on", up to and including last.
    fn listed(when: When, until: u64) -> Vec<u64> {
        let mut hit = Vec::new();
        let mut next = when.first;
        while next <= until && when.last.is_none_or(|last| next <= last) {
            hit.push(next);
            next += when.step;
        }
        hit
    }

    fn any_when() -> impl Strategy<Value = When> {
        (1..30_u64, proptest::option::of(0..30_u64), 1..8_u64)
            .prop_filter_map("last follows first", |(first, more, step)| {
                When::new(first, more.map(|m| first + m), step)
            })
    }

    proptest! {
        #[test]
        fn hits_are_those_that_strace_lists(when in any_when()) {
            let hit: Vec<u64> = (1..=80).filter(|n| when.hits(*n)).collect();
            prop_assert_eq!(hit, listed(when, 80));
        }

        #[test]
        fn covering_is_hitting_at_least_as_much(a in any_when(), b in any_when()) {
            // 600 is far beyond where any two of these first part: starts below 60, steps below 8.
            let covered = (1..=600).all(|n| !b.hits(n) || a.hits(n));
            prop_assert_eq!(a.covers(&b), covered, "{} {}", a, b);
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        let when = When::new(u64::MAX, None, u64::MAX).expect("sound");
        assert!(when.hits(u64::MAX) && !when.hits(1) && when.covers(&when));
    }
}
