//! What can be learned of a tracee from outside.

use model::{Tgid, Tid};
use std::collections::HashMap;
use std::fs;

/// How many threads' processes are remembered. A target may make threads without end; we may not keep them all.
const REMEMBERED: usize = 4096;

/// Which process a thread belongs to. A notification names only the thread.
///
/// Looking it up costs about 10 µs, remembering it nothing; so an answer is kept until there are too many. The kernel
/// gives a number out again only after all others (`kernel.pid_max`), so a kept answer does not go stale within a run.
#[derive(Debug, Default)]
pub struct Processes {
    known: HashMap<Tid, Tgid>,
    /// The last answer: a thread that calls once mostly calls again, and looking here costs no hashing.
    last: Option<(Tid, Tgid)>,
}

impl Processes {
    /// The process of a thread, or nothing if the thread is gone.
    ///
    /// # Kernel
    /// proc_pid_status(5), line `Tgid:`.
    pub fn of(&mut self, tid: Tid) -> Option<Tgid> {
        if let Some((_, process)) = self.last.filter(|(last, _)| *last == tid) {
            return Some(process);
        }
        if let Some(known) = self.known.get(&tid) {
            self.last = Some((tid, *known));
            return Some(*known);
        }
        let status = fs::read_to_string(format!("/proc/{tid}/status")).ok()?;
        let process =
            status.lines().find_map(|line| line.strip_prefix("Tgid:"))?.trim().parse().ok().map(Tgid)?;
        if self.known.len() >= REMEMBERED {
            self.known.clear();
        }
        self.known.insert(tid, process);
        self.last = Some((tid, process));
        Some(process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_belongs_to_its_process() {
        let me = Tgid(std::process::id().cast_signed());
        let tid = std::thread::spawn(|| Tid(nix::unistd::gettid().as_raw())).join().unwrap();
        let main = Tid(me.0);
        let mut processes = Processes::default();
        assert_eq!(processes.of(main), Some(me));
        assert_eq!(processes.of(main), Some(me), "remembered");
        assert_eq!(processes.of(Tid(nix::unistd::gettid().as_raw())), Some(me));
        assert_ne!(tid, main);
        assert_eq!(processes.of(Tid(i32::MAX)), None);
    }
}
