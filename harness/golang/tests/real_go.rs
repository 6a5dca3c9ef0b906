//! The user's command and ours, run with a real Go: the same tests run with the same flags and print the same.

use duress_golang::{Console, Event, GoCommand, Print, Toolchain};
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

const TESTS: &str = r#"package p

import (
	"flag"
	"fmt"
	"os"
	"testing"
)

var V = "unset"

func TestFlags(t *testing.T) {
	for _, name := range []string{"run", "count", "timeout", "short"} {
		fmt.Println(name, flag.Lookup("test."+name).Value)
	}
	fmt.Println("args", flag.Args(), V, os.Getenv("GOFLAGS") != "")
	t.Log("shown only with -v or on failure")
	if len(flag.Args()) == 0 {
		t.Error("told to fail")
	}
}

func TestParts(t *testing.T) {
	t.Run("one", func(t *testing.T) { t.Log("log of one") })
	t.Run("two", func(t *testing.T) {
		t.Run("deep", func(t *testing.T) { t.Log("log of deep"); t.Fail() })
		t.Log("after deep")
	})
	t.Log("after the parts")
}
"#;

struct Scratch {
    dir: tempfile::TempDir,
}

impl Scratch {
    /// A module, a wrapper and a shim which both note their call in a file; nothing where there is no Go.
    fn new() -> Option<Scratch> {
        if Toolchain::find("go", Path::new("/"), &[]).is_err() {
            skip();
            return None;
        }
        let scratch = Scratch { dir: tempfile::tempdir().expect("a scratch folder") };
        scratch.write("go.mod", "module example.com/m\n\ngo 1.19\n");
        scratch.write("main.go", "package main\n\nimport \"os\"\n\nfunc main() { println(len(os.Args), os.Args[len(os.Args)-1]) }\n");
        scratch.write("p/p_test.go", TESTS);
        scratch.write(
            "q/q_test.go",
            "package q\n\nimport \"testing\"\n\nfunc TestQ(t *testing.T) { println(\"hidden\") }\n",
        );
        scratch.write("none/none.go", "package none\n");
        for program in ["wrapper", "the shim"] {
            let log = scratch.path("log");
            scratch.write(
                program,
                &format!("#!/bin/sh\necho {program} $1 >> {}\nshift\nexec \"$@\"\n", log.display()),
            );
            fs::set_permissions(scratch.path(program), fs::Permissions::from_mode(0o755)).expect("ours");
        }
        Some(scratch)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("writable");
        fs::write(path, text).expect("writable");
    }

    fn run(&self, argv: &[String], goflags: &str) -> Output {
        #[expect(clippy::disallowed_methods, reason = "the test compares with the real go")]
        let mut command = std::process::Command::new(&argv[0]);
        command.args(&argv[1..]).current_dir(self.dir.path()).env("GOFLAGS", goflags);
        command.output().expect("go starts")
    }

    /// Runs the command as the user typed it and as we would start it, and compares what the user sees.
    #[track_caller]
    fn check(&self, argv: &[&str], goflags: &str, expect_log: &str) {
        let argv: Vec<String> =
            argv.iter().map(|word| word.replace("$DIR", &self.dir.path().display().to_string())).collect();
        let goflags = goflags.replace("$DIR", &self.dir.path().display().to_string());
        let environment: [(OsString, OsString); 1] = [("GOFLAGS".into(), goflags.clone().into())];
        let toolchain = Toolchain::find("go", self.dir.path(), &environment).expect("go works");
        let theirs = self.run(&argv, &goflags);
        let _ = fs::remove_file(self.path("log"));

        let command = GoCommand::parse(&argv).expect("a go command");
        let shim = [self.path("the shim").display().to_string(), "innermost".to_owned()];
        let interposed = command.interposed(&toolchain.goflags, &shim).expect("quotable");
        let ours = self.run(&interposed, &goflags);
        let mut console = Console::new(command.style(&toolchain.goflags));
        let (mut stdout, mut stderr) = (String::new(), String::from_utf8_lossy(&ours.stderr).into_owned());
        for line in String::from_utf8_lossy(&ours.stdout).lines() {
            match console.feed(line, Event::parse(line).as_ref()) {
                Some(Print::Stdout(text)) => stdout.push_str(&text),
                Some(Print::Stderr(text)) => stderr.push_str(&text),
                None => {}
            }
        }
        stdout.push_str(&console.finish());

        let context = format!("{argv:?} [{goflags}] as {interposed:?}\n{stdout}\n{stderr}");
        assert_eq!(redacted(&stdout), redacted(&String::from_utf8_lossy(&theirs.stdout)), "{context}");
        assert_eq!(redacted(&stderr), redacted(&String::from_utf8_lossy(&theirs.stderr)), "{context}");
        assert_eq!(ours.status, theirs.status, "{context}");
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        assert_eq!(log.lines().collect::<Vec<_>>().join(", "), expect_log, "{context}");
    }
}

fn skip() {
    let _ = std::io::Write::write_all(&mut std::io::stderr(), b"skipped: needs go\n");
}

/// Without durations.
fn redacted(text: &str) -> String {
    let is_duration = |word: &str| {
        let inner = word.trim_matches(['(', ')']).strip_suffix('s');
        inner.is_some_and(|number| number.contains('.') && number.parse::<f64>().is_ok())
    };
    let words = text.split_inclusive([' ', '\t', '\n']).map(|word| {
        let (body, end) = word.split_at(word.trim_end().len());
        if is_duration(body) { format!("#{end}") } else { word.to_owned() }
    });
    words.collect()
}

const SHIM: &str = "the shim innermost";

#[test]
fn every_flag_of_the_user_survives_and_the_output_is_the_same() {
    let Some(scratch) = Scratch::new() else { return };
    let twice = format!("{SHIM}, {SHIM}");
    scratch.check(&["go", "test", "-p=1", "./..."], "", &twice);
    scratch.check(&["go", "test", "-p=1", "-v", "./..."], "-count=1", &twice);
    scratch.check(&["go", "test", "./p", "-short", "-v", "-run=Flags", "-count", "2"], "", SHIM);
    scratch.check(
        &["go", "test", "-timeout", "77s", "./p", "-args", "first", "-json", "-v", "-exec"],
        "",
        SHIM,
    );
    scratch.check(&["go", "test", "./q", "-c=false"], "-v", SHIM);
    scratch.check(&["go", "test", "-C", "p"], "", SHIM);
    scratch.check(&["go", "-C", "q", "test"], "", SHIM);
    scratch.check(&["go", "test", "-list", ".", "./p"], "", SHIM);
    scratch.check(&["go", "test", "./p", "-run", "Parts/two"], "'-ldflags=-X example.com/m/p.V=a'", SHIM);
    scratch.check(&["go", "test", "-fuzz=None", "./q"], "", SHIM);
    scratch.check(&["go", "test", "./missing"], "", "");
    scratch.check(&["go", "run", ".", "-v", "-exec"], "", SHIM);
}

#[test]
fn the_users_wrapper_stays_outside_of_the_shim() {
    let Some(scratch) = Scratch::new() else { return };
    let both = format!("wrapper outer, {SHIM}");
    scratch.check(&["go", "test", "-exec", "$DIR/wrapper outer", "./q"], "", &both);
    scratch.check(&["go", "test", "./q"], "'-exec=$DIR/wrapper outer'", &both);
    scratch.check(&["go", "test", "-exec=nonsense", "./q", "-exec='$DIR/wrapper' outer"], "", &both);
    scratch.check(&["go", "test", "-exec=", "./q"], "'-exec=$DIR/wrapper outer'", SHIM);
    scratch.check(&["go", "run", "-exec", "$DIR/wrapper outer", "main.go", "last"], "", &both);
}
