//! The scenarios come out as recorded.

use e2e::{Duress, Module, Need, Outcome, has, root};
use serde_json::Value;
use std::fs;

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

fn scenario(arguments: &[&str]) -> Outcome {
    Duress::new(root(), [&["scenario"], arguments].concat()).run()
}

/// The ids of the folders that are scenarios.
fn ids() -> Vec<String> {
    let folders = fs::read_dir(root().join("scenarios")).expect("a checkout has scenarios").flatten();
    let folders = folders.filter(|folder| folder.path().join("scenario.toml").is_file());
    let mut ids: Vec<String> =
        folders.map(|folder| folder.file_name().to_string_lossy().into_owned()).collect();
    ids.sort();
    ids
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text"))
}

#[test]
fn the_list_has_every_scenario_and_says_whether_it_can_be_tried_here() {
    let outcome = scenario(&["list", "--format", "json"]);
    let list = outcome.expect_code(0).json();
    let list = list.as_array().expect("a list");
    assert_eq!(list.iter().map(|one| text(&one["id"])).collect::<Vec<_>>(), ids(), "{outcome:?}");
    for one in list {
        let file = root().join("scenarios").join(text(&one["id"])).join("scenario.toml");
        let file: toml::Table = fs::read_to_string(file).expect("it is there").parse().expect("it is TOML");
        for key in ["title", "claim"] {
            assert_eq!(Some(text(&one[key])), file[key].as_str(), "{outcome:?}");
        }
        assert!(one["document"].is_null() || one["document"].is_string(), "{outcome:?}");
        let needs: Vec<&str> = one["needs"].as_array().expect("a list").iter().map(text).collect();
        let is_here = has(&[Need::Go]) && (!needs.contains(&"race") || has(&[Need::Race]));
        assert_eq!(one["status"], if is_here { "runnable" } else { "not-here" }, "{outcome:?}");
    }
    let people = scenario(&["list"]);
    let ids_shown = people.expect_code(0).stdout.lines().filter_map(|line| line.split(' ').next());
    assert_eq!(ids_shown.collect::<Vec<_>>(), ids(), "{people:?}");
}

#[test]
fn what_is_recorded_of_each_claim_is_what_happens() {
    if !has(NEEDS) {
        return;
    }
    let outcome = scenario(&[
        "run",
        "race-needs-perf",
        "e2big-blocks",
        "futex-latency-timing",
        "--check",
        "--format",
        "json",
    ]);
    let results = outcome.expect_code(0).json();
    let of = |id: &str| -> Value {
        let results = results.as_array().expect("a list");
        results
            .iter()
            .find(|one| one["id"] == id)
            .unwrap_or_else(|| panic!("{id} is missing\n{outcome:?}"))
            .clone()
    };
    let evidence = |one: &Value| -> String {
        one["evidence"].as_array().expect("a list").iter().map(|line| format!("{}\n", text(line))).collect()
    };
    let check = |id: &str, verdict: &str, fired: u64, lines: &[&str]| {
        let one = of(id);
        assert_eq!((&one["verdict"], &one["expected"]), (&verdict.into(), &verdict.into()), "{outcome:?}");
        assert!(one["fired"].as_u64() >= Some(fired) && one["wall_s"].as_f64() > Some(0.0), "{outcome:?}");
        assert_eq!(text(&one["repro"]), format!("duress scenario run {id}"));
        assert!(text(&one["go"]).starts_with("go1."), "{outcome:?}");
        for line in lines {
            assert!(evidence(&one).contains(line), "{line} is not in:\n{}", evidence(&one));
        }
    };
    let lines = ["real E2BIG by size: unaffected", "fork/exec /bin/true: argument list too long"];
    check("e2big-blocks", "refuted", 1, &lines);
    let lines = ["without faults: unaffected", "timing assumption broken: 200 hand-offs took"];
    check("futex-latency-timing", "reproduced", 100, &lines);
    if has(&[Need::Race]) {
        let lines = [
            "perf_event_open: operation not permitted",
            "go test -race: vacuous, perf_event_open: 0 calls in ",
        ];
        check("race-needs-perf", "refuted", 1, &lines);
    } else {
        let one = of("race-needs-perf");
        assert_eq!(one["verdict"], "skipped", "{outcome:?}");
        assert!(text(&one["reason"]).starts_with("needs -race: "), "{outcome:?}");
    }
}

/// A scenario that one run decides: `expected` is what is recorded of it.
fn one(expected: &str) -> Module {
    let scenario = format!(
        "id = \"one\"\ntitle = \"Does it pass?\"\nclaim = \"it passes\"\nexpected = \"{expected}\"\n\n[[arm]]\nname = \"a run\"\ncommand = [\"go\", \"test\", \".\"]\nwatch = [\"openat\"]\n[arm.reproduced]\nverdict = [\"unaffected\"]\npassed = \"1\"\n[arm.refuted]\nverdict = [\"failed\"]\n"
    );
    let module = Module::new(&[("one/scenario.toml", &scenario)]);
    module.write("one/go.mod", "module example.com/one\n\ngo 1.19\n");
    module.write("one/x_test.go", "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {}\n");
    module
}

#[test]
fn what_comes_out_otherwise_is_a_finding_where_it_is_checked() {
    if !has(NEEDS) {
        return;
    }
    let module = one("refuted");
    let run = |flags: &[&str]| {
        let home = ["scenario", "run", "--dir", "."];
        Duress::new(module.path(), [&home[..], flags].concat()).run()
    };
    run(&[]).expect_code(0).expect_stdout(&["reproduced one  Does it pass?"]);
    run(&["one", "--check"])
        .expect_code(1)
        .expect_stdout(&["reproduced one", "DIFFERS from what was recorded: refuted"])
        .expect_stderr(&["1 of 1 scenarios came out otherwise than recorded"]);
    module.write(
        "one/x_test.go",
        "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { t.Fatal(\"no\") }\n",
    );
    run(&["one", "--check"]).expect_code(0).expect_stdout(&["refuted    one", "no"]);
    module.write(
        "one/x_test.go",
        "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { panic(\"no\") }\n",
    );
    run(&["--all", "--check"])
        .expect_code(1)
        .expect_stdout(&["partly     one", "in `a run`, the run was crashed"]);
}

#[test]
fn mistakes_in_scenario_files_are_shown_at_their_places() {
    let head = "title = \"t\"\nclaim = \"c\"\n";
    let arm = "[[arm]]\nname = \"a\"\ncommand = [\"true\"]\n";
    let module = Module::new(&[
        ("scenarios/misspelt/scenario.toml", &format!("id = \"misspelt\"\n{head}{arm}wach = [\"read\"]\n")),
        ("scenarios/moved/scenario.toml", &format!("id = \"elsewhere\"\n{head}{arm}")),
        ("scenarios/lacking/scenario.toml", &format!("id = \"lacking\"\n{head}")),
        (
            "scenarios/count/scenario.toml",
            &format!("id = \"count\"\n{head}{arm}[arm.must]\nfired = \"many\"\n"),
        ),
        ("scenarios/broken/scenario.toml", "id = \"broken\n"),
    ]);
    let outcome = Duress::new(module.path(), ["scenario", "list"]).run();
    outcome.expect_code(2).expect_stderr(&[
        "unknown field `wach`",
        "misspelt/scenario.toml:7:1\n",
        "a scenario is called like its folder",
        "moved/scenario.toml:1:7\n",
        "the folder is `moved`",
        "missing field `arm`",
        "lacking/scenario.toml:1:1\n",
        "`many` is no count; write \"3\", \">=1\" or \"<=5\"",
        "count/scenario.toml:8:9\n",
        "broken/scenario.toml:1:",
    ]);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
}

#[test]
fn mistakes_in_the_rules_of_a_scenario_stop_it_with_their_place() {
    if !has(NEEDS) {
        return;
    }
    let module = one("refuted");
    let file = fs::read_to_string(module.join("one/scenario.toml")).expect("it is there");
    module
        .write("one/scenario.toml", &file.replace("watch = [\"openat\"]", "inject = [\"opnat:error=EIO\"]"));
    let outcome = Duress::new(module.path(), ["scenario", "run", "--dir", ".", "one"]).run();
    outcome
        .expect_code(2)
        .expect_stderr(&["error: there is no system call `opnat`", "help: did you mean `openat`?"]);
}

#[test]
fn a_scenario_that_is_not_known_is_the_users_mistake_with_advice() {
    for verb in ["run", "show"] {
        scenario(&[verb, "e2big-block"]).expect_code(2).expect_stderr(&[
            "error: no scenario is called `e2big-block`\n",
            "help: did you mean `e2big-blocks`?\n",
        ]);
        scenario(&[verb, "nothing-like-it"])
            .expect_code(2)
            .expect_stderr(&["`duress scenario list` names them all"]);
    }
    let empty = Module::new(&[]);
    Duress::new(empty.path(), ["scenario", "list"]).run().expect_code(2).expect_stderr(&[
        "error: there is no folder `scenarios` here or above\n",
        "help: name one with --dir",
    ]);
}

#[test]
fn show_says_how_to_run_each_arm_by_hand() {
    let outcome = scenario(&["show", "e2big-blocks"]);
    let folder = root().join("scenarios/e2big-blocks");
    outcome.expect_code(0).expect_stdout(&[
        "claim:    starting a program with one environment variable of 250,000 bytes blocks the goroutine\n",
        "seen:     refuted\n",
        &format!("  cd {}\n", folder.display()),
        "  duress run -e 'execve:error=E2BIG' --timeout 30s -- go test -count=1 -run TestSmallEnvironment .\n",
    ]);
}
