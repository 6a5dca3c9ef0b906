//! Drawings against golden files; `UPDATE=1` rewrites them.

use crate::journals::{PACKAGE, Run, enospc, frame};
use duress_report::{Color, diagnostics, human, json, junit};
use journal::Entry;
use model::{
    Code, Decision, Diagnostic, Ending, Errno, Fault, Goroutine, Outcome, RuleId, Severity, Source, Symptom,
    Sysno, TestResult,
};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[track_caller]
pub(crate) fn check(name: &str, drawn: &str) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "golden", name].iter().collect();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, drawn).unwrap();
    }
    let expect = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(drawn, expect, "{name} differs; UPDATE=1 rewrites it");
}

#[track_caller]
fn check_all(name: &str, run: &Run, exit_code: i32) {
    let summary = run.summary();
    check(&format!("{name}.txt"), &human::draw(&summary, Color::Never));
    let line = json::draw(&summary, exit_code);
    assert_eq!(line.lines().count(), 1);
    let value: serde_json::Value = serde_json::from_str(&line).unwrap();
    check(&format!("{name}.json"), &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    check(&format!("{name}.xml"), &junit::draw(&summary));
}

/// A run with a bit of everything: two rules, a crash, a failure, a race, a skip, vanished faults.
fn crashed() -> Run {
    let delay = Fault { delay_enter: Duration::from_millis(5), ..Fault::default() };
    let futex = Decision::Inject { rule: RuleId(1), occurrence: 1, fault: delay };
    let mut run = Run::go_test().rule("slow \u{1b}[31mfutex", "futex:delay_enter=5ms:rate=0.1", &[]);
    for _ in 0..2 {
        run = run.passed(Sysno::openat);
    }
    run = run.enospc();
    for _ in 0..12 {
        run = run.call(Sysno::futex, &[RuleId(1)], futex.clone()).settled(Outcome::Passed);
    }
    run.call(Sysno::futex, &[RuleId(1)], futex)
        .settled(Outcome::Vanished)
        .test("TestFine", TestResult::Pass)
        .test("TestRoot", TestResult::Skip)
        .started("TestWrong")
        .symptom(Symptom::Message, Some("TestWrong"), "x_test.go:9: \u{1b}[2Jgot <1> & \"2\"\u{0}")
        .ended("TestWrong", TestResult::Fail)
        .started("TestRacy")
        .symptom(Symptom::Race, Some("TestRacy"), "WARNING: DATA RACE")
        .output(Some("TestRacy"), "Read at 0x00c0 by goroutine 7:\n  example.com/x.f()\n")
        .ended("TestRacy", TestResult::Fail)
        .started("TestServer")
        .started("TestServer/reuse")
        .output(Some("TestServer/reuse"), "panic: open /tmp/x: no space left on device\n")
        .symptom(Symptom::Panic, Some("TestServer/reuse"), "panic: open /tmp/x: no space left on device")
        .package(TestResult::Fail)
        .exit(1)
}

#[test]
fn a_crash_is_drawn_with_all_it_rests_on() {
    check_all("crashed", &crashed(), 1);
}

/// Faults at two sites of two tests, one on a goroutine that the user started, one on none, one nobody knows of.
pub(crate) fn attributed() -> Run {
    let serving = Goroutine {
        id: 34,
        parent: Some(11),
        creator: Some(frame("example.com/x/store.Open", "/home/u/x/store/log.go", 20, Code::User)),
        entry: None,
        test: Some("TestLog/append".into()),
    };
    let runtime = vec![
        frame("runtime.futex", "/usr/local/go/src/runtime/sys_linux_amd64.s", 558, Code::Standard),
        frame("runtime.notesleep", "/usr/local/go/src/runtime/lock_futex.go", 47, Code::Standard),
    ];
    let delay = Fault { delay_enter: Duration::from_millis(5), ..Fault::default() };
    let slow = |sysno, run: Run| {
        let decision = Decision::Inject { rule: RuleId(1), occurrence: 1, fault: delay.clone() };
        run.call(sysno, &[RuleId(1)], decision).settled(Outcome::Passed)
    };
    let run = Run::go_test().rule("slow", "futex,write:delay_enter=5ms", &[]).store();
    let run = run.goroutine_of(2, serving).site(2, runtime);
    let run = run.started("TestSave").by(0, Some(0)).enospc();
    let run = run
        .symptom(Symptom::Message, Some("TestSave"), "store_test.go:12: the note is not there")
        .ended("TestSave", TestResult::Fail)
        .started("TestLog/append");
    let run = slow(Sysno::write, slow(Sysno::write, run.by(1, Some(1))).by(1, Some(2)));
    let run = slow(Sysno::futex, run.by(2, None)).by(9, Some(9)).enospc();
    run.ended("TestLog/append", TestResult::Pass).package(TestResult::Fail).exit(1)
}

#[test]
fn faults_are_told_with_who_met_them() {
    check_all("attributed", &attributed(), 1);
}

#[test]
fn a_vacuous_run_says_why_no_fault_fired() {
    let mut run = Run::go_test()
        .rule("rule-2", "%network:error=ECONNRESET", &[])
        .rule("rule-3", "openat:error=ENOSPC:rate=0.01", &[Errno::ENOSPC])
        .passed(Sysno::openat)
        .call(Sysno::openat, &[RuleId(0), RuleId(2)], Decision::Pass)
        .test("TestA", TestResult::Pass)
        .package(TestResult::Pass);
    run.header.watch = vec!["openat".into(), "perf_event_open".into()];
    check_all("vacuous", &run.exit(0), 4);
}

#[test]
fn a_run_cut_short_says_where_the_record_ends() {
    let run = Run::go_test().enospc().struck(enospc(), Outcome::Vanished).started("TestA").interrupted();
    let mut run = run.push(|at| Entry::Aborted { reason: "the journal is full".into(), errno: None, at });
    run = run.push(|at| Entry::Stragglers { count: 2, at });
    run.header.replay_of = Some(model::RunId("20261120-190000-0001".into()));
    check_all("cut-short", &run, 1);
}

#[test]
fn findings_without_a_fault_are_the_targets_own() {
    check_all("own", &Run::program().output(None, "bye\n").ending(Ending::Signaled(11)), 1);
}

#[test]
fn colour_adds_codes_and_nothing_else() {
    let summary = crashed().summary();
    let (plain, painted) = (human::draw(&summary, Color::Never), human::draw(&summary, Color::Always));
    assert!(!plain.contains('\u{1b}') && painted.contains("\u{1b}["));
    let mut stripped = String::new();
    let mut rest = painted.as_str();
    while let Some((before, code)) = rest.split_once('\u{1b}') {
        stripped.push_str(before);
        rest = code.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    let trimmed: Vec<&str> = stripped.lines().map(str::trim_end).collect();
    assert_eq!(trimmed, plain.lines().collect::<Vec<_>>());
}

#[test]
fn damage_is_drawn() {
    let mut bytes = crashed().bytes();
    let at = bytes.len() - 20;
    bytes[at] ^= 0xff;
    let text = human::draw(&crate::journals::read(&bytes), Color::Never);
    assert!(text.contains("the journal is damaged at byte"), "{text}");
}

#[test]
fn mistakes_are_drawn_at_their_place() {
    let text = "[[rule]]\nname = \"disk\"\r\ncalls = [\"opneat\"] # \u{1b}[31mred\n";
    let source = Arc::new(Source { name: "plans/disk.toml".into(), text: text.into() });
    let at = text.find("\"opneat\"").unwrap();
    let placeless = Diagnostic {
        severity: Severity::Error,
        message: "this kernel has no seccomp notification".into(),
        place: None,
        label: String::new(),
        help: Some("it came with Linux 5.0".into()),
    };
    let beyond = text.len() + 10;
    let diagnostics = [
        Diagnostic::error(&source, at..at + 8, "no system call is named `opneat`")
            .label("unknown")
            .help("did you mean `openat`?"),
        Diagnostic::warning(&source, beyond..beyond + 5, "the plan ends early"),
        placeless,
    ];
    check("diagnostics.txt", &diagnostics::draw(&diagnostics, Color::Never));
    assert!(diagnostics::draw(&diagnostics, Color::Always).contains("\u{1b}["));
    assert_eq!(diagnostics::draw(&[], Color::Never), "");
}

#[test]
fn junit_names_what_belongs_to_no_test() {
    let run = Run::go_test().enospc().started("TestA").ended("TestA", TestResult::Pass);
    let run = run.symptom(Symptom::Fatal, None, "fatal error: x").package(TestResult::Fail).exit(1);
    let xml = junit::draw(&run.summary());
    assert!(xml.contains(&format!("<testsuite name=\"{PACKAGE}\" tests=\"2\"")), "{xml}");
    assert!(xml.contains("<testcase name=\"duress\""), "{xml}");
}
