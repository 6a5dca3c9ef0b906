//! Against real streams: see fixtures/README.md.

use super::{Finding, PATIENCE, Recogniser};
use crate::Event;
use model::Symptom;
use proptest::prelude::*;
use std::fs;
use std::path::PathBuf;

fn findings(stream: &str) -> Vec<Finding> {
    let mut recogniser = Recogniser::new();
    let mut findings = Vec::new();
    for line in stream.lines() {
        findings.extend(match Event::parse(line) {
            Some(event) => recogniser.event(&event),
            None => recogniser.line(line),
        });
    }
    findings.extend(recogniser.finish());
    findings
}

fn shown(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|found| format!("{:?} {}: {}", found.symptom, found.test.as_deref().unwrap_or("-"), found.line))
        .collect()
}

#[track_caller]
fn check_fixture(name: &str, expect: &[&str]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.jsonl"));
    let stream = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let found = findings(&stream);
    assert_eq!(shown(&found), expect, "{name}");
    assert!(found.iter().all(|found| found.package.is_some()), "{found:?}");
}

#[track_caller]
fn check(lines: &[&str], expect: &[&str]) {
    assert_eq!(shown(&findings(&lines.join("\n"))), expect, "{lines:#?}");
}

#[test]
fn real_crashes_are_named_by_their_decisive_line() {
    check_fixture("pan", &["Panic TestPanic: panic: boom"]);
    check_fixture(
        "exit0",
        &["Panic TestExit: panic: unexpected call to os.Exit(0) during test [recovered, repanicked]"],
    );
    check_fixture("gopanic", &["Panic TestGo: panic: in goroutine [recovered]"]);
    check_fixture("goexit", &["Panic TestGoexit: panic: test executed panic(nil) or runtime.Goexit"]);
    check_fixture(
        "nilp",
        &[
            "Panic TestNil: panic: runtime error: invalid memory address or nil pointer dereference [recovered, \
           repanicked]",
        ],
    );
    check_fixture("dead", &["Fatal TestDead: fatal error: all goroutines are asleep - deadlock!"]);
    check_fixture("cmw", &["Fatal TestMap: fatal error: concurrent map writes"]);
    check_fixture(
        "so",
        &[
            "Fatal TestSO: runtime: goroutine stack exceeds 1000000000-byte limit; fatal error: stack overflow",
        ],
    );
    check_fixture(
        "oom",
        &[
            "Fatal TestOOM: runtime: out of memory: cannot allocate 16777216-byte block (3932160 in use); fatal error: \
           out of memory",
        ],
    );
    check_fixture(
        "thr",
        &[
            "Fatal TestThreads: runtime: failed to create new OS thread (have 11 already; errno=11); fatal error: \
           newosproc",
        ],
    );
    check_fixture("segv", &["Signal TestSegv: SIGSEGV: segmentation violation"]);
    check_fixture("kill", &["Signal TestKill: signal: killed"]);
    check_fixture("tmo", &["TestTimeout TestSlow/inner: panic: test timed out after 1s"]);
}

#[test]
fn races_builds_and_messages_are_named_too() {
    check_fixture(
        "race",
        &[
            "Race TestRace: WARNING: DATA RACE",
            "Message TestRace: testing.go:1712: race detected during execution of test",
            "Race TestRace2/s: WARNING: DATA RACE",
            "Message TestRace2/s: testing.go:1712: race detected during execution of test",
        ],
    );
    check_fixture("buildfail", &["Build -: buildfail/buildfail_test.go:3:28: undefined: undefined"]);
    check_fixture(
        "setup",
        &[
            "Build -: setup/setup_test.go:2:20: no required module provides package example.com/m/nowhere; to add it:",
        ],
    );
    check_fixture("syntax", &["Build -: syntax/syntax_test.go:3:29: expected '}', found 'EOF'"]);
    check_fixture("fuzz", &["Message FuzzIt/seed#1: fuzz_test.go:3: two!"]);
    check_fixture("logs", &["Message TestLogFatal: 2026/11/20 20:24:44 log fatal: bad thing"]);
    check_fixture("bench", &["Message BenchmarkSub/y=1: bench_test.go:5: bad bench"]);
}

#[test]
fn what_is_no_crash_is_not_reported() {
    for name in ["fake", "here", "quit", "exit", "none", "cov"] {
        check_fixture(name, &[]);
    }
}

#[test]
fn the_word_panic_in_a_failed_tests_log_is_its_message() {
    check_fixture(
        "many",
        &[
            "Build -: buildfail/buildfail_test.go:3:28: undefined: undefined",
            "Message TestBad: fail_test.go:4: multi",
            "Message TestSub/bad: fail_test.go:8: sub bad",
            "Message TestSub/bad2/deep: fail_test.go:9: deep bad: panic: not one",
            "Message TestP2: par_test.go:4: p2 bad",
        ],
    );
}

#[test]
fn plain_streams_are_read_by_the_same_rules() {
    check(
        &["panic: x", "", "goroutine 1 [running]:", "main.main()", "exit status 2"],
        &["Panic -: panic: x"],
    );
    check(&["2026/11/20 20:41:09 bad", "exit status 1"], &["Message -: 2026/11/20 20:41:09 bad"]);
    check(&["2026/11/20 20:41:09 fine", "done", "exit status 1"], &[]);
    check(&["signal: killed"], &["Signal -: signal: killed"]);
    check(&["signal: killed", "went on"], &[]);
    check(
        &["# command-line-arguments", "../bad.go:2:15: undefined: x", "../bad.go:3:1: more"],
        &["Build -: ../bad.go:2:15: undefined: x"],
    );
    check(&["lint.go:2:15: fine"], &[]);
    check(
        &["futexwakeup addr=0x5a returned -38", "SIGSEGV: segmentation violation", "PC=0x45 m=0 sigcode=1"],
        &["Signal -: futexwakeup addr=0x5a returned -38; SIGSEGV: segmentation violation"],
    );
    check(&["SIGSEGV: segmentation violation", "says the manual"], &[]);
    check(&["fatal: morestack on g0", "SIGTRAP: trace trap", "PC=0x1"], &["Fatal -: fatal: morestack on g0"]);
    check(
        &["==================", "WARNING: DATA RACE", "Read at 0x1 by goroutine 9:"],
        &["Race -: WARNING: DATA RACE"],
    );
    check(&["WARNING: DATA RACE"], &[]);
}

#[test]
fn without_tracebacks_the_end_of_the_process_decides() {
    check(&["panic: x", "exit status 2"], &["Panic -: panic: x"]);
    check(&["panic: x"], &["Panic -: panic: x"]);
    check(&["panic: x", "\tsecond line", "exit status 2"], &["Panic -: panic: x"]);
    check(&["panic: not really", "went on", "exit status 3"], &[]);
}

#[test]
fn patience_with_a_panic_has_an_end() {
    let stream = |between: usize| format!("panic: x\n{}goroutine 1 [running]:\n", "noise\n".repeat(between));
    assert_eq!(findings(&stream(PATIENCE)).len(), 1);
    assert_eq!(findings(&stream(PATIENCE + 1)).len(), 0);
}

#[test]
fn a_stream_may_carry_several_processes() {
    let once = ["panic: x", "", "goroutine 1 [running]:", "exit status 2"];
    check(&[once, once].concat(), &["Panic -: panic: x", "Panic -: panic: x"]);
}

fn output(test: &str, text: &str) -> String {
    let text = text.replace('\t', "\\t");
    format!(r#"{{"Action":"output","Package":"p","Test":"{test}","Output":"{text}\n"}}"#)
}

#[test]
fn of_several_log_lines_the_telling_one_is_reported() {
    let run = |lines: &[&str]| {
        let mut stream: Vec<String> = lines.iter().map(|line| output("TestA", line)).collect();
        stream.push(r#"{"Action":"fail","Package":"p","Test":"TestA"}"#.into());
        shown(&findings(&stream.join("\n")))
    };
    let check = |lines: &[&str], expect: &str| assert_eq!(run(lines), [format!("Message TestA: {expect}")]);
    check(
        &["    a_test.go:1: starting", "    a_test.go:2: no space left on device"],
        "a_test.go:2: no space left on device",
    );
    check(
        &["    a_test.go:1: starting", "    a_test.go:2: write: error 5", "    a_test.go:9: closing"],
        "a_test.go:2: write: error 5",
    );
    check(
        &[
            "    a_test.go:9: ",
            "        \tError Trace:\t/m/a_test.go:9",
            "        \t            \t/m/b_test.go:3",
            "        \tError:      \tReceived unexpected error:",
            "        \t            \topen x: too many open files",
            "        \tTest:       \tTestA",
        ],
        "a_test.go:9: Received unexpected error: open x: too many open files",
    );
    check(
        &["    a_test.go:9: ", "        \tError:      \tNot equal: 1 != 2", "        \tTest:       \tTestA"],
        "a_test.go:9: Not equal: 1 != 2",
    );
}

#[test]
fn go_tests_own_kill_is_a_timeout_even_after_the_dump() {
    let stream = [
        output("TestA", "SIGQUIT: quit"),
        output("TestA", "PC=0x408fee m=0 sigcode=0"),
        output("TestA", "goroutine 1 [running]:"),
        output("TestA", "*** Test killed with quit: ran too long (11m0s)."),
        output("TestA", "exit status 2"),
        r#"{"Action":"output","Package":"p","Output":"FAIL\tp\t660.1s\n"}"#.to_owned(),
    ];
    let expect = "TestTimeout TestA: *** Test killed with quit: ran too long (11m0s).";
    assert_eq!(shown(&findings(&stream.join("\n"))), [expect]);
}

#[test]
fn lines_that_come_in_pieces_are_put_together() {
    let piece =
        |text: &str| format!(r#"{{"Action":"output","Package":"p","Test":"TestA","Output":"{text}"}}"#);
    let stream =
        [piece("panic: "), piece("boom"), piece("\\n"), piece("goroutine 7 [run"), piece("ning]:\\n")];
    assert_eq!(shown(&findings(&stream.join("\n"))), ["Panic TestA: panic: boom"]);
}

#[test]
fn endless_lines_cost_bounded_memory() {
    let mut recogniser = Recogniser::new();
    for _ in 0..64 {
        recogniser.event(
            &Event::parse(&format!(
                r#"{{"Action":"output","Package":"p","Test":"T","Output":"{}"}}"#,
                "x".repeat(10_000)
            ))
            .expect("an event"),
        );
    }
    assert!(recogniser.packages["p"].open.len() <= super::LONGEST + 10_000);
    let found = findings(&format!("panic: {}\ngoroutine 1 [running]:\n", "x".repeat(10_000)));
    assert_eq!(
        found.iter().map(|found| (found.symptom, found.line.len())).collect::<Vec<_>>(),
        [(Symptom::Panic, 2000)]
    );
}

proptest! {
    #[test]
    fn no_output_panics(lines in proptest::collection::vec(
        "(panic: |fatal error: |SIGSEGV: |signal: |PC=0x|goroutine 1 \\[|=== RUN   |--- FAIL: |    a.go:1: |        |FAIL\t|PASS|)[a-zé \t\\]:]{0,12}", 0..30)) {
        findings(&lines.join("\n"));
        let events: Vec<String> = lines.iter().map(|line| output("T/a", line)).collect();
        findings(&events.join("\n"));
    }
}
