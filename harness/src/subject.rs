//! One launch under duress: its engine, and its calls on their way from the trap to the journal.

use crate::attribute::{Attributor, Refusal};
use crate::parking::Parking;
use crate::record::Record;
use crate::roll::Roll;
use journal::{Attribution, CallerNumbers, Entry};
use kernel::{Processes, Received, Returned, Settling, Trapped, Witness};
use model::{
    Call, CallSeq, Caller, Decision, Facts, Fault, Nanos, Outcome, RuleId, SubjectId, Sysno, Tgid, Tid,
};
use policy::Engine;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// What of calls' callers is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Asks {
    /// Of which calls it is written down who made them.
    pub(crate) written: Attribution,
    /// Whether decisions depend on it.
    pub(crate) is_decisive: bool,
}

/// How a subject treats its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The shim has not become the target yet; its `execve` is ours, not the target's, and no occurrence of anything.
    Launching,
    /// Every call is judged.
    Running,
    /// The run is being ended: calls pass, so that the target can say what it has to say.
    Draining,
}

/// A subject whose calls are trapped, by whatever mechanisms.
#[derive(Debug)]
pub(crate) struct Subject {
    id: SubjectId,
    engine: Engine,
    asks: Asks,
    stage: Stage,
    /// Its first process.
    first: Tgid,
    /// How many calls it has made so far.
    calls: u64,
    /// Calls that the kernel executes under a fault, by their threads.
    running: HashMap<Tid, Decided>,
}

/// A call that was decided upon, and the fault that it gets.
#[derive(Debug)]
struct Decided {
    seq: CallSeq,
    fault: Fault,
}

/// A call that waits for its moment.
pub(crate) struct Held<N: Trapped> {
    decided: Decided,
    place: Place<N>,
}

/// Where a call is held.
enum Place<N: Trapped> {
    /// Before it is executed or answered.
    Before(N),
    /// Behind it.
    Behind(N::Return),
}

impl<N: Trapped> fmt::Debug for Held<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.decided.fmt(f)
    }
}

/// What the journal said of a call before it is settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spoken {
    /// Its decision, in the entry before.
    Decided,
    /// Its decision, and what came in between.
    Held,
}

/// Whether a mechanism goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continues {
    /// More calls may come.
    Yes,
    /// Nothing waits now.
    Idle,
    /// The last tracee is gone.
    No,
}

/// Why serving a call failed.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// The decision could not be written down, so nothing may be settled any more.
    Journal(journal::Error),
    /// The kernel failed us.
    Kernel(kernel::Error),
    /// A rule asks who made a call, and that cannot be told.
    Callers(Refusal),
}

impl From<journal::Error> for ServeError {
    fn from(error: journal::Error) -> ServeError {
        ServeError::Journal(error)
    }
}

/// What all subjects of a run share.
#[derive(Debug)]
pub(crate) struct Common<'r, N: Trapped> {
    pub(crate) record: &'r mut Record,
    pub(crate) parking: &'r mut Parking<Held<N>>,
    pub(crate) processes: &'r mut Processes,
    pub(crate) attributor: &'r mut Attributor,
    pub(crate) roll: &'r mut Roll,
}

impl Subject {
    /// A subject that a shim is about to become.
    pub(crate) fn new(id: SubjectId, engine: Engine, asks: Asks, shim: Tgid) -> Subject {
        Subject { id, engine, asks, stage: Stage::Launching, first: shim, calls: 0, running: HashMap::new() }
    }

    /// The shim became the target, or never will; or the target ran before we came.
    pub(crate) fn launched(&mut self) {
        if self.stage == Stage::Launching {
            self.stage = Stage::Running;
        }
    }

    /// From now on every call passes.
    pub(crate) fn drain(&mut self) {
        self.stage = Stage::Draining;
    }

    /// Takes what a mechanism received: decides, writes the decision down, and settles or parks the call.
    pub(crate) fn take<N: Trapped>(
        &mut self,
        received: Received<N>,
        common: &mut Common<'_, N>,
    ) -> Result<Continues, ServeError> {
        match received {
            Received::Gone => return Ok(Continues::No),
            Received::Nothing => return Ok(Continues::Idle),
            Received::Call(notification) => self.called(notification, common)?,
            Received::Returned(behind) => self.returned(behind, common)?,
            Received::Lost(tid) => {
                if let Some(decided) = self.running.remove(&tid) {
                    self.settled(common.record, decided.seq, Outcome::Vanished)?;
                }
            }
        }
        Ok(Continues::Yes)
    }

    fn called<N: Trapped>(&mut self, notification: N, common: &mut Common<'_, N>) -> Result<(), ServeError> {
        let call = *notification.call();
        self.calls += 1;
        let seq = CallSeq(self.calls);
        let at = common.record.now();
        let Judged { decision, is_targets, caller } = self.judge(&call, at, common);
        if let Some(refusal) = common.attributor.refusal().filter(|_| self.asks.is_decisive) {
            // Nothing may be decided by what is not known.
            let refusal = refusal.clone();
            self.hold_for_ever(seq, notification, common);
            return Err(ServeError::Callers(refusal));
        }
        let caller = caller.map(|caller| common.roll.numbers(self.id, &caller, common.record)).transpose();
        let matched = if is_targets { self.engine.matched() } else { &[] };
        let numbers = caller.as_ref().ok().copied().flatten();
        let entry = decided(self.id, seq, &call, decision, matched, numbers, at, common.processes);
        if let Err(error) = caller.and_then(|_| common.record.put(&entry)) {
            self.hold_for_ever(seq, notification, common);
            return Err(error.into());
        }
        let Entry::Decided { decision: Decision::Inject { fault, .. }, .. } = entry else {
            let outcome = notification.pass();
            if outcome != Outcome::Passed {
                self.settled(common.record, seq, outcome)?;
            }
            return Ok(());
        };
        // What is not executed has no "after": both delays come before its answer.
        let hold = if fault.is_executed() { fault.delay_enter } else { fault.hold() };
        let decided = Decided { seq, fault };
        if hold.is_zero() {
            self.settle(notification, decided, common.record, Spoken::Decided)?;
        } else {
            common.parking.park(
                later(at, hold),
                self.id,
                Held { decided, place: Place::Before(notification) },
            );
        }
        Ok(())
    }

    /// Its caller sleeps until the run is ended, which follows.
    fn hold_for_ever<N: Trapped>(&self, seq: CallSeq, notification: N, common: &mut Common<'_, N>) {
        let decided = Decided { seq, fault: Fault::default() };
        common.parking.park(Nanos(u64::MAX), self.id, Held { decided, place: Place::Before(notification) });
    }

    fn settle<N: Trapped>(
        &mut self,
        notification: N,
        decided: Decided,
        record: &mut Record,
        spoken: Spoken,
    ) -> Result<(), journal::Error> {
        let tid = notification.call().tid;
        match notification.settle(&decided.fault) {
            // The decision, written just before, says as much.
            Settling::Done(Outcome::Injected) if spoken == Spoken::Decided => Ok(()),
            Settling::Done(outcome) => self.settled(record, decided.seq, outcome),
            Settling::Running => {
                self.running.insert(tid, decided);
                Ok(())
            }
        }
    }

    fn returned<N: Trapped>(
        &mut self,
        behind: N::Return,
        common: &mut Common<'_, N>,
    ) -> Result<(), ServeError> {
        let Some(decided) = self.running.remove(&behind.tid()) else {
            // Nothing awaits it; let it go on.
            behind.settle(&Fault::default());
            return Ok(());
        };
        if decided.fault.delay_exit.is_zero() || self.stage == Stage::Draining {
            return Ok(self.finish::<N>(behind, &decided, common.record)?);
        }
        let due = later(common.record.now(), decided.fault.delay_exit);
        common.parking.park(due, self.id, Held { decided, place: Place::Behind(behind) });
        Ok(())
    }

    fn finish<N: Trapped>(
        &self,
        behind: N::Return,
        decided: &Decided,
        record: &mut Record,
    ) -> Result<(), journal::Error> {
        let outcome = behind.settle(&decided.fault);
        self.settled(record, decided.seq, outcome)
    }

    /// Goes on with a call whose moment has come.
    pub(crate) fn resume<N: Trapped>(
        &mut self,
        held: Held<N>,
        record: &mut Record,
    ) -> Result<(), journal::Error> {
        match held.place {
            Place::Before(notification) => self.settle(notification, held.decided, record, Spoken::Held),
            Place::Behind(behind) => self.finish::<N>(behind, &held.decided, record),
        }
    }

    /// Writes down that what still runs will not return, for the last tracee is gone.
    pub(crate) fn ended(&mut self, record: &mut Record) -> Result<(), journal::Error> {
        let mut lost: Vec<CallSeq> = self.running.drain().map(|(_, decided)| decided.seq).collect();
        lost.sort_unstable();
        lost.into_iter().try_for_each(|seq| self.settled(record, seq, Outcome::Vanished))
    }

    /// What the plan says of a call.
    fn judge<N: Trapped>(&mut self, call: &Call, now: Nanos, common: &mut Common<'_, N>) -> Judged {
        let not_asked = Judged { decision: Decision::Pass, is_targets: false, caller: None };
        match self.stage {
            Stage::Launching if call.tid == Tid(self.first.0) && call.sysno == Sysno::execve => {
                self.stage = Stage::Running;
                not_asked
            }
            Stage::Launching | Stage::Running => {
                // Any other call means that the target runs: the shim's filtered thread makes none but execve.
                self.stage = Stage::Running;
                let mut facts = Witness::of(call, self.first, common.processes, common.attributor);
                let decision = self.engine.decide(call, now, &mut facts);
                let caller = match self.asks.written {
                    Attribution::All => facts.caller(),
                    Attribution::Fired if decision != Decision::Pass => facts.caller(),
                    // What is decided by it must be there to be decided again.
                    Attribution::Never if self.asks.is_decisive && decision != Decision::Pass => {
                        facts.caller()
                    }
                    Attribution::Fired | Attribution::Never => None,
                };
                Judged { decision, is_targets: true, caller }
            }
            Stage::Draining => not_asked,
        }
    }

    fn settled(&self, record: &mut Record, seq: CallSeq, outcome: Outcome) -> Result<(), journal::Error> {
        record.put(&Entry::Settled { subject: self.id, seq, outcome, at: record.now() })
    }
}

/// What was found out about a call.
struct Judged {
    decision: Decision,
    /// Whether the plan was asked: not where the call is not the target's own, or the run is being ended.
    is_targets: bool,
    caller: Option<Caller>,
}

fn later(at: Nanos, hold: Duration) -> Nanos {
    Nanos(at.0.saturating_add(u64::try_from(hold.as_nanos()).unwrap_or(u64::MAX)))
}

#[expect(clippy::too_many_arguments, reason = "an entry has so many parts, and one place where it is made")]
fn decided<'a>(
    subject: SubjectId,
    seq: CallSeq,
    call: &'a Call,
    decision: Decision,
    matched: &'a [RuleId],
    caller: Option<CallerNumbers>,
    at: Nanos,
    processes: &mut Processes,
) -> Entry<'a> {
    let (pid, args): (_, &[u64]) = match &decision {
        Decision::Pass => (None, &[]),
        Decision::Inject { .. } => (processes.of(call.tid), &call.args),
    };
    Entry::Decided {
        subject,
        seq,
        pid,
        tid: call.tid,
        sysno: call.sysno,
        args: Cow::Borrowed(args),
        matched: Cow::Borrowed(matched),
        decision,
        caller,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use journal::{FORMAT, Header, Mode, Reader};
    use kernel::{Mechanism, Readiness, Scene, Scripted, ScriptedNotification, Settled};
    use model::{Errno, ForcedResult, RunId, Source};
    use policy::Plan;
    use std::cell::RefCell;
    use std::path::PathBuf;
    use std::rc::Rc;
    use std::sync::Arc;

    /// A subject that plays a script, and what can be seen of it from outside.
    struct Play {
        subject: Subject,
        mechanism: Scripted,
        record: Record,
        parking: Parking<Held<ScriptedNotification>>,
        processes: Processes,
        attributor: Attributor,
        roll: Roll,
        settled: Rc<RefCell<Vec<Settled>>>,
        journal: PathBuf,
        _dir: tempfile::TempDir,
    }

    const SHIM: i32 = 7;
    const OTHER: i32 = 8;

    impl Play {
        fn new(spec: &str, script: &[Scene]) -> Play {
            let source = Arc::new(Source { name: "-e".into(), text: spec.into() });
            let (plan, _) = Plan::read(None, &[source]);
            assert_eq!(plan.rules.len(), 1, "{spec}");
            let mechanism = Scripted::new(script.iter().copied());
            let settled = mechanism.settled();
            let dir = tempfile::tempdir().unwrap();
            let journal = dir.path().join("journal");
            let record = Record::create(&journal, &header(), Clock::start()).unwrap();
            let engine = Engine::new(&plan, 1, "x", policy::Counting::AsAsked);
            let asks = Asks { written: Attribution::Never, is_decisive: false };
            Play {
                subject: Subject::new(SubjectId(1), engine, asks, Tgid(SHIM)),
                mechanism,
                record,
                parking: Parking::new(),
                processes: Processes::default(),
                attributor: Attributor::default(),
                roll: Roll::default(),
                settled,
                journal,
                _dir: dir,
            }
        }

        fn serve(&mut self) -> Continues {
            let received = self.mechanism.receive(Readiness::Readable).unwrap();
            let mut common = Common {
                record: &mut self.record,
                parking: &mut self.parking,
                processes: &mut self.processes,
                attributor: &mut self.attributor,
                roll: &mut self.roll,
            };
            self.subject.take(received, &mut common).unwrap()
        }

        fn resume(&mut self) {
            let parked = self.parking.take_any().unwrap();
            self.subject.resume(parked.held, &mut self.record).unwrap();
        }

        fn outcomes(&self) -> Vec<Outcome> {
            let outcome = |entry: Entry<'static>| match entry {
                Entry::Settled { outcome, .. } => Some(outcome),
                _ => None,
            };
            self.entries().into_iter().filter_map(outcome).collect()
        }

        fn entries(&self) -> Vec<Entry<'static>> {
            let mut reader = Reader::open(std::fs::File::open(&self.journal).unwrap()).unwrap();
            std::iter::from_fn(|| reader.next_entry().unwrap()).collect()
        }
    }

    fn header() -> Header {
        Header {
            format: FORMAT,
            duress: String::new(),
            run: RunId("test".into()),
            command: Vec::new(),
            cwd: String::new(),
            mode: Mode::Program,
            whole_tree: false,
            plan: String::new(),
            rules: Vec::new(),
            personas: Vec::new(),
            watch: Vec::new(),
            seed: 1,
            attribution: journal::Attribution::default(),
            timeout_s: None,
            replay_of: None,
            go: None,
            kernel: String::new(),
            mechanism: "scripted".into(),
            started_unix_ms: 0,
        }
    }

    fn call(sysno: Sysno) -> Scene {
        Scene::Call(Tid(OTHER), sysno, [1, 2, 3, 4, 5, 6])
    }

    /// What was done to the calls, one after the other.
    fn faults(play: &Play) -> Vec<Option<Fault>> {
        play.settled.borrow().iter().map(|settled| settled.fault.clone()).collect()
    }

    fn forced(errno: Errno) -> Option<Fault> {
        Some(Fault::forced(ForcedResult::Error(errno)))
    }

    #[test]
    fn a_call_that_is_answered_at_once_as_decided_needs_no_second_entry() {
        let mut play = Play::new("openat:error=ENOSPC:when=2", &[call(Sysno::openat), call(Sysno::openat)]);
        play.serve();
        play.serve();
        assert_eq!(play.serve(), Continues::No);
        assert_eq!(faults(&play), [None, forced(Errno::ENOSPC)]);
        let entries = play.entries();
        assert!(matches!(entries[0], Entry::Decided { decision: Decision::Pass, seq: CallSeq(1), .. }));
        assert!(
            matches!(&entries[1], Entry::Decided { decision: Decision::Inject { occurrence: 2, .. }, args, .. } if args[..] == [1, 2, 3, 4, 5, 6])
        );
        assert_eq!(entries.len(), 2);
    }

    #[test]
    fn a_held_call_is_settled_when_it_is_due_and_not_before() {
        let mut play = Play::new("futex:delay_enter=3600s", &[call(Sysno::futex)]);
        play.serve();
        assert!(play.settled.borrow().is_empty());
        let due = play.parking.next_due().unwrap();
        assert!(play.parking.take_due(Nanos(due.0 - 1)).is_none());
        play.resume();
        assert_eq!(play.outcomes(), [Outcome::Passed]);
        assert!(!play.settled.borrow()[0].was_dropped);
    }

    #[test]
    fn a_lie_is_told_when_the_call_has_returned() {
        let script = [Scene::CallReturning(Tid(OTHER), Sysno::close, [3; 6], 0)];
        let mut play = Play::new("close:lie=EIO", &script);
        play.serve();
        assert_eq!(play.outcomes(), []);
        assert_eq!(play.serve(), Continues::Yes);
        assert_eq!(play.outcomes(), [Outcome::Executed(0)]);
        assert_eq!(play.serve(), Continues::No);
    }

    #[test]
    fn a_delay_behind_a_call_holds_its_return() {
        let script = [Scene::CallReturning(Tid(OTHER), Sysno::close, [3; 6], 7)];
        let mut play = Play::new("close:delay_exit=3600s", &script);
        play.serve();
        assert!(play.parking.next_due().is_none(), "the call runs at once");
        play.serve();
        assert_eq!((play.outcomes(), play.parking.next_due().is_some()), (Vec::new(), true));
        play.resume();
        assert_eq!(play.outcomes(), [Outcome::Executed(7)]);
    }

    #[test]
    fn a_call_that_never_returns_is_written_down_as_vanished() {
        let endless = Scene::EndlessCall(Tid(OTHER), Sysno::exit_group, [0; 6]);
        let mut play = Play::new("exit_group:delay_exit=1ms", &[endless]);
        play.serve();
        play.serve();
        assert_eq!(play.outcomes(), [Outcome::Vanished]);
        // So is one whose mechanism ended before it said so.
        let mut play = Play::new("exit_group:delay_exit=1ms", &[endless]);
        play.serve();
        play.subject.ended(&mut play.record).unwrap();
        assert_eq!(play.outcomes(), [Outcome::Vanished]);
    }

    #[test]
    fn the_launch_itself_is_no_occurrence() {
        let exec = |tid| Scene::Call(Tid(tid), Sysno::execve, [0; 6]);
        let mut play = Play::new("execve:error=E2BIG", &[exec(SHIM), exec(SHIM)]);
        play.serve();
        play.serve();
        assert_eq!(faults(&play), [None, forced(Errno::E2BIG)]);
        assert!(matches!(&play.entries()[0], Entry::Decided { matched, .. } if matched.is_empty()));
    }

    #[test]
    fn a_run_that_is_being_ended_injects_nothing() {
        let mut play = Play::new("openat:error=ENOSPC", &[call(Sysno::openat)]);
        play.subject.drain();
        play.serve();
        assert_eq!(faults(&play), [None]);
    }

    #[test]
    fn a_tracee_that_dies_is_written_down_as_vanished() {
        let doomed = Scene::DoomedCall(Tid(OTHER), Sysno::openat, [0; 6]);
        let mut play = Play::new("openat:error=ENOSPC:when=2", &[doomed, Scene::NotEvenReceived, doomed]);
        for _ in 0..3 {
            play.serve();
        }
        assert_eq!(play.outcomes(), [Outcome::Vanished; 2]);
    }
}
