//! Which share of calls a rule hits at random.

use crate::seed::Stream;
use std::fmt;

/// A chance, above 0 and up to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate(f64);

impl Rate {
    /// Nothing unless 0 < `share` <= 1: a rule that never fires says nothing, and nothing fires more than always.
    pub fn new(share: f64) -> Option<Rate> {
        (share > 0.0 && share <= 1.0).then_some(Rate(share))
    }

    /// The chance as a number.
    pub fn share(self) -> f64 {
        self.0
    }

    /// Whether the stream's `n`-th number says yes.
    pub(crate) fn hits(self, stream: Stream, n: u64) -> bool {
        // What is drawn is below 1, so a rate of 1 always hits.
        stream.unit(n) < self.0
    }
}

impl fmt::Display for Rate {
    /// The shortest number that reads back as this one.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_share_that_is_hit_is_near_the_rate(seed: u64, rate in 0.001..=1.0_f64) {
            let (stream, tries) = (Stream::new(seed, "s", "r"), 20_000_u32);
            let hit = (0..tries).filter(|n| Rate(rate).hits(stream, u64::from(*n))).count();
            let (mean, deviation) = (f64::from(tries) * rate, (f64::from(tries) * rate * (1.0 - rate)).sqrt());
            // Six standard deviations: one false alarm in 500 million.
            let off = (f64::from(u32::try_from(hit).expect("few")) - mean).abs();
            prop_assert!(off <= 6.0 * deviation + 1.0, "{hit} of {tries} at {rate}");
        }
    }

    #[test]
    fn only_chances_are_rates() {
        for share in [0.0, -0.1, 1.000_001, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::new(share), None, "{share}");
        }
        assert!((0..1000).all(|n| Rate(1.0).hits(Stream::new(n, "", ""), n)));
    }
}
