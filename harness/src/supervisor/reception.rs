//! How shims and the guard are received: from the first word to a subject whose calls are trapped.

use super::{Event, Phase, Running, Stop, Supervisor, running};
use crate::about::about;
use crate::control::{Guest, Stage};
use crate::exit::{Failure, chain};
use crate::subject::{Asks, Subject};
use journal::Entry;
use kernel::handshake::{Frame, Role, Step, Word};
use kernel::{Mechanism, Notify, SubjectProcess, Trace};
use model::{Errno, SubjectId, Tgid, Tid, Via};
use std::borrow::Cow;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

impl Supervisor<'_> {
    pub(super) fn admit(&mut self) -> Result<(), Stop> {
        while let Some(visitor) = self.door.admit().map_err(Stop::Kernel)? {
            let place = self.guests.iter().position(Option::is_none).unwrap_or(self.guests.len());
            if place == self.guests.len() {
                self.guests.push(None);
            }
            self.watch.add(visitor.descriptor(), Event::Word(place)).map_err(unwatchable)?;
            self.guests[place] = Some(Guest::new(visitor));
        }
        Ok(())
    }

    pub(super) fn hear(&mut self, place: usize) -> Result<(), Stop> {
        let Some(guest) = self.guests.get(place).and_then(Option::as_ref) else { return Ok(()) };
        let stage = guest.stage.clone();
        match guest.hear() {
            Ok(Word::Silence) => Ok(()),
            Ok(Word::Frame(frame, descriptor)) => self.answer(place, &stage, frame, descriptor),
            // It has gone; or something that is no shim of ours knocked, or a shim died in the middle of a word.
            Ok(Word::Closed) | Err(_) => {
                self.watch.forget(Event::Word(place));
                self.guests[place] = None;
                self.guest_gone(&stage)
            }
        }
    }

    fn answer(
        &mut self,
        place: usize,
        stage: &Stage,
        frame: Frame,
        descriptor: Option<OwnedFd>,
    ) -> Result<(), Stop> {
        match (stage, frame) {
            (Stage::Silent, Frame::Hello { role: Role::Guard, .. }) => {
                self.move_on(place, Stage::Guard);
                if let Some(process) = self.orders.attach {
                    self.attach(process)?;
                }
                self.say(place, &Frame::Go)
            }
            (Stage::Silent, Frame::Hello { role: Role::Subject, cwd, program }) => {
                let (cwd, program) = (path_of(cwd), path_of(program));
                let filter = &self.orders.filter;
                if filter.is_empty() {
                    // Nothing is trapped: the shim becomes the target at once, and never speaks again.
                    self.launch(place, &program, &cwd, None)?;
                } else {
                    self.move_on(place, Stage::Filtering { program, cwd });
                }
                let (flags, instructions) = (self.orders.filter_flags, filter.clone());
                self.say(place, &Frame::Program { flags, instructions })
            }
            (Stage::Filtering { program, cwd }, Frame::Listener) => {
                let Some(listener) = descriptor else {
                    self.protocol_broken();
                    return Ok(());
                };
                let mechanism = Notify::new(listener).map_err(Stop::Kernel)?;
                self.launch(place, program, cwd, Some(mechanism))?;
                self.say(place, &Frame::Go)
            }
            (Stage::Filtering { program, cwd }, Frame::Filtered) => {
                self.launch(place, program, cwd, None)?;
                self.say(place, &Frame::Go)
            }
            (Stage::Filtering { program, .. }, Frame::Failed { step, errno }) => {
                self.launch_failed(program, step, errno);
                Ok(())
            }
            (Stage::Becoming { subject }, Frame::Failed { step, errno }) => {
                let program = self.orders.command[0].clone();
                self.launch_failed(Path::new(&program), step, errno);
                self.subject_gone(*subject)
            }
            (Stage::Silent | Stage::Guard, Frame::Failed { step, errno }) => {
                let program = self.orders.command[0].clone();
                self.launch_failed(Path::new(&program), step, errno);
                Ok(())
            }
            (Stage::Guard, Frame::Ended { status }) => self.command_has_ended(status),
            (Stage::Guard, Frame::Swept { count }) => {
                if count > 0 && self.command_ended && self.failure.is_none() && self.interrupted.is_none() {
                    self.record.put(&Entry::Stragglers { count, at: self.record.now() })?;
                }
                self.phase = Phase::Over;
                Ok(())
            }
            (
                Stage::Silent | Stage::Guard | Stage::Filtering { .. } | Stage::Becoming { .. },
                Frame::Hello { .. }
                | Frame::Program { .. }
                | Frame::Listener
                | Frame::Filtered
                | Frame::Go
                | Frame::Ended { .. }
                | Frame::Sweep
                | Frame::Swept { .. },
            ) => {
                self.protocol_broken();
                Ok(())
            }
        }
    }

    fn protocol_broken(&mut self) {
        self.fail(Failure::ours("shim and supervisor do not understand each other"));
    }

    /// A shim that is about to become its target.
    fn launch(
        &mut self,
        place: usize,
        program: &Path,
        cwd: &Path,
        notify: Option<Notify>,
    ) -> Result<(), Stop> {
        let Some(guest) = &self.guests[place] else { return Ok(()) };
        let pid = guest.visitor.pid;
        let trace = if self.orders.interest.needs(Via::Trace) {
            match self.tracer.attach(Tid(pid.0)) {
                Ok(trace) => Some(trace),
                Err(error) => {
                    self.fail(
                        Failure::theirs(format!("cannot trace `{}`: {}", program.display(), chain(&error)))
                            .help("run `duress doctor` to see what this host allows"),
                    );
                    return Ok(());
                }
            }
        } else {
            None
        };
        let subject = self.take_on(pid, program, cwd, notify, trace)?;
        self.move_on(place, Stage::Becoming { subject });
        Ok(())
    }

    /// A process that ran before we came.
    fn attach(&mut self, process: Tgid) -> Result<(), Stop> {
        let link = |name: &str| std::fs::read_link(format!("/proc/{process}/{name}")).unwrap_or_default();
        let (program, cwd) = (link("exe"), link("cwd"));
        match self.tracer.attach_running(process, &self.orders.interest) {
            Ok(trace) => {
                let id = self.take_on(process, &program, &cwd, None, Some(trace))?;
                if let Some(Running { subject: Some(subject), .. }) = running(&mut self.subjects, id) {
                    subject.launched();
                }
            }
            Err(error) => self.fail(
                Failure::theirs(format!("cannot attach to process {process}: {}", chain(&error)))
                    .help("it must be yours, untraced so far, and kernel.yama.ptrace_scope 0 (or you root); see `duress doctor`"),
            ),
        }
        Ok(())
    }

    /// A new subject: written down before its first call can be made.
    fn take_on(
        &mut self,
        pid: Tgid,
        program: &Path,
        cwd: &Path,
        notify: Option<Notify>,
        trace: Option<Trace>,
    ) -> Result<SubjectId, Stop> {
        let id = SubjectId(u32::try_from(self.subjects.len()).unwrap_or(u32::MAX) + 1);
        let about = about(&cwd.join(program));
        let name = about.name.unwrap_or_else(|| match about.go {
            // Before Go 1.24 a test binary does not say what it tests; go starts it in its package's folder.
            Some(_) if program.extension().is_some_and(|extension| extension == "test") => cwd
                .strip_prefix(&self.orders.cwd)
                .unwrap_or(cwd)
                .join(file_name(program))
                .display()
                .to_string(),
            _ => file_name(program),
        });
        let uses = self.keys.entry(name.clone()).and_modify(|uses| *uses += 1).or_insert(1);
        let key = if *uses == 1 { name } else { format!("{name}#{uses}") };
        self.record.put(&Entry::Subject {
            subject: id,
            key: Cow::Borrowed(&key),
            pid,
            program: program.to_string_lossy(),
            go: about.go.as_deref().map(Cow::Borrowed),
            at: self.record.now(),
        })?;
        let is_trapped = notify.is_some() || trace.is_some();
        if is_trapped && self.orders.needs_callers() {
            self.attributor.prepare(&cwd.join(program));
            if let Some(refusal) = self.attributor.refusal() {
                let failure = refusal.failure();
                self.fail(failure);
            }
        }
        let asks = Asks { written: self.orders.attribution, is_decisive: self.orders.needs_callers() };
        let mut subject = is_trapped.then(|| Subject::new(id, self.orders.engine(&key), asks, pid));
        if self.phase != Phase::Running
            && let Some(subject) = &mut subject
        {
            subject.drain();
        }
        // A shim that was killed just now has no process to hold; its mechanism, or the guest's end, says so too.
        let process = SubjectProcess::hold(pid).ok();
        let has_ended = process.is_none() && subject.is_none();
        if let Some(listener) = notify.as_ref().and_then(Notify::descriptor) {
            self.watch.listen(listener, Event::Call(id));
        }
        if let (None, Some(process)) = (&subject, &process) {
            self.watch.add(process.descriptor(), Event::Exit(id)).map_err(unwatchable)?;
        }
        self.subjects.push(Running { subject, notify, trace, process, is_go: about.go.is_some(), has_ended });
        Ok(id)
    }

    fn guest_gone(&mut self, stage: &Stage) -> Result<(), Stop> {
        match stage {
            // The shim's socket is close-on-exec: it has become the target. (Or was killed; its listener says so.)
            Stage::Becoming { subject } => {
                if let Some(Running { subject: Some(subject), .. }) = running(&mut self.subjects, *subject) {
                    subject.launched();
                }
                Ok(())
            }
            Stage::Guard => {
                if self.phase != Phase::Over {
                    // Somebody ended the guard. What it guarded became ours when it died.
                    shim::end_descendants();
                    self.fail(Failure::theirs(
                        "the guard process was ended from outside; the run was given up",
                    ));
                    self.phase = Phase::Over;
                }
                Ok(())
            }
            Stage::Silent | Stage::Filtering { .. } => Ok(()),
        }
    }

    fn launch_failed(&mut self, program: &Path, step: Step, errno: i32) {
        let errno_text = Errno::from_raw(errno).map_or(errno.to_string(), |errno| {
            errno.description().map_or(errno.to_string(), |words| format!("{words} ({errno})"))
        });
        let program = program.display();
        self.fail(match (step, errno) {
            (Step::Exec, libc::ENOENT) => Failure::yours(format!("cannot run `{program}`: {errno_text}"))
                .help("the file was there, so the interpreter that it names (`#!`, or a dynamic loader) is missing"),
            (Step::Exec, _) if !self.orders.personas.is_empty() => {
                Failure::yours(format!("the target cannot start on a host that is {}: {errno_text}", self.orders.personas.join(", ")))
                    .help("there it could not start either; give it more room, or let `duress fuzz env` find the limit")
            }
            (Step::Exec, _) => Failure::yours(format!("cannot run `{program}`: {errno_text}"))
                .help("it was found, but the kernel cannot execute it; is it for another machine, or a script without `#!`?"),
            (Step::InstallFilter, libc::EBUSY) => {
                Failure::theirs(format!("cannot put `{program}` under duress: another supervisor listens to it already"))
                    .help("a tree of processes has room for one seccomp listener; run without the other tool")
            }
            (Step::InstallFilter | Step::NoNewPrivs, _) => {
                Failure::theirs(format!("cannot put a filter on `{program}`: {errno_text}"))
                    .help("run `duress doctor` to see what this host allows")
            }
            (Step::StartThread, _) => Failure::theirs(format!("cannot start a thread beside `{program}`: {errno_text}")),
        });
    }

    /// Says something to a guest.
    fn say(&self, place: usize, frame: &Frame) -> Result<(), Stop> {
        match &self.guests[place] {
            Some(guest) => guest.visitor.say(frame).map_err(Stop::Kernel),
            None => Ok(()),
        }
    }

    fn move_on(&mut self, place: usize, stage: Stage) {
        if let Some(guest) = &mut self.guests[place] {
            guest.stage = stage;
        }
    }
}

fn path_of(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    PathBuf::from(std::ffi::OsString::from_vec(bytes))
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn unwatchable(errno: nix::Error) -> Stop {
    Stop::Kernel(kernel::Error::Talk(errno))
}
