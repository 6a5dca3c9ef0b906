//! Two runs of one plan, side by side.

use crate::journals::{PACKAGE, Run, enospc};
use duress_report::{Weight, diverge};
use journal::Reader;
use model::{Outcome, Symptom, Sysno, TestResult};

fn run() -> Run {
    Run::go_test().passed(Sysno::openat).passed(Sysno::openat).enospc()
}

fn end(run: Run) -> Run {
    run.test("TestA", TestResult::Pass).package(TestResult::Pass).exit(0)
}

#[track_caller]
fn check(old: Run, new: Run, expect: &[(&str, Weight)]) {
    let (old, new) = (old.bytes(), new.bytes());
    let (mut old, mut new) = (Reader::open(&old[..]).unwrap(), Reader::open(&new[..]).unwrap());
    let found = diverge(&mut old, &mut new).unwrap();
    let found: Vec<(String, Weight)> = found.iter().map(|found| (found.to_string(), found.weight)).collect();
    let found: Vec<(&str, Weight)> = found.iter().map(|(text, weight)| (text.as_str(), *weight)).collect();
    assert_eq!(found, expect);
}

#[test]
fn a_faithful_repetition_has_no_divergence() {
    check(end(run()), end(run()), &[]);
}

#[test]
fn the_first_call_that_differs_is_named() {
    let new = Run::go_test().passed(Sysno::openat).passed(Sysno::read).enospc();
    let what = "example.com/x, rule-1: occurrence 2 was openat then and read now";
    check(end(run()), end(new), &[(what, Weight::Material)]);
}

#[test]
fn a_fault_that_was_not_reached_is_named_with_its_reason() {
    let unreached = Run::go_test().passed(Sysno::openat).passed(Sysno::openat);
    check(
        end(run()),
        end(unreached),
        &[
            (
                "example.com/x, rule-1: occurrence 3 fired then and not now (only 2 calls matched)",
                Weight::Material,
            ),
            ("example.com/x, rule-1: matched 3 calls then and 2 now", Weight::Informational),
            ("the verdict was unaffected then and is vacuous now", Weight::Material),
        ],
    );
    let passed =
        Run::go_test().passed(Sysno::openat).struck(enospc(), Outcome::Injected).passed(Sysno::openat);
    check(
        end(run()),
        end(passed),
        &[
            (
                "example.com/x, rule-1: occurrence 3 fired then and not now (the call was made and passed)",
                Weight::Material,
            ),
            ("example.com/x, rule-1: occurrence 2 fires now and did not then", Weight::Material),
        ],
    );
}

#[test]
fn more_matched_calls_alone_are_informational() {
    let more = run().passed(Sysno::read);
    let what = "example.com/x, rule-1: matched 3 calls then and 4 now";
    check(end(run()), end(more), &[(what, Weight::Informational)]);
}

#[test]
fn missing_subjects_and_other_results_are_named() {
    let old = end(run().subject(2, "example.com/y"));
    let new = run()
        .started("TestA")
        .symptom(Symptom::Message, Some("TestA"), "no")
        .ended("TestA", TestResult::Fail)
        .package(TestResult::Fail)
        .exit(1);
    check(
        old,
        new,
        &[
            ("example.com/y: was launched then and is not now", Weight::Material),
            (&format!("{PACKAGE}: TestA had result pass then and fail now"), Weight::Material),
            ("the verdict was unaffected then and is failed now", Weight::Material),
        ],
    );
}

#[test]
fn another_plan_is_said_first() {
    let other = Run::go_test().rule("rule-2", "read:error=EIO", &[]);
    let expect = [("the rules were rule-1 then and are rule-1, rule-2 now", Weight::Material)];
    check(end(Run::go_test()), end(other), &expect);
}
