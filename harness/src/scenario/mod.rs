//! Scenarios: documented crashes as data, tried on real Go, and what is true of them.
//!
//! A scenario is a folder with `scenario.toml` and a Go module beside it. It has *arms*: runs under faults. An arm that
//! states what `must` be so proves that the attempt was real; arms that state what it would look like if the claim were
//! `reproduced` or `refuted` decide it.
//!
//! ```text
//! scenario.toml ──read──► Scenario ──Attempt──► duress run, an arm each ──trial::Trial──► judge ──► Outcome
//! module ──Builds──► test binaries, once for all runs ─┘
//! ```

mod attempt;
mod build;
mod crew;
mod drawing;
mod exposure;
mod file;
mod find;
mod judge;
mod outcome;
mod read;
mod signs;
mod skeleton;
mod walk;

pub(crate) use attempt::{by_hand, lacking};
use build::Builds;
pub(crate) use crew::{Crew, Job, News};
pub(crate) use drawing::{annotations, human, junit, totals};
pub(crate) use exposure::exposure;
pub(crate) use file::{Arm, Need, Scenario};
pub(crate) use find::{find, folder};
pub(crate) use judge::Judgement;
pub(crate) use outcome::Outcome;
pub(crate) use skeleton::{SCHEMA, write as write_skeleton};
