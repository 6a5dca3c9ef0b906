//! "The third time" is the same line of every run, whatever order goroutines run in.

#![expect(clippy::disallowed_methods, reason = "the same program is run by strace")]

use e2e::{Duress, Judged, Need, Outcome, built, has, root};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// The tests of `scenarios/occurrences`, which says what they do, as a program.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    built(&root().join("scenarios/occurrences"), &["test", "-c", "-buildvcs=false"], "e2e-occurrences")
});

const TESTS: [&str; 4] = ["TestEast/one", "TestEast/two", "TestNorth", "TestSouth"];

/// How many calls the tests make, each of them of the same kind: 8 rounds at 4 places, of which two make two calls.
const CALLS: usize = 4 * 8 * 6;

/// `go test` runs as many tests at once as there are CPUs; the program is to do the same everywhere.
const PARALLEL: &str = "-test.parallel=4";

/// A run of the program with so many CPUs.
fn run(cpus: u32, flags: &[&str], rule: &str) -> Outcome {
    let program = PROGRAM.to_str().expect("the checkout's path is text");
    let line = ["run", "--format", "json", "--timeout", "30s"];
    let outcome =
        Duress::new(Path::new("/"), [&line[..], flags, &["-e", rule, "--", program, PARALLEL]].concat())
            .env("GOMAXPROCS", cpus.to_string())
            .run();
    outcome.expect_code(0);
    outcome
}

/// What the program says of the calls that gave an error: test, place, and the how-manieth it was there.
fn met(output: &str) -> BTreeSet<String> {
    output.lines().filter_map(|line| line.strip_prefix("met ")).map(str::to_owned).collect()
}

/// What makes an occurrence the same in another run: test, call path, system call, number; and the lines of the path, which
/// tell calls of one place apart.
type Occurrence = (String, Vec<String>, String, u64, Vec<u32>);

fn hit(outcome: &Outcome) -> BTreeSet<Occurrence> {
    hit_in(&outcome.run_dir())
}

fn hit_in(folder: &Path) -> BTreeSet<Occurrence> {
    let mut hit = Judged::of_run(folder);
    hit.retain(|call| call.occurrence.is_some());
    let of = |call: &Judged| {
        let caller = call.caller.as_ref().unwrap_or_else(|| panic!("nobody made {call:?}"));
        let path = call.path().into_iter().map(str::to_owned).collect();
        let lines = caller.site.shown().map(|frame| frame.line).collect();
        (call.test().to_owned(), path, call.sysno.to_string(), call.occurrence.unwrap_or_default(), lines)
    };
    let set: BTreeSet<Occurrence> = hit.iter().map(of).collect();
    assert_eq!(set.len(), hit.len(), "an occurrence was hit twice: {hit:#?}");
    set
}

/// Runs this for each number two at a time, and has what came of it.
fn in_pairs<T: Send>(count: usize, run: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let half = |first: usize| (first..count).step_by(2).map(&run).collect::<Vec<T>>();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        let mut all = half(0);
        all.extend(other.join().expect("a failure says what it is"));
        all
    })
}

#[test]
fn the_third_time_is_the_same_call_in_fifty_runs_of_fifty() {
    if !has(NEEDS) {
        return;
    }
    let rule = "getpgid,getsid:error=EIO:when=3:where=caller(occurrences.*)";
    // In two of the places it is the third round; where a round has two calls of a kind, the third is the first of the second.
    let places = ["around.getpgid 3", "around.getsid 3", "homeward 3", "outward 3", "twice.first 2"];
    let expected: BTreeSet<String> =
        TESTS.iter().flat_map(|test| places.map(|place| format!("{test} {place}"))).collect();
    let cpus = [1, 2, 4, 8, 16];
    let runs = in_pairs(50, |number| {
        let cpus = cpus[number % cpus.len()];
        let outcome = run(cpus, &[], rule);
        assert_eq!(outcome.json()["faults"]["matched"], CALLS, "{outcome:?}");
        assert_eq!(outcome.json()["faults"]["vanished"], 0, "{outcome:?}");
        assert_eq!(met(&outcome.stderr), expected, "GOMAXPROCS={cpus}\n{outcome:?}");
        hit(&outcome)
    });
    assert_eq!(runs.len(), 50);
    let different: BTreeSet<_> = runs.iter().collect();
    assert_eq!(different.len(), 1, "{different:#?}");

    let one = &runs[0];
    assert_eq!(one.len(), expected.len());
    assert!(one.iter().all(|(_, _, _, number, _)| *number == 3), "{one:#?}");
    let lines = |function: &str| -> BTreeSet<u32> {
        let at = |(_, path, _, _, lines): &Occurrence| {
            path.iter().position(|name| name == &format!("occurrences.{function}")).map(|place| lines[place])
        };
        one.iter().filter_map(at).collect()
    };
    assert_eq!(lines("outward").len(), 1, "{one:#?}");
    assert_eq!(lines("around").len(), 2, "each of its two kinds has its own third\n{one:#?}");
    assert_eq!(lines("twice").len(), 1, "its two lines are one place\n{one:#?}");
    tell_strace(runs.len());
}

/// Says, past the test harness, what strace makes of the same sentence. It may be lucky, so nothing is asserted.
fn tell_strace(runs: usize) {
    const RUNS: usize = 20;
    if !has(&[Need::Strace, Need::Trace]) {
        return;
    }
    let outcomes = in_pairs(RUNS, |_| {
        let strace = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=getpgid,getsid"])
            .args(["-e", "inject=getpgid,getsid:error=EIO:when=3"])
            .arg(&*PROGRAM)
            .arg(PARALLEL)
            .env("GOMAXPROCS", "4")
            .stdin(Stdio::null())
            .output()
            .expect("strace starts");
        assert!(strace.status.success(), "{}", String::from_utf8_lossy(&strace.stderr));
        met(&String::from_utf8_lossy(&strace.stdout))
    });
    let different: BTreeSet<_> = outcomes.iter().collect();
    let hits: Vec<usize> = outcomes.iter().map(BTreeSet::len).collect();
    let (fewest, most) = (hits.iter().min().copied(), hits.iter().max().copied());
    let text = format!(
        "strace when=3: {} different outcomes in {RUNS} runs, of {} to {} errors each; duress: 1 in {runs}, of 20\n",
        different.len(),
        fewest.unwrap_or_default(),
        most.unwrap_or_default(),
    );
    // Where nobody can be told, nobody reads.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

#[test]
fn chance_is_the_same_in_every_run_of_a_seed_and_in_every_replay() {
    if !has(NEEDS) {
        return;
    }
    let rule = "getpgid,getsid:error=EIO:rate=0.5:where=test(Test*)";
    let first = run(8, &["--seed", "7"], rule);
    let (picked, said) = (hit(&first), met(&first.stderr));
    assert!((CALLS / 3..CALLS * 2 / 3).contains(&picked.len()), "{}\n{first:?}", picked.len());
    assert_eq!(said.len(), picked.len(), "{first:?}");
    let by_test =
        picked.iter().fold(BTreeMap::<&str, Vec<_>>::new(), |mut by_test, (test, path, sysno, number, _)| {
            by_test.entry(test).or_default().push((path.get(1), sysno, number));
            by_test
        });
    let different: BTreeSet<_> = by_test.values().collect();
    assert_eq!(different.len(), TESTS.len(), "chance is not the same in every test: {by_test:#?}");

    for cpus in [1, 2, 16] {
        let again = run(cpus, &["--seed", "7"], rule);
        assert_eq!(
            (hit(&again), met(&again.stderr)),
            (picked.clone(), said.clone()),
            "GOMAXPROCS={cpus}\n{again:?}"
        );
    }
    let other = run(8, &["--seed", "8"], rule);
    assert_ne!(hit(&other), picked);

    for cpus in ["8", "1"] {
        let replay = Duress::new(Path::new("/"), ["replay", "last", "--format", "json"]);
        let replay = replay.home_of(&first).env("GOMAXPROCS", cpus).run();
        replay
            .expect_code(0)
            .expect_stderr(&["replay: the same decisions, and the target took the same way\n"]);
        assert_eq!(met(&replay.stderr), said, "GOMAXPROCS={cpus}\n{replay:?}");
        let dir = replay.json()["dir"].as_str().expect("a folder").to_owned();
        assert_eq!(hit_in(Path::new(&dir)), picked, "GOMAXPROCS={cpus}\n{replay:?}");
    }
}
