//! What a mechanism can do to a call, and what a fault needs done.

use std::fmt;

/// One thing that can be done to a trapped call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Capability {
    /// Answer the call without executing it.
    ForceResult,
    /// Hold the caller before the call is executed or answered.
    HoldBefore,
    /// Hold the caller after the call was really executed.
    HoldAfter,
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Capability; 3] = [Capability::ForceResult, Capability::HoldBefore, Capability::HoldAfter];
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::ForceResult => "answering a call without executing it",
            Capability::HoldBefore => "holding a call before it is executed",
            Capability::HoldAfter => "holding a call after it was executed",
        })
    }
}

/// The set of things a mechanism can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities(Vec<Capability>);

impl Capabilities {
    /// A mechanism that can do these.
    pub fn of(able: &[Capability]) -> Capabilities {
        Capabilities(able.to_vec())
    }

    /// Whether it can do this.
    pub fn has(&self, capability: Capability) -> bool {
        self.0.contains(&capability)
    }
}
