//! Two runs of one plan, side by side.

use crate::journals::{PACKAGE, Run, enospc};
use duress_report::{Weight, diverge};
use journal::{Attribution, Reader};
use model::{Decision, Outcome, RuleId, Symptom, Sysno, TestResult};

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

/// Two hits of rule-1, each the first at its place.
fn by_place() -> Run {
    let mut run = Run::go_test().store();
    run.header.attribution = Attribution::All;
    first(first(run.by(0, Some(0))).by(1, Some(1)))
}

/// An openat that is the first of something, and fails.
fn first(run: Run) -> Run {
    let inject = Decision::Inject { rule: RuleId(0), occurrence: 1, fault: enospc() };
    run.call(Sysno::openat, &[RuleId(0)], inject)
}

const SAVE: &str = "openat at store.Save (store/store.go:31) in TestSave";
const APPEND: &str = "openat at store.(*Log).Append (store/log.go:44) in TestLog/append";

#[test]
fn where_occurrences_are_counted_by_place_the_order_of_places_is_free() {
    let mut swapped = Run::go_test().store();
    swapped.header.attribution = Attribution::All;
    let swapped = first(first(swapped.by(1, Some(1))).by(0, Some(0)));
    check(end(by_place()), end(swapped), &[]);
}

#[test]
fn two_hits_with_one_number_at_two_places_are_two() {
    let one = |site: u32| {
        let mut run = Run::go_test().store();
        run.header.attribution = Attribution::All;
        let other = 1 - site;
        first(run.by(site, Some(site))).by(other, Some(other)).passed(Sysno::openat)
    };
    let lost = |place: &str, why: &str| {
        format!("example.com/x, rule-1: {place}, occurrence 1, fired then and not now ({why})")
    };
    check(end(by_place()), end(one(1)), &[(&lost(SAVE, "the call was made and passed"), Weight::Material)]);
    check(end(by_place()), end(one(0)), &[(&lost(APPEND, "the call was made and passed"), Weight::Material)]);
    let added = format!("example.com/x, rule-1: {SAVE}, occurrence 1, fires now and did not then");
    check(end(one(1)), end(by_place()), &[(&added, Weight::Material)]);
    let mut never = Run::go_test().store();
    never.header.attribution = Attribution::All;
    let fewer = "example.com/x, rule-1: matched 2 calls then and 1 now";
    let expect =
        [(&*lost(SAVE, "only 0 calls matched there"), Weight::Material), (fewer, Weight::Informational)];
    check(end(by_place()), end(first(never.by(1, Some(1)))), &expect);
}

#[test]
fn other_lines_and_hidden_frames_are_the_same_place() {
    let mut moved = Run::go_test().store().site(2, crate::journals::append(99));
    moved.header.attribution = Attribution::All;
    check(end(by_place()), end(first(first(moved.by(0, Some(0))).by(2, Some(1)))), &[]);
}

#[test]
fn a_number_that_threads_race_for_may_be_had_at_another_place() {
    let at = |site| Run::go_test().store().by(site, Some(site)).enospc();
    let what = format!("example.com/x, rule-1: occurrence 1 was {SAVE} then and is {APPEND} now");
    check(end(at(0)), end(at(1)), &[(&what, Weight::Informational)]);
    // Where one of both is not known, nothing is said.
    check(end(at(0)), end(Run::go_test().enospc()), &[]);
}

#[test]
fn a_fault_that_was_not_reached_is_named_by_its_place() {
    let then = Run::go_test().store().by(0, Some(0)).enospc().by(1, Some(1)).enospc();
    let now = Run::go_test().store().by(0, Some(0)).enospc();
    let what = format!(
        "example.com/x, rule-1: {APPEND}, occurrence 2, fired then and not now (only 1 call matched)"
    );
    let fewer = "example.com/x, rule-1: matched 2 calls then and 1 now";
    check(end(then), end(now), &[(&what, Weight::Material), (fewer, Weight::Informational)]);
}
