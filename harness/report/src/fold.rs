//! Entries become facts, one at a time.

use crate::calls::{Calls, Decided};
use crate::cause::{ErrorNames, Line, is_go_tests_own};
use crate::packages::Packages;
use crate::symptoms::Symptoms;
use journal::{Entry, Header};
use model::{Ending, Nanos, SubjectId, Symptom, Tgid};
use std::collections::BTreeMap;

/// One launch of a test binary or program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectReport {
    /// Its number.
    pub subject: SubjectId,
    /// Its name, the same in every run of the same command.
    pub key: String,
    /// Its first process.
    pub pid: Tgid,
    /// The path of its executable.
    pub program: String,
    /// The Go version that built it.
    pub go: Option<String>,
    /// How its first process ended, where that is known.
    pub ending: Option<Ending>,
    /// When it began.
    pub began: Nanos,
    /// When its last process was gone; none if that is not in the journal.
    pub ended: Option<Nanos>,
}

impl SubjectReport {
    /// The import path of the package that its tests are of: its key, without the `#2` of a second launch.
    pub fn package(&self) -> &str {
        match self.key.rsplit_once('#') {
            Some((path, again)) if again.chars().all(|c| c.is_ascii_digit()) => path,
            Some(_) | None => &self.key,
        }
    }
}

/// What the entries so far amount to. Grows with subjects, packages, tests and callers, not with calls or output.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) calls: Calls,
    pub(crate) packages: Packages,
    pub(crate) symptoms: Symptoms,
    pub(crate) subjects: BTreeMap<SubjectId, SubjectReport>,
    /// A fired error can be read in the target's output.
    pub(crate) is_visible: bool,
    pub(crate) timed_out: Option<Vec<SubjectId>>,
    pub(crate) interrupted: Option<i32>,
    pub(crate) aborted: Option<String>,
    pub(crate) command: Option<Ending>,
    pub(crate) stragglers: u32,
    pub(crate) last: Nanos,
    pub(crate) is_closed: bool,
    errors: Vec<ErrorNames>,
}

impl Facts {
    /// Nothing happened yet.
    pub(crate) fn new(header: &Header) -> Facts {
        Facts {
            calls: Calls::new(header),
            packages: Packages::default(),
            symptoms: Symptoms::default(),
            subjects: BTreeMap::new(),
            is_visible: false,
            timed_out: None,
            interrupted: None,
            aborted: None,
            command: None,
            stragglers: 0,
            last: Nanos(0),
            is_closed: false,
            errors: header.rules.iter().map(ErrorNames::of).collect(),
        }
    }

    /// Whether duress itself has begun to end the target: what dies from here on says nothing about it.
    pub(crate) fn is_ended_by_us(&self) -> bool {
        self.timed_out.is_some() || self.interrupted.is_some() || self.aborted.is_some()
    }

    /// Takes one entry in.
    pub(crate) fn take(&mut self, entry: &Entry<'_>) {
        let at = match entry {
            Entry::Subject { subject, key, pid, program, go, at } => {
                let report = SubjectReport {
                    subject: *subject,
                    key: key.to_string(),
                    pid: *pid,
                    program: program.to_string(),
                    go: go.as_ref().map(ToString::to_string),
                    ending: None,
                    began: *at,
                    ended: None,
                };
                self.subjects.insert(*subject, report);
                *at
            }
            Entry::Decided { subject, seq, pid, tid, sysno, args: _, matched, decision, caller, at } => {
                self.calls.decided(&Decided {
                    subject: *subject,
                    seq: *seq,
                    pid: *pid,
                    tid: *tid,
                    sysno: *sysno,
                    matched,
                    decision: decision.clone(),
                    caller: *caller,
                    at: *at,
                });
                *at
            }
            Entry::Settled { subject, seq, outcome, at } => {
                self.calls.settled(*subject, *seq, *outcome);
                *at
            }
            Entry::SubjectEnded { subject, ending, at } => {
                if let Some(subject) = self.subjects.get_mut(subject) {
                    subject.ending = *ending;
                    subject.ended = Some(*at);
                }
                *at
            }
            Entry::Test { package, test, result, elapsed_s, at } => {
                self.packages.ended(package, test.as_deref(), *result, *elapsed_s);
                if test.is_none() && self.is_ended_by_us() {
                    self.packages.result_is_ours(package);
                }
                *at
            }
            Entry::TestStarted { package, test, at } => {
                self.packages.started(package, test);
                *at
            }
            Entry::Output { stream: _, package, test, text, at } => {
                for line in text.lines() {
                    self.look(package.as_deref(), test.as_deref(), line);
                }
                *at
            }
            Entry::Symptom { symptom, package, test, line, at } => {
                self.symptom(*symptom, package.as_deref(), test.as_deref(), line);
                *at
            }
            Entry::TimedOut { subjects, at } => {
                self.timed_out.get_or_insert_with(|| subjects.to_vec());
                *at
            }
            Entry::Interrupted { signal, at } => {
                self.interrupted.get_or_insert(*signal);
                *at
            }
            Entry::CommandEnded { ending, at } => {
                self.command = Some(*ending);
                *at
            }
            Entry::Stragglers { count, at } => {
                self.stragglers = self.stragglers.saturating_add(*count);
                *at
            }
            Entry::Aborted { reason, errno, at } => {
                self.aborted.get_or_insert_with(|| match errno {
                    Some(errno) => format!("{reason} ({errno})"),
                    None => reason.to_string(),
                });
                *at
            }
            Entry::Site { number, site, at } => {
                self.calls.profile.callers.site(*number, site);
                *at
            }
            Entry::Goroutine { number, subject: _, goroutine, at } => {
                self.calls.profile.callers.goroutine(*number, goroutine);
                *at
            }
            Entry::Closed { at } => {
                self.is_closed = true;
                *at
            }
        };
        self.last = self.last.max(at);
    }

    fn look(&mut self, package: Option<&str>, test: Option<&str>, line: &str) {
        let searched = Line::new(line);
        self.packages.look(package, test, line, &searched, &self.errors);
        self.symptoms.look(package, test, line);
        if !self.is_visible && self.calls.faults.fired > 0 && !is_go_tests_own(line) {
            // Only what fired before the line was read can be in it.
            let mut rules = self.errors.iter().zip(&self.calls.rules);
            self.is_visible = rules.any(|(errors, rule)| rule.faults.fired > 0 && searched.names(errors));
        }
    }

    fn symptom(&mut self, symptom: Symptom, package: Option<&str>, test: Option<&str>, line: &str) {
        match symptom {
            Symptom::Message => self.packages.message(package, test, line),
            // Our own SIGQUIT and SIGKILL are no findings.
            Symptom::Signal if self.is_ended_by_us() => {}
            Symptom::Panic
            | Symptom::Fatal
            | Symptom::Signal
            | Symptom::Race
            | Symptom::TestTimeout
            | Symptom::Build => self.symptoms.note(symptom, package, test, line),
        }
    }
}
