//! The loop. One thread owns all state, waits in one place, and takes one event at a time.

mod reception;
mod service;

use crate::attribute::{Attributor, Refusal};
use crate::caught::Caught;
use crate::control::{Guest, Stage};
use crate::exit::{Failure, chain};
use crate::orders::Orders;
use crate::parking::Parking;
use crate::record::Record;
use crate::relay::Relay;
use crate::roll::Roll;
use crate::subject::{Held, ServeError, Subject};
use crate::transcript::Transcript;
use journal::Entry;
use kernel::handshake::{Door, Frame, command_ending};
use kernel::{Mechanism, Notify, Processes, Readiness, SubjectProcess, Trace, Tracer, Watch};
use model::{Nanos, SubjectId};
use nix::sys::signalfd::SignalFd;
use std::borrow::Cow;
use std::collections::HashMap;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

/// How long what is left of the target may go on when the command itself has ended.
const LEAVE: Duration = Duration::from_secs(1);
/// How long a Go program has for printing its goroutines before its held calls are let go, and before it is ended.
const DUMP: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(10));
/// How many processes are held for their exit status; each is an open descriptor.
const UNCOLLECTED: usize = 256;
/// How long the guard may take to end everything.
const SWEEP: Duration = Duration::from_secs(15);

/// One thing that happens to the loop. Nothing else does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    /// Somebody is at the control socket.
    Knock,
    /// A guest said something or is gone.
    Word(usize),
    /// A subject's listener has a call, or its last process is gone.
    Call(SubjectId),
    /// A traced thread has stopped or ended.
    Stops,
    /// A subject whose calls nobody traps has ended.
    Exit(SubjectId),
    /// The target wrote.
    Lines,
    /// A signal came for us.
    Signal,
}

/// What the run is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The command runs.
    Running,
    /// The time limit struck: goroutines are being printed.
    Dumping { release: Nanos, end: Nanos },
    /// The command has ended, or is being interrupted: its last processes and output are awaited.
    Leaving { end: Nanos },
    /// The guard ends what is left.
    Sweeping { give_up: Nanos },
    /// Nothing is left.
    Over,
}

/// A subject and what is known of its process.
#[derive(Debug)]
struct Running {
    /// None for a launch of which nothing is trapped.
    subject: Option<Subject>,
    /// None where no call is notified, and once the last process is gone.
    notify: Option<Notify>,
    /// None where no call is traced, and once the last process is gone.
    trace: Option<Trace>,
    process: Option<SubjectProcess>,
    is_go: bool,
    has_ended: bool,
}

/// Owns everything that changes during a run.
#[derive(Debug)]
pub(crate) struct Supervisor<'o> {
    orders: &'o Orders,
    record: Record,
    watch: Watch<Event>,
    door: Door,
    signals: SignalFd,
    relay: Relay,
    transcript: Transcript,
    guests: Vec<Option<Guest>>,
    subjects: Vec<Running>,
    /// Subjects that have ended, when, and the process whose parent has not collected it yet.
    uncollected: Vec<(SubjectId, Nanos, SubjectProcess)>,
    /// How often each subject key was used, so that the second launch of one name is `name#2`.
    keys: HashMap<String, u32>,
    parking: Parking<Held<Caught>>,
    processes: Processes,
    attributor: Attributor,
    roll: Roll,
    tracer: Tracer,
    /// Tells of traced threads that stopped; none where nothing is traced.
    stops: Option<SignalFd>,
    phase: Phase,
    deadline: Option<Nanos>,
    command_ended: bool,
    interrupted: Option<u8>,
    failure: Option<Failure>,
    /// Some process could not be ended; it may hold the target's output open for ever.
    is_stuck: bool,
    guard: Child,
}

/// The signals that the loop reads.
#[derive(Debug)]
pub(crate) struct Signals {
    /// Those that tell us to stop.
    pub(crate) ours: SignalFd,
    /// SIGCHLD, which tells of traced threads that stopped; none where nothing is traced.
    pub(crate) stops: Option<SignalFd>,
}

/// How a run came to its end.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The signal that told us to stop, if one did.
    pub(crate) interrupted: Option<u8>,
    /// A Go program whose call paths could not be read, which no rule depended on.
    pub(crate) unattributed: Option<Refusal>,
}

/// Why the loop cannot go on.
type Stop = ServeError;

impl<'o> Supervisor<'o> {
    pub(crate) fn new(
        orders: &'o Orders,
        record: Record,
        door: Door,
        signals: Signals,
        guard: Child,
        relay: Relay,
        run_dir: &Path,
    ) -> Result<Supervisor<'o>, nix::Error> {
        let mut watch = Watch::new()?;
        let Signals { ours: signals, stops } = signals;
        watch.add(signals.as_fd(), Event::Signal)?;
        watch.add(relay.descriptor(), Event::Lines)?;
        watch.add(door.descriptor(), Event::Knock)?;
        if let Some(stops) = &stops {
            // As often ready as a listener.
            watch.listen(stops.as_fd(), Event::Stops);
        }
        let deadline = orders.timeout.map(|timeout| after(record.now(), timeout));
        Ok(Supervisor {
            orders,
            record,
            watch,
            door,
            signals,
            relay,
            transcript: Transcript::new(run_dir),
            guests: Vec::new(),
            subjects: Vec::new(),
            uncollected: Vec::new(),
            keys: HashMap::new(),
            parking: Parking::new(),
            processes: Processes::default(),
            attributor: Attributor::default(),
            roll: Roll::default(),
            tracer: Tracer::new(),
            stops,
            phase: Phase::Running,
            deadline,
            command_ended: false,
            interrupted: None,
            failure: None,
            is_stuck: false,
            guard,
        })
    }

    /// Runs until nothing of the target is left, and ends the journal.
    pub(crate) fn run(mut self) -> Result<Finished, Failure> {
        let mut events = Vec::new();
        while self.phase != Phase::Over {
            let turn = self.turn(&mut events);
            if let Err(stop) = turn {
                self.stop(stop);
            }
        }
        self.end()
    }

    fn turn(&mut self, events: &mut Vec<(Event, Readiness)>) -> Result<(), Stop> {
        self.wait(events);
        for (event, ready) in events.drain(..) {
            match event {
                Event::Knock => self.admit()?,
                Event::Word(guest) => self.hear(guest)?,
                Event::Call(subject) => self.notified(subject, ready)?,
                Event::Stops => self.stopped()?,
                Event::Exit(subject) => self.subject_gone(subject)?,
                Event::Lines => self.take_lines()?,
                Event::Signal => self.signalled()?,
            }
        }
        if self.next_moment().is_none() {
            // Nothing is due, now or later: spare the clock.
            return Ok(());
        }
        let now = self.record.now();
        while let Some(parked) = self.parking.take_due(now) {
            self.resume(parked)?;
        }
        self.progress(now)
    }

    /// The one place where the loop sleeps: until something happens or is due.
    fn wait(&mut self, events: &mut Vec<(Event, Readiness)>) {
        let left = self.next_moment().map(|moment| moment.0.saturating_sub(self.record.now().0));
        self.watch.wait(left.map(Duration::from_nanos), events);
    }

    fn living(&self) -> impl Iterator<Item = (SubjectId, &Running)> {
        (1..).map(SubjectId).zip(&self.subjects).filter(|(_, running)| !running.has_ended)
    }

    /// When the loop must wake without an event.
    fn next_moment(&self) -> Option<Nanos> {
        let of_phase = match self.phase {
            Phase::Running => self.deadline,
            Phase::Dumping { release, end } => {
                Some(if self.parking.next_due().is_some() { release.min(end) } else { end })
            }
            Phase::Leaving { end } => Some(end),
            Phase::Sweeping { give_up } => Some(give_up),
            Phase::Over => Some(Nanos(0)),
        };
        of_phase.into_iter().chain(self.parking.next_due()).min()
    }

    /// Moves from phase to phase as time passes.
    fn progress(&mut self, now: Nanos) -> Result<(), Stop> {
        match self.phase {
            Phase::Running => {
                if self.deadline.is_some_and(|deadline| deadline <= now) {
                    self.time_out(now)?;
                }
            }
            Phase::Dumping { release, end } => {
                if release <= now {
                    self.release_all()?;
                }
                if end <= now {
                    self.sweep(now)?;
                }
            }
            Phase::Leaving { end } => {
                let is_quiet = self.relay.is_over() && self.living().next().is_none();
                if end <= now || is_quiet {
                    self.sweep(now)?;
                }
            }
            Phase::Sweeping { give_up } => {
                if give_up <= now {
                    self.fail(
                        Failure::theirs("some processes of the target could not be ended")
                            .help("look for processes in state D with `ps`; they are stuck in the kernel"),
                    );
                    self.is_stuck = true;
                    self.phase = Phase::Over;
                }
            }
            Phase::Over => {}
        }
        Ok(())
    }

    fn subject_gone(&mut self, id: SubjectId) -> Result<(), Stop> {
        let Some(running) = running(&mut self.subjects, id).filter(|running| !running.has_ended) else {
            return Ok(());
        };
        running.has_ended = true;
        self.watch.forget(Event::Call(id));
        self.watch.forget(Event::Exit(id));
        let dropped = running.notify.take().map_or(0, |notify| notify.dropped())
            + running.trace.take().map_or(0, |trace| trace.dropped());
        if let Some(subject) = &mut running.subject {
            subject.ended(&mut self.record)?;
        }
        let process = running.process.take();
        if dropped > 0 {
            self.fail(Failure::ours(format!("{dropped} system calls were let go without an answer")));
        }
        let ending = process.as_ref().and_then(SubjectProcess::ending);
        let at = self.record.now();
        match process {
            // Its parent has not collected it yet; before that nobody is told how it ended.
            Some(process) if ending.is_none() && self.uncollected.len() < UNCOLLECTED => {
                self.uncollected.push((id, at, process));
                Ok(())
            }
            Some(_) | None => Ok(self.record.put(&Entry::SubjectEnded { subject: id, ending, at })?),
        }
    }

    /// Writes down the subjects whose ends were not told yet; by now they are, or never will be.
    fn collect(&mut self) -> Result<(), journal::Error> {
        for (subject, at, process) in std::mem::take(&mut self.uncollected) {
            self.record.put(&Entry::SubjectEnded { subject, ending: process.ending(), at })?;
        }
        Ok(())
    }

    fn command_has_ended(&mut self, status: i32) -> Result<(), Stop> {
        self.command_ended = true;
        self.collect()?;
        let at = self.record.now();
        self.record.put(&Entry::CommandEnded { ending: command_ending(status), at })?;
        match self.phase {
            Phase::Running | Phase::Dumping { .. } | Phase::Leaving { .. } => {
                self.phase = Phase::Leaving { end: after(at, LEAVE) };
            }
            Phase::Sweeping { .. } | Phase::Over => {}
        }
        Ok(())
    }

    fn take_lines(&mut self) -> Result<(), Stop> {
        self.relay.acknowledge();
        // A flood is taken in portions, so that calls need not wait for its end.
        for _ in 0..256 {
            match self.relay.next() {
                Some(spoken) => self.transcript.hear(&spoken, &mut self.record)?,
                None => {
                    // Before it has started the command, only the guard holds the output's other ends.
                    if self.relay.is_over() && self.sworn_guard().is_none() && self.phase == Phase::Running {
                        self.fail(Failure::theirs("the guard process ended before it had begun"));
                    }
                    return Ok(());
                }
            }
        }
        self.relay.remind();
        Ok(())
    }

    fn signalled(&mut self) -> Result<(), Stop> {
        let Ok(Some(info)) = self.signals.read_signal() else { return Ok(()) };
        let signal = u8::try_from(info.ssi_signo).unwrap_or(0);
        if i32::from(signal) == libc::SIGQUIT {
            // The terminal sent it to the target as well, which prints its goroutines and ends.
            return Ok(());
        }
        let now = self.record.now();
        let is_first = self.interrupted.is_none();
        self.interrupted = Some(signal);
        if is_first {
            self.record.put(&Entry::Interrupted { signal: signal.into(), at: now })?;
        }
        // Ctrl-C reached the target too, which may still say something; a second signal is impatience. Before the guard is
        // in, there is no target.
        // A process that we attached to was not meant.
        let may_answer =
            self.phase == Phase::Running && self.sworn_guard().is_some() && self.orders.attach.is_none();
        if is_first && i32::from(signal) == libc::SIGINT && may_answer {
            self.drain();
            self.release_all()?;
            self.phase = Phase::Leaving { end: after(now, LEAVE) };
            return Ok(());
        }
        self.sweep(now)
    }

    fn time_out(&mut self, now: Nanos) -> Result<(), Stop> {
        // A process that we attached to need not end: it is let go.
        if self.orders.attach.is_some() {
            return self.sweep(now);
        }
        let living: Vec<SubjectId> = self.living().map(|(id, _)| id).collect();
        self.record.put(&Entry::TimedOut { subjects: Cow::Borrowed(&living), at: now })?;
        self.drain();
        self.transcript.keep_dump();
        let mut asked = false;
        for (_, running) in self.living() {
            if let Some(process) = running.process.as_ref().filter(|_| running.is_go) {
                process.quit();
                asked = true;
            }
        }
        if !asked {
            return self.sweep(now);
        }
        self.phase = Phase::Dumping { release: after(now, DUMP.0), end: after(now, DUMP.1) };
        Ok(())
    }

    /// From now on nothing is injected.
    fn drain(&mut self) {
        for running in &mut self.subjects {
            if let Some(subject) = &mut running.subject {
                subject.drain();
            }
        }
    }

    fn release_all(&mut self) -> Result<(), Stop> {
        while let Some(parked) = self.parking.take_any() {
            self.resume(parked)?;
        }
        Ok(())
    }

    /// Tells the guard to end whatever is left.
    fn sweep(&mut self, now: Nanos) -> Result<(), Stop> {
        if matches!(self.phase, Phase::Sweeping { .. } | Phase::Over) {
            return Ok(());
        }
        self.drain();
        self.let_go()?;
        self.phase = Phase::Sweeping { give_up: after(now, SWEEP) };
        match self.sworn_guard() {
            Some(guard) => guard.visitor.say(&Frame::Sweep).map_err(Stop::Kernel),
            None => {
                // It has not come in yet, or is gone. Before it came in it was not told to go, so it started nothing, and
                // waits for a word that would never be said.
                let _ = self.guard.kill();
                self.phase = Phase::Over;
                Ok(())
            }
        }
    }

    /// The guard, once it has come in and was told to go.
    fn sworn_guard(&self) -> Option<&Guest> {
        self.guests.iter().flatten().find(|guest| guest.stage == Stage::Guard)
    }

    /// Notes the first failure and ends the run.
    fn fail(&mut self, failure: Failure) {
        self.failure.get_or_insert(failure);
        let now = self.record.now();
        // Whoever cannot be told is gone already.
        let _ = self.sweep(now);
    }

    /// Something of ours failed: end the run, keep what can be kept.
    fn stop(&mut self, stop: Stop) {
        let failure = match stop {
            Stop::Journal(error) => Failure::theirs(chain(&error))
                .help("free some space, or name a folder on another disk with --out; `duress show` tells what was recorded so far"),
            Stop::Kernel(error) => Failure::theirs(chain(&error)).help("run `duress doctor` to see what this host allows"),
            Stop::Callers(refusal) => refusal.failure(),
        };
        self.fail(failure);
    }

    /// Collects the guard, takes the last lines and ends the journal.
    fn end(mut self) -> Result<Finished, Failure> {
        if self.failure.is_none()
            && let Err(error) = self.last_entries()
        {
            self.failure = Some(Failure::theirs(chain(&error)));
        }
        if !self.is_stuck {
            // The guard has answered and exits, or is dead; and with all writers gone, both streams end.
            // Where tracing collected it already, there is nothing to wait for.
            let _ = self.guard.wait();
            self.relay.finish();
        }
        match self.failure {
            None => {
                self.record.close().map_err(|error| Failure::theirs(chain(&error)))?;
                let unattributed = self.attributor.refusal().cloned();
                Ok(Finished { interrupted: self.interrupted, unattributed })
            }
            Some(failure) => {
                let at = self.record.now();
                let reason = failure.message().to_owned();
                // Where even the reserve is too small, the entries before it still stand.
                let _ = self.record.put_last(&[Entry::Aborted { reason: reason.into(), errno: None, at }]);
                Err(failure)
            }
        }
    }

    /// What became of calls and subjects that ended with the sweep, and the output that was still on its way.
    fn last_entries(&mut self) -> Result<(), journal::Error> {
        while let Some(parked) = self.parking.take_any() {
            self.resume(parked)?;
        }
        let left: Vec<SubjectId> = self.living().map(|(id, _)| id).collect();
        for id in left {
            match self.subject_gone(id) {
                Err(Stop::Journal(error)) => return Err(error),
                Ok(()) | Err(Stop::Kernel(_) | Stop::Callers(_)) => {}
            }
        }
        self.collect()?;
        // All writers are gone, so both streams end; lines are taken until they have.
        while !self.relay.is_over() {
            match self.relay.next() {
                Some(spoken) => self.transcript.hear(&spoken, &mut self.record)?,
                None if self.relay.is_over() => break,
                None => self.relay.wait(),
            }
        }
        self.transcript.finish(&mut self.record)
    }
}

fn running(subjects: &mut [Running], id: SubjectId) -> Option<&mut Running> {
    subjects.get_mut(usize::try_from(id.0).ok()?.checked_sub(1)?)
}

fn after(now: Nanos, wait: Duration) -> Nanos {
    Nanos(now.0.saturating_add(u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX)))
}
