//! What Go is: its command line, its test output, its crashes, its binaries, its call stacks, its toolchain.
//!
//! ```text
//! user's argv ──GoCommand──► argv with our -exec and -json ──► go test ──lines──► Event ──► Console (text as without us)
//!                                                                                   └────► Recogniser (what went wrong)
//! ELF bytes ──Linkage──► interpreter, libraries, versions of symbols
//! ELF bytes ──BuildInfo──► version, module, settings          PATH ──Toolchain──► go's version, settings, problems
//! ELF bytes, memory of a sleeping thread ──Program, Process──► who made its call: call path, goroutine, test
//! ```
//!
//! **Invariants.** Everything here is pure but [`Toolchain`], the only place that starts a process. Foreign text and
//! foreign files (test output, binaries) end in a value or an [`Error`], never in a panic, and cost bounded memory.
//! Flags of the user mean after [`GoCommand::interposed`] what they meant before.
//!
//! It deliberately does not know what a fault is, does not print, and does not decide whether a run was good.

mod buildinfo;
mod command;
mod console;
mod crash;
mod elf;
mod error;
mod evidence;
mod flags;
mod goflags;
mod held;
mod linkage;
mod message;
mod prebuilt;
mod releases;
mod stack;
mod switches;
mod testjson;
mod testlines;
mod testtext;
mod toolchain;
mod version;

pub use buildinfo::BuildInfo;
pub use command::{GoCommand, Verb};
pub use console::{Console, Print, Style};
pub use crash::{Finding, Recogniser};
pub use error::Error;
pub use linkage::Linkage;
pub use prebuilt::Prebuilt;
pub use releases::Releases;
pub use stack::{Image, Known, Memory, Process, Program, Registers, Support};
pub use switches::{Catalogue, Place, Reader, Setting, Standing, Switch, Trial, merged};
pub use testjson::{Action, Event};
pub use testtext::TestText;
pub use toolchain::{MINIMUM, Toolchain};
pub use version::Version;
