//! What is put under duress, and that the user's own flags survive.

#![expect(clippy::disallowed_methods, reason = "what go prints by itself is what duress is compared with")]

use e2e::{Duress, Fired, Module, Need, Outcome, caller, has};
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const NEEDS: &[Need] = &[Need::Go, Need::Notify];

/// Where the target's own output ends.
const REPORT: &str = "── duress ──";

/// `duress run FLAGS -- COMMAND`.
fn run(folder: &Path, flags: &[&str], command: &[&str]) -> Outcome {
    duress(folder, flags, command).run()
}

fn duress(folder: &Path, flags: &[&str], command: &[&str]) -> Duress {
    Duress::new(folder, [&["run"], flags, &["--"], command].concat())
}

/// A test that makes a call three times, and says what it was given.
const CALLING: &str = r#"package x

import (
	"flag"
	"fmt"
	"os"
	"syscall"
	"testing"
)

func TestCalls(t *testing.T) {
	fmt.Println("arguments:", flag.Args(), "X:", os.Getenv("X"))
	for i := 1; i <= 3; i++ {
		_, _, err := syscall.RawSyscall(syscall.SYS_GETPGID, 0, 0, 0)
		fmt.Println("call", i, "failed:", err != 0)
	}
}

func TestOther(t *testing.T) { fmt.Println("the other test ran") }
"#;

fn calling() -> Module {
    Module::new(&[("x_test.go", CALLING)])
}

/// How often a line stands in a text.
fn count(text: &str, line: &str) -> usize {
    text.lines().filter(|one| *one == line).count()
}

/// What the target printed before the report.
fn before_the_report(outcome: &Outcome) -> &str {
    outcome.stdout.split(REPORT).next().unwrap_or_default()
}

/// What a command does without duress.
fn plain(folder: &Path, command: &[&str]) -> Output {
    let mut plain = Command::new(command[0]);
    plain
        .current_dir(folder)
        .args(&command[1..])
        .env_remove("GOFLAGS")
        .output()
        .expect("the command is there")
}

/// The text with every length of time as `T`: `(0.01s)`, `0.015s`.
fn timeless(text: &str) -> String {
    let is_time = |word: &str| word.strip_suffix('s').is_some_and(|number| number.parse::<f64>().is_ok());
    let words = text.split_inclusive([' ', '\t', '\n', '(', ')']);
    let timeless = words.map(|word| {
        let (stem, end) = word.split_at(word.trim_end_matches([' ', '\t', '\n', '(', ')']).len());
        format!("{}{end}", if is_time(stem) { "T" } else { stem })
    });
    timeless.collect()
}

#[test]
fn go_test_is_left_alone_and_its_test_binary_is_under_duress() {
    if !has(NEEDS) {
        return;
    }
    // A folder of its own: nothing of it was compiled before.
    let module = Module::with_test(
        &["fmt", "os"],
        "_, err := os.Open(\"x_test.go\")\n\tfmt.Println(err)\n\tif err == nil {\n\t\tt.Fatal(\"it was opened\")\n\t}",
    );
    // No compiler could work under this.
    let rule = ["-e", "openat:error=EACCES", "--format", "json"];
    let command = ["go", "test", "."];
    let outcome = run(module.path(), &rule, &command);
    outcome.expect_code(0);
    let json = outcome.json();
    assert_eq!(json["tests"][0]["result"], "pass", "{outcome:?}");
    assert_eq!(json["subjects"].as_array().map(Vec::len), Some(1), "{outcome:?}");
    assert_eq!(json["subjects"][0]["key"], "example.com/x", "{outcome:?}");
    let matched = json["faults"]["matched"].as_u64().expect("a number");
    assert!((2..100).contains(&matched), "{outcome:?}");

    let whole = run(module.path(), &[&rule[..], &["--whole-tree"]].concat(), &command);
    whole.expect_code(1);
    let json = whole.json();
    assert_eq!(
        (&json["subjects"][0]["key"], json["tests"].as_array().map(Vec::len)),
        (&"go".into(), Some(0))
    );
    assert!(
        json["findings"][0]["evidence"].as_str().is_some_and(|line| line.contains("permission denied")),
        "{whole:?}"
    );
}

#[test]
fn the_whole_tree_is_go_the_compiler_and_the_test() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    let flags =
        ["--whole-tree", "-e", "getpgid:error=EPERM:when=2", "--watch", "execve,openat", "--format", "json"];
    let outcome = run(module.path(), &flags, &["go", "test", "."]);
    outcome.expect_code(0);
    let json = outcome.json();
    assert_eq!(json["subjects"].as_array().map(Vec::len), Some(1), "all of it is one tree\n{outcome:?}");
    assert_eq!(Fired::occurrences(&outcome, "rule-1"), [2], "the test is in it\n{outcome:?}");
    let calls = |name: &str| json["calls"][name].as_u64().unwrap_or(0);
    // The compiler, the linker and the test binary at least.
    assert!(calls("execve") >= 4 && calls("openat") > 500, "{outcome:?}");
}

#[test]
fn go_run_puts_the_program_it_builds_under_duress() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[(
        "main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n)\n\nfunc main() {\n\t_, err := os.Open(\"main.go\")\n\tfmt.Println(os.Args[1:], err)\n\tfmt.Fprintln(os.Stderr, \"aside\")\n\tos.Exit(len(os.Args) - 1)\n}\n",
    )]);
    let outcome = run(module.path(), &["-e", "openat:error=EACCES"], &["go", "run", "."]);
    outcome.expect_code(0);
    assert_eq!(before_the_report(&outcome), "[] open main.go: permission denied\n", "{outcome:?}");
    assert_eq!(outcome.stderr, "aside\n", "{outcome:?}");
    // `-v` and `--` are the program's own here.
    let outcome = run(module.path(), &["-e", "openat:error=EACCES"], &["go", "run", ".", "-v", "--"]);
    outcome.expect_code(1);
    assert_eq!(before_the_report(&outcome), "[-v --] open main.go: permission denied\n", "{outcome:?}");
    assert_eq!(outcome.stderr, "aside\nexit status 2\n", "{outcome:?}");
}

#[test]
fn any_other_command_is_under_duress_itself() {
    if !has(&[Need::Notify]) {
        return;
    }
    let folder = Module::new(&[]);
    let rule = ["-e", "mkdir,mkdirat:error=ENOSPC", "--format", "json"];
    let outcome = run(folder.path(), &rule, &["mkdir", "made"]);
    let json = outcome.expect_code(1).json();
    assert_eq!(
        (&json["verdict"], &json["subjects"][0]["key"]),
        (&"failed".into(), &"mkdir".into()),
        "{outcome:?}"
    );
    let evidence = json["findings"][0]["evidence"].as_str().unwrap_or_default();
    assert!(evidence.ends_with("No space left on device"), "{outcome:?}");
    assert!(!folder.join("made").exists());
}

#[test]
fn each_package_is_a_subject_with_counts_of_its_own() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let names = ["a", "b", "c", "d"];
    for name in names {
        module.write(&format!("{name}/x_test.go"), CALLING);
    }
    let flags = ["-e", "getpgid:error=EPERM:when=2", "--format", "json"];
    let outcome = run(module.path(), &flags, &["go", "test", "-p", "4", "./..."]);
    outcome.expect_code(0);
    let drawn = Duress::new(module.path(), ["show", "last"]).home_of(&outcome).run();
    for name in names {
        let line = |line: &&str| {
            line.contains("call 2  getpgid  EPERM") && line.ends_with(&format!("example.com/x/{name}"))
        };
        assert_eq!(drawn.stdout.lines().filter(line).count(), 1, "it says whose call it was\n{drawn:?}");
    }
    let fired = Fired::all(&outcome);
    let expect = names.map(|name| (format!("example.com/x/{name}"), 2));
    assert_eq!(
        fired.into_iter().map(|one| (one.subject, one.occurrence)).collect::<Vec<_>>(),
        expect,
        "{outcome:?}"
    );
    let json = outcome.json();
    assert_eq!(
        (&json["faults"]["matched"], &json["faults"]["fired"]),
        (&12.into(), &4.into()),
        "{outcome:?}"
    );
    assert_eq!(json["tests"].as_array().map(Vec::len), Some(8), "{outcome:?}");
}

#[test]
fn flags_of_go_test_do_what_they_do_without_us() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    let rule = ["-e", "getpgid:error=EPERM:when=2"];
    let command = |words: &[&'static str]| [&["go", "test"], words].concat();

    let run_and_args = run(module.path(), &rule, &command(&["-run", "TestCalls", ".", "-args", "a", "-v"]));
    assert_eq!(before_the_report(&run_and_args).lines().count(), 1, "-v is the test's\n{run_and_args:?}");
    run_and_args.expect_code(0).expect_stdout(&["ok  \texample.com/x\t", "tests: 1 passed"]);
    let run_and_args =
        run(module.path(), &rule, &command(&["-v", "-run=TestCalls", ".", "-args", "a", "-x"]));
    run_and_args
        .expect_code(0)
        .expect_stdout(&["=== RUN   TestCalls\narguments: [a -x] X: \n", "tests: 1 passed"]);
    assert!(!run_and_args.stdout.contains("the other test ran"), "{run_and_args:?}");

    let three_times = run(module.path(), &rule, &command(&["-v", "-count=3", "."]));
    assert_eq!(count(&three_times.stdout, "the other test ran"), 3, "{three_times:?}");
    assert_eq!(
        count(&three_times.stdout, "call 2 failed: true"),
        1,
        "one process, one count\n{three_times:?}"
    );

    let wrapped = run(module.path(), &rule, &command(&["-v", "-exec", "env X=outside", "."]));
    wrapped.expect_code(0).expect_stdout(&["X: outside\n", "call 2 failed: true\n"]);
}

#[test]
fn flags_in_goflags_do_what_they_do_without_us() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    let rule = ["-e", "getpgid:error=EPERM:when=2"];
    let command = ["go", "test", "."];
    let both = duress(module.path(), &rule, &command).env("GOFLAGS", "-count=2 -v '-exec=env X=both'").run();
    both.expect_code(0).expect_stdout(&["X: both\n"]);
    assert_eq!(count(&both.stdout, "the other test ran"), 2, "{both:?}");
    assert_eq!(count(&both.stdout, "call 2 failed: true"), 1, "{both:?}");
    // The command line comes before GOFLAGS, as for go itself.
    let command = ["go", "test", "-exec=env X=line", "-count=1", "."];
    let line = duress(module.path(), &rule, &command).env("GOFLAGS", "-count=2 -v '-exec=env X=both'").run();
    line.expect_code(0).expect_stdout(&["X: line\n", "call 2 failed: true"]);
    assert_eq!(count(&line.stdout, "the other test ran"), 1, "{line:?}");
}

#[test]
fn the_users_own_wrapper_is_not_under_duress() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    // It counts calls of its own, and would fail to start env.
    let rule = ["-e", "execve:error=E2BIG", "--watch", "getpgid", "--format", "json"];
    let outcome = run(module.path(), &rule, &["go", "test", "-exec", "env X=1 env", "."]);
    let json = outcome.expect_code(4).json();
    assert_eq!(
        (&json["calls"]["getpgid"], &json["faults"]["matched"]),
        (&3.into(), &0.into()),
        "{outcome:?}"
    );
}

#[test]
fn json_of_the_user_is_gos_own_and_the_report_follows() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    let outcome = run(module.path(), &["-e", "getpgid:error=EPERM"], &["go", "test", "-json", "."]);
    outcome.expect_code(0).expect_stdout(&[REPORT, "3 faults fired in 3 matched calls"]);
    let events: Vec<serde_json::Value> = before_the_report(&outcome)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}\n{outcome:?}")))
        .collect();
    let passes = events.iter().filter(|event| event["Action"] == "pass").map(|event| &event["Test"]);
    assert_eq!(
        passes.collect::<Vec<_>>(),
        ["TestCalls", "TestOther", ""]
            .map(|name| match name {
                "" => serde_json::Value::Null,
                name => name.into(),
            })
            .iter()
            .collect::<Vec<_>>(),
        "{outcome:?}"
    );
}

#[test]
fn go_may_be_sent_to_another_folder() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    module.write("deep/go.mod", "module example.com/deep\n\ngo 1.19\n");
    module.write("deep/x_test.go", CALLING);
    let flags = ["-e", "getpgid:error=EPERM:when=1", "--format", "json"];
    for command in [["go", "-C", "deep", "test", "."], ["go", "test", "-C", "deep", "."]] {
        let outcome = run(module.path(), &flags, &command);
        outcome.expect_code(0);
        let fired = Fired::all(&outcome);
        assert_eq!(
            fired.iter().map(|one| &*one.subject).collect::<Vec<_>>(),
            ["example.com/deep"],
            "{outcome:?}"
        );
    }
    run(module.path(), &flags, &["go", "test", "-C", "deeper", "."])
        .expect_code(2)
        .expect_stderr(&["deeper` is not a folder", "help: look at the path behind -C"]);
}

#[test]
fn the_race_detector_is_built_in_where_it_is_asked_for() {
    if !has(&[Need::Go, Need::Notify, Need::Race]) {
        return;
    }
    let module = calling();
    module.write("race_on_test.go", "//go:build race\n\npackage x\n\nconst race = true\n");
    module.write("race_off_test.go", "//go:build !race\n\npackage x\n\nconst race = false\n");
    module.write(
        "detect_test.go",
        "package x\n\nimport \"testing\"\n\nfunc TestDetector(t *testing.T) { println(\"race:\", race) }\n",
    );
    let rule = ["-e", "getpgid:error=EPERM:when=2"];
    let outcome = run(module.path(), &rule, &["go", "test", "-race", "-v", "."]);
    outcome.expect_code(0).expect_stdout(&["race: true\n", "call 2 failed: true\n"]);
}

#[test]
fn what_go_test_prints_is_what_the_user_sees() {
    if !has(NEEDS) {
        return;
    }
    let tests = |body: &str| {
        format!(
            "package x\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\t\"testing\"\n)\n\nvar _, _ = fmt.Print, os.Exit\n\n{body}\n"
        )
    };
    let module = Module::new(&[
        ("broken/x_test.go", "package x\n\nimport \"testing\"\n\nfunc TestX(t *testing.T) { undefined() }\n"),
        ("_vetted/x_test.go", "package x\n\nfunc ExampleX() {}\n"),
        ("empty/x.go", "package x\n"),
        (
            "fails/x_test.go",
            &tests(
                "func TestSub(t *testing.T) {\n\tt.Run(\"a\", func(t *testing.T) { t.Log(\"fine\") })\n\tt.Run(\"b\", func(t *testing.T) { t.Error(\"not fine\\nat all\") })\n\tfmt.Print(\"no line end\")\n}\n\nfunc TestFine(t *testing.T) { fmt.Println(\"words of a passing test\") }",
            ),
        ),
        (
            "passes/x_test.go",
            &tests(
                "func TestOut(t *testing.T) {\n\tfmt.Println(\"to standard output\")\n\tfmt.Fprintln(os.Stderr, \"to standard error\")\n}\n\nfunc TestSkip(t *testing.T) { t.Skip(\"not today\") }\n\nfunc Example() {\n\tfmt.Println(\"x\")\n\t// Output: x\n}",
            ),
        ),
        (
            "parallel/x_test.go",
            &tests(
                "func TestP(t *testing.T) {\n\tfor _, name := range []string{\"a\", \"b\"} {\n\t\tt.Run(name, func(t *testing.T) {\n\t\t\tt.Log(\"in\", t.Name())\n\t\t})\n\t}\n}\n\nfunc TestMain(m *testing.M) {\n\tfmt.Println(\"before all\")\n\tcode := m.Run()\n\tfmt.Println(\"after all\")\n\tos.Exit(code)\n}",
            ),
        ),
    ]);
    // Two builds side by side: go prints what it is told in the order of the packages.
    for words in [
        &["./..."][..],
        &["-v", "./..."],
        &["-run", "Nothing", "./..."],
        &["-C", "passes"],
        &["-C", "_vetted"],
    ] {
        let without = plain(module.path(), &[&["go", "test"], words, &["-count=1"]].concat());
        let outcome = run(module.path(), &["-e", "acct:error=EPERM"], &[&["go", "test"], words].concat());
        let (stdout, stderr) = (timeless(before_the_report(&outcome)), timeless(&outcome.stderr));
        assert_eq!(stdout, timeless(&String::from_utf8_lossy(&without.stdout)), "{words:?}");
        assert_eq!(stderr, timeless(&String::from_utf8_lossy(&without.stderr)), "{words:?}");
        let code = if without.status.success() { 4 } else { 1 };
        outcome.expect_code(code);
    }
}

#[test]
fn each_stream_of_the_target_stays_where_it_was_sent() {
    if !has(&[Need::Notify]) {
        return;
    }
    let command = ["sh", "-c", "echo out; echo err >&2; printf 'no end'"];
    let outcome = run(&std::env::temp_dir(), &["--watch", "acct"], &command);
    outcome.expect_code(0);
    assert_eq!(outcome.stderr, "err\n");
    assert!(outcome.stdout.starts_with("out\nno end"), "{outcome:?}");
    assert!(outcome.stdout.contains("\n── duress ──"), "the report begins a line of its own\n{outcome:?}");
}

#[test]
fn with_a_format_for_machines_standard_output_is_the_report_alone() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    let check = |format: &str, begins: &str| {
        let flags = ["-e", "getpgid:error=EPERM:when=2", "--format", format];
        let outcome = run(module.path(), &flags, &["go", "test", "-v", "."]);
        outcome.expect_code(0).expect_stderr(&[
            "=== RUN   TestCalls\n",
            "call 2 failed: true\n",
            "ok  \texample.com/x\t",
        ]);
        assert!(outcome.stdout.starts_with(begins), "{outcome:?}");
        assert!(
            !outcome.stdout.contains("=== RUN") && !outcome.stdout.contains("call 2 failed"),
            "{outcome:?}"
        );
    };
    check("json", "{\"run\":");
    check("junit", "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites ");
}

#[test]
fn the_exit_code_says_what_came_of_it() {
    if !has(NEEDS) {
        return;
    }
    let check = |flags: &[&str], words: &[&str], code: i32| {
        run(&std::env::temp_dir(), flags, &[&[caller()], words].concat()).expect_code(code);
    };
    let rule = ["-e", "getpgid:error=EPERM"];
    check(&rule, &["getpgid"], 0);
    check(&rule, &["getpgid", "nonsense"], 1);
    check(&rule, &["nonsense"], 1);
    check(&rule, &["getppid"], 4);
    check(&["-e", "getpgid:error=EPERM", "--allow-vacuous"], &["getppid"], 0);
    check(&["-e", "getpgid:error=EPERM", "--allow-vacuous"], &["nonsense"], 1);
    check(&["--watch", "getpgid"], &["getppid"], 0);
    check(&[], &["getppid"], 0);
    check(&["-e", "getpgid:error=EPREM"], &["getppid"], 2);
}

#[test]
fn a_cached_result_is_no_run() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    plain(module.path(), &["go", "test", "."]);
    let cached = plain(module.path(), &["go", "test", "."]);
    assert!(
        String::from_utf8_lossy(&cached.stdout).contains("(cached)"),
        "go caches nothing here: {cached:?}"
    );
    let outcome = run(module.path(), &["-e", "getpgid:error=EPERM"], &["go", "test", "."]);
    outcome.expect_code(0).expect_stdout(&["3 faults fired in 3 matched calls"]);
    assert!(!outcome.stdout.contains("(cached)"), "{outcome:?}");
    // And what ran under duress is not given to somebody who runs without.
    let after = plain(module.path(), &["go", "test", "-v", "."]);
    assert!(!String::from_utf8_lossy(&after.stdout).contains("failed: true"), "{after:?}");
}

#[test]
fn the_run_leaves_nothing_in_the_modules_folder() {
    if !has(NEEDS) {
        return;
    }
    let module = calling();
    run(module.path(), &["-e", "getpgid:error=EPERM"], &["go", "test", "."]).expect_code(0);
    let names = fs::read_dir(module.path()).expect("a folder").flatten().map(|entry| entry.file_name());
    let mut names: Vec<_> = names.collect();
    names.sort();
    assert_eq!(names, ["go.mod", "x_test.go"]);
}
