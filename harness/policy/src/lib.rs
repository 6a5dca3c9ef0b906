//! What should happen: plans, rules and decisions, without effects.
//!
//! ```text
//! plan.toml ─┐
//!            ├─Plan::read─► Plan ──interest──► which calls to trap
//! -e texts ──┘  │             └──► Engine ──decide(&Call)──► Decision, for each subject
//!               └──► every mistake, with place and advice
//! ```
//!
//! **Invariants.** Same plan, seed, subject key and sequence of calls: same decisions. What one rule or subject does never
//! moves the random numbers of another. Reading reports every mistake at once and never panics, whatever the text. A
//! plan written by [`Plan::to_toml`] reads back as equal rules.
//!
//! It deliberately does not read files or clocks, know how a fault is carried out, or remember what happened.

mod assign;
mod check;
mod delay;
mod draft;
mod effect;
mod engine;
mod expr;
mod fields;
mod file;
mod inject;
mod key;
mod piece;
mod plan;
mod poke;
mod rate;
mod render;
mod resource;
mod rhythm;
#[cfg(test)]
mod sample;
mod seed;
mod set;
mod strategy;
mod tables;
mod tally;
mod when;

pub use delay::Delay;
pub use effect::{Deed, Effect, Failure, Lie};
pub use engine::Engine;
pub use plan::{Plan, Rule};
pub use rate::Rate;
pub use resource::Resource;
pub use rhythm::{Burst, Limit};
pub use set::read_set;
pub use strategy::Hit;
pub use tally::Counting;
pub use when::When;
