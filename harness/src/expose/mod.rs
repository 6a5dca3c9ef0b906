//! Which runtime switch tells the cause: GODEBUG, GOTRACEBACK and their like, tried one by one on a command that goes wrong.
//!
//! ```text
//! GOROOT/src ──sources──► golang::Catalogue ──choice──► candidates ─┐
//! command ──build──► Target ──trial (duress run, a process each)──► Seen ──noise, evidence, effect──► Report ──► human, json
//!                              journal ──cause──► clues ─────────────────┘          └─smallest─► the fewest that expose
//! ```
//!
//! What counts is decided by pure code: `noise` knows what differs between equal runs, `cause` what the journal knows of the
//! faults, `evidence` whether a line names it, `effect` what a switch did, `smallest` which set is the smallest.

mod build;
mod cause;
mod choice;
mod drawing;
mod effect;
mod evidence;
mod hunt;
mod noise;
mod record;
mod report;
mod seen;
mod smallest;
mod sources;
mod target;

pub(crate) use build::{build, parts, selected, toolchain};
pub(crate) use cause::{is_http2, is_resolver};
pub(crate) use choice::{LeftOut, all, named};
pub(crate) use drawing::human;
pub(crate) use hunt::{Found, News, Wish, hunt};
pub(crate) use record::verdicts;
pub(crate) use report::{Base, Report};
pub(crate) use sources::{Linked, catalogue};
pub(crate) use target::Target;
