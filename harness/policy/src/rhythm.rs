//! Hits in bursts, and hits that are rationed.

use crate::piece::Piece;
use crate::{fields, render};
use model::{Diagnostic, Nanos};
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

/// So many calls in a row, then a pause of so many, again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    hits: u64,
    pause: u64,
}

impl Burst {
    /// Nothing where there is no hit or no pause: the one does nothing, the other is no burst.
    pub fn new(hits: u64, pause: u64) -> Option<Burst> {
        (hits > 0 && pause > 0).then_some(Burst { hits, pause })
    }

    /// Reads `3/20`.
    pub(crate) fn read(piece: &Piece<'_>) -> Result<Burst, Diagnostic> {
        let wrong = || {
            piece
                .error(format!("`{}` is not a burst", piece.shown()))
                .help("write how many calls in a row are hit and how many are then let through: `3/20`")
        };
        let (hits, pause) = piece.split_once("/").ok_or_else(wrong)?;
        let number = |part: Piece<'_>| fields::whole(part.trim().text());
        number(hits).zip(number(pause)).and_then(|(hits, pause)| Burst::new(hits, pause)).ok_or_else(wrong)
    }

    /// Whether the call is hit that comes so many calls after the first one.
    pub(crate) fn hits(self, after_first: u64) -> bool {
        after_first % self.hits.saturating_add(self.pause) < self.hits
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hits, self.pause)
    }
}

/// At most so many hits, in all or within any stretch of so long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    hits: u64,
    within: Option<Duration>,
}

/// The most hits within a time; each is remembered.
const MOST_REMEMBERED: u64 = 100_000;

impl Limit {
    /// Nothing where no hit is allowed, or too many to remember.
    pub fn new(hits: u64, within: Option<Duration>) -> Option<Limit> {
        let sound = hits > 0 && (within.is_none() || hits <= MOST_REMEMBERED);
        sound.then_some(Limit { hits, within })
    }

    /// Reads `5` or `5/1s`.
    pub(crate) fn read(piece: &Piece<'_>) -> Result<Limit, Diagnostic> {
        let wrong = || {
            piece
                .error(format!("`{}` is not a limit", piece.shown()))
                .help("write how many calls may be hit in all, such as `5`, or within a time, such as `5/1s`")
        };
        let (hits, within) = match piece.split_once("/") {
            Some((hits, within)) => (hits, Some(fields::duration(&within.trim())?)),
            None => (piece.clone(), None),
        };
        fields::whole(hits.trim().text()).and_then(|hits| Limit::new(hits, within)).ok_or_else(wrong)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.within {
            Some(within) => write!(f, "{}/{}", self.hits, render::duration(within)),
            None => write!(f, "{}", self.hits),
        }
    }
}

/// A limit at work.
#[derive(Debug)]
pub(crate) struct Ration {
    limit: Limit,
    taken: u64,
    /// When the hits of the last stretch were, oldest first.
    recent: VecDeque<Nanos>,
}

impl Ration {
    pub(crate) fn new(limit: Limit) -> Ration {
        Ration { limit, taken: 0, recent: VecDeque::new() }
    }

    /// Whether one more hit is allowed now.
    pub(crate) fn allows(&mut self, now: Nanos) -> bool {
        let Some(within) = self.limit.within else { return self.taken < self.limit.hits };
        let stretch = u64::try_from(within.as_nanos()).unwrap_or(u64::MAX);
        while self.recent.front().is_some_and(|hit| hit.0.saturating_add(stretch) <= now.0) {
            self.recent.pop_front();
        }
        (self.recent.len() as u64) < self.limit.hits
    }

    /// Notes a hit.
    pub(crate) fn take(&mut self, now: Nanos) {
        self.taken += 1;
        if self.limit.within.is_some() {
            self.recent.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_hits_in_a_row_and_then_pauses() {
        let burst = Burst::new(2, 3).expect("sound");
        let hit: Vec<u64> = (0..12).filter(|n| burst.hits(*n)).collect();
        assert_eq!(hit, [0, 1, 5, 6, 10, 11]);
        assert_eq!((Burst::new(0, 3), Burst::new(3, 0)), (None, None));
        assert!(Burst::new(u64::MAX, u64::MAX).expect("sound").hits(u64::MAX - 1));
    }

    #[test]
    fn a_ration_is_given_out_once_or_again_and_again() {
        let mut whole = Ration::new(Limit::new(2, None).expect("sound"));
        let mut timed = Ration::new(Limit::new(2, Some(Duration::from_nanos(10))).expect("sound"));
        let hits = |ration: &mut Ration| -> Vec<u64> {
            (0..30)
                .filter(|now| {
                    let allowed = ration.allows(Nanos(*now));
                    if allowed {
                        ration.take(Nanos(*now));
                    }
                    allowed
                })
                .collect()
        };
        assert_eq!(hits(&mut whole), [0, 1]);
        assert_eq!(hits(&mut timed), [0, 1, 10, 11, 20, 21]);
    }
}
