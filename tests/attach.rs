//! `-p PID`: faults for a process that runs already, which lives on when it is let go.

#![expect(clippy::disallowed_methods, reason = "these tests are about a process that is there before duress")]

use e2e::{Duress, Fired, Module, Need, Outcome, Started, has, victim, wait_until, worker};
use nix::sys::signal::{Signal, kill};
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const NEEDS: &[Need] = &[Need::Go, Need::Notify, Need::Trace, Need::Attach];

// Errors as the server says them.
const EPERM: i32 = 1;

/// A process that ends with this, whatever becomes of the test.
struct Ours(Child);

impl Drop for Ours {
    fn drop(&mut self) {
        // Where it ended already there is nothing to do.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// A server with many threads.
struct Server {
    child: Ours,
    port: u16,
}

impl Server {
    fn start() -> Server {
        let child =
            Command::new(worker()).args(["serve", "40"]).stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let mut child = Ours(child);
        BufReader::new(child.0.stdout.take().expect("it is a pipe"))
            .read_line(&mut line)
            .expect("it is a pipe");
        let port = line.trim().strip_prefix("port ").and_then(|port| port.parse().ok());
        let server = Server { child, port: port.unwrap_or_else(|| panic!("the server said {line}")) };
        wait_until("its threads are there", || server.tracers().len() >= 40);
        server
    }

    fn pid(&self) -> String {
        self.child.0.id().to_string()
    }

    fn connect(&self) -> TcpStream {
        let connection = TcpStream::connect(("127.0.0.1", self.port)).expect("it serves");
        connection.set_read_timeout(Some(Duration::from_secs(20))).expect("a time limit");
        connection
    }

    /// The errors that its next calls have, over one connection.
    fn ask(&self, times: usize) -> Vec<i32> {
        let mut connection = BufReader::new(self.connect());
        let mut ask = || {
            connection.get_mut().write_all(b"ask").expect("it reads");
            let mut line = String::new();
            connection.read_line(&mut line).expect("it answers");
            let errno = line.trim().strip_prefix("errno ").and_then(|errno| errno.parse().ok());
            errno.unwrap_or_else(|| panic!("the server said `{line}`"))
        };
        (0..times).map(|_| ask()).collect()
    }

    /// Who traces each of its threads; 0 where nobody does.
    fn tracers(&self) -> Vec<i32> {
        let threads =
            fs::read_dir(format!("/proc/{}/task", self.child.0.id())).into_iter().flatten().flatten();
        let status = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
        let tracer = |status: String| {
            let line = status.lines().find_map(|line| line.strip_prefix("TracerPid:"));
            line.and_then(|text| text.trim().parse().ok()).expect("proc(5) names a tracer")
        };
        status.map(tracer).collect()
    }

    /// Starts a duress that attaches, and waits until it has.
    fn attach(&self, rules: &[&str]) -> Started {
        let started = attaching(&self.pid(), &["--format", "json"], rules, &[]).start();
        wait_until("all threads are traced", || self.tracers().iter().all(|tracer| *tracer != 0));
        started
    }
}

/// `duress run FLAGS… -p PID RULES…`. Signals that the shell of this test ignores would be ignored by duress, too.
fn attaching(pid: &str, flags: &[&str], rules: &[&str], rest: &[&str]) -> Duress {
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = [&["run"], flags, &["-p", pid], &rules, rest].concat();
    Duress::new(&std::env::temp_dir(), line).under(&["env", "--default-signal=INT,TERM,HUP"])
}

fn refused(pid: &str, rules: &[&str], rest: &[&str]) -> Outcome {
    attaching(pid, &["--timeout", "10s"], rules, rest).run()
}

#[test]
fn faults_befall_a_running_server_and_it_lives_on_when_it_is_let_go() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    assert_eq!(server.ask(3), [0, 0, 0]);
    for (signal, code) in [(Signal::SIGINT, 130), (Signal::SIGTERM, 143), (Signal::SIGINT, 130)] {
        let duress = server.attach(&["getpgid:error=EPERM:when=2+2", "getsid:lie=7"]);
        assert_eq!(server.ask(5), [0, EPERM, 0, EPERM, 0]);
        kill(duress.pid(), signal).expect("it runs");
        let outcome = duress.finish();
        let json = outcome.expect_code(code).json();
        assert_eq!(Fired::occurrences(&outcome, "rule-1"), [2, 4], "{outcome:?}");
        assert_eq!(
            (&json["mechanism"], &json["faults"]["matched"]),
            (&"trace".into(), &5.into()),
            "{outcome:?}"
        );
        assert_eq!((&json["stragglers"], &json["complete"]), (&0.into(), &true.into()), "{outcome:?}");
        // Nothing of duress is left in it.
        assert!(server.tracers().iter().all(|tracer| *tracer == 0), "{outcome:?}");
        assert_eq!(server.ask(3), [0, 0, 0], "{outcome:?}");
    }
}

#[test]
fn a_call_that_is_held_is_made_when_duress_lets_go() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    let duress = server.attach(&["getpgid:delay_enter=3600s"]);
    let mut connection = BufReader::new(server.connect());
    connection.get_mut().write_all(b"ask").expect("it reads");
    let run = duress.run_dir().expect("it has begun");
    let is_held = || {
        let Ok(file) = fs::File::open(run.join("journal.duress")) else { return false };
        let Ok(mut reader) = journal::Reader::open(BufReader::new(file)) else { return false };
        std::iter::from_fn(|| reader.next_entry().expect("the file can be read"))
            .any(|entry| matches!(entry, journal::Entry::Decided { .. }))
    };
    wait_until("the call is held", is_held);
    kill(duress.pid(), Signal::SIGINT).expect("it runs");
    let mut line = String::new();
    connection.read_line(&mut line).expect("it answers");
    assert_eq!(line, "errno 0\n");
    let outcome = duress.finish();
    assert_eq!(outcome.json()["complete"], true, "{outcome:?}");
    assert_eq!(server.ask(2), [0, 0]);
}

#[test]
fn when_the_process_ends_duress_does() {
    if !has(NEEDS) {
        return;
    }
    let mut server = Server::start();
    let duress = server.attach(&["getpgid:error=EPERM"]);
    assert_eq!(server.ask(2), [EPERM, EPERM]);
    server.connect().write_all(b"end").expect("it reads");
    assert!(server.child.0.wait().expect("it is ours").success());
    let outcome = duress.finish();
    let json = outcome.expect_code(0).json();
    assert_eq!((&json["faults"]["fired"], &json["complete"]), (&2.into(), &true.into()), "{outcome:?}");
}

#[test]
fn the_time_limit_lets_the_process_go() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    let duress =
        attaching(&server.pid(), &["--format", "json", "--timeout", "2s"], &["getpgid:error=EPERM"], &[])
            .start();
    wait_until("all threads are traced", || server.tracers().iter().all(|tracer| *tracer != 0));
    assert_eq!(server.ask(2), [EPERM, EPERM]);
    let outcome = duress.finish();
    // It is asked for, and no hang.
    let json = outcome.expect_code(0).json();
    assert_eq!((&json["verdict"], &json["timed_out"]), (&"unaffected".into(), &false.into()), "{outcome:?}");
    assert_eq!(server.ask(2), [0, 0], "{outcome:?}");
}

#[test]
fn a_run_that_attached_is_shown_and_cannot_be_replayed() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    let duress = server.attach(&["getpgid:error=EPERM"]);
    assert_eq!(server.ask(2), [EPERM, EPERM]);
    kill(duress.pid(), Signal::SIGINT).expect("it runs");
    let outcome = duress.finish();
    let run = |verb| Duress::new(&std::env::temp_dir(), [verb, "last"]).home_of(&outcome).run();
    run("show")
        .expect_code(0)
        .expect_stdout(&["2 faults fired in 2 matched calls", "interrupted by signal 2"]);
    run("replay")
        .expect_code(2)
        .expect_stderr(&["error: a run that attached to a process cannot be replayed", "help: "]);
}

/// Without a rule nothing needs ptrace but to see the end.
#[test]
fn without_rules_duress_only_waits_for_the_end() {
    if !has(NEEDS) {
        return;
    }
    let mut server = Server::start();
    let duress = server.attach(&[]);
    assert_eq!(server.ask(2), [0, 0]);
    server.connect().write_all(b"end").expect("it reads");
    assert!(server.child.0.wait().expect("it is ours").success());
    duress.finish().expect_code(0);
}

#[test]
fn sigkill_of_duress_lets_the_process_live() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    let duress = server.attach(&["getpgid:error=EPERM"]);
    assert_eq!(server.ask(1), [EPERM]);
    kill(duress.pid(), Signal::SIGKILL).expect("it runs");
    wait_until("nobody traces it", || server.tracers().iter().all(|tracer| *tracer == 0));
    assert_eq!(server.ask(2), [0, 0]);
    duress.finish();
}

#[test]
fn threads_and_children_that_come_later_are_under_duress() {
    if !has(NEEDS) {
        return;
    }
    let folder = Module::new(&[]);
    let child = Command::new("sh")
        .args(["-c", "read go; \"$0\" call; \"$0\" tree 1 top; exec \"$0\" call", worker()])
        .current_dir(folder.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("there is a shell");
    let mut child = Ours(child);
    let duress =
        attaching(&child.0.id().to_string(), &["--format", "json"], &["getpgid:error=EPERM"], &[]).start();
    let status = format!("/proc/{}/status", child.0.id());
    let is_traced = || !fs::read_to_string(&status).expect("it waits").contains("TracerPid:\t0\n");
    wait_until("it is traced", is_traced);
    drop(child.0.stdin.take());
    let mut said = String::new();
    child.0.stdout.take().expect("it is a pipe").read_to_string(&mut said).expect("it is a pipe");
    assert_eq!(said, "called 1\ntree fine\ncalled 1\n");
    assert!(child.0.wait().expect("it is ours").success());
    let outcome = duress.finish();
    assert_eq!(outcome.expect_code(0).json()["faults"]["fired"], 5, "{outcome:?}");
}

#[test]
fn what_cannot_be_attached_to_is_said() {
    if !has(NEEDS) {
        return;
    }
    let rules = ["getpgid:error=EPERM"];
    refused("4194304", &rules, &[])
        .expect_code(2)
        .expect_stderr(&["error: there is no process 4194304", "help: "]);
    refused("0", &rules, &[]).expect_code(2).expect_stderr(&["error: "]);
    refused("server", &rules, &[]).expect_code(2).expect_stderr(&["error: "]);
    refused("1", &rules, &["--", "true"]).expect_code(2).expect_stderr(&[
        "error: ",
        "'--attach <PID>'",
        "[COMMAND]",
    ]);
    let server = Server::start();
    let duress = server.attach(&rules);
    refused(&server.pid(), &rules, &[]).expect_code(3).expect_stderr(&[
        "error: cannot attach to process ",
        "EPERM",
        "help: it must be yours, untraced so far",
    ]);
    assert_eq!(server.ask(1), [EPERM], "the first is not disturbed");
    kill(duress.pid(), Signal::SIGINT).expect("it runs");
    duress.finish();
}

#[test]
fn faults_that_a_running_process_cannot_have_are_refused() {
    if !has(NEEDS) {
        return;
    }
    let server = Server::start();
    let check = |rule: &str, texts: &[&str]| {
        refused(&server.pid(), &[rule], &[]).expect_code(2).expect_stderr(texts).expect_stderr(&["help: "]);
        assert_eq!(server.ask(1), [0], "{rule}");
    };
    check(
        "getpgid:error=EPERM:quiet",
        &["error: rule `rule-1` is quiet, and a process that runs already takes no filter"],
    );
    check("openat:text=x", &["error: rule `rule-1` needs opening a file of ours in the target"]);
    check("getpgid:kill=process", &["error: rule `rule-1` needs "]);
    let line = ["--mechanism", "notify", "--timeout", "10s"];
    let notify = attaching(&server.pid(), &line, &["getpgid:error=EPERM"], &[]).run();
    notify
        .expect_code(2)
        .expect_stderr(&["error: --mechanism notify cannot serve a process that runs already", "help: "]);
}

/// The first thread may be gone already; what is left of the process is attached to.
#[test]
fn a_process_without_its_first_thread_can_be_attached_to() {
    if !has(NEEDS) {
        return;
    }
    let child = Command::new(victim()).arg("headless").stdout(Stdio::piped()).spawn().expect("it starts");
    let mut child = Ours(child);
    let stat = format!("/proc/{}/stat", child.0.id());
    wait_until("its first thread ended", || {
        fs::read_to_string(&stat).is_ok_and(|text| text.contains(") Z "))
    });
    let duress =
        attaching(&child.0.id().to_string(), &["--format", "json"], &["getpgid:error=EPERM"], &[]).start();
    let threads = format!("/proc/{}/task", child.0.id());
    let is_traced = || {
        let status = fs::read_dir(&threads).into_iter().flatten().flatten();
        let status: Vec<String> =
            status.filter_map(|one| fs::read_to_string(one.path().join("status")).ok()).collect();
        status.iter().filter(|text| !text.contains("State:\tZ")).all(|text| !text.contains("TracerPid:\t0\n"))
    };
    wait_until("it is traced", is_traced);
    kill(duress.pid(), Signal::SIGINT).expect("it runs");
    let outcome = duress.finish();
    outcome.expect_code(130);
    assert!(child.0.try_wait().expect("it is ours").is_none(), "it did not live on\n{outcome:?}");
}
