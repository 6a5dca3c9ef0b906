//! Scenarios: documented crashes as data, tried on real Go, and what is true of them.
//!
//! A scenario is a folder with `scenario.toml` and a Go module beside it. It has *arms*: runs under faults. An arm that
//! states what `must` be so proves that the attempt was real; arms that state what it would look like if the claim were
//! `reproduced` or `refuted` decide it.

mod file;
mod find;
mod judge;

pub(crate) use file::{Arm, Need, Scenario};
pub(crate) use find::find;
pub(crate) use judge::{Judgement, Trial, judge};
