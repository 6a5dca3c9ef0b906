//! Many scenarios, some at once.

use super::attempt::Bench;
use super::{Builds, Outcome, Scenario};
use crate::exit::Failure;
use crate::session::take_signals;
use crate::trial::Running;
use crossbeam_channel::{RecvTimeoutError, unbounded};
use golang::Toolchain;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// How often it is looked whether somebody wants us to stop.
const LOOK: Duration = Duration::from_millis(100);

/// One scenario to be tried with one toolchain.
#[derive(Debug)]
pub(crate) struct Job<'c> {
    pub(crate) folder: &'c Path,
    pub(crate) scenario: &'c Scenario,
    /// The toolchain as the user named it.
    pub(crate) word: &'c str,
    /// The toolchain, or why it is not to be had.
    pub(crate) toolchain: &'c Result<Toolchain, String>,
}

/// What is told while they run.
#[derive(Debug)]
pub(crate) enum News<'n> {
    /// This one has begun.
    Begun(&'n Scenario),
    /// This one came out so.
    Done(&'n Outcome),
}

enum Told {
    Begun(usize),
    Done(usize, Box<Outcome>),
}

/// How they are run.
#[derive(Debug)]
pub(crate) struct Crew {
    builds: Builds,
    running: Running,
    signals: nix::sys::signalfd::SignalFd,
    jobs: usize,
    out: Option<PathBuf>,
    personas: Vec<String>,
    tries_switches: bool,
}

impl Crew {
    /// `home` is where built test binaries are kept; every arm runs under these personas, before its own.
    pub(crate) fn new(
        home: &Path,
        jobs: usize,
        out: Option<PathBuf>,
        personas: Vec<String>,
        tries_switches: bool,
    ) -> Result<Crew, Failure> {
        let ignored = kernel::probe::Probe::take().ignored_signals;
        let (signals, mask) = take_signals(ignored)?;
        Ok(Crew {
            builds: Builds::new(home.join("built")),
            running: Running::new(mask),
            signals,
            jobs,
            out,
            personas,
            tries_switches,
        })
    }

    /// Tries them all, those that have to be alone at the end; gives the outcomes in the order of the jobs, and the signal
    /// that told us to stop, if one did.
    pub(crate) fn run(&self, jobs: &[Job<'_>], mut tell: impl FnMut(News<'_>)) -> (Vec<Outcome>, Option<u8>) {
        let (alone, together): (Vec<usize>, Vec<usize>) =
            (0..jobs.len()).partition(|number| jobs[*number].scenario.is_alone);
        let mut outcomes: Vec<Option<Outcome>> = jobs.iter().map(|_| None).collect();
        let mut stopped = None;
        for (numbers, at_once) in [(together, self.jobs), (alone, 1)] {
            let next = AtomicUsize::new(0);
            let (sender, told) = unbounded();
            thread::scope(|scope| {
                for _ in 0..at_once.min(numbers.len()) {
                    let (sender, next, numbers) = (sender.clone(), &next, &numbers);
                    scope.spawn(move || {
                        while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                            // Nobody listening any more is no failure.
                            let _ = sender.send(Told::Begun(*number));
                            let Some(outcome) = self.one(&jobs[*number]) else { return };
                            let _ = sender.send(Told::Done(*number, Box::new(outcome)));
                        }
                    });
                }
                drop(sender);
                loop {
                    match told.recv_timeout(LOOK) {
                        Ok(Told::Begun(number)) => tell(News::Begun(jobs[number].scenario)),
                        Ok(Told::Done(number, outcome)) => {
                            tell(News::Done(&outcome));
                            outcomes[number] = Some(*outcome);
                        }
                        Err(RecvTimeoutError::Timeout) => {}
                        Err(RecvTimeoutError::Disconnected) => break,
                    }
                    if let Ok(Some(signal)) = self.signals.read_signal() {
                        stopped = u8::try_from(signal.ssi_signo).ok();
                        self.running.stop();
                    }
                }
            });
        }
        (outcomes.into_iter().flatten().collect(), stopped)
    }

    fn one(&self, job: &Job<'_>) -> Option<Outcome> {
        let toolchain = match job.toolchain {
            Ok(toolchain) => toolchain,
            Err(reason) => return Some(Outcome::skipped(job.scenario, job.word, None, reason.clone())),
        };
        let bench = Bench {
            builds: &self.builds,
            running: &self.running,
            out: self.out.as_deref(),
            personas: &self.personas,
            tries_switches: self.tries_switches,
        };
        bench.attempt(job.folder, job.scenario, job.word, toolchain)
    }
}
