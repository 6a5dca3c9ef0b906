//! The two processes that stand between the supervisor and its target.
//!
//! ```text
//! duress ──starts──► guard ──starts──► go test ──-exec──► shim ══becomes══► test binary
//!    ▲                 │                                    │
//!    └──── Ended ──────┴───────── Hello, Listener ──────────┘        (frames over one abstract socket)
//! ```
//!
//! The *shim* puts on the filter that the supervisor sends, hands the listener back and turns into the target by
//! `execve`. The *guard* is the ancestor of everything: whatever becomes of the supervisor, it ends what was started.
//!
//! **Invariants.** The shim writes nothing: its standard error is the test's output. Its filtered thread makes no
//! system call between putting on the filter and `execve`, for each could be one that the plan traps. No descriptor of
//! ours reaches the target.
//!
//! It deliberately does not know plans, Go, or what a filter means.

mod attend;
mod gate;
mod guard;
mod handoff;
mod install;
pub mod padding;
pub mod surroundings;
mod sys;
pub mod wire;

use std::ffi::OsString;
use std::process::{Command, ExitCode};

/// The first argument that makes `duress` a shim: `duress __shim SOCKET PROGRAM [ARG …]`.
pub const SHIM_VERB: &str = "__shim";
/// The first argument that makes `duress` a guard: `duress __guard SOCKET PROGRAM [ARG …]`.
pub const GUARD_VERB: &str = "__guard";

/// The first argument that makes `duress` wait for the end of a process that it did not start: `duress __attend PID`.
pub const ATTEND_VERB: &str = "__attend";

/// The exit code of a shim or guard whose supervisor is gone before the target began.
///
/// It is `EX_SOFTWARE` of sysexits(3): nobody is left to tell, and the run is lost anyway.
pub(crate) const ORPHANED: u8 = 70;

/// Makes orphans of this process's descendants its own children, so that [`end_descendants`] finds them.
pub fn adopt_orphans() {
    sys::become_subreaper();
}

/// Makes a command start with the signal dispositions that this process has, which std's own way of starting changes.
pub fn keep_dispositions(command: &mut Command) {
    sys::fork_with(command, None);
}

/// Ends every descendant of this process and collects it; gives how many were still running.
///
/// It is what the guard does, for a supervisor that lost its guard. No other code of the process may be waiting for
/// children.
pub fn end_descendants() -> u32 {
    guard::sweep()
}

/// Plays the part that the arguments name, if they name one; `None` means: this is an ordinary call of `duress`.
///
/// Call it before anything else: a shim must not read files, print, or start threads of its own.
pub fn dispatch(arguments: impl Iterator<Item = OsString>) -> Option<ExitCode> {
    let mut arguments = arguments.skip(1);
    let verb = arguments.next()?;
    if verb == SHIM_VERB {
        Some(with_target(arguments, handoff::become_target))
    } else if verb == ATTEND_VERB {
        Some(attend::await_end(arguments.next()))
    } else if verb == GUARD_VERB {
        Some(with_target(arguments, guard::watch_over))
    } else {
        None
    }
}

fn with_target(
    mut arguments: impl Iterator<Item = OsString>,
    play: impl FnOnce(OsString, Vec<OsString>) -> ExitCode,
) -> ExitCode {
    let (Some(socket), command) = (arguments.next(), arguments.collect::<Vec<_>>()) else {
        return ExitCode::from(ORPHANED);
    };
    if command.is_empty() {
        return ExitCode::from(ORPHANED);
    }
    play(socket, command)
}
