//! `duress fuzz`: searches for the point where something fails.
//!
//! ```text
//! shape × bytes ─► model (the rule) ─► kernel (execve, nothing runs) ─► the largest that starts
//!                                 └──► session (a whole run under duress) ─► the largest that works ─► judge ─► drawing
//! ```

mod arm;
mod drawing;
mod judge;
mod report;
mod search;
mod shape;

pub(crate) use arm::Stopped;
pub(crate) use drawing::human;
pub(crate) use search::{Wanted, search};
pub(crate) use shape::{LEAST, Shape};
