//! The scenarios come out as recorded.

use e2e::{Duress, Element, Module, Need, Outcome, has, root, wait_until};
use nix::sys::signal::{Signal, kill};
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
        let has_arms = file.contains_key("arm");
        assert!(has_arms || file.contains_key("not-here"), "{outcome:?}");
        match text(&one["status"]) {
            "manual" => assert!(!has_arms && one["reason"].is_string(), "{outcome:?}"),
            "not-here" => assert!(one["reason"].is_string(), "{outcome:?}"),
            "runnable" => {
                assert!(has_arms && has(&[Need::Go]), "{outcome:?}");
                assert!(!needs.contains(&"race") || has(&[Need::Race]), "{outcome:?}");
            }
            other => panic!("no status is {other}\n{outcome:?}"),
        }
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
    let lines = ["real E2BIG by size [refuted]: unaffected", "fork/exec /bin/true: argument list too long"];
    check("e2big-blocks", "refuted", 1, &lines);
    let lines = ["without faults: unaffected", "timing assumption broken: 200 hand-offs took"];
    check("futex-latency-timing", "reproduced", 100, &lines);
    if has(&[Need::Race]) {
        let lines = [
            "perf_event_open: operation not permitted",
            "go test -race [refuted]: vacuous, perf_event_open: 0 calls in ",
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
    let arm = "test = \"TestX\"\nwatch = [\"openat\"]\n[arm.reproduced]\nverdict = [\"unaffected\"]\npassed = \"1\"\n[arm.refuted]\nverdict = [\"failed\"]\n";
    let module = Module::new(&[]);
    add(&module, "one", &format!("expected = \"{expected}\"\n\n[[arm]]\nname = \"a run\"\n{arm}"), "");
    module
}

/// Adds a scenario with a test of this body.
fn add(module: &Module, id: &str, rest: &str, body: &str) {
    let head = format!("id = \"{id}\"\ntitle = \"Does it pass?\"\nclaim = \"it passes\"\n");
    module.write(&format!("{id}/scenario.toml"), &format!("{head}{rest}"));
    module.write(&format!("{id}/go.mod"), &format!("module example.com/{id}\n\ngo 1.19\n"));
    test(module, id, body);
}

fn test(module: &Module, id: &str, body: &str) {
    let text = format!("package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) {{ {body} }}\n");
    module.write(&format!("{id}/x_test.go"), &text);
}

/// An arm that is as claimed where the test passes.
const PASSES: &str = "[[arm]]\nname = \"a run\"\ntest = \"TestX\"\ntimeout = \"2s\"\n[arm.reproduced]\nverdict = [\"unaffected\"]\n[arm.refuted]\nverdict = [\"failed\"]\n";

fn run_in(module: &Module, flags: &[&str]) -> Outcome {
    Duress::new(module.path(), [&["scenario", "run", "--dir", "."], flags].concat()).run()
}

#[test]
fn what_comes_out_otherwise_is_a_finding_where_it_is_checked() {
    if !has(NEEDS) {
        return;
    }
    let module = one("refuted");
    run_in(&module, &[]).expect_code(0).expect_stdout(&["reproduced one  Does it pass?", "claim: it passes"]);
    run_in(&module, &["one", "--check"])
        .expect_code(1)
        .expect_stdout(&["reproduced one", "DIFFERS from what was recorded: refuted"])
        .expect_stderr(&["1 of 1 scenarios came out otherwise than recorded: one"]);
    test(&module, "one", "t.Fatal(\"no\")");
    run_in(&module, &["one", "--check"]).expect_code(0).expect_stdout(&["refuted    one", "x_test.go:5: no"]);
    test(&module, "one", "panic(\"no\")");
    run_in(&module, &["--all", "--check"])
        .expect_code(1)
        .expect_stdout(&["partly     one", "in `a run`, the run was crashed"]);
}

#[test]
fn a_scenario_that_breaks_hangs_or_floods_is_contained_and_the_others_go_on() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    add(&module, "broken", PASSES, "undefined()");
    add(&module, "hangs", PASSES, "select {}");
    add(
        &module,
        "floods",
        &PASSES.replace("2s", "30s"),
        "for range make([]int, 60_000) { println(\"0123456789012345678901234567890123456789012345678901234567890123456789\") }",
    );
    add(&module, "good", PASSES, "");
    let wrong_option = PASSES.replace("timeout", "options = [\"--no-such-option\"]\ntimeout");
    add(&module, "wrong", &wrong_option, "");
    let outcome = run_in(&module, &["--format", "json", "-j", "2"]);
    let results = outcome.expect_code(1).json();
    let of =
        |id: &str| results.as_array().expect("a list").iter().find(|one| one["id"] == id).expect(id).clone();
    assert_eq!(
        (&of("good")["verdict"], &of("good")["broken"]),
        (&"reproduced".into(), &false.into()),
        "{outcome:?}"
    );
    let broken = of("broken");
    assert_eq!((&broken["verdict"], &broken["broken"]), (&"partly".into(), &true.into()), "{outcome:?}");
    assert!(text(&broken["reason"]).contains("undefined: undefined"), "{outcome:?}");
    assert!(text(&of("wrong")["reason"]).contains("--no-such-option"), "{outcome:?}");
    let hangs = of("hangs");
    assert_eq!(hangs["verdict"], "partly", "{outcome:?}");
    assert!(text(&hangs["reason"]).contains("the run was hung"), "{outcome:?}");
    assert!(hangs["wall_s"].as_f64() < Some(20.0), "{outcome:?}");
    assert_eq!(of("floods")["verdict"], "reproduced", "{outcome:?}");
    outcome.expect_stderr(&["2 could not be tried for mistakes of their own: broken, wrong"]);
}

#[test]
fn shards_share_all_scenarios_and_none_twice() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let ids = ["a", "b", "c", "d", "e"];
    ids.iter().for_each(|id| {
        add(&module, id, "[not-here]\nreason = \"needs a cluster\"\nwould = \"two hosts\"\n", "")
    });
    let mut seen = Vec::new();
    for shard in ["1/2", "2/2"] {
        let outcome = run_in(&module, &["--all", "--shard", shard, "--format", "json"]);
        for one in outcome.expect_code(0).json().as_array().expect("a list") {
            assert_eq!(
                (&one["verdict"], text(&one["reason"])),
                (&"skipped".into(), "needs a cluster; two hosts")
            );
            seen.push(text(&one["id"]).to_owned());
        }
    }
    seen.sort();
    assert_eq!(seen, ids);
    run_in(&module, &["--shard", "3/2"]).expect_code(2).expect_stderr(&["there is no shard 3 of 2"]);
}

#[test]
fn ci_systems_get_cases_and_annotations() {
    if !has(NEEDS) {
        return;
    }
    let module = one("refuted");
    add(&module, "two", &format!("expected = \"reproduced\"\n{PASSES}"), "");
    let flags = ["scenario", "run", "--dir", ".", "--check", "--format", "junit"];
    let outcome = Duress::new(module.path(), flags).env("GITHUB_ACTIONS", "true").run();
    let elements = Element::read(&outcome.expect_code(1).stdout).expect("it is well-formed");
    let count = |end: &str| elements.iter().filter(|element| element.path.ends_with(end)).count();
    let failed: Vec<_> = elements.iter().filter(|element| element.path.ends_with("failure")).collect();
    assert_eq!((count("testcase"), failed.len()), (2, 1), "{outcome:?}");
    assert_eq!(failed[0].owner("name"), "one", "{outcome:?}");
    outcome.expect_stderr(&[
        "::error file=one/scenario.toml,line=1,title=duress::one: reproduced where refuted was recorded (go1.",
    ]);
    assert!(!outcome.stderr.contains("::error file=two"), "{outcome:?}");
}

#[test]
fn toolchains_are_chosen_by_path_and_those_not_to_be_had_are_skipped_and_counted() {
    if !has(NEEDS) {
        return;
    }
    let module = one("reproduced");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut programs = std::env::split_paths(&path).map(|folder| folder.join("go"));
    let go = programs.find(|go| go.is_file()).expect("go is here");
    let outcome = run_in(&module, &["--go", &format!("{},1.99.0", go.display()), "--format", "json"]);
    let results = outcome.expect_code(0).json();
    let verdicts: Vec<&str> =
        results.as_array().expect("a list").iter().map(|one| text(&one["verdict"])).collect();
    assert_eq!(verdicts, ["reproduced", "skipped"], "{outcome:?}");
    assert!(text(&results[1]["reason"]).starts_with("no toolchain 1.99.0: "), "{outcome:?}");
    outcome.expect_stderr(&["2 attempts: 1 reproduced, 0 refuted, 0 partly, 1 skipped"]);
    run_in(&module, &["--go", "newest"])
        .expect_code(2)
        .expect_stderr(&["`newest` names no toolchain of Go: write a release such as `1.24.11`"]);
}

#[test]
fn what_is_recorded_may_differ_by_release() {
    if !has(NEEDS) {
        return;
    }
    let module = one("refuted");
    let file = fs::read_to_string(module.join("one/scenario.toml")).expect("it is there");
    let by_release = "expected = { \"<1.2\" = \"refuted\", \">=1.2\" = \"reproduced\" }";
    module.write("one/scenario.toml", &file.replace("expected = \"refuted\"", by_release));
    run_in(&module, &["--check"]).expect_code(0);
    module.write("one/scenario.toml", &file.replace("expected = \"refuted\"", "go = \"<1.2\""));
    run_in(&module, &["--check"])
        .expect_code(0)
        .expect_stdout(&["skipped", "it is about Go <1.2, and this is go1."]);
}

#[test]
fn a_new_scenario_runs_as_it_is_written() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let new = |id: &str| Duress::new(module.path(), ["scenario", "new", id, "--dir", "."]).run();
    new("full-disk")
        .expect_code(0)
        .expect_stdout(&["wrote ./full-disk/scenario.toml\n", "try it: duress scenario run full-disk"]);
    run_in(&module, &["full-disk", "--check"]).expect_code(0).expect_stdout(&[
        "reproduced full-disk",
        "with a full disk [reproduced]: failed, write: 1 call in ",
        "scenario_test.go:11: wrote: write ",
        "no space left on device",
    ]);
    new("full-disk").expect_code(2).expect_stderr(&["`./full-disk` is there already"]);
    new("Full Disk").expect_code(2).expect_stderr(&["`Full Disk` is no id of a scenario"]);
}

#[test]
fn what_scenarios_run_ends_with_them() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let slow = PASSES.replace("2s", "60s");
    add(&module, "a", &slow, "select {}");
    add(&module, "b", &slow, "select {}");
    let started =
        Duress::new(module.path(), ["scenario", "run", "--dir", ".", "-j", "2", "--format", "json"])
            .env("DURESS_E2E_SCENARIOS", "all-end")
            .start();
    let targets = || {
        let processes = fs::read_dir("/proc").expect("there is a /proc").flatten();
        let marked = processes.filter(|process| {
            let environment = fs::read(process.path().join("environ")).unwrap_or_default();
            let command = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let holds = |bytes: &[u8], text: &[u8]| bytes.windows(text.len()).any(|window| window == text);
            holds(&environment, b"DURESS_E2E_SCENARIOS=all-end")
                && holds(&command, b".test\0-test.")
                && !holds(&command, b"duress\0")
        });
        marked.count()
    };
    wait_until("both targets run", || targets() >= 2);
    kill(started.pid(), Signal::SIGTERM).expect("it runs");
    let outcome = started.finish();
    outcome.expect_code(143).expect_stderr(&["2 were not finished"]);
    wait_until("no target is left", || targets() == 0);
}

#[test]
fn mistakes_in_scenario_files_are_shown_at_their_places_all_at_once() {
    let head = "title = \"t\"\nclaim = \"c\"\n";
    let arm = "[[arm]]\nname = \"a\"\ncommand = [\"true\"]\n";
    let module = Module::new(&[
        (
            "scenarios/misspelt/scenario.toml",
            &format!(
                "id = \"misspelt\"\n{head}{arm}wach = [\"read\"]\nseed = \"x\"\npersonas = [\"no-such-host\"]\nwatch = [\"rread\"]\nplan = \"none.toml\"\n"
            ),
        ),
        ("scenarios/moved/scenario.toml", &format!("id = \"elsewhere\"\n{head}{arm}")),
        ("scenarios/lacking/scenario.toml", &format!("id = \"lacking\"\nexpected = \"true\"\n{head}")),
        (
            "scenarios/count/scenario.toml",
            &format!(
                "id = \"count\"\n{head}{arm}[arm.must]\nfired = \"many\"\nverdict = \"fine\"\nmatches = \"(\"\noutput_as = \"b\"\n"
            ),
        ),
        (
            "scenarios/targets/scenario.toml",
            &format!(
                "id = \"targets\"\nmodule = \"../none\"\n{head}{arm}test = \"TestX\"\n[[arm]]\nname = \"a\"\ngo = \"new\"\ntimeout = \"soon\"\n"
            ),
        ),
        ("scenarios/broken/scenario.toml", "id = \"broken\n"),
    ]);
    let outcome = Duress::new(module.path(), ["scenario", "list"]).run();
    outcome.expect_code(2).expect_stderr(&[
        "an arm has no key `wach`",
        "misspelt/scenario.toml:7:1\n",
        "did you mean `watch`?",
        "`seed` must be a whole number",
        "misspelt/scenario.toml:8:8\n",
        "there is no persona `no-such-host`",
        "misspelt/scenario.toml:9:14\n",
        "there is no system call `rread`",
        "cannot read the plan `",
        "a scenario is called like its folder",
        "moved/scenario.toml:1:6\n",
        "the folder is `moved`",
        "a scenario has no `arm`",
        "lacking/scenario.toml:1:1\n",
        "`true` is no verdict on a claim",
        "`many` is no count; write \"3\", \">=1\", \"<=5\" or \"2..4\"",
        "count/scenario.toml:8:9\n",
        "no run is `fine`",
        "`(` is no regular expression",
        "`a` is compared with `b`, and no arm before it is called so",
        "count/scenario.toml:11:13\n",
        "an arm runs one thing",
        "there is no folder `",
        "an arm does not say what to run",
        "`new` is no bound on releases of Go",
        "a length of time is a number and",
        "two arms are called `a`",
        "targets/scenario.toml:10:8\n",
        "broken/scenario.toml:1:",
        "this is not TOML",
    ]);
    assert_eq!(outcome.stdout, "", "{outcome:?}");
}

/// The schema is for editors; what is read is what counts.
#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema = scenario(&["schema"]).expect_code(0).json();
    let module = Module::new(&[]);
    let wrong = "zzzzzzzz = 1\n";
    add(
        &module,
        "all",
        &format!("{wrong}[[arm]]\nname = \"a\"\ntest = \"TestX\"\n{wrong}[arm.must]\n{wrong}"),
        "",
    );
    let outcome = Duress::new(module.path(), ["scenario", "check", "--dir", "."]).run();
    let mistakes = &outcome.expect_code(2).stderr;
    for (what, keys) in [
        ("a scenario has: ", &schema["properties"]),
        ("an arm has: ", &schema["$defs"]["arm"]["properties"]),
        ("`must` has: ", &schema["$defs"]["signs"]["properties"]),
    ] {
        let (_, rest) = mistakes.split_once(what).unwrap_or_else(|| panic!("{what}\n{outcome:?}"));
        let mut read: Vec<&str> = rest.lines().next().expect("a line").split(", ").collect();
        let mut known: Vec<&str> = keys.as_object().expect("an object").keys().map(String::as_str).collect();
        read.sort_unstable();
        known.sort_unstable();
        assert_eq!(read, known, "{what}");
    }
}

#[test]
fn mistakes_in_the_rules_of_a_scenario_stop_it_with_their_place() {
    let module = one("refuted");
    let file = fs::read_to_string(module.join("one/scenario.toml")).expect("it is there");
    module
        .write("one/scenario.toml", &file.replace("watch = [\"openat\"]", "inject = [\"opnat:error=EIO\"]"));
    run_in(&module, &["one"]).expect_code(2).expect_stderr(&[
        "error: there is no system call `opnat`",
        "./one/scenario.toml:9:12\n",
        "help: did you mean `openat`?",
    ]);
}

/// The whole stays `partly`, whichever part is true: the arms' own records tell.
#[test]
fn a_part_that_turns_and_a_control_that_fails_differ_where_it_is_checked() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let arm = |name: &str, test: &str, expected: &str| {
        format!(
            "[[arm]]\nname = \"{name}\"\ntest = \"{test}\"\nexpected = \"{expected}\"\n[arm.reproduced]\nverdict = [\"unaffected\"]\n[arm.refuted]\nverdict = [\"failed\"]\n"
        )
    };
    let fails = arm("fails", "TestX", "refuted");
    let passes = "[[arm]]\nname = \"passes\"\ncommand = [\"true\"]\nexpected = \"reproduced\"\n[arm.reproduced]\nverdict = [\"unaffected\"]\n";
    let parts = format!("expected = \"partly\"\n{fails}{passes}");
    add(&module, "parts", &parts, "t.Fatal(\"no\")");
    run_in(&module, &["--check"]).expect_code(0).expect_stdout(&[
        "partly     parts",
        "- fails [refuted]: failed; x_test.go:5: no",
        "- passes [reproduced]: unaffected",
    ]);
    let turned = parts.replace("expected = \"refuted\"", "expected = \"reproduced\"");
    add(&module, "parts", &turned, "t.Fatal(\"no\")");
    run_in(&module, &["--check"])
        .expect_code(1)
        .expect_stdout(&["DIFFERS from what was recorded: partly, `fails` as reproduced"]);
    let control =
        "[[arm]]\nname = \"control\"\ncommand = [\"false\"]\n[arm.must]\nverdict = [\"unaffected\"]\n";
    add(&module, "parts", &format!("{parts}{control}"), "t.Fatal(\"no\")");
    run_in(&module, &["--check"]).expect_code(1).expect_stdout(&[
        "DIFFERS from what was recorded: partly, a real attempt",
        "the attempt was not real: in `control`, the run was silent",
    ]);
}

#[test]
fn a_rule_of_an_arm_may_wait_for_another() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let inject =
        "inject = [\"openat:delay_enter=1us:name=first\", \"close:delay_enter=1us:where=after(first)\"]";
    add(&module, "one", &PASSES.replace("timeout", &format!("{inject}\ntimeout")), "");
    run_in(&module, &["one"]).expect_code(0).expect_stdout(&["reproduced one", "close: "]);
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

/// Variables of the build stand before duress, which has to be given a command that begins with `go`; what a command writes to its
/// scratch folder does not go to `/` by hand.
#[test]
fn by_hand_an_arm_is_built_as_it_was_and_writes_where_it_did() {
    let module = Module::new(&[]);
    let built = "[[arm]]\nname = \"built\"\ntest = \"TestX\"\nbuild_env = { CGO_ENABLED = \"0\" }\nenv = { GODEBUG = \"a=b c\" }\nargs = [\"-x\"]\n";
    let writes = "[[arm]]\nname = \"writes\"\ncommand = [\"sh\", \"-c\", \"touch $TMPDIR/x\"]\n";
    add(&module, "one", &format!("{built}{writes}"), "");
    let outcome = Duress::new(module.path(), ["scenario", "show", "one", "--dir", "."]).run();
    outcome.expect_code(0).expect_stdout(&[
        "  CGO_ENABLED=0 GODEBUG='a=b c' duress run --timeout 60s -- go test -count=1 -v '-run=^(TestX)$' . -args -x\n",
        "  TMPDIR=$(mktemp -d) duress run --timeout 60s -- sh -c 'touch $TMPDIR/x'\n",
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
        "  duress run -e execve:error=E2BIG --timeout 10s -- go test -count=1 -v '-run=^(TestSmallEnvironment)$' .\n",
    ]);
}
