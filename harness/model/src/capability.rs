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
    /// Execute the call and report another result.
    ReplaceResult,
    /// Execute another call, or the call with other arguments.
    ChangeCall,
    /// Change the tracee's memory before the call.
    PokeBefore,
    /// Change the tracee's memory after the call.
    PokeAfter,
    /// Deliver a signal as the kernel would.
    Signal,
    /// End the thread or process as seccomp would.
    Kill,
    /// Put a descriptor of our own into the tracee.
    AddDescriptor,
}

impl Capability {
    /// Every capability there is.
    pub const ALL: [Capability; 10] = [
        Capability::ForceResult,
        Capability::HoldBefore,
        Capability::HoldAfter,
        Capability::ReplaceResult,
        Capability::ChangeCall,
        Capability::PokeBefore,
        Capability::PokeAfter,
        Capability::Signal,
        Capability::Kill,
        Capability::AddDescriptor,
    ];
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Capability::ForceResult => "answering a call without executing it",
            Capability::HoldBefore => "holding a call before it is executed",
            Capability::HoldAfter => "holding a call after it was executed",
            Capability::ReplaceResult => "replacing the result of a call that was executed",
            Capability::ChangeCall => "changing a call or its arguments",
            Capability::PokeBefore => "changing memory before a call",
            Capability::PokeAfter => "changing memory after a call",
            Capability::Signal => "delivering a signal as the kernel would",
            Capability::Kill => "ending a thread as seccomp would",
            Capability::AddDescriptor => "opening a file of ours in the target",
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
