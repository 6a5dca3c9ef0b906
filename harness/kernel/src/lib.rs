//! How it is made to happen: what this kernel allows, filters, notifications, tracees.
//!
//! ```text
//! Interest ──filter──► BPF ──handshake──► shim           probe ──► Capabilities, Probe
//! tracee ──listener──► Notification{Call} ──settle(Fault)──► Outcome
//! ```
//!
//! **Invariants.** A notification is settled exactly once, by moving it. A tracee that dies or is interrupted is an
//! [`model::Outcome`], not an error. All unsafe code is in `sys`, one kernel operation a function.
//!
//! It deliberately does not know why a call is trapped, what Go is, or what is written down.

#[cfg(test)]
mod conformance;
mod content;
mod error;
mod exec_probe;
pub mod filter;
pub mod handshake;
#[cfg(test)]
mod interp;
mod mechanism;
mod memory;
mod notify;
pub mod probe;
#[cfg(test)]
mod puppet;
mod rearm;
mod scripted;
mod subject_process;
mod sys;
mod trace;
mod tracee;
mod watch;
mod whereabouts;

pub use error::Error;
pub use exec_probe::{Answer, ExecTry, ProbeError, limits as exec_limits};
pub use mechanism::{Mechanism, Readiness, Received, Returned, Settling, Trapped};
pub use memory::{gather, read};
pub use notify::{Notification, Notify};
pub use scripted::{Scene, Scripted, ScriptedNotification, ScriptedReturn, Settled};
pub use subject_process::SubjectProcess;
pub use sys::mapping::MappedLog;
pub use trace::{Behind, Stopped, Trace, Tracer};
pub use tracee::{Processes, Witness};
pub use watch::Watch;
pub use whereabouts::{Origin, Spot, Whereabouts, origin};
