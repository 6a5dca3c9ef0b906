//! Which runtime switches are worth trying, by what a run recorded.
//!
//! ```text
//! journal ──facts──► Facts ──proposals──► switches with their reasons ──► human, json; --try: expose
//! ```
//!
//! Which switch says what is a set of rules of thumb (`proposals.rs`), each with the number that it goes by; nothing is
//! proposed without one.

mod drawing;
mod facts;
mod proposals;

pub(crate) use drawing::{Advice, Listed, Number, human};
pub(crate) use facts::Facts;
pub(crate) use proposals::{Proposal, proposals};
