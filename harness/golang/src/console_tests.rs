//! Against what real `go test` printed: see fixtures/README.md.

use super::{Console, Print, Style};
use crate::{Event, GoCommand};
use std::fs;
use std::path::PathBuf;

const QUIET: Style = Style { verbose: false, raw_json: false, passing_output: false, final_fail: true };

fn play(style: Style, stream: &str) -> (String, String) {
    let mut console = Console::new(style);
    let (mut stdout, mut stderr) = (String::new(), String::new());
    for line in stream.lines() {
        match console.feed(line, Event::parse(line).as_ref()) {
            Some(Print::Stdout(text)) => stdout.push_str(&text),
            Some(Print::Stderr(text)) => stderr.push_str(&text),
            None => {}
        }
    }
    stdout.push_str(&console.finish());
    (stdout, stderr)
}

/// Durations, addresses and goroutine numbers differ from run to run.
fn redacted(text: &str) -> String {
    let mut result = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_ascii_digit() {
            while chars.peek().is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '?')) {
                chars.next();
            }
            result.push('#');
        } else {
            result.push(c);
        }
    }
    result.split('\n').map(str::trim_end).collect::<Vec<_>>().join("\n").replace("\t       #", "\t      #")
}

fn fixture(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[track_caller]
fn check(name: &str, command: &str, golden: &str, missing: &str) {
    let argv: Vec<String> = command.split(' ').map(str::to_owned).collect();
    let style = GoCommand::parse(&argv).expect("a go command").style("");
    let (stdout, _) = play(style, &fixture(&format!("{name}.jsonl")));
    assert_eq!(redacted(&stdout), redacted(&fixture(golden)).replace(missing, ""), "{name}, {command}");
}

#[test]
fn without_v_it_prints_what_go_test_prints() {
    for name in [
        "pan", "exit0", "setup", "vetfail", "fuzz", "cov", "none", "nilp", "cmw", "kill", "tmo", "gopanic",
        "fake", "goexit", "logs", "syntax", "many",
    ] {
        check(name, "go test ./x", &format!("{name}.plain"), "");
    }
    check("here", "go test", "here.plain", "");
    // The first documented difference.
    check("exit", "go test ./x", "exit.plain", "exit status #\n");
}

#[test]
fn with_v_it_prints_what_go_test_v_prints() {
    for name in ["pan", "exit0", "setup", "vetfail", "fuzz", "cov", "none", "exit", "logs", "syntax"] {
        check(name, "go test -v ./x", &format!("{name}.verbose"), "");
    }
    check("here", "go test -v", "here.verbose", "");
    check("bench", "go test -v -bench . ./x", "bench.verbose", "");
}

#[test]
fn benchmarks_are_printed_as_go_test_prints_them() {
    let (stdout, _) = play(Style { passing_output: true, ..QUIET }, &fixture("bench.jsonl"));
    let expect = redacted(&fixture("bench.plain"))
        .replace("BenchmarkPrint-#   \tout in bench\n      #", "out in bench\nBenchmarkPrint-#   \t      #");
    assert_eq!(redacted(&stdout).replace(" ", ""), expect.replace(" ", ""));
}

#[test]
fn parallel_packages_come_in_the_order_in_which_they_start() {
    let (stdout, stderr) = play(Style { verbose: true, ..QUIET }, &fixture("many.jsonl"));
    let golden = fixture("many.verbose");
    let order = |text: &str| {
        text.lines()
            .filter(|line| ["ok ", "FAIL", "? "].iter().any(|lead| line.starts_with(lead)))
            .map(redacted)
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&stdout), order(&golden));
    // The parallel tests of `par` interleave differently in every run; the other packages do not.
    let until_par = |text: &str| redacted(text.split("=== RUN   TestP1").next().expect("the first part"));
    assert_eq!(until_par(&stdout), until_par(&golden));
    assert!(stderr.starts_with("# example.com/m/buildfail"), "{stderr}");
}

#[test]
fn what_is_no_event_and_what_the_user_wants_as_json_passes_through() {
    let (stdout, _) = play(QUIET, "go: downloading x\n");
    assert_eq!(stdout, "go: downloading x\n");
    let stream = fixture("many.jsonl");
    assert_eq!(play(Style { raw_json: true, ..QUIET }, &stream).0, stream);
}

#[test]
fn a_package_that_never_ends_is_shown_at_the_end() {
    let stream = fixture("pan.jsonl");
    let cut: Vec<&str> = stream.lines().take(18).collect();
    let (stdout, _) = play(QUIET, &cut.join("\n"));
    assert!(stdout.contains("panic: boom\n"), "{stdout}");
    assert!(stdout.ends_with("goroutine 9 [running]:\n"), "{stdout}");
}

#[test]
fn reports_of_go_before_1_20_stand_below_their_parents() {
    let line = |test: &str, text: &str| {
        format!(r#"{{"Action":"output","Package":"p","Test":"{test}","Output":"{text}\n"}}"#)
    };
    let stream = [
        r#"{"Action":"run","Package":"p","Test":"TestA"}"#.to_owned(),
        r#"{"Action":"run","Package":"p","Test":"TestA/s"}"#.to_owned(),
        line("TestA/s", "=== RUN   TestA/s"),
        line("TestA/s", "    a_test.go:3: why"),
        line("TestA", "--- FAIL: TestA (0.00s)"),
        line("TestA/s", "    --- FAIL: TestA/s (0.00s)"),
        r#"{"Action":"fail","Package":"p"}"#.to_owned(),
    ];
    let (stdout, _) = play(QUIET, &stream.join("\n"));
    assert_eq!(
        stdout,
        "--- FAIL: TestA (0.00s)\n    --- FAIL: TestA/s (0.00s)\n        a_test.go:3: why\nFAIL\n"
    );
}
