//! Which calls are trapped.

use crate::Sysno;
use std::collections::BTreeSet;

/// The system calls that put their caller to sleep and wake the supervisor; all others run at native speed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interest(BTreeSet<Sysno>);

impl Interest {
    /// Whether nothing is trapped.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many calls are trapped.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether this call is trapped.
    pub fn contains(&self, sysno: Sysno) -> bool {
        self.0.contains(&sysno)
    }

    /// The trapped calls, by number.
    pub fn iter(&self) -> impl Iterator<Item = Sysno> + '_ {
        self.0.iter().copied()
    }
}

impl FromIterator<Sysno> for Interest {
    fn from_iter<I: IntoIterator<Item = Sysno>>(calls: I) -> Interest {
        Interest(calls.into_iter().collect())
    }
}

impl Extend<Sysno> for Interest {
    fn extend<I: IntoIterator<Item = Sysno>>(&mut self, calls: I) {
        self.0.extend(calls);
    }
}
