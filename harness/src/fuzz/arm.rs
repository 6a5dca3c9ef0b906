//! One run of the command with strings of one size: what it did, and which execve in it failed.

use crate::cli::RunArgs;
use crate::clock::Clock;
use crate::commands::{open, summary};
use crate::exit::{Failure, chain};
use crate::orders::Orders;
use crate::relay::Audience;
use crate::{session, settings};
use journal::{Attribution, Entry};
use model::{Errno, Outcome};
use report::{Fired, Summary};
use shim::padding::{Launch, Padding};
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Every execve is executed as it is, and ptrace sees what it really returned.
const RULE: &str = "execve,execveat:delay_exit=1us:name=exec";

/// No more of a run's output is looked at, in bytes.
const OUTPUT: usize = 4 << 20;

/// A scratch folder; it goes with this.
#[derive(Debug)]
pub(crate) struct Scratch {
    path: PathBuf,
}

impl Scratch {
    pub(crate) fn make() -> Result<Scratch, Failure> {
        // A folder that is there already may be another's.
        for attempt in 0.. {
            let path = std::env::temp_dir().join(format!("duress-fuzz-{}-{attempt}", std::process::id()));
            match fs::DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Scratch { path }),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 100 => {}
                Err(error) => {
                    let shown = path.display();
                    return Err(Failure::theirs(format!("cannot make the folder `{shown}`: {error}"))
                        .help("set TMPDIR to a folder that can be written"));
                }
            }
        }
        unreachable!("one of the names is free, or an error is given")
    }

    fn file(&self) -> PathBuf {
        self.path.join("padding")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left is among temporary files.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// Whether a run is kept for the user to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Among all runs.
    Yes,
    /// Only its result matters.
    No,
}

/// What came of a run.
#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) summary: Summary,
    pub(crate) output: String,
    /// How many calls of execve failed because there was no room.
    pub(crate) too_big: usize,
    /// What the targets were started with, but for the added strings.
    pub(crate) launches: Vec<Launch>,
    pub(crate) wall: Duration,
}

/// Why a run has no result.
pub(crate) enum Stopped {
    /// It came to nothing.
    Failed(Failure),
    /// A signal told us to stop.
    Interrupted(u8),
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Stopped {
        Stopped::Failed(failure)
    }
}

impl Arm {
    /// Runs the command once.
    pub(crate) fn run(
        command: &[String],
        padding: &Padding,
        timeout: Duration,
        keep: Keep,
        scratch: &Scratch,
    ) -> Result<Arm, Stopped> {
        let file = scratch.file();
        let failed = |error| Failure::theirs(format!("cannot write `{}`: {error}", file.display()));
        fs::write(&file, padding.encode()).map_err(failed)?;
        let run = scratch.path.join("run");
        let _ = fs::remove_dir_all(&run);
        let mut orders = orders(command, timeout)?;
        orders.padding = Some(file.clone());
        orders.out = (keep == Keep::No).then(|| run.clone());
        let clock = Clock::start();
        let session = session::run(orders)?;
        let wall = clock.now().as_duration();
        if let Some(signal) = session.interrupted {
            return Err(Stopped::Interrupted(signal));
        }
        let summary = summary(&session.dir.path)?;
        let launches = launches(&file, &summary);
        let (output, too_big) = told(&session.dir.path)?;
        Ok(Arm { summary, output, too_big, launches, wall })
    }

    /// The first of those calls that failed, if it is among the calls that a summary tells of.
    pub(crate) fn first_too_big(&self) -> Option<&Fired> {
        self.summary.fired.iter().find(|fired| fired.outcome.ends_with("really E2BIG"))
    }

    /// Whether something is not as it was without added strings.
    pub(crate) fn differs(&self, baseline: &Arm) -> bool {
        self.too_big > 0 || self.summary.is_timed_out || self.ending() != baseline.ending()
    }

    /// How it ended: what must be the same where nothing was changed.
    pub(crate) fn ending(&self) -> (String, Vec<(String, String, String)>) {
        let tests = self.summary.tests.iter();
        let tests = tests.map(|test| (test.package.clone(), test.test.clone(), format!("{:?}", test.result)));
        (format!("{:?}", self.summary.command_ending), tests.collect())
    }
}

fn orders(command: &[String], timeout: Duration) -> Result<Orders, Failure> {
    let args = RunArgs {
        inject: vec![RULE.to_owned()],
        timeout: Some(timeout),
        allow_vacuous: true,
        ..RunArgs::plain(command.to_vec())
    };
    let (mut orders, _) = settings::orders(&args, Audience::Nobody)?;
    orders.attribution = Attribution::Fired;
    Ok(orders)
}

/// What the shims left behind, and takes it away.
fn launches(file: &Path, summary: &Summary) -> Vec<Launch> {
    let take = |subject: &report::SubjectReport| {
        let seen = shim::padding::seen(file, u32::try_from(subject.pid.0).ok()?);
        let launch = Launch::decode(&fs::read(&seen).ok()?);
        let _ = fs::remove_file(seen);
        launch
    };
    summary.subjects.iter().filter_map(take).collect()
}

/// What a run's target printed, and how many of its calls of execve failed because there was no room.
fn told(dir: &Path) -> Result<(String, usize), Failure> {
    let no_room = -i64::from(Errno::E2BIG.raw());
    let mut reader = open(dir)?;
    let (mut output, mut too_big) = (String::new(), 0);
    while let Some(entry) = reader.next_entry().map_err(|error| Failure::theirs(chain(&error)))? {
        match entry {
            Entry::Output { text, .. } if output.len() < OUTPUT => output.push_str(&text),
            // The one rule is on execve alone.
            Entry::Settled { outcome: Outcome::Executed(value), .. } if value == no_room => too_big += 1,
            _ => {}
        }
    }
    Ok((output, too_big))
}
