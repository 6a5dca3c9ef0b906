//! What did happen: an append-only record of a run that survives the death of its writer.
//!
//! ```text
//! supervisor ──Entry──► Writer ──bytes──► Store (a file mapping)      ─┐
//!                                                                      ├─ journal.duress
//! report ◄──Entry── Reader ◄──bytes── any Read                        ─┘
//! ```
//!
//! **Invariants.** An entry is whole or absent: its length is published after its bytes, its checksum covers them. What
//! was appended is never changed. Reading never fails on a damaged tail; it says what is missing.
//!
//! It deliberately does not know plans, verdicts or how anything is drawn.

mod entry;
mod error;
mod frame;
mod header;
mod reader;
mod writer;

pub use entry::{CallerNumbers, Entry, Stream};
pub use error::Error;
pub use header::{Attribution, FORMAT, Header, Mode, RuleHead};
pub use reader::{Damage, Reader};
pub use writer::{Store, Writer};
