//! `duress fuzz env`: where execve fails, to the byte, and what the program makes of it.

use e2e::{Duress, Module, Need, Outcome, built, has};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const NEEDS: &[Need] = &[Need::Go, Need::Notify, Need::Trace];

/// The room that a stack of 1 MiB gives.
const ROOM: u64 = 256 << 10;

/// Starts a program with longer arguments than its own, in a function of its own, and takes it as its argument says.
const STARTER: &str = r#"package main

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

func start() error {
	return exec.Command("/bin/sh", "-c", "exit 0", "an argument that makes it longer than the program's own command line").Run()
}

func main() {
	if err := start(); err != nil {
		switch os.Args[1] {
		case "tells":
			fmt.Println("cannot start the helper:", err)
			os.Exit(1)
		case "is-silent":
			os.Exit(1)
		case "loses-results":
			return
		case "hangs":
			for {
				time.Sleep(time.Second)
			}
		}
	}
	fmt.Println("all is done")
}
"#;

fn starter() -> &'static str {
    static PATH: OnceLock<PathBuf> = OnceLock::new();
    let path = PATH.get_or_init(|| {
        let module = Module::new(&[("main.go", STARTER)]);
        built(module.path(), &["build"], "e2e-starter")
    });
    path.to_str().expect("the checkout's path is text")
}

/// `duress fuzz env --format json FLAGS -- COMMAND`.
fn fuzz(folder: &Path, flags: &[&str], command: &[&str]) -> Outcome {
    Duress::new(folder, [&["fuzz", "env", "--format", "json"], flags, &["--"], command].concat()).run()
}

/// The one shape that was searched.
fn only(outcome: &Outcome) -> Value {
    let json = outcome.json();
    let shapes = json["shapes"].as_array().expect("shapes are a list");
    let [shape] = &shapes[..] else { panic!("one shape was asked for\n{outcome:?}") };
    shape.clone()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
}

/// That the largest that starts and what the command brings fill the room to the byte, but for the next string's pointer.
fn expect_full(outcome: &Outcome, room: u64) {
    let (json, shape) = (outcome.json(), only(outcome));
    let size = |key: &str| {
        number(&shape[key]["bytes"]) + 8 * number(&shape[key]["strings"]) + number(&json["limits"]["own"])
    };
    assert_eq!(json["limits"]["total"], room, "{outcome:?}");
    assert_eq!(number(&shape["starts"]["bytes"]) + 1, number(&shape["fails"]["bytes"]), "{outcome:?}");
    assert!(size("starts") <= room && size("fails") > room, "{outcome:?}");
    assert_eq!((&shape["error"], &shape["model"]["agrees"]), (&"E2BIG".into(), &true.into()), "{outcome:?}");
}

#[test]
fn what_a_program_makes_of_it_is_told_apart() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |mode: &str, verdict: &str, code: i32, evidence: &str| {
        let flags = ["--stack", "1MiB", "--shapes", "many", "--timeout", "2s"];
        let outcome = fuzz(module.path(), &flags, &[starter(), mode]);
        outcome.expect_code(code);
        expect_full(&outcome, ROOM);
        let shape = only(&outcome);
        assert_eq!(shape["verdict"], verdict, "{mode}\n{outcome:?}");
        assert!(
            shape["evidence"].as_str().is_some_and(|line| line.contains(evidence)),
            "{mode}\n{outcome:?}"
        );
        let inside = &shape["inside"];
        assert_eq!(inside["exact"], true, "{outcome:?}");
        assert_eq!(number(&inside["works"]["bytes"]) + 1, number(&inside["fails"]["bytes"]), "{outcome:?}");
        assert!(number(&inside["fails"]["bytes"]) < number(&shape["starts"]["bytes"]), "{outcome:?}");
        assert_eq!(
            (&inside["calls"], &inside["limit"]["name"]),
            (&1.into(), &"RLIMIT_STACK / 4".into()),
            "{outcome:?}"
        );
        let path = inside["path"].as_array().expect("a call path is a list");
        for function in ["os/exec.(*Cmd).Start", "main.start", "main.main"] {
            assert!(path.iter().any(|frame| frame == function), "{function}\n{outcome:?}");
        }
    };
    check("tells", "told", 0, "cannot start the helper: fork/exec /bin/sh: argument list too long");
    check("swallows", "swallowed", 1, "the same output");
    check("is-silent", "silent", 1, "exit status 1");
    check("loses-results", "silent", 1, "it printed nothing");
    check("hangs", "hung", 1, "no end within 2 s");
}

#[test]
fn the_command_that_is_given_shows_the_same_again() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |mode: &str| {
        let flags = ["--stack", "1MiB", "--shapes", "tiny"];
        let first = only(&fuzz(module.path(), &flags, &[starter(), mode]));
        let repro = first["repro"].as_str().expect("a finding has a command");
        let words: Vec<&str> = repro.split(' ').skip(1).collect();
        let again =
            Duress::new(module.path(), [&words[..2], &["--format", "json"], &words[2..]].concat()).run();
        let second = only(&again);
        for key in ["verdict", "evidence", "starts", "fails"] {
            assert_eq!(first[key], second[key], "{again:?}");
        }
        assert_eq!(first["inside"]["fails"], second["inside"]["fails"], "{again:?}");
    };
    check("tells");
    check("swallows");
}

#[test]
fn one_string_has_32_pages_whatever_the_stack() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |flags: &[&str], command: &[&str]| {
        let outcome = fuzz(module.path(), flags, command);
        outcome.expect_code(0);
        let shape = only(&outcome);
        let sizes = (number(&shape["starts"]["bytes"]), number(&shape["fails"]["bytes"]));
        assert_eq!(sizes, (131_072, 131_073), "{outcome:?}");
        assert_eq!(shape["limit"]["name"], "MAX_ARG_STRLEN", "{outcome:?}");
        assert_eq!(
            (&shape["verdict"], &shape["inside"]),
            (&"unaffected".into(), &Value::Null),
            "{outcome:?}"
        );
    };
    check(&["--shapes", "one"], &["true"]);
    check(&["--shapes", "name", "--stack", "1MiB"], &["true"]);
    check(&["--shapes", "one", "--args"], &["true", "{}"]);
}

#[test]
fn the_room_follows_the_stack_limit_between_its_bounds() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |stack: &str, room: u64, name: &str| {
        let outcome = fuzz(module.path(), &["--shapes", "many", "--stack", stack], &["true"]);
        outcome.expect_code(0);
        expect_full(&outcome, room);
        assert_eq!(only(&outcome)["limit"]["name"], name, "{outcome:?}");
    };
    check("256KiB", 128 << 10, "ARG_MAX");
    check("600001", 150_000, "RLIMIT_STACK / 4");
    check("1MiB", ROOM, "RLIMIT_STACK / 4");
    check("32MiB", 6 << 20, "_STK_LIM / 4 * 3");
    check("unlimited", 6 << 20, "_STK_LIM / 4 * 3");
}

#[test]
fn a_script_has_less_room_by_what_its_first_line_adds() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("script", "#!/bin/sh -e\nexit 0\n")]);
    let script = module.join("script");
    fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).expect("it is ours");
    let outcome = fuzz(module.path(), &["--shapes", "many", "--stack", "1MiB"], &["./script"]);
    outcome.expect_code(0);
    let (json, shape) = (outcome.json(), only(&outcome));
    assert_eq!(shape["model"]["agrees"], true, "{outcome:?}");
    let starts = &shape["starts"];
    let taken = number(&starts["bytes"]) + 8 * number(&starts["strings"]) + number(&json["limits"]["own"]);
    // `/bin/sh` and `-e` are added; the script's path takes the place of an argument of the same length.
    assert_eq!(ROOM - taken, "/bin/sh".len() as u64 + 1 + "-e".len() as u64 + 1, "{outcome:?}");
}

#[test]
fn under_go_test_the_test_binary_meets_it_and_the_test_is_named() {
    if !has(NEEDS) {
        return;
    }
    let long = "x".repeat(2000);
    let module = Module::with_test(
        &["os/exec"],
        &format!(
            "if err := exec.Command(\"/bin/true\", \"{long}\").Run(); err != nil {{\n\t\tt.Fatal(err)\n\t}}"
        ),
    );
    let outcome = fuzz(module.path(), &["--stack", "1MiB", "--shapes", "many"], &["go", "test", "."]);
    outcome.expect_code(0);
    let shape = only(&outcome);
    assert_eq!(
        (&shape["verdict"], &shape["inside"]["test"]),
        (&"told".into(), &"TestX".into()),
        "{outcome:?}"
    );
    assert!(
        shape["evidence"]
            .as_str()
            .is_some_and(|line| line.contains("fork/exec /bin/true: argument list too long")),
        "{outcome:?}"
    );
}

#[test]
fn nothing_is_left_and_one_run_is_kept_for_each_shape_that_fails() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[("scratch/keep", "")]);
    let line = ["fuzz", "env", "--stack", "1MiB", "--shapes", "one,many", "--", starter(), "tells"];
    let scratch = module.join("scratch");
    let outcome = Duress::new(module.path(), line).env("TMPDIR", &scratch).run();
    outcome.expect_code(0).expect_stdout(&[
        "told       many: variables of up to 64 KiB",
        "MAX_ARG_STRLEN: one string: 131,072 bytes with its NUL (32 pages)",
        "a quarter of the stack limit (1,048,576): 262,144 bytes",
        "the rule and the kernel agree to the byte",
        "main.start (main.go:11) → exec.(*Cmd).Run → os.StartProcess",
        "reproduce: duress fuzz env --stack 1048576 --shapes many --at ",
    ]);
    let left: Vec<_> =
        fs::read_dir(&scratch).expect("it is there").flatten().map(|one| one.file_name()).collect();
    assert_eq!(left, ["keep"], "{outcome:?}");
    let runs = outcome.run_dir();
    let runs = fs::read_dir(runs.parent().expect("runs are in a folder")).expect("it is there").count();
    assert_eq!(runs, 1, "{outcome:?}");
}

#[test]
fn mistakes_are_said_before_anything_is_searched() {
    if !has(NEEDS) {
        return;
    }
    let module = Module::new(&[]);
    let check = |flags: &[&str], command: &[&str], code: i32, says: &str| {
        let outcome = fuzz(module.path(), flags, command);
        outcome.expect_code(code).expect_stderr(&[says]);
    };
    check(&["--args"], &["true"], 2, "no argument of the command is `{}`");
    check(&["--args", "--shapes", "name"], &["true", "{}"], 2, "arguments have no shape `name`");
    check(&["--stack", "4096"], &["true"], 2, "less than 128KiB of stack");
    check(&["--at", "3"], &["true"], 2, "--at");
    check(&[], &["no-such-program-anywhere"], 2, "no-such-program-anywhere");
    check(&["--timeout", "1s"], &["sleep", "9"], 2, "does not end within the time limit");
}
