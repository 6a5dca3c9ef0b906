//! The application: wires the concerns together and owns the only loop.
//!
//! ```text
//! cli ─► settings ─► session ─► supervisor (the loop) ─► journal ─► report
//!                       └─► launch ─► guard ─► go test ─► shim ─► subject
//! ```
//!
//! **Invariants.** This is the only crate where two concerns meet. Nothing is launched before everything that can be
//! checked was checked. Reports are drawn from the journal, never from live state.
//!
//! It deliberately contains no unsafe code and no knowledge of formats.

mod about;
mod advise;
mod attribute;
mod campaign;
mod caught;
mod cli;
mod clock;
mod commands;
mod control;
mod doctor;
mod exit;
mod expose;
mod fuzz;
mod launch;
mod orders;
mod output;
mod parking;
mod persona;
mod record;
mod relay;
mod roll;
mod run_dir;
mod scenario;
mod session;
mod settings;
mod subject;
mod supervisor;
mod transcript;
mod trial;

pub use commands::main;
