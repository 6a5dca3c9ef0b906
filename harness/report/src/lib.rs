//! What a run means, drawn: verdicts, findings and their pictures, from the journal alone.
//!
//! ```text
//! journal ──Entry──► fold ──facts──► verdict ──Summary──► human | json | junit | sites | folded | pprof
//! two journals ────► diverge ──Divergence                 plan ──Diagnostic──► diagnostics
//! ```
//!
//! **Invariants.** Entries are folded one at a time, so memory does not grow with the number of calls or lines; with that of
//! callers it grows up to a bound. What
//! counts as a finding is decided in `verdict` and nowhere else. Numbers in one drawing agree with each other and with
//! every other drawing, for all are drawn from one [`Summary`]. Foreign text reaches a terminal or an XML file only with
//! its control characters escaped.
//!
//! It deliberately does not know kernels, plans, Go toolchains or runs that are still going on, and prints nothing
//! itself: it hands out strings.

mod callers;
mod calls;
mod cause;
pub mod diagnostics;
mod diverge;
mod faults;
mod finding;
mod fold;
pub mod folded;
pub mod human;
pub mod json;
pub mod junit;
mod met;
mod packages;
mod paint;
mod place;
pub mod pprof;
mod profile;
mod results;
pub mod sites;
mod summary;
mod symptoms;
mod text;
mod tracks;
mod verdict;

pub use callers::{Caller, Runner};
pub use diverge::{Divergence, Weight, diverge};
pub use faults::{Faults, Fired, RuleCount};
pub use finding::{Finding, FindingKind};
pub use fold::SubjectReport;
pub use paint::Color;
pub use place::caller as caller_line;
pub use profile::{Profile, Tally};
pub use results::{CaseResult, TestReport};
pub use summary::Summary;
pub use text::{command_line, plain};
pub use verdict::Verdict;
