//! One run, from orders to a closed journal.

use crate::clock::{self, Clock};
use crate::exit::{Failure, chain};
use crate::launch::{Guarded, Target};
use crate::record::Record;
use crate::relay::{Audience, Relay};
use crate::run_dir::RunDir;
use crate::supervisor::Supervisor;
use golang::{BuildInfo, Console};
use journal::{FORMAT, Header, RuleHead};
use kernel::filter::Filter;
use kernel::handshake::Door;
use kernel::probe::{Obstacle, Probe};
use kernel::{Mechanism, Notify};
use model::{ForcedResult, Interest, RuleId, RunId, Sysno};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use policy::{Engine, Plan};
use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What a run is to do. Everything in it has been checked as far as it can be without launching.
#[derive(Debug)]
pub(crate) struct Orders {
    pub(crate) command: Vec<String>,
    pub(crate) cwd: PathBuf,
    pub(crate) plan: Plan,
    pub(crate) watch: Vec<Sysno>,
    pub(crate) seed: u64,
    pub(crate) timeout: Option<Duration>,
    pub(crate) whole_tree: bool,
    pub(crate) out: Option<PathBuf>,
    pub(crate) audience: Audience,
    pub(crate) replay: Option<Recorded>,
    /// The filter's instructions; empty where nothing is trapped. Filled in by [`Orders::prepare`].
    pub(crate) filter: Vec<u8>,
    pub(crate) filter_flags: u32,
}

/// The decisions of an earlier run, to be made again.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) run: Option<RunId>,
    /// By subject key: which occurrence of which rule was hit.
    pub(crate) picks: HashMap<String, Vec<(RuleId, u64)>>,
}

impl Orders {
    /// The engine of a subject.
    pub(crate) fn engine(&self, key: &str) -> Engine {
        match &self.replay {
            None => Engine::new(&self.plan, self.seed, key),
            Some(recorded) => {
                Engine::replaying(&self.plan, recorded.picks.get(key).into_iter().flatten().copied())
            }
        }
    }

    /// Compiles the filter, after asking the kernel what it can do.
    fn prepare(&mut self, probe: &Probe) -> Result<(), Failure> {
        let mut interest: Interest = self.plan.interest();
        interest.extend(self.watch.iter().copied());
        if interest.is_empty() {
            return Ok(());
        }
        let features = probe.notify.map_err(|obstacle| refused(obstacle, probe))?;
        let problems = self.plan.check_against("notify", &Notify::capabilities());
        if !problems.is_empty() {
            return Err(Failure::mistakes(problems));
        }
        self.filter =
            Filter::compile(&interest).map_err(|error| Failure::ours(chain(&error)))?.instructions();
        self.filter_flags = features.flags();
        Ok(())
    }
}

/// Why this host cannot interpose, for the user.
fn refused(obstacle: Obstacle, probe: &Probe) -> Failure {
    match obstacle {
        Obstacle::Missing(errno) => Failure::theirs(format!(
            "this kernel ({}) offers no seccomp notifications: {errno}",
            probe.kernel
        ))
        .help("they came with Linux 5.0; in a container, its seccomp profile may hide them: try `--security-opt seccomp=unconfined`"),
        Obstacle::Busy => Failure::theirs("another supervisor listens to this tree of processes already (EBUSY)")
            .help("a tree of processes has room for one seccomp listener; run duress outside of the other tool (a sandbox, or another duress)"),
        Obstacle::Refused(errno) => Failure::theirs(format!("the kernel refuses to put on a filter: {errno}"))
            .help("run `duress doctor` to see what this host allows"),
    }
}

/// How a run came out, apart from what its journal says.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dir: RunDir,
    pub(crate) interrupted: Option<u8>,
}

/// Runs the target under the orders and records what happens.
pub(crate) fn run(mut orders: Orders) -> Result<Session, Failure> {
    let probe = Probe::take();
    orders.prepare(&probe)?;
    let target = Target::find(&orders.command, &orders.cwd, orders.whole_tree)?;
    let started = clock::unix_ms();
    let dir = RunDir::create(orders.out.as_deref(), started)?;
    let door = Door::open().map_err(|error| Failure::theirs(chain(&error)))?;
    shim::adopt_orphans();

    let clock = Clock::start();
    let header = header(&orders, &target, &probe, &dir, started);
    let record = Record::create(&dir.journal(), &header, clock).map_err(|error| {
        Failure::theirs(format!("{} in `{}`", chain(&error), dir.path.display()))
            .help("free some space, or name a folder on another disk with --out")
    })?;
    let Guarded { child, stdout, stderr } = target.start(&orders.cwd, door.name())?;
    // After the guard, which inherits the user's own signal mask and hands it on; before the threads, which inherit ours.
    // A signal in between ends us, and the guard finds nobody and starts nothing.
    let signals = take_signals()?;
    let console = target.style().map(Console::new);
    let relay = Relay::start(stdout, stderr, console, orders.audience)
        .map_err(|error| Failure::theirs(format!("cannot read the target's output: {error}")))?;

    let supervisor = Supervisor::new(&orders, record, door, signals, child, relay, &dir.path);
    let finished = supervisor.run()?;
    Ok(Session { dir, interrupted: finished.interrupted })
}

/// From now on the signals that tell us to stop are read by the loop.
fn take_signals() -> Result<SignalFd, Failure> {
    let failed = |errno: nix::Error| Failure::theirs(format!("cannot take over signals: {errno}"));
    let signals: SigSet =
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().collect();
    signals.thread_block().map_err(failed)?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(failed)
}

fn header(orders: &Orders, target: &Target, probe: &Probe, dir: &RunDir, started_unix_ms: u64) -> Header {
    let rules = orders.plan.rules.iter().map(|rule| {
        let forced = match rule.fault.result {
            Some(ForcedResult::Error(errno)) => errno.name().zip(errno.description()),
            Some(ForcedResult::Value(_)) | None => None,
        };
        RuleHead {
            name: rule.name.clone(),
            spec: rule.spec(),
            errors: forced.map(|(name, words)| (name.to_owned(), words.to_owned())).into_iter().collect(),
        }
    });
    Header {
        format: FORMAT,
        duress: env!("CARGO_PKG_VERSION").to_owned(),
        run: dir.id.clone(),
        command: orders.command.clone(),
        cwd: orders.cwd.to_string_lossy().into_owned(),
        mode: target.mode,
        whole_tree: orders.whole_tree,
        plan: orders.plan.to_toml(),
        rules: rules.collect(),
        watch: orders.watch.iter().map(Sysno::to_string).collect(),
        seed: orders.seed,
        timeout_s: orders.timeout.map(|timeout| timeout.as_secs_f64()),
        replay_of: orders.replay.as_ref().and_then(|recorded| recorded.run.clone()),
        go: target.toolchain.as_ref().map(|toolchain| toolchain.version.to_string()),
        kernel: probe.kernel.clone(),
        mechanism: "notify".to_owned(),
        started_unix_ms,
    }
}

/// What an executable says of itself.
#[derive(Debug, Default)]
pub(crate) struct About {
    /// The import path of the package that it tests, where it is a Go test binary.
    pub(crate) name: Option<String>,
    /// The Go version that built it.
    pub(crate) go: Option<String>,
}

/// Reads an executable's build information, a few kilobytes of it. What is no Go program is not an error.
pub(crate) fn about(program: &Path) -> About {
    let Ok(file) = File::open(program) else { return About::default() };
    match BuildInfo::read(|offset, buffer| file.read_at(buffer, offset)) {
        Ok(info) => About { name: info.package_under_test().map(str::to_owned), go: Some(info.go) },
        Err(_) => About::default(),
    }
}
