//! Every verdict, from a real Go program that earns it, in every format.

use e2e::{Duress, Element, Module, Need, Outcome, caller, has};
use journal::Entry;
use serde_json::Value;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// Ways to end, by name. Each makes one call first, for the rule to hit.
const ENDINGS: &str = r#"package x

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

func init() { syscall.Getppid() }

func TestFine(t *testing.T) {}

func TestNotices(t *testing.T) {
	if _, err := os.Open("x_test.go"); err != nil {
		fmt.Println("going on without:", err)
	}
}

func TestFails(t *testing.T) {
	if _, err := os.Open("x_test.go"); !errors.Is(err, syscall.EROFS) {
		t.Fatal("it was opened")
	}
	t.Log("a word before")
	t.Fatal("cannot open the store: ", syscall.EROFS)
}

func TestPanics(t *testing.T) { panic("boom") }

func TestNil(t *testing.T) { var p *int; *p = 1 }

func TestInGoroutine(t *testing.T) {
	go func() { panic(errors.New("nobody catches this")) }()
	select {}
}

func TestDeadlock(t *testing.T) { var mu sync.Mutex; mu.Lock(); mu.Lock() }

func TestMap(t *testing.T) {
	m := map[int]int{}
	for i := 0; i < 4; i++ {
		go func() {
			for {
				m[1]++
			}
		}()
	}
	select {}
}

func TestKilled(t *testing.T) {
	syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {}
}

func TestSleeps(t *testing.T) { time.Sleep(time.Hour) }

func TestExits(t *testing.T) { os.Exit(3) }

func TestExitsWithAWord(t *testing.T) {
	fmt.Println("cannot go on: the store is gone")
	os.Exit(3)
}
"#;

fn endings() -> Module {
    Module::new(&[("x_test.go", ENDINGS)])
}

/// Runs one of the tests under these rules; other flags of go test may follow.
fn run(module: &Module, flags: &[&str], test: &str, more: &[&str]) -> Outcome {
    let pattern = format!("^{test}$");
    let command = [&["--", "go", "test", "-run", &pattern], more, &["."]].concat();
    Duress::new(module.path(), [&["run", "--format", "json"], flags, &command].concat()).run()
}

/// Fails unless the run has this verdict and exactly one finding: kind, test, and its decisive line.
#[track_caller]
fn check(outcome: &Outcome, verdict: &str, kind: &str, test: &str, evidence: &str) {
    outcome.expect_code(1);
    let json = outcome.json();
    assert_eq!((&json["verdict"], &json["exit_code"]), (&verdict.into(), &1.into()), "{outcome:?}");
    let [finding] = &json["findings"].as_array().expect("findings are a list")[..] else {
        panic!("there is one finding\n{outcome:?}")
    };
    let known = [&finding["kind"], &finding["package"], &finding["test"], &finding["evidence"]];
    let test = if test.is_empty() { Value::Null } else { test.into() };
    assert_eq!(known, [&kind.into(), &"example.com/x".into(), &test, &evidence.into()], "{outcome:?}");
    assert_eq!(finding["repro"], format!("duress replay {}", text(&json["run"])), "{outcome:?}");
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

/// The results of the tests of a run.
fn results(outcome: &Outcome) -> Vec<(String, String)> {
    let tests = outcome.json()["tests"].as_array().cloned().unwrap_or_default();
    tests.iter().map(|test| (text(&test["test"]).to_owned(), text(&test["result"]).to_owned())).collect()
}

fn result(test: &str, result: &str) -> Vec<(String, String)> {
    vec![(test.to_owned(), result.to_owned())]
}

#[test]
fn runs_without_a_finding_are_vacuous_unaffected_or_survived() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let check = |flags: &[&str], test: &str, verdict: &str, code: i32| {
        let outcome = run(&module, flags, test, &[]);
        outcome.expect_code(code);
        let json = outcome.json();
        assert_eq!((&json["verdict"], &json["exit_code"]), (&verdict.into(), &code.into()), "{outcome:?}");
        assert_eq!(json["findings"].as_array().map(Vec::len), Some(0), "{outcome:?}");
        assert_eq!(results(&outcome), result(test, "pass"), "{outcome:?}");
    };
    check(&["-e", "getppid:error=EPERM"], "TestFine", "unaffected", 0);
    check(&["-e", "getppid:error=EPERM:when=2"], "TestFine", "vacuous", 4);
    check(&["-e", "acct:error=EPERM", "--allow-vacuous"], "TestFine", "vacuous", 0);
    check(&["--watch", "getppid"], "TestFine", "unaffected", 0);
    check(&["-e", "openat:error=EROFS"], "TestNotices", "survived", 0);
    // The second try of os.Open succeeds.
    check(&["-e", "openat:error=EINTR:when=1..3"], "TestNotices", "survived", 0);
}

#[test]
fn the_next_file_that_is_opened_is_no_second_try() {
    if !has(NEEDS) {
        return;
    }
    // Go's runtime looks for the size of huge pages in a file, and does without. The next file is another one.
    let module = endings();
    let outcome = run(&module, &["-e", "openat:error=EACCES:when=1"], "TestNotices", &[]);
    let json = outcome.expect_code(0).json();
    assert!(json["faults"]["matched"].as_u64() > Some(1), "{outcome:?}");
    assert_eq!(json["verdict"], "unaffected", "{outcome:?}");
}

#[test]
fn a_test_that_fails_is_failed_by_its_own_words() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let outcome = run(&module, &["-e", "openat:error=EROFS"], "TestFails", &[]);
    let line = "x_test.go:28: cannot open the store:  read-only file system";
    check(&outcome, "failed", "failure", "TestFails", line);
    assert_eq!(results(&outcome), result("TestFails", "fail"), "{outcome:?}");
    let unaffected = run(&module, &["-e", "acct:error=EROFS"], "TestFails", &[]);
    check(&unaffected, "failed", "failure", "TestFails", "x_test.go:25: it was opened");

    let outcome = run(&module, &["-e", "getppid:error=EPERM"], "TestExitsWithAWord", &[]);
    check(&outcome, "failed", "failure", "TestExitsWithAWord", "cannot go on: the store is gone");
}

#[test]
fn panics_fatal_errors_and_signals_are_crashes_with_their_line() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let rule = ["-e", "getppid:error=EPERM", "--timeout", "60s"];
    let check = |test: &str, more: &[&str], kind: &str, evidence: &str| {
        let outcome = run(&module, &rule, test, more);
        check(&outcome, "crashed", kind, test, evidence);
        assert_eq!(results(&outcome), result(test, "crash"), "{outcome:?}");
        assert_eq!(outcome.json()["faults"]["fired"], 1, "{outcome:?}");
    };
    check("TestPanics", &[], "crash", "panic: boom [recovered, repanicked]");
    let nil =
        "panic: runtime error: invalid memory address or nil pointer dereference [recovered, repanicked]";
    check("TestNil", &[], "crash", nil);
    check("TestInGoroutine", &[], "crash", "panic: nobody catches this");
    check("TestMap", &[], "fatal", "fatal error: concurrent map writes");
    check("TestKilled", &[], "signal", "signal: killed");
    // Go's own time limit is a timer, and a program that waits for one is not asleep for ever.
    let asleep = "fatal error: all goroutines are asleep - deadlock!";
    check("TestDeadlock", &["-timeout", "0"], "fatal", asleep);
}

#[test]
fn a_race_report_is_a_finding_with_the_access() {
    if !has(&[Need::Go, Need::Notify, Need::Race]) {
        return;
    }
    let module = Module::with_test(
        &["sync"],
        "var wg sync.WaitGroup\nn := 0\nfor i := 0; i < 2; i++ {\n\twg.Add(1)\n\tgo func() { n++; wg.Done() }()\n}\nwg.Wait()\nprintln(n)",
    );
    let outcome = run(&module, &["-e", "acct:error=EPERM"], "TestX", &["-race"]);
    let json = outcome.expect_code(1).json();
    let finding = &json["findings"][0];
    assert_eq!(
        (&json["verdict"], &finding["kind"], &finding["test"]),
        (&"failed".into(), &"race".into(), &"TestX".into())
    );
    let lines: Vec<&str> = text(&finding["evidence"]).lines().collect();
    assert_eq!(lines[0], "WARNING: DATA RACE", "{outcome:?}");
    assert!(lines[1].contains(" at 0x") && lines[2].contains("example.com/x.TestX.func"), "{outcome:?}");
    assert!(lines[3].contains("x_test.go:13"), "{outcome:?}");
}

#[test]
fn our_time_limit_is_a_hang_and_the_goroutines_are_kept() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    // So that the limit strikes the test and not the compiler.
    run(&module, &["--watch", "getppid"], "TestFine", &[]).expect_code(0);
    let flags = ["-e", "getppid:error=EPERM", "--timeout", "4s"];
    let outcome = run(&module, &flags, "Test(Fine|Sleeps)", &["-v"]);
    check(&outcome, "hung", "hang", "TestSleeps", "1 test still running: TestSleeps");
    let expect = [("TestFine", "pass"), ("TestSleeps", "hang")].map(|(a, b)| (a.to_owned(), b.to_owned()));
    assert_eq!(results(&outcome), expect, "{outcome:?}");
    let json = outcome.json();
    assert_eq!(
        (&json["timed_out"], &json["complete"], &json["stragglers"]),
        (&true.into(), &true.into(), &0.into())
    );

    let sleeper = "example.com/x.TestSleeps(";
    let dump = std::fs::read_to_string(outcome.run_dir().join("goroutines.txt")).expect("the dump is kept");
    assert!(dump.contains("goroutine 1 ") && dump.contains(sleeper), "{dump}\n{outcome:?}");
    assert!(!dump.contains("=== RUN"), "what came before is not the dump\n{dump}");
    let (mut reader, mut limit, mut is_kept) = (outcome.journal(), None, false);
    while let Some(entry) = reader.next_entry().expect("the journal can be read") {
        match entry {
            Entry::TimedOut { at, .. } => limit = Some(at),
            Entry::Output { text, .. } => is_kept |= limit.is_some() && text.contains(sleeper),
            _ => {}
        }
    }
    let limit = limit.expect("it timed out").as_duration().as_secs_f64();
    assert!((4.0..8.0).contains(&limit), "the limit struck at {limit} s\n{outcome:?}");
    assert!(is_kept, "the journal has the dump, too\n{outcome:?}");
}

#[test]
fn the_time_limit_of_go_test_is_a_hang_too() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let outcome = run(&module, &["-e", "getppid:error=EPERM"], "Test(Fine|Sleeps)", &["-timeout", "1s"]);
    check(&outcome, "hung", "hang", "TestSleeps", "panic: test timed out after 1s");
    assert_eq!(outcome.json()["timed_out"], false, "it was not our limit\n{outcome:?}");
}

#[test]
fn a_wrong_end_without_a_word_is_silent() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let outcome = run(&module, &["-e", "getppid:error=EPERM"], "TestExits", &[]);
    check(&outcome, "silent", "silent", "TestExits", "");
    let message = outcome.json()["findings"][0]["message"].clone();
    assert!(text(&message).ends_with("nothing it printed names a cause"), "{outcome:?}");
}

#[test]
fn what_does_not_build_has_failed_with_the_compilers_line() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::with_test(&[], "undefined()");
    let outcome = run(&module, &["-e", "openat:error=EPERM"], "TestX", &[]);
    check(&outcome, "failed", "build", "", "./x_test.go:8:1: undefined: undefined");
}

#[test]
fn findings_without_a_fault_are_said_to_be_the_targets_own() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let command = ["--", "go", "test", "-run", "TestPanics", "."];
    let own = Duress::new(module.path(), [&["run", "-e", "acct:error=EPERM"], &command[..]].concat()).run();
    own.expect_code(1).expect_stdout(&["no fault had fired: these findings are the target's own"]);
    let ours =
        Duress::new(module.path(), [&["run", "-e", "getppid:error=EPERM"], &command[..]].concat()).run();
    assert!(!ours.stdout.contains("no fault had fired"), "{ours:?}");
    ours.expect_stdout(&[
        "\n crashed    go test -run TestPanics .",
        "\n            1 fault fired in 1 matched call, seed 1, go1.",
        "\n rule-1  getppid:error=EPERM  matched 1  fired 1\n",
        "\n finding 1: crash in example.com/x TestPanics\n",
        "\n   | panic: boom [recovered, repanicked]\n   reproduce: duress replay 20",
        "\n tests: 1 crashed\n journal: /",
    ]);
}

#[test]
fn a_vacuous_run_says_why_each_rule_did_not_fire() {
    if !has(NEEDS) {
        return;
    }
    let rules = [
        "acct:error=EPERM:name=never",
        "getpgid:error=EPERM:when=9:name=late",
        "getpgid:error=EPERM:rate=1e-9:name=rare",
    ];
    let flags: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let command = ["--", caller(), "getpgid*3"];
    let outcome = Duress::new(&std::env::temp_dir(), [&["run"], &flags[..], &command].concat()).run();
    outcome.expect_code(4).expect_stdout(&[
        "no fault fired: this run says nothing about the target under faults",
        "help: never: its calls never happened (matched 0)",
        "help: late: `when` was never reached: matched 3 < 9",
        "help: rare: matched 3 calls, and its rate picked none of them: raise it, or try another seed",
    ]);
}

#[test]
fn json_has_every_key_it_promises() {
    if !has(NEEDS) {
        return;
    }
    let module = endings();
    let outcome = run(&module, &["-e", "getppid:error=EPERM", "--seed", "9"], "TestPanics", &[]);
    let json = outcome.json();
    let check = |object: &Value, keys: &[&str]| {
        for key in keys {
            assert!(object.get(key).is_some(), "`{key}` is missing in {object}\n{outcome:?}");
        }
    };
    check(
        &json,
        &[
            "run",
            "dir",
            "command",
            "verdict",
            "exit_code",
            "seed",
            "go",
            "kernel",
            "mechanism",
            "wall_s",
            "faults",
            "rules",
            "tests",
            "fired",
            "fired_omitted",
            "findings",
        ],
    );
    check(&json["faults"], &["matched", "fired", "vanished"]);
    check(&json["rules"][0], &["name", "matched", "fired"]);
    check(&json["tests"][0], &["package", "test", "result"]);
    let fired = ["seq", "rule", "syscall", "outcome", "pid", "tid", "goroutine", "test", "site"];
    check(&json["fired"][0], &fired);
    check(&json["findings"][0], &["kind", "message", "evidence", "package", "test", "repro"]);
    assert_eq!(json["command"], serde_json::json!(["go", "test", "-run", "^TestPanics$", "."]));
    assert_eq!(json["dir"], outcome.run_dir().to_str().expect("text"));
    assert_eq!((&json["seed"], &json["mechanism"]), (&9.into(), &"notify".into()));
    assert!(text(&json["go"]).starts_with("go1."), "{outcome:?}");
    let seconds = json["wall_s"].as_f64().expect("a number");
    assert!((0.01..60.0).contains(&seconds), "{outcome:?}");
    assert_eq!(json["fired"][0]["pid"], json["subjects"][0]["pid"], "{outcome:?}");
}

#[test]
fn junit_is_well_formed_and_names_every_test() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::with_test(
        &[],
        "t.Run(\"a<b>&'\\\"c\\\"\", func(t *testing.T) { t.Fatal(\"<tag> & ]]> \\x1b[31m\\x00\\xff\\u00e9\") })\nt.Run(\"fine\", func(t *testing.T) {})\nt.Run(\"skip\", func(t *testing.T) { t.Skip() })",
    );
    module.write(
        "crash/x_test.go",
        "package x\n\nimport \"testing\"\n\nfunc TestCrash(t *testing.T) { panic(\"boom\") }\n",
    );
    module.write(
        "broken/x_test.go",
        "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { undefined() }\n",
    );
    let command = ["run", "--format", "junit", "-e", "acct:error=EPERM", "--", "go", "test", "./..."];
    let outcome = Duress::new(module.path(), command).run();
    outcome.expect_code(1);
    let elements = Element::read(&outcome.stdout).unwrap_or_else(|error| panic!("{error}\n{outcome:?}"));
    let cases = |inner: &str| -> Vec<String> {
        let found = elements.iter().filter(|element| element.path.ends_with(inner));
        found.map(|element| format!("{} {}", element.owner("classname"), element.owner("name"))).collect()
    };
    let odd = "example.com/x TestX/a<b>&'\"c\"";
    let all = cases("testsuite testcase");
    for expect in
        [odd, "example.com/x TestX/fine", "example.com/x/crash TestCrash", "example.com/x/broken duress"]
    {
        assert!(all.iter().any(|case| case == expect), "{expect} is not in {all:?}\n{outcome:?}");
    }
    assert_eq!(cases("testcase failure"), [odd], "{outcome:?}");
    assert_eq!(
        cases("testcase error"),
        ["example.com/x/broken duress", "example.com/x/crash TestCrash"],
        "{outcome:?}"
    );
    assert_eq!(cases("testcase skipped"), ["example.com/x TestX/skip"], "{outcome:?}");
    let root = &elements[0];
    let number = |name: &str| root.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| &**value);
    assert_eq!(
        [number("tests"), number("failures"), number("errors")],
        [Some("5"), Some("1"), Some("2")],
        "{outcome:?}"
    );
}

#[test]
fn what_is_not_well_formed_is_told_from_what_is() {
    let read = |body: &str| Element::read(&format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{body}"));
    assert!(read("\n<a b=\"&lt;\"><c/>text &amp; <![CDATA[<]]></a>\n").is_ok());
    for bad in [
        "<a>",
        "<a></b>",
        "<a/><b/>",
        "<a b=c/>",
        "<a b=\"1\" b=\"2\"/>",
        "<a>&nbsp;</a>",
        "<a>& </a>",
        "<a>\u{1b}</a>",
        "x<a/>",
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}
