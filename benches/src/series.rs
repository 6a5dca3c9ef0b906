//! Repeated measurements of one thing.

use std::fmt;

/// Repeated measurements of one thing, one a turn.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Series(Vec<f64>);

impl Series {
    /// Adds a turn's measurement.
    pub fn push(&mut self, value: f64) {
        self.0.push(value);
    }

    /// The middle one; not a number where nothing was measured.
    pub fn median(&self) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        match sorted.len() {
            0 => f64::NAN,
            odd if !odd.is_multiple_of(2) => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        }
    }

    /// The smallest one; not a number where nothing was measured.
    pub fn least(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::min)
    }

    /// The largest one; not a number where nothing was measured.
    pub fn greatest(&self) -> f64 {
        self.0.iter().copied().fold(f64::NAN, f64::max)
    }

    /// Turn by turn, this divided by the other.
    #[must_use]
    pub fn over(&self, other: &Series) -> Series {
        self.0.iter().zip(&other.0).map(|(mine, theirs)| mine / theirs).collect()
    }

    /// Turn by turn, this without the other.
    #[must_use]
    pub fn minus(&self, other: &Series) -> Series {
        self.0.iter().zip(&other.0).map(|(mine, theirs)| mine - theirs).collect()
    }

    /// Every measurement in another unit.
    #[must_use]
    pub fn scaled(&self, factor: f64) -> Series {
        self.0.iter().map(|mine| mine * factor).collect()
    }

    /// Turn by turn, the larger of the two.
    #[must_use]
    pub fn or_greater(&self, other: &Series) -> Series {
        self.0.iter().zip(&other.0).map(|(mine, theirs)| mine.max(*theirs)).collect()
    }
}

impl FromIterator<f64> for Series {
    fn from_iter<I: IntoIterator<Item = f64>>(values: I) -> Series {
        Series(values.into_iter().collect())
    }
}

impl fmt::Display for Series {
    /// The span of all turns: `3.91..5.20`. The precision asked for is kept.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(2);
        write!(f, "{:.digits$}..{:.digits$}", self.least(), self.greatest())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: &[f64]) -> Series {
        values.iter().copied().collect()
    }

    #[test]
    fn the_median_is_the_middle_one_in_whatever_order() {
        let same = |found: f64, expected: f64| assert!((found - expected).abs() < 1e-9, "{found} {expected}");
        same(series(&[9.0, 1.0, 2.0]).median(), 2.0);
        same(series(&[4.0, 1.0, 2.0, 9.0]).median(), 3.0);
        assert!(series(&[]).median().is_nan());
    }

    #[test]
    fn ratios_are_taken_turn_by_turn() {
        assert_eq!(series(&[2.0, 30.0]).over(&series(&[1.0, 10.0])), series(&[2.0, 3.0]));
        assert_eq!(series(&[2.0, 30.0]).minus(&series(&[1.0, 10.0])), series(&[1.0, 20.0]));
        assert_eq!(series(&[2.0, 3.0]).or_greater(&series(&[1.0, 10.0])), series(&[2.0, 10.0]));
    }

    #[test]
    fn the_span_is_shown_with_the_precision_asked_for() {
        assert_eq!(format!("{:.1}", series(&[5.25, 1.0, 3.0])), "1.0..5.2");
    }
}
