//! `duress replay` and `duress show`: the same decisions, the same report.

use e2e::{Duress, Fired, Module, Need, Outcome, caller, has};
use journal::Entry;
use model::Decision;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// A test that fails where `mood` says so, after calls of which some are hit.
const MOODY: &str = r#"package x

import (
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestMoody(t *testing.T) {
	for i := 0; i < 40; i++ {
		syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
	}
	if mood, _ := os.ReadFile("mood"); strings.HasPrefix(string(mood), "bad") {
		t.Fatal("expected a better mood")
	}
}
"#;

fn run(module: &Module, flags: &[&str], command: &[&str]) -> Outcome {
    Duress::new(module.path(), [&["run"], flags, &["--"], command].concat()).run()
}

/// Replays the newest run that is kept with this one.
fn replay(of: &Outcome, flags: &[&str]) -> Outcome {
    // From another folder, and with other defaults: a run knows its own.
    let arguments = [&["replay", "last"], flags].concat();
    Duress::new(&std::env::temp_dir(), arguments).home_of(of).env("DURESS_SEED", "999").run()
}

/// A run of the program that makes calls; `words` says which, and may change between runs.
fn run_words(module: &Module, rule: &str) -> Outcome {
    let script = format!("exec {} $(cat words)", caller());
    run(module, &["--format", "json", "-e", rule], &["sh", "-c", &script])
}

#[test]
fn a_replay_makes_the_same_decisions_in_every_package() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("a/x_test.go", MOODY), ("b/x_test.go", MOODY)]);
    let flags = ["--format", "json", "--seed", "9", "-e", "getpgid:error=EPERM:rate=0.3:name=flaky"];
    let first = run(&module, &flags, &["go", "test", "./..."]);
    let picked = Fired::all(&first);
    assert!((5..60).contains(&picked.len()), "{first:?}");
    let of = |package: &str| -> Vec<u64> {
        let of = picked.iter().filter(|fired| fired.subject == package);
        of.map(|fired| fired.occurrence).collect()
    };
    assert_ne!(of("example.com/x/a"), of("example.com/x/b"), "chance is not the same in every package");

    let second = replay(&first, &["--format", "json"]);
    second.expect_code(0).expect_stderr(&["replay: the same decisions, and the target took the same way\n"]);
    assert_eq!(Fired::all(&second), picked, "{second:?}");
    let (then, now) = (first.json(), second.json());
    assert_eq!(now["replay_of"], then["run"], "{second:?}");
    for key in ["command", "cwd", "seed", "rules", "tests", "verdict"] {
        let drop_times = |mut value: serde_json::Value| {
            for one in value.as_array_mut().into_iter().flatten().filter_map(|one| one.as_object_mut()) {
                one.remove("elapsed_s");
            }
            value
        };
        assert_eq!(drop_times(now[key].clone()), drop_times(then[key].clone()), "{key}\n{second:?}");
    }
}

/// How many faults this beginning of a journal holds.
fn faults_in(bytes: &[u8]) -> usize {
    let Ok(mut reader) = journal::Reader::open(bytes) else { return 0 };
    let entries = std::iter::from_fn(|| reader.next_entry().expect("bytes can be read"));
    let hits = |entry: &Entry<'_>| matches!(entry, Entry::Decided { decision: Decision::Inject { .. }, .. });
    entries.filter(hits).count()
}

#[test]
fn a_replay_hits_what_was_recorded_and_nothing_else() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("words", "getpgid*200")]);
    let whole = run_words(&module, "getpgid:error=EPERM:rate=0.5");
    // The journal up to its fiftieth fault, as after a crash: the plan and the seed would say more than is recorded.
    let bytes = std::fs::read(whole.run_dir().join("journal.duress")).expect("a journal");
    let lengths: Vec<usize> = (0..bytes.len()).collect();
    let cut = lengths.partition_point(|length| faults_in(&bytes[..*length]) < 50);
    std::fs::create_dir(module.join("half")).expect("a folder");
    std::fs::write(module.join("half/journal.duress"), &bytes[..cut]).expect("a file");
    let shown = Duress::new(module.path(), ["show", "half", "--format", "json"]).run();
    let recorded = Fired::all(&shown);
    assert_eq!(recorded.len(), 50, "{shown:?}");
    let again = Duress::new(module.path(), ["replay", "half", "--format", "json"]).run();
    assert_eq!(Fired::all(&again), recorded, "{again:?}");
}

#[test]
fn a_replay_says_where_the_target_took_another_way() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |then: &str, now: &str, said: &[&str]| {
        module.write("words", then);
        let first = run_words(&module, "getpgid,mkdirat:error=EPERM:when=3..9+3");
        module.write("words", now);
        let second = replay(&first, &["--format", "json"]);
        second.expect_stderr(said);
        let is_told = |line: &&str| line.starts_with("replay: ") || line.starts_with("  - ");
        let expected = said.iter().filter(|line| is_told(line)).count();
        assert_eq!(second.stderr.lines().filter(is_told).count(), expected, "{second:?}");
    };
    check("getpgid*12", "getpgid*12", &["replay: the same decisions, and the target took the same way\n"]);
    let another = "replay: the target took another way than in the recorded run:\n";
    let fewer = [
        another,
        "  - sh, rule-1: getpgid at main.main (main.go:",
        "), occurrence 6, fired then and not now (only 5 calls matched), and 1 more\n",
        "  - sh, rule-1: matched 12 calls then and 5 now\n",
    ];
    check("getpgid*12", "getpgid*5", &fewer);
    let more = [
        "replay: the same decisions and results; the target made other calls beside them:\n",
        "  - sh, rule-1: matched 12 calls then and 20 now\n",
    ];
    check("getpgid*12", "getpgid*20", &more);
    let otherwise = [another, "  - sh, rule-1: occurrence 4 was mkdirat then and getpgid now\n"];
    check("getpgid*3 mkdir getpgid*6", "getpgid*4 mkdir getpgid*5", &otherwise);
}

#[test]
fn a_replay_says_which_tests_came_out_otherwise() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", MOODY), ("mood", "good\n")]);
    let first = run(&module, &["-e", "getpgid:error=EPERM:when=3"], &["go", "test", "."]);
    first.expect_code(0);
    module.write("mood", "bad\n");
    let second = replay(&first, &[]);
    second
        .expect_code(1)
        .expect_stdout(&["\n            a replay of 20", "expected a better mood"])
        .expect_stderr(&[
            "replay: the target took another way than in the recorded run:\n",
            "  - example.com/x: TestMoody had result pass then and fail now\n",
            "  - the verdict was unaffected then and is failed now\n",
        ]);
}

#[test]
fn a_replay_keeps_the_time_limit_the_watched_calls_and_the_whole_tree() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("main.go", "package main\n\nfunc main() { select {} }\n")]);
    let flags = ["--format", "json", "--watch", "getpgid", "--timeout", "300ms", "--whole-tree"];
    let first = run(&module, &flags, &["sleep", "60"]);
    let second = replay(&first, &["--format", "json"]);
    second.expect_code(1);
    assert_eq!(second.json()["timed_out"], true, "{second:?}");
    second.expect_stderr(&["replay: the same decisions, and the target took the same way\n"]);
    let (then, now) = (first.journal().header().clone(), {
        let dir = second.json()["dir"].as_str().expect("a folder").to_owned();
        let file = std::fs::File::open(format!("{dir}/journal.duress")).expect("a journal");
        journal::Reader::open(file).expect("a header").header().clone()
    });
    assert_eq!((&now.watch, now.timeout_s, now.whole_tree), (&then.watch, then.timeout_s, then.whole_tree));
    assert_eq!((now.watch, now.timeout_s, now.whole_tree), (vec!["getpgid".to_owned()], Some(0.3), true));
}

#[test]
fn show_draws_the_report_that_the_run_drew() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("x_test.go", MOODY), ("mood", "bad\n")]);
    let rules = ["-e", "getpgid:error=EPERM:rate=0.5", "-e", "acct:error=EIO:name=never", "--watch", "%file"];
    for format in ["human", "json", "junit"] {
        let first = run(&module, &[&["--format", format], &rules[..]].concat(), &["go", "test", "."]);
        let report = first.stdout.find("── duress ──").map_or(&*first.stdout, |at| &first.stdout[at..]);
        assert!(report.contains("TestMoody"), "{first:?}");
        let name = first.run_dir().file_name().expect("a run has a name").to_string_lossy().into_owned();
        let folder = first.run_dir().to_string_lossy().into_owned();
        for run in ["last", &name, &name[..10], &folder, &format!("{folder}/journal.duress")] {
            let show = ["show", run, "--format", format];
            let shown = Duress::new(&std::env::temp_dir(), show).home_of(&first).run();
            assert_eq!(shown.expect_code(0).stdout, report, "{run}, {format}");
            assert_eq!(shown.stderr, "", "{run}, {format}");
        }
    }
}

#[test]
fn last_is_the_newest_of_runs_in_the_same_second() {
    if !has(&[Need::Notify]) {
        return;
    }
    let first = Duress::new(&std::env::temp_dir(), ["run", "--", "true"]).run();
    for _ in 0..8 {
        let next = Duress::new(&std::env::temp_dir(), ["run", "--format", "json", "--", "true"]);
        let next = next.home_of(&first).run().json();
        let last =
            Duress::new(&std::env::temp_dir(), ["show", "last", "--format", "json"]).home_of(&first).run();
        assert_eq!(last.json()["run"], next["run"]);
    }
}

#[test]
fn a_run_that_is_not_known_is_the_users_mistake_with_advice() {
    if !has(&[Need::Notify]) {
        return;
    }
    let ask = |verb: &str, name: &str, of: Option<&Outcome>| {
        let duress = Duress::new(&std::env::temp_dir(), [verb, name]);
        let outcome = of
            .map_or_else(|| duress, |of| Duress::new(&std::env::temp_dir(), [verb, name]).home_of(of))
            .run();
        outcome.expect_code(2);
        assert_eq!(outcome.stdout, "", "{outcome:?}");
        outcome
    };
    for verb in ["show", "replay"] {
        ask(verb, "nothing", None).expect_stderr(&[
            "error: no run is called `nothing`; none was recorded in `",
            "help: record one with `duress run … -- go test ./...`, or name a run's folder\n",
        ]);
        ask(verb, "last", None).expect_stderr(&["error: no run is called `last`; none was recorded in `"]);
        let first = Duress::new(&std::env::temp_dir(), ["run", "--", "true"]).run();
        let name = first.run_dir().file_name().expect("a name").to_string_lossy().into_owned();
        ask(verb, "nothing", Some(&first)).expect_stderr(&[
            "error: no run is called `nothing` in `",
            &format!("help: `last` names the newest run, `{name}`\n"),
        ]);
        let mistyped = format!("{}x", &name[..name.len() - 1]);
        ask(verb, &mistyped, Some(&first)).expect_stderr(&[&format!("help: did you mean `{name}`?\n")]);
        Duress::new(&std::env::temp_dir(), ["run", "--", "true"]).home_of(&first).run().expect_code(0);
        ask(verb, "2", Some(&first)).expect_stderr(&[
            "error: `2` may be `",
            "` or `",
            "`\nhelp: give more of the name\n",
        ]);
    }
}

#[test]
fn a_run_whose_folder_is_gone_is_not_replayed_elsewhere() {
    if !has(&[Need::Notify]) {
        return;
    }
    let module = Module::new(&[]);
    let first = run(&module, &[], &["true"]);
    let folder = module.path().display().to_string();
    drop(module);
    let message = format!("error: the run was made in `{folder}`, which is no folder any more\n");
    replay(&first, &[]).expect_code(2).expect_stderr(&[&message]);
}
