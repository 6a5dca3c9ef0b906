//! The host check: what a host, or a tree that has files like one, allows and what that means.
//!
//! ```text
//! Root, environment, probes ──► Host ──► checks, gates, audit of an executable ──► Diagnosis ──► draw
//! ```
//!
//! **Invariants.** Everything that is a file is read through [`Root`], so that a folder can stand for a host; of a folder's kernel nothing
//! is known and nothing is asked. Nothing is written, and no program is started but `go env`.

mod binary;
mod check;
mod container;
mod diagnosis;
mod draw;
mod gates;
mod host;
mod limits;
mod loader;
mod main_job;
mod root;
mod security;
mod sysctl;
mod toolchains;

pub(crate) use binary::Audit;
pub(crate) use diagnosis::Diagnosis;
pub(crate) use draw::human;
pub(crate) use gates::{Gates, Need, Release};
pub(crate) use host::Host;
pub(crate) use root::Root;
