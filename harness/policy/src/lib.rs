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

mod check;
mod draft;
mod engine;
mod fields;
mod file;
mod inject;
mod piece;
mod plan;
mod rate;
mod render;
mod seed;
mod set;
mod strategy;
mod tables;
mod when;

pub use engine::Engine;
pub use plan::{Plan, Rule};
pub use rate::Rate;
pub use set::read_set;
pub use when::When;
