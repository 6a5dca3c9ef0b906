//! One launch under duress: its mechanism, its engine, its calls.

use crate::parking::Parking;
use crate::record::Record;
use journal::Entry;
use kernel::{Answer, Mechanism, Processes, Readiness, Received, Trapped};
use model::{Call, Decision, Fault, Nanos, Outcome, RuleId, SubjectId, Sysno, Tgid, Tid};
use policy::Engine;
use std::borrow::Cow;

/// How a subject treats its calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The shim has not become the target yet; its `execve` is ours, not the target's, and no occurrence of anything.
    Launching {
        /// The shim's process.
        shim: Tid,
    },
    /// Every call is judged.
    Running,
    /// The run is being ended: calls pass, so that the target can say what it has to say.
    Draining,
}

/// A subject whose calls are trapped.
#[derive(Debug)]
pub(crate) struct Subject<M> {
    id: SubjectId,
    mechanism: M,
    engine: Engine,
    stage: Stage,
}

/// Whether a subject goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Continues {
    Yes,
    No,
}

/// Why serving a call failed.
#[derive(Debug)]
pub(crate) enum ServeError {
    /// The decision could not be written down, so nothing may be settled any more.
    Journal(journal::Error),
    /// The kernel failed us.
    Kernel(kernel::Error),
}

impl From<journal::Error> for ServeError {
    fn from(error: journal::Error) -> ServeError {
        ServeError::Journal(error)
    }
}

impl<M: Mechanism> Subject<M> {
    pub(crate) fn new(id: SubjectId, mechanism: M, engine: Engine, shim: Tgid) -> Subject<M> {
        Subject { id, mechanism, engine, stage: Stage::Launching { shim: Tid(shim.0) } }
    }

    /// What the loop waits on.
    pub(crate) fn mechanism(&self) -> &M {
        &self.mechanism
    }

    /// The shim became the target, or never will.
    pub(crate) fn launched(&mut self) {
        if matches!(self.stage, Stage::Launching { .. }) {
            self.stage = Stage::Running;
        }
    }

    /// From now on every call passes.
    pub(crate) fn drain(&mut self) {
        self.stage = Stage::Draining;
    }

    /// Receives the call that waits, decides, writes the decision down, and settles or parks the call.
    pub(crate) fn serve(
        &mut self,
        ready: Readiness,
        record: &mut Record,
        parking: &mut Parking<M>,
        processes: &mut Processes,
    ) -> Result<Continues, ServeError> {
        let notification = match self.mechanism.receive(ready).map_err(ServeError::Kernel)? {
            Received::Gone => return Ok(Continues::No),
            Received::Nothing => return Ok(Continues::Yes),
            Received::Call(notification) => notification,
        };
        let call = *notification.call();
        let judged = self.judge(&call);
        let decision = judged.unwrap_or(Decision::Pass);
        let matched = if judged.is_some() { self.engine.matched() } else { &[] };
        let at = record.now();
        if let Err(error) = record.put(&decided(self.id, &call, decision, matched, at, processes)) {
            // Its caller sleeps until the run is ended, which follows.
            parking.park(Nanos(u64::MAX), self.id, notification, Answer::Continue);
            return Err(error.into());
        }
        match decision {
            Decision::Pass => {
                let outcome = notification.settle(Answer::Continue);
                if outcome != Outcome::Passed {
                    settled(record, self.id, &call, outcome)?;
                }
            }
            Decision::Inject { fault, .. } => {
                let answer = answer_of(&fault);
                if fault.hold().is_zero() {
                    settled(record, self.id, &call, notification.settle(answer))?;
                } else {
                    let hold = u64::try_from(fault.hold().as_nanos()).unwrap_or(u64::MAX);
                    parking.park(Nanos(at.0.saturating_add(hold)), self.id, notification, answer);
                }
            }
        }
        Ok(Continues::Yes)
    }

    /// What the plan says of a call; nothing where the call is not the target's, or the run is being ended.
    fn judge(&mut self, call: &Call) -> Option<Decision> {
        match self.stage {
            Stage::Launching { shim } if call.tid == shim && call.sysno == Sysno::execve => {
                self.stage = Stage::Running;
                None
            }
            Stage::Launching { .. } | Stage::Running => {
                // Any other call means that the target runs: the shim's filtered thread makes none but execve.
                self.stage = Stage::Running;
                Some(self.engine.decide(call))
            }
            Stage::Draining => None,
        }
    }
}

fn decided<'a>(
    subject: SubjectId,
    call: &'a Call,
    decision: Decision,
    matched: &'a [RuleId],
    at: Nanos,
    processes: &mut Processes,
) -> Entry<'a> {
    let (pid, args): (_, &[u64]) = match decision {
        Decision::Pass => (None, &[]),
        Decision::Inject { .. } => (processes.of(call.tid), &call.args),
    };
    Entry::Decided {
        subject,
        seq: call.seq,
        pid,
        tid: call.tid,
        sysno: call.sysno,
        args: Cow::Borrowed(args),
        matched: Cow::Borrowed(matched),
        decision,
        at,
    }
}

/// Settles a parked call and writes down what came of it.
pub(crate) fn settle_parked<N: Trapped>(
    parked: crate::parking::Parked<N>,
    record: &mut Record,
) -> Result<(), journal::Error> {
    let call = *parked.notification.call();
    let outcome = parked.notification.settle(parked.answer);
    settled(record, parked.subject, &call, outcome)
}

fn settled(
    record: &mut Record,
    subject: SubjectId,
    call: &Call,
    outcome: Outcome,
) -> Result<(), journal::Error> {
    record.put(&Entry::Settled { subject, seq: call.seq, outcome, at: record.now() })
}

fn answer_of(fault: &Fault) -> Answer {
    fault.result.map_or(Answer::Continue, Answer::Force)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use journal::{FORMAT, Header, Mode, Reader};
    use kernel::{Scene, Scripted, Settled};
    use model::{Errno, ForcedResult, RunId, Source};
    use policy::Plan;
    use std::cell::RefCell;
    use std::path::PathBuf;
    use std::rc::Rc;
    use std::sync::Arc;

    /// A subject that plays a script, and what can be seen of it from outside.
    struct Play {
        subject: Subject<Scripted>,
        record: Record,
        parking: Parking<Scripted>,
        processes: Processes,
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
            let engine = Engine::new(&plan, 1, "x");
            Play {
                subject: Subject::new(SubjectId(1), mechanism, engine, Tgid(SHIM)),
                record,
                parking: Parking::new(),
                processes: Processes::default(),
                settled,
                journal,
                _dir: dir,
            }
        }

        fn serve(&mut self) -> Continues {
            let ready = Readiness::Readable;
            self.subject.serve(ready, &mut self.record, &mut self.parking, &mut self.processes).unwrap()
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
            watch: Vec::new(),
            seed: 1,
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

    #[test]
    fn an_injected_call_is_decided_then_settled_and_both_are_written() {
        let mut play = Play::new("openat:error=ENOSPC:when=2", &[call(Sysno::openat), call(Sysno::openat)]);
        play.serve();
        play.serve();
        assert_eq!(play.serve(), Continues::No);
        let answers: Vec<Answer> = play.settled.borrow().iter().map(|settled| settled.answer).collect();
        let forced = Answer::Force(ForcedResult::Error(Errno::ENOSPC));
        assert_eq!(answers, [Answer::Continue, forced]);
        let entries = play.entries();
        assert!(matches!(entries[0], Entry::Decided { decision: Decision::Pass, .. }));
        assert!(
            matches!(&entries[1], Entry::Decided { decision: Decision::Inject { occurrence: 2, .. }, args, .. } if args[..] == [1, 2, 3, 4, 5, 6])
        );
        assert!(matches!(entries[2], Entry::Settled { outcome: Outcome::Injected, .. }));
        assert_eq!(entries.len(), 3, "a call that passed needs no second entry");
    }

    #[test]
    fn a_held_call_is_settled_when_it_is_due_and_not_before() {
        let mut play = Play::new("futex:delay_enter=3600s", &[call(Sysno::futex)]);
        play.serve();
        assert!(play.settled.borrow().is_empty());
        let due = play.parking.next_due().unwrap();
        assert!(play.parking.take_due(Nanos(due.0 - 1)).is_none());
        let parked = play.parking.take_due(due).unwrap();
        settle_parked(parked, &mut play.record).unwrap();
        assert_eq!(play.settled.borrow()[0].outcome, Outcome::Passed);
        assert!(!play.settled.borrow()[0].was_dropped);
        assert!(matches!(play.entries()[1], Entry::Settled { outcome: Outcome::Passed, .. }));
    }

    #[test]
    fn the_launch_itself_is_no_occurrence() {
        let exec = |tid| Scene::Call(Tid(tid), Sysno::execve, [0; 6]);
        let mut play = Play::new("execve:error=E2BIG", &[exec(SHIM), exec(SHIM)]);
        play.serve();
        play.serve();
        let answers: Vec<Answer> = play.settled.borrow().iter().map(|settled| settled.answer).collect();
        assert_eq!(answers, [Answer::Continue, Answer::Force(ForcedResult::Error(Errno::E2BIG))]);
        assert!(matches!(&play.entries()[0], Entry::Decided { matched, .. } if matched.is_empty()));
    }

    #[test]
    fn a_run_that_is_being_ended_injects_nothing() {
        let mut play = Play::new("openat:error=ENOSPC", &[call(Sysno::openat)]);
        play.subject.drain();
        play.serve();
        assert_eq!(play.settled.borrow()[0].answer, Answer::Continue);
    }

    #[test]
    fn a_tracee_that_dies_is_written_down_as_vanished() {
        let doomed = Scene::DoomedCall(Tid(OTHER), Sysno::openat, [0; 6]);
        let mut play = Play::new("openat:error=ENOSPC:when=2", &[doomed, Scene::NotEvenReceived, doomed]);
        for _ in 0..3 {
            play.serve();
        }
        let vanished = |entry: &Entry<'_>| matches!(entry, Entry::Settled { outcome: Outcome::Vanished, .. });
        assert_eq!(play.entries().iter().filter(|entry| vanished(entry)).count(), 2);
    }
}
