//! The one who traces: attaching, and taking what wait(2) says.

use super::Trace;
use super::tracees::{Subject, Tracees};
use crate::Error;
use crate::sys::{SysError, ptrace};
use model::{Interest, Tgid, Tid};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs;
use std::rc::Rc;

/// What a thread stops for, and that its children are traced like itself.
const OPTIONS: i32 = libc::PTRACE_O_TRACESYSGOOD
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACEEXEC;

/// How many stops are taken in a row, so that a subject all of whose calls stop does not keep the supervisor from
/// everything else.
const BATCH: usize = 512;

/// Traces all subjects of a thread. Of use only to the thread that made it, which should be the only one.
#[derive(Debug)]
pub struct Tracer {
    tracees: Rc<RefCell<Tracees>>,
}

impl Default for Tracer {
    fn default() -> Tracer {
        Tracer::new()
    }
}

impl Tracer {
    /// Traces nobody yet.
    pub fn new() -> Tracer {
        Tracer { tracees: Rc::new(RefCell::new(Tracees::new())) }
    }

    /// Traces a thread under a filter that says which calls are to stop; it notices nothing. It ends with us, and so does
    /// everything that comes of it.
    ///
    /// # Errors
    /// [`Error::Attach`].
    pub fn attach(&self, tid: Tid) -> Result<Trace, Error> {
        let options = OPTIONS | libc::PTRACE_O_TRACESECCOMP | libc::PTRACE_O_EXITKILL;
        ptrace::seize(tid, options).map_err(|errno| Error::Attach { pid: tid.0, errno })?;
        let subject = Subject::filtered();
        self.tracees.borrow_mut().add(tid, &subject);
        Ok(self.trace(subject))
    }

    /// Traces a running process with all its threads, and everything that it starts from now on. It survives us.
    ///
    /// There is no filter: every call stops, and those that are not of interest are let go here. The calls that its threads
    /// sleep in are interrupted once, as by SIGSTOP and SIGCONT (signal(7) names those that fail with `EINTR` then).
    ///
    /// # Errors
    /// [`Error::Attach`], with nothing attached.
    pub fn attach_running(&self, process: Tgid, interest: &Interest) -> Result<Trace, Error> {
        let failed = |errno| Error::Attach { pid: process.0, errno };
        let trace = self.trace(Subject::unfiltered(interest));
        // Threads that are made meanwhile are seized with those that make them, or found the next time.
        loop {
            let threads = threads(process).map_err(failed)?;
            let mut found = false;
            for tid in threads {
                if self.tracees.borrow().knows(tid) {
                    continue;
                }
                match ptrace::seize(tid, OPTIONS) {
                    Ok(()) => {
                        found = true;
                        self.tracees.borrow_mut().add(tid, &trace.subject);
                        // One that is gone again is heard of by its end.
                        let _ = ptrace::interrupt(tid);
                    }
                    Err(SysError(libc::ESRCH)) => {}
                    Err(SysError(libc::EPERM)) if ptrace::is_ours(tid) || has_ended(process, tid) => {}
                    Err(errno) => {
                        self.detach(&trace);
                        return Err(failed(errno));
                    }
                }
            }
            if !found {
                break;
            }
        }
        if trace.subject.is_gone() { Err(failed(SysError(libc::ESRCH))) } else { Ok(trace) }
    }

    /// Takes what happened to tracees and children of this thread since the last time; tells whether a subject has something
    /// to receive.
    ///
    /// To be called when SIGCHLD came, which must neither be ignored nor blocked without a signalfd(2) that is read first.
    pub fn pump(&self) -> bool {
        let mut tracees = self.tracees.borrow_mut();
        for _ in 0..BATCH {
            match ptrace::next_status() {
                Some((tid, status)) => {
                    tracees.take(tid, status);
                    if tracees.nobody_runs() {
                        return tracees.waiting > 0;
                    }
                }
                None => return tracees.waiting > 0,
            }
        }
        // There may be more, of which no other signal will tell.
        let _ = kill(Pid::this(), Signal::SIGCHLD);
        tracees.waiting > 0
    }

    /// Lets all threads of a subject go untraced, each as soon as it stops, or its held call is settled: when all are gone, the
    /// trace says so. For processes attached to while they ran; under a filter whose calls nobody traces they fail with
    /// `ENOSYS` (seccomp(2)).
    pub fn detach(&self, trace: &Trace) {
        self.tracees.borrow_mut().leave(&trace.subject);
    }

    fn trace(&self, subject: Rc<Subject>) -> Trace {
        Trace { tracees: Rc::clone(&self.tracees), subject }
    }
}

fn threads(process: Tgid) -> Result<Vec<Tid>, SysError> {
    let failed = |_| SysError(libc::ESRCH);
    let entries = fs::read_dir(format!("/proc/{process}/task")).map_err(failed)?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok().map(Tid)).collect())
}

/// Whether a thread is only kept until the others of its process have ended; such a one cannot be traced.
fn has_ended(process: Tgid, tid: Tid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{process}/task/{tid}/stat")).unwrap_or_default();
    // proc_pid_stat(5): the state follows the name, which ends with the last parenthesis.
    stat.rsplit_once(") ").is_none_or(|(_, rest)| rest.starts_with(['Z', 'X']))
}
