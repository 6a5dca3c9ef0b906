//! Who decides what of a condition, and what that costs.

use super::compile::{Part, Reach, is_execution, names_family};
use super::field::Home;
use super::syntax::{Cost, Expr, Key, Leaf, Predicate, Where};
use crate::tables;
use model::Sysno;

/// One predicate of a condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Explained {
    /// The predicate, as in the condition's own form.
    pub(crate) predicate: String,
    /// Who decides it, and what that costs.
    pub(crate) decided: String,
}

/// Who decides a predicate; what takes more comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Decider {
    /// The kernel's filter.
    Filter,
    /// The supervisor, from the registers that the notification has.
    Registers,
    /// The supervisor, from what happened before.
    State,
    /// The supervisor, from the target's memory.
    Memory,
    /// The supervisor, from the target's process and its descriptors.
    Process,
    /// The supervisor, from the stack of the thread that made the call.
    Stack,
}

impl Decider {
    /// Who it is and what that costs, in words.
    fn words(self) -> &'static str {
        match self {
            Decider::Filter => "the kernel's filter: other calls run at native speed",
            Decider::Registers => "the supervisor, from registers: costs a wake-up",
            Decider::State => "the supervisor, from what it has seen: costs a wake-up",
            Decider::Memory => "the supervisor, from the target's memory: costs a wake-up and a copy",
            Decider::Process => {
                "the supervisor, from the target's process: costs a wake-up, copies and reads of /proc"
            }
            Decider::Stack => "the supervisor, from the Go stack: costs a wake-up and an unwinding",
        }
    }
}

impl Where {
    /// Who decides each of its predicates for these calls, in the order in which they are asked.
    pub(crate) fn explain(&self, calls: &[Sysno]) -> Vec<Explained> {
        let parts = match &self.condition {
            Expr::All(parts) => parts.as_slice(),
            other @ (Expr::Leaf(_) | Expr::Not(_) | Expr::Any(_)) => std::slice::from_ref(other),
        };
        let mut lines = Vec::new();
        for part in parts {
            // The filter drops whatever one of several conditions excludes, but an alternative only as a whole.
            let is_filtered = calls.iter().all(|call| {
                let counts = is_execution(*call) && self.counts_executions();
                !counts && Reach::of(&Part::of(part, *call)).is_exact
            });
            lines.extend(part.leaves().map(|leaf| Explained {
                predicate: leaf.predicate.to_string(),
                decided: if is_filtered { Decider::Filter } else { leaf.decider(calls) }.words().to_owned(),
            }));
        }
        if let Some(once_per) = &self.once_per {
            let decider = once_per.keys.iter().map(|key| key.decider()).max().unwrap_or(Decider::State);
            let only = Where { condition: Expr::All(Vec::new()), ..self.clone() };
            lines.push(Explained { predicate: only.to_string(), decided: decider.words().to_owned() });
        }
        lines
    }

    /// Whether it looks, for one of these calls, at memory that the target can change before the kernel looks at it.
    pub(crate) fn is_racy(&self, calls: &[Sysno]) -> bool {
        let looks = |leaf: &Leaf| calls.iter().any(|call| leaf.predicate.looks_at_memory(*call));
        let tells = |key: &Key| calls.iter().any(|call| key.looks_at_memory(*call));
        self.condition.leaves().any(looks) || self.once_per.iter().flat_map(|once| &once.keys).any(tells)
    }
}

impl Leaf {
    /// Who decides it, where the filter does not.
    fn decider(&self, calls: &[Sysno]) -> Decider {
        let is_register = |call: &Sysno| {
            if let Predicate::Field(field, _) = &self.predicate {
                return !matches!(field.home(*call), Some(Home::Memory { .. }));
            }
            matches!(self.predicate, Predicate::Family(_)) && names_family(*call)
        };
        match self.predicate.cost() {
            Cost::Memory | Cost::Process if calls.iter().all(is_register) => Decider::Registers,
            Cost::Registers => Decider::Registers,
            Cost::State => Decider::State,
            Cost::Memory => Decider::Memory,
            Cost::Process => Decider::Process,
            Cost::Stack => Decider::Stack,
        }
    }
}

impl Predicate {
    fn looks_at_memory(&self, sysno: Sysno) -> bool {
        let shape = tables::shape(sysno);
        match self {
            Predicate::Path(_) => !shape.paths.is_empty(),
            Predicate::Port(_) | Predicate::Addr(_) | Predicate::Family(_) => shape.address.is_some(),
            Predicate::Field(field, _) => matches!(field.home(sysno), Some(Home::Memory { .. })),
            Predicate::String(..) | Predicate::Data(..) => !Part::of_predicate(self, sysno).is_never(),
            // The command line is memory of the target too: proc(5), /proc/pid/cmdline.
            Predicate::Argv(_) => true,
            Predicate::Exe(_) => is_execution(sysno),
            Predicate::Fd(_)
            | Predicate::FdKind(_)
            | Predicate::Arg(..)
            | Predicate::Child(_)
            | Predicate::Exec(_)
            | Predicate::Uid(_)
            | Predicate::After(_) => false,
            // The thread sleeps, and its stack is its own.
            Predicate::Site(_)
            | Predicate::Caller(_)
            | Predicate::Package(_)
            | Predicate::Test(_)
            | Predicate::Goroutine(_) => false,
        }
    }
}

impl Key {
    fn decider(self) -> Decider {
        match self {
            Key::Fd | Key::Tid | Key::Arg(_) => Decider::State,
            Key::Path | Key::Exe | Key::Pid | Key::Port => Decider::Process,
            Key::Site | Key::Test | Key::Goroutine => Decider::Stack,
        }
    }

    fn looks_at_memory(self, sysno: Sysno) -> bool {
        let shape = tables::shape(sysno);
        match self {
            Key::Path => !shape.paths.is_empty(),
            Key::Port => shape.address.is_some(),
            Key::Exe => is_execution(sysno),
            Key::Fd | Key::Tid | Key::Arg(_) | Key::Pid | Key::Site | Key::Test | Key::Goroutine => false,
        }
    }
}
