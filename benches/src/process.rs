//! A program that is run to its end, with an account of what it took.

#![expect(
    clippy::disallowed_methods,
    reason = "measuring programs means starting them and reading the clock"
)]

use crate::{Error, sys};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::unistd::{SysconfVar, sysconf};
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// No single program here takes a tenth of this.
const LIMIT: Duration = Duration::from_secs(120);

/// How often a program's memory is looked at while it runs, where it is of interest.
const LOOK: Duration = Duration::from_millis(10);

/// What a program took, and what it said.
#[derive(Debug)]
pub(crate) struct Account {
    /// From its start to its end.
    pub(crate) wall: Duration,
    /// Its own processor time, without its children's. Counted in ticks of 10 ms.
    pub(crate) cpu: Duration,
    /// Its largest resident set that was seen, in KiB; zero where nobody looked.
    pub(crate) peak_seen_kib: u64,
    /// An upper bound of its largest resident set, in KiB; see [`sys::collect`].
    pub(crate) peak_bound_kib: u64,
    /// Its standard output.
    pub(crate) stdout: String,
}

/// Whether to watch a program's memory while it runs, which disturbs it a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Watch it.
    Watched,
    /// Leave it alone.
    Unwatched,
}

/// A child that does not outlive us, whatever happens.
struct Held {
    pid: i32,
    descriptor: OwnedFd,
    is_collected: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        if !self.is_collected {
            sys::kill(self.descriptor.as_fd());
            // It is gone by now or soon; there is nobody to tell where it is not.
            let _ = sys::collect(self.pid);
        }
    }
}

/// Runs a program to its end.
///
/// # Errors
/// It cannot be started, goes on for too long, or fails.
pub(crate) fn run(command: &mut Command, memory: Memory) -> Result<Account, Error> {
    let line = line_of(command);
    let stream = || tempfile::tempfile().map_err(Error::file("make a scratch file"));
    let copy = |file: &File| file.try_clone().map_err(Error::file("copy a descriptor"));
    let (mut stdout, mut stderr) = (stream()?, stream()?);
    command.stdin(Stdio::null()).stdout(copy(&stdout)?).stderr(copy(&stderr)?);

    let started = Instant::now();
    let child = command.spawn().map_err(|source| Error::Start { line: line.clone(), source })?;
    let pid = child.id().cast_signed();
    let descriptor = sys::open_process(pid).map_err(Error::file("hold a child by descriptor"))?;
    let mut held = Held { pid, descriptor, is_collected: false };

    let mut peak_seen_kib = 0;
    while !has_ended(&held.descriptor, if memory == Memory::Watched { LOOK } else { LIMIT }) {
        if started.elapsed() >= LIMIT {
            return Err(Error::TooLong { line, limit: LIMIT });
        }
        peak_seen_kib = peak_kib(pid).unwrap_or(peak_seen_kib);
    }
    let wall = started.elapsed();
    // A process that has ended keeps its account until it is collected.
    let cpu = cpu_time(pid)?;
    let (status, peak_bound_kib) = sys::collect(pid).map_err(Error::file("collect a child"))?;
    held.is_collected = true;

    let mut account = Account { wall, cpu, peak_seen_kib, peak_bound_kib, stdout: String::new() };
    account.stdout = text_of(&mut stdout)?;
    succeeded(status, line, &mut stderr)?;
    Ok(account)
}

fn succeeded(status: ExitStatus, line: String, stderr: &mut File) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let said = text_of(stderr)?;
    let last: Vec<&str> = said.lines().rev().take(8).collect();
    let stderr = last.into_iter().rev().collect::<Vec<_>>().join("\n");
    Err(Error::Failed { line, status, stderr })
}

fn text_of(file: &mut File) -> Result<String, Error> {
    let mut bytes = Vec::new();
    file.rewind()
        .and_then(|()| file.read_to_end(&mut bytes))
        .map_err(Error::file("read a program's output"))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Waits for a process to end, but not for longer than this.
fn has_ended(process: &OwnedFd, at_most: Duration) -> bool {
    let timeout = PollTimeout::try_from(at_most).unwrap_or(PollTimeout::MAX);
    // The only error is EINTR, after which the caller asks again.
    poll(&mut [PollFd::new(process.as_fd(), PollFlags::POLLIN)], timeout).is_ok_and(|count| count > 0)
}

/// The largest resident set so far, in KiB; nothing once the process has ended.
///
/// # Kernel
/// `proc_pid_status(5)`, line `VmHWM`.
fn peak_kib(pid: i32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse().ok()
}

fn cpu_time(pid: i32) -> Result<Duration, Error> {
    let stat =
        fs::read_to_string(format!("/proc/{pid}/stat")).map_err(Error::file("read a child's account"))?;
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|ticks| u64::try_from(ticks).ok());
    let ticks = ticks_in(&stat).unwrap_or(0);
    Ok(Duration::from_millis(ticks * 1000 / per_second.unwrap_or(100)))
}

/// User and system time in ticks: fields 14 and 15 of `proc_pid_stat(5)`, counted from the end of the command name,
/// which may itself hold blanks and parentheses.
fn ticks_in(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// A command line for messages.
pub(crate) fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_command_names_do_not_move_the_fields() {
        let stat = "12 (a) S 7) Z 1 2 3 4 5 6 7 8 9 10 41 59 900 900 20 0";
        assert_eq!(ticks_in(stat), Some(100));
        assert_eq!(ticks_in("12 (a"), None);
    }

    #[test]
    fn a_program_that_fails_says_how() {
        let error =
            run(Command::new("sh").args(["-c", "echo no >&2; exit 3"]), Memory::Unwatched).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("exit status: 3") && text.contains("no"), "{text}");
    }

    #[test]
    fn processor_time_is_the_programs_own() {
        let spin = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done";
        let own = run(Command::new("sh").args(["-c", spin]), Memory::Watched).unwrap();
        assert!(own.cpu >= Duration::from_millis(20), "{own:?}");
        assert!(own.peak_seen_kib > 0 && own.peak_bound_kib >= own.peak_seen_kib, "{own:?}");
        let by_child =
            run(Command::new("sh").args(["-c", &format!("sh -c '{spin}'; true")]), Memory::Unwatched)
                .unwrap();
        assert!(by_child.cpu < own.cpu, "{by_child:?} {own:?}");
    }
}
