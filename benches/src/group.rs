//! Groups of measurements that are taken together, each for some claims.

use crate::claim::Found;
use crate::{
    Claim, Effort, Error, Programs, Table, attribution, binary, calls, endurance, faults, launch, parallel,
    personas, plans, suite, unwinding,
};

/// A group of measurements.
#[derive(Debug)]
pub struct Group {
    /// What it is called where it fails.
    pub name: &'static str,
    /// The claims it is for.
    pub claims: &'static [Claim],
    /// Takes the measurements.
    pub measure: fn(&Programs, &Effort) -> Result<Measured, Error>,
}

/// What a group found.
#[derive(Debug)]
pub struct Measured {
    /// All figures.
    pub tables: Vec<Table>,
    /// Those that decide the group's claims, in their order.
    pub found: Vec<Found>,
}

/// What a call, a launch and a run cost, in the order in which they are measured.
pub const COST: [Group; 5] = [
    Group { name: "calls that match", claims: &calls::MATCHED, measure: calls::matched },
    Group { name: "calls that do not match", claims: &calls::UNMATCHED, measure: calls::unmatched },
    Group { name: "starts", claims: &launch::CLAIMS, measure: launch::measure },
    Group { name: "a long run", claims: &endurance::CLAIMS, measure: endurance::measure },
    Group { name: "test binaries at the same time", claims: &parallel::CLAIMS, measure: parallel::measure },
];

/// What each kind of fault costs, and each part of a plan; likewise.
pub const FAULTS: [Group; 6] = [
    Group { name: "quiet rules", claims: &faults::QUIET, measure: faults::quiet },
    Group { name: "personas", claims: &personas::CLAIMS, measure: personas::measure },
    Group { name: "sizes of plans", claims: &plans::CLAIMS, measure: plans::measure },
    Group { name: "predicates", claims: &faults::PREDICATE, measure: faults::predicate },
    Group { name: "faults by ptrace", claims: &faults::TRACED, measure: faults::traced },
    Group { name: "a real suite", claims: &suite::CLAIMS, measure: suite::measure },
];

/// What it costs to tell who made a call; likewise.
pub const ATTRIBUTION: [Group; 3] = [
    Group { name: "calls of Go programs", claims: &attribution::CLAIMS, measure: attribution::measure },
    Group { name: "unwinding", claims: &unwinding::CLAIMS, measure: unwinding::measure },
    Group { name: "executables", claims: &binary::CLAIMS, measure: binary::measure },
];

impl Group {
    /// Takes the measurements; where they fail, that is what is found for every claim.
    pub fn take(
        &self,
        programs: &Programs,
        effort: &Effort,
    ) -> (Vec<Table>, Vec<(Claim, Found)>, Option<Error>) {
        let claims = self.claims.iter().copied();
        match (self.measure)(programs, effort) {
            Ok(Measured { tables, found }) => (tables, claims.zip(found).collect(), None),
            Err(error) => {
                let found = claims.map(|claim| (claim, Err(error.to_string()))).collect();
                (Vec::new(), found, Some(error))
            }
        }
    }
}
