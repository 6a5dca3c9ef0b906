//! Who made a system call: Go's call paths, goroutines and tests, read from outside of a thread that sleeps.
//!
//! ```text
//! ELF file ──Image──► pclntab, where the runtime's variables are
//! memory of the sleeping thread ─┐
//! (pc, sp), tid ─────────────────┴─► Process::caller ──► Caller {site, goroutine, test}
//! ```
//!
//! The stack is walked as Go's own traceback does (runtime/traceback.go), by the tables that the linker puts into every
//! executable, stripped or not; no thread is stopped for it, since a thread that sleeps in a system call cannot change its
//! own stack, its `m.curg` or that goroutine.
//!
//! **Invariants.** Executables and memory are foreign bytes: whatever is in them ends in a value or an [`Error`](crate::Error), in
//! bounded time and memory. What is kept is bounded too. An offset that was not compared with this Go version is not
//! used before the live process has passed every check.

#[cfg(test)]
mod fixture;
mod goroutine;
mod image;
mod layout;
mod memory;
mod module;
mod names;
mod pclntab;
mod process;
mod program;
mod sites;
mod symbols;
mod test_name;
mod threads;
mod unwind;

pub use image::Image;
pub use layout::Support;
pub use memory::Memory;
pub use process::{Known, Process, Registers};
pub use program::Program;
