//! The switches by which a Go program is made to say more, or to do otherwise: GODEBUG, GOTRACEBACK and their like.
//!
//! ```text
//! GOROOT/src: runtime1.go, godebugs/table.go, every godebug.New ──Catalogue──► Switch (name, place, default) ─► Trial
//! ```
//!
//! What there is differs from release to release, and Go ignores what it does not know, silently. So nothing here is a
//! fixed list: the sources of the toolchain say it. Only what is worth trying of a switch is written down (`values.rs`).

mod catalogue;
mod docs;
mod godebugs;
mod runtime;
mod setting;
mod switch;
mod values;

pub use catalogue::{Catalogue, Standing};
pub use setting::{Setting, merged};
pub use switch::{Place, Reader, Switch, Trial};

#[cfg(test)]
mod tests;
