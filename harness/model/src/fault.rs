//! What is done to a call.

use crate::{Capability, Errno, Signal, Sysno};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// What a rule does to a call that it hits, in the order of the fields.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Fault {
    /// How long the caller is held before anything else happens.
    pub delay_enter: Duration,
    /// A signal that the caller gets when the call is made, as if the kernel had sent it.
    pub signal: Option<Signal>,
    /// Memory that is changed before the call.
    pub poke_enter: Vec<Poke>,
    /// What the kernel executes.
    pub execution: Execution,
    /// What the caller is told; without it, the truth. There is always one where nothing is executed.
    pub result: Option<ForcedResult>,
    /// Memory that is changed after the call.
    pub poke_exit: Vec<Poke>,
    /// How long the caller is held after the call, or after the forced answer is settled upon.
    pub delay_exit: Duration,
}

/// What the kernel executes in the place of a call.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Execution {
    /// The call as it was made.
    #[default]
    AsMade,
    /// Nothing.
    Skipped,
    /// Another call with the same arguments.
    Other(Sysno),
    /// The call with these arguments (0 to 5) changed.
    Changed(Vec<(u8, u64)>),
    /// Nothing: the caller ends as seccomp would end it.
    Killed(Victim),
    /// Nothing: the caller gets a descriptor of a file with this content.
    Content(Content),
}

/// Whom an end as by seccomp befalls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Victim {
    /// Nobody: the thread gets SIGSYS, which it may handle (`SECCOMP_RET_TRAP`).
    Trapped,
    /// The thread vanishes (`SECCOMP_RET_KILL_THREAD`).
    Thread,
    /// The whole process dies of SIGSYS (`SECCOMP_RET_KILL_PROCESS`).
    Process,
}

/// What is in a file of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Content {
    /// These bytes.
    Text(String),
    /// What this file has when it is first needed.
    File(String),
}

/// Bytes that are written where an argument points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Poke {
    /// Which argument, 0 to 5.
    pub arg: u8,
    /// What is written there.
    pub bytes: Vec<u8>,
}

/// What a caller is told instead of the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ForcedResult {
    /// The call fails with this error.
    Error(Errno),
    /// The call returns this value; never one from -4095 to -1, which are errors.
    Value(i64),
    /// The call returns so much more than it really did, or less; a call that failed still fails.
    More(i64),
    /// The call was interrupted: it is repeated behind a signal handler with `SA_RESTART`, else it fails with `EINTR`.
    Interrupted,
    /// The call fails with `EAGAIN`, and the event that says that it would not follows.
    NotReady,
}

impl Fault {
    /// An answer without execution.
    pub fn forced(result: ForcedResult) -> Fault {
        Fault { execution: Execution::Skipped, result: Some(result), ..Fault::default() }
    }

    /// Whether the kernel executes something.
    pub fn is_executed(&self) -> bool {
        match self.execution {
            Execution::AsMade | Execution::Other(_) | Execution::Changed(_) => true,
            Execution::Skipped | Execution::Killed(_) | Execution::Content(_) => false,
        }
    }

    /// Whether there is something to do, or to learn, when the call has returned.
    pub fn awaits_return(&self) -> bool {
        let is_changed = self.execution != Execution::AsMade;
        self.is_executed()
            && (is_changed
                || self.result.is_some()
                || !self.poke_exit.is_empty()
                || !self.delay_exit.is_zero())
    }

    /// What a mechanism must be able to do to honour this fault exactly.
    pub fn needs(&self) -> Vec<Capability> {
        let Fault { delay_enter, signal, poke_enter, execution, result, poke_exit, delay_exit } = self;
        let mut needs = Vec::new();
        let mut need = |is_needed: bool, capability| {
            if is_needed && !needs.contains(&capability) {
                needs.push(capability);
            }
        };
        need(*execution == Execution::Skipped, Capability::ForceResult);
        need(!delay_enter.is_zero(), Capability::HoldBefore);
        // A call that is never executed has no "after": holding its caller before the answer is the same thing to every
        // observer. Only a call that really runs needs a stop behind it.
        let after = if self.is_executed() { Capability::HoldAfter } else { Capability::HoldBefore };
        need(!delay_exit.is_zero(), after);
        need(self.is_executed() && result.is_some(), Capability::ReplaceResult);
        need(matches!(execution, Execution::Other(_) | Execution::Changed(_)), Capability::ChangeCall);
        need(!poke_enter.is_empty(), Capability::PokeBefore);
        let poke_after = if self.is_executed() { Capability::PokeAfter } else { Capability::PokeBefore };
        need(!poke_exit.is_empty(), poke_after);
        need(signal.is_some() || *result == Some(ForcedResult::Interrupted), Capability::Signal);
        need(matches!(execution, Execution::Killed(_)), Capability::Kill);
        need(matches!(execution, Execution::Content(_)), Capability::AddDescriptor);
        needs
    }

    /// How long the caller of a call that is not executed is held in all.
    pub fn hold(&self) -> Duration {
        self.delay_enter.saturating_add(self.delay_exit)
    }
}

impl fmt::Display for ForcedResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ForcedResult::Error(errno) => errno.fmt(f),
            ForcedResult::Value(value) => write!(f, "= {value}"),
            ForcedResult::More(more) => write!(f, "{more:+}"),
            ForcedResult::Interrupted => f.write_str("interrupted"),
            ForcedResult::NotReady => f.write_str("EAGAIN until ready"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parts = Vec::new();
        if !self.delay_enter.is_zero() {
            parts.push(format!("delayed {:?}", self.delay_enter));
        }
        parts.extend(self.signal.map(|signal| signal.to_string()));
        parts.extend(
            self.poke_enter.iter().map(|poke| format!("argument {} changed before", u16::from(poke.arg) + 1)),
        );
        match &self.execution {
            Execution::AsMade if self.result.is_some() => parts.push("executed, told".to_owned()),
            Execution::AsMade | Execution::Skipped => {}
            Execution::Other(sysno) => parts.push(format!("{sysno} instead")),
            Execution::Changed(changes) => {
                parts.extend(
                    changes.iter().map(|(arg, value)| format!("argument {} = {value}", u16::from(*arg) + 1)),
                );
            }
            Execution::Killed(Victim::Trapped) => parts.push("SIGSYS as by seccomp".to_owned()),
            Execution::Killed(Victim::Thread) => parts.push("thread killed".to_owned()),
            Execution::Killed(Victim::Process) => parts.push("process killed".to_owned()),
            Execution::Content(_) => parts.push("other content".to_owned()),
        }
        parts.extend(self.result.map(|result| result.to_string()));
        parts.extend(
            self.poke_exit.iter().map(|poke| format!("argument {} changed after", u16::from(poke.arg) + 1)),
        );
        if !self.delay_exit.is_zero() {
            parts.push(format!("delayed {:?} after", self.delay_exit));
        }
        f.write_str(&parts.join(", ").replace("told, ", "told "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_delay_after_a_forced_result_needs_no_stop_after_the_call() {
        let exit = Duration::from_millis(5);
        let alone = Fault { delay_exit: exit, ..Fault::default() };
        let forced = Fault { delay_exit: exit, ..Fault::forced(ForcedResult::Error(Errno::ENOSPC)) };
        let lie = Fault { execution: Execution::AsMade, ..forced.clone() };
        assert_eq!(alone.needs(), [Capability::HoldAfter]);
        assert_eq!(forced.needs(), [Capability::ForceResult, Capability::HoldBefore]);
        assert_eq!(lie.needs(), [Capability::HoldAfter, Capability::ReplaceResult]);
        assert_eq!(forced.to_string(), "ENOSPC, delayed 5ms after");
        assert_eq!(lie.to_string(), "executed, told ENOSPC, delayed 5ms after");
        assert!(lie.awaits_return() && alone.awaits_return() && !forced.awaits_return());
    }
}
