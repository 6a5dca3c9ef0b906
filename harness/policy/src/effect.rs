//! What a rule does to a call, as the plan says it: some of it is settled only when a call is hit.

use crate::{Delay, Resource};
use model::{
    Answer, Capability, Content, Errno, Execution, Fault, ForcedResult, Poke, Signal, Sysno, Victim,
};
use std::time::Duration;

/// The fault of a rule. [`crate::Engine`] makes a [`Fault`] of it for each call that is hit.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Effect {
    /// How long the caller is held before the call.
    pub delay_enter: Option<Delay>,
    /// A signal that the caller gets.
    pub signal: Option<Signal>,
    /// Memory that is changed before the call.
    pub poke_enter: Vec<Poke>,
    /// Arguments (0 to 5) that are changed.
    pub arguments: Vec<(u8, u64)>,
    /// A call that is executed in the place of this one; what its caller is told may still be something else.
    pub substitute: Option<Sysno>,
    /// What becomes of the call itself.
    pub deed: Deed,
    /// Memory that is changed after the call.
    pub poke_exit: Vec<Poke>,
    /// How long the caller is held after the call.
    pub delay_exit: Option<Delay>,
}

/// What becomes of a call itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Deed {
    /// It is executed, and its caller learns the truth.
    #[default]
    Execute,
    /// It fails without being executed.
    Fail(Failure),
    /// It returns this without being executed.
    Return(i64),
    /// It is executed, and its caller is told something else.
    Lie(Lie),
    /// It transfers at most so many bytes.
    Short(u64),
    /// It fails once a resource is used up, and until some of it is given back.
    Exhaust(Resource, u64),
    /// Its caller ends as seccomp would end it.
    Kill(Victim),
    /// What is opened has other content.
    Content(Content),
    /// It is interrupted by a signal: repeated behind a handler with `SA_RESTART`, else it fails with `EINTR`.
    Interrupt(Signal),
    /// It fails with `EAGAIN`, and the event that says otherwise follows.
    NotReady,
}

/// The error of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// Always this one.
    With(Errno),
    /// One that the call's manual page names, by seed.
    Legal,
}

/// What is told of a call that was executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// That it failed.
    Failed(Failure),
    /// That it returned this.
    Returned(i64),
    /// That it returned so much more than it did, or less.
    More(i64),
}

impl Effect {
    /// The fault, without what is drawn or looked up for each call: enough to know what it needs.
    fn shape(&self, execution: Execution, result: Option<ForcedResult>) -> Fault {
        let held = |delay: &Option<Delay>| delay.map_or(Duration::ZERO, |_| Duration::from_nanos(1));
        Fault {
            delay_enter: held(&self.delay_enter),
            signal: self.signal,
            poke_enter: self.poke_enter.clone(),
            execution,
            result,
            poke_exit: self.poke_exit.clone(),
            delay_exit: held(&self.delay_exit),
        }
    }

    /// What a mechanism must be able to do for every fault that this can become.
    pub fn needs(&self) -> Vec<Capability> {
        let error = Some(ForcedResult::Error(Errno::EPERM));
        let change = || Execution::Changed(vec![(0, 0)]);
        let asked = || match self.substitute {
            Some(sysno) => Execution::Other(sysno),
            None if self.arguments.is_empty() => Execution::AsMade,
            None => change(),
        };
        let skipped = || self.substitute.map_or(Execution::Skipped, Execution::Other);
        let shapes = match &self.deed {
            Deed::Execute => vec![self.shape(asked(), None)],
            Deed::Fail(_) | Deed::Return(_) => vec![self.shape(skipped(), error)],
            Deed::NotReady => vec![self.shape(Execution::Skipped, Some(ForcedResult::NotReady))],
            Deed::Lie(_) => vec![self.shape(asked(), error)],
            Deed::Short(_) => vec![self.shape(change(), None)],
            // The last write before the disk is full is a short one.
            Deed::Exhaust(Resource::Disk, _) => {
                vec![self.shape(Execution::Skipped, error), self.shape(change(), None)]
            }
            Deed::Exhaust(Resource::Descriptors | Resource::Memory | Resource::Threads, _) => {
                vec![self.shape(Execution::Skipped, error)]
            }
            Deed::Kill(victim) => vec![self.shape(Execution::Killed(*victim), None)],
            Deed::Content(content) => vec![self.shape(Execution::Content(content.clone()), None)],
            Deed::Interrupt(_) => vec![self.shape(Execution::Skipped, Some(ForcedResult::Interrupted))],
        };
        let mut needs: Vec<Capability> = shapes.iter().flat_map(Fault::needs).collect();
        needs.sort_by_key(|need| Capability::ALL.iter().position(|one| one == need));
        needs.dedup();
        needs
    }

    /// The error that is always forced, if there is one.
    pub fn error(&self) -> Option<Errno> {
        match self.deed {
            Deed::Fail(Failure::With(errno)) | Deed::Lie(Lie::Failed(Failure::With(errno))) => Some(errno),
            Deed::Exhaust(resource, _) => Some(resource.errno()),
            Deed::NotReady => Some(Errno::EAGAIN),
            Deed::Interrupt(_) => Some(Errno::EINTR),
            Deed::Execute
            | Deed::Fail(Failure::Legal)
            | Deed::Return(_)
            | Deed::Lie(_)
            | Deed::Short(_)
            | Deed::Kill(_)
            | Deed::Content(_) => None,
        }
    }

    /// What the kernel's filter answers, if it can do it alone: a fixed error or an end, and nothing else.
    pub(crate) fn quiet_answer(&self) -> Option<Answer> {
        let answer = match self.deed {
            Deed::Fail(Failure::With(errno)) => Answer::Fail(errno),
            Deed::Kill(victim) => Answer::Kill(victim),
            _ => return None,
        };
        let alone = Effect { deed: self.deed.clone(), ..Effect::default() };
        (*self == alone).then_some(answer)
    }

    /// Whether the call itself is not executed, or not as it was made.
    pub(crate) fn forces_result(&self) -> bool {
        match self.deed {
            Deed::Execute | Deed::Short(_) => self.substitute.is_some(),
            Deed::Fail(_)
            | Deed::Return(_)
            | Deed::Lie(_)
            | Deed::Exhaust(..)
            | Deed::Kill(_)
            | Deed::Content(_)
            | Deed::Interrupt(_)
            | Deed::NotReady => true,
        }
    }
}
