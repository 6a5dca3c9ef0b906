//! The first process of a subject, held by descriptor.

use crate::Error;
use crate::sys::pidfd;
use model::{Ending, Tgid};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// A process that we did not start ourselves (go test did), held so that its number cannot come to mean another.
#[derive(Debug)]
pub struct SubjectProcess {
    descriptor: OwnedFd,
}

impl SubjectProcess {
    /// Takes hold of a running process.
    ///
    /// # Errors
    /// [`Error::Watch`] where it is gone already.
    pub fn hold(pid: Tgid) -> Result<SubjectProcess, Error> {
        let descriptor = pidfd::open(pid.0).map_err(|errno| Error::Watch { pid: pid.0, errno })?;
        Ok(SubjectProcess { descriptor })
    }

    /// Readable once the process has ended.
    pub fn descriptor(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }

    /// Asks a Go program for its goroutines; it prints them and ends.
    ///
    /// # Go
    /// `runtime/signal_unix.go`: SIGQUIT is `_SigNotify + _SigThrow`, a throw with all goroutines' stacks.
    pub fn quit(&self) {
        pidfd::signal(self.descriptor.as_fd(), libc::SIGQUIT);
    }

    /// How it ended, once its parent has collected it; nothing before that, or on kernels before 6.15.
    pub fn ending(&self) -> Option<Ending> {
        pidfd::wait_status(self.descriptor.as_fd()).map(ending_of)
    }
}

/// What wait(2) means by a status.
pub(crate) fn ending_of(status: i32) -> Ending {
    if libc::WIFSIGNALED(status) {
        Ending::Signaled(libc::WTERMSIG(status))
    } else {
        Ending::Exited(libc::WEXITSTATUS(status))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::SysError;

    #[test]
    fn statuses_are_read_as_wait_defines_them() {
        assert_eq!(ending_of(0), Ending::Exited(0));
        assert_eq!(ending_of(2 << 8), Ending::Exited(2));
        assert_eq!(ending_of(9), Ending::Signaled(9));
        assert_eq!(ending_of(6 | 0x80), Ending::Signaled(6));
    }

    #[test]
    fn a_process_that_is_gone_cannot_be_held() {
        let error = SubjectProcess::hold(Tgid(i32::MAX)).unwrap_err();
        assert!(matches!(error, Error::Watch { errno: SysError(_), .. }));
    }
}
