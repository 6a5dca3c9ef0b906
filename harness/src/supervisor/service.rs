//! How calls are served: received from whichever mechanism has one, judged, settled or parked.

use super::{Running, Stop, Supervisor, running};
use crate::caught::{Caught, notified, traced};
use crate::parking::Parked;
use crate::subject::{Common, Continues, Held};
use kernel::{Mechanism, Readiness};
use model::SubjectId;

/// How often it is looked for another stop before anything else has its turn: less than a millisecond. Looking costs a
/// wait4(2); asking the kernel to tell us costs a ppoll(2) and a read(2) more, and another wake-up.
const STRETCH: u32 = 100;

/// How often it is looked in vain.
const LOOKS: u32 = 50;

impl Supervisor<'_> {
    /// A listener is ready: a call waits, or the last process is gone.
    pub(super) fn notified(&mut self, id: SubjectId, ready: Readiness) -> Result<(), Stop> {
        let Some(Running { subject: Some(subject), notify, trace, .. }) = running(&mut self.subjects, id)
        else {
            return Ok(());
        };
        let Some(mechanism) = notify else { return Ok(()) };
        let received = notified(mechanism.receive(ready).map_err(Stop::Kernel)?);
        let mut common = Common {
            record: &mut self.record,
            parking: &mut self.parking,
            processes: &mut self.processes,
            attributor: &mut self.attributor,
            roll: &mut self.roll,
        };
        match subject.take(received, &mut common)? {
            Continues::Yes | Continues::Idle => Ok(()),
            // The tracer tells the end too, and may still have something to say.
            Continues::No if trace.is_some() => {
                self.watch.forget(super::Event::Call(id));
                Ok(())
            }
            Continues::No => self.subject_gone(id),
        }
    }

    /// Traced threads have stopped or ended.
    pub(super) fn stopped(&mut self) -> Result<(), Stop> {
        if let Some(stops) = &mut self.stops {
            // One read forgets them all: the signal is pending once, however many threads stopped.
            let _ = stops.read_signal();
        }
        let mut looks = 0;
        for _ in 0..STRETCH {
            if self.tracer.pump() {
                looks = 0;
                for id in (1..).map(SubjectId).take(self.subjects.len()) {
                    self.serve_traced(id)?;
                }
            }
            looks += 1;
            if looks > LOOKS {
                break;
            }
            // A thread that was let go mostly stops again at once, behind its call or before the next; where there is one CPU
            // for both of us, only if we let it.
            std::thread::yield_now();
        }
        Ok(())
    }

    fn serve_traced(&mut self, id: SubjectId) -> Result<(), Stop> {
        loop {
            let Some(Running { subject: Some(subject), trace: Some(trace), .. }) =
                running(&mut self.subjects, id)
            else {
                return Ok(());
            };
            let received = traced(trace.receive(Readiness::Readable).map_err(Stop::Kernel)?);
            let mut common = Common {
                record: &mut self.record,
                parking: &mut self.parking,
                processes: &mut self.processes,
                attributor: &mut self.attributor,
                roll: &mut self.roll,
            };
            match subject.take(received, &mut common)? {
                Continues::Yes => {}
                Continues::Idle => return Ok(()),
                Continues::No => return self.subject_gone(id),
            }
        }
    }

    /// Goes on with a call whose moment has come.
    pub(super) fn resume(&mut self, parked: Parked<Held<Caught>>) -> Result<(), journal::Error> {
        match running(&mut self.subjects, parked.subject) {
            Some(Running { subject: Some(subject), .. }) => subject.resume(parked.held, &mut self.record),
            // Only subjects park; dropped, the call is passed on and counted.
            Some(_) | None => Ok(()),
        }
    }

    /// Lets processes go that were not started by us, before those that were are ended.
    pub(super) fn let_go(&mut self) -> Result<(), Stop> {
        if self.orders.attach.is_none() {
            return Ok(());
        }
        self.release_all()?;
        for running in &self.subjects {
            if let Some(trace) = &running.trace {
                self.tracer.detach(trace);
            }
        }
        Ok(())
    }
}
