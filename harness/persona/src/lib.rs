//! What another host is like: personas as rules, variables and limits, without effects.
//!
//! ```text
//! `kernel=4.19`, `seccomp=docker` … ──read──► Persona ─┬─rules─► a plan file's text ──► policy
//!                        Host (what is really here) ──┘ └─surroundings─► what a target is started with ──► shim
//! ```
//!
//! **Invariants.** A persona says what it does in the plan file's own language, so that `duress persona show` can print all of
//! it and a replay needs nothing else. What this host cannot give is refused, never weakened. Reading never panics, whatever
//! the text of a profile.
//!
//! It deliberately does not read files (who asks does), look at this host, or know how a rule is carried out.

mod files;
mod host;
mod kernel;
mod kind;
mod paranoid;
mod part;
mod persona;
mod preset;
mod refusal;
mod rule;
mod seccomp;
mod surroundings;
mod word;

pub use host::{Host, Perf};
pub use kind::Kind;
pub use part::Part;
pub use persona::{Denials, Open, Persona, plan, read, surroundings, take_shown};
pub use preset::Preset;
pub use refusal::Refusal;
pub use rule::{Rule, Shown, Shows};
pub use seccomp::read_profile;
pub use surroundings::{Bloat, BloatShape, Limit, Surroundings};
pub use word::Word;
