//! Calls by who made them, in three drawings.

use crate::drawings::{attributed, check};
use crate::journals::{PACKAGE, Run, enospc, frame, save};
use duress_report::folded::{self, Value};
use duress_report::{Color, pprof, sites};
use journal::{Attribution, Entry};
use model::{Code, Decision, Errno, Frame, Outcome, RuleId, Site, SiteNumber, Sysno, TestResult};
use std::borrow::Cow;

fn renameat() -> Sysno {
    Sysno::from_name("renameat").unwrap()
}

/// A run whose every call has a caller: one site in two variants, one that nothing hit.
fn everything() -> Run {
    let mut run = Run::go_test().store().goroutine(3, Some("TestOther"));
    run.header.attribution = Attribution::All;
    let moved = save().into_iter().map(|frame| Frame { line: frame.line + 1, ..frame }).collect();
    let run = run.site(3, moved).by(0, Some(0)).passed(renameat()).enospc();
    let run = run.by(3, Some(3)).passed(renameat()).passed(renameat()).passed(renameat());
    let run = run.by(1, Some(1)).call(Sysno::write, &[], Decision::Pass);
    run.test("TestSave", TestResult::Pass).package(TestResult::Pass).exit(0)
}

#[test]
fn sites_are_drawn_as_a_table_and_as_json() {
    for (name, run) in [("sites", attributed()), ("all-sites", everything())] {
        let summary = run.summary();
        check(&format!("{name}.txt"), &sites::draw(&summary, Color::Never));
        let line = sites::json(&summary);
        assert_eq!(line.lines().count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        check(&format!("{name}.json"), &format!("{}\n", serde_json::to_string_pretty(&value).unwrap()));
    }
}

#[test]
fn variants_of_a_site_are_one_and_the_commonest_is_shown() {
    let json: serde_json::Value = serde_json::from_str(&sites::json(&everything().summary())).unwrap();
    let first = &json["sites"][0];
    assert_eq!((&first["calls"], &first["faults"]), (&5.into(), &1.into()));
    assert_eq!(first["line"], "store/store.go:32");
    assert_eq!(first["tests"], serde_json::json!(["TestOther", "TestSave"]));
    assert_eq!(first["syscalls"], serde_json::json!({"openat": 1, "renameat": 4}));
}

#[test]
fn folded_stacks_run_from_the_test_to_the_system_call() {
    let (run, summary) = (everything(), everything().summary());
    assert_eq!(Value::of(run.header.attribution), Value::Calls);
    let save = "example.com/x/store.TestSave;example.com/x/store.Save;os.Rename";
    let log = "example.com/x/store.(*Log).Append;bufio.(*Writer).Flush;os.(*File).Write";
    let calls = format!(
        "TestLog/append;{log};[write] 1\nTestOther;{save};[renameat] 3\nTestSave;{save};[openat] 1\n\
         TestSave;{save};[renameat] 1\n"
    );
    assert_eq!(folded::draw(&summary, Value::Calls), calls);
    assert_eq!(folded::draw(&summary, Value::Faults), format!("TestSave;{save};[openat] 1\n"));
    assert_eq!(folded::draw(&summary, Value::Latency), "");
    let latency =
        format!("TestLog/append;{log};[write] 10000\nruntime.notesleep;runtime.futex;[futex] 5000\n");
    assert_eq!(folded::draw(&attributed().summary(), Value::Latency), latency);
}

#[test]
fn a_fault_of_which_nothing_is_known_is_counted_at_an_unknown_place() {
    let summary = Run::go_test().enospc().struck(enospc(), Outcome::Vanished).exit(0).summary();
    assert!(!summary.profile.has_sites() && !summary.profile.is_empty());
    assert_eq!(folded::draw(&summary, Value::Faults), "unknown;[openat] 1\n");
    assert_eq!(folded::draw(&summary, Value::Calls), "unknown;[openat] 2\n");
    assert!(sites::draw(&summary, Color::Never).contains(" 0 sites, 1 fault in 2 calls"));
}

#[test]
fn whatever_names_hold_a_stack_stays_one_line() {
    let frames = vec![
        frame("a b;c\n 3", "/x\u{1b}[31m", 1, Code::User),
        frame("", "", 0, Code::Foreign),
        frame("\u{2028}\u{a0}x.F", "\u{0}", u32::MAX, Code::User),
    ];
    let run = Run::go_test().site(0, frames).goroutine(0, Some("Test;A b")).by(0, Some(0)).enospc();
    let summary = run.summary();
    let expect = "Test:A_b;\\u{2028}_x.F;?;a_b:c\\u{a}_3;[openat] 1\n";
    assert_eq!(folded::draw(&summary, Value::Faults), expect);
    let table = sites::draw(&summary, Color::Never);
    assert!(table.chars().all(|c| c == '\n' || !c.is_control()), "{table:?}");
}

#[test]
fn a_very_deep_site_is_cut() {
    let deep = |line| frame("x.F", "/home/u/x/x.go", line, Code::User);
    let run = Run::go_test().site(0, (0..10_000).map(deep).collect()).by(0, None).enospc();
    let summary = run.summary();
    let site = summary.fired[0].caller.as_ref().and_then(|caller| caller.site.as_ref()).unwrap();
    assert_eq!((site.frames.len(), site.is_whole), (512, false));
    assert!(sites::draw(&summary, Color::Never).contains("… 500 more"));
    pprof::draw(&summary);
}

#[test]
fn a_number_keeps_its_first_meaning_and_may_have_none() {
    let other = vec![frame("x.Other", "", 0, Code::User)];
    let run = Run::go_test().site(0, save()).site(0, other).by(0, None).enospc();
    let run = run.by(u32::MAX, Some(u32::MAX)).enospc();
    let stacks = folded::draw(&run.summary(), Value::Faults);
    assert_eq!(stacks.lines().count(), 2, "{stacks}");
    assert!(stacks.contains("os.Rename;[openat] 1\n") && stacks.contains("unknown;[openat] 1\n"), "{stacks}");
}

#[test]
fn beyond_what_is_told_apart_tests_and_counts_are_kept() {
    let mut run = Run::new(journal::Mode::GoTest, &["go", "test"])
        .rule("rule-1", "openat:error=ENOSPC", &[Errno::ENOSPC])
        .subject(1, PACKAGE)
        .site(0, save());
    let inject = Decision::Inject { rule: RuleId(0), occurrence: 1, fault: enospc() };
    for number in 0..70_000 {
        run = run.goroutine(number, Some("TestMany")).by(0, Some(number));
        run = run.call(Sysno::openat, &[RuleId(0)], inject.clone());
    }
    let summary = run.summary();
    assert_eq!(summary.profile.total().faults, 70_000);
    // The tests of goroutines that are not kept are unknown.
    let stack = "example.com/x/store.TestSave;example.com/x/store.Save;os.Rename;[openat]";
    let stacks = folded::draw(&summary, Value::Faults);
    assert_eq!(stacks, format!("TestMany;{stack} 65536\n{stack} 4464\n"));
}

#[test]
fn no_more_sites_are_kept_than_there_is_room_for() {
    let mut run = Run::go_test();
    for number in 0..66_000 {
        let frames = vec![frame("x.F", "", number, Code::User)];
        run = run.push(|at| Entry::Site {
            number: SiteNumber(number),
            site: Cow::Owned(Site { frames, is_whole: true }),
            at,
        });
    }
    let summary = run.by(65_535, None).enospc().by(65_536, None).enospc().summary();
    let known: Vec<bool> =
        summary.fired.iter().map(|fired| fired.caller.as_ref().is_some_and(|c| c.site.is_some())).collect();
    assert_eq!(known, [true, false]);
}
