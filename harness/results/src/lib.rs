//! What was found over time and on several hosts: verdicts in one SQLite file, and drawings of them.
//!
//! ```text
//! Record ──Store::append──► results.sqlite ──Store::select(Filter)──► records ──► Matrix | Changed | campaigns
//! another host's file, JSON ──import──┘                                              └──► human | json | csv | html
//! ```
//!
//! **Invariants.** An append is one transaction, on the disk before it returns: it is there as a whole or not at all,
//! whoever is killed when, and however many write at once. A file of a newer schema, of another program or with damage
//! is refused and left as it is. What is drawn is computed from records by pure functions. Foreign text reaches
//! a terminal or a page only with what these would obey escaped.
//!
//! It deliberately does not know how verdicts are come by, where the file lies, or what time it is, and prints nothing
//! itself: it hands out strings.

mod campaign;
mod changed;
pub mod csv;
mod error;
mod filter;
mod glob;
pub mod html;
pub mod human;
mod import;
pub mod json;
mod matrix;
mod record;
mod side;
mod store;
mod tone;
mod version;

pub use campaign::{Campaign, campaigns};
pub use changed::{Change, Changed};
pub use error::Error;
pub use filter::Filter;
pub use human::Color;
pub use import::Imported;
pub use matrix::{Axis, Matrix, Row};
pub use record::{Record, VERDICTS};
pub use side::{Comparison, Mistake, Side};
pub use store::Store;
