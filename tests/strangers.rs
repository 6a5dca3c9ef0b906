//! Who makes a call where that is not plain: in children, behind an execve, in C, in crowds, and in a Go that nobody knows.

#![expect(clippy::disallowed_methods, reason = "these tests are about programs")]

use e2e::{Duress, Judged, Module, Need, Outcome, caller, has, victim, wait_until, worker};
use nix::sys::signal::{Signal, kill};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// `kin.go` says what it does.
static KIN: LazyLock<PathBuf> =
    LazyLock::new(|| Module::new(&[("kin_test.go", include_str!("kin.go"))]).tests("e2e-kin"));

const MECHANISMS: [&str; 2] = ["notify", "trace"];

/// A run with these flags and rules.
fn run(flags: &[&str], rules: &[&str], command: &[&str]) -> Outcome {
    duress(flags, rules, command).run()
}

fn duress(flags: &[&str], rules: &[&str], command: &[&str]) -> Duress {
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = ["run", "--format", "json", "--timeout", "30s"];
    Duress::new(&std::env::temp_dir(), [&line[..], flags, &rules, &["--"], command].concat())
}

fn kin() -> &'static str {
    KIN.to_str().expect("the checkout's path is text")
}

/// The calls of this name.
fn of<'c>(calls: &'c [Judged], name: &str) -> Vec<&'c Judged> {
    calls.iter().filter(|call| call.sysno.to_string() == name).collect()
}

#[test]
fn children_are_told_from_their_parents_whatever_they_are_written_in() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    for mechanism in MECHANISMS {
        let flags = ["--mechanism", mechanism, "--sites", "all"];
        let rule = "execve,getpgid,chdir:delay_enter=1us";
        // With one CPU, goroutines of all these processes have the same numbers.
        let command = duress(&flags, &[rule], &[kin(), "-test.run=TestStart"]).env("GOMAXPROCS", "1");
        let outcome = command.run();
        assert_eq!(outcome.json()["mechanism"], mechanism, "{outcome:?}");
        outcome.expect_code(0).expect_stderr(&["PASS"]);
        let calls = Judged::hit(&outcome);

        // On its way from fork to exec a child has its parent's memory, and is at its call path.
        let starts = of(&calls, "execve");
        assert_eq!(starts.len(), 4, "{outcome:?}");
        for start in starts {
            assert_eq!(start.test(), "TestStart", "{start:#?}");
            assert!(start.is_by("exec.(*Cmd).CombinedOutput") && start.is_by("x.TestStart"), "{start:#?}");
        }

        let made = of(&calls, "getpgid").into_iter().map(|call| {
            let first = call.goroutine() == Some(1);
            (call.path().last().copied().unwrap_or_default(), call.test(), first)
        });
        let child = ("x.child.func1", "", false);
        let expected = [child, child, child, ("x.TestMain", "", true), ("x.TestHelper", "TestHelper", false)];
        assert_eq!(made.collect::<Vec<_>>(), expected, "{outcome:?}");

        let moves = of(&calls, "chdir").into_iter().map(|call| (call.caller.is_some(), call.test()));
        let shell = (false, "");
        assert_eq!(moves.collect::<Vec<_>>(), [shell, shell, shell, (true, "TestStart")], "{outcome:?}");
    }
}

#[test]
fn what_is_not_go_has_no_caller_and_is_what_conditions_deny() {
    if !has(NEEDS) {
        return;
    }
    for (condition, is_go, calls) in [
        ("!site(**)", false, 3),
        ("!test(Test*)", false, 3),
        ("!goroutine(none) & !pkg(os)", false, 3),
        ("site(**)", true, 1),
        ("pkg(os)", true, 1),
    ] {
        let rule = format!("chdir:delay_enter=1us:where={condition}");
        let outcome = run(&[], &[&rule], &[kin(), "-test.run=TestStart"]);
        let hit = Judged::hit(&outcome);
        assert_eq!(hit.len(), calls, "{condition}\n{outcome:?}");
        assert!(hit.iter().all(|call| call.caller.is_some() == is_go), "{condition}\n{outcome:?}");
    }
}

#[test]
fn a_process_that_becomes_another_program_is_known_afresh() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let before = [("x.become.func2", ""); 2];
    let child = [("x.child.func1", ""), ("x.child.func1", ""), ("x.child.func1", ""), ("x.TestMain", "")];
    for mechanism in MECHANISMS {
        for (program, after) in [
            (&[kin(), "child"][..], &child[..]),
            (&[kin(), "-test.run=TestHelper"], &[("x.TestHelper", "TestHelper")]),
            (&[caller(), "getpgid*3"], &[("main.main", ""); 3]),
        ] {
            let flags = ["--mechanism", mechanism, "--sites", "all"];
            let words = [&[kin(), "become"], program].concat();
            let outcome = run(&flags, &["getpgid:delay_enter=1us"], &words);
            outcome.expect_code(0);
            let calls = Judged::hit(&outcome);
            let made: Vec<(&str, &str)> = calls
                .iter()
                .map(|call| (call.path().last().copied().unwrap_or_default(), call.test()))
                .collect();
            assert_eq!(made, [&before[..], after].concat(), "{mechanism} {program:?}\n{outcome:?}");
            let processes: BTreeSet<_> = calls.iter().map(|call| call.pid).collect();
            assert_eq!(processes.len(), 1, "it is one process\n{outcome:?}");
        }
    }
}

#[test]
fn ptrace_and_notification_find_the_same_callers() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    let [notify, trace] = MECHANISMS.map(|mechanism| {
        let flags = ["--mechanism", mechanism, "--sites", "all"];
        let outcome = run(&flags, &["getpgid:error=EPERM:when=3"], &[worker(), "tree", "2", "say"]);
        outcome.expect_code(0).expect_stderr(&["tree fine\n"]);
        let mut calls: Vec<(String, Option<u64>, Vec<u32>)> = Judged::all(&outcome)
            .iter()
            .map(|call| {
                let caller = call.caller.as_ref().unwrap_or_else(|| panic!("{call:?}\n{outcome:?}"));
                let lines = caller.site.frames.iter().map(|frame| frame.line).collect();
                (call.path().join(" "), call.occurrence, lines)
            })
            .collect();
        calls.sort();
        calls
    });
    assert_eq!(notify.len(), 9);
    assert_eq!(notify, trace);
}

/// A process that ends with this, whatever becomes of the test.
struct Ours(Child);

impl Drop for Ours {
    fn drop(&mut self) {
        // Where it ended already there is nothing to do.
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[test]
fn callers_in_a_process_that_ran_before_are_found() {
    if !has(&[Need::Go, Need::Notify, Need::Trace, Need::Attach]) {
        return;
    }
    let server = Command::new(worker()).args(["serve", "20"]).stdout(Stdio::piped()).spawn();
    let mut server = Ours(server.expect("it starts"));
    let mut line = String::new();
    let stdout = server.0.stdout.take().expect("it is a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("it is a pipe");
    let port: u16 = line.trim().strip_prefix("port ").and_then(|port| port.parse().ok()).expect("it says so");

    let pid = server.0.id().to_string();
    let rule = "getpgid:error=EPERM:when=2:where=caller(main.serve.*) & !goroutine(1)";
    let line = ["run", "--format", "json", "--timeout", "30s", "-p", &pid, "-e", rule];
    let started = Duress::new(&std::env::temp_dir(), line).under(&["env", "--default-signal=INT"]).start();
    let traced = || {
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
        let status = threads.map(|thread| std::fs::read_to_string(thread.path().join("status")));
        let is_traced = |status: String| !status.lines().any(|line| line == "TracerPid:\t0");
        status.flatten().all(is_traced)
    };
    wait_until("duress has attached", || started.run_dir().is_some() && traced());
    // Two connections are two goroutines, and one place: the second call of all, whoever makes it.
    let ask = || {
        let mut connection = TcpStream::connect(("127.0.0.1", port)).expect("it serves");
        connection.write_all(b"ask").expect("it reads");
        let mut answer = [0; 64];
        let length = connection.read(&mut answer).expect("it answers");
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    let answers = [ask(), ask(), ask()];
    kill(started.pid(), Signal::SIGINT).expect("it runs");
    let outcome = started.finish();
    assert_eq!(answers, ["errno 0\n", "errno 1\n", "errno 0\n"], "{outcome:?}");
    let hit = Judged::hit(&outcome);
    assert_eq!(hit.len(), 1, "{outcome:?}");
    assert!(hit[0].is_by("main.serve.func2"), "{hit:#?}\n{outcome:?}");
    assert!(hit[0].goroutine().is_some_and(|goroutine| goroutine > 1), "{hit:#?}\n{outcome:?}");
}

#[test]
fn every_call_of_a_crowd_has_its_goroutine() {
    if !has(NEEDS) {
        return;
    }
    const GOROUTINES: usize = 200;
    const CALLS: usize = 30;
    let words = [kin(), "crowd", &GOROUTINES.to_string(), &CALLS.to_string()];
    let outcome =
        duress(&["--sites", "all"], &["getpgid:error=EPERM:when=7+5"], &words).env("GOMAXPROCS", "50").run();
    let json = outcome.expect_code(0).json();
    assert_eq!(json["faults"]["matched"], GOROUTINES * CALLS, "{outcome:?}");
    assert_eq!(json["faults"]["vanished"], 0, "{outcome:?}");
    let calls = Judged::all(&outcome);
    let mut by_goroutine: BTreeMap<u64, usize> = BTreeMap::new();
    for call in &calls {
        assert_eq!(call.path().last(), Some(&"x.crowd.func1"), "{call:#?}");
        *by_goroutine.entry(call.goroutine().expect("a goroutine makes it")).or_default() += 1;
    }
    assert_eq!(by_goroutine.len(), GOROUTINES, "{by_goroutine:?}");
    assert!(by_goroutine.values().all(|calls| *calls == CALLS), "{by_goroutine:?}");
    // It is one place: every fifth of all of them from the seventh on.
    let hit: Vec<u64> = calls.iter().filter_map(|call| call.occurrence).collect();
    let all = u64::try_from(GOROUTINES * CALLS).expect("it is small");
    assert_eq!(hit, (7..=all).step_by(5).collect::<Vec<u64>>());
}

#[test]
fn a_process_that_is_killed_while_it_is_looked_at_ends_its_run_properly() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    for mechanism in MECHANISMS {
        for _ in 0..3 {
            let flags = ["--mechanism", mechanism, "--sites", "all"];
            let outcome = run(&flags, &["getpgid:delay_enter=1us"], &[kin(), "die"]);
            let json = outcome.expect_code(1).json();
            assert_eq!(
                (&json["verdict"], &json["complete"]),
                (&"crashed".into(), &true.into()),
                "{outcome:?}"
            );
            assert_eq!(json["aborted"], serde_json::Value::Null, "{outcome:?}");
            assert_eq!(json["command_ending"], "ended by signal 9", "{outcome:?}");
            let calls = Judged::all(&outcome);
            assert!(calls.len() >= 200, "{}\n{outcome:?}", calls.len());
            // What was seen was seen whole, but for the last call of each thread.
            let deep = |call: &Judged| call.path().iter().filter(|name| **name == "x.deep").count();
            let is_cut = |call: &&Judged| {
                let is_whole = call.caller.as_ref().is_some_and(|caller| caller.site.is_whole);
                !is_whole || call.goroutine().is_none() || deep(call) != 31
            };
            let cut = calls.iter().filter(is_cut).count();
            assert!(cut <= 51, "{cut} of {} calls", calls.len());
            let early = calls.iter().take(calls.len() - 51).find(is_cut);
            assert!(early.is_none(), "{early:#?}");
        }
    }
}

#[test]
fn a_death_at_the_first_look_is_no_unknown_go() {
    if !has(NEEDS) {
        return;
    }
    let outcome = run(&["--sites", "all"], &["getpgid:delay_enter=1us"], &[kin(), "dieOften", "200"]);
    let json = outcome.expect_code(0).json();
    assert_eq!(
        (&json["complete"], &json["aborted"]),
        (&true.into(), &serde_json::Value::Null),
        "{outcome:?}"
    );
    assert!(json["faults"]["vanished"].as_u64() > Some(0), "nobody died early\n{outcome:?}");
    for fired in json["fired"].as_array().expect("faults are a list") {
        let is_whole = fired["site"][2] == "example.com/x.dieAtOnce.func1" && !fired["goroutine"].is_null();
        assert!(is_whole || fired["outcome"] == "vanished", "{fired}");
    }
}

#[test]
fn signals_that_preempt_change_no_count_where_all_callers_are_asked() {
    if !has(&[Need::Go, Need::Notify, Need::Trace]) {
        return;
    }
    for (mechanism, calls) in [("notify", 1000), ("trace", 500)] {
        let flags = ["--mechanism", mechanism, "--sites", "all"];
        let words = [victim(), "exact", &calls.to_string()];
        let rule = "getpgid:error=EPERM:when=2+2";
        let outcome = duress(&flags, &[rule], &words).env("GOMAXPROCS", "8").run();
        for call in Judged::all(&outcome) {
            assert!(call.is_by("main.exact") && call.goroutine() == Some(1), "{call:#?}");
        }
        let json = outcome.expect_code(0).json();
        let faults = &json["faults"];
        assert_eq!(
            (&faults["matched"], &faults["fired"], &faults["vanished"]),
            (&calls.into(), &(calls / 2).into(), &0.into()),
            "{outcome:?}"
        );
        outcome.expect_stderr(&[&format!("failed {}\n", calls / 2)]);
    }
}

/// A copy of the program whose Go calls itself otherwise, and its place.
fn of_version(minor: u32) -> (Module, String) {
    let go = local_version();
    let other = match go.split_once('.').map(|(_, rest)| rest.split_once('.')) {
        Some(Some((minor_text, rest))) if minor_text.len() == 2 => format!("go1.{minor}.{rest}"),
        _ => panic!("{go} is no release"),
    };
    let mut bytes = std::fs::read(caller()).expect("it was built");
    let places: Vec<usize> =
        (0..bytes.len() - go.len()).filter(|place| bytes[*place..].starts_with(go.as_bytes())).collect();
    assert!(!places.is_empty(), "the program does not say that it is of {go}");
    for place in places {
        bytes[place..place + go.len()].copy_from_slice(other.as_bytes());
    }
    let folder = Module::new(&[]);
    let path = folder.join("stranger");
    std::fs::copy(caller(), &path).expect("our own folder");
    std::fs::write(&path, bytes).expect("our own folder");
    let path = path.to_str().expect("scratch folders have plain names").to_owned();
    (folder, path)
}

/// The version of Go that builds programs here.
fn local_version() -> String {
    let output = Command::new("go").args(["env", "GOVERSION"]).output().expect("go is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// Fails unless callers of this program are refused where a rule asks for them, with these words, and else missed with a warning.
fn is_refused(program: &str, version: &str) {
    let run = |flags: &[&str], rule: &str| run(flags, &[rule], &[program, "getpgid*5"]);
    let said = [program, version, "1.19, 1.20, 1.21, 1.22, 1.23, 1.24, 1.25, 1.26, 1.27"];
    for (flags, rule) in [
        (&[][..], "getpgid:error=EPERM:where=caller(main.*)"),
        (&[], "getpgid:error=EPERM:where=!test(TestX)"),
        (&["--sites", "all"], "getpgid:error=EPERM"),
    ] {
        let outcome = run(flags, rule);
        outcome
            .expect_code(3)
            .expect_stderr(&["error: cannot tell who makes the calls of `"])
            .expect_stderr(&said);
        assert!(!outcome.stderr.contains("errno=1"), "something was injected\n{outcome:?}");
        if outcome.try_run_dir().is_some() {
            assert!(Judged::hit(&outcome).is_empty(), "{outcome:?}");
        }
    }
    let outcome = run(&[], "getpgid:error=EPERM:when=2");
    outcome
        .expect_code(0)
        .expect_stderr(&["warning: the report has no call sites of `", "made getpgid 2 result=-1 errno=1"])
        .expect_stderr(&said);
    assert_eq!(outcome.json()["faults"]["fired"], 1, "{outcome:?}");
    assert!(Judged::hit(&outcome).iter().all(|call| call.caller.is_none()), "{outcome:?}");
    let outcome = run(&["--sites", "never"], "getpgid:error=EPERM:when=2");
    outcome.expect_code(0);
    assert!(!outcome.stderr.contains("warning: the report"), "nobody asked\n{outcome:?}");
}

#[test]
fn a_go_that_is_too_old_is_refused_where_rules_ask_for_callers() {
    if !has(NEEDS) {
        return;
    }
    let (_folder, program) = of_version(17);
    is_refused(&program, "go1.17.");
}

#[test]
fn a_go_that_nobody_knows_is_accepted_only_where_every_check_passes() {
    if !has(NEEDS) {
        return;
    }
    let (_folder, program) = of_version(99);
    let minor = local_version().split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor < 27) {
        return is_refused(&program, "go1.99.");
    }
    // It is like the newest that is known, for it is the newest that is known.
    let rule = "getpgid:error=EPERM:when=2:where=caller(main.main)";
    let outcome = run(&[], &[rule], &[&program, "getpgid*5"]);
    outcome.expect_code(0).expect_stderr(&["made getpgid 2 result=-1 errno=1"]);
    let hit = Judged::hit(&outcome);
    assert!(hit.len() == 1 && hit[0].is_by("main.main"), "{hit:#?}\n{outcome:?}");
}
