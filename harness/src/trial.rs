//! One `duress run` as a process of its own, for those who need many: its summary and what its target printed.
//!
//! A process each, so that they can run side by side, and so that what kills one leaves the others alone. The command line is
//! one that the user could type.

use crate::clock::Clock;
use crate::commands::{open, summary};
use crate::exit::{Code, Failure, chain};
use journal::Entry;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill};
use nix::sys::wait::{Id, WaitPidFlag, waitid};
use nix::unistd::Pid;
use report::{CaseResult, Summary};
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// No more of a run's output is looked at, in bytes.
const OUTPUT: usize = 4 << 20;

/// No more of what duress itself says is kept, in bytes.
const SAID: usize = 64 << 10;

/// What is to be run.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// The arguments of `duress run`, command included.
    pub(crate) args: Vec<String>,
    /// The folder it is run in.
    pub(crate) cwd: PathBuf,
    /// Variables that are set; those with nothing are removed.
    pub(crate) env: Vec<(OsString, Option<OsString>)>,
    /// Where its journal is kept.
    pub(crate) out: PathBuf,
}

/// What came of it.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) summary: Summary,
    /// What the target printed, on both streams, as it came.
    pub(crate) output: String,
    pub(crate) wall: Duration,
}

/// Why nothing came of it.
#[derive(Debug)]
pub(crate) enum Broken {
    /// A mistake in what was asked for: what duress said.
    Yours(String),
    /// The host's doing.
    Theirs(String),
    /// A bug of ours.
    Ours(String),
    /// All runs were told to stop.
    Stopped,
}

/// The processes that are going on, so that they can be ended together.
#[derive(Debug, Clone)]
pub(crate) struct Running {
    state: Arc<Mutex<State>>,
    /// The signal mask that the user gave us, and that processes start with.
    mask: SigSet,
}

#[derive(Debug, Default)]
struct State {
    processes: Vec<Pid>,
    is_stopped: bool,
}

impl Running {
    pub(crate) fn new(mask: SigSet) -> Running {
        Running { state: Arc::default(), mask }
    }

    /// Ends all, and lets no further one begin. Each run ends its target first.
    pub(crate) fn stop(&self) {
        let mut state = self.state();
        state.is_stopped = true;
        for process in &state.processes {
            // Not reaped before it is taken from the list, so it is still ours.
            let _ = kill(*process, Signal::SIGTERM);
        }
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.state().is_stopped
    }

    /// Runs `duress run` to its end.
    pub(crate) fn run(&self, wanted: &Wanted) -> Result<Trial, Broken> {
        let clock = Clock::start();
        let ourselves = std::env::current_exe()
            .map_err(|error| Broken::Theirs(format!("cannot find duress itself: {error}")))?;
        #[expect(clippy::disallowed_methods, reason = "duress itself, which starts the target")]
        let mut command = Command::new(ourselves);
        command
            .args(["--color=never", "run", "--tied", "--allow-vacuous", "--format=json", "--out"])
            .arg(&wanted.out)
            .args(&wanted.args)
            .current_dir(&wanted.cwd);
        for (name, value) in &wanted.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let (status, said) = self.finish(command)?;
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        let is_run =
            [Code::Clean, Code::Findings, Code::Vacuous].iter().any(|one| Some(one.number()) == code);
        if !is_run {
            let said = told(&said, status);
            return Err(match code {
                _ if self.is_stopped() => Broken::Stopped,
                Some(code) if code == Code::Yours.number() => Broken::Yours(said),
                Some(code) if code == Code::Theirs.number() => Broken::Theirs(said),
                _ => Broken::Ours(said),
            });
        }
        let failed = |failure: Failure| Broken::Theirs(failure.message().to_owned());
        let summary = summary(&wanted.out).map_err(failed)?;
        let output = output(&wanted.out).map_err(failed)?;
        Ok(Trial { summary, output, wall: clock.now().as_duration() })
    }

    /// Runs a command to its end; gives the last of what it said on standard error.
    pub(crate) fn finish(&self, mut command: Command) -> Result<(ExitStatus, String), Broken> {
        let program = command.get_program().to_string_lossy().into_owned();
        let theirs =
            |what: &str, error: io::Error| Broken::Theirs(format!("cannot {what} `{program}`: {error}"));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        shim::keep_dispositions(&mut command);
        let mut child = {
            let mut state = self.state();
            if state.is_stopped {
                return Err(Broken::Stopped);
            }
            // A process inherits its starter's mask. A signal in between ends us, and `--tied` what we started.
            let ours = self.mask.thread_swap_mask(SigmaskHow::SIG_SETMASK);
            let child = command.spawn();
            if let Ok(ours) = ours {
                let _ = ours.thread_set_mask();
            }
            let child = child.map_err(|error| theirs("start", error))?;
            state.processes.push(pid(&child));
            child
        };
        let stderr = child.stderr.take().expect("standard error was asked to be piped");
        let said = thread::spawn(move || last_words(stderr));
        // Waits without reaping until it is off the list: its number must not become another's there.
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT;
        while waitid(Id::Pid(pid(&child)), flags) == Err(nix::Error::EINTR) {}
        let mut state = self.state();
        state.processes.retain(|running| *running != pid(&child));
        let status = child.wait().map_err(|error| theirs("wait for", error))?;
        drop(state);
        Ok((status, said.join().unwrap_or_default()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_raw(child.id().try_into().unwrap_or(i32::MAX))
}

impl Trial {
    /// How the command ended, in words.
    pub(crate) fn ending(&self) -> String {
        self.summary
            .command_ending
            .map_or_else(|| "no ending was seen".to_owned(), |ending| ending.to_string())
    }

    /// How many faults fired; how a host is, is none.
    pub(crate) fn fired(&self) -> u64 {
        let planned = self.summary.rules.iter().filter(|rule| rule.persona.is_none());
        planned.map(|rule| rule.faults.fired).sum()
    }

    /// How many tests passed.
    pub(crate) fn passed(&self) -> u64 {
        self.results(CaseResult::Pass, "--- PASS: ")
    }

    /// How many tests failed.
    pub(crate) fn failed(&self) -> u64 {
        self.results(CaseResult::Fail, "--- FAIL: ")
    }

    /// By `go test`'s own account, else by the lines of a test binary.
    fn results(&self, result: CaseResult, line: &str) -> u64 {
        let told = self.summary.tests.iter().filter(|test| test.result == result).count();
        let printed = || self.output.lines().filter(|printed| printed.starts_with(line)).count();
        let count = if self.summary.tests.is_empty() { printed() } else { told };
        count.try_into().unwrap_or(u64::MAX)
    }
}

/// The last of what a process says, so that a flood fills nothing.
fn last_words(mut stderr: impl Read) -> String {
    let (mut kept, mut piece) = (Vec::new(), [0_u8; 8192]);
    while let Ok(length @ 1..) = stderr.read(&mut piece) {
        kept.extend_from_slice(&piece[..length]);
        if kept.len() > 2 * SAID {
            kept.drain(..kept.len() - SAID);
        }
    }
    String::from_utf8_lossy(&kept).into_owned()
}

/// What duress said went wrong, without what the target printed before.
fn told(said: &str, status: ExitStatus) -> String {
    let from = said.lines().position(|line| line.starts_with("error: "));
    let words: Vec<&str> = said.lines().skip(from.unwrap_or_default()).collect();
    if words.is_empty() { format!("duress ended with {status}") } else { words.join("\n") }
}

/// What a run's target printed.
pub(crate) fn output(dir: &Path) -> Result<String, Failure> {
    let mut reader = open(dir)?;
    let mut output = String::new();
    while let Some(entry) = reader.next_entry().map_err(|error| Failure::theirs(chain(&error)))? {
        if let Entry::Output { text, .. } = entry
            && output.len() < OUTPUT
        {
            output.push_str(&text);
        }
    }
    Ok(output)
}
