//! What we claim about the cost of duress, and whether a measurement bears it out.

use crate::{Series, Table};

/// Something that we claim.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// In words.
    pub what: &'static str,
    /// What its figures count: `x`, `ms`, `MiB`.
    pub unit: &'static str,
    /// What they must hold to.
    pub target: Target,
}

/// The measurements for a claim, or why there are none.
pub type Found = Result<Series, String>;

/// What a claim must hold to.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// The median is not above this.
    AtMost(f64),
    /// The median is not below this.
    AtLeast(f64),
    /// No measurement is above this.
    Never(f64),
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finding {
    /// It holds.
    Met,
    /// It does not.
    Missed,
    /// It could not be measured here.
    Unmeasured,
}

impl Claim {
    /// Whether the measurements bear it out.
    pub fn finding(&self, found: &Found) -> Finding {
        let Ok(found) = found else { return Finding::Unmeasured };
        // Not a number fails every comparison: a claim without a measurement is never met.
        let holds = match self.target {
            Target::AtMost(limit) => found.median() <= limit,
            Target::AtLeast(limit) => found.median() >= limit,
            Target::Never(limit) => found.greatest() <= limit,
        };
        if holds { Finding::Met } else { Finding::Missed }
    }

    fn row(&self, found: &Found) -> Vec<String> {
        let target = match self.target {
            Target::AtMost(limit) | Target::Never(limit) => format!("<= {limit} {}", self.unit),
            Target::AtLeast(limit) => format!(">= {limit} {}", self.unit),
        };
        let (measured, span) = match found {
            Ok(found) => {
                let decisive = match self.target {
                    Target::AtMost(_) | Target::AtLeast(_) => found.median(),
                    Target::Never(_) => found.greatest(),
                };
                (format!("{decisive:.2} {}", self.unit), format!("{found:.2}"))
            }
            Err(reason) => (format!("skipped: {reason}"), String::new()),
        };
        let met = match self.finding(found) {
            Finding::Met => "yes",
            Finding::Missed => "NO",
            Finding::Unmeasured => "-",
        };
        vec![self.what.to_owned(), measured, span, target, met.to_owned()]
    }
}

/// All claims, one a row.
pub fn table(claims: &[(Claim, Found)]) -> Table {
    let mut table = Table::new("Claims", &["claim", "measured", "min..max", "target", "met"]);
    for (claim, found) in claims {
        table.row(claim.row(found));
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    fn check(target: Target, values: &[f64], expected: Finding) {
        let found = Ok(values.iter().copied().collect());
        assert_eq!(Claim { what: "", unit: "x", target }.finding(&found), expected, "{target:?} {values:?}");
    }

    #[test]
    fn a_claim_is_judged_by_its_figures() {
        check(Target::AtMost(1.5), &[1.4, 1.5, 9.0], Finding::Met);
        check(Target::AtMost(1.5), &[1.4, 1.51, 9.0], Finding::Missed);
        check(Target::AtLeast(3.0), &[2.0, 3.1, 4.0], Finding::Met);
        check(Target::AtLeast(3.0), &[2.0, 2.9, 4.0], Finding::Missed);
        check(Target::Never(24.0), &[9.0, 23.9], Finding::Met);
        check(Target::Never(24.0), &[9.0, 9.0, 24.1], Finding::Missed);
    }

    #[test]
    fn nothing_measured_is_never_met() {
        check(Target::AtMost(1.5), &[], Finding::Missed);
        check(Target::AtLeast(3.0), &[], Finding::Missed);
        check(Target::Never(24.0), &[], Finding::Missed);
        let found = Err(Error::Needs("strace").to_string());
        let claim = Claim { what: "", unit: "x", target: Target::AtMost(1.0) };
        assert_eq!(claim.finding(&found), Finding::Unmeasured);
        assert_eq!(claim.row(&found)[1], "skipped: needs strace");
    }
}
