//! Why a persona is not given.

use model::Diagnostic;
use std::fmt;

/// Why a persona is refused.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The user's mistakes, each with its place.
    Mistakes(Vec<Diagnostic>),
    /// This host cannot be made to look like that.
    Host {
        /// What cannot be done, and why.
        why: String,
        /// What can be done instead.
        help: String,
    },
}

impl Refusal {
    /// A refusal that is this host's.
    pub fn host(why: impl Into<String>, help: impl Into<String>) -> Refusal {
        Refusal::Host { why: why.into(), help: help.into() }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Mistakes(found) => {
                f.write_str(&found.iter().map(|one| one.message.as_str()).collect::<Vec<_>>().join("; "))
            }
            Refusal::Host { why, .. } => f.write_str(why),
        }
    }
}
