//! Each rule of `report/verdict.rs`, by example.

use crate::journals::{PACKAGE, Run, enospc};
use duress_report::{CaseResult, Verdict};
use journal::{Entry, Mode};
use model::{
    Decision, Ending, Errno, Fault, ForcedResult, Outcome, RuleId, SubjectId, Symptom, Sysno, TestResult,
};
use std::borrow::Cow;

use TestResult::{Fail, Pass, Skip};

/// The verdict, and of every finding: kind, test, evidence.
#[track_caller]
fn check(run: Run, verdict: &str, findings: &[(&str, Option<&str>, &str)]) {
    let summary = run.summary();
    let found: Vec<(String, Option<&str>, &str)> = summary
        .findings
        .iter()
        .map(|finding| (finding.kind.to_string(), finding.test.as_deref(), finding.evidence.as_str()))
        .collect();
    let found: Vec<(&str, Option<&str>, &str)> =
        found.iter().map(|(kind, t, e)| (kind.as_str(), *t, *e)).collect();
    assert_eq!((summary.verdict.to_string().as_str(), found.as_slice()), (verdict, findings));
    assert_eq!(summary.verdict.is_finding(), !findings.is_empty());
    for finding in &summary.findings {
        assert_eq!(finding.repro, "duress replay 20261120-200512-7f3a");
    }
}

/// The results of the tests that are listed.
#[track_caller]
fn check_tests(run: Run, expect: &[(&str, CaseResult)], unfinished: u64) {
    let summary = run.summary();
    let tests: Vec<(&str, CaseResult)> =
        summary.tests.iter().map(|test| (test.test.as_str(), test.result)).collect();
    assert_eq!((tests.as_slice(), summary.tests_unfinished), (expect, unfinished));
}

#[test]
fn a_run_in_which_no_fault_fired_is_vacuous_unless_there_were_no_rules() {
    let green = |run: Run| run.test("TestA", Pass).package(Pass).exit(0);
    check(green(Run::go_test()), "vacuous", &[]);
    check(green(Run::go_test().passed(Sysno::openat)), "vacuous", &[]);
    check(green(Run::go_test().struck(enospc(), Outcome::Vanished)), "vacuous", &[]);
    check(green(Run::go_test().struck(enospc(), Outcome::Refused(Errno::EPERM))), "vacuous", &[]);
    check(green(Run::go_test().no_rules()), "unaffected", &[]);
}

#[test]
fn how_a_host_is_makes_no_run_vacuous_and_none_of_a_plan_real() {
    let green = |run: Run| run.test("TestA", Pass).package(Pass).exit(0);
    let host = || Run::go_test().on_host("readonly=/tmp");
    check(green(host()), "unaffected", &[]);
    check(green(host().enospc()), "unaffected", &[]);
    let planned = || host().rule("planned", "fsync:error=EIO", &[Errno::ENOENT]);
    check(green(planned()), "vacuous", &[]);
    check(green(planned().enospc()), "vacuous", &[]);
    let drawn = duress_report::human::draw(&green(planned().enospc()).summary(), duress_report::Color::Never);
    assert!(drawn.contains("on a host that is readonly=/tmp"), "{drawn}");
    assert!(drawn.contains(" persona readonly=/tmp: 1 rule, matched 1 fired 1\n"), "{drawn}");
    assert!(drawn.contains(" planned  fsync:error=EIO  matched 0  fired 0\n"), "{drawn}");
}

#[test]
fn a_fault_is_survived_where_it_shows_or_is_retried() {
    let green = |run: Run| run.test("TestA", Pass).package(Pass).exit(0);
    check(green(Run::go_test().enospc()), "unaffected", &[]);
    check(green(Run::go_test().delayed().passed(Sysno::openat)), "unaffected", &[]);
    let shows = |line| green(Run::go_test().enospc().started("TestA").output(Some("TestA"), line));
    check(shows("open: No space left on device\n"), "survived", &[]);
    check(shows("got ENOSPC, trying elsewhere\n"), "survived", &[]);
    check(shows("got EIO, trying elsewhere\n"), "unaffected", &[]);
    check(shows("=== RUN   TestENOSPC: ENOSPC\n"), "unaffected", &[]);
    // The words were there before the fault was: they are not about it.
    check(green(Run::go_test().output(None, "no space left on device\n").enospc()), "unaffected", &[]);
    let interrupted = || {
        let fault = Fault::forced(ForcedResult::Error(Errno::EINTR));
        Run::go_test().struck(fault, Outcome::Injected)
    };
    check(green(interrupted().passed(Sysno::openat)), "survived", &[]);
    check(green(interrupted().passed(Sysno::read)), "unaffected", &[]);
    check(green(interrupted().call(Sysno::openat, &[], Decision::Pass)), "unaffected", &[]);
    // Nobody tries ENOSPC again: the next call opens something else.
    check(green(Run::go_test().enospc().passed(Sysno::openat)), "unaffected", &[]);
    check(green(Run::go_test().struck(enospc(), Outcome::Vanished).passed(Sysno::openat)), "vacuous", &[]);
}

#[test]
fn a_failed_test_is_a_failure_with_its_own_words() {
    let red = |run: Run| run.ended("TestA", Fail).package(Fail).exit(1);
    let start = || Run::go_test().enospc().started("TestA").output(Some("TestA"), "=== RUN   TestA\n");
    check(
        red(start()
            .output(Some("TestA"), "    x_test.go:9: got 1\n")
            .symptom(Symptom::Message, Some("TestA"), "x_test.go:9: got 1")
            .symptom(Symptom::Message, Some("TestA"), "x_test.go:10: second")
            .output(Some("TestA"), "--- FAIL: TestA (0.00s)\n")),
        "failed",
        &[("failure", Some("TestA"), "x_test.go:9: got 1")],
    );
    check(
        red(start()
            .output(Some("TestA"), "    one\n    two\n\n")
            .output(Some("TestA"), "--- FAIL: TestA (0.00s)\n")),
        "failed",
        &[("failure", Some("TestA"), "two")],
    );
    check(
        red(start().output(Some("TestA"), "--- FAIL: TestA (0.00s)\n")),
        "silent",
        &[("silent", Some("TestA"), "")],
    );
}

#[test]
fn a_parent_that_fails_through_its_subtest_is_no_finding_of_its_own() {
    let parent = |child: TestResult| {
        Run::go_test()
            .enospc()
            .started("TestA")
            .test("TestA/b", Pass)
            .started("TestA/c")
            .symptom(Symptom::Message, Some("TestA/c"), "c: wrong")
            .symptom(Symptom::Message, Some("TestA"), "a: log")
            .ended("TestA/c", child)
            .ended("TestA", Fail)
            .package(Fail)
            .exit(1)
    };
    check(parent(Fail), "failed", &[("failure", Some("TestA/c"), "c: wrong")]);
    check_tests(parent(Fail), &[("TestA/b", CaseResult::Pass), ("TestA/c", CaseResult::Fail)], 0);
    check(parent(Pass), "failed", &[("failure", Some("TestA"), "a: log")]);
    let all = [("TestA", CaseResult::Fail), ("TestA/b", CaseResult::Pass), ("TestA/c", CaseResult::Pass)];
    check_tests(parent(Pass), &all, 0);
}

#[test]
fn a_second_try_of_a_test_does_not_hide_the_first() {
    let twice = |first, second| {
        Run::go_test().enospc().test("TestA", first).test("TestA", second).package(Fail).exit(1)
    };
    check_tests(twice(Fail, Pass), &[("TestA", CaseResult::Fail)], 0);
    check_tests(twice(Pass, Fail), &[("TestA", CaseResult::Fail)], 0);
    check_tests(twice(Pass, Skip), &[("TestA", CaseResult::Skip)], 0);
}

#[test]
fn a_death_is_one_finding_however_often_it_is_said() {
    let line = "panic: open /tmp/x: no space left on device";
    let run = |symptom, line| {
        Run::go_test()
            .enospc()
            .started("TestB")
            .started("TestA")
            .test("TestC", Pass)
            .symptom(symptom, Some("TestA"), line)
            .symptom(symptom, Some("TestA"), line)
            .symptom(Symptom::Signal, Some("TestA"), "[signal SIGSEGV: segmentation violation]")
            .symptom(Symptom::Signal, None, "signal: aborted")
            .output(Some("TestA"), "goroutine 1 [running]:\n")
            .ended("TestA", Fail)
            .package(Fail)
            .exit(1)
    };
    check(run(Symptom::Panic, line), "crashed", &[("crash", Some("TestA"), line)]);
    check(run(Symptom::Fatal, "fatal error: x"), "crashed", &[("fatal", Some("TestA"), "fatal error: x")]);
    check(run(Symptom::Signal, "SIGBUS"), "crashed", &[("signal", Some("TestA"), "SIGBUS")]);
    let results = [("TestA", CaseResult::Crash), ("TestB", CaseResult::Crash), ("TestC", CaseResult::Pass)];
    check_tests(run(Symptom::Panic, line), &results, 0);
}

#[test]
fn a_test_that_a_finding_names_is_listed_though_it_has_subtests() {
    let run = Run::go_test()
        .enospc()
        .started("TestA")
        .test("TestA/b", Fail)
        .symptom(Symptom::Panic, Some("TestA"), "panic: x")
        .package(Fail)
        .exit(1);
    check_tests(run, &[("TestA", CaseResult::Crash), ("TestA/b", CaseResult::Fail)], 0);
}

#[test]
fn a_signal_that_we_did_not_send_ends_the_command_as_a_crash() {
    let killed = || Run::program().enospc();
    check(killed().ending(Ending::Signaled(11)), "crashed", &[("signal", None, "")]);
    check(killed().interrupted().ending(Ending::Signaled(2)), "unaffected", &[]);
    let still = "still running: store";
    check(killed().timed_out().ending(Ending::Signaled(9)), "hung", &[("hang", None, still)]);
    let panicked = killed().symptom(Symptom::Panic, None, "panic: x");
    check(panicked.ending(Ending::Signaled(6)), "crashed", &[("crash", None, "panic: x")]);
}

#[test]
fn a_race_is_told_with_its_first_lines_and_once() {
    let run = Run::go_test()
        .enospc()
        .started("TestA")
        .symptom(Symptom::Race, Some("TestA"), "WARNING: DATA RACE")
        .output(Some("TestA"), "WARNING: DATA RACE\n")
        .output(Some("TestA"), "Read at 0x00c000014108 by goroutine 7:\n")
        .output(Some("TestB"), "another test\n")
        .output(
            Some("TestA"),
            "  example.com/x.f()\n      /src/x.go:10 +0x44\n  example.com/x.g()\n\nPrevious write\n",
        )
        .symptom(Symptom::Message, Some("TestA"), "testing.go:1: race detected during execution of test")
        .ended("TestA", Fail)
        .package(Fail)
        .exit(1);
    let evidence = "WARNING: DATA RACE\nRead at 0x00c000014108 by goroutine 7:\n  example.com/x.f()\n      /src/x.go:10 +0x44";
    check(run, "failed", &[("race", Some("TestA"), evidence)]);
}

#[test]
fn a_build_failure_is_no_silence() {
    let failed = |run: Run| run.package(Fail).exit(1);
    let line = "./x.go:3:1: syntax error";
    check(failed(Run::go_test().symptom(Symptom::Build, None, line)), "failed", &[("build", None, line)]);
    let nowhere = Run::go_test().push(|at| Entry::Symptom {
        symptom: Symptom::Build,
        package: None,
        test: None,
        line: line.into(),
        at,
    });
    check(failed(nowhere), "failed", &[("build", None, line)]);
}

#[test]
fn a_time_limit_makes_a_hang_of_what_was_running() {
    let running = || Run::go_test().enospc().test("TestA", Pass).started("TestB");
    let ours = running()
        .timed_out()
        .symptom(Symptom::Signal, Some("TestB"), "SIGQUIT: quit")
        .package(Fail)
        .ending(Ending::Signaled(9));
    check(ours.clone(), "hung", &[("hang", Some("TestB"), "1 test still running: TestB")]);
    check_tests(ours, &[("TestA", CaseResult::Pass), ("TestB", CaseResult::Hang)], 0);
    let line = "panic: test timed out after 1s";
    let gos = running().symptom(Symptom::TestTimeout, Some("TestB"), line).package(Fail).exit(1);
    check(gos.clone(), "hung", &[("hang", Some("TestB"), line)]);
    check_tests(gos, &[("TestA", CaseResult::Pass), ("TestB", CaseResult::Hang)], 0);
    // A second launch of the same package is the same package.
    let again = running()
        .subject(2, "example.com/x#2")
        .push(|at| Entry::TimedOut { subjects: Cow::Borrowed(&[SubjectId(1), SubjectId(2)]), at });
    check(again.exit(1), "hung", &[("hang", Some("TestB"), "1 test still running: TestB")]);
    // With the whole tree under duress the subject is `go`, and the package is the one that owes a result.
    let mut whole =
        Run::new(Mode::GoTest, &["go", "test"]).subject(1, "go").started("TestB").timed_out().exit(1);
    whole.header.whole_tree = true;
    check(whole.clone(), "hung", &[("hang", Some("TestB"), "1 test still running: TestB")]);
    check_tests(whole, &[("TestB", CaseResult::Hang)], 0);
}

#[test]
fn a_wrong_ending_is_silent_unless_a_line_names_a_cause() {
    let vanished = |line| {
        let run = Run::go_test().enospc().started("TestA").output(Some("TestA"), line);
        run.output(None, "exit status 3\n").output(None, "FAIL\texample.com/x\t0.1s\n").package(Fail).exit(1)
    };
    check(vanished("=== RUN   TestA\n"), "silent", &[("silent", Some("TestA"), "exit status 3")]);
    check(vanished("opening the store\n"), "silent", &[("silent", Some("TestA"), "exit status 3")]);
    for line in
        ["log: got ENOSPC", "No space left on device", "Unable to go on", "StoreError", "access denied"]
    {
        check(vanished(line), "failed", &[("failure", Some("TestA"), line)]);
    }
    check_tests(vanished("x\n"), &[("TestA", CaseResult::Fail)], 0);
}

#[test]
fn a_test_lost_in_a_package_that_passed_is_silent() {
    let lost = |test| Run::go_test().enospc().started(test).package(Pass).exit(0);
    check(lost("TestA"), "silent", &[("silent", Some("TestA"), "")]);
    check(lost("BenchmarkA"), "unaffected", &[]);
    check_tests(lost("BenchmarkA"), &[], 0);
}

#[test]
fn a_program_that_fails_is_silent_unless_a_line_names_a_cause() {
    let exits = |lines| Run::program().enospc().output(None, lines).exit(3);
    check(exits("starting\nbye\n"), "silent", &[("silent", None, "")]);
    check(exits("starting\nexit status 3\n"), "silent", &[("silent", None, "")]);
    check(exits("error: a\ncannot b\nbye\n"), "failed", &[("failure", None, "cannot b")]);
    check(exits("w: ENOSPC\nfatal\n"), "failed", &[("failure", None, "w: ENOSPC")]);
    check(Run::program().enospc().output(None, "error: a\n").exit(0), "unaffected", &[]);
    let go = Run::go_test().push(|at| Entry::Output {
        stream: journal::Stream::Stderr,
        package: None,
        test: None,
        text: "go: cannot find main module\n".into(),
        at,
    });
    check(go.exit(1), "failed", &[("failure", None, "go: cannot find main module")]);
}

#[test]
fn the_gravest_finding_gives_the_verdict_and_comes_first() {
    let order = |run: &Run| run.summary().findings.iter().map(|f| f.kind.to_string()).collect::<Vec<_>>();
    let failed = Run::go_test()
        .enospc()
        .started("TestA")
        .symptom(Symptom::Message, Some("TestA"), "no")
        .ended("TestA", Fail);
    let failed = failed.test("TestS", Fail);
    let silent = failed.clone().package(Fail).exit(1);
    assert_eq!(
        (silent.summary().verdict, order(&silent)),
        (Verdict::Silent, vec!["silent".into(), "failure".into()])
    );
    let crashed = failed.clone().symptom(Symptom::Panic, Some("TestB"), "panic: x");
    let all = ["crash".to_owned(), "silent".into(), "failure".into()];
    assert_eq!((crashed.summary().verdict, order(&crashed)), (Verdict::Crashed, all.to_vec()));
    let hung = crashed.timed_out().exit(1);
    let all = ["hang".to_owned(), "crash".into(), "silent".into(), "failure".into()];
    assert_eq!((hung.summary().verdict, order(&hung)), (Verdict::Hung, all.to_vec()));
    // A crash that names no test takes the wordless failure to itself.
    let nameless = failed.symptom(Symptom::Panic, None, "panic: x").package(Fail).exit(1);
    assert_eq!(order(&nameless), ["crash", "failure"]);
}

#[test]
fn what_was_running_when_the_record_stops_is_nobodys_failure() {
    let running = || Run::go_test().enospc().test("TestA", Pass).started("TestB");
    check(running(), "unaffected", &[]);
    check_tests(running(), &[("TestA", CaseResult::Pass)], 1);
    assert!(!running().summary().is_complete);
    let interrupted = running().interrupted().package(Fail).exit(1);
    check(interrupted.clone(), "unaffected", &[]);
    assert_eq!(interrupted.summary().interrupted, Some(2));
    let aborted = running().push(|at| Entry::Aborted {
        reason: "the listener broke".into(),
        errno: Some(Errno::EPERM),
        at,
    });
    check(aborted.clone().ending(Ending::Signaled(9)), "unaffected", &[]);
    assert_eq!(aborted.summary().aborted.as_deref(), Some("the listener broke (EPERM)"));
}

#[test]
fn counts_agree_whatever_became_of_the_faults() {
    const BOTH: &[RuleId] = &[RuleId(0), RuleId(1)];
    let run = Run::go_test()
        .rule("rule-2", "%file:delay_enter=5ms", &[])
        .call(Sysno::openat, BOTH, Decision::Pass)
        .call(Sysno::read, &[], Decision::Pass)
        .enospc()
        .delayed()
        .struck(enospc(), Outcome::Vanished)
        .struck(enospc(), Outcome::Refused(Errno::EPERM))
        .struck(enospc(), Outcome::Passed);
    let summary = run.exit(0).summary();
    let first = summary.rules[0].faults;
    assert_eq!((first.matched, first.fired, first.vanished, first.undelivered), (6, 2, 1, 2));
    assert_eq!((summary.rules[1].faults.matched, summary.rules[1].faults.fired), (1, 0));
    assert_eq!(summary.faults, first);
    assert_eq!(
        summary.calls.iter().map(|(name, n)| (name.as_str(), *n)).collect::<Vec<_>>(),
        [("openat", 6), ("read", 1)]
    );
    let outcomes: Vec<&str> = summary.fired.iter().map(|fired| fired.outcome.as_str()).collect();
    assert_eq!(outcomes, ["ENOSPC", "delayed 5ms", "vanished", "refused by the kernel (EPERM)", "passed"]);
}

#[test]
fn a_flood_is_counted_and_its_beginning_kept() {
    let mut run = Run::new(Mode::GoTest, &["go", "test"])
        .rule("rule-1", "openat:error=ENOSPC", &[Errno::ENOSPC])
        .subject(1, PACKAGE);
    for _ in 0..1500 {
        run = run.enospc().symptom(Symptom::Race, None, "WARNING: DATA RACE");
    }
    let summary = run.summary();
    assert_eq!((summary.fired.len(), summary.fired_omitted, summary.faults.fired), (1000, 500, 1500));
    assert_eq!((summary.findings.len(), summary.findings_omitted), (1000, 500));
}

#[test]
fn a_finding_names_the_lines_that_met_what_fired_in_its_test() {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let check = |run: Run, test: &str, expect: &[&str]| {
        let summary = run.ended("TestLog", Fail).package(Fail).exit(1).summary();
        let finding = summary.findings.iter().find(|finding| finding.test.as_deref() == Some(test));
        assert_eq!(finding.map(|finding| finding.met_by.as_slice()), Some(&owned(expect)[..]));
    };
    let begun = || Run::go_test().store().started("TestSave").started("TestLog/append");
    let fails = |run: Run, test| run.symptom(Symptom::Message, Some(test), "no").ended(test, Fail);
    let (save, append) = ("store.Save (store/store.go:31)", "store.(*Log).Append (store/log.go:44)");
    // What another test met is not this one's.
    let both = || begun().by(0, Some(0)).enospc().by(1, Some(1)).enospc();
    check(fails(both(), "TestSave"), "TestSave", &[save]);
    check(fails(both(), "TestLog/append"), "TestLog/append", &[append]);
    check(both().ended("TestLog/append", Pass), "TestLog", &[append]);
    // Beside an error, a delay is no explanation; alone it is.
    let also_saved = || begun().goroutine(2, Some("TestLog/append")).by(0, Some(2));
    check(
        fails(also_saved().delayed().by(1, Some(1)).enospc(), "TestLog/append"),
        "TestLog/append",
        &[append],
    );
    check(fails(also_saved().delayed(), "TestLog/append"), "TestLog/append", &[save]);
    // A subtest is told what its parent met, and not what its siblings did.
    let parent = || begun().goroutine(3, Some("TestLog")).by(0, Some(3)).enospc().by(1, Some(1)).enospc();
    check(fails(parent(), "TestLog/other"), "TestLog/other", &[save]);
    // What never reached its caller was met by nobody.
    let vanished = begun().by(0, Some(0)).struck(enospc(), Outcome::Vanished);
    check(fails(vanished, "TestSave"), "TestSave", &[]);
}

#[test]
fn many_places_are_named_by_three_and_a_number() {
    let mut run = Run::go_test().started("TestA").goroutine(0, Some("TestA"));
    for line in 0..5 {
        run = run.site(line, crate::journals::append(line)).by(line, Some(0)).enospc();
    }
    let run = run.by(4, Some(0)).enospc().ended("TestA", Fail).package(Fail).exit(1);
    let places = ["store.(*Log).Append (store/log.go:4)", "store.(*Log).Append (store/log.go:0)"];
    let places = [&places[..], &["store.(*Log).Append (store/log.go:1)", "2 more places"]].concat();
    assert_eq!(run.summary().findings[0].met_by, places);
}
