//! Identifiers. Each is a newtype, so that a thread id never lands where a rule number belongs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id! {
    /// A thread of the target, as the supervisor's pid namespace numbers it.
    Tid(i32)
}
id! {
    /// A process of the target: what getpid(2) answers there.
    Tgid(i32)
}
id! {
    /// One launch of a test binary (or program) with all its descendants; numbered from 1 within a run.
    SubjectId(u32)
}
id! {
    /// A rule's place in its plan, from 0.
    RuleId(u32)
}
id! {
    /// A notified call's place within its subject, from 1, in the order in which the supervisor received them.
    CallSeq(u64)
}
id! {
    /// A site's place among those of its run, from 0, in the order in which they were first seen.
    SiteNumber(u32)
}
id! {
    /// A goroutine's place among those of its run, from 0; not the number that Go gives it, which is its process's own.
    GoroutineNumber(u32)
}
id! {
    /// Nanoseconds of the monotonic clock since the run began.
    Nanos(u64)
}

impl Nanos {
    /// The same instant as a length of time since the run began.
    pub fn as_duration(self) -> Duration {
        Duration::from_nanos(self.0)
    }
}

/// A run's name: sortable by start, unique on one machine, safe as a file name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(pub String);

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
