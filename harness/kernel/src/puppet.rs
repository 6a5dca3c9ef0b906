//! A process to be traced: this test binary, which runs the same test again and takes the other part in it.
//!
//! A test says in one place what the traced process does and what is done to it. It finds out by its environment which part
//! it has to play. What the traced process has to say comes back line by line.

use crate::filter::Filter;
use crate::mechanism::{Mechanism, Readiness, Received, Returned, Settling, Trapped};
use crate::sys::{ptrace, seccomp};
use crate::{Behind, Stopped, Trace, Tracer};
use model::{Call, Fault, Interest, Outcome, Sieve, Sysno, Tgid, Tid, Via};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStderr, Command, Stdio};

/// The variable that says which part to play.
const PART: &str = "DURESS_PUPPET";
/// The part of the traced process.
const PUPPET: &str = "puppet";
/// The part of a tracer that is not the test itself.
const TRACER: &str = "tracer";

/// The traced process and everything around it.
pub(crate) struct Puppet {
    pub(crate) tracer: Tracer,
    pub(crate) trace: Trace,
    /// The thread that plays the script; not the first of its process, which is the test harness's and not traced.
    pub(crate) tid: Tid,
    pub(crate) process: Tgid,
    pub(crate) shell: Shell,
}

/// A process that can be spoken with.
pub(crate) struct Shell {
    child: Child,
    heard: BufReader<ChildStderr>,
}

/// What a process under trace says.
pub(crate) fn say(what: impl std::fmt::Debug) {
    std::io::stderr().write_all(format!("> {what:?}\n").as_bytes()).unwrap();
}

/// Waits until it is told something.
pub(crate) fn listen() -> String {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

pub(crate) fn sysno(name: &str) -> Sysno {
    Sysno::from_name(name).unwrap()
}

pub(crate) fn interest(calls: &[&str]) -> Interest {
    let mut interest = Interest::default();
    for name in calls {
        interest.trap(sysno(name), Via::Trace, Sieve::always());
    }
    interest.let_kill();
    interest
}

/// Whether this process plays a part, or is the one who looks at it.
fn part() -> Option<String> {
    std::env::var(PART).ok()
}

/// Whether this process is the traced one.
pub(crate) fn is_puppet() -> bool {
    part().as_deref() == Some(PUPPET)
}

/// Whether this process plays the tracer.
pub(crate) fn is_tracer() -> bool {
    part().as_deref() == Some(TRACER)
}

/// Whether processes can be traced here; says so if not.
pub(crate) fn is_possible() -> bool {
    let Err(obstacle) = crate::probe::Probe::take().trace() else { return true };
    let required = std::env::var("DURESS_REQUIRE").unwrap_or_default();
    assert!(!required.split(',').any(|need| need == "trace"), "needs trace: {obstacle:?}");
    let line = format!("skipped: needs trace: {obstacle:?}\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    false
}

impl Shell {
    /// Starts this test again in another process, to play this part.
    fn play(part: &str) -> Shell {
        let thread = std::thread::current();
        let test = thread.name().expect("a test runs in a thread of its name");
        #[expect(clippy::disallowed_methods, reason = "a test needs a process to trace")]
        let mut child = Command::new("sh")
            // A shell in between, to tell how it ended: whoever traces a process cannot also wait for it as its parent.
            .args(["-c", "\"$0\" \"$@\"; echo \"> ended $?\" >&2"])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", test, "--test-threads=1", "--nocapture"])
            .env(PART, part)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let heard = BufReader::new(child.stderr.take().unwrap());
        Shell { child, heard }
    }

    pub(crate) fn id(&self) -> i32 {
        self.child.id().cast_signed()
    }

    pub(crate) fn tell(&mut self, what: &str) {
        let to = self.child.stdin.as_mut().unwrap();
        writeln!(to, "{what}").unwrap();
    }

    /// The next thing said; nothing when all are gone who could say something.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.heard.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some(said) = line.trim_end().strip_prefix("> ") {
                return Some(said.to_owned());
            }
        }
    }

    /// A number said next.
    pub(crate) fn hear_number(&mut self) -> i32 {
        self.hear().expect("something is said").parse().unwrap()
    }

    /// The process and thread that play the script, which now wait for a word.
    pub(crate) fn meet(&mut self) -> (Tgid, Tid) {
        (Tgid(self.hear_number()), Tid(self.hear_number()))
    }

    /// Everything said until the end.
    pub(crate) fn hear_all(mut self) -> Vec<String> {
        drop(self.child.stdin.take());
        std::iter::from_fn(|| self.hear()).collect()
    }
}

/// Plays a script in a process of its own, where this is not yet that process.
pub(crate) fn play(script: impl FnOnce(), filter: Option<&Interest>) -> Option<Shell> {
    match part().as_deref() {
        Some(PUPPET) => {
            // Nothing that goes wrong keeps a test waiting for ever.
            nix::unistd::alarm::set(60);
            say(std::process::id());
            say(nix::unistd::gettid().as_raw());
            listen();
            if let Some(interest) = filter {
                let program = Filter::compile(interest).unwrap().raw();
                seccomp::no_new_privs().unwrap();
                seccomp::put_on(&program).unwrap();
            }
            script();
            None
        }
        _ if is_possible() => Some(Shell::play(PUPPET)),
        _ => None,
    }
}

/// Takes part in a test as the tracer, in a process that can be killed; gives that to whoever looks at it.
pub(crate) fn trace_elsewhere(tracer: impl FnOnce()) -> Option<Shell> {
    match part() {
        Some(_) => {
            tracer();
            None
        }
        None if is_possible() => Some(Shell::play(TRACER)),
        None => None,
    }
}

impl Puppet {
    /// Plays a script in a process whose calls by these names are trapped; gives it to the other part of the test.
    pub(crate) fn start(calls: &[&str], script: impl FnOnce()) -> Option<Puppet> {
        let mut shell = play(script, Some(&interest(calls)))?;
        let (process, tid) = shell.meet();
        let tracer = Tracer::new();
        let trace = tracer.attach(tid).unwrap();
        shell.tell("go");
        Some(Puppet { tracer, trace, tid, process, shell })
    }

    /// Plays a script in a process that is not traced yet; gives that.
    pub(crate) fn start_untraced(script: impl FnOnce()) -> Option<(Shell, Tgid)> {
        let mut shell = play(script, None)?;
        let (process, _) = shell.meet();
        shell.tell("go");
        Some((shell, process))
    }

    /// Waits for the next thing to receive.
    pub(crate) fn receive(&mut self) -> Received<Stopped> {
        receive(&self.tracer, &mut self.trace)
    }

    /// Waits for a call; there must be one.
    pub(crate) fn call(&mut self) -> Stopped {
        match self.receive() {
            Received::Call(stopped) => stopped,
            other => panic!("{other:?} instead of a call"),
        }
    }

    /// Waits for a return; there must be one.
    pub(crate) fn returned(&mut self) -> Behind {
        match self.receive() {
            Received::Returned(behind) => behind,
            other => panic!("{other:?} instead of a return"),
        }
    }

    /// Does to each call what is decided, until all threads are gone; gives what came of each.
    pub(crate) fn drive(&mut self, mut decide: impl FnMut(&Call) -> Fault) -> Vec<Outcome> {
        let mut outcomes = Vec::new();
        let mut running: Vec<(Tid, Fault)> = Vec::new();
        loop {
            match self.receive() {
                Received::Call(stopped) => {
                    let (tid, fault) = (stopped.call().tid, decide(stopped.call()));
                    match stopped.settle(&fault) {
                        Settling::Done(outcome) => outcomes.push(outcome),
                        Settling::Running => running.push((tid, fault)),
                    }
                }
                Received::Returned(behind) => {
                    let place = running.iter().position(|(tid, _)| *tid == behind.tid()).unwrap();
                    let (_, fault) = running.swap_remove(place);
                    outcomes.push(behind.settle(&fault));
                }
                Received::Lost(tid) => {
                    running.retain(|(running, _)| *running != tid);
                    outcomes.push(Outcome::Vanished);
                }
                Received::Nothing => panic!("waiting ends with something"),
                Received::Gone => {
                    assert_eq!(self.trace.dropped(), 0);
                    assert!(running.is_empty(), "each call comes back");
                    return outcomes;
                }
            }
        }
    }

    /// Does the same to every call; gives what came of each, and everything that was said.
    pub(crate) fn suffer(mut self, fault: &Fault) -> (Vec<Outcome>, Vec<String>) {
        let outcomes = self.drive(|_| fault.clone());
        (outcomes, self.shell.hear_all())
    }
}

/// Waits for the next thing to receive.
pub(crate) fn receive(tracer: &Tracer, trace: &mut Trace) -> Received<Stopped> {
    loop {
        match trace.receive(Readiness::Readable).unwrap() {
            Received::Nothing => {
                assert!(ptrace::await_status(), "nobody is left who could do something");
                tracer.pump();
            }
            other => return other,
        }
    }
}
