//! Which calls are trapped, how, and which the kernel answers by itself.

use crate::{Errno, Sieve, Sysno, Victim};
use std::collections::BTreeMap;

/// What a subject's filter does; all calls that it does not name run at native speed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest {
    traps: BTreeMap<Sysno, Trap>,
    quiet: Vec<Quiet>,
    can_kill: bool,
}

/// How one call is trapped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trap {
    /// By what mechanism.
    pub via: Via,
    /// Only with these arguments.
    pub sieve: Sieve,
}

/// The mechanism that a call belongs to; never both, for a ptrace stop aborts a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// seccomp user notification.
    Notify,
    /// ptrace.
    Trace,
}

/// Calls that the filter itself answers: nobody is woken, nothing is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// What it answers.
    pub answer: Answer,
    /// The calls, each with these arguments only.
    pub calls: BTreeMap<Sysno, Sieve>,
}

/// What a filter answers to a call by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The call fails with this.
    Fail(Errno),
    /// Its caller ends.
    Kill(Victim),
}

impl Interest {
    /// Whether the kernel needs no filter.
    pub fn is_empty(&self) -> bool {
        self.traps.is_empty() && self.quiet.is_empty()
    }

    /// How many calls are trapped.
    pub fn len(&self) -> usize {
        self.traps.len()
    }

    /// Whether this call can be trapped.
    pub fn contains(&self, sysno: Sysno) -> bool {
        self.traps.contains_key(&sysno)
    }

    /// The trapped calls, by number.
    pub fn traps(&self) -> impl Iterator<Item = (Sysno, &Trap)> {
        self.traps.iter().map(|(sysno, trap)| (*sysno, trap))
    }

    /// What the filter answers by itself, in the order in which it asks.
    pub fn quiet(&self) -> &[Quiet] {
        &self.quiet
    }

    /// Whether anything is trapped by this mechanism.
    pub fn needs(&self, via: Via) -> bool {
        self.traps.values().any(|trap| trap.via == via)
    }

    /// Whether threads may have to be ended as seccomp ends them.
    pub fn can_kill(&self) -> bool {
        self.can_kill
    }

    /// Traps a call with these arguments too. A call that anything traps by ptrace belongs to ptrace.
    pub fn trap(&mut self, sysno: Sysno, via: Via, sieve: Sieve) {
        let trap = self.traps.entry(sysno).or_insert(Trap { via, sieve: Sieve::never() });
        trap.via = trap.via.max(via);
        trap.sieve.or(sieve);
    }

    /// Lets the filter answer these calls.
    pub fn answer_quietly(&mut self, quiet: Quiet) {
        self.quiet.push(quiet);
    }

    /// Prepares the filter for ending threads.
    pub fn let_kill(&mut self) {
        self.can_kill = true;
    }
}

impl FromIterator<Sysno> for Interest {
    /// Traps every one of these calls by notification.
    fn from_iter<I: IntoIterator<Item = Sysno>>(calls: I) -> Interest {
        let mut interest = Interest::default();
        for sysno in calls {
            interest.trap(sysno, Via::Notify, Sieve::always());
        }
        interest
    }
}
