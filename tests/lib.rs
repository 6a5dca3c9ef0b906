//! What every test from outside needs: the duress that was just built, Go modules, and readable failures.
//!
//! ```text
//! Module (a Go module in a scratch folder) ─► Duress (a command line) ─► Outcome (exit code, both streams, journal)
//! ```
//!
//! **Invariants.** Nothing is left behind: modules and runs live in scratch folders. A test that cannot run here says
//! why and is counted by that line; `DURESS_REQUIRE=notify,attach,go,c,race,root` turns such a skip into a failure.
//!
//! It deliberately knows duress only by its command line and its journal.

mod caller;
mod command;
mod fired;
mod judged;
mod module;
mod need;
mod raw;
mod victim;
mod wait;
mod worker;
mod xml;

pub use caller::{Made, caller};
pub use command::{Duress, Outcome, Started, duress_path};
pub use fired::Fired;
pub use judged::Judged;
pub use module::{Module, built};
pub use need::{Need, has, skipped};
pub use raw::{raw, read_by, run_raw};
pub use victim::victim;
pub use wait::wait_until;
pub use worker::{run_worker, worker};
pub use xml::Element;

/// The checkout that this is.
pub fn root() -> &'static std::path::Path {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("tests/ lies in the checkout")
}
