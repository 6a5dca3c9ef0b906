//! Conditions on who makes a call, and what is told of it, on real Go.

#![expect(clippy::disallowed_methods, reason = "a profile is read by go tool pprof")]

use e2e::{Duress, Judged, Module, Need, Outcome, built, duress_path, has, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// What README and report say of it: the buffer's writes, of these tests only.
const REPORTS: &str = "write:error=ENOSPC:where=site(bufio.(*Writer).Flush)&test(TestReport*)";

const FLUSH: &str = "bufio.(*Writer).Flush";

fn reports() -> PathBuf {
    root().join("scenarios/reports")
}

/// The tests of `scenarios/reports` as a program: it starts within milliseconds, where `go test` takes a second.
static PROGRAM: LazyLock<PathBuf> =
    LazyLock::new(|| built(&reports(), &["test", "-c", "-buildvcs=false", "-ldflags=-s -w"], "e2e-reports"));

/// A run of the program, with these flags and rules.
fn run(flags: &[&str], rules: &[&str]) -> Outcome {
    let rules: Vec<&str> = rules.iter().flat_map(|rule| ["-e", rule]).collect();
    let line = ["run", "--format", "json", "--timeout", "30s"];
    let program = PROGRAM.to_str().expect("the checkout's path is text");
    Duress::new(&reports(), [&line[..], flags, &rules, &["--", program]].concat()).run()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().expect("a list").iter().map(|one| one.as_str().expect("a text")).collect()
}

#[test]
fn exactly_the_buffered_writes_of_the_tests_that_are_named_fail() {
    if !has(&[Need::Go, Need::Notify, Need::Race]) {
        return;
    }
    let line = ["run", "--format", "json", "-e", REPORTS, "--", "go", "test", "-race", "./..."];
    let outcome = Duress::new(&reports(), line).run();
    outcome.expect_code(1);
    let json = outcome.json();
    assert_eq!(json["faults"]["matched"], 7, "{outcome:?}");
    assert_eq!(json["faults"]["fired"], 7, "{outcome:?}");

    let result = |name: &str| {
        let tests = json["tests"].as_array().expect("tests are a list");
        let test = tests.iter().find(|test| test["test"] == name);
        test.unwrap_or_else(|| panic!("{name} has no result\n{outcome:?}"))["result"].clone()
    };
    for name in ["TestReportDaily", "TestReportMany/north", "TestReportMany/south"] {
        assert_eq!(result(name), "fail", "{name}\n{outcome:?}");
    }
    assert_eq!(result("TestSummary"), "pass", "it writes through a buffer as well\n{outcome:?}");

    let fired = json["fired"].as_array().expect("faults are a list");
    let mut tests: Vec<&str> = fired.iter().filter_map(|fired| fired["test"].as_str()).collect();
    tests.sort_unstable();
    let [north, south] = ["TestReportMany/north", "TestReportMany/south"];
    assert_eq!(tests, ["TestReportDaily", north, north, north, south, south, south], "{outcome:?}");
    for fired in fired {
        assert!(texts(&fired["site"]).contains(&FLUSH), "{fired}");
        assert_eq!(fired["line"], "report.go:21", "{fired}");
        assert!(fired["goroutine"].as_u64().is_some_and(|goroutine| goroutine > 1), "{fired}");
        assert_eq!(fired["occurrence"].as_u64().map(|number| number <= 3), Some(true), "{fired}");
    }

    let shown = Duress::new(&reports(), ["show", "last"]).home_of(&outcome).run();
    shown.expect_stdout(&[
        "TestReportDaily  reports.Write (report.go:21) → bufio.(*Writer).Flush → os.(*File).Write  goroutine ",
        "met by reports.Write (report.go:21)\n",
        "7 faults fired in 7 matched calls",
    ]);
}

/// The writes to files that the tests make, by test and way: what a rule can hit.
const WRITES: [&str; 9] = [
    "TestReportDaily flush",
    "TestReportMany/north flush",
    "TestReportMany/north flush",
    "TestReportMany/north flush",
    "TestReportMany/south flush",
    "TestReportMany/south flush",
    "TestReportMany/south flush",
    "TestSummary flush",
    "TestSummary plain",
];

/// Those that this predicate holds for.
fn writes(predicate: &str) -> Vec<String> {
    let rule = format!("write:delay_enter=1us:where=path(**/00*/*) & {predicate}");
    let outcome = run(&[], &[&rule]);
    outcome.expect_code(if outcome.json()["faults"]["fired"] == 0 { 4 } else { 0 });
    let way = |call: &Judged| if call.is_by(FLUSH) { "flush" } else { "plain" };
    let hit = Judged::hit(&outcome);
    let mut writes: Vec<String> = hit.iter().map(|call| format!("{} {}", call.test(), way(call))).collect();
    writes.sort_unstable();
    writes
}

/// Fails unless the predicate holds for the writes that begin and end so, and its negation for all others.
#[track_caller]
fn check(predicate: &str, expect: impl Fn(&str) -> bool) {
    let (holds, fails): (Vec<&str>, Vec<&str>) = WRITES.iter().partition(|write| expect(write));
    assert_eq!(writes(predicate), holds, "{predicate}");
    assert_eq!(writes(&format!("!{predicate}")), fails, "!{predicate}");
}

#[test]
fn each_predicate_holds_for_its_calls_and_its_negation_for_the_others() {
    if !has(NEEDS) {
        return;
    }
    let is_flush = |write: &str| write.ends_with("flush");
    check("site(bufio.(*Writer).Flush)", is_flush);
    check("site(bufio.*)", is_flush);
    check("site(os.WriteFile)", |write| !is_flush(write));
    check("caller(reports.Write)", is_flush);
    check("caller(example.com/reports.Write)", is_flush);
    check("caller(reports.TestSummary)", |write| !is_flush(write));
    check("caller(bufio.*)", |_| false);
    check("pkg(bufio)", is_flush);
    check("pkg(example.com/**)", |_| true);
    check("pkg(net/**)", |_| false);
}

#[test]
fn a_test_is_told_with_its_subtests_and_a_subtest_alone() {
    if !has(NEEDS) {
        return;
    }
    check("test(TestReport*)", |write| write.starts_with("TestReport"));
    check("test(TestReportMany)", |write| write.starts_with("TestReportMany/"));
    check("test(=TestReportMany)", |write| write.starts_with("TestReportMany/"));
    check("test(=TestReport*)", |_| false);
    check("test(=TestReportMany/north)", |write| write.starts_with("TestReportMany/north "));
    check("test(TestReportMany/s*)", |write| write.starts_with("TestReportMany/south "));
    check("test(TestReport)", |_| false);
}

#[test]
fn a_goroutine_is_told_by_who_started_it() {
    if !has(NEEDS) {
        return;
    }
    let is_started = |write: &str| write.starts_with("TestReportMany");
    check("goroutine(reports.TestReportMany.*)", is_started);
    check("goroutine(reports.TestReportMany.func1)", is_started);
    check("goroutine(reports.TestReportMany.func1.1)", is_started);
    check("goroutine(testing.(*T).Run)", |write| !is_started(write));
    check("goroutine(1)", |_| false);
}

#[test]
fn the_first_goroutine_is_told_from_all_others() {
    if !has(NEEDS) {
        return;
    }
    let rules = ["write:delay_enter=1us:where=goroutine(1)", "write:delay_enter=1us:where=!goroutine(1)"];
    let outcome = run(&[], &rules[..1]);
    let first = Judged::hit(&outcome);
    assert!(first.iter().all(|call| call.goroutine() == Some(1)), "{outcome:?}");
    assert!(first.iter().any(|call| call.is_by("testing.(*M).Run")), "it says PASS\n{outcome:?}");
    let outcome = run(&[], &rules[1..]);
    let others = Judged::hit(&outcome);
    assert!(others.len() >= WRITES.len(), "{outcome:?}");
    assert!(others.iter().all(|call| call.goroutine() != Some(1)), "{outcome:?}");
}

#[test]
fn threads_without_a_goroutine_are_told_from_those_with_one() {
    if !has(NEEDS) {
        return;
    }
    let outcome = run(&[], &["futex:delay_enter=1us:where=goroutine(none)"]);
    let idle = Judged::hit(&outcome);
    assert!(!idle.is_empty(), "{outcome:?}");
    assert!(idle.iter().all(|call| call.goroutine().is_none() && call.caller.is_some()), "{outcome:?}");
    for fired in outcome.json()["fired"].as_array().expect("faults are a list") {
        assert!(fired["goroutine"].is_null() && fired["test"].is_null(), "{fired}");
    }
    let outcome = run(&["--allow-vacuous"], &["futex:delay_enter=1us:where=!goroutine(none)"]);
    // Nothing is known of a thread that ends with its process before it can be asked; that is no goroutine(none).
    let busy = |call: &Judged| call.caller.is_none() || call.goroutine().is_some();
    assert!(Judged::hit(&outcome).iter().all(busy), "{outcome:?}");
}

#[test]
fn once_per_site_and_once_per_test_hit_the_first_of_each() {
    if !has(NEEDS) {
        return;
    }
    let first = |key: &str| writes(&format!("once-per({key})"));
    assert_eq!(
        first("test"),
        [WRITES[0], WRITES[1], WRITES[4], WRITES[7]],
        "the buffered one comes first in TestSummary"
    );
    // north and south share a site, and which comes first is chance.
    assert_eq!(first("site").len(), 4);
}

#[test]
fn sites_are_told_of_no_call_of_hit_ones_or_of_all() {
    if !has(NEEDS) {
        return;
    }
    let rule = "write:delay_enter=1us:when=2:where=path(**/00*/*)";
    let told = |flags: &[&str]| {
        let outcome = run(flags, &[rule]);
        outcome.expect_code(0);
        let all = Judged::all(&outcome);
        assert_eq!(all.len(), WRITES.len(), "{outcome:?}");
        (outcome, all)
    };
    for flags in [&[][..], &["--sites", "fired"]] {
        let (outcome, all) = told(flags);
        assert_eq!(outcome.json()["faults"]["fired"], 1, "the second of all\n{outcome:?}");
        for call in all {
            assert_eq!(call.caller.is_some(), call.occurrence.is_some(), "{call:?}\n{outcome:?}");
        }
        assert_eq!(outcome.json()["fired"][0]["line"], "report.go:21", "{outcome:?}");
    }

    let (outcome, all) = told(&["--sites", "never"]);
    assert!(all.iter().all(|call| call.caller.is_none()), "{outcome:?}");
    let fired = &outcome.json()["fired"][0];
    assert!(texts(&fired["site"]).is_empty(), "{fired}");
    for key in ["line", "goroutine", "test"] {
        assert!(fired[key].is_null(), "{key}: {fired}");
    }
    let shown = Duress::new(Path::new("/"), ["show", "last"]).home_of(&outcome).run();
    assert!(!shown.stdout.contains("report.go"), "{shown:?}");
    for flag in ["--site", "--folded", "--pprof"] {
        let shown = Duress::new(Path::new("/"), ["show", "last", flag]).home_of(&outcome).run();
        shown.expect_code(2).expect_stderr(&["knows no sites", "`--sites fired`"]);
    }

    let (outcome, all) = told(&["--sites", "all"]);
    assert!(all.iter().all(|call| call.goroutine().is_some()), "{outcome:?}");
    // North and south have three calls each from one place: the second of each.
    let mut hit: Vec<String> = Judged::hit(&outcome).iter().map(|call| call.test().to_owned()).collect();
    hit.sort_unstable();
    assert_eq!(hit, ["TestReportMany/north", "TestReportMany/south"], "{outcome:?}");
}

#[test]
fn call_paths_of_a_run_are_summed_up_folded_and_profiled() {
    if !has(NEEDS) {
        return;
    }
    let line = ["run", "--format", "json", "-e", REPORTS, "--", "go", "test", "./..."];
    let outcome = Duress::new(&reports(), line).run();
    outcome.expect_code(1);
    let show = |flag: &str| {
        let shown = Duress::new(Path::new("/"), ["show", "last", flag]).home_of(&outcome).run();
        shown.expect_code(0);
        shown.stdout
    };
    let sites = show("--site");
    assert!(sites.contains("2 sites, 7 faults in 7 calls"), "{sites}");
    assert!(
        sites.contains("reports.Write (report.go:21) → bufio.(*Writer).Flush → os.(*File).Write"),
        "{sites}"
    );
    let rest = "example.com/reports.Write;bufio.(*Writer).Flush;os.(*File).Write;[write]";
    assert_eq!(
        show("--folded"),
        format!(
            "TestReportDaily;example.com/reports.TestReportDaily;{rest} 1\n\
             TestReportMany/north;example.com/reports.TestReportMany.func1.1;{rest} 3\n\
             TestReportMany/south;example.com/reports.TestReportMany.func1.1;{rest} 3\n"
        )
    );

    // A profile is no text: Outcome would change its bytes.
    let run_dir = outcome.run_dir();
    let profile = Command::new(duress_path()).arg("show").arg(&run_dir).arg("--pprof").output();
    let scratch = Module::new(&[]);
    let path = scratch.join("faults.pb.gz");
    std::fs::write(&path, profile.expect("duress starts").stdout).expect("our own folder");
    let pprof = Command::new("go")
        .args(["tool", "pprof", "-top", "-cum", "-sample_index=faults"])
        .arg(&path)
        .env("PPROF_TMPDIR", scratch.path())
        .output()
        .expect("go starts");
    let top = String::from_utf8_lossy(&pprof.stdout).into_owned();
    for part in
        ["Type: faults", "accounting for 7, 100% of 7 total", "reports.Write", "bufio.(*Writer).Flush"]
    {
        assert!(top.contains(part), "no `{part}` in\n{top}{}", String::from_utf8_lossy(&pprof.stderr));
    }
}
