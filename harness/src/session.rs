//! One run, from orders to a closed journal.

use crate::attribute::Refusal;
use crate::clock::{self, Clock};
use crate::exit::{Failure, chain};
use crate::launch::{Guarded, Target};
use crate::orders::Orders;
use crate::record::Record;
use crate::relay::Relay;
use crate::run_dir::RunDir;
use crate::supervisor::{Signals, Supervisor};
use journal::{FORMAT, Header, RuleHead};
use kernel::handshake::Door;
use kernel::probe::Probe;
use model::{Sysno, Via};
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// How a run came out, apart from what its journal says.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) dir: RunDir,
    pub(crate) interrupted: Option<u8>,
    /// A Go program whose call paths could not be read, which no rule depended on.
    pub(crate) unattributed: Option<Refusal>,
}

/// Runs the target under the orders and records what happens.
pub(crate) fn run(mut orders: Orders) -> Result<Session, Failure> {
    let probe = Probe::take();
    orders.prepare(&probe)?;
    let target = match orders.attach {
        Some(process) => Target::running(process)?,
        None => Target::find(&orders.command, &orders.cwd, orders.whole_tree)?,
    };
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
    let surroundings = dir.write_surroundings(orders.surroundings.as_ref(), &orders.shown)?;
    let Guarded { child, stdout, stderr } = target.start(
        &orders.cwd,
        door.name(),
        &[
            (shim::padding::PADDING, orders.padding.as_deref()),
            (shim::surroundings::SURROUNDINGS, surroundings.as_deref()),
        ],
    )?;
    // After the guard, which inherits the user's own signal mask and hands it on; before the threads, which inherit ours.
    // A signal in between ends us, and the guard finds nobody and starts nothing.
    let (ours, mask) = take_signals(probe.ignored_signals)?;
    let traces = orders.interest.needs(Via::Trace) || orders.attach.is_some();
    let stops = if traces { Some(take_stops()?) } else { None };
    let signals = Signals { ours, stops };
    let relay = Relay::start(stdout, stderr, target.language(&orders.cwd), orders.audience)
        .map_err(|error| Failure::theirs(format!("cannot read the target's output: {error}")))?;

    let supervisor = Supervisor::new(&orders, record, door, signals, child, relay, &dir.path)
        .map_err(|errno| Failure::theirs(format!("cannot watch the target: {errno}")))?;
    let finished = supervisor.run();
    // A scenario has several runs in one process; each starts with the mask that the user gave us.
    let _ = mask.thread_set_mask();
    let finished = finished?;
    Ok(Session { dir, interrupted: finished.interrupted, unattributed: finished.unattributed })
}

/// From now on the signals that tell us to stop are read by the loop; those that we were started to ignore are not.
/// Gives the mask that was there before, too.
///
/// # Kernel
/// A blocked signal is queued even if it is ignored (`sig_ignored` in `kernel/signal.c`), so reading it would undo
/// nohup(1).
pub(crate) fn take_signals(ignored: u64) -> Result<(SignalFd, SigSet), Failure> {
    let failed = |errno: nix::Error| Failure::theirs(format!("cannot take over signals: {errno}"));
    let signals: SigSet = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT]
        .into_iter()
        .filter(|signal| ignored >> (*signal as i32 - 1) & 1 == 0)
        .collect();
    let before = signals.thread_swap_mask(SigmaskHow::SIG_BLOCK).map_err(failed)?;
    let descriptor = SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK);
    Ok((descriptor.map_err(failed)?, before))
}

/// From now on it is read by the loop when a traced thread stops.
fn take_stops() -> Result<SignalFd, Failure> {
    let failed = |errno: nix::Error| Failure::theirs(format!("cannot take over signals: {errno}"));
    let stops: SigSet = [Signal::SIGCHLD].into_iter().collect();
    stops.thread_block().map_err(failed)?;
    SignalFd::with_flags(&stops, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK).map_err(failed)
}

fn header(orders: &Orders, target: &Target, probe: &Probe, dir: &RunDir, started_unix_ms: u64) -> Header {
    let rules = orders.plan.rules.iter().map(|rule| {
        let forced = rule.effect.error().and_then(|errno| errno.name().zip(errno.description()));
        RuleHead {
            name: rule.name.clone(),
            spec: rule.spec(),
            errors: forced.map(|(name, words)| (name.to_owned(), words.to_owned())).into_iter().collect(),
            is_quiet: rule.is_quiet,
            is_racy: rule.is_racy(),
            persona: rule.persona.clone(),
            counts_by_site: rule.asks_who() || orders.attribution == journal::Attribution::All,
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
        personas: orders.personas.clone(),
        watch: orders.watch.iter().map(Sysno::to_string).collect(),
        seed: orders.seed,
        attribution: orders.attribution,
        timeout_s: orders.timeout.map(|timeout| timeout.as_secs_f64()),
        replay_of: orders.replay.as_ref().and_then(|recorded| recorded.run.clone()),
        go: target.toolchain.as_ref().map(|toolchain| toolchain.version.to_string()),
        kernel: probe.kernel.clone(),
        mechanism: orders.mechanism(),
        started_unix_ms,
    }
}
