//! What duress costs, measured side by side with what it could not do without and what it replaces.
//!
//! ```text
//! tracee (a loop of one system call) ─ native | under an allowing filter | bare loop | duress | strace ─► Series ─► Claim
//! ```
//!
//! **Invariants.** What is compared is measured in turns within one run, so that the machine's moods hit all alike; a
//! ratio is taken turn by turn. A tracee says which of its calls failed, and a measurement whose calls did not all end
//! as ordered is an error. Every process is bounded in time and nothing is left behind. No result is written down in
//! advance: whether a claim is met is computed from the figures beside it.
//!
//! It deliberately knows duress only as a program; the steps within it are measured in `steps.rs`, and those that tell
//! who made a call in `unwinding.rs` and `binary.rs`, by way of `golang` and `kernel` as duress does it.

mod attribution;
pub mod bare;
mod binary;
pub mod caller;
mod calls;
pub mod claim;
mod effort;
mod endurance;
mod error;
mod faults;
mod group;
pub mod keeping;
pub mod launch;
mod module;
mod parallel;
mod personas;
mod pin;
mod plans;
mod process;
mod programs;
mod series;
mod session;
pub mod sleeper;
mod suite;
pub mod sys;
mod table;
pub mod tracee;
mod unwinding;
mod way;

pub use claim::{Claim, Finding, Found, Target};
pub use effort::Effort;
pub use error::Error;
pub use group::{ATTRIBUTION, COST, FAULTS, Group, Measured};
pub use programs::{Built, Programs};
pub use series::Series;
pub use session::measure;
pub use table::Table;
