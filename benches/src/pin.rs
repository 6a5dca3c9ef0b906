//! Keeping what is measured on one CPU.

use crate::Error;
use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::unistd::Pid;

/// This thread, kept on one CPU for as long as this lives; and whatever it starts, for good.
#[derive(Debug)]
pub(crate) struct Pinned {
    before: CpuSet,
}

/// The calling thread, for sched_setaffinity(2).
const SELF: Pid = Pid::from_raw(0);

impl Pinned {
    /// Keeps this thread on the first CPU that it may use.
    ///
    /// # Errors
    /// Whatever sched_getaffinity(2) and sched_setaffinity(2) say.
    pub(crate) fn to_one_cpu() -> Result<Pinned, Error> {
        let failed = |errno: nix::Error| Error::file("stay on one CPU")(errno.into());
        let before = sched_getaffinity(SELF).map_err(failed)?;
        let first = (0..CpuSet::count()).find(|cpu| before.is_set(*cpu).unwrap_or(false)).unwrap_or(0);
        let mut one = CpuSet::new();
        one.set(first).and_then(|()| sched_setaffinity(SELF, &one)).map_err(failed)?;
        Ok(Pinned { before })
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        // It was allowed before. Where a CPU was taken away meanwhile, one is still enough.
        let _ = sched_setaffinity(SELF, &self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_pinned_for_as_long_as_asked() {
        let cpus = || {
            let set = sched_getaffinity(SELF).unwrap();
            (0..CpuSet::count()).filter(|cpu| set.is_set(*cpu).unwrap()).count()
        };
        let before = cpus();
        let pinned = Pinned::to_one_cpu().unwrap();
        assert_eq!(cpus(), 1);
        drop(pinned);
        assert_eq!(cpus(), before);
    }
}
