//! The ancestor of everything that a run starts. It ends all of it when the supervisor says so, or dies.
//!
//! # Kernel
//! prctl(2), `PR_SET_CHILD_SUBREAPER`: orphans among the guard's descendants become its children, so a process that
//! detached itself from its parent is still found below the guard. A process can leave only by being traced or killed.

use crate::wire::{Frame, Role};
use crate::{ORPHANED, sys};
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::process::{Command, ExitCode};
use std::thread;
use std::time::Duration;

/// How often the sweep looks again before it gives up on processes that do not die (stuck in the kernel).
const SWEEPS: u32 = 400;

/// How often it looks whether the last processes end by themselves, every 2 ms.
const PATIENCE: u32 = 25;

/// Plays the guard: starts the command, reports its end, and stays until it has ended everything.
pub(crate) fn watch_over(socket: OsString, command: Vec<OsString>) -> ExitCode {
    let Ok(socket) = sys::connect(socket.as_bytes()) else { return ExitCode::from(ORPHANED) };
    let socket = socket.as_fd();
    sys::become_subreaper();
    // Ctrl-C reaches every process of the terminal's group; this one must outlive it to clean up. The command starts
    // with the mask that was there before.
    let Ok((children, mask)) = sys::block_signals() else { return ExitCode::from(ORPHANED) };
    let cwd = std::env::current_dir().map(|path| path.into_os_string().into_vec()).unwrap_or_default();
    let hello = Frame::Hello { role: Role::Guard, cwd, program: command[0].as_bytes().to_vec() };
    if sys::send(socket, &hello.encode()).is_err() {
        return ExitCode::from(ORPHANED);
    }
    if next(socket) != Some(Frame::Go) {
        return ExitCode::from(ORPHANED);
    }
    #[expect(clippy::disallowed_methods, reason = "starting the command is what the guard is for")]
    let mut start = Command::new(&command[0]);
    start.args(&command[1..]);
    sys::fork_with(&mut start, Some(mask));
    let main = match start.spawn() {
        Ok(child) => child.id().cast_signed(),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(libc::ENOENT);
            let _ = sys::send(socket, &Frame::Failed { step: crate::wire::Step::Exec, errno }.encode());
            return ExitCode::from(ORPHANED);
        }
    };
    close_standard_streams();

    loop {
        let (has_child, has_word) = sys::wait_for_either(children.as_fd(), socket, -1);
        if has_child {
            sys::drain(children.as_fd());
            while let Some((pid, status)) = sys::reap() {
                if pid == main {
                    // Where nobody listens any more, the next turn finds the socket closed and sweeps.
                    let _ = sys::send(socket, &Frame::Ended { status }.encode());
                }
            }
        }
        // Any word is the word to sweep, and so is the supervisor's death. It is taken, for a socket that is closed
        // with words in it makes the other end lose our answer (unix(7): ECONNRESET).
        if has_word {
            if next(socket).is_some() {
                await_natural_end();
            }
            let count = sweep();
            let _ = sys::send(socket, &Frame::Swept { count }.encode());
            return ExitCode::SUCCESS;
        }
    }
}

/// Lets go of the pipes that carry the target's output, so that their readers see the end when the target is gone.
fn close_standard_streams() {
    let Ok(null) = fs::OpenOptions::new().read(true).write(true).open("/dev/null") else { return };
    sys::replace_standard_streams(null.as_fd());
}

/// Gives processes that closed their streams the moment that they need to end, so that they are not taken for some that
/// were left behind.
fn await_natural_end() {
    let me = std::process::id().cast_signed();
    for _ in 0..PATIENCE {
        while sys::reap().is_some() {}
        if descendants(me).is_empty() {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Ends every descendant and collects it; gives how many were still running.
pub(crate) fn sweep() -> u32 {
    let me = std::process::id().cast_signed();
    let mut ended = 0;
    let mut seen = Vec::new();
    let mut was_empty = false;
    for _ in 0..SWEEPS {
        let mut has_reaped = false;
        while sys::reap().is_some() {
            has_reaped = true;
        }
        let living = descendants(me);
        if living.is_empty() {
            // While an ancestor was ending, its children may have been seen below neither it nor us; by the time that it
            // can be collected they are ours (`exit_notify` in `kernel/exit.c`).
            if was_empty && !has_reaped {
                break;
            }
            was_empty = true;
            continue;
        }
        was_empty = false;
        for pid in living {
            if !seen.contains(&pid) {
                seen.push(pid);
                ended += 1;
            }
            sys::kill(pid, libc::SIGKILL);
        }
        thread::sleep(Duration::from_millis(5));
    }
    ended
}

/// Every living descendant of a process. Zombies do not count: they only wait to be collected.
fn descendants(ancestor: i32) -> Vec<i32> {
    let mut children: HashMap<i32, Vec<i32>> = HashMap::new();
    let mut zombies = Vec::new();
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    for entry in entries.flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        let Some((state, parent)) = state_and_parent(&stat) else { continue };
        if has_ended(state) && !has_living_thread(&entry.path().join("task")) {
            zombies.push(pid);
        }
        children.entry(parent).or_default().push(pid);
    }
    let mut found = Vec::new();
    let mut open = vec![ancestor];
    while let Some(parent) = open.pop() {
        for child in children.remove(&parent).unwrap_or_default() {
            open.push(child);
            if !zombies.contains(&child) {
                found.push(child);
            }
        }
    }
    found
}

fn has_ended(state: u8) -> bool {
    state == b'Z' || state == b'X'
}

/// A process whose first thread has ended looks like a zombie, and may go on in its others.
fn has_living_thread(threads: &Path) -> bool {
    let threads = fs::read_dir(threads).into_iter().flatten().flatten();
    let mut stats = threads.filter_map(|thread| fs::read(thread.path().join("stat")).ok());
    stats.any(|stat| state_and_parent(&stat).is_some_and(|(state, _)| !has_ended(state)))
}

/// Fields 3 and 4 of `/proc/PID/stat`. The command name before them may hold anything, parentheses included, so they
/// are counted from the last one (proc_pid_stat(5)).
fn state_and_parent(stat: &[u8]) -> Option<(u8, i32)> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut fields = stat[end + 1..].split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let state = *fields.next()?.first()?;
    let parent = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    Some((state, parent))
}

fn next(socket: BorrowedFd<'_>) -> Option<Frame> {
    let mut packet = [0; 256];
    let got = sys::receive(socket, &mut packet).ok()?;
    Frame::decode(&packet[..got]).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_command_names_do_not_hide_the_parent() {
        assert_eq!(state_and_parent(b"12 (a) S 7) R 34 12 12 0"), Some((b'R', 34)));
        assert_eq!(state_and_parent(b"12 (sh) Z 1 12"), Some((b'Z', 1)));
        assert_eq!(state_and_parent(b"12 (sh"), None);
    }

    #[test]
    fn a_running_child_is_a_descendant_and_an_ended_one_is_not() {
        #[expect(clippy::disallowed_methods, reason = "a real child is what is looked for")]
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id().cast_signed();
        let me = std::process::id().cast_signed();
        assert!(descendants(me).contains(&pid));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!descendants(me).contains(&pid));
    }
}
